//! Post-processing of released moments: the first guess, and the curvature along the way.
//!
//! Nothing here sees a person. With whitened features φ (mean 0, covariance I), taken as normal for this purpose, and
//! z = β + θ·φ, s = ‖θ‖:
//!
//! - Stein's identity gives E[σ(z)φ] = E[σ'(z)]·θ. The logistic θ is therefore *proportional to the least-squares
//!   coefficients* v = Cov(φ, y), θ = κv with κ·E[σ'(z)] = 1 and E[σ(z)] = P(y)
//!   (Erdogdu, Bayati & Dicker, "Scaled least squares estimator for GLMs in large-scale problems", NIPS 2016).
//! - The Hessian has a closed form in three averages over one normal variable, wherever θ is ([`Curvature`]). It needs
//!   no release of its own, and unlike ¼·Gram it is not seven times too steep where 3.6 % default.

use super::guess::mean_above_zero;
use crate::error::{Error, Result};
use crate::stats::logistic;
use ndarray::Array2;

/// Points of the midpoint rule on ±6 and their weights.
struct Normal([(f64, f64); 48]);

impl Normal {
    fn new() -> Self {
        let z = |i: usize| (i as f64 - 23.5) * 0.25;
        let density = |i: usize| libm::exp(-0.5 * z(i) * z(i));
        let mass: f64 = (0..48).map(density).sum();
        Self(std::array::from_fn(|i| (z(i), density(i) / mass)))
    }

    /// E[f(Z)], Z ~ N(0, 1); error below 1e-8 for logistic curves of spread up to 3.
    fn mean<const N: usize>(&self, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
        let mut sums = [0.0; N];
        for (z, w) in &self.0 {
            sums.iter_mut().zip(f(*z)).for_each(|(s, v)| *s += w * v);
        }
        sums
    }

    /// The β with E[σ(β + spread·Z)] = prevalence, and E[σ'] there: Newton's steps, which a shrinking bracket keeps on their way.
    fn intercept(&self, prevalence: f64, spread: f64) -> (f64, f64) {
        let (mut lo, mut hi) = (-20.0, 20.0);
        let mut beta: f64 = 0.0;
        let mut steepness = 0.0;
        for _ in 0..100 {
            let [p, slope] = self.mean(|z| {
                let p = logistic(beta + spread * z);
                [p, p * (1.0 - p)]
            });
            steepness = slope;
            if p < prevalence {
                lo = beta;
            } else {
                hi = beta;
            }
            let next = beta - (p - prevalence) / slope;
            let next = if next > lo && next < hi { next } else { 0.5 * (lo + hi) };
            let moved = (next - beta).abs();
            beta = next;
            if moved <= 1e-12 * (1.0 + beta.abs()) {
                break;
            }
        }
        (beta, steepness)
    }
}

/// Largest spread of the logit that a first guess may have.
const MAX_SPREAD: f64 = 3.0;

/// The intercept β with E[σ(β + spread·z)] = prevalence.
pub(in crate::scoring) fn intercept(prevalence: f64, spread: f64) -> f64 {
    Normal::new().intercept(prevalence, spread.min(MAX_SPREAD)).0
}

/// The default rate that a released Σ(p − y)/n = `excess`, known but for `noise`, speaks for at θ: the mean PD of normal features less
/// the excess, and above 0. Newton's step from a rate of next to nothing would go far beyond.
pub(super) fn rate(theta: &[f64], excess: f64, noise: f64) -> f64 {
    let spread = libm::sqrt(squares(&theta[1..])).min(MAX_SPREAD);
    let [mean] = Normal::new().mean(|z| [logistic(theta[0] + spread * z)]);
    mean_above_zero(mean - excess, noise.max(1e-9)).clamp(1e-5, 1.0 - 1e-5)
}

/// (β, κ): intercept and scale of least-squares coefficients v of norm `spread`.
pub(in crate::scoring) fn scaled(prevalence: f64, spread: f64) -> (f64, f64) {
    let normal = Normal::new();
    if spread.is_nan() || spread <= 0.0 {
        return (normal.intercept(prevalence, 0.0).0, 0.0);
    }
    let too_large = |kappa: f64| kappa * normal.intercept(prevalence, kappa * spread).1 - 1.0;
    let kappa = crossing(MAX_SPREAD / spread, too_large);
    (normal.intercept(prevalence, kappa * spread).0, kappa)
}

/// Where f, −1 at 0, crosses 0 on [0, hi], to 1e-12 of it; hi if it does not. Illinois' regula falsi.
fn crossing(hi: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut below, mut above) = ((0.0, -1.0), (hi, f(hi)));
    if above.1.is_nan() || above.1 <= 0.0 {
        return hi;
    }
    let mut last = 0;
    for _ in 0..100 {
        let x = (below.0 * above.1 - above.0 * below.1) / (above.1 - below.1);
        let y = f(x);
        if (above.0 - below.0) <= 1e-12 * above.0 || y.abs() <= 1e-14 {
            return x;
        }
        let side = if y < 0.0 { -1 } else { 1 };
        if y < 0.0 {
            below = (x, y);
            above.1 *= if side == last { 0.5 } else { 1.0 };
        } else {
            above = (x, y);
            below.1 *= if side == last { 0.5 } else { 1.0 };
        }
        last = side;
    }
    0.5 * (below.0 + above.0)
}

