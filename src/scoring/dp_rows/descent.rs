//! Noisy Newton steps over whitened rows.
//!
//! Each step releases Σ round((p − y)·2ᵇ)·z over rows with ‖z‖ ≤ norm: |p − y| ≤ 1 survives rounding to the nearest 2⁻ᵇ,
//! so one person's part is at most 2ᵇ·norm. The curvature is that of normal features and needs no release
//! ([`Curvature`]).

use super::Source;
use super::guess::{Basis, Guess, effective, whitening};
use super::moments::Moments;
use super::rows::{MAX_NORM, MAX_RESIDUAL_BITS, RowMap};
use super::shrink::Estimate;
use super::start::{self, Curvature};
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::{Design, Trends};
use crate::stats::solve_spd;
use ndarray::{Array2, ArrayView1};

/// Bounds on the coefficients that noise cannot pass: intercept, and norm of the others.
const LARGEST_INTERCEPT: f64 = 12.0;
const LARGEST_SPREAD: f64 = 6.0;

/// What is added to the curvature of one person's loss, so that it has an inverse.
const DAMPING: f64 = 1e-9;

/// Public settings of the steps.
#[derive(Clone, Debug)]
pub(in crate::scoring) struct Steps {
    /// How many.
    pub(in crate::scoring) iterations: u32,
    /// Cost of each.
    pub(in crate::scoring) mu: f64,
    /// Variance below which a direction of the features counts as constant.
    pub(in crate::scoring) ridge: f64,
    /// Norm to which whitened rows are clipped, relative to their root mean square.
    pub(in crate::scoring) clip: f64,
    /// Correlation with the outcome that is expected of the score which the public trends make.
    pub(in crate::scoring) prior_correlation: f64,
    /// Twice the log-likelihood by which the data must be likelier than the prior.
    pub(in crate::scoring) evidence: f64,
    /// Whether the curvature is corrected by what the last step showed (`correct`): features with heavy tails need it.
    pub(in crate::scoring) secant: bool,
}

/// What the steps give.
pub(in crate::scoring) struct Trained {
    pub(in crate::scoring) map: RowMap,
    /// Coefficients in grid units, the constant first.
    pub(in crate::scoring) theta: Vec<f32>,
    /// Whether the data moved the scores away from the public prior.
    pub(in crate::scoring) learnt: bool,
    /// Where the scores are the public prior: the standard deviation of its log-odds by the released moments, 0 if the number of
    /// persons is lost in noise. None where data were learnt from, or where the prior has no direction.
    pub(in crate::scoring) leaning: Option<f64>,
}

/// From released moments to coefficients, by `p.iterations` releases; `trends` are the public directions of the design's
/// terms ([`Expansion::trends`](crate::scoring::expand::Expansion::trends)).
pub(in crate::scoring) fn learn(
    p: &Steps,
    m: &Moments,
    design: &Design,
    trends: &Trends,
    labels: &[bool],
    source: &mut Source,
) -> Result<Trained> {
    // Nothing is to be believed where the number of persons itself is lost in noise.
    let swamped = m.swamped().is_some();
    let p = &Steps { evidence: if swamped { f64::INFINITY } else { p.evidence }, ..p.clone() };
    let (a, factor, lambda) = whitening(m, p.ridge);
    let basis = Basis::new(m, &factor, lambda);
    let guess = Guess::new(p, m, &basis, &trends.along(&m.mean, m.mean_noise));
    let map = gradient_map(m, &a, p.clip * libm::sqrt(effective(&a, lambda)));
    let (theta, learnt) = descend(p, &map, design, labels, m.persons, &(basis, guess), source)?;
    let directed = theta[1..].iter().any(|t| *t != 0.0);
    let leaning = match (learnt, swamped) {
        (true, _) => None,
        (false, true) => Some(0.0),
        (false, false) => directed.then(|| m.spread(&a.t().dot(&ArrayView1::from(&theta[1..])))),
    };
    Ok(Trained { theta: map.in_units(&theta), map, learnt, leaning })
}

