//! `cohort-aggregates`: noisy sums per cohort over all users, joined to applicants by cohort.
//!
//! A cohort's release is one integer vector: for each feature j the sum of
//! q(x) = round(K·(2(x − lo)/(hi − lo) − 1)) ∈ [−K, K], x clamped to its *public* bounds (centred at the middle, which
//! halves the bound; a special or missing value of a column that has such counts as the middle, 0), and, where cohort sizes are private, K times the number of members.
//!
//! **Sensitivity.** Cohorts are disjoint and publicly enumerated; adding or removing one person changes one cohort's
//! vector by at most K in each of its d coordinates: L1 ≤ d·K, L2 ≤ √d·K, d counting the size coordinate if it is
//! released. All cohorts together are one release (parallel composition within one partition).
//! A community's size is public by construction (the roster is; what a member paid is not), so no count is spent on it: there "removed"
//! means that the person's q(x) are 0 while the name stays on the roster, a change of at most K as well.
//!
//! Outcomes enter nothing. "Without own record" subtracts the applicant's q(x) from the noisy sum: a counterfactual
//! that only a simulator can make, to tell own information, diluted, from judging people by their neighbours. It has no
//! guarantee (two rows of one cohort differ by the exact q(x) of two persons), so it is entered at ε = ∞. In a bootstrap
//! all copies of the applicant are left out, or own information would stay in the sum.

use super::Request;
use crate::error::{Error, Result};
use crate::params::{above, any, between};
use crate::population::People;
use crate::privacy::{Cost, Entry, IntegerGaussian, IntegerLaplace, Ledger, Neighbouring, Noise, Trust, mu_of_epsilon};
use crate::view::{Column, Frame};

crate::choice! {
    /// The partition that is aggregated over.
    pub enum Cohort {
        /// Communities: family, colleagues, friends.
        Community => "community",
        /// Districts.
        District => "district",
        /// The cohort key of a table of real histories.
        Table => "table",
    }
}

crate::params! {
    /// Noisy statistics per cohort.
    pub struct CohortAggregatesParams {
        /// The partition.
        pub cohort: Cohort = Cohort::Community, "", any(), "the scenario's choice";
        /// Features that are averaged; empty takes the defaults of the source of histories. More features, more noise on each.
        pub features: Vec<String> = Vec::new(), "column names", any(), "assumed: late_share_24m and late_share_6m carry most of the signal";
        /// Total privacy loss, add or remove one person.
        pub epsilon: Vec<f64> = super::EPSILONS.to_vec(), "ε, smaller = more private", above(0.0, f64::INFINITY), "swept";
        /// 0: discrete Laplace noise, pure ε. Above 0: discrete Gaussian noise, (ε, δ) by GDP.
        pub delta: f64 = 0.0, "probability", between(0.0, 0.01), "pure ε by default";
        /// K: grid steps from the middle of a feature's range to its bound.
        pub grid: u32 = 64, "steps", between(1.0, 65536.0), "assumed: rounding error 1/(2K√3) of a half range a person, far below the noise";
    }
}

/// Columns that are used unless the scenario names others: late bills over both windows.
const DEFAULT_PREFIX: &str = "late_share_";

/// One release: the noisy integers of every cohort, and what they stand for.
#[derive(Clone, Debug)]
pub struct CohortSums {
    /// The partition.
    pub cohort: Cohort,
    /// Number of cohorts, people in them or not.
    pub cohorts: u32,
    /// The columns that were added up, with their public bounds.
    pub columns: Vec<Column>,
    /// K.
    pub grid: u32,
    /// A cohort after the other: a sum of q(x) a column, then K times the members where their number is private.
    pub sums: Vec<i64>,
    /// Members where their number is public, else empty.
    pub members: Vec<i64>,
}

impl CohortSums {
    /// Integers of one cohort.
    pub fn width(&self) -> usize {
        self.columns.len() + usize::from(self.members.is_empty())
    }

