//! `pretick run`: the main job.

use super::input::{DataArgs, ScenarioArgs, fit_in_memory, histories, may_score};
use super::progress::Progress;
use super::{complain, remark, say};
use crate::error::{Error, Result};
use crate::experiment::{self, Failure, Histories, Observer, Results};
use crate::privacy::NoiseMode;
use crate::report::manifest::{DataFile, Timing, sha256};
use crate::report::output::{FolderTarget, RUN};
use crate::report::{Context, Manifest, Overwrite, Summaries, table, write_run};
use crate::rng::RNG_VERSION;
use crate::scenario::Loaded;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Folder for the results [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the result of another run in that folder
    #[arg(long)]
    force: bool,
    /// Threads; 0 takes one per core. The results do not depend on it
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
    /// Where DP noise comes from: seeded (repeatable), or opendp (its samplers on a generator of the process that the operating system seeds: not repeatable, and not what a release draws from)
    #[arg(long, value_enum, default_value_t = NoiseArg::Seeded)]
    noise: NoiseArg,
    /// Print the summary as JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
    /// Leave the plots out
    #[arg(long)]
    no_plots: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum NoiseArg {
    Seeded,
    Opendp,
}

#[allow(clippy::disallowed_methods, reason = "the command line may read the clock")]
pub(super) fn run(args: &RunArgs) -> Result<ExitCode> {
    let started = Instant::now();
    let loaded = args.scenario.load()?;
    may_score(&loaded)?;
    loaded.can_run()?;
    let (source, mut notes) = histories(&loaded, &args.data)?;
    fit_in_memory(&loaded, &source, rayon::current_num_threads())?;
    let noise = match args.noise {
        NoiseArg::Seeded => NoiseMode::Seeded,
        NoiseArg::Opendp => NoiseMode::Opendp,
    };
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&loaded.scenario.name));
    let mut manifest = manifest(&loaded, &source, args);
    let target = FolderTarget::check(&out, RUN, Some(&manifest.run_id), Overwrite::by(args.force))?;
    if !args.quiet {
        remark(target.notes());
    }
    let read = started.elapsed().as_secs_f64();
    let progress = Progress::new(args.quiet, "arms × ε × replications");
    let results = experiment::run(&loaded, &source, noise, &progress)?;
    progress.bar.finish_and_clear();
    let simulated = started.elapsed().as_secs_f64();
    manifest.ledger = serde_json::to_value(&results.ledger).map_err(|e| Error::Other(e.to_string()))?;
    manifest.context.too_small.clone_from(&results.too_small);
    manifest.notes.append(&mut notes);
    manifest.notes.extend(calibration_notes(&results));
    manifest.notes.extend(results.failures.iter().map(left_out_arm));
    manifest.notes.extend(results.notes.iter().cloned());
    manifest.notes.extend(Some(manifest.context.few()).filter(|few| !few.is_empty()));
    manifest.timings = vec![
        Timing { stage: "read".into(), seconds: read },
        Timing { stage: "simulate and evaluate".into(), seconds: simulated - read },
    ];
    if progress.cancelled() {
        return Err(Error::Interrupted);
    }
    let (written, of_the_disk) = write_run(target, &mut manifest, &results.rows, !args.no_plots)?;
    if !args.quiet {
        print(args, &manifest.context, &results)?;
        // What the tables say below is not said twice.
        let few = manifest.context.few();
        manifest.notes.retain(|note| *note != few);
        remark(&manifest.notes);
        remark(&of_the_disk);
        complain(&format!(
            "{} in {:.1} s: manifest.json, results.csv, results.parquet, summary.csv{}",
            written.display(),
            started.elapsed().as_secs_f64(),
            if args.no_plots { "" } else { ", plots/" }
        ));
    }
    Ok(if results.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An arm that the results lack, in words.
fn left_out_arm(f: &Failure) -> String {
    let at = if f.sweep.is_empty() { String::new() } else { format!(" at {}", f.sweep.join(", ")) };
    format!("left out{at}, because its scorer failed in replication {}: {}", f.replication, f.message)
}

fn print(args: &RunArgs, context: &Context, results: &Results) -> Result<()> {
    let all = Summaries::new(&results.rows, context);
    if args.json {
        let value = serde_json::json!({
            "notice": context.real_data.then_some(crate::report::SIMULATED),
            "context": context,
            "summaries": all.rows(),
        });
        let text = serde_json::to_string_pretty(&value).map_err(|e| Error::Other(e.to_string()))?;
        say(&text)?;
    } else {
        say(&table::render(&all, context))?;
    }
    Ok(())
}

fn calibration_notes(results: &Results) -> impl Iterator<Item = String> + '_ {
    results.calibrations.iter().map(|c| {
        format!(
            "calibrated on pool {}: AUC bureau {:.3} (target {:.3}), platform {:.3} ({:.3}), both {:.3} ({:.3}); loadings bureau {:.3}, platform {:.3}, outcome {:.3}",
            c.pool, c.reached[0], c.target[0], c.reached[1], c.target[1], c.reached[2], c.target[2],
            c.loadings.bureau, c.loadings.platform, c.loadings.outcome
        )
    })
}

/// The run's identity is a hash of the effective scenario, version, layout of draws, data and noise mode.
fn manifest(loaded: &Loaded, source: &Histories, args: &RunArgs) -> Manifest {
    let effective = loaded.effective();
    let version = env!("CARGO_PKG_VERSION");
    let data = match source {
        Histories::Synthetic => None,
        Histories::Table(table) => args
            .data
            .data
            .as_ref()
            .map(|path| DataFile { path: path.display().to_string(), sha256: table.sha256().to_owned() }),
    };
    let noise = if args.noise == NoiseArg::Seeded { "seeded" } else { "opendp" };
    let data_hash = data.as_ref().map_or("", |d| d.sha256.as_str());
    let identity = format!("{version}\n{RNG_VERSION}\n{noise}\n{data_hash}\n{}\n{effective}", args.data.skip_bad_rows);
    Manifest {
        pretick_version: version.to_owned(),
        rng_version: RNG_VERSION,
        run_id: sha256(identity.as_bytes())[..16].to_owned(),
        scenario_sha256: sha256(loaded.text.as_bytes()),
        scenario_text: loaded.text.clone(),
        effective_scenario: effective,
        seed: loaded.scenario.seed,
        command: super::command_line(),
        timings: Vec::new(),
        ledger: serde_json::Value::Null,
        data,
        noise: noise.to_owned(),
        context: super::context::context(loaded, source),
        files: Vec::new(),
        notes: Vec::new(),
    }
}
