//! Random well-formed values of every type of every interface encode the same by libtirpc's C filters, by xdr-codec and
//! by us; values with a length above its bound are refused by all three.
//!
//! The values are numbers (see `values`); each side puts them into its own types by their names.

use oracle::interfaces::{self, Interface, basic};
use oracle::types::{Entry, TYPES};
use oracle::values::{Seen, Value, draw, expected};
use oracle::{c, theirs};
use rpcgen_rs::ir::{Spec, Type, TypeId, TypeKind};
use rpcgen_runtime::{Bytes, Mode};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Well-formed values of each type; those above a bound come on top.
const VALUES: usize = 1000;
/// Bytes of encodings that are in memory at a time, about.
const AT_A_TIME: usize = 4 << 20;

fn folder() -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    let target = exe
        .ancestors()
        .nth(3)
        .expect("a test lies in target/PROFILE/deps");
    target.join("oracle-c")
}

/// What came out for one interface.
#[derive(Debug, Default)]
struct Tally {
    types: usize,
    /// Well-formed values, of each type [`VALUES`].
    values: usize,
    /// Values with a length above its bound.
    above: usize,
    /// Values of both kinds that C was given.
    by_c: usize,
}

fn compare(interface: &Interface, side: &c::Side) -> Tally {
    let spec = &interface.spec;
    let types: Vec<&Entry> = TYPES
        .iter()
        .filter(|t| t.module == interface.module)
        .collect();
    let (mut seen, mut tally) = (Seen::new(), Tally::default());
    for entry in types {
        let id = TypeId(entry.index as u32);
        let at = format!("{}.{}", interface.module, entry.x);
        assert_eq!(spec.def(id).name.x, entry.x);
        // A typedef that is a type of its own in Rust is none in C: a struct with a member of it stands for it.
        let in_c =
            !side.without.contains(&id.0) && !matches!(spec.def(id).kind, TypeKind::Alias(_));
        let step = AT_A_TIME / (entry.min + 1);
        let (mut numbers, mut well_formed) = (0.., 0);
        while well_formed < VALUES {
            let batch = numbers
                .by_ref()
                .take(step.clamp(1, VALUES - well_formed))
                .map(|number| draw(interface, id, number, &mut seen));
            let values: Vec<_> = batch.collect();
            let above = values.iter().filter(|value| value.above).count();
            tally.above += above;
            well_formed += values.len() - above;
            let encodings = ours_and_xdr_codecs(spec, entry, &at, &values);
            if !in_c {
                continue;
            }
            tally.by_c += values.len();
            let values: Vec<_> = values
                .into_iter()
                .map(|value| (id, value.numbers))
                .collect();
            let by_c = side.encode(&values);
            for ((c, ours), (_, numbers)) in by_c.iter().zip(&encodings).zip(&values) {
                assert_eq!(
                    c.as_deref(),
                    ours.as_deref(),
                    "{at} by libtirpc: {numbers:?}"
                );
            }
        }
        tally.types += 1;
        tally.values += well_formed;
    }
    let missing: Vec<_> = expected(spec).difference(&seen).copied().collect();
    assert!(
        missing.is_empty(),
        "{}: never drawn: {missing:?}",
        interface.module
    );
    tally
}

/// Encodes values by our codec and by xdr-codec, and decodes them again.
fn ours_and_xdr_codecs(
    spec: &Spec,
    entry: &Entry,
    at: &str,
    values: &[Value],
) -> Vec<Option<Bytes>> {
    let id = TypeId(entry.index as u32);
    let encode = |value: &Value| {
        let ours = (entry.encode)(&value.numbers);
        let theirs = theirs::encode(spec, id, &value.numbers);
        assert_eq!(ours.is_err(), value.above, "{at}: {:?}", value.numbers);
        assert_eq!(
            theirs.is_err(),
            value.above,
            "{at} by xdr-codec: {:?}",
            value.numbers
        );
        if let (Ok(ours), Ok(theirs)) = (&ours, theirs) {
            assert_eq!(ours[..], theirs, "{at} by xdr-codec: {:?}", value.numbers);
            let again = (entry.again)(ours, Mode::Strict).expect("decodes");
            assert_eq!(again.expect("encodes"), ours, "{at}");
        }
        ours.ok()
    };
    values.iter().map(encode).collect()
}

/// The forms of types in RFC 4506's grammar and rpcgen's, and the discriminants of unions, each drawn by some type.
const PRODUCTIONS: [&str; 37] = [
    "array",
    "bool",
    "bounded array",
    "bounded opaque",
    "bounded string",
    "by bool",
    "by char",
    "by enum",
    "by hyper",
    "by int",
    "by short",
    "by unsigned char",
    "by unsigned hyper",
    "by unsigned int",
    "by unsigned short",
    "char",
    "default",
    "double",
    "enum",
    "float",
    "hyper",
    "int",
    "linked list",
    "opaque",
    "opaque array",
    "optional",
    "quadruple",
    "short",
    "string",
    "struct",
    "typedef",
    "unbounded array",
    "unsigned char",
    "unsigned hyper",
    "unsigned int",
    "unsigned short",
    "void",
];

