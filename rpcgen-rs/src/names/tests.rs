//! Each rule of spelling, through the whole compiler.

use crate::options::{Naming, Options};
use crate::testing::{codes, compile_with, def, members, spec, spec_with};

fn top(text: &str) -> Vec<String> {
    spec(text)
        .types
        .iter()
        .map(|def| def.name.rust.clone())
        .collect()
}

#[test]
fn a_type_that_lives_elsewhere_takes_no_name() {
    let options = Options::default().extern_type("q", "crate::Q");
    let output = compile_with(&options, "struct _q { int a; }; struct s { q x; _q y; };");
    assert!(output.diagnostics.is_empty());
    let spec = spec_with(&options, "struct _q { int a; }; struct s { q x; _q y; };");
    assert_eq!(def(&spec, "_q").name.rust, "Q");
}

#[test]
fn types_are_camel_case_without_stripping_suffixes() {
    assert_eq!(
        top("struct nfs_fh3 { int a; }; typedef int READ3args; typedef int node_t;"),
        ["NfsFh3", "Read3Args", "NodeT"]
    );
}

#[test]
fn keywords_are_raw_and_the_four_others_get_an_underscore() {
    let spec = spec(
        "struct s { int type; int self; int super; int crate; int Self; int fn; int async; int _; int union_; };",
    );
    assert_eq!(
        members(&spec, "s"),
        [
            "type",
            "self_",
            "super_",
            "crate_",
            "Self_",
            "fn",
            "async",
            "underscore1",
            "union"
        ]
    );
    let crate::ir::TypeKind::Struct(fields) = &def(&spec, "s").kind else {
        panic!()
    };
    let raw: Vec<bool> = fields.iter().map(|field| field.name.raw).collect();
    assert_eq!(
        raw,
        [true, false, false, false, false, true, true, false, false]
    );
}

#[test]
fn enumerators_lose_what_all_share() {
    let spec = spec(
        "enum nfsstat3 { NFS3_OK = 0, NFS3ERR_PERM = 1, NFS3ERR_NOENT = 2, NFS3ERR_NOT_SYNC = 3 };",
    );
    assert_eq!(
        members(&spec, "nfsstat3"),
        ["Ok", "Perm", "Noent", "NotSync"]
    );
}

#[test]
fn a_single_enumerator_keeps_its_name() {
    assert_eq!(members(&spec("enum e { FOO_BAR = 1 };"), "e"), ["FooBar"]);
}

#[test]
fn a_leading_digit_gives_back_a_segment_or_gets_an_n() {
    let spec = spec(
        "enum w { W_TYPE_32BIT = 0, W_TYPE_64BIT = 1, W_TYPE_X = 2 }; enum d { _3 = 0, _4 = 1 };",
    );
    assert_eq!(members(&spec, "w"), ["Type32bit", "Type64bit", "TypeX"]);
    assert_eq!(members(&spec, "d"), ["N3", "N4"]);
}

#[test]
fn a_second_name_of_a_value_is_a_constant() {
    let spec = spec("enum z { A_ONE = 1, A_TWO = 2, A_UNO = 1 };");
    assert_eq!(members(&spec, "z"), ["One", "Two", "UNO"]);
}

#[test]
fn members_of_open_enums_are_constants() {
    let options = Options::default().open_enum("z");
    assert_eq!(
        members(
            &spec_with(&options, "enum z { A_ONE = 1, A_twoHalves = 2 };"),
            "z"
        ),
        ["ONE", "TWO_HALVES"]
    );
}

