//! Sample number `k` of each kind of value: the Rust half of `c/samples.h`, which says what each `k` means. Both draw the
//! same values in the same order.

use crate::every::{
    ByBool, ByChar, ByEnum, ByHyper, ByInt, ByUnsigned, Chain, Everything, Fixed, HANDLE_MAX, Hue,
    Kind, LABEL_MAX, MaybeCookie, Node, Nodes, Octets, Optional, Pair, Sample, Scalars, Shapes,
    Tree, Trees, Variable,
};
use rpcgen_runtime::XdrString;
use std::array::from_fn;

/// Samples below this are sent of every kind.
pub const K_COUNT: u32 = 40;
/// Samples from here on are too large for a datagram.
pub const K_LARGE: u32 = 1000;
/// Every kind.
pub const KINDS: [Kind; 10] = [
    Kind::Scalars,
    Kind::Octets,
    Kind::Fixed,
    Kind::Variable,
    Kind::Optional,
    Kind::Nodes,
    Kind::Chain,
    Kind::Trees,
    Kind::Shapes,
    Kind::Everything,
];

/// Which samples of each kind a run over this transport sends.
pub fn sample_numbers(datagrams: bool) -> impl Iterator<Item = u32> {
    let large = if datagrams {
        K_LARGE..K_LARGE
    } else {
        K_LARGE..K_LARGE + 2
    };
    (0..K_COUNT).chain(large)
}

/// Sample `k` of a kind.
#[allow(
    clippy::useless_conversion,
    reason = "the compiler decides by size which arms are boxed"
)]
pub fn sample(what: Kind, k: u32) -> Sample {
    let g = &mut Gen {
        k,
        state: u64::from(what.as_i32() as u32) << 32 | u64::from(k),
    };
    match what {
        Kind::Scalars => Sample::Scalars(scalars(g).into()),
        Kind::Octets => Sample::Octets(octets(g).into()),
        Kind::Fixed => Sample::Fixed(fixed(g).into()),
        Kind::Variable => Sample::Variable(variable(g).into()),
        Kind::Optional => Sample::Optional(optional(g).into()),
        Kind::Nodes => Sample::Nodes(nodes(g).into()),
        Kind::Chain => Sample::Chain(chain(g).into()),
        Kind::Trees => Sample::Trees(trees(g, 5).into()),
        Kind::Shapes => Sample::Shapes(shapes(g).into()),
        Kind::Everything => Sample::Everything(everything(g).into()),
    }
}

struct Gen {
    k: u32,
    state: u64,
}

impl Gen {
    /// splitmix64
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The low `bits` bits of a number.
    fn number(&mut self, bits: u32, signed: bool) -> u64 {
        let mask = u64::MAX >> (64 - bits);
        let sign = 1 << (bits - 1);
        match (self.k, signed) {
            (0, _) | (2, false) => 0,
            (1, true) => sign - 1,
            (2, true) => sign,
            (1, false) | (3, _) => mask,
            (4, _) => 1,
            _ => self.next() & mask,
        }
    }

    /// A length up to `max`; `u32::MAX` stands for no bound.
    fn length(&mut self, max: u32) -> usize {
        let full = max.min(if self.k >= K_LARGE { 3000 } else { 40 });
        let n = match self.k {
            0 => 0,
            1 | 4 => full,
            2 | 3 => full.min(1),
            k if k >= K_LARGE && max == u32::MAX => full,
            _ => (self.next() % (u64::from(full) + 1)) as u32,
        };
        n as usize
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        from_fn(|_| self.next() as u8)
    }

    fn opaque<T: From<Vec<u8>>>(&mut self, max: u32) -> T {
        let n = self.length(max);
        (0..n).map(|_| self.next() as u8).collect::<Vec<_>>().into()
    }

    /// Any byte but NUL, which C cannot send in a string.
    fn string(&mut self, max: u32) -> XdrString {
        let n = self.length(max);
        (0..n)
            .map(|_| (1 + self.next() % 255) as u8)
            .collect::<Vec<_>>()
            .into()
    }

