//! `pretick calibrate`: the loadings for the scenario's target AUCs, and how close they come on seeds not used to find them.

use super::input::{ScenarioArgs, people_fit_in_memory};
use super::say;
use crate::error::{Error, Result};
use crate::experiment::calibrate::pool_aucs;
use crate::experiment::{Histories, loadings_for};
use crate::population::Source;
use crate::rng::Streams;
use crate::stats::{Interval, Spread};
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct CalibrateArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Fresh populations to check the loadings on
    #[arg(long, default_value_t = 8)]
    fresh: u32,
}

pub(super) fn calibrate(args: &CalibrateArgs) -> Result<ExitCode> {
    let loaded = args.scenario.load()?;
    let s = &loaded.scenario;
    if !matches!(s.histories.source, Source::Synthetic(_)) {
        return Err(Error::Other("real histories are not calibrated: their signals are what they are".into()));
    }
    people_fit_in_memory(&loaded, &Histories::Synthetic)?;
    let mut done = Vec::new();
    let loadings = loadings_for(s, &mut done).map_err(|e| loaded.locate(e))?;
    let mut fresh = [Vec::new(), Vec::new(), Vec::new()];
    for r in 0..args.fresh.max(2) {
        let got = pool_aucs(s, &loadings, Streams::new(s.seed, r), s.population.persons as usize)?;
        for (list, v) in fresh.iter_mut().zip(got) {
            list.push(v);
        }
    }
    let mut out = String::new();
    for c in &done {
        let _ = writeln!(
            out,
            "pool {}: {} fresh populations of {} persons",
            c.pool,
            args.fresh.max(2),
            s.population.persons
        );
        let _ = writeln!(out, "{:10} {:>8} {:>8} {:>26}", "AUC", "target", "reached", "fresh seeds (95 %)");
        for (k, name) in ["bureau", "platform", "both"].iter().enumerate() {
            let i = Interval::from_replications(&fresh[k], Spread::Independent);
            let _ = writeln!(
                out,
                "{name:10} {:8.4} {:8.4} {:10.4} [{:.4}, {:.4}]",
                c.target[k], c.reached[k], i.mean, i.lo, i.hi
            );
        }
        let l = &c.loadings;
        let _ = writeln!(out, "loadings: outcome {:.4}, bureau {:.4}, platform {:.4}", l.outcome, l.bureau, l.platform);
    }
    say(&out)?;
    Ok(ExitCode::SUCCESS)
}
