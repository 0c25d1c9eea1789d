//! The model as JSON: public columns with their edges, and one number a bin.

use super::{DpEbmModel, PublicBins};
use crate::error::{Error, Result};
use crate::scoring::saved::{FORMAT, Saved, sound_columns};
use crate::view::Column;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    notes: Vec<String>,
    intercept: f64,
    /// In the order of the columns and their edges.
    bins: Vec<Bin>,
    columns: Vec<Column>,
    edges: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
struct Bin {
    bin: String,
    log_odds: f64,
}

pub(super) fn write(model: &DpEbmModel) -> Option<serde_json::Value> {
    let file = File {
        format: FORMAT.to_owned(),
        scorer: "dp-ebm".to_owned(),
        notes: model.notes.clone(),
        intercept: model.intercept,
        bins: model.table().into_iter().map(|(bin, log_odds)| Bin { bin, log_odds }).collect(),
        columns: model.bins.columns().to_vec(),
        edges: model.bins.edges(),
    };
    serde_json::to_value(&file).ok()
}

/// The model in `value`.
pub(in crate::scoring) fn read(value: &serde_json::Value) -> Result<Saved> {
    let file: File = File::deserialize(value).map_err(|e| Error::Other(format!("not a dp-ebm model: {e}")))?;
    sound_columns(&file.columns)?;
    let edited =
        || Error::Other("not a sound dp-ebm model: numbers do not fit its columns (was the file edited?)".into());
    let bins = PublicBins::with_edges(&file.columns, &file.edges).ok_or_else(edited)?;
    let points: Vec<f64> = file.bins.iter().map(|b| b.log_odds).collect();
    if points.len() != bins.cells() || !points.iter().chain([&file.intercept]).all(|p| p.is_finite()) {
        return Err(edited());
    }
    let model = DpEbmModel { bins, intercept: file.intercept, points, notes: file.notes };
    Ok((Box::new(model), file.columns))
}
