//! What the machine allows: threads and memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]
#![allow(clippy::disallowed_methods, reason = "a test may read the clock: it waits")]

use assert_cmd::cargo::cargo_bin;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SCENARIO: &str = "scenarios/annual-bill-2018.toml";

fn under(limit: &str, more: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let program = cargo_bin!("pretick");
    let script = format!(
        "ulimit {limit}; exec {} run {SCENARIO} --quiet --no-plots --out {} {more}",
        program.display(),
        out.display()
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), usize::from(output.status.success()));
    output
}

/// Refused before the work, rather than ended in the middle of it.
#[test]
fn a_limit_on_memory_is_respected() {
    for (limit, named) in [("-v 900000", "ulimit -v"), ("-d 700000", "ulimit -d")] {
        let output = under(limit, "--persons 4000000 --threads 2");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains(named), "{message}");
        assert!(message.contains("--persons") && message.contains("GB"), "{message}");
    }
    let output = under("-v 900000", "--persons 500 --replications 1 --threads 2 --set attack.replications=0");
    assert!(output.status.success(), "{output:?}");
}

/// Rayon would ask the environment, which knows no cap.
#[test]
fn the_environment_does_not_say_how_many_threads_there_are() {
    let cores = std::thread::available_parallelism().unwrap().get();
    for args in [
        &["run", SCENARIO, "--persons", "40000", "--quiet", "--out"][..],
        &["calibrate", SCENARIO, "--persons", "40000"],
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(cargo_bin!("pretick"));
        command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).env("RAYON_NUM_THREADS", (cores + 30).to_string());
        if args[0] == "run" {
            command.arg(home.path().join("out"));
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let mut most = 0;
        while begun.elapsed() < Duration::from_millis(1500) && child.try_wait().unwrap().is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let threads = status.lines().find_map(|l| l.strip_prefix("Threads:")?.trim().parse::<usize>().ok());
            most = most.max(threads.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // One that waits for the pool, one for signals, one that draws the progress bar.
        assert!(most > cores && most <= cores + 4, "{most} threads on {cores} processors");
    }
}
