//! Numbers that every floor needs: exact sums, the normal and Student distributions, intervals, small solvers.

pub mod binomial;
pub mod eigen;
pub mod roc;

use crate::error::{Error, Result};
use ndarray::Array2;

/// Logistic function σ(x) = 1/(1+e⁻ˣ), by `libm` so that the bits are the same on every processor.
#[inline]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

/// log(p/(1−p)).
#[inline]
pub fn logit(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}

/// Standard normal CDF.
#[inline]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal quantile for p in (0, 1); relative error below 1e-15.
///
/// Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988).
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 8] = [
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ];
    const B: [f64; 8] = [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ];
    const C: [f64; 8] = [
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ];
    const E: [f64; 8] = [
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ];
    let horner = |c: &[f64; 8], x: f64| c.iter().rev().fold(0.0, |sum, k| sum * x + k);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * horner(&A, r) / horner(&B, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let x =
        if r <= 5.0 { horner(&C, r - 1.6) / horner(&D, r - 1.6) } else { horner(&E, r - 5.0) / horner(&F, r - 5.0) };
    if q < 0.0 { -x } else { x }
}

/// Upper quantile of Student's t: t with P(|T| ≤ t) = `level`, for `df` ≥ 1 degrees of freedom.
///
/// Bisection on the exact CDF (regularised incomplete beta function by its continued fraction).
pub fn student_quantile(level: f64, df: f64) -> f64 {
    let (mut lo, mut hi) = (0.0, 1e6);
    for _ in 0..200 {
        let mid = 0.5 * (lo + hi);
        let inside = 1.0 - incomplete_beta(df / 2.0, 0.5, df / (df + mid * mid));
        if inside < level { lo = mid } else { hi = mid }
    }
    0.5 * (lo + hi)
}

/// Regularised incomplete beta function I_x(a, b), by Lentz's continued fraction.
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front =
        libm::exp(libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x)) / a;
    let keep = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut f, mut c, mut d) = (1.0, 1.0, 0.0);
    for i in 0..500 {
        let m = f64::from(i / 2);
        let numerator = if i == 0 {
            1.0
        } else if i % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / keep(1.0 + numerator * d);
        c = keep(1.0 + numerator / c);
        f *= c * d;
        if (1.0 - c * d).abs() < 1e-15 {
            break;
        }
    }
    front * (f - 1.0)
}

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Point estimate.
    pub mean: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// What the spread over replications means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// Replications are independent populations: the interval is of their mean, sd/√R with Student's quantile.
    Independent,
    /// Replications resample one table: their spread *is* the error of the estimate and does not shrink with R.
    Resampled,
}

impl Interval {
    /// The 95 % interval from one value a replication. NaN bounds where fewer than two finite values exist.
    pub fn from_replications(values: &[f64], spread: Spread) -> Self {
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let n = finite.len() as f64;
        // A constant infinity (ε of raw sharing) is a value, not a gap.
        if !values.is_empty() && values.iter().all(|v| *v == f64::INFINITY) {
            let end = if values.len() < 2 { f64::NAN } else { f64::INFINITY };
            return Self { mean: f64::INFINITY, lo: end, hi: end };
        }
        if finite.is_empty() {
            return Self { mean: f64::NAN, lo: f64::NAN, hi: f64::NAN };
        }
        let mean = finite.iter().sum::<f64>() / n;
        if finite.len() < 2 {
            return Self { mean, lo: f64::NAN, hi: f64::NAN };
        }
        let variance = finite.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
        let t = student_quantile(0.95, n - 1.0);
        let half = match spread {
            Spread::Independent => t * libm::sqrt(variance / n),
            Spread::Resampled => t * libm::sqrt(variance * (1.0 + 1.0 / n)),
        };
        Self { mean, lo: mean - half, hi: mean + half }
    }
}

/// Bits after the binary point of [`FixedSum`].
pub const FIXED_POINT_BITS: u32 = 40;

/// A sum that gives the same bits in any order: block sums in f64, quantised once to 2⁻⁴⁰, added as i128.
///
/// A *block* is a fixed range of persons (at most [`BLOCK`]), so its f64 sum never depends on threads or shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedSum(i128);

/// Largest number of persons whose f64 sum is quantised at once.
pub const BLOCK: usize = 4096;

impl FixedSum {
    /// Largest block sum that is accepted: 2⁶⁰ in units, far above any feature's bound times [`BLOCK`].
    pub const LIMIT: f64 = 1_152_921_504_606_846_976.0;

    /// Adds the sum of one block.
    pub fn add_block(&mut self, sum: f64) -> Result<()> {
        if sum.is_finite() && sum.abs() < Self::LIMIT {
            self.0 += (sum * (1u64 << FIXED_POINT_BITS) as f64) as i128;
            Ok(())
        } else {
            Err(Error::Range { what: "a block sum", value: sum, allowed: "|sum| < 2^60" })
        }
    }

    /// Merges another shard's part.
    pub fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// The total.
    pub fn value(self) -> f64 {
        self.0 as f64 / (1u64 << FIXED_POINT_BITS) as f64
    }
}

