//! The headline of an arm's measured leakage, by one rule for all arms.
//!
//! **Rule.** Every arm meets the same attacks on single persons ([`ATTACKS`]), each with its control in which the person's own
//! record is kept out. The headline is the *largest* of their mean risks (attack − control)/(1 − control), whichever attack that
//! is; its name is always given with it. An arm that releases nothing has the headline 0: "nothing to attack".
//!
//! The rule looks for what hurts most, not for what looks best. Where all risks are near 0, the largest of several estimates
//! lies somewhat above 0 by chance alone: read it with its interval. The headline is of these attacks; others may learn more.
//! It leaves out what is learned by *similarity*, from the records of others: that is in the second picture.

use super::Summaries;
use super::metric::metric;
use crate::stats::Interval;

/// Attacks that compete for the headline: name in the rows, and in words.
pub const ATTACKS: [(&str, &str); 5] = [
    ("attribute", "sensitive trait"),
    ("lateness", "late payments"),
    ("income", "income"),
    ("membership", "membership"),
    ("singling_out", "singling out"),
];

/// The largest measured risk of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Headline {
    /// The attack's name in the rows.
    pub name: &'static str,
    /// What is learned, in words.
    pub attack: &'static str,
    /// Share of what was left to learn, with its interval over replications.
    pub risk: Interval,
    /// Replications behind it.
    pub replications: usize,
}

/// The headline of an arm at one ε and sweep point; none where the arm was not attacked.
pub fn headline(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Headline> {
    let of = |&(name, words): &(&'static str, &'static str)| {
        let s = all.get(arm, epsilon, sweep, &format!("attack.{name}.risk"), "all")?;
        let found = Headline { name, attack: words, risk: s.value, replications: s.replications };
        s.value.mean.is_finite().then_some(found)
    };
    ATTACKS.iter().filter_map(of).max_by(|a, b| a.risk.mean.total_cmp(&b.risk.mean))
}

/// Whether any arm was attacked.
pub fn measured(all: &Summaries) -> bool {
    ATTACKS.iter().any(|(name, _)| all.has_metric(&format!("attack.{name}.risk")))
}

/// Whether an arm releases nothing that could be attacked: it has metrics, but no rows of any attack.
pub fn nothing_to_attack(all: &Summaries, arm: &str) -> bool {
    measured(all) && !all.rows().iter().any(|s| &*s.arm == arm && s.metric.starts_with("attack."))
}

/// Attacks with their names in words that have rows of this statistic.
pub fn present(all: &Summaries, statistic: &str) -> Vec<(&'static str, String)> {
    let has = |(name, words): &(&'static str, &'static str)| {
        let metric = format!("attack.{name}.{statistic}");
        all.has_metric(&metric).then_some((*words, metric))
    };
    ATTACKS.iter().filter_map(has).collect()
}

/// Axis of a risk.
pub fn axis() -> String {
    metric("attack.risk").map_or_else(String::new, super::metric::Metric::axis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    #[test]
    fn the_headline_is_the_largest_risk_and_names_its_attack() {
        let context = fake::context();
        let all = Summaries::new(&fake::rows(&context), &context);
        let full = headline(&all, "full-sharing", None, &[]).unwrap();
        for (name, _) in ATTACKS {
            if let Some(s) = all.get("full-sharing", None, &[], &format!("attack.{name}.risk"), "all") {
                assert!(s.value.mean <= full.risk.mean);
            }
        }
        assert_eq!(full.attack, "sensitive trait");
        assert!(headline(&all, "bureau-only", None, &[]).is_none());
        assert!(nothing_to_attack(&all, "bureau-only") && !nothing_to_attack(&all, "opt-in"));
        assert!(!nothing_to_attack(&Summaries::new(&[], &context), "bureau-only"), "nobody was attacked");
    }
}
