//! The C half: built once, then run as child processes that end with the test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Folder of the built programs `server` and `client`.
///
/// # Panics
///
/// When they do not build: the message says what `make` said.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = scratch("c-peers");
        // Several test programs may come here at once.
        let lock = File::create(folder.join("lock")).expect("the build folder is writable");
        lock.lock().expect("the build folder can be locked");
        let mut make = Command::new("make");
        make.arg("--file")
            .arg(source.join("c/Makefile"))
            .arg(format!("SRC={}", source.display()))
            .current_dir(&folder);
        let output = make
            .output()
            .expect("`make` runs (tests/run installs what is missing)");
        assert!(
            output.status.success(),
            "the C peers do not build (tests/run installs what they need):\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        folder
    })
}

/// A folder of that name under the build's own temporary folder.
pub fn scratch(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    let deps = exe.parent().expect("a test lies in a folder");
    let folder = deps.with_file_name("interop-tmp").join(name);
    fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}

/// A running C server.
#[derive(Debug)]
pub struct CServer {
    /// Ends when its standard input is closed.
    child: Child,
    /// Its TCP port on 127.0.0.1.
    pub tcp: u16,
    /// Its UDP port on 127.0.0.1.
    pub udp: u16,
}

/// What `start_on_host` runs there, with the interface, the address and the server's path as arguments.
const HOST: &str = r#"
set -e
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/rpcbind
chown _rpc /run/rpcbind 2>/dev/null || true
ip link set lo up
tries=0
until ip link show "$1" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 500 ]
    sleep 0.02
done
ip addr add "$2" brd + dev "$1"
ip link set "$1" up
rpcbind -f -r >&2 &
until rpcinfo -p 127.0.0.1 >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 500 ]
    sleep 0.02
done
exec "$3" -r 0 0
"#;

fn begin(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the C server starts")
}

impl CServer {
    /// Starts it on ports of its own choice.
    ///
    /// # Panics
    ///
    /// When it does not say that it is ready.
    pub fn start(registered: bool) -> Self {
        let mut command = Command::new(built().join("server"));
        if registered {
            command.arg("-r");
        }
        Self::ready(begin(command.args(["0", "0"])))
    }

    /// Starts it on a host of its own, with an rpcbind of its own that calls it for those who broadcast. `link` is a
    /// network interface of ours: it becomes that host's, with this address and prefix length.
    ///
    /// # Panics
    ///
    /// When that is not possible: it takes a namespace (see [`crate::namespace`]).
    pub fn start_on_host(link: &str, address: &str) -> Self {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--mount", "sh", "-c", HOST, "host", link, address])
            .arg(built().join("server"))
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin");
        let child = begin(&mut command);
        let own = fs::read_link("/proc/self/ns/net").expect("we have a network");
        let host = format!("/proc/{}/ns/net", child.id());
        // The shell takes the place of `unshare`, whose process it is.
        let end = Instant::now() + Duration::from_secs(10);
        while fs::read_link(&host).is_ok_and(|theirs| theirs == own) {
            assert!(Instant::now() < end, "the host has no network of its own");
            std::thread::sleep(Duration::from_millis(10));
        }
        let pid = child.id().to_string();
        let moved = Command::new("ip")
            .args(["link", "set", link, "netns", &pid])
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .status()
            .expect("ip is installed (tests/run installs it)");
        assert!(moved.success(), "{link} does not move: {moved}");
        Self::ready(child)
    }

    /// Takes the cable out of its host: whatever is sent there from now on is lost.
    ///
    /// # Panics
    ///
    /// When it has no host of its own with that interface.
    pub fn unplug(&self, link: &str) {
        let pid = self.child.id().to_string();
        let down = Command::new("nsenter")
            .args(["-t", &pid, "--net", "ip", "link", "set", link, "down"])
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .status()
            .expect("nsenter is where unshare is");
        assert!(down.success(), "{link} stays up: {down}");
    }

    /// Waits until it says on which ports it serves.
    fn ready(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the C server speaks text");
        let ports = line.strip_prefix("ready ").map(str::split_whitespace);
        let mut ports = ports
            .unwrap_or_else(|| panic!("the C server said {line:?}"))
            .map(str::parse);
        let mut port = || ports.next().and_then(Result::ok).expect("two port numbers");
        let (tcp, udp) = (port(), port());
        Self { child, tcp, udp }
    }

    /// Stops it and waits until it has unregistered itself.
    ///
    /// # Panics
    ///
    /// When it died before or reports a failure.
    pub fn stop(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("the C server can be waited for");
        assert!(status.success(), "the C server ended with {status}");
    }
}

impl Drop for CServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the C client: every procedure, every sample. Port 0: it asks rpcbind.
///
/// # Panics
///
/// When anything differs: the message lists it.
pub fn run_c_client(protocol: &str, host: &str, port: u16) {
    let output = Command::new(built().join("client"))
        .args([protocol, host, &port.to_string()])
        .output()
        .expect("the C client starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    assert!(
        output.status.success() && last.starts_with("checks ") && last.ends_with(" failures 0"),
        "the C client over {protocol} ended with {}:\n{said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    println!("C client over {protocol}: {last}");
}
