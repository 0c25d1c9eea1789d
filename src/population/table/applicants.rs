//! The table as it stands, without resampling, and tables of applicants whose outcome nobody knows yet.

use super::map::{TableKeys, TableParams};
use super::plan::Plan;
use super::{Outcomes, Table, fields};
use crate::error::{Error, Result};
use crate::view::Frame;
use std::path::Path;

/// A column that no file has: the outcome of applicants.
const UNKNOWN: &str = "(outcome not known)";

impl Table {
    /// Reads `path` as [`Table::open`] does, but no outcome: the file need not have that column, and is not read there.
    pub fn open_applicants(path: &Path, params: &TableParams, skip_bad_rows: bool) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        let params = TableParams { keys: without_outcome(&params.keys) };
        Self::read(&path.display().to_string(), &bytes, is_parquet, &params, skip_bad_rows, Outcomes::Unknown(UNKNOWN))
    }

    /// What the lender sees of everybody, and what needs consent, in the order of [`Table::places`].
    pub fn features(&self) -> (&Frame, &Frame) {
        (&self.rows.bureau, &self.rows.platform)
    }

    /// Who defaulted; all false for applicants.
    pub fn outcomes(&self) -> &[bool] {
        &self.rows.default
    }
}

impl TableParams {
    /// The part of the map that a scorer's features need: no groups, cohorts, income or file depth.
    #[must_use]
    pub fn for_scoring(&self) -> Self {
        let keys = TableKeys {
            group: fields::Group::default(),
            cohort: fields::Tables::default(),
            income: super::Income::default(),
            file: super::FileColumn::default(),
            ..self.keys.clone()
        };
        Self { keys }
    }
}

/// Most significant digits of a number.
const DIGITS: usize = 17;

impl TableParams {
    /// The values of a column before its transform: the shortest decimals that the transform takes to the values given, as
    /// far as f32 can tell them apart.
    pub fn untransformed(&self) -> impl Fn(&str, f32) -> f64 {
        let features = Plan::new(&self.keys).map_or_else(|_| Vec::new(), |plan| plan.features);
        move |name, x| {
            let y = f64::from(x);
            let Some(wanted) = features.iter().find(|w| w.name == name) else { return y };
            let whole = wanted.transform.inverse(y);
            let rounded = (0..DIGITS).filter_map(|digits| format!("{whole:.digits$e}").parse::<f64>().ok());
            let same = |v: &f64| wanted.transform.apply(*v) as f32 == x;
            rounded.into_iter().find(same).unwrap_or(whole)
        }
    }
}

fn without_outcome(keys: &TableKeys) -> TableKeys {
    let mut keys = TableKeys { outcome: vec![UNKNOWN.to_owned()], ..keys.clone() };
    if !keys.columns.is_empty() {
        keys.columns.push(UNKNOWN.to_owned());
    }
    keys
}
