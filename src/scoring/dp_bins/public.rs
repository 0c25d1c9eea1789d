//! Bins by public knowledge alone: each value of a column falls into exactly one cell.
//!
//! ```text
//! quantity   cells [−∞, e₁), [e₁, e₂) … [e_k, ∞); then one cell for each special value; then one for missing values
//! category   one cell for each level; then one for any level that is not listed; then one for missing values
//! ```
//!
//! Edges are the column's public steps and knots inside its bounds. Where these leave wide gaps, an even grid of
//! `grid` cells over [lo, hi] fills them: a point of the grid is taken unless a given edge lies within half a cell. A NaN
//! in a column without missing values counts as the mid-point of the bounds, as in the [expansion](crate::scoring::expand); in a
//! category as an unlisted level. Nothing is read off the data, so the bins cost no privacy.

use crate::error::Result;
use crate::scoring::expand::{clamped, middle, same_columns};
use crate::view::{Column, Frame, Trend};

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnBins {
    column: Column,
    edges: Vec<f32>,
}

/// The cells of all columns; a cell's number counts through all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicBins {
    columns: Vec<Column>,
    bins: Vec<ColumnBins>,
    first: Vec<usize>,
    cells: usize,
}

impl ColumnBins {
    fn new(column: &Column, grid: u32) -> Self {
        Self { edges: edges(column, grid), column: column.clone() }
    }

    /// Name of the column.
    pub fn column_name(&self) -> &str {
        &self.column.name
    }

    /// Number of cells that stand in the order of the quantity; 0 for a category.
    pub fn ordered(&self) -> usize {
        if self.column.is_category() { 0 } else { self.edges.len() + 1 }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        let named = if self.column.is_category() { self.column.levels.len() + 1 } else { self.column.special.len() };
        self.ordered() + named + usize::from(self.column.missing)
    }

    /// Public direction of the PD over the ordered cells.
    pub fn trend(&self) -> Trend {
        self.column.trend
    }

    /// The cell of a value.
    pub fn cell(&self, x: f32) -> usize {
        let c = &self.column;
        if x.is_nan() && c.missing {
            return self.cells() - 1;
        }
        if c.is_category() {
            let listed = x >= 0.0 && x < c.levels.len() as f32;
            return if listed { x as usize } else { c.levels.len() };
        }
        if let Some(s) = c.special.iter().position(|s| *s == x) {
            return self.ordered() + s;
        }
        let x = clamped(x, c.lo, c.hi, middle(c));
        self.edges.partition_point(|e| *e <= x)
    }

    /// What a cell holds, in words.
    pub fn name(&self, cell: usize) -> String {
        let c = &self.column;
        if c.missing && cell + 1 == self.cells() {
            return format!("{} missing", c.name);
        }
        if c.is_category() {
            let level = c.levels.get(cell).map_or("(other)", String::as_str);
            return format!("{} = {level}", c.name);
        }
        let n = self.edges.len();
        match cell {
            _ if cell > n => format!("{} = {}", c.name, c.special.get(cell - n - 1).copied().unwrap_or(f32::NAN)),
            _ if n == 0 => format!("{} any", c.name),
            0 => format!("{} < {}", c.name, self.edges[0]),
            _ if cell == n => format!("{} >= {}", c.name, self.edges[n - 1]),
            _ => format!("{} in [{}, {})", c.name, self.edges[cell - 1], self.edges[cell]),
        }
    }
}

/// Given edges inside the bounds and, in the gaps between them, points of the even grid.
fn edges(c: &Column, grid: u32) -> Vec<f32> {
    let inside = |e: &f32| *e > c.lo && *e <= c.hi;
    if c.is_category() || !(c.hi > c.lo && (c.hi - c.lo).is_finite()) {
        return Vec::new();
    }
    let given: Vec<f32> = c.steps.iter().chain(&c.knots).copied().filter(inside).collect();
    let width = (c.hi - c.lo) / grid.max(1) as f32;
    let far = |e: &f32| given.iter().all(|g| (g - e).abs() > 0.5 * width);
    let even = (1..grid).map(|k| c.lo + k as f32 * width).filter(far);
    let mut all: Vec<f32> = even.chain(given.iter().copied()).filter(inside).collect();
    all.sort_by(f32::total_cmp);
    all.dedup();
    all
}

impl PublicBins {
    /// The columns that are cut.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The bins of these columns; `grid` even cells fill the gaps between given edges.
    pub fn new(columns: &[Column], grid: u32) -> Self {
        Self::of(columns, columns.iter().map(|c| ColumnBins::new(c, grid)).collect())
    }

