//! Gradient-boosted trees on histograms.
//!
//! The log-odds of default are a sum of trees, each fitted to the log-loss of those before it (Friedman 2001; Newton steps
//! as in Chen and Guestrin 2016; leaf-wise growth on binned columns as in Ke et al. 2017, LightGBM):
//!
//! ```text
//! η  = base + Σ_trees leaf(x)            PD = 1/(1 + e^−η)
//! g  = PD − y,  h = PD·(1 − PD)          gradient and Hessian of a person's log-loss in η
//! w  = −G/(H + l2)                       value of a leaf, G = Σ g, H = Σ h over its persons; entered times learning_rate
//! gain of a split = G_L²/(H_L + l2) + G_R²/(H_R + l2) − G²/(H + l2)
//! ```
//!
//! The leaf whose best split gains most is split next, until a tree has `leaves` leaves. `base` starts at the log-odds of the
//! default rate and is moved at the end so that the mean PD of the training persons is their default rate.
//!
//! *Columns* are cut into quantile bins once; a split is a set of bins that go left. Missing values and special codes
//! have bins of their own that go where they gain most; what a node has never seen goes to its larger child. Categories are
//! split many against many, in the order of their gradient statistics. Infinities count as the largest finite numbers.
//!
//! *Trends.* A column with a rising (falling) trend never lowers (raises) the PD as its ordered values grow, all else equal:
//! at a split on it the children's values must be in order, and the mid-point between them bounds everything below.
//!
//! *How many, how strict.* On tables with much noise trees of LightGBM's size learn the noise by heart: the ranking suffers and
//! the log-odds spread too far. On others 100 of them are hardly enough. So a part of the training persons is
//! held out (`choose`): these trees and stricter ones (a split must gain more than noise, leaves shrink) are grown on the rest, and
//! those whom the held out bear out are grown on everybody, as many as were best and spread as far as was right.
//!
//! *Same bits.* g and h are rounded to fixed point and summed as integers, leaves are fixed point as well: the model does
//! not depend on the order of the rows, the number of threads or the processor.
//!
//! Unshared columns are [imputed](super::impute) first. Limits: bins and splits are read off the data (not for use under
//! differential privacy); no sampling of rows or columns; at most 2²⁷ persons.

mod bins;
mod choose;
mod grow;
mod histogram;
mod model;
mod split;
mod tree;

pub use model::BoostingModel;
pub use tree::{Forest, Reasons};

use super::impute::Imputer;
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::{above, between};
use crate::privacy::Ledger;
use crate::view::LenderView;

crate::params! {
    /// Gradient-boosted trees.
    pub struct BoostingParams {
        /// Largest number of trees.
        pub trees: u32 = 100, "trees", between(1.0, 10_000.0), "LightGBM's default, num_iterations";
        /// Share of a leaf's Newton step that is taken.
        pub learning_rate: f64 = 0.1, "", above(0.0, 1.0), "LightGBM's and scikit-learn's default";
        /// Largest number of leaves of a tree.
        pub leaves: u32 = 31, "leaves", between(2.0, 4096.0), "LightGBM's and scikit-learn's default";
        /// Fewest training persons of a leaf.
        pub least_persons: u32 = 20, "persons", between(1.0, 1e6), "LightGBM's and scikit-learn's default";
        /// Penalty: half of this times the squared value of each leaf is added to the log-loss.
        pub l2: f64 = 0.0, "persons' Hessian", between(0.0, 1e9), "LightGBM's and scikit-learn's default";
        /// Largest number of bins of a column, missing values and special codes not counted.
        pub bins: u32 = 255, "bins", between(2.0, 255.0), "LightGBM's and scikit-learn's default";
        /// What a split must lower twice the log-loss of the training persons by.
        pub least_gain: f64 = 0.0, "χ²", between(0.0, 1e6), "LightGBM's min_split_gain, its default";
        /// Share of the training persons who are held out to choose between these trees and stricter ones, the number of
        /// trees and the spread of the log-odds; 0: trees as the other parameters say.
        pub held_out: f64 = 0.25, "share", between(0.0, 0.5), "assumed; a test part of the usual size";
        /// Most training persons who take part in that choice, held out or learnt from.
        pub compared: u32 = 20_000, "persons", between(100.0, 1e9), "assumed: enough to tell the two apart, and cheap";
        /// Least gain of a split of the stricter trees.
        pub strict_gain: f64 = 4.0, "χ²", between(0.0, 1e6), "the 95 % point of χ² with one degree of freedom, rounded: what one split brings by noise";
        /// Penalty of the stricter trees.
        pub strict_l2: f64 = 5.0, "persons' Hessian", between(0.0, 1e9), "assumed: a leaf of 20 persons at a default rate of 20 % is taken for two fifths of its size";
    }
}

/// Gradient-boosted trees, to be fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boosting {
    /// Its parameters.
    pub params: BoostingParams,
}

impl Boosting {
    /// With these parameters.
    pub fn new(params: BoostingParams) -> Self {
        Self { params }
    }

    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &LenderView) -> Result<BoostingModel> {
        let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the training view has no labels".into()))?;
        let imputer = Imputer::fit(view)?;
        let forest = Forest::learn(&imputer.complete(view), labels, &self.params)?;
        Ok(BoostingModel::new(imputer, forest))
    }
}

impl Scorer<LenderView> for Boosting {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Ok(Box::new(self.learn(view)?))
    }
}

#[cfg(test)]
mod tests;
