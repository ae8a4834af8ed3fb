//! What each code of the front end means: the text of `rpcgen-rs explain CODE`.
//!
//! `E00xx`/`W00xx` come from the lexer and the preprocessor, `E01xx` from the parser, `W03xx` say that another dialect
//! would refuse something. The codes of the later stages are explained beside their rules, in `check`.

/// Explains a code of the front end.
pub fn explain(code: &str) -> Option<&'static str> {
    let found = CODES.binary_search_by(|(known, _)| known.cmp(&code)).ok()?;
    CODES.get(found).map(|(_, text)| *text)
}

/// Sorted by code.
const CODES: &[(&str, &str)] = &[];
