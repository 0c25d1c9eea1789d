//! Singling out, as Anonymeter counts it (Giomi et al., "A unified framework for quantifying privacy risk in synthetic data",
//! PETS 2023): how well does what an arm hands out at record level help to say something that is true of one person alone?
//!
//! *Threat model.* A recipient holds records without names (the raw histories of those who share; the reports that phones send) and states
//! predicates such as "two bills late last month and a share of health above .12 and …" that one record *of the release* alone
//! fulfils. A guess succeeds if exactly one person of the half that the records come from fulfils it (on both halves fewer would be
//! alone). The Article 29 Working Party (opinion 05/2014) counts
//! this as a failure of anonymisation, names or no names.
//!
//! ```text
//! attack    predicates of the release, on the persons it was made from: the training half, sharing or not
//! control   the same predicates on the other half, as many persons who are not in the release
//! baseline  predicates drawn blindly from the public bounds, on the training half
//! risk      (attack − control)/(1 − control); its baseline is the same of the blind predicates: 0 but for chance
//! ```
//!
//! *Multivariate* (the headline `success`): a drawn record, `columns` drawn columns, each "at least" the record's value where it lies
//! above the release's median and "at most" elsewhere, "is" for levels and codes; kept if one record of the release alone fulfils it.
//! *Univariate* (`univariate`): "is" a value that one record alone has, at most the least, at least the largest value.
//! `success.low` and `success.high` are Wilson's 95 % interval in the replication.
//!
//! Halves share no person, copies (bootstrap) are one. Rates are of guesses, not of persons: with few sharers a predicate that is true
//! of one of them is often true of somebody who does not share as well. Where the attacker finds no predicate, all guesses fail.
//!
//! Cohort sums and scores are no records with attributes to say something about: these arms have no rows. Nothing is claimed
//! of cleverer predicates.

use super::{Measured, Scene, gain};
use crate::disclosure::{Disclosure, Halves, Shown};
use crate::error::Result;
use crate::evaluate::Emit;
use crate::params::between;
use crate::rng::{Draws, Entity, Purpose};
use crate::stats::binomial::wilson;
use crate::view::Column;
use rand::RngExt;
use std::sync::Arc;

mod predicate;

use predicate::{Persons, Predicate, Test};

crate::params! {
    /// Singling out.
    pub struct SinglingOutParams {
        /// Guesses of each kind.
        pub guesses: u32 = 200, "predicates", between(1.0, 1e6), "assumed: a share of one half has a standard error of .035";
        /// Columns of a multivariate predicate.
        pub columns: u32 = 4, "columns", between(2.0, 64.0), "assumed (Anonymeter: 3)";
    }
}

/// Tries for one multivariate predicate that is kept.
const TRIES: usize = 50;
/// Keys the attacker's draws; the same in every arm.
const SALT: u16 = 41;

/// Adds `attack.singling_out.*` for arms that hand out records.
pub fn measure(params: &SinglingOutParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let Some(release) = Release::of(scene)? else { return Ok(()) };
    let all = Arc::from("all");
    let mut draws = scene.streams.draws(Entity::Nation(u64::from(SALT)), SALT, Purpose::Attack);
    let guesses = params.guesses as usize;
    let width = (params.columns as usize).min(release.columns.len());
    let found = release.multivariate(guesses, width, &mut draws);
    // Blind guesses are the same in every arm that has these columns: they do not wait for those that are found.
    let mut blindly = scene.streams.draws(Entity::Nation(u64::from(SALT) + 1), SALT, Purpose::Attack);
    let blind: Vec<Predicate> = (0..guesses).map(|_| blind(&release.columns, width, &mut blindly)).collect();
    let (success, hits) = release.rates(&found, &blind);
    success.add("singling_out", "success", emit);
    emit.add("attack.singling_out.risk", &all, success.risk());
    emit.add("attack.singling_out.risk.baseline", &all, release.luck(&blind));
    let tried = if found.is_empty() { guesses } else { found.len() };
    let (low, high) = wilson(hits, tried as u64, 0.05);
    emit.add("attack.singling_out.success.low", &all, low);
    emit.add("attack.singling_out.success.high", &all, high);
    let found = release.univariate(guesses, &mut draws);
    let blind: Vec<Predicate> = (0..guesses).map(|_| self::blind(&release.columns, 1, &mut blindly)).collect();
    release.rates(&found, &blind).0.add("singling_out", "univariate", emit);
    Ok(())
}

/// Records without names, and the persons that predicates are tried on.
struct Release {
    /// What the records say, in the terms of the platform's own columns.
    columns: Vec<Column>,
    records: Persons,
    members: Persons,
    others: Persons,
}

