//! From features to a design matrix, by public knowledge alone.
//!
//! For a column with public bounds [lo, hi], steps t and knots k, and x clamped to [lo, hi] (NaN becomes the mid-point):
//!
//! ```text
//! linear  (2x − lo − hi)/(hi − lo)      in [−1, 1]
//! step    1 if x ≥ t, else 0            one for each t
//! hinge   max(0, x − k)/(hi − k)        in [0, 1], one for each k
//! ```
//!
//! The first column of the design is the constant 1. Nothing is read off the data, so a scorer under differential
//! privacy may use the design for free; every entry is in [−1, 1], hence ‖row‖₂ ≤ √width ([`Expansion::norm_bound`]).
//! A knot below lo counts as lo. Columns of no extent (lo = hi, or a knot at or above hi) become the constant 0, steps
//! outside the bounds a constant: harmless under a ridge.

use crate::error::{Error, Result};
use crate::view::{Column, Frame};

/// What stands in one column of the design.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
    Linear,
    Step(f32),
    Hinge(f32),
}

/// A public map from a [`Frame`] to a [`Design`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Expansion {
    columns: Vec<Column>,
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

    /// Column `j < width`, to be written.
    pub fn column_mut(&mut self, j: usize) -> &mut [f32] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }
}

impl Expansion {
    /// The expansion of these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec() }
    }

    /// The columns that are expanded.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of columns of the design, the constant included.
    pub fn width(&self) -> usize {
        1 + self.columns.iter().map(|c| 1 + c.steps.len() + c.knots.len()).sum::<usize>()
    }

    /// √width ≥ ‖row‖₂ of any row of any design: every entry is in [−1, 1].
    pub fn norm_bound(&self) -> f64 {
        libm::sqrt(self.width() as f64)
    }

    /// Names of the design's columns, e.g. `(constant)`, `late`, `late >= 2`, `max(0, late - 3)`.
    pub fn names(&self) -> Vec<String> {
        let named = self.terms().map(|(_, column, term)| match term {
            Term::Linear => column.name.clone(),
            Term::Step(t) => format!("{} >= {t}", column.name),
            Term::Hinge(k) => format!("max(0, {} - {k})", column.name),
        });
        std::iter::once("(constant)".to_owned()).chain(named).collect()
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
        let terms = self.terms().take_while(|(j, ..)| *j < frame.width());
        for ((j, column, term), to) in terms.zip(out.data.chunks_exact_mut(rows).skip(1)) {
            fill(term, column, frame.column(j), to);
        }
        out
    }

    fn terms(&self) -> impl Iterator<Item = (usize, &Column, Term)> {
        self.columns.iter().enumerate().flat_map(|(j, c)| {
            let steps = c.steps.iter().map(|t| Term::Step(*t));
            let hinges = c.knots.iter().map(|k| Term::Hinge(*k));
            std::iter::once(Term::Linear).chain(steps).chain(hinges).map(move |term| (j, c, term))
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

fn fill(term: Term, column: &Column, from: &[f32], to: &mut [f32]) {
    let (lo, hi, mid) = (column.lo, column.hi, middle(column));
    let over = |span: f32| if span > 0.0 { 1.0 / span } else { 0.0 };
    let unit = |x: f32| if x > 1.0 { 1.0 } else { x };
    match term {
        Term::Linear => {
            let scale = over(0.5 * (hi - lo));
            for (y, &x) in to.iter_mut().zip(from) {
                let v = (clamped(x, lo, hi, mid) - mid) * scale;
                *y = unit(if v < -1.0 { -1.0 } else { v });
            }
        }
        Term::Step(t) => {
            for (y, &x) in to.iter_mut().zip(from) {
                *y = if clamped(x, lo, hi, mid) >= t { 1.0 } else { 0.0 };
            }
        }
        Term::Hinge(k) => {
            let scale = over(hi - k.max(lo));
            for (y, &x) in to.iter_mut().zip(from) {
                let v = (clamped(x, lo, hi, mid) - k.max(lo)) * scale;
                *y = unit(if v > 0.0 { v } else { 0.0 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(columns: Vec<Column>, values: &[&[f32]]) -> Frame {
        let mut f = Frame::zeros(columns, values.first().map_or(0, |v| v.len()));
        for (j, v) in values.iter().enumerate() {
            f.column_mut(j).copy_from_slice(v);
        }
        f
    }

    #[test]
    fn terms_are_as_documented() {
        let late = Column::new("late", -2.0, 6.0).with_steps(&[1.0, 2.0]).with_knots(&[4.0]);
        let f = frame(vec![late], &[&[-9.0, 0.0, 1.0, 5.0, 99.0, f32::NAN]]);
        let e = Expansion::new(f.columns());
        assert_eq!(e.names(), ["(constant)", "late", "late >= 1", "late >= 2", "max(0, late - 4)"]);
        let d = e.design(&f);
        assert_eq!(d.column(0), [1.0; 6]);
        assert_eq!(d.column(1), [-1.0, -0.5, -0.25, 0.75, 1.0, 0.0]);
        assert_eq!(d.column(2), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(d.column(3), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(d.column(4), [0.0, 0.0, 0.0, 0.5, 1.0, 0.0]);
    }

    #[test]
    fn columns_without_extent_and_frames_without_rows_are_harmless() {
        let f = frame(vec![Column::new("flat", 2.0, 2.0).with_knots(&[2.0, 7.0])], &[&[1.0, 2.0, 3.0]]);
        let d = Expansion::new(f.columns()).design(&f);
        assert!((1..4).all(|j| d.column(j) == [0.0; 3]));
        let none = Frame::zeros(f.columns().to_vec(), 0);
        assert_eq!(Expansion::new(none.columns()).design(&none).rows(), 0);
        assert!(Expansion::new(f.columns()).check(&frame(vec![Column::new("x", 0.0, 1.0)], &[&[0.0]])).is_err());
    }

    proptest! {
        #[test]
        fn every_entry_is_within_one_so_the_norm_bound_holds(
            lo in -1e6f32..1e6, span in 0f32..1e6, t in -1e6f32..2e6, k in -2e6f32..2e6,
            x in prop::collection::vec(-1e7f32..1e7, 1..40),
        ) {
            let f = frame(vec![Column::new("c", lo, lo + span).with_steps(&[t]).with_knots(&[k])], &[&x]);
            let e = Expansion::new(f.columns());
            let d = e.design(&f);
            prop_assert_eq!(d.width(), e.width());
            for i in 0..d.rows() {
                let row: Vec<f64> = (0..d.width()).map(|j| f64::from(d.column(j)[i])).collect();
                prop_assert!(row.iter().all(|v| v.abs() <= 1.0));
                prop_assert!(row.iter().map(|v| v * v).sum::<f64>().sqrt() <= e.norm_bound() + 1e-12);
            }
        }
    }
}
