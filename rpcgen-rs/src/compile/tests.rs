use crate::options::Options;
use crate::source::MapLoader;
use crate::testing::compile_with;

#[test]
fn nothing_is_made_of_wrong_input_and_the_spec_is_an_error() {
    let output = compile_with(&Options::default(), "struct s { nosuch a; };");
    assert!(output.files.is_empty());
    let errors = output.spec().unwrap_err();
    assert!(errors.to_string().contains("test.x, line 1:"), "{errors}");
    assert!(format!("{errors:?}").contains("nosuch"));
}

#[test]
fn h150_the_same_input_gives_the_same_output() {
    let text = "enum e { A, B }; struct s { e x; s *next; }; union u switch (e k) { case A: s x; default: void; };
                struct foo_bar { int a; }; struct fooBar { int a; }; program P { version V { u F(s) = 1; e G(u) = 2; } = 1; } = 9;";
    let first = compile_with(&Options::default(), text);
    for _ in 0..20 {
        let again = compile_with(&Options::default(), text);
        assert_eq!(again.files, first.files);
        assert!(again.diagnostics.iter().eq(first.diagnostics.iter()));
    }
}

#[test]
fn an_empty_file_is_an_interface_without_anything() {
    let output = compile_with(&Options::default(), "");
    assert!(output.diagnostics.is_empty());
    assert_eq!(output.files.len(), 1);
}

/// Compiles `path` of these files; the codes of all messages, and the number of types.
fn compiled(files: &[(&str, &str)], path: &str) -> (Vec<&'static str>, usize) {
    let mut loader = MapLoader::new(files.iter().copied());
    let output = crate::compile(&Options::default(), &mut loader, path);
    let codes = output.diagnostics.iter().map(|d| d.code).collect();
    (codes, output.spec().map_or(0, |spec| spec.types.len()))
}

#[test]
fn included_headers_stand_for_the_files_beside() {
    let types = "typedef unsigned int word; struct unused { int a; };";
    let uses = |header: &str| format!("%#include {header}\nstruct s {{ word w; }};");
    for (header, beside) in [
        ("\"types.h\"", "xdr/types.x"),
        ("\"sub/types.h\"", "xdr/sub/types.x"),
        ("\"xdr/types.h\"", "xdr/types.x"),
        ("<rpcsvc/types.h>", "xdr/types.x"),
    ] {
        let files = [("xdr/main.x", &*uses(header)), (beside, types)];
        assert_eq!(compiled(&files, "xdr/main.x"), (vec![], 2), "{header}");
    }
    // The path as it is written comes first.
    let near = ("xdr/sub/types.x", types);
    let files = [
        ("xdr/main.x", &*uses("\"sub/types.h\"")),
        near,
        ("xdr/types.x", "typedef nosuch word;"),
    ];
    assert_eq!(compiled(&files, "xdr/main.x"), (vec![], 2));
}

#[test]
fn procedures_of_the_file_beside_are_numbers() {
    let main = "%#include \"a.h\"\nstruct s { int p[AF]; int v[AV]; opaque o<AP>; };";
    let beside = "program AP { version AV { void AF(void) = 3; } = 2; } = 9;";
    let mut loader = MapLoader::new([("main.x", main), ("a.x", beside)]);
    let output = crate::compile(&Options::default(), &mut loader, "main.x");
    assert!(output.diagnostics.is_empty());
    let spec = output.spec().unwrap();
    assert_eq!(spec.types[0].layout.max, Some(12 + 8 + 16));
    // Only its numbers are taken over.
    assert!(spec.programs.is_empty());
}

#[test]
fn files_beside_that_have_errors_are_named_where_something_is_missing() {
    let main = "%#include \"a.h\"\nstruct s { word w; };";
    let broken = ("a.x", "type word { int a; };");
    assert_eq!(
        compiled(&[("m.x", main), broken], "m.x").0,
        ["W0245", "E0201"]
    );
    let complete = "%#include \"a.h\"\nstruct s { int w; };";
    assert_eq!(compiled(&[("m.x", complete), broken], "m.x").0, [""; 0]);
    // What can be read is taken, and then all errors are shown.
    let half = ("a.x", "typedef unsigned word; struct");
    assert_eq!(compiled(&[("m.x", main), half], "m.x").0, ["E0101"]);
}

