//! Post-processing of released moments: the first guess.
//!
//! Nothing here sees a person. With whitened features φ (mean 0, covariance I), taken as normal for this purpose, and
//! z = β + θ·φ, s = ‖θ‖:
//!
//! - Stein's identity gives E[σ(z)φ] = E[σ'(z)]·θ. The logistic θ is therefore *proportional to the least-squares
//!   coefficients* v = Cov(φ, y), θ = κv with κ·E[σ'(z)] = 1 and E[σ(z)] = P(y)
//!   (Erdogdu, Bayati & Dicker, "Scaled least squares estimator for GLMs in large-scale problems", NIPS 2016).
//!
//! Features of heavy tails are not normal, and the guess may then be far too long: the steps find out ([`path`](super::path)).

use crate::stats::logistic;

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
}
