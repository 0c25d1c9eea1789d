//! Logistic regression: PD = σ(x·β), with x the public [expansion](super::expand) of the completed features and β the
//! minimum of the penalised log-loss ([`newton`](super::newton)).
//!
//! Unshared columns are imputed first ([`Imputer`]). All that is learnt from data is β and the imputation; bounds, steps and
//! knots are public. Limits: additive in the expanded features, no interactions.

use super::expand::Expansion;
use super::impute::Imputer;
use super::lanes::probabilities;
use super::newton::{Solution, newton};
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::above;
use crate::privacy::Ledger;
use crate::view::LenderView;

crate::params! {
    /// Logistic regression.
    pub struct LogisticParams {
        /// Penalty: half of this times the sum of squared coefficients (all but the constant's) is added to the summed
        /// log-loss of the training persons. 1/C in scikit-learn's terms.
        pub ridge: f64 = 1.0, "persons", above(0.0, 1e9), "scikit-learn's default, C = 1";
    }
}

/// Logistic regression, to be fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logistic {
    /// Its parameters.
    pub params: LogisticParams,
}

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticModel {
    imputer: Imputer,
    expansion: Expansion,
    solution: Solution,
}

impl Logistic {
    /// With these parameters.
    pub fn new(params: LogisticParams) -> Self {
        Self { params }
    }

    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &LenderView) -> Result<LogisticModel> {
        let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the training view has no labels".into()))?;
        let imputer = Imputer::fit(view)?;
        let frame = imputer.complete(view);
        let expansion = Expansion::new(frame.columns());
        let solution = newton(&expansion.design(&frame), labels, self.params.ridge, None)?;
        Ok(LogisticModel { imputer, expansion, solution })
    }
}

impl Scorer<LenderView> for Logistic {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Ok(Box::new(self.learn(view)?))
    }
}

impl LogisticModel {
    /// Name and coefficient of each column of the design, the constant first; columns scaled as in [`Expansion`].
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        self.expansion.names().into_iter().zip(self.solution.coefficients.iter().copied()).collect()
    }

    /// The solver's answer: Hessian, rounds, convergence.
    pub fn solution(&self) -> &Solution {
        &self.solution
    }
}

impl Fitted<LenderView> for LogisticModel {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        self.imputer.check(view)?;
        let design = self.expansion.design(&self.imputer.complete(view));
        Ok(probabilities(&design, &self.solution.coefficients))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};
    use crate::stats::logistic;
    use crate::view::{Column, Frame};

    /// Two bureau columns and one platform column that `share` of the persons share; labels from all three.
    pub fn view(rows: usize, share: f64, refusal_is_a_feature: bool) -> LenderView {
        let streams = Streams::new(21, 0);
        let person = |i: usize| Entity::Person(i as u64);
        let frame = |names: &[&str], first: u16| {
            let columns: Vec<Column> = names.iter().map(|n| Column::new(n, -3.0, 3.0).with_steps(&[0.0])).collect();
            let mut out = Frame::zeros(columns, rows);
            for (j, month) in (0..names.len()).zip(first..) {
                let draw = |i| streams.normal(person(i), month, Purpose::Month) as f32;
                (0..rows).zip(out.column_mut(j)).for_each(|(i, x)| *x = draw(i));
            }
            out
        };
        let (always, mut more) = (frame(&["late", "used"], 0), frame(&["bills"], 2));
        let bad = |i: usize| {
            let eta = always.column(0)[i] + 0.3 * always.column(1)[i] - more.column(0)[i] - 1.5;
            streams.uniform(person(i), 0, Purpose::Outcome) < logistic(f64::from(eta))
        };
        let labels = Some((0..rows).map(bad).collect());
        let known: Vec<bool> = (0..rows).map(|i| streams.uniform(person(i), 0, Purpose::Preference) < share).collect();
        more.column_mut(0).iter_mut().zip(&known).for_each(|(x, known)| *x *= f32::from(u8::from(*known)));
        LenderView { always, more, known, refusal_is_a_feature, labels }
    }

    /// What every scorer here promises.
    pub fn keeps_its_promises(scorer: &(dyn Scorer<LenderView> + Sync)) {
        let fit = |v: &LenderView| scorer.fit(v, &mut Ledger::new());
        for (share, refusal) in [(0.0, false), (0.4, false), (0.4, true), (1.1, false)] {
            let v = view(6000, share, refusal);
            let score = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| fit(&v).unwrap().score(&v).unwrap())
            };
            let pd = score(1);
            assert_eq!(pd, score(3));
            assert!(pd.iter().all(|p| *p > 0.0 && *p < 1.0));
            let bads = v.labels.iter().flatten().filter(|y| **y).count() as f64;
            assert!((pd.iter().sum::<f64>() - bads).abs() < 1e-3 * bads, "the mean PD is the default rate");
            // One person alone gets the same score as among the others, NaN or not.
            let mut odd = v.always.select(&[7]);
            odd.column_mut(0)[0] = f32::NAN;
            for (always, want) in [(v.always.select(&[7]), Some(pd[7])), (odd, None)] {
                let (more, known) = (v.more.select(&[7]), vec![v.known[7]]);
                let alone = LenderView { always, more, known, labels: None, ..v.clone() };
                let got = fit(&v).unwrap().score(&alone).unwrap();
                assert!(want.map_or(got[0].is_finite(), |p| got == [p]));
            }
            let other = LenderView { always: v.always.pick(&["used", "late"]), ..v.clone() };
            assert!(fit(&v).unwrap().score(&other).is_err());
        }
        let v = view(50, 0.5, false);
        assert!(fit(&LenderView { labels: None, ..v.clone() }).is_err());
        assert!(fit(&LenderView { labels: Some(vec![false; 50]), ..v.clone() }).is_err());
        assert!(fit(&LenderView { labels: Some(vec![true; 3]), ..v.clone() }).is_err());
        assert!(fit(&view(0, 0.5, false)).is_err());
    }

    #[test]
    fn logistic_regression_keeps_its_promises() {
        keeps_its_promises(&Logistic::default());
    }

    /// Pinned bits: catches a fused multiplication, another order of the lanes, or a processor's own exp.
    #[test]
    fn every_processor_gives_the_same_bits() {
        let v = view(5000, 0.4, false);
        let pd = Logistic::default().learn(&v).unwrap().score(&v).unwrap();
        let digest = pd.iter().fold(0u64, |h, p| crate::rng::mix(h ^ p.to_bits()));
        assert_eq!(digest, 0x3547cd3b984d215e);
    }

    #[test]
    fn coefficients_carry_their_columns_names() {
        let model = Logistic::default().learn(&view(20_000, 1.1, true)).unwrap();
        let named = model.coefficients();
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["(constant)", "late", "late >= 0", "used", "used >= 0", "bills", "bills >= 0", "refused"]);
        // One unit of the raw column is a third of the scaled one.
        assert!((named[1].1 / 3.0 - 1.0).abs() < 0.15 && (named[5].1 / 3.0 + 1.0).abs() < 0.15, "{named:?}");
        assert!(model.solution().converged);
    }
}
