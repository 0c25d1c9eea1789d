//! `pretick scorecard score`.

use super::super::complain;
use super::super::score::RowsArgs;
use super::{open, view};
use crate::error::{Error, Result};
use crate::report::csv;
use crate::scoring::scorecard::table::label;
use crate::scoring::scorecard::{Card, Decision, Points};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ScoreArgs {
    /// scorecard.json of an earlier fit
    model: PathBuf,
    #[command(flatten)]
    rows: RowsArgs,
}

pub(super) fn score(args: &ScoreArgs) -> Result<ExitCode> {
    let target = args.rows.target(&args.model)?;
    let (document, map) = open(&args.model)?;
    let points = document.on_scale()?;
    let (table, rows) = args.rows.read(&map)?;
    let decisions = points.decide(&view(&table, &rows, false))?;
    let shown = map.untransformed();
    let words = |card: &Card, bin: usize| {
        let place = card.bins.iter().nth(bin).map(|b| &b.place);
        place.map_or_else(String::new, |p| label(&card.column, p, &shown))
    };
    let mut file = target.begin()?;
    let ids = rows.iter().map(|row| table.label(*row));
    write(&mut file, ids, &decisions, &points, document.points.reasons as usize, &words)?;
    file.finish()?;
    table.notes().iter().for_each(|note| complain(&format!("note: {note}")));
    complain(&format!("{}: {} scored", args.rows.out.display(), decisions.len()));
    Ok(ExitCode::SUCCESS)
}

fn write(
    out: impl Write,
    ids: impl Iterator<Item = String>,
    decisions: &[Decision<'_>],
    points: &Points<'_>,
    reasons: usize,
    words: &dyn Fn(&Card, usize) -> String,
) -> Result<()> {
    let broken = |e: ::csv::Error| Error::Other(format!("cannot write the scores: {e}"));
    let mut csv = ::csv::Writer::from_writer(out);
    let head = ["id", "pd", "score", "points"].map(str::to_owned).into_iter();
    csv.write_record(head.chain((1..=reasons).map(|k| format!("reason_{k}")))).map_err(broken)?;
    for (id, d) in ids.zip(decisions) {
        let told = d.reasons.iter().map(|r| points.words(r, words)).collect::<Result<Vec<_>>>()?;
        let told = told.into_iter().chain(std::iter::repeat(String::new())).take(reasons);
        let fields = [id, csv::number(d.pd), csv::number(d.score), d.whole.to_string()];
        csv.write_record(fields.into_iter().chain(told)).map_err(broken)?;
    }
    csv.flush().map_err(|e| broken(e.into()))
}
