//! The terminal's tables of a bench.

use super::About;
use super::cells::Cells;
use super::compare::{Change, Difference, LEVEL, differences};
use super::inference::Estimate;
use crate::experiment::bench::Done;
use crate::privacy::rounded_up;
use crate::report::SIMULATED;
use crate::report::table::{WIDTH, epsilon_text, plain};
use comfy_table::{Cell, CellAlignment, Table};
use std::fmt::Write;

/// Values of ε side by side.
const ACROSS: usize = 7;

/// All tables and the notes under them.
pub fn render(cells: &Cells, about: &About) -> String {
    let mut out = String::new();
    let paired = differences(cells, &about.reference, about.replicates);
    for epsilons in parts(&cells.epsilons()) {
        out.push_str("AUC, mean±half-width of the 95 % interval, by ε\n");
        out.push_str(&across(cells, &epsilons, &|i| auc(cells.estimate(i, "auc", about.replicates), cells.failed(i))));
        out.push_str("\n\n");
    }
    if paired.iter().any(|d| d.metric == "auc") {
        for epsilons in parts(&cells.epsilons()) {
            let _ = writeln!(out, "AUC less that of {} on the same splits (* p < {LEVEL} after Holm)", about.reference);
            out.push_str(&against(cells, &epsilons, &paired));
            out.push_str("\n\n");
        }
    }
    out.push_str("Other metrics: means over the folds; times are medians, the peak of memory is the greatest\n");
    out.push_str(&details(cells, about));
    out.push_str("\n\n");
    out.push_str(&wrapped(&about.words()));
    if !paired.is_empty() {
        let family = paired.iter().filter(|d| d.metric == "auc").count();
        let text = format!(
            "Differences are paired by split; p-values adjusted by Holm over the {family} comparisons of a metric."
        );
        out.push_str(&wrapped(&text));
    }
    if about.real_data {
        out.push_str(&wrapped(&format!("{SIMULATED}.")));
    }
    out
}

fn parts(epsilons: &[f64]) -> Vec<Vec<f64>> {
    if epsilons.is_empty() { vec![Vec::new()] } else { epsilons.chunks(ACROSS).map(<[f64]>::to_vec).collect() }
}

/// Scorers down, ε across.
fn across(cells: &Cells, epsilons: &[f64], text: &dyn Fn(usize) -> String) -> String {
    let mut table = plain();
    let open = cells.entrants.iter().any(|e| e.epsilon.is_none());
    let head = open.then(|| "not private".to_owned());
    table.set_header(["scorer".to_owned()].into_iter().chain(head).chain(epsilons.iter().map(|e| epsilon_text(*e))));
    for scorer in cells.scorers() {
        let columns = open.then_some(None).into_iter().chain(epsilons.iter().copied().map(Some));
        let row = columns.map(|e| right(cells.position(scorer, e).map_or_else(String::new, text)));
        table.add_row([Cell::new(scorer)].into_iter().chain(row));
    }
    squeezed(table)
}

/// The same for differences: the entrant's ε, or the reference's where the entrant has none.
fn against(cells: &Cells, epsilons: &[f64], all: &[Difference]) -> String {
    let find = |scorer: &str, e: Option<f64>| {
        let of = |d: &&Difference| *d.entrant.scorer == *scorer && d.metric == "auc";
        all.iter().filter(of).find(|d| d.entrant.epsilon.or(d.reference.epsilon) == e)
    };
    let open = all.iter().any(|d| d.entrant.epsilon.or(d.reference.epsilon).is_none());
    let mut table = plain();
    let head = open.then(|| "not private".to_owned());
    table.set_header(["scorer".to_owned()].into_iter().chain(head).chain(epsilons.iter().map(|e| epsilon_text(*e))));
    for scorer in cells.scorers() {
        let columns = open.then_some(None).into_iter().chain(epsilons.iter().copied().map(Some));
        let texts: Vec<String> = columns.map(|e| find(scorer, e).map_or_else(String::new, signed)).collect();
        if texts.iter().any(|t| !t.is_empty()) {
            table.add_row([Cell::new(scorer)].into_iter().chain(texts.into_iter().map(right)));
        }
    }
    squeezed(table)
}

