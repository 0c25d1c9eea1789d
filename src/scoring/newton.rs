//! The solver of every scorer here: penalised logistic regression by Newton's method.
//!
//! ```text
//! minimise  L(β) = Σᵢ −ln P(yᵢ | σ(xᵢ·β)) + ½·ridge·Σⱼ≥₁ βⱼ²          (β₀, the constant, is not penalised)
//! step      (XᵀWX + ridge·I)·s = Xᵀ(y − p) − ridge·β,  W = diag p(1 − p)
//! ```
//!
//! A step that does not lower L is halved. The ridge keeps separable and linearly dependent columns finite. The sums over
//! persons are f64 inside fixed blocks of [`BLOCK`] and [`FixedSum`] across blocks, the solve runs once in a fixed order:
//! the same bits for any number of threads and any split of the rows at multiples of [`BLOCK`].

use super::expand::{Design, Expansion};
use super::lanes::{CHUNK, Chunk, Linked, Values, probabilities};
use crate::error::{Error, Result};
use crate::stats::{BLOCK, FixedSum, logit, solve_spd};
use crate::view::Frame;
use ndarray::Array2;
use rayon::prelude::*;
use std::ops::Range;

/// Newton rounds after which the best β so far is returned; regular data takes 5 to 8.
const ROUNDS: usize = 60;
/// A step below this in every coefficient is the last: what is left after it is its square.
const LAST_STEP: f64 = 1e-6;
const HALVINGS: u32 = 30;

/// An outcome: a label, or the probability of default itself where a simulator knows it.
pub trait Outcome: Copy + Sync {
    /// Weight of default, in [0, 1].
    fn weight(self) -> f64;
}

impl Outcome for bool {
    fn weight(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl Outcome for f64 {
    fn weight(self) -> f64 {
        self
    }
}

/// A minimum of the penalised loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// β, the constant first.
    pub coefficients: Vec<f64>,
    /// XᵀWX + ridge at the last but one β; its inverse is the coefficients' covariance where the ridge is small.
    pub hessian: Array2<f64>,
    /// Newton rounds used.
    pub rounds: usize,
    /// Whether the last step was small enough.
    pub converged: bool,
}

/// What one pass over some rows adds up; parts of disjoint rows merge in any order to the same bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    /// Loss, gradient (width), upper triangle of XᵀWX row by row.
    sums: Vec<FixedSum>,
    width: usize,
}

impl Moments {
    /// The moments of `rows` at `beta`; `rows` starts at a multiple of [`BLOCK`] and ends at one or at the last row.
    /// Lengths of `labels` and `beta` are the design's rows and width.
    pub fn of<Y: Outcome>(design: &Design, labels: &[Y], beta: &[f64], rows: Range<usize>) -> Result<Self> {
        let width = design.width();
        let room = || Room { chunk: Chunk::new(width), linked: Linked::new(), eta: [0.0; CHUNK], y: [0.0; CHUNK] };
        let sums = sum_blocks(rows, 1 + width + width * (width + 1) / 2, room, |room, rows, sums| {
            room.y.fill(0.0);
            room.y.iter_mut().zip(&labels[rows.clone()]).for_each(|(y, label)| *y = label.weight());
            room.chunk.load(design, &rows, 0);
            room.chunk.combine(beta, &mut room.eta);
            room.linked.compute(&room.eta, &room.y);
            let (loss, rest) = sums.split_at_mut(1);
            let (gradient, gram) = rest.split_at_mut(width);
            // The constant's column is 1 on the chunk's rows and 0 beyond: a plain sum.
            room.chunk.add_products(&room.linked.loss, 0, loss);
            room.chunk.add_products(&room.linked.residual, 0, gradient);
            room.chunk.add_gram(&room.linked.weight, width, gram);
        })?;
        Ok(Self { sums, width })
    }

