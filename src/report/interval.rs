//! Means over replications with 95 % intervals that say what repeating averages out and what it does not.
//!
//! *Populations of their own* in each replication: t-intervals of the mean, variance s²/R.
//!
//! *One table.* Replications draw the split, the choices and the noise anew, but the persons are the same. Two variances:
//!
//! ```text
//! Var(mean) = V + s²/R
//! ```
//!
//! s²/R is what repeats average out. V is what they do not: who is in the table. It comes from the blocks b = 1…B of persons
//! ([`crate::evaluate::Influence`]). With dᵦᵣ the value without block b among the scored, minus the value, in replication r, and
//! eᵣ the same where block b(r) is not learnt from:
//!
//! - scored: (B − 1)/B · Σᵦ [(d̄ᵦ − d̄)² − sᵦ²/K], the grouped jackknife of the mean over the K replications (Quenouille 1956,
//!   Tukey 1958); what a block's dᵦᵣ varies by from one replication to the next is in s²/R already and is taken out;
//! - learnt: ½ · (B − 1) · s²(e): a split trains on half of a block, and half of a block's persons vary twice as much as the mean of
//!   both halves that V asks for;
//! - both: 2 · (B − 1)/K · Σᵣ (eᵣ − ē)(d̄ of block b(r) over the other replications − d̄), because a person who makes the lender strict is
//!   often one who is refused.
//!
//! Degrees of freedom by Satterthwaite (1946). Values without influences (attacks) take the variance of repeated splits that
//! `bench` takes ([`Replicates::Splits`]; halves: tested over not tested is 1), which is wider where noise is much of s².
//!
//! *Ranges.* What cannot be below 0 or above 1 has no interval there: ends are taken on the scale of the square root or of the
//! arcsine (delta method) and brought back ([`within`]).
//!
//! Measured coverage: `cargo bench --bench coverage`, docs/intervals.md.

use super::bench::Replicates;
use super::bench::inference::variance;
use crate::evaluate::Influence;
use crate::stats::{Interval, Spread, student_quantile};

/// Fewer replications than this are too few to say anything of a sign, an order or a change.
pub const FEWEST: u32 = 5;

/// A value of one replication, or a difference of two.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The value.
    pub value: f64,
    /// How it moves without a block among the scored.
    pub scored: Vec<f64>,
    /// A block, and how the value moves when it is not learnt from.
    pub learnt: Option<(u8, f64)>,
}

impl Observed {
    /// One value.
    pub fn new(value: f64, influence: Option<&Influence>) -> Self {
        let Some(i) = influence else { return Self { value, ..Self::default() } };
        Self {
            value,
            scored: i.scored.iter().map(|v| f64::from(*v)).collect(),
            learnt: i.learnt.map(|(b, v)| (b, f64::from(v))),
        }
    }

    /// The difference to a reference in the same replication.
    pub fn minus(&self, other: &Self) -> Self {
        Self {
            value: self.value - other.value,
            scored: self.scored.iter().zip(&other.scored).map(|(a, b)| a - b).collect(),
            learnt: self.learnt.zip(other.learnt).map(|((b, x), (_, y))| (b, x - y)),
        }
    }
}