fn auc(e: Estimate, failed: usize) -> String {
    match (e.mean.is_nan(), failed) {
        (true, 0) => "–".to_owned(),
        (true, _) => "failed".to_owned(),
        (false, 0) => plus_minus(e),
        (false, n) => format!("{} ({n} failed)", plus_minus(e)),
    }
}

fn plus_minus(e: Estimate) -> String {
    let half = if e.hi.is_nan() { String::new() } else { format!("±{:.4}", e.hi - e.mean) };
    short_zero(&format!("{:.4}{half}", e.mean))
}

fn signed(d: &Difference) -> String {
    let e = d.estimate;
    if e.mean.is_nan() {
        return "–".to_owned();
    }
    let half = if e.hi.is_nan() { String::new() } else { format!("±{:.4}", e.hi - e.mean) };
    let mark = if d.is_significant() { "*" } else { "" };
    short_zero(&format!("{:+.4}{half}{mark}", e.mean))
}

/// Numbers below one without their zero, so that eight columns fit a line.
fn short_zero(text: &str) -> String {
    let text = text.replace("+0.", "+.").replace("-0.", "−.").replace("±0.", "±.");
    text.strip_prefix("0.").map_or(text.clone(), |rest| format!(".{rest}"))
}

/// One line a scorer and ε.
fn details(cells: &Cells, about: &About) -> String {
    let timed = cells.metrics.iter().any(|m| **m == *"fit_cpu_seconds");
    let mut table = plain();
    let mut head = vec![
        "scorer",
        "ε",
        "KS",
        "Brier",
        "log-loss",
        "calibration\nslope",
        "mean PD\n− rate",
        "trained\non",
        "ε\nspent",
    ];
    if timed {
        head.extend(["fit,\nCPU s", "fit,\nwall s", "scored\n/ s", "peak\nMB"]);
    }
    table.set_header(head);
    for (i, e) in cells.entrants.iter().enumerate() {
        let mean = |metric: &str, digits: usize| fixed(cells.estimate(i, metric, about.replicates).mean, digits);
        let mut row = vec![
            Cell::new(&e.scorer),
            right(e.epsilon.map_or_else(String::new, epsilon_text)),
            right(mean("ks", 3)),
            right(mean("brier", 4)),
            right(mean("log_loss", 4)),
            right(mean("calibration_slope", 3)),
            right(mean("calibration_in_the_large", 4)),
            right(mean("persons_train", 0)),
            right(mean("epsilon_spent", 4)),
        ];
        if timed {
            let median = |metric: &str, digits: usize| fixed(cells.median(i, metric), digits);
            row.push(right(median("fit_cpu_seconds", 3)));
            row.push(right(median("fit_seconds", 3)));
            row.push(right(short(cells.median(i, "score_persons_per_second"))));
            row.push(right(fixed(cells.greatest(i, "peak_memory_mb"), 1)));
        }
        table.add_row(row);
    }
    squeezed(table)
}

/// Accountants: key in `bench.json`, head.
const ACCOUNTANTS: [(&str, &str); 5] =
    [("basic", "basic"), ("zcdp", "zCDP"), ("rdp", "RDP"), ("gdp", "GDP"), ("pld", "PLD")];

/// ε of one fit by every accountant; empty where nothing was released.
pub fn render_accountants(done: &[Done]) -> String {
    let mut table = plain();
    table.set_header(["scorer", "ε asked", "ledger"].into_iter().chain(ACCOUNTANTS.iter().map(|a| a.1)));
    let mut rows = 0;
    for d in done {
        for told in d.releases.iter().flat_map(|r| r["accountants"].as_array().into_iter().flatten()) {
            let spent = d.releases.as_ref().and_then(|r| r["epsilon_spent"].as_f64()).unwrap_or(f64::NAN);
            let each = ACCOUNTANTS.iter().map(|(key, _)| told[key].as_f64().unwrap_or(f64::NAN));
            let numbers = std::iter::once(spent)
                .chain(each)
                .map(|v| right(if v.is_finite() { rounded_up(v, 4) } else { fixed(v, 4) }));
            let first = [Cell::new(&d.scorer), right(d.epsilon.map_or_else(String::new, epsilon_text))];
            table.add_row(first.into_iter().chain(numbers));
            rows += 1;
        }
    }
    if rows == 0 {
        return String::new();
    }
    format!("ε of one fit by accountant; the ledger's total is what the fit is held to\n{}\n", squeezed(table))
}

