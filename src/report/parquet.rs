//! `results.parquet`: the rows of `results.csv` for those who read tables by column.
//!
//! Low-level writer (no arrow), Snappy, row groups of [`ROW_GROUP`] rows; ε and value are null where the CSV is empty.
//! The scenario's hash stands in the key–value metadata.

use crate::evaluate::Row;
use ::parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{Type, TypePtr};
use std::io::{self, Write};
use std::sync::Arc;

/// Rows in a row group.
pub const ROW_GROUP: usize = 1 << 17;

/// Writes `results.parquet`; `metadata` are key–value pairs for the footer.
pub fn write_results(
    out: impl Write + Send,
    rows: &[Row],
    sweep_keys: &[String],
    metadata: &[(&str, String)],
) -> io::Result<()> {
    write(out, rows, sweep_keys, metadata, ROW_GROUP).map_err(system)
}

/// The system's own reason (a full disk) is what the user must see.
pub(super) fn system(e: ParquetError) -> io::Error {
    match e {
        ParquetError::External(inner) => {
            inner.downcast::<io::Error>().map_or_else(io::Error::other, |e| io::Error::new(e.kind(), e.to_string()))
        }
        e => io::Error::other(e),
    }
}

fn write(
    out: impl Write + Send,
    rows: &[Row],
    sweep_keys: &[String],
    metadata: &[(&str, String)],
    row_group: usize,
) -> Result<(), ParquetError> {
    let pairs = metadata.iter().map(|(k, v)| KeyValue::new((*k).to_owned(), v.clone())).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("pretick {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(pairs))
        .build();
    let mut file = SerializedFileWriter::new(out, schema(sweep_keys)?, Arc::new(properties))?;
    for chunk in rows.chunks(row_group) {
        let mut group = file.next_row_group()?;
        texts(&mut group, chunk, |r| &r.arm)?;
        numbers(&mut group, chunk, |r| r.epsilon)?;
        for key in 0..sweep_keys.len() {
            texts(&mut group, chunk, |r| r.sweep.get(key).map_or("", String::as_str))?;
        }
        let replications: Vec<i32> = chunk.iter().map(|r| r.replication.cast_signed()).collect();
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int32Type>().write_batch(&replications, None, None)?;
            column.close()?;
        }
        texts(&mut group, chunk, |r| &r.metric)?;
        texts(&mut group, chunk, |r| &r.group)?;
        numbers(&mut group, chunk, |r| (!r.value.is_nan()).then_some(r.value))?;
        group.close()?;
    }
    file.close().map(|_| ())
}

fn schema(sweep_keys: &[String]) -> Result<TypePtr, ParquetError> {
    let text = |name: &str| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(LogicalType::String))
            .with_converted_type(ConvertedType::UTF8)
            .build()
    };
    let number =
        |name: &str| Type::primitive_type_builder(name, Physical::DOUBLE).with_repetition(Repetition::OPTIONAL).build();
    let whole = Type::primitive_type_builder("replication", Physical::INT32)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::UINT_32)
        .build()?;
    let mut fields = vec![text("arm")?, number("epsilon")?];
    for key in sweep_keys {
        fields.push(text(key)?);
    }
    fields.extend([whole, text("metric")?, text("group")?, number("value")?]);
    let fields = fields.into_iter().map(Arc::new).collect();
    Ok(Arc::new(Type::group_type_builder("results").with_fields(fields).build()?))
}

fn texts<'r, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &'r [Row],
    field: impl Fn(&'r Row) -> &'r str,
) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = rows.iter().map(|r| ByteArray::from(field(r))).collect();
    if let Some(mut column) = group.next_column()? {
        column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn numbers<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[Row],
    field: impl Fn(&Row) -> Option<f64>,
) -> Result<(), ParquetError> {
    let present: Vec<i16> = rows.iter().map(|r| i16::from(field(r).is_some())).collect();
    let values: Vec<f64> = rows.iter().filter_map(&field).collect();
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
        column.close()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Context, fake};
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::record::RowAccessor;

    #[test]
    fn a_reader_finds_the_same_rows() {
        let context = Context { replications: 1, ..fake::swept() };
        let rows = fake::rows(&context);
        let mut file = tempfile::tempfile().unwrap();
        let metadata = [("pretick.scenario_sha256", "abc".to_owned())];
        write(&mut file, &rows, &context.sweep_keys, &metadata, 1000).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let meta = reader.metadata();
        assert_eq!(meta.num_row_groups(), rows.len().div_ceil(1000));
        let pairs = meta.file_metadata().key_value_metadata().unwrap();
        assert!(pairs.iter().any(|p| p.key == metadata[0].0 && p.value.as_deref() == Some("abc")));
        let mut read = 0;
        for (got, want) in reader.get_row_iter(None).unwrap().zip(&rows) {
            let got = got.unwrap();
            assert_eq!(got.get_string(0).unwrap(), &*want.arm);
            assert_eq!(got.get_double(1).ok(), want.epsilon);
            assert_eq!(got.get_string(3).unwrap(), &want.sweep[1]);
            assert_eq!(got.get_uint(4).unwrap(), want.replication);
            assert_eq!(got.get_string(5).unwrap(), &*want.metric);
            assert_eq!(got.get_double(7).ok(), (!want.value.is_nan()).then_some(want.value));
            read += 1;
        }
        assert_eq!(read, rows.len());
    }

    #[test]
    fn the_system_s_reason_survives() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let context = fake::context();
        let error = write_results(Full, &fake::rows(&context), &[], &[]).unwrap_err();
        assert!(error.to_string().contains("no storage space"), "{error}");
    }
}
