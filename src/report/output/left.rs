//! What processes that ended before their work was done left beside a target.
//!
//! | left | done about it |
//! |---|---|
//! | an unfinished file or folder | removed, and said |
//! | an old folder that was to be replaced, nothing under its name | put back, and said |
//! | an old folder that was replaced | removed |
//! | something that is not all pretick's, or may be the only copy | named |
//! | where the file system knows no locks: anything | named |
//! | what another process is writing | left alone |

use super::own::Mark;
use super::place::{OLD, Place};
use crate::disk::temporary::{State, state};
use crate::disk::{remove_file, remove_folder, rename_new};
use crate::error::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One attempt of one process: what it wrote, and what it was about to replace.
#[derive(Default)]
struct Attempt {
    new: Option<PathBuf>,
    old: Option<PathBuf>,
}

/// Tidies up beside a target, and says so. `mark` of a folder; a file has none.
pub(super) fn tidy(place: &Place, mark: Option<&Mark>) -> Result<Vec<String>> {
    let mut attempts: BTreeMap<String, Attempt> = BTreeMap::new();
    for (path, rest) in place.unfinished()? {
        let (numbers, is_old) = rest.strip_suffix(OLD).map_or((rest.as_str(), false), |numbers| (numbers, true));
        if are_numbers(numbers)
            && fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir() == mark.is_some() && !m.is_symlink())
        {
            let attempt = attempts.entry(numbers.to_owned()).or_default();
            *(if is_old { &mut attempt.old } else { &mut attempt.new }) = Some(path);
        }
    }
    let mut notes = Vec::new();
    for attempt in attempts.into_values() {
        notes.extend(tidy_attempt(place, mark, &attempt));
    }
    Ok(notes)
}

/// A process and a count: `123-0`.
fn are_numbers(text: &str) -> bool {
    let is_number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    text.split_once('-').is_some_and(|(process, count)| is_number(process) && is_number(count))
}

fn tidy_attempt(place: &Place, mark: Option<&Mark>, attempt: &Attempt) -> Vec<String> {
    // Held until all is done: nobody else tidies here meanwhile.
    let mut held = Vec::new();
    for path in [&attempt.new, &attempt.old].into_iter().flatten() {
        match state(path) {
            State::Dead(lock) => held.push(lock),
            State::Alive => return Vec::new(),
            State::Unknown => {
                return vec![format!(
                    "{} is left of a command that may have ended; this file system does not tell: remove it if none is at work",
                    path.display()
                )];
            }
        }
    }
    let mut notes = Vec::new();
    let target_is_there = fs::symlink_metadata(place.target()).is_ok();
    if let Some(old) = &attempt.old {
        if !target_is_there && rename_new(old, place.target()).is_ok() {
            notes.push(format!(
                "the earlier result in {} was put back: a command that was to replace it had ended half-way",
                place.target().display()
            ));
        } else if attempt.new.is_none() && remove(old, mark) {
            notes.push(removed(old));
        } else {
            // Where the new one was never put in its place, the old one may be all there is.
            notes.push(format!(
                "{} holds an earlier result of {}: remove it if you do not need it",
                old.display(),
                place.target().display()
            ));
            return notes;
        }
    }
    if let Some(new) = &attempt.new {
        notes.push(if remove(new, mark) {
            removed(new)
        } else {
            format!("{} is left of a command that was killed, and was not removed: it holds what is not part of a result, or cannot be written to", new.display())
        });
    }
    notes
}

fn removed(path: &Path) -> String {
    format!("removed {}, which a command that was killed had left", path.display())
}

/// Removes what is nobody else's; whether it did.
fn remove(path: &Path, mark: Option<&Mark>) -> bool {
    match mark {
        Some(mark) => mark.owns(path) && remove_folder(path).is_ok(),
        None => remove_file(path).is_ok(),
    }
}
