//! Membership inference: can anybody tell that a person's record is behind what an arm let out?
//!
//! *The game.* A pool of 2n persons; each is IN half of the shadow releases ([`Game`]), drawn anew with luck of their own. The
//! attacker holds a person's full record and outcome, knows the population that the others are drawn from, sees one release
//! and says how likely the record is in it. A coin is right half of the time.
//!
//! | arm | who attacks | the release | the score |
//! |---|---|---|---|
//! | raw | a third party that may ask the lender's scorer about anybody | the scorer fitted to the n members | [`lira`] |
//! | trained inside | the same | the arm's own DP scorer fitted to the n members, with fresh noise | [`lira`] |
//! | cohort sums | whoever reads the released sums | the sums over everybody, with or without the person, with fresh noise | likelihood ratio against a usual cohort |
//! | the same, `membership_worst` | an insider who knows all other members of the cohort | the same | exact likelihood ratio |
//! | randomised response, `report` | whoever holds one report | the report of the person, or of a random other person | likelihood ratio |
//!
//! The last is the linkage of a report to its sender, hence a name of its own: with reports from everybody, that a report exists
//! gives nothing away, so membership is not the question.
//! `membership_worst` is the adversary that ε is defined by; the others know the same in every arm.
//!
//! *Rows.* `attack.membership.*`, and `attack.membership_loss.*` for the plain threshold on the loss of the true outcome (one
//! for all persons, without shadow models):
//!
//! - `auc` with `.lo` and `.hi`; `advantage`, the largest true-positive minus false-positive rate (at its own best threshold, so above 0 even for a
//!   coin: read it beside its control); `tpr_at_0.001`, `tpr_at_0.01` with `.lo` and `.hi`
//!   (intervals are over the persons of one pool: [`Outcome`]);
//! - `accuracy`, the share of right guesses by a threshold that is chosen on half of the shadow models and counted on the
//!   other half (and the other way round), so that luck does not flatter it; and `risk`, made of it.
//!
//! Scores are pooled over persons and shadow models. *Baseline*: a coin. *Control*: the same attack on as many other persons
//! who are in none of the models, with halves drawn for them in the same way: what the statistic makes of nothing.
//!
//! The leakage is that of a scorer trained on n = `members` persons and *falls with n*: a lender with 50,000 loans gives less
//! away about each of them than is measured here. It is the same n in every arm, for comparison. A scorer that this attack does
//! not see through is not thereby safe. What a raw arm's *data* give away is another attack's subject ([`attribute`](super::attribute)); the
//! lender that holds them needs no inference.
//!
//! Limits: log-odds alone, one query a person; one-variance Gaussians; the shadows know all of the victim's settings. Pooling
//! favours persons whose membership shows in all models alike. Scorers that pretick cannot fit again (a program, an ONNX
//! model) are not attacked. The lender's scorer on top of released sums or reports is left out: as far as what a person shared
//! goes it is made of the release that is attacked itself.
//!
//! Sources: Shokri et al., S&P 2017; Yeom et al., CSF 2018 (loss threshold, advantage); Carlini et al., S&P 2022 (LiRA).

mod game;
mod lira;
mod outcome;
mod reports;
mod scorers;
mod sums;
#[cfg(test)]
mod taiwan;
#[cfg(test)]
mod tests;

pub use game::Game;
pub use lira::lira;
pub use outcome::{Outcome, Rate};

use super::{Measured, Scene};
use crate::disclosure::Disclosure;
use crate::error::{Error, Result};
use crate::evaluate::Emit;
use crate::params::between;
use crate::rng::Entity;
use std::sync::Arc;

crate::params! {
    /// Membership inference.
    pub struct MembershipParams {
        /// n: persons in each shadow model; the pool has twice as many, and as many again are controls.
        pub members: u32 = 500, "persons", between(10.0, 1e6), "assumed: small, for speed; leakage falls with n";
        /// Shadow models, or releases with fresh noise, of which every person of the pool is in half.
        pub shadows: u32 = 64, "models", between(8.0, 4096.0), "Carlini et al. (2022), fig. 9: more add little";
    }
}

/// Keep the draws of this attack apart from those of others: the sample, the halves of the pool, those of the controls.
const SALTS: [u16; 3] = [0x4d00, 0x4d01, 0x4d02];
/// False-positive rates at which hits are counted.
const RATES: [f64; 2] = [0.001, 0.01];

