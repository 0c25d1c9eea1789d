//! Has the population changed since the scorecard was fitted? PSI of the score, CSI of each characteristic.
//!
//! With eₖ and aₖ the shares of the old and the new sample in bin k of B:
//!
//! ```text
//! PSI = Σ (aₖ − eₖ)·ln(aₖ/eₖ)                        < .1 stable, .1 to .25 a shift, ≥ .25 a large shift
//! PSI/(1/n + 1/m) → χ² with B − 1 degrees of freedom, if both samples are from one population
//! χ² = Σ over both samples and all bins (seen − expected)²/expected      Pearson's test of the same
//! ```
//!
//! n and m are the sizes of the samples: PSI alone has no scale, .1 is far beyond chance for a million persons and within
//! it for fifty. A bin that one sample does not reach counts as half a person there (in PSI alone); a bin that neither
//! reaches is left out, also from B. CSI is PSI over the bins of one column, missing and special values included; PSI of the
//! score is over tenths of the old sample's scores.
//!
//! Sources: Siddiqi, Credit Risk Scorecards (2006), ch. 9; Yurdakul & Naranjo, Statistical properties of the population
//! stability index, Journal of Risk Model Validation 14(4) (2020).

use super::scorecard::{Assigned, ScorecardModel};
use crate::error::{Error, Result};
use serde::Serialize;

/// How much has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// PSI below .1.
    Stable,
    /// .1 to .25.
    Shift,
    /// .25 and more.
    LargeShift,
}

impl Verdict {
    /// The verdict on a PSI.
    pub fn of(psi: f64) -> Self {
        match psi {
            v if v >= 0.25 => Self::LargeShift,
            v if v >= 0.1 => Self::Shift,
            _ => Self::Stable,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Shift => "shift",
            Self::LargeShift => "large shift",
        }
    }
}

/// One bin in both samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StabilityBin {
    /// Persons of the old sample.
    pub old: u64,
    /// Persons of the new sample.
    pub new: u64,
    /// Share of the old sample.
    pub old_share: f64,
    /// Share of the new sample.
    pub new_share: f64,
    /// Its part of the PSI.
    pub psi: f64,
}

/// Two samples compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stability {
    /// Population (or characteristic) stability index.
    pub psi: f64,
    /// P-value of the PSI under no change.
    pub psi_p: f64,
    /// Pearson's χ².
    pub chi2: f64,
    /// Its p-value.
    pub chi2_p: f64,
    /// Degrees of freedom of both: bins that either sample reaches, less one.
    pub df: u64,
    /// The bins.
    pub bins: Vec<StabilityBin>,
}

/// Compares the counts of two samples, bin by bin. Fails where one sample is empty or the numbers of bins differ.
pub fn stability(old: &[u64], new: &[u64]) -> Result<Stability> {
    let (n, m) = (old.iter().sum::<u64>(), new.iter().sum::<u64>());
    if old.len() != new.len() || n == 0 || m == 0 {
        let message = format!(
            "cannot compare {n} persons in {} bins with {m} persons in {}: both samples need persons and the same bins",
            old.len(),
            new.len()
        );
        return Err(Error::Other(message));
    }
    let (n, m) = (n as f64, m as f64);
    let (mut psi, mut chi2, mut reached) = (0.0, 0.0, 0u64);
    let bins = old.iter().zip(new).map(|(&o, &a)| {
        let (e, s) = ((o as f64).max(0.5) / n, (a as f64).max(0.5) / m);
        let part = if o + a == 0 { 0.0 } else { (s - e) * libm::log(s / e) };
        if o + a > 0 {
            let pooled = (o + a) as f64 / (n + m);
            chi2 += (o as f64 - n * pooled).powi(2) / (n * pooled) + (a as f64 - m * pooled).powi(2) / (m * pooled);
            (psi, reached) = (psi + part, reached + 1);
        }
        StabilityBin { old: o, new: a, old_share: o as f64 / n, new_share: a as f64 / m, psi: part }
    });
    let bins = bins.collect();
    let df = reached.saturating_sub(1);
    let (psi_p, chi2_p) = (chi2_tail(psi / (1.0 / n + 1.0 / m), df as f64), chi2_tail(chi2, df as f64));
    Ok(Stability { psi, psi_p, chi2, chi2_p, df, bins })
}

/// P(X > x) of χ² with `df` degrees of freedom; 1 for df = 0. Relative error below 1e-10 for df up to 1,000.
///
/// The regularised upper incomplete gamma function Q(df/2, x/2): the series of P below a + 1, the continued fraction (Lentz)
/// above.
pub fn chi2_tail(x: f64, df: f64) -> f64 {
    let (a, x) = (df / 2.0, x / 2.0);
    if a <= 0.0 || x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..10_000 {
            term *= x / (a + f64::from(k));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut h = d;
    for k in 1..10_000 {
        let an = -f64::from(k) * (f64::from(k) - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        h *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (front * h).clamp(0.0, 1.0)
}

/// Edges of ten bins with a tenth of the sample each, as far as equal scores allow; increasing.
pub fn tenths(scores: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = scores.iter().copied().filter(|s| !s.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..10).filter_map(|k| sorted.get(k * sorted.len() / 10).copied()).collect();
    edges.dedup();
    // An edge at the lowest score would leave nothing below it.
    edges.retain(|e| sorted.first().is_some_and(|lowest| e > lowest));
    edges
}

/// Counts of scores between edges: bin k holds those that reach exactly k edges.
pub fn count(scores: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut out = vec![0; edges.len() + 1];
    for s in scores {
        out[edges.partition_point(|e| e <= s)] += 1;
    }
    out
}

/// Counts of the bins of one column of a scorecard.
pub fn count_bins(model: &ScorecardModel, assigned: &Assigned, column: usize) -> Vec<u64> {
    let mut out = vec![0; model.cards()[column].bins.iter().len()];
    assigned.column(column).iter().for_each(|k| out[usize::from(*k)] += 1);
    out
}

#[cfg(test)]
#[path = "monitoring_tests.rs"]
mod tests;
