//! Audits: is a mechanism as private as its ledger claims? Lower bounds on ε from attacks under the worst case that
//! DP allows.
//!
//! | method | attacker | canaries | noise of |
//! |---|---|---|---|
//! | [`one_run`] | sees every release ([`transcript`]), knows the canaries but not which are in | many, each in by a coin | one run |
//! | the same, Gaussian μ ([`f_dp`]) | the same | the same | one run |
//! | Clopper–Pearson ([`bounds`]) | sees every release, knows both data sets | one, the worst ([`neighbours`](self)) | many runs |
//! | Gaussian μ ([`bounds`]) | the same | the same | many runs |
//!
//! Two methods bound ε of any mechanism. The other two bound *μ of a Gaussian claim*: they hold where the ledger claims
//! Gaussian noise alone, and say nothing of a mechanism whose trade-off is another one. Their ε is that of μ at the
//! claim's δ.
//!
//! A bound above the claim refutes the claim: the mechanism, its proof or its code is wrong. A bound below it proves
//! nothing: the attack, the canary or the number of runs may have been too weak, so the largest bound that the method
//! could have shown stands beside it. The word for it is "not refuted by this attack".
//!
//! What is audited is the mechanism of an arm: its code, columns, public bounds and budget. The data are made for the
//! audit. *Local* arms: the two records of one person are all values at the lower and at the upper public bounds, and
//! the attacker sees the person's reports.
//!
//! Where cohort sizes are public, who is a member is not protected, only what a member's record says: there the
//! neighbour has a record without weight (every value in the middle) in place of none.

pub mod bounds;
mod canaries;
pub mod f_dp;
mod local;
mod model;
mod neighbours;
pub mod one_run;
mod sums;
pub mod transcript;

pub use bounds::{Bound, Runs};

use crate::disclosure::Disclosure;
use crate::error::{Error, Result};
use crate::population::People;
use crate::privacy::{Cost, Ledger, Neighbouring, NoiseMode, Trust, epsilon_of_mu};
use crate::rng::Streams;
use crate::stats::logistic;
use rayon::prelude::*;
use transcript::{Mechanism, Observed, observe};

/// What a ledger claims.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Claim {
    /// ε.
    pub epsilon: f64,
    /// δ.
    pub delta: f64,
    /// μ, where all releases are Gaussian.
    pub mu: Option<f64>,
    /// Neighbouring relation.
    pub relation: Neighbouring,
    /// Trust model.
    pub trust: Trust,
}

impl Claim {
    /// The claim of a ledger at `delta`; none where it claims nothing finite.
    pub fn of(ledger: &Ledger, delta: f64) -> Option<Self> {
        let spent = ledger.spent(delta);
        let [one] = spent.by_guarantee[..] else { return None };
        let squares = |e: &crate::privacy::Entry| match (e.cost, &e.partition) {
            (Cost::Gaussian { mu, .. }, None) => Some(mu * mu),
            _ => None,
        };
        let mu: Option<f64> = ledger.entries().iter().map(squares).sum::<Option<f64>>().map(libm::sqrt);
        let claim = Self { epsilon: one.epsilon, delta: one.delta, mu, relation: one.neighbouring, trust: one.trust };
        (one.epsilon.is_finite() && one.epsilon > 0.0).then_some(claim)
    }
}

/// How an audit works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Runs with the canary, and as many without.
    pub runs: u32,
    /// Canaries of the one-run audit.
    pub canaries: u32,
    /// 1 − confidence of each bound.
    pub alpha: f64,
    /// Streams of all draws but noise from elsewhere.
    pub streams: Streams,
    /// Where noise comes from: seeded, or the path of a real release.
    pub noise: NoiseMode,
}

/// A method of audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// One run, many canaries; any mechanism.
    OneRun,
    /// One run, many canaries; mechanisms that claim μ-GDP.
    OneRunGaussianMu,
    /// Many runs, one canary; any mechanism.
    ClopperPearson,
    /// Many runs, one canary; mechanisms that claim μ-GDP.
    GaussianMu,
}

