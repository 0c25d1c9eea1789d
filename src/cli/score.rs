//! `pretick score`: scores by a model that `pretick release` wrote.

use super::input::column_map;
use super::scorecard::applicants;
use super::{complain, remark};
use crate::error::{Error, Result};
use crate::population::{Table, TableParams};
use crate::report::output::FileTarget;
use crate::report::{Overwrite, csv};
use crate::scoring::saved;
use crate::view::PlatformView;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ScoreArgs {
    /// model.json of a release
    model: PathBuf,
    #[command(flatten)]
    rows: RowsArgs,
}

/// Rows to score and the file for their scores: what both commands that score take.
#[derive(Debug, clap::Args)]
pub(super) struct RowsArgs {
    /// Rows to score (CSV or Parquet) with the columns that the model was fitted on; no outcome is needed
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// CSV to write: id, pd; of a scorecard also score, points, reason_1, …
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Count malformed rows and go on instead of stopping at the first
    #[arg(long)]
    skip_bad_rows: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

impl RowsArgs {
    /// The place for the scores by `model`; fails before the work where it may not be written to.
    pub(super) fn target(&self, model: &Path) -> Result<FileTarget> {
        let target = FileTarget::check(&self.out, Overwrite::by(self.force))?;
        target.is_none_of(&[&self.data, model])?;
        remark(target.notes());
        Ok(target)
    }

    /// The rows, in the order of the file.
    pub(super) fn read(&self, map: &TableParams) -> Result<(Table, Vec<u32>)> {
        applicants(&self.data, map, self.skip_bad_rows)
    }
}

pub(super) fn score(args: &ScoreArgs) -> Result<ExitCode> {
    let target = args.rows.target(&args.model)?;
    let name = args.model.display().to_string();
    let text = std::fs::read_to_string(&args.model).map_err(Error::io("read model", &args.model))?;
    let wrong = |why: &dyn std::fmt::Display| Error::Other(format!("{name}: {why}"));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
    let (model, columns) = saved::read(&value).map_err(|e| wrong(&e))?;
    let map = value.get("column_map").and_then(serde_json::Value::as_str);
    let map = column_map(&name, map.ok_or_else(|| wrong(&"it has no column map"))?)?;
    let (table, rows) = args.rows.read(&map)?;
    let (always, more) = table.features();
    let view = PlatformView { features: always.select(&rows).beside(&more.select(&rows)), labels: None };
    if view.features.columns() != columns {
        return Err(wrong(&"its columns are not those of its column map (was the file edited?)"));
    }
    let pd = model.score(&view)?;
    let broken = |e: ::csv::Error| Error::Other(format!("cannot write the scores: {e}"));
    let mut file = target.begin()?;
    let mut out = ::csv::Writer::from_writer(&mut file);
    out.write_record(["id", "pd"]).map_err(broken)?;
    for (row, pd) in rows.iter().zip(&pd) {
        out.write_record([table.label(*row), csv::number(*pd)]).map_err(broken)?;
    }
    out.flush().map_err(|e| broken(e.into()))?;
    drop(out);
    file.finish()?;
    model.notes().iter().chain(table.notes()).for_each(|note| complain(&format!("note: {note}")));
    complain(&format!(
        "{}: {} scored. A score reveals a function of the person's own record: the release protects those it was trained on",
        args.rows.out.display(),
        pd.len()
    ));
    Ok(ExitCode::SUCCESS)
}
