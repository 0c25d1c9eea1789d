//! The events of a composition in one direction: their moments, and how to compute δ from them near an x.

use super::curve::log_expm1;
use super::law::Law;
use super::losses::{Direction, Losses};
use super::{Composition, Event, Reason};

/// Most terms, and most terms times points.
const MOST_TERMS: f64 = 400_000.0;
const MOST_WORK: f64 = 1e8;
/// Least σ of a sampled Gaussian: below, its cells do not end.
const LEAST_SIGMA: f64 = 1e-3;
/// Share of δ that may be spent on infinite losses of the far tails.
const TAIL: f64 = 1e-4;
/// ln of the part of δ that may wrap around, or lie beyond the last term.
const SMALL: f64 = -16.0;

/// Which outcomes: those in which no loss lies above the cut, or those in which one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// M = Π bⁿ. Without a cut: all outcomes.
    Bulk,
    /// M = Π (b + t)ⁿ − Π bⁿ.
    Rest,
}

/// One event's losses up to the cut and above it, and how often the event happens.
pub(super) struct Part {
    pub bulk: Law,
    pub tail: Option<Losses>,
    pub times: f64,
}

/// The events in one direction.
pub(super) struct Sum {
    parts: Vec<Part>,
    /// Σμ² of Gaussians.
    gaussian: f64,
    pub infinite: f64,
    /// The greatest finite loss.
    pub largest: f64,
    points: f64,
}

/// θ, τ² with what Gaussian events there are, P, the number of terms, and by how much ε is widened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub theta: f64,
    pub gaussian: f64,
    pub period: f64,
    pub terms: usize,
    pub excess: f64,
}

impl Sum {
    /// Cells `fineness` times narrower than usual; far tails cost a share of `delta`.
    pub(super) fn new(
        composition: &Composition,
        direction: Direction,
        fineness: f64,
        delta: f64,
    ) -> Result<Self, Reason> {
        let bare =
            |e: &Event| matches!(e, Event::SampledGaussian { rate, sigma } if *rate < 1.0 && *sigma < LEAST_SIGMA);
        if composition.events().iter().any(|(e, _)| bare(e)) {
            return Err(Reason::Sigma);
        }
        let times: f64 = composition.events().iter().map(|(_, n)| *n as f64).sum();
        let mut out = Self { parts: Vec::new(), gaussian: 0.0, infinite: 0.0, largest: 0.0, points: 1.0 };
        for (event, n) in composition.events() {
            let n = *n as f64;
            let bulk = match *event {
                Event::Gaussian { mu } => {
                    out.gaussian += n * mu * mu;
                    out.largest = f64::INFINITY;
                    continue;
                }
                Event::Laplace { epsilon } if times > 1.0 => {
                    out.largest += n * epsilon;
                    Law::Laplace(epsilon)
                }
                _ => {
                    let losses = Losses::of(event, direction, fineness, (TAIL * delta / times).max(1e-300));
                    out.infinite += n * losses.infinite;
                    out.largest += n * losses.loss.last().copied().unwrap_or(0.0);
                    out.points += losses.loss.len() as f64;
                    Law::Points(losses)
                }
            };
            out.parts.push(Part { bulk, tail: None, times: n });
        }
        if out.infinite >= 0.5 * delta || !out.gaussian.is_finite() || out.largest.is_nan() {
            return Err(Reason::Noise);
        }
        out.largest *= 1.0 + 1e-14;
        Ok(out)
    }

    /// The same with losses above `cut` apart.
    pub(super) fn split(&self, cut: f64) -> Self {
        let apart = |p: &Part| match &p.bulk {
            Law::Points(l) => {
                let (bulk, tail) = l.split(cut);
                Part { bulk: Law::Points(bulk), tail, times: p.times }
            }
            Law::Laplace(e) => Part { bulk: Law::Laplace(*e), tail: None, times: p.times },
        };
        Self { parts: self.parts.iter().map(apart).collect(), ..*self }
    }

    /// The events.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The losses of the only event, where there is only one.
    pub(super) fn single(&self) -> Option<&Losses> {
        match &self.parts[..] {
            [Part { bulk: Law::Points(l), times, .. }] if *times == 1.0 && self.gaussian == 0.0 => Some(l),
            _ => None,
        }
    }

    /// ln M(θ), with Gaussians of Σμ² = `gaussian`.
    pub(super) fn cumulant(&self, piece: Piece, theta: f64, gaussian: f64) -> f64 {
        let (mut bulk, mut more) = (0.5 * gaussian * theta * (theta + 1.0), 0.0);
        for p in &self.parts {
            let b = p.bulk.log_moment(theta);
            bulk += p.times * b;
            if let (Piece::Rest, Some(tail)) = (piece, &p.tail) {
                let ratio = tail.log_moment(theta) - b;
                more += p.times * if ratio > 40.0 { ratio } else { libm::log1p(libm::exp(ratio)) };
            }
        }
        if piece == Piece::Rest { bulk + log_expm1(more) } else { bulk }
    }

    /// ln of the θ that make sense for an ε near x.
    fn range(&self, x: f64) -> (f64, f64) {
        let variance = self.gaussian + self.parts.iter().map(|p| p.times * p.bulk.variance()).sum::<f64>();
        let scale = libm::sqrt(variance) + x;
        (libm::log(1e-5 / scale), libm::log(1e9 / scale))
    }

