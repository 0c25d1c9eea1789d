//! Which registers know the persons of a file, and what they say together.
//!
//! Unless the user names one, a register stands beside the data. A symbolic link to the data is the same data: there is then a register
//! beside each link on the way and one beside the file itself, all of them are asked, and the release is entered in all of them, so
//! that neither the file nor a link hides it, nor other files of either folder. Links to folders make no difference. What is no file
//! on a disk (a pipe) has no folder: its register must be named. A hard link, or a copy, in another folder is not known to be the same
//! file.

use super::persons::Persons;
use super::register::{Known, Register, State};
use super::{LEDGER, PublicLedger, draft, same};
use crate::error::{Error, Result};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Name of a register that stands beside its data.
const NAME: &str = "pretick-releases.json";

/// Links followed before a path counts as a circle.
const MOST_LINKS: usize = 40;

/// All registers that know the persons of a file, locked. The first is that of the file itself.
#[derive(Debug)]
pub struct Registers {
    all: Vec<Register>,
}

/// A release about the same persons that was begun and not published.
#[derive(Clone, Debug)]
pub struct CutOff {
    pub(super) known: Known,
}

impl CutOff {
    /// What happened, for those inside.
    pub fn note(&self) -> String {
        let k = &self.known;
        let left = if draft::holds_something(Path::new(&k.unfinished)) && !k.unfinished.is_empty() {
            format!(" Unfinished files of it are left in {}: they are paid for, and may be removed.", k.unfinished)
        } else {
            String::new()
        };
        format!(
            "release {} (arm {}) for {} was cut off before it was published. Its noise may have been drawn: ε = {}, δ = {} count as spent, \
             here and in the new ledger.{left}",
            k.id, k.arm, k.folder, k.epsilon, k.delta
        )
    }
}

/// Folders whose registers know the persons of a file: that of the file itself, then those of the links on the way.
fn folders(data: &Path) -> Result<Vec<PathBuf>> {
    let follow = Error::io("follow", data);
    let own = |at: &Path| at.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let mut links = Vec::new();
    let mut at = data.to_owned();
    let read = |at: &Path| -> std::io::Result<Option<PathBuf>> {
        if fs::symlink_metadata(at)?.is_symlink() { fs::read_link(at).map(Some) } else { Ok(None) }
    };
    for _ in 0..MOST_LINKS {
        match read(&at) {
            Ok(Some(to)) => {
                links.push(own(&at));
                at = own(&at).join(to);
            }
            Ok(None) => {
                let mut found = Vec::new();
                for folder in std::iter::once(own(&at)).chain(links) {
                    let folder = fs::canonicalize(&folder).map_err(Error::io("follow", &folder))?;
                    if !is_made_up(&folder) && !found.contains(&folder) {
                        found.push(folder);
                    }
                }
                return Ok(found);
            }
            Err(e) => return Err(follow(e)),
        }
    }
    Err(Error::Other(format!("{}: too many links", data.display())))
}

/// Folders of the system that hold names of open files, such as /dev/stdin.
fn is_made_up(folder: &Path) -> bool {
    cfg!(unix)
        && folder.components().nth(1).is_some_and(|c| matches!(c, Component::Normal(n) if n == "dev" || n == "proc"))
}

impl Registers {
    /// Opens and locks the registers of the data, or the one that the user names.
    pub fn open(data: &Path, named: Option<&Path>) -> Result<Self> {
        if let Some(path) = named {
            return Ok(Self { all: vec![Register::open(path)?] });
        }
        let is_file = fs::metadata(data).map_err(Error::io("read", data))?.is_file();
        let folders = if is_file { folders(data)? } else { Vec::new() };
        if folders.is_empty() {
            return Err(Error::Other(format!(
                "--data {} is not a file in a folder (a pipe?), so that there is no place beside it for the register of these people: \
                 name their register with --register FILE, the same one for all their releases",
                data.display()
            )));
        }
        let open = |folder: PathBuf| {
            Register::open(&folder.join(NAME)).map_err(|e| match e {
                Error::Io { action, path, source } if source.kind() != std::io::ErrorKind::NotFound => {
                    Error::Other(format!(
                        "cannot {action} {path}: {source}\n  a release is entered beside the data before it is drawn; where that cannot be \
                         done, name the register of these people with --register FILE"
                    ))
                }
                e => e,
            })
        };
        Ok(Self { all: folders.into_iter().map(open).collect::<Result<_>>()? })
    }

