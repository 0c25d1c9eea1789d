//! What users get wrong: a clear error, an exit status that says so, and nothing left that looks like a result.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fs;
use std::path::Path;

const SCENARIO: &str = "scenarios/annual-bill-2018.toml";

fn pretick() -> Command {
    let mut command = Command::cargo_bin("pretick").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Exit status and standard error.
fn outcome(args: &[&str]) -> (i32, String) {
    let output = pretick().args(args).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!message.contains("panicked"), "{args:?}: {message}");
    (output.status.code().unwrap_or(-1), message)
}

/// The error of `pretick check` on a scenario with these overrides.
fn set(overrides: &[&str]) -> String {
    let sets = overrides.iter().flat_map(|o| ["--set", o]);
    let args: Vec<&str> = ["check", SCENARIO].into_iter().chain(sets).collect();
    let (code, message) = outcome(&args);
    assert_eq!(code, 2, "{overrides:?}: {message}");
    message
}

/// The error of `pretick check` on a scenario of this text.
fn text(bytes: &[u8]) -> String {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("s.toml");
    fs::write(&file, bytes).unwrap();
    let path = file.display().to_string();
    let (code, message) = outcome(&["check", &path]);
    assert_eq!(code, 2, "{}: {message}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
    message.replace(&path, "s.toml")
}

fn holds(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in:\n{message}");
    }
}

#[test]
fn numbers_too_large_are_called_that() {
    holds(&set(&["seed=99999999999999999999"]), &["`seed`", "a number too large", "allowed: 0 to"]);
    holds(&set(&["seed=0xffffffffffffffffff"]), &["a number too large"]);
    holds(&set(&["arm.dp-model.disclosure.trained-inside.epsilon=1e400"]), &["a number too large", "more than 0"]);
    // The twin: infinity in words is a value of ε.
    let infinite = "arm.dp-model.disclosure.trained-inside.epsilon=inf";
    assert_eq!(outcome(&["check", SCENARIO, "--set", infinite]).0, 0);
    for bad in ["nan", "0", "-1", "-inf"] {
        holds(&set(&[&format!("arm.dp-model.disclosure.trained-inside.epsilon={bad}")]), &["out of range"]);
    }
}

#[test]
fn one_set_is_one_assignment() {
    holds(&set(&["seed=3\nreplications=7"]), &["`seed`: expected a whole number, got text"]);
    holds(&set(&["population..persons=3"]), &["a part of the key is empty"]);
    let deep = format!("population.{}b=1", "a.".repeat(20_000));
    holds(&set(&[&deep]), &["no key is as deep"]);
    let deep = format!("[sweep]\n\"{}b\" = [1]\n", "a.".repeat(20_000));
    holds(&text(deep.as_bytes()), &["no key is as deep"]);
    text(format!("{}b = 1\n", "a.".repeat(20_000)).as_bytes());
    text(format!("x = {}", "[".repeat(100_000)).as_bytes());
}

#[test]
fn places_are_shown_in_odd_files() {
    holds(&text(b"seed = 1\nquestion = \"\xe9\"\n"), &["s.toml:2:13: not UTF-8 text", "2 | question"]);
    let message = text("\tpopulation = { persons = \"é\" }\n".as_bytes());
    holds(&message, &["\n1 |  population = { persons = \"é\" }\n  |                           ^^^\n"]);
    let long = format!("question = \"{}\"\nseeds = \"{}\"\n", "x".repeat(10_000), "y".repeat(10_000));
    let message = text(long.as_bytes());
    holds(&message, &["s.toml:2:1: `seeds`", "did you mean `seed`?", "…"]);
    assert!(message.len() < 1000, "{message}");
    let wrong: String = (0..500).map(|k| format!("key{k} = 1\n")).collect();
    let message = text(wrong.as_bytes());
    holds(&message, &["and 480 more"]);
    holds(&text(b"[consent]\n\"sh\\u001b[2Jock\" = 1\n"), &["unknown key"]);
    assert!(!text(b"[consent]\n\"sh\\u001b[2Jock\" = 1\n").contains('\u{1b}'));
}

#[test]
fn two_choices_at_once_are_refused_as_such() {
    let message = set(&["lender.cutoff.profit.margin=0.1"]);
    holds(&message, &["approval_rate and profit are given, only one can be chosen"]);
}

