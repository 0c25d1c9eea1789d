//! Which parameters keep the target AUCs out of reach, and how far they may go.
//!
//! Each parameter that differs from the preset is put back alone: where the targets then come into reach, it is named, with the
//! values between the preset's and the given one that reach them, found by halving.

use crate::document::{Problem, join};
use crate::error::Error;
use crate::params::Field;
use crate::scenario::{Loaded, Scenario};
use toml::Value;

/// Sections that calibration reads.
const READ: [&str; 4] = ["population", "histories", "outcome", "applicants"];
/// Keys below them that it does not: it has as many persons as it needs.
const NOT_READ: [&str; 1] = ["population.persons"];
/// Halvings of the way from the preset's value to the given one: to a sixteenth.
const HALVINGS: u32 = 4;

/// Whether a scenario's targets are in reach.
pub(super) type Reaches<'a> = &'a dyn Fn(&Scenario) -> bool;

/// The error of a scenario whose targets were missed, with the nearest AUCs.
pub(super) fn out_of_reach(scenario: &Scenario, target: [f64; 3], nearest: [f64; 3], reaches: Reaches<'_>) -> Error {
    let text = |aucs: [f64; 3]| format!("bureau {:.3}, platform {:.3}, both {:.3}", aucs[0], aucs[1], aucs[2]);
    let defined = nearest.iter().all(|v| v.is_finite());
    let pool = scenario.histories.calibrate.pool.word();
    let (missed, remedy) = if defined {
        let [bureau, platform, both] = nearest.map(|v| (v.clamp(0.5, 0.99) * 1e3).round() / 1e3);
        let both = both.max(bureau).max(platform);
        (
            format!("no loadings reach the target AUCs {}; the nearest are {}", text(target), text(nearest)),
            format!(
                "histories.calibrate.auc = {{ bureau = {bureau}, platform = {platform}, both = {both} }} is in reach"
            ),
        )
    } else {
        (
            format!("the target AUCs {} belong to the pool `{pool}`, and hardly anybody is in it", text(target)),
            "histories.calibrate.pool says whose AUCs they are".to_owned(),
        )
    };
    let mut problems: Vec<Problem> = culprits(scenario, reaches)
        .into_iter()
        .map(|c| Problem {
            origin: None,
            message: format!("with {} {missed}", c.given),
            help: Some(format!("allowed here: {}, all else as it is; or: {remedy}", c.allowed)),
            key: c.key,
        })
        .collect();
    if problems.is_empty() {
        let key = if defined { "histories.calibrate.auc" } else { "histories.calibrate.pool" };
        problems.push(Problem {
            origin: None,
            key: key.into(),
            message: missed,
            help: Some(format!("no single parameter that is put back to its default changes this; {remedy}")),
        });
    }
    Error::Scenario(problems)
}

/// A parameter that, put back alone, brings the targets into reach.
struct Culprit {
    key: String,
    given: String,
    allowed: String,
}

fn culprits(scenario: &Scenario, reaches: Reaches<'_>) -> Vec<Culprit> {
    let (given, usual) = (parts(scenario), usual(scenario));
    let mut keys = Vec::new();
    for section in READ {
        if let (Some(a), Some(b)) = (given.get(section), usual.get(section)) {
            differing(a, b, section, &mut keys);
        }
    }
    let mut found: Vec<Culprit> = Vec::new();
    for key in keys.iter().filter(|k| !NOT_READ.contains(&k.as_str())) {
        // Shares that must sum to 1 are put back together.
        let candidates = [Some(key.as_str()), key.rsplit_once('.').map(|(table, _)| table)];
        for key in candidates.into_iter().flatten() {
            let Some(value) = at(&usual, key) else { break };
            let Some(changed) = with(&given, key, value) else { continue };
            if reaches(&changed) && found.iter().all(|c| c.key != key) {
                found.extend(culprit(&given, key, value, reaches));
            }
            break;
        }
    }
    found
}

