//! Against real peers: libnfs and showmount with our server, our client with nfs-ganesha, and whether tshark
//! understands every byte that passed between them.

mod common;

use common::{folder, ganesha, noise, our_client, our_client_says, our_server, run, says};
use interop::capture::Capture;
use interop::namespace::{self, Rpcbind, rpcinfo};
use std::fs;
use std::path::Path;

const FULL: usize = 64 << 20;

/// Lists, writes and reads back with libnfs's commands; `root` is the URL of the export, `query` ends a URL.
fn libnfs_session(root: &str, query: &str, work: &Path) {
    let url = |path: &str| format!("{root}{path}?uid=0&gid=0{query}");
    let (there, back) = (work.join("there"), work.join("back"));
    let data = noise(200_000, 1);
    fs::write(&there, &data).expect("a file can be written");
    let _ = fs::remove_file(&back);
    says("nfs-cp", &[&there.to_string_lossy(), &url("/copied")]);
    says("nfs-cp", &[&url("/copied"), &back.to_string_lossy()]);
    assert!(
        fs::read(&back).expect("it has arrived") == data,
        "what comes back is what went"
    );
    let listed = says("nfs-ls", &[&url("")]);
    let line = listed.lines().find(|line| line.ends_with(" copied"));
    let line = line.unwrap_or_else(|| panic!("nfs-ls prints {listed}"));
    assert!(
        line.starts_with("-rw") && line.contains(" 200000 "),
        "{line}"
    );
    assert!(run("nfs-cat", &[&url("/copied")]).stdout == data);

    let missing = run("nfs-cat", &[&url("/missing")]);
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("NFS3ERR_NOENT"), "{said}");
    let usage = says("nfs-ls", &["-s", &url("")]);
    assert!(usage.contains("bytes free"), "{usage}");
}

/// Both back ends of our server, for a test in a namespace: arguments and the path of the export.
fn both_back_ends(work: &Path) -> [(Vec<String>, String); 2] {
    let export = work.join("export");
    fs::create_dir_all(export.join("sub")).expect("a folder can be made");
    fs::write(export.join("hello.txt"), "hello\n").expect("a file can be written");
    let path = export.canonicalize().expect("it is there");
    let path = path.to_string_lossy().into_owned();
    [
        (vec!["--memory".into()], "/memory".into()),
        (vec!["--export".into(), path.clone()], path),
    ]
}

#[test]
fn libnfs_finds_our_server_by_rpcbind() {
    namespace::inside("libnfs_finds_our_server_by_rpcbind", || {
        let work = folder("rpcbind");
        let _rpcbind = Rpcbind::start();
        for (number, (arguments, path)) in both_back_ends(&work).into_iter().enumerate() {
            let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            arguments.extend(["--rpcbind", "--port", "2049"]);
            let (mut server, port) = our_server(&arguments);
            let capture = Capture::start(&format!("libnfs-rpcbind-{number}"));
            let exports = says("showmount", &["-e", "127.0.0.1"]);
            assert!(exports.contains(&path), "{exports}");
            libnfs_session(&format!("nfs://127.0.0.1{path}"), "", &work);
            let missing = run("nfs-ls", &["nfs://127.0.0.1/missing?uid=0&gid=0"]);
            let said = String::from_utf8_lossy(&missing.stderr).into_owned();
            assert!(said.contains("MNT3ERR_NOENT"), "{said}");
            let mounts = says("showmount", &["-a", "127.0.0.1"]);
            assert!(mounts.contains("127.0.0.1:"), "{mounts}");
            for transport in ["tcp", "udp"] {
                for program in ["100003", "100005"] {
                    let answer = rpcinfo(&["-T", transport, "127.0.0.1", program, "3"]);
                    assert!(answer.is_some_and(|a| a.contains("ready and waiting")));
                }
            }
            let decoded = capture.decoded(&[port, 111]);
            assert!(decoded.calls > 40, "{} calls", decoded.calls);
            server.stop();
            let left = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
            assert!(!left.contains("100003"), "still registered:\n{left}");
        }
    });
}

#[test]
fn libnfs_needs_no_rpcbind() {
    namespace::inside("libnfs_needs_no_rpcbind", || {
        let work = folder("no-rpcbind");
        for (number, (arguments, path)) in both_back_ends(&work).into_iter().enumerate() {
            let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            arguments.extend(["--no-rpcbind", "--port", "0"]);
            let (_server, port) = our_server(&arguments);
            let capture = Capture::start(&format!("libnfs-{number}"));
            let ports = format!("&nfsport={port}&mountport={port}");
            libnfs_session(&format!("nfs://127.0.0.1{path}"), &ports, &work);
            let decoded = capture.decoded(&[port]);
            for procedure in [
                "READDIRPLUS",
                "CREATE",
                "WRITE",
                "READ ",
                "LOOKUP",
                "FSSTAT",
            ] {
                let seen = decoded.messages.iter().any(|m| m.contains(procedure));
                assert!(seen, "no {procedure}in {:#?}", decoded.messages);
            }
        }
    });
}

