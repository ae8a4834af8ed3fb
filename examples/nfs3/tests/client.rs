//! Our client command on names that are no text, on symbolic links, on an export that is `/`, and on trees without end;
//! and what our server command says when it can't start.

mod common;

use common::served::{Served, place};
use common::{folder, our_client, run};
use nfs3::backend::{Backend, Change, Name, New};
use nfs3::handle::Handle;
use nfs3::memory::Memory;
use nfs3::mount3::mount_program::MountV3Server;
use nfs3::nfs3::nfs_program::NfsV3Server;
use nfs3::nfs3::{Mkdir3Args, Sattr3};
use nfs3::server::{Export, Mounts, Nfs, Options};
use rpcgen_runtime::Server;
use rpcgen_runtime::server::Running;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// Memory under this path; the URL of a place in it.
async fn served(path: &str, backend: Memory) -> (Running, impl Fn(&str) -> String) {
    let export = Export {
        path: path.into(),
        backend,
    };
    let nfs = Nfs::new(vec![export], Options::default());
    let running = Server::new()
        .serve(MountV3Server(Mounts::new(&nfs)))
        .serve(NfsV3Server(nfs))
        .tcp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let root = format!("nfs://{}", running.tcp().unwrap());
    (running, move |path: &str| {
        format!("{root}{path}?uid=0&gid=0")
    })
}

/// What a command prints; or what it says when it fails.
fn says(arguments: &[&str]) -> Result<String, String> {
    let output = our_client(arguments);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn make(b: &Memory, dir: &Handle, name: &[u8], new: New<'_>) -> Handle {
    let name = Name::new(name).unwrap();
    let made = b.create(dir, name, new, &Change::default(), (0, 0));
    made.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_no_text_can_be_typed() {
    let (_running, url) = served("/caf%", Memory::new(1 << 20)).await;
    let root = "/caf%25";
    let work = folder("no-text");
    let local = work.join(OsStr::from_bytes(b"caf\xe9 100%?"));
    fs::write(&local, "au lait").unwrap();
    let put = |to: &str| {
        let put = std::process::Command::new(env!("CARGO_BIN_EXE_nfs3"))
            .arg("put")
            .arg(&local)
            .arg(url(to))
            .output()
            .unwrap();
        assert!(put.status.success(), "{put:?}");
    };
    // Under its own name, and under another one.
    put(root);
    put(&format!("{root}/%ff%0a"));
    let listed = says(&["ls", &url(root)]).unwrap();
    assert_eq!(listed, "caf%e9 100%25%3f\n%ff%0a\n");
    let tree = says(&["tree", &url(root)]).unwrap();
    assert_eq!(tree, "/caf%25\n├── caf%e9 100%25%3f\n└── %ff%0a\n");
    for name in listed.lines() {
        let path = format!("{root}/{name}");
        assert_eq!(says(&["cat", &url(&path)]).unwrap(), "au lait");
        assert_eq!(says(&["ls", &url(&path)]).unwrap(), format!("{name}\n"));
        let stat = says(&["stat", &url(&path)]).unwrap();
        assert!(stat.contains(&format!("path: {path}\n")), "{stat}");
    }
    let missing = says(&["cat", &url("/caf%25/%e8")]).unwrap_err();
    let want = "nfs3: /caf%25/%e8: no such file or directory (NFS3ERR_NOENT)\n";
    assert_eq!(missing, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn put_follows_links() {
    let b = Memory::new(1 << 20);
    let root = b.root();
    make(&b, &root, b"file", New::File);
    let dir = make(&b, &root, b"dir", New::Directory);
    make(&b, &root, b"to-file", New::Link(b"file"));
    make(&b, &root, b"to-dir", New::Link(b"dir"));
    make(&b, &root, b"dangling", New::Link(b"no\xe9where"));
    make(&b, &dir, b"local", New::Link(b"../file"));
    let (_running, url) = served("/m", b).await;
    let local = folder("put-links").join("local");
    let put = |data: &str, to: &str| {
        fs::write(&local, data).unwrap();
        says(&["put", local.to_str().unwrap(), &url(to)])
    };
    put("longer than what follows", "/m/to-file").unwrap();
    put("one", "/m/to-file").unwrap();
    assert_eq!(says(&["cat", &url("/m/file")]).unwrap(), "one");
    let kind = says(&["stat", &url("/m/to-file")]).unwrap();
    assert!(kind.contains("kind: symbolic link"), "{kind}");
    // A link to a directory, with a link of that name in it.
    put("two", "/m/to-dir").unwrap();
    assert_eq!(says(&["cat", &url("/m/file")]).unwrap(), "two");
    let said = put("three", "/m/dangling").unwrap_err();
    let want = "nfs3: /m/dangling: a symbolic link to no%e9where, which is not there\n";
    assert_eq!(said, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_may_be_the_root() {
    let b = Memory::new(1 << 20);
    make(&b, &b.root(), b"proc", New::Directory);
    let (_running, url) = served("/", b).await;
    let local = folder("root-export").join("local");
    fs::write(&local, "data").unwrap();
    let local = local.to_str().unwrap();
    for to in ["/newfile", "/", "/proc/", "/proc/x"] {
        says(&["put", local, &url(to)]).unwrap();
    }
    for at in ["/newfile", "/local", "/proc/local", "/proc/x"] {
        assert_eq!(says(&["cat", &url(at)]).unwrap(), "data");
    }
    let tree = says(&["tree", &url("/")]).unwrap();
    assert_eq!(
        tree,
        "/\n├── local\n├── newfile\n└── proc/\n    ├── local\n    └── x\n"
    );
    let said = says(&["cat", &url("/proc")]).unwrap_err();
    assert!(said.starts_with("nfs3: /proc: "), "{said}");
    let stat = says(&["stat", &url("/")]).unwrap();
    assert!(stat.contains("path: /\n"), "{stat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_is_too_deep_is_said_so() {
    let b = Memory::new(1 << 20);
    let mut dir = b.root();
    for _ in 0..128 {
        dir = make(&b, &dir, b"d", New::Directory);
    }
    make(&b, &dir, b"last", New::File);
    let s = Served::new(b, Options::default()).await;
    let url = format!("nfs://{}/export?uid=0&gid=0", s.running.tcp().unwrap());
    let tree = says(&["tree", &url]).unwrap();
    assert!(tree.trim_end().ends_with("└── last"), "{tree}");
    // One level more.
    let mut deepest = s.root.clone();
    for _ in 0..128 {
        deepest = s.lookup(&deepest, b"d").await.unwrap();
    }
    let deeper = Mkdir3Args {
        r#where: place(&deepest, "e"),
        attributes: Sattr3::default(),
    };
    s.nfs.mkdir(&deeper).await.unwrap();
    let said = says(&["tree", &url]).unwrap_err();
    let want = format!(
        "nfs3: /export{}/e: more than 128 levels deep\nnfs3: some directories are too deep to be listed\n",
        "/d".repeat(128)
    );
    assert_eq!(said, want);
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let fails = |arguments: &[&str]| {
        let output = run(env!("CARGO_BIN_EXE_nfs3-server"), arguments);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let said = fails(&["--memory", "--no-rpcbind", "--port", &port]);
    let want = format!("nfs3-server: cannot listen on tcp://{address}: ");
    assert!(said.starts_with(&want), "{said}");
    let said = fails(&["--export", "/not there", "--no-rpcbind", "--port", "0"]);
    let want = "nfs3-server: can't export /not there: No such file or directory (os error 2)\n";
    assert_eq!(said, want);
}
