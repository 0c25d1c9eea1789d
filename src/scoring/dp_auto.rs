//! `auto`: the DP scorer that suits the number of persons and the budget.
//!
//! How much the noise leaves standing depends on n·ε, and so does the best learner:
//!
//! | scorer | where | why |
//! |---|---|---|
//! | `dp-logistic` | n·min(ε, 8) a term of the [expansion](super::expand) ≥ `logistic_from`, or ≥ `logistic_from_with_trends` where `trends_from` columns without special codes have a public trend | learns most; trends are its prior where noise drowns the rest |
//! | `dp-scorecard`, equal weights | else | nothing beyond the columns' own evidence can be paid for |
//!
//! Tried on the Taiwan table (n of 300 to 24,000; with and without trends; 83 and 188 terms) and on two synthetic
//! populations (n of 1,000 and 10,000). From n·ε of some 2,000 on 83 terms and 5,000 on 188, `dp-logistic` was ahead of every other
//! scorer or within .002 of AUC; below, without trends, equal weights led it by up to .06. With trends the two tables
//! disagree on where the curves cross (6 a term on 83 terms, 20 on 188): the default sides with the shorter list, at a cost of up
//! to .04 of AUC on the longer one between the two.
//!
//! # Guarantee
//!
//! Where n is public (`persons`), choosing costs nothing. Otherwise one noisy count is released and charged: a person
//! changes it by 1, its share of μ² is `count_share`; the chosen scorer gets the rest, and its own proof. The choice is a
//! function of that count and of public constants, so adaptive composition of Gaussian differential privacy adds both μ².
//!
//! Where noise swamps everything the scorer returns its public prior, and the notes of the fitted model say so, as they
//! say what was chosen and why.

use super::dp_rows::{Source, labels_of};
use super::expand::Expansion;
use super::{ColumnWeights, DpLogistic, DpParams, DpScorecard, DpScorecardParams, Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::{Budget, IntegerGaussian, Ledger, Noise};
use crate::view::{Column, PlatformView, Trend};

crate::params! {
    /// Which scorer `auto` takes.
    pub struct DpAutoParams {
        /// Number of persons to learn from, where that is public; absent: counted with noise.
        pub persons: Option<f64> = None, "persons", above(0.0, 1e12), "the scenario's knowledge";
        /// Share of μ² for the noisy count where the number is not public.
        pub count_share: f64 = 0.01, "share", between(0.0001, 0.5), "assumed: a count needs little";
        /// n·min(ε, 8) a term of the expansion from which a logistic regression is learnt.
        pub logistic_from: f64 = 20.0, "persons a term", between(0.0, 1e12), "Taiwan table and synthetic populations";
        /// Columns of a public trend from which these are a prior to lean on.
        pub trends_from: u32 = 3, "columns", between(1.0, 1e6), "German credit has one, which ranks at .63: worse by .1 of AUC than the columns' own evidence at ε = 1";
        /// n·min(ε, 8) a term from which a logistic regression is learnt where public trends are such a prior.
        pub logistic_from_with_trends: f64 = 5.0, "persons a term", between(0.0, 1e12), "Taiwan table, 83 terms";
    }
}

/// The scorer that suits n and ε; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpAuto {
    /// Public settings of `auto` and of all it may choose.
    pub params: DpParams,
    /// Budget of the whole fit, the count included.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

/// ε beyond which more of it changes little.
const LARGEST_EPSILON: f64 = 8.0;

/// Units of the released count to one person: so fine that the grid of the noise costs next to nothing.
const GRAIN: i64 = 16;

/// Whether a column's trend is a prior to lean on: where codes stand is not public.
fn leads(column: &Column) -> bool {
    matches!(column.trend, Trend::Rising | Trend::Falling) && column.special.is_empty() && !column.is_category()
}

impl DpAuto {
    /// The number of persons, public or released, and what is left of `mu`.
    fn count(&self, persons: usize, mu: f64, source: &mut Source) -> Result<(f64, f64)> {
        let p = &self.params.auto;
        if let Some(n) = p.persons {
            return Ok((n, mu));
        }
        let mechanism = IntegerGaussian::calibrate_mu(GRAIN.unsigned_abs().pow(2), mu * libm::sqrt(p.count_share))?;
        let mut count = [(persons as u64).cast_signed().saturating_mul(GRAIN)];
        mechanism.release(&mut count, "number of persons", source.noise, source.ledger)?;
        Ok(((count[0] as f64 / GRAIN as f64).max(1.0), mu * libm::sqrt(1.0 - p.count_share)))
    }

    /// Fits the scorer for about `persons` persons at a cost of `mu`; its name beside.
    fn chosen(
        &self,
        persons: f64,
        mu: f64,
        noise: Noise,
        view: &PlatformView,
        ledger: &mut Ledger,
    ) -> Result<(Box<dyn Fitted<PlatformView>>, &'static str)> {
        let (p, budget) = (&self.params, self.budget);
        let expansion = Expansion::new(view.features.columns());
        let leading = view.features.columns().iter().filter(|c| leads(c)).count();
        let least = if leading >= p.auto.trends_from as usize {
            p.auto.logistic_from_with_trends
        } else {
            p.auto.logistic_from
        };
        let terms = expansion.width() as f64;
        if persons * budget.epsilon.min(LARGEST_EPSILON) >= least * terms {
            let mut noise = noise;
            let scorer = DpLogistic { params: p.logistic.clone(), budget, noise: noise.clone() };
            let model = scorer.learn(view, mu, &mut Source { noise: &mut noise, ledger })?;
            return Ok((Box::new(model), "dp-logistic"));
        }
        let params = DpScorecardParams { weights: ColumnWeights::Equal, ..p.scorecard.clone() };
        let model = DpScorecard { params, budget, noise }.learn_at(mu, view, ledger)?;
        Ok((Box::new(model), "dp-scorecard with equal weights"))
    }
}

impl Scorer<PlatformView> for DpAuto {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        let budget = Budget::new(self.budget.epsilon, self.budget.delta)?;
        let persons = labels_of(view)?.len();
        let mut noise = self.noise.clone();
        let (n, left) = self.count(persons, budget.mu(), &mut Source { noise: &mut noise, ledger })?;
        // The noise goes on where the count's ended: no draw is used twice.
        let (inner, name) = self.chosen(n, left, noise, view, ledger)?;
        let known = if self.params.auto.persons.is_some() { "public" } else { "noisy" };
        let chosen = format!("auto chose {name}: {n:.0} persons ({known} count) at epsilon {}", budget.epsilon);
        Ok(Box::new(Chosen { inner, chosen }))
    }
}

/// What the chosen scorer learnt.
struct Chosen {
    inner: Box<dyn Fitted<PlatformView>>,
    chosen: String,
}

impl Fitted<PlatformView> for Chosen {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.inner.score(view)
    }

    fn notes(&self) -> Vec<String> {
        std::iter::once(self.chosen.clone()).chain(self.inner.notes()).collect()
    }

    fn export(&self) -> Option<serde_json::Value> {
        self.inner.export()
    }
}

#[cfg(test)]
mod tests;