    /// Inner edges of each column, for [`PublicBins::with_edges`].
    pub fn edges(&self) -> Vec<Vec<f32>> {
        self.bins.iter().map(|b| b.edges.clone()).collect()
    }

    /// The columns cut at these edges; none unless there is a list a column, rising, and empty for a category.
    pub fn with_edges(columns: &[Column], edges: &[Vec<f32>]) -> Option<Self> {
        let fits = |(c, e): (&Column, &Vec<f32>)| {
            e.iter().all(|x| x.is_finite()) && e.windows(2).all(|w| w[0] < w[1]) && (e.is_empty() || !c.is_category())
        };
        let sound = columns.len() == edges.len() && columns.iter().zip(edges).all(fits);
        let bins = |(c, e): (&Column, &Vec<f32>)| ColumnBins { column: c.clone(), edges: e.clone() };
        sound.then(|| Self::of(columns, columns.iter().zip(edges).map(bins).collect()))
    }

    fn of(columns: &[Column], bins: Vec<ColumnBins>) -> Self {
        let mut cells = 0;
        let before = |b: &ColumnBins| {
            cells += b.cells();
            cells - b.cells()
        };
        let first = bins.iter().map(before).collect();
        Self { columns: columns.to_vec(), bins, first, cells }
    }

    /// Number of cells of all columns.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.bins.len()
    }

    /// Column by column: its bins and the numbers of its cells.
    pub fn iter(&self) -> impl Iterator<Item = (&ColumnBins, std::ops::Range<usize>)> {
        self.bins.iter().zip(&self.first).map(|(b, f)| (b, *f..f + b.cells()))
    }

    /// Refuses a frame with other columns (by name and order).
    pub fn check(&self, frame: &Frame) -> Result<()> {
        same_columns(&self.columns, frame.columns())
    }

    /// For each column, the cell of each row. The frame has passed [`PublicBins::check`].
    pub fn cells_of(&self, frame: &Frame) -> Vec<Vec<u32>> {
        let of = |(j, (b, range)): (usize, (&ColumnBins, std::ops::Range<usize>))| {
            frame.column(j).iter().map(|x| (range.start + b.cell(*x)) as u32).collect()
        };
        self.iter().enumerate().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(c: &Column, grid: u32) -> Vec<String> {
        let bins = ColumnBins::new(c, grid);
        (0..bins.cells()).map(|k| bins.name(k)).collect()
    }

    #[test]
    fn given_edges_are_kept_and_gaps_are_filled() {
        let late =
            Column { missing: true, special: vec![-2.0], ..Column::new("late", -2.0, 8.0).with_steps(&[1.0, 2.0]) };
        assert_eq!(
            names(&late, 4),
            ["late < 1", "late in [1, 2)", "late in [2, 5.5)", "late >= 5.5", "late = -2", "late missing"]
        );
        assert_eq!(names(&Column::new("flat", 3.0, 3.0), 8), ["flat any"]);
        assert_eq!(names(&Column::category("sex", &["m", "f"]), 8), ["sex = m", "sex = f", "sex = (other)"]);
    }

    #[test]
    fn codes_missing_values_and_strange_levels_have_cells_of_their_own() {
        let late = Column { missing: true, special: vec![-2.0], ..Column::new("late", -2.0, 8.0).with_steps(&[1.0]) };
        let b = ColumnBins::new(&late, 1);
        let cells = [-2.0, -1.9, f32::NEG_INFINITY, 0.99, 1.0, 9e9, f32::INFINITY, f32::NAN].map(|x| b.cell(x));
        assert_eq!(cells, [2, 0, 0, 0, 1, 1, 1, 3]);
        let level = ColumnBins::new(&Column::category("c", &["a", "b"]), 1);
        assert_eq!([0.0, 1.0, 2.0, 7.0, -1.0, f32::NAN].map(|x| level.cell(x)), [0, 1, 2, 2, 2, 2]);
        let whole = ColumnBins::new(&Column::new("x", 0.0, 2.0).with_steps(&[1.0]), 1);
        assert_eq!([f32::NAN, 0.5].map(|x| whole.cell(x)), [1, 0], "NaN is the mid-point where none is expected");
    }

    proptest! {
        #[test]
        fn every_value_has_one_cell_and_larger_values_no_smaller_one(
            steps in prop::collection::vec(-9f32..9.0, 0..6), grid in 1u32..12, x in any::<f32>(), y in any::<f32>(),
        ) {
            let b = ColumnBins::new(&Column::new("x", -5.0, 5.0).with_steps(&steps), grid);
            prop_assert!(b.cell(x) < b.cells() && b.cell(y) < b.cells());
            if x <= y {
                prop_assert!(b.cell(x) <= b.cell(y));
            }
        }
    }
}
