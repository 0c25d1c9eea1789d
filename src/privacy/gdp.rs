//! Gaussian differential privacy: the exact trade-off of Gaussian noise.
//!
//! A mechanism is μ-GDP when telling two neighbours apart is no easier than telling N(0, 1) from N(μ, 1). Noise of
//! standard deviation σ on a vector of L2 sensitivity Δ is μ-GDP with μ = Δ/σ, and μ-GDP is (ε, δ)-DP exactly when
//!
//! ```text
//! δ ≥ Φ(−ε/μ + μ/2) − e^ε·Φ(−ε/μ − μ/2)
//! ```
//!
//! Adaptive composition of μ₁- and μ₂-GDP is √(μ₁² + μ₂²)-GDP, without loss.
//!
//! Sources: Balle & Wang 2018, theorem 8 (the curve); Dong, Roth & Su 2022, corollaries 2.13 and 3.3 (the same curve as a
//! trade-off function, and composition).

use crate::stats::{normal_cdf, root_increasing};

/// δ at `epsilon` of a μ-GDP mechanism.
pub fn delta_of_mu(mu: f64, epsilon: f64) -> f64 {
    if mu == 0.0 {
        return 0.0;
    }
    if !(mu > 0.0 && mu.is_finite()) {
        return 1.0;
    }
    let (a, b) = (-epsilon / mu + 0.5 * mu, -epsilon / mu - 0.5 * mu);
    (normal_cdf(a) - libm::exp(epsilon + log_normal_cdf(b))).clamp(0.0, 1.0)
}

/// The smallest ε at which a μ-GDP mechanism is (ε, δ)-DP. 0 for μ = 0; ∞ for μ = ∞, NaN, or δ ≤ 0.
pub fn epsilon_of_mu(mu: f64, delta: f64) -> f64 {
    if mu == 0.0 || delta >= 1.0 || (mu > 0.0 && delta_of_mu(mu, 0.0) <= delta) {
        return 0.0;
    }
    if !(mu > 0.0 && mu.is_finite() && delta > 0.0) {
        return f64::INFINITY;
    }
    // Φ(−ε/μ + μ/2) alone is below δ at the upper end.
    let highest = mu * (0.5 * mu + 40.0);
    root_increasing(0.0, highest, |e| delta - delta_of_mu(mu, e)) * (1.0 + 1e-12) + 1e-12
}

/// The largest μ whose (ε, δ) is within `epsilon`: the budget of Gaussian noise. ∞ for ε = ∞.
pub fn mu_of_epsilon(epsilon: f64, delta: f64) -> f64 {
    if epsilon == f64::INFINITY {
        return f64::INFINITY;
    }
    let log_mu = root_increasing(-60.0, 30.0, |x| epsilon_of_mu(libm::exp(x), delta) - epsilon);
    let mu = libm::exp(log_mu) * (1.0 - 1e-9);
    if epsilon_of_mu(mu, delta) <= epsilon { mu } else { 0.0 }
}

/// ln Φ(x), also where Φ(x) underflows.
fn log_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        return libm::log(normal_cdf(x));
    }
    // Φ(x) ≈ φ(x)/|x|·(1 − 1/x² + 3/x⁴), relative error below 2e-8 here.
    let y = 1.0 / (x * x);
    -0.5 * x * x - 0.5 * libm::log(2.0 * std::f64::consts::PI) - libm::log(-x) + libm::log1p(-y + 3.0 * y * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ε of σ = 1 at δ = 1e-5 and σ for (1, 1e-6), as published for the analytic Gaussian.
    #[test]
    fn known_values() {
        assert!((epsilon_of_mu(1.0, 1e-5) - 4.377_178).abs() < 1e-5, "{}", epsilon_of_mu(1.0, 1e-5));
        assert!((1.0 / mu_of_epsilon(1.0, 1e-6) - 4.224_679).abs() < 1e-4, "{}", 1.0 / mu_of_epsilon(1.0, 1e-6));
    }

    #[test]
    fn the_conversions_invert_each_other() {
        for epsilon in [0.01, 0.1, 1.0, 8.0, 50.0] {
            for delta in [1e-3, 1e-6, 1e-12] {
                let mu = mu_of_epsilon(epsilon, delta);
                assert!((epsilon_of_mu(mu, delta) / epsilon - 1.0).abs() < 1e-6, "{epsilon} {delta} {mu}");
            }
        }
        assert_eq!(epsilon_of_mu(0.0, 1e-6), 0.0);
        assert_eq!(epsilon_of_mu(f64::INFINITY, 1e-6), f64::INFINITY);
        assert_eq!(epsilon_of_mu(1.0, 0.0), f64::INFINITY);
        assert_eq!(mu_of_epsilon(f64::INFINITY, 1e-6), f64::INFINITY);
    }
}
