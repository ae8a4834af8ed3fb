//! Mistakes that people make, and what is said about each: one message, at its place.
//!
//! `mistakes.txt` has a block for each: `== title`, the file, and behind `--` the messages and their help. A title that
//! ends in `×2` says that the mistake is made twice. `UPDATE_GOLDEN=1 cargo test -p golden` writes the messages.

use golden::{Mistake, compare, compile, mistakes, mistakes_file, report};
use rpcgen_rs::Options;
use rpcgen_rs::diag::{Format, Severity};
use std::fmt::Write as _;

#[test]
fn one_mistake_is_one_message() {
    let mut wanted = String::new();
    let mut complaints = Vec::new();
    let mut count = 0;
    for Mistake { title, text } in mistakes() {
        let made = title
            .split_once('×')
            .map_or(1, |(_, n)| n.parse().expect("a number"));
        let output = compile(&text, &Options::default());
        write!(wanted, "== {title}\n{text}").expect("a string takes text");
        let mut errors = 0;
        for diagnostic in &output.diagnostics {
            errors += usize::from(diagnostic.severity == Severity::Error);
            let shown = diagnostic.render(&output.sources, Format::Short);
            let shown = shown.trim_end().trim_start_matches("in.x:");
            writeln!(wanted, "-- {shown}").expect("a string takes text");
            if let Some(help) = &diagnostic.help {
                writeln!(wanted, "--   {help}").expect("a string takes text");
            }
        }
        if errors != made {
            complaints.push(format!("{title}: {errors} errors"));
        }
        count += 1;
    }
    assert!(count > 100, "the mistakes are there");
    compare(&mistakes_file(), Some(&wanted), &mut complaints);
    report(&complaints);
}
