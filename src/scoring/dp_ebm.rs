//! Explainable boosting under central differential privacy: an additive model of one function a column, trained inside
//! the platform by cyclic boosting on noisy histograms.
//!
//! # Guarantee
//!
//! The learnt model is (ε, δ)-DP towards every person of the *training* data; neighbouring data sets differ by adding or
//! removing one person with features and outcome. Nothing protects the record that is scored, whatever ε.
//!
//! # What is released
//!
//! | release | one person's part | L2 sensitivity | share of μ² |
//! |---|---|---|---|
//! | goods and bads in every public bin of every column | one count a column | √columns | `counts_share` |
//! | in each of `sweeps`, for one column after another: residuals summed in its bins | round((y − p)·2ᵇ) in one bin | 2ᵇ | the rest, in `sweeps`·columns equal parts |
//!
//! *Proof.* Bins are public (`dp_bins`), so a person is in exactly one cell of a column: one count a
//! column changes by 1 in the first release, one sum by |round((y − p)·2ᵇ)| ≤ 2ᵇ in each later one, where p is a function
//! of the person's cells and of earlier releases. Discrete Gaussian noise of scale σ makes each Δ/√(σ² − r²)-GDP
//! ([`privacy`](crate::privacy::mechanism)); adaptive composition adds the μ², exactly, over all releases; the rest is
//! post-processing. Where noise swamps the counts there are no later releases, and their μ² is given up in the ledger.
//!
//! # How it learns
//!
//! It starts from the smoothed evidence (`dp_bins`) of the counts divided by √columns, as if columns were partly
//! repeats of each other. For a column with released residual sums R and information h a bound on Σ p(1 − p) in the cell, a
//! step of `rate` times
//!
//! ```text
//! (diag(h²/v) + P)⁻¹·(h·R/v − P·(f − f₀)),     v = h + 2·noise²/sweeps
//! ```
//!
//! is taken: Newton's step to the posterior mean under a public random-walk prior P around the start f₀. Where counts are
//! large the data decide; where noise dominates, a cell follows its neighbours and the start. The sum of R moves the
//! intercept. The second half of the sweeps is averaged. One column after another costs what all at once would (√columns more
//! sensitivity against as many times the releases) and needs no damping for columns that repeat each other.
//!
//! Against the published DP-EBM: public bins rather than noisy quantiles; the budget split exactly; hundreds of rounds
//! replaced by a few Newton steps; smoothing by the known noise; averaging. The score is intercept + Σ points of the
//! person's cells. ε = ∞ is the noiseless twin. Limits: no interactions but those that are columns. The defaults were
//! tried on the Taiwan table (three splits): there they are read off the data and not charged.
//!
//! Sources: Nori, Caruana, Bu, Shen & Kulkarni 2021, "Accuracy, interpretability, and differential privacy via explainable
//! boosting"; Dong, Roth & Su 2022; Canonne, Kamath & Steinke 2020.

mod saved;

pub(super) use self::saved::read;
use super::dp_bins::counts::{self, Counts, NOT_SPENT};
use super::dp_bins::evidence::{Prior, evidence, impose, public_knowledge, resistance, smooth};
use super::dp_bins::public::PublicBins;
use super::dp_rows::{Source, labels_of};
use super::{Fitted, Scorer};
use crate::error::Result;
use crate::params::{above, any, between};
use crate::privacy::{Budget, IntegerGaussian, Ledger, Noise};
use crate::stats::{logistic, logit};
use crate::view::PlatformView;
use std::ops::Range;

crate::params! {
    /// DP explainable boosting. All of it counts as public: whoever chooses by looking at the data owes a charge of its own.
    pub struct DpEbmParams {
        /// Even cells that fill the gaps between a column's public steps and knots.
        pub grid: u32 = 20, "cells", between(1.0, 1000.0), "assumed: more cells cost no budget, they are smoothed";
        /// Share of μ² for the counts; the sweeps have the rest.
        pub counts_share: f64 = 0.3, "share", between(0.01, 0.95), "as the DP scorecard";
        /// How often every column is boosted.
        pub sweeps: u32 = 4, "sweeps", between(1.0, 100.0), "tried on the Taiwan table: 4 and 8 differ little";
        /// Share of a Newton step that is taken.
        pub rate: f64 = 0.7, "share", above(0.0, 1.0), "tried on the Taiwan table and on made-up rare defaults: .5 to 1 differ little";
        /// Prior standard deviation of a cell's log-odds in the counts' evidence.
        pub start_spread: f64 = 2.0, "log-odds", above(0.0, 100.0), "as the DP scorecard";
        /// Prior standard deviation of the difference between a column's ends in the counts' evidence.
        pub start_walk: f64 = 0.6, "log-odds", above(0.0, 100.0), "as the DP scorecard";
        /// Prior mean of that difference where the column's trend is public.
        pub rise: f64 = 1.0, "log-odds", between(0.0, 100.0), "as the DP scorecard";
        /// Whether a public trend is imposed on the points, and not only expected.
        pub impose_trends: bool = false, "", any(), "a regulator may ask for it; on the Taiwan table it costs .004 of AUC";
        /// Prior standard deviation of what boosting adds to a cell.
        pub spread: f64 = 0.5, "log-odds", above(0.0, 100.0), "tried on the Taiwan table: .3 and .5 differ little";
        /// Prior standard deviation of the difference that boosting makes between a column's ends.
        pub walk: f64 = 0.5, "log-odds", above(0.0, 100.0), "tried on the Taiwan table: .3 and .5 differ little";
        /// Default rate assumed where noise drowns the data.
        pub prior_rate: f64 = 0.1, "share", between(0.001, 0.999), "assumed";
    }
}

