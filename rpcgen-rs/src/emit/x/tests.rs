use super::*;
use crate::compile::compile;
use crate::options::Options;
use crate::source::MapLoader;

fn formatted(text: &[u8]) -> Vec<u8> {
    let mut sources = SourceMap::default();
    let file = sources.add("a.x", text.to_vec(), None);
    let mut diags = Diagnostics::default();
    format(file, &sources, &mut diags).unwrap_or_else(|| panic!("{diags:?}"))
}

/// Text of every token; text of all trivia without white space.
fn content(text: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let tokens = lex_raw(text, &SpanMap::default(), &mut Diagnostics::default());
    let bytes = |lo: u32, hi: u32| text[lo as usize..hi as usize].to_vec();
    let list = tokens.tokens.iter().map(|t| bytes(t.lo, t.hi)).collect();
    let solid = |t: &Trivia| {
        bytes(t.lo, t.hi)
            .into_iter()
            .filter(|b| !b.is_ascii_whitespace())
            .collect()
    };
    (list, tokens.trivia.iter().map(solid).collect())
}

/// Formats, and checks what must hold for any text.
fn checked(text: &[u8]) -> String {
    let once = formatted(text);
    let shown = String::from_utf8_lossy(&once).into_owned();
    assert_eq!(
        content(text).0,
        content(&once).0,
        "tokens changed:\n{shown}"
    );
    assert_eq!(
        content(text).1,
        content(&once).1,
        "comments changed:\n{shown}"
    );
    let twice = formatted(&once);
    assert_eq!(shown, String::from_utf8_lossy(&twice), "not stable");
    shown
}

#[test]
fn statements_members_and_labels() {
    let text = "const A=1;const B=-(A+2)*3 ;enum e{X,Y=2,};\n\nstruct   s{int a;string b<A>;opaque c[ 4 ];\n\n\n\ns*next;unsigned int d<1<<4>;};
union u switch(int d){case 1:case -2:struct{int x;}y;\n\ndefault:void;};typedef a::b c;namespace n{const Z=0;}
program P{version V{void NULLP(void)=0;string F(string,foo*,int x)=1;}=1;}=0x20000001;";
    let expected = "\
const A = 1;
const B = -(A + 2) * 3;
enum e {
    X,
    Y = 2,
};

struct s {
    int a;
    string b<A>;
    opaque c[4];

    s *next;
    unsigned int d<1 << 4>;
};
union u switch (int d) {
case 1:
case -2:
    struct {
        int x;
    } y;

default:
    void;
};
typedef a::b c;
namespace n {
    const Z = 0;
}
program P {
    version V {
        void NULLP(void) = 0;
        string F(string, foo *, int x) = 1;
    } = 1;
} = 0x20000001;
";
    assert_eq!(checked(text.as_bytes()), expected);
}

#[test]
fn lines_of_more_than_100_columns_go_on_below() {
    let text = "program P{version V{reply_of_a_long_name A_PROCEDURE_WITH_MANY_ARGUMENTS(first_argument one,second_argument \
                two,/* of three */ third_argument three,fourth_argument four,fifth_argument five)=1; /* behind */
void SHORT(int) = 2; /* behind */}=1;}=2;
const A_SUM_OF_MANY = FIRST_OF_THEM_ALL | SECOND_OF_THEM_ALL | (THIRD_OF_THEM_ALL + FOURTH_OF_THEM_ALL) %FIFTH_OF_THEM << 3;
enum e { ALL_OF_THESE_TOGETHER = FIRST_OF_THEM_ALL | SECOND_OF_THEM_ALL | THIRD_OF_THEM_ALL | FOURTH_OF_THEM_ALL };";
    let expected = "\
program P {
    version V {
        reply_of_a_long_name A_PROCEDURE_WITH_MANY_ARGUMENTS(first_argument one,
            second_argument two, /* of three */ third_argument three, fourth_argument four,
            fifth_argument five) = 1;  /* behind */
        void SHORT(int) = 2;           /* behind */
    } = 1;
} = 2;
const A_SUM_OF_MANY = FIRST_OF_THEM_ALL | SECOND_OF_THEM_ALL
    | (THIRD_OF_THEM_ALL + FOURTH_OF_THEM_ALL) % FIFTH_OF_THEM << 3;
