//! One arm at one ε in one replication: five calls in causal order.

use super::world::World;
use crate::attack::{self, Scene};
use crate::consent::Choices;
use crate::disclosure::{Disclosure, Halves, Request, Shown, disclose};
use crate::error::{Error, Result};
use crate::evaluate::{
    ConsentFacts, Decisions, Emit, Groups, Judged, accuracy_metrics, consent_metrics, credit_metrics,
};
use crate::lending::{Cutoff, approve, approve_by, chances};
use crate::privacy::{Ledger, NoiseMode};
use crate::scenario::{Arm, Scenario};

/// An arm at one value of ε.
#[derive(Clone, Debug)]
pub struct ArmPoint {
    /// Position of the arm in the scenario.
    pub arm: usize,
    /// Name in the results.
    pub name: String,
    /// ε.
    pub epsilon: Option<f64>,
    /// The counterfactual without the applicant's own record.
    pub without_own_record: bool,
    /// Keys the noise of its releases.
    pub release: u64,
}

pub use crate::scenario::WITHOUT_OWN;

/// All arms with all their values of ε; `dp-aggregates` also without the applicant's own record.
pub fn arm_points(scenario: &Scenario) -> Vec<ArmPoint> {
    let mut out = Vec::new();
    for (arm, a) in scenario.arm.iter().enumerate() {
        let twins: &[bool] =
            if matches!(a.disclosure, Disclosure::CohortAggregates(_)) { &[false, true] } else { &[false] };
        for &without_own_record in twins {
            for (k, epsilon) in a.disclosure.epsilons().into_iter().enumerate() {
                let name = if without_own_record { format!("{}{WITHOUT_OWN}", a.name) } else { a.name.clone() };
                // The twin joins the *same* release, so it shares its noise.
                let release = (arm as u64) << 32 | k as u64;
                out.push(ArmPoint { arm, name, epsilon, without_own_record, release });
            }
        }
    }
    out
}

/// What an arm made of the scored half.
pub struct Scored {
    /// PD of each person of the scored half.
    pub pd: Vec<f64>,
    /// Approved.
    pub approved: Vec<bool>,
    /// What the form made of people.
    pub choices: Choices,
    /// Releases.
    pub ledger: Ledger,
}

/// Consent → disclosure → scores → decisions. An error names the arm; [`Error::Scorer`] stays one.
pub fn score_arm(scenario: &Scenario, world: &World, point: &ArmPoint, noise: NoiseMode) -> Result<Scored> {
    score_on(scenario, world, &world.halves, point, noise)
}

/// [`score_arm`], learning from and scoring other persons than the world's halves.
pub(super) fn score_on(
    scenario: &Scenario,
    world: &World,
    halves: &Halves,
    point: &ArmPoint,
    noise: NoiseMode,
) -> Result<Scored> {
    score(scenario, world, halves, point, noise).map_err(|e| {
        let named = match point.epsilon {
            Some(epsilon) => format!("arm {} at ε = {epsilon}: {e}", point.name),
            None => format!("arm {}: {e}", point.name),
        };
        match e {
            Error::Interrupted => e,
            Error::Scorer(_) => Error::Scorer(named),
            _ => Error::Other(named),
        }
    })
}

fn score(scenario: &Scenario, world: &World, halves: &Halves, point: &ArmPoint, noise: NoiseMode) -> Result<Scored> {
    let arm = &scenario.arm[point.arm];
    let mut ledger = Ledger::new();
    let choices = world.attitudes.choose(&scenario.consent, &arm.form);
    let request = Request {
        people: &world.people,
        halves,
        choices: &choices,
        refusal_is_a_feature: scenario.lender.refusal_is_a_feature,
        epsilon: point.epsilon,
        without_own_record: point.without_own_record,
        streams: world.streams,
        noise,
        release: point.release,
    };
    let pd = match disclose(&arm.disclosure, &request, &mut ledger)? {
        Shown::Scores(pd) => pd,
        Shown::Views(views) => {
            let (train, score) = *views;
            let lender = &scenario.lender;
            let fitted = lender.scorer_of(&lender.scorer).fit(&train, &mut ledger)?;
            fitted.score(&score)?
        }
    };
    let approved = approve(&scenario.lender, &pd, &world.lottery, &world.applicant);
    Ok(Scored { pd, approved, choices, ledger })
}