#[test]
fn files_that_are_not_there_are_named_where_something_is_missing() {
    let main = "%#include \"sub/a.h\"\n%#include <b.h>\n%#include \"c.h\"\nstruct s { word w; int x<MOST>; };";
    let mut loader = MapLoader::new([("m.x", main), ("c.x", "const LEAST = 1;")]);
    let output = crate::compile(&Options::default(), &mut loader, "m.x");
    let errors = output.spec().unwrap_err().to_string();
    assert_eq!(
        errors.matches("there is no `sub/a.x`").count(),
        1,
        "{errors}"
    );
    assert!(
        !errors.contains("b.x") && !errors.contains("c.x"),
        "{errors}"
    );
    // Nothing is missing, or nothing of these.
    for text in [
        "struct s { time_t t; };",
        "const word = 1; struct s { word w; };",
    ] {
        let main = format!("%#include \"a.h\"\n{text}");
        let output = crate::compile(
            &Options::default(),
            &mut MapLoader::new([("m.x", &*main)]),
            "m.x",
        );
        let said = output
            .diagnostics
            .render(&output.sources, crate::diag::Format::Text);
        assert!(!said.contains("a.x"), "{said}");
    }
}

/// In no time: with a look at everything for each step it would be minutes.
#[test]
fn what_the_types_of_another_file_need_is_taken_too() {
    const STEPS: usize = 20_000;
    let step = |i: usize| format!("typedef t{i} t{}; struct unused{i} {{ int a; }};\n", i + 1);
    let types: String = (0..STEPS).map(step).collect();
    let types = format!("{types}typedef int t0;");
    let uses = format!("%#include \"types.h\"\nstruct s {{ t{STEPS} t; }};");
    let files = [("main.x", &*uses), ("types.x", &*types)];
    assert_eq!(compiled(&files, "main.x"), (vec![], STEPS + 2));
}

/// Compiles `m.x` beside files by the thousand, each of which has a type `t{n}` that `rest(n)` describes.
fn compiled_beside(count: usize, main: &str, rest: impl Fn(usize) -> String) -> (Vec<&str>, usize) {
    let beside = (0..count).map(|n| (format!("s{n}.x"), rest(n)));
    let main = (String::from("m.x"), main.to_owned());
    let files: Vec<(String, String)> = beside.chain([main]).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, text)| (&**p, &**text)).collect();
    compiled(&files, "m.x")
}

/// In no time: with a look at everything for each of them it would be minutes.
#[test]
fn h127_files_that_need_each_other_by_the_thousand() {
    const COUNT: usize = 3000;
    let includes: String = (0..COUNT)
        .map(|n| format!("%#include \"s{n}.h\"\n"))
        .collect();
    let members: String = (0..COUNT).map(|n| format!("t{n} x{n}; ")).collect();
    let star = format!("{includes} struct m {{ {members} }};");
    let plain = |n| format!("struct t{n} {{ int y; }}; struct unused{n} {{ int y; }};");
    assert_eq!(compiled_beside(COUNT, &star, plain), (vec![], COUNT + 1));
    let chain = |n| {
        let next = (n + 1) % COUNT;
        format!("%#include \"s{next}.h\"\n%#define N{n} N{next}\nstruct t{n} {{ t{next} *y; }};")
    };
    let main = "%#include \"s0.h\"\nstruct m { t0 x; };";
    assert_eq!(compiled_beside(COUNT, main, chain), (vec![], COUNT + 1));
    // All are read before the first is needed.
    let back = |n| match n {
        0 => String::from("struct t0 { int y; };"),
        n => format!("struct t{n} {{ t{} *y; }};", n - 1),
    };
    let main = format!("{includes} struct m {{ t{} x; }};", COUNT - 1);
    let deep = (vec!["W0235"], COUNT + 1);
    assert_eq!(compiled_beside(COUNT, &main, back), deep);
}

