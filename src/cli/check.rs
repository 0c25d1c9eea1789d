//! `pretick check`: everything wrong with a scenario, or what it would run.

use super::input::ScenarioArgs;
use super::{complain, say};
use crate::error::Result;
use crate::experiment::arm_points;
use crate::lending::{LenderParams, ScorerChoice};
use crate::population::Source;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
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
    about_program(&points.iter().map(|p| &p.scenario.lender).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
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
