//! Stratified splits: a replication of a run on a table halves it as a fold of a bench does, and a bench publishes them, so
//! that every scorer meets the same ones.
//!
//! In each seed every person has a draw u that is keyed by the seed and the person's number (the id, hashed), so that a
//! split depends neither on the order of rows nor on who else is asked for. Persons of one outcome are put in the order
//! of u; then
//!
//! - one fold: the first `test_share` of each outcome are tested (at least one where there are two), the others train;
//! - k folds: places go round, 0, 1, …, k − 1, 0, …, through the defaulters and then on through the others: fold f tests
//!   the persons of place f and trains on the others.
//!
//! A training part that is cut to N persons takes the first N·share of each outcome, again in the order of u, so that
//! smaller samples lie inside larger ones.

use crate::rng::{Entity, Purpose, Streams};

/// How persons are parted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Folds a seed; 1: one split.
    pub folds: u32,
    /// Share that is tested where there is one fold.
    pub test_share: f64,
    /// Most persons to train on.
    pub train: Option<usize>,
}

impl Cut {
    /// Halves.
    pub const HALVES: Self = Self { folds: 1, test_share: 0.5, train: None };
}

/// The two parts of one fold: positions of persons, increasing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Whose outcomes are learnt from.
    pub train: Vec<u32>,
    /// Who is scored.
    pub test: Vec<u32>,
}

/// The folds of one seed. `key[i]` is person i's number, `bad[i]` the outcome.
pub fn splits(bad: &[bool], key: &[u64], streams: Streams, cut: Cut) -> Vec<Split> {
    let classes = [true, false].map(|class| {
        let mut members: Vec<(u64, u64, u32)> = (0..bad.len() as u32)
            .filter(|i| bad[*i as usize] == class)
            .map(|i| {
                let who = key[i as usize];
                let w = streams.block(Entity::Person(who), 0, Purpose::Split, 0);
                (u64::from(w[0]) << 32 | u64::from(w[1]), who, i)
            })
            .collect();
        members.sort_unstable();
        members.into_iter().map(|m| m.2).collect::<Vec<u32>>()
    });
    if cut.folds > 1 {
        let k = cut.folds as usize;
        let bads = classes[0].len();
        let place = |class: usize, p: usize| if class == 0 { p % k } else { (bads + p) % k };
        return (0..k).map(|fold| parted(&classes, cut.train, |class, p| place(class, p) == fold)).collect();
    }
    let tested = classes.each_ref().map(|c| {
        let n = c.len();
        let wanted = libm::round(cut.test_share * n as f64) as usize;
        if n < 2 { wanted.min(n) } else { wanted.clamp(1, n - 1) }
    });
    vec![parted(&classes, cut.train, |class, p| p < tested[class])]
}

