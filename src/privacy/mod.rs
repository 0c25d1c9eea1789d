//! Differential privacy: mechanisms, what they cost, and the ledger that adds it up.
//!
//! # What each guarantee means
//!
//! *Central* ([`mechanism`]): a curator holds everybody's raw data and adds noise to what leaves. Neighbouring data sets
//! differ by **adding or removing one person with all months**; ε bounds what any reader of the release can learn about
//! whether, and with which record, one person took part. Add/remove (ε, δ) implies replace-one (2ε, (1 + e^ε)·δ): remove, then add.
//!
//! *Local* ([`randomised_response`]): nobody is trusted; each phone adds its own noise. Neighbouring means **replacing
//! one person's record**, and ε is that person's total over all reports. Local ε and central ε are not comparable, and
//! the [`Ledger`] never adds them.
//!
//! Neither bounds what can be *inferred* about a person from what others reveal: that survives any ε at which the
//! statistics are still of use.
//!
//! # Simulated ε is not earned ε
//!
//! A simulation repeats releases over replications and values of ε, prints exact metrics and publishes its seed. Its
//! noise ([`NoiseMode::Seeded`]) can be subtracted by anybody who reads the seed. The ε of a run is what a single real
//! release of this kind *would* cost; on real data nothing in the output is safe to publish as differentially private. A
//! real release uses [`NoiseMode::System`], one ε and one draw: the same samplers, fed by the operating system ([`system`]).
//!
//! # Who states the cost
//!
//! opendp's privacy maps do, for scales that [`Scale`] can represent exactly; its samplers are the oracle that ours are
//! tested against ([`sample`]). What several releases cost together is said by the [`accountant`], and what a discrete Gaussian is
//! worth as Gaussian differential privacy is proved in [`grid`].

pub mod accountant;
mod budget;
pub mod gdp;
pub mod grid;
pub mod ledger;
pub mod mechanism;
pub mod randomised_response;
pub mod sample;
pub mod scale;
mod staircase;
pub mod system;
pub mod tape;

pub use accountant::{
    Accountant, Composition, Event, SideBySide, epsilon_of_rho, mu_of_pure, rho_of_epsilon, rounded_down, rounded_up,
};
pub use budget::Budget;
pub use gdp::{delta_of_mu, epsilon_of_mu, mu_of_epsilon};
pub use ledger::{Cost, Entry, Guarantee, Ledger, Neighbouring, Partition, Spent, Trust};
pub use mechanism::{IntegerGaussian, IntegerLaplace, Noise, NoiseMode};
pub use randomised_response::RandomisedResponse;
pub use scale::Scale;
pub use system::System;
pub use tape::{Family, Heard, Tape};

#[cfg(test)]
pub(crate) mod chi2;
