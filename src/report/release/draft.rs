//! The public folder while it is being written: `.NAME.tmp-release-PID-N` beside its place, and in its place at one stroke.

use super::disk;
use crate::error::{Error, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder that is not published yet. Dropped unpublished, it leaves nothing.
#[derive(Debug)]
pub(super) struct Draft {
    target: PathBuf,
    parent: PathBuf,
    temporary: PathBuf,
    published: bool,
}

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
        Err(e) if e.kind() == ErrorKind::NotFound => crate::report::folder::try_out(target, "release"),
        Err(e) => Err(Error::io("use as folder", target)(e)),
    }
}

/// The folder itself, the one around it, its name.
fn place(target: &Path) -> Result<(PathBuf, PathBuf, String)> {
    // A link to a folder stays a link: what it points at is filled.
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    let name = target
        .file_name()
        .ok_or_else(|| Error::Other(format!("{} has no name: choose another folder with --out", target.display())))?
        .to_string_lossy()
        .into_owned();
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(Error::io("create folder", parent))?;
    let parent = fs::canonicalize(parent).map_err(Error::io("use as folder", parent))?;
    Ok((parent.join(&name), parent, name))
}

/// Unfinished releases that were to stand in `target`: folders that hold something. Empty ones are removed.
pub(super) fn leftovers(target: &Path) -> Result<Vec<PathBuf>> {
    let (_, parent, name) = place(target)?;
    let start = format!(".{name}.tmp-release-");
    let mut found = Vec::new();
    for entry in fs::read_dir(&parent).map_err(Error::io("read folder", &parent))? {
        let entry = entry.map_err(Error::io("read folder", &parent))?;
        if !entry.file_name().to_string_lossy().starts_with(&start) {
            continue;
        }
        // Only an empty folder can be removed in this way.
        if disk::remove_empty(&entry.path()).is_err() && holds_something(&entry.path()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether there is a folder with something in it, or one that cannot be looked into.
pub(super) fn holds_something(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) => e.kind() != ErrorKind::NotFound,
    }
}

impl Draft {
    /// Makes the temporary folder, and the folders around it.
    pub fn create(target: &Path) -> Result<Self> {
        check_folder(target)?;
        let (target, parent, name) = place(target)?;
        for attempt in 0..100 {
            let temporary = parent.join(format!(".{name}.tmp-release-{}-{attempt}", std::process::id()));
            match disk::make_folder(&temporary) {
                Ok(()) => return Ok(Self { target, parent, temporary, published: false }),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("create folder", &temporary)(e)),
            }
        }
        Err(Error::Other(format!("{}: too many unfinished releases, remove .{name}.tmp-*", parent.display())))
    }

    /// Where the release will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where it stands now.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Writes a file; errors name the place where it will be looked for.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        disk::write_new(&self.temporary.join(name), bytes).map_err(Error::io("write", &self.target.join(name)))
    }

    /// Puts the folder in its place. Nothing fails once it stands there; what should be known is returned.
    pub fn publish(mut self) -> Result<Option<String>> {
        disk::sync_folder(&self.temporary).map_err(Error::io("sync", &self.temporary))?;
        check_empty(&self.target)?;
        // An empty folder in its place is replaced at one stroke where the system can, or removed first.
        let renamed = disk::rename(&self.temporary, &self.target).or_else(|e| {
            disk::remove_empty(&self.target).map_err(|_| e).and_then(|()| disk::rename(&self.temporary, &self.target))
        });
        renamed.map_err(Error::io("write", &self.target))?;
        self.published = true;
        let synced = disk::sync_folder(&self.parent);
        Ok(synced.err().map(|e| {
            format!(
                "{} is published, but its folder could not be synced ({e}): after a power failure it may be missing",
                self.target.display()
            )
        }))
    }
}

/// What came into the place meanwhile is not replaced.
fn check_empty(target: &Path) -> Result<()> {
    if holds_something(target) {
        return Err(Error::Other(format!("{} is not empty any more: it is not replaced", target.display())));
    }
    Ok(())
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // Nothing can be told to anybody from here; the register names what is left.
            let _ = disk::remove_folder(&self.temporary);
        }
    }
}
