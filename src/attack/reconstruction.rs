//! Reconstruction: what a platform that answers many counts gives away, one yes or no of each person at a time.
//!
//! *Threat model.* Somebody who may ask the platform for statistics (an insider, a customer of an interface) asks for m counts: how
//! many of a random set of persons had a late bill? The sets are the asker's own, so each answer is a linear equation in n
//! unknown bits. With m = 4n answers whose error is small against √n the bits come back (Dinur & Nissim, "Revealing information
//! while preserving privacy", PODS 2003; Dwork & Yekhanin, CRYPTO 2008).
//!
//! ```text
//! y = A·x + noise        x ∈ {0, 1}ⁿ, A ∈ {0, 1}^{m×n} random and known
//! x̂ = argmin |y − A·x|² + λ·|x − p|²,  guess 1 where x̂ > 1/2
//! ```
//!
//! λ = 0 is least squares; the attacker who knows the noise and the share p of ones takes λ = σ²/(p(1 − p)), the best linear guess,
//! which falls back to the majority where the noise drowns everything. It is solved by conjugate gradients.
//!
//! **In an arm of cohort aggregates** the same platform is asked, under the arm's own ε, δ and mechanism: a person is in at most c
//! of the sets (c is known from the public sets), so the noise is calibrated to L1 = c (Laplace) or L2 = √c (Gaussian), and the
//! whole workload costs ε by its ledger. This is a *what-if*: the arm publishes one table, not these counts.
//!
//! | row | what is attacked |
//! |---|---|
//! | `accuracy` | the counts under the arm's ε; `epsilon` by their ledger, `noise` = σ/√n |
//! | `noiseless` | the same counts, answered exactly |
//! | `table` | the table that the arm does publish: the bit is guessed from the noisy mean of the person's cohort, by the cut that does best on `attack.attribute.auxiliary` persons whose bit is known |
//!
//! Baseline: the majority's bit for everybody. Control (of `table`): the person's own record left out of the cohort.
//!
//! The bit is "above the lowest value" of the last column that the arm aggregates, by default a late bill in the last six months.
//! Raw histories need no reconstruction, scores and reports on phones answer no counts: these arms have no rows.
//!
//! Limits. Random sets are near the best for the asker and far from what a dashboard allows. With λ the guess may be a little
//! below the majority by chance.

use super::{Measured, Scene};
use crate::disclosure::{CohortAggregatesParams, Disclosure, Halves, Shown};
use crate::error::Result;
use crate::evaluate::Emit;
use crate::params::between;
use crate::privacy::{IntegerGaussian, IntegerLaplace, Ledger, Noise};
use crate::rng::{Entity, Purpose};
use crate::view::{Column, Frame};
use std::sync::Arc;

mod sets;

pub use sets::Sets;

crate::params! {
    /// Reconstruction from many counts.
    pub struct ReconstructionParams {
        /// n: persons whose bit is wanted.
        pub bits: u32 = 400, "persons", between(8.0, 10_000.0), "assumed: noise of √n counts is then 20 persons";
        /// m/n: counts that are asked, as a multiple of n.
        pub counts_per_bit: u32 = 4, "counts", between(2.0, 64.0), "Dwork & Yekhanin 2008: a small multiple of n is enough";
    }
}

/// Keeps the samples of this attack apart from those of others.
const SALT: u16 = 31;
/// Keys the noise of the counts, apart from the arm's release.
const RELEASE: u64 = 1 << 61;

/// Adds `attack.reconstruction.*` for an arm of cohort aggregates. `auxiliary`: persons whose bit the attacker knows.
pub fn measure(params: &ReconstructionParams, auxiliary: usize, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let Disclosure::CohortAggregates(arm) = scene.disclosure else { return Ok(()) };
    let (known, mut wanted) = scene.samples(auxiliary, params.bits as usize, SALT);
    // Copies of a person stand together: a record in the sets twice would not be bounded by c.
    let persons = scene.persons(&wanted);
    let mut before = None;
    let mut keep = persons.iter().map(|i| before.replace(scene.who(*i)) != Some(scene.who(*i)));
    wanted.retain(|_| keep.next().unwrap_or(true));
    if known.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let halves = Halves { train: scene.persons(&known), score: scene.persons(&wanted) };
    let (means, table) = cohort_means(scene, &halves, false)?;
    let others = cohort_means(scene, &halves, true)?.1;
    let Some(column) = means.columns().last() else { return Ok(()) };
    let Some(bits) = Bits::of(&scene.people.platform, column, scene.disclosure) else { return Ok(()) };
    let (known, truth) = (bits.of_persons(&halves.train), bits.of_persons(&halves.score));
    let share = known.iter().filter(|b| **b).count() as f64 / known.len() as f64;
    let baseline = accuracy(&vec![share > 0.5; truth.len()], &truth);

    let answers = Answers::ask(params, arm, &truth, scene)?;
    for (name, y, deviation) in [("accuracy", &answers.noisy, answers.deviation), ("noiseless", &answers.exact, 0.0)] {
        let prior = (share * (1.0 - share)).max(1e-3);
        let guess = answers.sets.solve(y, share, deviation * deviation / prior);
        let guess: Vec<bool> = guess.iter().map(|x| *x > 0.5).collect();
        let attack = accuracy(&guess, &truth);
        Measured { attack, baseline, control: f64::NAN }.add("reconstruction", name, emit);
    }
    let all = Arc::from("all");
    emit.add("attack.reconstruction.epsilon", &all, answers.epsilon);
    emit.add("attack.reconstruction.noise", &all, answers.deviation / libm::sqrt(truth.len() as f64));

    let last = means.width() - 1;
    let cut = best_cut(means.column(last), &known);
    let by_cut = |frame: &Frame| {
        let guess: Vec<bool> = frame.column(last).iter().map(|x| *x > cut).collect();
        accuracy(&guess, &truth)
    };
    let (attack, control) = (by_cut(&table), by_cut(&others));
    Measured { attack, baseline, control }.add("reconstruction", "table", emit);
    Ok(())
}

