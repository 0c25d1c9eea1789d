//! The headline of an arm's measured leakage, by one rule for all arms.
//!
//! **Rule.** In every arm the same attacker wants to know the same three things of the same persons ([`TRAITS`]), each with its
//! control in which the person's own record is kept out. All arms are compared by *one* of them: the one whose risk
//! (attack − control)/(1 − control) is largest on average over all arms and ε ([`compared`]), and it is always named. An arm
//! that releases nothing has the headline 0: "nothing to attack".
//!
//! A mean over persons makes "one in forty is known exactly" equal to "a little is known of everybody". So the worst case
//! stands beside it: the same risk of the most exposed hundredth, and what an [`insider`] learns.
//!
//! The headline leaves out
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

/// The measured risk of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Headline {
    /// Share of what was left to learn, with its interval over replications.
    pub risk: Interval,
    /// The same of the hundredth of persons whose record tells most.
    pub exposed: Option<Interval>,
    /// Replications behind it.
    pub replications: usize,
}

/// The trait that all arms are compared by, in rows and in words: the one of which most is learned on average over arms
/// and ε, of equals the first. None where no arm was attacked.
pub fn compared(all: &Summaries) -> Option<(&'static str, &'static str)> {
    let mean = |name: &str| {
        let metric = format!("attack.{name}.risk");
        let found: Vec<f64> =
            all.rows().iter().filter(|s| *s.metric == *metric && &*s.group == "all").map(|s| s.value.mean).collect();
        let finite = found.iter().filter(|v| v.is_finite());
        let (sum, count) = finite.fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
        (count > 0.0).then_some(sum / count)
    };
    let of = |t: &(&'static str, &'static str)| Some((mean(t.0)?, *t));
    TRAITS.iter().filter_map(of).reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, t)| t)
}

/// The headline of an arm at one ε and sweep point; none where the arm was not attacked.
pub fn headline(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Headline> {
    let (name, _) = compared(all)?;
    let get = |statistic: &str| {
        let found = all.get(arm, epsilon, sweep, &format!("attack.{name}.{statistic}"), "all");
        found.filter(|s| s.value.mean.is_finite())
    };
    let risk = get("risk")?;
    let exposed = get("risk_exposed").map(|s| s.value);
    Some(Headline { risk: risk.value, exposed, replications: risk.replications })
}

/// What others' records alone give away of that trait.
pub fn similarity(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Interval> {
    let (name, _) = compared(all)?;
    let found = all.get(arm, epsilon, sweep, &format!("attack.{name}.similarity"), "all")?;
    found.value.mean.is_finite().then_some(found.value)
}

/// What an insider learns: of sums one who knows all other members, of a report one who knows the record.
pub fn insider(all: &Summaries, arm: &str, epsilon: Option<f64>, sweep: &[String]) -> Option<Interval> {
    let of = |name: &&str| all.get(arm, epsilon, sweep, &format!("attack.{name}.risk"), "all").map(|s| s.value);
    ["membership_worst", "report"].iter().find_map(of).filter(|v| v.mean.is_finite())
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
    fn all_arms_are_compared_by_the_trait_of_which_most_is_learned() {
        let context = fake::context();
        let rows = fake::rows(&context);
        let all = Summaries::new(&rows, &context);
        assert_eq!(compared(&all), Some(("attribute", "sensitive trait")));
        let full = headline(&all, "full-sharing", None, &[]).unwrap();
        let s = all.get("full-sharing", None, &[], "attack.attribute.risk", "all").unwrap();
        assert_eq!(s.value.mean, full.risk.mean);
        assert!(full.exposed.unwrap().mean >= full.risk.mean - 0.05);
        assert!(headline(&all, "bureau-only", None, &[]).is_none());
        assert!(nothing_to_attack(&all, "bureau-only") && !nothing_to_attack(&all, "opt-in"));
        assert!(!nothing_to_attack(&Summaries::new(&[], &context), "bureau-only"), "nobody was attacked");
        assert_eq!(compared(&Summaries::new(&[], &context)), None);
        // Largest in one arm is not largest on average.
        let income = rows.iter().map(|r| match &*r.metric {
            "attack.income.risk" if &*r.arm == "opt-in" => crate::evaluate::Row { value: 0.9, ..r.clone() },
            _ => r.clone(),
        });
        let all = Summaries::new(&income.collect::<Vec<_>>(), &context);
        assert_eq!(compared(&all), Some(("attribute", "sensitive trait")));
        // Of equals the first.
        let ties: Vec<_> = rows
            .into_iter()
            .filter(|r| &*r.metric == "attack.lateness.risk" || &*r.metric == "attack.income.risk")
            .map(|r| crate::evaluate::Row { value: 1.0, ..r })
            .collect();
        assert_eq!(compared(&Summaries::new(&ties, &context)), Some(("lateness", "late payments")));
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
