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

use super::grid::SLACK;
use crate::stats::{normal_cdf, root_increasing};

/// By how much ε is rounded outwards, relative and absolute.
const OUTWARDS: f64 = 1e-12;

/// δ at `epsilon` of a μ-GDP mechanism.
///
/// With a = −ε/μ + μ/2 and b = a − μ, e^ε·φ(b) = φ(a): where the tails are thin both terms are φ(a) times a Mills ratio,
/// which neither overflows nor loses digits.
pub fn delta_of_mu(mu: f64, epsilon: f64) -> f64 {
    if mu == 0.0 {
        return 0.0;
    }
    if !(mu > 0.0 && mu.is_finite()) {
        return 1.0;
    }
    let (a, b) = (-epsilon / mu + 0.5 * mu, -epsilon / mu - 0.5 * mu);
    let density = libm::exp(-0.5 * a * a) / libm::sqrt(2.0 * std::f64::consts::PI);
    let delta = if a < -THIN {
        density * (mills(-a) - mills(-b))
    } else if b < -THIN {
        normal_cdf(a) - density * mills(-b)
    } else {
        normal_cdf(a) - libm::exp(epsilon) * normal_cdf(b)
    };
    delta.clamp(0.0, 1.0)
}

/// The smallest ε at which a μ-GDP mechanism is (ε, δ)-DP. 0 for μ = 0 and for δ ≥ 1; ∞ for μ = ∞, NaN, or δ ≤ 0.
///
/// Rounded outwards, by 1e-12 (absolute and relative) in ε and by [`SLACK`] in δ: that covers this computation and what a
/// discrete Gaussian lacks to a continuous one ([`grid`](super::grid)), ε + 2τ and e^τ·δ. Hence not 0 where δ alone is enough.
pub fn epsilon_of_mu(mu: f64, delta: f64) -> f64 {
    if mu == 0.0 || delta >= 1.0 {
        return 0.0;
    }
    let delta = delta * (1.0 - 2.0 * SLACK);
    if !(mu > 0.0 && mu.is_finite() && delta > 0.0) {
        return f64::INFINITY;
    }
    if delta_of_mu(mu, 0.0) <= delta {
        return OUTWARDS;
    }
    // Φ(−ε/μ + μ/2) alone is below δ at the upper end.
    let highest = mu * (0.5 * mu + 40.0);
    root_increasing(0.0, highest, |e| delta - delta_of_mu(mu, e)) * (1.0 + OUTWARDS) + OUTWARDS
}

/// The largest μ whose (ε, δ) is within `epsilon`: the budget of Gaussian noise. ∞ for ε = ∞.
pub fn mu_of_epsilon(epsilon: f64, delta: f64) -> f64 {
    if epsilon == f64::INFINITY {
        return f64::INFINITY;
    }
    // ε(μ) ≤ ε where δ(μ) at that ε is within δ, both rounded as `epsilon_of_mu` does: one search instead of one in another.
    let (inner, within) = (((epsilon - 1e-12) / (1.0 + 1e-12)).max(0.0), delta * (1.0 - 2.0 * SLACK));
    let log_mu = root_increasing(-60.0, 30.0, |x| delta_of_mu(libm::exp(x), inner) - within);
    // ε(μ) grows at least as fast as μ: the first step back that is affordable.
    let steps = [1e-13, 1e-12, 1e-11, 1e-10, 1e-9];
    let mu = steps.into_iter().map(|back| libm::exp(log_mu) * (1.0 - back));
    mu.into_iter().find(|mu| epsilon_of_mu(*mu, delta) <= epsilon).unwrap_or(0.0)
}

/// Where a tail counts as thin.
const THIN: f64 = 5.0;

/// Mills ratio Φ(−x)/φ(x) for x ≥ 5, by its continued fraction 1/(x + 1/(x + 2/(x + …))); 80 terms, relative error below 1e-15.
pub(super) fn mills(x: f64) -> f64 {
    let tail = (1..=80).rev().fold(x, |tail, k| x + f64::from(k) / tail);
    1.0 / tail
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

    /// By 40-digit arithmetic (mpmath). The bar is 1e-9; the answer may not lie below.
    #[test]
    fn agrees_with_forty_digits_to_a_billionth() {
        let epsilons = [
            (0.001, 1e-5, 0.00193872496986011),
            (0.001, 1e-9, 0.0044253508875374595),
            (0.001, 1e-12, 0.0056995464684262821),
            (0.1, 1e-3, 0.19753397323971043),
            (0.1, 1e-5, 0.34066936468432641),
            (0.1, 1e-9, 0.53514823155317257),
            (0.1, 1e-12, 0.64700812592498231),
            (0.5, 1e-3, 1.3522762448025542),
            (0.5, 1e-5, 1.9930914044151196),
            (0.5, 1e-9, 2.909732380763617),
            (0.5, 1e-12, 3.4490521504828078),
            (1.0, 1e-3, 3.1386705485829392),
            (1.0, 1e-5, 4.3771780956812246),
            (1.0, 1e-9, 6.173935046670908),
            (1.0, 1e-12, 7.2384944201788584),
            (5.0, 1e-3, 27.176017134377454),
            (5.0, 1e-5, 33.103732335922465),
            (5.0, 1e-9, 41.83337508055052),
            (5.0, 1e-12, 47.049232172701764),
            (30.0, 1e-3, 541.75547384918071),
            (30.0, 1e-5, 577.01197368801701),
            (30.0, 1e-9, 629.0228018527765),
            (30.0, 1e-12, 660.13635674607303),
            (100.0, 1e-3, 5308.0384014214845),
            (100.0, 1e-5, 5425.5098461474296),
            (100.0, 1e-9, 5598.8095714730252),
            (100.0, 1e-12, 5702.4820157389061),
        ];
        for (mu, delta, exact) in epsilons {
            let ours = epsilon_of_mu(mu, delta);
            assert!(ours >= exact && ours - exact < 1e-9 * (1.0 + exact), "μ {mu}, δ {delta}: {ours} against {exact}");
            let back = mu_of_epsilon(exact, delta);
            assert!(back <= mu && back > mu * (1.0 - 1e-8), "μ {mu}, δ {delta}: {back}");
        }
        let deltas = [
            (0.1, 0.5, 6.8565824558387266e-9),
            (1.0, 1.0, 0.12693673750664395),
            (1.0, 8.0, 3.6508216874217909e-15),
            (3.0, 20.0, 4.2247546167694101e-8),
            (0.01, 0.05, 5.4814402007468775e-10),
            (10.0, 100.0, 1.8797170020519157e-7),
            (1.0, 37.0, 1.4764695344425281e-293),
        ];
        for (mu, epsilon, exact) in deltas {
            let ours = delta_of_mu(mu, epsilon);
            assert!((ours / exact - 1.0).abs() < 1e-9, "μ {mu}, ε {epsilon}: {ours} against {exact}");
        }
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
        // δ alone is enough, but for the grid's slack and the rounding of this computation.
        assert_eq!(epsilon_of_mu(1e-7, 1e-6), OUTWARDS);
        assert_eq!(epsilon_of_mu(f64::INFINITY, 1e-6), f64::INFINITY);
        assert_eq!(epsilon_of_mu(1.0, 0.0), f64::INFINITY);
        assert_eq!(mu_of_epsilon(f64::INFINITY, 1e-6), f64::INFINITY);
    }
}
