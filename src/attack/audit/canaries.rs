//! Canaries of one training, told apart.
//!
//! Canaries that share a training stand in each other's way: a learner of d numbers holds no more than d of them apart.
//! So the canaries of an audit are spread over trainings of their own, a few in each: defaulters at corners or anywhere
//! within the public bounds, whichever tells more in a pilot, among payers in the middle, who keep the model from
//! foretelling the defaults and so the canaries' gradients at their clip. All trainings together are one mechanism, to
//! which every canary adds its record once; the bounds of one run hold of it.
//!
//! What a learner under DP releases are noisy sums over persons, each chosen by looking at those before. Made to give
//! the same answers ([`Tape`]), the learner is run again with nobody and with each canary alone; the differences cⱼ of
//! the sums, divided by the noise's standard deviation, are what each canary adds. Then with coins bⱼ
//!
//! ```text
//! y = f(no canary) + Σⱼ bⱼ·cⱼ + N(0, 1)
//! ```
//!
//! and with A = CᵀC + 4·1 (4: one over the variance of a coin), d = A⁻¹Cᵀ(y − f − ½Σc), v = diag A⁻¹, the score dⱼ/vⱼ is
//! the logarithm of the likelihood ratio of coin j, were the other coins normal. It is a score like any other: the bounds
//! hold whatever it is, and are weak where it is bad.

use super::neighbours::{end, frame, middle};
use super::{Guessed, Settings, key};
use crate::error::Result;
use crate::privacy::{Heard, Ledger, Noise, Tape};
use crate::rng::{Entity, Purpose};
use crate::stats::solve_spd;
use crate::view::{Column, Frame, PlatformView};
use ndarray::Array2;
use rayon::prelude::*;

/// Canaries of one training.
const TOGETHER: usize = 8;
/// Payers beside them.
const OTHERS: usize = 60;

/// Where canaries stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Every value at one end of its public range.
    Corners,
    /// Every value anywhere within its public range.
    Anywhere,
}

impl Where {
    pub(super) const ALL: [Self; 2] = [Self::Corners, Self::Anywhere];

    pub(super) fn words(self) -> String {
        let place = match self {
            Self::Corners => "at random corners of the bounds",
            Self::Anywhere => "anywhere within the bounds",
        };
        format!("defaulters {place}, {TOGETHER} a training, among payers in the middle")
    }
}

/// A training: view, noise, ledger.
pub(super) type Train<'a> = dyn Fn(&PlatformView, Noise, &mut Ledger) -> Result<()> + Sync + 'a;

/// What trainings showed.
pub(super) struct Played {
    pub guessed: Guessed,
    /// What is seen of a canary on average: the squared distance, in standard deviations, of its coin's two sides.
    pub told: f64,
}

/// Scores and coins of `canaries` canaries, in trainings keyed by `number`.
pub(super) fn play(
    train: &Train<'_>,
    columns: &[Column],
    place: Where,
    canaries: usize,
    settings: &Settings,
    number: u64,
) -> Result<Played> {
    let groups: Vec<(Vec<bool>, Vec<Seen>)> = (0..canaries.div_ceil(TOGETHER))
        .into_par_iter()
        .map(|g| {
            let first = g * TOGETHER;
            Group { columns, place, settings, number, first, size: TOGETHER.min(canaries - first) }.play(train)
        })
        .collect::<Result<_>>()?;
    let coins = groups.iter().flat_map(|g| g.0.iter().copied()).collect();
    let scores = groups.iter().flat_map(|g| g.1.iter().map(|s| s.ratio)).collect();
    let told = groups.iter().flat_map(|g| g.1.iter().map(|s| s.told)).sum::<f64>() / canaries.max(1) as f64;
    Ok(Played { guessed: Guessed { scores, coins }, told })
}

/// The canaries of one training.
struct Group<'a> {
    columns: &'a [Column],
    place: Where,
    settings: &'a Settings,
    number: u64,
    /// Number of its first canary.
    first: usize,
    size: usize,
}

