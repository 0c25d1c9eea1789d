//! Rows → means over replications with 95 % intervals, and *paired* differences to the reference arm.
//!
//! For arm a, metric m, group g, sweep point s and replications r = 1…R with values vₐᵣ:
//!
//! - mean: m̄ = Σᵣ vₐᵣ / R with the interval of [`super::interval`], within what the metric can be;
//! - difference: the same of dᵣ = vₐᵣ − v_ref,ᵣ over the replications in which both are defined. Arms share people and
//!   luck, so the spread of dᵣ is far smaller than that of vₐᵣ: differences are read from here, never from two intervals.
//!
//! The reference of a DP arm at ε is the reference arm at the same ε if it has one, else its only value.
//! Order: arms as in the context, ε ascending (none first), then sweep points, metrics and groups by first appearance.

use super::Context;
use super::interval::{Observed, estimate};
use super::metric::{possible, possible_difference};
use crate::evaluate::Row;
use crate::stats::Interval;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One summarised cell.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// Arm.
    pub arm: Arc<str>,
    /// ε of the arm's release.
    pub epsilon: Option<f64>,
    /// Sweep values.
    pub sweep: Arc<[String]>,
    /// Metric.
    pub metric: Arc<str>,
    /// Group.
    pub group: Arc<str>,
    /// Replications with a defined value.
    pub replications: usize,
    /// Mean and interval.
    pub value: Interval,
    /// Paired difference to the reference arm; `None` for the reference itself and where it has no such value.
    pub difference: Option<Interval>,
}

/// Summaries in a fixed order, with look-up.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    rows: Vec<Summary>,
    index: BTreeMap<Key, usize>,
    arms: Names,
    sweeps: Vec<Arc<[String]>>,
    metrics: Names,
    groups: Names,
    reference: String,
}

/// ε in its order: none, finite ascending, infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Epsilon(Option<f64>);

impl Eq for Epsilon {}
impl PartialOrd for Epsilon {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Epsilon {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

/// Arm, ε, sweep point, metric, group.
type Key = (usize, Epsilon, usize, usize, usize);

/// Names numbered by first appearance.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, usize>,
}

impl Names {
    fn number(&mut self, name: &Arc<str>) -> usize {
        if let Some(&i) = self.numbers.get(name) {
            return i;
        }
        self.names.push(Arc::clone(name));
        self.numbers.insert(Arc::clone(name), self.names.len() - 1);
        self.names.len() - 1
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}

impl Summaries {
    /// Summarises rows, but for those of groups that are too small to judge. A value given twice for one replication counts
    /// once (the last).
    pub fn new(rows: &[Row], context: &Context) -> Self {
        let mut all = Self { reference: context.reference.clone(), ..Self::default() };
        for arm in &context.arms {
            all.arms.number(&Arc::from(arm.name.as_str()));
        }
        let mut sweep_numbers: BTreeMap<Arc<[String]>, usize> = BTreeMap::new();
        let mut values: BTreeMap<Key, BTreeMap<u32, Observed>> = BTreeMap::new();
        let hidden =
            |row: &Row| context.too_small.iter().any(|t| *t.sweep == *row.sweep && t.hides(&row.metric, &row.group));
        for row in rows.iter().filter(|r| !hidden(r)) {
            let sweep = *sweep_numbers.entry(Arc::clone(&row.sweep)).or_insert_with(|| {
                all.sweeps.push(Arc::clone(&row.sweep));
                all.sweeps.len() - 1
            });
            let key = (
                all.arms.number(&row.arm),
                Epsilon(row.epsilon),
                sweep,
                all.metrics.number(&row.metric),
                all.groups.number(&row.group),
            );
            let observed = Observed::new(row.value, row.influence.as_deref());
            values.entry(key).or_default().insert(row.replication, observed);
        }
        let reference = all.arms.find(&context.reference);
        let reference_epsilons: Vec<Epsilon> = reference.map_or_else(Vec::new, |r| {
            let mut seen: Vec<Epsilon> = values.keys().filter(|k| k.0 == r).map(|k| k.1).collect();
            seen.dedup();
            seen
        });
        for (key, series) in &values {
            let (arm, epsilon, sweep, metric, group) = *key;
            let own: Vec<Observed> = series.values().cloned().collect();
            let name = Arc::clone(&all.metrics.names[metric]);
            let paired = reference.filter(|r| *r != arm).and_then(|r| {
                let same = reference_epsilons.contains(&epsilon).then_some(epsilon);
                let only = (reference_epsilons.len() == 1).then(|| reference_epsilons[0]);
                values.get(&(r, same.or(only)?, sweep, metric, group))
            });
            let difference = paired.and_then(|other| {
                let d: Vec<Observed> = series.iter().filter_map(|(r, v)| Some(v.minus(other.get(r)?))).collect();
                let range = possible_difference(&name);
                d.iter().any(|o| o.value.is_finite()).then(|| estimate(&d, context.spread, range))
            });
            all.index.insert(*key, all.rows.len());
            all.rows.push(Summary {
                arm: Arc::clone(&all.arms.names[arm]),
                epsilon: epsilon.0,
                sweep: Arc::clone(&all.sweeps[sweep]),
                group: Arc::clone(&all.groups.names[group]),
                replications: own.iter().filter(|o| o.value.is_finite()).count(),
                value: estimate(&own, context.spread, possible(&name)),
                metric: name,
                difference,
            });
        }
        all
    }

    /// All summaries.
    pub fn rows(&self) -> &[Summary] {
        &self.rows
    }

    /// Sweep points, by first appearance.
    pub fn sweeps(&self) -> &[Arc<[String]>] {
        &self.sweeps
    }

