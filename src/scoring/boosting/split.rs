//! The best split of one node: which bins of which column go left.

use super::BoostingParams;
use super::bins::Cuts;
use super::histogram::{Cell, Fixed, Layout};
use crate::view::{Column, Trend};
use rayon::prelude::*;

/// Least Hessian of a child (LightGBM's default): keeps Newton steps finite without a penalty.
const LEAST_HESSIAN: f64 = 1e-3;
/// Least gain of a split; below it is rounding.
const LEAST_GAIN: f64 = 1e-9;
/// Persons' Hessian added where levels of a category are ordered and valued (LightGBM's cat_smooth and cat_l2).
const LEVEL_SMOOTHING: f64 = 10.0;
/// Number of bins × columns below which one thread is faster than several.
const SERIAL: usize = 1 << 14;

/// A set of bins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BinSet([u64; 4]);

impl BinSet {
    /// Whether the bin is inside.
    #[inline]
    pub fn has(&self, bin: u8) -> bool {
        self.0[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
    }

    /// Adds a bin.
    pub fn add(&mut self, bin: usize) {
        self.0[bin >> 6 & 3] |= 1 << (bin & 63);
    }
}

/// Values that a node may take, so that the trends of the splits above it hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Lowest.
    pub lo: f64,
    /// Highest.
    pub hi: f64,
}

impl Bounds {
    /// Any value.
    pub const NONE: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    fn clamp(self, value: f64) -> f64 {
        value.max(self.lo).min(self.hi)
    }

    fn any(self) -> bool {
        self.lo == f64::NEG_INFINITY && self.hi == f64::INFINITY
    }
}

/// How a node is split.
#[derive(Clone, Debug)]
pub struct Split {
    /// What it lowers the log-loss by, to second order, times two.
    pub gain: f64,
    /// Column.
    pub column: usize,
    /// Bins that go left.
    pub left: BinSet,
    /// Sums over the persons who go left.
    pub sums: Cell,
    /// Direction that this split must keep: +1 left ≤ right, −1 left ≥ right, 0 none.
    direction: i8,
}

/// What the search knows of the training set.
pub struct Search<'a> {
    pub params: &'a BoostingParams,
    pub fixed: Fixed,
    pub layout: &'a Layout,
    pub cuts: &'a [Cuts],
    pub columns: &'a [Column],
}

/// The node under search: its histogram, sums and bounds.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub histogram: &'a [Cell],
    pub sums: Cell,
    pub bounds: Bounds,
}

impl Search<'_> {
    /// Value of a leaf with these sums, before the learning rate.
    pub fn value(&self, sums: Cell, bounds: Bounds) -> f64 {
        let (g, h) = self.fixed.sums(sums);
        let weight = h + self.params.l2;
        bounds.clamp(if weight > 0.0 { -g / weight } else { 0.0 })
    }

    /// Bounds of the children of a split node.
    pub fn children(&self, split: &Split, node: Cell, bounds: Bounds) -> (Bounds, Bounds) {
        let middle = || 0.5 * (self.value(split.sums, bounds) + self.value(node - split.sums, bounds));
        match split.direction {
            1.. => (Bounds { hi: middle(), ..bounds }, Bounds { lo: middle(), ..bounds }),
            0 => (bounds, bounds),
            _ => (Bounds { lo: middle(), ..bounds }, Bounds { hi: middle(), ..bounds }),
        }
    }

    /// The split that gains most; of equals the first column's, then the lowest bins'. `None`: none is allowed or gains.
    pub fn best(&self, node: Node) -> Option<Split> {
        if node.sums.persons() < 2 * i64::from(self.params.least_persons) {
            return None;
        }
        let one = |j: &usize| self.of_column(*j, node);
        let better = |a: Option<Split>, b: Option<Split>| match (a, b) {
            (Some(a), Some(b)) => Some(if b.gain > a.gain { b } else { a }),
            (a, b) => a.or(b),
        };
        if self.layout.cells() < SERIAL {
            return self.layout.useful.iter().map(one).fold(None, better);
        }
        let all: Vec<Option<Split>> = self.layout.useful.par_iter().map(one).collect();
        all.into_iter().fold(None, better)
    }

    fn of_column(&self, j: usize, node: Node) -> Option<Split> {
        let cells = &node.histogram[self.layout.starts[j]..self.layout.starts[j + 1]];
        let cuts = &self.cuts[j];
        let direction = match self.columns[j].trend {
            Trend::Rising => 1,
            Trend::Falling => -1,
            Trend::Auto | Trend::Free => 0,
        };
        let l2 = self.params.l2 + if matches!(cuts, Cuts::Levels(_)) { LEVEL_SMOOTHING } else { 0.0 };
        let (g, h) = self.fixed.sums(node.sums);
        let judge = Judge {
            fixed: self.fixed,
            least: i64::from(self.params.least_persons),
            l2,
            bounds: node.bounds,
            parent: score(g, h + self.params.l2, node.bounds),
        };
        let least = self.params.least_gain.max(LEAST_GAIN);
        let mut scan = Scan { judge, cells, first: cuts.apart(), all: node.sums, least, best: None };
        match cuts {
            Cuts::Levels(_) => scan.levels(),
            Cuts::Ordered { .. } => scan.ordered(direction),
        }
        scan.best.map(|found| scan.describe(&found, j))
    }
}

