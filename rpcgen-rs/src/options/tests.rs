use super::*;

/// A text that each kind of option understands and that differs from its default.
fn sample(entry: &Entry) -> String {
    match entry.value {
        "" => (!entry.on_by_default()).to_string(),
        "rust|c" => String::from("c"),
        "BYTES" | "COUNT" => String::from("7"),
        value => value.replace(['[', ']'], ""),
    }
}

#[test]
fn every_option_survives_its_command_line_spelling() {
    for entry in TABLE {
        let mut options = Options::default();
        entry.set(&mut options, &sample(entry)).unwrap();
        assert_ne!(
            options,
            Options::default(),
            "--{} changes nothing",
            entry.flag
        );

        let args = entry.to_args(&options);
        assert_eq!(args.len(), 1, "--{}", entry.flag);
        let (flag, text) = args[0].split_once('=').unwrap_or((&args[0], ""));
        let mut again = Options::default();
        match flag.strip_prefix("--no-") {
            Some(_) => entry.set(&mut again, "false").unwrap(),
            None if entry.value.is_empty() => entry.set(&mut again, "true").unwrap(),
            None => entry.set(&mut again, text).unwrap(),
        }
        assert_eq!(again, options, "{args:?}");
    }
}

#[test]
fn flags_are_unique_and_documented() {
    let mut flags: Vec<_> = TABLE.iter().map(|entry| entry.flag).collect();
    flags.sort_unstable();
    flags.dedup();
    assert_eq!(flags.len(), TABLE.len());
    assert!(
        TABLE
            .iter()
            .all(|entry| entry.summary().ends_with('.') || entry.summary().ends_with('`'))
    );
}

#[test]
fn builder_methods_set_the_field_of_their_name() {
    let options = Options::default()
        .client(false)
        .derive("*", "serde::Serialize")
        .define("X", "1")
        .naming(Naming::C);
    assert_eq!(
        options.to_args(),
        [
            "--define=X=1",
            "--naming=c",
            "--derive=*=serde::Serialize",
            "--no-client"
        ]
    );
}

#[test]
fn arguments_do_not_hold_paths_of_this_machine() {
    assert!(
        Options::default()
            .include_dir("/a")
            .out_dir("/b")
            .to_args()
            .is_empty()
    );
}

#[test]
fn patterns_select_items_and_members() {
    let mut patterns = Patterns::default();
    patterns.push("READ3*.data");
    patterns.push("entry");
    assert!(patterns.selects("READ3resok", Some("data")));
    assert!(!patterns.selects("READ3resok", Some("count")));
    assert!(!patterns.selects("READ3resok", None));
    assert!(patterns.selects("entry", None));
    assert!(patterns.selects("entry", Some("name")));
    assert!(!patterns.selects("entry2", None));
}

#[test]
fn a_name_is_for_exactly_one_item() {
    let mut names = PatternMap::default();
    names.push("foo", "Bar");
    names.push("foo.x", "y");
    assert_eq!(names.get("foo", None), Some("Bar"));
    assert_eq!(names.get("foo", Some("x")), Some("y"));
    assert_eq!(names.get("foo", Some("z")), None);
}

#[test]
fn stars_match_any_text_without_exponential_search() {
    let mut patterns = Patterns::default();
    patterns.push(&"*a".repeat(30));
    assert!(patterns.selects(&"a".repeat(30), None));
    assert!(!patterns.selects(&format!("{}b", "a".repeat(20_000)), None));
}

#[test]
fn limits_are_documented_as_they_are() {
    let options = Options::default();
    for (flag, limit) in [
        ("max-input", options.max_input),
        ("max-items", options.max_items),
        ("max-members", options.max_members),
    ] {
        let entry = TABLE.iter().find(|entry| entry.flag == flag).unwrap();
        let expected = format!("; default: {limit}.");
        assert!(entry.summary().ends_with(&expected), "--{flag}");
    }
}