fn fixed(v: f64, digits: usize) -> String {
    match v {
        v if v.is_nan() => "–".to_owned(),
        v if v.is_infinite() => "∞".to_owned(),
        v => format!("{v:.digits$}").replace('-', "−"),
    }
}

fn short(v: f64) -> String {
    match v {
        v if v.is_nan() => "–".to_owned(),
        v if v >= 1e6 => format!("{:.1} M", v / 1e6),
        v if v >= 1e3 => format!("{:.0} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

pub(super) fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// The widest gap between columns that fits the terminal.
pub(super) fn squeezed(mut table: Table) -> String {
    for gap in [2, 1] {
        for (i, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if i > 0 { gap } else { 0 }, 0));
        }
        let text = table.trim_fmt();
        if gap == 1 || text.lines().all(|l| l.chars().count() <= usize::from(WIDTH)) {
            return text;
        }
    }
    table.trim_fmt()
}

pub(super) fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > usize::from(WIDTH) {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
    out
}

/// What changed against an earlier bench, in words.
pub fn render_change(change: &Change, file: &str) -> String {
    let mut out = String::new();
    let tested = change.differences.len();
    let counted: Vec<&Difference> = change.differences.iter().filter(|d| d.is_significant()).collect();
    let _ = writeln!(
        out,
        "Against {file}: {} of {tested} comparisons differ (paired by split, p < {LEVEL} after Holm over all of them)",
        counted.len()
    );
    for d in counted {
        let verdict = if d.is_worse() { "worse" } else { "better" };
        let e = d.estimate;
        let half = if e.hi.is_nan() { String::new() } else { format!(" ± {:.5}", e.hi - e.mean) };
        let _ = writeln!(
            out,
            "  {verdict}: {}, {} {}{half}, p = {:.1e} over {} folds",
            d.entrant.words(),
            d.metric,
            format!("{:+.5}", e.mean).replace('-', "−"),
            d.p_holm,
            e.values
        );
    }
    for (entrant, then, now) in &change.failing {
        let _ = writeln!(out, "  worse: {}, {now} fits fail, then {then}", entrant.words());
    }
    for words in &change.unmatched {
        let _ = writeln!(out, "  {words}: not compared");
    }
    if tested == 0 {
        let _ = writeln!(out, "  nothing to compare: no scorer, ε, seed and fold is in both");
    }
    let ratios = change.times.iter().map(|(e, then, now)| format!("{} × {:.2}", e.words(), now / then));
    let ratios: Vec<String> = ratios.collect();
    if !ratios.is_empty() {
        out.push_str(&wrapped(&format!(
            "fit time, CPU, now / then (another sitting: told, not judged): {}",
            ratios.join(", ")
        )));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::bench::{change, fake};

    #[test]
    fn the_tables_fit_the_terminal() {
        let text = render(&Cells::new(&fake::rows()), &fake::about());
        assert!(text.lines().all(|l| l.chars().count() <= usize::from(WIDTH)), "{text}");
        insta::assert_snapshot!("bench", text);
    }

    #[test]
    fn a_change_names_what_is_worse_and_what_was_not_compared() {
        let rows = fake::rows();
        let now = Cells::new(&rows);
        let mut earlier: Vec<_> = rows.iter().filter(|r| *r.scorer != *"scorecard").cloned().collect();
        earlier.retain(|r| r.epsilon != Some(0.1));
        for r in earlier.iter_mut().filter(|r| *r.scorer == *"logistic" && *r.metric == *"auc") {
            r.value += 0.02 + 0.001 * f64::from(r.seed);
        }
        let text = render_change(&change(&now, &Cells::new(&earlier), fake::about().replicates), "earlier.csv");
        insta::assert_snapshot!("change", text);
    }
}
