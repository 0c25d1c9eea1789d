//! What the bins of a column are worth, from their counts.
//!
//! ```text
//! IV   = Σ (g − b)·WoE                                    g, b: shares of all goods and of all bads in the bin
//! JS   = ½ Σ g·log₂(g/m) + ½ Σ b·log₂(b/m),  m = (g + b)/2     Jensen–Shannon divergence, 0 to 1
//! Gini = |2·AUC − 1| of the WoE as a score
//! ```

use super::{Bin, Bins, Place};
use serde::Serialize;

/// IV in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Below .02.
    Useless,
    /// .02 to .1.
    Weak,
    /// .1 to .3.
    Medium,
    /// .3 to .5.
    Strong,
    /// .5 and more: look for a leak of the outcome.
    Suspicious,
}

impl Strength {
    /// The strength of an information value.
    ///
    /// Source: Siddiqi, Credit Risk Scorecards (2006).
    pub fn of(iv: f64) -> Self {
        match iv {
            v if v >= 0.5 => Self::Suspicious,
            v if v >= 0.3 => Self::Strong,
            v if v >= 0.1 => Self::Medium,
            v if v >= 0.02 => Self::Weak,
            _ => Self::Useless,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Useless => "useless",
            Self::Weak => "weak",
            Self::Medium => "medium",
            Self::Strong => "strong",
            Self::Suspicious => "suspicious",
        }
    }
}

/// What a column's bins are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Information value.
    pub iv: f64,
    /// Jensen–Shannon divergence in bits.
    pub js: f64,
    /// Gini of the column alone.
    pub gini: f64,
}

impl Bins {
    /// Information value, Jensen–Shannon divergence and Gini; zeros where all training persons have one outcome.
    pub fn quality(&self) -> Quality {
        let persons: u64 = self.iter().map(|b| u64::from(b.persons)).sum();
        let bads: u64 = self.iter().map(|b| u64::from(b.bads)).sum();
        let (all_goods, all_bads) = ((persons - bads) as f64, bads as f64);
        if all_goods <= 0.0 || all_bads <= 0.0 {
            return Quality { iv: 0.0, js: 0.0, gini: 0.0 };
        }
        let share = |b: &Bin| (f64::from(b.persons - b.bads) / all_goods, f64::from(b.bads) / all_bads);
        let (mut iv, mut js) = (0.0, 0.0);
        for (bin, (g, b)) in self.iter().map(|bin| (bin, share(bin))) {
            let part = |p: f64| if p > 0.0 { 0.5 * p * libm::log2(2.0 * p / (g + b)) } else { 0.0 };
            iv += (g - b) * bin.woe;
            js += part(g) + part(b);
        }
        let mut order: Vec<&Bin> = self.iter().collect();
        order.sort_by(|a, b| b.woe.total_cmp(&a.woe));
        let (mut goods, mut area) = (0.0, 0.0);
        for tie in order.chunk_by(|a, b| a.woe == b.woe) {
            let (g, b) = tie.iter().map(|bin| share(bin)).fold((0.0, 0.0), |s, v| (s.0 + v.0, s.1 + v.1));
            area += b * (goods + 0.5 * g);
            goods += g;
        }
        Quality { iv, js, gini: (2.0 * area - 1.0).abs() }
    }

    /// How the default rate moves over the ordinary bins, in words: what was found, not what was asked.
    pub fn trend(&self) -> &'static str {
        let ordinary: Vec<f64> = self.iter().filter(|b| b.is_ordinary() && b.persons > 0).map(Bin::rate).collect();
        if self.iter().any(|b| b.place == Place::Unseen) {
            return "category";
        }
        let mut signs: Vec<bool> = ordinary.windows(2).map(|w| w[1] > w[0]).collect();
        signs.dedup();
        match signs.as_slice() {
            [] => "one bin",
            [true] => "rising",
            [false] => "falling",
            [true, false] => "peak",
            [false, true] => "valley",
            _ => "free",
        }
    }
}
