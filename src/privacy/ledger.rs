//! The ledger: what every release cost, and what they cost together.
//!
//! A total is computed from the entries and from nothing else, so a release that is not entered is a release that is
//! not paid for. Costs add up as follows.
//!
//! - *Sequential*: pure ε add; ρ and μ² add. Where all entries carry a μ, the smaller of what ρ and μ say. Where pure
//!   entries and others occur together, the least of: all as zCDP (ε-DP is ½ε²-zCDP), all as GDP, the pure sum plus the others' ε, and,
//!   where no partition is involved, RDP and privacy loss distributions ([`accountant`](super::accountant)).
//! - *Parallel*, only within one declared disjoint [`Partition`]: adding or removing one person touches one cell, so
//!   the dearest cell counts; replacing one person may touch two, so the two dearest count. Two partitions (community
//!   and district), like everything else, add.
//! - *Adaptive*: what is released, and with which noise, may depend on the answers before, but the costs are fixed beforehand. A
//!   scorer that ends early because noise swamps its data pays for what it leaves out ([`Ledger::forfeit`]). Whoever chooses the
//!   budget of one more release by the answers so far needs a bound on the total that was fixed before the first: the sum alone
//!   is then no promise (Rogers, Roth, Ullman & Vadhan 2016: a filter, not an odometer; Smith & Thakurta 2022 for GDP).
//! - Central and local entries, and the two neighbouring relations, are different guarantees: they are never added.
//!
//! ρ → (ε, δ) is Canonne, Kamath & Steinke 2020, proposition 12, optimised over the order α > 1 ([`epsilon_of_rho`]); μ → (ε, δ) is
//! exact and carries the slack of the grid ([`epsilon_of_mu`]).

use super::accountant::{Composition, Event, SideBySide, epsilon_of_rho, mu_of_pure};
use super::gdp::epsilon_of_mu;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Which two data sets must look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neighbouring {
    /// One person with all months added or removed.
    AddRemove,
    /// One person's record replaced by another.
    ReplaceOne,
}

/// Who is trusted with the raw data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// As an event of the accountant; `None` where the cost is infinite or nothing.
    fn event(self) -> Option<Event> {
        let event = match self {
            Self::Pure(epsilon) => Event::Pure { epsilon },
            Self::Gaussian { mu, .. } if mu.is_finite() => Event::Gaussian { mu },
            Self::Zcdp(rho) | Self::Gaussian { rho, .. } => Event::Zcdp { rho },
        };
        (self.rho() > 0.0 && self.rho().is_finite()).then_some(event)
    }

    /// μ² of everything: ε-DP is GDP too.
    fn all_mu_squared(self) -> f64 {
        if let Self::Pure(epsilon) = self { mu_of_pure(epsilon) * mu_of_pure(epsilon) } else { self.mu_squared() }
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

impl<'de> Deserialize<'de> for Cost {
    /// Refuses what is no cost: a ledger that is added to came from a file.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Finite(f64),
            Text(String),
        }
        let fields = BTreeMap::<String, Number>::deserialize(deserializer)?;
        let number = |key: &str| match fields.get(key) {
            None => Ok(None),
            Some(Number::Finite(v)) if *v >= 0.0 => Ok(Some(*v)),
            Some(Number::Text(word)) if word == "infinite" => Ok(Some(f64::INFINITY)),
            Some(_) => Err(serde::de::Error::custom(format!("a cost's {key} is neither at least 0 nor \"infinite\""))),
        };
        match (number("epsilon")?, number("rho")?, number("mu")?) {
            (Some(epsilon), None, None) => Ok(Self::Pure(epsilon)),
            (None, Some(rho), None) => Ok(Self::Zcdp(rho)),
            (None, Some(rho), Some(mu)) => Ok(Self::Gaussian { rho, mu }),
            _ => Err(serde::de::Error::custom("a cost is one of epsilon, rho, or rho and mu")),
        }
    }
}

/// One cell of a disjoint partition of the persons, known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// The partition's name, e.g. `community`.
    pub name: String,
    /// The cell.
    pub cell: u64,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What it cost: ε and ρ by opendp's privacy map, μ by the proof in [`grid`](super::grid).
    pub cost: Cost,
    /// The cell of a disjoint partition that the release is confined to, if any.
    pub partition: Option<Partition>,
}

/// All releases of one arm of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

    /// Enters a cost of μ without a release: what a mechanism gives up that ends early because of its own noisy answers. Without
    /// it the total would depend on the noise, and the theorems are about costs that are fixed beforehand.
    pub fn forfeit(&mut self, query: &str, mu: f64) {
        self.enter(Entry {
            query: query.to_owned(),
            unit: "person, all months".into(),
            neighbouring: Neighbouring::AddRemove,
            trust: Trust::Central,
            mechanism: "none: nothing is released".into(),
            norm: "L2".into(),
            sensitivity: 0.0,
            scale: 0.0,
            cost: Cost::Gaussian { rho: 0.5 * mu * mu, mu },
            partition: None,
        });
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

    /// ε at `delta` by every accountant for the entries of one kind of guarantee; `None` where a partition is involved (the total of
    /// [`Ledger::spent`] knows parallel composition, this does not) or a cost is infinite.
    pub fn side_by_side(&self, trust: Trust, neighbouring: Neighbouring, delta: f64) -> Option<SideBySide> {
        let mut all = Composition::new();
        for e in self.entries.iter().filter(|e| (e.trust, e.neighbouring) == (trust, neighbouring)) {
            if e.partition.is_some() {
                return None;
            }
            match e.cost.event() {
                Some(event) => all.add(event, 1).ok()?,
                None if e.cost.rho() > 0.0 => return None,
                None => {}
            }
        }
        Some(all.side_by_side(delta))
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
            let as_zcdp = epsilon_of_rho(sum(&Cost::rho), delta);
            let as_gdp = epsilon_of_mu(libm::sqrt(sum(&Cost::all_mu_squared)), delta);
            let basic = pure + epsilon_of_rho(zcdp, delta).min(gaussian);
            let finer = self.side_by_side(trust, neighbouring, delta).map_or(f64::INFINITY, |s| s.best());
            (as_zcdp.min(as_gdp).min(basic).min(finer), delta)
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
}
