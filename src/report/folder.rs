//! The run folder: whole, or not there at all.
//!
//! Everything is written into a sibling folder `.<name>.tmp-<id>`, synced, and renamed at the end; `manifest.json` comes
//! last. On an error, on interruption and on a full disk the temporary folder is removed. A folder that already holds a
//! result is replaced only by the same run (same id) or on request, and only after the new one is complete; a folder
//! that holds anything else is never touched.

use super::manifest::{self, Manifest, Written};
use super::{Summaries, csv, parquet, plots};
use crate::error::{Error, Result};
use crate::evaluate::Row;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What to do with another run's result under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse.
    Refuse,
    /// Replace it (`--force`).
    Replace,
}

/// Whether `target` may become the folder of run `run_id`; call it before a long run.
pub fn check(target: &Path, run_id: &str, overwrite: Overwrite) -> Result<()> {
    let shown = target.display();
    let entries = match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("use as result folder", target)(e)),
    };
    if !entries {
        return Ok(());
    }
    match Manifest::read(target) {
        Ok(found) if found.run_id == run_id || overwrite == Overwrite::Replace => Ok(()),
        Ok(found) => Err(Error::Other(format!(
            "{shown} holds the result of another run ({}): choose another folder with --out, or replace it with --force",
            found.run_id
        ))),
        Err(_) => Err(Error::Other(format!(
            "{shown} is not empty and holds no result of pretick, so that it will not be replaced: choose another folder with --out"
        ))),
    }
}

/// Whether a folder can be made where `target` will stand: tries it, and takes it away again. Call it before a long run.
pub fn try_out(target: &Path, run_id: &str) -> Result<()> {
    let (target, parent, name) = place(target)?;
    // Missing folders are made at the end; the first that exists must take them.
    let existing = parent.ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let trial = existing.join(temporary_name(&name, run_id, 0));
    match fs::create_dir(&trial) {
        Ok(()) => fs::remove_dir(&trial).map_err(Error::io("remove", &trial)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::io("create folder", &target)(e)),
    }
}

/// The folder itself, the one around it, its name.
fn place(target: &Path) -> Result<(PathBuf, PathBuf, String)> {
    // A link to a folder stays a link: what it points at is replaced.
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    let name = target
        .file_name()
        .ok_or_else(|| Error::Other(format!("{} has no name: choose another folder with --out", target.display())))?
        .to_string_lossy()
        .into_owned();
    let parent = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((target, parent, name))
}

fn temporary_name(name: &str, run_id: &str, attempt: u32) -> String {
    format!(".{name}.tmp-{}-{}-{attempt}", manifest::slug(run_id), std::process::id())
}

/// A run folder being written.
#[derive(Debug)]
pub struct RunFolder {
    target: PathBuf,
    temporary: PathBuf,
    run_id: String,
    overwrite: Overwrite,
    files: Vec<Written>,
}

impl RunFolder {
    /// Starts a run folder; nothing appears under `target` before [`RunFolder::finish`].
    pub fn create(target: &Path, run_id: &str, overwrite: Overwrite) -> Result<Self> {
        check(target, run_id, overwrite)?;
        let (target, parent, name) = place(target)?;
        fs::create_dir_all(&parent).map_err(Error::io("create folder", &parent))?;
        for attempt in 0..100 {
            let temporary = parent.join(temporary_name(&name, run_id, attempt));
            match fs::create_dir(&temporary) {
                Ok(()) => {
                    return Ok(Self { target, temporary, run_id: run_id.to_owned(), overwrite, files: Vec::new() });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("create folder", &temporary)(e)),
            }
        }
        Err(Error::Other(format!("{}: too many unfinished runs beside it, remove .{name}.tmp-*", parent.display())))
    }

