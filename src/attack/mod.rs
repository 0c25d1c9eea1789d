//! Attacks: what an arm lets others learn of persons, measured. Raw sharing has no ε and DP arms have; a measured leakage is
//! the one axis on which they stand side by side.
//!
//! | attack | who attacks | what they want to know |
//! |---|---|---|
//! | [`attribute`] | the lender, with all that the arm shows it | a person's sensitive spending, income, late payments |
//! | [`scoring_time`] | the lender, with the scores of a model trained inside the platform | the applicant's own history |
//! | [`nonsharer`] | the lender, with the histories of those who share | the late payments of those who do not |
//! | [`linkage`] | who holds raw histories without names, and knows some payments | which row is the person's |
//! | [`bill`] | the same, from the screenshot of an annual bill | which row is the person's |
//! | [`reconstruction`] | who may ask the platform for many counts | one yes or no of each person |
//! | [`singling_out`] | who holds records without names | something that is true of one person alone |
//! | [`membership`] | a third party that may query the scorer, or reads what is released | whether a person's record is behind it |
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
//! Both are shares of what was left to learn (no row where that is less than .05 of persons); below 0 the attack does worse than without, by chance or because a noisy release
//! misleads it.
//!
//! Beside the attacks on persons stand those on *claims*: [`audit`] looks for lower bounds on the ε of an arm's mechanism in the worst
//! case, [`verify`] tests the mechanisms, and the tests, on mistakes made on purpose.
//!
//! An attack that fails proves nothing: "not refuted by this attack" is all that can be said. An arm that releases nothing is
//! not attacked at all; it has no rows.

pub mod attribute;
pub mod audit;
pub mod bill;
pub mod exposed;
pub mod linkage;
pub mod membership;
mod nearby;
pub mod nonsharer;
pub mod reconstruction;
mod regress;
mod scene;
pub mod scoring_time;
pub mod singling_out;
#[cfg(test)]
mod test_world;
pub mod verify;

pub use attribute::AttributeParams;
pub use bill::BillParams;
pub use linkage::LinkageParams;
pub use membership::MembershipParams;
pub use nonsharer::NonsharerParams;
pub use reconstruction::ReconstructionParams;
pub use scene::Scene;
pub use singling_out::SinglingOutParams;

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
        pub targets: u32 = 4_000, "persons", between(1.0, 1e7), "assumed: a share of one half has a standard error of .008";
        /// Inference of a sensitive attribute and of income.
        pub attribute: AttributeParams = AttributeParams::default();
        /// Inference about those who do not share.
        pub nonsharer: NonsharerParams = NonsharerParams::default();
        /// Linkage of known payments to a table without names.
        pub linkage: LinkageParams = LinkageParams::default();
        /// The screenshot of an annual bill.
        pub bill: BillParams = BillParams::default();
        /// Reconstruction of bits from many counts.
        pub reconstruction: ReconstructionParams = ReconstructionParams::default();
        /// Singling out by predicates.
        pub singling_out: SinglingOutParams = SinglingOutParams::default();
        /// Membership inference.
        pub membership: MembershipParams = MembershipParams::default();
    }
}

impl AttackParams {
    /// Keys that name a column of those that need consent, with the names; empty names are defaults.
    pub fn columns(&self) -> [(&'static str, &String); 3] {
        [
            ("attack.attribute.attribute_column", &self.attribute.attribute_column),
            ("attack.attribute.lateness_column", &self.attribute.lateness_column),
            ("attack.nonsharer.column", &self.nonsharer.column),
        ]
    }
}

/// Attacks one arm and adds what was learned as rows `attack.<name>.<statistic>`; no rows where the arm releases nothing.
pub fn measure(params: &AttackParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    if matches!(scene.disclosure, Disclosure::Nothing) {
        return Ok(());
    }
    let targets = params.targets as usize;
    attribute::measure(&params.attribute, targets, scene, emit)?;
    scoring_time::measure(&params.attribute, targets, scene, emit)?;
    nonsharer::measure(&params.nonsharer, scene, emit)?;
    linkage::measure(&params.linkage, scene, emit);
    bill::measure(&params.bill, scene, emit)?;
    reconstruction::measure(&params.reconstruction, params.attribute.auxiliary as usize, scene, emit)?;
    singling_out::measure(&params.singling_out, scene, emit)?;
    membership::measure(&params.membership, scene, emit)
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
        self.add_to(name, statistic, &Arc::from("all"), emit);
    }