/// Mean and 95 % interval, which stays in `range`; NaN ends where fewer than two values are finite.
pub fn estimate(observed: &[Observed], spread: Spread, range: (f64, f64)) -> Interval {
    let finite: Vec<&Observed> = observed.iter().filter(|o| o.value.is_finite()).collect();
    // A constant infinity (ε of raw sharing) is a value, not a gap.
    if !observed.is_empty() && observed.iter().all(|o| o.value == f64::INFINITY) {
        let end = if observed.len() < 2 { f64::NAN } else { f64::INFINITY };
        return Interval { mean: f64::INFINITY, lo: end, hi: end };
    }
    let values: Vec<f64> = finite.iter().map(|o| o.value).collect();
    if values.is_empty() {
        return Interval { mean: f64::NAN, lo: f64::NAN, hi: f64::NAN };
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    if values.len() < 2 {
        return Interval { mean, lo: f64::NAN, hi: f64::NAN };
    }
    let (variance, freedom) = error(&finite, &values, spread);
    let half = student_quantile(0.95, freedom) * libm::sqrt(variance);
    let (lo, hi) = within(mean, half, range);
    Interval { mean, lo, hi }
}

/// Variance of the mean, and its degrees of freedom.
fn error(finite: &[&Observed], values: &[f64], spread: Spread) -> (f64, f64) {
    let (n, s2) = (values.len(), variance(values));
    let freedom = n as f64 - 1.0;
    match (spread, persons(finite)) {
        (Spread::Independent, _) => (s2 * Replicates::Populations.widening(n), freedom),
        (Spread::Resampled, None) => (s2 * Replicates::Splits { ratio: 1.0 }.widening(n), freedom),
        (Spread::Resampled, Some(parts)) => {
            let averaged = s2 * Replicates::Populations.widening(n);
            let total = parts.iter().map(|p| p.0).sum::<f64>().max(0.0) + averaged;
            let squares =
                parts.iter().chain([&(averaged, freedom)]).map(|(v, df)| v * v / df.max(1.0)).sum::<f64>();
            let df = if squares > 0.0 { total * total / squares } else { freedom };
            (total, df.clamp(1.0, 1e4))
        }
    }
}

/// The parts of V, each with its degrees of freedom; `None` where the persons' influence is not known.
fn persons(observed: &[&Observed]) -> Option<[(f64, f64); 3]> {
    let known: Vec<&&Observed> = observed.iter().filter(|o| o.scored.iter().any(|v| v.is_finite())).collect();
    let blocks = known.first()?.scored.len();
    if known.len() < 2 {
        return None;
    }
    // Of each block: mean over the replications, variance over them, their number.
    let of = |b: usize, but: Option<usize>| -> Vec<f64> {
        let kept = known.iter().enumerate().filter(|(r, _)| Some(*r) != but);
        kept.filter_map(|(_, o)| o.scored.get(b).copied().filter(|v| v.is_finite())).collect()
    };
    let mean = |v: &[f64]| if v.is_empty() { 0.0 } else { v.iter().sum::<f64>() / v.len() as f64 };
    let moved: Vec<Vec<f64>> = (0..blocks).map(|b| of(b, None)).collect();
    let means: Vec<f64> = moved.iter().map(|m| mean(m)).collect();
    let centre = mean(&means);
    let b = blocks as f64;
    let noise = |m: &Vec<f64>| if m.len() < 2 { 0.0 } else { variance(m) / m.len() as f64 };
    let own = means.iter().map(|m| (m - centre) * (m - centre)).sum::<f64>();
    let scored = (b - 1.0) / b * (own - moved.iter().map(noise).sum::<f64>() * (b - 1.0) / b);

    let learnt: Vec<(usize, usize, f64)> = known
        .iter()
        .enumerate()
        .filter_map(|(r, o)| o.learnt.filter(|l| l.1.is_finite()).map(|(block, v)| (r, usize::from(block), v)))
        .collect();
    if learnt.len() < 2 {
        return Some([(scored, b - 1.0), (0.0, 1.0), (0.0, 1.0)]);
    }
    let values: Vec<f64> = learnt.iter().map(|l| l.2).collect();
    let level = mean(&values);
    let trained = 0.5 * (b - 1.0) * variance(&values);
    let product = |(r, block, v): &(usize, usize, f64)| (v - level) * (mean(&of(*block, Some(*r))) - centre);
    let both = 2.0 * (b - 1.0) * learnt.iter().map(product).sum::<f64>() / learnt.len() as f64;
    let freedom = learnt.len() as f64 - 1.0;
    Some([(scored, b - 1.0), (trained, freedom), (both, freedom)])
}

/// The ends mean ± half where nothing is impossible; else those on the scale whose variance is even (square root from one end,
/// arcsine between two), brought back: inside the range they are nearly mean ± half, at its ends they stop.
pub fn within(mean: f64, half: f64, (lo, hi): (f64, f64)) -> (f64, f64) {
    let (below, above) = (mean - lo, hi - mean);
    if half == 0.0 || (below.is_infinite() && above.is_infinite()) {
        return (mean - half, mean + half);
    }
    if below <= 0.0 || above <= 0.0 {
        // At an end, or beyond it by rounding.
        return ((mean - half).max(lo.min(mean)), (mean + half).min(hi.max(mean)));
    }
    // Squares of the ends of √x ± half/(2√x).
    let root = |x: f64| {
        let (s, d) = (libm::sqrt(x), half / (2.0 * libm::sqrt(x)));
        ((s - d).max(0.0), s + d)
    };
    let square = |x: f64| x * x;
    match (below.is_finite(), above.is_finite()) {
        (true, false) => {
            let (a, b) = root(below);
            (lo + square(a), lo + square(b))
        }
        (false, true) => {
            let (a, b) = root(above);
            (hi - square(b), hi - square(a))
        }
        _ => {
            let width = hi - lo;
            let t = below / width;
            let (angle, d) = (libm::asin(libm::sqrt(t)), half / width / (2.0 * libm::sqrt(t * (1.0 - t))));
            let at = |angle: f64| lo + width * square(libm::sin(angle));
            let upper = if angle + d >= std::f64::consts::FRAC_PI_2 { hi } else { at(angle + d) };
            (at((angle - d).max(0.0)), upper)
        }
    }
}

#[cfg(test)]
#[path = "interval_tests.rs"]
mod tests;
