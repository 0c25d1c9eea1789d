//! The model as JSON: public columns with their edges, and the released tables.

use super::prior::Axis;
use super::train::{Table, Trained};
use super::{DpBoostingModel, Model, PublicBins, Start};
use crate::error::{Error, Result};
use crate::scoring::Fitted;
use crate::scoring::saved::{FORMAT, Saved, sound_columns};
use crate::view::Column;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    columns: Vec<Column>,
    edges: Vec<Vec<f32>>,
    /// Log-odds that everybody starts from, where there is no linear part.
    level: Option<f64>,
    /// The linear part, a model of its own.
    linear: Option<serde_json::Value>,
    base: f64,
    tables: Vec<Table>,
    strengths: Vec<f64>,
}

pub(super) fn write(model: &DpBoostingModel) -> Option<serde_json::Value> {
    let t = &model.trained;
    let (level, linear) = match &model.start {
        Start::Level(level) => (Some(*level), None),
        Start::Linear(model) => (None, Some(model.export()?)),
    };
    let file = File {
        format: FORMAT.to_owned(),
        scorer: "dp-boosting".to_owned(),
        columns: model.bins.columns().to_vec(),
        edges: model.bins.edges(),
        level,
        linear,
        base: t.base,
        tables: t.tables.clone(),
        strengths: t.strengths.clone(),
    };
    serde_json::to_value(&file).ok()
}

/// The model in `value`.
pub(in crate::scoring) fn read(value: &serde_json::Value) -> Result<Saved> {
    let file: File = File::deserialize(value).map_err(|e| Error::Other(format!("not a dp-boosting model: {e}")))?;
    sound_columns(&file.columns)?;
    let edited =
        || Error::Other("not a sound dp-boosting model: tables do not fit its columns (was the file edited?)".into());
    let bins = PublicBins::with_edges(&file.columns, &file.edges).ok_or_else(edited)?;
    let axes = Axis::all(&bins);
    let fits = |t: &Table| {
        let cells = t.columns.iter().try_fold(1usize, |n, j| n.checked_mul(axes.get(*j)?.bins()));
        !t.columns.is_empty() && cells == Some(t.values.len()) && t.values.iter().all(|v| v.is_finite())
    };
    let start = match (file.level, &file.linear) {
        (Some(level), None) if level.is_finite() => Start::Level(level),
        (None, Some(linear)) => Start::Linear(Model::read(linear)?),
        _ => return Err(edited()),
    };
    if matches!(&start, Start::Linear(model) if model.columns() != file.columns) {
        return Err(edited());
    }
    if !(file.base.is_finite() && file.strengths.len() == axes.len() && file.tables.iter().all(fits)) {
        return Err(edited());
    }
    let trained = Trained { base: file.base, tables: file.tables, axes, strengths: file.strengths };
    Ok((Box::new(DpBoostingModel { bins, start, trained }), file.columns))
}
