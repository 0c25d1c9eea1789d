//! Real histories: people read from a table, through a column map.
//!
//! A CSV (or flat Parquet) file has a row a person. The map ([`TableParams`], keys under `histories.source.table`)
//! says which columns the lender always sees, which need consent, what happened, who belongs to which group and
//! cohort; the file is named on the command line, never in the scenario.
//!
//! **Persons once.** Every replication of a run has the table's own persons, each once, and splits them afresh. How much an
//! answer depends on who happens to be in the table is measured by leaving blocks of persons out (`experiment`), never by
//! drawing persons twice: a copy is learnt from twice, which only scorers that overfit make something of, so that privacy would
//! look profitable. ([`Table::people`] can draw persons with replacement; its copies keep `origin`, the number of the original.)
//!
//! **Quality proxy.** A table has no latent quality. With y the outcome, p its mean over the table and e standard normal,
//!
//! ```text
//! z = √(1 − r²)·e − r·(y − p)/√(p(1 − p))        r = histories.source.table.proxy_correlation
//! ```
//!
//! has mean 0, variance 1 and correlation −r with default, and is near normal for small r. It serves one purpose:
//! `consent.quality_correlation` must mean something here too. Scorers never see it.
//!
//! **Order.** Persons are ordered by cohort, then id: with an id column the order of the file's rows changes nothing.
//!
//! **Limits.** No selection into the table is modelled; cohort, group and income are what the columns say; persons
//! whose applications were refused before are not in it.

mod applicants;
mod cells;
mod derived;
#[cfg(test)]
mod feature_tests;
mod fields;
mod layout;
mod map;
#[cfg(test)]
mod payment_tests;
mod places;
mod plan;
mod ranges;
mod raw;
mod read;
#[cfg(test)]
mod release_tests;
mod source;
mod sql;
#[cfg(test)]
mod taiwan_tests;
#[cfg(test)]
mod tests;
mod wanted;

pub use derived::{CountKeys, Derived};
pub use fields::{BandCells, Code, CohortKey, Group, GroupKeys, MissingTexts, Names, Tables, ValueCells};
pub use map::{Direction, Feature, FileColumn, Income, TableKeys, TableParams, Transform};
pub use read::Skipped;
pub use sql::SqlSource;

use super::{FileDepth, Payments, People};
use crate::document::Problem;
use crate::error::{Error, Result};
use crate::rng::{Entity, Purpose, Streams, mix};
use crate::view::{Column, Frame};
use cells::Cells;
use plan::Plan;
use rayon::prelude::*;
use read::{Builder, Person};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Cohorts with fewer persons are noted.
const SMALL_COHORT: usize = 10;

/// A table of real histories: read once, shared by all replications.
#[derive(Clone, Debug)]
pub struct Table {
    file: String,
    sha256: String,
    group_names: Vec<String>,
    cells: Cells,
    r: f64,
    default_rate: f64,
    skipped: Skipped,
    notes: Vec<String>,
    row_hashes: Vec<u64>,
    /// Columns of the file that the lender sees, and that need consent: derived columns say nothing new.
    attributes: [usize; 2],
    rows: Rows,
}

/// What is asked of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcomes {
    /// Some defaulted, some paid.
    Both,
    /// Whatever they are.
    Any,
    /// They are not read: every record gets a column of that name in their place, as if all had paid.
    Unknown(&'static str),
}

/// The persons, ordered by cohort, then id.
#[derive(Clone, Debug)]
struct Rows {
    bureau: Frame,
    platform: Frame,
    payments: Payments,
    default: Vec<bool>,
    group: Vec<u8>,
    depth: Vec<FileDepth>,
    decile: Vec<u8>,
    cohort: Vec<u32>,
    /// Who draws the quality proxy: the id, hashed.
    key: Vec<u64>,
    /// Where the person stands in the file, and its id there: see [`places`].
    place: Vec<(u32, String)>,
}

