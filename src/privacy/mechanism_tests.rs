use super::*;
use crate::privacy::chi2::{critical, gaussian_pmf, laplace_pmf, statistic};

fn noise(mode: NoiseMode) -> Noise {
    Noise::new(mode, Streams::new(7, 0), 3)
}

#[test]
fn calibration_is_the_smallest_scale_that_the_budget_pays() {
    for (sensitivity, budget) in [(1, 0.1), (7, 1.0), (1000, 0.01), (3, 8.0), (12_345, 1.0)] {
        let m = IntegerLaplace::calibrate(sensitivity, budget).unwrap();
        assert!(m.epsilon() <= budget && m.epsilon() > budget * (1.0 - 1e-4), "{m:?}");
        assert!((m.scale() * budget / sensitivity as f64 - 1.0).abs() < 1e-4);
        let m = IntegerGaussian::calibrate(sensitivity, budget).unwrap();
        assert!(m.rho() <= budget && m.rho() > budget * (1.0 - 1e-4), "{m:?}");
        assert!((m.scale().powi(2) * 2.0 * budget / sensitivity as f64 - 1.0).abs() < 1e-4);
    }
}

/// α = 1e-6. Catches a release with other noise than its ledger entry states, such as half of it.
#[test]
fn the_noise_released_is_the_noise_entered() {
    for mode in [NoiseMode::Seeded, NoiseMode::System, NoiseMode::Opendp] {
        let n = if mode == NoiseMode::Opendp { 100_000 } else { 500_000 };
        let (mut source, mut ledger) = (noise(mode), Ledger::new());
        let mut l = vec![0i64; n];
        IntegerLaplace::calibrate(3, 0.5).unwrap().release(&mut l, "l", &mut source, &mut ledger).unwrap();
        let mut g = vec![0i64; n];
        IntegerGaussian::calibrate(9, 0.5).unwrap().release(&mut g, "g", &mut source, &mut ledger).unwrap();
        let scale = |i: usize| ledger.entries()[i].sensitivity / [0.5, 1.0][i];
        assert!(statistic(&l, |k| laplace_pmf(scale(0), k)) < critical());
        assert!(statistic(&g, |k| gaussian_pmf(scale(1), k)) < critical());
        assert!(statistic(&l, |k| laplace_pmf(2.0 * scale(0), k)) > critical());
        assert!(statistic(&g, |k| gaussian_pmf(2.0 * scale(1), k)) > critical());
    }
}

#[test]
fn infinite_budgets_release_the_values_themselves_at_infinite_cost() {
    let mut ledger = Ledger::new();
    for mode in [NoiseMode::Seeded, NoiseMode::System, NoiseMode::Opendp] {
        let mut values = [5, -3, i64::MAX];
        let m = IntegerLaplace::calibrate(4, f64::INFINITY).unwrap();
        m.release(&mut values, "twin", &mut noise(mode), &mut ledger).unwrap();
        let m = IntegerGaussian::calibrate(4, f64::INFINITY).unwrap();
        m.release(&mut values, "twin", &mut noise(mode), &mut ledger).unwrap();
        assert_eq!(values, [5, -3, i64::MAX]);
    }
    assert_eq!(ledger.entries().len(), 6);
    assert_eq!(ledger.spent(1e-6).epsilon, f64::INFINITY);
}

#[test]
fn seeded_releases_repeat_and_never_reuse_noise() {
    let m = IntegerLaplace::calibrate(10, 0.1).unwrap();
    let twice = |release| {
        let (mut source, mut ledger) = (Noise::new(NoiseMode::Seeded, Streams::new(1, 2), release), Ledger::new());
        let (mut a, mut b) = ([0i64; 20], [0i64; 20]);
        m.release(&mut a, "a", &mut source, &mut ledger).unwrap();
        m.release(&mut b, "b", &mut source, &mut ledger).unwrap();
        assert_eq!(ledger.entries().len(), 2);
        (a, b)
    };
    assert_eq!(twice(1), twice(1));
    assert_ne!(twice(1).0, twice(1).1);
    assert_ne!(twice(1).0, twice(2).0);
}

#[test]
fn budgets_and_sensitivities_without_a_meaning_are_refused() {
    for bad in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert!(matches!(IntegerLaplace::calibrate(1, bad), Err(Error::Privacy(_))));
        assert!(matches!(IntegerGaussian::calibrate(1, bad), Err(Error::Privacy(_))));
    }
    assert!(IntegerLaplace::calibrate(0, 1.0).is_err() && IntegerGaussian::calibrate(u64::MAX, 1.0).is_err());
    assert!(IntegerLaplace::calibrate(1 << 40, 1e-3).is_err());
}

/// Catches a forgotten √d: d coordinates that one person changes by 1 each need σ = √(d/2ρ), not √(1/2ρ).
#[test]
fn the_sensitivity_of_a_joint_vector_grows_with_its_width() {
    let (one, many) = (IntegerGaussian::calibrate(1, 0.1).unwrap(), IntegerGaussian::calibrate(25, 0.1).unwrap());
    assert!((many.scale() / one.scale() - 5.0).abs() < 1e-3);
    assert!(root_up(2) * root_up(2) >= 2.0 && root_up(25) == 5.0);
}

#[test]
fn partition_and_relation_reach_the_ledger() {
    let mut ledger = Ledger::new();
    for cell in 0..5 {
        let partition = Partition { name: "community".into(), cell };
        let m = IntegerLaplace::calibrate(1, 0.5).unwrap().within(partition);
        m.release(&mut [1], "count", &mut noise(NoiseMode::Seeded), &mut ledger).unwrap();
    }
    assert!(ledger.spent(0.0).epsilon <= 0.5);
    let m = IntegerGaussian::calibrate(1, 0.5).unwrap().neighbouring(Neighbouring::ReplaceOne);
    m.release(&mut [1], "other", &mut noise(NoiseMode::Seeded), &mut ledger).unwrap();
    assert_eq!(ledger.spent(1e-6).by_guarantee.len(), 2);
}

/// Copies of a release's source share nothing but the note that noise was drawn; what is refused before the draw draws none.
#[test]
fn a_release_s_source_never_repeats_itself_and_says_whether_it_drew() {
    let source = Noise::of_a_release();
    let copy = || source.clone();
    let m = IntegerGaussian::calibrate(1 << 20, 0.1).unwrap();
    assert!(IntegerLaplace::calibrate(0, 1.0).is_err() && !source.may_have_drawn());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let mut values = [0i64; 8];
        m.release(&mut values, "q", &mut copy(), &mut Ledger::new()).unwrap();
        assert!(seen.insert(values), "the same noise twice");
    }
    assert!(source.may_have_drawn() && copy().may_have_drawn() && !Noise::of_a_release().may_have_drawn());
}