/// Rows whitened by `a` and clipped to norm `radius`, beside a constant of 1.
pub(in crate::scoring) fn gradient_map(m: &Moments, a: &Array2<f64>, radius: f64) -> RowMap {
    let unit = f64::from(MAX_NORM) / libm::sqrt(1.0 + radius * radius);
    RowMap {
        unit: unit as f32,
        constant: unit as i16,
        norm: MAX_NORM,
        centre: m.mean.iter().map(|v| *v as f32).collect(),
        a: (0..a.nrows()).flat_map(|i| (0..=i).map(move |j| a[[i, j]] as f32)).collect(),
    }
}

/// The mechanism of one gradient of cost `mu` and the bits of its residuals: fewer where the noise is large anyway.
pub(in crate::scoring) fn gradient_mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let norm = f64::from(MAX_NORM);
    let fits = |bits: u32| norm * f64::from(1u32 << bits) / mu < 1e9;
    let bits = (1..=MAX_RESIDUAL_BITS).rev().find(|b| fits(*b)).unwrap_or(0);
    let squared = u64::from(MAX_NORM.unsigned_abs()).pow(2) << (2 * bits);
    Ok((IntegerGaussian::calibrate_mu(squared, mu)?, bits))
}

/// Noisy Newton steps from the guess. Every gradient is an estimate of the optimum, θ − H⁻¹g; the later
/// half of those so far is averaged by precision, joined with the moments' estimate, and drawn towards the prior. Returns the last
/// θ, and whether it is more than the prior.
fn descend(
    p: &Steps,
    map: &RowMap,
    design: &Design,
    labels: &[bool],
    persons: f64,
    (basis, guess): &(Basis, Guess),
    source: &mut Source,
) -> Result<(Vec<f64>, bool)> {
    let rows = map.apply(design);
    let (mechanism, bits) = gradient_mechanism(p.mu)?;
    let one = f64::from(1u32 << bits);
    let unit = |j: usize| if j == 0 { f64::from(map.constant) } else { f64::from(map.unit) };

    let each = mechanism.deviation() / (one * f64::from(map.unit));
    let mut last: Option<(Vec<f64>, Vec<f64>)> = None;
    let mut theta: Vec<f64> = std::iter::once(guess.intercept).chain(basis.back(&guess.first)).collect();
    // Estimates of the optimum, each with the steepness that its noise was divided by.
    let (mut seen, mut learnt): (Vec<(Vec<f64>, f64)>, bool) = (Vec::new(), false);
    for step in 0..p.iterations {
        let mut sums = rows.gradient(labels, &map.in_units(&theta), bits);
        mechanism.release(&mut sums, &format!("gradient {}", step + 1), source.noise, source.ledger)?;
        let released: Vec<f64> = sums.iter().enumerate().map(|(j, sum)| *sum as f64 / (one * unit(j))).collect();
        let curvature = Curvature::at(&theta);
        let spread = theta[1..].iter().map(|t| t * t).sum::<f64>() / (theta.len() - 1).max(1) as f64;
        let steepness = (persons * (curvature.zeroth + curvature.second * spread)).max(1e-9);
        let moved = match &last {
            Some(before) if p.secant => secant_step(&curvature, &theta, &released, persons, (before, each)),
            _ => newton_step(&curvature, &theta, &released, persons),
        };
        let mut estimate: Vec<f64> = theta.iter().zip(moved).map(|(t, s)| t - s).collect();
        let unsure = mechanism.deviation() / (one * unit(0)) / persons;
        // In place of the intercept the default rate that it stands for.
        estimate[0] = start::rate(&theta, released[0] / persons, unsure);
        last = Some((theta.clone(), released));
        seen.push((estimate, steepness));
        // By precision: a step where the curve was flat is next to nothing but noise.
        let kept = &seen[seen.len() / 2..];
        let precision: f64 = kept.iter().map(|(_, steepness)| steepness * steepness).sum();
        let mean = |j: usize| kept.iter().map(|(o, s)| o[j] * s * s).sum::<f64>() / precision;
        let noise = |j: usize| {
            let deviation = mechanism.deviation() / (one * unit(j));
            deviation * deviation / precision
        };
        let away: Vec<f64> = (1..theta.len()).map(mean).collect();
        let estimate = Estimate { value: basis.turned(&away), noise: vec![noise(1); away.len()] };
        let (drawn, more) = estimate.with(&guess.estimate).towards(&guess.prior, p.evidence);
        learnt = more;
        let spread = libm::sqrt(drawn.iter().map(|t| t * t).sum());
        let constant = intercept(guess.intercept, start::intercept(mean(0), spread), noise(0));
        theta = std::iter::once(constant).chain(basis.back(&drawn)).collect();
        bounded(&mut theta);
    }
    Ok((theta, learnt))
}

