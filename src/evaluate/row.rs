//! One tidy row, from evaluation to plot.

use std::sync::Arc;

/// One measured value.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Arm name.
    pub arm: Arc<str>,
    /// ε of the arm's release; `None` where the arm has none. Infinity is the noiseless twin.
    pub epsilon: Option<f64>,
    /// Values of the sweep keys, in the order of the scenario's `[sweep]` table, as TOML text.
    pub sweep: Arc<[String]>,
    /// Replication, from 0.
    pub replication: u32,
    /// Metric name, e.g. `auc`.
    pub metric: Arc<str>,
    /// `all`, `file=thin`, `group=protected`, `decile=3`, …
    pub group: Arc<str>,
    /// The value; NaN where it is undefined (an AUC of one class).
    pub value: f64,
}

/// Collects rows of one arm, ε, sweep point and replication.
#[derive(Clone, Debug)]
pub struct Emit {
    /// Arm name.
    pub arm: Arc<str>,
    /// ε.
    pub epsilon: Option<f64>,
    /// Sweep values.
    pub sweep: Arc<[String]>,
    /// Replication.
    pub replication: u32,
    /// The rows so far.
    pub rows: Vec<Row>,
    /// What a reader of the rows must know, each thing once.
    pub notes: Vec<String>,
}

impl Emit {
    /// Says something about the rows, or about those that are not there; once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds one value.
    pub fn add(&mut self, metric: &str, group: &Arc<str>, value: f64) {
        self.rows.push(Row {
            arm: self.arm.clone(),
            epsilon: self.epsilon,
            sweep: self.sweep.clone(),
            replication: self.replication,
            metric: Arc::from(metric),
            group: group.clone(),
            value,
        });
    }
}