impl Release {
    /// None where the arm hands out no records.
    fn of(scene: &Scene<'_>) -> Result<Option<Self>> {
        let people = scene.people;
        let members = originals(scene, &scene.halves.train);
        let others: Vec<u32> = scene.halves.score.iter().copied().filter(|i| people.applicant[*i as usize]).collect();
        let others = originals(scene, &others);
        let platform = &people.platform;
        let (records, places) = match scene.disclosure {
            Disclosure::Raw => {
                let sharers: Vec<u32> = members.iter().copied().filter(|i| scene.choices.shares[*i as usize]).collect();
                (platform.select(&sharers), (0..platform.width()).collect::<Vec<usize>>())
            }
            Disclosure::RandomisedResponse(_) => {
                let halves = Halves { train: members.clone(), score: Vec::new() };
                let Shown::Views(views) = scene.shown(&halves, false)? else { return Ok(None) };
                let named = |c: &Column| platform.index(c.name.strip_prefix("reported_").unwrap_or(&c.name));
                let places = views.0.more.columns().iter().filter_map(named).collect();
                (views.0.more, places)
            }
            Disclosure::Nothing | Disclosure::CohortAggregates(_) | Disclosure::TrainedInside(_) => return Ok(None),
        };
        if records.rows() == 0 || places.is_empty() || members.is_empty() {
            return Ok(None);
        }
        let of = |persons: &[u32]| Persons::new(places.iter().map(|j| pick(platform.column(*j), persons)).collect());
        Ok(Some(Self {
            columns: places.iter().map(|j| platform.columns()[*j].clone()).collect(),
            members: of(&members),
            others: of(&others),
            records: Persons::new((0..places.len()).map(|k| records.column(k).to_vec()).collect()),
        }))
    }

    /// Predicates of `width` columns that one record alone fulfils.
    fn multivariate(&self, guesses: usize, width: usize, draws: &mut Draws) -> Vec<Predicate> {
        let medians: Vec<f32> = (0..self.columns.len()).map(|k| self.records.median(k)).collect();
        let mut out = Vec::with_capacity(guesses);
        for _ in 0..guesses * TRIES {
            if out.len() == guesses {
                break;
            }
            let record = draws.random_range(0..self.records.len());
            let tests = some_columns(self.columns.len(), width, draws).into_iter().map(|k| {
                let x = self.records.value(k, record);
                (k, Test::of(&self.columns[k], x, medians[k]))
            });
            let predicate = self.records.rarest_first(Predicate::new(tests.collect()));
            if self.records.exactly_one(&predicate) {
                out.push(predicate);
            }
        }
        out
    }

    /// Values that one record alone has, and the ends of each column, where one record alone stands there; at most
    /// `guesses` of them, drawn.
    fn univariate(&self, guesses: usize, draws: &mut Draws) -> Vec<Predicate> {
        let mut all = Vec::new();
        for (k, column) in self.columns.iter().enumerate() {
            let alone = self.records.alone(k);
            if !column.is_category() {
                let ends = [(self.records.least(k), false), (self.records.largest(k), true)];
                for (x, upper) in ends {
                    let test = if upper { Test::AtLeast(x) } else { Test::AtMost(x) };
                    all.extend(alone.contains(&x).then(|| Predicate::new(vec![(k, test)])));
                }
            }
            all.extend(alone.into_iter().map(|x| Predicate::new(vec![(k, Test::Is(x))])));
        }
        (0..guesses.min(all.len())).for_each(|i| {
            let j = draws.random_range(i..all.len());
            all.swap(i, j);
        });
        all.truncate(guesses);
        all
    }

    /// The risk of predicates that owe nothing to the release: 0 but for chance.
    fn luck(&self, blind: &[Predicate]) -> f64 {
        let rate = |on: &Persons| blind.iter().filter(|p| on.exactly_one(p)).count() as f64 / blind.len().max(1) as f64;
        gain(rate(&self.members), rate(&self.others))
    }

    /// Success of predicates from the release, and how many succeeded.
    fn rates(&self, found: &[Predicate], blind: &[Predicate]) -> (Measured, u64) {
        let count = |on: &Persons, list: &[Predicate]| list.iter().filter(|p| on.exactly_one(p)).count();
        let rate = |hits: usize, of: usize| if of == 0 { 0.0 } else { hits as f64 / of as f64 };
        let hits = count(&self.members, found);
        let measured = Measured {
            attack: rate(hits, found.len()),
            baseline: rate(count(&self.members, blind), blind.len()),
            control: rate(count(&self.others, found), found.len()),
        };
        (measured, hits as u64)
    }
}

/// A predicate that knows nothing but the public bounds.
fn blind(columns: &[Column], width: usize, draws: &mut Draws) -> Predicate {
    let tests = some_columns(columns.len(), width, draws).into_iter().map(|k| {
        let column = &columns[k];
        let u = draws.random::<f32>();
        let test = if column.is_category() {
            Test::Is((u * column.levels.len() as f32).floor())
        } else {
            let x = column.lo + u * (column.hi - column.lo);
            if draws.random::<bool>() { Test::AtLeast(x) } else { Test::AtMost(x) }
        };
        (k, test)
    });
    Predicate::new(tests.collect())
}

/// `width` of the columns, drawn without replacement.
fn some_columns(columns: usize, width: usize, draws: &mut Draws) -> Vec<usize> {
    let mut order: Vec<usize> = (0..columns).collect();
    for i in 0..width {
        let j = draws.random_range(i..columns);
        order.swap(i, j);
    }
    order.truncate(width);
    order
}

/// One position of each person: copies stand together.
fn originals(scene: &Scene<'_>, persons: &[u32]) -> Vec<u32> {
    let mut before = None;
    persons.iter().copied().filter(|i| before.replace(scene.who(*i)) != Some(scene.who(*i))).collect()
}

fn pick(values: &[f32], persons: &[u32]) -> Vec<f32> {
    persons.iter().map(|i| values[*i as usize]).collect()
}

#[cfg(test)]
mod tests;
