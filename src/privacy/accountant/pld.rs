//! The privacy loss of a whole composition, by one integral that errs to one side only.
//!
//! Let ℓ be the sum of the events' [`Losses`](super::losses), M(z) = E[e^(zℓ)] = Π (Σ p·e^(z·loss))ⁿ and δ(x) = E[(1 − e^(x−ℓ))₊].
//! The Fourier transform of e^(θx)·δ(x), θ > 0, is M(z)/(z(z + 1)) at z = θ + is. Hence
//!
//! ```text
//! δ(x) = 1/2π·∫ M(z)·e^(−zx)/(z(z + 1)) ds
//! ```
//!
//! which has no grid of losses, and in which the number of events is a power. It is computed as follows, and never comes out below:
//!
//! 1. *Points.* The losses of each event are finitely many, by a pair that dominates the true one.
//! 2. *A little noise.* ℓ + N(τ²/2, τ²) takes the place of ℓ. The noise has E[e^(−noise)] = 1, so by Jensen's inequality no E[(1 − e^(x−ℓ−noise))₊] is less
//!    than (1 − e^(x−ℓ))₊, and now the integrand falls like e^(−τ²s²/2), whatever atoms ℓ has. Gaussian events of the composition, whose losses
//!    are just such noise, serve.
//! 3. *A sum for the integral.* With ds = 2π/P, Poisson's formula makes the infinite sum Σ_j e^(jθP)·δ(x + jP) over all integers j: δ(x), and what is added to it is not negative.
//! 4. *An end.* |M(z)| ≤ M(θ)·e^(−τ²s²/2), so the terms beyond the last s are together at most M(θ)e^(−θx)·e^(−τ²s²/2)/(πτ²s³). That is added.
//! 5. *Rounding.* A bound of each term's error is added: see [`curve`](super::curve) and [`law`](super::law). So is the mass of infinite losses.
//!
//! An ε is answered with only where the δ that stands there, with everything that was added, is at most the δ asked for. How it was found plays no part, nor do
//! θ, τ, P, the last s and the cut below: they make the answer good, not true. θ is the saddle point of the integrand, where the terms
//! are hardly larger than δ, however small δ is; τ and the width of cells are such that each moves ε by less than 4·10⁻⁵ of it,
//! where an added variance v moves ε by (θ + 1)·v/2; P is such that the wrapped parts are 10⁻⁷ of δ.
//!
//! *A cut.* Where few are sampled, a loss is almost always next to nothing and very rarely anything: a tilt e^(θℓ) that brings out the second
//! brings out what is rarer still. Then outcomes in which no loss lies above a cut and the others are computed apart, each with its own θ, τ and P: Π bⁿ and
//! Π (b + t)ⁿ − Π bⁿ, b and t the moments below and above the cut. All five steps hold for each, as each is an integral over positive masses.
//!
//! A single event needs no integral: its δ is a finite sum. Adding and removing a person are two pairs of distributions; they are composed apart and the worse
//! counts.
//!
//! Sources: Zhu, Dong & Wang 2022 (characteristic functions, dominating pairs); Alghamdi et al. 2023 (the integral at its saddle point);
//! Abate & Whitt 1992 (Poisson's formula for inverting transforms).

use super::curve::{Curve, Whole};
use super::losses::{Direction, Losses};
use super::sum::{Piece, Sum};
use super::{Composition, Reason};

/// By how much τ may widen ε, relative; cells by twice as much.
const ACCURACY: f64 = 4e-5;
/// The same where an ε is only looked for.
const ROUGH: f64 = 2e-3;
/// Rounding may cost this much of ε; above, a cut is tried.
const ROUNDING: f64 = 1e-5;
/// Cuts that are tried, relative to ε.
const CUTS: [f64; 4] = [0.6, 0.4, 0.25, 0.12];

/// An ε, and how far it may lie above the exact one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub epsilon: f64,
    /// Estimate, relative to ε.
    pub excess: f64,
}

