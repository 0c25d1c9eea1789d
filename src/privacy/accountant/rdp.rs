//! Rényi differential privacy: what each event costs at an order α > 1, how orders add, and what they are worth as (ε, δ).
//!
//! A mechanism is (α, R)-RDP when D_α(P‖Q) ≤ R for both orders of every two neighbours. R adds under adaptive composition, and
//! (α, R)-RDP is (ε, δ)-DP with
//!
//! ```text
//! ε = R + ln(1 − 1/α) − (ln δ + ln α)/(α − 1)
//! ```
//!
//! | event | R(α) |
//! |---|---|
//! | μ-GDP Gaussian; ρ-zCDP; discrete Gaussian | αμ²/2; αρ; α·shift²/2σ² |
//! | any ε-DP; sampled Laplace with its ε | ln((e^(αε) + e^((1−α)ε))/(1 + e^ε))/(α − 1), at most αε²/2 |
//! | Laplace, ε | ln((α·e^((α−1)ε) + (α − 1)·e^(−αε))/(2α − 1))/(α − 1) |
//! | Gaussian sampled with probability q | ln A_α/(α − 1) |
//!
//! A_α = E[(1 − q + q·e^((2x−1)/2σ²))^α] over N(0, σ²): a binomial sum for whole α, else the two series of the source.
//! It covers adding and removing a person. Any α gives a valid bound, so an inexact search for the best errs on the safe side.
//!
//! Sources: Mironov 2017; Mironov, Talwar & Zhang 2019, section 3.3; Canonne, Kamath & Steinke 2020, proposition 12, and
//! Balle et al. 2020, theorem 21 (the conversion); Bun & Steinke 2016, proposition 3.3 (pure ε).

use super::{Composition, Event};
use crate::stats::normal_cdf;

/// What rounding may hide of ln A.
const ROUNDING: f64 = 1e-13;

/// R(α) of one event, α > 1.
pub fn renyi(event: &Event, alpha: f64) -> f64 {
    let pure = |epsilon: f64| {
        let a = alpha - 1.0;
        let log =
            a * epsilon + libm::log1p(libm::exp((1.0 - 2.0 * alpha) * epsilon)) - libm::log1p(libm::exp(-epsilon));
        ((log + ROUNDING) / a).min(0.5 * alpha * epsilon * epsilon).min(epsilon)
    };
    match *event {
        Event::Pure { epsilon } => pure(epsilon),
        Event::DiscreteLaplace { shift, scale } => pure(f64::from(shift) / scale),
        Event::SampledLaplace { rate, epsilon } => pure(super::losses::sampled(rate, epsilon)),
        Event::Laplace { epsilon } => {
            let a = alpha - 1.0;
            let rest = a * libm::exp((1.0 - 2.0 * alpha) * epsilon) / alpha;
            let log = a * epsilon + libm::log(alpha / (2.0 * alpha - 1.0)) + libm::log1p(rest);
            ((log + ROUNDING) / a).min(0.5 * alpha * epsilon * epsilon).min(epsilon)
        }
        Event::Zcdp { rho } => alpha * rho,
        Event::Gaussian { mu } => 0.5 * alpha * mu * mu,
        Event::DiscreteGaussian { shift, sigma } => {
            0.5 * alpha * (f64::from(shift) / sigma) * (f64::from(shift) / sigma)
        }
        Event::SampledGaussian { rate, sigma } if rate >= 1.0 => 0.5 * alpha / (sigma * sigma),
        Event::SampledGaussian { rate, sigma } => {
            let log = if alpha.fract() == 0.0 { whole(rate, sigma, alpha) } else { fractional(rate, sigma, alpha) };
            (log.max(0.0) + ROUNDING) / (alpha - 1.0)
        }
    }
}

/// ln(e^a + e^b).
pub(super) fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

