//! How often the 95 % intervals of a run on one table hold what other tables of the same people would say.
//!
//! A population is cut into disjoint tables of the same size, each is run by itself, and the *truth* of a value is its mean over all
//! tables: what the same procedure gives on tables of that size. Counted is how many of the tables' intervals hold it.

use pretick::experiment::{self, Histories, Silent};
use pretick::population::{Source, Table};
use pretick::privacy::NoiseMode;
use pretick::report::{Context, Summaries};
use pretick::rng::{Entity, Purpose, Streams};
use pretick::scenario::Loaded;
use pretick::stats::{Spread, logistic};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is run, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Study {
    /// Disjoint tables.
    pub tables: u32,
    /// Persons of each.
    pub persons: u64,
    /// Replications of each run.
    pub replications: u32,
    /// Values of ε of the arms under DP, as TOML.
    pub epsilons: &'static str,
    /// Whether those arms take part that ask for consent, and cohort statistics.
    pub all_arms: bool,
    /// What the spread over replications is taken for.
    pub spread: Spread,
}

/// Metric and group of what is counted.
const COUNTED: [(&str, &str); 18] = [
    ("auc", "all"),
    ("ks", "all"),
    ("brier", "all"),
    ("log_loss", "all"),
    ("default_rate_approved", "all"),
    ("profit_per_applicant", "all"),
    ("approval_rate", "file=none"),
    ("approval_rate", "group=b"),
    ("false_decline_rate", "group=b"),
    ("tpr_gap", "group=b vs a"),
    ("approval_at_cutoff", "cutoff=break-even"),
    ("profit_at_cutoff", "cutoff=break-even"),
    ("winners", "all"),
    ("approval_change", "group=b"),
    ("share_rate", "all"),
    ("effective_consent", "group=b"),
    ("regret", "all"),
    ("auc", "group=a"),
];

/// One person: two columns that the lender sees, six that need consent, heavy tails and codes as real tables have them.
fn person(out: &mut String, i: u64) {
    let streams = Streams::new(2026, 0);
    let normal = |k: u16| streams.normal(Entity::Person(i), k, Purpose::Quality);
    let z = normal(0);
    let b = normal(1) > 0.4;
    let income = libm_exp(10.0 + 0.2 * z - 0.2 * f64::from(u8::from(b)) + 0.6 * normal(2));
    let age = (45.0 + 5.0 * z + 12.0 * normal(3)).clamp(20.0, 80.0).round();
    let count = |k: u16, rate: f64| (rate * libm_exp(-0.9 * z + 0.8 * normal(k))).floor().min(12.0);
    let (late, very, bills) = (count(4, 0.6), count(5, 0.2), count(6, 3.0));
    let used = logistic(-0.5 - 0.9 * z + 1.2 * normal(7));
    let paid = libm_exp(7.0 + 0.5 * z + 0.9 * normal(8)).round();
    let eta = -2.1 - 0.8 * z + 0.5 * late.min(3.0) + 0.7 * very.min(2.0) + 0.8 * used;
    let bad = streams.uniform(Entity::Person(i), 9, Purpose::Quality) < logistic(eta);
    let file = if normal(10) + 0.4 * z < -0.9 { "none" } else { "thick" };
    let (income, used) = (income.round(), (used * 1e4).round() / 1e4);
    let (y, g, change) = (u8::from(bad), if b { "b" } else { "a" }, (normal(11) * 10.0).round());
    let _ = writeln!(out, "{i},{y},{g},{file},{income},{age},{late},{very},{bills},{used},{paid},{change}");
}

fn libm_exp(x: f64) -> f64 {
    x.exp()
}

impl Study {
    /// The scenario of a table. Each has a seed of its own: the same luck in all tables would be no luck at all.
    pub fn toml(&self, number: u32) -> String {
        let mut text = format!(
            r#"
seed = {}
replications = {}
reference = "bureau-only"
[histories.source.table]
outcome = "y"
id = "id"
group = {{ column = "g", names = {{ a = "a", b = "b" }} }}
file = {{ column = "file", none = ["none"] }}
lender_sees = ["income", "age"]
needs_consent = ["late", "very", "bills", "used", "paid", "change"]
cohort = [{{ column = "age", from = 20, to = 80, width = 20 }}]
features = [
  {{ columns = "income", transform = "signed-log", bounds = [1000, 1000000] }},
  {{ columns = "age", bounds = [20, 80], knots = [30, 45, 60] }},
  {{ columns = ["late", "very"], bounds = [0, 12], steps = [1, 2, 3] }},
  {{ columns = "bills", bounds = [0, 12] }},
  {{ columns = "used", bounds = [0, 1], knots = [0.25, 0.5, 0.75] }},
  {{ columns = "paid", transform = "signed-log", bounds = [0, 100000] }},
  {{ columns = "change", bounds = [-30, 30] }},
]
[attack]
replications = 0
[[arm]]
name = "bureau-only"
disclosure = "none"
[[arm]]
name = "dp-model"
disclosure = {{ trained-inside = {{ scorer = "dp-logistic", epsilon = {}, delta = 1e-6 }} }}
[[arm]]
name = "full-sharing"
form = "mandatory"
disclosure = "raw"
"#,
            7_000 + number,
            self.replications,
            self.epsilons
        );
        if self.all_arms {
            let _ = write!(
                text,
                r#"
[[arm]]
name = "opt-in"
form = {{ box = "unticked", notice = 0.40, friction = 0.5 }}
disclosure = "raw"
[[arm]]
name = "default-sharing"
form = {{ box = "pre-ticked", notice = 0.05, friction = 0.5 }}
disclosure = "raw"
[[arm]]
name = "dp-aggregates"
disclosure = {{ cohort-aggregates = {{ cohort = "table", features = ["late", "used"], epsilon = {} }} }}
"#,
                self.epsilons
            );
        }
        text
    }

