//! Monotone bins of one column, by its default rates.
//!
//! 1. Fine bins by quantile: equal values never part, and a value that fills a fine bin alone (a special value such as 0)
//!    gets its own.
//! 2. Pool adjacent violators, once for a rising and once for a falling default rate; the direction with the larger
//!    likelihood is kept.
//! 3. The smallest bin below the least share joins the neighbour with the nearer default rate, until there is none. Merging
//!    neighbours of a monotone sequence keeps it monotone.
//!
//! All counts are integers: the order of the persons does not matter.

use super::lanes::CHUNK;
use crate::params::{above, between};

crate::params! {
    /// How a column is cut into bins.
    pub struct BinningParams {
        /// Fine bins of equal size before merging; a value that fills a bin alone gets its own.
        pub fine: u32 = 20, "bins", between(2.0, 200.0), "optbinning's default max_n_prebins";
        /// Least share of the training persons in a bin.
        pub least_share: f64 = 0.05, "share", between(0.0, 0.5), "Siddiqi, Credit Risk Scorecards (2006): 5 % at least";
        /// Persons at the base rate that are added to every bin before its weight of evidence is taken.
        pub smoothing: f64 = 1.0, "persons", above(0.0, 1e6), "assumed";
    }
}

/// One bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Lower end, included; −∞ for the first bin.
    pub from: f32,
    /// Upper end, excluded; +∞ for the last bin.
    pub below: f32,
    /// Training persons.
    pub persons: u32,
    /// Of these, defaulted.
    pub bads: u32,
    /// Weight of evidence.
    pub woe: f64,
}

/// The bins of one column, in increasing order of its values; they cover the whole line.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    bins: Vec<Bin>,
    iv: f64,
}

impl Bins {
    /// The bins in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Bin> {
        self.bins.iter()
    }

    /// Information value, ≥ 0.
    pub fn iv(&self) -> f64 {
        self.iv
    }

    /// WoE of each value; 0 for NaN.
    pub fn woe_of(&self, values: &[f32], out: &mut [f32]) {
        for (out, values) in out.chunks_mut(CHUNK).zip(values.chunks(CHUNK)) {
            out.fill(self.bins.first().map_or(0.0, |bin| bin.woe as f32));
            for bin in self.bins.iter().skip(1) {
                let (from, woe) = (bin.from, bin.woe as f32);
                for (y, x) in out.iter_mut().zip(values) {
                    *y = if *x >= from { woe } else { *y };
                }
            }
            out.iter_mut().zip(values).for_each(|(y, x)| *y = if x.is_nan() { 0.0 } else { *y });
        }
    }
}

/// Counts of a bin while bins merge.
#[derive(Clone, Copy, Debug)]
struct Count {
    from: f32,
    persons: u32,
    bads: u32,
}

impl Count {
    fn rate(self) -> f64 {
        f64::from(self.bads) / f64::from(self.persons.max(1))
    }

    fn join(&mut self, next: Self) {
        self.persons += next.persons;
        self.bads += next.bads;
    }
}

/// Bins a column on the training rows; values that are NaN are left out.
pub fn bin(values: &[f32], labels: &[bool], params: &BinningParams) -> Bins {
    let fine = fine_bins(values, labels, params.fine);
    let persons: u32 = fine.iter().map(|c| c.persons).sum();
    let (rising, falling) = (monotone(&fine, 1.0), monotone(&fine, -1.0));
    let mut kept = if likelihood(&rising) >= likelihood(&falling) { rising } else { falling };
    merge_small(&mut kept, params.least_share * f64::from(persons));
    weigh(&kept, params.smoothing)
}

/// Sorted runs of equal values, gathered to some `persons / wanted` a bin.
fn fine_bins(values: &[f32], labels: &[bool], wanted: u32) -> Vec<Count> {
    // The label in the lowest bit under an order-preserving map of the value: one sort of whole numbers.
    let key = |x: f32| {
        let bits = (x + 0.0).to_bits();
        if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
    };
    let value = |key: u32| f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key });
    let pairs = values.iter().zip(labels).filter(|(x, _)| !x.is_nan());
    let mut keys: Vec<u64> = pairs.map(|(x, bad)| u64::from(key(*x)) << 1 | u64::from(*bad)).collect();
    keys.sort_unstable();
    let target = (keys.len() as u32).div_ceil(wanted.max(1)).max(1);
    let mut out: Vec<Count> = Vec::new();
    let mut open = false;
    for run in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
        let from = run.first().map_or(0.0, |k| value((k >> 1) as u32));
        let bads: u64 = run.iter().map(|k| k & 1).sum();
        let run = Count { from, persons: run.len() as u32, bads: bads as u32 };
        match out.last_mut() {
            Some(last) if open && run.persons < target => last.join(run),
            _ => out.push(run),
        }
        open = out.last().is_some_and(|last| last.persons < target);
    }
    out
}

