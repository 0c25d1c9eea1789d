//! A TOML document whose every key and value remembers where it came from.
//!
//! Text first, meaning second: a scenario file, its preset and the command line's `--set` become one tree of
//! [`Node`]s; [`crate::params`](mod@crate::params) then reads typed values out of it and reports every [`Problem`] with file, line,
//! column and the line quoted.

mod render;

pub use render::{clean, render};

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Most parts of a dotted key.
const DEEPEST: usize = 32;
/// A text that values come from.
#[derive(Debug)]
pub struct Source {
    /// File name, `--set`, `preset china-2018` and the like.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a [`Source`].
#[derive(Clone, Debug)]
pub struct Origin {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Origin {
    /// (line, column), both from 1; column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let start = self.span.start.min(self.source.text.len());
        let before = self.source.text.get(..start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// Name of the source.
    pub fn source_name(&self) -> &str {
        &self.source.name
    }
}

/// A value of a document.
#[derive(Clone, Debug)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A number that 64 bits do not hold, as it was written: `1e400`.
    Huge(String),
    /// Text.
    Text(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{ key = value }`, in the order of the file.
    Table(Vec<Entry>),
}

impl Value {
    /// The value's type in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "true or false",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Huge(_) => "a number too large to compute with",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_origin: Origin,
    /// The value.
    pub node: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
}

/// Something wrong with a scenario.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where, if it has a place.
    pub origin: Option<Origin>,
    /// The dotted key.
    pub key: String,
    /// What is wrong: the value given, what is allowed.
    pub message: String,
    /// A suggestion.
    pub help: Option<String>,
}

impl Node {
    /// The text of a document's bytes, or the place of the first byte that is no text.
    pub fn text(name: &str, bytes: Vec<u8>) -> Result<String, Vec<Problem>> {
        String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(e.as_bytes()).into_owned();
            let source = Arc::new(Source { name: name.to_owned(), text });
            vec![Problem {
                origin: Some(Origin { source, span: at..at + 1 }),
                key: String::new(),
                message: "not UTF-8 text".into(),
                help: Some("a scenario is a TOML file, saved as UTF-8".into()),
            }]
        })
    }

    /// Parses a whole TOML document; `name` is shown in errors.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
        match toml::de::DeTable::parse(&source.text) {
            Ok(table) => {
                let span = table.span();
                Ok(Self {
                    value: Value::Table(convert_table(table.get_ref(), &source)),
                    origin: Origin { source: source.clone(), span },
                })
            }
            Err(e) => Err(vec![Problem {
                origin: e.span().map(|span| Origin { source: source.clone(), span }),
                key: String::new(),
                message: format!("not valid TOML: {}", e.message()),
                help: None,
            }]),
        }
    }

    /// Parses one `--set` argument, `dotted.key=value`; a value that is not TOML is taken as text.
    pub fn parse_assignment(text: &str) -> Result<(String, Self), Vec<Problem>> {
        let problem = |message: String| {
            vec![Problem {
                origin: None,
                key: String::new(),
                message,
                help: Some("write --set key=value, for example --set population.persons=20000".into()),
            }]
        };
        let Some((key, value)) = text.split_once('=') else {
            return Err(problem(format!("--set {text}: there is no `=`")));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || value.is_empty() {
            return Err(problem(format!("--set {text}: the key or the value is empty")));
        }
        if key.split('.').any(str::is_empty) {
            return Err(problem(format!("--set {text}: a part of the key is empty")));
        }
        let prefix = "value = ";
        let parsed = Self::parse("--set", &format!("{prefix}{value}"));
        // A line break would begin a second assignment that nobody reads: such a text stays a text.
        let node = match parsed {
            Ok(node) if node.entries().is_some_and(|e| e.len() == 1) => node.get("value").cloned(),
            _ => None,
        };
        let source = Arc::new(Source { name: "--set".into(), text: text.to_owned() });
        let span = text.len() - value.len()..text.len();
        let mut node = node.unwrap_or(Self {
            value: Value::Text(value.to_owned()),
            origin: Origin { source: source.clone(), span: span.clone() },
        });
        node.relocate(&Origin { source, span });
        Ok((key.to_owned(), node))
    }

    /// An empty table that belongs to no file.
    pub fn empty(name: &str) -> Self {
        let source = Arc::new(Source { name: name.to_owned(), text: String::new() });
        Self { value: Value::Table(Vec::new()), origin: Origin { source, span: 0..0 } }
    }

    fn relocate(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|n| n.relocate(origin)),
            Value::Table(entries) => entries.iter_mut().for_each(|e| {
                e.key_origin = origin.clone();
                e.node.relocate(origin);
            }),
            _ => {}
        }
    }

    /// The entries, if this is a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under `key`, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|e| e.key == key).map(|e| &e.node)
    }

    /// Lays `over` on top of `self`: tables merge key by key, everything else is replaced.
    ///
    /// A table that is a *choice* (`cutoff = { profit = {} }`) must be replaced whole: `is_choice` says which
    /// dotted keys are.
    pub fn overlay(&mut self, over: &Node, path: &str, is_choice: &dyn Fn(&str) -> bool) {
        let (Value::Table(mine), Value::Table(theirs)) = (&mut self.value, &over.value) else {
            *self = over.clone();
            return;
        };
        // By name: a file may hold a hundred thousand keys.
        let places: BTreeMap<String, usize> = mine.iter().enumerate().map(|(i, e)| (e.key.clone(), i)).collect();
        for entry in theirs {
            let key = join(path, &entry.key);
            match places.get(&entry.key).and_then(|i| mine.get_mut(*i)) {
                Some(e) if !is_choice(&key) => {
                    e.node.overlay(&entry.node, &key, is_choice);
                    e.key_origin = entry.key_origin.clone();
                }
                Some(e) => *e = entry.clone(),
                None => mine.push(entry.clone()),
            }
        }
        self.origin = over.origin.clone();
    }

    /// Sets the value at a dotted path. `arm.NAME.key` reaches into the array of arms by name.
    pub fn set(&mut self, path: &str, node: &Node) -> Result<(), Problem> {
        let problem = |message: String, help: Option<String>| Problem {
            origin: Some(node.origin.clone()),
            key: path.to_owned(),
            message,
            help,
        };
        if path.split('.').count() > DEEPEST {
            return Err(problem("no key is as deep as this".into(), None));
        }
        let Some((head, rest)) = path.split_once('.') else {
            let Value::Table(entries) = &mut self.value else {
                return Err(problem("there is no table to set this key in".into(), None));
            };
            match entries.iter_mut().find(|e| e.key == path) {
                Some(e) => {
                    e.node = node.clone();
                    e.key_origin = node.origin.clone();
                }
                None => {
                    entries.push(Entry { key: path.to_owned(), key_origin: node.origin.clone(), node: node.clone() });
                }
            }
            return Ok(());
        };
        match &mut self.value {
            Value::Table(entries) => {
                if let Some(e) = entries.iter_mut().find(|e| e.key == head) {
                    // A choice written as one word becomes a table when one of its keys is set.
                    if !matches!(e.node.value, Value::Table(_) | Value::List(_)) {
                        e.node = Node { value: Value::Table(Vec::new()), origin: node.origin.clone() };
                    }
                    e.node.set(rest, node).map_err(|p| Problem { key: path.to_owned(), ..p })
                } else {
                    let mut child = Node { value: Value::Table(Vec::new()), origin: node.origin.clone() };
                    child.set(rest, node)?;
                    entries.push(Entry { key: head.to_owned(), key_origin: node.origin.clone(), node: child });
                    Ok(())
                }
            }
            Value::List(items) => {
                let name_of = |n: &Node| match n.get("name").map(|n| &n.value) {
                    Some(Value::Text(t)) => Some(t.clone()),
                    _ => None,
                };
                let names: Vec<String> = items.iter().filter_map(name_of).collect();
                match items.iter_mut().find(|n| name_of(n).as_deref() == Some(head)) {
                    Some(item) => item.set(rest, node).map_err(|p| Problem { key: path.to_owned(), ..p }),
                    None => Err(problem(
                        format!("there is no arm `{head}`; the arms are {}", names.join(", ")),
                        suggest(head, names.iter().map(String::as_str)),
                    )),
                }
            }
            _ => Err(problem(format!("`{head}` has no keys below it"), None)),
        }
    }
}

/// `a.b` from `a` and `b`.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// "did you mean …", if a candidate is close.
pub fn suggest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|c| (!given.eq_ignore_ascii_case(c), strsim::damerau_levenshtein(given, c), c))
        .filter(|(other, distance, c)| !other || *distance <= 1 + c.len().max(given.len()) / 3)
        .min()
        .map(|(_, _, c)| format!("did you mean `{c}`?"))
}

fn convert_table(table: &toml::de::DeTable<'_>, source: &Arc<Source>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_origin: Origin { source: source.clone(), span: key.span() },
            node: convert(value.get_ref(), value.span(), source),
        })
        .collect();
    entries.sort_by_key(|e| e.key_origin.span.start);
    entries
}

fn convert(value: &toml::de::DeValue<'_>, span: Range<usize>, source: &Arc<Source>) -> Node {
    use toml::de::DeValue;
    let value = match value {
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix())
            .map_or_else(|_| Value::Huge(i.as_str().to_owned()), Value::Integer),
        // "inf" is written as a word; digits that overflow are not meant as infinity.
        DeValue::Float(f) => match f.as_str().parse::<f64>() {
            Ok(v) if v.is_finite() || !f.as_str().contains(|c: char| c.is_ascii_digit()) => Value::Float(v),
            _ => Value::Huge(f.as_str().to_owned()),
        },
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Datetime(d) => Value::Text(d.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|v| convert(v.get_ref(), v.span(), source)).collect()),
        DeValue::Table(table) => Value::Table(convert_table(table, source)),
    };
    Node { value, origin: Origin { source: source.clone(), span } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line_and_column() {
        let doc = Node::parse("a.toml", "x = 1\n[consent]\nnotice = 0.4\n").unwrap();
        let notice = doc.get("consent").unwrap().get("notice").unwrap();
        assert_eq!(notice.origin.line_column(), (3, 10));
    }

    #[test]
    fn broken_toml_is_reported_with_its_place() {
        let problems = Node::parse("a.toml", "x = 1\ny = = 2\n").unwrap_err();
        assert!(render(&problems).starts_with("a.toml:2:5: not valid TOML"), "{}", render(&problems));
    }

    #[test]
    fn set_reaches_into_an_arm_by_name_and_says_which_arms_there_are() {
        let mut doc = Node::parse("a", "[[arm]]\nname='opt-in'\nform={notice=0.4}\n").unwrap();
        let (key, node) = Node::parse_assignment("arm.opt-in.form.notice=0.9").unwrap();
        doc.set(&key, &node).unwrap();
        let Value::List(arms) = &doc.get("arm").unwrap().value else { panic!("no arms") };
        assert!(matches!(arms[0].get("form").unwrap().get("notice").unwrap().value, Value::Float(v) if v == 0.9));
        let (key, node) = Node::parse_assignment("arm.optin.form.notice=0.9").unwrap();
        let problem = doc.set(&key, &node).unwrap_err();
        assert_eq!(problem.help.as_deref(), Some("did you mean `opt-in`?"));
    }

    #[test]
    fn an_assignment_without_a_value_is_refused() {
        assert!(Node::parse_assignment("seed").is_err());
        assert!(Node::parse_assignment("seed=").is_err());
        let (_, node) = Node::parse_assignment("name=plain text").unwrap();
        assert!(matches!(node.value, Value::Text(t) if t == "plain text"));
    }
}
