//! What a score gives away of the applicant's own history, where the model was trained under DP inside the platform.
//!
//! *Threat model.* The lender holds the bureau file and receives one score of each applicant. The score is computed from the
//! applicant's raw history; the ε of such an arm covers the persons the model was *trained* on and says nothing of this. From a
//! survey the lender knows the share of late bills of some applicants and learns, by least squares on the bureau file and the
//! score, how they go together.
//!
//! explained = 1 − Σ(y − ŷ)²/Σ(y − ȳ)² over other applicants; baseline: the bureau file alone.
//!
//! That the number hardly moves with ε is the point: training noise does not protect the one who is scored. One score a person;
//! more queries with altered bureau files would give away more.

use super::attribute::{AttributeParams, scores};
use super::regress::{Line, explained};
use super::scene::column;
use super::{Measured, Scene};
use crate::disclosure::Disclosure;
use crate::error::Result;
use crate::evaluate::Emit;
use crate::view::{Frame, LenderView};

/// Keeps the samples of this attack apart from those of others.
const SALT: u16 = 2;

/// Adds `attack.scoring.explained`.
pub fn measure(params: &AttributeParams, targets: usize, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    if !matches!(scene.disclosure, Disclosure::TrainedInside(_)) {
        return Ok(());
    }
    let frame = &scene.people.platform;
    let Some(j) = column(&params.lateness_column, frame, "attack.attribute.lateness_column", "late_share")? else {
        return Ok(());
    };
    let (auxiliary, targets) = scene.samples(params.auxiliary as usize, targets, SALT);
    if auxiliary.is_empty() || targets.is_empty() {
        return Ok(());
    }
    let truth = |positions: &[u32]| -> Vec<f64> {
        scene.persons(positions).iter().map(|i| number(frame.column(j)[*i as usize])).collect()
    };
    let (known, wanted) = (truth(&auxiliary), truth(&targets));
    let (survey, seen) = (scores(scene, &auxiliary), scores(scene, &targets));
    let guess = |columns: &dyn Fn(&LenderView) -> Vec<Vec<f64>>| {
        let line = Line::fit(&columns(&survey), &known)?;
        Ok(explained(&line.all(&columns(&seen), wanted.len()), &wanted))
    };
    let bureau = |view: &LenderView| columns(&view.always);
    let both = |view: &LenderView| [columns(&view.always), columns(&view.more)].concat();
    let measured = Measured { attack: guess(&both)?, baseline: guess(&bureau)?, control: f64::NAN };
    measured.add("scoring", "explained", emit);
    Ok(())
}

fn number(x: f32) -> f64 {
    if x.is_nan() { 0.0 } else { f64::from(x) }
}

fn columns(frame: &Frame) -> Vec<Vec<f64>> {
    (0..frame.width()).map(|j| frame.column(j).iter().map(|x| number(*x)).collect()).collect()
}
