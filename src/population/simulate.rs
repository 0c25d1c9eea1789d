//! A range of persons, in parallel: the same bits for any number of threads and any split into ranges.

use super::features::{BUREAU_COLUMNS, FeatureSink, PLATFORM_COLUMNS, bureau_columns, platform_columns};
use super::kernel::simulate_block;
use super::lanes::LANES;
use super::model::Model;
use super::params::{ApplicantsParams, HistoriesParams, Loadings, OutcomeParams, PopulationParams};
use super::payments::Payments;
use super::people::{FileDepth, People};
use super::platform::CATEGORIES;
use crate::error::{Error, Result};
use crate::rng::Streams;
use crate::view::Frame;
use rayon::prelude::*;

/// Persons that one task simulates.
const PIECE: usize = 4096;

/// Simulates persons `first .. first + persons`. Memory: what [`People`] keeps, and nothing a person-month.
///
/// Errors: those of [`Model::new`], and person numbers beyond 2³² communities.
#[allow(clippy::too_many_arguments, reason = "one table of the scenario each")]
pub fn simulate(
    population: &PopulationParams,
    histories: &HistoriesParams,
    outcome: &OutcomeParams,
    applicants: &ApplicantsParams,
    loadings: &Loadings,
    streams: Streams,
    first: u64,
    persons: usize,
) -> Result<People> {
    Model::new(population, histories, outcome, applicants, loadings)?.people(streams, first, persons)
}

impl Model {
    /// Simulates persons `first .. first + persons`.
    pub fn people(&self, streams: Streams, first: u64, persons: usize) -> Result<People> {
        let everybody = self.persons.max(first + persons as u64);
        let communities = u32::try_from(everybody.div_ceil(self.community_size)).map_err(|_| Error::Range {
            what: "population.persons",
            value: everybody as f64,
            allowed: "at most 2^32 communities",
        })?;
        let mut people = People {
            first,
            quality: vec![0.0; persons],
            group: vec![0; persons],
            group_names: vec!["majority".into(), "protected".into()],
            file: vec![FileDepth::None; persons],
            decile: vec![0; persons],
            applicant: vec![false; persons],
            active: vec![false; persons],
            pd: vec![0.0; persons],
            default: vec![false; persons],
            community: vec![0; persons],
            district: vec![0; persons],
            communities,
            districts: u64::from(communities).div_ceil(self.district_communities) as u32,
            cohort_sizes_public: true,
            origin: Vec::new(),
            attribute_months: ((4 + CATEGORIES.len()) * self.months) as f64,
            bureau_attribute_months: (2 * self.months) as f64,
            payments: Payments::default(),
            bureau: Frame::zeros(bureau_columns(self.months), persons),
            platform: Frame::zeros(platform_columns(self.months), persons),
        };
        pieces(&mut people).into_par_iter().for_each(|mut piece| piece.fill(self, streams));
        Ok(people)
    }
}

/// The places of some consecutive persons in [`People`].
struct Piece<'a> {
    first: u64,
    quality: &'a mut [f32],
    group: &'a mut [u8],
    file: &'a mut [FileDepth],
    decile: &'a mut [u8],
    applicant: &'a mut [bool],
    active: &'a mut [bool],
    pd: &'a mut [f32],
    default: &'a mut [bool],
    community: &'a mut [u32],
    district: &'a mut [u32],
    bureau: Vec<&'a mut [f32]>,
    platform: Vec<&'a mut [f32]>,
}

fn pieces(people: &mut People) -> Vec<Piece<'_>> {
    let first = people.first;
    let mut bureau: Vec<_> = people.bureau.columns_mut().map(|c| c.chunks_mut(PIECE)).collect();
    let mut platform: Vec<_> = people.platform.columns_mut().map(|c| c.chunks_mut(PIECE)).collect();
    let mut group = people.group.chunks_mut(PIECE);
    let mut file = people.file.chunks_mut(PIECE);
    let mut decile = people.decile.chunks_mut(PIECE);
    let mut applicant = people.applicant.chunks_mut(PIECE);
    let mut active = people.active.chunks_mut(PIECE);
    let mut pd = people.pd.chunks_mut(PIECE);
    let mut default = people.default.chunks_mut(PIECE);
    let mut community = people.community.chunks_mut(PIECE);
    let mut district = people.district.chunks_mut(PIECE);
    let quality = people.quality.chunks_mut(PIECE);
    quality
        .enumerate()
        .map_while(|(i, quality)| {
            Some(Piece {
                first: first + (i * PIECE) as u64,
                quality,
                group: group.next()?,
                file: file.next()?,
                decile: decile.next()?,
                applicant: applicant.next()?,
                active: active.next()?,
                pd: pd.next()?,
                default: default.next()?,
                community: community.next()?,
                district: district.next()?,
                bureau: bureau.iter_mut().filter_map(Iterator::next).collect(),
                platform: platform.iter_mut().filter_map(Iterator::next).collect(),
            })
        })
        .collect()
}

impl Piece<'_> {
    fn fill(&mut self, model: &Model, streams: Streams) {
        for start in (0..self.quality.len()).step_by(LANES) {
            let mut sink = FeatureSink::new(model.months);
            let block = simulate_block(model, streams, self.first + start as u64, &mut sink);
            let here = LANES.min(self.quality.len() - start);
            let active = sink.active();
            for lane in 0..here {
                let i = start + lane;
                let id = self.first + i as u64;
                self.quality[i] = block.person.quality[lane];
                self.group[i] = block.person.protected[lane] as u8;
                self.file[i] = match block.person.file[lane] as u8 {
                    0 => FileDepth::None,
                    1 => FileDepth::Thin,
                    _ => FileDepth::Thick,
                };
                self.decile[i] = block.person.decile[lane] as u8;
                self.applicant[i] = block.applicant[lane];
                self.active[i] = active[lane];
                self.pd[i] = block.pd[lane];
                self.default[i] = block.default[lane];
                self.community[i] = model.person.community(id) as u32;
                self.district[i] = model.person.district(id) as u32;
            }
            let bureau: [_; BUREAU_COLUMNS] = sink.bureau(&block.person);
            let platform: [_; PLATFORM_COLUMNS] = sink.platform();
            for (to, from) in self.bureau.iter_mut().zip(&bureau).chain(self.platform.iter_mut().zip(&platform)) {
                to[start..start + here].copy_from_slice(&from[..here]);
            }
        }
    }
}
