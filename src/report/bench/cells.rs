//! Rows of a bench by scorer, ε and metric.

use super::csv::Row;
use super::inference::{Estimate, Replicates, median};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by (seed, fold).
pub type Values = BTreeMap<(u32, u32), f64>;

/// A scorer at one ε.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Entrant {
    /// Scorer.
    pub scorer: Arc<str>,
    /// ε; `None` without privacy.
    pub epsilon: Option<f64>,
}

impl Entrant {
    /// `dp-logistic at ε = 1`.
    pub fn words(&self) -> String {
        match self.epsilon {
            Some(e) => format!("{} at ε = {}", self.scorer, crate::report::table::epsilon_text(e)),
            None => self.scorer.to_string(),
        }
    }

    fn is(&self, scorer: &str, epsilon: Option<f64>) -> bool {
        *self.scorer == *scorer && self.epsilon.map(f64::to_bits) == epsilon.map(f64::to_bits)
    }
}

/// All rows, looked up by scorer, ε and metric; entrants and metrics in the order of their first row.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Scorers at each ε.
    pub entrants: Vec<Entrant>,
    /// Metrics.
    pub metrics: Vec<Arc<str>>,
    values: BTreeMap<(usize, usize), Values>,
}

impl Cells {
    /// Sorts rows into cells.
    pub fn new(rows: &[Row]) -> Self {
        let mut cells = Self::default();
        for row in rows {
            // Rows of one cell mostly stand together: the last entrant is the likeliest.
            let found = cells.entrants.iter().rposition(|e| e.is(&row.scorer, row.epsilon));
            let entrant = found.unwrap_or_else(|| {
                cells.entrants.push(Entrant { scorer: Arc::clone(&row.scorer), epsilon: row.epsilon });
                cells.entrants.len() - 1
            });
            let metric = cells.metrics.iter().position(|m| *m == row.metric).unwrap_or_else(|| {
                cells.metrics.push(Arc::clone(&row.metric));
                cells.metrics.len() - 1
            });
            cells.values.entry((entrant, metric)).or_default().insert((row.seed, row.fold), row.value);
        }
        cells
    }

    /// Position of an entrant.
    pub fn position(&self, scorer: &str, epsilon: Option<f64>) -> Option<usize> {
        self.entrants.iter().position(|e| e.is(scorer, epsilon))
    }

    /// Values of an entrant; empty where there are none.
    pub fn values(&self, entrant: usize, metric: &str) -> &Values {
        static NONE: Values = Values::new();
        let metric = self.metrics.iter().position(|m| **m == *metric);
        metric.and_then(|m| self.values.get(&(entrant, m))).unwrap_or(&NONE)
    }

    /// Scorers, each once.
    pub fn scorers(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for e in &self.entrants {
            if !out.contains(&&*e.scorer) {
                out.push(&e.scorer);
            }
        }
        out
    }

    /// Entrants of a scorer.
    pub fn of<'a>(&'a self, scorer: &'a str) -> impl Iterator<Item = usize> + 'a {
        (0..self.entrants.len()).filter(move |i| *self.entrants[*i].scorer == *scorer)
    }

    /// Values of ε, ascending.
    pub fn epsilons(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.entrants.iter().filter_map(|e| e.epsilon).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    /// Mean and interval of one metric.
    pub fn estimate(&self, entrant: usize, metric: &str, replicates: Replicates) -> Estimate {
        Estimate::of(&by_seed(self.values(entrant, metric)), replicates)
    }

    /// Median over the folds.
    pub fn median(&self, entrant: usize, metric: &str) -> f64 {
        median(self.values(entrant, metric).values().copied())
    }

    /// Greatest finite value over the folds; NaN of none.
    pub fn greatest(&self, entrant: usize, metric: &str) -> f64 {
        let values = self.values(entrant, metric).values().copied();
        values.filter(|v| v.is_finite()).fold(f64::NAN, f64::max)
    }

    /// One JSON object a scorer, ε and metric.
    pub fn summaries(&self, replicates: Replicates) -> Vec<serde_json::Value> {
        let all = (0..self.entrants.len()).flat_map(|i| self.metrics.iter().map(move |m| (i, m)));
        all.filter(|(i, m)| !self.values(*i, m).is_empty())
            .map(|(i, m)| {
                serde_json::json!({
                    "scorer": &*self.entrants[i].scorer, "epsilon": self.entrants[i].epsilon, "metric": &**m,
                    "value": self.estimate(i, m, replicates), "median": self.median(i, m),
                })
            })
            .collect()
    }

    /// Fits that failed.
    pub fn failed(&self, entrant: usize) -> usize {
        self.values(entrant, "failed").len()
    }
}

/// (seed, value), seeds together.
pub fn by_seed(values: &Values) -> Vec<(u32, f64)> {
    values.iter().map(|((seed, _), v)| (*seed, *v)).collect()
}

/// Differences a − b over the folds that both have. What differs by rounding alone does not differ.
pub fn paired(a: &Values, b: &Values) -> Vec<(u32, f64)> {
    let less = |a: f64, b: f64| if (a - b).abs() <= ROUNDING * a.abs().max(b.abs()) { 0.0 } else { a - b };
    a.iter().filter_map(|(at, v)| Some((at.0, less(*v, *b.get(at)?)))).collect()
}

/// Relative size of what sums in another order may differ by.
const ROUNDING: f64 = 1e-12;
