use super::*;
use crate::privacy::{Cost, Neighbouring, Trust};

fn release(cost: Cost, delta: Option<f64>) -> Release {
    let mut ledger = Ledger::new();
    ledger.enter(Entry {
        query: "a model".into(),
        unit: "person, all months".into(),
        neighbouring: Neighbouring::AddRemove,
        trust: Trust::Central,
        mechanism: "made up".into(),
        norm: "L2".into(),
        sensitivity: 1.0,
        scale: 2.0,
        cost,
        partition: None,
    });
    Release {
        arm: "dp-model".into(),
        mechanism: "dp-logistic".into(),
        budget: Asked { epsilon: 1.0, delta },
        product: Product::Model(serde_json::json!({"theta": [0.5]})),
        ledger,
        notes: Vec::new(),
    }
}

fn gaussian() -> Release {
    let mu = crate::privacy::mu_of_epsilon(1.0, 1e-6);
    release(Cost::Gaussian { rho: 0.5 * mu * mu, mu }, Some(1e-6))
}

#[test]
fn nothing_stands_there_before_it_is_published_and_nothing_is_left_if_it_is_not() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    let entries = || std::fs::read_dir(home.path()).unwrap().count();
    let prepared = prepare(&target, &gaussian(), PublicLedger::empty()).unwrap();
    assert!(!target.exists() && entries() == 1);
    drop(prepared);
    assert_eq!(entries(), 0);
    prepare(&target, &gaussian(), PublicLedger::empty()).unwrap().publish().unwrap();
    let message = prepare(&target, &gaussian(), PublicLedger::empty()).unwrap_err().to_string();
    assert!(message.contains("never replaced"), "{message}");
}

#[test]
fn ledgers_are_read_back_and_add_up_by_the_best_accountant() {
    let home = tempfile::tempdir().unwrap();
    let (one, two, three) = (home.path().join("1"), home.path().join("2"), home.path().join("3"));
    prepare(&one, &gaussian(), PublicLedger::empty()).unwrap().publish().unwrap();
    let first = PublicLedger::read(&one.join(LEDGER)).unwrap();
    assert!((first.spent().epsilon - 1.0).abs() < 1e-6 && first.spent().delta == 1e-6);
    let second = prepare(&two, &gaussian(), first.clone()).unwrap();
    let spent = second.ledger.spent();
    assert!(spent.epsilon > 1.3 && spent.epsilon < 1.5 && spent.delta == 2e-6, "√2-fold μ, not the sum: {spent:?}");
    second.publish().unwrap();
    let second = PublicLedger::read(&two.join(LEDGER)).unwrap();
    let third = prepare(&three, &release(Cost::Pure(0.3), None), second).unwrap();
    let mixed = third.ledger.spent();
    assert!(mixed.epsilon > spent.epsilon && mixed.epsilon < spent.epsilon + 0.3 && mixed.delta == 2e-6, "{mixed:?}");
    let text = third.folder.files().iter().map(|f| f.path.clone()).collect::<Vec<_>>();
    assert_eq!(text, ["model.json", "ledger.json", "STATEMENT.md"]);
}

