//! Groups of a table that are too small to judge: measured, but neither summarised nor printed, and named.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fs;

const MAP: &str = r#"
replications = 4
reference = "none"
attack = { replications = 0 }
[histories.source.table]
outcome = "y"
id = "id"
group = "g"
lender_sees = ["a"]
needs_consent = ["b"]
income = { column = "a", cuts = [1, 2, 3, 4, 5, 6, 7, 8, 9] }
features = [{ columns = "a", bounds = [0, 10] }, { columns = "b", bounds = [0, 9] }]
[[arm]]
name = "none"
disclosure = "none"
[[arm]]
name = "full"
form = "mandatory"
disclosure = "raw"
"#;

/// 300 persons of whom a third default; `few` of them are in group x.
fn table(few: usize) -> String {
    let group = |k: usize| if (1..=few).contains(&k) { "x" } else { ["m", "f"][k % 2] };
    let row = |k: usize| format!("{k},{},{},{},{}\n", group(k), (7 * k) % 11, k % 5, u8::from(k.is_multiple_of(3)));
    "id,g,a,b,y\n".to_owned() + &(0..300).map(row).collect::<String>()
}

/// What is printed, `results.csv` and `summary.csv` of a run.
fn run(few: usize) -> [String; 3] {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).display().to_string();
    fs::write(at("map.toml"), MAP).unwrap();
    fs::write(at("data.csv"), table(few)).unwrap();
    let output = Command::cargo_bin("pretick")
        .unwrap()
        .args(["run", &at("map.toml"), "--data", &at("data.csv"), "--out", &at("out"), "--no-plots"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let read = |name: &str| fs::read_to_string(home.path().join("out").join(name)).unwrap();
    [said, read("results.csv"), read("summary.csv")]
}

#[test]
fn two_persons_are_measured_but_not_judged() {
    let [said, results, summary] = run(2);
    assert!(results.contains(",false_decline_rate,group=g=x,"));
    assert!(!summary.contains("group=g=x") && summary.contains(",false_decline_rate,group=g=f,"));
    assert_eq!(said.matches("g=x").count(), 1, "{said}");
    assert!(said.contains("too small to judge and left out: group=g=x (2)"), "{said}");
    // The twin: thirty persons are judged.
    let [said, _, summary] = run(30);
    assert!(summary.contains(",false_decline_rate,group=g=x,") && !said.contains("g=x"), "{said}");
}
