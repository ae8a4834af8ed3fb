//! A test in a network of its own: its own port 111, its own `/run` for rpcbind's socket, its own processes.
//!
//! The test re-executes itself under `unshare`. Whatever it starts in there ends with it, and several may run at once.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

const INSIDE: &str = "INTEROP_NAMESPACE";

// `getaddrinfo` with AI_ADDRCONFIG ignores loopback addresses: without a second interface it finds no address at all.
// Where BBR is the machine's default, timers pace what is sent, on loopback too: what large records cost would depend on
// the gear that a connection happens to be in.
const SET_UP: &str = r#"
set -e
ip link set lo up
ip link add other0 type dummy 2>/dev/null || ip link add other0 type veth peer name other1
ip addr add 198.51.100.1/24 dev other0
ip link set other0 up
echo reno 2>/dev/null >/proc/sys/net/ipv4/tcp_congestion_control || true
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/rpcbind
chown _rpc /run/rpcbind 2>/dev/null || true
exec "$@"
"#;

/// Runs `body` in a namespace of its own; `test` is the name of the calling test.
///
/// Where namespaces are forbidden but nobody uses port 111 (a container of one's own), it runs where it is.
///
/// # Panics
///
/// When neither is possible (it needs root), or when the test fails in there.
pub fn inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !allowed() {
        return without_namespace(test, body);
    }
    let exe = std::env::current_exe().expect("a test knows its own path");
    let exe = exe.to_str().expect("the path is UTF-8");
    let output = unshare(&[
        "sh",
        "-c",
        SET_UP,
        "set-up",
        exe,
        test,
        "--exact",
        "--nocapture",
    ])
    .env(INSIDE, "1")
    .output()
    .expect("unshare runs: it just did");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{test} in its namespace ended with {}:\n{out}{err}",
        output.status
    );
    println!("{out}");
}

/// The same for a program that is no test: it starts once more, with the arguments it has, and ends as that one does.
///
/// # Panics
///
/// When neither is possible.
pub fn inside_program(body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !allowed() {
        return without_namespace("this program", body);
    }
    let exe = std::env::current_exe().expect("a program knows its own path");
    let exe = exe.to_str().expect("the path is UTF-8");
    let status = unshare(&["sh", "-c", SET_UP, "set-up", exe])
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .status()
        .expect("unshare runs: it just did");
    std::process::exit(status.code().unwrap_or(1));
}

/// Whether namespaces may be made here.
fn allowed() -> bool {
    let tried = unshare(&["true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// One test after the other: there is one port 111.
fn without_namespace(test: &str, body: impl FnOnce()) {
    let lock = std::env::temp_dir().join("rpcgen-rs-tests-port-111.lock");
    let lock = File::create(lock).expect("the temporary folder is writable");
    lock.lock().expect("a file can be locked");
    assert!(
        std::net::TcpListener::bind(("127.0.0.1", 111)).is_ok(),
        "{test} wants rpcbind's port: run it as root, where `unshare --net --mount --pid` is allowed"
    );
    println!("no namespaces here: {test} uses this machine's own port 111");
    // What an init system makes at boot.
    let _ = fs::create_dir_all("/run/rpcbind");
    let _ = Command::new("chown")
        .args(["_rpc", "/run/rpcbind"])
        .output();
    body();
}

fn unshare(command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args([
            "--net",
            "--mount",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .args(command);
    unshare
}

/// The system's rpcbind, in the foreground.
#[derive(Debug)]
pub struct Rpcbind(Child);

impl Rpcbind {
    /// Starts it and waits for its socket.
    ///
    /// # Panics
    ///
    /// When it is not there within five seconds.
    pub fn start() -> Self {
        Self::with(&["-f"])
    }

    /// The same, and it calls services for those who broadcast (`-r`).
    ///
    /// # Panics
    ///
    /// When it is not there within five seconds.
    pub fn start_calling() -> Self {
        Self::with(&["-f", "-r"])
    }

    fn with(flags: &[&str]) -> Self {
        let mut child = Command::new("rpcbind")
            .args(flags)
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .spawn()
            .expect("rpcbind is installed (tests/run installs it)");
        let end = Instant::now() + Duration::from_secs(5);
        while !(Path::new("/run/rpcbind.sock").exists()
            && std::net::TcpStream::connect("127.0.0.1:111").is_ok())
        {
            assert!(Instant::now() < end, "rpcbind does not listen");
            assert!(
                child.try_wait().is_ok_and(|s| s.is_none()),
                "rpcbind ended: it needs root"
            );
            sleep(Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Rpcbind {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `rpcinfo` prints, both streams; `None` when its exit status is not 0.
pub fn rpcinfo(arguments: &[&str]) -> Option<String> {
    let (success, said) = rpcinfo_whatever(arguments);
    success.then_some(said)
}

/// Runs `rpcinfo`: whether it was content, and what it said.
pub fn rpcinfo_whatever(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("rpcinfo")
        .args(arguments)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .expect("rpcinfo is installed (tests/run installs it)");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
