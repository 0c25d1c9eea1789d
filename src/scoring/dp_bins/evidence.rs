//! What each cell says of the PD: smoothed weights of evidence, as log-odds of default against the base rate.
//!
//! A cell with g goods and b bads, both with noise of variance s², has with base rate r the score and information
//!
//! ```text
//! y = (1 − r)·b − r·g,   h = r(1 − r)·max(g + b, 1),   Var y = h + s²·((1 − r)² + r²),   y ≈ h·f + noise
//! ```
//!
//! Its log-odds f are the posterior mean under a public normal prior: f of standard deviation `spread`, and neighbouring cells
//! of a quantity, special values and categories apart, differing like the steps
//! of a random walk that takes `walk` from one end of the column to the other: finer bins change nothing. Where counts are large the data decide;
//! where noise dominates, a cell follows its neighbours, and all follow the prior mean. That is 0, or where the column's
//! trend is public a straight line from −`rise`/2 to `rise`/2 (and, where trends are imposed, f is then made monotone by pooling adjacent violators):
//! what everybody knows before any data, worth more on small data than the data's noisy counts. All of it is post-processing of released counts.
//!
//! Around r the model is linear in the PD rather than in the log-odds: in a sum over correlated columns that was the better
//! weight (Taiwan table, .001 of AUC).

use super::counts::Counts;
use super::public::{ColumnBins, PublicBins};
use crate::stats::{logistic, logit};
use crate::view::Trend;

/// Newton's steps towards a column's posterior mode.
const ROUNDS: u32 = 8;

/// Largest |log-odds| of a cell.
const LARGEST: f64 = 4.0;

/// The public prior.
#[derive(Clone, Copy, Debug)]
pub(in crate::scoring) struct Prior {
    /// Standard deviation of a cell's log-odds.
    pub(in crate::scoring) spread: f64,
    /// Standard deviation of the difference of a column's two ends.
    pub(in crate::scoring) walk: f64,
    /// Mean of that difference where the column's trend is public.
    pub(in crate::scoring) rise: f64,
    /// Whether a public trend is imposed, and not only expected.
    pub(in crate::scoring) monotone: bool,
}

impl Prior {
    /// The prior of one column: one that is known to rise is free to rise by twice as much, or not at all.
    fn of(self, column: &ColumnBins) -> Self {
        if direction(column) == 0.0 { self } else { Self { walk: self.walk.max(self.rise), ..self } }
    }
}

/// Log-odds of every cell, and mean and variance of each column over the counted persons.
pub(in crate::scoring) struct Evidence {
    /// Log-odds, a cell each.
    pub(in crate::scoring) weight: Vec<f64>,
    /// Mean of each column's log-odds.
    pub(in crate::scoring) mean: Vec<f64>,
    /// Variance of each column's log-odds.
    pub(in crate::scoring) variance: Vec<f64>,
}

/// The evidence in released counts.
pub(in crate::scoring) fn evidence(bins: &PublicBins, counts: &Counts, prior: Prior) -> Evidence {
    let mut out = Evidence { weight: vec![0.0; bins.cells()], mean: Vec::new(), variance: Vec::new() };
    let r = counts.rate;
    for (column, range) in bins.iter() {
        let persons: Vec<f64> = range.clone().map(|k| (counts.goods[k] + counts.bads[k]).max(0.0)).collect();
        let known = line(column, prior.rise);
        let own = prior.of(column);
        let (mut f, mut precision) = (known.clone(), Vec::new());
        for _ in 0..ROUNDS {
            let pull: Vec<f64>;
            (precision, pull) = range.clone().zip(&f).map(|(k, f)| cell(counts, k, r, *f)).unzip();
            // The posterior of the distance from the prior mean, about the present one.
            let away: Vec<f64> = f.iter().zip(&known).map(|(f, known)| f - known).collect();
            let pull: Vec<f64> = pull
                .iter()
                .zip(&precision)
                .zip(&away)
                .map(|((pull, precision), away)| pull + precision * away)
                .collect();
            let next = smooth(column.ordered(), &precision, &pull, own);
            f = next.iter().zip(&known).map(|(next, known)| (next + known).clamp(-LARGEST, LARGEST)).collect();
        }
        if prior.monotone {
            impose(column, &precision, &mut f);
        }

        let total: f64 = persons.iter().sum::<f64>().max(1.0);
        let mean = f.iter().zip(&persons).map(|(f, n)| f * n / total).sum::<f64>();
        let square = f.iter().zip(&persons).map(|(f, n)| f * f * n / total).sum::<f64>();
        out.mean.push(mean);
        out.variance.push((square - mean * mean).max(0.0));
        out.weight[range].copy_from_slice(&f);
    }
    out
}

/// Information of a cell about its log-odds, and the pull of its counts, where these are f above the base rate's.
fn cell(counts: &Counts, k: usize, r: f64, f: f64) -> (f64, f64) {
    let (goods, bads, s2) = (counts.goods[k], counts.bads[k], counts.noise * counts.noise);
    let p = logistic(logit(r) + f);
    let information = p * (1.0 - p) * (goods + bads).max(1.0);
    let variance = information + s2 * ((1.0 - p) * (1.0 - p) + p * p);
    let score = (1.0 - p) * bads - p * goods;
    (information * information / variance, information * score / variance)
}

/// The prior mean of one column's cells.
fn line(column: &ColumnBins, rise: f64) -> Vec<f64> {
    let (n, up) = (column.ordered(), rise * direction(column));
    let last = n.saturating_sub(1).max(1) as f64;
    let of = |k: usize| if k < n && n > 1 { up * (k as f64 / last - 0.5) } else { 0.0 };
    (0..column.cells()).map(of).collect()
}

