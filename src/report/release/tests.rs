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