enum e {
    ALL_OF_THESE_TOGETHER = FIRST_OF_THEM_ALL | SECOND_OF_THEM_ALL | THIRD_OF_THEM_ALL
        | FOURTH_OF_THEM_ALL
};
";
    assert_eq!(checked(text.as_bytes()), expected);
}

#[test]
fn comments_directives_and_percent_lines_stay() {
    let text = "/* head */\n\n#ifdef X /* y */\n  %#include <a.h> \\\n   b\n#endif\n/* of s\n * more */\nstruct s { // behind
int a; /* of a */
   unsigned int bcd;      /* of b,
                           * more */
                          /* and more */
  /* of c */ int c; /* x */ int d;
\t/* two
\t   lines */
int /* mid */ e // end
;
 /* last */
};
enum e { A /* a */, B = 1 /* b */ };
int F(int, // one
 int);";
    let expected = "\
/* head */

#ifdef X /* y */
%#include <a.h> \\
   b
#endif
/* of s
 * more */
struct s {             // behind
    int a;             /* of a */
    unsigned int bcd;  /* of b,
                        * more */
                       /* and more */
    /* of c */ int c;  /* x */
    int d;
    /* two
       lines */
    int /* mid */ e;  // end
    /* last */
};
enum e {
    A,     /* a */
    B = 1  /* b */
};
int F(int, // one
    int);
";
    assert_eq!(checked(text.as_bytes()), expected);
}

#[test]
fn odd_places_are_stable() {
    for text in [
        "",
        "/* only */",
        "int a\n// own line\n;\nint b\n/* own */\n;",
        "struct s // c\n{\n int a; };\nstruct t /* d */ { int a; } /* e */ ;",
        "int F(\n/* one */\nint,\n\n#ifdef A\nint,\n#endif\n  int);",
        "union u switch (enum { A, B } x) { case A /* c */ : void; };",
        "const A = F(2) >> 1 << X; struct s { opaque x<64>>2>; string a<>; int b<-1>; };",
        "};;}};",
        "struct s { int a; /* x */ /* y\n z */\n\n\n\n};",
        "struct s {\r\n  int a; /* x\r\n    y */\r\n};\r\n\x0c\r\n",
        "\u{feff}const A /* \t tab */ = 1; /* two\n\tlines */\n",
        "#define A \\\n  1\nconst B = A // c\n;\n",
        "case 1: default: switch enum { } ( [ <",
    ] {
        checked(text.as_bytes());
    }
}

#[test]
fn text_that_is_no_tokens_is_refused() {
    let mut sources = SourceMap::default();
    let file = sources.add("a.x", b"const A = $;".to_vec(), None);
    let mut diags = Diagnostics::default();
    assert_eq!(format(file, &sources, &mut diags), None);
    assert!(diags.find("E0001").is_some());
}

#[test]
#[allow(clippy::disallowed_methods)]
fn interfaces_of_the_system_keep_their_meaning() {
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
            .filter(|p| p.ends_with(".x"))
            .filter_map(|p| Some((p.clone(), std::fs::read(p).ok()?)))
            .collect();
        let shaped: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(p, t)| (p.clone(), checked(t).into_bytes()))
            .collect();
        for (path, _) in &files {
            let rust = |files: &[(String, Vec<u8>)]| {
                let output = compile(
                    &Options::default(),
                    &mut MapLoader::new(files.iter().cloned()),
                    path,
                );
                output.files.into_iter().map(|f| f.text).collect::<String>()
            };
            let before = rust(&files);
            assert!(!before.is_empty(), "{path}");
            assert!(
                before == rust(&shaped),
                "{path}: the generated Rust changed"
            );
        }
    }
}

#[test]
fn what_is_left_out_by_if_0_stays_as_it_is() {
    let text = "#if 0\nit's   dead\n#ifdef A\n  \"x\n#else\n#endif\n/* #endif */\n\n\n#else\nconst  A=1;\n#endif\n# if  0 // no\n\
                #elif 1\nconst B  =2;\n#endif\n#if 01\nconst C  =2;\n#endif\n#if 0\nthe 'end";
    let wanted = "#if 0\nit's   dead\n#ifdef A\n  \"x\n#else\n#endif\n/* #endif */\n\n#else\nconst A = 1;\n#endif\n# if  0 // no\n\
                  #elif 1\nconst B = 2;\n#endif\n#if 01\nconst C = 2;\n#endif\n#if 0\nthe 'end\n";
    assert_eq!(checked(text.as_bytes()), wanted);
}

