//! Logistic regressions on many samples of one table, from the fit on all of it.
//!
//! The minimum on a sample of m of the N rows is near that on all rows, β, and the loss bends there as m/N of the whole loss does. So
//! each fit starts at β with P = (m/N)·XᵀWX + ridge·I for the second derivatives and corrects both by BFGS updates: a gradient a step, where
//! [`newton`] adds up a matrix. It ends where the loss is within 10⁻⁸ of its minimum by the quadratic that it sees: some 10⁻⁴ standard errors
//! in each coefficient. Where that is not reached (a sample unlike the table), [`newton`] does it.
//!
//! Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 6.1 and 7.4. One thread, fixed order: the same bits always.

use super::expand::Design;
use super::lanes::{CHUNK, Chunk, Linked, Values, probabilities};
use super::newton::{newton, solve_damped};
use crate::error::{Error, Result};
use ndarray::Array2;

/// What the quadratic still promises when a fit ends, in units of log-loss.
const LEFT: f64 = 1e-8;
const ROUNDS: usize = 40;
const HALVINGS: i32 = 20;

/// Fits on samples of one design.
#[derive(Clone, Debug)]
pub struct Refits<'a> {
    design: &'a Design,
    labels: &'a [bool],
    ridge: f64,
    /// β on all rows.
    start: Vec<f64>,
    /// XᵀWX on all rows, without the ridge.
    hessian: Array2<f64>,
}

impl<'a> Refits<'a> {
    /// Fits all rows; fails as [`newton`] does.
    pub fn new(design: &'a Design, labels: &'a [bool], ridge: f64) -> Result<Self> {
        let all = newton(design, labels, ridge, None)?;
        let mut hessian = all.hessian;
        hessian.diag_mut().iter_mut().skip(1).for_each(|v| *v -= ridge);
        Ok(Self { design, labels, ridge, start: all.coefficients, hessian })
    }

    /// PD of every row of the table by the fit on `rows`.
    pub fn scores(&self, rows: &[u32]) -> Result<Vec<f64>> {
        Ok(probabilities(self.design, &self.coefficients(rows)?))
    }

    /// β on `rows`, the constant first. Fails where they have one outcome alone.
    pub fn coefficients(&self, rows: &[u32]) -> Result<Vec<f64>> {
        let bad = rows.iter().filter(|i| self.labels[**i as usize]).count();
        if bad == 0 || bad == rows.len() {
            let which = if bad == 0 { "none" } else { "all" };
            let n = rows.len();
            return Err(Error::Fit(format!("{which} of the {n} training rows defaulted: both outcomes are needed")));
        }
        match Sample::new(self, rows).minimum(&self.start, &self.inverse(rows.len())?) {
            Some(beta) => Ok(beta),
            None => self.anew(rows),
        }
    }

    fn anew(&self, rows: &[u32]) -> Result<Vec<f64>> {
        let mut part = Design::new(rows.len(), self.design.width());
        for j in 0..part.width() {
            let from = self.design.column(j);
            part.column_mut(j).iter_mut().zip(rows).for_each(|(to, i)| *to = from[*i as usize]);
        }
        let labels: Vec<bool> = rows.iter().map(|i| self.labels[*i as usize]).collect();
        Ok(newton(&part, &labels, self.ridge, Some(&self.start))?.coefficients)
    }

    /// P⁻¹ for a sample of `m` rows.
    fn inverse(&self, m: usize) -> Result<Array2<f64>> {
        let (share, width) = (m as f64 / self.design.rows() as f64, self.design.width());
        let mut p = self.hessian.mapv(|v| share * v);
        p.diag_mut().iter_mut().skip(1).for_each(|v| *v += self.ridge);
        let mut out = Array2::zeros((width, width));
        for j in 0..width {
            let mut unit = vec![0.0; width];
            unit[j] = 1.0;
            out.column_mut(j).iter_mut().zip(solve_damped(&p, &unit)?).for_each(|(to, x)| *to = x);
        }
        Ok(out)
    }
}

/// The rows of one sample, as the inner loops want them.
struct Sample {
    chunks: Vec<(Chunk, Values)>,
    ridge: f64,
}

impl Sample {
    fn new(of: &Refits<'_>, rows: &[u32]) -> Self {
        let chunk = |rows: &[u32]| {
            let (mut chunk, mut y) = (Chunk::new(of.design.width()), [0.0; CHUNK]);
            chunk.gather(of.design, rows);
            y.iter_mut().zip(rows).for_each(|(y, i)| *y = f64::from(u8::from(of.labels[*i as usize])));
            (chunk, y)
        };
        Self { chunks: rows.chunks(CHUNK).map(chunk).collect(), ridge: of.ridge }
    }

