//! The payments platform, month by month: how often, how much, on what, and which bills were late.
//!
//! ```text
//! payments     n ~ Poisson(λ)
//! spend        S = n·ticket·income·exp(v·ε/√n − v²/(2n))      the mean of n log-normal payments, as a log-normal
//! categories   S·w_k/Σw, w_k = habit_k·U²                     the parts sum to S; U² spreads like an exponential (.89 of
//!                                                             its coefficient of variation) without a logarithm
//! bills        due ~ Binomial(4, q), q = limit·λ/(λ + half);  late ~ Binomial(due, σ(m − g·z + forgetfulness + ℓ + ln stress))
//! ```
//!
//! Counts come from one uniform each by inversion, so that they rise with it. Poisson: for λ < 10 the exact sum of
//! probabilities in f32 (the last millionth of the tail is cut); for larger λ the expansion of Giles ("Algorithm 955:
//! approximation of the inverse Poisson cumulative distribution function", TOMS 42, 2016), which misses the exact count in
//! fewer than one draw in a hundred, by one.
//!
//! Limits: a month with one payment is still split over all categories; amounts are not rounded to cents.

use super::lanes::{F32s, LANES, U32s, exp, flag, floor, lanes, logistic, max, min, normals, unit, unit16};
use super::params::{PlatformParams, PopulationParams};
use super::person::PersonLanes;

/// Spending categories with their common shares.
pub const CATEGORIES: [(&str, f32); 8] = [
    ("groceries", 0.25),
    ("eating_out", 0.15),
    ("transport", 0.12),
    ("utilities", 0.12),
    ("shopping", 0.18),
    ("leisure", 0.10),
    ("health", 0.05),
    ("other", 0.03),
];
/// Index of the sensitive category.
pub const SENSITIVE: usize = 6;
/// Most bills due in a month.
pub const MAX_BILLS: usize = 4;
/// λ from which the expansion replaces the sum.
pub const LARGE: f32 = 10.0;

/// Constants of the platform.
#[derive(Clone, Debug)]
pub(super) struct PlatformModel {
    /// Ticket of the median income.
    ticket: f32,
    ticket_spread: f32,
    bills_limit: f32,
    bills_half: f32,
    late: f32,
    forgetfulness: f32,
    loading: f32,
}

/// What does not change from month to month.
pub(super) struct User {
    rate: Rate,
    ticket: F32s,
    /// P(due ≤ k), k = 0 … 3.
    due_below: [F32s; MAX_BILLS],
    late: F32s,
}

impl PlatformModel {
    pub(super) fn new(p: &PlatformParams, population: &PopulationParams, loading: f64) -> Self {
        Self {
            ticket: (p.ticket * population.income.median) as f32,
            ticket_spread: p.ticket_spread as f32,
            bills_limit: p.bills_limit as f32,
            bills_half: p.bills_half as f32,
            late: crate::stats::logit(p.late) as f32,
            forgetfulness: p.forgetfulness as f32,
            loading: loading as f32,
        }
    }

    #[inline(always)]
    pub(super) fn open(&self, person: &PersonLanes) -> User {
        let q = lanes(|l| self.bills_limit * person.activity[l] / (person.activity[l] + self.bills_half));
        let mut mass = lanes(|l| (1.0 - q[l]) * (1.0 - q[l]) * (1.0 - q[l]) * (1.0 - q[l]));
        let mut due_below = [mass; MAX_BILLS];
        for k in 1..MAX_BILLS {
            let ways = (MAX_BILLS + 1 - k) as f32 / k as f32;
            for l in 0..LANES {
                mass[l] *= ways * q[l] / (1.0 - q[l]);
                due_below[k][l] = due_below[k - 1][l] + mass[l];
            }
        }
        User {
            rate: Rate::new(&person.activity),
            ticket: lanes(|l| self.ticket * exp(person.log_income[l])),
            due_below,
            late: lanes(|l| {
                self.late - self.loading * person.quality[l] + self.forgetfulness * person.forgetfulness[l]
            }),
        }
    }