/// The Hessian of the mean logistic loss at θ = (β, θ₁ …) under standard normal features: borders `first`·θ, inside
/// `zeroth`·I + `second`·θθᵀ, and `zeroth` in the corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curvature {
    /// E[σ'].
    pub zeroth: f64,
    /// E[σ'·(z−β)]/s².
    pub first: f64,
    /// (E[σ'(z−β)²]/s² − E[σ'])/s².
    pub second: f64,
}

impl Curvature {
    /// At θ.
    pub fn at(theta: &[f64]) -> Self {
        let variance = squares(&theta[1..]).max(1e-12);
        let (beta, s) = (theta[0], libm::sqrt(variance));
        let [zeroth, first, second] = Normal::new().mean(|z| {
            let p = logistic(beta + s * z);
            let slope = p * (1.0 - p);
            [slope, slope * z, slope * z * z]
        });
        Self { zeroth, first: first / s, second: (second - zeroth) / variance }
    }

    /// As a matrix, (1 + d) × (1 + d).
    pub fn matrix(self, theta: &[f64]) -> Array2<f64> {
        let mut h = Array2::from_shape_fn((theta.len(), theta.len()), |(i, j)| {
            self.second * theta[i] * theta[j] + if i == j { self.zeroth } else { 0.0 }
        });
        for (i, t) in theta.iter().enumerate() {
            h[[i, 0]] = self.first * t;
            h[[0, i]] = self.first * t;
        }
        h[[0, 0]] = self.zeroth;
        h
    }

    /// (H + damping)⁻¹·g: across θ the matrix is a multiple of 1, along the constant and θ it is 2 × 2.
    pub fn solve(self, theta: &[f64], damping: f64, g: &[f64]) -> Result<Vec<f64>> {
        let spread = libm::sqrt(squares(&theta[1..]));
        let unit = if spread > 0.0 { 1.0 / spread } else { 0.0 };
        let along = theta[1..].iter().zip(&g[1..]).map(|(t, g)| t * g).sum::<f64>() * unit;
        let flat = self.zeroth + damping;
        let (border, inner) = (self.first * spread, flat + self.second * spread * spread);
        let determinant = flat * inner - border * border;
        if determinant.is_nan() || determinant <= 0.0 || flat <= 0.0 {
            return Err(Error::Singular { row: 0 });
        }
        let constant = (inner * g[0] - border * along) / determinant;
        let turned = (flat * along - border * g[0]) / determinant - along / flat;
        let others = theta[1..].iter().zip(&g[1..]).map(|(t, g)| g / flat + turned * unit * t);
        Ok(std::iter::once(constant).chain(others).collect())
    }
}

fn squares(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against brute force over a fine grid: the scale makes the two normal equations hold.
    #[test]
    fn the_scaled_guess_solves_its_two_equations() {
        for (prevalence, spread) in [(0.22, 1.0), (0.036, 5.0), (0.5, 0.1), (0.01, 20.0)] {
            let (beta, kappa) = scaled(prevalence, spread);
            let s = kappa * spread;
            let mean = |f: &dyn Fn(f64) -> f64| crate::stats::normal_mean(|z| f(beta + s * z));
            assert!((mean(&logistic) - prevalence).abs() < 1e-6);
            assert!(
                (kappa * mean(&|z| logistic(z) * (1.0 - logistic(z))) - 1.0).abs() < 1e-5
                    || (s - MAX_SPREAD).abs() < 1e-9,
                "{prevalence} {spread}"
            );
        }
        assert_eq!(scaled(0.3, 0.0).1, 0.0);
    }

    /// Against the average of σ'(z)·(1, φ)(1, φ)ᵀ over two independent normal features, by quadrature.
    #[test]
    fn the_curvature_is_the_average_hessian() {
        let theta = [-1.5, 0.8, -0.3];
        let h = Curvature::at(&theta).matrix(&theta);
        let normal = Normal::new();
        for i in 0..3 {
            for j in 0..3 {
                let [brute] = normal.mean(|a| {
                    normal.mean(|b| {
                        let x = [1.0, a, b];
                        let p = logistic(x.iter().zip(theta).map(|(x, t)| x * t).sum());
                        [p * (1.0 - p) * x[i] * x[j]]
                    })
                });
                assert!((brute - h[[i, j]]).abs() < 1e-7, "{i} {j}");
            }
        }
    }

    #[test]
    fn the_short_solution_is_the_matrix_one() {
        for theta in [vec![-1.5, 0.8, -0.3, 0.0, 1.1], vec![0.7, 0.0, 0.0], vec![2.0, 1e-9, 0.0], vec![0.3]] {
            let g: Vec<f64> = (0..theta.len()).map(|i| libm::sin(i as f64 + 1.0)).collect();
            let curvature = Curvature::at(&theta);
            let mut h = curvature.matrix(&theta);
            h.diag_mut().iter_mut().for_each(|v| *v += 1e-9);
            let want = crate::stats::solve_spd(&h, &g).unwrap();
            let got = curvature.solve(&theta, 1e-9, &g).unwrap();
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-9), "{got:?} {want:?}");
        }
        assert!(Curvature::at(&[f64::NAN, 1.0]).solve(&[f64::NAN, 1.0], 1e-9, &[1.0, 1.0]).is_err());
    }
}
