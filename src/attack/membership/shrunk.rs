//! The likelihood-ratio attack where shadow models are few: what they say of one person is shrunk to what they say of all.
//!
//! With OUT and IN normal of one variance, Λ is the slope Δ/s² times φ − μ: Δ is how far membership moves the person's
//! log-odds, s² the variance by the luck of who else is a member, μ the middle. Eight models give three or four values a side,
//! and in [`lira`](super::lira) the noise of Δ̂ drowns Δ. All persons together know more. Over shadow models without the victim's pair:
//!
//! - *s²*: the scale of an inverse gamma is the mean over persons, worth [`PRIOR`] degrees of freedom beside the person's own
//!   (the variance of BaVarIA: Brännvall, arXiv 2603.11799, 2026);
//! - *μ*: normal over persons, hence shrunk by s² of its mean to the mean of all;
//! - *Δ/s²*: a fit moves the log-odds of a member in proportion to the leverage and to the surprise u = 1 − P(what came true),
//!   and the luck of the others moves them by a variance in proportion to the same leverage. The slope is then c·u with one c for
//!   all: the loss, less the person's own level, over one temperature (Sablayrolles et al., ICML 2019; Watson et al., ICLR
//!   2022). u is taken at the mean of φ and μ. A person's own slope Δ̂/s² departs from it by as much as it is worth.
//!
//! ```text
//! Λ = c·u·(φ − μ) + ρ·(Δ̂/s²)·(φ − μ),   ρ ≥ 0
//! ```
//!
//! c and ρ are those of a logistic regression of membership on the two scores, on [`INNER`] other pairs, each left out in its
//! turn as the victim's is ([`weights`]). With one common ρ this is the posterior mean of a slope whose prior has the mean
//! c·u/(1 − ρ), and ρ grows with the number of models: 0 is loss over one temperature, c = 0 and ρ = 1 is [`lira`](super::lira).
//! That ρ is judged by what it finds, not by a moment, matters: persons move together with a model, so a variance of slopes over
//! persons is far less certain than their number says.
//!
//! *Why a scorer that takes no notice of its members is a coin.* Λ of a pair depends on who is IN which model of the other pairs
//! alone. Exchange IN and OUT in all of those, for all persons. Then s², μ, u and ρ stay; Δ̂ and c change their signs; so Λ does.
//! Of such a scorer the halves are coins that φ knows nothing of, so the exchanged game is as likely as the first, whoever is a member in the
//! victim's pair: Λ and −Λ are equally likely of members and of others, whatever the distribution of luck, and the AUC is ½.
//! (Of scores in two different pairs each has seen the other's coins of that one person: one part in the number of persons.)
//!
//! What it reaches is in [the module's own page](super#eight-shadow-models).

use super::Game;
use super::lira::LEAST_VARIANCE;
use super::sides::Pairs;
use super::weights::weights;
use crate::stats::logistic;
use rayon::prelude::*;

/// Degrees of freedom that the variance of all persons is worth beside a person's own: the prior's own spread is just finite.
/// 1 and 16 changed no AUC of those in the table of [the module's page](super) by more than .0003.
const PRIOR: f64 = 4.0;
/// Other pairs that the weights are fitted to, at most: thousands of scores for two numbers.
const INNER: usize = 8;

/// How much likelier each log-odds is of a model that the person is IN than of one that they are OUT of:
///
/// ```text
/// Λ = c·u·(φ − μ) + ρ·(Δ̂/s²)·(φ − μ)
/// ```
///
/// with the person's usual level μ, the surprise u = 1 − P(what came true), and the person's own slope Δ̂/s² by shadow models;
/// c and ρ are fitted to all persons. Sources: Brännvall, arXiv 2603.11799 (2026; variances under a common prior); Sablayrolles et
/// al., ICML 2019, and Watson et al., ICLR 2022 (loss less the person's own level).
///
/// `phi` holds one model after the other, in each a value a person of the game; 8 models or more. Returns Λ in that order.
pub fn shrunk_lira(phi: &[f64], game: &Game) -> Vec<f64> {
    let pairs = Pairs::of(phi, game);
    let scores: Vec<_> = (0..pairs.count()).into_par_iter().map(|victim| scores(&pairs, victim)).collect();
    pairs.by_model(&scores, game)
}

/// Λ of one pair, [OUT, IN] a person.
fn scores(pairs: &Pairs, victim: usize) -> Vec<[f64; 2]> {
    let count = pairs.count();
    let mut signed = Vec::new();
    for other in (1..count).take(INNER).map(|step| (victim + step) % count) {
        for (person, [out, inside]) in known(pairs, &[victim, other]).iter().zip(pairs.pair(other)) {
            signed.push(person.scores(*inside));
            signed.push(person.scores(*out).map(|s| -s));
        }
    }
    let w = weights(&signed);
    let ratio = |person: &Known, x: f64| {
        let s = person.scores(x);
        w[0] * s[0] + w[1] * s[1]
    };
    known(pairs, &[victim]).iter().zip(pairs.pair(victim)).map(|(p, phi)| phi.map(|x| ratio(p, x))).collect()
}

/// What an attacker knows of one person.
struct Known {
    /// μ.
    middle: f64,
    /// Δ̂/s².
    slope: f64,
    /// Values of φ behind μ.
    values: f64,
}

impl Known {
    /// u·(φ − μ) and (Δ̂/s²)·(φ − μ).
    fn scores(&self, x: f64) -> [f64; 2] {
        let off = x - self.middle;
        let level = (x + self.values * self.middle) / (1.0 + self.values);
        [logistic(-level) * off, self.slope * off]
    }
}

/// What all pairs but those `left` out say of everybody.
fn known(pairs: &Pairs, left: &[usize]) -> Vec<Known> {
    let samples: Vec<_> = pairs.without(left).collect();
    let persons = samples.len().max(1) as f64;
    let mean = |f: &dyn Fn(usize) -> f64| (0..samples.len()).map(f).sum::<f64>() / persons;
    let freedom = samples.first().map_or(0.0, |s| 2.0 * s.pairs - 2.0).max(1.0);
    let middle = |i: usize| 0.5 * (samples[i].mean[0] + samples[i].mean[1]);
    let (variance, centre) = (mean(&|i| samples[i].squares / freedom), mean(&middle));
    let values = samples.first().map_or(0.0, |s| 2.0 * s.pairs);
    let spread = (mean(&|i| (middle(i) - centre).powi(2)) - variance / values).max(LEAST_VARIANCE);
    let of = |i: usize| {
        let s2 = ((PRIOR * variance + samples[i].squares) / (PRIOR + freedom)).max(LEAST_VARIANCE);
        let shrink = spread / (spread + s2 / values);
        let slope = (samples[i].mean[1] - samples[i].mean[0]) / s2;
        Known { middle: centre + shrink * (middle(i) - centre), slope, values }
    };
    (0..samples.len()).map(of).collect()
}
