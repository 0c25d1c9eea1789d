//! AdaSSP under central differential privacy: least squares on noisy sufficient statistics, as a logistic score.
//!
//! # Guarantee
//!
//! The learnt model is (ε, δ)-DP towards every person of the *training* data; neighbouring data sets differ by adding or
//! removing one person with features and outcome. Nothing protects the record that is scored, whatever ε.
//!
//! # What is released
//!
//! The public [`Expansion`] makes each person a row of entries in [−1, 1], then an integer row z whose norm is clipped in
//! integers, after rounding, to a bound that no record has a part in:
//!
//! | release | one person's part | L2 sensitivity | share of μ² |
//! |---|---|---|---|
//! | sums of x and of x² | (z, ⌊zⱼ²/unit⌋) | √(2·norm² − z₀²) | `sums_share` |
//! | second moments of rows centred by the first, of goods and of bads apart | (5zᵢ², 7zᵢzⱼ), in the block of the person's class | 5·norm² | the rest |
//! | goods and bads in 24 cells of the score that the second makes | one count | 1 | `link_share` |
//!
//! *Proof.* All are sums of one term a person, bounded as in the table (`dp_rows` has the algebra, `link` the counts);
//! centre and clip norm of the second are functions of the first and of public constants, the score and its cells are functions
//! of both and of the person's own row. Discrete Gaussian noise of scale
//! σ makes each Δ/√(σ² − r²)-GDP ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ²; all
//! else is post-processing. The smallest eigenvalue that sets the ridge is that of the *released* matrix: it needs no
//! release of its own, where Wang's algorithm pays a third of the budget for it.
//!
//! # How it learns
//!
//! With noisy covariance C and noise of deviation s in each entry, the noise alone has its spectrum on ±2s√d. The ridge
//!
//! ```text
//! λ = ridge + max(0, 2s√d − λ_min(C))
//! ```
//!
//! is the least that lifts every direction out of it: none where the data are strong. The least-squares coefficients
//! (C + λ)⁻¹·Cov(x, y), shrunk by the known noise of the products, are proportional to logistic ones if features are normal
//! (`dp_rows`, `start`). Scale and intercept that hold for normal features are the prior; the third release corrects them
//! (`link`), for real features are not: on the Taiwan table the scale would be twice what it should be.
//!
//! No gradients are paid for: that is what makes it the better learner on small data, and the poorer one on large.
//! ε = ∞ is the noiseless twin. Limits: linear in the expanded features.
//!
//! Sources: Wang 2018, "Revisiting differentially private linear regression" (AdaSSP); Erdogdu, Bayati & Dicker 2016
//! (scaled least squares); Bun & Steinke 2016; Canonne, Kamath & Steinke 2020; Dong, Roth & Su 2022.

use super::dp_rows::descent::gradient_map;
use super::dp_rows::guess::first_guess;
use super::dp_rows::link;
use super::dp_rows::moments::{Moments, Second, second_moments};
use super::dp_rows::rows::RowMap;
use super::dp_rows::saved::Linear;
use super::dp_rows::sums::sums;
use super::dp_rows::{Source, labels_of, start, triangle};
use super::expand::{Design, Expansion};
use super::saved::Saved;
use super::{Fitted, Scorer, dp_rows};
use crate::error::Result;
use crate::params::{above, between};
use crate::privacy::{Budget, Ledger, Noise};
use crate::stats::{cholesky, logistic};
use crate::view::PlatformView;
use ndarray::{Array2, ArrayView1};

crate::params! {
    /// AdaSSP. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpAdasspParams {
        /// Share of μ² for the sums, which centre the features; the moments have the rest.
        pub sums_share: f64 = 0.05, "share", between(0.01, 0.5), "as the DP logistic";
        /// Share of μ² for the counts by score, which find scale and intercept.
        pub link_share: f64 = 0.1, "share", between(0.01, 0.4), "tried on the Taiwan table: half of it leaves slopes of .85 at ε = 1";
        /// Norm to which features are clipped for the sums, as a share of √(number of columns).
        pub sums_clip: f64 = 0.7, "share", above(0.0, 1.0), "as the DP logistic";
        /// Norm to which centred features are clipped for the moments, relative to their root mean square.
        pub moments_clip: f64 = 1.1, "ratio", between(0.25, 4.0), "as the DP logistic";
        /// Norm to which whitened features are clipped when a record is scored, relative to √(number of directions).
        pub score_clip: f64 = 1.5, "ratio", between(0.25, 100.0), "assumed: outliers are not extrapolated";
        /// Variance below which a direction of the features counts as constant.
        pub ridge: f64 = 0.005, "variance", above(0.0, 1.0), "as the DP logistic";
        /// Default rate assumed where noise drowns the data.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
    }
}

/// AdaSSP under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpAdassp {
    /// Public settings.
    pub params: DpAdasspParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

impl Scorer<PlatformView> for DpAdassp {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        let p = &self.params;
        let mu = Budget::new(self.budget.epsilon, self.budget.delta)?.mu();
        let labels = labels_of(view)?;
        let expansion = Expansion::new(view.features.columns());
        let design = expansion.design(&view.features);
        let mut noise = self.noise.clone();
        let mut source = Source { noise: &mut noise, ledger };
        let part = |share: f64| mu * libm::sqrt(share);
        let (centre, spread) = sums(p.sums_clip, &design, part(p.sums_share), &mut source)?;
        let radius = p.moments_clip * spread;
        let share = 1.0 - p.sums_share - p.link_share;
        let second = Second { centre: &centre, radius, prior_rate: p.prior_rate, mu: part(share) };
        let m = second_moments(&second, &design, labels, &mut source)?;
        let guess = solve(p, &m);
        let scores = guess.scores(&design);
        let counts = link::count(scores.into_iter(), labels, part(p.link_share), &mut source)?;
        let curve = counts.curve((guess.theta[0], guess.spread));
        let (map, theta) = guess.along(curve);
        Ok(Box::new(Model { expansion, map, theta, notes: m.swamped().into_iter().collect() }))
    }
}

