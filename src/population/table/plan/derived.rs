//! Checks of derived columns and of interactions.

use super::super::derived::{Derived, Formula, Recipe};
use super::super::ranges::expand;
use super::{Check, Wanted};
use crate::document::suggest;

/// Most pairs of columns: every pair adds the products of all terms of the two.
const MOST_PAIRS: usize = 500;

const FORMULAS: &str = "ratio, difference, product, max, min, sum, mean, count_at_least";

impl Check<'_> {
    /// Adds the derived columns behind the listed ones.
    pub(super) fn derived(&mut self, features: &mut Vec<Wanted>) {
        for (i, derived) in self.keys.derived.0.iter().enumerate() {
            let at = format!("derived[{}]", i + 1);
            // A faulty column would make every formula that reads it look faulty as well.
            let Some(wanted) = self.one(derived, &at, features) else { return };
            features.push(wanted);
        }
    }

    fn one(&mut self, derived: &Derived, at: &str, features: &[Wanted]) -> Option<Wanted> {
        let before = self.faults.len();
        let name = &derived.name;
        let at_name = format!("{at}.name");
        if expand(name).is_ok_and(|names| names != [name.clone()]) || name.trim().is_empty() {
            self.fault(&at_name, format!("{name:?} is not a name"), Some("for example name = \"UTILISATION\"".into()));
        } else if self.keys.outcome.contains(name) || *name == self.keys.id {
            self.fault(&at_name, format!("`{name}` is the outcome or the id"), None);
        } else if features.iter().any(|f| f.name == *name) {
            self.fault(&at_name, format!("there is a column `{name}` already"), None);
        }
        let formulas = derived.formulas();
        let [(key, columns, formula)] = formulas[..] else {
            let message = format!("{} formulas are given, a derived column has one", formulas.len());
            self.fault(at, message, Some(format!("one of {FORMULAS}")));
            return None;
        };
        let at_formula = if key == "count_at_least" { format!("{at}.{key}.columns") } else { format!("{at}.{key}") };
        let inputs = self.inputs(columns, &at_formula, features);
        if formula.is_binary() && inputs.len() != 2 && self.faults.len() == before {
            let message = format!("{} columns, `{key}` is of two", inputs.len());
            self.fault(&at_formula, message, Some(format!("{key} = [\"A\", \"B\"]")));
        }
        let (bounds, mut column) = self.shape(&derived.into(), at)?;
        if let Some(x) = derived.otherwise.filter(|x| !(bounds[0]..=bounds[1]).contains(x)) {
            let message = format!("{x} is outside the bounds {} to {}", bounds[0], bounds[1]);
            self.fault(&format!("{at}.otherwise"), message, Some("leave it out: missing is a value of its own".into()));
        }
        if self.faults.len() > before {
            return None;
        }
        let read: Vec<&Wanted> = inputs.iter().map(|i| &features[*i]).collect();
        column.name.clone_from(name);
        column.missing = derived.otherwise.is_none() && may_have_no_value(formula, &read);
        Some(Wanted {
            name: name.clone(),
            consent: read.iter().any(|w| w.consent),
            transform: derived.transform.clone(),
            bounds,
            special: Vec::new(),
            levels: Vec::new(),
            absent: Vec::new(),
            recipe: Some(Recipe { formula, inputs, otherwise: derived.otherwise }),
            input_only: derived.input_only,
            column,
        })
    }

    /// Places of the columns that a formula reads.
    fn inputs(&mut self, columns: &[String], at: &str, features: &[Wanted]) -> Vec<usize> {
        let mut inputs = Vec::new();
        for name in self.expanded(columns, at) {
            let Some(place) = self.place(&name, at, features) else { continue };
            if features[place].column.is_category() {
                self.fault(at, format!("`{name}` is a category: there is nothing to compute with"), None);
            } else if inputs.contains(&place) {
                self.fault(at, format!("`{name}` is named twice"), None);
            } else {
                inputs.push(place);
            }
        }
        inputs
    }

    fn expanded(&mut self, texts: &[String], at: &str) -> Vec<String> {
        let mut names = Vec::new();
        for text in texts {
            match expand(text) {
                Ok(more) => names.extend(more),
                Err(message) => self.fault(at, message, None),
            }
        }
        names
    }

    fn place(&mut self, name: &str, at: &str, features: &[Wanted]) -> Option<usize> {
        let found = features.iter().position(|f| f.name == name);
        if found.is_none() {
            let help = suggest(name, features.iter().map(|f| f.name.as_str())).or_else(|| {
                Some("name a column of lender_sees or needs_consent, or a derived one that stands before".to_owned())
            });
            self.fault(at, format!("there is no column `{name}`"), help);
        }
        found
    }

    /// Tells every column which others it may be multiplied with.
    pub(super) fn interactions(&mut self, features: &mut [Wanted]) {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (i, pair) in self.keys.interactions.iter().enumerate() {
            let at = format!("interactions[{}]", i + 1);
            let [left, right] = pair.as_slice() else {
                let message = format!("{} name(s), an interaction is a pair of columns", pair.len());
                self.fault(&at, message, Some("interactions = [[\"A\", \"B\"], [\"A\", \"C1..3\"]]".into()));
                continue;
            };
            let right = self.expanded(std::slice::from_ref(right), &at);
            for a in self.expanded(std::slice::from_ref(left), &at) {
                for b in &right {
                    let (Some(a), Some(b)) = (self.place(&a, &at, features), self.place(b, &at, features)) else {
                        continue;
                    };
                    if let Some(unseen) = [a, b].into_iter().map(|i| &features[i]).find(|w| w.input_only) {
                        let message = format!("`{}` is input_only: scorers do not see it", unseen.name);
                        self.fault(&at, message, Some("take input_only out, or the pair".into()));
                    } else if a == b {
                        self.fault(&at, format!("`{}` with itself", features[a].name), None);
                    } else if !pairs.contains(&(a.min(b), a.max(b))) {
                        pairs.push((a.min(b), a.max(b)));
                    }
                }
            }
            if pairs.len() > MOST_PAIRS {
                self.fault(&at, format!("more than {MOST_PAIRS} pairs of columns"), None);
                return;
            }
        }
        for (a, b) in pairs {
            let partner = features[b].name.clone();
            features[a].column.pairs.push(partner);
        }
    }
}

/// Whether some person may leave the formula without a value.
fn may_have_no_value(formula: Formula, read: &[&Wanted]) -> bool {
    if formula.is_binary() {
        let divides_by_nothing = formula == Formula::Ratio && read.get(1).is_none_or(|b| b.bounds[0] <= 0.0);
        divides_by_nothing || read.iter().any(|w| w.may_be_absent())
    } else {
        read.iter().all(|w| w.may_be_absent())
    }
}
