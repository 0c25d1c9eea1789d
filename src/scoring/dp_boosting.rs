//! Boosted trees under central differential privacy: one table of two columns after another.
//!
//! The log-odds of default are a sum of tables, η = base + Σ_t w_t(cell_t(x)). A table crosses the public bins
//! (`dp_bins`) of two columns, which is a tree of two levels with many branches whose splits are
//! known beforehand: no budget goes into finding splits, and interactions of two columns are learnt.
//!
//! # Guarantee
//!
//! The learnt model is (ε, δ)-DP towards every person of the *training* data; neighbouring data sets differ by adding or
//! removing one person with features and outcome. Nothing protects the record that is scored.
//!
//! # What is released
//!
//! T = `tables` releases of one joint integer vector, two numbers a cell (b = 12 bits, p = σ(η) before the table):
//!
//! ```text
//! G = Σ round((y − p)·2ᵇ)                        over the cell's persons
//! H = Σ min(round(3·p(1 − p)·2ᵇ), √(2²ᵇ − g²))   g is the person's part in G
//! ```
//!
//! *Proof.* A person is in one cell of a table, so adding or removing them changes at most the two numbers of that cell, by
//! (g, h) with g² + h² ≤ 2²ᵇ: |y − p| ≤ 1 survives rounding to a grid that holds 1, and h is clipped in integers, after
//! rounding, to what g leaves (that takes nothing where both are exact: p² + 9p²(1 − p)² < 1 for p in (0, 1), so the
//! Hessian costs nothing beside the gradient). The L2 sensitivity is 2ᵇ whatever the number of cells. η before a table, and
//! which columns it crosses, are functions of earlier releases and public constants. Discrete Gaussian noise makes each
//! release μ/√T-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ² to μ²; the rest is
//! post-processing. Bins come from public bounds, steps, knots, levels and codes alone. The numbers of persons and of
//! defaults are private: they enter through the same releases.
//!
//! # How it learns
//!
//! *Leaves.* Before a table is seen its values are taken for a Gaussian process whose covariance is the product of those of
//! its two columns ([`prior`]): neighbouring bins are alike, so that they share what noise leaves. The variance is
//! `prior_spread`²/T: the tables together are expected to spread the log-odds by `prior_spread`. The table enters with its
//! posterior mean, given G = H·w plus sampling noise (variance H) and the mechanism's. So noise is never followed further
//! than it deserves, steps are small, and no learning rate is needed.
//!
//! *Columns.* First each column is met once, in pairs; then pairs are drawn with chances that grow with what the columns'
//! tables explained so far (post-processing, [`choose`]).
//!
//! ε = ∞ is the noiseless twin. All sums are integers: the bits do not depend on the order of the rows or on threads.
//! Limits: interactions of more than two columns are missed; below some thousand persons at ε = 1 little is learnt beyond
//! the prevalence. The defaults were tried on splits of the Taiwan table: accuracy there is a little flattered.
//!
//! Sources: Maddock, Cormode, Wang, Maple & Jha 2022 (boosting with data-independent splits under DP); Nori, Caruana, Bu,
//! Shen & Kulkarni 2021 (DP-EBM); Bun & Steinke 2016, Canonne, Kamath & Steinke 2020 (discrete Gaussian); Dong, Roth & Su
//! 2022 (GDP).

mod choose;
mod prior;
mod train;

use super::dp_bins::public::PublicBins;
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::{above, between};
use crate::privacy::{Budget, Ledger, Noise};
use crate::stats::logistic;
use crate::view::PlatformView;
use train::{Table, Trained};

crate::params! {
    /// The DP boosting scorer. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpBoostingParams {
        /// Number of tables, each a release.
        pub tables: u32 = 100, "releases", between(4.0, 10_000.0), "tried on the Taiwan table: 50 to 200 differ little";
        /// Even cells over a column's bounds that fill the gaps between its public steps and knots.
        pub grid: u32 = 10, "cells", between(1.0, 64.0), "assumed: tenths of the range";
        /// Standard deviation of the log-odds that is expected before anything is seen.
        pub prior_spread: f64 = 1.5, "log-odds", above(0.0, 10.0), "tried on the Taiwan table: 1 to 2 differ little";
        /// Default rate assumed where noise drowns the data.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
        /// Chance that a table crosses columns regardless of what they explained so far.
        pub explore: f64 = 0.25, "share", between(0.0, 1.0), "tried on the Taiwan table: .1 to .3 differ little";
    }
}

/// Boosted tables under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpBoosting {
    /// Public settings.
    pub params: DpBoostingParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

/// Learnt tables.
pub struct DpBoostingModel {
    bins: PublicBins,
    trained: Trained,
}

impl DpBoosting {
    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<DpBoostingModel> {
        let budget = Budget::new(self.budget.epsilon, self.budget.delta)?;
        let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the view carries no outcomes".into()))?;
        if labels.len() != view.features.rows() {
            return Err(Error::Fit(format!("{} outcomes for {} persons", labels.len(), view.features.rows())));
        }
        if view.features.width() == 0 {
            return Err(Error::Fit("the view has no features".into()));
        }
        let bins = PublicBins::new(view.features.columns(), self.params.grid);
        let mut noise = self.noise.clone();
        let trained = train::fit(&self.params, &bins, &view.features, labels, budget.mu(), &mut noise, ledger)?;
        Ok(DpBoostingModel { bins, trained })
    }
}

impl Scorer<PlatformView> for DpBoosting {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        Ok(Box::new(self.learn(view, ledger)?))
    }
}

/// One cell of one table, in words.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TableCell {
    /// Number of the table, from 0.
    pub table: usize,
    /// What holds for the persons of the cell, e.g. `late >= 2 and used < 0.5`.
    pub persons: String,
    /// What it adds to the log-odds of default.
    pub log_odds: f64,
}

impl DpBoostingModel {
    /// Each column and how much of the log-odds its tables explained, as shares of all, in the order of the columns.
    pub fn importance(&self) -> Vec<(String, f64)> {
        let all: f64 = self.trained.strengths.iter().sum();
        let share = |s: &f64| if all > 0.0 { s / all } else { 0.0 };
        let names = self.bins.columns().iter().map(|c| c.name.clone());
        names.zip(self.trained.strengths.iter().map(share)).collect()
    }

    /// Log-odds before any table, and every cell of every table.
    pub fn tables(&self) -> (f64, Vec<TableCell>) {
        let bins: Vec<_> = self.bins.iter().map(|(b, _)| b).collect();
        let mut out = Vec::new();
        for (table, Table { columns, values }) in self.trained.tables.iter().enumerate() {
            for (cell, &log_odds) in values.iter().enumerate() {
                let mut inner = values.len();
                let words = columns.iter().map(|j| {
                    let axis = &self.trained.axes[*j];
                    inner /= axis.bins();
                    axis.words(bins[*j], cell / inner % axis.bins())
                });
                out.push(TableCell { table, persons: words.collect::<Vec<_>>().join(" and "), log_odds });
            }
        }
        (self.trained.base, out)
    }
}

/// Largest |log-odds| of a score.
const LARGEST_LOGIT: f64 = 30.0;

impl Fitted<PlatformView> for DpBoostingModel {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.bins.check(&view.features)?;
        let eta = self.trained.log_odds(&self.bins, &view.features);
        Ok(eta.into_iter().map(|z| logistic(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT))).collect())
    }
}

#[cfg(test)]
mod tests;
