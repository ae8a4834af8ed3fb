//! Sizes: bytes on the wire, bytes in Rust, and the largest ratio of the two.
//!
//! Wire sizes are exact bounds; Rust sizes are close upper estimates of `size_of` on 64-bit targets. The ratio is what a
//! peer can make a decoder allocate for each byte it sends (hostile-inputs §1): the worst unit of a vector, list or box.
//! Where a union with one large arm would make it high (four bytes on the wire for hundreds in memory), that arm is
//! boxed.

use super::graph::{Components, Graph};
use super::{Aliases, Pointer, at, each_type, pointer_to, target};
use crate::ir::{Arm, Chain, Field, Spec, Type, TypeDef, TypeKind, Union};

/// The ratio every decoder is granted anyway.
const RATIO: u64 = 16;
/// Fixed arrays larger than this are held in a `Vec`.
pub(crate) const INLINE_ARRAY: u64 = 4096;
/// Arms larger than this beside much smaller ones are boxed wherever they are.
const LARGE_ARM: u64 = 512;

/// What is known about a type so far.
#[derive(Clone, Copy, Default)]
struct Size {
    min: u64,
    /// `u64::MAX`: unbounded.
    max: u64,
    fixed: Option<u64>,
    rust: u64,
    ratio: u64,
}

/// A size without bound.
const UNBOUNDED: u64 = u64::MAX;

/// Measures all types.
pub(super) fn measure(spec: &mut Spec, aliases: &Aliases, references: &Components) {
    let held = held(spec, aliases);
    let order = held.components().order;
    let mut sizes = measure_inline(spec, aliases, &order);
    if box_large_arms(spec, aliases, &sizes, &held) {
        sizes = measure_inline(spec, aliases, &order);
    }
    measure_whole(spec, aliases, &mut sizes, references);
    for (def, size) in spec.types.iter_mut().zip(sizes) {
        let layout = &mut def.layout;
        layout.min = size.min;
        layout.max = Some(size.max).filter(|&max| max != UNBOUNDED);
        layout.fixed = size.fixed;
        layout.size = size.rust;
        layout.ratio = u32::try_from(size.ratio).unwrap_or(u32::MAX);
    }
}

/// The graph of types that may lie inside each other in Rust, without indirection: never cyclic, or rustc would refuse
/// them.
fn held(spec: &Spec, aliases: &Aliases) -> Graph {
    let plain = |pointee: &Type| {
        pointer_to(spec, pointee, aliases.resolve(spec, pointee), 0) == Pointer::Plain
    };
    Graph::new(spec.types.len(), |node, out| {
        let mut add = |mut ty: &Type| loop {
            match ty {
                Type::Optional(pointee) if plain(pointee) => ty = pointee,
                Type::Array(element, _) => ty = element,
                Type::Named(id) => break out.push(at(*id)),
                _ => break,
            }
        };
        match &spec.types[node].kind {
            TypeKind::Union(union) => {
                add(&union.tag);
                arms(union)
                    .filter(|arm| !arm.boxed)
                    .filter_map(|arm| arm.ty.as_ref())
                    .for_each(add);
            }
            kind => each_type(kind, add),
        }
    })
}

/// What depends only on the types inside a type: least and fixed size, size in Rust.
///
/// The target of a boxed arm may come later; its least size counts as 0 then, which makes the sum a lower bound.
fn measure_inline(spec: &Spec, aliases: &Aliases, order: &[usize]) -> Vec<Size> {
    let mut sizes = vec![Size::default(); spec.types.len()];
    for &node in order {
        sizes[node] = Measure {
            spec,
            aliases,
            sizes: &sizes,
        }
        .def(&spec.types[node]);
    }
    sizes
}

/// What needs whole values: the largest size, and the ratio. Everything in a cycle is unbounded.
fn measure_whole(spec: &Spec, aliases: &Aliases, sizes: &mut [Size], references: &Components) {
    for (group, cyclic) in references.groups() {
        for &node in group {
            let linked = spec.types[node].layout.list == Some(Chain::Linked);
            let largest = Measure {
                spec,
                aliases,
                sizes,
            }
            .largest(&spec.types[node]);
            sizes[node].max = if cyclic || linked { UNBOUNDED } else { largest };
        }
        let worst = |&node: &usize| {
            Measure {
                spec,
                aliases,
                sizes,
            }
            .worst_unit(&spec.types[node])
        };
        let ratio = group.iter().map(worst).max().unwrap_or(0).max(RATIO);
        group.iter().for_each(|&node| sizes[node].ratio = ratio);
    }
}

