//! Values: constants, enum members, and the numbers of programs, versions and procedures.
//!
//! All may name each other in any order. Each is computed once, by a loop over what waits for what, so that a chain of
//! 10^5 constants costs no stack; a cycle is an error that shows its path.

use std::collections::{BTreeSet, HashMap};

use super::known;
use super::messages::{
    e0202_type_as_number, e0202_undefined_value, e0211_value_cycle, e0218_expression_without_value,
    e0219_string_is_no_number, e0230_ambiguous_value,
};
use crate::ast::{self, EvalError, Expr, ItemKind};
use crate::diag::Diagnostics;
use crate::near::Hints;
use crate::source::Span;

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ValueId(usize);

/// Where a name is looked up: the members of one enum come first there.
pub(super) type ScopeId = Option<usize>;

/// How a value comes about.
#[derive(Clone, Copy)]
pub(super) enum Init<'a> {
    Expr(&'a Expr),
    /// An enum member without a value: one more than the member before it.
    After(Option<ValueId>),
    /// A string constant: no number.
    Text,
}

struct Value<'a> {
    name: &'a str,
    span: Span,
    init: Init<'a>,
    scope: ScopeId,
    /// Another value of the same name.
    same_name: Option<ValueId>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Waiting,
    /// `None` after an error, which has been reported.
    Done(Option<i128>),
}

/// All values of a file.
pub(super) struct Values<'a> {
    file: &'a ast::Spec,
    list: Vec<Value<'a>>,
    by_name: HashMap<&'a str, ValueId>,
    /// Members of enums whose name several values have.
    local: HashMap<(usize, &'a str), ValueId>,
    /// Names that several values have, and whether they are different ones.
    ambiguous: HashMap<&'a str, bool>,
    /// Undefined names that were reported, or of which nothing is said.
    reported: BTreeSet<String>,
    /// Types, which are no numbers: looked at where one is undefined.
    types: Option<HashMap<&'a str, Span>>,
    hints: Hints,
    /// Up to where the values of a name are computed, by the first of them.
    computed: HashMap<ValueId, ValueId>,
}

/// Why a look-up in the middle of an expression gave nothing: the error has been reported.
struct Reported;

impl<'a> Values<'a> {
    /// No values. Nothing is said of undefined names that are lost.
    pub(super) fn new(file: &'a ast::Spec) -> Self {
        Self {
            file,
            list: Vec::new(),
            by_name: HashMap::new(),
            local: HashMap::new(),
            ambiguous: HashMap::new(),
            reported: file.lost.names.clone(),
            types: None,
            hints: Hints::default(),
            computed: HashMap::new(),
        }
    }

    /// Adds a value and makes its name known.
    pub(super) fn define(
        &mut self,
        name: &'a str,
        span: Span,
        init: Init<'a>,
        scope: ScopeId,
    ) -> ValueId {
        let id = self.define_hidden(name, span, init, scope);
        match self.by_name.get(name).copied() {
            None => {
                self.by_name.insert(name, id);
            }
            Some(first) => {
                self.list[id.0].same_name = self.list[first.0].same_name;
                self.list[first.0].same_name = Some(id);
                for id in [first, id] {
                    if let Some(scope) = self.list[id.0].scope {
                        self.local.entry((scope, name)).or_insert(id);
                    }
                }
            }
        }
        id
    }

