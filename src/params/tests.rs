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
