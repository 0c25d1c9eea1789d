//! Noisy Newton steps over whitened rows.
//!
//! Each step releases Σ round((p − y)·2ᵇ)·z over rows with ‖z‖ ≤ norm: |p − y| ≤ 1 survives rounding to the nearest 2⁻ᵇ,
//! so one person's part is at most 2ᵇ·norm. The curvature is that of normal features and needs no release
//! ([`start::curvature`]).

use super::moments::Moments;
use super::rows::{MAX_NORM, MAX_RESIDUAL_BITS, RowMap};
use super::{Source, start};
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::Design;
use crate::stats::{cholesky, solve_spd};
use ndarray::Array2;

/// Bounds on the coefficients that noise cannot pass: intercept, and norm of the others.
const LARGEST_INTERCEPT: f64 = 12.0;
const LARGEST_SPREAD: f64 = 6.0;

/// Settings of the steps.
pub(in crate::scoring) struct Steps {
    /// How many.
    pub(in crate::scoring) iterations: u32,
    /// By how much they are expected to change a whitened coefficient; what is beyond is taken for noise.
    pub(in crate::scoring) prior_spread: f64,
    /// Cost of each.
    pub(in crate::scoring) mu: f64,
    /// Whether the curvature is corrected by what the last step showed (`correct`): features with heavy tails need it.
    pub(in crate::scoring) secant: bool,
}

/// A with A·(covariance + λ)·Aᵀ = I, and the number of directions that are more than noise.
///
/// λ = ridge + 2·noise·√d, the edge of the noise's spectrum: no direction's true variance is above 1 after whitening,
/// which is what keeps the steps from overshooting.
pub(in crate::scoring) fn whitening(m: &Moments, ridge: f64) -> (Array2<f64>, f64) {
    let d = m.mean.len();
    let mut lambda = ridge + 2.0 * m.covariance_noise * libm::sqrt(d as f64);
    let mut tries = 0;
    let a = loop {
        let mut c = m.covariance.clone();
        for j in 0..d {
            c[[j, j]] += lambda;
        }
        match cholesky(&c) {
            Ok(l) => break start::inverse_lower(&l),
            Err(_) if tries < 60 => lambda *= 2.0,
            Err(_) => break Array2::eye(d),
        }
        tries += 1;
    };
    // A direction of pure noise, spectrum on ±λ, adds −1 to d − λ·tr(AAᵀ), a strong one +1. With ¾ the weak ones add
    // little of either sign: the norm bound is neither starved by noise nor paid for directions that hold nothing.
    let effective = d as f64 - 0.75 * lambda * a.iter().map(|v| v * v).sum::<f64>();
    (a, effective.clamp(1.0, d as f64))
}

/// Intercept and whitened coefficients from the moments alone, shrunk by the share of noise in their square.
pub(in crate::scoring) fn first_guess(m: &Moments, a: &Array2<f64>) -> Vec<f64> {
    let d = m.mean.len();
    let v: Vec<f64> = (0..d).map(|i| (0..=i).map(|j| a[[i, j]] * m.cross[j]).sum()).collect();
    let energy: f64 = v.iter().map(|v| v * v).sum();
    let noise = m.cross_noise * m.cross_noise * a.iter().map(|v| v * v).sum::<f64>();
    let kept = if energy > noise { 1.0 - noise / energy } else { 0.0 };
    let (intercept, scale) = start::scaled(m.prevalence, kept * libm::sqrt(energy));
    std::iter::once(intercept).chain(v.iter().map(|v| v * scale * kept)).collect()
}

/// Rows whitened by `a` and clipped to norm `radius`, beside a constant of 1.
pub(in crate::scoring) fn gradient_map(m: &Moments, a: &Array2<f64>, radius: f64) -> RowMap {
    let unit = f64::from(MAX_NORM) / libm::sqrt(1.0 + radius * radius);
    RowMap {
        unit: unit as f32,
        constant: unit as i16,
        norm: MAX_NORM,
        centre: m.mean.iter().map(|v| *v as f32).collect(),
        a: (0..a.nrows()).flat_map(|i| (0..=i).map(move |j| a[[i, j]] as f32)).collect(),
    }
}

