//! Canaries of one training, told apart.
//!
//! Canaries that share a training stand in each other's way: a learner of d numbers holds no more than d of them apart.
//! So the canaries of an audit are spread over trainings of their own, a few in each, at corners or anywhere within the
//! public bounds, whichever tells more in a pilot. All trainings together are one mechanism, to which every canary
//! adds its record once; the bounds of one run hold of it.
//!
//! What a learner under DP releases are noisy sums over persons, each chosen by looking at those before. Made to give
//! the same answers ([`Tape`]), the learner is run again with nobody and with each canary alone; the differences cⱼ of
//! the sums, divided by the noise's standard deviation, are what each canary adds. Then with coins bⱼ
//!
//! ```text
//! y = f(nobody) + Σⱼ bⱼ·cⱼ + N(0, 1)
//! ```
//!
//! and with A = CᵀC + 4·1 (4: one over the variance of a coin), d = A⁻¹Cᵀ(y − f − ½Σc), v = diag A⁻¹, the score dⱼ/vⱼ is
//! the logarithm of the likelihood ratio of coin j, were the other coins normal. It is a score like any other: the bounds
//! hold whatever it is, and are weak where it is bad.

use super::neighbours::{end, frame};
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
        format!("persons {place}, {TOGETHER} a training")
    }
}

/// A training: view, noise, ledger.
pub(super) type Train<'a> = dyn Fn(&PlatformView, Noise, &mut Ledger) -> Result<()> + Sync + 'a;

/// Scores and coins of `canaries` canaries, in trainings keyed by `number`.
pub(super) fn play(
    train: &Train<'_>,
    columns: &[Column],
    place: Where,
    canaries: usize,
    settings: &Settings,
    number: u64,
) -> Result<Guessed> {
    let groups: Vec<Guessed> = (0..canaries.div_ceil(TOGETHER))
        .into_par_iter()
        .map(|g| {
            let group = Group { columns, place, settings, number, first: g * TOGETHER };
            group.play(train, TOGETHER.min(canaries - g * TOGETHER))
        })
        .collect::<Result<_>>()?;
    let mut all = Guessed { scores: Vec::new(), coins: Vec::new() };
    for group in groups {
        all.scores.extend(group.scores);
        all.coins.extend(group.coins);
    }
    Ok(all)
}

/// The canaries of one training.
struct Group<'a> {
    columns: &'a [Column],
    place: Where,
    settings: &'a Settings,
    number: u64,
    /// Number of its first canary.
    first: usize,
}

impl Group<'_> {
    fn who(&self, canary: usize) -> Entity {
        Entity::Nation(key(self.number) | (self.first + canary) as u64)
    }

    /// Values of `n` canaries.
    fn features(&self, n: usize) -> Frame {
        let at = |i: usize, c: &Column| {
            let j = self.columns.iter().position(|d| d.name == c.name).unwrap_or(0) as u16;
            let u = self.settings.streams.uniform(self.who(i), j + 2, Purpose::Audit);
            match self.place {
                Where::Corners => end(c, u < 0.5),
                Where::Anywhere if c.is_category() => (u * c.levels.len() as f64).floor() as f32,
                Where::Anywhere => (f64::from(c.lo) + u * (f64::from(c.hi) - f64::from(c.lo))) as f32,
            }
        };
        frame(self.columns, n, at)
    }

    fn play(&self, train: &Train<'_>, n: usize) -> Result<Guessed> {
        let streams = self.settings.streams;
        let toss = |i: usize, what: u16| streams.uniform(self.who(i), what, Purpose::Audit) < 0.5;
        let coins: Vec<bool> = (0..n).map(|i| toss(i, 0)).collect();
        let labels: Vec<bool> = (0..n).map(|i| toss(i, 1)).collect();
        let features = self.features(n);
        let heard = |rows: &[u32], tape: &Tape| -> Result<Vec<Heard>> {
            let view = PlatformView {
                features: features.select(rows),
                labels: Some(rows.iter().map(|i| labels[*i as usize]).collect()),
            };
            let release = key(self.number) | self.first as u64;
            let noise = Noise::new(self.settings.noise, streams, release).taped(tape);
            train(&view, noise, &mut Ledger::new())?;
            Ok(tape.heard())
        };
        let present: Vec<u32> = (0..n as u32).filter(|i| coins[*i as usize]).collect();
        let said = heard(&present, &Tape::recording())?;
        let again = |rows: &[u32]| heard(rows, &Tape::replaying(said.clone()));
        let nobody = again(&[])?;
        let alone = (0..n as u32).map(|i| Ok(added(&again(&[i])?, &nobody))).collect::<Result<Vec<_>>>()?;
        Ok(Guessed { scores: ratios(&left(&said, &nobody), &alone)?, coins })
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

/// What was said beyond the sums of nobody.
fn left(said: &[Heard], nobody: &[Heard]) -> Vec<f64> {
    whitened(said, |h, k| h.said[k]).zip(whitened(nobody, |h, k| h.truth[k])).map(|(y, f)| y - f).collect()
}

/// dⱼ/vⱼ of each canary; `y` and each of `added` are as long as there are released numbers.
fn ratios(y: &[f64], added: &[Vec<f64>]) -> Result<Vec<f64>> {
    let n = added.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut off = y.to_vec();
    for c in added {
        off.iter_mut().zip(c).for_each(|(o, c)| *o -= 0.5 * c);
    }
    let mut a = Array2::zeros((n, n));
    for i in 0..n {
        for j in 0..n {
            a[[i, j]] = dot(&added[i], &added[j]) + if i == j { 4.0 } else { 0.0 };
        }
    }
    let right: Vec<f64> = added.iter().map(|c| dot(c, &off)).collect();
    let d = solve_spd(&a, &right)?;
    let unit = |j: usize| (0..n).map(|i| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
    (0..n).map(|j| Ok(d[j] / solve_spd(&a, &unit(j))?[j])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two canaries that add the same cannot be told apart; a third one, that adds something of its own, can.
    #[test]
    fn canaries_are_told_apart_where_they_add_different_things() {
        let added = [vec![8.0, 0.0], vec![8.0, 0.0], vec![0.0, 8.0]];
        let scores = ratios(&[8.0, 8.0], &added).unwrap();
        assert!((scores[0] - scores[1]).abs() < 1e-9 && scores[0].abs() < 1e-9, "{scores:?}");
        // c²/2: the likelihood ratio of a coin whose sum is seen with noise 1.
        assert!((scores[2] - 32.0).abs() < 1e-9, "{scores:?}");
        let one = ratios(&[0.3], &[vec![2.0]]).unwrap()[0];
        let exact = 0.5 * (0.3f64.powi(2) - (0.3f64 - 2.0).powi(2));
        assert!((one - exact).abs() < 1e-9, "{one} {exact}");
    }
}
