//! The sum that stands for the integral, for every x: what is added to it, and the ε at which it passes a δ.

use super::Reason;
use super::law::{BLOCK, Spectrum};
use super::sum::{Piece, Plan, Sum};

/// Half a unit in the last place.
const U: f64 = 0.5 * f64::EPSILON;

/// The terms of one piece.
pub(super) struct Curve {
    theta: f64,
    step: f64,
    /// M(z)/M(θ)/(z(z + 1)).
    terms: Vec<(f64, f64)>,
    /// ln M(θ).
    log_scale: f64,
    /// Errors of the terms, and what lies beyond the last.
    added: f64,
    /// Relative error of M(θ).
    scale_slack: f64,
}

impl Curve {
    /// `most` is the largest x that will be asked for, roughly: phases s·x are rounded.
    pub(super) fn new(sum: &Sum, piece: Piece, plan: Plan, most: f64) -> Self {
        let Plan { theta, gaussian, period, terms: count, .. } = plan;
        let step = std::f64::consts::TAU / period;
        let (ratios, kappa) = ratios(sum, piece, theta, step, count + 1);
        let mut added = 0.0;
        let mut terms = Vec::with_capacity(count + 1);
        for (k, (log_size, turn)) in ratios.into_iter().enumerate() {
            let s = k as f64 * step;
            let fall = -0.5 * gaussian * s * s;
            let bend = 0.5 * gaussian * s * (2.0 * theta + 1.0);
            let size = libm::hypot(theta, s) * libm::hypot(theta + 1.0, s);
            let slack = U * (kappa.0 + kappa.1 * s + 4.0 * (bend.abs() + 2.0 * s * most + fall.abs() + 16.0));
            added += if k == 0 { 1.0 } else { 2.0 } * libm::exp(fall) / size * libm::expm1(slack);
            let (sin, cos) = libm::sincos(turn + bend - libm::atan2(s, theta) - libm::atan2(s, theta + 1.0));
            let size = libm::exp(log_size + fall) / size;
            terms.push((size * cos, size * sin));
        }
        let last = count as f64 * step;
        let beyond = libm::exp(-0.5 * gaussian * last * last) / (gaussian * last * last * last);
        added = added * step / std::f64::consts::TAU + beyond / std::f64::consts::PI;
        let log_scale = sum.cumulant(piece, theta, gaussian);
        // 64 turns by x and as many additions as terms.
        let size: f64 = terms.iter().map(|(re, im)| re.abs() + im.abs()).sum::<f64>() * step;
        added += size * U * (6.0 * BLOCK as f64 + terms.len() as f64);
        let scale_slack = U * (kappa.0 + 8.0 * (log_scale.abs() + theta * most + 16.0));
        Self { theta, step, terms, log_scale, added, scale_slack }
    }

    fn scale(&self, x: f64) -> f64 {
        libm::exp(self.log_scale - self.theta * x + self.scale_slack)
    }

    /// δ at x, with everything that is added.
    fn delta(&self, x: f64) -> f64 {
        let mut sum = 0.0;
        let (turn_sin, turn_cos) = libm::sincos(self.step * x);
        for (b, block) in self.terms.chunks(BLOCK).enumerate() {
            let (mut sin, mut cos) = libm::sincos((b * BLOCK) as f64 * self.step * x);
            for (re, im) in block {
                sum += re * cos + im * sin;
                (cos, sin) = (cos * turn_cos - sin * turn_sin, sin * turn_cos + cos * turn_sin);
            }
        }
        let sum = (2.0 * sum - self.terms[0].0) * self.step / std::f64::consts::TAU;
        self.scale(x) * (sum.max(0.0) + self.added)
    }
}