impl Table {
    /// Reads `path` through the map: Parquet where the name ends in `.parquet`, else CSV. Malformed rows are an error,
    /// or counted and left out where `skip_bad_rows`.
    pub fn open(path: &Path, params: &TableParams, skip_bad_rows: bool) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let name = path.display().to_string();
        let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        Self::read(&name, &bytes, is_parquet, params, skip_bad_rows, Outcomes::Both)
    }

    /// Reads `path` for a real release, which must not hang on one person: one outcome alone is no error; groups, incomes and depths
    /// of files, which no release reads, are not read; and a field that cannot be read has a public default. That is: missing where the
    /// column may be missing, else the middle of its bounds, a level that is not listed, "other" or the first band of a cohort,
    /// no id, and an outcome of paid. A row of the wrong width has nothing but defaults, and an open quote ends with its line
    /// unless the lines that it takes in are no records. Ids that occur twice are refused all the same.
    pub fn open_for_release(path: &Path, params: &TableParams) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        let keys = TableKeys { cohort: params.keys.cohort.clone(), ..params.for_scoring().keys };
        let name = path.display().to_string();
        let table = Self::read(&name, &bytes, is_parquet, &TableParams { keys }, false, Outcomes::Any);
        table.map_err(|e| match e {
            Error::Data { file, line, column, message } => {
                Error::Data { file, line, column, message: message.replace(read::SKIPPING, "") }
            }
            e => e,
        })
    }

    /// Reads CSV text; `name` stands for the file in errors.
    pub fn from_csv(name: &str, bytes: &[u8], params: &TableParams, skip_bad_rows: bool) -> Result<Self> {
        Self::read(name, bytes, false, params, skip_bad_rows, Outcomes::Both)
    }

    fn read(
        name: &str,
        bytes: &[u8],
        parquet: bool,
        params: &TableParams,
        skip: bool,
        outcomes: Outcomes,
    ) -> Result<Self> {
        let keys = &params.keys;
        // A map that came from TOML was checked there, with its places; this is for one that was built in code.
        let plan = Plan::new(keys).map_err(|faults| {
            let place = |f: plan::Fault| Problem {
                origin: None,
                key: format!("histories.source.table.{}", f.key),
                message: f.message,
                help: f.help,
            };
            Error::Scenario(faults.into_iter().map(place).collect())
        })?;
        let mut builder = Builder::new(name, keys, &plan, skip);
        let released = outcomes == Outcomes::Any;
        builder.defaults = released;
        let mut hashes = raw::Hashes::new(keys);
        let mut header = keys.columns.is_empty();
        let paid = keys.paid.first().map_or("0", Code::text);
        let mut sink = |line: u64, record: &csv::ByteRecord| match outcomes {
            Outcomes::Unknown(column) => {
                let mut record = record.clone();
                record.push_field(if header { column } else { paid }.as_bytes());
                header = false;
                builder.take(line, &record)
            }
            Outcomes::Both => builder.take(line, record),
            Outcomes::Any => {
                hashes.take(record);
                builder.take(line, record)
            }
        };
        if parquet {
            if !keys.columns.is_empty() {
                let message = format!("{name} names its columns: take histories.source.table.columns out of the map");
                return Err(Error::Other(message));
            }
            source::parquet_records(name, bytes, &mut sink)?;
        } else {
            let delimiter = keys.delimiter.as_bytes().first().copied().unwrap_or(b',');
            let records = if released { source::csv_records_apart } else { source::csv_records };
            records(bytes, delimiter, keys.header_line, &mut sink)?;
        }
        let hex = |n: u8| char::from(b"0123456789abcdef"[usize::from(n)]);
        let sha256: String = Sha256::digest(bytes).iter().flat_map(|b| [hex(b >> 4), hex(b & 15)]).collect();
        let read = builder.finish()?;
        let read = if outcomes == Outcomes::Both { read.both_outcomes()? } else { read };
        Ok(Self { row_hashes: hashes.rows, ..Self::build(name, sha256, keys, &plan, read) })
    }

    fn build(file: &str, sha256: String, keys: &TableKeys, plan: &Plan, read: Builder<'_>) -> Self {
        let (group_names, group_of) = groups(keys, plan, &read.codes);
        let order = order(&read.persons);
        let in_order: Vec<&Person> = order.iter().map(|i| &read.persons[*i as usize]).collect();
        let frame = |consent: bool| {
            let places = plan.of(consent);
            let columns: Vec<Column> = places.iter().map(|i| plan.features[*i].column.clone()).collect();
            let mut frame = Frame::zeros(columns, order.len());
            for (j, i) in places.into_iter().enumerate() {
                let from = &read.features[i];
                frame.column_mut(j).iter_mut().zip(&order).for_each(|(to, i)| *to = from[*i as usize]);
            }
            frame
        };
        let rows = Rows {
            bureau: frame(false),
            platform: frame(true),
            payments: Payments::new(plan.payments.len(), read.payments.clone()).select(&order),
            default: in_order.iter().map(|p| p.default).collect(),
            group: in_order.iter().map(|p| group_of[usize::from(p.group)]).collect(),
            depth: in_order.iter().map(|p| p.file).collect(),
            decile: in_order.iter().map(|p| p.decile).collect(),
            cohort: in_order.iter().map(|p| p.cohort).collect(),
            place: in_order.iter().map(|p| (p.row, p.id.clone())).collect(),
            key: in_order
                .iter()
                .zip(&order)
                .map(|(p, i)| if p.id.is_empty() { u64::from(*i) } else { hash(&p.id) })
                .collect(),
        };
        let default_rate = rows.default.iter().filter(|d| **d).count() as f64 / rows.default.len() as f64;
        let notes = notes(plan, &read, &rows.cohort);
        Self {
            file: file.to_owned(),
            sha256,
            group_names,
            cells: plan.cells.clone(),
            r: keys.proxy_correlation,
            default_rate,
            skipped: read.skipped,
            notes,
            row_hashes: Vec::new(),
            attributes: [false, true].map(|consent| plan.read_of(consent)),
            rows,
        }
    }

    /// Number of persons.
    pub fn persons(&self) -> usize {
        self.rows.default.len()
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// SHA-256 of the file's bytes, in hexadecimal: part of a run's identity.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Share of persons who defaulted.
    pub fn default_rate(&self) -> f64 {
        self.default_rate
    }

    /// Malformed rows that were left out.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// What a reader of the results should know of the data: rows left out, values clamped, small cohorts.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A hash of each row as it stands in the file, whatever the map makes of it; of a table that was opened for a release.
    pub fn row_hashes(&self) -> &[u64] {
        &self.row_hashes
    }

    /// Number of publicly enumerated cohorts, people in them or not.
    pub fn cohorts(&self) -> u32 {
        self.cells.count()
    }

    /// A cohort in words, e.g. `EDUCATION=2, AGE 30..40`.
    pub fn cohort_name(&self, cohort: u32) -> String {
        self.cells.name(cohort)
    }

    /// The people of one replication: a bootstrap of the table where `resample`, else the table itself.
    ///
    /// All apply, `pd` is empty, community and district are the cohort, whose size is private.
    pub fn people(&self, streams: Streams, resample: bool) -> People {
        let n = self.persons();
        let mut drawn: Vec<u32> = if resample {
            let slot = |i: usize| {
                let u = streams.uniform(Entity::Person(i as u64), 0, Purpose::Bootstrap);
                ((u * n as f64) as usize).min(n - 1) as u32
            };
            (0..n).into_par_iter().with_min_len(4096).map(slot).collect()
        } else {
            (0..n as u32).collect()
        };
        // A cohort's members stand together, and so do the copies of a person.
        drawn.sort_unstable();
        let p = self.default_rate;
        let spread = libm::sqrt(p * (1.0 - p));
        let own = libm::sqrt(1.0 - self.r * self.r);
        let quality = |i: &u32| {
            let (who, y) = (self.rows.key[*i as usize], f64::from(self.rows.default[*i as usize]));
            let e = streams.normal(Entity::Person(who), 0, Purpose::QualityProxy);
            (own * e - self.r * (y - p) / spread) as f32
        };
        let rows = &self.rows;
        let cohort = pick(&rows.cohort, &drawn);
        People {
            first: 0,
            quality: drawn.par_iter().with_min_len(4096).map(quality).collect(),
            group: pick(&rows.group, &drawn),
            group_names: self.group_names.clone(),
            file: pick(&rows.depth, &drawn),
            decile: pick(&rows.decile, &drawn),
            applicant: vec![true; n],
            pd: Vec::new(),
            default: pick(&rows.default, &drawn),
            district: cohort.clone(),
            community: cohort,
            communities: self.cohorts(),
            districts: self.cohorts(),
            cohort_sizes_public: false,
            active: Vec::new(),
            attribute_months: self.attributes[1] as f64,
            bureau_attribute_months: self.attributes[0] as f64,
            payments: rows.payments.select(&drawn),
            bureau: rows.bureau.select(&drawn),
            platform: rows.platform.select(&drawn),
            origin: drawn,
        }
    }
}

fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|i| values[*i as usize]).collect()
}

/// Rows by cohort, then id (as a number where it is one), then place in the file.
fn order(persons: &[Person]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..persons.len() as u32).collect();
    order.sort_by_cached_key(|i| {
        let p = &persons[*i as usize];
        (p.cohort, p.id.parse::<u64>().unwrap_or(u64::MAX), p.id.clone())
    });
    order
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(text.len() as u64, |h, b| mix(h ^ u64::from(b).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

/// Names of the groups, and the index of each code's name.
fn groups(keys: &TableKeys, plan: &Plan, codes: &[Code]) -> (Vec<String>, Vec<u8>) {
    if !plan.groups.is_empty() {
        let names = plan.groups.iter().map(|(_, name)| name.clone()).collect();
        return (names, (0..plan.groups.len() as u8).collect());
    }
    if codes.is_empty() {
        return (vec!["everyone".to_owned()], vec![0]);
    }
    let mut sorted: Vec<&Code> = codes.iter().collect();
    let number = |c: &Code| c.text().parse::<f64>().unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
    let names = sorted.iter().map(|c| format!("{}={}", keys.group.0.column, c.text())).collect();
    let index = |c: &Code| sorted.iter().position(|s| *s == c).unwrap_or(0) as u8;
    (names, codes.iter().map(index).collect())
}

fn notes(plan: &Plan, read: &Builder<'_>, cohort: &[u32]) -> Vec<String> {
    let mut notes = Vec::new();
    if read.skipped.rows > 0 {
        notes.push(format!(
            "{} malformed rows were left out; first: {}",
            read.skipped.rows,
            read.skipped.first.join("; ")
        ));
    }
    if read.defaulted.rows > 0 {
        notes.push(format!(
            "{} rows have fields that cannot be read, which count as their public defaults; first: {}",
            read.defaulted.rows,
            read.defaulted.first.join("; ")
        ));
    }
    for (category, what) in
        [(false, "values clamped to the public bounds"), (true, "levels that are not listed, all indicators 0")]
    {
        let moved =
            plan.features.iter().zip(&read.moved).filter(|(w, n)| w.column.is_category() == category && **n > 0);
        let moved: Vec<String> = moved.map(|(w, n)| format!("{} {n}", w.name)).collect();
        if !moved.is_empty() {
            notes.push(format!("{what}: {}", moved.join(", ")));
        }
    }
    let missing = |i: usize| read.features[i].iter().filter(|x| x.is_nan()).count();
    let missing: Vec<String> = (0..plan.features.len())
        .map(|i| (&plan.features[i].name, missing(i)))
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    if !missing.is_empty() {
        notes.push(format!("missing values: {}", missing.join(", ")));
    }
    for (part, n) in plan.cells.parts().iter().zip(&read.outside).filter(|(_, n)| **n > 0) {
        let place = if matches!(part, CohortKey::Values(_)) { "the cell `other`" } else { "the edge cells" };
        notes.push(format!("values outside the public cells of {}, now in {place}: {n}", part.column()));
    }
    let mut sizes = vec![0usize; plan.cells.count() as usize];
    for c in cohort {
        sizes[*c as usize] += 1;
    }
    let small = sizes.iter().filter(|n| **n < SMALL_COHORT).count();
    if small > 0 {
        notes.push(format!("{small} of {} cohorts have fewer than {SMALL_COHORT} persons", sizes.len()));
    }
    notes
}
