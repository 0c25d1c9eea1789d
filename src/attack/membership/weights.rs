//! How much to trust each of two scores: a logistic regression without an intercept.

use crate::stats::logistic;

/// Newton steps at most; some six are usual.
const STEPS: usize = 50;
/// A step is no longer than this, in weights of scores scaled to a mean square of 1: where the scores tell all sides apart the
/// likelihood alone would go on for ever.
const LONGEST: f64 = 2.0;

/// The weights w that make Σ ln σ(w·s) largest. `signed` holds the two scores of a member as they are, those of others with
/// their signs changed. Scores are scaled to a mean square of one, and their weights have a standard normal prior. The second
/// weight is never negative: where it would be, the second score is left out.
pub(super) fn weights(signed: &[[f64; 2]]) -> [f64; 2] {
    let square = |k: usize| signed.iter().map(|s| s[k] * s[k]).sum::<f64>() / signed.len().max(1) as f64;
    let scale = [0, 1].map(|k| libm::sqrt(square(k)));
    let unit = scale.map(|s| if s > 0.0 { 1.0 / s } else { 0.0 });
    let both = newton(signed, unit);
    if both[1] < 0.0 { newton(signed, [unit[0], 0.0]) } else { both }
}

/// The weights of scores that are multiplied by `unit`.
fn newton(signed: &[[f64; 2]], unit: [f64; 2]) -> [f64; 2] {
    let mut w = [0.0; 2];
    for _ in 0..STEPS {
        // Gradient and minus the second derivatives, with the prior's.
        let mut slope = [-w[0], -w[1]];
        let mut curve = [1.0, 0.0, 1.0];
        for s in signed {
            let z = [s[0] * unit[0], s[1] * unit[1]];
            let wrong = logistic(-(w[0] * z[0] + w[1] * z[1]));
            let weight = wrong * (1.0 - wrong);
            slope = [slope[0] + wrong * z[0], slope[1] + wrong * z[1]];
            curve = [curve[0] + weight * z[0] * z[0], curve[1] + weight * z[0] * z[1], curve[2] + weight * z[1] * z[1]];
        }
        let det = curve[0] * curve[2] - curve[1] * curve[1];
        let step =
            [(curve[2] * slope[0] - curve[1] * slope[1]) / det, (curve[0] * slope[1] - curve[1] * slope[0]) / det];
        let length = libm::hypot(step[0], step[1]);
        let part = (LONGEST / length).min(1.0);
        w = [w[0] + part * step[0], w[1] + part * step[1]];
        if length < 1e-9 {
            break;
        }
    }
    [w[0] * unit[0], w[1] * unit[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three in four of one score are right: σ(w·s) = ¾. The prior moves it a little.
    #[test]
    fn a_score_that_is_right_three_times_in_four_weighs_its_log_odds() {
        let signed: Vec<[f64; 2]> = (0..40_000).map(|i| [if i % 4 == 0 { -2.0 } else { 2.0 }, 0.0]).collect();
        let w = weights(&signed);
        assert!((w[0] - 0.5 * libm::log(3.0)).abs() < 1e-3 && w[1] == 0.0, "{w:?}");
    }

    #[test]
    fn a_second_score_that_is_wrong_is_left_out() {
        let alone: Vec<[f64; 2]> = (0..400).map(|i| [if i % 4 == 0 { -1.0 } else { 1.0 }, 0.0]).collect();
        let wrong: Vec<[f64; 2]> =
            alone.iter().enumerate().map(|(i, s)| [s[0], if i % 5 < 3 { -1.0 } else { 1.0 }]).collect();
        assert_eq!(weights(&wrong), weights(&alone));
    }

    /// Scores that are never wrong have finite weights, and none at all have none.
    #[test]
    fn weights_are_finite() {
        let w = weights(&[[1.0, 1e9]; 1000]);
        assert!(w[0] > 1.0 && w[1] > 0.0 && w.iter().all(|w| w.is_finite()), "{w:?}");
        assert_eq!(weights(&[[0.0; 2]; 10]), [0.0; 2]);
        assert_eq!(weights(&[]), [0.0; 2]);
    }
}
