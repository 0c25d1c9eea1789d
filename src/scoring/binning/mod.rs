//! Optimal bins of one column, by its default rates.
//!
//! 1. Missing values (NaN) and each public special value ([`Column::special`]) stand apart, in bins of their own. What is
//!    left is cut into fine pre-bins: a quantity by quantile (equal values never part, a value that fills a pre-bin alone
//!    gets its own), a category by the default rates of its levels (the order in which the best bins are runs of
//!    neighbours: Breiman et al. 1984, §4.2), with `smoothing` persons at the base rate so that a rare level stands near it.
//! 2. `optimal` joins neighbouring pre-bins: of all ways that keep the trend, the least sizes and the most bins, the one
//!    with the largest information value (or likelihood).
//! 3. A bin with g goods and b bads of G and B in all gets, with s = `smoothing` persons at the base rate added,
//!
//! ```text
//! WoE = ln((g + s·G/n)/G) − ln((b + s·B/n)/B)      n = G + B; 0 for an empty bin; larger is safer
//! IV  = Σ (g/G − b/B)·WoE                          information value of the column, over all its bins
//! ```
//!
//! so that a bin of few persons (missing, special, rare) is shrunk to 0, the base rate. WoE are rounded to f32: what the
//! table says is what is scored.
//!
//! Every value has exactly one bin. Infinities belong to the end bins; a value beyond those seen in training to the nearest;
//! a level, a special value or a missing value that training did not have to an empty bin of WoE 0. Values between levels
//! (they come from an imputation) count as the nearest level. All counts are integers: the order of the persons does not
//! matter.

mod assign;
mod counts;
mod optimal;
mod order;
mod quality;
#[cfg(test)]
mod tests;

pub use assign::{Bin, Bins, Place};
pub use quality::{Quality, Strength};

use crate::params::{above, any, between};
use crate::view::{Column, Trend};
use counts::{Count, Pieces};
use optimal::{Limits, Partition, Shape, best};

crate::choice! {
    /// Trend of the default rate over the bins of a column whose own trend is not public.
    pub enum TrendChoice {
        /// Rising or falling, whichever is better.
        Monotone => "monotone",
        /// One turn is allowed: rising then falling, or falling then rising, or no turn.
        OneTurn => "one-turn",
        /// Anything.
        Free => "free",
    }
}

crate::choice! {
    /// What the best bins have most of.
    pub enum Objective {
        /// Information value.
        InformationValue => "iv",
        /// Binomial log-likelihood of the bins' own default rates.
        Likelihood => "likelihood",
    }
}

crate::params! {
    /// How a column is cut into bins.
    pub struct BinningParams {
        /// Fine bins of equal size before the optimisation; a value that fills a bin alone gets its own.
        pub fine: u32 = 50, "bins", between(2.0, 200.0), "measured: docs/scorecard.md (optbinning: 20)";
        /// Least share of a column's ordinary (not missing, not special) training persons in a bin.
        pub least_share: f64 = 0.05, "share", between(0.0, 0.5), "Siddiqi, Credit Risk Scorecards (2006): 5 % at least";
        /// Least number of defaulted persons in a bin.
        pub least_bads: u32 = 1, "persons", between(0.0, 1e9), "no bin of one outcome alone";
        /// Least number of persons in a bin who paid.
        pub least_goods: u32 = 1, "persons", between(0.0, 1e9), "no bin of one outcome alone";
        /// Most bins besides missing and special values.
        pub most: u32 = 20, "bins", between(1.0, 200.0), "as many as there are fine bins";
        /// Trend of columns whose own trend is not public.
        pub trend: TrendChoice = TrendChoice::Monotone, "", any(), "practice: a trend that can be explained";
        /// What is made largest.
        pub objective: Objective = Objective::InformationValue, "", any(), "optbinning's default";
        /// Least difference of the default rates of neighbouring bins.
        pub least_difference: f64 = 0.0, "share", between(0.0, 1.0), "optbinning's default";
        /// Largest p-value of a test that two neighbouring bins have one default rate; 1 asks for no test.
        pub most_p_value: f64 = 1.0, "probability", above(0.0, 1.0), "optbinning's default";
        /// Persons at the base rate that are added to every bin before its weight of evidence is taken.
        pub smoothing: f64 = 1.0, "persons", above(0.0, 1e6), "assumed";
    }
}

