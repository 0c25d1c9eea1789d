//! Second moments of centred rows, of those who repaid and of those who defaulted apart: one joint release.
//!
//! (5·Σzᵢ², 7·Σzᵢzⱼ for i < j), once over the goods and once over the bads, of integer rows z with ‖z‖ ≤ norm. A person is
//! good or bad and enters one of the two blocks, so their part has squared length 25·Σzᵢ⁴ + 49·Σ_{i<j} zᵢ²zⱼ² ≤ 25·‖z‖⁴
//! ≤ 25·norm⁴, because 49 ≤ 2·25. The products with the outcome are the bads' products with the constant, and the
//! moments of all are the sum of both blocks: to part the classes costs nothing, and says how the bads are spread
//! ([`curvature`](super::curvature)).

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

/// Share of the norm that the constant has: more knows the outcome's products better, less the features'.
const CONSTANT: f64 = 0.45;

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
    /// Σ (1, x − mean)·(1, x − mean)ᵀ over the bads, a person of all.
    pub(in crate::scoring) bads: Array2<f64>,
    /// Noise of its corner, of its border and of its inside.
    pub(in crate::scoring) bads_noise: [f64; 3],
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
    let norm = moments_norm(s.mu);
    let constant = (f64::from(norm) * CONSTANT).floor();
    let unit = libm::sqrt(f64::from(norm * norm) - constant * constant) / s.radius;
    let map = RowMap { unit: unit as f32, constant: constant as i16, norm, centre: s.centre.to_vec(), a: Vec::new() };
    let mut values = joint(&map, design, labels);
    let squares = norm.unsigned_abs().pow(2).into();
    let mechanism = IntegerGaussian::calibrate_mu(sensitivity(squares), s.mu)?;
    mechanism.release(&mut values, "second moments of the features, of goods and of bads", out.noise, out.ledger)?;
    Ok(read(&values, &map, mechanism.deviation(), s.prior_rate))
}

/// From released integers to moments: post-processing.
fn read(values: &[i64], map: &RowMap, sigma: f64, prior_rate: f64) -> Moments {
    let d = map.centre.len();
    let (constant, unit) = (f64::from(map.constant), f64::from(map.unit));
    let (goods, bads) = values.split_at(values.len() / 2);
    let both = libm::sqrt(2.0) * sigma;
    let persons_noise = both / (SQUARE as f64 * constant * constant);
    let counted = (goods[0] + bads[0]) as f64 / (SQUARE as f64 * constant * constant);
    let n = counted.max(1.0 + persons_noise);
    // Products of (1, x − centre), a person of all.
    let scale = |i: usize| if i == 0 { constant } else { unit };
    let product = |of: &dyn Fn(usize) -> f64, i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        of(place(d + 1, i, j)) / weight(i, j) as f64 / (scale(i) * scale(j)) / n
    };
    let all = |i: usize, j: usize| product(&|k| (goods[k] + bads[k]) as f64, i, j);
    let bad = |i: usize, j: usize| product(&|k| bads[k] as f64, i, j);
    let shift: Vec<f64> = (1..=d).map(|j| all(0, j)).collect();
    let covariance = Array2::from_shape_fn((d, d), |(i, j)| all(i + 1, j + 1) - shift[i] * shift[j]);
    let noise_of = |i: usize, j: usize| sigma / weight(i, j) as f64 / (scale(i) * scale(j)) / n;
    let prevalence = prevalence(bad(0, 0), noise_of(0, 0), prior_rate);
    let cross = (0..d).map(|j| bad(0, j + 1) - prevalence * shift[j]).collect();
    let mean = map.centre.iter().zip(&shift).map(|(c, s)| (f64::from(*c) + s).clamp(-1.0, 1.0)).collect();
    let mean_noise = both / (PRODUCT as f64 * constant * unit) / n;
    let moved = |i: usize| if i == 0 { 0.0 } else { shift[i - 1] };
    let about_mean = |(i, j): (usize, usize)| match (i, j) {
        (0, 0) => bad(0, 0),
        (0, k) | (k, 0) => bad(0, k) - moved(k) * bad(0, 0),
        _ => bad(i, j) - moved(i) * bad(0, j) - bad(i, 0) * moved(j) + moved(i) * moved(j) * bad(0, 0),
    };
    Moments {
        persons: n,
        persons_noise,
        prevalence,
        mean,
        mean_noise,
        covariance,
        covariance_noise: both / (PRODUCT as f64 * unit * unit) / n,
        cross,
        // The covariance is Σyz/n less prevalence·mean, and the released mean is noisy as well.
        cross_noise: libm::hypot(noise_of(0, 1), prevalence * mean_noise),
        bads: Array2::from_shape_fn((d + 1, d + 1), about_mean),
        bads_noise: [noise_of(0, 0), noise_of(0, 1), noise_of(1, 2)],
    }
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

/// The joint vector of the second release, without noise: goods, then bads.
pub(in crate::scoring) fn joint(map: &RowMap, design: &Design, labels: &[bool]) -> Vec<i64> {
    let width = design.width();
    let bads = map.products(&design.select(labels));
    let goods = map.products(design).into_iter().zip(&bads).map(|(all, bad)| all - bad);
    let mut values: Vec<i64> = goods.chain(bads.iter().copied()).collect();
    for block in values.chunks_exact_mut(width * (width + 1) / 2) {
        for i in 0..width {
            for j in i..width {
                block[place(width, i, j)] *= weight(i, j);
            }
        }
    }
    values
}

/// Squared L2 sensitivity of the release, of rows with ‖z‖² ≤ `squares`.
pub(in crate::scoring) fn sensitivity(squares: u64) -> u64 {
    (SQUARE * SQUARE).unsigned_abs() * squares * squares
}
