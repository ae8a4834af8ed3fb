//! The service against its twin, which the system's rpcgen makes from the same file: each client with each server, over
//! TCP and UDP, must see the same directory.

use interop::namespace::{self, Rpcbind, rpcinfo};
use interop::peers::scratch;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Folder of the C programs `server` and `client`.
fn c_twin() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = scratch("rls-c");
        let output = Command::new("make")
            .arg("--file")
            .arg(source.join("c/Makefile"))
            .arg(format!("SRC={}", source.display()))
            .current_dir(&folder)
            .output()
            .expect("`make` runs (tests/run installs what is missing)");
        assert!(
            output.status.success(),
            "the C twin does not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        folder
    })
}

/// A server, Rust or C, that ends with the test.
struct Server {
    child: Child,
    tcp: String,
    udp: String,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut said)
            .expect("it says text");
        // "ready on tcp://127.0.0.1:1 and udp://127.0.0.1:2; …" or "ready 1 2"
        let port = |word: &str| {
            word.rsplit(':')
                .next()
                .map(|p| p.trim_end_matches(';').to_owned())
        };
        let mut ports = said
            .split_whitespace()
            .filter_map(port)
            .filter(|p| p.parse::<u16>().is_ok());
        let (Some(tcp), Some(udp)) = (ports.next(), ports.next()) else {
            panic!("the server said {said:?}");
        };
        Self { child, tcp, udp }
    }

    fn rust() -> Self {
        Self::start(&mut Command::new(env!("CARGO_BIN_EXE_rls-server")))
    }

    fn c() -> Self {
        Self::start(&mut Command::new(c_twin().join("server")))
    }

    fn port(&self, protocol: &str) -> &str {
        if protocol == "tcp" {
            &self.tcp
        } else {
            &self.udp
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names that a client prints, or what it says instead.
type Listed = Result<BTreeSet<OsString>, String>;

fn listed(command: &mut Command) -> Listed {
    let output = command.output().expect("the client starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let lines = output.stdout.split(|b| *b == b'\n');
    let names: Vec<_> = lines
        .filter(|line| !line.is_empty())
        .map(|line| OsString::from_vec(line.to_vec()))
        .collect();
    let set: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(set.len(), names.len(), "each name once");
    Ok(set)
}

fn rust_client(protocol: &str, port: &str, directory: &Path) -> Listed {
    listed(
        Command::new(env!("CARGO_BIN_EXE_rls"))
            .arg(format!("{protocol}://127.0.0.1:{port}"))
            .arg(directory),
    )
}

fn c_client(protocol: &str, port: &str, directory: &Path) -> Listed {
    listed(
        Command::new(c_twin().join("client"))
            .args([protocol, port])
            .arg(directory),
    )
}

/// Makes a directory with these names in it.
fn directory(
    name: &str,
    names: impl IntoIterator<Item = OsString>,
) -> (PathBuf, BTreeSet<OsString>) {
    // Not all of its path is text.
    let own = [
        name.as_bytes(),
        b"-\xe9-",
        std::process::id().to_string().as_bytes(),
    ]
    .concat();
    let path = scratch("rls").join(OsStr::from_bytes(&own));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory can be made");
    let names: BTreeSet<_> = names.into_iter().collect();
    for name in &names {
        fs::write(path.join(name), "").expect("a file can be made");
    }
    (path, names)
}

/// Every client with every server must see what `names` says.
fn all_agree(name: &str, protocols: &[&str], names: impl IntoIterator<Item = OsString>) {
    let (path, names) = directory(name, names);
    let missing = path.join("missing");
    for (server, is) in [(Server::rust(), "Rust"), (Server::c(), "C")] {
        for protocol in protocols {
            let port = server.port(protocol);
            for (client, called) in [
                (rust_client as fn(&str, &str, &Path) -> Listed, "Rust"),
                (c_client, "C"),
            ] {
                let pair = format!("{called} client, {is} server, {protocol}");
                let there = client(protocol, port, &path);
                assert_eq!(there.as_ref(), Ok(&names), "{pair}");
                let error = client(protocol, port, &missing).expect_err("nothing is there");
                assert!(
                    error.contains("No such file or directory"),
                    "{pair}: {error}"
                );
                let error =
                    client(protocol, port, Path::new("/proc/self/exe")).expect_err("a file");
                assert!(error.contains("Not a directory"), "{pair}: {error}");
            }
        }
    }
    fs::remove_dir_all(path).expect("it can be removed");
}

#[test]
fn they_agree_on_names_of_any_bytes() {
    let names = ["plain", " ", "-x", "naïve"].map(OsString::from);
    let odd = [&b"caf\xe9"[..], &[b'n'; 255], b"\xff\xfe"].map(|n| OsStr::from_bytes(n).to_owned());
    all_agree("odd", &["tcp", "udp"], names.into_iter().chain(odd));
}

#[test]
fn they_agree_on_an_empty_directory() {
    all_agree("empty", &["tcp", "udp"], []);
}

/// Over UDP a list ends at what a datagram holds; over TCP it doesn't.
#[test]
fn they_agree_on_a_long_list() {
    let names = |count| (0..count).map(|n| OsString::from(format!("name {n}")));
    all_agree("long", &["tcp"], names(5_000));
    all_agree("datagram", &["udp"], names(300));
}

#[test]
fn a_server_that_is_stopped_leaves_no_registration() {
    namespace::inside("a_server_that_is_stopped_leaves_no_registration", || {
        let _rpcbind = Rpcbind::start();
        let mut server = Server::rust();
        let program = rls::dirprog::PROGRAM.to_string();
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
        assert!(listed.contains(&program), "{listed}");
        let _ = Command::new("kill")
            .arg(server.child.id().to_string())
            .status();
        let status = server.child.wait().expect("it ends");
        assert!(status.success(), "it ended with {status}");
        let left = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
        assert!(!left.contains(&program), "still registered:\n{left}");
    });
}

#[test]
fn errors_are_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let said = listed(Command::new(env!("CARGO_BIN_EXE_rls-server")).arg(&address));
    let said = said.expect_err("the port is taken");
    let want = format!("rls-server: cannot listen on tcp://{address}: ");
    assert!(said.starts_with(&want), "{said}");
    let said = listed(Command::new(env!("CARGO_BIN_EXE_rls")).arg("tcp://host"));
    assert_eq!(said, Err("rls: usage: rls TARGET DIRECTORY\n".into()));
}