#[test]
fn h127_files_that_others_need_have_the_limits_of_one() {
    let includes: String = (0..5000)
        .map(|n| format!("%#include \"s{n}.h\"\n"))
        .collect();
    let main = format!("{includes} struct m {{ nosuch x; }};");
    let plain = |n| format!("struct t{n} {{ int y; }};");
    assert_eq!(compiled_beside(5000, &main, plain).0, ["E0053"]);

    let large = format!("struct t {{ int y; }}; /*{}*/", " ".repeat(500));
    let main = "%#include \"a.h\"\nstruct m { t x; };";
    let codes = |options: &Options| {
        let mut loader = MapLoader::new([("m.x", main), ("a.x", &*large)]);
        let output = crate::compile(options, &mut loader, "m.x");
        output
            .diagnostics
            .iter()
            .map(|d| d.code)
            .collect::<Vec<_>>()
    };
    let options = Options::default();
    assert_eq!(codes(&options.clone().max_input(600)), [""; 0]);
    assert_eq!(codes(&options.clone().max_input(540)), ["E0058"]);
    assert_eq!(codes(&options.clone().max_items(4)), [""; 0]);
    assert_eq!(codes(&options.max_items(3)), ["E0108"]);
}

/// All spellings of a path are one file, and what many files include counts as often as it is read.
#[test]
fn h127_a_file_that_is_its_own_sibling_is_read_once() {
    let spelled = |n: usize| -> String {
        let parts = (0..12).map(|bit| if n >> bit & 1 == 0 { "./" } else { ".//" });
        parts.collect()
    };
    let mut main: String = (0..1000)
        .map(|n| format!("%#include \"{}m.h\"\n", spelled(n)))
        .collect();
    main.extend((0..5000).map(|n| format!("%#define A{n} {n}\n")));
    main += "struct s { nosuch a; };";
    assert_eq!(compiled(&[("m.x", &main)], "m.x").0, ["E0201"]);

    let large = String::from("#include \"large.x\"\n");
    let files: Vec<(String, String)> = (0..100)
        .map(|n| (format!("s{n}.x"), large.clone()))
        .collect();
    let includes: String = (0..100)
        .map(|n| format!("%#include \"s{n}.h\"\n"))
        .collect();
    let main = format!("{includes} struct s {{ nosuch a; }};");
    let text = ";".repeat(1 << 20);
    let all = files.iter().map(|(path, text)| (&**path, &**text));
    let all: Vec<(&str, &str)> = all.chain([("m.x", &*main), ("large.x", &*text)]).collect();
    assert_eq!(compiled(&all, "m.x").0, ["E0058"]);
}

/// What is found elsewhere, or found out to be nothing, is not missing.
#[test]
fn h127_a_search_that_ends_at_a_limit_matters_only_where_something_is_undefined() {
    let large: String = (0..10).map(|n| format!("const C{n} = {n}; ")).collect();
    let huge: String = (0..10).map(|n| format!("E{n}, ")).collect();
    let huge = format!("enum huge {{ {huge} LAST }};");
    let files = [
        ("m.x", "struct s { time_t t; };"),
        ("n.x", "struct s { T t; };"),
        ("large.x", &*large),
        ("more.x", &*large.replace('C', "D")),
        ("huge.x", &*huge),
        ("t.x", "typedef int T;"),
    ];
    let codes = |options: &Options, path: &str, others: &[&str]| {
        let output = crate::compile_together(options, &mut MapLoader::new(files), &[path], others);
        output
            .diagnostics
            .iter()
            .map(|d| d.code)
            .collect::<Vec<_>>()
    };
    let options = Options::default().max_items(15);
    assert_eq!(codes(&options, "m.x", &["large.x", "more.x"]), ["W0243"]);
    assert_eq!(
        codes(&options, "n.x", &["large.x", "more.x", "t.x"]),
        ["E0108"]
    );
    assert_eq!(
        codes(&options, "n.x", &["t.x", "large.x", "more.x"]),
        [""; 0]
    );
    // A limit of one file is none of the others.
    let options = Options::default().max_members(8);
    assert_eq!(codes(&options, "n.x", &["huge.x", "t.x"]), [""; 0]);
    // Inputs that become one output: one message.
    let options = Options::default().max_items(15);
    let mut loader = MapLoader::new(files);
    let all = ["large.x", "more.x", "huge.x", "n.x"];
    let output = crate::compile_together(&options, &mut loader, &all, &[]);
    let codes: Vec<_> = output.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E0108"]);
}

