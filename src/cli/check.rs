//! `pretick check`: everything wrong with a scenario, or what it would run.

use super::input::{DataArgs, ScenarioArgs, histories};
use super::{complain, say};
use crate::error::Result;
use crate::experiment::loadings_for;
use crate::experiment::{Histories, arm_points};
use crate::lending::{LenderParams, ScorerChoice};
use crate::population::Source;
use crate::scenario::Point;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Print the effective scenario: every parameter with its value
    #[arg(long)]
    effective: bool,
}

pub(super) fn check(args: &CheckArgs) -> Result<ExitCode> {
    let loaded = args.scenario.load()?;
    if args.effective {
        say(&loaded.effective())?;
        return Ok(ExitCode::SUCCESS);
    }
    let s = &loaded.scenario;
    let points = loaded.points()?;
    loaded.can_run()?;
    let table = if args.data.data.is_some() { Some(histories(&loaded, &args.data)?) } else { None };
    calibrates(&points)?;
    say(&format!(
        "{}: ok\n{}\n{}, {}, {}, {}, {}",
        args.scenario.scenario.display(),
        s.question,
        match &s.histories.source {
            Source::Table(_) => "persons of a file (--data)".to_owned(),
            Source::Synthetic(_) => some(s.population.persons, "person"),
        },
        some(s.replications.into(), "replication"),
        some(s.arm.len() as u64, "arm"),
        some(arm_points(s).len() as u64, "(arm, ε) point"),
        some(points.len() as u64, "sweep point")
    ))?;
    if let Some((source, notes)) = &table {
        about_table(source)?;
        for n in notes {
            complain(&format!("note: {n}"));
        }
    }
    about_program(&points.iter().map(|p| &p.scenario.lender).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether loadings can be found for every population of the scenario, by the search of `run` itself.
fn calibrates(points: &[Point]) -> Result<()> {
    let mut done = Vec::new();
    for point in points.iter().filter(|p| matches!(p.scenario.histories.source, Source::Synthetic(_))) {
        loadings_for(&point.scenario, &mut done).map_err(|e| point.locate(e))?;
    }
    Ok(())
}

/// Persons and outcomes of the file.
fn about_table(source: &Histories) -> Result<()> {
    if let Histories::Table(table) = source {
        let defaults = table.default_rate() * table.persons() as f64;
        say(&format!(
            "{}: {} persons, {defaults:.0} of them defaulted ({:.2} %)",
            table.file(),
            table.persons(),
            100.0 * table.default_rate()
        ))?;
    }
    Ok(())
}

/// So many of them.
fn some(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What the scenario would start on this computer. That it is not there is no mistake of the scenario.
fn about_program(lenders: &[&LenderParams]) -> Result<()> {
    let mut told = BTreeSet::new();
    for command in lenders.iter().filter(|l| l.scorer == ScorerChoice::Command).map(|l| &l.command) {
        if told.insert(command.line()) {
            say(&format!("scores with a program, started only with --allow-commands: {}", command.line()))?;
            if !found(&command.program) {
                complain(&format!(
                    "warning: lender.command.program: there is no program `{}` here; a bare name is looked up on the PATH, a path from the folder that pretick is started in",
                    command.program
                ));
            }
        }
    }
    Ok(())
}

/// Whether a program is there, as the system looks for it.
fn found(program: &str) -> bool {
    if program.contains(std::path::MAIN_SEPARATOR) {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
