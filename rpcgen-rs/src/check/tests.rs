//! Hazards 129-139 and 149 of the catalogue of hostile inputs: each mistake gets its code.

use crate::testing::{codes, messages, spec};

#[track_caller]
fn refused(code: &str, text: &str) {
    let found = codes(text);
    assert!(
        found.contains(&code),
        "expected {code}, got {found:?} for {text}\n{}",
        messages(text)
    );
}

#[track_caller]
fn accepted(text: &str) {
    assert_eq!(codes(text), [""; 0], "{}", messages(text));
}

#[test]
fn h129_cycles_of_constants_show_their_path() {
    refused("E0211", "const A = A;");
    refused("E0211", "const A = B; const B = A;");
    refused("E0211", "enum e { X = Y, Y = X };");
    assert!(messages("const A = B; const B = C + 1; const C = A;").contains("A → B → C → A"));
}

#[test]
fn h129_a_chain_of_100_000_constants_is_computed_by_a_loop() {
    let mut text = String::new();
    for n in 0..100_000 {
        text += &format!("const C{n} = C{};\n", n + 1);
    }
    text += "const C100000 = 7; struct s { opaque x[C0]; };";
    let run = move || spec(&text).types[0].layout.fixed;
    let thread = std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(run)
        .unwrap();
    assert_eq!(thread.join().unwrap(), Some(8));
}

#[test]
fn h129_a_cycle_of_100_000_constants_is_one_error() {
    let mut text = String::new();
    for n in 0..100_000 {
        text += &format!("const C{n} = C{};\n", (n + 1) % 100_000);
    }
    assert_eq!(codes(&text), ["E0211"]);
}

#[test]
fn h130_numbers_out_of_range_do_not_wrap() {
    refused("E0214", "const A = 0xffffffffffffffff * 2;");
    refused("E0216", "struct s { int x[-1]; };");
    refused("E0216", "typedef int x<0x100000000>;");
    refused("E0216", "typedef int x<-2>;");
    accepted("typedef int x<-1>;");
    accepted("const A = 0xffffffffffffffff; const B = -9223372036854775808;");
    refused("E0215", "enum e { A = 4294967296 };");
    refused("E0215", "enum e { A = -2147483649 };");
    accepted("enum e { A = 4294967295, B = -2147483648, C = 0 };");
    refused("E0218", "const A = 1 / 0;");
}

#[test]
fn h131_undefined_names_come_with_the_nearest_spelling() {
    refused("E0201", "struct s { nosuch x; };");
    refused("E0202", "struct s { int x<NOSUCH>; };");
    refused("E0201", "union u switch (nosuch t) { case 1: int x; };");
    assert!(
        messages("struct filename { int a; }; struct s { filenmae x; };")
            .contains("did you mean `filename`?")
    );
    assert!(
        messages("const MAXNAME = 1; struct s { int x<MAXNAEM>; };")
            .contains("did you mean `MAXNAME`?")
    );
    assert!(messages("struct s { zzz x; };").contains("--extern-type zzz="));
    for (text, wanted) in [
        (
            "const MAX = 1; struct s { MAX x; };",
            "`MAX` is a number, not a type",
        ),
        ("enum e { A }; typedef A b;", "`A` is a number, not a type"),
        (
            "typedef int t; struct s { int x<t>; };",
            "`t` is a type, not a number",
        ),
        (
            "enum e { A }; union u switch (e k) { case e: int a; };",
            "`e` is a type, not a number",
        ),
    ] {
        let text = messages(text);
        assert!(
            text.contains(wanted) && text.contains("defined here"),
            "{text}"
        );
        assert!(
            !text.contains("--extern-type") && !text.contains("-D"),
            "{text}"
        );
    }
    assert!(messages("struct s { int x<ZZZ>; };").contains("-DZZZ="));
}

#[test]
fn h131_each_undefined_name_is_reported_once() {
    assert_eq!(
        codes("struct s { nosuch a; nosuch b; int c<N>; int d<N>; };").len(),
        2
    );
}

