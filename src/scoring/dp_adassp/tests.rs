//! Utility, calibration, and what every DP scorer owes. The sensitivities of sums and moments are those of the DP logistic's
//! releases, tested there; that of the counts is tested in `link`.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::test_data::{
    auc, calibration, dp_promises, made_up, no_release_is_free, split, taiwan, taiwan_column,
};

fn scorer(epsilon: f64, seed: u32) -> DpAdassp {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(78, seed), 9);
    DpAdassp { params: DpAdasspParams::default(), budget: Budget { epsilon, delta: 1e-5 }, noise }
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32, ledger: &mut Ledger) -> Box<dyn Fitted<PlatformView>> {
    scorer(epsilon, seed).fit(view, ledger).unwrap()
}

#[test]
fn the_model_keeps_the_promises_of_a_dp_scorer() {
    dp_promises(&fit);
    no_release_is_free(&fit, 3);
}

#[test]
fn the_smallest_eigenvalue_is_found() {
    let c = ndarray::arr2(&[[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, -0.5]]);
    assert!((smallest_eigenvalue(&c) + 0.5).abs() < 1e-7);
    assert!((smallest_eigenvalue(&lifted(&c, 3.0)) - 2.5).abs() < 1e-7);
}

/// The ridge that is added is what the noise calls for and no more.
#[test]
fn the_ridge_adapts_to_the_noise() {
    let m = |noise: f64| Moments {
        persons: 1e4,
        persons_noise: 1.0,
        prevalence: 0.2,
        mean: vec![0.0; 2],
        mean_noise: 0.0,
        covariance: ndarray::arr2(&[[1.0, 0.0], [0.0, 0.5]]),
        covariance_noise: noise,
        cross: vec![0.1, 0.05],
        cross_noise: 0.0,
        bads: ndarray::Array2::zeros((3, 3)),
        bads_noise: [0.0; 3],
    };
    let p = DpAdasspParams { ridge: 1e-9, score_clip: 10.0, ..DpAdasspParams::default() };
    let slope = |noise| {
        // Whitening by 1/√(variance + λ): its diagonal tells λ.
        1.0 / f64::from(solve(&p, &m(noise)).map.a[0]).powi(2) - 1.0
    };
    assert!(slope(0.01).abs() < 1e-5, "0.5 > 2·.01·√2: no ridge");
    assert!((slope(0.3) - (0.6 * libm::sqrt(2.0) - 0.5)).abs() < 1e-5, "lifted to the edge of the noise");
}

/// Published prototype: .759/.769/.773 at ε = .1/1/8 (other features and splits); a non-private logistic regression .775. The
/// scale that holds for normal features had slopes of .74 at ε = 1 and .62 at 8.
#[test]
fn taiwan_is_ranked_as_well_as_least_squares_allow_and_calibrated() {
    let Some((frame, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    let reach = |epsilon: f64| {
        let one = |seed| {
            let (train, test) = split(&frame, &labels, 0.8, seed);
            let (p, y) = (fit(&train, epsilon, seed, &mut Ledger::new()).score(&test).unwrap(), test.labels.unwrap());
            [auc(&p, &y), calibration(&p, &y)]
        };
        (100..105).map(one).fold([0.0; 2], |sum, one| [0, 1].map(|k| sum[k] + one[k] / 5.0))
    };
    let reached = [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, f64::INFINITY].map(reach);
    println!("AdaSSP, ε = .1, .5, 1, 2, 4, 8, ∞: AUC, calibration slope {reached:.4?}");
    let aucs = reached.map(|r| r[0]);
    assert!(aucs.is_sorted() && aucs[0] > 0.72 && aucs[2] > 0.75 && aucs[6] > 0.76);
    assert!(reached[2..].iter().all(|r| (0.85..1.15).contains(&r[1])));
}

#[test]
fn rare_outcomes_are_learnt_and_calibrated() {
    let (frame, labels, logits) = made_up(60_000, -3.85, 1);
    let rate = labels.iter().filter(|y| **y).count() as f64 / labels.len() as f64;
    let view = PlatformView { features: frame, labels: Some(labels.clone()) };
    let best = auc(&logits, &labels);
    for (epsilon, loss) in [(f64::INFINITY, 0.02), (2.0, 0.02), (0.5, 0.04)] {
        let p = fit(&view, epsilon, 0, &mut Ledger::new()).score(&view).unwrap();
        let (reached, mean) = (auc(&p, &labels), p.iter().sum::<f64>() / p.len() as f64);
        println!("ε = {epsilon}: AUC {reached:.4} of {best:.4}, mean PD {mean:.4} of {rate:.4}");
        assert!(best - reached < loss && (mean / rate - 1.0).abs() < 0.25, "{epsilon}");
    }
}
