//! The clock of `pretick bench`: wall time, CPU time, peak memory.
//!
//! CPU time is that of the whole process (POSIX `CLOCK_PROCESS_CPUTIME_ID`, by rustix), so nothing else may run beside the
//! work; programs that a scorer starts are not in it. Peak memory is by how much the greatest resident set during the work exceeds the resident set before it (Linux:
//! `/proc/self/clear_refs` and `VmHWM`): memory that the process had taken before and uses again does not show.

use crate::experiment::bench::{Meter, Usage};
use std::time::Instant;

/// Reads the system's clocks.
pub(super) struct Clock;

impl Meter for Clock {
    #[allow(clippy::disallowed_methods, reason = "the command line may read the clock")]
    fn measure(&self, work: &mut dyn FnMut()) -> Usage {
        let before = reset_peak();
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        work();
        let (seconds, cpu_seconds) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let grown = peak() - before;
        // `max` would make a number of NaN.
        let peak_memory_mb = if grown < 0.0 { 0.0 } else { grown / 1000.0 };
        Usage { seconds, cpu_seconds, peak_memory_mb }
    }
}

#[cfg(unix)]
fn cpu_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    f64::NAN
}

/// Sets the peak to what is resident now, and gives that; NaN where the system cannot.
fn reset_peak() -> f64 {
    if std::fs::write("/proc/self/clear_refs", "5").is_ok() { peak() } else { f64::NAN }
}

/// Peak resident set in kB of 1,000 bytes.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |k| k * 1.024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn time_and_memory_of_the_work_are_seen() {
        let mut kept = Vec::new();
        let used = Clock.measure(&mut || kept = vec![1u8; 50_000_000]);
        assert!(kept.iter().map(|b| u64::from(*b)).sum::<u64>() == 50_000_000);
        assert!(used.seconds > 0.0 && used.cpu_seconds > 0.0);
        // Other tests of this process may run beside it: a lower bound alone can be told.
        assert!(used.peak_memory_mb > 40.0, "{used:?}");
    }
}