    /// Members of a cohort: as known, or K times the noisy number over K (may be negative).
    pub fn size(&self, cell: usize) -> f64 {
        match self.members.get(cell) {
            Some(n) => *n as f64,
            None => self.sums[cell * self.width() + self.columns.len()] as f64 / f64::from(self.grid),
        }
    }

    /// Mean of column k among `size` members whose q(x) sum to `sum`, in the column's units and within its bounds.
    pub fn mean(&self, k: usize, sum: f64, size: f64) -> f64 {
        let (lo, hi) = (f64::from(self.columns[k].lo), f64::from(self.columns[k].hi));
        let mean = (sum / (size.max(1.0) * f64::from(self.grid))).clamp(-1.0, 1.0);
        lo + (hi - lo) * 0.5 * (mean + 1.0)
    }
}

/// The noise of one release.
#[derive(Clone, Debug)]
pub enum CohortNoise {
    /// Pure ε.
    Laplace(IntegerLaplace),
    /// (ε, δ).
    Gaussian(IntegerGaussian),
}

/// Adds up, adds noise, enters the release: all of it within (ε, δ), δ from the parameters.
pub fn cohort_sums(
    params: &CohortAggregatesParams,
    people: &People,
    epsilon: f64,
    noise: &mut Noise,
    ledger: &mut Ledger,
) -> Result<CohortSums> {
    let exact = CohortSums::exact(params, people)?;
    let mechanism = exact.mechanism(epsilon, params.delta)?;
    exact.released(&mechanism, noise, ledger)
}

impl CohortSums {
    /// The sums without noise: not to be released.
    pub fn exact(params: &CohortAggregatesParams, people: &People) -> Result<Self> {
        let columns = chosen(&params.features, &people.platform, "disclosure.cohort-aggregates.features")?;
        let (cohort, cohorts) = cells(&params.cohort, people);
        let size_is_public = people.cohort_sizes_public;
        let quantised: Vec<Vec<i32>> = columns.iter().map(|&j| quantise(&people.platform, j, params.grid)).collect();
        let features = columns.len();
        let width = features + usize::from(!size_is_public);
        // Integer sums: the same bits in any order.
        let mut sums = vec![0i64; cohorts as usize * width];
        let mut members = vec![0i64; if size_is_public { cohorts as usize } else { 0 }];
        for (i, &c) in cohort.iter().enumerate() {
            for (k, q) in quantised.iter().enumerate() {
                sums[c as usize * width + k] += i64::from(q[i]);
            }
            if size_is_public {
                members[c as usize] += 1;
            } else {
                sums[c as usize * width + features] += i64::from(params.grid);
            }
        }
        let columns: Vec<Column> = columns.iter().map(|&j| people.platform.columns()[j].clone()).collect();
        Ok(Self { cohort: params.cohort.clone(), cohorts, columns, grid: params.grid, sums, members })
    }

    /// The noise that makes one release of these sums cost (ε, δ).
    pub fn mechanism(&self, epsilon: f64, delta: f64) -> Result<CohortNoise> {
        let (width, grid) = (self.width() as u64, u64::from(self.grid));
        if delta > 0.0 {
            let mu = mu_of_epsilon(epsilon, delta);
            return IntegerGaussian::calibrate_mu(width * grid * grid, mu).map(CohortNoise::Gaussian);
        }
        IntegerLaplace::calibrate(width * grid, epsilon).map(CohortNoise::Laplace)
    }

    /// The sums with noise; enters the release.
    pub fn released(mut self, mechanism: &CohortNoise, noise: &mut Noise, ledger: &mut Ledger) -> Result<Self> {
        let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        let size_is_public = self.width() == self.columns.len();
        let query = format!(
            "sums of {}{} per {} over all users{}",
            names.join(", "),
            if size_is_public { "" } else { " and member counts" },
            self.cohort.word(),
            if size_is_public { " (who is a member is public)" } else { "" }
        );
        match mechanism {
            CohortNoise::Laplace(m) => m.release(&mut self.sums, &query, noise, ledger)?,
            CohortNoise::Gaussian(m) => m.release(&mut self.sums, &query, noise, ledger)?,
        }
        Ok(self)
    }

