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

/// Declares a struct of parameters. Each field: doc, type, default, then either nothing (a nested table) or
/// unit, [`Bounds`] and source.
///
/// ```
/// pretick::params! {
///     /// The form.
///     pub struct Form {
///         /// Friction of moving the tick.
///         pub friction: f64 = 0.5, "log-odds", pretick::params::between(0.0, 1.0), "calibrated to fact 1";
///     }
/// }
/// assert_eq!(Form::default().friction, 0.5);
/// ```
#[macro_export]
macro_rules! params {
    ($(#[$meta:meta])* pub struct $name:ident {
        $( $(#[doc = $doc:literal])* pub $field:ident : $ty:ty = $default:expr
           $(, $unit:literal, $bounds:expr, $source:literal)? ; )*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $( $(#[doc = $doc])* pub $field: $ty, )* }

        impl Default for $name {
            fn default() -> Self { Self { $( $field: $default, )* } }
        }

        impl $name {
            #[allow(unused_mut, unused_assignments)]
            fn about(field: &str) -> $crate::params::About {
                let mut about = $crate::params::About { doc: "", unit: "", bounds: $crate::params::any(), source: "" };
                $( if field == stringify!($field) {
                    about.doc = concat!($($doc, "\n"),*);
                    $( about.unit = $unit; about.bounds = $bounds; about.source = $source; )?
                } )*
                about
            }
        }

        impl $crate::params::Field for $name {
            fn read(
                node: &$crate::document::Node, key: &str, _: &$crate::params::About,
                problems: &mut Vec<$crate::document::Problem>,
            ) -> Option<Self> {
                if node.entries().is_none() {
                    let message = format!("expected a table, got {}", node.value.kind());
                    $crate::params::refuse(node, key, message, None, problems);
                    return None;
                }
                $crate::params::refuse_unknown(node, key, &[$(stringify!($field)),*], problems);
                let mut value = Self::default();
                $( if let Some(n) = node.get(stringify!($field)) {
                    let path = $crate::document::join(key, stringify!($field));
                    if let Some(v) = $crate::params::Field::read(n, &path, &Self::about(stringify!($field)), problems) {
                        value.$field = v;
                    }
                } )*
                Some(value)
            }
            fn write(&self) -> toml::Value {
                let mut table = toml::Table::new();
                $( table.insert(stringify!($field).into(), $crate::params::Field::write(&self.$field)); )*
                toml::Value::Table(table)
            }
            fn meta(default: &Self, key: &str, _: &$crate::params::About, out: &mut Vec<$crate::params::Meta>) {
                $( $crate::params::Field::meta(
                    &default.$field, &$crate::document::join(key, stringify!($field)), &Self::about(stringify!($field)), out,
                ); )*
            }
            fn choices(key: &str, out: &mut Vec<String>) {
                $( <$ty as $crate::params::Field>::choices(&$crate::document::join(key, stringify!($field)), out); )*
            }
        }
    };
}

/// Declares a closed set chosen in TOML: `"word"` for a variant without parameters, `{ word = value }` with.
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident {
        $( $(#[doc = $doc:literal])* $variant:ident $(($ty:ty = $default:expr $(, $unit:literal, $bounds:expr, $source:literal)?))? => $word:literal, )*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $( $(#[doc = $doc])* $variant $(($ty))?, )* }

        impl $name {
            /// The words that choose a variant.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            fn about(word: &str) -> $crate::params::About {
                #[allow(unused_mut)]
                let mut about = $crate::params::About { doc: "", unit: "", bounds: $crate::params::any(), source: "" };
                $( if word == $word {
                    about.doc = concat!($($doc, "\n"),*);
                    $( $( about.unit = $unit; about.bounds = $bounds; about.source = $source; )? )?
                } )*
                about
            }

            /// The word of this variant.
            pub fn word(&self) -> &'static str {
                match self { $( $crate::choice!(@pattern $variant $(($ty))?) => $word, )* }
            }
        }

        impl $crate::params::Field for $name {
            fn read(
                node: &$crate::document::Node, key: &str, _: &$crate::params::About,
                problems: &mut Vec<$crate::document::Problem>,
            ) -> Option<Self> {
                use $crate::document::Value;
                let (word, below) = match &node.value {
                    Value::Text(word) => (word.as_str(), None),
                    Value::Table(entries) if entries.len() == 1 => (entries[0].key.as_str(), Some(&entries[0].node)),
                    _ => {
                        let message = format!("expected one of {}", Self::WORDS.join(", "));
                        $crate::params::refuse(node, key, message, None, problems);
                        return None;
                    }
                };
                $( if word == $word {
                    return $crate::choice!(@read $variant $(($ty = $default))?, below, $word, node, key, problems);
                } )*
                $crate::params::refuse(
                    node, key, format!("`{word}` is not one of {}", Self::WORDS.join(", ")),
                    $crate::document::suggest(word, Self::WORDS.iter().copied()), problems,
                );
                None
            }
            fn write(&self) -> toml::Value {
                match self { $( $crate::choice!(@pattern_v $variant $(($ty))? v) =>
                    $crate::choice!(@write $word $(($ty))? v), )* }
            }
            fn meta(default: &Self, key: &str, about: &$crate::params::About, out: &mut Vec<$crate::params::Meta>) {
                let mut doc = about.doc.trim().to_owned();
                for word in Self::WORDS {
                    let text = Self::about(word).doc.trim().to_owned();
                    doc.push_str(&format!("\n  {word}: {text}"));
                }
                out.push($crate::params::Meta {
                    key: key.to_owned(), doc, unit: about.unit.to_owned(),
                    default: $crate::params::Field::write(default).to_string(),
                    range: format!("one of {}", Self::WORDS.join(", ")), source: about.source.to_owned(),
                });
                $( $crate::choice!(@meta $(($ty = $default))?, $word, key, out); )*
            }
            fn is_choice() -> bool { true }
        }
    };
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident ($ty:ty)) => { Self::$variant(_) };
    (@pattern_v $variant:ident $v:ident) => { Self::$variant };
    (@pattern_v $variant:ident ($ty:ty) $v:ident) => { Self::$variant($v) };
    (@write $word:literal $v:ident) => { toml::Value::String($word.into()) };
    (@write $word:literal ($ty:ty) $v:ident) => {{
        let mut table = toml::Table::new();
        table.insert($word.into(), $crate::params::Field::write($v));
        toml::Value::Table(table)
    }};
    (@read $variant:ident, $below:ident, $word:literal, $node:ident, $key:ident, $problems:ident) => {{
        if $below.is_some_and(|n| n.entries().is_none_or(|e| !e.is_empty())) {
            $crate::params::refuse($node, $key, format!("`{}` takes no parameters", $word), None, $problems);
            return None;
        }
        Some(Self::$variant)
    }};
    (@read $variant:ident ($ty:ty = $default:expr), $below:ident, $word:literal, $node:ident, $key:ident, $problems:ident) => {
        match $below {
            Some(n) => <$ty as $crate::params::Field>::read(
                n, &$crate::document::join($key, $word), &Self::about($word), $problems).map(Self::$variant),
            None => Some(Self::$variant($default)),
        }
    };
    (@meta, $word:literal, $key:ident, $out:ident) => {};
    (@meta ($ty:ty = $default:expr), $word:literal, $key:ident, $out:ident) => {{
        let default: $ty = $default;
        <$ty as $crate::params::Field>::meta(&default, &$crate::document::join($key, $word), &Self::about($word), $out);
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::render;

    crate::params! {
        /// A test table.
        pub struct Inner {
            /// A share.
            pub share: f64 = 0.25, "share", between(0.0, 1.0), "assumed";
            /// A count.
            pub count: u32 = 3, "persons", above(0.0, 100.0), "assumed";
        }
    }
    crate::choice! {
        /// A test choice.
        pub enum Cut {
            /// No cut.
            Nothing => "nothing",
            /// A rate.
            Rate(f64 = 0.6, "share", above(0.0, 1.0), "assumed") => "rate",
            /// A table.
            Deep(Inner = Inner::default()) => "deep",
        }
    }
    crate::params! {
        /// An outer table.
        pub struct Outer {
            /// Nested.
            pub inner: Inner = Inner::default();
            /// The cut.
            pub cut: Cut = Cut::Rate(0.6), "", any(), "assumed";
        }
    }

    const NONE: About = About { doc: "", unit: "", bounds: any(), source: "" };

    fn read(text: &str) -> (Option<Outer>, String) {
        let mut problems = Vec::new();
        let outer = Outer::read(&Node::parse("t.toml", text).unwrap(), "", &NONE, &mut problems);
        (outer, render(&problems))
    }

    #[test]
    fn reads_nested_tables_and_choices() {
        let (outer, errors) = read("cut = { deep = { count = 7 } }\n[inner]\nshare = 1\n");
        assert_eq!(errors, "");
        let outer = outer.unwrap();
        assert_eq!(outer.inner.share, 1.0);
        assert_eq!(outer.cut, Cut::Deep(Inner { count: 7, share: 0.25 }));
        assert_eq!(read("cut = 'nothing'").0.unwrap().cut, Cut::Nothing);
        assert_eq!(read("cut = 'rate'").0.unwrap().cut, Cut::Rate(0.6));
    }

    #[test]
    fn reports_all_problems_at_their_places() {
        let (_, errors) = read("cut = { rate = 1.5 }\n[inner]\nshre = 1\ncount = 'many'\n");
        insta::assert_snapshot!(errors, @r"
        t.toml:3:1: `inner.shre`: unknown key
          |
        3 | shre = 1
          | ^^^^
          = help: did you mean `share`?

        t.toml:4:9: `inner.count`: expected a whole number, got text
          |
        4 | count = 'many'
          |         ^^^^^^
          = help: allowed: more than 0, at most 100, persons

        t.toml:1:16: `cut.rate`: 1.5 is out of range
          |
        1 | cut = { rate = 1.5 }
          |                ^^^
          = help: allowed: more than 0, at most 1 (share)
        ");
    }

    #[test]
    fn what_is_written_reads_back() {
        let (outer, _) = read("cut = { deep = { count = 7 } }");
        let outer = outer.unwrap();
        let text = toml::to_string(&outer.write()).unwrap();
        assert_eq!(read(&text).0.unwrap(), outer);
    }

    #[test]
    fn every_parameter_is_explained() {
        let mut out = Vec::new();
        Outer::meta(&Outer::default(), "", &NONE, &mut out);
        let keys: Vec<&str> = out.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(keys, ["inner.share", "inner.count", "cut", "cut.rate", "cut.deep.share", "cut.deep.count"]);
    }
}
