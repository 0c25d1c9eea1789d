//! Sixteen persons at a time: Philox lanes, unit uniforms, and single-precision functions of our own.
//!
//! Every function works on one lane without branches or works lane by lane in a loop of fixed length, so that the
//! compiler turns it into vector code for whatever the processor offers. No intrinsics, no `unsafe`, no fused
//! multiply-add (Rust never contracts `a*b + c`): the bits are the same with SSE2, AVX2 and AVX-512, and the same
//! alone or in a block.
//!
//! | function | range | largest error, against `libm` in f64 |
//! |---|---|---|
//! | [`exp`] | −87 … 88 (clamped) | 1.5e-7 relative |
//! | [`ln`] | normal positive numbers | 1.5e-7 of max(1, |ln x|) |
//! | [`normals`] | every word | 3e-6 absolute |
//!
//! Sources: Cephes (Moshier) for exp and ln; Giles, "Approximating the erfinv function", GPU Computing Gems 2 (2011).

use crate::rng::{Entity, MULTIPLIER, Purpose, ROUNDS, Streams, WEYL, counter_word2};

/// Persons in a block.
pub const LANES: usize = 16;
/// One f32 for each person of a block.
pub type F32s = [f32; LANES];
/// One u32 for each person of a block.
pub type U32s = [u32; LANES];

/// One value a lane. (`std::array::from_fn` may stay a call, and a call loses the processor's vector features.)
#[inline(always)]
pub fn lanes<T: Copy + Default>(mut f: impl FnMut(usize) -> T) -> [T; LANES] {
    let mut out = [T::default(); LANES];
    for l in 0..LANES {
        out[l] = f(l);
    }
    out
}

/// Philox4x32-10 on sixteen counters, bit-equal to [`crate::rng::philox4x32`] on each.
#[inline(always)]
pub fn philox(counter: [U32s; 4], key: [u32; 2]) -> [U32s; 4] {
    let [mut x0, mut x1, mut x2, mut x3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        for l in 0..LANES {
            // The low halves by 32-bit products of their own: vector code is twice as fast so.
            let (low0, low1) = (x0[l].wrapping_mul(MULTIPLIER[0]), x2[l].wrapping_mul(MULTIPLIER[1]));
            let high0 = ((u64::from(x0[l]) * u64::from(MULTIPLIER[0])) >> 32) as u32;
            let high1 = ((u64::from(x2[l]) * u64::from(MULTIPLIER[1])) >> 32) as u32;
            (x0[l], x1[l], x2[l], x3[l]) = (high1 ^ x1[l] ^ k0, low1, high0 ^ x3[l] ^ k1, low0);
        }
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [x0, x1, x2, x3]
}

/// Whose draws: counter words 0 and 1 of sixteen entities.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    words: [U32s; 2],
}

impl Ids {
    /// Sixteen entities.
    #[inline(always)]
    pub fn new(who: impl Fn(usize) -> Entity) -> Self {
        let pairs: [[u32; 2]; LANES] = lanes(|l| who(l).words());
        Self { words: [lanes(|l| pairs[l][0]), lanes(|l| pairs[l][1])] }
    }

    /// Sixteen consecutive persons.
    #[inline(always)]
    pub fn persons(first: u64) -> Self {
        Self::new(|l| Entity::Person(first + l as u64))
    }

    /// Four words a lane, bit-equal to [`Streams::block`].
    #[inline(always)]
    pub fn block(&self, streams: Streams, month: u16, purpose: Purpose, block: u32) -> [U32s; 4] {
        let [a, b] = self.words;
        philox([a, b, [counter_word2(month, purpose); LANES], [block; LANES]], streams.key())
    }
}

/// A uniform in the open interval (0, 1) on 23 bits: (⌊w/2⁹⌋ + ½)·2⁻²³, exact in f32.
#[inline(always)]
pub fn unit(w: u32) -> f32 {
    f32::from_bits(0x3F80_0000 | (w >> 9)) - (1.0 - 5.960_464_5e-8)
}

/// A uniform in (0, 1) on 16 bits: (w mod 2¹⁶ + ½)·2⁻¹⁶.
#[inline(always)]
pub fn unit16(w: u32) -> f32 {
    f32::from_bits(0x3F80_0000 | (w & 0xFFFF) << 7) - (1.0 - 7.629_394_5e-6)
}

/// The smaller; compiles to one instruction, unlike `f32::min`, which must look after NaN.
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger.
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// 1 where true, for counting.
#[inline(always)]
pub fn flag(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}

