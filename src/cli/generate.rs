//! `pretick generate`: synthetic monthly histories as a table.

use super::input::OneArgs;
use super::progress::Progress;
use super::{complain, remark};
use crate::error::{Error, Result};
use crate::experiment::{Observer, loadings_for};
use crate::population::{Model, Source};
use crate::report::histories::{Format, Histories, write};
use crate::report::manifest::sha256;
use crate::report::output::FileTarget;
use crate::report::{Overwrite, table};
use crate::rng::{RNG_VERSION, Streams};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    one: OneArgs,
    /// File to write; its ending says the format: .parquet or .csv
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// Threads; 0 takes one per core. The bytes do not depend on it
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

#[allow(clippy::disallowed_methods, reason = "the command line may read the clock")]
pub(super) fn generate(args: &GenerateArgs) -> Result<ExitCode> {
    let loaded = args.one.load()?;
    let s = &loaded.scenario;
    if !matches!(s.histories.source, Source::Synthetic(_)) {
        return Err(Error::Other(
            "this scenario runs on a file of real histories: there is nothing to generate. Take one with \
             histories.source = { synthetic = … }, e.g. scenarios/annual-bill-2018.toml"
                .into(),
        ));
    }
    Format::of(&args.out)?;
    let target = FileTarget::check(&args.out, Overwrite::by(args.force))?;
    if !args.quiet {
        remark(target.notes());
    }
    let progress = Progress::new(args.quiet, "persons");
    let loadings = loadings_for(s, &mut Vec::new()).map_err(|e| loaded.locate(e))?;
    let model = Model::new(&s.population, &s.histories, &s.outcome, &s.applicants, &loadings)?;
    let metadata = [
        ("pretick.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("pretick.rng_version", RNG_VERSION.to_string()),
        ("pretick.scenario", s.name.clone()),
        ("pretick.scenario_sha256", sha256(loaded.text.as_bytes())),
        ("pretick.effective_scenario_sha256", sha256(loaded.effective().as_bytes())),
        ("pretick.seed", s.seed.to_string()),
        ("pretick.replication", args.one.replication.to_string()),
        ("pretick.persons", s.population.persons.to_string()),
    ];
    let histories = Histories {
        model: &model,
        streams: Streams::new(s.seed, args.one.replication),
        persons: s.population.persons,
        metadata: &metadata,
    };
    let started = Instant::now();
    let mut file = target.begin()?;
    let rows = write(&mut file, &args.out, &histories, &progress)?;
    if progress.cancelled() {
        return Err(Error::Interrupted);
    }
    let bytes = file.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    progress.bar.finish_and_clear();
    if !args.quiet {
        if !loaded.sweep.is_empty() {
            complain("note: the scenario's sweep is left out; lay a point over it with --set");
        }
        complain(&format!(
            "{}: {} persons, {} person-months, {:.1} MB in {seconds:.1} s ({:.2} million person-months/s)",
            args.out.display(),
            table::grouped(s.population.persons),
            table::grouped(rows),
            bytes as f64 / 1e6,
            rows as f64 / seconds.max(1e-9) / 1e6
        ));
    }
    Ok(ExitCode::SUCCESS)
}
