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

/// As [`csv_records`], for data of which no record may decide about others: an open quote ends with its line, unless what it takes in
/// is one record of the header's width, quoted by the rules (RFC 4180), of which no further line is a record of that width by itself.
/// Two broken lines that together are such a record are read as one. Takes time in proportion to the bytes.
pub(super) fn csv_records_apart(bytes: &[u8], delimiter: u8, header_line: u64, sink: Sink<'_>) -> Result<()> {
    let mut width = None;
    // Bytes from `first` to `at` wait to be read by one reader; `before` and `line` are the lines before these places.
    let (mut first, mut at, mut before, mut line) = (0, 0, 0, 0);
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let quoted = quoted_end(bytes, at, delimiter);
        if width.is_none() && line + 1 >= header_line && !matches!(bytes[at], b'\r' | b'\n') {
            width = Some(alone(&bytes[at..quoted.unwrap_or(end)], delimiter).len());
        }
        let apart = match quoted {
            Some(to) if to <= end => false,
            Some(to) => takes_in(bytes, (at, to), delimiter, width),
            None => true,
        };
        if apart {
            let skip = header_line.saturating_sub(before);
            csv_records(&bytes[first..at], delimiter, skip, &mut |l, record| sink(l + before, record))?;
            if line + 1 >= header_line {
                sink(line + 1, &alone(&bytes[at..end], delimiter))?;
            }
        }
        let next = if apart { end } else { quoted.unwrap_or(end) };
        line += lines(bytes, at, next);
        at = next;
        if apart {
            (first, before) = (at, line);
        }
    }
    let skip = header_line.saturating_sub(before);
    csv_records(&bytes[first..], delimiter, skip, &mut |l, record| sink(l + before, record))
}

/// Whether a record of several lines is not of the header's width, or takes in a line that is.
fn takes_in(bytes: &[u8], (start, end): (usize, usize), delimiter: u8, width: Option<usize>) -> bool {
    let Some(width) = width else { return false };
    let fits = |from: usize, to: usize| alone(&bytes[from..to], delimiter).len() == width;
    if !fits(start, end) {
        return true;
    }
    let mut from = line_end(bytes, start);
    while from < end {
        let to = line_end(bytes, from);
        if fits(from, to) {
            return true;
        }
        from = to;
    }
    false
}

/// Behind the end of the record that starts at `from`, where its quotes follow the rules: a quoted field ends before a delimiter or
/// with its line. `None` at the first quote that does not, and where none closes the last. A line that opens a quote closes one that
/// was open before it, or breaks the rules, so that no line is passed more than twice.
fn quoted_end(bytes: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    let mut at = from;
    loop {
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                at += bytes[at..].iter().position(|b| *b == b'"')? + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
            if bytes.get(at).is_some_and(|b| *b != delimiter && !matches!(b, b'\r' | b'\n')) {
                return None;
            }
        }
        at += bytes[at..].iter().take_while(|b| **b != delimiter && !matches!(b, b'\r' | b'\n')).count();
        match bytes.get(at) {
            Some(b) if *b == delimiter => at += 1,
            Some(_) => return Some(line_end(bytes, at)),
            None => return Some(at),
        }
    }
}

/// Behind the end of the line that `from` is in.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let Some(n) = bytes[from..].iter().position(|b| matches!(b, b'\r' | b'\n')) else { return bytes.len() };
    let end = from + n + 1;
    if bytes[end - 1] == b'\r' && bytes.get(end) == Some(&b'\n') { end + 1 } else { end }
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
