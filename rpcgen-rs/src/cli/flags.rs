//! rpcgen's own flags: which part of the output, and those that have no meaning in Rust.

use crate::options::Options;

/// rpcgen's flags
#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "As in rpcgen")]
pub(super) struct RpcgenFlags {
    /// Types and codecs only
    #[arg(short = 'c')]
    codecs: bool,

    /// The same as -c: in Rust types and codecs are one
    #[arg(short = 'h')]
    header: bool,

    /// Clients only
    #[arg(short = 'l')]
    clients: bool,

    /// Server traits and dispatch only
    #[arg(short = 'm')]
    servers: bool,

    /// Accepted: several arguments, reentrant stubs, ANSI C, K&R C, inlining are as they are in Rust
    #[arg(short = 'N', hide = true)]
    new_style: bool,
    #[arg(short = 'M', hide = true)]
    reentrant: bool,
    #[arg(short = 'C', hide = true)]
    ansi: bool,
    #[arg(short = 'k', hide = true)]
    kernighan: bool,
    #[arg(short = 'i', hide = true, value_name = "N")]
    inline: Option<String>,
    #[arg(short = 'T', hide = true)]
    tables: bool,
    #[arg(short = 'b', hide = true)]
    sunos: bool,
    #[arg(short = '5', hide = true)]
    sysv: bool,
    #[arg(short = 'I', hide = true)]
    inetd: bool,
    #[arg(
        short = 'K',
        hide = true,
        value_name = "SECONDS",
        allow_hyphen_values = true
    )]
    idle: Option<String>,
    #[arg(short = 'L', hide = true)]
    syslog: bool,
    #[arg(short = 'Y', hide = true, value_name = "DIR")]
    cpp: Option<String>,
    #[arg(short = 'S', hide = true, value_name = "s|c|m")]
    sample: Option<String>,
    #[arg(short = 'a', hide = true)]
    all: bool,
    #[arg(short = 't', hide = true)]
    table: bool,
    #[arg(short = 's', hide = true, value_name = "NETTYPE")]
    nettype: Vec<String>,
    #[arg(short = 'n', hide = true, value_name = "NETID")]
    netid: Vec<String>,
    /// illumos: servers that are multithreaded by themselves, and the version.
    #[arg(short = 'A', hide = true)]
    auto_threads: bool,
    #[arg(short = 'v', hide = true)]
    shows_version: bool,
    /// FreeBSD: for its port monitor.
    #[arg(short = 'P', hide = true)]
    monitor: bool,
}

impl RpcgenFlags {
    /// Was a part of the output asked for? Then, as with rpcgen, it goes to standard output if nothing else is said.
    pub(super) fn selects_a_part(&self) -> bool {
        self.codecs || self.header || self.clients || self.servers
    }

    /// Leaves the parts that were asked for; several flags make several parts.
    pub(super) fn select(&self, options: Options) -> Options {
        if self.selects_a_part() {
            options
                .types(self.codecs || self.header)
                .client(self.clients)
                .server(self.servers)
        } else {
            options
        }
    }

    /// What rpcgen makes and we do not.
    pub(super) fn unavailable(&self) -> Option<&'static str> {
        let found = [
            (
                self.sample.is_some() || self.all,
                "-S and -a: templates of servers and clients are not made; see the examples",
            ),
            (
                self.table,
                "-t: the table of procedures is part of every client and server: constants in a module of the version's name",
            ),
            (
                !self.nettype.is_empty(),
                "-s: no main program is made; `Server::new().tcp(…).udp(…)` is all it takes",
            ),
            (
                !self.netid.is_empty(),
                "-n: no main program is made; `Server::new().tcp(…).udp(…)` is all it takes",
            ),
        ];
        found
            .into_iter()
            .find(|(given, _)| *given)
            .map(|(_, message)| message)
    }

    /// Flags that were given and change nothing although one might expect it.
    pub(super) fn without_effect(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.sysv, "-5: a server registers if it is told to, by `Server::rpcbind`, for whatever it listens on"),
            (
                self.inetd,
                "-I: for inetd there is `Server::start_from_inetd`, for systemd `Server::inherited`",
            ),
            (
                self.idle.is_some(),
                "-K: a server ends when it is idle by `Server::idle_exit`",
            ),
            (
                self.syslog,
                "-L: the runtime reports through `tracing`, which can lead to syslog",
            ),
            (self.auto_threads, "-A: calls run side by side, as many as `Limits` allow"),
            (self.shows_version, "-v: `rpcgen-rs --version` prints the version"),
            (
                self.monitor,
                "-P: for inetd there is `Server::start_from_inetd`, for systemd `Server::inherited`",
            ),
            (self.cpp.is_some(), "-Y: the preprocessor is built in"),
        ]
        .into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, message)| message)
    }
}
