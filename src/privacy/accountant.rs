//! Accountants: what a list of releases costs together, by every rule that applies.
//!
//! An [`Event`] is a kind of release, a [`Composition`] a list of them (adaptive: each may depend on the answers before), all
//! under add/remove of one person. Its (ε, δ) is given by
//!
//! | accountant | holds for | how tight |
//! |---|---|---|
//! | basic | everything | ε add, δ split evenly over what is not pure |
//! | zCDP ([`zcdp`]) | all but sampled Gaussians | some 8 % above the exact Gaussian |
//! | RDP ([`rdp`]) | everything | as zCDP; the choice for sampled Gaussians before PLD |
//! | GDP ([`gdp`](super::gdp)) | all but ρ alone and sampled Gaussians | exact for Gaussians; ε-DP counts as μ = −2Φ⁻¹(1/(1 + e^ε)) |
//! | PLD (`pld`) | all but ρ alone | in 422 exact values of seven kinds of event (`tests/accounting/exact.csv`: δ from 1e-3 to 1e-15, rates down to 1e-7, up to 10⁶ events) below none, and at most 1 % above where it carries no note; two whose ε is next to nothing carry one: 5·10⁻⁷ is 1.4 % and 6·10⁻⁵ is 2.9 % too high |
//!
//! Each is a valid bound, so the least of them is ([`SideBySide::best`]). ε-DP is μ-GDP as stated because randomised response, which dominates it,
//! has its one corner at error rates (1/(1 + e^ε), 1/(1 + e^ε)), which is a point of that μ's trade-off curve. Where PLD has no answer, or not a close one, a
//! [`Reason`] says why ([`SideBySide::pld_note`]).
//!
//! The discrete events are scalars (one integer that one person moves by `shift`); for vectors the mechanisms' own claims are entered
//! ([`grid`](super::grid)).

mod curve;
mod law;
mod losses;
mod pld;
pub mod rdp;
mod sum;
pub mod zcdp;

pub use self::zcdp::{epsilon_of_rho, rho_of_epsilon};

use self::losses::{Direction, LARGEST_SUM};
use super::gdp::epsilon_of_mu;
use super::grid::mu_of_scale;
use crate::error::{Error, Result};
use crate::stats::normal_quantile;

/// A kind of release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Any ε-DP mechanism.
    Pure {
        /// ε.
        epsilon: f64,
    },
    /// Any ρ-zCDP mechanism.
    Zcdp {
        /// ρ.
        rho: f64,
    },
    /// Any μ-GDP mechanism: Gaussian noise of σ = sensitivity/μ.
    Gaussian {
        /// μ.
        mu: f64,
    },
    /// Gaussian noise on a sum over a sample that each person is in with probability `rate`.
    SampledGaussian {
        /// q.
        rate: f64,
        /// σ per unit of sensitivity.
        sigma: f64,
    },
    /// Laplace noise on one number.
    Laplace {
        /// Sensitivity over scale.
        epsilon: f64,
    },
    /// Laplace noise on a number that reads a sample that each person is in with probability `rate`.
    SampledLaplace {
        /// q.
        rate: f64,
        /// Sensitivity over scale.
        epsilon: f64,
    },
    /// Discrete Gaussian noise on one integer.
    DiscreteGaussian {
        /// By how much one person moves it.
        shift: u32,
        /// Scale.
        sigma: f64,
    },
    /// Discrete Laplace noise on one integer.
    DiscreteLaplace {
        /// By how much one person moves it.
        shift: u32,
        /// Scale.
        scale: f64,
    },
}

impl Event {
    /// ε, where it is pure.
    fn pure(&self) -> Option<f64> {
        match *self {
            Self::Pure { epsilon } | Self::Laplace { epsilon } => Some(epsilon),
            Self::DiscreteLaplace { shift, scale } => Some(f64::from(shift) / scale),
            // A sample of rate q of ε is ln(1 + q(e^ε − 1)).
            Self::SampledLaplace { rate, epsilon } => Some(losses::sampled(rate, epsilon)),
            _ => None,
        }
    }

    /// ρ, where there is one.
    fn rho(&self) -> Option<f64> {
        match *self {
            Self::Zcdp { rho } => Some(rho),
            Self::Gaussian { mu } => Some(0.5 * mu * mu),
            Self::SampledGaussian { rate, sigma } if rate >= 1.0 => Some(0.5 / (sigma * sigma)),
            Self::SampledGaussian { .. } => None,
            Self::DiscreteGaussian { shift, sigma } => {
                Some(0.5 * (f64::from(shift) / sigma) * (f64::from(shift) / sigma))
            }
            _ => self.pure().map(|e| 0.5 * e * e),
        }
    }

