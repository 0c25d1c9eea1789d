//! The register of releases: who was in which. It stays inside.
//!
//! One file for all data of a folder (`pretick-releases.json`), or where the user keeps it. It knows persons by hashes, not files by
//! bytes: saving the table anew, under another name, in another order or with a few rows more or less, does not evade it. Of each release it keeps the least [`KEPT`] hashes of ids (where the
//! map names an id column), of whole records as the map reads them, and of the rows as they stand in the file; the least hashes of two tables
//! agree where the tables share persons. Two tables count as the same persons when an id occurs in both, when some 1 in 20 of their
//! records or rows do, or when half the rows of the smaller are in the larger.
//!
//! Limits: it is as good as its use. Copying the data to another folder without the register, or renaming the ids and changing
//! the rows, evades it. A lock file keeps two releases from passing at once.

use crate::error::{Error, Result};
use crate::population::{People, Table};
use crate::report::Overwrite;
use crate::report::file::write_whole;
use crate::report::manifest::sha256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Hashes kept of each release.
pub const KEPT: usize = 4096;
/// Share of equal records from which two tables count as the same persons.
const SAME: f64 = 0.05;
/// Share of the smaller table's rows in the larger one from which it counts as a part of it.
const PART: f64 = 0.5;
/// Rows below which nothing is said of parts.
const FEWEST: usize = 8;

const FORMAT: &str = "pretick-releases-1";
const NOTICE: &str = "Stays inside: whoever can guess a record can find it here. Not part of what may be published.";

/// Hashes of the persons of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persons {
    /// Hash of all records, in the order of their hashes.
    digest: String,
    ids: Vec<u64>,
    records: Vec<u64>,
    /// Rows as they stand in the file, so that another column map does not make other persons of them.
    rows: Vec<u64>,
}

