//! A column cut into at most 256 bins, so that a tree reads one byte a value.
//!
//! Bin 0 is the missing value. Then come the *apart* bins, which stand in no order: special codes, or the levels of a
//! category. Then the ordered bins: quantiles of the training values, or the values themselves where they are few.

use crate::view::{Column, Frame};
use rayon::prelude::*;

/// Bins of a column at most: what a byte can tell apart.
pub const MOST_BINS: usize = 256;

/// How one column is cut.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cuts {
    /// A quantity.
    Ordered {
        /// Special codes, bins 1, 2, …
        special: Vec<f32>,
        /// Upper ends of the ordered bins (a value at the end is inside), rising; the last bin has none.
        ends: Vec<f32>,
    },
    /// A category with so many bins after the missing one; the last is "any other level".
    Levels(usize),
}

impl Cuts {
    /// Cuts a column into at most `most` ordered bins and as many as its public knowledge says besides.
    fn new(column: &Column, values: &[f32], most: usize) -> Self {
        if column.is_category() {
            return Self::Levels((column.levels.len() + 1).min(MOST_BINS - 1));
        }
        // Codes beyond a byte's room stay in the order of the values.
        let mut special: Vec<f32> = Vec::new();
        for &code in column.special.iter().filter(|c| c.is_finite()).take(MOST_BINS / 2) {
            if !special.contains(&code) {
                special.push(code);
            }
        }
        let most = most.clamp(1, MOST_BINS - 1 - special.len());
        let ends = quantile_ends(values.iter().copied().filter(|x| !x.is_nan() && !special.contains(x)), most);
        Self::Ordered { special, ends }
    }

    /// The first bin that stands in an order.
    pub fn apart(&self) -> usize {
        match self {
            Self::Ordered { special, .. } => 1 + special.len(),
            Self::Levels(levels) => 1 + levels,
        }
    }

    /// Number of bins, the missing one included.
    pub fn count(&self) -> usize {
        match self {
            Self::Ordered { ends, .. } => self.apart() + ends.len() + 1,
            Self::Levels(_) => self.apart(),
        }
    }

    /// The bin of a value.
    pub fn bin(&self, x: f32) -> u8 {
        if x.is_nan() {
            return 0;
        }
        let bin = match self {
            Self::Ordered { special, ends } => match special.iter().position(|code| *code == x) {
                Some(k) => 1 + k,
                None => 1 + special.len() + ends.partition_point(|end| *end < x),
            },
            Self::Levels(levels) => {
                let last = levels - 1;
                let level = x.round();
                1 + if level >= 0.0 && level < last as f32 { level as usize } else { last }
            }
        };
        bin as u8
    }
}

/// All columns of a frame in bins, column after column.
pub struct Binned {
    rows: usize,
    data: Vec<u8>,
}

impl Binned {
    /// Cuts the columns of a training frame.
    pub fn cut(frame: &Frame, most: u32) -> Vec<Cuts> {
        let columns = frame.columns();
        let one = |j: usize| Cuts::new(&columns[j], frame.column(j), most as usize);
        (0..columns.len()).into_par_iter().map(one).collect()
    }

    /// The bins of rows `from..from + rows` of a frame.
    pub fn new(cuts: &[Cuts], frame: &Frame, from: usize, rows: usize) -> Self {
        let mut data = Vec::with_capacity(rows * cuts.len());
        for (j, cuts) in cuts.iter().enumerate() {
            data.extend(frame.column(j)[from..from + rows].iter().map(|x| cuts.bin(*x)));
        }
        Self { rows, data }
    }

    /// These rows alone, in this order.
    pub fn select(&self, rows: &[u32]) -> Self {
        let columns = self.data.chunks_exact(self.rows.max(1));
        let data = columns.flat_map(|bins| rows.iter().map(|i| bins[*i as usize])).collect();
        Self { rows: rows.len(), data }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bins of column `j`, one a row.
    pub fn column(&self, j: usize) -> &[u8] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }
}

