//! Boosting: one tree after another on the gradients of those before it, each grown leaf by leaf.

use super::BoostingParams;
use super::bins::{Binned, Cuts};
use super::histogram::{Cell, Fixed, Layout, MOST_PERSONS, subtract};
use super::split::{Bounds, Node as Searched, Search, Split};
use super::tree::{Branch, Forest, LogOdds, Node, Tree};
use crate::error::{Error, Result};
use crate::scoring::lanes::{CHUNK, Linked};
use crate::stats::logit;
use crate::view::{Column, Frame};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Newton rounds after which the mean PD is the default rate.
const BALANCE_ROUNDS: usize = 8;

impl Forest {
    /// Fits trees to the labels (true = default) of the frame's rows, all of them and as the parameters say.
    pub fn fit(frame: &Frame, labels: &[bool], params: &BoostingParams) -> Result<Self> {
        let persons = Persons::new(frame, labels, params)?;
        Ok(persons.grow(params, &mut |_| true).finish(&persons, 1.0))
    }
}

/// Persons to learn from, in bins.
pub struct Persons<'a> {
    pub columns: &'a [Column],
    pub cuts: Arc<[Cuts]>,
    pub binned: Binned,
    pub labels: Vec<bool>,
}

impl<'a> Persons<'a> {
    /// The rows of a frame; an error where there is nothing to learn from them.
    pub fn new(frame: &'a Frame, labels: &[bool], params: &BoostingParams) -> Result<Self> {
        let bads = labels.iter().filter(|bad| **bad).count();
        let rows = frame.rows();
        if labels.len() != rows || bads == 0 || bads == rows {
            return Err(Error::Fit(format!(
                "{rows} rows with {} labels, {bads} defaults: both classes are needed",
                labels.len()
            )));
        }
        if rows > MOST_PERSONS {
            return Err(Error::Fit(format!("{rows} rows, boosted trees take at most {MOST_PERSONS}")));
        }
        let cuts: Arc<[Cuts]> = Binned::cut(frame, params.bins).into();
        let binned = Binned::new(&cuts, frame, 0, rows);
        Ok(Self { columns: frame.columns(), cuts, binned, labels: labels.to_vec() })
    }

    /// Some of them, cut into the same bins.
    pub fn select(&self, rows: &[u32]) -> Self {
        let labels = rows.iter().map(|i| self.labels[*i as usize]).collect();
        Self { columns: self.columns, cuts: Arc::clone(&self.cuts), binned: self.binned.select(rows), labels }
    }

    /// Log-odds of their default rate.
    pub fn base(&self) -> LogOdds {
        let bads = self.labels.iter().filter(|bad| **bad).count();
        LogOdds::new(logit(bads as f64 / self.labels.len() as f64))
    }

    /// Grows trees on them; `watch` sees each as it comes and says whether to go on.
    pub fn grow(&self, params: &BoostingParams, watch: &mut dyn FnMut(&Tree) -> bool) -> Grown {
        let rows = self.binned.rows();
        let layout = Layout::new(&self.cuts, &self.binned);
        let fixed = Fixed::new(rows);
        let search = Search { params, fixed, layout: &layout, cuts: &self.cuts, columns: self.columns };
        let base = self.base();
        let mut eta = vec![base; rows];
        let mut cells = vec![Cell::default(); rows];
        let mut grower = Grower::new(&search, &self.binned, rows);
        let mut trees = Vec::with_capacity(params.trees as usize);
        for _ in 0..params.trees {
            differentiate(fixed, &eta, &self.labels, &mut cells);
            let tree = grower.tree(&cells, &mut eta);
            // A root that cannot be split cannot be split later either: the gradients add up to nothing.
            if tree.0.len() == 1 {
                break;
            }
            let go_on = watch(&tree);
            trees.push(tree);
            if !go_on {
                break;
            }
        }
        Grown { base, trees, eta }
    }
}

/// Trees, and the log-odds that they give to the persons whom they were grown on.
pub struct Grown {
    base: LogOdds,
    trees: Vec<Tree>,
    eta: Vec<LogOdds>,
}

