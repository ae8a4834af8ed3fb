use super::{Pointer, pointer};
use crate::ir::{Chain, Layout, Spec, Type, TypeId, TypeKind};
use crate::options::{Formats, Options};
use crate::testing::{def, spec, spec_with};

fn layout(text: &str, x: &str) -> Layout {
    def(&spec(text), x).layout.clone()
}

fn boxed(spec: &Spec, x: &str) -> Vec<bool> {
    let TypeKind::Union(union) = &def(spec, x).kind else {
        panic!("{x} is no union")
    };
    union
        .cases
        .iter()
        .map(|case| &case.arm)
        .chain(&union.default)
        .map(|arm| arm.boxed)
        .collect()
}

#[test]
fn a_struct_used_only_through_its_pointer_is_a_list() {
    let text = "struct entry { int id; entry *next; }; struct dir { entry *entries; bool eof; };";
    let spec = spec(text);
    let entry = &def(&spec, "entry").layout;
    assert_eq!(entry.list, Some(Chain::List));
    assert!(!entry.recursive);
    assert_eq!(
        (entry.min, entry.max, entry.fixed),
        (4, Some(4), Some(4)),
        "without its pointer"
    );
    let dir = &def(&spec, "dir").layout;
    assert_eq!((dir.min, dir.max), (8, None));
}

#[test]
fn a_typedef_of_the_pointer_makes_a_list() {
    let text = "typedef struct mountbody *mountlist; struct mountbody { int a; mountlist next; };";
    assert_eq!(layout(text, "mountbody").list, Some(Chain::List));
}

#[test]
fn a_bool_union_as_pointer_makes_a_list() {
    let text = "union more switch (bool b) { case TRUE: node item; case FALSE: void; }; struct node { int a; more next; };";
    let spec = spec(text);
    assert_eq!(def(&spec, "node").layout.list, Some(Chain::List));
    let TypeKind::Alias(Type::Optional(node)) = &def(&spec, "more").kind else {
        panic!()
    };
    assert_eq!(pointer(&spec, node), Pointer::List);
}

#[test]
fn a_list_node_used_by_value_stays_linked() {
    for user in [
        "struct user { node first; };",
        "struct user { node all<>; };",
        "typedef node user;",
    ] {
        let text = format!("struct node {{ int a; node *next; }}; {user}");
        let node = layout(&text, "node");
        assert_eq!(
            (node.list, node.recursive, node.min, node.max),
            (Some(Chain::Linked), false, 8, None),
            "{user}"
        );
    }
    let text = "struct node { int a; node *next; }; program P { version V { node F(void) = 1; } = 1; } = 9;";
    assert_eq!(layout(text, "node").list, Some(Chain::Linked));
}

#[test]
fn a_tree_is_no_list() {
    let text = "struct tree { int v; tree *left; tree *right; };";
    let tree = layout(text, "tree");
    assert_eq!(
        (tree.list, tree.recursive, tree.min, tree.max),
        (None, true, 12, None)
    );
    let text = "struct a { b *x; a *next; }; struct b { a *y; b *next; };";
    assert!(layout(text, "a").list.is_none() && layout(text, "b").list.is_none());
}

#[test]
fn h134_recursion_through_pointers_and_arrays_is_marked() {
    let text =
        "struct node { node kids<>; }; union u switch (int t) { case 0: void; case 1: u *x; };";
    assert!(layout(text, "node").recursive && layout(text, "u").recursive);
    let spec = spec("struct t { t *l; t *r; }; struct user { t *root; int *n; };");
    let TypeKind::Struct(fields) = &def(&spec, "user").kind else {
        panic!()
    };
    let pointers: Vec<Pointer> = fields
        .iter()
        .filter_map(|field| match &field.ty {
            Type::Optional(to) => Some(pointer(&spec, to)),
            _ => None,
        })
        .collect();
    assert_eq!(pointers, [Pointer::Boxed, Pointer::Plain]);
}

#[test]
fn an_arm_that_holds_its_union_is_boxed() {
    let spec = spec(
        "union u switch (int t) { case 0: void; case 1: s x; case 2: u *y; default: int z; }; struct s { u inner; };",
    );
    assert_eq!(boxed(&spec, "u"), [false, true, false, false]);
    assert!(def(&spec, "u").layout.recursive && def(&spec, "s").layout.recursive);
}

#[test]
fn sizes_count_padding_and_bounds() {
    let text = "struct s { opaque a[5]; string b<7>; unsigned hyper c; short d[3]; bool e<2>; };";
    let s = layout(text, "s");
    assert_eq!(
        (s.min, s.max, s.fixed),
        (8 + 4 + 8 + 12 + 4, Some(8 + 12 + 8 + 12 + 12), None)
    );
    let text = "enum e { A = 0 }; struct f { e x; double y; quadruple z; opaque o[3]; };";
    assert_eq!(layout(text, "f").fixed, Some(4 + 8 + 16 + 4));
    let text = "union u switch (hyper h) { case 1: int a; default: opaque b[8]; };";
    assert_eq!(
        (
            layout(text, "u").min,
            layout(text, "u").max,
            layout(text, "u").fixed
        ),
        (12, Some(16), None)
    );
}