/// Ends of at most `most` bins of about equal numbers; equal values share a bin, a frequent value has one of its own.
fn quantile_ends(values: impl Iterator<Item = f32>, most: usize) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.map(|x| x.clamp(f32::MIN, f32::MAX)).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let runs: Vec<(f32, usize)> = sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let fair = sorted.len().div_ceil(most);
    let (mut ends, mut inside, mut left) = (Vec::new(), 0, sorted.len());
    for pair in runs.windows(2) {
        let [(a, here), (b, next)] = *pair else { continue };
        inside += here;
        // What is left is shared out anew, because frequent values took more than their part.
        let part = left.div_ceil(most - ends.len());
        if runs.len() <= most || inside >= part || next >= fair {
            ends.push(between(a, b));
            (left, inside) = (left - inside, 0);
            if ends.len() + 1 == most {
                break;
            }
        }
    }
    ends
}

/// The middle of a < b, so that a ≤ middle < b.
fn between(a: f32, b: f32) -> f32 {
    let middle = (0.5 * (f64::from(a) + f64::from(b))) as f32;
    if middle < b { middle.max(a) } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_have_a_bin_each_and_frequent_ones_stand_alone() {
        let ends = |values: &[f32], most| quantile_ends(values.iter().copied(), most);
        assert_eq!(ends(&[3.0, 1.0, 2.0, 2.0, 1.0], 255), [1.5, 2.5]);
        assert!(ends(&[7.0; 9], 255).is_empty() && ends(&[], 255).is_empty());
        let values: Vec<f32> = (0..100).map(|i| if i < 50 { (i as f32 - 10.0).min(0.0) } else { i as f32 }).collect();
        let got = ends(&values, 10);
        assert!(got[..2] == [-0.5, 25.0] && got.len() == 9 || got.contains(&-0.5) && got.contains(&25.0), "{got:?}");
        let wild = [f32::NEG_INFINITY, f32::MIN, 0.0, f32::MAX, f32::INFINITY];
        let got = ends(&wild, 255);
        assert!(got.len() == 2 && got.iter().all(|e| e.is_finite()), "{got:?}");
    }

    #[test]
    fn missing_values_codes_and_levels_have_bins_of_their_own() {
        let column = Column { special: vec![-2.0, 99.0, -2.0], ..Column::new("late", 0.0, 9.0) };
        let cuts = Cuts::new(&column, &[-2.0, 0.0, 1.0, 99.0, f32::NAN], 255);
        let bins = [f32::NAN, -2.0, 99.0, -5.0, 0.4, 0.6, f32::INFINITY].map(|x| cuts.bin(x));
        assert_eq!((bins, cuts.apart(), cuts.count()), ([0, 1, 2, 3, 3, 4, 4], 3, 5));
        let cuts = Cuts::new(&Column::category("job", &["a", "b"]), &[], 255);
        let bins = [f32::NAN, 0.0, 1.0, 2.0, 7.0, -1.0].map(|x| cuts.bin(x));
        assert_eq!((bins, cuts.apart(), cuts.count()), ([0, 1, 2, 3, 3, 3], 4, 4));
        let names: Vec<String> = (0..400).map(|k| k.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let cuts = Cuts::new(&Column::category("many", &names), &[], 255);
        assert_eq!((cuts.count(), cuts.bin(253.0), cuts.bin(254.0), cuts.bin(399.0)), (256, 254, 255, 255));
    }

    proptest! {
        #[test]
        fn bins_keep_the_order_and_are_of_fair_size(
            values in prop::collection::vec(prop_oneof![-50i32..50, Just(0)], 1..600), most in 2usize..40,
        ) {
            let values: Vec<f32> = values.iter().map(|v| *v as f32 / 3.0).collect();
            let cuts = Cuts::new(&Column::new("x", 0.0, 1.0), &values, most);
            prop_assert!(cuts.count() <= 1 + most);
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            prop_assert!(sorted.iter().map(|x| cuts.bin(*x)).is_sorted());
            // A bin of several values holds no more than two fair parts.
            let fair = values.len().div_ceil(most);
            for bin in 1..cuts.count() as u8 {
                let inside: Vec<f32> = sorted.iter().copied().filter(|x| cuts.bin(*x) == bin).collect();
                prop_assert!(!inside.is_empty());
                prop_assert!(inside[0] == inside[inside.len() - 1] || inside.len() <= 2 * fair, "{} {fair}", inside.len());
            }
        }
    }
}
