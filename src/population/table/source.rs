//! Records of a file, one after the other: CSV, or Parquet by its extension.

use crate::error::{Error, Result};
use csv::ByteRecord;
use std::fs::File;
use std::path::Path;

/// What takes the records: (line, fields); the first record is the header.
pub(super) type Sink<'a> = &'a mut dyn FnMut(u64, &ByteRecord) -> Result<()>;

/// Reads CSV records from line `header_line` on. Lines count from 1, and a record has the line it starts on.
///
/// A byte order mark, CRLF and quoted fields are understood; empty lines are left out.
pub(super) fn csv_records(bytes: &[u8], delimiter: u8, header_line: u64, sink: Sink<'_>) -> Result<()> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    let mut record = ByteRecord::new();
    let other = |e: csv::Error| Error::Other(format!("cannot read CSV: {e}"));
    let (mut line, mut counted) = (1, 0);
    while reader.read_byte_record(&mut record).map_err(other)? {
        // The reader's own count gives a record after empty lines the first of these.
        let at = record.position().map_or(0, |p| p.byte() as usize).min(bytes.len());
        let start = at + bytes[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        line += bytes.get(counted..start).unwrap_or_default().split(|b| *b == b'\n').count() as u64 - 1;
        counted = start;
        if line >= header_line {
            sink(line, &record)?;
        }
    }
    Ok(())
}

/// Reads the rows of a flat Parquet file; the header is line 1, the first row line 2.
///
/// Compression: none or snappy. Nested columns and bytes count as text that is no number.
pub(super) fn parquet_records(path: &Path, sink: Sink<'_>) -> Result<()> {
    // The reader panics on some broken files: offsets below 0, for one.
    let read = std::panic::AssertUnwindSafe(|| rows(path, sink));
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = std::panic::catch_unwind(read);
    std::panic::set_hook(quiet);
    done.unwrap_or_else(|_| Err(Error::Other(format!("cannot read {}: a broken Parquet file", path.display()))))
}

fn rows(path: &Path, sink: Sink<'_>) -> Result<()> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let other = |e: parquet::errors::ParquetError| Error::Other(format!("cannot read {}: {e}", path.display()));
    let file = File::open(path).map_err(Error::io("read", path))?;
    let reader = SerializedFileReader::new(file).map_err(other)?;
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
