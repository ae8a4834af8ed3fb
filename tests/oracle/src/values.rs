//! Type and number of a value → the numbers that the value is made of: boundaries first, then at random.
//!
//! One number for each scalar; in front of an array, string or opaque data of either kind its length, in front of
//! optional data 1 or 0, in front of a union's arm the discriminant. Strings have no zero byte, which C cannot carry.

use crate::interfaces::Interface;
use rpcgen_rs::ir::{Spec, Type, TypeId, TypeKind, Union};
use std::collections::BTreeSet;
use std::ops::Range;

/// The most numbers that a member is forced to take so that its bound is reached.
const FORCED: u64 = 8192;
/// A value stops growing at about so many numbers.
const ROOM: usize = 400;
/// Members whose bounds are reached in turn.
const TURNS: u64 = 31;
/// Values inside values, before they stay as small as they can.
const DEPTH: u32 = 6;

/// What has been drawn at a member of a type (`usize::MAX` is the default arm): the test asserts that nothing is missing.
pub type Seen = BTreeSet<(u32, usize, Drawn)>;

/// What can be drawn at a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drawn {
    /// No element.
    Empty,
    /// As many as the bound allows.
    Bound,
    /// One more.
    Above,
    /// Optional data, absent.
    None,
    /// Optional data, present.
    Some,
    /// This arm, or this member of an enum.
    Value(i64),
    /// The default arm.
    Default,
    /// A number of all zeros, all ones, the sign alone, all but the sign, and a NaN with a payload.
    Extreme(u8),
}

/// A value.
#[derive(Debug, Default)]
pub struct Value {
    /// What it is made of.
    pub numbers: Vec<u64>,
    /// A length is one above its bound: no side may encode it.
    pub above: bool,
}

/// Pseudo-random numbers (xorshift64*).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d | 1)
    }

    /// The next number.
    #[inline]
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        self.number() % n.max(1)
    }
}

/// The `number`th value of a type.
pub fn draw(interface: &Interface, id: TypeId, number: u64, seen: &mut Seen) -> Value {
    let spec = &interface.spec;
    // A union takes its arms in turn already.
    let is_union = matches!(spec.def(id).kind, TypeKind::Union(_));
    let mut drawer = Drawer {
        spec,
        turns: if is_union { 1 } else { TURNS },
        rng: Rng::new(u64::from(id.0) << 32 | number),
        round: number / 10,
        plan: number % 10,
        extreme: number / 2 % 8,
        depth: 0,
        site: 0,
        value: Value::default(),
        letters: match interface.options.std_string.iter().next() {
            // Some strings must be text; what is of one byte each is.
            Some(_) => 128,
            None => 256,
        },
        seen,
    };
    drawer.named(id);
    drawer.value
}

/// A member: type and place.
type Member = (u32, usize);

struct Drawer<'a> {
    spec: &'a Spec,
    rng: Rng,
    round: u64,
    /// What lengths are: 0 none, 1 one, 2 and 3 the bound at one member of the type itself, 4 one above, else random.
    plan: u64,
    /// What numbers are: below 5 an extreme, else random.
    extreme: u64,
    depth: u32,
    turns: u64,
    /// Lengths of the type itself so far.
    site: u64,
    value: Value,
    /// Bytes of strings are below.
    letters: u64,
    seen: &'a mut Seen,
}

/// Whether a member's bound can be reached by a value of reasonable size.
#[must_use]
pub fn is_forced(spec: &Spec, element: Option<&Type>, bound: u64) -> bool {
    bound.saturating_add(1).saturating_mul(cost(spec, element)) <= FORCED
}

/// Numbers that an element takes at least.
fn cost(spec: &Spec, element: Option<&Type>) -> u64 {
    match element {
        Some(Type::Named(id)) => spec.def(*id).layout.min / 4 + 1,
        _ => 1,
    }
}