#[test]
fn constants_are_upper_case_and_typed_by_value() {
    use crate::ir::{ConstType, ConstValue};
    let spec = spec(
        "const maxName = 32; const N = -1; const BIG = 0x100000000; const LOW = -0x80000001; const S = \"x\";",
    );
    let names: Vec<&str> = spec
        .consts
        .iter()
        .map(|constant| constant.name.rust.as_str())
        .collect();
    assert_eq!(names, ["MAX_NAME", "N", "BIG", "LOW", "S"]);
    let types: Vec<_> = spec
        .consts
        .iter()
        .map(|constant| match &constant.value {
            ConstValue::Int(_, ty) => Some(*ty),
            ConstValue::Str(_) => None,
        })
        .collect();
    assert_eq!(
        types,
        [
            Some(ConstType::U32),
            Some(ConstType::I32),
            Some(ConstType::U64),
            Some(ConstType::I64),
            None
        ]
    );
}

#[test]
fn programs_are_modules_and_versions_traits_by_number() {
    let spec = spec(
        "program MOUNTPROG { version MOUNTVERS { void A(void) = 1; } = 3; version OTHER { void A(void) = 1; } = 1; } = 9;
         program calc_svc { version V { void A(void) = 1; } = 2; } = 10;
         program PROG { version V { void A(void) = 1; } = 1; } = 11;",
    );
    let names: Vec<_> = spec
        .programs
        .iter()
        .map(|program| program.name.rust.as_str())
        .collect();
    assert_eq!(names, ["mountprog", "calc_svc", "prog"]);
    let versions: Vec<_> = spec
        .programs
        .iter()
        .flat_map(|program| &program.versions)
        .map(|version| version.name.rust.as_str())
        .collect();
    assert_eq!(versions, ["MountV3", "MountV1", "CalcV2", "ProgV1"]);
}

#[test]
fn procedures_lose_what_those_of_all_versions_share() {
    let spec = spec(
        "program P { version A { void P3_GET(void) = 1; void P3_SET_ALL(void) = 2; } = 1;
                     version B { void P3_GET(void) = 1; void P3_NEW(void) = 3; } = 2; } = 9;",
    );
    let names: Vec<_> = spec.programs[0]
        .versions
        .iter()
        .flat_map(|version| &version.procedures)
        .map(|p| p.name.rust.as_str())
        .collect();
    assert_eq!(names, ["get", "set_all", "get", "new"]);
}

#[test]
fn a_sole_procedure_loses_the_stem_of_its_program() {
    let spec = spec(
        "program YPPASSWDPROG { version V { void YPPASSWDPROC_UPDATE(void) = 1; } = 1; } = 9;",
    );
    assert_eq!(
        spec.programs[0].versions[0].procedures[0].name.rust,
        "update"
    );
}

#[test]
fn arguments_have_names_and_never_cx() {
    let spec = spec(
        "program P { version V { void A(int) = 1; void B(int, int x, string cx) = 2; void C(int Type) = 3; } = 1; } = 9;",
    );
    let names = |at: usize| -> Vec<String> {
        spec.programs[0].versions[0].procedures[at]
            .args
            .iter()
            .map(|arg| arg.name.rust.clone())
            .collect()
    };
    assert_eq!(names(0), ["arg"]);
    assert_eq!(names(1), ["arg1", "x", "cx_"]);
    assert_eq!(names(2), ["type"]);
    assert!(spec.programs[0].versions[0].procedures[2].args[0].name.raw);
}

#[test]
fn labels_that_are_no_names_cannot_keep_their_spelling() {
    for text in [
        "union u switch (int i) { case 1: int x; case Case1: void; }; const Case1 = 5;",
        "union u switch (int i) { case -1: void; case CaseMinus1: void; }; const CaseMinus1 = 5;",
    ] {
        let found = codes(text);
        assert!(found.contains(&"E0401"), "{text}: {found:?}");
    }
    let spec = spec("union u switch (int i) { case 1: int x; case '1': void; };");
    assert_eq!(members(&spec, "u"), ["Case1", "Case49"]);
}

