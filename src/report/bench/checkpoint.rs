//! Finished fits of an unfinished bench: `bench.partial.jsonl`, one JSON object a line, the bench's identity first.
//!
//! A line is written at once and never again. It carries a checksum over the bench's identity and its own text: what a crash cut
//! short, a disk damaged or another bench wrote is left out on reading, and done again. Numbers are texts as in `bench.csv`, because
//! JSON knows no infinity. A lock keeps two benches from writing into one folder.

use crate::disk;
use crate::error::{Error, Result};
use crate::experiment::bench::Done;
use crate::report::csv::number;
use crate::report::manifest::sha256;
use crate::report::output::BENCH;
use serde_json::{Value, json};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Name of the file.
pub const FILE: &str = match BENCH.working {
    Some(name) => name,
    None => "bench.partial.jsonl",
};

/// Hexadecimal digits of a checksum.
const DIGITS: usize = 16;

/// A checkpoint being written.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    identity: String,
    file: Mutex<File>,
}

/// What was found in a checkpoint.
#[derive(Debug, Default)]
pub struct Kept {
    /// Fits that need not be done again.
    pub done: Vec<Done>,
    /// Lines that cannot be used.
    pub damaged: usize,
}

impl Kept {
    /// What the user should know of it, for a bench of `fits`.
    pub fn notes(&self, fits: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.done.is_empty() {
            notes.push(format!("{} of {fits} fits were finished before", self.done.len()));
        }
        if self.damaged > 0 {
            let (lines, are) = if self.damaged == 1 { ("line", "is") } else { ("lines", "are") };
            notes.push(format!(
                "{} {lines} of {FILE} {are} damaged or cut short: their fits are done again",
                self.damaged
            ));
        }
        notes
    }
}

impl Checkpoint {
    /// Opens the checkpoint of a folder and reads the fits that are finished. One of another bench is refused, or begun
    /// anew where `force`.
    pub fn open(folder: &Path, identity: &str, force: bool) -> Result<(Self, Kept)> {
        std::fs::create_dir_all(folder).map_err(Error::io("create folder", folder))?;
        let path = folder.join(FILE);
        let mut file = held(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let (kept, is_ours) = read_all(&text, identity);
        let begin = !is_ours && (force || text.lines().count() <= 1);
        if !is_ours && !begin {
            return Err(Error::Other(format!(
                "{} holds the finished fits of another bench (other scenario, data, options or program): choose another \
                 folder with --out, or begin anew with --force",
                folder.display()
            )));
        }
        let mut prepare = || -> std::io::Result<()> {
            if begin {
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "{}", json!({ "bench": identity }))?;
            } else if !text.ends_with('\n') {
                // What was cut short gets an end.
                writeln!(file)?;
            }
            Ok(())
        };
        prepare().map_err(Error::io("write", &path))?;
        Ok((
            Self { path, identity: identity.to_owned(), file: Mutex::new(file) },
            if begin { Kept::default() } else { kept },
        ))
    }

    /// Adds a fit.
    pub fn keep(&self, done: &Done) -> Result<()> {
        let line = format!("{}\n", line(&self.identity, done));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(Error::io("write", &self.path))
    }

    /// Takes a checkpoint without fits away again, and its folder if nothing else is in it.
    pub fn remove_if_empty(self) {
        let lines = std::fs::read_to_string(&self.path).map_or(usize::MAX, |text| text.lines().count());
        if lines <= 1 && std::fs::remove_file(&self.path).is_ok() {
            // A folder that holds anything stays.
            let _ = self.path.parent().map(std::fs::remove_dir);
        }
    }
}

