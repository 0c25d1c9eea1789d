//! A newcomer scores a table of their own.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const MAP: &str = r#"
question = "Who pays?"
name = "shop"
seed = 3

[histories.source.table]
outcome = "bad"
id = "id"
group = "job"
cohort = [{ column = "age", from = 20, to = 70, width = 10 }]
lender_sees = ["age", "income", "job"]
needs_consent = ["late"]
features = [
    { columns = "age", bounds = [18, 90], missing = true },
    { columns = "income", bounds = [0, 1_000_000], transform = "signed-log" },
    { columns = "job", levels = ["clerk", "nurse", "none"] },
    { columns = "late", bounds = [0, 12], special = [-1], trend = "rising" },
]
"#;

fn pretick(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("pretick").unwrap().args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    (output.status.code().unwrap_or(-1), out, err)
}

fn ok(args: &[&str]) -> String {
    let (code, out, err) = pretick(args);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

/// A number in [0, 1) for a person and a purpose.
fn draw(i: u64, purpose: u64) -> f64 {
    let mut x = (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03);
    for _ in 0..3 {
        x ^= x >> 31;
        x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    }
    (x >> 11) as f64 / (1u64 << 53) as f64
}

/// Rows `first..last` of the shop's customers, with the outcome or without; `drift` makes them later with their bills.
fn customers(first: u64, last: u64, outcome: bool, drift: f64) -> String {
    let mut out = format!("late,id,age,income,job{}\n", if outcome { ",bad" } else { "" });
    for i in first..last {
        let late = (draw(i, 1) * 6.0 + drift) as i64 - 1;
        let age = if i % 17 == 0 { String::new() } else { format!("{}", 18 + (draw(i, 2) * 60.0) as u32) };
        let (income, job) = ((draw(i, 3) * 90_000.0) as u32, ["clerk", "nurse", "none"][(draw(i, 4) * 3.0) as usize]);
        let bad = draw(i, 5) < 0.05 + 0.08 * late.max(0) as f64 + if job == "none" { 0.15 } else { 0.0 };
        let told = if outcome { format!(",{}", u8::from(bad)) } else { String::new() };
        let _ = writeln!(out, "{late},c{i},{age},{income},{job}{told}");
    }
    out
}

fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let head = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|r| head.iter().map(str::to_owned).zip(r.unwrap().iter().map(str::to_owned)).collect())
        .collect()
}