#[test]
fn h132_typedefs_that_nothing_can_name() {
    assert_eq!(codes("typedef int bool; struct s { bool x; };"), ["W0248"]);
    assert_eq!(codes("typedef opaque string<>;"), ["W0248"]);
    accepted("typedef int version; struct s { version x; };");
}

#[test]
fn h132_typedefs_of_themselves_and_in_circles() {
    refused("E0206", "typedef a a;");
    refused("E0206", "typedef struct a a;");
    refused("E0212", "typedef a b; typedef b a;");
    refused("E0212", "typedef a *b; typedef b a<>;");
    accepted("typedef struct foo foo; struct foo { int x; };");
    accepted("typedef netobj netobj; struct s { netobj n; };");
    accepted("typedef unsigned u_int; typedef hyper quad_t; struct s { u_int a; quad_t b; };");
}

#[test]
fn h133_infinite_types_are_explained() {
    refused("E0213", "struct s { s x; };");
    refused("E0213", "struct a { b x; }; struct b { a y; };");
    refused("E0213", "struct s { s x[2]; };");
    refused("E0213", "struct s { s x[0]; int y; };");
    refused(
        "E0213",
        "union u switch (int i) { case 1: u a; default: u b; };",
    );
    refused("E0213", "typedef s t; struct s { t x; };");
    let text = messages("struct a { b x; }; struct b { a y; };");
    assert!(
        text.contains("a → b → a") && text.contains("`*`") && text.contains("`<>`"),
        "{text}"
    );
    accepted("union u switch (int i) { case 1: u a; default: void; };");
    accepted("struct s { t none[0]; int x; }; struct t { s *back; };");
    // Only the circle itself is reported, not what holds it.
    assert_eq!(codes("struct user { s x; }; struct s { s x; };"), ["E0213"]);
}

#[test]
fn h135_arrays_that_no_message_or_stack_can_hold() {
    refused("E0231", "struct s { int x[4294967295]; };");
    refused("E0231", "struct s { hyper x[1073741824]; };");
    accepted("struct s { opaque x[1073741824]; int y[0]; };");
    accepted("struct s { int x[100000]; };");
}

#[test]
fn h136_bounds_of_zero_are_legal() {
    accepted("struct s { int x<0>; string y<0>; opaque z<0>; };");
    refused("E0216", "struct s { int x<4294967296>; };");
}

#[test]
fn h044_elements_of_no_bytes_are_refused() {
    refused(
        "E0232",
        "typedef opaque nothing[0]; struct s { nothing x<>; };",
    );
    refused("E0232", "struct e { int x[0]; }; typedef e many<>;");
    // A fixed array of them would be a loop for no bytes at all.
    refused(
        "E0232",
        "struct e { int x[0]; }; struct s { e bomb[4294967295]; };",
    );
    refused(
        "E0232",
        "struct e { int x[0]; }; typedef e row[8]; struct w { row r; row s; }; typedef w rows[8];",
    );
    accepted("struct e { int x[0]; }; struct s { e none[0]; e some[64]; e *maybe; };");
}

#[test]
fn h135_large_values_of_recursive_types_are_refused() {
    let parts = "opaque a[4000]; opaque b[4000]; opaque c[4000]; opaque d[4000]; opaque e[4000];";
    let twice = format!("struct part {{ {parts} }}; struct s {{ part first; part second; }};");
    accepted(&twice);
    refused(
        "E0234",
        &twice.replace("second;", "second; s *left; s *right;"),
    );
}

