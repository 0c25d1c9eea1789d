//! Checks of the listed columns and of what is publicly known of them.

use super::super::derived::Derived;
use super::super::fields::Code;
use super::super::map::{Direction, Feature, Transform};
use super::super::ranges::expand;
use super::{Check, Wanted};
use crate::document::suggest;
use crate::view::Column;
use std::collections::BTreeMap;

/// Most levels of one category: each is a column of a scorer's design.
const MOST_LEVELS: usize = 500;

const BOUNDS_HELP: &str = "public bounds, known before the data is opened; what lies outside is clamped and counted";

/// What a column and a derived column have in common.
pub(super) struct Shape<'a> {
    pub bounds: &'a [f64],
    pub transform: &'a Transform,
    pub steps: &'a [f64],
    pub knots: &'a [f64],
    pub trend: &'a Direction,
}

impl<'a> From<&'a Feature> for Shape<'a> {
    fn from(f: &'a Feature) -> Self {
        Self { bounds: &f.bounds, transform: &f.transform, steps: &f.steps, knots: &f.knots, trend: &f.trend }
    }
}

impl<'a> From<&'a Derived> for Shape<'a> {
    fn from(d: &'a Derived) -> Self {
        Self { bounds: &d.bounds, transform: &d.transform, steps: &d.steps, knots: &d.knots, trend: &d.trend }
    }
}

impl Check<'_> {
    pub(super) fn features(
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
                        let consent = asks.contains_key(&name);
                        out.insert(name.clone(), Wanted { name, consent, column, ..template.clone() });
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
        let (bounds, mut column) = if feature.levels.is_empty() {
            let (bounds, column) = self.shape(&feature.into(), at)?;
            let special: Vec<f32> = feature.special.iter().map(|s| feature.transform.apply(*s) as f32).collect();
            self.special(&feature.special, &special, &column, at);
            (bounds, column.with_special(&special))
        } else {
            self.levels(feature, at);
            let levels: Vec<&str> = feature.levels.iter().map(Code::text).collect();
            ([0.0, levels.len() as f64], Column::category("", &levels))
        };
        column.missing = !feature.missing.0.is_empty();
        if let Some(text) = feature.missing.0.iter().find(|m| feature.levels.contains(m)) {
            self.fault(&format!("{at}.missing"), format!("{:?} is a level as well", text.text()), None);
        }
        (self.faults.len() == before).then(|| Wanted {
            name: String::new(),
            consent: false,
            transform: feature.transform.clone(),
            bounds,
            special: feature.special.clone(),
            levels: feature.levels.clone(),
            absent: feature.missing.0.clone(),
            recipe: None,
            input_only: feature.input_only,
            column,
        })
    }

    /// Bounds and a nameless column with its break points, transformed.
    pub(super) fn shape(&mut self, shape: &Shape<'_>, at: &str) -> Option<([f64; 2], Column)> {
        let [lo, hi] = match shape.bounds[..] {
            [lo, hi] if lo < hi && [lo, hi].iter().all(|b| b.abs() < f64::from(f32::MAX)) => [lo, hi],
            _ => {
                let message = format!("{:?} is not [lowest, highest]", shape.bounds);
                self.fault(&format!("{at}.bounds"), message, Some(BOUNDS_HELP.into()));
                return None;
            }
        };
        for (key, points) in [("steps", shape.steps), ("knots", shape.knots)] {
            self.ascending(&format!("{at}.{key}"), points);
            // A step at or below the lowest value is always on, a knot there is the line itself.
            let useless = |p: f64| p <= lo || p > hi || (key == "knots" && p >= hi);
            if let Some(p) = points.iter().find(|p| useless(**p)) {
                self.fault(&format!("{at}.{key}"), format!("{p} separates nobody: the bounds are {lo} to {hi}"), None);
            }
        }
        let public = |x: f64| shape.transform.apply(x) as f32;
        let all = |points: &[f64]| points.iter().map(|p| public(*p)).collect::<Vec<f32>>();
        let column = Column::new("", public(lo), public(hi))
            .with_steps(&all(shape.steps))
            .with_knots(&all(shape.knots))
            .with_trend(shape.trend.trend());
        Some(([lo, hi], column))
    }

    fn special(&mut self, raw: &[f64], special: &[f32], column: &Column, at: &str) {
        let key = format!("{at}.special");
        for (i, (s, x)) in raw.iter().zip(special).enumerate() {
            if !x.is_finite() {
                self.fault(&key, format!("{s} is not a code"), None);
            } else if special[..i].contains(x) {
                self.fault(&key, format!("{s} is given twice"), None);
            } else if *x == column.lo || *x == column.hi {
                let help =
                    "bounds are of the quantity alone: a value that is clamped to this bound would pass for the code";
                self.fault(&key, format!("{s} is a bound as well"), Some(help.into()));
            }
        }
    }

    fn levels(&mut self, feature: &Feature, at: &str) {
        let levels = &feature.levels;
        if levels.len() > MOST_LEVELS {
            self.fault(&format!("{at}.levels"), format!("more than {MOST_LEVELS} levels"), None);
        }
        if let Some((_, twice)) = levels.iter().enumerate().find(|(i, l)| levels[..*i].contains(l)) {
            self.fault(&format!("{at}.levels"), format!("{:?} is given twice", twice.text()), None);
        }
        let given = [
            ("bounds", !feature.bounds.is_empty()),
            ("steps", !feature.steps.is_empty()),
            ("knots", !feature.knots.is_empty()),
            ("special", !feature.special.is_empty()),
            ("transform", feature.transform != Transform::Linear),
            ("trend", feature.trend != Direction::Auto),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let help = format!("a category has levels and no order: take out levels, or {key}");
            self.fault(&format!("{at}.{key}"), "does not go with levels", Some(help));
        }
    }
}
