//! How many persons repaid and defaulted in every cell of every column: one joint release.
//!
//! The vector is (goods of every cell, bads of every cell). A person falls into one cell of each column and is good or bad,
//! so adding or removing one changes exactly one entry a column, by [`GRAIN`]: L2 sensitivity² = GRAIN²·columns. The
//! grain is finer than a person so that the grid of the discrete noise costs next to nothing where σ is small.
//!
//! No number of persons is released beside: each column's cells add up to it. Their average, weighted by the noise of each sum,
//! is post-processing.

use super::public::PublicBins;
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::dp_rows::Source;

/// Units of the released integers to one person.
pub(in crate::scoring) const GRAIN: i64 = 16;

/// What the ledger says where noise swamps the counts and the releases that follow them are left out.
pub(in crate::scoring) const NOT_SPENT: &str =
    "nothing: the rest of the budget, given up because noise swamps the counts";

/// Noisy counts, in persons.
pub(in crate::scoring) struct Counts {
    /// Persons who repaid, a cell each.
    pub(in crate::scoring) goods: Vec<f64>,
    /// Persons who defaulted, a cell each.
    pub(in crate::scoring) bads: Vec<f64>,
    /// Standard deviation of the noise of one count.
    pub(in crate::scoring) noise: f64,
    /// Number of persons, at least 1.
    pub(in crate::scoring) persons: f64,
    /// Standard deviation of the noise of `persons`.
    pub(in crate::scoring) persons_noise: f64,
    /// Share of bads, drawn towards the prior by its noise.
    pub(in crate::scoring) rate: f64,
}

/// The joint vector without noise.
pub(in crate::scoring) fn joint(bins: &PublicBins, cells: &[Vec<u32>], labels: &[bool]) -> Vec<i64> {
    let mut values = vec![0i64; 2 * bins.cells()];
    for column in cells {
        for (cell, bad) in column.iter().zip(labels) {
            values[*cell as usize + usize::from(*bad) * bins.cells()] += GRAIN;
        }
    }
    values
}

/// Squared L2 sensitivity of the joint vector.
pub(in crate::scoring) fn sensitivity(columns: usize) -> u64 {
    GRAIN.unsigned_abs().pow(2) * columns as u64
}

/// Releases the counts at a cost of `mu`; `prior_rate` is the default rate assumed where noise drowns the data.
pub(in crate::scoring) fn release(
    bins: &PublicBins,
    cells: &[Vec<u32>],
    labels: &[bool],
    (mu, prior_rate): (f64, f64),
    out: &mut Source,
) -> Result<Counts> {
    let mut values = joint(bins, cells, labels);
    let mechanism = IntegerGaussian::calibrate_mu(sensitivity(bins.width()), mu)?;
    mechanism.release(&mut values, "goods and bads in every bin of every column", out.noise, out.ledger)?;
    let noise = mechanism.deviation() / GRAIN as f64;
    let persons = |v: &i64| *v as f64 / GRAIN as f64;
    let (goods, bads) = values.split_at(bins.cells());
    let (goods, bads): (Vec<f64>, Vec<f64>) = (goods.iter().map(persons).collect(), bads.iter().map(persons).collect());

    // A column of K cells has a sum of variance K·noise².
    let weight: f64 = bins.iter().map(|(b, _)| 1.0 / b.cells() as f64).sum();
    let total = |counts: &[f64]| {
        let of = |(b, range): (_, std::ops::Range<usize>)| {
            let b: &super::public::ColumnBins = b;
            counts[range].iter().sum::<f64>() / b.cells() as f64
        };
        bins.iter().map(of).sum::<f64>() / weight
    };
    let total_noise = noise / libm::sqrt(weight);
    let (good, bad) = (total(&goods).max(0.0), total(&bads).max(0.0));
    let prior = 1.0 + 2.0 * total_noise;
    let rate = ((bad + prior * prior_rate) / (good + bad + prior)).clamp(0.001, 0.999);
    let persons_noise = total_noise * std::f64::consts::SQRT_2;
    Ok(Counts { goods, bads, noise, persons: (good + bad).max(1.0), persons_noise, rate })
}

impl Counts {
    /// A bound on Σ p(1 − p) over the persons of each cell: goods·bads/(goods + bads), which is what PDs that are calibrated in the
    /// cell cannot exceed (p(1 − p) is concave), drawn towards r(1 − r)·persons by the noise of the counts.
    pub(in crate::scoring) fn information(&self) -> Vec<f64> {
        let plain = self.rate * (1.0 - self.rate);
        let of = |(g, b): (&f64, &f64)| {
            let persons = (g + b).max(1.0);
            let expected = self.rate * persons;
            let trust = expected * expected / (expected * expected + self.noise * self.noise);
            let rate = (self.rate + trust * (b / persons - self.rate)).clamp(0.1 * self.rate, 0.5);
            persons * (plain + (rate * (1.0 - rate) - plain).max(0.0))
        };
        self.goods.iter().zip(&self.bads).map(of).collect()
    }

    /// Why nothing can be learnt, if so: the number of persons itself is lost in its noise.
    pub(in crate::scoring) fn swamped(&self) -> Option<String> {
        crate::scoring::dp_rows::swamped(self.persons, self.persons_noise)
    }
}
