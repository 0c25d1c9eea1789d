//! Monthly rows as Parquet: every batch is encoded on its own and spliced into the file as a row group.

use super::{Batch, Field, Value};
use crate::report::parquet::system;
use ::parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, Repetition, Type as Physical};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, FloatType, Int32Type, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{KeyValue, ParquetMetaData};
use ::parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{Type, TypePtr};
use bytes::Bytes;
use std::io::{self, Write};
use std::sync::Arc;

/// Schema and properties.
pub(super) struct Layout {
    schema: TypePtr,
    properties: WriterPropertiesPtr,
}

/// A batch, encoded as a file of its own.
pub(super) struct Group {
    bytes: Bytes,
    metadata: ParquetMetaData,
}

impl Layout {
    pub(super) fn new(fields: &[Field], metadata: &[(&str, String)]) -> io::Result<Self> {
        let columns = fields.iter().map(|f| column(*f).map(Arc::new)).collect::<Result<_, _>>().map_err(system)?;
        let schema = Type::group_type_builder("histories").with_fields(columns).build().map_err(system)?;
        let pairs = metadata.iter().map(|(k, v)| KeyValue::new((*k).to_owned(), v.clone())).collect();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("pretick {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(pairs));
        // Real numbers hardly repeat: a dictionary would only cost time.
        for (field, column) in fields.iter().zip(schema.get_fields()) {
            let monthly = !matches!(field, Field::Quality | Field::Pd);
            if column.get_physical_type() == Physical::FLOAT && monthly {
                let path = ::parquet::schema::types::ColumnPath::from(column.name());
                properties = properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::PLAIN);
            }
        }
        Ok(Self { schema: Arc::new(schema), properties: Arc::new(properties.build()) })
    }

    pub(super) fn file<W: Write + Send>(&self, out: W) -> io::Result<SerializedFileWriter<W>> {
        SerializedFileWriter::new(out, Arc::clone(&self.schema), Arc::clone(&self.properties)).map_err(system)
    }

    pub(super) fn encode(&self, batch: &Batch, fields: &[Field]) -> io::Result<Group> {
        let mut bytes = Vec::new();
        let mut file = self.file(&mut bytes)?;
        let encode = || -> Result<ParquetMetaData, ParquetError> {
            let mut group = file.next_row_group()?;
            fields.iter().try_for_each(|f| put_column(&mut group, batch, *f))?;
            group.close()?;
            file.close()
        };
        let metadata = encode().map_err(system)?;
        Ok(Group { bytes: bytes.into(), metadata })
    }
}

impl Group {
    /// Appends the row group to the file.
    pub(super) fn put<W: Write + Send>(self, file: &mut SerializedFileWriter<W>) -> io::Result<()> {
        let mut splice = || -> Result<(), ParquetError> {
            for rows in self.metadata.row_groups() {
                let mut group = file.next_row_group()?;
                for column in rows.columns() {
                    let close = ColumnCloseResult {
                        bytes_written: column.compressed_size().cast_unsigned(),
                        rows_written: rows.num_rows().cast_unsigned(),
                        metadata: column.clone(),
                        bloom_filter: None,
                        column_index: None,
                        offset_index: None,
                    };
                    group.append_column(&self.bytes, close)?;
                }
                group.close()?;
            }
            Ok(())
        };
        splice().map_err(system)
    }
}

pub(super) fn close<W: Write + Send>(file: SerializedFileWriter<W>) -> io::Result<()> {
    // `into_inner` writes the footer and empties the buffers.
    file.into_inner().map_err(system)?.flush()
}

fn column(field: Field) -> Result<Type, ParquetError> {
    let name = field.name();
    let unsigned = |bits| match bits {
        8 => (Physical::INT32, ConvertedType::UINT_8),
        16 => (Physical::INT32, ConvertedType::UINT_16),
        32 => (Physical::INT32, ConvertedType::UINT_32),
        _ => (Physical::INT64, ConvertedType::UINT_64),
    };
    let (physical, converted, repetition) = match kind(field) {
        Value::Whole(bits, _) => (unsigned(bits).0, unsigned(bits).1, Repetition::REQUIRED),
        Value::MaybeByte(_) => (Physical::INT32, ConvertedType::UINT_8, Repetition::OPTIONAL),
        Value::Real(_) => (Physical::FLOAT, ConvertedType::NONE, Repetition::REQUIRED),
        Value::MaybeReal(_) => (Physical::FLOAT, ConvertedType::NONE, Repetition::OPTIONAL),
        Value::Flag(_) => (Physical::BOOLEAN, ConvertedType::NONE, Repetition::REQUIRED),
        Value::Word(_) => {
            return Type::primitive_type_builder(&name, Physical::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(Some(LogicalType::String))
                .with_converted_type(ConvertedType::UTF8)
                .build();
        }
    };
    Type::primitive_type_builder(&name, physical).with_repetition(repetition).with_converted_type(converted).build()
}

/// A value of the field's type.
fn kind(field: Field) -> Value {
    let person = super::Person {
        community: 0,
        district: 0,
        file: "",
        group: "",
        decile: 0,
        quality: 0.0,
        pd: 0.0,
        default: false,
        applicant: false,
    };
    field.value(&person, &super::no_month())
}

fn put_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    batch: &Batch,
    field: Field,
) -> Result<(), ParquetError> {
    let values = || batch.rows().map(|(p, m)| field.value(p, m));
    match kind(field) {
        Value::Whole(64, _) => put::<_, Int64Type>(group, values(), |v| match v {
            Value::Whole(_, n) => Some(n.cast_signed()),
            _ => None,
        }),
        Value::Whole(..) | Value::MaybeByte(_) => put::<_, Int32Type>(group, values(), |v| match v {
            Value::Whole(_, n) => Some((n as u32).cast_signed()),
            Value::MaybeByte(n) => n.map(i32::from),
            _ => None,
        }),
        Value::Real(_) | Value::MaybeReal(_) => put::<_, FloatType>(group, values(), |v| match v {
            Value::Real(x) => Some(x),
            Value::MaybeReal(x) => x,
            _ => None,
        }),
        Value::Word(_) => put::<_, ByteArrayType>(group, values(), |v| match v {
            Value::Word(w) => Some(ByteArray::from(Bytes::from_static(w.as_bytes()))),
            _ => None,
        }),
        Value::Flag(_) => put::<_, BoolType>(group, values(), |v| match v {
            Value::Flag(b) => Some(b),
            _ => None,
        }),
    }
}

/// One column; the definition levels of a required one are ignored.
fn put<W: Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Value>,
    take: impl Fn(Value) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut present, mut kept) = (Vec::new(), Vec::new());
    for value in values {
        let value = take(value);
        present.push(i16::from(value.is_some()));
        kept.extend(value);
    }
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(&kept, Some(&present), None)?;
        column.close()?;
    }
    Ok(())
}
