//! The `calibrate` step: loadings that reach target AUCs in a stated pool.
//!
//! Three unknowns, b of the outcome (logit PD = a − b·z + burden), the bureau loading and the platform loading, for three
//! targets: AUC of a logistic regression on the bureau columns, on the platform columns, and on both. A small population
//! with a seed of its own (replication 2³² − 1: no run ever uses it) is simulated again for each trial under common random
//! numbers. AUCs are Rao–Blackwellised: every person counts as a defaulter with weight PD and as a good one with 1 − PD,
//! so that the Bernoulli noise of a 3.6 % outcome drops out.
//!
//! Broyden's method on (bureau, platform, outcome), started from a diagonal guess: the own AUC of each signal rises with
//! its loading, and all three with b.

use crate::error::{Error, Result};
use crate::population::{Loadings, People, Pool, simulate};
use crate::rng::Streams;
use crate::scenario::Scenario;
use crate::scoring::soft_scores;
use crate::view::Frame;

/// What calibration asked for and reached.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Calibration {
    /// Pool that the targets belong to.
    pub pool: String,
    /// Target AUCs: bureau, platform, both.
    pub target: [f64; 3],
    /// AUCs reached on the calibration population.
    pub reached: [f64; 3],
    /// The loadings found.
    pub loadings: Loadings,
    /// Identifies the population that was calibrated.
    #[serde(skip)]
    pub key: String,
}

/// Seed of calibration populations; `run` and `validate` never see them.
const CALIBRATION_SEED: u64 = 0x5EED_CA11;
const CALIBRATION_REPLICATION: u32 = u32::MAX;
/// Persons of the first search.
const COARSE: usize = 20_000;
/// Persons of the polish: the standard error of a Rao–Blackwellised AUC is about .001.
const FINE: usize = 128_000;
const MAX_STEPS: usize = 12;
/// Largest miss that counts as reached.
pub const TOLERANCE: f64 = 0.0005;
/// Largest miss with which a scenario is run at all.
const LIMIT: f64 = 0.01;
/// Largest miss of the coarse search that the polish may still repair.
const COARSE_LIMIT: f64 = 0.015;

/// The loadings of a scenario, calibrated once for each distinct population.
pub fn loadings_for(scenario: &Scenario, done: &mut Vec<Calibration>) -> Result<Loadings> {
    let key = calibration_key(scenario);
    if let Some(c) = done.iter().find(|c| c.key == key) {
        return Ok(c.loadings);
    }
    let calibration = calibrate(scenario, key)?;
    let loadings = calibration.loadings;
    done.push(calibration);
    Ok(loadings)
}

/// What tells populations apart that need loadings of their own.
pub fn calibration_key(scenario: &Scenario) -> String {
    format!("{:?}|{:?}|{:?}", scenario.population, scenario.histories, scenario.outcome)
}

/// AUCs (bureau, platform, both) of a pool under loadings, on the population of `streams`.
pub fn pool_aucs(scenario: &Scenario, loadings: &Loadings, streams: Streams, persons: usize) -> Result<[f64; 3]> {
    let people = simulate(
        &scenario.population,
        &scenario.histories,
        &scenario.outcome,
        &scenario.applicants,
        loadings,
        streams,
        0,
        persons,
    )?;
    let rows = pool_rows(&people, &scenario.histories.calibrate.pool);
    let pd: Vec<f64> = rows.iter().map(|i| f64::from(people.pd[*i as usize])).collect();
    let bureau = people.bureau.select(&rows);
    let platform = people.platform.select(&rows);
    let both = bureau.beside(&platform);
    let auc = |f: &Frame| -> Result<f64> { Ok(soft_auc(&soft_scores(f, &pd)?, &pd)) };
    Ok([auc(&bureau)?, auc(&platform)?, auc(&both)?])
}

fn pool_rows(people: &People, pool: &Pool) -> Vec<u32> {
    (0..people.default.len() as u32).filter(|i| pool.holds(people, *i as usize)).collect()
}

