//! How well scores tell who will default: AUC, Gini, KS, Brier, log-loss, calibration.
//!
//! AUC and KS are ratios of integer counts over runs of equal scores (scores are put on a grid of 10⁻⁶ logits), so they
//! merge over shards to the same bits. AUC = P(score of a defaulter is worse) + ½·P(tie).

use super::{Emit, Groups};
use crate::error::Result;
use crate::stats::{BLOCK, FixedSum, logistic, logit};
use std::sync::Arc;

/// Integer counts behind AUC and KS, filled in the order of increasing PD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concordance {
    bad: u64,
    good: u64,
    /// Twice the number of concordant (good before bad) pairs, ties once.
    twice_u: u128,
    run_bad: u64,
    run_good: u64,
    /// (bad, good) after each run.
    runs: Vec<(u64, u64)>,
}

impl Concordance {
    fn close_run(&mut self) {
        if self.run_bad + self.run_good > 0 {
            self.twice_u += u128::from(self.run_bad) * u128::from(2 * self.good + self.run_good);
            self.bad += self.run_bad;
            self.good += self.run_good;
            self.runs.push((self.bad, self.good));
            (self.run_bad, self.run_good) = (0, 0);
        }
    }

    /// Counts over one group: `order` holds positions by increasing key, equal keys adjacent.
    pub fn count(order: impl Iterator<Item = u32>, key: &[i32], bad: &[bool]) -> Self {
        let mut c = Self::default();
        let mut last = i32::MIN;
        for i in order {
            let i = i as usize;
            if key[i] != last {
                c.close_run();
                last = key[i];
            }
            if bad[i] { c.run_bad += 1 } else { c.run_good += 1 }
        }
        c.close_run();
        c
    }

    /// Area under the ROC curve; NaN for one class.
    pub fn auc(&self) -> f64 {
        let pairs = u128::from(self.bad) * u128::from(self.good);
        if pairs == 0 { f64::NAN } else { self.twice_u as f64 / (2 * pairs) as f64 }
    }

    /// Largest distance between the score distributions of bad and good; NaN for one class.
    pub fn ks(&self) -> f64 {
        if self.bad == 0 || self.good == 0 {
            return f64::NAN;
        }
        let distance = |(b, g): &(u64, u64)| {
            let (b, g) = (i128::from(*b), i128::from(*g));
            (b * i128::from(self.good) - g * i128::from(self.bad)).unsigned_abs()
        };
        let widest = self.runs.iter().map(distance).max().unwrap_or(0);
        widest as f64 / (u128::from(self.bad) * u128::from(self.good)) as f64
    }
}

/// Scores as integers: 10⁻⁶ logits, so that equal scores tie exactly on every machine.
pub(crate) fn keys(pd: &[f64]) -> Vec<i32> {
    pd.iter().map(|p| libm::round(logit(p.clamp(1e-12, 1.0 - 1e-12)) * 1e6) as i32).collect()
}

/// Positions by increasing key (stable: ties keep their order).
pub(crate) fn order_of(key: &[i32]) -> Vec<u32> {
    let mut packed: Vec<u64> =
        key.iter().enumerate().map(|(i, k)| u64::from((*k as u32) ^ 0x8000_0000) << 32 | i as u64).collect();
    packed.sort_unstable();
    packed.into_iter().map(|p| p as u32).collect()
}

/// AUC within cohorts: concordant pairs of the same cohort over all such pairs; what remains when everybody is
/// compared with neighbours alone, over `members` (positions). NaN if no cohort has both classes.
pub fn concordance_within(key: &[i32], bad: &[bool], cohort: &[u32], members: &[u32]) -> f64 {
    let mut by_cohort: Vec<u32> = members.to_vec();
    by_cohort.sort_unstable_by_key(|i| (cohort[*i as usize], key[*i as usize]));
    let (mut twice_u, mut pairs) = (0u128, 0u128);
    let mut start = 0;
    while start < by_cohort.len() {
        let c = cohort[by_cohort[start] as usize];
        let len = by_cohort[start..].iter().take_while(|i| cohort[**i as usize] == c).count();
        let counts = Concordance::count(by_cohort[start..start + len].iter().copied(), key, bad);
        twice_u += counts.twice_u;
        pairs += u128::from(counts.bad) * u128::from(counts.good);
        start += len;
    }
    if pairs == 0 { f64::NAN } else { twice_u as f64 / (2 * pairs) as f64 }
}

