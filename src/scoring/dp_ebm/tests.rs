//! Utility, what one person changes, and what every DP scorer owes.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::test_data::{
    auc, dp_promises, five_splits, made_up, no_release_is_free, taiwan, taiwan_column, with_derived,
};
use crate::view::{Column, Frame, Trend};

fn scorer(epsilon: f64, seed: u32) -> DpEbm {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(79, seed), 9);
    DpEbm { params: DpEbmParams::default(), budget: Budget { epsilon, delta: 1e-5 }, noise }
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32, ledger: &mut Ledger) -> Box<dyn Fitted<PlatformView>> {
    scorer(epsilon, seed).fit(view, ledger).unwrap()
}

#[test]
fn the_model_keeps_the_promises_of_a_dp_scorer() {
    dp_promises(&fit);
    no_release_is_free(&fit, 1 + 10 * DpEbmParams::default().sweeps as usize);
}

/// DPEBM of interpret: .706/.744/.757 at ε = .1/1/8 on raw columns, .754/.766/.768 on 17 derived ones (other splits; these
/// five are some .006 harder).
#[test]
fn taiwan_is_scored_better_than_by_the_published_algorithm() {
    let Some((raw, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    for (name, frame, least) in [
        ("raw", raw.clone(), [0.735, 0.755, 0.760, 0.765]),
        ("derived", with_derived(&raw), [0.742, 0.760, 0.764, 0.770]),
    ] {
        let aucs = [0.1, 0.5, 1.0, 8.0].map(|e| five_splits(&fit, &frame, &labels, e));
        println!("EBM, {name}, ε = .1, .5, 1, 8: {aucs:.4?}");
        assert!(aucs.iter().zip(least).all(|(a, l)| *a > l));
    }
}

#[test]
fn rare_outcomes_are_learnt_and_calibrated() {
    let (frame, labels, logits) = made_up(60_000, -3.85, 1);
    let rate = labels.iter().filter(|y| **y).count() as f64 / labels.len() as f64;
    let view = PlatformView { features: frame, labels: Some(labels.clone()) };
    let best = auc(&logits, &labels);
    for (epsilon, loss) in [(f64::INFINITY, 0.012), (2.0, 0.015), (0.5, 0.04)] {
        let p = fit(&view, epsilon, 0, &mut Ledger::new()).score(&view).unwrap();
        let (reached, mean) = (auc(&p, &labels), p.iter().sum::<f64>() / p.len() as f64);
        println!("EBM, ε = {epsilon}: AUC {reached:.4} of {best:.4}, mean PD {mean:.4} of {rate:.4}");
        assert!(best - reached < loss && (mean / rate - 1.0).abs() < 0.15, "{epsilon}");
    }
}

/// Brute force: whoever joins, whatever the model so far says of them, moves one sum of a column by at most 2ᵇ.
#[test]
fn one_person_more_moves_the_residuals_by_the_stated_sensitivity() {
    let bins = PublicBins::new(&[Column { missing: true, ..Column::new("x", 0.0, 1.0) }], 4);
    let (_, range) = bins.iter().next().unwrap();
    let mut largest = 0;
    for (cell, logit) in [(0, -50.0), (1, 50.0), (2, 0.1), (4, -1e308), (3, 1e308), (0, f64::MIN_POSITIVE)] {
        for label in [false, true] {
            let crowd = residuals(&[1, 2], &range, &[0.3, -0.7], &[true, false], 12);
            let joined = residuals(&[1, 2, cell], &range, &[0.3, -0.7, logit], &[true, false, label], 12);
            let moved: Vec<i64> = crowd.iter().zip(&joined).map(|(a, b)| b - a).filter(|m| *m != 0).collect();
            assert!(moved.len() <= 1, "one cell of the column");
            largest = largest.max(moved.iter().map(|m| m.abs()).max().unwrap_or(0));
        }
    }
    // The bound is reached: a smaller one would be refuted here.
    assert_eq!(largest, 1 << 12);
    let (m, bits) = mechanism(0.5).unwrap();
    assert!(bits == 12 && m.scale() >= f64::from(1 << 12) / 0.5, "half the noise");
    assert!(mechanism(1e-6).unwrap().1 < 12, "small budgets coarsen the grid");
}

#[test]
fn the_model_is_a_table_and_follows_a_public_trend() {
    let (frame, labels, _) = made_up(4_000, -1.5, 5);
    let trend = |c: &Column| if c.name == "normal 0" { Trend::Falling } else { Trend::Auto };
    let columns: Vec<Column> = frame.columns().iter().map(|c| Column { trend: trend(c), ..c.clone() }).collect();
    let mut features = Frame::zeros(columns, frame.rows());
    (0..frame.width()).for_each(|j| features.column_mut(j).copy_from_slice(frame.column(j)));
    let view = PlatformView { features, labels: Some(labels) };
    let params = DpEbmParams { impose_trends: true, ..DpEbmParams::default() };
    let model = DpEbm { params, ..scorer(1.0, 0) }.learn(&view, &mut Ledger::new()).unwrap();
    let table = model.table();
    let of = |name: &str| table.iter().filter(|t| t.0.starts_with(name)).map(|t| t.1).collect::<Vec<f64>>();
    assert!(of("normal 0").len() == 20 && of("normal 0").is_sorted_by(|a, b| a >= b));
    assert!(of("normal 1")[6] > of("normal 1")[14], "PD falls with it in truth");
    let cells = model.bins.cells_of(&view.features);
    let by_hand = model.intercept() + cells.iter().map(|c| table[c[7] as usize].1).sum::<f64>();
    assert!((logistic(by_hand) - model.score(&view).unwrap()[7]).abs() < 1e-12);
}
