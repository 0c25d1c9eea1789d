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
//! ρ → (ε, δ) is Canonne, Kamath & Steinke 2020, proposition 12, optimised over the order α > 1 ([`epsilon_of_rho`](super::epsilon_of_rho)); μ → (ε, δ) is
//! exact and carries the slack of the grid ([`epsilon_of_mu`](super::epsilon_of_mu)).

mod totals;

pub use self::totals::{Guarantee, Spent};
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
}

#[cfg(test)]
mod tests;
