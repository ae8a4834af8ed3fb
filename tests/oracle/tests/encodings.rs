//! Random well-formed values of every type of every interface encode the same by libtirpc's C filters, by xdr-codec and
//! by us; values with a length above its bound are refused by all three.
//!
//! The values are numbers (see `values`); each side puts them into its own types by their names.

use oracle::interfaces::{self, Interface};
use oracle::types::{Entry, TYPES};
use oracle::values::{Seen, draw, expected};
use oracle::{c, theirs};
use rpcgen_rs::ir::{Spec, Type, TypeId, TypeKind};
use rpcgen_runtime::Mode;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Values of each type.
const VALUES: u64 = 1000;
/// Values of types whose smallest encoding has more than 64 KiB: the bytes count for them.
const HUGE: u64 = 10;

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
    values: usize,
    by_c: usize,
    above: usize,
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
        let count = if entry.min > 64 << 10 { HUGE } else { VALUES };
        let values: Vec<_> = (0..count).map(|n| draw(spec, id, n, &mut seen)).collect();
        let mut encodings = Vec::new();
        for value in &values {
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
            encodings.push(ours.ok());
        }
        tally.types += 1;
        tally.values += values.len();
        tally.above += values.iter().filter(|value| value.above).count();
        if side.without.contains(&id.0) {
            continue;
        }
        let values: Vec<_> = values
            .into_iter()
            .map(|value| (id, value.numbers))
            .collect();
        for ((c, ours), (_, numbers)) in side.encode(&values).iter().zip(&encodings).zip(&values) {
            assert_eq!(
                c.as_deref(),
                ours.as_deref(),
                "{at} by libtirpc: {numbers:?}"
            );
        }
        tally.by_c += values.len();
    }
    let missing: Vec<_> = expected(spec).difference(&seen).copied().collect();
    assert!(
        missing.is_empty(),
        "{}: never drawn: {missing:?}",
        interface.module
    );
    tally
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
        Type::Bool => "bool",
        Type::Char => "char",
        Type::UChar => "unsigned char",
        Type::Short => "short",
        Type::UShort => "unsigned short",
        Type::Int => "int",
        Type::UInt => "unsigned int",
        Type::Hyper => "hyper",
        Type::UHyper => "unsigned hyper",
        Type::Float => "float",
        Type::Double => "double",
        Type::Quadruple => "quadruple",
        Type::OpaqueFixed(_) => "opaque array",
        Type::Opaque(u32::MAX) => "opaque",
        Type::Opaque(_) => "bounded opaque",
        Type::String(u32::MAX) => "string",
        Type::String(_) => "bounded string",
        Type::Array(..) => "array",
        Type::Vec(_, u32::MAX) => "unbounded array",
        Type::Vec(..) => "bounded array",
        Type::Optional(_) => "optional",
        Type::Named(_) => return None,
    })
}

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
        modules("corpus_") >= 28 && modules("interop_") == 3,
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
    // Structs inside themselves by value, and a union without a case: C has neither.
    assert_eq!(without, ["self_arm", "mutual", "default_only"]);
    assert!(
        originals >= 25,
        "rpcgen takes most files as they stand: {originals}"
    );
    println!(
        "{} interfaces ({originals} as they stand), {} types, {} values, {} of them by C, {} above a bound; C lacks {without:?}",
        done.len(),
        sum(|t| t.types),
        sum(|t| t.values),
        sum(|t| t.by_c),
        sum(|t| t.above),
    );
}
