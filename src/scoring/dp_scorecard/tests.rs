//! Utility on real and on rare outcomes, what every DP scorer owes, and refusals.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::newton::newton;
use crate::scoring::test_data::{
    Fit, auc, dp_promises, made_up, no_release_is_free, split, taiwan, taiwan_column, with_derived, with_trends,
};
use crate::view::{Column, Frame};

fn scorer(epsilon: f64, seed: u32) -> DpScorecard {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(77, seed), 9);
    DpScorecard { params: DpScorecardParams::default(), budget: Budget { epsilon, delta: 1e-5 }, noise }
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
    no_release_is_free(&fit_entered, 2 + DpScorecardParams::default().iterations as usize);
}

/// AUC and Brier score on the test fifth, means over seeds of split and noise.
fn utility(frame: &Frame, labels: &[bool], epsilon: f64) -> (f64, f64) {
    let one = |seed| {
        let (train, test) = split(frame, labels, 0.8, seed);
        let (p, y) = (fit(&train, epsilon, seed).score(&test).unwrap(), test.labels.unwrap());
        let brier = p.iter().zip(&y).map(|(p, y)| (p - f64::from(u8::from(*y))).powi(2)).sum::<f64>() / p.len() as f64;
        (auc(&p, &y), brier)
    };
    let (a, b) = (100..105).map(one).fold((0.0, 0.0), |s, u| (s.0 + u.0, s.1 + u.1));
    (a / 5.0, b / 5.0)
}

/// Scores of the test persons by a noiseless card, and by an exact logistic regression on its evidence: what weights can reach.
pub(in crate::scoring) fn beside_exact_weights(
    scorer: &DpScorecard,
    train: &PlatformView,
    test: &PlatformView,
) -> (Vec<f64>, Vec<f64>) {
    let card = scorer.learn(train, &mut Ledger::new()).unwrap();
    let weighed = |f: &Frame| design(&card.bins.cells_of(f), &card.evidence, f.rows());
    let solution = newton(&weighed(&train.features), train.labels.as_deref().unwrap(), 1.0, None).unwrap();
    let exact = crate::scoring::lanes::probabilities(&weighed(&test.features), &solution.coefficients);
    (card.score(test).unwrap(), exact)
}

/// The mean AUC of exact weights over the same splits.
fn exact(frame: &Frame, labels: &[bool]) -> f64 {
    let one = |seed| {
        let (train, test) = split(frame, labels, 0.8, seed);
        let (_, p) = beside_exact_weights(&scorer(f64::INFINITY, seed), &train, &test);
        auc(&p, &test.labels.unwrap())
    };
    (100..105).map(one).sum::<f64>() / 5.0
}

