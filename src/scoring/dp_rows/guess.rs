//! What the second moments alone say: whitening, and a first guess with its noise. Nothing here sees a person.

use super::descent::Steps;
use super::moments::Moments;
use super::shrink::Estimate;
use super::{start, triangle};
use crate::stats::{cholesky, eigen, normal_cdf};
use ndarray::{Array2, ArrayView1, s};

/// (A, L, λ) with A = L⁻¹ and L·Lᵀ = covariance + λ.
///
/// λ = ridge + 2·noise·√d, the edge of the noise's spectrum: no direction's true variance is above 1 after whitening,
/// which is what keeps the steps from overshooting.
pub(super) fn whitening(m: &Moments, ridge: f64) -> (Array2<f64>, Array2<f64>, f64) {
    let d = m.mean.len();
    let mut lambda = ridge + 2.0 * m.covariance_noise * libm::sqrt(d as f64);
    for _ in 0..60 {
        let mut c = m.covariance.clone();
        for j in 0..d {
            c[[j, j]] += lambda;
        }
        if let Ok(l) = cholesky(&c) {
            return (triangle::inverse(&l), l, lambda);
        }
        lambda *= 2.0;
    }
    (Array2::eye(d), Array2::eye(d), lambda)
}

/// The number of directions that are more than noise.
///
/// A direction of pure noise, spectrum on ±λ, adds −1 to d − λ·tr(AAᵀ), a strong one +1. With ¾ the weak ones add little
/// of either sign: the norm bound is neither starved by noise nor paid for directions that hold nothing.
pub(super) fn effective(a: &Array2<f64>, lambda: f64) -> f64 {
    let d = a.nrows() as f64;
    (d - 0.75 * lambda * a.iter().map(|v| v * v).sum::<f64>()).clamp(1.0, d)
}

/// The whitened features turned so that the noise of the released moments is independent from direction to direction.
pub(super) struct Basis {
    /// Orthogonal: whitened by A → along the covariance's eigenvectors.
    turn: Array2<f64>,
    /// Eigenvectors of the covariance as rows, each over the root of its value + λ.
    whiten: Array2<f64>,
    /// 1/(eigenvalue + λ).
    gain: Vec<f64>,
}

impl Basis {
    pub fn new(m: &Moments, factor: &Array2<f64>, lambda: f64) -> Self {
        let (values, mut whiten) = eigen::symmetric(&m.covariance);
        let gain: Vec<f64> = values.iter().map(|v| 1.0 / (v + lambda).max(1e-9)).collect();
        for (mut row, g) in whiten.rows_mut().into_iter().zip(&gain) {
            row *= libm::sqrt(*g);
        }
        Self { turn: triangle::times(&whiten, factor), whiten, gain }
    }

    /// From coordinates whitened by A, and back.
    pub fn turned(&self, x: &[f64]) -> Vec<f64> {
        self.turn.dot(&ArrayView1::from(x)).to_vec()
    }

    pub fn back(&self, x: &[f64]) -> Vec<f64> {
        self.turn.t().dot(&ArrayView1::from(x)).to_vec()
    }

    /// 1/(eigenvalue + λ) of each direction.
    pub fn gain(&self) -> &[f64] {
        &self.gain
    }

    /// What a vector of the design's columns, centred, is along the basis.
    pub fn turned_rows(&self, x: &[f64]) -> Vec<f64> {
        self.whiten.dot(&ArrayView1::from(x)).to_vec()
    }

    /// What a second moment of (1, centred row) is of (1, row along the basis).
    pub fn of_rows(&self, second: &Array2<f64>) -> Array2<f64> {
        let d = self.gain.len();
        let mut out = Array2::zeros((d + 1, d + 1));
        out[[0, 0]] = second[[0, 0]];
        let border = self.whiten.dot(&second.row(0).slice(s![1..]));
        let inside = self.whiten.dot(&second.slice(s![1.., 1..])).dot(&self.whiten.t());
        out.slice_mut(s![0, 1..]).assign(&border);
        out.slice_mut(s![1.., 0]).assign(&border);
        out.slice_mut(s![1.., 1..]).assign(&inside);
        out
    }
}

/// What the moments alone say of the logistic coefficients, along the basis.
#[derive(Clone)]
pub(super) struct Guess {
    pub intercept: f64,
    /// Scaled least squares, with the noise of the released moments.
    pub estimate: Estimate,
    /// Where the public trends point.
    pub prior: Vec<f64>,
    /// The estimate drawn towards the prior.
    pub first: Vec<f64>,
}

/// What a squared difference is above, in units of its variance, where it is not chance.
const CHANCE: f64 = 6.0;

/// Variance, from direction to direction, between scaled least squares and the logistic optimum.
const GUESS_VARIANCE: f64 = 0.02;

