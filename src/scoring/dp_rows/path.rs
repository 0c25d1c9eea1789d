//! From a first guess to the optimum along noisy gradients: quasi-Newton steps that go back where they went too far.
//!
//! All of it is post-processing of what `query` releases, θ = (β, θ₁ …) and gradients g in coordinates (1, ψ), a person each.
//!
//! 1. *Null.* θ = (logit r, 0): its gradient is −Cov(ψ, y), known from the moments.
//! 2. *Trial.* The gradient at the trial (at first: the guess) is released. With a step Δ from the base to the trial, the loss along it
//!    has the slopes a = g_base·Δ < 0 and c = g_trial·Δ. A convex loss was overshot where c > 0. Where c > |a|/2 beyond its
//!    noise, the new base is not the trial but where the slope's chord crosses 0, |a|/(|a| + c) of the way, with the gradients mixed likewise.
//! 3. *Estimate.* o = base − K⁻¹g, with noise of known variance, K as in [`curvature`](super::curvature), corrected by what the last step
//!    showed where that stands out of the noise.
//! 4. *Mean.* The estimates are averaged, each by its noise and by how far it is from the last; joined with the moments' own
//!    estimate; and drawn towards the public prior ([`shrink`](super::shrink)). That is the next trial, or the end.
//!
//! The constant's step is taken in the log-odds of the mean PD, which rise at most as fast as the constant does (Jensen), so
//! that no noise sends it far; when the other coefficients move, it follows.

use super::curvature::Curvature;
use super::guess::{Guess, mean_above_zero};
use super::shrink::Estimate;
use crate::error::Result;
use crate::stats::logit;

/// Share of the first slope above which the second says that a step went too far.
const TOO_FAR: f64 = 0.5;
/// Deviations of noise that it must stand out by.
const BEYOND: f64 = 2.0;
/// Largest root mean square, over the bads, of the log-odds that one step adds.
const LARGEST_STEP: f64 = 3.0;
/// Largest |constant|, and largest root mean square of the others' log-odds over the bads.
const LARGEST_INTERCEPT: f64 = 12.0;
const LARGEST_REACH: f64 = 12.0;
/// Share of a step's length that the estimate at its end is expected to be off by.
const OFF: f64 = 0.25;
/// Prior variance of the constant about its guess.
const INTERCEPT_VARIANCE: f64 = 0.25;

/// A point and the gradient there.
#[derive(Clone)]
struct Point {
    theta: Vec<f64>,
    gradient: Vec<f64>,
}

/// What is seen from one base.
struct Seen {
    base: Vec<f64>,
    /// Slope along the constant, bounded.
    level: f64,
    estimate: Vec<f64>,
    /// Variance of each entry of the estimate.
    noise: Vec<f64>,
}

/// What is known before the first gradient.
pub(super) struct Known<'a> {
    /// Default rate.
    pub rate: f64,
    /// Gradient at the null, without the constant's entry.
    pub null: Vec<f64>,
    pub guess: &'a Guess,
    /// Curvature of the penalty, a coefficient each.
    pub penalty: Vec<f64>,
    /// Deviation of a gradient's noise: the constant's entry, each other.
    pub noise: [f64; 2],
}

/// Follows `rounds` gradients from `query`. The last θ, and whether it is more than the prior.
pub(super) fn follow(
    (rounds, evidence): (u32, f64),
    known: &Known,
    k: &mut Curvature,
    mut query: impl FnMut(&[f64], u32) -> Result<Vec<f64>>,
) -> Result<(Vec<f64>, bool)> {
    let mut guess = known.guess.clone();
    let mut trial: Vec<f64> = std::iter::once(guess.intercept).chain(guess.first.iter().copied()).collect();
    let level = std::iter::once(logit(known.rate));
    let mut base = Point {
        theta: level.chain(std::iter::repeat_n(0.0, known.null.len())).collect(),
        gradient: std::iter::once(0.0).chain(known.null.iter().copied()).collect(),
    };
    let (mut seen, mut learnt): (Vec<Seen>, bool) = (Vec::new(), false);
    for step in 0..rounds {
        let mut gradient = query(&trial, step)?;
        gradient[1..].iter_mut().zip(&trial[1..]).zip(&known.penalty).for_each(|((g, t), p)| *g += p * t);
        let next = Point { theta: trial.clone(), gradient };
        if step > 0 {
            k.correct(&minus(&next.theta, &base.theta), &minus(&next.gradient, &base.gradient), known.noise[1]);
        }
        let (moved, share) = advance(&base, next, known.noise[1]);
        base = moved;
        if step == 0 {
            guess.scale(share);
        }
        seen.push(look(known, k, &base));
        let weights = weights(&seen);
        let weighed = || seen.iter().zip(&weights);
        let mean = |of: &dyn Fn(&Seen) -> f64| weighed().map(|(s, w)| w * of(s)).sum::<f64>();
        let spread = |of: &dyn Fn(&Seen) -> f64| weighed().map(|(s, w)| w * w * of(s)).sum::<f64>();
        let width = base.theta.len();
        let estimate = Estimate {
            value: (1..width).map(|j| mean(&|s| s.estimate[j])).collect(),
            noise: (1..width).map(|j| spread(&|s| s.noise[j])).collect(),
        };
        let (drawn, more) = estimate.with(&guess.beside(&estimate)).towards(&guess.prior, evidence);
        learnt = more;
        let border = k.border();
        let follows = |s: &Seen| {
            let coupled: f64 = (1..width).map(|j| border[j] * (drawn[j - 1] - s.base[j])).sum();
            s.base[0] - (s.level + coupled) / border[0]
        };
        let unsure = spread(&|_| (known.noise[0] / border[0]).powi(2));
        let constant =
            guess.intercept + (mean(&follows) - guess.intercept) * INTERCEPT_VARIANCE / (INTERCEPT_VARIANCE + unsure);
        trial = std::iter::once(constant).chain(drawn).collect();
        bounded(&mut trial, &base.theta, k);
    }
    Ok((trial, learnt))
}

