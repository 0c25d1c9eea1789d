//! Requests to stop, and ends without one: no program that scores, and no file, outlives pretick.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]
#![allow(clippy::disallowed_methods, reason = "a test may read the clock: it waits")]

use assert_cmd::cargo::cargo_bin;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SCENARIO: &str = r#"
name = "own"
replications = 1
reference = "bureau-only"
population = { persons = 500 }
attack = { replications = 0 }
lender = { scorer = "command", command = { program = "./scorer.sh", score_timeout = 600 } }
[[arm]]
name = "bureau-only"
disclosure = "none"
"#;

/// Learns nothing, and scores for ever, as does a program that it starts.
const SCORER: &str = "#!/bin/sh
[ $1 = fit ] && exit 0
sleep 600 &
echo $! $$ > pids.part && mv pids.part pids
wait
";

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.at("s.toml"), SCENARIO).unwrap();
        fs::write(home.at("scorer.sh"), SCORER).unwrap();
        fs::create_dir(home.at("tmp")).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(home.at("scorer.sh")).status().unwrap().success());
        home
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// A command that has a scorer at work; gives the processes of the scorer, too.
    fn start(&self, args: &[&str]) -> (Child, Vec<String>) {
        let child = Command::new(cargo_bin!("pretick"))
            .args(args)
            .current_dir(self.0.path())
            .env("TMPDIR", self.at("tmp"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the scorer works", || self.at("pids").exists());
        let pids = fs::read_to_string(self.at("pids")).unwrap();
        fs::remove_file(self.at("pids")).unwrap();
        (child, pids.split_whitespace().map(str::to_owned).collect())
    }

    fn run(&self) -> (Child, Vec<String>) {
        self.start(&["run", "s.toml", "--allow-commands", "--quiet", "--no-plots", "--out", "out"])
    }

    /// Names that were not there at the beginning.
    fn left(&self) -> Vec<String> {
        let names = |folder: &Path| -> Vec<String> {
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
        };
        let mut left = names(&self.at("tmp"));
        left.extend(names(self.0.path()).into_iter().filter(|n| !["s.toml", "scorer.sh", "tmp"].contains(&n.as_str())));
        left
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(child: &Child, signal: &str) {
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
}

/// Whether a process is there and has not ended.
fn is_at_work(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

fn ended(child: Child, pids: &[String]) -> Output {
    let output = child.wait_with_output().unwrap();
    wait_until("the scorer has ended", || !pids.iter().any(|pid| is_at_work(pid)));
    output
}

/// `timeout` sends its signal twice, a terminal and its shell may do so, too.
#[test]
fn signals_in_quick_succession_leave_nothing() {
    for (signal, gap) in [("-TERM", 0), ("-INT", 3), ("-INT", 60), ("-HUP", 3), ("-QUIT", 3)] {
        let home = Home::new();
        let (child, pids) = home.run();
        send(&child, signal);
        std::thread::sleep(Duration::from_millis(gap));
        send(&child, signal);
        let output = ended(child, &pids);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains("interrupted"), "{signal} {gap}: {output:?}");
        assert_eq!(home.left(), Vec::<String>::new(), "{signal} {gap}");
    }
}

/// A command that does not look for requests ends at the first. (Person 1 is one who is scored.)
#[test]
fn a_command_that_cannot_be_asked_ends_at_once_and_tidies_up() {
    let home = Home::new();
    let (child, pids) = home.start(&["story", "s.toml", "--person", "1", "--allow-commands", "--out", "story.svg"]);
    send(&child, "-TERM");
    let output = ended(child, &pids);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(143) && message.contains("interrupted"), "{output:?}");
    assert_eq!(home.left(), Vec::<String>::new());
}

/// Nobody can catch SIGKILL: the scorer ends by itself, and its folder goes with the next one.
#[test]
fn a_killed_command_leaves_no_program_and_what_it_leaves_on_the_disk_goes_with_the_next() {
    let home = Home::new();
    let (child, pids) = home.run();
    send(&child, "-KILL");
    ended(child, &pids);
    assert!(home.left().iter().all(|n| n.starts_with("pretick-model-")) && home.left().len() == 1, "{:?}", home.left());
    let (child, pids) = home.run();
    assert_eq!(home.left().len(), 1, "that of the program at work alone: {:?}", home.left());
    send(&child, "-INT");
    ended(child, &pids);
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn a_process_that_ignores_hangups_goes_on() {
    let home = Home::new();
    let mut child = Command::new("nohup")
        .arg(cargo_bin!("pretick"))
        .args(["calibrate", "s.toml", "--persons", "2000", "--set", "lender.scorer=logistic", "--fresh", "2"])
        .current_dir(home.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    send(&child, "-HUP");
    assert!(child.wait().unwrap().success());
}
