//! The intercept of the bureau chain: solved so that fact 6 holds whatever the loading.
//!
//! ```text
//! hazard current → 30 in month t:  hₜ = min(entry · exp(c − b·z − b²/2 + ℓₜ − s²/2), 0.95)
//! ```
//!
//! z ~ N(0, 1) and the AR(1) ℓ are integrated on grids, the chain (current, 30, 60, absorbed at 90+) is run for 24 months
//! from a fresh start, and c is found by regula falsi (Illinois variant). Without a loading and liquidity c is 0 up to
//! the rounding of the published hazards; a strong loading concentrates the entries on few persons, who can reach 90+
//! only once, so that c must rise.
//!
//! Limits: the grids resolve a persistence of at most 0.95; the error of the share is below 1e-4 (tested by simulation).

use super::params::{BureauParams, LiquidityParams};
use std::ops::RangeInclusive;

/// Months within which the share is counted.
pub const HORIZON: usize = 24;
/// Largest monthly hazard current → 30.
pub const MAX_HAZARD: f64 = 0.95;

/// Equidistant points with the standard normal's weights.
pub(super) fn normal_grid(half: usize, step: f64) -> Vec<(f64, f64)> {
    let density = |x: f64| libm::exp(-0.5 * x * x);
    let points: Vec<f64> = (0..=2 * half).map(|i| (i as f64 - half as f64) * step).collect();
    let total: f64 = points.iter().map(|x| density(*x)).sum();
    points.iter().map(|x| (*x, density(*x) / total)).collect()
}

/// Share of thick files that reach 90+ days past due within [`HORIZON`] months of a fresh start.
pub fn ever_90(bureau: &BureauParams, liquidity: &LiquidityParams, loading: f64, intercept: f64) -> f64 {
    Chain::new(bureau, liquidity, loading).ever_90(intercept)
}

/// Least and largest intercept that is sought.
const ENDS: (f64, f64) = (-9.0, 13.0);

/// The smallest and the largest [`ever_90`] that an intercept gives: a share beyond them cannot be calibrated to.
pub fn reachable(bureau: &BureauParams, liquidity: &LiquidityParams, loading: f64) -> RangeInclusive<f64> {
    let chain = Chain::new(bureau, liquidity, loading);
    chain.ever_90(ENDS.0)..=chain.ever_90(ENDS.1)
}

/// The intercept c at which [`ever_90`] is `bureau.ever_90_in_24_months`; the nearer of the ends if no c reaches it, see
/// [`reachable`].
pub fn solve_bureau_intercept(bureau: &BureauParams, liquidity: &LiquidityParams, loading: f64) -> f64 {
    let chain = Chain::new(bureau, liquidity, loading);
    // On the scale of logarithms the share is nearly linear in c.
    let miss = |c: f64| libm::log(chain.ever_90(c).max(1e-300) / bureau.ever_90_in_24_months);
    let (mut lo, mut hi) = (-1.0, 1.0);
    let (mut at_lo, mut at_hi) = (miss(lo), miss(hi));
    while at_lo > 0.0 && lo > ENDS.0 {
        (hi, at_hi, lo) = (lo, at_lo, lo - 2.0);
        at_lo = miss(lo);
    }
    while at_hi < 0.0 && hi < ENDS.1 {
        (lo, at_lo, hi) = (hi, at_hi, hi + 2.0);
        at_hi = miss(hi);
    }
    if at_lo >= 0.0 || at_hi <= 0.0 {
        return if at_lo >= 0.0 { lo } else { hi };
    }
    let mut c = lo;
    for _ in 0..40 {
        c = (lo * at_hi - hi * at_lo) / (at_hi - at_lo);
        let at = miss(c);
        if at.abs() < 1e-6 {
            break;
        }
        if at < 0.0 {
            (lo, at_lo, at_hi) = (c, at, 0.5 * at_hi);
        } else {
            (hi, at_hi, at_lo) = (c, at, 0.5 * at_lo);
        }
    }
    c
}

/// The chain with its grids.
struct Chain<'a> {
    bureau: &'a BureauParams,
    loading: f64,
    spread: f64,
    quality: Vec<(f64, f64)>,
    stress: Vec<(f64, f64)>,
    /// Probability of moving from grid point i to j of ℓ: row i.
    moves: Vec<f64>,
}