    /// Where a value of this name is defined.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.by_name.get(name).map(|id| self.list[id.0].span)
    }

    /// Adds a value unless its name is known already.
    pub(super) fn define_if_new(&mut self, name: &'a str, span: Span, init: Init<'a>) {
        if !self.by_name.contains_key(name) {
            self.define(name, span, init, None);
        }
    }

    /// Adds a value that no name reaches.
    pub(super) fn define_hidden(
        &mut self,
        name: &'a str,
        span: Span,
        init: Init<'a>,
        scope: ScopeId,
    ) -> ValueId {
        self.list.push(Value {
            name,
            span,
            init,
            scope,
            same_name: None,
            state: State::New,
        });
        ValueId(self.list.len() - 1)
    }

    /// The number of a value; `None` after an error, which has been reported.
    pub(super) fn get(&mut self, id: ValueId, diags: &mut Diagnostics) -> Option<i128> {
        if let State::Done(value) = self.list[id.0].state {
            return value;
        }
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            self.list[top.0].state = State::Waiting;
            let missing = self.first_missing(top);
            match missing.map(|next| (next, self.list[next.0].state)) {
                Some((next, State::Waiting)) => {
                    let from = stack
                        .iter()
                        .position(|&waiting| waiting == next)
                        .unwrap_or(0);
                    let cycle: Vec<(&str, Span)> = stack[from..]
                        .iter()
                        .map(|id| (self.list[id.0].name, self.list[id.0].span))
                        .collect();
                    diags.push(e0211_value_cycle(&cycle));
                    for id in stack.drain(from..) {
                        self.list[id.0].state = State::Done(None);
                    }
                }
                Some((next, _)) => stack.push(next),
                None => {
                    stack.pop();
                    let value = self.compute(top, diags);
                    self.list[top.0].state = State::Done(value);
                }
            }
        }
        match self.list[id.0].state {
            State::Done(value) => value,
            State::New | State::Waiting => None,
        }
    }

    /// An earlier constant, or a member of an enum, of the same name and another value.
    pub(super) fn clashes_with(&mut self, id: ValueId, diags: &mut Diagnostics) -> Option<Span> {
        /// So many places are looked at; hostile input repeats a name a million times.
        const LOOKED_AT: usize = 1000;
        let first = *self.by_name.get(self.list[id.0].name)?;
        self.list[first.0].same_name?;
        if !self.ambiguous.contains_key(self.list[id.0].name) {
            let all: Vec<ValueId> = self.all_of_name(first).collect();
            for id in all {
                self.get(id, diags);
            }
        }
        if !self.is_ambiguous(first) {
            return None;
        }
        let ours = self.get(id, diags)?;
        let differs =
            |other: &Value<'_>| matches!(other.state, State::Done(Some(theirs)) if theirs != ours);
        let mut others = self.all_of_name(first).take(LOOKED_AT);
        let other = others.find(|&other| {
            (other.0 < id.0 || self.list[other.0].scope.is_some()) && differs(&self.list[other.0])
        });
        other.map(|other| self.list[other.0].span)
    }

    /// The value of an expression; `None` after an error, which has been reported.
    pub(super) fn eval(
        &mut self,
        expr: &Expr,
        scope: ScopeId,
        diags: &mut Diagnostics,
    ) -> Option<i128> {
        let mut names = BTreeSet::new();
        expr.names(&mut |name, _| {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        });
        for name in names {
            while let Some(id) = self.open_candidate(&name, scope) {
                self.get(id, diags);
            }
        }
        self.eval_ready(expr, scope, diags)
    }

    /// The first value that must be computed before this one.
    fn first_missing(&mut self, id: ValueId) -> Option<ValueId> {
        let Value { init, scope, .. } = self.list[id.0];
        match init {
            Init::Expr(expr) => {
                let mut missing = None;
                expr.names(&mut |name, _| {
                    missing = missing.or_else(|| self.open_candidate(name, scope));
                });
                missing
            }
            Init::After(before) => before.filter(|before| self.is_open(*before)),
            Init::Text => None,
        }
    }

    fn is_open(&self, id: ValueId) -> bool {
        !matches!(self.list[id.0].state, State::Done(_))
    }

    fn compute(&mut self, id: ValueId, diags: &mut Diagnostics) -> Option<i128> {
        let value = &self.list[id.0];
        match value.init {
            Init::Expr(expr) => {
                let scope = value.scope;
                self.eval_ready(expr, scope, diags)
            }
            Init::After(None) => Some(0),
            Init::After(Some(before)) => match self.list[before.0].state {
                State::Done(before) => before.map(|number| number + 1),
                State::New | State::Waiting => None,
            },
            Init::Text => None,
        }
    }

    /// Evaluates an expression whose names have all been computed.
    fn eval_ready(&mut self, expr: &Expr, scope: ScopeId, diags: &mut Diagnostics) -> Option<i128> {
        let result = expr.eval(&mut |name, span| self.number(name, span, scope, diags));
        match result {
            Ok(value) => Some(value),
            Err(EvalError::Name(Reported) | EvalError::Reported) => None,
            Err(EvalError::Overflow(span)) => {
                diags.push(e0218_expression_without_value(
                    span,
                    "its value does not fit into 127 bits",
                ));
                None
            }
            Err(EvalError::NegativeShift(span)) => {
                diags.push(e0218_expression_without_value(
                    span,
                    "it shifts by less than nothing",
                ));
                None
            }
            Err(EvalError::DivideByZero(span)) => {
                diags.push(e0218_expression_without_value(span, "it divides by zero"));
                None
            }
        }
    }

    fn number(
        &mut self,
        name: &str,
        span: Span,
        scope: ScopeId,
        diags: &mut Diagnostics,
    ) -> Result<i128, Reported> {
        let Some(id) = self.look_up(name, scope) else {
            return match known::known_value(name) {
                Some(number) => Ok(number),
                None => {
                    if self.reported.insert(name.to_owned()) {
                        let types = self.types.get_or_insert_with(|| types(self.file));
                        if let Some(defined) = types.get(name) {
                            diags.push(e0202_type_as_number(name, span, *defined));
                            return Err(Reported);
                        }
                        let known = self.list.iter().map(|value| value.name);
                        let known = known.chain(["TRUE", "FALSE"]);
                        let nearest = self.hints.nearest(name, known);
                        diags.push(e0202_undefined_value(name, span, nearest));
                    }
                    Err(Reported)
                }
            };
        };
        if !self.is_local(id, scope) && self.is_ambiguous(id) {
            // Constants come first; that another value has the name of one is reported where it is defined.
            let first = self.by_name.get(name).map(|first| &self.list[first.0]);
            let is_constant = |first: &Value<'_>| {
                let is_known = matches!(first.state, State::Done(Some(_)));
                first.scope.is_none() && (is_known || matches!(first.init, Init::Text))
            };
            if first.is_some_and(is_constant) {
                return Err(Reported);
            }
            diags.push(e0230_ambiguous_value(
                name,
                span,
                self.all_of_name(id).map(|id| self.list[id.0].span),
            ));
            return Err(Reported);
        }
        let value = &self.list[id.0];
        match (value.state, value.init) {
            (State::Done(Some(number)), _) => Ok(number),
            (_, Init::Text) => {
                diags.push(e0219_string_is_no_number(name, span, value.span));
                Err(Reported)
            }
            _ => Err(Reported),
        }
    }

    /// The member of the enum in whose scope we are, else the first value of this name.
    fn look_up(&self, name: &str, scope: ScopeId) -> Option<ValueId> {
        let first = *self.by_name.get(name)?;
        let local = scope
            .filter(|_| self.list[first.0].same_name.is_some())
            .and_then(|scope| self.local.get(&(scope, name)));
        Some(local.copied().unwrap_or(first))
    }

    fn is_local(&self, id: ValueId, scope: ScopeId) -> bool {
        scope.is_some() && self.list[id.0].scope == scope
    }

    /// The first value that may be meant by a name and is not computed yet: all of them are computed before it is decided
    /// whether the name is ambiguous.
    fn open_candidate(&mut self, name: &str, scope: ScopeId) -> Option<ValueId> {
        let found = self.look_up(name, scope)?;
        if self.is_local(found, scope) || self.ambiguous.contains_key(name) {
            return Some(found).filter(|id| self.is_open(*id));
        }
        // What is computed stays so: the list is walked once for all that use the name.
        let start = self.computed.get(&found).copied().unwrap_or(found);
        let open = self.all_of_name(start).find(|id| self.is_open(*id));
        let last = open.or_else(|| self.all_of_name(start).last());
        self.computed.extend(last.map(|last| (found, last)));
        open
    }

    /// Members of several enums, and of different values?
    fn is_ambiguous(&mut self, first: ValueId) -> bool {
        let Value {
            name,
            state,
            same_name,
            ..
        } = self.list[first.0];
        if same_name.is_none() {
            return false;
        }
        if let Some(&known) = self.ambiguous.get(name) {
            return known;
        }
        let done = |id: ValueId| matches!(self.list[id.0].state, State::Done(Some(_)));
        let ambiguous = self
            .all_of_name(first)
            .any(|id| done(id) && self.list[id.0].state != state);
        self.ambiguous.insert(name, ambiguous);
        ambiguous
    }

    fn all_of_name(&self, first: ValueId) -> impl Iterator<Item = ValueId> {
        std::iter::successors(Some(first), |id| self.list[id.0].same_name)
    }
}

/// The types that a file defines by name.
fn types(file: &ast::Spec) -> HashMap<&str, Span> {
    let types = file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Struct(name, _) | ItemKind::Union(name, _) | ItemKind::Enum(name, _) => {
            Some((&*name.name, name.span))
        }
        ItemKind::Typedef(decl) => Some((&*decl.name.name, decl.name.span)),
        ItemKind::Const(_) | ItemKind::Program(_) => None,
    });
    types.collect()
}
