//! Who answers what: each message that servers of the field take differently, and each step of a server with a message, has
//! a test on real sockets. `cargo test -p tidy --test answers -- --nocapture` prints the table.

use std::collections::BTreeMap;
use tidy::{report, sources};

/// A message and its answer, and the tests that expect it.
const ANSWERS: &[(&str, &[&str])] = &[
    (
        "another RPC version: RPC_MISMATCH 2..2",
        &["h021_another_rpc_version_is_a_mismatch"],
    ),
    (
        "a reply, or an unknown kind of message: TCP closes, UDP is silent",
        &["h022_h023_neither_unknown_messages_nor_replies_are_answered"],
    ),
    ("unknown program: PROG_UNAVAIL", &["h031_unknown_program"]),
    (
        "a version that is not served: PROG_MISMATCH low..high",
        &["h032_unknown_versions_learn_the_lowest_and_the_highest"],
    ),
    (
        "unknown procedure: PROC_UNAVAIL",
        &["h033_unknown_procedure"],
    ),
    (
        "arguments missing: GARBAGE_ARGS",
        &["short_arguments_are_garbage_and_trailing_bytes_are_ignored"],
    ),
    (
        "8 bytes behind the arguments: SUCCESS (strict: GARBAGE_ARGS)",
        &["trailing_bytes_are_garbage_in_strict_mode_only"],
    ),
    (
        "credential or verifier of 401 bytes: AUTH_BADCRED, AUTH_BADVERF; beyond the message: no answer",
        &["h035_long_credentials_and_verifiers"],
    ),
    (
        "AUTH_NONE with 400 bytes: SUCCESS",
        &["h035_long_credentials_and_verifiers"],
    ),
    (
        "unknown flavor, AUTH_SHORT, RPCSEC_GSS: AUTH_REJECTEDCRED",
        &["h061_h065_unknown_flavors_are_rejected_before_the_program_is_looked_up"],
    ),
    (
        "AUTH_TLS on NULL: SUCCESS without the token; elsewhere AUTH_BADCRED",
        &["h067_the_tls_probe_without_tls"],
    ),
    (
        "AUTH_SYS with 17 groups, a name of 256 bytes, a body cut short: AUTH_BADCRED",
        &["h062_auth_sys"],
    ),
    (
        "bytes behind AUTH_SYS: SUCCESS (strict: AUTH_BADCRED)",
        &["h062_bytes_behind_an_auth_sys_credential_are_denied_in_strict_mode_only"],
    ),
    (
        "AUTH_SYS with a verifier of another flavor: AUTH_BADVERF",
        &["h062_auth_sys"],
    ),
    (
        "string above its bound, opaque data of 2^32 - 1 bytes: GARBAGE_ARGS",
        &[
            "bounds_are_kept_in_both_modes",
            "h110_a_process_with_little_memory_does_not_run_out_of_it",
        ],
    ),
    (
        "pad that is not zero, bool of 2: SUCCESS (strict: GARBAGE_ARGS)",
        &["pads_and_bools_are_inspected_in_strict_mode_only"],
    ),
    (
        "enum value that is not declared, union without the arm: GARBAGE_ARGS",
        &["enums_and_unions_are_what_was_declared_in_both_modes"],
    ),
    (
        "list of 100 000 nodes: SUCCESS",
        &["h052_a_list_of_a_hundred_thousand_nodes_is_answered"],
    ),
    (
        "empty record: closed",
        &["h008_h009_empty_records_and_empty_last_fragments"],
    ),
    (
        "empty fragment: SUCCESS, up to 64 of them",
        &["h007_empty_fragments_are_counted"],
    ),
    (
        "many fragments: SUCCESS",
        &["h011_h016_one_byte_fragments_and_a_half_close_are_answered"],
    ),
    (
        "fragment of 2 GiB: closed at once",
        &["h001_a_header_that_announces_two_gibibytes"],
    ),
    (
        "call and half-close: SUCCESS, then closed",
        &["h011_h016_one_byte_fragments_and_a_half_close_are_answered"],
    ),
    (
        "datagram of 15 bytes: silence",
        &["h081_short_datagrams_are_dropped_and_counted"],
    ),
];

/// What comes before what, in the order of a server's checks, and the tests that show it.
const STEPS: &[(&str, &[&str])] = &[
    (
        "too short for a header: no answer",
        &[
            "h014_h015_what_is_not_rpc",
            "h037_headers_cut_at_every_byte",
            "h081_short_datagrams_are_dropped_and_counted",
        ],
    ),
    (
        "the RPC version comes before everything behind it",
        &["h021_another_rpc_version_is_a_mismatch"],
    ),
    (
        "authentication comes before the program",
        &["h061_h065_unknown_flavors_are_rejected_before_the_program_is_looked_up"],
    ),
    (
        "the procedure comes before what its program demands, and NULL is exempt",
        &["h066_flavors_are_demanded_of_programs_and_procedures_but_not_of_null"],
    ),
    (
        "the procedure comes before the arguments",
        &["h033_unknown_procedure"],
    ),
    (
        "lengths, depth and counts are limits of the arguments",
        &[
            "every_bad_message_gets_its_reply_over_tcp",
            "every_bad_message_gets_its_reply_over_udp",
        ],
    ),
    (
        "panic, failure: SYSTEM_ERR, and the connection lives",
        &["h102_panics_and_failures_are_system_errors_and_the_connection_lives"],
    ),
    (
        "result without an encoding: SYSTEM_ERR, and no half reply",
        &[
            "every_bad_message_gets_its_reply_over_tcp",
            "every_bad_message_gets_its_reply_over_udp",
        ],
    ),
    (
        "result above the transport's limit: SYSTEM_ERR",
        &[
            "h058_a_reply_beyond_the_limit_is_a_system_error",
            "a_reply_too_long_for_a_datagram_is_a_system_error",
        ],
    ),
    (
        "result for which there is no memory: SYSTEM_ERR",
        &["h105_results_that_find_no_memory_fail_and_what_was_held_comes_back"],
    ),
    (
        "NULL is answered, declared or not",
        &["null_is_answered_undeclared"],
    ),
];

#[test]
fn every_answer_has_its_test_on_sockets() {
    let sources = sources();
    let on_sockets = |path: &str| {
        ["runtime/tests/", "tests/interop/tests/"]
            .iter()
            .any(|folder| path.starts_with(folder))
    };
    let mut tests = BTreeMap::new();
    for source in sources.iter().filter(|s| on_sockets(&s.path)) {
        for line in source.text.lines() {
            if let Some((_, rest)) = line.trim_start().split_once("fn ") {
                let name = rest.split('(').next().unwrap_or_default();
                tests.insert(name, &source.path);
            }
        }
    }
    let mut missing = Vec::new();
    for (what, names) in ANSWERS.iter().chain(STEPS) {
        println!("{what}");
        for name in *names {
            match tests.get(name) {
                Some(path) => println!("    {path}: {name}"),
                None => missing.push(format!("{what}: there is no test {name}")),
            }
        }
    }
    report(&missing);
}
