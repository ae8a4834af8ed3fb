//! What the README says about this example happens.

use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const README: &str = include_str!("../../../README.md");

/// The server of this package on a free port; ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let free = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).and_then(|l| l.local_addr());
        let port = free.expect("a port is free").port();
        let child = Command::new(env!("CARGO_BIN_EXE_server"))
            .arg(format!("[::]:{port}"))
            .spawn()
            .expect("the server starts");
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the server listens on IPv4, too");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Commands and output of the README's `console` block that contains `word`.
fn console(word: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let blocks = README
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let block = blocks
        .into_iter()
        .find(|b| b.contains(word))
        .expect("the README shows it");
    let (commands, output): (Vec<_>, Vec<_>) =
        block.lines().partition(|line| line.starts_with("$ "));
    (commands.into_iter().map(|c| &c[2..]).collect(), output)
}

fn lines(output: &std::process::Output) -> Vec<String> {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(String::from)
        .collect()
}

#[test]
fn the_client_prints_what_the_readme_shows() {
    let server = Server::start();
    let (_, shown) = console("--bin client");
    for scheme in ["tcp", "udp"] {
        let output = Command::new(env!("CARGO_BIN_EXE_client"))
            .arg(format!("{scheme}://localhost:{}", server.port))
            .output()
            .expect("the client starts");
        assert_eq!(lines(&output), shown, "{scheme}");
    }
}

/// Types the README's lines, but for the port, into a shell.
#[test]
fn the_c_client_prints_what_the_readme_shows() {
    let server = Server::start();
    let (commands, shown) = console("calc_clnt.c");
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    std::fs::create_dir_all(folder.join("examples")).expect("the build folder is writable");
    // A copy: the README builds inside the example's folder.
    let copied = Command::new("cp")
        .arg("-r")
        .arg(env!("CARGO_MANIFEST_DIR"))
        .arg(folder.join("examples"))
        .status();
    assert!(copied.is_ok_and(|s| s.success()));
    let script = commands
        .join("\n")
        .replace("4000", &server.port.to_string());
    let output = Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(folder)
        .output()
        .expect("sh runs");
    assert_eq!(
        lines(&output),
        shown,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
