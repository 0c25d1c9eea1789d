//! From moments to coefficients: whitening, first guess, noisy gradients.

use super::DpLogisticParams;
use crate::error::Result;
use crate::scoring::dp_rows::Source;
use crate::scoring::dp_rows::descent::{Steps, descend, first_guess, gradient_map, whitening};
use crate::scoring::dp_rows::moments::{Second, second_moments};
use crate::scoring::dp_rows::rows::RowMap;
use crate::scoring::dp_rows::sums::sums;
use crate::scoring::expand::Design;

/// The row map and the coefficients, in grid units, at a total cost of `mu`.
pub(super) fn fit(
    p: &DpLogisticParams,
    design: &Design,
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<(RowMap, Vec<f32>)> {
    let part = |share: f64| mu * libm::sqrt(share);
    let (centre, spread) = sums(p.sums_clip, design, part(p.sums_share), source)?;
    let radius = p.moments_clip * spread;
    let second = Second { centre: &centre, radius, prior_rate: p.prior_rate, mu: part(p.moments_share) };
    let m = second_moments(&second, design, labels, source)?;
    let (a, effective) = whitening(&m, p.ridge);
    let first = first_guess(&m, &a);
    let map = gradient_map(&m, &a, p.gradient_clip * libm::sqrt(effective));
    let each = part((1.0 - p.sums_share - p.moments_share) / f64::from(p.iterations));
    let steps = Steps { iterations: p.iterations, prior_spread: p.prior_spread, mu: each, secant: false };
    let theta = descend(&steps, &map, design, labels, m.persons, &first, source)?;
    Ok((map, theta))
}