    /// Adds another part.
    pub fn merge(&mut self, other: &Self) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(to, from)| to.merge(*from));
    }

    /// The penalised loss at `beta`.
    fn objective(&self, beta: &[f64], ridge: f64) -> f64 {
        self.sums[0].value() + 0.5 * ridge * beta.iter().skip(1).map(|b| b * b).sum::<f64>()
    }

    /// Minus the gradient of the penalised loss.
    fn descent(&self, beta: &[f64], ridge: f64) -> Vec<f64> {
        let penalty = |j: usize| if j == 0 { 0.0 } else { ridge * beta[j] };
        self.sums[1..=self.width].iter().enumerate().map(|(j, g)| g.value() - penalty(j)).collect()
    }

    /// XᵀWX with the ridge on its diagonal.
    fn hessian(&self, ridge: f64) -> Array2<f64> {
        let mut h = symmetric(&self.sums[1 + self.width..], self.width);
        h.diag_mut().iter_mut().skip(1).for_each(|v| *v += ridge);
        h
    }
}

struct Room {
    chunk: Chunk,
    linked: Linked,
    eta: Values,
    y: Values,
}

/// Sums over rows, f64 inside blocks and exact across: `add(room, rows, sums)` adds at most [`CHUNK`] rows.
pub(super) fn sum_blocks<R: Send>(
    rows: Range<usize>,
    sums: usize,
    room: impl Fn() -> R + Sync + Send,
    add: impl Fn(&mut R, Range<usize>, &mut [f64]) + Sync + Send,
) -> Result<Vec<FixedSum>> {
    let zeros = || vec![FixedSum::default(); sums];
    (rows.start / BLOCK..rows.end.div_ceil(BLOCK))
        .into_par_iter()
        .try_fold(
            || (room(), vec![0.0; sums], zeros()),
            |(mut room, mut block, mut total), b| {
                block.fill(0.0);
                let end = ((b + 1) * BLOCK).min(rows.end);
                for start in (b * BLOCK..end).step_by(CHUNK) {
                    add(&mut room, start..(start + CHUNK).min(end), &mut block);
                }
                total.iter_mut().zip(&block).try_for_each(|(t, v)| t.add_block(*v))?;
                Ok((room, block, total))
            },
        )
        .map(|part| part.map(|(.., total)| total))
        .try_reduce(zeros, |mut a, b| {
            a.iter_mut().zip(b).for_each(|(to, from)| to.merge(from));
            Ok(a)
        })
}

/// A symmetric matrix from its upper triangle, row by row; entries beyond the triangle are not read.
pub(super) fn symmetric(upper: &[FixedSum], width: usize) -> Array2<f64> {
    let mut h = Array2::zeros((width, width));
    let mut next = upper.iter();
    for i in 0..width {
        for j in i..width {
            let v = next.next().map_or(0.0, |s| s.value());
            h[[i, j]] = v;
            h[[j, i]] = v;
        }
    }
    h
}

/// Minimises the penalised loss, from `start` where it has the right length (else from the base rate).
///
/// Fails on no rows, labels of another length or labels of one class. Separable data converges to the ridge's answer.
pub fn newton<Y: Outcome>(design: &Design, labels: &[Y], ridge: f64, start: Option<&[f64]>) -> Result<Solution> {
    let (rows, width) = (design.rows(), design.width());
    let bad: f64 = labels.iter().map(|y| y.weight()).sum();
    if rows == 0 {
        return Err(Error::Fit("the training view has no rows".into()));
    }
    if labels.len() != rows {
        return Err(Error::Fit(format!("{rows} rows but {} labels", labels.len())));
    }
    if bad <= 0.0 || bad >= rows as f64 {
        let which = if bad <= 0.0 { "none" } else { "all" };
        return Err(Error::Fit(format!("{which} of the {rows} training rows defaulted: both outcomes are needed")));
    }
    let mut beta = vec![0.0; width];
    match start {
        Some(start) if start.len() == width && start.iter().all(|b| b.is_finite()) => beta.copy_from_slice(start),
        _ => beta[0] = logit(bad / rows as f64),
    }
    let mut moments = Moments::of(design, labels, &beta, 0..rows)?;
    let mut objective = moments.objective(&beta, ridge);
    for round in 1..=ROUNDS {
        let hessian = moments.hessian(ridge);
        let step = solve_damped(&hessian, &moments.descent(&beta, ridge))?;
        let largest = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        let moved = |share: f64| -> Vec<f64> { beta.iter().zip(&step).map(|(b, s)| b + share * s).collect() };
        if largest < LAST_STEP {
            return Ok(Solution { coefficients: moved(1.0), hessian, rounds: round, converged: true });
        }
        let better = (0..HALVINGS).find_map(|k| {
            let trial = moved(libm::exp2(-f64::from(k)));
            match Moments::of(design, labels, &trial, 0..rows) {
                Ok(m) if m.objective(&trial, ridge) < objective => Some((trial, m)),
                _ => None,
            }
        });
        let Some((trial, m)) = better else {
            // No lower loss in this direction: the minimum to the precision of the loss, which is less than the step's.
            let converged = largest < 1e-3;
            let coefficients = if converged { moved(1.0) } else { beta };
            return Ok(Solution { coefficients, hessian, rounds: round, converged });
        };
        objective = m.objective(&trial, ridge);
        (beta, moments) = (trial, m);
    }
    let hessian = moments.hessian(ridge);
    Ok(Solution { coefficients: beta, hessian, rounds: ROUNDS, converged: false })
}

