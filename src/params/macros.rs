//! The two macros: [`params!`](crate::params!) and [`choice!`](crate::choice!).

/// Declares a struct of parameters. Each field: doc, type, default, then either nothing (a nested table) or
/// unit, [`Bounds`](crate::params::Bounds) and source.
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
                $( if field == $crate::params::key_name(stringify!($field)) {
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
                $crate::params::refuse_unknown(node, key, &[$($crate::params::key_name(stringify!($field))),*], problems);
                let mut value = Self::default();
                $( if let Some(n) = node.get($crate::params::key_name(stringify!($field))) {
                    let path = $crate::document::join(key, $crate::params::key_name(stringify!($field)));
                    if let Some(v) = $crate::params::Field::read(n, &path, &Self::about($crate::params::key_name(stringify!($field))), problems) {
                        value.$field = v;
                    }
                } )*
                Some(value)
            }
            fn write(&self) -> toml::Value {
                let mut table = toml::Table::new();
                $( if !$crate::params::Field::absent(&self.$field) {
                    table.insert($crate::params::key_name(stringify!($field)).into(), $crate::params::Field::write(&self.$field));
                } )*
                toml::Value::Table(table)
            }
            fn meta(default: &Self, key: &str, _: &$crate::params::About, out: &mut Vec<$crate::params::Meta>) {
                $( $crate::params::Field::meta(
                    &default.$field, &$crate::document::join(key, $crate::params::key_name(stringify!($field))), &Self::about($crate::params::key_name(stringify!($field))), out,
                ); )*
            }
            fn choices(key: &str, out: &mut Vec<String>) {
                $( <$ty as $crate::params::Field>::choices(&$crate::document::join(key, $crate::params::key_name(stringify!($field))), out); )*
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
        #[allow(clippy::large_enum_variant, reason = "one of a kind in a scenario")]
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
            #[allow(dead_code, reason = "private choices may not need it")]
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
                    Value::Table(entries) if entries.len() > 1 => {
                        let given: Vec<&str> = entries.iter().map(|e| e.key.as_str()).collect();
                        let message = format!("{} are given, only one can be chosen", given.join(" and "));
                        let help = format!("one of {}", Self::WORDS.join(", "));
                        $crate::params::refuse(&entries[1].node, key, message, Some(help), problems);
                        return None;
                    }
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
