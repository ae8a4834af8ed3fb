//! The Rust server: what `c/server.c` does.

use crate::arith::arith_prog::{ArithV1, ArithV1Server, ArithV4, ArithV4Server};
use crate::arith::{Cell, Cells, Items, Numbers, Quotient};
use crate::every::every_prog::{EveryV1, EveryV1Server, EveryV2, EveryV2Server};
use crate::every::{
    Blob, Chain, Claim, Digest, Everything, Fixed, Handle, Hue, Nodes, Octets, Optional, Sample,
    Scalars, Shapes, Trees, Variable, Which,
};
use crate::samples::{kind_of, sample};
use crate::wide::Wide;
use crate::wide::wide_prog::{WideV1, WideV1Server};
use rpcgen_runtime::{Context, Cred, Fault, Quadruple, Server, XdrString, to_bytes};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// All programs, on any free port of 127.0.0.1, TCP and UDP.
pub fn server() -> Server {
    Server::new()
        .serve(EveryV1Server(Peer))
        .serve(EveryV2Server(Peer))
        .serve(ArithV1Server(Peer))
        .serve(ArithV4Server(Peer))
        .serve(WideV1Server(Peer))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
}

/// What ARITH_NOTE was told.
static NOTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A dividend that makes ARITH_DIV misbehave: panic on 0, else give a reason longer than its bound.
const OUTRAGEOUS: i64 = 0x0bad_0bad_0bad_0bad;
/// Arguments of ARITH_DIV whose result cannot be encoded.
pub const TOO_LONG: [u32; 4] = [0x0bad_0bad, 0x0bad_0bad, 0, 3];
/// Arguments of ARITH_DIV that make it panic.
pub const PANIC: [u32; 4] = [0x0bad_0bad, 0x0bad_0bad, 0, 0];

/// Implements every version of every program.
#[derive(Clone, Copy, Debug)]
pub struct Peer;

macro_rules! echoes {
    ($($name:ident: $t:ty,)+) => {
        impl EveryV1 for Peer {
            $(async fn $name(&self, _cx: &Context, arg: $t) -> Result<$t, Fault> {
                Ok(arg)
            })+
        }
    };
}
echoes! {
    char: i8, uchar: u8, short: i16, ushort: u16, int: i32, uint: u32, long: i32, ulong: u32, hyper: i64, uhyper: u64,
    float: f32, double: f64, bool: bool, hue: Hue, string: XdrString, handle: Handle, digest: Digest, scalars: Scalars,
    octets: Octets, fixed: Fixed, variable: Variable, optional: Optional, nodes: Nodes, chain: Chain, trees: Trees,
    shapes: Shapes, everything: Everything,
}

impl EveryV2 for Peer {
    async fn nothing(&self, _cx: &Context) -> Result<(), Fault> {
        Ok(())
    }

    async fn make(&self, _cx: &Context, arg: Which) -> Result<Sample, Fault> {
        Ok(sample(arg.what, arg.k))
    }

    async fn check(&self, _cx: &Context, arg: Claim) -> Result<bool, Fault> {
        let own = sample(kind_of(&arg.value), arg.k);
        let encoded = |value| to_bytes(value).map_err(|_| Fault::SystemErr);
        Ok(encoded(&own)? == encoded(&arg.value)?)
    }

    async fn encode(&self, _cx: &Context, arg: Which) -> Result<Blob, Fault> {
        let bytes = to_bytes(&sample(arg.what, arg.k)).map_err(|_| Fault::SystemErr)?;
        Ok(bytes)
    }
}

impl ArithV1 for Peer {
    async fn sub(&self, _cx: &Context, arg1: i32, arg2: i32) -> Result<i32, Fault> {
        Ok(arg1.wrapping_sub(arg2))
    }

    async fn div(&self, _cx: &Context, dividend: i64, divisor: i64) -> Result<Quotient, Fault> {
        Ok(match divisor {
            _ if dividend == OUTRAGEOUS && divisor == 0 => panic!("asked for by a test"),
            _ if dividend == OUTRAGEOUS => Quotient::Case1("x".repeat(41).into()),
            0 => Quotient::Case1("division by zero".into()),
            1 => Quotient::Other(2),
            _ => Quotient::Case0(dividend.wrapping_div(divisor)),
        })
    }

    async fn mean(&self, _cx: &Context, arg: Numbers) -> Result<f64, Fault> {
        let count = arg.len().max(1) as f64;
        Ok(arg.iter().sum::<f64>() / count)
    }

    async fn join(&self, _cx: &Context, arg1: Items, arg2: XdrString) -> Result<XdrString, Fault> {
        let items: Vec<&[u8]> = arg1.iter().map(AsRef::as_ref).collect();
        Ok(items.join(arg2.as_bytes()).into())
    }

    async fn reverse(&self, _cx: &Context, arg: Cells) -> Result<Cells, Fault> {
        Ok(arg
            .iter()
            .rev()
            .map(|cell| Cell { value: cell.value })
            .collect())
    }

    async fn sleep_ms(&self, _cx: &Context, arg: u32) -> Result<u32, Fault> {
        tokio::time::sleep(Duration::from_millis(arg.into())).await;
        Ok(arg)
    }
}

impl ArithV4 for Peer {
    async fn sub(&self, _cx: &Context, arg1: i64, arg2: i64) -> Result<i64, Fault> {
        Ok(arg1.wrapping_sub(arg2))
    }

    async fn note(&self, _cx: &Context, number: u32) -> Result<(), Fault> {
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        if number == 0 {
            noted.clear();
        }
        noted.push(number);
        Err(Fault::NoReply)
    }

    async fn noted(&self, _cx: &Context) -> Result<i32, Fault> {
        let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        let count = i32::try_from(noted.len()).map_err(|_| Fault::SystemErr)?;
        Ok(if noted.iter().copied().eq(0..count.unsigned_abs()) {
            count
        } else {
            -count
        })
    }

    async fn who(&self, cx: &Context) -> Result<XdrString, Fault> {
        Ok(match cx.cred() {
            Cred::None => "none".into(),
            Cred::Sys(claim) => format!("sys {} {}", claim.uid, claim.gid).into(),
            _ => return Err(Fault::SystemErr),
        })
    }
}

impl WideV1 for Peer {
    async fn number(&self, _cx: &Context, arg: Quadruple) -> Result<Quadruple, Fault> {
        Ok(arg)
    }

    async fn all(&self, _cx: &Context, arg: Wide) -> Result<Wide, Fault> {
        Ok(arg)
    }
}
