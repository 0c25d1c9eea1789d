//! Arms × replications × sweep points. The stages of a run, in order:
//!
//! 1. calibrate the loadings to the scenario's target AUCs, once for each distinct population ([`calibrate`]);
//! 2. histories of all persons: simulated, or those of a table, the same persons in every replication;
//! 3. attitudes, the same under every form;
//! 4. halves by person (of a table: a fresh split), groups;
//! 5. the reference arm: scores and decisions;
//! 6. every arm at every ε: choices → disclosure (ledger) → scores → decisions → rows; in the first
//!    `attack.replications` replications also attacks → rows; on a table also how each value moves with its persons.
//!
//! Work is cut by (sweep point, replication) and then by arm; every draw is keyed, every reduction exact, rows are put
//! in a fixed order: the number of threads changes nothing.
//!
//! A scorer from outside pretick may fail ([`Error::Scorer`]): its arm is then left out at that ε and sweep point, with
//! the rows of earlier replications, and not tried again; the others go on ([`Failure`]).

pub mod audit;
pub mod bench;
pub mod calibrate;
pub mod facts;
pub mod footprint;
pub mod release;
pub mod story;

mod arm;
mod influence;
pub mod split;
mod world;

pub use arm::{ArmPoint, Scored, WITHOUT_OWN, arm_points, attack_arm, evaluate_arm, score_arm};
pub use calibrate::{Calibration, loadings_for};
pub use world::{BLOCKS, Histories, World};

use crate::error::{Error, Result};
use crate::evaluate::{Emit, Judged, PAIRED, Row, TooSmall};
use crate::privacy::{Entry, NoiseMode};
use crate::scenario::{Loaded, Point};
use influence::{Measured, Reference, score_without, studied};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hears how far a run is, and may stop it.
pub trait Observer: Sync {
    /// `done` of `total` arm points are finished.
    fn progress(&self, done: usize, total: usize);
    /// Whether the user asked to stop.
    fn cancelled(&self) -> bool;
    /// An arm's scorer has failed; the run goes on without it.
    fn failed(&self, _message: &str) {}
}

/// Nobody listens.
pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: usize, _: usize) {}
    fn cancelled(&self) -> bool {
        false
    }
}

/// Releases of one arm at one ε (those of the first replication; every replication repeats them).
#[derive(Clone, Debug, serde::Serialize)]
pub struct Releases {
    /// Arm.
    pub arm: String,
    /// ε asked for.
    pub epsilon: Option<f64>,
    /// Sweep values.
    pub sweep: Vec<String>,
    /// The ledger's entries.
    pub entries: Vec<Entry>,
    /// Total by composition.
    pub epsilon_spent: f64,
    /// δ of the total.
    pub delta_spent: f64,
}

/// An arm that is left out at one ε and sweep point because its scorer failed.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Failure {
    /// Arm.
    pub arm: String,
    /// ε asked for.
    pub epsilon: Option<f64>,
    /// Sweep values.
    pub sweep: Vec<String>,
    /// Replication in which it failed first.
    pub replication: u32,
    /// What went wrong; names the arm.
    pub message: String,
}

/// Everything a run found.
pub struct Results {
    /// All values, in a fixed order.
    pub rows: Vec<Row>,
    /// All releases.
    pub ledger: Vec<Releases>,
    /// What calibration reached, one a distinct population.
    pub calibrations: Vec<Calibration>,
    /// Arms without rows because their scorer failed.
    pub failures: Vec<Failure>,
    /// Groups that are too small to judge: their rows are there, what is made of the rows leaves them out.
    pub too_small: Vec<TooSmall>,
    /// What a reader of the rows must know, each thing once.
    pub notes: Vec<String>,
}

