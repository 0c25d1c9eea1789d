//! The privacy loss of one event as a distribution on a grid that never understates it.
//!
//! For a pair of output distributions P, Q of two neighbours, the loss of an output x is ℓ = ln(P(x)/Q(x)), x drawn from P, and
//! δ(ε) = E[(1 − e^(ε−ℓ))₊]. A mass p at ℓ between two points kh and (k + 1)h of the grid is split between them so that
//! both its P-mass p and its Q-mass p·e^−ℓ are kept:
//!
//! ```text
//! to (k + 1)h:  p·(1 − e^−(ℓ−kh))/(1 − e^−h)        to kh:  the rest
//! ```
//!
//! That "connects the dots" of the curve δ(e^ε): equal at the grid's points and above it between them, as the curve is
//! convex. So the grid's distribution dominates the true one, also after composition. The
//! split adds a variance of at most h²/4 and a drift of at most h²/8 an event.
//!
//! | event | P and Q | loss |
//! |---|---|---|
//! | Gaussian, sampled with probability q | (1 − q)N(0, σ²) + qN(1, σ²), N(0, σ²) and the reverse | ±ln(1 − q + q·e^((2x−1)/2σ²)) |
//! | Laplace, ε | Lap(0, 1/ε), Lap(1, 1/ε) | ε(\|x − 1\| − \|x\|) |
//! | any ε-DP | randomised response | ±ε with probability e^ε/(1 + e^ε), 1/(1 + e^ε) |
//! | discrete Gaussian, discrete Laplace | D, D + shift on ℤ | at every integer |
//!
//! Densities are integrated by Gauss–Legendre rules inside each cell of the grid, in pieces on which neither t nor u below moves by more than 1. Mass beyond 10.5 standard deviations (4·10⁻²⁶)
//! counts as an infinite loss.
//!
//! Sources: Sommer, Meiser & Mohammadi 2019 (privacy loss distributions); Doroshenko, Ghazi, Kamath, Kumar & Manurangsi
//! 2022 ("connect the dots"); Zhu, Dong & Wang 2022 (both directions of a sampled Gaussian).

use super::Event;
use crate::stats::normal_cdf;

/// Which of two neighbours has the person more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// P has the person, Q has not.
    Remove,
    /// Q has the person, P has not.
    Add,
}

/// Losses kh with their mass, and the mass of an infinite loss.
#[derive(Clone, Debug)]
pub(super) struct Losses {
    /// h.
    pub step: f64,
    /// Index k of the first mass.
    pub first: i64,
    /// Masses of kh, (k + 1)h, …
    pub mass: Vec<f64>,
    /// Mass of the infinite loss.
    pub infinite: f64,
}

/// Reach of the integrals in standard deviations.
const REACH: f64 = 10.5;
/// Largest discrete σ that is summed over; above it the continuous bound is as good.
pub(super) const LARGEST_SUM: f64 = 20_000.0;

/// Abscissae and weights of Gauss–Legendre rules on (−1, 1), positive half.
const GAUSS_4: [(f64, f64); 2] = [(0.3399810435848563, 0.6521451548625461), (0.8611363115940526, 0.3478548451374538)];
const GAUSS_8: [(f64, f64); 4] = [
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
];

impl Losses {
    fn between(lowest: f64, highest: f64, step: f64) -> Self {
        let first = (lowest / step).floor() as i64 - 1;
        let last = (highest / step).ceil() as i64 + 1;
        Self { step, first, mass: vec![0.0; (last - first + 1) as usize], infinite: 0.0 }
    }

    /// How many grid points lie between two losses.
    pub(super) fn size(range: (f64, f64), step: f64) -> f64 {
        (range.1 - range.0) / step
    }

    fn put(&mut self, loss: f64, mass: f64) {
        let k = (loss / self.step).floor();
        let above = (loss - k * self.step).clamp(0.0, self.step);
        let up = mass * libm::expm1(-above) / libm::expm1(-self.step);
        let at = (k as i64 - self.first) as usize;
        self.mass[at + 1] += up;
        self.mass[at] += mass - up;
    }

