//! Exact samplers of the discrete Laplace and the discrete Gaussian, from any source of random words: seeded streams
//! ([`Draws`](crate::rng::Draws)) in a simulation, the operating system ([`System`](super::system::System)) in a release. The source's
//! failure is the sampler's: no draw is made up.
//!
//! For a scale s = n/2ᵍ:
//!
//! ```text
//! Laplace   P[X = x] ∝ exp(−|x|/s)
//! Gaussian  P[X = x] ∝ exp(−x²/(2s²))
//! ```
//!
//! Every accept and reject compares whole numbers (no floats, hence no low bits that give the value away), after
//! Canonne, Kamath & Steinke, "The discrete Gaussian for differential privacy", 2020, algorithms 1–3. One change: the
//! Gaussian is rejected from a Laplace of the *same* scale s, which keeps the numbers within 64 bits:
//!
//! ```text
//! exp(−x²/2s²) = √e · exp(−|x|/s) · exp(−(|x| − s)²/2s²)
//! ```
//!
//! and the last factor is the acceptance probability (about 3 of 4 are accepted). From scale 16 on the Gaussian is drawn from a
//! staircase (`staircase.rs`), as exactly and some ten times as fast.
//!
//! Limits: n < 2³¹. Draws that would leave 64 bits saturate; their probability is below exp(−2³²).

use super::scale::Scale;
use super::staircase;
use rand::TryRng;

/// Scale from which the staircase is the faster.
const STAIRCASE: u32 = 16;

/// One draw of the discrete Laplace distribution of scale `scale`; 0 for scale 0.
pub fn laplace<R: TryRng>(draws: &mut R, scale: Scale) -> Result<i64, R::Error> {
    let (n, shift) = (scale.numerator(), scale.shift());
    if n == 0 {
        return Ok(0);
    }
    loop {
        let negative = draws.try_next_u32()? & 1 == 1;
        // Geometric with ratio exp(−1/n): remainder u and quotient v of a division by n.
        let u = loop {
            let u = below32(draws, n)?;
            if bernoulli_exp1(draws, u64::from(u), u64::from(n))? {
                break u;
            }
        };
        let mut v = 0u64;
        while bernoulli_exp1(draws, 1, 1)? {
            v += 1;
        }
        let magnitude = v.saturating_mul(u64::from(n)).saturating_add(u64::from(u)) >> shift;
        let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
        match (negative, magnitude) {
            (true, 0) => {}
            (true, m) => return Ok(-m),
            (false, m) => return Ok(m),
        }
    }
}

/// One draw of the discrete Gaussian distribution of scale (σ) `scale`; 0 for scale 0.
pub fn gaussian<R: TryRng>(draws: &mut R, scale: Scale) -> Result<i64, R::Error> {
    if scale.numerator() >> scale.shift() >= STAIRCASE {
        return staircase::draw(draws, scale);
    }
    gaussian_from_laplace(draws, scale)
}

/// The Gaussian by rejection from the Laplace of the same scale.
pub(super) fn gaussian_from_laplace<R: TryRng>(draws: &mut R, scale: Scale) -> Result<i64, R::Error> {
    let n = u64::from(scale.numerator());
    if n == 0 {
        return Ok(0);
    }
    let denominator = 2 * n * n; // < 2⁶³
    loop {
        let x = laplace(draws, scale)?;
        // (|x| − s)²/2s² = (|x|·2ᵍ − n)²/2n²
        let a = (u128::from(x.unsigned_abs()) << scale.shift()).abs_diff(u128::from(n));
        let square = a.saturating_mul(a);
        let whole = square / u128::from(denominator);
        let rest = (square % u128::from(denominator)) as u64;
        let mut left = whole;
        while left > 0 && bernoulli_exp1(draws, 1, 1)? {
            left -= 1;
        }
        if left == 0 && bernoulli_exp1(draws, rest, denominator)? {
            return Ok(x);
        }
    }
}

/// True with probability exp(−a/b), for 0 ≤ a ≤ b, b > 0.
///
/// Counts how long trials of probability (a/b)/k, k = 1, 2, … succeed; an even number of successes means true.
fn bernoulli_exp1<R: TryRng>(draws: &mut R, a: u64, b: u64) -> Result<bool, R::Error> {
    let mut k = 1u32;
    while (a == b || below(draws, b)? < a) && (k == 1 || below32(draws, k)? == 0) {
        k += 1;
    }
    Ok(k % 2 == 1)
}

/// Uniform on 0..bound, bound > 0, without bias (Lemire 2019).
#[inline]
pub(super) fn below<R: TryRng>(draws: &mut R, bound: u64) -> Result<u64, R::Error> {
    if let Ok(small) = u32::try_from(bound) {
        return below32(draws, small).map(u64::from);
    }
    loop {
        let wide = u128::from(draws.try_next_u64()?) * u128::from(bound);
        if wide as u64 >= bound || wide as u64 >= bound.wrapping_neg() % bound {
            return Ok((wide >> 64) as u64);
        }
    }
}

