//! A progress bar on a terminal, silence in a pipe; stops at Ctrl-C.

use crate::experiment::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Progress {
    pub(super) bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Observer for Progress {
    fn progress(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }
    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
    fn failed(&self, message: &str) {
        self.bar.suspend(|| super::complain(&format!("error: {message}")));
    }
}

impl Progress {
    /// A bar that counts `what`; takes over Ctrl-C.
    pub(super) fn new(quiet: bool, what: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        // A second Ctrl-C while the first is being obeyed ends the process at once.
        let _ = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            crate::scoring::command::interrupt();
        });
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left")) {
            bar.set_style(style);
        }
        Self { bar, stop }
    }
}
