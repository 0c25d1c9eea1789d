//! What a command writes: a file or a folder, whole or not there at all.
//!
//! | step | on the disk | if the process ends here |
//! |---|---|---|
//! | look ([`FileTarget`], [`FolderTarget`]) | nothing new; what earlier processes left is removed, put back, or named | nothing was done |
//! | begin ([`WholeFile`], [`WholeFolder`]) | `.NAME.tmp-PID-N` beside the place, locked | the next command with this target removes it |
//! | write, sync | more in it | the same |
//! | put it in its place | the new under its name; an old folder under the temporary one | the same |
//! | remove the old folder | only the new | |
//!
//! One name is exchanged for another by one system call, so that no moment is without a result. Where a file system cannot do that, a
//! folder is replaced by two renames; an old result that was caught between them is put back by the next command.
//!
//! Nothing is replaced that is not pretick's own ([`own`]), and nothing fails any more once the new one stands in its place: what else
//! should be known is a note.

mod file;
mod folder;
mod left;
pub mod own;
mod place;

pub use file::{FileTarget, WholeFile, write_whole};
pub use folder::{Draft, FolderTarget, WholeFolder, WriteSend};
pub use own::{AUDIT, BENCH, Mark, RUN, SCORECARD};
pub use place::{Around, Place};

/// What to do with another result under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse.
    Refuse,
    /// Refuse, unless it is a file with the same bytes: for short work, which is then done again for its words.
    Same,
    /// Replace it (`--force`).
    Replace,
}

impl Overwrite {
    /// By `--force`.
    pub const fn by(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

#[cfg(test)]
mod tests;
