//! The other processes: servers on one processor, clients on the other.

use crate::load::{BULK, Load, to_hex};
use crate::measured::{Measured, processor_time};
use nfs3::client::{Client, Url};
use nfs3::nfs3::*;
use rpcgen_runtime::Opaque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The processors of servers and of clients.
const SERVER: &str = "0";
const CLIENT: &str = "1";
/// Names in the directory that is listed.
const ENTRIES: usize = 1000;
/// Ganesha's ports, of NFS and of MOUNT.
const PORTS: (u16, u16) = (20_490, 20_491);

/// A program that is told which processor it has.
fn pinned(processor: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", processor]).arg(program);
    command
}

/// A process that ends with its owner.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server with what the loads need on it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    child: Process,
    pub(crate) ports: (u16, u16),
    path: &'static str,
    file: Opaque,
    directory: Opaque,
    /// Entries of the page that READDIRPLUS answers.
    pub(crate) page: usize,
}

impl Server {
    /// Our example over memory; the program lies beside this one.
    pub(crate) fn ours() -> Self {
        let program = beside("nfs3-server");
        let mut child = pinned(SERVER, &program)
            .args(["--memory", "--no-rpcbind", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset starts our server");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let ready = lines.find_map(|line| Some(line.strip_prefix("ready on ")?.to_owned()));
        let ready = ready.expect("our server is built (cargo build --release -p nfs3)");
        let port = ready.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.expect("an address");
        Self::filled("ours", Process(child), (port, port), "/memory")
    }

    /// nfs-ganesha over memory; it needs root.
    pub(crate) fn ganesha(work: &Path) -> Self {
        let plugins = ["x86_64", "aarch64"].map(|cpu| format!("/usr/lib/{cpu}-linux-gnu/ganesha"));
        let plugins = plugins.iter().find(|dir| Path::new(dir).exists());
        let plugins = plugins.expect("nfs-ganesha and nfs-ganesha-mem are installed");
        let (nfs, mount) = PORTS;
        let config = format!(
            "NFS_CORE_PARAM {{ Protocols = 3; NFS_Port = {nfs}; MNT_Port = {mount}; Enable_NLM = false;
               Enable_RQUOTA = false; Bind_addr = 127.0.0.1; Plugins_Dir = {plugins}; Enable_NFS_Stats = false; }}
             NFSv4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = {work}; }}
             EXPORT_DEFAULTS {{ SecType = sys; Access_Type = RW; Squash = No_Root_Squash; Protocols = 3;
               Transports = UDP,TCP; }}
             MEM {{ Inode_Size = {BULK}; }}
             EXPORT {{ Export_Id = 1; Path = /mem; Pseudo = /mem; FSAL {{ Name = MEM; }} }}
             LOG {{ Default_Log_Level = EVENT; }}\n",
            work = work.display(),
        );
        let (file, log) = (work.join("ganesha.conf"), work.join("ganesha.log"));
        fs::write(&file, config).expect("the configuration can be written");
        let _ = fs::remove_file(&log);
        fs::create_dir_all("/run/ganesha").expect("nfs-ganesha takes root");
        let child = pinned(SERVER, Path::new("/usr/bin/ganesha.nfsd"))
            .args(["-F", "-N", "NIV_EVENT"])
            .args([Path::new("-f"), &file, Path::new("-L"), &log])
            .args([Path::new("-p"), &work.join("pid")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("taskset starts nfs-ganesha");
        let child = Process(child);
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.contains("NFS SERVER INITIALIZED") {
                return Self::filled("nfs-ganesha", child, PORTS, "/mem");
            }
            assert!(Instant::now() < end, "nfs-ganesha is not ready:\n{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Puts a directory and a file on it.
    fn filled(name: &'static str, child: Process, ports: (u16, u16), path: &'static str) -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let (file, directory, page) = runtime.block_on(fill(ports, path));
        Self {
            name,
            child,
            ports,
            path,
            file,
            directory,
            page,
        }
    }

    fn handle(&self, load: Load) -> String {
        to_hex(if load.lists() {
            &self.directory
        } else {
            &self.file
        })
    }

    /// Runs a client of this program against the server: what it did, and the server's processor time.
    fn run(&self, mut client: Command) -> (Measured, Duration) {
        let spent = || processor_time(self.child.0.id());
        let before = spent();
        let output = client
            .stderr(Stdio::inherit())
            .output()
            .expect("taskset starts a client");
        let server = spent() - before;
        let said = String::from_utf8_lossy(&output.stdout);
        let measured = Measured::parse(&said);
        let measured = measured.unwrap_or_else(|| panic!("{client:?} failed: {said}"));
        (measured, server)
    }

    /// The load without a client that could be slow.
    pub(crate) fn driven(
        &self,
        load: Load,
        connections: usize,
        window: usize,
        time: Duration,
    ) -> (Measured, Duration) {
        let mut client = pinned(CLIENT, &this());
        client
            .args(["drive", &self.address(), load.name(), &self.handle(load)])
            .args([connections, window].map(|number| number.to_string()))
            .arg(time.as_millis().to_string());
        self.run(client)
    }

    /// Our client; without a window the blocking one.
    pub(crate) fn called(&self, load: Load, window: Option<usize>, time: Duration) -> Measured {
        let mut client = pinned(CLIENT, &this());
        client
            .args(["call", &self.address(), load.name(), &self.handle(load)])
            .args(window.map(|window| window.to_string()))
            .arg(time.as_millis().to_string());
        self.run(client).0
    }

    /// libnfs.
    pub(crate) fn called_by_libnfs(
        &self,
        program: &Path,
        load: Load,
        window: usize,
        time: Duration,
    ) -> Measured {
        let (nfs, mount) = self.ports;
        let url = format!(
            "nfs://127.0.0.1{}?uid=0&gid=0&nfsport={nfs}&mountport={mount}",
            self.path
        );
        let mut client = pinned(CLIENT, program);
        client
            .args([&url, load.name(), &self.handle(load)])
            .args([window.to_string(), time.as_millis().to_string()]);
        self.run(client).0
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.0)
    }
}

