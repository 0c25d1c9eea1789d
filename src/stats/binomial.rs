//! Intervals of a share: k of n.

use super::{incomplete_beta, normal_quantile};

/// Wilson's score interval of k of n at confidence 1 − `alpha`, two-sided; (0, 1) without trials.
///
/// Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
pub fn wilson(k: u64, n: u64, alpha: f64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (z, n, p) = (normal_quantile(1.0 - alpha / 2.0), n as f64, k as f64 / n as f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Clopper and Pearson's interval of k of n at confidence at least 1 − `alpha`, two-sided; (0, 1) without trials.
///
/// The ends are quantiles of beta distributions, by bisection on the exact CDF. Source: Clopper & Pearson, Biometrika 26
/// (1934).
pub fn clopper_pearson(k: u64, n: u64, alpha: f64) -> (f64, f64) {
    (at_least(k, n, alpha / 2.0), at_most(k, n, alpha / 2.0))
}

/// One-sided: the share is at least this with confidence 1 − `alpha`.
pub fn at_least(k: u64, n: u64, alpha: f64) -> f64 {
    if k == 0 { 0.0 } else { beta_quantile(alpha, k as f64, (n - k.min(n)) as f64 + 1.0) }
}

/// One-sided: the share is at most this with confidence 1 − `alpha`.
pub fn at_most(k: u64, n: u64, alpha: f64) -> f64 {
    if k >= n { 1.0 } else { beta_quantile(1.0 - alpha, k as f64 + 1.0, (n - k) as f64) }
}

/// x with P(Beta(a, b) ≤ x) = p.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    super::root_increasing(0.0, 1.0, |x| incomplete_beta(a, b, x) - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P(X ≥ k) of Binomial(n, p), summed.
    fn tail(k: u64, n: u64, p: f64) -> f64 {
        let ln = |x: u64| libm::lgamma(x as f64 + 1.0);
        let mass =
            |i: u64| libm::exp(ln(n) - ln(i) - ln(n - i) + i as f64 * libm::log(p) + (n - i) as f64 * libm::log1p(-p));
        (k..=n).map(mass).sum()
    }

    #[test]
    fn the_ends_have_the_tail_they_promise() {
        for (k, n) in [(1, 10), (7, 10), (99, 100), (500, 1000)] {
            let lo = at_least(k, n, 0.025);
            assert!((tail(k, n, lo) - 0.025).abs() < 1e-9, "{k} of {n}");
            let hi = at_most(k, n, 0.025);
            assert!((1.0 - tail(k + 1, n, hi) - 0.025).abs() < 1e-9, "{k} of {n}");
        }
        assert_eq!(clopper_pearson(0, 5, 0.05).0, 0.0);
        assert_eq!(clopper_pearson(5, 5, 0.05).1, 1.0);
        assert_eq!(clopper_pearson(0, 0, 0.05), (0.0, 1.0));
    }

    /// Newcombe (1998), table I: 81 of 263 gives .2553 to .3662, 0 of 20 gives 0 to .1611.
    #[test]
    fn wilson_meets_the_published_table() {
        let close = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 5e-5 && (b - d).abs() < 5e-5;
        assert!(close(wilson(81, 263, 0.05), (0.2553, 0.3662)));
        assert!(close(wilson(0, 20, 0.05), (0.0, 0.1611)));
        assert_eq!(wilson(0, 0, 0.05), (0.0, 1.0));
    }
}
