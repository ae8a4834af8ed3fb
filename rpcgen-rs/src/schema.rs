//! JSON → IR: reads what [`emit::json`](crate::emit::json) writes, so that the Rust made of it is the same.
//!
//! The text may come from anywhere, so nothing in it is believed: the IR goes through `check` like any other.

use std::collections::HashMap;

use crate::check::is_path;
use crate::diag::is_bidi_control;
use crate::emit::json::{BASIC, VERSION};
use crate::ir::{
    Argument, Arm, Case, Const, ConstType, ConstValue, Enumerator, Field, Layout, Name,
    Passthrough, Procedure, Program, Spec, Type, TypeDef, TypeId, TypeKind, Union, Version,
};
use crate::json::Json;
use crate::names::is_identifier;
use crate::source::Span;

/// Why a JSON text is no interface: where in it, and what was expected there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAnInterface {
    pub(crate) path: String,
    pub(crate) expected: String,
}

type Read<T> = Result<T, NotAnInterface>;

/// Reads an interface. Its names stand at `span`.
pub(crate) fn read(json: &Json, span: Span) -> Read<Spec> {
    let root = Node {
        json,
        path: String::new(),
    };
    let version = root.member("rpcgen-rs")?.int()?;
    if version != VERSION {
        return Err(root
            .member("rpcgen-rs")?
            .expected(&format!("schema version {VERSION}")));
    }
    let types = root.member("types")?.items()?;
    let mut ids = HashMap::with_capacity(types.len());
    for (id, node) in (0..).map(TypeId).zip(&types) {
        if ids.insert(node.name()?, id).is_some() {
            return Err(node
                .member("name")?
                .expected("a name that no other type has"));
        }
    }
    let reader = Reader { ids, span };
    let mut spec = Spec {
        source: root.member("source")?.file_name()?,
        consts: root.list("consts", |node| reader.constant(node))?,
        types: root.list("types", |node| reader.definition(node))?,
        programs: root.list("programs", |node| reader.program(node))?,
        passthrough: root.list("passthrough", |node| {
            Ok(Passthrough {
                text: node.text()?.to_owned(),
                span,
            })
        })?,
    };
    crate::resolve::link_enumerators(&mut spec);
    Ok(spec)
}

/// A value and the way to it.
struct Node<'a> {
    json: &'a Json,
    path: String,
}

impl<'a> Node<'a> {
    fn expected(&self, expected: &str) -> NotAnInterface {
        let path = if self.path.is_empty() {
            "the text".to_owned()
        } else {
            self.path.clone()
        };
        NotAnInterface {
            path,
            expected: expected.to_owned(),
        }
    }

    fn child(&self, json: &'a Json, step: &str) -> Self {
        let path = if self.path.is_empty() || step.starts_with('[') {
            format!("{}{step}", self.path)
        } else {
            format!("{}.{step}", self.path)
        };
        Node { json, path }
    }

    fn member(&self, name: &str) -> Read<Self> {
        let found = self
            .json
            .get(name)
            .ok_or_else(|| self.expected(&format!("an object with a member `{name}`")))?;
        Ok(self.child(found, name))
    }

    fn optional(&self, name: &str) -> Option<Self> {
        self.json
            .get(name)
            .filter(|json| **json != Json::Null)
            .map(|json| self.child(json, name))
    }

    /// The last component of a path: outputs are named by it.
    fn file_name(&self) -> Read<String> {
        let name = self.text()?.rsplit('/').next().unwrap_or_default();
        let is_shown = |letter: char| !letter.is_control() && !is_bidi_control(letter);
        if matches!(name, "" | "." | "..") || !name.chars().all(is_shown) {
            return Err(self.expected("the name of a file"));
        }
        Ok(name.to_owned())
    }

    fn items(&self) -> Read<Vec<Self>> {
        match self.json {
            Json::Array(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(at, item)| self.child(item, &format!("[{at}]")))
                .collect()),
            _ => Err(self.expected("an array")),
        }
    }

    fn list<T>(&self, name: &str, read: impl Fn(&Self) -> Read<T>) -> Read<Vec<T>> {
        self.member(name)?.items()?.iter().map(read).collect()
    }

    fn text(&self) -> Read<&'a str> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.expected("a text")),
        }
    }

    fn int(&self) -> Read<i128> {
        match self.json {
            Json::Int(value) => Ok(*value),
            _ => Err(self.expected("a number")),
        }
    }

    fn number<T: TryFrom<i128>>(&self) -> Read<T> {
        T::try_from(self.int()?).map_err(|_| self.expected("a smaller number"))
    }

    fn bool(&self) -> Read<bool> {
        match self.json {
            Json::Bool(value) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A name as the language has them: it ends up in Rust code.
    fn name(&self) -> Read<&'a str> {
        let node = self.member("name")?;
        let text = node.text()?;
        if !is_identifier(text) {
            return Err(node.expected("a name of letters, digits and `_`"));
        }
        Ok(text)
    }

    fn docs(&self) -> Read<Option<String>> {
        self.optional("docs")
            .map(|node| node.text().map(str::to_owned))
            .transpose()
    }
}

struct Reader<'a> {
    ids: HashMap<&'a str, TypeId>,
    span: Span,
}

impl<'a> Reader<'a> {
    fn name(&self, node: &Node<'a>) -> Read<Name> {
        Ok(self.named(node.name()?))
    }

    fn named(&self, x: &str) -> Name {
        Name {
            x: x.to_owned(),
            span: self.span,
            ..Name::default()
        }
    }