fn culprit(given: &Value, key: &str, usual: &Value, reaches: Reaches<'_>) -> Option<Culprit> {
    let wrong = at(given, key)?;
    let allowed = match (number(usual), number(wrong)) {
        (Some(good), Some(bad)) => range(given, key, (good, bad), usual.is_integer(), reaches),
        _ => format!("{} (the default)", short(usual)),
    };
    Some(Culprit { key: key.to_owned(), given: short(wrong), allowed })
}

/// The values from the good one towards the bad one that reach the targets, in words.
fn range(given: &Value, key: &str, (good, bad): (f64, f64), whole: bool, reaches: Reaches<'_>) -> String {
    let value = |v: f64| if whole { Value::Integer(libm::round(v) as i64) } else { Value::Float(v) };
    let (mut inside, mut outside) = (good, bad);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (inside + outside);
        if with(given, key, &value(middle)).is_some_and(|s| reaches(&s)) { inside = middle } else { outside = middle }
    }
    let end = if whole { libm::round(inside) } else { towards(inside, good) };
    let default = format!("{good} (the default)");
    match end.total_cmp(&good) {
        std::cmp::Ordering::Less => format!("about {end} to {default}"),
        std::cmp::Ordering::Equal => format!("near {default}"),
        std::cmp::Ordering::Greater => format!("{default} to about {end}"),
    }
}

/// `v` with two or three digits, rounded towards `good`.
fn towards(v: f64, good: f64) -> f64 {
    let size = (v - good).abs().max(v.abs());
    if size == 0.0 {
        return v;
    }
    let scale = libm::pow(10.0, 2.0 - libm::floor(libm::log10(size)));
    (if v > good { libm::floor(v * scale) } else { libm::ceil(v * scale) }) / scale
}

/// What calibration reads of a scenario, as TOML.
fn parts(scenario: &Scenario) -> Value {
    let mut all = scenario.write();
    if let Value::Table(table) = &mut all {
        table.retain(|key, _| key == "preset" || READ.contains(&key));
    }
    all
}

/// The scenario of such parts; `None` if it is none.
fn read(parts: &Value) -> Option<Scenario> {
    let text = format!("{}\n[[arm]]\nname = \"bureau-only\"\ndisclosure = \"none\"\n", toml::to_string(parts).ok()?);
    Loaded::from_toml("parts", &text, &[]).ok().map(|l| l.scenario)
}

/// The same parts of the preset alone.
fn usual(scenario: &Scenario) -> Value {
    let text = format!("preset = {:?}", scenario.preset);
    Loaded::from_toml("preset", &text, &[]).map_or(Value::Table(toml::Table::new()), |l| parts(&l.scenario))
}

/// Keys of values that differ, the deepest.
fn differing(given: &Value, usual: &Value, path: &str, out: &mut Vec<String>) {
    match (given, usual) {
        (Value::Table(a), Value::Table(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => differing(value, other, &join(path, key), out),
                    None => out.push(path.to_owned()),
                }
            }
        }
        _ if given != usual => out.push(path.to_owned()),
        _ => {}
    }
}

fn at<'v>(tree: &'v Value, key: &str) -> Option<&'v Value> {
    key.split('.').try_fold(tree, |node, part| node.get(part))
}

/// The scenario of `parts` with another value of one key; `None` if that is no scenario.
fn with(parts: &Value, key: &str, value: &Value) -> Option<Scenario> {
    let mut parts = parts.clone();
    let mut node = &mut parts;
    for part in key.split('.') {
        node = node.get_mut(part)?;
    }
    *node = value.clone();
    read(&parts)
}

fn number(v: &Value) -> Option<f64> {
    v.as_float().or_else(|| v.as_integer().map(|i| i as f64))
}

/// A value in a sentence.
fn short(v: &Value) -> String {
    match v {
        Value::String(text) => format!("`{text}`"),
        Value::Table(table) => {
            let parts: Vec<String> = table.iter().map(|(k, v)| format!("{k} = {}", short(v))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
        other => number(other).map_or_else(|| other.to_string(), |n| n.to_string()),
    }
}
