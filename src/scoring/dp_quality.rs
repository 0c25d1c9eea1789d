//! How good a private model is, released beside it and paid for: counts of goods and bads by its score.
//!
//! Whoever reads a model that was trained under DP cannot try it on the persons it was trained on, and noise may have left it
//! worse than no model. So a named share of the budget buys one more release: how many goods and how many bads there are in each
//! of 32 cells of the PD, even in log-odds. From these follow, each with an interval,
//!
//! | | |
//! |---|---|
//! | calibration in the large | defaults counted, over defaults that the model expects |
//! | AUC | a pair in the same cell counts one half |
//! | what the model saves | log-loss a person of a model that knows the default rate alone, less the model's |
//!
//! *Proof.* The cells are public, and the score is a function of what was released before and of the person's own row. A person is
//! in one cell and good or bad: a person more or less changes one count by 1, an L2 sensitivity of one person. The fit and the counts
//! are Gaussian with μ²·(1 − share) and μ²·share, so that adaptive composition gives the μ of the whole budget. All else is
//! post-processing.
//!
//! *Intervals* are of 95 %, normal, and hold the noise of the counts and the chance of who was in the data. The persons are those
//! that the model learnt from: a private model can flatter itself little on them, but what is said is of them, not of applicants.

use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::privacy::{Budget, IntegerGaussian, Ledger, Noise, epsilon_of_mu};
use crate::scoring::dp_rows::labels_of;
use crate::stats::{logistic, logit};
use crate::view::PlatformView;

/// Cells, even in log-odds between these; the outer ones hold what is beyond.
const CELLS: usize = 32;
const LOWEST: f64 = -8.0;
const WIDTH: f64 = 0.4;
/// Units of a released count to one person: so fine that the grid of the noise costs next to nothing.
const GRAIN: i64 = 16;
/// Normal deviations of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// Calibration in the large outside these is a warning: a quarter more defaults than expected, or a fifth fewer.
const CALIBRATED: (f64, f64) = (0.8, 1.25);

/// An estimate with the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimated {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Estimated {
    fn new(value: f64, variance: f64, (least, most): (f64, f64)) -> Self {
        let half = Z * libm::sqrt(variance.max(0.0));
        let within = |x: f64| x.clamp(least, most);
        Self { value: within(value), lo: within(value - half), hi: within(value + half) }
    }
}

/// What the counts say of a model.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Quality {
    /// Share of μ² of the whole budget that the counts cost.
    pub share: f64,
    /// Standard deviation of the noise on each count, persons.
    pub noise: f64,
    /// Defaults counted over defaults expected; none where noise may hide all defaults.
    pub calibration: Option<Estimated>,
    /// AUC; none where noise may hide all defaults.
    pub auc: Option<Estimated>,
    /// Log-loss a person saved against the default rate alone, nats; none where noise may hide all defaults.
    pub saved: Option<Estimated>,
}

/// Noisy counts: goods and bads by cell, and the variance of the noise on each.
struct Counts {
    goods: Vec<f64>,
    bads: Vec<f64>,
    noise: f64,
}

/// The cell of a PD; 0 of one that is no number.
fn cell(pd: f64) -> usize {
    // `as` saturates: what lies below the lowest is in cell 0.
    (((logit(pd) - LOWEST) / WIDTH) as usize).min(CELLS - 1)
}

/// The PD in the middle of a cell.
fn middle(k: usize) -> f64 {
    logistic(LOWEST + WIDTH * (k as f64 + 0.5))
}

/// The joint vector of the release, without noise: goods by cell, then bads.
fn joint(pd: &[f64], labels: &[bool]) -> Vec<i64> {
    let mut values = vec![0; 2 * CELLS];
    for (pd, bad) in pd.iter().zip(labels) {
        values[cell(*pd) + CELLS * usize::from(*bad)] += GRAIN;
    }
    values
}

/// Squared L2 sensitivity of [`joint`].
fn sensitivity() -> u64 {
    GRAIN.unsigned_abs().pow(2)
}

impl Counts {
    fn release(pd: &[f64], labels: &[bool], mu: f64, noise: &mut Noise, ledger: &mut Ledger) -> Result<Self> {
        let mut values = joint(pd, labels);
        let mechanism = IntegerGaussian::calibrate_mu(sensitivity(), mu)?;
        mechanism.release(&mut values, "quality: goods and bads by PD", noise, ledger)?;
        let deviation = mechanism.deviation() / GRAIN as f64;
        let persons = |values: &[i64]| values.iter().map(|v| *v as f64 / GRAIN as f64).collect();
        Ok(Self { goods: persons(&values[..CELLS]), bads: persons(&values[CELLS..]), noise: deviation * deviation })
    }

