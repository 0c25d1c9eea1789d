//! Audits: is a mechanism as private as its ledger claims? Lower bounds on ε from attacks under the worst case that
//! DP allows.
//!
//! | method | attacker | canaries | noise of |
//! |---|---|---|---|
//! | [`one_run`] | sees one result | many, each in by a coin | one run |
//! | Clopper–Pearson ([`bounds`]) | sees every release ([`transcript`]), knows both data sets | one, the worst ([`neighbours`](self)) | many runs |
//! | Gaussian ([`bounds`]) | the same | the same | many runs |
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
use crate::privacy::{Cost, Ledger, Neighbouring, NoiseMode, Trust};
use crate::rng::Streams;
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
    /// One run, many canaries.
    OneRun,
    /// Many runs, one canary; any mechanism.
    ClopperPearson,
    /// Many runs, one canary; mechanisms that claim μ-GDP.
    Gaussian,
}

impl Method {
    /// In the words of a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::OneRun => "one run",
            Self::ClopperPearson => "Clopper–Pearson",
            Self::Gaussian => "Gaussian",
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
        Disclosure::CohortAggregates(p) if p.delta > 0.0 => 3,
        Disclosure::CohortAggregates(_) | Disclosure::RandomisedResponse(_) => 2,
        Disclosure::TrainedInside(_) => 3,
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
        leak: all.iter().any(|o| o.leak),
        uncounted: all.iter().any(|o| o.uncounted),
    })
}

/// The findings of many runs.
fn of_many(many: &Many, canary: &str, claim: &Claim, alpha: f64) -> Vec<Finding> {
    let trials = (many.runs.out.len() + many.runs.within.len()) as u64;
    let finding =
        |method, b: Bound| Finding { method, canary: canary.to_owned(), trials, bound: b.epsilon, ceiling: b.ceiling };
    let mut out = vec![finding(Method::ClopperPearson, bounds::clopper_pearson(&many.runs, claim.delta, alpha))];
    if claim.mu.is_some() {
        out.push(finding(Method::Gaussian, bounds::gaussian_epsilon(&many.runs, claim.delta, alpha)));
    }
    out
}

/// Scores of canaries (larger: more likely in), and their coins.
pub(crate) struct Guessed {
    pub scores: Vec<f64>,
    pub coins: Vec<bool>,
}

impl Guessed {
    /// Right guesses among the `r` canaries whose scores are farthest from 0.
    fn right(&self, r: usize) -> u64 {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|a, b| self.scores[*b].abs().total_cmp(&self.scores[*a].abs()));
        order[..r].iter().filter(|i| (self.scores[**i] > 0.0) == self.coins[**i]).count() as u64
    }
}

/// The one-run bound; how many canaries to guess about is chosen by `pilot`, a run of its own.
fn one_run_finding(pilot: &Guessed, run: &Guessed, canary: &str, claim: &Claim, alpha: f64) -> Finding {
    let m = run.coins.len();
    let share = |k: u32| ((m as f64 * libm::exp(-0.35 * f64::from(k))) as usize).clamp(1.min(m), m);
    let bound = |r: usize, right| one_run::epsilon(m as u64, r as u64, right, claim.delta, alpha);
    let sizes = || (0..24).map(share);
    let (mut r, mut promised) = (m, -1.0);
    for size in sizes() {
        let epsilon = bound(size, pilot.right(size));
        if epsilon > promised {
            (r, promised) = (size, epsilon);
        }
    }
    let ceiling = sizes().map(|r| bound(r, r as u64)).fold(0.0, f64::max);
    Finding {
        method: Method::OneRun,
        canary: canary.to_owned(),
        trials: m as u64,
        bound: bound(r, run.right(r)),
        ceiling,
    }
}

/// Keys of noise: far from those of any run, one range a use.
fn key(of: u64) -> u64 {
    1 << 55 | of << 32
}