impl Group<'_> {
    fn who(&self, canary: usize) -> Entity {
        Entity::Nation(key(self.number) | (self.first + canary) as u64)
    }

    /// Values of the canaries, then of the others.
    fn features(&self) -> Frame {
        let at = |i: usize, c: &Column| {
            let j = self.columns.iter().position(|d| d.name == c.name).unwrap_or(0) as u16;
            let u = self.settings.streams.uniform(self.who(i), j + 1, Purpose::Audit);
            let levels = c.levels.len() as f64;
            let within = |u: f64| {
                if c.is_category() {
                    libm::floor(u * levels) as f32
                } else {
                    (f64::from(c.lo) + u * (f64::from(c.hi) - f64::from(c.lo))) as f32
                }
            };
            match self.place {
                _ if i >= self.size => middle(c),
                Where::Corners => end(c, u < 0.5),
                Where::Anywhere => within(u),
            }
        };
        frame(self.columns, self.size + OTHERS, at)
    }

    /// Coins, and what is seen of them.
    fn play(&self, train: &Train<'_>) -> Result<(Vec<bool>, Vec<Seen>)> {
        let streams = self.settings.streams;
        let canaries = 0..self.size as u32;
        let coins: Vec<bool> = (0..self.size).map(|i| streams.uniform(self.who(i), 0, Purpose::Audit) < 0.5).collect();
        let features = self.features();
        let heard = |present: &[u32], tape: &Tape| -> Result<Vec<Heard>> {
            let others = canaries.end..canaries.end + OTHERS as u32;
            let rows: Vec<u32> = present.iter().copied().chain(others).collect();
            let labels = Some(rows.iter().map(|i| *i < canaries.end).collect());
            let view = PlatformView { features: features.select(&rows), labels };
            let release = key(self.number) | self.first as u64;
            train(&view, Noise::new(self.settings.noise, streams, release).taped(tape), &mut Ledger::new())?;
            Ok(tape.heard())
        };
        let present: Vec<u32> = canaries.clone().filter(|i| coins[*i as usize]).collect();
        let said = heard(&present, &Tape::recording())?;
        let again = |present: &[u32]| heard(present, &Tape::replaying(said.clone()));
        let none = again(&[])?;
        let alone = canaries.clone().map(|i| Ok(added(&again(&[i])?, &none))).collect::<Result<Vec<_>>>()?;
        Ok((coins, told_apart(&beyond(&said, &none), &alone)?))
    }
}

/// All released numbers, one after the other, in standard deviations of their noise.
fn whitened<'a>(
    heard: &'a [Heard],
    of: impl Fn(&'a Heard, usize) -> i64 + Copy + 'a,
) -> impl Iterator<Item = f64> + 'a {
    heard.iter().flat_map(move |h| (0..h.said.len()).map(move |k| of(h, k) as f64 / h.scale))
}

/// What a record adds to the sums.
fn added(with: &[Heard], without: &[Heard]) -> Vec<f64> {
    let truth = |h| whitened(h, |h, k| h.truth[k]);
    truth(with).zip(truth(without)).map(|(a, b)| a - b).collect()
}

/// What was said beyond the sums without canaries.
fn beyond(said: &[Heard], none: &[Heard]) -> Vec<f64> {
    whitened(said, |h, k| h.said[k]).zip(whitened(none, |h, k| h.truth[k])).map(|(y, f)| y - f).collect()
}

/// What is seen of one canary.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Logarithm of the likelihood ratio of "in".
    ratio: f64,
    /// Squared distance of in and out, in standard deviations.
    told: f64,
}

/// `y` and each of `added` are as long as there are released numbers.
fn told_apart(y: &[f64], added: &[Vec<f64>]) -> Result<Vec<Seen>> {
    let n = added.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut off = y.to_vec();
    for c in added {
        off.iter_mut().zip(c).for_each(|(o, c)| *o -= 0.5 * c);
    }
    let prior = |i, j| if i == j { COIN } else { 0.0 };
    let a = Array2::from_shape_fn((n, n), |(i, j)| dot(&added[i], &added[j]) + prior(i, j));
    let right: Vec<f64> = added.iter().map(|c| dot(c, &off)).collect();
    let d = solve_spd(&a, &right)?;
    let unit = |j: usize| (0..n).map(|i| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
    let seen = |j: usize| -> Result<Seen> {
        let v = solve_spd(&a, &unit(j))?[j];
        Ok(Seen { ratio: d[j] / v, told: 1.0 / v - COIN })
    };
    (0..n).map(seen).collect()
}

/// One over the variance of a coin.
const COIN: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two canaries that add the same cannot be told apart; a third one, that adds something of its own, can.
    #[test]
    fn canaries_are_told_apart_where_they_add_different_things() {
        let added = [vec![8.0, 0.0], vec![8.0, 0.0], vec![0.0, 8.0]];
        let seen = told_apart(&[8.0, 8.0], &added).unwrap();
        assert!((seen[0].ratio - seen[1].ratio).abs() < 1e-9 && seen[0].ratio.abs() < 1e-9, "{seen:?}");
        assert!(seen[0].told < 4.0 && (seen[2].told - 64.0).abs() < 1e-9, "{seen:?}");
        // c²/2: the likelihood ratio of a coin whose sum is seen with noise 1.
        assert!((seen[2].ratio - 32.0).abs() < 1e-9, "{seen:?}");
        let one = told_apart(&[0.3], &[vec![2.0]]).unwrap()[0].ratio;
        let exact = 0.5 * (0.3f64.powi(2) - (0.3f64 - 2.0).powi(2));
        assert!((one - exact).abs() < 1e-9, "{one} {exact}");
    }
}
