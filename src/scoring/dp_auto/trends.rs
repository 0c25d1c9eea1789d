//! What everybody knows, at its right scale: the score of the public trends, and a logistic curve through noisy counts by that score.

use crate::error::Result;
use crate::scoring::dp_logistic::Model;
use crate::scoring::dp_rows::rows::{MAX_NORM, RowMap};
use crate::scoring::dp_rows::{Source, labels_of, link};
use crate::scoring::expand::Expansion;
use crate::scoring::public_trends::PublicTrends;
use crate::stats::logit;
use crate::view::PlatformView;

/// Log-odds that are expected of one unit of the public score.
const STEEPNESS: f64 = 1.0;

/// The public trends with scale and level from one release of cost `mu`; `rate` is a released default rate.
pub(super) fn calibrated(view: &PlatformView, rate: f64, mu: f64, source: &mut Source) -> Result<Model> {
    let labels = labels_of(view)?;
    let expansion = Expansion::new(view.features.columns());
    let terms = expansion.width() - 1;
    let direction = PublicTrends::default().coefficients(&expansion.trends(), terms);
    // Entries are in [−1, 1]: no row is longer than this, and none is clipped.
    let unit = f64::from(MAX_NORM) / (1.0 + libm::sqrt(1.0 + terms as f64));
    let map =
        RowMap { unit: unit as f32, constant: unit as i16, norm: MAX_NORM, centre: vec![0.0; terms], a: Vec::new() };
    let along = |(level, slope): (f64, f64)| -> Vec<f64> {
        std::iter::once(level).chain(direction[1..].iter().map(|c| slope * c)).collect()
    };
    let design = expansion.design(&view.features);
    let scores = map.apply(&design).logits(&map.in_units(&along((0.0, 1.0))));
    let counts = link::count(scores.into_iter().map(f64::from), labels, mu, source)?;
    let curve = counts.curve((logit(rate), STEEPNESS));
    let theta = map.in_units(&along(curve));
    Ok(Model::of(expansion, map, theta))
}
