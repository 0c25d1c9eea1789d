//! Audit of reports that phones randomise themselves.
//!
//! Each person holds one of two records by a coin: every value at its lower, or at its upper public bound. Reports of
//! different persons are independent, so one release is as many runs. What each reported value says is learnt from
//! the first half of the persons (the two records' frequencies); guesses are counted on the second.

use super::neighbours::{end, frame, people as persons};
use super::{Audited, Bound, Claim, Finding, Guessed, Method, Runs, Settings, bounds, key, of_one_run};
use crate::consent::Choices;
use crate::disclosure::{Disclosure, Halves, Request, Shown, disclose};
use crate::error::{Error, Result};
use crate::population::People;
use crate::privacy::Ledger;
use crate::rng::{Entity, Purpose};
use crate::view::{Column, Frame};
use std::collections::BTreeMap;

const CANARY: &str = "a record at all upper bounds in place of one at all lower";

pub(super) fn audit(
    disclosure: &Disclosure,
    like: &People,
    epsilon: f64,
    claim: &Claim,
    settings: &Settings,
) -> Result<Audited> {
    let n = 2 * settings.runs.max(settings.canaries) as usize;
    let streams = settings.streams;
    let coins: Vec<bool> =
        (0..n).map(|i| streams.uniform(Entity::Nation(key(1) | i as u64), 0, Purpose::Audit) < 0.5).collect();
    let platform = frame(like.platform.columns(), n, |i, c: &Column| end(c, coins[i]));
    let people = persons(like, platform, vec![0; n], 1);
    let reports = reported(disclosure, &people, epsilon, settings)?;
    let scores = ratios(&reports, &coins);
    let side = |rows: std::ops::Range<usize>, coin: bool| -> Vec<f64> {
        rows.filter(|i| coins[*i] == coin).map(|i| scores[i]).collect()
    };
    // Rules are chosen on the first half of each side, which must lie in the half that the ratios were learnt from.
    let joined = |coin| {
        let (mut first, second) = (side(0..n / 2, coin), side(n / 2..n, coin));
        let k = first.len().min(second.len());
        first.truncate(k);
        first.into_iter().chain(second.into_iter().take(k)).collect::<Vec<f64>>()
    };
    let (mut out, mut within) = (joined(false), joined(true));
    let k = out.len().min(within.len()) / 2;
    for v in [&mut out, &mut within] {
        let half = v.len() / 2;
        *v = v[half - k..half + k].to_vec();
    }
    let halves = |r: std::ops::Range<usize>| Guessed { scores: scores[r.clone()].to_vec(), coins: coins[r].to_vec() };
    let Bound { epsilon: bound, ceiling } = bounds::clopper_pearson(&Runs { out, within }, claim.delta, settings.alpha);
    let (method, canary) = (Method::ClopperPearson, CANARY.to_owned());
    let mut findings = of_one_run(&halves(0..n / 2), &halves(n / 2..n), CANARY, claim, settings.alpha);
    findings.push(Finding { method, canary, trials: 4 * k as u64, bound, ceiling, mu: None });
    Ok(Audited { findings, leak: false, uncounted: false })
}

/// What the lender sees of each person, by the arm's own path.
fn reported(disclosure: &Disclosure, people: &People, epsilon: f64, settings: &Settings) -> Result<Frame> {
    let n = people.len();
    let request = Request {
        people,
        halves: &Halves { train: Vec::new(), score: (0..n as u32).collect() },
        choices: &Choices { noticed: Vec::new(), shares: Vec::new() },
        refusal_is_a_feature: false,
        epsilon: Some(epsilon),
        without_own_record: false,
        streams: settings.streams,
        noise: settings.noise,
        release: key(2),
    };
    match disclose(disclosure, &request, &mut Ledger::new())? {
        Shown::Views(views) => Ok(views.1.more),
        Shown::Scores(_) => Err(Error::Other("a local arm shows reports, not scores".into())),
    }
}

/// Σ over the reported columns of ln(frequency under the upper record/under the lower), frequencies of the first half.
fn ratios(reports: &Frame, coins: &[bool]) -> Vec<f64> {
    let mut total = vec![0.0; coins.len()];
    for j in 0..reports.width() {
        let mut seen: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
        for (v, coin) in reports.column(j).iter().zip(coins).take(coins.len() / 2) {
            seen.entry(v.to_bits()).or_insert([0.5; 2])[usize::from(*coin)] += 1.0;
        }
        let says = |v: &f32| seen.get(&v.to_bits()).map_or(0.0, |[low, high]| libm::log(high / low));
        total.iter_mut().zip(reports.column(j)).for_each(|(t, v)| *t += says(v));
    }
    total
}
