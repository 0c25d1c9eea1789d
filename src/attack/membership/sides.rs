//! φ of pairs of shadow models, sorted into the model that a person is OUT of and the one that they are IN.

use super::Game;

/// φ of all persons by pairs of models. The pair that is attacked is left out of what its attacker knows, so every mean and
/// square can be had without some pairs.
pub(super) struct Pairs {
    persons: usize,
    /// Pair after pair, in each [OUT, IN] a person.
    phi: Vec<[f64; 2]>,
    /// A person's over all pairs.
    sides: Vec<Sides>,
}

/// One person's log-odds over all pairs; OUT and IN.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    mean: [f64; 2],
    /// Squared distances to the mean of their own side, both sides.
    squares: f64,
}

/// What some pairs say of one person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Mean of OUT, mean of IN.
    pub mean: [f64; 2],
    /// Squared distances to the mean of their own side, both sides.
    pub squares: f64,
    /// Number of pairs.
    pub pairs: f64,
}

impl Pairs {
    /// `phi` holds one model after the other, in each a value a person of the game.
    pub fn of(phi: &[f64], game: &Game) -> Self {
        let n = game.persons();
        let size = (2 * n).max(1);
        let mut sorted = Vec::with_capacity(phi.len() / 2);
        for (values, member) in phi.chunks_exact(size).zip(game.member().chunks_exact(size)) {
            let in_second = &member[n..];
            sorted.extend((0..n).map(|i| in_order(values[i], values[n + i], in_second[i])));
        }
        let mut sides = vec![Sides::default(); n];
        let count = (game.shadows() / 2) as f64;
        for pair in sorted.chunks_exact(n.max(1)) {
            for (side, x) in sides.iter_mut().zip(pair) {
                side.mean = [side.mean[0] + x[0] / count, side.mean[1] + x[1] / count];
            }
        }
        for pair in sorted.chunks_exact(n.max(1)) {
            for (side, x) in sides.iter_mut().zip(pair) {
                side.squares += (x[0] - side.mean[0]).powi(2) + (x[1] - side.mean[1]).powi(2);
            }
        }
        Self { persons: n, phi: sorted, sides }
    }

    /// Number of pairs.
    pub fn count(&self) -> usize {
        self.phi.len().checked_div(self.persons).unwrap_or(0)
    }

    /// φ of one pair, [OUT, IN] a person.
    pub fn pair(&self, pair: usize) -> &[[f64; 2]] {
        &self.phi[pair * self.persons..(pair + 1) * self.persons]
    }

    /// What all pairs but those `left` out say of each person.
    pub fn without(&self, left: &[usize]) -> impl Iterator<Item = Sample> + '_ {
        let left: Vec<&[[f64; 2]]> = left.iter().map(|p| self.pair(*p)).collect();
        let pairs = (self.count() - left.len()) as f64;
        self.sides.iter().enumerate().map(move |(i, side)| {
            let (mut off, mut squares) = ([0.0; 2], side.squares);
            for pair in &left {
                for (k, off) in off.iter_mut().enumerate() {
                    let distance = pair[i][k] - side.mean[k];
                    *off += distance;
                    squares -= distance * distance;
                }
            }
            // Without some values the mean moves away from them, and all other distances shrink.
            squares -= (off[0] * off[0] + off[1] * off[1]) / pairs;
            let mean = [side.mean[0] - off[0] / pairs, side.mean[1] - off[1] / pairs];
            Sample { mean, squares: squares.max(0.0), pairs }
        })
    }

    /// Scores of one pair after the other, [OUT, IN] a person, in the order of the models.
    pub fn by_model(&self, scores: &[Vec<[f64; 2]>], game: &Game) -> Vec<f64> {
        let n = self.persons;
        let mut out = Vec::with_capacity(2 * self.phi.len());
        for (pair, member) in scores.iter().zip(game.member().chunks_exact((2 * n).max(1))) {
            let models: Vec<[f64; 2]> =
                pair.iter().zip(&member[n..]).map(|(s, in_second)| in_order(s[0], s[1], *in_second)).collect();
            out.extend(models.iter().map(|s| s[0]));
            out.extend(models.iter().map(|s| s[1]));
        }
        out
    }
}

/// [OUT, IN] of (first, second), and the other way round.
fn in_order(a: f64, b: f64, in_second: bool) -> [f64; 2] {
    if in_second { [a, b] } else { [b, a] }
}
