//! What declared trends cost: `trends.csv` and the block on the terminal.

use super::inference::{Estimate, Replicates};
use super::table::{right, squeezed, wrapped};
use crate::experiment::bench::trends::Freed;
use crate::report::csv::number;
use crate::report::table::plain;
use crate::view::Trend;
use comfy_table::Cell;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

/// Columns of `trends.csv`; one line a scorer, column and metric.
pub const COLUMNS: [&str; 9] = ["scorer", "column", "trend", "metric", "splits", "diff", "lo", "hi", "finding"];
/// Stands for all columns with a declared trend at once.
pub const ALL: &str = "(all)";

/// What one declared trend costs a scorer, over the splits.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TrendCost {
    /// Scorer.
    pub scorer: Arc<str>,
    /// Column, or `(all)`.
    pub column: String,
    /// `rising` or `falling`; empty for all.
    pub trend: &'static str,
    /// AUC with the trend free less AUC with the trend: above 0 is what the declaration costs.
    pub auc: Estimate,
    /// The same difference of the log-loss: below 0 is what the declaration costs.
    pub log_loss: Estimate,
}

impl TrendCost {
    /// What the AUC says.
    pub fn finding(&self) -> &'static str {
        finding(self.auc)
    }
}

/// What the interval of a gain says of the trend that was given up for it.
fn finding(gain: Estimate) -> &'static str {
    match (gain.lo, gain.hi) {
        _ if gain.values < 2 => "one split: no interval",
        (lo, _) if lo > 0.0 => "costs accuracy",
        (_, hi) if hi < 0.0 => "helps",
        _ => "cannot be told apart from no cost",
    }
}

/// A scorer and the column whose trend was freed.
type Key<'a> = (&'a Arc<str>, &'a Option<(String, Trend)>);

/// One a scorer and column, in the order of their first split.
pub fn trend_costs(freed: &[Freed], replicates: Replicates) -> Vec<TrendCost> {
    let mut keys: Vec<Key> = Vec::new();
    for f in freed {
        if !keys.contains(&(&f.scorer, &f.column)) {
            keys.push((&f.scorer, &f.column));
        }
    }
    let one = |(scorer, column): Key| {
        let same = || freed.iter().filter(|f| f.scorer == *scorer && f.column == *column);
        let estimate = |value: fn(&Freed) -> f64| {
            let values: Vec<(u32, f64)> = same().map(|f| (f.seed, value(f))).collect();
            Estimate::of(&values, replicates)
        };
        let (column, trend) = match column {
            None => (ALL.to_owned(), ""),
            Some((name, Trend::Falling)) => (name.clone(), "falling"),
            Some((name, _)) => (name.clone(), "rising"),
        };
        let (auc, log_loss) = (estimate(|f| f.auc), estimate(|f| f.log_loss));
        TrendCost { scorer: Arc::clone(scorer), column, trend, auc, log_loss }
    };
    keys.into_iter().map(one).collect()
}

/// Writes `trends.csv`; the finding is that of the line's own metric.
pub fn write_trends(out: impl Write, costs: &[TrendCost]) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for cost in costs {
        let negative =
            Estimate { mean: -cost.log_loss.mean, lo: -cost.log_loss.hi, hi: -cost.log_loss.lo, ..cost.log_loss };
        for (metric, e, finding) in
            [("auc", cost.auc, finding(cost.auc)), ("log_loss", cost.log_loss, finding(negative))]
        {
            let texts = [&*cost.scorer, &cost.column, cost.trend, metric, &e.values.to_string()].map(str::to_owned);
            let numbers = [e.mean, e.lo, e.hi].map(number);
            csv.write_record(texts.iter().chain(&numbers).map(String::as_str).chain([finding]))?;
        }
    }
    csv.flush()
}

