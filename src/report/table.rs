//! The terminal's tables: arms × main metrics with 95 % intervals, and paired differences to the reference arm.

use super::metric::{Metric, metric};
use super::{Context, SIMULATED, Summaries, Summary};
use crate::stats::Interval;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use std::fmt::Write;

/// Widest line, in characters.
pub const WIDTH: u16 = 120;

/// Arm names up to this length are never broken.
const LONGEST_NAME: u16 = 28;

const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Most sweep points that are printed one after another.
const POINTS: usize = 4;

/// Columns: metric, group, head.
const COLUMNS: [(&str, &str, &str); 9] = [
    ("auc", "all", "AUC"),
    ("approval_rate", "all", "approved\n%"),
    ("default_rate_approved", "all", "default\nof these\n%"),
    ("profit_per_applicant", "all", "profit /\nloan\nasked, %"),
    ("approval_rate", "file=none", "no file,\napproved\n%"),
    ("share_rate", "all", "share\n%"),
    ("effective_consent", "all", "effect.\nconsent\n%"),
    ("regret", "all", "would\nrefuse\n%"),
    ("epsilon_spent", "all", "ε\nspent"),
];

/// Columns that say nothing of an arm that uses everybody's history without asking: 0 would read as nobody's.
const OF_FORMS: [&str; 3] = ["share_rate", "effective_consent", "regret"];

/// Both tables and the notes under them, for a terminal of [`WIDTH`] characters.
pub fn render(all: &Summaries, context: &Context) -> String {
    let base = all.base(context).to_vec();
    let points: Vec<Vec<String>> = match all.sweeps() {
        few if few.len() <= POINTS => few.iter().map(|s| s.to_vec()).collect(),
        _ => vec![base],
    };
    let mut out = String::new();
    for point in &points {
        let at = place(context, point);
        let reference = &context.reference;
        for (head, differences) in [
            (format!("Means with 95 % intervals{at}"), false),
            (format!("Paired differences to {reference} (AUC as is, the rest in percentage points){at}"), true),
        ] {
            out.push_str(&wrapped(&head));
            out.push_str(&body(all, context, point, differences));
            out.push_str("\n\n");
        }
    }
    if points.len() < all.sweeps().len() {
        let _ =
            writeln!(out, "Only one of {} sweep points is shown: the others stand in summary.csv.", all.sweeps().len());
    }
    let swept = super::sweep::render(all, context);
    let (cutoffs, swaps) = (super::cutoffs::render(all, context), super::swaps::render(all, context));
    for part in [cutoffs, swaps, swept, super::exposure::render(all, context)] {
        if !part.is_empty() {
            out.push_str(&part);
            out.push('\n');
        }
    }
    out.push_str(&notes(all, context));
    out
}

/// Where in a sweep a table stands.
pub(super) fn place(context: &Context, point: &[String]) -> String {
    let pairs: Vec<String> = context.sweep_keys.iter().zip(point).map(|(k, v)| format!("{k} = {v}")).collect();
    if pairs.is_empty() { String::new() } else { format!(", at {}", pairs.join(", ")) }
}

fn body(all: &Summaries, context: &Context, point: &[String], differences: bool) -> String {
    let fits = |text: &String| text.lines().all(|l| l.chars().count() <= usize::from(WIDTH));
    [2, 1]
        .into_iter()
        .map(|gap| table(all, context, point, differences, "±", gap).trim_fmt())
        .find(fits)
        .unwrap_or_else(|| {
            let mut two_lines = table(all, context, point, differences, "\n±", 2);
            two_lines.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
            two_lines.trim_fmt()
        })
}

/// An empty table in the house's style.
pub fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Two spaces between columns.
pub(super) fn narrow(table: &mut Table) {
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i > 0 { 2 } else { 0 }, 0));
    }
}

