//! One real release: the mechanism of one arm on all persons of a table, once, with noise from the operating system's randomness ([`crate::privacy::system`]).
//!
//! No resampling, no halves, no seed, no second look: what comes out is the [`Product`] and the ledger of what it cost. Whatever is
//! returned here is a function of released numbers and of public constants alone.

use crate::disclosure::{CohortSums, Disclosure, cohort_sums};
use crate::error::{Error, Result};
use crate::population::{People, Table};
use crate::privacy::{Budget, Ledger, Noise};
use crate::rng::Streams;
use crate::scenario::{Arm, Scenario};
use crate::scoring::dp_quality::Quality;
use crate::scoring::dp_scorer;
use crate::view::PlatformView;

/// What is released.
#[derive(Clone, Debug)]
pub enum Product {
    /// Noisy sums per cohort; with the cohorts' names.
    Cohorts(CohortSums, Vec<String>),
    /// A model, as [`crate::scoring::saved`] reads it back. The command line adds the column map.
    Model(serde_json::Value),
}

/// A finished release.
#[derive(Clone, Debug)]
pub struct Release {
    /// The arm whose mechanism it is.
    pub arm: String,
    /// The mechanism in a word of the scenario: `cohort-aggregates`, or the DP scorer's.
    pub mechanism: String,
    /// What was asked for.
    pub budget: Asked,
    /// The table or the model.
    pub product: Product,
    /// What it cost.
    pub ledger: Ledger,
    /// What a reader must know, e.g. that noise left nothing but the prior.
    pub notes: Vec<String>,
    /// How good a model is, by released counts; none of a table.
    pub quality: Option<Quality>,
}

/// A budget; δ is `None` where ε is pure.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// ε.
    pub epsilon: f64,
    /// δ.
    pub delta: Option<f64>,
}

/// Largest δ that is taken: it should be far below one over the number of persons.
const LARGEST_DELTA: f64 = 1e-3;

/// Largest ε that is taken: e¹⁰⁰ is more than any data can tell, and noise of a scale below one unit leaves exact counts.
const LARGEST_EPSILON: f64 = 100.0;

/// The arm to release: the one named, or the only one whose mechanism a real release can run.
pub fn releasable<'a>(scenario: &'a Scenario, wanted: Option<&str>) -> Result<&'a Arm> {
    let can = |a: &&Arm| matches!(a.disclosure, Disclosure::CohortAggregates(_) | Disclosure::TrainedInside(_));
    let all: Vec<&Arm> = scenario.arm.iter().filter(can).collect();
    let names = || all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
    match (wanted, &all[..]) {
        (_, []) => Err(Error::Other(
            "no arm of this scenario can be released: one with disclosure cohort-aggregates or trained-inside is needed".into(),
        )),
        (Some(name), _) => all.iter().find(|a| a.name == name).copied().ok_or_else(|| {
            Error::Other(format!("--arm {name}: not an arm that can be released; these can: {}", names()))
        }),
        (None, [one]) => Ok(one),
        (None, _) => Err(Error::Other(format!("several arms can be released: choose one with --arm: {}", names()))),
    }
}

/// Refuses a budget without a meaning, and a missing δ where the mechanism needs one.
pub fn check_budget(arm: &Arm, budget: Asked) -> Result<()> {
    if budget.epsilon > LARGEST_EPSILON {
        return Err(Error::Other(format!(
            "--epsilon is {:e}, allowed is at most {LARGEST_EPSILON}: beyond that nobody is protected, hence no release",
            budget.epsilon
        )));
    }
    Budget::new(budget.epsilon, budget.delta.unwrap_or(0.5))?;
    let gaussian = match &arm.disclosure {
        Disclosure::CohortAggregates(p) => p.delta > 0.0,
        _ => true,
    };
    match budget.delta {
        Some(delta) if delta > LARGEST_DELTA => Err(Error::Other(format!(
            "--delta is {delta}, allowed is at most {LARGEST_DELTA}: a mechanism may give away one person in 1/δ, so δ belongs far below 1/persons"
        ))),
        None if gaussian => Err(Error::Other(format!(
            "arm {} adds Gaussian noise: give --delta, far below 1/persons (say 1e-6); nothing is assumed for a real release",
            arm.name
        ))),
        _ => Ok(()),
    }
}

/// Runs the arm's mechanism on everybody in the table, within `budget`, with noise from that source: [`Noise::of_a_release`] where it
/// is real. Whoever calls this has paid for the whole budget; every query made here enters the ledger and stays within it.
pub fn release(arm: &Arm, table: &Table, budget: Asked, mut noise: Noise) -> Result<Release> {
    check_budget(arm, budget)?;
    // The luck of a resampled simulation, which nothing here reads.
    let people = table.people(Streams::new(0, 0), false);
    let mut ledger = Ledger::new();
    let (mechanism, product, notes, quality) = match &arm.disclosure {
        Disclosure::CohortAggregates(params) => {
            let params =
                crate::disclosure::CohortAggregatesParams { delta: budget.delta.unwrap_or(0.0), ..params.clone() };
            let sums = cohort_sums(&params, &people, budget.epsilon, &mut noise, &mut ledger)?;
            let names = (0..sums.cohorts).map(|c| table.cohort_name(c)).collect();
            ("cohort-aggregates".to_owned(), Product::Cohorts(sums, names), Vec::new(), None)
        }
        Disclosure::TrainedInside(params) => {
            let delta = budget.delta.unwrap_or(0.0);
            let scorer = dp_scorer(&params.scorer, &params.training, Budget::new(budget.epsilon, delta)?, noise);
            let fitted = scorer.fit(&view(&people), &mut ledger)?;
            let model = fitted.export().ok_or_else(|| {
                Error::Other(format!("scorer {} cannot be written as a file: choose another", params.scorer.word()))
            })?;
            let quality = fitted.quality().cloned();
            (params.scorer.word().to_owned(), Product::Model(model), fitted.notes(), quality)
        }
        _ => return Err(Error::Other(format!("arm {} cannot be released", arm.name))),
    };
    let spent = ledger.spent(budget.delta.unwrap_or(0.0));
    if !(spent.epsilon <= budget.epsilon && spent.delta <= budget.delta.unwrap_or(0.0)) {
        return Err(Error::Privacy(format!("the release would cost ε = {}, more than was asked for", spent.epsilon)));
    }
    Ok(Release { arm: arm.name.clone(), mechanism, budget, product, ledger, notes, quality })
}

/// Everybody's features and outcomes, inside the platform.
pub fn view(people: &People) -> PlatformView {
    PlatformView { features: people.bureau.beside(&people.platform), labels: Some(people.default.clone()) }
}