/// The block on the terminal: all trends at once, each that makes a difference, and how many make none; empty without trends.
pub fn render_trends(costs: &[TrendCost], real_data: bool) -> String {
    if costs.is_empty() {
        return String::new();
    }
    let mut table = plain();
    table.set_header(["scorer", "declared trend", "", "AUC", "log-loss", "finding"]);
    let (mut quiet, mut scorers) = (0, Vec::new());
    for cost in costs {
        if cost.column != ALL && scorers.contains(&&*cost.scorer) && cost.finding().starts_with("cannot") {
            quiet += 1;
            continue;
        }
        scorers.push(&*cost.scorer);
        let numbers = [cost.auc, cost.log_loss].map(|e| right(signed(e)));
        let head = [Cell::new(&cost.scorer), Cell::new(&cost.column), Cell::new(cost.trend)];
        table.add_row(head.into_iter().chain(numbers).chain([Cell::new(cost.finding())]));
    }
    let splits = costs.iter().map(|c| c.auc.values).max().unwrap_or(0);
    let mut out =
        "What declared trends cost: the fit without the trend less the fit with it, mean±half-width\n".to_owned();
    out.push_str(&squeezed(table));
    out.push_str("\n\n");
    let each = if splits == 1 { "on one split".to_owned() } else { format!("on {splits} splits, with 95 % intervals") };
    let mut words = format!("Each trend was freed in turn {each}; an AUC above 0 is what keeping to the trend costs.");
    if quiet > 0 {
        let _ = write!(words, " Not shown: {quiet} that cannot be told apart from no cost (trends.csv).");
    }
    if real_data {
        words.push_str(" This is read off the persons without privacy: not for publication.");
    }
    out.push_str(&wrapped(&words));
    out
}

fn signed(e: Estimate) -> String {
    let half = if e.hi.is_nan() { String::new() } else { format!("±{:.4}", e.hi - e.mean) };
    format!("{:+.4}{half}", e.mean).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freed(column: Option<&str>, seed: u32, auc: f64) -> Freed {
        let column = column.map(|name| (name.to_owned(), Trend::Falling));
        Freed { scorer: Arc::from("boosting"), column, seed, fold: 0, auc, log_loss: -auc / 2.0 }
    }

    fn costs(splits: u32) -> Vec<TrendCost> {
        let of = |column: Option<&'static str>, mean: f64, spread: f64| {
            (0..splits).map(move |seed| freed(column, seed, mean + spread * (f64::from(seed) - 1.0)))
        };
        let all = of(None, 0.014, 1e-3).chain(of(Some("income"), 0.012, 1e-3));
        let all = all.chain(of(Some("age"), 0.0, 2e-3)).chain(of(Some("late"), -0.02, 1e-3));
        trend_costs(&all.collect::<Vec<_>>(), Replicates::Splits { ratio: 0.25 })
    }

    #[test]
    fn what_costs_and_what_helps_is_told_and_the_rest_is_counted() {
        let text = render_trends(&costs(3), true);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("+0.0140") && text.contains("income") && text.contains("helps"), "{text}");
        assert!(!text.contains("age ") && words.contains("Not shown: 1 that cannot be told apart"), "{text}");
        assert!(words.contains("not for publication"), "{text}");
        assert!(render_trends(&[], true).is_empty());
    }

    #[test]
    fn the_file_has_every_column_and_a_finding_a_metric() {
        let mut out = Vec::new();
        write_trends(&mut out, &costs(3)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1 + 4 * 2);
        assert!(
            text.starts_with("scorer,column,trend,metric,splits,diff,lo,hi,finding\nboosting,(all),,auc,3,0.014"),
            "{text}"
        );
        let line = |begin: &str| text.lines().find(|l| l.starts_with(begin)).unwrap().to_owned();
        assert!(line("boosting,income,falling,log_loss").ends_with("costs accuracy"));
        assert!(line("boosting,late,falling,log_loss").ends_with("helps"));
        assert!(line("boosting,age,falling,auc").ends_with("cannot be told apart from no cost"));
    }

    #[test]
    fn one_split_has_no_interval_and_says_so() {
        let text = render_trends(&costs(1), false);
        assert!(
            text.contains("on one split")
                && text.contains("one split: no interval")
                && !text.contains("±.")
                && !text.contains("publication"),
            "{text}"
        );
    }
}
