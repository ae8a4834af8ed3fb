use super::*;

fn lexed(text: &[u8]) -> (Vec<(Kind, String)>, Vec<String>, Diagnostics) {
    let mut diags = Diagnostics::default();
    let tokens = lex(text, &SpanMap::identity(Default::default()), &mut diags);
    let show =
        |lo: u32, hi: u32| String::from_utf8_lossy(&text[lo as usize..hi as usize]).into_owned();
    let trivia = tokens.trivia.iter().map(|t| show(t.lo, t.hi)).collect();
    let mut list: Vec<_> = tokens
        .tokens
        .iter()
        .map(|t| (t.kind, show(t.lo, t.hi)))
        .collect();
    assert_eq!(list.pop().map(|t| t.0), Some(Kind::End));
    (list, trivia, diags)
}

fn words(text: &[u8]) -> Vec<String> {
    let (tokens, _, diags) = lexed(text);
    assert!(diags.is_empty(), "{diags:?}");
    tokens.into_iter().map(|t| t.1).collect()
}

/// What is looked for behind a wrong byte ends at the next quote, not at the end of the line.
#[test]
fn h127_wrong_bytes_by_the_hundred_thousand_on_one_line() {
    for wrong in ["@ ", "'ab' ", "\u{201c}a\u{201d} "] {
        assert!(
            !lexed(wrong.repeat(300_000).as_bytes()).2.is_empty(),
            "{wrong}"
        );
    }
}

#[test]
fn tokens_of_every_kind() {
    let (tokens, trivia, diags) =
        lexed(b"const A_1=0x10; /* c */ \"s\" 'x' u64<-1>// e\n  %raw \\\nmore\n*");
    assert!(diags.is_empty());
    let kinds: Vec<Kind> = tokens.iter().map(|t| t.0).collect();
    use Kind::{Char, Ident, Number, Punct, Str};
    assert_eq!(
        kinds,
        [
            Kind::Keyword(Keyword::Const),
            Ident,
            Punct(b'='),
            Number,
            Punct(b';'),
            Str,
            Char,
            Ident,
            Punct(b'<'),
            Punct(b'-'),
            Number,
            Punct(b'>'),
            Punct(b'*')
        ]
    );
    assert_eq!(trivia, ["/* c */", "// e", "%raw \\\nmore"]);
}

#[test]
fn line_ends_form_feeds_and_latin1_comments() {
    assert_eq!(
        words(b"a\r\n\x0cb\x0b /* caf\xe9 */ c\\\n d\r"),
        ["a", "b", "c", "d"]
    );
}

#[test]
fn percent_is_an_operator_inside_a_line_and_raw_at_its_start() {
    let (tokens, trivia, _) = lexed(b"a % b\n /* c */ % raw");
    assert_eq!(tokens.len(), 3);
    assert_eq!(trivia, ["/* c */", "% raw"]);
}

#[test]
fn h126_unclosed_comment_and_string_point_at_their_opening() {
    for (text, code, at) in [
        (&b"a /* b\n c"[..], "E0003", 2),
        (b"x /*/", "E0003", 2),
        (b"x \"abc\n; y", "E0004", 2),
        (b"x 'ab'; y", "E0005", 2),
        (b"x ''; y", "E0005", 2),
        (b"x '\\n'; y", "E0005", 2),
    ] {
        let (_, _, diags) = lexed(text);
        let found = diags
            .find(code)
            .unwrap_or_else(|| panic!("{code} for {text:?}: {diags:?}"));
        assert_eq!(found.span().map(|s| s.lo), Some(at));
        assert_eq!(diags.iter().count(), 1);
    }
    assert_eq!(words(b"/* /* */ a /**/ b /***/"), ["a", "b"]);
}

#[test]
fn h143_bytes_outside_comments_are_errors_with_their_offset() {
    for (text, offset, shown) in [
        (&b"int \xc3\xa9t\xc3\xa9;"[..], 4, "\\xc3"),
        (b"int a\0b;", 5, "\\x00"),
        (b"int a;\x1a", 6, "\\x1a"),
        (b"int $a;", 4, "$"),
        (b"int a@b;", 5, "@"),
        (b"int a; #x", 7, "#"),
    ] {
        let (_, _, diags) = lexed(text);
        let found = diags.find("E0001").expect("reported");
        assert_eq!(found.span().map(|s| s.lo), Some(offset));
        assert!(
            found.message.contains(shown) && found.message.contains(&format!("offset {offset}")),
            "{found:?}"
        );
    }
    let (tokens, _, diags) = lexed(b"int a;\rint b;\rint c;");
    assert_eq!((diags.iter().count(), tokens.len()), (1, 9));
    assert_eq!(
        diags.find("E0002").and_then(Diagnostic::span).map(|s| s.lo),
        Some(6)
    );
}

#[test]
fn h148_bidi_controls_are_refused() {
    for text in ["/* \u{202e} */", "// \u{2066}", "\"\u{202d}\""] {
        let (_, _, diags) = lexed(text.as_bytes());
        assert!(diags.find("E0006").is_some(), "{text:?}");
    }
}

#[test]
fn directives_are_trivia_of_raw_text_only() {
    let text = b"#define A \\\n 1 /* x\n y */ + 2\nint";
    let mut diags = Diagnostics::default();
    let raw = lex_raw(text, &SpanMap::identity(Default::default()), &mut diags);
    assert_eq!(
        raw.trivia,
        [Trivia {
            kind: TriviaKind::Directive,
            lo: 0,
            hi: 29,
            before: 0
        }]
    );
    assert_eq!(raw.tokens.len(), 2);
    assert!(diags.is_empty());
    assert!(lexed(b"#x").2.has_errors());
}
