//! TOML shapes of the column map that [`params!`](crate::params!) cannot say: free keys, lists of tables, short forms.

use crate::document::{Entry, Node, Problem, Value, join};
use crate::params::{About, Field, Meta, any, refuse, refuse_unknown};

/// A value of a coded column, compared as a number where both are numbers: `1`, `"1"` and `1.0` are one code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(String);

impl Code {
    /// The code of a text.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => Self(format!("{}", if v == 0.0 { 0.0 } else { v })),
            _ => Self(text.to_owned()),
        }
    }

    /// The code as text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Field for Code {
    fn read(node: &Node, key: &str, _: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        match &node.value {
            Value::Integer(v) => Some(Self(v.to_string())),
            Value::Float(v) if v.is_finite() => Some(Self::new(&v.to_string())),
            Value::Text(t) | Value::Huge(t) if !t.trim().is_empty() => Some(Self::new(t)),
            other => {
                let message = format!("expected a code (a number or a text), got {}", other.kind());
                refuse(node, key, message, None, problems);
                None
            }
        }
    }
    fn write(&self) -> toml::Value {
        self.0.parse::<i64>().map_or_else(|_| toml::Value::String(self.0.clone()), toml::Value::Integer)
    }
}

/// A table whose keys are the data's own codes: `{ "1" = "male", "2" = "female" }`, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(pub Vec<(Code, String)>);

impl Field for Names {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let message = format!("expected a table of code = \"name\", got {}", node.value.kind());
            let help = Some(r#"for example names = { "1" = "male", "2" = "female" }"#.to_owned());
            refuse(node, key, message, help, problems);
            return None;
        };
        let read = |e: &Entry| {
            let name = String::read(&e.node, &join(key, &e.key), about, problems)?;
            Some((Code::new(&e.key), name))
        };
        let names: Vec<_> = entries.iter().filter_map(read).collect();
        (names.len() == entries.len()).then_some(Self(names))
    }
    fn write(&self) -> toml::Value {
        let pairs = self.0.iter().map(|(code, name)| (code.0.clone(), toml::Value::String(name.clone())));
        toml::Value::Table(pairs.collect())
    }
}

/// Texts that mean missing: `true` for the empty field, or a list of texts and numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MissingTexts(pub Vec<Code>);

impl Field for MissingTexts {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let one = |node: &Node, problems: &mut Vec<Problem>| match &node.value {
            Value::Text(t) if t.trim().is_empty() => Some(Code::new("")),
            _ => Code::read(node, key, about, problems),
        };
        match &node.value {
            Value::Bool(allowed) => Some(Self(if *allowed { vec![Code::new("")] } else { Vec::new() })),
            Value::List(items) => {
                let codes: Vec<Code> = items.iter().filter_map(|n| one(n, problems)).collect();
                (codes.len() == items.len()).then_some(Self(codes))
            }
            _ => one(node, problems).map(|code| Self(vec![code])),
        }
    }
    fn write(&self) -> toml::Value {
        self.0.write()
    }
}

/// A list of tables; `pretick explain` gives the keys of one of them, and errors count them: `features[2].bounds`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables<T>(pub Vec<T>);

impl<T> Default for Tables<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Field + Default> Field for Tables<T> {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return T::read(node, key, about, problems).map(|v| Self(vec![v]));
        };
        let numbered = items.iter().enumerate();
        let read: Vec<T> =
            numbered.filter_map(|(i, n)| T::read(n, &format!("{key}[{}]", i + 1), about, problems)).collect();
        (read.len() == items.len()).then_some(Self(read))
    }
    fn write(&self) -> toml::Value {
        toml::Value::Array(self.0.iter().map(Field::write).collect())
    }
    fn meta(default: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        out.push(meta_of(default, key, about, "a list of tables"));
        T::meta(&T::default(), key, about, out);
    }
}

pub(super) fn meta_of<T: Field>(default: &T, key: &str, about: &About, range: &str) -> Meta {
    Meta {
        key: key.to_owned(),
        doc: about.doc.trim().to_owned(),
        unit: about.unit.to_owned(),
        default: default.write().to_string(),
        range: range.to_owned(),
        source: about.source.to_owned(),
    }
}

