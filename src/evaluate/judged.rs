//! Which groups are large enough to judge: one rule, for tables, plots, sentences and comparisons.
//!
//! It is decided once, on the applicants of the first replication (of a table: of the table), and holds for every replication:
//! in a small group the luck of one person would decide what comes out. A group that is too small keeps its rows in
//! `results.csv`, is summarised nowhere, and is named in a note.

use crate::consent::SEGMENT_NAMES;
use crate::population::{FileDepth, People};
use std::collections::BTreeMap;

/// Fewest applicants of a group that is judged.
pub const FEWEST_PERSONS: u64 = 20;
/// Fewest applicants of a group who repay, where a metric is about those.
pub const FEWEST_GOOD: u64 = 10;
/// Metrics about those who repay.
const OF_GOOD: [&str; 2] = ["false_decline_rate", "tpr_gap"];

/// A group that is too small to judge by some metrics or by all.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TooSmall {
    /// Values of the sweep keys; the sizes of groups may differ between points.
    pub sweep: Vec<String>,
    /// The group, as in the rows.
    pub group: String,
    /// Its applicants.
    pub applicants: u64,
    /// Those of them who repay.
    pub repay: u64,
}

impl TooSmall {
    /// Whether a metric of a group, which may be one at some cut-off (`file=none;pd_cutoff=0.05`), cannot be judged.
    pub fn hides(&self, metric: &str, group: &str) -> bool {
        let whole = group.split(';').next().unwrap_or(group);
        whole == self.group && (self.applicants < FEWEST_PERSONS || OF_GOOD.contains(&metric))
    }
}

/// Who can be judged in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Groups that are too small.
    pub too_small: Vec<TooSmall>,
    /// Names of the groups that are compared with each other.
    names: Vec<String>,
}

/// Applicants of a group, and those of them who repay.
#[derive(Clone, Copy, Default)]
struct Size {
    applicants: u64,
    repay: u64,
}

impl Judged {
    /// Decides on the applicants of a population, whose segments of attitude are given, at a sweep point.
    pub fn of(people: &People, segment: &[u8], sweep: &[String]) -> Self {
        let mut sizes: BTreeMap<String, Size> =
            people.group_names.iter().map(|g| (format!("group={g}"), Size::default())).collect();
        for i in (0..people.len()).filter(|i| people.applicant[*i]) {
            for group in groups_of(people, segment, i) {
                let size = sizes.entry(group).or_default();
                size.applicants += 1;
                size.repay += u64::from(!people.default[i]);
            }
        }
        let small = |s: &Size| s.applicants < FEWEST_PERSONS || s.repay < FEWEST_GOOD;
        let too_small = sizes.into_iter().filter(|(_, s)| small(s)).map(|(group, s)| TooSmall {
            sweep: sweep.to_vec(),
            group,
            applicants: s.applicants,
            repay: s.repay,
        });
        Self { too_small: too_small.collect(), names: people.group_names.clone() }
    }

    /// Whether a group can be judged by a metric.
    pub fn judges(&self, metric: &str, group: &str) -> bool {
        !self.too_small.iter().any(|t| t.hides(metric, group))
    }

    /// The pairs (a group, the first group) that a metric compares, as positions in the group names: those who can be judged.
    pub(super) fn pairs(&self, metric: &str) -> Vec<(usize, usize)> {
        let kept = (0..self.names.len()).filter(|g| self.judges(metric, &format!("group={}", self.names[*g])));
        let kept: Vec<usize> = kept.collect();
        match kept.split_first() {
            Some((first, others)) => others.iter().map(|g| (*g, *first)).collect(),
            None => Vec::new(),
        }
    }

    /// Who is left out, in words.
    pub fn notes(&self, compared: &[&str]) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(named) = named(&self.too_small) {
            notes.push(format!("{named}; their rows are in results.csv"));
        }
        let of_few_good = |t: &&TooSmall| t.applicants >= FEWEST_PERSONS;
        let parts: Vec<String> = (self.too_small.iter().filter(of_few_good))
            .map(|t| format!("{} ({} of {})", t.group, t.repay, t.applicants))
            .collect();
        if !parts.is_empty() {
            notes.push(format!(
                "groups of which fewer than {FEWEST_GOOD} applicants repay are left out of {}: {}",
                OF_GOOD.join(" and "),
                parts.join(", ")
            ));
        }
        for metric in compared.iter().filter(|m| self.names.len() > 1 && self.pairs(m).is_empty()) {
            notes.push(format!("no {metric}: there are no two groups that can be judged"));
        }
        notes
    }
}

/// The groups that are too small to judge by any metric, in words; `None` if there are none.
pub fn named<'t>(too_small: impl IntoIterator<Item = &'t TooSmall>) -> Option<String> {
    let small = too_small.into_iter().filter(|t| t.applicants < FEWEST_PERSONS);
    let parts: Vec<String> = small.map(|t| format!("{} ({})", t.group, t.applicants)).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "groups with fewer than {FEWEST_PERSONS} applicants are too small to judge and left out: {}",
            parts.join(", ")
        )
    })
}