/// Both parts of a fold; `tests(class, place)` says who is tested.
fn parted(classes: &[Vec<u32>; 2], most: Option<usize>, tests: impl Fn(usize, usize) -> bool) -> Split {
    let mut split = Split::default();
    let mut learners = [Vec::new(), Vec::new()];
    for (class, members) in classes.iter().enumerate() {
        for (place, person) in members.iter().enumerate() {
            if tests(class, place) { split.test.push(*person) } else { learners[class].push(*person) }
        }
    }
    if let Some(most) = most {
        let [bads, goods] = learners.each_ref().map(Vec::len);
        if most < bads + goods {
            // One of each outcome where there is room for two.
            let least = usize::from(bads > 0 && most > 1);
            let share = libm::round(most as f64 * bads as f64 / (bads + goods) as f64) as usize;
            let kept = share.clamp(least, most - usize::from(goods > 0 && most > 1)).min(bads);
            learners[0].truncate(kept);
            learners[1].truncate(most - kept);
        }
    }
    split.train = learners.concat();
    split.train.sort_unstable();
    split.test.sort_unstable();
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(folds: u32, train: Option<usize>) -> Cut {
        Cut { folds, train, test_share: 0.2 }
    }

    fn outcomes(n: u64) -> (Vec<bool>, Vec<u64>) {
        ((0..n).map(|i| i % 5 == 0).collect(), (0..n).map(crate::rng::mix).collect())
    }

    fn share(bad: &[bool], rows: &[u32]) -> f64 {
        rows.iter().filter(|i| bad[**i as usize]).count() as f64 / rows.len() as f64
    }

    #[test]
    fn one_fold_is_a_stratified_part_and_its_complement() {
        let (bad, key) = outcomes(1000);
        let all = splits(&bad, &key, Streams::new(1, 0), plan(1, None));
        let [Split { train, test }] = &all[..] else { panic!("one fold") };
        assert_eq!((train.len(), test.len()), (800, 200));
        assert_eq!((share(&bad, train), share(&bad, test)), (0.2, 0.2));
        let mut together = [train.clone(), test.clone()].concat();
        together.sort_unstable();
        assert_eq!(together, (0..1000).collect::<Vec<u32>>());
        assert_ne!(all, splits(&bad, &key, Streams::new(1, 1), plan(1, None)), "another seed, another split");
    }

    #[test]
    fn folds_test_everybody_once() {
        let (bad, key) = outcomes(1003);
        let all = splits(&bad, &key, Streams::new(1, 0), plan(4, None));
        let mut tested: Vec<u32> = all.iter().flat_map(|s| s.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..1003).collect::<Vec<u32>>());
        for s in &all {
            assert!(s.test.len().abs_diff(1003 / 4) <= 1 && s.train.len() + s.test.len() == 1003);
            assert!((share(&bad, &s.test) - 0.2).abs() < 0.005);
        }
    }

    #[test]
    fn a_split_follows_the_person_not_the_row() {
        let (bad, key) = outcomes(500);
        let reversed = |v: &[u64]| v.iter().rev().copied().collect::<Vec<_>>();
        let back: Vec<bool> = bad.iter().rev().copied().collect();
        let one = splits(&bad, &key, Streams::new(1, 0), plan(1, None));
        let two = splits(&back, &reversed(&key), Streams::new(1, 0), plan(1, None));
        let mut persons: Vec<u32> = two[0].test.iter().map(|i| 499 - i).collect();
        persons.sort_unstable();
        assert_eq!(one[0].test, persons);
    }

    #[test]
    fn a_smaller_training_part_lies_inside_a_larger_one_and_the_test_part_stays() {
        let (bad, key) = outcomes(1000);
        let of = |n| splits(&bad, &key, Streams::new(1, 0), plan(1, Some(n))).remove(0);
        let (small, large, all) = (of(100), of(300), of(5000));
        assert_eq!((small.train.len(), large.train.len(), all.train.len()), (100, 300, 800));
        assert!(small.train.iter().all(|i| large.train.contains(i)));
        assert!(small.test == large.test && large.test == all.test);
        assert_eq!(share(&bad, &small.train), 0.2);
        assert_eq!(of(2).train.iter().filter(|i| bad[**i as usize]).count(), 1);
    }

    #[test]
    fn tiny_tables_have_both_outcomes_on_both_sides_where_there_are_two() {
        let bad: Vec<bool> = (0..10).map(|i| i < 2).collect();
        let key: Vec<u64> = (0..10).collect();
        let split = &splits(&bad, &key, Streams::new(1, 0), plan(1, None))[0];
        assert_eq!(split.test.iter().filter(|i| bad[**i as usize]).count(), 1);
        assert_eq!((split.train.len(), split.test.len()), (7, 3));
        // The only defaulter trains: there is nothing to learn otherwise.
        let one: Vec<bool> = (0..10).map(|i| i < 1).collect();
        let split = &splits(&one, &key, Streams::new(1, 0), plan(1, None))[0];
        assert!(split.test.iter().all(|i| !one[*i as usize]));
    }
}