#[test]
fn h153_exponential_sizes_saturate() {
    let mut text = String::from("struct t0 { hyper a; hyper b; };");
    for n in 1..=60 {
        text += &format!("struct t{n} {{ t{} a; t{} b; }};", n - 1, n - 1);
    }
    let found = crate::testing::codes(&text);
    assert!(
        !found.is_empty() && found.iter().all(|code| matches!(*code, "E0231" | "E0234")),
        "{found:?}"
    );
    // Behind pointers the same graph is legal: each value is as large as its sender makes it.
    let legal = text
        .replace(" a; t", " *a; t")
        .replace(" b; };", " *b; };")
        .replace("hyper *b", "hyper b");
    let last = layout(&legal, "t60");
    assert_eq!((last.min, last.max), (8, None));
}

#[test]
fn h046_a_large_arm_in_an_array_is_boxed() {
    let text = "struct big { hyper a[32]; }; union u switch (bool b) { case TRUE: big x; case FALSE: void; };";
    let in_array = spec(&format!("{text} struct s {{ u all<>; }};"));
    assert_eq!(boxed(&in_array, "u"), [true, false]);
    assert!(
        def(&in_array, "s").layout.ratio <= 16,
        "{:?}",
        def(&in_array, "s").layout
    );
    // As a result on its own it costs nothing to hold it inline.
    assert_eq!(boxed(&spec(text), "u"), [false, false]);
}

#[test]
fn the_ratio_is_that_of_the_worst_unit() {
    // 32 bytes of string for a count of 0 in four bytes, twice.
    let text = "struct pair { string a<>; string b<>; }; struct s { pair all<>; };";
    assert_eq!(layout(text, "s").ratio, 16);
    let text =
        "struct one { int *a; int *b; int *c; }; typedef one ones[3]; struct s { ones all<>; };";
    assert_eq!(layout(text, "s").ratio, 16);
    // An optional struct, absent: four bytes on the wire, and all its bytes in Rust unless it is large.
    let text = "struct big { hyper a[60]; }; struct e { big *maybe; }; struct s { e all<>; };";
    assert_eq!(layout(text, "s").ratio, 16);
    let text = "struct big { hyper a[30]; }; struct e { big *maybe; }; struct s { e all<>; };";
    assert_eq!(layout(text, "s").ratio, 62, "248 bytes for four");
    let spec = spec(
        "struct big { hyper a[60]; }; struct small { hyper a[30]; }; struct e { big *a; small *b; };",
    );
    let to = |x: &str| {
        spec.types
            .iter()
            .position(|def| def.name.x == x)
            .map(|at| Type::Named(TypeId(at as u32)))
            .unwrap()
    };
    assert_eq!(
        [pointer(&spec, &to("big")), pointer(&spec, &to("small"))],
        [Pointer::Boxed, Pointer::Plain]
    );
}

#[test]
fn derives_follow_the_contents() {
    let text = "struct f { float x; }; struct g { f *p; }; struct h { g all<>; int a; }; struct i { int a; };";
    let eq = |x: &str| layout(text, x).eq;
    assert_eq!(
        [eq("f"), eq("g"), eq("h"), eq("i")],
        [false, false, false, true]
    );

    let text = "enum zero { A = 0 }; enum one { B = 1 }; struct z { zero a; one *b; }; struct o { one a; };
                union u switch (one k) { case B: int x; }; union v switch (int k) { case 0: one x; default: void; };
                union w switch (int k) { case 1: one x; default: zero y; }; union r switch (int k) { case 0: r x; default: void; };
                struct n { one none[0]; };";
    let default = |x: &str| layout(text, x).default;
    assert!(default("zero") && default("z") && default("w") && default("n"));
    assert!(!default("one") && !default("o") && !default("u") && !default("v") && !default("r"));

    let text = "struct c { int a[3]; opaque b[8]; }; struct d { c x; string s<>; }; typedef c cc; struct big { opaque x[5000]; };";
    let copy = |x: &str| layout(text, x).copy;
    assert_eq!(
        [copy("c"), copy("d"), copy("cc"), copy("big")],
        [true, false, true, false]
    );
}

#[test]
fn long_chains_of_types_cost_no_stack() {
    let mut text = String::from("struct t0 { int a; };");
    for n in 1..20_000 {
        text += &format!("struct t{n} {{ t{} *a; }};", n - 1);
    }
    for n in 0..20_000 {
        text += &format!(
            "typedef {} a{n};",
            if n == 0 {
                String::from("t19999")
            } else {
                format!("a{}", n - 1)
            }
        );
    }
    // Without a back end: this is about the stages up to here.
    let options = Options::default().emit(Formats {
        rust: false,
        json: false,
    });
    let run = move || spec_with(&options, &text).types.len();
    let thread = std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(run)
        .unwrap();
    assert_eq!(thread.join().unwrap(), 40_000);
}
