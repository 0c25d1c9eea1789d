//! Paired differences: between scorers on the same splits, and between two benches.

use super::cells::{Cells, Entrant, paired};
use super::inference::{Estimate, Replicates, holm};

/// Metrics of quality that are compared, and whether more is better.
pub const COMPARED: [(&str, bool); 4] = [("auc", true), ("ks", true), ("brier", false), ("log_loss", false)];

/// Level at which an adjusted p-value counts.
pub const LEVEL: f64 = 0.05;

/// A paired difference.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Difference {
    /// Whose value the reference's is subtracted from.
    pub entrant: Entrant,
    /// The reference (of a baseline: the same entrant, earlier).
    pub reference: Entrant,
    /// Metric.
    pub metric: &'static str,
    /// Mean difference, interval, p-value.
    pub estimate: Estimate,
    /// p-value after Holm's adjustment within the family.
    pub p_holm: f64,
}

impl Difference {
    /// Whether it counts after the adjustment.
    pub fn is_significant(&self) -> bool {
        self.p_holm < LEVEL
    }

    /// Whether it counts and is for the worse.
    pub fn is_worse(&self) -> bool {
        let more_is_better = COMPARED.iter().any(|(m, better)| *m == self.metric && *better);
        self.is_significant() && (self.estimate.mean < 0.0) == more_is_better
    }
}

/// Every scorer against `reference`: DP scorers at the same ε where the reference has it, else against its only value; a
/// scorer without privacy against a DP reference at each of its ε. One family a metric.
pub fn differences(cells: &Cells, reference: &str, replicates: Replicates) -> Vec<Difference> {
    let mut out = Vec::new();
    for (metric, _) in COMPARED {
        let mut family = Vec::new();
        for (i, entrant) in cells.entrants.iter().enumerate().filter(|(_, e)| *e.scorer != *reference) {
            let against: Vec<usize> = match entrant.epsilon {
                Some(e) => {
                    let same = cells.position(reference, Some(e)).or_else(|| cells.position(reference, None));
                    same.into_iter().collect()
                }
                None => cells.of(reference).collect(),
            };
            for j in against {
                let pairs = paired(cells.values(i, metric), cells.values(j, metric));
                if pairs.is_empty() {
                    continue;
                }
                family.push(Difference {
                    entrant: entrant.clone(),
                    reference: cells.entrants[j].clone(),
                    metric,
                    estimate: Estimate::of(&pairs, replicates),
                    p_holm: f64::NAN,
                });
            }
        }
        adjust(&mut family);
        out.extend(family);
    }
    out
}

/// Fills in Holm's p-values over one family.
fn adjust(family: &mut [Difference]) {
    let p: Vec<f64> = family.iter().map(|d| d.estimate.p).collect();
    family.iter_mut().zip(holm(&p)).for_each(|(d, p)| d.p_holm = p);
}

/// What changed against an earlier bench.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Change {
    /// Differences now − then of every entrant and metric of quality that both have; one family in all.
    pub differences: Vec<Difference>,
    /// Entrants whose fits fail more often than then, with the counts then and now.
    pub failing: Vec<(Entrant, usize, usize)>,
    /// Entrants of one bench only.
    pub unmatched: Vec<String>,
    /// Fit times: entrant, median CPU seconds then and now. Two sittings are not one: told, not judged.
    pub times: Vec<(Entrant, f64, f64)>,
}

impl Change {
    /// Whether anything became significantly worse, or fails more often.
    pub fn is_regression(&self) -> bool {
        !self.failing.is_empty() || self.differences.iter().any(Difference::is_worse)
    }
}

/// Compares with an earlier bench, fold by fold.
pub fn change(now: &Cells, then: &Cells, replicates: Replicates) -> Change {
    let mut change = Change::default();
    for (i, entrant) in now.entrants.iter().enumerate() {
        let Some(j) = then.position(&entrant.scorer, entrant.epsilon) else {
            change.unmatched.push(format!("{} is new", entrant.words()));
            continue;
        };
        for (metric, _) in COMPARED {
            let pairs = paired(now.values(i, metric), then.values(j, metric));
            if !pairs.is_empty() {
                change.differences.push(Difference {
                    entrant: entrant.clone(),
                    reference: entrant.clone(),
                    metric,
                    estimate: Estimate::of(&pairs, replicates),
                    p_holm: f64::NAN,
                });
            }
        }
        // A fold that failed in both is no news.
        let news = now.values(i, "failed").keys().filter(|at| !then.values(j, "failed").contains_key(at)).count();
        let common = now.values(i, "failed").keys().any(|at| then.values(j, "auc").contains_key(at));
        if news > 0 && common {
            change.failing.push((entrant.clone(), then.failed(j), now.failed(i)));
        }
        let (before, after) = (then.median(j, "fit_cpu_seconds"), now.median(i, "fit_cpu_seconds"));
        if before.is_finite() && after.is_finite() {
            change.times.push((entrant.clone(), before, after));
        }
    }
    for e in &then.entrants {
        if now.position(&e.scorer, e.epsilon).is_none() {
            change.unmatched.push(format!("{} is gone", e.words()));
        }
    }
    adjust(&mut change.differences);
    change
}

#[cfg(test)]
mod tests;