    fn constant(&self, node: &Node<'a>) -> Read<Const> {
        let value = node.member("value")?;
        let value = match value.json {
            Json::Text(text) => ConstValue::Str(text.clone()),
            _ => ConstValue::Int(value.int()?, ConstType::U32),
        };
        Ok(Const {
            name: self.name(node)?,
            docs: node.docs()?,
            value,
        })
    }

    fn definition(&self, node: &Node<'a>) -> Read<TypeDef> {
        let kind = if let Some(fields) = node.optional("struct") {
            TypeKind::Struct(
                fields
                    .items()?
                    .iter()
                    .map(|field| self.field(field))
                    .collect::<Read<_>>()?,
            )
        } else if let Some(members) = node.optional("enum") {
            TypeKind::Enum(self.enumerators(&members)?)
        } else if let Some(union) = node.optional("union") {
            TypeKind::Union(Box::new(self.union(&union)?))
        } else if let Some(ty) = node.optional("typedef") {
            TypeKind::Alias(self.ty(&ty)?)
        } else {
            let node = node.member("extern")?;
            let path = node.text()?;
            if !is_path(path) {
                return Err(node.expected("a Rust path"));
            }
            TypeKind::Extern(path.to_owned())
        };
        Ok(TypeDef {
            name: self.name(node)?,
            docs: node.docs()?,
            kind,
            layout: Layout::default(),
        })
    }

    fn field(&self, node: &Node<'a>) -> Read<Field> {
        Ok(Field {
            name: self.name(node)?,
            docs: node.docs()?,
            ty: self.ty(&node.member("type")?)?,
        })
    }

    fn enumerators(&self, node: &Node<'a>) -> Read<Vec<Enumerator>> {
        let mut first_of_value = HashMap::new();
        let mut members = Vec::new();
        for member in node.items()? {
            let value = member.member("value")?.number()?;
            let alias_of = first_of_value.get(&value).copied();
            first_of_value.entry(value).or_insert(members.len());
            members.push(Enumerator {
                name: self.name(&member)?,
                docs: member.docs()?,
                value,
                alias_of,
            });
        }
        Ok(members)
    }

    fn union(&self, node: &Node<'a>) -> Read<Union> {
        let discriminant = node.member("discriminant")?;
        Ok(Union {
            discriminant: self.name(&discriminant)?,
            tag: self.ty(&discriminant.member("type")?)?,
            cases: node.list("cases", |case| self.case(case))?,
            default: node
                .optional("default")
                .map(|arm| self.arm(&arm))
                .transpose()?,
        })
    }

    fn case(&self, node: &Node<'a>) -> Read<Case> {
        Ok(Case {
            name: self.named(node.member("label")?.text()?),
            docs: node.docs()?,
            value: node.member("value")?.number()?,
            enumerator: None,
            arm: self.arm(&node.member("arm")?)?,
        })
    }

    fn arm(&self, node: &Node<'a>) -> Read<Arm> {
        Ok(Arm {
            docs: node.docs()?,
            name: node.optional("name").map(|_| self.name(node)).transpose()?,
            ty: node.optional("type").map(|ty| self.ty(&ty)).transpose()?,
            boxed: false,
        })
    }

    fn ty(&self, node: &Node<'a>) -> Read<Type> {
        if let Json::Text(word) = node.json {
            let basic = BASIC
                .iter()
                .find(|(known, _)| known == word)
                .map(|(_, ty)| ty.clone());
            return basic.ok_or_else(|| node.expected("a type"));
        }
        let max = |node: &Node<'a>| {
            node.optional("max")
                .map_or(Ok(u32::MAX), |max| max.number())
        };
        let length = |node: &Node<'a>| node.member("length")?.number::<u32>().map(u64::from);
        if let Some(name) = node.optional("named") {
            let id = self.ids.get(name.text()?).copied();
            return id
                .map(Type::Named)
                .ok_or_else(|| name.expected("the name of a type"));
        }
        if let Some(pointee) = node.optional("optional") {
            return Ok(Type::Optional(Box::new(self.ty(&pointee)?)));
        }
        if let Some(element) = node.optional("array") {
            return Ok(Type::Array(Box::new(self.ty(&element)?), length(node)?));
        }
        if let Some(element) = node.optional("vector") {
            return Ok(Type::Vec(Box::new(self.ty(&element)?), max(node)?));
        }
        if let Some(bound) = node.optional("string") {
            return Ok(Type::String(max(&bound)?));
        }
        match node.optional("opaque") {
            Some(size) if size.optional("length").is_some() => {
                Ok(Type::OpaqueFixed(length(&size)?))
            }
            Some(size) => Ok(Type::Opaque(max(&size)?)),
            None => Err(node.expected("a type")),
        }
    }

    fn program(&self, node: &Node<'a>) -> Read<Program> {
        Ok(Program {
            name: self.name(node)?,
            docs: node.docs()?,
            number: node.member("number")?.number()?,
            versions: node.list("versions", |version| self.version(version))?,
        })
    }

    fn version(&self, node: &Node<'a>) -> Read<Version> {
        Ok(Version {
            name: self.name(node)?,
            docs: node.docs()?,
            number: node.member("number")?.number()?,
            procedures: node.list("procedures", |procedure| self.procedure(procedure))?,
        })
    }

    fn procedure(&self, node: &Node<'a>) -> Read<Procedure> {
        Ok(Procedure {
            name: self.name(node)?,
            docs: node.docs()?,
            number: node.member("number")?.number()?,
            args: node.list("args", |arg| {
                Ok(Argument {
                    name: self.name(arg)?,
                    ty: self.ty(&arg.member("type")?)?,
                })
            })?,
            result: node.optional("result").map(|ty| self.ty(&ty)).transpose()?,
            oneway: node.member("oneway")?.bool()?,
        })
    }
}

#[cfg(test)]
mod tests;
