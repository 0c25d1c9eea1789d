//! Who gains and who loses credit against the reference arm: by a score that decides in both arms, and by lot.

use super::table::{epsilon_text, narrow, place, plain, wrapped, written};
use super::{Context, Summaries};
use comfy_table::{Cell, CellAlignment};

/// Metric and head of each column.
const COLUMNS: [(&str, &str); 5] = [
    ("approval_change", "net\nchange,\npp"),
    ("winners", "win by\ntheir\nscore, %"),
    ("losers", "lose by\ntheir\nscore, %"),
    ("winners_by_lot", "gain where\na lot\ndecides, %"),
    ("losers_by_lot", "lose where\na lot\ndecides, %"),
];

/// Share of approvals drawn by lot from which on a line says so.
const NOTABLE: f64 = 0.01;

/// One line an arm (DP arms at the ε nearest 1), over all applicants. Empty where nothing is counted against a reference.
pub fn render(all: &Summaries, context: &Context) -> String {
    let point = all.base(context).to_vec();
    let mut table = plain();
    table.set_header(["arm", "ε"].into_iter().chain(COLUMNS.iter().map(|c| c.1)));
    for arm in all.arms().into_iter().filter(|arm| *arm != context.reference) {
        let Some(epsilon) = all.nearest_epsilon(arm, 1.0) else { continue };
        let found = COLUMNS.map(|(metric, _)| all.get(arm, epsilon, &point, metric, "all").map(|s| s.value));
        if found.iter().all(Option::is_none) {
            continue;
        }
        let mut cells = vec![Cell::new(arm), Cell::new(epsilon.map_or(String::new(), epsilon_text))];
        cells.extend(found.iter().enumerate().map(|(i, v)| {
            let text = v.map_or("–".to_owned(), |v| written(v, 100.0, 1, i == 0, "±"));
            Cell::new(text).set_alignment(CellAlignment::Right)
        }));
        table.add_row(cells);
    }
    if table.is_empty() {
        return String::new();
    }
    narrow(&mut table);
    let at = place(context, &point);
    let head = wrapped(&format!("Who gains and who loses credit against {}{at}", context.reference));
    let legend = wrapped(
        "Winners are refused in the reference arm and approved here, both by their score; losers the reverse. Where many share the \
         score at the cut-off, a lot decides: what the chance of approval rises or falls by there is counted apart, because nobody \
         wins by another draw of a lot.",
    );
    format!("{head}{}\n{}{legend}", table.trim_fmt(), drawn(all, context, &point))
}

/// How much of its approvals the reference arm draws by lot.
fn drawn(all: &Summaries, context: &Context, point: &[String]) -> String {
    let reference = &context.reference;
    let epsilon = all.nearest_epsilon(reference, 1.0).flatten();
    let share = all.get(reference, epsilon, point, "approved_by_lot", "all").map(|s| s.value.mean);
    match share.filter(|s| *s >= NOTABLE) {
        Some(share) => wrapped(&format!(
            "{reference} draws {:.0} % of its approvals by lot, among applicants with the same score.",
            100.0 * share
        )),
        None => String::new(),
    }
}
