//! The DP scorers by name. All are trained inside the platform, on a [`PlatformView`], within one total [`Budget`].

use super::{
    DpAdassp, DpAdasspParams, DpAuto, DpAutoParams, DpBoosting, DpBoostingParams, DpEbm, DpEbmParams, DpLogistic,
    DpLogisticParams, DpScorecard, DpScorecardParams, Scorer,
};
use crate::params::between;
use crate::privacy::{Budget, Noise};
use crate::scoring::dp_quality::Rated;
use crate::view::PlatformView;

crate::choice! {
    /// A scorer that is trained under differential privacy inside the platform.
    pub enum DpChoice {
        /// One of the others, by the number of persons and the budget.
        Auto => "auto",
        /// Logistic regression by noisy preconditioned gradients.
        Logistic => "dp-logistic",
        /// Boosted tables of two columns each, released with noise one after another.
        Boosting => "dp-boosting",
        /// Weight-of-evidence scorecard of noisy counts, its weights learnt by noisy gradients.
        Scorecard => "dp-scorecard",
        /// Least squares on noisy second moments with an adaptive ridge (AdaSSP), scaled to a logistic curve.
        Adassp => "dp-adassp",
        /// Explainable boosting: one smoothed function a column, by cyclic boosting on noisy histograms.
        Ebm => "dp-ebm",
    }
}

crate::params! {
    /// Public constants of the DP scorers. Whoever chooses them by looking at the data owes a charge of its own.
    pub struct DpParams {
        /// Which scorer `auto` takes.
        pub auto: DpAutoParams = DpAutoParams::default();
        /// Logistic regression by noisy preconditioned gradients.
        pub logistic: DpLogisticParams = DpLogisticParams::default();
        /// Boosted tables of two columns each.
        pub boosting: DpBoostingParams = DpBoostingParams::default();
        /// Weight-of-evidence scorecard of noisy counts.
        pub scorecard: DpScorecardParams = DpScorecardParams::default();
        /// Least squares on noisy second moments with an adaptive ridge.
        pub adassp: DpAdasspParams = DpAdasspParams::default();
        /// Explainable boosting.
        pub ebm: DpEbmParams = DpEbmParams::default();
        /// Share of μ² for noisy counts of goods and bads by score, which say how good the model is; 0: none.
        pub quality_share: f64 = 0.05, "share", between(0.0, 0.5), "costs the model 2.5 % of its ε, and finds the AUC of 48,000 made-up persons, 6.8 % bad, to ± .025 at ε = 1";
    }
}

/// The scorer of that name, to be fitted within `budget`, of which a share is for how good its model is ([`dp_quality`](super::dp_quality));
/// its noise comes from `noise`.
pub fn dp_scorer(choice: &DpChoice, params: &DpParams, budget: Budget, noise: Noise) -> Box<dyn Scorer<PlatformView>> {
    if params.quality_share == 0.0 {
        return unrated(choice, params, budget, noise);
    }
    let (choice, params, own) = (choice.clone(), params.clone(), noise.clone());
    let share = params.quality_share;
    Box::new(Rated { inner: move |left| unrated(&choice, &params, left, own.clone()), budget, share, noise })
}

fn unrated(choice: &DpChoice, params: &DpParams, budget: Budget, noise: Noise) -> Box<dyn Scorer<PlatformView>> {
    match choice {
        DpChoice::Auto => Box::new(DpAuto { params: params.clone(), budget, noise }),
        DpChoice::Logistic => Box::new(DpLogistic { params: params.logistic.clone(), budget, noise }),
        DpChoice::Boosting => {
            let (params, logistic) = (params.boosting.clone(), params.logistic.clone());
            Box::new(DpBoosting { params, logistic, budget, noise })
        }
        DpChoice::Adassp => Box::new(DpAdassp { params: params.adassp.clone(), budget, noise }),
        DpChoice::Ebm => Box::new(DpEbm { params: params.ebm.clone(), budget, noise }),
        DpChoice::Scorecard => Box::new(DpScorecard { params: params.scorecard.clone(), budget, noise }),
    }
}