impl Grown {
    /// The forest whose log-odds spread `spread` times as far, and whose mean PD of the persons is their default rate.
    pub fn finish(mut self, persons: &Persons, spread: f64) -> Forest {
        let base = self.base;
        if spread.to_bits() != 1f64.to_bits() {
            self.trees.iter_mut().flat_map(|tree| &mut tree.0).for_each(|node| node.value = node.value.times(spread));
            self.eta.iter_mut().for_each(|eta| *eta = eta.spread_from(base, spread));
        }
        self.base.add(balance(Fixed::new(self.eta.len()), &self.eta, &persons.labels));
        let columns = persons.columns.iter().map(|c| c.name.clone()).collect();
        Forest { columns, cuts: persons.cuts.to_vec(), base: self.base, trees: self.trees }
    }
}

/// Gradient and Hessian of each person.
fn differentiate(fixed: Fixed, eta: &[LogOdds], labels: &[bool], cells: &mut [Cell]) {
    let chunks = cells.par_chunks_mut(CHUNK).zip(eta.par_chunks(CHUNK)).zip(labels.par_chunks(CHUNK));
    chunks.with_min_len(8).for_each_init(Linked::new, |linked, ((cells, eta), labels)| {
        let (mut log_odds, mut bad) = ([0.0; CHUNK], [0.0; CHUNK]);
        log_odds.iter_mut().zip(eta).for_each(|(to, eta)| *to = eta.value());
        bad.iter_mut().zip(labels).for_each(|(to, y)| *to = f64::from(u8::from(*y)));
        linked.compute(&log_odds, &bad);
        for (i, cell) in cells.iter_mut().enumerate() {
            *cell = fixed.cell(-linked.residual[i], linked.weight[i]);
        }
    });
}

/// How far all log-odds are to be moved so that the mean PD is the default rate.
fn balance(fixed: Fixed, eta: &[LogOdds], labels: &[bool]) -> LogOdds {
    let (mut shift, mut cells) = (LogOdds::default(), vec![Cell::default(); eta.len()]);
    let mut moved = eta.to_vec();
    for _ in 0..BALANCE_ROUNDS {
        differentiate(fixed, &moved, labels, &mut cells);
        let (g, h) = fixed.sums(total(&cells));
        // A step of at most 1: far from the solution Newton's may overshoot.
        let step = LogOdds::new(if h > 0.0 { (-g / h).clamp(-1.0, 1.0) } else { 0.0 });
        if step == LogOdds::default() {
            break;
        }
        shift.add(step);
        for eta in &mut moved {
            eta.add(step);
        }
    }
    shift
}

fn total(cells: &[Cell]) -> Cell {
    let mut all = Cell::default();
    for cell in cells {
        all += *cell;
    }
    all
}

/// A leaf that may be split yet.
struct Open {
    node: usize,
    rows: Range<usize>,
    histogram: Vec<Cell>,
    sums: Cell,
    bounds: Bounds,
    split: Split,
}

/// Grows trees, with room that is used again.
struct Grower<'a> {
    search: &'a Search<'a>,
    binned: &'a Binned,
    /// Row numbers, those of one leaf side by side and in rising order.
    rows: Vec<u32>,
    moved: Vec<u32>,
    /// Cells of the leaf in hand.
    cells: Vec<Cell>,
    spare: Vec<Vec<Cell>>,
}

impl<'a> Grower<'a> {
    fn new(search: &'a Search<'a>, binned: &'a Binned, rows: usize) -> Self {
        let (numbers, cells) = (vec![0; rows], Vec::with_capacity(rows));
        Self { search, binned, rows: numbers, moved: Vec::with_capacity(rows), cells, spare: Vec::new() }
    }

    /// One tree on these gradients; adds its leaves to `eta`.
    fn tree(&mut self, gradients: &[Cell], eta: &mut [LogOdds]) -> Tree {
        self.rows.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
        let sums = total(gradients);
        let mut nodes = vec![self.leaf(sums, Bounds::NONE)];
        let everybody = 0..gradients.len();
        let mut ranges = vec![everybody.clone()];
        let histogram = self.histogram(gradients, everybody.clone());
        let mut open = Vec::new();
        self.offer(0, everybody, histogram, sums, Bounds::NONE, &mut open);
        let mut leaves = 1;
        while leaves < self.search.params.leaves {
            let Some(best) = first_best(&open) else { break };
            let last = leaves + 1 == self.search.params.leaves;
            self.split(open.swap_remove(best), gradients, last, &mut nodes, &mut ranges, &mut open);
            leaves += 1;
        }
        self.spare.extend(open.into_iter().map(|leaf| leaf.histogram));
        for (node, rows) in nodes.iter().zip(ranges).filter(|(node, _)| node.branch.is_none()) {
            self.rows[rows].iter().for_each(|row| eta[*row as usize].add(node.value));
        }
        Tree(nodes)
    }

