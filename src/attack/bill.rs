//! The screenshot of an annual bill, linked to a table without names.
//!
//! *Threat model.* A person posts the bill of the year: total spending to a multiple of `attack.bill.rounding`, the district, and
//! the place on the district's leaderboard. Somebody who holds raw histories under pseudonyms (the lender, a third party, an
//! acquirer) works out each row's total and place and keeps the rows that fit: the candidates. All on the platform post; only
//! who shares can be found.
//!
//! ```text
//! unique    P(one candidate, and it is the person)
//! success   mean of 1/candidates over persons in the table, 0 for others: a candidate at random is the person
//! baseline  the same from the district alone, which an acquaintance knows anyway
//! gain      (success − baseline)/(1 − baseline)
//! total_alone   as `unique`, from the total alone: no district, no leaderboard
//! ```
//!
//! **Places.** The leaderboard ranks everybody in the district, the table holds only those who share. A row with s sharers
//! above it may have any place from s + 1 to s + 1 + (persons who do not share): it is a candidate where that range meets the
//! place that is shown. The number of persons in a district is public.
//!
//! **Alternatives** ([`Leaderboard`]): places rounded to so many ranks; none; or the place in a *noisy* histogram of the
//! district's totals, published under ε. Adding or removing one person changes one count of one district by 1, so discrete Laplace noise
//! of L1 sensitivity 1 pays for all counts together (districts are disjoint and enumerated publicly, bins are public). A place is
//! then the middle of its bin in these counts and tells no more than the bin. ε is about the others on the board: what the person
//! posts of their own is theirs to post, and no ε covers it. `rank_error` says what the board is still worth: mean distance of
//! the place shown from the true one, as a share of the district.
//!
//! Limits. The attacker keeps or drops a row and weighs nothing: with few sharers a place says more than that. Whoever blurs
//! the total is believed; people who share might post more often than others. Copies of a person (bootstrap) are one.

use super::linkage::{Book, cut, suffix, unique};
use super::{Scene, gain};
use crate::error::Result;
use crate::evaluate::Emit;
use crate::params::{above, between};
use crate::population::Payments;
use std::sync::Arc;

mod board;

use board::Board;
pub use board::{Leaderboard, NoisyBoardParams};

crate::params! {
    /// The screenshot of an annual bill.
    pub struct BillParams {
        /// Months that the bill adds up; fewer where the histories are shorter.
        pub months: u32 = 12, "months", between(1.0, 12.0), "an annual bill";
        /// The total is shown down to a multiple of this; the first is the headline, the others are rows `….to_N`.
        pub rounding: Vec<f64> = vec![1.0, 100.0, 1000.0], "currency of the histories", above(0.0, 1e12), "assumed: exact, to hundreds, to thousands";
        /// What the screenshot shows of the person's place in the district.
        pub leaderboard: Leaderboard = Leaderboard::Ranks(1), "", crate::params::any(), "assumed: the exact rank";
    }
}

/// One person's bill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill {
    pub district: u32,
    pub total: f64,
    pub shares: bool,
}

/// A row of the table as the attacker reads it, and what its person posted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted {
    pub total: f64,
    /// Places that the row may have.
    pub may_be: (i64, i64),
    /// Places that the screenshot leaves open.
    pub shown: (i64, i64),
}

/// Adds `attack.bill.*` where raw histories flow and monthly payments are known.
pub fn measure(params: &BillParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let Some(book) = Book::of(scene) else { return Ok(()) };
    let bills = bills(&book, scene, params.months as usize);
    let board = Board::publish(&params.leaderboard, &bills, scene)?;
    let posted: Vec<Vec<Posted>> = bills.chunk_by(|a, b| a.district == b.district).map(|d| board.posted(d)).collect();
    let totals = Payments::new(1, bills.iter().filter(|b| b.shares).map(|b| b.total).collect());
    let everybody: Vec<u32> = (0..totals.len() as u32).collect();
    let in_table = posted.iter().filter(|d| !d.is_empty());
    let (by_district, only) = (in_table.clone().count() as f64, in_table.filter(|d| d.len() == 1).count() as f64);
    for (i, rounding) in params.rounding.iter().enumerate() {
        let mut found = Found::default();
        posted.iter().for_each(|district| found.add(district, *rounding));
        let end = suffix(i, *rounding);
        let mut add = |name: &str, with: f64, without: f64| {
            book.add(&format!("attack.bill.{name}{end}"), with, emit);
            book.add(&format!("attack.bill.{name}{end}.baseline"), without, emit);
        };
        add("unique", found.unique as f64, only);
        add("success", found.success, by_district);
        add("total_alone", unique(&totals, &everybody, *rounding, 1).first().map_or(0.0, |n| *n as f64), 1.0);
        for (group, n) in [("all", book.persons.len()), ("sharers", book.sharers.len())] {
            let of = |sum: f64| sum / n as f64;
            emit.add(&format!("attack.bill.gain{end}"), &Arc::from(group), gain(of(found.success), of(by_district)));
        }
    }
    board.emit(&bills, emit);
    Ok(())
}

/// The bills of all persons, by district, largest total first.
fn bills(book: &Book<'_>, scene: &Scene<'_>, months: usize) -> Vec<Bill> {
    let of = |i: &u32| {
        let i = *i as usize;
        let months = book.people.payments.of(i).iter().take(months);
        let total = months.filter(|x| !x.is_nan()).sum();
        Bill { district: book.people.district[i], total, shares: scene.choices.shares[i] }
    };
    let mut bills: Vec<Bill> = book.persons.iter().map(of).collect();
    bills.sort_by(|a, b| a.district.cmp(&b.district).then(b.total.total_cmp(&a.total)));
    bills
}

/// What the attacker achieves, added up over the table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Found {
    unique: u64,
    success: f64,
}

impl Found {
    /// One district's rows, largest total first. Totals that look alike stand together, and in them the ends of
    /// `may_be` rise: candidates are a range.
    fn add(&mut self, district: &[Posted], rounding: f64) {
        for alike in district.chunk_by(|a, b| cut(a.total, rounding) == cut(b.total, rounding)) {
            for person in alike {
                let from = alike.partition_point(|row| row.may_be.1 < person.shown.0);
                let to = alike.partition_point(|row| row.may_be.0 <= person.shown.1);
                let candidates = to - from;
                self.unique += u64::from(candidates == 1);
                self.success += 1.0 / candidates as f64;
            }
        }
    }
}

#[cfg(test)]
mod tests;
