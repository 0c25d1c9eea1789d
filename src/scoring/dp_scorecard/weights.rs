//! The second stage: one weight a column, learnt on the released evidence.

use super::DpScorecardParams;
use crate::error::Result;
use crate::scoring::dp_bins::evidence::Evidence;
use crate::scoring::dp_rows::descent::{self, Steps};
use crate::scoring::dp_rows::moments::{Second, second_moments};
use crate::scoring::dp_rows::rows::RowMap;
use crate::scoring::dp_rows::{Source, link, start};
use crate::scoring::expand::{Design, Trends};

/// Least norm to which a centred row of evidence is clipped, in log-odds: columns that say nothing have none.
const LEAST_RADIUS: f64 = 0.1;

/// The learnt weights: the map of evidence to whitened rows, and their coefficients in grid units.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Weights {
    pub(super) map: RowMap,
    pub(super) theta: Vec<f32>,
}

impl Weights {
    /// Intercept and one weight a column for rows that no clip touches.
    pub(super) fn plain(&self) -> (f64, Vec<f64>) {
        let (map, d) = (&self.map, self.map.centre.len());
        let in_row = |i: usize, j: usize| f64::from(self.theta[i + 1]) * f64::from(map.a[i * (i + 1) / 2 + j]);
        let weight = |j: usize| f64::from(map.unit) * (j..d).map(|i| in_row(i, j)).sum::<f64>();
        let weights: Vec<f64> = (0..d).map(weight).collect();
        let moved: f64 = weights.iter().zip(&map.centre).map(|(w, c)| w * f64::from(*c)).sum();
        (f64::from(self.theta[0]) * f64::from(map.constant) - moved, weights)
    }
}

/// Weights of the columns of the design, at a cost of `mu`.
pub(super) fn learn(
    p: &DpScorecardParams,
    evidence: &Evidence,
    design: &Design,
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<Weights> {
    let centre: Vec<f32> = evidence.mean.iter().map(|m| *m as f32).collect();
    let radius = (p.moments_clip * libm::sqrt(evidence.variance.iter().sum::<f64>())).max(LEAST_RADIUS);
    let part = |share: f64| mu * libm::sqrt(share);
    let second = Second { centre: &centre, radius, prior_rate: p.prior_rate, mu: part(p.moments_share) };
    let m = second_moments(&second, design, labels, source)?;
    let steps = Steps {
        iterations: p.iterations,
        mu: part(1.0 - p.moments_share),
        ridge: p.ridge,
        clip: p.gradient_clip,
        prior_correlation: p.prior_correlation,
        evidence: p.evidence,
        penalty: p.penalty,
    };
    // Equal weights for all columns are the prior: what the evidence would be worth if columns were independent.
    let trained = descent::learn(&steps, &m, design, &Trends::same(design.width() - 1), labels, source)?;
    Ok(Weights { map: trained.map, theta: trained.theta })
}

/// Intercept and the one weight of all columns, at a cost of `mu`: naive Bayes at its right scale, for a default rate of `rate`.
///
/// `design` has one column, the mean of the person's evidence. Goods and bads are counted by it, and a logistic curve is drawn through the
/// counts ([`link`]). What is expected before is the weight 1/√columns, ± half of it and half a unit: what fits columns that are neither
/// independent nor repeats of each other.
pub(super) fn equal(
    evidence: &Evidence,
    design: &Design,
    labels: &[bool],
    (rate, mu): (f64, f64),
    source: &mut Source,
) -> Result<(f64, f64)> {
    let d = evidence.mean.len() as f64;
    let centre = evidence.mean.iter().sum::<f64>() / d;
    // Between the deviations of a mean of independent columns and of equal ones.
    let deviation = libm::sqrt(evidence.variance.iter().sum::<f64>() * libm::sqrt(d)).max(LEAST_RADIUS) / d;
    let scores = design.column(1).iter().map(|x| (f64::from(*x) - centre) / deviation);
    let counts = link::count(scores, labels, mu, source)?;
    let expected = libm::sqrt(d) * deviation;
    let (level, slope) = counts.curve((start::intercept(rate, expected), expected));
    Ok((level - slope * centre / deviation, slope / deviation / d))
}
