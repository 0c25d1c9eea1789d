//! Scenario files, `--set`, data files: what several commands read in the same way.

use super::memory;
use crate::document::{Node, Problem};
use crate::error::{Error, Result};
use crate::experiment::{Histories, footprint};
use crate::params::{About, Field, any};
use crate::population::{Source, Table, TableParams};
use crate::scenario::Loaded;
use crate::scoring::{command, onnx};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A scenario and what overrides it.
#[derive(Debug, clap::Args)]
pub(super) struct ScenarioArgs {
    /// Scenario file (TOML)
    pub scenario: PathBuf,
    /// Override a parameter, e.g. --set consent.shock=0.5 or --set arm.opt-in.form.notice=0.6; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Override the seed
    #[arg(long)]
    pub seed: Option<u64>,
    /// Override population.persons
    #[arg(long)]
    pub persons: Option<u64>,
    /// Override the number of replications
    #[arg(long)]
    pub replications: Option<u64>,
    /// Start the program that a scenario names as its scorer (lender.command): only for scenarios that you trust
    #[arg(long)]
    pub allow_commands: bool,
}

/// A file of real histories.
#[derive(Debug, clap::Args)]
pub(super) struct DataArgs {
    /// File of real histories (CSV or Parquet) for a scenario with a column map
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Count malformed rows and go on instead of stopping at the first
    #[arg(long)]
    pub skip_bad_rows: bool,
}

/// A scenario, what overrides it, and one of its replications.
#[derive(Debug, clap::Args)]
pub(super) struct OneArgs {
    /// Scenario file (TOML)
    pub scenario: PathBuf,
    /// Override a parameter, e.g. --set population.group.share=0.5; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Override the seed
    #[arg(long)]
    pub seed: Option<u64>,
    /// Override population.persons
    #[arg(long)]
    pub persons: Option<u64>,
    /// Replication, from 0
    #[arg(long, default_value_t = 0)]
    pub replication: u32,
    /// Start the program that a scenario names as its scorer (lender.command): only for scenarios that you trust
    #[arg(long)]
    pub allow_commands: bool,
}

impl ScenarioArgs {
    /// Reads and checks the scenario.
    pub(super) fn load(&self) -> Result<Loaded> {
        let flags = [("seed", self.seed), ("population.persons", self.persons), ("replications", self.replications)];
        if self.allow_commands {
            command::allow();
        }
        load(&self.scenario, &self.set, &flags)
    }
}

impl OneArgs {
    /// Reads and checks the scenario.
    pub(super) fn load(&self) -> Result<Loaded> {
        if self.allow_commands {
            command::allow();
        }
        load(&self.scenario, &self.set, &[("seed", self.seed), ("population.persons", self.persons)])
    }
}

/// Most bytes of a scenario file: a thousand times what is needed, and read in a second.
const LARGEST_SCENARIO: u64 = 4_000_000;

/// A scenario's bytes, of which no more are read than are allowed.
fn read_scenario(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LARGEST_SCENARIO + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(Error::io("read scenario", path))?;
    if bytes.len() as u64 > LARGEST_SCENARIO {
        let message = format!("{}: a scenario file has at most 4 MB, this one has more", path.display());
        return Err(Error::Other(message));
    }
    Ok(bytes)
}

/// Reads and checks the scenario with its overrides.
pub(super) fn load(path: &Path, set: &[String], flags: &[(&str, Option<u64>)]) -> Result<Loaded> {
    if let Some(library) = std::env::var_os("ORT_DYLIB_PATH").filter(|p| !p.is_empty()) {
        onnx::use_runtime(library.into());
    }
    let bytes = read_scenario(path)?;
    let text = Node::text(&path.display().to_string(), bytes).map_err(Error::Scenario)?;
    if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
        let message = format!("{} is empty: it asks nothing", path.display());
        let help = "write a scenario with `pretick new NAME`, or copy one from scenarios/".to_owned();
        return Err(Error::Scenario(vec![Problem { origin: None, key: "scenario".into(), message, help: Some(help) }]));
    }
    let mut overrides = Vec::new();
    let flags = flags.iter().filter_map(|(key, value)| value.map(|v| format!("{key}={v}")));
    for text in set.iter().cloned().chain(flags) {
        overrides.push(Node::parse_assignment(&text).map_err(Error::Scenario)?);
    }
    let loaded = Loaded::from_toml(&path.display().to_string(), &text, &overrides)?;
    let persons = overrides.iter().find(|(key, _)| key == "population.persons");
    if let (Source::Table(_), Some((key, node))) = (&loaded.scenario.histories.source, persons) {
        return Err(Error::Scenario(vec![Problem {
            origin: Some(node.origin.clone()),
            key: key.clone(),
            message: "has no effect: this scenario's persons are those of the file".into(),
            help: Some("shorten the file of --data instead".into()),
        }]));
    }
    Ok(loaded)
}

