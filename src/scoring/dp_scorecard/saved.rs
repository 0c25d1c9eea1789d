//! The card as JSON: public columns with their edges, released evidence and weights, and the same as one number a bin.

use super::{Card, DpScorecardModel, PublicBins};
use crate::error::{Error, Result};
use crate::scoring::saved::{FORMAT, Saved, sound_columns};
use crate::view::Column;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    notes: Vec<String>,
    /// Log-odds where no row is shortened: the intercept plus one bin's share a column.
    intercept: f64,
    bins: Vec<Bin>,
    columns: Vec<Column>,
    edges: Vec<Vec<f32>>,
    evidence: Vec<f64>,
    card: Card,
}

#[derive(Serialize, Deserialize)]
struct Bin {
    bin: String,
    log_odds: f64,
}

pub(super) fn write(model: &DpScorecardModel) -> Option<serde_json::Value> {
    let file = File {
        format: FORMAT.to_owned(),
        scorer: "dp-scorecard".to_owned(),
        notes: model.notes.clone(),
        intercept: model.intercept(),
        bins: model.table().into_iter().map(|(bin, log_odds)| Bin { bin, log_odds }).collect(),
        columns: model.bins.columns().to_vec(),
        edges: model.bins.edges(),
        evidence: model.evidence.clone(),
        card: model.card.clone(),
    };
    serde_json::to_value(&file).ok()
}

/// The model in `value`.
pub(in crate::scoring) fn read(value: &serde_json::Value) -> Result<Saved> {
    let file: File = File::deserialize(value).map_err(|e| Error::Other(format!("not a dp-scorecard model: {e}")))?;
    sound_columns(&file.columns)?;
    let edited =
        || Error::Other("not a sound dp-scorecard model: numbers do not fit its columns (was the file edited?)".into());
    let bins = PublicBins::with_edges(&file.columns, &file.edges).ok_or_else(edited)?;
    let sound = file.evidence.len() == bins.cells()
        && file.evidence.iter().all(|e| e.is_finite())
        && match &file.card {
            Card::Equal(intercept, weight) => intercept.is_finite() && weight.is_finite(),
            Card::Learnt(w) => w.map.fits(bins.width(), &w.theta) && !w.map.a.is_empty(),
        };
    if !sound {
        return Err(edited());
    }
    let model = DpScorecardModel { bins, evidence: file.evidence, card: file.card, notes: file.notes };
    Ok((Box::new(model), file.columns))
}