    fn vec<T>(&mut self, max: u32, draw: impl Fn(&mut Self) -> T) -> Vec<T> {
        let n = self.length(max);
        (0..n).map(|_| draw(self)).collect()
    }

    fn option<T>(&mut self, draw: impl Fn(&mut Self) -> T) -> Option<T> {
        bool::draw(self).then(|| draw(self))
    }

    fn array<T, const N: usize>(&mut self, draw: impl Fn(&mut Self) -> T) -> [T; N] {
        from_fn(|_| draw(self))
    }

    /// Each arm occurs: by turns for the small `k`.
    fn arm<T: Copy>(&mut self, tags: &[T]) -> T {
        let n = if self.k < 5 {
            u64::from(self.k)
        } else {
            self.next()
        };
        tags[(n % tags.len() as u64) as usize]
    }
}

/// Types with one way to draw them.
trait Draw {
    fn draw(g: &mut Gen) -> Self;
}

macro_rules! draw_numbers {
    ($($t:ident: $bits:literal $signed:literal,)+) => {
        $(impl Draw for $t {
            fn draw(g: &mut Gen) -> Self {
                g.number($bits, $signed) as $t
            }
        })+
    };
}
draw_numbers! {
    i8: 8 true, u8: 8 false, i16: 16 true, u16: 16 false, i32: 32 true, u32: 32 false, i64: 64 true, u64: 64 false,
}

impl Draw for f32 {
    fn draw(g: &mut Gen) -> Self {
        Self::from_bits(match g.k {
            0 => 0,
            1 => 0x7f80_0000,
            2 => 0xffc1_2345,
            3 => 0x8000_0000,
            4 => 1,
            _ => g.next() as u32,
        })
    }
}

impl Draw for f64 {
    fn draw(g: &mut Gen) -> Self {
        Self::from_bits(match g.k {
            0 => 0,
            1 => 0x7fef_ffff_ffff_ffff,
            2 => 0xfff8_0000_0005_4321,
            3 => 0x8000_0000_0000_0000,
            4 => 0x7ff0_0000_0000_0001,
            _ => g.next(),
        })
    }
}

impl Draw for bool {
    fn draw(g: &mut Gen) -> Self {
        match g.k {
            0 | 2 => false,
            1 | 3 | 4 => true,
            _ => g.next() & 1 == 1,
        }
    }
}

const HUES: [Hue; 5] = [Hue::None, Hue::Red, Hue::Blue, Hue::Top, Hue::Bottom];

impl Draw for Hue {
    fn draw(g: &mut Gen) -> Self {
        match g.k {
            0 => Self::None,
            1 => Self::Top,
            2 => Self::Bottom,
            3 => Self::Blue,
            4 => Self::Red,
            _ => HUES[(g.next() % 5) as usize],
        }
    }
}

impl Draw for Pair {
    fn draw(g: &mut Gen) -> Self {
        Self {
            a: Draw::draw(g),
            b: Draw::draw(g),
        }
    }
}

fn word(g: &mut Gen) -> XdrString {
    g.string(12)
}

fn handle<T: From<Vec<u8>>>(g: &mut Gen) -> T {
    g.opaque(HANDLE_MAX)
}

fn scalars(g: &mut Gen) -> Scalars {
    Scalars {
        c: Draw::draw(g),
        uc: Draw::draw(g),
        s: Draw::draw(g),
        us: Draw::draw(g),
        i: Draw::draw(g),
        ui: Draw::draw(g),
        l: Draw::draw(g),
        ul: Draw::draw(g),
        h: Draw::draw(g),
        uh: Draw::draw(g),
        f: Draw::draw(g),
        d: Draw::draw(g),
        b: Draw::draw(g),
        e: Draw::draw(g),
        i8: Draw::draw(g),
        u8: Draw::draw(g),
        i16: Draw::draw(g),
        u16: Draw::draw(g),
        i32: Draw::draw(g),
        u32: Draw::draw(g),
        i64: Draw::draw(g),
        u64: Draw::draw(g),
        ck: Draw::draw(g),
    }
}

