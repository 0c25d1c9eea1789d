//! Where an output stands, and where it stands while it is unfinished.

use crate::disk;
use crate::disk::temporary::Temporary;
use crate::error::{Error, Result};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Longest name that is repeated in that of the temporary, in bytes: systems allow 255.
const LONGEST: usize = 180;
/// Most unfinished outputs of one process beside one target.
const MOST: u32 = 100;

/// What follows the name of a replaced folder while it is being removed, where two folders cannot be exchanged.
pub(super) const OLD: &str = ".old";

/// A target with links followed, and the folder around it.
#[derive(Clone, Debug)]
pub struct Place {
    target: PathBuf,
    parent: PathBuf,
    /// What the names of all its temporaries begin with.
    start: OsString,
}

impl Place {
    /// The place that `target` stands for. A link stays a link: what it points to is written.
    pub fn of(target: &Path) -> Result<Self> {
        let named = || Error::Other(format!("{} has no name: choose another with --out", target.display()));
        let target = disk::followed(target).map_err(Error::io("write", target))?;
        let name = target.file_name().ok_or_else(named)?;
        let mut start = OsString::from(".");
        if name.len() > LONGEST {
            // Other long names have other temporaries.
            start.push(&crate::report::manifest::sha256(name.as_encoded_bytes())[..32]);
        } else {
            start.push(name);
        }
        start.push(".tmp-");
        Ok(Self { parent: disk::around(&target).to_owned(), start, target })
    }

    /// Where it will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder around it, which may not be there yet.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// Names for a temporary: `.NAME.tmp-PID-N`, with `kind` before the numbers.
    pub fn temporaries(&self, kind: &str) -> impl Iterator<Item = PathBuf> + use<> {
        let (parent, start, kind) = (self.parent.clone(), self.start.clone(), kind.to_owned());
        (0..MOST).map(move |n| {
            let mut name = start.clone();
            name.push(format!("{kind}{}-{n}", std::process::id()));
            parent.join(name)
        })
    }

    /// What stands beside the target under the name of one of its temporaries: the path, and what follows `.NAME.tmp-`.
    pub fn unfinished(&self) -> Result<Vec<(PathBuf, String)>> {
        let entries = match fs::read_dir(&self.parent) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("read folder", &self.parent)(e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::io("read folder", &self.parent))?.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(self.start.as_encoded_bytes());
            if let Some(rest) = rest.and_then(|r| std::str::from_utf8(r).ok()) {
                found.push((self.parent.join(&name), rest.to_owned()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Whether an output can be made here: tries `make`, and takes it away again. Call it before long work.
    pub fn try_out<T>(&self, make: impl FnMut(&Path) -> io::Result<T>) -> Result<()> {
        // Missing folders are made at the end; the first that exists must take them.
        let existing = self.parent.ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        let names = self.temporaries("").filter_map(|path| path.file_name().map(|name| existing.join(name)));
        Temporary::create(names, make).map(drop).map_err(Error::io("write", &self.target))
    }

    /// Makes the folders around the target; those that were not there go again with what is given, unless it is [kept](Around::keep).
    pub fn make_around(&self) -> Result<Around> {
        let missing: Vec<PathBuf> = self
            .parent
            .ancestors()
            .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
            .map(Path::to_owned)
            .collect();
        fs::create_dir_all(&self.parent).map_err(Error::io("create folder", &self.parent))?;
        Ok(Around { made: missing })
    }
}

/// Folders that were made around a target, the innermost first.
#[derive(Debug)]
pub struct Around {
    made: Vec<PathBuf>,
}

impl Around {
    /// They stay: something stands in them.
    pub fn keep(&mut self) {
        self.made.clear();
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        for folder in &self.made {
            // Fails where anything is in it, which is meant.
            let _ = disk::remove_empty(folder);
        }
    }
}
