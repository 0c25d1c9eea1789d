//! One folder: whole, or not there at all.

use super::own::{Found, Mark};
use super::place::{Around, OLD, Place};
use super::{Overwrite, left};
use crate::disk::temporary::Temporary;
use crate::disk::{self, Stepped};
use crate::error::{Error, Result};
use crate::report::manifest::{Hashed, Written};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A place for a folder, looked at before the work.
#[derive(Clone, Debug)]
pub struct FolderTarget {
    place: Place,
    mark: Mark,
    id: Option<String>,
    overwrite: Overwrite,
    notes: Vec<String>,
}

impl FolderTarget {
    /// Whether `target` may become a result; tidies up beside it. `id`: a result with the same identity is the same result, and may be
    /// replaced without being asked for.
    pub fn check(target: &Path, mark: Mark, id: Option<&str>, overwrite: Overwrite) -> Result<Self> {
        let place = Place::of(target)?;
        // What is put back counts as being there.
        let notes = left::tidy(&place, Some(&mark))?;
        let found = mark.check(place.target(), id, overwrite)?;
        if found != Found::Nothing && is_around_us(place.target()) {
            return Err(Error::Other(format!(
                "{}: you are in this folder, which would be replaced under your feet: name another with --out",
                target.display()
            )));
        }
        place.try_out(disk::make_folder)?;
        Ok(Self { place, mark, id: id.map(str::to_owned), overwrite, notes })
    }

    /// What was tidied up.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where it will stand, links followed.
    pub fn path(&self) -> &Path {
        self.place.target()
    }

    /// Starts the folder; nothing appears under its name before [`WholeFolder::finish`].
    pub fn begin(self) -> Result<WholeFolder> {
        let draft = Draft::create(self.place, "")?;
        Ok(WholeFolder { draft, mark: self.mark, id: self.id, overwrite: self.overwrite, files: Vec::new() })
    }
}

/// Whether the process is in this folder or below it.
fn is_around_us(folder: &Path) -> bool {
    fs::canonicalize(".").is_ok_and(|here| here.starts_with(folder))
}

/// A folder under its temporary name: what all folders have in common, whatever may be replaced by them.
#[derive(Debug)]
pub struct Draft {
    place: Place,
    temporary: Temporary,
    around: Around,
}

impl Draft {
    /// Makes it, and the folders around it; `kind` is part of its name.
    pub fn create(place: Place, kind: &str) -> Result<Self> {
        let around = place.make_around()?;
        let made = Temporary::create(place.temporaries(kind), disk::make_folder);
        let (temporary, ()) = made.map_err(Error::io("create folder", place.target()))?;
        Ok(Self { place, temporary, around })
    }

    /// Where it will stand.
    pub fn target(&self) -> &Path {
        self.place.target()
    }

    /// Where it stands now.
    pub fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes and syncs one file; `path` is inside the folder, with `/`.
    pub fn write(&self, path: &str, content: impl FnOnce(&mut dyn WriteSend) -> io::Result<()>) -> Result<Written> {
        let full = self.temporary().join(path);
        let run = || -> io::Result<Written> {
            if let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut out = Hashed::new(BufWriter::<Stepped>::new(disk::make_file(&full)?));
            content(&mut out)?;
            out.flush()?;
            out.inner().get_ref().sync()?;
            let (bytes, sha256) = out.finish();
            Ok(Written { path: path.to_owned(), bytes, sha256 })
        };
        // Errors name the place where the user will look for the file.
        run().map_err(Error::io("write", &self.target().join(path)))
    }

    /// Puts it in its place. `may` is asked at the last moment what is there, and whether the folder with that path may be replaced.
    /// Nothing fails once it stands there; what should be known is returned.
    pub fn put(mut self, may: impl Fn(&Path) -> Result<Found>) -> Result<Vec<String>> {
        sync_all(self.temporary()).map_err(Error::io("sync", self.target()))?;
        let place = self.place;
        let mut notes = self.temporary.place(|path| put(path, &place, &may))?;
        self.around.keep();
        if let Err(e) = disk::sync_folder(place.parent()) {
            notes.push(format!(
                "{} is written, but its folder could not be synced ({e}): after a power failure it may be missing",
                place.target().display()
            ));
        }
        Ok(notes)
    }
}

/// Syncs the names in a folder and in those below it.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        }
    }
    disk::sync_folder(folder)
}

