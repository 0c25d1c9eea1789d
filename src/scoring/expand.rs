//! From features to a design matrix, by public knowledge alone.
//!
//! A quantity with public bounds [lo, hi], steps t, knots k and special values s, x clamped to [lo, hi], and a category with
//! public levels l become
//!
//! ```text
//! linear   (2x − lo − hi)/(hi − lo)     in [−1, 1]
//! step     1 if x ≥ t, else 0           one for each t
//! hinge    max(0, x − k)/(hi − k)       in [0, 1], one for each k
//! special  1 if x = s, else 0           one for each s; such an x is no quantity: its linear, step and hinge terms are 0
//! level    1 if x is l, else 0          one for each l; all 0 for a level that is not listed
//! missing  1 if x is missing, else 0    where the column says that values may be missing; the other terms are then 0
//! ```
//!
//! In a column that does not allow missing values NaN counts as the mid-point. Columns that name each other as a pair
//! ([`Column::pairs`]) add the products of all their terms, two by two, behind the terms of all columns.
//!
//! The first column of the design is the constant 1. Nothing is read off the data, so a scorer under differential
//! privacy may use the design for free; every entry is in [−1, 1], hence ‖row‖₂ ≤ √width ([`Expansion::norm_bound`]).
//! A knot below lo counts as lo. Columns of no extent (lo = hi, or a knot at or above hi) become the constant 0, steps
//! outside the bounds a constant: harmless under a ridge. Limits: a row has at most one level, so that the bound of a table
//! with many levels is far from its longest row; a scorer that clips should clip lower.

mod terms;
mod trends;

pub use self::trends::Trends;
use crate::error::{Error, Result};
use crate::view::{Column, Frame};
use std::ops::Range;

/// What stands in one column of the design.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
    Linear,
    Step(f32),
    Hinge(f32),
    Special(f32),
    Level(usize),
    Missing,
}

impl Term {
    /// The terms of a column, in their order.
    fn of(column: &Column) -> Vec<Self> {
        let mut terms: Vec<Self> = if column.is_category() {
            (0..column.levels.len()).map(Self::Level).collect()
        } else {
            let steps = column.steps.iter().map(|t| Self::Step(*t));
            let hinges = column.knots.iter().map(|k| Self::Hinge(*k));
            let special = column.special.iter().map(|s| Self::Special(*s));
            std::iter::once(Self::Linear).chain(steps).chain(hinges).chain(special).collect()
        };
        terms.extend(column.missing.then_some(Self::Missing));
        terms
    }

    /// The term of every value in `from`; `value` is what [`terms::quantity`] makes of them.
    fn fill(self, column: &Column, from: &[f32], value: &[f32], to: &mut [f32]) {
        let (lo, hi) = (column.lo, column.hi);
        let over = |span: f32| if span > 0.0 { 1.0 / span } else { 0.0 };
        match self {
            Self::Linear => terms::linear(value, middle(column), over(0.5 * (hi - lo)), to),
            Self::Step(t) => terms::step(value, t, to),
            Self::Hinge(k) => terms::hinge(value, k.max(lo), over(hi - k.max(lo)), to),
            Self::Special(s) => terms::equal(from, s, to),
            Self::Level(k) => terms::equal(from, k as f32, to),
            Self::Missing => terms::missing(from, to),
        }
    }

    /// Name of the term in `column`.
    fn name(self, column: &Column) -> String {
        let name = &column.name;
        match self {
            Self::Linear => name.clone(),
            Self::Step(t) => format!("{name} >= {t}"),
            Self::Hinge(k) => format!("max(0, {name} - {k})"),
            Self::Special(s) => format!("{name} = {s}"),
            Self::Level(k) => format!("{name} = {}", column.levels.get(k).map_or("", String::as_str)),
            Self::Missing => format!("{name} missing"),
        }
    }
}

/// A public map from a [`Frame`] to a [`Design`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Expansion {
    columns: Vec<Column>,
    /// Positions of the columns that are multiplied, the first before the second.
    pairs: Vec<(usize, usize)>,
}

/// A matrix of f32, rows × width, column after column; the first column is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    rows: usize,
    width: usize,
    data: Vec<f32>,
}

impl Design {
    /// A design whose first column is 1 and whose others are 0.
    pub fn new(rows: usize, width: usize) -> Self {
        let mut data = vec![0.0; rows * width.max(1)];
        data[..rows].fill(1.0);
        Self { rows, width: width.max(1), data }
    }

    /// Number of persons.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns with the constant.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Column `j < width`, one value a row.
    pub fn column(&self, j: usize) -> &[f32] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// The rows that are to be kept; `keep` has an entry a row.
    #[must_use]
    pub fn select(&self, keep: &[bool]) -> Self {
        let kept: Vec<usize> = (0..self.rows.min(keep.len())).filter(|i| keep[*i]).collect();
        let mut out = Self { rows: kept.len(), width: self.width, data: Vec::with_capacity(kept.len() * self.width) };
        for j in 0..self.width {
            let column = self.column(j);
            out.data.extend(kept.iter().map(|i| column[*i]));
        }
        out
    }

