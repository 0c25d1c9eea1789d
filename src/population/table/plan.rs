//! The checked column map: ranges expanded, every feature with its public bounds. Nothing here has seen the data.

use super::cells::{Cells, MOST_COHORTS, width_of};
use super::fields::{Code, CohortKey};
use super::map::{Feature, TableKeys, Transform};
use super::ranges::expand;
use crate::document::suggest;
use crate::view::Column;
use std::collections::BTreeMap;

const MOST_GROUPS: usize = 64;

/// Something wrong with the map, below the map's own key.
#[derive(Debug)]
pub(super) struct Fault {
    pub key: String,
    pub message: String,
    pub help: Option<String>,
}

/// One feature: where it is read and what is publicly known of it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub name: String,
    pub transform: Transform,
    pub column: Column,
}

/// What the reader follows.
#[derive(Debug)]
pub(super) struct Plan {
    pub bureau: Vec<Wanted>,
    pub platform: Vec<Wanted>,
    pub cells: Cells,
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
        let features = check.features(&sees, &asks);
        check.cohort(&asks);
        let groups = check.groups();
        if !check.faults.is_empty() {
            return Err(check.faults);
        }
        // In the order of the lists, not of the alphabet.
        let wanted = |list: &[String]| -> Vec<Wanted> {
            list.iter().flat_map(|t| expand(t).unwrap_or_default()).filter_map(|n| features.get(&n).cloned()).collect()
        };
        Ok(Self {
            bureau: wanted(&keys.lender_sees),
            platform: wanted(&keys.needs_consent),
            cells: Cells::new(&keys.cohort.0),
            groups,
        })
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

    fn features(
        &mut self,
        sees: &BTreeMap<String, String>,
        asks: &BTreeMap<String, String>,
    ) -> BTreeMap<String, Wanted> {
        let mut out: BTreeMap<String, Wanted> = BTreeMap::new();
        for (i, feature) in self.keys.features.0.iter().enumerate() {
            let at = format!("features[{}]", i + 1);
            let Some(template) = self.feature(feature, &at) else { continue };
            for text in &feature.columns {
                let names = expand(text).unwrap_or_else(|message| {
                    self.fault(&format!("{at}.columns"), message, None);
                    Vec::new()
                });
                for name in names {
                    if !sees.contains_key(&name) && !asks.contains_key(&name) {
                        let known = sees.keys().chain(asks.keys()).map(String::as_str);
                        let help = suggest(&name, known);
                        let message = format!("`{name}` is neither in lender_sees nor in needs_consent");
                        self.fault(&format!("{at}.columns"), message, help);
                    } else if out.contains_key(&name) {
                        self.fault(
                            &format!("{at}.columns"),
                            format!("`{name}` is in an earlier feature as well"),
                            None,
                        );
                    } else {
                        let column = Column { name: name.clone(), ..template.column.clone() };
                        out.insert(name.clone(), Wanted { name, column, ..template.clone() });
                    }
                }
            }
        }
        // Where a feature itself is faulty its columns would only be reported twice.
        if self.faults.iter().all(|f| !f.key.starts_with("features")) {
            for (name, key) in sees.iter().chain(asks) {
                if !out.contains_key(name) {
                    let help = format!("add {{ columns = \"{name}\", bounds = [lowest, highest] }} to features");
                    self.fault(key, format!("`{name}` has no public bounds"), Some(help));
                }
            }
        }
        out
    }

    /// The public knowledge of one feature, transformed.
    fn feature(&mut self, feature: &Feature, at: &str) -> Option<Wanted> {
        let before = self.faults.len();
        if feature.columns.is_empty() {
            self.fault(&format!("{at}.columns"), "no column is named", None);
        }
        let [lo, hi] = match feature.bounds[..] {
            [lo, hi] if lo < hi && [lo, hi].iter().all(|b| b.abs() < f64::from(f32::MAX)) => [lo, hi],
            _ => {
                let message = format!("{:?} is not [lowest, highest]", feature.bounds);
                let help = "public bounds, known before the data is opened; what lies outside is clamped and counted";
                self.fault(&format!("{at}.bounds"), message, Some(help.into()));
                return None;
            }
        };
        for (key, points) in [("steps", &feature.steps), ("knots", &feature.knots)] {
            self.ascending(&format!("{at}.{key}"), points);
            // A step at or below the lowest value is always on, a knot there is the line itself.
            let useless = |p: f64| p <= lo || p > hi || (key == "knots" && p >= hi);
            if let Some(p) = points.iter().find(|p| useless(**p)) {
                self.fault(&format!("{at}.{key}"), format!("{p} separates nobody: the bounds are {lo} to {hi}"), None);
            }
        }
        let public = |x: f64| feature.transform.apply(x) as f32;
        let all = |points: &[f64]| points.iter().map(|p| public(*p)).collect::<Vec<f32>>();
        let column =
            Column::new("", public(lo), public(hi)).with_steps(&all(&feature.steps)).with_knots(&all(&feature.knots));
        (self.faults.len() == before).then(|| Wanted {
            name: String::new(),
            transform: feature.transform.clone(),
            column,
        })
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
