//! How much memory work takes at its peak, so that what does not fit can be refused before it begins.
//!
//! **Model.** bytes = base + persons · (first + further · (n − 1)), where n is the number of arms that are worked on at the same time: one a
//! thread. Attacks work on one arm by several threads. A bench has fits in place of arms. A table counts by its columns.
//!
//! **Measured** as the growth of the greatest resident set (`/usr/bin/time`, Linux, glibc) from 100,000 to 300,000 persons, in bytes a
//! person; the first row also at 1,000,000:
//!
//! | work | threads | measured | model |
//! |---|---|---|---|
//! | annual-bill-2018 (34 arms and ε) without attacks | 1, 2, 4, 8 | 407–473, 623–762, 797–1098, 1573–1815 | 535, 745, 1165, 2005 |
//! | | 16, 32 | 3456, 5140 | 3685, 7045 |
//! | annual-bill-2018 | 1, 2, 4, 8, 32 | 596, 929, 1125, 2179, 4570 | 615, 915, 1515, 2355, 7395 |
//! | selection, attentive-public | 1, 2, 8 | 554, 813, 2112; 611, 868, 1687 | 610, 910, 2350 |
//! | small-population, us-thin-file | 1, 2, 8 | 572, –, 1701; 402, 669, 1601 | 615, 915, 2355 |
//! | externality, neighbours | 1, 4 | 491, 1525; 585, 935 | 610, 1510 |
//! | bench of all scorers, timed | 2 | 420 | 450 |
//! | bench of all scorers, not timed | 1, 2, 4, 8, 16 | 657, 770, 1119, 1639, 2053 | 660, 810, 1110, 1710, 2910 |
//! | calibrate, story | 2 | 270, 156 | 300 |
//!
//! Limits: which arms meet is luck, so that the same run takes a fifth more or less; a scorer from outside takes what it takes. The
//! model is a need that was seen, not a bound.

use super::{Histories, arm_points};
use crate::disclosure::Disclosure;
use crate::population::features::{BUREAU_COLUMNS, PLATFORM_COLUMNS};
use crate::scenario::Scenario;
use crate::scoring::DpChoice;

/// The program itself, in bytes: a run of 1,000 persons takes 44 to 48 MB.
const BASE: u64 = 50_000_000;
/// People, attitudes, halves and groups.
const WORLD: u64 = 190;
/// Of one population alone, with its scores.
const PEOPLE: u64 = 300;
/// Of the arm that takes most, attacked.
const ATTACKED: u64 = 420;
/// Of each arm beside it, whatever it discloses.
const FURTHER: u64 = 210;
/// What attacks add to an arm, and to each of the first threads beside it.
const ATTACKS: u64 = 90;
const ATTACKED_THREADS: usize = 3;
/// Threads that attacks on few arms can use.
const THREADS_OF_ATTACKS: usize = 10;
/// Of a bench's first fit, with its persons: timed, or beside others.
const TIMED_FIT: u64 = 450;
const FIRST_FIT: u64 = 660;
/// Of each fit beside it.
const FURTHER_FIT: u64 = 150;

/// Bytes a person of one arm at a time: what it adds to the world.
const fn arm(disclosure: &Disclosure) -> u64 {
    match disclosure {
        // Measured with the world: 197.
        Disclosure::Nothing => 40,
        // 258, 260.
        Disclosure::CohortAggregates(_) | Disclosure::RandomisedResponse(_) => 75,
        // 370 by logistic regression, 297 by a scorecard, 303 by boosted trees.
        Disclosure::Raw => 185,
        Disclosure::TrainedInside(p) => match p.scorer {
            // 287, 258.
            DpChoice::Scorecard | DpChoice::Ebm => 100,
            // 528 to 531.
            DpChoice::Auto | DpChoice::Logistic | DpChoice::Adassp | DpChoice::Boosting => 345,
        },
    }
}

