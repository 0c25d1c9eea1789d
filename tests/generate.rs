//! `pretick generate`: its months are the months that every run is made of.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use pretick::experiment::{Silent, loadings_for};
use pretick::population::{FileDepth, Loadings, Model, simulate};
use pretick::report::histories::{FILES, Histories, write};
use pretick::rng::Streams;
use pretick::scenario::Loaded;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::OnceLock;

const SCENARIO: &str = "scenarios/annual-bill-2018.toml";
const MONTHS: usize = 24;
const REPLICATION: u32 = 3;

fn pretick() -> Command {
    let mut command = Command::cargo_bin("pretick").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn loaded() -> &'static (Loaded, Loadings) {
    static ONCE: OnceLock<(Loaded, Loadings)> = OnceLock::new();
    ONCE.get_or_init(|| {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO)).unwrap();
        let loaded = Loaded::from_toml(SCENARIO, &text, &[]).unwrap();
        let loadings = loadings_for(&loaded.scenario, &mut Vec::new()).unwrap();
        (loaded, loadings)
    })
}

fn model() -> Model {
    let (loaded, loadings) = loaded();
    let s = &loaded.scenario;
    Model::new(&s.population, &s.histories, &s.outcome, &s.applicants, loadings).unwrap()
}

/// What the library writes on a number of threads.
fn bytes(persons: u64, name: &str, threads: usize) -> Vec<u8> {
    let (model, streams) = (model(), Streams::new(loaded().0.scenario.seed, REPLICATION));
    let metadata = [("pretick.persons", persons.to_string())];
    let histories = Histories { model: &model, streams, persons, metadata: &metadata };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut out = Vec::new();
    let rows = pool.install(|| write(&mut out, Path::new(name), &histories, &Silent)).unwrap();
    assert_eq!(rows, persons * MONTHS as u64);
    out
}

/// One person's months: column → value; missing values are NaN, words stay outside.
struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        Self { head: lines.next().unwrap(), rows: lines.collect() }
    }
    fn column(&self, name: &str) -> Vec<f64> {
        let at = self.head.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name}"));
        self.rows.iter().map(|r| r[at].parse().unwrap_or(f64::NAN)).collect()
    }
    fn words(&self, name: &str) -> Vec<&str> {
        let at = self.head.iter().position(|h| h == name).unwrap();
        self.rows.iter().map(|r| r[at].as_str()).collect()
    }
}

/// The features of one person, month by month, as a reader of the documentation would write them.
fn naive(table: &Table, person: usize) -> BTreeMap<String, f64> {
    let of = |name: &str| table.column(name)[person * MONTHS..(person + 1) * MONTHS].to_vec();
    let last = |v: &[f64]| v[MONTHS - 6..].to_vec();
    let sum = |v: &[f64]| v.iter().sum::<f64>();
    let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
    let worst = |v: &[f64]| v.iter().copied().filter(|s| !s.is_nan()).fold(0.0, f64::max);
    let (due, late, spend) = (of("bills_due"), of("bills_late"), of("spend"));
    let (state, payments) = (of("bureau_state"), of("payments"));
    let utilisation: Vec<f64> = of("utilisation").into_iter().filter(|u| !u.is_nan()).collect();
    let mean = sum(&spend) / MONTHS as f64;
    let variance = spend.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / MONTHS as f64;
    let share = |name: &str| ratio(sum(&of(&format!("spend_{name}"))), sum(&spend));
    let pairs = [
        ("late_share_24m", ratio(sum(&late), sum(&due))),
        ("late_share_6m", ratio(sum(&last(&late)), sum(&last(&due)))),
        ("late_last_month", late[MONTHS - 1]),
        ("log_payments_24m", (1.0 + sum(&payments)).ln()),
        ("log_spend_24m", (1.0 + sum(&spend)).ln()),
        ("spend_volatility_24m", ratio(variance.sqrt(), mean).min(3.0)),
        ("empty_months_24m", payments.iter().filter(|p| **p == 0.0).count() as f64),
        ("share_sensitive_24m", share("health")),
        ("share_groceries_24m", share("groceries")),
        ("share_eating_out_24m", share("eating_out")),
        ("share_shopping_24m", share("shopping")),
        ("share_leisure_24m", share("leisure")),
        ("months_late_30_24m", state.iter().filter(|s| **s >= 1.0).count() as f64),
        ("worst_state_24m", worst(&state)),
        ("worst_state_6m", worst(&last(&state))),
        ("ever_90_24m", f64::from(worst(&state) >= 3.0)),
        ("utilisation_mean_24m", ratio(sum(&utilisation), utilisation.len() as f64)),
        ("utilisation_last_month", utilisation.last().copied().unwrap_or(0.0)),
    ];
    pairs.into_iter().map(|(name, v)| (name.to_owned(), v)).collect()
}