/// Runs a scenario.
pub fn run(loaded: &Loaded, histories: &Histories, noise: NoiseMode, observer: &dyn Observer) -> Result<Results> {
    let points = loaded.points()?;
    let total: usize = points.iter().map(|p| arm_points(&p.scenario).len() * p.scenario.replications as usize).sum();
    let counter = Counter { observer, done: AtomicUsize::new(0), total };
    let mut results = Results {
        rows: Vec::new(),
        ledger: Vec::new(),
        calibrations: Vec::new(),
        failures: Vec::new(),
        too_small: Vec::new(),
        notes: Vec::new(),
    };
    // All points first: what cannot be calibrated is said before the work on the others is done.
    let loadings = |point: &Point| match histories {
        Histories::Synthetic => loadings_for(&point.scenario, &mut results.calibrations).map_err(|e| point.locate(e)),
        Histories::Table(_) => Ok(crate::population::Loadings::default()),
    };
    let loadings: Vec<_> = points.iter().map(loadings).collect::<Result<_>>()?;
    for (point, loadings) in points.iter().zip(loadings) {
        let world = |replication| World::new(&point.scenario, histories, &loadings, replication);
        run_point(point, world, noise, &counter, &mut results)?;
    }
    match results.failures.first() {
        Some(first) if results.rows.is_empty() => Err(Error::Scorer(format!("no arm is left: {}", first.message))),
        _ => Ok(results),
    }
}

/// Counts finished arms for the observer.
struct Counter<'a> {
    observer: &'a dyn Observer,
    done: AtomicUsize,
    total: usize,
}

impl Counter<'_> {
    fn count(&self) {
        self.observer.progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total);
    }

    fn go_on(&self) -> Result<()> {
        if self.observer.cancelled() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// All replications of one sweep point.
fn run_point(
    point: &Point,
    world: impl Fn(u32) -> Result<World>,
    noise: NoiseMode,
    counter: &Counter<'_>,
    results: &mut Results,
) -> Result<()> {
    let scenario = &point.scenario;
    let mut arms = arm_points(scenario);
    // The reference is one arm at one ε (its first): another would be another comparison.
    let Some(reference) = arms.iter().find(|a| a.name == scenario.reference).cloned() else {
        return Err(Error::Other(format!("there is no reference arm `{}`", scenario.reference)));
    };
    let is_reference = |a: &ArmPoint| a.name == reference.name && a.epsilon == reference.epsilon;
    let first_row = results.rows.len();
    let mut judged = None;
    for replication in 0..scenario.replications {
        counter.go_on()?;
        if arms.is_empty() {
            break;
        }
        let world = world(replication)?;
        let judged = &*judged.get_or_insert_with(|| Judged::of(&world.people, &world.attitudes.segment, &point.values));
        // PDs against which winners and losers are counted.
        let mut to_beat = None;
        if arms.iter().any(is_reference) {
            match part_of(score_arm(scenario, &world, &reference, noise), counter)? {
                Ok(scored) => {
                    let without = if studied(&world, replication) {
                        score_without(scenario, &world, &reference, noise, replication)?.map(|s| s.pd)
                    } else {
                        None
                    };
                    to_beat = Some(Reference { pd: scored.pd, without });
                }
                Err(message) => {
                    arms.retain(|a| !is_reference(a));
                    results.leave_out(first_row, &reference, &point.values, replication, message);
                }
            }
        }
        let parts: Vec<_> = arms
            .par_iter()
            .map(|arm| run_arm(point, &world, arm, noise, (to_beat.as_ref(), judged), replication, counter))
            .collect();
        let mut left = Vec::with_capacity(arms.len());
        for (arm, part) in arms.into_iter().zip(parts) {
            match part? {
                Ok((emit, releases)) => {
                    results.rows.extend(emit.rows);
                    results.note(emit.notes);
                    results.ledger.extend(releases);
                    left.push(arm);
                }
                Err(message) => results.leave_out(first_row, &arm, &point.values, replication, message),
            }
        }
        arms = left;
        if !arms.iter().any(is_reference) {
            // Nobody wins or loses against it, in earlier replications neither.
            results.drop_rows(first_row, |row| AGAINST.contains(&&*row.metric));
        }
    }
    results.leave_out_small(judged.unwrap_or_default(), &point.values, first_row == 0);
    results.leave_out_pairs(first_row);
    Ok(())
}

/// Metrics that are counted against the reference arm.
const AGAINST: [&str; 5] = ["winners", "losers", "winners_by_lot", "losers_by_lot", "approval_change"];

/// What was made, or the words of a scorer that failed.
type Part<T> = std::result::Result<T, String>;

/// Any other error ends the run.
fn part_of<T>(made: Result<T>, counter: &Counter<'_>) -> Result<Part<T>> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(Error::Scorer(message)) => {
            counter.observer.failed(&message);
            Ok(Err(message))
        }
        Err(e) => Err(e),
    }
}

