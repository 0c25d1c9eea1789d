//! What the entries of a ledger cost together, by the rules of its [module](super): from the entries and nothing else.

use super::{Cost, Ledger, Neighbouring, Trust};
use crate::privacy::accountant::{Composition, Event, SideBySide, epsilon_of_rho, mu_of_pure};
use crate::privacy::gdp::epsilon_of_mu;
use std::collections::BTreeMap;

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

impl Cost {
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

impl Ledger {
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
