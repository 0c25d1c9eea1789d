//! The checked column map: ranges expanded, every feature with its public bounds. Nothing here has seen the data.

use super::cells::{Cells, MOST_COHORTS, width_of};
use super::fields::{Code, CohortKey};
use super::map::TableKeys;
use super::ranges::expand;
use super::wanted::Wanted;
use crate::population::YEAR;
use std::collections::BTreeMap;

mod derived;
mod features;

const MOST_GROUPS: usize = 64;

/// Something wrong with the map, below the map's own key.
#[derive(Debug)]
pub(super) struct Fault {
    pub key: String,
    pub message: String,
    pub help: Option<String>,
}

/// What the reader follows.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order they are computed: the lender's columns, those that need consent, derived ones.
    pub features: Vec<Wanted>,
    pub cells: Cells,
    /// Places of the monthly payments among the features, the most recent month first.
    pub payments: Vec<usize>,
    /// Codes and names of the groups; empty: the data's own codes.
    pub groups: Vec<(Code, String)>,
}

struct Check<'a> {
    keys: &'a TableKeys,
    faults: Vec<Fault>,
}

impl Plan {
    /// Checks a map; all faults, not only the first.
    pub fn new(keys: &TableKeys) -> Result<Self, Vec<Fault>> {
        let mut check = Check { keys, faults: Vec::new() };
        check.scalars();
        let sees = check.names("lender_sees", &keys.lender_sees);
        let asks = check.names("needs_consent", &keys.needs_consent);
        for (name, key) in &asks {
            if sees.contains_key(name) {
                let help = "a column is either always seen or needs consent: take it out of one list";
                check.fault(key, format!("`{name}` is in lender_sees as well"), Some(help.into()));
            }
        }
        // A faulty list would make every feature and cohort key look faulty as well.
        if !check.faults.is_empty() {
            return Err(check.faults);
        }
        let mut known = check.features(&sees, &asks);
        // In the order of the lists, not of the alphabet.
        let listed = keys.lender_sees.iter().chain(&keys.needs_consent).flat_map(|t| expand(t).unwrap_or_default());
        let mut features: Vec<Wanted> = listed.filter_map(|name| known.remove(&name)).collect();
        // A faulty feature would make every formula that reads it look faulty as well.
        if check.faults.is_empty() {
            check.derived(&mut features);
        }
        if check.faults.is_empty() {
            check.interactions(&mut features);
        }
        let payments = check.payments(&features);
        check.cohort(&asks);
        let groups = check.groups();
        if !check.faults.is_empty() {
            return Err(check.faults);
        }
        Ok(Self { features, cells: Cells::new(&keys.cohort.0), payments, groups })
    }

    /// Places of the features that need consent, or of those that do not, as scorers see them: in the order of a frame's columns.
    pub fn of(&self, consent: bool) -> Vec<usize> {
        (0..self.features.len())
            .filter(|i| self.features[*i].consent == consent && !self.features[*i].input_only)
            .collect()
    }

    /// Number of columns of the file that need consent, or that do not, whether scorers see them or not.
    pub fn read_of(&self, consent: bool) -> usize {
        self.features.iter().filter(|w| w.consent == consent && w.recipe.is_none()).count()
    }
}

