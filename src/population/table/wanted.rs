//! One feature: how it is read, and what is publicly known of it.

use super::derived::Recipe;
use super::fields::Code;
use super::map::Transform;
use crate::view::Column;

/// A value before the transform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// A number, in the column's own units.
    Quantity(f64),
    /// A code that is no quantity.
    Special(f64),
    /// A level of a category; the number of levels stands for any that is not listed.
    Level(usize),
    /// Not known.
    Missing,
}

impl Value {
    /// The number as it stands in the file; NaN where there is none.
    pub fn amount(self) -> f64 {
        match self {
            Self::Quantity(x) | Self::Special(x) => x,
            Self::Level(_) | Self::Missing => f64::NAN,
        }
    }
}

/// A feature of the map.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub name: String,
    /// Whether the lender sees it only of those who share.
    pub consent: bool,
    pub transform: Transform,
    /// Public bounds before the transform.
    pub bounds: [f64; 2],
    /// Special values before the transform.
    pub special: Vec<f64>,
    /// Codes of a category's levels; empty for a quantity.
    pub levels: Vec<Code>,
    /// Texts that mean missing.
    pub absent: Vec<Code>,
    /// How a derived column is computed; none: it is read from the file.
    pub recipe: Option<Recipe>,
    /// Whether it only feeds derived columns: scorers do not see it.
    pub input_only: bool,
    /// What scorers see of it.
    pub column: Column,
}

impl Wanted {
    /// The value within the public bounds, and whether it had to be moved there or is a level that is not listed.
    pub fn bounded(&self, value: Value) -> (Value, bool) {
        let [lo, hi] = self.bounds;
        match value {
            Value::Quantity(x) if x < lo => (Value::Quantity(lo), true),
            Value::Quantity(x) if x > hi => (Value::Quantity(hi), true),
            Value::Level(k) => (value, k >= self.levels.len()),
            _ => (value, false),
        }
    }

    /// What a release takes for a field that cannot be read: public, whatever the field holds.
    pub fn unreadable(&self) -> Value {
        if self.column.missing {
            return Value::Missing;
        }
        if !self.levels.is_empty() {
            return Value::Level(self.levels.len());
        }
        // The middle of what scorers and cohorts see.
        let [lo, hi] = self.bounds.map(|x| self.transform.apply(x));
        Value::Quantity(self.transform.inverse(0.5 * (lo + hi)))
    }

    /// The value as scorers see it: transformed, NaN where it is missing.
    pub fn encoded(&self, value: Value) -> f32 {
        match value {
            Value::Quantity(x) | Value::Special(x) => self.transform.apply(x) as f32,
            Value::Level(k) => k as f32,
            Value::Missing => f32::NAN,
        }
    }

    /// Whether there may be no quantity.
    pub fn may_be_absent(&self) -> bool {
        self.column.missing || !self.special.is_empty()
    }
}