/// Slope of a logistic regression of the outcome on logit(PD): 1 is calibrated, below 1 overconfident. NaN for one
/// class or constant scores.
pub fn calibration_slope(pd: &[f64], bad: &[bool], members: &[u32]) -> f64 {
    let clipped = |i: &u32| logit(pd[*i as usize].clamp(1e-9, 1.0 - 1e-9));
    let first = members.first().map_or(0.0, &clipped);
    if !members.iter().any(|i| (clipped(i) - first).abs() > 1e-9) {
        return f64::NAN;
    }
    let positives = members.iter().filter(|i| bad[**i as usize]).count();
    if positives == 0 || positives == members.len() {
        return f64::NAN;
    }
    let xs: Vec<f64> = members.iter().map(clipped).collect();
    let (mut a, mut b) = (0.0f64, 1.0f64);
    for _ in 0..25 {
        let mut sums = [FixedSum::default(); 5];
        for (block, ids) in xs.chunks(BLOCK).zip(members.chunks(BLOCK)) {
            let mut part = [0.0; 5];
            for (x, i) in block.iter().zip(ids) {
                let p = logistic(a + b * x);
                let (r, w) = (f64::from(u8::from(bad[*i as usize])) - p, p * (1.0 - p));
                for (s, v) in part.iter_mut().zip([r, r * x, w, w * x, w * x * x]) {
                    *s += v;
                }
            }
            for (s, v) in sums.iter_mut().zip(part) {
                if s.add_block(v).is_err() {
                    return f64::NAN;
                }
            }
        }
        let [ga, gb, haa, hab, hbb] = sums.map(FixedSum::value);
        let det = haa * hbb - hab * hab;
        if det.is_nan() || det <= 1e-12 {
            return f64::NAN;
        }
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        let damp = (2.0 / da.abs().max(db.abs()).max(1e-300)).min(1.0);
        a += damp * da;
        b += damp * db;
        if da.abs().max(db.abs()) < 1e-9 {
            break;
        }
    }
    b
}

/// Mean Brier score and mean log-loss over `members` (positions); NaN over nobody.
pub fn losses(pd: &[f64], bad: &[bool], members: &[u32]) -> Result<(f64, f64)> {
    let (mut brier, mut log_loss) = (FixedSum::default(), FixedSum::default());
    for ids in members.chunks(BLOCK) {
        let (mut b, mut l) = (0.0, 0.0);
        for i in ids {
            let (p, y) = (pd[*i as usize].clamp(1e-12, 1.0 - 1e-12), bad[*i as usize]);
            b += if y { (1.0 - p) * (1.0 - p) } else { p * p };
            l -= libm::log(if y { p } else { 1.0 - p });
        }
        brier.add_block(b)?;
        log_loss.add_block(l)?;
    }
    let n = members.len() as f64;
    Ok((brier.value() / n, log_loss.value() / n))
}

/// AUC and KS of one vector of PDs, over everybody; NaN for one class.
pub fn ranking(pd: &[f64], bad: &[bool]) -> (f64, f64) {
    let key = keys(pd);
    let counts = Concordance::count(order_of(&key).into_iter(), &key, bad);
    (counts.auc(), counts.ks())
}

/// Adds auc, gini, ks, brier, log_loss and calibration slope for each group, AUC within cohorts, and the calibration
/// curve in ten equal bins of the score.
pub fn accuracy_metrics(pd: &[f64], bad: &[bool], cohort: &[u32], groups: &Groups, emit: &mut Emit) -> Result<()> {
    let key = keys(pd);
    let order = order_of(&key);
    for (name, members) in &groups.list {
        // Visiting the common order beats sorting each group again.
        let mut present = vec![false; pd.len()];
        for i in members {
            present[*i as usize] = true;
        }
        let counts = Concordance::count(order.iter().copied().filter(|i| present[*i as usize]), &key, bad);
        emit.add("auc", name, counts.auc());
        emit.add("gini", name, 2.0 * counts.auc() - 1.0);
        emit.add("ks", name, counts.ks());
        let (brier, log_loss) = losses(pd, bad, members)?;
        emit.add("brier", name, brier);
        emit.add("log_loss", name, log_loss);
        if !name.starts_with("decile=") {
            emit.add("calibration_slope", name, calibration_slope(pd, bad, members));
        }
    }
    let all: Arc<str> = Arc::from("all");
    let applicants = groups.members("all");
    emit.add("auc_within_cohort", &all, concordance_within(&key, bad, cohort, applicants));
    calibration_curve(pd, bad, &order, applicants, emit);
    Ok(())
}