/// Explainable boosting under (ε, δ)-differential privacy; see the [module](self).
#[derive(Clone, Debug)]
pub struct DpEbm {
    /// Public settings.
    pub params: DpEbmParams,
    /// Budget of the whole fit.
    pub budget: Budget,
    /// Where the noise comes from. A fit works on a copy: two fits repeat each other.
    pub noise: Noise,
}

/// A learnt additive model.
#[derive(Clone, Debug, PartialEq)]
pub struct DpEbmModel {
    bins: PublicBins,
    intercept: f64,
    /// Log-odds of default, a cell each.
    points: Vec<f64>,
    notes: Vec<String>,
}

/// The mechanism of one column's residuals at a cost of `mu`, and the bits of a residual: fewer where noise is large anyway.
fn mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let fits = |bits: u32| f64::from(1u32 << bits) / mu < 1e9;
    let bits = (4..=12).rev().find(|b| fits(*b)).unwrap_or(4);
    Ok((IntegerGaussian::calibrate_mu(1 << (2 * bits), mu)?, bits))
}

/// Residuals summed in the cells of one column, in units of 2⁻ᵇⁱᵗˢ: what a release adds noise to.
fn residuals(cells: &[u32], range: &Range<usize>, logits: &[f64], labels: &[bool], bits: u32) -> Vec<i64> {
    let one = f64::from(1u32 << bits);
    let mut sums = vec![0i64; range.len()];
    for ((cell, logit), bad) in cells.iter().zip(logits).zip(labels) {
        // |y − p| ≤ 1 survives rounding to the nearest unit.
        sums[*cell as usize - range.start] += libm::rint((f64::from(u8::from(*bad)) - logistic(*logit)) * one) as i64;
    }
    sums
}

/// The additive function while it is boosted.
struct Boosted<'a> {
    p: &'a DpEbmParams,
    bins: &'a PublicBins,
    /// A bound on Σ p(1 − p), a cell each ([`Counts::information`]).
    information: Vec<f64>,
    start: Vec<f64>,
    points: Vec<f64>,
    intercept: f64,
}

impl<'a> Boosted<'a> {
    fn new(p: &'a DpEbmParams, bins: &'a PublicBins, counts: &Counts) -> Self {
        let found = evidence(
            bins,
            counts,
            Prior { spread: p.start_spread, walk: p.start_walk, rise: p.rise, monotone: p.impose_trends },
        );
        let share = 1.0 / libm::sqrt(bins.width() as f64);
        let start: Vec<f64> = found.weight.iter().map(|w| w * share).collect();
        let information = counts.information();
        Self { p, bins, information, points: start.clone(), start, intercept: logit(counts.rate) }
    }

    /// The steps of one column and of the intercept, from released residual sums (in persons) and the noise of each.
    fn step(&self, ordered: usize, range: &Range<usize>, sums: &[f64], noise: f64) -> (Vec<f64>, f64) {
        let h = &self.information[range.clone()];
        let (total, all): (f64, f64) = (sums.iter().sum(), h.iter().sum());
        let total_noise = 4.0 * noise * noise * sums.len() as f64;
        let up = total * all / (all * all + total_noise);
        let prior = Prior { spread: self.p.spread, walk: self.p.walk, rise: 0.0, monotone: false };
        let moved: Vec<f64> = range.clone().map(|k| self.points[k] - self.start[k]).collect();
        let back = resistance(ordered, &moved, prior);
        let settled = 2.0 * noise * noise / f64::from(self.p.sweeps);
        let (precision, pull): (Vec<f64>, Vec<f64>) = h
            .iter()
            .zip(sums.iter().zip(back))
            .map(|(h, (sum, back))| {
                let variance = h + settled;
                (h * h / variance, h * (sum - h * total / all) / variance - back)
            })
            .unzip();
        let step = smooth(ordered, &precision, &pull, prior).into_iter().map(|s| s * self.p.rate).collect();
        (step, up * self.p.rate)
    }

