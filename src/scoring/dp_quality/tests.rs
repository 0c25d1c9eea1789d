use super::*;
use crate::privacy::{NoiseMode, mu_of_epsilon};
use crate::rng::{Entity, Purpose, Streams};
use crate::scoring::{DpChoice, DpParams, dp_scorer};
use crate::view::{Column, Frame};

/// A table of one column that foretells, and outcomes of some 7 %.
fn view(n: usize) -> PlatformView {
    let mut frame = Frame::zeros(vec![Column::new("late", 0.0, 10.0)], n);
    let draw = |i: usize, k: u16| Streams::new(5, 0).uniform(Entity::Nation(i as u64), k, Purpose::Audit);
    for i in 0..n {
        frame.column_mut(0)[i] = (10.0 * draw(i, 0) * draw(i, 1)) as f32;
    }
    let labels = (0..n).map(|i| draw(i, 2) < logistic(-4.2 + 0.6 * f64::from(frame.column(0)[i]))).collect();
    PlatformView { features: frame, labels: Some(labels) }
}

fn noise(release: u64) -> Noise {
    Noise::new(NoiseMode::Seeded, Streams::new(9, 0), release)
}

/// Persons of a population whose log-odds are normal around −3, each good or bad by a model whose PDs are `odds` times too low.
fn persons(n: usize, world: u64, odds: f64) -> (Vec<f64>, Vec<bool>) {
    let draw = |i: usize, k: u16| Streams::new(world, 0).uniform(Entity::Nation(i as u64), k, Purpose::Audit);
    let one = |i: usize| {
        let eta = -3.0 + 1.2 * crate::stats::normal_quantile(draw(i, 0));
        (logistic(eta - libm::log(odds)), draw(i, 1) < logistic(eta))
    };
    (0..n).map(one).unzip()
}

/// The AUC of PDs without ties.
fn auc(pd: &[f64], bad: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..pd.len()).collect();
    order.sort_unstable_by(|a, b| pd[*a].total_cmp(&pd[*b]));
    let (mut goods, mut pairs) = (0.0, 0.0);
    for i in order {
        if bad[i] {
            pairs += goods;
        } else {
            goods += 1.0;
        }
    }
    pairs / (goods * bad.iter().filter(|b| **b).count() as f64)
}

fn rated(n: usize, world: u64, odds: f64, mu: f64) -> Quality {
    let (pd, labels) = persons(n, world, odds);
    Counts::release(&pd, &labels, mu, &mut noise(world), &mut Ledger::new()).unwrap().quality(0.05)
}

/// Whoever joins moves the joint vector by the stated sensitivity, whatever the PD.
#[test]
fn one_person_more_moves_one_count() {
    let before = joint(&[0.1, 1e-9, 0.7], &[true, false, true]);
    for pd in [0.0, 1e-300, 0.5, 1.0, f64::NAN, f64::INFINITY, -1.0] {
        for bad in [false, true] {
            let after = joint(&[0.1, 1e-9, 0.7, pd], &[true, false, true, bad]);
            let moved: u64 = before.iter().zip(&after).map(|(a, b)| (b - a).unsigned_abs().pow(2)).sum();
            assert_eq!(moved, sensitivity(), "{pd}");
        }
    }
}

#[test]
fn without_noise_the_estimates_are_those_of_the_persons() {
    let (pd, labels) = persons(40_000, 3, 1.0);
    let quality =
        Counts::release(&pd, &labels, f64::INFINITY, &mut noise(0), &mut Ledger::new()).unwrap().quality(0.05);
    let exact = auc(&pd, &labels);
    let (auc, calibration) = (quality.auc.unwrap(), quality.calibration.unwrap());
    // Pairs in one cell count one half: that costs little.
    assert!((auc.value - exact).abs() < 0.005, "{} {}", auc.value, exact);
    let expected: f64 = pd.iter().sum();
    let bads = labels.iter().filter(|b| **b).count() as f64;
    assert!((calibration.value - bads / expected).abs() < 0.02, "{} {}", calibration.value, bads / expected);
    assert!(quality.warnings().is_empty(), "{:?}", quality.warnings());
}