    /// μ, where there is one.
    fn mu(&self) -> Option<f64> {
        match *self {
            Self::Gaussian { mu } => Some(mu),
            Self::SampledGaussian { rate, sigma } if rate >= 1.0 => Some(1.0 / sigma),
            Self::DiscreteGaussian { shift, sigma } => Some(mu_of_scale(f64::from(shift), sigma)),
            Self::Zcdp { .. } | Self::SampledGaussian { .. } => None,
            _ => self.pure().map(mu_of_pure),
        }
    }

    /// ε of this event alone at δ.
    fn alone(&self, delta: f64) -> f64 {
        if let Some(epsilon) = self.pure() {
            return epsilon;
        }
        if let Self::SampledGaussian { rate, sigma } = *self {
            // A sample of rate q of (ε, δ) is (ln(1 + q(e^ε − 1)), qδ).
            let whole = epsilon_of_mu(1.0 / sigma, delta / rate);
            return if whole > 700.0 { whole } else { libm::log1p(rate * libm::expm1(whole)) };
        }
        let zcdp = self.rho().map_or(f64::INFINITY, |r| epsilon_of_rho(r, delta));
        let gdp = self.mu().map_or(f64::INFINITY, |m| epsilon_of_mu(m, delta));
        zcdp.min(gdp)
    }

    /// Refuses parameters without a meaning.
    fn check(&self) -> Result<()> {
        if let Self::SampledGaussian { rate, .. } | Self::SampledLaplace { rate, .. } = *self
            && !(rate > 0.0 && rate <= 1.0)
        {
            return Err(Error::Privacy(format!("a sampling rate is {rate}, allowed is more than 0, at most 1")));
        }
        let (name, value) = match *self {
            Self::Pure { epsilon } | Self::Laplace { epsilon } | Self::SampledLaplace { epsilon, .. } => {
                ("epsilon", epsilon)
            }
            Self::Zcdp { rho } => ("rho", rho),
            Self::Gaussian { mu } => ("mu", mu),
            Self::SampledGaussian { sigma, .. } => ("sigma", sigma),
            Self::DiscreteGaussian { shift, sigma: scale } | Self::DiscreteLaplace { shift, scale } => {
                if shift == 0 {
                    return Err(Error::Privacy("a shift of 0 costs nothing: leave the event out".into()));
                }
                ("scale", scale)
            }
        };
        if value > 0.0 {
            return Ok(());
        }
        Err(Error::Privacy(format!("{name} is {value}, allowed is more than 0")))
    }
}

/// μ of what is ε-DP.
pub fn mu_of_pure(epsilon: f64) -> f64 {
    if epsilon > 700.0 {
        return f64::INFINITY;
    }
    // Outwards: near ε = 0 the quantile's argument is known to 10⁻¹⁶ only.
    -2.0 * normal_quantile(1.0 / (1.0 + libm::exp(epsilon))) * (1.0 + 1e-12) + 1e-15
}

/// A list of events, each with how often it happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composition {
    events: Vec<(Event, u64)>,
}

impl Composition {
    /// No events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `times` events of a kind. Fails for parameters without a meaning.
    pub fn add(&mut self, event: Event, times: u64) -> Result<()> {
        event.check()?;
        match self.events.iter_mut().find(|(e, _)| *e == event) {
            Some((_, n)) => *n += times,
            None if times > 0 => self.events.push((event, times)),
            None => {}
        }
        Ok(())
    }

    /// `times` events of one kind.
    pub fn of(event: Event, times: u64) -> Result<Self> {
        let mut out = Self::new();
        out.add(event, times)?;
        Ok(out)
    }

    /// The events.
    pub fn events(&self) -> &[(Event, u64)] {
        &self.events
    }

    /// Σ n·f, where every event has one.
    fn sum(&self, f: impl Fn(&Event) -> Option<f64>) -> Option<f64> {
        self.events.iter().map(|(e, n)| Some(*n as f64 * f(e)?)).sum()
    }