#[test]
fn h137_duplicates_show_both_places() {
    refused("E0204", "struct a { int x; }; struct a { int y; };");
    refused("E0204", "typedef int a; struct a { int y; };");
    refused("E0205", "const A = 1; const A = 2;");
    refused("E0205", "enum e { A = 2 }; const A = 1;");
    refused("E0208", "struct s { int a; int b; int a; };");
    refused("E0208", "enum e { A, B, A };");
    refused(
        "E0203",
        "union u switch (int i) { case 1: int a; case 1: int b; };",
    );
    refused(
        "E0203",
        "union u switch (int i) { case -1: int a; case 0xffffffff: int b; };",
    );
    refused(
        "E0209",
        "program P { version V { void A(void) = 1; void A(void) = 2; } = 1; } = 9;",
    );
    refused(
        "E0210",
        "program P { version V { void A(void) = 1; void B(void) = 1; } = 1; } = 9;",
    );
    refused(
        "E0209",
        "program P { version V { void A(void) = 1; } = 1; version V { void A(void) = 1; } = 2; } = 9;",
    );
    refused(
        "E0210",
        "program P { version V { void A(void) = 1; } = 1; version W { void A(void) = 1; } = 1; } = 9;",
    );
    assert_eq!(codes("enum e { E_A = 1, E_B = 1, E_C = 2 };"), ["W0224"]);
    assert_eq!(
        codes(
            "program P { version V { void A(void) = 1; } = 1; } = 9; program Q { version W { void B(void) = 1; } = 1; } = 9;"
        ),
        ["W0211"]
    );
    // As in RFC 1833.
    accepted(
        "program P { version V { void A(void) = 1; } = 2; } = 9; program Q { version W { void B(void) = 1; } = 3; } = 9;",
    );
    // The later place is the wrong one, and the uses of the name are no news.
    for text in [
        "const A = 1;\nconst A = 2; struct s { int x<A>; };",
        "const A = 1;\nenum e { A = 2 }; struct s { int x<A>; };",
        "enum e { A = 2 };\nconst A = 1; struct s { int x<A>; };",
    ] {
        let text = messages(text);
        assert!(text.contains("line 2") && !text.contains("E0230"), "{text}");
        assert!(
            text.contains("1 | ") && text.contains("first defined here"),
            "{text}"
        );
    }
    let text = messages("const A = 1;\nconst A = 2;\nenum e { A = 3 };");
    assert!(text.contains("line 2") && text.contains("line 3"), "{text}");
}

#[test]
fn h137_a_text_and_another_value_of_one_name_are_an_error() {
    for text in [
        "const A = \"x\"; enum e { A = 1 }; typedef int t[A];",
        "enum e { A = 1 }; const A = \"x\";",
        "const C = \"a\"; const C = 3; typedef string q<C>;",
        "const C = 3; const C = \"a\"; typedef int t[C];",
        "const C = \"a\"; const C = \"b\";",
    ] {
        assert_eq!(codes(text), ["E0205"], "{text}");
    }
    accepted("const C = \"a\"; const C = \"a\";");
}

#[test]
fn sizes_are_checked_beside_other_errors() {
    let large = "struct large { opaque x[4294967295]; opaque y[4294967295]; };";
    let found = codes(&format!(
        "{large} struct bad {{ int x }}; struct w {{ nope y; }};"
    ));
    assert_eq!(found, ["E0101", "E0201", "E0231"]);
    let hollow = "struct s { opaque x[0]; int y z; }; struct q { s t<>; };";
    assert_eq!(codes(hollow), ["E0101"]);
    let empty = "struct z { int a[0]; }; struct q { z t<>; }; struct w { nope y; };";
    assert_eq!(codes(empty), ["E0201", "E0232"]);
}

#[test]
fn only_patterns_with_a_dot_mark_procedures_by_their_programs() {
    let text =
        "program P_GET { version V { int P_GET_A(int) = 1; int P_PUT(int) = 2; } = 1; } = 7;";
    for (pattern, marked) in [
        ("*GET*", 1),
        ("P_GET.*", 2),
        ("P_GET.P_PUT", 1),
        ("*.*GET*", 1),
    ] {
        let options = crate::Options::default().idempotent(pattern);
        let mut files = crate::source::MapLoader::new([("t.x", text)]);
        let output = crate::compile(&options, &mut files, "t.x");
        let rust = &output.files[0].text;
        assert_eq!(rust.matches(".idempotent()").count(), marked, "{pattern}");
    }
}

