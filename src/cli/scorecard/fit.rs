//! `pretick scorecard fit`.

use super::super::input::ScenarioArgs;
use super::super::input::toml_of;
use super::super::{command_line, complain, remark, say};
use super::{csv_of, print, trends, view};
use crate::error::{Error, Result};
use crate::population::{Source, Table, TableParams};
use crate::report::Overwrite;
use crate::report::bench::{TrendCost, render_trends, write_trends};
use crate::report::manifest::sha256;
use crate::report::output::{FolderTarget, SCORECARD};
use crate::rng::{Entity, Purpose, Streams};
use crate::scenario::Loaded;
use crate::scoring::scorecard::calibration::{Calibration, calibration};
use crate::scoring::scorecard::cutoffs::{CutoffRow, GainsRow, cutoffs, gains};
use crate::scoring::scorecard::table::Shown;
use crate::scoring::scorecard::{Decision, Document, Points, Scorecard, sql, table};
use crate::view::LenderView;
use std::path::PathBuf;
use std::process::ExitCode;

/// Points between two cutoffs of the table.
const STEP: f64 = 10.0;

const FILES: [&str; 7] =
    ["scorecard.json", "scorecard.csv", "iv.csv", "cutoffs.csv", "gains.csv", "calibration.csv", "scorecard.sql"];
/// Written where the column map declares trends.
const TRENDS: &str = "trends.csv";
/// Share that is held out to judge trends where none is held out otherwise.
const JUDGED: f64 = 0.3;

#[derive(Debug, clap::Args)]
pub(super) struct FitArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Table to learn from (CSV or Parquet), through the scenario's column map
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Folder for the scorecard and its tables
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Share of the persons that is held out: cutoffs and calibration are theirs; 0 takes the training persons instead
    #[arg(long, default_value_t = 0.3)]
    holdout: f64,
    /// Splits on which each declared trend is freed in turn, to say what it costs; 0 leaves that out
    #[arg(long, value_name = "SPLITS", default_value_t = 5)]
    trends: u32,
    /// Count malformed rows and go on instead of stopping at the first
    #[arg(long)]
    skip_bad_rows: bool,
    /// Replace an earlier scorecard in that folder
    #[arg(long)]
    force: bool,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

/// What the scores of some persons are worth.
pub(super) struct Worth {
    pub persons: usize,
    pub auc: f64,
    pub ks: f64,
    pub cutoffs: Vec<CutoffRow>,
    pub gains: Vec<GainsRow>,
    pub calibration: Calibration,
}