    /// The losses of `event` with the least and the greatest of them, `range`, on a grid of `step`.
    pub(super) fn of(event: &Event, direction: Direction, range: (f64, f64), step: f64) -> Self {
        let mut out = Self::between(range.0, range.1, step);
        match *event {
            Event::Pure { epsilon } => {
                let more = 1.0 / (1.0 + libm::exp(-epsilon));
                out.put(epsilon, more);
                out.put(-epsilon, more * libm::exp(-epsilon));
            }
            Event::Laplace { epsilon } => out.laplace(epsilon),
            Event::Gaussian { mu } => out.sampled(1.0, 1.0 / mu, direction),
            Event::SampledGaussian { rate, sigma } => out.sampled(rate, sigma, direction),
            Event::DiscreteGaussian { .. } | Event::DiscreteLaplace { .. } => out.discrete(event),
            Event::Zcdp { .. } => out.infinite = 1.0,
        }
        out
    }

    /// Between the two ends, the density ¼·e^(−(ε − ℓ)/2).
    fn laplace(&mut self, epsilon: f64) {
        self.put(epsilon, 0.5);
        self.put(-epsilon, 0.5 * libm::exp(-epsilon));
        let cells = (2.0 * epsilon / self.step).ceil().max(8.0) as u32;
        let mut from = -epsilon;
        for i in 1..=cells {
            // Cells of the grid, the first and the last cut at ±ε.
            let to = (((-epsilon / self.step).floor() + f64::from(i)) * self.step).clamp(from, epsilon);
            gauss(from, to, |l, w| self.put(l, w * 0.25 * libm::exp(-0.5 * (epsilon - l))));
            from = to;
        }
        gauss(from, epsilon, |l, w| self.put(l, w * 0.25 * libm::exp(-0.5 * (epsilon - l))));
    }

    /// In units t = x/σ. L(t) = ln(1 − q + q·e^u), u = t/σ − 1/2σ², is the loss of removing; adding has −L under N(0, 1).
    fn sampled(&mut self, rate: f64, sigma: f64, direction: Direction) {
        let remove = direction == Direction::Remove;
        let shift = 1.0 / sigma;
        let (low, high) = (-REACH, if remove { REACH + shift } else { REACH });
        let loss = |t: f64| sampled_loss(rate, sigma, t);
        let density = |t: f64| {
            let phi = |t: f64| libm::exp(-0.5 * t * t) * 0.398_942_280_401_432_7;
            if remove { (1.0 - rate) * phi(t) + rate * phi(t - shift) } else { phi(t) }
        };
        let step = self.step;
        let mut k = (loss(low) / step).floor();
        let mut from = low;
        while from < high {
            // The t where L reaches the next grid point.
            let to = sampled_point(rate, sigma, (k + 1.0) * step).clamp(from, high);
            let pieces = ((to - from) / sigma.min(0.5)).ceil().max(1.0);
            for i in 0..pieces as u32 {
                let at = |i: f64| from + (to - from) * i / pieces;
                gauss(at(f64::from(i)), at(f64::from(i) + 1.0), |t, w| {
                    // Rounding may not carry a node out of its cell.
                    let l = loss(t).clamp(k * step, (k + 1.0) * step);
                    self.put(if remove { l } else { -l }, w * density(t));
                });
            }
            from = to;
            k += 1.0;
        }
        // The two tails: one of the least losses, one counted as infinite.
        let tail = normal_cdf(-REACH);
        self.infinite += tail;
        self.mass[1] += tail;
    }

    fn discrete(&mut self, event: &Event) {
        for (loss, mass) in discrete_losses(event) {
            self.put(loss, mass);
        }
        self.infinite += 4e-26;
    }
}

/// Loss of removing at t = x/σ.
pub(super) fn sampled_loss(rate: f64, sigma: f64, t: f64) -> f64 {
    let u = (t - 0.5 / sigma) / sigma;
    if rate >= 1.0 {
        u
    } else if u > 30.0 {
        u + libm::log(rate) + libm::log1p((1.0 - rate) / rate * libm::exp(-u))
    } else {
        libm::log1p(rate * libm::expm1(u))
    }
}

