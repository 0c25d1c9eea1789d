//! What no single value shows: values that contradict each other.

use super::{Arm, Scenario};
use crate::consent::Form;
use crate::disclosure::Disclosure;
use crate::document::{Node, Origin, Problem, Value, suggest};
use crate::error::{Error, Result};
use crate::lending::ScorerChoice;
use crate::population::intercept::reachable;
use crate::population::{Loadings, Source, SyntheticParams};
use std::collections::{BTreeMap, BTreeSet};

/// Most arms of a comparison.
const MOST_ARMS: usize = 200;
/// Longest name of a scenario or an arm, in characters.
const LONGEST_NAME: usize = 80;

/// By how much shares may miss their sum of 1.
const SLACK: f64 = 1e-6;
/// Fewest defaults to be expected in each half: with fewer, hardly a replication could learn and be tested.
const FEWEST_DEFAULTS: f64 = 1.0;

/// Notes every contradiction.
pub(super) fn check(s: &Scenario, document: &Node, problems: &mut Vec<Problem>) {
    let before = problems.len();
    let mut refuse = |path: &str, message: String, help: Option<String>| {
        problems.push(Problem { origin: place(document, path), key: path.to_owned(), message, help });
    };
    if !names_a_folder(&s.name) {
        let help =
            "it names the run's folder: letters, digits, dashes, dots and spaces, beginning with a letter or a digit";
        refuse("name", format!("{:?} cannot name a scenario", s.name), Some(help.into()));
    }
    let file = &s.population.file;
    let total = file.none + file.thin + file.thick;
    if (total - 1.0).abs() > SLACK {
        refuse("population.file", format!("the shares sum to {}, they must sum to 1", rounded(total)), None);
    }
    let c = &s.population.correlation;
    if c.community + c.district >= 1.0 {
        let message = format!("community {} and district {} leave nothing for the person", c.community, c.district);
        refuse("population.correlation", message, Some("their sum must be below 1".into()));
    }
    let seg = &s.consent.segments;
    let total = seg.fundamentalist + seg.pragmatist + seg.unconcerned;
    if (total - 1.0).abs() > SLACK {
        let message = format!("the shares sum to {}, they must sum to 1", rounded(total));
        let help = format!(
            "fundamentalist {}, pragmatist {}, unconcerned {}: those that are not given keep their default",
            seg.fundamentalist, seg.pragmatist, seg.unconcerned
        );
        refuse("consent.segments", message, Some(help));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = s.lender.cutoff_sweep.iter().find(|c| !seen.insert(c.to_bits())) {
        refuse("lender.cutoff_sweep", format!("{twice} is given twice"), None);
    }
    if matches!(s.histories.source, Source::Table(_)) && s.applicants.rate < 1.0 {
        let message = "the persons of a table have all applied: the rate must be 1".to_owned();
        refuse("applicants.rate", message, None);
    }
    if s.lender.scorer == ScorerChoice::Command && s.lender.command.program.trim().is_empty() {
        let help = "for example program = \"python3\", args = [\"examples/sklearn_scorer.py\"]";
        refuse("lender.command.program", "lender.scorer = \"command\" needs a program".into(), Some(help.into()));
    }
    if s.lender.scorer == ScorerChoice::Onnx && s.lender.onnx.path.trim().is_empty() {
        let help = "for example path = \"model.onnx\"";
        refuse("lender.onnx.path", "lender.scorer = \"onnx\" needs a model".into(), Some(help.into()));
    }
    let columns = s.histories.platform_columns();
    for (key, name) in s.attack.columns() {
        if !name.is_empty() && !columns.contains(name) {
            let help = suggest(name, columns.iter().map(String::as_str))
                .unwrap_or_else(|| format!("columns that need consent: {}", columns.join(", ")));
            refuse(key, format!("there is no column `{name}`"), Some(help));
        }
    }
    let names: Vec<&str> = s.arm.iter().map(|a| a.name.as_str()).collect();
    if names.is_empty() {
        refuse("arm", "there are no arms to compare".into(), None);
    } else if names.len() > MOST_ARMS {
        refuse("arm", format!("there are {} arms, allowed: at most {MOST_ARMS}", names.len()), None);
        return;
    } else if !names.contains(&s.reference.as_str()) {
        let help = suggest(&s.reference, names.iter().copied());
        refuse("reference", format!("there is no arm `{}`; the arms are {}", s.reference, names.join(", ")), help);
    }
    arms(s, document, problems);
    if problems.len() == before {
        // The simulator's own conditions.
        located(s.population.check(), document, problems);
        if let Source::Synthetic(synthetic) = &s.histories.source {
            located(synthetic.bureau.check(), document, problems);
            out_of_reach(s, synthetic, document, problems);
        }
    }
}

/// Targets that contradict each other or the simulator's rates, whatever the loadings are; what only a search can tell is found
/// by calibration.
fn out_of_reach(s: &Scenario, synthetic: &SyntheticParams, document: &Node, problems: &mut Vec<Problem>) {
    let mut refuse = |problem: Problem| problems.push(Problem { origin: place(document, &problem.key), ..problem });
    let auc = &s.histories.calibrate.auc;
    let one = auc.bureau.max(auc.platform);
    if auc.both < one {
        refuse(Problem {
            origin: None,
            key: "histories.calibrate.auc.both".into(),
            message: format!(
                "{} is below {one}, the target of one kind of columns: both together tell at least as much",
                auc.both
            ),
            help: Some(format!(
                "allowed: {one} to 0.99; or a lower target for bureau ({}) or platform ({})",
                auc.bureau, auc.platform
            )),
        });
    }
    // The published rates reach every share that is likely to be asked for: no need to compute it each time.
    let usual = SyntheticParams::default();
    let changed = (&synthetic.bureau, &synthetic.liquidity) != (&usual.bureau, &usual.liquidity);
    if changed && let Some(problem) = delinquency_out_of_reach(synthetic, Loadings::default().bureau) {
        refuse(problem);
    }
}

/// Why no hazard of entry brings as many thick files to 90+ days past due as the scenario asks for, with a bureau loading.
pub(crate) fn delinquency_out_of_reach(synthetic: &SyntheticParams, loading: f64) -> Option<Problem> {
    let bureau = &synthetic.bureau;
    let range = reachable(bureau, &synthetic.liquidity, loading);
    if range.contains(&bureau.ever_90_in_24_months) {
        return None;
    }
    let allowed = format!("{:.2e} to {:.3}", range.start(), range.end());
    Some(Problem {
        origin: None,
        key: "histories.source.synthetic.bureau.ever_90_in_24_months".into(),
        message: format!(
            "{} is out of reach, however often people fall behind: of those who are 30 days late {} % roll on to 60, of these {} % to 90",
            bureau.ever_90_in_24_months,
            rounded(100.0 * bureau.roll_60),
            rounded(100.0 * bureau.roll_90)
        ),
        help: Some(format!(
            "allowed with these rates: {allowed} (share of thick files); or other values of roll_60, roll_90, cure_30 and cure_60"
        )),
    })
}

/// A sum of shares without what binary fractions leave behind.
fn rounded(sum: f64) -> f64 {
    (sum * 1e9).round() / 1e9
}

/// What keeps a scenario, which is sound otherwise, from being run: nobody can be expected to default in the half that is learnt
/// from and in the one that is tested. (A few persons can still be generated.)
pub(super) fn too_few_persons(s: &Scenario, document: &Node) -> Option<Problem> {
    if matches!(s.histories.source, Source::Table(_)) {
        return None;
    }
    let rate = s.applicants.rate * s.outcome.base_default_rate;
    let expected = 0.5 * s.population.persons as f64 * rate;
    if expected >= FEWEST_DEFAULTS {
        return None;
    }
    let message = format!(
        "{} persons, of whom {} % apply and {} % would default, give {} defaults in each half: too few to learn from",
        s.population.persons,
        rounded(100.0 * s.applicants.rate),
        rounded(100.0 * s.outcome.base_default_rate),
        (100.0 * expected).round() / 100.0
    );
    let help = if rate > 0.0 {
        format!("at least {} persons are needed for one", (2.0 * FEWEST_DEFAULTS / rate).ceil())
    } else {
        "nobody can default at this rate".to_owned()
    };
    let key = "population.persons".to_owned();
    Some(Problem { origin: place(document, &key), key, message, help: Some(help) })
}

/// Where the deepest part of a dotted key that is written stands.
fn place(document: &Node, path: &str) -> Option<Origin> {
    let mut node = document;
    for part in path.split('.') {
        match node.get(part) {
            Some(below) => node = below,
            None => break,
        }
    }
    (!std::ptr::eq(node, document)).then(|| node.origin.clone())
}

/// The error with a place for each of its problems that has none and whose key is written in the document.
pub(super) fn located_in(document: &Node, error: Error) -> Error {
    let Error::Scenario(mut problems) = error else { return error };
    for p in problems.iter_mut().filter(|p| p.origin.is_none()) {
        p.origin = place(document, &p.key);
    }
    Error::Scenario(problems)
}

/// An error whose message begins with its key.
fn located(result: Result<()>, document: &Node, problems: &mut Vec<Problem>) {
    if let Err(e) = result {
        let text = e.to_string();
        let (key, message) = text.split_once(": ").unwrap_or(("", &text));
        let (key, message) = (key.to_owned(), message.to_owned());
        problems.push(Problem { origin: place(document, &key), key, message, help: None });
    }
}

fn names_a_folder(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME
        && name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c))
        && !name.ends_with([' ', '.'])
}

