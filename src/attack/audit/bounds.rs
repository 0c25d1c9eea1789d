//! From statistics of independent runs to lower bounds on ε.
//!
//! A run's *statistic* is any number computed from what was released; larger means "the canary was in". From runs
//! with and without the canary:
//!
//! *Clopper–Pearson.* A rule "at least τ" is right with p₁ (canary in) and wrong with p₀ (canary out). (ε, δ)-DP asks
//! p₁ ≤ e^ε·p₀ + δ, in both directions. The rule is chosen on the first half of the runs and counted on the second,
//! so
//!
//! ```text
//! ε ≥ ln((p₁⁻ − δ)/p₀⁺)
//! ```
//!
//! with confidence 1 − α for one-sided Clopper–Pearson ends p₁⁻, p₀⁺ of confidence 1 − α/2 each.
//!
//! *Guesses.* "In" where the statistic is at least c, "out" where it is at most −c, else no guess; c is chosen on the
//! first half. ε-DP lets each guess be right with probability e^ε/(1 + e^ε) at most: a test of one ε rather than a
//! bound ([`pure_p`]), which the [self-test](crate::attack::verify) uses.
//!
//! *Gaussian.* μ-GDP lets nobody guess a fair coin with more than Φ(μ/2). The rule is "at least 0", fixed beforehand,
//! so all runs count: μ ≥ 2·Φ⁻¹(share right, lower end), ε by the Gaussian curve. A bound where the ledger claims
//! μ-GDP; it says nothing of a mechanism whose trade-off is another one.
//!
//! Sources: Jagielski, Ullman & Oprea 2020 (Clopper–Pearson); Nasr et al. 2023 (GDP); Dong, Roth & Su 2022.

use crate::stats::binomial::{at_least, at_most};
use crate::stats::{incomplete_beta, normal_cdf, normal_quantile};

/// Statistics of runs without and with the canary, as many of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runs {
    /// Without.
    pub out: Vec<f64>,
    /// With.
    pub within: Vec<f64>,
}

/// A lower bound, and the largest that as many runs could ever have shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// ε is at least this.
    pub epsilon: f64,
    /// The bound after an attack that never errs.
    pub ceiling: f64,
}

/// Most thresholds that are tried.
const THRESHOLDS: usize = 400;

/// "at least τ" or "less than τ" as the sign of an event.
#[derive(Clone, Copy)]
struct Rule {
    threshold: f64,
    above: bool,
}

impl Rule {
    fn count(self, of: &[f64]) -> u64 {
        of.iter().filter(|t| (**t >= self.threshold) == self.above).count() as u64
    }

    /// (hits, false alarms): an event above speaks for the canary, one below against it.
    fn counts(self, runs: (&[f64], &[f64])) -> (u64, u64) {
        let (out, within) = (self.count(runs.0), self.count(runs.1));
        if self.above { (within, out) } else { (out, within) }
    }
}

/// ln((p⁻ − δ)/p⁺) from hits and false alarms, each of n.
fn ratio(hits: u64, alarms: u64, n: u64, delta: f64, alpha: f64) -> f64 {
    let (high, low) = (at_least(hits, n, alpha / 2.0), at_most(alarms, n, alpha / 2.0));
    if high <= delta { 0.0 } else { libm::log((high - delta) / low).max(0.0) }
}

/// Values at evenly spread ranks, without repeats.
fn candidates(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_unstable_by(f64::total_cmp);
    let last = all.len().saturating_sub(1);
    let steps = THRESHOLDS.min(last).max(1);
    let mut out: Vec<f64> = (0..=steps).filter_map(|k| all.get(k * last / steps).copied()).collect();
    out.dedup();
    out
}

/// Clopper–Pearson, chosen on the first half of the runs and counted on the second.
pub fn clopper_pearson(runs: &Runs, delta: f64, alpha: f64) -> Bound {
    let half = runs.out.len().min(runs.within.len()) / 2;
    let n = (runs.out.len().min(runs.within.len()) - half) as u64;
    let first = (&runs.out[..half], &runs.within[..half]);
    let second = (&runs.out[half..half + n as usize], &runs.within[half..half + n as usize]);
    let mut best: (f64, Option<Rule>) = (0.0, None);
    for threshold in candidates(first.0.iter().chain(first.1).copied()) {
        for above in [true, false] {
            let rule = Rule { threshold, above };
            let (hits, alarms) = rule.counts(first);
            let promised = ratio(hits, alarms, half as u64, delta, alpha);
            if promised > best.0 {
                best = (promised, Some(rule));
            }
        }
    }
    let epsilon = best.1.map_or(0.0, |rule| {
        let (hits, alarms) = rule.counts(second);
        ratio(hits, alarms, n, delta, alpha)
    });
    Bound { epsilon, ceiling: ratio(n, 0, n, delta, alpha) }
}

/// How many guesses were made, and how many were right, by the rule |statistic| ≥ `least`.
pub fn guesses(runs: (&[f64], &[f64]), least: f64) -> (u64, u64) {
    let count = |of: &[f64], sign: f64| of.iter().filter(|t| sign * **t >= least && sign * **t > 0.0).count() as u64;
    let (right, wrong) = (count(runs.1, 1.0) + count(runs.0, -1.0), count(runs.1, -1.0) + count(runs.0, 1.0));
    (right + wrong, right)
}

/// Lower bound on μ of Gaussian differential privacy, and its largest possible value, by the rule "at least 0".
pub fn gaussian(runs: &Runs, alpha: f64) -> (f64, f64) {
    let coins = (runs.out.len() + runs.within.len()) as u64;
    let right = runs.within.iter().filter(|t| **t >= 0.0).count() + runs.out.iter().filter(|t| **t < 0.0).count();
    let mu = |right: u64| {
        let share = at_least(right, coins, alpha);
        if share > 0.5 { 2.0 * normal_quantile(share) } else { 0.0 }
    };
    (mu(right as u64), mu(coins))
}