    /// All sweeps, at a cost of `mu`; ends at the mean of the second half.
    fn boost(&mut self, cells: &[Vec<u32>], labels: &[bool], mu: f64, source: &mut Source) -> Result<()> {
        let releases = f64::from(self.p.sweeps) * self.bins.width() as f64;
        let (mechanism, bits) = mechanism(mu / libm::sqrt(releases))?;
        let one = f64::from(1u32 << bits);
        let noise = mechanism.deviation() / one;
        let mut logits = vec![self.intercept; labels.len()];
        for column in cells {
            logits.iter_mut().zip(column).for_each(|(l, cell)| *l += self.points[*cell as usize]);
        }
        let tail = self.p.sweeps.div_ceil(2);
        let (mut mean, mut mean_intercept) = (vec![0.0; self.points.len()], 0.0);
        for sweep in 0..self.p.sweeps {
            for ((column, range), cells) in self.bins.iter().zip(cells) {
                let mut sums = residuals(cells, &range, &logits, labels, bits);
                let what = format!("residuals of {}, sweep {}", column.column_name(), sweep + 1);
                mechanism.release(&mut sums, &what, source.noise, source.ledger)?;
                let sums: Vec<f64> = sums.iter().map(|s| *s as f64 / one).collect();
                let (step, up) = self.step(column.ordered(), &range, &sums, noise);
                logits.iter_mut().zip(cells).for_each(|(l, cell)| *l += step[*cell as usize - range.start] + up);
                self.points[range].iter_mut().zip(step).for_each(|(p, s)| *p += s);
                self.intercept += up;
            }
            if sweep + tail >= self.p.sweeps {
                mean.iter_mut().zip(&self.points).for_each(|(m, p)| *m += p / f64::from(tail));
                mean_intercept += self.intercept / f64::from(tail);
            }
        }
        (self.points, self.intercept) = (mean, mean_intercept);
        Ok(())
    }

    /// Columns of a public trend follow it.
    fn impose_trends(&mut self) {
        for (column, range) in self.bins.iter() {
            impose(column, &self.information[range.clone()], &mut self.points[range]);
        }
    }
}

impl DpEbm {
    /// Fits, and keeps what was learnt visible. Fails without outcomes, without features, or for a budget of no meaning.
    pub fn learn(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<DpEbmModel> {
        let mu = Budget::new(self.budget.epsilon, self.budget.delta)?.mu();
        let p = &self.params;
        let labels = labels_of(view)?;
        let bins = PublicBins::new(view.features.columns(), p.grid);
        let cells = bins.cells_of(&view.features);
        let mut noise = self.noise.clone();
        let mut source = Source { noise: &mut noise, ledger };
        let (for_counts, rest) = (mu * libm::sqrt(p.counts_share), mu * libm::sqrt(1.0 - p.counts_share));
        let counts = counts::release(&bins, &cells, labels, (for_counts, p.prior_rate), &mut source)?;
        if let Some(note) = counts.swamped() {
            source.ledger.forfeit(NOT_SPENT, rest);
            let (known, trends) = public_knowledge(&bins, p.rise);
            let share = 1.0 / libm::sqrt(trends.max(1) as f64);
            let points = known.iter().map(|k| k * share).collect();
            return Ok(DpEbmModel { bins, intercept: logit(counts.rate), points, notes: vec![note] });
        }
        let mut boosted = Boosted::new(p, &bins, &counts);
        boosted.boost(&cells, labels, rest, &mut source)?;
        if p.impose_trends {
            boosted.impose_trends();
        }
        let Boosted { points, intercept, .. } = boosted;
        Ok(DpEbmModel { bins, intercept, points, notes: Vec::new() })
    }
}

impl Scorer<PlatformView> for DpEbm {
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        Ok(Box::new(self.learn(view, ledger)?))
    }
}

/// Largest |log-odds| of a score.
const LARGEST_LOGIT: f64 = 30.0;

impl DpEbmModel {
    /// The constant of the log-odds of default.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Every bin of every column in words, with what it adds to the log-odds of default.
    pub fn table(&self) -> Vec<(String, f64)> {
        let mut out = Vec::with_capacity(self.bins.cells());
        for (column, range) in self.bins.iter() {
            out.extend(range.clone().map(|k| (column.name(k - range.start), self.points[k])));
        }
        out
    }
}

impl Fitted<PlatformView> for DpEbmModel {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.bins.check(&view.features)?;
        let mut logits = vec![self.intercept; view.features.rows()];
        for column in self.bins.cells_of(&view.features) {
            logits.iter_mut().zip(column).for_each(|(l, cell)| *l += self.points[cell as usize]);
        }
        Ok(logits.into_iter().map(|l| logistic(l.clamp(-LARGEST_LOGIT, LARGEST_LOGIT))).collect())
    }

    fn export(&self) -> Option<serde_json::Value> {
        saved::write(self)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests;
