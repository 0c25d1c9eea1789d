//! `pretick release`, through the program, on made-up people.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Persons of the table: a number that nothing public may show.
const PERSONS: usize = 397;

const SCENARIO: &str = r#"
question = "What may be told of these people?"
name = "made-up"
[histories.source.table]
outcome = "bad"
id = "id"
lender_sees = ["age"]
needs_consent = ["late", "spend"]
cohort = [{ column = "region", values = ["north", "south", "west"] }]
features = [
    { columns = "age", bounds = [18, 90], knots = [30] },
    { columns = "late", bounds = [0, 6], steps = [1, 3] },
    { columns = "spend", bounds = [0, 1000] },
]
[[arm]]
name = "bureau-only"
disclosure = "none"
[[arm]]
name = "dp-aggregates"
disclosure = { cohort-aggregates = { cohort = "table" } }
[[arm]]
name = "dp-model"
disclosure = { trained-inside = { scorer = "dp-logistic" } }
"#;

/// A row a person; `first` shifts ids and records, so that other persons can be made.
fn rows(first: usize) -> Vec<String> {
    (first..first + PERSONS)
        .map(|i| {
            let h = (i * 2_654_435_761) % 1_000_003;
            let (late, region) = (h % 7, ["north", "south", "west", "east"][h / 7 % 4]);
            let bad = usize::from(late * 10 + h / 31 % 60 > 60);
            format!("{i},{},{late},{},{region},{bad}", 18 + h / 11 % 70, h / 13 % 1000)
        })
        .collect()
}

struct Home {
    dir: tempfile::TempDir,
    scenario: PathBuf,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scenario = dir.path().join("made-up.toml");
        fs::write(&scenario, SCENARIO).unwrap();
        Self { dir, scenario }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn data(&self, name: &str, rows: &[String]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("id,age,late,spend,region,bad\n{}\n", rows.join("\n"))).unwrap();
        path
    }

    fn release(&self, data: &Path, out: &Path, more: &[&str], code: i32) -> String {
        let output = Command::cargo_bin("pretick")
            .unwrap()
            .arg("release")
            .arg(&self.scenario)
            .arg("--data")
            .arg(data)
            .arg("--out")
            .arg(out)
            .args(more)
            .assert()
            .code(code)
            .get_output()
            .clone();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("panicked"), "{text}");
        text
    }
}

const MODEL: &[&str] = &["--arm", "dp-model", "--epsilon", "1", "--delta", "1e-6"];
const TABLE: &[&str] = &["--arm", "dp-aggregates", "--epsilon", "0.5"];

fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read_to_string(e.path()).unwrap()))
        .collect();
    all.sort();
    all
}

