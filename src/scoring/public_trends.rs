//! What is known before any data: a score from the directions that the columns' authors declared.
//!
//! ```text
//! log-odds = logit(rate) + strength · Σ θⱼxⱼ / √Σ θⱼ²
//! ```
//!
//! with x the public [expansion](super::expand) and θ its public directions ([`Trends`]): 1 or −1 on a
//! quantity, half of it on its steps, 0 where no trend is declared. Codes, missing and unshared values stand at the middle of the
//! public bounds and say nothing. No label and no value of the training view is read, so this is what a scorer that learns has to
//! beat: under differential privacy it costs ε = 0, and a DP scorer that is no better has learnt nothing.
//!
//! Limits: it ranks; its PDs are of an assumed rate and spread and are not calibrated.

use super::expand::{Expansion, Trends};
use super::impute::Imputer;
use super::lanes::probabilities;
use super::{Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::Ledger;
use crate::stats::logit;
use crate::view::{Frame, LenderView};

crate::params! {
    /// A score from the columns' public trends alone.
    pub struct PublicTrendsParams {
        /// PD of somebody in the middle of all columns.
        pub rate: f64 = 0.1, "PD", between(0.001, 0.999), "assumed";
        /// Log-odds by which a score moves with one unit along the trends. Changes no ranking.
        pub strength: f64 = 1.0, "log-odds", above(0.0, 100.0), "assumed";
    }
}

/// The scorer that learns nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublicTrends {
    /// Its parameters.
    pub params: PublicTrendsParams,
}

struct Model {
    imputer: Imputer,
    expansion: Expansion,
    coefficients: Vec<f64>,
}

impl PublicTrends {
    /// With these parameters.
    pub fn new(params: PublicTrendsParams) -> Self {
        Self { params }
    }

    /// Constant and coefficients along the terms of an expansion of so many terms beside the constant.
    pub(super) fn coefficients(&self, trends: &Trends, terms: usize) -> Vec<f64> {
        let along = trends.along(&vec![0.0; terms], 0.0);
        let norm = libm::sqrt(along.iter().map(|t| t * t).sum());
        let unit = if norm > 0.0 { self.params.strength / norm } else { 0.0 };
        std::iter::once(logit(self.params.rate)).chain(along.into_iter().map(|t| t * unit)).collect()
    }
}

impl Scorer<LenderView> for PublicTrends {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        // Columns without rows: nothing to impute from.
        let nobody = |frame: &Frame| Frame::zeros(frame.columns(), 0);
        let unread = LenderView {
            always: nobody(&view.always),
            more: nobody(&view.more),
            known: Vec::new(),
            refusal_is_a_feature: false,
            labels: None,
        };
        let imputer = Imputer::fit(&unread)?;
        let expansion = Expansion::new(&imputer.completed());
        let coefficients = self.coefficients(&expansion.trends(), expansion.width() - 1);
        Ok(Box::new(Model { imputer, expansion, coefficients }))
    }
}

impl Fitted<LenderView> for Model {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        self.imputer.check(view)?;
        Ok(probabilities(&self.expansion.design(&self.imputer.complete(view)), &self.coefficients))
    }

    fn notes(&self) -> Vec<String> {
        if self.coefficients[1..].iter().all(|c| *c == 0.0) {
            return vec!["no column has a public trend: everybody has the same score".to_owned()];
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Column;

    fn view(values: &[[f32; 2]], known: &[bool], labels: Option<Vec<bool>>) -> LenderView {
        let frame = |column: Column, j: usize| {
            let mut out = Frame::zeros(vec![column], values.len());
            out.column_mut(0).iter_mut().zip(values).for_each(|(x, v)| *x = v[j]);
            out
        };
        let late = Column::new("late", 0.0, 10.0).with_steps(&[5.0]).with_missing().rising();
        let income = Column::new("income", 0.0, 100.0).falling();
        LenderView {
            always: frame(late, 0),
            more: frame(income, 1),
            known: known.to_vec(),
            refusal_is_a_feature: false,
            labels,
        }
    }

    fn scores(fitted_on: &LenderView, scored: &LenderView) -> Vec<f64> {
        let mut ledger = Ledger::new();
        let pd = PublicTrends::default().fit(fitted_on, &mut ledger).unwrap().score(scored).unwrap();
        assert!(ledger.entries().is_empty() && pd.iter().all(|p| *p > 0.0 && *p < 1.0));
        pd
    }

    #[test]
    fn pd_rises_with_what_is_declared_to_raise_it_and_the_unknown_says_nothing() {
        let rows = [[0.0, 100.0], [5.0, 50.0], [10.0, 50.0], [10.0, 0.0], [f32::NAN, 50.0], [f32::NAN, 0.0]];
        let v = view(&rows, &[true, true, true, true, true, false], None);
        let pd = scores(&v, &v);
        assert!(pd.windows(2).take(3).all(|w| w[0] < w[1]), "{pd:?}");
        assert!((pd[4] - 0.1).abs() < 1e-6 && pd[5] == pd[4], "{pd:?}");
    }

    /// Catches a mean, a label or an imputation that is learnt: the rows it is fitted on change nothing.
    #[test]
    fn nothing_is_read_off_the_data_it_is_fitted_on() {
        let asked = view(&[[1.0, 3.0], [7.0, 90.0], [9.0, 0.0]], &[true, true, false], None);
        let one = view(&[[0.0, 0.0]; 4], &[true; 4], Some(vec![true; 4]));
        let other = view(&[[9.0, 100.0], [0.0, 1.0]], &[true, false], Some(vec![false, true]));
        assert_eq!(scores(&one, &asked), scores(&other, &asked));
    }

    #[test]
    fn without_a_trend_all_are_the_same_and_it_says_so() {
        let mut v = view(&[[1.0, 3.0], [7.0, 90.0]], &[true; 2], None);
        for frame in [&mut v.always, &mut v.more] {
            *frame = Frame::zeros(vec![Column::new("x", 0.0, 1.0)], 2);
        }
        let fitted = PublicTrends::default().fit(&v, &mut Ledger::new()).unwrap();
        assert!(fitted.notes()[0].contains("no column has a public trend"));
        assert!(fitted.score(&v).unwrap().iter().all(|p| (p - 0.1).abs() < 1e-9));
    }
}