#[test]
fn h137_what_is_repeated_word_for_word_is_allowed() {
    accepted(
        "const A = 1; const A = 1; typedef int t; typedef int t; struct s { int x<A>; }; struct s { int x<A>; };",
    );
    accepted(
        "enum e { X, Y }; enum e { X, Y }; union u switch (e k) { case X: int a; default: void; }; union u switch (e k) { case X: int a; default: void; };",
    );
    accepted("struct s { struct { int a; } in; }; struct s { struct { int a; } in; };");
    refused(
        "E0204",
        "struct s { struct { int a; } in; }; struct s { struct { int b; } in; };",
    );
    assert_eq!(spec("const A = 1; const A = 1;").consts.len(), 1);
}

#[test]
fn h137_the_same_member_in_two_enums_is_no_clash() {
    accepted("enum a { ANY = 0, A_X = 1 }; enum b { ANY = 5, B_X = 1 };");
    accepted(
        "enum a { ANY = 0 }; enum b { ANY = 5, MORE = 6 }; union u switch (b k) { case ANY: int x; default: void; };",
    );
    refused(
        "E0230",
        "enum a { ANY = 0 }; enum b { ANY = 5 }; struct s { int x<ANY>; };",
    );
    accepted("enum a { ANY = 5 }; enum b { ANY = 5 }; struct s { int x<ANY>; };");
}

#[test]
fn h138_cases_that_are_never_taken() {
    refused(
        "E0221",
        "enum e { A, B }; union u switch (e k) { case 7: int x; default: void; };",
    );
    refused(
        "E0222",
        "union u switch (bool b) { case 0: int x; case 1: int y; case 2: int z; };",
    );
    refused("E0222", "union u switch (char c) { case 300: int x; };");
    refused(
        "E0207",
        "union u switch (int i) { case 1: int x; default: void; default: int y; };",
    );
    accepted(
        "enum e { A, B }; enum f { C = 1 }; union u switch (e k) { case C: int x; default: void; };",
    );
}

#[test]
fn h138b_missing_arms_are_warnings() {
    assert_eq!(
        codes("enum e { A, B, C }; union u switch (e k) { case A: int x; };"),
        ["W0223"]
    );
    assert_eq!(
        codes("union u switch (bool b) { case TRUE: int x; };"),
        ["W0223"]
    );
    assert_eq!(
        codes("union u switch (int i) { default: int x; };"),
        ["W0233"]
    );
    accepted(
        "enum e { A, B, C = 1 }; union u switch (int k) { case A: int x; };"
            .replace(", C = 1", "")
            .as_str(),
    );
}

#[test]
fn h139_discriminants_that_tell_nothing_apart() {
    for wrong in [
        "string s<>",
        "float f",
        "double f",
        "opaque o[4]",
        "int x<>",
        "int *p",
        "structure s",
    ] {
        refused(
            "E0220",
            &format!(
                "struct structure {{ int a; }}; union u switch ({wrong}) {{ case 1: int x; }};"
            ),
        );
    }
    for right in [
        "hyper h",
        "unsigned hyper h",
        "char c",
        "short s",
        "unsigned u",
        "alias a",
        "bool_t b",
    ] {
        accepted(&format!(
            "typedef int alias; union u switch ({right}) {{ case 1: int x; default: void; }};"
        ));
    }
}

#[test]
fn h149_numbers_of_programs() {
    let program = |program: &str, version: &str, procedure: &str| {
        format!("program P {{ version V {{ {procedure} }} = {version}; }} = {program};")
    };
    refused("E0217", &program("-1", "1", "void A(void) = 1;"));
    refused("E0217", &program("4294967296", "1", "void A(void) = 1;"));
    refused("E0217", &program("9", "-1", "void A(void) = 1;"));
    refused("E0217", &program("9", "1", "void A(void) = 0x1234567890;"));
    assert_eq!(codes(&program("9", "0", "void A(void) = 1;")), ["W0227"]);
    assert_eq!(codes(&program("9", "1", "int A(int) = 0;")), ["W0228"]);
    accepted(&program(
        "0xffffffff",
        "0xffffffff",
        "void A(void) = 0xffffffff; void NONE(void) = 0;",
    ));
}

