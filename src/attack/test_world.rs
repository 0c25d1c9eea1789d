//! A small world and its arms, for the tests of attacks.

use super::Scene;
use crate::consent::{Attitudes, Choices, ConsentParams, Form};
use crate::disclosure::{Disclosure, Halves};
use crate::evaluate::{Emit, Row};
use crate::lending::LenderParams;
use crate::population::{
    ApplicantsParams, CorrelationParams, HistoriesParams, Loadings, OutcomeParams, People, PopulationParams, simulate,
};
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use std::sync::Arc;

pub(super) struct World {
    pub people: People,
    pub halves: Halves,
    pub lender: LenderParams,
    pub streams: Streams,
    pub choices: Choices,
}

/// `n` persons with these correlations in communities and districts, asked by `form`; even ones train, odd ones are scored.
pub(super) fn world(n: usize, community: f64, district: f64, form: &Form) -> World {
    let streams = Streams::new(9, 0);
    let population = PopulationParams {
        persons: n as u64,
        correlation: CorrelationParams { community, district },
        ..PopulationParams::default()
    };
    let (histories, outcome, applicants) =
        (HistoriesParams::default(), OutcomeParams::default(), ApplicantsParams::default());
    let people = simulate(&population, &histories, &outcome, &applicants, &Loadings::default(), streams, 0, n).unwrap();
    let consent = ConsentParams::default();
    let choices = Attitudes::draw(&consent, &people, streams).choose(&consent, form);
    let half = |odd| (0..n as u32).filter(|i| (i % 2 == 1) == odd).collect();
    World {
        people,
        halves: Halves { train: half(false), score: half(true) },
        lender: LenderParams::default(),
        streams,
        choices,
    }
}

impl World {
    pub fn scene<'a>(&'a self, disclosure: &'a Disclosure, epsilon: Option<f64>, pd: &'a [f64]) -> Scene<'a> {
        Scene {
            people: &self.people,
            halves: &self.halves,
            choices: &self.choices,
            pd,
            disclosure,
            third_parties: 0,
            lender: &self.lender,
            epsilon,
            streams: self.streams,
            noise: NoiseMode::Seeded,
            release: 3,
        }
    }
}

pub(super) fn emit() -> Emit {
    Emit {
        arm: Arc::from("arm"),
        epsilon: None,
        sweep: Vec::new().into(),
        replication: 0,
        rows: Vec::new(),
        notes: Vec::new(),
    }
}

/// The value of a metric for everybody; panics without it.
pub(super) fn value(rows: &[Row], metric: &str) -> f64 {
    rows.iter().find(|r| &*r.metric == metric && &*r.group == "all").unwrap().value
}
