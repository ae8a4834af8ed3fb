use crate::compile::compile;
use crate::options::{Formats, Options};
use crate::source::MapLoader;
use crate::testing::compile_with;

const TEXT: &str = r#"
%#include <stdio.h>
/* How long "names" are. */
const MAXNAME = 32; const BIG = 0xffffffffffffffff; const NEG = -5; const TEXT = "a\b";
enum color { RED = 0, /* warm */ GREEN = -1, ROT = 0 };
typedef string name<MAXNAME>; typedef opaque key[8]; typedef opaque blob<>; typedef color colors[3];
struct entry { name n; hyper h; unsigned u; quadruple q; char c; entry *next; };
struct tree { tree *left; tree *right; bool b; float f; double d; colors cs; };
union chain switch (bool more) { case TRUE: cell item; case FALSE: void; };
struct cell { int v; chain rest; };
union result switch (color k) { /* fine */ case ROT: entry *list; case GREEN: void; default: blob other<5>; };
union num switch (unsigned hyper k) { case 0xffffffffffffffff: int a; case 'x': void; };
program P { version V { oneway A(int, string s<3>) = 1; result B(void) = 2; void C(tree) = 3; } = 1; } = 0x20000001;
"#;

fn json_of(text: &str) -> String {
    let output = compile_with(&Options::default().emit(Formats::JSON), text);
    assert!(!output.diagnostics.has_errors());
    assert_eq!(output.files[0].path, "test.json");
    output.files[0].text.clone()
}

#[test]
fn json_read_back_makes_the_same_rust_and_the_same_json() {
    let text = TEXT.replace("blob other<5>", "blob other");
    let json = json_of(&text);
    let rust = compile_with(&Options::default(), &text).files;
    let again = |format| {
        compile(
            &Options::default().emit(format),
            &mut MapLoader::new([("test.json", json.clone())]),
            "test.json",
        )
    };
    assert_eq!(again(Formats::RUST).files, rust);
    assert_eq!(again(Formats::JSON).files[0].text, json);
}

#[test]
fn json_of_elsewhere_lands_beside_it() {
    let json = json_of("struct s { int a; };");
    let output = compile(
        &Options::default(),
        &mut MapLoader::new([("d/other.json", json)]),
        "d/other.json",
    );
    assert_eq!(output.files[0].path, "d/test.rs");
}

#[test]
fn what_is_no_interface_is_refused_with_the_place() {
    let json = json_of("struct s { int a; };");
    for (wrong, place) in [
        (String::from("{"), "line 1"),
        (String::from("[]"), "rpcgen-rs"),
        (
            json.replace("\"rpcgen-rs\": 1", "\"rpcgen-rs\": 2"),
            "schema version 1",
        ),
        (
            json.replace("\"type\": \"int\"", "\"type\": \"long\""),
            "types[0].struct[0].type",
        ),
        (
            json.replace("\"type\": \"int\"", "\"type\": {\"named\": \"nosuch\"}"),
            "types[0].struct[0].type.named",
        ),
        (
            json.replace("\"name\": \"a\"", "\"name\": \"a; fn x() {\""),
            "types[0].struct[0].name",
        ),
        (json.replace("\"struct\"", "\"strukt\""), "types[0]"),
        (json.replace("test.x", "a/.."), "source: expected the name"),
        (
            json.replace("test.x", "a\\u001b.x"),
            "source: expected the name",
        ),
        (
            json.replace("\"struct\"", "\"extern\": \"A; fn x() {\", \"struck\""),
            "types[0].extern",
        ),
    ] {
        let output = compile(
            &Options::default(),
            &mut MapLoader::new([("t.json", wrong)]),
            "t.json",
        );
        let text = output.spec().unwrap_err().to_string();
        assert!(
            text.contains("E0250") && text.contains(place),
            "{place}: {text}"
        );
    }
}

#[test]
fn json_is_checked_like_any_interface() {
    let json = json_of("struct s { s *a; };")
        .replace("\"optional\": {\n", "\"array\": {\n")
        .replace(
            "                \"named\": \"s\"\n              }\n",
            "                \"named\": \"s\"\n              },\n              \"length\": 1\n",
        );
    let output = compile(
        &Options::default(),
        &mut MapLoader::new([("t.json", json.clone())]),
        "t.json",
    );
    assert!(
        output.diagnostics.find("E0213").is_some() || output.diagnostics.find("E0250").is_some(),
        "{json}"
    );
}
