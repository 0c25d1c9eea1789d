//! Leaderboards: what each shows of a person's place.

use super::{Bill, Posted};
use crate::attack::Scene;
use crate::error::{Error, Result};
use crate::evaluate::Emit;
use crate::params::{above, between};
use crate::privacy::{IntegerLaplace, Ledger, Noise};
use std::sync::Arc;

crate::params! {
    /// A histogram of totals under DP.
    pub struct NoisyBoardParams {
        /// Privacy loss of the histogram, add or remove one person with all months.
        pub epsilon: f64 = 1.0, "ε, smaller = more private", above(0.0, f64::INFINITY), "assumed";
        /// Bins; their edges grow by one factor, from `lowest` to `highest`.
        pub bins: u32 = 20, "bins", between(2.0, 1000.0), "assumed";
        /// Upper edge of the first bin: smaller totals are in it.
        pub lowest: f64 = 1_000.0, "currency of the histories", above(0.0, 1e12), "assumed: public, round";
        /// Lower edge of the last bin: larger totals are in it.
        pub highest: f64 = 1_000_000.0, "currency of the histories", above(0.0, 1e15), "assumed: public, round";
    }
}

crate::choice! {
    /// What the screenshot shows of the person's place in the district.
    pub enum Leaderboard {
        /// No place.
        Hidden => "none",
        /// The rank among the district's persons, to so many ranks: 1 shows it exactly, 100 shows "among the first hundred".
        Ranks(u32 = 1, "ranks", between(1.0, 1e9), "assumed: exact") => "ranks",
        /// The place in a noisy histogram of the district's totals, published under ε.
        Noisy(NoisyBoardParams = NoisyBoardParams::default()) => "noisy",
    }
}

/// Keys the board's noise: apart from the releases of all arms, and the same board in each of them.
const RELEASE: u64 = 1 << 60;

/// A leaderboard as it is published.
pub(super) enum Board {
    Hidden,
    Ranks(i64),
    Noisy(Histogram),
}

/// Noisy counts of totals, and the place that each bin stands for.
pub(super) struct Histogram {
    edges: Vec<f64>,
    /// Number of the district, and the place of each bin, smallest totals first.
    places: Vec<(u32, Vec<i64>)>,
    epsilon: f64,
}

impl Board {
    /// `bills` by district, largest total first.
    pub fn publish(leaderboard: &Leaderboard, bills: &[Bill], scene: &Scene<'_>) -> Result<Self> {
        Ok(match leaderboard {
            Leaderboard::Hidden => Self::Hidden,
            Leaderboard::Ranks(step) => Self::Ranks(i64::from((*step).max(1))),
            Leaderboard::Noisy(params) => {
                let mut noise = Noise::new(scene.noise, scene.streams, RELEASE);
                Self::Noisy(Histogram::release(params, bills, &mut noise)?)
            }
        })
    }

    /// What the persons of one district who share have posted, and how the attacker reads their rows.
    pub fn posted(&self, district: &[Bill]) -> Vec<Posted> {
        let hidden = district.iter().filter(|b| !b.shares).count() as i64;
        let mut sharers_above = 0;
        let mut out = Vec::new();
        for (rank, equal) in ranked(district) {
            let sharers = equal.iter().filter(|b| b.shares);
            let count = sharers.clone().count() as i64;
            for bill in sharers {
                let (may_be, shown) = match self {
                    Self::Hidden => ((0, 0), (0, 0)),
                    Self::Ranks(step) => {
                        let first = (rank - 1) / step * step + 1;
                        ((sharers_above + 1, sharers_above + 1 + hidden), (first, first + step - 1))
                    }
                    Self::Noisy(histogram) => {
                        let place = histogram.place(bill);
                        ((place, place), (place, place))
                    }
                };
                out.push(Posted { total: bill.total, may_be, shown });
            }
            sharers_above += count;
        }
        out
    }

