//! Mangled interface files for as long as one likes: `cargo run --release -p front -- [EXECUTIONS [SEED [FOLDER [COMPILED]]]]`.
//!
//! A text for which something does not hold goes to FOLDER (default: the current one), made as small as may be; the run
//! then ends with an error. Move such files to `tests/front/tests/found/`. A sample of what was accepted, COMPILED files
//! (default: 150), is compiled by rustc in both editions. `tests/front/coverage` runs it until it finds no new code.

use front::run::{Report, run};
use golden::packages;
use std::fs;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Runs end after so many different failures.
const FAILURES: usize = 20;

/// Accepted texts whose Rust is compiled, all in one package, if nothing else is said.
const COMPILED: u64 = 150;

/// Deep recursion must fail here, not only where stacks are small.
const STACK: usize = 2 << 20;

fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(fuzz);
    let ended = thread.expect("a thread starts").join();
    // The hook that would have shown a panic of this program is silent.
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

fn fuzz() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        let word = arguments.get(at).map(|word| word.parse());
        word.map_or(default, |n| n.expect("a number"))
    };
    let (executions, seed) = (number(0, 20_000), number(1, 1));
    let folder = PathBuf::from(arguments.get(2).map_or(".", String::as_str));
    // What is found is shown below.
    std::panic::set_hook(Box::new(|_| {}));
    let start = Instant::now();
    let mut before = 0;
    let mut line = |report: &Report| {
        println!(
            "{} executions with seed {seed} in {:.0?}: {} accepted, {} features ({} new), at most {} MiB, slowest {:.0?}, {} failures",
            report.executions,
            start.elapsed(),
            report.accepted,
            report.features,
            report.features - before,
            report.memory >> 20,
            report.slowest,
            report.failures.len(),
        );
        before = report.features;
    };
    let mut shown = 0;
    let report = run(executions, seed, FAILURES, |report| {
        for (input, complaint) in &report.failures[shown..] {
            let path = folder.join(format!("failed-{seed}-{shown}.x"));
            fs::write(&path, &input.text).expect("the folder is writable");
            if !input.flags.is_empty() {
                fs::write(path.with_extension("flags"), &input.flags)
                    .expect("the folder is writable");
            }
            let complaint: String = complaint.chars().take(2000).collect();
            println!("{}: {complaint}", path.display());
            shown += 1;
        }
        if report.executions.is_multiple_of(10_000) && report.executions < executions {
            line(report);
        }
    });
    line(&report);
    let _ = std::panic::take_hook();
    let compiled = rustc(&report, number(3, COMPILED) as usize);
    if report.failures.is_empty() && compiled {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether rustc takes the Rust of what was accepted, as far as it names nothing of elsewhere.
fn rustc(report: &Report, count: usize) -> bool {
    if count == 0 {
        return true;
    }
    let folder = packages::scratch("front");
    let mut modules = Vec::new();
    let alone = |flags: &str| {
        !["--no-", "--extern", "--derive"]
            .iter()
            .any(|flag| flags.contains(flag))
    };
    let mut kept: Vec<_> = report
        .kept
        .iter()
        .filter(|input| alone(&input.flags))
        .collect();
    // The last ones found are the strangest.
    for (number, input) in kept
        .split_off(kept.len().saturating_sub(count))
        .iter()
        .enumerate()
    {
        let text = String::from_utf8_lossy(&input.text);
        let output = golden::compile(&text, &golden::options(&input.flags));
        let Some(rust) = output.files.first() else {
            continue;
        };
        let name = format!("f{number}");
        let path = folder.join(format!("{name}.rs"));
        fs::write(&path, &rust.text).expect("the folder is writable");
        fs::write(path.with_extension("x"), &input.text).expect("the folder is writable");
        modules.push((name, path));
    }
    match packages::check(&["check"], &folder.join("packages"), &modules) {
        Ok(()) => {
            println!("the Rust of {} accepted texts compiles", modules.len());
            true
        }
        Err(said) => {
            println!("{}", said.lines().take(200).collect::<Vec<_>>().join("\n"));
            false
        }
    }
}
