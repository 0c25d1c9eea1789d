//! The `calibrate` step: loadings that reach target AUCs in a stated pool.
//!
//! Three unknowns, b of the outcome (logit PD = a − b·z + burden), the bureau loading and the platform loading, for three
//! targets: AUC of a logistic regression on the bureau columns, on the platform columns, and on both. A small population
//! with a seed of its own (replication 2³² − 1: no run ever uses it) is simulated again for each trial under common random
//! numbers. AUCs are Rao–Blackwellised: every person counts as a defaulter with weight PD and as a good one with 1 − PD,
//! so that the Bernoulli noise of a 3.6 % outcome drops out.
//!
//! The search (`search`) starts at the loadings of the default scenario, on few persons, and is polished on many. Where no
//! loadings reach the targets, `blame` finds the parameters that stand in the way: `check` and `run` refuse the scenario by the
//! same search, before anything else is simulated.

mod blame;
mod search;

use search::{Search, Three, from_log, to_log};

use crate::error::{Error, Result};
use crate::population::{Loadings, People, Pool, Source, simulate};
use crate::rng::Streams;
use crate::scenario::{Scenario, delinquency_out_of_reach};
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
/// Largest miss that counts as reached.
pub const TOLERANCE: f64 = 0.0005;
/// Largest miss with which a scenario is run at all.
const LIMIT: f64 = 0.01;
/// Largest miss of the coarse search that more persons may still repair.
const COARSE_LIMIT: f64 = 0.015;

/// The loadings of a scenario, calibrated once for each distinct population.
///
/// Errors: [`Error::Scenario`] with the parameters that keep the targets out of reach; [`Scenario`] does not know where they are
/// written, see `Loaded::locate` and `Point::locate`.
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

/// What tells populations apart that need loadings of their own; who applies matters where the pool is of applicants.
fn calibration_key(scenario: &Scenario) -> String {
    let s = independent(scenario);
    let applicants = (s.histories.calibrate.pool != Pool::Everyone).then_some(s.applicants);
    format!("{:?}|{:?}|{:?}|{applicants:?}", s.population, s.histories, s.outcome)
}

/// The scenario as it is calibrated. Persons are independent: the expected AUC is that of the marginal law, and without
/// communities the calibration population strays less from it.
fn independent(scenario: &Scenario) -> Scenario {
    let mut independent = scenario.clone();
    independent.population.correlation.community = 0.0;
    independent.population.correlation.district = 0.0;
    independent
}

/// AUCs (bureau, platform, both) of a pool under loadings, on the population of `streams`; NaN where nobody is in the pool.
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
    let pool = &scenario.histories.calibrate.pool;
    let rows = pool_rows(&people, pool);
    if rows.is_empty() {
        return Ok([f64::NAN; 3]);
    }
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

/// Targets, and the population that they are sought on.
struct Goal {
    target: Three,
    independent: Scenario,
}

impl Goal {
    fn new(scenario: &Scenario) -> Self {
        let goal = &scenario.histories.calibrate;
        Self { target: [goal.auc.bureau, goal.auc.platform, goal.auc.both], independent: independent(scenario) }
    }

    /// What is missed at `x`.
    fn miss(&self, persons: usize, x: &Three) -> Result<Three> {
        let streams = Streams::new(CALIBRATION_SEED, CALIBRATION_REPLICATION);
        let got = pool_aucs(&self.independent, &from_log(x), streams, persons)?;
        Ok([got[0] - self.target[0], got[1] - self.target[1], got[2] - self.target[2]])
    }

    /// The search on few persons: cheap, and a good start for the polish.
    fn coarse(&self) -> Result<Search> {
        let miss = |x: &Three| self.miss(COARSE, x);
        let mut search = Search::new(to_log(&Loadings::default()), &miss)?;
        search.run(&miss, 4.0 * TOLERANCE)?;
        Ok(search)
    }
}

fn calibrate(scenario: &Scenario, key: String) -> Result<Calibration> {
    let goal = Goal::new(scenario);
    // Coarse first: the search is cheap, the polish takes two or three steps with the Jacobian found.
    let mut search = goal.coarse()?;
    if search.error() <= COARSE_LIMIT {
        let miss = |x: &Three| goal.miss(FINE, x);
        search.restart(&miss)?;
        search.run(&miss, TOLERANCE)?;
    }
    if search.error() > LIMIT {
        let nearest = [0, 1, 2].map(|k| goal.target[k] + search.f[k]);
        let reaches = |s: &Scenario| Goal::new(s).coarse().is_ok_and(|search| search.error() <= LIMIT);
        return Err(blame::out_of_reach(scenario, goal.target, nearest, &reaches));
    }
    let (target, f, loadings) = (goal.target, search.f, from_log(&search.x));
    if let Source::Synthetic(synthetic) = &scenario.histories.source
        && let Some(problem) = delinquency_out_of_reach(synthetic, loadings.bureau)
    {
        return Err(Error::Scenario(vec![problem]));
    }
    Ok(Calibration {
        pool: scenario.histories.calibrate.pool.word().to_owned(),
        target,
        reached: [target[0] + f[0], target[1] + f[1], target[2] + f[2]],
        loadings,
        key,
    })
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

    /// The search used to leave the range in which loadings matter, and called this out of reach. The coarse search alone: the
    /// polish takes half a minute here.
    #[test]
    fn incomes_that_say_nothing_of_quality_can_be_calibrated() {
        let text = "[population]\nincome_quality_correlation = 0.0\n";
        let loaded = crate::scenario::Loaded::from_toml("test", text, &[]).unwrap();
        let found = Goal::new(&loaded.scenario).coarse().unwrap();
        assert!(found.error() <= 4.0 * TOLERANCE, "{:?}", found.f);
        // The twin: incomes that say everything leave nothing to the loadings.
        let loaded = crate::scenario::Loaded::from_toml("test", &text.replace("0.0", "0.95"), &[]).unwrap();
        assert!(Goal::new(&loaded.scenario).coarse().unwrap().error() > LIMIT);
    }

    #[test]
    fn who_applies_matters_where_the_pool_is_of_applicants() {
        let key =
            |text: &str| calibration_key(&crate::scenario::Loaded::from_toml("test", text, &[]).unwrap().scenario);
        let some = "applicants = { rate = 0.2, need_slope = 1.0 }\n";
        assert_ne!(key(some), key(""));
        let everyone = "histories.calibrate.pool = \"everyone\"\n";
        assert_eq!(key(&format!("{some}{everyone}")), key(everyone));
        // Who lives with whom does not: persons are calibrated one by one.
        assert_eq!(key("population.correlation.community = 0.3\n"), key(""));
    }
}