    /// Adds what the board is worth (`rank_error`), and what it costs (`board_epsilon`).
    pub fn emit(&self, bills: &[Bill], emit: &mut Emit) {
        let all = Arc::from("all");
        if let Self::Noisy(histogram) = self {
            emit.add("attack.bill.board_epsilon", &all, histogram.epsilon);
        }
        let mut error = 0.0;
        for district in bills.chunk_by(|a, b| a.district == b.district) {
            let persons = district.len() as f64;
            for (rank, equal) in ranked(district) {
                for bill in equal {
                    let shown = match self {
                        Self::Hidden => return,
                        Self::Ranks(step) => {
                            let first = (rank - 1) / step * step + 1;
                            0.5 * (first as f64 + persons.min((first + step - 1) as f64))
                        }
                        Self::Noisy(histogram) => histogram.place(bill) as f64,
                    };
                    error += (shown - rank as f64).abs() / persons;
                }
            }
        }
        emit.add("attack.bill.rank_error", &all, error / bills.len() as f64);
    }
}

/// Persons of equal totals with their rank, 1 + those above; `district` by falling total.
fn ranked(district: &[Bill]) -> impl Iterator<Item = (i64, &[Bill])> {
    let mut above = 0;
    district.chunk_by(|a, b| a.total == b.total).map(move |equal| {
        let rank = above + 1;
        above += equal.len() as i64;
        (rank, equal)
    })
}

/// Edges between the bins: one factor from each to the next.
pub(super) fn edges(params: &NoisyBoardParams) -> Result<Vec<f64>> {
    let NoisyBoardParams { bins, lowest, highest, .. } = *params;
    if highest <= lowest {
        let message = format!("{highest} does not lie above lowest = {lowest}: the bins need rising edges");
        return Err(Error::Other(format!("attack.bill.leaderboard.noisy.highest: {message}")));
    }
    let growth = libm::log(highest / lowest) / f64::from(bins.max(3) - 2);
    Ok((0..bins - 1).map(|k| lowest * libm::exp(growth * f64::from(k))).collect())
}

/// Noisy counts by district (of those that have anybody: noise in the cells of the others would change nothing here) and bin.
pub(super) fn noisy_counts(
    epsilon: f64,
    edges: &[f64],
    bills: &[Bill],
    noise: &mut Noise,
    ledger: &mut Ledger,
) -> Result<Vec<i64>> {
    let bins = edges.len() + 1;
    let mut counts = Vec::new();
    for district in bills.chunk_by(|a, b| a.district == b.district) {
        let mut cells = vec![0i64; bins];
        district.iter().for_each(|b| cells[edges.partition_point(|e| *e <= b.total)] += 1);
        counts.extend(cells);
    }
    let query = format!("persons by district and {bins} bins of the year's total");
    IntegerLaplace::calibrate(1, epsilon)?.release(&mut counts, &query, noise, ledger)?;
    Ok(counts)
}

impl Histogram {
    fn release(params: &NoisyBoardParams, bills: &[Bill], noise: &mut Noise) -> Result<Self> {
        let (edges, mut ledger) = (edges(params)?, Ledger::new());
        let counts = noisy_counts(params.epsilon, &edges, bills, noise, &mut ledger)?;
        let districts = bills.chunk_by(|a, b| a.district == b.district);
        let places = districts
            .zip(counts.chunks(edges.len() + 1))
            .map(|(district, cells)| (district[0].district, places(cells, district.len() as i64)));
        Ok(Self { places: places.collect(), edges, epsilon: ledger.spent(0.0).epsilon })
    }

    fn place(&self, bill: &Bill) -> i64 {
        let at = self.places.partition_point(|(district, _)| *district < bill.district);
        let bin = self.edges.partition_point(|e| *e <= bill.total);
        self.places.get(at).map_or(1, |(_, places)| places[bin])
    }
}

/// The place that each bin shows, smallest totals first: the middle of its persons below all that stand above. It falls as
/// totals grow, whatever the noise: a count below 0 counts as 0.
fn places(cells: &[i64], persons: i64) -> Vec<i64> {
    let mut above = 0;
    let mut places: Vec<i64> = cells
        .iter()
        .rev()
        .map(|count| {
            let count = (*count).max(0);
            let middle = above + (count + 1) / 2;
            above += count;
            middle.clamp(1, persons.max(1))
        })
        .collect();
    places.reverse();
    places
}
