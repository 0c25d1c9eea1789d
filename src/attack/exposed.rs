//! The most exposed: how much an attack tells of the persons whose own record moves its guess most.
//!
//! A mean over all persons makes "one person in forty is known exactly" equal to "a little is known of everybody". So
//! the same risk is measured once more, of the hundredth of targets whose P(yes) differs most between the attack and the
//! attacker without their record. Ties are settled by lot; the expectation is returned.

use super::Measured;

/// Share of targets.
const SHARE: f64 = 0.01;
/// Fewest persons who say something.
const FEWEST: f64 = 20.0;

/// Success of the attack and without the own record (`without`, one guess or more, of which the best counts) on the
/// most exposed; none where they are too few. All are P(yes), a target each.
pub fn of_most_exposed(attack: &[f64], without: [&[f64]; 2], truth: &[bool]) -> Option<Measured> {
    let many = libm::ceil(SHARE * truth.len() as f64);
    if many < FEWEST {
        return None;
    }
    let weights = |other: &[f64]| {
        let mut order: Vec<(f64, usize)> = attack.iter().zip(other).map(|(a, b)| (a - b).abs()).zip(0..).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (mut left, mut out) = (many, Vec::new());
        for tie in order.chunk_by(|a, b| a.0 == b.0) {
            let part = (left / tie.len() as f64).clamp(0.0, 1.0);
            out.extend(tie.iter().map(|(_, i)| (*i, part)));
            left -= part * tie.len() as f64;
            if left <= 0.0 {
                break;
            }
        }
        out
    };
    let right = |p: f64, yes: bool| match p {
        0.5 => 0.5,
        p => f64::from(u8::from((p > 0.5) == yes)),
    };
    let success =
        |p: &[f64], of: &[(usize, f64)]| of.iter().map(|(i, part)| part * right(p[*i], truth[*i])).sum::<f64>() / many;
    // The attacker without the record is the one who does better on all.
    let all: Vec<(usize, f64)> = (0..truth.len()).map(|i| (i, 1.0)).collect();
    let best = if success(without[0], &all) >= success(without[1], &all) { without[0] } else { without[1] };
    let of = weights(best);
    let control = success(best, &of);
    Some(Measured { attack: success(attack, &of), baseline: control, control })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 % are known exactly, nothing of the others: the mean says little, the most exposed everything. Where each record
    /// moves the guess a little, both say the same.
    #[test]
    fn a_few_who_are_known_exactly_are_not_hidden_by_a_mean() {
        let n = 4_000;
        let truth: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
        let half = vec![0.5; n];
        let known: Vec<f64> = (0..n).map(|i| if i < 120 { f64::from(u8::from(truth[i])) } else { 0.5 }).collect();
        let few = of_most_exposed(&known, [&half, &half], &truth).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(few.attack, 1.0) && near(few.control, 0.5) && near(few.risk(), 1.0), "{few:?}");
        // Right for three of four.
        let little: Vec<f64> = (0..n).map(|i| if truth[i] == (i % 8 < 6) { 0.6 } else { 0.4 }).collect();
        let all = of_most_exposed(&little, [&half, &half], &truth).unwrap();
        let mean = (0..n).filter(|i| (little[*i] > 0.5) == truth[*i]).count() as f64 / n as f64;
        assert!(near(all.attack, mean), "{all:?} {mean}");
        // The better of the two without the record.
        let guess: Vec<f64> = (0..n).map(|i| if truth[i] == (i % 4 != 0) { 0.7 } else { 0.3 }).collect();
        let better = of_most_exposed(&little, [&half, &guess], &truth).unwrap();
        assert!(!near(better.control, 0.5), "{better:?}");
        assert!(of_most_exposed(&known[..1_900], [&half, &half], &truth[..1_900]).is_none(), "19 persons");
    }
}