/// ln A_α for whole α: Σ_k C(α, k)·(1 − q)^(α−k)·q^k·e^((k²−k)/2σ²).
fn whole(rate: f64, sigma: f64, alpha: f64) -> f64 {
    let (log_q, log_p) = (libm::log(rate), libm::log1p(-rate));
    let mut total = f64::NEG_INFINITY;
    let mut log_binomial = 0.0;
    for k in 0..=alpha as u32 {
        let k = f64::from(k);
        let term = log_binomial + (alpha - k) * log_p + k * log_q + k * (k - 1.0) / (2.0 * sigma * sigma);
        total = log_add(total, term);
        log_binomial += libm::log((alpha - k) / (k + 1.0));
    }
    total
}

/// ln A_α for any α: the integral is cut where both parts of the mixture are equal, each half expanded around its larger part.
fn fractional(rate: f64, sigma: f64, alpha: f64) -> f64 {
    let (log_q, log_p) = (libm::log(rate), libm::log1p(-rate));
    let z0 = sigma * sigma * libm::log(1.0 / rate - 1.0) + 0.5;
    let (mut positive, mut negative) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let (mut log_coefficient, mut sign) = (0.0, 1.0);
    for i in 0..4000 {
        let i = f64::from(i);
        let j = alpha - i;
        let low = log_coefficient + i * log_q + j * log_p + i * (i - 1.0) / (2.0 * sigma * sigma);
        let high = log_coefficient + j * log_q + i * log_p + j * (j - 1.0) / (2.0 * sigma * sigma);
        let low = low + log_cdf((z0 - i) / sigma);
        let high = high + log_cdf((j - z0) / sigma);
        let both = log_add(low, high);
        if sign > 0.0 {
            positive = log_add(positive, both);
        } else {
            negative = log_add(negative, both);
        }
        if i > alpha && both < positive - 36.0 {
            break;
        }
        let ratio = (alpha - i) / (i + 1.0);
        sign *= ratio.signum();
        log_coefficient += libm::log(ratio.abs());
    }
    positive + libm::log1p(-libm::exp(negative - positive))
}

/// ln Φ(x), also where Φ(x) underflows.
pub(super) fn log_cdf(x: f64) -> f64 {
    if x > -10.0 {
        return libm::log(normal_cdf(x));
    }
    -0.5 * x * x - 0.5 * libm::log(2.0 * std::f64::consts::PI) + libm::log(crate::privacy::gdp::mills(-x))
}

/// ε of R at order α.
pub(super) fn convert(alpha: f64, renyi: f64, delta: f64) -> f64 {
    renyi + libm::log1p(-1.0 / alpha) - (libm::log(delta) + libm::log(alpha)) / (alpha - 1.0)
}

/// The smallest ε at δ over the orders. ∞ where δ ≤ 0 or some event has no finite R.
pub(super) fn epsilon(composition: &Composition, delta: f64) -> f64 {
    if delta.is_nan() || delta <= 0.0 {
        return f64::INFINITY;
    }
    let at = |alpha: f64| {
        let total: f64 = composition.events().iter().map(|(e, n)| *n as f64 * renyi(e, alpha)).sum();
        let e = convert(alpha, total, delta);
        if e.is_nan() { f64::INFINITY } else { e }
    };
    // α − 1 on a logarithmic grid, whole numbers where the sums are cheap and exact.
    let order = |i: i32| {
        let a = 1.0 + libm::exp(f64::from(i) * 0.1);
        if a > 12.0 { libm::rint(a) } else { a }
    };
    let mut best = (f64::INFINITY, -50);
    for i in -50..=85 {
        let e = at(order(i));
        if e < best.0 {
            best = (e, i);
        }
    }
    // Between the neighbours of the best.
    let (mut low, mut high) = (order(best.1 - 1), order(best.1 + 1));
    let mut least = best.0;
    if high <= 14.0 {
        for _ in 0..24 {
            let (x, y) = (low + (high - low) * 0.382, low + (high - low) * 0.618);
            let (fx, fy) = (at(x), at(y));
            least = least.min(fx).min(fy);
            if fx < fy { high = y } else { low = x }
        }
    } else {
        let steps = ((high - low) / 64.0).max(1.0);
        let mut a = libm::rint(low);
        while a <= high {
            least = least.min(at(libm::rint(a)));
            a += steps;
        }
    }
    (least + 1e-12 * (1.0 + least.abs())).max(0.0)
}