/// Makes what the loads need; answers the handles of the file and of the directory, and the length of a page.
async fn fill((nfs, mount): (u16, u16), path: &str) -> (Opaque, Opaque, usize) {
    let url = format!("nfs://127.0.0.1:{nfs}{path}?uid=0&gid=0&mountport={mount}");
    let url: Url = url.parse().expect("a URL");
    let (client, _) = Client::mount(&url, 1).await.expect("the export");
    let root = client.find("", true).await.expect("its root");
    let mkdir = Mkdir3Args {
        r#where: Diropargs3 {
            dir: root.handle.clone(),
            name: "many".into(),
        },
        attributes: Sattr3 {
            mode: SetMode3::True(0o755),
            ..Sattr3::default()
        },
    };
    let made = client.nfs().mkdir(&mkdir).await.expect("an answer");
    assert!(matches!(made, Mkdir3Res::Ok(_)), "{made:?}");
    let directory = client.find("/many", true).await;
    let directory = directory.expect("the directory is there");
    for number in 0..ENTRIES {
        let name = format!("entry-{number:04}");
        let made = client.create(&directory, &name, 0o644, &name).await;
        made.expect("a file can be made");
    }
    let file = client.create(&root, "bulk", 0o644, "bulk").await;
    let file = file.expect("a file can be made");
    let write = Write3Args {
        stable: StableHow::FileSync,
        ..crate::load::write(&file.handle.data)
    };
    let wrote = client.nfs().write(&write).await.expect("an answer");
    assert!(
        matches!(&wrote, Write3Res::Ok(wrote) if wrote.count == BULK),
        "{wrote:?}"
    );
    let args = crate::load::readdirplus(&directory.handle.data);
    let page = client.nfs().readdirplus(&args).await.expect("an answer");
    let Readdirplus3Res::Ok(page) = page else {
        panic!("no page: {page:?}");
    };
    (
        file.handle.data,
        directory.handle.data,
        page.reply.entries.len(),
    )
}

/// Makes the C program.
pub(crate) fn build_libnfs_load(work: &Path) -> PathBuf {
    let program = work.join("libnfs-load");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/libnfs-load.c");
    let status = Command::new("cc")
        .args(["-O2", "-Wall", "-o"])
        .args([&program, &source])
        .arg("-lnfs")
        .status();
    let good = status.is_ok_and(|status| status.success());
    assert!(good, "{} builds, with libnfs-dev", source.display());
    program
}

fn this() -> PathBuf {
    std::env::current_exe().expect("a program knows its path")
}

/// A program in the folder of this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    this().with_file_name(name)
}