    /// Column `j < width`, to be written.
    pub fn column_mut(&mut self, j: usize) -> &mut [f32] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }
}

impl Expansion {
    /// The expansion of these columns.
    pub fn new(columns: &[Column]) -> Self {
        let named = |name: &String| columns.iter().position(|c| c.name == *name);
        let partners = |(i, c): (usize, &Column)| -> Vec<(usize, usize)> {
            c.pairs.iter().filter_map(named).filter(|j| *j != i).map(|j| (i.min(j), i.max(j))).collect()
        };
        let mut pairs: Vec<_> = columns.iter().enumerate().flat_map(partners).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Self { columns: columns.to_vec(), pairs }
    }

    /// The columns that are expanded.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of columns of the design, the constant included.
    pub fn width(&self) -> usize {
        let spans = self.spans();
        let products = self.pairs.iter().map(|(a, b)| spans[*a].len() * spans[*b].len());
        spans.last().map_or(1, |s| s.end) + products.sum::<usize>()
    }

    /// Where the terms of each column stand in the design; products stand behind the last.
    pub fn spans(&self) -> Vec<Range<usize>> {
        let mut at = 1;
        let span = |c: &Column| {
            let start = at;
            at += Term::of(c).len();
            start..at
        };
        self.columns.iter().map(span).collect()
    }

    /// √width ≥ ‖row‖₂ of any row of any design: every entry is in [−1, 1].
    pub fn norm_bound(&self) -> f64 {
        libm::sqrt(self.width() as f64)
    }

    /// Names of the design's columns, e.g. `(constant)`, `late`, `late >= 2`, `max(0, late - 3)`, `late * limit`.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec!["(constant)".to_owned()];
        names.extend(self.columns.iter().flat_map(|c| Term::of(c).into_iter().map(|term| term.name(c))));
        let products: Vec<String> = self.products().map(|(a, b)| format!("{} * {}", names[a], names[b])).collect();
        names.extend(products);
        names
    }

    /// Refuses a frame with other columns (by name and order) than the expansion's.
    pub fn check(&self, frame: &Frame) -> Result<()> {
        same_columns(&self.columns, frame.columns())
    }

    /// The design of the frame's rows. The frame has the expansion's columns in their order ([`Expansion::check`]);
    /// columns beyond these are not read, missing ones stay 0.
    pub fn design(&self, frame: &Frame) -> Design {
        let mut out = Design::new(frame.rows(), self.width());
        if out.rows == 0 {
            return out;
        }
        let rows = out.rows;
        let mut columns = out.data.chunks_exact_mut(rows).skip(1);
        let mut value = vec![0.0; rows];
        for (j, column) in self.columns.iter().enumerate().take(frame.width()) {
            let from = frame.column(j);
            if !column.is_category() {
                terms::quantity(column, from, &mut value);
            }
            for (term, to) in Term::of(column).into_iter().zip(&mut columns) {
                term.fill(column, from, &value, to);
            }
        }
        let singles = self.spans().last().map_or(1, |s| s.end);
        let (single, product) = out.data.split_at_mut(singles * rows);
        for ((a, b), to) in self.products().zip(product.chunks_exact_mut(rows)) {
            let factors = single[a * rows..][..rows].iter().zip(&single[b * rows..][..rows]);
            to.iter_mut().zip(factors).for_each(|(y, (a, b))| *y = a * b);
        }
        out
    }

    /// Positions in the design of the terms that are multiplied.
    fn products(&self) -> impl Iterator<Item = (usize, usize)> {
        let spans = self.spans();
        self.pairs.clone().into_iter().flat_map(move |(a, b)| {
            let (left, right) = (spans[a].clone(), spans[b].clone());
            left.flat_map(move |i| right.clone().map(move |j| (i, j)))
        })
    }
}

/// Refuses columns that differ in number or name.
pub(crate) fn same_columns(want: &[Column], got: &[Column]) -> Result<()> {
    if want.len() == got.len() && want.iter().zip(got).all(|(w, g)| w.name == g.name) {
        return Ok(());
    }
    let names = |columns: &[Column]| columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    Err(Error::Fit(format!("fitted on the columns [{}], asked to score [{}]", names(want), names(got))))
}

/// The mid-point of the public bounds.
pub(crate) fn middle(column: &Column) -> f32 {
    0.5 * (column.lo + column.hi)
}

/// x within the public bounds; NaN becomes the mid-point.
#[inline]
pub(crate) fn clamped(x: f32, lo: f32, hi: f32, middle: f32) -> f32 {
    let x = if x.is_nan() { middle } else { x };
    let x = if x < lo { lo } else { x };
    if x > hi { hi } else { x }
}

#[cfg(test)]
mod tests;