/// ln|M(z)/M(θ)| and its phase at each s, and κ as `fixed` and what s multiplies: an error of at most κ·2⁻⁵³ of M(θ).
///
/// M is a polynomial in the parts' moments with coefficients that are not negative, homogeneous of degree Σn, and moments of positive masses are largest on the
/// real axis: so errors of κ₁ in each moment make one of at most (1 + κ₁)^Σn − 1 of M(θ) in M.
fn ratios(sum: &Sum, piece: Piece, theta: f64, step: f64, count: usize) -> (Vec<(f64, f64)>, (f64, f64)) {
    let mut out = vec![(0.0, 0.0); count];
    // Σ n·ln(1 + t/b), complex, where t is not 0.
    let mut more = vec![(0.0, 0.0); count];
    let mut kappa = (0.0, 0.0);
    let mut count_of = |s: &Spectrum, times: f64| {
        kappa.0 += times * s.fixed;
        kappa.1 += times * s.growing;
    };
    for part in sum.parts() {
        let bulk = part.bulk.spectrum(theta, step, count);
        for (o, (re, im)) in out.iter_mut().zip(&bulk.ratios) {
            o.0 += part.times * libm::log(libm::hypot(*re, *im).max(1e-300));
            o.1 += part.times * libm::atan2(*im, *re);
        }
        count_of(&bulk, part.times);
        let (Piece::Rest, Some(tail)) = (piece, &part.tail) else { continue };
        let above = tail.spectrum(theta, step, count);
        let share = libm::exp(tail.log_moment(theta) - part.bulk.log_moment(theta));
        for (m, (t, b)) in more.iter_mut().zip(above.ratios.iter().zip(&bulk.ratios)) {
            let size = (b.0 * b.0 + b.1 * b.1).max(1e-300);
            let w = (share * (t.0 * b.0 + t.1 * b.1) / size, share * (t.1 * b.0 - t.0 * b.1) / size);
            m.0 += part.times * 0.5 * libm::log1p((2.0 * w.0 + w.0 * w.0 + w.1 * w.1).max(-1.0 + 1e-300));
            m.1 += part.times * libm::atan2(w.1, 1.0 + w.0);
        }
        count_of(&above, part.times);
    }
    if piece == Piece::Rest {
        let norm = log_expm1(more[0].0);
        for (o, (a, b)) in out.iter_mut().zip(more) {
            // e^(a + ib) − 1 without cancellation.
            let (sin, _) = libm::sincos(0.5 * b);
            let (full_sin, full_cos) = libm::sincos(b);
            let shrink = if a > 1.0 { -a } else { 0.0 };
            let (re, im) = if a > 1.0 {
                (full_cos - libm::exp(-a), full_sin)
            } else {
                (libm::expm1(a) * full_cos - 2.0 * sin * sin, libm::exp(a) * full_sin)
            };
            o.0 += libm::log(libm::hypot(re, im).max(1e-300)) - shrink - norm;
            o.1 += libm::atan2(im, re);
        }
    }
    (out, kappa)
}

/// ln(e^a − 1), a > 0.
pub(super) fn log_expm1(a: f64) -> f64 {
    if a > 40.0 { a } else { libm::log(libm::expm1(a)) }
}

/// δ of all pieces at x, what is not theirs (infinite losses) included.
pub(super) struct Whole {
    pub curves: Vec<Curve>,
    pub infinite: f64,
}

impl Whole {
    pub(super) fn delta(&self, x: f64) -> f64 {
        self.curves.iter().map(|c| c.delta(x)).sum::<f64>() + self.infinite
    }

    /// By how much ε at x is widened for what is not the sums themselves.
    pub(super) fn unsure(&self, x: f64, delta: f64) -> f64 {
        let theta = self.curves.iter().map(|c| c.theta).fold(f64::INFINITY, f64::min);
        (self.curves.iter().map(|c| c.scale(x) * c.added).sum::<f64>() + self.infinite) / delta / theta
    }

    /// The least x found at which δ is at most `delta`.
    pub(super) fn epsilon(&self, guess: f64, delta: f64) -> Result<f64, Reason> {
        let log_delta = libm::log(delta);
        let over = |x: f64| libm::log(self.delta(x)) - log_delta;
        let theta = self.curves.iter().map(|c| c.theta).fold(0.0, f64::max);
        let (mut low, mut at_low) = (0.0, over(0.0));
        if at_low <= 0.0 {
            return Ok(0.0);
        }
        let (mut high, mut at_high) = (guess, over(guess));
        for tries in 0.. {
            if at_high <= 0.0 {
                break;
            }
            if tries > 30 || at_high.is_nan() {
                return Err(Reason::Rounding);
            }
            (low, at_low) = (high, at_high);
            high += (1.1 * at_high / theta).max(if tries > 3 { 0.1 } else { 1e-4 } * high);
            at_high = over(high);
        }
        // Secants, with halving where they are slow.
        for i in 0..200 {
            if high - low <= 1e-8 * high {
                break;
            }
            let secant = high - (high - low) * at_high / (at_high - at_low);
            let newton = high + 0.9 * at_high / theta;
            let mut x = if i % 3 == 2 || !at_low.is_finite() { 0.5 * (low + high) } else { secant.max(newton) };
            if !(x > low && x < high) {
                x = 0.5 * (low + high);
            }
            let v = over(x);
            if v <= 0.0 { (high, at_high) = (x, v) } else { (low, at_low) = (x, v) }
        }
        Ok(high * (1.0 + 1e-12))
    }
}
