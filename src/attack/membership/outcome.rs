//! From the scores of an attack to what it achieved.

use super::Game;
use crate::stats::binomial::clopper_pearson;
use crate::stats::normal_quantile;
use crate::stats::roc::Roc;

/// Confidence of intervals is 1 minus this.
pub(super) const ALPHA: f64 = 0.05;
/// False alarms that a threshold must be set by: fewer make a rate at that threshold meaningless.
const FALSE_ALARMS: f64 = 10.0;

/// What the scores of one attack achieve on the persons of one game.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// P(a member scores higher than a non-member).
    pub auc: f64,
    /// Standard error of that over persons drawn; see [`Outcome::of`].
    pub auc_error: f64,
    /// Largest true-positive rate minus false-positive rate.
    pub advantage: f64,
    /// Share of guesses that are right; see [`Outcome::of`].
    pub accuracy: f64,
    /// Scores of non-members.
    non_members: u64,
    roc: Roc,
    /// (score, person, whether a member), the highest first.
    ranked: Vec<(f64, u32, bool)>,
    persons: usize,
}

/// A true-positive rate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Share of members found.
    pub value: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Outcome {
    /// Scores over persons and shadow models pooled: one threshold for all. Accuracy is that of the best threshold of every
    /// other pair of shadow models on the others, and the other way round: never on the scores that it was chosen by. The standard error
    /// of the AUC is DeLong's with all scores of one person as one draw (Obuchowski, Biometrics 53, 1997).
    pub fn of(scores: &[f64], game: &Game) -> Self {
        let persons = game.persons();
        let mut order: Vec<(f64, u32)> =
            (0..).zip(scores).map(|(at, s)| (if s.is_nan() { f64::NEG_INFINITY } else { *s }, at)).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let member = |at: u32| game.member()[at as usize];
        let even = |at: u32| (at as usize / persons / 2).is_multiple_of(2);
        let half = |kept: bool| -> Vec<(f64, bool)> {
            order.iter().filter(|o| even(o.1) == kept).map(|o| (o.0, member(o.1))).collect()
        };
        let halves = [half(true), half(false)];
        let right = right(&halves[1], best_threshold(&halves[0])) + right(&halves[0], best_threshold(&halves[1]));
        let (sorted, flags): (Vec<f64>, Vec<bool>) = order.iter().map(|o| (o.0, member(o.1))).unzip();
        let roc = Roc::new(&sorted, &flags);
        let ranked: Vec<_> = order.iter().map(|o| (o.0, (o.1 as usize % persons) as u32, member(o.1))).collect();
        Self {
            auc: roc.auc(),
            auc_error: auc_error(&ranked, persons, &roc),
            advantage: roc.advantage(),
            accuracy: right as f64 / scores.len() as f64,
            non_members: roc.totals().0,
            roc,
            ranked,
            persons,
        }
    }

    /// The AUC's interval at 95 %, of a normal.
    pub fn auc_interval(&self) -> (f64, f64) {
        let half = normal_quantile(1.0 - ALPHA / 2.0) * self.auc_error;
        ((self.auc - half).max(0.0), (self.auc + half).min(1.0))
    }

    /// Share of members found where at most a share `fpr` of non-members is taken for one; the number of non-members'
    /// scores and of those needed where there are too few.
    ///
    /// The interval is Clopper and Pearson's at the effective number of scores: a person whom the models remember is found again
    /// and again, so the variance is that of persons drawn, not of scores (Korn & Graubard, Survey Methodology 24, 1998). The
    /// threshold's own luck is not in it.
    pub fn at(&self, fpr: f64) -> Result<Rate, (u64, u64)> {
        let needed = libm::ceil(FALSE_ALARMS / fpr) as u64;
        if self.non_members < needed {
            return Err((self.non_members, needed));
        }
        let (hits, members) = self.roc.hits_at(fpr);
        let value = hits as f64 / members.max(1) as f64;
        // Hits and members of each person.
        let mut of = vec![(0u32, 0u32); self.persons];
        let mut left = hits;
        for (_, person, _) in self.ranked.iter().filter(|r| r.2) {
            let found = left > 0;
            left -= u64::from(found);
            of[*person as usize].0 += u32::from(found);
            of[*person as usize].1 += 1;
        }
        let squares: f64 = of.iter().map(|(h, k)| f64::from(*h) - value * f64::from(*k)).map(|off| off * off).sum();
        let persons = of.iter().filter(|o| o.1 > 0).count() as f64;
        let effective = value * (1.0 - value) * (members as f64) * (members as f64) / squares;
        let effective = if effective.is_finite() { effective.clamp(persons, members as f64) } else { persons };
        let n = libm::round(effective) as u64;
        let (lo, hi) = clopper_pearson(libm::round(value * n as f64) as u64, n, ALPHA);
        Ok(Rate { value, lo: lo.min(value), hi: hi.max(value) })
    }
}

/// √ of the sum over persons of (Σ over their scores (share of the other kind that is ranked right − AUC)/number of the kind)².
fn auc_error(ranked: &[(f64, u32, bool)], persons: usize, roc: &Roc) -> f64 {
    let (auc, (n0, n1)) = (roc.auc(), roc.totals());
    let (n0, n1) = (n0 as f64, n1 as f64);
    let mut of = vec![0.0; persons];
    // Non-members and members above.
    let (mut above0, mut above1) = (0.0, 0.0);
    for tie in ranked.chunk_by(|a, b| a.0 == b.0) {
        let members = tie.iter().filter(|t| t.2).count() as f64;
        let others = tie.len() as f64 - members;
        let (right1, right0) = (n0 - above0 - 0.5 * others, above1 + 0.5 * members);
        for (_, person, member) in tie {
            of[*person as usize] += if *member { (right1 / n0 - auc) / n1 } else { (right0 / n1 - auc) / n0 };
        }
        (above0, above1) = (above0 + others, above1 + members);
    }
    libm::sqrt(of.iter().map(|off| off * off).sum())
}

/// The threshold, of scores from the highest down, at and above which most guesses are right if taken for members.
fn best_threshold(ranked: &[(f64, bool)]) -> f64 {
    let (mut gain, mut best) = (0i64, (0i64, f64::INFINITY));
    for tie in ranked.chunk_by(|a, b| a.0 == b.0) {
        gain += tie.iter().map(|t| if t.1 { 1 } else { -1 }).sum::<i64>();
        if gain > best.0 {
            best = (gain, tie[0].0);
        }
    }
    best.1
}

/// Right guesses at a threshold.
fn right(ranked: &[(f64, bool)], threshold: f64) -> u64 {
    ranked.iter().filter(|(score, member)| (*score >= threshold) == *member).count() as u64
}
