//! All that a lender may see. Truth and view are different types: a scorer receives a view and cannot import the truth.

use ndarray::{Array2, ArrayView2, ShapeBuilder};
use std::sync::Arc;

/// How PD moves with a feature, where that is public knowledge (an expert's view, a regulator's demand).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// Not known beforehand: a scorer may pick a direction.
    #[default]
    Auto,
    /// PD does not fall as the feature grows.
    Rising,
    /// PD does not rise as the feature grows.
    Falling,
    /// No direction is imposed.
    Free,
}

/// A feature with its *public* bounds and break points: known beforehand, never read off the data.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    /// Name, e.g. `late_share_24m`.
    pub name: String,
    /// Public lower bound; values are clamped to it where privacy needs bounds.
    pub lo: f32,
    /// Public upper bound.
    pub hi: f32,
    /// Public thresholds: a scorer may use the indicators x ≥ t.
    pub steps: Vec<f32>,
    /// Public knots: a scorer may use the hinges max(0, x − k).
    pub knots: Vec<f32>,
    /// Public level names of a category; empty for a quantity. A value k is level k, the value `levels.len()` is any level
    /// that is not listed.
    pub levels: Vec<String>,
    /// Public values that are codes and no quantity (−2 = no use): they stand apart from the order of the others.
    pub special: Vec<f32>,
    /// Whether a value may be missing (NaN).
    pub missing: bool,
    /// How PD moves with the feature.
    pub trend: Trend,
    /// Names of the columns that a scorer may multiply this one with; a name that a frame does not have is passed over.
    pub pairs: Vec<String>,
}

impl Column {
    /// A column with bounds alone.
    pub fn new(name: &str, lo: f32, hi: f32) -> Self {
        Self {
            name: name.to_owned(),
            lo,
            hi,
            steps: Vec::new(),
            knots: Vec::new(),
            levels: Vec::new(),
            special: Vec::new(),
            missing: false,
            trend: Trend::Auto,
            pairs: Vec::new(),
        }
    }

    /// A category with these public levels; bounds are 0 and the number of levels.
    pub fn category(name: &str, levels: &[&str]) -> Self {
        let levels: Vec<String> = levels.iter().map(|l| (*l).to_owned()).collect();
        Self { levels: levels.clone(), ..Self::new(name, 0.0, levels.len() as f32) }
    }

    /// States that PD rises with the feature.
    #[must_use]
    pub fn rising(mut self) -> Self {
        self.trend = Trend::Rising;
        self
    }

    /// States that PD falls as the feature grows.
    #[must_use]
    pub fn falling(mut self) -> Self {
        self.trend = Trend::Falling;
        self
    }

    /// Whether the column is a category.
    pub fn is_category(&self) -> bool {
        !self.levels.is_empty()
    }

    /// Index of the listed level that a value of a category stands for; none for a level not listed and for a missing value.
    pub fn level(&self, x: f32) -> Option<usize> {
        (x >= 0.0 && x < self.levels.len() as f32).then_some(x as usize)
    }

    /// Whether a value of a quantity is a code that stands apart from the others.
    pub fn is_special(&self, x: f32) -> bool {
        self.special.contains(&x)
    }

    /// The value within the public bounds; none where it is missing or special, or the column is a category.
    pub fn quantity(&self, x: f32) -> Option<f32> {
        let quantity = !self.is_category() && !x.is_nan() && !self.is_special(x);
        // Not `clamp`, which panics where bounds made in code are the wrong way round.
        quantity.then(|| x.max(self.lo).min(self.hi))
    }

    /// Adds codes that are no quantity.
    #[must_use]
    pub fn with_special(mut self, special: &[f32]) -> Self {
        self.special = special.to_vec();
        self
    }

    /// Values may be missing (NaN).
    #[must_use]
    pub fn with_missing(mut self) -> Self {
        self.missing = true;
        self
    }

    /// Sets how PD moves with the feature.
    #[must_use]
    pub fn with_trend(mut self, trend: Trend) -> Self {
        self.trend = trend;
        self
    }

    /// Adds columns that a scorer may multiply this one with.
    #[must_use]
    pub fn with_pairs(mut self, pairs: &[&str]) -> Self {
        self.pairs = pairs.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Adds thresholds.
    #[must_use]
    pub fn with_steps(mut self, steps: &[f32]) -> Self {
        self.steps = steps.to_vec();
        self
    }

    /// Adds knots.
    #[must_use]
    pub fn with_knots(mut self, knots: &[f32]) -> Self {
        self.knots = knots.to_vec();
        self
    }
}

/// A table of features: rows × columns, f32, column after column in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    columns: Arc<[Column]>,
    data: Array2<f32>,
}

impl Frame {
    /// A frame of zeros.
    pub fn zeros(columns: impl Into<Arc<[Column]>>, rows: usize) -> Self {
        let columns = columns.into();
        let data = Array2::zeros((rows, columns.len()).f());
        Self { columns, data }
    }

