//! ε from one run with many canaries (Steinke, Nasr & Jagielski, "Privacy auditing with one (1) training run",
//! NeurIPS 2023).
//!
//! m canaries are put in or left out by a fair coin each. An attacker who sees the result alone guesses r of the
//! coins and is right v times. If the mechanism is (ε, δ)-DP (add or remove one canary), then with q = e^ε/(1 + e^ε)
//!
//! ```text
//! P(at least v right) ≤ P(Bin(r, q) ≥ v) + 2mδ·max_{i ≥ 1} P(v > Bin(r, q) ≥ v − i)/i
//! ```
//!
//! (theorem 5.2 there). The bound on ε is the smallest at which this is not below β.
//!
//! One run gives one result for all canaries, so that they stand in each other's way: the bound is weaker than that
//! of many runs with one canary each. Guesses of *independent* runs, a coin each, obey the same inequality.

use crate::stats::incomplete_beta;

/// Largest ε that is looked at.
const LARGEST: f64 = 100.0;

/// ln n!.
fn ln_factorial(n: f64) -> f64 {
    libm::lgamma(n + 1.0)
}

/// Bound on the probability that (ε, δ)-DP lets at least `right` of `guesses` guesses about `canaries` coins be right.
///
/// The sum runs from v − 1 downwards in logarithms, one step a term, and stops where no later term can raise the
/// maximum.
pub fn p_value(canaries: u64, guesses: u64, right: u64, epsilon: f64, delta: f64) -> f64 {
    if right == 0 {
        return 1.0;
    }
    let (r, v) = (guesses as f64, right as f64);
    let (ln_q, ln_p) = (-libm::log1p(libm::exp(-epsilon)), -libm::log1p(libm::exp(epsilon)));
    let tail = incomplete_beta(v, r - v + 1.0, libm::exp(ln_q));
    if delta <= 0.0 {
        return tail.min(1.0);
    }
    let mut k = v - 1.0;
    let mut ln_mass = ln_factorial(r) - ln_factorial(k) - ln_factorial(r - k) + k * ln_q + (r - k) * ln_p;
    let (mut sum, mut most, mut i) = (0.0, 0.0f64, 1.0);
    loop {
        sum += libm::exp(ln_mass);
        most = most.max(sum / i);
        if k == 0.0 || 1.0 / (i + 1.0) <= most {
            break;
        }
        ln_mass += libm::log(k / (r - k + 1.0)) + ln_p - ln_q;
        k -= 1.0;
        i += 1.0;
    }
    (tail + 2.0 * canaries as f64 * delta * most).min(1.0)
}

/// ε that is exceeded with confidence 1 − `beta`, given that `right` of `guesses` guesses about `canaries` coins were
/// right.
pub fn epsilon(canaries: u64, guesses: u64, right: u64, delta: f64, beta: f64) -> f64 {
    let refuted = |epsilon: f64| p_value(canaries, guesses, right, epsilon, delta) < beta;
    if !refuted(0.0) {
        return 0.0;
    }
    let (mut lo, mut hi) = (0.0, LARGEST);
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if refuted(middle) { lo = middle } else { hi = middle }
    }
    lo
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the authors' published code.
    #[test]
    fn published_vectors_to_three_digits() {
        for (m, r, v, delta, beta, want) in
            [(1_000, 100, 75, 1e-4, 0.05, 0.673), (100_000, 1_510, 1_439, 1e-5, 0.05, 2.676)]
        {
            let got = epsilon(m, r, v, delta, beta);
            assert!((got - want).abs() < 5e-4, "{m} {r} {v}: {got}");
        }
    }

    /// The textbook sum, every term from factorials, no early stop.
    #[test]
    fn agrees_with_the_sum_written_out() {
        let mass = |r: u64, k: u64, q: f64| {
            let ln = ln_factorial(r as f64) - ln_factorial(k as f64) - ln_factorial((r - k) as f64);
            libm::exp(ln + k as f64 * libm::log(q) + (r - k) as f64 * libm::log(1.0 - q))
        };
        for (m, r, v, epsilon, delta) in [(50, 20, 15, 0.5, 1e-3), (100, 100, 60, 0.2, 1e-2), (9, 9, 9, 3.0, 0.0)] {
            let q = crate::stats::logistic(epsilon);
            let tail: f64 = (v..=r).map(|k| mass(r, k, q)).sum();
            let (mut sum, mut most) = (0.0, 0.0f64);
            for i in 1..=v {
                sum += mass(r, v - i, q);
                most = most.max(sum / i as f64);
            }
            let want = (tail + 2.0 * m as f64 * delta * most).min(1.0);
            let got = p_value(m, r, v, epsilon, delta);
            assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
        }
    }

    #[test]
    fn nothing_right_or_half_right_shows_nothing_and_large_counts_stay_finite() {
        assert_eq!(epsilon(1_000, 100, 0, 1e-6, 0.05), 0.0);
        assert_eq!(epsilon(1_000, 100, 50, 1e-6, 0.05), 0.0);
        let all = epsilon(1_000_000, 1_000_000, 1_000_000, 1e-9, 0.05);
        assert!(all > 10.0 && all.is_finite(), "{all}");
        // δ so large that it explains everything.
        assert_eq!(epsilon(1_000, 10, 10, 0.01, 0.05), 0.0);
    }
}
