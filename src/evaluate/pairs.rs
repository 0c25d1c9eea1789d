//! Comparisons of groups: one pair of groups a row, named in it, and the same pair in every replication.
//!
//! Each group that can be judged ([`super::judged`]) is compared with the first of them.

use super::credit::{Counts, Decisions};
use super::{Emit, Groups, Judged};
use crate::population::People;
use std::sync::Arc;

/// Metrics that compare two groups.
pub const PAIRED: [&str; 2] = ["adverse_impact_ratio", "tpr_gap"];

impl Judged {
    /// Adds the adverse impact ratio (the lower over the higher approval rate of the two groups; 0.8 is the line) and the TPR
    /// gap (approvals of good payers, the named group − the first) of each pair. The ratio is at most 1 whoever is worse off,
    /// and noise alone keeps it below 1: `approval_rate` by group has the sign.
    pub(super) fn compare(&self, people: &People, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
        let names = &people.group_names;
        let counts: Vec<Counts> =
            names.iter().map(|g| Counts::over(d, groups.members(&format!("group={g}")))).collect();
        for (a, b) in self.pairs(PAIRED[0]) {
            let (one, other) = (counts[a].approval_rate(), counts[b].approval_rate());
            let most = one.max(other);
            let ratio =
                if one.is_finite() && other.is_finite() && most > 0.0 { one.min(other) / most } else { f64::NAN };
            emit.add(PAIRED[0], &pair(names, a, b), ratio);
        }
        for (a, b) in self.pairs(PAIRED[1]) {
            emit.add(PAIRED[1], &pair(names, a, b), counts[a].good_approved() - counts[b].good_approved());
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

    #[test]
    fn a_pair_is_named_by_its_codes() {
        let names: Vec<String> = ["g=m", "g=f", "male", "h=f"].map(str::to_owned).to_vec();
        assert_eq!(&*pair(&names, 0, 1), "group=m vs f");
        assert_eq!(&*pair(&names, 2, 1), "group=male vs g=f");
        assert_eq!(&*pair(&names, 3, 1), "group=h=f vs g=f");
    }
}