/// Whether the scenario's scorers can be used here: asked before a long run.
pub(super) fn may_score(loaded: &Loaded) -> Result<()> {
    loaded.points()?.iter().try_for_each(|p| p.scenario.lender.may_score(&p.scenario.lender.scorer))
}

/// Reads the table if the scenario maps one; says what to do if the scenario and `--data` do not fit.
pub(super) fn histories(loaded: &Loaded, data: &DataArgs) -> Result<(Histories, Vec<String>)> {
    match (&loaded.scenario.histories.source, &data.data) {
        (Source::Synthetic(_), None) => {
            Ok((Histories::Synthetic, Vec::new()))
        }
        (Source::Synthetic(_), Some(path)) => Err(Error::Other(format!(
            "--data {} is given, but the scenario has no column map: write histories.source.table (see scenarios/taiwan-2005.toml)",
            path.display()
        ))),
        (Source::Table(_), None) => Err(Error::Other(
            "this scenario runs on a file of real histories: give it with --data FILE (the README says where to get it)".into(),
        )),
        (Source::Table(map), Some(path)) => {
            let table = Table::open(path, map, data.skip_bad_rows)?;
            let notes = table.notes().to_vec();
            Ok((Histories::Table(Box::new(table)), notes))
        }
    }
}

/// Refuses a run that this process cannot have the memory for, with so many arms at the same time.
pub(super) fn fit_in_memory(loaded: &Loaded, histories: &Histories, threads: usize) -> Result<()> {
    let points = loaded.points()?;
    let needed = |threads| {
        let of = |scenario| (footprint::of_run(scenario, histories, threads), histories.persons(scenario));
        points.iter().map(|p| of(&p.scenario)).max().unwrap_or_default()
    };
    let (bytes, persons) = needed(threads);
    room_for(bytes, persons, histories, (threads, needed(1).0))
}

/// Refuses a population that this process cannot have the memory for.
pub(super) fn people_fit_in_memory(loaded: &Loaded, histories: &Histories) -> Result<()> {
    let bytes = footprint::of_people(&loaded.scenario, histories);
    room_for(bytes, histories.persons(&loaded.scenario), histories, (1, bytes))
}

/// Refuses a bench that this process cannot have the memory for; `fits`: of one fold.
pub(super) fn bench_fits_in_memory(loaded: &Loaded, histories: &Histories, timed: bool, fits: usize) -> Result<()> {
    // Fits that are timed have nothing beside them.
    let beside = if timed { 1 } else { rayon::current_num_threads().min(fits) };
    let needed = |fits| footprint::of_bench(&loaded.scenario, histories, timed, fits);
    room_for(needed(beside), histories.persons(&loaded.scenario), histories, (beside, needed(1)))
}

/// Refuses what needs more bytes than there are; `on_one` thread it needs as many as said.
fn room_for(needed: u64, persons: u64, histories: &Histories, (threads, on_one): (usize, u64)) -> Result<()> {
    let what = format!("{persons} persons on {threads} thread{}", if threads == 1 { "" } else { "s" });
    let fewer = match histories {
        Histories::Synthetic => "take fewer persons (--persons) and more replications",
        Histories::Table(_) => "take a part of the file",
    };
    let help = if on_one < needed {
        format!("{fewer}, or fewer threads: --threads 1 needs {:.2} GB", on_one as f64 / 1e9)
    } else {
        fewer.to_owned()
    };
    memory::fit(needed, &what, &help)
}

/// A column map as TOML text, for a file that is read back with [`column_map`].
pub(super) fn toml_of(map: &TableParams) -> Result<String> {
    toml::to_string(&map.write()).map_err(|e| Error::Other(format!("cannot write the column map: {e}")))
}

/// The column map in the TOML text of the file `name`.
pub(super) fn column_map(name: &str, text: &str) -> Result<TableParams> {
    let mut problems = Vec::new();
    let about = About { doc: "", unit: "", bounds: any(), source: "" };
    let node = Node::parse(&format!("{name}, column_map"), text).map_err(Error::Scenario)?;
    match TableParams::read(&node, "column_map", &about, &mut problems).filter(|_| problems.is_empty()) {
        Some(map) => Ok(map),
        None => Err(Error::Scenario(problems)),
    }
}