#[test]
fn names_are_names() {
    for name in ["", "a/b", "..", ".", "/etc/x", "../../x", "a\nb", "-x", "x ", "a\\b"] {
        holds(&text(format!("name = {name:?}\n").as_bytes()), &["`name`", "cannot name a scenario"]);
    }
    for name in ["a/b", "a.b", " x ", "<b>", "a\nb", "", &"x".repeat(100), "@SUM(A1)", "-1", "+1", "\u{202e}x", "a b"] {
        // As TOML writes what Rust writes as \u{202e}.
        let quoted = format!("{name:?}").replace("\\u{202e}", "\\u202e");
        let message = text(format!("reference = {quoted}\n[[arm]]\nname = {quoted}\n").as_bytes());
        holds(&message, &["cannot name an arm"]);
    }
    // The counterfactual of `dp-aggregates` has this name in the results: two arms would be one there.
    holds(&set(&["arm.opt-in.name=dp-aggregates-others"]), &["would both be called `dp-aggregates-others`"]);
    holds(&set(&["arm.opt-in.name=full-sharing"]), &["`full-sharing` names two arms"]);
    let many: String = (0..20_000).map(|k| format!("[[arm]]\nname = 'a{k}'\n")).collect();
    holds(&text(many.as_bytes()), &["there are 20000 arms, allowed: at most 200"]);
}

#[test]
fn a_sweep_changes_what_can_be_swept() {
    for (key, values) in [
        ("preset", "['china-2018', 'us-2020']"),
        ("name", "['a', 'b']"),
        ("reference", "['bureau-only', 'opt-in']"),
        ("replications", "[2, 3]"),
        ("arm.opt-in.name", "['a']"),
        ("arm.opt-in.disclosure", "['raw', 'none']"),
        ("arm.dp-aggregates.disclosure.cohort-aggregates.delta", "[0.0, 1e-6]"),
    ] {
        let message = text(format!("[sweep]\n\"{key}\" = {values}\n").as_bytes());
        holds(&message, &["s.toml:2:", &format!("`sweep.{key}`: cannot be swept")]);
    }
    holds(&text(b"sweep = 3\n"), &["`sweep`: expected a table"]);
    holds(&text(b"[sweep]\n\"consent.shock\" = [0.5, 0.1, 0.5]\n"), &["s.toml:2:30", "0.5 is given twice"]);
    holds(&text(b"[sweep]\n\"consent.shock\" = []\n"), &["expected a list"]);
    holds(&text(b"[sweep]\n\"consent.shok\" = [1]\n"), &["did you mean `shock`?"]);
    let values: Vec<String> = (0..200).map(|k| format!("{}", f64::from(k) / 200.0)).collect();
    let list = values.join(", ");
    let huge = format!("[sweep]\n\"consent.shock\" = [{list}]\n\"consent.trust\" = [{list}]\n");
    holds(&text(huge.as_bytes()), &["more than 10000 points"]);
    // The twin: an arm's own numbers may be swept.
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("s.toml");
    fs::write(&file, "[sweep]\n\"arm.opt-in.form.notice\" = [0.1, 0.2]\n").unwrap();
    assert_eq!(outcome(&["check", &file.display().to_string()]).0, 0);
}

#[test]
fn features_and_epsilons_are_checked_before_the_run() {
    let aggregates = "arm.dp-aggregates.disclosure.cohort-aggregates";
    let message = set(&[&format!("{aggregates}.features=['late_shar_24m']")]);
    holds(&message, &["--set:1:", "there is no column `late_shar_24m`", "did you mean `late_share_24m`?"]);
    // The window is in the name: another one, another name.
    let year = "histories.source.synthetic.months=12";
    holds(&set(&[&format!("{aggregates}.features=['late_share_24m']"), year]), &["did you mean `late_share_12m`?"]);
    let message = set(&["arm.local-dp.disclosure.randomised-response.features=['late_share_6m','late_share_6m']"]);
    holds(&message, &["`late_share_6m` is given twice"]);
    holds(&set(&[&format!("{aggregates}.epsilon=[1, 2, 1.0]")]), &["1 is given twice"]);
    holds(&set(&[&format!("{aggregates}.epsilon=[]")]), &["the list of ε is empty"]);
}

#[test]
fn contradictions_are_found_before_the_run() {
    let message = set(&["population.file={none=0.0, thin=0.0, thick=1.0}"]);
    holds(&message, &["population.group.file_gap", "a smaller gap"]);
    let message = set(&["histories.source.synthetic.bureau.roll_60=0.9"]);
    holds(&message, &["--set:1:", "roll_60 + cure_30 is 1.6, allowed is at most 1"]);
}

