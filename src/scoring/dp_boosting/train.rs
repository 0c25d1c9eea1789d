//! The releases, one after another, and what is learnt from each.

use super::DpBoostingParams;
use super::choose::Chooser;
use super::prior::{Axis, Evidence, posterior};
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::dp_bins::public::{ColumnBins, PublicBins};
use crate::scoring::dp_rows::Source;
use crate::scoring::lanes::{CHUNK, Linked};
use crate::view::Frame;
use rayon::prelude::*;

/// Bits of the grid that gradients are rounded to; fewer where the noise would pass the samplers' range.
const BITS: u32 = 12;
/// Releases of all persons together that find the default rate, before any table.
const LEVELS: u32 = 2;
/// Largest step of the default rate's log-odds: Newton's own may overshoot.
const LARGEST_LEVEL: f64 = 1.0;
/// Deviations above which the Hessian of all persons is not noise.
const SEEN: f64 = 4.0;
/// Hessians are released three times as large, which costs nothing (see the proof).
const HESSIAN: f64 = 3.0;

/// A learnt table.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Table {
    /// Columns that are crossed.
    pub columns: Vec<usize>,
    /// Log-odds of each cell; the last column's bins run fastest.
    pub values: Vec<f64>,
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// What all persons' log-odds were moved by before any table.
    pub base: f64,
    /// Tables in their order.
    pub tables: Vec<Table>,
    /// One axis for each column.
    pub axes: Vec<Axis>,
    /// What each column explained.
    pub strengths: Vec<f64>,
}

/// The persons: each column's bin, and the outcome.
struct Persons<'a> {
    bins: Vec<Vec<u8>>,
    labels: &'a [bool],
}

/// One person's part in a release, in the grid of 2^−bits: gradient and Hessian, with g² + h² ≤ 2^(2·bits).
pub fn part(residual: f64, weight: f64, bits: u32) -> (i64, i64) {
    let scale = (1u64 << bits) as f64;
    // To the nearest by truncation, after a shift that makes it positive.
    let g = (residual * scale + (2.0 * scale + 0.5)) as i64;
    // The bound is in integers, whatever the floats did.
    let g = g.clamp(1 << bits, 3 << bits) - (2 << bits);
    let h = ((HESSIAN * weight * scale + 0.5) as i64).clamp(0, 1 << bits);
    let left = (1i64 << (2 * bits)) - g * g;
    (g, if h * h > left { left.max(0).isqrt() } else { h })
}

/// The mechanism of each release, and the bits of its grid.
pub fn mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let mut bits = BITS;
    loop {
        match IntegerGaussian::calibrate_mu(1 << (2 * bits), mu) {
            Err(_) if bits > 2 => bits -= 2,
            found => return found.map(|m| (m, bits)),
        }
    }
}

/// The cell of a row in a table of these columns.
fn cell(bins: &[Vec<u8>], sizes: &[usize], columns: &[usize], row: usize) -> usize {
    columns.iter().zip(sizes).fold(0, |cell, (j, size)| cell * size + usize::from(bins[*j][row]))
}

fn bins_of(axes: &[Axis], bins: &PublicBins, frame: &Frame) -> Vec<Vec<u8>> {
    let columns: Vec<&ColumnBins> = bins.iter().map(|(b, _)| b).collect();
    let one = |j: usize| frame.column(j).iter().map(|x| axes[j].bin(columns[j], *x)).collect();
    (0..axes.len()).into_par_iter().map(one).collect()
}

/// Σ of all persons' parts by cell: gradients, then Hessians.
fn sums(persons: &Persons, eta: &[f64], columns: &[usize], sizes: &[usize], bits: u32) -> Vec<i64> {
    let cells: usize = sizes.iter().product();
    let zero = || (vec![0i64; 2 * cells], Linked::new());
    let add = |(mut sums, mut linked): (Vec<i64>, Linked), (chunk, eta): (usize, &[f64])| {
        let (mut log_odds, mut bad) = ([0.0; CHUNK], [0.0; CHUNK]);
        let from = chunk * CHUNK;
        log_odds[..eta.len()].copy_from_slice(eta);
        bad.iter_mut().zip(&persons.labels[from..]).for_each(|(to, y)| *to = f64::from(u8::from(*y)));
        linked.compute(&log_odds, &bad);
        for i in 0..eta.len() {
            let at = cell(&persons.bins, sizes, columns, from + i);
            let (g, h) = part(linked.residual[i], linked.weight[i], bits);
            sums[at] += g;
            sums[cells + at] += h;
        }
        (sums, linked)
    };
    let merge = |mut a: Vec<i64>, b: Vec<i64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let parts = eta.par_chunks(CHUNK).enumerate().with_min_len(16).fold(zero, add).map(|(sums, _)| sums);
    parts.reduce(|| vec![0; 2 * cells], merge)
}

