//! Scorers of one's own in a run: asked for, reported when they fail, and never the end of the other arms.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::cargo::cargo_bin;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SCENARIO: &str = r#"
name = "own"
replications = 2
reference = "bureau-only"
population = { persons = 2000 }
lender = { scorer = "command", command = { program = "sh" } }
[[arm]]
name = "bureau-only"
disclosure = "none"
[[arm]]
name = "full-sharing"
form = "mandatory"
disclosure = "raw"
[[arm]]
name = "dp-model"
disclosure = { trained-inside = { epsilon = [1] } }
"#;

/// PD = 0.1 for all.
const CONSTANT: &str = "if [ $1 = fit ]; then cat > $2/t; else n=$(($(wc -l) - 1)); echo pd; yes 0.1 | head -n $n; fi";

struct Home(tempfile::TempDir);

impl Home {
    fn new(text: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("s.toml"), text).unwrap();
        Self(home)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn command(&self, script: &str, more: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("pretick"));
        command.args(["run", &self.path("s.toml"), "--out", &self.path("out"), "--quiet", "--no-plots"]);
        // A literal text: no escapes to write.
        command.args(["--set", &format!("lender.command.args=['-c', '''{script}''', 'scorer']")]);
        command.args(more);
        command
    }

    fn run(&self, script: &str, more: &[&str]) -> Output {
        self.command(script, &[&["--allow-commands"], more].concat()).output().unwrap()
    }

    /// (arm, replication, metric) of every row.
    fn rows(&self) -> Vec<(String, String, String)> {
        let mut reader = csv::Reader::from_path(self.0.path().join("out/results.csv")).unwrap();
        let sweeps = reader.headers().unwrap().len() - 6;
        let row = |r: csv::StringRecord| (r[0].into(), r[2 + sweeps].into(), r[3 + sweeps].into());
        reader.records().map(|r| row(r.unwrap())).collect()
    }

    fn has(&self, arm: &str, replication: &str, metric: &str) -> bool {
        self.rows().iter().any(|r| (&*r.0, &*r.1, &*r.2) == (arm, replication, metric))
    }

    fn notes(&self) -> String {
        let manifest = fs::read_to_string(self.0.path().join("out/manifest.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&manifest).unwrap()["notes"].to_string()
    }
}

fn stderr(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!message.contains("panicked"), "{message}");
    message
}

#[test]
fn a_scenario_s_program_is_started_only_when_it_is_allowed() {
    let home = Home::new(SCENARIO);
    let mark = home.path("mark");
    let output = home.command(&format!("touch {mark}"), &[]).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("--allow-commands") && message.contains("touch"), "{message}");
    let story = Command::new(cargo_bin!("pretick"))
        .args([
            "story",
            &home.path("s.toml"),
            "--person",
            "1",
            "--set",
            &format!("lender.command.args=['-c', 'touch {mark}']"),
        ])
        .output()
        .unwrap();
    assert!(stderr(&story).contains("--allow-commands"));
    assert!(!Path::new(&mark).exists() && !Path::new(&home.path("out")).exists());
    // Checking starts nothing and needs no permission, but says what would be started.
    let check = Command::new(cargo_bin!("pretick")).args(["check", &home.path("s.toml")]).output().unwrap();
    assert!(check.status.success());
    assert!(String::from_utf8_lossy(&check.stdout).contains("--allow-commands: sh"));
    let check = |set: &str| {
        let s = home.path("s.toml");
        Command::new(cargo_bin!("pretick")).args(["check", &s, "--set", set]).output().unwrap()
    };
    assert!(stderr(&check("lender.command.program=no-such-thing")).contains("there is no program `no-such-thing`"));
    let nothing = check("lender.command.program=''");
    assert!(nothing.status.code() == Some(2) && stderr(&nothing).contains("needs a program"));
}

