//! Servers to test with, and data to send: shared by the tests of this folder.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "not every test uses all of it"
)]

pub(crate) mod served;

use interop::peers::scratch;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder of a test's own, empty, on a file system that ganesha can export as well.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = scratch("nfs3").join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder can be made");
    path
}

/// Bytes that nothing compresses or repeats, the same for the same seed.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut data = Vec::with_capacity(length + 8);
    while data.len() < length {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        data.extend_from_slice(&(word ^ word >> 31).to_le_bytes());
    }
    data.truncate(length);
    data
}

/// A process that ends with the test.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts our server; answers the port it listens on.
pub(crate) fn our_server(arguments: &[&str]) -> (Process, u16) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nfs3-server"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("our server starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let process = Process(child);
    for line in stdout.lines() {
        let line = line.expect("it says text");
        if let Some(address) = line.strip_prefix("ready on ") {
            let port = address
                .rsplit(':')
                .next()
                .and_then(|port| port.parse().ok());
            return (process, port.expect("an address has a port"));
        }
    }
    panic!("our server does not start with {arguments:?}");
}

/// Starts nfs-ganesha with the exports /mem and /vfs, the second of which is `folder`, on the ports 20490 (NFS) and
/// 20491 (MOUNT).
pub(crate) fn ganesha(folder: &Path, state: &Path) -> Process {
    let plugins =
        ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(|t| format!("/usr/lib/{t}/ganesha"));
    let plugins = plugins.iter().find(|dir| Path::new(dir).exists());
    let plugins = plugins.expect("nfs-ganesha is installed (tests/run installs it)");
    let config = format!(
        "NFS_CORE_PARAM {{ Protocols = 3; NFS_Port = 20490; MNT_Port = 20491; NLM_Port = 20492; Rquota_Port = 20493;
           Enable_NLM = false; Enable_RQUOTA = false; Bind_addr = 127.0.0.1; mount_path_pseudo = true;
           Plugins_Dir = {plugins}; }}
         NFSv4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = {state}; }}
         EXPORT_DEFAULTS {{ SecType = sys; Access_Type = RW; Squash = No_Root_Squash; Protocols = 3; Transports = UDP,TCP; }}
         MEM {{ Inode_Size = 1048576; }}
         EXPORT {{ Export_Id = 1; Path = /mem; Pseudo = /mem; FSAL {{ Name = MEM; }} }}
         EXPORT {{ Export_Id = 2; Path = {folder}; Pseudo = /vfs; FSAL {{ Name = VFS; }} }}
         LOG {{ Default_Log_Level = EVENT; }}\n",
        state = state.display(),
        folder = folder.display(),
    );
    let (file, log) = (state.join("ganesha.conf"), state.join("ganesha.log"));
    fs::write(&file, config).expect("the configuration can be written");
    fs::create_dir_all("/run/ganesha").expect("/run is ours in a namespace");
    let child = Command::new("ganesha.nfsd")
        .arg("-F")
        .args(["-f", &file.to_string_lossy(), "-L", &log.to_string_lossy()])
        .args([
            "-p",
            &state.join("pid").to_string_lossy(),
            "-N",
            "NIV_EVENT",
        ])
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nfs-ganesha starts (tests/run installs it)");
    let process = Process(child);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let said = fs::read_to_string(&log).unwrap_or_default();
        if said.contains("NFS SERVER INITIALIZED") {
            return process;
        }
        assert!(Instant::now() < end, "nfs-ganesha is not ready:\n{said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start (tests/run installs it): {error}"))
}

/// What a program prints, both streams; its exit status must be 0.
pub(crate) fn says(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?} ended with {}:\n{text}",
        output.status
    );
    text
}

/// Runs our client command.
pub(crate) fn our_client(arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_nfs3"), arguments)
}

/// What our client command prints.
pub(crate) fn our_client_says(arguments: &[&str]) -> String {
    says(env!("CARGO_BIN_EXE_nfs3"), arguments)
}
