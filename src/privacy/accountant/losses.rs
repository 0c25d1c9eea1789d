//! The privacy loss of one event as finitely many numbers that never understate it.
//!
//! Let A be what is released without the person and A′ what is released with them, u = ln(A′(x)/A(x)). *Connecting the dots*:
//! cut the outputs into cells between points u₀ < u₁ < … and give the mass of each cell to its two ends, such that its
//! A-mass and its A′-mass are kept:
//!
//! ```text
//! to the upper end:  ∫ (e^(u−a) − 1)/(e^(b−a) − 1) dA        to the lower end:  ∫ (e^(b−a) − e^(u−a))/(e^(b−a) − 1) dA
//! ```
//!
//! Every curve E_A[(e^u − c)₊] is convex in c. The new one equals it at the points and is linear between them, hence nowhere below: the
//! finite pair (A, A′) *dominates* the true one, in both directions, also after composition and after sampling. A sample of rate q turns
//! it into
//!
//! ```text
//! remove:  P = (1 − q)A + qA′ against Q = A        add:  P = A against Q = (1 − q)A + qA′        loss ± ln(1 − q + q·e^u)
//! ```
//!
//! and these are computed point by point, as the masses of A do not know q. All integrands above are positive, so every mass has a
//! *relative* error of some units in the last place, however far out it lies or however small q is.
//!
//! | event | u | points |
//! |---|---|---|
//! | Gaussian | (x − 1/2)/σ² | along t = x/σ, closer in the tails and where u moves fast |
//! | Laplace, ε | ε(\|x\| − \|x − 1\|) | ±ε, which have mass themselves, and between |
//! | any ε-DP | ±ε with probability 1/(1 + e^−ε), 1/(1 + e^ε): randomised response | both |
//! | discrete Gaussian, discrete Laplace | D against D + shift on ℤ | every integer, or every k-th |
//!
//! The two far ends are pushed outwards: mass with a loss above the last point counts as an infinite loss (at most a
//! share of δ that the caller names), mass below the first one as a loss at it. A loss that is moved up never makes δ less.
//!
//! Sources: Sommer, Meiser & Mohammadi 2019 (privacy loss distributions); Doroshenko, Ghazi, Kamath, Kumar & Manurangsi
//! 2022 ("connect the dots"); Zhu, Dong & Wang 2022, theorems 10 and 11 (dominating pairs under composition and sampling).

use super::Event;
use super::rdp::{log_add, log_cdf};
use crate::stats::root_increasing;

/// Which of two neighbours has the person more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// P has the person, Q has not.
    Remove,
    /// Q has the person, P has not.
    Add,
}

/// Losses with their P-masses.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    /// Losses, in order.
    pub loss: Vec<f64>,
    /// ln of their masses.
    pub log_mass: Vec<f64>,
    /// Mass of the infinite loss.
    pub infinite: f64,
    /// Error of a loss and of ln of a mass, beyond that of its last digit, in units of 2⁻⁵³.
    pub blur: f64,
    /// Whether dots were connected: else the points are all there is.
    pub connected: bool,
}

/// Largest discrete σ that is summed over; above it the continuous bound is as good.
pub(super) const LARGEST_SUM: f64 = 20_000.0;
/// Largest shift of a discrete Laplace that is summed over; above it counts as any mechanism of its ε.
pub(super) const LARGEST_SHIFT: u32 = 1_000_000;
/// Largest ε of a Laplace that is cut into cells; above it counts as any mechanism of its ε.
const LARGEST_LAPLACE: f64 = 1e5;
/// Cells as wide as this in standard deviations, narrower in the tails, or this wide in u relative to 1.
const WIDTH: f64 = 0.04;
/// Most points.
pub(super) const MOST_POINTS: f64 = 60_000.0;

/// Abscissae and weights of the 8-point Gauss–Legendre rule on (−1, 1), positive half.
const GAUSS_8: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_5),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_3),
];