impl Guess {
    pub fn new(p: &Steps, m: &Moments, basis: &Basis, trends: &[f64]) -> Self {
        let squares = Estimate {
            value: basis.whiten.dot(&ArrayView1::from(&m.cross)).to_vec(),
            noise: basis.gain.iter().map(|g| m.cross_noise * m.cross_noise * g).collect(),
        };
        let prior = public_prior(p, m, basis, trends, &squares);
        let (first, _) = squares.towards(&prior, p.evidence);
        let spread = libm::sqrt(first.iter().map(|v| v * v).sum());
        let (intercept, scale) = start::scaled(m.prevalence, spread);
        let scaled = |x: &[f64]| x.iter().map(|v| v * scale).collect::<Vec<f64>>();
        let noise = squares.noise.iter().map(|s| s * scale * scale).collect();
        Self {
            intercept,
            estimate: Estimate { value: scaled(&squares.value), noise },
            prior: scaled(&prior),
            first: scaled(&first),
        }
    }

    /// All but the constant made `share` as long: what the slopes on the way to the guess say of its length.
    pub fn scale(&mut self, share: f64) {
        for values in [&mut self.estimate.value, &mut self.prior, &mut self.first] {
            for v in values.iter_mut() {
                *v *= share;
            }
        }
        for s in &mut self.estimate.noise {
            *s *= share * share;
        }
    }

    /// The guess's estimate as one of the optimum, beside another: it is off by [`GUESS_VARIANCE`] at least, and in each direction
    /// by as much as the two differ beyond their noise.
    pub fn beside(&self, other: &Estimate) -> Estimate {
        let own = self.estimate.value.iter().zip(&self.estimate.noise);
        let off = own
            .zip(other.value.iter().zip(&other.noise))
            .map(|((x, s), (y, t))| s + GUESS_VARIANCE + ((x - y) * (x - y) - CHANCE * (s + t)).max(0.0));
        Estimate { value: self.estimate.value.clone(), noise: off.collect() }
    }
}

/// Least-squares coefficients that point where the public trends do; their size is the posterior mean under
/// N(s, (s/2)²) above 0, s = `prior_correlation`·√(p(1 − p)): noise may say that the trends explain little, never that they
/// point backwards. 0 where no column has a trend.
fn public_prior(p: &Steps, m: &Moments, basis: &Basis, trends: &[f64], squares: &Estimate) -> Vec<f64> {
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
    let size = mean_above_zero(sum / precision, 1.0 / libm::sqrt(precision));
    along.iter().map(|u| u / norm * size).collect()
}

/// The mean of N(`mean`, `deviation`²) given that it is above 0.
pub(in crate::scoring) fn mean_above_zero(mean: f64, deviation: f64) -> f64 {
    let t = mean / deviation;
    if t < -6.0 {
        // φ(t)/Φ(t) = −t − 1/t + 2/t³ − 10/t⁵ + … , of which the first cancels.
        return deviation * (-1.0 + (2.0 - 10.0 / (t * t)) / (t * t)) / t;
    }
    let density = libm::exp(-0.5 * t * t) / libm::sqrt(2.0 * std::f64::consts::PI);
    mean + deviation * density / normal_cdf(t)
}

/// Intercept and whitened coefficients from the moments alone, shrunk by the share of noise in their square.
pub(in crate::scoring) fn first_guess(m: &Moments, a: &Array2<f64>) -> Vec<f64> {
    let d = m.mean.len();
    let v: Vec<f64> = (0..d).map(|i| (0..=i).map(|j| a[[i, j]] * m.cross[j]).sum()).collect();
    let energy: f64 = v.iter().map(|v| v * v).sum();
    let noise = m.cross_noise * m.cross_noise * a.iter().map(|v| v * v).sum::<f64>();
    let kept = if energy > noise { 1.0 - noise / energy } else { 0.0 };
    let (intercept, scale) = start::scaled(m.prevalence, kept * libm::sqrt(energy));
    std::iter::once(intercept).chain(v.iter().map(|v| v * scale * kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the average of the density's upper part, by the midpoint rule.
    #[test]
    fn the_mean_above_zero_is_one_whatever_noise_says() {
        for (mean, deviation) in [(1.0f64, 0.01f64), (0.5, 1.0), (-0.5, 1.0), (-5.9, 1.0), (-6.1, 1.0), (-30.0, 2.0)] {
            let (mut sum, mut mass) = (0.0, 0.0);
            for k in 0..400_000 {
                let x = (f64::from(k) + 0.5) * 1e-5 * deviation.max(mean);
                let w = libm::exp(-0.5 * ((x - mean) * (x - mean) - mean.min(0.0).powi(2)) / (deviation * deviation));
                sum += w * x;
                mass += w;
            }
            let got = mean_above_zero(mean, deviation);
            assert!((got / (sum / mass) - 1.0).abs() < 5e-3, "{mean} {deviation}: {got}, {}", sum / mass);
        }
    }
}
