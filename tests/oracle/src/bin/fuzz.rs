//! Mangled messages of every type, for as long as one likes: `cargo run --release -p oracle --bin fuzz -- [EXECUTIONS
//! [SEED [FILE]]]`. Ends with an error at the first message for which something does not hold, and shows it as a line for
//! `tests/fuzz.corpus`. To FILE goes one short message for each type of our own files and each way to end.

use oracle::fuzz::{line, run};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        let word = arguments.get(at).map(|word| word.parse());
        word.map_or(default, |n| n.expect("a number"))
    };
    let (executions, seed) = (number(0, 1_000_000), number(1, 1));
    let start = std::time::Instant::now();
    let report = run(executions, seed);
    let rate = report.executions as f64 / start.elapsed().as_secs_f64();
    println!(
        "{} executions with seed {seed} in {:.0?}, {rate:.0} a second: {} values strictly, {} in interop mode, {} ends, at \
         most {:.2} of the budget, slowest {:.0?}",
        report.executions,
        start.elapsed(),
        report.values[0],
        report.values[1],
        report.ends,
        report.fullest,
        report.slowest,
    );
    if let Some(file) = arguments.get(2) {
        let is_short = |entry: &str, len| len <= 48 && !entry.starts_with("system_");
        let lines: String = report
            .corpus
            .iter()
            .filter(|(entry, bytes)| {
                is_short(entry.module, bytes.len()) && entry.module != "corpus_nfs41"
            })
            .map(|(entry, bytes)| line(entry, bytes) + "\n")
            .collect();
        std::fs::write(file, lines).expect("the file is writable");
    }
}
