//! The long run: a warm-up, a look, the run, a look. Nothing may have grown between the two looks.

use crate::figures::Figures;
use crate::role::{GIVING_BACK, Role};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Memory may end so much above its beginning: a tenth, and what an allocator's mood comes to.
const MOOD: u64 = 4 << 10;
/// Until all that was begun has ended: the server's deadlines, and generous slack.
const SETTLED: Duration = Duration::from_secs(60);

/// Soaks for so many seconds, a sixth of them warm-up.
pub(crate) fn soak(seconds: u64) {
    let path = std::env::temp_dir().join(format!("soak-{}", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    let seed = std::env::var("SOAK_SEED").unwrap_or("1".into());
    println!("seed {seed} (SOAK_SEED), {seconds} s");
    let (mut server, tcp, udp) = Role::server(GIVING_BACK, &path);
    let mut good = Role::start(GIVING_BACK, &["good", &tcp, &udp, &path, &seed]);
    let mut hostile = Role::start(&[], &["hostile", &tcp, &udp, &seed]);

    let mut run = |time: Duration| {
        good.order("go");
        hostile.order("go");
        sleep(time);
        let thrown = hostile.ask("pause");
        let done = good.ask("pause");
        println!("good clients: {done}\nhostile clients: {thrown}");
        let end = Instant::now() + SETTLED;
        loop {
            let now = server.ask("say");
            if ["connections", "in_flight", "held"].map(|n| now.get(n)) == [0; 3] {
                println!("server: {now}");
                return (now, done);
            }
            assert!(Instant::now() < end, "does not come to rest: {now}");
            sleep(Duration::from_millis(100));
        }
    };
    let warm_up = Duration::from_secs(seconds).div_f64(6.0);
    let (server_before, good_before) = run(warm_up);
    let (server_after, good_after) = run(Duration::from_secs(seconds) - warm_up);
    drop((server, good, hostile));
    let _ = std::fs::remove_file(path);

    assert_eq!(good_after.get("lost"), 0, "good clients lose no call");
    for (what, before, after) in [
        ("the server", &server_before, &server_after),
        ("the good clients", &good_before, &good_after),
    ] {
        compare(what, before, after);
    }
    println!("memory, descriptors and tasks ended where they began");
}

fn compare(what: &str, before: &Figures, after: &Figures) {
    for name in ["descriptors", "tasks"] {
        assert_eq!(after.get(name), before.get(name), "{name} of {what}");
    }
    let most = before.get("kib") * 11 / 10 + MOOD;
    assert!(
        after.get("kib") <= most,
        "memory of {what}: more than {most} KiB"
    );
}
