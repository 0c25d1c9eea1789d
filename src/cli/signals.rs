//! Requests to stop: Ctrl-C, `kill`, a terminal that closes.
//!
//! | request | command that looks at [`stopped`] | any other |
//! |---|---|---|
//! | the first | ends by itself, soon, and tidies up | unfinished files and started programs are removed at once, and the process ends |
//! | another within half a second | nothing: `timeout` and terminals send several | |
//! | a later one | as for any other command | |
//!
//! A result that is being put in its place is waited for: it stands there whole, or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

static STOPPED: AtomicBool = AtomicBool::new(false);
static LOOKED_AT: AtomicBool = AtomicBool::new(false);

/// Whether the user asked to stop.
pub(super) fn stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// From here on this command looks at [`stopped`], often enough.
pub(super) fn look() {
    LOOKED_AT.store(true, Ordering::Relaxed);
}

/// Listens from here on, once a process.
pub(super) fn listen() {
    system::listen();
}

/// What is done about a request; `again` of every later one that is not to be ignored.
fn obey(again: bool, status: i32) {
    STOPPED.store(true, Ordering::Relaxed);
    crate::scoring::command::interrupt();
    if again || !LOOKED_AT.load(Ordering::Relaxed) {
        crate::scoring::command::kill_all();
        crate::disk::temporary::remove_all();
        super::complain("error: interrupted");
        std::process::exit(status);
    }
}

#[cfg(unix)]
mod system {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    /// How long further requests are the same one.
    const SAME: Duration = Duration::from_millis(500);

    pub(super) fn listen() {
        // A file that becomes too large (`ulimit -f`) is then an error of the write, and not the end of the process.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
        let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU];
        let Ok(mut signals) = Signals::new(wanted.into_iter().filter(|s| *s != SIGHUP || !is_ignored(*s))) else {
            return;
        };
        let obey = move || {
            let mut first: Option<Instant> = None;
            for signal in signals.forever() {
                let now = Instant::now();
                match first {
                    None => super::obey(false, 128 + signal),
                    Some(first) if now - first < SAME => {}
                    Some(_) => super::obey(true, 128 + signal),
                }
                first = first.or(Some(now));
            }
        };
        // Without a thread a request ends the process as the system does it: the next one removes what is left.
        let _ = std::thread::Builder::new().name("signals".into()).spawn(obey);
    }

    /// Whether the process was started with the signal ignored, as by `nohup`.
    fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).unwrap_or(0);
        mask >> (signal - 1) & 1 == 1
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn listen() {
        let _ = ctrlc::set_handler(|| super::obey(super::stopped(), 130));
    }
}
