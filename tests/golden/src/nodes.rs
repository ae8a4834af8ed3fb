//! An interface file → the kinds of syntax nodes in it. The matches are exhaustive: a new kind of node does not compile
//! here before it has a name, and a batch of random files that lacks a name fails.

use rpcgen_rs::ast::{
    Arm, BinaryOp, CaseLabel, ConstValue, Decl, Docs, EnumBody, Expr, ExprKind, Item, ItemKind,
    Param, Procedure, Shape, Spec, StructBody, Tag, Type, TypeKind, UnaryOp, UnionBody, Version,
};
use rpcgen_rs::diag::Diagnostics;
use rpcgen_rs::source::{MapLoader, SourceMap};
use rpcgen_rs::{lex, parse, preprocess};
use std::collections::BTreeSet;

/// Every kind of node.
#[rustfmt::skip]
pub const NODES: &[&str] = &[
    "const", "const: text", "enum", "struct", "union", "typedef", "program", "passthrough",
    "documented item", "documented member", "documented declaration", "documented arm",
    "documented version", "documented procedure",
    "member with value", "member without value", "case", "default", "void arm", "arm of several labels",
    "plain", "optional", "fixed", "variable: bounded", "variable: without bound",
    "bool", "char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long", "unsigned long", "hyper",
    "unsigned hyper", "float", "double", "string", "opaque",
    "name", "struct name", "enum name", "union name",
    "inline struct", "inline enum", "inline union",
    "inline struct with name", "inline enum with name", "inline union with name",
    "void result", "oneway", "result", "no arguments", "argument", "argument without name", "several arguments",
    "number", "character", "constant", "-", "~",
    "*", "/", "%", "+", "binary -", "<<", ">>", "&", "^", "|",
];

/// The kinds of nodes in a text that parses.
///
/// # Panics
///
/// When it does not parse.
pub fn nodes(text: &str) -> BTreeSet<&'static str> {
    let mut diags = Diagnostics::default();
    let (mut files, mut sources) = (MapLoader::new([("in.x", text)]), SourceMap::default());
    let config = preprocess::Config::default();
    let text = preprocess::preprocess("in.x", &config, &mut files, &mut sources, &mut diags);
    let tokens = lex::lex(&text.text, &text.map, &mut diags);
    let tree = parse::parse(&text, &tokens, &parse::Config::default(), &mut diags);
    assert!(!diags.has_errors(), "{diags:?}");
    let mut walk = Walk(BTreeSet::new());
    walk.spec(&tree);
    walk.0
}

