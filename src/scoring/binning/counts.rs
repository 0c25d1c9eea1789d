//! Pre-bins: integer counts of persons and defaults, before anything is optimised.

use super::order;
use crate::view::Column;

/// Persons and defaults of a piece of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub persons: u32,
    pub bads: u32,
}

impl Count {
    pub fn add(&mut self, other: Self) {
        self.persons += other.persons;
        self.bads += other.bads;
    }

    pub fn take(&mut self, bad: bool) {
        self.persons += 1;
        self.bads += u32::from(bad);
    }
}

/// A column of the training rows, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// Pre-bins in order: of a quantity by value, of a category by default rate.
    pub ordered: Vec<Count>,
    /// Least value of each pre-bin; empty for a category.
    pub from: Vec<f32>,
    /// Levels of each pre-bin; empty for a quantity.
    pub levels: Vec<Vec<u32>>,
    /// One count for each public special value.
    pub special: Vec<Count>,
    pub missing: Count,
}

impl Pieces {
    /// Takes `values` apart into some `wanted` pre-bins, codes and missing values.
    pub fn of(column: &Column, values: &[f32], labels: &[bool], wanted: u32, smoothing: f64) -> Self {
        let mut out = Self { special: vec![Count::default(); column.special.len()], ..Self::default() };
        let mut keys: Vec<u64> = Vec::with_capacity(values.len());
        for (&x, &bad) in values.iter().zip(labels) {
            if x.is_nan() {
                out.missing.take(bad);
            } else if let Some(k) = column.special.iter().position(|s| *s == x) {
                out.special[k].take(bad);
            } else {
                keys.push(u64::from(order::key(x)) << 1 | u64::from(bad));
            }
        }
        if column.is_category() {
            out.take_levels(column, &keys, wanted, smoothing);
        } else {
            out.take_values(keys, wanted);
        }
        out
    }

    /// Sorted runs of equal values, gathered to some `persons / wanted` a pre-bin; a run that fills one stands alone.
    fn take_values(&mut self, mut keys: Vec<u64>, wanted: u32) {
        keys.sort_unstable();
        let mut gather = Gather::new(keys.len(), wanted);
        for run in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
            let bads: u64 = run.iter().map(|k| k & 1).sum();
            let count = Count { persons: run.len() as u32, bads: bads as u32 };
            if gather.starts(&self.ordered, count) {
                self.ordered.push(count);
                self.from.push(run.first().map_or(0.0, |k| order::value((k >> 1) as u32)));
            } else if let Some(last) = self.ordered.last_mut() {
                last.add(count);
            }
        }
    }

    /// Levels by default rate with `smoothing` persons at the base rate, ties by level; gathered like values.
    fn take_levels(&mut self, column: &Column, keys: &[u64], wanted: u32, smoothing: f64) {
        let mut counts = vec![Count::default(); column.levels.len() + 1];
        for key in keys {
            counts[level(order::value((key >> 1) as u32), column.levels.len())].take(key & 1 == 1);
        }
        let mut all = Count::default();
        for c in &counts {
            all.add(*c);
        }
        let base = f64::from(all.bads) / f64::from(all.persons.max(1));
        let rate = |c: Count| (f64::from(c.bads) + smoothing * base) / (f64::from(c.persons) + smoothing);
        let mut seen: Vec<(u32, Count)> = (0..).zip(counts).filter(|(_, c)| c.persons > 0).collect();
        seen.sort_by(|a, b| rate(a.1).total_cmp(&rate(b.1)).then(a.0.cmp(&b.0)));
        let mut gather = Gather::new(all.persons as usize, wanted);
        for (k, count) in seen {
            if gather.starts(&self.ordered, count) {
                self.ordered.push(count);
                self.levels.push(vec![k]);
            } else if let (Some(last), Some(levels)) = (self.ordered.last_mut(), self.levels.last_mut()) {
                last.add(count);
                levels.push(k);
            }
        }
        self.levels.iter_mut().for_each(|l| l.sort_unstable());
    }
}

/// Index of the level nearest to `x`: values between levels come from an imputation. `levels` stands for any other.
pub(super) fn level(x: f32, levels: usize) -> usize {
    // A cast saturates: what is below 0 is level 0.
    let nearest = libm::roundf(x);
    if nearest < 0.0 { levels } else { (nearest as usize).min(levels) }
}

/// When a pre-bin is full.
struct Gather {
    target: u32,
    open: bool,
}

impl Gather {
    fn new(persons: usize, wanted: u32) -> Self {
        Self { target: (persons as u32).div_ceil(wanted.max(1)).max(1), open: false }
    }

    /// Whether `next` starts a pre-bin of its own.
    fn starts(&mut self, so_far: &[Count], next: Count) -> bool {
        let starts = !self.open || next.persons >= self.target;
        let before = if starts { 0 } else { so_far.last().map_or(0, |last| last.persons) };
        self.open = before + next.persons < self.target;
        starts
    }
}
