//! What a real release writes: a public folder, whole or not there at all, and a private register beside the data.
//!
//! | file | for whom | holds |
//! |---|---|---|
//! | `STATEMENT.md` | public | what is and what is not protected, in plain language |
//! | `ledger.json` | public | every release so far with its noise and its cost, and the total ([`PublicLedger`]) |
//! | `cohorts.csv`, `cohorts.json` | public | the noisy table |
//! | `model.json` | public | the model |
//! | `pretick-releases.json` | stays inside | who was in which release (`register`) |
//!
//! Every public byte is a function of released (noisy) numbers, of the scenario and of the command line, or part of the release's
//! random name: no count of rows, no hash of the data, no path, no clamped values, no time.
//!
//! [`perform`] is the order of events; [`Registers`] are asked and locked before it.

mod draft;
mod ledger;
mod perform;
mod persons;
mod register;
mod registers;
mod statement;

pub use draft::check_folder;
pub use ledger::{PublicLedger, Record};
pub use perform::{Done, Order, perform};
pub use persons::Persons;
pub use registers::{CutOff, Registers};

use crate::disclosure::CohortSums;
use crate::error::{Error, Result};
use crate::experiment::release::{Product, Release};
use std::fmt::Write as _;

/// The file that a later release is added to.
pub const LEDGER: &str = "ledger.json";

/// The public files of a release, whose record is the ledger's last.
fn files(release: &Release, ledger: &PublicLedger) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let json = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
    let mut files = match &release.product {
        Product::Cohorts(sums, names) => {
            vec![("cohorts.csv", csv_of(sums, names)?), ("cohorts.json", json(&cohorts(sums, names)))]
        }
        Product::Model(model) => vec![("model.json", json(model))],
    };
    let value = serde_json::to_value(ledger).map_err(|e| Error::Other(e.to_string()))?;
    files.push((LEDGER, json(&value)));
    files.push(("STATEMENT.md", statement::text(release, ledger).into_bytes()));
    Ok(files)
}

/// Equal but for what a file of decimals loses.
fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
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
        "how_to_read": "released[k] is the noisy sum over the cohort's members of round(grid·(2(x − lo)/(hi − lo) − 1)), x clamped to lo..hi, for each column in turn; a missing or special value of x, and a field that could not be read, counts as the middle of lo..hi, hence as 0 in this sum. The last is grid times the number of members. Nothing else about the members was released.",
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
