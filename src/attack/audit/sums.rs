//! Audit of cohort sums.
//!
//! One canary at all upper bounds moves each of the d coordinates of its cohort by K: the whole of the sensitivity,
//! in L1 and in L2. One run has many canaries, each alone in a cohort of its own.

use super::neighbours::{end, frame, people as persons};
use super::{Audited, Claim, Guessed, Settings, key, many, of_many, of_one_run};
use crate::disclosure::{CohortAggregatesParams, cohort_sums};
use crate::error::Result;
use crate::population::People;
use crate::privacy::{Family, Heard, Ledger, Noise, Tape};
use crate::rng::{Entity, Purpose};
use crate::view::Column;

const CANARY: &str = "a person at all upper bounds";

/// Persons who are in (upper bounds) or out: absent, or in the middle where membership is public.
fn with_coins(like: &People, coins: &[bool], cohorts: u32) -> People {
    let public = like.cohort_sizes_public;
    let rows: Vec<usize> = (0..coins.len()).filter(|i| public || coins[*i]).collect();
    let value = |i: usize, c: &Column| if coins[rows[i]] { end(c, true) } else { 0.5 * (c.lo + c.hi) };
    let platform = frame(like.platform.columns(), rows.len(), value);
    persons(like, platform, rows.iter().map(|i| *i as u32 % cohorts).collect(), cohorts)
}

pub(super) fn audit(
    params: &CohortAggregatesParams,
    like: &People,
    epsilon: f64,
    claim: &Claim,
    settings: &Settings,
) -> Result<Audited> {
    let [out, within] = [false, true].map(|coin| with_coins(like, &[coin], 2));
    let mechanism = |is_in: bool, mut noise: Noise, ledger: &mut Ledger| {
        let people = if is_in { &within } else { &out };
        let released = cohort_sums(params, people, epsilon, &mut noise, ledger)?;
        Ok(released.sums.iter().chain(&released.members).map(|v| v.cast_unsigned()).collect())
    };
    let runs = many(&mechanism, (settings.noise, settings.streams), key(1), settings.runs)?;
    let (pilot, run) = (one(params, like, epsilon, settings, 2)?, one(params, like, epsilon, settings, 3)?);
    let mut findings = of_one_run(&pilot, &run, CANARY, claim, settings.alpha);
    findings.extend(of_many(&runs, CANARY, claim, settings.alpha));
    Ok(Audited { findings, leak: runs.leak, uncounted: runs.uncounted })
}

/// One release over as many cohorts as canaries; the log-likelihood ratio of each cohort.
fn one(
    params: &CohortAggregatesParams,
    like: &People,
    epsilon: f64,
    settings: &Settings,
    number: u64,
) -> Result<Guessed> {
    let m = settings.canaries;
    let heard = |coins: &[bool]| -> Result<Heard> {
        let tape = Tape::recording();
        let mut noise = Noise::new(settings.noise, settings.streams, key(number)).taped(&tape);
        cohort_sums(params, &with_coins(like, coins, m), epsilon, &mut noise, &mut Ledger::new())?;
        tape.heard().pop().ok_or_else(|| crate::error::Error::Privacy("cohort sums without a release".into()))
    };
    let streams = settings.streams;
    let toss = |i: u32| streams.uniform(Entity::Nation(key(number) | u64::from(i)), 0, Purpose::Audit) < 0.5;
    let coins: Vec<bool> = (0..m).map(toss).collect();
    let (none, all, said) = (heard(&vec![false; coins.len()])?, heard(&vec![true; coins.len()])?, heard(&coins)?);
    let far = |y: i64, truth: i64| {
        let d = y.abs_diff(truth) as f64;
        if said.family == Family::Laplace { d / said.scale } else { d * d / (2.0 * said.scale * said.scale) }
    };
    let width = said.said.len() / coins.len().max(1);
    let ratio = |i: usize| far(said.said[i], none.truth[i]) - far(said.said[i], all.truth[i]);
    let scores = (0..coins.len()).map(|c| (c * width..(c + 1) * width).map(ratio).sum()).collect();
    Ok(Guessed { scores, coins })
}
