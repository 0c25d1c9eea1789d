//! `pretick check`: everything wrong with a scenario, or what it would run.

use super::input::ScenarioArgs;
use super::say;
use crate::error::Result;
use crate::experiment::arm_points;
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
        "{}: ok\n{}\n{} persons, {} replications, {} arms, {} (arm, ε) points, {} sweep points",
        args.scenario.scenario.display(),
        s.question,
        s.population.persons,
        s.replications,
        s.arm.len(),
        arm_points(s).len(),
        points.len()
    ))?;
    Ok(ExitCode::SUCCESS)
}
