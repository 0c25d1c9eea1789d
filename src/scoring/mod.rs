//! Scorers: from what a lender (or a platform) sees to a probability of default (PD) a person.
//!
//! Three models without privacy: [`logistic`], a penalised logistic regression on a public expansion of the features,
//! [`scorecard`], the weight-of-evidence scorecard that credit bureaus use, and [`boosting`], gradient-boosted trees. All
//! complete what is not shared with [`impute`] first. [`scale`] turns a PD into a score of 350–950, [`monitoring`] compares
//! two samples of persons. Scorers of one's own: [`command`] starts
//! a program, [`onnx`] reads a trained model. [`public_trends`] learns nothing: what the others have to beat.
//!
//! A scorer imports views, never the population: what it cannot see it cannot use.

pub mod binning;
pub mod boosting;
pub mod command;
pub mod dp;
pub mod dp_adassp;
pub mod dp_auto;
mod dp_bins;
pub mod dp_boosting;
pub mod dp_ebm;
pub mod dp_logistic;
pub mod dp_quality;
mod dp_rows;
pub mod dp_scorecard;
pub mod expand;
pub mod impute;
mod lanes;
pub mod logistic;
pub mod monitoring;
pub mod newton;
pub mod onnx;
pub mod public_trends;
pub mod refit;
pub mod saved;
pub mod scale;
pub mod scorecard;
#[cfg(test)]
mod taiwan;
#[cfg(test)]
pub(crate) mod test_data;
#[cfg(test)]
mod twin_tests;

pub use boosting::{Boosting, BoostingParams};
pub use command::{Command, CommandParams};
pub use dp::{DpChoice, DpParams, dp_scorer};
pub use dp_adassp::{DpAdassp, DpAdasspParams};
pub use dp_auto::{DpAuto, DpAutoParams};
pub use dp_boosting::{DpBoosting, DpBoostingParams};
pub use dp_ebm::{DpEbm, DpEbmModel, DpEbmParams};
pub use dp_logistic::{DpLogistic, DpLogisticParams};
pub use dp_scorecard::{ColumnWeights, DpScorecard, DpScorecardModel, DpScorecardParams};
pub use logistic::{Logistic, LogisticParams};
pub use newton::soft_scores;
pub use onnx::{Onnx, OnnxParams};
pub use public_trends::{PublicTrends, PublicTrendsParams};
pub use scale::{Scale, ScaleParams};
pub use scorecard::{Scorecard, ScorecardParams};

use crate::error::Result;
use crate::privacy::Ledger;

/// A way to learn scores from a view `V` (a [`LenderView`](crate::view::LenderView) or a
/// [`PlatformView`](crate::view::PlatformView)) that carries labels.
pub trait Scorer<V> {
    /// Learns from the rows of `view`. What it costs in privacy goes into the ledger; scorers without privacy enter
    /// nothing. Fails with [`Error::Fit`](crate::error::Error::Fit) where there is nothing to learn from.
    fn fit(&self, view: &V, ledger: &mut Ledger) -> Result<Box<dyn Fitted<V>>>;
}

/// What was learnt: scores views with the columns it was fitted on.
pub trait Fitted<V>: Send + Sync {
    /// PD of each row, in (0, 1), in the order of the rows.
    fn score(&self, view: &V) -> Result<Vec<f64>>;

    /// What a reader of the scores must know, e.g. that noise left nothing but the prior. Mostly nothing.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// How good a private model is by released counts that were paid for; none where nothing was released about it.
    fn quality(&self) -> Option<&dp_quality::Quality> {
        None
    }

    /// The model as JSON for [`saved::read`]; none where the scorer has no such form yet. Of a private model it holds released
    /// numbers and public constants alone.
    fn export(&self) -> Option<serde_json::Value> {
        None
    }
}
