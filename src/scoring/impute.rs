//! What is not shared is predicted from what the lender always sees.
//!
//! For persons whose `more` columns are unknown, each column y is imputed as ŷ = x·β, where x is the public
//! [expansion](super::expand) of the `always` columns, y is scaled to [−1, 1] by its public bounds, and β minimises
//! Σ (y − x·β)² + ‖β₁…‖² over the training view's *known* rows. ŷ is clamped to the public bounds. Known rows stay as
//! they are. Without one known row every person gets the mid-points, which then carry nothing.
//!
//! **Categories, codes and missing values.** Each level, each special value and "missing" is a kind of value; its indicator is
//! regressed in the same way, which predicts its share pₖ among persons like this one. What the listed kinds leave,
//! 1 − Σ pₖ, is the share of "a quantity" (in a category: of "a level not listed"). A person gets the likeliest kind, the
//! first of equals. Where that is a quantity its value is the regression of y·(x is a quantity) divided by that share: the
//! mean of the persons who have one. Without one known row everybody gets the mid-point, in a category "not listed".
//!
//! There is no missing-indicator, because an indicator *is* the refusal, unless the view allows it
//! (`refusal_is_a_feature`): then the column `refused` is 1 for unknown rows.
//!
//! Limits: a regression to the mean shrinks the imputed columns' spread, so the refusal stays partly visible in a row
//! that is too ordinary; the likeliest kind for everybody hides that some have another. Selection on what the `always` columns do not show is not corrected: that is the point.

use super::expand::{Design, Expansion, clamped, middle, same_columns};
use super::lanes::{CHUNK, Chunk, Values};
use super::newton::{solve_damped, sum_blocks, symmetric};
use crate::error::{Error, Result};
use crate::view::{Column, Frame, LenderView};
use std::ops::Range;

/// Name of the column that says who refused, where the lender may use it.
pub const REFUSED: &str = "refused";

/// Weight of the squared coefficients, in units of one person: keeps few known rows and dependent columns finite.
const RIDGE: f64 = 1.0;

/// A fitted imputation.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Imputer {
    always: Expansion,
    more: Vec<Column>,
    /// For each column of `more`, which of the targets are its own.
    targets: Vec<Range<usize>>,
    /// For each target, the coefficients on the expanded `always` columns.
    coefficients: Vec<Vec<f64>>,
    refusal: bool,
}

impl Imputer {
    /// Learns from the rows of `view` whose `more` columns are known; labels are not read.
    pub fn fit(view: &LenderView) -> Result<Self> {
        let (rows, more) = (view.rows(), view.more.columns().to_vec());
        if view.known.len() != rows || (view.more.rows() != rows && !more.is_empty()) {
            let message = format!("{rows} rows, {} shared, {} known flags", view.more.rows(), view.known.len());
            return Err(Error::Fit(message));
        }
        let always = Expansion::new(view.always.columns());
        let refusal = view.refusal_is_a_feature;
        let kinds = kinds(&more);
        let coefficients = if more.is_empty() || !view.known.contains(&true) {
            vec![vec![0.0; always.width()]; kinds.width() - 1]
        } else {
            regress(&always.design(&view.always), &kinds.design(&view.more), &view.known)?
        };
        let targets = kinds.spans().into_iter().map(|s| s.start - 1..s.end - 1).collect();
        Ok(Self { always, more, targets, coefficients, refusal })
    }

    /// Whether an imputation that was read from a file has a coefficient wherever it looks for one.
    pub fn is_sound(&self) -> bool {
        let targets = |r: &Range<usize>| r.start <= r.end && r.end <= self.coefficients.len();
        self.targets.len() == self.more.len()
            && self.targets.iter().all(targets)
            && self.coefficients.iter().all(|c| c.len() == self.always.width() && c.iter().all(|v| v.is_finite()))
    }

    /// The columns of a completed view.
    pub fn completed(&self) -> Vec<Column> {
        let refused = self.refusal.then(|| Column::new(REFUSED, 0.0, 1.0));
        self.always.columns().iter().chain(&self.more).cloned().chain(refused).collect()
    }

    /// Refuses a view with other columns than those fitted on.
    pub fn check(&self, view: &LenderView) -> Result<()> {
        self.always.check(&view.always)?;
        same_columns(&self.more, view.more.columns())?;
        if view.known.len() != view.rows() {
            return Err(Error::Fit(format!("{} rows but {} known flags", view.rows(), view.known.len())));
        }
        Ok(())
    }

