//! From a score that ranks to log-odds: a logistic curve through noisy counts of goods and bads by score.
//!
//! Least squares know the direction of the coefficients; their length in log-odds follows from the moments for normal features
//! alone, and real ones (rare delays, long tails) are not: on the Taiwan table it would be twice what it should be. So one more
//! release counts goods and bads in cells of the score s, standardised by what was released before:
//!
//! ```text
//! log-odds = α + β·s        (α, β) ~ N((α₀, β₀), diag(1, (½ + β₀/2)²)),  β > 0,  α₀, β₀ as for normal features
//! ```
//!
//! *Proof.* The score is a function of earlier releases and of the person's own row. A person is in one cell and good or bad:
//! one count of [`GRAIN`] units, an L2 sensitivity of one person. The rest is post-processing.
//!
//! *Fit.* With n persons and b bads counted in a cell at s, p = σ(α + β·s), w = n·p(1 − p) and ν = σ²·(p² + (1 − p)²) the noise of
//! b − n·p, each cell's b − n·p counts with the weight w/(w + ν): then its variance is its information, w²/(w + ν), and Newton
//! steps find the posterior mode. Where there is no noise this is logistic regression.

use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::dp_rows::Source;
use crate::scoring::dp_rows::guess::mean_above_zero;
use crate::stats::{logistic, normal_cdf};

/// Cells of the score, and how far they reach: standard deviations on each side; the outer ones hold what is beyond. Cells are
/// even in asinh(score): fine in the middle, and they follow long tails.
pub(in crate::scoring) const CELLS: usize = 24;
const REACH: f64 = 20.0;
/// Units of a released count to one person: so fine that the grid of the noise costs next to nothing.
const GRAIN: i64 = 16;
/// Prior deviation of α.
const LEVEL: f64 = 1.0;
/// Newton steps, and the largest of them.
const STEPS: u32 = 40;
const LARGEST_STEP: f64 = 1.0;

/// What a release says of goods and bads in each cell.
pub(in crate::scoring) struct Counts {
    goods: Vec<f64>,
    bads: Vec<f64>,
    /// Variance of the noise on a count.
    noise: f64,
}

/// The score so many cells from the lowest.
fn edge(cells: f64) -> f64 {
    libm::sinh((cells * 2.0 / CELLS as f64 - 1.0) * libm::asinh(REACH))
}

/// The middle of a cell.
fn middle(cell: usize) -> f64 {
    edge(cell as f64 + 0.5)
}

/// The cell of a standardised score; 0 of a score that is no number.
fn cell(score: f64) -> usize {
    ((libm::asinh(score) / libm::asinh(REACH) + 1.0) * 0.5 * CELLS as f64).min(CELLS as f64 - 1.0) as usize
}

/// The joint vector of the release, without noise: goods by cell, then bads.
pub(in crate::scoring) fn joint(scores: impl Iterator<Item = f64>, labels: &[bool]) -> Vec<i64> {
    let mut values = vec![0; 2 * CELLS];
    for (score, bad) in scores.zip(labels) {
        values[cell(score) + CELLS * usize::from(*bad)] += GRAIN;
    }
    values
}

/// Squared L2 sensitivity of the release.
pub(in crate::scoring) fn sensitivity() -> u64 {
    GRAIN.unsigned_abs().pow(2)
}

