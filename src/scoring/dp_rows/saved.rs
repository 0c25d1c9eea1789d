//! A linear model as JSON: public columns, the released row map and coefficients, and the same as one coefficient a term.
//!
//! `log-odds = intercept + Σ coefficientⱼ·termⱼ` holds but for what the row map does on top: whitened rows are rounded to its
//! grid and shortened to its norm. Scores read back are therefore computed from the row map, not from the coefficients.

use super::rows::{MAX_NORM, RowMap};
use crate::error::{Error, Result};
use crate::scoring::expand::Expansion;
use crate::scoring::saved::{FORMAT, sound_columns};
use crate::view::Column;
use serde::{Deserialize, Serialize};

/// Most columns of a design: its square is what is allocated, and norms of rows stay far within 16 bits.
pub(super) const WIDEST: usize = 20_000;

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    notes: Vec<String>,
    intercept: f64,
    coefficients: Vec<Term>,
    columns: Vec<Column>,
    row_map: RowMap,
    theta: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
struct Term {
    term: String,
    coefficient: f64,
}

/// The parts of a linear model.
pub(in crate::scoring) struct Linear {
    pub(in crate::scoring) expansion: Expansion,
    pub(in crate::scoring) map: RowMap,
    pub(in crate::scoring) theta: Vec<f32>,
    pub(in crate::scoring) notes: Vec<String>,
}

impl RowMap {
    /// Whether the map and coefficients, which may have come from a file, fit rows of `width` columns beside the constant.
    pub(in crate::scoring) fn fits(&self, width: usize, theta: &[f32]) -> bool {
        let finite = |v: &[f32]| v.iter().all(|x| x.is_finite());
        width < WIDEST
            && self.centre.len() == width
            && (self.a.is_empty() || self.a.len() == width * (width + 1) / 2)
            && theta.len() == width + 1
            && (1..=MAX_NORM).contains(&self.norm)
            && (0..self.norm).contains(&i32::from(self.constant))
            && self.unit > 0.0
            && finite(&[self.unit])
            && finite(&self.centre)
            && finite(&self.a)
            && finite(theta)
    }
}

/// One coefficient a term of the design, in log-odds; the intercept stands first.
fn linear(map: &RowMap, theta: &[f32]) -> Vec<f64> {
    let d = map.centre.len();
    let mut out = vec![0.0; d + 1];
    out[0] = f64::from(theta[0]) * f64::from(map.constant);
    let mut at = 0;
    for j in 0..d {
        let weight = f64::from(theta[j + 1]) * f64::from(map.unit);
        if map.a.is_empty() {
            out[j + 1] += weight;
        } else {
            for k in 0..=j {
                out[k + 1] += weight * f64::from(map.a[at + k]);
            }
            at += j + 1;
        }
    }
    out[0] -= map.centre.iter().zip(&out[1..]).map(|(c, b)| f64::from(*c) * b).sum::<f64>();
    out
}

/// The model of the scorer named `scorer`.
pub(in crate::scoring) fn write(
    scorer: &str,
    expansion: &Expansion,
    (map, theta): (&RowMap, &[f32]),
    notes: Vec<String>,
) -> Option<serde_json::Value> {
    let coefficients = linear(map, theta);
    let terms = expansion.names().into_iter().zip(&coefficients).skip(1);
    let file = File {
        format: FORMAT.to_owned(),
        scorer: scorer.to_owned(),
        notes,
        intercept: coefficients[0],
        coefficients: terms.map(|(term, c)| Term { term, coefficient: *c }).collect(),
        columns: expansion.columns().to_vec(),
        row_map: map.clone(),
        theta: theta.to_vec(),
    };
    serde_json::to_value(&file).ok()
}

/// The parts of the model in `value`.
pub(in crate::scoring) fn read(value: &serde_json::Value) -> Result<Linear> {
    let file: File = File::deserialize(value).map_err(|e| Error::Other(format!("not a linear model: {e}")))?;
    sound_columns(&file.columns)?;
    let expansion = Expansion::new(&file.columns);
    if !file.row_map.fits(expansion.width() - 1, &file.theta) {
        return Err(Error::Other(
            "not a sound model: lengths, norms or numbers do not fit its columns (was the file edited?)".into(),
        ));
    }
    Ok(Linear { expansion, map: file.row_map, theta: file.theta, notes: file.notes })
}
