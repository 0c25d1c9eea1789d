//! Sums of the features and of their squares, which centre them: one joint release.
//!
//! (Σz, Σ⌊zⱼ²/unit⌋) of the rows clipped to `clip`·√width. As |zⱼ| ≤ unit, the squares' part of one person is no
//! longer than ‖z₁..‖, so the joint vector has L2 sensitivity² at most 2·norm² − z₀².

use super::Source;
use super::rows::RowMap;
use super::saved::WIDEST;
use crate::error::{Error, Result};
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::Design;

/// Grid units to 1 in the sums, and its logarithm to base 2.
const SUMS_UNIT: f64 = 128.0;
const SUMS_BITS: u32 = 7;

/// Means and a norm for centred rows, from the first release.
pub(in crate::scoring) fn sums(clip: f64, design: &Design, mu: f64, out: &mut Source) -> Result<(Vec<f32>, f64)> {
    let d = design.width() - 1;
    if d >= WIDEST {
        return Err(Error::Fit(format!(
            "{d} terms, allowed are fewer than {WIDEST}: name fewer levels or interactions"
        )));
    }
    let radius = (clip * libm::sqrt(d as f64)).max(1.0);
    let constant = (SUMS_UNIT * radius * 0.5).floor();
    let norm = libm::sqrt(constant * constant + (SUMS_UNIT * radius) * (SUMS_UNIT * radius)).floor();
    let map = RowMap {
        unit: SUMS_UNIT as f32,
        constant: constant as i16,
        norm: norm as i32,
        centre: vec![0.0; d],
        a: Vec::new(),
    };
    let mut values = map.sums(design, SUMS_BITS);
    let mechanism = IntegerGaussian::calibrate_mu(sums_sensitivity(norm as u64, constant as u64), mu)?;
    mechanism.release(&mut values, "sums and sums of squares of the features", out.noise, out.ledger)?;
    let n = (values[0] as f64 / constant).max(1.0 + mechanism.deviation() / constant);
    let per_person = |v: i64| v as f64 / SUMS_UNIT / n;
    let means: Vec<f32> = values[1..=d].iter().map(|v| per_person(*v).clamp(-1.0, 1.0) as f32).collect();
    let variance = |j: usize| per_person(values[d + 1 + j]) - f64::from(means[j]) * f64::from(means[j]);
    let total: f64 = (0..d).map(variance).sum();
    // Features of no variance at all, or noise: between a tenth and the whole of the largest possible spread.
    Ok((means, libm::sqrt(total.clamp(0.02 * d as f64, d as f64))))
}

/// Squared L2 sensitivity of the first release.
pub(in crate::scoring) fn sums_sensitivity(norm: u64, constant: u64) -> u64 {
    2 * norm * norm - constant * constant
}
