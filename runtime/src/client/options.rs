//! What a call and a connection may be told, and the defaults.

use super::link::Terms;
use super::observe::Observer;
use super::provider::Provider;
use crate::auth::Credential;
use crate::net::target::Target;
use crate::proto::client::NewCall;
use crate::proto::retransmit::Retransmit;
use crate::xdr::{DecodeError, DecodeLimits, Mode, Reader};
use crate::{Body, Interface, ProcInfo, RpcError};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Options of calls: what is not set is as the channel has it.
///
/// ```
/// use rpcgen_runtime::CallOptions;
/// use std::time::Duration;
/// let quick = CallOptions::new().timeout(Duration::from_millis(200));
/// # let _ = quick;
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) credential: Option<Arc<Provider>>,
    pub(crate) replay: Option<Replay>,
    pub(crate) mode: Option<Mode>,
    pub(crate) limits: Option<DecodeLimits>,
    pub(crate) wait: Option<bool>,
    pub(crate) batch: Option<bool>,
}

impl CallOptions {
    /// The time limit of a call unless another is set: what stubs made by C rpcgen use.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(25);

    /// No option set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Time limit of each call, waiting for a connection included (default 25 s).
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Credential of each call (default AUTH_NONE), such as `AuthSys::current()`.
    #[must_use]
    pub fn cred(mut self, credential: impl Credential) -> Self {
        self.credential = Some(Provider::new(credential));
        self
    }

    /// Whether a call whose connection was lost is sent again on the next (default [`Replay::Never`]).
    ///
    /// Where it is the policy of the channel ([`ConnectOptions::calls`]), all its TCP connections come from one local
    /// port, by which a server's reply cache knows it. A single call's policy asks for that port too, but other
    /// programs may have taken it.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// How results are decoded (default [`Mode::Interop`]).
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Limits on the decoding of results.
    #[must_use]
    pub fn limits(mut self, limits: DecodeLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What a call does when as many calls as allowed are pending: wait for its turn (the default) or fail at once
    /// with [`RpcError::Overloaded`](crate::RpcError::Overloaded).
    #[must_use]
    pub fn wait(mut self, wait: bool) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Whether calls are batched (RFC 5531 §8.4.1, default no): nobody waits for a reply, and they are gathered, to go
    /// out together in few writes. For procedures without result, on servers that expect it; a reply that comes anyway
    /// is ignored.
    ///
    /// ```no_run
    /// # use rpcgen_runtime::{CallOptions, ClientStub, RpcError};
    /// # trait Calls: ClientStub { async fn put(&self, line: &str) -> Result<(), RpcError>; async fn sync(&self) -> Result<(), RpcError>; }
    /// # async fn f<Log: Calls>(log: Log, lines: Vec<String>) -> Result<(), RpcError> {
    /// let quiet = log.with(CallOptions::new().batch(true));
    /// for line in &lines {
    ///     quiet.put(line).await?; // done as soon as it is queued
    /// }
    /// log.sync().await?; // an ordinary call: its reply says that the server got all of them
    /// # Ok(()) }
    /// ```
    ///
    /// They go out in order, before the next ordinary call of the channel, when 64 KiB have gathered, when
    /// `ClientStub::flush` asks for it, or when the connection has not been used for some seconds. Over UDP each
    /// is a datagram that may be lost. What was lost on our side (no connection could be made, or it broke)
    /// is told by the next `flush`, what was lost beyond it by nobody.
    #[must_use]
    pub fn batch(mut self, batch: bool) -> Self {
        self.batch = Some(batch);
        self
    }

    /// These options, and what they leave open as `base` has it.
    #[must_use]
    pub fn or(self, base: &Self) -> Self {
        Self {
            timeout: self.timeout.or(base.timeout),
            credential: self.credential.or_else(|| base.credential.clone()),
            replay: self.replay.or(base.replay),
            mode: self.mode.or(base.mode),
            limits: self.limits.or(base.limits),
            wait: self.wait.or(base.wait),
            batch: self.batch.or(base.batch),
        }
    }

    /// The time limit of a call.
    pub(crate) fn time_limit(&self) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT)
    }

    /// Whether a call waits for its turn.
    pub(crate) fn waits(&self) -> bool {
        self.wait.unwrap_or(true)
    }

    /// How a call comes to its turn.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            timeout: self.time_limit(),
            waits: self.waits(),
        }
    }

    /// The credential, if it can be refreshed.
    pub(crate) fn refreshable(&self) -> Option<&Provider> {
        let provider = self.credential.as_deref();
        provider.filter(|p| p.credential.can_refresh())
    }

    /// Whether calls are batched.
    pub(crate) fn batches(&self) -> bool {
        self.batch.unwrap_or(false)
    }

    /// A call made with these options.
    pub(crate) fn call(
        &self,
        interface: &Interface,
        procedure: &ProcInfo,
        args: Body,
    ) -> NewCall<'_> {
        NewCall {
            program: interface.program,
            version: interface.version,
            procedure: procedure.number,
            args,
            credential: self.credential.as_ref().map(|p| &p.credential),
            timeout: self.time_limit(),
            replay: self.replay.unwrap_or_default().allows(procedure.idempotent),
            oneway: procedure.oneway,
            batched: self.batches(),
        }
    }

    /// Decodes results as these options say.
    pub(crate) fn read<T>(
        &self,
        procedure: &ProcInfo,
        results: &Bytes,
        decode: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, RpcError> {
        let limits = self.limits.unwrap_or_default();
        let mode = self.mode.unwrap_or_default();
        let mut r = Reader::new(results, limits, mode, procedure.result_ratio as usize);
        let value = decode(&mut r)?;
        r.end()?;
        Ok(value)
    }
}