/// The smallest ε at which the composition is (ε, δ)-DP.
pub(super) fn epsilon(composition: &Composition, delta: f64) -> Result<Answer, Reason> {
    let mut worst = Answer { epsilon: 0.0, excess: 0.0 };
    for direction in composition.directions() {
        let one = in_direction(composition, *direction, delta)?;
        if one.epsilon >= worst.epsilon {
            worst = one;
        }
    }
    Ok(worst)
}

fn in_direction(composition: &Composition, direction: Direction, delta: f64) -> Result<Answer, Reason> {
    let sum = Sum::new(composition, direction, 1.0, delta)?;
    if sum.single().is_some() {
        let sum = Sum::new(composition, direction, 4.0, delta)?;
        let losses = sum.single().ok_or(Reason::Noise)?;
        return Ok(Answer { epsilon: alone_epsilon(losses, sum.largest, delta), excess: 0.0 });
    }
    let log_delta = libm::log(delta - sum.infinite);
    let far = sum.chernoff(log_delta).min(sum.largest);
    let whole = search(&sum, far, delta, 0.01, |x, accuracy| {
        let finer = sum.finer(Piece::Bulk, x, accuracy);
        let fine = if finer > 1.0 { Some(Sum::new(composition, direction, finer, delta)?) } else { None };
        pieces(fine.as_ref().unwrap_or(&sum), &[Piece::Bulk], x, log_delta, accuracy)
    });
    match whole {
        Ok((answer, unsure)) if unsure < ROUNDING => return Ok(answer),
        _ => {}
    }
    let near = cut_guess(&sum, whole.as_ref().map_or(far, |w| w.0.epsilon), log_delta);
    let apart = search(&sum, near, delta, f64::INFINITY, |x, accuracy| {
        let cut = best_cut(&sum, x).0;
        let apart = sum.split(cut);
        let finer = apart.finer(Piece::Rest, x, accuracy);
        let fine = if finer > 1.0 { Some(Sum::new(composition, direction, finer, delta)?.split(cut)) } else { None };
        pieces(fine.as_ref().unwrap_or(&apart), &[Piece::Bulk, Piece::Rest], x, log_delta, accuracy)
    });
    // Both are valid.
    match (whole, apart) {
        (Ok((a, _)), Ok((b, _))) => Ok(if a.epsilon < b.epsilon { a } else { b }),
        (Ok((a, _)), Err(_)) | (Err(_), Ok((a, _))) => Ok(a),
        (Err(e), Err(_)) => Err(e),
    }
}

/// ε by curves that are made for an ε near x, from a first guess on until it is found where they are good, roughly first; and what
/// rounding costs of it. Ends where that is more than `give_up`.
fn search(
    sum: &Sum,
    mut guess: f64,
    delta: f64,
    give_up: f64,
    mut at: impl FnMut(f64, f64) -> Result<(Whole, f64), Reason>,
) -> Result<(Answer, f64), Reason> {
    let mut accuracy = ROUGH;
    for _ in 0..16 {
        let (whole, excess) = at(guess, accuracy)?;
        let epsilon = whole.epsilon(guess, delta)?.min(sum.largest);
        let unsure = whole.unsure(epsilon, delta) / epsilon.max(1e-300);
        let answer = Answer { epsilon, excess: excess / epsilon.max(1e-300) + unsure };
        if epsilon <= 1e-9 * guess || (unsure > give_up) {
            return Ok((answer, unsure));
        }
        if epsilon > 0.9 * guess && epsilon < 1.1 * guess {
            if accuracy < ROUGH {
                return Ok((answer, unsure));
            }
            accuracy = ACCURACY;
        }
        guess = epsilon;
    }
    Err(Reason::Nothing)
}

fn pieces(sum: &Sum, pieces: &[Piece], x: f64, log_delta: f64, accuracy: f64) -> Result<(Whole, f64), Reason> {
    let mut excess = 0.0f64;
    let mut curves = Vec::new();
    for piece in pieces {
        if *piece == Piece::Rest && sum.parts().iter().all(|p| p.tail.is_none()) {
            continue;
        }
        let plan = sum.plan(*piece, x, log_delta, accuracy)?;
        excess = excess.max(plan.excess);
        curves.push(Curve::new(sum, *piece, plan, x));
    }
    Ok((Whole { curves, infinite: sum.infinite }, excess))
}

