//! A progress bar on a terminal, silence in a pipe; stops at Ctrl-C.

use super::signals;
use crate::experiment::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

pub(super) struct Progress {
    pub(super) bar: ProgressBar,
}

impl Observer for Progress {
    fn progress(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }
    fn cancelled(&self) -> bool {
        signals::stopped()
    }
    fn failed(&self, message: &str) {
        self.bar.suspend(|| super::complain(&format!("error: {message}")));
    }
}

impl Progress {
    /// A bar that counts `what`. Whoever has one asks it often whether to stop.
    pub(super) fn new(quiet: bool, what: &str) -> Self {
        signals::look();
        Self::shown(quiet, what)
    }

    /// A bar of work that does not ask, or too seldom: it ends at the first request to stop.
    pub(super) fn shown(quiet: bool, what: &str) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left")) {
            bar.set_style(style);
        }
        Self { bar }
    }
}