    /// The same for one group.
    pub fn add_to(self, name: &str, statistic: &str, group: &Arc<str>, emit: &mut Emit) {
        let metric = format!("attack.{name}.{statistic}");
        emit.add(&metric, group, self.attack);
        emit.add(&format!("{metric}.baseline"), group, self.baseline);
        if !self.control.is_nan() {
            emit.add(&format!("{metric}.control"), group, self.control);
        }
    }

    /// Adds `attack.<name>.<statistic>`, the risk alone; no row where next to nothing is left to learn.
    pub fn add_risk_of(self, statistic: &str, name: &str, emit: &mut Emit) {
        if self.control.max(self.baseline) <= 1.0 - LEFT {
            emit.add(&format!("attack.{name}.{statistic}"), &Arc::from("all"), self.risk());
        }
    }

    /// Adds `attack.<name>.risk` and `attack.<name>.similarity`; `self` must be success rates. Where the control leaves less than
    /// .05 to learn, shares of it mean nothing and no row is added. The baseline of a risk is the
    /// risk without the release.
    pub fn add_risk(self, name: &str, emit: &mut Emit) {
        if self.control.max(self.baseline) > 1.0 - LEFT {
            return;
        }
        let all = Arc::from("all");
        emit.add(&format!("attack.{name}.risk"), &all, self.risk());
        emit.add(&format!("attack.{name}.risk.baseline"), &all, gain(self.baseline, self.control));
        emit.add(&format!("attack.{name}.similarity"), &all, self.similarity());
    }
}

/// Least share of persons about whom something must be left to learn.
const LEFT: f64 = 0.05;

/// (with − without)/(1 − without): the share of what was left to learn; 0 where nothing was left.
fn gain(with: f64, without: f64) -> f64 {
    if without >= 1.0 { 0.0 } else { (with - without) / (1.0 - without) }
}

#[cfg(test)]
mod tests {
    use super::test_world::{emit, value, world};
    use super::*;
    use crate::consent::Form;

    #[test]
    fn an_arm_that_releases_nothing_is_not_attacked() {
        let world = world(640, 0.1, 0.1, &Form::Nobody);
        let mut out = emit();
        measure(&AttackParams::default(), &world.scene(&Disclosure::Nothing, None, &[]), &mut out).unwrap();
        assert!(out.rows.is_empty());
        measure(&AttackParams::default(), &world.scene(&Disclosure::Raw, None, &[]), &mut out).unwrap();
        assert_eq!(
            value(&out.rows, "attack.attribute.risk"),
            0.0,
            "the twin: nobody shares, so no own record is known"
        );
    }

    #[test]
    fn a_risk_is_the_share_of_what_was_left_to_learn() {
        let m = Measured { attack: 0.9, baseline: 0.5, control: 0.6 };
        assert!((m.risk() - 0.75).abs() < 1e-12 && (m.similarity() - 0.2).abs() < 1e-12);
        assert_eq!(Measured { attack: 1.0, baseline: 1.0, control: 1.0 }.risk(), 0.0);
        let mut out = emit();
        m.add("x", "accuracy", &mut out);
        m.add_risk("x", &mut out);
        let names: Vec<&str> = out.rows.iter().map(|r| &*r.metric).collect();
        assert_eq!(names[..3], ["attack.x.accuracy", "attack.x.accuracy.baseline", "attack.x.accuracy.control"]);
        assert_eq!(names[3..], ["attack.x.risk", "attack.x.risk.baseline", "attack.x.similarity"]);
    }
}
