//! The column map: what the columns of a table of payment histories mean. Keys under `histories.source.table`.
//!
//! ```toml
//! outcome = "default"                                     # 1 = defaulted
//! id = "ID"
//! group = { column = "SEX", names = { "1" = "male", "2" = "female" } }
//! cohort = [{ column = "AGE", from = 20, to = 70, width = 10 }]
//! lender_sees = ["LIMIT_BAL", "AGE"]
//! needs_consent = ["PAY_1..PAY_6"]
//! features = [
//!     { columns = "LIMIT_BAL", transform = "signed-log", bounds = [10_000, 1_000_000] },
//!     { columns = "AGE", bounds = [20, 80] },
//!     { columns = "PAY_1..6", bounds = [-2, 8], steps = [1, 2] },
//! ]
//! derived = [{ name = "LATE_MAX", max = ["PAY_1..6"], bounds = [0, 8], steps = [1, 2, 3] }]
//! interactions = [["LATE_MAX", "LIMIT_BAL"]]
//! ```
//!
//! Bounds, steps, knots, cells and cut points are *public*: known before the data is opened. Differential privacy
//! counts only what is released; a bound read off the data would be a release that nobody counted.

use super::derived::Derived;
use super::fields::{Code, CohortKey, Group, MissingTexts, Tables};
use super::plan::Plan;
use crate::document::{Node, Problem, Value, join};
use crate::params::{About, Field, Meta, any, between};
use crate::view::Trend;

crate::choice! {
    /// What is done to a column's values (and to its bounds, steps and knots) before anybody uses them.
    pub enum Transform {
        /// x as it is.
        Linear => "linear",
        /// sign(x)·ln(1 + |x|): for amounts of money, which spread over orders of magnitude.
        SignedLog => "signed-log",
    }
}

impl Transform {
    /// The transformed value.
    pub fn apply(&self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::SignedLog => libm::copysign(libm::log1p(x.abs()), x),
        }
    }

    /// The value before the transform.
    pub fn inverse(&self, y: f64) -> f64 {
        match self {
            Self::Linear => y,
            Self::SignedLog => libm::copysign(libm::expm1(y.abs()), y),
        }
    }
}

crate::choice! {
    /// How PD moves with a column.
    pub enum Direction {
        /// Not known beforehand: a scorer that imposes directions may pick one.
        Auto => "auto",
        /// PD does not fall as the value grows.
        Rising => "rising",
        /// PD does not rise as the value grows.
        Falling => "falling",
        /// No direction is imposed.
        Free => "free",
    }
}

impl Direction {
    /// As scorers know it.
    pub fn trend(&self) -> Trend {
        match self {
            Self::Auto => Trend::Auto,
            Self::Rising => Trend::Rising,
            Self::Falling => Trend::Falling,
            Self::Free => Trend::Free,
        }
    }
}

crate::params! {
    /// Public knowledge about some columns.
    pub struct Feature {
        /// Columns this holds for; ranges such as `BILL_AMT1..6` or `PAY_2..PAY_6` are allowed.
        pub columns: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// Transform of the values; bounds, steps and knots are given before it.
        pub transform: Transform = Transform::Linear, "", any(), "the scenario's author";
        /// [lowest, highest] value; what lies outside is clamped and counted.
        pub bounds: Vec<f64> = Vec::new(), "the column's", any(), "the scenario's author";
        /// Thresholds t: a scorer may use the indicators x ≥ t.
        pub steps: Vec<f64> = Vec::new(), "the column's", any(), "the scenario's author";
        /// Knots k: a scorer may use the hinges max(0, x − k), after the transform.
        pub knots: Vec<f64> = Vec::new(), "the column's", any(), "the scenario's author";
        /// Levels of a category (texts or numbers), instead of bounds; a value that is not listed is "unlisted", and counted.
        pub levels: Vec<Code> = Vec::new(), "codes", any(), "the scenario's author";
        /// Values that are codes and no quantity (−2 = no use): they stand apart, outside the bounds too.
        pub special: Vec<f64> = Vec::new(), "the column's", any(), "the scenario's author";
        /// What means that a value is missing: `true` for an empty field, or texts such as `["", "NA", "?", -999]`.
        pub missing: MissingTexts = MissingTexts::default(), "texts", any(), "the scenario's author";
        /// How PD moves with the column, where that is known beforehand.
        pub trend: Direction = Direction::Auto, "", any(), "the scenario's author";
        /// Whether the columns only feed derived ones: scorers do not see them, a person who shares shares them all the same.
        pub input_only: bool = false, "", any(), "the scenario's author";
    }
}

crate::params! {
    /// A column that stands in for income.
    pub struct Income {
        /// The column; empty: income is unknown, nothing is reported by decile.
        pub column: String = String::new(), "column", any(), "the scenario's author";
        /// Nine public cut points; decile = 1 + how many the value reaches. Tenths of the data only as far as the cut points fit it.
        pub cuts: Vec<f64> = Vec::new(), "the column's", any(), "the scenario's author";
    }
}