/// What Newton's step takes off θ: none where the curve is too flat to have an inverse, for after a release nothing may fail that
/// hangs on its noise.
fn newton_step(curvature: &Curvature, theta: &[f64], released: &[f64], persons: f64) -> Vec<f64> {
    let mut mean: Vec<f64> = released.iter().map(|g| g / persons).collect();
    mean[0] = mean[0].clamp(-curvature.zeroth, curvature.zeroth);
    curvature.solve(theta, DAMPING, &mean).unwrap_or_else(|_| vec![0.0; theta.len()])
}

/// The same with the curvature corrected by what the last step showed; `before` has θ and the gradient there, `noise` the deviation
/// of a gradient's entry.
fn secant_step(
    curvature: &Curvature,
    theta: &[f64],
    released: &[f64],
    persons: f64,
    ((theta0, released0), noise): (&(Vec<f64>, Vec<f64>), f64),
) -> Vec<f64> {
    let mut hessian = curvature.matrix(theta) * persons;
    correct(&mut hessian, &minus(theta, theta0), &minus(released, released0), noise);
    hessian.diag_mut().iter_mut().for_each(|h| *h += DAMPING * persons);
    solve_spd(&hessian, released).unwrap_or_else(|_| vec![0.0; theta.len()])
}

/// The intercept's guess and its estimate of variance `noise`, weighed; the guess has a variance of ¼.
fn intercept(guess: f64, estimate: f64, noise: f64) -> f64 {
    guess + (estimate - guess) * 0.25 / (0.25 + noise)
}

/// Keeps θ within bounds that noise cannot pass.
fn bounded(theta: &mut [f64]) {
    theta[0] = theta[0].clamp(-LARGEST_INTERCEPT, LARGEST_INTERCEPT);
    let spread = libm::sqrt(theta[1..].iter().map(|t| t * t).sum());
    if spread > LARGEST_SPREAD {
        theta[1..].iter_mut().for_each(|t| *t *= LARGEST_SPREAD / spread);
    }
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The BFGS update of a curvature H by what a step s did to the released gradient, y:
/// H − H·s·sᵀ·H/(sᵀHs) + y·yᵀ/(yᵀs), where yᵀs stands out of its noise, of deviation √2·`noise`·‖s‖. Positive definite
/// as H is. Post-processing.
fn correct(h: &mut Array2<f64>, s: &[f64], y: &[f64], noise: f64) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let seen = dot(y, s);
    let hs: Vec<f64> = h.rows().into_iter().map(|row| row.iter().zip(s).map(|(h, s)| h * s).sum()).collect();
    let expected = dot(s, &hs);
    // An expected curvature of 0 is a step of 0.
    if seen <= 5.0 * libm::sqrt(2.0) * noise * libm::sqrt(dot(s, s)) || seen <= 1e-6 * expected || expected <= 0.0 {
        return;
    }
    for ((i, j), v) in h.indexed_iter_mut() {
        *v += y[i] * y[j] / seen - hs[i] * hs[j] / expected;
    }
}
