//! Where the sign flips: what an arm does to the approval of people without a file depends on the lender's cut-off, so
//! the cut-off is swept and the sign changes are named.

use super::table::{place, plain, wrapped};
use super::{Context, Summaries};
use comfy_table::{Cell, CellAlignment};
use std::fmt::Write as _;

const METRIC: &str = "approval_at_cutoff";

/// Paired differences in approval by PD cut-off, arm by arm (DP arms at the ε nearest 1), with the sign changes in words.
/// Empty where the rows carry no sweep of the cut-off.
pub fn render(all: &Summaries, context: &Context) -> String {
    let point = all.base(context).to_vec();
    let (mut prefix, mut who) = ("file=none;pd_cutoff=", "people without a file");
    let mut cutoffs = values(all, prefix);
    if cutoffs.is_empty() {
        (prefix, who) = ("pd_cutoff=", "all applicants");
        cutoffs = values(all, prefix);
    }
    if cutoffs.len() < 2 {
        return String::new();
    }
    let mut table = plain();
    let heads = cutoffs.iter().map(|c| format!("PD <\n{} %", super::csv::number((1e4 * c).round() / 100.0)));
    table.set_header(["arm".to_owned(), "ε".to_owned()].into_iter().chain(heads));
    let mut flips = String::new();
    for arm in all.arms() {
        let Some(epsilon) = all.nearest_epsilon(arm, 1.0).filter(|_| arm != context.reference) else { continue };
        let differences: Vec<Option<(f64, f64)>> = cutoffs
            .iter()
            .map(|c| {
                let group = format!("{prefix}{c}");
                let d = all.get(arm, epsilon, &point, METRIC, &group)?.difference?;
                Some((100.0 * d.mean, 50.0 * (d.hi - d.lo)))
            })
            .collect();
        let mut cells = vec![Cell::new(arm), Cell::new(epsilon.map_or(String::new(), super::table::epsilon_text))];
        cells.extend(differences.iter().map(|d| {
            let text = d.map_or("–".to_owned(), |(mean, half)| {
                if half.is_finite() { format!("{mean:+.1}±{half:.1}") } else { format!("{mean:+.1}") }
            });
            Cell::new(text).set_alignment(CellAlignment::Right)
        }));
        table.add_row(cells);
        sign_changes(arm, &cutoffs, &differences, &mut flips);
    }
    let (at, reference) = (place(context, &point), &context.reference);
    let mut out =
        wrapped(&format!("Approval of {who} by the lender's cut-off: paired difference to {reference}, pp{at}"));
    out.push_str(&table.trim_fmt());
    out.push('\n');
    if flips.is_empty() {
        out.push_str("No arm's sign changes over these cut-offs (where its interval excludes 0).\n");
    } else {
        out.push_str("The sign depends on the cut-off:\n");
        out.push_str(&flips);
    }
    out
}

/// Cut-offs in the rows, ascending.
fn values(all: &Summaries, prefix: &str) -> Vec<f64> {
    let mut found: Vec<f64> = all
        .rows()
        .iter()
        .filter(|r| &*r.metric == METRIC)
        .filter_map(|r| r.group.strip_prefix(prefix)?.parse().ok())
        .collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// One line for each change of sign between neighbouring cut-offs whose intervals exclude 0.
fn sign_changes(arm: &str, cutoffs: &[f64], differences: &[Option<(f64, f64)>], out: &mut String) {
    let clear: Vec<(f64, f64)> = cutoffs
        .iter()
        .zip(differences)
        .filter_map(|(c, d)| {
            d.filter(|(mean, half)| half.is_finite() && mean.abs() > *half).map(|(mean, _)| (*c, mean))
        })
        .collect();
    for pair in clear.windows(2) {
        if pair[0].1 * pair[1].1 < 0.0 {
            let word = |v: f64| if v > 0.0 { "more" } else { "fewer" };
            let (a, b) = (100.0 * pair[0].0, 100.0 * pair[1].0);
            let _ = writeln!(
                out,
                "  {arm}: {} approved than in the reference arm below PD {a:.2} %, {} below {b:.2} %",
                word(pair[0].1),
                word(pair[1].1)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clear_changes_of_sign_are_named() {
        let mut out = String::new();
        let d = [Some((-2.0, 0.5)), Some((0.1, 0.5)), Some((3.0, 0.5)), None, Some((2.0, 0.1))];
        sign_changes("opt-in", &[0.01, 0.02, 0.03, 0.04, 0.05], &d, &mut out);
        assert_eq!(out, "  opt-in: fewer approved than in the reference arm below PD 1.00 %, more below 3.00 %\n");
        let mut none = String::new();
        sign_changes("opt-in", &[0.01, 0.02], &[Some((-0.2, 0.5)), Some((0.3, 0.5))], &mut none);
        assert!(none.is_empty());
    }
}
