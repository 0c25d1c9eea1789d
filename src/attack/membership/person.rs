//! What an attack achieves on each person by that person's own scores, beside what one threshold for all achieves.

use super::Game;
use super::outcome::ALPHA;
use crate::stats::normal_quantile;

/// The AUC of each person, averaged over persons.
///
/// Pooled scores ask one threshold of persons who differ: where some are easy to predict whether they are members or not, their scores
/// as non-members lie above those of others as members, and the pooled AUC says less than an attacker learns who knows how
/// each person usually scores. Here a person's score is compared with the same person's alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerPerson {
    /// P(a person's score in a model that they are IN is above the score in one that they are OUT of).
    pub auc: f64,
    /// Its standard error over persons drawn.
    pub error: f64,
}

impl PerPerson {
    /// Compares the two scores of each pair of models, a tie counting one half: Λ of both is then made without that pair, and a coin is a
    /// coin exactly. An AUC over all models of a person has the same expectation, but its scores have seen each other's halves.
    pub fn of(scores: &[f64], game: &Game) -> Self {
        let n = game.persons();
        let size = (2 * n).max(1);
        let mut right = vec![0.0; n];
        for (values, member) in scores.chunks_exact(size).zip(game.member().chunks_exact(size)) {
            for (i, right) in right.iter_mut().enumerate() {
                let at = [values[i], values[n + i]].map(|s| if s.is_nan() { f64::NEG_INFINITY } else { s });
                let (out, inside) = if member[n + i] { (at[0], at[1]) } else { (at[1], at[0]) };
                *right += f64::from(u8::from(inside > out)) + 0.5 * f64::from(u8::from(inside == out));
            }
        }
        let pairs = (game.shadows() / 2) as f64;
        let persons = n as f64;
        let auc = right.iter().map(|r| r / pairs).sum::<f64>() / persons;
        let squares: f64 = right.iter().map(|r| (r / pairs - auc).powi(2)).sum();
        Self { auc, error: libm::sqrt(squares / (persons - 1.0) / persons) }
    }

    /// The interval at 95 %, of a normal.
    pub fn interval(&self) -> (f64, f64) {
        let half = normal_quantile(1.0 - ALPHA / 2.0) * self.error;
        ((self.auc - half).max(0.0), (self.auc + half).min(1.0))
    }
}
