//! What the DP scorers that are linear in some columns share: persons as integer rows of bounded norm ([`rows`]), their
//! second moments ([`moments`]), and noisy gradients ([`descent`]); `guess`, `curvature`, `path`, `shrink` and [`start`] are
//! post-processing alone.

mod blocks;
mod curvature;
pub(super) mod descent;
pub(super) mod guess;
pub(super) mod link;
pub(super) mod moments;
mod path;
pub(super) mod rows;
pub(super) mod saved;
mod shrink;
pub(super) mod start;
pub(super) mod sums;
pub(super) mod triangle;

use crate::error::{Error, Result};
use crate::privacy::{Ledger, Noise};
use crate::view::PlatformView;

/// Where noise comes from and releases are entered.
pub(in crate::scoring) struct Source<'a> {
    pub(in crate::scoring) noise: &'a mut Noise,
    pub(in crate::scoring) ledger: &'a mut Ledger,
}

/// The outcomes of a view that can be fitted on.
pub(in crate::scoring) fn labels_of(view: &PlatformView) -> Result<&[bool]> {
    let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the view carries no outcomes".into()))?;
    if labels.len() != view.features.rows() {
        return Err(Error::Fit(format!("{} outcomes for {} persons", labels.len(), view.features.rows())));
    }
    if view.features.width() == 0 {
        return Err(Error::Fit("the view has no features".into()));
    }
    Ok(labels)
}

/// What a fitted model says where the number of persons itself is lost in its noise.
pub(in crate::scoring) fn swamped(persons: f64, noise: f64) -> Option<String> {
    (persons < 4.0 * noise).then(|| {
        format!(
            "noise swamps everything: fewer persons are counted than four times the noise of that count, ±{noise:.0}. The scores \
             are the public prior; more persons or a larger epsilon are needed"
        )
    })
}