#[test]
fn fit_score_and_monitor() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let [map, old, new, month] = ["shop.toml", "old.csv", "new.csv", "month.csv"].map(path);
    fs::write(&map, MAP).unwrap();
    fs::write(&old, customers(0, 4000, true, 0.0)).unwrap();
    fs::write(&new, customers(4000, 6000, false, 0.0)).unwrap();
    fs::write(&month, customers(6000, 8000, false, 2.0)).unwrap();
    let card = path("card");
    let report = ok(&["scorecard", "fit", &map, "--data", &old, "--out", &card]);
    for part in ["Columns by information value", "late", "(base)", "Cutoffs, held-out persons", "most profit", "AUC 0."]
    {
        assert!(report.contains(part), "no {part:?} in:\n{report}");
    }
    let inside = |name: &str| home.path().join("card").join(name);
    let bins = table(&inside("scorecard.csv"));
    let of = |column: &str| bins.iter().filter(|r| r["column"] == column).collect::<Vec<_>>();
    assert!(of("late").iter().any(|r| r["bin"] == "= -1") && of("age").iter().any(|r| r["bin"] == "(missing)"));
    let iv = table(&inside("iv.csv"));
    assert!(iv[0]["column"] == "late" && iv[0]["trend"] == "rising" && iv.len() == 4, "{iv:?}");
    for name in ["cutoffs.csv", "gains.csv", "calibration.csv"] {
        assert!(table(&inside(name)).len() > 5, "{name}");
    }
    let sql = fs::read_to_string(inside("scorecard.sql")).unwrap();
    for part in ["WHEN p.\"late\" = -1 THEN", "WHEN s.points > 950.0 THEN 950.0", "AS t\n"] {
        assert!(sql.contains(part), "no {part:?} in:\n{sql}");
    }

    // Scoring needs the model and the rows alone, in the file's order; the table adds up to the whole points.
    let model = inside("scorecard.json").display().to_string();
    let scores = path("scores.csv");
    ok(&["scorecard", "score", &model, "--data", &new, "--out", &scores]);
    let scored = table(Path::new(&scores));
    assert_eq!((scored.len(), scored[0]["id"].as_str(), scored[1999]["id"].as_str()), (2000, "c4000", "c5999"));
    let people = table(Path::new(&new));
    let whole = |column: &str, bin: &str| -> i64 {
        bins.iter().find(|r| r["column"] == column && r["bin"] == bin).unwrap()["whole"].parse().unwrap()
    };
    let place = |column: &str, text: &str| -> String {
        if text.is_empty() {
            return "(missing)".into();
        }
        let found = of(column).into_iter().find(|r| {
            let bin = r["bin"].as_str();
            let Ok(x) = text.parse::<f64>() else { return bin.split(" | ").any(|l| l == text) };
            let ends: Vec<f64> =
                bin.split(['[', ',', ')', '<', '>', '=', ' ']).filter_map(|t| t.parse().ok()).collect();
            match (&bin[..1], ends.as_slice()) {
                ("=", [v]) => x == *v,
                ("<", [b]) => x < *b && !(column == "late" && x < 0.0),
                (">", [a]) => x >= *a,
                ("[", [a, b]) => x >= *a && x < *b,
                ("a", []) => true,
                _ => false,
            }
        });
        found.unwrap()["bin"].clone()
    };
    let used: Vec<&str> = iv.iter().filter(|r| r["note"].starts_with("used")).map(|r| r["column"].as_str()).collect();
    for (row, person) in scored.iter().zip(&people).take(300) {
        let sum: i64 = used.iter().map(|c| whole(c, &place(c, &person[*c]))).sum();
        assert_eq!(row["points"], (sum + whole("(base)", "(everybody)")).to_string(), "{person:?} {row:?}");
        let (pd, score): (f64, f64) = (row["pd"].parse().unwrap(), row["score"].parse().unwrap());
        let want = 650.0 + 45.0 / 2f64.ln() * (((1.0 - pd) / pd).ln() - 27f64.ln());
        assert!((score - want.clamp(350.0, 950.0)).abs() < 1e-9);
    }
    assert!(scored.iter().any(|r| r["reason_1"].starts_with("late: >= ") || r["reason_1"].starts_with("late: [")));

    // One record alone, and the same record without an outcome or with one.
    let alone = path("alone.csv");
    let lines = customers(4100, 4101, true, 0.0);
    fs::write(&alone, lines).unwrap();
    ok(&["scorecard", "score", &model, "--data", &alone, "--out", &path("one.csv")]);
    assert_eq!(table(Path::new(&path("one.csv"))), [scored[100].clone()]);

    // A month like the others is stable, a month that pays later is not.
    let lines = path("psi.csv");
    let told =
        ok(&["scorecard", "monitor", &model, "--data", &old, "--against", &new, "--against", &month, "--out", &lines]);
    assert!(told.contains("stable") && told.contains("large shift"), "{told}");
    let lines = table(Path::new(&lines));
    let psi = |file: &str, column: &str| -> f64 {
        lines.iter().find(|r| r["against"].ends_with(file) && r["column"] == column).unwrap()["psi_all_bins"]
            .parse()
            .unwrap()
    };
    assert!(psi("new.csv", "(score)") < 0.1 && psi("month.csv", "late") > 0.25 && psi("month.csv", "age") < 0.1);

    // Nothing is replaced by accident; the same command gives the same bytes.
    let (code, _, err) = pretick(&["scorecard", "fit", &map, "--data", &old, "--out", &card]);
    assert!(code == 1 && err.contains("--force"), "{err}");
    let before = fs::read(inside("scorecard.json")).unwrap();
    ok(&["scorecard", "fit", &map, "--data", &old, "--out", &card, "--force", "--quiet"]);
    assert_eq!(fs::read(inside("scorecard.json")).unwrap(), before);
}

/// The query of a card with derived columns and texts that mean missing: it computes the one and knows the others.
#[test]
fn the_query_computes_what_the_map_derives() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let [map, data, card] = ["shop.toml", "data.csv", "card"].map(path);
    let derived = r#"