/// Equal weights keep the promises too, spend the budget, and are calibrated on small data.
#[test]
fn equal_weights_are_a_card_of_their_own() {
    let equal = |epsilon, seed| {
        let params = DpScorecardParams { weights: ColumnWeights::Equal, ..DpScorecardParams::default() };
        DpScorecard { params, ..scorer(epsilon, seed) }
    };
    let fit: Fit = &|view, epsilon, seed, ledger| equal(epsilon, seed).fit(view, ledger).unwrap();
    dp_promises(fit);
    no_release_is_free(fit, 2);
    let (frame, labels, _) = made_up(20_000, -1.5, 1);
    let view = PlatformView { features: frame, labels: Some(labels) };
    let card = equal(1.0, 0).learn(&view, &mut Ledger::new()).unwrap();
    let (table, scores) = (card.table(), card.score(&view).unwrap());
    let cells = card.bins.cells_of(&view.features);
    let by_hand = card.intercept() + cells.iter().map(|c| table[c[7] as usize].1).sum::<f64>();
    assert!((logistic(by_hand) - scores[7]).abs() < 1e-5, "the card adds up to the score");
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let rate = view.labels.unwrap().iter().filter(|y| **y).count() as f64 / scores.len() as f64;
    assert!((mean / rate - 1.0).abs() < 0.1, "{mean} {rate}");

    let Some((raw, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    let frame = with_trends(&with_derived(&raw));
    for epsilon in [0.5, 4.0] {
        let one = |seed| {
            let (train, test) = split(&frame, &labels, 1.0 / 30.0, seed);
            let p = equal(epsilon, seed).fit(&train, &mut Ledger::new()).unwrap().score(&test).unwrap();
            let y = test.labels.unwrap();
            p.iter().zip(&y).map(|(p, y)| (p - f64::from(u8::from(*y))).powi(2)).sum::<f64>() / p.len() as f64
        };
        let brier = (100..110).map(one).sum::<f64>() / 10.0;
        println!("equal weights, n = 1,000, ε = {epsilon}: Brier {brier:.4}");
        // Everybody at the base rate: .1723; uncalibrated naive Bayes on all the data: .167.
        assert!(brier < 0.16, "{brier}");
    }
}

/// Naive Bayes on DP counts reaches .759 to .763 with a Brier score of .167; DPEBM .706 to .757 on the raw columns.
#[test]
fn taiwan_is_scored_better_than_by_naive_bayes_and_calibrated() {
    let Some((raw, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    for (name, frame) in [("raw", raw.clone()), ("derived", with_derived(&raw))] {
        let exact = exact(&frame, &labels);
        println!("{name}, exact weights on noiseless evidence: AUC {exact:.4}");
        for (epsilon, loss) in [(0.1, 0.025), (0.5, 0.008), (1.0, 0.005), (8.0, 0.002), (f64::INFINITY, 0.002)] {
            let (reached, brier) = utility(&frame, &labels, epsilon);
            println!("{name}, ε = {epsilon}: AUC {reached:.4}, Brier {brier:.4}");
            assert!(exact - reached < loss && brier < if epsilon < 0.5 { 0.143 } else { 0.14 }, "{name} {epsilon}");
        }
    }
}

/// 3.6 % default: the card must be calibrated there too.
#[test]
fn rare_outcomes_are_learnt_and_calibrated() {
    let (frame, labels, logits) = made_up(60_000, -3.85, 1);
    let rate = labels.iter().filter(|y| **y).count() as f64 / labels.len() as f64;
    let best = auc(&logits, &labels);
    for (epsilon, loss) in [(f64::INFINITY, 0.012), (2.0, 0.015), (0.5, 0.03)] {
        let view = PlatformView { features: frame.clone(), labels: Some(labels.clone()) };
        let p = fit(&view, epsilon, 0).score(&view).unwrap();
        let reached = auc(&p, &labels);
        let mean = p.iter().sum::<f64>() / p.len() as f64;
        println!("ε = {epsilon}: AUC {reached:.4} of {best:.4}, mean PD {mean:.4} of {rate:.4}");
        assert!(best - reached < loss, "{epsilon}");
        assert!((mean / rate - 1.0).abs() < if epsilon < 1.0 { 0.25 } else { 0.06 }, "{epsilon}");
    }
}

/// Seed means over 8 fits; tolerance .004 is some 3 standard errors of the flattest step.
#[test]
fn utility_grows_with_epsilon_and_with_the_number_of_persons() {
    let reach = |n: usize, epsilon: f64| {
        let one = |seed: u32| {
            let (frame, labels, _) = made_up(n, -1.5, u64::from(seed));
            let train = PlatformView { features: frame, labels: Some(labels) };
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
        assert!(series[3] > series[0] + 0.03);
    }
}

#[test]
fn the_card_adds_up_to_the_score_and_follows_a_public_trend() {
    let (frame, labels, _) = made_up(4_000, -1.5, 5);
    let columns: Vec<Column> = frame
        .columns()
        .iter()
        .map(|c| Column { trend: if c.name == "normal 0" { Trend::Falling } else { Trend::Auto }, ..c.clone() })
        .collect();
    let mut features = Frame::zeros(columns, frame.rows());
    (0..frame.width()).for_each(|j| features.column_mut(j).copy_from_slice(frame.column(j)));
    let view = PlatformView { features, labels: Some(labels) };
    let params = DpScorecardParams { impose_trends: true, ..DpScorecardParams::default() };
    let card = DpScorecard { params, ..scorer(1.0, 0) }.learn(&view, &mut Ledger::new()).unwrap();
    let table = card.table();
    let first: Vec<f64> = table.iter().filter(|t| t.0.starts_with("normal 0")).map(|t| t.1).collect();
    assert!(first.len() == 20 && first.is_sorted_by(|a, b| a >= b), "{first:?}");
    let second: Vec<f64> = table.iter().filter(|t| t.0.starts_with("normal 1")).map(|t| t.1).collect();
    assert!(second[6] > second[14], "PD falls with it in truth: {second:?}");
    let scores = card.score(&view).unwrap();
    let cells = card.bins.cells_of(&view.features);
    let by_hand = |i: usize| logistic(card.intercept() + cells.iter().map(|c| table[c[i] as usize].1).sum::<f64>());
    let off: Vec<f64> = (0..4_000).map(|i| (by_hand(i) - scores[i]).abs()).collect();
    // The grid of the rows rounds; a clipped row differs.
    let equal = off.iter().filter(|o| **o < 0.01).count();
    assert!(equal > 3_000, "{equal} of 4,000 rows are the card's sum");
}

/// That noise ended the fit early makes it no cheaper; the twin, which counts the releases alone, would be.
#[test]
fn a_fit_that_noise_ends_early_costs_the_whole_budget() {
    let (frame, _, _) = made_up(40, -1.5, 5);
    let view = PlatformView { features: frame, labels: Some(vec![true; 40]) };
    let mut ledger = Ledger::new();
    scorer(1e-3, 2).learn(&view, &mut ledger).unwrap();
    let spent = |l: &Ledger| l.spent(scorer(1e-3, 2).budget.delta).epsilon;
    let mut released = Ledger::new();
    ledger.entries().iter().filter(|e| e.scale > 0.0).for_each(|e| released.enter(e.clone()));
    assert!(spent(&ledger) <= 1e-3 && spent(&ledger) > 0.999e-3 && spent(&released) < 0.9e-3);
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let (frame, labels, _) = made_up(100, -1.5, 6);
    let view = |labels| PlatformView { features: frame.clone(), labels };
    let error = |s: DpScorecard, v| s.learn(&v, &mut Ledger::new()).err().unwrap().to_string();
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(error(scorer(bad, 0), view(Some(labels.clone()))).starts_with("privacy: epsilon is"));
    }
    assert!(error(scorer(1.0, 0), view(None)).contains("no outcomes"));
    assert!(error(scorer(1.0, 0), view(Some(vec![true]))).contains("1 outcomes for 100 persons"));
    let none = PlatformView { features: frame.pick(&[]), labels: Some(labels.clone()) };
    assert!(error(scorer(1.0, 0), none).contains("no features"));
    let other = PlatformView { features: frame.pick(&["rare 4"]), labels: None };
    assert!(fit(&view(Some(labels)), 1.0, 0).score(&other).is_err());
}
