//! `[sweep]`: which keys may be swept, and over what.

use super::{Scenario, show};
use crate::document::{Node, Problem, Value};
use crate::population::Source;
use std::collections::BTreeSet;

/// Most points of a sweep.
const MOST_POINTS: usize = 10_000;

const HELP: &str = "write \"consent.quality_correlation\" = [-0.2, 0.0, 0.2], the dotted key in quotes";

/// Takes `[sweep]` out of the document: quoted dotted keys, each with a list of values.
pub(super) fn take(user: &mut Node, problems: &mut Vec<Problem>) -> Vec<(String, Vec<Node>)> {
    let Value::Table(entries) = &mut user.value else { return Vec::new() };
    let Some(at) = entries.iter().position(|e| e.key == "sweep") else { return Vec::new() };
    let sweep = entries.remove(at);
    if sweep.node.entries().is_none() {
        problems.push(Problem {
            origin: Some(sweep.node.origin.clone()),
            key: "sweep".into(),
            message: format!("expected a table, got {}", sweep.node.value.kind()),
            help: Some(HELP.into()),
        });
    }
    let mut out = Vec::new();
    for entry in sweep.node.entries().unwrap_or_default() {
        match &entry.node.value {
            Value::List(values) if !values.is_empty() => out.push((entry.key.clone(), values.clone())),
            _ => problems.push(Problem {
                origin: Some(entry.node.origin.clone()),
                key: format!("sweep.{}", entry.key),
                message: "expected a list of values".into(),
                help: Some(HELP.into()),
            }),
        }
    }
    out
}

/// Whether every value is given once, and there are not too many points.
pub(super) fn check(sweep: &[(String, Vec<Node>)]) -> Result<(), Problem> {
    let mut points = 1usize;
    for (key, values) in sweep {
        let problem = |node: &Node, message: String| Problem {
            origin: Some(node.origin.clone()),
            key: format!("sweep.{key}"),
            message,
            help: None,
        };
        let mut seen = BTreeSet::new();
        if let Some(twice) = values.iter().find(|v| !seen.insert(show(v))) {
            return Err(problem(twice, format!("{} is given twice", show(twice))));
        }
        points = points.saturating_mul(values.len());
        if points > MOST_POINTS {
            return Err(problem(&values[0], format!("the sweep has more than {MOST_POINTS} points")));
        }
    }
    Ok(())
}

/// The first thing that a point changes though it holds for the whole run: reports and the table of histories are made
/// once, for all points.
pub(super) fn fixed(base: &Scenario, point: &Scenario, sweep: &[(String, Vec<Node>)]) -> Option<Problem> {
    let kinds = |s: &Scenario| -> Vec<_> {
        s.arm.iter().map(|a| (a.name.clone(), a.asks(), a.disclosure.word(), a.disclosure.delta() > 0.0)).collect()
    };
    let histories = match (&base.histories.source, &point.histories.source) {
        (Source::Synthetic(_), Source::Synthetic(_)) => false,
        (one, other) => one != other,
    };
    let changed = [
        ("name", base.name != point.name),
        ("question", base.question != point.question),
        ("preset", base.preset != point.preset),
        ("reference", base.reference != point.reference),
        ("replications", base.replications != point.replications),
        ("histories.source", histories),
        ("arm", kinds(base) != kinds(point)),
    ];
    let (what, _) = changed.into_iter().find(|(_, changed)| *changed)?;
    let touches =
        |key: &str| key == what || key.starts_with(&format!("{what}.")) || what.starts_with(&format!("{key}."));
    let (key, values) = sweep.iter().find(|(key, _)| touches(key)).or(sweep.first())?;
    let help = match what {
        "arm" => {
            "names, kinds of disclosure, whether a form is shown and whether δ is 0 are the same at every point: \
                  write another arm instead"
        }
        "histories.source" => "the kind of histories and the column map are the same at every point",
        _ => "it is the same at every point: make a scenario file for each value",
    };
    Some(Problem {
        origin: values.first().map(|v| v.origin.clone()),
        key: format!("sweep.{key}"),
        message: "cannot be swept".into(),
        help: Some(help.into()),
    })
}