#[test]
fn targets_out_of_reach_are_found_before_the_run() {
    // Nobody has a file, and the targets are those of persons with one: the shares are put back together.
    let nobody = "[population]\nfile = { none = 1.0, thin = 0.0, thick = 0.0 }\ngroup = { file_gap = 0.0 }\n";
    let message = text(nobody.as_bytes());
    holds(&message, &["s.toml:2:8: `population.file`: with { none = 1, ", "hardly anybody is in it", "(the default)"]);
    let message = set(&["histories.calibrate.auc.bureau=0.8"]);
    holds(&message, &["`histories.calibrate.auc.both`: 0.736 is below 0.8", "allowed: 0.8 to 0.99"]);
    let bureau = "histories.source.synthetic.bureau";
    let message = set(&[&format!("{bureau}.roll_60=0")]);
    holds(&message, &["--set:1:", "ever_90_in_24_months`: 0.079 is out of reach", "0 % roll on to 60"]);
    holds(&message, &["allowed with these rates: ", "or other values of roll_60"]);
}

/// Nothing is said to be wrong that is only hard to find, and what is wrong is shown at its value in the sweep.
#[test]
fn a_sweep_is_calibrated_as_a_whole_before_it_is_run() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).display().to_string();
    // The thousand replications of the first value would take hours.
    let scenario = "replications = 1000\n[population]\npersons = 100_000\n[sweep]\n\"outcome.burden\" = [0.1, 3.0]\n";
    fs::write(at("s.toml"), scenario).unwrap();
    let (code, message) = outcome(&["run", &at("s.toml"), "--out", &at("out"), "--quiet"]);
    assert_eq!(code, 2, "{message}");
    holds(
        &message,
        &["s.toml:5:26: `outcome.burden`: with 3 no loadings", "allowed here: 0.1 (the default) to about 0.6"],
    );
    assert!(!Path::new(&at("out")).exists());
}

#[test]
fn flags_are_bounded() {
    for threads in ["-1", "1025", "18446744073709551615", "x"] {
        let (code, message) = outcome(&["run", SCENARIO, &format!("--threads={threads}")]);
        assert_eq!(code, 2, "{message}");
        holds(&message, &["allowed: 0 to 1024"]);
    }
    let (code, message) = outcome(&["validate", "--fact", "1", "--fact", "99"]);
    assert_eq!(code, 1);
    holds(&message, &["there is no fact 99"]);
}

#[test]
fn a_table_brings_its_own_persons() {
    let scenario = "scenarios/taiwan-2005.toml";
    let (code, message) = outcome(&["check", scenario, "--persons", "10"]);
    assert_eq!(code, 2, "{message}");
    holds(&message, &["`population.persons`: has no effect"]);
    let (code, message) = outcome(&["check", scenario, "--set", "applicants.rate=0.2"]);
    assert_eq!(code, 2, "{message}");
    for delimiter in ["'\"\\n\"'", "'\"'", "a", "1", ";;", "é"] {
        let (code, _) =
            outcome(&["check", scenario, "--set", &format!("histories.source.table.delimiter={delimiter}")]);
        assert_eq!(code, 2, "{delimiter}");
    }
    let (code, message) = outcome(&["check", scenario, "--set", "histories.source.table.delimiter=;"]);
    assert_eq!(code, 0, "{message}");
}

const COLUMNS: &str = "id,default,limit,late,paid\n";
const MAP: &str = r#"
replications = 5
reference = "all"
[histories.source.table]
outcome = "default"
id = "id"
lender_sees = ["limit"]
needs_consent = ["late", "paid"]
features = [
    { columns = "limit", bounds = [0, 10] },
    { columns = "late", bounds = [0, 5] },
    { columns = "paid", bounds = [0, 9] },
]
[[arm]]
name = "all"
form = "mandatory"
disclosure = "raw"
"#;

fn with_table(home: &Path, data: &[u8]) -> (i32, String) {
    fs::write(home.join("s.toml"), MAP).unwrap();
    fs::write(home.join("d.csv"), data).unwrap();
    let at = |name: &str| home.join(name).display().to_string();
    let args = ["run", &at("s.toml"), "--data", &at("d.csv"), "--out", &at("out"), "--quiet", "--no-plots"];
    let (code, message) = outcome(&args);
    assert_eq!(code == 0, home.join("out").exists(), "{message}");
    (code, message.replace(&at("d.csv"), "d.csv"))
}

