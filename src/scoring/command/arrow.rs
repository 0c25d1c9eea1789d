//! Tables as Arrow IPC streams: rows out, PDs in.

use super::table::{LABEL, PD, counted, probability};
use crate::view::Frame;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt8Array};
use arrow_ipc::writer::StreamWriter;
use arrow_ipc::{Endianness, Message, MessageHeader, Precision, RecordBatch as ArrowBatch, root_as_message};
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

type Words<T> = Result<T, String>;

const BROKEN: &str = "its answer is no Arrow IPC stream";

/// The PDs of the column `pd` of a stream. Read message by message with every bound checked, because the crate's own reader
/// panics on damaged streams.
pub(super) fn read(answer: &[u8], rows: usize) -> Words<Vec<f64>> {
    let mut rest = answer;
    let mut precision = None;
    let mut pds = Vec::with_capacity(rows);
    while let Some(metadata) = next_metadata(&mut rest)? {
        let message = root_as_message(metadata).map_err(|e| format!("{BROKEN}: {e}"))?;
        let body = take(&mut rest, message.bodyLength())?;
        match (message.header_type(), precision) {
            (MessageHeader::Schema, None) => precision = Some(precision_of(&message)?),
            (MessageHeader::RecordBatch, Some(precision)) => {
                let batch = message.header_as_record_batch().ok_or(BROKEN)?;
                read_batch(&batch, body, precision, &mut pds)?;
            }
            (other, _) => return Err(format!("{BROKEN} of a schema and batches: it has a {other:?}")),
        }
    }
    if precision.is_none() {
        return Err(format!("{BROKEN}: it has no schema"));
    }
    counted(pds, rows)
}

/// The next `length` bytes.
fn take<'a>(rest: &mut &'a [u8], length: i64) -> Words<&'a [u8]> {
    let length = usize::try_from(length).ok().filter(|n| *n <= rest.len());
    let (taken, after) = rest.split_at(length.ok_or_else(|| format!("{BROKEN}: it is cut off"))?);
    *rest = after;
    Ok(taken)
}

/// The next message's description; `None` at the end of the stream. Its length stands after four bytes 0xff.
fn next_metadata<'a>(rest: &mut &'a [u8]) -> Words<Option<&'a [u8]>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut number = || take(rest, 4).map(|b| b.iter().rev().fold(0i64, |n, b| n << 8 | i64::from(*b)));
    if number()? != 0xffff_ffff {
        return Err(BROKEN.into());
    }
    match number()? {
        0 => Ok(None),
        length => take(rest, length).map(Some),
    }
}

/// Whether the only column, `pd`, holds 64-bit or 32-bit floats.
fn precision_of(message: &Message<'_>) -> Words<Precision> {
    let schema = message.header_as_schema().ok_or(BROKEN)?;
    let fields = schema.fields().ok_or(BROKEN)?;
    let names: Vec<&str> = fields.iter().filter_map(|f| f.name()).collect();
    if names != [PD] || fields.len() != 1 {
        return Err(format!("its answer has the columns {names:?}, expected one, `{PD}`"));
    }
    let field = fields.get(0);
    let precision = field.type_as_floating_point().map(|f| f.precision());
    match precision {
        Some(precision @ (Precision::DOUBLE | Precision::SINGLE))
            if schema.endianness() == Endianness::Little && field.dictionary().is_none() =>
        {
            Ok(precision)
        }
        _ => Err(format!("the column `{PD}` of its answer is {:?}, expected float64", field.type_type())),
    }
}

fn read_batch(batch: &ArrowBatch<'_>, body: &[u8], precision: Precision, pds: &mut Vec<f64>) -> Words<()> {
    if batch.compression().is_some() {
        return Err("its answer is compressed, expected plain buffers".into());
    }
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else { return Err(BROKEN.into()) };
    if nodes.len() != 1 || buffers.len() != 2 {
        return Err(format!("{BROKEN} of one column"));
    }
    let buffer = |k: usize, bytes: i64| {
        let mut rest = body;
        take(&mut rest, buffers.get(k).offset())?;
        take(&mut rest, bytes)
    };
    let (length, width) = (nodes.get(0).length(), if precision == Precision::DOUBLE { 8 } else { 4 });
    let cells = buffer(1, length.saturating_mul(width))?;
    let present = match nodes.get(0).null_count() {
        0 => None,
        _ => Some(buffer(0, length.saturating_add(7) / 8)?),
    };
    for (i, cell) in cells.chunks_exact(width as usize).enumerate() {
        let value = match (present.is_none_or(|bits| bits[i / 8] >> (i % 8) & 1 == 1), cell) {
            (false, _) => None,
            (true, &[a, b, c, d]) => Some(f64::from(f32::from_le_bytes([a, b, c, d]))),
            (true, &[a, b, c, d, e, f, g, h]) => Some(f64::from_le_bytes([a, b, c, d, e, f, g, h])),
            _ => return Err(BROKEN.into()),
        };
        let shown = || value.map_or("null".to_owned(), |v| v.to_string());
        pds.push(value.and_then(probability).ok_or_else(|| {
            format!("row {} of its answer is {}, which is no PD: a number from 0 to 1", pds.len() + 1, shown())
        })?);
    }
    Ok(())
}

fn as_io(e: ArrowError) -> io::Error {
    io::Error::other(e)
}
