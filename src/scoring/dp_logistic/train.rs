//! From moments to coefficients: whitening, first guess, noisy gradients.

use super::DpLogisticParams;
use super::sums::sums;
use crate::error::Result;
use crate::scoring::dp_rows::descent::{Steps, descend, gradient_map, whitening};
use crate::scoring::dp_rows::moments::{Moments, Second, second_moments};
use crate::scoring::dp_rows::rows::RowMap;
use crate::scoring::dp_rows::{Source, start};
use crate::scoring::expand::Design;
use ndarray::Array2;

/// The row map and the coefficients, in grid units, at a total cost of `mu`.
pub(super) fn fit(
    p: &DpLogisticParams,
    design: &Design,
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<(RowMap, Vec<f32>)> {
    let part = |share: f64| mu * libm::sqrt(share);
    let (centre, spread) = sums(p, design, part(p.sums_share), source)?;
    let radius = p.moments_clip * spread;
    let second = Second { centre: &centre, radius, prior_rate: p.prior_rate, mu: part(p.moments_share) };
    let m = second_moments(&second, design, labels, source)?;
    let (a, effective) = whitening(&m, p.ridge);
    let first = first_guess(&m, &a);
    let map = gradient_map(&m, &a, p.gradient_clip * libm::sqrt(effective));
    let each = part((1.0 - p.sums_share - p.moments_share) / f64::from(p.iterations));
    let steps = Steps { iterations: p.iterations, prior_spread: p.prior_spread, mu: each };
    let theta = descend(&steps, &map, design, labels, m.persons, &first, source)?;
    Ok((map, theta))
}

/// Intercept and whitened coefficients from the moments alone, shrunk by the share of noise in their square.
fn first_guess(m: &Moments, a: &Array2<f64>) -> Vec<f64> {
    let d = m.mean.len();
    let v: Vec<f64> = (0..d).map(|i| (0..=i).map(|j| a[[i, j]] * m.cross[j]).sum()).collect();
    let energy: f64 = v.iter().map(|v| v * v).sum();
    let noise = m.cross_noise * m.cross_noise * a.iter().map(|v| v * v).sum::<f64>();
    let kept = if energy > noise { 1.0 - noise / energy } else { 0.0 };
    let (intercept, scale) = start::scaled(m.prevalence, kept * libm::sqrt(energy));
    std::iter::once(intercept).chain(v.iter().map(|v| v * scale * kept)).collect()
}
