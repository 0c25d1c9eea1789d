//! The rows of a file as they stand there, whatever a column map makes of them.

use super::map::TableKeys;
use super::ranges::expand;
use csv::ByteRecord;
use sha2::{Digest, Sha256};

/// A hash of each row of the file: all its columns by name, numbers by their value. Column order, quotes, spaces, file format and
/// column map make no difference. Without a header, columns go by their place.
pub(super) struct Hashes {
    names: Vec<Vec<u8>>,
    /// One a row, in the order of the file.
    pub rows: Vec<u64>,
}

impl Hashes {
    /// Of a file that is read by this map.
    pub fn new(keys: &TableKeys) -> Self {
        let names = keys.columns.iter().flat_map(|c| expand(c).unwrap_or_default()).map(String::into_bytes).collect();
        Self { names, rows: Vec::new() }
    }

    /// Takes the header, unless the map names the columns, then rows.
    pub fn take(&mut self, record: &ByteRecord) {
        if self.names.is_empty() {
            self.names = record.iter().map(|n| n.trim_ascii().to_vec()).collect();
        } else {
            self.rows.push(hash(&self.names, record));
        }
    }
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
    use super::super::source::csv_records;
    use super::*;

    fn hashes(text: &str, columns: &[&str]) -> Vec<u64> {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        let mut hashes = Hashes::new(&TableKeys { columns, ..TableKeys::default() });
        csv_records(text.as_bytes(), b',', 1, &mut |_, record| {
            hashes.take(record);
            Ok(())
        })
        .unwrap();
        hashes.rows
    }

    #[test]
    fn a_row_is_its_values_by_name() {
        let one = hashes("a,b,y\n1,x,0\n2.50,,1\n", &[]);
        assert_eq!(one, hashes("y,b,a\n0, x ,1.0\n1,\"\",2.5\n", &[]));
        assert_ne!(one[0], hashes("a,b,y\n1,x,1\n", &[])[0]);
        assert_ne!(one[0], hashes("a,c,y\n1,x,0\n", &[])[0]);
        // Without a header every column counts, also those that the map names as a range.
        let headless = hashes("1,x,0\n1,x,1\n", &["a", "b1..2"]);
        assert!(headless.len() == 2 && headless[0] != headless[1]);
    }
}