/// The cut at which the larger of the two pieces is least, and ln of it.
fn best_cut(sum: &Sum, x: f64) -> (f64, f64) {
    let of = |share: f64| {
        let apart = sum.split(share * x);
        (share * x, apart.log_chernoff(Piece::Bulk, x).max(apart.log_chernoff(Piece::Rest, x)))
    };
    CUTS.into_iter().map(of).fold((f64::INFINITY, f64::INFINITY), |a, b| if b.1 < a.1 { b } else { a })
}

/// An ε at which the pieces' Chernoff bounds are some δ, at most `high`.
fn cut_guess(sum: &Sum, high: f64, log_delta: f64) -> f64 {
    let (mut low, mut high) = (1e-4 * high, high);
    for _ in 0..8 {
        let middle = libm::sqrt(low * high);
        // The bound of the rest counts what lies a little above the cut.
        if best_cut(sum, middle).1 - 2.0 <= log_delta { high = middle } else { low = middle }
    }
    high
}

/// δ of one event, a finite sum.
fn alone_delta(l: &Losses, epsilon: f64) -> f64 {
    let above = l.loss.iter().zip(&l.log_mass).filter(|(loss, _)| **loss > epsilon);
    let sum: f64 = above.map(|(loss, p)| libm::exp(*p) * -libm::expm1(epsilon - loss)).sum();
    // Masses and losses have errors of some units in the last place, more where `blur` says so.
    sum * (1.0 + 1e-12 + 4.0 * l.blur * f64::EPSILON) + l.infinite
}

fn alone_epsilon(l: &Losses, largest: f64, delta: f64) -> f64 {
    if alone_delta(l, 0.0) <= delta {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, largest);
    for _ in 0..200 {
        if high - low <= 1e-13 * high {
            break;
        }
        let middle = 0.5 * (low + high);
        if alone_delta(l, middle) <= delta { high = middle } else { low = middle }
    }
    high * (1.0 + 1e-12)
}

/// The smallest δ at which the composition is (ε, δ)-DP, ε ≥ 0.
pub(super) fn delta(composition: &Composition, epsilon: f64) -> Result<f64, Reason> {
    let mut worst = 0.0f64;
    for direction in composition.directions() {
        let (mut guess, mut value) = (1e-9, 1.0);
        for _ in 0..4 {
            value = delta_near(composition, *direction, epsilon, guess)?;
            if value > 0.1 * guess && value < 1e3 * guess {
                break;
            }
            guess = value.clamp(1e-290, 0.1);
        }
        worst = worst.max(value);
    }
    Ok(worst.min(1.0))
}

/// δ at ε, well where it is some `guess`.
fn delta_near(composition: &Composition, direction: Direction, epsilon: f64, guess: f64) -> Result<f64, Reason> {
    let sum = Sum::new(composition, direction, 1.0, guess)?;
    if sum.single().is_some() {
        let sum = Sum::new(composition, direction, 4.0, guess)?;
        return Ok(sum.single().map_or(1.0, |l| alone_delta(l, epsilon)));
    }
    if epsilon >= sum.largest {
        return Ok(sum.infinite);
    }
    let x = epsilon.max(1e-9);
    let log_delta = (sum.log_chernoff(Piece::Bulk, x) - 2.3).clamp(libm::log(guess).min(-0.1), -0.1);
    let finer = sum.finer(Piece::Bulk, x, ACCURACY);
    let fine = Sum::new(composition, direction, finer, guess)?;
    let whole = pieces(&fine, &[Piece::Bulk], x, log_delta, ACCURACY)?.0;
    let value = whole.delta(epsilon);
    if whole.unsure(epsilon, value) < ROUNDING * x {
        return Ok(value);
    }
    let cut = best_cut(&sum, x).0;
    let finer = sum.split(cut).finer(Piece::Rest, x, ACCURACY);
    let fine = Sum::new(composition, direction, finer, guess)?.split(cut);
    let apart = pieces(&fine, &[Piece::Bulk, Piece::Rest], x, log_delta, ACCURACY)?.0.delta(epsilon);
    Ok(value.min(apart))
}
