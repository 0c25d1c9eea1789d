use super::*;
use crate::document::Node;
use crate::params::{About, Field, any};
use crate::population::TableParams;
use std::ops::Range;

const ONE_MAP: &str = "lender_sees = [\"x\"]\nneeds_consent = [\"y\"]\n";
const OTHER_MAP: &str = "lender_sees = [\"y\"]\nneeds_consent = [\"x\"]\n";

/// A table of these persons, read as a release reads it.
pub(in super::super) fn table(rows: &[String], map: &str, id: bool) -> Table {
    let map = format!(
        "{}outcome = \"bad\"\n{map}features = [{{ columns = [\"x\", \"y\"], bounds = [0, 1000000] }}]\n",
        if id { "id = \"id\"\n" } else { "" }
    );
    let about = About { doc: "", unit: "", bounds: any(), source: "" };
    let node = Node::parse("map", &map).unwrap();
    let map = TableParams::read(&node, "map", &about, &mut Vec::new()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("made-up.csv");
    std::fs::write(&path, format!("id,x,y,bad\n{}\n", rows.join("\n"))).unwrap();
    Table::open_for_release(&path, &map).unwrap()
}

pub(in super::super) fn rows(range: Range<usize>) -> Vec<String> {
    range.map(|i| format!("{i},{},{},{}", i * 7_919 % 100_003, i * 104_729 % 100_003, i % 2)).collect()
}

/// `id` says whether the map names the id column.
pub(in super::super) fn persons(range: Range<usize>, id: bool) -> Persons {
    Persons::of(&table(&rows(range), ONE_MAP, id))
}

/// The same rows under another column map: nothing else agrees.
#[test]
fn rows_are_known_again_whatever_a_map_makes_of_them() {
    let under = |map: &'static str| move |range| Persons::of(&table(&rows(range), map, false));
    let (one, other) = (under(ONE_MAP), under(OTHER_MAP));
    let all = one(0..20_000);
    assert!(all.overlap(&other(0..20_000)), "all");
    assert!(all.overlap(&other(0..900)) && other(0..900).overlap(&all), "a small part");
    assert!(!all.overlap(&other(20_000..20_900)), "others");
    assert!(one(0..600).overlap(&other(5..33)), "28 of 600");
    assert!(all.overlap(&other(19_990..19_995)), "five of 20,000");
    assert!(!one(0..600).overlap(&other(598..700)), "two of a hundred");
}

#[test]
fn the_same_people_are_known_again_and_others_are_not() {
    for id in [true, false] {
        let all = persons(0..20_000, id);
        assert!(all.overlap(&persons(0..20_000, id)));
        assert!(all.overlap(&persons(300..20_400, id)), "a few more and less");
        assert!(all.overlap(&persons(0..6_000, id)), "a part");
        assert!(!all.overlap(&persons(20_000..40_000, id)), "others");
    }
    assert!(!persons(0..50, false).overlap(&persons(49..99, false)));
}

/// One person in common is enough where there are ids, at any size: here at 50 and at 15,000 persons, wherever the id's hash falls.
#[test]
fn an_id_in_both_is_found_at_any_size() {
    assert!(persons(0..50, true).overlap(&persons(49..99, true)));
    let first = persons(0..15_000, true);
    for shared in [0usize, 77, 4_321, 14_999] {
        let mut second = rows(20_000..34_999);
        second.push(format!("{shared},1,2,0"));
        assert!(first.overlap(&Persons::of(&table(&second, ONE_MAP, true))), "{shared}");
    }
    assert!(!first.overlap(&persons(20_000..35_000, true)));
    // A number is one id however it is written, a text is another than its neighbour.
    for (text, same) in [("7.0", true), (" 7", true), ("07", true), ("7a", false), ("9007199254740993", false)] {
        let one = Persons::of(&table(&[format!("{text},5,5,0")], ONE_MAP, true));
        let other = Persons::of(&table(&["7,6,6,1".to_owned()], ONE_MAP, true));
        assert_eq!(one.overlap(&other), same, "{text}");
    }
    let far = |text: &str| Persons::of(&table(&[format!("{text},5,5,0")], ONE_MAP, true)).ids;
    assert_ne!(far("9007199254740993"), far("9007199254740992"));
}

/// Entries of registers that kept the least hashes alone.
#[test]
fn lists_that_were_cut_short_estimate() {
    let shortened = |p: Persons| {
        let mut old = Persons { complete: false, ..p };
        old.ids.truncate(KEPT);
        old.rows.truncate(KEPT);
        old
    };
    let old = shortened(persons(0..20_000, true));
    assert!(old.overlap(&persons(0..20_000, false)), "rows");
    assert!(persons(0..900, false).overlap(&old), "a small part");
    assert!(!persons(20_000..20_900, true).overlap(&old));
}
