//! The command line: the only place that prints, reads the clock or the environment.
//!
//! Data goes to stdout, progress and errors to stderr. Exit status: 0 ok, 1 the run (or a fact of
//! `validate`) failed or `audit` refuted a claim, 2 usage or an invalid scenario, 3 a check that was asked for failed (`bench --fail-on-regression`).

#![allow(clippy::disallowed_methods, reason = "the command line reads the clock and the environment")]

mod account;
mod audit;
mod bench;
mod calibrate;
mod check;
mod context;
mod explain;
mod generate;
mod input;
mod memory;
mod meter;
mod new;
mod progress;
mod release;
mod run;
mod score;
mod scorecard;
mod signals;
mod story;
mod validate;

use crate::document::clean;
use crate::error::{Error, Result};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Compare opt-in sharing, pre-ticked sharing and differentially private aggregation of payment histories on the same
/// simulated (or real) people.
#[derive(Debug, Parser)]
#[command(name = "pretick", version, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario: a table on the terminal, a folder with results and plots
    Run(run::RunArgs),
    /// Compare scorers with and without differential privacy on the same splits of any data
    Bench(bench::BenchArgs),
    /// Write synthetic monthly histories, one row a person-month, as Parquet or CSV
    Generate(generate::GenerateArgs),
    /// Tell one person's months, choices and loan under every arm, in words and a picture
    Story(story::StoryArgs),
    /// Check a scenario without running it
    Check(check::CheckArgs),
    /// Write a commented scenario to start from
    New(new::NewArgs),
    /// Say what a parameter means: unit, default, range, source
    Explain(explain::ExplainArgs),
    /// Find the loadings for the scenario's target AUCs and check them on fresh seeds
    Calibrate(calibrate::CalibrateArgs),
    /// Simulate the stylised facts that the model must reproduce
    Validate(validate::ValidateArgs),
    /// Release noisy statistics or a DP model about real people, once: the only output that may be published as private
    Release(release::ReleaseArgs),
    /// Score the rows of a file by a model that was released
    Score(score::ScoreArgs),
    /// Fit a scorecard on your own table, score applicants, watch whether they change
    Scorecard(scorecard::ScorecardArgs),
    /// Say what noise costs in privacy, by every accountant, or how much of it a budget buys
    Account(account::AccountArgs),
    /// Try to refute the privacy that a scenario's arms claim: lower bounds on ε by attacks in the worst case
    Audit(audit::AuditArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Threads that were asked for; 0 for one per core.
    const fn threads(&self) -> usize {
        match self {
            Self::Run(args) => args.threads,
            Self::Bench(args) => args.threads,
            Self::Generate(args) => args.threads,
            Self::Story(args) => args.threads,
            Self::Validate(args) => args.threads,
            Self::Audit(args) => args.threads,
            _ => 0,
        }
    }

    fn run(&self) -> Result<ExitCode> {
        match self {
            Self::Run(args) => run::run(args),
            Self::Bench(args) => bench::bench(args),
            Self::Generate(args) => generate::generate(args),
            Self::Story(args) => story::story_of(args),
            Self::Check(args) => check::check(args),
            Self::New(args) => new::new(args),
            Self::Explain(args) => explain::explain(args),
            Self::Calibrate(args) => calibrate::calibrate(args),
            Self::Validate(args) => validate::validate(args),
            Self::Release(args) => release::release(args),
            Self::Score(args) => score::score(args),
            Self::Scorecard(args) => scorecard::scorecard(args),
            Self::Account(args) => account::account(args),
            Self::Audit(args) => audit::audit(args),
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut Cli::command(), "pretick", &mut script);
                say(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
            }
        }
    }
}

/// A number below 0 is a value of an option: the option's own check says what is allowed.
fn negative(command: clap::Command) -> clap::Command {
    let takes = |a: &clap::Arg| !a.is_positional() && a.get_action().takes_values();
    command.mut_args(|a| if takes(&a) { a.allow_negative_numbers(true) } else { a }).mut_subcommands(negative)
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match negative(Cli::command()).try_get_matches().and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    signals::listen();
    // Everything runs on one pool: what is done in parallel outside of one would start another, sized by the environment.
    let done = with_threads(cli.command.threads(), || cli.command.run());
    match done {
        Ok(code) => code,
        Err(e) => {
            complain(&format!("error: {e}"));
            ExitCode::from(match e {
                Error::Scenario(_) => 2,
                _ => 1,
            })
        }
    }
}

/// Prints to stdout. A reader that went away is not an error; a full disk is.
fn say(text: &str) -> Result<()> {
    let text = clean(text);
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{end}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Other(format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}

/// The command as it was given; what is no UTF-8 is replaced.
fn command_line() -> Vec<String> {
    std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect()
}

/// Prints to stderr.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", clean(text));
}

/// Prints what the user should know, a line each.
fn remark(notes: &[String]) {
    for note in notes {
        complain(&format!("note: {note}"));
    }
}

/// Most threads that can be asked for.
const MOST_THREADS: usize = 1024;

/// Reads `--threads`.
fn thread_count(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(n) if n <= MOST_THREADS => Ok(n),
        _ => Err(format!("allowed: 0 to {MOST_THREADS}, 0 for one per core")),
    }
}

/// Runs `work` on a pool of `threads` threads (0: one per core).
fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    // 0 is read here: the pool itself would ask RAYON_NUM_THREADS, which knows no cap.
    let cores = || std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let threads = if threads == 0 { cores() } else { threads };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Other(format!("cannot start {threads} threads: {e}")))?;
    pool.install(work)
}