fn table(all: &Summaries, context: &Context, point: &[String], differences: bool, plus_minus: &str, gap: u16) -> Table {
    let wanted: Vec<_> =
        COLUMNS.iter().filter(|c| all.has_metric(c.0) && !(differences && c.0 == "epsilon_spent")).collect();
    let mut table = plain();
    table.set_header(["arm", "ε"].into_iter().chain(wanted.iter().map(|c| c.2)));
    for arm in all.arms() {
        if differences && arm == context.reference {
            continue;
        }
        for (i, epsilon) in all.epsilons(arm).into_iter().enumerate() {
            let name = if i == 0 { arm } else { "" };
            let mut cells = vec![Cell::new(name), right(epsilon.map_or_else(String::new, epsilon_text))];
            let unasked = context.arm(arm).is_some_and(super::ArmInfo::uses_all_unasked);
            for (name, group, _) in &wanted {
                let silent = unasked && OF_FORMS.contains(name);
                let summary = if silent { None } else { all.get(arm, epsilon, point, name, group) };
                cells.push(right(cell(summary, metric(name), differences, plus_minus)));
            }
            table.add_row(cells);
        }
    }
    let widths = table.column_max_content_widths();
    if let (Some(column), Some(width)) = (table.column_mut(0), widths.first().filter(|w| **w <= LONGEST_NAME)) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width)));
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i > 0 { gap } else { 0 }, 0));
    }
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// ε for people: `∞` for the noiseless twin.
pub fn epsilon_text(e: f64) -> String {
    if e.is_infinite() { "∞".to_owned() } else { super::csv::number(e) }
}

fn cell(summary: Option<&Summary>, metric: Option<&Metric>, difference: bool, plus_minus: &str) -> String {
    let interval = if difference { summary.and_then(|s| s.difference) } else { summary.map(|s| s.value) };
    let (Some(interval), Some(metric)) = (interval, metric) else { return "–".to_owned() };
    // ε spent is the same in every replication.
    if metric.name == "epsilon_spent" && interval.mean.is_finite() {
        return crate::privacy::rounded_up(interval.mean, metric.decimals);
    }
    written(interval, metric.factor, metric.decimals, difference, plus_minus)
}

/// `12.3±0.4`; `2.0+4.1−1.6` where the ends are not as far from the mean: what is possible ends there. `–` for what is undefined.
pub(super) fn written(i: Interval, factor: f64, places: usize, signed: bool, plus_minus: &str) -> String {
    if !i.mean.is_finite() {
        return if i.mean == f64::INFINITY { "∞" } else { "–" }.to_owned();
    }
    let value = i.mean * factor;
    // What rounds to zero has no sign.
    let zero = value.abs() < 0.5 * libm::pow(10.0, -(places as f64));
    let value = match (zero, signed) {
        (true, _) => format!("{:.places$}", 0.0),
        (false, true) => format!("{value:+.places$}"),
        (false, false) => format!("{value:.places$}"),
    };
    let (up, down) = ((i.hi - i.mean) * factor, (i.mean - i.lo) * factor);
    if up.is_nan() {
        return value;
    }
    let half = 0.5 * (up + down);
    // What rounding leaves has no sign.
    let (up, down) = (up.max(0.0), down.max(0.0));
    // A tenth of the half-width is less than its own uncertainty, and at most a last digit may differ.
    if (up - down).abs() <= 0.2 * half || format!("{up:.places$}") == format!("{down:.places$}") {
        return format!("{value}{plus_minus}{half:.places$}");
    }
    let line = if plus_minus.starts_with('\n') { "\n" } else { "" };
    format!("{value}{line}+{up:.places$}{line}−{down:.places$}")
}

