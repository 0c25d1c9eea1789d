//! Logistic regression under central differential privacy, trained inside the platform.
//!
//! # Guarantee
//!
//! The learnt model is (ε, δ)-DP towards every person of the *training* data; neighbouring data sets differ by adding or
//! removing one person with features and outcome. Nothing protects the record that is scored: a score is a function of
//! it, whatever ε.
//!
//! # What is released
//!
//! The public [`Expansion`] makes each person a row x of entries in [−1, 1]. All released sums are over integer rows z
//! whose norm is clipped *in integers*, after rounding, to a bound that no record has a part in:
//!
//! | release | one person's part | L2 sensitivity | share of μ² |
//! |---|---|---|---|
//! | sums of x and of x² | (z, ⌊zⱼ²/unit⌋) | √(2·norm² − z₀²) | `sums_share` |
//! | second moments of rows centred by the first, of goods and of bads apart | (5zᵢ², 7zᵢzⱼ), in the block of the person's class | 5·norm² | `moments_share` |
//! | `iterations` gradients over rows whitened by the second | round((p − y)·2ᵇ)·z | 2ᵇ·norm | the rest, in equal parts |
//!
//! *Proof.* Row maps, centres, whitening, clip norms and the coefficients p depends on are functions of earlier releases
//! and public constants, so each release is a sum of terms that depend on one person each; adding or removing a person
//! changes it by that person's term, bounded as in the table (`dp_rows` has the algebra; |p − y| ≤ 1 survives rounding to
//! the nearest 2⁻ᵇ). Discrete Gaussian noise of scale σ makes each Δ/√(σ² − r²)-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ²; the rest
//! is post-processing. μ is the largest whose (ε, δ) is within what was asked ([`mu_of_epsilon`]). The number of persons
//! and the number of defaults are private too: they are the rows' constant, inside the same releases.
//!
//! # How it learns
//!
//! Whitening by the noisy covariance makes one norm bound fit all directions. The first guess is the released
//! least-squares direction, scaled to a logistic curve. The gradients are then followed by Newton steps whose curvature is bounded
//! by the moments of goods and bads (`dp_rows::curvature`), so that a step does not overshoot at any default rate; where one did, the next
//! starts where the slope's chord crosses 0 (`dp_rows::path`). Neither costs a release. Each step is an estimate of the optimum
//! with noise of known size; together with the moments' estimate it is drawn towards a public prior by
//! empirical Bayes (`dp_rows::shrink`): towards the score that the columns' public trends make, or to 0 where none has a trend.
//!
//! Where the budget is so large that noise is negligible, rows are clipped later and gradients are more (up to three times
//! `iterations`): the twin at ε = ∞ then ends where `logistic` ends, within .001 of AUC and .02 of slope at 1.5 to 60 % bad
//! (`twin_tests`).
//!
//! ε = ∞ is the noiseless twin: the same path, the same clipping and rounding. All sums are exact, so that the bits do
//! not depend on the order of the rows. Limits: linear in the expanded features; where noise swamps
//! the data the scores are the prior, and the model says so. The defaults were tried on the Taiwan table: on that table they are
//! themselves read off the data and not charged, so ε is understated there and accuracy a little flattered.
//!
//! Sources: Bun & Steinke 2016 (zCDP); Canonne, Kamath & Steinke 2020 (discrete Gaussian); Vu & Slavković 2009 and Wang
//! 2018 (noisy moments); Erdogdu, Bayati & Dicker 2016 (scaled least squares); Anderson & Duffin 1969 (parallel sums).

mod train;

use super::dp_rows::descent::Trained;
use super::dp_rows::rows::RowMap;
use super::dp_rows::saved::Linear;
use super::dp_rows::{Source, labels_of};
use super::expand::Expansion;
use super::saved::Saved;
use super::{Fitted, Scorer, dp_rows};
use crate::error::{Error, Result};
use crate::params::{above, between};
use crate::privacy::{Budget, Ledger, Noise, mu_of_epsilon};
use crate::stats::logistic;
use crate::view::{Column, Frame, PlatformView};

