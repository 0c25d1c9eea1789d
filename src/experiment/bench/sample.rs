//! The persons of one seed: those who apply, with all that a lender or the platform could see.

use crate::error::{Error, Result};
use crate::experiment::Histories;
use crate::experiment::split::Split;
use crate::population::{Loadings, People, simulate};
use crate::rng::Streams;
use crate::scenario::Scenario;
use crate::view::{Frame, LenderView, PlatformView};

/// Persons with features and outcomes.
pub struct Sample {
    /// What the lender always sees.
    pub bureau: Frame,
    /// What needs consent; here everybody has given it.
    pub platform: Frame,
    /// Outcomes.
    pub bad: Vec<bool>,
    /// A number of each person that does not depend on its place.
    pub key: Vec<u64>,
}

impl Sample {
    /// The persons of a seed: a population of its own, or the table as it is (the same in every seed).
    pub fn new(scenario: &Scenario, histories: &Histories, loadings: &Loadings, streams: Streams) -> Result<Self> {
        match histories {
            Histories::Synthetic => {
                let persons = scenario.population.persons;
                if persons > u64::from(u32::MAX) {
                    let allowed = "at most 4294967295 in a bench, which keeps all of them in memory";
                    return Err(Error::Range { what: "population.persons", value: persons as f64, allowed });
                }
                let people = simulate(
                    &scenario.population,
                    &scenario.histories,
                    &scenario.outcome,
                    &scenario.applicants,
                    loadings,
                    streams,
                    0,
                    persons as usize,
                )?;
                let key = (0..people.len() as u64).map(|i| people.first + i).collect();
                Ok(Self::of(people, key))
            }
            Histories::Table(table) => Ok(Self::of(table.people(streams, false), table.person_keys().to_vec())),
        }
    }

    fn of(people: People, key: Vec<u64>) -> Self {
        if people.applicant.iter().all(|a| *a) {
            return Self { bureau: people.bureau, platform: people.platform, bad: people.default, key };
        }
        let rows: Vec<u32> = (0..people.len() as u32).filter(|i| people.applicant[*i as usize]).collect();
        Self {
            bureau: people.bureau.select(&rows),
            platform: people.platform.select(&rows),
            bad: rows.iter().map(|i| people.default[*i as usize]).collect(),
            key: rows.iter().map(|i| key[*i as usize]).collect(),
        }
    }
}

/// One fold as the scorers meet it, made before any clock runs.
pub struct Parts {
    /// The lender's view of the training part.
    pub lender_train: LenderView,
    /// The lender's view of the test part.
    pub lender_test: LenderView,
    /// The platform's view of the training part.
    pub platform_train: PlatformView,
    /// The platform's view of the test part.
    pub platform_test: PlatformView,
    /// Outcomes of the test part.
    pub bad: Vec<bool>,
}

impl Parts {
    /// The views of a fold.
    pub fn new(sample: &Sample, split: &Split) -> Self {
        let labels = |rows: &[u32]| -> Vec<bool> { rows.iter().map(|i| sample.bad[*i as usize]).collect() };
        let lender = |rows: &[u32], labels| LenderView {
            always: sample.bureau.select(rows),
            more: sample.platform.select(rows),
            known: vec![true; rows.len()],
            refusal_is_a_feature: false,
            labels,
        };
        let (lender_train, lender_test) = (lender(&split.train, Some(labels(&split.train))), lender(&split.test, None));
        let platform =
            |view: &LenderView| PlatformView { features: view.always.beside(&view.more), labels: view.labels.clone() };
        Self {
            platform_train: platform(&lender_train),
            platform_test: platform(&lender_test),
            lender_train,
            lender_test,
            bad: labels(&split.test),
        }
    }
}
