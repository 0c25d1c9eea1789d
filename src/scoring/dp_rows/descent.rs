//! Noisy quasi-Newton steps over whitened rows.
//!
//! Each step releases Σ round((p − y)·2ᵇ)·z over rows with ‖z‖ ≤ norm: |p − y| ≤ 1 survives rounding to the nearest 2⁻ᵇ,
//! so one person's part is at most 2ᵇ·norm. Where the gradients are asked for, and what is made of them, is post-processing
//! ([`path`](super::path), [`curvature`](super::curvature)).

use super::Source;
use super::curvature::Curvature;
use super::guess::{Basis, Guess, effective, whitening};
use super::moments::Moments;
use super::path::{Known, follow};
use super::rows::{MAX_NORM, MAX_RESIDUAL_BITS, RowMap};
use crate::error::Result;
use crate::privacy::IntegerGaussian;
use crate::scoring::expand::{Design, Trends};
use ndarray::{Array2, ArrayView1};

/// Public settings of the steps.
#[derive(Clone, Debug)]
pub(in crate::scoring) struct Steps {
    /// How many at least.
    pub(in crate::scoring) iterations: u32,
    /// Cost of all.
    pub(in crate::scoring) mu: f64,
    /// Variance below which a direction of the features counts as constant.
    pub(in crate::scoring) ridge: f64,
    /// Norm to which whitened rows are clipped, relative to their root mean square.
    pub(in crate::scoring) clip: f64,
    /// Correlation with the outcome that is expected of the score which the public trends make.
    pub(in crate::scoring) prior_correlation: f64,
    /// Twice the log-likelihood by which the data must be likelier than the prior.
    pub(in crate::scoring) evidence: f64,
    /// Penalty: half of this times the sum of squared coefficients of the design is added to the summed log-loss.
    pub(in crate::scoring) penalty: f64,
}

/// By how much gradients may be more where noise is negligible.
const MORE: f64 = 3.0;

/// Norm beyond which rows are not clipped later: their grid would be coarser than a twenty-fifth.
const COARSE: f64 = MAX_NORM as f64 / 25.0;

/// Excess of the mean log-loss from noise alone up to which the clip is widened. Ten times as much costs .015 of AUC at 2.4 % bad and ε = 16.
const NEGLIGIBLE: f64 = 1e-5;

/// How the gradients are asked for.
struct Plan {
    /// Norm to which whitened rows are clipped, and how much wider this is than where noise counts.
    radius: f64,
    wider: f64,
    /// How many gradients, and the cost of each.
    rounds: u32,
    mu: f64,
}

impl Steps {
    /// The plan for rows of so many directions: `clip` times their root mean square and `iterations` gradients; rows up to [`COARSE`]
    /// and up to [`MORE`] times as many gradients where the noise that this adds is negligible. All gradients together, of cost `mu`,
    /// have the noise radius/(mu·n) in each direction; half its square over the curvature, r(1 − r), is the loss it costs.
    fn plan(&self, m: &Moments, directions: f64) -> Plan {
        let rms = libm::sqrt(directions);
        let curvature = m.prevalence * (1.0 - m.prevalence);
        let free = libm::sqrt(2.0 * NEGLIGIBLE * curvature / directions) * self.mu * m.persons;
        let radius = self.clip * rms;
        let wider = (free / radius).min(COARSE / radius).max(1.0);
        let rounds = libm::round(f64::from(self.iterations) * wider.min(MORE)) as u32;
        Plan { radius: wider * radius, wider, rounds, mu: self.mu / libm::sqrt(f64::from(rounds)) }
    }
}

/// What the steps give.
pub(in crate::scoring) struct Trained {
    pub(in crate::scoring) map: RowMap,
    /// Coefficients in grid units, the constant first.
    pub(in crate::scoring) theta: Vec<f32>,
    /// Whether the data moved the scores away from the public prior.
    pub(in crate::scoring) learnt: bool,
    /// Where the scores are the public prior: the standard deviation of its log-odds by the released moments, 0 if the number of
    /// persons is lost in noise. None where data were learnt from, or where the prior has no direction.
    pub(in crate::scoring) leaning: Option<f64>,
}

