//! Totals by hand, the least of several bounds, and what a ledger refuses to read.

use super::*;
use crate::privacy::accountant::epsilon_of_rho;
use crate::privacy::gdp::epsilon_of_mu;

fn entry(cost: Cost) -> Entry {
    Entry {
        query: "count".into(),
        unit: "person, all months".into(),
        neighbouring: Neighbouring::AddRemove,
        trust: Trust::Central,
        mechanism: "discrete Laplace".into(),
        norm: "L1".into(),
        sensitivity: 1.0,
        scale: 1.0,
        cost,
        partition: None,
    }
}

fn ledger(entries: &[Entry]) -> Ledger {
    let mut ledger = Ledger::new();
    entries.iter().cloned().for_each(|e| ledger.enter(e));
    ledger
}

fn cell(cost: Cost, name: &str, cell: u64) -> Entry {
    Entry { partition: Some(Partition { name: name.into(), cell }), ..entry(cost) }
}

#[test]
fn sequential_costs_add() {
    let pure = ledger(&[entry(Cost::Pure(0.25)), entry(Cost::Pure(0.5))]).spent(1e-6);
    assert_eq!((pure.epsilon, pure.delta), (0.75, 0.0));
    let zcdp = ledger(&[entry(Cost::Zcdp(0.25)), entry(Cost::Zcdp(0.25))]).spent(1e-5);
    assert_eq!((zcdp.epsilon, zcdp.delta), (epsilon_of_rho(0.5, 1e-5), 1e-5));
    assert_eq!(ledger(&[]).spent(1e-6).epsilon, 0.0);
}

/// The total comes from the entries: whichever is deleted, the total falls. A total kept beside would not.
#[test]
fn deleting_an_entry_changes_the_total() {
    let full = ledger(&[entry(Cost::Pure(0.3)), entry(Cost::Zcdp(0.01)), cell(Cost::Zcdp(0.02), "community", 1)]);
    for i in 0..3 {
        let mut cut = full.clone();
        cut.entries.remove(i);
        assert!(cut.spent(1e-6).epsilon < full.spent(1e-6).epsilon, "entry {i} costs nothing");
    }
}

#[test]
fn mixed_costs_take_the_smaller_valid_bound() {
    let as_zcdp = ledger(&[entry(Cost::Pure(0.1)), entry(Cost::Zcdp(0.1))]).spent(1e-6).epsilon;
    let (all, rest) = (epsilon_of_rho(0.105, 1e-6), epsilon_of_rho(0.1, 1e-6));
    assert!(as_zcdp <= all && as_zcdp > 0.99 * all && all < 0.1 + rest && as_zcdp > rest, "{as_zcdp} {all}");
    let basic = ledger(&[entry(Cost::Pure(9.0)), entry(Cost::Zcdp(1e-4))]).spent(1e-6).epsilon;
    let sum = 9.0 + epsilon_of_rho(1e-4, 1e-6);
    assert!(basic > 9.0 && basic <= sum && basic > 0.999 * sum, "{basic} {sum}");
    // Gaussian noise beside pure ε: the distribution of the loss beats every sum.
    let (mu, rho) = (0.5, 0.125);
    let mixed = ledger(&[entry(Cost::Pure(0.2)), entry(Cost::Gaussian { rho, mu })]);
    let (gaussian, all) = (epsilon_of_mu(mu, 1e-6), epsilon_of_rho(0.145, 1e-6));
    let finest = mixed.spent(1e-6).epsilon;
    assert!(finest > gaussian && finest < 0.999 * (gaussian + 0.2) && finest < 0.999 * all, "{finest}");
    let table = mixed.side_by_side(Trust::Central, Neighbouring::AddRemove, 1e-6).unwrap();
    assert_eq!(table.best(), finest);
}

/// Whatever the budget and however it is split, σ small or large: the total is within it.
#[test]
fn splitting_a_budget_over_gaussians_never_exceeds_it() {
    use crate::privacy::{Budget, IntegerGaussian, Noise, NoiseMode};
    for epsilon in [0.01, 1.0, 30.0, 1e3, 1e6, 1e12, 1e18] {
        for delta in [1e-12, 1e-5, 0.1] {
            let mu = Budget::new(epsilon, delta).unwrap().mu();
            let mut noise = Noise::new(NoiseMode::Seeded, crate::rng::Streams::new(1, 0), 1);
            let mut ledger = Ledger::new();
            // Coarse and fine grids, in unequal parts.
            for (square, share) in [(1u64, 0.05), (9, 0.2), (1 << 20, 0.3), (50 << 32, 0.45)] {
                let mu = mu * libm::sqrt(share);
                let Ok(m) = IntegerGaussian::calibrate_mu(square, mu) else { continue };
                m.release(&mut [5], "q", &mut noise, &mut ledger).unwrap();
            }
            let spent = ledger.spent(delta).epsilon;
            assert!(spent <= epsilon && spent > 0.0, "ε {epsilon}, δ {delta}: {spent}");
        }
    }
}

#[test]
fn parallel_composition_holds_within_one_partition_only() {
    let c = Cost::Pure(0.5);
    assert_eq!(ledger(&[cell(c, "community", 1), cell(c, "community", 2)]).spent(0.0).epsilon, 0.5);
    assert_eq!(ledger(&[cell(c, "community", 1), cell(c, "community", 1)]).spent(0.0).epsilon, 1.0);
    assert_eq!(ledger(&[cell(c, "community", 1), cell(c, "district", 2)]).spent(0.0).epsilon, 1.0);
    let replaced = |n| Entry { neighbouring: Neighbouring::ReplaceOne, ..cell(c, "community", n) };
    assert_eq!(ledger(&[replaced(1), replaced(2), replaced(3)]).spent(0.0).epsilon, 1.0);
}

#[test]
fn kinds_of_guarantee_are_never_added() {
    let local = Entry { trust: Trust::Local, neighbouring: Neighbouring::ReplaceOne, ..entry(Cost::Pure(2.0)) };
    let spent = ledger(&[entry(Cost::Pure(0.5)), local]).spent(1e-6);
    assert!(spent.epsilon.is_nan());
    let epsilons: Vec<f64> = spent.by_guarantee.iter().map(|g| g.epsilon).collect();
    assert_eq!(epsilons, [0.5, 2.0]);
}

#[test]
fn infinite_costs_stay_infinite_and_can_be_written() {
    let l = ledger(&[entry(Cost::Zcdp(f64::INFINITY)), entry(Cost::Zcdp(0.1))]);
    assert_eq!(l.spent(1e-6).epsilon, f64::INFINITY);
    let text = serde_json::to_string(&l).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), l);
    for bad in ["-1", "{}", r#""lots""#, "null"] {
        let text = text.replace(r#""rho":0.1"#, &format!(r#""rho":{bad}"#));
        assert!(serde_json::from_str::<Ledger>(&text).is_err(), "{bad}");
    }
    assert!(text.contains(r#""cost":{"rho":"infinite"}"#) && text.contains(r#""cost":{"rho":0.1}"#), "{text}");
}
