//! The public folder while it is being written: `.NAME.tmp-release-PID-N` beside its place, and in its place at one stroke.
//!
//! Unlike other outputs a release replaces nothing, and what is left of one is never removed unseen: it may have been paid for.

use crate::disk;
use crate::error::{Error, Result};
use crate::report::output::own::Found;
use crate::report::output::{Draft, Place};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What tells a release's temporary from others.
const KIND: &str = "release-";

/// Refuses a folder that holds anything: a release is never replaced.
pub fn check_folder(target: &Path) -> Result<()> {
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::Other(format!(
                "{} is not empty: a release goes into a folder of its own and is never replaced; choose another with --out",
                target.display()
            ))),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => Place::of(target)?.try_out(disk::make_folder),
        Err(e) => Err(Error::io("use as folder", target)(e)),
    }
}

/// Unfinished releases that were to stand in `target`: folders that hold something. Empty ones are removed.
pub(super) fn leftovers(target: &Path) -> Result<Vec<PathBuf>> {
    let left =
        Place::of(target)?.unfinished()?.into_iter().filter(|(_, rest)| rest.starts_with(KIND)).map(|(path, _)| path);
    // Only an empty folder can be removed in this way.
    Ok(left.filter(|path| disk::remove_empty(path).is_err() && holds_something(path)).collect())
}

/// Whether there is a folder with something in it, or one that cannot be looked into.
pub(super) fn holds_something(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) => e.kind() != ErrorKind::NotFound,
    }
}

/// Makes the temporary folder, and the folders around it.
pub(super) fn begin(target: &Path) -> Result<Draft> {
    check_folder(target)?;
    Draft::create(Place::of(target)?, KIND)
}

/// Puts the folder in its place. Nothing fails once it stands there; what should be known is returned.
pub(super) fn publish(draft: Draft) -> Result<Vec<String>> {
    draft.put(is_free)
}

/// What came into the place meanwhile is not replaced.
fn is_free(target: &Path) -> Result<Found> {
    if holds_something(target) {
        return Err(Error::Other(format!("{} is not empty any more: it is not replaced", target.display())));
    }
    Ok(if target.exists() { Found::Empty } else { Found::Nothing })
}