/// Which calls are sent again, with the same xid, after a connection was lost with them on the way.
///
/// A server that keeps a reply cache runs a replayed call once as long as the server process and the cache entry live;
/// any other server may run it twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Replay {
    /// None: they fail with [`ConnectionLost`](crate::RpcError::ConnectionLost).
    #[default]
    Never,
    /// Those of procedures that were marked so when the interface was compiled (option `idempotent`), and procedure 0.
    Idempotent,
    /// All.
    Always,
}

impl Replay {
    pub(crate) fn allows(self, idempotent: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Idempotent => idempotent,
            Self::Always => true,
        }
    }
}

/// Whether and how soon a lost connection is made again. One attempt serves all clones of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect(Policy);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Never,
    Waits {
        first: Duration,
        max: Duration,
        jitter: bool,
    },
}

impl Reconnect {
    /// A channel whose connection is lost stays broken.
    pub const NEVER: Self = Self(Policy::Never);

    /// The same wait before every attempt, counted from the failure of the one before.
    #[must_use]
    pub const fn constant(wait: Duration) -> Self {
        Self(Policy::Waits {
            first: wait,
            max: wait,
            jitter: false,
        })
    }

    /// A wait that doubles with each failed attempt, counted from the failure: a call that comes later than that tries at
    /// once.
    #[must_use]
    pub const fn exponential(first: Duration, max: Duration) -> Self {
        Self(Policy::Waits {
            first,
            max,
            jitter: false,
        })
    }

    /// Each wait shortened or lengthened by up to an eighth, by chance.
    #[must_use]
    pub const fn jitter(self) -> Self {
        match self.0 {
            Policy::Never => self,
            Policy::Waits { first, max, .. } => Self(Policy::Waits {
                first,
                max,
                jitter: true,
            }),
        }
    }

    /// How long to wait before an attempt after `failures` failed ones; nothing if there is to be none.
    pub(crate) fn wait(self, failures: u32) -> Option<(Duration, bool)> {
        let Policy::Waits { first, max, jitter } = self.0 else {
            return None;
        };
        let wait = match failures {
            // The connection was good until now: try again at once.
            0 => Duration::ZERO,
            n => first.saturating_mul(1 << (n - 1).min(30)).min(max),
        };
        Some((wait, jitter))
    }
}

impl Default for Reconnect {
    /// Exponential from 10 ms to 2 s, with jitter.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(10), Duration::from_secs(2)).jitter()
    }
}

/// How a channel is made and kept.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    pub(crate) call: CallOptions,
    pub(crate) connect_timeout: Duration,
    pub(crate) reconnect: Reconnect,
    pub(crate) max_pending: usize,
    pub(crate) serial: bool,
    pub(crate) max_reply: usize,
    pub(crate) max_datagram: usize,
    pub(crate) retransmit: Retransmit,
    pub(crate) refused_is_final: bool,
    pub(crate) rpcbind: Option<SocketAddr>,
    pub(crate) any_host: bool,
    pub(crate) reserved_port: bool,
    pub(crate) idle: Duration,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            call: CallOptions::default(),
            connect_timeout: Duration::from_secs(5),
            reconnect: Reconnect::default(),
            max_pending: 1024,
            serial: false,
            max_reply: 64 << 20,
            max_datagram: 8800,
            retransmit: Retransmit::default(),
            refused_is_final: false,
            rpcbind: None,
            any_host: false,
            reserved_port: false,
            idle: Duration::from_secs(5 * 60),
            keepalive: Some(Duration::from_secs(30)),
            observer: None,
        }
    }
}

