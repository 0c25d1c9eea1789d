//! From features to coefficients: sums, second moments, noisy steps.

use super::DpLogisticParams;
use crate::error::Result;
use crate::scoring::dp_rows::Source;
use crate::scoring::dp_rows::descent::{Steps, Trained, learn};
use crate::scoring::dp_rows::moments::{Second, second_moments};
use crate::scoring::dp_rows::sums::sums;
use crate::scoring::expand::{Design, Trends};

/// The row map and the coefficients, in grid units, at a total cost of `mu`; `trends` are the public directions of the
/// design's terms.
pub(super) fn fit(
    p: &DpLogisticParams,
    design: &Design,
    trends: &Trends,
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<Trained> {
    let part = |share: f64| mu * libm::sqrt(share);
    let (centre, spread) = sums(p.sums_clip, design, part(p.sums_share), source)?;
    let radius = p.moments_clip * spread;
    let second = Second { centre: &centre, radius, prior_rate: p.prior_rate, mu: part(p.moments_share) };
    let m = second_moments(&second, design, labels, source)?;
    let steps = Steps {
        iterations: p.iterations,
        mu: part(1.0 - p.sums_share - p.moments_share),
        ridge: p.ridge,
        clip: p.gradient_clip,
        prior_correlation: p.prior_correlation,
        evidence: p.evidence,
        penalty: p.penalty,
    };
    learn(&steps, &m, design, trends, labels, source)
}
