//! How well a number tells two kinds apart.

/// The ROC curve of a score: higher = more likely positive. Ties are one step.
#[derive(Clone, Debug, Default)]
pub struct Roc {
    /// (negatives, positives) at or above each threshold, from the highest down.
    steps: Vec<(u64, u64)>,
}

impl Roc {
    /// From one score a case; NaN counts as the lowest.
    pub fn new(scores: &[f64], positive: &[bool]) -> Self {
        let mut order: Vec<(f64, bool)> =
            scores.iter().zip(positive).map(|(s, p)| (if s.is_nan() { f64::NEG_INFINITY } else { *s }, *p)).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (mut negatives, mut positives) = (0u64, 0u64);
        let steps = order
            .chunk_by(|a, b| a.0 == b.0)
            .map(|tie| {
                let hits = tie.iter().filter(|t| t.1).count() as u64;
                positives += hits;
                negatives += tie.len() as u64 - hits;
                (negatives, positives)
            })
            .collect();
        Self { steps }
    }

    /// (negatives, positives) in all.
    pub fn totals(&self) -> (u64, u64) {
        self.steps.last().copied().unwrap_or((0, 0))
    }

    /// P(a positive scores higher than a negative) + ½·P(tie); NaN if a kind is missing.
    pub fn auc(&self) -> f64 {
        let (negatives, positives) = self.totals();
        let pairs = u128::from(negatives) * u128::from(positives);
        if pairs == 0 {
            return f64::NAN;
        }
        let (mut twice, mut last) = (0u128, (0u64, 0u64));
        for step in &self.steps {
            twice += u128::from(step.0 - last.0) * u128::from(step.1 + last.1);
            last = *step;
        }
        twice as f64 / (2 * pairs) as f64
    }

    /// (hits, positives) at the lowest threshold whose false-positive rate does not exceed `fpr`.
    pub fn hits_at(&self, fpr: f64) -> (u64, u64) {
        let (negatives, positives) = self.totals();
        let allowed = fpr * negatives as f64;
        let hits = self.steps.iter().take_while(|s| s.0 as f64 <= allowed).last().map_or(0, |s| s.1);
        (hits, positives)
    }

    /// Largest true-positive rate minus false-positive rate; NaN if a kind is missing.
    pub fn advantage(&self) -> f64 {
        let (n, p) = self.totals();
        if n == 0 || p == 0 {
            return f64::NAN;
        }
        self.steps.iter().map(|s| s.1 as f64 / p as f64 - s.0 as f64 / n as f64).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_all_pairs() {
        let scores: Vec<f64> = (0..200u32).map(|i| f64::from((i * 37) % 50)).collect();
        let positive: Vec<bool> = (0..200u32).map(|i| (i * 13) % 7 < 3).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (a, p) in scores.iter().zip(&positive).filter(|x| *x.1) {
            for (b, _) in scores.iter().zip(&positive).filter(|x| !*x.1) {
                pairs += 1.0;
                won += if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
                let _ = p;
            }
        }
        let roc = Roc::new(&scores, &positive);
        assert!((roc.auc() - won / pairs).abs() < 1e-12);
        let turned: Vec<f64> = scores.iter().map(|s| -s).collect();
        assert!((Roc::new(&turned, &positive).auc() - (1.0 - won / pairs)).abs() < 1e-12);
    }

    #[test]
    fn a_threshold_never_exceeds_its_false_positive_rate() {
        let roc = Roc::new(&[5.0, 4.0, 4.0, 3.0, 2.0], &[true, true, false, true, false]);
        assert_eq!(roc.hits_at(0.0), (1, 3), "a tie with a negative is not taken");
        assert_eq!(roc.hits_at(0.5), (3, 3));
        assert!((roc.advantage() - 0.5).abs() < 1e-12);
        assert!(Roc::new(&[1.0], &[true]).auc().is_nan());
        assert_eq!(Roc::new(&[], &[]).hits_at(0.1), (0, 0));
    }
}
