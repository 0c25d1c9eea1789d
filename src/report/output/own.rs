//! Whose a folder is: a result of pretick lists its files with their hashes, and nothing else in it is pretick's.
//!
//! | what is in the folder | replaced |
//! |---|---|
//! | nothing | yes |
//! | the result with the same identity, as it was written | yes: it comes out the same |
//! | another result of the same command, or one that was edited since | with `--force` |
//! | a file or folder that the result does not list | never |
//! | anything else | never |

use super::Overwrite;
use crate::error::{Error, Result};
use crate::report::manifest::{self, Written};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// How a kind of result folder is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The command that writes it.
    pub command: &'static str,
    /// The file that describes it and lists its files.
    pub manifest: &'static str,
    /// The key of its identity there.
    pub key: &'static str,
    /// A file that stands in it while the command is at work.
    pub working: Option<&'static str>,
}

/// Results of `pretick run`.
pub const RUN: Mark = Mark { command: "run", manifest: manifest::FILE, key: "run_id", working: None };
/// Results of `pretick bench`.
pub const BENCH: Mark =
    Mark { command: "bench", manifest: "bench.json", key: "bench_id", working: Some("bench.partial.jsonl") };
/// Results of `pretick scorecard fit`.
pub const SCORECARD: Mark =
    Mark { command: "scorecard fit", manifest: manifest::FILE, key: "scorecard_id", working: None };
/// Results of `pretick audit`.
pub const AUDIT: Mark = Mark { command: "audit", manifest: manifest::FILE, key: "audit_id", working: None };

const ALL: [Mark; 4] = [RUN, BENCH, SCORECARD, AUDIT];

/// What file managers leave in every folder that is looked at; it is nobody's work.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// What a result says of itself.
#[derive(Debug)]
struct Listing {
    id: String,
    files: Vec<Written>,
}

/// What there is in the place of a folder that may be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing has that name.
    Nothing,
    /// An empty folder.
    Empty,
    /// A result that may be replaced.
    Result,
}

impl Mark {
    fn read(&self, folder: &Path) -> Option<Listing> {
        let text = fs::read_to_string(folder.join(self.manifest)).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let id = value.get(self.key)?.as_str()?.to_owned();
        Some(Listing { id, files: serde_json::from_value(value.get("files")?.clone()).ok()? })
    }

    /// Whether `folder` may become the result `id` (`None`: no other result is the same), and what is there now.
    pub fn check(&self, folder: &Path, id: Option<&str>, overwrite: Overwrite) -> Result<Found> {
        let shown = folder.display();
        let there = match names(folder) {
            Ok(there) => there,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory && folder.exists() => {
                return Err(Error::Other(format!("{shown} is a file: name a folder with --out")));
            }
            Err(e) => return Err(Error::io("use as result folder", folder)(e)),
        };
        if there.is_empty() {
            return Ok(Found::Empty);
        }
        let Some(found) = self.read(folder) else {
            let working = there.iter().all(|name| self.working == Some(name.as_str()));
            return if working { Ok(Found::Result) } else { Err(self.is_not_ours(folder)) };
        };
        self.nothing_else(folder, &there, &found)?;
        if overwrite == Overwrite::Replace {
            return Ok(Found::Result);
        }
        if id != Some(found.id.as_str()) {
            return Err(Error::Other(format!(
                "{shown} holds the result of another `pretick {}` ({}): choose another folder with --out, or replace it with --force",
                self.command, found.id
            )));
        }
        match found.files.iter().find(|file| is_edited(folder, file)) {
            None => Ok(Found::Result),
            Some(file) => Err(Error::Other(format!(
                "{} was changed since it was written: choose another folder with --out, or replace all of {shown} with --force",
                folder.join(&file.path).display()
            ))),
        }
    }

    fn is_not_ours(&self, folder: &Path) -> Error {
        let shown = folder.display();
        let other = ALL.iter().find(|mark| mark.read(folder).is_some() && *mark != self);
        let what = other.map_or_else(
            || format!("is not empty and holds no result of `pretick {}`", self.command),
            |mark| format!("holds the result of `pretick {}`", mark.command),
        );
        Error::Other(format!("{shown} {what}, so that it will not be replaced: choose another folder with --out"))
    }

    /// Refuses what the result does not list.
    fn nothing_else(&self, folder: &Path, there: &[String], found: &Listing) -> Result<()> {
        let mut own: BTreeSet<&str> = found.files.iter().map(|f| f.path.as_str()).collect();
        own.insert(self.manifest);
        own.extend(self.working);
        // Folders end in a slash.
        let folders: BTreeSet<&str> = own.iter().flat_map(|p| p.match_indices('/').map(|(at, _)| &p[..=at])).collect();
        let foreign: Vec<&str> =
            there.iter().map(String::as_str).filter(|name| !own.contains(name) && !folders.contains(name)).collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let more = if foreign.len() > 3 { ", …" } else { "" };
        Err(Error::Other(format!(
            "{} holds what is not part of its result: {}{more}. It would be lost, so that the folder will not be replaced: move it, or \
             choose another folder with --out",
            folder.display(),
            foreign[..foreign.len().min(3)].join(", ")
        )))
    }

    /// Whether a folder holds nothing but files of such a result, or parts of one that was never finished.
    pub(super) fn owns(&self, folder: &Path) -> bool {
        match (self.read(folder), names(folder)) {
            (Some(found), Ok(there)) => self.nothing_else(folder, &there, &found).is_ok(),
            // Without a manifest nobody has ever found it under its name.
            (None, Ok(_)) => true,
            (_, Err(_)) => false,
        }
    }
}

/// Everything in a folder and below, by its path with `/`; folders end in one, and links are not followed.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut out = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((at, before)) = open.pop() {
        for entry in fs::read_dir(&at)? {
            let entry = entry?;
            let name = format!("{before}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), format!("{name}/")));
                out.push(format!("{name}/"));
            } else if !LITTER.iter().any(|l| entry.file_name() == **l) {
                out.push(name);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Whether a file is there and not as it was written.
fn is_edited(folder: &Path, file: &Written) -> bool {
    let path = folder.join(&file.path);
    match fs::symlink_metadata(&path) {
        Err(e) => e.kind() != io::ErrorKind::NotFound,
        Ok(found) if !found.is_file() || found.len() != file.bytes => true,
        Ok(_) => {
            let mut hash = manifest::Hashed::new(io::sink());
            let read = File::open(&path).and_then(|mut f| io::copy(&mut f, &mut hash));
            read.is_err() || hash.finish().1 != file.sha256
        }
    }
}