    /// The ε of the Chernoff bound δ ≤ M(θ)·e^(−θε) of all outcomes.
    pub(super) fn chernoff(&self, log_delta: f64) -> f64 {
        let bound = |y: f64| {
            let theta = libm::exp(y);
            (self.cumulant(Piece::Bulk, theta, self.gaussian) - log_delta) / theta
        };
        let (low, high) = self.range(0.0);
        bound(least(low, high, bound)).max(1e-12)
    }

    /// ln of the Chernoff bound of δ at x.
    pub(super) fn log_chernoff(&self, piece: Piece, x: f64) -> f64 {
        let bound = |y: f64| self.cumulant(piece, libm::exp(y), self.gaussian) - libm::exp(y) * x;
        let (low, high) = self.range(x);
        bound(least(low, high, bound))
    }

    /// The saddle point of M(θ)·e^(−θx)/(θ(θ + 1)).
    fn saddle(&self, piece: Piece, x: f64, gaussian: f64) -> f64 {
        let (low, high) = self.range(x);
        let integrand = |y: f64| {
            let theta = libm::exp(y);
            self.cumulant(piece, theta, gaussian) - theta * x - y - libm::log1p(theta)
        };
        libm::exp(least(low, high, integrand))
    }

    /// How much narrower than usual cells have to be, to widen an ε near x by no more than twice `accuracy`.
    pub(super) fn finer(&self, piece: Piece, x: f64, accuracy: f64) -> f64 {
        let theta = self.saddle(piece, x, self.gaussian.max(1e-6 * x * x));
        let wide = 0.25 * slope(theta, x) * self.gap(piece, theta, x) / (accuracy * x);
        libm::sqrt(wide).clamp(1.0, 12.0)
    }

    /// How to compute δ near x, where ln δ is some `log_delta`.
    pub(super) fn plan(&self, piece: Piece, x: f64, log_delta: f64, accuracy: f64) -> Result<Plan, Reason> {
        // A variance v moves ε by (θ + 1)v/2; nor has τ to be less than what moves it by a quarter of the bar or so.
        let wanted = |theta: f64| (2.0 * accuracy * x / slope(theta, x)).max(0.0625 * accuracy * accuracy * x * x);
        let first = self.saddle(piece, x, self.gaussian.max(1e-6 * x * x));
        let mut gaussian = self.gaussian.max(wanted(first));
        let theta = self.saddle(piece, x, gaussian);
        gaussian = self.gaussian.max(wanted(theta));
        let above = self.cumulant(piece, theta, gaussian) - theta * x - log_delta;
        let period = self.period(piece, theta, gaussian, x, log_delta);
        let last = |g: f64| {
            let room = (above - SMALL).max(1.0);
            let mut s = libm::sqrt(2.0 * room / g);
            for _ in 0..4 {
                let left = room - libm::log(std::f64::consts::PI * g * s * s * s);
                s = libm::sqrt(2.0 * left.max(1.0) / g);
            }
            s
        };
        let most = MOST_TERMS.min(MOST_WORK / self.points);
        let mut terms = last(gaussian) * period / std::f64::consts::TAU;
        for _ in 0..3 {
            if terms > most {
                gaussian *= (terms / most) * (terms / most);
                terms = last(gaussian) * period / std::f64::consts::TAU;
            }
        }
        if !(terms.is_finite() && period > 0.0 && theta > 0.0 && theta.is_finite()) {
            return Err(Reason::Sizes);
        }
        let excess = 0.5 * slope(theta, x) * (gaussian - self.gaussian + self.gap(piece, theta, x));
        let terms = terms.min(1.05 * most).ceil().max(16.0) as usize;
        Ok(Plan { theta, gaussian, period, terms, excess })
    }

    /// P, such that what wraps around from either side is little beside δ: Chernoff bounds of e^(θ(x ± P))·δ(x ± P).
    fn period(&self, piece: Piece, theta: f64, gaussian: f64, x: f64, log_delta: f64) -> f64 {
        let reach = |up: bool| {
            let bound = |y: f64| {
                let lambda = libm::exp(y);
                let other = if up { theta + lambda } else { (theta - lambda).max(0.0) };
                let shift = if up { -lambda } else { lambda };
                (self.cumulant(piece, other, gaussian) + shift * x - theta * x - log_delta - SMALL) / lambda
            };
            let end = libm::log(theta) + if up { 12.0 } else { 0.0 };
            bound(least(libm::log(theta) - 12.0, end, bound))
        };
        // So far above that nothing comes around where x is less by a third, either.
        (reach(true) + 0.3 * x).max(reach(false)).max(x)
    }

    /// The variance that connecting dots added to the total, tilted by θ; of losses above the cut, those that x can see the size of.
    fn gap(&self, piece: Piece, theta: f64, x: f64) -> f64 {
        let of = |l: &Law| if let Law::Points(l) = l { l.gap(theta, f64::INFINITY) } else { 0.0 };
        let bulk: f64 = self.parts.iter().map(|p| p.times * of(&p.bulk)).sum();
        let tail = |p: &Part| p.tail.as_ref().map_or(0.0, |t| t.gap(theta, 2.0 * x));
        bulk + if piece == Piece::Rest { self.parts.iter().map(tail).fold(0.0, f64::max) } else { 0.0 }
    }
}

/// By what an added variance moves ε, twice: the density of the loss at x over the slope of δ. At a saddle point that is θ + 1; where
/// δ falls like a power of x, some power + 1 over x.
fn slope(theta: f64, x: f64) -> f64 {
    theta.max(3.0 / x) + 1.0
}

/// Where an almost unimodal function is least on [a, b], by golden section.
fn least(mut a: f64, mut b: f64, f: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut x, mut y) = (b - GOLDEN * (b - a), a + GOLDEN * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    for _ in 0..24 {
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