    /// Penalised log-loss, and its gradient.
    fn loss(&self, beta: &[f64]) -> (f64, Vec<f64>) {
        let (mut eta, mut linked) = ([0.0; CHUNK], Linked::new());
        let (mut loss, mut down) = ([0.0], vec![0.0; beta.len()]);
        for (chunk, y) in &self.chunks {
            chunk.combine(beta, &mut eta);
            linked.compute(&eta, y);
            // The constant's column is 1 on the chunk's rows and 0 beyond: a plain sum.
            chunk.add_products(&linked.loss, 0, &mut loss);
            chunk.add_products(&linked.residual, 0, &mut down);
        }
        let penalty = |j: usize| if j == 0 { 0.0 } else { self.ridge * beta[j] };
        let gradient = down.iter().enumerate().map(|(j, d)| penalty(j) - d).collect();
        (loss[0] + 0.5 * self.ridge * beta.iter().skip(1).map(|b| b * b).sum::<f64>(), gradient)
    }

    /// BFGS from `start` with `inverse` for the first inverse of the second derivatives; none where it does not settle.
    fn minimum(&self, start: &[f64], inverse: &Array2<f64>) -> Option<Vec<f64>> {
        let mut beta = start.to_vec();
        let (mut loss, mut gradient) = self.loss(&beta);
        let mut updates: Vec<Update> = Vec::new();
        for _ in 0..ROUNDS {
            let step = step(&gradient, inverse, &updates);
            let promised = -dot(&gradient, &step);
            if promised < LEFT {
                return (promised >= 0.0).then(|| moved(&beta, &step, 1.0));
            }
            let trial = |k: i32| {
                let share = libm::exp2(-f64::from(k));
                let trial = moved(&beta, &step, share);
                let (lower, slope) = self.loss(&trial);
                (lower <= loss - 1e-4 * share * promised).then_some((trial, lower, slope))
            };
            let (next, lower, slope) = (0..HALVINGS).find_map(trial)?;
            let (s, y) = (minus(&next, &beta), minus(&slope, &gradient));
            let curvature = dot(&s, &y);
            if curvature > 0.0 {
                updates.push(Update { s, y, curvature });
            }
            (beta, loss, gradient) = (next, lower, slope);
        }
        None
    }
}

/// One step that was made and how the gradient changed over it.
struct Update {
    s: Vec<f64>,
    y: Vec<f64>,
    curvature: f64,
}

/// −H·gradient, H the inverse after all updates (the two loops of algorithm 7.4).
fn step(gradient: &[f64], inverse: &Array2<f64>, updates: &[Update]) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut shares = Vec::with_capacity(updates.len());
    for u in updates.iter().rev() {
        let share = dot(&u.s, &q) / u.curvature;
        q = moved(&q, &u.y, -share);
        shares.push(share);
    }
    let mut out: Vec<f64> =
        inverse.rows().into_iter().map(|row| row.iter().zip(&q).map(|(a, b)| a * b).sum()).collect();
    for (u, share) in updates.iter().zip(shares.into_iter().rev()) {
        out = moved(&out, &u.s, share - dot(&u.y, &out) / u.curvature);
    }
    out.iter().map(|x| -x).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn moved(from: &[f64], along: &[f64], share: f64) -> Vec<f64> {
    from.iter().zip(along).map(|(x, d)| x + share * d).collect()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    moved(a, b, -1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::expand::Expansion;
    use crate::scoring::test_data::made_up;

    #[test]
    fn a_sample_gets_what_a_fit_of_its_own_gives() {
        let (frame, labels, _) = made_up(3_000, -1.5, 9);
        let design = Expansion::new(frame.columns()).design(&frame);
        for ridge in [0.01, 1.0, 100.0] {
            let refits = Refits::new(&design, &labels, ridge).unwrap();
            // Halves, a tenth, the third with the largest first column, the first 40.
            let mut sorted: Vec<u32> = (0..3_000).collect();
            sorted.sort_by(|a, b| frame.column(0)[*b as usize].total_cmp(&frame.column(0)[*a as usize]));
            for rows in [
                (0..3_000).step_by(2).collect::<Vec<u32>>(),
                (0..3_000).step_by(10).collect(),
                sorted[..1_000].to_vec(),
                (0..40).collect(),
            ] {
                let (fast, exact) = (refits.coefficients(&rows).unwrap(), refits.anew(&rows).unwrap());
                let loss = |beta: &[f64]| Sample::new(&refits, &rows).loss(beta).0;
                assert!(loss(&fast) - loss(&exact) < 2.0 * LEFT, "{} rows, ridge {ridge}", rows.len());
                // The twin: the start, which is no minimum of the sample.
                assert!(loss(&refits.start) - loss(&exact) > 1e-3);
            }
            assert!(refits.scores(&[1, 2, 3]).is_err() || labels[1] != labels[2] || labels[2] != labels[3]);
        }
        let none: Vec<u32> = (0..3_000).filter(|i| !labels[*i as usize]).collect();
        let said = Refits::new(&design, &labels, 1.0).unwrap().scores(&none).unwrap_err().to_string();
        assert!(said.contains("both outcomes are needed"));
    }
}
