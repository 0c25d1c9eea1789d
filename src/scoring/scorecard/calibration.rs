//! Whether a PD means what it says.
//!
//! ```text
//! table        tenths of the persons by PD: mean PD against default rate
//! in the large a of logit P = a + logit PD           0 where the mean PD is right
//! slope        b of logit P = a + b·logit PD         1 where the spread is right, below 1 where PDs are too extreme
//! ```
//!
//! Both by maximum likelihood, with standard errors.

use crate::error::{Error, Result};
use crate::stats::{logistic, logit};
use serde::Serialize;

/// One tenth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationRow {
    /// From 1, the lowest PDs.
    pub tenth: u32,
    /// Persons.
    pub persons: u64,
    /// Of these, defaulted.
    pub bads: u64,
    /// Mean PD.
    pub mean_pd: f64,
    /// Default rate.
    pub rate: f64,
    /// Standardised difference (rate − mean PD)/√(mean PD·(1 − mean PD)/persons).
    pub z: f64,
}

/// The whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Mean PD of all.
    pub mean_pd: f64,
    /// Default rate of all.
    pub rate: f64,
    /// a; NaN for one class.
    pub in_the_large: f64,
    /// Its standard error.
    pub in_the_large_error: f64,
    /// b; NaN for one class or one PD.
    pub slope: f64,
    /// Its standard error.
    pub slope_error: f64,
    /// Tenths.
    pub tenths: Vec<CalibrationRow>,
}

/// Calibration of PDs in (0, 1).
pub fn calibration(pd: &[f64], labels: &[bool]) -> Result<Calibration> {
    if pd.len() != labels.len() || pd.is_empty() || pd.iter().any(|p| p.is_nan() || *p <= 0.0 || *p >= 1.0) {
        let message =
            format!("{} PDs and {} outcomes: as many, at least one, PDs between 0 and 1", pd.len(), labels.len());
        return Err(Error::Other(message));
    }
    // Sorted, so that sums do not depend on the order of the persons.
    let mut pairs: Vec<(f64, bool)> = pd.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = pairs.len();
    let row = |k: usize| {
        let part = &pairs[k * n / 10..(k + 1) * n / 10];
        let (persons, bads) = (part.len() as u64, part.iter().filter(|p| p.1).count() as u64);
        let mean_pd = part.iter().map(|p| p.0).sum::<f64>() / persons as f64;
        let rate = bads as f64 / persons as f64;
        let z = (rate - mean_pd) / libm::sqrt(mean_pd * (1.0 - mean_pd) / persons as f64);
        CalibrationRow { tenth: k as u32 + 1, persons, bads, mean_pd, rate, z }
    };
    let tenths: Vec<CalibrationRow> = (0..10).filter(|k| k * n / 10 < (k + 1) * n / 10).map(row).collect();
    let (large, line) = (fit(&pairs, false), fit(&pairs, true));
    Ok(Calibration {
        mean_pd: pairs.iter().map(|p| p.0).sum::<f64>() / n as f64,
        rate: pairs.iter().filter(|p| p.1).count() as f64 / n as f64,
        in_the_large: large.0,
        in_the_large_error: large.1,
        slope: line.0,
        slope_error: line.1,
        tenths,
    })
}

/// Newton for (a) or (a, b): the last coefficient and its standard error; NaN where there is no answer.
fn fit(pairs: &[(f64, bool)], slope: bool) -> (f64, f64) {
    let (mut a, mut b) = (0.0, 1.0);
    let none = (f64::NAN, f64::NAN);
    for _ in 0..50 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (p, y) in pairs {
            let x = logit(*p);
            let fitted = logistic(a + b * x);
            let (r, w) = (f64::from(u8::from(*y)) - fitted, fitted * (1.0 - fitted));
            (ga, gb) = (ga + r, gb + r * x);
            (haa, hab, hbb) = (haa + w, hab + w * x, hbb + w * x * x);
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = if slope {
            ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant)
        } else {
            (ga / haa, 0.0)
        };
        if !da.is_finite() || !db.is_finite() || (slope && determinant <= 1e-9 * haa * hbb) || a.abs() > 1e3 {
            return none;
        }
        // Steps are kept short: the likelihood is concave, so this converges wherever there is an answer.
        (a, b) = (a + da.clamp(-2.0, 2.0), b + db.clamp(-2.0, 2.0));
        if da.abs() < 1e-10 && db.abs() < 1e-10 {
            return if slope { (b, libm::sqrt(haa / determinant)) } else { (a, libm::sqrt(1.0 / haa)) };
        }
    }
    none
}