impl<'a> Chain<'a> {
    fn new(bureau: &'a BureauParams, liquidity: &LiquidityParams, loading: f64) -> Self {
        let phi = liquidity.persistence;
        let sd = libm::sqrt(1.0 - phi * phi);
        let step = (0.6 * sd).min(0.5);
        let stress =
            if liquidity.spread > 0.0 { normal_grid(libm::ceil(4.0 / step) as usize, step) } else { vec![(0.0, 1.0)] };
        let mut moves = Vec::with_capacity(stress.len() * stress.len());
        for (from, _) in &stress {
            let row: Vec<f64> = stress
                .iter()
                .map(|(to, _)| {
                    let e = (to - phi * from) / sd;
                    libm::exp(-0.5 * e * e)
                })
                .collect();
            let total: f64 = row.iter().sum();
            moves.extend(row.iter().map(|w| w / total));
        }
        Self { bureau, loading, spread: liquidity.spread, quality: normal_grid(15, 0.4), stress, moves }
    }

    fn ever_90(&self, intercept: f64) -> f64 {
        self.quality.iter().map(|(z, weight)| weight * self.ever_90_at(*z, intercept)).sum()
    }

    fn ever_90_at(&self, z: f64, intercept: f64) -> f64 {
        let (b, p, n) = (self.loading, self.bureau, self.stress.len());
        let base = libm::log(p.entry) + intercept - b * z - 0.5 * b * b - 0.5 * self.spread * self.spread;
        let hazard: Vec<f64> =
            self.stress.iter().map(|(x, _)| libm::exp(base + self.spread * x).min(MAX_HAZARD)).collect();
        // Mass of (current, 30, 60) at each point of ℓ.
        let mut now: Vec<[f64; 3]> = self.stress.iter().map(|(_, w)| [*w, 0.0, 0.0]).collect();
        let mut next = vec![[0.0; 3]; n];
        for month in 0..HORIZON {
            for (mass, h) in now.iter_mut().zip(&hazard) {
                let [current, thirty, sixty] = *mass;
                *mass = [
                    current * (1.0 - h) + thirty * p.cure_30 + sixty * p.cure_60,
                    current * h + thirty * (1.0 - p.roll_60 - p.cure_30),
                    thirty * p.roll_60 + sixty * (1.0 - p.roll_90 - p.cure_60),
                ];
            }
            if month + 1 < HORIZON && n > 1 {
                next.fill([0.0; 3]);
                for (mass, row) in now.iter().zip(self.moves.chunks_exact(n)) {
                    for (to, w) in next.iter_mut().zip(row) {
                        for s in 0..3 {
                            to[s] += mass[s] * w;
                        }
                    }
                }
                std::mem::swap(&mut now, &mut next);
            }
        }
        1.0 - now.iter().map(|m| m[0] + m[1] + m[2]).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_hazards_need_almost_no_intercept() {
        let still = LiquidityParams { spread: 0.0, ..LiquidityParams::default() };
        let share = ever_90(&BureauParams::default(), &still, 0.0, 0.0);
        assert!((share - 0.079).abs() < 0.005, "{share}");
    }

    #[test]
    fn every_loading_reaches_fact_6_and_stronger_ones_need_more() {
        let (bureau, liquidity) = (BureauParams::default(), LiquidityParams::default());
        let mut before = -1.0;
        for loading in [0.0, 0.3, 0.8, 1.5, 3.0] {
            let c = solve_bureau_intercept(&bureau, &liquidity, loading);
            let share = ever_90(&bureau, &liquidity, loading, c);
            assert!((share - 0.079).abs() < 1e-6, "loading {loading}: {share}");
            assert!(c > before, "loading {loading}: {c}");
            before = c;
        }
    }

    #[test]
    fn a_share_is_reached_exactly_where_it_is_called_reachable() {
        let liquidity = LiquidityParams::default();
        for (roll_60, target) in [(0.2, 0.5), (0.2, 0.89), (0.02, 0.5), (0.0, 0.05), (0.2, 1e-9)] {
            let bureau = BureauParams { roll_60, ever_90_in_24_months: target, ..BureauParams::default() };
            let share = ever_90(&bureau, &liquidity, 0.4, solve_bureau_intercept(&bureau, &liquidity, 0.4));
            let range = reachable(&bureau, &liquidity, 0.4);
            eprintln!("{roll_60} {target} {share} {range:?}");
            assert_eq!((share / target - 1.0).abs() < 1e-4, range.contains(&target), "{roll_60}, {target}: {share}");
        }
    }

    #[test]
    fn the_grids_have_converged() {
        let bureau = BureauParams::default();
        for persistence in [0.0, 0.5, 0.8, 0.95] {
            let liquidity = LiquidityParams { persistence, spread: 0.7 };
            let coarse = ever_90(&bureau, &liquidity, 1.2, 0.3);
            let mut fine = Chain::new(&bureau, &liquidity, 1.2);
            fine.quality = normal_grid(60, 0.1);
            assert!((coarse - fine.ever_90(0.3)).abs() < 2e-5);
        }
    }
}
