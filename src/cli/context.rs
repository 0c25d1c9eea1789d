//! What a report must know of a run, from its scenario.

use crate::disclosure::Disclosure;
use crate::experiment::{Histories, WITHOUT_OWN};
use crate::report::{ArmInfo, Context, Guarantee, Rules};
use crate::scenario::Loaded;

/// The report's context.
pub(super) fn context(loaded: &Loaded, histories: &Histories) -> Context {
    let s = &loaded.scenario;
    let mut arms = Vec::new();
    for arm in &s.arm {
        let guarantee = match &arm.disclosure {
            Disclosure::Nothing => Guarantee::None,
            Disclosure::Raw => Guarantee::Raw,
            Disclosure::CohortAggregates(p) if p.delta > 0.0 => Guarantee::CentralApprox { delta: p.delta },
            Disclosure::CohortAggregates(_) => Guarantee::CentralPure,
            Disclosure::TrainedInside(p) => Guarantee::CentralApprox { delta: p.delta },
            Disclosure::RandomisedResponse(_) => Guarantee::Local,
        };
        let info = ArmInfo {
            name: arm.name.clone(),
            guarantee,
            training_only: matches!(arm.disclosure, Disclosure::TrainedInside(_)),
            own_left_out: false,
            asked: arm.asks(),
        };
        if matches!(arm.disclosure, Disclosure::CohortAggregates(_)) {
            arms.push(info.clone());
            arms.push(ArmInfo { name: format!("{}{WITHOUT_OWN}", arm.name), own_left_out: true, ..info });
        } else {
            arms.push(info);
        }
    }
    Context {
        title: s.name.clone(),
        question: s.question.clone(),
        sweep_keys: loaded.sweep.iter().map(|(key, _)| key.clone()).collect(),
        sweep_base: None,
        reference: s.reference.clone(),
        arms,
        persons: histories.persons(s),
        replications: s.replications,
        applicants_rate: s.applicants.rate,
        spread: histories.spread(),
        seed: s.seed,
        real_data: matches!(histories, Histories::Table(_)),
        rules: Some(Rules { approval_rate: s.lender.approval_rate(), break_even: s.lender.break_even() }),
        too_small: Vec::new(),
    }
}
