//! Seven mistakes that a private release can have, each in a mechanism that is otherwise cohort sums to the bit.
//!
//! [`Sums`] is one cohort's release made of the same pieces as
//! [`disclosure::cohort_sums`](crate::disclosure::cohort_sums): clamp to public bounds, quantise, add up, calibrate,
//! add noise, enter. Without a fault it *is* that release, bit for bit (a test says so). A fault breaks one step and
//! leaves the claim as it was. The attacker knows both data sets and sees what is released
//! ([`transcript`](crate::attack::audit::transcript)); the test is that of the claim at its own edge
//! ([`pure_p`], [`gaussian_p`]).
//!
//! | fault | what is broken | canary | true loss, claim ε = 1 |
//! |---|---|---|---|
//! | `noise-halved` | scale half of what sensitivity and ε ask for | upper bound, or absent | 2 |
//! | `root-dropped` | d = 16 numbers calibrated to the sensitivity of one | upper bounds, or absent | μ four times the claimed |
//! | `clip-omitted` | values are not clamped | three times the upper bound, or absent | 5 |
//! | `bounds-of-the-data` | bounds read off the data | ten times the others' range, or absent | above 20 |
//! | `true-count` | the number of members leaves without noise | in the middle, or absent | ∞ |
//! | `uncounted` | a second release with fresh noise, entered once | upper bound, or absent | 2 |
//! | `wrong-relation` | the sensitivity of add/remove, sold as replace-one | upper bound in place of the lower | 2 |
//!
//! The other direction of the last, replace-one sold as add/remove, is no violation: it adds too much noise.

use super::Test;
use crate::attack::audit::bounds::{gaussian_p, pure_p};
use crate::attack::audit::{Claim, many};
use crate::error::Result;
use crate::privacy::{IntegerGaussian, IntegerLaplace, Ledger, Neighbouring, Noise, mu_of_epsilon};
use crate::rng::Streams;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Noise of half the scale.
    NoiseHalved,
    /// The sensitivity of one coordinate for d of them.
    RootDropped,
    /// Values beyond the public bounds are not clamped.
    ClipOmitted,
    /// Bounds are the least and the largest value.
    BoundsOfTheData,
    /// The number of members is released exactly.
    TrueCount,
    /// A second release is not entered.
    Uncounted,
    /// Add/remove noise under a claim of replace-one.
    WrongRelation,
}

/// All of them.
pub const FAULTS: [Fault; 7] = [
    Fault::NoiseHalved,
    Fault::RootDropped,
    Fault::ClipOmitted,
    Fault::BoundsOfTheData,
    Fault::TrueCount,
    Fault::Uncounted,
    Fault::WrongRelation,
];

impl Fault {
    /// In the words of a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoiseHalved => "noise halved",
            Self::RootDropped => "√d dropped",
            Self::ClipOmitted => "clip omitted",
            Self::BoundsOfTheData => "bounds read off the data",
            Self::TrueCount => "true number of members released",
            Self::Uncounted => "one release uncounted",
            Self::WrongRelation => "add/remove sold as replace-one",
        }
    }
}

/// Noise of a release, calibrated once.
#[derive(Clone, Debug)]
enum Calibrated {
    Laplace(IntegerLaplace),
    Gaussian(IntegerGaussian),
}

impl Calibrated {
    fn new(width: usize, grid: u32, epsilon: f64, delta: f64) -> Result<Self> {
        let (width, grid) = (width as u64, u64::from(grid));
        Ok(if delta > 0.0 {
            Self::Gaussian(IntegerGaussian::calibrate_mu(width * grid * grid, mu_of_epsilon(epsilon, delta))?)
        } else {
            Self::Laplace(IntegerLaplace::calibrate(width * grid, epsilon)?)
        })
    }

    fn release(&self, values: &mut [i64], noise: &mut Noise, ledger: &mut Ledger) -> Result<()> {
        match self {
            Self::Laplace(m) => m.release(values, "sums", noise, ledger),
            Self::Gaussian(m) => m.release(values, "sums", noise, ledger),
        }
    }

    fn neighbouring(self, relation: Neighbouring) -> Self {
        match self {
            Self::Laplace(m) => Self::Laplace(m.neighbouring(relation)),
            Self::Gaussian(m) => Self::Gaussian(m.neighbouring(relation)),
        }
    }
}

/// Sums of `columns` columns with public bounds 0 and 1 over one cohort, at (ε, δ).
#[derive(Clone, Debug)]
pub struct Sums {
    columns: usize,
    grid: u32,
    /// Whether the number of members is private, hence released with the sums.
    counted: bool,
    fault: Option<Fault>,
    /// The noise that is added.
    noise: Calibrated,
    /// The noise that the claim calls for.
    claimed: Calibrated,
    delta: f64,
}

