//! From moments to coefficients: whitening, first guess, noisy gradients.

use super::DpLogisticParams;
use super::moments::{self, Moments};
use super::rows::{MAX_NORM, MAX_RESIDUAL_BITS, RowMap};
use super::shrink::Estimate;
use super::start;
use crate::error::Result;
use crate::privacy::{IntegerGaussian, Ledger, Noise};
use crate::scoring::expand::Design;
use crate::stats::{cholesky, eigen, solve_spd};
use ndarray::{Array2, ArrayView1};

/// Where noise comes from and releases are entered.
pub(super) struct Source<'a> {
    pub noise: &'a mut Noise,
    pub ledger: &'a mut Ledger,
}

/// Bounds on the coefficients that noise cannot pass: intercept, and norm of the others.
const LARGEST_INTERCEPT: f64 = 12.0;
const LARGEST_SPREAD: f64 = 6.0;

/// What a fit gives.
pub(super) struct Trained {
    pub map: RowMap,
    /// Coefficients in grid units, the constant first.
    pub theta: Vec<f32>,
    /// Whether the data moved the scores away from the public prior.
    pub learnt: bool,
}

/// The row map and the coefficients, at a total cost of `mu`; `trends` is the public direction of each column of the design.
pub(super) fn fit(
    p: &DpLogisticParams,
    design: &Design,
    trends: &[f64],
    labels: &[bool],
    mu: f64,
    source: &mut Source,
) -> Result<Trained> {
    let part = |share: f64| mu * libm::sqrt(share);
    let m = moments::release(p, design, labels, (part(p.sums_share), part(p.moments_share)), source)?;
    let (a, factor, lambda) = whitening(&m, p.ridge);
    let basis = Basis::new(&m, &factor, lambda);
    let guess = Guess::new(p, &m, &basis, &trends[1..]);
    let map = gradient_map(&m, &a, p.gradient_clip * libm::sqrt(effective(&a, lambda)));
    let each = part((1.0 - p.sums_share - p.moments_share) / f64::from(p.iterations));
    let (theta, learnt) = descend(p, &map, design, labels, (each, m.persons), &(basis, guess), source)?;
    Ok(Trained { map, theta, learnt })
}

/// (A, L, λ) with A = L⁻¹ and L·Lᵀ = covariance + λ.
///
/// λ = ridge + 2·noise·√d, the edge of the noise's spectrum: no direction's true variance is above 1 after whitening,
/// which is what keeps the steps from overshooting.
fn whitening(m: &Moments, ridge: f64) -> (Array2<f64>, Array2<f64>, f64) {
    let d = m.mean.len();
    let mut lambda = ridge + 2.0 * m.covariance_noise * libm::sqrt(d as f64);
    for _ in 0..60 {
        let mut c = m.covariance.clone();
        for j in 0..d {
            c[[j, j]] += lambda;
        }
        if let Ok(l) = cholesky(&c) {
            return (start::inverse_lower(&l), l, lambda);
        }
        lambda *= 2.0;
    }
    (Array2::eye(d), Array2::eye(d), lambda)
}

/// The number of directions that are more than noise.
///
/// A direction of pure noise, spectrum on ±λ, adds −1 to d − λ·tr(AAᵀ), a strong one +1. With ¾ the weak ones add little
/// of either sign: the norm bound is neither starved by noise nor paid for directions that hold nothing.
fn effective(a: &Array2<f64>, lambda: f64) -> f64 {
    let d = a.nrows() as f64;
    (d - 0.75 * lambda * a.iter().map(|v| v * v).sum::<f64>()).clamp(1.0, d)
}

/// The whitened features turned so that the noise of the released moments is independent from direction to direction.
struct Basis {
    /// Orthogonal: whitened by A → along the covariance's eigenvectors.
    turn: Array2<f64>,
    /// Eigenvectors of the covariance as rows, each over the root of its value + λ.
    whiten: Array2<f64>,
    /// 1/(eigenvalue + λ).
    gain: Vec<f64>,
}

impl Basis {
    fn new(m: &Moments, factor: &Array2<f64>, lambda: f64) -> Self {
        let (values, mut whiten) = eigen::symmetric(&m.covariance);
        let gain: Vec<f64> = values.iter().map(|v| 1.0 / (v + lambda).max(1e-9)).collect();
        for (mut row, g) in whiten.rows_mut().into_iter().zip(&gain) {
            row *= libm::sqrt(*g);
        }
        Self { turn: whiten.dot(factor), whiten, gain }
    }

    /// From coordinates whitened by A, and back.
    fn turned(&self, x: &[f64]) -> Vec<f64> {
        self.turn.dot(&ArrayView1::from(x)).to_vec()
    }

    fn back(&self, x: &[f64]) -> Vec<f64> {
        self.turn.t().dot(&ArrayView1::from(x)).to_vec()
    }
}

/// What the moments alone say of the logistic coefficients, along the basis.
struct Guess {
    intercept: f64,
    /// Scaled least squares, with the noise of the released moments.
    estimate: Estimate,
    /// Where the public trends point.
    prior: Vec<f64>,
    /// The estimate drawn towards the prior.
    first: Vec<f64>,
}

/// Variance, from direction to direction, between scaled least squares and the logistic optimum.
const GUESS_VARIANCE: f64 = 0.02;

