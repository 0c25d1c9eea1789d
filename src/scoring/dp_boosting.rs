//! Boosted trees under central differential privacy: one table of two columns after another.
//!
//! The log-odds of default are those of a [logistic regression](super::dp_logistic) on a part of the budget, plus tables:
//! η = η₀(x) + Σ_t w_t(cell_t(x)). A table crosses the public bins
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
//! First what the logistic regression releases, for `linear_share` of μ² (its module has the proof). Then T = `tables`
//! joint integer vectors, two numbers a cell (b = 12 bits, p = σ(η) before the table):
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
//! release √((1 − `linear_share`)/T)·μ-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds all μ² to μ²;
//! the rest is post-processing. Bins come from public bounds, steps, knots, levels and codes alone. The numbers of persons and of
//! defaults are private: they enter through the same releases.
//!
//! # How it learns
//!
//! *Level.* The first two releases have one cell, all persons: they correct the mean.
//!
//! *Leaves.* Before a table is seen its values are taken for a Gaussian process whose covariance is the product of those of
//! its two columns (`prior`): neighbouring bins are alike, so that they share what noise leaves. The variance is
//! `prior_spread`²/T: the tables together are expected to spread the log-odds by `prior_spread`. The table enters with its
//! posterior mean, given G = H·w plus sampling noise (variance H) and the mechanism's. So noise is never followed further
//! than it deserves, steps are small, and no learning rate is needed.
//!
//! *Where noise swamps the data.* Where the logistic regression says that it is no more than its public prior, the tables are
//! made smaller, until together they spread the log-odds no further than the prior does (post-processing: the tables' spread is
//! read off the released Hessians, the prior's off the released moments); nothing is left of them where the number of persons
//! itself is lost in noise. Otherwise tables of noise would outvote what everybody knows, and rank backwards.
//!
//! *Columns.* First each column is met once, in pairs; then pairs are drawn with chances that grow with what the columns'
//! tables explained so far (post-processing, `choose`).
//!
//! ε = ∞ is the noiseless twin. All sums are integers: the bits do not depend on the order of the rows or on threads.
//! Limits: interactions of more than two columns are missed. Where there are none, or n·ε is below some 50,000, the logistic
//! regression alone does as well or better: every table is a release that must be paid for. The defaults were tried on
//! splits of the Taiwan table: they are read off that data and not charged, so accuracy there is a little flattered.
//!
//! Sources: Maddock, Cormode, Wang, Maple & Jha 2022 (boosting with data-independent splits under DP); Nori, Caruana, Bu,
//! Shen & Kulkarni 2021 (DP-EBM); Bun & Steinke 2016, Canonne, Kamath & Steinke 2020 (discrete Gaussian); Dong, Roth & Su
//! 2022 (GDP).

mod choose;
mod prior;
mod saved;
mod train;

pub(super) use self::saved::read;
use super::dp_bins::public::PublicBins;
use super::dp_logistic::{DpLogistic, DpLogisticParams, Model};
use super::dp_rows::{Source, labels_of};
use super::{Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::{Budget, Ledger, Noise};
use crate::stats::{logistic, logit};
use crate::view::{Frame, PlatformView};
use train::{Table, Trained};

crate::params! {
    /// The DP boosting scorer. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpBoostingParams {
        /// Number of tables, each a release.
        pub tables: u32 = 50, "releases", between(4.0, 10_000.0), "tried on the Taiwan table: 50 to 200 differ by less than .0004 of AUC; the fewest are the fastest";
        /// Share of μ² for the linear part, a `dp-logistic`; 0 leaves it out.
        pub linear_share: f64 = 0.5, "share", between(0.0, 0.95), "tried on the Taiwan table: .4 to .75 differ little";
        /// Even cells over a column's bounds that fill the gaps between its public steps and knots.
        pub grid: u32 = 10, "cells", between(1.0, 64.0), "assumed: tenths of the range";
        /// Standard deviation of the log-odds that is expected of what the linear part leaves to the tables.
        pub prior_spread: f64 = 0.7, "log-odds", above(0.0, 10.0), "tried on the Taiwan table: .4 to 1.5 differ little";
        /// Default rate assumed before anything is seen, where there is no linear part.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
        /// Chance that a table crosses columns regardless of what they explained so far.
        pub explore: f64 = 0.25, "share", between(0.0, 1.0), "tried on the Taiwan table: 0 to .3 differ little";
    }
}

/// Boosted tables under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpBoosting {
    /// Public settings.
    pub params: DpBoostingParams,
    /// Public settings of the linear part.
    pub logistic: DpLogisticParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

/// Learnt tables.
pub struct DpBoostingModel {
    bins: PublicBins,
    start: Start,
    trained: Trained,
}

impl DpBoosting {
    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<DpBoostingModel> {
        let budget = Budget::new(self.budget.epsilon, self.budget.delta)?;
        let labels = labels_of(view)?;
        let p = &self.params;
        let (frame, share) = (&view.features, p.linear_share);
        let bins = PublicBins::new(frame.columns(), p.grid);
        let mut noise = self.noise.clone();
        let mut source = Source { noise: &mut noise, ledger };
        let mu = |share: f64| budget.mu() * libm::sqrt(share);
        let start = if share > 0.0 {
            let part = DpLogistic { params: self.logistic.clone(), budget, noise: self.noise.clone() };
            Start::Linear(part.learn(view, mu(share), &mut source)?)
        } else {
            Start::Level(logit(p.prior_rate))
        };
        let eta = start.log_odds(frame);
        let (trained, spread) = train::fit(p, &bins, frame, labels, eta, mu(1.0 - share), &mut source)?;
        let trained = match start.leaning() {
            Some(prior) if spread > prior => trained.shrunk(prior / spread),
            _ => trained,
        };
        Ok(DpBoostingModel { bins, start, trained })
    }
}

/// Where the tables start from.
enum Start {
    /// The same log-odds for everybody.
    Level(f64),
    /// A logistic regression.
    Linear(Model),
}

impl Start {
    /// The spread of its log-odds, where noise swamped the data and public trends alone are left.
    fn leaning(&self) -> Option<f64> {
        match self {
            Self::Level(_) => None,
            Self::Linear(model) => model.leaning(),
        }
    }

    fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        match self {
            Self::Level(level) => vec![*level; frame.rows()],
            Self::Linear(model) => model.log_odds(frame),
        }
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

    /// What moves everybody's log-odds beside the linear part, and every cell of every table.
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
        let mut eta = self.start.log_odds(&view.features);
        self.trained.add(&self.bins, &view.features, &mut eta);
        Ok(eta.into_iter().map(|z| logistic(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT))).collect())
    }

    fn export(&self) -> Option<serde_json::Value> {
        saved::write(self)
    }

    fn notes(&self) -> Vec<String> {
        match &self.start {
            Start::Linear(model) if !model.notes().is_empty() => {
                vec![
                    "noise swamped the data (too few persons for this ε): the scores are little but the public prior"
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
