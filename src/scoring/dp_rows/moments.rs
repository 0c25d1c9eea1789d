//! Second moments of centred rows and their products with the outcome: one joint release.
//!
//! (5·Σzᵢ², 7·Σzᵢzⱼ for i < j, 5·norm·Σyzⱼ) of integer rows z with ‖z‖ ≤ norm. One person's part has squared length
//! 25·Σzᵢ⁴ + 49·Σ_{i<j} zᵢ²zⱼ² + 25·norm²·y·‖z‖² ≤ 25·‖z‖⁴ + 25·norm²·‖z‖² ≤ 50·norm⁴, because 49 ≤ 2·25.

use super::Source;
use super::guess::mean_above_zero;
use super::rows::RowMap;
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::Design;
use ndarray::{Array1, Array2};

/// Weights of squares and of products.
const SQUARE: i64 = 5;
const PRODUCT: i64 = 7;

/// Norm bound of the rows behind the moments, in grid units; 2⁸ unless the noise needs a coarser grid.
fn moments_norm(mu: f64) -> i32 {
    let fits = |norm: i32| 7.1 * f64::from(norm * norm) / mu < 1e9;
    [256, 128, 64, 32].into_iter().find(|n| fits(*n)).unwrap_or(16)
}

/// What is known of the features afterwards; noise as standard deviations of one entry.
pub(in crate::scoring) struct Moments {
    pub(in crate::scoring) persons: f64,
    pub(in crate::scoring) persons_noise: f64,
    pub(in crate::scoring) prevalence: f64,
    pub(in crate::scoring) mean: Vec<f64>,
    pub(in crate::scoring) mean_noise: f64,
    pub(in crate::scoring) covariance: Array2<f64>,
    pub(in crate::scoring) covariance_noise: f64,
    /// Covariance of features and outcome.
    pub(in crate::scoring) cross: Vec<f64>,
    pub(in crate::scoring) cross_noise: f64,
}

impl Moments {
    /// Standard deviation of the score that these coefficients make of the features; 0 where noise leaves no variance.
    pub(in crate::scoring) fn spread(&self, coefficients: &Array1<f64>) -> f64 {
        libm::sqrt(self.covariance.dot(coefficients).dot(coefficients).max(0.0))
    }

    /// Why nothing can be learnt, if so: the number of persons itself is lost in its noise.
    pub(in crate::scoring) fn swamped(&self) -> Option<String> {
        super::swamped(self.persons, self.persons_noise)
    }
}

/// Centred rows are clipped to `radius` around `centre`; the release costs `mu`.
pub(in crate::scoring) struct Second<'a> {
    /// Public or released means of the design's columns, the constant left out.
    pub(in crate::scoring) centre: &'a [f32],
    /// Norm bound of a centred row.
    pub(in crate::scoring) radius: f64,
    /// Default rate assumed where noise drowns the data.
    pub(in crate::scoring) prior_rate: f64,
    /// Cost.
    pub(in crate::scoring) mu: f64,
}

/// Releases the second moments of the rows and their products with the outcome.
pub(in crate::scoring) fn second_moments(
    s: &Second,
    design: &Design,
    labels: &[bool],
    out: &mut Source,
) -> Result<Moments> {
    let width = design.width();
    let norm = moments_norm(s.mu);
    let constant = (f64::from(norm) * 0.4).floor();
    let unit = libm::sqrt(f64::from(norm * norm) - constant * constant) / s.radius;
    let map = RowMap { unit: unit as f32, constant: constant as i16, norm, centre: s.centre.to_vec(), a: Vec::new() };
    let mut values = joint(&map, design, labels, norm);
    let pairs = width * (width + 1) / 2;
    let outcome = SQUARE * i64::from(norm);
    let squares = norm.unsigned_abs().pow(2).into();
    let mechanism = IntegerGaussian::calibrate_mu(sensitivity(squares), s.mu)?;
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
    let defaults = with_outcome(0) / constant;
    let prevalence = prevalence(defaults / n, sigma / (outcome as f64 * constant) / n, s.prior_rate);
    let cross = (0..d).map(|j| with_outcome(j + 1) / unit / n - prevalence * shift[j]).collect();
    let mean = map.centre.iter().zip(&shift).map(|(c, s)| (f64::from(*c) + s).clamp(-1.0, 1.0)).collect();
    let mean_noise = sigma / (PRODUCT as f64 * constant * unit) / n;
    Ok(Moments {
        persons: n,
        persons_noise,
        prevalence,
        mean,
        mean_noise,
        covariance,
        covariance_noise: sigma / (PRODUCT as f64 * unit * unit) / n,
        cross,
        // The covariance is Σyz/n less prevalence·mean, and the released mean is noisy as well.
        cross_noise: libm::hypot(sigma / (outcome as f64 * unit) / n, prevalence * mean_noise),
    })
}

/// The default rate, from an estimate with noise of known deviation: the posterior mean under N(r, (2r)²) above 0, r = `prior_rate`.
/// An estimate of next to nothing, as noise makes one, would send the steps that follow far beyond the optimum.
fn prevalence(estimate: f64, noise: f64, prior_rate: f64) -> f64 {
    let (own, prior) = ((noise * noise).max(1e-12).recip(), (4.0 * prior_rate * prior_rate).recip());
    let mean = (own * estimate + prior * prior_rate) / (own + prior);
    mean_above_zero(mean, libm::sqrt((own + prior).recip())).clamp(0.001, 0.999)
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
pub(in crate::scoring) fn joint(map: &RowMap, design: &Design, labels: &[bool], norm: i32) -> Vec<i64> {
    let (mut values, cross) = map.moments(design, labels);
    let width = design.width();
    for i in 0..width {
        for j in i..width {
            values[place(width, i, j)] *= weight(i, j);
        }
    }
    values.extend(cross.iter().map(|c| c * SQUARE * i64::from(norm)));
    values
}

/// Squared L2 sensitivity of the release, of rows with ‖z‖² ≤ `squares`.
pub(in crate::scoring) fn sensitivity(squares: u64) -> u64 {
    2 * (SQUARE * SQUARE).unsigned_abs() * squares * squares
}