fn short(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

fn least(mut all: Vec<u64>) -> Vec<u64> {
    all.sort_unstable();
    all.dedup();
    all.truncate(KEPT);
    all
}

impl Persons {
    /// The persons of a table, whose file has rows of these hashes ([`record_hashes`](crate::population::record_hashes)).
    pub fn of(table: &Table, rows: Vec<u64>) -> Self {
        let people = table.people(crate::rng::Streams::new(0, 0), false);
        let mut records: Vec<u64> = (0..people.len()).map(|i| record(&people, i)).collect();
        records.sort_unstable();
        let bytes: Vec<u8> = records.iter().flat_map(|r| r.to_le_bytes()).collect();
        let ids = table.places().iter().filter(|p| !p.1.is_empty()).map(|p| short(p.1.trim().as_bytes())).collect();
        Self { digest: sha256(&bytes), ids: least(ids), records: least(records), rows: least(rows) }
    }

    /// Whether these are, in part, those.
    pub fn overlap(&self, other: &Self) -> bool {
        self.digest == other.digest
            || share(&self.ids, &other.ids) > 0.0
            || share(&self.records, &other.records) >= SAME
            || share(&self.rows, &other.rows) >= SAME
            || within(&self.rows, &other.rows) >= PART
    }
}

/// Share of the least hashes of both that are in each: an estimate of how many of all persons are in both.
fn share(a: &[u64], b: &[u64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let union = least(a.iter().chain(b).copied().collect());
    let both = union.iter().filter(|h| a.binary_search(h).is_ok() && b.binary_search(h).is_ok()).count();
    both as f64 / union.len() as f64
}

/// Share of the smaller table's rows that are in the larger one, as far as the least hashes of both tell; 0 where they tell of less
/// than [`FEWEST`].
fn within(a: &[u64], b: &[u64]) -> f64 {
    let whole = |rows: &[u64]| rows.len() < KEPT;
    let last = |rows: &[u64]| if whole(rows) { u64::MAX } else { rows.last().copied().unwrap_or(0) };
    let seen = last(a).min(last(b));
    let [a, b] = [a, b].map(|rows| &rows[..rows.partition_point(|h| *h <= seen)]);
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if few.len() < FEWEST {
        return 0.0;
    }
    few.iter().filter(|h| many.binary_search(h).is_ok()).count() as f64 / few.len() as f64
}

fn record(people: &People, i: usize) -> u64 {
    let mut bytes = vec![u8::from(people.default[i])];
    bytes.extend_from_slice(&people.community[i].to_le_bytes());
    for frame in [&people.bureau, &people.platform] {
        (0..frame.width()).for_each(|j| bytes.extend_from_slice(&frame.column(j)[i].to_bits().to_le_bytes()));
    }
    short(&bytes)
}

/// One release in the register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    id: String,
    folder: String,
    epsilon: f64,
    delta: f64,
    persons: Persons,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct File {
    format: String,
    notice: String,
    releases: Vec<Known>,
}

/// The register, held by one release at a time.
#[derive(Debug)]
pub struct Register {
    path: PathBuf,
    lock: PathBuf,
    before: Option<Vec<u8>>,
    file: File,
}

/// Where the register of a file of data stands unless the user names another: one for all files of the folder, so that a copy or a
/// part of the file is known again.
pub fn beside(data: &Path) -> PathBuf {
    data.with_file_name("pretick-releases.json")
}

impl Register {
    /// Opens the register, or a new one, and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
            return Err(Error::Other(format!("--register {}: not a file: name one beside the data", path.display())));
        }
        let mut lock = path.as_os_str().to_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        fs::File::create_new(&lock).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Other(format!(
                "another release is under way, or one was killed: if none is, remove {}",
                lock.display()
            )),
            _ => Error::io("lock register", &lock)(e),
        })?;
        let mut open = Self {
            path: path.to_owned(),
            lock,
            before: None,
            file: File { format: FORMAT.into(), notice: NOTICE.into(), releases: Vec::new() },
        };
        match fs::read(path) {
            Ok(bytes) => {
                let wrong =
                    |why: String| Error::Other(format!("{} is not a register of releases: {why}", path.display()));
                open.file = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
                if open.file.format != FORMAT {
                    return Err(wrong(format!("format is {}, expected {FORMAT}", open.file.format)));
                }
                open.before = Some(bytes);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io("read register", path)(e)),
        }
        Ok(open)
    }

    /// Whether there was no register before: whatever was released earlier is not known to this one.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Refuses persons about whom there are releases that the ledger to be added to (id, ε and δ of its releases; none without one) does not list.
    pub fn check(&self, persons: &Persons, listed: Option<&[(&str, f64, f64)]>) -> Result<()> {
        let earlier: Vec<&Known> = self.file.releases.iter().filter(|k| k.persons.overlap(persons)).collect();
        let named = |k: &Known| listed.and_then(|l| l.iter().find(|(id, ..)| *id == k.id));
        for known in &earlier {
            if let Some((id, epsilon, delta)) = named(known)
                && !(super::same(*epsilon, known.epsilon) && super::same(*delta, known.delta))
            {
                return Err(Error::Other(format!(
                    "the ledger of --add-to says that release {id} cost ε = {epsilon}, δ = {delta}; the register {} says ε = {}, δ = {}",
                    self.path.display(),
                    known.epsilon,
                    known.delta
                )));
            }
        }
        let missing = earlier.iter().find(|k| named(k).is_none());
        let Some(missing) = missing else { return Ok(()) };
        let register = self.path.display();
        let gone = if Path::new(&missing.folder).join(super::LEDGER).exists() {
            ""
        } else {
            ". That ledger is not there: it was moved, or the release was cut off before it was published; if so, take its entry out of the register"
        };
        Err(Error::Other(if listed.is_none() {
            format!(
                "there was a release about these persons (or some of them): {} in {}, ε = {:.6}. What is released adds up. \
                 To release more, and to have the total stated: --add-to {}/ledger.json (register: {register}){gone}",
                missing.id, missing.folder, missing.epsilon, missing.folder
            )
        } else {
            format!(
                "the ledger of --add-to does not list release {} in {} about these persons: give the ledger that does \
                 (register: {register}){gone}",
                missing.id, missing.folder
            )
        }))
    }

    /// Enters a release: on disk when this returns, so that what is published afterwards is paid for.
    pub fn enter(&mut self, id: &str, folder: &Path, cost: (f64, f64), persons: Persons) -> Result<()> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string();
        self.file.releases.push(Known { id: id.to_owned(), folder, epsilon: cost.0, delta: cost.1, persons });
        let text = serde_json::to_string(&self.file).map_err(|e| Error::Other(e.to_string()))?;
        write_whole(&self.path, format!("{text}\n").as_bytes(), Overwrite::Replace)
    }

    /// Takes the last entry back, after a release that could not be published.
    pub fn take_back(&self) -> Result<()> {
        match &self.before {
            Some(bytes) => write_whole(&self.path, bytes, Overwrite::Replace),
            None => fs::remove_file(&self.path).map_err(Error::io("remove", &self.path)),
        }
    }
}

impl Drop for Register {
    fn drop(&mut self) {
        // Nothing can be told to anybody from here.
        let _ = fs::remove_file(&self.lock);
    }
}