/// Learns `p.tables` releases of cost `mu` in all, on top of the log-odds in `eta`; beside, the standard deviation of the log-odds
/// that independent tables of this size make.
pub fn fit(
    p: &DpBoostingParams,
    bins: &PublicBins,
    frame: &Frame,
    labels: &[bool],
    mut eta: Vec<f64>,
    mu: f64,
    source: &mut Source,
) -> Result<(Trained, f64)> {
    let axes = Axis::all(bins);
    let persons = Persons { bins: bins_of(&axes, bins, frame), labels };
    let (mechanism, bits) = mechanism(mu / libm::sqrt(f64::from(p.tables)))?;
    let mut chooser = Chooser::new(axes.len(), p.explore);
    let (mut base, mut tables, mut variance) = (0.0, Vec::new(), 0.0);
    for round in 0..p.tables {
        let columns = if round < LEVELS { Vec::new() } else { chooser.next() };
        let sides: Vec<&Axis> = columns.iter().map(|j| &axes[*j]).collect();
        let sizes: Vec<usize> = sides.iter().map(|a| a.bins()).collect();
        let mut released = sums(&persons, &eta, &columns, &sizes, bits);
        mechanism.release(&mut released, &query(round, p.tables, &columns, frame), source.noise, source.ledger)?;
        let evidence = read(&released, mechanism.deviation(), bits);
        if round < LEVELS {
            let step = posterior(&[], &evidence.cautious(), 1.0)[0].clamp(-LARGEST_LEVEL, LARGEST_LEVEL);
            base += step;
            for eta in &mut eta {
                *eta += step;
            }
            continue;
        }
        let values = posterior(&sides, &evidence, p.prior_spread * p.prior_spread / f64::from(p.tables));
        chooser.learn(&columns, &sizes, &values, &evidence.hessian);
        variance += spread(&values, &evidence.hessian);
        let table = Table { columns, values };
        table.add(&persons.bins, &sizes, &mut eta);
        tables.push(table);
    }
    let strengths = chooser.strengths().to_vec();
    Ok((Trained { base, tables, axes, strengths }, libm::sqrt(variance)))
}

/// The variance of a table's value over the persons, weighed by their Hessians; even over the cells where noise leaves none.
fn spread(values: &[f64], hessian: &[f64]) -> f64 {
    let all: f64 = hessian.iter().sum();
    let weight = |h: &f64| if all > 0.0 { h / all } else { 1.0 / values.len() as f64 };
    let mean: f64 = values.iter().zip(hessian).map(|(v, h)| v * weight(h)).sum();
    values.iter().zip(hessian).map(|(v, h)| (v - mean) * (v - mean) * weight(h)).sum()
}

fn query(round: u32, of: u32, columns: &[usize], frame: &Frame) -> String {
    let names: Vec<&str> = columns.iter().map(|j| frame.columns()[*j].name.as_str()).collect();
    let what = if names.is_empty() { "all persons".to_owned() } else { names.join(" x ") };
    format!("boosted table {} of {of}: gradients and Hessians by {what}", round + 1)
}

/// From the grid of the release to sums of y − p and p·(1 − p).
fn read(released: &[i64], deviation: f64, bits: u32) -> Evidence {
    let scale = (1u64 << bits) as f64;
    let (g, h) = released.split_at(released.len() / 2);
    Evidence {
        gradient: g.iter().map(|g| *g as f64 / scale).collect(),
        hessian: h.iter().map(|h| (*h as f64 / (HESSIAN * scale)).max(0.0)).collect(),
        noise: deviation / scale * (deviation / scale),
    }
}

impl Evidence {
    /// Nothing is learnt from Hessians that may be noise alone.
    fn cautious(&self) -> Self {
        let least = SEEN * libm::sqrt(self.noise) / HESSIAN;
        let seen = |h: &f64| if *h > least { *h } else { 0.0 };
        Self { hessian: self.hessian.iter().map(seen).collect(), ..self.clone() }
    }
}

impl Table {
    fn add(&self, bins: &[Vec<u8>], sizes: &[usize], eta: &mut [f64]) {
        for (row, eta) in eta.iter_mut().enumerate() {
            *eta += self.values[cell(bins, sizes, &self.columns, row)];
        }
    }
}

impl Trained {
    /// The same with tables of `share` the size.
    pub fn shrunk(mut self, share: f64) -> Self {
        self.tables.iter_mut().flat_map(|t| &mut t.values).for_each(|v| *v *= share);
        self.strengths.iter_mut().for_each(|s| *s *= share * share);
        self
    }

    /// Adds what was learnt to the log-odds of each row of a frame with the fitted columns.
    pub fn add(&self, bins: &PublicBins, frame: &Frame, eta: &mut [f64]) {
        let cells = bins_of(&self.axes, bins, frame);
        for eta in eta.iter_mut() {
            *eta += self.base;
        }
        for table in &self.tables {
            let sizes: Vec<usize> = table.columns.iter().map(|j| self.axes[*j].bins()).collect();
            table.add(&cells, &sizes, eta);
        }
    }
}
