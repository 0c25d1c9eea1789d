//! Trees that are grown: walked bin by bin, valued in fixed point.

use super::bins::{Binned, Cuts};
use super::split::BinSet;
use crate::error::Result;
use crate::scoring::expand::same_columns;
use crate::scoring::lanes::{CHUNK, probabilities_of};
use crate::view::{Column, Frame};
use rayon::prelude::*;

/// Log-odds of 1 in the fixed point of leaves.
const UNIT: f64 = (1u64 << 40) as f64;
/// Largest |log-odds| of one leaf.
const LARGEST: f64 = 1e4;

/// Log-odds in fixed point, so that sums of leaves have the same bits in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LogOdds(i64);

impl LogOdds {
    /// The nearest value of the fixed point.
    pub fn new(value: f64) -> Self {
        Self(libm::round(value.clamp(-LARGEST, LARGEST) * UNIT) as i64)
    }

    /// As a floating-point number.
    pub fn value(self) -> f64 {
        self.0 as f64 / UNIT
    }

    /// So many times as large.
    pub fn times(self, factor: f64) -> Self {
        Self::new(self.value() * factor)
    }

    /// So many times as far from `centre`.
    pub fn spread_from(self, centre: Self, factor: f64) -> Self {
        let mut out = Self(self.0.saturating_sub(centre.0)).times(factor);
        out.add(centre);
        out
    }

    /// Adds another; at the ends of the range it stays there.
    pub fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Node {
    /// What a leaf here adds to the log-odds.
    pub value: LogOdds,
    /// How it is split; `None` in a leaf.
    pub branch: Option<Branch>,
}

/// A split of a node.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Branch {
    /// Column.
    pub column: usize,
    /// Bins that go left; all others go right.
    pub left: BinSet,
    /// Node of the left child; the right one stands after it.
    pub child: usize,
    /// What the split lowered the training log-loss by, to second order.
    pub gain: f64,
}

/// A tree: its nodes, the root first.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Tree(pub Vec<Node>);

impl Tree {
    /// The nodes from the root to the leaf of a row.
    fn path<'a>(&'a self, binned: &'a Binned, row: usize) -> impl Iterator<Item = &'a Node> {
        let below = move |node: &&'a Node| {
            let branch = node.branch.as_ref()?;
            let right = !branch.left.has(binned.column(branch.column)[row]);
            self.0.get(branch.child + usize::from(right))
        };
        std::iter::successors(self.0.first(), below)
    }

    /// What the tree adds to the log-odds of a row.
    pub fn value(&self, binned: &Binned, row: usize) -> LogOdds {
        let mut node = &self.0[0];
        while let Some(branch) = &node.branch {
            let right = !branch.left.has(binned.column(branch.column)[row]);
            node = &self.0[branch.child + usize::from(right)];
        }
        node.value
    }
}

/// Boosted trees on the columns of a completed frame.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Forest {
    /// Names of the columns, in order.
    pub(super) columns: Vec<String>,
    pub(super) cuts: Vec<Cuts>,
    pub(super) base: LogOdds,
    pub(super) trees: Vec<Tree>,
}

/// Why a person has this PD: log-odds of default = `base` + Σ `columns`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reasons {
    /// Log-odds before anything is known of the person.
    pub base: f64,
    /// What each column adds, in the order of the columns.
    pub columns: Vec<f64>,
}

impl Forest {
    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Refuses a frame with other columns.
    pub fn check(&self, frame: &Frame) -> Result<()> {
        let want: Vec<Column> = self.columns.iter().map(|name| Column::new(name, 0.0, 0.0)).collect();
        same_columns(&want, frame.columns())
    }

    /// PD of each row of a frame with these columns, within [1e-13, 1 − 1e-13].
    pub fn score(&self, frame: &Frame) -> Vec<f64> {
        let mut out = vec![0.0; frame.rows()];
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
            let binned = Binned::new(&self.cuts, frame, chunk * CHUNK, out.len());
            let mut sums = [self.base; CHUNK];
            for tree in &self.trees {
                sums.iter_mut().zip(0..out.len()).for_each(|(sum, row)| sum.add(tree.value(&binned, row)));
            }
            probabilities_of(&sums.map(LogOdds::value), out);
        });
        out
    }

    /// The reasons for the PD of each row: along the way to its leaf, what each split's column moved the node's value by
    /// (Saabas 2014). They add up to the log-odds exactly, to rounding.
    pub fn reasons(&self, frame: &Frame) -> Vec<Reasons> {
        let one = |row: usize| {
            let binned = Binned::new(&self.cuts, frame, row, 1);
            let (mut base, mut columns) = (self.base, vec![0i64; self.columns.len()]);
            for tree in &self.trees {
                let path: Vec<&Node> = tree.path(&binned, 0).collect();
                base.add(path[0].value);
                for pair in path.windows(2) {
                    if let Some(branch) = &pair[0].branch {
                        columns[branch.column] += pair[1].value.0 - pair[0].value.0;
                    }
                }
            }
            Reasons { base: base.value(), columns: columns.into_iter().map(|c| LogOdds(c).value()).collect() }
        };
        (0..frame.rows()).into_par_iter().map(one).collect()
    }

    /// What the splits on each column lowered the training log-loss by, as shares of all, in the order of the columns.
    pub fn importance(&self) -> Vec<f64> {
        let mut gains = vec![0.0; self.columns.len()];
        for branch in self.trees.iter().flat_map(|tree| &tree.0).filter_map(|node| node.branch.as_ref()) {
            gains[branch.column] += branch.gain;
        }
        let all: f64 = gains.iter().sum();
        gains.iter().map(|g| if all > 0.0 { g / all } else { 0.0 }).collect()
    }
}
