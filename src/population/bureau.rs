//! The bureau account, month by month: a chain of delinquency and the use of the credit line.
//!
//! ```text
//! current → 30   h = min(entry·exp(c − b·z − b²/2 + ℓ − s²/2)·stress, 0.95)
//! 30 → 60, 60 → 90+, and cures to current: constants; else the state stays
//! utilisation    σ(m − b·z + taste + noise + ℓ)
//! ```
//!
//! One uniform a month moves the chain: small values roll forward, large ones cure, so that a higher hazard never heals.
//! A thick file covers the window and starts current; a thin one is opened `thin_months` before the decision; without a
//! file nothing is observed.

use super::intercept::MAX_HAZARD;
use super::lanes::{F32s, LANES, exp, flag, lanes, logistic, min};
use super::params::{BureauParams, LiquidityParams};
use super::person::PersonLanes;

/// Constants of the account.
#[derive(Clone, Debug)]
pub(super) struct BureauModel {
    /// ln entry + c − b²/2 − s²/2.
    log_entry: f32,
    loading: f32,
    roll: [f32; 2],
    cure: [f32; 3],
    utilisation: f32,
    taste: f32,
    noise: f32,
    thin_from: f32,
}

/// What does not change from month to month.
pub(super) struct Account {
    log_entry: F32s,
    utilisation: F32s,
    opened: F32s,
}

impl Account {
    /// 1 where the account is open in month `t`.
    #[inline(always)]
    pub(super) fn observed(&self, t: usize) -> F32s {
        let now = t as f32;
        lanes(|l| flag(self.opened[l] <= now))
    }
}

impl BureauModel {
    pub(super) fn new(
        p: &BureauParams,
        liquidity: &LiquidityParams,
        loading: f64,
        months: u32,
        intercept: f64,
    ) -> Self {
        let drift = 0.5 * loading * loading + 0.5 * liquidity.spread * liquidity.spread;
        Self {
            log_entry: (libm::log(p.entry) + intercept - drift) as f32,
            loading: loading as f32,
            roll: [p.roll_60 as f32, p.roll_90 as f32],
            cure: [p.cure_30 as f32, p.cure_60 as f32, p.cure_90 as f32],
            utilisation: p.utilisation as f32,
            taste: p.utilisation_taste as f32,
            noise: p.utilisation_noise as f32,
            thin_from: months.saturating_sub(p.thin_months) as f32,
        }
    }

    #[inline(always)]
    pub(super) fn open(&self, person: &PersonLanes) -> Account {
        Account {
            log_entry: lanes(|l| self.log_entry - self.loading * person.quality[l]),
            utilisation: lanes(|l| self.utilisation + self.taste * person.taste[l] - self.loading * person.quality[l]),
            opened: lanes(|l| match person.file[l] {
                f if f > 1.5 => 0.0,
                f if f > 0.5 => self.thin_from,
                _ => f32::MAX,
            }),
        }
    }

    /// Moves the chain; `log_stress` is the log of the national series.
    #[inline(always)]
    pub(super) fn step(
        &self,
        account: &Account,
        observed: &F32s,
        state: &mut F32s,
        u: &F32s,
        liquidity: &F32s,
        log_stress: f32,
    ) {
        for l in 0..LANES {
            let s = state[l];
            let entry = min(exp(account.log_entry[l] + liquidity[l] + log_stress), MAX_HAZARD as f32);
            let (late, very, worst) = (s > 0.5, s > 1.5, s > 2.5);
            let roll = if late { self.roll[0] } else { entry };
            let roll = if very { self.roll[1] } else { roll };
            let roll = if worst { 0.0 } else { roll };
            let cure = if late { self.cure[0] } else { 0.0 };
            let cure = if very { self.cure[1] } else { cure };
            let cure = if worst { self.cure[2] } else { cure };
            let moved = if u[l] < roll { s + 1.0 } else { s };
            let moved = if u[l] > 1.0 - cure { 0.0 } else { moved };
            state[l] = moved * observed[l];
        }
    }

    /// Share of the credit line in use; 0 where nothing is observed.
    #[inline(always)]
    pub(super) fn utilisation(&self, account: &Account, observed: &F32s, noise: &F32s, liquidity: &F32s) -> F32s {
        let mut out = [0.0; LANES];
        for l in 0..LANES {
            out[l] = observed[l] * logistic(account.utilisation[l] + self.noise * noise[l] + liquidity[l]);
        }
        out
    }
}
