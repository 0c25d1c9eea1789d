//! The files of a bench. Each is written whole; `bench.csv` comes last, so that a folder that has it is complete.

use super::compare::{Change, differences};
use super::{About, Cells, TrendCost, csv, plot, summary, write_trends};
use crate::error::{Error, Result};
use crate::experiment::bench::{Done, Placement};
use crate::report::file::write_whole;
use crate::report::{Overwrite, plots};
use serde_json::{Value, json};
use std::path::Path;

/// The description of a bench.
pub const MANIFEST: &str = "bench.json";
/// The values.
pub const VALUES: &str = "bench.csv";

/// Whether `folder` may take the bench `id`; call it before a long run.
pub fn check(folder: &Path, id: &str, overwrite: Overwrite) -> Result<()> {
    if overwrite == Overwrite::Replace || !folder.join(VALUES).exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(folder.join(MANIFEST)).unwrap_or_default();
    let found = serde_json::from_str::<Value>(&text).unwrap_or(Value::Null);
    if found["bench_id"] == id {
        return Ok(());
    }
    Err(Error::Other(format!(
        "{} holds the result of another bench: choose another folder with --out, or replace it with --force",
        folder.display()
    )))
}

/// Everything that is written.
pub struct Bench<'a> {
    /// Identifies the bench: same scenario, data, options and version, same id.
    pub id: &'a str,
    /// Persons, splits, intervals.
    pub about: &'a About,
    /// Results.
    pub done: &'a [Done],
    /// (row, id) of the persons of a data file, in the order of the placements.
    pub places: &'a [(u32, String)],
    /// Published splits; empty for populations.
    pub placements: &'a [Placement],
    /// What declared trends cost.
    pub trends: &'a [TrendCost],
    /// What changed against an earlier bench.
    pub change: Option<&'a Change>,
    /// Further keys of `bench.json`.
    pub more: Value,
    /// Whether pictures are drawn.
    pub pictures: bool,
}

/// Writes all files; gives the notes of pictures that were left out.
pub fn write(folder: &Path, bench: &Bench<'_>) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder).map_err(Error::io("create folder", folder))?;
    let put = |name: &str, content: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| -> Result<()> {
        let (mut bytes, path) = (Vec::new(), folder.join(name));
        content(&mut bytes).map_err(Error::io("write", &path))?;
        write_whole(&path, &bytes, Overwrite::Replace)
    };
    let rows = csv::rows(bench.done);
    let cells = Cells::new(&rows);
    let about = bench.about;
    put("summary.csv", &|out| summary::write_summary(out, &cells, about.replicates))?;
    let paired = differences(&cells, &about.reference, about.replicates);
    put("differences.csv", &|out| summary::write_differences(out, &paired))?;
    if !bench.placements.is_empty() {
        put("splits.csv", &|out| csv::write_splits(out, bench.places, bench.placements))?;
    }
    if !bench.trends.is_empty() {
        put("trends.csv", &|out| write_trends(out, bench.trends))?;
    }
    if let Some(change) = bench.change {
        put("baseline.csv", &|out| summary::write_differences(out, &change.differences))?;
    }
    if about.real_data {
        put("NOTICE.txt", &|out| {
            out.extend_from_slice(format!("{}\n", crate::report::SIMULATED).as_bytes());
            Ok(())
        })?;
    }
    let mut notes = Vec::new();
    if bench.pictures {
        let (drawn, left_out) = plot::draw_all(&cells, about)?;
        let pictures = folder.join("plots");
        std::fs::create_dir_all(&pictures).map_err(Error::io("create folder", &pictures))?;
        for picture in &drawn {
            let path = |ending: &str| pictures.join(format!("{}.{ending}", picture.name));
            write_whole(&path("svg"), picture.svg.as_bytes(), Overwrite::Replace)?;
            write_whole(&path("png"), &plots::png(&picture.svg)?, Overwrite::Replace)?;
        }
        notes = left_out;
    }
    let manifest = manifest(bench);
    put(MANIFEST, &|out| {
        out.extend_from_slice(format!("{manifest:#}\n").as_bytes());
        Ok(())
    })?;
    put(VALUES, &|out| csv::write(out, &rows))?;
    Ok(notes)
}

fn manifest(bench: &Bench<'_>) -> Value {
    let mut value = json!({
        "bench_id": bench.id,
        "notice": bench.about.real_data.then_some(crate::report::SIMULATED),
        "about": bench.about,
        "failures": failures(bench.done),
        "trends": bench.trends,
        "ledger_note": "releases of the first fold of the first seed; every other fold repeats them on other persons",
        "ledger": bench.done.iter().filter_map(|d| d.releases.clone()).collect::<Vec<Value>>(),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut value, &bench.more) {
        all.extend(more.clone());
    }
    value
}

/// Fits that failed, with their reasons.
pub fn failures(done: &[Done]) -> Vec<Value> {
    let failed = done.iter().filter_map(|d| d.failure.as_ref().map(|reason| (d, reason)));
    failed
        .map(|(d, reason)| {
            json!({
                "scorer": &*d.scorer, "epsilon": d.epsilon.map(crate::report::csv::number), "seed": d.seed,
                "fold": d.fold, "reason": reason,
            })
        })
        .collect()
}
