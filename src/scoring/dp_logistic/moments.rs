//! The two releases before the gradients: sums, then centred second moments.
//!
//! 1. *Sums*: (Σz, Σ⌊zⱼ²/unit⌋) of the rows clipped to `sums_clip`·√width. As |zⱼ| ≤ unit, the squares' part of one person is
//!    no longer than ‖z₁..‖, so the joint vector has L2 sensitivity² at most 2·norm² − z₀².
//! 2. *Moments* of rows centred at the released means and clipped to a norm taken from the released variances:
//!    (5·Σzᵢ², 7·Σzᵢzⱼ for i < j, 5·norm·Σyzⱼ). One person's part has squared length
//!    25·Σzᵢ⁴ + 49·Σ_{i<j} zᵢ²zⱼ² + 25·norm²·y·‖z‖² ≤ 25·‖z‖⁴ + 25·norm²·‖z‖² ≤ 50·norm⁴, because 49 ≤ 2·25.

use super::DpLogisticParams;
use super::rows::{RowMap, Rows};
use super::train::Source;
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::Design;
use ndarray::Array2;

/// Weights of squares and of products.
const SQUARE: i64 = 5;
const PRODUCT: i64 = 7;

/// Grid units to 1 in the sums.
const SUMS_UNIT: f64 = 128.0;

/// Norm bound of the rows behind the moments, in grid units; 2⁸ unless the noise needs a coarser grid.
fn moments_norm(mu: f64) -> i32 {
    let fits = |norm: i32| 7.1 * f64::from(norm * norm) / mu < 1e9;
    [256, 128, 64, 32].into_iter().find(|n| fits(*n)).unwrap_or(16)
}

/// What is known of the features after both releases; noise as standard deviations of one entry.
pub(super) struct Moments {
    pub persons: f64,
    pub prevalence: f64,
    pub mean: Vec<f64>,
    pub covariance: Array2<f64>,
    pub covariance_noise: f64,
    /// Covariance of features and outcome.
    pub cross: Vec<f64>,
    pub cross_noise: f64,
}

/// Means and a norm for centred rows, from the first release.
fn sums(p: &DpLogisticParams, design: &Design, mu: f64, out: &mut Source) -> Result<(Vec<f32>, f64)> {
    let d = design.width() - 1;
    let radius = (p.sums_clip * libm::sqrt(d as f64)).max(1.0);
    let constant = (SUMS_UNIT * radius * 0.5).floor();
    let norm = libm::sqrt(constant * constant + (SUMS_UNIT * radius) * (SUMS_UNIT * radius)).floor();
    let map = RowMap {
        unit: SUMS_UNIT as f32,
        constant: constant as i16,
        norm: norm as i32,
        centre: vec![0.0; d],
        a: Vec::new(),
    };
    let mut values = map.apply(design).sums(SUMS_UNIT as i16);
    let mechanism = IntegerGaussian::calibrate_mu(sums_sensitivity(norm as u64, constant as u64), mu)?;
    mechanism.release(&mut values, "sums and sums of squares of the features", out.noise, out.ledger)?;
    let n = (values[0] as f64 / constant).max(1.0 + mechanism.deviation() / constant);
    let per_person = |v: i64| v as f64 / SUMS_UNIT / n;
    let means: Vec<f32> = values[1..=d].iter().map(|v| per_person(*v).clamp(-1.0, 1.0) as f32).collect();
    let variance = |j: usize| per_person(values[d + 1 + j]) - f64::from(means[j]) * f64::from(means[j]);
    let total: f64 = (0..d).map(variance).sum();
    // Features of no variance at all, or noise: between a tenth and the whole of the largest possible spread.
    Ok((means, libm::sqrt(total.clamp(0.02 * d as f64, d as f64))))
}

/// Both releases, at μ₁ and μ₂.
pub(super) fn release(
    p: &DpLogisticParams,
    design: &Design,
    labels: &[bool],
    (mu1, mu2): (f64, f64),
    out: &mut Source,
) -> Result<Moments> {
    let width = design.width();
    let (centre, spread) = sums(p, design, mu1, out)?;
    let norm = moments_norm(mu2);
    let constant = (f64::from(norm) * 0.4).floor();
    let radius = p.moments_clip * spread;
    let unit = libm::sqrt(f64::from(norm * norm) - constant * constant) / radius;
    let map = RowMap { unit: unit as f32, constant: constant as i16, norm, centre, a: Vec::new() };
    let mut values = joint(&map.apply(design), labels, norm);
    let pairs = width * (width + 1) / 2;
    let outcome = SQUARE * i64::from(norm);
    let squares = norm.unsigned_abs().pow(2).into();
    let mechanism = IntegerGaussian::calibrate_mu(sensitivity(squares), mu2)?;
    mechanism.release(
        &mut values,
        "second moments of the features and their products with the outcome",
        out.noise,
        out.ledger,
    )?;

    let sigma = mechanism.deviation();
    let persons_noise = sigma / (SQUARE as f64 * constant * constant);
    let n = (values[0] as f64 / (SQUARE as f64 * constant * constant)).max(1.0 + persons_noise);
    let pair = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        values[place(width, i, j)] as f64 / weight(i, j) as f64 / n
    };
    let d = width - 1;
    let shift: Vec<f64> = (1..=d).map(|j| pair(0, j) / (constant * unit)).collect();
    let covariance = Array2::from_shape_fn((d, d), |(i, j)| pair(i + 1, j + 1) / (unit * unit) - shift[i] * shift[j]);
    let with_outcome = |j: usize| values[pairs + j] as f64 / outcome as f64;
    let prior = 2.0 * persons_noise + 1.0;
    let defaults = with_outcome(0) / constant;
    let prevalence = ((defaults + prior * p.prior_rate) / (n + prior)).clamp(0.001, 0.999);
    let cross = (0..d).map(|j| with_outcome(j + 1) / unit / n - prevalence * shift[j]).collect();
    let mean = map.centre.iter().zip(&shift).map(|(c, s)| (f64::from(*c) + s).clamp(-1.0, 1.0)).collect();
    Ok(Moments {
        persons: n,
        prevalence,
        mean,
        covariance,
        covariance_noise: sigma / (PRODUCT as f64 * unit * unit) / n,
        cross,
        cross_noise: sigma / (outcome as f64 * unit) / n,
    })
}

/// Weight of the pair (i, j) in the joint vector.
fn weight(i: usize, j: usize) -> i64 {
    if i == j { SQUARE } else { PRODUCT }
}

/// Place of the pair (i, j), i ≤ j, in the upper triangle.
fn place(width: usize, i: usize, j: usize) -> usize {
    i * width - i * (i + 1) / 2 + j
}

/// The joint vector of the second release, without noise.
pub(super) fn joint(rows: &Rows, labels: &[bool], norm: i32) -> Vec<i64> {
    let (mut values, cross) = rows.moments(labels);
    for i in 0..rows.width {
        for j in i..rows.width {
            values[place(rows.width, i, j)] *= weight(i, j);
        }
    }
    values.extend(cross.iter().map(|c| c * SQUARE * i64::from(norm)));
    values
}

/// Squared L2 sensitivity of the first release.
pub(super) fn sums_sensitivity(norm: u64, constant: u64) -> u64 {
    2 * norm * norm - constant * constant
}

/// Squared L2 sensitivity of the second, of rows with ‖z‖² ≤ `squares`.
pub(super) fn sensitivity(squares: u64) -> u64 {
    2 * (SQUARE * SQUARE).unsigned_abs() * squares * squares
}