/// AUC with every person counted as bad with weight PD and as good with weight 1 − PD; ties half.
fn soft_auc(score: &[f64], pd: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
    let (mut good, mut u, mut bad, mut own) = (0.0, 0.0, 0.0, 0.0);
    let mut start = 0;
    while start < order.len() {
        let end = start + order[start..].iter().take_while(|i| score[**i] == score[order[start]]).count();
        let (mut run_bad, mut run_good) = (0.0, 0.0);
        for i in &order[start..end] {
            let p = pd[*i];
            run_bad += p;
            run_good += 1.0 - p;
            own += p * (1.0 - p);
        }
        u += run_bad * (good + 0.5 * run_good);
        bad += run_bad;
        good += run_good;
        start = end;
    }
    // A person is not paired with itself.
    (u - 0.5 * own) / (bad * good - own)
}

/// Whether loadings exist that come near the targets, by the coarse search alone: some seconds less than the whole.
pub fn can_calibrate(scenario: &Scenario) -> Result<()> {
    let goal = Goal::new(scenario);
    let search = goal.coarse()?;
    if search.best.0 > COARSE_LIMIT { Err(goal.out_of_reach(&search.best.2)) } else { Ok(()) }
}

/// Targets, and the population that they are sought on.
struct Goal {
    target: [f64; 3],
    independent: Scenario,
}

impl Goal {
    fn new(scenario: &Scenario) -> Self {
        let goal = &scenario.histories.calibrate;
        // Persons are independent here: the expected AUC is that of the marginal law, and without communities the
        // calibration population strays less from it.
        let mut independent = scenario.clone();
        independent.population.correlation.community = 0.0;
        independent.population.correlation.district = 0.0;
        Self { target: [goal.auc.bureau, goal.auc.platform, goal.auc.both], independent }
    }

    /// What is missed at `x`. Unknowns as logarithms: loadings stay positive.
    fn miss(&self, persons: usize, x: &[f64; 3]) -> Result<[f64; 3]> {
        let streams = Streams::new(CALIBRATION_SEED, CALIBRATION_REPLICATION);
        let got = pool_aucs(&self.independent, &from_log(x), streams, persons)?;
        Ok([got[0] - self.target[0], got[1] - self.target[1], got[2] - self.target[2]])
    }

    fn coarse(&self) -> Result<Search> {
        let start = Loadings::default();
        let miss = |x: &[f64; 3]| self.miss(COARSE, x);
        let mut search = Search::new([start.bureau, start.platform, start.outcome].map(libm::log), &miss)?;
        for _ in 0..3 {
            search.run(&miss, 4.0 * TOLERANCE)?;
            if search.best.0 < 4.0 * TOLERANCE {
                break;
            }
            search = Search::new(search.best.1, &miss)?;
        }
        Ok(search)
    }

    fn out_of_reach(&self, missed: &[f64; 3]) -> Error {
        let target = self.target;
        Error::Other(format!(
            "histories.calibrate: no loadings reach AUC bureau {:.3}, platform {:.3}, both {:.3}; nearest: {:.3}, {:.3}, {:.3}. \
             Move the targets closer to each other or to .5",
            target[0],
            target[1],
            target[2],
            target[0] + missed[0],
            target[1] + missed[1],
            target[2] + missed[2]
        ))
    }
}

fn calibrate(scenario: &Scenario, key: String) -> Result<Calibration> {
    let goal = Goal::new(scenario);
    // Coarse first: the search is cheap, the polish takes two or three steps with the Jacobian found.
    let mut search = goal.coarse()?;
    let miss = |x: &[f64; 3]| goal.miss(FINE, x);
    search.restart(&miss)?;
    search.run(&miss, TOLERANCE)?;
    let (error, x, f) = search.best;
    if error > LIMIT {
        return Err(goal.out_of_reach(&f));
    }
    let target = goal.target;
    Ok(Calibration {
        pool: scenario.histories.calibrate.pool.word().to_owned(),
        target,
        reached: [target[0] + f[0], target[1] + f[1], target[2] + f[2]],
        loadings: from_log(&x),
        key,
    })
}

type Miss<'a> = dyn Fn(&[f64; 3]) -> Result<[f64; 3]> + 'a;