    /// Where the release is entered, the file's own register first.
    pub fn paths(&self) -> Vec<&Path> {
        self.all.iter().map(Register::path).collect()
    }

    /// Whether there was no register before: whatever was released earlier is not known.
    pub fn are_new(&self) -> bool {
        self.all.iter().all(Register::is_new)
    }

    pub(super) fn main(&self) -> String {
        self.all.first().map_or_else(String::new, |r| r.path().display().to_string())
    }

    /// All entries, one a release.
    fn releases(&self) -> Vec<&Known> {
        let mut out: Vec<&Known> = Vec::new();
        for known in self.all.iter().flat_map(Register::releases) {
            match out.iter_mut().find(|k| k.id == known.id) {
                None => out.push(known),
                // One of two registers may not have heard that it was published.
                Some(first) if first.state == State::Begun => *first = known,
                Some(_) => {}
            }
        }
        out
    }

    /// Whether a folder was that of an unfinished release of theirs.
    pub(super) fn know(&self, unfinished: &Path) -> bool {
        self.releases().iter().any(|k| Path::new(&k.unfinished) == unfinished)
    }

    /// Refuses persons about whom there are releases that the ledger to be added to does not list; gives those that were cut off,
    /// which count without being listed.
    pub fn check(&self, persons: &Persons, earlier: Option<&PublicLedger>) -> Result<Vec<CutOff>> {
        let releases = self.releases();
        let known: Vec<&Known> = releases.into_iter().filter(|k| k.persons.overlap(persons)).collect();
        let listed = |k: &Known| earlier.and_then(|l| l.costs().into_iter().find(|(id, ..)| *id == k.id));
        for k in &known {
            if let Some(cost) = listed(k) {
                self.agree(k, cost)?;
            }
        }
        let (cut_off, missing): (Vec<&Known>, Vec<&Known>) =
            known.into_iter().filter(|k| listed(k).is_none()).partition(|k| !k.is_published());
        match missing.first() {
            Some(k) => Err(self.refusal(k, earlier.is_some())),
            None => Ok(cut_off.into_iter().map(|k| CutOff { known: k.clone() }).collect()),
        }
    }

    /// Refuses a ledger that states another cost than was entered. What is only begun may have cost less than was asked for.
    fn agree(&self, known: &Known, (id, epsilon, delta): (&str, f64, f64)) -> Result<()> {
        let within = known.state == State::Begun && epsilon <= known.epsilon && delta <= known.delta;
        if within || same(epsilon, known.epsilon) && same(delta, known.delta) {
            return Ok(());
        }
        Err(Error::Other(format!(
            "the ledger of --add-to says that release {id} cost ε = {epsilon}, δ = {delta}; the register {} says ε = {}, δ = {}",
            self.main(),
            known.epsilon,
            known.delta
        )))
    }

    fn refusal(&self, k: &Known, adding: bool) -> Error {
        let register = self.main();
        let there = Path::new(&k.folder).join(LEDGER).exists();
        let gone = if there {
            ""
        } else {
            ". That ledger is not there: the folder was moved; give the ledger where it is now"
        };
        Error::Other(if adding {
            format!(
                "the ledger of --add-to does not list release {} in {} about these persons: give the ledger that does \
                 (register: {register}){gone}",
                k.id, k.folder
            )
        } else {
            format!(
                "there was a release about these persons (or some of them): {} in {}, ε = {:.6}. What is released adds up. \
                 To release more, and to have the total stated: --add-to {}/ledger.json (register: {register}){gone}",
                k.id, k.folder, k.epsilon, k.folder
            )
        })
    }

    /// Enters a release as begun, in all registers: on the disk when this returns.
    pub(super) fn begin(&mut self, known: &Known) -> Result<()> {
        for at in 0..self.all.len() {
            if let Err(e) = self.all[at].begin(known.clone()) {
                // Nothing is drawn yet. What cannot be taken back stays entered, and counts.
                self.all.iter_mut().take(at + 1).for_each(|r| drop(r.take_back()));
                return Err(e);
            }
        }
        Ok(())
    }

    /// Takes the last entry back. Only where nothing was drawn.
    pub(super) fn take_back(&mut self) -> Result<()> {
        self.all.iter_mut().map(Register::take_back).fold(Ok(()), Result::and)
    }

    /// Marks the last entry as published.
    pub(super) fn published(&mut self, cost: (f64, f64)) -> Result<()> {
        self.all.iter_mut().map(|r| r.published(cost)).fold(Ok(()), Result::and)
    }
}
