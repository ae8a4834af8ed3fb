use super::*;
use crate::diag::Format;
use crate::source::{LoadError, MapLoader};

/// Preprocesses `main.x`; the text with runs of white space made one space, and the messages in short form.
fn run_with(files: &[(&str, &str)], config: &Config) -> (String, String) {
    let mut loader = MapLoader::new(files.iter().copied());
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let out = preprocess("main.x", config, &mut loader, &mut sources, &mut diags);
    let text = String::from_utf8_lossy(&out.text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (text, diags.render(&sources, Format::Short))
}

fn run(text: &str) -> (String, String) {
    run_with(&[("main.x", text)], &Config::default())
}

/// The text of an input that has no mistakes.
fn clean(text: &str) -> String {
    let (text, messages) = run(text);
    assert_eq!(messages, "");
    text
}

#[test]
fn elifdef_and_what_stands_behind_names() {
    let text = "#ifdef X\nconst A = 1;\n#elifdef Y\nconst A = 2;\n#elifndef Z trailing\nconst A = 3;\n#else\nconst A = 4;\n#endif\n";
    let chosen = |symbols: &str| {
        let text = format!("{symbols}{text}");
        crate::testing::spec(&text).consts[0].value.clone()
    };
    let number = |n| crate::ir::ConstValue::Int(n, crate::ir::ConstType::U32);
    assert_eq!(chosen("#define X\n"), number(1));
    assert_eq!(chosen("#define Y\n"), number(2));
    assert_eq!(chosen(""), number(3));
    assert_eq!(chosen("#define Z\n"), number(4));
    assert_eq!(chosen("#define X\n#undef X behind\n"), number(3));
}

#[test]
fn uses_by_the_hundred_thousand_on_one_line() {
    let text = format!("#define A 1\n{}", "A abcdefgh ".repeat(200_000));
    assert_eq!(clean(&text), "1 abcdefgh ".repeat(200_000).trim_end());
}

#[test]
fn what_a_macro_becomes_is_no_part_of_the_word_beside_it() {
    let text = "#define F(x) x\n#define E()\n#define S /\nF(a)b F(a)F(b) (F(a)) F(1)2 E()c S/ S*d";
    assert_eq!(clean(text), "a b a b (a) 1 2 c / / / *d");
}

#[test]
fn an_empty_argument_is_joined_with_nothing() {
    let text = "#define M(pre, n) int pre##n;\nM(old_, count) M(, count) M(old_,) M(,)";
    assert_eq!(clean(text), "int old_count; int count; int old_; int;");
    let text =
        "#define N(pre, n) pre##n\n#define T(a, b, c) x a##b##c y\nN(, foo) T(,b,) T(a,,c) T(,,)";
    assert_eq!(clean(text), "foo x b y x ac y x y");
}

#[test]
fn arguments_may_stand_behind_what_a_macro_becomes() {
    let text =
        "#define F(x) [x]\n#define G F\n#define H(x) F\n#define I G\nG(1) G (2) H(0)(3) I(4) G I";
    assert_eq!(clean(text), "[1] [2] [3] [4] F F");
}

#[test]
fn arguments_may_have_comments_and_a_name_for_the_rest() {
    let text = "#define F(a, rest...) a(rest)\nF(1, // a )\n2, /* ) */ 3) F(4)";
    assert_eq!(clean(text), "1(2, 3) 4()");
}

#[test]
fn comments_end_in_their_directive() {
    for line in [
        "#define X 1 /* y",
        "#if 1 /* y\n#endif",
        "#if 0\n#define Y /* z\n#endif",
        "#pragma /* z",
    ] {
        let (_, messages) = run(&format!("{line}\nint a;"));
        assert!(messages.contains("E0003"), "{line}: {messages}");
        assert_eq!(messages.lines().count(), 1, "{messages}");
    }
}

#[test]
fn line_is_the_number_of_the_line() {
    let text = "#define HERE __LINE__\n__LINE__ HERE __LINE_\n\nHERE /* a\ncomment */ __LINE__";
    assert_eq!(clean(text), "2 2 __LINE_ 4 /* a comment */ 5");
    let text = "#define C(a, b) a##b\n#define N(a, b) C(a, b)\nN(name_, __LINE__) C(__LI, NE__)";
    assert_eq!(clean(text), "name_3 3");
    let text = "#if __LINE__ == 1\nyes\n#endif";
    assert_eq!(clean(text), "yes");
    let text = "#ifdef __LINE__\nyes\n#endif";
    assert_eq!(clean(text), "yes");
}

#[test]
fn conditionals_choose_text() {
    for (condition, value) in [
        ("defined(RPC_HDR) && !defined RPC_XDR", true),
        ("RPC_HDR == 1 ? 2 - 1 : 0", true),
        ("UNKNOWN", false),
        ("(1 << 4) == 0x10 && 7 % 4 == 3 && ~0 == -1", true),
        ("0 && 1 / 0", false),
        ("'a' == 97", true),
        // What is wrong holds, so that as much as can be is read.
        ("1 || (2", true),
        ("THREE >= 3u && THREE != 4L", true),
        ("linux || unix || __linux__", false),
        // An unsigned operand makes the other one unsigned.
        ("-1 > 0", false),
        ("-1 > 0u", true),
        (
            "-1 == 18446744073709551615 && 0x7fffffffffffffff > -1",
            true,
        ),
        (
            "0u - 1 > 0 && -1 / 2U > 1 && ~0u == 0xffffffffffffffff",
            true,
        ),
        ("(1 ? -1 : 0u) > 0", true),
        ("(0 < 1u) - 2 < 0 && !0u - 2 < 0", true),
        ("-1 >> 1u == -1 && -1 * 2u == -2", true),
        ("1u << 63 == 0x8000000000000000", true),
    ] {
        let (text, messages) = run(&format!(
            "#define THREE 3\n#if {condition}\nyes\n#else\nno\n#endif\n"
        ));
        assert_eq!(text, if value { "yes" } else { "no" }, "{condition}");
        assert_eq!(
            messages.is_empty(),
            condition != "1 || (2",
            "{condition}: {messages}"
        );
    }
    let text =
        "#ifdef A\n1\n#elif 0\n2\n#elif 1\n3\n#elif 1\n4\n#else\n5\n#endif\n#ifndef A\n6\n#endif";
    assert_eq!(clean(text), "3 6");
    assert_eq!(
        clean(
            "#if 0\n#if 1\na\n#else\nb\n#endif\n#error no\n#bogus\n/* #endif */\n#else\nc\n#endif"
        ),
        "c"
    );
}

#[test]
fn comments_and_strings_hide_directives() {
    assert_eq!(
        clean("/*\n#error no\n%no\n*/ a\n  # define B 1 /* x\n y */\n B"),
        "/* #error no %no */ a 1"
    );
    assert_eq!(
        clean("#define A 1 // one\nA \"A\" 'A' 0xA /*A*/ AA"),
        "1 \"A\" 'A' 0xA /*A*/ AA"
    );
    assert_eq!(
        clean("#define A(x) \\\n  x + 1\nA( /* , */ (2,3)\n )"),
        "(2,3) + 1"
    );
}

#[test]
fn h144_percent_lines_are_data() {
    let text = "%#ifdef RPC_HDR\n  %#define  X RPC_HDR \\\n   more\nRPC_HDR";
    let (out, _) = run(text);
    assert_eq!(out, "%#ifdef RPC_HDR %#define X RPC_HDR \\ more 1");
}

#[test]
fn definitions_of_the_command_line() {
    let config = Config {
        define: vec![
            ("N".into(), "7".into()),
            ("F(x)".into(), "[x]".into()),
            ("1".into(), String::new()),
        ],
        undefine: vec!["RPC_HDR".into()],
        ..Config::default()
    };
    let (text, messages) = run_with(&[("main.x", "N F(a) RPC_HDR")], &config);
    assert_eq!(text, "7 [a] RPC_HDR");
    assert_eq!(messages, "error[E0057]: `-D 1`: expected a name\n");
}

#[test]
fn includes_are_relative_then_from_the_folders() {
    let config = Config {
        include_dirs: vec!["inc".into()],
        ..Config::default()
    };
    let files = [
        (
            "main.x",
            "#include \"sub/a.x\"\n#include <c.x>\n#define N \"d.h\"\n#include N\nlast",
        ),
        ("sub/a.x", "a\n#include \"b.x\""),
        ("sub/b.x", "b"),
        ("inc/c.x", "\u{feff}c"),
        ("d.x", "d"),
    ];
    assert_eq!(
        run_with(&files, &config),
        ("a b c d last".into(), String::new())
    );
    let (_, messages) = run("#include \"missing.x\"");
    assert_eq!(
        messages,
        "main.x:1:1: error[E0054]: cannot include `missing.x`: no such file\n"
    );
    let (_, messages) = run_with(&[], &config);
    assert_eq!(
        messages,
        "error[E0050]: cannot read `main.x`: no such file\n"
    );
}

#[test]
fn spans_lead_back_into_the_files() {
    let mut loader = MapLoader::new([
        ("main.x", "#define N 8\n#include \"b.x\"\n  x N y"),
        ("b.x", "q\n"),
    ]);
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let out = preprocess(
        "main.x",
        &Config::default(),
        &mut loader,
        &mut sources,
        &mut diags,
    );
    for (word, path, lo, hi) in [
        ("q", "b.x", 0, 1),
        ("x", "main.x", 29, 30),
        ("8", "main.x", 31, 32),
        ("y", "main.x", 33, 34),
    ] {
        let at = out
            .text
            .iter()
            .position(|b| *b == word.as_bytes()[0])
            .expect("the word") as u32;
        let span = out.map.span(at, at + 1);
        assert_eq!(
            (sources.file(span.file).path(), span.lo, span.hi),
            (path, lo, hi),
            "{word}"
        );
    }
}

#[test]
fn line_markers_move_positions() {
    let (_, messages) = run("# 77 \"other.x\" 1\n#error a\n#line 5\n#error b\n# x\n#line x\n");
    assert_eq!(
        messages,
        "other.x:77:1: error[E0060]: #error a\nother.x:5:1: error[E0060]: #error b\n\
         other.x:6:1: error[E0051]: unknown directive `#x`\nother.x:7:1: error[E0051]: a line marker is a number and perhaps a name in quotes\n"
    );
}

#[test]
fn mistakes_in_directives() {
    for (text, message) in [
        (
            "#if 1\n",
            "1:1: error[E0052]: conditional is not closed by `#endif`",
        ),
        (
            "#endif",
            "1:1: error[E0052]: `#endif` without an `#if` before it",
        ),
        (
            "#if 0\n#else\n#else\n#endif",
            "3:1: error[E0052]: `#else` after `#else`",
        ),
        (
            "#if\n#endif",
            "1:1: error[E0101]: expected a constant or a name, found the end of the condition",
        ),
        (
            "#if 1/0\n#endif",
            "1:1: error[E0051]: division by zero in the condition",
        ),
        (
            "#ifdef 1\n#endif",
            "1:1: error[E0051]: `#ifdef` takes one name",
        ),
        (
            "#define 1 2",
            "1:1: error[E0051]: wrong `#define`: expected a name",
        ),
        (
            "#define F(1) 2",
            "1:1: error[E0051]: wrong `#define`: a parameter is a name",
        ),
        (
            "#include foo",
            "1:1: error[E0051]: `#include` takes a file name in quotes",
        ),
        (
            "#define F(a) a\nF(1",
            "2:1: error[E0055]: use of the macro `F` is not closed by `)`",
        ),
        (
            "#define F(a) a\nF(1,2)",
            "2:1: error[E0055]: the macro `F` takes 1 arguments, not 2",
        ),
        (
            "#define A 1\n#define A 2",
            "2:1: warning[W0061]: the macro `A` was defined differently before",
        ),
        ("#warning w", "1:1: warning[W0060]: #warning w"),
        ("  /* a", "1:3: error[E0003]: comment is not closed"),
    ] {
        assert_eq!(run(text).1, format!("main.x:{message}\n"), "{text}");
    }
    assert_eq!(
        run("#pragma once\n#ident \"x\"\n#\n#sccs y\na"),
        ("a".into(), String::new())
    );
}

#[test]
fn h145_cycles_are_reported_once_and_guards_work() {
    let files = [
        ("main.x", "#include \"b.x\"\nm"),
        ("b.x", "b\n#include \"main.x\""),
    ];
    let (text, messages) = run_with(&files, &Config::default());
    assert_eq!(text, "b m");
    assert_eq!(
        messages,
        "b.x:2:1: error[E0053]: `#include` cycle: main.x → b.x → main.x\n"
    );
    for guard in ["#ifndef B", "# if !defined(B)", "#if ! defined B"] {
        let guarded = format!("/* b */ // c\n{guard}\n#define B\nb\n#include \"b.x\"\n#endif");
        let (text, messages) = run_with(
            &[("main.x", "#include \"b.x\"\nm"), ("b.x", &guarded)],
            &Config::default(),
        );
        assert_eq!(
            (text.as_str(), messages.as_str()),
            ("/* b */ // c b m", ""),
            "{guard}"
        );
    }
    assert!(
        run_with(&[("main.x", "#include \"main.x\"")], &Config::default())
            .1
            .contains("main.x → main.x")
    );
}

#[test]
fn h145_depth_and_number_of_includes_are_limited() {
    let chain: Vec<(String, String)> = (0..10_000)
        .map(|i| {
            (
                if i == 0 {
                    "main.x".into()
                } else {
                    format!("f{i}.x")
                },
                format!("#include \"f{}.x\"", i + 1),
            )
        })
        .collect();
    let chain: Vec<(&str, &str)> = chain
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let (_, messages) = run_with(&chain, &Config::default());
    assert_eq!(
        messages,
        "f64.x:1:1: error[E0053]: `#include` nests deeper than the limit of 64\n"
    );
    let tree: Vec<(String, String)> = (0..40)
        .map(|i| {
            let line = format!("#include \"t{}.x\"\n", i + 1);
            (
                if i == 0 {
                    "main.x".into()
                } else {
                    format!("t{i}.x")
                },
                line.repeat(2),
            )
        })
        .collect();
    let mut tree: Vec<(&str, &str)> = tree.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    tree.push(("t40.x", "x"));
    let (_, messages) = run_with(&tree, &Config::default());
    assert!(
        messages.contains("more than the limit of 4096 `#include`s"),
        "{messages}"
    );
    assert_eq!(messages.lines().count(), 1);
}

#[test]
fn h145_refusals_of_the_loader_are_told_without_content() {
    struct Refuses(LoadError);
    impl Loader for Refuses {
        fn load(&mut self, path: &str, _: u64) -> Result<Vec<u8>, LoadError> {
            if path == "main.x" {
                Ok(b"#include \"../../etc/passwd\"\n".to_vec())
            } else {
                Err(self.0.clone())
            }
        }
    }
    for (error, words) in [
        (
            LoadError::OutsideRoots,
            "outside the folders this run may read",
        ),
        (LoadError::NotRegular, "not a regular file"),
        (
            LoadError::TooLarge { limit: 9 },
            "larger than the limit of 9 bytes",
        ),
    ] {
        let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
        preprocess(
            "main.x",
            &Config::default(),
            &mut Refuses(error),
            &mut sources,
            &mut diags,
        );
        let messages = diags.render(&sources, Format::Short);
        assert_eq!(
            messages,
            format!("main.x:1:1: error[E0054]: cannot include `../../etc/passwd`: {words}\n")
        );
    }
}

#[test]
fn h146_bombs_are_refused_in_short_time() {
    let mut laughs = String::from("#define L0 x x x x x x x x x x\n");
    for i in 1..20 {
        laughs.push_str(&format!(
            "#define L{i} {}\n",
            format!("L{} ", i - 1).repeat(10)
        ));
    }
    laughs.push_str("L19 L19\n#if L19\n#endif\n");
    let (_, messages) = run(&laughs);
    assert_eq!(messages.lines().count(), 1, "{messages}");
    assert!(messages.contains("E0056"), "{messages}");
    // Each use would look for its `)` up to the end of the file.
    let (_, messages) = run(&format!("#define F(x) x\n{}", "F(".repeat(100_000)));
    assert_eq!(messages.lines().count(), 1);
    // A chain of macros as long as the file.
    let chain: String = (0..20_000)
        .map(|i| format!("#define C{i} C{}\n", i + 1))
        .collect();
    let (_, messages) = run(&format!("{chain}C0\n"));
    assert!(messages.contains("macros nest too deeply"), "{messages}");
    // Growth by doubling.
    let (_, messages) = run(&format!(
        "#define D(x) x x\n{}y{}",
        "D(".repeat(60),
        ")".repeat(60)
    ));
    assert!(messages.contains("E0056"), "{messages}");
}

#[test]
fn h147_line_markers_with_hostile_names_stay_text() {
    let (_, messages) = run("# 1 \"evil\\\u{1b}[2J\"\n#error x\n");
    assert_eq!(messages, "evil\\\\u{1b}[2J:1:1: error[E0060]: #error x\n");
    let (_, messages) = run("# 4294967295 \"x\"\n\n\n#error y\n# 4294967296\n");
    assert!(messages.starts_with("x:4294967295:1"), "{messages}");
    assert!(messages.contains("E0051"));
}

#[test]
fn h143_utf16_is_named() {
    for text in [&b"\xff\xfec\0o\0"[..], b"\xfe\xff\0c\0o"] {
        let mut loader = MapLoader::new([("main.x", text)]);
        let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
        let out = preprocess(
            "main.x",
            &Config::default(),
            &mut loader,
            &mut sources,
            &mut diags,
        );
        assert!(diags.find("E0007").is_some() && out.text.is_empty());
    }
}

#[test]
fn text_beyond_the_limit_is_refused() {
    let config = Config {
        limits: Limits {
            text: 100,
            ..Limits::default()
        },
        ..Config::default()
    };
    let (_, messages) = run_with(&[("main.x", &"a ".repeat(60))], &config);
    assert!(
        messages.contains("larger than the limit of 100 bytes"),
        "{messages}"
    );
    let files = [
        ("main.x", "#include \"b.x\"\n#include \"b.x\"\n"),
        ("b.x", &*"b ".repeat(30)),
    ];
    let (_, messages) = run_with(&files, &config);
    assert_eq!(
        messages,
        "b.x:1:1: error[E0058]: text after preprocessing exceeds the limit of 100 bytes\n"
    );
}