/// The mechanism of one gradient of cost `mu` and the bits of its residuals: fewer where the noise is large anyway.
pub(in crate::scoring) fn gradient_mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let norm = f64::from(MAX_NORM);
    let fits = |bits: u32| norm * f64::from(1u32 << bits) / mu < 1e9;
    let bits = (5..=MAX_RESIDUAL_BITS).rev().find(|b| fits(*b)).unwrap_or(4);
    let squared = u64::from(MAX_NORM.unsigned_abs()).pow(2) << (2 * bits);
    Ok((IntegerGaussian::calibrate_mu(squared, mu)?, bits))
}

/// Noisy Newton steps from `first`; each costs `p.mu`. Returns the mean of the last half, in grid units.
pub(in crate::scoring) fn descend(
    p: &Steps,
    map: &RowMap,
    design: &Design,
    labels: &[bool],
    persons: f64,
    first: &[f64],
    source: &mut Source,
) -> Result<Vec<f32>> {
    let rows = map.apply(design);
    let (mechanism, bits) = gradient_mechanism(p.mu)?;
    let one = f64::from(1u32 << bits);
    let unit = |j: usize| if j == 0 { f64::from(map.constant) } else { f64::from(map.unit) };

    let tail = p.iterations.div_ceil(2);
    // Noise of the averaged gradient, against how far it is expected to lead.
    let noise = mechanism.deviation() / (one * f64::from(map.unit)) / libm::sqrt(f64::from(tail));
    let pull = |j: usize| if j == 0 { noise } else { noise / p.prior_spread };

    let each = mechanism.deviation() / (one * f64::from(map.unit));
    let mut last: Option<(Vec<f64>, Vec<f64>)> = None;
    let mut theta = first.to_vec();
    let mut mean = vec![0.0; theta.len()];
    for step in 0..p.iterations {
        let mut sums = rows.gradient(labels, &map.in_units(&theta), bits);
        mechanism.release(&mut sums, &format!("gradient {}", step + 1), source.noise, source.ledger)?;
        let released: Vec<f64> = sums.iter().enumerate().map(|(j, sum)| *sum as f64 / (one * unit(j))).collect();
        let mut hessian = start::curvature(&theta) * persons;
        if let (true, Some((theta0, released0))) = (p.secant, &last) {
            correct(&mut hessian, &minus(&theta, theta0), &minus(&released, released0), each);
        }
        let mut gradient = released.clone();
        for j in 0..theta.len() {
            hessian[[j, j]] += pull(j) + 1e-9 * persons;
            gradient[j] += pull(j) * (theta[j] - first[j]);
        }
        let move_by = solve_spd(&hessian, &gradient)?;
        last = Some((theta.clone(), released));
        theta.iter_mut().zip(move_by).for_each(|(t, s)| *t -= s);
        theta[0] = theta[0].clamp(-LARGEST_INTERCEPT, LARGEST_INTERCEPT);
        let spread = libm::sqrt(theta[1..].iter().map(|t| t * t).sum());
        if spread > LARGEST_SPREAD {
            theta[1..].iter_mut().for_each(|t| *t *= LARGEST_SPREAD / spread);
        }
        if step + tail >= p.iterations {
            mean.iter_mut().zip(&theta).for_each(|(m, t)| *m += t / f64::from(tail));
        }
    }
    Ok(map.in_units(&mean))
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The BFGS update of a curvature H by what a step s did to the released gradient, y:
/// H − H·s·sᵀ·H/(sᵀHs) + y·yᵀ/(yᵀs), where yᵀs stands out of its noise, of deviation √2·`noise`·‖s‖. Positive definite
/// as H is. Post-processing.
fn correct(h: &mut Array2<f64>, s: &[f64], y: &[f64], noise: f64) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let seen = dot(y, s);
    let hs: Vec<f64> = h.rows().into_iter().map(|row| row.iter().zip(s).map(|(h, s)| h * s).sum()).collect();
    let expected = dot(s, &hs);
    // An expected curvature of 0 is a step of 0.
    if seen <= 5.0 * libm::sqrt(2.0) * noise * libm::sqrt(dot(s, s)) || seen <= 1e-6 * expected || expected <= 0.0 {
        return;
    }
    for ((i, j), v) in h.indexed_iter_mut() {
        *v += y[i] * y[j] / seen - hs[i] * hs[j] / expected;
    }
}
