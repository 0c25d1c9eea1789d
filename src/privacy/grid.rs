//! What a discrete Gaussian is worth as Gaussian differential privacy: two proofs, for fine and for coarse grids.
//!
//! D_σ is the discrete Gaussian on ℤᵈ, P(k) ∝ ρ_σ(k) = exp(−‖k‖²/2σ²). The mechanism M(q) = q + D_σ answers with integers
//! q ∈ ℤᵈ, which one person changes by a vector of L2 norm at most Δ. Claim:
//!
//! ```text
//! μ = min( Δ/√(σ² − r²), 2Δ/σ ),   r = 2,   with a slack of τ = d·ln((1 + ν)/(1 − ν)) < 2.1·10⁻³⁴·d for the first
//! ```
//!
//! # Fine grid: a rounded continuous Gaussian
//!
//! Let s² = σ² − r² > 0, and let M′(q) draw v = q + N(0, s²·I) and release w ∈ ℤᵈ with probability
//! ρ_r(w − v)/ρ_r(ℤᵈ − v). M′ reads nothing but v, so it is exactly Δ/s-GDP by post-processing. (q enters through v
//! alone because q is an integer: the grid does not shift with it.)
//!
//! By Poisson summation ρ_r(ℤ − y) = r√(2π)·(1 + 2·Σ_{j≥1} exp(−2π²r²j²)·cos 2πjy), hence in d dimensions
//! ρ_r(ℤᵈ − v) = (r√(2π))ᵈ·θ with (1 − ν)ᵈ ≤ θ ≤ (1 + ν)ᵈ and ν = 2·Σ_{j≥1} exp(−2π²r²j²). The integral of
//! N(v; q, s²)·ρ_r(w − v) over v is a constant times ρ_σ(w − q), as σ² = s² + r². So the law of M′(q) is
//! c·ρ_σ(w − q)/θ(w), θ(w) within the same bounds, and that of M(q) is c′·ρ_σ(w − q), c′ the same for every q; both sum to 1. Hence
//!
//! ```text
//! e^−τ ≤ P(M(q) = w) / P(M′(q) = w) ≤ e^τ,    τ = d·ln((1 + ν)/(1 − ν))
//! ```
//!
//! If M′ is (ε, δ)-DP, then P(M(q) ∈ S) ≤ e^τ(e^ε·P(M′(q′) ∈ S) + δ) ≤ e^(ε+2τ)·P(M(q′) ∈ S) + e^τ·δ: M is
//! (ε + 2τ, e^τ·δ)-DP. *Adaptive composition*: the joint law of several releases is the product of their conditional
//! laws, so it lies within e^±Στ of the joint law of the M′, whose μ² add. τ adds over releases and coordinates, μ² add,
//! and the two last steps are taken once, at the end. Releases of other kinds in between change nothing: their factor is the same in both.
//!
//! With r = 2, ν < 1.03·10⁻³⁴. [`SLACK`] = 10⁻¹⁵ covers 4·10¹⁸ released numbers and is inside every ε that
//! [`epsilon_of_mu`](super::gdp::epsilon_of_mu) answers with, hence in the ledger's totals and in every calibration.
//!
//! # Coarse grid: any σ
//!
//! In one dimension, D and X ~ N(0, σ²) satisfy for every integer n
//!
//! ```text
//! P(D ≤ n − 1) ≤ Φ(n/σ)
//! ```
//!
//! n ≥ 1: compare |D| with |X| rounded towards 0. P(|D| = k)/P(⌊|X|⌋ = k) is proportional to
//! 1/∫₀¹ exp(−(2kt + t²)/2σ²)dt for k ≥ 1 and to half of that expression for k = 0: it increases with k, so |D| is stochastically the larger,
//! and P(D ≥ n) ≥ P(X ≥ n). n ≤ 0: with m = 1 − n ≥ 1 the claim reads P(D ≥ m) ≤ P(X ≥ m − 1); compare with |X| rounded away from
//! 0: the ratio is ∞ for k = 0 and proportional to 1/∫₀¹ exp((2kt − t²)/2σ²)dt for k ≥ 1: it decreases, so |D| is the smaller.
//!
//! Telling D from D + a, a ≥ 1: the likelihood ratio is monotone, so the best tests are the thresholds k (and mixtures of
//! two), with errors 1 − α = P(D ≤ k − 1) ≤ Φ(k/σ) and 1 − β = P(D ≥ k − a) = P(D ≤ a − k) ≤ Φ((a − k + 1)/σ). Hence
//! Φ⁻¹(1 − α) + Φ⁻¹(1 − β) ≤ (a + 1)/σ: these points, and the segments between them, lie above the convex trade-off
//! curve of μ = (a + 1)/σ. Coordinates are independent, so their μ² add: μ² = Σ (|aᵢ| + 1)²/σ² over those with aᵢ ≠ 0, at
//! most 4Σaᵢ²/σ² as |aᵢ| ≥ 1. So μ = 2Δ/σ, without slack, for every σ > 0: as the budget grows the noise vanishes.
//!
//! Sources: Peikert 2010, theorem 3.1 (convolution); Canonne, Kamath & Steinke 2020 (the discrete Gaussian); Dong, Roth &
//! Su 2022 (trade-off functions). The second proof is ours.

/// r: a discrete Gaussian of scale σ > r is a rounding of a continuous one of scale √(σ² − r²).
const ROUNDING: f64 = 2.0;

/// What the two sides of the first proof may differ by in all, as a factor e^±τ.
pub const SLACK: f64 = 1e-15;

/// μ of discrete Gaussian noise of scale `sigma` on integer vectors of L2 sensitivity `l2`; ∞ for σ = 0.
pub fn mu_of_scale(l2: f64, sigma: f64) -> f64 {
    if sigma.is_nan() || sigma <= 0.0 {
        return f64::INFINITY;
    }
    let squared = sigma * sigma - ROUNDING * ROUNDING;
    let fine = if squared > 0.0 { l2 / libm::sqrt(squared) } else { f64::INFINITY };
    // Outwards: three roundings of at most half a unit in the last place.
    fine.min(2.0 * l2 / sigma) * (1.0 + 4.0 * f64::EPSILON)
}

/// The σ whose [`mu_of_scale`] is `mu`, up to rounding.
pub(super) fn least_scale(l2: f64, mu: f64) -> f64 {
    let s = l2 / mu;
    libm::sqrt(s * s + ROUNDING * ROUNDING).min(2.0 * s)
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