/// What the moments alone say.
struct Guess {
    map: RowMap,
    /// Intercept and coefficients of the whitened features, as if features were normal.
    theta: Vec<f64>,
    /// Standard deviation of the log-odds that they make; 0 if all coefficients are.
    spread: f64,
}

impl Guess {
    /// The score of each row: log-odds about the intercept in standard deviations.
    fn scores(&self, design: &Design) -> Vec<f64> {
        let rows = self.map.apply(design);
        let over = if self.spread > 0.0 { 1.0 / self.spread } else { 0.0 };
        let score = |z: f32| (f64::from(z) - self.theta[0]) * over;
        rows.logits(&self.map.in_units(&self.theta)).into_iter().map(score).collect()
    }

    /// Row map and coefficients in grid units of the log-odds α + β·score.
    fn along(self, (level, slope): (f64, f64)) -> (RowMap, Vec<f32>) {
        let times = if self.spread > 0.0 { slope / self.spread } else { 0.0 };
        let theta: Vec<f64> = std::iter::once(level).chain(self.theta[1..].iter().map(|t| t * times)).collect();
        let theta = self.map.in_units(&theta);
        (self.map, theta)
    }
}

/// Direction, normal scale and intercept: post-processing of the moments.
fn solve(p: &DpAdasspParams, m: &Moments) -> Guess {
    let d = m.mean.len();
    let edge = 2.0 * m.covariance_noise * libm::sqrt(d as f64);
    let lambda = p.ridge + (edge - smallest_eigenvalue(&m.covariance)).max(0.0);
    let a = inverse_factor(&m.covariance, lambda);
    let theta = if m.swamped().is_some() {
        let (intercept, _) = start::scaled(m.prevalence, 0.0);
        std::iter::once(intercept).chain(std::iter::repeat_n(0.0, d)).collect()
    } else {
        first_guess(m, &a)
    };
    let coefficients = a.t().dot(&ArrayView1::from(&theta[1..]));
    // Not less than the noise leaves of it: a score that is thought to be narrow would overrun the cells.
    let least = libm::sqrt(libm::sqrt(2.0) * m.covariance_noise * coefficients.dot(&coefficients));
    let spread = m.spread(&coefficients).max(least);
    Guess { map: gradient_map(m, &a, p.score_clip * libm::sqrt(d as f64)), theta, spread }
}

/// L⁻¹ with L·Lᵀ = C + λ, λ doubled until there is one: after a release nothing may fail that hangs on its noise.
fn inverse_factor(c: &Array2<f64>, mut lambda: f64) -> Array2<f64> {
    for _ in 0..60 {
        if let Ok(factor) = cholesky(&lifted(c, lambda)) {
            return triangle::inverse(&factor);
        }
        lambda *= 2.0;
    }
    Array2::eye(c.nrows())
}

/// C + λ.
fn lifted(c: &Array2<f64>, lambda: f64) -> Array2<f64> {
    let mut c = c.clone();
    c.diag_mut().iter_mut().for_each(|v| *v += lambda);
    c
}

/// λ_min of a symmetric matrix, from below: C − λ has a Cholesky factor for every λ below it. Precise to 2⁻³⁰ of the
/// matrix's norm.
fn smallest_eigenvalue(c: &Array2<f64>) -> f64 {
    // Gershgorin: no eigenvalue is beyond the largest absolute row sum.
    let bound = c.rows().into_iter().map(|row| row.iter().map(|v| v.abs()).sum::<f64>()).fold(1e-9, f64::max);
    let (mut below, mut above) = (-1.001 * bound, bound);
    for _ in 0..32 {
        let middle = 0.5 * (below + above);
        if cholesky(&lifted(c, -middle)).is_ok() { below = middle } else { above = middle }
    }
    below
}

/// A learnt model: the expansion, the released row map, the coefficients in grid units.
struct Model {
    expansion: Expansion,
    map: RowMap,
    theta: Vec<f32>,
    notes: Vec<String>,
}

/// The model in `value`.
pub(super) fn read(value: &serde_json::Value) -> Result<Saved> {
    let Linear { expansion, map, theta, notes } = dp_rows::saved::read(value)?;
    let columns = expansion.columns().to_vec();
    Ok((Box::new(Model { expansion, map, theta, notes }), columns))
}

/// Largest |log-odds| of a score.
const LARGEST_LOGIT: f32 = 30.0;

impl Fitted<PlatformView> for Model {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.expansion.check(&view.features)?;
        let rows = self.map.apply(&self.expansion.design(&view.features));
        let pd = |z: f32| logistic(f64::from(z.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)));
        Ok(rows.logits(&self.theta).into_iter().map(pd).collect())
    }

    fn export(&self) -> Option<serde_json::Value> {
        dp_rows::saved::write("dp-adassp", &self.expansion, (&self.map, &self.theta), self.notes.clone())
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests;