fn names_an_arm(name: &str) -> bool {
    // A first letter or digit: a spreadsheet computes what begins with a sign.
    name.chars().count() <= LONGEST_NAME
        && name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
}

fn arms(s: &Scenario, document: &Node, problems: &mut Vec<Problem>) {
    let nodes = match document.get("arm").map(|n| &n.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let columns = s.histories.platform_columns();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (i, arm) in s.arm.iter().enumerate() {
        let mut refuse = |key: &str, message: String, help: &str| {
            // The deepest part that is written.
            let origin = nodes.get(i).map(|n| place(n, key).unwrap_or_else(|| n.origin.clone()));
            let help = (!help.is_empty()).then(|| help.to_owned());
            problems.push(Problem { origin, key: format!("arm.{}.{key}", arm.name), message, help });
        };
        if !names_an_arm(&arm.name) {
            refuse(
                "name",
                format!("{:?} cannot name an arm", arm.name),
                "letters, digits and dashes, beginning with a letter or a digit",
            );
        }
        for name in arm.names_in_results() {
            match taken.insert(name.clone(), &arm.name) {
                None => continue,
                Some(other) if other == arm.name => {
                    refuse("name", format!("`{name}` names two arms"), "give each arm a name of its own");
                }
                Some(other) => {
                    let message = format!("in the results this arm and `{other}` would both be called `{name}`");
                    refuse("name", message, "give the arm another name");
                }
            }
            break;
        }
        match (&arm.disclosure, &arm.form) {
            (Disclosure::Raw, Form::Nobody) => refuse(
                "form",
                "raw histories are shared but nobody is asked".into(),
                "give a form, or form = \"mandatory\"",
            ),
            (Disclosure::Raw | Disclosure::Nothing, _) | (_, Form::Nobody) => {}
            (_, _) => refuse(
                "form",
                "this disclosure works on all users and asks nobody".into(),
                "leave `form` out; whether a law allows it is the analyst's question",
            ),
        }
        disclosure(arm, &columns, &mut refuse);
    }
}

fn disclosure(arm: &Arm, columns: &[String], refuse: &mut dyn FnMut(&str, String, &str)) {
    let below = |key: &str| format!("disclosure.{}.{key}", arm.disclosure.word());
    let epsilons = arm.disclosure.epsilons();
    if epsilons.is_empty() {
        refuse("disclosure", "the list of ε is empty".into(), "for example epsilon = [0.5, 1, 2]");
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = epsilons.iter().flatten().find(|e| !seen.insert(e.to_bits())) {
        refuse(&below("epsilon"), format!("{twice} is given twice"), "a value of ε is one point of the comparison");
    }
    let mut seen = BTreeSet::new();
    for name in arm.disclosure.features() {
        if !columns.contains(name) {
            let help = suggest(name, columns.iter().map(String::as_str))
                .unwrap_or_else(|| format!("columns that need consent: {}", columns.join(", ")));
            refuse(&below("features"), format!("there is no column `{name}`"), &help);
        } else if !seen.insert(name) {
            refuse(&below("features"), format!("`{name}` is given twice"), "each feature costs privacy: give it once");
        }
    }
}
