//! The game on noisy sums of cohorts: is this person's part in them?
//!
//! A release is S + b·q + noise: q the person's integers, b whether they are in, S the sum over the others of the cohort. Whoever
//! knows S sees d = b·q + noise and has, the noise being discrete of that shape, the exact ratio
//!
//! ```text
//! Laplace   Λ = Σⱼ (|dⱼ| − |dⱼ − qⱼ|)/scale        Gaussian   Λ = Σⱼ (dⱼ² − (dⱼ − qⱼ)²)/2σ²
//! ```
//!
//! Whoever knows only how cohorts usually come out, m others adding up to m·μ with covariance m·V, takes the sum for normal:
//! Λ = (d − ½q)ᵀ(m·V + noise)⁻¹q, with d what is seen beyond m·μ. μ and V are those of all cohorts: a publication of last year.
//! m is public where sizes are, else the average size, and the spread of the sizes is part of V.

use super::{Field, scorers};
use crate::attack::Scene;
use crate::disclosure::{CohortAggregatesParams, CohortNoise, CohortSums};
use crate::error::Result;
use crate::evaluate::Emit;
use crate::privacy::{Ledger, Noise};
use crate::stats::solve_spd;
use ndarray::Array2;
use rayon::prelude::*;

/// Adds `attack.membership.*` and `attack.membership_worst.*`.
pub(super) fn measure(
    params: &CohortAggregatesParams,
    scene: &Scene<'_>,
    field: &Field,
    emit: &mut Emit,
) -> Result<()> {
    let exact = CohortSums::exact(params, scene.people)?;
    let mechanism = exact.mechanism(scene.epsilon.unwrap_or(f64::INFINITY), params.delta)?;
    let usual = Usual::of(&exact, variance(&mechanism));
    let parts = exact.parts(scene.people, &field.persons);
    let targets: Vec<Target> =
        parts.into_iter().map(|(cohort, q)| Target::of(&exact, &usual, cohort, &q)).collect::<Result<_>>()?;
    let (pool, width) = (field.pool.persons(), exact.width());
    let scores: Vec<Vec<[f64; 2]>> = (0..field.pool.shadows())
        .into_par_iter()
        .map(|shadow| {
            let mut noise = Noise::new(scene.noise, scene.streams, scorers::release(scene, shadow));
            let sums = exact.clone().released(&mechanism, &mut noise, &mut Ledger::new())?.sums;
            let member = |at: usize| at < pool && field.pool.member()[shadow * pool + at];
            let score = |(at, t): (usize, &Target)| {
                // Everybody is in the sums: those who are OUT are taken from theirs.
                let seen = &sums[t.cohort * width..(t.cohort + 1) * width];
                let out = if member(at) { 0.0 } else { 1.0 };
                let seen: Vec<f64> = seen.iter().zip(&t.part).map(|(s, q)| *s as f64 - out * q).collect();
                [t.usual_ratio(&seen), ratio(&mechanism, &t.beyond(&seen), &t.part)]
            };
            Ok(targets.iter().enumerate().map(score).collect())
        })
        .collect::<Result<_>>()?;
    for (k, name) in ["membership", "membership_worst"].into_iter().enumerate() {
        let (attack, control) = field.cut(&scores.iter().flatten().map(|s| s[k]).collect::<Vec<f64>>());
        field.add(name, &attack, &control, emit);
    }
    Ok(())
}

/// One person and the rest of the cohort.
struct Target {
    cohort: usize,
    /// q.
    part: Vec<f64>,
    /// S.
    others: Vec<f64>,
    /// m·μ.
    usual: Vec<f64>,
    /// (m·V + noise)⁻¹q.
    weight: Vec<f64>,
}

impl Target {
    fn of(exact: &CohortSums, usual: &Usual, cohort: usize, q: &[i64]) -> Result<Self> {
        let sums = &exact.sums[cohort * q.len()..(cohort + 1) * q.len()];
        let part: Vec<f64> = q.iter().map(|q| *q as f64).collect();
        let others = sums.iter().zip(q).map(|(s, q)| (s - q) as f64).collect();
        let m = usual.size(exact, cohort) - 1.0;
        let weight = solve_spd(&usual.covariance(m), &part)?;
        Ok(Self { cohort, part, others, usual: usual.mean.iter().map(|mean| m * mean).collect(), weight })
    }

