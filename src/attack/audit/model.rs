//! Audit of a model that is trained under DP.
//!
//! Many runs: the attacker sees every release of a training on some sixty persons. One run: the attacker sees the
//! model alone; the canaries are persons at random corners of the public bounds with outcomes by a coin, and a
//! canary's score is how well the model foretells its outcome. That is what a reader of scores could do; a model of
//! few numbers remembers few canaries, so expect little.

use super::neighbours::{Pair, end, frame, pairs};
use super::transcript::Mechanism;
use super::{Audited, Claim, Guessed, Many, Settings, key, many, of_many, one_run_finding};
use crate::disclosure::TrainedInsideParams;
use crate::error::{Error, Result};
use crate::population::People;
use crate::privacy::{Budget, Ledger, Noise};
use crate::rng::{Entity, Purpose};
use crate::scoring::dp_scorer;
use crate::stats::logit;
use crate::view::{Column, PlatformView};

/// Runs with and without each canary by which the worst is found.
const PILOT: u32 = 12;

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

    /// One training on the canaries whose coin says so.
    fn one(&self, columns: &[Column], settings: &Settings, number: u64) -> Result<Guessed> {
        let m = settings.canaries as usize;
        let word =
            |i: usize, j: u16| settings.streams.block(Entity::Nation(key(number) | i as u64), j, Purpose::Audit, 0);
        let value = |i: usize, c: &Column| {
            let j = columns.iter().position(|d| d.name == c.name).unwrap_or(0) as u16;
            end(c, word(i, j + 1)[0] & 1 == 1)
        };
        let features = frame(columns, m, value);
        let (coins, labels): (Vec<bool>, Vec<bool>) =
            (0..m).map(|i| (word(i, 0)[0] & 1 == 1, word(i, 0)[1] & 1 == 1)).unzip();
        let rows: Vec<u32> = (0u32..).zip(&coins).filter(|c| *c.1).map(|c| c.0).collect();
        let view = PlatformView {
            features: features.select(&rows),
            labels: Some(rows.iter().map(|i| labels[*i as usize]).collect()),
        };
        let noise = Noise::new(settings.noise, settings.streams, key(number));
        let probes = PlatformView { features, labels: None };
        let pd = self.scores(&view, &probes, noise, &mut Ledger::new())?;
        let fits = |(pd, bad): (&f64, &bool)| if *bad { logit(*pd) } else { -logit(*pd) };
        let mut scores: Vec<f64> = pd.iter().zip(&labels).map(fits).collect();
        let mut sorted = scores.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.get(m / 2).copied().unwrap_or(0.0);
        for s in &mut scores {
            *s -= middle;
        }
        Ok(Guessed { scores, coins })
    }
}

/// How far apart the two data sets look on average: μ² where the trade-off is Gaussian.
fn distance(many: &Many) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
    mean(&many.runs.within) - mean(&many.runs.out)
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
        let pilot = training.many(&pair, settings, key(10 + k), PILOT)?;
        (leak, uncounted) = (leak | pilot.leak, uncounted | pilot.uncounted);
        let far = distance(&pilot);
        if worst.as_ref().is_none_or(|(best, _)| far > *best) {
            worst = Some((far, pair));
        }
    }
    let (_, pair) = worst.ok_or_else(|| Error::Other("no canary".into()))?;
    let runs = training.many(&pair, settings, key(1), settings.runs)?;
    let (pilot, run) = (training.one(&columns, settings, 2)?, training.one(&columns, settings, 3)?);
    let corners = "persons at random corners of the bounds";
    let mut findings = vec![one_run_finding(&pilot, &run, corners, claim, settings.alpha)];
    findings.extend(of_many(&runs, pair.name, claim, settings.alpha));
    Ok(Audited { findings, leak: leak | runs.leak, uncounted: uncounted | runs.uncounted })
}