/// Boxes what would make small messages large values; says whether it found anything.
fn box_large_arms(spec: &mut Spec, aliases: &Aliases, sizes: &[Size], held: &Graph) -> bool {
    let crowded = inside_costly_elements(spec, aliases, sizes, held);
    let mut boxes = Vec::new();
    for (node, def) in spec.types.iter().enumerate() {
        let TypeKind::Union(union) = &def.kind else {
            continue;
        };
        let size = |arm: &Arm| {
            arm.ty.as_ref().map_or(0, |ty| {
                Measure {
                    spec,
                    aliases,
                    sizes,
                }
                .ty(ty)
                .rust
            })
        };
        let smallest = arms(union).map(size).min().unwrap_or(0);
        let affordable = RATIO
            .saturating_mul(sizes[node].min)
            .saturating_sub(16)
            .max(48);
        let limit = if crowded[node] {
            affordable
        } else {
            LARGE_ARM.max(smallest.saturating_mul(4))
        };
        boxes.extend(
            arms(union)
                .enumerate()
                .filter(|(_, arm)| !arm.boxed && size(arm) > limit)
                .map(|(at, _)| (node, at)),
        );
    }
    for &(node, at) in &boxes {
        if let TypeKind::Union(union) = &mut spec.types[node].kind {
            let mut arms = union
                .cases
                .iter_mut()
                .map(|case| &mut case.arm)
                .chain(&mut union.default);
            if let Some(arm) = arms.nth(at) {
                arm.boxed = true;
            }
        }
    }
    !boxes.is_empty()
}

/// The types inside elements of vectors and lists that cost more memory than a decoder is granted for their bytes.
fn inside_costly_elements(
    spec: &Spec,
    aliases: &Aliases,
    sizes: &[Size],
    held: &Graph,
) -> Vec<bool> {
    let mut found = vec![false; spec.types.len()];
    let mut queue = Vec::new();
    let measure = Measure {
        spec,
        aliases,
        sizes,
    };
    for def in &spec.types {
        each_type(&def.kind, |ty| {
            if let (Some((id, _)), true) = (target(ty), measure.unit(ty) > RATIO) {
                queue.push(id);
            }
        });
    }
    while let Some(node) = queue.pop() {
        if !std::mem::replace(&mut found[node], true) {
            queue.extend_from_slice(held.targets(node));
        }
    }
    found
}

struct Measure<'a> {
    spec: &'a Spec,
    aliases: &'a Aliases,
    sizes: &'a [Size],
}

