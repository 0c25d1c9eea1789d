//! Files and folders that do not outlive their process, unless they are put in their place.
//!
//! | who | how it knows them |
//! |---|---|
//! | their owner | puts them in their place, or drops them: they are removed |
//! | this process | has a list; where it is told to end at once it removes all of them first ([`remove_all`]) |
//! | later processes | they are locked (`flock`) as long as their process lives, however it ends: what is not locked is left of a dead one ([`state`]) |
//!
//! A lock is not a number of a process: those are used again, and other computers or containers that see the same folder have
//! the same ones. Where a file system knows no locks, nothing is said to be dead.

use super::{remove_file, remove_folder, still_there};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All temporaries of this process.
static OURS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn ours() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all temporaries of this process, waits for those that are being put in their place, and never lets anybody begin or
/// place another: to be called by a process that ends at once after it.
pub fn remove_all() {
    let mut all = ours();
    for path in std::mem::take(&mut *all) {
        let _ = remove(&path);
    }
    // Held for ever: between this and the end of the process nothing new may appear.
    std::mem::forget(all);
}

/// One file or folder.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    /// Keeps the lock until it is closed.
    held: Option<File>,
    is_placed: bool,
}

impl Temporary {
    /// Makes a temporary at the first of `names` that is free. `make` makes it and fails with
    /// [`io::ErrorKind::AlreadyExists`] where something is there; it may give what it has opened.
    pub fn create<T>(
        names: impl Iterator<Item = PathBuf>,
        mut make: impl FnMut(&Path) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        for path in names {
            let mut all = ours();
            let made = match make(&path) {
                Ok(made) => made,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            };
            all.insert(path.clone());
            drop(all);
            let mut new = Self { path, held: None, is_placed: false };
            // Lost: somebody who removes what is left saw it before it was locked.
            if let Ok(held) = lock(&new.path) {
                new.held = held;
                return Ok((new, made));
            }
        }
        Err(io::Error::other("too many unfinished files beside it"))
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place by `place`, which nobody interrupts but the system. Where that succeeds, what then stands under the
    /// temporary name is `place`'s care.
    pub fn place<T, E>(mut self, place: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
        let mut all = ours();
        let placed = place(&self.path);
        if placed.is_ok() {
            self.is_placed = true;
            all.remove(&self.path);
        }
        // `drop` needs the list again.
        drop(all);
        placed
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_placed {
            // Nothing can be told to anybody from here; the next of the same name removes what is left.
            let _ = remove(&self.path);
            ours().remove(&self.path);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { remove_folder(path) } else { remove_file(path) }
}

/// Removed before it could be locked.
struct Lost;

/// Locks what was just made; nothing where the file system knows no locks.
fn lock(path: &Path) -> Result<Option<File>, Lost> {
    // Elsewhere a lock keeps its own process from writing through another handle.
    let Some(file) = cfg!(unix).then(|| File::open(path).ok()).flatten() else { return Ok(None) };
    match file.try_lock() {
        Ok(()) if still_there(&file, path).unwrap_or(false) => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Err(Lost),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// What is known of the process that made a temporary.
#[derive(Debug)]
pub enum State {
    /// It is at work.
    Alive,
    /// It has ended; the lock is now held by this process.
    Dead(File),
    /// The file system does not tell.
    Unknown,
}

/// Whether the process of a temporary is still at work. What is neither file nor folder is nobody's.
pub fn state(path: &Path) -> State {
    let known = fs::symlink_metadata(path).is_ok_and(|m| m.is_file() || m.is_dir());
    let Some(file) = (known && cfg!(unix)).then(|| File::open(path).ok()).flatten() else { return State::Unknown };
    match file.try_lock() {
        Ok(()) if still_there(&file, path).unwrap_or(false) => State::Dead(file),
        Ok(()) | Err(TryLockError::WouldBlock) => State::Alive,
        Err(TryLockError::Error(_)) => State::Unknown,
    }
}

/// Removes what dead processes left in `folder` under names that `is_ours` knows; what cannot be removed stays.
pub fn remove_left(folder: &Path, is_ours: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(&is_ours)
            && let State::Dead(held) = state(&entry.path())
        {
            let _ = remove(&entry.path());
            drop(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::make_folder;

    fn named(home: &Path) -> impl Iterator<Item = PathBuf> {
        let home = home.to_owned();
        (0..3).map(move |n| home.join(format!("t-{n}")))
    }

    #[test]
    fn what_is_dropped_is_gone_and_what_is_placed_stays() {
        let home = tempfile::tempdir().unwrap();
        let (one, ()) = Temporary::create(named(home.path()), make_folder).unwrap();
        let (other, ()) = Temporary::create(named(home.path()), make_folder).unwrap();
        assert_eq!(other.path(), home.path().join("t-1"));
        drop(other);
        let target = home.path().join("target");
        one.place(|path| fs::rename(path, &target)).unwrap();
        let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["target"]);
        // What cannot be placed is removed.
        let (third, ()) = Temporary::create(named(home.path()), make_folder).unwrap();
        third.place(|path| fs::rename(path, home.path().join("no/such"))).unwrap_err();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_what_no_process_holds_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let (alive, ()) = Temporary::create(named(home.path()), make_folder).unwrap();
        assert!(matches!(state(alive.path()), State::Alive));
        fs::create_dir(home.path().join("t-1")).unwrap();
        fs::write(home.path().join("t-2"), "half").unwrap();
        fs::write(home.path().join("mine"), "whole").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.path().join("mine"), home.path().join("t-3")).unwrap();
        remove_left(home.path(), |name| name.starts_with("t-"));
        assert!(alive.path().exists());
        let left = |name: &str| fs::symlink_metadata(home.path().join(name)).is_ok();
        assert!(!left("t-1") && !left("t-2") && left("mine") && left("t-3") == cfg!(unix));
    }
}
