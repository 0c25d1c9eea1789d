//! The rows of a file as they stand there, whatever a column map makes of them.

use super::{TableParams, source};
use crate::error::{Error, Result};
use csv::ByteRecord;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A hash of each row of the file: all its columns by name, numbers by their value. Column order, quotes, spaces, file format and
/// column map make no difference. Without a header, columns go by their place.
pub fn record_hashes(path: &Path, params: &TableParams) -> Result<Vec<u64>> {
    let keys = &params.keys;
    let mut names: Vec<Vec<u8>> = keys.columns.iter().map(|c| c.clone().into_bytes()).collect();
    let mut out = Vec::new();
    let mut sink = |_: u64, record: &ByteRecord| {
        if names.is_empty() {
            names = record.iter().map(|n| n.trim_ascii().to_vec()).collect();
        } else {
            out.push(hash(&names, record));
        }
        Ok(())
    };
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        source::parquet_records(path, &mut sink)?;
    } else {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let delimiter = keys.delimiter.as_bytes().first().copied().unwrap_or(b',');
        source::csv_records(&bytes, delimiter, keys.header_line, &mut sink)?;
    }
    Ok(out)
}

fn hash(names: &[Vec<u8>], record: &ByteRecord) -> u64 {
    let mut cells: Vec<(&[u8], Vec<u8>)> = names.iter().map(Vec::as_slice).zip(record.iter().map(canonical)).collect();
    cells.sort();
    let mut digest = Sha256::new();
    for (name, value) in cells {
        for part in [name, &value] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    digest.finalize().iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

/// `1`, `1.0` and ` 1 ` are the same value.
fn canonical(field: &[u8]) -> Vec<u8> {
    let text = field.trim_ascii();
    match std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok()) {
        Some(number) => (number + 0.0).to_bits().to_le_bytes().to_vec(),
        None => text.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Node;
    use crate::params::{About, Field, any};

    fn hashes(text: &str) -> Vec<u64> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.csv");
        std::fs::write(&path, text).unwrap();
        let map = "outcome = \"y\"\nlender_sees = [\"a\"]\nneeds_consent = [\"b\"]\n\
                   features = [{ columns = [\"a\", \"b\"], bounds = [0, 9] }]\n";
        let about = About { doc: "", unit: "", bounds: any(), source: "" };
        let params = TableParams::read(&Node::parse("map", map).unwrap(), "map", &about, &mut Vec::new()).unwrap();
        record_hashes(&path, &params).unwrap()
    }

    #[test]
    fn a_row_is_its_values_by_name() {
        let one = hashes("a,b,y\n1,x,0\n2.50,,1\n");
        assert_eq!(one, hashes("y,b,a\n0, x ,1.0\n1,\"\",2.5\n"));
        assert_ne!(one[0], hashes("a,b,y\n1,x,1\n")[0]);
        assert_ne!(one[0], hashes("a,c,y\n1,x,0\n")[0]);
    }
}
