//! A weight-of-evidence scorecard under central differential privacy, trained inside the platform.
//!
//! # Guarantee
//!
//! The learnt card is (ε, δ)-DP towards every person of the *training* data; neighbouring data sets differ by adding or
//! removing one person with features and outcome. Nothing protects the record that is scored, whatever ε.
//!
//! # What is released
//!
//! | release | one person's part | L2 sensitivity | share of μ² |
//! |---|---|---|---|
//! | goods and bads in every public bin of every column | one count a column | √columns | `counts_share` |
//! | second moments of the columns' evidence and its products with the outcome | (5zᵢ², 7zᵢzⱼ, 5·norm·y·z) | √50·norm² | `moments_share` of the rest |
//! | `iterations` gradients over whitened evidence | round((p − y)·2ᵇ)·z | 2ᵇ·norm | what is left, in equal parts |
//!
//! *Proof.* Bins are public ([`dp_bins`](super::dp_bins)), so a person is in exactly one cell of each column, and is good
//! or bad: one count a column changes by 1. The evidence of a cell, centres, whitening and clip norms are functions of
//! earlier releases and public constants; given these, the later releases are sums of one term a person, an integer row z
//! with ‖z‖ ≤ norm after rounding ([`dp_rows`](super::dp_rows)). Discrete Gaussian noise of scale σ makes each release
//! Δ/√(σ² − r²)-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ²; the rest is
//! post-processing. The number of persons is private and is read off the same counts.
//!
//! # How it learns
//!
//! Counts become log-odds a cell, smoothed towards neighbouring cells by the known noise ([`evidence`](self)). Their sum, naive
//! Bayes, ranks well and is far too sure of itself where columns repeat each other. Hence one weight a column, learnt
//! as the DP logistic learns, but in as many dimensions as there are columns rather than bins, and with equal weights as
//! the public prior: where the budget is too small to learn weights, naive Bayes at its right scale remains.
//!
//! The log-odds are intercept + Σ points of the person's cells, a card that can be printed. A person whose evidence is
//! unusually long (an outlier in many columns) counts with the clipped row, as in training: without that, the odds of
//! the rare are overstated. Where a column's trend is public, its evidence follows it. ε = ∞ is the noiseless twin: the same path, bins, clipping and rounding. All sums are integers,
//! so the order of rows changes no bit. Limits: additive, no interactions but those that are columns; a bin that is
//! wide hides what is inside. The defaults were tried on the Taiwan table (splits 100–105 of an 80/20 split): there
//! they are read off the data and not charged.
//!
//! Sources: Bun & Steinke 2016 (zCDP); Canonne, Kamath & Steinke 2020 (discrete Gaussian); Dong, Roth & Su 2022 (GDP).

mod weights;

use self::weights::Weights;
use super::dp_bins::counts;
use super::dp_bins::evidence::{Prior, evidence};
use super::dp_bins::public::PublicBins;
use super::dp_rows::{Source, labels_of};
use super::expand::Design;
use super::{Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::{Budget, Ledger, Noise};
use crate::stats::{logistic, logit};
use crate::view::PlatformView;

crate::params! {
    /// The DP scorecard. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpScorecardParams {
        /// Even cells that fill the gaps between a column's public steps and knots.
        pub grid: u32 = 20, "cells", between(1.0, 1000.0), "assumed: more cells cost no budget, they are smoothed";
        /// Share of μ² for the counts.
        pub counts_share: f64 = 0.3, "share", between(0.05, 0.95), "tried on the Taiwan table: .2 to .5 differ little";
        /// Share of the rest for the second moments; the gradients have what is left.
        pub moments_share: f64 = 0.4, "share", between(0.05, 0.95), "tried on the Taiwan table: .4 to .6 differ little";
        /// Number of noisy gradients.
        pub iterations: u32 = 4, "steps", between(1.0, 1000.0), "tried on the Taiwan table: 4 to 6 differ little";
        /// Prior standard deviation of a cell's log-odds.
        pub spread: f64 = 1.0, "log-odds", above(0.0, 100.0), "assumed: ± 1 is a factor of 2.7 in the odds";
        /// Prior standard deviation of the difference between the two ends of a column, reached by a random walk.
        pub walk: f64 = 0.6, "log-odds", above(0.0, 100.0), "tried on the Taiwan table: .5 to 1 differ little";
        /// Norm to which evidence is clipped for the moments, relative to its root mean square.
        pub moments_clip: f64 = 1.0, "ratio", between(0.25, 4.0), "tried on the Taiwan table";
        /// Norm to which whitened evidence is clipped for the gradients, relative to its root mean square.
        pub gradient_clip: f64 = 1.5, "ratio", between(0.25, 4.0), "tried on the Taiwan table: more calibrates better, less ranks better at small ε";
        /// Variance below which a direction of the evidence counts as constant.
        pub ridge: f64 = 0.005, "variance", above(0.0, 1.0), "as the DP logistic";
        /// Correlation with the outcome that is expected of the plain sum of the evidence.
        pub prior_correlation: f64 = 0.4, "correlation", between(0.01, 0.99), "assumed: an expert's scorecard";
        /// Twice the log-likelihood by which other weights must be likelier than equal ones.
        pub evidence: f64 = 8.0, "", between(0.0, 1000.0), "as a χ² of one degree of freedom: α = .005";
        /// Default rate assumed where noise drowns the data.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
    }
}