impl ConnectOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Options of the channel's calls, unless a call has its own.
    #[must_use]
    pub fn calls(mut self, options: CallOptions) -> Self {
        self.call = options;
        self
    }

    /// Time limit of each attempt to connect, asking rpcbind included (default 5 s). Where a name has several addresses,
    /// one that says nothing leaves the others their share of it.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// What to do when the connection is lost (default: exponential from 10 ms to 2 s, with jitter).
    #[must_use]
    pub fn reconnect(mut self, policy: Reconnect) -> Self {
        self.reconnect = policy;
        self
    }

    /// Most calls pending at once; further ones wait or fail, see [`CallOptions::wait`] (default 1024).
    #[must_use]
    pub fn max_pending(mut self, calls: usize) -> Self {
        self.max_pending = calls.max(1);
        self
    }

    /// One call at a time, for servers that lose calls which arrive while another is running (default: no). The others
    /// wait or fail as [`max_pending`](Self::max_pending) has it. A call that ends without its reply, dropped or timed
    /// out, takes the connection with it, since the server may still be at work on it.
    #[must_use]
    pub fn serial(mut self, serial: bool) -> Self {
        self.serial = serial;
        self
    }

    /// Largest reply accepted, in bytes (default 64 MiB; datagrams: 65 535).
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.max_reply = bytes;
        self
    }

    /// Largest call sent as a datagram, in bytes (default 8 800, what C servers receive; at most 65 507).
    #[must_use]
    pub fn max_datagram(mut self, bytes: usize) -> Self {
        self.max_datagram = bytes.min(65_507);
        self
    }

    /// When datagrams are sent again (default: after 500 ms while nothing is known of the round trip, else after what it
    /// suggests, but at least 200 ms; then after twice as long each time, up to 2 s).
    #[must_use]
    pub fn retransmit(mut self, policy: Retransmit) -> Self {
        self.retransmit = policy;
        self
    }

    /// UDP: whether "port unreachable" fails pending calls at once instead of waiting for the server to come back
    /// (default: wait until the deadline). While they wait, a server that has a name, or a port of rpcbind's, is looked
    /// up again, as it is after a call that nobody has answered: it may have come back elsewhere.
    #[must_use]
    pub fn fail_when_refused(mut self, fail: bool) -> Self {
        self.refused_is_final = fail;
        self
    }

    /// Where rpcbind is asked, if not at port 111 of the target's host.
    #[must_use]
    pub fn rpcbind(mut self, address: SocketAddr) -> Self {
        self.rpcbind = Some(address);
        self
    }

    /// Whether rpcbind may send us to another host than the one it runs on (default: no).
    #[must_use]
    pub fn allow_other_host(mut self, allow: bool) -> Self {
        self.any_host = allow;
        self
    }

    /// Whether to use a source port below 1024, as some NFS servers demand (default: no).
    #[must_use]
    pub fn reserved_port(mut self, reserved: bool) -> Self {
        self.reserved_port = reserved;
        self
    }

    /// TCP: how long a peer may be silent before the kernel asks whether it is still there (default 30 s, in whole
    /// seconds; nothing turns it off). One that is gone without a word is noticed after twice this time: calls on the
    /// way end with [`ConnectionLost`](crate::RpcError::ConnectionLost), and the next one makes another connection.
    #[must_use]
    pub fn keepalive(mut self, silence: Option<Duration>) -> Self {
        self.keepalive = silence.map(|s| s.max(Duration::from_secs(1)));
        self
    }

    /// Who is told what happens on the channel.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// After how long without a call the connection is closed; the next call makes another (default 5 min, before
    /// most servers do it after 6).
    #[must_use]
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }
}

/// What a channel leads to: a place, and what to ask rpcbind for where the place has no port.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) target: Target,
    /// Program and version.
    pub(crate) program: Option<(u32, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum() {
        let policy = Reconnect::exponential(Duration::from_millis(10), Duration::from_millis(35));
        let waits: Vec<_> = (0..5)
            .map(|n| policy.wait(n).unwrap().0.as_millis())
            .collect();
        assert_eq!(waits, [0, 10, 20, 35, 35]);
        assert!(Reconnect::NEVER.wait(0).is_none());
        assert!(policy.wait(u32::MAX).is_some());
    }

    #[test]
    fn a_calls_own_options_win() {
        let base = CallOptions::new()
            .timeout(Duration::from_secs(1))
            .replay(Replay::Always);
        let own = CallOptions::new().timeout(Duration::from_secs(2)).or(&base);
        assert_eq!(own.time_limit(), Duration::from_secs(2));
        assert_eq!(own.replay, Some(Replay::Always));
    }
}
