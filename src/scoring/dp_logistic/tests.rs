//! Utility on real and on rare outcomes, what every DP scorer owes, and refusals.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::{Entity, Purpose, Streams};
use crate::scoring::test_data::{auc, dp_promises, made_up, no_release_is_free, split, taiwan};
use crate::stats::normal_quantile;
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
    DpLogistic { params: DpLogisticParams::default(), budget: Budget { epsilon, delta: 1e-5 }, noise }
}

fn fit_entered(view: &PlatformView, epsilon: f64, seed: u32, ledger: &mut Ledger) -> Box<dyn Fitted<PlatformView>> {
    scorer(epsilon, seed).fit(view, ledger).unwrap()
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32) -> Box<dyn Fitted<PlatformView>> {
    fit_entered(view, epsilon, seed, &mut Ledger::new())
}

#[test]
fn the_model_keeps_the_promises_of_a_dp_scorer() {
    dp_promises(&fit_entered);
    no_release_is_free(&fit_entered, 2 + DpLogisticParams::default().iterations as usize);
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

/// A table of credit lines as bureaus deliver them: 20 quantities of known trend, each with codes of its own (no record,
/// nothing of the kind), and two categories.
fn coded(n: usize, seed: u64) -> (Frame, Vec<bool>) {
    let streams = Streams::new(seed, 2);
    let quantity = |j: usize| {
        let c =
            Column::new(&format!("line {j}"), 0.0, 100.0).with_knots(&[30.0, 60.0]).with_special(&[-9.0, -8.0, -7.0]);
        if j.is_multiple_of(2) { c.rising() } else { c.falling() }
    };
    let mut columns: Vec<Column> = (0..20).map(quantity).collect();
    columns
        .extend([Column::category("home", &["own", "rent", "other"]), Column::category("job", &["a", "b", "c", "d"])]);
    let mut frame = Frame::zeros(columns, n);
    let mut labels = vec![false; n];
    for (i, label) in labels.iter_mut().enumerate() {
        let who = Entity::Person(i as u64);
        let draw = |k: u16| streams.uniform(who, k, Purpose::Attributes);
        let risk = normal_quantile(draw(99));
        for j in 0..20u16 {
            let sign = if j.is_multiple_of(2) { 1.0 } else { -1.0 };
            let x = 35.0 + sign * 10.0 * risk + 20.0 * normal_quantile(draw(j));
            let code = match draw(40 + j) {
                u if u < 0.1 => Some(-8.0),
                u if j < 3 && u < 0.5 => Some(-7.0),
                _ => (draw(98) < 0.05).then_some(-9.0),
            };
            frame.column_mut(usize::from(j))[i] = code.unwrap_or(x.clamp(0.0, 100.0)) as f32;
        }
        frame.column_mut(20)[i] = (draw(90) * 3.0) as f32;
        frame.column_mut(21)[i] = (draw(91) * 4.0) as f32;
        *label = streams.uniform(who, 0, Purpose::Outcome) < logistic(risk);
    }
    (frame, labels)
}

/// Codes leave the quantities' trends to lean on: where noise drowns the data, every fit still ranks. While codes took a column's
/// trend away, ten splits of FICO's credit lines had an AUC of .65 ± .13; with it, .75 ± .01.
#[test]
fn tables_of_codes_keep_their_public_trends() {
    let (frame, labels) = coded(12_000, 4);
    let one = |seed| {
        let (train, test) = split(&frame, &labels, 0.5, seed);
        auc(&fit(&train, 0.1, seed).score(&test).unwrap(), test.labels.as_deref().unwrap())
    };
    let aucs: Vec<f64> = (0..10).map(one).collect();
    println!("coded table, 6,000 persons, ε = .1: AUC {aucs:.4?}");
    assert!(aucs.iter().all(|a| *a > 0.65), "{aucs:?}");
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

/// Four in a hundred default, by chance alone, and noise hides how many: the fit must stay with the public prior. It leaves it in 16
/// of 200 fits; more than 40 would be chance with probability 1e-8. Newton's steps on the intercept from a rate of next to nothing,
/// and estimates averaged regardless of their noise, left it in 73.
#[test]
fn noise_alone_is_not_followed_where_outcomes_are_rare() {
    const PERSONS: usize = 1600;
    let streams = Streams::new(9, 9);
    let followed = |seed: u32| {
        let (made, _, _) = made_up(PERSONS, -1.5, u64::from(seed));
        let columns: Vec<Column> = made.columns().iter().map(|c| c.clone().rising()).collect();
        let mut features = Frame::zeros(columns, PERSONS);
        features.columns_mut().enumerate().for_each(|(j, to)| to.copy_from_slice(made.column(j)));
        let bad = |i: usize| streams.uniform(Entity::Person(i as u64), seed as u16, Purpose::Outcome) < 0.04;
        let view = PlatformView { features, labels: Some((0..PERSONS).map(bad).collect()) };
        let model = fit(&view, 0.5, seed);
        let rate = model.score(&view).unwrap().iter().sum::<f64>() / PERSONS as f64;
        (usize::from(model.notes().is_empty()), rate)
    };
    let all: Vec<(usize, f64)> = (0..200).map(followed).collect();
    let learnt: usize = all.iter().map(|f| f.0).sum();
    let wild = all.iter().filter(|f| f.1 > 0.4).count();
    println!("{learnt} of 200 follow the noise, {wild} with a mean PD above .4");
    assert!(learnt <= 40 && wild == 0, "{learnt}, {wild}");
}
