//! `ledger.json`: all releases about the same persons so far, and what they cost together.

use super::register::Known;
use super::same;
use crate::error::{Error, Result};
use crate::experiment::release::{Asked, Release};
use crate::privacy::{Entry, Ledger, SideBySide, Spent};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The mechanism of a release that was cut off.
const CUT_OFF: &str = "cut off before it was published";

/// What `ledger.json` says it is.
const FORMAT: &str = "pretick-release-ledger-1";

/// One release in a [`PublicLedger`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the release.
    pub id: String,
    /// The scenario's arm.
    pub arm: String,
    /// `cohort-aggregates`, or the DP scorer's name.
    pub mechanism: String,
    /// What was asked for.
    pub asked: Asked,
    /// What it cost by itself.
    pub epsilon: f64,
    /// δ of that.
    pub delta: f64,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Whether it was begun and not published: its noise may have been drawn, so that all that was asked for counts. It has no
    /// entries.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut_off: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// All releases about the same persons so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicLedger {
    format: String,
    /// The releases, oldest first.
    pub releases: Vec<Record>,
    total: Total,
}

impl Record {
    fn ledger(&self) -> Ledger {
        entered(&self.entries)
    }
}

/// A ledger of these entries.
fn entered<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Ledger {
    let mut all = Ledger::new();
    entries.into_iter().for_each(|e| all.enter(e.clone()));
    all
}

/// What all releases cost together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Total {
    epsilon: f64,
    delta: f64,
}

impl PublicLedger {
    /// Nothing released.
    pub fn empty() -> Self {
        Self { format: FORMAT.to_owned(), releases: Vec::new(), total: Total { epsilon: 0.0, delta: 0.0 } }
    }

    /// Reads a `ledger.json`. Its total is computed again from its entries.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read ledger", path))?;
        let wrong = |why: String| Error::Other(format!("{} is not the ledger of a release: {why}", path.display()));
        let mut found: Self = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if found.format != FORMAT {
            return Err(wrong(format!("format is {}, expected {FORMAT}", found.format)));
        }
        if found.releases.iter().any(|r| !(0.0..1.0).contains(&r.delta)) {
            return Err(wrong("a delta is outside 0 to 1".to_owned()));
        }
        for r in &found.releases {
            let spent = if r.cut_off { r.asked.epsilon } else { r.ledger().spent(r.delta).epsilon };
            if !same(spent, r.epsilon) {
                let why =
                    format!("release {} states ε = {}, its entries come to {spent}: was it edited?", r.id, r.epsilon);
                return Err(wrong(why));
            }
        }
        found.sum();
        Ok(found)
    }

    /// Identity, ε and δ of each release.
    pub fn costs(&self) -> Vec<(&str, f64, f64)> {
        self.releases.iter().map(|r| (r.id.as_str(), r.epsilon, r.delta)).collect()
    }

    /// Whether a release is among them.
    pub fn lists(&self, id: &str) -> bool {
        self.releases.iter().any(|r| r.id == id)
    }

    /// All entries.
    fn ledger(&self) -> Ledger {
        entered(self.releases.iter().flat_map(|r| &r.entries))
    }

    /// δ of the total: the sum of the releases' own. Those that were cut off stand apart.
    fn delta(&self) -> f64 {
        self.releases.iter().filter(|r| !r.cut_off).map(|r| r.delta).sum()
    }

    /// The total; every kind of accountant that applies is asked for the least bound. What was cut off is added as (ε, δ), as
    /// nothing more is known of it.
    pub fn spent(&self) -> Spent {
        let mut spent = self.ledger().spent(self.delta());
        for r in self.releases.iter().filter(|r| r.cut_off) {
            spent.epsilon += r.epsilon;
            spent.delta += r.delta;
        }
        spent
    }

    /// ε by every accountant, where no pure total makes that idle and nothing was cut off.
    pub fn side_by_side(&self) -> Option<SideBySide> {
        if self.releases.iter().any(|r| r.cut_off) {
            return None;
        }
        let (all, delta) = (self.ledger(), self.delta());
        let first = all.entries().first()?;
        if delta > 0.0 { all.side_by_side(first.trust, first.neighbouring, delta) } else { None }
    }

    fn sum(&mut self) {
        let spent = self.spent();
        self.total = Total { epsilon: spent.epsilon, delta: spent.delta };
    }

    /// Appends a release that was cut off.
    pub(super) fn add_cut_off(&mut self, known: &Known) {
        self.releases.push(Record {
            id: known.id.clone(),
            arm: known.arm.clone(),
            mechanism: CUT_OFF.to_owned(),
            asked: known.asked(),
            epsilon: known.epsilon,
            delta: known.delta,
            entries: Vec::new(),
            cut_off: true,
        });
        self.sum();
    }

    /// Appends a release.
    pub(super) fn add(&mut self, release: &Release, id: String) {
        let spent = release.ledger.spent(release.budget.delta.unwrap_or(0.0));
        self.releases.push(Record {
            id,
            arm: release.arm.clone(),
            mechanism: release.mechanism.clone(),
            asked: release.budget,
            epsilon: spent.epsilon,
            delta: spent.delta,
            entries: release.ledger.entries().to_vec(),
            cut_off: false,
        });
        self.sum();
    }
}
