//! `pretick release`: the one command whose ε is earned.

use super::input::{ScenarioArgs, toml_of};
use super::progress::Progress;
use super::{complain, say};
use crate::error::{Error, Result};
use crate::experiment::Observer;
use crate::experiment::release::{Asked, Product, check_budget, releasable, release as run};
use crate::population::{Source, Table};
use crate::report::release::{CutOff, Order, Persons, PublicLedger, Registers, check_folder, perform, summary};
use crate::scoring::dp_quality::Quality;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ReleaseArgs {
    /// Scenario file (TOML) with a column map
    scenario: PathBuf,
    /// File of real histories (CSV or Parquet), one row a person
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// ε of this release
    #[arg(long)]
    epsilon: f64,
    /// δ of this release, far below 1/persons; needed where noise is Gaussian
    #[arg(long)]
    delta: Option<f64>,
    /// New folder for what may be published
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The arm whose mechanism is run: one with cohort-aggregates or trained-inside
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    /// ledger.json of the release before, about the same persons: both are stated together
    #[arg(long, value_name = "LEDGER")]
    add_to: Option<PathBuf>,
    /// Register of releases, which stays inside [default: pretick-releases.json in the data's folder]
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    /// Override a parameter of the scenario; repeatable. Choosing by looking at the data is not covered by ε
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Everything that can be refused is refused before [`perform`] pays and draws.
pub(super) fn release(args: &ReleaseArgs) -> Result<ExitCode> {
    let scenario = ScenarioArgs {
        scenario: args.scenario.clone(),
        set: args.set.clone(),
        seed: None,
        persons: None,
        replications: None,
        allow_commands: false,
    };
    let loaded = scenario.load()?;
    let Source::Table(map) = &loaded.scenario.histories.source else {
        return Err(Error::Other(
            "a release needs real data: this scenario's histories are simulated, and simulated persons have no privacy to lose. \
             Map a file under histories.source.table (see scenarios/taiwan-2005.toml)"
                .into(),
        ));
    };
    let Some(data) = &args.data else {
        return Err(Error::Other("a release needs real data: give the file with --data FILE".into()));
    };
    let arm = releasable(&loaded.scenario, args.arm.as_deref())?;
    let budget = Asked { epsilon: args.epsilon, delta: args.delta };
    check_budget(arm, budget)?;
    check_folder(&args.out)?;
    let earlier = args.add_to.as_deref().map(PublicLedger::read).transpose()?;
    let interrupted = Progress::new(true, "");
    let table = Table::open_for_release(data, map)?;
    let mut registers = Registers::open(data, args.register.as_deref())?;
    let persons = Persons::of(&table);
    let cut_off = registers.check(&persons, earlier.as_ref())?;
    inside(&table, &registers, &cut_off, budget);
    let order = Order { out: &args.out, arm: &arm.name, budget };
    let draw = |noise| {
        let mut done = run(arm, &table, budget, noise)?;
        if let Product::Model(model) = &mut done.product {
            // Public, and what `pretick score` reads applicants by.
            model["column_map"] = toml_of(&map.for_scoring())?.into();
        }
        Ok(done)
    };
    let earlier = earlier.unwrap_or_else(PublicLedger::empty);
    let done = perform(order, &mut registers, persons, (earlier, &cut_off), draw, &|| interrupted.cancelled())?;
    for note in &done.notes {
        complain(&format!("note for the inside: {note}"));
    }
    say(&summary(&done.ledger))?;
    for sentence in done.release.quality.iter().flat_map(Quality::words) {
        say(&format!("quality, by counts that were paid for: {sentence}\n"))?;
    }
    for note in &done.release.notes {
        complain(&format!("note: {note}"));
    }
    complain(&format!(
        "{}: may be published as it is, STATEMENT.md first. {} stays inside",
        args.out.display(),
        named(&registers)
    ));
    Ok(ExitCode::SUCCESS)
}

fn named(registers: &Registers) -> String {
    registers.paths().iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" and ")
}

/// What those inside should know before anything is drawn.
fn inside(table: &Table, registers: &Registers, cut_off: &[CutOff], budget: Asked) {
    if registers.are_new() {
        complain(&format!(
            "note for the inside: {} begins here. Were these people part of an earlier release? Then stop, and give its register with \
             --register and its ledger with --add-to",
            named(registers)
        ));
    }
    for lost in cut_off {
        complain(&format!("note for the inside: {}", lost.note()));
    }
    for note in table.notes() {
        complain(&format!("note for the inside, not to be published: {note}"));
    }
    if budget.delta.is_some_and(|d| d * table.persons() as f64 > 0.1) {
        complain(
            "note for the inside, not to be published: --delta is not far below one over the number of persons, and means little",
        );
    }
}
