//! The Rust client: calls every procedure of every version with every sample and compares each answer, as
//! `c/client.c` does. Written once, for the async and for the blocking client.

use crate::arith::{Cell, Quotient};
use crate::every::{Claim, Hue, Sample, Which};
use crate::samples::{KINDS, sample, sample_numbers};
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::codegen::v1::{self, Interface, ProcInfo};
use rpcgen_runtime::{CallOptions, ClientStub, Encode, Refused, RpcError, XdrString, to_bytes};
use std::borrow::Borrow;
use std::fmt::Debug;

/// What a run found out.
#[derive(Debug, Default)]
pub struct Report {
    checks: u32,
    differences: Vec<String>,
}

impl Report {
    /// The number of comparisons made.
    ///
    /// # Panics
    ///
    /// When one of them failed: the message lists them.
    pub fn all_equal(self) -> u32 {
        let Self {
            checks,
            differences,
        } = self;
        assert!(
            differences.is_empty(),
            "{} of {checks}:\n{}",
            differences.len(),
            differences.join("\n")
        );
        checks
    }

    fn check(&mut self, good: bool, what: impl FnOnce() -> String) {
        self.checks += 1;
        if !good {
            self.differences.push(what());
        }
    }

    /// The same bytes: tells apart what `==` does not (NaN payloads, -0.0).
    fn same<T: Encode + Debug>(
        &mut self,
        what: &str,
        sent: &impl Borrow<T>,
        came: Result<T, RpcError>,
    ) {
        let sent = sent.borrow();
        let came = match came {
            Ok(came) => came,
            Err(error) => return self.check(false, || format!("{what}: {error}")),
        };
        let equal = matches!((to_bytes(sent), to_bytes(&came)), (Ok(a), Ok(b)) if a == b);
        self.check(equal, || {
            let text = format!("{what}: sent {sent:?}, came {came:?}");
            text.chars().take(2000).collect()
        });
    }

    fn equal<T: PartialEq + Debug>(&mut self, what: &str, wanted: T, came: Result<T, RpcError>) {
        let equal = matches!(&came, Ok(came) if *came == wanted);
        self.check(equal, || {
            format!("{what}: wanted {wanted:?}, came {came:?}")
        });
    }
}

fn bytes(sample: &Sample) -> Vec<u8> {
    to_bytes(sample)
        .expect("a sample keeps its bounds")
        .to_vec()
}

/// Boundary values, as many as `c/client.c` sends.
const FLOATS: [u32; 7] = [
    0,
    0x3fc0_0000,
    0xc010_0000,
    0x8000_0000,
    0x7f80_0000,
    0xffc1_2345,
    1,
];
const DOUBLES: [u64; 6] = [
    0,
    0x3ff8_0000_0000_0000,
    0x8000_0000_0000_0000,
    0xfff8_0000_0005_4321,
    0x7ff0_0000_0000_0001,
    0x7fe1_ccf3_85eb_c8a0,
];
const TEXTS: [&[u8]; 6] = [
    b"",
    b"a",
    b"abc",
    b"abcd",
    "grüß".as_bytes(),
    b"\xff\xfe latin",
];