crate::params! {
    /// The groups that fairness is reported for. `group = "SEX"` is short for `group = { column = "SEX" }`.
    pub struct GroupKeys {
        /// Column of the group; empty: everybody is in one group. With neither names nor values its own codes (at most 12) are the groups.
        pub column: String = String::new(), "column", any(), "the scenario's author";
        /// Codes and their names, `{ "1" = "male" }`; another code in the data is a malformed row.
        pub names: Names = Names::default(), "code = name", any(), "the scenario's author";
        /// Codes that name themselves, instead of names.
        pub values: Vec<Code> = Vec::new(), "codes", any(), "the scenario's author";
    }
}

/// [`GroupKeys`], or the column alone as a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group(pub GroupKeys);

impl Field for Group {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        if let Value::Text(column) = &node.value {
            return Some(Self(GroupKeys { column: column.clone(), ..GroupKeys::default() }));
        }
        GroupKeys::read(node, key, about, problems).map(Self)
    }
    fn write(&self) -> toml::Value {
        self.0.write()
    }
    fn meta(default: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        GroupKeys::meta(&default.0, key, about, out);
    }
}

crate::params! {
    /// Cells by code.
    pub struct ValueCells {
        /// Column of the cohort key.
        pub column: String = String::new(), "column", any(), "the scenario's author";
        /// Public codes, a cell each; all others share one more cell, `other`, which always exists.
        pub values: Vec<Code> = Vec::new(), "codes", any(), "the scenario's author";
    }
}

crate::params! {
    /// Cells by bands [from, from + width), [from + width, from + 2·width), …
    pub struct BandCells {
        /// Column of the cohort key.
        pub column: String = String::new(), "column", any(), "the scenario's author";
        /// Lower end of the first band; smaller values clamp into it and are counted.
        pub from: f64 = 0.0, "the column's", any(), "the scenario's author";
        /// Upper end of the last band; values at or above clamp into it and are counted.
        pub to: f64 = 0.0, "the column's", any(), "the scenario's author";
        /// Width of a band; the last one may be narrower.
        pub width: f64 = 1.0, "the column's", crate::params::above(0.0, 1e18), "the scenario's author";
    }
}

/// One part of the cohort key: publicly enumerated cells of a column, never read off the data.
#[derive(Clone, Debug, PartialEq)]
pub enum CohortKey {
    /// `{ column, values }`
    Values(ValueCells),
    /// `{ column, from, to, width }`
    Bands(BandCells),
}

const COHORT_HELP: &str =
    r#"write { column = "AGE", from = 20, to = 70, width = 10 } or { column = "EDUCATION", values = [1, 2, 3] }"#;

impl CohortKey {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Self::Values(cells) => &cells.column,
            Self::Bands(cells) => &cells.column,
        }
    }
}

impl Default for CohortKey {
    fn default() -> Self {
        Self::Values(ValueCells::default())
    }
}

impl Field for CohortKey {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let message = format!("expected a table of publicly enumerated cells, got {}", node.value.kind());
            refuse(node, key, message, Some(COHORT_HELP.to_owned()), problems);
            return None;
        };
        let before = problems.len();
        refuse_unknown(node, key, &["column", "values", "from", "to", "width"], problems);
        if problems.len() > before {
            return None;
        }
        let banded = entries.iter().any(|e| ["from", "to", "width"].contains(&e.key.as_str()));
        let complete = ["from", "to", "width"].iter().all(|k| node.get(k).is_some());
        if node.get("column").is_none() || banded == node.get("values").is_some() || (banded && !complete) {
            let message = "a cohort key is a column with either values or from, to and width".to_owned();
            refuse(node, key, message, Some(COHORT_HELP.to_owned()), problems);
            return None;
        }
        if banded {
            BandCells::read(node, key, about, problems).map(Self::Bands)
        } else {
            ValueCells::read(node, key, about, problems).map(Self::Values)
        }
    }
    fn write(&self) -> toml::Value {
        match self {
            Self::Values(cells) => cells.write(),
            Self::Bands(cells) => cells.write(),
        }
    }
    fn meta(_: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        ValueCells::meta(&ValueCells::default(), key, about, out);
        let mut bands = Vec::new();
        BandCells::meta(&BandCells::default(), key, &About { bounds: any(), ..*about }, &mut bands);
        out.extend(bands.into_iter().skip(1));
    }
}
