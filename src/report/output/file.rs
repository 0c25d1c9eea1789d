//! One file: whole, or not there at all.
//!
//! What is no regular file (a pipe, a terminal, `/dev/null`) cannot be replaced without breaking it for everybody: it is opened
//! and written to. `-` is standard output.

use super::place::Place;
use super::{Overwrite, left};
use crate::disk::temporary::Temporary;
use crate::disk::{self, Stepped};
use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A place for a file, looked at before the work.
#[derive(Debug)]
pub struct FileTarget {
    place: Kind,
    overwrite: Overwrite,
    notes: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    /// A regular file, or nothing yet.
    Regular(Place),
    /// Something that is written to as it stands.
    Special(Place),
    StandardOutput,
}

impl FileTarget {
    /// Whether `target` may be written; tidies up beside it.
    pub fn check(target: &Path, overwrite: Overwrite) -> Result<Self> {
        if target == Path::new("-") {
            return Ok(Self { place: Kind::StandardOutput, overwrite, notes: Vec::new() });
        }
        let place = Place::of(target)?;
        if is_special(&place) {
            return Ok(Self { place: Kind::Special(place), overwrite, notes: Vec::new() });
        }
        may_be_written(&place, overwrite)?;
        if !place.parent().is_dir() {
            return Err(Error::Other(format!(
                "{}: there is no folder {}: make it, or choose another with --out",
                target.display(),
                place.parent().display()
            )));
        }
        place.try_out(disk::make_file)?;
        let notes = left::tidy(&place, None)?;
        Ok(Self { place: Kind::Regular(place), overwrite, notes })
    }

    /// What was tidied up.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Refuses a file that the command reads: `--force` replaces an earlier result, not what it was made of.
    pub fn is_none_of(&self, inputs: &[&Path]) -> Result<()> {
        let (Kind::Regular(place) | Kind::Special(place)) = &self.place else { return Ok(()) };
        match inputs.iter().find(|input| fs::canonicalize(input).is_ok_and(|input| input == place.target())) {
            None => Ok(()),
            Some(input) => Err(Error::Other(format!(
                "--out {} is what the command reads: it would be lost; choose another file",
                input.display()
            ))),
        }
    }

    /// Starts the file; nothing appears under its name before [`WholeFile::finish`].
    pub fn begin(self) -> Result<WholeFile> {
        let overwrite = self.overwrite;
        let (shown, to) = match self.place {
            Kind::StandardOutput => ("-".to_owned(), To::Open(Box::new(io::stdout()))),
            Kind::Special(place) => {
                let open = File::options().write(true).open(place.target());
                (
                    place.target().display().to_string(),
                    To::Open(Box::new(open.map_err(Error::io("write", place.target()))?)),
                )
            }
            Kind::Regular(place) => {
                let (temporary, file) = Temporary::create(place.temporaries(""), disk::make_file)
                    .map_err(Error::io("write", place.target()))?;
                let out = BufWriter::with_capacity(1 << 16, file);
                (place.target().display().to_string(), To::Place { place, temporary, out })
            }
        };
        Ok(WholeFile { shown, overwrite, to, bytes: 0 })
    }
}

fn is_special(place: &Place) -> bool {
    fs::metadata(place.target()).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

fn may_be_written(place: &Place, overwrite: Overwrite) -> Result<()> {
    let target = place.target();
    match fs::metadata(target) {
        Ok(found) if found.is_dir() => Err(Error::Other(format!("{} is a folder: name a file", target.display()))),
        Ok(_) if overwrite == Overwrite::Refuse => Err(exists(target)),
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io("write", target)(e)),
    }
}

/// Whether two small files have the same bytes.
fn are_same(one: &Path, other: &Path) -> bool {
    fs::read(one).ok().is_some_and(|bytes| fs::read(other).is_ok_and(|others| bytes == others))
}

fn exists(target: &Path) -> Error {
    Error::Other(format!("{} exists: choose another file with --out, or replace it with --force", target.display()))
}

/// A file being written.
pub struct WholeFile {
    shown: String,
    overwrite: Overwrite,
    to: To,
    bytes: u64,
}

enum To {
    Place { place: Place, temporary: Temporary, out: BufWriter<Stepped> },
    Open(Box<dyn Write + Send>),
}

impl WholeFile {
    /// Puts the file in its place; gives its size in bytes.
    pub fn finish(self) -> Result<u64> {
        let Self { shown, overwrite, to, bytes } = self;
        let failed = |e: io::Error| Error::io("write", Path::new(&shown))(e);
        let (place, temporary, mut out) = match to {
            To::Open(mut out) => return out.flush().map(|()| bytes).map_err(failed),
            To::Place { place, temporary, out } => (place, temporary, out),
        };
        out.flush().map_err(failed)?;
        if let Ok(before) = fs::metadata(place.target()) {
            // Who may read the file is for its owner to say.
            out.get_ref().file().set_permissions(before.permissions()).map_err(failed)?;
        }
        out.get_ref().sync().map_err(failed)?;
        temporary.place(|path| {
            may_be_written(&place, overwrite)?;
            let may_replace = match overwrite {
                Overwrite::Refuse => false,
                Overwrite::Replace => true,
                Overwrite::Same => are_same(path, place.target()),
            };
            let put =
                if may_replace { disk::rename(path, place.target()) } else { disk::rename_new(path, place.target()) };
            put.map_err(|e| if e.kind() == io::ErrorKind::AlreadyExists { exists(place.target()) } else { failed(e) })
        })?;
        // It stands in its place; a name that is lost in a power failure is no error of the command.
        let _ = disk::sync_folder(place.parent());
        Ok(bytes)
    }
}

impl std::fmt::Debug for WholeFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WholeFile").field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = match &mut self.to {
            To::Place { out, .. } => out.write(bytes)?,
            To::Open(out) => out.write(bytes)?,
        };
        self.bytes += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Place { out, .. } => out.flush(),
            To::Open(out) => out.flush(),
        }
    }
}

/// Writes a small file from memory.
pub fn write_whole(target: FileTarget, bytes: &[u8]) -> Result<()> {
    let mut file = target.begin()?;
    file.write_all(bytes).map_err(|e| Error::io("write", Path::new(&file.shown))(e))?;
    file.finish().map(|_| ())
}
