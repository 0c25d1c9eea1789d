//! Audit of a model that is trained under DP.
//!
//! Many runs: the attacker sees every release of a training on some sixty persons. One run: the attacker sees every
//! release of trainings on a few canaries each ([`canaries`](super::canaries)).

use super::canaries::{Played, Where, play};
use super::neighbours::{Pair, pairs};
use super::transcript::Mechanism;
use super::{Audited, Claim, Finding, Many, Settings, key, many, of_many, of_one_run};
use crate::disclosure::TrainedInsideParams;
use crate::error::{Error, Result};
use crate::population::People;
use crate::privacy::{Budget, Ledger, Noise};
use crate::scoring::dp_scorer;
use crate::view::{Column, PlatformView};

/// Runs with and without each canary by which the worst is found.
const PILOT: u32 = 6;
/// A pilot of canaries is this many times smaller than the run.
const PILOTS: usize = 8;

struct Training<'a> {
    params: &'a TrainedInsideParams,
    budget: Budget,
}

impl Training<'_> {
    /// PDs of `probes`, as bits, by a model that learnt from `view`.
    fn scores(
        &self,
        view: &PlatformView,
        probes: &PlatformView,
        noise: Noise,
        ledger: &mut Ledger,
    ) -> Result<Vec<f64>> {
        let scorer = dp_scorer(&self.params.scorer, &self.params.training, self.budget, noise);
        scorer.fit(view, ledger)?.score(probes)
    }

    fn many(&self, pair: &Pair, settings: &Settings, first: u64, n: u32) -> Result<Many> {
        let mechanism = |is_in: bool, noise: Noise, ledger: &mut Ledger| {
            let view = if is_in { &pair.within } else { &pair.out };
            Ok(self.scores(view, &pair.probes, noise, ledger)?.into_iter().map(f64::to_bits).collect())
        };
        let mechanism: &Mechanism<'_> = &mechanism;
        many(mechanism, (settings.noise, settings.streams), first, n)
    }

    /// Bounds of one run, with canaries where a pilot tells most of them.
    fn one_run(&self, columns: &[Column], claim: &Claim, settings: &Settings) -> Result<Vec<Finding>> {
        let train = |view: &PlatformView, noise: Noise, ledger: &mut Ledger| {
            dp_scorer(&self.params.scorer, &self.params.training, self.budget, noise).fit(view, ledger).map(|_| ())
        };
        let size = settings.canaries as usize;
        let played = |place, canaries, number| play(&train, columns, place, canaries, settings, number);
        let mut pilot: Option<(Where, Played)> = None;
        for (k, place) in (20..).zip(Where::ALL) {
            let found = played(place, size.div_ceil(PILOTS), k)?;
            if pilot.as_ref().is_none_or(|(_, best)| found.told > best.told) {
                pilot = Some((place, found));
            }
        }
        let (place, pilot) = pilot.ok_or_else(|| Error::Other("no canary".into()))?;
        let run = played(place, size, 3)?;
        Ok(of_one_run(&pilot.guessed, &run.guessed, &place.words(), claim, settings.alpha))
    }
}

pub(super) fn audit(
    params: &TrainedInsideParams,
    like: &People,
    epsilon: f64,
    claim: &Claim,
    settings: &Settings,
) -> Result<Audited> {
    let training = Training { params, budget: Budget::new(epsilon, params.delta)? };
    let columns: Vec<Column> = like.bureau.columns().iter().chain(like.platform.columns()).cloned().collect();
    let (mut worst, mut leak, mut uncounted) = (None, false, false);
    for (k, pair) in (0u64..).zip(pairs(&columns)) {
        let pilot = training.many(&pair, settings, key(100 + k), PILOT)?;
        (leak, uncounted) = (leak | pilot.leak, uncounted | pilot.uncounted);
        if worst.as_ref().is_none_or(|(best, _)| pilot.apart > *best) {
            worst = Some((pilot.apart, pair));
        }
    }
    let (_, pair) = worst.ok_or_else(|| Error::Other("no canary".into()))?;
    let runs = training.many(&pair, settings, key(1), settings.runs)?;
    let mut findings = training.one_run(&columns, claim, settings)?;
    findings.extend(of_many(&runs, &pair.name, claim, settings.alpha));
    Ok(Audited { findings, leak: leak | runs.leak, uncounted: uncounted | runs.uncounted })
}