#[test]
fn what_the_numbers_of_other_files_name_is_taken_too() {
    let main = "%#include \"b.h\"\n%#define OWN K1\nstruct s { int b<K0>; int c<OWN>; };";
    let beside = "%#define K0 K3\nconst K3 = 4;\nconst K1 = K2;\nconst K2 = 9;";
    assert_eq!(
        compiled(&[("m.x", main), ("b.x", beside)], "m.x"),
        (vec![], 1)
    );
}

#[test]
fn the_header_that_a_file_includes_comes_before_other_inputs() {
    let files = [
        ("a.x", "%#include \"c.h\"\nstruct s { opaque x[N]; };"),
        ("b.x", "const N = 1;"),
        ("c.x", "const N = 2;"),
    ];
    for others in [["b.x", "c.x"], ["c.x", "b.x"]] {
        let mut loader = MapLoader::new(files);
        let output = crate::compile_together(&Options::default(), &mut loader, &["a.x"], &others);
        assert!(output.files[0].text.contains("[u8; 2]"));
    }
}

#[test]
fn percent_defines_of_types_are_typedefs_where_nothing_else_defines_the_name() {
    let only = |text: &str| compiled(&[("main.x", text)], "main.x");
    let text = "%#define quad uint64_t\n%#define main dummy\nstruct s { quad q; };";
    assert_eq!(only(text), (vec!["W0243"], 2));
    let text = "%#define a b\n%#define b unsigned int /* a word */\nstruct s { a x; };";
    assert_eq!(only(text), (vec!["W0243", "W0243"], 3));
    let text = "%#define quad int\ntypedef hyper quad; struct s { quad q; };";
    assert_eq!(only(text), (vec![], 2));
    for value in ["x; typedef int", "struct { int a; }", "(o)->a", "12 13", ""] {
        let text = format!("%#define quad {value}\nstruct s {{ quad q; }};");
        assert_eq!(only(&text).0, ["E0201"], "{value}");
    }
}

#[test]
fn percent_defines_of_types_reach_from_file_to_file() {
    let common = "%#define word unsigned int // a word\n%#define MOST 12\nstruct pair { word a; word b<MOST>; };";
    for (uses, types) in [("pair p;", 3), ("word w;", 2), ("pair p; word w;", 3)] {
        let main = format!("%#include \"common.h\"\nstruct s {{ {uses} }};");
        let files = [("main.x", &*main), ("common.x", common)];
        let expected = (vec!["W0243"], types);
        assert_eq!(compiled(&files, "main.x"), expected, "{uses}");
    }
    // What one names may be defined in another file, and an item of another file may use one.
    let main = "%#include \"bar.h\"\n%#define foo bar\n%#define word int\nstruct s { foo f; };";
    let files = [("main.x", main), ("bar.x", "struct bar { word a; };")];
    assert_eq!(compiled(&files, "main.x"), (vec!["W0243"; 2], 4));
    // Names that something else defines are not its to define.
    let text = "%#define foo word\n%#define word int\ntypedef hyper word; struct s { foo f; };";
    assert_eq!(compiled(&[("main.x", text)], "main.x"), (vec!["W0243"], 3));
    let files = [
        ("main.x", "%#include \"a.h\"\nstruct s { word w; };"),
        ("a.x", "%#define word int\ntypedef hyper word;"),
    ];
    assert_eq!(compiled(&files, "main.x"), (vec![], 2));
}

#[test]
fn percent_defines_of_numbers_reach_from_file_to_file() {
    let main = "%#include \"s.h\"\n%#define K0 K3\nstruct a { s x; };";
    let other = "struct s { int b<K0>; }; const K3 = 4; const K4 = 5;";
    let files = [("main.x", main), ("s.x", other)];
    assert_eq!(compiled(&files, "main.x"), (vec![], 2));
}

