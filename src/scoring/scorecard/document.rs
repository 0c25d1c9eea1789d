//! A scorecard as one JSON file: bins, WoE, coefficients, scale (PDO, base score, base odds), points, imputation, columns,
//! and the map from a data file to the columns. Read back, it scores to the same bits.

use super::model::ScorecardModel;
use super::points::{Points, PointsParams};
use crate::error::{Error, Result};
use crate::scoring::scale::ScaleParams;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "pretick-scorecard";
const VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    format: String,
    version: u32,
    /// Where it comes from, in words.
    pub title: String,
    /// The column map as TOML (keys of `histories.source.table`); empty where there is none.
    pub column_map: String,
    /// The score scale.
    pub scale: ScaleParams,
    /// Base points and reasons.
    pub points: PointsParams,
    /// The model.
    pub model: ScorecardModel,
}

impl Document {
    /// Puts the parts together.
    pub fn new(
        title: &str,
        column_map: &str,
        scale: &ScaleParams,
        points: &PointsParams,
        model: ScorecardModel,
    ) -> Self {
        let (title, column_map) = (title.to_owned(), column_map.to_owned());
        let (scale, points) = (scale.clone(), points.clone());
        Self { format: FORMAT.into(), version: VERSION, title, column_map, scale, points, model }
    }

    /// The model on its scale.
    pub fn on_scale(&self) -> Result<Points<'_>> {
        Points::new(&self.model, &self.scale, &self.points)
    }

    /// As JSON.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        text.map(|t| t + "\n").map_err(|e| Error::Other(format!("cannot write the scorecard as JSON: {e}")))
    }

    /// From JSON; `name` stands for the file in errors.
    pub fn from_json(name: &str, text: &str) -> Result<Self> {
        let refuse = |e: String| Error::Other(format!("{name} is no scorecard that can be used: {e}"));
        let read: Self = serde_json::from_str(text).map_err(|e| refuse(e.to_string()))?;
        if read.format != FORMAT || read.version != VERSION {
            let message = format!("format {} {}, this program reads {FORMAT} {VERSION}", read.format, read.version);
            return Err(refuse(message));
        }
        let s = &read.scale;
        let positive = |v: f64| v.is_finite() && v > 0.0;
        if !positive(s.pdo)
            || !positive(s.base_odds)
            || ![s.base_score, s.lowest, s.highest].iter().all(|v| v.is_finite())
        {
            return Err(refuse(format!("a PDO of {} and base odds of {} must be above 0", s.pdo, s.base_odds)));
        }
        read.on_scale().map_err(|e| refuse(e.to_string()))?;
        Ok(read)
    }
}
