//! Who a person is: pure functions of (seed, person), sixteen at a time.
//!
//! ```text
//! quality     z = √ρ_d·D(district) + √ρ_c·C(community) + √(1−ρ_d−ρ_c)·E(person)      all N(0, 1)
//! log income  y = gap·[protected] + s·(r·z + √(1−r²)·ε)                              relative to the majority's median
//! activity    λ = median·exp(spread·ε)                                              payments a month
//! file        none / thin / thick by one uniform; the share with a file differs by `file_gap` between the groups
//! decile      number of theoretical 10 % cut points of y's mixture below y, plus 1
//! ```
//!
//! Nothing looks at all persons at once: the decile's cut points come from the mixture's CDF, so that a shard of a
//! population gives the same persons as the whole.

use super::lanes::{F32s, Ids, LANES, exp, flag, lanes, normals, unit};
use super::params::PopulationParams;
use super::platform::CATEGORIES;
use crate::error::{Error, Result};
use crate::rng::{Entity, Purpose, Streams};
use crate::stats::{normal_cdf, root_increasing};

/// Constants of the attributes.
#[derive(Clone, Debug)]
pub(super) struct PersonModel {
    community_size: u64,
    district_size: u64,
    /// √ρ_d, √ρ_c, √(1−ρ_d−ρ_c).
    roots: [f32; 3],
    group_share: f32,
    /// Probability of no file and of at most a thin one: majority, protected.
    file_below: [[f32; 2]; 2],
    income_gap: f32,
    /// s·r and s·√(1−r²).
    income: [f32; 2],
    decile_cuts: [f32; 9],
    activity: [f32; 2],
    habits: f32,
}

/// Sixteen persons.
#[derive(Clone, Debug)]
pub struct PersonLanes {
    /// Latent quality z.
    pub quality: F32s,
    /// 1 = protected group, 0 = majority.
    pub protected: F32s,
    /// 0 none, 1 thin, 2 thick.
    pub file: F32s,
    /// Log income, relative to the majority's median.
    pub log_income: F32s,
    /// Income decile, 1 … 10.
    pub decile: F32s,
    /// Mean payments a month.
    pub activity: F32s,
    /// Personal weights of the spending categories.
    pub habits: [F32s; CATEGORIES.len()],
    /// Lasting taste for credit, N(0, 1).
    pub taste: F32s,
    /// Lasting forgetfulness, N(0, 1).
    pub forgetfulness: F32s,
}

impl PersonModel {
    /// Whether the parameters fit each other.
    pub(super) fn check(p: &PopulationParams) -> Result<()> {
        own_share(p)?;
        file_cuts(p).map(|_| ())
    }

    pub(super) fn new(p: &PopulationParams, habits: f64) -> Result<Self> {
        let c = &p.correlation;
        let own = own_share(p)?;
        let r = p.income_quality_correlation;
        let spread = p.income.spread;
        Ok(Self {
            community_size: u64::from(p.community_size.max(1)),
            district_size: u64::from(p.community_size.max(1)) * u64::from(p.district_communities.max(1)),
            roots: [libm::sqrt(c.district) as f32, libm::sqrt(c.community) as f32, libm::sqrt(own) as f32],
            group_share: p.group.share as f32,
            file_below: file_cuts(p)?,
            income_gap: p.group.income_gap_log as f32,
            income: [(spread * r) as f32, (spread * libm::sqrt(1.0 - r * r)) as f32],
            decile_cuts: decile_cuts(p),
            activity: [libm::log(p.activity.median) as f32, p.activity.spread as f32],
            habits: habits as f32,
        })
    }

    /// Community of a person.
    pub(super) fn community(&self, person: u64) -> u64 {
        person / self.community_size
    }

    /// District of a person.
    pub(super) fn district(&self, person: u64) -> u64 {
        person / self.district_size
    }

