//! What is expected of a table before it is seen, and what is believed of it after.
//!
//! Values of the bins of one column are taken for a Gaussian process: a part that all bins share, a line over the ordered
//! bins, and a part in which neighbours are alike. Missing values, codes and levels stand alone beside what all share:
//!
//! ```text
//! k(i, j) = .2 + .4·ℓᵢ·ℓⱼ + .5·e^{−3|i − j|/m}      ordered bins i, j of m; ℓ runs evenly from −1 to 1
//! k(i, j) = .2 + .5·[i = j]                          otherwise
//! ```
//!
//! Two crossed columns have the product of their covariances. With G = H·w + noise, of variance H (which persons the cell
//! happens to hold) plus σ² (the mechanism's), and K the covariance, D = diag H, S = D + σ²·I:
//!
//! ```text
//! E[w | G] = τ²·K·D·(S + τ²·D·K·D)⁻¹·G
//! ```

use crate::scoring::dp_bins::public::{ColumnBins, PublicBins};
use crate::stats::solve_spd;
use ndarray::Array2;

/// Variances of what all bins share, of a line, and of what neighbours share.
const SHARED: f64 = 0.2;
const LINE: f64 = 0.4;
const NEAR: f64 = 0.5;
/// Likeness falls by e over a third of the range.
const FALL: f64 = 3.0;
/// Most bins of a column in a table; ordered neighbours, and levels at the end of the list, are put together beyond.
const MOST: usize = 24;
/// Keeps cells without persons regular.
const LEAST_VARIANCE: f64 = 1e-6;

/// The bins of one column as one side of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Bin of each of the column's public cells.
    of: Vec<usize>,
    ordered: usize,
    bins: usize,
}

impl Axis {
    /// One axis for each column.
    pub fn all(bins: &PublicBins) -> Vec<Self> {
        bins.iter().map(|(b, _)| Self::new(b)).collect()
    }

    fn new(b: &ColumnBins) -> Self {
        let (cells, apart) = (b.cells(), (b.cells() - b.ordered()).min(MOST / 2));
        let ordered = b.ordered().min(MOST - apart);
        let of = |cell: usize| match cell.checked_sub(b.ordered()) {
            None => cell * ordered / b.ordered(),
            Some(k) => ordered + k.min(apart - 1),
        };
        Self { of: (0..cells).map(of).collect(), ordered, bins: ordered + apart }
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The bin of a value.
    pub fn bin(&self, column: &ColumnBins, x: f32) -> u8 {
        self.of[column.cell(x)] as u8
    }

    /// What a bin holds, in words.
    pub fn words(&self, column: &ColumnBins, bin: usize) -> String {
        let mut inside = (0..self.of.len()).filter(|cell| self.of[*cell] == bin).map(|cell| column.name(cell));
        match (inside.next(), inside.next_back()) {
            (Some(first), Some(last)) => format!("({first} … {last})"),
            (Some(only), None) => only,
            (None, _) => String::new(),
        }
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        let m = self.ordered as f64;
        if i < self.ordered && j < self.ordered {
            let line = |k: usize| if self.ordered > 1 { 2.0 * k as f64 / (m - 1.0) - 1.0 } else { 0.0 };
            SHARED + LINE * line(i) * line(j) + NEAR * libm::exp(-FALL * i.abs_diff(j) as f64 / m)
        } else if i == j {
            SHARED + NEAR
        } else {
            SHARED
        }
    }
}

/// What a release says of each cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Σ (y − p), with noise.
    pub gradient: Vec<f64>,
    /// Σ p·(1 − p), with noise; not below 0.
    pub hessian: Vec<f64>,
    /// Variance of the noise on a gradient.
    pub noise: f64,
}