    /// Spending of the month, from its payments and a normal.
    #[inline(always)]
    pub(super) fn spend(&self, user: &User, payments: &F32s, normal: &F32s) -> F32s {
        let mut out = [0.0; LANES];
        for l in 0..LANES {
            let n = payments[l];
            let share = 1.0 / max(n, 1.0);
            let v = self.ticket_spread;
            out[l] = n * user.ticket[l] * exp(v * normal[l] * share.sqrt() - 0.5 * v * v * share);
        }
        out
    }
}

/// The month's spending, split; eight uniforms of 16 bits from four words.
#[inline(always)]
pub(super) fn categories(
    habits: &[F32s; CATEGORIES.len()],
    spend: &F32s,
    words: &[U32s; 4],
) -> [F32s; CATEGORIES.len()] {
    let mut parts = [[0.0; LANES]; CATEGORIES.len()];
    let mut total = [0.0; LANES];
    for k in 0..4 {
        for l in 0..LANES {
            let (low, high) = (unit16(words[k][l]), unit16(words[k][l] >> 16));
            parts[2 * k][l] = habits[2 * k][l] * (low * low);
            parts[2 * k + 1][l] = habits[2 * k + 1][l] * (high * high);
            total[l] += parts[2 * k][l] + parts[2 * k + 1][l];
        }
    }
    for l in 0..LANES {
        total[l] = spend[l] / total[l];
    }
    for l in 0..LANES {
        for part in &mut parts {
            part[l] *= total[l];
        }
    }
    parts
}

impl User {
    /// Payments of the month.
    #[inline(always)]
    pub(super) fn payments(&self, words: &U32s) -> F32s {
        self.rate.draw(words)
    }

    /// Bills due, and of these paid late.
    #[inline(always)]
    pub(super) fn bills(&self, due_words: &U32s, late_words: &U32s, liquidity: &F32s, log_stress: f32) -> (F32s, F32s) {
        let (mut due, mut late) = ([0.0; LANES], [0.0; LANES]);
        for below in &self.due_below {
            for l in 0..LANES {
                due[l] += flag(unit(due_words[l]) > below[l]);
            }
        }
        // P(late ≤ k) of Binomial(due, p), by its recurrence.
        let (mut mass, mut ratio) = ([1.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let p = min(logistic(self.late[l] + liquidity[l] + log_stress), 0.999);
            let r = 1.0 - p;
            ratio[l] = p / r;
            let (low, high) = (if due[l] > 0.5 { r } else { 1.0 }, if due[l] > 1.5 { r } else { 1.0 });
            let (third, fourth) = (if due[l] > 2.5 { r } else { 1.0 }, if due[l] > 3.5 { r } else { 1.0 });
            mass[l] = (low * high) * (third * fourth);
        }
        let mut below = mass;
        for k in 0..MAX_BILLS {
            let share = 1.0 / (k + 1) as f32;
            for l in 0..LANES {
                late[l] += flag(unit(late_words[l]) > below[l]);
                mass[l] *= ratio[l] * max(due[l] - k as f32, 0.0) * share;
                below[l] += mass[l];
            }
        }
        for l in 0..LANES {
            late[l] = min(late[l], due[l]);
        }
        (due, late)
    }
}
/// Poisson rates of sixteen persons.
#[derive(Clone, Debug)]
pub struct Rate {
    /// λ where it is small, 0 elsewhere.
    small: F32s,
    /// e⁻λ of `small`.
    none: F32s,
    /// λ where it is large, 0 elsewhere.
    large: F32s,
    /// √λ and 1/√λ of `large`.
    root: F32s,
    inverse: F32s,
    any_large: bool,
}

impl Rate {
    /// From the rates, each at least 0.
    #[inline(always)]
    pub fn new(lambda: &F32s) -> Self {
        let small = lanes(|l| if lambda[l] < LARGE { lambda[l] } else { 0.0 });
        let large = lanes(|l| if lambda[l] < LARGE { 0.0 } else { lambda[l] });
        let mut any_large = false;
        for l in 0..LANES {
            any_large |= large[l] > 0.0;
        }
        let root = lanes(|l| max(large[l], LARGE).sqrt());
        Self { none: lanes(|l| exp(-small[l])), small, large, root, inverse: lanes(|l| 1.0 / root[l]), any_large }
    }

