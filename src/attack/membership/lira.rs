//! The likelihood-ratio attack of Carlini et al., "Membership inference attacks from first principles", S&P 2022.

use super::Game;

/// Least variance of a person's log-odds over shadow models, so that a scorer without luck still has a ratio.
const LEAST_VARIANCE: f64 = 1e-12;

/// How much likelier each log-odds is of a model that the person is IN than of one that they are OUT of.
///
/// Each pair of models is the victim in turn and all other pairs are its shadows. With the means of the person's φ over those
/// of them that they are IN and OUT of, equally many, and one variance s² about these means,
///
/// ```text
/// Λ = [ (φ − mean of OUT)² − (φ − mean of IN)² ] / 2s²
/// ```
///
/// Why pairs: were the victim left out alone, its own side would have one model less, hence a mean farther off, and a scorer
/// that does not look at its training data would come out below a coin. Without the pair the two sides are alike: for such
/// a scorer, whatever the distribution of its luck, Λ and −Λ are equally likely of members and others, and the AUC is ½.
///
/// `phi` holds one model after the other, in each a value a person of the game; 4 models or more. Returns Λ in that order.
pub fn lira(phi: &[f64], game: &Game) -> Vec<f64> {
    let n = game.persons();
    let size = (2 * n).max(1);
    // One slice a pair: φ of the first model, then of the second, and whether the person is IN the second.
    let pairs = || phi.chunks_exact(size).map(|p| p.split_at(n)).zip(game.member().chunks_exact(size).map(|m| &m[n..]));
    let count = (game.shadows() / 2) as f64;
    let mut sides = vec![Sides::default(); n];
    for ((first, second), is_second) in pairs() {
        for (((side, a), b), is) in sides.iter_mut().zip(first).zip(second).zip(is_second) {
            let x = if *is { [*a, *b] } else { [*b, *a] };
            side.mean = [side.mean[0] + x[0], side.mean[1] + x[1]];
        }
    }
    sides.iter_mut().for_each(|s| s.mean = s.mean.map(|sum| sum / count));
    for ((first, second), is_second) in pairs() {
        for (((side, a), b), is) in sides.iter_mut().zip(first).zip(second).zip(is_second) {
            let x = if *is { [*a, *b] } else { [*b, *a] };
            side.squares += (x[0] - side.mean[0]).powi(2) + (x[1] - side.mean[1]).powi(2);
        }
    }
    let mut out = Vec::with_capacity(phi.len());
    for ((first, second), is_second) in pairs() {
        let ratios = |x: &[f64]| -> Vec<f64> {
            let one = |(((side, x), (a, b)), is): (((&Sides, &f64), (&f64, &f64)), &bool)| {
                side.ratio(*x, if *is { [*a, *b] } else { [*b, *a] }, count)
            };
            sides.iter().zip(x).zip(first.iter().zip(second)).zip(is_second).map(one).collect()
        };
        out.extend(ratios(first));
        out.extend(ratios(second));
    }
    out
}

/// One person's log-odds over all models; OUT and IN.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    mean: [f64; 2],
    /// Squared distances to the mean of their own side, both sides.
    squares: f64,
}

impl Sides {
    /// Λ of `x` by all of `count` pairs but the one whose OUT and IN are `pair`.
    fn ratio(&self, x: f64, pair: [f64; 2], count: f64) -> f64 {
        let off = [pair[0] - self.mean[0], pair[1] - self.mean[1]];
        // Without a value its side's mean moves away from it, and the squares lose off²·count/(count − 1).
        let squares = self.squares - (off[0] * off[0] + off[1] * off[1]) * count / (count - 1.0);
        let variance = (squares / (2.0 * count - 4.0)).max(LEAST_VARIANCE);
        let from = |side: usize| x - (self.mean[side] - off[side] / (count - 1.0));
        (from(0) * from(0) - from(1) * from(1)) / (2.0 * variance)
    }
}