/// Bins a column on the training rows: one value and one label a person.
pub fn bin(column: &Column, values: &[f32], labels: &[bool], params: &BinningParams) -> Bins {
    let pieces = Pieces::of(column, values, labels, params.fine, params.smoothing);
    let mut all = pieces.missing;
    pieces.special.iter().chain(&pieces.ordered).for_each(|c| all.add(*c));
    let weigh = Weigh { all, smoothing: params.smoothing };
    let kept = partition(column, &pieces, params, &weigh);
    let mut bins = Vec::new();
    let bin = |place, c: Count| Bin { place, persons: c.persons, bads: c.bads, woe: weigh.woe(c) };
    for (k, range) in kept.iter().enumerate() {
        let mut sum = Count::default();
        pieces.ordered[range.clone()].iter().for_each(|c| sum.add(*c));
        let place = if column.is_category() {
            let mut levels: Vec<u32> = pieces.levels[range.clone()].concat();
            levels.sort_unstable();
            Place::Levels(levels)
        } else {
            let from = (k > 0).then(|| pieces.from[range.start]);
            Place::Range { from, below: kept.get(k + 1).map(|next| pieces.from[next.start]) }
        };
        bins.push(bin(place, sum));
    }
    if column.is_category() {
        bins.push(bin(Place::Unseen, Count::default()));
    } else if kept.is_empty() {
        bins.push(bin(Place::Range { from: None, below: None }, Count::default()));
    }
    bins.extend(column.special.iter().zip(&pieces.special).map(|(value, c)| bin(Place::Special(*value), *c)));
    bins.push(bin(Place::Missing, pieces.missing));
    Bins::new(bins, column.levels.len())
}

/// The best runs of pre-bins; one run of all where no way keeps the limits.
fn partition(column: &Column, pieces: &Pieces, params: &BinningParams, weigh: &Weigh) -> Vec<std::ops::Range<usize>> {
    let ordered: u32 = pieces.ordered.iter().map(|c| c.persons).sum();
    let limits = Limits {
        persons: libm::ceil(params.least_share * f64::from(ordered)) as u32,
        bads: params.least_bads,
        goods: params.least_goods,
        bins: params.most as usize,
        gap: params.least_difference,
        z_squared: Limits::z_squared_of(params.most_p_value),
    };
    let shapes: &[Shape] = match (column.is_category(), column.trend, &params.trend) {
        // Levels stand in the order of their rates already.
        (true, ..) | (_, Trend::Free, _) | (_, Trend::Auto, TrendChoice::Free) => &[Shape::Free],
        (_, Trend::Rising, _) => &[Shape::Rising],
        (_, Trend::Falling, _) => &[Shape::Falling],
        (_, Trend::Auto, TrendChoice::Monotone) => &[Shape::Rising, Shape::Falling],
        (_, Trend::Auto, TrendChoice::OneTurn) => &[Shape::Peak, Shape::Valley],
    };
    let value = |c: Count| match params.objective {
        Objective::InformationValue => weigh.iv(c),
        Objective::Likelihood => likelihood(c),
    };
    let found = shapes.iter().filter_map(|shape| best(&pieces.ordered, *shape, &limits, &value));
    // Of equal values the first: rising before falling.
    let better = |a: Partition, b: Partition| if b.value > a.value { b } else { a };
    let one =
        || if pieces.ordered.is_empty() { Vec::new() } else { std::iter::once(0..pieces.ordered.len()).collect() };
    found.reduce(better).map_or_else(one, |p| p.bins)
}

/// Binomial log-likelihood of a bin's own rate.
fn likelihood(c: Count) -> f64 {
    let term = |k: u32| if k == 0 { 0.0 } else { f64::from(k) * libm::log(f64::from(k) / f64::from(c.persons)) };
    term(c.bads) + term(c.persons - c.bads)
}

/// Weights of evidence against all persons.
struct Weigh {
    all: Count,
    smoothing: f64,
}

impl Weigh {
    fn woe(&self, c: Count) -> f64 {
        let n = f64::from(self.all.persons);
        let (all_bads, all_goods) = (f64::from(self.all.bads), f64::from(self.all.persons - self.all.bads));
        if all_bads <= 0.0 || all_goods <= 0.0 || c.persons == 0 {
            return 0.0;
        }
        let share = |part: u32, all: f64| (f64::from(part) + self.smoothing * all / n) / all;
        let woe = libm::log(share(c.persons - c.bads, all_goods)) - libm::log(share(c.bads, all_bads));
        f64::from(woe as f32)
    }

    fn iv(&self, c: Count) -> f64 {
        let woe = self.woe(c);
        let (bads, goods) = (f64::from(self.all.bads), f64::from(self.all.persons - self.all.bads));
        if woe == 0.0 { 0.0 } else { (f64::from(c.persons - c.bads) / goods - f64::from(c.bads) / bads) * woe }
    }
}
