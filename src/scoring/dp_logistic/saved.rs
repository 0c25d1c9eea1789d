//! The model as JSON: public columns, the released row map and coefficients, and the same as one coefficient a term.
//!
//! `log-odds = intercept + Σ coefficientⱼ·termⱼ` holds but for what the row map does on top: whitened rows are rounded to its
//! grid and shortened to its norm. Scores read back are therefore computed from the row map, not from the coefficients.

use super::{Model, RowMap};
use crate::error::{Error, Result};
use crate::scoring::dp_rows::rows::MAX_NORM;
use crate::scoring::expand::Expansion;
use crate::scoring::saved::{FORMAT, Saved};
use crate::view::Column;
use serde::{Deserialize, Serialize};

/// Most columns of a design that is read back: its square is what is allocated.
const WIDEST: usize = 20_000;

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    scorer: String,
    /// Whether the noise left more than the public prior.
    learnt: bool,
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

pub(super) fn write(model: &Model) -> Option<serde_json::Value> {
    let coefficients = linear(&model.map, &model.theta);
    let names = model.expansion.names();
    let file = File {
        format: FORMAT.to_owned(),
        scorer: "dp-logistic".to_owned(),
        learnt: model.learnt,
        intercept: coefficients[0],
        coefficients: names
            .into_iter()
            .zip(&coefficients)
            .skip(1)
            .map(|(term, c)| Term { term, coefficient: *c })
            .collect(),
        columns: model.expansion.columns().to_vec(),
        row_map: model.map.clone(),
        theta: model.theta.clone(),
    };
    serde_json::to_value(&file).ok()
}

/// The model in `value`.
pub(in crate::scoring) fn read(value: &serde_json::Value) -> Result<Saved> {
    let file: File = File::deserialize(value).map_err(|e| Error::Other(format!("not a dp-logistic model: {e}")))?;
    let expansion = Expansion::new(&file.columns);
    let d = expansion.width() - 1;
    let map = &file.row_map;
    let finite = |v: &[f32]| v.iter().all(|x| x.is_finite());
    let sound = d < WIDEST
        && map.centre.len() == d
        && (map.a.is_empty() || map.a.len() == d * (d + 1) / 2)
        && file.theta.len() == d + 1
        && (1..=MAX_NORM).contains(&map.norm)
        && (0..map.norm).contains(&i32::from(map.constant))
        && map.unit > 0.0
        && finite(&[map.unit])
        && finite(&map.centre)
        && finite(&map.a)
        && finite(&file.theta);
    if !sound {
        return Err(Error::Other(
            "not a sound dp-logistic model: lengths, norms or numbers do not fit its columns (was the file edited?)"
                .into(),
        ));
    }
    let model = Model { expansion, map: file.row_map, theta: file.theta, learnt: file.learnt };
    Ok((Box::new(model), file.columns))
}
