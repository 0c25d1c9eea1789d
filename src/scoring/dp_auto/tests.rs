//! What is chosen, what it costs, and what it reaches on small data.

use super::*;
use crate::privacy::{NoiseMode, mu_of_epsilon};
use crate::rng::Streams;
use crate::scoring::PublicTrends;
use crate::scoring::test_data::{
    auc, dp_promises, made_up, small_data, taiwan, taiwan_column, with_derived, with_trends,
};
use crate::view::{Frame, LenderView};

fn scorer(epsilon: f64, seed: u32) -> DpAuto {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(80, seed), 9);
    DpAuto { params: DpParams::default(), budget: Budget { epsilon, delta: 1e-5 }, noise }
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32, ledger: &mut Ledger) -> Box<dyn Fitted<PlatformView>> {
    scorer(epsilon, seed).fit(view, ledger).unwrap()
}

#[test]
fn the_choice_keeps_the_promises_of_a_dp_scorer() {
    dp_promises(&fit);
}

#[test]
fn the_choice_follows_n_and_epsilon_and_the_count_is_charged() {
    let (frame, labels, _) = made_up(6_000, -1.5, 1);
    let view = PlatformView { features: frame, labels: Some(labels) };
    for (epsilon, name) in [(0.03, "equal"), (1.0, "dp-logistic"), (f64::INFINITY, "dp-logistic")] {
        let mut ledger = Ledger::new();
        let fitted = fit(&view, epsilon, 1, &mut ledger);
        let notes = fitted.notes();
        let (saved, _) = crate::scoring::saved::read(&fitted.export().unwrap()).unwrap();
        assert_eq!(saved.score(&view).unwrap(), fitted.score(&view).unwrap());
        assert!(notes[0].contains(name) && notes[0].contains("persons (noisy"), "{notes:?}");
        assert_eq!(ledger.entries()[0].query, "numbers of bads and of goods");
        let spent = ledger.spent(1e-5).epsilon;
        assert!(spent <= epsilon && (epsilon.is_infinite() || spent > 0.999 * epsilon));
        // The twin: the count left out of the ledger, or not charged to the rest, would show here.
        let mut rest = Ledger::new();
        ledger.entries()[1..].iter().for_each(|e| rest.enter(e.clone()));
        assert!(epsilon.is_infinite() || rest.spent(1e-5).epsilon < 0.9965 * epsilon);

        let public = DpAutoParams { persons: Some(6_000.0), ..DpAutoParams::default() };
        let params = DpParams { auto: public, ..DpParams::default() };
        let mut ledger = Ledger::new();
        let notes = DpAuto { params, ..scorer(epsilon, 1) }.fit(&view, &mut ledger).unwrap().notes();
        assert!(notes[0].contains(name) && notes[0].contains("persons (public"));
        assert!(ledger.spent(1e-5).epsilon <= epsilon);
    }
}

/// One person more moves the count by one: half of the noise, or a grain that the sensitivity forgets, would be seen in the scale.
#[test]
fn the_count_has_the_noise_of_one_person() {
    let mut ledger = Ledger::new();
    let (mut noise, mu) = (scorer(1.0, 0).noise, mu_of_epsilon(1.0, 1e-5));
    let mut source = Source { noise: &mut noise, ledger: &mut ledger };
    scorer(1.0, 0).count(&[true, false, false], mu, &mut source).unwrap();
    let entry = &ledger.entries()[0];
    assert_eq!(entry.sensitivity, 16.0);
    assert!((entry.scale / 16.0 / (1.0 / (libm::sqrt(0.02) * mu)) - 1.0).abs() < 1e-3);
}

/// Where trends are public and there is little to learn from, they rank as the scorer that learns nothing, and are calibrated.
#[test]
fn little_data_is_ranked_as_if_nothing_were_learnt() {
    let (frame, labels, _) = made_up(3_000, -3.5, 2);
    let columns: Vec<Column> = frame
        .columns()
        .iter()
        .enumerate()
        .map(|(j, c)| match j {
            0 | 2 | 4 | 5 | 7 => c.clone().rising(),
            1 | 8 => c.clone().falling(),
            _ => c.clone(),
        })
        .collect();
    let mut features = Frame::zeros(columns, 3_000);
    features.columns_mut().enumerate().for_each(|(j, to)| to.copy_from_slice(frame.column(j)));
    let (test, truth) = (PlatformView { features: features.clone(), labels: None }, labels.clone());
    let view = PlatformView { features, labels: Some(labels) };
    let empty = Frame::zeros(Vec::<Column>::new(), 3_000);
    let public = LenderView {
        always: test.features.clone(),
        more: empty,
        known: vec![true; 3_000],
        refusal_is_a_feature: false,
        labels: None,
    };
    let nothing = PublicTrends::default().fit(&public, &mut Ledger::new()).unwrap().score(&public).unwrap();
    for epsilon in [0.1, 0.5] {
        let mut ledger = Ledger::new();
        let fitted = fit(&view, epsilon, 1, &mut ledger);
        assert!(fitted.notes()[0].contains("public trends, calibrated"), "{:?}", fitted.notes());
        assert!(ledger.spent(1e-5).epsilon <= epsilon && ledger.spent(1e-5).epsilon > 0.999 * epsilon);
        let p = fitted.score(&test).unwrap();
        let (got, known) = (auc(&p, &truth), auc(&nothing, &truth));
        println!("ε = {epsilon}: AUC {got:.4}, public trends {known:.4}");
        assert!((got - known).abs() < 0.002, "{got} {known}");
        let (mean, rate) = (p.iter().sum::<f64>() / 3e3, truth.iter().filter(|y| **y).count() as f64 / 3e3);
        assert!((mean / rate - 1.0).abs() < 0.6, "{mean} {rate}");
    }
}

/// n = 1,000: the best of AdaSSP, WoE, DP-PGD and DPEBM was measured at .739/.747/.757 for ε = .5/1/4 (other splits, features
/// made by hand). The tested share is all the other persons.
#[test]
fn small_data_is_scored_by_what_everybody_knows_and_large_by_what_is_learnt() {
    let Some((raw, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    let plain = with_derived(&raw);
    println!(
        "auto without trends, n = 1,000: {:.4?}",
        [0.5, 1.0, 4.0].map(|e| small_data(&fit, &plain, &labels, (1_000, 10), e))
    );
    let frame = with_trends(&plain);
    let reach = |n, seeds| [0.1, 0.5, 1.0, 4.0].map(|e| small_data(&fit, &frame, &labels, (n, seeds), e));
    let (thousand, ten) = (reach(1_000, 10), reach(10_000, 2));
    println!("auto, ε = .1, .5, 1, 4: n = 1,000 {thousand:.4?}, n = 10,000 {ten:.4?}");
    // Public trends at ε = .1 and .5 (equal weights, .744 and .752 here, fell below the trends by .06 on the map of the scenario); at 1
    // and 4 the logistic, which 188 terms and 1,000 persons hurt at ε = 1.
    assert!(thousand.iter().zip([0.71, 0.71, 0.70, 0.75]).all(|(a, least)| *a > least));
    assert!(ten[1..].iter().zip([0.755, 0.75, 0.77]).all(|(a, least)| *a > least));
}