#[test]
fn a_typedef_of_nothing_is_an_error_where_it_is_used() {
    let only = |text: &str| compiled(&[("main.x", text)], "main.x");
    let text = "typedef struct nosuch idle; typedef struct s also; struct s { int a; };";
    assert_eq!(only(text), (vec!["W0244"], 2));
    assert_eq!(
        only("typedef struct nosuch t; struct s { t a; };").0,
        ["E0201"]
    );
    assert_eq!(
        only("typedef struct nosuch t; typedef t another;").0,
        ["E0201"]
    );
    assert_eq!(only("typedef nosuch t;").0, ["E0201"]);
}

#[test]
fn types_of_the_system_are_taken_for_what_they_were() {
    let text = "struct s { time_t t; uid_t u; time_t again; };
                union u switch (pid_t p) { case -1: void; };";
    assert_eq!(compiled(&[("main.x", text)], "main.x").0, ["W0243"; 3]);
    let text = "struct s { uint32 a; int64 b; };";
    assert_eq!(compiled(&[("main.x", text)], "main.x").0, ["W0243"; 2]);
    let text = "typedef hyper time_t; struct s { time_t t; };";
    assert_eq!(compiled(&[("main.x", text)], "main.x"), (vec![], 2));
}

#[test]
fn h127_definitions_by_the_ten_thousand_on_one_line() {
    let definition =
        |n: usize| format!("const C{n} = {n}; struct s{n} {{ int a[C{n}]; string b<>; }}; ");
    let text: String = (0..20_000).map(definition).collect();
    let options = Options::default().emit(crate::options::Formats::NONE);
    let output = compile_with(&options, &text);
    assert_eq!(output.spec().unwrap().types.len(), 20_000);
    // And by a stated limit, an option, not at all.
    let output = compile_with(&options.max_input(1000), &text);
    assert!(
        output.diagnostics.has_errors() && output.spec().unwrap_err().to_string().contains("1000")
    );
}

/// In no time and little memory: with a look at all of one name for each of its uses, it would be minutes or gigabytes.
#[test]
fn h127_values_of_one_name_by_the_ten_thousand() {
    let options = Options::default().emit(crate::options::Formats::NONE);
    let cycles = "const A = A + 1;\n".repeat(50_000);
    assert!(compile_with(&options, &cycles).diagnostics.has_errors());
    let enums: String = (0..30_000)
        .map(|n| format!("enum e{n} {{ A = B{n} }};\n"))
        .collect();
    let consts: String = (0..30_000).map(|n| format!("const B{n} = A;\n")).collect();
    assert!(
        compile_with(&options, &format!("{enums}{consts}"))
            .diagnostics
            .has_errors()
    );
    let enums: String = (0..50_000)
        .map(|n| format!("enum e{n} {{ A = 1 }};\n"))
        .collect();
    let sum = |terms: &str| ["(", &[terms; 100].join("+"), ")"].concat();
    let text = format!("{enums} typedef int t[{}];", sum(&sum("A")));
    assert!(!compile_with(&options, &text).diagnostics.has_errors());
}

#[test]
fn h127_mistakes_by_the_hundred_thousand() {
    let options = Options::default().emit(crate::options::Formats::NONE);
    for text in [
        "union a switch ",
        "program a { version ",
        "struct a b; struct c ",
        "struct a { ",
        "enum a { b ",
    ] {
        let output = compile_with(&options, &text.repeat(100_000));
        assert!(output.diagnostics.has_errors(), "{text}");
    }
}

#[test]
fn h127_headers_by_the_ten_thousand_that_are_not_there() {
    let lines = |n: usize| format!("%#include \"h{n}.h\"\n%#define T{n} T{}\n", n + 1);
    let mut text: String = (0..20_000).map(lines).collect();
    text += "%#define T20000 int\n";
    text.extend((0..20_000).map(|n| format!("struct s{n} {{ int a; }};\n")));
    text += "struct last { nosuch a; T0 b; };";
    let options = Options::default().emit(crate::options::Formats::NONE);
    assert!(compile_with(&options, &text).diagnostics.has_errors());
    let text = text.replace("nosuch", "int");
    let output = compile_with(&options, &text);
    assert_eq!(output.spec().unwrap().types.len(), 40_002);
}