impl Check<'_> {
    fn fault(&mut self, key: &str, message: impl Into<String>, help: Option<String>) {
        self.faults.push(Fault { key: key.to_owned(), message: message.into(), help });
    }

    fn scalars(&mut self) {
        let keys = self.keys;
        if keys.outcome.is_empty() || keys.outcome.iter().any(String::is_empty) {
            let help = "name the column whose 1 means default, for example outcome = \"default\"";
            self.fault("outcome", "no column is named", Some(help.into()));
        }
        let fits = |b: &u8| b.is_ascii() && !b.is_ascii_alphanumeric() && !b"\"\r\n.-+".contains(b);
        if keys.delimiter.len() != 1 || !keys.delimiter.as_bytes().iter().all(fits) {
            let message = format!("{:?} is not one ASCII character that can separate fields", keys.delimiter);
            self.fault("delimiter", message, Some("for example \",\" or \";\" or \"\\t\"".into()));
        }
        for (i, text) in keys.columns.iter().enumerate() {
            if let Err(message) = expand(text) {
                self.fault(&format!("columns[{}]", i + 1), message, None);
            }
        }
        for (key, codes) in [("defaulted", &keys.defaulted), ("paid", &keys.paid)] {
            if codes.is_empty() {
                self.fault(key, "no code is named", Some(format!("for example {key} = [{}]", u8::from(key != "paid"))));
            }
        }
        if let Some(both) = keys.defaulted.iter().find(|c| keys.paid.contains(c)) {
            self.fault("paid", format!("{:?} means default as well", both.text()), None);
        }
        if !keys.income.column.is_empty() {
            if keys.income.cuts.len() == 9 {
                self.ascending("income.cuts", &keys.income.cuts);
            } else {
                let message = format!("{} cut points, ten deciles need nine", keys.income.cuts.len());
                self.fault("income.cuts", message, None);
            }
        }
        if !keys.file.column.is_empty() && keys.file.none.is_empty() && keys.file.thin.is_empty() {
            self.fault(
                "file",
                "no code means no file or a thin one",
                Some("give none = [codes] or thin = [codes]".into()),
            );
        }
    }

    fn ascending(&mut self, key: &str, values: &[f64]) {
        if let Some((a, b)) = values.iter().zip(values.iter().skip(1)).find(|(a, b)| a >= b) {
            self.fault(key, format!("{b} does not come after {a}: the values must increase"), None);
        }
    }

    /// Expanded names and the key of the item that gave them.
    fn names(&mut self, key: &str, list: &[String]) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        if list.is_empty() {
            self.fault(key, "no column is named", Some(format!("for example {key} = [\"BALANCE\", \"PAY_2..PAY_6\"]")));
        }
        for (i, text) in list.iter().enumerate() {
            let at = format!("{key}[{}]", i + 1);
            match expand(text) {
                Err(message) => self.fault(&at, message, None),
                Ok(names) => {
                    for name in names {
                        if self.keys.outcome.contains(&name) || name == self.keys.id {
                            let what = if name == self.keys.id { "id" } else { "outcome" };
                            let help = Some("a score that reads it would know the answer".to_owned());
                            self.fault(&at, format!("`{name}` is the {what}"), help);
                        } else if out.insert(name.clone(), at.clone()).is_some() {
                            self.fault(&at, format!("`{name}` is named twice"), None);
                        }
                    }
                }
            }
        }
        out
    }

    /// Places of the monthly payments.
    fn payments(&mut self, features: &[Wanted]) -> Vec<usize> {
        let mut out = Vec::new();
        for (i, text) in self.keys.monthly_payments.iter().enumerate() {
            let at = format!("monthly_payments[{}]", i + 1);
            match expand(text) {
                Err(message) => self.fault(&at, message, None),
                Ok(names) => {
                    for name in names {
                        let amount = |w: &Wanted| w.name == name && w.consent && w.recipe.is_none();
                        match features.iter().position(|w| amount(w) && w.levels.is_empty()) {
                            None => {
                                let help = "monthly payments are amounts that flow to a recipient with consent";
                                let message = format!("`{name}` is no quantity in needs_consent");
                                self.fault(&at, message, Some(help.into()));
                            }
                            Some(j) if out.contains(&j) => self.fault(&at, format!("`{name}` is named twice"), None),
                            Some(j) => out.push(j),
                        }
                    }
                }
            }
        }
        if out.len() > YEAR {
            let message = format!("{} months, at most {YEAR}", out.len());
            self.fault("monthly_payments", message, Some("keep the most recent ones".into()));
        }
        out
    }

    fn cohort(&mut self, asks: &BTreeMap<String, String>) {
        let parts = &self.keys.cohort.0;
        for (i, part) in parts.iter().enumerate() {
            let at = format!("cohort[{}]", i + 1);
            let name = part.column();
            let help =
                || Some("the lender joins released statistics by cohort, so it must know everybody's".to_owned());
            if name.is_empty() {
                self.fault(&at, "no column is named", None);
            } else if asks.contains_key(name) {
                self.fault(&at, format!("`{name}` needs consent and cannot be a cohort key"), help());
            } else if self.keys.outcome.iter().any(|o| o == name) {
                self.fault(&at, format!("`{name}` is the outcome and cannot be a cohort key"), help());
            } else if parts[..i].iter().any(|p| p.column() == name) {
                self.fault(&at, format!("`{name}` is in the cohort key twice"), None);
            }
            match part {
                CohortKey::Values(cells) => {
                    if let Some(v) = cells.values.iter().enumerate().find(|(k, v)| cells.values[..*k].contains(v)) {
                        self.fault(&at, format!("the value {} is listed twice", v.1.text()), None);
                    }
                    if cells.values.len() < 2 {
                        let message = format!(
                            "{} public value(s) of `{name}`: one cohort cannot be compared",
                            cells.values.len()
                        );
                        self.fault(&at, message, Some("list at least two values".into()));
                    }
                }
                CohortKey::Bands(cells) => {
                    let bands = (cells.to - cells.from) / cells.width;
                    if bands.is_nan() || bands <= 1.0 {
                        let message = format!(
                            "{} to {} by {} is one band of `{name}`: one cohort cannot be compared",
                            cells.from, cells.to, cells.width
                        );
                        self.fault(&at, message, Some("at least two bands: raise `to` or lower `width`".into()));
                    } else if bands > MOST_COHORTS as f64 {
                        self.fault(&at, format!("more than {MOST_COHORTS} bands of `{name}`"), None);
                    }
                }
            }
        }
        let cells = parts.iter().try_fold(1u64, |n, p| n.checked_mul(u64::from(width_of(p))));
        if cells.is_none_or(|n| n > MOST_COHORTS) {
            let help = "fewer values or wider bands: small cohorts drown in the noise anyway";
            self.fault("cohort", format!("more than {MOST_COHORTS} cells"), Some(help.into()));
        }
    }

    fn groups(&mut self) -> Vec<(Code, String)> {
        let group = &self.keys.group.0;
        let (names, values) = (&group.names.0, &group.values);
        if !names.is_empty() && !values.is_empty() {
            self.fault("group", "both names and values are given", Some("keep names".into()));
        }
        let codes: Vec<(Code, String)> = if names.is_empty() {
            values.iter().map(|v| (v.clone(), format!("{}={}", group.column, v.text()))).collect()
        } else {
            names.clone()
        };
        if group.column.is_empty() && !codes.is_empty() {
            self.fault("group", "no column is named", Some("group = { column = \"SEX\", names = { … } }".into()));
        }
        if codes.len() == 1 || codes.len() > MOST_GROUPS {
            self.fault("group", format!("{} group(s), allowed are 2 to {MOST_GROUPS}", codes.len()), None);
        }
        if let Some((_, (code, _))) = codes.iter().enumerate().find(|(k, c)| codes[..*k].iter().any(|d| d.0 == c.0)) {
            self.fault("group", format!("the code {} is given twice", code.text()), None);
        }
        codes
    }
}
