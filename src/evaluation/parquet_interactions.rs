//! Reading interactions from Parquet: the same columns as in CSV, of any plain type.

use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;

use super::interactions::{Columns, ReadInteractions};
use crate::error::{Error, Result};

/// Reads a Parquet file (uncompressed, Snappy or Zstandard) with the columns of [`read_interactions`](super::read_interactions), which may be
/// integers, floats, strings or timestamps.
///
/// # Errors
/// [`Error::InvalidInput`] if a column is missing or the file is no Parquet file that can be read.
pub fn read_parquet_interactions(source: &str, file: impl ChunkReader + 'static) -> Result<ReadInteractions> {
    let refuse = |e: ParquetError| {
        Error::invalid(source, e, "a Parquet file of plain columns, uncompressed or compressed by Snappy or Zstandard")
    };
    let reader = SerializedFileReader::new(file).map_err(refuse)?;
    let fields = reader.metadata().file_metadata().schema_descr().root_schema().get_fields().to_vec();
    let header: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let columns = Columns::find(source, &header)?;
    let mut table = columns.empty_table();
    for row in reader.get_row_iter(None).map_err(refuse)? {
        let row = row.map_err(refuse)?;
        let values: Vec<Option<String>> = row.get_column_iter().map(|(_, field)| text_of(field)).collect();
        table.rows.push(columns.row(|i| values.get(i).cloned().flatten()));
    }
    Ok(table)
}

fn text_of(field: &Field) -> Option<String> {
    Some(match field {
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::Byte(n) => n.to_string(),
        Field::Short(n) => n.to_string(),
        Field::Int(n) => n.to_string(),
        Field::Long(n) => n.to_string(),
        Field::UByte(n) => n.to_string(),
        Field::UShort(n) => n.to_string(),
        Field::UInt(n) => n.to_string(),
        Field::ULong(n) => n.to_string(),
        Field::Float(x) => x.to_string(),
        Field::Double(x) => x.to_string(),
        Field::TimestampMillis(ms) => ms.div_euclid(1000).to_string(),
        Field::TimestampMicros(us) => us.div_euclid(1_000_000).to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    fn file() -> Bytes {
        let schema = "message m { required int64 user_id; required binary item (UTF8); optional double rating; }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[7, 8], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let items = ["a", "b"].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&items, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[4.5], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    #[test]
    fn plain_columns_are_read_and_nulls_are_missing() {
        let read = read_parquet_interactions("test.parquet", file()).unwrap();
        let row =
            |i: usize| (read.rows[i].user.as_deref(), read.rows[i].item.as_deref(), read.rows[i].rating.as_deref());
        assert_eq!(row(0), (Some("7"), Some("a"), Some("4.5")));
        assert_eq!(row(1), (Some("8"), Some("b"), None));
        assert!(read.has_rating && !read.has_timestamp);
    }

    #[test]
    fn any_other_bytes_are_refused() {
        for bytes in [Bytes::from_static(b"user,item\n1,2\n"), Bytes::new(), file().slice(..40)] {
            assert_eq!(read_parquet_interactions("test.parquet", bytes).unwrap_err().code(), "invalid_input");
        }
    }
}
