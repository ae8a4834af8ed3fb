//! Who may call what.

use crate::support::*;
use rpcgen_runtime::auth::{Authenticated, Authenticator};
use rpcgen_runtime::msg::{AuthStat, CallRef, OpaqueAuth, flavor};
use rpcgen_runtime::{Bytes, Cred, Mode, Server};

#[tokio::test]
async fn h063_h064_an_auth_sys_claim_is_passed_on_as_it_is() {
    let program = Program(
        &INTERFACE,
        |cx: rpcgen_runtime::Context, procedure, _| async move {
            let Cred::Sys(claim) = cx.cred() else {
                return number(&cx, 7);
            };
            number(&cx, if procedure == 1 { claim.uid } else { claim.gid })
        },
    );
    let running = start(Server::new().serve(program)).await;
    let mut stream = connect(&running).await;
    for id in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let uid = call_as(id, 1, flavor::SYS, &sys(id, 1));
        expect(&mut stream, &uid, &answer(id, id)).await;
        let gid = call_as(id, 2, flavor::SYS, &sys(1, id));
        expect(&mut stream, &gid, &answer(id, id)).await;
    }
}

#[tokio::test]
async fn h063_a_policy_refuses_root_from_a_port_that_anybody_can_use() {
    let server = Server::new().serve(numbers()).intercept(|request| {
        let port = request.cx.peer().address().map_or(0, |a| a.port());
        match request.cx.cred() {
            Cred::Sys(claim) if claim.uid == 0 && port >= 1024 => {
                Err(rpcgen_runtime::Fault::Denied(AuthStat::TOOWEAK))
            }
            _ => Ok(()),
        }
    });
    let running = start(server).await;
    let mut stream = connect(&running).await;
    let root = call_as(1, 1, flavor::SYS, &sys(0, 0));
    expect(&mut stream, &root, &denied(1, 5)).await;
    let user = call_as(2, 1, flavor::SYS, &sys(1000, 0));
    expect(&mut stream, &user, &answer(2, 1)).await;
}

#[tokio::test]
async fn h066_flavors_are_demanded_of_programs_and_procedures_but_not_of_null() {
    let server = Server::new()
        .serve(numbers())
        .require(PROGRAM, [flavor::SYS])
        .require_for(PROGRAM, 2, [flavor::NONE, flavor::SYS]);
    let running = start(server).await;
    let mut stream = connect(&running).await;
    expect(&mut stream, &call(1, 1), &denied(1, 5)).await;
    expect(&mut stream, &call(2, 2), &answer(2, 2)).await;
    expect(&mut stream, &call(3, 0), &bytes(&[3, 1, 0, 0, 0, 0])).await;
    expect(&mut stream, &call(4, 99), &refusal(4, 3)).await;
    let claimed = call_as(5, 1, flavor::SYS, &sys(1, 1));
    expect(&mut stream, &claimed, &answer(5, 1)).await;
    assert_eq!(running.stats().denied, 1);
    let datagram = udp(&running).await;
    datagram.send(&call(6, 1)).await.unwrap();
    assert_eq!(received(&datagram, LONG).await, Some(denied(6, 5)));
    let stats = running.stats();
    assert_eq!((stats.calls, stats.denied), (6, 2));
}

/// Accepts one word, and answers with the next.
struct Token;

impl Authenticator for Token {
    fn authenticate(&self, call: &CallRef<'_>) -> Result<Authenticated, AuthStat> {
        let word: [u8; 4] = call.cred.body.try_into().map_err(|_| AuthStat::BADCRED)?;
        let word = u32::from_be_bytes(word);
        if word != 41 {
            return Err(AuthStat::REJECTEDCRED);
        }
        let auth = |word: u32| OpaqueAuth {
            flavor: 400_001,
            body: Bytes::copy_from_slice(&word.to_be_bytes()),
        };
        Ok(Authenticated::new(Cred::Other(Box::new(auth(word)))).verifier(auth(word + 1)))
    }
}

#[tokio::test]
async fn a_flavor_of_one_s_own_plugs_in() {
    let server = Server::new()
        .serve(numbers())
        .authenticator(400_001, Token)
        .require(PROGRAM, [400_001]);
    let running = start(server).await;
    let mut stream = connect(&running).await;
    let as_token =
        |xid, procedure, word: u32| call_as(xid, procedure, 400_001, &word.to_be_bytes());
    let verified = |xid, rest: &[u32]| {
        let mut words = vec![xid, 1, 0, 400_001, 4, 42];
        words.extend(rest);
        bytes(&words)
    };
    expect(&mut stream, &as_token(1, 1, 41), &verified(1, &[0, 1])).await;
    // The verifier belongs to refusals of accepted calls, too.
    expect(&mut stream, &as_token(2, 99, 41), &verified(2, &[3])).await;
    expect(&mut stream, &as_token(3, 1, 40), &denied(3, 2)).await;
    let short = call_as(4, 1, 400_001, &[1]);
    expect(&mut stream, &short, &denied(4, 1)).await;
    expect(&mut stream, &call(5, 1), &denied(5, 5)).await;
}

#[tokio::test]
async fn h036_dirty_padding_of_a_credential_is_denied_in_strict_mode_only() {
    let mut clean = call_as(1, 1, flavor::NONE, &[7; 399]);
    let mut dirty = clean.clone();
    dirty[32 + 399] = 1;
    // The same for the verifier: three bytes of it, and one of padding.
    clean.truncate(32 + 400);
    clean.extend(bytes(&[flavor::NONE, 3, 0x0707_0700]));
    let mut dirty_verf = clean.clone();
    *dirty_verf.last_mut().unwrap() = 1;
    for mode in [Mode::Strict, Mode::Interop] {
        let running = start(Server::new().serve(numbers()).mode(mode)).await;
        let (mut stream, socket) = (connect(&running).await, udp(&running).await);
        for (message, stat) in [(&clean, 0), (&dirty, 1), (&dirty_verf, 3)] {
            let expected = match (mode, stat) {
                (Mode::Interop, _) | (_, 0) => answer(1, 1),
                (_, stat) => denied(1, stat),
            };
            expect(&mut stream, message, &expected).await;
            socket.send(message).await.unwrap();
            assert_eq!(received(&socket, LONG).await, Some(expected));
        }
    }
}

/// Trips over its input.
struct Clumsy;

impl Authenticator for Clumsy {
    fn authenticate(&self, call: &CallRef<'_>) -> Result<Authenticated, AuthStat> {
        assert!(call.cred.body.is_empty(), "an authenticator that panics");
        Ok(Authenticated::new(Cred::None))
    }
}

#[tokio::test]
async fn h102_an_authenticator_that_panics_fails_its_call_alone() {
    let server = Server::new()
        .serve(numbers())
        .authenticator(400_001, Clumsy);
    let running = start(server).await;
    let (mut stream, socket) = (connect(&running).await, udp(&running).await);
    for (message, expected) in [
        (call_as(1, 1, 400_001, &[7]), denied(1, 7)),
        (call_as(2, 1, 400_001, &[]), answer(2, 1)),
    ] {
        expect(&mut stream, &message, &expected).await;
        socket.send(&message).await.unwrap();
        assert_eq!(received(&socket, LONG).await, Some(expected));
    }
}