    /// (goods, bads) in all; none where noise may hide either.
    fn totals(&self) -> Option<(f64, f64)> {
        let (goods, bads) = (self.goods.iter().sum::<f64>(), self.bads.iter().sum::<f64>());
        let least = 1.0_f64.max(4.0 * libm::sqrt(CELLS as f64 * self.noise));
        (goods >= least && bads >= least).then_some((goods, bads))
    }

    /// Variance of Σ (c_g·goods + c_b·bads) by noise, and by who was in the data.
    fn variance(&self, goods: &dyn Fn(usize) -> f64, bads: &dyn Fn(usize) -> f64) -> f64 {
        let one = |k: usize| {
            let (g, b) = (goods(k).powi(2), bads(k).powi(2));
            self.noise * (g + b) + self.goods[k].max(0.0) * g + self.bads[k].max(0.0) * b
        };
        (0..CELLS).map(one).sum()
    }

    fn calibration(&self, bads: f64) -> Option<Estimated> {
        let expected: f64 = (0..CELLS).map(|k| middle(k) * (self.goods[k] + self.bads[k])).sum();
        let uncertain = libm::sqrt(2.0 * self.noise * (0..CELLS).map(|k| middle(k).powi(2)).sum::<f64>());
        if expected < 1.0_f64.max(4.0 * uncertain) {
            return None;
        }
        // bads − ratio·expected, whose mean is 0.
        let ratio = bads / expected;
        let variance = self.variance(&|k| ratio * middle(k), &|k| 1.0 - ratio * middle(k));
        Some(Estimated::new(ratio, variance / (expected * expected), (0.0, f64::INFINITY)))
    }

    fn auc(&self, (goods, bads): (f64, f64)) -> Estimated {
        // Goods below a cell and half of those in it; bads above and half.
        let mut below = Vec::with_capacity(CELLS);
        let (mut g, mut b) = (0.0, bads);
        for k in 0..CELLS {
            below.push(((g + 0.5 * self.goods[k]) / goods, (b - 0.5 * self.bads[k]) / bads));
            g += self.goods[k];
            b -= self.bads[k];
        }
        let auc = below.iter().zip(&self.bads).map(|((g, _), b)| g * b).sum::<f64>() / bads;
        let linear = self.variance(&|k| (below[k].1 - auc) / goods, &|k| (below[k].0 - auc) / bads);
        // Noise on goods times noise on bads.
        let pairs = (CELLS * CELLS) as f64 * 0.5;
        let both = self.noise * self.noise * pairs / (goods * bads).powi(2);
        Estimated::new(auc, linear + both, (0.0, 1.0))
    }

    fn saved(&self, (goods, bads): (f64, f64)) -> Estimated {
        let n = goods + bads;
        let rate = bads / n;
        let of_bad = |k: usize| libm::log(middle(k) / rate);
        let of_good = |k: usize| libm::log((1.0 - middle(k)) / (1.0 - rate));
        let mean = (0..CELLS).map(|k| self.bads[k] * of_bad(k) + self.goods[k] * of_good(k)).sum::<f64>() / n;
        let variance = self.variance(&|k| of_good(k) - mean, &|k| of_bad(k) - mean);
        Estimated::new(mean, variance / (n * n), (f64::NEG_INFINITY, f64::INFINITY))
    }

    fn quality(&self, share: f64) -> Quality {
        let totals = self.totals();
        Quality {
            share,
            noise: libm::sqrt(self.noise),
            calibration: totals.and_then(|t| self.calibration(t.1)),
            auc: totals.map(|t| self.auc(t)),
            saved: totals.map(|t| self.saved(t)),
        }
    }
}

impl Quality {
    /// What a reader must be warned of; mostly nothing.
    pub fn warnings(&self) -> Vec<String> {
        let mut out = Vec::new();
        match (self.auc, self.saved) {
            (Some(auc), _) if auc.hi < 0.5 => {
                out.push("WARNING: the model ranks backwards, its paid AUC lies below .5".to_owned());
            }
            (_, Some(saved)) if saved.hi < 0.0 => out.push(
                "WARNING: the model is worse than knowing the default rate alone, by the counts that were paid for"
                    .to_owned(),
            ),
            (Some(auc), Some(saved)) if auc.lo <= 0.5 || saved.lo <= 0.0 => out.push(
                "WARNING: the counts that were paid for cannot tell the model from knowing the default rate alone"
                    .to_owned(),
            ),
            (Some(_), Some(_)) => {}
            _ => out.push(
                "WARNING: noise is too large for the counts that were paid for to say how good the model is".to_owned(),
            ),
        }
        match self.calibration {
            Some(c) if c.lo > CALIBRATED.1 => {
                out.push("WARNING: the model is badly calibrated, many more default than it expects".to_owned());
            }
            Some(c) if c.hi < CALIBRATED.0 => {
                out.push("WARNING: the model is badly calibrated, far fewer default than it expects".to_owned());
            }
            _ => {}
        }
        out
    }

