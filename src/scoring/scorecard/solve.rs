//! Penalised logistic regression on bins, with signs.
//!
//! A person is a list of bins, one a column, so a parameter θ is a column of the map T from all bins to log-odds:
//!
//! ```text
//! ηᵢ = β₀ + Σⱼ v[bin of i in j],  v = v₀ + Tᵀθ
//! minimise  Σᵢ −ln P(yᵢ | σ(ηᵢ)) + ½ Σₚ ridge·(θₚ − centreₚ)²   where signₚ·θₚ ≥ 0
//! ```
//!
//! Convex, so the answer is unique. Newton: the Hessian is T·C·Tᵀ with C the weights p(1 − p) summed over pairs of bins,
//! one addition a person and pair of columns however many parameters there are. Each round minimises the quadratic model
//! under the signs by an active set; a round that does not lower the loss is halved. Sums are f64 inside fixed blocks of
//! persons and exact across: the same bits for any number of threads.

use super::model::Assigned;
use crate::error::{Error, Result};
use crate::scoring::lanes::{CHUNK, Linked};
use crate::scoring::newton::solve_damped;
use crate::stats::{BLOCK, FixedSum, logit};
use ndarray::Array2;
use rayon::prelude::*;
use std::ops::Range;

const ROUNDS: usize = 60;
const LAST_STEP: f64 = 1e-7;
const HALVINGS: u32 = 30;

/// One parameter.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// Its part of T: (bin, weight).
    pub bins: Vec<(usize, f64)>,
    /// −1: never positive; 1: never negative; 0: any.
    pub sign: i8,
    pub centre: f64,
    pub ridge: f64,
}

/// The persons as bins of the columns that are used, numbered through.
pub(super) struct Problem<'a> {
    pub assigned: &'a Assigned,
    /// (column of `assigned`, number of its first bin).
    pub columns: Vec<(usize, usize)>,
    pub bins: usize,
    pub labels: &'a [bool],
    /// Log-odds of the bins at θ = 0.
    pub base: Vec<f64>,
    pub parameters: Vec<Parameter>,
}

/// The minimum.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub intercept: f64,
    pub theta: Vec<f64>,
    /// Standard errors, the intercept first; `None` for parameters that their sign holds at 0.
    pub errors: Vec<Option<f64>>,
}

/// Loss, gradient by bin, weights by pair of bins (upper triangle, then by bin against the constant).
struct Sums {
    loss: f64,
    gradient: Vec<f64>,
    weights: Array2<f64>,
}

