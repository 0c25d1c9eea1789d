//! What is not shared is predicted from what the lender always sees.
//!
//! For persons whose `more` columns are unknown, each column y is imputed as ŷ = x·β, where x is the public
//! [expansion](super::expand) of the `always` columns, y is scaled to [−1, 1] by its public bounds, and β minimises
//! Σ (y − x·β)² + ‖β₁…‖² over the training view's *known* rows. ŷ is clamped to the public bounds. Known rows stay as
//! they are. Without one known row every person gets the mid-points, which then carry nothing.
//!
//! There is no missing-indicator, because an indicator *is* the refusal, unless the view allows it
//! (`refusal_is_a_feature`): then the column `refused` is 1 for unknown rows.
//!
//! Limits: a regression to the mean shrinks the imputed columns' spread, so the refusal stays partly visible in a row
//! that is too ordinary. Selection on what the `always` columns do not show is not corrected: that is the point.

use super::expand::{Design, Expansion, clamped, middle, same_columns};
use super::lanes::{CHUNK, Chunk};
use super::newton::{solve_damped, sum_blocks, symmetric};
use crate::error::{Error, Result};
use crate::view::{Column, Frame, LenderView};

/// Name of the column that says who refused, where the lender may use it.
pub const REFUSED: &str = "refused";

/// Weight of the squared coefficients, in units of one person: keeps few known rows and dependent columns finite.
const RIDGE: f64 = 1.0;

/// A fitted imputation.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Imputer {
    always: Expansion,
    more: Vec<Column>,
    /// For each column of `more`, the coefficients on the expanded `always` columns.
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
        let coefficients = if more.is_empty() || !view.known.contains(&true) {
            vec![vec![0.0; always.width()]; more.len()]
        } else {
            regress(&always.design(&view.always), &scaled(&more, &view.more), &view.known)?
        };
        Ok(Self { always, more, coefficients, refusal })
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
        let mut eta = [0.0; CHUNK];
        for (c, rows) in rows.chunks(CHUNK).enumerate() {
            chunk.load(&design, &(c * CHUNK..c * CHUNK + rows.len()), 0);
            for (j, (column, beta)) in self.more.iter().zip(&self.coefficients).enumerate() {
                chunk.combine(beta, &mut eta);
                let (mid, half) = (middle(column), 0.5 * (column.hi - column.lo));
                let to = out.column_mut(first + j);
                for (&row, y) in rows.iter().zip(&eta) {
                    to[row as usize] = clamped(mid + *y as f32 * half, column.lo, column.hi, mid);
                }
            }
        }
    }
}