#[test]
fn the_written_months_give_the_features_of_a_run() {
    const PERSONS: usize = 300;
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("h.csv");
    let replication = REPLICATION.to_string();
    pretick()
        .args(["generate", SCENARIO, "--persons", "300", "--replication", &replication, "--quiet", "--out"])
        .arg(&out)
        .assert()
        .success();
    let text = fs::read_to_string(&out).unwrap();
    // The command writes what the library writes.
    assert_eq!(text.as_bytes(), bytes(PERSONS as u64, "h.csv", 1));
    let table = Table::read(&text);
    let (loaded, loadings) = loaded();
    let s = &loaded.scenario;
    let streams = Streams::new(s.seed, REPLICATION);
    let people =
        simulate(&s.population, &s.histories, &s.outcome, &s.applicants, loadings, streams, 0, PERSONS).unwrap();
    let mut compared = 0;
    for person in 0..PERSONS {
        let want = naive(&table, person);
        for frame in [&people.bureau, &people.platform] {
            for (j, column) in frame.columns().iter().enumerate().filter(|(_, c)| !c.name.starts_with("file_")) {
                let got = f64::from(frame.column(j)[person]);
                let naive = want.get(&column.name).copied().unwrap_or(f64::NAN);
                // Single precision: the variance of steady spending is what is left of two nearly equal sums.
                let tolerance = if column.name.starts_with("spend_vol") { 2e-3 } else { 2e-6 * naive.abs().max(1.0) };
                assert!((got - naive).abs() <= tolerance, "person {person}, {}: {got} ≠ {naive}", column.name);
                compared += 1;
            }
        }
        let at = person * MONTHS;
        assert_eq!(table.column("truth_pd")[at] as f32, people.pd[person]);
        assert_eq!(table.column("truth_quality")[at] as f32, people.quality[person]);
        assert_eq!(table.column("truth_default")[at] > 0.5, people.default[person]);
        assert_eq!(table.column("truth_applicant")[at] > 0.5, people.applicant[person]);
        assert_eq!(table.column("income_decile")[at] as u8, people.decile[person]);
        assert_eq!(table.column("community")[at] as u32, people.community[person]);
        assert_eq!(table.column("district")[at] as u32, people.district[person]);
        assert_eq!(table.words("group")[at], people.group_names[usize::from(people.group[person])]);
        assert_eq!(table.words("file")[at], FILES[people.file[person] as usize]);
        let open = table.words("bureau_state")[at..at + MONTHS].iter().filter(|s| !s.is_empty()).count();
        assert!(match people.file[person] {
            FileDepth::None => open == 0,
            FileDepth::Thin => open > 0 && open < MONTHS,
            FileDepth::Thick => open == MONTHS,
        });
    }
    assert_eq!(compared, PERSONS * 18);
    // The twin: another person's months do not give this person's features.
    let other = f64::from(people.platform.column(4)[0]);
    assert!((naive(&table, 1)["log_spend_24m"] - other).abs() > 1e-3);
}

#[test]
fn both_formats_hold_the_same_values_and_any_number_of_threads_writes_the_same_bytes() {
    // Three batches, so that threads have something to disorder.
    const PERSONS: u64 = 4_500;
    let csv = bytes(PERSONS, "h.csv", 1);
    let columnar = bytes(PERSONS, "h.parquet", 1);
    assert!(csv == bytes(PERSONS, "h.csv", 3) && columnar == bytes(PERSONS, "h.parquet", 3));
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("h.parquet");
    fs::write(&path, &columnar).unwrap();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(pairs.iter().any(|p| p.key == "pretick.persons" && p.value.as_deref() == Some("4500")));
    let table = Table::read(std::str::from_utf8(&csv).unwrap());
    let mut rows = 0;
    for (row, want) in reader.get_row_iter(None).unwrap().zip(&table.rows) {
        for ((name, got), (head, want)) in row.unwrap().get_column_iter().zip(table.head.iter().zip(want)) {
            assert_eq!(name, head);
            let text = match got {
                Field::Null => String::new(),
                Field::Bool(b) => u8::from(*b).to_string(),
                Field::UByte(v) => v.to_string(),
                Field::UShort(v) => v.to_string(),
                Field::UInt(v) => v.to_string(),
                Field::ULong(v) => v.to_string(),
                Field::Float(v) => v.to_string(),
                Field::Str(v) => v.clone(),
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(&text, want, "{name}");
        }
        rows += 1;
    }
    assert_eq!(rows, PERSONS as usize * MONTHS);
}

#[test]
fn fewer_persons_are_the_first_of_more() {
    let (few, more) = (bytes(100, "h.csv", 2), bytes(300, "h.csv", 2));
    assert!(more.starts_with(&few));
}

#[test]
fn mistakes_are_told_before_the_work() {
    let home = tempfile::tempdir().unwrap();
    let told = |args: &[&str], out: &Path, code: i32| {
        let got = pretick().arg("generate").args(args).arg("--out").arg(out).assert().code(code).get_output().clone();
        String::from_utf8_lossy(&got.stderr).into_owned()
    };
    let ending = told(&[SCENARIO], &home.path().join("h.xlsx"), 1);
    assert!(ending.contains(".csv or .parquet"), "{ending}");
    let real = told(&["scenarios/taiwan-2005.toml"], &home.path().join("h.csv"), 1);
    assert!(real.contains("nothing to generate"), "{real}");
    let taken = home.path().join("taken.csv");
    fs::write(&taken, "mine").unwrap();
    let message = told(&[SCENARIO, "--persons", "100"], &taken, 1);
    assert!(message.contains("--force"), "{message}");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    let nowhere = told(&[SCENARIO, "--persons", "100"], &home.path().join("no/such/h.csv"), 1);
    assert!(nowhere.contains("no/such/h.csv"), "{nowhere}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
