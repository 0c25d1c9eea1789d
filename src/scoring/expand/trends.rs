//! Where PD is publicly known to move with the terms of an expansion.
//!
//! A column's trend is that of its *quantity*: it does not say where codes and missing values stand. They are placed at the
//! quantity's mean, where they say nothing: with q the terms of the quantity (0 where there is none) and [c] those of codes and
//! missing values,
//!
//! ```text
//! direction·(q − mean of q among known values·[known]) = direction·q + direction·mean(q)/(1 − Σ mean[c])·Σ [c] + constant
//! ```
//!
//! The means are released ones (or public guesses), so that this is post-processing.

use super::{Expansion, Term};
use crate::view::{Column, Trend};
use std::ops::Range;

/// Least share of known values that a mean is divided by: noise may leave less.
const LEAST_KNOWN: f64 = 0.05;

/// Spread that is expected of a quantity's term: a column whose mean is not known to it has less of a say.
const SPREAD: f64 = 0.25;

/// Public directions along the terms of an expansion.
#[derive(Clone, Debug, PartialEq)]
pub struct Trends {
    /// One a term, the constant left out: 1 (rising) or −1 (falling) on linear terms, half of it on steps, 0 elsewhere.
    direction: Vec<f64>,
    /// Of each column with codes or missing values: the terms of its quantity, and those of codes and missing values.
    coded: Vec<(Range<usize>, Range<usize>)>,
}

impl Trends {
    /// The same direction for each of `terms` terms.
    pub fn same(terms: usize) -> Self {
        Self { direction: vec![1.0; terms], coded: Vec::new() }
    }

    /// The direction in which PD rises, one number a term, codes and missing values at the mean of their quantity; `mean` has the
    /// mean of each term, known but for `noise`.
    pub fn along(&self, mean: &[f64], noise: f64) -> Vec<f64> {
        let trusted = SPREAD * SPREAD / (SPREAD * SPREAD + noise * noise);
        let mut out = self.direction.clone();
        for (quantity, codes) in &self.coded {
            let known = (1.0 - codes.clone().map(|c| mean[c]).sum::<f64>()).clamp(LEAST_KNOWN, 1.0);
            out[quantity.clone()].iter_mut().for_each(|t| *t *= trusted);
            let placed: f64 = quantity.clone().map(|t| out[t] * trusted * (mean[t] / known).clamp(-1.0, 1.0)).sum();
            out[codes.clone()].fill(placed);
        }
        out
    }
}

impl Term {
    /// Whether it marks a value that is no quantity.
    fn is_code(self) -> bool {
        matches!(self, Self::Special(_) | Self::Missing)
    }

    /// How PD moves with it in a column that is rising.
    fn rises(self) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Step(_) => 0.5,
            Self::Hinge(_) | Self::Special(_) | Self::Level(_) | Self::Missing => 0.0,
        }
    }
}

impl Expansion {
    /// The public directions of its terms.
    pub fn trends(&self) -> Trends {
        let mut out = Trends { direction: Vec::with_capacity(self.width()), coded: Vec::new() };
        for column in self.columns() {
            let (terms, from) = (Term::of(column), out.direction.len());
            let sign = sign(column);
            out.direction.extend(terms.iter().map(|t| sign * t.rises()));
            let quantity = from + terms.iter().filter(|t| !t.is_code()).count();
            if sign != 0.0 && quantity < out.direction.len() {
                out.coded.push((from..quantity, quantity..out.direction.len()));
            }
        }
        out.direction.resize(self.width() - 1, 0.0);
        out
    }
}

fn sign(column: &Column) -> f64 {
    match column.trend {
        Trend::Rising => 1.0,
        Trend::Falling => -1.0,
        Trend::Auto | Trend::Free => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let late = Column::new("late", 1.0, 8.0).with_steps(&[2.0]).with_special(&[-2.0, -1.0]).rising();
        let age = Column::new("age", 20.0, 80.0).with_knots(&[30.0]).falling();
        let job = Column::category("job", &["a", "b"]).rising();
        vec![late.with_missing(), age, job, Column::new("free", 0.0, 1.0).with_special(&[9.0]).with_trend(Trend::Free)]
    }

    /// late, late >= 2, late = -2, late = -1, late missing, age, its hinge, job = a, job = b, free, free = 9.
    #[test]
    fn codes_stand_at_the_mean_of_their_quantity() {
        let trends = Expansion::new(&columns()).trends();
        let mut mean = vec![0.0; 11];
        // A fifth has a quantity: of these the linear term is −.75 on average, and half are beyond the step.
        mean[..5].copy_from_slice(&[-0.15, 0.1, 0.5, 0.2, 0.1]);
        let along = trends.along(&mean, 0.0);
        let placed = 1.0 * -0.75 + 0.5 * 0.5;
        let want = [1.0, 0.5, placed, placed, placed, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert!(along.iter().zip(want).all(|(a, w)| (a - w).abs() < 1e-9), "{along:?}");
    }

    /// What noise leaves of a mean places codes anywhere: the column has less of a say, the others the same.
    #[test]
    fn noise_takes_the_say_of_columns_with_codes() {
        let trends = Expansion::new(&columns()).trends();
        let mean = [-0.5, 0.3, 5.0, -7.0, 2.0, 0.1, 0.1, 0.4, 0.4, 0.0, 0.0];
        for noise in [0.25, 2.0, 1e9] {
            let along = trends.along(&mean, noise);
            let trusted = 1.0 / (1.0 + (noise / SPREAD).powi(2));
            assert!((along[0] - trusted).abs() < 1e-12 && along[5] == -1.0);
            assert!(along[2..5].iter().all(|t| t.abs() <= 1.5 * trusted * trusted), "{along:?}");
        }
        assert_eq!(Trends::same(3).along(&[0.1; 3], 1.0), [1.0; 3]);
    }
}