derived = [
    { name = "burden", ratio = ["income", "age"], bounds = [0, 5_000], input_only = true },
    { name = "weighed", product = ["burden", "late"], bounds = [0, 9_000], trend = "rising" },
    { name = "very_late", count_at_least = { columns = ["late"], threshold = 3 }, bounds = [0, 1], otherwise = 0, trend = "rising" },
]
"#;
    let texts = MAP.replace("missing = true", r#"missing = ["", "not \"told\"", "it's", -7]"#);
    fs::write(&map, texts + derived).unwrap();
    fs::write(&data, customers(0, 3000, true, 0.0)).unwrap();
    ok(&["scorecard", "fit", &map, "--data", &data, "--out", &card, "--set", "lender.scorecard.wrong_sign=keep"]);
    let sql = fs::read_to_string(home.path().join("card/scorecard.sql")).unwrap();
    let parts = [
        // Texts that mean missing, as texts; numbers that do, as numbers; a quote is doubled.
        r#"IN ('', 'not "told"', 'it''s') THEN NULL ELSE CAST(t."age" AS DOUBLE PRECISION) END AS "age""#,
        r#"CASE WHEN g."age" IN (-7.0) THEN NULL WHEN g."age" < 18.0 THEN 18.0 WHEN g."age" > 90.0 THEN 90.0 ELSE"#,
        // Codes are no quantities; a formula of a formula comes after it; what is clamped is the result.
        r#"CASE WHEN g."late" IN (-1.0) THEN NULL WHEN g."late" < 0.0 THEN 0.0"#,
        r#"CASE WHEN k."age" > 0 THEN k."income" / k."age" END AS "burden (computed)""#,
        r#"k."burden" * k."late (quantity)" AS "weighed (computed)""#,
        r#"CASE WHEN k."late (quantity)" >= 3.0 THEN 1 ELSE 0 END"#,
        r#"CASE WHEN c."very_late (computed)" IS NULL THEN 0.0 WHEN"#,
        r#"WHEN c."weighed (computed)" > 9000.0 THEN 9000.0 ELSE c."weighed (computed)" END AS "weighed""#,
        r#"FROM "derived_1" AS k"#,
        r#"FROM "derived_2" AS p"#,
        // Age may be missing, the others may not.
        r#"CASE WHEN g."income" IS NULL OR g."job" IS NULL OR g."late" IS NULL THEN 1 ELSE 0 END AS "(no score)""#,
        r#"SELECT s."id", CASE WHEN s."(no score)" = 1 THEN NULL WHEN s.points < 350.0 THEN 350.0 WHEN"#,
    ];
    for part in parts {
        assert!(sql.contains(part), "no {part} in:\n{sql}");
    }
}

#[test]
fn mistakes_are_told_in_words() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let [map, data, card] = ["shop.toml", "data.csv", "card"].map(path);
    fs::write(&map, MAP).unwrap();
    fs::write(&data, customers(0, 500, true, 0.0)).unwrap();
    let refused = |args: &[&str], parts: &[&str]| {
        let (code, _, err) = pretick(args);
        assert!(code > 0, "{args:?}");
        for p in parts {
            assert!(err.contains(p), "no {p:?} in {err}");
        }
    };
    let fit = ["scorecard", "fit", &map, "--data", &data, "--out", &card];
    refused(&[&fit[..], &["--holdout", "1.5"]].concat(), &["--holdout 1.5", "0 to 0.9"]);
    refused(
        &["scorecard", "fit", "scenarios/annual-bill-2018.toml", "--data", &data, "--out", &card],
        &["no column map"],
    );
    refused(&[&fit[..], &["--set", "lender.scorecard.bins.trend=up"]].concat(), &["monotone"]);
    assert!(!Path::new(&card).exists());
    ok(&[&fit[..], &["--quiet"]].concat());
    let model = home.path().join("card/scorecard.json").display().to_string();
    let score = |data: &str| {
        vec![
            "scorecard".to_owned(),
            "score".into(),
            model.clone(),
            "--data".into(),
            data.into(),
            "--out".into(),
            path("s.csv"),
        ]
    };
    let refused =
        |args: Vec<String>, parts: &[&str]| refused(&args.iter().map(String::as_str).collect::<Vec<_>>(), parts);
    // A column is gone; a value is no number; the model is no model.
    let bad = path("bad.csv");
    fs::write(&bad, "id,age,income,job\nc1,30,100,clerk\n").unwrap();
    refused(score(&bad), &["late", "the file does not have it"]);
    fs::write(&bad, "late,id,age,income,job\n1,c1,thirty,100,clerk\n").unwrap();
    refused(score(&bad), &["\"thirty\" is not a number"]);
    assert!(!Path::new(&path("s.csv")).exists());
    fs::write(&bad, "{\"format\": 1}").unwrap();
    refused(
        vec![
            "scorecard".into(),
            "score".into(),
            bad.clone(),
            "--data".into(),
            data.clone(),
            "--out".into(),
            path("s.csv"),
        ],
        &["no scorecard that can be used"],
    );
    // A level that nobody had, and everything missing that may be.
    fs::write(&bad, "late,id,age,income,job\n-1,c1,,0,astronaut\n").unwrap();
    let args = score(&bad);
    ok(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(table(Path::new(&path("s.csv"))).len(), 1);
}
