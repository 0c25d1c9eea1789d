//! Central mechanisms: integer vectors plus discrete Laplace or discrete Gaussian noise.
//!
//! What a mechanism costs is said by the privacy map of the opendp `Measurement` of its kind and scale; the ledger is given the map's
//! answer. What it does is to add noise of exactly that distribution, from one of three sources ([`NoiseMode`]): seeded streams, the
//! operating system, or that measurement's own function.
//!
//! Calibration: the smallest scale of the grid ([`Scale`]) whose cost under the map is within the budget. A budget of ∞
//! gives scale 0: the same path, no noise, an entry of infinite cost.
//!
//! Sums saturate at the ends of i64, which is post-processing.

use super::grid::{least_scale, mu_of_scale};
use super::ledger::{Cost, Entry, Ledger, Neighbouring, Partition, Trust};
use super::sample;
use super::scale::Scale;
use super::system::System;
use super::tape::{Family, Heard, Tape};
use crate::error::{Error, Result};
use crate::rng::{Draws, Entity, Purpose, Streams};
use opendp::core::{Measure, Measurement, Metric, MetricSpace};
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::{make_gaussian, make_laplace};
use opendp::measures::{MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{L1Distance, L2Distance};
use rand::TryRng;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where noise comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseMode {
    /// Seeded streams: repeatable, for simulation only.
    #[default]
    Seeded,
    /// The same samplers on the operating system's randomness ([`System`]): for a real release, and for audits of that path.
    System,
    /// opendp's samplers, for comparison. They draw from a generator of the process (rand 0.7's thread generator: ChaCha, seeded by the
    /// operating system and again every 64 KiB), because opendp's own secure generator is a feature that is not built. Not
    /// repeatable, and never used for a release.
    Opendp,
}

/// The source of a sequence of releases. Two sources with the same streams and number repeat each other.
#[derive(Clone, Debug)]
pub struct Noise {
    mode: NoiseMode,
    streams: Streams,
    release: u64,
    calls: u16,
    /// No call has this number or a higher one.
    end: u16,
    tape: Option<Tape>,
    /// Shared by all copies of this source.
    drawn: Arc<AtomicBool>,
}

/// The first call of a source that is apart.
const APART: u16 = 65_000;

impl Noise {
    /// The source numbered `release`: a number that no other source of the replication has.
    pub fn new(mode: NoiseMode, streams: Streams, release: u64) -> Self {
        Self { mode, streams, release, calls: 0, end: APART, tape: None, drawn: Arc::default() }
    }

    /// The source of a real release: the operating system. Its copies never repeat each other.
    pub fn of_a_release() -> Self {
        Self::new(NoiseMode::System, Streams::new(0, 0), 0)
    }

    /// The same source, at draws that neither it nor a copy of it comes to: for what is released beside a fit that works on a copy.
    #[must_use]
    pub(crate) fn apart(&self) -> Self {
        Self { calls: APART, end: u16::MAX, ..self.clone() }
    }

    /// Whether this source or a copy of it may have drawn noise: it was about to, and from then on this is true.
    pub fn may_have_drawn(&self) -> bool {
        self.drawn.load(Ordering::SeqCst)
    }

    /// Notes that noise is about to be drawn.
    pub(super) fn draws(&self) {
        self.drawn.store(true, Ordering::SeqCst);
    }

    /// The same source, listened to by an audit.
    #[must_use]
    pub(crate) fn taped(mut self, tape: &Tape) -> Self {
        self.tape = Some(tape.clone());
        self
    }

    /// Where the noise comes from.
    pub fn mode(&self) -> NoiseMode {
        self.mode
    }

    /// The streams of the replication.
    pub(crate) fn streams(&self) -> Streams {
        self.streams
    }

    /// The stream of the next release of this source; never the same twice.
    fn next(&mut self) -> Result<Draws> {
        let call = self.calls;
        if call >= self.end {
            return Err(Error::Privacy(format!("{call} releases from one source: number a new one")));
        }
        self.calls = call + 1;
        Ok(self.streams.draws(Entity::Nation(self.release), call, Purpose::CentralNoise))
    }
}

/// An opendp error as ours; its Display drops the message.
pub(super) fn refused(e: opendp::error::Error) -> Error {
    Error::Privacy(format!("opendp: {:?}: {}", e.variant, e.message.unwrap_or_default()))
}

/// Refuses a budget that is not a positive number (∞ is one).
pub(super) fn positive(name: &str, budget: f64) -> Result<f64> {
    if budget > 0.0 {
        return Ok(budget);
    }
    Err(Error::Privacy(format!("{name} is {budget}, allowed is more than 0 (infinity for no noise)")))
}

type Domain = VectorDomain<AtomDomain<i64>>;

fn domain() -> Domain {
    VectorDomain::new(AtomDomain::default())
}

/// What a release says about itself in the ledger beside its cost.
#[derive(Clone, Debug)]
struct Terms {
    neighbouring: Neighbouring,
    partition: Option<Partition>,
}

impl Terms {
    const fn new() -> Self {
        Self { neighbouring: Neighbouring::AddRemove, partition: None }
    }

    fn entry(&self, query: &str, mechanism: &str, norm: &str, sensitivity: f64, scale: Scale, cost: Cost) -> Entry {
        Entry {
            query: query.to_owned(),
            unit: "person, all months".to_owned(),
            neighbouring: self.neighbouring,
            trust: Trust::Central,
            mechanism: mechanism.to_owned(),
            norm: norm.to_owned(),
            sensitivity,
            scale: scale.value(),
            cost,
            partition: self.partition.clone(),
        }
    }
}

/// The values plus one draw each.
fn noisy<R: TryRng>(
    draws: &mut R,
    family: Family,
    scale: Scale,
    values: &[i64],
) -> std::result::Result<Vec<i64>, R::Error> {
    let one = match family {
        Family::Laplace => sample::laplace::<R>,
        Family::Gaussian => sample::gaussian::<R>,
    };
    values.iter().map(|v| Ok(v.saturating_add(one(draws, scale)?))).collect()
}

/// Adds the noise of a measurement of this family and scale to `values`.
fn run<MI: Metric, MO: Measure>(
    measurement: &Measurement<Domain, MI, MO, Vec<i64>>,
    (family, scale): (Family, Scale),
    values: &mut [i64],
    noise: &mut Noise,
) -> Result<()>
where
    (Domain, MI): MetricSpace,
{
    let truth = values.to_vec();
    let said = if let Some(scripted) = noise.tape.as_ref().map(|t| t.answer(truth.len())).transpose()?.flatten() {
        scripted
    } else {
        noise.draws();
        match noise.mode {
            NoiseMode::Seeded => {
                let Ok(said) = noisy(&mut noise.next()?, family, scale, &truth);
                said
            }
            NoiseMode::System => noisy(&mut System::new(), family, scale, &truth)?,
            NoiseMode::Opendp => measurement.invoke(&truth).map_err(refused)?,
        }
    };
    values.copy_from_slice(&said);
    if let Some(tape) = &noise.tape {
        tape.enter(Heard { family, scale: scale.value(), truth, said });
    }
    Ok(())
}

/// Discrete Laplace noise on an integer vector of bounded L1 sensitivity: pure ε-DP.
#[derive(Clone, Debug)]
pub struct IntegerLaplace {
    l1: i64,
    scale: Scale,
    epsilon: f64,
    terms: Terms,
}

impl IntegerLaplace {
    /// The least noise that costs at most `epsilon`, for vectors that one person changes by at most `l1_sensitivity`
    /// in L1. ε = ∞: no noise. Fails for ε ≤ 0 or NaN, for sensitivity 0, and where the scale would pass 2³¹.
    pub fn calibrate(l1_sensitivity: u64, epsilon: f64) -> Result<Self> {
        positive("epsilon", epsilon)?;
        let l1 = sensitivity(l1_sensitivity)?;
        let cost = |scale| Self::measurement(scale)?.map(&l1).map_err(refused);
        let (scale, epsilon) = Scale::cheapest(epsilon, l1 as f64 / epsilon, cost)?;
        Ok(Self { l1, scale, epsilon, terms: Terms::new() })
    }

    fn measurement(scale: Scale) -> Result<Measurement<Domain, L1Distance<i64>, MaxDivergence, Vec<i64>>> {
        make_laplace(domain(), L1Distance::default(), scale.value(), None).map_err(refused)
    }

    /// Confines the release to one cell of a disjoint partition.
    #[must_use]
    pub fn within(mut self, partition: Partition) -> Self {
        self.terms.partition = Some(partition);
        self
    }

    /// States the neighbouring relation that the sensitivity holds for (add/remove unless stated).
    #[must_use]
    pub fn neighbouring(mut self, relation: Neighbouring) -> Self {
        self.terms.neighbouring = relation;
        self
    }

    /// Noise scale; its standard deviation is about √2 times that.
    pub fn scale(&self) -> f64 {
        self.scale.value()
    }

    /// ε of one release, by opendp's map.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Adds noise to the joint vector `values` and enters the release.
    pub fn release(&self, values: &mut [i64], query: &str, noise: &mut Noise, ledger: &mut Ledger) -> Result<()> {
        let measurement = Self::measurement(self.scale)?;
        let epsilon = measurement.map(&self.l1).map_err(refused)?;
        run(&measurement, (Family::Laplace, self.scale), values, noise)?;
        let cost = Cost::Pure(epsilon);
        ledger.enter(self.terms.entry(query, "discrete Laplace", "L1", self.l1 as f64, self.scale, cost));
        Ok(())
    }
}

/// Discrete Gaussian noise on an integer vector of bounded L2 sensitivity: ρ-zCDP and μ-GDP.
#[derive(Clone, Debug)]
pub struct IntegerGaussian {
    l2: f64,
    scale: Scale,
    rho: f64,
    mu: f64,
    terms: Terms,
}

impl IntegerGaussian {
    /// The least noise that costs at most `rho`, for vectors that one person changes by at most
    /// √`squared_l2_sensitivity` in L2. The square is the whole number: √d need not be rounded up.
    /// ρ = ∞: no noise. Fails for ρ ≤ 0 or NaN, for sensitivity 0, and where the scale would pass 2³¹.
    pub fn calibrate(squared_l2_sensitivity: u64, rho: f64) -> Result<Self> {
        positive("rho", rho)?;
        let l2 = root_up(sensitivity(squared_l2_sensitivity)?);
        let cost = |scale| Self::measurement(scale)?.map(&l2).map_err(refused);
        let (scale, rho) = Scale::cheapest(rho, l2 / libm::sqrt(2.0 * rho), cost)?;
        Ok(Self { l2, scale, rho, mu: mu_of_scale(l2, scale.value()), terms: Terms::new() })
    }

    /// As [`IntegerGaussian::calibrate`], for a budget of `mu` in Gaussian differential privacy, as [`grid`](super::grid)
    /// proves it.
    pub fn calibrate_mu(squared_l2_sensitivity: u64, mu: f64) -> Result<Self> {
        positive("mu", mu)?;
        let l2 = root_up(sensitivity(squared_l2_sensitivity)?);
        let cost = |scale: Scale| Ok(mu_of_scale(l2, scale.value()));
        let guess = least_scale(l2, mu) * (1.0 - 1e-12);
        let (scale, mu) = Scale::cheapest(mu, guess, cost)?;
        let rho = Self::measurement(scale)?.map(&l2).map_err(refused)?;
        Ok(Self { l2, scale, rho, mu, terms: Terms::new() })
    }

    fn measurement(scale: Scale) -> Result<Measurement<Domain, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i64>>> {
        make_gaussian(domain(), L2Distance::default(), scale.value(), None).map_err(refused)
    }

    /// Confines the release to one cell of a disjoint partition.
    #[must_use]
    pub fn within(mut self, partition: Partition) -> Self {
        self.terms.partition = Some(partition);
        self
    }

    /// States the neighbouring relation that the sensitivity holds for (add/remove unless stated).
    #[must_use]
    pub fn neighbouring(mut self, relation: Neighbouring) -> Self {
        self.terms.neighbouring = relation;
        self
    }

    /// Noise scale σ, its standard deviation.
    pub fn scale(&self) -> f64 {
        self.scale.value()
    }

    /// Standard deviation of the noise for post-processing: σ, or 0 below σ = .1, where P(draw ≠ 0) < 4·10⁻²², so that
    /// ε → ∞ ends in the noiseless twin.
    pub fn deviation(&self) -> f64 {
        if self.scale() < 0.1 { 0.0 } else { self.scale() }
    }

    /// ρ of one release, by opendp's map.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// μ of one release, as [`grid`](super::grid) proves it.
    pub fn mu(&self) -> f64 {
        self.mu
    }

    /// Adds noise to the joint vector `values` and enters the release.
    pub fn release(&self, values: &mut [i64], query: &str, noise: &mut Noise, ledger: &mut Ledger) -> Result<()> {
        let measurement = Self::measurement(self.scale)?;
        let rho = measurement.map(&self.l2).map_err(refused)?;
        run(&measurement, (Family::Gaussian, self.scale), values, noise)?;
        ledger.enter(self.terms.entry(
            query,
            "discrete Gaussian",
            "L2",
            self.l2,
            self.scale,
            Cost::Gaussian { rho, mu: self.mu },
        ));
        Ok(())
    }
}

fn sensitivity(s: u64) -> Result<i64> {
    // 2⁵³: exact as f64.
    if (1..=1 << 53).contains(&s) {
        return Ok(s.cast_signed());
    }
    Err(Error::Privacy(format!("a sensitivity of {s} is outside 1 to 2^53")))
}

/// √s, never below it.
fn root_up(s: i64) -> f64 {
    let root = libm::sqrt(s as f64);
    if root.fract() == 0.0 && (root as i64).pow(2) == s { root } else { root.next_up() }
}

#[cfg(test)]
#[path = "mechanism_tests.rs"]
mod tests;