/// Those in an interface.
fn productions(spec: &Spec) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for def in &spec.types {
        let mut types: Vec<&Type> = Vec::new();
        match &def.kind {
            TypeKind::Struct(fields) => {
                all.insert(if def.layout.list.is_some() {
                    "linked list"
                } else {
                    "struct"
                });
                types.extend(fields.iter().map(|field| &field.ty));
            }
            TypeKind::Union(union) => {
                all.insert(discriminant(spec.resolve(&union.tag)));
                all.extend(union.default.as_ref().map(|_| "default"));
                for arm in union
                    .cases
                    .iter()
                    .map(|case| &case.arm)
                    .chain(&union.default)
                {
                    all.extend(arm.ty.is_none().then_some("void"));
                    types.extend(&arm.ty);
                }
            }
            TypeKind::Enum(_) => drop(all.insert("enum")),
            TypeKind::Alias(ty) => {
                all.insert("typedef");
                types.push(ty);
            }
            TypeKind::Extern(_) => {}
        }
        while let Some(ty) = types.pop() {
            if let Type::Array(inner, _) | Type::Vec(inner, _) | Type::Optional(inner) = ty {
                types.push(inner);
            }
            all.extend(form(ty));
        }
    }
    all
}

fn discriminant(tag: &Type) -> &'static str {
    match tag {
        Type::Bool => "by bool",
        Type::Char => "by char",
        Type::UChar => "by unsigned char",
        Type::Short => "by short",
        Type::UShort => "by unsigned short",
        Type::UInt => "by unsigned int",
        Type::Hyper => "by hyper",
        Type::UHyper => "by unsigned hyper",
        Type::Named(_) => "by enum",
        _ => "by int",
    }
}

fn form(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::OpaqueFixed(_) => "opaque array",
        Type::Opaque(u32::MAX) => "opaque",
        Type::Opaque(_) => "bounded opaque",
        Type::String(u32::MAX) => "string",
        Type::String(_) => "bounded string",
        Type::Array(..) => "array",
        Type::Vec(_, u32::MAX) => "unbounded array",
        Type::Vec(..) => "bounded array",
        Type::Optional(_) => "optional",
        other => return basic(other),
    })
}

/// Structs inside themselves by value, unions without a case, typedefs of a struct in front of it or in an array that it
/// points to, and what holds one: C has none of them.
const LACKING_IN_C: [&str; 20] = [
    "self_arm",
    "mutual",
    "default_only",
    "link",
    "chain",
    "node",
    "other",
    "only_default",
    "two",
    "pair",
    "trio",
    "trio_item",
    "maybe_trio",
    "either",
    "oracle_two",
    "oracle_trio",
    "oracle_maybe_trio",
    "self",
    "u2",
    "all",
];

#[test]
fn three_codecs_agree_on_every_type() {
    let interfaces = interfaces::all();
    let modules = |word: &str| {
        interfaces
            .iter()
            .filter(|i| i.module.starts_with(word))
            .count()
    };
    assert!(
        modules("corpus_") >= 28 && modules("interop_") == 3 && modules("golden_") >= 35,
        "our own files"
    );
    assert!(
        modules("system_") >= 17,
        "rpcsvc-proto's files (tests/run installs them)"
    );
    let (next, folder) = (AtomicUsize::new(0), folder());
    let work = || {
        let mut done = Vec::new();
        while let Some(interface) = interfaces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let side = c::build(interface, &folder);
            let tally = compare(interface, &side);
            done.push((interface, side, tally));
        }
        done
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads
            .into_iter()
            .flat_map(|t| t.join().expect("no failure"))
            .collect()
    });
    // Which thread took which interface is chance: put them back in order.
    done.sort_by(|(a, ..), (b, ..)| a.module.cmp(&b.module));
    let sum = |of: fn(&Tally) -> usize| done.iter().map(|(_, _, tally)| of(tally)).sum::<usize>();
    let all = done
        .iter()
        .flat_map(|(interface, ..)| productions(&interface.spec));
    let all: BTreeSet<&str> = all.collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), PRODUCTIONS);
    let originals = done.iter().filter(|(_, side, _)| side.original).count();
    let without: Vec<String> = done
        .iter()
        .flat_map(|(i, side, _)| {
            side.without
                .iter()
                .map(|id| &i.spec.types[*id as usize].name.x)
        })
        .cloned()
        .collect();
    assert_eq!(without, LACKING_IN_C);
    assert!(
        originals >= 25,
        "rpcgen takes most files as they stand: {originals}"
    );
    let [types, values, above, by_c] = [
        sum(|t| t.types),
        sum(|t| t.values),
        sum(|t| t.above),
        sum(|t| t.by_c),
    ];
    println!(
        "{} interfaces ({originals} as they stand), {types} types, {values} values and {above} above a bound, {by_c} of \
         them by C, too; C lacks {without:?}",
        done.len(),
    );
    assert_eq!((types, values), (TYPES.len(), VALUES * TYPES.len()));
}
