//! Membership inference: can anybody tell that a person's record is behind what an arm let out?
//!
//! *The game.* A pool of 2n persons; each is IN half of the shadow releases ([`Game`]), drawn anew with luck of their own. The
//! attacker holds a person's full record and outcome, knows the population that the others are drawn from, sees one release
//! and says how likely the record is in it. A coin is right half of the time.
//!
//! | arm | who attacks | the release | the score |
//! |---|---|---|---|
//! | raw | a third party that may ask the lender's scorer about anybody | the scorer fitted to the n members | [`shrunk_lira`] |
//! | trained inside | the same | the arm's own DP scorer fitted to the n members, with fresh noise | [`shrunk_lira`] |
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
//! - `auc_person` with `.lo` and `.hi`: the AUC among one person's own scores, averaged over persons ([`PerPerson`]);
//! - `accuracy`, the share of right guesses by a threshold that is chosen on half of the shadow models and counted on the
//!   other half (and the other way round), so that luck does not flatter it; and `risk`, made of it.
//!
//! Scores are pooled over persons and shadow models, but in `auc_person`. Read the two together. A loss is large or small of a
//! person whether they are a member or not, so one threshold for all misses much: on Taiwanese card holders and boosted trees the
//! pooled AUC of the loss is .65, that of each person's own .73. Λ is on one scale for all persons, and there the pooled AUC is
//! usually the larger (.81 and .72), because it ranks first those of whom the attacker is most certain.
//!
//! *Baseline*: a coin. *Control*: the same attack on as many other persons who are in none of the models, with halves drawn for them in the same way: what the statistic makes of nothing.
//!
//! The leakage is that of a scorer trained on n = `members` persons and *falls with n*: a lender with 50,000 loans gives less
//! away about each of them than is measured here. It is the same n in every arm, for comparison. A scorer that this attack does
//! not see through is not thereby safe. What a raw arm's *data* give away is another attack's subject ([`attribute`](super::attribute)); the
//! lender that holds them needs no inference.
//!
//! # Eight shadow models
//!
//! [`shrunk_lira`] pools what shadow models say of all persons. On scorers of n = 500 Taiwanese card holders, 4 pools, the AUC is
//!
//! | scorer | 8 shadows | 64 shadows | each person alone ([`lira`]), 8 | the same, 64 |
//! |---|---|---|---|---|
//! | logistic regression | .565 | .566 | .518 | .541 |
//! | boosted trees | .804 | .806 | .749 | .804 |
//! | DP logistic regression, ε = 8 | .546 | .547 | .509 | .525 |
//!
//! so 8 are enough for the AUC (a test keeps the two within .005). Hits at few false alarms need the tails of single persons and
//! still gain from more models. No pooling helps where persons differ in ways that their surprise does not tell: 8 models then find
//! what 8 find of each person alone, and 64 find more.
//!
//! # Limits
//!
//! Log-odds alone, one query a person; one-variance Gaussians; the shadows know all of the victim's settings.
//! Scorers that pretick cannot fit again (a program, an ONNX model) are not attacked. The lender's scorer on top of released sums or reports is left out: as far as what a person shared
//! goes it is made of the release that is attacked itself.
//!
//! Sources: Shokri et al., S&P 2017; Yeom et al., CSF 2018 (loss threshold, advantage); Carlini et al., S&P 2022 (LiRA);
//! of the pooling, [`shrunk_lira`].

mod game;
mod lira;
mod outcome;
mod person;
mod reports;
mod rows;
mod scorers;
mod shrunk;
#[cfg(test)]
mod shrunk_tests;
mod sides;
mod sums;
#[cfg(test)]
mod taiwan;
#[cfg(test)]
mod tests;
mod weights;

pub use game::Game;
pub use lira::lira;
pub use outcome::{Outcome, Rate};
pub use person::PerPerson;
pub use shrunk::shrunk_lira;

use super::Scene;
use crate::disclosure::Disclosure;
use crate::error::{Error, Result};
use crate::evaluate::Emit;
use crate::params::between;
use crate::rng::Entity;

crate::params! {
    /// Membership inference.
    pub struct MembershipParams {
        /// n: persons in each shadow model; the pool has twice as many, and as many again are controls.
        pub members: u32 = 500, "persons", between(10.0, 1e6), "assumed: small, for speed; leakage falls with n";
        /// Shadow models, or releases with fresh noise, of which every person of the pool is in half.
        pub shadows: u32 = 64, "models", between(8.0, 4096.0), "Carlini et al. (2022), fig. 9: more add little; 8 suffice for the AUC";
    }
}

/// Keep the draws of this attack apart from those of others: the sample, the halves of the pool, those of the controls.
const SALTS: [u16; 3] = [0x4d00, 0x4d01, 0x4d02];

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
}
