use super::*;
use crate::rng::{Entity, Purpose, Streams};

#[test]
fn a_known_table_gives_the_known_index() {
    // .5/.5 against .6/.4: .1·ln 1.2 − .1·ln .8 = .1·ln 1.5.
    let s = stability(&[500, 500], &[60, 40]).unwrap();
    assert!((s.psi - 0.1 * libm::log(1.5)).abs() < 1e-12 && s.df == 1);
    // Pearson by hand: (500, 500 | 60, 40), pooled 560/1100.
    let cell = |seen: f64, want: f64| (seen - want).powi(2) / want;
    let (p, q) = (560.0 / 1100.0, 540.0 / 1100.0);
    let want = cell(500.0, 1000.0 * p) + cell(500.0, 1000.0 * q) + cell(60.0, 100.0 * p) + cell(40.0, 100.0 * q);
    assert!((s.chi2 - want).abs() < 1e-10);
    assert_eq!(
        [0.0, 0.0999, 0.1, 0.2499, 0.25].map(|v| Verdict::of(v).words()),
        ["stable", "stable", "shift", "shift", "large shift"]
    );
    // The same is the same, whatever the sizes.
    let same = stability(&[10, 20, 0, 30], &[100, 200, 0, 300]).unwrap();
    assert!(same.psi.abs() < 1e-12 && (same.psi_p - 1.0).abs() < 1e-9 && same.df == 2);
}

#[test]
fn empty_bins_are_handled_as_documented() {
    let s = stability(&[100, 0], &[90, 10]).unwrap();
    let want = (0.9 - 1.0) * libm::log(0.9) + (0.1 - 0.005) * libm::log(0.1 / 0.005);
    assert!((s.psi - want).abs() < 1e-12);
    assert_eq!((s.bins[1].old_share, s.bins[1].new_share), (0.0, 0.1));
    assert!(stability(&[0, 0], &[1, 2]).is_err() && stability(&[1], &[1, 2]).is_err());
}

#[test]
fn tails_of_chi_squared_match_the_tables() {
    for (x, df, want) in
        [(3.841458820694124, 1.0, 0.05), (23.20925115895436, 10.0, 0.01), (124.3421134004, 100.0, 0.05)]
    {
        assert!((chi2_tail(x, df) - want).abs() < 1e-9, "{x} {df}");
    }
    // Two degrees of freedom: e^(−x/2).
    (1..100).for_each(|k| assert!((chi2_tail(f64::from(k), 2.0) / libm::exp(-f64::from(k) / 2.0) - 1.0).abs() < 1e-10));
    assert_eq!((chi2_tail(0.0, 5.0), chi2_tail(9.0, 0.0)), (1.0, 1.0));
}

/// Under no change the p-values are uniform: of 2,000 pairs, those below .05 are within 100 ± 48 (4.9 sd, 1e-6 two-sided).
/// Catches a forgotten 1/m, or B in the place of B − 1. The twin, without 1/m, must fail.
#[test]
fn p_values_are_uniform_under_no_change() {
    let streams = Streams::new(4, 0);
    let draw =
        |pair: u64, sample: u16, i: u64| streams.uniform(Entity::Person(pair * 5000 + i), sample, Purpose::Split);
    let (mut small, mut pearson, mut twin) = (0, 0, 0);
    for pair in 0..2000 {
        let counts = |sample: u16, n: u64| {
            let mut out = vec![0u64; 5];
            (0..n).for_each(|i| out[(draw(pair, sample, i) * 5.0) as usize] += 1);
            out
        };
        let s = stability(&counts(0, 1500), &counts(1, 1000)).unwrap();
        small += u32::from(s.psi_p < 0.05);
        pearson += u32::from(s.chi2_p < 0.05);
        twin += u32::from(chi2_tail(s.psi / (1.0 / 1500.0), 4.0) < 0.05);
    }
    assert!((52..=148).contains(&small) && (52..=148).contains(&pearson), "{small} {pearson}");
    assert!(twin > 148, "{twin}");
}

#[test]
fn tenths_hold_tenths_and_equal_scores_stay_together() {
    let scores: Vec<f64> = (0..1000).map(f64::from).collect();
    assert_eq!(count(&scores, &tenths(&scores)), vec![100; 10]);
    let ties: Vec<f64> = (0..1000).map(|i| f64::from(i / 300)).collect();
    assert_eq!(count(&ties, &tenths(&ties)), [300, 300, 300, 100]);
    assert!(tenths(&[5.0; 40]).is_empty() && tenths(&[]).is_empty());
    assert_eq!(count(&[1.0, 2.0], &[]), [2]);
}
