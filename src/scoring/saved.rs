//! Models as JSON: written by [`Fitted::export`], read back here for scoring.
//!
//! The word under `scorer` says who can read the rest. What is read is checked before it is used: a file can be edited.

use super::{Fitted, dp_adassp, dp_boosting, dp_ebm, dp_logistic, dp_quality, dp_scorecard};
use crate::error::{Error, Result};
use crate::view::{Column, PlatformView};

/// What a file of a model says it is.
pub const FORMAT: &str = "pretick-model-1";

/// A model that scores platform views, and the columns that it reads.
pub type Saved = (Box<dyn Fitted<PlatformView>>, Vec<Column>);

/// The model in `value`; fails in words where it is none.
pub fn read(value: &serde_json::Value) -> Result<Saved> {
    let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str).unwrap_or("nothing");
    if text("format") != FORMAT {
        return Err(Error::Other(format!("not a model: format is {}, expected {FORMAT}", text("format"))));
    }
    let (model, columns) = match text("scorer") {
        "dp-logistic" => dp_logistic::read(value),
        "dp-adassp" => dp_adassp::read(value),
        "dp-scorecard" => dp_scorecard::read(value),
        "dp-boosting" => dp_boosting::read(value),
        "dp-ebm" => dp_ebm::read(value),
        other => Err(Error::Other(format!(
            "a model of scorer {other} cannot be read back; known: dp-logistic, dp-adassp, dp-scorecard, dp-boosting, dp-ebm"
        ))),
    }?;
    Ok((dp_quality::read(value, model)?, columns))
}

/// Refuses columns whose bounds are no interval.
pub(super) fn sound_columns(columns: &[Column]) -> Result<()> {
    match columns.iter().find(|c| !(c.lo.is_finite() && c.hi.is_finite() && c.lo <= c.hi)) {
        None => Ok(()),
        Some(c) => Err(Error::Other(format!("column {} of the model is bounded by {} and {}", c.name, c.lo, c.hi))),
    }
}

#[cfg(test)]
#[path = "saved_tests.rs"]
mod tests;