pub(super) fn fit(args: &FitArgs) -> Result<ExitCode> {
    let loaded = args.scenario.load()?;
    let s = &loaded.scenario;
    let Source::Table(map) = &s.histories.source else {
        return Err(Error::Other(
            "this scenario has no column map: write histories.source.table (see scenarios/taiwan-2005.toml)".into(),
        ));
    };
    if !(0.0..=0.9).contains(&args.holdout) {
        return Err(Error::Other(format!("--holdout {} is out of range; allowed: 0 to 0.9", args.holdout)));
    }
    let target = FolderTarget::check(&args.out, SCORECARD, None, Overwrite::by(args.force))?;
    if !args.quiet {
        remark(target.notes());
    }
    // Groups and cohorts say nothing to a scorecard: their columns need not even be filled in.
    let map = map.for_scoring();
    let data = Table::open(&args.data, &map, args.skip_bad_rows)?;
    let (train, test) = split(&data, s.seed, args.holdout);
    let train = view(&data, &train, true);
    let model = Scorecard::new(s.lender.scorecard.clone()).learn(&train)?;
    let document = Document::new(&s.name, &toml_of(&map)?, &s.lender.scale, &s.lender.scorecard.points, model);
    let points = document.on_scale()?;
    let economics = s.lender.economics();
    let in_sample = worth(&points.decide(&train)?, &train, economics)?;
    let held_out = if test.is_empty() {
        None
    } else {
        let test = view(&data, &test, true);
        Some(worth(&points.decide(&test)?, &test, economics)?)
    };
    let held = if args.holdout > 0.0 { args.holdout } else { JUDGED };
    let costs = trends::costs(&data, &s.lender, s.seed, held, args.trends)?;
    let shown = map.untransformed();
    let (persons, bads) = document.model.trained_on();
    let columns = table::columns(document.model.cards());
    let judged = held_out.as_ref().unwrap_or(&in_sample);
    let made = [
        document.to_json()?.into_bytes(),
        csv_of(&table::bins(&points, persons, bads, &shown))?,
        csv_of(&columns)?,
        csv_of(&judged.cutoffs)?,
        csv_of(&judged.gains)?,
        csv_of(&judged.calibration.tenths)?,
        query(&points, &map, &shown).into_bytes(),
    ];
    let notes = write(target, &made, &costs, manifest(&loaded, &data))?;
    if !args.quiet {
        let printed = print::lines(&points, &shown, persons, bads);
        say(&print::fitted(&columns, &printed, &in_sample, held_out.as_ref(), economics))?;
        if !costs.is_empty() {
            say(&format!("\n{}", render_trends(&costs, true)))?;
        }
        remark(data.notes());
        remark(&notes);
        let files = FILES.iter().chain((!costs.is_empty()).then_some(&TRENDS)).copied().collect::<Vec<_>>();
        complain(&format!("{}: {}", args.out.display(), files.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the folder; gives what should be known of the disk.
fn write(
    target: FolderTarget,
    made: &[Vec<u8>; FILES.len()],
    costs: &[TrendCost],
    manifest: serde_json::Value,
) -> Result<Vec<String>> {
    let mut folder = target.begin()?;
    for (name, bytes) in FILES.iter().zip(made) {
        folder.write_bytes(name, bytes)?;
    }
    if !costs.is_empty() {
        folder.write(TRENDS, |out| write_trends(out, costs))?;
    }
    folder.finish(manifest).map(|(_, notes)| notes)
}

/// What the scorecard was made of.
fn manifest(loaded: &Loaded, data: &Table) -> serde_json::Value {
    let (version, effective) = (env!("CARGO_PKG_VERSION"), loaded.effective());
    let identity = format!("{version}\n{}\n{effective}", data.sha256());
    serde_json::json!({
        "scorecard_id": sha256(identity.as_bytes())[..16],
        "pretick_version": version,
        "command": command_line(),
        "data": { "path": data.file(), "sha256": data.sha256() },
        "scenario_sha256": sha256(loaded.text.as_bytes()),
        "effective_scenario": effective,
    })
}

/// The exact points as a query of a table of applicants.
fn query(points: &Points<'_>, map: &TableParams, shown: Shown<'_>) -> String {
    let used: Vec<&str> = points.columns().iter().map(|c| c.card.column.name.as_str()).collect();
    let source = map.sql_source("applicants", &used);
    let least = map.least_value();
    let input = sql::Input {
        with: &source.with,
        relation: &source.relation,
        id: &map.keys.id,
        no_score: &source.no_score,
        least: &least,
        code: shown,
    };
    sql::query(points, &input, false)
}

/// Training and held-out rows: by a draw for each person, so that a table with ids gives the same halves in any order.
fn split(data: &Table, seed: u64, holdout: f64) -> (Vec<u32>, Vec<u32>) {
    let streams = Streams::new(seed, 0);
    let out = |i: &u32| {
        let person = Entity::Person(data.person_keys()[*i as usize]);
        streams.uniform(person, 0, Purpose::Split) < holdout
    };
    let (test, train) = (0..data.persons() as u32).partition(out);
    (train, test)
}

fn worth(decisions: &[Decision<'_>], view: &LenderView, (margin, lgd): (f64, f64)) -> Result<Worth> {
    let labels = view.labels.as_deref().unwrap_or(&[]);
    let (pd, scores): (Vec<f64>, Vec<f64>) = decisions.iter().map(|d| (d.pd, d.score)).unzip();
    let (auc, ks) = crate::evaluate::ranking(&pd, labels);
    Ok(Worth {
        persons: labels.len(),
        auc,
        ks,
        cutoffs: cutoffs(&scores, labels, STEP, margin, lgd)?,
        gains: gains(&scores, labels)?,
        calibration: calibration(&pd, labels)?,
    })
}
