//! TOML → checked [`Scenario`]. One door in ([`Loaded::from_toml`]); unknown keys are refused; every error has file, line,
//! column, key, value, allowed range and, where one is close, a suggestion.
//!
//! Layers, each overriding the one before: defaults in the modules, the preset, the scenario file, `--set`, a sweep point.

mod arm;
mod check;
mod sweep;

pub use arm::{Arm, WITHOUT_OWN};
pub(crate) use check::delinquency_out_of_reach;

use crate::attack::AttackParams;
use crate::consent::ConsentParams;
use crate::document::{Node, Problem, Value};
use crate::error::{Error, Result};
use crate::lending::LenderParams;
use crate::params::{About, Field, Meta, above, any, between};
use crate::population::{ApplicantsParams, HistoriesParams, OutcomeParams, PopulationParams};

crate::params! {
    /// Everything a run is made of.
    pub struct Scenario {
        /// The question that the scenario answers, in one sentence.
        pub question: String = String::new(), "", any(), "the scenario's author";
        /// Short name; names the run's folder.
        pub name: String = "scenario".into(), "", any(), "the scenario's author";
        /// Numbers of a country and year that the rest overrides: china-2018 or us-2020.
        pub preset: String = "china-2018".into(), "", any(), "the scenario's author";
        /// Seed of all draws.
        pub seed: u64 = 20_180_103, "", between(0.0, 9.007_199_254_740_992e15), "the day of the 2018 apology";
        /// Independent populations (or fresh splits of a table).
        pub replications: u32 = 20, "replications", above(0.0, 100_000.0), "assumed: intervals from 19 degrees of freedom";
        /// Arm to which paired differences are taken.
        pub reference: String = "bureau-only".into(), "", any(), "the scenario's choice";
        /// People.
        pub population: PopulationParams = PopulationParams::default();
        /// Payment histories.
        pub histories: HistoriesParams = HistoriesParams::default();
        /// What happens to a loan.
        pub outcome: OutcomeParams = OutcomeParams::default();
        /// Who asks for a loan.
        pub applicants: ApplicantsParams = ApplicantsParams::default();
        /// Attitudes.
        pub consent: ConsentParams = ConsentParams::default();
        /// The lender.
        pub lender: LenderParams = LenderParams::default();
        /// Attacks: what each arm lets others learn of persons.
        pub attack: AttackParams = AttackParams::default();
        /// The arms that are compared.
        pub arm: Vec<Arm> = Vec::new(), "", any(), "the nine arms of a comparison";
    }
}

/// Words of the presets.
pub const PRESETS: [&str; 2] = ["china-2018", "us-2020"];

const NO_INFO: About = About { doc: "", unit: "", bounds: any(), source: "" };

fn preset_text(name: &str) -> Option<&'static str> {
    match name {
        "china-2018" => Some(include_str!("presets/china-2018.toml")),
        "us-2020" => Some(include_str!("presets/us-2020.toml")),
        _ => None,
    }
}

/// A scenario with the document it came from, so that sweep points can be laid over it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The checked scenario.
    pub scenario: Scenario,
    /// The text of the scenario file.
    pub text: String,
    /// Sweep keys with their values, in the order of the file.
    pub sweep: Vec<(String, Vec<Node>)>,
    document: Node,
}

/// One point of the sweep.
#[derive(Clone, Debug)]
pub struct Point {
    /// Values of the sweep keys as TOML text.
    pub values: Vec<String>,
    /// The scenario at this point.
    pub scenario: Scenario,
    document: Node,
}

impl Point {
    /// The error with the places of its keys, for problems that were found without the document.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        check::located_in(&self.document, error)
    }
}