/// The scorecard under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpScorecard {
    /// Public settings.
    pub params: DpScorecardParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

/// A learnt card.
#[derive(Clone, Debug)]
pub struct DpScorecardModel {
    bins: PublicBins,
    /// Log-odds of default against the base rate, a cell each.
    evidence: Vec<f64>,
    /// What the columns weigh; `None` where noise swamps everything.
    weights: Option<Weights>,
    /// PD of everybody where there are no weights.
    rate: f64,
    notes: Vec<String>,
}

impl DpScorecard {
    /// Fits, and keeps what was learnt visible. Fails without outcomes, without features, or for a budget of no meaning.
    pub fn learn(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<DpScorecardModel> {
        let p = &self.params;
        let mu = Budget::new(self.budget.epsilon, self.budget.delta)?.mu();
        let labels = labels_of(view)?;
        let bins = PublicBins::new(view.features.columns(), p.grid);
        let cells = bins.cells_of(&view.features);
        let mut noise = self.noise.clone();
        let mut source = Source { noise: &mut noise, ledger };
        let for_counts = mu * libm::sqrt(p.counts_share);
        let counts = counts::release(&bins, &cells, labels, (for_counts, p.prior_rate), &mut source)?;
        let (rate, swamped) = (counts.rate, counts.swamped());
        if let Some(note) = swamped {
            let evidence = vec![0.0; bins.cells()];
            return Ok(DpScorecardModel { bins, evidence, weights: None, rate, notes: vec![note] });
        }
        let found = evidence(&bins, &counts, Prior { spread: p.spread, walk: p.walk });
        let design = design(&cells, &found.weight, labels.len());
        let rest = mu * libm::sqrt(1.0 - p.counts_share);
        let weights = Some(weights::learn(p, &found, &design, labels, rest, &mut source)?);
        Ok(DpScorecardModel { bins, evidence: found.weight, weights, rate, notes: Vec::new() })
    }
}

/// The evidence of each row's cells, beside the constant.
fn design(cells: &[Vec<u32>], weight: &[f64], rows: usize) -> Design {
    let mut design = Design::new(rows, 1 + cells.len());
    for (j, column) in cells.iter().enumerate() {
        for (x, cell) in design.column_mut(j + 1).iter_mut().zip(column) {
            *x = weight[*cell as usize] as f32;
        }
    }
    design
}

impl Scorer<PlatformView> for DpScorecard {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        Ok(Box::new(self.learn(view, ledger)?))
    }
}

/// Largest |log-odds| of a score.
const LARGEST_LOGIT: f32 = 30.0;

impl DpScorecardModel {
    /// The constant of the log-odds of default.
    pub fn intercept(&self) -> f64 {
        self.weights.as_ref().map_or_else(|| logit(self.rate), |w| w.plain().0)
    }

    /// Every bin of every column in words, with what it adds to the log-odds of default.
    pub fn table(&self) -> Vec<(String, f64)> {
        let weights = self.weights.as_ref().map_or_else(|| vec![0.0; self.bins.width()], |w| w.plain().1);
        let mut out = Vec::with_capacity(self.bins.cells());
        for ((column, range), weight) in self.bins.iter().zip(weights) {
            out.extend(range.clone().map(|k| (column.name(k - range.start), weight * self.evidence[k])));
        }
        out
    }
}

impl Fitted<PlatformView> for DpScorecardModel {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.bins.check(&view.features)?;
        let rows = view.features.rows();
        let Some(w) = &self.weights else { return Ok(vec![self.rate; rows]) };
        let design = design(&self.bins.cells_of(&view.features), &self.evidence, rows);
        let pd = |z: f32| logistic(f64::from(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)));
        Ok(w.map.apply(&design).logits(&w.theta).into_iter().map(pd).collect())
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod sensitivity_tests;
#[cfg(test)]
mod tests;
