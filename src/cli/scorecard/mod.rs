//! `pretick scorecard`: fit a scorecard on one's own table, score applicants with it, watch whether they change.

mod fit;
mod monitor;
mod print;
mod score;
mod trends;

use super::input::column_map;
use crate::error::{Error, Result};
use crate::population::{Table, TableParams};
use crate::report::csv;
use crate::scoring::scorecard::Document;
use crate::view::LenderView;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ScorecardArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Fit a scorecard on a table: bins, points, cutoffs and calibration, in a folder
    Fit(fit::FitArgs),
    /// Score the rows of a file: PD, score and reasons
    Score(score::ScoreArgs),
    /// Compare a newer file with an older one: PSI of the score, CSI of each column
    Monitor(monitor::MonitorArgs),
}

pub(super) fn scorecard(args: &ScorecardArgs) -> Result<ExitCode> {
    match &args.what {
        What::Fit(args) => fit::fit(args),
        What::Score(args) => score::score(args),
        What::Monitor(args) => monitor::monitor(args),
    }
}

/// A scorecard file and its column map.
fn open(path: &Path) -> Result<(Document, TableParams)> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(Error::io("read scorecard", path))?;
    let document = Document::from_json(&name, &text)?;
    let map = column_map(&name, &document.column_map)?;
    Ok((document, map))
}

/// The named rows of a table as a lender sees them who was told everything.
fn view(table: &Table, rows: &[u32], labelled: bool) -> LenderView {
    let (always, more) = table.features();
    LenderView {
        always: always.select(rows),
        more: more.select(rows),
        known: vec![true; rows.len()],
        refusal_is_a_feature: false,
        labels: labelled.then(|| rows.iter().map(|i| table.outcomes()[*i as usize]).collect()),
    }
}

/// All rows of a file of applicants, in the order of the file.
pub(super) fn applicants(path: &Path, map: &TableParams, skip_bad_rows: bool) -> Result<(Table, Vec<u32>)> {
    let table = Table::open_applicants(path, map, skip_bad_rows)?;
    let mut rows: Vec<u32> = (0..table.persons() as u32).collect();
    rows.sort_by_key(|i| table.places()[*i as usize].0);
    Ok((table, rows))
}

/// Rows as CSV, a column a field; NaN is empty.
fn csv_of<T: Serialize>(rows: &[T]) -> Result<Vec<u8>> {
    let broken = |e: &dyn std::fmt::Display| Error::Other(format!("cannot write CSV: {e}"));
    let mut out = ::csv::Writer::from_writer(Vec::new());
    for (i, row) in rows.iter().enumerate() {
        let serde_json::Value::Object(fields) = serde_json::to_value(row).map_err(|e| broken(&e))? else { continue };
        if i == 0 {
            out.write_record(fields.keys()).map_err(|e| broken(&e))?;
        }
        let text = |v: &serde_json::Value| match v {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(s) => s.clone(),
            serde_json::Value::Number(n) if n.is_f64() => csv::number(n.as_f64().unwrap_or(f64::NAN)),
            other => other.to_string(),
        };
        out.write_record(fields.values().map(text)).map_err(|e| broken(&e))?;
    }
    out.into_inner().map_err(|e| broken(&e))
}
