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
//! | second moments of the columns' evidence, of goods and of bads apart | (5zᵢ², 7zᵢzⱼ), in the block of the person's class | 5·norm² | `moments_share` of the rest |
//! | `iterations` gradients over whitened evidence | round((p − y)·2ᵇ)·z | 2ᵇ·norm | what is left, in equal parts |
//!
//! *Proof.* Bins are public (`dp_bins`), so a person is in exactly one cell of each column, and is good
//! or bad: one count a column changes by 1. The evidence of a cell, centres, whitening and clip norms are functions of
//! earlier releases and public constants; given these, the later releases are sums of one term a person, an integer row z
//! with ‖z‖ ≤ norm after rounding (`dp_rows`). Discrete Gaussian noise of scale σ makes each release
//! Δ/√(σ² − r²)-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ²; the rest is
//! post-processing. The number of persons is private and is read off the same counts. Where these are swamped by noise nothing more
//! is released, and the rest of the budget is given up in the ledger: what a fit costs is no function of its noise.
//!
//! # How it learns
//!
//! Counts become log-odds a cell, smoothed towards neighbouring cells by the known noise ([`evidence`](self)). Their sum, naive
//! Bayes, ranks well and is far too sure of itself where columns repeat each other. Hence one weight a column, learnt
//! as the DP logistic learns, but in as many dimensions as there are columns rather than bins, and with equal weights as
//! the public prior: where the budget is too small to learn weights, naive Bayes at its right scale remains. On small data
//! `weights = "equal"` learns the scale alone, from one release of counts by score (`dp_rows::link`, sensitivity 1) in place of the
//! last two rows of the table, and gives the counts `equal_counts_share`.
//!
//! The log-odds are intercept + Σ points of the person's cells, a card that can be printed. A person whose evidence is
//! unusually long (an outlier in many columns) counts with the clipped row, as in training: without that, the odds of
//! the rare are overstated. A public trend is expected of the evidence, and imposed on it with `impose_trends`.
//!
//! ε = ∞ is the noiseless twin: the same path, bins, clipping and rounding. All sums are integers, so the order of rows
//! changes no bit. Limits: additive, no interactions but those that are columns; a bin that is wide hides what is inside.
//! The defaults were tried on the Taiwan table (splits 100–115 of 80/20 splits): there they are read off the data and not
//! charged.
//!
//! Sources: Bun & Steinke 2016 (zCDP); Canonne, Kamath & Steinke 2020 (discrete Gaussian); Dong, Roth & Su 2022 (GDP).

mod saved;
mod weights;

pub(super) use self::saved::read;
use self::weights::Weights;
use super::dp_bins::counts::{self, NOT_SPENT};
use super::dp_bins::evidence::{Prior, evidence, public_knowledge};
use super::dp_bins::public::PublicBins;
use super::dp_rows::{Source, labels_of};
use super::expand::Design;
use super::{Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, any, between};
use crate::privacy::{Budget, Ledger, Noise};
use crate::stats::{logistic, logit};
use crate::view::{PlatformView, Trend};

crate::choice! {
    /// How much each column's evidence counts.
    pub enum ColumnWeights {
        /// All the same, at a learnt scale: for small data.
        Equal => "equal",
        /// Learnt, with equal ones as the prior.
        Learnt => "learnt",
    }
}

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
        pub iterations: u32 = 6, "steps", between(1.0, 1000.0), "tried on the Taiwan table: 4 to 6 differ little";
        /// Prior standard deviation of a cell's log-odds.
        pub spread: f64 = 2.0, "log-odds", above(0.0, 100.0), "assumed: ± 2 is a factor of 7 in the odds, as codes have where few default";
        /// Prior standard deviation of the difference between the two ends of a column, reached by a random walk.
        pub walk: f64 = 0.6, "log-odds", above(0.0, 100.0), "tried on the Taiwan table: .5 to 1 differ little";
        /// Prior mean of that difference where the column's trend is public.
        pub rise: f64 = 1.0, "log-odds", between(0.0, 100.0), "assumed: a factor of 2.7 in the odds from end to end";
        /// Whether a public trend is imposed on the points, and not only expected.
        pub impose_trends: bool = false, "", any(), "a regulator may ask for it; on the Taiwan table it costs .003 of AUC";
        /// How much each column's evidence counts.
        pub weights: ColumnWeights = ColumnWeights::Learnt, "", any(), "better than equal from some 1,500 persons·ε on (Taiwan table)";
        /// Share of μ² for the counts where weights are equal; their scale has the rest.
        pub equal_counts_share: f64 = 0.9, "share", between(0.05, 0.99), "tried on the Taiwan table";
        /// Norm to which evidence is clipped for the moments, relative to its root mean square.
        pub moments_clip: f64 = 2.0, "ratio", between(0.25, 4.0), "evidence has long tails where few default: 1 loses .006 of AUC there at ε = .3, and gains less than .001 on the Taiwan table";
        /// Norm to which whitened evidence is clipped for the gradients, relative to its root mean square.
        pub gradient_clip: f64 = 2.0, "ratio", between(0.25, 4.0), "as `moments_clip`";
        /// Variance below which a direction of the evidence counts as constant.
        pub ridge: f64 = 0.005, "variance", above(0.0, 1.0), "as the DP logistic";
        /// Penalty: half of this times the sum of squared weights is added to the summed log-loss.
        pub penalty: f64 = 1.0, "persons", above(0.0, 1e9), "as `logistic`: columns that repeat each other have no weights of their own";
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