impl Guess {
    fn new(p: &DpLogisticParams, m: &Moments, basis: &Basis, trends: &[f64]) -> Self {
        let squares = Estimate {
            value: basis.whiten.dot(&ArrayView1::from(&m.cross)).to_vec(),
            noise: basis.gain.iter().map(|g| m.cross_noise * m.cross_noise * g).collect(),
        };
        let prior = public_prior(p, m, basis, trends, &squares);
        let (first, _) = squares.towards(&prior, p.evidence);
        let spread = libm::sqrt(first.iter().map(|v| v * v).sum());
        let (intercept, scale) = start::scaled(m.prevalence, spread);
        let scaled = |x: &[f64]| x.iter().map(|v| v * scale).collect::<Vec<f64>>();
        let noise = squares.noise.iter().map(|s| s * scale * scale + GUESS_VARIANCE).collect();
        Self {
            intercept,
            estimate: Estimate { value: scaled(&squares.value), noise },
            prior: scaled(&prior),
            first: scaled(&first),
        }
    }
}

/// Least-squares coefficients that point where the public trends do; their size is the posterior mean under
/// N(s, (s/2)²), s = `prior_correlation`·√(p(1 − p)). 0 where no column has a trend.
fn public_prior(p: &DpLogisticParams, m: &Moments, basis: &Basis, trends: &[f64], squares: &Estimate) -> Vec<f64> {
    // β·x = θ·(W·x): θ = W⁻ᵀβ, and W⁻ᵀ = diag(1/gain)·W for W = diag(√gain)·Vᵀ.
    let along: Vec<f64> =
        basis.whiten.dot(&ArrayView1::from(trends)).iter().zip(&basis.gain).map(|(x, g)| x / g).collect();
    let norm = libm::sqrt(along.iter().map(|x| x * x).sum());
    if norm.is_nan() || norm <= 0.0 {
        return vec![0.0; along.len()];
    }
    let size = p.prior_correlation * libm::sqrt(m.prevalence * (1.0 - m.prevalence));
    let (mut precision, mut sum) = (4.0 / (size * size), 4.0 / size);
    for ((u, x), s) in along.iter().zip(&squares.value).zip(&squares.noise) {
        let weight = u / norm / s.max(1e-12);
        precision += weight * u / norm;
        sum += weight * x;
    }
    let size = (sum / precision).max(0.0);
    along.iter().map(|u| u / norm * size).collect()
}

/// Rows whitened by `a` and clipped to norm `radius`, beside a constant of 1.
fn gradient_map(m: &Moments, a: &Array2<f64>, radius: f64) -> RowMap {
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
pub(super) fn gradient_mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let norm = f64::from(MAX_NORM);
    let fits = |bits: u32| norm * f64::from(1u32 << bits) / mu < 1e9;
    let bits = (5..=MAX_RESIDUAL_BITS).rev().find(|b| fits(*b)).unwrap_or(4);
    let squared = u64::from(MAX_NORM.unsigned_abs()).pow(2) << (2 * bits);
    Ok((IntegerGaussian::calibrate_mu(squared, mu)?, bits))
}

/// Noisy Newton steps from the guess; each costs `mu`. Every gradient is an estimate of the optimum, θ − H⁻¹g; the later
/// half of those so far is averaged, joined with the moments' estimate, and drawn towards the prior. Returns the last θ in
/// grid units, and whether it is more than the prior.
fn descend(
    p: &DpLogisticParams,
    map: &RowMap,
    design: &Design,
    labels: &[bool],
    (mu, persons): (f64, f64),
    (basis, guess): &(Basis, Guess),
    source: &mut Source,
) -> Result<(Vec<f32>, bool)> {
    let rows = map.apply(design);
    let (mechanism, bits) = gradient_mechanism(mu)?;
    let one = f64::from(1u32 << bits);
    let unit = |j: usize| if j == 0 { f64::from(map.constant) } else { f64::from(map.unit) };
    let in_units =
        |theta: &[f64]| -> Vec<f32> { theta.iter().enumerate().map(|(j, t)| (t / unit(j)) as f32).collect() };

    let mut theta: Vec<f64> = std::iter::once(guess.intercept).chain(basis.back(&guess.first)).collect();
    let (mut seen, mut learnt): (Vec<Vec<f64>>, bool) = (Vec::new(), false);
    for step in 0..p.iterations {
        let mut sums = rows.gradient(labels, &in_units(&theta), bits);
        mechanism.release(&mut sums, &format!("gradient {}", step + 1), source.noise, source.ledger)?;
        let mut hessian = start::curvature(&theta) * persons;
        let flattest = hessian[[theta.len() - 1, theta.len() - 1]].max(1e-9);
        let mut gradient = Vec::with_capacity(theta.len());
        for (j, sum) in sums.iter().enumerate() {
            hessian[[j, j]] += 1e-9 * persons;
            gradient.push(*sum as f64 / (one * unit(j)));
        }
        let moved = solve_spd(&hessian, &gradient)?;
        seen.push(theta.iter().zip(moved).map(|(t, s)| t - s).collect());
        let kept = seen.len().div_ceil(2);
        let mean = |j: usize| seen[seen.len() - kept..].iter().map(|o| o[j]).sum::<f64>() / kept as f64;
        let noise = |j: usize| {
            let deviation = mechanism.deviation() / (one * unit(j)) / flattest;
            deviation * deviation / kept as f64
        };
        let away: Vec<f64> = (1..theta.len()).map(mean).collect();
        let estimate = Estimate { value: basis.turned(&away), noise: vec![noise(1); away.len()] };
        let (drawn, more) = estimate.with(&guess.estimate).towards(&guess.prior, p.evidence);
        learnt = more;
        theta = std::iter::once(intercept(guess.intercept, mean(0), noise(0))).chain(basis.back(&drawn)).collect();
        bounded(&mut theta);
    }
    Ok((in_units(&theta), learnt))
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