/// Gives the new folder its name, and removes what had it.
fn put(new: &Path, place: &Place, may: &impl Fn(&Path) -> Result<Found>) -> Result<Vec<String>> {
    let target = place.target();
    let failed = || Error::io("write", target);
    match may(target)? {
        Found::Nothing => disk::rename_new(new, target).map_err(failed())?,
        // An empty folder is replaced at one stroke where the system can, or removed first.
        Found::Empty => disk::rename(new, target)
            .or_else(|e| disk::remove_empty(target).map_err(|_| e).and_then(|()| disk::rename_new(new, target)))
            .map_err(failed())?,
        Found::Result => {
            let before = fs::metadata(target).map_err(failed())?;
            // Who may read the folder is for its owner to say.
            fs::set_permissions(new, before.permissions()).map_err(failed())?;
            let old = if disk::exchange(new, target).map_err(failed())? {
                // What came into it meanwhile is not removed.
                if may(new).is_err() {
                    return given_back(new, target, may);
                }
                new.to_owned()
            } else {
                replaced(new, target)?
            };
            return Ok(disk::remove_folder(&old).err().map(|e| stays(&old, &e)).into_iter().collect());
        }
    }
    Ok(Vec::new())
}

/// Takes the new folder away again, from a place that somebody else has come into.
fn given_back(old: &Path, target: &Path, may: &impl Fn(&Path) -> Result<Found>) -> Result<Vec<String>> {
    if disk::exchange(old, target).is_ok_and(|done| done) {
        may(target)?;
        return Err(Error::Other(format!("{} changed while it was being replaced: try again", target.display())));
    }
    Ok(vec![format!("what stood in {} was changed meanwhile; it is kept in {}", target.display(), old.display())])
}

/// By two renames; gives the name of the old folder.
fn replaced(new: &Path, target: &Path) -> Result<PathBuf> {
    let mut old = new.to_owned().into_os_string();
    old.push(OLD);
    let old = PathBuf::from(old);
    disk::rename(target, &old).map_err(Error::io("replace", target))?;
    if let Err(e) = disk::rename_new(new, target) {
        return match disk::rename_new(&old, target) {
            Ok(()) => Err(Error::io("write", target)(e)),
            Err(_) => Err(Error::Other(format!(
                "cannot write {}: {e}; what stood there is now in {}",
                target.display(),
                old.display()
            ))),
        };
    }
    Ok(old)
}

fn stays(old: &Path, e: &io::Error) -> String {
    format!("the result that was replaced could not be removed and stays in {} ({e})", old.display())
}

/// A result folder being written.
#[derive(Debug)]
pub struct WholeFolder {
    draft: Draft,
    mark: Mark,
    id: Option<String>,
    overwrite: Overwrite,
    files: Vec<Written>,
}

impl WholeFolder {
    /// Writes one file; `path` is inside the folder, with `/`.
    pub fn write(&mut self, path: &str, content: impl FnOnce(&mut dyn WriteSend) -> io::Result<()>) -> Result<Written> {
        let written = self.draft.write(path, content)?;
        self.files.push(written.clone());
        Ok(written)
    }

    /// Writes one file from memory.
    pub fn write_bytes(&mut self, path: &str, bytes: &[u8]) -> Result<Written> {
        self.write(path, |out| out.write_all(bytes))
    }

    /// Files written so far.
    pub fn files(&self) -> &[Written] {
        &self.files
    }

    /// Writes the manifest, which comes last, and puts the folder in its place; gives that place and what should be known.
    /// `manifest` gets the list of the files under `files`.
    pub fn finish(self, mut manifest: serde_json::Value) -> Result<(PathBuf, Vec<String>)> {
        let Self { draft, mark, id, overwrite, files } = self;
        let text = |e: serde_json::Error| Error::Other(format!("{}: {e}", mark.manifest));
        if let serde_json::Value::Object(keys) = &mut manifest {
            keys.insert("files".into(), serde_json::to_value(&files).map_err(text)?);
        }
        draft.write(mark.manifest, |out| out.write_all(format!("{manifest:#}\n").as_bytes()))?;
        let target = draft.target().to_owned();
        let notes = draft.put(|folder| mark.check(folder, id.as_deref(), overwrite))?;
        Ok((target, notes))
    }
}

/// A writer that may move between threads.
pub trait WriteSend: Write + Send {}
impl<T: Write + Send> WriteSend for T {}
