//! Whether programs of a scenario may be started, and whether the user has interrupted.
//!
//! A scenario file is data that people pass on; a program that it names is not. So nothing is started before the user of
//! this process has agreed (`--allow-commands`): no scenario can switch that on, and a caller that forgets to ask has
//! not agreed.

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};

static ALLOWED: AtomicBool = AtomicBool::new(false);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets this process start the programs that scenarios name.
pub fn allow() {
    ALLOWED.store(true, Ordering::Relaxed);
}

/// Ends running programs, and those started later, at once: their scorers return [`Error::Interrupted`].
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Refuses `program` unless programs are allowed.
pub fn permitted(program: &str) -> Result<()> {
    if ALLOWED.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(Error::Other(format!(
        "the scenario starts a program on this computer: `{program}` (lender.command); read it, and if you trust it add --allow-commands"
    )))
}
