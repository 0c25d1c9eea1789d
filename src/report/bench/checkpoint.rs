//! Finished fits of an unfinished bench: `bench.partial.jsonl`, one JSON object a line, the bench's identity first.
//!
//! A line is written whole and at once; a last line that a crash cut short is left out on reading. Numbers are texts as in
//! `bench.csv`, because JSON knows no infinity.

use crate::error::{Error, Result};
use crate::experiment::bench::Done;
use crate::report::csv::number;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Name of the file.
pub const FILE: &str = "bench.partial.jsonl";

/// A checkpoint being written.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: Mutex<File>,
}

impl Checkpoint {
    /// Opens the checkpoint of a folder and reads the fits that are finished. One of another bench is refused, or begun
    /// anew where `force`.
    pub fn open(folder: &Path, identity: &str, force: bool) -> Result<(Self, Vec<Done>)> {
        std::fs::create_dir_all(folder).map_err(Error::io("create folder", folder))?;
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        // What follows the last line end was cut short.
        let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
        let mut lines = whole.lines();
        let mut done = Vec::new();
        let mut kept = lines.next().is_some_and(|first| parse(first)["bench"] == identity);
        if kept {
            done = lines.filter_map(|line| read(&parse(line))).collect();
        } else if !whole.is_empty() && !force {
            return Err(Error::Other(format!(
                "{} holds the finished fits of another bench (other scenario, data, options or program): choose another \
                 folder with --out, or begin anew with --force",
                folder.display()
            )));
        }
        kept &= whole.len() == text.len();
        let write = Error::io("write", &path);
        let open = || -> std::io::Result<File> {
            if kept {
                return OpenOptions::new().append(true).open(&path);
            }
            let mut file = File::create(&path)?;
            writeln!(file, "{}", json!({ "bench": identity }))?;
            done.iter().try_for_each(|d| line(&mut file, d))?;
            Ok(file)
        };
        let file = open().map_err(write)?;
        Ok((Self { path, file: Mutex::new(file) }, done))
    }

    /// Adds a fit.
    pub fn keep(&self, done: &Done) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        line(&mut file, done).map_err(Error::io("write", &self.path))
    }

    /// Takes a checkpoint without fits away again, and its folder if nothing else is in it.
    pub fn remove_if_empty(self) {
        let lines = std::fs::read_to_string(&self.path).map_or(usize::MAX, |text| text.lines().count());
        if lines <= 1 && std::fs::remove_file(&self.path).is_ok() {
            // A folder that holds anything stays.
            let _ = self.path.parent().map(std::fs::remove_dir);
        }
    }

    /// Takes the checkpoint away: the bench is written.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))
    }
}

fn line(file: &mut File, d: &Done) -> std::io::Result<()> {
    let values: Vec<[String; 2]> = d.values.iter().map(|(m, v)| [m.to_string(), number(*v)]).collect();
    let value = json!({
        "scorer": &*d.scorer, "epsilon": d.epsilon.map(number), "seed": d.seed, "fold": d.fold,
        "values": values, "notes": d.notes, "failure": d.failure, "releases": d.releases,
    });
    file.write_all(format!("{value}\n").as_bytes())
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or(Value::Null)
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
        assert!(kept.is_empty());
        checkpoint.keep(&done(0)).unwrap();
        checkpoint.keep(&done(1)).unwrap();
        drop(checkpoint);
        let path = home.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        let (checkpoint, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
        assert_eq!(kept, [done(0)]);
        checkpoint.keep(&done(2)).unwrap();
        drop(checkpoint);
        let (checkpoint, kept) = Checkpoint::open(home.path(), "one", false).unwrap();
        assert_eq!(kept, [done(0), done(2)]);
        checkpoint.remove().unwrap();
        assert!(!path.exists());
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
        assert!(Checkpoint::open(home.path(), "two", true).unwrap().1.is_empty());
        assert!(Checkpoint::open(home.path(), "two", false).unwrap().1.is_empty());
    }
}
