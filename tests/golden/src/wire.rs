//! Random valid encodings of a type, written from the resolved interface alone: no line of the codec takes part.

use crate::random::Random;
use rpcgen_rs::ir::{Chain, Spec, Type, TypeId, TypeKind, Union};

/// Writes random values.
#[derive(Debug)]
pub struct Wire<'a> {
    spec: &'a Spec,
    random: Random,
    /// Values may still be nested this deep.
    depth: u32,
    /// Nothing refers to a type that lives elsewhere.
    pub complete: bool,
    /// The bytes so far.
    pub bytes: Vec<u8>,
}

/// The boundary values of 64 bits; those of fewer are their low bits.
const BOUNDARIES: [u64; 6] = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, 0x8000_0000];

impl<'a> Wire<'a> {
    /// A writer for types of this interface.
    pub fn new(spec: &'a Spec, seed: u64) -> Self {
        Self {
            spec,
            random: Random::new(seed),
            depth: 12,
            complete: true,
            bytes: Vec::new(),
        }
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_be_bytes());
    }

    fn number(&mut self) -> u64 {
        match self.random.one_in(3) {
            true => *self.random.pick(&BOUNDARIES),
            false => self.random.bits(),
        }
    }

    /// Bytes and their padding.
    fn data(&mut self, length: usize) {
        for _ in 0..length {
            // Text, so that a strict `String` takes it.
            let letter = self.random.below(94);
            self.bytes.push(32 + u8::try_from(letter).unwrap_or(0));
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A length within a bound, at the bound now and then.
    fn length(&mut self, max: u32, usual: u32) -> u32 {
        match self.random.below(4) {
            0 if max <= 300 => max,
            1 => 0,
            _ => {
                let most = usize::try_from(max.min(usual)).unwrap_or(0);
                u32::try_from(self.random.below(most + 1)).unwrap_or(0)
            }
        }
    }

    fn count(&mut self, max: u32) -> u32 {
        if self.depth == 0 {
            return 0;
        }
        self.length(max.min(4), 3)
    }

    /// Writes a random value of the type with this index.
    pub fn definition(&mut self, index: usize) {
        self.named(TypeId(u32::try_from(index).unwrap_or(0)));
    }

    /// Writes a random value.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the low bits are what is wanted"
    )]
    pub fn value(&mut self, ty: &Type) {
        let number = self.number();
        match ty {
            Type::Bool => self.word((number & 1) as u32),
            Type::Char => self.word(i32::from(number as i8) as u32),
            Type::UChar => self.word(u32::from(number as u8)),
            Type::Short => self.word(i32::from(number as i16) as u32),
            Type::UShort => self.word(u32::from(number as u16)),
            Type::Int | Type::UInt | Type::Float => self.word(number as u32),
            Type::Hyper | Type::UHyper | Type::Double => self.bytes.extend(number.to_be_bytes()),
            Type::Quadruple => {
                self.bytes.extend(number.to_be_bytes());
                let low = self.random.bits();
                self.bytes.extend(low.to_be_bytes());
            }
            Type::OpaqueFixed(n) => self.data(usize::try_from(*n).unwrap_or(0)),
            Type::Opaque(max) | Type::String(max) => {
                let length = self.length(*max, 70);
                self.word(length);
                self.data(length as usize);
            }
            Type::Array(element, n) => (0..*n).for_each(|_| self.value(element)),
            Type::Vec(element, max) => {
                let count = self.count(*max);
                self.word(count);
                (0..count).for_each(|_| self.nested(element));
            }
            Type::Optional(target) => self.optional(target),
            Type::Named(id) => self.named(*id),
        }
    }

    fn nested(&mut self, ty: &Type) {
        self.depth = self.depth.saturating_sub(1);
        self.value(ty);
        self.depth += 1;
    }

    fn optional(&mut self, target: &Type) {
        if let Type::Named(id) = self.spec.resolve(target)
            && self.spec.def(*id).layout.list == Some(Chain::List)
        {
            for _ in 0..self.count(u32::MAX) {
                self.word(1);
                self.nested(target);
            }
            return self.word(0);
        }
        let there = self.depth > 0 && !self.random.one_in(3);
        self.word(u32::from(there));
        if there {
            self.nested(target);
        }
    }

    fn named(&mut self, id: TypeId) {
        let def = self.spec.def(id);
        match &def.kind {
            TypeKind::Struct(fields) => {
                let list = def.layout.list.is_some();
                let fields = &fields[..fields.len() - usize::from(list)];
                fields.iter().for_each(|field| self.value(&field.ty));
                // A list writes itself what comes behind its elements.
                if def.layout.list == Some(Chain::Linked) {
                    self.optional(&Type::Named(id));
                }
            }
            TypeKind::Union(union) => self.union(union),
            TypeKind::Enum(members) => {
                let value = self.random.pick(members).value;
                self.bytes.extend(value.to_be_bytes());
            }
            TypeKind::Alias(target) => self.value(target),
            TypeKind::Extern(_) => self.complete = false,
        }
    }

    fn union(&mut self, union: &Union) {
        let tag = self.spec.resolve(&union.tag);
        let pick = self
            .random
            .below(union.cases.len() + usize::from(union.default.is_some()));
        let (value, arm) = match union.cases.get(pick) {
            Some(case) => (case.value, &case.arm),
            None => match (&union.default, self.unlisted(union, tag)) {
                (Some(arm), Some(value)) => (value, arm),
                _ => (union.cases[0].value, &union.cases[0].arm),
            },
        };
        match tag {
            Type::Hyper | Type::UHyper => self.bytes.extend(value.to_be_bytes()),
            _ => {
                let [_, _, _, _, low @ ..] = value.to_be_bytes();
                self.bytes.extend(low);
            }
        }
        if let Some(ty) = &arm.ty {
            self.nested(ty);
        }
    }

    /// A value of the discriminant that has no arm.
    fn unlisted(&mut self, union: &Union, tag: &Type) -> Option<i64> {
        let candidates: Vec<i64> = match tag {
            Type::Bool => vec![0, 1],
            Type::Named(id) => match &self.spec.def(*id).kind {
                TypeKind::Enum(members) => members.iter().map(|m| i64::from(m.value)).collect(),
                _ => Vec::new(),
            },
            _ => (0..100)
                .map(|_| self.random.below(100))
                .map(|n| i64::try_from(n).unwrap_or(0))
                .collect(),
        };
        let free = |value: &i64| union.cases.iter().all(|case| case.value != *value);
        candidates.into_iter().find(free)
    }
}