fn octets(g: &mut Gen) -> Octets {
    Octets {
        none: [],
        one: g.bytes(),
        four: g.bytes(),
        five: g.bytes(),
        empty: g.opaque(0),
        upto: g.opaque(7),
        any: g.opaque(u32::MAX),
        nothing: g.string(0),
        text: g.string(LABEL_MAX),
        free_text: g.string(u32::MAX),
        fh: handle(g),
        sum: g.bytes(),
        w: word(g),
    }
}

fn by_int(g: &mut Gen) -> ByInt {
    match g.arm(&[0, 1, 2, -1, 77, i32::MIN]) {
        0 => ByInt::Case0,
        1 => ByInt::Case1(g.string(16)),
        2 => ByInt::Case2(g.string(16)),
        -1 => ByInt::CaseMinus1(Draw::draw(g)),
        other => ByInt::Other(other, g.opaque(8)),
    }
}

fn by_unsigned(g: &mut Gen) -> ByUnsigned {
    match g.arm(&[0, u32::MAX]) {
        0 => ByUnsigned::Case0(Draw::draw(g)),
        _ => ByUnsigned::Case4294967295(Draw::draw(g)),
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "the compiler decides by size which arms are boxed"
)]
fn by_enum(g: &mut Gen) -> ByEnum {
    match g.arm(&HUES) {
        Hue::Red => ByEnum::Red(Draw::draw(g)),
        Hue::Blue => ByEnum::Blue(by_int(g).into()),
        Hue::Top => ByEnum::Top(g.vec(3, Draw::draw)),
        other => ByEnum::Other(other.as_i32()),
    }
}

fn by_bool(g: &mut Gen) -> ByBool {
    if bool::draw(g) {
        ByBool::True(handle(g))
    } else {
        ByBool::False(Draw::draw(g))
    }
}

fn maybe_cookie(g: &mut Gen) -> MaybeCookie {
    if bool::draw(g) {
        MaybeCookie::True(Draw::draw(g))
    } else {
        MaybeCookie::False
    }
}

fn by_hyper(g: &mut Gen) -> ByHyper {
    match g.arm(&[0, i64::MAX, -1, 5, i64::MIN]) {
        0 => ByHyper::Case0,
        i64::MAX => ByHyper::Case9223372036854775807(Draw::draw(g)),
        -1 => ByHyper::CaseMinus1(g.string(4)),
        other => ByHyper::Other(other, Draw::draw(g)),
    }
}

fn by_char(g: &mut Gen) -> ByChar {
    match g.arm(b"\0az\xffb") {
        b'a' => ByChar::Casea(Draw::draw(g)),
        b'z' => ByChar::Casez(word(g)),
        other => ByChar::Other(other as i8),
    }
}

fn shapes(g: &mut Gen) -> Shapes {
    match g.arm(&[0, 1, 2, 3, 4, 5, 6, u32::MAX]) {
        0 => Shapes::Case0(by_unsigned(g)),
        1 => Shapes::Case1(by_enum(g)),
        2 => Shapes::Case2(by_bool(g)),
        3 => Shapes::Case3(maybe_cookie(g)),
        4 => Shapes::Case4(by_hyper(g)),
        5 => Shapes::Case5(by_char(g)),
        other => Shapes::Other(other, by_int(g)),
    }
}

fn fixed(g: &mut Gen) -> Fixed {
    Fixed {
        c: g.array(Draw::draw),
        uc: g.array(Draw::draw),
        s: g.array(Draw::draw),
        us: g.array(Draw::draw),
        i: g.array(Draw::draw),
        ui: g.array(Draw::draw),
        l: g.array(Draw::draw),
        ul: g.array(Draw::draw),
        h: g.array(Draw::draw),
        uh: g.array(Draw::draw),
        f: g.array(Draw::draw),
        d: g.array(Draw::draw),
        b: g.array(Draw::draw),
        e: g.array(Draw::draw),
        p: g.array(Draw::draw),
        w: g.array(word),
        fh: g.array(handle),
        sum: g.array(Gen::bytes),
        u: g.array(by_int),
        zero: [],
        m: g.array(Draw::draw),
    }
}

