//! `pretick bench` as its users meet it.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SYNTHETIC: &str = "scenarios/annual-bill-2018.toml";
const HEAD: &str = "scorer,epsilon,seed,fold,metric,value\n";

const MAP: &str = r#"name = "mine"
question = "which scorer?"
seed = 5

[histories.source.table]
outcome = "bad"
id = "id"
lender_sees = ["a"]
needs_consent = ["b"]
features = [{ columns = "a", bounds = [0, 10], knots = [5] }, { columns = "b", bounds = [0, 10], steps = [3, 6] }]
"#;

fn pretick(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("pretick").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("bench").args(args);
    command
}

/// Exit status, standard output, standard error.
fn outcome(args: &[&str]) -> (i32, String, String) {
    let output = pretick(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let message = text(&output.stderr);
    assert!(!message.contains("panicked"), "{args:?}: {message}");
    (output.status.code().unwrap_or(-1), text(&output.stdout), message)
}

/// SplitMix64 of a counter, as a uniform in [0, 1).
fn uniform(i: u64) -> f64 {
    let mut z = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64
}

/// A table whose outcome depends on both columns; lines in the order of the ids.
fn lines(n: u64) -> Vec<String> {
    let line = |i: u64| {
        let (a, b) = (10.0 * uniform(3 * i), 10.0 * uniform(3 * i + 1));
        let bad = uniform(3 * i + 2) < 1.0 / (1.0 + (-0.3 * a + -0.4 * b + 5.0f64).exp());
        format!("{},{a:.2},{b:.2},{}\n", i + 1, u8::from(bad))
    };
    (0..n).map(line).collect()
}

struct Home {
    dir: TempDir,
}

impl Home {
    fn new(data: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("map.toml"), MAP).unwrap();
        fs::write(dir.path().join("data.csv"), data).unwrap();
        Self { dir }
    }

    fn of(n: u64) -> Self {
        Self::new(&format!("id,a,b,bad\n{}", lines(n).concat()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn args(&self, out: &str, more: &[&str]) -> Vec<String> {
        let at = |name: &str| self.path(name).display().to_string();
        let own = [at("map.toml"), "--data".into(), at("data.csv"), "--out".into(), at(out), "--no-plots".into()];
        own.into_iter().chain(more.iter().map(|m| (*m).to_owned())).collect()
    }

    fn bench(&self, out: &str, more: &[&str]) -> (i32, String, String) {
        let args = self.args(out, more);
        outcome(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `bench.csv` of a bench that must succeed.
    fn values(&self, out: &str, more: &[&str]) -> String {
        let (code, _, message) = self.bench(out, more);
        assert_eq!(code, 0, "{message}");
        read(&self.path(out))
    }
}

fn read(out: &Path) -> String {
    fs::read_to_string(out.join("bench.csv")).unwrap()
}

/// Values of one metric by (scorer, ε).
fn metric(text: &str, name: &str) -> BTreeMap<(String, String), Vec<f64>> {
    let mut out: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[4] == name {
            let value = cells[5].parse().unwrap_or(f64::NAN);
            out.entry((cells[0].into(), cells[1].into())).or_default().push(value);
        }
    }
    out
}

const QUICK: &[&str] = &["--scorers", "logistic,dp-logistic", "--epsilon", "1,4", "--delta", "1e-4", "--seeds", "2"];

#[test]
fn the_contract_of_bench_csv_holds() {
    let home = Home::of(2000);
    let text = home.values("out", QUICK);
    assert!(text.starts_with(HEAD), "{text}");
    // Two seeds of a scorer without ε and of one at two.
    let metrics = [
        "auc",
        "ks",
        "brier",
        "log_loss",
        "calibration_slope",
        "calibration_in_the_large",
        "persons_train",
        "persons_test",
        "epsilon_spent",
        "delta_spent",
        "fit_seconds",
        "fit_cpu_seconds",
        "score_persons_per_second",
        "peak_memory_mb",
    ];
    for name in metrics {
        let found = metric(&text, name);
        assert_eq!(found.len(), 3, "{name}");
        assert!(found.values().all(|v| v.len() == 2), "{name}");
    }
    let key = |scorer: &str, epsilon: &str| (scorer.to_owned(), epsilon.to_owned());
    let auc = metric(&text, "auc");
    assert!(auc.values().flatten().all(|v| (0.6..1.0).contains(v)), "{auc:?}");
    let spent = metric(&text, "epsilon_spent");
    assert!(spent[&key("logistic", "")].iter().all(|v| *v == f64::INFINITY), "the lender holds exact records");
    for (epsilon, asked) in [("1", 1.0), ("4", 4.0)] {
        assert!(spent[&key("dp-logistic", epsilon)].iter().all(|v| *v <= asked * (1.0 + 1e-9) && *v > 0.95 * asked));
    }
    for file in ["summary.csv", "differences.csv", "splits.csv", "bench.json", "NOTICE.txt"] {
        assert!(home.path("out").join(file).exists(), "{file}");
    }
    assert!(!home.path("out").join("bench.partial.jsonl").exists());
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(home.path("out").join("bench.json")).unwrap()).unwrap();
    assert_eq!(manifest["ledger"].as_array().unwrap().len(), 2);
    let told = &manifest["ledger"][1]["accountants"][0];
    for accountant in ["basic", "zcdp", "rdp", "gdp"] {
        // Every one is a valid bound, none far below what was asked: 4. Basic composition grows with the root of the number of releases.
        let epsilon = told[accountant].as_f64().unwrap();
        assert!(epsilon > 3.8 && epsilon < if accountant == "basic" { 20.0 } else { 5.0 }, "{accountant}: {epsilon}");
    }
    assert!(manifest["notice"].as_str().unwrap().contains("simulated"));
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_order_of_rows() {
    let home = Home::of(1500);
    let quick: Vec<&str> = QUICK.iter().copied().chain(["--no-timing", "--folds", "2", "--threads"]).collect();
    let with = |threads: &'static str| [quick.as_slice(), &[threads]].concat();
    let one = home.values("one", &with("1"));
    assert_eq!(one, home.values("two", &with("2")));
    assert_eq!(one, home.values("three", &with("3")));
    assert!(!one.contains("seconds") && !one.contains("memory"));
    let mut turned = lines(1500);
    turned.reverse();
    fs::write(home.path("data.csv"), format!("id,a,b,bad\n{}", turned.concat())).unwrap();
    assert_eq!(one, home.values("turned", &with("2")), "persons are known by their ids");
    // The twin: another seed gives other bytes.
    let other = [with("2").as_slice(), &["--seed", "6"]].concat();
    assert_ne!(one, home.values("other", &other));
}

#[test]
fn who_else_takes_part_changes_nothing() {
    let home = Home::of(1000);
    let of = |out: &str, scorers: &str, epsilon: &str| {
        let more = ["--scorers", scorers, "--epsilon", epsilon, "--seeds", "2", "--no-timing"];
        metric(&home.values(out, &more), "auc")[&("dp-logistic".to_owned(), "1".to_owned())].clone()
    };
    assert_eq!(of("alone", "dp-logistic", "1"), of("company", "scorecard,logistic,dp-logistic", "0.5,1,8"));
}

#[test]
fn published_splits_are_those_that_were_used() {
    let home = Home::of(1000);
    home.values("out", &["--scorers", "logistic", "--seeds", "2", "--folds", "3", "--train", "200", "--no-timing"]);
    let text = fs::read_to_string(home.path("out").join("splits.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row,id,0.0,0.1,0.2,1.0,1.1,1.2"));
    let body: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert_eq!(body.len(), 1000);
    let of = |column: usize, word: &str| body.iter().filter(|l| l[column] == word).count();
    for column in 2..8 {
        assert_eq!(of(column, "train"), 200);
        assert!((333..=334).contains(&of(column, "test")));
    }
    for (row, line) in body.iter().enumerate() {
        assert_eq!((line[0], line[1]), (&*row.to_string(), &*(row + 1).to_string()));
        assert_eq!(line[2..5].iter().filter(|p| **p == "test").count(), 1);
    }
    let persons = metric(&read(&home.path("out")), "persons_train");
    assert!(persons.values().flatten().all(|n| *n == 200.0));
}

#[test]
fn mistakes_on_the_command_line_are_shown() {
    let home = Home::of(50);
    for (more, parts) in [
        (&["--scorers", "logistik"][..], &["no scorer `logistik`", "did you mean `logistic`?", "dp-logistic"][..]),
        (&["--scorers", ""], &["the scorers are"]),
        (&["--epsilon", "0"], &["--epsilon", "more than 0"]),
        (&["--epsilon", "1,nan"], &["--epsilon"]),
        (&["--delta", "1"], &["--delta", "less than 1"]),
        (&["--seeds", "0"], &["--seeds", "1 to"]),
        (&["--test-share", "1"], &["--test-share"]),
        (&["--scorers", "logistic", "--reference", "scorecard"], &["--reference", "does not take part"]),
        (&["--set", "lender.scorr=logistic"], &["did you mean `scorer`?"]),
        (&["--fail-on-regression"], &["--baseline"]),
    ] {
        let (code, _, message) = home.bench("out", more);
        assert_eq!(code, 2, "{more:?}: {message}");
        for part in parts {
            assert!(message.contains(part), "{more:?}: no {part:?} in {message}");
        }
        assert!(!home.path("out").exists(), "{more:?}");
    }
    let (code, _, message) = home.bench("out", &["--baseline", "nowhere.csv"]);
    assert!(code == 1 && message.contains("nowhere.csv"), "{message}");
}

#[test]
fn small_and_one_sided_tables_give_an_answer_or_a_reason() {
    // One outcome in the whole table is refused when it is read.
    let home = Home::new("id,a,b,bad\n1,1,1,0\n2,2,2,0\n");
    let (code, _, message) = home.bench("out", QUICK);
    assert!(code == 1 && message.contains("outcomes are 0"), "{message}");
    // One defaulter of ten: in one fold nobody to learn a default from, in the others none to test.
    let mut rows = String::from("id,a,b,bad\n");
    (0..10).for_each(|i| writeln!(rows, "{i},{i},{},{}", 10 - i, u8::from(i == 3)).unwrap());
    let home = Home::new(&rows);
    let text = home.values("out", &[QUICK, &["--folds", "5", "--no-timing"]].concat());
    let failed = metric(&text, "failed");
    assert!(failed.iter().any(|((scorer, _), v)| scorer == "logistic" && v.len() == 2), "{text}");
    let (_, _, message) = home.bench("again", &[QUICK, &["--folds", "5", "--no-timing"]].concat());
    assert!(message.contains("fits failed; first: logistic"), "{message}");
    // Ten rows of both outcomes: every scorer answers or says why not.
    let mut rows = String::from("id,a,b,bad\n");
    (0..10).for_each(|i| writeln!(rows, "{i},{i},{},{}", 10 - i, u8::from(i > 6)).unwrap());
    let home = Home::new(&rows);
    let text = home.values("out", &["--seeds", "3", "--no-timing"]);
    let answered = metric(&text, "auc").into_iter().chain(metric(&text, "failed"));
    let mut count: BTreeMap<(String, String), usize> = BTreeMap::new();
    answered.for_each(|(who, v)| *count.entry(who).or_default() += v.len());
    assert!(count.len() > 3 && count.values().all(|n| *n == 3), "{count:?}");
}

#[test]
fn a_program_needs_leave() {
    let home = Home::of(50);
    let (code, _, message) = home.bench("out", &["--scorers", "logistic,command"]);
    assert!(code == 1 && message.contains("--allow-commands"), "{message}");
    assert!(!home.path("out").exists());
}

#[cfg(unix)]
#[test]
fn a_killed_bench_goes_on_where_it_was() {
    let home = Home::of(3000);
    // Boosting takes long enough that a signal sent after a few fits arrives before the last.
    let more =
        ["--scorers", "boosting,dp-logistic", "--epsilon", "1", "--seeds", "80", "--no-timing", "--threads", "1"];
    let whole = home.values("whole", &more);
    let partial = home.path("out").join("bench.partial.jsonl");
    let finished = || fs::read_to_string(&partial).unwrap_or_default().lines().count();
    for (signal, least) in [("-KILL", 4), ("-INT", 12)] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pretick"))
            .arg("bench")
            .args(home.args("out", &more))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while finished() < least {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be stopped");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success());
        if signal == "-INT" {
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(message.contains("interrupted") && message.contains("bench.partial.jsonl"), "{message}");
        }
        assert!(partial.exists() && !home.path("out").join("bench.csv").exists());
    }
    // Other options are another bench.
    let (code, _, message) = home.bench("out", &[&more[..], &["--delta", "1e-3"]].concat());
    assert!(code == 1 && message.contains("--force"), "{message}");
    let (code, _, message) = home.bench("out", &more);
    assert_eq!(code, 0, "{message}");
    assert!(message.contains("fits were finished before"), "{message}");
    assert_eq!(read(&home.path("out")), whole);
    assert!(!partial.exists());
}

#[test]
fn a_result_is_not_overwritten_silently() {
    let home = Home::of(300);
    let first = home.values("out", QUICK);
    let other = [QUICK, &["--seed", "9"]].concat();
    let (code, _, message) = home.bench("out", &other);
    assert!(code == 1 && message.contains("--force"), "{message}");
    assert_eq!(read(&home.path("out")), first);
    home.values("out", &[&other[..], &["--force"]].concat());
    assert_ne!(read(&home.path("out")), first);
}

/// `bench.csv` with the AUC of `scorer` moved by what `by` says of each seed.
fn moved(text: &str, scorer: &str, by: &dyn Fn(u32) -> f64) -> String {
    let change = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[0] == scorer && cells[4] == "auc" {
            let value: f64 = cells[5].parse().unwrap();
            let moved = value + by(cells[2].parse().unwrap());
            return format!("{},{moved}\n", cells[..5].join(","));
        }
        format!("{line}\n")
    };
    text.lines().map(change).collect()
}

#[test]
fn a_baseline_tells_a_planted_drop_from_noise() {
    let home = Home::of(1500);
    let quick = ["--scorers", "logistic,dp-logistic", "--epsilon", "1,4", "--seeds", "8", "--no-timing"];
    let now = home.values("now", &quick);
    let against = |earlier: &str| {
        fs::write(home.path("earlier.csv"), earlier).unwrap();
        let file = home.path("earlier.csv").display().to_string();
        home.bench("now", &[&quick[..], &["--baseline", &file, "--fail-on-regression"]].concat())
    };
    // The same: nothing changed.
    let (code, out, message) = against(&now);
    assert_eq!(code, 0, "{message}");
    assert!(!message.contains("are not the same persons"), "{message}");
    assert!(out.contains("0 of 12 comparisons differ"), "{out}");
    // Noise of ±.01 that takes turns has no mean.
    let noise = |seed: u32| if seed.is_multiple_of(2) { 0.01 } else { -0.01 };
    let (code, out, _) = against(&moved(&now, "dp-logistic", &noise));
    assert!(code == 0 && out.contains("0 of 12"), "{out}");
    // Once it was better by .03, give or take .01: today's is a regression.
    let (code, out, _) = against(&moved(&now, "dp-logistic", &|seed| 0.03 + noise(seed)));
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("worse: dp-logistic at ε = 1, auc −"), "{out}");
    // A gain is significant and no regression.
    let (code, out, _) = against(&moved(&now, "dp-logistic", &|seed| -0.03 + noise(seed)));
    assert!(code == 0 && out.contains("better: dp-logistic at ε = 4, auc +"), "{out}");
    // Without the flag a drop is told, and the status is 0.
    let file = home.path("earlier.csv").display().to_string();
    fs::write(&file, moved(&now, "logistic", &|_| 0.05)).unwrap();
    let (code, out, _) = home.bench("now", &[&quick[..], &["--baseline", &file]].concat());
    assert!(code == 0 && out.contains("worse: logistic, auc"), "{out}");
    assert!(fs::read_to_string(home.path("now/baseline.csv")).unwrap().lines().count() > 12);
    // Folds of another seed hold other persons: said, where the baseline's folder tells.
    let file = home.path("now/bench.csv").display().to_string();
    let (_, _, message) = home.bench("other", &[&quick[..], &["--seed", "6", "--baseline", &file]].concat());
    assert!(message.contains("are not the same persons"), "{message}");
}

#[test]
fn a_synthetic_scenario_is_benched_over_populations() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out").display().to_string();
    let args = [SYNTHETIC, "--persons", "4000", "--seeds", "2", "--scorers", "scorecard,dp-logistic", "--epsilon", "1"];
    let (code, printed, message) = outcome(&[&args[..], &["--no-timing", "--out", &out]].concat());
    assert_eq!(code, 0, "{message}");
    assert!(printed.contains("2 populations") && printed.contains("dp-logistic"), "{printed}");
    assert!(!printed.contains("simulated: nothing here"));
    let auc = metric(&read(Path::new(&out)), "auc");
    assert!(auc.values().all(|v| v.len() == 2 && v[0] != v[1]), "{auc:?}");
    for picture in ["bench-auc", "bench-difference"] {
        let png = fs::read(Path::new(&out).join(format!("plots/{picture}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{picture}");
    }
    assert!(message.contains("picture bench-time left out"), "{message}");
}

#[test]
fn the_summary_can_be_had_as_json() {
    let home = Home::of(400);
    let (code, out, message) = home.bench("out", &[QUICK, &["--json"]].concat());
    assert_eq!(code, 0, "{message}");
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["about"]["reference"], "logistic");
    assert!(value["notice"].as_str().unwrap().contains("simulated"));
    let summaries = value["summaries"].as_array().unwrap();
    assert!(summaries.iter().any(|s| s["metric"] == "auc" && s["value"]["mean"].is_f64()));
    assert!(!value["differences"].as_array().unwrap().is_empty());
}
