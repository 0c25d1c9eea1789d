//! Scorers by the words of a scenario, with the scenario's parameters.

use crate::disclosure::{Disclosure, TrainedInsideParams};
use crate::document::{Node, Problem, suggest};
use crate::error::{Error, Result};
use crate::lending::{LenderParams, ScorerChoice};
use crate::params::{About, Field, any};
use crate::scenario::Scenario;
use crate::scoring::{DpChoice, DpParams};

/// The word that stands for every scorer.
pub const ALL: &str = "all";

/// A scorer that takes part.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its word.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// Where a scorer learns.
#[derive(Clone, Debug)]
pub enum Kind {
    /// At the lender, who sees everything: no privacy.
    Lender(ScorerChoice),
    /// Inside the platform, under (ε, δ)-differential privacy.
    Private(DpChoice, Box<DpParams>),
}

impl Contender {
    /// Whether this process can use the scorer: asked before a long bench.
    pub fn may_score(&self, lender: &LenderParams) -> Result<()> {
        match &self.kind {
            Kind::Lender(choice) => lender.may_score(choice),
            Kind::Private(..) => Ok(()),
        }
    }

    /// Whether it reads the persons it is fitted on.
    pub fn learns(&self) -> bool {
        !matches!(&self.kind, Kind::Lender(choice) if !choice.learns())
    }

    /// Whether it is fitted once for each ε.
    pub fn is_private(&self) -> bool {
        matches!(self.kind, Kind::Private(..))
    }
}

/// All words that can be asked for.
pub fn words() -> Vec<&'static str> {
    ScorerChoice::WORDS.iter().chain(DpChoice::WORDS).copied().collect()
}

/// The scorers of these words, each once, in this order; `all` stands for every one that needs no file or program of its
/// own. The lender's come with the parameters under `lender`, DP scorers with those of the first trained-inside arm.
pub fn contenders(scenario: &Scenario, names: &[String]) -> Result<Vec<Contender>> {
    let (mut found, mut problems) = (Vec::<Contender>::new(), Vec::new());
    let trained = scenario.arm.iter().find_map(|arm| match &arm.disclosure {
        Disclosure::TrainedInside(params) => Some(params.clone()),
        _ => None,
    });
    let trained = trained.unwrap_or_default();
    let mut wanted: Vec<&str> = Vec::new();
    for name in names {
        match name.trim() {
            ALL => {
                let own = scenario.lender.scorer.word();
                wanted.extend(words().into_iter().filter(|w| *w == own || stands_alone(w)));
            }
            name => wanted.push(name),
        }
    }
    for name in wanted {
        if found.iter().any(|c| c.name == name) {
            continue;
        }
        match kind(scenario, &trained, name) {
            Some(kind) => found.push(Contender { name: name.to_owned(), kind }),
            None => problems.push(unknown(name)),
        }
    }
    if problems.is_empty() && found.is_empty() {
        problems.push(unknown(""));
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::Scenario(problems)) }
}

/// Scorers that are a user's own model need to be told which.
fn stands_alone(word: &str) -> bool {
    !matches!(word, "onnx" | "command")
}

fn kind(scenario: &Scenario, trained: &TrainedInsideParams, name: &str) -> Option<Kind> {
    if ScorerChoice::WORDS.contains(&name) {
        let own = &scenario.lender.scorer;
        let choice = if own.word() == name { Some(own.clone()) } else { read(name) };
        return choice.map(Kind::Lender);
    }
    if DpChoice::WORDS.contains(&name) {
        let choice = if trained.scorer.word() == name { Some(trained.scorer.clone()) } else { read(name) };
        return choice.map(|c| Kind::Private(c, Box::new(trained.training.clone())));
    }
    None
}

/// A choice from its word alone.
fn read<T: Field>(word: &str) -> Option<T> {
    let (_, node) = Node::parse_assignment(&format!("scorer={word}")).ok()?;
    T::read(&node, "scorers", &About { doc: "", unit: "", bounds: any(), source: "" }, &mut Vec::new())
}

fn unknown(name: &str) -> Problem {
    Problem {
        origin: None,
        key: "--scorers".into(),
        message: format!("there is no scorer `{name}`; the scorers are {}, or `{ALL}`", words().join(", ")),
        help: suggest(name, words().into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Result<Vec<Contender>> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        contenders(&Scenario::default(), &names)
    }

    #[test]
    fn every_word_is_found_and_named_once() {
        let all = named(&["dp-logistic", ALL, "logistic"]).unwrap();
        assert_eq!(all[0].name, "dp-logistic", "the first named is the reference");
        assert!(words().iter().all(|w| !stands_alone(w) || all.iter().filter(|c| c.name == *w).count() == 1));
        assert!(all[0].is_private() && all.iter().any(|c| !c.is_private()));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_list_and_a_suggestion() {
        let message = named(&["logistik"]).unwrap_err().to_string();
        assert!(message.contains("did you mean `logistic`?") && message.contains("scorecard"), "{message}");
        assert!(named(&[]).is_err() && named(&[""]).is_err());
    }
}