/// Counts goods and bads by standardised score, at a cost of `mu`.
pub(in crate::scoring) fn count(
    scores: impl Iterator<Item = f64>,
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<Counts> {
    let mut values = joint(scores, labels);
    let mechanism = IntegerGaussian::calibrate_mu(sensitivity(), mu)?;
    mechanism.release(&mut values, "goods and bads by score", source.noise, source.ledger)?;
    let deviation = mechanism.deviation() / GRAIN as f64;
    let persons = |values: &[i64]| values.iter().map(|v| *v as f64 / GRAIN as f64).collect();
    Ok(Counts { goods: persons(&values[..CELLS]), bads: persons(&values[CELLS..]), noise: deviation * deviation })
}

impl Counts {
    /// Persons in each cell: what was counted, drawn towards a normal score where noise is large. Not below 0.
    fn persons(&self) -> Vec<f64> {
        let counted: Vec<f64> = self.goods.iter().zip(&self.bads).map(|(g, b)| g + b).collect();
        let all = counted.iter().sum::<f64>().max(1.0);
        let one = |(k, counted): (usize, &f64)| {
            let normal = all * (normal_cdf(edge(k as f64 + 1.0)) - normal_cdf(edge(k as f64)));
            let kept = normal * normal / (normal * normal + 2.0 * self.noise);
            (normal + (counted - normal) * if self.noise > 0.0 { kept } else { 1.0 }).max(0.0)
        };
        counted.iter().enumerate().map(one).collect()
    }

    /// (α, β) of the log-odds α + β·s, from (α₀, β₀).
    pub(in crate::scoring) fn curve(&self, (level, slope): (f64, f64)) -> (f64, f64) {
        let persons = self.persons();
        let precision = [1.0 / (LEVEL * LEVEL), 1.0 / (0.5 + 0.5 * slope).powi(2)];
        let (mut a, mut b, mut certainty) = (level, slope, precision[1]);
        for _ in 0..STEPS {
            let (mut g, mut h) =
                ([precision[0] * (level - a), precision[1] * (slope - b)], [precision[0], 0.0, precision[1]]);
            for (k, n) in persons.iter().enumerate() {
                let (s, p) = (middle(k), logistic(a + b * middle(k)));
                let (w, noise) = (n * p * (1.0 - p), self.noise * (p * p + (1.0 - p) * (1.0 - p)));
                let weight = if w > 0.0 { w / (w + noise) } else { 0.0 };
                let more = weight * (self.bads[k] * (1.0 - p) - self.goods[k] * p);
                g[0] += more;
                g[1] += more * s;
                h[0] += weight * w;
                h[1] += weight * w * s;
                h[2] += weight * w * s * s;
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            let step = |v: f64| (v / determinant).clamp(-LARGEST_STEP, LARGEST_STEP);
            a += step(h[2] * g[0] - h[1] * g[1]);
            b += step(h[0] * g[1] - h[1] * g[0]);
            certainty = determinant / h[0];
        }
        (a, mean_above_zero(b, 1.0 / libm::sqrt(certainty)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crowd of log-odds −1.2 + .7·s, skewed as payment scores are.
    fn crowd(noise: f64) -> Counts {
        let n = |k: usize| {
            4_000.0 * libm::exp(-0.5 * (middle(k) + 0.5).powi(2)) + 200.0 * f64::from(u8::from(middle(k) > 2.0))
        };
        let p = |k: usize| logistic(-1.2 + 0.7 * middle(k));
        let of = |f: &dyn Fn(usize) -> f64| (0..CELLS).map(f).collect();
        Counts { goods: of(&|k| n(k) * (1.0 - p(k))), bads: of(&|k| n(k) * p(k)), noise }
    }

    #[test]
    fn without_noise_the_curve_is_the_crowds_and_under_noise_the_prior() {
        let (a, b) = crowd(0.0).curve((0.3, 1.4));
        assert!((a + 1.2).abs() < 0.002 && (b - 0.7).abs() < 0.002, "{a} {b}");
        let (a, b) = crowd(1e12).curve((0.3, 1.4));
        // Not quite: a slope of 1.4 ± 1.2 that is above 0 is 1.7 on average.
        assert!((a - 0.3).abs() < 0.01 && (b - mean_above_zero(1.4, 1.2)).abs() < 0.01, "{a} {b}");
    }

    /// Counts that point backwards, and none at all, leave a curve that rises.
    #[test]
    fn the_curve_always_rises() {
        let turned = |noise| Counts { goods: crowd(0.0).bads, bads: crowd(0.0).goods, noise };
        let none = |noise| Counts { goods: vec![0.0; CELLS], bads: vec![0.0; CELLS], noise };
        for counts in [turned(0.0), turned(1e4), none(0.0), none(50.0)] {
            let (a, b) = counts.curve((-1.0, 0.2));
            assert!(a.is_finite() && b > 0.0 && b < 10.0, "{a} {b}");
        }
    }

    /// Whoever joins moves the joint vector by the stated sensitivity, whatever the score.
    #[test]
    fn one_person_more_moves_one_count() {
        let crowd = [0.1, -7.0, 2.5];
        let before = joint(crowd.into_iter(), &[true, false, true]);
        for score in [0.0, 3.99, 4.0, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            for bad in [false, true] {
                let after = joint(crowd.into_iter().chain([score]), &[true, false, true, bad]);
                let moved: u64 = before.iter().zip(&after).map(|(a, b)| (b - a).unsigned_abs().pow(2)).sum();
                assert_eq!(moved, sensitivity(), "{score}");
            }
        }
    }
}