#[test]
fn libnfs_moves_a_large_file_through_our_server() {
    namespace::inside("libnfs_moves_a_large_file_through_our_server", || {
        let work = folder("libnfs-large");
        let (there, back) = (work.join("there"), work.join("back"));
        let data = noise(FULL, 2);
        fs::write(&there, &data).expect("a file can be written");
        for (arguments, path) in both_back_ends(&work) {
            let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            arguments.extend(["--no-rpcbind", "--port", "0"]);
            let (_server, port) = our_server(&arguments);
            let url =
                format!("nfs://127.0.0.1{path}/large?uid=0&gid=0&nfsport={port}&mountport={port}");
            let _ = fs::remove_file(&back);
            says("nfs-cp", &[&there.to_string_lossy(), &url]);
            says("nfs-cp", &[&url, &back.to_string_lossy()]);
            assert!(
                fs::read(&back).expect("it has arrived") == data,
                "through {path}"
            );
            if path != "/memory" {
                let stored = fs::read(Path::new(&path).join("large")).expect("it is stored");
                assert!(stored == data, "on the disk");
            }
        }
    });
}

#[test]
fn our_client_and_ganesha() {
    namespace::inside("our_client_and_ganesha", || {
        let (work, state) = (folder("ganesha"), folder("ganesha-state"));
        let export = work.join("export");
        fs::create_dir_all(export.join("sub/deep")).expect("a folder can be made");
        fs::write(export.join("sub/deep/file"), "deep down\n").expect("a file can be written");
        std::os::unix::fs::symlink("sub/deep", export.join("short")).expect("a link can be made");
        let _rpcbind = Rpcbind::start();
        let _ganesha = ganesha(&export, &state);
        let capture = Capture::start("ganesha");
        let there = work.join("there");
        let there_name = there.to_string_lossy();
        let data = noise(700_000, 3);
        fs::write(&there, &data).expect("a file can be written");
        // By rpcbind, and by ports.
        for (host, ports) in [("127.0.0.1", ""), ("127.0.0.1:20490", "&mountport=20491")] {
            for path in ["/mem", "/vfs"] {
                let url = |name: &str| format!("nfs://{host}{path}{name}?uid=0&gid=0{ports}");
                our_client_says(&["put", &there_name, &url("/put")]);
                assert!(
                    our_client(&["cat", &url("/put")]).stdout == data,
                    "{}",
                    url("/put")
                );
                // Into a directory, under its own name.
                our_client_says(&["put", &there_name, &url("/")]);
                let listed = our_client_says(&["ls", &url("/")]);
                for name in ["put", "there"] {
                    assert!(listed.lines().any(|line| line == name), "{listed}");
                }
                let long = our_client_says(&["ls", "-l", &url("")]);
                let line = long.lines().find(|line| line.ends_with(" put"));
                assert!(line.is_some_and(|l| l.contains(" 700000 ")), "{long}");
                let stat = our_client_says(&["stat", &url("/put")]);
                for part in ["size: 700000 bytes", "kind: file", "you may: read"] {
                    assert!(stat.contains(part), "{stat}");
                }
                let missing = our_client(&["cat", &url("/missing")]);
                assert_eq!(missing.status.code(), Some(1));
                let said = String::from_utf8_lossy(&missing.stderr);
                let words =
                    format!("nfs3: {path}/missing: no such file or directory (NFS3ERR_NOENT)\n");
                assert_eq!(said, words);
            }
        }
        let vfs = |name: &str| format!("nfs://127.0.0.1/vfs{name}?uid=0&gid=0");
        assert!(
            fs::read(export.join("put")).expect("it is stored") == data,
            "on the disk"
        );
        assert_eq!(
            our_client_says(&["cat", &vfs("/short/file")]),
            "deep down\n"
        );
        let tree = our_client_says(&["tree", &vfs("")]);
        let want =
            "/vfs\n├── put\n├── short\n├── sub/\n│   └── deep/\n│       └── file\n└── there\n";
        assert_eq!(tree, want);
        let decoded = capture.decoded(&[20490, 20491, 111]);
        assert!(decoded.calls > 60, "{} calls", decoded.calls);

        let nowhere = our_client(&["ls", "nfs://127.0.0.1/nowhere/at/all"]);
        let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
        assert!(
            said.contains("exports /mem, /vfs and nothing else"),
            "{said}"
        );

        let large = noise(FULL, 4);
        fs::write(&there, &large).expect("a file can be written");
        let said = our_client_says(&["--progress", "put", &there_name, &vfs("/large")]);
        assert!(!said.contains("error"), "{said}");
        assert!(
            fs::read(export.join("large")).expect("it is stored") == large,
            "on the disk"
        );
        assert!(our_client(&["cat", &vfs("/large")]).stdout == large, "back");
    });
}

#[test]
fn our_client_and_our_server() {
    namespace::inside("our_client_and_our_server", || {
        let work = folder("ours");
        let there = work.join("there");
        let data = noise(FULL, 5);
        fs::write(&there, &data).expect("a file can be written");
        for (arguments, path) in both_back_ends(&work) {
            let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            arguments.extend(["--no-rpcbind", "--port", "0"]);
            let (_server, port) = our_server(&arguments);
            let url = |name: &str| format!("nfs://127.0.0.1:{port}{path}{name}?uid=0&gid=0");
            our_client_says(&["put", &there.to_string_lossy(), &url("/large")]);
            assert!(
                our_client(&["cat", &url("/large")]).stdout == data,
                "through {path}"
            );
            let listed = our_client_says(&["ls", &url("")]);
            assert!(listed.contains("large"), "{listed}");
        }
    });
}
