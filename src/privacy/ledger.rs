//! The ledger: what every release cost, and what they cost together.
//!
//! A total is computed from the entries and from nothing else, so a release that is not entered is a release that is
//! not paid for. Costs add up as follows.
//!
//! - *Sequential*: pure ε add; zCDP ρ add. Where both kinds occur, the smaller of: all as zCDP (ε-DP is ½ε²-zCDP), or
//!   the pure sum plus the ρ sum's ε.
//! - *Parallel*, only within one declared disjoint [`Partition`]: adding or removing one person touches one cell, so
//!   the dearest cell counts; replacing one person may touch two, so the two dearest count. Two partitions (community
//!   and district), like everything else, add.
//! - Central and local entries, and the two neighbouring relations, are different guarantees: they are never added.
//!
//! ρ → (ε, δ) is Canonne, Kamath & Steinke 2020, proposition 12, optimised over the order α > 1 ([`epsilon_of_rho`]).
//! Limits: no privacy-loss distributions, hence some 8 % above the exact Gaussian at ρ = ½, δ = 1e-5.

use super::accountant::epsilon_of_rho;
use super::gdp::epsilon_of_mu;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Which two data sets must look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neighbouring {
    /// One person with all months added or removed.
    AddRemove,
    /// One person's record replaced by another.
    ReplaceOne,
}

/// Who is trusted with the raw data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A curator holds the raw data and adds noise to what leaves.
    Central,
    /// Nobody: noise is added on each person's phone.
    Local,
}

/// The privacy cost of one release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cost {
    /// Pure differential privacy: ε.
    Pure(f64),
    /// Zero-concentrated differential privacy: ρ.
    Zcdp(f64),
    /// Discrete Gaussian noise: ρ by opendp's map, and μ-GDP with the grid's slack.
    Gaussian {
        /// ρ of zCDP.
        rho: f64,
        /// μ of Gaussian differential privacy.
        mu: f64,
    },
}

impl Cost {
    /// As ρ: ε-DP is ½ε²-zCDP.
    pub fn rho(self) -> f64 {
        match self {
            Self::Pure(epsilon) => 0.5 * epsilon * epsilon,
            Self::Zcdp(rho) | Self::Gaussian { rho, .. } => rho,
        }
    }

    /// ρ of what is not pure; 0 of what is.
    fn concentrated(self) -> f64 {
        if let Self::Pure(_) = self { 0.0 } else { self.rho() }
    }

    /// μ², where μ-GDP is claimed; ∞ for zCDP alone, 0 for pure ε.
    fn mu_squared(self) -> f64 {
        match self {
            Self::Pure(_) => 0.0,
            Self::Zcdp(_) => f64::INFINITY,
            Self::Gaussian { mu, .. } => mu * mu,
        }
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Pure(v) => BTreeMap::from([("epsilon", Finite(v))]),
            Self::Zcdp(v) => BTreeMap::from([("rho", Finite(v))]),
            Self::Gaussian { rho, mu } => BTreeMap::from([("rho", Finite(rho)), ("mu", Finite(mu))]),
        }
        .serialize(serializer)
    }
}

/// JSON knows no infinity: written as the text `infinite`.
struct Finite(f64);

impl Serialize for Finite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.serialize_str("infinite") }
    }
}

/// One cell of a disjoint partition of the persons, known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// The partition's name, e.g. `community`.
    pub name: String,
    /// The cell.
    pub cell: u64,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// What was released.
    pub query: String,
    /// Whose record is protected, e.g. `person, all months`.
    pub unit: String,
    /// Neighbouring relation.
    pub neighbouring: Neighbouring,
    /// Trust model.
    pub trust: Trust,
    /// Mechanism, e.g. `discrete Laplace`.
    pub mechanism: String,
    /// Norm of the sensitivity: `L1`, `L2`, or `discrete` (any change).
    pub norm: String,
    /// Sensitivity, in units of the released integers.
    pub sensitivity: f64,
    /// Noise scale in the same units; for randomised response the probability of the truth.
    pub scale: f64,
    /// What it cost: the answer of opendp's privacy map.
    pub cost: Cost,
    /// The cell of a disjoint partition that the release is confined to, if any.
    pub partition: Option<Partition>,
}

