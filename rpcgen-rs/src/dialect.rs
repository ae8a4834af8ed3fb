//! What C's rpcgen or the RFCs would refuse although this compiler accepts it.
//!
//! The parser reads a superset of every dialect seen. Whoever wants a file to stay portable asks for `--strict-rpcgen`
//! (rpcgen 1.4 as on Linux) or `--strict-rfc` (RFC 4506 and RFC 5531) and gets warnings `W03xx`.

use crate::diag::{Diagnostic, Diagnostics};
use crate::options::Options;
use crate::source::Span;

/// The dialects to warn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strict {
    /// Report what C's rpcgen refuses.
    pub rpcgen: bool,
    /// Report what RFC 4506 and RFC 5531 have no rule for.
    pub rfc: bool,
}

impl Strict {
    /// The dialects that the options ask for.
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            rpcgen: options.strict_rpcgen,
            rfc: options.strict_rfc,
        }
    }

    /// Reports `lint` at `span` if a dialect that was asked for refuses it.
    pub(crate) fn report(self, lint: Lint, span: Span, diags: &mut Diagnostics) {
        if !self.rpcgen && !self.rfc {
            return;
        }
        let (code, rpcgen, rfc, what) = lint.facts();
        let who = match (self.rpcgen && rpcgen, self.rfc && rfc) {
            (false, false) => return,
            (true, false) => "rpcgen does",
            (false, true) => "the RFCs do",
            (true, true) => "rpcgen and the RFCs do",
        };
        diags.push(Diagnostic::warning(
            code,
            span,
            format!("{who} not accept {what}"),
        ));
    }
}

/// The code is one of these warnings.
pub(crate) fn is_lint(code: &str) -> bool {
    code.strip_prefix("W03")
        .is_some_and(|n| n.parse().is_ok_and(|n: u8| (1..=44).contains(&n)))
}

/// Something that a dialect refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lint {
    LineComment,
    InlineType,
    TrailingComma,
    EmptyStatement,
    DefaultOnly,
    StackedDefault,
    SeveralArguments,
    ArgumentDeclarator,
    Namespace,
    Quadruple,
    Oneway,
    PragmaStatement,
    OptionalStruct,
    Expression,
    NumberForm,
    Forward,
    KeywordName,
    ReservedName,
    ImplicitValue,
    ConstForm,
    CType,
    TaggedReference,
    LeadingUnderscore,
    Directive,
    Passthrough,
    IndentedPassthrough,
    CharLabel,
    VoidMember,
    ArrayArgument,
    Pragma,
    MappingWord,
    CharValue,
    TypeName,
    ResultDeclarator,
    ContinuedPassthrough,
    TypedefOfItself,
    LongName,
    Discriminant,
    NamedNumber,
    NoArguments,
    BareUnsigned,
    IntBehindSize,
    StringInCall,
    Predeclared,
}

impl Lint {
    /// Code, refused by rpcgen, refused by the RFCs, and how to call it.
    fn facts(self) -> (&'static str, bool, bool, &'static str) {
        match self {
            Self::LineComment => ("W0301", true, true, "`//` comments"),
            Self::InlineType => ("W0302", true, false, "a type defined inside another"),
            Self::TrailingComma => ("W0303", true, true, "a comma before `}`"),
            Self::EmptyStatement => ("W0304", true, true, "a lone `;`"),
            Self::DefaultOnly => ("W0305", true, true, "a union without a `case`"),
            Self::StackedDefault => (
                "W0306",
                true,
                true,
                "`default` among other labels or before a `case`",
            ),
            Self::SeveralArguments => (
                "W0307",
                true,
                false,
                "several arguments (rpcgen wants `-N`)",
            ),
            Self::ArgumentDeclarator => ("W0308", false, true, "a declarator in an argument"),
            Self::Namespace => ("W0309", true, true, "namespaces"),
            Self::Quadruple => ("W0310", true, false, "`quadruple`"),
            Self::Oneway => ("W0311", true, true, "`oneway`"),
            Self::PragmaStatement => ("W0312", true, true, "`pragma`"),
            Self::OptionalStruct => ("W0313", true, true, "`struct *name`"),
            Self::Expression => ("W0314", true, true, "expressions"),
            Self::NumberForm => ("W0315", true, true, "this form of a number"),
            Self::Forward => ("W0316", true, true, "forward declarations"),
            Self::KeywordName => ("W0317", true, true, "a keyword as a name"),
            Self::ReservedName => ("W0318", true, false, "a keyword as a name"),
            Self::ImplicitValue => ("W0319", false, true, "an enum member without a value"),
            Self::ConstForm => ("W0320", false, true, "a constant that is no number"),
            Self::CType => ("W0321", false, true, "`char`, `short` and `long`"),
            Self::TaggedReference => (
                "W0322",
                false,
                true,
                "`struct`, `enum` or `union` in front of a type's name",
            ),
            Self::LeadingUnderscore => ("W0323", false, true, "a name that begins with `_`"),
            Self::Directive => ("W0324", false, true, "preprocessor directives"),
            Self::Passthrough => ("W0325", false, true, "`%` lines"),
            Self::IndentedPassthrough => {
                ("W0326", true, true, "a `%` that is not in the first column")
            }
            Self::CharLabel => ("W0327", false, true, "a character as a value"),
            Self::VoidMember => ("W0328", true, false, "a `void` member"),
            Self::ArrayArgument => ("W0329", true, true, "arrays as arguments"),
            Self::Pragma => ("W0330", true, true, "`#pragma` and `#ident`"),
            Self::MappingWord => ("W0331", true, true, "a word that chooses a type of OCaml"),
            Self::CharValue => ("W0332", true, false, "a character that is no label"),
            Self::TypeName => ("W0333", true, false, "a type of this name"),
            Self::ResultDeclarator => ("W0334", true, true, "a bound in a result"),
            Self::ContinuedPassthrough => (
                "W0335",
                true,
                false,
                "a `%` line that goes on in the next one",
            ),
            Self::TypedefOfItself => (
                "W0336",
                true,
                false,
                "a typedef whose name is that of its type in C: it never ends",
            ),
            Self::LongName => (
                "W0337",
                true,
                false,
                "a member's name of more than 248 bytes",
            ),
            Self::Discriminant => (
                "W0338",
                false,
                true,
                "a discriminant that is neither `int`, `unsigned`, `bool` nor an enum",
            ),
            Self::NamedNumber => (
                "W0339",
                false,
                true,
                "a name as the number of a program, version or procedure",
            ),
            Self::NoArguments => ("W0340", false, true, "`()` instead of `(void)`"),
            Self::BareUnsigned => ("W0341", false, true, "`unsigned` without `int`"),
            Self::IntBehindSize => ("W0342", false, true, "`int` behind another size"),
            Self::StringInCall => (
                "W0343",
                false,
                true,
                "`string` as an argument or a result: they want a typedef",
            ),
            Self::Predeclared => ("W0344", false, true, "a type that the file does not define"),
        }
    }
}
