//! What a real release writes: a public folder, whole or not there at all, and a private register beside the data.
//!
//! | file | for whom | holds |
//! |---|---|---|
//! | `STATEMENT.md` | public | what is and what is not protected, in plain language |
//! | `ledger.json` | public | every release so far with its noise and its cost, and the total |
//! | `cohorts.csv`, `cohorts.json` | public | the noisy table |
//! | `model.json` | public | the model |
//! | `pretick-releases.json` | stays inside | who was in which release ([`register`]) |
//!
//! Every public byte is a function of released (noisy) numbers, of the scenario and of the command line: no count of rows, no
//! hash of the data, no path, no clamped values, no time. A release is named by a hash of its own public content.

pub mod register;
mod statement;

use super::folder::RunFolder;
use super::manifest::sha256;
use crate::disclosure::CohortSums;
use crate::error::{Error, Result};
use crate::experiment::release::{Asked, Product, Release};
use crate::privacy::{Entry, Ledger, SideBySide, Spent};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// What `ledger.json` says it is.
const FORMAT: &str = "pretick-release-ledger-1";

/// The file that a later release is added to.
pub const LEDGER: &str = "ledger.json";

/// One release in a [`PublicLedger`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Beginning of the hash of what was released.
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

/// Equal but for what a file of decimals loses.
fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
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
            let spent = r.ledger().spent(r.delta).epsilon;
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

    /// All entries.
    fn ledger(&self) -> Ledger {
        entered(self.releases.iter().flat_map(|r| &r.entries))
    }

    /// δ of the total: the sum of the releases' own.
    fn delta(&self) -> f64 {
        self.releases.iter().map(|r| r.delta).sum()
    }

    /// The total; every kind of accountant that applies is asked for the least bound.
    pub fn spent(&self) -> Spent {
        self.ledger().spent(self.delta())
    }

    /// ε by every accountant, where no pure total makes that idle.
    pub fn side_by_side(&self) -> Option<SideBySide> {
        let (all, delta) = (self.ledger(), self.delta());
        let first = all.entries().first()?;
        if delta > 0.0 { all.side_by_side(first.trust, first.neighbouring, delta) } else { None }
    }

    fn sum(&mut self) {
        let spent = self.spent();
        self.total = Total { epsilon: spent.epsilon, delta: spent.delta };
    }

    /// Appends a release.
    fn add(&mut self, release: &Release, id: String) {
        let spent = release.ledger.spent(release.budget.delta.unwrap_or(0.0));
        self.releases.push(Record {
            id,
            arm: release.arm.clone(),
            mechanism: release.mechanism.clone(),
            asked: release.budget,
            epsilon: spent.epsilon,
            delta: spent.delta,
            entries: release.ledger.entries().to_vec(),
        });
        self.sum();
    }
}

/// A release that stands in a temporary folder and is not published yet.
#[derive(Debug)]
pub struct Prepared {
    folder: RunFolder,
    /// All releases, this one last.
    pub ledger: PublicLedger,
}

impl Prepared {
    /// Name of this release.
    pub fn id(&self) -> &str {
        self.ledger.releases.last().map_or("", |r| r.id.as_str())
    }

    /// Puts the folder in its place.
    pub fn publish(self) -> Result<std::path::PathBuf> {
        self.folder.finish()
    }
}

/// Refuses a folder that holds anything: a release is never replaced.
pub fn check_folder(target: &Path) -> Result<()> {
    match std::fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::Other(format!(
                "{} is not empty: a release goes into a folder of its own and is never replaced; choose another with --out",
                target.display()
            ))),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => super::folder::try_out(target, "release"),
        Err(e) => Err(Error::io("use as folder", target)(e)),
    }
}

