//! The best way to join neighbouring pre-bins, by dynamic programming.
//!
//! Of all partitions of m pre-bins into runs of neighbours that keep the [`Limits`] and whose default rates have the
//! [`Shape`], the one with the largest Σ f(bin). With h < i < j, the best partition of the first j pre-bins whose last
//! bin is i..j, in phase p of the shape (rising, then falling, for a peak):
//!
//! ```text
//! V(p, i, j) = f(i..j) + max over h, q ≤ p of V(q, h, i)   where h..i → i..j moves as phase p demands
//! V(p, 0, j) = f(0..j)
//! ```
//!
//! f is any sum over bins and every rule is about one bin or two neighbours, so the last bin is all that the rest of the
//! line needs to know: the recursion visits every allowed partition, and the answer is exact (tests compare it with all
//! partitions). O(m³) without a limit on the number of bins; where the best answer has too many, the recursion is
//! repeated in layers of 1, 2, … bins. Rates are compared as integers.

use super::counts::Count;
use crate::stats::normal_quantile;
use std::ops::Range;

/// How default rates move from bin to bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Rising,
    Falling,
    /// Rising, then falling; either part may be absent.
    Peak,
    /// Falling, then rising; either part may be absent.
    Valley,
    Free,
}

impl Shape {
    /// The directions of its phases, in order: 1 rising, −1 falling, 0 any.
    fn phases(self) -> &'static [i8] {
        match self {
            Self::Rising => &[1],
            Self::Falling => &[-1],
            Self::Peak => &[1, -1],
            Self::Valley => &[-1, 1],
            Self::Free => &[0],
        }
    }
}

/// What every bin, and every pair of neighbours, must keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub persons: u32,
    pub bads: u32,
    pub goods: u32,
    /// Most bins.
    pub bins: usize,
    /// Least difference of the default rates of neighbours.
    pub gap: f64,
    /// Square of the least z statistic of the difference.
    pub z_squared: f64,
}

impl Limits {
    /// The critical value of a two-sided test of equal rates; 1 allows everything.
    pub fn z_squared_of(p_value: f64) -> f64 {
        if p_value >= 1.0 { 0.0 } else { normal_quantile(p_value / 2.0).powi(2) }
    }

    fn allow(&self, c: Count) -> bool {
        c.persons >= self.persons.max(1) && c.bads >= self.bads && c.persons - c.bads >= self.goods
    }

    /// Whether `right` may stand after `left` in this direction. Equal rates may not: they are one bin.
    fn allow_pair(&self, left: Count, right: Count, direction: i8) -> bool {
        let cross = |a: Count, b: Count| u64::from(a.bads) * u64::from(b.persons);
        let moves = cross(right, left).cmp(&cross(left, right)) as i8;
        if moves == 0 || (direction != 0 && moves != direction) {
            return false;
        }
        if self.gap <= 0.0 && self.z_squared <= 0.0 {
            return true;
        }
        let (n, m) = (f64::from(left.persons), f64::from(right.persons));
        let (p, q) = (f64::from(left.bads) / n, f64::from(right.bads) / m);
        let pooled = f64::from(left.bads + right.bads) / (n + m);
        (p - q).abs() >= self.gap && (p - q) * (p - q) >= self.z_squared * pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)
    }
}

/// A partition and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Partition {
    pub bins: Vec<Range<usize>>,
    pub value: f64,
}

/// The best allowed partition; `None` where not even one bin of everything is allowed.
pub(super) fn best(counts: &[Count], shape: Shape, limits: &Limits, f: &dyn Fn(Count) -> f64) -> Option<Partition> {
    let table = Table::new(counts, limits, f);
    let free = table.trace(&[table.unlimited(shape, limits)])?;
    if free.bins.len() <= limits.bins.max(1) {
        return Some(free);
    }
    table.trace(&table.layered(shape, limits))
}

/// What is known of the best partition that ends with a bin.
#[derive(Clone, Copy)]
struct Cell {
    value: f64,
    /// Phase and start of the bin before; [`START`] where the bin starts the line.
    phase: u8,
    start: u32,
}

const START: u32 = u32::MAX;
const NONE: Cell = Cell { value: f64::NEG_INFINITY, phase: 0, start: START };

/// V of all last bins, for each phase.
type Layer = Vec<Vec<Cell>>;

