//! What each code of the later stages means: the text of `rpcgen-rs explain CODE`.

/// Explains a code, of whatever stage.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    let found = CODES.binary_search_by(|(known, _)| known.cmp(&code)).ok();
    found
        .map(|at| CODES[at].1)
        .or_else(|| crate::diag::explain(code))
}

/// Sorted by code.
const CODES: &[(&str, &str)] = &[
    ("E0201", "A type is used that neither this file nor a file it includes defines.

Types may be used before they are defined, and `%#include \"foo.h\"` finds the types of a `foo.x` beside the file. If
the type is written by hand in Rust, `--extern-type NAME=path::to::Type` says where; it must implement the runtime's
`Encode` and `Decode`."),
    ("E0202", "A value is used that nothing defines.

Bounds, numbers and case labels may name constants, members of enums, and programs, versions and procedures, in any
order. If the name is a macro of a C header, give its value with `-DNAME=VALUE`."),
    ("E0203", "Two labels of a union have the same value, so the second one could never be taken.

    union u switch (int i) { case 1: int a; case 1: int b; };

Values are compared after conversion to the type of the discriminant: for an `int` 0xffffffff is -1."),
    ("E0204", "Two definitions have the same name and differ. Repeating a definition word for word is allowed.

Namespaces keep nothing apart: on the wire and in C there are none, so the names of all of them are one file's."),
    ("E0205", "Two constants, or a constant and a member of an enum, have the same name and different values."),
    ("E0206", "`typedef foo foo;` or `typedef struct foo foo;` stands alone, so that `foo` is never defined.

Beside a definition of `struct foo` the line is allowed and means nothing."),
    ("E0207", "A union has more than one `default`."),
    ("E0208", "Two members of a struct or an enum, or two arguments of a procedure, have the same name."),
    ("E0209", "Two programs of a file, versions of a program or procedures of a version have the same name."),
    ("E0210", "Two versions of a program or procedures of a version have the same number: a call could mean either."),
    ("E0211", "The value of a constant or enum member depends on itself.

    const A = B;
    const B = A;"),
    ("E0212", "Typedefs refer to each other in a circle, so that none of them says what it is.

    typedef a b;
    typedef b a;"),
    ("E0213", "A type holds itself, directly or through others, and nothing can end it.

    struct node { int value; node next; };      (wrong)
    struct node { int value; node *next; };     (right: a list)

A union may hold itself in an arm if another arm ends it."),
    ("E0214", "The value of a constant does not fit into 64 bits."),
    ("E0215", "The value of an enum's member does not fit into 32 bits. 4294967295 is allowed and means -1, as in C."),
    ("E0216", "A bound or count is negative or does not fit into 32 bits. As in C, `<-1>` is allowed and means no bound."),
    ("E0217", "A program, version or procedure number is negative or does not fit into 32 bits."),
    ("E0218", "A constant expression has no value: it divides by zero, or a number in it does not fit into 127 bits."),
    ("E0219", "A string constant is used where a number is needed."),
    ("E0220", "The discriminant of a union has a type that cannot tell arms apart.

It must be an enum, `bool` or an integer, or a typedef of one. An enum that `--extern-type` says is elsewhere cannot be
one either: nothing is known of its values here."),
    ("E0221", "A label of a union is no member of the enum it discriminates by, so no valid message could carry it."),
    ("E0222", "A label of a union is outside the range of its discriminant's type."),
    ("E0230", "A name is a member of several enums, with different values, and the place does not say which is meant.

Members of the same enum, or of the enum a union discriminates by, come first."),
    ("E0231", "Every value of a type is larger than 4 GiB on the wire, so that no message can hold it."),
    ("E0232", "The elements of an array take no bytes on the wire.

A message of four bytes could claim four thousand million of them, and a fixed array demand as many of an empty message;
no decoder should believe that."),
    ("E0234", "A value of the type would take too much stack where it is decoded or returned.

Arrays of more than 4096 bytes are held on the heap and do not count; many nested structs do. A type that contains itself
(`*`, `<>`) has the lower limit, since its values lie on the stack many at a time."),
    ("E0240", "An option gives an item a name that is no Rust name."),
    ("E0241", "An option needs a Rust path."),
    (
        "E0250",
        "A `.json` file is not what `--emit json` writes. The message says where in it, and what was expected there.",
    ),
    ("E0401", "Items of one scope would have the same name in Rust, and keeping the spelling of the file does not help.

Give one of them another name: `.rename(\"foo\", \"Bar\")` or `--rename foo=Bar`."),
    ("W0211", "Two programs have the same number, and versions of the same number. A server can serve only one of them."),
    ("W0223", "A union over an enum or bool has neither an arm for each value nor a `default`.

A value without an arm can be neither sent nor received. `default: void;` accepts it."),
    ("W0224", "Two members of an enum have the same value.

On the wire they are one. In Rust the first is the variant and the second a constant equal to it."),
    ("W0225", "A procedure's only argument is a `string` with a bound. C ignores the bound there, and so does generated code,
in order to understand what C programs send. A typedef of the bounded string is enforced."),
    ("W0226", "A procedure's only argument is a pointer. C ignores the `*` there, and so does generated code.

A typedef of the pointer sends optional data."),
    ("W0227", "A version has the number 0, which tools often take for \"no version\"."),
    ("W0228", "Procedure 0 has arguments or a result. By convention it has neither: it only shows that a server answers."),
    ("W0233", "A union has no case, only a `default`."),
    ("W0235", "Types hold each other to a depth that rustc does not follow by default, whether they do so directly, in arrays or
behind pointers.

It says \"overflow while adding drop-check rules\" or \"queries overflow the depth limit\" where such a value is used. The
attribute in the message, at the top of `lib.rs` or `main.rs`, makes it go on."),
    ("W0242", "An option selects items by a pattern that matches none, or none of the kind that the option changes, or
strips a prefix that none has, so that it has no effect.

Patterns go by the names of the `.x` file: `nfsstat3` is a type, `READ3resok.data` a member of it, `NFSPROC3_READ.arg` an
argument, and `*` stands for any text. Members of enums have their enum's name in front, too: `color.RED`. An option for
enums wants the enum's own name, not that of a typedef of it. The pattern `*` is for whatever there is. Where several
files are compiled one by one with the same options, nothing is said: the pattern may be meant for another of them."),
    ("W0243", "A type that the interface does not define is taken for what C's headers make of its name.

C finds `time_t`, `uid_t` or `uint32` in a header of the system, and what `%#define NAME type` names in the header that
rpcgen writes; what travels is up to a function `xdr_NAME` that the interface does not show. The types of the system are
taken for what the RPC headers of old have for them: `time_t` and its like for 32 bits. If it is something else, write a
typedef into the interface, or give your own type with its own encoding: `--extern-type NAME=path::to::Type`."),
    ("W0244", "`typedef struct nothing name;` where nothing defines `struct nothing`, and nothing uses `name`.

C takes it for the declaration of a struct that some header may define. No value of it can be sent, so it is left out."),
    ("W0245", "Something is missing, and a file that may define it has errors of its own.

It is a file given beside this one, or the `foo.x` beside a `%#include \"foo.h\"`. What stands behind its errors cannot be
read; mend them first."),
    ("W0246", "Two numbers have one name: a program and its version, a constant and a procedure, a procedure in two versions.

C makes a `#define` of each, and the last one counts for all of them; of a procedure in several versions of a program it
makes only the first. So a C service of this interface has another number than the file says, which generated code has."),
    ("W0247", "`char *` is one char, or none. C programs that declare text so can't send it either: it is `string name<>`."),
    ("W0248", "A typedef makes a type of a name that the language has for one of its own.

`typedef int bool;` changes nothing: `bool x;` is the language's `bool`, four bytes that are 0 or 1. C's rpcgen refuses the
line."),
    ("W0401", "Items of one scope would have the same name in Rust, so all of them keep the spelling of the file.

`foo_bar` and `fooBar` would both be `FooBar`. Which of them keeps its spelling must not depend on their order, so both
do. Give one of them another name: `.rename(\"foo_bar\", \"FooBar2\")`."),
    ("W0402", "The prefix stripped from the members of an enum, or from the procedures of a program, depends on one of them.

If the file later gains or loses a member, the names of all others may change. The `strip_prefix` line in the message
pins them; `--no-notes` leaves such hints out."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn every_code_of_these_stages_is_explained() {
        let sources = [
            include_str!("cycles.rs"),
            include_str!("options.rs"),
            include_str!("programs.rs"),
            include_str!("selection.rs"),
            include_str!("sizes.rs"),
            include_str!("types.rs"),
            include_str!("../resolve/messages.rs"),
            include_str!("../names/scope.rs"),
            include_str!("../names/types.rs"),
            include_str!("../compile/defines.rs"),
            include_str!("../compile/read.rs"),
            include_str!("../compile/siblings.rs"),
        ];
        let quoted = sources.iter().flat_map(|text| text.split('"'));
        let is_code = |text: &&str| {
            text.len() == 5
                && text.starts_with(['E', 'W'])
                && text[1..].bytes().all(|byte| byte.is_ascii_digit())
        };
        // Those of the front end are explained there.
        let used = quoted.filter(is_code).filter(|code| &code[1..3] > "01");
        let used: std::collections::BTreeSet<&str> = used.collect();
        assert_eq!(used, CODES.iter().map(|(code, _)| *code).collect());
    }
}
