//! The game on scorers: fitted to the members, asked about everybody.

use super::{Field, shrunk_lira};
use crate::attack::Scene;
use crate::disclosure::{Halves, Shown};
use crate::error::{Error, Result};
use crate::evaluate::Emit;
use crate::lending::ScorerChoice;
use crate::privacy::Ledger;
use crate::scoring::expand::Expansion;
use crate::scoring::refit::Refits;
use crate::view::LenderView;

/// The lender's scorer on raw histories.
pub(super) fn raw(scene: &Scene<'_>, field: &Field, emit: &mut Emit) -> Result<()> {
    let lender = scene.lender;
    if matches!(lender.scorer, ScorerChoice::Command | ScorerChoice::Onnx) {
        emit.note(format!(
            "attack.membership: no rows for arms with raw histories: a scorer of one's own ({}) is not fitted again to shadow samples",
            lender.scorer.word()
        ));
        return Ok(());
    }
    let halves = Halves { train: Vec::new(), score: field.persons.clone() };
    let Shown::Views(views) = scene.shown(&halves, false)? else {
        return Err(Error::Other("an arm that shows raw histories has views".into()));
    };
    let view = views.1;
    let outcome = outcomes(scene, field);
    add(field, &raw_phi(scene, field, &view, &outcome)?, emit);
    Ok(())
}

/// A logistic regression without anything to impute is fitted from the fit on all; everything else as the lender fits it.
pub(super) fn raw_phi(scene: &Scene<'_>, field: &Field, view: &LenderView, outcome: &[bool]) -> Result<Vec<f64>> {
    let lender = scene.lender;
    if matches!(lender.scorer, ScorerChoice::Logistic) && view.known.iter().all(|k| *k) {
        let frame = view.always.beside(&view.more);
        let design = Expansion::new(frame.columns()).design(&frame);
        let refits = Refits::new(&design, outcome, lender.logistic.ridge)?;
        return field.pool.play(outcome, |_, members| refits.scores(members));
    }
    field.pool.play(outcome, |_, members| {
        let train = rows(view, members, outcome);
        lender.scorer_of(&lender.scorer).fit(&train, &mut Ledger::new())?.score(view)
    })
}

/// The arm's own DP scorer, each shadow with noise of its own.
pub(super) fn trained_inside(scene: &Scene<'_>, field: &Field, emit: &mut Emit) -> Result<()> {
    let phi = field.pool.play(&outcomes(scene, field), |shadow, members| {
        let halves = Halves { train: field.pick(members), score: field.persons.clone() };
        match scene.shown_again(&halves, false, release(scene, shadow))? {
            Shown::Scores(pd) => Ok(pd),
            Shown::Views(_) => Err(Error::Other("an arm that trains inside shows scores".into())),
        }
    })?;
    add(field, &phi, emit);
    Ok(())
}

/// The number that keys the noise of one shadow: the arm's with the shadow's in bits that no arm uses.
pub(super) fn release(scene: &Scene<'_>, shadow: usize) -> u64 {
    scene.release | (shadow as u64 + 1) << 16
}

/// Whether each person defaulted.
fn outcomes(scene: &Scene<'_>, field: &Field) -> Vec<bool> {
    field.persons.iter().map(|i| scene.people.default[*i as usize]).collect()
}

/// A training view of some rows.
pub(super) fn rows(view: &LenderView, rows: &[u32], outcome: &[bool]) -> LenderView {
    LenderView {
        always: view.always.select(rows),
        more: view.more.select(rows),
        known: rows.iter().map(|i| view.known[*i as usize]).collect(),
        refusal_is_a_feature: view.refusal_is_a_feature,
        labels: Some(rows.iter().map(|i| outcome[*i as usize]).collect()),
    }
}

/// Both attacks on the log-odds of what came true.
fn add(field: &Field, phi: &[f64], emit: &mut Emit) {
    let (pool, control) = field.cut(phi);
    field.add("membership", &shrunk_lira(&pool, &field.pool), &shrunk_lira(&control, &field.control), emit);
    // The loss is −ln p of what came true: small where φ is large.
    field.add("membership_loss", &pool, &control, emit);
}
