//! Audits of a scenario's arms: what each claims, by the ledger of a run, and what attacks show of its mechanism.
//!
//! All bounds hold *together* with confidence 1 − α: each of N has confidence 1 − α/N (Bonferroni).

use super::{ArmPoint, Histories, Observer, World, arm_points, score_arm};
use crate::attack::audit::{Audited, Claim, Settings, audit as audit_point, can_audit, methods};
use crate::disclosure::Disclosure;
use crate::error::{Error, Result};
use crate::population::Loadings;
use crate::privacy::NoiseMode;
use crate::rng::{Streams, mix};
use crate::scenario::Scenario;

/// What is asked of an audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Arms by name; empty for all that make releases under DP.
    pub arms: Vec<String>,
    /// Values of ε; empty for all of each arm.
    pub epsilons: Vec<f64>,
    /// Runs with the canary, and as many without; absent: as many as [`effort`] says.
    pub runs: Option<u32>,
    /// Canaries of the one-run audit; absent: as many as [`effort`] says.
    pub canaries: Option<u32>,
    /// 1 − confidence of all bounds together.
    pub alpha: f64,
    /// Where the noise of what is audited comes from.
    pub noise: NoiseMode,
}

/// Runs of sums and of reports, with and without the canary each.
pub const RUNS: u32 = 20_000;
/// Runs of trained models, with and without the canary each.
pub const RUNS_OF_MODELS: u32 = 4_000;
/// Canaries of one run of sums.
pub const CANARIES: u32 = 100_000;
/// Canaries of trained models.
pub const CANARIES_OF_MODELS: u32 = 10_000;
/// Most runs or canaries.
pub const MOST: u32 = 1_000_000;

/// Runs and canaries by default: what a minute on two cores can pay for.
pub fn effort(disclosure: &Disclosure) -> (u32, u32) {
    match disclosure {
        Disclosure::TrainedInside(_) => (RUNS_OF_MODELS, CANARIES_OF_MODELS),
        _ => (RUNS, CANARIES),
    }
}

/// One arm at one ε.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    /// Arm.
    pub arm: String,
    /// ε asked for.
    pub epsilon: f64,
    /// What the ledger of a run claims.
    pub claim: Claim,
    /// What was found.
    #[serde(flatten)]
    pub audited: Audited,
}

impl Point {
    /// Whether a bound is above the claim, or what leaves is not what the ledger holds.
    pub fn refuted(&self) -> bool {
        let above = self.audited.findings.iter().any(|f| f.bound > self.claim.epsilon);
        above || self.audited.leak || self.audited.uncounted
    }
}

/// A finished audit.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// 1 − confidence of all bounds together.
    pub alpha: f64,
    /// Number of bounds, each with confidence 1 − alpha/bounds.
    pub bounds: u32,
    /// Arms × ε.
    pub points: Vec<Point>,
}

impl Report {
    /// Whether any claim is refuted.
    pub fn refuted(&self) -> bool {
        self.points.iter().any(Point::refuted)
    }
}

/// The arm points to audit; fails in words where there is nothing to audit.
fn chosen(scenario: &Scenario, asked: &Asked) -> Result<Vec<(ArmPoint, f64)>> {
    let private = |p: &ArmPoint| can_audit(&scenario.arm[p.arm].disclosure) && !p.without_own_record;
    let points: Vec<(ArmPoint, f64)> = arm_points(scenario)
        .into_iter()
        .filter(private)
        .filter_map(|p| p.epsilon.filter(|e| e.is_finite()).map(|e| (p, e)))
        .collect();
    if points.is_empty() {
        return Err(Error::Other(
            "there is nothing to audit: no arm of this scenario makes a release under differential privacy, so its ledger claims nothing"
                .into(),
        ));
    }
    let mut known: Vec<&str> = points.iter().map(|(p, _)| p.name.as_str()).collect();
    known.dedup();
    if let Some(name) = asked.arms.iter().find(|name| !known.contains(&name.as_str())) {
        let why = if scenario.arm.iter().any(|a| a.name == *name) {
            "claims no differential privacy, so there is nothing to audit"
        } else {
            "is not an arm of this scenario"
        };
        return Err(Error::Other(format!("--arm {name}: {why}; these can be audited: {}", known.join(", "))));
    }
    let wanted = |(p, e): &(ArmPoint, f64)| {
        (asked.arms.is_empty() || asked.arms.contains(&p.name))
            && (asked.epsilons.is_empty() || asked.epsilons.contains(e))
    };
    let all: Vec<String> = points.iter().map(|(p, e)| format!("{} at {e}", p.name)).collect();
    let chosen: Vec<_> = points.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        return Err(Error::Other(format!("no arm is run at the --epsilon asked for; there are {}", all.join(", "))));
    }
    Ok(chosen)
}