/// Solves a·x = b, adding to the diagonal what rounding took from a nearly singular matrix.
pub(super) fn solve_damped(a: &Array2<f64>, b: &[f64]) -> Result<Vec<f64>> {
    let size = a.diag().iter().fold(1e-6f64, |m, v| m.max(*v));
    let mut solved = solve_spd(a, b);
    for damping in [1e-12, 1e-9, 1e-6, 1e-3] {
        if solved.as_ref().is_ok_and(|x| x.iter().all(|v| v.is_finite())) {
            break;
        }
        let mut damped = a.clone();
        damped.diag_mut().iter_mut().for_each(|v| *v += damping * size);
        solved = solve_spd(&damped, b);
    }
    solved
}

/// In-sample PDs of a logistic regression on the expanded columns of `frame`, fitted to known probabilities of default.
/// What a simulator's calibration needs: no noise of the outcomes.
pub fn soft_scores(frame: &Frame, pd: &[f64]) -> Result<Vec<f64>> {
    let design = Expansion::new(frame.columns()).design(frame);
    let solution = newton(&design, pd, 1.0, None)?;
    Ok(probabilities(&design, &solution.coefficients))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};
    use crate::stats::logistic;

    /// Normal columns beside the constant, and labels drawn from σ(x·truth).
    fn sample(rows: usize, truth: &[f64], seed: u64) -> (Design, Vec<bool>) {
        let streams = Streams::new(seed, 0);
        let mut design = Design::new(rows, truth.len());
        for j in 1..truth.len() {
            for (i, x) in design.column_mut(j).iter_mut().enumerate() {
                *x = streams.normal(Entity::Person(i as u64), j as u16, Purpose::Month) as f32;
            }
        }
        let labels = (0..rows).map(|i| {
            let eta: f64 = truth.iter().enumerate().map(|(j, b)| b * f64::from(design.column(j)[i])).sum();
            streams.uniform(Entity::Person(i as u64), 0, Purpose::Outcome) < logistic(eta)
        });
        let labels = labels.collect();
        (design, labels)
    }

    /// χ² of the estimates against the truth, by the inverse of the Hessian.
    fn misfit(design: &Design, labels: &[bool], truth: &[f64]) -> f64 {
        let s = newton(design, labels, 1e-6, None).unwrap();
        assert!(s.converged && s.rounds < 10);
        let off: Vec<f64> = s.coefficients.iter().zip(truth).map(|(b, t)| b - t).collect();
        (0..4).flat_map(|i| (0..4).map(move |j| (i, j))).map(|(i, j)| off[i] * s.hessian[[i, j]] * off[j]).sum()
    }

    /// Textbook Newton, row by row, in its own words: the oracle.
    fn textbook(design: &Design, labels: &[bool], ridge: f64) -> Vec<f64> {
        let d = design.width();
        let mut beta = vec![0.0; d];
        for _ in 0..50 {
            let mut h = Array2::<f64>::zeros((d, d));
            let mut g = vec![0.0; d];
            for i in 0..design.rows() {
                let x: Vec<f64> = (0..d).map(|j| f64::from(design.column(j)[i])).collect();
                let p = logistic(x.iter().zip(&beta).map(|(x, b)| x * b).sum());
                for j in 0..d {
                    g[j] += x[j] * (f64::from(u8::from(labels[i])) - p);
                    for k in 0..d {
                        h[[j, k]] += x[j] * x[k] * p * (1.0 - p);
                    }
                }
            }
            for j in 1..d {
                h[[j, j]] += ridge;
                g[j] -= ridge * beta[j];
            }
            let step = solve_spd(&h, &g).unwrap();
            beta.iter_mut().zip(step).for_each(|(b, s)| *b += s);
        }
        beta
    }

    #[test]
    fn agrees_with_textbook_code() {
        for (rows, ridge) in [(60, 0.3), (700, 5.0), (5000, 1e-3)] {
            let (design, labels) = sample(rows, &[-1.0, 0.8, -0.5, 0.1, 0.0], 7);
            let got = newton(&design, &labels, ridge, None).unwrap().coefficients;
            for (g, w) in got.iter().zip(textbook(&design, &labels, ridge)) {
                assert!((g - w).abs() < 1e-8, "{rows} rows: {g} against {w}");
            }
            let warm = newton(&design, &labels, ridge, Some(&got)).unwrap();
            assert_eq!(warm.rounds, 1);
            assert!(warm.coefficients.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    /// χ² with 4 degrees of freedom exceeds 33.38 with probability 1e-6. Catches (half the time) a bias of 3 standard errors in
    /// every coefficient; the twin, one label in 25 flipped, must fail.
    #[test]
    fn recovers_the_truth_within_its_own_standard_errors() {
        let truth = [-1.5, 0.7, -0.4, 0.0];
        let (design, mut labels) = sample(40_000, &truth, 11);
        let chi2 = misfit(&design, &labels, &truth);
        assert!(chi2 < 33.38, "{chi2}");
        labels.iter_mut().step_by(25).for_each(|y| *y = !*y);
        assert!(misfit(&design, &labels, &truth) > 33.38);
    }

    #[test]
    fn any_number_of_threads_and_any_split_of_the_rows_gives_the_same_bits() {
        let (design, labels) = sample(3 * BLOCK + 77, &[-2.0, 1.0, 0.3], 3);
        let beta = [-1.0, 0.2, 0.1];
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| newton(&design, &labels, 1.0, None).unwrap())
        };
        let one = fit(1);
        assert!([2, 3, 7].iter().all(|t| fit(*t) == one));
        let rows = design.rows();
        let whole = Moments::of(&design, &labels, &beta, 0..rows).unwrap();
        for cut in [BLOCK, 2 * BLOCK, 3 * BLOCK] {
            let mut last = Moments::of(&design, &labels, &beta, cut..rows).unwrap();
            last.merge(&Moments::of(&design, &labels, &beta, 0..cut).unwrap());
            assert_eq!(last, whole);
        }
    }

    #[test]
    fn separable_and_dependent_columns_stay_finite() {
        let rows = 400;
        let mut design = Design::new(rows, 4);
        for i in 0..rows {
            design.column_mut(1)[i] = if i < 200 { -1.0 } else { 1.0 };
            design.column_mut(2)[i] = 1.0;
            design.column_mut(3)[i] = design.column(1)[i];
        }
        let labels: Vec<bool> = (0..rows).map(|i| i >= 200).collect();
        for ridge in [1e-9, 1e-6, 1e-3, 1.0, 1e6] {
            let s = newton(&design, &labels, ridge, None).unwrap();
            assert!(s.coefficients.iter().all(|b| b.is_finite()), "{ridge}");
            assert!(s.coefficients[1] > 0.0 && (s.coefficients[1] - s.coefficients[3]).abs() < 1e-3);
        }
        // From far away the first full step overshoots: halving must save it.
        let far = newton(&design, &labels, 1.0, Some(&[30.0, -20.0, 0.0, 10.0])).unwrap();
        let near = newton(&design, &labels, 1.0, None).unwrap();
        assert!(near.converged && far.converged);
        assert!((far.coefficients[1] - near.coefficients[1]).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let design = Design::new(3, 2);
        let said = |design: &Design, labels: &[bool]| newton(design, labels, 1.0, None).unwrap_err().to_string();
        assert_eq!(said(&Design::new(0, 2), &[]), "cannot fit: the training view has no rows");
        assert_eq!(said(&design, &[true]), "cannot fit: 3 rows but 1 labels");
        let none = "cannot fit: none of the 3 training rows defaulted: both outcomes are needed";
        assert_eq!(said(&design, &[false; 3]), none);
    }
}