#[test]
fn variants_of_unions_are_named_after_their_labels() {
    let spec = spec(
        "enum st { ST_OK = 0, ST_BAD_NAME = 1, ST_GONE = 2, ST_FINE = 0 }; const LIMIT = 7;
         union a switch (st s) { case ST_OK: int x; case ST_BAD_NAME: case ST_GONE: void; };
         union b switch (int i) { case 3: case -1: int x; case LIMIT: void; case ST_GONE: void; case 'q': void; default: int y; };
         union c switch (bool b) { case TRUE: int x; case 0: void; };
         union d switch (st s) { case ST_FINE: int x; default: void; };
         union e switch (unsigned hyper u) { case 0xffffffffffffffff: int x; case 0: void; };",
    );
    assert_eq!(members(&spec, "e"), ["Case18446744073709551615", "Case0"]);
    assert_eq!(members(&spec, "a"), ["Ok", "BadName", "Gone"]);
    assert_eq!(
        members(&spec, "b"),
        ["Case3", "CaseMinus1", "Limit", "Gone", "Caseq"]
    );
    assert_eq!(members(&spec, "c"), ["True", "False"]);
    assert_eq!(members(&spec, "d"), ["Fine"]);
}

#[test]
fn inline_types_are_named_after_where_they_stand() {
    let spec = spec(
        "struct outer { struct { int a; } point; enum { RED, GREEN } color; union switch (int t) { case 0: struct { int b; } deep; } u; };
         struct outer_point { int other; };",
    );
    let names: Vec<&str> = spec.types.iter().map(|def| def.name.x.as_str()).collect();
    assert_eq!(
        names,
        [
            "outer",
            "outer_point2",
            "outer_color",
            "outer_u",
            "outer_u_deep",
            "outer_point"
        ]
    );
}

#[test]
fn h141_all_that_clash_keep_their_spelling_in_any_order() {
    let (a, b) = ("struct foo_bar { int a; };", "struct fooBar { int b; };");
    for text in [format!("{a}{b}"), format!("{b}{a}")] {
        let spec = spec(&text);
        assert_eq!(def(&spec, "foo_bar").name.rust, "foo_bar");
        assert_eq!(def(&spec, "fooBar").name.rust, "fooBar");
        assert_eq!(codes(&text), ["W0401"]);
    }
}

#[test]
fn h141_keeping_a_spelling_may_push_others_into_theirs() {
    // `AB` and `ab` want `Ab`; `AB` kept collides with `a_b`, which wants `AB`.
    let spec = spec("struct AB { int a; }; struct ab { int b; }; struct a_b { int c; };");
    let names: Vec<&str> = spec
        .types
        .iter()
        .map(|def| def.name.rust.as_str())
        .collect();
    assert_eq!(names, ["AB", "ab", "a_b"]);
}

#[test]
fn h141_namespaces_of_rust_are_apart() {
    assert_eq!(
        codes(
            "const A = 1; struct a { int x; }; enum e { E_A, E_B }; program A_PROG { version V { void A(void) = 1; } = 1; } = 9;"
        ),
        [""; 0]
    );
    // An open enum is a tuple struct: its name is a value, too.
    let output = compile_with(
        &Options::default().open_enum("a"),
        "const A = 1; enum a { X = 1, Y = 2, Z = 3 };",
    );
    assert!(output.diagnostics.find("W0401").is_some());
}

#[test]
fn h141_fields_variants_and_procedures_clash_in_their_own_scopes() {
    assert_eq!(codes("struct s { int a_b; int A_b; int c; };"), ["W0401"]);
    assert_eq!(codes("enum e { X_aB, X_AB, X_C };"), [""; 0]);
    assert_eq!(codes("enum e { X_AB, X_ab, X_C };"), ["W0401"]);
    assert_eq!(
        codes("program P { version V { void P_AB(void) = 1; void P_ab(void) = 2; } = 1; } = 9;"),
        ["W0401"]
    );
}

