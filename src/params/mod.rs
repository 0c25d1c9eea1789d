//! Parameters: defined once, with their doc, unit, default, range and source beside the code that uses them.
//!
//! [`params!`](crate::params!) declares a struct of parameters; [`choice!`](crate::choice!) a closed set chosen in TOML.
//! Both give reading with located errors, writing of the effective value, and [`Meta`] for `pretick explain`.

use crate::document::{Node, Problem, Value, join, suggest};

/// What `pretick explain` says of one parameter.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Meta {
    /// Dotted TOML key; `arm.NAME.…` for keys of an arm.
    pub key: String,
    /// Meaning.
    pub doc: String,
    /// Unit.
    pub unit: String,
    /// Default, as TOML.
    pub default: String,
    /// Allowed values.
    pub range: String,
    /// Where the default comes from; "assumed" if nowhere.
    pub source: String,
}

/// Allowed numbers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Least value.
    pub lo: f64,
    /// Greatest value.
    pub hi: f64,
    /// Whether `lo` itself is excluded.
    pub open: bool,
}

/// Both ends included.
pub const fn between(lo: f64, hi: f64) -> Bounds {
    Bounds { lo, hi, open: false }
}

/// Greater than `lo`, up to and including `hi`.
pub const fn above(lo: f64, hi: f64) -> Bounds {
    Bounds { lo, hi, open: true }
}

/// No restriction (texts, choices, flags).
pub const fn any() -> Bounds {
    Bounds { lo: f64::NEG_INFINITY, hi: f64::INFINITY, open: false }
}

impl Bounds {
    /// Whether `v` is allowed.
    pub fn holds(&self, v: f64) -> bool {
        !v.is_nan() && v <= self.hi && if self.open { v > self.lo } else { v >= self.lo }
    }

    /// In words; empty if there is no restriction.
    pub fn words(&self) -> String {
        let least = if self.open { "more than" } else { "at least" };
        match (self.lo == f64::NEG_INFINITY, self.hi == f64::INFINITY) {
            (true, true) => String::new(),
            (false, true) => format!("{least} {}", self.lo),
            (true, false) => format!("at most {}", self.hi),
            (false, false) if self.open => format!("more than {}, at most {}", self.lo, self.hi),
            (false, false) => format!("{} to {}", self.lo, self.hi),
        }
    }
}

/// What is known of a parameter when it is read.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Meaning.
    pub doc: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Allowed range.
    pub bounds: Bounds,
    /// Source of the default.
    pub source: &'static str,
}

/// A type that can stand behind a TOML key.
pub trait Field: Sized {
    /// Reads a value; `None` (with a problem noted) if it cannot be used.
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self>;
    /// The value as TOML.
    fn write(&self) -> toml::Value;
    /// Adds what is known of this key (and of keys below it).
    fn meta(default: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        out.push(Meta {
            key: key.to_owned(),
            doc: about.doc.trim().to_owned(),
            unit: about.unit.to_owned(),
            default: default.write().to_string(),
            range: about.bounds.words(),
            source: about.source.to_owned(),
        });
    }
    /// Whether there is nothing to write.
    fn absent(&self) -> bool {
        false
    }
    /// Whether the key is a choice, replaced whole when a preset and a scenario both give it.
    fn is_choice() -> bool {
        false
    }
    /// Dotted keys (below and including `key`) that are choices.
    fn choices(key: &str, out: &mut Vec<String>) {
        if Self::is_choice() {
            out.push(key.to_owned());
        }
    }
}

/// Notes a problem at a node.
pub fn refuse(node: &Node, key: &str, message: String, help: Option<String>, problems: &mut Vec<Problem>) {
    problems.push(Problem { origin: Some(node.origin.clone()), key: key.to_owned(), message, help });
}

fn wrong_type(node: &Node, key: &str, want: &str, about: &About, problems: &mut Vec<Problem>) {
    let range = about.bounds.words();
    let allowed = [range.as_str(), about.unit].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(", ");
    let help = (!allowed.is_empty()).then(|| format!("allowed: {allowed}"));
    refuse(node, key, format!("expected {want}, got {}", node.value.kind()), help, problems);
}

