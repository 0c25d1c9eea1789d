//! Attacks: what an arm lets others learn of persons, measured. Raw sharing has no ε and DP arms have; a measured leakage is
//! the one axis on which they stand side by side.
//!
//! | attack | who attacks | what they want to know |
//! |---|---|---|
//! | [`attribute`] | the lender, with all that the arm shows it | a person's sensitive spending; a person's income |
//!
//! ## Three numbers an attack
//!
//! Every attack is tried thrice on the same persons with the same luck:
//!
//! - **baseline**: without the release, from what the attacker knows anyway;
//! - **control**: with the release, but as if the person's own record were not in it: what others' data say about a person;
//! - **attack**: with the release as it is.
//!
//! ```text
//! risk       = (attack − control)/(1 − control)        what the person's own record gives away: what DP bounds
//! similarity = (control − baseline)/(1 − baseline)     what others' records give away: what no ε of the person bounds
//! ```
//!
//! (the risk is Anonymeter's: Giomi et al., "A unified framework for quantifying privacy risk in synthetic data", PETS 2023).
//! Both are shares of what was left to learn; below 0 the attack does worse than without, by chance or because a noisy release
//! misleads it.
//!
//! Beside the attacks on persons stand those on *claims*: [`audit`] looks for lower bounds on the ε of an arm's mechanism in the worst
//! case, [`verify`] tests the mechanisms, and the tests, on mistakes made on purpose.
//!
//! An attack that fails proves nothing: "not refuted by this attack" is all that can be said. An arm that releases nothing is
//! not attacked at all; it has no rows.

pub mod attribute;
pub mod audit;
mod scene;
pub mod verify;

pub use attribute::AttributeParams;
pub use scene::Scene;

use crate::disclosure::Disclosure;
use crate::error::Result;
use crate::evaluate::Emit;
use crate::params::between;
use std::sync::Arc;

crate::params! {
    /// The attack suite.
    pub struct AttackParams {
        /// Replications in which arms are attacked; 0 for none. Not more than the run has.
        pub replications: u32 = 5, "replications", between(0.0, 100_000.0), "assumed: attacks cost far more than metrics";
        /// Persons who are attacked in each of these replications.
        pub targets: u32 = 1_000, "persons", between(1.0, 1e7), "assumed: a share of one half has a standard error of .016";
        /// Inference of a sensitive attribute and of income.
        pub attribute: AttributeParams = AttributeParams::default();
    }
}

/// Attacks one arm and adds what was learned as rows `attack.<name>.<statistic>`; no rows where the arm releases nothing.
pub fn measure(params: &AttackParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    if matches!(scene.disclosure, Disclosure::Nothing) {
        return Ok(());
    }
    attribute::measure(&params.attribute, params.targets as usize, scene, emit)
}

/// One statistic of an attack with what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// With the release as it is.
    pub attack: f64,
    /// Without the release.
    pub baseline: f64,
    /// With the release, the person's own record left out; NaN where the attack has no such twin.
    pub control: f64,
}

impl Measured {
    /// (attack − control)/(1 − control).
    pub fn risk(self) -> f64 {
        gain(self.attack, self.control)
    }

    /// (control − baseline)/(1 − baseline).
    pub fn similarity(self) -> f64 {
        gain(self.control, self.baseline)
    }

    /// Adds `attack.<name>.<statistic>` with `….baseline` and, where there is one, `….control`.
    pub fn add(self, name: &str, statistic: &str, emit: &mut Emit) {
        let all = Arc::from("all");
        let metric = format!("attack.{name}.{statistic}");
        emit.add(&metric, &all, self.attack);
        emit.add(&format!("{metric}.baseline"), &all, self.baseline);
        if !self.control.is_nan() {
            emit.add(&format!("{metric}.control"), &all, self.control);
        }
    }

    /// Adds `attack.<name>.risk` and `attack.<name>.similarity`; `self` must be success rates. The baseline of a risk is the
    /// risk without the release.
    pub fn add_risk(self, name: &str, emit: &mut Emit) {
        let all = Arc::from("all");
        emit.add(&format!("attack.{name}.risk"), &all, self.risk());
        emit.add(&format!("attack.{name}.risk.baseline"), &all, gain(self.baseline, self.control));
        emit.add(&format!("attack.{name}.similarity"), &all, self.similarity());
    }
}

/// (with − without)/(1 − without): the share of what was left to learn; 0 where nothing was left.
fn gain(with: f64, without: f64) -> f64 {
    if without >= 1.0 { 0.0 } else { (with - without) / (1.0 - without) }
}
