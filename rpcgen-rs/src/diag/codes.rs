//! What each code of the front end means: the text of `rpcgen-rs explain CODE`.
//!
//! `E00xx`/`W00xx` come from the lexer and the preprocessor, `E01xx` from the parser, `W03xx` say that another dialect
//! would refuse something. The codes of the later stages are explained beside their rules, in `check`.

/// Explains a code of the front end.
pub fn explain(code: &str) -> Option<&'static str> {
    if crate::dialect::is_lint(code) {
        return Some(DIALECT);
    }
    let found = CODES.binary_search_by(|(known, _)| known.cmp(&code)).ok()?;
    CODES.get(found).map(|(_, text)| *text)
}

const DIALECT: &str = "Another dialect of the language does not accept this.

The warning comes with `--strict-rpcgen` (rpcgen 1.4, as on Linux) or `--strict-rfc` (RFC 4506 and RFC 5531) only. This
compiler reads the union of all dialects that are in use: unless the file has to stay readable for other tools, nothing
needs to change.";

/// Sorted by code.
#[rustfmt::skip]
const CODES: &[(&str, &str)] = &[
    ("E0000", "What is wrong is not the text of the input: arguments do not fit together, a file cannot be read or written, or
output is stale; or, as a warning, what an option of rpcgen's means here. Only `--message-format json` shows this code."),
    ("E0001", "A byte stands in the file that is no part of the language.

Outside of comments a `.x` file is ASCII: names, numbers, `{ } ( ) [ ] < > ; : , = *` and the operators of expressions.
Letters like `é`, NUL bytes, the `^Z` that ends old DOS files, and `#` inside a line are refused. Comments may hold any
bytes, in any encoding."),
    ("E0002", "A carriage return stands alone.

Lines end with LF or CR LF. The file may come from a system that ends lines with CR; convert it."),
    ("E0003", "A comment begins here and never ends.

Comments do not nest: `/* a /* b */` is one comment. `/*/` opens a comment and does not close it."),
    ("E0004", "A string has no closing `\"` on its line.

Strings have no escapes and do not go over a line end."),
    ("E0005", "A character constant is one byte between two `'`.

There are no escapes: `'\\n'` is no character constant, write the number 10."),
    ("E0006", "A comment or string holds a character that changes the direction of text.

Such characters (U+202A to U+202E, U+2066 to U+2069 and marks) make a file look different from what it says, and
comments become documentation of the generated code. Remove the character."),
    ("E0007", "The file is UTF-16. Save it as ASCII, Latin-1 or UTF-8."),
    ("E0008", "A number is written in a way that is no number.

Numbers are decimal (10), hexadecimal (0x1f) or, when they begin with 0, octal (0777 is 511, as in C), up to 64 bits. A
suffix of `u` and `l` is ignored. Fractions, `_` between digits, and 8 or 9 in an octal number are refused."),
    ("E0050", "The input file could not be read. The exit status is 3."),
    ("E0051", "A preprocessor directive is unknown or wrong.

Known are include, define, undef, if, ifdef, ifndef, elif, else, endif, error, warning, line, pragma and ident (both
ignored), and `# 12 \"file\"`. A line that begins with `#` is always a directive."),
    ("E0052", "A conditional of the preprocessor is not complete, or an `#else`, `#elif` or `#endif` belongs to none.

Each file closes the conditionals that it opens."),
    ("E0053", "`#include` goes round in a circle, too deep, or too often, or too many other files are needed.

A file that may be included by files that it includes itself needs a guard:

    #ifndef FOO_X
    #define FOO_X
    ...
    #endif"),
    ("E0054", "An included file could not be read.

`#include \"foo.x\"` looks beside the including file, then in the folders given by `--include`. Only files below these
folders and those of the input files are read, and only regular files. For `foo.h` a `foo.x` at the same place will do."),
    ("E0055", "A macro with parameters is used wrongly: its `)` is missing, or it has another number of arguments."),
    ("E0056", "Macros expand to more text than allowed, or nest too deeply.

What macros produce is limited, so that a few lines cannot become gigabytes."),
    ("E0057", "A definition on the command line is wrong.

`-DNAME`, `-DNAME=VALUE` and `-D'NAME(a)=VALUE'` are possible."),
    ("E0058", "The text with everything that it includes, or with the other files that it needs, is larger than the limit.

`--max-input` sets another one."),
    ("E0060", "The file says `#error`: it does not want to be compiled with these definitions."),
    ("E0061", "`fmt` leaves a file alone that says `__LINE__`: on another line it would mean another number."),
    ("E0101", "Something else should stand here.

The message tells what the grammar allows at this place, and the definition that was being read. Frequent causes are a
missing `;` behind a member or a `}`, and several names in one declaration."),
    ("E0103", "A `}` closes nothing."),
    ("E0104", "A `{` is never closed.

The message points at the `{`. If a definition begins further down that cannot stand inside this one, it is pointed at,
too: the `}` is probably missing before it."),
    ("E0105", "Types, namespaces or parentheses are nested more deeply than the limit."),
    ("E0106", "A name is longer than the limit."),
    ("E0107", "An expression has more operations in a row than the limit."),
    ("E0108", "There are more definitions, or more members in one of them, than the limit.

Output takes memory for each of them; the limits keep it below 1 GiB. They are far beyond any interface that people wrote:
raise them by `--max-items` and `--max-members` if yours was generated."),
    ("E0110", "`void` stands where a type with values is needed.

`void` is the content of a union's arm that has none, the result of a procedure that returns nothing, and the whole
argument list of a procedure without arguments."),
    ("E0111", "Braces are empty that need at least one member."),
    ("E0112", "`string` and `opaque` need brackets.

    string name<>;        any length
    string name<255>;     at most 255 bytes
    opaque handle[32];    exactly 32 bytes
    opaque data<1024>;    at most 1024 bytes

An optional string, or an array of strings, needs a name for the string:

    typedef string text<>;
    struct s { text *maybe; text list<10>; };"),
    ("E0113", "A declaration declares several names. Unlike in C, each member has a declaration of its own:

    int a;
    int b;"),
    ("E0114", "Declarators are combined in a way that the language does not have.

Arrays have one dimension, and optional data (`*`) cannot be an array at the same time. A typedef for the inner type
helps:

    typedef int row<10>;
    struct s { row table<20>; };"),
    ("E0115", "An argument or result needs a type with a name.

Pointers and arrays as results, and types that are defined in place, are given a name by `typedef` or `struct` before
the program."),
    ("E0116", "C's `long long` is not a type of this language: 64 bits are `hyper`, with or without `unsigned`. (A `long` has 32
bits on the wire, whatever it has in C.)"),
    ("W0060", "The file says `#warning`."),
    ("W0061", "A macro gets another definition than before. The later one holds from there on."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The stages whose codes are explained here.
    const STAGES: [&str; 15] = [
        include_str!("../cli.rs"),
        include_str!("../lex.rs"),
        include_str!("../lex/number.rs"),
        include_str!("../preprocess.rs"),
        include_str!("../preprocess/directive.rs"),
        include_str!("../preprocess/include.rs"),
        include_str!("../parse.rs"),
        include_str!("../parse/decl.rs"),
        include_str!("../parse/expr.rs"),
        include_str!("../parse/program.rs"),
        include_str!("../parse/recover.rs"),
        include_str!("../parse/specifier.rs"),
        include_str!("../parse/types.rs"),
        include_str!("../dialect.rs"),
        include_str!("../emit/x.rs"),
    ];

    #[test]
    fn every_code_is_explained_and_used() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let is_code = |s: &str| {
            s.len() == 5 && s.starts_with(['E', 'W']) && s[1..].bytes().all(|b| b.is_ascii_digit())
        };
        let used: Vec<&str> = STAGES
            .iter()
            .flat_map(|text| text.split('"'))
            .filter(|word| is_code(word))
            .collect();
        for code in &used {
            assert!(explain(code).is_some(), "{code} is not explained");
        }
        for (code, _) in CODES {
            assert!(used.contains(code), "{code} is not used");
        }
        assert_eq!(explain("W0399"), None);
        assert_eq!(explain("E0999"), None);
    }
}
