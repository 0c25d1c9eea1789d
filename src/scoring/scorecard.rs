//! The weight-of-evidence scorecard, as credit bureaus build it.
//!
//! 1. Unshared columns are [imputed](super::impute); then each column is cut into bins, on the training view alone
//!    ([`binning`](super::binning)): fine quantile bins, merged until the default rate is monotone in the column and no bin
//!    is small.
//! 2. A bin with g goods and b bads of G and B in all gets, with s persons at the base rate added as smoothing,
//!
//! ```text
//! WoE = ln((g + s·G/n)/G) − ln((b + s·B/n)/B)      n = G + B; 0 for an empty bin; larger is safer
//! IV  = Σ (g/G − b/B)·WoE                          information value of the column
//! ```
//!
//! 3. A logistic regression on the WoE values ([`newton`](super::newton)) gives the PD.
//!
//! Columns with an IV below `least_iv` are left out. A NaN has WoE 0. Limits: additive, monotone in each column, and edges
//! are read off the data (so this scorer is not for use under differential privacy).

use super::binning::{BinningParams, Bins, bin};
use super::expand::{Design, same_columns};
use super::impute::Imputer;
use super::lanes::probabilities;
use super::newton::{Solution, newton};
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::{above, between};
use crate::privacy::Ledger;
use crate::view::{Column, Frame, LenderView};
use rayon::prelude::*;

crate::params! {
    /// The weight-of-evidence scorecard.
    pub struct ScorecardParams {
        /// How each column is cut.
        pub bins: BinningParams = BinningParams::default();
        /// Columns with less information value are left out; .02 is called useless, .1 weak, .3 medium, .5 strong.
        pub least_iv: f64 = 0.0, "", between(0.0, 10.0), "assumed: all columns, so that arms differ by disclosure alone";
        /// Penalty of the logistic regression on the WoE values, as `lender.logistic.ridge`.
        pub ridge: f64 = 1.0, "persons", above(0.0, 1e9), "scikit-learn's default, C = 1";
    }
}

/// A scorecard, to be fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scorecard {
    /// Its parameters.
    pub params: ScorecardParams,
}

/// A fitted scorecard.
#[derive(Clone, Debug, PartialEq)]
pub struct ScorecardModel {
    imputer: Imputer,
    columns: Vec<Column>,
    /// Index into `columns` and the bins, for each column that is used.
    used: Vec<(usize, Bins)>,
    solution: Solution,
}

/// One bin of one column, for documentation.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct BinRow {
    /// Column.
    pub column: String,
    /// Information value of the column.
    pub iv: f64,
    /// Lower end, included; −∞ for the first bin.
    pub from: f32,
    /// Upper end, excluded; +∞ for the last bin.
    pub below: f32,
    /// Training persons.
    pub persons: u32,
    /// Of these, defaulted.
    pub bads: u32,
    /// Weight of evidence; larger is safer.
    pub woe: f64,
    /// What the bin adds to the log-odds of default.
    pub log_odds: f64,
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
        let all: Vec<Bins> =
            (0..frame.width()).into_par_iter().map(|j| bin(frame.column(j), labels, &self.params.bins)).collect();
        let used: Vec<(usize, Bins)> =
            all.into_iter().enumerate().filter(|(_, b)| b.iv() >= self.params.least_iv).collect();
        let solution = newton(&weigh(&used, &frame), labels, self.params.ridge, None)?;
        Ok(ScorecardModel { imputer, columns: frame.columns().to_vec(), used, solution })
    }
}

/// The design of WoE values: the constant, then one column for each that is used.
fn weigh(used: &[(usize, Bins)], frame: &Frame) -> Design {
    let mut design = Design::new(frame.rows(), 1 + used.len());
    for (k, (j, bins)) in used.iter().enumerate() {
        bins.woe_of(frame.column(*j), design.column_mut(1 + k));
    }
    design
}

impl Scorer<LenderView> for Scorecard {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Ok(Box::new(self.learn(view)?))
    }
}

impl ScorecardModel {
    /// Every bin of every column that is used, in the order of the columns.
    pub fn table(&self) -> Vec<BinRow> {
        let mut out = Vec::new();
        for ((j, bins), beta) in self.used.iter().zip(self.solution.coefficients.iter().skip(1)) {
            out.extend(bins.iter().map(|b| BinRow {
                column: self.columns[*j].name.clone(),
                iv: bins.iv(),
                from: b.from,
                below: b.below,
                persons: b.persons,
                bads: b.bads,
                woe: b.woe,
                log_odds: beta * b.woe,
            }));
        }
        out
    }

    /// Name and coefficient on the WoE of each column that is used, the constant first; near −1 where columns are
    /// independent.
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        let names = self.used.iter().map(|(j, _)| self.columns[*j].name.clone());
        let names = std::iter::once("(constant)".to_owned()).chain(names);
        names.zip(self.solution.coefficients.iter().copied()).collect()
    }
}

impl Fitted<LenderView> for ScorecardModel {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        self.imputer.check(view)?;
        let frame = self.imputer.complete(view);
        same_columns(&self.columns, frame.columns())?;
        Ok(probabilities(&weigh(&self.used, &frame), &self.solution.coefficients))
    }
}

#[cfg(test)]
mod tests {
    use super::super::logistic::tests::{keeps_its_promises, view};
    use super::*;

    #[test]
    fn the_scorecard_keeps_its_promises() {
        keeps_its_promises(&Scorecard::default());
    }

    #[test]
    fn the_table_adds_up_to_the_score() {
        let v = view(8000, 1.1, false);
        let model = Scorecard::default().learn(&v).unwrap();
        let (table, pd) = (model.table(), model.score(&v).unwrap());
        assert!(model.coefficients().iter().skip(1).all(|(_, beta)| *beta < -0.5));
        for i in 0..100 {
            let mut eta = model.coefficients()[0].1;
            for (j, name) in ["late", "used"].iter().enumerate() {
                let x = v.always.column(j)[i];
                eta += table.iter().find(|r| r.column == *name && r.from <= x && x < r.below).unwrap().log_odds;
            }
            let x = v.more.column(0)[i];
            eta += table.iter().find(|r| r.column == "bills" && r.from <= x && x < r.below).unwrap().log_odds;
            assert!((crate::stats::logistic(eta) - pd[i]).abs() < 1e-6);
        }
    }

    #[test]
    fn columns_of_little_value_can_be_left_out() {
        let v = view(8000, 1.1, false);
        let with = |least_iv| Scorecard::new(ScorecardParams { least_iv, ..ScorecardParams::default() }).learn(&v);
        let names = |least_iv| with(least_iv).unwrap().coefficients().into_iter().map(|c| c.0).collect::<Vec<_>>();
        assert_eq!(names(0.0), ["(constant)", "late", "used", "bills"]);
        assert_eq!(names(0.2), ["(constant)", "late", "bills"]);
        // Nothing is left: everybody gets the base rate.
        let pd = with(10.0).unwrap().score(&v).unwrap();
        assert!(pd.iter().all(|p| *p == pd[0]));
    }
}
