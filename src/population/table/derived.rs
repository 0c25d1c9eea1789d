//! Derived columns: public formulas over other columns of the map, such as how much of a limit is used.
//!
//! A formula reads the values of its columns *before* their transform and clamped to their public bounds, so that nothing
//! but the map and the person's own row enters: a derived column costs no privacy. Special and missing values, which are no
//! quantities, are left out. Where nothing is left to compute from, and where a ratio's denominator is not above 0, the
//! value is `otherwise`; without that key it is missing. A ratio, a difference and a product need both their columns.
//!
//! The result is clamped to the derived column's own bounds, then transformed. The lender sees it of everybody if it sees
//! all the columns it reads, else only of those who share. Formulas may read derived columns that stand before them.

use super::map::{Direction, Transform};
use super::wanted::Value;
use crate::params::any;

crate::params! {
    /// How many columns reach a threshold.
    pub struct CountKeys {
        /// Columns that are counted; ranges are allowed.
        pub columns: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// Least value that counts.
        pub threshold: f64 = 0.0, "the columns'", any(), "the scenario's author";
    }
}

crate::params! {
    /// A column that is computed from others: a name, one formula, public bounds.
    pub struct Derived {
        /// Name of the new column.
        pub name: String = String::new(), "column", any(), "the scenario's author";
        /// [a, b]: a / b, where b is above 0.
        pub ratio: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// [a, b]: a − b.
        pub difference: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// [a, b]: a · b.
        pub product: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// The largest of these columns; ranges are allowed.
        pub max: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// The smallest of these columns.
        pub min: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// The sum of these columns.
        pub sum: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// The mean of these columns.
        pub mean: Vec<String> = Vec::new(), "columns", any(), "the scenario's author";
        /// How many of these columns reach a threshold, `{ columns = […], threshold = t }`.
        pub count_at_least: CountKeys = CountKeys::default();
        /// [lowest, highest] value of the result; what lies outside is clamped and counted.
        pub bounds: Vec<f64> = Vec::new(), "the result's", any(), "the scenario's author";
        /// Transform of the result; bounds, steps, knots and `otherwise` are given before it.
        pub transform: Transform = Transform::Linear, "", any(), "the scenario's author";
        /// Thresholds t: a scorer may use the indicators x ≥ t.
        pub steps: Vec<f64> = Vec::new(), "the result's", any(), "the scenario's author";
        /// Knots k: a scorer may use the hinges max(0, x − k), after the transform.
        pub knots: Vec<f64> = Vec::new(), "the result's", any(), "the scenario's author";
        /// How PD moves with the column, where that is known beforehand.
        pub trend: Direction = Direction::Auto, "", any(), "the scenario's author";
        /// Whether the column only feeds other derived ones: scorers do not see it.
        pub input_only: bool = false, "", any(), "the scenario's author";
        /// Value where the formula has none; not given: missing.
        pub otherwise: Option<f64> = None, "the result's", any(), "the scenario's author";
    }
}

/// A formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Formula {
    Ratio,
    Difference,
    Product,
    Max,
    Min,
    Sum,
    Mean,
    CountAtLeast(f64),
}

impl Formula {
    /// Whether it reads exactly two columns and needs both.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Ratio | Self::Difference | Self::Product)
    }
}

impl Derived {
    /// The formulas that are given: key, columns, formula. A sound map gives one.
    pub(super) fn formulas(&self) -> Vec<(&'static str, &[String], Formula)> {
        let count = &self.count_at_least;
        let all: [(_, &[String], _); 8] = [
            ("ratio", &self.ratio, Formula::Ratio),
            ("difference", &self.difference, Formula::Difference),
            ("product", &self.product, Formula::Product),
            ("max", &self.max, Formula::Max),
            ("min", &self.min, Formula::Min),
            ("sum", &self.sum, Formula::Sum),
            ("mean", &self.mean, Formula::Mean),
            ("count_at_least", &count.columns, Formula::CountAtLeast(count.threshold)),
        ];
        all.into_iter().filter(|(_, columns, _)| !columns.is_empty()).collect()
    }
}

/// A checked formula over columns by their place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    pub formula: Formula,
    pub inputs: Vec<usize>,
    pub otherwise: Option<f64>,
}

impl Recipe {
    /// The value of one person; `values` holds those of the earlier columns, bounded.
    pub fn value(&self, values: &[Value]) -> Value {
        let inputs = self.inputs.iter().filter_map(|i| match values.get(*i) {
            Some(Value::Quantity(x)) => Some(*x),
            _ => None,
        });
        let given: Vec<f64> = inputs.collect();
        let all = given.len() == self.inputs.len();
        let result = match (self.formula, given.as_slice()) {
            (Formula::Ratio, [a, b]) if *b > 0.0 => Some(a / b),
            (Formula::Difference, [a, b]) if all => Some(a - b),
            (Formula::Product, [a, b]) if all => Some(a * b),
            (formula, given) if formula.is_binary() || given.is_empty() => None,
            (Formula::Max, given) => Some(given.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x))),
            (Formula::Min, given) => Some(given.iter().fold(f64::INFINITY, |m, x| m.min(*x))),
            (Formula::CountAtLeast(t), given) => Some(given.iter().filter(|x| **x >= t).count() as f64),
            (Formula::Mean, given) => Some(given.iter().sum::<f64>() / given.len() as f64),
            (_, given) => Some(given.iter().sum()),
        };
        result.or(self.otherwise).map_or(Value::Missing, Value::Quantity)
    }
}
