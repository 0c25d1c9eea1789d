//! Arms × replications × sweep points. The stages of a run, in order:
//!
//! 1. calibrate the loadings to the scenario's target AUCs, once for each distinct population ([`calibrate`]);
//! 2. histories of all persons (simulated, or a table resampled);
//! 3. attitudes, the same under every form;
//! 4. halves by person, groups;
//! 5. the reference arm: scores and decisions;
//! 6. every arm at every ε: choices → disclosure (ledger) → scores → decisions → rows.
//!
//! Work is cut by (sweep point, replication) and then by arm; every draw is keyed, every reduction exact, rows are put
//! in a fixed order: the number of threads changes nothing.

pub mod bench;
pub mod calibrate;
pub mod facts;
pub mod story;

mod arm;
mod world;

pub use arm::{ArmPoint, Scored, WITHOUT_OWN, arm_points, evaluate_arm, score_arm};
pub use calibrate::{Calibration, loadings_for};
pub use world::{BYTES_A_PERSON, Histories, World};

use crate::error::{Error, Result};
use crate::evaluate::{Emit, Row};
use crate::privacy::{Entry, NoiseMode};
use crate::scenario::Loaded;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hears how far a run is, and may stop it.
pub trait Observer: Sync {
    /// `done` of `total` arm points are finished.
    fn progress(&self, done: usize, total: usize);
    /// Whether the user asked to stop.
    fn cancelled(&self) -> bool;
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

/// Everything a run found.
pub struct Results {
    /// All values, in a fixed order.
    pub rows: Vec<Row>,
    /// All releases.
    pub ledger: Vec<Releases>,
    /// What calibration reached, one a distinct population.
    pub calibrations: Vec<Calibration>,
}

/// Runs a scenario.
pub fn run(loaded: &Loaded, histories: &Histories, noise: NoiseMode, observer: &dyn Observer) -> Result<Results> {
    let points = loaded.points()?;
    let total: usize = points.iter().map(|p| arm_points(&p.scenario).len() * p.scenario.replications as usize).sum();
    let done = AtomicUsize::new(0);
    let mut results = Results { rows: Vec::new(), ledger: Vec::new(), calibrations: Vec::new() };
    for point in &points {
        let scenario = &point.scenario;
        let loadings = match histories {
            Histories::Synthetic => loadings_for(scenario, &mut results.calibrations)?,
            Histories::Table(_) => crate::population::Loadings::default(),
        };
        let sweep: Arc<[String]> = point.values.clone().into();
        let arms = arm_points(scenario);
        for replication in 0..scenario.replications {
            if observer.cancelled() {
                return Err(Error::Interrupted);
            }
            let world = World::new(scenario, histories, &loadings, replication)?;
            let reference = reference_approvals(scenario, &world, &arms, noise)?;
            let parts: Vec<Result<(Vec<Row>, Option<Releases>)>> = arms
                .par_iter()
                .map(|arm| {
                    if observer.cancelled() {
                        return Err(Error::Interrupted);
                    }
                    let mut emit = Emit {
                        arm: Arc::from(arm.name.as_str()),
                        epsilon: arm.epsilon,
                        sweep: sweep.clone(),
                        replication,
                        rows: Vec::new(),
                    };
                    let scored = score_arm(scenario, &world, arm, noise)?;
                    evaluate_arm(scenario, &world, arm, &scored, &reference, &mut emit)?;
                    observer.progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                    let spent = scored.ledger.spent(scenario.arm[arm.arm].disclosure.delta());
                    let releases = (replication == 0).then(|| Releases {
                        arm: arm.name.clone(),
                        epsilon: arm.epsilon,
                        sweep: point.values.clone(),
                        entries: scored.ledger.entries().to_vec(),
                        epsilon_spent: spent.epsilon,
                        delta_spent: spent.delta,
                    });
                    Ok((emit.rows, releases))
                })
                .collect();
            for part in parts {
                let (rows, releases) = part?;
                results.rows.extend(rows);
                results.ledger.extend(releases);
            }
        }
    }
    Ok(results)
}

/// Decisions of the reference arm (its first ε), to which winners and losers are counted.
fn reference_approvals(
    scenario: &crate::scenario::Scenario,
    world: &World,
    arms: &[ArmPoint],
    noise: NoiseMode,
) -> Result<Vec<bool>> {
    let Some(point) = arms.iter().find(|a| a.name == scenario.reference) else {
        return Err(Error::Other(format!("there is no reference arm `{}`", scenario.reference)));
    };
    Ok(score_arm(scenario, world, point, noise)?.approved)
}
