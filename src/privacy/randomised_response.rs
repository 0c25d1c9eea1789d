//! Local differential privacy: k-ary randomised response on each person's phone.
//!
//! A person with category c reports c with probability p, else one of the k − 1 others, each equally likely:
//!
//! ```text
//! p = P/2³² ,   P = ⌊2³² · e^ε/(e^ε + k − 1)⌋
//! ```
//!
//! *Cost.* Two persons' reports of one category differ in probability by a factor of at most
//! r = p(k − 1)/(1 − p), which increases with p. P is rounded down, so r ≤ e^ε: the cost of the quantised
//! probability, ln r, never exceeds ε. It is opendp's `make_randomized_response` that states it, and P is lowered
//! further until its (outward rounded) answer is within ε. Needs P ≥ 2³²/k, or a lie would be likelier than the truth.
//!
//! Neighbouring: one person's record replaced by another. d reports of one person cost the sum of their ε, missing
//! values and activity included: give each ε/d. ε = ∞ is the identity.
//!
//! Draws are keyed by (person, report), so reports are numbered over months × features, never twice alike: nobody's luck depends on who else reports. A report takes 32 bits for the coin
//! and an unbiased choice among the others, hence is exactly distributed as stated.
//!
//! Source: Warner 1965; Kairouz, Bonawitz & Ramage, "Discrete distribution estimation under local privacy", 2016.

use super::ledger::{Cost, Entry, Ledger, Neighbouring, Trust};
use super::mechanism::{Noise, NoiseMode, positive, refused};
use super::sample::below32;
use super::system::System;
use crate::error::{Error, Result};
use crate::rng::{Entity, Purpose, Streams};
use opendp::core::Measurement;
use opendp::domains::AtomDomain;
use opendp::measurements::make_randomized_response;
use opendp::measures::MaxDivergence;
use opendp::metrics::DiscreteDistance;
use rand::TryRng;

const ONE: u64 = 1 << 32;

/// k-ary randomised response at a given ε a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomisedResponse {
    categories: u8,
    /// P: the coin shows the truth if 32 random bits are below it.
    threshold: u64,
    epsilon: f64,
}

type Report = Measurement<AtomDomain<u8>, DiscreteDistance, MaxDivergence, u8>;

impl RandomisedResponse {
    /// Reports of one of `categories` ≥ 2 categories (numbered from 0) at a cost of at most `epsilon` each.
    ///
    /// Fails for ε ≤ 0 or NaN, and for an ε too small for the 2⁻³² grid (below about k·2⁻³²).
    pub fn calibrate(categories: u8, epsilon: f64) -> Result<Self> {
        positive("epsilon", epsilon)?;
        if categories < 2 {
            return Err(Error::Privacy(format!("randomised response over {categories} categories needs at least 2")));
        }
        if epsilon == f64::INFINITY {
            return Ok(Self { categories, threshold: ONE, epsilon });
        }
        let others = f64::from(categories - 1);
        let p = 1.0 / (1.0 + others * libm::exp(-epsilon));
        let mut threshold = ((p * ONE as f64) as u64).min(ONE - 1);
        loop {
            if threshold * u64::from(categories) < ONE {
                return Err(Error::Privacy(format!("epsilon {epsilon} is below the resolution of 2^-32")));
            }
            let cost = Self::measurement(categories, threshold)?.map(&1).map_err(refused)?;
            if cost <= epsilon {
                return Ok(Self { categories, threshold, epsilon: cost });
            }
            threshold -= 1;
        }
    }

    fn measurement(categories: u8, threshold: u64) -> Result<Report> {
        make_randomized_response((0..categories).collect(), threshold as f64 / ONE as f64).map_err(refused)
    }

    /// Probability of the truth.
    pub fn truth(&self) -> f64 {
        self.threshold as f64 / ONE as f64
    }

    /// ε of one report, by opendp's map.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// What person `person` says in report number `report`, by seeded draws.
    #[inline]
    pub fn respond(&self, streams: Streams, person: u64, report: u16, category: u8) -> u8 {
        let words = streams.block(Entity::Person(person), report, Purpose::LocalNoise, 0);
        if u64::from(words[0]) < self.threshold {
            return category;
        }
        // Uniform among the k − 1 others: an unbiased multiply-shift, almost always from the second word.
        let others = u32::from(self.categories - 1);
        let reject = others.wrapping_neg() % others;
        let lie = |word: u32| {
            let wide = u64::from(word) * u64::from(others);
            (wide as u32 >= reject).then_some((wide >> 32) as u8)
        };
        let lie = words[1..].iter().find_map(|w| lie(*w)).unwrap_or_else(|| {
            let more = |block| streams.block(Entity::Person(person), report, Purpose::LocalNoise, block);
            (1..=u32::MAX).find_map(|block| more(block).iter().find_map(|w| lie(*w))).unwrap_or(0)
        });
        lie + u8::from(lie >= category)
    }

    /// One report of a person of that category, from any source of words.
    fn report<R: TryRng>(&self, draws: &mut R, category: u8) -> std::result::Result<u8, R::Error> {
        if u64::from(draws.try_next_u32()?) < self.threshold {
            return Ok(category);
        }
        let lie = below32(draws, u32::from(self.categories - 1))? as u8;
        Ok(lie + u8::from(lie >= category))
    }

    /// Replaces the categories of persons `first ..` by their reports number `report` and enters the cost to each.
    ///
    /// One call covers all persons: a second call with the same `report` repeats the same luck and is paid again.
    pub fn release(
        &self,
        categories: &mut [u8],
        first: u64,
        report: u16,
        query: &str,
        noise: &Noise,
        ledger: &mut Ledger,
    ) -> Result<()> {
        if let Some(bad) = categories.iter().find(|c| **c >= self.categories) {
            let k = self.categories;
            return Err(Error::Privacy(format!("{query}: category {bad}, allowed are 0 to {}", k - 1)));
        }
        let measurement = Self::measurement(self.categories, self.threshold)?;
        let epsilon = measurement.map(&1).map_err(refused)?;
        noise.draws();
        match noise.mode() {
            NoiseMode::Seeded => {
                for (person, c) in (first..).zip(categories.iter_mut()) {
                    *c = self.respond(noise.streams(), person, report, *c);
                }
            }
            NoiseMode::System => {
                let mut draws = System::new();
                for c in categories.iter_mut() {
                    *c = self.report(&mut draws, *c)?;
                }
            }
            NoiseMode::Opendp => {
                for c in categories.iter_mut() {
                    *c = measurement.invoke(c).map_err(refused)?;
                }
            }
        }
        ledger.enter(Entry {
            query: query.to_owned(),
            unit: "person, this report".to_owned(),
            neighbouring: Neighbouring::ReplaceOne,
            trust: Trust::Local,
            mechanism: format!("randomised response over {} categories", self.categories),
            norm: "discrete".to_owned(),
            sensitivity: 1.0,
            scale: self.truth(),
            cost: Cost::Pure(epsilon),
            partition: None,
        });
        Ok(())
    }

    /// Unbiased estimates of how many persons hold each category, from how many reported it.
    pub fn estimate(&self, reported: &[u64]) -> Vec<f64> {
        let total: u64 = reported.iter().sum();
        let lie = (1.0 - self.truth()) / f64::from(self.categories - 1);
        reported.iter().map(|c| (*c as f64 - total as f64 * lie) / (self.truth() - lie)).collect()
    }
}

#[cfg(test)]
#[path = "randomised_response_tests.rs"]
mod tests;
