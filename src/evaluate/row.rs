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
    /// How the value moves with the persons of a table; `None` where each replication has persons of its own.
    #[serde(skip)]
    pub influence: Option<Arc<Influence>>,
}

/// How one value moves when a block of a table's persons is not there: what says how much it depends on who is in the table.
/// NaN where the value without the block is undefined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Influence {
    /// Value without the block among those who are scored − value, one a block.
    pub scored: Vec<f32>,
    /// The value when a part of the persons was not learnt from − value.
    pub learnt: Option<Untaught>,
}

/// What a value moves by when blocks of persons are not learnt from: those whose number leaves `part` when divided by `parts`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Untaught {
    /// The part that is left out.
    pub part: u8,
    /// Parts.
    pub parts: u8,
    /// By how much the value moves.
    pub moved: f32,
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
    /// The same place without rows and notes.
    #[must_use]
    pub fn clone_empty(&self) -> Self {
        Self {
            arm: Arc::clone(&self.arm),
            epsilon: self.epsilon,
            sweep: Arc::clone(&self.sweep),
            replication: self.replication,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

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
            influence: None,
        });
    }
}