/// Uniform on 0..bound, bound > 0, without bias.
#[inline]
pub(super) fn below32<R: TryRng>(draws: &mut R, bound: u32) -> Result<u32, R::Error> {
    loop {
        let wide = u64::from(draws.try_next_u32()?) * u64::from(bound);
        if wide as u32 >= bound || wide as u32 >= bound.wrapping_neg() % bound {
            return Ok((wide >> 32) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::System;
    use crate::privacy::chi2::{critical, gaussian_pmf, laplace_pmf, statistic};
    use crate::rng::{Draws, Entity, Purpose, Streams};
    use opendp::domains::{AtomDomain, VectorDomain};
    use opendp::measurements::{make_gaussian, make_laplace};
    use opendp::metrics::{L1Distance, L2Distance};
    use rand::Rng;
    use std::convert::Infallible;

    const N: usize = 1_000_000;

    fn draws(seed: u64) -> Draws {
        Streams::new(seed, 0).draws(Entity::Nation(1), 0, Purpose::CentralNoise)
    }

    type Sampler = fn(&mut Draws, Scale) -> Result<i64, Infallible>;

    fn sample(seed: u64, scale: f64, one: Sampler) -> Vec<i64> {
        let (mut d, scale) = (draws(seed), Scale::at_least(scale).unwrap());
        (0..N).map(|_| one(&mut d, scale).unwrap()).collect()
    }

    /// α = 1e-6 each. Catches a scale off by 1.5 % and a sign bias of .6 % (both below, power above .99).
    #[test]
    fn both_samplers_follow_the_exact_pmf() {
        for (seed, scale) in [(1, 0.4), (2, 1.0), (3, 3.7), (4, 12.5)] {
            let x = sample(seed, scale, laplace);
            assert!(statistic(&x, |k| laplace_pmf(scale, k)) < critical(), "Laplace {scale}");
            let x = sample(seed + 10, scale, gaussian);
            assert!(statistic(&x, |k| gaussian_pmf(scale, k)) < critical(), "Gaussian {scale}");
        }
    }

    /// The path of a release: words of the operating system, at scales on both sides of the staircase. α = 1e-6 each, and a new
    /// million every time. Catches the same faults as above, and words that are not uniform; half the scale is noticed.
    #[test]
    fn both_samplers_follow_the_exact_pmf_on_the_system_s_words() {
        let mut system = System::new();
        for s in [0.4, 3.7, 17.3] {
            let scale = Scale::at_least(s).unwrap();
            let x: Vec<i64> = (0..N).map(|_| laplace(&mut system, scale).unwrap()).collect();
            assert!(statistic(&x, |k| laplace_pmf(s, k)) < critical(), "Laplace {s}");
            assert!(statistic(&x, |k| laplace_pmf(0.5 * s, k)) > critical(), "Laplace {s}: the twin");
            let x: Vec<i64> = (0..N).map(|_| gaussian(&mut system, scale).unwrap()).collect();
            assert!(statistic(&x, |k| gaussian_pmf(s, k)) < critical(), "Gaussian {s}");
            assert!(statistic(&x, |k| gaussian_pmf(0.5 * s, k)) > critical(), "Gaussian {s}: the twin");
        }
    }

    #[test]
    fn broken_samplers_fail_the_same_test() {
        for (one, pmf) in [(laplace as Sampler, laplace_pmf as fn(f64, i64) -> f64), (gaussian, gaussian_pmf)] {
            let half_scale = sample(21, 2.0, one);
            assert!(statistic(&half_scale, |k| pmf(4.0, k)) > critical());
            let slightly_off = sample(22, 4.0, one);
            assert!(statistic(&slightly_off, |k| pmf(4.06, k)) > critical());
            let mut biased = sample(23, 4.0, one);
            biased.iter_mut().step_by(80).for_each(|x| *x = x.abs());
            assert!(statistic(&biased, |k| pmf(4.0, k)) > critical());
        }
    }

    /// The distribution tested is the one whose cost opendp states: its own samplers pass the same test.
    #[test]
    fn opendp_draws_from_the_same_distributions() {
        let domain = || VectorDomain::new(AtomDomain::<i64>::default());
        let zeros = vec![0i64; 200_000];
        let m = make_laplace(domain(), L1Distance::<i64>::default(), 3.7, None).unwrap();
        assert!(statistic(&m.invoke(&zeros).unwrap(), |k| laplace_pmf(3.7, k)) < critical());
        let m = make_gaussian(domain(), L2Distance::<f64>::default(), 3.7, None).unwrap();
        assert!(statistic(&m.invoke(&zeros).unwrap(), |k| gaussian_pmf(3.7, k)) < critical());
    }

    /// Standard deviations at scales where no pmf table reaches; 6 standard errors.
    #[test]
    fn large_scales_have_the_right_spread() {
        for scale in [1e4, 1.0e8, 1.5e9] {
            let root_mean_square =
                |x: &[i64]| (x.iter().map(|v| (*v as f64).powi(2)).sum::<f64>() / x.len() as f64).sqrt();
            let l = root_mean_square(&sample(31, scale, laplace)) / (scale * std::f64::consts::SQRT_2);
            let g = root_mean_square(&sample(32, scale, gaussian)) / scale;
            assert!((l - 1.0).abs() < 6.0 * 1.12e-3 && (g - 1.0).abs() < 6.0 * 7.1e-4, "{scale}: {l} {g}");
        }
    }

    #[test]
    fn scale_zero_draws_nothing() {
        let mut d = draws(5);
        let before = d.clone().next_u64();
        assert_eq!((laplace(&mut d, Scale::ZERO), gaussian(&mut d, Scale::ZERO)), (Ok(0), Ok(0)));
        assert_eq!(d.next_u64(), before);
    }
}
