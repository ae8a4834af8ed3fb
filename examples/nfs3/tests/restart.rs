//! A server that dies between an unstable WRITE and its COMMIT: what the disk has lost is sent again.

mod common;

use common::{folder, noise, our_server};
use nfs3::client::{Client, Url};
use std::fs::{self, File};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn unstable_data_is_written_again_after_a_crash() {
    let work = folder("restart");
    let export = work.join("export");
    fs::create_dir(&export).unwrap();
    let export = export.canonicalize().unwrap();
    let path = export.to_str().unwrap();
    let data = noise(5 << 20, 6);
    fs::write(work.join("there"), &data).unwrap();

    let start = |port: &str| our_server(&["--export", path, "--no-rpcbind", "--port", port]);
    let (server, port) = start("0");
    let server = Arc::new(Mutex::new(Some(server)));
    let url: Url = format!("nfs://127.0.0.1:{port}{path}").parse().unwrap();
    let (client, _) = Client::mount(&url, 8).await.unwrap();
    let root = client.find("", true).await.unwrap();
    let file = client.create(&root, "large", 0o644, "large").await.unwrap();

    let mut crashes = 0;
    let mut sent = 0;
    let mut crash = |done: u64, all: u64| {
        sent = sent.max(done);
        if done < all || crashes > 0 {
            return;
        }
        crashes += 1;
        // All is written and nothing is committed: the server dies, and the disk loses the middle.
        let mut server = server.lock().unwrap();
        server.take().unwrap().kill();
        let stored = export.join("large");
        let mut lost = fs::read(&stored).unwrap();
        assert!(lost == data, "it was there");
        lost[1 << 20..3 << 20].fill(0);
        fs::write(&stored, lost).unwrap();
        *server = Some(start(&port.to_string()).0);
    };
    let from = File::open(work.join("there")).unwrap();
    let length = client
        .write_all(&file, "large", from, &mut crash)
        .await
        .unwrap();
    assert_eq!((length, crashes), (data.len() as u64, 1));
    assert!(
        fs::read(export.join("large")).unwrap() == data,
        "the disk has all of it again"
    );

    // The handle is still good, and so is what it leads to.
    let mut back = Vec::new();
    client
        .read_all(&file, "large", &mut back, &mut |_, _| {})
        .await
        .unwrap();
    assert!(back == data);
}
