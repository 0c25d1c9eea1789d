//! What a fit or a release may cost in all.

use super::accountant::rho_of_epsilon;
use super::gdp::mu_of_epsilon;
use crate::error::{Error, Result};

/// A total (ε, δ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// ε, more than 0; ∞ for the noiseless twin.
    pub epsilon: f64,
    /// δ, in (0, 1); not read where ε = ∞.
    pub delta: f64,
}

impl Budget {
    /// Refuses what has no meaning.
    pub fn new(epsilon: f64, delta: f64) -> Result<Self> {
        if epsilon.is_nan() || epsilon <= 0.0 {
            return Err(Error::Privacy(format!("epsilon is {epsilon}, allowed is more than 0")));
        }
        if epsilon.is_finite() && !(delta > 0.0 && delta < 1.0) {
            return Err(Error::Privacy(format!("delta is {delta}, allowed is more than 0, less than 1")));
        }
        Ok(Self { epsilon, delta })
    }

    /// The budget as μ of Gaussian noise (exact).
    pub fn mu(self) -> f64 {
        mu_of_epsilon(self.epsilon, self.delta)
    }

    /// The budget as ρ of zCDP (some 8 % looser than μ).
    pub fn rho(self) -> f64 {
        rho_of_epsilon(self.epsilon, self.delta)
    }
}