/// The file, locked, or who has it.
fn held(path: &Path) -> Result<File> {
    let file = File::options().read(true).append(true).create(true).open(path).map_err(Error::io("write", path))?;
    let busy = || {
        let folder = disk::around(path).display();
        Error::Other(format!("another bench is at work in {folder}: wait for it, or choose another folder with --out"))
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(busy()),
        // Its bench has ended, and taken the folder away, between opening and locking.
        Ok(()) if !disk::still_there(&file, path).unwrap_or(true) => Err(busy()),
        // A file system without locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// All lines, and whether they are of the bench `identity`.
fn read_all(text: &str, identity: &str) -> (Kept, bool) {
    let (mut kept, mut is_ours) = (Kept::default(), false);
    for line in text.lines().filter(|l| !l.is_empty()) {
        if let Some(done) = fit(line, identity) {
            kept.done.push(done);
        } else if serde_json::from_str::<Value>(line).is_ok_and(|v| v["bench"] == identity) {
            is_ours = true;
        } else {
            kept.damaged += 1;
        }
    }
    is_ours |= !kept.done.is_empty();
    (kept, is_ours)
}

/// A fit as a line: `{"sum":"…","fit":{…}}`.
fn line(identity: &str, d: &Done) -> String {
    let values: Vec<[String; 2]> = d.values.iter().map(|(m, v)| [m.to_string(), number(*v)]).collect();
    let value = json!({
        "scorer": &*d.scorer, "epsilon": d.epsilon.map(number), "seed": d.seed, "fold": d.fold,
        "values": values, "notes": d.notes, "failure": d.failure, "releases": d.releases,
    });
    let text = value.to_string();
    format!("{{\"sum\":\"{}\",\"fit\":{text}}}", sum(identity, &text))
}

fn sum(identity: &str, text: &str) -> String {
    sha256(format!("{identity}\n{text}").as_bytes())[..DIGITS].to_owned()
}

/// The fit in a line whose checksum is right.
fn fit(line: &str, identity: &str) -> Option<Done> {
    let rest = line.strip_prefix("{\"sum\":\"")?;
    let (found, rest) = rest.split_at_checked(DIGITS)?;
    let text = rest.strip_prefix("\",\"fit\":")?.strip_suffix('}')?;
    (found == sum(identity, text)).then(|| serde_json::from_str(text).ok()).flatten().as_ref().and_then(read)
}

fn read(v: &Value) -> Option<Done> {
    let float = |v: &Value| -> Option<f64> {
        let text = v.as_str()?;
        if text.is_empty() { Some(f64::NAN) } else { text.parse().ok() }
    };
    let whole = |v: &Value| u32::try_from(v.as_u64()?).ok();
    let pair = |v: &Value| Some((Arc::from(v[0].as_str()?), float(&v[1])?));
    Some(Done {
        scorer: Arc::from(v["scorer"].as_str()?),
        epsilon: if v["epsilon"].is_null() { None } else { Some(float(&v["epsilon"])?) },
        seed: whole(&v["seed"])?,
        fold: whole(&v["fold"])?,
        values: v["values"].as_array()?.iter().map(pair).collect::<Option<_>>()?,
        notes: v["notes"].as_array()?.iter().filter_map(|n| Some(n.as_str()?.to_owned())).collect(),
        failure: v["failure"].as_str().map(str::to_owned),
        releases: if v["releases"].is_null() { None } else { Some(v["releases"].clone()) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(seed: u32) -> Done {
        Done {
            scorer: Arc::from("dp-logistic"),
            epsilon: Some(f64::INFINITY),
            seed,
            fold: 0,
            values: vec![(Arc::from("auc"), 0.1 + 0.2), (Arc::from("epsilon_spent"), f64::INFINITY)],
            notes: vec!["noise".into()],
            failure: None,
            releases: Some(json!({ "entries": [1, 2] })),
        }
    }

    #[test]
    fn finished_fits_come_back_and_a_cut_line_does_not() {
        let home = tempfile::tempdir().unwrap();
        let (checkpoint, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
        assert!(kept.done.is_empty() && kept.notes(3).is_empty());
        checkpoint.keep(&done(0)).unwrap();
        checkpoint.keep(&done(1)).unwrap();
        drop(checkpoint);
        let path = home.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        let (checkpoint, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
        assert_eq!(kept.done, [done(0)]);
        assert_eq!(kept.notes(3)[0], "1 of 3 fits were finished before");
        assert!(kept.notes(3)[1].starts_with("1 line of bench.partial.jsonl is damaged"), "{:?}", kept.notes(3));
        checkpoint.keep(&done(2)).unwrap();
        drop(checkpoint);
        let (checkpoint, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
        assert_eq!((kept.done.len(), kept.damaged), (2, 1));
        assert_eq!(kept.done, [done(0), done(2)]);
        drop(checkpoint);
    }

    /// A disk, or somebody, changes one character: the line is done again, wherever it is.
    #[test]
    fn a_damaged_line_is_left_out() {
        let home = tempfile::tempdir().unwrap();
        let (checkpoint, _) = Checkpoint::open(home.path(), "one", false).unwrap();
        for seed in 0..3 {
            checkpoint.keep(&done(seed)).unwrap();
        }
        drop(checkpoint);
        let path = home.path().join(FILE);
        let text = std::fs::read(&path).unwrap();
        for at in (0..text.len()).step_by(7) {
            let mut damaged = text.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            let (_, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
            let whole = [done(0), done(1), done(2)];
            assert!(kept.damaged >= 1 && !kept.done.is_empty() && kept.done.iter().all(|d| whole.contains(d)), "{at}");
            assert!(kept.done.len() == if damaged[..at].contains(&b'\n') { 2 } else { 3 } || text[at] == b'\n', "{at}");
        }
    }

    #[test]
    fn two_benches_do_not_write_into_one_folder() {
        let home = tempfile::tempdir().unwrap();
        let (first, _) = Checkpoint::open(home.path(), "one", false).unwrap();
        let message = Checkpoint::open(home.path(), "one", true).unwrap_err().to_string();
        assert!(message.contains("at work"), "{message}");
        drop(first);
        Checkpoint::open(home.path(), "one", false).unwrap();
    }

    #[test]
    fn a_checkpoint_without_fits_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("out");
        Checkpoint::open(&out, "one", false).unwrap().0.remove_if_empty();
        assert!(!out.exists());
        let checkpoint = Checkpoint::open(&out, "one", false).unwrap().0;
        checkpoint.keep(&done(0)).unwrap();
        checkpoint.remove_if_empty();
        assert!(out.join(FILE).exists());
    }

    #[test]
    fn another_bench_is_refused_or_begun_anew() {
        let home = tempfile::tempdir().unwrap();
        Checkpoint::open(home.path(), "one", false).unwrap().0.keep(&done(0)).unwrap();
        let message = Checkpoint::open(home.path(), "two", false).unwrap_err().to_string();
        assert!(message.contains("--force"), "{message}");
        assert!(Checkpoint::open(home.path(), "two", true).unwrap().1.done.is_empty());
        assert!(Checkpoint::open(home.path(), "two", false).unwrap().1.done.is_empty());
    }
}
