//! Imputation and trees together: what scores a [`LenderView`].

use super::{Forest, Reasons};
use crate::error::Result;
use crate::scoring::Fitted;
use crate::scoring::impute::Imputer;
use crate::view::LenderView;

/// Fitted gradient-boosted trees. With serde it is written and read back to the same bits.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BoostingModel {
    imputer: Imputer,
    forest: Forest,
}

impl BoostingModel {
    pub(super) fn new(imputer: Imputer, forest: Forest) -> Self {
        Self { imputer, forest }
    }

    /// The trees, on the completed columns.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Each column and the share of the training gain that splits on it brought, in the order of the columns.
    pub fn importance(&self) -> Vec<(String, f64)> {
        self.forest.columns().iter().cloned().zip(self.forest.importance()).collect()
    }

    /// Why each person has their PD, by the columns of [`Forest::columns`].
    pub fn reasons(&self, view: &LenderView) -> Result<Vec<Reasons>> {
        self.imputer.check(view)?;
        let frame = self.imputer.complete(view);
        self.forest.check(&frame)?;
        Ok(self.forest.reasons(&frame))
    }
}

impl Fitted<LenderView> for BoostingModel {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        self.imputer.check(view)?;
        let frame = self.imputer.complete(view);
        self.forest.check(&frame)?;
        Ok(self.forest.score(&frame))
    }
}