/// Refuses what cannot be audited: asked before long work.
pub fn ready(scenario: &Scenario, asked: &Asked) -> Result<()> {
    check(asked)?;
    chosen(scenario, asked).map(|_| ())
}

/// Audits every arm point that was asked for, in the order of the scenario.
pub fn audit(
    scenario: &Scenario,
    histories: &Histories,
    loadings: &Loadings,
    asked: &Asked,
    observer: &dyn Observer,
) -> Result<Report> {
    check(asked)?;
    let points = chosen(scenario, asked)?;
    let disclosure = |p: &ArmPoint| &scenario.arm[p.arm].disclosure;
    let bounds: u32 = points.iter().map(|(p, _)| methods(disclosure(p))).sum();
    let world = World::new(scenario, histories, loadings, 0)?;
    let mut done = Vec::with_capacity(points.len());
    let total = points.len();
    for (k, (point, epsilon)) in points.into_iter().enumerate() {
        if observer.cancelled() {
            return Err(Error::Interrupted);
        }
        let disclosure = disclosure(&point);
        let ledger = score_arm(scenario, &world, &point, NoiseMode::Seeded)?.ledger;
        let Some(claim) = Claim::of(&ledger, disclosure.delta()) else { continue };
        let (runs, canaries) = effort(disclosure);
        let settings = Settings {
            runs: asked.runs.unwrap_or(runs),
            canaries: asked.canaries.unwrap_or(canaries),
            alpha: asked.alpha / f64::from(bounds),
            // Luck of its own for every arm and ε, and none that a run has.
            streams: Streams::new(mix(scenario.seed ^ AUDIT), point.release as u32 ^ (point.release >> 12) as u32),
            noise: asked.noise,
        };
        let audited = audit_point(disclosure, &world.people, epsilon, &claim, &settings)
            .map_err(|e| Error::Other(format!("arm {} at ε = {epsilon}: {e}", point.name)))?;
        done.push(Point { arm: point.name, epsilon, claim, audited });
        observer.progress(k + 1, total);
    }
    Ok(Report { alpha: asked.alpha, bounds, points: done })
}

/// Told into the seed of an audit.
const AUDIT: u64 = 0x6175_6469_7400_0000;

fn check(asked: &Asked) -> Result<()> {
    if !(asked.alpha > 0.0 && asked.alpha < 0.5) {
        return Err(Error::Other(format!("--alpha is {}, allowed is more than 0, less than 0.5", asked.alpha)));
    }
    for (flag, value) in [("--trials", asked.runs), ("--canaries", asked.canaries)] {
        if let Some(value) = value.filter(|v| !(10..=MOST).contains(v)) {
            return Err(Error::Other(format!("{flag} is {value}, allowed is 10 to {MOST}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::audit::{Finding, Method};
    use crate::privacy::{Neighbouring, Trust};

    fn point(bound: f64, leak: bool, uncounted: bool) -> Point {
        let finding = Finding { method: Method::OneRun, canary: "c".into(), trials: 10, bound, ceiling: 9.0, mu: None };
        let claim =
            Claim { epsilon: 1.0, delta: 0.0, mu: None, relation: Neighbouring::AddRemove, trust: Trust::Central };
        let audited = Audited { findings: vec![finding], leak, uncounted };
        Point { arm: "a".into(), epsilon: 1.0, claim, audited }
    }

    #[test]
    fn a_claim_is_refuted_by_a_bound_above_it_a_leak_or_a_release_that_is_not_entered() {
        assert!(!point(1.0, false, false).refuted());
        assert!(point(1.001, false, false).refuted());
        assert!(point(0.0, true, false).refuted() && point(0.0, false, true).refuted());
        let report = |points| Report { alpha: 0.05, bounds: 2, points };
        assert!(!report(vec![point(0.2, false, false)]).refuted());
        assert!(report(vec![point(0.2, false, false), point(2.0, false, false)]).refuted());
    }
}