/// Names of the groups that a person is in, as in the rows.
fn groups_of(people: &People, segment: &[u8], i: usize) -> impl Iterator<Item = String> {
    let file = people.file.get(i).copied();
    [
        file.map(|f| format!("file={}", super::file_word(f))),
        file.filter(|f| *f != FileDepth::None).map(|_| "file=any".to_owned()),
        people.group_names.get(usize::from(people.group[i])).map(|g| format!("group={g}")),
        people.decile.get(i).filter(|d| **d > 0).map(|d| format!("decile={d}")),
        segment.get(i).and_then(|s| SEGMENT_NAMES.get(usize::from(*s))).map(|s| format!("segment={s}")),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Groups with so many good and bad payers.
    pub fn people(groups: &[(&str, usize, usize)]) -> People {
        let mut people = People::empty();
        for (g, (name, good, bad)) in groups.iter().enumerate() {
            people.group_names.push((*name).to_owned());
            people.group.extend(std::iter::repeat_n(g as u8, good + bad));
            people.default.extend((0..good + bad).map(|i| i < *bad));
        }
        people.applicant = vec![true; people.default.len()];
        people
    }

    fn judged(groups: &[(&str, usize, usize)]) -> Judged {
        Judged::of(&people(groups), &[], &[])
    }

    const COMPARED: [&str; 2] = ["adverse_impact_ratio", "tpr_gap"];

    #[test]
    fn a_group_of_one_person_is_left_out_of_everything_and_named() {
        let one = judged(&[("g=f", 17, 13), ("g=m", 23, 6), ("g=x", 1, 0)]);
        assert_eq!(COMPARED.map(|m| one.pairs(m)), [[(1, 0)], [(1, 0)]]);
        for metric in ["false_decline_rate", "auc", "approval_rate"] {
            assert!(!one.judges(metric, "group=g=x") && one.judges(metric, "group=g=m") && one.judges(metric, "all"));
        }
        assert_eq!(
            one.notes(&COMPARED),
            [
                "groups with fewer than 20 applicants are too small to judge and left out: group=g=x (1); their rows are in results.csv"
            ]
        );
        // The twin: with enough persons it is judged.
        let enough = judged(&[("g=f", 17, 13), ("g=m", 23, 6), ("g=x", 20, 0)]);
        assert_eq!(enough.pairs("adverse_impact_ratio"), [(1, 0), (2, 0)]);
        assert!(enough.judges("false_decline_rate", "group=g=x") && enough.notes(&COMPARED).is_empty());
    }

    #[test]
    fn a_group_without_good_payers_is_left_out_of_what_counts_them() {
        let z = judged(&[("a", 40, 5), ("b", 40, 5), ("z", 0, 30)]);
        assert_eq!(COMPARED.map(|m| z.pairs(m).len()), [2, 1]);
        assert!(!z.judges("false_decline_rate", "group=z") && z.judges("approval_rate", "group=z"));
        assert_eq!(
            z.notes(&COMPARED),
            [
                "groups of which fewer than 10 applicants repay are left out of false_decline_rate and tpr_gap: group=z (0 of 30)"
            ]
        );
        // The first group is not the first of the list where that one is too small.
        assert_eq!(judged(&[("a", 3, 0), ("b", 40, 5), ("c", 40, 5)]).pairs("tpr_gap"), [(2, 1)]);
        assert!(judged(&[("a", 3, 0), ("b", 40, 5)]).notes(&COMPARED).iter().any(|n| n.contains("no two groups")));
        assert_eq!(judged(&[("everyone", 40, 5)]).notes(&COMPARED), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_group_is_counted_over_applicants() {
        let mut people = people(&[("everyone", 90, 10)]);
        people.file = (0..100).map(|i| if i < 60 { FileDepth::None } else { FileDepth::Thick }).collect();
        people.decile = (0..100).map(|i| if i < 95 { 1 } else { 2 }).collect();
        let segment: Vec<u8> = (0..100).map(|i| u8::from(i >= 50)).collect();
        people.applicant = (0..100).map(|i| i % 2 == 0).collect();
        let judged = Judged::of(&people, &segment, &[]);
        let all: Vec<(&str, u64)> = judged.too_small.iter().map(|t| (&*t.group, t.applicants)).collect();
        assert_eq!(all, [("decile=2", 2)]);
        people.applicant = (0..100).map(|i| i >= 50).collect();
        let judged = Judged::of(&people, &segment, &[]);
        let all: Vec<(&str, u64)> = judged.too_small.iter().map(|t| (&*t.group, t.applicants)).collect();
        assert_eq!(all, [("decile=2", 5), ("file=none", 10)]);
        assert!(!judged.judges("approval_at_cutoff", "file=none;pd_cutoff=0.05"));
        assert!(judged.judges("approval_at_cutoff", "file=thick;pd_cutoff=0.05"));
    }
}