impl Measure<'_> {
    fn def(&self, def: &TypeDef) -> Size {
        match &def.kind {
            TypeKind::Struct(_) => {
                let sum = fields(def)
                    .iter()
                    .fold(Size::fixed(0, 0), |sum, field| sum.then(self.ty(&field.ty)));
                Size {
                    rust: sum.rust.checked_next_multiple_of(8).unwrap_or(u64::MAX),
                    ..sum
                }
            }
            TypeKind::Union(union) => self.union(union),
            TypeKind::Enum(_) => Size::fixed(4, 4),
            TypeKind::Alias(ty) => self.ty(ty),
            TypeKind::Extern(_) => Size {
                min: 0,
                fixed: None,
                rust: 64,
                ..Size::default()
            },
        }
    }

    fn union(&self, union: &Union) -> Size {
        let tag = self.ty(&union.tag);
        let mut least = None;
        let mut largest = 0;
        for arm in arms(union) {
            let size = arm.ty.as_ref().map_or(Size::fixed(0, 0), |ty| self.ty(ty));
            least = Some(least.map_or(size.min, |least: u64| least.min(size.min)));
            largest = largest.max(if arm.boxed { 8 } else { size.rust });
        }
        // The raw tag of `Other` and the discriminant beside the largest arm.
        Size {
            min: tag.min.saturating_add(least.unwrap_or(0)),
            fixed: None,
            rust: largest.saturating_add(16),
            ..Size::default()
        }
    }

    fn ty(&self, ty: &Type) -> Size {
        match ty {
            Type::Bool | Type::Char | Type::UChar => Size::fixed(4, 1),
            Type::Short | Type::UShort => Size::fixed(4, 2),
            Type::Int | Type::UInt | Type::Float => Size::fixed(4, 4),
            Type::Hyper | Type::UHyper | Type::Double => Size::fixed(8, 8),
            Type::Quadruple => Size::fixed(16, 16),
            Type::OpaqueFixed(count) => Size::fixed(
                padded(*count),
                if *count > INLINE_ARRAY { 24 } else { *count },
            ),
            // `Opaque` holds 39 bytes inline.
            Type::Opaque(max) => Size::variable(if *max <= 64 { 48 } else { 32 }),
            Type::String(_) => Size::variable(32),
            Type::Vec(..) => Size::variable(24),
            Type::Array(element, count) => {
                let element = self.ty(element);
                let rust = element.rust.saturating_mul(*count);
                Size {
                    min: element.min.saturating_mul(*count),
                    fixed: element.fixed.map(|size| size.saturating_mul(*count)),
                    rust: if rust > INLINE_ARRAY { 24 } else { rust },
                    ..Size::default()
                }
            }
            Type::Optional(pointee) => Size::variable(match self.pointer(pointee) {
                Pointer::List => 24,
                Pointer::Boxed => match self.aliases.resolve(self.spec, pointee) {
                    // Large ones are vectors.
                    Type::Array(..) | Type::OpaqueFixed(_) => 24,
                    _ => 8,
                },
                Pointer::Plain => self.ty(pointee).rust.saturating_add(8),
            }),
            Type::Named(id) => self.sizes[at(*id)],
        }
    }

    /// [`super::pointer`] with the sizes measured so far: a plain pointee has been measured, it is no part of a cycle.
    fn pointer(&self, pointee: &Type) -> Pointer {
        let size = match pointee {
            Type::Named(id) => self.sizes[at(*id)].rust,
            _ => 0,
        };
        let resolved = self.aliases.resolve(self.spec, pointee);
        pointer_to(self.spec, pointee, resolved, size)
    }

    /// Largest encoding, all types it refers to being measured.
    fn largest(&self, def: &TypeDef) -> u64 {
        match &def.kind {
            TypeKind::Struct(_) => fields(def).iter().fold(0, |sum, field| {
                sum.saturating_add(self.largest_of(&field.ty))
            }),
            TypeKind::Union(union) => {
                let largest = arms(union)
                    .filter_map(|arm| arm.ty.as_ref())
                    .map(|ty| self.largest_of(ty))
                    .max();
                self.largest_of(&union.tag)
                    .saturating_add(largest.unwrap_or(0))
            }
            TypeKind::Enum(_) => 4,
            TypeKind::Alias(ty) => self.largest_of(ty),
            TypeKind::Extern(_) => UNBOUNDED,
        }
    }

    fn largest_of(&self, ty: &Type) -> u64 {
        match ty {
            Type::Opaque(u32::MAX) | Type::String(u32::MAX) | Type::Vec(_, u32::MAX) => UNBOUNDED,
            Type::Opaque(max) | Type::String(max) => padded(u64::from(*max)) + 4,
            Type::Vec(element, max) => self
                .largest_of(element)
                .saturating_mul(u64::from(*max))
                .saturating_add(4),
            Type::Array(_, 0) => 0,
            Type::Array(element, count) => self.largest_of(element).saturating_mul(*count),
            Type::Optional(pointee) => match self.pointer(pointee) {
                Pointer::List => UNBOUNDED,
                Pointer::Boxed | Pointer::Plain => self.largest_of(pointee).saturating_add(4),
            },
            Type::Named(id) => self.sizes[at(*id)].max,
            _ => self.ty(ty).min,
        }
    }

    /// The worst ratio of what a value of this type allocates, unit by unit.
    fn worst_unit(&self, def: &TypeDef) -> u64 {
        let mut worst = 0;
        each_type(&def.kind, |ty| {
            // A list's memory doubles as it grows: up to half of it is not in use.
            let growth = match ty {
                Type::Optional(pointee) if self.pointer(pointee) == Pointer::List => 2,
                _ => 1,
            };
            worst = worst
                .max(self.unit(ty).saturating_mul(growth))
                .max(target(ty).map_or(0, |(id, _)| self.sizes[id].ratio));
        });
        if let TypeKind::Union(union) = &def.kind {
            let tag = self.ty(&union.tag).min;
            let boxed = arms(union)
                .filter(|arm| arm.boxed)
                .filter_map(|arm| arm.ty.as_ref());
            worst = boxed
                .map(|ty| self.ty(ty))
                .map(|size| ratio(size.rust, tag.saturating_add(size.min)))
                .fold(worst, u64::max);
        }
        worst
    }

    /// Rust bytes for each wire byte of one allocated unit.
    fn unit(&self, ty: &Type) -> u64 {
        match ty {
            Type::Vec(element, _) | Type::Array(element, _) => {
                let size = self.ty(element);
                ratio(size.rust, size.min).max(self.unit(element))
            }
            Type::Optional(pointee) if self.pointer(pointee) != Pointer::Plain => {
                let size = self.ty(pointee);
                ratio(size.rust, size.min.saturating_add(4))
            }
            Type::Optional(pointee) => self.unit(pointee),
            _ => 0,
        }
    }
}

fn ratio(rust: u64, wire: u64) -> u64 {
    rust.div_ceil(wire.max(1))
}

fn padded(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(4).unwrap_or(UNBOUNDED)
}

fn arms(union: &Union) -> impl Iterator<Item = &Arm> {
    union
        .cases
        .iter()
        .map(|case| &case.arm)
        .chain(&union.default)
}

/// The fields that a struct has in Rust: the pointer of a list is gone.
fn fields(def: &TypeDef) -> &[Field] {
    match (&def.kind, def.layout.list) {
        (TypeKind::Struct(fields), Some(Chain::List)) => &fields[..fields.len() - 1],
        (TypeKind::Struct(fields), _) => fields,
        _ => &[],
    }
}

impl Size {
    fn fixed(wire: u64, rust: u64) -> Self {
        Self {
            min: wire,
            max: wire,
            fixed: Some(wire),
            rust,
            ratio: 0,
        }
    }

    /// A count or flag, and then anything.
    fn variable(rust: u64) -> Self {
        Self {
            min: 4,
            fixed: None,
            rust,
            ..Self::default()
        }
    }

    fn then(self, next: Self) -> Self {
        Self {
            min: self.min.saturating_add(next.min),
            fixed: self.fixed.zip(next.fixed).map(|(a, b)| a.saturating_add(b)),
            rust: self.rust.saturating_add(next.rust),
            ..Self::default()
        }
    }
}
