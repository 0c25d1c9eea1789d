//! Worst-case neighbours: two small data sets, all of whose values are at public bounds, that differ in one person.
//!
//! A mechanism promises to hide *any* person among *any* others, so an audit may choose both. The canary is the
//! record that pulls hardest: every quantity at one end of its public range, the others at the other end, in the middle
//! or nobody at all, and an outcome that the others do not have. Which pair a mechanism resolves best is found by a few
//! runs of their own.

use crate::population::People;
use crate::view::{Column, Frame, PlatformView, Trend};

/// Persons beside the canary.
const OTHERS: usize = 60;
/// Persons of a crowd.
const CROWD: usize = 600;

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
    pub name: String,
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
    OtherEnds,
    Middle,
    /// Where the canary stands, so that the model is sure of the outcome that the canary does not have.
    Same,
    /// The same, many of them.
    Crowd,
    /// A crowd at the same place, and as many at the other ends with the canary's outcome: the model tells both apart.
    Sides,
    Nobody,
}

/// At which ends of the columns the canary stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Upper,
    Lower,
    /// Where the declared trends say that people pay; the upper end where none is declared.
    Paying,
    /// The other ends.
    Defaulting,
    /// At the upper ends but for every fourth column: a combination that nobody else has.
    Odd,
}

impl Ends {
    /// Where those stand who stand where the canary does.
    fn high(self, column: &Column) -> bool {
        match self {
            Self::Upper | Self::Odd => true,
            Self::Lower => false,
            Self::Paying => column.trend != Trend::Rising,
            Self::Defaulting => column.trend == Trend::Rising,
        }
    }
}

/// Pairs for a scorer with these columns: every kind of canary among every kind of others; the canary is the last row.
pub(super) fn pairs(columns: &[Column]) -> Vec<Pair> {
    let mut out = Vec::new();
    for (ends, place) in [
        (Ends::Upper, "at all upper bounds"),
        (Ends::Lower, "at all lower bounds"),
        (Ends::Paying, "where the trends say that people pay"),
        (Ends::Defaulting, "where the trends say that people default"),
        (Ends::Odd, "at all upper bounds but for every fourth column"),
    ] {
        for (bad, canary, among) in [(true, "a defaulter", "payers"), (false, "a payer", "defaulters")] {
            for (others, beside) in [
                (Others::OtherEnds, format!("among {among} at the other ends")),
                (Others::Middle, format!("among {among} in the middle")),
                (Others::Same, format!("among {among} at the same place")),
                (Others::Crowd, format!("in a crowd of {among} at the same place")),
                (
                    Others::Sides,
                    format!("in a crowd of {among} at the same place, who are unlike those at the other ends"),
                ),
                (Others::Nobody, "and nobody else".to_owned()),
            ] {
                out.push(pair(columns, format!("{canary} {place} {beside}"), others, ends, bad));
            }
        }
    }
    out
}

fn pair(columns: &[Column], name: String, place: Others, ends: Ends, bad: bool) -> Pair {
    let others = match place {
        Others::Nobody => 0,
        Others::Crowd | Others::Sides => CROWD,
        _ => OTHERS,
    };
    let odd: Vec<&str> = columns.iter().step_by(4).map(|c| c.name.as_str()).collect();
    let value = |i: usize, c: &Column| match place {
        _ if i == others && ends == Ends::Odd => end(c, !odd.contains(&c.name.as_str())),
        Others::Middle if i < others => middle(c),
        Others::Sides if i < others => end(c, i.is_multiple_of(2) == ends.high(c)),
        Others::Same | Others::Crowd => end(c, ends.high(c)),
        _ => end(c, (i == others) == ends.high(c)),
    };
    let features = frame(columns, others + 1, value);
    let like = |i: usize| i == others || (place == Others::Sides && !i.is_multiple_of(2));
    let labels: Vec<bool> = (0..=others).map(|i| like(i) == bad).collect();
    let view = |r: std::ops::Range<usize>| {
        let rows: Vec<u32> = r.clone().map(|i| i as u32).collect();
        PlatformView { features: features.select(&rows), labels: Some(labels[r].to_vec()) }
    };
    Pair { name, within: view(0..others + 1), out: view(0..others), probes: view(others.saturating_sub(1)..others + 1) }
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
            let x = pair.out.features.column(0);
            let alone = !pair.name.contains("same place") && !pair.name.contains("fourth");
            assert!(x.iter().all(|v| [-1.0, 1.0, 3.0].contains(v) && !(alone && *v == canary)), "{}", pair.name);
            let twin = |(v, l): (&f32, &bool)| *v == canary && *l == labels[n];
            assert!(pair.name.contains("fourth") || !x.iter().zip(&labels).any(twin), "{}", pair.name);
            assert!([0.0, 2.0].contains(&pair.within.features.column(1)[n]));
        }
    }
}