/// Whose decisions are measured.
pub(super) struct Seen<'a> {
    /// Groups of the scored half.
    pub groups: &'a Groups,
    /// Who of the scored half applies.
    pub applicant: &'a [bool],
    /// Whether a person is there.
    pub there: &'a dyn Fn(usize) -> bool,
}

/// Rows of one scored arm. `reference`: PDs of the reference arm, where it has any; `judged`: the groups that are compared.
pub fn evaluate_arm(
    scenario: &Scenario,
    world: &World,
    point: &ArmPoint,
    scored: &Scored,
    reference: Option<&[f64]>,
    judged: &Judged,
    emit: &mut Emit,
) -> Result<()> {
    let seen = Seen { groups: &world.groups, applicant: &world.applicant, there: &|_| true };
    measure(scenario, world, point, scored, reference, judged, &seen, emit)?;
    let all = std::sync::Arc::from("all");
    let spent = scored.ledger.spent(scenario.arm[point.arm].disclosure.delta());
    emit.add("epsilon_spent", &all, spent.epsilon);
    emit.add("delta_spent", &all, spent.delta);
    Ok(())
}

/// The rows that depend on who is measured.
#[allow(clippy::too_many_arguments, reason = "a measurement has a world, an arm, its scores, a reference and persons")]
pub(super) fn measure(
    scenario: &Scenario,
    world: &World,
    point: &ArmPoint,
    scored: &Scored,
    reference: Option<&[f64]>,
    judged: &Judged,
    seen: &Seen<'_>,
    emit: &mut Emit,
) -> Result<()> {
    let (arm, lender) = (&scenario.arm[point.arm], &scenario.lender);
    accuracy_metrics(&scored.pd, &world.bad, &world.cohort, seen.groups, emit)?;
    let approved = approve(lender, &scored.pd, &world.lottery, seen.applicant);
    let at_rate = match lender.cutoff {
        Cutoff::ApprovalRate(_) => approved.clone(),
        Cutoff::Profit(_) => {
            let rate = Cutoff::ApprovalRate(lender.approval_rate());
            approve_by(&rate, lender.break_even(), &scored.pd, &world.lottery, seen.applicant)
        }
    };
    let then = reference.map(|pd| chances(lender, pd, seen.applicant));
    let decisions = Decisions {
        scored: &world.halves.score,
        pd: &scored.pd,
        approved: &approved,
        at_rate: &at_rate,
        chance: &chances(lender, &scored.pd, seen.applicant),
        reference: then.as_deref(),
        bad: &world.bad,
    };
    credit_metrics(lender, &world.people, &decisions, seen.groups, judged, emit)?;
    consent_metrics(&world.people, &world.attitudes, &scored.choices, facts(arm, world), seen.there, emit);
    Ok(())
}

/// Attacks one scored arm. The twin without the applicant's own record is the control of its arm, not an arm to attack.
pub fn attack_arm(
    scenario: &Scenario,
    world: &World,
    point: &ArmPoint,
    scored: &Scored,
    noise: NoiseMode,
    emit: &mut Emit,
) -> Result<()> {
    if point.without_own_record {
        return Ok(());
    }
    let arm = &scenario.arm[point.arm];
    let scene = Scene {
        people: &world.people,
        halves: &world.halves,
        choices: &scored.choices,
        pd: &scored.pd,
        disclosure: &arm.disclosure,
        third_parties: arm.third_parties,
        lender: &scenario.lender,
        epsilon: point.epsilon,
        streams: world.streams,
        noise,
        release: point.release,
    };
    attack::measure(&scenario.attack, &scene, emit)
}

fn facts(arm: &Arm, world: &World) -> ConsentFacts {
    let people = &world.people;
    match arm.disclosure {
        Disclosure::Nothing | Disclosure::CohortAggregates(_) => ConsentFacts::default(),
        Disclosure::Raw => ConsentFacts {
            attribute_months: people.attribute_months,
            recipients: 1.0 + f64::from(arm.third_parties),
            ..ConsentFacts::default()
        },
        Disclosure::TrainedInside(_) => {
            ConsentFacts { answers: 1.0, into_platform: people.bureau_attribute_months, ..ConsentFacts::default() }
        }
        Disclosure::RandomisedResponse(ref p) => {
            ConsentFacts { answers: p.reports(&people.platform), ..ConsentFacts::default() }
        }
    }
}
