//! The headline of an arm's measured leakage, by one rule for all arms.
//!
//! **Rule.** In every arm the same attacker wants to know the same three things of the same persons ([`TRAITS`]), each with its
//! control in which the person's own record is kept out. The headline is the *largest* of the three mean risks
//! (attack − control)/(1 − control); which one it is is always said with it. An arm that releases nothing has the headline 0:
//! "nothing to attack".
//!
//! The rule looks for what hurts most of these, not for what looks best. Where all risks are near 0, the largest of three estimates
//! lies somewhat above 0 by chance alone: read it with its interval. It leaves out
//!
//! - what is learned by *similarity*, from the records of others;
//! - [`QUESTIONS`] that are of another kind in each arm (membership in a scorer or in sums, singling out, whose report it is) and
//!   cannot be compared between arms; some of them are asked by insiders who know almost everything, and answered far more often.
//!
//! Both stand in a second picture and in the table of the terminal.

use super::Summaries;
use super::metric::metric;
use crate::stats::Interval;

/// What the attacker wants to know in every arm: name in the rows, and in words.
pub const TRAITS: [(&str, &str); 3] =
    [("attribute", "sensitive trait"), ("lateness", "late payments"), ("income", "income")];

/// Questions of their own kind.
pub const QUESTIONS: [(&str, &str); 4] = [
    ("membership", "membership"),
    ("membership_worst", "… for an insider"),
    ("report", "whose report"),
    ("singling_out", "singling out"),
];

/// The largest measured risk of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Headline {
    /// What is learned, in words.
    pub attack: &'static str,
    /// Share of what was left to learn, with its interval over replications.
    pub risk: Interval,
    /// Replications behind it.
    pub replications: usize,
}

/// The headline of an arm at one ε and sweep point; none where the arm was not attacked. Of equals the first.
pub fn headline(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Headline> {
    largest(all, arm, epsilon, sweep, "risk")
}

/// The largest of what others' records alone give away of the three traits.
pub fn similarity(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Headline> {
    largest(all, arm, epsilon, sweep, "similarity")
}

/// What an insider learns: of sums one who knows all other members, of a report one who knows the record.
pub fn insider(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Interval> {
    let of = |name: &&str| all.get(arm, epsilon, sweep, &format!("attack.{name}.risk"), "all").map(|s| s.value);
    ["membership_worst", "report"].iter().find_map(of).filter(|v| v.mean.is_finite())
}

fn largest(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String], statistic: &str) -> Option<Headline> {
    let of = |&(name, words): &(&'static str, &'static str)| {
        let s = all.get(arm, epsilon, sweep, &format!("attack.{name}.{statistic}"), "all")?;
        let found = Headline { attack: words, risk: s.value, replications: s.replications };
        s.value.mean.is_finite().then_some(found)
    };
    TRAITS.iter().filter_map(of).reduce(|best, next| if next.risk.mean > best.risk.mean { next } else { best })
}

/// Whether any arm was attacked.
pub fn measured(all: &Summaries) -> bool {
    TRAITS.iter().any(|(name, _)| all.has_metric(&format!("attack.{name}.risk")))
}

/// Whether an arm releases nothing that could be attacked: it has metrics, but no rows of any attack.
pub fn nothing_to_attack(all: &Summaries, arm: &str) -> bool {
    measured(all) && !all.rows().iter().any(|s| &*s.arm == arm && s.metric.starts_with("attack."))
}

/// Attacks of a list that have rows of this statistic: names in words and metrics.
pub fn present(all: &Summaries, attacks: &[(&str, &'static str)], statistic: &str) -> Vec<(&'static str, String)> {
    let has = |(name, words): &(&str, &'static str)| {
        let metric = format!("attack.{name}.{statistic}");
        all.has_metric(&metric).then_some((*words, metric))
    };
    attacks.iter().filter_map(has).collect()
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
        let rows = fake::rows(&context);
        let all = Summaries::new(&rows, &context);
        let full = headline(&all, "full-sharing", None, &[]).unwrap();
        for (name, _) in TRAITS {
            let s = all.get("full-sharing", None, &[], &format!("attack.{name}.risk"), "all").unwrap();
            assert!(s.value.mean <= full.risk.mean);
        }
        assert_eq!(full.attack, "sensitive trait");
        assert!(headline(&all, "bureau-only", None, &[]).is_none());
        assert!(nothing_to_attack(&all, "bureau-only") && !nothing_to_attack(&all, "opt-in"));
        assert!(!nothing_to_attack(&Summaries::new(&[], &context), "bureau-only"), "nobody was attacked");
        // Of equals the first.
        let ties: Vec<_> = rows
            .into_iter()
            .filter(|r| &*r.metric == "attack.lateness.risk" || &*r.metric == "attack.income.risk")
            .map(|r| crate::evaluate::Row { value: 1.0, ..r })
            .collect();
        assert_eq!(headline(&Summaries::new(&ties, &context), "opt-in", None, &[]).unwrap().attack, "late payments");
    }

    #[test]
    fn an_insider_of_sums_or_reports_is_found() {
        let context = fake::context();
        let all = Summaries::new(&fake::rows(&context), &context);
        assert!(insider(&all, "dp-aggregates", Some(8.0), &[]).is_some());
        assert!(insider(&all, "local-dp", Some(8.0), &[]).is_some());
        assert!(insider(&all, "opt-in", None, &[]).is_none());
    }
}
