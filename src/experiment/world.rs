//! One replication before any arm: people, attitudes, halves, groups and what they would get in every arm alike.

use super::split::{Cut, splits};
use crate::consent::Attitudes;
use crate::disclosure::{Disclosure, Halves};
use crate::error::{Error, Result};
use crate::evaluate::Groups;
use crate::population::{Loadings, Model, People, Table};
use crate::rng::{Entity, Purpose, Streams, mix};
use crate::scenario::Scenario;
use crate::stats::Spread;

/// Where histories come from.
pub enum Histories {
    /// Simulated with these loadings.
    Synthetic,
    /// Of a table of real histories.
    Table(Box<Table>),
}

/// One replication's people and luck.
pub struct World {
    /// The streams of the replication.
    pub streams: Streams,
    /// The truth.
    pub people: People,
    /// Who would share under which form.
    pub attitudes: Attitudes,
    /// Training and scored half.
    pub halves: Halves,
    /// Groups of the scored half.
    pub groups: Groups,
    /// Lottery tickets of the scored half.
    pub lottery: Vec<u64>,
    /// Outcomes of the scored half.
    pub bad: Vec<bool>,
    /// Applicants of the scored half.
    pub applicant: Vec<bool>,
    /// Cohort of the scored half.
    pub cohort: Vec<u32>,
    /// Block of each person, the same in every replication; empty where each replication has persons of its own.
    pub blocks: Vec<u8>,
}

/// Blocks of a table's persons: an interval asks how a value moves when one of them is not there.
pub const BLOCKS: u8 = 20;

impl World {
    /// Stages 2–4 of a run: histories, attitudes, halves.
    pub fn new(scenario: &Scenario, histories: &Histories, loadings: &Loadings, replication: u32) -> Result<Self> {
        let persons = histories.persons(scenario);
        if persons > u64::from(u32::MAX) {
            let allowed = "at most 4294967295 in a run, which keeps all of them in memory";
            return Err(Error::Range { what: "population.persons", value: persons as f64, allowed });
        }
        let streams = Streams::new(scenario.seed, replication);
        let people = match histories {
            Histories::Synthetic => synthetic(scenario, loadings, streams, replication)?,
            Histories::Table(table) => table.people(streams, false),
        };
        let attitudes = Attitudes::draw(&scenario.consent, &people, streams);
        let (halves, blocks) = match histories {
            Histories::Synthetic => (split(&people, streams), Vec::new()),
            Histories::Table(table) => (halved(&people, table.person_keys(), streams), blocks(table.person_keys())),
        };
        let groups = Groups::of(&people, &halves.score);
        let of_scored = |i: &u32| *i as usize;
        let lottery = halves
            .score
            .iter()
            .map(|i| {
                let w = streams.block(Entity::Person(people.first + u64::from(*i)), 0, Purpose::Lottery, 0);
                u64::from(w[0]) | u64::from(w[1]) << 32
            })
            .collect();
        Ok(Self {
            streams,
            lottery,
            bad: halves.score.iter().map(|i| people.default[of_scored(i)]).collect(),
            applicant: halves.score.iter().map(|i| people.applicant[of_scored(i)]).collect(),
            cohort: halves.score.iter().map(|i| people.community[of_scored(i)]).collect(),
            blocks,
            people,
            attitudes,
            halves,
            groups,
        })
    }
}

/// Simulated people; with their monthly payments where an attack will compare them.
fn synthetic(scenario: &Scenario, loadings: &Loadings, streams: Streams, replication: u32) -> Result<People> {
    let Scenario { population, histories, outcome, applicants, attack, .. } = scenario;
    let model = Model::new(population, histories, outcome, applicants, loadings)?;
    let mut people = model.people(streams, 0, population.persons as usize)?;
    let raw = scenario.arm.iter().any(|a| matches!(a.disclosure, Disclosure::Raw));
    if raw && replication < attack.replications {
        people.payments = model.payments(streams, model.whole_districts(attack.linkage.persons) as usize);
    }
    Ok(people)
}

/// Halves of a population of its own by a keyed draw a person. Only applicants have loans to learn from.
fn split(people: &People, streams: Streams) -> Halves {
    let (mut train, mut score) = (Vec::new(), Vec::new());
    for i in 0..people.default.len() {
        if streams.uniform(Entity::Person(people.first + i as u64), 0, Purpose::Split) < 0.5 {
            if people.applicant[i] {
                train.push(i as u32);
            }
        } else {
            score.push(i as u32);
        }
    }
    Halves { train, score }
}

/// Halves of a table: the stratified split that a bench with half of the persons tested makes for the same seed. Nobody is
/// drawn twice: a copy would be learnt from twice, and the scorers that overfit would look worse than they are.
fn halved(people: &People, key: &[u64], streams: Streams) -> Halves {
    let split = splits(&people.default, key, streams, Cut::HALVES).swap_remove(0);
    Halves { train: split.train, score: split.test }
}

/// Blocks of equal size by the rank of the person's number, hashed.
fn blocks(key: &[u64]) -> Vec<u8> {
    let mut order: Vec<u32> = (0..key.len() as u32).collect();
    order.sort_by_key(|i| (mix(key[*i as usize] ^ 0x424C_4F43_4B53), *i));
    let mut out = vec![0; key.len()];
    for (rank, i) in order.into_iter().enumerate() {
        out[i as usize] = (rank % usize::from(BLOCKS)) as u8;
    }
    out
}

impl World {
    /// The halves without those who train and whose block leaves `part` when divided by `parts`.
    pub fn untaught(&self, (part, parts): (u8, u8)) -> Halves {
        let train = self.halves.train.iter().copied().filter(|i| self.blocks[*i as usize] % parts != part).collect();
        Halves { train, score: self.halves.score.clone() }
    }
}

impl Histories {
    /// Persons in one replication.
    pub fn persons(&self, scenario: &Scenario) -> u64 {
        match self {
            Self::Synthetic => scenario.population.persons,
            Self::Table(table) => table.persons() as u64,
        }
    }

    /// What the spread over replications means.
    pub fn spread(&self) -> Spread {
        match self {
            Self::Synthetic => Spread::Independent,
            Self::Table(_) => Spread::Resampled,
        }
    }
}
