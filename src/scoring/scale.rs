//! The score scale: log-odds of repayment as points between 350 and 950.
//!
//! ```text
//! factor = pdo / ln 2
//! score  = base_score + factor·(ln((1 − PD)/PD) − ln base_odds), clamped to [lowest, highest]
//! PD     = 1 / (1 + base_odds·2^((score − base_score)/pdo))
//! ```
//!
//! Odds are good : bad; `pdo` more points double them. The map is decreasing in PD and inverse inside the clamp. Names as
//! credit bureaus use them: factor = PDO/ln 2, offset = base score − factor·ln(base odds).

use crate::error::{Error, Result};
use crate::params::{above, between};

crate::params! {
    /// The scale on which scores are shown.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ScaleParams {
        /// Lowest score.
        pub lowest: f64 = 350.0, "points", between(0.0, 10_000.0), "Zhima Credit's published range, 350 to 950";
        /// Highest score.
        pub highest: f64 = 950.0, "points", between(0.0, 10_000.0), "Zhima Credit's published range, 350 to 950";
        /// Points that double the odds.
        pub pdo: f64 = 45.0, "points", above(0.0, 1000.0),
            "the scale on which the Federal Reserve's Report to the Congress on Credit Scoring (2007) gives defaults by band";
        /// The score at `base_odds`.
        pub base_score: f64 = 650.0, "points", between(0.0, 10_000.0), "assumed: the lower end of the fourth of five bands";
        /// Odds (repaid : defaulted) at `base_score`.
        pub base_odds: f64 = 27.0, "repaid per default", above(0.0, 1e9), "assumed: odds at a 12-month default rate of 3.6 %";
        /// Lower ends of the bands, increasing; the first band starts at the lowest score.
        pub bands: Vec<f64> = vec![350.0, 550.0, 600.0, 650.0, 700.0], "points", between(0.0, 10_000.0),
            "Zhima Credit's published bands";
    }
}

/// A checked scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    params: ScaleParams,
    factor: f64,
    offset: f64,
}

impl Scale {
    /// Checks that the range is not empty and that the bands increase.
    pub fn new(params: &ScaleParams) -> Result<Self> {
        let refuse = |value, what, allowed| Err(Error::Range { what, value, allowed });
        if params.highest.partial_cmp(&params.lowest) != Some(std::cmp::Ordering::Greater) {
            return refuse(params.highest, "the highest score", "above the lowest score");
        }
        if let Some(pair) = params.bands.windows(2).find(|pair| pair[1] <= pair[0]) {
            return refuse(pair[1], "the lower end of a band", "above the band before");
        }
        let factor = params.pdo / std::f64::consts::LN_2;
        let offset = params.base_score - factor * libm::log(params.base_odds);
        Ok(Self { params: params.clone(), factor, offset })
    }

    /// Points per unit of log-odds: PDO/ln 2.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Points at even odds, before the clamp.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The score of a PD in [0, 1], clamped to the scale; NaN stays NaN.
    pub fn score(&self, pd: f64) -> f64 {
        let odds = libm::log1p(-pd) - libm::log(pd);
        (self.offset + self.factor * odds).clamp(self.params.lowest, self.params.highest)
    }

    /// The score of log-odds of default, clamped to the scale: as [`Scale::score`], without the way through a PD.
    pub fn score_of_log_odds(&self, eta: f64) -> f64 {
        (self.offset - self.factor * eta).clamp(self.params.lowest, self.params.highest)
    }

    /// The PD of a score; scores outside the scale count as its ends.
    pub fn pd(&self, score: f64) -> f64 {
        let score = score.clamp(self.params.lowest, self.params.highest);
        crate::stats::logistic((self.offset - score) / self.factor)
    }

    /// Index of the band of a score, from 0 for the lowest; scores below all bands (and NaN) are in the lowest.
    pub fn band(&self, score: f64) -> usize {
        self.params.bands.iter().take_while(|start| score >= **start).count().saturating_sub(1)
    }

    /// Names of the bands, e.g. `350–549` and `700–950`; whole points.
    pub fn band_names(&self) -> Vec<String> {
        let bands = &self.params.bands;
        let end = |k: usize| bands.get(k + 1).map_or(self.params.highest, |next| next - 1.0);
        bands.iter().enumerate().map(|(k, start)| format!("{start:.0}–{:.0}", end(k))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scale() -> Scale {
        Scale::new(&ScaleParams::default()).unwrap()
    }

    #[test]
    fn the_base_odds_stand_at_the_base_score_and_double_every_pdo() {
        let s = scale();
        assert!((s.score(1.0 / 28.0) - 650.0).abs() < 1e-9);
        assert!((s.score(1.0 / 55.0) - 695.0).abs() < 1e-9);
        assert!((s.score(1.0 / 14.5) - 605.0).abs() < 1e-9);
        assert!((s.offset() + s.factor() * libm::log(27.0) - 650.0).abs() < 1e-12);
        assert_eq!((s.score(0.0), s.score(1.0)), (950.0, 350.0));
        assert!(s.score(f64::NAN).is_nan() && s.pd(f64::NAN).is_nan());
    }

    #[test]
    fn bands_are_as_published() {
        let s = scale();
        let bands: Vec<usize> = [0.0, 350.0, 549.9, 550.0, 640.0, 699.0, 700.0, 950.0].map(|v| s.band(v)).into();
        assert_eq!(bands, [0, 0, 0, 1, 2, 3, 4, 4]);
        assert_eq!(s.band_names(), ["350–549", "550–599", "600–649", "650–699", "700–950"]);
    }

    #[test]
    fn impossible_scales_are_refused() {
        let with = |change: fn(&mut ScaleParams)| {
            let mut p = ScaleParams::default();
            change(&mut p);
            Scale::new(&p)
        };
        assert!(with(|p| p.highest = 350.0).is_err());
        assert!(with(|p| p.bands = vec![600.0, 550.0]).is_err());
        assert_eq!(with(|p| p.bands.clear()).unwrap().band(700.0), 0);
    }

    proptest! {
        #[test]
        fn scores_fall_with_pd_and_invert(a in 1e-9f64..1.0, b in 1e-9f64..1.0) {
            let s = scale();
            let (x, y) = (s.score(a), s.score(b));
            prop_assert!((350.0..=950.0).contains(&x));
            prop_assert!((a < b && x >= y) || (a >= b && x <= y));
            if x > 350.0 && x < 950.0 {
                prop_assert!((s.pd(x) / a - 1.0).abs() < 1e-9);
            }
        }
    }
}
