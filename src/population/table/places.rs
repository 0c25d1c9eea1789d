//! Where each person of a table stands in its file: what published splits name them by.

use super::Table;

impl Table {
    /// Place in the file (data rows from 0, malformed ones counted) and id (empty without an id column), in the order of
    /// the persons.
    pub fn places(&self) -> &[(u32, String)] {
        &self.rows.place
    }

    /// What a file of scores calls person `row`: the id, or without one the number of the data row, from 1.
    pub fn label(&self, row: u32) -> String {
        match &self.rows.place[row as usize] {
            (place, id) if id.is_empty() => (place + 1).to_string(),
            (_, id) => id.clone(),
        }
    }

    /// A number of each person that does not depend on the order of the file's rows where the map names an id column.
    pub fn person_keys(&self) -> &[u64] {
        &self.rows.key
    }
}