struct Walk(BTreeSet<&'static str>);

impl Walk {
    fn saw(&mut self, node: &'static str) {
        debug_assert!(NODES.contains(&node), "{node}");
        self.0.insert(node);
    }

    fn docs(&mut self, docs: &Docs, node: &'static str) {
        if docs.is_some() {
            self.saw(node);
        }
    }

    fn spec(&mut self, spec: &Spec) {
        if !spec.passthrough.is_empty() {
            self.saw("passthrough");
        }
        spec.items.iter().for_each(|item| self.item(item));
    }

    fn item(&mut self, item: &Item) {
        self.docs(&item.docs, "documented item");
        match &item.kind {
            ItemKind::Const(constant) => {
                self.saw("const");
                match &constant.value {
                    ConstValue::Expr(value) => self.expr(value),
                    ConstValue::Str(_) => self.saw("const: text"),
                }
            }
            ItemKind::Enum(_, body) => {
                self.saw("enum");
                self.members(body);
            }
            ItemKind::Struct(_, body) => {
                self.saw("struct");
                self.fields(body);
            }
            ItemKind::Union(_, body) => {
                self.saw("union");
                self.arms(body);
            }
            ItemKind::Typedef(decl) => {
                self.saw("typedef");
                self.decl(decl);
            }
            ItemKind::Program(program) => {
                self.saw("program");
                self.expr(&program.number);
                program.versions.iter().for_each(|v| self.version(v));
            }
        }
    }

    fn members(&mut self, body: &EnumBody) {
        for member in &body.members {
            self.docs(&member.docs, "documented member");
            match &member.value {
                Some(value) => {
                    self.saw("member with value");
                    self.expr(value);
                }
                None => self.saw("member without value"),
            }
        }
    }

    fn fields(&mut self, body: &StructBody) {
        body.fields.iter().for_each(|field| self.decl(field));
    }

    fn arms(&mut self, body: &UnionBody) {
        self.decl(&body.discriminant);
        body.arms.iter().for_each(|arm| self.arm(arm));
    }

    fn arm(&mut self, arm: &Arm) {
        self.docs(&arm.docs, "documented arm");
        if arm.labels.len() > 1 {
            self.saw("arm of several labels");
        }
        for label in &arm.labels {
            match label {
                CaseLabel::Case(value) => {
                    self.saw("case");
                    self.expr(value);
                }
                CaseLabel::Default(_) => self.saw("default"),
            }
        }
        match &arm.decl {
            Some(decl) => self.decl(decl),
            None => self.saw("void arm"),
        }
    }

    fn decl(&mut self, decl: &Decl) {
        self.docs(&decl.docs, "documented declaration");
        self.ty(&decl.ty);
        self.shape(&decl.shape);
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Plain => self.saw("plain"),
            Shape::Optional => self.saw("optional"),
            Shape::Fixed(n) => {
                self.saw("fixed");
                self.expr(n);
            }
            Shape::Variable(Some(n)) => {
                self.saw("variable: bounded");
                self.expr(n);
            }
            Shape::Variable(None) => self.saw("variable: without bound"),
        }
    }

    fn ty(&mut self, ty: &Type) {
        let pick = |name: bool, with, without| if name { with } else { without };
        let kind = match &ty.kind {
            TypeKind::Bool => "bool",
            TypeKind::Char => "char",
            TypeKind::UnsignedChar => "unsigned char",
            TypeKind::Short => "short",
            TypeKind::UnsignedShort => "unsigned short",
            TypeKind::Int => "int",
            TypeKind::Unsigned => "unsigned",
            TypeKind::Long => "long",
            TypeKind::UnsignedLong => "unsigned long",
            TypeKind::Hyper => "hyper",
            TypeKind::UnsignedHyper => "unsigned hyper",
            TypeKind::Float => "float",
            TypeKind::Double => "double",
            TypeKind::String => "string",
            TypeKind::Opaque => "opaque",
            TypeKind::Named(None, _) => "name",
            TypeKind::Named(Some(Tag::Struct), _) => "struct name",
            TypeKind::Named(Some(Tag::Enum), _) => "enum name",
            TypeKind::Named(Some(Tag::Union), _) => "union name",
            TypeKind::Struct(name, body) => {
                self.fields(body);
                pick(name.is_some(), "inline struct with name", "inline struct")
            }
            TypeKind::Enum(name, body) => {
                self.members(body);
                pick(name.is_some(), "inline enum with name", "inline enum")
            }
            TypeKind::Union(name, body) => {
                self.arms(body);
                pick(name.is_some(), "inline union with name", "inline union")
            }
        };
        self.saw(kind);
    }

    fn version(&mut self, version: &Version) {
        self.docs(&version.docs, "documented version");
        self.expr(&version.number);
        version.procedures.iter().for_each(|p| self.procedure(p));
    }

    fn procedure(&mut self, procedure: &Procedure) {
        self.docs(&procedure.docs, "documented procedure");
        self.expr(&procedure.number);
        if procedure.oneway {
            self.saw("oneway");
        }
        match &procedure.result {
            Some(result) => {
                self.saw("result");
                self.param(result);
            }
            None => self.saw("void result"),
        }
        match procedure.args.len() {
            0 => self.saw("no arguments"),
            1 => {}
            _ => self.saw("several arguments"),
        }
        for arg in &procedure.args {
            let name = arg.name.is_some();
            self.saw(if name {
                "argument"
            } else {
                "argument without name"
            });
            self.param(arg);
        }
    }

    fn param(&mut self, param: &Param) {
        self.ty(&param.ty);
        self.shape(&param.shape);
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int { .. } => self.saw("number"),
            ExprKind::Char(_) => self.saw("character"),
            ExprKind::Name(_) => self.saw("constant"),
            ExprKind::Unary(op, operand) => {
                match op {
                    UnaryOp::Neg => self.saw("-"),
                    UnaryOp::Not => self.saw("~"),
                    UnaryOp::LogicalNot => {}
                }
                self.expr(operand);
            }
            ExprKind::Binary(op, pair) => {
                match op {
                    BinaryOp::Sub => self.saw("binary -"),
                    BinaryOp::Mul
                    | BinaryOp::Div
                    | BinaryOp::Rem
                    | BinaryOp::Add
                    | BinaryOp::Shl
                    | BinaryOp::Shr
                    | BinaryOp::BitAnd
                    | BinaryOp::BitXor
                    | BinaryOp::BitOr => self.saw(op.text()),
                    // Only in `#if`, which leaves no tree: `preprocess` tests them.
                    BinaryOp::Lt
                    | BinaryOp::Le
                    | BinaryOp::Gt
                    | BinaryOp::Ge
                    | BinaryOp::Eq
                    | BinaryOp::Ne
                    | BinaryOp::And
                    | BinaryOp::Or => {}
                }
                self.expr(&pair.0);
                self.expr(&pair.1);
            }
            ExprKind::Conditional(_) => {}
            // Not in what is accepted.
            ExprKind::Wrong => {}
        }
    }
}