    fn leaf(&self, sums: Cell, bounds: Bounds) -> Node {
        let value = self.search.params.learning_rate * self.search.value(sums, bounds);
        Node { value: LogOdds::new(value), branch: None }
    }

    fn histogram(&mut self, gradients: &[Cell], rows: Range<usize>) -> Vec<Cell> {
        let layout = self.search.layout;
        let mut out = self.spare.pop().unwrap_or_else(|| vec![Cell::default(); layout.cells()]);
        let rows = &self.rows[rows];
        if rows.len() == gradients.len() {
            layout.fill(self.binned, rows, gradients, &mut out);
        } else {
            self.cells.clear();
            self.cells.extend(rows.iter().map(|row| gradients[*row as usize]));
            layout.fill(self.binned, rows, &self.cells, &mut out);
        }
        out
    }

    /// Enters a leaf with its best split, if it has one.
    fn offer(
        &mut self,
        node: usize,
        rows: Range<usize>,
        histogram: Vec<Cell>,
        sums: Cell,
        bounds: Bounds,
        open: &mut Vec<Open>,
    ) {
        match self.search.best(Searched { histogram: &histogram, sums, bounds }) {
            Some(split) => open.push(Open { node, rows, histogram, sums, bounds, split }),
            None => self.spare.push(histogram),
        }
    }

    /// Splits a leaf; unless it is the tree's last split, its children are looked at in turn.
    fn split(
        &mut self,
        leaf: Open,
        gradients: &[Cell],
        last: bool,
        nodes: &mut Vec<Node>,
        ranges: &mut Vec<Range<usize>>,
        open: &mut Vec<Open>,
    ) {
        let Open { node, rows, mut histogram, sums, bounds, split } = leaf;
        let middle = self.part(rows.clone(), &split);
        let (below, above) = (rows.start..middle, middle..rows.end);
        let (left_bounds, right_bounds) = self.search.children(&split, sums, bounds);
        let (left_sums, right_sums) = (split.sums, sums - split.sums);
        let child = nodes.len();
        nodes[node].branch = Some(Branch { column: split.column, left: split.left, child, gain: 0.5 * split.gain });
        nodes.extend([self.leaf(left_sums, left_bounds), self.leaf(right_sums, right_bounds)]);
        ranges.extend([below.clone(), above.clone()]);
        if last {
            self.spare.push(histogram);
            return;
        }
        // The smaller child is counted, the other is the rest.
        let left_is_smaller = below.len() <= above.len();
        let smaller = self.histogram(gradients, if left_is_smaller { below.clone() } else { above.clone() });
        subtract(&mut histogram, &smaller);
        let (left, right) = if left_is_smaller { (smaller, histogram) } else { (histogram, smaller) };
        self.offer(child, below, left, left_sums, left_bounds, open);
        self.offer(child + 1, above, right, right_sums, right_bounds, open);
    }

    /// Puts the rows that go left before the others, each in their order; gives the border.
    fn part(&mut self, rows: Range<usize>, split: &Split) -> usize {
        let bins = self.binned.column(split.column);
        self.moved.clear();
        let mut to = rows.start;
        for i in rows {
            let row = self.rows[i];
            if split.left.has(bins[row as usize]) {
                self.rows[to] = row;
                to += 1;
            } else {
                self.moved.push(row);
            }
        }
        self.rows[to..to + self.moved.len()].copy_from_slice(&self.moved);
        to
    }
}

/// The open leaf whose split gains most; of equals the earliest node.
fn first_best(open: &[Open]) -> Option<usize> {
    let rank = |a: &Open, b: &Open| a.split.gain.total_cmp(&b.split.gain).then(b.node.cmp(&a.node));
    (0..open.len()).max_by(|a, b| rank(&open[*a], &open[*b]))
}