/// Writes everything public beside `target`, under a temporary name. Dropped unpublished, it leaves nothing.
pub fn prepare(target: &Path, release: &Release, earlier: PublicLedger) -> Result<Prepared> {
    check_folder(target)?;
    let json = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
    let files: Vec<(&str, Vec<u8>)> = match &release.product {
        Product::Cohorts(sums, names) => {
            vec![("cohorts.csv", csv_of(sums, names)?), ("cohorts.json", json(&cohorts(sums, names)))]
        }
        Product::Model(model) => vec![("model.json", json(model))],
    };
    let mut named = serde_json::to_vec(release.ledger.entries()).map_err(|e| Error::Other(e.to_string()))?;
    for (_, bytes) in &files {
        named.extend_from_slice(bytes);
    }
    let mut ledger = earlier;
    ledger.add(release, sha256(&named)[..16].to_owned());
    let mut folder = RunFolder::create(target, "release", super::Overwrite::Refuse)?;
    for (name, bytes) in &files {
        folder.write_bytes(name, bytes)?;
    }
    let value = serde_json::to_value(&ledger).map_err(|e| Error::Other(e.to_string()))?;
    folder.write_bytes(LEDGER, &json(&value))?;
    folder.write_bytes("STATEMENT.md", statement::text(release, &ledger).as_bytes())?;
    Ok(Prepared { folder, ledger })
}

/// One row a cohort: noisy members, and the mean of each column that follows from the noisy sums.
fn csv_of(sums: &CohortSums, names: &[String]) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Error::Other(format!("cohorts.csv: {e}"));
    let head = ["cohort".to_owned(), "name".to_owned(), "members".to_owned()];
    let means = sums.columns.iter().map(|c| format!("mean_{}", c.name));
    out.write_record(head.into_iter().chain(means)).map_err(failed)?;
    for (c, name) in names.iter().enumerate() {
        let size = sums.size(c);
        let mean = |k: usize| format!("{:.6}", sums.mean(k, sums.sums[c * sums.width() + k] as f64, size));
        let row = [c.to_string(), name.clone(), format!("{size:.3}")];
        out.write_record(row.into_iter().chain((0..sums.columns.len()).map(mean))).map_err(failed)?;
    }
    out.into_inner().map_err(|e| Error::Other(format!("cohorts.csv: {e}")))
}

/// The released integers themselves, with what they stand for.
fn cohorts(sums: &CohortSums, names: &[String]) -> serde_json::Value {
    let rows: Vec<serde_json::Value> = names
        .iter()
        .zip(sums.sums.chunks(sums.width()))
        .map(|(name, released)| serde_json::json!({ "name": name, "released": released }))
        .collect();
    serde_json::json!({
        "format": "pretick-cohorts-1",
        "how_to_read": "released[k] is the noisy sum over the cohort's members of round(grid·(2(x − lo)/(hi − lo) − 1)), x clamped to lo..hi, for each column in turn; the last is grid times the number of members. Nothing else about the members was released.",
        "partition": sums.cohort.word(),
        "grid": sums.grid,
        "columns": sums.columns.iter().map(|c| serde_json::json!({ "name": c.name, "lo": c.lo, "hi": c.hi })).collect::<Vec<_>>(),
        "cohorts": rows,
    })
}

/// δ without the last digits of a sum of floats; the ledger keeps them.
fn in_words(delta: f64) -> String {
    let text = format!("{delta:.9e}");
    let Some((digits, power)) = text.split_once('e') else { return text };
    match digits.trim_end_matches('0').trim_end_matches('.') {
        "0" => "0".to_owned(),
        digits => format!("{digits}e{power}"),
    }
}

/// A few lines for the terminal.
pub fn summary(ledger: &PublicLedger) -> String {
    let spent = ledger.spent();
    let mut out = String::new();
    if let Some(last) = ledger.releases.last() {
        let _ = writeln!(
            out,
            "released: {} (arm {}), ε = {:.6}, δ = {}",
            last.mechanism,
            last.arm,
            last.epsilon,
            in_words(last.delta)
        );
    }
    let _ = writeln!(
        out,
        "total so far: {} release(s), ε = {}, δ = {}; add or remove one person",
        ledger.releases.len(),
        crate::privacy::rounded_up(spent.epsilon, 6),
        in_words(spent.delta)
    );
    if let Some(table) = ledger.side_by_side() {
        let cell = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| crate::privacy::rounded_up(v, 4));
        let cells: Vec<String> = table.rows().iter().map(|(name, v)| format!("{name} {}", cell(*v))).collect();
        let _ = writeln!(out, "ε at that δ by accountant: {}", cells.join(", "));
    }
    out
}

#[cfg(test)]
mod tests;