#[test]
fn a_file_that_is_no_ledger_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ledger.json");
    for (text, words) in [
        ("{", "EOF"),
        (r#"{"format":"other","releases":[],"total":{"epsilon":0,"delta":0}}"#, "expected pretick-release-ledger-1"),
        (r#"{"releases":[]}"#, "missing field"),
    ] {
        std::fs::write(&path, text).unwrap();
        let message = PublicLedger::read(&path).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

mod registers {
    use super::super::register::{Persons, Register};
    use crate::document::Node;
    use crate::params::{About, Field, any};
    use crate::population::{Table, TableParams};
    use std::fs;

    /// A table of these persons; `id` says whether the map names the id column.
    fn persons(range: std::ops::Range<usize>, id: bool) -> Persons {
        Persons::of(&table(range, id), Vec::new())
    }

    fn table(range: std::ops::Range<usize>, id: bool) -> Table {
        let map = format!(
            "{}outcome = \"bad\"\nlender_sees = [\"x\"]\nneeds_consent = [\"y\"]\nfeatures = [{{ columns = [\"x\", \"y\"], bounds = [0, 1000000] }}]\n",
            if id { "id = \"id\"\n" } else { "" }
        );
        let about = About { doc: "", unit: "", bounds: any(), source: "" };
        let node = Node::parse("map", &map).unwrap();
        let map = TableParams::read(&node, "map", &about, &mut Vec::new()).unwrap();
        let rows: String =
            range.map(|i| format!("{i},{},{},{}\n", i * 7_919 % 100_003, i * 104_729 % 100_003, i % 2)).collect();
        Table::from_csv("made-up", format!("id,x,y,bad\n{rows}").as_bytes(), &map, false).unwrap()
    }

    /// The same rows under another column map: nothing else agrees.
    #[test]
    fn rows_are_known_again_whatever_a_map_makes_of_them() {
        let of = |rows: std::ops::Range<u64>, first: usize| {
            Persons::of(&table(first..first + 9, false), rows.map(crate::rng::mix).collect())
        };
        let all = of(0..20_000, 100_000);
        assert!(all.overlap(&of(0..20_000, 200_000)), "all");
        assert!(all.overlap(&of(0..900, 200_000)) && of(0..900, 200_000).overlap(&all), "a small part");
        assert!(!all.overlap(&of(20_000..20_900, 200_000)), "others");
        assert!(of(0..600, 100_000).overlap(&of(5..33, 200_000)), "28 of 600");
        assert!(!of(0..600, 100_000).overlap(&of(598..700, 200_000)), "two of a hundred");
    }

    /// Also beyond the number of hashes that are kept.
    #[test]
    fn the_same_people_are_known_again_and_others_are_not() {
        for id in [true, false] {
            let all = persons(0..20_000, id);
            assert!(all.overlap(&persons(0..20_000, id)));
            assert!(all.overlap(&persons(300..20_400, id)), "a few more and less");
            assert!(all.overlap(&persons(0..6_000, id)), "a part");
            assert!(!all.overlap(&persons(20_000..40_000, id)), "others");
        }
        // One person in common is enough where there are ids.
        assert!(persons(0..50, true).overlap(&persons(49..99, true)));
        assert!(!persons(0..50, false).overlap(&persons(49..99, false)));
    }

    #[test]
    fn one_release_at_a_time_and_a_failed_one_is_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("r.json");
        let mut first = Register::open(&path).unwrap();
        let message = Register::open(&path).unwrap_err().to_string();
        assert!(message.contains("under way"), "{message}");
        let people = persons(0..50, true);
        first.enter("a", home.path(), (1.0, 0.0), people.clone()).unwrap();
        first.take_back().unwrap();
        assert!(!path.exists());
        first.enter("a", home.path(), (1.0, 0.0), people.clone()).unwrap();
        drop(first);
        let mut second = Register::open(&path).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(second.check(&people, None).unwrap_err().to_string().contains("cut off before it was published"));
        second.check(&people, Some(&[("a", 1.0, 0.0)])).unwrap();
        let message = second.check(&people, Some(&[("a", 0.01, 0.0)])).unwrap_err().to_string();
        assert!(message.contains("the register") && message.contains("says ε = 1"), "{message}");
        second.check(&persons(50..90, true), None).unwrap();
        second.enter("b", home.path(), (1.0, 0.0), people).unwrap();
        second.take_back().unwrap();
        assert_eq!(fs::read(&path).unwrap(), before);
        drop(second);
        fs::write(&path, "{}").unwrap();
        assert!(Register::open(&path).unwrap_err().to_string().contains("is not a register"));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no lock is left");
    }
}
