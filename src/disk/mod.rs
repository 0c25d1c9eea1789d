//! What is done to the disk, step by step.
//!
//! Each step is one system call or little more, so that tests can stop the process, or let a step fail, at every one of them
//! (`faults`). Who reads the disk afterwards must find nothing half-written under a name that means something.

pub mod temporary;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes a folder that is not there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    step()?;
    fs::create_dir(path)
}

/// Makes a folder that is not there and that other users cannot read.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    step()?;
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file that is not there.
pub fn make_file(path: &Path) -> io::Result<Stepped> {
    step()?;
    File::create_new(path).map(Stepped)
}

/// Writes a file that is not there, and syncs it.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = make_file(path)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    file.write_all(second)?;
    file.sync()
}

/// Renames; a file that stood there is replaced at one stroke.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    step()?;
    fs::rename(from, to)
}

/// Renames to a name that nothing has; fails with [`io::ErrorKind::AlreadyExists`] where something has it.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    step()?;
    #[cfg(target_os = "linux")]
    if !only_plain_renames() {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(e) if is_not_offered(e) => {}
            done => return done.map_err(io::Error::from),
        }
    }
    // Where the system has no such call, somebody may still come in between.
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Exchanges two names at one stroke; `false` where the system or the file system does not offer that.
pub fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    step()?;
    #[cfg(target_os = "linux")]
    if !only_plain_renames() {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            Err(e) if is_not_offered(e) => {}
            done => return done.map(|()| true).map_err(io::Error::from),
        }
    }
    let _ = (one, other);
    Ok(false)
}

/// What old kernels and some file systems answer to the flags of a rename.
#[cfg(target_os = "linux")]
fn is_not_offered(e: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP].contains(&e)
}

/// Removes a file.
pub fn remove_file(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_file(path)
}

/// Removes an empty folder.
pub fn remove_empty(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_dir(path)
}

/// Removes a folder and all that is in it.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    step()?;
    fs::remove_dir_all(path)
}

/// Syncs a folder: the names that stand in it. Only where folders can be opened; elsewhere names are synced with the files.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    step()?;
    if cfg!(unix) { OpenOptions::new().read(true).open(path)?.sync_all() } else { Ok(()) }
}

/// A file whose writes are steps.
#[derive(Debug)]
pub struct Stepped(File);

impl Stepped {
    /// Syncs it.
    pub fn sync(&self) -> io::Result<()> {
        step()?;
        self.0.sync_all()
    }

    /// The file itself.
    pub const fn file(&self) -> &File {
        &self.0
    }
}

impl Write for Stepped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step()?;
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Most links that are followed before a path counts as a circle.
const MOST_LINKS: usize = 40;

/// The place that a path stands for, links followed, whether anything is there or not: a link to nothing stands for the name it
/// points to.
pub fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&at) {
            Ok(m) if m.is_symlink() => at = around(&at).join(fs::read_link(&at)?),
            Ok(_) => return fs::canonicalize(&at),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let Some(name) = at.file_name() else { return Err(e) };
                // A folder that is not there either is for the caller to make.
                return followed(around(&at)).map(|folder| folder.join(name));
            }
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::other("too many links"))
}

/// The folder that a path stands in.
pub fn around(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether an open file, or folder, still stands under its name.
#[cfg(unix)]
pub fn still_there(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(m) => Ok((m.dev(), m.ino()) == (own.dev(), own.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Whether an open file, or folder, still stands under its name.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
pub fn still_there(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(not(test))]
#[allow(clippy::unnecessary_wraps, reason = "tests let it fail")]
#[inline]
fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(all(not(test), target_os = "linux"))]
const fn only_plain_renames() -> bool {
    false
}

#[cfg(test)]
use faults::{only_plain_renames, step};

#[cfg(test)]
pub(crate) mod faults {
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
        static PLAIN: Cell<bool> = const { Cell::new(false) };
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

    pub(super) fn step() -> io::Result<()> {
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

    /// A file system of this thread that knows plain renames alone.
    pub fn plain_renames(plain: bool) {
        PLAIN.set(plain);
    }

    pub(super) fn only_plain_renames() -> bool {
        PLAIN.get()
    }
}