/// One arm in one replication: its rows, and in the first replication its releases.
fn run_arm(
    point: &Point,
    world: &World,
    arm: &ArmPoint,
    noise: NoiseMode,
    (to_beat, judged): (Option<&Reference>, &Judged),
    replication: u32,
    counter: &Counter<'_>,
) -> Result<Part<(Emit, Option<Releases>)>> {
    counter.go_on()?;
    let scenario = &point.scenario;
    let scored = part_of(score_arm(scenario, world, arm, noise), counter)?;
    counter.count();
    let scored = match scored {
        Ok(scored) => scored,
        Err(message) => return Ok(Err(message)),
    };
    let mut emit = Emit {
        arm: Arc::from(arm.name.as_str()),
        epsilon: arm.epsilon,
        sweep: point.values.clone().into(),
        replication,
        rows: Vec::new(),
        notes: Vec::new(),
    };
    evaluate_arm(scenario, world, arm, &scored, to_beat.map(|r| r.pd.as_slice()), judged, &mut emit)?;
    if studied(world, replication) {
        Measured { scenario, world, point: arm, scored: &scored, reference: to_beat, judged }
            .influences(noise, &mut emit)?;
    }
    if replication < scenario.attack.replications {
        match part_of(attack_arm(scenario, world, arm, &scored, noise, &mut emit), counter)? {
            Ok(()) => {}
            Err(message) => return Ok(Err(message)),
        }
    }
    let spent = scored.ledger.spent(scenario.arm[arm.arm].disclosure.delta());
    let releases = (replication == 0).then(|| Releases {
        arm: arm.name.clone(),
        epsilon: arm.epsilon,
        sweep: point.values.clone(),
        entries: scored.ledger.entries().to_vec(),
        epsilon_spent: spent.epsilon,
        delta_spent: spent.delta,
    });
    Ok(Ok((emit, releases)))
}

impl Results {
    fn note(&mut self, notes: Vec<String>) {
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Names the groups of a sweep point that are too small; where they are those of an earlier point, nothing new is said.
    fn leave_out_small(&mut self, judged: Judged, sweep: &[String], first: bool) {
        for note in judged.notes(&PAIRED).into_iter().filter(|n| !self.notes.contains(n)).collect::<Vec<_>>() {
            self.notes.push(if first || sweep.is_empty() { note } else { format!("at {}: {note}", sweep.join(", ")) });
        }
        self.too_small.extend(judged.too_small);
    }

    /// Drops the arm's rows of this sweep point, which begin at `first_row`: means over some replications would be
    /// means over those in which the scorer did not fail.
    fn leave_out(&mut self, first_row: usize, arm: &ArmPoint, sweep: &[String], replication: u32, message: String) {
        self.drop_rows(first_row, |row| *row.arm == *arm.name && row.epsilon == arm.epsilon);
        let (name, sweep) = (arm.name.clone(), sweep.to_vec());
        self.failures.push(Failure { arm: name, epsilon: arm.epsilon, sweep, replication, message });
    }

    /// Drops comparisons of groups that are undefined in some replication: a mean over the others would be one over those
    /// in which luck put the right persons into the scored half.
    fn leave_out_pairs(&mut self, first_row: usize) {
        let key =
            |r: &Row| (Arc::clone(&r.arm), r.epsilon.map(f64::to_bits), Arc::clone(&r.metric), Arc::clone(&r.group));
        let undefined: BTreeSet<_> = self.rows[first_row..]
            .iter()
            .filter(|r| PAIRED.contains(&&*r.metric) && r.value.is_nan())
            .map(key)
            .collect();
        for (_, _, metric, group) in &undefined {
            self.note(vec![format!("{metric} of {group} is left out where it is undefined in some replication")]);
        }
        if !undefined.is_empty() {
            self.drop_rows(first_row, |r| undefined.contains(&key(r)));
        }
    }

    fn drop_rows(&mut self, first: usize, out: impl Fn(&Row) -> bool) {
        let mut later = self.rows.split_off(first);
        later.retain(|row| !out(row));
        self.rows.append(&mut later);
    }
}
