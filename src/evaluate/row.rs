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