/// 300 populations, noise of some 15 persons a count beside 80 bads a cell. At 95 % coverage fewer than 264 hits of 300 have a chance
/// of 2e-7; an interval without the noise covers fewer than 220.
#[test]
fn intervals_cover_the_population() {
    let truth = rated(2_000_000, 1, 1.3, f64::INFINITY);
    let inside = |e: Option<Estimated>, t: Option<Estimated>| {
        let (e, t) = (e.unwrap(), t.unwrap().value);
        usize::from(e.lo <= t && t <= e.hi)
    };
    let mut hits = [0; 3];
    for world in 100..400 {
        let q = rated(8_000, world, 1.3, 1.0 / 15.0);
        hits[0] += inside(q.auc, truth.auc);
        hits[1] += inside(q.calibration, truth.calibration);
        hits[2] += inside(q.saved, truth.saved);
    }
    println!("{hits:?} of 300");
    assert!(hits.iter().all(|h| *h >= 264), "{hits:?}");
}

#[test]
fn what_is_bad_is_said_to_be_bad() {
    let said = |q: Quality| q.warnings().join("; ");
    assert!(said(rated(20_000, 7, 2.5, 0.5)).contains("badly calibrated, many more"));
    assert!(said(rated(20_000, 7, 0.3, 0.5)).contains("badly calibrated, far fewer"));
    assert!(said(rated(500, 7, 1.0, 0.01)).contains("noise is too large"));
    let (pd, labels) = persons(20_000, 8, 1.0);
    let turned: Vec<f64> = pd.iter().map(|p| logistic(-6.0 - logit(*p))).collect();
    let backwards = Counts::release(&turned, &labels, 0.5, &mut noise(1), &mut Ledger::new()).unwrap().quality(0.05);
    assert!(said(backwards).contains("ranks backwards"));
    // A model that ranks and is far too sure of itself.
    let sure: Vec<f64> = pd.iter().map(|p| logistic(-3.0 + 6.0 * (logit(*p) + 3.0))).collect();
    let counts = Counts::release(&sure, &labels, 0.5, &mut noise(2), &mut Ledger::new()).unwrap();
    assert!(said(counts.quality(0.05)).contains("worse than knowing the default rate alone"));
}

/// The budget is used up, never exceeded, and the counts' draws are not the fit's.
#[test]
fn fit_and_counts_share_the_budget() {
    let view = view(2_000);
    for (epsilon, delta) in [(0.01, 1e-9), (1.0, 1e-6), (8.0, 1e-5), (100.0, 1e-3)] {
        let budget = Budget::new(epsilon, delta).unwrap();
        let mut ledger = Ledger::new();
        let fitted =
            dp_scorer(&DpChoice::Logistic, &DpParams::default(), budget, noise(4)).fit(&view, &mut ledger).unwrap();
        let spent = ledger.spent(delta).epsilon;
        assert!(spent <= epsilon && spent > 0.99 * epsilon, "{spent} of {epsilon}");
        assert!(ledger.entries().iter().filter(|e| e.query.starts_with("quality")).count() == 1);
        // The grid of whole units makes noise of few units cost more than that of reals: up to 5 % at ε = 100.
        let ratio = fitted.quality().unwrap().noise * mu_of_epsilon(epsilon, delta) * libm::sqrt(0.05);
        assert!(ratio > 1.0 - 1e-9 && ratio < if epsilon > 8.0 { 1.06 } else { 1.01 }, "{ratio} at {epsilon}");
    }
    let (mut own, mut beside) = (noise(4), noise(4).apart());
    let draw = |noise: &mut Noise| {
        let mut values = vec![0; 8];
        IntegerGaussian::calibrate_mu(1, 0.01).unwrap().release(&mut values, "q", noise, &mut Ledger::new()).unwrap();
        values
    };
    assert_ne!(draw(&mut own), draw(&mut beside));
}

/// With the share at 0 there is no count, and nothing is said.
#[test]
fn it_can_be_left_out() {
    let params = DpParams { quality_share: 0.0, ..DpParams::default() };
    let mut ledger = Ledger::new();
    let scorer = dp_scorer(&DpChoice::Logistic, &params, Budget::new(1.0, 1e-6).unwrap(), noise(4));
    let fitted = scorer.fit(&view(500), &mut ledger).unwrap();
    assert!(fitted.quality().is_none());
    assert!(!ledger.entries().iter().any(|e| e.query.starts_with("quality")));
}
