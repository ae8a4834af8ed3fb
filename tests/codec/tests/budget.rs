//! What decoding allocates, counted by the allocator: never more than the message's budget.

use codec_tests::random::{Random, Rng};
use codec_tests::{
    Arrays, Bulkies, Bulky, Call, Large, Shelf, Term, Texts, Tree, TwoChains, Unions,
};
use rpcgen_runtime::{
    Bytes, Decode, DecodeLimits, Encode, Mode, Opaque, XdrString, from_bytes_with, to_bytes,
};

/// How often something is tried; less where each step is interpreted.
const fn times(n: u64) -> u64 {
    if cfg!(miri) { 1 + n / 100 } else { n }
}

/// Elements of a large array.
const N: u32 = if cfg!(miri) { 1 << 9 } else { 1 << 18 };

/// What a message may become: 16 times its length or what its type needs, and 64 KiB.
fn budget<T: for<'a> Decode<'a>>(message: &Bytes) -> u64 {
    (message.len() * T::RATIO.max(16) + (64 << 10)) as u64
}

/// Decodes; the bytes that the value holds and the most that were held on the way.
fn measure<T: for<'a> Decode<'a>>(message: &Bytes) -> (bool, u64, u64) {
    let mut value = None;
    let limits = DecodeLimits::default();
    let info = allocation_counter::measure(|| {
        value = Some(from_bytes_with::<T>(message, limits, Mode::Interop));
    });
    let decodes = value.is_some_and(|v| v.is_ok());
    let held = u64::try_from(info.bytes_current).unwrap_or(0);
    (decodes, held, info.bytes_max)
}

/// Checks a message of unknown worth.
fn check<T: for<'a> Decode<'a>>(message: &Bytes) -> bool {
    let (decodes, held, peak) = measure::<T>(message);
    let budget = budget::<T>(message);
    assert!(held <= budget, "{held} of {budget} held");
    // A list that grows holds its old memory beside the new for a moment.
    assert!(
        peak <= budget + budget / 2,
        "{peak} of {budget} at the peak"
    );
    decodes
}

fn words(words: impl IntoIterator<Item = u32>) -> Bytes {
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

/// A message of `len` bytes: mostly small numbers, which pass as flags, counts and lengths.
fn noise(seed: u64, len: usize) -> Bytes {
    let mut rng = Rng::new(seed);
    let word = |_| match rng.below(12) {
        0..=4 => 0,
        5..=8 => 1,
        9 => rng.below(40) as u32,
        10 => rng.below(len) as u32,
        _ => rng.number() as u32,
    };
    words((0..len / 4).map(word))
}

#[test]
fn noise_stays_within_the_budget() {
    fn all<T: for<'a> Decode<'a>>() {
        for seed in 0..times(200) {
            check::<T>(&noise(seed, 1 << (4 + seed % 13)));
        }
    }
    all::<Texts>();
    all::<Arrays>();
    all::<Unions>();
    all::<Shelf>();
    all::<TwoChains>();
    all::<Tree>();
    all::<Term>();
    all::<Call>();
    all::<Bulkies>();
    all::<Large>();
    all::<Vec<XdrString>>();
    all::<Vec<Vec<i64>>>();
}

/// A message that does not decode costs no more than the error.
fn refused<T: for<'a> Decode<'a>>(message: &Bytes) {
    let (decodes, _, peak) = measure::<T>(message);
    assert!(!decodes);
    assert!(peak <= 512, "the error itself, {peak} bytes");
}

#[test]
fn h041_claimed_lengths_cost_nothing() {
    for length in [0xffff_ffff, 0x8000_0000, 5] {
        let message = words([length, 0]);
        refused::<XdrString>(&message);
        refused::<Bytes>(&message);
        refused::<Opaque>(&message);
        refused::<Texts>(&message);
        refused::<Vec<XdrString>>(&words([1, length, 0]));
    }
}

#[test]
fn h043_claimed_counts_cost_nothing() {
    for count in [0xffff_ffff, 0x8000_0000, 0x4000_0000, 0x2000_0001, 2] {
        let message = words([count, 0]);
        refused::<Vec<i32>>(&message.slice(..4));
        refused::<Vec<i64>>(&message);
        refused::<Vec<XdrString>>(&message);
        refused::<Arrays>(&message);
        refused::<Bulkies>(&message);
    }
}

/// An array of `N` words of zeros.
fn zeros() -> Bytes {
    words(std::iter::once(N).chain(std::iter::repeat_n(0, N as usize)))
}

#[test]
fn h045_empty_strings_are_within_the_budget() {
    assert!(check::<Vec<XdrString>>(&zeros()));
    let (_, held, _) = measure::<Vec<XdrString>>(&zeros());
    assert_eq!(held, u64::from(N) * 32, "the allocator counts");
    assert!(check::<Vec<Vec<i32>>>(&zeros()), "and empty arrays");
}

#[test]
fn h046_unions_whose_other_arm_is_large() {
    assert!(check::<Bulkies>(&zeros()));
    let (_, held, _) = measure::<Bulkies>(&zeros());
    assert!(size_of::<Bulky>() <= 16, "of 204 bytes on the wire");
    assert_eq!(
        held,
        u64::from(N) * size_of::<Bulky>() as u64,
        "and no more"
    );
}

#[test]
fn lists_and_trees_of_small_things_are_within_the_budget() {
    let list = words((0..N / 3).flat_map(|_| [1, 0, 0]).chain([0, 0]));
    assert!(check::<Shelf>(&list), "a list of small items");
    let chain = words((0..N).flat_map(|_| [0, 1]).chain([0, 0, 0]));
    assert!(check::<TwoChains>(&chain), "a chain of boxes");
    let nested = words(
        std::iter::once(0)
            .chain([N])
            .chain((0..N).flat_map(|_| [1, 0])),
    );
    assert!(check::<Call>(&nested), "calls without arguments");
    let lists = words(std::iter::once(N).chain((0..N).flat_map(|_| [1, 7, 0])));
    assert!(
        check::<Vec<rpcgen_runtime::List<u32>>>(&lists),
        "lists of one"
    );
}

#[test]
fn the_ceiling_holds() {
    let ceiling = 4 * N as usize;
    let (message, limits) = (zeros(), DecodeLimits::default().memory(ceiling));
    let mut refused = false;
    let info = allocation_counter::measure(|| {
        refused = from_bytes_with::<Vec<XdrString>>(&message, limits, Mode::Interop).is_err();
    });
    assert!(refused);
    assert!(info.bytes_max <= ceiling as u64, "{}", info.bytes_max);
}

#[test]
fn valid_data_is_never_refused() {
    fn all<T: Random + Encode + for<'a> Decode<'a>>() {
        for seed in 0..times(300) {
            let mut rng = Rng::new(seed);
            let most = if cfg!(miri) { 5 } else { 40 };
            let values: Vec<T> = (0..rng.below(most)).map(|_| T::random(&mut rng)).collect();
            let message = to_bytes(&values).expect("within its bounds");
            assert!(check::<Vec<T>>(&message));
        }
    }
    all::<Texts>();
    all::<Arrays>();
    all::<Unions>();
    all::<Shelf>();
    all::<TwoChains>();
    all::<Tree>();
    all::<Term>();
    all::<Bulkies>();
}