/// Pool adjacent violators: default rates strictly rise (`sign` = 1) or fall (−1) from bin to bin.
fn monotone(fine: &[Count], sign: f64) -> Vec<Count> {
    let mut out: Vec<Count> = Vec::new();
    for &count in fine {
        let mut count = count;
        while let Some(last) = out.last().copied().filter(|last| sign * last.rate() >= sign * count.rate()) {
            out.pop();
            let next = count;
            count = last;
            count.join(next);
        }
        out.push(count);
    }
    out
}

/// Binomial log-likelihood of the bins' own rates.
fn likelihood(bins: &[Count]) -> f64 {
    let term = |k: u32, n: u32| if k == 0 { 0.0 } else { f64::from(k) * libm::log(f64::from(k) / f64::from(n)) };
    bins.iter().map(|c| term(c.bads, c.persons) + term(c.persons - c.bads, c.persons)).sum()
}

fn merge_small(bins: &mut Vec<Count>, least: f64) {
    while bins.len() > 1 {
        let Some((k, smallest)) = bins.iter().enumerate().min_by_key(|(_, c)| c.persons) else { return };
        if f64::from(smallest.persons) >= least {
            return;
        }
        let distance = |other: Option<&Count>| other.map_or(f64::INFINITY, |o| (o.rate() - smallest.rate()).abs());
        let before = k.checked_sub(1).and_then(|i| bins.get(i));
        let left = if distance(before) <= distance(bins.get(k + 1)) { k.saturating_sub(1) } else { k };
        let next = bins.remove(left + 1);
        bins[left].join(next);
    }
}

