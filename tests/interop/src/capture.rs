//! What went over the loopback interface, and whether tshark understands all of it.

use crate::peers::scratch;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A capture that is going on.
#[derive(Debug)]
pub struct Capture {
    tcpdump: Child,
    file: PathBuf,
}

/// A clean capture.
#[derive(Debug)]
pub struct Decoded {
    /// Number of calls, each of which was answered.
    pub calls: usize,
    /// The decoder's words for each message, `V3 GETATTR Call, FH: …`.
    pub messages: Vec<String>,
}

impl Capture {
    /// Begins one; `name` is that of the file, which stays for whoever wants to look.
    ///
    /// # Panics
    ///
    /// When tcpdump does not start.
    pub fn start(name: &str) -> Self {
        let file = scratch("captures").join(format!("{name}.pcap"));
        let mut tcpdump = Command::new("tcpdump")
            // Immediately, and into a large buffer: else a short capture loses its end, a long one its middle.
            .args([
                "-Z",
                "root",
                "-i",
                "lo",
                "-U",
                "--immediate-mode",
                "-s",
                "0",
                "-B",
                "65536",
                "-w",
            ])
            .arg(&file)
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .stderr(Stdio::piped())
            .spawn()
            .expect("tcpdump starts (tests/run installs it)");
        let mut said = BufReader::new(tcpdump.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            let read = said.read_line(&mut line).expect("tcpdump says text");
            assert!(read > 0, "tcpdump does not listen: it needs root");
        }
        // What it says at its end must not block it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { tcpdump, file }
    }

    /// Ends it and decodes it; `ports` are those of the servers.
    ///
    /// # Panics
    ///
    /// When tshark finds a malformed message, bytes outside any message, or a call without an answer.
    pub fn decoded(mut self, ports: &[u16]) -> Decoded {
        // The kernel hands packets over in a moment.
        sleep(Duration::from_millis(700));
        let stopped = Command::new("kill")
            .arg(self.tcpdump.id().to_string())
            .status();
        assert!(stopped.is_ok_and(|s| s.success()), "tcpdump can be stopped");
        self.tcpdump.wait().expect("tcpdump ends");
        let bad = "_ws.malformed || _ws.short || _ws.expert.severity == 8388608 || rpc.fragment.error \
                   || rpc.continuation_data";
        let bad = self.tshark(ports, &["-Y", bad]);
        assert!(
            bad.is_empty(),
            "tshark does not understand {:?}:\n{bad}",
            self.file
        );
        let fields = "-Y rpc -T fields -E separator=| -E occurrence=a -e tcp.stream -e udp.stream -e rpc.msgtyp -e rpc.xid";
        let fields: Vec<_> = fields.split(' ').collect();
        let table = self.tshark(ports, &fields);
        let (mut called, mut answered) = (BTreeMap::<_, usize>::new(), BTreeSet::new());
        for line in table.lines() {
            let mut cells = line.split('|');
            let mut cell = || cells.next().unwrap_or_default().to_owned();
            let stream = (cell(), cell());
            let (kinds, xids) = (cell(), cell());
            for (kind, xid) in kinds.split(',').zip(xids.split(',')) {
                let key = (stream.clone(), xid.to_owned());
                if kind == "0" {
                    *called.entry(key).or_default() += 1;
                } else {
                    answered.insert(key);
                }
            }
        }
        let lost: Vec<_> = called
            .keys()
            .filter(|key| !answered.contains(*key))
            .collect();
        assert!(
            lost.is_empty(),
            "calls without an answer in {:?}: {lost:?}",
            self.file
        );
        let info = self.tshark(ports, &["-Y", "rpc", "-T", "fields", "-e", "_ws.col.Info"]);
        Decoded {
            calls: called.values().sum(),
            messages: info.lines().map(ToOwned::to_owned).collect(),
        }
    }

    fn tshark(&self, ports: &[u16], arguments: &[&str]) -> String {
        let mut tshark = Command::new("tshark");
        tshark.args(["-n", "-2", "-r"]).arg(&self.file);
        for option in [
            "rpc.dissect_unknown_programs:TRUE",
            "rpc.find_fragment_start:TRUE",
            "rpc.desegment_rpc_over_tcp:TRUE",
            "rpc.defragment_rpc_over_tcp:TRUE",
            "tcp.desegment_tcp_streams:TRUE",
        ] {
            tshark.args(["-o", option]);
        }
        for port in ports {
            for transport in ["tcp", "udp"] {
                tshark.args(["-d", &format!("{transport}.port=={port},rpc")]);
            }
        }
        let output = tshark
            .args(arguments)
            .output()
            .expect("tshark starts (tests/run installs it)");
        assert!(
            output.status.success(),
            "tshark ended with {}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}
