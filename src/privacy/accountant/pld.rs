//! Privacy loss distributions, composed by Fourier transform and tilted towards the loss that matters.
//!
//! The losses of independent (or adaptively composed) events add, so the distribution of the total is a convolution of
//! the events' [`Losses`](super::losses), and δ(ε) = E[(1 − e^(ε−ℓ))₊] + P(ℓ = ∞). Adding and removing a person are two pairs of
//! distributions; they are composed apart and the worse counts.
//!
//! *Tilt.* Masses are multiplied by e^(θℓ) before the transform and by e^(−θℓ) after it, with the θ of the Chernoff bound
//! δ ≤ e^(K(θ)−θε), K(θ) = Σ ln E[e^(θℓ)]. The tilted sum has its bulk where the answer lies, so the rounding of the transform is small against δ however small
//! δ is, and the window of losses that is kept is narrow.
//!
//! *Never below.* What could err on the low side is added to δ: mass that wraps around above the window (Chernoff bound
//! of its tilted mass), the rounding of the transform (norm of the error ≤ 4u·(T + 1)·(8 + 4·log₂N), by Cauchy–Schwarz against
//! the weights of δ), and the mass of infinite losses. Mass that wraps around below the window counts as larger losses. ε is finally
//! rounded outwards by 1e-9.
//!
//! *Grid.* With S² the variance of the total and s = S/√(Σn), h = s/50: the splitting of masses widens S by less than 1e-4. Events with
//! atoms (all but Gaussians) have h ≤ S/10,000 as well, since a split atom may be all there is. Nor is h finer than 10⁻⁴, the grid of
//! dp_accounting, so that the two state the same number, unless that would be coarser than s/5 and widen S by more than .35 %.
//!
//! Sources: Koskela, Jälkö & Honkela 2020 (Fourier accountant); Gopi, Lee & Wutschitz 2021; Alghamdi et al. 2022 (the tilt).

#![allow(clippy::cast_possible_wrap, reason = "indices stay below 2^23")]

use super::fft::{Complex, inverse, roots, transform};
use super::losses::{Direction, Losses, spread};
use super::{Composition, Event};
use crate::error::{Error, Result};

/// Most points of a grid.
const LARGEST: f64 = 4_194_304.0;
/// Least σ of a sampled Gaussian: below, its quadrature would not end.
const LEAST_SIGMA: f64 = 1e-3;
/// Grid steps within S/√(Σn).
const FINENESS: f64 = 50.0;
/// Tilted mass that may lie beyond either end of the window.
const TAIL: f64 = 1e-13;
/// Relative widening of δ and of ε for the rounding of sums and quadratures.
const OUTWARDS: f64 = 1e-9;

/// The smallest ε at which the composition is (ε, δ)-DP.
pub(super) fn epsilon(composition: &Composition, delta: f64) -> Result<f64> {
    if delta <= 0.0 {
        return Ok(f64::INFINITY);
    }
    let target = delta * (1.0 - OUTWARDS);
    let mut worst = 0.0f64;
    for direction in composition.directions() {
        let sum = Sum::new(composition, *direction)?;
        let theta = sum.best_tilt(|theta, k| (k - libm::log(target)) / theta);
        worst = worst.max(sum.with_tilts(theta, |curve| {
            let epsilon = curve.epsilon(target);
            (epsilon, curve.hidden(epsilon) / target)
        })?);
    }
    Ok(worst * (1.0 + OUTWARDS) + 1e-12)
}

/// The smallest δ at which the composition is (ε, δ)-DP, ε ≥ 0.
pub(super) fn delta(composition: &Composition, epsilon: f64) -> Result<f64> {
    let mut worst = 0.0f64;
    for direction in composition.directions() {
        let sum = Sum::new(composition, *direction)?;
        let theta = sum.best_tilt(|theta, k| k - theta * epsilon);
        worst = worst.max(sum.with_tilts(theta, |curve| {
            let delta = curve.delta(epsilon);
            (delta, curve.hidden(epsilon) / delta)
        })?);
    }
    Ok((worst * (1.0 + OUTWARDS)).min(1.0))
}

/// The events' losses on one grid, with blocks of masses for quick sums.
struct Sum {
    parts: Vec<(Losses, u64)>,
    step: f64,
    times: f64,
    /// S, or h where it is less.
    deviation: f64,
    infinite: f64,
}

/// h, from the variance of the total and the number of events.
fn step(composition: &Composition, variance: f64, times: f64) -> f64 {
    let (total, each) = (libm::sqrt(variance), libm::sqrt(variance / times));
    let smooth = |e: &Event| matches!(e, Event::Gaussian { .. } | Event::SampledGaussian { .. });
    let mut step = each / FINENESS;
    if composition.events().iter().any(|(e, _)| !smooth(e)) {
        step = step.min(total / 10_000.0);
    }
    step.max((each / 5.0).min(1e-4))
}

