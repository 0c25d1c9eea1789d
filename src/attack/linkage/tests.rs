use super::fixture::{Fixture, emit, value};
use super::*;
use crate::disclosure::CohortAggregatesParams;
use crate::rng::{Entity, Purpose, Streams};

/// Whole amounts below `most` of so many persons, drawn.
fn drawn(persons: usize, months: usize, most: f64) -> Payments {
    let streams = Streams::new(11, 0);
    let amount = |i: u64| (most * streams.uniform(Entity::Person(i), 0, Purpose::Amounts)).floor();
    Payments::new(months, (0..(persons * months) as u64).map(amount).collect())
}

/// By comparing everybody with everybody.
fn naive(payments: &Payments, members: &[u32], rounding: f64, k: usize) -> u64 {
    let seen = |i: u32| payments.of(i as usize)[..k].iter().map(|x| (x / rounding).floor()).collect::<Vec<f64>>();
    members.iter().filter(|a| members.iter().all(|b| *a == b || seen(**a) != seen(*b))).count() as u64
}

#[test]
fn sorting_counts_what_comparing_all_pairs_counts() {
    let payments = drawn(400, 6, 60.0);
    let members: Vec<u32> = (0..400).filter(|i| i % 3 > 0).collect();
    for rounding in [1.0, 7.0, 20.0] {
        let fast = unique(&payments, &members, rounding, 4);
        let slow: Vec<u64> = (1..=4).map(|k| naive(&payments, &members, rounding, k)).collect();
        assert_eq!(fast, slow, "rounded to {rounding}");
        assert!(slow[0] < slow[3], "months add to what is known");
    }
    assert_eq!(unique(&payments, &members, 1.0, 12).len(), 6, "no more months than there are");
}

#[test]
fn a_table_made_by_hand() {
    // Alone by the first month; a pair parted by the second; a pair never parted; nothing known in the first month.
    let rows: [&[f64]; 6] = [&[10.0, 1.0], &[20.0, 1.0], &[20.0, 2.0], &[30.0, 5.0], &[30.0, 5.0], &[f64::NAN, 1.0]];
    let mut fixture = Fixture::paying(&rows);
    let params = LinkageParams { rounding: vec![1.0, 10.0], ..LinkageParams::default() };
    let rows_of = |fixture: &Fixture| {
        let mut emit = emit();
        measure(&params, &fixture.scene(), &mut emit);
        emit
    };
    let all = rows_of(&fixture);
    assert_eq!(value(&all, "attack.unicity.at_1", "all"), 2.0 / 6.0);
    assert_eq!(value(&all, "attack.unicity.at_2", "all"), 4.0 / 6.0);
    assert_eq!(value(&all, "attack.unicity.at_2.to_10", "all"), 2.0 / 6.0, "1 and 2 are both 0 to tens");
    assert_eq!(value(&all, "attack.unicity.at_1.baseline", "all"), 1.0 / 6.0);
    // Two refuse: the others are found among fewer, and two of six not at all.
    fixture.choices.shares = vec![true, false, true, true, true, false];
    let some = rows_of(&fixture);
    assert_eq!(value(&some, "attack.unicity.at_1", "all"), 2.0 / 6.0);
    assert_eq!(value(&some, "attack.unicity.at_1", "sharers"), 2.0 / 4.0);
    assert_eq!(value(&some, "attack.unicity.at_1.baseline", "sharers"), 1.0 / 4.0);
}

#[test]
fn copies_of_a_person_are_one_candidate() {
    let rows: [&[f64]; 4] = [&[10.0], &[10.0], &[20.0], &[20.0]];
    let mut fixture = Fixture::paying(&rows);
    let share = |fixture: &Fixture| {
        let mut emit = emit();
        measure(&LinkageParams::default(), &fixture.scene(), &mut emit);
        value(&emit, "attack.unicity.at_1", "all")
    };
    assert_eq!(share(&fixture), 0.0, "four persons in two pairs");
    fixture.people.origin = vec![0, 0, 1, 1];
    assert_eq!(share(&fixture), 1.0, "two persons, twice each");
    fixture.people.origin = vec![0, 0, 1, 2];
    assert_eq!(share(&fixture), 1.0 / 3.0);
}

#[test]
fn coarser_amounts_single_out_fewer() {
    let payments = drawn(2_000, 4, 5_000.0);
    let members: Vec<u32> = (0..2_000).collect();
    let counts: Vec<Vec<u64>> =
        [1.0, 10.0, 100.0, 1_000.0, 10_000.0].iter().map(|r| unique(&payments, &members, *r, 4)).collect();
    for pair in counts.windows(2) {
        assert!(pair[0].iter().zip(&pair[1]).all(|(fine, coarse)| fine >= coarse), "{pair:?}");
    }
    assert_eq!(counts[4], [0; 4]);
    assert!(counts[0][0] > counts[2][0]);
}

#[test]
fn without_a_table_of_records_there_is_nothing_to_link() {
    let rows: [&[f64]; 2] = [&[1.0], &[2.0]];
    let mut fixture = Fixture::paying(&rows);
    let count = |fixture: &Fixture| {
        let mut emit = emit();
        measure(&LinkageParams::default(), &fixture.scene(), &mut emit);
        emit.rows.len()
    };
    // One month is known, two roundings, two groups, each with its baseline.
    assert_eq!(count(&fixture), 8);
    fixture.disclosure = Disclosure::CohortAggregates(CohortAggregatesParams::default());
    assert_eq!(count(&fixture), 0);
    fixture.disclosure = Disclosure::Raw;
    fixture.choices.shares = vec![false; 2];
    assert_eq!(count(&fixture), 0);
}
