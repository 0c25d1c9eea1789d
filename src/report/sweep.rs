//! What a sweep changes in what attacks learn: one table, for scenarios that ask about linkage or about those who refused.

use super::table::{plain, wrapped};
use super::{Context, Summaries, Summary};
use comfy_table::{Cell, CellAlignment};

/// Metric and head of each column; values are shares.
const COLUMNS: [(&str, &str); 4] = [
    ("attack.bill.unique", "named by the\nbill, %"),
    ("attack.bill.success", "guessed by\nthe bill, %"),
    ("attack.nonsharer.explained", "refusers\nexplained, %"),
    ("attack.nonsharer.explained.baseline", "… by the\nfile alone, %"),
];

/// Longest value of a swept key that is written whole, in characters.
const LONGEST: usize = 28;

/// The points where at most one key differs from the base. Empty without a sweep, and where no such attack was made.
pub fn render(all: &Summaries, context: &Context) -> String {
    let columns: Vec<_> = COLUMNS.into_iter().filter(|(metric, _)| all.has_metric(metric)).collect();
    if context.sweep_keys.is_empty() || columns.is_empty() {
        return String::new();
    }
    let base = all.base(context).to_vec();
    let near = |point: &[String]| point.iter().zip(&base).filter(|(a, b)| a != b).count() <= 1;
    let mut table = plain();
    let keys = context.sweep_keys.iter().map(|k| k.rsplit('.').next().unwrap_or(k).to_owned());
    table.set_header(["arm".to_owned()].into_iter().chain(keys).chain(columns.iter().map(|c| c.1.to_owned())));
    for arm in all.arms() {
        let epsilon = all.nearest_epsilon(arm, 1.0).flatten();
        for point in all.sweeps().iter().filter(|p| near(p)) {
            let values: Vec<_> = columns.iter().map(|c| all.get(arm, epsilon, point, c.0, "all")).collect();
            if values.iter().all(Option::is_none) {
                continue;
            }
            let right = |v: Option<&Summary>| Cell::new(written(v)).set_alignment(CellAlignment::Right);
            let swept = point.iter().map(|v| Cell::new(short(v)));
            table.add_row([Cell::new(arm)].into_iter().chain(swept).chain(values.into_iter().map(right)));
        }
    }
    if table.is_empty() {
        return String::new();
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i > 0 { 2 } else { 0 }, 0));
    }
    let legend = "One key at a time, the others as in the first point; everybody counts, also who does not share; an arm with several ε \
                  at the one nearest 1. Named: one row fits the screenshot. Guessed: a guess among the rows that fit is right. Refusers \
                  explained: share of the variance of their late payments. The rest stands in summary.csv.";
    format!("What the sweep changes in what is learned\n{}\n{}", table.trim_fmt(), wrapped(legend))
}

fn written(summary: Option<&Summary>) -> String {
    let Some(v) = summary.map(|s| s.value) else { return "–".to_owned() };
    let half = 100.0 * (v.hi - v.mean);
    if half.is_finite() && half > 1e-9 {
        format!("{:.2}±{half:.2}", 100.0 * v.mean)
    } else {
        format!("{:.2}", 100.0 * v.mean)
    }
}

/// `{ noisy = { epsilon = 1 } }` without its braces.
fn short(value: &str) -> String {
    let text: String = value.replace(['{', '}'], "").split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys_are_short() {
        assert_eq!(short("{ noisy = { epsilon = 0.1 } }"), "noisy = epsilon = 0.1");
        assert_eq!(short("none"), "none");
        assert_eq!(short(&"x".repeat(40)).chars().count(), LONGEST);
    }
}
