//! From zero-concentrated to approximate differential privacy and back.
//!
//! A ρ-zCDP mechanism is (ε, δ)-DP for every α > 1 with (Canonne, Kamath & Steinke 2020, proposition 12)
//!
//! ```text
//! ε = αρ + ( ln(1/δ) − ln(α − 1) + α·ln(1 − 1/α) ) / (α − 1)
//! ```
//!
//! and the best α is taken. Any α gives a valid bound, so an inexact search errs on the safe side. opendp evaluates the
//! same proposition for δ at a given ε, with outward rounding and α ≥ 1.01; ours is at most its answer, and equal to some
//! ten digits where the best α is above 1.01. Both lie above the exact Gaussian curve (anchors: 4.728 against 4.377 at
//! ρ = ½, δ = 1e-5).

use crate::stats::root_increasing;

/// Relative widening that covers the rounding of the formula itself.
const ROUNDING: f64 = 1e-12;

/// The smallest ε for which proposition 12 makes a ρ-zCDP mechanism (ε, δ)-DP.
///
/// 0 for ρ = 0; ∞ for ρ = ∞ or δ ≤ 0; 0 for δ ≥ 1. NaN in, ∞ out.
pub fn epsilon_of_rho(rho: f64, delta: f64) -> f64 {
    if rho == 0.0 || delta >= 1.0 {
        return 0.0;
    }
    if !(rho > 0.0 && rho.is_finite() && delta > 0.0) {
        return f64::INFINITY;
    }
    let log_inverse_delta = -libm::log(delta);
    // a = α − 1, searched on a logarithmic scale.
    let bound = |a: f64| {
        let alpha = 1.0 + a;
        alpha * rho + (log_inverse_delta - libm::log(a) - alpha * libm::log1p(1.0 / a)) / a
    };
    // dε/da = ρ − (ln(1/δ) − ln(1 + a))/a²; times a² it increases.
    let slope = |x: f64| {
        let a = libm::exp(x);
        rho * a * a - log_inverse_delta + libm::log1p(a)
    };
    let best = root_increasing(-40.0, 40.0, slope);
    let epsilon = bound(libm::exp(best));
    (epsilon + ROUNDING * (1.0 + epsilon.abs())).max(0.0)
}

/// The largest ρ whose (ε, δ) is within `epsilon`: the budget of a zCDP mechanism. ∞ for ε = ∞.
pub fn rho_of_epsilon(epsilon: f64, delta: f64) -> f64 {
    if epsilon == f64::INFINITY {
        return f64::INFINITY;
    }
    // ε(ρ) increases; the step back keeps the answer on the affordable side.
    let log_rho = root_increasing(-80.0, 60.0, |x| epsilon_of_rho(libm::exp(x), delta) - epsilon);
    let rho = libm::exp(log_rho) * (1.0 - 1e-9);
    if epsilon_of_rho(rho, delta) <= epsilon { rho } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opendp::combinators::ConcentratedMeasure;
    use opendp::measures::ZeroConcentratedDivergence;

    /// Reference values: anchors (σ = 1, δ = 1e-5) and opendp over six decades of ρ.
    #[test]
    fn agrees_with_opendp_and_never_undercuts_it() {
        assert!((epsilon_of_rho(0.5, 1e-5) - 4.7285).abs() < 1e-3);
        for rho in [1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0, 5.0, 20.0] {
            for delta in [1e-9, 1e-6, 1e-5, 1e-3] {
                let profile = ZeroConcentratedDivergence::convert(rho).unwrap();
                let ours = epsilon_of_rho(rho, delta);
                let theirs = profile.epsilon(delta).unwrap();
                assert!(ours <= theirs + 1e-9, "rho {rho}, delta {delta}: {ours} against {theirs}");
                assert!((ours - theirs).abs() < 1e-6 * (1.0 + theirs), "rho {rho}, delta {delta}: {ours}, {theirs}");
                // Valid: at our ε opendp states no more δ than we did.
                assert!(profile.delta(ours).unwrap() <= delta * (1.0 + 1e-9), "rho {rho}, delta {delta}");
            }
        }
    }

    /// The textbook ρ + 2√(ρ ln(1/δ)) of Bun & Steinke is looser everywhere.
    #[test]
    fn is_tighter_than_the_textbook_bound() {
        for rho in [1e-4f64, 0.01, 0.5, 3.0] {
            let textbook = rho + 2.0 * (rho * (1e6f64).ln()).sqrt();
            assert!(epsilon_of_rho(rho, 1e-6) < textbook);
        }
    }

    #[test]
    fn budgets_invert_the_conversion() {
        for epsilon in [0.01, 0.1, 1.0, 8.0, 50.0, 1e12, 1e18] {
            let rho = rho_of_epsilon(epsilon, 1e-6);
            let back = epsilon_of_rho(rho, 1e-6);
            assert!(back <= epsilon && back > epsilon * (1.0 - 1e-6), "{epsilon}: {back}");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(epsilon_of_rho(0.0, 1e-6), 0.0);
        assert_eq!(epsilon_of_rho(0.1, 0.0), f64::INFINITY);
        assert_eq!(epsilon_of_rho(f64::INFINITY, 1e-6), f64::INFINITY);
        assert_eq!(epsilon_of_rho(f64::NAN, 1e-6), f64::INFINITY);
        assert_eq!(rho_of_epsilon(f64::INFINITY, 1e-6), f64::INFINITY);
    }
}
