//! Linear regression for attackers who want a number, not a yes or no.

use crate::error::Result;
use crate::stats::solve_spd;
use ndarray::Array2;

/// Penalty on each standardised coefficient, in units of one person: keeps constant and repeated columns harmless.
const RIDGE: f64 = 1.0;

/// A fitted line y ≈ a + x·b.
pub struct Line {
    means: Vec<f64>,
    intercept: f64,
    slopes: Vec<f64>,
}

impl Line {
    /// Least squares with a small ridge. `columns`: one slice a feature, as long as `y`.
    pub fn fit(columns: &[Vec<f64>], y: &[f64]) -> Result<Self> {
        let n = y.len().max(1) as f64;
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
        let (means, middle): (Vec<f64>, f64) = (columns.iter().map(|c| mean(c)).collect(), mean(y));
        let d = columns.len();
        let scale: Vec<f64> = columns
            .iter()
            .zip(&means)
            .map(|(c, m)| {
                let s = libm::sqrt(c.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n);
                if s > 1e-12 { 1.0 / s } else { 0.0 }
            })
            .collect();
        let standard = |j: usize, i: usize| (columns[j][i] - means[j]) * scale[j];
        let mut gram = Array2::zeros((d, d));
        let mut right = vec![0.0; d];
        for j in 0..d {
            for k in 0..=j {
                gram[[j, k]] = (0..y.len()).map(|i| standard(j, i) * standard(k, i)).sum::<f64>();
            }
            gram[[j, j]] += RIDGE;
            right[j] = (0..y.len()).map(|i| standard(j, i) * (y[i] - middle)).sum();
        }
        let solved = if d == 0 { Vec::new() } else { solve_spd(&gram, &right)? };
        Ok(Self { means, intercept: middle, slopes: solved.iter().zip(&scale).map(|(b, s)| b * s).collect() })
    }

    /// The line at row `i` of other columns.
    pub fn at(&self, columns: &[Vec<f64>], i: usize) -> f64 {
        let moved = |j: usize| self.slopes[j] * (columns[j][i] - self.means[j]);
        self.intercept + (0..columns.len()).map(moved).sum::<f64>()
    }

    /// The line at every row.
    pub fn all(&self, columns: &[Vec<f64>], rows: usize) -> Vec<f64> {
        (0..rows).map(|i| self.at(columns, i)).collect()
    }
}

/// 1 − Σ(y − guess)²/Σ(y − ȳ)²: the share of the variance that guesses explain; below 0 they do worse than the mean. NaN where
/// y does not vary.
pub fn explained(guess: &[f64], y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
    let left: f64 = guess.iter().zip(y).map(|(g, v)| (v - g) * (v - g)).sum();
    let all: f64 = y.iter().map(|v| (v - mean) * (v - mean)).sum();
    if all > 0.0 { 1.0 - left / all } else { f64::NAN }
}

/// Squared correlation; NaN where one of the two does not vary.
pub fn squared_correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - ma, y - mb);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa > 0.0 && bb > 0.0 { ab * ab / (aa * bb) } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_a_constant_or_repeated_column_is_harmless() {
        let x: Vec<f64> = (0..500).map(|i| libm::sin(f64::from(i))).collect();
        let y: Vec<f64> = x.iter().map(|x| 2.0 - 3.0 * x).collect();
        let columns = vec![x.clone(), vec![1.0; 500], x];
        let line = Line::fit(&columns, &y).unwrap();
        let guess = line.all(&columns, 500);
        assert!(explained(&guess, &y) > 0.9999);
        assert!((squared_correlation(&guess, &y) - 1.0).abs() < 1e-9);
        assert!(explained(&vec![2.0; 500], &y).abs() < 1e-3);
        assert!(explained(&guess, &vec![1.0; 500]).is_nan());
        let nothing = Line::fit(&[], &y).unwrap().at(&[], 0);
        assert!((nothing - 2.0).abs() < 0.02);
    }
}