    /// The columns' names and public bounds.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.data.nrows()
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Index of a column by name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Values of column `j`, one a row.
    pub fn column(&self, j: usize) -> &[f32] {
        let rows = self.rows();
        self.data.as_slice_memory_order().map_or(&[], |all| &all[j * rows..(j + 1) * rows])
    }

    /// Values of column `j`, to be written.
    pub fn column_mut(&mut self, j: usize) -> &mut [f32] {
        let rows = self.rows();
        self.data.as_slice_memory_order_mut().map_or(&mut [], |all| &mut all[j * rows..(j + 1) * rows])
    }

    /// All columns, to be written side by side.
    pub fn columns_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let rows = self.rows().max(1);
        self.data.as_slice_memory_order_mut().unwrap_or(&mut []).chunks_exact_mut(rows)
    }

    /// The whole table, rows × columns.
    pub fn array(&self) -> ArrayView2<'_, f32> {
        self.data.view()
    }

    /// The rows named, in that order (repeats allowed).
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let mut out = Self::zeros(self.columns.clone(), rows.len());
        for j in 0..self.width() {
            let from = self.column(j);
            for (to, &r) in out.column_mut(j).iter_mut().zip(rows) {
                *to = from[r as usize];
            }
        }
        out
    }

    /// Both frames' columns side by side; the row counts must be equal.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        let columns: Vec<Column> = self.columns.iter().chain(other.columns.iter()).cloned().collect();
        let mut out = Self::zeros(columns, self.rows());
        for j in 0..self.width() {
            out.column_mut(j).copy_from_slice(self.column(j));
        }
        for j in 0..other.width() {
            out.column_mut(self.width() + j).copy_from_slice(other.column(j));
        }
        out
    }

    /// The same values under other public knowledge of each column.
    #[must_use]
    pub fn redescribed(&self, change: impl Fn(&Column) -> Column) -> Self {
        Self { columns: self.columns.iter().map(change).collect(), data: self.data.clone() }
    }

    /// The columns named, in that order; unknown names are left out.
    #[must_use]
    pub fn pick(&self, names: &[&str]) -> Self {
        let found: Vec<usize> = names.iter().filter_map(|n| self.index(n)).collect();
        let columns: Vec<Column> = found.iter().map(|&j| self.columns[j].clone()).collect();
        let mut out = Self::zeros(columns, self.rows());
        for (k, &j) in found.iter().enumerate() {
            out.column_mut(k).copy_from_slice(self.column(j));
        }
        out
    }
}

/// What one arm shows the lender about some persons.
#[derive(Clone, Debug)]
pub struct LenderView {
    /// What the lender sees of everybody (the bureau file).
    pub always: Frame,
    /// What the arm adds: shared histories or released statistics. Zero columns where it adds nothing.
    pub more: Frame,
    /// Whether `more` is known for a row; unknown rows hold zeros and are imputed.
    pub known: Vec<bool>,
    /// Whether the lender may use the refusal itself as a feature (`lender.refusal_is_a_feature`).
    pub refusal_is_a_feature: bool,
    /// Outcomes (true = default) of persons already financed: present on the training half only.
    pub labels: Option<Vec<bool>>,
}

impl LenderView {
    /// Number of persons.
    pub fn rows(&self) -> usize {
        self.always.rows()
    }
}

/// What the platform holds of its users: a DP scorer trains on it, the lender never holds it.
#[derive(Clone, Debug)]
pub struct PlatformView {
    /// All features, bureau and platform.
    pub features: Frame,
    /// Outcomes (true = default), on the training half only.
    pub labels: Option<Vec<bool>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_contiguous_and_select_repeats_rows() {
        let mut f = Frame::zeros(vec![Column::new("a", 0.0, 1.0), Column::new("b", 0.0, 9.0)], 3);
        f.column_mut(1).copy_from_slice(&[1.0, 2.0, 3.0]);
        assert_eq!(f.array()[[2, 1]], 3.0);
        assert_eq!(f.select(&[2, 2, 0]).column(1), [3.0, 3.0, 1.0]);
        assert_eq!(f.beside(&f).column(3), f.column(1));
        assert_eq!(f.pick(&["b", "zzz"]).width(), 1);
    }

    #[test]
    fn a_value_is_a_level_a_code_a_quantity_or_missing() {
        let rent = Column::category("housing", &["own", "rent"]);
        assert_eq!([0.0, 1.0, 2.0, -1.0, f32::NAN].map(|x| rent.level(x)), [Some(0), Some(1), None, None, None]);
        assert_eq!(rent.quantity(1.0), None);
        let late = Column::new("late", 0.0, 8.0).with_special(&[-2.0, -1.0]).with_missing();
        assert_eq!([-2.0, 3.0, 99.0, f32::NAN].map(|x| late.quantity(x)), [None, Some(3.0), Some(8.0), None]);
        assert_eq!(late.level(3.0), None);
    }
}