/// ln(1 − q + q·e^u), also for u = ±∞.
pub(super) fn sampled(rate: f64, u: f64) -> f64 {
    if rate >= 1.0 {
        u
    } else if u > 30.0 {
        u + libm::log(rate) + libm::log1p((1.0 - rate) / rate * libm::exp(-u))
    } else {
        libm::log1p(rate * libm::expm1(u))
    }
}

/// Outputs of A with their u: the finite pair before sampling, and what lies beyond its ends.
#[derive(Default)]
struct Pair {
    u: Vec<f64>,
    /// ln of A's masses.
    log_a: Vec<f64>,
    /// ln of A's and of A′'s mass above the last point, and of A's mass below the first one.
    beyond: [f64; 3],
    /// As in [`Losses`].
    blur: f64,
}

impl Losses {
    /// The losses of `event`; `fineness` 1 or more makes cells so much narrower, and at most `tail` counts as infinite.
    pub(super) fn of(event: &Event, direction: Direction, fineness: f64, tail: f64) -> Self {
        match *event {
            Event::Pure { epsilon } => Self::randomised_response(epsilon),
            Event::DiscreteLaplace { shift, scale } if shift > LARGEST_SHIFT => {
                Self::randomised_response(f64::from(shift) / scale)
            }
            Event::Laplace { epsilon } if epsilon > LARGEST_LAPLACE => Self::randomised_response(epsilon),
            Event::Laplace { epsilon } => laplace(epsilon, fineness).sampled(1.0, direction),
            Event::SampledLaplace { rate, epsilon } if epsilon > LARGEST_LAPLACE => {
                Self::randomised_response(sampled(rate, epsilon))
            }
            Event::SampledLaplace { rate, epsilon } => laplace(epsilon, fineness).sampled(rate, direction),
            Event::Gaussian { mu } => gaussian(1.0, 1.0 / mu, fineness, tail).sampled(1.0, direction),
            Event::SampledGaussian { rate, sigma } => gaussian(rate, sigma, fineness, tail).sampled(rate, direction),
            Event::DiscreteGaussian { shift, sigma } => discrete_gaussian(shift, sigma, fineness, tail),
            Event::DiscreteLaplace { shift, scale } => discrete_laplace(shift, scale, fineness),
            Event::Zcdp { .. } => Self { infinite: 1.0, ..Self::default() },
        }
    }

    fn randomised_response(epsilon: f64) -> Self {
        let log_more = -libm::log1p(libm::exp(-epsilon));
        Self { loss: vec![-epsilon, epsilon], log_mass: vec![log_more - epsilon, log_more], ..Self::default() }
    }

    fn push(&mut self, loss: f64, log_mass: f64) {
        if log_mass > f64::NEG_INFINITY {
            self.loss.push(loss);
            self.log_mass.push(log_mass);
        }
    }
}

impl Pair {
    fn sampled(self, rate: f64, direction: Direction) -> Losses {
        let mut out = Losses { blur: self.blur, connected: true, ..Losses::default() };
        let [above_a, above_b, below_a] = self.beyond;
        let points = || self.u.iter().zip(&self.log_a).map(|(u, a)| (sampled(rate, *u), *a));
        match direction {
            Direction::Remove => {
                let first = self.u.first().map_or(0.0, |u| sampled(rate, *u));
                out.push(first, below_a + first);
                points().for_each(|(loss, a)| out.push(loss, a + loss));
                out.infinite = (1.0 - rate) * libm::exp(above_a) + rate * libm::exp(above_b);
            }
            Direction::Add => {
                let last = self.u.last().map_or(0.0, |u| sampled(rate, *u));
                out.push(-last, above_a);
                self.u.iter().zip(&self.log_a).rev().for_each(|(u, a)| out.push(-sampled(rate, *u), *a));
                if rate < 1.0 {
                    out.push(-libm::log1p(-rate), below_a);
                } else {
                    out.infinite = libm::exp(below_a);
                }
            }
        }
        out
    }

