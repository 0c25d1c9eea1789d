//! `pretick bench`: any data × any scorers × any ε.

use super::input::{DataArgs, bench_fits_in_memory, histories, load};
use super::meter::Clock;
use super::progress::Progress;
use super::{complain, remark, say};
use crate::document::{Problem, suggest};
use crate::error::{Error, Result};
use crate::experiment::Histories;
use crate::experiment::bench::{Bench, Contender, Done, Meter, Placement, Plan, Sample, contenders};
use crate::population::Loadings;
use crate::report::bench::checkpoint::Checkpoint;
use crate::report::bench::{self, About, Cells, Change, Replicates, TrendCost, csv, folder};
use crate::report::manifest::sha256;
use crate::report::output::{BENCH, FolderTarget};
use crate::report::{Overwrite, SIMULATED};
use crate::rng::{RNG_VERSION, Streams};
use crate::scenario::Loaded;
use crate::scoring::command;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Most seeds and most folds.
const MOST: u32 = 10_000;

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct BenchArgs {
    /// Scenario file (TOML): its population or column map, and the scorers' parameters
    scenario: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Override a parameter, e.g. --set lender.logistic.ridge=0.1; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Override the scenario's seed
    #[arg(long)]
    seed: Option<u64>,
    /// Override population.persons
    #[arg(long)]
    persons: Option<u64>,
    /// Scorers, separated by commas: the words of lender.scorer and of trained-inside arms, or all
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    scorers: Vec<String>,
    /// Values of ε for the scorers under differential privacy; inf is the noiseless twin
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.1,0.5,1,2,4,8")]
    epsilon: Vec<f64>,
    /// δ of their guarantee
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// Splits of the table, or synthetic populations
    #[arg(long, default_value_t = 5)]
    seeds: u32,
    /// Folds a seed; 1 makes one split of train and test
    #[arg(long, default_value_t = 1)]
    folds: u32,
    /// Share of the persons that is tested, where there is one fold
    #[arg(long, default_value_t = 0.2)]
    test_share: f64,
    /// Train on this many persons only, drawn from the training part; tested is the whole test part
    #[arg(long, value_name = "PERSONS")]
    train: Option<usize>,
    /// Start the program that the scenario names as its scorer (lender.command): only for scenarios that you trust
    #[arg(long)]
    allow_commands: bool,
    /// Splits on which each declared trend is freed in turn, to say what it costs the scorecard and boosted trees; 0 leaves
    /// that out
    #[arg(long, value_name = "SPLITS", default_value_t = 5)]
    trends: usize,
    /// Scorer that differences are taken to [default: the first]
    #[arg(long, value_name = "NAME")]
    reference: Option<String>,
    /// An earlier bench.csv: say what changed significantly
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Exit with status 3 if something became significantly worse than in the baseline
    #[arg(long, requires = "baseline")]
    fail_on_regression: bool,
    /// Folder for the results [default: runs/NAME-bench]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the result of another bench in that folder
    #[arg(long)]
    force: bool,
    /// Threads; 0 takes one per core. Only times depend on it
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
    /// Leave times and memory out, and fit side by side: the same bytes for any number of threads
    #[arg(long)]
    no_timing: bool,
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

pub(super) fn bench(args: &BenchArgs) -> Result<ExitCode> {
    let flags = [("seed", args.seed), ("population.persons", args.persons)];
    if args.allow_commands {
        command::allow();
    }
    let loaded = load(&args.scenario, &args.set, &flags)?;
    let plan = plan(args)?;
    let contenders = contenders(&loaded.scenario, &args.scorers)?;
    contenders.iter().try_for_each(|c| c.may_score(&loaded.scenario.lender))?;
    let reference = reference(args, &contenders)?;
    let baseline = args.baseline.as_ref().map(|path| {
        let file = std::fs::File::open(path).map_err(Error::io("read baseline", path))?;
        csv::read(file, &path.display().to_string()).map(|rows| Cells::new(&rows))
    });
    let baseline = baseline.transpose()?;
    let (source, mut notes) = histories(&loaded, &args.data)?;
    if !loaded.sweep.is_empty() {
        notes.push("the scenario's sweep is not followed: the bench takes its base values".into());
    }
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(format!("{}-bench", loaded.scenario.name)));
    let id = identity(&loaded, &source, args, &plan, &contenders);
    let target = FolderTarget::check(&out, BENCH, Some(&id), Overwrite::by(args.force))?;
    if !args.quiet {
        remark(target.notes());
    }
    let run = Bench { scenario: &loaded.scenario, histories: &source, plan: &plan, contenders: &contenders };
    bench_fits_in_memory(&loaded, &source, !args.no_timing, run.fits() / (plan.seeds * plan.folds) as usize)?;
    let (checkpoint, kept) = Checkpoint::open(target.path(), &format!("{id} {}", program()), args.force)?;
    if !args.quiet {
        remark(&kept.notes(run.fits()));
    }
    let progress = Progress::new(args.quiet, "fits");
    let meter: Option<&dyn Meter> = if args.no_timing { None } else { Some(&Clock) };
    let done = run.run(meter, &kept.done, &|d| checkpoint.keep(d), &progress).map_err(|e| loaded.locate(e));
    let freed = done.and_then(|done| {
        let freed = run.trend_costs(&done, args.trends, &progress)?;
        Ok((done, freed))
    });
    progress.bar.finish_and_clear();
    let (done, freed) = match freed {
        Err(Error::Interrupted) => return Err(stopped(&out)),
        Err(e) => {
            checkpoint.remove_if_empty();
            return Err(e);
        }
        Ok(results) => results,
    };
    let about = about(&loaded, &source, &plan, &reference);
    let cells = Cells::new(&csv::rows(&done));
    let trends = bench::trend_costs(&freed, about.replicates);
    let change = baseline.as_ref().map(|then| bench::change(&cells, then, about.replicates));
    let placements = published(&run)?;
    let places = match &source {
        Histories::Synthetic => &[],
        Histories::Table(table) => table.places(),
    };
    notes.extend(args.baseline.as_deref().and_then(|file| unlike(file, &about, &source)));
    notes.extend(bench::remarks(&done, &plan, about.persons));
    let all = folder::Bench {
        id: &id,
        about: &about,
        done: &done,
        places,
        placements: &placements,
        trends: &trends,
        change: change.as_ref(),
        more: manifest(&loaded, &source, args, &notes),
        pictures: !args.no_plots,
    };
    notes.extend(folder::write(target, &all)?);
    // It stood in what was replaced.
    drop(checkpoint);
    if !args.quiet {
        print(args, &cells, &about, &done, &trends, change.as_ref())?;
        remark(&notes);
        complain(&format!("{}: bench.csv, summary.csv, differences.csv, bench.json", out.display()));
    }
    if args.fail_on_regression
        && let Some(change) = &change
    {
        if change.is_regression() {
            return Ok(ExitCode::from(3));
        }
        if change.differences.is_empty() {
            return Err(Error::Other(format!(
                "--fail-on-regression: nothing in {} could be compared with this bench: other scorers, ε or folds",
                args.baseline.as_deref().unwrap_or(Path::new("the baseline")).display()
            )));
        }
    }
    // A scorer without a single result is a failure, as in a run.
    let lost = |c: &Contender| !done.iter().any(|d| *d.scorer == *c.name && d.failure.is_none());
    Ok(ExitCode::from(u8::from(contenders.iter().any(lost))))
}

