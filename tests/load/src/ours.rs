//! Our server: a null procedure, an echo, a megabyte out, a megabyte in.

use crate::drive::PROGRAM;
use rpcgen_runtime::codegen::v1::{arguments, results};
use rpcgen_runtime::server::{BoxFuture, Running};
use rpcgen_runtime::{Body, Bytes, Context, Dispatch, Fault, Interface, ProcInfo, Server};
use std::sync::Arc;

const fn procedure(number: u32, name: &'static str) -> ProcInfo {
    ProcInfo {
        number,
        name,
        oneway: false,
        idempotent: true,
        args_ratio: 16,
        result_ratio: 16,
    }
}

static INTERFACE: Interface = Interface {
    name: "LOAD",
    program: PROGRAM,
    version: 1,
    procedures: &[
        procedure(0, "NULL"),
        procedure(1, "ECHO"),
        procedure(2, "READ"),
        procedure(3, "WRITE"),
    ],
};

struct Load(Bytes);

impl Dispatch for Load {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        match procedure {
            0 => Box::pin(async move {
                arguments(&cx, &args, |_| Ok(()))?;
                results(&cx, |_| ())
            }),
            1 => Box::pin(async move {
                let data = arguments(&cx, &args, |r| r.opaque(u32::MAX))?;
                results(&cx, |w| w.opaque(&data, u32::MAX, "data"))
            }),
            2 => Box::pin(async move { results(&cx, |w| w.opaque(&self.0, u32::MAX, "data")) }),
            _ => Box::pin(async move {
                arguments(&cx, &args, |r| r.opaque(u32::MAX))?;
                results(&cx, |_| ())
            }),
        }
    }
}

pub(crate) fn serve() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let server = Server::new().serve(Load(vec![7; 1 << 20].into()));
        let server = server.tcp("127.0.0.1:0").udp("127.0.0.1:0");
        let running: Running = server.start().await.expect("it starts");
        println!("{}", running.tcp().expect("TCP"));
        println!("{}", running.udp().expect("UDP"));
        std::future::pending::<()>().await;
    });
}