fn variable(g: &mut Gen) -> Variable {
    Variable {
        c: g.vec(3, Draw::draw),
        uc: g.vec(2, Draw::draw),
        s: g.vec(5, Draw::draw),
        us: g.vec(2, Draw::draw),
        i: g.vec(u32::MAX, Draw::draw),
        ui: g.vec(17, Draw::draw),
        l: g.vec(2, Draw::draw),
        ul: g.vec(2, Draw::draw),
        h: g.vec(u32::MAX, Draw::draw),
        uh: g.vec(2, Draw::draw),
        f: g.vec(2, Draw::draw),
        d: g.vec(u32::MAX, Draw::draw),
        b: g.vec(3, Draw::draw),
        e: g.vec(4, Draw::draw),
        p: g.vec(u32::MAX, Draw::draw),
        w: g.vec(5, word),
        fh: g.vec(2, handle),
        sum: g.vec(2, Gen::bytes),
        u: g.vec(3, by_enum),
        zero: g.vec(0, Draw::draw),
        ck: g.vec(u32::MAX, Draw::draw),
    }
}

fn optional(g: &mut Gen) -> Optional {
    Optional {
        c: g.option(Draw::draw),
        uc: g.option(Draw::draw),
        s: g.option(Draw::draw),
        us: g.option(Draw::draw),
        i: g.option(Draw::draw),
        ui: g.option(Draw::draw),
        l: g.option(Draw::draw),
        ul: g.option(Draw::draw),
        h: g.option(Draw::draw),
        uh: g.option(Draw::draw),
        f: g.option(Draw::draw),
        d: g.option(Draw::draw),
        b: g.option(Draw::draw),
        e: g.option(Draw::draw),
        p: g.option(Draw::draw),
        w: g.option(word),
        fh: g.option(handle),
        sum: g.option(Gen::bytes),
        u: g.option(by_hyper),
    }
}

fn nodes(g: &mut Gen) -> Nodes {
    g.vec(u32::MAX, |g| Node {
        value: Draw::draw(g),
        label: g.string(LABEL_MAX),
    })
    .into()
}

fn chain(g: &mut Gen) -> Chain {
    let n = g.length(u32::MAX);
    let links: Vec<i16> = (0..=n).map(|_| Draw::draw(g)).collect();
    let rest = links[1..].iter().rev();
    let next = rest.fold(None, |next, &link| Some(Box::new(Chain { link, next })));
    Chain {
        link: links[0],
        next,
    }
}

fn trees(g: &mut Gen, height: u32) -> Trees {
    if height == 0 || !bool::draw(g) {
        return None;
    }
    Some(Box::new(Tree {
        key: Draw::draw(g),
        name: word(g),
        left: trees(g, height - 1),
        right: trees(g, height - 1),
    }))
}

fn everything(g: &mut Gen) -> Everything {
    Everything {
        s: scalars(g),
        o: octets(g),
        f: fixed(g),
        v: variable(g),
        opt: optional(g),
        list: nodes(g),
        links: chain(g),
        root: trees(g, 4),
        any: g.vec(8, shapes),
    }
}

/// The kind of a sample.
pub fn kind_of(sample: &Sample) -> Kind {
    match sample {
        Sample::Scalars(_) => Kind::Scalars,
        Sample::Octets(_) => Kind::Octets,
        Sample::Fixed(_) => Kind::Fixed,
        Sample::Variable(_) => Kind::Variable,
        Sample::Optional(_) => Kind::Optional,
        Sample::Nodes(_) => Kind::Nodes,
        Sample::Chain(_) => Kind::Chain,
        Sample::Trees(_) => Kind::Trees,
        Sample::Shapes(_) => Kind::Shapes,
        Sample::Everything(_) => Kind::Everything,
    }
}
