//! What an attack on one arm works from: the truth, what the arm made of it, and the means to make it again otherwise.

use crate::consent::Choices;
use crate::disclosure::{Disclosure, Halves, Request, Shown, disclose};
use crate::error::{Error, Result};
use crate::lending::LenderParams;
use crate::population::People;
use crate::privacy::{Ledger, NoiseMode};
use crate::rng::{Entity, Purpose, Streams};
use crate::view::Frame;

/// One arm at one ε in one replication, as an attacker's adversary sees it: with the truth beside.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The truth.
    pub people: &'a People,
    /// Training and scored half.
    pub halves: &'a Halves,
    /// What the form made of people.
    pub choices: &'a Choices,
    /// PD that the arm gave each person of the scored half.
    pub pd: &'a [f64],
    /// What the arm shows.
    pub disclosure: &'a Disclosure,
    /// Third parties that hold a copy of raw histories.
    pub third_parties: u32,
    /// The lender and its scorers.
    pub lender: &'a LenderParams,
    /// ε of this point.
    pub epsilon: Option<f64>,
    /// Streams of the replication.
    pub streams: Streams,
    /// Where noise comes from.
    pub noise: NoiseMode,
    /// Number that keys the release's noise.
    pub release: u64,
}

impl Scene<'_> {
    /// What the arm shows of other halves, or without the persons' own records in its cohort sums: the same release, with the
    /// same noise. Repeats what the ledger already holds, so nothing is entered.
    pub fn shown(&self, halves: &Halves, without_own_record: bool) -> Result<Shown> {
        self.shown_again(halves, without_own_record, self.release)
    }

    /// The same from a release with other noise, keyed by `release`: a shadow of the arm.
    pub fn shown_again(&self, halves: &Halves, without_own_record: bool, release: u64) -> Result<Shown> {
        let request = Request {
            people: self.people,
            halves,
            choices: self.choices,
            refusal_is_a_feature: self.lender.refusal_is_a_feature,
            epsilon: self.epsilon,
            without_own_record,
            streams: self.streams,
            noise: self.noise,
            release,
        };
        disclose(self.disclosure, &request, &mut Ledger::new())
    }

    /// The number that keys a person's luck: copies of one person (bootstrap) share it.
    pub fn who(&self, person: u32) -> Entity {
        let i = person as usize;
        Entity::Person(self.people.origin.get(i).map_or(self.people.first + i as u64, |o| u64::from(*o)))
    }

    /// Two disjoint samples of positions in the scored half, `first` and `second` persons as far as there are so many, the same
    /// in every arm. Copies of a person never stand on both sides, and `salt` tells attacks apart.
    pub fn samples(&self, first: usize, second: usize, salt: u16) -> (Vec<u32>, Vec<u32>) {
        let mut ranked: Vec<(f64, u32)> = (0u32..)
            .zip(&self.halves.score)
            .map(|(at, person)| (self.streams.uniform(self.who(*person), salt, Purpose::Attack), at))
            .collect();
        ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (first, second) = fit(first, second, ranked.len());
        // Equal draws are copies of one person: the cut moves past them.
        let mut cut = first;
        while cut > 0 && cut < ranked.len() && ranked[cut].0 == ranked[cut - 1].0 {
            cut += 1;
        }
        let of = |part: &[(f64, u32)]| part.iter().map(|r| r.1).collect();
        (of(&ranked[..cut]), of(&ranked[cut..(cut + second).min(ranked.len())]))
    }

    /// Persons at positions of the scored half.
    pub fn persons(&self, positions: &[u32]) -> Vec<u32> {
        positions.iter().map(|p| self.halves.score[*p as usize]).collect()
    }
}

/// Position of a column by name; without a name the first whose name begins with `marked`, else the first that is no category.
pub(super) fn column(name: &str, frame: &Frame, key: &str, marked: &str) -> Result<Option<usize>> {
    if name.is_empty() {
        let found = frame.columns().iter().position(|c| c.name.starts_with(marked));
        return Ok(found.or_else(|| frame.columns().iter().position(|c| !c.is_category())));
    }
    let known: Vec<&str> = frame.columns().iter().map(|c| c.name.as_str()).collect();
    if let Some(j) = frame.index(name) {
        return Ok(Some(j));
    }
    let hint = crate::document::suggest(name, known.iter().copied()).unwrap_or_default();
    Err(Error::Other(format!("{key}: there is no column `{name}`; {hint} known: {}", known.join(", "))))
}

/// Sizes of two samples from `n` persons: as asked for, or in the same proportion.
fn fit(first: usize, second: usize, n: usize) -> (usize, usize) {
    let asked = first + second;
    if asked <= n {
        return (first, second);
    }
    let first = (first as u128 * n as u128 / asked.max(1) as u128) as usize;
    (first, n - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_populations_are_shared_out_in_proportion() {
        assert_eq!(fit(2_000, 1_000, 50_000), (2_000, 1_000));
        assert_eq!(fit(2_000, 1_000, 300), (200, 100));
        assert_eq!(fit(0, 0, 0), (0, 0));
    }
}