impl Drawer<'_> {
    fn push(&mut self, number: u64) {
        self.value.numbers.push(number);
    }

    fn see(&mut self, member: Member, drawn: Drawn) {
        self.seen.insert((member.0, member.1, drawn));
    }

    fn is_small(&self) -> bool {
        self.depth > DEPTH || self.value.numbers.len() > ROOM
    }

    fn named(&mut self, id: TypeId) {
        let def = self.spec.def(id);
        match &def.kind {
            TypeKind::Alias(ty) => self.ty(ty, (id.0, 0)),
            TypeKind::Extern(path) => unreachable!("{path} is nowhere asked for"),
            TypeKind::Struct(fields) => {
                for (at, field) in fields.iter().enumerate() {
                    self.inside(&field.ty, (id.0, at));
                }
            }
            TypeKind::Enum(members) => {
                let at = self.choose(members.len());
                let value = i64::from(members[at].value);
                self.see((id.0, 0), Drawn::Value(value));
                self.push(value as u64);
            }
            TypeKind::Union(union) => self.union(id, union),
        }
    }

    /// A member of a value.
    fn inside(&mut self, ty: &Type, member: Member) {
        let target = self.spec.resolve(ty);
        let deeper = matches!(target, Type::Named(_));
        self.depth += u32::from(deeper);
        self.ty(ty, member);
        self.depth -= u32::from(deeper);
    }

    /// One of several: of the type itself each in turn, inside it any.
    fn choose(&mut self, count: usize) -> usize {
        let count = count as u64;
        let chosen = if self.depth == 0 {
            self.round % count
        } else {
            self.rng.below(count)
        };
        usize::try_from(chosen).expect("below a usize")
    }

    fn union(&mut self, id: TypeId, union: &Union) {
        let free = other_discriminants(self.spec, union);
        let default = union.default.as_ref().filter(|_| !free.is_empty());
        let arms = union.cases.iter().map(|case| &case.arm).chain(default);
        let smallest = |arm: &rpcgen_rs::ir::Arm| match &arm.ty {
            None => 0,
            Some(Type::Named(id)) => self.spec.def(*id).layout.min.max(4),
            Some(_) => 4,
        };
        let at = if self.is_small() {
            let all = arms.clone().enumerate();
            all.min_by_key(|(_, arm)| smallest(arm)).map_or(0, |a| a.0)
        } else {
            self.choose(arms.clone().count())
        };
        let arm = arms.clone().nth(at).expect("one of them");
        let (value, member) = match union.cases.get(at) {
            Some(case) => {
                self.see((id.0, 0), Drawn::Value(case.value));
                (case.value, (id.0, at))
            }
            None => {
                self.see((id.0, usize::MAX), Drawn::Default);
                let at = self.rng.below(free.len() as u64) as usize;
                (free[at], (id.0, usize::MAX))
            }
        };
        self.push(value as u64);
        if let Some(ty) = &arm.ty {
            self.inside(ty, member);
        }
    }

    fn number(&mut self, member: Member, bits: u32) -> u64 {
        let sign = 1u64 << (bits - 1);
        let all = sign | (sign - 1);
        let extreme = match self.extreme {
            5.. if self.rng.below(4) == 0 => self.rng.below(5),
            extreme => extreme,
        };
        if extreme < 5 {
            self.see(member, Drawn::Extreme(extreme as u8));
        }
        match extreme {
            0 => 0,
            1 => all,
            2 => sign,
            3 => all ^ sign,
            4 => 0x7ff0_0000_7f80_0001 & all,
            _ => self.rng.number() & all,
        }
    }

    fn signed(&mut self, member: Member, bits: u32) {
        let number = self.number(member, bits) << (64 - bits);
        self.push((number as i64 >> (64 - bits)) as u64);
    }

    fn unsigned(&mut self, member: Member, bits: u32) {
        let number = self.number(member, bits);
        self.push(number);
    }

    fn ty(&mut self, ty: &Type, member: Member) {
        match ty {
            Type::Bool => {
                let number = self.rng.below(2);
                self.push(number);
            }
            Type::Char => self.signed(member, 8),
            Type::Short => self.signed(member, 16),
            Type::Int => self.signed(member, 32),
            Type::Hyper => self.signed(member, 64),
            Type::UChar => self.unsigned(member, 8),
            Type::UShort => self.unsigned(member, 16),
            Type::UInt | Type::Float => self.unsigned(member, 32),
            Type::UHyper | Type::Double => self.unsigned(member, 64),
            Type::Quadruple => self.bytes(16, 0..256),
            Type::OpaqueFixed(length) => self.bytes(*length, 0..256),
            Type::Opaque(bound) => {
                let length = self.length(None, *bound, member);
                self.bytes(length, 0..256);
            }
            Type::String(bound) => {
                let length = self.length(None, *bound, member);
                self.bytes(length, 1..self.letters);
            }
            Type::Array(element, length) => self.elements(element, *length, member),
            Type::Vec(element, bound) => {
                let length = self.length(Some(element), *bound, member);
                self.elements(element, length, member);
            }
            Type::Optional(pointee) => {
                let some = !self.is_small() && self.plan != 0 && self.rng.below(2) == 0;
                self.see(member, if some { Drawn::Some } else { Drawn::None });
                self.push(u64::from(some));
                // A list is tested as a whole: its nodes are no values inside.
                let is_list = matches!(self.spec.resolve(pointee), Type::Named(id) if self.spec.def(*id).layout.list.is_some());
                let step = u32::from(self.depth > 0 || !is_list);
                if some {
                    self.depth += step;
                    self.ty(pointee, member);
                    self.depth -= step;
                }
            }
            Type::Named(id) => self.named(*id),
        }
    }

    fn bytes(&mut self, length: u64, range: Range<u64>) {
        self.push(length);
        for _ in 0..length {
            let byte = range.start + self.rng.below(range.end - range.start);
            self.push(byte);
        }
    }

    fn elements(&mut self, element: &Type, length: u64, member: Member) {
        self.push(length);
        self.depth += 1;
        for _ in 0..length {
            self.ty(element, member);
        }
        self.depth -= 1;
    }

    fn length(&mut self, element: Option<&Type>, bound: u32, member: Member) -> u64 {
        let bound = u64::from(bound);
        let forced = is_forced(self.spec, element, bound);
        let mut length = match self.plan {
            0 => 0,
            1 => 1,
            5 if self.rng.below(8) == 0 => bound,
            _ => self.rng.below(9),
        };
        // The members of the type itself in turn.
        let mut is_turn = false;
        if self.depth == 0 {
            is_turn = matches!(self.plan, 2..=4)
                && forced
                && (self.site + self.round).is_multiple_of(self.turns);
            self.site += 1;
        }
        if is_turn {
            length = bound + u64::from(self.plan == 4);
        } else if self.is_small() {
            length = 0;
        } else if length > bound {
            length = bound;
        }
        if length > 9 && !forced {
            length = 9.min(bound);
        }
        if length > bound {
            self.value.above = true;
            self.see(member, Drawn::Above);
        }
        if length == bound {
            self.see(member, Drawn::Bound);
        }
        if length == 0 {
            self.see(member, Drawn::Empty);
        }
        length
    }
}

