//! `pretick bench`: any data × any scorers × any ε, on the same splits.
//!
//! 1. for each seed: the persons ([`Sample`]): a population of its own, or the table as it is;
//! 2. the folds of the seed ([`splits`]): the same for every scorer and every ε;
//! 3. for each fold: scorers without privacy once, DP scorers at every ε: fit on the training part, score the test part;
//! 4. metrics on the test part, and what the ledger says was spent;
//! 5. on some of the folds, what each [declared trend](trends) costs the scorers that keep to it.
//!
//! Everybody's history is known here: no consent, no imputation, only scorers. Lender scorers see what a lender under full
//! sharing sees; DP scorers see the same columns inside the platform. Noise of a fit is keyed by (seed, scorer, ε, fold).
//!
//! Fits that are timed run one after another with nothing beside them; without a clock they run side by side, and the
//! results have the same bits for any number of threads.

mod contender;
mod job;
mod sample;
pub mod trends;

pub use super::split::{Cut, Split, splits};
pub use contender::{ALL, Contender, Kind, contenders, words};
pub use job::{Job, Meter, Usage};
pub use sample::Sample;

use super::{Histories, Observer, loadings_for};
use crate::error::{Error, Result};
use crate::population::Loadings;
use crate::privacy::Entry;
use crate::privacy::accountant::SideBySide;
use crate::rng::Streams;
use crate::scenario::Scenario;
use job::{Stand, attend};
use rayon::prelude::*;
use sample::Parts;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is benched.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Values of ε for the scorers under DP; ∞ is the noiseless twin.
    pub epsilons: Vec<f64>,
    /// δ of their guarantee.
    pub delta: f64,
    /// Number of seeds: of splits of a table, or of populations.
    pub seeds: u32,
    /// Folds a seed; 1: one split.
    pub folds: u32,
    /// Share that is tested where there is one fold.
    pub test_share: f64,
    /// Most persons to train on.
    pub train: Option<usize>,
}

impl Plan {
    /// How a seed parts the persons.
    pub const fn cut(&self) -> Cut {
        Cut { folds: self.folds, test_share: self.test_share, train: self.train }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            epsilons: vec![0.1, 0.5, 1.0, 2.0, 4.0, 8.0],
            delta: 1e-5,
            seeds: 5,
            folds: 1,
            test_share: 0.2,
            train: None,
        }
    }
}

/// What one fit gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// Scorer.
    pub scorer: Arc<str>,
    /// ε asked for; `None` without privacy.
    pub epsilon: Option<f64>,
    /// Seed.
    pub seed: u32,
    /// Fold.
    pub fold: u32,
    /// Metrics by name.
    pub values: Vec<(Arc<str>, f64)>,
    /// What the fitted model says of itself, e.g. that noise left nothing but the prior.
    pub notes: Vec<String>,
    /// Why the fit failed, if it did.
    pub failure: Option<String>,
    /// What it released: kept of the first fold of the first seed, for every other fold repeats it.
    /// In JSON, a [`Releases`].
    pub releases: Option<serde_json::Value>,
}

/// Releases of one scorer at one ε.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Releases {
    /// Scorer.
    pub scorer: String,
    /// ε asked for.
    pub epsilon: Option<f64>,
    /// Total by composition.
    pub epsilon_spent: f64,
    /// δ of the total.
    pub delta_spent: f64,
    /// ε of the same entries by every accountant, one a kind of guarantee.
    pub accountants: Vec<SideBySide>,
    /// The ledger's entries.
    pub entries: Vec<Entry>,
}

/// Who meets whom on which data.
pub struct Bench<'a> {
    /// The scenario: its population or column map, and the scorers' parameters.
    pub scenario: &'a Scenario,
    /// Where histories come from.
    pub histories: &'a Histories,
    /// Splits and values of ε.
    pub plan: &'a Plan,
    /// The scorers.
    pub contenders: &'a [Contender],
}

