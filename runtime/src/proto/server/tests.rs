use super::*;
use crate::ProcInfo;
use crate::msg::{CallHeader, ReplyStat};
use bytes::Bytes;

static INTERFACE: Interface = Interface {
    name: "CALC",
    program: 7,
    version: 2,
    procedures: &[ProcInfo {
        number: 1,
        name: "ADD",
        oneway: false,
        idempotent: false,
        args_ratio: 16,
        result_ratio: 16,
    }],
};

/// Program 7 version 2, and flavor 390 with a verifier of its own.
#[derive(Default)]
struct Calc {
    needs: Option<u32>,
    catch_all: bool,
}

impl Programs for Calc {
    type Target = &'static str;

    fn versions(&self, program: u32) -> impl Iterator<Item = u32> {
        (program == 7).then_some(2).into_iter()
    }
    fn target(&self, program: u32, version: u32) -> Option<(&Self::Target, &'static Interface)> {
        ((program, version) == (7, 2)).then_some((&"calc", &INTERFACE))
    }
    fn fallback(&self) -> Option<(&Self::Target, &'static Interface)> {
        self.catch_all.then_some((&"any", &INTERFACE))
    }
    fn authenticate(&self, call: &CallRef<'_>) -> Option<Result<Authenticated, AuthStat>> {
        let cred = OpaqueAuth {
            flavor: call.cred.flavor,
            body: Bytes::copy_from_slice(call.cred.body),
        };
        match (call.cred.flavor, call.cred.body) {
            (390, b"good") => Some(Ok(
                Authenticated::new(Cred::Other(Box::new(cred.clone()))).verifier(cred)
            )),
            (390, _) => Some(Err(AuthStat::REJECTEDCRED)),
            _ => None,
        }
    }
    fn suffices(&self, flavor: u32, _: u32, _: u32) -> bool {
        self.needs.is_none_or(|needed| needed == flavor)
    }
}

fn call(program: u32, procedure: u32, flavor: u32, body: &'static [u8]) -> Bytes {
    let header = CallHeader {
        xid: 5,
        program,
        version: 2,
        procedure,
        cred: OpaqueAuth {
            flavor,
            body: Bytes::from_static(body),
        },
        verf: OpaqueAuth::NONE,
    };
    let mut bytes = Vec::new();
    header.put(&mut bytes);
    bytes.into()
}

fn stat(verdict: Verdict<&'static str>) -> ReplyStat<OpaqueAuth> {
    match verdict {
        Verdict::Reply(header) => header.stat,
        other => panic!("{other:?}"),
    }
}

fn auth(stat: AuthStat) -> ReplyStat<OpaqueAuth> {
    ReplyStat::Denied(Denied::Auth(stat))
}

#[test]
fn h066_a_weak_flavor_is_too_weak_except_for_procedure_0() {
    let programs = Calc {
        needs: Some(1),
        catch_all: false,
    };
    let judged = |message: Bytes| judge(&message, &programs, Mode::Interop);
    assert_eq!(stat(judged(call(7, 1, 0, b""))), auth(AuthStat::TOOWEAK));
    let null = judged(call(7, 0, 0, b""));
    assert!(matches!(
        stat(null),
        ReplyStat::Accepted(_, AcceptStat::Success)
    ));
    // An unknown procedure is unknown to everybody: that comes first.
    let unknown = judged(call(7, 9, 0, b""));
    assert!(matches!(
        stat(unknown),
        ReplyStat::Accepted(_, AcceptStat::ProcUnavail)
    ));
    let sys = judged(call(7, 1, 1, &[0; 20]));
    assert!(matches!(sys, Verdict::Run(accepted) if *accepted.target == "calc"));
}

#[test]
fn a_further_flavor_is_judged_by_its_authenticator_and_its_verifier_is_sent() {
    let programs = Calc::default();
    let Verdict::Run(accepted) = judge(&call(7, 1, 390, b"good"), &programs, Mode::Interop) else {
        panic!("accepted");
    };
    let verf = *accepted.auth.verf.unwrap();
    assert_eq!(verf.flavor, 390);
    let bad = judge(&call(7, 1, 390, b"bad!"), &programs, Mode::Interop);
    assert_eq!(stat(bad), auth(AuthStat::REJECTEDCRED));
    let unavailable = judge(&call(8, 1, 390, b"good"), &programs, Mode::Interop);
    let expected = ReplyStat::Accepted(verf, AcceptStat::ProgUnavail);
    assert_eq!(stat(unavailable), expected);
}

#[test]
fn the_fallback_gets_other_programs_but_not_other_versions() {
    let programs = Calc {
        needs: None,
        catch_all: true,
    };
    let other = judge(&call(8, 0, 0, b""), &programs, Mode::Interop);
    assert!(
        matches!(other, Verdict::Run(a) if *a.target == "any" && a.program == 8 && a.procedure == 0)
    );
    let mut message = call(7, 1, 0, b"").to_vec();
    message[19] = 3;
    let version = judge(&message, &programs, Mode::Interop);
    assert!(matches!(
        stat(version),
        ReplyStat::Accepted(_, AcceptStat::ProgMismatch { low: 2, high: 2 })
    ));
}

#[test]
fn h036_dirty_padding_of_a_credential_is_bad_in_strict_mode_only() {
    let calc = Calc::default();
    let mut message = call(7, 1, 0, &[9; 399]).to_vec();
    let clean = Bytes::from(message.clone());
    message[32 + 399] = 1;
    let dirty = Bytes::from(message);
    for (message, mode, good) in [
        (&clean, Mode::Strict, true),
        (&dirty, Mode::Interop, true),
        (&dirty, Mode::Strict, false),
    ] {
        match judge(message, &calc, mode) {
            Verdict::Run(_) => assert!(good),
            verdict => {
                assert!(!good);
                assert_eq!(stat(verdict), auth(AuthStat::BADCRED));
            }
        }
    }
}

/// Hostile input 37: every prefix of a header, and every single bit of it turned.
#[test]
fn h037_cut_and_damaged_headers_never_panic() {
    let calc = Calc::default();
    let whole = call(7, 1, 1, &[0; 20]);
    for cut in 0..whole.len() {
        let verdict = judge(&whole[..cut], &calc, Mode::Interop);
        assert!(matches!(verdict, Verdict::Ignore(_)), "{cut}");
    }
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        for mode in [Mode::Interop, Mode::Strict] {
            let _ = judge(&damaged, &calc, mode);
        }
    }
}