/// ⌊x⌋ for |x| < 2²², by the rounding of an addition: `f32::floor` would be a call on SSE2.
#[inline(always)]
pub fn floor(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    let r = (x + SHIFT) - SHIFT;
    if r > x { r - 1.0 } else { r }
}

/// eˣ; x is clamped to [−87, 88].
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    let x = min(max(x, -87.0), 88.0);
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    // ln 2 in two parts: the first has few bits, so that n times it is exact.
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4;
    let r2 = r * r;
    let high = (1.987_569_15e-4 * r + 1.398_199_950_7e-3) * r2 + (8.333_451_907_3e-3 * r + 4.166_579_589_4e-2);
    let p = high * r2 + (1.666_666_545_9e-1 * r + 5.000_000_120_1e-1);
    let y = p * r2 + r + 1.0;
    f32::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// ln x for normal positive x.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = 2ᵉ·(1 + m) with 1 + m in [√½, √2).
    const SQRT_HALF: u32 = 0x3F35_04F3;
    let t = x.to_bits().wrapping_sub(SQRT_HALF);
    let e = (t.cast_signed() >> 23) as f32;
    let m = f32::from_bits((t & 0x007F_FFFF).wrapping_add(SQRT_HALF)) - 1.0;
    let (m2, m3) = (m * m, m * m * m);
    let m4 = m2 * m2;
    let low = (-2.499_999_399_3e-1 * m + 3.333_333_117_4e-1) + m2 * (-1.666_805_766_5e-1 * m + 2.000_071_476_5e-1);
    let high = (-1.242_014_084_6e-1 * m + 1.424_932_278_7e-1) + m2 * (-1.151_461_031_0e-1 * m + 1.167_699_874_0e-1);
    let p = low + m4 * (high + m4 * 7.037_683_629_2e-2);
    let y = p * m3 - e * 2.121_944_4e-4 - 0.5 * m2;
    m + y + e * 0.693_359_375
}

/// Standard normals from words by Φ⁻¹ of [`unit()`]: monotone, one uniform a normal.
///
/// erf⁻¹(x) = x·P(w) with w = −ln(1 − x²) and x = 2u − 1, so that 1 − x² = 4u(1 − u). The polynomial of the tails
/// (w ≥ 5, one draw in 300) is evaluated only where a lane needs it; the result does not depend on the other lanes.
#[inline(always)]
pub fn normals(words: &U32s) -> F32s {
    let (mut x, mut w, mut p) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for l in 0..LANES {
        let u = unit(words[l]);
        x[l] = std::f32::consts::SQRT_2 * (u + u - 1.0);
        w[l] = -ln(4.0 * u * (1.0 - u));
        p[l] = centre(w[l] - 2.5);
    }
    let mut far = false;
    for l in 0..LANES {
        far |= w[l] >= 5.0;
    }
    if far {
        for l in 0..LANES {
            p[l] = if w[l] >= 5.0 { tail(max(w[l], 0.0).sqrt() - 3.0) } else { p[l] };
        }
    }
    lanes(|l| x[l] * p[l])
}

/// P(c + 2.5) for w < 5.
#[inline(always)]
fn centre(c: f32) -> f32 {
    let c2 = c * c;
    let c4 = c2 * c2;
    let low = (2.466_407_27e-1 * c + 1.501_409_41) + c2 * (-1.253_725_03e-3 * c - 4.177_681_64e-3);
    let high = (-4.391_506_54e-6 * c + 2.185_808_7e-4) + c2 * (3.432_739_39e-7 * c - 3.523_387_7e-6);
    low + c4 * (high + c4 * 2.810_226_36e-8)
}

/// P((t + 3)²) for w ≥ 5.
#[inline(always)]
fn tail(t: f32) -> f32 {
    let t2 = t * t;
    let t4 = t2 * t2;
    let low = (1.001_674_06 * t + 2.832_976_82) + t2 * (-7.622_461_3e-3 * t + 9.438_870_47e-3);
    let high = (-3.673_428_44e-3 * t + 5.739_507_73e-3) + t2 * (1.009_505_58e-4 * t + 1.349_343_22e-3);
    low + t4 * (high + t4 * -2.002_142_57e-4)
}

