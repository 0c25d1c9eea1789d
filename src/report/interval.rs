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
//! s²/R is what repeats average out. V is what they do not: who is in the table. It comes from leaving persons out
//! ([`crate::evaluate::Influence`]): block b = 1…B of those who are scored, part g = 1…G of those who are learnt from. With dᵦᵣ and
//! e_gᵣ what the value moves by in replication r, V is the sum of
//!
//! - scored: (B − 1)/B · Σᵦ [(d̄ᵦ − d̄)² − s²(dᵦ)/K], the grouped jackknife of the mean over K replications (Quenouille 1956, Tukey
//!   1958). What dᵦᵣ varies by from one replication to the next is in s²/R already, or comes of steps (an approval more or less)
//!   and not of persons: it is taken out;
//! - learnt: the same of e over the G parts;
//! - both: 2 · (G − 1)/G · Σ_g (ē_g − ē)(d̄_g − d̄), with d̄_g the sum over the blocks of part g in the other replications, because a
//!   person who makes the lender strict is often one who is refused.
//!
//! Degrees of freedom by Satterthwaite (1946). Values without influences (attacks) take the variance of repeated splits that
//! `bench` takes ([`Replicates::Splits`]; halves: tested over not tested is 1), which is wider where noise is much of s².
//!
//! *Ranges.* What cannot be below 0 or above 1 has no interval there: ends are taken on the scale of the square root or of the
//! arcsine (delta method) and brought back ([`within`]).
//!
//! Coverage is measured by `cargo bench --bench coverage`; method and state: docs/intervals.md.

use super::bench::Replicates;
use super::bench::inference::variance;
use crate::evaluate::{Influence, Untaught};
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
    /// A part of the persons, and how the value moves when it is not learnt from.
    pub learnt: Option<Untaught>,
}

impl Observed {
    /// One value.
    pub fn new(value: f64, influence: Option<&Influence>) -> Self {
        let Some(i) = influence else { return Self { value, ..Self::default() } };
        Self { value, scored: i.scored.iter().map(|v| f64::from(*v)).collect(), learnt: i.learnt }
    }

    /// The difference to a reference in the same replication.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self {
            value: self.value - other.value,
            scored: self.scored.iter().zip(&other.scored).map(|(a, b)| a - b).collect(),
            learnt: self.learnt.zip(other.learnt).map(|(a, b)| Untaught { moved: a.moved - b.moved, ..a }),
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
            let squares = parts.iter().chain([&(averaged, freedom)]).map(|(v, df)| v * v / df.max(1.0)).sum::<f64>();
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
    // What a block moves the value by, in the replications that are kept.
    let of = |b: usize, kept: &dyn Fn(&Observed) -> bool| -> Vec<f64> {
        known.iter().filter(|o| kept(o)).filter_map(|o| o.scored.get(b).copied().filter(|v| v.is_finite())).collect()
    };
    let moved: Vec<Vec<f64>> = (0..blocks).map(|b| of(b, &|_| true)).collect();
    let scored = (jackknife(&moved), blocks as f64 - 1.0);
    let parts = known.iter().filter_map(|o| o.learnt).map(|l| usize::from(l.parts)).max().unwrap_or(0);
    let mut taught: Vec<Vec<f64>> = vec![Vec::new(); parts];
    for l in known.iter().filter_map(|o| o.learnt).filter(|l| l.moved.is_finite()) {
        taught[usize::from(l.part)].push(f64::from(l.moved));
    }
    if parts < 2 || taught.iter().any(Vec::is_empty) {
        return Some([scored, (0.0, 1.0), (0.0, 1.0)]);
    }
    let g = parts as f64;
    let learnt: Vec<f64> = taught.iter().map(|t| mean(t)).collect();
    let level = mean(&learnt);
    // The same part of the scored: its blocks together, from a sum without a twentieth each to one without all of them.
    let scale = (1.0 - 1.0 / blocks as f64) / (1.0 - 1.0 / g);
    let of_part = |part: usize| -> f64 {
        let others = |o: &Observed| o.learnt.is_none_or(|l| usize::from(l.part) != part);
        scale * (part..blocks).step_by(parts).map(|b| mean(&of(b, &others))).sum::<f64>()
    };
    let tested: Vec<f64> = (0..parts).map(of_part).collect();
    let centre = mean(&tested);
    let both: f64 = learnt.iter().zip(&tested).map(|(e, d)| (e - level) * (d - centre)).sum();
    Some([scored, (jackknife(&taught), g - 1.0), (2.0 * (g - 1.0) / g * both, g - 1.0)])
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Variance by leaving groups out: of each group what the value moves by, replication by replication. What a group's moves vary by
/// is no part of it; where each has one, half of the whole is taken for that.
fn jackknife(moved: &[Vec<f64>]) -> f64 {
    let g = moved.len() as f64;
    let means: Vec<f64> = moved.iter().map(|m| mean(m)).collect();
    let level = mean(&means);
    let own = means.iter().map(|m| (m - level) * (m - level)).sum::<f64>();
    if moved.iter().any(|m| m.len() < 2) {
        return 0.5 * (g - 1.0) / g * own;
    }
    let noise = moved.iter().map(|m| variance(m) / m.len() as f64).sum::<f64>();
    (g - 1.0) / g * (own - (g - 1.0) / g * noise)
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
