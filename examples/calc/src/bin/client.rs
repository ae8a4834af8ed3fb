//! `cargo run -p calc --bin client -- tcp://localhost:4000`

use calc::calc_prog::CalcV1Client;
use calc::{Pair, Quotient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = std::env::args()
        .nth(1)
        .unwrap_or("tcp://localhost:4000".into());
    let calc: CalcV1Client = rpcgen_runtime::connect(target).await?;

    println!("2 + 3 = {}", calc.add(&Pair { a: 2, b: 3 }).await?);
    match calc.divide(&Pair { a: 7, b: 0 }).await? {
        Quotient::True(value) => println!("7 / 0 = {value}"),
        Quotient::False(reason) => println!("7 / 0: {reason}"),
    }
    Ok(())
}
