//! How the values of one replication move with the persons of its table.
//!
//! The persons of a table stand in [`BLOCKS`] blocks that are the same in every replication. For each block the values are
//! measured again without those of it who are scored; and for one of at most [`MOST_PARTS`] parts of the blocks (another from one
//! replication to the next, so that each part has its turn twice or more) the arm learns again, with the same noise, without
//! those of it who train. Noise, choices and the split stay as they are, so that what moves a
//! value is the persons alone; [`crate::report::interval`] makes of it the part of an interval that no number of replications
//! averages out.
//!
//! Limits: what a person does through the statistics of a cohort is not counted, and attacks are not measured again.

use super::arm::{ArmPoint, Scored, Seen, measure, score_on};
use super::world::{BLOCKS, World};
use crate::error::{Error, Result};
use crate::evaluate::{Emit, Influence, Judged, Row, Untaught};
use crate::privacy::NoiseMode;
use crate::scenario::Scenario;
use std::sync::Arc;

/// Replications in which influences are measured: more would cost time and tell nothing new.
pub(super) const STUDIED: u32 = 20;

/// Most parts that are left out of what is learnt, one a replication. Each must have its turn twice, to tell what persons
/// move from what steps (an approval more or less) do.
const MOST_PARTS: u32 = 5;

/// PDs of the reference arm, and those of its fit without the replication's part.
pub(super) struct Reference {
    /// From all who train.
    pub pd: Vec<f64>,
    /// Without the part; `None` where that fit failed or was not made.
    pub without: Option<Vec<f64>>,
}

/// (part, parts) that a replication learns without.
fn part_of(scenario: &Scenario, replication: u32) -> (u8, u8) {
    let parts = (scenario.replications.min(STUDIED) / 2).clamp(2, MOST_PARTS);
    ((replication % parts) as u8, parts as u8)
}

/// Whether influences are measured in this replication.
pub(super) fn studied(world: &World, replication: u32) -> bool {
    !world.blocks.is_empty() && replication < STUDIED
}

/// The arm's scores where nobody of the replication's part trains; `None` where they cannot be had.
pub(super) fn score_without(
    scenario: &Scenario,
    world: &World,
    point: &ArmPoint,
    noise: NoiseMode,
    replication: u32,
) -> Result<Option<Scored>> {
    match score_on(scenario, world, &world.untaught(part_of(scenario, replication)), point, noise) {
        Ok(scored) => Ok(Some(scored)),
        Err(Error::Interrupted) => Err(Error::Interrupted),
        // One outcome alone is left, for example. The intervals do without it.
        Err(_) => Ok(None),
    }
}

/// What the values of an arm are measured with.
pub(super) struct Measured<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The replication's persons and luck.
    pub world: &'a World,
    /// The arm.
    pub point: &'a ArmPoint,
    /// Its scores.
    pub scored: &'a Scored,
    /// The arm that winners and losers are counted against.
    pub reference: Option<&'a Reference>,
    /// The groups that are compared.
    pub judged: &'a Judged,
}

impl Measured<'_> {
    /// Gives the rows in `emit`, which [`measure`] made, their influences.
    pub(super) fn influences(&self, noise: NoiseMode, emit: &mut Emit) -> Result<()> {
        let world = self.world;
        let block = |scored: usize| world.blocks[world.halves.score[scored] as usize];
        let mut found = vec![Influence { scored: vec![f32::NAN; usize::from(BLOCKS)], learnt: None }; emit.rows.len()];
        for left_out in 0..BLOCKS {
            let groups = world.groups.only(|p| block(p as usize) != left_out);
            let applicant: Vec<bool> =
                world.applicant.iter().enumerate().map(|(p, a)| *a && block(p) != left_out).collect();
            let there = |i: usize| world.blocks[i] != left_out;
            let seen = Seen { groups: &groups, applicant: &applicant, there: &there };
            let rows = self.again(self.scored, self.reference.map(|r| r.pd.as_slice()), &seen, emit)?;
            follow(&emit.rows, &rows, |at, moved| found[at].scored[usize::from(left_out)] = moved);
        }
        let without = score_without(self.scenario, world, self.point, noise, emit.replication)?;
        let reference = self.reference.map(|r| r.without.as_deref());
        if let (Some(scored), None | Some(Some(_))) = (&without, &reference) {
            let seen = Seen { groups: &world.groups, applicant: &world.applicant, there: &|_| true };
            let rows = self.again(scored, reference.flatten(), &seen, emit)?;
            let (part, parts) = part_of(self.scenario, emit.replication);
            follow(&emit.rows, &rows, |at, moved| found[at].learnt = Some(Untaught { part, parts, moved }));
        }
        for (row, influence) in emit.rows.iter_mut().zip(found) {
            if influence.scored.iter().any(|v| v.is_finite()) {
                row.influence = Some(Arc::new(influence));
            }
        }
        Ok(())
    }

    fn again(&self, scored: &Scored, reference: Option<&[f64]>, seen: &Seen<'_>, like: &Emit) -> Result<Vec<Row>> {
        let mut emit = like.clone_empty();
        emit.rows.reserve(like.rows.len());
        measure(self.scenario, self.world, self.point, scored, reference, self.judged, seen, &mut emit)?;
        Ok(emit.rows)
    }
}

/// Tells by how much each row moved: the same rows in the same order, of which some may be gone.
fn follow(rows: &[Row], again: &[Row], mut tell: impl FnMut(usize, f32)) {
    let mut left = again.iter().peekable();
    for (at, row) in rows.iter().enumerate() {
        if let Some(other) = left.next_if(|o| o.metric == row.metric && o.group == row.group) {
            tell(at, (other.value - row.value) as f32);
        }
    }
}
