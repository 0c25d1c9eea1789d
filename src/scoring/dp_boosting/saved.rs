//! The model as JSON: public columns with their edges, and the released tables.

use super::prior::Axis;
use super::train::{Table, Trained};
use super::{DpBoostingModel, PublicBins};
use crate::error::{Error, Result};
use crate::scoring::saved::{FORMAT, Saved, sound_columns};
use crate::view::Column;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    columns: Vec<Column>,
    edges: Vec<Vec<f32>>,
    base: f64,
    tables: Vec<Table>,
    strengths: Vec<f64>,
}

pub(super) fn write(model: &DpBoostingModel) -> Option<serde_json::Value> {
    let t = &model.trained;
    let file = File {
        format: FORMAT.to_owned(),
        scorer: "dp-boosting".to_owned(),
        columns: model.bins.columns().to_vec(),
        edges: model.bins.edges(),
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
    if !(file.base.is_finite() && file.strengths.len() == axes.len() && file.tables.iter().all(fits)) {
        return Err(edited());
    }
    let trained = Trained { base: file.base, tables: file.tables, axes, strengths: file.strengths };
    Ok((Box::new(DpBoostingModel { bins, trained }), file.columns))
}