impl Sums {
    /// Calibrated; with a fault, the claim is that of the sound mechanism.
    pub fn new(columns: usize, counted: bool, (epsilon, delta): (f64, f64), fault: Option<Fault>) -> Result<Self> {
        let grid = 64;
        let width = columns + usize::from(counted);
        let claimed = Calibrated::new(width, grid, epsilon, delta)?;
        let noise = match fault {
            Some(Fault::NoiseHalved) => Calibrated::new(width, grid / 2, epsilon, delta)?,
            Some(Fault::RootDropped) => Calibrated::new(1, grid, epsilon, delta)?,
            _ => claimed.clone(),
        };
        let claimed = match fault {
            Some(Fault::WrongRelation) => claimed.neighbouring(Neighbouring::ReplaceOne),
            _ => claimed,
        };
        Ok(Self { columns, grid, counted, fault, noise, claimed, delta })
    }

    /// round(K·(2(x − lo)/(hi − lo) − 1)), in [−K, K] where it is clamped.
    fn quantised(&self, x: f32, (lo, hi): (f64, f64)) -> i64 {
        let k = f64::from(self.grid);
        let scale = if hi > lo { 2.0 / (hi - lo) } else { 0.0 };
        if self.fault == Some(Fault::ClipOmitted) {
            return libm::round(k * ((f64::from(x) - lo) * scale - 1.0)) as i64;
        }
        libm::round(k * ((f64::from(x).clamp(lo, hi) - lo) * scale - 1.0)).clamp(-k, k) as i64
    }

    /// One release about the rows (one value a column): noisy sums, then the noisy number of members times K.
    pub fn release(&self, rows: &[Vec<f32>], noise: &mut Noise, ledger: &mut Ledger) -> Result<Vec<i64>> {
        let mut sums = vec![0i64; self.columns];
        for (j, sum) in sums.iter_mut().enumerate() {
            let column = || rows.iter().map(|row| f64::from(row[j]));
            let bounds = match self.fault {
                Some(Fault::BoundsOfTheData) => {
                    (column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max))
                }
                _ => (0.0, 1.0),
            };
            *sum = rows.iter().map(|row| self.quantised(row[j], bounds)).sum();
        }
        let members = i64::from(self.grid) * rows.len().cast_signed() as i64;
        let exact = self.fault == Some(Fault::TrueCount);
        if self.counted && !exact {
            sums.push(members);
        }
        // What is entered is the claim's, whatever noise is added.
        let truth = sums.clone();
        self.noise.release(&mut sums, noise, &mut Ledger::new())?;
        self.enter(ledger)?;
        if self.fault == Some(Fault::Uncounted) {
            let mut again = truth;
            self.noise.release(&mut again, noise, &mut Ledger::new())?;
            sums.extend(again);
        }
        if self.counted && exact {
            sums.push(members);
        }
        Ok(sums)
    }

    /// The entry of the claim: that of a release of nothing.
    fn enter(&self, ledger: &mut Ledger) -> Result<()> {
        let mut aside = Noise::new(crate::privacy::NoiseMode::Seeded, Streams::new(0, 0), 0);
        self.claimed.release(&mut [], &mut aside, ledger)
    }

    /// What the ledger claims.
    pub fn claim(&self) -> Result<Option<Claim>> {
        let mut ledger = Ledger::new();
        self.enter(&mut ledger)?;
        Ok(Claim::of(&ledger, self.delta))
    }

    /// How surprising `runs` runs with the canary and as many without are if the claim is true.
    pub fn p(&self, pair: &[Vec<Vec<f32>>; 2], runs: u32, streams: Streams) -> Result<f64> {
        let mechanism = |within: bool, mut noise: Noise, ledger: &mut Ledger| {
            let released = self.release(&pair[usize::from(within)], &mut noise, ledger)?;
            Ok(released.into_iter().map(i64::cast_unsigned).collect())
        };
        let seen = many(&mechanism, (crate::privacy::NoiseMode::Seeded, streams), 1, runs)?.runs;
        Ok(match self.claim()? {
            Some(Claim { mu: Some(mu), .. }) => gaussian_p(&seen, mu),
            Some(claim) => pure_p(&seen, claim.epsilon),
            None => 1.0,
        })
    }
}

/// Data without and with the canary: thirty persons in the middle, and the canary's value in every column (`None`:
/// absent).
fn pair(columns: usize, out: Option<f32>, within: Option<f32>) -> [Vec<Vec<f32>>; 2] {
    [out, within].map(|canary| {
        let others = (0..30).map(|i| 0.25 + 0.5 * (i % 2) as f32);
        others.chain(canary).map(|x| vec![x; columns]).collect()
    })
}

/// Runs with and without the canary in one test.
pub const RUNS: u32 = 2_000;

/// Whom the mechanism meets: (columns, counted, (ε, δ), data).
type Set = (usize, bool, (f64, f64), [Vec<Vec<f32>>; 2]);

fn set(fault: Fault) -> Set {
    let pure = (1.0, 0.0);
    match fault {
        Fault::RootDropped => (16, false, (1.0, 1e-6), pair(16, None, Some(1.0))),
        Fault::ClipOmitted => (1, false, pure, pair(1, None, Some(3.0))),
        Fault::BoundsOfTheData => (1, false, pure, pair(1, None, Some(5.0))),
        Fault::TrueCount => (1, true, pure, pair(1, None, Some(0.5))),
        Fault::WrongRelation => (1, false, pure, pair(1, Some(0.0), Some(1.0))),
        Fault::NoiseHalved | Fault::Uncounted => (1, false, pure, pair(1, None, Some(1.0))),
    }
}

