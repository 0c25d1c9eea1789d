//! Utility on real and on rare outcomes, invariances, bounds and refusals.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::test_data::{auc, made_up, split, taiwan};
use crate::view::{Column, Frame};

/// Public bounds and break points, by column name; money goes through sign(x)·ln(1 + |x|).
fn column(name: &str) -> Option<Column> {
    Some(match name {
        "PAY_0" => Column::new(name, -2.0, 8.0).with_steps(&[-1.0, 0.0, 1.0, 2.0, 3.0]),
        _ if name.starts_with("PAY_AMT") => Column::new(name, 0.0, 14.5).with_steps(&[0.1]).with_knots(&[8.0]),
        _ if name.starts_with("PAY_") => Column::new(name, -2.0, 8.0).with_steps(&[1.0, 2.0]),
        "LIMIT_BAL" => Column::new(name, 9.0, 14.0).with_knots(&[11.5]),
        "BILL_AMT1" => Column::new(name, -13.0, 14.5).with_steps(&[0.1]).with_knots(&[8.0, 10.0]),
        _ => return None,
    })
}

fn scorer(epsilon: f64, seed: u32) -> DpLogistic {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(77, seed), 9);
    DpLogistic { params: DpLogisticParams::default(), budget: Budget { epsilon, delta: 1e-6 }, noise }
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32) -> Box<dyn Fitted<PlatformView>> {
    let mut ledger = Ledger::new();
    let fitted = scorer(epsilon, seed).fit(view, &mut ledger).unwrap();
    assert!(ledger.spent(1e-6).epsilon <= epsilon);
    fitted
}

/// AUC and mean log-loss on the test part, means over seeds of split and noise.
fn utility(frame: &Frame, labels: &[bool], epsilon: f64, share: f64, seeds: u32) -> (f64, f64) {
    let one = |seed| {
        let (train, test) = split(frame, labels, share, seed);
        let (p, y) = (fit(&train, epsilon, seed).score(&test).unwrap(), test.labels.unwrap());
        let loss: f64 = p.iter().zip(&y).map(|(p, y)| -(if *y { *p } else { 1.0 - p }).ln()).sum();
        (auc(&p, &y), loss / p.len() as f64)
    };
    let (a, l) = (0..seeds).map(one).fold((0.0, 0.0), |s, u| (s.0 + u.0, s.1 + u.1));
    (a / f64::from(seeds), l / f64::from(seeds))
}

/// Non-private logistic regressions reach .775, private prototypes .774 at ε = 1 (other features, δ = 1e-5).
#[test]
fn taiwan_is_scored_almost_as_well_with_noise_as_without() {
    let Some((frame, labels)) = taiwan(column) else { return };
    for share in [0.5, 0.8] {
        let (twin, twin_loss) = utility(&frame, &labels, f64::INFINITY, share, 5);
        let (one, one_loss) = utility(&frame, &labels, 1.0, share, 5);
        let (small, small_loss) = utility(&frame, &labels, 0.1, share, 5);
        println!(
            "{share}: AUC/log-loss {twin:.4}/{twin_loss:.4}, ε = 1 {one:.4}/{one_loss:.4}, ε = .1 {small:.4}/{small_loss:.4}"
        );
        assert!(twin >= 0.765 && twin - one <= 0.01 && one_loss - twin_loss < 0.01, "{share}");
        // Worth less than at ε = 1, and still worth something.
        assert!(small > 0.70 && small < one && small_loss > one_loss, "{share}");
    }
}

/// 3.6 % default, where ¼·Gram is seven times too steep: the fit must neither stall nor overshoot.
#[test]
fn rare_outcomes_are_learnt_and_calibrated() {
    let (frame, labels, logits) = made_up(60_000, -3.85, 1);
    let rate = labels.iter().filter(|y| **y).count() as f64 / labels.len() as f64;
    assert!((0.03..0.045).contains(&rate), "{rate}");
    let best = auc(&logits, &labels);
    for (epsilon, loss) in [(f64::INFINITY, 0.01), (2.0, 0.015), (0.5, 0.04)] {
        let (train, _) = split(&frame, &labels, 2.0, 0);
        let p = fit(&train, epsilon, 0).score(&train).unwrap();
        let reached = auc(&p, &labels);
        let mean = p.iter().sum::<f64>() / p.len() as f64;
        println!("ε = {epsilon}: AUC {reached:.4} of {best:.4}, mean PD {mean:.4} of {rate:.4}");
        assert!(best - reached < loss, "{epsilon}");
        assert!((mean / rate - 1.0).abs() < if epsilon < 1.0 { 0.25 } else { 0.05 }, "{epsilon}");
    }
}