/// How evidence becomes log-odds.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Card {
    /// intercept + weight·Σ evidence.
    Equal(f64, f64),
    /// A weight a column, on rows clipped as in training.
    Learnt(Weights),
}

/// A learnt card.
#[derive(Clone, Debug)]
pub struct DpScorecardModel {
    bins: PublicBins,
    /// Log-odds of default against the base rate, a cell each.
    evidence: Vec<f64>,
    card: Card,
    notes: Vec<String>,
}

impl DpScorecard {
    /// Fits, and keeps what was learnt visible. Fails without outcomes, without features, or for a budget of no meaning.
    pub fn learn(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<DpScorecardModel> {
        let mu = Budget::new(self.budget.epsilon, self.budget.delta)?.mu();
        self.learn_at(mu, view, ledger)
    }

    /// As `learn`, at a cost of `mu` in place of the budget.
    pub(super) fn learn_at(&self, mu: f64, view: &PlatformView, ledger: &mut Ledger) -> Result<DpScorecardModel> {
        let p = &self.params;
        let labels = labels_of(view)?;
        let bins = PublicBins::new(view.features.columns(), p.grid);
        let cells = bins.cells_of(&view.features);
        let mut noise = self.noise.clone();
        let mut source = Source { noise: &mut noise, ledger };
        let share = if p.weights == ColumnWeights::Equal { p.equal_counts_share } else { p.counts_share };
        let (for_counts, rest) = (mu * libm::sqrt(share), mu * libm::sqrt(1.0 - share));
        let counts = counts::release(&bins, &cells, labels, (for_counts, p.prior_rate), &mut source)?;
        if let Some(note) = counts.swamped() {
            source.ledger.forfeit(NOT_SPENT, rest);
            let (evidence, trends) = public_knowledge(&bins, p.rise);
            let card = Card::Equal(logit(counts.rate), 1.0 / libm::sqrt(trends.max(1) as f64));
            return Ok(DpScorecardModel { bins, evidence, card, notes: vec![note] });
        }
        let found =
            evidence(&bins, &counts, Prior { spread: p.spread, walk: p.walk, rise: p.rise, monotone: p.impose_trends });
        let design = design(&cells, &found.weight, labels.len());
        let card = if p.weights == ColumnWeights::Equal {
            let (intercept, weight) =
                weights::equal(&found, &mean_column(&design), labels, (counts.rate, rest), &mut source)?;
            Card::Equal(intercept, weight)
        } else {
            Card::Learnt(weights::learn(p, &found, &design, labels, rest, &mut source)?)
        };
        let mut evidence = found.weight;
        if let (true, Card::Learnt(w)) = (p.impose_trends, &card) {
            level_reversed(&bins, w, &mut evidence);
        }
        Ok(DpScorecardModel { bins, evidence, card, notes: Vec::new() })
    }
}

/// A trend that is imposed on the evidence must not be turned round by a weight below 0: such a column says nothing, its
/// evidence is its mean everywhere.
fn level_reversed(bins: &PublicBins, w: &Weights, evidence: &mut [f64]) {
    let (_, weights) = w.plain();
    for (((column, range), weight), centre) in bins.iter().zip(weights).zip(&w.map.centre) {
        if weight < 0.0 && !matches!(column.trend(), Trend::Auto | Trend::Free) {
            evidence[range].fill(f64::from(*centre));
        }
    }
}

/// The mean of the columns beside the constant.
fn mean_column(design: &Design) -> Design {
    let mut out = Design::new(design.rows(), 2);
    let share = 1.0 / (design.width() - 1).max(1) as f32;
    for j in 1..design.width() {
        out.column_mut(1).iter_mut().zip(design.column(j)).for_each(|(sum, x)| *sum += share * x);
    }
    out
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
    /// Intercept and what each column weighs.
    fn weights(&self) -> (f64, Vec<f64>) {
        match &self.card {
            Card::Equal(intercept, weight) => (*intercept, vec![*weight; self.bins.width()]),
            Card::Learnt(w) => w.plain(),
        }
    }

    /// The constant of the log-odds of default.
    pub fn intercept(&self) -> f64 {
        self.weights().0
    }

    /// Every bin of every column in words, with what it adds to the log-odds of default.
    pub fn table(&self) -> Vec<(String, f64)> {
        let (_, weights) = self.weights();
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
        let design = design(&self.bins.cells_of(&view.features), &self.evidence, view.features.rows());
        let pd = |z: f32| logistic(f64::from(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)));
        let scores = match &self.card {
            Card::Equal(intercept, weight) => {
                let (mean, all) = (mean_column(&design), weight * self.bins.width() as f64);
                mean.column(1).iter().map(|m| pd((intercept + all * f64::from(*m)) as f32)).collect()
            }
            Card::Learnt(w) => w.map.apply(&design).logits(&w.theta).into_iter().map(pd).collect(),
        };
        Ok(scores)
    }

    fn export(&self) -> Option<serde_json::Value> {
        saved::write(self)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod sensitivity_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::beside_exact_weights;