/// Mean predicted PD and observed default rate in ten bins of equal size by score.
fn calibration_curve(pd: &[f64], bad: &[bool], order: &[u32], all: &[u32], emit: &mut Emit) {
    let mut present = vec![false; pd.len()];
    for i in all {
        present[*i as usize] = true;
    }
    let sorted: Vec<u32> = order.iter().copied().filter(|i| present[*i as usize]).collect();
    for bin in 0..10usize {
        let ids = &sorted[bin * sorted.len() / 10..(bin + 1) * sorted.len() / 10];
        if ids.is_empty() {
            continue;
        }
        let n = ids.len() as f64;
        let name: Arc<str> = Arc::from(format!("bin={:02}", bin + 1));
        let predicted: f64 = ids.chunks(BLOCK).map(|c| c.iter().map(|i| pd[*i as usize]).sum::<f64>()).sum();
        emit.add("calibration_predicted", &name, predicted / n);
        emit.add("calibration_observed", &name, ids.iter().filter(|i| bad[**i as usize]).count() as f64 / n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::mix;

    fn sample(n: u64) -> (Vec<f64>, Vec<bool>) {
        let u = |i: u64, k: u64| crate::rng::unit_open(mix(i * 7 + k + 1));
        let pd: Vec<f64> = (0..n).map(|i| (u(i, 0) * 20.0).floor() / 40.0 + 0.01).collect();
        let bad = (0..n).map(|i| u(i, 1) < pd[i as usize]).collect();
        (pd, bad)
    }

    #[test]
    fn auc_and_ks_equal_the_textbook_double_loop() {
        let (pd, bad) = sample(700);
        let key = keys(&pd);
        let c = Concordance::count(order_of(&key).into_iter(), &key, &bad);
        let (mut u, mut pairs, mut ks) = (0.0, 0.0, 0.0f64);
        for i in 0..700 {
            for j in 0..700 {
                if bad[i] && !bad[j] {
                    pairs += 1.0;
                    u += if pd[i] > pd[j] {
                        1.0
                    } else if pd[i] == pd[j] {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
            let below = |want: bool| {
                let n = bad.iter().filter(|b| **b == want).count() as f64;
                (0..700).filter(|j| bad[*j] == want && pd[*j] <= pd[i]).count() as f64 / n
            };
            ks = ks.max((below(true) - below(false)).abs());
        }
        assert!((c.auc() - u / pairs).abs() < 1e-12);
        assert!((c.ks() - ks).abs() < 1e-12);
    }

    #[test]
    fn constant_scores_are_worth_nothing_and_one_class_is_undefined() {
        let key = keys(&[0.1; 10]);
        let bad: Vec<bool> = (0..10).map(|i| i < 3).collect();
        assert_eq!(Concordance::count(0..10, &key, &bad).auc(), 0.5);
        assert!(Concordance::count(0..10, &key, &[false; 10]).auc().is_nan());
    }

    #[test]
    fn calibrated_scores_have_slope_one_and_overconfident_ones_less() {
        let (pd, bad) = sample(200_000);
        let members: Vec<u32> = (0..200_000).collect();
        let slope = calibration_slope(&pd, &bad, &members);
        // Standard error about .006: ±.03 is 5 σ.
        assert!((slope - 1.0).abs() < 0.03, "{slope}");
        let bold: Vec<f64> = pd.iter().map(|p| logistic(2.0 * logit(*p))).collect();
        assert!((calibration_slope(&bold, &bad, &members) - 0.5).abs() < 0.02);
    }

    #[test]
    fn what_separates_cohorts_alone_is_worth_nothing_within_them() {
        let n = 4000u32;
        let cohort: Vec<u32> = (0..n).map(|i| i / 40).collect();
        let pd: Vec<f64> = cohort.iter().map(|c| 0.01 + f64::from(*c) * 0.004).collect();
        let bad: Vec<bool> = (0..n).map(|i| crate::rng::unit_open(mix(u64::from(i))) < pd[i as usize]).collect();
        let key = keys(&pd);
        let everyone: Vec<u32> = (0..n).collect();
        assert_eq!(concordance_within(&key, &bad, &cohort, &everyone), 0.5);
        assert!(concordance_within(&key, &bad, &cohort, &[]).is_nan(), "only members count");
        assert!(Concordance::count(order_of(&key).into_iter(), &key, &bad).auc() > 0.6);
    }
}
