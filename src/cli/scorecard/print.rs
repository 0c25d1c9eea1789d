//! What `pretick scorecard` prints.

use super::fit::Worth;
use super::monitor::Compared;
use crate::report::table::plain;
use crate::scoring::binning::Place;
use crate::scoring::monitoring::Verdict;
use crate::scoring::scorecard::table::{DROPPED, Shown, TURNED};
use crate::scoring::scorecard::{BinRow, ColumnRow, Points, table};
use comfy_table::{Cell, CellAlignment, Table};
use std::fmt::Write;

/// Cutoffs that are printed.
const CUTOFFS: usize = 12;
/// Longest text in a cell.
const LONGEST: usize = 44;

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        text.to_owned()
    } else {
        text.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

fn percent(share: f64) -> String {
    if share.is_nan() { String::new() } else { format!("{:.1}", 100.0 * share) }
}

fn put(out: &mut String, head: &str, table: &Table) {
    let _ = write!(out, "{head}\n{}\n\n", table.trim_fmt());
}

/// Significant digits of a printed cut point, or more where two of a column would look the same.
const DIGITS: usize = 4;

/// The lines of the bins as they are printed: short cut points, no line for what cannot be missing.
pub(super) fn lines(points: &Points<'_>, shown: Shown<'_>, persons: u64, bads: u64) -> Vec<BinRow> {
    let column = |name: &str| points.columns().iter().find(|c| c.card.column.name == name);
    let brief = |name: &str, x: f32| {
        let ends = column(name).into_iter().flat_map(|c| c.card.bins.iter()).filter_map(|b| match &b.place {
            Place::Range { from: Some(from), .. } => Some(shown(name, *from)),
            _ => None,
        });
        let ends: Vec<f64> = ends.collect();
        let apart = |d: &usize| ends.windows(2).all(|w| rounded(w[0], *d) < rounded(w[1], *d));
        (DIGITS..17).find(apart).map_or_else(|| shown(name, x), |d| rounded(shown(name, x), d))
    };
    let mut rows = table::bins(points, persons, bads, &brief);
    let never = |r: &BinRow| {
        r.bin == "(missing)" && r.persons == 0 && column(&r.column).is_some_and(|c| !c.card.column.missing)
    };
    rows.retain(|r| !never(r));
    rows
}

/// A number at some significant digits; the digits before the decimal point are all kept.
fn rounded(x: f64, digits: usize) -> f64 {
    let text = if x.abs() >= 1000.0 { format!("{x:.*}", digits - DIGITS) } else { format!("{x:.*e}", digits - 1) };
    text.parse().unwrap_or(x)
}

/// What the words in brackets mean, where they are in the table.
fn legend(bins: &[BinRow]) -> String {
    let has = |word: &str| bins.iter().any(|b| b.bin.contains(word));
    let words = [
        ("(not listed)", "a level that the column map does not list"),
        ("(unseen)", "a level that no training person had: it counts like the average, WoE 0"),
        ("(missing)", "a missing value, as the column map defines it"),
    ];
    let lines: Vec<String> =
        words.iter().filter(|w| has(w.0)).map(|(word, what)| format!("{word}: {what}\n")).collect();
    if lines.is_empty() { String::new() } else { lines.concat() + "\n" }
}

/// The report of a fit.
pub(super) fn fitted(
    columns: &[ColumnRow],
    bins: &[BinRow],
    train: &Worth,
    held_out: Option<&Worth>,
    (margin, lgd): (f64, f64),
) -> String {
    let mut out = String::new();
    let mut table = plain();
    table.set_header(["column", "bins", "trend", "IV", "", "Gini", "β", "note"]);
    for c in columns {
        let (beta, note) = (format!("{:.2}", c.coefficient), &c.note);
        let texts = [format!("{:.3}", c.iv), c.strength.to_owned(), format!("{:.3}", c.gini), beta];
        let head = [Cell::new(&c.column), right(c.bins.to_string()), Cell::new(c.trend)];
        table.add_row(head.into_iter().chain(texts.map(right)).chain([Cell::new(note)]));
    }
    put(&mut out, "Columns by information value", &table);
    out.push_str(&warning(columns));
    let mut table = plain();
    table.set_header(["column", "bin", "persons", "default, %", "WoE", "points"]);
    let mut last = "";
    for b in bins {
        let name = if b.column == last { "" } else { b.column.as_str() };
        last = &b.column;
        let texts = [b.persons.to_string(), percent(b.rate), format!("{:.3}", b.woe), b.whole.to_string()];
        table.add_row([Cell::new(name), Cell::new(short(&b.bin))].into_iter().chain(texts.map(right)));
    }
    put(&mut out, "Scorecard (whole points, short cut points; the exact ones in scorecard.csv)", &table);
    out.push_str(&legend(bins));
    let judged = held_out.unwrap_or(train);
    let place = if held_out.is_some() { "held-out persons" } else { "training persons: too good" };
    let mut table = plain();
    table.set_header(["cutoff", "approved, %", "default of these, %", "KS", "profit / loan asked, %", ""]);
    let best = judged.cutoffs.iter().position(|r| r.best).unwrap_or(0);
    let step = judged.cutoffs.len().div_ceil(CUTOFFS).max(1);
    for (k, r) in judged.cutoffs.iter().enumerate().filter(|(k, _)| k % step == 0 || *k == best) {
        let texts =
            [percent(r.approval_rate), percent(r.bad_rate), format!("{:.3}", r.ks), format!("{:.2}", 100.0 * r.profit)];
        let mark = if k == best { "most profit" } else { "" };
        table.add_row([right(format!("{}", r.cutoff))].into_iter().chain(texts.map(right)).chain([Cell::new(mark)]));
    }
    put(&mut out, &format!("Cutoffs, {place} (margin {margin}, loss given default {lgd})"), &table);
    let _ = writeln!(out, "training: {}", line(train));
    if let Some(worth) = held_out {
        let _ = writeln!(out, "held out: {}", line(worth));
    }
    out
}

/// Columns of the wrong sign, in full words.
fn warning(columns: &[ColumnRow]) -> String {
    let of = |note: &str| columns.iter().filter(|c| c.note == note).map(|c| c.column.as_str()).collect::<Vec<_>>();
    let (dropped, turned) = (of(DROPPED), of(TURNED));
    let mut out = String::new();
    if !dropped.is_empty() {
        let _ = writeln!(
            out,
            "Left out for their sign: {}.\n\
             Beside the other columns they would count the other way round: more points for bins that default more.\n",
            dropped.join(", ")
        );
    }
    if !turned.is_empty() {
        let _ = writeln!(
            out,
            "warning: used with the wrong sign: {}.\n\
             Beside the other columns they count the other way round: bins that default more have more points. They are\n\
             never named as a reason for a decision. --set lender.scorecard.wrong_sign=drop leaves them out.\n",
            turned.join(", ")
        );
    }
    out
}

fn line(w: &Worth) -> String {
    let c = &w.calibration;
    format!(
        "{} persons, AUC {:.4}, Gini {:.3}, KS {:.3}; mean PD {:.4} against {:.4}, in the large {:+.3} ± {:.3}, slope {:.3} ± {:.3}",
        w.persons,
        w.auc,
        2.0 * w.auc - 1.0,
        w.ks,
        c.mean_pd,
        c.rate,
        c.in_the_large,
        1.96 * c.in_the_large_error,
        c.slope,
        1.96 * c.slope_error
    )
}

/// The report of a comparison.
pub(super) fn compared(persons: usize, all: &[Compared]) -> String {
    let mut out = String::new();
    for c in all {
        let mut table = plain();
        table.set_header(["column", "PSI", "verdict", "p (PSI)", "χ²", "df", "p (χ²)"]);
        for (column, s) in &c.lines {
            let texts = [format!("{:.1}", s.chi2), s.df.to_string(), format!("{:.4}", s.chi2_p)];
            let head = [Cell::new(column), right(format!("{:.4}", s.psi)), Cell::new(Verdict::of(s.psi).words())];
            table.add_row(head.into_iter().chain([right(format!("{:.4}", s.psi_p))]).chain(texts.map(right)));
        }
        put(&mut out, &format!("{}: {} persons against {persons}", c.file, c.persons), &table);
    }
    out.push_str("PSI below .1 stable, from .25 a large shift; p: chance of as much where nothing changed\n");
    out
}