/// Seed means over 8 fits; tolerance .004 is some 3 standard errors of the flattest step.
#[test]
fn utility_grows_with_epsilon_and_with_the_number_of_persons() {
    let reach = |n: usize, epsilon: f64| {
        let one = |seed: u32| {
            let (frame, labels, _) = made_up(n, -1.5, u64::from(seed));
            let (train, _) = split(&frame, &labels, 2.0, 0);
            let (frame, labels, _) = made_up(8_000, -1.5, 99);
            let test = PlatformView { features: frame, labels: None };
            auc(&fit(&train, epsilon, seed).score(&test).unwrap(), &labels)
        };
        (0..8).map(one).sum::<f64>() / 8.0
    };
    let by_epsilon = [0.05, 0.3, 2.0, f64::INFINITY].map(|e| reach(4_000, e));
    let by_persons = [500, 2_000, 8_000, 32_000].map(|n| reach(n, 0.5));
    println!("by ε {by_epsilon:.4?}, by persons {by_persons:.4?}");
    for series in [by_epsilon, by_persons] {
        assert!(series.windows(2).all(|w| w[1] > w[0] - 0.004), "{series:?}");
        assert!(series[3] > series[0] + 0.05);
    }
}

/// Sums are exact: the same persons in another order give the same bits, noise included.
#[test]
fn the_order_of_the_rows_changes_nothing_and_fits_repeat() {
    let (frame, labels, _) = made_up(3_000, -1.5, 3);
    let view = PlatformView { features: frame.clone(), labels: Some(labels.clone()) };
    let order: Vec<u32> = (0..3_000u32).map(|i| (i * 7 + 11) % 3_000).collect();
    let turned = PlatformView {
        features: frame.select(&order),
        labels: Some(order.iter().map(|i| labels[*i as usize]).collect()),
    };
    for epsilon in [1.0, f64::INFINITY] {
        let scores = fit(&view, epsilon, 1).score(&view).unwrap();
        assert_eq!(scores, fit(&turned, epsilon, 1).score(&view).unwrap());
        let alone = PlatformView { features: frame.select(&[17]), labels: None };
        assert_eq!(fit(&view, epsilon, 1).score(&alone).unwrap(), [scores[17]]);
    }
    let by_seed = |epsilon| [1, 2].map(|seed| fit(&view, epsilon, seed).score(&view).unwrap());
    let [a, b] = by_seed(f64::INFINITY);
    assert_eq!(a, b, "the noiseless twin has no luck");
    assert_eq!(by_seed(1e18)[0], a, "ε → ∞ ends in the noiseless twin, bit for bit");
    let [a, b] = by_seed(1.0);
    assert_ne!(a, b);
}

/// Bounds are public: values beyond them count as the bound, however far. A bound taken from the data would move.
#[test]
fn values_beyond_the_public_bounds_change_nothing() {
    let (frame, labels, _) = made_up(2_000, -1.5, 4);
    let with = |scale: f32| {
        let mut frame = frame.clone();
        for i in (0..2_000).step_by(3) {
            frame.column_mut(0)[i] = 4.0 * scale;
            frame.column_mut(7)[i] = 8.0 * scale;
            frame.column_mut(1)[i] = -4.0 * scale;
        }
        let view = PlatformView { features: frame, labels: Some(labels.clone()) };
        fit(&view, 1.0, 1).score(&view).unwrap()
    };
    assert_eq!(with(1.0), with(1_000.0));
    assert_eq!(with(1.0), with(f32::INFINITY));
    assert_ne!(with(1.0), with(0.9), "the twin: inside the bounds a value counts");
}

#[test]
fn noise_that_swamps_everything_leaves_a_usable_prior() {
    let (frame, labels, _) = made_up(40, -1.5, 5);
    for labels in [labels, vec![true; 40], vec![false; 40]] {
        let view = PlatformView { features: frame.clone(), labels: Some(labels) };
        for epsilon in [1e-3, 0.1, f64::INFINITY] {
            assert!(fit(&view, epsilon, 2).score(&view).unwrap().iter().all(|p| *p > 0.0 && *p < 1.0));
        }
    }
    let none = PlatformView { features: frame.select(&[]), labels: Some(vec![]) };
    let view = PlatformView { features: frame, labels: None };
    assert!(fit(&none, 1.0, 0).score(&view).unwrap().iter().all(|p| p.is_finite()));
}

