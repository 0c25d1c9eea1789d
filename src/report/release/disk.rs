//! What a release does to the disk, step by step: what is written is synced before the next step, its folder as well.
//!
//! Tests stop the process, or let a step fail, at every one of them ([`faults`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder that is not there.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    step()?;
    fs::create_dir(path)
}

/// Writes a file that is not there, and syncs it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    step()?;
    let mut file = File::create_new(path)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    step()?;
    file.write_all(second)?;
    step()?;
    file.sync_all()
}

/// Renames; what stood there is replaced at one stroke.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    step()?;
    fs::rename(from, to)
}

/// Removes a file.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_file(path)
}

/// Removes an empty folder.
pub(super) fn remove_empty(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_dir(path)
}

/// Removes a folder and all that is in it.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_dir_all(path)
}

/// Syncs a folder: the names that stand in it. Only where folders can be opened; elsewhere names are synced with the files.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    step()?;
    if cfg!(unix) { OpenOptions::new().read(true).open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(not(test))]
#[allow(clippy::unnecessary_wraps, reason = "tests let it fail")]
#[inline]
fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
use faults::step;

#[cfg(test)]
pub(super) mod faults {
    use std::cell::Cell;
    use std::io;

    /// What happens at a step.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Fault {
        /// The process ends: nothing after it happens, also no tidying.
        Kill,
        /// The step fails once.
        Error,
    }

    thread_local! {
        static NEXT: Cell<Option<(u32, Fault)>> = const { Cell::new(None) };
        static DEAD: Cell<bool> = const { Cell::new(false) };
    }

    /// Lets the step numbered `at` (from 0) of this thread fail.
    pub fn plan(at: u32, fault: Fault) {
        NEXT.set(Some((at, fault)));
        DEAD.set(false);
    }

    /// Ends the plan; whether its step was reached.
    pub fn over() -> bool {
        DEAD.set(false);
        NEXT.take().is_none()
    }

    pub(in super::super) fn step() -> io::Result<()> {
        if DEAD.get() {
            return Err(io::Error::other("the process has ended"));
        }
        match NEXT.get() {
            Some((0, fault)) => {
                NEXT.set(None);
                DEAD.set(fault == Fault::Kill);
                Err(io::Error::other("a fault on purpose"))
            }
            Some((n, fault)) => {
                NEXT.set(Some((n - 1, fault)));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