/// Checks the numbers of the command line; all that is wrong, not only the first.
fn plan(args: &BenchArgs) -> Result<Plan> {
    let mut problems = Vec::new();
    let mut refuse = |key: &str, message: String| {
        problems.push(Problem { origin: None, key: key.to_owned(), message, help: None });
    };
    let mut epsilons = args.epsilon.clone();
    if let Some(e) = epsilons.iter().find(|e| e.is_nan() || **e <= 0.0) {
        refuse("--epsilon", format!("{e} is out of range, allowed: more than 0 (inf for no noise)"));
    }
    epsilons.sort_by(f64::total_cmp);
    epsilons.dedup();
    if !(args.delta > 0.0 && args.delta < 1.0) {
        refuse("--delta", format!("{} is out of range, allowed: more than 0, less than 1", args.delta));
    }
    for (key, value) in [("--seeds", args.seeds), ("--folds", args.folds)] {
        if !(1..=MOST).contains(&value) {
            refuse(key, format!("{value} is out of range, allowed: 1 to {MOST}"));
        }
    }
    if !(args.test_share > 0.0 && args.test_share < 1.0) {
        refuse("--test-share", format!("{} is out of range, allowed: more than 0, less than 1", args.test_share));
    }
    if args.train == Some(0) {
        refuse("--train", "0 is out of range, allowed: at least 1".into());
    }
    if !problems.is_empty() {
        return Err(Error::Scenario(problems));
    }
    let (delta, seeds, folds) = (args.delta, args.seeds, args.folds);
    Ok(Plan { epsilons, delta, seeds, folds, test_share: args.test_share, train: args.train })
}

fn reference(args: &BenchArgs, contenders: &[Contender]) -> Result<String> {
    let names = || contenders.iter().map(|c| c.name.as_str());
    let wanted = args.reference.as_deref().or_else(|| names().next()).unwrap_or_default();
    if names().any(|n| n == wanted) {
        return Ok(wanted.to_owned());
    }
    Err(Error::Scenario(vec![Problem {
        origin: None,
        key: "--reference".into(),
        message: format!("`{wanted}` does not take part; the scorers are {}", names().collect::<Vec<_>>().join(", ")),
        help: suggest(wanted, names()),
    }]))
}

