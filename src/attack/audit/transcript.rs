//! The attacker who sees every release of a mechanism, and knows both data sets but which of them it was.
//!
//! DP covers the whole transcript: all noisy vectors, each chosen by looking at those before. Its likelihood under
//! either data set is exact. The mechanism is run once on the true data set and recorded; it is run again on the
//! other, made to give the same answers ([`Tape`]). Both leave the true values fᵣ behind each answer yᵣ, and for
//! Gaussian noise
//!
//! ```text
//! ln P(y | with) − ln P(y | without) = Σᵣ (‖yᵣ − fᵣ(without)‖² − ‖yᵣ − fᵣ(with)‖²)/2σᵣ²
//! ```
//!
//! (‖·‖₁/s for Laplace). By Neyman and Pearson no attacker does better on these two data sets.
//!
//! The two runs check two more things, without statistics. What leaves besides the transcript (a model, a table) must
//! be the same in both: it is a function of released numbers alone. If it is not, the attacker knows the data set for
//! certain: the statistic is ±∞. And every release of the tape must be in the ledger, at the same scale.

use crate::error::Result;
use crate::privacy::{Family, Heard, Ledger, Noise, NoiseMode, Tape};
use crate::rng::Streams;

/// A mechanism on one pair of neighbouring data sets: whether the canary is in, noise, ledger → what leaves besides
/// the transcript.
pub type Mechanism<'a> = dyn Fn(bool, Noise, &mut Ledger) -> Result<Vec<u64>> + Sync + 'a;

/// What one run showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Log-likelihood ratio of "the canary is in"; ±∞ where the result gives it away.
    pub statistic: f64,
    /// How far apart the released sums are on the two data sets: the squared distance in scales of the noise, which is μ² of
    /// Gaussian noise.
    pub apart: f64,
    /// Whether something besides released numbers depends on the data.
    pub leak: bool,
    /// Whether the ledger lacks a release.
    pub uncounted: bool,
}

/// One run with the canary in or out, its noise keyed by `release`, and its replay on the neighbour.
pub fn observe(
    mechanism: &Mechanism<'_>,
    (mode, streams): (NoiseMode, Streams),
    release: u64,
    within: bool,
) -> Result<Observed> {
    let noise = |tape: &Tape| Noise::new(mode, streams, release).taped(tape);
    let (tape, mut ledger) = (Tape::recording(), Ledger::new());
    let result = mechanism(within, noise(&tape), &mut ledger)?;
    let heard = tape.heard();
    let uncounted = missing(&heard, &ledger);
    let again = Tape::replaying(heard.clone());
    let other = mechanism(!within, noise(&again), &mut Ledger::new());
    let replayed = again.heard();
    let same = |(a, b): (&Heard, &Heard)| a.family == b.family && a.scale == b.scale && a.said == b.said;
    let alike = heard.len() == replayed.len() && heard.iter().zip(&replayed).all(same);
    // A mechanism that fails on one of two neighbours tells them apart as well.
    let leak = !alike || other.map_or(true, |other| other != result);
    let sign = if within { 1.0 } else { -1.0 };
    let ratio =
        if leak { f64::INFINITY } else { heard.iter().zip(&replayed).map(|(own, other)| advantage(own, other)).sum() };
    let apart = heard.iter().zip(&replayed).map(|(own, other)| apart(own, other)).sum();
    Ok(Observed { statistic: sign * ratio, apart, leak, uncounted })
}

/// ln P(said | own data) − ln P(said | other data).
fn advantage(own: &Heard, other: &Heard) -> f64 {
    let far = |h: &Heard| -> f64 {
        let away = h.said.iter().zip(&h.truth).map(|(y, f)| y.abs_diff(*f));
        match h.family {
            Family::Laplace => away.map(|d| d as f64).sum::<f64>() / h.scale,
            Family::Gaussian => away.map(|d| d as f64 * d as f64).sum::<f64>() / (2.0 * h.scale * h.scale),
        }
    };
    far(other) - far(own)
}

/// Σ (own − other)²/scale² of the true sums.
fn apart(own: &Heard, other: &Heard) -> f64 {
    let squares = own.truth.iter().zip(&other.truth).map(|(a, b)| (a.abs_diff(*b) as f64 / own.scale).powi(2));
    squares.sum()
}

/// Whether a release is without an entry of its scale.
fn missing(heard: &[Heard], ledger: &Ledger) -> bool {
    let mut entered: Vec<f64> = ledger.entries().iter().map(|e| e.scale).collect();
    heard.iter().any(|h| match entered.iter().position(|scale| *scale == h.scale) {
        Some(at) => {
            entered.swap_remove(at);
            false
        }
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{IntegerGaussian, IntegerLaplace};

    /// A count of 10 or 11, then a second one whose question depends on the first answer.
    fn adaptive(within: bool, mut noise: Noise, ledger: &mut Ledger) -> Result<i64> {
        let truth = 10 + i64::from(within);
        let mut first = [truth];
        IntegerLaplace::calibrate(1, 0.5)?.release(&mut first, "count", &mut noise, ledger)?;
        let mut second = [if first[0] > 10 { truth } else { 2 * truth }];
        IntegerGaussian::calibrate_mu(4, 0.5)?.release(&mut second, "again", &mut noise, ledger)?;
        Ok(first[0] + second[0])
    }

    #[test]
    fn a_function_of_the_releases_is_no_leak_and_a_function_of_the_data_is() {
        let source = (NoiseMode::Seeded, Streams::new(1, 0));
        let sound = |within, noise, ledger: &mut Ledger| Ok(vec![adaptive(within, noise, ledger)?.cast_unsigned()]);
        let leaky = |within, noise, ledger: &mut Ledger| {
            adaptive(within, noise, ledger)?;
            Ok(vec![u64::from(within)])
        };
        for release in 0..50 {
            let fine = observe(&sound, source, release, release % 2 == 0).unwrap();
            assert!(fine.statistic.is_finite() && !fine.leak && !fine.uncounted, "{fine:?}");
            let bad = observe(&leaky, source, release, release % 2 == 0).unwrap();
            assert!(bad.leak && bad.statistic == if release % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY });
        }
    }

    /// Six standard errors: in each of the adaptive steps the ratio's mean is that of the noise; E[e^−ratio | with] =
    /// 1.
    #[test]
    fn the_statistic_is_a_log_likelihood_ratio() {
        let source = (NoiseMode::Seeded, Streams::new(2, 0));
        let sound = |within, noise, ledger: &mut Ledger| Ok(vec![adaptive(within, noise, ledger)?.cast_unsigned()]);
        let n = 20_000;
        let mean: f64 =
            (0..n).map(|r| (-observe(&sound, source, r, true).unwrap().statistic).exp()).sum::<f64>() / n as f64;
        assert!((mean - 1.0).abs() < 6.0 * (0.9 / n as f64).sqrt(), "{mean}");
    }

    #[test]
    fn releases_that_are_not_entered_or_not_the_same_are_seen() {
        let source = (NoiseMode::Seeded, Streams::new(3, 0));
        let silent =
            |within, noise, _: &mut Ledger| Ok(vec![adaptive(within, noise, &mut Ledger::new())?.cast_unsigned()]);
        assert!(observe(&silent, source, 0, true).unwrap().uncounted);
        let scaled = |within: bool, mut noise: Noise, ledger: &mut Ledger| {
            let m = IntegerLaplace::calibrate(if within { 2 } else { 1 }, 0.5)?;
            m.release(&mut [5], "count", &mut noise, ledger)?;
            Ok(Vec::new())
        };
        assert!(observe(&scaled, source, 0, true).unwrap().leak);
    }
}
