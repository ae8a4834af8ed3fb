//! Every generated type of every case against valid and hostile bytes (hostile inputs, number 60).
//!
//! The valid bytes are made from the resolved interface, by code that shares nothing with the codec. All their prefixes,
//! and the same with each bit flipped, decode to a value or to an error, never to a panic; what strict decoding takes is
//! encoded to the same bytes.

#![allow(
    clippy::pedantic,
    clippy::use_self,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    reason = "our own lints are not for generated code"
)]

#[rustfmt::skip]
mod generated;

use golden::random::Random;
use golden::wire::Wire;
use golden::{cases, compare, report};
use rpcgen_rs::ir::{Name, TypeKind};
use rpcgen_runtime::Bytes;
use std::fmt::Write as _;
use std::path::Path;

/// What the code of some cases refers to.
pub mod outside {
    use rpcgen_runtime::codegen::v1;
    use rpcgen_runtime::json;

    /// A point in time.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Stamp(pub u64);

    impl v1::Encode for Stamp {
        fn encode(&self, w: &mut v1::Writer) {
            self.0.encode(w);
        }
        fn encoded_len(&self) -> usize {
            8
        }
    }

    impl<'a> v1::Decode<'a> for Stamp {
        const MIN: usize = 8;
        fn decode(r: &mut v1::Reader<'a>) -> Result<Self, v1::DecodeError> {
            u64::decode(r).map(Self)
        }
    }

    impl json::Json for Stamp {
        fn write<S: json::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            self.0.write(s)
        }
        fn read<'de, D: json::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            u64::read(d).map(Self)
        }
    }
}

/// The runtime under another name.
pub mod runtime {
    pub use rpcgen_runtime::*;
}

/// Values of each type.
const SEEDS: u64 = 6;

fn rust(name: &Name) -> String {
    format!("{}{}", if name.raw { "r#" } else { "" }, name.rust)
}

/// The list of all types is generated, too: none can be forgotten.
#[test]
fn the_list_of_types_is_current() {
    let mut modules = String::new();
    let mut types = String::new();
    for case in cases() {
        let output = case.compile();
        let Ok(spec) = output.spec() else {
            continue;
        };
        let name = &case.name;
        let _ = writeln!(
            modules,
            "#[path = \"../../cases/{name}/out.rs\"]\npub mod {name};"
        );
        for (id, def) in spec.types.iter().enumerate() {
            let own = match def.kind {
                TypeKind::Alias(_) => case.options.newtype.selects(&def.name.x, None),
                TypeKind::Extern(_) => false,
                _ => true,
            };
            if own {
                let ty = rust(&def.name);
                let _ = writeln!(types, "    ({name:?}, {id}, probe::<{name}::{ty}>),");
            }
        }
    }
    let text = format!(
        "// @generated from the cases; UPDATE_GOLDEN=1 cargo test -p golden writes it.\n\
         //! The modules of all cases, and every type in them.\n\n\
         use golden::probe::{{Probe, probe}};\n\n{modules}\n\
         /// Case, index of the type, check.\n\
         pub const TYPES: &[(&str, usize, Probe)] = &[\n{types}];\n"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/types/generated.rs");
    let mut complaints = Vec::new();
    compare(&path, Some(&text), &mut complaints);
    report(&complaints);
}

#[test]
fn h060_every_prefix_and_every_bit_of_every_type() {
    let (mut valid, mut hostile, mut taken) = (0, 0, 0);
    for case in cases() {
        let output = case.compile();
        let Ok(spec) = output.spec() else {
            continue;
        };
        let of_case = generated::TYPES
            .iter()
            .filter(|(name, ..)| *name == case.name);
        for (_, id, probe) in of_case {
            let def = &spec.types[*id];
            let name = format!("{}: {}", case.name, def.name.x);
            for seed in 0..SEEDS {
                let mut wire = Wire::new(spec, seed);
                wire.definition(*id);
                if !wire.complete {
                    break;
                }
                let message = Bytes::from(wire.bytes);
                match probe(&message) {
                    Ok(true) => valid += 1,
                    Ok(false) => panic!("{name}: valid bytes are refused: {message:02x?}"),
                    Err(e) => panic!("{name}: {e}"),
                }
                for bytes in mangled(&message, seed) {
                    hostile += 1;
                    match probe(&bytes) {
                        Ok(strict) => taken += usize::from(strict),
                        Err(e) => panic!("{name}: {e}"),
                    }
                }
            }
        }
    }
    println!("{valid} valid messages, {hostile} hostile ones, {taken} of them decode strictly");
    assert!(valid > 500 && hostile > 100_000 && taken > 2_000);
}

/// All prefixes and all flips of one bit; of long messages a sample.
fn mangled(message: &Bytes, seed: u64) -> Vec<Bytes> {
    const LONG: usize = 400;
    let mut random = Random::new(seed);
    let flip = |bit: usize| {
        let mut bytes = message.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Bytes::from(bytes)
    };
    if message.len() <= LONG {
        let prefixes = (0..message.len()).map(|n| message.slice(..n));
        return prefixes.chain((0..message.len() * 8).map(flip)).collect();
    }
    let prefixes: Vec<_> = (0..100)
        .map(|_| message.slice(..random.below(message.len())))
        .collect();
    let flips = (0..400).map(|_| flip(random.below(message.len() * 8)));
    prefixes.into_iter().chain(flips).collect()
}