/// What is known without any data: the prior mean of every cell, and the number of columns of a public trend.
pub(in crate::scoring) fn public_knowledge(bins: &PublicBins, rise: f64) -> (Vec<f64>, usize) {
    let known = bins.iter().flat_map(|(column, _)| line(column, rise)).collect();
    (known, bins.iter().filter(|(column, _)| direction(column) != 0.0).count())
}

/// 1 or −1 where the PD is known to rise or to fall with the column; else 0.
fn direction(column: &ColumnBins) -> f64 {
    match column.trend() {
        Trend::Rising => 1.0,
        Trend::Falling => -1.0,
        Trend::Auto | Trend::Free => 0.0,
    }
}

/// Posterior means: (diag(precision) + prior precision)·f = pull, tridiagonal, by elimination. The first `ordered` cells
/// stand in a row.
pub(in crate::scoring) fn smooth(ordered: usize, precision: &[f64], pull: &[f64], prior: Prior) -> Vec<f64> {
    let n = precision.len();
    let (own, walk) =
        (1.0 / (prior.spread * prior.spread), ordered.saturating_sub(1) as f64 / (prior.walk * prior.walk));
    let linked = |k: usize| k + 1 < ordered;
    let mut diagonal: Vec<f64> = (0..n)
        .map(|k| precision[k] + own + f64::from(u8::from(linked(k)) + u8::from(k > 0 && linked(k - 1))) * walk)
        .collect();
    let mut right = pull.to_vec();
    for k in 1..n {
        if linked(k - 1) {
            let factor = walk / diagonal[k - 1];
            diagonal[k] -= factor * walk;
            right[k] += factor * right[k - 1];
        }
    }
    let mut f = vec![0.0; n];
    for k in (0..n).rev() {
        let next = if linked(k) { walk * f[k + 1] } else { 0.0 };
        f[k] = (right[k] + next) / diagonal[k];
    }
    f
}

/// What the prior's precision does to values: P·f, with the P that [`smooth`] adds.
pub(in crate::scoring) fn resistance(ordered: usize, f: &[f64], prior: Prior) -> Vec<f64> {
    let own = 1.0 / (prior.spread * prior.spread);
    let walk = ordered.saturating_sub(1) as f64 / (prior.walk * prior.walk);
    let mut out: Vec<f64> = f.iter().map(|f| own * f).collect();
    for k in 1..ordered {
        let pull = walk * (f[k] - f[k - 1]);
        out[k] += pull;
        out[k - 1] -= pull;
    }
    out
}

/// Makes the ordered cells follow the column's public trend; a cell weighs as its precision, and 1 more.
pub(in crate::scoring) fn impose(column: &ColumnBins, precision: &[f64], f: &mut [f64]) {
    let sign = direction(column);
    if sign == 0.0 {
        return;
    }
    let n = column.ordered();
    let signed: Vec<(f64, f64)> = f[..n].iter().zip(precision).map(|(f, p)| (sign * f, p + 1.0)).collect();
    for (f, v) in f.iter_mut().zip(rising(&signed)) {
        *f = sign * v;
    }
}

/// The nearest rising sequence to (value, weight) pairs: pool adjacent violators.
fn rising(values: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (v, w) in values {
        pools.push((*v, *w, 1));
        while let [.., (a, wa, na), (b, wb, nb)] = pools[..] {
            if a <= b {
                break;
            }
            pools.truncate(pools.len() - 2);
            pools.push(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb));
        }
    }
    pools.iter().flat_map(|(v, _, n)| std::iter::repeat_n(*v, *n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Three steps of variance .09.
    const PRIOR: Prior = Prior { spread: 1.0, walk: 0.519_615_242_270_663_2, rise: 0.0, monotone: true };

    /// Against the same system solved whole.
    #[test]
    fn smoothing_solves_the_posterior() {
        let (precision, pull) = ([5.0, 0.0, 40.0, 2.0, 7.0, 0.5], [4.0, 0.0, -30.0, 1.0, 7.0, 0.1]);
        let ordered = 4;
        let mut a = Array2::<f64>::zeros((6, 6));
        for k in 0..6 {
            a[[k, k]] += precision[k] + 1.0;
            if k + 1 < ordered {
                let w = 1.0 / 0.09;
                a[[k, k]] += w;
                a[[k + 1, k + 1]] += w;
                a[[k, k + 1]] -= w;
                a[[k + 1, k]] -= w;
            }
        }
        let whole = crate::stats::solve_spd(&a, &pull).unwrap();
        for (f, w) in smooth(ordered, &precision, &pull, PRIOR).iter().zip(whole) {
            assert!((f - w).abs() < 1e-12);
        }
        // diag(precision)·f + P·f = pull.
        let f = smooth(ordered, &precision, &pull, PRIOR);
        for (k, back) in resistance(ordered, &f, PRIOR).iter().enumerate() {
            assert!((precision[k] * f[k] + back - pull[k]).abs() < 1e-9);
        }
    }

    #[test]
    fn pooling_gives_the_nearest_rising_sequence() {
        let flat = rising(&[(3.0, 1.0), (1.0, 1.0), (2.0, 2.0), (9.0, 1.0), (8.0, 3.0)]);
        assert_eq!(flat, [2.0, 2.0, 2.0, 8.25, 8.25]);
        assert!(rising(&[]).is_empty());
    }
}