crate::params! {
    /// The DP logistic scorer. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpLogisticParams {
        /// Number of noisy gradients.
        pub iterations: u32 = 6, "steps", between(1.0, 1000.0), "tried on the Taiwan table: 4 to 12 differ little";
        /// Share of μ² for the sums, which centre the features.
        pub sums_share: f64 = 0.05, "share", between(0.01, 0.3), "tried on the Taiwan table";
        /// Share of μ² for the second moments; the gradients have the rest.
        pub moments_share: f64 = 0.35, "share", between(0.05, 0.6), "tried on the Taiwan table: .2 to .5 differ little; more is better on 1,000 persons";
        /// Norm to which features are clipped for the sums, as a share of √(number of columns).
        pub sums_clip: f64 = 0.7, "share", above(0.0, 1.0), "assumed: few rows are longer";
        /// Norm to which centred features are clipped for the moments, relative to their root mean square.
        pub moments_clip: f64 = 1.1, "ratio", between(0.25, 4.0), "tried on the Taiwan table";
        /// Norm to which whitened features are clipped for the gradients, relative to their root mean square.
        pub gradient_clip: f64 = 1.2, "ratio", between(0.25, 4.0), "tried on the Taiwan table";
        /// Variance below which a direction of the features counts as constant.
        pub ridge: f64 = 0.005, "variance", above(0.0, 1.0), "assumed: an indicator that holds for 1 in 200";
        /// Penalty: half of this times the sum of squared coefficients of the design is added to the summed log-loss.
        pub penalty: f64 = 1.0, "persons", above(0.0, 1e9), "as `logistic`, whose private twin this is";
        /// Correlation with the outcome that is expected of a score made from the columns' public trends alone.
        pub prior_correlation: f64 = 0.4, "correlation", between(0.01, 0.99), "assumed: an expert's scorecard";
        /// Twice the log-likelihood by which the data must be likelier than the public prior before it is followed at all.
        pub evidence: f64 = 8.0, "", between(0.0, 1000.0), "as a χ² of one degree of freedom: α = .005";
        /// Default rate assumed where noise drowns the data.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
    }
}

/// Logistic regression under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpLogistic {
    /// Public settings.
    pub params: DpLogisticParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

impl DpLogistic {
    /// The budget as μ.
    fn mu(&self) -> Result<f64> {
        let budget = Budget::new(self.budget.epsilon, self.budget.delta)?;
        let spent = self.params.sums_share + self.params.moments_share;
        if spent.is_nan() || spent >= 1.0 {
            return Err(Error::Privacy(format!("sums and moments take {spent} of the budget, allowed is less than 1")));
        }
        Ok(mu_of_epsilon(budget.epsilon, budget.delta))
    }
}

impl Scorer<PlatformView> for DpLogistic {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        let mut noise = self.noise.clone();
        Ok(Box::new(self.learn(view, self.mu()?, &mut Source { noise: &mut noise, ledger })?))
    }
}

impl DpLogistic {
    /// Fits for `mu` in all, with noise from `source`: as one part of a larger fit.
    pub(super) fn learn(&self, view: &PlatformView, mu: f64, source: &mut Source) -> Result<Model> {
        let labels = labels_of(view)?;
        let expansion = Expansion::new(view.features.columns());
        let design = expansion.design(&view.features);
        let trained = train::fit(&self.params, &design, &expansion.trends(), labels, mu, source)?;
        let Trained { map, theta, learnt, leaning } = trained;
        Ok(Model { expansion, map, theta, learnt, leaning })
    }
}

/// A learnt model: the expansion, the released row map, the coefficients in grid units.
pub(super) struct Model {
    expansion: Expansion,
    map: RowMap,
    theta: Vec<f32>,
    learnt: bool,
    /// See [`Model::leaning`].
    leaning: Option<f64>,
}

/// The model in `value`.
pub(super) fn read(value: &serde_json::Value) -> Result<Saved> {
    let model = Model::read(value)?;
    let columns = model.expansion.columns().to_vec();
    Ok((Box::new(model), columns))
}

impl Model {
    /// A linear model of these parts.
    pub(super) fn of(expansion: Expansion, map: RowMap, theta: Vec<f32>) -> Self {
        Self { expansion, map, theta, learnt: true, leaning: None }
    }

    /// The model in `value`.
    pub(super) fn read(value: &serde_json::Value) -> Result<Self> {
        let Linear { expansion, map, theta, notes } = dp_rows::saved::read(value)?;
        Ok(Self { expansion, map, theta, learnt: notes.is_empty(), leaning: None })
    }

    /// Where the scores are no more than a public prior: the standard deviation of its log-odds, 0 if the number of persons is
    /// lost in noise. None where data were learnt from, where the prior has no direction, and of a model that was read back.
    pub(super) fn leaning(&self) -> Option<f64> {
        self.leaning
    }

    /// The columns it was fitted on.
    pub(super) fn columns(&self) -> &[Column] {
        self.expansion.columns()
    }

    /// Log-odds of each row of a frame with the fitted columns.
    pub(super) fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        let rows = self.map.apply(&self.expansion.design(frame));
        let bounded = |z: f32| f64::from(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT));
        rows.logits(&self.theta).into_iter().map(bounded).collect()
    }
}

/// Largest |log-odds| of a score.
const LARGEST_LOGIT: f32 = 30.0;

impl Fitted<PlatformView> for Model {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.expansion.check(&view.features)?;
        Ok(self.log_odds(&view.features).into_iter().map(logistic).collect())
    }

    fn export(&self) -> Option<serde_json::Value> {
        dp_rows::saved::write("dp-logistic", &self.expansion, (&self.map, &self.theta), self.notes())
    }

    fn notes(&self) -> Vec<String> {
        if self.learnt {
            return Vec::new();
        }
        vec!["noise swamped the data (too few persons for this ε): the scores are the public prior".to_owned()]
    }
}

#[cfg(test)]
mod sensitivity_tests;
#[cfg(test)]
mod tests;