/// Solves A·x = b for symmetric positive definite A (d × d) by Cholesky; A's lower triangle is read.
pub fn solve_spd(a: &Array2<f64>, b: &[f64]) -> Result<Vec<f64>> {
    let l = cholesky(a)?;
    let mut x = b.to_vec();
    let d = x.len();
    for i in 0..d {
        let s: f64 = (0..i).map(|k| l[[i, k]] * x[k]).sum();
        x[i] = (x[i] - s) / l[[i, i]];
    }
    for i in (0..d).rev() {
        let s: f64 = (i + 1..d).map(|k| l[[k, i]] * x[k]).sum();
        x[i] = (x[i] - s) / l[[i, i]];
    }
    Ok(x)
}

/// Lower Cholesky factor of a symmetric positive definite matrix.
pub fn cholesky(a: &Array2<f64>) -> Result<Array2<f64>> {
    let d = a.nrows();
    let mut l = Array2::<f64>::zeros((d, d));
    for i in 0..d {
        for j in 0..=i {
            let s: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            let v = a[[i, j]] - s;
            if i == j {
                if v.is_nan() || v <= 0.0 {
                    return Err(Error::Singular { row: i });
                }
                l[[i, i]] = libm::sqrt(v);
            } else {
                l[[i, j]] = v / l[[j, j]];
            }
        }
    }
    Ok(l)
}

/// The root of an increasing function on [lo, hi], by bisection to full precision; the nearer end if there is none.
pub fn root_increasing(mut lo: f64, mut hi: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..80 {
        let mid = 0.5 * (lo + hi);
        if mid == lo || mid == hi {
            // Nothing lies between them: all further steps would end here.
            return mid;
        }
        if f(mid) < 0.0 { lo = mid } else { hi = mid }
    }
    0.5 * (lo + hi)
}

/// E[f(X)] for X ~ N(0, 1), by the midpoint rule on [−8, 8] (1,601 points; smooth f: error below 1e-12).
pub fn normal_mean(f: impl Fn(f64) -> f64) -> f64 {
    const H: f64 = 0.01;
    let density = 1.0 / libm::sqrt(2.0 * std::f64::consts::PI);
    (-800..=800)
        .map(|i| {
            let x = f64::from(i) * H;
            f(x) * density * libm::exp(-0.5 * x * x) * H
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantile_inverts_the_cdf() {
        for i in 1..2000 {
            let p = f64::from(i) / 2000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14);
        }
        assert!((normal_quantile(1e-12) + 7.034_483_825_301_132).abs() < 1e-9);
    }

    #[test]
    fn student_quantiles_match_the_tables() {
        for (df, want) in [(1.0, 12.7062), (4.0, 2.7764), (19.0, 2.0930), (1000.0, 1.9623)] {
            assert!((student_quantile(0.95, df) - want).abs() < 1e-4, "{df}");
        }
    }

    #[test]
    fn a_fixed_sum_has_the_same_bits_in_any_order_where_floats_do_not() {
        let blocks: Vec<f64> = (0..1000).map(|i| libm::sin(f64::from(i)) * 1e3).collect();
        let sum = |values: &mut dyn Iterator<Item = &f64>| {
            let mut s = FixedSum::default();
            values.for_each(|v| s.add_block(*v).unwrap());
            s
        };
        assert_eq!(sum(&mut blocks.iter()), sum(&mut blocks.iter().rev()));
        assert_ne!(blocks.iter().sum::<f64>().to_bits(), blocks.iter().rev().sum::<f64>().to_bits());
        assert!(FixedSum::default().add_block(f64::NAN).is_err());
    }

    #[test]
    fn solve_spd_solves() {
        let a = ndarray::array![[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        let x = solve_spd(&a, &[1.0, 2.0, 3.0]).unwrap();
        for (i, want) in [1.0, 2.0, 3.0].into_iter().enumerate() {
            assert!(((0..3).map(|j| a[[i, j]] * x[j]).sum::<f64>() - want).abs() < 1e-12);
        }
        assert!(solve_spd(&ndarray::array![[1.0, 1.0], [1.0, 1.0]], &[1.0, 1.0]).is_err());
    }

    #[test]
    fn intervals_of_resampled_tables_do_not_shrink() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let independent = Interval::from_replications(&values, Spread::Independent);
        let resampled = Interval::from_replications(&values, Spread::Resampled);
        assert!(independent.hi - independent.lo < 0.11);
        assert!(resampled.hi - resampled.lo > 1.9);
        assert!(Interval::from_replications(&[1.0], Spread::Independent).lo.is_nan());
        assert_eq!(Interval::from_replications(&[f64::INFINITY; 2], Spread::Independent).mean, f64::INFINITY);
        assert!(Interval::from_replications(&[f64::INFINITY, f64::NAN], Spread::Independent).mean.is_nan());
    }

    #[test]
    fn normal_mean_integrates_moments() {
        assert!((normal_mean(|x| x * x) - 1.0).abs() < 1e-12);
        assert!((normal_mean(libm::exp) - libm::exp(0.5)).abs() < 1e-10);
    }
}
