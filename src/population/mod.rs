//! Who the people are and how they pay: truth, never seen by a scorer.
//!
//! ```text
//! params ─ model ─┬─ person     who a person is                         (seed, person)
//!                 ├─ bureau     delinquency and credit line             (seed, person, month)
//!                 ├─ platform   payments, categories, bills             (seed, person, month)
//!                 └─ kernel     the monthly loop over 16 lanes → a sink: features | panel
//! simulate        any range of persons, on any number of threads, with the same bits
//! ```

#![allow(clippy::inline_always, reason = "a function that is not inlined loses the vector features of its caller")]

mod bureau;
pub mod features;
pub mod intercept;
pub mod kernel;
pub mod lanes;
mod model;
pub mod panel;
mod params;
mod payments;
mod people;
mod person;
pub mod platform;
mod simulate;
pub mod table;
#[cfg(test)]
mod tests;

pub use intercept::solve_bureau_intercept;
pub use kernel::{MonthLanes, MonthSink, simulate_block};
pub use model::Model;
pub use panel::{MonthRow, PanelSink};
pub use params::*;
pub use payments::{Payments, YEAR};
pub use people::{FileDepth, People};
pub use person::PersonLanes;
pub use simulate::simulate;
pub use table::{Table, TableParams};