    /// What is seen beyond the others' known sum.
    fn beyond(&self, seen: &[f64]) -> Vec<f64> {
        seen.iter().zip(&self.others).map(|(s, o)| s - o).collect()
    }

    /// Λ of whoever knows the usual cohort.
    fn usual_ratio(&self, seen: &[f64]) -> f64 {
        let off = seen.iter().zip(&self.usual).zip(&self.part).map(|((s, u), q)| s - u - 0.5 * q);
        off.zip(&self.weight).map(|(d, w)| d * w).sum()
    }
}

/// How cohorts come out: mean and covariance of one member's part, and of the noise.
struct Usual {
    mean: Vec<f64>,
    covariance: Array2<f64>,
    noise: f64,
    /// Average size, where sizes are private.
    size: Option<f64>,
}

impl Usual {
    fn of(exact: &CohortSums, noise: f64) -> Self {
        let (width, features) = (exact.width(), exact.columns.len());
        let cohorts = exact.sums.chunks_exact(width);
        let people: f64 = match exact.members.as_slice() {
            [] => cohorts.clone().map(|c| c[features] as f64 / f64::from(exact.grid)).sum(),
            members => members.iter().sum::<i64>() as f64,
        };
        let size = (exact.members.is_empty()).then(|| people / cohorts.len().max(1) as f64);
        let total = |j: usize| cohorts.clone().map(|c| c[j]).sum::<i64>() as f64;
        let mean: Vec<f64> = (0..width).map(|j| total(j) / people.max(1.0)).collect();
        let mut usual = Self { mean, covariance: Array2::zeros((width, width)), noise, size };
        let mut counted = 0.0;
        for (cell, sums) in cohorts.enumerate() {
            let m = usual.size(exact, cell);
            if m < 1.0 {
                continue;
            }
            let off: Vec<f64> = sums.iter().zip(&usual.mean).map(|(s, mean)| *s as f64 - m * mean).collect();
            for ((i, j), v) in usual.covariance.indexed_iter_mut() {
                *v += off[i] * off[j] / m;
            }
            counted += 1.0;
        }
        usual.covariance.mapv_inplace(|v| v / f64::max(counted, 1.0));
        usual
    }

    /// Members of a cohort, as far as the attacker knows.
    fn size(&self, exact: &CohortSums, cell: usize) -> f64 {
        self.size.unwrap_or_else(|| exact.size(cell))
    }

    /// m·V + noise; half a grid step of rounding keeps it regular.
    fn covariance(&self, m: f64) -> Array2<f64> {
        let mut out = self.covariance.mapv(|v| m.max(0.0) * v);
        out.diag_mut().iter_mut().for_each(|v| *v += self.noise + 0.25);
        out
    }
}

/// Variance of the noise: 2·scale² of a Laplace, σ² of a Gaussian.
fn variance(mechanism: &CohortNoise) -> f64 {
    match mechanism {
        CohortNoise::Laplace(m) => 2.0 * m.scale() * m.scale(),
        CohortNoise::Gaussian(m) => m.deviation() * m.deviation(),
    }
}

/// ln P(d | q is in)/P(d | it is not).
fn ratio(mechanism: &CohortNoise, d: &[f64], q: &[f64]) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 { d.iter().zip(q).map(|(d, q)| f(*d, *q)).sum() };
    // ε = ∞ has no noise: any distance then decides, which a tiny scale says as well.
    match mechanism {
        CohortNoise::Laplace(m) => sum(&|d, q| d.abs() - (d - q).abs()) / m.scale().max(1e-6),
        CohortNoise::Gaussian(m) => sum(&|d, q| d * d - (d - q) * (d - q)) / (2.0 * m.scale() * m.scale()).max(1e-6),
    }
}
