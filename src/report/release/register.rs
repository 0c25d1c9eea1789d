//! The register of releases: who was in which, and what it cost. It stays inside.
//!
//! One file for all data of a folder (`pretick-releases.json`), or where the user keeps it. It knows persons by hashes
//! ([`Persons`]), not files by bytes: saving the table anew, under another name, in another order or with a few rows more or less,
//! does not evade it. Where it stands, and what a link means, is said in [`registers`](super::registers).
//!
//! **Paid first.** A release is entered as *begun*, with the whole of the ε and δ that were asked for, before its noise is drawn, and
//! the file and its folder are synced. An entry is taken back only where provably nothing was drawn. Once the public folder stands in
//! its place the entry is marked *published*. A begun entry whose folder is not there is a release that was cut off: its noise may
//! have been read, so it counts in full.
//!
//! Limits: it is as good as its use. Copying the data to another folder without the register evades it. A lock (`flock`, which ends
//! with its process) keeps two releases from passing at once.

use super::PublicLedger;
use super::persons::Persons;
use crate::disk;
use crate::error::{Error, Result};
use crate::experiment::release::Asked;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const FORMAT: &str = "pretick-releases-2";
/// Without states, and with the least hashes alone.
const FORMAT_BEFORE: &str = "pretick-releases-1";
const NOTICE: &str = "Stays inside: whoever can guess a record can find it here. Not part of what may be published.";

/// How far a release has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// Paid for; noise may have been drawn.
    Begun,
    /// The folder stood in its place.
    #[default]
    Published,
}

/// One release in the register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    pub id: String,
    pub folder: String,
    pub epsilon: f64,
    pub delta: f64,
    #[serde(default)]
    pub state: State,
    /// The arm; not known of entries made before.
    #[serde(default)]
    pub arm: String,
    /// Where the release stood before it was published.
    #[serde(default)]
    pub unfinished: String,
    pub persons: Persons,
}

impl Known {
    /// Whether it was published, as far as can be told: so it is marked, or its folder has a ledger that lists it.
    pub fn is_published(&self) -> bool {
        let lists =
            || PublicLedger::read(&Path::new(&self.folder).join(super::LEDGER)).is_ok_and(|l| l.lists(&self.id));
        self.state == State::Published || lists()
    }

    /// What was asked for, of an entry that is no more than begun.
    pub fn asked(&self) -> Asked {
        Asked { epsilon: self.epsilon, delta: (self.delta > 0.0).then_some(self.delta) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Contents {
    format: String,
    notice: String,
    releases: Vec<Known>,
}

/// One register, held by one release at a time.
#[derive(Debug)]
pub(super) struct Register {
    path: PathBuf,
    lock: PathBuf,
    /// Keeps the lock until it is closed.
    _held: File,
    is_new: bool,
    /// Whether this release may have written the file.
    written: bool,
    contents: Contents,
}

impl Register {
    /// Opens the register, or a new one, and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        if path.file_name().is_none() {
            return Err(Error::Other(format!("--register {}: not a file", path.display())));
        }
        // A folder that is not there: the lock says so.
        let path = disk::followed(path).map_err(Error::io("read register", path))?;
        if fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
            return Err(Error::Other(format!("--register {}: not a file: name one beside the data", path.display())));
        }
        let mut lock = path.as_os_str().to_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let held = hold(&lock)?;
        let mut open = Self {
            path,
            lock,
            _held: held,
            is_new: true,
            written: false,
            contents: Contents { format: FORMAT.into(), notice: NOTICE.into(), releases: Vec::new() },
        };
        open.read()?;
        open.sweep();
        Ok(open)
    }

    fn read(&mut self) -> Result<()> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(Error::io("read register", &self.path)(e)),
        };
        let wrong = |why: String| Error::Other(format!("{} is not a register of releases: {why}", self.path.display()));
        let found: Contents = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        if found.format != FORMAT && found.format != FORMAT_BEFORE {
            return Err(wrong(format!("format is {}, expected {FORMAT}", found.format)));
        }
        self.contents.releases = found.releases;
        self.is_new = false;
        Ok(())
    }

    /// Removes what was left of a register that was being written when its process ended: the lock says that nobody writes now.
    fn sweep(&self) {
        let (Some(folder), Some(start)) = (self.path.parent(), self.temporary("")) else { return };
        let Some(start) = start.file_name().map(|n| n.to_string_lossy().into_owned()) else { return };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&start) {
                let _ = disk::remove_file(&entry.path());
            }
        }
    }

    fn temporary(&self, end: &str) -> Option<PathBuf> {
        let name = self.path.file_name()?.to_string_lossy().into_owned();
        Some(self.path.with_file_name(format!(".{name}.tmp-{end}")))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there was no register before: whatever was released earlier is not known to this one.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    pub fn releases(&self) -> &[Known] {
        &self.contents.releases
    }

    /// Enters a release: on the disk when this returns.
    pub fn begin(&mut self, known: Known) -> Result<()> {
        self.contents.releases.push(known);
        self.write()
    }

    /// Takes the last entry back.
    pub fn take_back(&mut self) -> Result<()> {
        self.contents.releases.pop();
        if !self.written {
            return Ok(());
        }
        if self.contents.releases.is_empty() && self.is_new {
            return match disk::remove_file(&self.path) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
                done => done.map_err(Error::io("remove", &self.path)),
            };
        }
        self.write()
    }

    /// Marks the last entry as published, at its exact cost.
    pub fn published(&mut self, (epsilon, delta): (f64, f64)) -> Result<()> {
        if let Some(last) = self.contents.releases.last_mut() {
            (last.epsilon, last.delta, last.state) = (epsilon, delta, State::Published);
        }
        self.write()
    }

    /// Whole or not at all, and on the disk when this returns.
    fn write(&mut self) -> Result<()> {
        let text = serde_json::to_string(&self.contents).map_err(|e| Error::Other(e.to_string()))?;
        let temporary =
            self.temporary(&std::process::id().to_string()).unwrap_or_else(|| self.path.with_extension("tmp"));
        let before = fs::metadata(&self.path).ok();
        if self.is_new && !self.written && before.is_some() {
            // The lock forbids it, but a register is never written over by one that did not read it.
            return Err(Error::Other(format!("{} came up meanwhile: start again", self.path.display())));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let steps = || {
            disk::write_new(&temporary, format!("{text}\n").as_bytes())?;
            // Who may read the register is for its owner to say.
            before.map_or(Ok(()), |m| fs::set_permissions(&temporary, m.permissions()))?;
            self.written = true;
            disk::rename(&temporary, &self.path)?;
            disk::sync_folder(folder)
        };
        steps().map_err(|e| {
            let _ = disk::remove_file(&temporary);
            Error::io("write register", &self.path)(e)
        })
    }
}

impl Drop for Register {
    fn drop(&mut self) {
        // Nothing can be told to anybody from here; a lock file that is left holds nobody up.
        let _ = disk::remove_file(&self.lock);
    }
}

/// Takes the lock, or says who has it.
fn hold(lock: &Path) -> Result<File> {
    // A lock file may be removed by its last holder between opening and locking it.
    for _ in 0..100 {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock)
            .map_err(Error::io("lock register", lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Other(format!(
                    "another release is under way: it holds {}. Try again when it has ended",
                    lock.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock register", lock)(e)),
        }
        if disk::still_there(&file, lock).map_err(Error::io("lock register", lock))? {
            return Ok(file);
        }
    }
    Err(Error::Other(format!("{} comes and goes: other releases are under way", lock.display())))
}
