//! Tables as CSV: rows out, PDs in. The numbers' text is the shortest that reads back to the same bits.

use crate::view::{Column, Frame};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Name of the outcome's column in a training table.
pub const LABEL: &str = "label";
/// Name of the column of an answer.
pub const PD: &str = "pd";

/// Most bytes of one PD in an answer: room for many more digits than a number has.
const PD_BYTES: u64 = 64;

/// Most bytes of an answer for so many rows.
pub(super) fn longest_answer(rows: usize) -> u64 {
    (1 << 16) + PD_BYTES * rows as u64
}

/// A header of column names and a line a row; missing values are empty, and `label` is 0 or 1.
pub(super) fn write_csv(out: &mut dyn Write, frame: &Frame, labels: Option<&[bool]>) -> io::Result<()> {
    let names = frame.columns().iter().map(|c| c.name.as_str()).chain(labels.map(|_| LABEL));
    csv::Writer::from_writer(&mut *out).write_record(names)?;
    let columns: Vec<&[f32]> = (0..frame.width()).map(|j| frame.column(j)).collect();
    let mut line = String::new();
    for row in 0..frame.rows() {
        line.clear();
        for (j, column) in columns.iter().enumerate() {
            if j > 0 {
                line.push(',');
            }
            push_number(&mut line, column[row]);
        }
        if let Some(labels) = labels {
            line.push_str(if labels[row] { ",1" } else { ",0" });
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn push_number(line: &mut String, v: f32) {
    // Writing to a text cannot fail.
    let _ = if v.is_nan() {
        Ok(())
    } else if v != 0.0 && v.is_finite() && !(1e-5..1e16).contains(&v.abs()) {
        write!(line, "{v:e}")
    } else {
        write!(line, "{v}")
    };
}

/// The PDs of an answer: a header `pd` and a number from 0 to 1 a row, `rows` of them. The error says line and value.
pub(super) fn read_csv(answer: &[u8], rows: usize) -> Result<Vec<f64>, String> {
    let text = std::str::from_utf8(answer).map_err(|_| "its answer is no UTF-8 text".to_owned())?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or("").trim();
    if header.trim_matches('"') != PD {
        return Err(format!(
            "the first line of its answer is {}, expected `{PD}` (one column, then a PD a row)",
            quoted(header)
        ));
    }
    let mut pds = Vec::with_capacity(rows);
    for (at, line) in lines.enumerate() {
        let value = line.trim();
        if value.is_empty() && pds.len() == rows {
            continue;
        }
        let pd = value.parse().ok().and_then(probability);
        pds.push(pd.ok_or_else(|| {
            format!("line {} of its answer is {}, which is no PD: a number from 0 to 1", at + 2, quoted(value))
        })?);
    }
    counted(pds, rows)
}

/// A PD as the lender uses it: from 0 to 1, without a negative zero.
pub(super) fn probability(v: f64) -> Option<f64> {
    // −0 + 0 is +0.
    (0.0..=1.0).contains(&v).then_some(v + 0.0)
}

pub(super) fn counted(pds: Vec<f64>, rows: usize) -> Result<Vec<f64>, String> {
    if pds.len() == rows {
        return Ok(pds);
    }
    let which = if pds.len() < rows { "few" } else { "many" };
    Err(format!("too {which} PDs: {rows} rows were given, {} PDs came back", pds.len()))
}

/// A value of a stranger in a message: short, and without characters that steer a terminal.
fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = value.chars().take(LONGEST).map(|c| if c.is_control() { '·' } else { c }).collect();
    if value.chars().count() > LONGEST {
        shown.push('…');
    }
    if shown.is_empty() { "empty".to_owned() } else { format!("`{shown}`") }
}

/// `columns.json`: what is publicly known of each column.
pub(super) fn public_knowledge(columns: &[Column]) -> serde_json::Value {
    let about = |c: &Column| {
        serde_json::json!({
            "name": c.name, "lo": c.lo, "hi": c.hi, "steps": c.steps, "knots": c.knots, "levels": c.levels,
            "special": c.special, "missing": c.missing, "trend": c.trend,
        })
    };
    serde_json::Value::Array(columns.iter().map(about).collect())
}