/// What a node's log-loss is lowered by if it is a leaf, times two: −(2·G·w + (H + l2)·w²) at the allowed w.
fn score(g: f64, weight: f64, bounds: Bounds) -> f64 {
    if bounds.any() {
        return g * g / weight;
    }
    let value = bounds.clamp(-g / weight);
    -(2.0 * g + weight * value) * value
}

/// Whether and how much a split gains.
struct Judge {
    fixed: Fixed,
    least: i64,
    l2: f64,
    bounds: Bounds,
    parent: f64,
}

impl Judge {
    /// Gain over the parent; `None` where a child is too small or the direction is not kept.
    #[inline]
    fn gain(&self, left: Cell, right: Cell, direction: i8) -> Option<f64> {
        if left.persons() < self.least || right.persons() < self.least {
            return None;
        }
        let ((g, h), (k, i)) = (self.fixed.sums(left), self.fixed.sums(right));
        if h < LEAST_HESSIAN || i < LEAST_HESSIAN {
            return None;
        }
        let (h, i) = (h + self.l2, i + self.l2);
        if direction != 0 {
            let order = self.bounds.clamp(-k / i) - self.bounds.clamp(-g / h);
            if order * f64::from(direction) < 0.0 {
                return None;
            }
        }
        Some(score(g, h, self.bounds) + score(k, i, self.bounds) - self.parent)
    }

    /// What sums are worth on their own side.
    fn worth(&self, cell: Cell) -> f64 {
        let (g, h) = self.fixed.sums(cell);
        if h + self.l2 > 0.0 { score(g, h + self.l2, self.bounds) } else { 0.0 }
    }
}

/// A candidate: the ordered bins below `below` go left, and of the others those in `apart`.
#[derive(Clone, Copy)]
struct Found {
    gain: f64,
    below: usize,
    apart: BinSet,
    sums: Cell,
    direction: i8,
}

/// One pass over the bins of one column.
struct Scan<'a> {
    judge: Judge,
    cells: &'a [Cell],
    /// First bin that stands in an order.
    first: usize,
    all: Cell,
    /// Gain that a split must be above.
    least: f64,
    best: Option<Found>,
}

impl Scan<'_> {
    fn offer(&mut self, below: usize, apart: BinSet, sums: Cell, direction: i8) {
        let Some(gain) = self.judge.gain(sums, self.all - sums, direction) else { return };
        if gain > self.best.map_or(self.least, |b| b.gain) {
            self.best = Some(Found { gain, below, apart, sums, direction });
        }
    }

    /// A quantity: every end of an ordered bin, missing values and codes where they gain most; and these alone.
    fn ordered(&mut self, direction: i8) {
        let apart: Vec<usize> = (0..self.first).filter(|k| self.cells[*k].persons() > 0).collect();
        let mut ordered = self.all;
        for &k in &apart {
            ordered = ordered - self.cells[k];
        }
        let (mut together, mut sums) = (BinSet::default(), Cell::default());
        for &k in &apart {
            let mut alone = BinSet::default();
            alone.add(k);
            self.offer(0, alone, self.cells[k], 0);
            together.add(k);
            sums += self.cells[k];
            self.offer(0, together, sums, 0);
        }
        let mut left = Cell::default();
        for k in self.first..self.cells.len() - 1 {
            if self.cells[k].persons() == 0 {
                continue;
            }
            left += self.cells[k];
            if apart.is_empty() {
                self.offer(k + 1, BinSet::default(), left, direction);
            } else {
                let (set, sums) = self.place(&apart, left, ordered - left);
                self.offer(k + 1, set, sums, direction);
            }
        }
    }

    /// Sends each apart bin to the side where it gains more: those that go left, and the sums of the left side.
    fn place(&self, apart: &[usize], mut left: Cell, mut right: Cell) -> (BinSet, Cell) {
        let mut set = BinSet::default();
        for &k in apart {
            let with = |side: Cell| {
                let mut joined = side;
                joined += self.cells[k];
                joined
            };
            let goes_left = self.judge.worth(with(left)) + self.judge.worth(right);
            let goes_right = self.judge.worth(left) + self.judge.worth(with(right));
            if goes_left > goes_right {
                left = with(left);
                set.add(k);
            } else {
                right = with(right);
            }
        }
        (set, left)
    }

    /// A category: its levels (a missing value is one) in the order of their smoothed gradients, cut anywhere.
    fn levels(&mut self) {
        let mean = |k: usize| {
            let (g, h) = self.judge.fixed.sums(self.cells[k]);
            g / (h + LEVEL_SMOOTHING)
        };
        let mut order: Vec<(f64, usize)> =
            (0..self.cells.len()).filter(|k| self.cells[*k].persons() > 0).map(|k| (mean(k), k)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut set, mut left) = (BinSet::default(), Cell::default());
        for (_, k) in order.iter().take(order.len().saturating_sub(1)) {
            set.add(*k);
            left += self.cells[*k];
            self.offer(0, set, left, 0);
        }
    }

    /// The set of bins of a candidate. Bins without an order that nobody of this node is in go to the larger child.
    fn describe(&self, found: &Found, column: usize) -> Split {
        let mut left = found.apart;
        let mostly_left = 2 * found.sums.persons() >= self.all.persons();
        for (k, cell) in self.cells.iter().enumerate() {
            let goes_left = if k < self.first { cell.persons() == 0 && mostly_left } else { k < found.below };
            if goes_left {
                left.add(k);
            }
        }
        Split { gain: found.gain, column, left, sums: found.sums, direction: found.direction }
    }
}