/// Cells whose e^(θℓ) are multiplied up from one exponential.
const BLOCK: usize = 64;

impl Sum {
    fn new(composition: &Composition, direction: Direction) -> Result<Self> {
        let bare =
            |e: &Event| matches!(e, Event::SampledGaussian { rate, sigma } if *rate < 1.0 && *sigma < LEAST_SIGMA);
        if composition.events().iter().any(|(e, _)| bare(e)) {
            return Err(Error::Privacy(format!("sampled Gaussians below sigma {LEAST_SIGMA} have no grid: use RDP")));
        }
        let known: Vec<(&Event, u64, (f64, f64, f64))> =
            composition.events().iter().map(|(e, n)| (e, *n, spread(e, direction))).collect();
        let times: f64 = known.iter().map(|(_, n, _)| *n as f64).sum();
        let variance: f64 = known.iter().map(|(_, n, s)| *n as f64 * s.2).sum();
        let widest = known.iter().map(|(_, _, s)| s.1 - s.0).fold(0.0, f64::max);
        let step = step(composition, variance, times).max(widest / LARGEST);
        if !(step > 0.0 && step.is_finite() && Losses::size((0.0, widest), step) <= 1.01 * LARGEST) {
            return Err(Error::Privacy("losses that no grid can hold: the noise is too small or absent".into()));
        }
        let parts: Vec<(Losses, u64)> =
            known.into_iter().map(|(e, n, s)| (Losses::of(e, direction, (s.0, s.1), step), n)).collect();
        let infinite = parts.iter().map(|(l, n)| l.infinite * *n as f64).sum();
        Ok(Self { parts, step, times, deviation: libm::sqrt(variance).max(step), infinite })
    }

    /// K(θ) = Σ n·ln E[e^(θℓ)].
    fn cumulant(&self, theta: f64) -> f64 {
        self.parts.iter().map(|(l, n)| *n as f64 * log_moment(l, theta)).sum()
    }

    /// The θ in (10⁻⁶/S, 1/h) that makes `bound`(θ, K(θ)) least, by golden section on ln θ.
    fn best_tilt(&self, bound: impl Fn(f64, f64) -> f64) -> f64 {
        let at = |x: f64| {
            let theta = libm::exp(x);
            bound(theta, self.cumulant(theta))
        };
        libm::exp(least(libm::log(1e-6 / self.deviation), -libm::log(self.step), at))
    }

    /// The least answer over θ, θ/4, θ/16, …: each is valid. Where an atom holds the greatest loss, the Chernoff bound wants a θ so large
    /// that the rounding of the transform hides the rest: a smaller one is tried until less than 1e-5 is hidden.
    fn with_tilts(&self, mut theta: f64, answer: impl Fn(&Curve) -> (f64, f64)) -> Result<f64> {
        let mut least = f64::INFINITY;
        for _ in 0..12 {
            let (value, hidden) = answer(&self.curve(theta)?);
            least = least.min(value);
            if hidden < 1e-5 {
                break;
            }
            theta /= 4.0;
        }
        Ok(least)
    }

    /// The composed losses, tilted by θ and turned back.
    fn curve(&self, theta: f64) -> Result<Curve> {
        let at_theta = self.cumulant(theta);
        let reach = |sign: f64| {
            let bound = |x: f64| {
                let lambda = libm::exp(x);
                (self.cumulant(theta + sign * lambda) - at_theta - libm::log(TAIL)) / lambda
            };
            let x = least(libm::log(1e-6 / self.deviation), -libm::log(self.step), bound);
            sign * bound(x)
        };
        let (low, high) = (reach(-1.0), reach(1.0));
        let size = ((high - low) / self.step).max(16.0);
        if size.is_nan() || size > 2.0 * LARGEST {
            return Err(Error::Privacy("too many steps for a grid: use RDP".into()));
        }
        let n = (size as usize + 2).next_power_of_two();
        let w = roots(n);
        let mut product = vec![Complex { re: 1.0, im: 0.0 }; n];
        for (losses, times) in &self.parts {
            let mut x = tilted(losses, theta, n);
            transform(&mut x, &w);
            product.iter_mut().zip(&x).for_each(|(p, x)| *p = p.times(x.power(*times)));
        }
        inverse(&mut product, &w);
        let first = (low / self.step).floor() as i64;
        let scale = |k: i64| libm::exp(at_theta - theta * k as f64 * self.step);
        let mass: Vec<f64> = (first..first + n as i64)
            .map(|k| product[k.rem_euclid(n as i64) as usize].re.max(0.0) * scale(k))
            .collect();
        let last = first + n as i64 - 1;
        let error = 2.0 * f64::EPSILON * (self.times + 1.0) * (8.0 + 4.0 * libm::log2(n as f64));
        Ok(Curve {
            step: self.step,
            first,
            mass,
            // Beyond the window, and infinite.
            outside: self.infinite + TAIL * scale(last),
            error,
            log_scale: at_theta,
            theta,
        })
    }
}

