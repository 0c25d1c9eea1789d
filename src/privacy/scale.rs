//! Scales of discrete noise: rationals n/2ᵍ that samplers can use exactly and opendp can be told exactly.

use crate::error::{Error, Result};

/// A noise scale n/2ᵍ with n < 2³¹ and g ≤ 20; also exact as f64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    numerator: u32,
    shift: u8,
}

/// Finest grid: scales are multiples of 2⁻²⁰, of 2⁻ᵍ with smaller g where n would not fit.
const FINEST: u8 = 20;
/// Largest n: room for a few steps of the search below 2³¹.
const LARGEST: f64 = 2_147_483_000.0;

impl Scale {
    /// No noise.
    pub const ZERO: Self = Self { numerator: 0, shift: 0 };

    /// The smallest scale of the grid that is at least `s`; fails above 2³¹.
    pub fn at_least(s: f64) -> Result<Self> {
        if !(0.0..=LARGEST).contains(&s) {
            return Err(Error::Privacy(format!(
                "a noise scale of {s} is outside 0 to {LARGEST}: raise epsilon or use a coarser grid of values"
            )));
        }
        let shift = (0..=FINEST).rev().find(|g| s * f64::from(1u32 << g) <= LARGEST).unwrap_or(0);
        Ok(Self { numerator: (s * f64::from(1u32 << shift)).ceil() as u32, shift })
    }

    /// The smallest scale of the grid around `guess` whose cost is at most `budget`, and that cost.
    ///
    /// `cost` falls with the scale; an infinite budget gives scale 0.
    pub fn cheapest(budget: f64, guess: f64, cost: impl Fn(Self) -> Result<f64>) -> Result<(Self, f64)> {
        if budget == f64::INFINITY {
            return Ok((Self::ZERO, cost(Self::ZERO)?));
        }
        let mut scale = Self::at_least(guess)?;
        scale.numerator = scale.numerator.max(1);
        while cost(scale)? > budget {
            if f64::from(scale.numerator) > LARGEST {
                return Err(Error::Privacy(format!("no noise scale up to {LARGEST} costs {budget} or less")));
            }
            scale.numerator += 1;
        }
        while scale.numerator > 1 {
            let smaller = Self { numerator: scale.numerator - 1, ..scale };
            if cost(smaller)? > budget {
                break;
            }
            scale = smaller;
        }
        let cost = cost(scale)?;
        Ok((scale, cost))
    }

    /// n.
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// g.
    pub fn shift(self) -> u8 {
        self.shift
    }

    /// n/2ᵍ, exactly.
    pub fn value(self) -> f64 {
        f64::from(self.numerator) / f64::from(1u32 << self.shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_rounds_up_and_coarsens_when_it_must() {
        for s in [0.0, 1e-9, 0.3, 1.0, 1234.567, 2047.99, 1e6, 2e9] {
            let scale = Scale::at_least(s).unwrap();
            assert!(scale.value() >= s && scale.value() <= s * (1.0 + 1e-9) + 1e-6, "{s}: {scale:?}");
        }
        assert!(Scale::at_least(3e9).is_err() && Scale::at_least(f64::NAN).is_err() && Scale::at_least(-1.0).is_err());
    }

    #[test]
    fn the_search_finds_the_smallest_scale_from_either_side() {
        let cost = |s: Scale| Ok(1.0 / s.value());
        for guess in [3.333_333, 3.333_34, 3.333_329] {
            let (scale, paid) = Scale::cheapest(0.3, guess, cost).unwrap();
            assert!(paid <= 0.3);
            assert_eq!(scale.numerator(), (f64::from(1 << 20) / 0.3).ceil() as u32);
        }
    }
}