#[test]
fn h141_names_of_generated_code_are_reserved() {
    let spec = spec("union u switch (int i) { case 1: int other; default: void; }; enum e { OTHER = 0, O_X = 1 };
                     union v switch (e k) { case OTHER: int a; default: void; };");
    assert_eq!(members(&spec, "v"), ["OTHER"]);
    assert_eq!(
        codes(
            "enum e { Other = 0, O_X = 1 }; union v switch (e k) { case Other: int a; default: void; };"
        ),
        ["W0401", "E0401"]
    );
}

#[test]
fn the_renames_that_messages_propose_end_all_clashes() {
    let text = "struct foo_bar { int a; }; struct fooBar { int b; }; struct FooBar { int c; }; struct FooBar2 { int c; };";
    let mut options = Options::default();
    for _ in 0..3 {
        let output = compile_with(&options, text);
        assert!(!output.diagnostics.has_errors());
        let Some(clash) = output.diagnostics.find("W0401") else {
            return;
        };
        let help = clash.help.clone().unwrap_or_default();
        let flag = help.split("--rename ").nth(1).unwrap();
        let (pattern, name) = flag.trim_end_matches('`').split_once('=').unwrap();
        options = options.rename(pattern, name);
    }
    panic!("still they clash");
}

#[test]
fn h141_a_pinned_name_that_generated_code_needs_is_refused() {
    for (item, name) in [("s", "v1"), ("C", "Ok"), ("C", "None")] {
        let options = Options::default().rename(item, name);
        let output = compile_with(&options, "struct s { int a; }; const C = 1;");
        assert!(output.diagnostics.find("E0401").is_some(), "{item}={name}");
    }
    let options = Options::default().rename("s", "Ok").rename("C", "V1");
    let spec = spec_with(&options, "struct s { int a; }; const C = 1;");
    assert_eq!(def(&spec, "s").name.rust, "Ok");
}

#[test]
fn a_pinned_name_is_used_and_wins_over_a_clash() {
    let text = "struct foo_bar { int a; }; struct fooBar { int b; };";
    let options = Options::default()
        .rename("foo_bar", "FooBar")
        .rename("fooBar.b", "second");
    let spec = spec_with(&options, text);
    assert_eq!(def(&spec, "foo_bar").name.rust, "FooBar");
    assert_eq!(def(&spec, "fooBar").name.rust, "fooBar");
    assert_eq!(members(&spec, "fooBar"), ["second"]);

    let both = Options::default().rename("*", "Same");
    assert!(
        compile_with(&both, text)
            .diagnostics
            .find("E0401")
            .is_some()
    );
}

#[test]
fn a_pinned_prefix_is_stripped_as_text() {
    let options = Options::default()
        .strip_prefix("e", "FOO_")
        .strip_prefix("P", "P_X");
    let text = "enum e { FOO_A = 0, FOO_B_C = 1, BAR = 2 }; program P { version V { void P_XY(void) = 1; void P_Z(void) = 2; } = 1; } = 9;";
    let spec = spec_with(&options, text);
    assert_eq!(members(&spec, "e"), ["A", "BC", "Bar"]);
    let names: Vec<_> = spec.programs[0].versions[0]
        .procedures
        .iter()
        .map(|p| p.name.rust.as_str())
        .collect();
    assert_eq!(names, ["y", "p_z"]);
}

#[test]
fn a_prefix_that_hangs_on_one_member_is_told() {
    let text = "enum color { COLOR_RED = 0, COLOR_GREEN = 1 };";
    assert_eq!(codes(text), [""; 0]);
    let output = compile_with(&Options::default(), text);
    let note = output.diagnostics.find("W0402").unwrap();
    assert!(
        note.help
            .as_ref()
            .unwrap()
            .contains(r#".strip_prefix("color", "COLOR_")"#),
        "{note:?}"
    );
    let pinned = Options::default().strip_prefix("color", "COLOR_");
    assert!(compile_with(&pinned, text).diagnostics.is_empty());
}

#[test]
fn naming_c_keeps_every_name() {
    let options = Options::default().naming(Naming::C);
    let text = "struct foo_bar { int aB; }; enum e { E_A = 0, E_B = 0, E_c = 1 }; const maxN = 3;
                program CALC_PROG { version CALC_VERS { void CALC_ADD(int Arg) = 1; } = 2; } = 9;
                union u switch (e k) { case E_A: int x; default: void; }; union n switch (int k) { case 3: int x; };";
    let spec = spec_with(&options, text);
    assert_eq!(def(&spec, "foo_bar").name.rust, "foo_bar");
    assert_eq!(members(&spec, "foo_bar"), ["aB"]);
    assert_eq!(members(&spec, "e"), ["E_A", "E_B", "E_c"]);
    assert_eq!(members(&spec, "u"), ["E_A"]);
    assert_eq!(members(&spec, "n"), ["Case3"]);
    assert_eq!(spec.consts[0].name.rust, "MAX_N", "but of constants");
    let program = &spec.programs[0];
    assert_eq!(
        (
            program.name.rust.as_str(),
            program.versions[0].name.rust.as_str()
        ),
        ("CALC_PROG", "CalcV2")
    );
    let procedure = &program.versions[0].procedures[0];
    assert_eq!(
        (
            procedure.name.rust.as_str(),
            procedure.args[0].name.rust.as_str()
        ),
        ("CALC_ADD", "Arg")
    );
}

#[test]
fn tuple_structs_do_not_hide_the_variants_of_the_prelude() {
    let options = Options::default().open_enum("*").newtype("*");
    let spec = spec_with(
        &options,
        "enum ok { A = 1, B = 2 }; typedef int some; struct none { int a; };",
    );
    let names: Vec<&str> = spec
        .types
        .iter()
        .map(|def| def.name.rust.as_str())
        .collect();
    assert_eq!(names, ["Ok_", "Some_", "None"]);
}

#[test]
fn h140_hostile_identifiers_become_usable_ones() {
    let words = "type fn match async await dyn gen try crate self Self super union_ _ r_x true Some Ok Vec String u32 Result Default";
    let fields: String = words
        .split(' ')
        .enumerate()
        .map(|(at, word)| format!("int {word}_{at}; struct {word}x *p{at};"))
        .collect();
    let types: String = words
        .split(' ')
        .map(|word| format!("struct {word}x {{ int {word}; }};"))
        .collect();
    let spec = spec(&format!("{types} struct all {{ {fields} }};"));
    for def in &spec.types {
        assert!(
            def.name.rust.starts_with(|c: char| c.is_ascii_alphabetic()),
            "{:?}",
            def.name
        );
    }
}

/// A tuple struct is a value, too: as `first`, it would be taken for a pattern where generated code says `let first`.
#[test]
fn tuple_structs_have_a_capital() {
    let text = "typedef int first<>; enum at { A }; struct First { first a; at b; };";
    let tuples = Options::default().newtype("*").open_enum("*");
    let spec = spec_with(&tuples, text);
    assert_eq!(def(&spec, "first").name.rust, "First_");
    assert_eq!(def(&spec, "First").name.rust, "First");
    let spec = spec_with(&tuples.clone().naming(Naming::C), text);
    assert_eq!(def(&spec, "at").name.rust, "At");
    assert_eq!(def(&spec, "first").name.rust, "First_");
    let pinned = tuples.rename("at", "at");
    let refused = compile_with(&pinned, text).diagnostics;
    assert!(refused.find("E0401").is_some(), "{refused:?}");
}

#[test]
fn no_type_is_called_like_the_runtime() {
    let text = "enum v1 { A }; struct V1 { v1 a; };";
    assert_eq!(top(text), ["v1_", "V1"]);
    let spec = spec_with(&Options::default().naming(Naming::C), text);
    assert_eq!(def(&spec, "v1").name.rust, "v1_");
}
