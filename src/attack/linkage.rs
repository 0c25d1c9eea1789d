//! Linkage: how many known payments it takes to find a person in a table without names.
//!
//! *Threat model.* A recipient of raw histories (the lender, a third party, whoever buys it) holds the monthly payments of
//! those who share under a pseudonym. It learns from elsewhere what somebody paid in each of the last k months, down to a
//! multiple of `attack.linkage.rounding`, and looks for the row.
//!
//! ```text
//! attack    P(the k amounts are those of one row alone, and it is the person's)
//! baseline  a row at random: P(in the table)/|table| = 1/persons
//! ```
//!
//! A person whose history does not flow cannot be found; rows of group `all` are shares of everybody on the platform, rows of
//! group `sharers` of those in the table, which is the unicity of de Montjoye et al., "Unique in the shopping mall", Science
//! 347 (2015). Both are counted over the whole table: there is no error of sampling within a replication.
//!
//! The most recent k months are known, no others: month by month the share cannot fall. Amounts are cut off (2,999 is 2,000 to
//! 1,000), as the last digits of a picture are blurred.
//!
//! Limits. Unicity falls as the table grows, so that it must not be read as a property of persons alone: a sample of
//! `attack.linkage.persons` is of whole districts and overstates it. Copies of a person (bootstrap) are one candidate; a
//! resample has some .63 n of a table's persons, and unicity in it is a little above that of the table itself. A match may be
//! wrong where the person is not in the table at all; that is not counted as a success, nor as harm.

use super::Scene;
use crate::disclosure::Disclosure;
use crate::evaluate::Emit;
use crate::params::{above, between};
use crate::population::{Payments, People, YEAR};
use std::sync::Arc;

crate::params! {
    /// Linkage of known payments.
    pub struct LinkageParams {
        /// Most months whose payments are known: 1, 2, … up to it.
        pub months: u32 = 4, "months", between(1.0, 12.0), "4 points re-identify 90 % (de Montjoye et al. 2015)";
        /// Amounts are known down to a multiple of this; the first is the headline, the others are rows `….to_N`.
        pub rounding: Vec<f64> = vec![1.0, 1000.0], "currency of the histories", above(0.0, 1e12), "assumed: exact, and to thousands";
        /// Persons of a synthetic population whose payments are kept, in whole districts; the table is theirs.
        pub persons: u64 = 200_000, "persons", between(1.0, 1e9), "memory: 96 bytes a person";
    }
}

/// Adds `attack.unicity.at_1`, `at_2`, … where raw histories flow and monthly payments are known.
pub fn measure(params: &LinkageParams, scene: &Scene<'_>, emit: &mut Emit) {
    let Some(book) = Book::of(scene) else { return };
    for (i, rounding) in params.rounding.iter().enumerate() {
        let unique = unique(&book.people.payments, &book.sharers, *rounding, params.months as usize);
        for (k, unique) in (1..).zip(unique) {
            let name = format!("attack.unicity.at_{k}{}", suffix(i, *rounding));
            book.add(&name, unique as f64, emit);
            book.add(&format!("{name}.baseline"), 1.0, emit);
        }
    }
}

/// Names the rows of a rounding; the first has the plain name.
pub(super) fn suffix(place: usize, rounding: f64) -> String {
    if place == 0 { String::new() } else { format!(".to_{rounding}") }
}

/// An amount cut off to multiples of `rounding`; what is not known is an amount of its own.
pub(super) fn cut(amount: f64, rounding: f64) -> i64 {
    if amount.is_nan() { i64::MIN } else { (amount / rounding).floor() as i64 }
}

/// The persons of the platform, each once, and those whose histories a recipient holds.
pub(super) struct Book<'a> {
    pub people: &'a People,
    /// Positions of the originals: the first of several copies stands for all.
    pub persons: Vec<u32>,
    /// Those of them who are in the table.
    pub sharers: Vec<u32>,
}

impl<'a> Book<'a> {
    /// None where no raw history flows or no payments are known: there is nothing to link.
    pub fn of(scene: &Scene<'a>) -> Option<Self> {
        if !matches!(scene.disclosure, Disclosure::Raw) {
            return None;
        }
        let persons = originals(scene.people);
        let sharers: Vec<u32> = persons.iter().copied().filter(|i| scene.choices.shares[*i as usize]).collect();
        (!sharers.is_empty()).then_some(Self { people: scene.people, persons, sharers })
    }

    /// Adds a sum of chances over the sharers as a share of everybody and of the sharers.
    pub fn add(&self, metric: &str, sum: f64, emit: &mut Emit) {
        emit.add(metric, &Arc::from("all"), sum / self.persons.len() as f64);
        emit.add(metric, &Arc::from("sharers"), sum / self.sharers.len() as f64);
    }
}

/// Positions of persons with known payments; of copies, which stand together, the first.
fn originals(people: &People) -> Vec<u32> {
    let known = people.payments.len().min(people.len());
    let is_copy = |i: usize| i > 0 && people.origin.get(i).is_some_and(|o| *o == people.origin[i - 1]);
    (0..known).filter(|i| !is_copy(*i)).map(|i| i as u32).collect()
}

/// How many of `members` have amounts of the last 1, 2, … `most` months (as far as there are so many) that no other member has.
///
/// Classes of equal amounts are refined month by month, by sorting; who is alone in a class stays alone and leaves.
pub(super) fn unique(payments: &Payments, members: &[u32], rounding: f64, most: usize) -> Vec<u64> {
    let mut alone = 0;
    let mut left: Vec<(u32, i64, u32)> = members.iter().map(|i| (0, 0, *i)).collect();
    (0..most.min(payments.months()).min(YEAR))
        .map(|month| {
            for (_, amount, person) in &mut left {
                *amount = cut(payments.of(*person as usize)[month], rounding);
            }
            left.sort_unstable();
            let mut together = Vec::with_capacity(left.len());
            for (class, run) in (0u32..).zip(left.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))) {
                match run {
                    [_] => alone += 1,
                    _ => together.extend(run.iter().map(|(_, amount, person)| (class, *amount, *person))),
                }
            }
            left = together;
            alone
        })
        .collect()
}

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