/// P(as many right guesses or more) where each is right with probability `share` at most.
pub fn at_least_right(right: u64, guesses: u64, share: f64) -> f64 {
    if right == 0 { 1.0 } else { incomplete_beta(right as f64, (guesses - right) as f64 + 1.0, share) }
}

/// How surprising the runs are if the mechanism is μ-GDP: exact where its trade-off is the Gaussian's and the
/// statistic the likelihood ratio.
pub fn gaussian_p(runs: &Runs, mu: f64) -> f64 {
    let right = runs.within.iter().filter(|t| **t >= 0.0).count() + runs.out.iter().filter(|t| **t < 0.0).count();
    at_least_right(right as u64, (runs.out.len() + runs.within.len()) as u64, normal_cdf(0.5 * mu))
}

/// How surprising the runs are if the mechanism is ε-DP: the least |statistic| at which to guess is chosen on the
/// first half, right guesses are counted on the second. Exact (but for whole numbers) where every guess has a
/// likelihood ratio of e^ε.
pub fn pure_p(runs: &Runs, epsilon: f64) -> f64 {
    let half = runs.out.len().min(runs.within.len()) / 2;
    let (first, second) = ((&runs.out[..half], &runs.within[..half]), (&runs.out[half..], &runs.within[half..]));
    let share = crate::stats::logistic(epsilon);
    let mut best = (f64::NEG_INFINITY, f64::INFINITY);
    for least in candidates(first.0.iter().chain(first.1).map(|t| t.abs())) {
        let (made, right) = guesses(first, least);
        let surprise = (right as f64 - share * made as f64) / libm::sqrt(made.max(1) as f64);
        if surprise > best.0 {
            best = (surprise, least);
        }
    }
    let (made, right) = guesses(second, best.1);
    at_least_right(right, made, share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};

    /// Statistics of N(∓μ/2, 1), as likelihood ratios.
    fn normals(mu: f64, n: u64, seed: u64) -> Runs {
        let s = Streams::new(seed, 0);
        let draw = |i: u64, side: u64| s.normal(Entity::Nation(2 * i + side), 0, Purpose::Audit);
        Runs {
            out: (0..n).map(|i| mu * (draw(i, 0) - 0.5 * mu)).collect(),
            within: (0..n).map(|i| mu * (draw(i, 1) + 0.5 * mu)).collect(),
        }
    }

    /// Randomised response: a statistic of ±ε, right with probability e^ε/(1 + e^ε).
    fn coins(epsilon: f64, n: u64, seed: u64) -> Runs {
        let s = Streams::new(seed, 0);
        let q = crate::stats::logistic(epsilon);
        let draw = |i: u64, side: u64| s.uniform(Entity::Nation(2 * i + side), 1, Purpose::Audit) < q;
        let told = |right: bool, truth: f64| if right { truth } else { -truth };
        Runs {
            out: (0..n).map(|i| told(draw(i, 0), -epsilon)).collect(),
            within: (0..n).map(|i| told(draw(i, 1), epsilon)).collect(),
        }
    }

    #[test]
    fn bounds_come_close_to_what_is_true_and_stay_below() {
        let b = clopper_pearson(&coins(1.0, 40_000, 1), 0.0, 0.05);
        assert!(b.epsilon > 0.93 && b.epsilon < 1.0 && b.ceiling > 7.0, "{b:?}");
        let (mu, most) = gaussian(&normals(0.7, 20_000, 2), 0.05);
        assert!(mu > 0.65 && mu < 0.7 && most > 6.0, "{mu} {most}");
        // Nothing to tell apart.
        let none = normals(0.0, 5_000, 3);
        assert!(clopper_pearson(&none, 0.0, 0.05).epsilon < 0.05 && gaussian(&none, 0.05).0 < 0.05);
    }

    /// α = .05, 400 sets of runs at the edge of the claim: more than 40 bounds above the truth have probability 5e-6.
    /// Twin: a mechanism a tenth worse.
    #[test]
    fn bounds_exceed_the_truth_no_more_often_than_they_may() {
        let above = |epsilon: f64| {
            (0..400).filter(|seed| clopper_pearson(&coins(epsilon, 4_000, 100 + seed), 0.0, 0.05).epsilon > 1.0).count()
        };
        assert!(above(1.0) <= 40, "{}", above(1.0));
        assert!(above(1.3) > 40, "{}", above(1.3));
        let above = |mu: f64| (0..400).filter(|seed| gaussian(&normals(mu, 1_000, 100 + seed), 0.05).0 > 0.5).count();
        assert!(above(0.5) <= 40 && above(0.65) > 40);
    }

    #[test]
    fn too_few_runs_show_nothing() {
        for n in 0..3 {
            let b = clopper_pearson(&coins(5.0, n, 1), 0.0, 0.05);
            assert!(b.epsilon >= 0.0 && b.epsilon <= b.ceiling, "{b:?}");
        }
    }

    /// δ is not ε: a mechanism that fails outright once in a thousand is not refuted at δ = .001.
    #[test]
    fn delta_is_allowed_for() {
        let mut runs = coins(0.5, 20_000, 5);
        runs.within.iter_mut().step_by(1_000).for_each(|t| *t = 1e9);
        assert!(clopper_pearson(&runs, 1e-3, 1e-3).epsilon < 0.55);
        runs.within.iter_mut().step_by(20).for_each(|t| *t = 1e9);
        assert!(clopper_pearson(&runs, 1e-3, 1e-3).epsilon > 2.0);
    }
}
