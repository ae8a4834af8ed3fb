//! Another process of this program.

use crate::figures::Figures;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that takes orders.
#[derive(Debug)]
pub(crate) struct Role {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Role {
    /// Starts it, on these processors if any are named.
    pub(crate) fn start(processors: Option<&str>, args: &[&str]) -> Self {
        let own = std::env::current_exe().expect("the path of this program");
        let mut command = match processors {
            None => Command::new(&own),
            Some(list) => {
                let mut taskset = Command::new("taskset");
                taskset.args(["--cpu-list", list]).arg(&own);
                taskset
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
    pub(crate) fn server(processors: Option<&str>, path: &str) -> (Self, String, String) {
        let mut server = Self::start(processors, &["serve", path]);
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
