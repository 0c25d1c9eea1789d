//! Which columns the next table crosses: a function of public constants and of tables already released.
//!
//! A column's strength is the most that one of its tables explained by it alone: Σ H·(w̄ − mean)² over its bins, w̄ the
//! table's mean value in the bin. Posterior means are shrunk by noise, so a strength is not noise. A column is drawn with
//! chance `explore`/d + (1 − `explore`)·√strength/Σ√strength; the second of a pair likewise among the others.

use crate::rng::{mix, unit_open};

/// Keys the draws: public, the same for every fit.
const KEY: u64 = 0x0D9B_0057;

/// The state of the choice.
#[derive(Clone, Debug)]
pub struct Chooser {
    strengths: Vec<f64>,
    explore: f64,
    /// Columns that no table has met yet.
    unmet: Vec<usize>,
    draws: u64,
}

impl Chooser {
    /// For so many columns.
    pub fn new(columns: usize, explore: f64) -> Self {
        let mut out = Self { strengths: vec![0.0; columns], explore, unmet: Vec::new(), draws: 0 };
        // Drawn from the end, in an order by lot.
        let mut all: Vec<usize> = (0..columns).collect();
        while !all.is_empty() {
            let at = (out.uniform() * all.len() as f64) as usize;
            out.unmet.push(all.swap_remove(at.min(all.len() - 1)));
        }
        out
    }

    /// What each column explained.
    pub fn strengths(&self) -> &[f64] {
        &self.strengths
    }

    fn uniform(&mut self) -> f64 {
        self.draws += 1;
        unit_open(mix(KEY ^ mix(self.draws)))
    }

    /// The columns of the next table: two, or one where there is but one.
    pub fn next(&mut self) -> Vec<usize> {
        let first = self.one(None);
        let mut out = vec![first];
        if self.strengths.len() > 1 {
            out.push(self.one(Some(first)));
        }
        out
    }

    fn one(&mut self, other: Option<usize>) -> usize {
        if let Some(column) = self.unmet.pop() {
            return column;
        }
        let all: f64 = self.strengths.iter().map(|s| libm::sqrt(*s)).sum();
        let even = if all > 0.0 { self.explore } else { 1.0 } / self.strengths.len() as f64;
        let chance = |(j, s): (usize, &f64)| {
            let own = if all > 0.0 { (1.0 - self.explore) * libm::sqrt(*s) / all } else { 0.0 };
            // A grain for each, so that a second column is found where one has all the strength.
            if Some(j) == other { 0.0 } else { even + own + 1e-12 }
        };
        let chances: Vec<f64> = self.strengths.iter().enumerate().map(chance).collect();
        let mut left = self.uniform() * chances.iter().sum::<f64>();
        let mut last = 0;
        for (j, chance) in chances.into_iter().enumerate().filter(|(_, chance)| *chance > 0.0) {
            last = j;
            left -= chance;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Learns from a released table: its values and Hessians; `bins` are the numbers of bins of its columns.
    pub fn learn(&mut self, columns: &[usize], bins: &[usize], values: &[f64], hessian: &[f64]) {
        let mut inner = values.len();
        for (&column, &bins) in columns.iter().zip(bins) {
            inner /= bins;
            let (mut weight, mut sum) = (vec![0.0; bins], vec![0.0; bins]);
            for (cell, (w, h)) in values.iter().zip(hessian).enumerate() {
                weight[cell / inner % bins] += h;
                sum[cell / inner % bins] += h * w;
            }
            let all: f64 = weight.iter().sum();
            if all > 0.0 {
                let mean = sum.iter().sum::<f64>() / all;
                let part = |(h, s): (&f64, &f64)| if *h > 0.0 { h * (s / h - mean) * (s / h - mean) } else { 0.0 };
                let explained: f64 = weight.iter().zip(&sum).map(part).sum();
                self.strengths[column] = self.strengths[column].max(explained);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_met_once_before_any_is_met_again() {
        for columns in [1usize, 2, 5, 30] {
            let mut chooser = Chooser::new(columns, 0.3);
            let pairs: Vec<Vec<usize>> = (0..columns.div_ceil(2)).map(|_| chooser.next()).collect();
            let mut met: Vec<usize> = pairs.concat();
            met.truncate(columns);
            met.sort_unstable();
            assert_eq!(met, (0..columns).collect::<Vec<_>>());
            for _ in 0..50 {
                let pair = chooser.next();
                assert!(pair.iter().all(|j| *j < columns) && (columns == 1 || pair[0] != pair[1]));
            }
        }
    }

    #[test]
    fn what_explained_more_is_drawn_more_often() {
        let mut chooser = Chooser::new(4, 0.2);
        chooser.unmet.clear();
        // Columns 2 × 0: the value rises over the bins of 2 alone.
        chooser.learn(&[2, 0], &[3, 2], &[-1.0, -1.0, 0.0, 0.0, 1.0, 1.0], &[5.0; 6]);
        assert_eq!(chooser.strengths(), [0.0, 0.0, 20.0, 0.0]);
        let drawn: Vec<usize> = (0..400).flat_map(|_| chooser.next()).collect();
        let times = |j: usize| drawn.iter().filter(|d| **d == j).count();
        assert!(times(2) > 300 && [0, 1, 3].iter().all(|j| times(*j) > 80), "{:?}", [0, 1, 2, 3].map(times));
    }
}
