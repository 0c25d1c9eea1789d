//! How much of what was released is signal: empirical Bayes around a public prior. Post-processing alone.
//!
//! Each direction j of the whitened features has an estimate xⱼ = prior pⱼ + truth + noise of *known* variance sⱼ. With the
//! truth taken as N(0, τ²), xⱼ − pⱼ ~ N(0, τ² + sⱼ); the τ² of largest likelihood is taken, and each direction keeps
//! τ²/(τ² + sⱼ) of its distance from the prior. τ² = 0, the prior itself, unless another is likelier by `evidence` (twice the
//! difference of log-likelihoods; 0 suffices against a prior of zeros): where noise swamps the data, the scores are the prior.
//!
//! Source: Efron & Morris 1973, in the form for unequal known variances.

use std::sync::LazyLock;

/// The values of τ² that are tried: 0, then 80 from 1e-9 to 30, evenly in their logarithm.
static VARIANCES: LazyLock<[f64; 81]> = LazyLock::new(|| {
    let (lowest, highest) = (libm::log(1e-9), libm::log(30.0));
    let at = |k: usize| libm::exp(lowest + (highest - lowest) * (k - 1) as f64 / 79.0);
    std::array::from_fn(|k| if k == 0 { 0.0 } else { at(k) })
});

/// Estimates of the whitened coefficients with their noise.
#[derive(Clone, Debug)]
pub(super) struct Estimate {
    pub value: Vec<f64>,
    /// Variance of each value.
    pub noise: Vec<f64>,
}

impl Estimate {
    /// Precision-weighted mean of two independent estimates.
    pub fn with(&self, other: &Self) -> Self {
        let part = |x: f64, s: f64| (x / s.max(TINY), 1.0 / s.max(TINY));
        let both = self.value.iter().zip(&self.noise).zip(other.value.iter().zip(&other.noise));
        let (value, noise) = both
            .map(|((x, s), (y, t))| {
                let ((a, u), (b, w)) = (part(*x, *s), part(*y, *t));
                ((a + b) / (u + w), 1.0 / (u + w))
            })
            .unzip();
        Self { value, noise }
    }

    /// The estimate drawn towards `prior`, and whether any of it was kept. An `evidence` of ∞ keeps the prior.
    pub fn towards(&self, prior: &[f64], evidence: f64) -> (Vec<f64>, bool) {
        // A prior that says nothing needs no evidence against it, unless nothing is to be believed.
        let evidence = if prior.iter().any(|p| *p != 0.0) || evidence.is_infinite() { evidence } else { 0.0 };
        let away: Vec<f64> = self.value.iter().zip(prior).map(|(x, p)| x - p).collect();
        let tau = likeliest(&away, &self.noise, evidence);
        let kept = |s: f64| if tau > 0.0 { tau / (tau + s) } else { 0.0 };
        let drawn = away.iter().zip(&self.noise).zip(prior).map(|((x, s), p)| p + x * kept(*s)).collect();
        // Without noise the estimate is what there is to know, even where it is the prior.
        (drawn, tau > 0.0 || self.noise.iter().all(|s| *s < 10.0 * TINY))
    }
}

/// Least variance: keeps the weights finite where there is no noise.
const TINY: f64 = 1e-12;

fn likeliest(away: &[f64], noise: &[f64], evidence: f64) -> f64 {
    let squares: Vec<f64> = away.iter().map(|x| x * x).collect();
    let noise: Vec<f64> = noise.iter().map(|s| s.clamp(TINY * TINY, HUGE)).collect();
    let cost = |tau: f64| cost(tau, &squares, &noise) + if tau > 0.0 { evidence } else { 0.0 };
    let best = VARIANCES
        .iter()
        .map(|tau| (cost(*tau), *tau))
        .fold((f64::INFINITY, 0.0), |best, next| if next.0 < best.0 { next } else { best });
    best.1
}

/// Largest variance that is told apart: eight of them multiplied are still a number.
const HUGE: f64 = 1e36;

/// Σ ln(τ² + sⱼ) + xⱼ²/(τ² + sⱼ). Logarithms are taken of products of eight: far fewer of them.
fn cost(tau: f64, squares: &[f64], noise: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let mut logs = 0.0;
    for (x, s) in squares.chunks(LANES).zip(noise.chunks(LANES)) {
        let mut product = [1.0; LANES];
        for (k, (x, s)) in x.iter().zip(s).enumerate() {
            product[k] = tau + s;
            sums[k] += x / product[k];
        }
        logs += libm::log(product.iter().product());
    }
    logs + sums.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};

    fn draws(n: usize, spread: f64, noise: f64, again: u32) -> (Vec<f64>, Estimate) {
        let streams = Streams::new(4, again);
        let normal = |i: usize, m| streams.normal(Entity::Person(i as u64), m, Purpose::Month);
        let truth: Vec<f64> = (0..n).map(|i| spread * normal(i, 0)).collect();
        let sd = |i: usize| noise * (0.5 + (i % 4) as f64);
        let value = (0..n).map(|i| truth[i] + sd(i) * normal(i, 1)).collect();
        (truth, Estimate { value, noise: (0..n).map(|i| sd(i) * sd(i)).collect() })
    }

    fn error(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
    }

    #[test]
    fn drawn_estimates_are_nearer_the_truth_at_every_level_of_noise() {
        for noise in [0.01, 0.1, 0.3, 1.0, 3.0] {
            let (mut raw, mut prior, mut got) = (0.0, 0.0, 0.0);
            for again in 0..50 {
                let (truth, x) = draws(60, 0.3, noise, again);
                raw += error(&x.value, &truth);
                prior += error(&[0.0; 60], &truth);
                got += error(&x.towards(&[1e-9; 60], 8.0).0, &truth);
            }
            assert!(got < 1.02 * raw.min(prior), "{noise}: {got} {raw} {prior}");
        }
    }

    #[test]
    fn noise_alone_gives_the_prior_and_no_noise_the_estimate() {
        let prior: Vec<f64> = (0..60).map(|i| f64::from(i) * 0.01).collect();
        let (_, mut x) = draws(60, 0.0, 1.0, 0);
        x.value.iter_mut().zip(&prior).for_each(|(x, p)| *x += p);
        assert_eq!(x.towards(&prior, 8.0), (prior.clone(), false));
        x.value[0] += 1e9;
        assert_eq!(x.towards(&prior, f64::INFINITY), (prior.clone(), false));
        assert!(x.towards(&prior, 8.0).1);
        x.value[0] -= 1e9;
        let exact = Estimate { noise: vec![0.0; 60], ..x };
        let (drawn, kept) = exact.towards(&prior, 8.0);
        assert!(kept && drawn.iter().zip(&exact.value).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn two_estimates_are_weighed_by_their_precision() {
        let a = Estimate { value: vec![1.0, 5.0], noise: vec![1.0, 0.0] };
        let b = Estimate { value: vec![3.0, 7.0], noise: vec![3.0, 1.0] };
        let both = a.with(&b);
        assert!((both.value[0] - 1.5).abs() < 1e-12 && (both.noise[0] - 0.75).abs() < 1e-12);
        assert!((both.value[1] - 5.0).abs() < 1e-9);
    }
}
