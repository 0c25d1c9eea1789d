//! `auto`: the DP scorer that suits the number of persons and the budget.
//!
//! How much the noise leaves standing depends on the number of those who defaulted times ε, and so does the best learner:
//!
//! | scorer | where | why |
//! |---|---|---|
//! | public trends, calibrated | bads·min(ε, 8) < `learn_from`, and a column has a public trend | less is learnt than everybody knows |
//! | `dp-logistic` | else, if n·min(ε, 8) a term of the [expansion](super::expand) ≥ `logistic_from`, or if `trends_from` columns without special codes have a public trend | learns most; trends are its prior |
//! | `dp-scorecard`, equal weights | else | nothing beyond the columns' own evidence can be paid for |
//!
//! Public trends rank as the scorer [`public-trends`](super::public_trends) does; their scale and level come from goods and bads counted
//! by that score (`dp_rows::link`).
//!
//! Tried on the Taiwan table (800 to 20,000 persons, 22 % bad) and on a made-up bank at 2.4, 6.8 and 19 % bad, at ε of 0.1 to 3. Below some 150
//! bads·ε `dp-logistic` ranked worse than the trends on the made-up tables, by up to .04 of AUC at 2.4 %; on the Taiwan table it ranked better
//! from 60 on, by up to .006, which this rule gives away. With 188 terms in place of the scenario's, the Taiwan table's trends rank at .715, and
//! equal weights at .744: no rule of public numbers knows which of two public priors is the better one. Without trends, equal weights led below some 20 persons·ε a term.
//!
//! # Guarantee
//!
//! The numbers of goods and of bads (where the number of persons is public, of bads alone) are released and charged: a person changes
//! one of them by 1, their share of μ² is `count_share`; the chosen scorer gets the rest, and its own proof. Calibrated
//! trends are counts by a public score, one a person: sensitivity 1. The choice is a
//! function of released counts and of public constants, so adaptive composition of Gaussian differential privacy adds both μ².
//!
//! Where noise swamps everything the scorer returns its public prior, and the notes of the fitted model say so, as they
//! say what was chosen and why.

mod trends;

use super::dp_rows::{Source, labels_of};
use super::expand::Expansion;
use super::{ColumnWeights, DpLogistic, DpParams, DpScorecard, DpScorecardParams, Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::{Budget, IntegerGaussian, Ledger, Noise, rounded_up};
use crate::view::{Column, PlatformView, Trend};

crate::params! {
    /// Which scorer `auto` takes.
    pub struct DpAutoParams {
        /// Number of persons to learn from, where that is public; absent: counted with noise.
        pub persons: Option<f64> = None, "persons", above(0.0, 1e12), "the scenario's knowledge";
        /// Share of μ² for the noisy counts of goods and bads.
        pub count_share: f64 = 0.02, "share", between(0.0001, 0.5), "assumed: a count needs little";
        /// bads·min(ε, 8) from which anything is learnt where trends are public.
        pub learn_from: f64 = 150.0, "bads", between(0.0, 1e12), "Taiwan table and made-up banks of 2.4 to 19 % bad";
        /// n·min(ε, 8) a term of the expansion from which a logistic regression is learnt.
        pub logistic_from: f64 = 20.0, "persons a term", between(0.0, 1e12), "Taiwan table and synthetic populations";
        /// Columns of a public trend from which these are a prior to lean on.
        pub trends_from: u32 = 3, "columns", between(1.0, 1e6), "German credit has one, which ranks at .63: worse by .1 of AUC than the columns' own evidence at ε = 1";
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

/// Whether a column's PD is known to rise or to fall with it.
fn has_trend(column: &Column) -> bool {
    matches!(column.trend, Trend::Rising | Trend::Falling) && !column.is_category()
}

/// Released or public numbers.
struct Counted {
    persons: f64,
    bads: f64,
}

impl DpAuto {
    /// How many persons and bads there are, and what is left of `mu`.
    fn count(&self, labels: &[bool], mu: f64, source: &mut Source) -> Result<(Counted, f64)> {
        let p = &self.params.auto;
        let mechanism = IntegerGaussian::calibrate_mu(GRAIN.unsigned_abs().pow(2), mu * libm::sqrt(p.count_share))?;
        let bads = labels.iter().filter(|bad| **bad).count();
        let units = |n: usize| (n as u64).cast_signed().saturating_mul(GRAIN);
        let mut counts = vec![units(bads)];
        if p.persons.is_none() {
            counts.push(units(labels.len() - bads));
        }
        mechanism.release(&mut counts, "numbers of bads and of goods", source.noise, source.ledger)?;
        let number = |k: usize| (counts[k] as f64 / GRAIN as f64).max(0.0);
        let persons = p.persons.unwrap_or_else(|| number(0) + number(1)).max(1.0);
        let counted = Counted { persons, bads: number(0).clamp(0.0, persons) };
        Ok((counted, mu * libm::sqrt(1.0 - p.count_share)))
    }

    /// Fits the scorer that suits these numbers at a cost of `mu`; its name beside.
    fn chosen(
        &self,
        counted: &Counted,
        mu: f64,
        mut noise: Noise,
        view: &PlatformView,
        ledger: &mut Ledger,
    ) -> Result<(Box<dyn Fitted<PlatformView>>, &'static str)> {
        let (p, budget, columns) = (&self.params, self.budget, view.features.columns());
        let epsilon = budget.epsilon.min(LARGEST_EPSILON);
        if columns.iter().any(has_trend) && counted.bads * epsilon < p.auto.learn_from {
            let rate = (counted.bads / counted.persons).clamp(0.005, 0.5);
            let model = trends::calibrated(view, rate, mu, &mut Source { noise: &mut noise, ledger })?;
            return Ok((Box::new(model), "public trends, calibrated"));
        }
        let leads =
            columns.iter().filter(|c| has_trend(c) && c.special.is_empty()).count() >= p.auto.trends_from as usize;
        let terms = Expansion::new(columns).width() as f64;
        if leads || counted.persons * epsilon >= p.auto.logistic_from * terms {
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
        let labels = labels_of(view)?;
        let mut noise = self.noise.clone();
        let (counted, left) = self.count(labels, budget.mu(), &mut Source { noise: &mut noise, ledger })?;
        // The noise goes on where the count's ended: no draw is used twice.
        let (inner, name) = self.chosen(&counted, left, noise, view, ledger)?;
        let known = if self.params.auto.persons.is_some() { "public number" } else { "noisy count" };
        let chosen = format!(
            "auto chose {name}: {:.0} persons ({known}), {:.0} of them bad (noisy count), with ε = {} for the model",
            counted.persons,
            counted.bads,
            rounded_up(budget.epsilon, 4)
        );
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