    /// Of each of `persons`: their cohort, and what they add to its integers.
    pub fn parts(&self, people: &People, persons: &[u32]) -> Vec<(usize, Vec<i64>)> {
        let frame = people.platform.select(persons);
        let of = |c: &Column| frame.index(&c.name).map_or(Vec::new(), |j| quantise(&frame, j, self.grid));
        let quantised: Vec<Vec<i32>> = self.columns.iter().map(of).collect();
        let (cohort, _) = cells(&self.cohort, people);
        let size = (self.width() > self.columns.len()).then_some(i64::from(self.grid));
        let part = |(at, i): (usize, &u32)| {
            let part = quantised.iter().map(|q| i64::from(q[at])).chain(size).collect();
            (cohort[*i as usize] as usize, part)
        };
        persons.iter().enumerate().map(part).collect()
    }
}

/// The cell of each person, and how many cells there are.
fn cells<'a>(cohort: &Cohort, people: &'a People) -> (&'a [u32], u32) {
    match cohort {
        Cohort::Community | Cohort::Table => (&people.community, people.communities),
        Cohort::District => (&people.district, people.districts),
    }
}

/// One frame row a person: the noisy means of the person's cohort, in the features' own units.
pub(super) fn release(params: &CohortAggregatesParams, request: &Request<'_>, ledger: &mut Ledger) -> Result<Frame> {
    let people = request.people;
    let epsilon = request.epsilon.unwrap_or(f64::INFINITY);
    let table = cohort_sums(params, people, epsilon, &mut request.noise(), ledger)?;
    let (cohort, _) = cells(&params.cohort, people);
    let released: Vec<Column> = table
        .columns
        .iter()
        .map(|c| Column::new(&format!("{}_mean_{}", params.cohort.word(), c.name), c.lo, c.hi))
        .collect();
    let mut out = Frame::zeros(released, cohort.len());
    let own = if request.without_own_record { people.copies() } else { Vec::new() };
    if request.without_own_record {
        ledger.enter(own_record_entry());
    }
    let (width, names) = (table.width(), &table.columns);
    for k in 0..names.len() {
        // The applicant's own part is known again from the histories.
        let j = people.platform.index(&names[k].name).unwrap_or(0);
        let part = if own.is_empty() { Vec::new() } else { quantise(&people.platform, j, params.grid) };
        for (i, v) in out.column_mut(k).iter_mut().enumerate() {
            let (cell, copies) = (cohort[i] as usize, own.get(i).copied().unwrap_or(0));
            let mine = part.get(i).map_or(0, |q| copies * i64::from(*q));
            let sum = (table.sums[cell * width + k] - mine) as f64;
            *v = table.mean(k, sum, table.size(cell) - copies as f64) as f32;
        }
    }
    Ok(out)
}

/// Subtracting exact records undoes the noise between rows: no guarantee is left.
fn own_record_entry() -> Entry {
    Entry {
        query: "the applicant's own record, subtracted exactly: a simulator's counterfactual".into(),
        unit: "person, all months".into(),
        neighbouring: Neighbouring::AddRemove,
        trust: Trust::Central,
        mechanism: "none: exact records".into(),
        norm: "discrete".into(),
        sensitivity: 1.0,
        scale: 0.0,
        cost: Cost::Pure(f64::INFINITY),
        partition: None,
    }
}

