//! Worst-case neighbours: two small data sets, all of whose values are at public bounds, that differ in one person.
//!
//! A mechanism promises to hide *any* person among *any* others, so an audit may choose both. The canary is the
//! record that pulls hardest: every quantity at one end of its public range, the others at the other end, in the middle
//! or nobody at all, and an outcome that the others do not have. Which pair a mechanism resolves best is found by a few
//! runs of their own.

use crate::population::People;
use crate::view::{Column, Frame, PlatformView};

/// Persons beside the canary.
const OTHERS: usize = 60;

/// A value at one end of a column's public range.
pub(super) fn end(column: &Column, high: bool) -> f32 {
    match (column.is_category(), high) {
        (true, true) => column.levels.len() as f32 - 1.0,
        (true, false) => 0.0,
        (false, true) => column.hi,
        (false, false) => column.lo,
    }
}

/// Rows of values from (row, column).
pub(super) fn frame(columns: &[Column], rows: usize, value: impl Fn(usize, &Column) -> f32) -> Frame {
    let mut out = Frame::zeros(columns.to_vec(), rows);
    for (j, c) in columns.iter().enumerate() {
        out.column_mut(j).iter_mut().enumerate().for_each(|(i, x)| *x = value(i, c));
    }
    out
}

/// Training data with and without the canary.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// In words.
    pub name: &'static str,
    /// The others and the canary.
    pub within: PlatformView,
    /// The others.
    pub out: PlatformView,
    /// The canary and, where there is one, somebody else.
    pub probes: PlatformView,
}

/// The value in the middle of a column's public range.
pub(super) fn middle(column: &Column) -> f32 {
    if column.is_category() { (column.levels.len() / 2) as f32 } else { 0.5 * (column.lo + column.hi) }
}

/// Where the others stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    OtherEnd,
    Middle,
    Nobody,
}

/// Pairs for a scorer with these columns; the canary is the last row.
pub(super) fn pairs(columns: &[Column]) -> Vec<Pair> {
    let pair = |name, place: Others, high: bool, bad: bool| {
        let others = if place == Others::Nobody { 0 } else { OTHERS };
        let value = |i: usize, c: &Column| match place {
            Others::Middle if i < others => middle(c),
            _ => end(c, (i == others) == high),
        };
        let features = frame(columns, others + 1, value);
        let labels: Vec<bool> = (0..=others).map(|i| (i == others) == bad).collect();
        let rows = |rows: std::ops::Range<usize>| rows.map(|i| i as u32).collect::<Vec<u32>>();
        let view = |r: std::ops::Range<usize>| PlatformView {
            features: features.select(&rows(r.clone())),
            labels: Some(labels[r].to_vec()),
        };
        Pair {
            name,
            within: view(0..others + 1),
            out: view(0..others),
            probes: view(others.saturating_sub(1)..others + 1),
        }
    };
    use Others::{Middle, Nobody, OtherEnd};
    vec![
        pair("a defaulter at all upper bounds among payers at the lower ones", OtherEnd, true, true),
        pair("a payer at all upper bounds among defaulters at the lower ones", OtherEnd, true, false),
        pair("a defaulter at all lower bounds among payers at the upper ones", OtherEnd, false, true),
        pair("a payer at all lower bounds among defaulters at the upper ones", OtherEnd, false, false),
        pair("a defaulter at all upper bounds among payers in the middle", Middle, true, true),
        pair("a defaulter at all lower bounds among payers in the middle", Middle, false, true),
        pair("one defaulter at all upper bounds and nobody else", Nobody, true, true),
        pair("one payer at all lower bounds and nobody else", Nobody, false, false),
    ]
}

/// Persons with these platform values and no others, each in the cohort of its number.
pub(super) fn people(like: &People, platform: Frame, cohort: Vec<u32>, cohorts: u32) -> People {
    let n = platform.rows();
    People {
        default: vec![false; n],
        applicant: vec![true; n],
        district: cohort.clone(),
        community: cohort,
        communities: cohorts,
        districts: cohorts,
        cohort_sizes_public: like.cohort_sizes_public,
        bureau: Frame::zeros(like.bureau.columns().to_vec(), n),
        platform,
        ..People::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_differ_in_the_canary_alone() {
        let columns = [Column::new("x", -1.0, 3.0), Column::category("k", &["a", "b", "c"])];
        for pair in pairs(&columns) {
            let n = pair.out.features.rows();
            assert_eq!(pair.within.features.rows(), n + 1);
            let others: Vec<u32> = (0..n as u32).collect();
            assert_eq!(pair.within.features.select(&others), pair.out.features, "{}", pair.name);
            let (canary, labels) = (pair.within.features.column(0)[n], pair.within.labels.unwrap());
            assert!(pair.out.features.column(0).iter().all(|x| *x != canary && [-1.0, 1.0, 3.0].contains(x)));
            assert!(labels[..n].iter().all(|l| *l != labels[n]));
            assert!([0.0, 2.0].contains(&pair.within.features.column(1)[n]));
        }
    }
}
