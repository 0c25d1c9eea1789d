//! The game: who is a member of which shadow model, and what the models say of everybody.

use crate::error::Result;
use crate::rng::{Entity, Purpose, Streams};
use crate::stats::logit;
use rand::Rng;
use rayon::prelude::*;

/// PDs are kept this far from 0 and 1, so that log-odds stay finite.
const EDGE: f64 = 1e-12;

/// Who is IN which of some shadow models. Models come in pairs, and everybody is IN one of each pair: so in exactly half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    persons: usize,
    /// One model after the other, in each a flag a person.
    member: Vec<bool>,
}

impl Game {
    /// Tosses a coin a pair, keyed by the person and `salt` alone: neither the other persons nor their order matter. An odd
    /// number of shadows is rounded down.
    pub fn new(persons: &[Entity], shadows: usize, streams: Streams, salt: u16) -> Self {
        let n = persons.len();
        let mut member = vec![false; n * (shadows / 2) * 2];
        for (i, who) in persons.iter().enumerate() {
            let mut draws = streams.draws(*who, salt, Purpose::Attack);
            let mut coins = 0;
            for pair in 0..shadows / 2 {
                coins = if pair.is_multiple_of(32) { draws.next_u32() } else { coins >> 1 };
                member[(2 * pair + (coins & 1) as usize) * n + i] = true;
            }
        }
        Self { persons: n, member }
    }

    /// Persons in the pool.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// Number of shadow models.
    pub fn shadows(&self) -> usize {
        self.member.len().checked_div(self.persons).unwrap_or(0)
    }

    /// The game of some of its models, pairs kept whole.
    #[cfg(test)]
    pub(super) fn part(&self, models: std::ops::Range<usize>) -> Self {
        assert!(models.start.is_multiple_of(2) && models.end.is_multiple_of(2));
        Self {
            persons: self.persons,
            member: self.member[models.start * self.persons..models.end * self.persons].to_vec(),
        }
    }

    /// Flags, one model after the other, in each a flag a person.
    pub fn member(&self) -> &[bool] {
        &self.member
    }

    /// Positions in the pool of one model's members, increasing.
    pub fn members(&self, shadow: usize) -> Vec<u32> {
        let flags = &self.member[shadow * self.persons..(shadow + 1) * self.persons];
        (0..).zip(flags).filter(|(_, m)| **m).map(|(i, _)| i).collect()
    }

    /// Fits every shadow model, in parallel, and returns φ: the log-odds that it gives to what came true of each person.
    ///
    /// `fit(shadow, members)` learns from the members (positions in the pool) and returns the PDs of all persons in
    /// `outcome`; they are the pool, and whoever comes behind it is in no model. One model after the other, in each a
    /// value a person. The first error in the order of the models is returned.
    pub fn play<F>(&self, outcome: &[bool], fit: F) -> Result<Vec<f64>>
    where
        F: Fn(usize, &[u32]) -> Result<Vec<f64>> + Sync,
    {
        let shadows: Vec<Result<Vec<f64>>> =
            (0..self.shadows()).into_par_iter().map(|s| fit(s, &self.members(s))).collect();
        let mut phi = Vec::with_capacity(outcome.len() * shadows.len());
        for pd in shadows {
            phi.extend(pd?.iter().zip(outcome).map(|(p, bad)| log_odds(*p, *bad)));
        }
        Ok(phi)
    }
}

/// Log-odds of what came true: ln p/(1 − p) of a default, ln (1 − p)/p otherwise.
fn log_odds(pd: f64, bad: bool) -> f64 {
    let z = logit(pd.clamp(EDGE, 1.0 - EDGE));
    if bad { z } else { -z }
}