/// ln E[e^(θℓ)] of the finite losses.
fn log_moment(l: &Losses, theta: f64) -> f64 {
    let loss = |j: usize| (l.first + j as i64) as f64 * l.step;
    let blocks = || l.mass.chunks(BLOCK).enumerate();
    let top = blocks()
        .map(|(b, m)| (theta * loss(b * BLOCK)).max(theta * loss(b * BLOCK + m.len() - 1)) + libm::log(m.iter().sum()))
        .fold(f64::NEG_INFINITY, f64::max);
    let z = libm::exp(theta * l.step);
    let mut sum = 0.0;
    for (b, m) in blocks() {
        let start = libm::exp(theta * loss(b * BLOCK) - top);
        let (mut power, mut part) = (1.0, 0.0);
        for m in m {
            part += m * power;
            power *= z;
        }
        if part > 0.0 && start > 0.0 {
            sum += part * start;
        }
    }
    top + libm::log(sum)
}

/// Masses times e^(θℓ), summing to 1, folded into n places by index modulo n.
fn tilted(l: &Losses, theta: f64, n: usize) -> Vec<Complex> {
    let norm = log_moment(l, theta);
    let mut out = vec![Complex::default(); n];
    for (j, m) in l.mass.iter().enumerate() {
        let k = l.first + j as i64;
        let weight = libm::exp(libm::log(*m) + theta * k as f64 * l.step - norm);
        out[k.rem_euclid(n as i64) as usize].re += if *m > 0.0 { weight } else { 0.0 };
    }
    out
}

/// Where an almost unimodal function is least on [a, b], by golden section.
fn least(mut a: f64, mut b: f64, f: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut x, mut y) = (b - GOLDEN * (b - a), a + GOLDEN * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    for _ in 0..20 {
        // NaN and ties move inwards from the right.
        if fy < fx {
            (a, x, fx) = (x, y, fy);
            y = a + GOLDEN * (b - a);
            fy = f(y);
        } else {
            (b, y, fy) = (y, x, fx);
            x = b - GOLDEN * (b - a);
            fx = f(x);
        }
    }
    if fx < fy { x } else { y }
}

/// Masses of the total loss on the grid from index `first` on.
struct Curve {
    step: f64,
    first: i64,
    mass: Vec<f64>,
    outside: f64,
    error: f64,
    log_scale: f64,
    theta: f64,
}

impl Curve {
    /// What rounding may have hidden of δ at the loss `x`: the error's norm times that of the weights e^(K−θℓ), ℓ > x.
    fn hidden(&self, x: f64) -> f64 {
        let geometric = 1.0 / libm::sqrt(-libm::expm1(-2.0 * self.theta * self.step));
        let weights = geometric.min(libm::sqrt(self.mass.len() as f64));
        self.outside + self.error * libm::exp(self.log_scale - self.theta * x) * weights
    }

    fn loss(&self, i: usize) -> f64 {
        (self.first + i as i64) as f64 * self.step
    }

    /// δ at every grid point: D_i = D_{i+1} + (1 − e^−h)·C_{i+1}, C_i = mass_i + e^−h·C_{i+1}.
    fn deltas(&self) -> Vec<f64> {
        let (shrink, part) = (libm::exp(-self.step), -libm::expm1(-self.step));
        let mut out = vec![0.0; self.mass.len()];
        let (mut c, mut d) = (0.0, 0.0);
        for i in (0..self.mass.len()).rev() {
            d += part * c;
            c = self.mass[i] + shrink * c;
            out[i] = d + self.hidden(self.loss(i));
        }
        out
    }

    fn epsilon(&self, target: f64) -> f64 {
        let deltas = self.deltas();
        let Some(i) = deltas.iter().position(|d| *d <= target) else { return f64::INFINITY };
        let at = self.loss(i);
        if i == 0 || at <= 0.0 {
            return at.max(0.0);
        }
        // Linear in e^ε between two points.
        let (above, below) = (deltas[i - 1], deltas[i]);
        let share = ((above - target) / (above - below)).clamp(0.0, 1.0);
        (self.loss(i - 1) + libm::log1p(share * libm::expm1(self.step))).max(0.0)
    }

    fn delta(&self, epsilon: f64) -> f64 {
        let deltas = self.deltas();
        let i = (epsilon / self.step).floor() as i64 - self.first;
        if i < 0 {
            return 1.0;
        }
        let i = i as usize;
        if i + 1 >= deltas.len() {
            return deltas.last().copied().unwrap_or(1.0);
        }
        let share = (libm::expm1(epsilon - self.loss(i)) / libm::expm1(self.step)).clamp(0.0, 1.0);
        deltas[i] + share * (deltas[i + 1] - deltas[i])
    }
}
