//! Whether two tables are about the same persons, told from hashes.
//!
//! Of each table all hashes of ids (where the map names an id column) and of the rows as they stand in the file are kept, and the least
//! [`KEPT`] hashes of whole records as the map reads them. Two tables count as the same persons when
//!
//! - an id occurs in both: exactly, at any size;
//! - one row in 20 of both together, or half the rows of the smaller, stand in both: exactly, at any size;
//! - one record in 20 does, as the least hashes of both tell: an estimate beyond [`KEPT`] persons.
//!
//! A hash takes some 20 bytes in the register, so that a million persons with ids take some 41 MB a release. Entries that were made before
//! all hashes were kept hold the least [`KEPT`] of each kind; what they say of larger tables is an estimate, and one id in common with
//! them may be missed.
//!
//! Limits: persons without an id who share fewer rows than that are not known again; renaming the ids and changing the rows evades all
//! of it. Ids are texts, but for numbers: `7`, `7.0` and `07` are one id.

use crate::population::{People, Table};
use crate::report::manifest::sha256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;

/// Hashes of records kept of each release; of all kinds in entries made before.
pub const KEPT: usize = 4096;
/// Share of equal records from which two tables count as the same persons.
const SAME: f64 = 0.05;
/// Share of the smaller table's rows in the larger one from which it counts as a part of it.
const PART: f64 = 0.5;
/// Rows below which an estimate says nothing of parts.
const FEWEST: usize = 8;
/// Whole numbers below it are exact as f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Hashes of the persons of one table, each list in order and without repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persons {
    /// Hash of all records, in the order of their hashes.
    digest: String,
    ids: Vec<u64>,
    records: Vec<u64>,
    /// Rows as they stand in the file, so that another column map does not make other persons of them.
    rows: Vec<u64>,
    /// Whether all ids and rows are there.
    #[serde(default)]
    complete: bool,
}

fn short(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

fn in_order(mut all: Vec<u64>) -> Vec<u64> {
    all.sort_unstable();
    all.dedup();
    all
}

/// An id as it is compared.
fn id(text: &str) -> String {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(n) if n.abs() < EXACT => format!("{}", n + 0.0),
        _ => text.to_owned(),
    }
}

impl Persons {
    /// The persons of a table that was opened for a release.
    pub fn of(table: &Table) -> Self {
        let people = table.people(crate::rng::Streams::new(0, 0), false);
        let mut records: Vec<u64> = (0..people.len()).map(|i| record(&people, i)).collect();
        records.sort_unstable();
        let bytes: Vec<u8> = records.iter().flat_map(|r| r.to_le_bytes()).collect();
        let ids = table.places().iter().filter(|p| !p.1.is_empty()).map(|p| short(id(&p.1).as_bytes())).collect();
        let mut records = in_order(records);
        records.truncate(KEPT);
        Self {
            digest: sha256(&bytes),
            ids: in_order(ids),
            records,
            rows: in_order(table.row_hashes().to_vec()),
            complete: true,
        }
    }

    /// Whether these are, in part, those.
    pub fn overlap(&self, other: &Self) -> bool {
        let of = |all: fn(&Self) -> &Vec<u64>, complete: bool| {
            Common::of((all(self), complete && self.complete), (all(other), complete && other.complete))
        };
        let (ids, records, rows) = (of(|p| &p.ids, true), of(|p| &p.records, false), of(|p| &p.rows, true));
        self.digest == other.digest
            || ids.both > 0
            || records.share() >= SAME
            || rows.share() >= SAME
            || rows.part() >= PART
    }
}

/// What two lists of hashes have in common, as far as both tell: up to where the shorter of them ends.
struct Common {
    first: usize,
    second: usize,
    both: usize,
    /// Whether both lists are whole.
    exact: bool,
}

impl Common {
    fn of(first: (&[u64], bool), second: (&[u64], bool)) -> Self {
        let whole = |(list, complete): (&[u64], bool)| complete || list.len() < KEPT;
        let last = |l: (&[u64], bool)| if whole(l) { u64::MAX } else { l.0.last().copied().unwrap_or(0) };
        let seen = last(first).min(last(second));
        let [a, b] = [first.0, second.0].map(|l| &l[..l.partition_point(|h| *h <= seen)]);
        let (mut i, mut j, mut both) = (0, 0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            both += usize::from(x == y);
            match x.cmp(y) {
                Ordering::Less => i += 1,
                Ordering::Greater => j += 1,
                Ordering::Equal => (i, j) = (i + 1, j + 1),
            }
        }
        Self { first: a.len(), second: b.len(), both, exact: whole(first) && whole(second) }
    }

    /// Share of all persons who are in both.
    fn share(&self) -> f64 {
        self.both as f64 / (self.first + self.second - self.both).max(1) as f64
    }

    /// Share of the smaller table's persons who are in the larger one; 0 where too few tell of it.
    fn part(&self) -> f64 {
        let few = self.first.min(self.second);
        if self.exact || few >= FEWEST { self.both as f64 / few.max(1) as f64 } else { 0.0 }
    }
}

fn record(people: &People, i: usize) -> u64 {
    let mut bytes = vec![u8::from(people.default[i])];
    bytes.extend_from_slice(&people.community[i].to_le_bytes());
    for frame in [&people.bureau, &people.platform] {
        (0..frame.width()).for_each(|j| bytes.extend_from_slice(&frame.column(j)[i].to_bits().to_le_bytes()));
    }
    short(&bytes)
}

#[cfg(test)]
#[path = "persons_tests.rs"]
pub(super) mod tests;
