use super::*;
use crate::ast::{CaseLabel, Shape, TypeKind};
use crate::diag::Format;
use crate::lex::lex;
use crate::preprocess::{self, preprocess};
use crate::source::{MapLoader, SourceMap};

mod dialects;

fn parsed_with(text: &[u8], strict: Strict) -> (Spec, String) {
    let mut loader = MapLoader::new([("a.x", text)]);
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let config = preprocess::Config {
        strict,
        ..Default::default()
    };
    let input = preprocess("a.x", &config, &mut loader, &mut sources, &mut diags);
    let tokens = lex(&input.text, &input.map, &mut diags);
    let config = Config {
        strict,
        ..Config::default()
    };
    let spec = parse(&input, &tokens, &config, &mut diags);
    (spec, diags.render(&sources, Format::Short))
}

/// The tree of a text without mistakes.
fn good(text: &str) -> Spec {
    let (spec, messages) = parsed_with(text.as_bytes(), Strict::default());
    assert_eq!(messages, "", "{text}");
    spec
}

/// The messages about a text, without their file name.
fn bad(text: &str) -> Vec<String> {
    let (_, messages) = parsed_with(text.as_bytes(), Strict::default());
    messages
        .lines()
        .map(|l| l.strip_prefix("a.x:").unwrap_or(l).to_owned())
        .collect()
}

fn item(text: &str) -> ItemKind {
    good(text).items.pop().expect("an item").kind
}