#[test]
fn an_arm_whose_program_fails_is_left_out_and_the_others_go_on() {
    let home = Home::new(SCENARIO);
    // A program that cannot stand one column of the shared histories.
    let script = format!(
        "{CONSTANT}; if [ $1 = fit ] && head -n 1 $2/t | grep -q late_share; then echo no idea >&2; exit 4; fi"
    );
    let output = home.run(&script, &[]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in ["error: arm full-sharing", "exit status: 4", "no idea"] {
        assert!(
            message.contains(part) && home.notes().contains(part.trim_start_matches("error: ")),
            "{part}: {message}"
        );
    }
    for (arm, there) in [("bureau-only", true), ("full-sharing", false), ("dp-model", true)] {
        for replication in ["0", "1"] {
            assert_eq!(home.has(arm, replication, "auc"), there, "{arm} {replication}");
        }
    }
    assert!(home.has("dp-model", "1", "winners"));
    // The twin: nothing fails, and the arm is there.
    fs::remove_dir_all(home.path("out")).unwrap();
    let output = home.run(CONSTANT, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(home.has("full-sharing", "1", "auc") && !home.notes().contains("left out"));
}

#[test]
fn an_arm_that_fails_in_a_later_replication_keeps_no_half_of_its_rows() {
    let home = Home::new(SCENARIO);
    let calls = home.path("calls");
    // Fits in order: the reference, then bureau-only and full-sharing; in each of two replications.
    let failing = |call: u32| {
        let _ = (fs::remove_file(&calls), fs::remove_dir_all(home.path("out")));
        let script =
            format!("{CONSTANT}; [ $1 = score ] || {{ echo x >> {calls}; [ $(wc -l < {calls}) != {call} ]; }}");
        let output = home.run(&script, &["--threads", "1"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("exit status: 1"));
    };
    failing(6);
    assert!(home.rows().iter().all(|r| r.0 != "full-sharing"));
    assert!(home.has("bureau-only", "0", "auc") && home.has("bureau-only", "1", "winners"));
    assert!(home.notes().contains("failed in replication 1"));
    // The reference in the second replication: nobody wins against it, in the first neither.
    failing(4);
    assert!(home.rows().iter().all(|r| r.0 != "bureau-only" && r.2 != "winners" && r.2 != "losers"));
    assert!(home.has("full-sharing", "0", "auc") && home.has("dp-model", "1", "auc"));
}

#[test]
fn a_bench_asks_too_and_has_the_program_as_one_of_its_scorers() {
    let home = Home::new(SCENARIO);
    let bench = |allow: &[&str]| {
        let mut command = Command::new(cargo_bin!("pretick"));
        command.args([
            "bench",
            &home.path("s.toml"),
            "--out",
            &home.path("bench"),
            "--quiet",
            "--no-plots",
            "--no-timing",
        ]);
        command.args(["--scorers", "logistic,command", "--seeds", "1", "--set"]);
        command.arg(format!("lender.command.args=['-c', '''{CONSTANT}''', 'scorer']")).args(allow).output().unwrap()
    };
    let refused = bench(&[]);
    assert!(refused.status.code() == Some(1) && stderr(&refused).contains("--allow-commands"));
    assert!(!Path::new(&home.path("bench/bench.csv")).exists());
    let output = bench(&["--allow-commands"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = fs::read_to_string(home.path("bench/bench.csv")).unwrap();
    assert!(text.lines().any(|l| l.starts_with("command,") && l.contains(",auc,") && l.ends_with(",0.5")), "{text}");
}

#[test]
fn where_every_arm_fails_nothing_is_written() {
    let home = Home::new(&SCENARIO[..SCENARIO.rfind("[[arm]]").unwrap()]);
    let output = home.run("exit 5", &[]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("no arm is left: arm bureau-only") && message.contains("exit status: 5"), "{message}");
    assert!(!Path::new(&home.path("out")).exists());
}

#[test]
fn a_failing_program_leaves_the_other_points_of_a_sweep_and_plots_are_drawn() {
    let home = Home::new(&format!("{SCENARIO}\n[sweep]\n\"lender.scorer\" = ['logistic', 'command']\n"));
    let mut command = Command::new(cargo_bin!("pretick"));
    let args = ["run", &home.path("s.toml"), "--out", &home.path("out"), "--allow-commands"];
    let output = command.args(args).args(["--set", "lender.command.program=no-such-thing"]).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("cannot start `no-such-thing") && message.contains("left out at command"), "{message}");
    let text = fs::read_to_string(home.path("out/results.csv")).unwrap();
    let lines = |start: &str, point: &str| text.lines().filter(|l| l.starts_with(start) && l.contains(point)).count();
    assert!(lines("bureau-only", ",logistic,") > 0 && lines("bureau-only", ",command,") == 0);
    assert!(lines("dp-model", ",command,") > 0);
    assert!(fs::read_dir(home.path("out/plots")).unwrap().count() > 2);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_takes_its_program_along() {
    let home = Home::new(SCENARIO);
    let file = home.path("pid");
    let script = format!("echo $$ > {file}.new; mv {file}.new {file}; sleep 1000");
    let mut run = home.command(&script, &["--allow-commands"]).stderr(Stdio::piped()).spawn().unwrap();
    // Simulating and calibrating come first; the machine may be busy.
    let wait = |what: &str, mut until: Box<dyn FnMut() -> bool + '_>| {
        for _ in 0..3000 {
            if until() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{what} took longer than five minutes");
    };
    wait("the start", Box::new(|| Path::new(&file).exists()));
    let pid = fs::read_to_string(&file).unwrap();
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    wait("the end", Box::new(|| run.try_wait().unwrap().is_some()));
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("interrupted: nothing was written"));
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.is_err() || stat.is_ok_and(|s| s.contains(") Z ")), "the program lives on");
    assert!(!Path::new(&home.path("out")).exists());
}
