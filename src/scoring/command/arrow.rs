//! Tables as Arrow IPC streams: rows out, PDs in.

use super::table::{LABEL, PD, counted, probability};
use crate::view::Frame;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch, UInt8Array};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of one batch.
const BATCH: usize = 1 << 16;

/// Columns of 32-bit floats (missing values null) and the label as an unsigned byte.
pub(super) fn write(out: &mut dyn Write, frame: &Frame, labels: Option<&[bool]>) -> io::Result<()> {
    let mut fields: Vec<Field> = frame.columns().iter().map(|c| Field::new(&c.name, DataType::Float32, true)).collect();
    fields.extend(labels.map(|_| Field::new(LABEL, DataType::UInt8, false)));
    let schema = Arc::new(Schema::new(fields));
    let mut stream = StreamWriter::try_new(out, &schema).map_err(as_io)?;
    for start in (0..frame.rows()).step_by(BATCH) {
        let rows = start..(start + BATCH).min(frame.rows());
        let present = |x: &f32| (!x.is_nan()).then_some(*x);
        let mut arrays: Vec<ArrayRef> = (0..frame.width())
            .map(|j| Arc::new(frame.column(j)[rows.clone()].iter().map(present).collect::<Float32Array>()) as ArrayRef)
            .collect();
        if let Some(labels) = labels {
            arrays.push(Arc::new(labels[rows].iter().map(|y| Some(u8::from(*y))).collect::<UInt8Array>()));
        }
        stream.write(&RecordBatch::try_new(schema.clone(), arrays).map_err(as_io)?).map_err(as_io)?;
    }
    stream.finish().map_err(as_io)
}

/// The PDs of the column `pd` of a stream.
pub(super) fn read(answer: &[u8], rows: usize) -> Result<Vec<f64>, String> {
    let broken = |e: ArrowError| format!("its answer is no Arrow IPC stream that can be read: {e}");
    let stream = StreamReader::try_new(answer, None).map_err(broken)?;
    let schema = stream.schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    if names != [PD] {
        return Err(format!("its answer has the columns {names:?}, expected one, `{PD}`"));
    }
    let mut pds = Vec::with_capacity(rows);
    for batch in stream {
        let batch = batch.map_err(broken)?;
        let column = batch.column(0);
        for row in 0..column.len() {
            let value = match column.data_type() {
                _ if column.is_null(row) => None,
                DataType::Float64 => Some(column.as_primitive::<Float64Type>().value(row)),
                DataType::Float32 => Some(f64::from(column.as_primitive::<Float32Type>().value(row))),
                other => return Err(format!("the column `{PD}` of its answer is {other}, expected Float64")),
            };
            let shown = || value.map_or("null".to_owned(), |v| v.to_string());
            pds.push(value.and_then(probability).ok_or_else(|| {
                format!("row {} of its answer is {}, which is no PD: a number from 0 to 1", pds.len() + 1, shown())
            })?);
        }
    }
    counted(pds, rows)
}

fn as_io(e: ArrowError) -> io::Error {
    io::Error::other(e)
}
