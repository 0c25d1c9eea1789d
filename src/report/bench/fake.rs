//! A bench that never was, for tests of reports.

use super::csv::Row;
use super::{About, Replicates};
use std::sync::Arc;

/// Five splits of 1,000 persons.
pub fn about() -> About {
    About {
        title: "fake".into(),
        persons: 1000,
        seeds: 5,
        folds: 1,
        delta: 1e-5,
        seed: 1,
        replicates: Replicates::Splits { ratio: 0.25 },
        real_data: true,
        reference: "logistic".into(),
    }
}

/// Two scorers without privacy, one under DP at three values of ε; the second seed's fit at ε = .1 failed.
pub fn rows() -> Vec<Row> {
    let entrants: [(&str, Option<f64>, f64); 5] = [
        ("logistic", None, 0.77),
        ("scorecard", None, 0.76),
        ("dp-logistic", Some(0.1), 0.70),
        ("dp-logistic", Some(1.0), 0.765),
        ("dp-logistic", Some(f64::INFINITY), 0.7701),
    ];
    let mut rows = Vec::new();
    for (scorer, epsilon, auc) in entrants {
        for seed in 0..5u32 {
            let mut add = |metric: &str, value: f64| {
                rows.push(Row { scorer: Arc::from(scorer), epsilon, seed, fold: 0, metric: Arc::from(metric), value });
            };
            if epsilon == Some(0.1) && seed == 1 {
                add("failed", 1.0);
                continue;
            }
            let luck = 0.01 * libm::sin(f64::from(seed));
            let own = 0.001 * libm::sin(f64::from(seed) * auc * 1000.0);
            add("auc", auc + luck + own);
            add("ks", auc - 0.35 + luck + own);
            add("brier", 0.3 - 0.2 * (auc + luck + own));
            add("log_loss", 0.9 - 0.6 * (auc + luck + own));
            add("calibration_slope", 1.0 + luck);
            add("calibration_in_the_large", own);
            add("persons_train", 800.0);
            add("persons_test", 200.0);
            add("epsilon_spent", epsilon.unwrap_or(f64::INFINITY));
            add("fit_seconds", 0.2 + luck);
            add("fit_cpu_seconds", 0.1 + luck);
            add("score_persons_per_second", 2.5e6);
            add("peak_memory_mb", 3.0);
        }
    }
    rows
}