/// A header that many lines name is looked for once more where something is undefined, not once for each line.
#[test]
fn h127_a_file_beyond_the_limits_is_not_read_again_and_again() {
    struct Counting(MapLoader, usize);
    impl crate::source::Loader for Counting {
        fn load(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, crate::source::LoadError> {
            self.1 += usize::from(path == "big.x");
            self.0.load(path, limit)
        }
    }
    let main = format!(
        "struct s {{ T t; }};\n{}",
        "%#include \"big.h\"\n".repeat(100)
    );
    let files = [("m.x", main.as_str()), ("big.x", "enum e { A, B, C, D };")];
    let mut loader = Counting(MapLoader::new(files), 0);
    let output = crate::compile(&Options::default().max_items(4), &mut loader, "m.x");
    assert!(output.diagnostics.has_errors());
    assert_eq!(loader.1, 2);
}

#[test]
fn h127_definitions_and_members_have_limits_that_can_be_raised() {
    let structs: String = (0..10)
        .map(|n| format!("struct s{n} {{ int a; }}; "))
        .collect();
    let options = Options::default().max_items(20);
    assert!(!compile_with(&options, &structs).diagnostics.has_errors());
    let output = compile_with(&options.max_items(19), &structs);
    let codes: Vec<_> = output.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E0108"]);

    let members = "int a; int b; int c;";
    let labels = "case 0: case 1: int a; default: void;";
    let procedures = "void A(void) = 1; void B(void) = 2; void C(void) = 3;";
    let each = [
        format!("struct s {{ {members} }};"),
        String::from("enum e { A, B, C };"),
        format!("union u switch (int d) {{ {labels} }};"),
        format!("program P {{ version V {{ {procedures} }} = 1; }} = 9;"),
        String::from("program P { version V { void F(int, int, int) = 1; } = 1; } = 9;"),
    ];
    for text in each {
        let options = Options::default().max_members(3);
        assert!(
            !compile_with(&options, &text).diagnostics.has_errors(),
            "{text}"
        );
        let errors = compile_with(&options.max_members(2), &text)
            .spec()
            .unwrap_err();
        let errors = errors.to_string();
        assert!(
            errors.contains("more than 2 members") && errors.contains("--max-members"),
            "{errors}"
        );
    }
}

#[test]
fn h127_long_chains_of_types_are_linear() {
    let chain = |link: fn(usize) -> String| {
        let links: String = (1..5_000).map(link).collect();
        let text = format!("typedef int t0; {links} struct end {{ t4999 x; }};");
        let output = compile_with(&Options::default(), &text);
        assert!(!output.diagnostics.has_errors());
        output.files[0].text.len()
    };
    let typedefs = chain(|n| format!("typedef t{} t{n};", n - 1));
    let arrays = chain(|n| format!("typedef t{} t{n}<>;", n - 1));
    let pointers = chain(|n| format!("typedef t{} *t{n};", n - 1));
    // A few hundred bytes for each.
    assert!(typedefs < 5_000 * 500 && arrays < 5_000 * 1000 && pointers < 5_000 * 1000);
}

#[test]
fn a_depth_that_rustc_does_not_follow_is_told() {
    let chain = |links: usize| -> String {
        let link = |n: usize| format!("struct t{n} {{ t{} *x; string y<>; }};", n - 1);
        let links: String = (1..links).map(link).collect();
        format!("struct t0 {{ int a; }}; {links}")
    };
    let codes = |text: &str| -> Vec<&str> {
        let output = compile_with(&Options::default(), text);
        output.diagnostics.iter().map(|d| d.code).collect()
    };
    assert_eq!(codes(&chain(40)), [""; 0]);
    assert_eq!(codes(&chain(60)), ["W0235"]);
    // Typedefs are no types of their own, and a list may be as long as it likes.
    let names: String = (1..500)
        .map(|n| format!("typedef t{} t{n};", n - 1))
        .collect();
    assert_eq!(codes(&format!("typedef int t0; {names}")), [""; 0]);
    assert_eq!(codes("struct node { int v; node *next; };"), [""; 0]);
}

#[test]
fn h131_many_undefined_names_end_in_time() {
    let text: String = (0..20_000)
        .map(|n| format!("struct s{n} {{ undefined{n} x; }}; "))
        .collect();
    let output = compile_with(&Options::default(), &text);
    assert!(output.diagnostics.suppressed() > 19_000);
}