/// All releases of one arm of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// What the entries of one kind of guarantee cost together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guarantee {
    /// Trust model.
    pub trust: Trust,
    /// Neighbouring relation.
    pub neighbouring: Neighbouring,
    /// ε.
    pub epsilon: f64,
    /// δ; 0 where ε is pure.
    pub delta: f64,
}

/// What a ledger says was spent.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// ε; 0 for an empty ledger, NaN where the entries are of different kinds (see [`Spent::by_guarantee`]).
    pub epsilon: f64,
    /// δ; 0 where ε is pure.
    pub delta: f64,
    /// One total a kind of guarantee, in a fixed order.
    pub by_guarantee: Vec<Guarantee>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a release.
    pub fn enter(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// All releases, in the order they were made.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The total, at δ = `delta` where zCDP is involved. `delta` ≤ 0 there gives ε = ∞.
    pub fn spent(&self, delta: f64) -> Spent {
        let mut kinds: Vec<(Trust, Neighbouring)> = self.entries.iter().map(|e| (e.trust, e.neighbouring)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let by_guarantee: Vec<Guarantee> = kinds.into_iter().map(|kind| self.total(kind, delta)).collect();
        let (epsilon, delta) = match by_guarantee[..] {
            [] => (0.0, 0.0),
            [one] => (one.epsilon, one.delta),
            _ => (f64::NAN, f64::NAN),
        };
        Spent { epsilon, delta, by_guarantee }
    }

    fn total(&self, (trust, neighbouring): (Trust, Neighbouring), delta: f64) -> Guarantee {
        let sum = |cost: &dyn Fn(Cost) -> f64| {
            let mut alone = 0.0;
            let mut cells: BTreeMap<&str, BTreeMap<u64, f64>> = BTreeMap::new();
            for e in self.entries.iter().filter(|e| (e.trust, e.neighbouring) == (trust, neighbouring)) {
                match &e.partition {
                    None => alone += cost(e.cost),
                    Some(p) => *cells.entry(&p.name).or_default().entry(p.cell).or_default() += cost(e.cost),
                }
            }
            let touched = if neighbouring == Neighbouring::AddRemove { 1 } else { 2 };
            alone
                + cells
                    .values()
                    .map(|cell| {
                        let mut cost: Vec<f64> = cell.values().copied().collect();
                        cost.sort_unstable_by(|a, b| b.total_cmp(a));
                        cost.iter().take(touched).sum::<f64>()
                    })
                    .sum::<f64>()
        };
        let pure = sum(&|c| if let Cost::Pure(epsilon) = c { epsilon } else { 0.0 });
        let zcdp = sum(&Cost::concentrated);
        let gaussian = epsilon_of_mu(libm::sqrt(sum(&Cost::mu_squared)), delta);
        let (epsilon, delta) = if zcdp == 0.0 {
            (pure, 0.0)
        } else if pure == 0.0 {
            (epsilon_of_rho(zcdp, delta).min(gaussian), delta)
        } else {
            let together = epsilon_of_rho(sum(&Cost::rho), delta);
            (together.min(pure + epsilon_of_rho(zcdp, delta).min(gaussian)), delta)
        };
        Guarantee { trust, neighbouring, epsilon, delta }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(as_zcdp, epsilon_of_rho(0.105, 1e-6));
        assert!(as_zcdp < 0.1 + epsilon_of_rho(0.1, 1e-6));
        let basic = ledger(&[entry(Cost::Pure(9.0)), entry(Cost::Zcdp(1e-4))]).spent(1e-6).epsilon;
        assert_eq!(basic, 9.0 + epsilon_of_rho(1e-4, 1e-6));
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
        assert!(text.contains(r#""cost":{"rho":"infinite"}"#) && text.contains(r#""cost":{"rho":0.1}"#), "{text}");
    }
}