/// opendp's own draws cost the same and, without a seed, differ from fit to fit.
#[test]
fn opendps_own_noise_fits_at_the_same_cost() {
    let (frame, labels, _) = made_up(3_000, -1.5, 7);
    let view = PlatformView { features: frame, labels: Some(labels) };
    let noise = Noise::new(NoiseMode::Opendp, Streams::new(1, 0), 0);
    let (mut ours, mut theirs) = (Ledger::new(), Ledger::new());
    scorer(1.0, 0).fit(&view, &mut ours).unwrap();
    let unseeded = DpLogistic { noise, ..scorer(1.0, 0) };
    let scores = [0, 1].map(|_| unseeded.fit(&view, &mut theirs).unwrap().score(&view).unwrap());
    assert_ne!(scores[0], scores[1]);
    assert_eq!(ours.entries(), &theirs.entries()[..ours.entries().len()]);
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let (frame, labels, _) = made_up(100, -1.5, 6);
    let view = |labels| PlatformView { features: frame.clone(), labels };
    let error = |s: DpLogistic, v| s.fit(&v, &mut Ledger::new()).err().unwrap().to_string();
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(error(scorer(bad, 0), view(Some(labels.clone()))).starts_with("privacy: epsilon is"));
        let s = DpLogistic { budget: Budget { epsilon: 1.0, delta: bad }, ..scorer(1.0, 0) };
        assert!(error(s, view(Some(labels.clone()))).starts_with("privacy: delta is"));
    }
    assert!(error(scorer(1.0, 0), view(None)).contains("no outcomes"));
    assert!(error(scorer(1.0, 0), view(Some(vec![true]))).contains("1 outcomes for 100 persons"));
    let other = PlatformView { features: frame.pick(&["rare 4"]), labels: None };
    assert!(fit(&view(Some(labels)), 1.0, 0).score(&other).is_err());
}

/// A model that is written and read back gives the same bits; one that was edited is refused.
#[test]
fn a_model_is_read_back_and_an_edited_one_refused() {
    let (frame, labels, _) = made_up(2_000, -1.5, 8);
    let view = PlatformView { features: frame, labels: Some(labels) };
    let fitted = fit(&view, 1.0, 3);
    let value = fitted.export().unwrap();
    let text = serde_json::to_string_pretty(&value).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (again, columns) = crate::scoring::saved::read(&value).unwrap();
    assert_eq!(columns, view.features.columns());
    assert_eq!(again.score(&view).unwrap(), fitted.score(&view).unwrap());
    // The coefficients say the same where no row is shortened: rounding to the grid apart.
    let coefficient = |name: &str| -> f64 {
        let all = value["coefficients"].as_array().unwrap();
        all.iter().find(|c| c["term"] == name).unwrap()["coefficient"].as_f64().unwrap()
    };
    let one = PlatformView { features: view.features.select(&[5]), labels: None };
    let x = |j: usize| f64::from(one.features.column(j)[0]);
    let mut logit = value["intercept"].as_f64().unwrap();
    for (j, c) in columns.iter().enumerate() {
        let (lo, hi) = (f64::from(c.lo), f64::from(c.hi));
        let v = x(j).clamp(lo, hi);
        logit += coefficient(&c.name) * (2.0 * v - lo - hi) / (hi - lo);
        for k in &c.knots {
            let k = f64::from(*k);
            logit += coefficient(&format!("max(0, {} - {k})", c.name)) * (v - k).max(0.0) / (hi - k);
        }
    }
    let pd = again.score(&one).unwrap()[0];
    assert!((crate::stats::logit(pd) - logit).abs() < 0.05, "{logit} and {pd}");
    for (path, bad) in [
        ("theta", serde_json::json!([1.0])),
        ("format", serde_json::json!("other")),
        ("scorer", serde_json::json!("none")),
        ("columns", serde_json::json!([])),
        ("row_map", serde_json::json!({"unit": 1.0, "constant": 1, "norm": 5000, "centre": [], "a": []})),
    ] {
        let mut value = value.clone();
        value[path] = bad;
        assert!(crate::scoring::saved::read(&value).is_err(), "{path}");
    }
}
