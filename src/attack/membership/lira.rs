//! The likelihood-ratio attack of Carlini et al., "Membership inference attacks from first principles", S&P 2022.

use super::Game;
use super::sides::{Pairs, Sample};

/// Least variance of a person's log-odds over shadow models, so that a scorer without luck still has a ratio.
pub(super) const LEAST_VARIANCE: f64 = 1e-12;

/// How much likelier each log-odds is of a model that the person is IN than of one that they are OUT of, by that person's own
/// shadow models alone: the reference that figures from elsewhere are compared with. It takes many models;
/// [`shrunk_lira`](super::shrunk_lira) takes few.
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
    let pairs = Pairs::of(phi, game);
    let of_pair = |p: usize| -> Vec<[f64; 2]> {
        pairs.without(&[p]).zip(pairs.pair(p)).map(|(others, phi)| phi.map(|x| ratio(&others, x))).collect()
    };
    let scores: Vec<_> = (0..pairs.count()).map(of_pair).collect();
    pairs.by_model(&scores, game)
}

/// Λ of `x`.
fn ratio(others: &Sample, x: f64) -> f64 {
    let variance = (others.squares / (2.0 * others.pairs - 2.0)).max(LEAST_VARIANCE);
    let from = |side: usize| x - others.mean[side];
    (from(0) * from(0) - from(1) * from(1)) / (2.0 * variance)
}
