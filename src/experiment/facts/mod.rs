//! The stylised facts that the model must reproduce (`pretick validate`).
//!
//! None of them predicts data that the model has not seen: a calibrated fact restates a target that a parameter was chosen to
//! meet, a restated input follows from other inputs, and structure says that the code does what it claims, not that the world
//! does. They find faults of the model; they are no evidence for it.
//!
//! Every fact is a small scenario that goes through [`super::run`] (or through its stages) on seeds that calibration never
//! sees, gives an interval over replications, and has a *twin* that must fail: the same questions, asked of a model in which the
//! part that causes the fact is broken or switched off by a parameter. A finding whose twin passes tests nothing.

mod consent;
mod credit;
mod structure;

use super::{Histories, Silent};
use crate::error::Result;
use crate::evaluate::Row;
use crate::privacy::NoiseMode;
use crate::scenario::Loaded;
use crate::stats::{Interval, Spread};

/// What kind of evidence a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A parameter was chosen to meet it.
    Calibrated,
    /// It follows from other inputs.
    Implied,
    /// It must come out by structure.
    Structural,
}

impl Kind {
    /// What it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Calibrated => "calibrated",
            Self::Implied => "restated input",
            Self::Structural => "structure",
        }
    }

    /// Whether it predicts data that the model has not seen.
    pub const fn predicts(self) -> bool {
        match self {
            Self::Calibrated | Self::Implied | Self::Structural => false,
        }
    }
}

/// One checked number.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Finding {
    /// Which part of the fact.
    pub what: String,
    /// Target in words.
    pub target: String,
    /// What came out, with its 95 % interval.
    pub got: Interval,
    /// Unit of the numbers.
    pub unit: &'static str,
    /// Whether it holds.
    pub pass: bool,
    /// Whether the broken twin must fail it; a step that may not fall passes where nothing moves, which another finding sees.
    pub decisive: bool,
}

/// A stylised fact.
pub struct Fact {
    /// Number in the model's list.
    pub number: u32,
    /// Name.
    pub name: &'static str,
    /// Kind.
    pub kind: Kind,
    /// Where the target comes from.
    pub source: &'static str,
    /// What of the model the twin breaks.
    pub twin: &'static str,
    /// Measures the fact; with `true`, its broken twin.
    pub measure: fn(bool) -> Result<Vec<Finding>>,
}

/// All facts, in order.
pub fn facts() -> Vec<Fact> {
    let mut all = consent::facts();
    all.extend(credit::facts());
    all.extend(structure::facts());
    all.sort_by_key(|f| f.number);
    all
}

impl Finding {
    /// Holds where the whole interval lies in [lo, hi].
    fn within(what: &str, values: &[f64], lo: f64, hi: f64, unit: &'static str) -> Self {
        let got = Interval::from_replications(values, Spread::Independent);
        let target = format!("interval within {} to {}", trim(lo), trim(hi));
        Self { what: what.into(), target, got, unit, pass: got.lo >= lo && got.hi <= hi, decisive: true }
    }

    /// Holds where the whole interval lies inside (−limit, limit): an equivalence test.
    fn equivalent(what: &str, values: &[f64], limit: f64, unit: &'static str) -> Self {
        let got = Interval::from_replications(values, Spread::Independent);
        let pass = got.lo > -limit && got.hi < limit;
        Self {
            what: what.into(), target: format!("interval within ±{}", trim(limit)), got, unit, pass, decisive: true
        }
    }

    /// Holds where the whole interval lies above 0.
    fn positive(what: &str, values: &[f64], unit: &'static str) -> Self {
        Self::above(what, values, 0.0, unit)
    }

    /// Holds where the whole interval lies above a limit.
    fn above(what: &str, values: &[f64], limit: f64, unit: &'static str) -> Self {
        let got = Interval::from_replications(values, Spread::Independent);
        let target = format!("interval above {}", trim(limit));
        Self { what: what.into(), target, got, unit, pass: got.lo > limit, decisive: true }
    }

    /// Holds unless the interval lies below 0.
    fn not_negative(what: &str, values: &[f64], unit: &'static str) -> Self {
        let got = Interval::from_replications(values, Spread::Independent);
        Self { what: what.into(), target: "not below 0".into(), got, unit, pass: got.hi >= 0.0, decisive: false }
    }
}

fn trim(v: f64) -> String {
    let text = format!("{v:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Seed of validation runs; calibration uses another, and another replication number.
const SEED: u64 = 20_250_601;

/// The scenario `body` on validation seeds.
fn scenario(body: &str) -> Result<Loaded> {
    Loaded::from_toml("fact", &format!("seed = {SEED}\n{body}"), &[])
}

/// Rows of a run of `body`, without attacks: no fact is about them, and they would take most of the time.
fn rows(body: &str) -> Result<Rows> {
    attacked_rows(&format!("{body}\n[attack]\nreplications = 0\n"))
}

/// Rows of a run of `body` as it stands.
fn attacked_rows(body: &str) -> Result<Rows> {
    let results = super::run(&scenario(body)?, &Histories::Synthetic, NoiseMode::Seeded, &Silent)?;
    Ok(Rows(results.rows))
}

/// Rows that can be asked.
struct Rows(Vec<Row>);

impl Rows {
    /// One value a replication.
    fn get(&self, arm: &str, metric: &str, group: &str) -> Vec<f64> {
        self.at(arm, None, &[], metric, group)
    }

    /// One value a replication at ε and a sweep point.
    fn at(&self, arm: &str, epsilon: Option<f64>, sweep: &[&str], metric: &str, group: &str) -> Vec<f64> {
        self.0
            .iter()
            .filter(|r| {
                &*r.arm == arm
                    && r.epsilon == epsilon
                    && &*r.metric == metric
                    && &*r.group == group
                    && (sweep.is_empty() || r.sweep.iter().map(String::as_str).eq(sweep.iter().copied()))
            })
            .map(|r| r.value)
            .collect()
    }
}

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| f(*x, *y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_touches_the_limit_is_not_equivalent() {
        assert!(Finding::equivalent("x", &[0.1, -0.1, 0.05, -0.05], 0.2, "pp").pass);
        assert!(!Finding::equivalent("x", &[0.3, -0.3, 0.2, -0.2], 0.2, "pp").pass);
        assert!(!Finding::equivalent("x", &[f64::NAN, f64::NAN], 0.2, "pp").pass);
        assert!(!Finding::positive("x", &[f64::NAN], "pp").pass);
        // A mean inside is not enough: the interval of the second straddles the limit, the third has none.
        assert!(Finding::within("x", &[1.0, 1.1, 0.9], 0.5, 1.5, "pp").pass);
        assert!(!Finding::within("x", &[0.6, 1.0, 1.4], 0.5, 1.5, "pp").pass);
        assert!(!Finding::within("x", &[1.0], 0.5, 1.5, "pp").pass);
    }
}