    /// One direction where P and Q are mirror images in every event.
    fn directions(&self) -> &'static [Direction] {
        let lopsided = |e: &Event| matches!(e, Event::SampledGaussian { rate, .. } | Event::SampledLaplace { rate, .. } if *rate < 1.0);
        if self.events.iter().any(|(e, _)| lopsided(e)) {
            &[Direction::Remove, Direction::Add]
        } else {
            &[Direction::Remove]
        }
    }

    /// Gaussians merged into one, what is too wide to sum over taken as a Gaussian.
    fn merged(&self) -> Self {
        let gaussian = |e: &Event| match *e {
            Event::Gaussian { .. } => e.mu(),
            Event::SampledGaussian { rate, .. } if rate >= 1.0 => e.mu(),
            Event::DiscreteGaussian { sigma, .. } if sigma > LARGEST_SUM => e.mu(),
            _ => None,
        };
        let mut events: Vec<(Event, u64)> =
            self.events.iter().filter(|(e, _)| gaussian(e).is_none()).copied().collect();
        let squares: f64 = self.events.iter().filter_map(|(e, n)| gaussian(e).map(|m| *n as f64 * m * m)).sum();
        if squares > 0.0 {
            events.push((Event::Gaussian { mu: libm::sqrt(squares) }, 1));
        }
        Self { events }
    }

    /// ε by basic composition.
    pub fn basic(&self, delta: f64) -> f64 {
        let shared: u64 = self.events.iter().filter(|(e, _)| e.pure().is_none()).map(|(_, n)| n).sum();
        let each = delta / shared as f64;
        self.events.iter().map(|(e, n)| *n as f64 * e.alone(each)).sum()
    }

    /// ε by zCDP.
    pub fn zcdp(&self, delta: f64) -> Option<f64> {
        self.sum(Event::rho).map(|rho| epsilon_of_rho(rho, delta))
    }

    /// ε by RDP.
    pub fn rdp(&self, delta: f64) -> f64 {
        if self.events.is_empty() { 0.0 } else { rdp::epsilon(self, delta) }
    }

    /// ε by Gaussian differential privacy.
    pub fn gdp(&self, delta: f64) -> Option<f64> {
        self.sum(|e| e.mu().map(|m| m * m)).map(|squares| epsilon_of_mu(libm::sqrt(squares), delta))
    }

    /// ε by privacy loss distributions, with why it stands or does not stand there: [`Reason`].
    pub fn pld_stated(&self, delta: f64) -> (Option<f64>, Option<Reason>) {
        let merged = self.merged();
        match merged.events[..] {
            [] => (Some(0.0), None),
            [(Event::Gaussian { mu }, 1)] => (Some(epsilon_of_mu(mu, delta)), None),
            _ if merged.events.iter().any(|(e, _)| matches!(e, Event::Zcdp { .. })) => {
                (None, Some(Reason::Concentrated))
            }
            _ if delta.is_nan() || delta <= 0.0 => (None, Some(Reason::Rounding)),
            _ => match pld::epsilon(&merged, delta) {
                Ok(a) if a.epsilon.is_finite() => (Some(a.epsilon), (a.excess > COARSE).then_some(Reason::Coarse)),
                Ok(_) => (None, Some(Reason::Noise)),
                Err(reason) => (None, Some(reason)),
            },
        }
    }

    /// ε of [`Composition::pld_stated`].
    pub fn pld(&self, delta: f64) -> Option<f64> {
        self.pld_stated(delta).0
    }

    /// δ by privacy loss distributions at ε ≥ 0; `None` where [`Composition::pld`] has none for some δ.
    pub fn pld_delta(&self, epsilon: f64) -> Option<f64> {
        let merged = self.merged();
        match merged.events[..] {
            [] => Some(0.0),
            [(Event::Gaussian { mu }, 1)] => Some(super::gdp::delta_of_mu(mu, epsilon)),
            _ if merged.events.iter().any(|(e, _)| matches!(e, Event::Zcdp { .. })) => None,
            _ => pld::delta(&merged, epsilon).ok(),
        }
    }

    /// ε by every accountant.
    pub fn side_by_side(&self, delta: f64) -> SideBySide {
        let (pld, pld_note) = self.pld_stated(delta);
        SideBySide {
            delta,
            basic: self.basic(delta),
            zcdp: self.zcdp(delta),
            rdp: self.rdp(delta),
            gdp: self.gdp(delta),
            pld,
            pld_note,
        }
    }
}

/// ε at one δ by every accountant; `None` where one does not apply.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SideBySide {
    /// δ.
    pub delta: f64,
    /// Basic composition.
    pub basic: f64,
    /// Zero-concentrated differential privacy.
    pub zcdp: Option<f64>,
    /// Rényi differential privacy.
    pub rdp: f64,
    /// Gaussian differential privacy.
    pub gdp: Option<f64>,
    /// Privacy loss distributions.
    pub pld: Option<f64>,
    /// Why there are none, or how good they are, where that is not what the [module](self) promises.
    pub pld_note: Option<Reason>,
}

