//! Do the last bits of a released number give the input away?
//!
//! A real number plus Laplace noise in floating point does: which doubles can come out depends on the input. From 1
//! only multiples of 2⁻⁵³ come out (a number near 1 has no finer bits, and subtracting it loses none), from 0 finer
//! ones as well. An observer who sees a finer one knows the input for certain, about one time in four, whatever ε
//! (Mironov 2012, "On significance of the least significant bits for differential privacy").
//!
//! Ours are whole numbers of a grid plus whole noise, chosen by comparing whole numbers: every integer can come from
//! every input. The observer's test, and the χ² of the last three bits from two inputs, find nothing.

use super::Test;
use crate::error::Result;
use crate::privacy::{IntegerLaplace, Ledger, Noise, NoiseMode};
use crate::rng::{Entity, Purpose, Streams, unit_open};
use rand::Rng;

/// Releases a test, from either input.
const RELEASES: usize = 2_000;
/// Grid steps to 1 in our release.
const GRAIN: i64 = 1 << 20;

/// Input 0 or 1 plus naive Laplace noise of scale 1. For this test alone.
fn naive(input: f64, streams: Streams) -> Vec<f64> {
    let mut draws = streams.draws(Entity::Nation(1), u16::from(input > 0.0), Purpose::Audit);
    let mut one = || {
        let bits = draws.next_u64();
        let size = -libm::log(unit_open(draws.next_u64()));
        if bits & 1 == 1 { input + size } else { input - size }
    };
    (0..RELEASES).map(|_| one()).collect()
}

/// Input 0 or 1 by our mechanism at ε = 1, as a number of the grid.
fn ours(input: i64, mode: NoiseMode, streams: Streams) -> Result<Vec<f64>> {
    let mut values = vec![input * GRAIN; RELEASES];
    let mut noise = Noise::new(mode, streams, input.unsigned_abs());
    IntegerLaplace::calibrate(GRAIN.unsigned_abs(), 1.0)?.release(
        &mut values,
        "test",
        &mut noise,
        &mut Ledger::new(),
    )?;
    Ok(values.iter().map(|v| *v as f64 / GRAIN as f64).collect())
}

/// Share of released numbers that show that the input was 0.
pub fn given_away(released: &[f64]) -> f64 {
    let finer = |y: &&f64| (**y * 9_007_199_254_740_992.0).fract() != 0.0;
    released.iter().filter(finer).count() as f64 / released.len().max(1) as f64
}

/// p-value: 0 where a number gives its input away, else of the last three bits of numbers from two inputs (χ² of two
/// samples).
fn p(zero: &[f64], one: &[f64]) -> f64 {
    if given_away(zero) > 0.0 {
        return 0.0;
    }
    let count = |v: &[f64]| {
        let mut seen = [0f64; 8];
        for y in v {
            seen[((*y * GRAIN as f64) as i64 & 7) as usize] += 1.0;
        }
        seen
    };
    let (a, b) = (count(zero), count(one));
    let square: f64 = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b) / (a + b).max(1.0)).sum();
    super::samplers::upper_tail(7.0, square)
}

/// How often the last bits of naive noise, and of ours, give the input away: for the table.
pub fn shares(seed: u64) -> Result<(f64, f64)> {
    let streams = Streams::new(seed, 0);
    Ok((given_away(&naive(0.0, streams)), given_away(&ours(0, NoiseMode::Seeded, streams)?)))
}

pub(super) fn tests() -> Vec<Test> {
    let of = |mode| move |s| Ok(p(&ours(0, mode, s)?, &ours(1, mode, s)?));
    vec![
        Test::new("last bits of released numbers", false, of(NoiseMode::Seeded)),
        Test::new("last bits of released numbers, from the operating system", false, of(NoiseMode::System)),
        Test::new("last bits of naive floating-point Laplace noise", true, |s| Ok(p(&naive(0.0, s), &naive(1.0, s)))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share is Σ over binades of P(|noise| in it)·P(a bit beyond 2⁻⁵³): .27; six standard errors are .06.
    #[test]
    fn naive_noise_gives_zero_away_one_time_in_four_and_never_one() {
        let (theirs, none) = shares(1).unwrap();
        assert!((theirs - 0.26).abs() < 0.08 && none == 0.0, "{theirs} {none}");
        assert_eq!(given_away(&naive(1.0, Streams::new(1, 0))), 0.0);
    }
}