    /// One sentence a number, for a statement.
    pub fn words(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(a) = self.auc {
            out.push(format!("AUC {:.3} (95 % interval {:.3} to {:.3}).", a.value, a.lo, a.hi));
        }
        if let Some(c) = self.calibration {
            out.push(format!(
                "For every 100 defaults that the model expects, {:.0} were counted (95 % interval {:.0} to {:.0}).",
                100.0 * c.value,
                100.0 * c.lo,
                100.0 * c.hi
            ));
        }
        if let Some(s) = self.saved {
            out.push(format!(
                "Log-loss is {:.4} a person {} that of the default rate alone (95 % interval of what is saved: {:.4} to {:.4}).",
                s.value.abs(),
                if s.value >= 0.0 { "below" } else { "above" },
                s.lo,
                s.hi
            ));
        }
        out
    }
}

/// A DP scorer that releases how good its model is, within the same budget.
pub(super) struct Rated<S> {
    /// Makes the scorer within what is left of the budget.
    pub(super) inner: S,
    /// Budget of everything.
    pub(super) budget: Budget,
    /// Share of μ² for the counts.
    pub(super) share: f64,
    pub(super) noise: Noise,
}

impl<S> Rated<S> {
    /// What the fit may cost, and μ of the counts.
    fn parts(&self) -> Result<(Budget, f64)> {
        let Budget { epsilon, delta } = Budget::new(self.budget.epsilon, self.budget.delta)?;
        let mu = self.budget.mu();
        if mu == f64::INFINITY {
            return Ok((self.budget, mu));
        }
        let left = epsilon_of_mu(mu * libm::sqrt(1.0 - self.share), delta).min(epsilon);
        Ok((Budget::new(left, delta)?, mu * libm::sqrt(self.share)))
    }
}

impl<S> Scorer<PlatformView> for Rated<S>
where
    S: Fn(Budget) -> Box<dyn Scorer<PlatformView>> + Send + Sync,
{
    fn fit(&self, view: &PlatformView, ledger: &mut Ledger) -> Result<Box<dyn Fitted<PlatformView>>> {
        let (left, mu) = self.parts()?;
        let inner = (self.inner)(left).fit(view, ledger)?;
        let pd = inner.score(view)?;
        let counts = Counts::release(&pd, labels_of(view)?, mu, &mut self.noise.apart(), ledger)?;
        Ok(Box::new(RatedModel { inner, quality: counts.quality(self.share) }))
    }
}

/// Where a model's file says how good it is.
const KEY: &str = "quality";

/// The model of a file with what the file says of how good it is; fails where that cannot be read.
pub(super) fn read(
    value: &serde_json::Value,
    inner: Box<dyn Fitted<PlatformView>>,
) -> Result<Box<dyn Fitted<PlatformView>>> {
    let Some(said) = value.get(KEY) else { return Ok(inner) };
    let quality = serde_json::from_value(said.clone())
        .map_err(|e| Error::Other(format!("{KEY} of the model cannot be read: {e}")))?;
    Ok(Box::new(RatedModel { inner, quality }))
}

/// A model and how good it is.
struct RatedModel {
    inner: Box<dyn Fitted<PlatformView>>,
    quality: Quality,
}

impl Fitted<PlatformView> for RatedModel {
    fn score(&self, view: &PlatformView) -> Result<Vec<f64>> {
        self.inner.score(view)
    }

    fn notes(&self) -> Vec<String> {
        self.inner.notes().into_iter().chain(self.quality.warnings()).collect()
    }

    fn quality(&self) -> Option<&Quality> {
        Some(&self.quality)
    }

    fn export(&self) -> Option<serde_json::Value> {
        let mut model = self.inner.export()?;
        model[KEY] = serde_json::to_value(&self.quality).ok()?;
        Some(model)
    }
}

#[cfg(test)]
mod tests;
