//! One error type for the library. Messages say what was given, what is allowed, and what to do.

use crate::document::Problem;

/// `Result` with pretick's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong; none of it panics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A scenario that cannot be used; every problem found, not only the first.
    #[error("{}", crate::document::render(.0))]
    Scenario(Vec<Problem>),
    /// A file that cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A row or a column of a data file that cannot be used.
    #[error("{file}:{line}: {column}: {message}")]
    Data {
        /// The data file.
        file: String,
        /// Line in the file, from 1 (the header).
        line: u64,
        /// Column name.
        column: String,
        /// What is wrong, with the value.
        message: String,
    },
    /// A number outside the range that an exact computation allows.
    #[error("{what} is {value}, allowed is {allowed}")]
    Range {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: f64,
        /// The allowed range in words.
        allowed: &'static str,
    },
    /// A linear system without a unique solution.
    #[error(
        "the features are linearly dependent (row {row} of the normal equations): remove a column or raise the ridge"
    )]
    Singular {
        /// Row of the matrix at which elimination stopped.
        row: usize,
    },
    /// A view that a scorer cannot use (no rows, one class).
    #[error("cannot fit: {0}")]
    Fit(String),
    /// A scorer from outside pretick (a command, an ONNX model) that failed: a run goes on without the arm.
    #[error("{0}")]
    Scorer(String),
    /// A privacy mechanism that cannot give what was asked.
    #[error("privacy: {0}")]
    Privacy(String),
    /// A picture that cannot be drawn.
    #[error("cannot draw: {0}")]
    Plot(String),
    /// The user asked to stop.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// An input/output error with the action and the path.
    pub fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { action, path, source }
    }
}
