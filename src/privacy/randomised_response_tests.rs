use super::*;
use crate::privacy::chi2::{critical, standardised};

fn noise(mode: NoiseMode) -> Noise {
    Noise::new(mode, Streams::new(11, 0), 0)
}

fn reports(rr: &RandomisedResponse, mode: NoiseMode, n: usize, category: u8) -> Vec<u64> {
    let mut values = vec![category; n];
    rr.release(&mut values, 0, 0, "q", &noise(mode), &mut Ledger::new()).unwrap();
    let mut counts = vec![0u64; usize::from(rr.categories)];
    for v in values {
        counts[usize::from(v)] += 1;
    }
    counts
}

fn statistic(counts: &[u64], truth: f64, category: usize) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let k = counts.len() as f64;
    let want = |j| n * if j == category { truth } else { (1.0 - truth) / (k - 1.0) };
    let chi2: f64 = counts.iter().enumerate().map(|(j, c)| (*c as f64 - want(j)).powi(2) / want(j)).sum();
    standardised(chi2, k - 1.0)
}

/// Textbook probability, ε re-computed from the quantised one by hand, and opendp's map: all on the right side.
#[test]
fn the_quantised_probability_never_costs_more_than_asked() {
    for k in [2u8, 3, 5, 17, 255] {
        for epsilon in [1e-6, 0.01, 0.3, 1.0, 2.0, 8.0, 21.0, 40.0] {
            let rr = RandomisedResponse::calibrate(k, epsilon).unwrap();
            let exact = epsilon.exp() / (epsilon.exp() + f64::from(k) - 1.0);
            assert!(rr.truth() <= exact && exact - rr.truth() < 1e-9, "{k} {epsilon}");
            let by_hand = (rr.truth() * f64::from(k - 1) / (1.0 - rr.truth())).ln();
            assert!(rr.epsilon() <= epsilon && (rr.epsilon() - by_hand).abs() < 1e-9, "{k} {epsilon} {by_hand}");
        }
    }
}

/// α = 1e-6; catches a truth probability off by .5 % and a lie that may repeat the truth (twins below).
#[test]
fn reports_follow_the_stated_distribution_from_every_source() {
    for (k, epsilon) in [(2, 0.5), (3, 1.0), (7, 2.0)] {
        let rr = RandomisedResponse::calibrate(k, epsilon).unwrap();
        for (mode, n) in [(NoiseMode::Seeded, 1_000_000), (NoiseMode::System, 1_000_000), (NoiseMode::Opendp, 100_000)]
        {
            let counts = reports(&rr, mode, n, 1);
            assert!(statistic(&counts, rr.truth(), 1) < critical(), "{k} {mode:?}");
        }
        let counts = reports(&rr, NoiseMode::Seeded, 1_000_000, 1);
        let lie_may_be_true = rr.truth() + (1.0 - rr.truth()) / f64::from(k);
        assert!(statistic(&counts, rr.truth() * 0.99, 1) > critical());
        assert!(statistic(&counts, lie_may_be_true, 1) > critical());
    }
}

#[test]
fn a_report_depends_on_person_and_report_only() {
    let rr = RandomisedResponse::calibrate(4, 0.5).unwrap();
    let say = |first: u64, n: usize, report| {
        let mut v = vec![2u8; n];
        rr.release(&mut v, first, report, "q", &noise(NoiseMode::Seeded), &mut Ledger::new()).unwrap();
        v
    };
    assert_eq!(say(0, 100, 0)[40..], say(40, 60, 0));
    assert_ne!(say(0, 100, 0), say(0, 100, 1));
}

#[test]
fn reports_add_up_and_infinity_is_the_identity() {
    let (rr, mut ledger) = (RandomisedResponse::calibrate(3, 0.5).unwrap(), Ledger::new());
    for report in 0..6 {
        rr.release(&mut [0, 1, 2], 0, report, "late", &noise(NoiseMode::Seeded), &mut ledger).unwrap();
    }
    assert!((ledger.spent(0.0).epsilon - 3.0).abs() < 1e-6);
    let open = RandomisedResponse::calibrate(3, f64::INFINITY).unwrap();
    let mut values: Vec<u8> = (0..99).map(|i| i % 3).collect();
    let before = values.clone();
    for mode in [NoiseMode::Seeded, NoiseMode::System, NoiseMode::Opendp] {
        open.release(&mut values, 0, 0, "twin", &noise(mode), &mut ledger).unwrap();
    }
    assert_eq!(values, before);
    assert_eq!(ledger.spent(0.0).epsilon, f64::INFINITY);
}

/// Six standard errors.
#[test]
fn estimates_are_unbiased() {
    let rr = RandomisedResponse::calibrate(3, 1.0).unwrap();
    let n = 300_000;
    let mut values: Vec<u8> = (0..n).map(|i| if i % 10 < 7 { 0 } else { (i % 2 + 1) as u8 }).collect();
    let truth = |v: &[u8]| (0..3).map(|k| v.iter().filter(|c| **c == k).count() as u64).collect::<Vec<_>>();
    let held = truth(&values);
    rr.release(&mut values, 0, 0, "q", &noise(NoiseMode::Seeded), &mut Ledger::new()).unwrap();
    for (estimate, held) in rr.estimate(&truth(&values)).iter().zip(held) {
        assert!((estimate - held as f64).abs() < 6.0 * (0.25 * n as f64).sqrt() / (rr.truth() - 0.3));
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(matches!(RandomisedResponse::calibrate(3, bad), Err(Error::Privacy(_))));
    }
    assert!(RandomisedResponse::calibrate(1, 1.0).is_err() && RandomisedResponse::calibrate(3, 1e-12).is_err());
    let rr = RandomisedResponse::calibrate(3, 1.0).unwrap();
    assert!(rr.release(&mut [3], 0, 0, "q", &noise(NoiseMode::Seeded), &mut Ledger::new()).is_err());
}