    /// The sweep point of pictures without a sweep axis.
    pub fn base<'a>(&'a self, context: &'a Context) -> &'a [String] {
        let wanted = context.sweep_base.as_deref().filter(|b| self.sweeps.iter().any(|s| &**s == *b));
        wanted.or_else(|| self.sweeps.first().map(|s| &**s)).unwrap_or(&[])
    }

    /// Arms that have rows, in the context's order.
    pub fn arms(&self) -> Vec<&str> {
        let mut seen: Vec<&str> = self.rows.iter().map(|s| &*s.arm).collect();
        seen.dedup();
        seen
    }

    /// Values of ε of an arm (none first, ascending).
    pub fn epsilons(&self, arm: &str) -> Vec<Option<f64>> {
        let Some(number) = self.arms.find(arm) else { return Vec::new() };
        let mut seen: Vec<Epsilon> = self.index.keys().filter(|k| k.0 == number).map(|k| k.1).collect();
        seen.dedup();
        seen.into_iter().map(|e| e.0).collect()
    }

    /// The arm's ε nearest to `target` on a log scale; `None` inside if the arm has none.
    pub fn nearest_epsilon(&self, arm: &str, target: f64) -> Option<Option<f64>> {
        let distance = |e: &Option<f64>| e.map_or(0.0, |e| (libm::log(e) - libm::log(target)).abs());
        self.epsilons(arm).into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// One summary.
    pub fn get(
        &self,
        arm: &str,
        epsilon: Option<f64>,
        sweep: &[String],
        metric: &str,
        group: &str,
    ) -> Option<&Summary> {
        let key = (
            self.arms.find(arm)?,
            Epsilon(epsilon),
            self.sweeps.iter().position(|s| &**s == sweep)?,
            self.metrics.find(metric)?,
            self.groups.find(group)?,
        );
        self.index.get(&key).and_then(|i| self.rows.get(*i))
    }

    /// Whether any row has this metric.
    pub fn has_metric(&self, metric: &str) -> bool {
        self.metrics.find(metric).is_some()
    }

    /// Name of the reference arm.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    #[test]
    fn differences_are_paired() {
        // The replication effect (sd .02) dwarfs the arm effect (.01): unpaired intervals would be ten times wider.
        let context = fake::context();
        let all = Summaries::new(&fake::rows(&context), &context);
        let s = all.get("full-sharing", None, &[], "auc", "all").unwrap();
        let d = s.difference.unwrap();
        assert!((d.hi - d.lo) < 0.5 * (s.value.hi - s.value.lo), "{s:?}");
        assert!(all.get("bureau-only", None, &[], "auc", "all").unwrap().difference.is_none());
        // The twin: pair replication r with r + 1, and the gain is lost.
        let mut broken = fake::rows(&context);
        for row in broken.iter_mut().filter(|r| &*r.arm == "bureau-only") {
            row.replication = (row.replication + 1) % context.replications;
        }
        let all = Summaries::new(&broken, &context);
        let d = all.get("full-sharing", None, &[], "auc", "all").unwrap().difference.unwrap();
        assert!((d.hi - d.lo) > 0.5 * (s.value.hi - s.value.lo));
    }

    #[test]
    fn the_order_is_the_context_s_and_rows_may_come_in_any_order() {
        let context = fake::context();
        let rows = fake::rows(&context);
        let all = Summaries::new(&rows, &context);
        assert_eq!(all.arms(), context.arms.iter().map(|a| a.name.as_str()).collect::<Vec<_>>());
        let reversed: Vec<Row> = rows.iter().rev().cloned().collect();
        let other = Summaries::new(&reversed, &context);
        assert_eq!(all.arms(), other.arms());
        for s in all.rows() {
            let o = other.get(&s.arm, s.epsilon, &s.sweep, &s.metric, &s.group).unwrap();
            assert_eq!(format!("{s:?}"), format!("{o:?}"));
        }
    }

    #[test]
    fn groups_too_small_to_judge_are_not_summarised() {
        let small = |sweep: &[&str], repay: u64, applicants: u64| crate::evaluate::TooSmall {
            sweep: sweep.iter().map(|s| (*s).to_owned()).collect(),
            group: "file=none".into(),
            applicants,
            repay,
        };
        let found = |too_small| {
            let context = Context { too_small, ..fake::context() };
            let all = Summaries::new(&fake::rows(&context), &context);
            let there = |metric, group| all.get("opt-in", None, &[], metric, group).is_some();
            [
                there("auc", "file=none"),
                there("approval_at_cutoff", "file=none;cutoff=approval-rate"),
                there("auc", "all"),
            ]
        };
        assert_eq!(found(vec![small(&[], 19, 19)]), [false, false, true]);
        // The twins: another sweep point, and a group too small for metrics of good payers alone.
        assert_eq!(found(vec![small(&["0.1"], 19, 19)]), [true, true, true]);
        assert_eq!(found(vec![small(&[], 9, 20)]), [true, true, true]);
    }

    #[test]
    fn one_replication_has_no_interval_and_epsilons_are_sorted() {
        let context = Context { replications: 1, ..fake::context() };
        let all = Summaries::new(&fake::rows(&context), &context);
        assert!(all.rows().iter().all(|s| s.value.lo.is_nan()));
        let epsilons = all.epsilons("dp-model");
        assert!(epsilons.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(all.nearest_epsilon("dp-model", 1.1), Some(Some(1.0)));
        assert_eq!(all.nearest_epsilon("opt-in", 1.0), Some(None));
        assert_eq!(all.nearest_epsilon("nobody", 1.0), None);
    }
}