    /// Persons `from..to` of the population as a CSV file.
    pub fn csv(from: u64, to: u64) -> String {
        let mut text = "id,y,g,file,income,age,late,very,bills,used,paid,change\n".to_owned();
        (from..to).for_each(|i| person(&mut text, i));
        text
    }

    /// One table.
    pub fn table(&self, loaded: &Loaded, number: u32) -> Histories {
        let Source::Table(map) = &loaded.scenario.histories.source else { panic!("a table") };
        let from = u64::from(number) * self.persons;
        let text = Self::csv(from, from + self.persons);
        Histories::Table(Box::new(Table::from_csv("table.csv", text.as_bytes(), map, false).unwrap()))
    }

    /// Runs every table and counts.
    pub fn run(&self) -> Coverage {
        let mut all = Vec::new();
        for number in 0..self.tables {
            let loaded = Loaded::from_toml("coverage.toml", &self.toml(number), &[]).unwrap();
            let histories = self.table(&loaded, number);
            let results = experiment::run(&loaded, &histories, NoiseMode::Seeded, &Silent).unwrap();
            let context = Context {
                reference: "bureau-only".to_owned(),
                replications: self.replications,
                spread: self.spread,
                ..context()
            };
            all.push(Summaries::new(&results.rows, &context));
        }
        Coverage::of(&all)
    }
}

fn context() -> Context {
    serde_json::from_value(serde_json::json!({
        "title": "coverage", "question": "", "sweep_keys": [], "reference": "", "arms": [], "persons": 0,
        "replications": 1, "applicants_rate": 1.0, "spread": "resampled", "seed": 0, "real_data": true,
    }))
    .unwrap()
}

/// A value or a difference of an arm.
type Key = (String, String, String);

/// Intervals counted, intervals that hold the truth, and mean half-width over the spread of means (1.96: just right).
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Intervals.
    pub of: u32,
    /// That hold the truth.
    pub inside: u32,
    /// Sum of half-widths over the standard deviation of the mean between tables.
    pub widths: f64,
}

impl Held {
    /// Share that hold the truth.
    pub fn share(&self) -> f64 {
        f64::from(self.inside) / f64::from(self.of.max(1))
    }

    fn add(&mut self, other: Self) {
        self.of += other.of;
        self.inside += other.inside;
        self.widths += other.widths;
    }
}

/// Coverage of levels and of paired differences, by arm (with ε) and metric.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Of means.
    pub levels: BTreeMap<Key, Held>,
    /// Of paired differences.
    pub differences: BTreeMap<Key, Held>,
}

impl Coverage {
    fn of(all: &[Summaries]) -> Self {
        let mut out = Self::default();
        for s in all[0].rows().iter().filter(|s| COUNTED.contains(&(&*s.metric, &*s.group))) {
            let arm = s.epsilon.map_or(s.arm.to_string(), |e| format!("{} {e}", s.arm));
            let key: Key = (arm, s.metric.to_string(), s.group.to_string());
            let found: Vec<_> =
                all.iter().filter_map(|a| a.get(&s.arm, s.epsilon, &s.sweep, &s.metric, &s.group)).collect();
            let levels: Vec<_> = found.iter().map(|s| s.value).collect();
            let differences: Vec<_> = found.iter().filter_map(|s| s.difference).collect();
            for (values, into) in [(levels, &mut out.levels), (differences, &mut out.differences)] {
                let means: Vec<f64> = values.iter().map(|v| v.mean).filter(|v| v.is_finite()).collect();
                let truth = means.iter().sum::<f64>() / means.len() as f64;
                let sd = (means.iter().map(|m| (m - truth).powi(2)).sum::<f64>() / (means.len() as f64 - 1.0)).sqrt();
                // Constants (nobody shares; a fixed rate) cover themselves and say nothing.
                if means.len() < all.len() || sd < 1e-9 {
                    continue;
                }
                let mut held = Held { of: values.len() as u32, ..Held::default() };
                for v in &values {
                    held.inside += u32::from(v.lo <= truth && truth <= v.hi);
                    held.widths += 0.5 * (v.hi - v.lo) / sd;
                }
                into.insert(key.clone(), held);
            }
        }
        out
    }

    /// By arm, or by metric and group.
    pub fn by(map: &BTreeMap<Key, Held>, name: impl Fn(&Key) -> String) -> BTreeMap<String, Held> {
        let mut out: BTreeMap<String, Held> = BTreeMap::new();
        for (key, held) in map {
            out.entry(name(key)).or_default().add(*held);
        }
        out
    }
}