    /// Persons `first .. first + 16`.
    #[inline(always)]
    pub(super) fn draw(&self, streams: Streams, first: u64) -> PersonLanes {
        let ids = Ids::persons(first);
        let of_person = normals(&ids.block(streams, 0, Purpose::Quality, 0)[0]);
        let communities = Ids::new(|l| Entity::Community(self.community(first + l as u64)));
        let of_community = normals(&communities.block(streams, 0, Purpose::Quality, 0)[0]);
        let districts = Ids::new(|l| Entity::District(self.district(first + l as u64)));
        let of_district = normals(&districts.block(streams, 0, Purpose::Quality, 0)[0]);
        let [d, c, e] = self.roots;
        let quality = lanes(|l| d * of_district[l] + c * of_community[l] + e * of_person[l]);

        let words = ids.block(streams, 0, Purpose::Attributes, 0);
        let protected = lanes(|l| flag(unit(words[0][l]) < self.group_share));
        let [majority, minority] = self.file_below;
        let file = lanes(|l| {
            let below = if protected[l] > 0.5 { minority } else { majority };
            let u = unit(words[1][l]);
            flag(u >= below[0]) + flag(u >= below[1])
        });
        let (income, activity) = (normals(&words[2]), normals(&words[3]));
        let log_income =
            lanes(|l| self.income_gap * protected[l] + self.income[0] * quality[l] + self.income[1] * income[l]);
        let mut decile = [1.0; LANES];
        for cut in self.decile_cuts {
            for l in 0..LANES {
                decile[l] += flag(log_income[l] > cut);
            }
        }
        let mut habits = [[0.0; LANES]; CATEGORIES.len()];
        for half in 0..2 {
            let words = ids.block(streams, 0, Purpose::Habits, half as u32);
            for k in 0..4 {
                let jitter = normals(&words[k]);
                let (_, share) = CATEGORIES[4 * half + k];
                habits[4 * half + k] = lanes(|l| share * exp(self.habits * jitter[l]));
            }
        }
        let words = ids.block(streams, 0, Purpose::Habits, 2);
        PersonLanes {
            quality,
            protected,
            file,
            log_income,
            decile,
            activity: lanes(|l| exp(self.activity[0] + self.activity[1] * activity[l])),
            habits,
            taste: normals(&words[0]),
            forgetfulness: normals(&words[1]),
        }
    }
}

/// 1 − ρ_d − ρ_c: what is left for the person.
fn own_share(p: &PopulationParams) -> Result<f64> {
    let shared = p.correlation.district + p.correlation.community;
    if shared >= 1.0 {
        let what = "population.correlation: community + district";
        return Err(Error::Range { what, value: shared, allowed: "below 1, so that something is left for the person" });
    }
    Ok(1.0 - p.correlation.district - p.correlation.community)
}

/// Cut points of the file depth by group; the shares hold overall, thin : thick is the same in both groups.
fn file_cuts(p: &PopulationParams) -> Result<[[f32; 2]; 2]> {
    let f = &p.file;
    let total = f.none + f.thin + f.thick;
    if (total - 1.0).abs() > 1e-6 {
        return Err(Error::Range { what: "population.file: none + thin + thick", value: total, allowed: "exactly 1" });
    }
    let with_file = f.thin + f.thick;
    let thin_part = if with_file > 0.0 { f.thin / with_file } else { 0.0 };
    let (share, gap) = (p.group.share, p.group.file_gap);
    let mut cuts = [[0.0; 2]; 2];
    for (cut, shift) in cuts.iter_mut().zip([-share * gap, (1.0 - share) * gap]) {
        let any = with_file + shift;
        if !(-1e-9..=1.0 + 1e-9).contains(&any) {
            return Err(Error::Range {
                what: "population.group.file_gap: the share of a group with a file",
                value: any,
                allowed: "0 to 1; a smaller gap keeps the overall shares",
            });
        }
        *cut = [(1.0 - any) as f32, (1.0 - any + any * thin_part) as f32];
    }
    Ok(cuts)
}

/// The nine points below which k·10 % of the mixture of both groups' log incomes lie.
fn decile_cuts(p: &PopulationParams) -> [f32; 9] {
    let (share, gap, sd) = (p.group.share, p.group.income_gap_log, p.income.spread.max(1e-6));
    let below = |y: f64| (1.0 - share) * normal_cdf(y / sd) + share * normal_cdf((y - gap) / sd);
    let reach = gap.abs() + 9.0 * sd;
    std::array::from_fn(|k| root_increasing(-reach, reach, |y| below(y) - 0.1 * (k + 1) as f64) as f32)
}