impl Method {
    /// In the words of a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::OneRun => "one run",
            Self::OneRunGaussianMu => "one run, Gaussian μ",
            Self::ClopperPearson => "Clopper–Pearson",
            Self::GaussianMu => "Gaussian μ",
        }
    }

    /// What it bounds: ε of any mechanism, or μ of a Gaussian claim.
    pub fn bounds(self) -> &'static str {
        match self {
            Self::OneRun | Self::ClopperPearson => "epsilon",
            Self::OneRunGaussianMu | Self::GaussianMu => "gaussian-mu",
        }
    }
}

/// What one method found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Finding {
    /// Method.
    pub method: Method,
    /// The canary, in words.
    pub canary: String,
    /// Canaries (one run) or runs.
    pub trials: u64,
    /// Lower bound on ε at the claim's δ.
    pub bound: f64,
    /// The largest bound that as many trials could have shown.
    pub ceiling: f64,
    /// The lower bound on μ that `bound` is made of, where the method bounds μ of a Gaussian claim.
    pub mu: Option<f64>,
}

/// What an audit of one arm at one ε found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Audited {
    /// A bound a method.
    pub findings: Vec<Finding>,
    /// Whether the result depends on the data by more than the released numbers. Never seen of local arms, whose
    /// result is the reports.
    pub leak: bool,
    /// Whether a release is not in the ledger.
    pub uncounted: bool,
}

/// Whether an audit knows the arm's mechanism.
pub fn can_audit(disclosure: &Disclosure) -> bool {
    methods(disclosure) > 0
}

/// Bounds that an audit of the arm gives: what its α is divided by.
pub fn methods(disclosure: &Disclosure) -> u32 {
    match disclosure {
        Disclosure::Nothing | Disclosure::Raw => 0,
        Disclosure::CohortAggregates(p) if p.delta > 0.0 => 4,
        Disclosure::CohortAggregates(_) | Disclosure::RandomisedResponse(_) => 2,
        Disclosure::TrainedInside(_) => 4,
    }
}

/// Audits the mechanism of an arm at `epsilon`. Of `people`, only columns with their public bounds are read, and
/// whether cohort sizes are public.
pub fn audit(
    disclosure: &Disclosure,
    people: &People,
    epsilon: f64,
    claim: &Claim,
    settings: &Settings,
) -> Result<Audited> {
    match disclosure {
        Disclosure::CohortAggregates(p) => sums::audit(p, people, epsilon, claim, settings),
        Disclosure::TrainedInside(p) => model::audit(p, people, epsilon, claim, settings),
        Disclosure::RandomisedResponse(_) => local::audit(disclosure, people, epsilon, claim, settings),
        Disclosure::Nothing | Disclosure::Raw => {
            Err(Error::Other("nothing to audit: the arm makes no release under differential privacy".into()))
        }
    }
}

/// What many runs showed.
#[derive(Clone, Debug)]
pub(crate) struct Many {
    pub runs: Runs,
    /// Mean of [`Observed::apart`].
    pub apart: f64,
    pub leak: bool,
    pub uncounted: bool,
}

/// `n` runs with and `n` without the canary; noise keyed from `first` on.
pub(crate) fn many(mechanism: &Mechanism<'_>, source: (NoiseMode, Streams), first: u64, n: u32) -> Result<Many> {
    let all: Vec<Observed> = (0..2 * u64::from(n))
        .into_par_iter()
        .map(|i| observe(mechanism, source, first + i, i % 2 == 1))
        .collect::<Result<_>>()?;
    let of = |side: usize| all.iter().skip(side).step_by(2).map(|o| o.statistic).collect();
    Ok(Many {
        runs: Runs { out: of(0), within: of(1) },
        apart: all.iter().map(|o| o.apart).sum::<f64>() / all.len().max(1) as f64,
        leak: all.iter().any(|o| o.leak),
        uncounted: all.iter().any(|o| o.uncounted),
    })
}

