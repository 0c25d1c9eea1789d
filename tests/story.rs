//! `pretick story`, as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};

const SCENARIO: &str = "scenarios/annual-bill-2018.toml";

fn pretick(args: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("pretick").unwrap();
    let got = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("story")
        .args(args)
        .assert()
        .code(code)
        .get_output()
        .clone();
    (String::from_utf8_lossy(&got.stdout).into_owned(), String::from_utf8_lossy(&got.stderr).into_owned())
}

#[test]
fn a_story_is_words_and_a_picture_the_same_again() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let (svg, again, png) = (path("a.svg"), path("b.svg"), path("c.png"));
    let common = [SCENARIO, "--persons", "2000", "--person", "17", "--threads"];
    let tell = |threads: &str, out: &str| pretick(&[&common[..], &[threads, "--out", out]].concat(), 0).0;
    let words = tell("1", &svg);
    assert_eq!(words, tell("3", &again));
    assert_eq!(words, tell("2", &png));
    for needed in ["Who they are", "How their months went", "default-sharing", "dp-model (ε = 1)", "How it ends"] {
        assert!(words.contains(needed), "{needed}: {words}");
    }
    assert_eq!(fs::read(&svg).unwrap(), fs::read(&again).unwrap());
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    // The same picture may be written again, another one only on request.
    assert_eq!(words, tell("1", &svg));
    // The twin: another replication tells another story.
    let twin = [&common[..], &["1", "--replication", "1", "--out", &svg]].concat();
    let (other, message) = pretick(&twin, 1);
    assert!(words != other && message.contains("--force"), "{message}");
    assert_eq!(fs::read(&svg).unwrap(), fs::read(&again).unwrap());
    assert_eq!(other, pretick(&[&twin[..], &["--force"]].concat(), 0).0);
    assert_ne!(fs::read(&svg).unwrap(), fs::read(&again).unwrap());
}

#[test]
fn mistakes_are_told_before_the_work() {
    let (_, range) = pretick(&[SCENARIO, "--persons", "2000", "--person", "2000"], 1);
    assert!(range.contains("persons 0 to 1999"), "{range}");
    let (_, ending) = pretick(&[SCENARIO, "--persons", "2000", "--person", "1", "--out", "a.pdf"], 1);
    assert!(ending.contains(".svg or .png"), "{ending}");
}

#[test]
fn real_histories_have_words_and_no_picture() {
    let path = std::env::var_os("PRETICK_TAIWAN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/taiwan/default.csv"), PathBuf::from);
    if !path.exists() {
        println!("skipped: set PRETICK_TAIWAN to the file");
        return;
    }
    let (words, notes) =
        pretick(&["scenarios/taiwan-2005.toml", "--person", "100", "--data", &path.display().to_string()], 0);
    let flat = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("Person ") && flat.contains(" of the table.") && flat.contains("Cohort: EDUCATION"),
        "{words}"
    );
    assert!(notes.contains("no picture"), "{notes}");
}