/// The bench's identity: everything that its numbers depend on.
fn identity(loaded: &Loaded, source: &Histories, args: &BenchArgs, plan: &Plan, contenders: &[Contender]) -> String {
    let data = match source {
        Histories::Synthetic => "",
        Histories::Table(table) => table.sha256(),
    };
    let names: Vec<&str> = contenders.iter().map(|c| c.name.as_str()).collect();
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "{version}\n{RNG_VERSION}\n{data}\n{}\n{plan:?}\n{}\n{}\n{}",
        args.data.skip_bad_rows,
        args.no_timing,
        names.join(","),
        loaded.effective()
    );
    sha256(text.as_bytes())[..16].to_owned()
}

/// Tells one build of the program from another: a checkpoint is not continued by another build.
fn program() -> String {
    let metadata = std::env::current_exe().and_then(std::fs::metadata);
    let changed = metadata.as_ref().ok().and_then(|m| m.modified().ok());
    let since = changed.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{}-{}", metadata.map_or(0, |m| m.len()), since.map_or(0, |d| d.as_millis()))
}

fn stopped(out: &Path) -> Error {
    Error::Other(format!(
        "interrupted: the finished fits are kept in {}; the same command goes on with the rest",
        out.join(bench::checkpoint::FILE).display()
    ))
}

fn about(loaded: &Loaded, source: &Histories, plan: &Plan, reference: &str) -> About {
    let real_data = matches!(source, Histories::Table(_));
    let tested = if plan.folds > 1 { 1.0 / f64::from(plan.folds) } else { plan.test_share };
    About {
        title: loaded.scenario.name.clone(),
        persons: source.persons(&loaded.scenario),
        seeds: plan.seeds,
        folds: plan.folds,
        delta: plan.delta,
        seed: loaded.scenario.seed,
        replicates: if real_data {
            Replicates::Splits { ratio: tested / (1.0 - tested) }
        } else {
            Replicates::Populations
        },
        real_data,
        reference: reference.to_owned(),
    }
}

/// The splits of a data file; none of populations.
fn published(run: &Bench<'_>) -> Result<Vec<Placement>> {
    if matches!(run.histories, Histories::Synthetic) {
        return Ok(Vec::new());
    }
    let streams = Streams::new(run.scenario.seed, 0);
    Ok(run.placements(&Sample::new(run.scenario, run.histories, &Loadings::default(), streams)?))
}

/// A baseline of other folds, where the folder that it stands in tells: its differences are not paired.
fn unlike(file: &Path, about: &About, source: &Histories) -> Option<String> {
    let text = std::fs::read_to_string(file.with_file_name(BENCH.manifest)).ok()?;
    let then: serde_json::Value = serde_json::from_str(&text).ok()?;
    let now = serde_json::to_value(about).ok()?;
    let mut other: Vec<&str> =
        ["persons", "seed", "folds", "replicates"].into_iter().filter(|key| then["about"][key] != now[key]).collect();
    if let Histories::Table(table) = source
        && then["data"]["sha256"] != table.sha256()
    {
        other.push("data");
    }
    let words =
        "the folds of the baseline are not the same persons, so that its differences are not paired; other there";
    (!other.is_empty()).then(|| format!("{words}: {}", other.join(", ")))
}

fn manifest(loaded: &Loaded, source: &Histories, args: &BenchArgs, notes: &[String]) -> serde_json::Value {
    let data = match source {
        Histories::Synthetic => None,
        Histories::Table(t) => Some(json!({ "path": t.file(), "sha256": t.sha256() })),
    };
    json!({
        "pretick_version": env!("CARGO_PKG_VERSION"),
        "rng_version": RNG_VERSION,
        "noise": "seeded",
        "command": super::command_line(),
        "threads": args.threads,
        "data": data,
        "scenario_sha256": sha256(loaded.text.as_bytes()),
        "effective_scenario": loaded.effective(),
        "notes": notes,
    })
}

fn print(
    args: &BenchArgs,
    cells: &Cells,
    about: &About,
    done: &[Done],
    trends: &[TrendCost],
    change: Option<&Change>,
) -> Result<()> {
    let file = args.baseline.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    if !args.json {
        say(&bench::render(cells, about))?;
        if !trends.is_empty() {
            say(&format!("\n{}", bench::render_trends(trends, about.real_data)))?;
        }
        let accountants = bench::render_accountants(done);
        if !accountants.is_empty() {
            say(&format!("\n{accountants}"))?;
        }
        return change.map_or(Ok(()), |c| say(&bench::render_change(c, &file)));
    }
    let summaries: Vec<serde_json::Value> = cells.summaries(about.replicates);
    let value = json!({
        "notice": about.real_data.then_some(SIMULATED),
        "about": about,
        "summaries": summaries,
        "differences": bench::differences(cells, &about.reference, about.replicates),
        "trends": trends,
        "baseline": change,
        "failures": folder::failures(done),
    });
    say(&serde_json::to_string_pretty(&value).map_err(|e| Error::Other(e.to_string()))?)
}