/// The columns scaled to [−1, 1], without steps and knots.
fn scaled(columns: &[Column], frame: &Frame) -> Design {
    let plain: Vec<Column> = columns.iter().map(|c| Column::new(&c.name, c.lo, c.hi)).collect();
    Expansion::new(&plain).design(frame)
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
mod tests {
    use super::*;
    use crate::rng::{Entity, Purpose, Streams};

    /// Two columns always seen, two shared: 1 + x₀ − 2·x₁ with a little noise, and pure noise; some 30 % known.
    fn view(rows: usize, share: f64) -> LenderView {
        let streams = Streams::new(5, 0);
        let column = |name: &str| Column::new(name, -6.0, 6.0);
        let mut always = Frame::zeros(vec![column("a").with_knots(&[0.0]), column("b")], rows);
        let mut more = Frame::zeros(vec![Column::new("c", -20.0, 30.0), column("d")], rows);
        let normal = |i: usize, m| streams.normal(Entity::Person(i as u64), m, Purpose::Month) as f32;
        for i in 0..rows {
            let (a, b) = (normal(i, 0), normal(i, 1));
            always.column_mut(0)[i] = a;
            always.column_mut(1)[i] = b;
            more.column_mut(0)[i] = 1.0 + a - 2.0 * b + 0.1 * normal(i, 2);
            more.column_mut(1)[i] = normal(i, 3);
        }
        let known: Vec<bool> =
            (0..rows).map(|i| streams.uniform(Entity::Person(i as u64), 0, Purpose::Notice) < share).collect();
        for j in 0..2 {
            more.column_mut(j).iter_mut().zip(&known).for_each(|(x, known)| *x *= f32::from(u8::from(*known)));
        }
        LenderView { always, more, known, refusal_is_a_feature: false, labels: None }
    }

    #[test]
    fn unknown_rows_get_the_regression_and_known_rows_stay() {
        let v = view(20_000, 0.3);
        let done = Imputer::fit(&v).unwrap().complete(&v);
        assert_eq!(done.width(), 4);
        for i in 0..v.rows() {
            if v.known[i] {
                assert_eq!(done.column(2)[i], v.more.column(0)[i]);
            } else {
                let want = 1.0 + v.always.column(0)[i] - 2.0 * v.always.column(1)[i];
                assert!((done.column(2)[i] - want).abs() < 0.1 && done.column(3)[i].abs() < 0.2);
            }
        }
    }

    #[test]
    fn agrees_with_textbook_normal_equations() {
        let v = view(500, 0.5);
        let got = Imputer::fit(&v).unwrap();
        let design = got.always.design(&v.always);
        for (j, column) in v.more.columns().iter().enumerate() {
            let mut gram = ndarray::Array2::<f64>::zeros((4, 4));
            let mut right = vec![0.0; 4];
            for i in (0..v.rows()).filter(|i| v.known[*i]) {
                let y = 2.0 * f64::from(v.more.column(j)[i] - column.lo) / f64::from(column.hi - column.lo) - 1.0;
                for a in 0..4 {
                    right[a] += f64::from(design.column(a)[i]) * y;
                    for b in 0..4 {
                        gram[[a, b]] += f64::from(design.column(a)[i]) * f64::from(design.column(b)[i]);
                    }
                }
            }
            (1..4).for_each(|a| gram[[a, a]] += RIDGE);
            let want = crate::stats::solve_spd(&gram, &right).unwrap();
            assert!(got.coefficients[j].iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-6));
        }
    }

    #[test]
    fn nobody_known_gives_mid_points_and_everybody_known_changes_nothing() {
        let none = view(100, 0.0);
        let done = Imputer::fit(&none).unwrap().complete(&none);
        assert!(done.column(2).iter().all(|x| *x == 5.0) && done.column(3).iter().all(|x| *x == 0.0));
        let all = view(100, 1.1);
        let imputer = Imputer::fit(&all).unwrap();
        assert_eq!(imputer.complete(&all), all.always.beside(&all.more));
        // What was learnt where all are known still completes a view where nobody is.
        let done = imputer.complete(&none);
        assert!((0..100).all(|i| (done.column(2)[i] - all.more.column(0)[i]).abs() < 2.0));
    }

    #[test]
    fn one_known_row_stays_within_the_public_bounds() {
        let mut v = view(50, 0.0);
        v.known[7] = true;
        v.more.column_mut(0)[7] = 1e9;
        let done = Imputer::fit(&v).unwrap().complete(&v);
        let unknown = |i: &usize| *i != 7;
        assert!((0..50).filter(unknown).all(|i| (-20.0..=30.0).contains(&done.column(2)[i])));
    }

    #[test]
    fn the_refusal_is_a_column_only_where_the_lender_may_use_it() {
        let mut v = view(100, 0.5);
        assert!(Imputer::fit(&v).unwrap().complete(&v).index(REFUSED).is_none());
        v.refusal_is_a_feature = true;
        let done = Imputer::fit(&v).unwrap().complete(&v);
        assert!((0..100).all(|i| (done.column(4)[i] == 1.0) != v.known[i]));
    }

    #[test]
    fn other_columns_and_other_lengths_are_refused() {
        let v = view(10, 0.5);
        let imputer = Imputer::fit(&v).unwrap();
        let mut other = v.clone();
        other.more = v.more.pick(&["d", "c"]);
        assert!(imputer.check(&v).is_ok() && imputer.check(&other).is_err());
        other = v.clone();
        other.known.pop();
        assert!(imputer.check(&other).is_err() && Imputer::fit(&other).is_err());
    }
}
