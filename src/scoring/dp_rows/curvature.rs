//! How steep the loss can be: a bound on its Hessian from the released moments of goods and bads. Post-processing alone.
//!
//! Over rows ψ̃ = (1, ψ) the mean log-loss has the Hessian H = E[p(1 − p)·ψ̃ψ̃ᵀ]. Where PDs are calibrated given ψ, as they are at
//! the optimum of a model that fits, E[p·ψ̃ψ̃ᵀ] = B and E[(1 − p)·ψ̃ψ̃ᵀ] = G, the second moments of bads and of goods: known without
//! a release of their own. p(1 − p) is the parallel sum of p and 1 − p, A : C = (A⁻¹ + C⁻¹)⁻¹; that of matrices is superadditive
//! and monotone (Anderson & Duffin 1969), and G ≼ I − B for whitened ψ, so that
//!
//! ```text
//! H ≼ B : G ≼ B : (I − B) = B − B²      and always      H ≼ ¼·(B + G) ≼ ¼·I
//! ```
//!
//! The steps' matrix K has B's eigenvectors and the values b(1 − b) up to b = ½ and ¼ beyond. A step −K⁻¹g lowers a loss whose
//! Hessian is below 2K: the bound leaves a factor of two for models that do not fit. No curvature of normal features is
//! assumed: where few default, the bads are not spread as the goods are, and it is they who make the loss steep.
//!
//! Noise: an entry of B counts as far as it stands out of its own noise, else as it would be if bads were like everybody, r·I.

use super::guess::Basis;
use super::moments::Moments;
use crate::stats::{cholesky, eigen};
use ndarray::Array2;

/// Deviation, relative to the default rate, that an entry of B is expected to have from that of bads who are like everybody.
const UNLIKE: f64 = 0.1;

/// What is added to the curvature of one person's loss, so that it has an inverse.
const DAMPING: f64 = 1e-9;

/// The matrix K, with its inverse, in coordinates (1, ψ).
pub(super) struct Curvature {
    matrix: Array2<f64>,
    inverse: Array2<f64>,
    /// B, with noise taken out.
    bads: Array2<f64>,
}

impl Curvature {
    /// From the moments, with the curvature of a penalty of `penalty`/2 times the squared coefficients of the design, a person.
    pub fn new(m: &Moments, basis: &Basis, penalty: f64) -> Self {
        let r = m.prevalence;
        let raw = basis.of_rows(&m.bads);
        let size = |j: usize| if j == 0 { 1.0 } else { libm::sqrt(basis.gain()[j - 1]) };
        let trust = |i: usize, j: usize| {
            let noise = m.bads_noise[usize::from(i > 0) + usize::from(j > 0)] * size(i) * size(j);
            let expected = UNLIKE * r;
            expected * expected / (expected * expected + noise * noise)
        };
        let seen = Array2::from_shape_fn(raw.raw_dim(), |(i, j)| {
            let like = if i == j { r } else { 0.0 };
            if i + j == 0 { r } else { like + trust(i, j) * (raw[[i, j]] - like) }
        });
        let (values, vectors) = eigen::symmetric(&seen);
        let mut kept = vectors.clone();
        let mut bent = vectors.clone();
        for (k, value) in values.iter().enumerate() {
            // What noise hides is not taken for flat.
            let hidden: f64 = vectors.row(k).iter().enumerate().map(|(j, v)| v * v * (1.0 - trust(j, j))).sum();
            let b = value.max(r * hidden).max(0.0);
            kept.row_mut(k).mapv_inplace(|v| v * b);
            let curved = if b < 0.5 { b * (1.0 - b) } else { 0.25 };
            bent.row_mut(k).mapv_inplace(|v| v * curved);
        }
        let mut matrix = vectors.t().dot(&bent);
        for (j, gain) in basis.gain().iter().enumerate() {
            matrix[[j + 1, j + 1]] += penalty * gain;
        }
        let mut out = Self { inverse: Array2::eye(matrix.nrows()), matrix, bads: vectors.t().dot(&kept) };
        out.invert();
        out
    }

    /// K⁻¹·g.
    pub fn step(&self, g: &[f64]) -> Vec<f64> {
        self.inverse.rows().into_iter().map(|row| row.iter().zip(g).map(|(k, g)| k * g).sum()).collect()
    }

    /// What noise of variance 1 in each entry of a gradient becomes in each entry of the step.
    pub fn amplified(&self) -> Vec<f64> {
        self.inverse.rows().into_iter().map(|row| row.iter().map(|k| k * k).sum()).collect()
    }

    /// The constant's row.
    pub fn border(&self) -> Vec<f64> {
        self.matrix.row(0).to_vec()
    }

    /// Root mean square of the log-odds that `step` adds to the bads'.
    pub fn reach(&self, step: &[f64]) -> f64 {
        let along = self.bads.rows().into_iter().zip(step).map(|(row, s)| s * dot(row.iter(), step));
        libm::sqrt(along.sum::<f64>().max(0.0) / self.bads[[0, 0]].max(1e-9))
    }

    /// The BFGS update by what a step s did to the released gradient, y: K − K·s·sᵀ·K/(sᵀKs) + y·yᵀ/(yᵀs), where
    /// yᵀs stands out of its noise, of deviation √2·`noise`·‖s‖. Positive definite as K is.
    pub fn correct(&mut self, s: &[f64], y: &[f64], noise: f64) {
        let seen = dot(y.iter(), s);
        let ks: Vec<f64> = self.matrix.rows().into_iter().map(|row| dot(row.iter(), s)).collect();
        let expected = dot(s.iter(), &ks);
        let least = 5.0 * libm::sqrt(2.0) * noise * libm::sqrt(dot(s.iter(), s));
        if seen <= least || seen <= 1e-6 * expected || expected <= 0.0 {
            return;
        }
        for ((i, j), v) in self.matrix.indexed_iter_mut() {
            *v += y[i] * y[j] / seen - ks[i] * ks[j] / expected;
        }
        self.invert();
    }

    /// After a release nothing may fail that hangs on its noise: the diagonal grows until there is an inverse.
    fn invert(&mut self) {
        let mut damping = DAMPING;
        for _ in 0..60 {
            let mut k = self.matrix.clone();
            k.diag_mut().iter_mut().for_each(|v| *v += damping);
            if let Ok(l) = cholesky(&k) {
                let l = super::triangle::inverse(&l);
                self.inverse = l.t().dot(&l);
                return;
            }
            damping *= 4.0;
        }
    }
}

fn dot<'a>(a: impl Iterator<Item = &'a f64>, b: &[f64]) -> f64 {
    a.zip(b).map(|(a, b)| a * b).sum()
}
