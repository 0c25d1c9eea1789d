//! Sums of gradients by column and bin, exact in any order.
//!
//! g goes to fixed point with 30 bits after the binary point. The Hessian shares a word with the number of persons: 35 low
//! bits of fixed point, whose scale depends on the number of training persons so that the sum over all fits, and the count
//! above. Adding two words adds both, and a parent minus one child is the other child exactly.

use super::bins::{Binned, Cuts, MOST_BINS};
use rayon::prelude::*;
use std::ops::{AddAssign, Sub};

/// Bits of the Hessian in the shared word.
const HESSIAN_BITS: u32 = 35;
/// Bits after the point of a gradient.
const GRADIENT_BITS: u32 = 30;
/// Most persons: their count fits above the Hessian.
pub const MOST_PERSONS: usize = 1 << 27;
/// Work (rows × columns) below which one thread is faster than several.
const SERIAL: usize = 1 << 16;
/// Rows from which two interleaved histograms pay: additions to one frequent bin then wait less for each other.
const INTERLEAVED: usize = 256;

/// Sums over some persons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    gradient: i64,
    /// Persons · 2³⁵ + Hessian.
    weight: i64,
}

impl AddAssign for Cell {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.weight += other.weight;
    }
}

impl Sub for Cell {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, weight: self.weight - other.weight }
    }
}

impl Cell {
    /// Persons.
    #[inline]
    pub fn persons(self) -> i64 {
        self.weight >> HESSIAN_BITS
    }
}

/// The fixed point of one training set.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    hessian: f64,
}

impl Fixed {
    const GRADIENT: f64 = (1u64 << GRADIENT_BITS) as f64;

    /// For so many persons, at most [`MOST_PERSONS`]: persons · ¼ · scale stays below 2³⁵.
    pub fn new(persons: usize) -> Self {
        let bits = HESSIAN_BITS + 1 - (persons + 1).next_power_of_two().trailing_zeros();
        Self { hessian: (1u64 << bits.min(GRADIENT_BITS)) as f64 }
    }

    /// One person with gradient in [−1, 1] and Hessian in [0, ¼].
    #[inline]
    pub fn cell(self, gradient: f64, hessian: f64) -> Cell {
        // Half up: the same rounding on every processor, and a truncation is one instruction.
        let gradient = (gradient * Self::GRADIENT + (2.0 * Self::GRADIENT + 0.5)) as i64 - (2 << GRADIENT_BITS);
        let hessian = (hessian * self.hessian + 0.5) as i64;
        Cell { gradient, weight: 1 << HESSIAN_BITS | hessian }
    }

    /// (G, H) of a sum.
    #[inline]
    pub fn sums(self, cell: Cell) -> (f64, f64) {
        let hessian = cell.weight & ((1 << HESSIAN_BITS) - 1);
        (cell.gradient as f64 / Self::GRADIENT, hessian as f64 / self.hessian)
    }
}

/// Where each column's bins stand in a histogram.
pub struct Layout {
    /// First cell of each column, and the number of all cells.
    pub starts: Vec<usize>,
    /// Columns that have a split to offer: more than one bin holds somebody.
    pub useful: Vec<usize>,
}

impl Layout {
    /// The layout of these cuts.
    pub fn new(cuts: &[Cuts], binned: &Binned) -> Self {
        let mut starts = vec![0];
        for cuts in cuts {
            starts.push(starts[starts.len() - 1] + cuts.count());
        }
        let varies = |j: &usize| binned.column(*j).windows(2).any(|w| w[0] != w[1]);
        Self { starts, useful: (0..cuts.len()).filter(varies).collect() }
    }

    /// Cells of a histogram.
    pub fn cells(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Fills `out` with the sums by column and bin over the persons in `rows`; `cells` are theirs, in the same order.
    pub fn fill(&self, binned: &Binned, rows: &[u32], cells: &[Cell], out: &mut [Cell]) {
        let mut parts = Vec::with_capacity(self.useful.len());
        let (mut rest, mut at) = (out, 0);
        for &j in &self.useful {
            let (_, tail) = rest.split_at_mut(self.starts[j] - at);
            let (part, tail) = tail.split_at_mut(self.starts[j + 1] - self.starts[j]);
            parts.push((j, part));
            (rest, at) = (tail, self.starts[j + 1]);
        }
        let one = |(j, part): (usize, &mut [Cell])| sum_by_bin(binned.column(j), rows, cells, part);
        if rows.len() * parts.len() < SERIAL {
            parts.into_iter().for_each(one);
        } else {
            parts.into_par_iter().for_each(one);
        }
    }
}

/// Sums by bin of one column.
fn sum_by_bin(bins: &[u8], rows: &[u32], cells: &[Cell], out: &mut [Cell]) {
    let mut even = [Cell::default(); MOST_BINS];
    if rows.len() == bins.len() {
        // All persons, in order: no detour by the row numbers.
        let mut odd = [Cell::default(); MOST_BINS];
        let (pairs, rest) = bins.as_chunks::<2>();
        for (bin, cell) in pairs.iter().zip(cells.as_chunks::<2>().0) {
            even[bin[0] as usize] += cell[0];
            odd[bin[1] as usize] += cell[1];
        }
        if let ([bin], Some(cell)) = (rest, cells.last()) {
            even[*bin as usize] += *cell;
        }
        even.iter_mut().zip(odd).for_each(|(e, o)| *e += o);
    } else if rows.len() >= INTERLEAVED {
        let mut odd = [Cell::default(); MOST_BINS];
        let (pairs, rest) = rows.as_chunks::<2>();
        for (row, cell) in pairs.iter().zip(cells.as_chunks::<2>().0) {
            even[bins[row[0] as usize] as usize] += cell[0];
            odd[bins[row[1] as usize] as usize] += cell[1];
        }
        if let ([row], Some(cell)) = (rest, cells.last()) {
            even[bins[*row as usize] as usize] += *cell;
        }
        even.iter_mut().zip(odd).for_each(|(e, o)| *e += o);
    } else {
        for (row, cell) in rows.iter().zip(cells) {
            even[bins[*row as usize] as usize] += *cell;
        }
    }
    out.copy_from_slice(&even[..out.len()]);
}

/// Takes one child's histogram from its parent's: what is left is the other child's.
pub fn subtract(parent: &mut [Cell], child: &[Cell]) {
    for (p, c) in parent.iter_mut().zip(child) {
        *p = *p - *c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_keeps_signs_counts_and_the_largest_sums() {
        for persons in [1, 2, 1000, 24_000, 1 << 20, MOST_PERSONS] {
            let fixed = Fixed::new(persons);
            for (g, h) in [(-0.999, 0.0), (0.77, 0.25), (0.0, 1e-3), (1.0, 0.25), (-1.0, 0.2)] {
                let one = fixed.cell(g, h);
                let (got_g, got_h) = fixed.sums(one);
                assert_eq!(one.persons(), 1);
                assert!(
                    (got_g - g).abs() < 1e-9 && (got_h - h).abs() <= 0.5 / fixed.hessian,
                    "{g} {h}: {got_g} {got_h}"
                );
                let many = i64::try_from(persons).unwrap();
                let all = Cell { gradient: one.gradient * many, weight: one.weight * many };
                assert_eq!(all.persons(), many);
                assert!((fixed.sums(all).0 - got_g * persons as f64).abs() < 1e-3);
            }
        }
        assert!(Fixed::new(MOST_PERSONS).hessian >= 256.0);
    }
}
