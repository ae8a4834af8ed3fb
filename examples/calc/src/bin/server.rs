//! `cargo run -p calc --bin server -- [::]:4000`

use calc::calc_prog::{CalcV1, CalcV1Server};
use calc::{Pair, Quotient};
use rpcgen_runtime::rpcbind::Rpcbind;
use rpcgen_runtime::{Context, Fault, Grace, Server};

struct Calc;

impl CalcV1 for Calc {
    async fn add(&self, _cx: &Context, pair: Pair) -> Result<i32, Fault> {
        pair.a.checked_add(pair.b).ok_or(Fault::SystemErr)
    }

    async fn divide(&self, _cx: &Context, pair: Pair) -> Result<Quotient, Fault> {
        Ok(match pair.a.checked_div(pair.b) {
            Some(value) => Quotient::True(value),
            None => Quotient::False("no number".into()),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("[::]:4000".into());
    println!("serving on {address}, TCP and UDP; stop with Ctrl-C");
    Server::new()
        .serve(CalcV1Server(Calc))
        .tcp(&address)
        .udp(&address)
        .rpcbind(Rpcbind::best_effort())
        .run_until(
            async { drop(tokio::signal::ctrl_c().await) },
            Grace::secs(10),
        )
        .await?;
    Ok(())
}