fn rows(n: usize) -> String {
    let row = |k: usize| format!("{k},{},{},{},{}\n", u8::from(k.is_multiple_of(3)), k % 11, k % 5, k % 7);
    COLUMNS.to_owned() + &(1..=n).map(row).collect::<String>()
}

#[test]
fn a_bad_table_is_an_error_at_its_place_and_leaves_no_result() {
    let home = tempfile::tempdir().unwrap();
    let good = rows(60);
    assert_eq!(with_table(home.path(), good.as_bytes()), (0, String::new()));
    fs::remove_dir_all(home.path().join("out")).unwrap();
    let without = good.replace(",late,", ",lat,");
    let one_class: String = good.lines().filter(|l| !l.contains(",1,")).map(|l| format!("{l}\n")).collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (COLUMNS.into(), "no rows"),
        (one_class.into(), "outcomes are 0"),
        (good.replace("\n7,0,7,", "\n7,0,NaN,").into(), "d.csv:8: limit: \"NaN\" is not a finite number"),
        (good.replace("\n7,0,7,", "\n7,0,1e400,").into(), "d.csv:8: limit: \"1e400\""),
        (good.replace("\n7,0,7,", "\n7,0,,").into(), "d.csv:8: limit: the field is empty"),
        (good.replace("\n7,0,7,", "\n7,2,7,").into(), "d.csv:8: default: \"2\" is not an outcome"),
        (good.replace("\n7,0,7,", "\n6,0,7,").into(), "d.csv:8: id: \"6\" is the id of line 7"),
        (good.replace("\n7,0,7,", "\n7,0,").into(), "d.csv:8: (row): 4 fields, the header has 5"),
        (without.into(), "did you mean `lat`?"),
        (b"\xff\xfei\0d\0,\0".to_vec(), "d.csv:1"),
        (rows(1).into(), "outcomes are 0"),
    ];
    for (data, part) in cases {
        let (code, message) = with_table(home.path(), &data);
        assert_eq!(code, 1, "{message}");
        holds(&message, &[part]);
    }
    // Both outcomes, but too few persons for two halves: the arm is named.
    let (code, message) = with_table(home.path(), rows(3).as_bytes());
    assert_eq!(code, 1, "{message}");
    holds(&message, &["arm all: cannot fit"]);
}

#[test]
fn where_nothing_can_be_written_nothing_is_computed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "mine").unwrap();
    for out in [file.clone(), file.join("below"), home.path().join("x".repeat(300)), home.path().join("x".repeat(256))]
    {
        // Many replications, which would take minutes: the error comes before them.
        let (code, message) =
            outcome(&["run", SCENARIO, "--replications=100000", "--out", &out.display().to_string(), "--force"]);
        assert_eq!(code, 1, "{message}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_population_that_memory_cannot_hold_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out").display().to_string();
    for args in [&["run", "--out", &out][..], &["story", "--person=1"], &["calibrate"]] {
        let args: Vec<&str> = args.iter().copied().chain([SCENARIO, "--persons=10000000000"]).collect();
        let (code, message) = outcome(&args);
        assert_eq!(code, 1, "{message}");
        holds(&message, &["10000000000 persons on", "GB of memory", "take fewer persons"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    for args in [&["explain"][..], &["check", SCENARIO, "--effective"], &["completions", "bash"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pretick"))
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        holds(&String::from_utf8_lossy(&output.stderr), &["cannot write to standard output"]);
    }
}

/// What a scenario says of itself is printed by `check`; a large file is refused, many unknown keys are not compared with each other.
#[test]
fn an_untrusted_scenario_neither_moves_the_cursor_nor_stalls() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = assert_cmd::Command::cargo_bin("pretick")
            .unwrap()
            .arg("check")
            .arg(&file)
            .timeout(std::time::Duration::from_secs(60))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let said = check("name = 'x'\nquestion = \"\\u001b]0;owned\\u0007\\u202eHELLO\"\n");
    assert!(said.contains("HELLO") && !said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    let keys: String = (0..100_000).map(|k| format!("k{k}=1\n")).collect();
    assert!(check(&keys).contains("more"));
    assert!(check(&"\n".repeat(4_000_001)).contains("at most 4 MB"));
}
