//! The cut-off decides: what an arm does to profit and to the approval of people without a file at the fixed approval rate and
//! at the lender's own break-even, and between which cut-offs its sign turns.

use super::interval::FEWEST;
use super::table::{epsilon_text, narrow, place, plain, wrapped, written};
use super::{Context, Summaries};
use crate::evaluate::{AT_BREAK_EVEN, AT_RATE};
use crate::stats::Interval;
use comfy_table::{Cell, CellAlignment};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const APPROVAL: &str = "approval_at_cutoff";
const PROFIT: &str = "profit_at_cutoff";

/// The answer at both rules, the paired differences in approval by PD cut-off, arm by arm (DP arms at the ε nearest 1), and the
/// changes of sign in words. Empty where the rows carry no sweep of the cut-off.
pub fn render(all: &Summaries, context: &Context) -> String {
    let mut out = both_rules(all, context);
    let point = all.base(context).to_vec();
    let (mut prefix, mut who) = ("file=none;pd_cutoff=", "people without a file");
    let mut cutoffs = values(all, prefix);
    if cutoffs.is_empty() {
        (prefix, who) = ("pd_cutoff=", "all applicants");
        cutoffs = values(all, prefix);
    }
    if cutoffs.len() < 2 {
        return out;
    }
    let mut table = plain();
    let heads = cutoffs.iter().map(|c| format!("PD <\n{} %", percent(*c)));
    table.set_header(["arm".to_owned(), "ε".to_owned()].into_iter().chain(heads));
    let (mut approvals, mut profits) = (Turns::default(), Turns::default());
    let reference = &context.reference;
    for arm in all.arms() {
        let Some(epsilon) = all.nearest_epsilon(arm, 1.0).filter(|_| arm != context.reference) else { continue };
        let differences = |metric: &str, prefix: &str| -> Vec<Option<Interval>> {
            let at = |c: &f64| all.get(arm, epsilon, &point, metric, &format!("{prefix}{c}"))?.difference;
            cutoffs.iter().map(at).collect()
        };
        let found = differences(APPROVAL, prefix);
        let mut cells = vec![Cell::new(arm), Cell::new(epsilon.map_or(String::new(), epsilon_text))];
        cells.extend(found.iter().map(|d| right(d.map_or("–".to_owned(), |d| written(d, 100.0, 1, true, "±")))));
        table.add_row(cells);
        approvals.add(arm, &cutoffs, &found);
        profits.add(arm, &cutoffs, &differences(PROFIT, "pd_cutoff="));
    }
    let at = place(context, &point);
    out.push_str(&wrapped(&format!(
        "Approval of {who} by the lender's cut-off: paired difference to {reference}, pp{at}"
    )));
    narrow(&mut table);
    out.push_str(&table.trim_fmt());
    out.push('\n');
    if context.replications < FEWEST {
        let _ = writeln!(out, "With fewer than {FEWEST} replications nothing is said of where a sign turns.");
        return out;
    }
    let words =
        [format!("more {who} approved than under {reference}"), format!("higher profit than under {reference}")];
    for (turns, [more, fewer], what, words) in [
        (approvals, ["more", "fewer"], format!("approval of {who}"), &words[0]),
        (profits, ["higher", "lower"], "profit".to_owned(), &words[1]),
    ] {
        if turns.0.is_empty() {
            out.push_str(&wrapped(&format!(
                "No arm is shown to change the sign of its effect on {what}: no interval is above 0 at one of these cut-offs and \
                 below 0 at another."
            )));
            continue;
        }
        out.push_str(&wrapped(&format!(
            "The sign of the effect on {what} depends on the cut-off (PD below which a loan is granted):"
        )));
        for ((above, low, high), arms) in turns.0 {
            let (one, other) = if above { (more, fewer) } else { (fewer, more) };
            let words = words.replacen(more, one, 1);
            out.push_str(&wrapped(&format!("{words} at {low} %, {other} at {high} %: {}.", arms.join(", "))));
        }
    }
    out
}

