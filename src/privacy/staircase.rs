//! The discrete Gaussian of large scale, exactly and fast: rejection from a staircase.
//!
//! With s = n/2ᵍ ≥ 16 and steps of m = ⌈s/16⌉ integers, |x| in step k = ⌊|x|/m⌋ has
//!
//! ```text
//! exp(−x²/2s²) ≤ exp(−k²/512),   as |x|/s ≥ k·m/s ≥ k/16
//! ```
//!
//! whatever s is, so one table of whole weights Wₖ ≥ C·exp(−k²/512), Σ Wₖ = 2³², serves every scale. A draw takes the step k
//! with probability Wₖ/2³² (alias method: one word, no rounding), a place r in 0..m and a sign, and keeps x = ±(k·m + r)
//! with probability C·exp(−x²/2s²)/Wₖ: each integer is kept with probability C·exp(−x²/2s²)/(2³³·m), zero once with
//! each sign, of which −0 is thrown away. 97 of 100 are kept. The last entry of the table, of weight 1, stands for all steps from 255
//! on: step 255 + q has weight 2^−(q+1), which is still above C·exp(−(255 + q)²/512).
//!
//! *Exactness.* A keep compares a uniform u, of which 31 bits are drawn, with that probability p. p is first computed in floating point,
//! with a relative error below 2⁻⁴⁰ (`libm::exp` is within one unit of the last place, the exponent is at most 512); only
//! where u is away from p by more than 2⁻³⁶ of it *and* more than the bits not yet drawn is that answer taken. Everywhere else
//! (two in 2³¹) whole numbers of any length decide: Taylor's alternating sums enclose exp(−x²/2s²), and u is refined, 32 bits
//! at a time, until it lies outside. Both ways give the answer of the exact comparison, so no float has a part in the result.

use super::sample::below32;
use super::scale::Scale;
use dashu_int::{IBig, UBig};
use rand::TryRng;
use std::sync::LazyLock;

/// Steps of the table; the last stands for all that follow.
const STEPS: usize = 256;

/// Steps to a scale.
const PER_SCALE: u32 = 16;

/// C: with it the weights fill 2³² up to a remainder that step 0 takes.
const HEIGHT: u32 = 208_970_000;

/// Bits of the uniform that are drawn at first.
const FIRST_BITS: u32 = 31;

/// Relative error allowed to the floating-point probability, 16 times what it can be.
const DOUBT: f64 = 1.0 / (1u64 << 36) as f64;

/// A column of the alias table, and what belongs to the step of that number.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Of 2²⁴: below it the column's own step is taken, else `other`.
    own: u32,
    other: u8,
    weight: u32,
    /// 2³¹·C/W.
    height: f64,
}

static TABLE: LazyLock<[Step; STEPS]> = LazyLock::new(table);

/// Wₖ, and 1 for the last.
fn weights() -> [u32; STEPS] {
    let mut weights = [1u32; STEPS];
    for (k, w) in weights.iter_mut().enumerate().take(STEPS - 1) {
        let least = f64::from(HEIGHT) * libm::exp(-((k * k) as f64) / 512.0);
        *w = (least * (1.0 + 1e-12)) as u32 + 1;
    }
    let all: u64 = weights.iter().map(|w| u64::from(*w)).sum();
    weights[0] += ((1u64 << 32) - all) as u32;
    weights
}

/// Walker's alias table in whole numbers: each column holds 2²⁴ of at most two steps.
fn table() -> [Step; STEPS] {
    const COLUMN: u32 = 1 << 24;
    let weights = weights();
    let mut left = weights;
    let mut table = [Step::default(); STEPS];
    for (step, w) in table.iter_mut().zip(weights) {
        *step = Step { own: COLUMN, weight: w, height: 2_147_483_648.0 * f64::from(HEIGHT) / f64::from(w), ..*step };
    }
    let (mut low, mut high): (Vec<usize>, Vec<usize>) = (0..STEPS).partition(|k| left[*k] < COLUMN);
    while let (Some(l), Some(h)) = (low.pop(), high.pop()) {
        (table[l].own, table[l].other) = (left[l], h as u8);
        left[h] -= COLUMN - left[l];
        if left[h] < COLUMN { low.push(h) } else { high.push(h) }
    }
    table
}

