//! From months to the columns that a view is made of: sums while the months pass, ratios at the end.
//!
//! Bounds, steps and knots are public: they follow from the model's units, not from the data; so does that PD rises with
//! lateness. Names end in their window.

use super::kernel::{MonthLanes, MonthSink};
use super::lanes::{F32s, LANES, flag, lanes, ln, max, min};
use super::person::PersonLanes;
use super::platform::{CATEGORIES, MAX_BILLS, SENSITIVE};
use crate::view::Column;

/// Months of the short window.
pub const SHORT: usize = 6;
/// Bureau columns.
pub const BUREAU_COLUMNS: usize = 8;
/// Platform columns.
pub const PLATFORM_COLUMNS: usize = 12;

/// The bureau columns of histories of `months` months.
pub fn bureau_columns(months: usize) -> Vec<Column> {
    let all = format!("{months}m");
    let last = months as f32;
    vec![
        Column::new("file_thin", 0.0, 1.0),
        Column::new("file_thick", 0.0, 1.0),
        Column::new(&format!("months_late_30_{all}"), 0.0, last).with_steps(&[1.0]).with_knots(&[3.0]).rising(),
        Column::new(&format!("worst_state_{all}"), 0.0, 3.0).with_steps(&[2.0]).rising(),
        Column::new("worst_state_6m", 0.0, 3.0).with_steps(&[1.0]).rising(),
        Column::new(&format!("ever_90_{all}"), 0.0, 1.0).rising(),
        Column::new(&format!("utilisation_mean_{all}"), 0.0, 1.0).with_knots(&[0.2, 0.4, 0.6, 0.8]),
        Column::new("utilisation_last_month", 0.0, 1.0).with_knots(&[0.5]),
    ]
}

/// The platform columns of histories of `months` months.
pub fn platform_columns(months: usize) -> Vec<Column> {
    let all = format!("{months}m");
    let share = |name: &str, hi: f32| Column::new(&format!("share_{name}_{all}"), 0.0, hi);
    vec![
        Column::new(&format!("late_share_{all}"), 0.0, 1.0)
            .with_steps(&[0.001])
            .with_knots(&[0.05, 0.1, 0.2, 0.4])
            .rising(),
        Column::new("late_share_6m", 0.0, 1.0).with_steps(&[0.001]).with_knots(&[0.15, 0.3]).rising(),
        Column::new("late_last_month", 0.0, MAX_BILLS as f32).with_steps(&[1.0]).rising(),
        Column::new(&format!("log_payments_{all}"), 0.0, 10.0).with_knots(&[3.0, 5.0, 7.0]),
        Column::new(&format!("log_spend_{all}"), 0.0, 15.0).with_knots(&[7.0, 9.0, 11.0]),
        Column::new(&format!("spend_volatility_{all}"), 0.0, 3.0).with_knots(&[0.5, 1.0]),
        Column::new(&format!("empty_months_{all}"), 0.0, months as f32).with_steps(&[1.0]),
        share("sensitive", 0.5),
        share(CATEGORIES[0].0, 1.0),
        share(CATEGORIES[1].0, 1.0),
        share(CATEGORIES[4].0, 1.0),
        share(CATEGORIES[5].0, 1.0),
    ]
}

/// Sums over the months of sixteen persons.
#[derive(Clone, Debug)]
pub struct FeatureSink {
    months: usize,
    observed: F32s,
    late_months: F32s,
    worst: F32s,
    worst_short: F32s,
    utilisation: F32s,
    utilisation_last: F32s,
    due: [F32s; 2],
    late: [F32s; 2],
    late_last: F32s,
    payments: F32s,
    spend: F32s,
    spend_squares: F32s,
    empty: F32s,
    categories: [F32s; CATEGORIES.len()],
}

impl FeatureSink {
    /// Nothing seen yet of histories of `months` months.
    pub fn new(months: usize) -> Self {
        let zero = [0.0; LANES];
        Self {
            months,
            observed: zero,
            late_months: zero,
            worst: zero,
            worst_short: zero,
            utilisation: zero,
            utilisation_last: zero,
            due: [zero; 2],
            late: [zero; 2],
            late_last: zero,
            payments: zero,
            spend: zero,
            spend_squares: zero,
            empty: zero,
            categories: [zero; CATEGORIES.len()],
        }
    }

    /// The values of [`bureau_columns`].
    pub fn bureau(&self, person: &PersonLanes) -> [F32s; BUREAU_COLUMNS] {
        [
            lanes(|l| flag(person.file[l] == 1.0)),
            lanes(|l| flag(person.file[l] == 2.0)),
            self.late_months,
            self.worst,
            self.worst_short,
            lanes(|l| flag(self.worst[l] > 2.5)),
            lanes(|l| self.utilisation[l] / max(self.observed[l], 1.0)),
            self.utilisation_last,
        ]
    }

    /// The values of [`platform_columns`].
    pub fn platform(&self) -> [F32s; PLATFORM_COLUMNS] {
        let late = |w: usize| lanes(|l| self.late[w][l] / max(self.due[w][l], 1.0));
        let share = |k: usize| lanes(|l| self.categories[k][l] / max(self.spend[l], 1e-9));
        [
            late(0),
            late(1),
            self.late_last,
            lanes(|l| ln(1.0 + self.payments[l])),
            lanes(|l| ln(1.0 + self.spend[l])),
            lanes(|l| {
                let mean = self.spend[l] / self.months as f32;
                let variance = self.spend_squares[l] / self.months as f32 - mean * mean;
                min(max(variance, 0.0).sqrt() / max(mean, 1e-9), 3.0)
            }),
            self.empty,
            share(SENSITIVE),
            share(0),
            share(1),
            share(4),
            share(5),
        ]
    }

    /// Whether the platform holds any payment or bill.
    pub fn active(&self) -> [bool; LANES] {
        lanes(|l| self.payments[l] + self.due[0][l] > 0.0)
    }
}

impl MonthSink for FeatureSink {
    #[inline(always)]
    fn month(&mut self, t: usize, m: &MonthLanes) {
        for l in 0..LANES {
            self.observed[l] += m.observed[l];
            self.late_months[l] += flag(m.state[l] > 0.5);
            self.worst[l] = max(self.worst[l], m.state[l]);
            self.utilisation[l] += m.utilisation[l];
            self.due[0][l] += m.due[l];
            self.late[0][l] += m.late[l];
            self.payments[l] += m.payments[l];
            self.spend[l] += m.spend[l];
            self.spend_squares[l] += m.spend[l] * m.spend[l];
            self.empty[l] += flag(m.payments[l] < 0.5);
        }
        // One loop over all, or the compiler gathers across categories.
        for (sum, part) in self.categories.as_flattened_mut().iter_mut().zip(m.categories.as_flattened()) {
            *sum += part;
        }
        if t + SHORT >= self.months {
            for l in 0..LANES {
                self.worst_short[l] = max(self.worst_short[l], m.state[l]);
                self.due[1][l] += m.due[l];
                self.late[1][l] += m.late[l];
            }
            self.utilisation_last = m.utilisation;
            self.late_last = m.late;
        }
    }
}
