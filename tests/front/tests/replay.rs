//! Files that once failed, and a short run of the fuzz target (`.ci/full front` is the long one).

use front::check::check;
use front::run::run;
use std::fs;
use std::path::Path;

#[test]
fn what_was_found_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/found");
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("the files are there").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "x") {
            let text = fs::read(&path).expect("a file can be read");
            let flags = fs::read_to_string(path.with_extension("flags")).unwrap_or_default();
            if let Err(complaint) = check(&text, &flags) {
                panic!("{}: {complaint}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 0, "the files are there");
}

#[test]
fn a_short_run_of_the_fuzz_target() {
    let report = run(700, 1, 1, |_| {});
    if let Some((input, complaint)) = report.failures.first() {
        panic!(
            "{complaint}\n{}\n{}",
            input.flags,
            String::from_utf8_lossy(&input.text)
        );
    }
    assert!(report.accepted > 40 && report.features > 2000, "{report:?}");
}
