//! What declared trends cost a scorecard, on repeated splits of the table.

use super::view;
use crate::error::Result;
use crate::experiment::bench::trends::{Halves, freed, quality};
use crate::experiment::bench::{Plan, splits};
use crate::lending::{LenderParams, ScorerChoice};
use crate::population::Table;
use crate::report::bench::{Replicates, TrendCost, trend_costs};
use crate::rng::Streams;
use std::sync::Arc;

/// Each declared trend freed in turn on `most` stratified splits that hold out this share.
pub(super) fn costs(
    data: &Table,
    lender: &LenderParams,
    seed: u64,
    held_out: f64,
    most: u32,
) -> Result<Vec<TrendCost>> {
    let plan = Plan { test_share: held_out, ..Plan::default() };
    let (name, scorer) = (Arc::from("scorecard"), || lender.scorer_of(&ScorerChoice::Scorecard));
    let mut all = Vec::new();
    for replicate in 0..most {
        for split in splits(data.outcomes(), data.person_keys(), Streams::new(seed, replicate), plan.cut()) {
            let (train, test) = (view(data, &split.train, true), view(data, &split.test, false));
            let bad: Vec<bool> = split.test.iter().map(|i| data.outcomes()[*i as usize]).collect();
            let halves = Halves { train: &train, test: &test, bad: &bad };
            let kept = quality(&scorer, halves)?;
            all.extend(freed(&name, &scorer, halves, kept, (replicate, 0)));
        }
    }
    Ok(trend_costs(&all, Replicates::Splits { ratio: held_out / (1.0 - held_out) }))
}