/// Discriminants without an arm of their own: for an enum all its members, else a few.
#[must_use]
pub fn other_discriminants(spec: &Spec, union: &Union) -> Vec<i64> {
    let candidates: Vec<i64> = match spec.resolve(&union.tag) {
        Type::Named(id) => match &spec.def(*id).kind {
            TypeKind::Enum(members) => members.iter().map(|m| m.value.into()).collect(),
            _ => Vec::new(),
        },
        Type::Bool => vec![0, 1],
        Type::Char => vec![-128, -1, 0, 1, 99, 127],
        Type::UChar => vec![0, 1, 99, 255],
        Type::Short => vec![-32768, -1, 0, 1, 99, 32767],
        Type::UShort => vec![0, 1, 99, 65535],
        Type::UInt => vec![0, 1, 99, 1 << 31, u32::MAX.into()],
        Type::Int => vec![i32::MIN.into(), -1, 0, 1, 99, i32::MAX.into()],
        _ => vec![i64::MIN, -1, 0, 1, 99, 1 << 32, i64::MAX],
    };
    let has = |value: &i64| union.cases.iter().any(|case| case.value == *value);
    candidates.into_iter().filter(|value| !has(value)).collect()
}

/// All that must have been seen when each type of an interface has been drawn often enough.
#[must_use]
pub fn expected(spec: &Spec) -> Seen {
    let mut all = Seen::new();
    let mut site = |ty: &Type, member: Member| {
        let mut see = |drawn| all.insert((member.0, member.1, drawn));
        match ty {
            Type::Opaque(bound) | Type::String(bound) | Type::Vec(_, bound) => {
                see(Drawn::Empty);
                let element = if let Type::Vec(element, _) = ty {
                    Some(&**element)
                } else {
                    None
                };
                if is_forced(spec, element, (*bound).into()) {
                    see(Drawn::Bound);
                    see(Drawn::Above);
                }
            }
            Type::Optional(_) => {
                see(Drawn::None);
                see(Drawn::Some);
            }
            Type::Char
            | Type::UChar
            | Type::Short
            | Type::UShort
            | Type::Int
            | Type::UInt
            | Type::Hyper
            | Type::UHyper
            | Type::Float
            | Type::Double => {
                for extreme in 0..5 {
                    see(Drawn::Extreme(extreme));
                }
            }
            _ => {}
        }
    };
    let mut values = Vec::new();
    for (id, def) in (0u32..).zip(&spec.types) {
        match &def.kind {
            TypeKind::Alias(ty) => site(ty, (id, 0)),
            TypeKind::Struct(fields) => {
                for (at, field) in fields.iter().enumerate() {
                    site(&field.ty, (id, at));
                }
            }
            TypeKind::Enum(members) => {
                values.extend(
                    members
                        .iter()
                        .map(|m| (id, 0, Drawn::Value(m.value.into()))),
                );
            }
            TypeKind::Union(union) => {
                for (at, case) in union.cases.iter().enumerate() {
                    values.push((id, 0, Drawn::Value(case.value)));
                    case.arm.ty.iter().for_each(|ty| site(ty, (id, at)));
                }
                let default = union.default.as_ref();
                if let Some(arm) = default.filter(|_| !other_discriminants(spec, union).is_empty())
                {
                    values.push((id, usize::MAX, Drawn::Default));
                    arm.ty.iter().for_each(|ty| site(ty, (id, usize::MAX)));
                }
            }
            TypeKind::Extern(_) => {}
        }
    }
    all.extend(values);
    all
}
