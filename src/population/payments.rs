//! What a person paid, month by month, over the last year: what a linkage attack compares. Truth; no scorer sees it.
//!
//! Synthetic persons are simulated again, by the kernel and with the draws of the run ([`Model::payments`]): features keep no
//! months. Real persons have the columns that the map names (`histories.source.table.monthly_payments`).

use super::kernel::{MonthLanes, MonthSink, simulate_block};
use super::lanes::LANES;
use super::model::Model;
use crate::rng::Streams;
use rayon::prelude::*;

/// Months that are kept, at most.
pub const YEAR: usize = 12;
/// Blocks of lanes that one task simulates.
const PIECE: usize = 64;

/// Amounts of consecutive persons, from the first of [`People`](super::People) on; of nobody where nothing is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payments {
    months: usize,
    amounts: Vec<f64>,
}

impl Payments {
    /// `amounts` holds `months` amounts a person, the most recent first; NaN = not known.
    pub fn new(months: usize, amounts: Vec<f64>) -> Self {
        Self { months, amounts }
    }

    /// Months known of each person.
    pub fn months(&self) -> usize {
        self.months
    }

    /// Number of persons.
    pub fn len(&self) -> usize {
        self.amounts.len().checked_div(self.months).unwrap_or(0)
    }

    /// Whether nothing is known of anybody.
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty()
    }

    /// What a person paid in each month, the most recent first, in the currency of the histories.
    pub fn of(&self, person: usize) -> &[f64] {
        &self.amounts[person * self.months..(person + 1) * self.months]
    }

    /// The persons named, in that order (repeats allowed).
    #[must_use]
    pub fn select(&self, persons: &[u32]) -> Self {
        if self.is_empty() {
            return Self::default();
        }
        let amounts = persons.iter().flat_map(|i| self.of(*i as usize)).copied().collect();
        Self { months: self.months, amounts }
    }
}

/// The last months of sixteen persons.
struct Spend {
    skip: usize,
    months: Vec<[f32; LANES]>,
}

impl MonthSink for Spend {
    fn month(&mut self, t: usize, lanes: &MonthLanes) {
        if t >= self.skip {
            self.months.push(lanes.spend);
        }
    }
}

impl Model {
    /// The last year's spending of persons `0 .. persons`; memory is 96 bytes a person.
    pub fn payments(&self, streams: Streams, persons: usize) -> Payments {
        let months = self.months.min(YEAR);
        let mut amounts = vec![0.0; persons * months];
        amounts.par_chunks_mut((PIECE * LANES * months).max(1)).enumerate().for_each(|(piece, part)| {
            for (block, rows) in part.chunks_mut(LANES * months).enumerate() {
                let mut sink = Spend { skip: self.months - months, months: Vec::with_capacity(months) };
                let first = ((piece * PIECE + block) * LANES) as u64;
                simulate_block(self, streams, first, &mut sink);
                for (lane, row) in rows.chunks_mut(months).enumerate() {
                    for (to, month) in row.iter_mut().zip(sink.months.iter().rev()) {
                        *to = f64::from(month[lane]);
                    }
                }
            }
        });
        Payments { months, amounts }
    }

    /// The first whole districts of the population with at most `most` persons (one at least), in persons.
    pub fn whole_districts(&self, most: u64) -> u64 {
        if most >= self.persons {
            return self.persons;
        }
        let district = self.community_size * self.district_communities;
        (most / district).max(1).saturating_mul(district).min(self.persons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{ApplicantsParams, HistoriesParams, Loadings, OutcomeParams, PopulationParams};

    fn model(persons: u64) -> Model {
        let population = PopulationParams { persons, ..PopulationParams::default() };
        let (histories, outcome) = (HistoriesParams::default(), OutcomeParams::default());
        Model::new(&population, &histories, &outcome, &ApplicantsParams::default(), &Loadings::default()).unwrap()
    }

    #[test]
    fn the_last_year_is_that_of_the_monthly_table() {
        let (model, streams, persons) = (model(1_100), Streams::new(3, 1), 1_100);
        let payments = model.payments(streams, persons);
        assert_eq!((payments.len(), payments.months()), (persons, 12));
        let rows = model.panel(streams, 0, persons);
        for (person, history) in rows.chunks(model.months()).enumerate() {
            let want: Vec<f64> = history.iter().rev().take(12).map(|m| f64::from(m.spend)).collect();
            assert_eq!(payments.of(person), want, "person {person}");
        }
        assert_eq!(payments.select(&[7, 7]).of(1), payments.of(7));
        assert!(Payments::default().select(&[7]).is_empty());
    }

    #[test]
    fn a_sample_is_of_whole_districts() {
        let model = model(100_000);
        assert_eq!([1_000_000, 99_999, 7_000, 10].map(|n| model.whole_districts(n)), [100_000, 99_200, 6_400, 3_200]);
    }
}