/// The base from which to look next, and the share of the way to `next` that it stands at.
fn advance(base: &Point, next: Point, noise: f64) -> (Point, f64) {
    let step = minus(&next.theta, &base.theta);
    let dot = |a: &[f64]| a.iter().zip(&step).map(|(a, b)| a * b).sum::<f64>();
    let (down, up) = ((-dot(&base.gradient)).max(0.0), dot(&next.gradient));
    let unsure = BEYOND * noise * libm::sqrt(dot(&step));
    if up.is_nan() || up <= TOO_FAR * down + unsure {
        return (next, 1.0);
    }
    let share = down / (down + up);
    let between = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + share * (b - a)).collect();
    let point = Point { theta: between(&base.theta, &next.theta), gradient: between(&base.gradient, &next.gradient) };
    (point, share)
}

/// The estimate of the optimum from one base.
fn look(known: &Known, k: &Curvature, base: &Point) -> Seen {
    let border = k.border();
    let mut gradient = base.gradient.clone();
    // The mean PD is the default rate and the gradient's excess.
    let mean_pd = mean_above_zero(known.rate + gradient[0], known.noise[0].max(1e-9)).clamp(1e-5, 1.0 - 1e-5);
    gradient[0] = border[0] * (logit(mean_pd) - logit(known.rate));
    let step = k.step(&gradient);
    let variance = |j: usize| known.noise[usize::from(j > 0)].powi(2);
    let noise: Vec<f64> = k.amplified().iter().enumerate().map(|(j, a)| a * variance(j.max(1))).collect();
    Seen { estimate: minus(&base.theta, &step), base: base.theta.clone(), level: gradient[0], noise }
}

/// What each estimate counts, 1 in all: by its noise and by how far it is off beyond noise. The last is taken to be off by a share of
/// its own step, the others by what lies between them and the last.
fn weights(seen: &[Seen]) -> Vec<f64> {
    let Some(last) = seen.last() else { return Vec::new() };
    let total = |s: &Seen| s.noise[1..].iter().sum::<f64>();
    let apart = |a: &[f64], b: &[f64]| a[1..].iter().zip(&b[1..]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let own = OFF.powi(2) * (apart(&last.estimate, &last.base) - total(last)).max(0.0);
    let off = |s: &Seen| own + (apart(&s.estimate, &last.estimate) - total(s) - total(last)).max(0.0);
    let others = seen[..seen.len() - 1].iter().map(|s| total(s) + off(s));
    let precision: Vec<f64> = others.chain([total(last) + own]).map(|error| 1.0 / (error + 1e-18)).collect();
    let all: f64 = precision.iter().sum();
    precision.iter().map(|p| p / all).collect()
}

/// Keeps a trial within a step's reach of the base, and within bounds that noise cannot pass.
fn bounded(trial: &mut [f64], base: &[f64], k: &Curvature) {
    let step = minus(trial, base);
    let reach = k.reach(&step);
    if reach > LARGEST_STEP {
        trial.iter_mut().zip(base).zip(&step).for_each(|((t, b), s)| *t = b + s * LARGEST_STEP / reach);
    }
    trial[0] = trial[0].clamp(-LARGEST_INTERCEPT, LARGEST_INTERCEPT);
    let others: Vec<f64> = std::iter::once(0.0).chain(trial[1..].iter().copied()).collect();
    let reach = k.reach(&others);
    if reach > LARGEST_REACH {
        trial[1..].iter_mut().for_each(|t| *t *= LARGEST_REACH / reach);
    }
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
