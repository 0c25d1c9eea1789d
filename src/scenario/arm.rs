//! One arm of a comparison: what people are asked, what the lender gets.

use crate::consent::Form;
use crate::disclosure::Disclosure;
use crate::params::{any, between};

crate::params! {
    /// One arm.
    pub struct Arm {
        /// Name; `arm.NAME.key` reaches into it from `--set` and `[sweep]`.
        pub name: String = String::new(), "", any(), "the scenario's choice";
        /// What people are asked: "none" (nobody is asked), "mandatory", or a form.
        pub form: Form = Form::Nobody, "", any(), "the scenario's question";
        /// What the lender gets.
        pub disclosure: Disclosure = Disclosure::Nothing, "", any(), "the scenario's question";
        /// Third parties that receive a copy of raw histories besides the lender.
        pub third_parties: u32 = 0, "recipients", between(0.0, 10_000.0), "assumed none unless the scenario says";
    }
}

/// Suffix of the arm that leaves the applicant's own record out of cohort sums.
pub const WITHOUT_OWN: &str = "-others";

impl Arm {
    /// What the results call this arm, and its counterfactual where it has one.
    pub fn names_in_results(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        if matches!(self.disclosure, Disclosure::CohortAggregates(_)) {
            names.push(format!("{}{WITHOUT_OWN}", self.name));
        }
        names
    }

    /// Whether anybody is asked anything.
    pub fn asks(&self) -> bool {
        matches!(self.form, Form::Shown(_))
    }
}
