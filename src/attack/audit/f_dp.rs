//! μ of Gaussian differential privacy from one run with many canaries (Mahloujifar, Melis & Chaudhuri, "Auditing
//! f-differential privacy in one run", ICML 2025).
//!
//! m canaries are put in or left out by a fair coin each; an attacker who sees the result alone guesses r of the coins.
//! Let pⱼ be the probability that j guesses are right, and pick one canary at random. With
//!
//! ```text
//! αᵢ = Σ_{j ≥ i} pⱼ·j/m          it is guessed right, and at least i guesses are right
//! βᵢ = Σ_{j ≥ i} pⱼ·(r − j)/m    it is guessed wrong, and at least i guesses are right
//! ```
//!
//! turning that canary's coin over turns "right, with at least i + 1 right" into "wrong, with at least i right". μ-GDP
//! lets no event become rarer by this than g(x) = Φ(Φ⁻¹(x) − μ), and g is convex, so that the average over canaries
//! obeys it as well (Jensen): βᵢ ≥ g(αᵢ₊₁). Both differences are multiples of pᵢ, hence
//! αᵢ − αᵢ₊₁ = (βᵢ − βᵢ₊₁)·i/(r − i).
//!
//! Were P(at least v right) ≥ τ, then αᵥ ≥ τv/m and βᵥ ≥ τ(r − v)/m, and from there down to i = 0 the recursion
//! bounds both from below. But α₀ + β₀ = r/m. Where the recursion ends above r/m, v right guesses are less likely than
//! τ under μ-GDP. The bound is the smallest μ that is not excluded so, with confidence 1 − τ.
//!
//! It uses the whole trade-off curve where [`one_run`](super::one_run) uses one point (ε, δ) of it, and it bounds μ: it
//! says nothing of a mechanism whose trade-off is another one.

use crate::stats::{normal_cdf, normal_quantile};

/// Largest μ that is looked at.
const LARGEST: f64 = 40.0;

/// Least probability that is left of `x` after one coin is turned over.
fn flipped(x: f64, mu: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else {
        normal_cdf(normal_quantile(x) - mu)
    }
}

/// Whether P(at least `right` of `guesses` guesses about `canaries` coins are right) is below `tau` under μ-GDP.
pub fn refuted(canaries: u64, guesses: u64, right: u64, mu: f64, tau: f64) -> bool {
    let (m, r) = (canaries as f64, guesses as f64);
    let all = r / m;
    let (mut alpha, mut beta) = (tau * right as f64 / m, tau * (guesses - right) as f64 / m);
    for i in (0..right).rev() {
        let i = i as f64;
        let next = beta.max(flipped(alpha, mu));
        alpha += i / (r - i) * (next - beta);
        beta = next;
        // Neither falls again.
        if alpha + beta > all {
            return true;
        }
    }
    false
}

/// μ that is exceeded with confidence 1 − `tau`, given that `right` of `guesses` guesses about `canaries` coins were
/// right.
pub fn mu(canaries: u64, guesses: u64, right: u64, tau: f64) -> f64 {
    let refuted = |mu: f64| refuted(canaries, guesses, right, mu, tau);
    if !refuted(0.0) {
        return 0.0;
    }
    let (mut lo, mut hi) = (0.0, LARGEST);
    while hi - lo > 1e-7 {
        let middle = 0.5 * (lo + hi);
        if refuted(middle) { lo = middle } else { hi = middle }
    }
    lo
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};

    /// m, r, v → μ at 95 %, by the authors' algorithm.
    #[test]
    fn published_vectors_to_four_digits() {
        for (m, r, v, want) in [
            (1_000, 100, 86, 0.4954),
            (10_000, 200, 183, 0.5984),
            (10_000, 1_000, 620, 0.1436),
            (10_000, 500, 493, 1.1235),
            (1_000, 100, 98, 0.9704),
        ] {
            let got = mu(m, r, v, 0.05);
            assert!((got - want).abs() < 1e-4, "{m} {r} {v}: {got}");
        }
    }

    #[test]
    fn nothing_right_or_half_right_shows_nothing_and_large_counts_stay_finite() {
        assert_eq!(mu(1_000, 100, 0, 0.05), 0.0);
        assert_eq!(mu(1_000, 100, 50, 0.05), 0.0);
        let all = mu(100_000, 100_000, 100_000, 0.05);
        assert!(all > 3.0 && all < LARGEST, "{all}");
        assert!(mu(1_000, 100, 95, 0.001) < mu(1_000, 100, 95, 0.05));
    }

    /// One coin is guessed right with Φ(μ/2) at most: the recursion is tight there.
    #[test]
    fn one_canary_is_one_coin() {
        for tau in [0.6, 0.9] {
            let most = 2.0 * normal_quantile(tau);
            assert!((mu(1, 1, 1, tau) - most).abs() < 1e-6, "{tau}: {}", mu(1, 1, 1, tau));
        }
        assert!(!refuted(1, 1, 1, 0.0, 0.5), "a coin is right half of the time");
    }

    /// τ = .05, 300 runs of ideal canaries at the edge of the claim: more than 40 bounds above the truth have
    /// probability 1e-7. Twin: a mechanism that gives 1.8 times as much away.
    #[test]
    fn bounds_exceed_the_truth_no_more_often_than_they_may() {
        let above = |truth: f64| {
            (0..300)
                .filter(|seed| {
                    let (m, r) = (1_000, 200);
                    let s = Streams::new(500 + seed, 0);
                    let mut scores: Vec<(f64, bool)> = (0..m)
                        .map(|i| {
                            let who = Entity::Nation(i);
                            let coin = s.uniform(who, 1, Purpose::Audit) < 0.5;
                            let sign = if coin { 0.5 } else { -0.5 };
                            (s.normal(who, 0, Purpose::Audit) + sign * truth, coin)
                        })
                        .collect();
                    scores.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
                    let right = scores[..r].iter().filter(|(s, coin)| (*s > 0.0) == *coin).count() as u64;
                    mu(m, r as u64, right, 0.05) > 0.5
                })
                .count()
        };
        assert!(above(0.5) <= 40, "{}", above(0.5));
        assert!(above(0.9) > 40, "{}", above(0.9));
    }
}