/// The posterior mean of each cell's value; `axes` are the table's, the last runs fastest. No axis: one cell of variance 1. All 0 where
/// the system has no solution: after a release nothing may fail that hangs on its noise.
pub fn posterior(axes: &[&Axis], evidence: &Evidence, variance: f64) -> Vec<f64> {
    let cells = evidence.gradient.len();
    let mut covariance = Array2::from_elem((cells, cells), variance);
    let mut inner = cells;
    for axis in axes {
        inner /= axis.bins;
        let own = Array2::from_shape_fn((axis.bins, axis.bins), |(i, j)| axis.covariance(i, j));
        for ((a, b), v) in covariance.indexed_iter_mut() {
            *v *= own[[a / inner % axis.bins, b / inner % axis.bins]];
        }
    }
    let h = &evidence.hessian;
    let mut all = Array2::from_shape_fn((cells, cells), |(a, b)| h[a] * covariance[[a, b]] * h[b]);
    for (a, h) in h.iter().enumerate() {
        all[[a, a]] += h + evidence.noise + LEAST_VARIANCE;
    }
    let solved = solve_spd(&all, &evidence.gradient).unwrap_or_else(|_| vec![0.0; cells]);
    let weighted: Vec<f64> = solved.iter().zip(h).map(|(u, h)| u * h).collect();
    covariance.rows().into_iter().map(|row| row.iter().zip(&weighted).map(|(k, u)| k * u).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Column;

    fn axis(column: &Column, grid: u32) -> Axis {
        Axis::all(&PublicBins::new(std::slice::from_ref(column), grid)).remove(0)
    }

    #[test]
    fn one_cell_shrinks_as_a_ridge_does() {
        let evidence = Evidence { gradient: vec![6.0], hessian: vec![10.0], noise: 20.0 };
        let got = posterior(&[], &evidence, 0.5)[0];
        let want = 0.5 * 10.0 * 6.0 / (10.0 + 20.0 + LEAST_VARIANCE + 0.5 * 100.0);
        assert!((got - want).abs() < 1e-12);
    }

    #[test]
    fn without_noise_and_with_many_persons_the_cells_own_newton_step_is_believed() {
        let (a, b) = (axis(&Column::new("a", 0.0, 1.0), 3), axis(&Column::category("b", &["x", "y"]), 3));
        assert_eq!((a.bins(), b.bins()), (3, 3));
        let hessian: Vec<f64> = (0..9).map(|k| 1e7 + f64::from(k)).collect();
        let want: Vec<f64> = (0..9).map(|k| libm::sin(f64::from(k))).collect();
        let gradient: Vec<f64> = hessian.iter().zip(&want).map(|(h, w)| h * w).collect();
        let got = posterior(&[&a, &b], &Evidence { gradient, hessian, noise: 0.0 }, 1.0);
        assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-4), "{got:?}");
    }

    #[test]
    fn noise_makes_neighbours_alike_and_codes_stay_apart() {
        let column = Column { special: vec![9.0], ..Column::new("a", 0.0, 1.0) };
        let a = axis(&column, 4);
        let mut gradient = vec![0.0; 5];
        gradient[0] = 100.0;
        let got = posterior(&[&a], &Evidence { gradient, hessian: vec![50.0; 5], noise: 5000.0 }, 1.0);
        assert!(got[0] > got[1] && got[1] > got[2] && got[2] > got[3], "{got:?}");
        assert!(got[0] < 0.5 * 2.0 && got[4] > 0.0 && got[4] < got[1]);
    }

    #[test]
    fn long_columns_are_put_together() {
        let names: Vec<String> = (0..100).map(|k| k.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let levels = Column { missing: true, ..Column::category("c", &names) };
        let long = Column::new("x", 0.0, 1.0);
        for (column, grid, bins) in [(&levels, 5, 12), (&long, 64, 24)] {
            let a = axis(column, grid);
            assert_eq!(a.bins(), bins);
            let b = PublicBins::new(std::slice::from_ref(column), grid);
            let (b, _) = b.iter().next().unwrap();
            assert!((0..b.cells()).map(|cell| a.of[cell]).is_sorted());
            assert!((0..bins).all(|bin| !a.words(b, bin).is_empty()));
            assert!(a.words(b, bins - 1).contains('…'));
        }
    }
}
