//! `bench.csv` and `splits.csv`.
//!
//! `bench.csv`: `scorer,epsilon,seed,fold,metric,value`; numbers as in `results.csv` (shortest text that reads back to the
//! same bits, NaN empty, infinity `inf`), ε empty where there is none. Other programs may write the same columns: what
//! pretick compares, it reads from here.
//!
//! `splits.csv`: one line a person of the data file, `row,id,` and a column `SEED.FOLD` for each fold: `train`, `test`, or
//! empty for who takes no part. `row` counts the data rows of the file from 0.

use crate::error::{Error, Result};
use crate::experiment::bench::{Done, Part, Placement};
use crate::report::csv::{epsilon, number};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// Columns of `bench.csv`.
pub const COLUMNS: [&str; 6] = ["scorer", "epsilon", "seed", "fold", "metric", "value"];

/// One value of one fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Scorer.
    pub scorer: Arc<str>,
    /// ε asked for.
    pub epsilon: Option<f64>,
    /// Seed.
    pub seed: u32,
    /// Fold.
    pub fold: u32,
    /// Metric.
    pub metric: Arc<str>,
    /// Value.
    pub value: f64,
}

/// The rows of all fits.
pub fn rows(done: &[Done]) -> Vec<Row> {
    let row = |d: &Done, metric: &Arc<str>, value: f64| Row {
        scorer: Arc::clone(&d.scorer),
        epsilon: d.epsilon,
        seed: d.seed,
        fold: d.fold,
        metric: Arc::clone(metric),
        value,
    };
    done.iter().flat_map(|d| d.values.iter().map(move |(metric, value)| row(d, metric, *value))).collect()
}

/// Writes `bench.csv`.
pub fn write(out: impl Write, rows: &[Row]) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for r in rows {
        let (seed, fold) = (r.seed.to_string(), r.fold.to_string());
        csv.write_record([&*r.scorer, &epsilon(r.epsilon), &seed, &fold, &*r.metric, &number(r.value)])?;
    }
    csv.flush()
}

/// Reads a `bench.csv`; `file` is its name in errors.
pub fn read(input: impl Read, file: &str) -> Result<Vec<Row>> {
    let error = |line: u64, column: &str, message: String| Error::Data {
        file: file.to_owned(),
        line,
        column: column.to_owned(),
        message,
    };
    let mut csv = ::csv::Reader::from_reader(input);
    let head = csv.headers().map_err(|e| error(1, "(header)", e.to_string()))?;
    if head.iter().ne(COLUMNS) {
        return Err(error(1, "(header)", format!("expected {}", COLUMNS.join(","))));
    }
    let mut rows = Vec::new();
    for record in csv.records() {
        let record =
            record.map_err(|e| error(e.position().map_or(0, ::csv::Position::line), "(row)", e.to_string()))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let field = |i: usize| record.get(i).unwrap_or("");
        let wrong = |i: usize, what: &str| error(line, COLUMNS[i], format!("`{}` is not {what}", field(i)));
        let float = |i: usize| -> Result<Option<f64>> {
            if field(i).is_empty() { Ok(None) } else { field(i).parse().map(Some).map_err(|_| wrong(i, "a number")) }
        };
        let whole = |i: usize| field(i).parse::<u32>().map_err(|_| wrong(i, "a whole number"));
        rows.push(Row {
            scorer: Arc::from(field(0)),
            epsilon: float(1)?,
            seed: whole(2)?,
            fold: whole(3)?,
            metric: Arc::from(field(4)),
            value: float(5)?.unwrap_or(f64::NAN),
        });
    }
    Ok(rows)
}

/// Writes `splits.csv`: `places` are (row, id) of the persons, in the order of the placements.
pub fn write_splits(out: impl Write, places: &[(u32, String)], folds: &[Placement]) -> io::Result<()> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|i| places[*i].0);
    let mut csv = ::csv::Writer::from_writer(out);
    let names = folds.iter().map(|f| format!("{}.{}", f.seed, f.fold));
    csv.write_record(["row".to_owned(), "id".to_owned()].into_iter().chain(names))?;
    for i in order {
        csv.write_field(places[i].0.to_string())?;
        csv.write_field(&places[i].1)?;
        for fold in folds {
            csv.write_field(match fold.parts[i] {
                Part::Train => "train",
                Part::Test => "test",
                Part::Unused => "",
            })?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back_bit_for_bit() {
        let row = |epsilon, metric: &str, value| Row {
            scorer: Arc::from("a,b"),
            epsilon,
            seed: 3,
            fold: 1,
            metric: Arc::from(metric),
            value,
        };
        let rows = vec![row(None, "auc", 0.1 + 0.2), row(Some(0.1), "epsilon_spent", f64::INFINITY)];
        let mut text = Vec::new();
        write(&mut text, &rows).unwrap();
        assert!(text.starts_with(b"scorer,epsilon,seed,fold,metric,value\n\"a,b\",,3,1,auc,0.30000000000000004\n"));
        assert_eq!(read(text.as_slice(), "bench.csv").unwrap(), rows);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        let text = "scorer,epsilon,seed,fold,metric,value\na,,0,0,auc,.7\na,,x,0,auc,.7\n";
        let message = read(text.as_bytes(), "b.csv").unwrap_err().to_string();
        assert_eq!(message, "b.csv:3: seed: `x` is not a whole number");
        assert!(read(&b"arm,value\n"[..], "b.csv").is_err());
    }
}