/// White space and comments anywhere: the tokens stay, and the second time changes nothing.
#[test]
fn comments_anywhere_are_stable() {
    let tokens = "const A = - ( B + 2 ) << 1 ; enum e { X , Y = 2 } ; struct s { struct t * a ; opaque b < > ; } ; \
                  union u switch ( int d ) { case 1 : case C : int x [ 2 ] ; default : void ; } ; \
                  const B = A_VERY_LONG_NAME | ANOTHER_VERY_LONG_NAME + A_THIRD_VERY_LONG_NAME << A_FOURTH_VERY_LONG_NAME ; \
                  program P { version V { string F ( string < 3 > a , s * ) = 1 ; a_long_name_of_a_type A_LONG_PROCEDURE \
                  ( a_long_name_of_a_type a_long_name , another_type b , string < 7 > c , a_long_name_of_a_type * ) = 1 ; \
                  } = 1 ; } = 2 ;";
    let gaps = [
        " ",
        "  ",
        "\n",
        "\n\n\n",
        " /* c */ ",
        " /* c */\n",
        "\n/* c */\n",
        "\n  /* c\n d */ ",
        " // c\n",
        "\n\t// c\n",
        "\n%raw\n",
        "\n# 1\n",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..400 {
        let mut text = String::new();
        for token in tokens.split_whitespace() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let gap = if state.is_multiple_of(3) {
                gaps[(state >> 8) as usize % gaps.len()]
            } else {
                " "
            };
            // The halves of an operator stay together.
            let gap = if text.ends_with("<<") { " " } else { gap };
            text.push_str(token);
            text.push_str(gap);
        }
        checked(text.as_bytes());
    }
}

#[test]
fn comments_in_front_of_the_end_of_a_member_are_no_continuation() {
    for (text, expected) in [
        (
            "enum e{AB /* a */\n/* b */};",
            "enum e {\n    AB  /* a */\n    /* b */\n};\n",
        ),
        (
            "enum e{AB /* a */\n/* b */\n,C};",
            "enum e {\n    AB  /* a */\n    /* b */\n    ,\n    C\n};\n",
        ),
    ] {
        assert_eq!(checked(text.as_bytes()), expected);
    }
}

#[test]
fn what_means_something_by_its_line_is_left_alone() {
    let complaint = |text: &str| {
        let mut sources = SourceMap::default();
        let file = sources.add("a.x", text.into(), None);
        let mut diags = Diagnostics::default();
        let is_formatted = format(file, &sources, &mut diags).is_some();
        let shown = diags.render(&sources, crate::diag::Format::Short);
        assert_eq!(is_formatted, shown.is_empty(), "{shown}");
        shown
    };
    let shown = complaint("const A\n= __LINE__;");
    assert!(shown.starts_with("a.x:2:3: error[E0061]"), "{shown}");
    let shown = complaint("const A = 1;\n#define L (__LINE__+1)");
    assert!(shown.starts_with("a.x:2:1: error[E0061]"), "{shown}");
    // Where nothing computes with it.
    let text = "/* __LINE__ */ struct a { int MY__LINE__; }; const T = \"__LINE__\";\n%#x __LINE__";
    assert_eq!(complaint(text), "");
}

#[test]
fn uses_of_macros_keep_their_lines() {
    let text = "#define D(n) struct n { int a; };\n/* a */\nD(a)  /* behind */\nD(b) // b\n\nD(c) D(d)\nD(e);\nD (f\n)
const X = 1;\nD(g) struct s {int a;\nM(1)\n   int b; M(2)};D(h)\n";
    let expected = "\
#define D(n) struct n { int a; };
/* a */
D(a) /* behind */
D(b) // b

D(c) D(d)
D(e);
D(f)
const X = 1;
D(g) struct s {
    int a;
    M(1)
    int b;
    M(2)
};
D(h)
";
    assert_eq!(checked(text.as_bytes()), expected);
}

/// In no time: with a look back along the line for each of them it would be a quarter of an hour.
#[test]
fn a_line_may_have_any_number_of_comments() {
    let many = "/* a */ ".repeat(100_000);
    for text in [
        format!("struct s {{ int a;  // x\n{many} int b; }};\n"),
        format!("struct s {{ int {many} a;\n int b; }};\n"),
    ] {
        let once = formatted(text.as_bytes());
        assert!(once == formatted(&once));
        assert_eq!(content(&once), content(text.as_bytes()));
    }
}
