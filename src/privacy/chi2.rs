//! A χ² test of draws against an exact pmf, at α = 1e-6; for tests.

use crate::stats::normal_quantile;

/// Cells −30..=30, the outermost ones taking the tails.
const REACH: i64 = 30;

/// Standardised χ² of `draws` (Wilson–Hilferty, cells with fewer than 5 expected merged into the outermost ones).
pub(crate) fn statistic(draws: &[i64], pmf: impl Fn(i64) -> f64) -> f64 {
    let n = draws.len() as f64;
    let reach = (1..=REACH).take_while(|k| pmf(*k) * n >= 5.0).last().unwrap_or(1);
    let mut seen = vec![0u64; 2 * reach as usize + 1];
    for x in draws {
        seen[(x.clamp(&-reach, &reach) + reach) as usize] += 1;
    }
    let mut want: Vec<f64> = (-reach..=reach).map(|k| n * pmf(k)).collect();
    let tail = (n - want.iter().sum::<f64>()) / 2.0;
    let last = want.len() - 1;
    want[0] += tail;
    want[last] += tail;
    let chi2: f64 = seen.iter().zip(&want).map(|(s, w)| (*s as f64 - w).powi(2) / w).sum();
    standardised(chi2, last as f64)
}

/// χ² with `df` degrees of freedom as a standard normal (Wilson–Hilferty).
pub(crate) fn standardised(chi2: f64, df: f64) -> f64 {
    ((chi2 / df).cbrt() - (1.0 - 2.0 / (9.0 * df))) / (2.0 / (9.0 * df)).sqrt()
}

/// Upper critical value at α = 1e-6.
pub(crate) fn critical() -> f64 {
    normal_quantile(1.0 - 1e-6)
}

/// P[X = k] of the discrete Laplace of scale s.
pub(crate) fn laplace_pmf(s: f64, k: i64) -> f64 {
    let q = (-1.0 / s).exp();
    (1.0 - q) / (1.0 + q) * (-(k.abs() as f64) / s).exp()
}

/// P[X = k] of the discrete Gaussian of scale s.
pub(crate) fn gaussian_pmf(s: f64, k: i64) -> f64 {
    let mass = |k: i64| (-(k as f64).powi(2) / (2.0 * s * s)).exp();
    mass(k) / (-400..=400).map(mass).sum::<f64>()
}
