//! Linkage on the real table of card holders, where it is present: unicity and bills against an independent count.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use pretick::attack::{BillParams, LinkageParams, Scene, bill, linkage};
use pretick::consent::Choices;
use pretick::disclosure::{Disclosure, Halves};
use pretick::evaluate::Emit;
use pretick::population::{Source, Table};
use pretick::privacy::NoiseMode;
use pretick::rng::Streams;
use pretick::scenario::Loaded;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SCENARIO: &str = include_str!("../scenarios/taiwan-2005.toml");

/// Rows of all 30,000 persons, each once, sharing with probability `share` by their place.
fn rows(share: impl Fn(usize) -> bool) -> Option<Emit> {
    let path = std::env::var_os("PRETICK_TAIWAN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/taiwan/default.csv"), PathBuf::from);
    if !path.exists() {
        println!("skipped: no {}; set PRETICK_TAIWAN to the UCI table", path.display());
        return None;
    }
    let scenario = Loaded::from_toml("taiwan-2005.toml", SCENARIO, &[]).unwrap().scenario;
    let Source::Table(map) = &scenario.histories.source else { panic!("the scenario reads a table") };
    let streams = Streams::new(1, 0);
    let people = Table::open(&path, map, false).unwrap().people(streams, false);
    assert_eq!((people.payments.len(), people.payments.months()), (30_000, 6));
    let choices = Choices { noticed: vec![true; people.len()], shares: (0..people.len()).map(share).collect() };
    let scene = Scene {
        people: &people,
        halves: &Halves { train: Vec::new(), score: Vec::new() },
        choices: &choices,
        pd: &[],
        disclosure: &Disclosure::Raw,
        third_parties: 1,
        lender: &scenario.lender,
        epsilon: None,
        streams,
        noise: NoiseMode::Seeded,
        release: 0,
    };
    let mut emit = Emit {
        arm: Arc::from("arm"),
        epsilon: None,
        sweep: Vec::new().into(),
        replication: 0,
        rows: Vec::new(),
        notes: Vec::new(),
    };
    linkage::measure(&LinkageParams::default(), &scene, &mut emit);
    bill::measure(&BillParams::default(), &scene, &mut emit).unwrap();
    Some(emit)
}

fn percent(emit: &Emit, metric: &str, group: &str) -> f64 {
    let found = emit.rows.iter().find(|r| &*r.metric == metric && &*r.group == group);
    100.0 * found.unwrap_or_else(|| panic!("no {metric} of {group}")).value
}

/// Shares of unique persons, counted with numpy on the same file: the last k months, cut off to the rounding; the total of the
/// six months.
#[test]
fn unicity_and_bills_are_those_of_an_independent_count() {
    let Some(emit) = rows(|_| true) else { return };
    for (metric, want) in [
        ("attack.unicity.at_1", 16.11),
        ("attack.unicity.at_2", 62.30),
        ("attack.unicity.at_3", 78.53),
        ("attack.unicity.at_4", 86.62),
        ("attack.unicity.at_1.to_1000", 0.23),
        ("attack.unicity.at_2.to_1000", 3.59),
        ("attack.unicity.at_3.to_1000", 12.88),
        ("attack.unicity.at_4.to_1000", 26.16),
        ("attack.bill.total_alone", 50.52),
        ("attack.bill.total_alone.to_100", 2.65),
        ("attack.bill.total_alone.to_1000", 0.39),
    ] {
        let got = percent(&emit, metric, "all");
        println!("{metric:36} {got:6.2} %, counted independently {want:6.2} %");
        assert!((got - want).abs() < 0.006, "{metric}: {got}, not {want}");
    }
    for row in emit.rows.iter().filter(|r| &*r.group == "all") {
        println!("{:44} {:.5}", row.metric, row.value);
    }
}

/// Who is not in the table is not found, and those who are stand out more among fewer.
#[test]
fn fewer_sharers_are_fewer_to_find_and_easier_to_tell_apart() {
    let (Some(all), Some(tenth)) = (rows(|_| true), rows(|i| i % 10 == 0)) else { return };
    for metric in ["attack.unicity.at_2", "attack.bill.total_alone.to_100"] {
        assert!(percent(&tenth, metric, "all") < percent(&all, metric, "all"), "{metric}");
        assert!(percent(&tenth, metric, "sharers") > percent(&all, metric, "sharers"), "{metric}");
    }
}