/// σ(x) = 1/(1 + e⁻ˣ).
#[inline(always)]
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{mix, philox4x32};

    #[test]
    fn lanes_draw_the_same_bits_as_streams() {
        let streams = Streams::new(7, 3);
        for (first, month, block) in [(0, 0, 0), (123_456, 5, 1), ((1 << 32) - 7, 23, 9)] {
            let lanes = Ids::persons(first).block(streams, month, Purpose::Amounts, block);
            let community = Ids::new(|l| Entity::Community((first + l as u64) / 64));
            let shared = community.block(streams, month, Purpose::Quality, block);
            for l in 0..LANES {
                let id = first + l as u64;
                let want = streams.block(Entity::Person(id), month, Purpose::Amounts, block);
                assert_eq!([0, 1, 2, 3].map(|k| lanes[k][l]), want);
                let want = streams.block(Entity::Community(id / 64), month, Purpose::Quality, block);
                assert_eq!([0, 1, 2, 3].map(|k| shared[k][l]), want);
            }
        }
        let c: [U32s; 4] = [0u64, 1, 2, 3].map(|k| lanes(|l| mix(k * 16 + l as u64) as u32));
        let got = philox(c, [9, 8]);
        for l in 0..LANES {
            assert_eq!([0, 1, 2, 3].map(|k| got[k][l]), philox4x32([c[0][l], c[1][l], c[2][l], c[3][l]], [9, 8]));
        }
    }

    #[test]
    fn units_are_exact_and_open() {
        for w in [0u32, 1, 511, 512, 0x7FFF_FFFF, u32::MAX - 511, u32::MAX] {
            assert_eq!(f64::from(unit(w)), (f64::from(w >> 9) + 0.5) / 8_388_608.0);
            assert_eq!(f64::from(unit16(w)), (f64::from(w & 0xFFFF) + 0.5) / 65_536.0);
        }
        assert!(unit(0) > 0.0 && unit(u32::MAX) < 1.0 && unit16(0) > 0.0 && unit16(u32::MAX) < 1.0);
    }

    #[test]
    fn exp_and_ln_stay_close_to_libm() {
        let (mut worst_exp, mut worst_ln) = (0.0f64, 0.0f64);
        for i in 0..200_000u64 {
            let x = -87.0 + i as f32 * (175.0 / 200_000.0);
            let want = libm::exp(f64::from(x));
            worst_exp = worst_exp.max((f64::from(exp(x)) / want - 1.0).abs());
            let y = f32::from_bits(0x0080_0000 + (mix(i) as u32) % 0x7E80_0000);
            let want = libm::log(f64::from(y));
            worst_ln = worst_ln.max((f64::from(ln(y)) - want).abs() / want.abs().max(1.0));
        }
        assert!(worst_exp < 1.5e-7, "exp {worst_exp:e}");
        assert!(worst_ln < 1.5e-7, "ln {worst_ln:e}");
        assert!(exp(-1e9) > 0.0 && exp(1e9).is_finite());
    }

    #[test]
    fn normals_stay_close_to_the_exact_quantile_and_rise() {
        let (mut worst, mut before) = (0.0f64, f32::NEG_INFINITY);
        // Every 37th word, and both ends.
        let words: Vec<u32> = (0..(1u32 << 23)).step_by(37).map(|k| k << 9).chain([u32::MAX]).collect();
        for chunk in words.chunks(LANES) {
            let block = lanes(|l| chunk[l.min(chunk.len() - 1)]);
            let z = normals(&block);
            for l in 0..chunk.len() {
                let want = crate::stats::normal_quantile(f64::from(unit(block[l])));
                worst = worst.max((f64::from(z[l]) - want).abs());
                assert!(z[l] >= before - 1e-6, "falls at word {}", block[l]);
                before = z[l];
            }
        }
        assert!(worst < 3e-6, "{worst:e}");
    }

    #[test]
    fn a_normal_does_not_depend_on_the_other_lanes() {
        // One far lane makes the block evaluate the tail's polynomial.
        let calm: U32s = lanes(|l| 0x4000_0000 + ((l as u32) << 20));
        let mut wild = calm;
        wild[3] = 1;
        let (a, b) = (normals(&calm), normals(&wild));
        for l in (0..LANES).filter(|l| *l != 3) {
            assert_eq!(a[l].to_bits(), b[l].to_bits());
        }
        assert!(b[3] < -5.0);
    }

    #[test]
    fn floor_is_floor() {
        for i in -4000..4000 {
            let x = i as f32 * 0.125;
            assert_eq!(floor(x), x.floor());
        }
    }
}