/// Positions of the named columns; without names those of late bills, or the first two that need consent.
pub(super) fn chosen(names: &[String], frame: &Frame, key: &str) -> Result<Vec<usize>> {
    if names.is_empty() {
        let late = |j: &usize| frame.columns()[*j].name.starts_with(DEFAULT_PREFIX);
        let found: Vec<usize> = (0..frame.width()).filter(late).collect();
        let quantities = (0..frame.width()).filter(|j| !frame.columns()[*j].is_category());
        return Ok(if found.is_empty() { quantities.take(2).collect() } else { found });
    }
    if let Some(c) = frame.columns().iter().find(|c| c.is_category() && names.contains(&c.name)) {
        return Err(Error::Other(format!("{key}: `{}` is a category: its levels have no mean and no order", c.name)));
    }
    names
        .iter()
        .map(|n| {
            frame.index(n).ok_or_else(|| {
                let known: Vec<&str> = frame.columns().iter().map(|c| c.name.as_str()).collect();
                let hint = crate::document::suggest(n, known.iter().copied()).unwrap_or_default();
                Error::Other(format!("{key}: there is no column `{n}`; {hint} known: {}", known.join(", ")))
            })
        })
        .collect()
}

/// q(x) ∈ [−K, K] of every person.
fn quantise(frame: &Frame, j: usize, grid: u32) -> Vec<i32> {
    let c = &frame.columns()[j];
    let (lo, hi) = (f64::from(c.lo), f64::from(c.hi));
    let scale = if hi > lo { 2.0 / (hi - lo) } else { 0.0 };
    let k = f64::from(grid);
    let q = |x: f32| {
        if c.is_special(x) || (c.missing && x.is_nan()) {
            return 0;
        }
        let x = if x.is_nan() { lo } else { f64::from(x).clamp(lo, hi) };
        libm::round(k * ((x - lo) * scale - 1.0)).clamp(-k, k) as i32
    };
    frame.column(j).iter().map(|x| q(*x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Choices;
    use crate::disclosure::Halves;
    use crate::privacy::NoiseMode;
    use crate::rng::Streams;

    /// One cohort of four: person 0 thrice, person 1 once; values 1, 1, 1 and 0.
    fn people() -> People {
        let mut platform = Frame::zeros(vec![Column::new("late_share_6m", 0.0, 1.0)], 4);
        platform.column_mut(0)[..3].fill(1.0);
        People {
            community: vec![0; 4],
            district: vec![0; 4],
            communities: 1,
            districts: 1,
            default: vec![false; 4],
            cohort_sizes_public: false,
            origin: vec![0, 0, 0, 1],
            platform,
            ..People::empty()
        }
    }

    fn released(people: &People, without_own_record: bool) -> (Vec<f32>, f64) {
        let request = Request {
            people,
            halves: &Halves { train: Vec::new(), score: Vec::new() },
            choices: &Choices { noticed: Vec::new(), shares: Vec::new() },
            refusal_is_a_feature: false,
            epsilon: Some(1e9),
            without_own_record,
            streams: Streams::new(1, 0),
            noise: NoiseMode::Seeded,
            release: 0,
        };
        let mut ledger = Ledger::new();
        let frame = release(&CohortAggregatesParams::default(), &request, &mut ledger).unwrap();
        (frame.column(0).to_vec(), ledger.spent(0.0).epsilon)
    }

    #[test]
    fn no_copy_of_the_applicant_is_left_among_the_others() {
        let (mean, _) = released(&people(), false);
        assert_eq!(mean, [0.75; 4]);
        let (others, _) = released(&people(), true);
        assert_eq!(others, [0.0, 0.0, 0.0, 1.0]);
        // The twin: four originals, of whom one is left out.
        let (others, _) = released(&People { origin: Vec::new(), ..people() }, true);
        assert_eq!(others[3], 1.0);
        assert!((others[0] - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn exact_subtraction_is_not_sold_as_private() {
        assert!(released(&people(), false).1 <= 1e9);
        assert_eq!(released(&people(), true).1, f64::INFINITY);
    }
}