/// Profit, approvals and people without a file under both rules: levels of the reference arm, differences of the others.
fn both_rules(all: &Summaries, context: &Context) -> String {
    let point = all.base(context).to_vec();
    let no_file = [AT_RATE, AT_BREAK_EVEN].map(|rule| format!("file=none;{rule}"));
    let columns = [
        (PROFIT, AT_RATE, "profit,\n%"),
        (APPROVAL, &*no_file[0], "no file,\napproved,\n%"),
        (PROFIT, AT_BREAK_EVEN, "profit,\n%"),
        (APPROVAL, AT_BREAK_EVEN, "approved,\n%"),
        (APPROVAL, &*no_file[1], "no file,\napproved,\n%"),
    ];
    let there = |metric: &str, group: &str| all.rows().iter().any(|r| &*r.metric == metric && &*r.group == group);
    let columns: Vec<_> = columns.into_iter().filter(|(metric, group, _)| there(metric, group)).collect();
    if columns.is_empty() {
        return String::new();
    }
    let rule = |group: &str| if group.ends_with(AT_RATE) { "fixed rate:\n" } else { "break-even:\n" };
    let mut table = plain();
    let heads = columns.iter().map(|(_, group, head)| format!("{}{head}", rule(group)));
    table.set_header(["arm".to_owned(), "ε".to_owned()].into_iter().chain(heads));
    for arm in all.arms() {
        let Some(epsilon) = all.nearest_epsilon(arm, 1.0) else { continue };
        let is_reference = arm == context.reference;
        let mut cells = vec![Cell::new(arm), Cell::new(epsilon.map_or(String::new(), epsilon_text))];
        for (metric, group, _) in &columns {
            let found = all.get(arm, epsilon, &point, metric, group);
            let value = found.and_then(|s| if is_reference { Some(s.value) } else { s.difference });
            let places = if *metric == PROFIT { 2 } else { 1 };
            cells.push(right(value.map_or("–".to_owned(), |v| written(v, 100.0, places, !is_reference, "±"))));
        }
        table.add_row(cells);
    }
    narrow(&mut table);
    let at = place(context, &point);
    let rules = context.rules.as_ref().map_or_else(String::new, |r| {
        format!(
            " The fixed rate approves {} % of applicants; the lender breaks even at a PD of {} %, and below it approves everybody.",
            percent(r.approval_rate),
            percent(r.break_even)
        )
    });
    let head = wrapped(&format!(
        "The cut-off decides: the answer at the fixed approval rate and at the lender's own break-even. Levels of {}, differences of \
         the other arms{at}.{rules}",
        context.reference
    ));
    format!("{head}{}\n\n", table.trim_fmt())
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A share in percent, with at most two decimals.
fn percent(share: f64) -> String {
    super::csv::number((1e4 * share).round() / 100.0)
}

/// Cut-offs in the rows, ascending.
fn values(all: &Summaries, prefix: &str) -> Vec<f64> {
    let mut found: Vec<f64> = all
        .rows()
        .iter()
        .filter(|r| &*r.metric == APPROVAL)
        .filter_map(|r| r.group.strip_prefix(prefix)?.parse().ok())
        .collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// Changes of sign between neighbouring cut-offs whose intervals exclude 0: (above 0 at the first, first, second), and the arms.
#[derive(Debug, Default)]
struct Turns(BTreeMap<(bool, String, String), Vec<String>>);

impl Turns {
    fn add(&mut self, arm: &str, cutoffs: &[f64], differences: &[Option<Interval>]) {
        let clear: Vec<(f64, bool)> = cutoffs
            .iter()
            .zip(differences)
            .filter_map(|(c, d)| d.filter(|d| d.lo > 0.0 || d.hi < 0.0).map(|d| (*c, d.mean > 0.0)))
            .collect();
        for pair in clear.windows(2).filter(|p| p[0].1 != p[1].1) {
            let key = (pair[0].1, percent(pair[0].0), percent(pair[1].0));
            self.0.entry(key).or_default().push(arm.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    #[test]
    fn only_clear_changes_of_sign_are_named() {
        let d = |mean: f64, half: f64| Some(Interval { mean, lo: mean - half, hi: mean + half });
        let mut turns = Turns::default();
        let found = [d(-2.0, 0.5), d(0.1, 0.5), d(3.0, 0.5), None, d(2.0, 0.1)];
        turns.add("opt-in", &[0.01, 0.02, 0.03, 0.04, 0.05], &found);
        assert_eq!(turns.0.into_iter().collect::<Vec<_>>(), [((false, "1".into(), "3".into()), vec!["opt-in".into()])]);
        let mut none = Turns::default();
        none.add("opt-in", &[0.01, 0.02], &[d(-0.2, 0.5), d(0.3, 0.5)]);
        none.add("opt-in", &[0.01, 0.02], &[d(-0.2, f64::NAN), d(0.3, f64::NAN)]);
        assert!(none.0.is_empty());
    }

    #[test]
    fn few_replications_say_nothing_of_signs() {
        for replications in 1..=6 {
            let context = Context { replications, ..fake::context() };
            let text = render(&Summaries::new(&fake::rows(&context), &context), &context);
            let said = text.contains("is shown to change the sign") || text.contains("depends on the cut-off");
            assert_eq!(said, replications >= FEWEST, "{replications}: {text}");
            assert!(text.contains("The cut-off decides") && text.contains("break-even:"), "{text}");
        }
    }
}