macro_rules! client {
    ($(#[$doc:meta])* $module:ident, $($every:ident)::+, $($arith:ident)::+, $($runtime:ident)::+, ($($async:ident)?), ($($wait:tt)*)) => {
        $(#[$doc])*
        pub mod $module {
            use super::*;
            use $($arith)::+ as arith;
            use $($every)::+ as every;
            use $($runtime)::+ as runtime;

            /// Connects four clients to the target and calls everything.
            ///
            /// # Errors
            ///
            /// When there is no connection.
            pub $($async)? fn run(target: &str, options: impl Fn() -> rpcgen_runtime::ConnectOptions) -> Result<Report, RpcError> {
                let mut report = Report::default();
                let r = &mut report;
                let datagrams = target.starts_with("udp");
                let echo: every::EveryV1Client = runtime::connect_with(target, options())$($wait)*?;
                let samples: every::EveryV2Client = runtime::connect_with(target, options())$($wait)*?;
                let v1: arith::ArithV1Client = runtime::connect_with(target, options())$($wait)*?;
                let v4: arith::ArithV4Client = runtime::connect_with(target, options())$($wait)*?;
                r.equal("ping", (), runtime::ping(&echo)$($wait)*);
                r.equal("ping", (), runtime::ping(&v4)$($wait)*);
                scalars(r, &echo)$($wait)*;
                r.equal("nothing", (), samples.nothing()$($wait)*);
                for what in KINDS {
                    for k in sample_numbers(datagrams) {
                        one_sample(r, &samples, Which { what, k })$($wait)*;
                        one_echo(r, &echo, Which { what, k })$($wait)*;
                    }
                }
                arithmetic(r, &v1, &v4)$($wait)*;
                Ok(report)
            }

            $($async)? fn scalars(r: &mut Report, echo: &every::EveryV1Client) {
                for v in [0, 1, -1, i8::MAX, i8::MIN] {
                    r.same("char", &v, echo.char(v)$($wait)*);
                }
                for v in [0, 1, 127, 128, u8::MAX] {
                    r.same("unsigned char", &v, echo.uchar(v)$($wait)*);
                }
                for v in [0, 1, -1, i16::MAX, i16::MIN] {
                    r.same("short", &v, echo.short(v)$($wait)*);
                }
                for v in [0, 1, 0x8000, u16::MAX] {
                    r.same("unsigned short", &v, echo.ushort(v)$($wait)*);
                }
                for v in [0, 1, -1, i32::MAX, i32::MIN] {
                    r.same("int", &v, echo.int(v)$($wait)*);
                    r.same("long", &v, echo.long(v)$($wait)*);
                }
                for v in [0, 1, 0x8000_0000, u32::MAX] {
                    r.same("unsigned int", &v, echo.uint(v)$($wait)*);
                    r.same("unsigned long", &v, echo.ulong(v)$($wait)*);
                }
                for v in [0, -1, i64::MAX, i64::MIN, 0x0123_4567_89ab_cdef] {
                    r.same("hyper", &v, echo.hyper(v)$($wait)*);
                }
                for v in [0, 1, 0x8000_0000_0000_0000, u64::MAX] {
                    r.same("unsigned hyper", &v, echo.uhyper(v)$($wait)*);
                }
                for v in FLOATS.map(f32::from_bits) {
                    r.same("float", &v, echo.float(v)$($wait)*);
                }
                for v in DOUBLES.map(f64::from_bits) {
                    r.same("double", &v, echo.double(v)$($wait)*);
                }
                for v in [false, true] {
                    r.same("bool", &v, echo.bool(v)$($wait)*);
                }
                for v in [Hue::None, Hue::Red, Hue::Blue, Hue::Top, Hue::Bottom] {
                    r.same("enum", &v, echo.hue(v)$($wait)*);
                }
                for v in TEXTS.map(XdrString::from) {
                    r.same("string", &v, echo.string(v.clone())$($wait)*);
                }
                for n in 0..=64_u8 {
                    let handle = vec![0xa0 ^ n; n.into()].into();
                    r.same("opaque<64>", &handle, echo.handle(&handle)$($wait)*);
                }
                let long = vec![0; 65].into();
                let refused = echo.handle(&long)$($wait)*;
                r.check(matches!(refused, Err(RpcError::Encode(_))), || format!("65 bytes in opaque<64>: {refused:?}"));
                let digest = *b"0123456789abcdefghi\0";
                r.equal("opaque[20]", digest, echo.digest(&digest)$($wait)*);
            }

            $($async)? fn one_sample(r: &mut Report, samples: &every::EveryV2Client, which: Which) {
                let name = format!("{which:?}");
                let mine = sample(which.what, which.k);
                r.same(&name, &mine, samples.make(&which)$($wait)*);
                // The peer's own library encodes it to the very same bytes.
                let theirs = samples.encode(&which)$($wait)*.map(|bytes| bytes.to_vec());
                r.equal(&name, bytes(&mine), theirs);
                let claim = Claim { k: which.k, value: mine };
                r.equal(&name, true, samples.check(&claim)$($wait)*);
            }

            $($async)? fn one_echo(r: &mut Report, echo: &every::EveryV1Client, which: Which) {
                let name = format!("echo {which:?}");
                match sample(which.what, which.k) {
                    Sample::Scalars(v) => r.same(&name, &v, echo.scalars(&v)$($wait)*),
                    Sample::Octets(v) => r.same(&name, &v, echo.octets(&v)$($wait)*),
                    Sample::Fixed(v) => r.same(&name, &v, echo.fixed(&v)$($wait)*),
                    Sample::Variable(v) => r.same(&name, &v, echo.variable(&v)$($wait)*),
                    Sample::Optional(v) => r.same(&name, &v, echo.optional(&v)$($wait)*),
                    Sample::Nodes(v) => r.equal(&name, v.clone(), echo.nodes(&v)$($wait)*),
                    Sample::Chain(v) => r.equal(&name, v.clone(), echo.chain(&v)$($wait)*),
                    Sample::Trees(v) => r.equal(&name, v.clone(), echo.trees(&v)$($wait)*),
                    Sample::Shapes(v) => r.same(&name, &v, echo.shapes(&v)$($wait)*),
                    Sample::Everything(v) => r.same(&name, &v, echo.everything(&v)$($wait)*),
                }
            }

            $($async)? fn arithmetic(r: &mut Report, v1: &arith::ArithV1Client, v4: &arith::ArithV4Client) {
                r.equal("sub, version 1", i32::MIN, v1.sub(-2_000_000_000, 147_483_648)$($wait)*);
                r.equal("sub, version 4", i64::MIN + 1, v4.sub(i64::MIN, -1)$($wait)*);
                r.equal("who", XdrString::from("none"), v4.who()$($wait)*);
                let claim = AuthSys::new(1234, u32::MAX);
                let somebody = runtime::ClientStub::with(v4, CallOptions::new().cred(claim));
                r.equal("who", XdrString::from("sys 1234 4294967295"), somebody.who()$($wait)*);
                r.equal("mean", 1.0, v1.mean(&vec![1.5, -0.5, 2.0])$($wait)*);
                r.equal("mean of nothing", 0.0, v1.mean(&vec![])$($wait)*);
                let items = vec!["one".into(), "".into(), XdrString::from(b"drei\xdf")];
                r.equal("join", XdrString::from(b"one----drei\xdf"), v1.join(&items, "--")$($wait)*);
                let cells = |values: &[i32]| values.iter().map(|&value| Cell { value }).collect();
                r.equal("reverse", cells(&[3, -2, 1]), v1.reverse(&cells(&[1, -2, 3]))$($wait)*);
                r.equal("reverse nothing", cells(&[]), v1.reverse(&cells(&[]))$($wait)*);
                r.equal("div", Quotient::Case0(-3), v1.div(-7, 2)$($wait)*);
                r.equal("div by 0", Quotient::Case1("division by zero".into()), v1.div(-7, 0)$($wait)*);
                r.equal("div by 1", Quotient::Other(2), v1.div(-7, 1)$($wait)*);
                r.equal("sleep", 20, v1.sleep_ms(20)$($wait)*);
            }
        }
    };
}

client! {
    /// The async client.
    asynchronous, crate::every::every_prog, crate::arith::arith_prog, rpcgen_runtime, (async), (.await)
}
client! {
    /// The blocking client.
    blocking, crate::every::every_prog::blocking, crate::arith::arith_prog::blocking, rpcgen_runtime::blocking, (), ()
}

/// Calls procedure 0 of another version of the client's program.
///
/// # Errors
///
/// See [`RpcError`].
pub async fn ping_version<C: ClientStub>(client: &C, version: u32) -> Result<(), RpcError> {
    static NULL: ProcInfo = ProcInfo {
        number: 0,
        name: "NULL",
        oneway: false,
        idempotent: true,
        args_ratio: 16,
        result_ratio: 16,
    };
    let interface = Interface {
        version,
        procedures: &[],
        ..*C::INTERFACE
    };
    let interface: &'static Interface = Box::leak(Box::new(interface));
    v1::call(client.stub(), interface, &NULL, |_| (), |_| Ok(())).await
}

/// Whether the server refused the call for this reason.
pub fn refused<T: Debug>(outcome: Result<T, RpcError>, reason: Refused) -> bool {
    matches!(outcome, Err(RpcError::Refused(why)) if why == reason)
}
