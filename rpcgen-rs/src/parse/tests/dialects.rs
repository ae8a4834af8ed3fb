//! What `--strict-rpcgen` and `--strict-rfc` warn of.

use super::parsed_with;
use crate::dialect::Strict;

#[test]
fn strict_dialects_warn() {
    let all = "const A = B; const B = 0X1; // c\nenum e { C, D = 1, };\nstruct s { struct { char _a; } b; quadruple q; }; ;\n\
               union u switch (int d) { default: void; };\nprogram P { version V { void F(int a, int) = 1; } = 1; } = 1;\n %x\n";
    let codes = |strict| -> Vec<String> {
        let (_, messages) = parsed_with(all.as_bytes(), strict);
        messages
            .lines()
            .filter_map(|l| l.split(['[', ']']).nth(1).map(str::to_owned))
            .collect()
    };
    let both = Strict {
        rpcgen: true,
        rfc: true,
    };
    assert_eq!(codes(Strict::default()), Vec::<String>::new());
    assert_eq!(
        codes(Strict { rfc: false, ..both }),
        [
            "W0315", "W0301", "W0303", "W0302", "W0310", "W0304", "W0305", "W0307", "W0326"
        ]
    );
    assert_eq!(
        codes(Strict {
            rpcgen: false,
            ..both
        }),
        [
            "W0320", "W0315", "W0301", "W0319", "W0303", "W0321", "W0323", "W0304", "W0305",
            "W0308", "W0325", "W0326"
        ]
    );
}

#[test]
fn strict_dialects_warn_of_each_thing_alone() {
    let codes = |text: &str, rpcgen: bool| -> Vec<String> {
        let strict = Strict {
            rpcgen,
            rfc: !rpcgen,
        };
        let (_, messages) = parsed_with(text.as_bytes(), strict);
        let code = |line: &str| line.split(['[', ']']).nth(1).map(str::to_owned);
        messages.lines().filter_map(code).collect()
    };
    let procedure = |text: &str| format!("program P {{ version V {{ {text} = 1; }} = 1; }} = 1;");
    let long = "x".repeat(249);
    // What rpcgen 1.4 refuses, or never ends with, and what is beside it.
    for (text, code) in [
        ("const a = -0x5;", "W0315"),
        ("const a = -5;", ""),
        ("const a = 'x';", "W0332"),
        ("enum e { A = 'x' };", "W0332"),
        ("struct s { int a<'x'>; };", "W0332"),
        ("union u switch (char c) { case 'x': int a; };", ""),
        ("typedef int array;", "W0333"),
        ("typedef int sizeof<>;", "W0333"),
        ("struct y { vector v; };", "W0333"),
        ("struct y { struct vector v; };", "W0333"),
        ("union u switch (bytes b) { case 1: int a; };", "W0333"),
        ("union u switch (int b) { case 1: free *a; };", "W0333"),
        ("struct vector { int array; }; typedef int arrays;", ""),
        (&procedure("string<10> F(int)"), "W0334"),
        (&procedure("vector F(vector)"), ""),
        ("%foo \\\nbar\n", "W0335"),
        ("%foo \\\n%bar\n", "W0335"),
        ("%foo \\\n\nconst a = 1;", ""),
        ("typedef hyper quad_t;", "W0336"),
        ("typedef hyper quad_t<>;", ""),
        ("typedef unsigned u_int;", "W0336"),
        ("typedef unsigned hyper int u_quad_t;", "W0336"),
        ("typedef foo foo;", "W0336"),
        ("typedef struct foo foo; typedef hyper longlong_t;", ""),
        (&format!("struct s {{ int {long}; }};"), "W0337"),
        (&format!("struct s {{ int {long}[3]; }};"), ""),
        (&format!("struct {long} {{ int {}; }};", &long[1..]), ""),
        (
            &format!("union u switch (int {long}) {{ case 1: int a; }};"),
            "W0337",
        ),
        (
            &format!("union u switch (int d) {{ case 1: int {long}; }};"),
            "",
        ),
        (&procedure("void F()"), ""),
        (&procedure("void F(void x)"), ""),
        (
            "program P { version V { void F(void) = A; } = B; } = C;",
            "",
        ),
    ] {
        assert_eq!(codes(text, true).concat(), code, "{text}");
    }
    // What RFC 4506 and RFC 5531 have no rule for.
    for (text, expected) in [
        ("const a = -0x5;", "W0315"),
        ("const a = 'x';", "W0327"),
        ("typedef hyper quad_t; typedef int array;", ""),
        (&procedure("string<10> F(int)"), "W0343W0334"),
        (&procedure("void F()"), "W0340"),
        ("typedef unsigned a; typedef unsigned int b;", "W0341"),
        ("typedef hyper int a; typedef unsigned hyper b;", "W0342"),
        (&procedure("string F(string)"), "W0343W0343"),
        (&procedure("void F(void x)"), "W0308"),
        (&procedure("void F(void)"), ""),
        (
            "program P { version V { void F(void) = A; } = 2; } = 3;",
            "W0339",
        ),
        (
            "program P { version V { void F(void) = 1; } = B; } = C;",
            "W0339W0339",
        ),
    ] {
        assert_eq!(codes(text, false).concat(), expected, "{text}");
    }
}