/// Noisy means of the cohorts of two sets of persons.
fn cohort_means(scene: &Scene<'_>, halves: &Halves, without_own_record: bool) -> Result<(Frame, Frame)> {
    Ok(match scene.shown(halves, without_own_record)? {
        Shown::Views(views) => (views.0.more, views.1.more),
        Shown::Scores(_) => (Frame::zeros(Vec::new(), 0), Frame::zeros(Vec::new(), 0)),
    })
}

/// One yes or no of every person.
struct Bits<'a> {
    column: &'a Column,
    values: &'a [f32],
}

impl<'a> Bits<'a> {
    /// The column whose cohort mean is `mean`.
    fn of(platform: &'a Frame, mean: &Column, disclosure: &Disclosure) -> Option<Self> {
        let Disclosure::CohortAggregates(arm) = disclosure else { return None };
        let name = mean.name.strip_prefix(arm.cohort.word())?.strip_prefix("_mean_")?;
        let j = platform.index(name)?;
        Some(Self { column: &platform.columns()[j], values: platform.column(j) })
    }

    /// Above the lowest value; a missing or special value is a no.
    fn of_persons(&self, persons: &[u32]) -> Vec<bool> {
        let yes = |i: &u32| self.column.quantity(self.values[*i as usize]).is_some_and(|x| x > self.column.lo);
        persons.iter().map(yes).collect()
    }
}

/// Share of bits told right.
fn accuracy(guess: &[bool], truth: &[bool]) -> f64 {
    guess.iter().zip(truth).filter(|(g, t)| g == t).count() as f64 / truth.len() as f64
}

/// The cut above which a bit is guessed to be 1 that is right most often.
fn best_cut(values: &[f32], bits: &[bool]) -> f32 {
    let mut pairs: Vec<(f32, bool)> = values.iter().copied().zip(bits.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Right where everybody is guessed to be 1; each run of equal values then moves to the other side.
    let mut right = bits.iter().filter(|b| **b).count() as i64;
    let (mut best, mut cut) = (right, f32::NEG_INFINITY);
    for run in pairs.chunk_by(|a, b| a.0 == b.0) {
        right += run.iter().map(|(_, bit)| if *bit { -1 } else { 1 }).sum::<i64>();
        if right > best {
            (best, cut) = (right, run[0].0);
        }
    }
    cut
}

/// The counts that were asked, with and without noise.
struct Answers {
    sets: Sets,
    exact: Vec<f64>,
    noisy: Vec<f64>,
    /// Standard deviation of the noise.
    deviation: f64,
    epsilon: f64,
}

impl Answers {
    fn ask(
        params: &ReconstructionParams,
        arm: &CohortAggregatesParams,
        truth: &[bool],
        scene: &Scene<'_>,
    ) -> Result<Self> {
        let mut draws = scene.streams.draws(Entity::Nation(RELEASE), SALT, Purpose::Attack);
        let sets = Sets::draw(truth.len() * params.counts_per_bit as usize, truth.len(), &mut draws);
        let exact = sets.counts(truth);
        let mut noise = Noise::new(scene.noise, scene.streams, RELEASE | scene.release);
        let mut ledger = Ledger::new();
        let mut noisy = exact.clone();
        let epsilon = scene.epsilon.unwrap_or(f64::INFINITY);
        let deviation = add_noise(&mut noisy, sets.most_per_person(), epsilon, arm.delta, &mut noise, &mut ledger)?;
        let real = |counts: Vec<i64>| counts.into_iter().map(|c| c as f64).collect();
        let epsilon = ledger.spent(arm.delta).epsilon;
        Ok(Self { sets, exact: real(exact), noisy: real(noisy), deviation, epsilon })
    }
}

/// Noise on counts of which a person is in at most `most`: (ε, δ) for all of them together. Gives its standard deviation.
fn add_noise(
    counts: &mut [i64],
    most: u64,
    epsilon: f64,
    delta: f64,
    noise: &mut Noise,
    ledger: &mut Ledger,
) -> Result<f64> {
    let query = format!("{} counts of late bills over random sets of persons", counts.len());
    if delta > 0.0 {
        let mechanism = IntegerGaussian::calibrate_mu(most, crate::privacy::mu_of_epsilon(epsilon, delta))?;
        mechanism.release(counts, &query, noise, ledger)?;
        return Ok(mechanism.deviation());
    }
    let mechanism = IntegerLaplace::calibrate(most, epsilon)?;
    mechanism.release(counts, &query, noise, ledger)?;
    Ok(libm::sqrt(2.0) * mechanism.scale())
}

#[cfg(test)]
mod tests;