fn json(folder: &Path, file: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

#[test]
fn a_second_release_is_refused_until_it_is_added_to_the_first() {
    let home = Home::new();
    let data = home.data("people.csv", &rows(1));
    let (one, two, three) = (home.path("one"), home.path("two"), home.path("three"));
    let said = home.release(&data, &one, MODEL, 0);
    assert!(said.contains("may be published") && said.contains("stays inside"), "{said}");
    let first = json(&one, "ledger.json");
    let epsilon = first["total"]["epsilon"].as_f64().unwrap();
    assert!(epsilon <= 1.0 && epsilon > 0.999 && first["total"]["delta"] == 1e-6, "{first}");
    assert_eq!(first["releases"][0]["entries"].as_array().unwrap().len(), 9, "sums, moments, six gradients, quality");

    // The same file; the same persons in another order, rounded elsewhere, some missing: all the same persons.
    let message = home.release(&data, &two, TABLE, 1);
    assert!(message.contains("--add-to") && message.contains("adds up"), "{message}");
    let mut turned = rows(1);
    turned.reverse();
    turned.truncate(PERSONS - 9);
    fs::write(&data, format!("id,age,late,spend,region,bad\r\n{}\r\n", turned.join("\r\n"))).unwrap();
    home.release(&data, &two, TABLE, 1);
    assert!(!two.exists());
    home.data("people.csv", &rows(1));

    let ledger = one.join("ledger.json").display().to_string();
    let add: Vec<&str> = TABLE.iter().copied().chain(["--add-to", ledger.as_str()]).collect();
    home.release(&data, &two, &add, 0);
    let both = json(&two, "ledger.json");
    let total = both["total"]["epsilon"].as_f64().unwrap();
    assert_eq!(both["releases"].as_array().unwrap().len(), 2);
    assert!(total > 1.05 && total < 1.5, "more than either, less than the sum: {total}");
    let statement = fs::read_to_string(two.join("STATEMENT.md")).unwrap();
    assert!(statement.contains(&format!("**{:.6}**", (total * 1e6).ceil() / 1e6)), "{statement}");

    // A ledger that leaves the second out does not do for a third.
    let message = home.release(&data, &three, &add, 1);
    assert!(message.contains("does not list release"), "{message}");
    // A copy under another name, and a part of it, are known in the folder; elsewhere it is said that the register is new.
    for (name, people) in [("copy.csv", &rows(1)[..]), ("part.csv", &rows(1)[..PERSONS / 4])] {
        let copy = home.data(name, people);
        assert!(home.release(&copy, &three, TABLE, 1).contains("--add-to"), "{name}");
    }
    assert!(said.contains("begins here") && said.contains("pretick-releases.json"), "{said}");
    // So are they under another column map, without its ids.
    let other = SCENARIO.replace("id = \"id\"\n", "").replace("lender_sees = [\"age\"]", "lender_sees = [\"late\"]");
    let other = other.replace("needs_consent = [\"late\", \"spend\"]", "needs_consent = [\"age\"]");
    let other = other.replace("    { columns = \"spend\", bounds = [0, 1000] },\n", "");
    fs::write(&home.scenario, other).unwrap();
    assert!(home.release(&data, &three, TABLE, 1).contains("--add-to"));
    fs::write(&home.scenario, SCENARIO).unwrap();
    // A ledger that says less than was spent is not believed.
    let edited = fs::read_to_string(&ledger).unwrap().replacen("\"epsilon\": 0.99", "\"epsilon\": 0.09", 1);
    fs::write(home.path("edited.json"), edited).unwrap();
    let edited = home.path("edited.json").display().to_string();
    let add_edited: Vec<&str> = TABLE.iter().copied().chain(["--add-to", edited.as_str()]).collect();
    let message = home.release(&data, &three, &add_edited, 1);
    assert!(message.contains("was it edited?"), "{message}");
    // Other persons may be released about; their ids are others too.
    let others = home.data("people.csv", &rows(5_000));
    home.release(&others, &three, TABLE, 0);
}

/// Three releases of the same people, as if the register had been lost. By chance a public number equals one of the exact counts in all
/// three with a probability below 1e-6.
#[test]
fn releases_differ_and_show_no_exact_count() {
    let home = Home::new();
    let people = rows(1);
    let data = home.data("people.csv", &people);
    let count = |p: &dyn Fn(&[&str]) -> bool| people.iter().filter(|r| p(&r.split(',').collect::<Vec<_>>())).count();
    let mut secrets = BTreeSet::from([PERSONS, 64 * PERSONS, PERSONS + 1]);
    secrets.insert(count(&|c| c[5] == "1"));
    for region in ["north", "south", "west", "east"] {
        secrets.insert(count(&|c| c[4] == region));
        secrets.insert(64 * count(&|c| c[4] == region));
    }
    let bytes = fs::read(&data).unwrap();
    for (kind, arm) in [("model", MODEL), ("table", TABLE)] {
        let mut seen: Vec<BTreeSet<String>> = Vec::new();
        let mut products = BTreeSet::new();
        for k in 0..3 {
            let (out, register) = (home.path(&format!("{kind}{k}")), home.path(&format!("{kind}{k}.register")));
            let register = register.display().to_string();
            let args: Vec<&str> = arm.iter().copied().chain(["--register", &register]).collect();
            home.release(&data, &out, &args, 0);
            let all = files(&out);
            let names: Vec<&str> = all.iter().map(|f| f.0.as_str()).collect();
            let expected: &[&str] = if kind == "model" {
                &["STATEMENT.md", "ledger.json", "model.json"]
            } else {
                &["STATEMENT.md", "cohorts.csv", "cohorts.json", "ledger.json"]
            };
            assert_eq!(names, expected);
            let text: String = all.iter().map(|f| f.1.as_str()).collect();
            assert!(!text.contains("people.csv") && !text.contains(home.dir.path().to_str().unwrap()), "a path leaves");
            let hash =
                <sha2::Sha256 as sha2::Digest>::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
            assert!(!text.contains(&hash[..16]), "a hash of the data leaves");
            // Numbers as they stand, decimals of value .000 as the whole number.
            let tokens = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
            seen.push(tokens.map(|t| t.trim_end_matches(".000").to_owned()).collect());
            products.insert(all.iter().find(|f| f.0.starts_with("model") || f.0 == "cohorts.csv").unwrap().1.clone());
        }
        assert_eq!(products.len(), 3, "two releases with the same noise");
        let always: Vec<&usize> = secrets.iter().filter(|n| seen.iter().all(|s| s.contains(&n.to_string()))).collect();
        assert!(always.is_empty(), "{kind}: exact counts {always:?} leave");
    }
}

/// Whether there is a release at all must not tell of one person: here the only one who defaulted is there, or is not.
#[test]
fn a_release_does_not_hang_on_the_only_default() {
    let home = Home::new();
    let mut people: Vec<String> = rows(1).iter().map(|r| format!("{}0", &r[..r.len() - 1])).collect();
    let without = home.data("without.csv", &people);
    people.push("9999,40,6,10,north,1".to_owned());
    let with = home.data("with.csv", &people);
    for (k, data) in [without, with].iter().enumerate() {
        for (kind, arm) in [("model", MODEL), ("table", TABLE)] {
            // As if the others had never been released.
            let register = home.path(&format!("register-{kind}{k}")).display().to_string();
            let args: Vec<&str> = arm.iter().copied().chain(["--register", &register]).collect();
            home.release(data, &home.path(&format!("{kind}{k}")), &args, 0);
        }
    }
}

/// One person's record, however malformed, neither stops a release nor shows in it: only a note for the inside counts it.
#[test]
fn a_release_does_not_hang_on_a_malformed_record() {
    let home = Home::new();
    for (k, record) in
        ["9999,old,6,10,north,1", "9999,40", "9999,40,6,10,\"north,1", "9999,40,6,10,north,perhaps"].iter().enumerate()
    {
        let mut people = rows(1);
        people.insert(100, (*record).to_owned());
        let data = home.data(&format!("malformed{k}.csv"), &people);
        for (kind, arm) in [("model", MODEL), ("table", TABLE)] {
            let register = home.path(&format!("register-{kind}{k}")).display().to_string();
            let args: Vec<&str> = arm.iter().copied().chain(["--register", &register]).collect();
            let out = home.path(&format!("{kind}{k}"));
            let said = home.release(&data, &out, &args, 0);
            assert!(said.contains("note for the inside, not to be published: 1 rows have fields"), "{record}: {said}");
            let public: String = files(&out).into_iter().map(|f| f.1).collect();
            assert!(!public.contains("cannot be read") && !public.contains("malformed0"), "{public}");
        }
    }
    let table = json(&home.path("table0"), "cohorts.json");
    assert!(table["how_to_read"].as_str().unwrap().contains("counts as the middle"), "{table}");
}

/// What comes through a pipe is read once, and its persons are known again.
#[cfg(unix)]
#[test]
fn persons_from_a_pipe_are_in_the_register() {
    let home = Home::new();
    let data = home.data("people.csv", &rows(1));
    let register = home.path("register.json").display().to_string();
    let piped = |out: &str, more: &[&str]| {
        let output = Command::cargo_bin("pretick")
            .unwrap()
            .arg("release")
            .arg(&home.scenario)
            .args(["--data", "/dev/stdin", "--out"])
            .arg(home.path(out))
            .args(TABLE)
            .args(more)
            .write_stdin(fs::read(&data).unwrap())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = piped("none", &[]);
    assert!(code == Some(1) && said.contains("name their register with --register FILE"), "{said}");
    assert_eq!(piped("one", &["--register", &register]).0, Some(0));
    let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(&register).unwrap()).unwrap();
    assert_eq!(kept["releases"][0]["persons"]["rows"].as_array().unwrap().len(), PERSONS);
    // Under another map, from the pipe and from the file.
    let other = SCENARIO.replace("id = \"id\"\n", "").replace("[\"late\", \"spend\"]", "[\"spend\", \"late\"]");
    fs::write(&home.scenario, other).unwrap();
    assert!(piped("two", &["--register", &register]).1.contains("--add-to"));
    let args: Vec<&str> = TABLE.iter().copied().chain(["--register", &register]).collect();
    assert!(home.release(&data, &home.path("two"), &args, 1).contains("--add-to"));
}

/// The released file alone scores new rows, without outcomes, in their order.
#[test]
fn a_released_model_scores_applicants() {
    let home = Home::new();
    let data = home.data("people.csv", &rows(1));
    let out = home.path("out");
    let exact = ["--arm", "dp-model", "--epsilon", "100", "--delta", "1e-6"];
    home.release(&data, &out, &exact, 0);
    let applicants = home.path("applicants.csv");
    fs::write(&applicants, "late,id,age,spend,region\n6,b,20,10,north\n0,a,60,900,west\n").unwrap();
    let scores = home.path("scores.csv");
    let score = |model: &Path, code: i32| {
        let mut command = Command::cargo_bin("pretick").unwrap();
        let command = command.arg("score").arg(model).arg("--data").arg(&applicants).arg("--out").arg(&scores);
        String::from_utf8_lossy(&command.assert().code(code).get_output().stderr).into_owned()
    };
    let said = score(&out.join("model.json"), 0);
    assert!(said.contains("2 scored") && said.contains("own record"), "{said}");
    let text = fs::read_to_string(&scores).unwrap();
    let cells: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!((cells[0].join(","), cells[1][0], cells[2][0]), ("id,pd".to_owned(), "b", "a"));
    let pd = |i: usize| -> f64 { cells[i][1].parse().unwrap() };
    assert!(pd(1) > 0.6 && pd(2) < 0.4, "late payers default in this table: {text}");
    assert!(score(&out.join("model.json"), 1).contains("--force"));
    fs::remove_file(&scores).unwrap();
    assert!(score(&out.join("ledger.json"), 1).contains("not a model"));
}

#[test]
fn what_cannot_be_released_is_refused_in_words_and_leaves_nothing() {
    let home = Home::new();
    let data = home.data("people.csv", &rows(1));
    let out = home.path("out");
    for (more, words) in [
        (&["--epsilon", "1"][..], "choose one with --arm: dp-aggregates, dp-model"),
        (&["--epsilon", "1", "--arm", "bureau-only"], "not an arm that can be released"),
        (&["--epsilon", "1", "--arm", "dp-model"], "give --delta"),
        (&["--epsilon", "0", "--arm", "dp-aggregates"], "epsilon is 0"),
        (&["--epsilon", "inf", "--arm", "dp-aggregates"], "nobody is protected"),
        (&["--epsilon", "1", "--arm", "dp-model", "--delta", "0.1"], "allowed is at most 0.001"),
        (&["--epsilon", "1", "--arm", "dp-aggregates", "--add-to", "nowhere.json"], "cannot read ledger"),
        (&["--epsilon", "1", "--arm", "dp-aggregates", "--register", "no/such/folder/r.json"], "cannot lock register"),
    ] {
        let message = home.release(&data, &out, more, 1);
        assert!(message.contains(words), "{more:?}: {message}");
    }
    // A scenario that is refused is refused before anything is paid for: that column is not handed out by this arm.
    let features = "arm.dp-aggregates.disclosure.cohort-aggregates.features=[\"age\"]";
    let more: Vec<&str> = TABLE.iter().copied().chain(["--set", features]).collect();
    let message = home.release(&data, &out, &more, 2);
    assert!(message.contains("there is no column `age`"), "{message}");
    let message = home.release(&home.path("none.csv"), &out, TABLE, 1);
    assert!(message.contains("none.csv"), "{message}");
    // Two rows of one person.
    let mut twice = rows(1);
    twice.push(twice[0].clone());
    home.data("twice.csv", &twice);
    home.release(&home.path("twice.csv"), &out, TABLE, 1);
    // A folder with something in it, and a file in the way.
    let full = home.path("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("thesis.tex"), "years of work").unwrap();
    assert!(home.release(&data, &full, TABLE, 1).contains("not empty"));
    home.release(&data, &home.path("people.csv").join("below"), TABLE, 1);
    let left: BTreeSet<String> =
        fs::read_dir(home.dir.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let expected = ["full", "made-up.toml", "people.csv", "twice.csv"].map(str::to_owned);
    assert_eq!(left, BTreeSet::from(expected), "no register, no lock, no half of a folder");

    let synthetic = Command::cargo_bin("pretick")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["release", "scenarios/annual-bill-2018.toml", "--epsilon", "1", "--out"])
        .arg(&out)
        .assert()
        .code(1)
        .get_output()
        .clone();
    assert!(String::from_utf8_lossy(&synthetic.stderr).contains("a release needs real data"));
}

/// The noise is that of the ledger: cohorts are off by some scale of it, not by nothing and not by much more. False alarm below 1e-6: 4
/// cohorts × 3 numbers, discrete Laplace, bound at 24 scales; all within a hundredth of a scale by chance: below 1e-20.
#[test]
fn the_table_is_near_the_truth_by_the_noise_that_the_ledger_states() {
    let home = Home::new();
    let people = rows(1);
    let data = home.data("people.csv", &people);
    let out = home.path("out");
    home.release(&data, &out, TABLE, 0);
    let ledger = json(&out, "ledger.json");
    let scale = ledger["releases"][0]["entries"][0]["scale"].as_f64().unwrap();
    assert!((scale - 3.0 * 64.0 / 0.5).abs() < 0.01, "{scale}: two columns and the count, 64 steps each");
    let table = json(&out, "cohorts.json");
    let mut farthest: f64 = 0.0;
    for (i, name) in ["north", "south", "west", "east"].iter().enumerate() {
        let members: Vec<Vec<&str>> =
            people.iter().map(|r| r.split(',').collect::<Vec<_>>()).filter(|c| c[4] == *name).collect();
        let q = |x: f64, hi: f64| (64.0 * (2.0 * x / hi - 1.0)).round();
        let sum = |j: usize, hi: f64| members.iter().map(|c| q(c[j].parse().unwrap(), hi)).sum::<f64>();
        let exact = [sum(2, 6.0), sum(3, 1000.0), 64.0 * members.len() as f64];
        for (k, exact) in exact.iter().enumerate() {
            let off = (table["cohorts"][i]["released"][k].as_f64().unwrap() - exact).abs() / scale;
            assert!(off < 24.0, "{name}, {k}: {off} scales");
            farthest = farthest.max(off);
        }
    }
    assert!(farthest > 0.01, "no noise");
}
