//! All parameters, checked and turned into the constants of the kernel; what must be solved is solved here, once.

use super::bureau::BureauModel;
use super::intercept::{normal_grid, solve_bureau_intercept};
use super::params::{
    ApplicantsParams, BureauParams, HistoriesParams, Loadings, OutcomeParams, PopulationParams, Source, SyntheticParams,
};
use super::person::PersonModel;
use super::platform::PlatformModel;
use crate::error::{Error, Result};
use crate::stats::{logistic, root_increasing};

/// A synthetic world, ready to simulate any range of persons.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) months: usize,
    pub(super) person: PersonModel,
    pub(super) bureau: BureauModel,
    pub(super) platform: PlatformModel,
    pub(super) liquidity: Liquidity,
    pub(super) outcome: Outcome,
    pub(super) application: Application,
    /// Log of the national stress series, a value a month.
    pub(super) log_stress: Vec<f32>,
    pub(super) persons: u64,
    pub(super) community_size: u64,
    pub(super) district_communities: u64,
}

/// ℓₜ = φ·ℓₜ₋₁ + shock·ε.
#[derive(Clone, Debug)]
pub(super) struct Liquidity {
    pub(super) spread: f32,
    pub(super) persistence: f32,
    pub(super) shock: f32,
}

/// logit PD = a − b·z − burden·y.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) intercept: f32,
    pub(super) slope: f32,
    pub(super) burden: f32,
}

/// logit P(apply) = c + slope·ℓ.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) intercept: f32,
    pub(super) slope: f32,
}

impl Model {
    /// Checks what no single value shows, solves the intercepts. Some 20 ms, whatever the population's size.
    ///
    /// Errors: shares that do not sum to 1, correlations that leave nothing for the person, a gap too wide for the shares,
    /// loadings below 0 or above 8, exits of a delinquency state that exceed 1.
    pub fn new(
        population: &PopulationParams,
        histories: &HistoriesParams,
        outcome: &OutcomeParams,
        applicants: &ApplicantsParams,
        loadings: &Loadings,
    ) -> Result<Self> {
        let Source::Synthetic(synthetic) = &histories.source else {
            return Err(Error::Other("histories.source is a table: there is nothing to simulate".into()));
        };
        check(synthetic, loadings)?;
        let liquidity = &synthetic.liquidity;
        let (b, phi, s) = (loadings.bureau, liquidity.persistence, liquidity.spread);
        let intercept = solve_bureau_intercept(&synthetic.bureau, liquidity, b);
        Ok(Self {
            months: synthetic.months as usize,
            person: PersonModel::new(population, synthetic.platform.habits)?,
            bureau: BureauModel::new(&synthetic.bureau, liquidity, b, synthetic.months, intercept),
            platform: PlatformModel::new(&synthetic.platform, population, loadings.platform),
            liquidity: Liquidity {
                spread: s as f32,
                persistence: phi as f32,
                shock: (s * libm::sqrt(1.0 - phi * phi)) as f32,
            },
            outcome: Outcome {
                intercept: solve_outcome_intercept(population, outcome, loadings.outcome) as f32,
                slope: loadings.outcome as f32,
                burden: outcome.burden as f32,
            },
            application: solve_application(applicants, s),
            log_stress: vec![0.0; synthetic.months as usize],
            persons: population.persons,
            community_size: u64::from(population.community_size.max(1)),
            district_communities: u64::from(population.district_communities.max(1)),
        })
    }

    /// Months before the decision.
    pub fn months(&self) -> usize {
        self.months
    }

    /// Community of a person.
    pub fn community(&self, person: u64) -> u64 {
        self.person.community(person)
    }

    /// District of a person.
    pub fn district(&self, person: u64) -> u64 {
        self.person.district(person)
    }

    /// The same world under a national stress series: month t multiplies the entry hazard, and the odds of a late bill,
    /// by `stress[t]`; 1 is normal, months beyond its end are normal.
    #[must_use]
    pub fn with_stress(mut self, stress: &[f64]) -> Self {
        for (to, s) in self.log_stress.iter_mut().zip(stress) {
            *to = libm::log(s.max(1e-6)) as f32;
        }
        self
    }
}

fn check(synthetic: &SyntheticParams, loadings: &Loadings) -> Result<()> {
    for (what, value) in [
        ("the outcome loading", loadings.outcome),
        ("the bureau loading", loadings.bureau),
        ("the platform loading", loadings.platform),
    ] {
        if !(0.0..=8.0).contains(&value) {
            return Err(Error::Range { what, value, allowed: "0 to 8" });
        }
    }
    synthetic.bureau.check()
}

impl PopulationParams {
    /// What no single value shows: correlations that leave nothing for the person, shares that do not sum to 1, a gap too
    /// wide for them. The message begins with the key.
    pub fn check(&self) -> Result<()> {
        PersonModel::check(self)
    }
}

impl BureauParams {
    /// Exits of a delinquency state that exceed 1. The message begins with the key.
    pub fn check(&self) -> Result<()> {
        const AT: [&str; 2] = [
            "histories.source.synthetic.bureau: roll_60 + cure_30",
            "histories.source.synthetic.bureau: roll_90 + cure_60",
        ];
        let exits = [self.roll_60 + self.cure_30, self.roll_90 + self.cure_60];
        match AT.into_iter().zip(exits).find(|(_, value)| *value > 1.0) {
            Some((what, value)) => Err(Error::Range { what, value, allowed: "at most 1" }),
            None => Ok(()),
        }
    }
}

/// a with E σ(a − b·z − k·y) = base rate; y is normal within a group, correlated with z.
fn solve_outcome_intercept(population: &PopulationParams, outcome: &OutcomeParams, slope: f64) -> f64 {
    let (r, s, k) = (population.income_quality_correlation, population.income.spread, outcome.burden);
    let along = slope + k * s * r;
    let sd = libm::sqrt(along * along + k * k * s * s * (1.0 - r * r));
    let shift = -k * population.group.income_gap_log;
    let share = population.group.share;
    let grid = normal_grid(80, 0.1);
    let mean = |a: f64| -> f64 {
        grid.iter()
            .map(|(x, w)| w * ((1.0 - share) * logistic(a + sd * x) + share * logistic(a + shift + sd * x)))
            .sum()
    };
    root_increasing(-40.0, 20.0, |a| mean(a) - outcome.base_default_rate)
}

/// c with E σ(c + slope·x) = rate, x ~ N(0, 1); the slope is then turned to ℓ's own scale.
fn solve_application(p: &ApplicantsParams, spread: f64) -> Application {
    if p.rate >= 1.0 {
        return Application { intercept: 80.0, slope: 0.0 };
    }
    // Without stress nobody needs a loan more than others do.
    let need_slope = if spread > 0.0 { p.need_slope } else { 0.0 };
    let grid = normal_grid(80, 0.1);
    let mean = |c: f64| -> f64 { grid.iter().map(|(x, w)| w * logistic(c + need_slope * x)).sum() };
    let intercept = root_increasing(-40.0, 40.0, |c| mean(c) - p.rate) as f32;
    Application { intercept, slope: (need_slope / spread.max(f64::MIN_POSITIVE)) as f32 }
}