/// Adds the weights of evidence.
fn weigh(counts: &[Count], smoothing: f64) -> Bins {
    let persons = f64::from(counts.iter().map(|c| c.persons).sum::<u32>().max(1));
    let all_bads = f64::from(counts.iter().map(|c| c.bads).sum::<u32>());
    let all_goods = persons - all_bads;
    let mut iv = 0.0;
    let mut bins = Vec::with_capacity(counts.len().max(1));
    for (k, c) in counts.iter().enumerate() {
        let (bads, goods) = (f64::from(c.bads), f64::from(c.persons - c.bads));
        let share = |part: f64, all: f64| (part + smoothing * all / persons) / all;
        let woe = if all_bads > 0.0 && all_goods > 0.0 {
            libm::log(share(goods, all_goods)) - libm::log(share(bads, all_bads))
        } else {
            0.0
        };
        iv += if woe == 0.0 { 0.0 } else { (goods / all_goods - bads / all_bads) * woe };
        let from = if k == 0 { f32::NEG_INFINITY } else { c.from };
        let below = counts.get(k + 1).map_or(f32::INFINITY, |next| next.from);
        bins.push(Bin { from, below, persons: c.persons, bads: c.bads, woe });
    }
    if bins.is_empty() {
        bins.push(Bin { from: f32::NEG_INFINITY, below: f32::INFINITY, persons: 0, bads: 0, woe: 0.0 });
    }
    Bins { bins, iv }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};
    use proptest::prelude::*;

    fn params(fine: u32, least_share: f64) -> BinningParams {
        BinningParams { fine, least_share, ..BinningParams::default() }
    }

    fn edges(bins: &Bins) -> Vec<f32> {
        bins.iter().skip(1).map(|b| b.from).collect()
    }

    #[test]
    fn equal_values_never_part_and_a_frequent_value_stands_alone() {
        // 40 % zeros between 10 negative and 50 positive values.
        let values: Vec<f32> = (0..100).map(|i| if i < 50 { (i as f32 - 10.0).min(0.0) } else { i as f32 }).collect();
        let fine = fine_bins(&values, &[false; 100], 10);
        let froms: Vec<f32> = fine.iter().map(|c| c.from).collect();
        assert_eq!(froms, [-10.0, 0.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
        assert_eq!(fine[1].persons, 40);
        let signs = fine_bins(&[-0.0, 0.0, -1.0, f32::MIN, f32::MAX, f32::NAN, f32::NEG_INFINITY], &[true; 7], 99);
        let froms: Vec<f32> = signs.iter().map(|c| c.from).collect();
        assert_eq!(froms, [f32::NEG_INFINITY, f32::MIN, -1.0, 0.0, f32::MAX]);
    }

    #[test]
    fn a_known_table_gives_the_known_weights() {
        // x = 0: 10 of 100 bad; x = 1: 40 of 100 bad. ln(90/150 : 10/50) = ln 3.
        let values: Vec<f32> = (0..200).map(|i| if i < 100 { 0.0 } else { 1.0 }).collect();
        let labels: Vec<bool> = (0..200).map(|i| i % 100 < if i < 100 { 10 } else { 40 }).collect();
        let bins = bin(&values, &labels, &BinningParams { smoothing: 1e-9, ..params(20, 0.05) });
        let woe: Vec<f64> = bins.iter().map(|b| b.woe).collect();
        assert!((woe[0] - libm::log(3.0)).abs() < 1e-9 && (woe[1] - libm::log(0.5)).abs() < 1e-9);
        let iv = (0.6 - 0.2) * libm::log(3.0) + (0.4 - 0.8) * libm::log(0.5);
        assert!((bins.iv() - iv).abs() < 1e-9);
        let mut out = [9.0; 4];
        bins.woe_of(&[-5.0, 0.999, 1.0, f32::NAN], &mut out);
        assert_eq!(out, [woe[0] as f32, woe[0] as f32, woe[1] as f32, 0.0]);
    }

    #[test]
    fn columns_that_say_nothing_get_one_bin() {
        let labels: Vec<bool> = (0..100).map(|i| i % 3 == 0).collect();
        for values in [vec![7.0; 100], vec![f32::NAN; 100]] {
            let bins = bin(&values, &labels, &params(20, 0.05));
            assert_eq!((bins.iter().len(), bins.iv()), (1, 0.0));
            assert!(bins.iter().all(|b| b.woe.abs() < 1e-12));
        }
        assert_eq!(bin(&[], &[], &params(20, 0.05)).iter().len(), 1);
        assert_eq!(bin(&[1.0, 2.0], &[true, true], &params(20, 0.0)).iv(), 0.0);
    }

    #[test]
    fn the_direction_is_the_data_s() {
        let streams = Streams::new(1, 0);
        let values: Vec<f32> = (0..5000).map(|i| (i % 100) as f32).collect();
        for sign in [1.0, -1.0] {
            let pd = |i: usize| 0.5 + sign * (f64::from(values[i]) / 100.0 - 0.5) * 0.6;
            let uniform = |i: usize| streams.uniform(Entity::Person(i as u64), 0, Purpose::Outcome);
            let labels: Vec<bool> = (0..5000).map(|i| uniform(i) < pd(i)).collect();
            let bins = bin(&values, &labels, &params(20, 0.05));
            assert!(bins.iter().len() > 5 && edges(&bins).windows(2).all(|e| e[0] < e[1]));
            let woe: Vec<f64> = bins.iter().map(|b| -sign * b.woe).collect();
            assert!(woe.windows(2).all(|w| w[0] < w[1]), "{woe:?}");
        }
    }

    proptest! {
        #[test]
        fn bins_are_monotone_large_enough_complete_and_blind_to_the_order(
            rows in prop::collection::vec((-30i32..30, any::<bool>()), 1..400),
            fine in 2u32..40, share in 0.0f64..0.3,
        ) {
            let values: Vec<f32> = rows.iter().map(|r| (r.0.max(-20) as f32) / 4.0).collect();
            let labels: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let p = params(fine, share);
            let bins = bin(&values, &labels, &p);
            let rates: Vec<f64> = bins.iter().map(|b| f64::from(b.bads) / f64::from(b.persons)).collect();
            prop_assert!(rates.is_sorted() || rates.iter().rev().is_sorted());
            prop_assert_eq!(bins.iter().map(|b| b.persons as usize).sum::<usize>(), rows.len());
            let least = share * rows.len() as f64;
            prop_assert!(bins.iter().len() == 1 || bins.iter().all(|b| f64::from(b.persons) >= least));
            prop_assert!(bins.iv() >= -1e-12 && bins.iter().all(|b| b.woe.is_finite()));
            for b in bins.iter() {
                let inside = |x: &&f32| **x >= b.from && **x < b.below;
                prop_assert_eq!(values.iter().filter(inside).count(), b.persons as usize);
            }
            let reversed: Vec<f32> = values.iter().rev().copied().collect();
            let their_labels: Vec<bool> = labels.iter().rev().copied().collect();
            prop_assert_eq!(bin(&reversed, &their_labels, &p), bins);
        }
    }
}