/// All bins i..j: their counts and values.
struct Table {
    m: usize,
    counts: Vec<Count>,
    /// f of the bin; `None` where it is not allowed.
    values: Vec<Option<f64>>,
}

impl Table {
    fn new(counts: &[Count], limits: &Limits, f: &dyn Fn(Count) -> f64) -> Self {
        let m = counts.len();
        let size = m * (m + 1);
        let mut out = Self { m, counts: vec![Count::default(); size], values: vec![None; size] };
        for i in 0..m {
            let mut sum = Count::default();
            for j in i + 1..=m {
                sum.add(counts[j - 1]);
                let at = out.at(i, j);
                out.counts[at] = sum;
                out.values[at] = limits.allow(sum).then(|| f(sum));
            }
        }
        out
    }

    /// Place of the bin i..j; bins of one end stand together.
    fn at(&self, i: usize, j: usize) -> usize {
        j.saturating_sub(1) * (self.m + 1) + i
    }

    fn empty(&self, shape: Shape) -> Layer {
        vec![vec![NONE; self.values.len()]; shape.phases().len()]
    }

    /// The cell of the bin i..j as the first of the line.
    fn first(&self, j: usize) -> Cell {
        self.values[self.at(0, j)].map_or(NONE, |value| Cell { value, ..NONE })
    }

    /// The cell of the bin i..j, 0 < i, in phase `p`, from the cells that end at i.
    fn next(&self, before: &Layer, shape: Shape, limits: &Limits, p: usize, i: usize, j: usize) -> Cell {
        let here = self.at(i, j);
        let Some(own) = self.values[here] else { return NONE };
        let mut best = NONE;
        for (q, cells) in (0u8..).zip(&before[..=p]) {
            for h in 0..i {
                let there = self.at(h, i);
                let value = cells[there].value;
                if value > best.value && limits.allow_pair(self.counts[there], self.counts[here], shape.phases()[p]) {
                    best = Cell { value, phase: q, start: h as u32 };
                }
            }
        }
        Cell { value: best.value + own, ..best }
    }

    /// One layer that refers to itself: cells that end at i are complete before any bin that starts there.
    fn unlimited(&self, shape: Shape, limits: &Limits) -> Layer {
        let mut layer = self.empty(shape);
        for j in 1..=self.m {
            layer[0][self.at(0, j)] = self.first(j);
            for i in 1..j {
                for p in 0..layer.len() {
                    let cell = self.next(&layer, shape, limits, p, i, j);
                    layer[p][self.at(i, j)] = cell;
                }
            }
        }
        layer
    }

    /// Layer k holds partitions of k + 1 bins.
    fn layered(&self, shape: Shape, limits: &Limits) -> Vec<Layer> {
        let mut layers = vec![self.empty(shape)];
        (1..=self.m).for_each(|j| layers[0][0][self.at(0, j)] = self.first(j));
        for k in 1..limits.bins.max(1) {
            let mut layer = self.empty(shape);
            for (p, cells) in layer.iter_mut().enumerate() {
                for (i, j) in (1..=self.m).flat_map(|j| (1..j).map(move |i| (i, j))) {
                    cells[self.at(i, j)] = self.next(&layers[k - 1], shape, limits, p, i, j);
                }
            }
            layers.push(layer);
        }
        layers
    }

    /// The best line, read backwards; of equal values the one with fewer layers.
    fn trace(&self, layers: &[Layer]) -> Option<Partition> {
        let mut end = (f64::NEG_INFINITY, 0, 0, 0);
        for (k, layer) in layers.iter().enumerate() {
            for (p, cells) in layer.iter().enumerate() {
                for i in 0..self.m {
                    let value = cells[self.at(i, self.m)].value;
                    if value > end.0 {
                        end = (value, k, p, i);
                    }
                }
            }
        }
        let (value, mut k, mut p, mut i) = end;
        if value == f64::NEG_INFINITY {
            return None;
        }
        let (mut bins, mut j) = (Vec::new(), self.m);
        loop {
            bins.push(i..j);
            let cell = layers[k][p][self.at(i, j)];
            if cell.start == START {
                break;
            }
            (p, j, i) = (usize::from(cell.phase), i, cell.start as usize);
            k = k.saturating_sub(1);
        }
        bins.reverse();
        Some(Partition { bins, value })
    }
}

#[cfg(test)]
#[path = "optimal_tests.rs"]
mod tests;
