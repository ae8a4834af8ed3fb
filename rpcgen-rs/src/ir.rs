//! The resolved interface: the only input of every back end.
//!
//! `resolve` builds it from the syntax tree, `check` proves its rules, `layout` and `names` fill in what they decide.
//! After that it is total: every name is an id, every value a number, every type has a layout and a Rust name, and
//! a back end finds nothing missing.

use crate::source::Span;

/// Index of a [`TypeDef`] in [`Spec::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// A whole interface: what one run of the compiler turns into one output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Path of the main file as it was given, with `/` as separator: shown in the output's first line.
    pub source: String,
    /// Constants in source order (included files where they are included).
    pub consts: Vec<Const>,
    /// Types in source order. [`TypeId`] indexes this.
    pub types: Vec<TypeDef>,
    /// Programs in source order.
    pub programs: Vec<Program>,
    /// `%` lines, kept for tools and never emitted as Rust.
    pub passthrough: Vec<Passthrough>,
}

impl Spec {
    /// The definition behind an id.
    pub fn def(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0 as usize]
    }

    /// Follows typedefs until something that is not one.
    ///
    /// Ends because `check` refuses cyclic typedefs.
    pub fn resolve<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Named(id) = ty {
            let last = self.def(*id).layout.last.unwrap_or(*id);
            match &self.def(last).kind {
                TypeKind::Alias(target) => ty = target,
                _ => break,
            }
        }
        ty
    }
}

/// A name as the `.x` file spells it and as Rust sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The spelling in the `.x` file (for an inline type the one made up for it, `parent_field`).
    pub x: String,
    /// The Rust identifier without `r#`; set by `names`.
    pub rust: String,
    /// The Rust identifier is a keyword and wants `r#`.
    pub raw: bool,
    /// Where the name stands.
    pub span: Span,
}

/// Text of the comments that belong to an item: no comment marks, no gutters, lines separated by `\n`.
pub type Docs = Option<String>;

/// `const NAME = value;`
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// Its name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its value.
    pub value: ConstValue,
}

/// The value of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstValue {
    /// A number and the Rust type that `names` chose by value and use.
    Int(i128, ConstType),
    /// `const X = "text"`.
    Str(String),
}

/// Rust type of a numeric constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstType {
    /// `u32`
    U32,
    /// `i32`
    I32,
    /// `u64`
    U64,
    /// `i64`
    I64,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// What it is.
    pub kind: TypeKind,
    /// What `layout` found out.
    pub layout: Layout,
}

/// The kinds of named types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `struct`
    Struct(Vec<Field>),
    /// `union`
    Union(Box<Union>),
    /// `enum`
    Enum(Vec<Enumerator>),
    /// `typedef`
    Alias(Type),
    /// A type that lives elsewhere: the Rust path given by `--extern-type`.
    Extern(String),
}

/// A member of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its type.
    pub ty: Type,
}

/// A member of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumerator {
    /// Its name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its value on the wire (4294967295 of the file is −1 here).
    pub value: i32,
    /// An earlier member of the same enum has this value: becomes an associated constant.
    pub alias_of: Option<usize>,
}

/// A discriminated union.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// Name of the discriminant in the file.
    pub discriminant: Name,
    /// Type of the discriminant; resolves to an integer, `bool` or an enum.
    pub tag: Type,
    /// Its arms in source order, one for each `case` label (`case 1: case 2: int x;` makes two).
    pub cases: Vec<Case>,
    /// The `default` arm, if there is one.
    pub default: Option<Arm>,
}

/// One `case` label and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Rust variant; `x` holds the label as written.
    pub name: Name,
    /// Comment of the arm.
    pub docs: Docs,
    /// Value of the label, converted to the type of the discriminant.
    pub value: i64,
    /// Where the tag is an enum and the label one of its members: index of the enumerator (never an alias).
    pub enumerator: Option<usize>,
    /// The declaration.
    pub arm: Arm,
}