/// Broyden's search for the zero of three misses.
struct Search {
    x: [f64; 3],
    f: [f64; 3],
    jacobian: [[f64; 3]; 3],
    /// Largest miss, where, and the misses there.
    best: (f64, [f64; 3], [f64; 3]),
}

impl Search {
    fn new(x: [f64; 3], miss: &Miss<'_>) -> Result<Self> {
        let f = miss(&x)?;
        let jacobian = numeric_jacobian(miss, &x, &f)?;
        Ok(Self { x, f, jacobian, best: (norm(&f), x, f) })
    }

    /// Goes on from the best point with another miss.
    fn restart(&mut self, miss: &Miss<'_>) -> Result<()> {
        self.x = self.best.1;
        self.f = miss(&self.x)?;
        self.best = (norm(&self.f), self.x, self.f);
        Ok(())
    }

    fn run(&mut self, miss: &Miss<'_>, tolerance: f64) -> Result<()> {
        for _ in 0..MAX_STEPS {
            if self.best.0 < tolerance {
                break;
            }
            let Some(step) = solve3(&self.jacobian, &self.f) else { break };
            let longest = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
            let damp = (0.5 / longest.max(1e-12)).min(1.0);
            let dx = step.map(|s| -damp * s);
            let next = [self.x[0] + dx[0], self.x[1] + dx[1], self.x[2] + dx[2]];
            let g = miss(&next)?;
            let length = dx.iter().map(|d| d * d).sum::<f64>();
            for i in 0..3 {
                let predicted: f64 = (0..3).map(|j| self.jacobian[i][j] * dx[j]).sum();
                for j in 0..3 {
                    self.jacobian[i][j] += (g[i] - self.f[i] - predicted) * dx[j] / length;
                }
            }
            (self.x, self.f) = (next, g);
            if norm(&g) < self.best.0 {
                self.best = (norm(&g), next, g);
            }
        }
        Ok(())
    }
}

fn from_log(x: &[f64; 3]) -> Loadings {
    let e = |v: f64| libm::exp(v.clamp(-6.0, 2.0));
    Loadings { bureau: e(x[0]), platform: e(x[1]), outcome: e(x[2]) }
}

fn norm(f: &[f64; 3]) -> f64 {
    f.iter().fold(0.0, |m, v| m.max(v.abs()))
}

fn numeric_jacobian(miss: &Miss<'_>, x: &[f64; 3], f: &[f64; 3]) -> Result<[[f64; 3]; 3]> {
    const H: f64 = 0.1;
    let mut out = [[0.0; 3]; 3];
    for j in 0..3 {
        let mut moved = *x;
        moved[j] += H;
        let g = miss(&moved)?;
        for i in 0..3 {
            out[i][j] = (g[i] - f[i]) / H;
        }
    }
    Ok(out)
}

/// Cramer's rule.
fn solve3(a: &[[f64; 3]; 3], b: &[f64; 3]) -> Option<[f64; 3]> {
    let det = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let d = det(a);
    if d.abs() < 1e-12 {
        return None;
    }
    let mut x = [0.0; 3];
    for (j, out) in x.iter_mut().enumerate() {
        let mut m = *a;
        for i in 0..3 {
            m[i][j] = b[i];
        }
        *out = det(&m) / d;
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_auc_equals_the_expected_hard_one() {
        let pd = [0.1, 0.2, 0.5, 0.9];
        let score = [1.0, 2.0, 2.0, 4.0];
        let (mut u, mut pairs) = (0.0, 0.0);
        for i in 0..4 {
            for j in (0..4).filter(|j| *j != i) {
                let w = pd[i] * (1.0 - pd[j]);
                pairs += w;
                u += w * if score[i] > score[j] {
                    1.0
                } else if score[i] == score[j] {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert!((soft_auc(&score, &pd) - u / pairs).abs() < 1e-12);
    }

    #[test]
    fn cramer_solves() {
        let x = solve3(&[[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 1.0]], &[4.0, 9.0, 4.0]).unwrap();
        assert!((2.0 * x[0] + x[1] - 4.0).abs() < 1e-12 && (x[0] + x[2] - 4.0).abs() < 1e-12);
    }
}
