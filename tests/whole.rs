//! Results are whole or not there at all, whatever ends a command, and nothing is touched that is not pretick's.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]
#![allow(clippy::disallowed_methods, reason = "a test may read the clock: it waits")]

use assert_cmd::cargo::cargo_bin;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SCENARIO: &str = r#"
name = "two"
replications = 1
reference = "bureau-only"
population = { persons = 500 }
attack = { replications = 0 }
[[arm]]
name = "bureau-only"
disclosure = "none"
[[arm]]
name = "full-sharing"
form = "mandatory"
disclosure = "raw"
"#;

const MAP: &str = r#"
name = "mine"
question = "which scorer?"
[histories.source.table]
outcome = "bad"
id = "id"
lender_sees = ["a"]
needs_consent = ["b"]
features = [{ columns = "a", bounds = [0, 10], knots = [5] }, { columns = "b", bounds = [0, 10], steps = [3, 6] }]
"#;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.at("s.toml"), SCENARIO).unwrap();
        fs::write(home.at("map.toml"), MAP).unwrap();
        let mut rows = String::from("id,a,b,bad\n");
        for i in 0..400 {
            let _ = writeln!(rows, "{i},{},{},{}", i % 11, (i * 7) % 11, u8::from((i * 7) % 11 + i % 5 > 9));
        }
        fs::write(home.at("data.csv"), rows).unwrap();
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(cargo_bin!("pretick"));
        command.args(line.split(' ')).current_dir(self.0.path());
        command
    }

    fn try_(&self, line: &str) -> (i32, String) {
        told(&self.command(line).output().unwrap())
    }

    fn ok(&self, line: &str) -> String {
        let (code, message) = self.try_(line);
        assert_eq!(code, 0, "{line}: {message}");
        message
    }

    /// A refusal that names all of `words`.
    fn refused(&self, line: &str, words: &[&str]) {
        let (code, message) = self.try_(line);
        assert!(code == 1 && words.iter().all(|w| message.contains(w)), "{line}: {words:?} in {message}");
    }

    /// Names of unfinished results.
    fn unfinished(&self) -> Vec<String> {
        names(self.0.path()).into_iter().filter(|n| n.starts_with('.')).collect()
    }

    /// Every file of a folder with its bytes.
    fn all_of(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let at = self.at(folder);
        names(&at)
            .into_iter()
            .filter(|n| at.join(n).is_file())
            .map(|n| (n.clone(), fs::read(at.join(n)).unwrap()))
            .collect()
    }
}

fn told(output: &Output) -> (i32, String) {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!message.contains("panicked"), "{message}");
    (output.status.code().unwrap_or(-1), message)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const RUN: &str = "run s.toml --no-plots --out out";
const BENCH: &str =
    "bench map.toml --data data.csv --scorers logistic --seeds 2 --no-timing --no-plots --trends 0 --out out";
const FIT: &str = "scorecard fit map.toml --data data.csv --trends 0 --out out";

/// What a command wrote, another one does not replace, with `--force` neither; nor anything that was never a result.
#[test]
fn each_command_replaces_its_own_results_alone() {
    let commands = [RUN, BENCH, FIT];
    for (i, one) in commands.iter().enumerate() {
        let home = Home::new();
        home.ok(one);
        let before = home.all_of("out");
        for (k, other) in commands.iter().enumerate() {
            if i != k {
                home.refused(&format!("{other} --force"), &["holds the result of `pretick", "not be replaced"]);
            }
        }
        fs::write(home.at("out/notes.md"), "my reading").unwrap();
        home.refused(&format!("{one} --force"), &["notes.md", "would be lost"]);
        fs::remove_file(home.at("out/notes.md")).unwrap();
        assert_eq!(home.all_of("out"), before, "{one}");
        home.ok(&format!("{one} --force --seed 9"));
        assert_ne!(home.all_of("out"), before, "{one}");
        assert_eq!(home.unfinished(), Vec::<String>::new());
    }
    for command in [RUN, BENCH, FIT] {
        let home = Home::new();
        fs::create_dir(home.at("out")).unwrap();
        fs::write(home.at("out/summary.csv"), "mine").unwrap();
        let (code, message) = home.try_(&format!("{command} --force"));
        assert!(code == 1 && message.contains("out"), "{command}: {message}");
        assert_eq!(home.all_of("out"), [("summary.csv".to_owned(), b"mine".to_vec())]);
    }
}

/// What was edited is the user's.
#[test]
fn an_edited_result_is_replaced_on_request_alone() {
    let home = Home::new();
    home.ok(RUN);
    home.ok(RUN);
    fs::write(home.at("out/results.csv"), "mine").unwrap();
    home.refused(RUN, &["results.csv was changed", "--force"]);
    home.ok(&format!("{RUN} --force"));
}

