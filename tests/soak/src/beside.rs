//! What a good client notices of hostile ones beside it.

use crate::role::{BEHIND_CLIENTS, ON_CLIENTS, ON_SERVERS, Role};

/// Most that the 99th percentile of a good client's calls may grow.
const SLOWER: f64 = 3.0;

/// Undisturbed and disturbed seconds in turns; the median of the ratios counts.
pub(crate) fn beside(rounds: u64) {
    let path = std::env::temp_dir().join(format!("soak-{}", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    let (mut server, tcp, udp) = Role::server(ON_SERVERS, &path);
    let mut pace = Role::start(ON_CLIENTS, &["pace", &tcp]);
    let mut hostile = Role::start(BEHIND_CLIENTS, &["hostile", &tcp, &udp, "1"]);
    pace.ask("500");
    let (mut quiet, mut disturbed, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut lost = 0;
    for _ in 0..rounds {
        let without = pace.ask("1000");
        hostile.order("go");
        let with = pace.ask("1000");
        hostile.ask("pause");
        lost += without.get("lost") + with.get("lost");
        let (a, b) = (without.get("ns99"), with.get("ns99"));
        quiet.push(a);
        disturbed.push(b);
        ratios.push(b as f64 / a as f64);
    }
    println!("hostile: {}", hostile.ask("say"));
    println!("server: {}", server.ask("say"));
    quiet.sort_unstable();
    disturbed.sort_unstable();
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.len() / 2;
    let (a, b) = (quiet[middle] / 1000, disturbed[middle] / 1000);
    let ratio = ratios[middle];
    println!(
        "99th percentile: {a} us undisturbed, {b} us with hostile clients; ratio {ratio:.2}, at most {SLOWER}"
    );
    println!("calls of the good client lost: {lost}");
    drop(server);
    let _ = std::fs::remove_file(path);
    assert_eq!(lost, 0, "a good client loses no call");
    assert!(ratio <= SLOWER, "hostile clients slow good ones down");
}
