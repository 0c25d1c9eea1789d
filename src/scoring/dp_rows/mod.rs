//! What the DP scorers that are linear in some columns share: persons as integer rows of bounded norm ([`rows`]), their
//! second moments ([`moments`]), and noisy Newton steps from a first guess ([`descent`]); `guess`, `shrink` and [`start`] are
//! post-processing alone.

pub(super) mod descent;
mod guess;
pub(super) mod moments;
pub(super) mod rows;
mod shrink;
pub(super) mod start;

use crate::privacy::{Ledger, Noise};

/// Where noise comes from and releases are entered.
pub(in crate::scoring) struct Source<'a> {
    pub(in crate::scoring) noise: &'a mut Noise,
    pub(in crate::scoring) ledger: &'a mut Ledger,
}
