//! Records of a file, one after the other: CSV, or Parquet by its extension. A file is read once, into memory: what is hashed is
//! what is read, and a pipe does as well as a file.

use crate::error::{Error, Result};
use bytes::Bytes;
use csv::ByteRecord;

/// What takes the records: (line, fields); the first record is the header.
pub(super) type Sink<'a> = &'a mut dyn FnMut(u64, &ByteRecord) -> Result<()>;

/// Reads CSV records from line `header_line` on. Lines count from 1, and a record has the line it starts on.
///
/// A byte order mark, CRLF and quoted fields are understood; empty lines are left out.
pub(super) fn csv_records(bytes: &[u8], delimiter: u8, header_line: u64, sink: Sink<'_>) -> Result<()> {
    let mut reader = reader(bytes, delimiter);
    let mut record = ByteRecord::new();
    let (mut line, mut counted) = (1, 0);
    while reader.read_byte_record(&mut record).map_err(|e| no_csv(&e))? {
        let start = first_byte(&record, bytes);
        line += lines(bytes, counted, start);
        counted = start;
        if line >= header_line {
            sink(line, &record)?;
        }
    }
    Ok(())
}

/// As [`csv_records`], for data of which no record may decide about others: an open quote takes in no line that is a record of the
/// header's width by itself. Where it would, the line it stands on is a record of its own, whatever it holds.
pub(super) fn csv_records_apart(bytes: &[u8], delimiter: u8, header_line: u64, sink: Sink<'_>) -> Result<()> {
    let mut width = None;
    let mut rest = bytes;
    // Lines before `rest`.
    let mut before = 0;
    while let Some(torn) =
        torn_record(rest, delimiter, header_line.saturating_sub(before), &mut width, &mut |line, r| {
            sink(line + before, r)
        })?
    {
        let end = line_end(rest, torn.start);
        let first = alone(&rest[torn.start..end], delimiter);
        sink(torn.line + before, &first)?;
        before += torn.line;
        rest = &rest[end..];
    }
    Ok(())
}

/// Where a record starts that takes in others.
struct Torn {
    start: usize,
    line: u64,
}

/// Reads records up to the first that takes in others, which is left to the caller.
fn torn_record(
    bytes: &[u8],
    delimiter: u8,
    header_line: u64,
    width: &mut Option<usize>,
    sink: Sink<'_>,
) -> Result<Option<Torn>> {
    let mut reader = reader(bytes, delimiter);
    let mut record = ByteRecord::new();
    let (mut line, mut counted) = (1, 0);
    while reader.read_byte_record(&mut record).map_err(|e| no_csv(&e))? {
        let start = first_byte(&record, bytes);
        line += lines(bytes, counted, start);
        counted = start;
        if line < header_line {
            continue;
        }
        let end = (reader.position().byte() as usize).min(bytes.len());
        let wide = *width.get_or_insert(record.len());
        let takes_in = |from: usize| alone(&bytes[from..line_end(bytes, from)], delimiter).len() == wide;
        let mut from = line_end(bytes, start);
        while from < end {
            if record.len() != wide || takes_in(from) {
                return Ok(Some(Torn { start, line }));
            }
            from = line_end(bytes, from);
        }
        sink(line, &record)?;
    }
    Ok(None)
}

/// Behind the end of the line that `from` is in.
fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| from + n + 1)
}

/// A line by itself.
fn alone(line: &[u8], delimiter: u8) -> ByteRecord {
    let mut record = ByteRecord::new();
    // Reading from memory fails on nothing.
    let _ = reader(line, delimiter).read_byte_record(&mut record);
    record
}

fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes)
}

fn no_csv(e: &csv::Error) -> Error {
    Error::Other(format!("cannot read CSV: {e}"))
}

/// The reader's own count gives a record after empty lines the first of these.
fn first_byte(record: &ByteRecord, bytes: &[u8]) -> usize {
    let at = record.position().map_or(0, |p| p.byte() as usize).min(bytes.len());
    at + bytes[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// Lines that end between two places.
fn lines(bytes: &[u8], from: usize, to: usize) -> u64 {
    bytes.get(from..to).unwrap_or_default().split(|b| *b == b'\n').count() as u64 - 1
}

/// Reads the rows of a flat Parquet file; the header is line 1, the first row line 2. `name` stands for the file in errors.
///
/// Compression: none or snappy. Nested columns and bytes count as text that is no number.
pub(super) fn parquet_records(name: &str, bytes: &[u8], sink: Sink<'_>) -> Result<()> {
    // The reader panics on some broken files: offsets below 0, for one.
    let read = std::panic::AssertUnwindSafe(|| rows(name, bytes, sink));
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = std::panic::catch_unwind(read);
    std::panic::set_hook(quiet);
    done.unwrap_or_else(|_| Err(Error::Other(format!("cannot read {name}: a broken Parquet file"))))
}

fn rows(name: &str, bytes: &[u8], sink: Sink<'_>) -> Result<()> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let other = |e: parquet::errors::ParquetError| Error::Other(format!("cannot read {name}: {e}"));
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(other)?;
    let schema = reader.metadata().file_metadata().schema();
    let header: ByteRecord = schema.get_fields().iter().map(|f| f.name().as_bytes()).collect();
    sink(1, &header)?;
    for (i, row) in reader.get_row_iter(None).map_err(other)?.enumerate() {
        let mut record = ByteRecord::new();
        for (_, field) in row.map_err(other)?.get_column_iter() {
            let text = match field {
                Field::Null => String::new(),
                Field::Bool(b) => u8::from(*b).to_string(),
                Field::Str(text) => text.clone(),
                Field::Float(v) => v.to_string(),
                Field::Double(v) => v.to_string(),
                other => other.to_string(),
            };
            record.push_field(text.as_bytes());
        }
        sink(i as u64 + 2, &record)?;
    }
    Ok(())
}
