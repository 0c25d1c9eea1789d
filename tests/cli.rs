//! The program as its users meet it.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fs;
use std::path::Path;

fn pretick() -> Command {
    let mut command = Command::cargo_bin("pretick").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn stderr_of(args: &[&str], code: i32) -> String {
    let output = pretick().args(args).assert().code(code).get_output().clone();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SMALL: &[&str] = &["--persons", "2000", "--set", "replications=2", "--quiet", "--no-plots"];

fn run(out: &Path, more: &[&str]) {
    pretick()
        .args(["run", "scenarios/annual-bill-2018.toml", "--out"])
        .arg(out)
        .args(SMALL)
        .args(more)
        .assert()
        .success();
}

fn results(out: &Path) -> Vec<u8> {
    fs::read(out.join("results.csv")).unwrap()
}

#[test]
fn results_are_the_same_bytes_for_any_number_of_threads_and_again() {
    let home = tempfile::tempdir().unwrap();
    let [one, two, again] = ["one", "two", "again"].map(|n| home.path().join(n));
    run(&one, &["--threads", "1"]);
    run(&two, &["--threads", "2"]);
    run(&again, &["--threads", "3"]);
    assert_eq!(results(&one), results(&two));
    assert_eq!(results(&one), results(&again));
    // The twin: another seed gives other bytes.
    let other = home.path().join("other");
    run(&other, &["--seed", "7"]);
    assert_ne!(results(&one), results(&other));
}

#[test]
fn the_contract_of_results_csv_holds() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    run(&out, &[]);
    let text = String::from_utf8(results(&out)).unwrap();
    assert!(text.starts_with("arm,epsilon,replication,metric,group,value\n"));
    let metrics = [
        "auc",
        "gini",
        "ks",
        "brier",
        "log_loss",
        "calibration_slope",
        "approval_rate",
        "default_rate_approved",
        "profit_per_applicant",
        "share_rate",
        "effective_consent",
        "involuntary_share",
        "regret",
        "exposure",
        "epsilon_spent",
    ];
    for metric in metrics {
        assert!(text.contains(&format!(",0,{metric},all,")), "{metric}");
    }
    for group in ["file=none", "file=thin", "file=thick", "group=", "decile=1,", "decile=10"] {
        assert!(text.contains(&format!(",auc,{group}")), "{group}");
    }
    for file in ["manifest.json", "results.parquet", "summary.csv"] {
        assert!(out.join(file).exists(), "{file}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    assert!(!manifest["ledger"].as_array().unwrap().is_empty());
    let summary = fs::read_to_string(out.join("summary.csv")).unwrap();
    let header: Vec<&str> = summary.lines().next().unwrap().split(',').collect();
    for column in ["arm", "epsilon", "metric", "group", "mean", "lo", "hi", "diff", "diff_lo", "diff_hi"] {
        assert!(header.contains(&column), "{column}");
    }
}

#[test]
fn epsilon_spent_is_the_epsilon_asked_for_at_most_and_nearly() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    run(&out, &["--replications", "1"]);
    let text = String::from_utf8(results(&out)).unwrap();
    let mut seen = 0;
    for line in text.lines().filter(|l| l.contains(",epsilon_spent,all,")) {
        let cells: Vec<&str> = line.split(',').collect();
        if let Ok(asked) = cells[1].parse::<f64>() {
            let spent: f64 = cells[5].parse().unwrap();
            if cells[0].ends_with("-others") {
                assert_eq!(spent, f64::INFINITY, "an exact record is subtracted: {line}");
            } else {
                assert!(spent <= asked * (1.0 + 1e-9) && spent > 0.95 * asked, "{line}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 28);
}

#[test]
fn set_reaches_into_an_arm() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    run(&out, &["--set", "arm.opt-in.form.notice=0"]);
    let text = String::from_utf8(results(&out)).unwrap();
    let nobody =
        text.lines().filter(|l| l.starts_with("opt-in,") && l.contains(",share_rate,all,")).all(|l| l.ends_with(",0"));
    assert!(nobody);
}

#[test]
fn a_result_is_not_overwritten_silently() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    run(&out, &[]);
    let before = results(&out);
    let path = out.display().to_string();
    let args = ["run", "scenarios/annual-bill-2018.toml", "--out", &path, "--persons", "2000", "--seed", "9"];
    let message = stderr_of(&args, 1);
    assert!(message.contains("--force"), "{message}");
    assert_eq!(results(&out), before);
}

fn scenario_error(text: &str, more: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("s.toml");
    fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let args: Vec<&str> = ["check", &path].into_iter().chain(more.iter().copied()).collect();
    stderr_of(&args, 2).replace(&path, "s.toml")
}

#[test]
fn mistakes_in_a_scenario_are_shown_where_they_are() {
    insta::assert_snapshot!(scenario_error("[consent]\nquality_corelation = 0.1\n", &[]));
    insta::assert_snapshot!(scenario_error("replications = \"many\"\n[population]\npersons = 0\n", &[]));
    insta::assert_snapshot!(scenario_error(
        "[[arm]]\nname = \"dp\"\ndisclosure = { cohort-aggregates = { epsilon = [1, 0, -2] } }\n",
        &["--set", "reference=dq"]
    ));
    insta::assert_snapshot!(scenario_error("[population]\nfile = { none = 0.5, thin = 0.1, thick = 0.1 }\n", &[]));
}

#[test]
fn a_bad_flag_is_shown_too() {
    let message = stderr_of(&["check", "scenarios/selection.toml", "--set", "consent.shok=1"], 2);
    assert!(message.contains("did you mean `shock`?"), "{message}");
    let message = stderr_of(&["check", "scenarios/selection.toml", "--set", "arm.optin.form.notice=1"], 2);
    assert!(message.contains("did you mean `opt-in`?"), "{message}");
    stderr_of(&["run", "scenarios/nowhere.toml"], 1);
    stderr_of(&["run"], 2);
    let message = stderr_of(&["run", "scenarios/taiwan-2005.toml"], 1);
    assert!(message.contains("--data"), "{message}");
    let message = stderr_of(&["run", "scenarios/taiwan-2005.toml", "--data", "nowhere.csv"], 1);
    assert!(message.contains("nowhere.csv"), "{message}");
}

#[test]
fn an_unwritable_folder_fails_before_the_work() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "x").unwrap();
    let inside = file.join("run").display().to_string();
    let message = stderr_of(
        &["run", "scenarios/selection.toml", "--persons", "1000", "--replications", "1", "--out", &inside],
        1,
    );
    assert!(message.contains("file"), "{message}");
}

#[test]
fn every_scenario_is_valid_and_says_its_question() {
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        pretick().arg("check").arg(&path).assert().success();
        assert!(fs::read_to_string(&path).unwrap().contains("QUESTION"), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn a_new_scenario_is_valid_and_is_not_written_twice() {
    let home = tempfile::tempdir().unwrap();
    pretick().args(["new", "mine", "--dir"]).arg(home.path()).assert().success();
    pretick().arg("check").arg(home.path().join("mine.toml")).assert().success();
    pretick().args(["new", "mine", "--dir"]).arg(home.path()).assert().code(1);
    pretick().args(["new", "../mine"]).assert().code(1);
}

#[test]
fn every_key_of_every_scenario_is_explained() {
    let listed = pretick().arg("explain").assert().success().get_output().stdout.clone();
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.lines().count() > 80, "{listed}");
    for key in ["consent.quality_correlation", "arm.opt-in.form.notice", "population.file", "lender.cutoff"] {
        let text = pretick().args(["explain", key]).assert().success().get_output().stdout.clone();
        assert!(String::from_utf8(text).unwrap().contains("source"), "{key}");
    }
    let message = stderr_of(&["explain", "consent.quality_corelation"], 1);
    assert!(message.contains("did you mean"), "{message}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pretick"))
        .args([
            "run",
            "scenarios/annual-bill-2018.toml",
            "--persons",
            "20000",
            "--replications",
            "1000",
            "--quiet",
            "--out",
        ])
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn the_help_says_what_there_is() {
    let output = pretick().arg("--help").env("COLUMNS", "100").assert().success().get_output().stdout.clone();
    insta::assert_snapshot!(String::from_utf8(output).unwrap());
}
