//! Against real peers: python-vxi11, pyvisa-py and lxi-tools with our instrument, our controller with an instrument made
//! of python-vxi11's server classes.

use interop::capture::Capture;
use interop::namespace::{self, Rpcbind, rpcinfo};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vxi11::device::Device;
use vxi11::error::{Code, Error};

/// The interpreter that has python-vxi11 and pyvisa-py.
fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("INTEROP_PYTHON") {
        return named.into();
    }
    let exe = std::env::current_exe().expect("a test knows its own path");
    // <target>/<profile>/deps/<test>
    let target = exe
        .ancestors()
        .nth(3)
        .expect("a test lies in a target folder");
    let python = target.join("tools/python/bin/python");
    assert!(
        python.exists(),
        "{} is missing: `tests/run setup` makes it",
        python.display()
    );
    python
}

/// A process that ends with the test.
struct Process(Child);

impl Process {
    /// Asks it to end, and waits until it has.
    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that says when it is ready; answers the rest of that line.
fn started(command: &mut Command) -> (Process, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let process = Process(child);
    for line in stdout.lines() {
        let line = line.expect("it says text");
        if let Some(rest) = line.strip_prefix("ready") {
            return (process, rest.to_owned());
        }
    }
    panic!("{command:?} is not ready");
}

/// What a program prints within 20 seconds, both streams.
fn says(program: impl Into<PathBuf>, arguments: &[&str]) -> String {
    let program = program.into();
    let output = Command::new("timeout")
        .arg("20")
        .arg(&program)
        .args(arguments)
        .output()
        .expect("timeout runs");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn controllers_of_the_world_use_our_instrument() {
    namespace::inside("controllers_of_the_world_use_our_instrument", || {
        let _rpcbind = Rpcbind::start();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vxi11-instrument"));
        let (_instrument, said) = started(command.arg("0.0.0.0:0"));
        let port = said
            .split(['.', ':', ';'])
            .find_map(|w| w.parse::<u16>().ok().filter(|p| *p > 255));
        let port = port.unwrap_or_else(|| panic!("no port in {said:?}"));
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
        assert!(
            listed.contains("395183"),
            "the core channel is registered:\n{listed}"
        );
        let capture = Capture::start("vxi11");

        let script = "
import vxi11
i = vxi11.Instrument('127.0.0.1')
print(i.ask('*IDN?').strip())
text = 'x' * 200000
i.write(text)
print(i.read() == text)
i.write('again')
print(hex(i.read_stb()))
i.clear()
print(hex(i.read_stb()))
i.lock()
j = vxi11.Instrument('127.0.0.1')
j.lock_timeout = 0.2
try:
    j.write('not now')
    print('written')
except vxi11.vxi11.Vxi11Exception as e:
    print('refused', e.err)
i.unlock()
j.write('now')
print(j.read())
i.trigger(); i.local(); i.remote(); i.abort()
i.timeout = 0.2
try:
    i.read()
    print('read')
except vxi11.vxi11.Vxi11Exception as e:
    print('late', e.err)
i.close(); j.close()
";
        let said = says(python(), &["-c", script]);
        let want = "rpcgen-rs,VXI-11 example,0,1.0\nTrue\n0x10\n0x0\nrefused 11\nnow\nlate 15\n";
        assert_eq!(said, want, "python-vxi11");

        let script = "
import pyvisa
i = pyvisa.ResourceManager('@py').open_resource('TCPIP::127.0.0.1::inst0::INSTR')
print(i.query('*IDN?').strip())
text = 'y' * 100000
i.write(text)
print(i.read().strip() == text)
print(i.read_stb())
i.clear()
i.close()
";
        let said = says(python(), &["-c", script]);
        assert!(
            said.ends_with("rpcgen-rs,VXI-11 example,0,1.0\nTrue\n0\n"),
            "pyvisa-py: {said}"
        );

        let said = says("lxi", &["scpi", "-a", "127.0.0.1", "*IDN?"]);
        assert!(
            said.contains("rpcgen-rs,VXI-11 example"),
            "lxi scpi: {said}"
        );
        let said = says("lxi", &["benchmark", "-a", "127.0.0.1", "-c", "50"]);
        assert!(said.contains("requests/second"), "lxi benchmark: {said}");
        let said = says("lxi", &["discover", "-t", "2"]);
        assert!(
            said.contains("Found \"rpcgen-rs,VXI-11"),
            "lxi discover: {said}"
        );

        let decoded = capture.decoded(&[port, 111]);
        assert!(decoded.calls > 100, "{} calls", decoded.calls);
    });
}

#[test]
fn neither_dead_controllers_nor_a_stopped_instrument_leave_anything() {
    let name = "neither_dead_controllers_nor_a_stopped_instrument_leave_anything";
    namespace::inside(name, || {
        let _rpcbind = Rpcbind::start();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vxi11-instrument"));
        let (mut instrument, _) = started(&mut command);
        // They die with a link each, and the last one with the lock: by exit, or waiting for output.
        let script = "
import os, signal, time, vxi11
for n in range(70):
    if os.fork() == 0:
        d = vxi11.Instrument('127.0.0.1')
        d.open()
        os._exit(0)
    os.wait()
for dies in ['at once', 'in a read']:
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        d = vxi11.Instrument('127.0.0.1')
        d.lock()
        os.write(tell, b'.')
        d.read()
    os.read(told, 1)
    if dies == 'in a read':
        time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.wait()
    l = vxi11.Instrument('127.0.0.1')
    l.lock_timeout = 5
    print(dies, l.ask('*OPC?'))
    l.close()
";
        let said = says(python(), &["-c", script]);
        assert_eq!(said, "at once 1\nin a read 1\n");
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
        assert!(listed.contains("395183"), "{listed}");
        instrument.stop();
        let left = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcbind answers");
        assert!(!left.contains("39518"), "still registered:\n{left}");
    });
}

#[test]
fn errors_are_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let said = says(env!("CARGO_BIN_EXE_vxi11-instrument"), &[&address]);
    let want = format!("vxi11-instrument: cannot listen on tcp://{address}: ");
    assert!(said.starts_with(&want), "{said}");
    drop(taken);
    let said = says(env!("CARGO_BIN_EXE_vxi11"), &[&address, "*IDN?"]);
    assert!(said.starts_with("vxi11: ") && !said.contains('{'), "{said}");
}

#[test]
fn our_controller_uses_a_python_instrument() {
    namespace::inside("our_controller_uses_a_python_instrument", || {
        let _rpcbind = Rpcbind::start();
        let device = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/device.py");
        let (_instrument, _) = started(Command::new(python()).arg(device));
        let said = says(env!("CARGO_BIN_EXE_vxi11"), &["127.0.0.1", "*IDN?"]);
        assert_eq!(said, "PYTHON,VXI-11,0,1\n");

        let runtime = tokio::runtime::Runtime::new().expect("tokio runs");
        runtime.block_on(async {
            let limit = Duration::from_secs(1);
            let device = Device::open("127.0.0.1", "inst0", limit).await.unwrap();
            // More than it takes, and more than it sends, in one piece.
            let long = "0123456789".repeat(5_000);
            assert_eq!(device.ask(&long).await.unwrap(), long.as_bytes());
            assert_eq!(device.status().await.unwrap(), 0x42);
            device.trigger().await.unwrap();
            device.clear().await.unwrap();
            device.lock().await.unwrap();
            let other = Device::open("127.0.0.1", "inst0", limit).await.unwrap();
            let locked = other.lock().await;
            assert!(
                matches!(locked, Err(Error::Device(Code::Locked))),
                "{locked:?}"
            );
            device.unlock().await.unwrap();
            device.abort().await.unwrap();
            let nothing = device.read().await;
            assert!(
                matches!(nothing, Err(Error::Device(Code::TimedOut))),
                "{nothing:?}"
            );
            device.close().await.unwrap();
            let nobody = Device::open("127.0.0.1", "inst9", limit).await;
            assert!(matches!(nobody, Err(Error::Device(Code::NotAccessible))));
        });
    });
}
