//! Numbers → the value as xdr-codec sees it → its encoding.
//!
//! Arrays, bounds, strings, optional data and numbers are that crate's own `Pack`; only the order of members, which its
//! code generator would write down, comes from the resolved interface.

use rpcgen_rs::ir::{Spec, Type, TypeId, TypeKind};
use std::io::Write;
use xdr_codec::{
    Pack, Result, pack_array, pack_flex, pack_opaque_array, pack_opaque_flex, pack_string,
};

/// A value.
enum Value {
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Bool(bool),
    Struct(Vec<Self>),
    Array(Vec<Self>),
    Flex(Vec<Self>, Option<usize>),
    Opaque(Vec<u8>),
    OpaqueFlex(Vec<u8>, Option<usize>),
    Str(Vec<u8>, Option<usize>),
    Maybe(Option<Box<Self>>),
}

impl<W: Write> Pack<W> for Value {
    fn pack(&self, out: &mut W) -> Result<usize> {
        match self {
            Self::I32(n) => n.pack(out),
            Self::U32(n) => n.pack(out),
            Self::I64(n) => n.pack(out),
            Self::U64(n) => n.pack(out),
            Self::F32(n) => n.pack(out),
            Self::F64(n) => n.pack(out),
            Self::Bool(b) => b.pack(out),
            Self::Struct(all) => all.iter().try_fold(0, |sum, m| Ok(sum + m.pack(out)?)),
            Self::Array(all) => pack_array(all, all.len(), out, None),
            Self::Flex(all, bound) => pack_flex(all, *bound, out),
            Self::Opaque(bytes) => pack_opaque_array(bytes, bytes.len(), out),
            Self::OpaqueFlex(bytes, bound) => pack_opaque_flex(bytes, *bound, out),
            // Its strings are Rust's; others have the form of opaque data.
            Self::Str(bytes, bound) => match std::str::from_utf8(bytes) {
                Ok(text) => pack_string(text, *bound, out),
                Err(_) => pack_opaque_flex(bytes, *bound, out),
            },
            Self::Maybe(value) => value.pack(out),
        }
    }
}

/// Encodes a value.
///
/// # Errors
/// A length exceeds its bound.
pub fn encode(spec: &Spec, id: TypeId, numbers: &[u64]) -> Result<Vec<u8>> {
    let mut rest = numbers.iter().copied();
    let mut reader = Reader {
        spec,
        rest: &mut rest,
    };
    let value = reader.named(id);
    let mut out = Vec::new();
    value.pack(&mut out)?;
    Ok(out)
}

struct Reader<'a> {
    spec: &'a Spec,
    rest: &'a mut dyn Iterator<Item = u64>,
}

fn bound(max: u32) -> Option<usize> {
    (max != u32::MAX).then_some(max as usize)
}

impl Reader<'_> {
    fn number(&mut self) -> u64 {
        self.rest.next().expect("as many numbers as the type wants")
    }

    fn named(&mut self, id: TypeId) -> Value {
        let spec = self.spec;
        match &spec.def(id).kind {
            TypeKind::Alias(ty) => self.ty(ty),
            TypeKind::Struct(fields) => {
                Value::Struct(fields.iter().map(|field| self.ty(&field.ty)).collect())
            }
            TypeKind::Enum(_) => Value::I32(self.number() as i32),
            TypeKind::Union(union) => {
                let tag = self.number();
                let case = union.cases.iter().find(|case| case.value == tag as i64);
                let arm = case.map(|case| &case.arm).or(union.default.as_ref());
                let arm = arm.expect("a declared arm");
                let first = match spec.resolve(&union.tag) {
                    Type::Hyper | Type::UHyper => Value::U64(tag),
                    _ => Value::U32(tag as u32),
                };
                let value = arm.ty.as_ref().map(|ty| self.ty(ty));
                Value::Struct([first].into_iter().chain(value).collect())
            }
            TypeKind::Extern(path) => unreachable!("{path} is nowhere asked for"),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.number();
        (0..length).map(|_| self.number() as u8).collect()
    }

    fn elements(&mut self, element: &Type) -> Vec<Value> {
        let length = self.number();
        (0..length).map(|_| self.ty(element)).collect()
    }

    fn ty(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Bool => Value::Bool(self.number() != 0),
            Type::Char | Type::Short | Type::Int => Value::I32(self.number() as i32),
            Type::UChar | Type::UShort | Type::UInt => Value::U32(self.number() as u32),
            Type::Hyper => Value::I64(self.number() as i64),
            Type::UHyper => Value::U64(self.number()),
            Type::Float => Value::F32(f32::from_bits(self.number() as u32)),
            Type::Double => Value::F64(f64::from_bits(self.number())),
            Type::Quadruple | Type::OpaqueFixed(_) => Value::Opaque(self.bytes()),
            Type::Opaque(max) => Value::OpaqueFlex(self.bytes(), bound(*max)),
            Type::String(max) => Value::Str(self.bytes(), bound(*max)),
            Type::Array(element, _) => Value::Array(self.elements(element)),
            Type::Vec(element, max) => Value::Flex(self.elements(element), bound(*max)),
            Type::Optional(pointee) => {
                let some = self.number() != 0;
                Value::Maybe(some.then(|| Box::new(self.ty(pointee))))
            }
            Type::Named(id) => self.named(*id),
        }
    }
}