/// The declaration of an arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Comment of the arm.
    pub docs: Docs,
    /// Name of the member, for documentation and JSON (`None` for `void`).
    pub name: Option<Name>,
    /// Its type, `None` for `void`.
    pub ty: Option<Type>,
    /// `layout` wants the value behind a `Box` (recursion by value through this arm, or an arm far larger than the others).
    pub boxed: bool,
}

/// A type as used by a field, an arm, an argument or a typedef.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `char`: i8 in Rust, 4 bytes on the wire
    Char,
    /// `unsigned char`: u8, 4 bytes on the wire
    UChar,
    /// `short`: i16, 4 bytes
    Short,
    /// `unsigned short`: u16, 4 bytes
    UShort,
    /// `int` and `long`: i32
    Int,
    /// `unsigned` and `unsigned long`: u32
    UInt,
    /// `hyper`: i64
    Hyper,
    /// `unsigned hyper`: u64
    UHyper,
    /// `float`: f32
    Float,
    /// `double`: f64
    Double,
    /// `quadruple`: [u8; 16] in a newtype of the runtime
    Quadruple,
    /// `opaque x[n]`
    OpaqueFixed(u64),
    /// `opaque x<max>`; no bound is `u32::MAX`
    Opaque(u32),
    /// `string x<max>`; no bound is `u32::MAX`
    String(u32),
    /// `T x[n]`
    Array(Box<Self>, u64),
    /// `T x<max>`
    Vec(Box<Self>, u32),
    /// `T *x`
    Optional(Box<Self>),
    /// A named type.
    Named(TypeId),
}

/// `program NAME { … } = number;`
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name; `rust` is the module's name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its number.
    pub number: u32,
    /// Its versions in source order.
    pub versions: Vec<Version>,
}

/// `version NAME { … } = number;`
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its name; `rust` is the trait's name, `CalcV1`.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its number.
    pub number: u32,
    /// Its procedures in source order.
    pub procedures: Vec<Procedure>,
}

/// `result NAME(args) = number;`
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its name; `rust` is the method's name.
    pub name: Name,
    /// Its comment.
    pub docs: Docs,
    /// Its number.
    pub number: u32,
    /// Its arguments; empty for `(void)`.
    pub args: Vec<Argument>,
    /// Its result, `None` for `void`.
    pub result: Option<Type>,
    /// `oneway`: the server never answers.
    pub oneway: bool,
}

/// An argument of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name: the file's, else `arg` for a sole argument and `arg1`, `arg2` … for several.
    pub name: Name,
    /// Its type.
    pub ty: Type,
}

/// A `%` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Passthrough {
    /// The text after the `%`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What `layout` finds out about a named type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The last typedef of the chain of typedefs that begins here.
    pub last: Option<TypeId>,
    /// Smallest encoding in bytes.
    pub min: u64,
    /// Largest encoding in bytes, `None` when unbounded.
    pub max: Option<u64>,
    /// The encoding always has this size and holds nothing of variable size: eligible for a block
    /// (a run of fields that is bounds-checked once). Unions never are.
    pub fixed: Option<u64>,
    /// The type is part of a cycle of the type graph: its decode counts depth.
    pub recursive: bool,
    /// How the type is a linked list, if it is one.
    pub list: Option<Chain>,
    /// Largest ratio of Rust bytes to wire bytes that valid data can reach, at least 16.
    pub ratio: u32,
    /// About how many bytes a value takes in Rust, without what it points to (64-bit targets).
    pub size: u64,
    /// May derive `Eq` and `Hash` (no float inside).
    pub eq: bool,
    /// May derive `Default`: the all-zero value is legal.
    pub default: bool,
    /// May derive `Copy` (scalars, enums and fixed structures of them; used only where asked for).
    pub copy: bool,
}

/// `struct T { …; T *next; }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// `T` is only ever used through a pointer: it loses its last field, and each `T *` is a `List<T>`.
    List,
    /// `T` is also used by value: `next: Option<Box<T>>` stays, and everything that walks it is a loop.
    Linked,
}
