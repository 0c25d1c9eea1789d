//! What values can be: an axis ends there, a little beyond, and an interval that goes on ends in an arrow.
//!
//! A t-interval of few replications knows nothing of what is possible: drawn whole, it would squeeze the values themselves into
//! a corner. Means are always inside the axis.

use super::scale::range;
use crate::report::metric::Metric;
use crate::stats::Interval;

/// A share of what was left to learn, %: an attack can do somewhat worse than its control by luck, not much.
pub const RISK: (f64, f64) = (-10.0, 100.0);

/// What a metric can be, in the unit that is written.
pub fn possible(metric: &Metric) -> (f64, f64) {
    match metric.name {
        "attack.risk" | "attack.singling_out.risk" | "attack.bill.gain" => RISK,
        // What a share explains can be below nothing by luck, but an axis begins at nothing.
        "attack.nonsharer.quality_explained" => (0.0, 100.0),
        _ => (metric.factor * metric.range.0, metric.factor * metric.range.1),
    }
}

/// What a difference of two such values can be.
pub fn possible_difference(metric: &Metric) -> (f64, f64) {
    let (lo, hi) = possible(metric);
    (lo - hi, hi - lo)
}

/// An axis that ends near what is possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounded {
    /// Its least and greatest value.
    pub range: (f64, f64),
    /// Whether any interval goes on beyond it.
    pub cut: bool,
}

/// The axis for means with their intervals, and for values that must be `also` on it; margin as in [`range`].
pub fn bounded(values: &[Interval], also: &[f64], (lo, hi): (f64, f64), margin: f64) -> Bounded {
    let ends = || values.iter().flat_map(|v| [v.lo, v.hi]).filter(|v| !v.is_nan());
    let means = values.iter().map(|v| v.mean);
    let range = range(means.chain(ends().map(|v| v.clamp(lo, hi))).chain(also.iter().copied()), margin);
    Bounded { range, cut: ends().any(|v| v < range.0 || v > range.1) }
}

/// What a caption says of arrows, where there are any.
pub fn arrows(cut: bool) -> &'static str {
    if cut { " Arrows: the interval goes on beyond the axis, which ends near what is possible." } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::scale::Axis;
    use super::*;
    use crate::report::metric::metric;

    const fn interval(mean: f64, lo: f64, hi: f64) -> Interval {
        Interval { mean, lo, hi }
    }

    #[test]
    fn an_axis_ends_near_what_is_possible_and_holds_every_mean() {
        let wide = bounded(&[interval(40.0, -250.0, 330.0)], &[], RISK, 0.0);
        assert_eq!(wide, Bounded { range: RISK, cut: true });
        let narrow = bounded(&[interval(40.0, 30.0, 50.0)], &[0.0], RISK, 0.0);
        assert_eq!(narrow, Bounded { range: (0.0, 50.0), cut: false });
        let unlucky = bounded(&[interval(-30.0, -60.0, 0.0)], &[], RISK, 0.0);
        assert_eq!(unlucky, Bounded { range: (-30.0, 0.0), cut: true });
        assert_eq!(bounded(&[interval(1.0, f64::NAN, f64::NAN)], &[0.0], RISK, 0.0).range, (0.0, 1.0));
        assert!(arrows(false).is_empty() && arrows(true).contains("Arrows"));
    }

    const ANYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    #[test]
    fn shares_end_at_all_and_money_nowhere() {
        let of = |name: &str| possible(metric(name).unwrap());
        assert_eq!(of("approval_rate"), (0.0, 100.0));
        assert_eq!(of("attack.nonsharer.quality_explained"), (0.0, 100.0));
        assert_eq!(of("auc"), (0.0, 1.0));
        assert_eq!(of("attack.bill.gain"), RISK);
        assert_eq!(of("profit_per_applicant"), ANYTHING);
        assert_eq!(possible_difference(metric("approval_rate").unwrap()), (-100.0, 100.0));
        assert_eq!(possible_difference(metric("profit_per_applicant").unwrap()), ANYTHING);
    }

    #[test]
    fn an_interval_knows_which_of_its_ends_go_on() {
        let axis = Axis::linear((0.0, 100.0), 0.0, 200.0);
        let s = axis.stretch(interval(90.0, 80.0, 130.0));
        assert_eq!((s.ends, s.goes_on), ([160.0, 200.0], [false, true]));
        let log = Axis::log((0.1, 10.0), 0.0, 100.0);
        assert_eq!(log.stretch(interval(1.0, 0.0, 10.0)).goes_on, [true, false]);
        assert_eq!(log.stretch(interval(1.0, f64::NAN, f64::NAN)).goes_on, [false, false]);
    }
}
