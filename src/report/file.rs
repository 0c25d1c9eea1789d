//! One file: whole, or not there at all.
//!
//! Written to a hidden sibling, synced, and renamed at the end; on an error or an interruption the sibling is removed.

use super::Overwrite;
use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Whether `target` may be written; call it before long work.
pub fn check(target: &Path, overwrite: Overwrite) -> Result<()> {
    match fs::metadata(target) {
        Ok(found) if found.is_dir() => Err(Error::Other(format!("{} is a folder: name a file", target.display()))),
        Ok(_) if overwrite == Overwrite::Refuse => Err(Error::Other(format!(
            "{} exists: choose another file with --out, or replace it with --force",
            target.display()
        ))),
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io("write", target)(e)),
    }
}

/// A file being written.
#[derive(Debug)]
pub struct WholeFile {
    target: PathBuf,
    temporary: PathBuf,
    out: BufWriter<File>,
    overwrite: Overwrite,
    finished: bool,
}

impl WholeFile {
    /// Starts a file; nothing appears under `target` before [`WholeFile::finish`].
    pub fn create(target: &Path, overwrite: Overwrite) -> Result<Self> {
        check(target, overwrite)?;
        // A link stays a link: what it points at is replaced.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        for attempt in 0..100 {
            let temporary = target.with_file_name(format!(".{name}.tmp-{}-{attempt}", std::process::id()));
            match File::create_new(&temporary) {
                Ok(file) => {
                    let out = BufWriter::with_capacity(1 << 16, file);
                    return Ok(Self { target, temporary, out, overwrite, finished: false });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("write", &target)(e)),
            }
        }
        Err(Error::Other(format!("{}: too many unfinished files beside it, remove .{name}.tmp-*", target.display())))
    }

    /// Puts the file in its place; gives its size in bytes.
    pub fn finish(mut self) -> Result<u64> {
        let mut close = || -> io::Result<u64> {
            self.out.flush()?;
            let file = self.out.get_ref();
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        let bytes = close().map_err(Error::io("write", &self.target))?;
        check(&self.target, self.overwrite)?;
        fs::rename(&self.temporary, &self.target).map_err(Error::io("write", &self.target))?;
        self.finished = true;
        Ok(bytes)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing can be told to anybody from here.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a small file from memory.
pub fn write_whole(target: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<()> {
    let mut file = WholeFile::create(target, overwrite)?;
    file.write_all(bytes).map_err(Error::io("write", target))?;
    file.finish().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_is_not_replaced_by_accident() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("a.csv");
        let seen = || fs::read_dir(home.path()).unwrap().count();
        let mut file = WholeFile::create(&target, Overwrite::Refuse).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(seen(), 0);
        write_whole(&target, b"one", Overwrite::Refuse).unwrap();
        let message = write_whole(&target, b"two", Overwrite::Refuse).unwrap_err().to_string();
        assert!(message.contains("--force"), "{message}");
        write_whole(&target, b"two", Overwrite::Replace).unwrap();
        assert_eq!((fs::read(&target).unwrap(), seen()), (b"two".to_vec(), 1));
        // Somebody else's file that came up meanwhile stays.
        let late = home.path().join("late.csv");
        let file = WholeFile::create(&late, Overwrite::Refuse).unwrap();
        fs::write(&late, "theirs").unwrap();
        assert!(file.finish().is_err());
        assert_eq!((fs::read(&late).unwrap(), seen()), (b"theirs".to_vec(), 2));
        assert!(write_whole(home.path(), b"", Overwrite::Replace).is_err());
    }
}
