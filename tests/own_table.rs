//! The map that the documentation gives to users works as it stands there.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fmt::Write as _;
use std::fs;

const PAGE: &str = include_str!("../docs/features.md");

/// The first block of the page in this language.
fn block(language: &str) -> &'static str {
    PAGE.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0
}

fn pretick(args: &[&str]) -> String {
    let output = Command::cargo_bin("pretick").unwrap().args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {text}");
    text
}

#[test]
fn the_example_of_the_documentation_runs() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    fs::write(path("loans.toml"), block("toml")).unwrap();
    let (header, first) = block("csv").split_once('\n').unwrap();
    let mut data = format!("{header}\n");
    for copy in 0..50 {
        for (i, line) in first.lines().enumerate() {
            let _ = writeln!(data, "{},{}", copy * 100 + i, line.split_once(',').unwrap().1);
        }
    }
    fs::write(path("loans.csv"), data).unwrap();
    pretick(&["check", &path("loans.toml")]);
    let text = pretick(&[
        "run",
        &path("loans.toml"),
        "--data",
        &path("loans.csv"),
        "--out",
        &path("out"),
        "--no-plots",
        "--replications",
        "3",
    ]);
    assert!(text.contains("missing values: income 50, inquiries 50, used 50"), "{text}");
    assert!(text.contains("levels that are not listed, all indicators 0: housing 50"), "{text}");
    // The twin: without the codes of the outcome the same table is refused.
    fs::write(path("loans.toml"), block("toml").replace("defaulted = \"default\"\n", "")).unwrap();
    let output = Command::cargo_bin("pretick")
        .unwrap()
        .args(["run", &path("loans.toml"), "--data", &path("loans.csv"), "--out", &path("other")])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("\"default\" is not an outcome: 1 = default, paid = paid"), "{error}");
}