/// What rpcgen 1.4 writes, preprocessed, registers program 7 for the first of these, and calls procedure 1 in both
/// versions for the third.
#[test]
fn numbers_that_c_takes_for_others() {
    let warned = |text: &str, expected: &[&str]| {
        assert_eq!(codes(text), vec!["W0246"; expected.len()], "{text}");
        let messages = messages(text);
        for message in expected {
            assert!(messages.contains(message), "{messages}");
        }
    };
    warned(
        "program SAME { version SAME { void F(void) = 1; } = 7; } = 9;",
        &["the program `SAME` is 9, but C takes it for 7"],
    );
    warned(
        "program P { version ADD { void ADD(void) = 5; } = 1; } = 9;",
        &["the version `ADD` is 1, but C takes it for 5"],
    );
    warned(
        "program P { version V { void F(void) = 1; } = 1; version W { void F(void) = 2; } = 2; } = 9;",
        &["the procedure `F` is 2, but C takes it for 1"],
    );
    warned(
        "const F = 4; program P { version V { void F(void) = 1; } = 1; } = 9;",
        &["the constant `F` is 4, but C takes it for 1"],
    );
    warned(
        "program P { version V { void F(void) = 1; } = 1; } = 9; const F = 4;",
        &["the procedure `F` is 1, but C takes it for 4"],
    );
    // Of a name that is there twice, one message is enough.
    let twice = "program P { version V { void F(void) = 1; } = 1; version V { void F(void) = 1; } = 2; } = 9;";
    assert_eq!(codes(twice), ["E0209"]);
    warned(
        "program P { version P { void P(void) = 1; } = 1; } = 1; const P = 1;
         program Q { version V { void F(void) = 1; } = 2; version W { void F(void) = 1; } = 3; } = 2;",
        &[],
    );
}

