//! A server for a long time under all that clients do to servers, good ones and bad ones, and what the good ones notice.
//!
//! ```text
//! soak soak [SECONDS]      mixed load, faults, hostile clients; memory, descriptors and tasks end where they began (600)
//! soak beside [ROUNDS]     a good client's 99th percentile, undisturbed and with hostile clients beside it (20)
//! soak idle [CONNECTIONS]  memory of idle connections, and how fast an active one is beside them (10 000)
//! ```
//!
//! Each fails with a message when what it measures is not as it should be. Server, good and hostile clients are processes
//! of their own: `soak serve|good|hostile|pace|hold`, told what to do by lines on their standard input, ended by its end.

mod beside;
mod figures;
mod good;
mod hold;
mod hostile;
mod orders;
mod pace;
mod random;
mod role;
mod serve;
mod soak;
mod throws;

mod generated {
    #![allow(
        unreachable_pub,
        reason = "generated for users, who are not in a program's innermost module"
    )]
    rpcgen_runtime::include_x!("soak");
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |word: Option<&&str>, usual: u64| {
        word.map_or(usual, |word| word.parse().expect("a number"))
    };
    match words.as_slice() {
        ["soak", rest @ ..] => soak::soak(number(rest.first(), 600)),
        ["beside", rest @ ..] => beside::beside(number(rest.first(), 20)),
        ["idle", rest @ ..] => hold::idle(number(rest.first(), 10_000)),
        ["serve", path] => serve::serve(path),
        ["good", tcp, udp, path, seed] => good::work(tcp, udp, path, number(Some(seed), 0)),
        ["hostile", tcp, udp, seed] => hostile::work(tcp, udp, number(Some(seed), 0)),
        ["pace", tcp] => pace::work(tcp),
        ["hold", tcp, connections] => hold::work(tcp, number(Some(connections), 0)),
        _ => {
            eprintln!("soak soak [SECONDS] | beside [ROUNDS] | idle [CONNECTIONS]");
            std::process::exit(2);
        }
    }
}