    /// `always` beside `more`, unknown rows imputed, and `refused` if the fitted view allowed it. The view has the columns
    /// that were fitted on ([`Imputer::check`]).
    pub fn complete(&self, view: &LenderView) -> Frame {
        let mut out = view.always.beside(&view.more);
        let unknown: Vec<u32> = (0..).zip(&view.known).filter(|(_, known)| !**known).map(|(row, _)| row).collect();
        if !unknown.is_empty() && !self.more.is_empty() {
            self.impute(&view.always.select(&unknown), &unknown, view.always.width(), &mut out);
        }
        if !self.refusal {
            return out;
        }
        let mut refused = Frame::zeros(vec![Column::new(REFUSED, 0.0, 1.0)], out.rows());
        for &row in &unknown {
            refused.column_mut(0)[row as usize] = 1.0;
        }
        out.beside(&refused)
    }

    /// Writes the predictions for the persons in `always` into `rows` of `out`, in the columns from `first` on.
    fn impute(&self, always: &Frame, rows: &[u32], first: usize, out: &mut Frame) {
        let design = self.always.design(always);
        let mut chunk = Chunk::new(design.width());
        let mut eta: Vec<Values> = vec![[0.0; CHUNK]; self.targets.iter().map(Range::len).max().unwrap_or(0)];
        for (c, rows) in rows.chunks(CHUNK).enumerate() {
            chunk.load(&design, &(c * CHUNK..c * CHUNK + rows.len()), 0);
            for (j, (column, targets)) in self.more.iter().zip(&self.targets).enumerate() {
                let targets = &self.coefficients[targets.clone()];
                for (beta, eta) in targets.iter().zip(&mut eta) {
                    chunk.combine(beta, eta);
                }
                let to = out.column_mut(first + j);
                for (i, &row) in rows.iter().enumerate() {
                    to[row as usize] = likeliest(column, |k| eta[k][i]);
                }
            }
        }
    }
}

/// The value that the predicted targets of one person, in the order of [`kinds`], stand for.
fn likeliest(column: &Column, predicted: impl Fn(usize) -> f64) -> f32 {
    // The first target of a quantity is its value, all others are shares.
    let first = usize::from(!column.is_category());
    let listed = if column.is_category() { column.levels.len() } else { column.special.len() };
    let shares = first..first + listed + usize::from(column.missing);
    let rest = 1.0 - shares.clone().map(&predicted).sum::<f64>();
    let mut best = (rest, None);
    for k in shares {
        let share = predicted(k);
        if share > best.0 {
            best = (share, Some(k - first));
        }
    }
    match best.1 {
        Some(k) if k >= listed => f32::NAN,
        Some(k) if column.is_category() => k as f32,
        Some(k) => column.special[k],
        None if column.is_category() => listed as f32,
        None => {
            let (mid, half) = (middle(column), 0.5 * (column.hi - column.lo));
            // Without other kinds the share is exactly 1.
            let value = predicted(0) / rest;
            clamped(mid + value as f32 * half, column.lo, column.hi, mid)
        }
    }
}

/// The targets of the columns: the value scaled to [−1, 1], the indicators of special values, levels and missing values.
fn kinds(columns: &[Column]) -> Expansion {
    let bare = |c: &Column| Column { steps: Vec::new(), knots: Vec::new(), pairs: Vec::new(), ..c.clone() };
    Expansion::new(&columns.iter().map(bare).collect::<Vec<_>>())
}

/// Ridge regression of every target (but its constant) on the design over the known rows, by one Gram matrix.
fn regress(design: &Design, targets: &Design, known: &[bool]) -> Result<Vec<Vec<f64>>> {
    let width = design.width();
    let all = width + targets.width();
    let pairs = |j: usize| j * all - j * j.saturating_sub(1) / 2;
    let sums = sum_blocks(
        0..design.rows(),
        pairs(width),
        || (Chunk::new(all), [0.0; CHUNK]),
        |(chunk, weights), rows, sums| {
            chunk.load(design, &rows, 0);
            chunk.load(targets, &rows, width);
            weights.fill(0.0);
            weights.iter_mut().zip(&known[rows]).for_each(|(w, known)| *w = f64::from(u8::from(*known)));
            chunk.add_gram(weights, width, sums);
        },
    )?;
    let upper: Vec<_> = (0..width).flat_map(|j| sums[pairs(j)..pairs(j) + width - j].iter().copied()).collect();
    let mut gram = symmetric(&upper, width);
    gram.diag_mut().iter_mut().skip(1).for_each(|v| *v += RIDGE);
    (1..targets.width())
        .map(|t| {
            let right: Vec<f64> = (0..width).map(|j| sums[pairs(j) + width - j + t].value()).collect();
            solve_damped(&gram, &right)
        })
        .collect()
}

#[cfg(test)]
mod tests;
