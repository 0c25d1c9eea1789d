//! `summary.csv`, `differences.csv` and `baseline.csv`.

use super::cells::{Cells, Entrant};
use super::compare::Difference;
use super::inference::{Estimate, Replicates};
use crate::report::csv::{epsilon, number};
use std::io::{self, Write};

/// Writes `summary.csv`: one line a scorer, ε and metric.
pub fn write_summary(out: impl Write, cells: &Cells, replicates: Replicates) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(["scorer", "epsilon", "metric", "values", "mean", "lo", "hi", "median"])?;
    for (i, Entrant { scorer, epsilon: e }) in cells.entrants.iter().enumerate() {
        for metric in cells.metrics.iter().filter(|m| !cells.values(i, m).is_empty()) {
            let Estimate { values, mean, lo, hi, .. } = cells.estimate(i, metric, replicates);
            let numbers = [mean, lo, hi, cells.median(i, metric)].map(number);
            let texts = [scorer.to_string(), epsilon(*e), metric.to_string(), values.to_string()];
            csv.write_record(texts.iter().chain(&numbers))?;
        }
    }
    csv.flush()
}

/// Writes `differences.csv` (or `baseline.csv`): one line a comparison.
pub fn write_differences(out: impl Write, all: &[Difference]) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    let head =
        ["scorer", "epsilon", "reference", "reference_epsilon", "metric", "pairs", "diff", "lo", "hi", "p", "p_holm"];
    csv.write_record(head)?;
    for d in all {
        let e = d.estimate;
        let texts = [
            d.entrant.scorer.to_string(),
            epsilon(d.entrant.epsilon),
            d.reference.scorer.to_string(),
            epsilon(d.reference.epsilon),
            d.metric.to_owned(),
            e.values.to_string(),
        ];
        csv.write_record(texts.iter().chain(&[e.mean, e.lo, e.hi, e.p, d.p_holm].map(number)))?;
    }
    csv.flush()
}