    /// Writes one file; `path` is inside the folder, with `/`.
    pub fn write(&mut self, path: &str, content: impl FnOnce(&mut dyn WriteSend) -> io::Result<()>) -> Result<Written> {
        let full = self.temporary.join(path);
        // Errors name the place where the user will look for the file.
        let shown = self.target.join(path);
        let run = || -> io::Result<Written> {
            if let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut out = Hashed { inner: BufWriter::new(File::create(&full)?), hash: Sha256::new(), bytes: 0 };
            content(&mut out)?;
            out.flush()?;
            out.inner.get_ref().sync_all()?;
            Ok(Written { path: path.to_owned(), bytes: out.bytes, sha256: manifest::hex(&out.hash.finalize()) })
        };
        let written = run().map_err(Error::io("write", &shown))?;
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

    /// Puts the folder in its place; gives that place.
    pub fn finish(mut self) -> Result<PathBuf> {
        check(&self.target, &self.run_id, self.overwrite)?;
        // As the temporary folder, a name of its own: what a crash left of an earlier one is not in the way.
        let mut old = self.temporary.clone().into_os_string();
        old.push(".old");
        let old = PathBuf::from(old);
        let occupied = fs::symlink_metadata(&self.target).is_ok();
        if occupied {
            fs::rename(&self.target, &old).map_err(Error::io("replace", &self.target))?;
        }
        if let Err(e) = fs::rename(&self.temporary, &self.target) {
            if occupied {
                let _ = fs::rename(&old, &self.target);
            }
            return Err(Error::io("write", &self.target)(e));
        }
        if occupied {
            fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
        }
        self.temporary.clear();
        Ok(self.target.clone())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            // Nothing can be told to anybody from here.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

/// A writer that may move between threads.
pub trait WriteSend: Write + Send {}
impl<T: Write + Send> WriteSend for T {}

/// Counts and hashes what passes.
struct Hashed {
    inner: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..n).unwrap_or(bytes));
        self.bytes += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a whole run: tables, pictures (if wanted), descriptor, manifest. Gives the folder and the notes of pictures
/// that were left out; `manifest.files` and `manifest.notes` are completed.
pub fn write_run(
    target: &Path,
    overwrite: Overwrite,
    manifest: &mut Manifest,
    rows: &[Row],
    pictures: bool,
) -> Result<(PathBuf, Vec<String>)> {
    let context = manifest.context.clone();
    let mut folder = RunFolder::create(target, &manifest.run_id, overwrite)?;
    let keys = &context.sweep_keys;
    if context.real_data {
        // The tables' columns are a contract and have no room for it.
        folder.write_bytes("NOTICE.txt", format!("{}\n", super::SIMULATED).as_bytes())?;
    }
    folder.write("results.csv", |out| csv::write_results(out, rows, keys))?;
    let all = Summaries::new(rows, &context);
    folder.write("summary.csv", |out| csv::write_summary(out, &all, &context))?;
    let mut metadata = vec![
        ("pretick.version", manifest.pretick_version.clone()),
        ("pretick.run_id", manifest.run_id.clone()),
        ("pretick.scenario_sha256", manifest.scenario_sha256.clone()),
    ];
    if context.real_data {
        metadata.push(("pretick.warning", super::SIMULATED.to_owned()));
        manifest.notes.push(super::SIMULATED.to_owned());
    }
    folder.write("results.parquet", |out| parquet::write_results(out, rows, keys, &metadata))?;
    folder.write_bytes("scenario.toml", manifest.scenario_text.as_bytes())?;
    folder.write_bytes("scenario.effective.toml", manifest.effective_scenario.as_bytes())?;
    let mut notes = Vec::new();
    if pictures {
        let (drawn, left_out) = plots::draw_all(&all, &context)?;
        for plot in &drawn {
            folder.write_bytes(&format!("plots/{}.svg", plot.name), plot.svg.as_bytes())?;
            folder.write_bytes(&format!("plots/{}.png", plot.name), &plots::png(&plot.svg)?)?;
        }
        notes = left_out;
    }
    manifest.files = folder.files().to_vec();
    manifest.notes.extend(notes.iter().cloned());
    let json = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
    let package = manifest::data_package(manifest, rows);
    manifest.files.push(folder.write_bytes("datapackage.json", &json(&package))?);
    let value = serde_json::to_value(&*manifest).map_err(|e| Error::Other(format!("{}: {e}", manifest::FILE)))?;
    folder.write_bytes(manifest::FILE, &json(&value))?;
    Ok((folder.finish()?, notes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::manifest::tests::manifest;
    use crate::report::{Context, fake};

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn run(target: &Path, id: &str, overwrite: Overwrite) -> Result<(PathBuf, Vec<String>)> {
        let context = Context { replications: 2, ..fake::context() };
        let rows = fake::rows(&context);
        write_run(target, overwrite, &mut manifest(id, context), &rows, false)
    }

    #[test]
    fn a_run_folder_is_whole_and_describes_itself() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/result");
        let (folder, notes) = run(&target, "r1", Overwrite::Refuse).unwrap();
        assert!(notes.is_empty());
        assert_eq!(entries(&home.path().join("deep")), ["result"]);
        let read = Manifest::read(&folder).unwrap();
        for file in &read.files {
            let bytes = fs::read(folder.join(&file.path)).unwrap();
            assert_eq!((file.bytes, &file.sha256), (bytes.len() as u64, &manifest::sha256(&bytes)));
        }
        assert_eq!(entries(&folder).len(), read.files.len() + 1);
    }

    /// Every file that can carry words says so; a CSV cannot, its descriptor does.
    #[test]
    fn files_on_real_data_say_that_nothing_is_safe_to_publish() {
        let home = tempfile::tempdir().unwrap();
        for (name, real_data) in [("real", true), ("synthetic", false)] {
            let context = Context { replications: 2, real_data, ..fake::context() };
            let rows = fake::rows(&context);
            let target = home.path().join(name);
            write_run(&target, Overwrite::Refuse, &mut manifest("r1", context), &rows, false).unwrap();
            for file in ["manifest.json", "datapackage.json", "results.parquet"] {
                let bytes = fs::read(target.join(file)).unwrap();
                let said =
                    bytes.windows(super::super::SIMULATED.len()).any(|w| w == super::super::SIMULATED.as_bytes());
                assert_eq!(said, real_data, "{file}");
            }
        }
    }

    #[test]
    fn another_run_s_result_is_replaced_only_on_request() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("result");
        run(&target, "r1", Overwrite::Refuse).unwrap();
        run(&target, "r1", Overwrite::Refuse).unwrap();
        let message = run(&target, "r2", Overwrite::Refuse).unwrap_err().to_string();
        assert!(message.contains("--out") && message.contains("--force"), "{message}");
        assert_eq!(Manifest::read(&target).unwrap().run_id, "r1");
        run(&target, "r2", Overwrite::Replace).unwrap();
        assert_eq!(Manifest::read(&target).unwrap().run_id, "r2");
        assert_eq!(entries(home.path()), ["result"]);
    }

    #[test]
    fn a_folder_with_other_things_is_never_touched() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.tex"), "years of work").unwrap();
        let message = run(home.path(), "r1", Overwrite::Replace).unwrap_err().to_string();
        assert!(message.contains("not be replaced"), "{message}");
        assert_eq!(entries(home.path()), ["thesis.tex"]);
    }

    #[test]
    fn an_error_leaves_nothing_behind_and_names_the_file() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("result");
        let mut folder = RunFolder::create(&target, "r1", Overwrite::Refuse).unwrap();
        folder.write_bytes("a.csv", b"1").unwrap();
        let full = |_: &mut dyn WriteSend| Err(io::Error::from(io::ErrorKind::StorageFull));
        let message = folder.write("plots/b.csv", full).unwrap_err().to_string();
        assert!(message.contains("result/plots/b.csv") && message.contains("no storage space"), "{message}");
        drop(folder);
        assert!(entries(home.path()).is_empty());
    }

    #[test]
    fn an_unusable_place_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for target in [file.clone(), file.join("below")] {
            let error = RunFolder::create(&target, "r1", Overwrite::Replace).unwrap_err();
            assert!(matches!(&error, Error::Io { path, .. } if path.contains("file")), "{error}");
        }
        assert!(RunFolder::create(Path::new("/"), "r1", Overwrite::Replace).is_err());
    }
}