/// The t at which [`sampled_loss`] is `loss`; −∞ below all losses.
fn sampled_point(rate: f64, sigma: f64, loss: f64) -> f64 {
    let u = if rate >= 1.0 {
        loss
    } else if loss > 30.0 {
        loss - libm::log(rate) + libm::log1p(-(1.0 - rate) * libm::exp(-loss))
    } else {
        let ratio = libm::expm1(loss) / rate;
        if ratio <= -1.0 { f64::NEG_INFINITY } else { libm::log1p(ratio) }
    };
    sigma * u + 0.5 / sigma
}

/// Calls `node` with the abscissae and weights of a rule on [a, b]: 4 points on short intervals, 8 on longer ones.
fn gauss(a: f64, b: f64, mut node: impl FnMut(f64, f64)) {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    if half <= 0.0 {
        return;
    }
    let rule: &[(f64, f64)] = if half < 0.02 { &GAUSS_4 } else { &GAUSS_8 };
    for (x, w) in rule {
        node(middle - half * x, half * w);
        node(middle + half * x, half * w);
    }
}

/// (loss, mass) of a discrete event at each integer; the loss of D against D + shift, x drawn from D.
fn discrete_losses(event: &Event) -> Vec<(f64, f64)> {
    match *event {
        Event::DiscreteGaussian { shift, sigma } => {
            let reach = (REACH * sigma).ceil() as i64 + 2;
            let weight = |k: i64| libm::exp(-0.5 * (k as f64 / sigma) * (k as f64 / sigma));
            let total: f64 = (-reach..=reach).map(weight).sum();
            let a = f64::from(shift);
            let loss = |k: i64| a * (a - 2.0 * k as f64) / (2.0 * sigma * sigma);
            (-reach..=reach).map(|k| (loss(k), weight(k) / total)).collect()
        }
        Event::DiscreteLaplace { shift, scale } => {
            // P(D = k) = (1 − r)/(1 + r)·r^|k|; below 0 and from the shift on, the loss is ±shift/scale.
            let (a, r) = (f64::from(shift), libm::exp(-1.0 / scale));
            let first = 1.0 / (1.0 + r);
            let mut out = vec![(a / scale, first), (-a / scale, libm::exp(-a / scale) * first)];
            let inner = |k: u32| libm::exp(-f64::from(k) / scale) * -libm::expm1(-1.0 / scale) / (1.0 + r);
            out.extend((1..shift).map(|k| ((a - 2.0 * f64::from(k)) / scale, inner(k))));
            out
        }
        _ => Vec::new(),
    }
}

/// The least and the greatest finite loss, and the variance of the loss (roughly: it only chooses the grid).
pub(super) fn spread(event: &Event, direction: Direction) -> (f64, f64, f64) {
    let of = |all: &mut dyn Iterator<Item = (f64, f64)>| {
        let (mut low, mut high, mut m0, mut m1, mut m2) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0, 0.0);
        for (l, p) in all {
            (low, high) = (low.min(l), high.max(l));
            (m0, m1, m2) = (m0 + p, m1 + p * l, m2 + p * l * l);
        }
        (low, high, (m2 / m0 - (m1 / m0) * (m1 / m0)).max(0.0))
    };
    match *event {
        Event::Pure { epsilon } | Event::Laplace { epsilon } => {
            let p = 1.0 / (1.0 + libm::exp(-epsilon));
            (-epsilon, epsilon, 4.0 * epsilon * epsilon * p * (1.0 - p))
        }
        Event::Gaussian { mu } => spread(&Event::SampledGaussian { rate: 1.0, sigma: 1.0 / mu }, direction),
        Event::SampledGaussian { rate, sigma } => {
            let remove = direction == Direction::Remove;
            let high = if remove { REACH + 1.0 / sigma } else { REACH };
            let phi = |t: f64| libm::exp(-0.5 * t * t);
            let density = |t: f64| if remove { (1.0 - rate) * phi(t) + rate * phi(t - 1.0 / sigma) } else { phi(t) };
            let sign = if remove { 1.0 } else { -1.0 };
            let t = |i: u32| -REACH + (high + REACH) * f64::from(i) / 2000.0;
            of(&mut (0..=2000).map(|i| (sign * sampled_loss(rate, sigma, t(i)), density(t(i)))))
        }
        Event::DiscreteGaussian { .. } | Event::DiscreteLaplace { .. } => of(&mut discrete_losses(event).into_iter()),
        Event::Zcdp { .. } => (0.0, 0.0, 0.0),
    }
}
