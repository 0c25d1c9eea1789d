//! A tape of releases, for audits: what was true, what was said, and what the truth would have been under other data.
//!
//! *Recording*, every release of integer noise leaves its true and its noisy values. *Replaying*, a release says what
//! the tape says, whatever the data, and leaves its true values beside: the same adaptive computation led along given
//! answers. Both together give the exact likelihood of a transcript under two data sets, and show whether anything
//! but the transcript reaches the result. A tape holds exact values: it never leaves an audit.

use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// The distribution of the noise of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Discrete Laplace.
    Laplace,
    /// Discrete Gaussian.
    Gaussian,
}

/// One release.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Distribution of the noise.
    pub family: Family,
    /// Its scale.
    pub scale: f64,
    /// Values before noise.
    pub truth: Vec<i64>,
    /// Values after noise, or those of the script.
    pub said: Vec<i64>,
}

/// Shared by all copies of the [`Noise`](super::Noise) it was put into.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    heard: Arc<Mutex<Vec<Heard>>>,
    script: Option<Arc<Vec<Heard>>>,
}

impl Tape {
    /// An empty tape that records.
    pub fn recording() -> Self {
        Self::default()
    }

    /// A tape that makes releases say what `script` says, and records what would have been true.
    pub fn replaying(script: Vec<Heard>) -> Self {
        Self { heard: Arc::default(), script: Some(Arc::new(script)) }
    }

    /// Everything recorded so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the next release has to say, where there is a script. Fails where the script is of other releases.
    pub(super) fn answer(&self, numbers: usize) -> Result<Option<Vec<i64>>> {
        let Some(script) = &self.script else { return Ok(None) };
        let at = self.heard.lock().unwrap_or_else(PoisonError::into_inner).len();
        match script.get(at) {
            Some(next) if next.said.len() == numbers => Ok(Some(next.said.clone())),
            _ => Err(Error::Privacy(format!(
                "release {at} of {numbers} numbers is not in the script: which releases are made depends on the data"
            ))),
        }
    }

    pub(super) fn enter(&self, heard: Heard) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}