fn field(text: &str) -> (TypeKind, Shape, String) {
    match item(&format!("struct s {{ {text}; }};")) {
        ItemKind::Struct(_, mut body) => {
            let decl = body.fields.pop().expect("a field");
            (decl.ty.kind, decl.shape, decl.name.name)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_base_type() {
    for (text, kind) in [
        ("int", TypeKind::Int),
        ("unsigned", TypeKind::Unsigned),
        ("unsigned int", TypeKind::Unsigned),
        ("char", TypeKind::Char),
        ("unsigned char", TypeKind::UnsignedChar),
        ("short", TypeKind::Short),
        ("short int", TypeKind::Short),
        ("unsigned short", TypeKind::UnsignedShort),
        ("unsigned short int", TypeKind::UnsignedShort),
        ("long", TypeKind::Long),
        ("long int", TypeKind::Long),
        ("unsigned long", TypeKind::UnsignedLong),
        ("unsigned long int", TypeKind::UnsignedLong),
        ("hyper", TypeKind::Hyper),
        ("hyper int", TypeKind::Hyper),
        ("unsigned hyper", TypeKind::UnsignedHyper),
        ("float", TypeKind::Float),
        ("double", TypeKind::Double),
        ("bool", TypeKind::Bool),
        ("quadruple", TypeKind::Named(None, "quadruple".into())),
        ("foo", TypeKind::Named(None, "foo".into())),
        ("a::b::foo", TypeKind::Named(None, "foo".into())),
        (
            "struct foo",
            TypeKind::Named(Some(crate::ast::Tag::Struct), "foo".into()),
        ),
        (
            "enum foo",
            TypeKind::Named(Some(crate::ast::Tag::Enum), "foo".into()),
        ),
        (
            "union foo",
            TypeKind::Named(Some(crate::ast::Tag::Union), "foo".into()),
        ),
    ] {
        assert_eq!(
            field(&format!("{text} x")),
            (kind, Shape::Plain, "x".into()),
            "{text}"
        );
    }
}

#[test]
fn every_declarator() {
    let shown = |text: &str| match field(text).1 {
        Shape::Plain => "plain".to_owned(),
        Shape::Optional => "*".to_owned(),
        Shape::Fixed(n) => format!("[{n}]"),
        Shape::Variable(None) => "<>".to_owned(),
        Shape::Variable(Some(n)) => format!("<{n}>"),
    };
    for (text, shape) in [
        ("int *x", "*"),
        ("int x[N]", "[N]"),
        ("int x<>", "<>"),
        ("opaque x<0x10>", "<16>"),
        ("string x<N + 1 >", "<N + 1>"),
        ("string x<(2*N)-1>", "<(2 * N) - 1>"),
        ("int x<1<<4>", "<1 << 4>"),
        ("int x<64>>2>", "<64 >> 2>"),
        ("int x<-1>", "<-1>"),
        ("int x<~0>", "<~0>"),
        ("opaque x[a::N]", "[N]"),
        ("opaque x['a']", "['a']"),
    ] {
        assert_eq!(shown(text), shape, "{text}");
    }
}

#[test]
fn keywords_are_names_where_nothing_else_is_possible() {
    for name in [
        "program", "version", "string", "case", "default", "long", "switch", "bool",
    ] {
        assert_eq!(field(&format!("int {name}")).2, name);
    }
    assert_eq!(
        field("version v").0,
        TypeKind::Named(None, "version".into())
    );
    assert_eq!(
        field("program *v").0,
        TypeKind::Named(None, "program".into())
    );
    good(
        "enum e { program = 1, version = 2 }; program p { version v { int version(int program, int version) = 1; } = 1; } = 2;",
    );
}

#[test]
fn inline_types_nest() {
    let text = "
        struct outer {
            struct { int a; } b;
            enum { X, Y = 2, } c;
            union switch (int d) { case 1: struct { union switch (bool e) { case TRUE: void; default: int f; } g; } h; default: void; } i;
            struct tagged { int j; } k<4>;
        };
        typedef struct { int a; } t1;
        typedef enum { A } t2;
        typedef union switch (t2 x) { case A: void; } t3;
        typedef struct same { int a; } same;";
    let spec = good(text);
    assert_eq!(spec.items.len(), 5);
    let ItemKind::Struct(_, body) = &spec.items[0].kind else {
        panic!()
    };
    assert!(
        matches!(&body.fields[3].ty.kind, TypeKind::Struct(Some(tag), _) if tag.name == "tagged")
    );
}

#[test]
fn unions_take_every_arrangement_of_labels() {
    let ItemKind::Union(name, body) = item(
        "union u switch (unsigned hyper tag) { case 0: case -1: case 'x': int a; case N: default: string b<>; case 9: void; };",
    ) else {
        panic!()
    };
    assert_eq!(name.name, "u");
    assert_eq!(body.discriminant.name.name, "tag");
    let labels: Vec<usize> = body.arms.iter().map(|a| a.labels.len()).collect();
    assert_eq!(labels, [3, 2, 1]);
    assert!(matches!(body.arms[1].labels[1], CaseLabel::Default(_)));
    assert!(body.arms[2].decl.is_none());
    good("union u switch (int a) { default: void; };");
}

#[test]
fn programs() {
    let ItemKind::Program(program) = item(
        "program P { version V1 { void NULLP(void) = 0; string ECHO(string) = 1; int SUB(int a, unsigned int b, string name<10>, foo *) = 0x2; \
         oneway PING() = 3; struct foo BAR(struct foo *x) = PROC; } = 1; version V2 { void F(void nothing) = 0; } = 2; } = 0x20000001;",
    ) else {
        panic!()
    };
    assert_eq!(program.number.to_string(), "536870913");
    assert_eq!(program.versions.len(), 2);
    let procedures = &program.versions[0].procedures;
    let args: Vec<usize> = procedures.iter().map(|p| p.args.len()).collect();
    assert_eq!(args, [0, 1, 4, 0, 1]);
    assert!(procedures[0].result.is_none() && procedures[3].oneway);
    assert_eq!(procedures[1].args[0].shape, Shape::Plain);
    assert!(matches!(
        procedures[2].args[2].shape,
        Shape::Variable(Some(_))
    ));
    assert_eq!(
        (
            procedures[2].args[3].shape.clone(),
            procedures[2].args[3].name.clone()
        ),
        (Shape::Optional, None)
    );
    assert_eq!(
        procedures[2].args[0].name.as_ref().map(|n| n.name.as_str()),
        Some("a")
    );
}

#[test]
fn what_vanishes_and_what_is_straightened_out() {
    let spec = good(
        ";;struct s; enum e; union u; pragma header x; namespace a { namespace b::c { struct s { void; int a;; }; } };
         struct *list { int a; list next; }; typedef struct s s;;
         %#include \"foo.h\"\n   %int x; \\\n%more\n",
    );
    assert_eq!(spec.items.len(), 3);
    let ItemKind::Struct(_, body) = &spec.items[0].kind else {
        panic!()
    };
    assert_eq!(body.fields.len(), 1);
    let ItemKind::Typedef(decl) = &spec.items[1].kind else {
        panic!()
    };
    assert_eq!(
        (decl.name.name.as_str(), &decl.shape),
        ("list", &Shape::Optional)
    );
    assert!(matches!(decl.ty.kind, TypeKind::Struct(None, _)));
    let lines: Vec<&str> = spec.passthrough.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(lines, ["#include \"foo.h\"", "int x; \\\nmore"]);
    assert_eq!(spec.passthrough[0].include(), Some("foo.h"));
}

#[test]
fn constants_are_numbers_strings_names_or_expressions() {
    let shown = |text: &str| match item(&format!("const X = {text};")) {
        ItemKind::Const(Const {
            value: ConstValue::Expr(e),
            ..
        }) => e.to_string(),
        ItemKind::Const(Const {
            value: ConstValue::Str(s),
            ..
        }) => format!("{s:?}"),
        other => panic!("{other:?}"),
    };
    for (text, value) in [
        ("0XfF", "255"),
        ("0777", "511"),
        ("- 5", "-5"),
        ("-0x10", "-16"),
        ("+1", "1"),
        ("10UL", "10"),
        ("NAME", "NAME"),
        ("\"d4a0\"", "\"d4a0\""),
        ("'c'", "'c'"),
        ("1 + 2 * 3 - 4", "(1 + (2 * 3)) - 4"),
        ("1 | 2 ^ 3 & 4 << 5", "1 | (2 ^ (3 & (4 << 5)))"),
        ("(A)", "A"),
        ("-(A % 2)", "-(A % 2)"),
    ] {
        assert_eq!(shown(text), value, "{text}");
    }
}

#[test]
fn comments_become_docs() {
    let spec = good(
        "/* about s */\nstruct s {\n  /* about a */\n  int a; // more on a\n  int b; /* about b */\n};\n\nconst N = 1; /* about N */\n\
         enum e { /* about e */\n A, /* about A */\n B = 2 /* about B */\n};\n\
         union u switch (int d) {\ncase 1: /* one */\n  int x;\n/* two */\ncase 2: void;\n};\n\
         // prog\nprogram P {\n /* vers */\n version V {\n /* add */\n int ADD(int) = 1; /* sum */\n } = 1;\n} = 2;\n",
    );
    let docs: Vec<Option<&str>> = spec.items.iter().map(|i| i.docs.as_deref()).collect();
    assert_eq!(
        docs,
        [
            Some("about s"),
            Some("about N"),
            Some("about e"),
            None,
            Some("prog")
        ]
    );
    let ItemKind::Struct(_, body) = &spec.items[0].kind else {
        panic!()
    };
    assert_eq!(body.fields[0].docs.as_deref(), Some("about a\n\nmore on a"));
    assert_eq!(body.fields[1].docs.as_deref(), Some("about b"));
    let ItemKind::Enum(_, body) = &spec.items[2].kind else {
        panic!()
    };
    let docs: Vec<Option<&str>> = body.members.iter().map(|m| m.docs.as_deref()).collect();
    assert_eq!(docs, [Some("about A"), Some("about B")]);
    let ItemKind::Union(_, body) = &spec.items[3].kind else {
        panic!()
    };
    let docs: Vec<Option<&str>> = body.arms.iter().map(|a| a.docs.as_deref()).collect();
    assert_eq!(docs, [Some("one"), Some("two")]);
    let ItemKind::Program(program) = &spec.items[4].kind else {
        panic!()
    };
    assert_eq!(program.versions[0].docs.as_deref(), Some("vers"));
    assert_eq!(
        program.versions[0].procedures[0].docs.as_deref(),
        Some("add\n\nsum")
    );
}

#[test]
fn messages_name_what_is_missing_and_where() {
    for (text, messages) in [
        (
            "struct s { int a };",
            &["1:18: error[E0101]: expected `;` after the member, found `}`"][..],
        ),
        (
            "struct s { int a; }\nstruct t { int b; };",
            &["1:20: error[E0101]: expected `;` after the definition, found `struct`"],
        ),
        (
            "struct s { int a\nint b; };",
            &["1:17: error[E0101]: expected `;` after the member, found `int`"],
        ),
        (
            "struct s { long long a; unsigned long long int b; };",
            &[
                "1:17: error[E0116]: `long long` is no type of this language",
                "1:39: error[E0116]: `long long` is no type of this language",
            ],
        ),
        (
            "struct s { string a; opaque b; };",
            &[
                "1:12: error[E0112]: `string` needs a bound",
                "1:22: error[E0112]: `opaque` needs a size or a bound",
            ],
        ),
        (
            "struct s { string *a; string b[4]; };",
            &[
                "1:12: error[E0112]: an optional `string` needs a name of its own",
                "1:23: error[E0112]: a `string` has no fixed size",
            ],
        ),
        (
            "struct s { int x[2][3]; int **y; int *z<>; int a, b; int q[]; };",
            &[
                "1:20: error[E0114]: an array has one dimension",
                "1:30: error[E0114]: optional data of optional data",
                "1:40: error[E0114]: an array of optional data",
                "1:49: error[E0113]: a declaration declares one name",
                "1:60: error[E0114]: a fixed array needs its size",
            ],
        ),
        (
            "struct 5 { int 3; };",
            &[
                "1:8: error[E0101]: expected the struct's name (a name does not begin with a digit), found `5`",
            ],
        ),
        (
            "enum e { A = 1; B = 2 C, };",
            &[
                "1:15: error[E0101]: expected `,` or `}` after the enum's member, found `;`",
                "1:23: error[E0101]: expected `,` or `}` after the enum's member, found `C`",
            ],
        ),
        (
            "union u switch (int d) { case 1: int a; int b; };",
            &[
                "1:41: error[E0101]: expected `case`, `default` or `}`: an arm has one declaration, found `int`",
            ],
        ),
        (
            "union u switch (int d) { int a; };",
            &["1:26: error[E0101]: expected `case` or `default`, found `int`"],
        ),
        (
            "union u switch (void) { case 1: void; };",
            &["1:17: error[E0110]: `void` cannot be a discriminant"],
        ),
        (
            "program P { version V { int F(int) = 1; int G(void, int) = 2; int *H(void) = 3; } = 1; };",
            &[
                "1:47: error[E0110]: `void` among other arguments",
                "1:67: error[E0115]: a result is a plain type",
                "1:89: error[E0101]: expected `=` and the program's number after `}`, found `;`",
            ],
        ),
        (
            "const A = ;",
            &["1:11: error[E0101]: expected a constant or a name, found `;`"],
        ),
        (
            "const A = 08; const B = 0x; const C = 18446744073709551616; const D = 1_0;",
            &[
                "1:11: error[E0008]: `08` begins with 0, so it is octal, and 8 and 9 are no octal digits",
                "1:25: error[E0008]: `0x` has no digits",
                "1:39: error[E0008]: `18446744073709551616` is larger than 64 bits can hold",
                "1:71: error[E0008]: `_` does not belong in the number `1_0`",
            ],
        ),
        (
            "int x; struct s { int a; };",
            &[
                "1:1: error[E0101]: expected a definition (`const`, `enum`, `struct`, `union`, `typedef` or `program`), found `int`",
            ],
        ),
        (
            "struct s { }; enum e { }; union u switch (int a) { }; program p { } = 1;",
            &[
                "1:10: error[E0111]: a struct needs at least one member",
                "1:22: error[E0111]: an enum needs at least one member",
                "1:50: error[E0111]: a union needs at least one arm",
                "1:65: error[E0111]: a program needs at least one version",
            ],
        ),
        (
            "struct s { ; }; union u switch (int a) { ;; };",
            &[
                "1:10: error[E0111]: a struct needs at least one member",
                "1:40: error[E0111]: a union needs at least one arm",
            ],
        ),
        ("};", &["1:1: error[E0103]: `}` without a `{` before it"]),
    ] {
        assert_eq!(bad(text), messages, "{text}");
    }
}

#[test]
fn one_mistake_hides_nothing_behind_it() {
    let text = "struct a { int ; int b; };\nconst = 3;\nenum e { 3 = 4, OK = 5 };\nunion u switch (int d) { case : int x; case 2: int y; };\nconst GOOD = 1;";
    let (spec, messages) = parsed_with(text.as_bytes(), Strict::default());
    assert_eq!(messages.lines().count(), 4, "{messages}");
    assert_eq!(spec.items.len(), 4);
    let ItemKind::Struct(_, body) = &spec.items[0].kind else {
        panic!()
    };
    assert_eq!(body.fields.len(), 1);
    let ItemKind::Enum(_, body) = &spec.items[1].kind else {
        panic!()
    };
    assert_eq!(body.members.len(), 1);
}

#[test]
fn context_is_told() {
    let mut loader = MapLoader::new([("a.x", "union foo switch (int d) {\n case 1: int;\n};")]);
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let input = preprocess(
        "a.x",
        &Default::default(),
        &mut loader,
        &mut sources,
        &mut diags,
    );
    let tokens = lex(&input.text, &input.map, &mut diags);
    parse(&input, &tokens, &Config::default(), &mut diags);
    let shown = diags.render(&sources, Format::Text);
    assert!(
        shown.contains("a.x, line 2: error[E0101]: expected the arm's name, found `;`"),
        "{shown}"
    );
    assert!(shown.contains("while reading union `foo`"), "{shown}");
}

#[test]
fn h126_an_unclosed_brace_points_at_its_opening() {
    assert_eq!(
        bad("struct a {\n  struct {\n int x;\n"),
        ["2:10: error[E0104]: `{` is never closed"]
    );
    assert_eq!(
        bad("namespace n {\nconst A = 1;"),
        ["1:13: error[E0104]: `{` is never closed"]
    );
    let messages = bad(
        "struct a {\n int x;\nconst B = 1;\nprogram P { version V { void F(void) = 1; } = 1; } = 1;",
    );
    assert_eq!(messages, ["1:10: error[E0104]: `{` is never closed"]);
}

#[test]
fn h128_nesting_has_a_limit() {
    for text in [
        "struct {".repeat(100_000),
        format!("struct s {{ {}", "struct {".repeat(100_000)),
        format!(
            "struct s {{ {}int x;{} }};",
            "struct {".repeat(100_000),
            "} a;".repeat(100_000)
        ),
        format!(
            "struct s {{ {}",
            "union switch (int x) { case 1: ".repeat(100_000)
        ),
        format!("union u switch ({}", "union switch (".repeat(100_000)),
        format!("const A = {}1{};", "(".repeat(100_000), ")".repeat(100_000)),
        format!("const A = {}1;", "-".repeat(100_000)),
        format!("const A = {}1;", "1+".repeat(100_000)),
        format!("const A = {}1;", "1|1<<".repeat(100_000)),
        format!(
            "#if {}1{}\n#endif",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
        format!("#if {}1\n#endif", "1?".repeat(100_000)),
        "namespace a {".repeat(100_000),
        format!(
            "{}const A = 1;{}",
            "namespace a {".repeat(1000),
            "}".repeat(1000)
        ),
        "enum e { A {".repeat(10_000),
    ] {
        let messages = bad(&text);
        assert!(
            !messages.is_empty() && messages.len() < 110,
            "{} messages for {:.40}",
            messages.len(),
            text
        );
    }
    let deep = format!(
        "struct s {{ {}int x;{} }};",
        "struct {".repeat(90),
        "} a;".repeat(90)
    );
    good(&deep);
}

#[test]
fn h128_messages_have_a_limit() {
    // Each definition ends the one before it, and says so.
    let messages = bad(&"program p { version v {".repeat(10_000));
    assert_eq!(messages.len(), Diagnostics::LIMIT + 1);
    assert_eq!(
        messages[Diagnostics::LIMIT],
        "19499 more messages are not shown"
    );
}

#[test]
fn h142_names_have_a_rule() {
    assert_eq!(
        bad(&format!("const {} = 1;", "x".repeat(1 << 20))),
        ["1:7: error[E0106]: name of 1048576 bytes exceeds the limit of 4096"]
    );
    good(&format!("const {} = 1; const _x = 2;", "x".repeat(4096)));
    assert_eq!(bad("const 1a = 1;").len(), 1);
    assert_eq!(
        bad("const $a = 1;"),
        ["1:7: error[E0001]: illegal character in file: `$` (offset 6)"]
    );
    assert!(bad("const \u{430} = 1;")[0].contains("E0001"));
    good("\u{feff}const A = 1;");
}

#[test]
fn arguments_may_have_their_names_twice() {
    let text =
        |args: &str| format!("program P {{ version V {{ void F({args}) = 1; }} = 1; }} = 1;");
    for (args, name) in [("int x *y", "y"), ("int x *", "x"), ("int *y", "y")] {
        let spec = good(&text(args));
        let ItemKind::Program(program) = &spec.items[0].kind else {
            panic!("{args}");
        };
        let arg = &program.versions[0].procedures[0].args[0];
        assert_eq!(arg.name.as_ref().map(|n| n.name.as_str()), Some(name));
        assert_eq!(arg.shape, Shape::Optional);
    }
    assert!(!bad(&text("int *y x")).is_empty());
}

#[test]
fn words_for_ocaml_change_nothing() {
    let with = "struct s _prefix \"s_\" _lowercase { unsigned _unboxed int a; _int64 unsigned hyper b; _managed string c<>; \
                struct in _tuple { _int32 int d; } e; };\nenum e _capitalize { A = 1 };\n\
                union u _prefix \"u_\" switch (_int32 int d) { case 1: _managed opaque x<>; };\n\
                program P { version V { _int64 hyper F(_int32 int, _managed string) = 1; } = 1; } = 1;";
    let without = "struct s { unsigned int a; unsigned hyper b; string c<>; struct in { int d; } e; };\n\
                   enum e { A = 1 };\nunion u switch (int d) { case 1: opaque x<>; };\n\
                   program P { version V { hyper F(int, string) = 1; } = 1; } = 1;";
    let shown = |text: &str| {
        let shown = format!("{:?}", good(text).items);
        // Places differ, and nothing else.
        let places = |c: char| c.is_ascii_digit();
        shown.replace(places, "")
    };
    assert_eq!(shown(with), shown(without));
    // Elsewhere they are names like others.
    good(
        "struct _a { int _b; }; typedef _a _c; struct d { _a _e; _a version; struct _a _g[3]; struct _tuple { int x; } f; };",
    );
    assert!(!bad("struct s \"x\" { int a; };").is_empty());
}

#[test]
#[allow(clippy::disallowed_methods)]
fn interfaces_of_the_system_parse() {
    let mut seen = 0;
    for folder in [
        "/usr/include/rpcsvc",
        "/usr/include/tirpc/rpc",
        "/usr/include/tirpc/rpcsvc",
    ] {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        let paths = entries.filter_map(|e| Some(e.ok()?.path().to_str()?.to_owned()));
        let files: Vec<(String, Vec<u8>)> = paths
            .filter_map(|p| Some((p.clone(), std::fs::read(p).ok()?)))
            .collect();
        for (path, _) in files.iter().filter(|(p, _)| p.ends_with(".x")) {
            let mut loader = MapLoader::new(files.iter().cloned());
            let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
            let input = preprocess(
                path,
                &Default::default(),
                &mut loader,
                &mut sources,
                &mut diags,
            );
            let tokens = lex(&input.text, &input.map, &mut diags);
            let spec = parse(&input, &tokens, &Config::default(), &mut diags);
            assert!(diags.is_empty(), "{}", diags.render(&sources, Format::Text));
            assert!(!spec.items.is_empty(), "{path}");
            seen += 1;
        }
    }
    assert!(seen == 0 || seen >= 17, "{seen}");
}

/// Any bytes end in a tree and messages: mutations of sources by a fixed pseudo-random sequence.
#[test]
fn any_bytes_are_survived() {
    let seeds: [&[u8]; 3] = [
        b"/* c */ #define N 8\n#define F(x) x##1 + N\nconst A = F(2); %#include \"a.h\"\nstruct s { opaque a<N>; string b<>; int *c[2]; };",
        b"union u switch (enum { A, B = -1 } d) { case A: case 'x': struct { int a; } b; default: void; }; typedef u v<(1<<3)>;",
        b"#if defined(X) && X > 1 ? 2 : 3\n#elif 1\nprogram P { version V { oneway F(string<3> a, s *) = 0x1; } = 1; } = 2U;\n#else\n#endif // e\n",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let pieces: [&[u8]; 16] = [
        b"{", b"}", b"(", b")", b"<", b">", b";", b"/*", b"*/", b"\n#", b"\n%", b"\"", b"'",
        b"\xff", b"struct ", b"case 1:",
    ];
    for round in 0..6000 {
        let mut text = seeds[round % seeds.len()].to_vec();
        for _ in 0..=random(6) {
            let at = random(text.len());
            match random(4) {
                0 => text[at] = random(256) as u8,
                1 => drop(text.drain(at..(at + 1 + random(8)).min(text.len()))),
                2 => drop(text.splice(at..at, pieces[random(pieces.len())].iter().copied())),
                _ => {
                    let from = random(text.len());
                    let copy = text[from..(from + random(40)).min(text.len())].to_vec();
                    drop(text.splice(at..at, copy));
                }
            }
            if text.is_empty() {
                text.push(b';');
            }
        }
        parsed_with(
            &text,
            Strict {
                rpcgen: true,
                rfc: true,
            },
        );
    }
}

#[test]
fn members_named_by_keywords_begin_no_definition() {
    good("struct s { struct t { int a; }\n program; };");
    good("struct s { enum t { A }\n const; union u switch (int d) { case 1: void; }\n typedef; };");
    for text in [
        "enum e { A = 1; program = 2; const = 3 };",
        "enum e { A = 1; struct };",
    ] {
        assert_eq!(bad(text).len(), 1, "{text}");
    }
    assert_eq!(
        bad("program P { version CALC VERS { int F(int) = 1; } = 1; } = 3;").len(),
        1
    );
}