    /// Connects the dots between `edges` of a coordinate y, where u = `u0` + `slope`·y and A has the log-density `log_density`, whose
    /// derivative is at most `steep` over a cell.
    fn cells(edges: &[f64], u0: f64, slope: f64, log_density: impl Fn(f64) -> f64, steep: impl Fn(f64) -> f64) -> Self {
        let mut mass = vec![0.0f64; edges.len()];
        // Masses relative to the density at their own edge, so that far tails keep their digits.
        let at: Vec<f64> = edges.iter().map(|y| log_density(*y)).collect();
        for (i, e) in edges.windows(2).enumerate() {
            let (a, b) = (e[0], e[1]);
            let all = -libm::expm1(slope * (a - b));
            let change = (b - a) * (slope + steep(a).max(steep(b)));
            let panels = (0.5 * change).ceil().max(1.0);
            let half = 0.5 * (b - a) / panels;
            for p in 0..panels as u32 {
                let middle = a + half * (2.0 * f64::from(p) + 1.0);
                for (x, w) in GAUSS_8.iter().flat_map(|(x, w)| [(*x, *w), (-x, *w)]) {
                    let y = middle + half * x;
                    let (log, w) = (log_density(y), w * half / all);
                    // Both shares in the form that cannot overflow: the above, divided by e^(b−a).
                    let up = libm::exp(slope * (y - b)) * -libm::expm1(slope * (a - y));
                    mass[i + 1] += w * libm::exp(log - at[i + 1]) * up;
                    mass[i] += w * libm::exp(log - at[i]) * -libm::expm1(slope * (y - b));
                }
            }
        }
        Self {
            u: edges.iter().map(|y| u0 + slope * y).collect(),
            log_a: mass.iter().zip(&at).map(|(m, l)| libm::log(*m) + l).collect(),
            beyond: [f64::NEG_INFINITY; 3],
            // Of the sum u₀ + slope·y, and of the densities at far edges.
            blur: 4.0 * edges.iter().map(|y| u0.abs() + (slope * y).abs()).fold(0.0, f64::max),
        }
    }
}

/// N(0, σ²) against N(1, σ²), in units t = x/σ.
fn gaussian(rate: f64, sigma: f64, fineness: f64, tail: f64) -> Pair {
    let shift = 1.0 / sigma;
    // ln Φ(−x) = ln tail.
    let reach = |log_tail: f64| {
        if log_tail >= -1.0 { 0.0 } else { root_increasing(0.0, 60.0, |x| log_tail - log_cdf(-x)) }
    };
    let log_tail = libm::log(tail) - 1.0;
    let (low, high) = (-reach(log_tail), reach(log_tail).max(shift + reach(log_tail - libm::log(rate))));
    let (u, near) = (|t: f64| (t - 0.5 * shift) * shift, reach(log_tail));
    let mut width = WIDTH / fineness;
    let edges = loop {
        let mut edges = vec![low];
        let mut t = low;
        while t < high && (edges.len() as f64) < MOST_POINTS {
            let out = t.abs().min((t - shift).abs());
            // Where there is mass, by the slope of its logarithm; everywhere by the loss; between two far bulks by what f64 holds.
            let by_mass = if out > near { 300.0 / (out * width) } else { 2.0 / out.max(2.0) };
            t += width * by_mass.min(sigma * (1.0 + 0.2 * u(t).abs()));
            edges.push(t.min(high));
        }
        if t >= high {
            break edges;
        }
        width *= 2.0;
    };
    let density = |t: f64| -0.5 * t * t - 0.5 * libm::log(2.0 * std::f64::consts::PI);
    let mut pair = Pair::cells(&edges, u(0.0), shift, density, f64::abs);
    pair.beyond = [log_cdf(-high), log_cdf(shift - high), log_cdf(low)];
    pair
}