/// Estimated share of ε by which PLD may lie above exact before it says so: half a bar of 1 %, as it is an estimate.
const COARSE: f64 = 0.005;

/// Why privacy loss distributions give no ε, or not a close one. The other accountants' bounds hold all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// An event is known by its ρ alone.
    Concentrated,
    /// A sampled Gaussian has a σ below 0.001.
    Sigma,
    /// The noise is too small or absent.
    Noise,
    /// Rounding hides so small a δ among so many events.
    Rounding,
    /// The events' losses are of too different sizes.
    Sizes,
    /// ε is next to nothing.
    Nothing,
    /// There is an ε, but it may lie 1 % or more above the exact one.
    Coarse,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Concentrated => "an event is known by its ρ alone, which has no distribution of losses",
            Self::Sigma => "a sampled Gaussian has a σ below 0.001",
            Self::Noise => "the noise is too small or absent",
            Self::Rounding => "rounding hides so small a δ among so many releases",
            Self::Sizes => "the releases' losses are of too different sizes",
            Self::Nothing => "ε is next to nothing",
            Self::Coarse => "it may lie 1 % or more above the exact ε",
        })
    }
}

impl SideBySide {
    /// Names and values, in a fixed order.
    pub fn rows(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("basic composition", Some(self.basic)),
            ("zCDP", self.zcdp),
            ("RDP", Some(self.rdp)),
            ("GDP", self.gdp),
            ("PLD", self.pld),
        ]
    }

    /// The least of them: every one is valid.
    pub fn best(&self) -> f64 {
        self.rows().into_iter().filter_map(|r| r.1).fold(f64::INFINITY, f64::min)
    }
}

/// A number with so many decimals, never less than it is: ε in a table, or noise.
pub fn rounded_up(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    match text.parse::<f64>() {
        Ok(shown) if shown < v => format!("{:.decimals$}", shown + libm::pow(10.0, -(decimals as f64))),
        _ => text,
    }
}

/// A number with so many decimals, never more than it is: what may be spent.
pub fn rounded_down(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    match text.parse::<f64>() {
        Ok(shown) if shown > v => format!("{:.decimals$}", shown - libm::pow(10.0, -(decimals as f64))),
        _ => text,
    }
}

/// An accountant that can calibrate noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accountant {
    /// Zero-concentrated differential privacy; rate 1 only.
    Zcdp,
    /// Rényi differential privacy.
    Rdp,
    /// Gaussian differential privacy; rate 1 only.
    Gdp,
    /// Privacy loss distributions.
    Pld,
}

impl Accountant {
    fn epsilon(self, composition: &Composition, delta: f64) -> f64 {
        match self {
            Self::Zcdp => composition.zcdp(delta),
            Self::Rdp => Some(composition.rdp(delta)),
            Self::Gdp => composition.gdp(delta),
            Self::Pld => composition.pld(delta),
        }
        .unwrap_or(f64::INFINITY)
    }

    /// The least σ (per unit of sensitivity, within 1e-4) at which `steps` Gaussian releases, each on a sample of `rate`, are
    /// within (ε, δ). Fails for what has no meaning and where no σ from 1e-3 to 1e9 will do.
    pub fn sigma(self, epsilon: f64, delta: f64, steps: u64, rate: f64) -> Result<f64> {
        super::Budget::new(epsilon, delta)?;
        let log_cost = |x: f64| {
            let composition = Composition::of(Event::SampledGaussian { rate, sigma: libm::exp(x) }, steps)?;
            let cost = self.epsilon(&composition, delta);
            Ok::<f64, Error>(libm::log(cost.max(1e-300) / epsilon))
        };
        let (mut low, mut high) = (-6.9, 20.7);
        if self == Self::Pld {
            // RDP's σ is enough; most of the search is done where it is cheap.
            high = libm::log(Self::Rdp.sigma(epsilon, delta, steps, rate)?);
            low = high - 0.2;
            while log_cost(low)? <= 0.0 && low > -6.9 {
                (low, high) = (low - 0.4, low);
            }
        } else if log_cost(high)? > 0.0 {
            return Err(Error::Privacy(format!(
                "no sigma up to 1e9 makes {steps} releases ({epsilon}, {delta})-DP by this accountant"
            )));
        }
        while high - low > 1e-4 {
            let middle = 0.5 * (low + high);
            if log_cost(middle)? <= 0.0 { high = middle } else { low = middle }
        }
        Ok(libm::exp(high))
    }
}

#[cfg(test)]
mod tests;
