//! Metrics: truth and outcomes → [`Row`]s. Holds both the truth and what an arm made of it.
//!
//! Every accuracy and credit metric is given over applicants of the scored half (`all`), by file depth, group and
//! income decile, and, where not everybody applies, over `everyone`.

mod accuracy;
mod consent;
mod credit;
mod judged;
mod pairs;
mod row;

pub use accuracy::{Concordance, calibration_slope, concordance_within, losses, ranking};
pub use consent::{ConsentFacts, consent_metrics};
pub use row::{Emit, Influence, Row, Untaught};

pub use accuracy::accuracy_metrics;
pub use credit::{AT_BREAK_EVEN, AT_RATE, Decisions, credit_metrics};
pub use judged::{Judged, TooSmall, named};
pub use pairs::PAIRED;

use crate::population::{FileDepth, People};
use std::sync::Arc;

/// Groups of scored persons; a person may be in several.
#[derive(Clone, Debug)]
pub struct Groups {
    /// Name and members (positions in the scored half, increasing).
    pub list: Vec<(Arc<str>, Vec<u32>)>,
}

/// Word of a file depth in group names.
pub fn file_word(file: FileDepth) -> &'static str {
    match file {
        FileDepth::None => "none",
        FileDepth::Thin => "thin",
        FileDepth::Thick => "thick",
    }
}

impl Groups {
    /// `all`, `everyone` (if not all apply), `file=…`, `group=…`, `decile=…` over the persons `scored`.
    pub fn of(people: &People, scored: &[u32]) -> Self {
        let mut list: Vec<(Arc<str>, Vec<u32>)> = Vec::new();
        let mut add = |name: &str, keep: &dyn Fn(usize) -> bool| {
            let members: Vec<u32> = (0..scored.len() as u32).filter(|p| keep(scored[*p as usize] as usize)).collect();
            if !members.is_empty() {
                list.push((Arc::from(name), members));
            }
        };
        let applies = |i: usize| people.applicant[i];
        add("all", &applies);
        if !scored.iter().all(|i| people.applicant[*i as usize]) {
            add("everyone", &|_| true);
        }
        for file in [FileDepth::None, FileDepth::Thin, FileDepth::Thick] {
            add(&format!("file={}", file_word(file)), &|i| applies(i) && people.file[i] == file);
        }
        add("file=any", &|i| applies(i) && people.file[i] != FileDepth::None);
        for (g, name) in people.group_names.iter().enumerate() {
            add(&format!("group={name}"), &|i| applies(i) && usize::from(people.group[i]) == g);
        }
        for decile in 1..=10u8 {
            add(&format!("decile={decile}"), &|i| applies(i) && people.decile[i] == decile);
        }
        Self { list }
    }

    /// The same groups over those of the scored half who are kept; a group may have nobody left.
    #[must_use]
    pub fn only(&self, keep: impl Fn(u32) -> bool) -> Self {
        let only = |members: &[u32]| members.iter().copied().filter(|p| keep(*p)).collect();
        Self { list: self.list.iter().map(|(name, members)| (Arc::clone(name), only(members))).collect() }
    }

    /// Members of a group; empty if nobody is in it.
    pub fn members(&self, name: &str) -> &[u32] {
        self.list.iter().find(|(n, _)| &**n == name).map_or(&[], |(_, m)| m)
    }
}
