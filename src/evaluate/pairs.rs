//! Comparisons of groups: one pair of groups a row, named in it, and the same pair in every replication.
//!
//! Who is compared is decided once, on the persons of the first replication (of a table: on the table). Each group is
//! compared with the first one that can be judged. Groups too small to judge are left out of every replication and named in
//! a note: the luck of one person would decide which groups are compared, and what comes out.

use super::credit::{Counts, Decisions};
use super::{Emit, Groups};
use crate::population::People;
use std::sync::Arc;

/// Fewest applicants of a group whose approval rate is compared.
pub const FEWEST_PERSONS: u64 = 20;
/// Fewest applicants of a group who repay, where approvals of those are compared.
pub const FEWEST_GOOD: u64 = 10;

/// Metrics that compare two groups.
pub const PAIRED: [&str; 2] = ["adverse_impact_ratio", "tpr_gap"];

/// The groups that are compared in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Pairs (a group, the first group) whose approval rates are compared.
    rates: Vec<(usize, usize)>,
    /// Pairs whose approvals of good payers are compared.
    goods: Vec<(usize, usize)>,
    /// Who is left out, in words.
    pub notes: Vec<String>,
}

impl Judged {
    /// Decides on the applicants of a population.
    pub fn of(people: &People) -> Self {
        let names = &people.group_names;
        if names.len() < 2 {
            return Self::default();
        }
        let (mut n, mut good) = (vec![0u64; names.len()], vec![0u64; names.len()]);
        for i in (0..people.len()).filter(|i| people.applicant[*i]) {
            let g = usize::from(people.group[i]);
            n[g] += 1;
            good[g] += u64::from(!people.default[i]);
        }
        let mut judged = Self::default();
        judged.rates = judged.pairs(names, "adverse_impact_ratio and tpr_gap", |g| {
            let people = if n[g] == 1 { "applicant" } else { "applicants" };
            (n[g] < FEWEST_PERSONS).then(|| format!("it has {} {people}, at least {FEWEST_PERSONS} are needed", n[g]))
        });
        judged.goods = judged.pairs(names, "tpr_gap", |g| {
            if n[g] < FEWEST_PERSONS {
                return Some(String::new());
            }
            (good[g] < FEWEST_GOOD)
                .then(|| format!("{} of its {} applicants repay, at least {FEWEST_GOOD} are needed", good[g], n[g]))
        });
        judged
    }

    /// The pairs of those who are not left out; notes those who are, where a reason is given.
    fn pairs(
        &mut self,
        names: &[String],
        what: &str,
        left_out: impl Fn(usize) -> Option<String>,
    ) -> Vec<(usize, usize)> {
        let mut kept = Vec::new();
        for (g, name) in names.iter().enumerate() {
            match left_out(g) {
                None => kept.push(g),
                Some(why) if why.is_empty() => {}
                Some(why) => {
                    self.notes.push(format!("group {name} is too small to judge and left out of {what}: {why}"));
                }
            }
        }
        match kept.split_first() {
            Some((first, others)) if !others.is_empty() => others.iter().map(|g| (*g, *first)).collect(),
            _ => {
                self.notes.push(format!("no {what}: there are no two groups that can be judged"));
                Vec::new()
            }
        }
    }

    /// Adds the adverse impact ratio (the lower over the higher approval rate of the two groups; 0.8 is the line) and the TPR
    /// gap (approvals of good payers, the named group − the first) of each pair. The ratio is at most 1 whoever is worse off,
    /// and noise alone keeps it below 1: `approval_rate` by group has the sign.
    pub(super) fn compare(&self, people: &People, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
        let names = &people.group_names;
        let counts: Vec<Counts> =
            names.iter().map(|g| Counts::over(d, groups.members(&format!("group={g}")))).collect();
        for (a, b) in &self.rates {
            let (one, other) = (counts[*a].approval_rate(), counts[*b].approval_rate());
            let most = one.max(other);
            let ratio =
                if one.is_finite() && other.is_finite() && most > 0.0 { one.min(other) / most } else { f64::NAN };
            emit.add("adverse_impact_ratio", &pair(names, *a, *b), ratio);
        }
        for (a, b) in &self.goods {
            emit.add("tpr_gap", &pair(names, *a, *b), counts[*a].good_approved() - counts[*b].good_approved());
        }
    }
}

/// `group=m vs f`; a column's name that both carry is said once, by the note of the codebook.
fn pair(names: &[String], a: usize, b: usize) -> Arc<str> {
    let (one, other) = (names[a].as_str(), names[b].as_str());
    let bare = |name: &'_ str| name.split_once('=').map(|(column, code)| (column.to_owned(), code.to_owned()));
    match (bare(one), bare(other)) {
        (Some((c, x)), Some((d, y))) if c == d => Arc::from(format!("group={x} vs {y}")),
        _ => Arc::from(format!("group={one} vs {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(groups: &[(&str, usize, usize)]) -> People {
        let mut people = People::empty();
        for (g, (name, good, bad)) in groups.iter().enumerate() {
            people.group_names.push((*name).to_owned());
            people.group.extend(std::iter::repeat_n(g as u8, good + bad));
            people.default.extend((0..good + bad).map(|i| i < *bad));
        }
        people.applicant = vec![true; people.default.len()];
        people
    }

    #[test]
    fn a_group_of_one_person_is_left_out_and_named() {
        let judged = Judged::of(&people(&[("g=f", 17, 13), ("g=m", 23, 6), ("g=x", 1, 0)]));
        assert_eq!((judged.rates.clone(), judged.goods.clone()), (vec![(1, 0)], vec![(1, 0)]));
        assert_eq!(
            judged.notes,
            [
                "group g=x is too small to judge and left out of adverse_impact_ratio and tpr_gap: it has 1 applicant, at least 20 are needed"
            ]
        );
        // The twin: with enough persons it is compared.
        assert_eq!(Judged::of(&people(&[("g=f", 17, 13), ("g=m", 23, 6), ("g=x", 20, 0)])).rates, [(1, 0), (2, 0)]);
    }

    #[test]
    fn a_group_without_good_payers_is_left_out_of_what_counts_them() {
        let judged = Judged::of(&people(&[("a", 40, 5), ("b", 40, 5), ("z", 0, 30)]));
        assert_eq!((judged.rates.len(), judged.goods.clone()), (2, vec![(1, 0)]));
        assert_eq!(judged.notes.len(), 1, "{:?}", judged.notes);
        assert!(judged.notes[0].contains("group z") && judged.notes[0].contains("0 of its 30 applicants repay"));
        // The first group is not the first of the list where that one is too small.
        assert_eq!(Judged::of(&people(&[("a", 3, 0), ("b", 40, 5), ("c", 40, 5)])).rates, [(2, 1)]);
        assert!(Judged::of(&people(&[("a", 3, 0), ("b", 40, 5)])).notes.iter().any(|n| n.contains("no two groups")));
        assert_eq!(Judged::of(&people(&[("everyone", 40, 5)])), Judged::default());
    }

    #[test]
    fn a_pair_is_named_by_its_codes() {
        let names: Vec<String> = ["g=m", "g=f", "male", "h=f"].map(str::to_owned).to_vec();
        assert_eq!(&*pair(&names, 0, 1), "group=m vs f");
        assert_eq!(&*pair(&names, 2, 1), "group=male vs g=f");
        assert_eq!(&*pair(&names, 3, 1), "group=h=f vs g=f");
    }
}