impl Loaded {
    /// Reads a scenario. `name` is the file name for errors; `overrides` are `--set` assignments and flags, in order.
    pub fn from_toml(name: &str, text: &str, overrides: &[(String, Node)]) -> Result<Self> {
        let mut user = Node::parse(name, text).map_err(Error::Scenario)?;
        let mut problems = Vec::new();
        let sweep = sweep::take(&mut user, &mut problems);
        let wanted = overrides.iter().rev().find(|(k, _)| k == "preset").map(|(_, n)| n).or_else(|| user.get("preset"));
        let preset = match wanted.map(|n| (&n.value, n)) {
            Some((Value::Text(word), node)) => {
                let found = preset_text(word).map(|text| (word.clone(), text));
                if found.is_none() {
                    problems.push(Problem {
                        origin: Some(node.origin.clone()),
                        key: "preset".into(),
                        message: format!("there is no preset `{word}`; the presets are {}", PRESETS.join(", ")),
                        help: crate::document::suggest(word, PRESETS.into_iter()),
                    });
                }
                found
            }
            _ => Some(("china-2018".into(), include_str!("presets/china-2018.toml"))),
        };
        let mut document = Node::empty(name);
        let choices = choices();
        let is_choice = |key: &str| choices.iter().any(|c| c == key);
        if let Some((word, text)) = preset {
            let layer = Node::parse(&format!("preset {word}"), text).map_err(Error::Scenario)?;
            document.overlay(&layer, "", &is_choice);
        }
        if user.get("arm").is_none() {
            let arms = Node::parse("default arms", include_str!("presets/arms.toml")).map_err(Error::Scenario)?;
            document.overlay(&arms, "", &is_choice);
        }
        document.overlay(&user, "", &is_choice);
        for (key, node) in overrides {
            if let Err(p) = document.set(key, node) {
                problems.push(p);
            }
        }
        let scenario = read(&document, &mut problems);
        let loaded = Self { scenario, text: text.to_owned(), sweep, document };
        if problems.is_empty() {
            loaded.points()?;
            Ok(loaded)
        } else {
            Err(Error::Scenario(problems))
        }
    }

    /// Whether every point can be run: a scenario that is sound may have too few persons to learn from.
    pub fn can_run(&self) -> Result<()> {
        for point in self.points()? {
            if let Some(problem) = check::too_few_persons(&point.scenario, &self.document) {
                return Err(Error::Scenario(vec![problem]));
            }
        }
        Ok(())
    }

    /// The error with the places of its keys, for problems that were found without the document.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        check::located_in(&self.document, error)
    }

    /// The sweep points (one without values where nothing is swept), first key slowest.
    pub fn points(&self) -> Result<Vec<Point>> {
        sweep::check(&self.sweep).map_err(|p| Error::Scenario(vec![p]))?;
        let mut documents = vec![(Vec::new(), self.document.clone())];
        for (key, values) in &self.sweep {
            let mut next = Vec::with_capacity(documents.len() * values.len());
            for (done, document) in &documents {
                for value in values {
                    let mut document = document.clone();
                    document.set(key, value).map_err(|p| Error::Scenario(vec![p]))?;
                    let mut done: Vec<String> = done.clone();
                    done.push(show(value));
                    next.push((done, document));
                }
            }
            documents = next;
        }
        let mut problems = Vec::new();
        let points: Vec<Point> = documents
            .into_iter()
            .map(|(values, document)| Point { values, scenario: read(&document, &mut problems), document })
            .collect();
        if problems.is_empty() {
            for point in &points {
                if let Some(problem) = sweep::fixed(&self.scenario, &point.scenario, &self.sweep) {
                    problems.push(problem);
                    break;
                }
            }
        }
        if problems.is_empty() { Ok(points) } else { Err(Error::Scenario(problems)) }
    }

    /// The effective scenario after presets and flags, as TOML: what the run's identity is a hash of.
    pub fn effective(&self) -> String {
        let mut value = self.scenario.write();
        if let toml::Value::Table(table) = &mut value {
            let sweep: toml::Table = self
                .sweep
                .iter()
                .map(|(k, v)| (k.clone(), toml::Value::Array(v.iter().map(|n| toml::Value::String(show(n))).collect())))
                .collect();
            if !sweep.is_empty() {
                table.insert("sweep".into(), toml::Value::Table(sweep));
            }
        }
        toml::to_string(&value).unwrap_or_default()
    }
}

/// What is known of every parameter, by dotted key; keys of an arm as `arm.NAME.…`.
pub fn parameters() -> Vec<Meta> {
    let mut out = Vec::new();
    Scenario::meta(&Scenario::default(), "", &NO_INFO, &mut out);
    out.retain(|m| m.key != "arm");
    Arm::meta(&Arm::default(), "arm.NAME", &NO_INFO, &mut out);
    out
}

fn choices() -> Vec<String> {
    let mut out = Vec::new();
    Scenario::choices("", &mut out);
    out
}

fn read(document: &Node, problems: &mut Vec<Problem>) -> Scenario {
    let scenario = Scenario::read(document, "", &NO_INFO, problems).unwrap_or_default();
    check::check(&scenario, document, problems);
    scenario
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Bool(v) => v.to_string(),
        Value::Integer(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Text(v) | Value::Huge(v) => v.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Table(entries) => {
            let inside: Vec<String> = entries.iter().map(|e| format!("{} = {}", e.key, show(&e.node))).collect();
            format!("{{ {} }}", inside.join(", "))
        }
    }
}