impl Bench<'_> {
    /// The jobs of one fold, in the order of the scorers and of ε.
    fn jobs(&self, seed: u32, fold: u32) -> Vec<Job> {
        let of = |(scorer, c): (usize, &Contender)| -> Vec<Job> {
            let epsilons: Vec<Option<f64>> =
                if c.is_private() { self.plan.epsilons.iter().copied().map(Some).collect() } else { vec![None] };
            epsilons.into_iter().map(|epsilon| Job { scorer, epsilon, seed, fold }).collect()
        };
        self.contenders.iter().enumerate().flat_map(of).collect()
    }

    /// Number of fits.
    pub fn fits(&self) -> usize {
        self.jobs(0, 0).len() * self.plan.seeds as usize * self.plan.folds as usize
    }

    /// Runs the bench. `kept` are results of an earlier, interrupted call, which are not done again; `keep` is told every
    /// new one. The results come by scorer, ε, seed and fold, whatever the order of work. `meter`: none leaves all that
    /// is measured by the clock out.
    pub fn run(
        &self,
        meter: Option<&dyn Meter>,
        kept: &[Done],
        keep: &(dyn Fn(&Done) -> Result<()> + Sync),
        observer: &dyn Observer,
    ) -> Result<Vec<Done>> {
        let loadings = self.loadings()?;
        let kept: BTreeMap<_, &Done> =
            kept.iter().map(|d| ((d.seed, d.fold, d.scorer.to_string(), bits(d.epsilon)), d)).collect();
        let earlier = |job: &Job| {
            let name = self.contenders[job.scorer].name.clone();
            kept.get(&(job.seed, job.fold, name, bits(job.epsilon))).copied()
        };
        let finished = AtomicUsize::new(0);
        let tell = |more: usize| observer.progress(finished.fetch_add(more, Ordering::Relaxed) + more, self.fits());
        let mut out: Vec<(usize, Done)> = Vec::with_capacity(self.fits());
        // The table is the same in every seed, a population is not.
        let mut sample: Option<Sample> = None;
        for seed in 0..self.plan.seeds {
            let streams = Streams::new(self.scenario.seed, seed);
            let wanted: Vec<Vec<Job>> = (0..self.plan.folds).map(|fold| self.jobs(seed, fold)).collect();
            if wanted.iter().flatten().all(|job| earlier(job).is_some()) {
                let found = wanted.iter().flatten().filter_map(|job| Some((job.scorer, earlier(job)?.clone())));
                out.extend(found);
                tell(wanted.iter().map(Vec::len).sum());
                continue;
            }
            let persons = self.persons(&mut sample, &loadings, streams)?;
            for (jobs, split) in wanted.iter().zip(splits(&persons.bad, &persons.key, streams, self.plan.cut())) {
                let parts = Parts::new(persons, &split);
                let stand = Stand { lender: &self.scenario.lender, plan: self.plan, parts: &parts, streams, meter };
                let one = |job: &Job| -> Result<(usize, Done)> {
                    if observer.cancelled() {
                        return Err(Error::Interrupted);
                    }
                    let done = if let Some(done) = earlier(job) {
                        done.clone()
                    } else {
                        let done = attend(&self.contenders[job.scorer], job, &stand)?;
                        keep(&done)?;
                        done
                    };
                    tell(1);
                    Ok((job.scorer, done))
                };
                let done: Result<Vec<(usize, Done)>> =
                    if meter.is_some() { jobs.iter().map(one).collect() } else { jobs.par_iter().map(one).collect() };
                out.extend(done?);
            }
        }
        out.sort_by_key(|(scorer, d)| (*scorer, bits(d.epsilon), d.seed, d.fold));
        Ok(out.into_iter().map(|o| o.1).collect())
    }

    fn loadings(&self) -> Result<Loadings> {
        match self.histories {
            Histories::Synthetic => loadings_for(self.scenario, &mut Vec::new()),
            Histories::Table(_) => Ok(Loadings::default()),
        }
    }

    /// The persons of a seed, in place of those of the seed before; the table is the same in every seed and is kept.
    fn persons<'s>(&self, sample: &'s mut Option<Sample>, loadings: &Loadings, streams: Streams) -> Result<&'s Sample> {
        if matches!(self.histories, Histories::Synthetic) {
            *sample = None;
        }
        let persons = match sample {
            Some(sample) => &*sample,
            empty => &*empty.insert(Sample::new(self.scenario, self.histories, loadings, streams)?),
        };
        if persons.bad.is_empty() {
            return Err(Error::Fit("nobody applies: there is nobody to learn from".into()));
        }
        Ok(persons)
    }

    /// The part of each person in each fold of each seed, for a table; for others see [`splits`].
    pub fn placements(&self, sample: &Sample) -> Vec<Placement> {
        let mut out = Vec::new();
        for seed in 0..self.plan.seeds {
            let all = splits(&sample.bad, &sample.key, Streams::new(self.scenario.seed, seed), self.plan.cut());
            for (fold, split) in all.into_iter().enumerate() {
                let mut parts = vec![Part::Unused; sample.bad.len()];
                split.train.iter().for_each(|i| parts[*i as usize] = Part::Train);
                split.test.iter().for_each(|i| parts[*i as usize] = Part::Test);
                out.push(Placement { seed, fold: fold as u32, parts });
            }
        }
        out
    }
}

/// A number that puts no ε first, then ε by its size.
fn bits(epsilon: Option<f64>) -> u64 {
    epsilon.map_or(0, f64::to_bits)
}

/// A person's part in a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Neither learnt from nor scored.
    Unused,
    /// Learnt from.
    Train,
    /// Scored.
    Test,
}

/// One fold as it is published.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Seed.
    pub seed: u32,
    /// Fold.
    pub fold: u32,
    /// Part of each person.
    pub parts: Vec<Part>,
}