#[test]
fn options_that_are_pasted_into_code_are_checked() {
    use crate::options::Options;
    for (options, code) in [
        (Options::default().rename("a", "b c"), "E0240"),
        (Options::default().rename("a", "1"), "E0240"),
        (Options::default().rename("a", "self"), "E0240"),
        (Options::default().derive("a", "Foo] struct X; #["), "E0241"),
        (Options::default().extern_type("a", "b{}"), "E0241"),
        (Options::default().extern_type("a", "type::B"), "E0241"),
        (Options::default().extern_type("a", "r#crate::B"), "E0241"),
        (Options::default().extern_type("a", "a::crate::B"), "E0241"),
        (Options::default().extern_type("a", "::Self"), "E0241"),
        (Options::default().extern_type("a", "super"), "E0241"),
        (Options::default().runtime_path("self::self"), "E0241"),
        (Options::default().runtime_path(""), "E0241"),
    ] {
        let output = crate::testing::compile_with(&options, "struct s { int a; };");
        assert!(output.diagnostics.find(code).is_some() && output.files.is_empty());
    }
    for path in [
        "A",
        "::a::B",
        "self::super::super::A",
        "crate::r#type::A",
        "super::A",
        "Self_::A",
    ] {
        let output = crate::testing::compile_with(
            &Options::default().extern_type("s", path),
            "struct s { int a; };",
        );
        assert!(!output.diagnostics.has_errors(), "{path}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_reported_in_one_run() {
    let found = codes(
        "struct a { nosuch x; }; const A = 1/0; struct b { int x; int x; }; union u switch (float f) { case 1: int x; };",
    );
    assert_eq!(found, ["E0218", "E0201", "E0208", "E0220"]);
}

#[test]
fn a_syntax_error_has_no_echo() {
    let found = codes("struct a { int x }; struct b { a y; }; struct c { int z; int z; };");
    assert!(
        found.contains(&"E0208") && !found.contains(&"E0201"),
        "{found:?}"
    );
}

#[test]
fn discriminants_of_the_rfc_are_int_unsigned_bool_and_enums() {
    let options = crate::configure().strict_rfc(true);
    for (ty, known) in [
        ("int", true),
        ("unsigned", true),
        ("bool", true),
        ("e", true),
        ("number", true),
        ("hyper", false),
        ("unsigned hyper", false),
        ("wide", false),
    ] {
        let text = format!(
            "enum e {{ A = 1, B = 2 }}; typedef int number; typedef hyper wide; union u switch ({ty} d) {{ case 1: int a; default: void; }};"
        );
        let expected = usize::from(!known);
        assert_eq!(
            warnings(&options, &text).matches("W0338").count(),
            expected,
            "{ty}"
        );
        assert_eq!(warnings(&crate::configure(), &text), "", "{ty}");
    }
}

#[test]
fn patterns_that_select_nothing_are_warnings() {
    let text =
        "const LIMIT = 3; enum color { RED = 1 }; struct pair { string name<LIMIT>; color *c; };
        union u switch (color c) { case RED: opaque data<>; default: void; };
        program P { version V { int GET(pair) = 1; } = 1; } = 0x20000001;";
    let warned = |options: crate::Options| {
        let mut files = crate::source::MapLoader::new([("t.x", text)]);
        let found = crate::compile(&options, &mut files, "t.x").diagnostics;
        assert!(!found.has_errors());
        found.iter().filter(|d| d.code == "W0242").count()
    };
    let options = || crate::configure().notes(false);
    let all = [
        "color",
        "color.RED",
        "pair.name",
        "u.data",
        "*.data",
        "P",
        "V",
        "P.V",
        "GET",
        "GET.arg",
        "LIMIT",
        "*",
    ];
    for pattern in all {
        let found = warnings(&options().idempotent(pattern), text);
        assert!(!found.contains("selects nothing"), "{pattern}");
    }
    for (pattern, prefix, expected) in [
        ("color", "RE", 0),
        ("P", "GE", 0),
        ("*", "GE", 0),
        ("color", "", 0),
        ("color", "re", 1),
        ("P", "P_", 1),
        ("pair", "na", 1),
        ("colour", "RE", 1),
    ] {
        let found = warned(options().strip_prefix(pattern, prefix));
        assert_eq!(found, expected, "{pattern}={prefix}");
    }
    // A name is given where it stands: procedures and versions in their program.
    for (pattern, expected) in [
        ("GET", Some("`P.GET`")),
        ("V.GET", Some("`P.GET`")),
        ("V", Some("`P.V`")),
        ("u.c", Some("")),
        ("P.GET", None),
        ("P.V", None),
        ("color.RED", None),
        ("GET.arg", None),
    ] {
        let found = warnings(&options().rename(pattern, "other"), text);
        assert_eq!(
            found.contains("W0242"),
            expected.is_some(),
            "{pattern}: {found}"
        );
        assert!(
            found.contains(expected.unwrap_or_default()),
            "{pattern}: {found}"
        );
    }
    for pattern in ["colour", "RED", "pair.nam", "arg", "", "*.*.*"] {
        assert_eq!(warned(options().idempotent(pattern)), 1, "{pattern}");
        assert_eq!(
            warned(options().derive(pattern, "Copy").vec_bytes(pattern)),
            2,
            "{pattern}"
        );
    }
    // With several files, it may be meant for another one.
    let mut files = crate::source::MapLoader::new([("t.x", text), ("b.x", "const B = 1;")]);
    let output = crate::compile_together(&options().newtype("no"), &mut files, &["t.x"], &["b.x"]);
    assert!(output.diagnostics.is_empty());
    let output =
        crate::compile_together(&options().newtype("no"), &mut files, &["t.x", "b.x"], &[]);
    assert!(output.diagnostics.find("W0242").is_some());
}

#[test]
fn patterns_that_select_the_wrong_kind_are_warnings() {
    let text =
        "const LIMIT = 3; enum color { RED = 1 }; typedef color color_t; typedef color_t color_u;
        typedef string title<9>; typedef title titles<>; typedef opaque fixed[4]; typedef int count;
        struct pair { title name; titles names; string own<>; color_t c; fixed f; };
        union u switch (color c) { case RED: opaque data<>; default: void; };
        program P { version V { int GET(string) = 1; string TEXT(void) = 2; } = 1; } = 0x20000001;";
    let options = || crate::configure().notes(false);
    let fitting = options().open_enum("color").open_enum("c*");
    let fitting = fitting.std_string("title").std_string("pair");
    let fitting = fitting
        .std_string("GET")
        .std_string("GET.arg")
        .std_string("TEXT");
    let fitting = fitting
        .vec_bytes("u")
        .vec_bytes("u.data")
        .newtype("color_t");
    let fitting = fitting
        .idempotent("GET")
        .idempotent("*T")
        .derive("color", "Copy");
    let fitting = fitting
        .newtype("count")
        .derive("count", "Copy")
        .derive("u", "Copy");
    assert_eq!(warnings(&fitting, text), "");
    // `*` is for whatever there is.
    let nothing = options()
        .open_enum("*")
        .newtype("*")
        .idempotent("*")
        .vec_bytes("*");
    assert_eq!(warnings(&nothing, "const LIMIT = 3;"), "");
    let enum_color = "the type there is the enum `color`: select that one";
    let title = "the type there is the typedef `title`: select that one";
    let alone = "the result of a procedure goes by its name alone: `GET`";
    for (options, message, help) in [
        (
            options().open_enum("color_t"),
            "the typedef `color_t`, but no enum",
            enum_color,
        ),
        (
            options().open_enum("color_u"),
            "the typedef `color_u`, but no enum",
            enum_color,
        ),
        (
            options().open_enum("pair.c"),
            "the member `pair.c`, but no enum",
            enum_color,
        ),
        (options().open_enum("P"), "the program `P`, but no enum", ""),
        (
            options().open_enum("P*"),
            "the program `P`, but no enum",
            "",
        ),
        (
            options().open_enum("co*_?"),
            "selects nothing",
            "patterns go by",
        ),
        (
            options().open_enum("*r.*e*"),
            "the member `pair.name` and others, but no enum",
            "",
        ),
        (
            options().newtype("color"),
            "the enum `color`, but no typedef",
            "",
        ),
        (
            options().std_string("color"),
            "the enum `color`, but no string",
            "",
        ),
        (
            options().std_string("pair.name"),
            "the member `pair.name`, but no string",
            title,
        ),
        (
            options().std_string("pair.names"),
            "the member `pair.names`, but no string",
            title,
        ),
        (
            options().std_string("LIMIT"),
            "the constant `LIMIT`, but no string",
            "",
        ),
        (
            options().vec_bytes("fixed"),
            "the typedef `fixed`, but no opaque data of variable",
            "",
        ),
        (
            options().idempotent("color"),
            "the enum `color`, but no procedure",
            "",
        ),
        (
            options().idempotent("V"),
            "the version `V`, but no procedure",
            "",
        ),
        (
            options().idempotent("V.GET"),
            "the member `V.GET`, but no procedure",
            "write `P.GET`",
        ),
        (
            options().std_string("P.GET"),
            "the member `P.GET`, but no string",
            alone,
        ),
        (
            options().derive("GET", "Hash"),
            "the procedure `GET`, but no struct, union or enum",
            "",
        ),
        (
            options().derive("color_t", "Hash"),
            "the typedef `color_t`, but no",
            enum_color,
        ),
        (
            options().derive("count", "Hash"),
            "the typedef `count`, but no",
            "`--newtype count`",
        ),
        (
            options().extern_type("V", "a::B"),
            "the version `V`, but no type",
            "",
        ),
    ] {
        let found = warnings(&options, text);
        assert_eq!(found.matches("W0242").count(), 1, "{message}\n{found}");
        assert!(
            found.contains(message) && found.contains(help),
            "{message}\n{found}"
        );
        assert_eq!(
            found.contains("help:"),
            !help.is_empty(),
            "{message}\n{found}"
        );
    }
}

/// What is said about a file that compiles.
fn warnings(options: &crate::Options, text: &str) -> String {
    let mut files = crate::source::MapLoader::new([("t.x", text)]);
    let output = crate::compile(options, &mut files, "t.x");
    assert!(!output.diagnostics.has_errors(), "{text}");
    output
        .diagnostics
        .render(&output.sources, crate::diag::Format::Text)
}
