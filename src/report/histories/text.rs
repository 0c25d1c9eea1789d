//! Monthly rows as CSV.

use super::{Batch, Field, Value};
use std::io::Write;

/// The line of names.
pub(super) fn head(fields: &[Field]) -> String {
    let mut line = fields.iter().map(|f| f.name()).collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// The lines of a batch. No word needs quotes.
pub(super) fn encode(batch: &Batch, fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::with_capacity(batch.rows.len() * 224);
    for (p, m) in batch.rows() {
        for field in fields {
            // Writing to memory cannot fail.
            let _ = match field.value(p, m) {
                Value::Whole(_, v) => write!(out, "{v},"),
                Value::Real(v) | Value::MaybeReal(Some(v)) => write!(out, "{v},"),
                Value::MaybeByte(Some(v)) => write!(out, "{v},"),
                Value::MaybeByte(None) | Value::MaybeReal(None) => out.write_all(b","),
                Value::Word(w) => write!(out, "{w},"),
                Value::Flag(v) => out.write_all(if v { b"1," } else { b"0," }),
            };
        }
        out.pop();
        out.push(b'\n');
    }
    out
}
