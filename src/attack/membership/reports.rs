//! The game on randomised reports: is this report the person's?
//!
//! IN: the person's own report; OUT: that of a random other person of the pool. With the channel P(r | b) of a report r of somebody
//! who holds b, over independent reports k of one person,
//!
//! ```text
//! Λ = Σₖ ln P(rₖ | bₖ) − ln avgⱼ Πₖ P(rₖ | bⱼₖ)
//! ```
//!
//! the average over the controls, who stand for what the attacker knows of the population.

use super::Field;
use crate::attack::Scene;
use crate::disclosure::{Held, RandomisedResponseParams};
use crate::error::Result;
use crate::evaluate::Emit;
use crate::rng::{Entity, Purpose};
use rand::Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Draws of who stands in for a person who is OUT.
const OTHER: u16 = 0x4d03;

/// Adds `attack.report.*`.
pub(super) fn measure(
    params: &RandomisedResponseParams,
    scene: &Scene<'_>,
    field: &Field,
    emit: &mut Emit,
) -> Result<()> {
    let held = Held::of(params, scene.people, scene.epsilon.unwrap_or(f64::INFINITY))?;
    let records: Vec<Vec<u8>> =
        field.persons.iter().map(|i| held.categories.iter().map(|c| c[*i as usize]).collect()).collect();
    let channel = Channel::of(&held, params.bins + 1);
    let pool = field.pool.persons();
    let scores: Vec<f64> = (0..field.pool.shadows())
        .into_par_iter()
        .flat_map_iter(|shadow| {
            let mut usual = BTreeMap::new();
            let score = |at: usize| {
                let member = at < pool && field.pool.member()[shadow * pool + at];
                let sender = if member { at } else { other(scene, field, shadow, at) };
                let report = reports(scene, &held, (shadow, field.persons[at]), &records[sender]);
                let usual = *usual.entry(report.clone()).or_insert_with(|| channel.usual(&report, &records[pool..]));
                channel.ln(&report, &records[at]) - usual
            };
            (0..records.len()).map(score).collect::<Vec<f64>>()
        })
        .collect();
    let (attack, control) = field.cut(&scores);
    field.add("report", &attack, &control, emit);
    Ok(())
}

/// The channel of one report.
struct Channel {
    truth: f64,
    lie: f64,
}

impl Channel {
    fn of(held: &Held, categories: u32) -> Self {
        let truth = held.mechanism.truth();
        Self { truth, lie: (1.0 - truth) / f64::from(categories - 1) }
    }

    /// Probability of the reports of somebody who holds `record`.
    fn of_record(&self, report: &[u8], record: &[u8]) -> f64 {
        report.iter().zip(record).map(|(r, b)| if r == b { self.truth } else { self.lie }).product()
    }

    fn ln(&self, report: &[u8], record: &[u8]) -> f64 {
        libm::log(self.of_record(report, record).max(f64::MIN_POSITIVE))
    }

    /// ln of the probability of the reports of a random person.
    fn usual(&self, report: &[u8], population: &[Vec<u8>]) -> f64 {
        let all: f64 = population.iter().map(|b| self.of_record(report, b)).sum();
        libm::log((all / population.len() as f64).max(f64::MIN_POSITIVE))
    }
}

/// A random other person on the same side (pool or controls).
fn other(scene: &Scene<'_>, field: &Field, shadow: usize, at: usize) -> usize {
    let pool = field.pool.persons();
    let (first, n) = if at < pool { (0, pool) } else { (pool, field.persons.len() - pool) };
    let who = Entity::Person(coins(scene, shadow, field.persons[at]));
    let mut draws = scene.streams.draws(who, OTHER, Purpose::Attack);
    let step = 1 + ((u128::from(draws.next_u64()) * (n as u128 - 1)) >> 64) as usize;
    first + (at - first + step) % n
}

/// What is sent in the place of a person, with coins of this shadow's own.
fn reports(scene: &Scene<'_>, held: &Held, (shadow, person): (usize, u32), record: &[u8]) -> Vec<u8> {
    let who = coins(scene, shadow, person);
    (0..).zip(record).map(|(k, b)| held.mechanism.respond(scene.streams, who, k, *b)).collect()
}

/// The number that keys a person's luck in a shadow: one that no person has.
fn coins(scene: &Scene<'_>, shadow: usize, person: u32) -> u64 {
    (scene.people.first + u64::from(person)) | (shadow as u64 + 1) << 40
}
