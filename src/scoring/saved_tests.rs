//! Every DP scorer's model, written and read back.

use super::*;
use crate::privacy::{Budget, Ledger, Noise, NoiseMode};
use crate::rng::Streams;
use crate::scoring::{DpChoice, DpParams, dp_scorer};
use crate::view::Frame;

/// 3,000 persons, a quantity with knots, one with codes and missing values, a category.
fn view() -> PlatformView {
    let columns = vec![
        Column::new("late", 0.0, 6.0).with_steps(&[1.0, 3.0]).rising(),
        Column::new("spend", 0.0, 10.0).with_knots(&[4.0]).with_special(&[-1.0]).with_missing(),
        Column::category("home", &["own", "rent"]),
    ];
    let n = 3_000;
    let mut frame = Frame::zeros(columns, n);
    let h = |i: usize, k: usize| (i * 7_919 + k * 104_729) % 1_000_003 % 997;
    for i in 0..n {
        frame.column_mut(0)[i] = (h(i, 1) % 7) as f32;
        frame.column_mut(1)[i] = [h(i, 2) as f32 / 100.0, -1.0, f32::NAN][[0, 0, 0, 0, 1, 2][h(i, 3) % 6]];
        frame.column_mut(2)[i] = (h(i, 4) % 3) as f32;
    }
    let labels = (0..n).map(|i| frame.column(0)[i] * 100.0 + h(i, 5) as f32 > 900.0).collect();
    PlatformView { features: frame, labels: Some(labels) }
}

#[test]
fn every_dp_scorer_is_read_back_to_the_same_bits_and_edits_are_refused() {
    let view = view();
    for choice in [DpChoice::Logistic, DpChoice::Adassp, DpChoice::Scorecard, DpChoice::Boosting, DpChoice::Ebm] {
        for epsilon in [1e-3, 2.0] {
            let noise = Noise::new(NoiseMode::Seeded, Streams::new(3, 0), 1);
            let budget = Budget::new(epsilon, 1e-6).unwrap();
            let fitted =
                dp_scorer(&choice, &DpParams::default(), budget, noise).fit(&view, &mut Ledger::new()).unwrap();
            let value = fitted.export().unwrap_or_else(|| panic!("{} has no file", choice.word()));
            let value: serde_json::Value = serde_json::from_str(&value.to_string()).unwrap();
            let (again, columns) = read(&value).unwrap();
            assert_eq!(columns, view.features.columns());
            assert_eq!(again.score(&view).unwrap(), fitted.score(&view).unwrap(), "{} at {epsilon}", choice.word());
            assert_eq!((again.notes(), again.export().unwrap()), (fitted.notes(), value.clone()));
            // Any part taken away or emptied is refused, never a panic.
            let keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            for key in keys {
                let mut cut = value.clone();
                cut.as_object_mut().unwrap().remove(&key);
                let optional = ["level", "linear", "quality"].contains(&key.as_str());
                assert!(read(&cut).is_err() || optional, "{}: without {key}", choice.word());
                cut[&key] = serde_json::json!([]);
                let idle = ["notes", "coefficients", "bins", "tables"].contains(&key.as_str());
                assert!(read(&cut).is_err() || idle, "{}: {key} emptied", choice.word());
            }
            let mut wide = value.clone();
            wide["columns"][0]["lo"] = serde_json::json!(9.0);
            assert!(read(&wide).is_err());
        }
    }
}
