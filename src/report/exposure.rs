//! What leaves the platform and what is learned of persons from it: the privacy side of every arm, in one table.

use super::leakage::{compared, headline, insider, measured, nothing_to_attack, similarity};
use super::table::{epsilon_text, place, plain, wrapped};
use super::{Context, Summaries, Summary};
use crate::stats::Interval;
use comfy_table::{Cell, CellAlignment};
use std::fmt::Write as _;

/// Values of ε that stand for an arm that has many.
const EPSILONS: [f64; 3] = [0.1, 1.0, 8.0];

/// Longest name that is written whole, in characters.
const LONGEST: usize = 20;

/// Holders of raw copies, exposure, sharing without effective consent, the headline of measured leakage and its worst case, what others' records
/// give away, and what insiders learn.
/// Empty where no arm was attacked.
pub fn render(all: &Summaries, context: &Context) -> String {
    if !measured(all) {
        return String::new();
    }
    let point = all.base(context).to_vec();
    let mut table = plain();
    table.set_header([
        "arm",
        "ε",
        "holders\nof raw",
        "attribute-\nmonths\na person",
        "no effect.\nconsent, %",
        "measured\nleakage, %",
        "most ex-\nposed 1 %",
        "others'\nrecords, %",
        "by an in-\nsider, %",
    ]);
    let mut floor = Vec::new();
    for arm in all.arms() {
        if context.arm(arm).is_some_and(|a| a.own_left_out) {
            continue;
        }
        if nothing_to_attack(all, arm) {
            floor.push(arm);
            continue;
        }
        let mut epsilons: Vec<Option<f64>> = EPSILONS.iter().filter_map(|e| all.nearest_epsilon(arm, *e)).collect();
        epsilons.dedup();
        let unasked = context.arm(arm).is_some_and(super::ArmInfo::uses_all_unasked);
        for (i, epsilon) in epsilons.into_iter().enumerate() {
            let get = |metric: &str| all.get(arm, epsilon, &point, metric, "all");
            let head = headline(all, arm, epsilon, &point);
            let share = |v: Option<Interval>| v.map_or_else(|| "–".to_owned(), |v| interval(v.mean, v.hi, 100.0, 1));
            let consent = if unasked { "not asked".to_owned() } else { written(get("involuntary_share"), 100.0, 1) };
            let cells = [
                epsilon.map_or_else(String::new, epsilon_text),
                written(get("recipients"), 1.0, 0),
                written(get("exposure"), 1.0, 1),
                consent,
                share(head.map(|h| h.risk)),
                share(head.and_then(|h| h.exposed)),
                share(similarity(all, arm, epsilon, &point)),
                share(insider(all, arm, epsilon, &point)),
            ];
            let name = if i == 0 { cut(arm) } else { String::new() };
            let right = |text: &String| Cell::new(text).set_alignment(CellAlignment::Right);
            table.add_row([Cell::new(name)].into_iter().chain(cells.iter().map(right)));
        }
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i > 0 { 2 } else { 0 }, 0));
    }
    let head = format!("What leaves the platform, and what attacks learn from it{}", place(context, &point));
    let mut out = wrapped(&head);
    out.push_str(&table.trim_fmt());
    out.push('\n');
    if !floor.is_empty() {
        let _ = writeln!(out, "{}: nothing to attack.", floor.join(", "));
    }
    let what = compared(all).map_or("", |t| t.1);
    out.push_str(&wrapped(&format!(
        "Leakage: share of what was left to learn about a person ({what}, the same of three traits in every arm: the one of which most \
         is learned on average) that the person's own record gives away, on average and for the hundredth of persons whose record \
         tells most. Raw arms: about the share of persons whose history flows, who are known exactly. A model trained inside: what the applicant's score \
         gives away, which the ε of its training data does not cover. Insider: is a person in the sums, asked by one who knows \
         all others there; whose report is it, asked by one who knows the record. Not refuted by these attacks is not safe \
         (docs/attacks.md).",
    )));
    out
}

/// A name that leaves the columns their room.
fn cut(arm: &str) -> String {
    if arm.chars().count() <= LONGEST { arm.to_owned() } else { arm.chars().take(LONGEST - 1).chain(['…']).collect() }
}

fn written(summary: Option<&Summary>, factor: f64, places: usize) -> String {
    summary.map_or_else(|| "–".to_owned(), |s| interval(s.value.mean, s.value.hi, factor, places))
}

/// Mean ± half-width; the mean alone where it never varies.
fn interval(mean: f64, hi: f64, factor: f64, places: usize) -> String {
    let half = (hi - mean) * factor;
    if !mean.is_finite() {
        "–".to_owned()
    } else if half.is_nan() || half < 1e-9 {
        format!("{:.places$}", mean * factor)
    } else {
        format!("{:.places$}±{half:.places$}", mean * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    #[test]
    fn the_floor_is_not_attacked_and_every_line_fits() {
        let context = fake::context();
        let text = render(&Summaries::new(&fake::rows(&context), &context), &context);
        assert!(text.contains("bureau-only: nothing to attack."));
        assert!(!text.contains("dp-aggregates-others"));
        assert!(text.contains("not asked") && text.contains("sensitive trait"));
        assert!(text.lines().all(|l| l.chars().count() <= usize::from(super::super::table::WIDTH)), "{text}");
        assert!(render(&Summaries::new(&[], &context), &context).is_empty());
    }
}