fn notes(all: &Summaries, context: &Context) -> String {
    let mut out = format!(
        "{} persons, {}; {}; differences are paired: same persons, same luck.\n",
        grouped(context.persons),
        context.applicants(),
        context.intervals(),
    );
    if !context.few().is_empty() {
        let _ = writeln!(out, "{}", context.few());
    }
    if context.replications > 1 {
        out.push_str(
            "a±b is the interval from a − b to a + b; a+b−c that from a − c to a + b, where the possible ends.\n",
        );
    }
    let present = all.arms();
    let arms = || context.arms.iter().filter(|a| present.contains(&a.name.as_str()));
    for arm in arms().filter(|a| a.guarantee.kind().is_some()) {
        let asked = if arm.asked { "" } else { "; asked: no" };
        let _ = writeln!(out, "{}: {}{asked}", arm.name, arm.words());
    }
    let silent: Vec<&str> =
        arms().filter(|a| !a.asked && a.guarantee.kind().is_none()).map(|a| a.name.as_str()).collect();
    if !silent.is_empty() {
        let _ = writeln!(out, "asked: no — {}", silent.join(", "));
    }
    if all.has_metric("regret") {
        out.push_str("Preferences are inputs: who would refuse restates the assumed attitudes, it is not a finding.\n");
    }
    out.push_str(&within_cohorts(all, context));
    if context.real_data {
        let _ = writeln!(out, "{SIMULATED}");
    }
    out.lines().map(wrapped).collect()
}

/// What arms are worth among people of one cohort: cohort statistics alone tell cohorts apart, not persons.
fn within_cohorts(all: &Summaries, context: &Context) -> String {
    let worth = |arm: &str| {
        let epsilon = all.nearest_epsilon(arm, 1.0)?;
        let summary = all.get(arm, epsilon, all.base(context), "auc_within_cohort", "all")?;
        summary.difference?;
        let at = epsilon.map_or_else(String::new, |e| format!(" (ε = {})", epsilon_text(e)));
        Some(format!("{arm}{at} {}", cell(Some(summary), metric("auc_within_cohort"), true, "±")))
    };
    let parts: Vec<String> = all.arms().into_iter().filter_map(worth).collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("AUC among people of one cohort, difference to {}: {}.\n", context.reference, parts.join(", "))
}

/// A line broken between words so that it fits, continued with an indent.
pub(super) fn wrapped(line: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > usize::from(WIDTH) {
            out.push_str("\n  ");
            length = 2;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += width;
    }
    out.push('\n');
    out
}

/// A count with thin groups of three: 100,000.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    fn text(context: &Context) -> String {
        render(&Summaries::new(&fake::rows(context), context), context)
    }

    #[test]
    fn every_line_fits_120_characters() {
        let long = |mut c: Context| {
            c.arms[3].name = "arm-with-a-very-long-name-that-somebody-chose".to_owned();
            c
        };
        for context in [fake::context(), Context { replications: 2, ..fake::swept() }, long(fake::context())] {
            let text = text(&context);
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(WIDTH), "{}: {line}\n{text}", line.chars().count());
            }
        }
    }

    #[test]
    fn the_tables_say_who_was_asked_and_what_is_guaranteed() {
        let text = text(&Context { real_data: true, replications: 4, ..fake::context() });
        assert!(text.contains("asked: no — bureau-only, full-sharing"));
        assert!(text.contains("own record at scoring time"));
        assert!(text.contains("dp-aggregates-others: the simulator leaves"));
        assert!(text.contains("Preferences are inputs"));
        assert!(text.contains("AUC among people of one cohort, difference to bureau-only: opt-in "));
        let row = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap().trim_end().to_owned();
        assert!(row("full-sharing").ends_with('∞') && row("bureau-only").ends_with("0.00"));
        assert!(!row("dp-model").contains(" 0.0±0.0"), "nobody is asked, which is not a regret of 0");
        assert!(text.contains(SIMULATED));
        insta::assert_snapshot!("tables", text);
    }

    #[test]
    fn one_replication_and_no_rows_do_not_break_it() {
        assert!(text(&Context { replications: 1, ..fake::context() }).contains("one replication: no intervals"));
        render(&Summaries::new(&[], &fake::context()), &fake::context());
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
    }
}