/// Bytes that a run of a scenario (one sweep point) takes on so many threads.
pub fn of_run(scenario: &Scenario, histories: &Histories, threads: usize) -> u64 {
    let points = arm_points(scenario);
    let most = points.iter().map(|point| arm(&scenario.arm[point.arm].disclosure)).max().unwrap_or(0);
    let a_person = if scenario.attack.replications > 0 {
        let further = threads.min(points.len().max(THREADS_OF_ATTACKS)).saturating_sub(1);
        let first = (most + ATTACKS - 10).max(ATTACKED);
        first + FURTHER * further as u64 + ATTACKS * further.min(ATTACKED_THREADS) as u64
    } else {
        most + FURTHER * threads.min(points.len()).saturating_sub(1) as u64
    };
    total(WORLD + a_person, scenario, histories)
}

/// Bytes that one population and its scores take: calibration, a story.
pub fn of_people(scenario: &Scenario, histories: &Histories) -> u64 {
    total(PEOPLE, scenario, histories)
}

/// Bytes that a bench takes: with one fit at a time where they are timed, otherwise with `fits` side by side.
pub fn of_bench(scenario: &Scenario, histories: &Histories, timed: bool, fits: usize) -> u64 {
    let a_person = if timed { TIMED_FIT } else { FIRST_FIT + FURTHER_FIT * fits.saturating_sub(1) as u64 };
    total(a_person, scenario, histories)
}

fn total(a_person: u64, scenario: &Scenario, histories: &Histories) -> u64 {
    let columns = match histories {
        Histories::Synthetic => COLUMNS,
        Histories::Table(table) => (table.features().0.columns().len() + table.features().1.columns().len()) as u64,
    };
    let scaled = u128::from(a_person) * u128::from(columns.max(COLUMNS)) / u128::from(COLUMNS);
    let bytes = u128::from(histories.persons(scenario)) * scaled + u128::from(BASE);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Columns of synthetic people, which all was measured with.
const COLUMNS: u64 = (BUREAU_COLUMNS + PLATFORM_COLUMNS) as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Node;
    use crate::scenario::Loaded;

    fn bytes_a_person(file: &str, attacks: bool, threads: usize) -> u64 {
        let path = format!("{}/scenarios/{file}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut set = vec![Node::parse_assignment("population.persons=1000000").unwrap()];
        if !attacks {
            set.push(Node::parse_assignment("attack.replications=0").unwrap());
        }
        let loaded = Loaded::from_toml(&path, &text, &set).unwrap();
        let point = &loaded.points().unwrap()[0];
        (of_run(&point.scenario, &Histories::Synthetic, threads) - BASE) / 1_000_000
    }

    /// The table above: the model's numbers, and that it is not far below anything that was seen.
    #[test]
    fn the_model_is_near_what_was_measured() {
        for (file, attacks, threads, measured, model) in [
            ("annual-bill-2018", false, 1, 473, 535),
            ("annual-bill-2018", false, 2, 762, 745),
            ("annual-bill-2018", false, 4, 1098, 1165),
            ("annual-bill-2018", false, 8, 1815, 2005),
            ("annual-bill-2018", false, 16, 3456, 3685),
            ("annual-bill-2018", false, 32, 5140, 7045),
            ("annual-bill-2018", true, 1, 596, 615),
            ("annual-bill-2018", true, 2, 929, 915),
            ("annual-bill-2018", true, 8, 2179, 2355),
            ("annual-bill-2018", true, 32, 4570, 7395),
            ("selection", true, 8, 2112, 2350),
            ("attentive-public", true, 2, 868, 910),
            ("us-thin-file", true, 8, 1601, 2355),
            ("externality", true, 4, 1525, 1510),
        ] {
            let got = bytes_a_person(file, attacks, threads);
            assert_eq!(got, model, "{file} {attacks} {threads}");
            assert!(got * 20 >= measured * 19, "{file} {attacks} {threads}: {got}, measured {measured}");
        }
    }
}