/// One draw of the discrete Gaussian of scale `scale` ≥ 16.
pub(super) fn draw<R: TryRng>(draws: &mut R, scale: Scale) -> Result<i64, R::Error> {
    let (n, shift) = (scale.numerator(), scale.shift());
    let wide = n.div_ceil(PER_SCALE << shift);
    let per_scale = f64::from(1u32 << shift) / f64::from(n);
    let table = &*TABLE;
    loop {
        let word = draws.try_next_u32()?;
        let column = &table[(word >> 24) as usize];
        let k = if word & 0x00FF_FFFF < column.own { (word >> 24) as u8 } else { column.other };
        let (step, beyond) = (table[usize::from(k)], if usize::from(k) == STEPS - 1 { geometric(draws)? } else { 0 });
        let x = (u64::from(k) + beyond) * u64::from(wide) + u64::from(below32(draws, wide)?);
        let word = draws.try_next_u32()?;
        let (negative, u) = (word & 1 == 1, word >> 1);
        if kept(draws, (x, scale), (step, usize::from(k) == STEPS - 1, beyond), u, per_scale)? && !(negative && x == 0)
        {
            let x = i64::try_from(x).unwrap_or(i64::MAX);
            return Ok(if negative { -x } else { x });
        }
    }
}

/// q with probability 2^−(q+1).
fn geometric<R: TryRng>(draws: &mut R) -> Result<u64, R::Error> {
    let mut q = 0;
    while draws.try_next_u32()? & 1 == 1 {
        q += 1;
    }
    Ok(q)
}

/// Whether x is kept where the uniform's first bits are `u`.
#[inline]
fn kept<R: TryRng>(
    draws: &mut R,
    (x, scale): (u64, Scale),
    (step, last, beyond): (Step, bool, u64),
    u: u32,
    per_scale: f64,
) -> Result<bool, R::Error> {
    let z = x as f64 * per_scale;
    let p = libm::exp(-0.5 * z * z) * step.height;
    if !last && f64::from(u) + 1.0 <= p * (1.0 - DOUBT) {
        return Ok(true);
    }
    if !last && f64::from(u) >= p * (1.0 + DOUBT) {
        return Ok(false);
    }
    // W = weight/2ᵉ.
    let halvings = if last { beyond + 1 } else { 0 };
    exactly(draws, u, (x, scale), step.weight, halvings as usize)
}

/// Whether u·W/C < exp(−x²/2s²), u the uniform of first bits `u`, W = `weight`/2^`halvings`.
#[cold]
fn exactly<R: TryRng>(
    draws: &mut R,
    u: u32,
    (x, scale): (u64, Scale),
    weight: u32,
    halvings: usize,
) -> Result<bool, R::Error> {
    let a = UBig::from(x) << usize::from(scale.shift());
    let a = &a * &a;
    let n = UBig::from(scale.numerator());
    let b = (&n * &n) << 1;
    let (mut u, mut bits) = (UBig::from(u), FIRST_BITS as usize);
    // The sum of k + 1 terms of exp(−a/b) is sum/below, and aᵏ is the next numerator.
    let (mut sum, mut below, mut power) = (IBig::ONE, UBig::ONE, UBig::ONE);
    for k in 1u32.. {
        power *= &a;
        below *= &b * k;
        sum *= IBig::from(&b * k);
        if k % 2 == 1 {
            sum -= IBig::from(power.clone());
        } else {
            sum += IBig::from(power.clone());
        }
        // From here on the terms fall in size, so that the sums lie on either side in turn.
        if &b * (k + 1) < a {
            continue;
        }
        let right = &sum * IBig::from(UBig::from(HEIGHT) << (bits + halvings));
        if k % 2 == 1 {
            if IBig::from((&u + UBig::ONE) * weight * &below) <= right {
                return Ok(true);
            }
        } else if IBig::from(&u * weight * &below) >= right {
            return Ok(false);
        }
        if k % 8 == 0 {
            u = (u << 32) + draws.try_next_u32()?;
            bits += 32;
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "staircase_tests.rs"]
mod tests;