/// Stopped or killed in the middle: nothing under the name; what a killed command left, the next one removes and says so.
#[cfg(unix)]
#[test]
fn what_a_killed_command_left_is_removed_and_said() {
    let home = Home::new();
    let half =
        |home: &Home| home.unfinished().iter().any(|n| fs::metadata(home.at(n)).is_ok_and(|m| m.len() > 1_000_000));
    for signal in ["-INT", "-KILL"] {
        let mut child = home.command("generate s.toml --persons 400000 --out g.csv --quiet").spawn().unwrap();
        let begun = Instant::now();
        while !half(&home) {
            assert!(
                begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(),
                "too quick, or hangs"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        // Another command with the same target leaves the file of one that is at work alone.
        home.ok("generate s.toml --persons 10 --out g.csv --quiet");
        assert!(half(&home));
        fs::remove_file(home.at("g.csv")).unwrap();
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!home.at("g.csv").exists());
        assert_eq!(half(&home), signal == "-KILL");
    }
    let message = home.ok("generate s.toml --persons 10 --out g.csv");
    assert!(message.contains("removed") && message.contains(".g.csv.tmp-"), "{message}");
    assert_eq!(home.unfinished(), Vec::<String>::new());
}

/// A folder that was caught between the two renames of a replacement, on a file system that cannot exchange names.
#[cfg(unix)]
#[test]
fn an_old_result_is_put_back_and_said() {
    let home = Home::new();
    for command in [RUN, FIT] {
        home.ok(command);
        let before = home.all_of("out");
        fs::rename(home.at("out"), home.at(".out.tmp-1-0.old")).unwrap();
        fs::create_dir(home.at(".out.tmp-1-0")).unwrap();
        home.refused(&format!("{command} --seed 9"), &["--force"]);
        assert_eq!((home.all_of("out"), home.unfinished()), (before, Vec::new()));
        fs::rename(home.at("out"), home.at(".out.tmp-1-0.old")).unwrap();
        let message = home.ok(&format!("{command} --force"));
        assert!(message.contains("put back"), "{message}");
        fs::remove_dir_all(home.at("out")).unwrap();
    }
}

/// A file that grows beyond what is allowed is an error in words.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_leaves_nothing() {
    let home = Home::new();
    let program = cargo_bin!("pretick");
    let script =
        format!("ulimit -f 50; exec {} generate s.toml --persons 20000 --out g.csv --quiet", program.display());
    let (code, message) = told(&Command::new("sh").args(["-c", &script]).current_dir(home.0.path()).output().unwrap());
    assert!(code == 1 && message.contains("g.csv") && message.contains("large"), "{message}");
    assert_eq!((home.unfinished(), home.at("g.csv").exists()), (Vec::new(), false));
}

/// A line that a disk damaged is done again, and the bench comes out the same.
#[test]
fn a_damaged_checkpoint_costs_the_damaged_fits_alone() {
    let home = Home::new();
    let bench = |out: &str| {
        let seeds = BENCH.replace("--scorers logistic --seeds 2", "--scorers boosting --seeds 60");
        seeds.replace("--out out", &format!("--out {out}"))
    };
    let mut child = home.command(&bench("begun")).spawn().unwrap();
    let partial = home.at("begun/bench.partial.jsonl");
    let lines = || fs::read_to_string(&partial).unwrap_or_default().lines().count();
    while lines() < 6 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be stopped");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // One digit of an AUC in the third line.
    let text = fs::read_to_string(&partial).unwrap();
    let third = text.lines().nth(2).unwrap();
    let at = text.find(third).unwrap() + third.find("\"auc\",\"0.").unwrap() + 10;
    let mut bytes = text.clone().into_bytes();
    bytes[at] = if bytes[at] == b'9' { b'1' } else { b'9' };
    fs::write(&partial, bytes).unwrap();
    let message = home.ok(&bench("begun"));
    assert!(message.contains("fits were finished before") && message.contains("damaged"), "{message}");
    home.ok(&bench("again"));
    assert_eq!(fs::read(home.at("begun/bench.csv")).unwrap(), fs::read(home.at("again/bench.csv")).unwrap());
}

/// What a command reads is no place for what it writes; what is no file is written to.
#[cfg(unix)]
#[test]
fn inputs_and_special_files_are_not_replaced() {
    let home = Home::new();
    home.ok(FIT);
    fs::copy(home.at("data.csv"), home.at("new.csv")).unwrap();
    std::os::unix::fs::symlink("new.csv", home.at("link.csv")).unwrap();
    let before = (fs::read(home.at("new.csv")).unwrap(), home.all_of("out"));
    let score = "scorecard score out/scorecard.json --data new.csv --force --out";
    for out in ["new.csv", "./new.csv", "link.csv", "out/scorecard.json"] {
        home.refused(&format!("{score} {out}"), &["would be lost"]);
    }
    let monitor = "scorecard monitor out/scorecard.json --data data.csv --against new.csv --force --out";
    for out in ["new.csv", "data.csv", "out/scorecard.json"] {
        home.refused(&format!("{monitor} {out}"), &["would be lost"]);
    }
    assert_eq!((fs::read(home.at("new.csv")).unwrap(), home.all_of("out")), before);
    home.ok(&format!("{score} scores.csv"));
    let output = home.command("scorecard score out/scorecard.json --data new.csv --out -").output().unwrap();
    assert_eq!(output.stdout, fs::read(home.at("scores.csv")).unwrap());
    home.ok(&format!("{score} /dev/null"));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}