crate::params! {
    /// A column that says how deep a person's bureau file is.
    pub struct FileColumn {
        /// The column; empty: everybody has a thick file.
        pub column: String = String::new(), "column", any(), "the scenario's author";
        /// Codes of persons without a file.
        pub none: Vec<Code> = Vec::new(), "codes", any(), "the scenario's author";
        /// Codes of persons with a thin file; all others have a thick one.
        pub thin: Vec<Code> = Vec::new(), "codes", any(), "the scenario's author";
    }
}

crate::params! {
    /// The column map as it is written.
    pub struct TableKeys {
        /// Column of the outcome, 1 = defaulted, 0 = paid unless `defaulted` and `paid` say otherwise. Of several names the first that the file has is read.
        pub outcome: Vec<String> = Vec::new(), "column", any(), "the scenario's author";
        /// Codes of the outcome that mean default.
        pub defaulted: Vec<Code> = vec![Code::new("1")], "codes", any(), "most tables";
        /// Codes of the outcome that mean that the loan was paid.
        pub paid: Vec<Code> = vec![Code::new("0")], "codes", any(), "most tables";
        /// Column that identifies a person (none twice); empty: a row is a person.
        pub id: String = String::new(), "column", any(), "the scenario's author";
        /// The groups that fairness is reported for.
        pub group: Group = Group::default(), "", any(), "the scenario's author";
        /// Parts of the cohort key, crossed; empty: everybody is in one cohort.
        pub cohort: Tables<CohortKey> = Tables::default(), "", any(), "the scenario's author";
        /// Columns that the lender sees of everybody; ranges are allowed.
        pub lender_sees: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// Columns that the lender sees only of those who share; ranges are allowed.
        pub needs_consent: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// Columns with the payments of a month, the most recent month first, of those that need consent: linkage attacks compare them. Ranges are allowed.
        pub monthly_payments: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// Transforms, public bounds and break points of all columns named above.
        pub features: Tables<Feature> = Tables::default(), "", any(), "the scenario's author";
        /// Columns that are computed from others by public formulas.
        pub derived: Tables<Derived> = Tables::default(), "", any(), "the scenario's author";
        /// Pairs of columns: a scorer may use the products of all their terms. Ranges are allowed, `["A", "B1..3"]`.
        pub interactions: Vec<Vec<String>> = Vec::new(), "pairs of columns", any(), "the scenario's author";
        /// A column that stands in for income.
        pub income: Income = Income::default();
        /// Depth of the bureau file.
        pub file: FileColumn = FileColumn::default();
        /// r: correlation of the quality proxy with repayment (see `consent.quality_correlation`).
        pub proxy_correlation: f64 = 0.3, "correlation", between(0.0, 0.99), "assumed: the outcome is a noisy sign of quality";
        /// Names of the file's columns, where it has no header; `header_line` is then the first line of data. Ranges are allowed.
        pub columns: Vec<String> = Vec::new(), "columns", any(), "most tables have a header";
        /// Line of the header; lines above it are not read.
        pub header_line: u64 = 1, "line", between(1.0, 1000.0), "most tables";
        /// Character between two fields of a CSV file.
        pub delimiter: String = ",".to_owned(), "one character", any(), "most tables";
    }
}

/// The column map. Reading it checks it as far as possible without the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableParams {
    /// The map as it is written.
    pub keys: TableKeys,
}

impl TableParams {
    /// Names of the columns that need consent, in their order.
    pub fn needs_consent(&self) -> Vec<String> {
        Plan::new(&self.keys).map_or_else(
            |_| Vec::new(),
            |plan| plan.of(true).into_iter().map(|i| plan.features[i].name.clone()).collect(),
        )
    }
}

impl Field for TableParams {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let keys = TableKeys::read(node, key, about, problems)?;
        if problems.len() > before {
            return None;
        }
        let Err(faults) = Plan::new(&keys) else { return Some(Self { keys }) };
        problems.extend(faults.into_iter().map(|f| Problem {
            origin: Some(locate(node, &f.key).origin.clone()),
            key: join(key, &f.key),
            message: f.message,
            help: f.help,
        }));
        None
    }
    fn write(&self) -> toml::Value {
        self.keys.write()
    }
    fn meta(default: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        TableKeys::meta(&default.keys, key, about, out);
    }
    fn choices(key: &str, out: &mut Vec<String>) {
        TableKeys::choices(key, out);
    }
}

/// The deepest node on the way to a key such as `features[2].bounds`; items count from 1.
fn locate<'a>(mut node: &'a Node, key: &str) -> &'a Node {
    for part in key.split('.') {
        let (name, item) =
            part.split_once('[').map_or((part, None), |(n, i)| (n, i.trim_end_matches(']').parse().ok()));
        // The short form of a table: a text in its place.
        let Some(below) = node.get(name) else { return node };
        node = match (&below.value, item) {
            (Value::List(items), Some(i)) => items.get(usize::wrapping_sub(i, 1)).unwrap_or(below),
            _ => below,
        };
    }
    node
}