/// The findings of many runs.
fn of_many(many: &Many, canary: &str, claim: &Claim, alpha: f64) -> Vec<Finding> {
    let trials = (many.runs.out.len() + many.runs.within.len()) as u64;
    let Bound { epsilon: bound, ceiling } = bounds::clopper_pearson(&many.runs, claim.delta, alpha);
    let method = Method::ClopperPearson;
    let mut out = vec![Finding { method, canary: canary.to_owned(), trials, bound, ceiling, mu: None }];
    if claim.mu.is_some() {
        let of = (bounds::gaussian(&many.runs, alpha), Method::GaussianMu);
        out.push(of_mu(of, canary, trials, claim));
    }
    out
}

/// A bound on μ, and its ceiling, as a finding.
fn of_mu(((mu, most), method): ((f64, f64), Method), canary: &str, trials: u64, claim: &Claim) -> Finding {
    let [bound, ceiling] = [mu, most].map(|mu| epsilon_of_mu(mu, claim.delta));
    Finding { method, canary: canary.to_owned(), trials, bound, ceiling, mu: Some(mu) }
}

/// Scores of canaries, logarithms of the likelihood ratio of "in" or close to them, and their coins.
pub(crate) struct Guessed {
    pub scores: Vec<f64>,
    pub coins: Vec<bool>,
}

impl Guessed {
    /// The `r` canaries whose scores are farthest from 0.
    fn surest(&self, r: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|a, b| self.scores[*b].abs().total_cmp(&self.scores[*a].abs()));
        order.truncate(r);
        order
    }

    /// Right guesses about the `r` surest.
    fn right(&self, r: usize) -> u64 {
        self.surest(r).into_iter().filter(|i| (self.scores[*i] > 0.0) == self.coins[*i]).count() as u64
    }

    /// Share of right guesses about the `r` surest that the scores promise: it needs no coins, so that a small pilot
    /// tells it well.
    fn promise(&self, r: usize) -> f64 {
        self.surest(r).into_iter().map(|i| logistic(self.scores[i].abs())).sum::<f64>() / r.max(1) as f64
    }
}

/// The bounds of one run; how many canaries to guess about is chosen by `pilot`, a run of its own.
fn of_one_run(pilot: &Guessed, run: &Guessed, canary: &str, claim: &Claim, alpha: f64) -> Vec<Finding> {
    let trials = run.coins.len() as u64;
    let epsilon = |r, right| one_run::epsilon(trials, r, right, claim.delta, alpha);
    let (bound, ceiling) = chosen(pilot, run, &epsilon);
    let method = Method::OneRun;
    let mut out = vec![Finding { method, canary: canary.to_owned(), trials, bound, ceiling, mu: None }];
    if claim.mu.is_some() {
        let mu = |r, right| f_dp::mu(trials, r, right, alpha);
        out.push(of_mu((chosen(pilot, run, &mu), Method::OneRunGaussianMu), canary, trials, claim));
    }
    out
}

/// A bound from (guesses, right) and the largest that there could be. The pilot, which may be smaller, chooses the
/// share of canaries to guess about: the one that promises most.
fn chosen(pilot: &Guessed, run: &Guessed, bound: &dyn Fn(u64, u64) -> f64) -> (f64, f64) {
    let of = |n: usize, k: u32| ((n as f64 * libm::exp(-0.35 * f64::from(k))) as usize).clamp(1.min(n), n);
    let m = run.coins.len();
    let (mut best, mut promised, mut ceiling) = (m, -1.0, 0.0f64);
    for k in 0..24 {
        let (small, size) = (of(pilot.coins.len(), k), of(m, k));
        let right = (pilot.promise(small) * size as f64) as u64;
        let promise = bound(size as u64, right);
        if promise > promised {
            (best, promised) = (size, promise);
        }
        ceiling = ceiling.max(bound(size as u64, size as u64));
    }
    (bound(best as u64, run.right(best)), ceiling)
}

/// Keys of noise: far from those of any run, one range a use.
fn key(of: u64) -> u64 {
    1 << 55 | of << 32
}
