//! `pretick scorecard monitor`.

use super::super::{complain, remark, say};
use super::{applicants, csv_of, open, print, view};
use crate::error::Result;
use crate::population::TableParams;
use crate::report::Overwrite;
use crate::report::output::{FileTarget, write_whole};
use crate::scoring::monitoring::{Stability, count, count_bins, stability, tenths};
use crate::scoring::scorecard::table::label;
use crate::scoring::scorecard::{Assigned, Document};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct MonitorArgs {
    /// scorecard.json of an earlier fit
    model: PathBuf,
    /// The older file, e.g. that of the fit
    #[arg(long, value_name = "OLD")]
    data: PathBuf,
    /// Newer files, one a month for example: each is compared with the older one; repeatable
    #[arg(long, value_name = "NEW", required = true)]
    against: Vec<PathBuf>,
    /// CSV to write: a line a bin of the score and of each column, for each newer file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Count malformed rows and go on instead of stopping at the first
    #[arg(long)]
    skip_bad_rows: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// One newer file against the older one: the score first, then the columns.
pub(super) struct Compared {
    pub file: String,
    pub persons: usize,
    pub lines: Vec<(String, Stability)>,
}

/// One line of the CSV.
#[derive(Serialize)]
struct Line {
    against: String,
    column: String,
    bin: String,
    old: u64,
    new: u64,
    old_share: f64,
    new_share: f64,
    psi: f64,
    psi_all_bins: f64,
    psi_p: f64,
    chi2_p: f64,
}

/// A file as bins and scores.
struct Scored {
    assigned: Assigned,
    scores: Vec<f64>,
}

fn scored(document: &Document, map: &TableParams, path: &Path, skip: bool) -> Result<Scored> {
    let (table, rows) = applicants(path, map, skip)?;
    let view = view(&table, &rows, false);
    let scores = document.on_scale()?.decide(&view)?.iter().map(|d| d.score).collect();
    Ok(Scored { assigned: document.model.assign(&view)?, scores })
}

pub(super) fn monitor(args: &MonitorArgs) -> Result<ExitCode> {
    let target = target(args)?;
    let (document, map) = open(&args.model)?;
    let old = scored(&document, &map, &args.data, args.skip_bad_rows)?;
    let edges = tenths(&old.scores);
    let mut all = Vec::new();
    for path in &args.against {
        let new = scored(&document, &map, path, args.skip_bad_rows)?;
        let score = stability(&count(&old.scores, &edges), &count(&new.scores, &edges))?;
        let mut lines = vec![("(score)".to_owned(), score)];
        for (j, card) in document.model.used() {
            let of = |s: &Scored| count_bins(&document.model, &s.assigned, j);
            lines.push((card.column.name.clone(), stability(&of(&old), &of(&new))?));
        }
        all.push(Compared { file: path.display().to_string(), persons: new.scores.len(), lines });
    }
    if let Some(target) = target {
        write_whole(target, &csv_of(&lines(&document, &map, &edges, &all))?)?;
    }
    say(&print::compared(old.scores.len(), &all))?;
    if let Some(path) = &args.out {
        complain(&format!("{}: every bin", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The place for the CSV, if one is asked for: none of the files that are read.
fn target(args: &MonitorArgs) -> Result<Option<FileTarget>> {
    let Some(out) = &args.out else { return Ok(None) };
    let target = FileTarget::check(out, Overwrite::by(args.force))?;
    let inputs = [&args.model, &args.data].into_iter().chain(&args.against).map(PathBuf::as_path);
    target.is_none_of(&inputs.collect::<Vec<_>>())?;
    remark(target.notes());
    Ok(Some(target))
}

fn lines(document: &Document, map: &TableParams, edges: &[f64], all: &[Compared]) -> Vec<Line> {
    let shown = map.untransformed();
    let score_bin = |k: usize| match (k.checked_sub(1).and_then(|i| edges.get(i)), edges.get(k)) {
        (None, None) => "any".to_owned(),
        (None, Some(b)) => format!("< {b:.1}"),
        (Some(a), None) => format!(">= {a:.1}"),
        (Some(a), Some(b)) => format!("[{a:.1}, {b:.1})"),
    };
    let mut out = Vec::new();
    for compared in all {
        for (column, s) in &compared.lines {
            let card = document.model.used().map(|(_, card)| card).find(|card| card.column.name == *column);
            for (k, bin) in s.bins.iter().enumerate() {
                let place = card.and_then(|card| card.bins.iter().nth(k).map(|b| (card, &b.place)));
                out.push(Line {
                    against: compared.file.clone(),
                    column: column.clone(),
                    bin: place.map_or_else(|| score_bin(k), |(card, p)| label(&card.column, p, &shown)),
                    old: bin.old,
                    new: bin.new,
                    old_share: bin.old_share,
                    new_share: bin.new_share,
                    psi: bin.psi,
                    psi_all_bins: s.psi,
                    psi_p: s.psi_p,
                    chi2_p: s.chi2_p,
                });
            }
        }
    }
    out
}