    /// One Poisson count a lane, from one word a lane.
    #[inline(always)]
    pub fn draw(&self, words: &U32s) -> F32s {
        let mut count = [0.0; LANES];
        let (mut mass, mut below) = (self.none, self.none);
        let u: F32s = lanes(|l| min(unit(words[l]), 0.999_999));
        for k in 0..40 {
            if k % 4 == 0 {
                let mut open = false;
                for l in 0..LANES {
                    open |= u[l] > below[l];
                }
                if !open {
                    break;
                }
            }
            let share = 1.0 / (k + 1) as f32;
            for l in 0..LANES {
                count[l] += flag(u[l] > below[l]);
                mass[l] *= self.small[l] * share;
                below[l] += mass[l];
            }
        }
        if self.any_large {
            let z = normals(words);
            for l in 0..LANES {
                let (w, w2) = (z[l], z[l] * z[l]);
                let first = (-1.0 / 36.0 - w2 * (1.0 / 72.0)) * w;
                let second = -8.0 / 405.0 + w2 * (7.0 / 810.0) + w2 * w2 * (1.0 / 270.0);
                let tail = self.inverse[l] * (first + self.inverse[l] * second);
                let x = self.large[l] + self.root[l] * w + (1.0 / 3.0 + w2 * (1.0 / 6.0)) + tail;
                count[l] = if self.large[l] > 0.0 { max(floor(x), 0.0) } else { count[l] };
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact Poisson count at u, summed in f64.
    fn exact(lambda: f64, u: f64) -> f64 {
        let mut mass = libm::exp(-lambda);
        let (mut below, mut n) = (mass, 0.0);
        while u > below && n < 1e4 {
            n += 1.0;
            mass *= lambda / n;
            below += mass;
        }
        n
    }

    /// Share of an even grid of words whose count is not the exact one, and the largest miss.
    fn misses(lambda: f32) -> (f64, f64) {
        let rate = Rate::new(&[lambda; LANES]);
        let (mut wrong, mut worst, n) = (0.0, 0.0f64, 40_000u32);
        for start in (0..n).step_by(LANES) {
            let words = lanes(|l| (start + l as u32).wrapping_mul(u32::MAX / n));
            let got = rate.draw(&words);
            for l in 0..LANES {
                let miss = (f64::from(got[l]) - exact(f64::from(lambda), f64::from(unit(words[l])))).abs();
                wrong += f64::from(u8::from(miss > 0.0));
                worst = worst.max(miss);
            }
        }
        (wrong / f64::from(n), worst)
    }

    #[test]
    fn counts_are_poisson() {
        for lambda in [0.0, 0.01, 0.5, 2.0, 7.3, 9.99] {
            let (wrong, worst) = misses(lambda);
            assert!(wrong < 2e-4 && worst <= 1.0, "λ = {lambda}: {wrong} wrong, by up to {worst}");
        }
        for lambda in [10.0, 17.2, 60.0, 300.0] {
            let (wrong, worst) = misses(lambda);
            assert!(wrong < 0.01 && worst <= 1.0, "λ = {lambda}: {wrong} wrong, by up to {worst}");
        }
    }

    #[test]
    fn the_common_shares_sum_to_one() {
        assert!((CATEGORIES.iter().map(|c| c.1).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(CATEGORIES[SENSITIVE].0, "health");
    }
}