/// From released moments to coefficients, by `p.iterations` releases; `trends` are the public directions of the design's
/// terms ([`Expansion::trends`](crate::scoring::expand::Expansion::trends)).
pub(in crate::scoring) fn learn(
    p: &Steps,
    m: &Moments,
    design: &Design,
    trends: &Trends,
    labels: &[bool],
    source: &mut Source,
) -> Result<Trained> {
    // Nothing is to be believed where the number of persons itself is lost in noise.
    let swamped = m.swamped().is_some();
    let p = &Steps { evidence: if swamped { f64::INFINITY } else { p.evidence }, ..p.clone() };
    let (a, _, lambda) = whitening(m, p.ridge);
    let plan = p.plan(m, effective(&a, lambda));
    // What is too fine for the grid of narrow rows is told apart where they are wide.
    let (a, factor, lambda) = whitening(m, p.ridge / plan.wider);
    let basis = Basis::new(m, &factor, lambda);
    let guess = Guess::new(p, m, &basis, &trends.along(&m.mean, m.mean_noise));
    let map = gradient_map(m, &a, plan.radius);
    let (theta, learnt) = descend(p, &plan, m, &map, (design, labels), &(basis, guess), source)?;
    let directed = theta[1..].iter().any(|t| *t != 0.0);
    let leaning = match (learnt, swamped) {
        (true, _) => None,
        (false, true) => Some(0.0),
        (false, false) => directed.then(|| m.spread(&a.t().dot(&ArrayView1::from(&theta[1..])))),
    };
    Ok(Trained { theta: map.in_units(&theta), map, learnt, leaning })
}

/// Rows whitened by `a` and clipped to norm `radius`, beside a constant of 1.
pub(in crate::scoring) fn gradient_map(m: &Moments, a: &Array2<f64>, radius: f64) -> RowMap {
    let unit = f64::from(MAX_NORM) / libm::sqrt(1.0 + radius * radius);
    RowMap {
        unit: unit as f32,
        constant: unit as i16,
        norm: MAX_NORM,
        centre: m.mean.iter().map(|v| *v as f32).collect(),
        a: (0..a.nrows()).flat_map(|i| (0..=i).map(move |j| a[[i, j]] as f32)).collect(),
    }
}

/// The mechanism of one gradient of cost `mu` and the bits of its residuals: fewer where the noise is large anyway.
pub(in crate::scoring) fn gradient_mechanism(mu: f64) -> Result<(IntegerGaussian, u32)> {
    let norm = f64::from(MAX_NORM);
    let fits = |bits: u32| norm * f64::from(1u32 << bits) / mu < 1e9;
    let bits = (1..=MAX_RESIDUAL_BITS).rev().find(|b| fits(*b)).unwrap_or(0);
    let squared = u64::from(MAX_NORM.unsigned_abs()).pow(2) << (2 * bits);
    Ok((IntegerGaussian::calibrate_mu(squared, mu)?, bits))
}

/// The last θ in whitened coordinates, and whether it is more than the prior.
fn descend(
    p: &Steps,
    plan: &Plan,
    m: &Moments,
    map: &RowMap,
    (design, labels): (&Design, &[bool]),
    (basis, guess): &(Basis, Guess),
    source: &mut Source,
) -> Result<(Vec<f64>, bool)> {
    let rows = map.apply(design);
    let (mechanism, bits) = gradient_mechanism(plan.mu)?;
    let one = f64::from(1u32 << bits);
    let unit = |j: usize| if j == 0 { f64::from(map.constant) } else { f64::from(map.unit) };
    let noise = [0, 1].map(|j| mechanism.deviation() / (one * unit(j)) / m.persons);
    let penalty = p.penalty / m.persons;
    let known = Known {
        rate: m.prevalence,
        null: basis.turned_rows(&m.cross).into_iter().map(|c| -c).collect(),
        guess,
        penalty: basis.gain().iter().map(|g| g * penalty).collect(),
        noise,
    };
    let mut curvature = Curvature::new(m, basis, penalty);
    let whitened = |theta: &[f64]| -> Vec<f64> { std::iter::once(theta[0]).chain(basis.back(&theta[1..])).collect() };
    let (theta, learnt) = follow((plan.rounds, p.evidence), &known, &mut curvature, |theta, step| {
        let mut sums = rows.gradient(labels, &map.in_units(&whitened(theta)), bits);
        mechanism.release(&mut sums, &format!("gradient {}", step + 1), source.noise, source.ledger)?;
        let released: Vec<f64> =
            sums.iter().enumerate().map(|(j, sum)| *sum as f64 / (one * unit(j)) / m.persons).collect();
        Ok(std::iter::once(released[0]).chain(basis.turned(&released[1..])).collect())
    })?;
    Ok((whitened(&theta), learnt))
}