fn in_range(v: f64, node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> bool {
    let ok = about.bounds.holds(v);
    if !ok {
        let unit = if about.unit.is_empty() { String::new() } else { format!(" ({})", about.unit) };
        let message = format!("{v} is out of range");
        refuse(node, key, message, Some(format!("allowed: {}{unit}", about.bounds.words())), problems);
    }
    ok
}

impl Field for f64 {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let v = match node.value {
            Value::Float(v) => v,
            Value::Integer(v) => v as f64,
            _ => {
                wrong_type(node, key, "a number", about, problems);
                return None;
            }
        };
        in_range(v, node, key, about, problems).then_some(v)
    }
    fn write(&self) -> toml::Value {
        toml::Value::Float(*self)
    }
}

macro_rules! whole_number {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
                let Value::Integer(v) = node.value else {
                    wrong_type(node, key, "a whole number", about, problems);
                    return None;
                };
                if !in_range(v as f64, node, key, about, problems) {
                    return None;
                }
                let read = <$t>::try_from(v).ok();
                if read.is_none() {
                    refuse(node, key, format!("{v} is out of range"), Some(format!("allowed: {} to {}", <$t>::MIN, <$t>::MAX)), problems);
                }
                read
            }
            #[allow(clippy::cast_possible_wrap, reason = "values come from i64")]
            fn write(&self) -> toml::Value {
                toml::Value::Integer(*self as i64)
            }
        }
    )*};
}
whole_number!(u8, u16, u32, u64, i64);

impl Field for bool {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Value::Bool(v) = node.value else {
            wrong_type(node, key, "true or false", about, problems);
            return None;
        };
        Some(v)
    }
    fn write(&self) -> toml::Value {
        toml::Value::Boolean(*self)
    }
}

impl Field for String {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Value::Text(v) = &node.value else {
            wrong_type(node, key, "text", about, problems);
            return None;
        };
        Some(v.clone())
    }
    fn write(&self) -> toml::Value {
        toml::Value::String(self.clone())
    }
}

/// Lists: the bounds hold for each item. One value without brackets counts as a list of one.
impl<T: Field> Field for Vec<T> {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return T::read(node, key, about, problems).map(|v| vec![v]);
        };
        let read: Vec<T> = items.iter().filter_map(|n| T::read(n, key, about, problems)).collect();
        (read.len() == items.len()).then_some(read)
    }
    fn write(&self) -> toml::Value {
        toml::Value::Array(self.iter().map(Field::write).collect())
    }
}

/// Optional keys: absent when not given.
impl<T: Field> Field for Option<T> {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        T::read(node, key, about, problems).map(Some)
    }
    fn write(&self) -> toml::Value {
        self.as_ref().map_or_else(|| toml::Value::String(String::new()), Field::write)
    }
    fn absent(&self) -> bool {
        self.is_none()
    }
    fn meta(default: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        let default = default.as_ref().map_or("(none)".to_owned(), |v| v.write().to_string());
        out.push(Meta {
            key: key.to_owned(),
            doc: about.doc.trim().to_owned(),
            unit: about.unit.to_owned(),
            default,
            range: about.bounds.words(),
            source: about.source.to_owned(),
        });
    }
}

/// The TOML key of a field: `box` for `r#box`.
pub fn key_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Refuses keys of `node` that are not in `known`.
pub fn refuse_unknown(node: &Node, key: &str, known: &[&str], problems: &mut Vec<Problem>) {
    for entry in node.entries().unwrap_or_default() {
        if !known.contains(&entry.key.as_str()) {
            problems.push(Problem {
                origin: Some(entry.key_origin.clone()),
                key: join(key, &entry.key),
                message: "unknown key".into(),
                help: suggest(&entry.key, known.iter().copied())
                    .or_else(|| Some(format!("known keys here: {}", known.join(", ")))),
            });
        }
    }
}

mod macros;
#[cfg(test)]
mod tests;
