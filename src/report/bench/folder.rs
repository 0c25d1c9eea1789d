//! The files of a bench: one folder, whole or not there at all. `bench.json` describes it and lists its files.

use super::compare::{Change, differences};
use super::{About, Cells, TrendCost, csv, plot, summary, write_trends};
use crate::error::Result;
use crate::experiment::bench::{Done, Placement};
use crate::report::output::FolderTarget;
use crate::report::plots;
use serde_json::{Value, json};

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

/// Writes all files. Gives the notes of pictures that were left out, and of what should be known of the disk.
pub fn write(target: FolderTarget, bench: &Bench<'_>) -> Result<Vec<String>> {
    let mut folder = target.begin()?;
    let rows = csv::rows(bench.done);
    let cells = Cells::new(&rows);
    let about = bench.about;
    folder.write("bench.csv", |out| csv::write(out, &rows))?;
    folder.write("summary.csv", |out| summary::write_summary(out, &cells, about.replicates))?;
    let paired = differences(&cells, &about.reference, about.replicates);
    folder.write("differences.csv", |out| summary::write_differences(out, &paired))?;
    if !bench.placements.is_empty() {
        folder.write("splits.csv", |out| csv::write_splits(out, bench.places, bench.placements))?;
    }
    if !bench.trends.is_empty() {
        folder.write("trends.csv", |out| write_trends(out, bench.trends))?;
    }
    if let Some(change) = bench.change {
        folder.write("baseline.csv", |out| summary::write_differences(out, &change.differences))?;
    }
    if about.real_data {
        folder.write_bytes("NOTICE.txt", format!("{}\n", crate::report::SIMULATED).as_bytes())?;
    }
    let mut notes = Vec::new();
    if bench.pictures {
        let (drawn, left_out) = plot::draw_all(&cells, about)?;
        for picture in &drawn {
            folder.write_bytes(&format!("plots/{}.svg", picture.name), picture.svg.as_bytes())?;
            folder.write_bytes(&format!("plots/{}.png", picture.name), &plots::png(&picture.svg)?)?;
        }
        notes = left_out;
    }
    notes.extend(folder.finish(manifest(bench))?.1);
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