/// Adds `attack.membership.*`; what had to be left out is said in `emit.notes`.
pub fn measure(params: &MembershipParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let field = Field::of(params, scene);
    if field.pool.persons() < 4 {
        return Ok(());
    }
    let made = match scene.disclosure {
        Disclosure::Nothing => return Ok(()),
        Disclosure::Raw => scorers::raw(scene, &field, emit),
        Disclosure::TrainedInside(_) => scorers::trained_inside(scene, &field, emit),
        Disclosure::CohortAggregates(sums) => sums::measure(sums, scene, &field, emit),
        Disclosure::RandomisedResponse(reports) => reports::measure(reports, scene, &field, emit),
    };
    match made {
        Err(Error::Fit(why)) => {
            emit.note(format!(
                "attack.membership is left out where a shadow model cannot be fitted ({why}): raise attack.membership.members"
            ));
            Ok(())
        }
        made => made,
    }
}

/// Who is attacked in one scene, the same in every arm.
struct Field {
    /// Persons of the pool, then as many controls (positions in [`People`](crate::population::People)).
    persons: Vec<u32>,
    pool: Game,
    /// Halves of the controls, which nothing takes notice of.
    control: Game,
}

impl Field {
    /// Applicants of the scored half, no two copies of one person; fewer than asked for where there are not so many.
    fn of(params: &MembershipParams, scene: &Scene<'_>) -> Self {
        let (ranked, _) = scene.samples(scene.halves.score.len(), 0, SALTS[0]);
        let mut persons: Vec<u32> = scene.persons(&ranked);
        persons.retain(|i| scene.people.applicant[*i as usize]);
        // Copies have one draw and stand together.
        persons.dedup_by_key(|i| scene.who(*i));
        let each = (2 * params.members as usize).min(persons.len() / 2);
        persons.truncate(2 * each);
        let who: Vec<Entity> = persons.iter().map(|i| scene.who(*i)).collect();
        let game = |part: &[Entity], salt| Game::new(part, params.shadows as usize, scene.streams, salt);
        Self { pool: game(&who[..each], SALTS[1]), control: game(&who[each..], SALTS[2]), persons }
    }

    /// Persons of the pool at these positions.
    fn pick(&self, members: &[u32]) -> Vec<u32> {
        members.iter().map(|m| self.persons[*m as usize]).collect()
    }

    /// Cuts values of all persons, one model after the other, into those of the pool and of the controls.
    fn cut(&self, values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut pool, mut control) = (Vec::new(), Vec::new());
        for model in values.chunks_exact(self.persons.len()) {
            let (a, b) = model.split_at(self.pool.persons());
            pool.extend_from_slice(a);
            control.extend_from_slice(b);
        }
        (pool, control)
    }

    /// Adds the rows of one attack from its scores of the pool and of the controls.
    fn add(&self, name: &str, pool: &[f64], control: &[f64], emit: &mut Emit) {
        let (attack, control) = (Outcome::of(pool, &self.pool), Outcome::of(control, &self.control));
        let measured =
            |baseline, f: &dyn Fn(&Outcome) -> f64| Measured { attack: f(&attack), baseline, control: f(&control) };
        let add = |statistic: &str, (lo, hi): (f64, f64), emit: &mut Emit| {
            for (end, value) in [("lo", lo), ("hi", hi)] {
                emit.add(&format!("attack.{name}.{statistic}.{end}"), &Arc::from("all"), value);
            }
        };
        measured(0.5, &|o| o.auc).add(name, "auc", emit);
        add("auc", attack.auc_interval(), emit);
        measured(0.0, &|o| o.advantage).add(name, "advantage", emit);
        let accuracy = measured(0.5, &|o| o.accuracy);
        accuracy.add(name, "accuracy", emit);
        accuracy.add_risk(name, emit);
        for fpr in RATES {
            match (attack.at(fpr), control.at(fpr)) {
                (Ok(found), Ok(nothing)) => {
                    let statistic = format!("tpr_at_{fpr}");
                    Measured { attack: found.value, baseline: fpr, control: nothing.value }.add(name, &statistic, emit);
                    add(&statistic, (found.lo, found.hi), emit);
                }
                (Err((have, need)), _) | (_, Err((have, need))) => emit.note(format!(
                    "attack.membership: no true-positive rate at {fpr}: it takes {need} scores of non-members, there are {have}, one a person and shadow model that they are not in; raise attack.membership.members or .shadows, or attack more persons"
                )),
            }
        }
    }
}
