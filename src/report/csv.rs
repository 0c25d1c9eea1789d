//! `results.csv` and `summary.csv`.
//!
//! `results.csv`: `arm,epsilon,<sweep keys…>,replication,metric,group,value`. Numbers are the shortest text that reads
//! back to the same bits; NaN is empty; ε is empty where the arm has none and `inf` for the noiseless twin.

use super::{Context, Summaries};
use crate::error::{Error, Result};
use crate::evaluate::Row;
use crate::stats::Interval;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// The columns of `results.csv` around the sweep keys.
const BEFORE: [&str; 2] = ["arm", "epsilon"];
const AFTER: [&str; 4] = ["replication", "metric", "group", "value"];

/// A number as the shortest text that reads back to the same bits; NaN is empty, infinity `inf`.
pub fn number(v: f64) -> String {
    if v.is_nan() {
        String::new()
    } else if v != 0.0 && v.is_finite() && !(1e-5..1e16).contains(&v.abs()) {
        format!("{v:e}")
    } else {
        format!("{v}")
    }
}

/// ε as text: empty where there is none.
pub fn epsilon(e: Option<f64>) -> String {
    e.map_or_else(String::new, number)
}

/// Column names of `results.csv`.
pub fn columns(sweep_keys: &[String]) -> Vec<String> {
    let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    [own(&BEFORE), sweep_keys.to_vec(), own(&AFTER)].concat()
}

/// Column names of `summary.csv`.
pub fn summary_columns(sweep_keys: &[String]) -> Vec<String> {
    const VALUES: [&str; 10] =
        ["metric", "group", "replications", "mean", "lo", "hi", "reference", "diff", "diff_lo", "diff_hi"];
    let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    [own(&BEFORE), sweep_keys.to_vec(), own(&VALUES)].concat()
}

/// Writes `results.csv`.
pub fn write_results(out: impl Write, rows: &[Row], sweep_keys: &[String]) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(columns(sweep_keys))?;
    for row in rows {
        csv.write_field(&*row.arm)?;
        csv.write_field(epsilon(row.epsilon))?;
        row.sweep.iter().try_for_each(|v| csv.write_field(v))?;
        csv.write_field(row.replication.to_string())?;
        csv.write_field(&*row.metric)?;
        csv.write_field(&*row.group)?;
        csv.write_field(number(row.value))?;
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

/// Writes `summary.csv`.
pub fn write_summary(out: impl Write, all: &Summaries, context: &Context) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(summary_columns(&context.sweep_keys))?;
    for s in all.rows() {
        csv.write_field(&*s.arm)?;
        csv.write_field(epsilon(s.epsilon))?;
        s.sweep.iter().try_for_each(|v| csv.write_field(v))?;
        let d = s.difference.unwrap_or(Interval { mean: f64::NAN, lo: f64::NAN, hi: f64::NAN });
        let values = [&*s.metric, &*s.group].into_iter().map(str::to_owned);
        let numbers = [s.value.mean, s.value.lo, s.value.hi].map(number).into_iter();
        let differences = [d.mean, d.lo, d.hi].map(number).into_iter();
        let reference = if s.difference.is_some() { context.reference.clone() } else { String::new() };
        let fields = values.chain([s.replications.to_string()]).chain(numbers).chain([reference]).chain(differences);
        fields.into_iter().try_for_each(|f| csv.write_field(f))?;
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

/// Texts shared between rows.
#[derive(Default)]
struct Interner(BTreeSet<Arc<str>>);

impl Interner {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(t) = self.0.get(text) {
            return Arc::clone(t);
        }
        let t: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&t));
        t
    }
}

/// Reads `results.csv` back: the sweep keys and the rows. `file` is its name in errors.
pub fn read_results(input: impl Read, file: &str) -> Result<(Vec<String>, Vec<Row>)> {
    let error = |line: u64, column: &str, message: String| Error::Data {
        file: file.to_owned(),
        line,
        column: column.to_owned(),
        message,
    };
    let mut csv = ::csv::Reader::from_reader(input);
    let head: Vec<String> = csv.headers().map_err(|e| error(1, "", e.to_string()))?.iter().map(str::to_owned).collect();
    let keys: Vec<String> = head
        .strip_prefix(BEFORE.map(str::to_owned).as_slice())
        .and_then(|h| h.strip_suffix(AFTER.map(str::to_owned).as_slice()))
        .ok_or_else(|| error(1, "", format!("expected {},…,{}", BEFORE.join(","), AFTER.join(","))))?
        .to_vec();
    let (mut texts, mut sweeps) = (Interner::default(), BTreeSet::<Arc<[String]>>::new());
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record.map_err(|e| error(e.position().map_or(0, ::csv::Position::line), "", e.to_string()))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let field = |i: usize| record.get(i).unwrap_or("");
        let parse = |i: usize, column: &str| -> Result<Option<f64>> {
            let text = field(i);
            let wrong = |_| error(line, column, format!("`{text}` is not a number"));
            if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(wrong) }
        };
        let after = BEFORE.len() + keys.len();
        let sweep: Vec<String> = (BEFORE.len()..after).map(|i| field(i).to_owned()).collect();
        let sweep = sweeps.get(sweep.as_slice()).cloned().unwrap_or_else(|| {
            let sweep: Arc<[String]> = Arc::from(sweep);
            sweeps.insert(Arc::clone(&sweep));
            sweep
        });
        rows.push(Row {
            arm: texts.text(field(0)),
            epsilon: parse(1, "epsilon")?,
            sweep,
            replication: field(after)
                .parse()
                .map_err(|_| error(line, "replication", format!("`{}` is not a whole number", field(after))))?,
            metric: texts.text(field(after + 1)),
            group: texts.text(field(after + 2)),
            value: parse(after + 3, "value")?.unwrap_or(f64::NAN),
            influence: None,
        });
    }
    Ok((keys, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back_to_the_same_bits(v in proptest::num::f64::ANY) {
            let text = number(v);
            if v.is_nan() { prop_assert!(text.is_empty()) } else { prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits()) }
        }
    }

    #[test]
    fn results_read_back_bit_for_bit() {
        let context = Context { replications: 2, ..fake::swept() };
        let rows = fake::rows(&context);
        let mut text = Vec::new();
        write_results(&mut text, &rows, &context.sweep_keys).unwrap();
        let (keys, back) = read_results(text.as_slice(), "results.csv").unwrap();
        assert_eq!(keys, context.sweep_keys);
        assert_eq!(format!("{rows:?}"), format!("{back:?}"));
        assert!(String::from_utf8(text).unwrap().contains("dp-model,inf,0.0,64,1,auc,file=none,"));
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        let text = "arm,epsilon,replication,metric,group,value\nopt-in,,0,auc,all,.7\nopt-in,,x,auc,all,.7\n";
        let message = read_results(text.as_bytes(), "results.csv").unwrap_err().to_string();
        assert_eq!(message, "results.csv:3: replication: `x` is not a whole number");
        assert!(read_results(&b"a,b\n1,2\n"[..], "results.csv").is_err());
    }

    #[test]
    fn the_summary_has_its_columns() {
        let context = fake::context();
        let all = Summaries::new(&fake::rows(&context), &context);
        let mut text = Vec::new();
        write_summary(&mut text, &all, &context).unwrap();
        let text = String::from_utf8(text).unwrap();
        let head = "arm,epsilon,metric,group,replications,mean,lo,hi,reference,diff,diff_lo,diff_hi";
        assert_eq!(text.lines().next(), Some(head));
        assert_eq!(text.lines().count(), all.rows().len() + 1);
    }
}