impl Problem<'_> {
    /// Finds the minimum from `theta`.
    pub fn solve(&self, theta: Vec<f64>) -> Result<Answer> {
        let rows = self.labels.len();
        let bads = self.labels.iter().filter(|y| **y).count();
        if rows == 0 {
            return Err(Error::Fit("the training view has no rows".into()));
        }
        if bads == 0 || bads == rows {
            let which = if bads == 0 { "none" } else { "all" };
            return Err(Error::Fit(format!("{which} of the {rows} training rows defaulted: both outcomes are needed")));
        }
        let mut at: Vec<f64> = std::iter::once(logit(bads as f64 / rows as f64)).chain(theta).collect();
        let mut sums = self.sums(&at)?;
        let mut loss = sums.loss + self.penalty(&at);
        for _ in 0..ROUNDS {
            let (hessian, descent) = self.model(&sums, &at);
            let (next, held) = self.constrained(&hessian, &descent, &at)?;
            let largest = next.iter().zip(&at).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
            let moved = |s: f64| -> Vec<f64> { at.iter().zip(&next).map(|(a, b)| a + s * (b - a)).collect() };
            let better = (0..HALVINGS).find_map(|k| {
                let trial = if k == 0 { next.clone() } else { moved(libm::exp2(-f64::from(k))) };
                let s = self.sums(&trial).ok()?;
                let value = s.loss + self.penalty(&trial);
                (value < loss).then_some((trial, s, value))
            });
            match better {
                Some((trial, s, value)) if largest >= LAST_STEP => (at, sums, loss) = (trial, s, value),
                _ => {
                    let at = if largest < 1e-3 { next } else { at };
                    return Ok(Answer { errors: errors(&hessian, &held), intercept: at[0], theta: at[1..].to_vec() });
                }
            }
        }
        let (hessian, _) = self.model(&sums, &at);
        let held: Vec<bool> = at.iter().map(|v| *v == 0.0).collect();
        Ok(Answer { errors: errors(&hessian, &held), intercept: at[0], theta: at[1..].to_vec() })
    }

    /// Log-odds of every bin, without the intercept.
    pub fn values(&self, theta: &[f64]) -> Vec<f64> {
        let mut v = self.base.clone();
        for (p, t) in self.parameters.iter().zip(theta) {
            p.bins.iter().for_each(|(bin, weight)| v[*bin] += weight * t);
        }
        v
    }

    fn penalty(&self, at: &[f64]) -> f64 {
        let one = |(p, t): (&Parameter, &f64)| 0.5 * p.ridge * (t - p.centre) * (t - p.centre);
        self.parameters.iter().zip(&at[1..]).map(one).sum()
    }

    fn sums(&self, at: &[f64]) -> Result<Sums> {
        let (rows, k) = (self.labels.len(), self.bins);
        let v = self.values(&at[1..]);
        // The constant is one more bin, in which everybody is.
        let size = k + 1;
        let count = 1 + size + size * size;
        let zeros = || vec![FixedSum::default(); count];
        let total = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .try_fold(
                || (Linked::new(), vec![0.0; count], zeros()),
                |(mut linked, mut block, mut total), b| {
                    block.fill(0.0);
                    self.add_block(b * BLOCK..((b + 1) * BLOCK).min(rows), at[0], &v, &mut linked, &mut block);
                    let filled = total.iter_mut().zip(&block).filter(|(_, v)| **v != 0.0);
                    for (t, v) in filled {
                        t.add_block(*v)?;
                    }
                    Ok((linked, block, total))
                },
            )
            .map(|part: Result<_>| part.map(|(.., total)| total))
            .try_reduce(zeros, |mut a, b| {
                a.iter_mut().zip(b).for_each(|(to, from)| to.merge(from));
                Ok(a)
            })?;
        let gradient = total[1..=size].iter().map(|s| s.value()).collect();
        let mut weights = Array2::zeros((size, size));
        for a in 0..size {
            for b in a..size {
                let w = total[1 + size + a * size + b].value();
                weights[[a, b]] = w;
                weights[[b, a]] = w;
            }
        }
        Ok(Sums { loss: total[0].value(), gradient, weights })
    }

    /// Rows in chunks, columns pair by pair: the cells of one pair stay in the first cache.
    fn add_block(&self, rows: Range<usize>, intercept: f64, v: &[f64], linked: &mut Linked, sums: &mut [f64]) {
        let size = self.bins + 1;
        let columns: Vec<(&[u16], usize)> =
            self.columns.iter().map(|(j, first)| (self.assigned.column(*j), *first)).collect();
        let (head, weights) = sums.split_at_mut(1 + size);
        let (mut eta, mut y) = ([0.0; CHUNK], [0.0; CHUNK]);
        for start in rows.clone().step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(rows.end);
            let n = chunk.len();
            eta.fill(intercept);
            for (column, first) in &columns {
                let v = &v[*first..];
                eta.iter_mut().zip(&column[chunk.clone()]).for_each(|(eta, bin)| *eta += v[usize::from(*bin)]);
            }
            y.iter_mut().zip(&self.labels[chunk.clone()]).for_each(|(y, bad)| *y = f64::from(u8::from(*bad)));
            linked.compute(&eta, &y);
            head[0] += linked.loss[..n].iter().sum::<f64>();
            head[1 + self.bins] += linked.residual[..n].iter().sum::<f64>();
            let (weight, residual) = (&linked.weight[..n], &linked.residual[..n]);
            weights[self.bins * size + self.bins] += weight.iter().sum::<f64>();
            for (k, (left, a)) in columns.iter().enumerate() {
                let left = &left[chunk.clone()];
                for ((bin, r), w) in left.iter().zip(residual).zip(weight) {
                    let bin = a + usize::from(*bin);
                    head[1 + bin] += r;
                    weights[bin * size + self.bins] += w;
                }
                for (right, b) in &columns[k..] {
                    let cells = &mut weights[a * size + b..];
                    for ((l, r), w) in left.iter().zip(&right[chunk.clone()]).zip(weight) {
                        cells[usize::from(*l) * size + usize::from(*r)] += w;
                    }
                }
            }
        }
    }

    /// Hessian and minus the gradient of the penalised loss in (β₀, θ).
    fn model(&self, sums: &Sums, at: &[f64]) -> (Array2<f64>, Vec<f64>) {
        let constant = vec![(self.bins, 1.0)];
        let maps: Vec<&[(usize, f64)]> =
            std::iter::once(constant.as_slice()).chain(self.parameters.iter().map(|p| p.bins.as_slice())).collect();
        let width = maps.len();
        let mut hessian = Array2::zeros((width, width));
        for (a, map) in maps.iter().enumerate() {
            let row: Vec<f64> =
                (0..=self.bins).map(|b| map.iter().map(|(k, w)| w * sums.weights[[*k, b]]).sum()).collect();
            for (b, other) in maps.iter().enumerate().take(a + 1) {
                let v: f64 = other.iter().map(|(k, w)| w * row[*k]).sum();
                hessian[[a, b]] = v;
                hessian[[b, a]] = v;
            }
        }
        let mut descent: Vec<f64> = maps.iter().map(|m| m.iter().map(|(k, w)| w * sums.gradient[*k]).sum()).collect();
        for (a, p) in self.parameters.iter().enumerate() {
            hessian[[a + 1, a + 1]] += p.ridge;
            descent[a + 1] -= p.ridge * (at[a + 1] - p.centre);
        }
        (hessian, descent)
    }

    /// The minimum of the quadratic model under the signs, and which parameters they hold at 0.
    fn constrained(&self, hessian: &Array2<f64>, descent: &[f64], at: &[f64]) -> Result<(Vec<f64>, Vec<bool>)> {
        let width = at.len();
        let sign = |a: usize| if a == 0 { 0.0 } else { f64::from(self.parameters[a - 1].sign) };
        // H·x = H·at + descent, for x itself.
        let right: Vec<f64> =
            (0..width).map(|a| descent[a] + (0..width).map(|b| hessian[[a, b]] * at[b]).sum::<f64>()).collect();
        let mut held = vec![false; width];
        let mut released = 0;
        loop {
            let free: Vec<usize> = (0..width).filter(|a| !held[*a]).collect();
            let small = Array2::from_shape_fn((free.len(), free.len()), |(a, b)| hessian[[free[a], free[b]]]);
            let solved = solve_damped(&small, &free.iter().map(|a| right[*a]).collect::<Vec<_>>())?;
            let mut x = vec![0.0; width];
            free.iter().zip(solved).for_each(|(a, v)| x[*a] = v);
            let wrong: Vec<usize> = free.iter().copied().filter(|a| sign(*a) * x[*a] < 0.0).collect();
            if !wrong.is_empty() {
                for a in wrong {
                    held[a] = true;
                }
                continue;
            }
            // Pull of the model on a held parameter: towards its allowed side it must be let go.
            let pull = |a: usize| sign(a) * (right[a] - (0..width).map(|b| hessian[[a, b]] * x[b]).sum::<f64>());
            let most = (0..width).filter(|a| held[*a]).map(|a| (a, pull(a))).max_by(|a, b| a.1.total_cmp(&b.1));
            match most.filter(|(a, pull)| *pull > 1e-9 * hessian[[*a, *a]] && released < 2 * width) {
                Some((a, _)) => held[a] = false,
                None => return Ok((x, held)),
            }
            released += 1;
        }
    }
}

/// Roots of the diagonal of the inverse Hessian over the parameters that are free.
fn errors(hessian: &Array2<f64>, held: &[bool]) -> Vec<Option<f64>> {
    let free: Vec<usize> = (0..held.len()).filter(|a| !held[*a]).collect();
    let small = Array2::from_shape_fn((free.len(), free.len()), |(a, b)| hessian[[free[a], free[b]]]);
    let mut out = vec![None; held.len()];
    let Ok(l) = crate::stats::cholesky(&small) else { return out };
    for (k, a) in free.iter().enumerate() {
        // Column k of L⁻¹: its squares sum to the diagonal of the inverse.
        let mut x = vec![0.0; free.len()];
        for i in k..free.len() {
            let s: f64 = (k..i).map(|j| l[[i, j]] * x[j]).sum();
            x[i] = (f64::from(u8::from(i == k)) - s) / l[[i, i]];
        }
        out[*a] = Some(libm::sqrt(x.iter().map(|v| v * v).sum::<f64>())).filter(|e| e.is_finite());
    }
    out
}
