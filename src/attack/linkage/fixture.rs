//! A small world for the tests of attacks: everything that a [`Scene`] borrows.

use crate::attack::Scene;
use crate::consent::Choices;
use crate::disclosure::{Disclosure, Halves};
use crate::evaluate::Emit;
use crate::lending::LenderParams;
use crate::population::{Payments, People};
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use std::sync::Arc;

/// What a scene borrows.
pub struct Fixture {
    pub people: People,
    pub halves: Halves,
    pub choices: Choices,
    pub pd: Vec<f64>,
    pub disclosure: Disclosure,
    pub epsilon: Option<f64>,
    pub lender: LenderParams,
}

impl Fixture {
    /// Raw sharing by everybody; halves by parity.
    pub fn of(people: People) -> Self {
        let n = people.len() as u32;
        let half = |odd: u32| (0..n).filter(|i| i % 2 == odd).collect();
        Self {
            halves: Halves { train: half(0), score: half(1) },
            choices: Choices { noticed: vec![true; n as usize], shares: vec![true; n as usize] },
            pd: Vec::new(),
            disclosure: Disclosure::Raw,
            epsilon: None,
            lender: LenderParams::default(),
            people,
        }
    }

    /// One district; a row of monthly payments a person.
    pub fn paying(rows: &[&[f64]]) -> Self {
        let n = rows.len();
        Self::of(People {
            default: vec![false; n],
            district: vec![0; n],
            community: vec![0; n],
            payments: Payments::new(rows[0].len(), rows.concat()),
            ..People::empty()
        })
    }

    pub fn scene(&self) -> Scene<'_> {
        Scene {
            people: &self.people,
            halves: &self.halves,
            choices: &self.choices,
            pd: &self.pd,
            disclosure: &self.disclosure,
            third_parties: 0,
            lender: &self.lender,
            epsilon: self.epsilon,
            streams: Streams::new(5, 0),
            noise: NoiseMode::Seeded,
            release: 3 << 32,
        }
    }
}

/// An empty collector of rows.
pub fn emit() -> Emit {
    Emit {
        arm: Arc::from("arm"),
        epsilon: None,
        sweep: Vec::new().into(),
        replication: 0,
        rows: Vec::new(),
        notes: Vec::new(),
    }
}

/// The one value of a metric in a group.
pub fn value(emit: &Emit, metric: &str, group: &str) -> f64 {
    let found: Vec<f64> =
        emit.rows.iter().filter(|r| &*r.metric == metric && &*r.group == group).map(|r| r.value).collect();
    assert_eq!(found.len(), 1, "{metric} of {group}: {found:?}");
    found[0]
}
