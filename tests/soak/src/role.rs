//! Another process of this program.

use crate::figures::Figures;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// On the servers' processor.
pub(crate) const ON_SERVERS: &[&str] = &["taskset", "--cpu-list", "0"];
/// On the clients' processor.
pub(crate) const ON_CLIENTS: &[&str] = &["taskset", "--cpu-list", "1"];
/// On the clients' processor, when it has nothing else to do: what is asked is how the server holds out.
pub(crate) const BEHIND_CLIENTS: &[&str] = &["taskset", "--cpu-list", "1", "nice", "-n", "19"];
/// Where glibc gives back what is freed: memory that is compared is memory that is held.
pub(crate) const GIVING_BACK: &[&str] = &[
    "env",
    "MALLOC_MMAP_THRESHOLD_=131072",
    "MALLOC_TRIM_THRESHOLD_=131072",
];

/// A process that takes orders.
#[derive(Debug)]
pub(crate) struct Role {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Role {
    /// Starts it under these words: [`ON_SERVERS`], [`ON_CLIENTS`], [`GIVING_BACK`], none.
    pub(crate) fn start(under: &[&str], args: &[&str]) -> Self {
        let own = std::env::current_exe().expect("the path of this program");
        let mut command = match under {
            [] => Command::new(&own),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&own);
                command
            }
        };
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        Self {
            child,
            orders,
            answers,
        }
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("its output");
        assert!(!line.is_empty(), "{:?} has ended", self.child);
        line.trim().to_owned()
    }

    pub(crate) fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("open until the end");
        writeln!(orders, "{order}").expect("it takes orders");
    }

    /// An order that is answered by a line.
    pub(crate) fn ask(&mut self, order: &str) -> Figures {
        self.order(order);
        Figures::parse(&self.line())
    }

    /// A server: itself, its TCP and its UDP address.
    pub(crate) fn server(under: &[&str], path: &str) -> (Self, String, String) {
        let mut server = Self::start(under, &["serve", path]);
        let (tcp, udp) = (server.line(), server.line());
        (server, tcp, udp)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
