//! Names and values: what surprises (language.md §3 and §4).

use crate::compile::{compile, compile_together};
use crate::ir::{ConstValue, Type, TypeKind};
use crate::options::Options;
use crate::source::MapLoader;
use crate::testing::{codes, compile_with, def, messages, spec, spec_with};

fn constant(text: &str, x: &str) -> i128 {
    let spec = spec(text);
    match spec
        .consts
        .iter()
        .find(|constant| constant.name.x == x)
        .unwrap()
        .value
    {
        ConstValue::Int(value, _) => value,
        ConstValue::Str(_) => panic!("{x} is text"),
    }
}

fn alias(text: &str, x: &str) -> Type {
    match &def(&spec(text), x).kind {
        TypeKind::Alias(ty) => ty.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_name_anything_in_any_order() {
    let text = "const A = B; const B = C; enum e { C = D }; program P { version V { void D(void) = PN; } = 3; } = 0x20000001;
                const PN = 5; const VN = V; const PP = P; const T = TRUE; const F = FALSE;";
    assert_eq!(constant(text, "A"), 5);
    assert_eq!(constant(text, "VN"), 3);
    assert_eq!(constant(text, "PP"), 0x2000_0001);
    assert_eq!((constant(text, "T"), constant(text, "F")), (1, 0));
}

#[test]
fn a_procedure_name_means_its_number_at_its_first_occurrence() {
    let text = "program P { version V { void A(void) = 1; } = 1; version W { void A(void) = 2; } = 2; } = 9; const X = A;";
    assert_eq!(constant(text, "X"), 1);
    let numbers: Vec<u32> = spec(text).programs[0]
        .versions
        .iter()
        .map(|version| version.procedures[0].number)
        .collect();
    assert_eq!(numbers, [1, 2], "each version has its own");
}

#[test]
fn enums_count_from_the_last_value() {
    let TypeKind::Enum(members) =
        &spec("enum e { A, B, C = 10, D, E = A, F, G = -1, H, I = 4294967295 };").types[0]
            .kind
            .clone()
    else {
        panic!()
    };
    let values: Vec<i32> = members.iter().map(|member| member.value).collect();
    assert_eq!(values, [0, 1, 10, 11, 0, 1, -1, 0, -1]);
    let aliases: Vec<Option<usize>> = members.iter().map(|member| member.alias_of).collect();
    assert_eq!(
        aliases,
        [
            None,
            None,
            None,
            None,
            Some(0),
            Some(1),
            None,
            Some(0),
            Some(6)
        ]
    );
}

#[test]
fn predeclared_names_are_there_and_give_way() {
    assert_eq!(alias("typedef u_int a;", "a"), Type::UInt);
    assert_eq!(alias("typedef uint64_t a;", "a"), Type::UHyper);
    assert_eq!(alias("typedef bool_t a;", "a"), Type::Bool);
    let netobj = spec("struct s { netobj a; netobj b; opaque_auth c; };");
    let names: Vec<&str> = netobj.types.iter().map(|def| def.name.x.as_str()).collect();
    assert_eq!(names, ["s", "netobj", "opaque_auth"]);
    let own = spec(
        "typedef unsigned hyper uint64_t; struct netobj { int mine; }; struct s { netobj a; uint64_t b; };",
    );
    assert!(matches!(def(&own, "netobj").kind, TypeKind::Struct(_)));
    assert_eq!(
        alias(
            "const MAXNETNAMELEN = 3; typedef string n<MAXNETNAMELEN>;",
            "n"
        ),
        Type::String(3)
    );
    assert_eq!(
        alias("typedef string n<MAXNETNAMELEN>;", "n"),
        Type::String(255)
    );
    let cases = "switch (unsigned flavor) { case AUTH_NONE: void; case AUTH_SYS: int a; case RPCSEC_GSS: int b; }";
    let callback = spec(&format!("union callback {cases};"));
    let TypeKind::Union(union) = &def(&callback, "callback").kind else {
        panic!("a union");
    };
    let values: Vec<_> = union.cases.iter().map(|case| case.value).collect();
    assert_eq!(values, [0, 1, 6]);
    assert_eq!(
        codes(&format!(
            "enum f {{ AUTH_SYS = 7 }}; union callback {cases};"
        )),
        [""; 0]
    );
}

#[test]
fn tags_have_no_meaning() {
    let text = "typedef union z a; struct z { enum z *next; int x; };";
    assert_eq!(codes(text), [""; 0]);
}

#[test]
fn typedefs_of_inline_types_define_them() {
    let spec = spec(
        "typedef struct { int a; } x; typedef struct tag { int b; } y; typedef enum { P, Q } z; typedef struct { int c; } *list;",
    );
    let kinds: Vec<(&str, bool)> = spec
        .types
        .iter()
        .map(|def| (def.name.x.as_str(), matches!(def.kind, TypeKind::Alias(_))))
        .collect();
    assert_eq!(
        kinds,
        [
            ("x", false),
            ("tag", false),
            ("y", true),
            ("z", false),
            ("list", true),
            ("list_item", false)
        ]
    );
}

#[test]
fn bounds_and_counts_are_computed() {
    assert_eq!(
        alias("const N = 3; typedef string a<N * 2 + 1>;", "a"),
        Type::String(7)
    );
    assert_eq!(alias("typedef opaque a<>;", "a"), Type::Opaque(u32::MAX));
    assert_eq!(alias("typedef opaque a[0x10];", "a"), Type::OpaqueFixed(16));
    assert_eq!(alias("typedef opaque a[017];", "a"), Type::OpaqueFixed(15));
    assert_eq!(
        alias("typedef int *a;", "a"),
        Type::Optional(Box::new(Type::Int))
    );
    assert_eq!(
        alias("typedef unsigned long a[2];", "a"),
        Type::Array(Box::new(Type::UInt), 2)
    );
}

#[test]
fn a_sole_argument_is_as_c_sends_it() {
    let text = "struct foo { int a; }; program P { version V { void A(string<10>) = 1; void B(foo *) = 2; void C(string<10>, foo *) = 3; } = 1; } = 9;";
    assert_eq!(codes(text), ["W0225", "W0226"]);
    let spec = spec(text);
    let args = |at: usize| -> Vec<Type> {
        spec.programs[0].versions[0].procedures[at]
            .args
            .iter()
            .map(|arg| arg.ty.clone())
            .collect()
    };
    assert_eq!(args(0), [Type::String(u32::MAX)]);
    assert!(matches!(args(1)[0], Type::Named(_)));
    assert!(matches!(
        args(2).as_slice(),
        [Type::String(10), Type::Optional(_)]
    ));
}

#[test]
fn labels_are_values_of_the_discriminant() {
    let text = "union u switch (int i) { case 0xffffffff: int a; case 'b': int b; }; union v switch (unsigned hyper h) { case 0xffffffffffffffff: int a; };
                union w switch (char c) { case 200: int x; };";
    let spec = spec(text);
    let values = |x: &str| -> Vec<i64> {
        let TypeKind::Union(union) = &def(&spec, x).kind else {
            panic!()
        };
        union.cases.iter().map(|case| case.value).collect()
    };
    assert_eq!(values("u"), [-1, 98]);
    assert_eq!(values("v"), [-1]);
    assert_eq!(values("w"), [-56]);
}

#[test]
fn labels_find_the_member_through_typedefs_and_aliases() {
    let text = "enum e { A = 1, B = 2, C = 1 }; typedef e t; typedef t tt; union u switch (tt k) { case C: int x; case 2: void; };";
    let spec = spec(text);
    let TypeKind::Union(union) = &def(&spec, "u").kind else {
        panic!()
    };
    let found: Vec<Option<usize>> = union.cases.iter().map(|case| case.enumerator).collect();
    assert_eq!(found, [Some(0), Some(1)]);
}

#[test]
fn numbers_of_passed_through_defines_are_known() {
    let text = "%#define LIMIT 1024\n%#define NEXT LIMIT+1 /* one more */\n%#define FN(x) x\n%#define TEXT \"x\"\ntypedef string a<NEXT>;";
    assert_eq!(alias(text, "a"), Type::String(1025));
    assert_eq!(codes("%#define FN(x) x\ntypedef string a<FN>;"), ["E0202"]);
}

#[test]
fn text_is_no_number() {
    assert_eq!(codes("const A = \"x\"; struct s { int a<A>; };"), ["E0219"]);
    let behind = "const B = A; const A = \"x\"; struct s { int a<B>; };";
    assert_eq!(codes(behind), ["E0219"]);
    assert_eq!(codes("const A = \"x\"; const B = A + 1;"), ["E0219"]);
}

#[test]
fn constants_may_be_the_text_of_others() {
    let file = spec("const C = B; const B = A; const A = \"x\"; const N = M; const M = 1;");
    let text = |name: &str| {
        file.consts
            .iter()
            .find(|c| c.name.x == name)
            .map(|c| &c.value)
    };
    for name in ["A", "B", "C"] {
        assert_eq!(text(name), Some(&ConstValue::Str("x".into())));
    }
    assert!(matches!(text("N"), Some(ConstValue::Int(1, _))));
    assert_eq!(
        codes("const A = B; const B = A; const T = \"x\";"),
        ["E0211"]
    );
}

#[test]
fn a_file_read_before_it_is_needed_is_not_forgotten() {
    let (b, c) = ("struct b { int y; };", "struct c { b z; };");
    for includes in [
        "%#include \"b.h\"\n%#include \"c.h\"\n",
        "%#include \"c.h\"\n%#include \"b.h\"\n",
    ] {
        let a = format!("{includes}struct a {{ c *x; }};");
        let mut files = MapLoader::new([("a.x", a.as_str()), ("b.x", b), ("c.x", c)]);
        let output = compile(&Options::default(), &mut files, "a.x");
        assert!(!output.diagnostics.has_errors(), "{includes}");
    }
    for others in [["b.x", "c.x"], ["c.x", "b.x"]] {
        let mut files = MapLoader::new([("a.x", "struct a { c *x; };"), ("b.x", b), ("c.x", c)]);
        let output = compile_together(&Options::default(), &mut files, &["a.x"], &others);
        assert!(!output.diagnostics.has_errors(), "{others:?}");
    }
}

#[test]
fn a_wrong_number_hides_no_names() {
    let text = "const T = 08; struct s { foo x; int z<QQ>; }; enum e { A = 1 }; union u switch (e x) { case 3: int y; };";
    assert_eq!(codes(text), ["E0008", "E0201", "E0202", "E0221"]);
}

#[test]
fn a_pointer_to_char_is_no_text() {
    let text = "struct s { char *a; }; typedef char *b; program P { version V { void F(char *) = 1; int G(char *, int) = 2; } = 1; } = 9;";
    assert_eq!(codes(text), ["W0247"; 4]);
    let spec = spec(text);
    assert_eq!(
        spec.programs[0].versions[0].procedures[0].args[0].ty,
        Type::Char
    );
    assert_eq!(
        alias("typedef char *b;", "b"),
        Type::Optional(Box::new(Type::Char))
    );
    assert_eq!(
        codes("struct s { unsigned char *a; char b; char c<>; };"),
        [""; 0]
    );
}

#[test]
fn a_discriminant_needs_its_definition() {
    let text = "union u switch (away d) { case 1: void; };";
    assert!(messages(text).contains("compile the file that defines it with this one"));
    assert!(messages("struct s { away d; };").contains("--extern-type away=path::to::Type"));
}

#[test]
fn names_from_the_outermost_namespace() {
    let text = "namespace a { enum e { X = 1, Y }; } union u switch (::a::e d) { case ::X: ::a::e b; case ::a::e::Y: void; };";
    assert_eq!(codes(text), [""; 0], "{}", messages(text));
}

#[test]
fn types_that_live_elsewhere_are_named_by_their_path() {
    let options = Options::default().extern_type("timeval", "crate::wire::Timeval");
    let spec = spec_with(&options, "struct s { timeval t; };");
    assert_eq!(
        def(&spec, "timeval").kind,
        TypeKind::Extern("crate::wire::Timeval".into())
    );
    // Also in place of a definition of the file.
    let spec = spec_with(
        &options,
        "struct timeval { int a; }; struct s { timeval t; };",
    );
    assert!(matches!(def(&spec, "timeval").kind, TypeKind::Extern(_)));
    // The members of an enum stay numbers.
    let spec = spec_with(
        &options,
        "enum timeval { NOW = 3 }; struct s { timeval t; int a<NOW>; };",
    );
    assert!(matches!(def(&spec, "timeval").kind, TypeKind::Extern(_)));
    assert_eq!(spec.types.len(), 2);
}

#[test]
fn a_sibling_of_an_included_header_supplies_what_is_missing() {
    let files = [
        (
            "d/a.x",
            "%#include \"b.h\"\n%#include <rpc/c.h>\nstruct a { b x; int y<LIMIT>; };",
        ),
        (
            "d/b.x",
            "%#include \"e.h\"\nstruct b { int n; e *p; }; struct unused { nosuch x; }; const LIMIT = BASE;",
        ),
        ("d/c.x", "%#define BASE 7\n"),
        ("d/e.x", "struct e { int n; };"),
    ];
    let output = compile(&Options::default(), &mut MapLoader::new(files), "d/a.x");
    let spec = output.spec().unwrap();
    let names: Vec<&str> = spec.types.iter().map(|def| def.name.x.as_str()).collect();
    assert_eq!(names, ["e", "b", "a"]);
    assert_eq!(def(spec, "a").layout.max, Some(4 + 8 + 4 + 28));
}

#[test]
fn a_sibling_is_not_needed_when_nothing_is_missing() {
    let files = [
        ("a.x", "%#include \"b.h\"\nstruct a { int x; };"),
        ("b.x", "this is no interface"),
    ];
    let output = compile(&Options::default(), &mut MapLoader::new(files), "a.x");
    assert!(output.diagnostics.is_empty());
    assert_eq!(output.sources.files().count(), 1);
}

#[test]
fn several_files_may_refer_to_each_other() {
    let files = [
        ("a.x", "struct a { b *x; };"),
        ("b.x", "struct b { a *x; int y; };"),
    ];
    let apart = compile_together(
        &Options::default(),
        &mut MapLoader::new(files),
        &["a.x"],
        &["b.x"],
    );
    assert_eq!(apart.spec().unwrap().types.len(), 2);
    let together = compile_together(
        &Options::default(),
        &mut MapLoader::new(files),
        &["a.x", "b.x"],
        &[],
    );
    assert_eq!(together.spec().unwrap().types.len(), 2);
}

#[test]
fn undefined_macros_are_defined_by_an_option() {
    let options = Options::default().define("MAXNAME", "12");
    let output = compile_with(&options, "typedef string a<MAXNAME>;");
    assert_eq!(def(output.spec().unwrap(), "a").layout.max, Some(16));
}

#[test]
fn a_name_that_is_made_up_for_a_type_in_place_is_not_its_own() {
    let of_c = "struct s { authsys_parms y; authsys_parms z; };";
    let before = spec(of_c).types.len();
    let text = format!("struct authsys {{ struct {{ int a; }} parms; }}; {of_c}");
    assert_eq!(spec(&text).types.len(), before + 2);
    // But where a type in place is elsewhere, it goes by that name.
    let text = "struct foo { struct { int a; } bar; }; struct s { foo_bar y; foo_bar z; };";
    let options = Options::default().extern_type("foo_bar", "crate::Bar");
    assert_eq!(spec_with(&options, text).types.len(), 3);
    assert_eq!(codes(text), ["E0201"]);
    assert_eq!(
        codes("struct foo { struct { int a; } bar; }; typedef struct foo_bar foo_bar;"),
        ["E0206"]
    );
}

#[test]
fn types_that_only_c_knows_are_none_of_the_rfcs() {
    let text = "struct s { u_int a; uint64_t b; quadruple c; own d; }; typedef int own;";
    for (options, expected) in [
        (Options::default().strict_rfc(true), vec!["W0344", "W0344"]),
        (Options::default().strict_rpcgen(true), vec!["W0310"]),
    ] {
        let output = compile_with(&options, text);
        let codes: Vec<_> = output.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, expected);
    }
}