/// Laplace noise of scale 1/ε on 0 and on 1: A has the density ¼·e^(−(u + ε)/2) between its atoms at −ε and ε.
fn laplace(epsilon: f64, fineness: f64) -> Pair {
    let count =
        (2.0 * epsilon * fineness / WIDTH).clamp((200.0 * fineness).min(MOST_POINTS), MOST_POINTS).ceil() as u32;
    let edges: Vec<f64> = (0..=count)
        .map(|i| if i == count { epsilon } else { epsilon * (2.0 * f64::from(i) / f64::from(count) - 1.0) })
        .collect();
    let mut pair = Pair::cells(&edges, 0.0, 1.0, |u| -0.5 * (u + epsilon) - 4f64.ln(), |_| 0.5);
    let half = -std::f64::consts::LN_2;
    let last = pair.u.len() - 1;
    pair.log_a[0] = log_add(pair.log_a[0], half);
    pair.log_a[last] = log_add(pair.log_a[last], half - epsilon);
    pair
}

/// Points in rising order, grouped: each `stride`-th stays, the others are split between their neighbours (P-mass and Q-mass kept).
fn grouped(points: &[(f64, f64)], fineness: f64) -> Losses {
    let stride = (points.len() as f64 / (1_500.0 * fineness).min(MOST_POINTS)).ceil().max(1.0) as usize;
    let mut out = Losses { connected: stride > 1, ..Losses::default() };
    let mut carried = f64::NEG_INFINITY;
    for block in (0..points.len()).step_by(stride) {
        let (low, mut at) = (points[block].0, log_add(points[block].1, carried));
        carried = f64::NEG_INFINITY;
        let end = (block + stride).min(points.len() - 1);
        let high = points[end].0;
        for (loss, mass) in &points[block + 1..end.max(block + 1)] {
            let all = -libm::expm1(low - high);
            carried = log_add(carried, mass + libm::log(-libm::expm1(low - loss) / all));
            at = log_add(at, mass + low - loss + libm::log(-libm::expm1(loss - high) / all));
        }
        out.push(low, at);
        if end < block + stride && end > block {
            out.push(high, log_add(points[end].1, carried));
            break;
        }
    }
    out
}

/// Losses of D against D + shift, D discrete Gaussian.
fn discrete_gaussian(shift: u32, sigma: f64, fineness: f64, tail: f64) -> Losses {
    // P(D ≥ m) ≤ Φ((1 − m)/σ), proved in `grid`.
    let log_tail = libm::log(tail);
    let reach = root_increasing(0.0, 60.0, |x| log_tail - log_cdf(-x));
    let reach = (reach * sigma).ceil() as i64 + 2;
    let log_weight = |k: i64| -0.5 * (k as f64 / sigma) * (k as f64 / sigma);
    let log_total = libm::log((-reach..=reach).map(|k| libm::exp(log_weight(k))).sum());
    let a = f64::from(shift);
    let loss = |k: i64| a * (a - 2.0 * k as f64) / (2.0 * sigma * sigma);
    let beyond = log_cdf(-((reach - 1) as f64) / sigma);
    let mut points: Vec<(f64, f64)> = (-reach..=reach).rev().map(|k| (loss(k), log_weight(k) - log_total)).collect();
    points[0].1 = log_add(points[0].1, beyond);
    Losses { infinite: libm::exp(beyond), ..grouped(&points, fineness) }
}

/// Losses of D against D + shift, P(D = k) = (1 − r)/(1 + r)·r^|k|: below 0 and from the shift on they are ±shift/scale.
fn discrete_laplace(shift: u32, scale: f64, fineness: f64) -> Losses {
    let (a, r) = (f64::from(shift), libm::exp(-1.0 / scale));
    let log_first = -libm::log1p(r);
    let log_inner = libm::log(-libm::expm1(-1.0 / scale)) + log_first;
    let mut points = vec![(-a / scale, log_first - a / scale)];
    points.extend((1..shift).rev().map(|k| ((a - 2.0 * f64::from(k)) / scale, log_inner - f64::from(k) / scale)));
    points.push((a / scale, log_first));
    grouped(&points, fineness)
}