/// Sound mechanisms on their worst neighbours: added, removed, replaced, extreme.
fn sound() -> Vec<(&'static str, Set)> {
    let (pure, gaussian) = ((1.0, 0.0), (1.0, 1e-6));
    vec![
        ("sums, Laplace: a person at the upper bound added", (1, false, pure, pair(1, None, Some(1.0)))),
        ("sums, Laplace: a person at the lower bound removed", (1, false, pure, pair(1, Some(0.0), None))),
        ("sums, Laplace: a person far beyond the bounds added", (1, false, pure, pair(1, None, Some(1e9)))),
        ("sums and members, Laplace: a person added", (1, true, pure, pair(1, None, Some(1.0)))),
        ("16 sums, Gaussian: a person at the upper bounds added", (16, false, gaussian, pair(16, None, Some(1.0)))),
        ("16 sums, Gaussian: a person at the lower bounds removed", (16, false, gaussian, pair(16, Some(0.0), None))),
        ("15 sums and members, Gaussian: a person added", (15, true, gaussian, pair(15, None, Some(1.0)))),
    ]
}

fn test(name: String, fault: Option<Fault>, set: Set) -> Test {
    let (columns, counted, budget, pair) = set;
    Test::new(name, fault.is_some(), move |streams| Sums::new(columns, counted, budget, fault)?.p(&pair, RUNS, streams))
}

pub(super) fn tests() -> Vec<Test> {
    let mut out: Vec<Test> = sound().into_iter().map(|(name, set)| test(name.to_owned(), None, set)).collect();
    out.extend(FAULTS.map(|fault| test(fault.word().to_owned(), Some(fault), set(fault))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{CohortAggregatesParams, cohort_sums};
    use crate::population::People;
    use crate::privacy::NoiseMode;
    use crate::view::{Column, Frame};

    /// Without a fault the harness is the production release, bit for bit; with any fault it is not.
    #[test]
    fn without_a_fault_it_is_the_production_release() {
        let rows: Vec<Vec<f32>> = (0..40).map(|i| vec![i as f32 / 30.0 - 0.1, (i * i % 17) as f32 / 16.0]).collect();
        let columns = vec![Column::new("a", 0.0, 1.0), Column::new("b", 0.0, 1.0)];
        let mut platform = Frame::zeros(columns, rows.len());
        for j in 0..2 {
            platform.column_mut(j).iter_mut().zip(&rows).for_each(|(x, row)| *x = row[j]);
        }
        let noise = || Noise::new(NoiseMode::Seeded, Streams::new(4, 0), 9);
        for (delta, counted) in [(0.0, true), (0.0, false), (1e-6, true), (1e-6, false)] {
            let people = People {
                default: vec![false; rows.len()],
                community: vec![0; rows.len()],
                communities: 1,
                cohort_sizes_public: !counted,
                platform: platform.clone(),
                ..People::empty()
            };
            let params = CohortAggregatesParams {
                features: vec!["a".into(), "b".into()],
                delta,
                ..CohortAggregatesParams::default()
            };
            let mut ledger = Ledger::new();
            let production = cohort_sums(&params, &people, 0.7, &mut noise(), &mut ledger).unwrap().sums;
            let ours = |fault| {
                let mut ledger = Ledger::new();
                let sums = Sums::new(2, counted, (0.7, delta), fault).unwrap();
                (sums.release(&rows, &mut noise(), &mut ledger).unwrap(), ledger.spent(delta))
            };
            assert_eq!(ours(None), (production.clone(), ledger.spent(delta)));
            for fault in
                FAULTS.into_iter().filter(|f| *f != Fault::WrongRelation && (counted || *f != Fault::TrueCount))
            {
                assert_ne!(ours(Some(fault)).0, production, "{fault:?}");
            }
        }
    }

    /// α = 1e-6 each, fixed luck; power by `pretick audit --self-test`.
    #[test]
    fn all_seven_are_caught_and_the_sound_are_not() {
        for test in tests() {
            let p = (test.p)(Streams::new(77, 0)).unwrap();
            assert_eq!(p < crate::attack::verify::LEVEL, test.broken, "{}: {p}", test.name);
        }
    }

    /// The calibration of all tests at the level .01: takes minutes. Bounds at 1e-6 for 1,000 repetitions: fewer than
    /// 1 or more than 27 of 10 expected.
    #[test]
    #[ignore = "minutes; run by hand, its numbers are in docs/attacks.md"]
    fn sound_mechanisms_fail_one_time_in_a_hundred() {
        for found in crate::attack::verify::self_test(1_000, &|_, _| {}).unwrap() {
            println!("{found:?}");
            assert!(found.broken || found.at_one_percent <= 27, "{found:?}");
            assert!(found.as_it_must(), "{found:?}");
        }
    }
}
