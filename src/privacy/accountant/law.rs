//! The moments of one event's loss, at real and at complex orders, with what rounding may have done to them.
//!
//! κ, the error of φ(z)/φ(θ) in units of 2⁻⁵³. Of points: the exponents ln p + θℓ − ln φ(θ) are rounded three times (the weighted mean
//! of their sizes counts, as terms are positive), the masses and losses are as exact as `blur` says (losses times |z|), 64 turns are products of 5 roundings each, the phase sℓ
//! is rounded, and so is the sum. Of a Laplace: the closed form φ(z) = e^(−ε/2)·(cosh w + ε/2·sinh w/w), w = (z + 1/2)ε.

use super::losses::Losses;

/// What is known of one event's loss.
pub(super) enum Law {
    Points(Losses),
    /// ε; its moments have a closed form.
    Laplace(f64),
}

/// φ(θ + is)/φ(θ) for equidistant s, and κ = `fixed` + s·`growing`.
pub(super) struct Spectrum {
    pub ratios: Vec<(f64, f64)>,
    pub fixed: f64,
    pub growing: f64,
}

/// Turns that are multiplied up from one sine and cosine.
pub(super) const BLOCK: usize = 64;

impl Law {
    /// ln E[e^(θ·loss)].
    pub(super) fn log_moment(&self, theta: f64) -> f64 {
        match self {
            Self::Points(l) => l.log_moment(theta),
            Self::Laplace(epsilon) => {
                let w = (theta + 0.5) * epsilon;
                let (cosh, sinh) = laplace(w, 0.0);
                w - 0.5 * epsilon + libm::log(cosh.0 + 0.5 * epsilon * sinh.0 / w)
            }
        }
    }

    /// The variance of the loss, roughly.
    pub(super) fn variance(&self) -> f64 {
        match self {
            Self::Points(l) => {
                let (mut m0, mut m1) = (0.0, 0.0);
                let weights: Vec<f64> = l.log_mass.iter().map(|p| libm::exp(*p)).collect();
                for (l, w) in l.loss.iter().zip(&weights) {
                    (m0, m1) = (m0 + w, m1 + w * l);
                }
                let mean = m1 / m0;
                let m2: f64 = l.loss.iter().zip(&weights).map(|(l, w)| w * (l - mean) * (l - mean)).sum();
                m2 / m0
            }
            Self::Laplace(epsilon) => {
                let p = 1.0 / (1.0 + libm::exp(-epsilon));
                4.0 * epsilon * epsilon * p * (1.0 - p)
            }
        }
    }

    /// φ(θ + is)/φ(θ) at s = 0, `step`, 2·`step`, …, `count` of them.
    pub(super) fn spectrum(&self, theta: f64, step: f64, count: usize) -> Spectrum {
        match self {
            Self::Points(l) => l.spectrum(theta, step, count),
            Self::Laplace(epsilon) => {
                let at = |s: f64| {
                    let w = ((theta + 0.5) * epsilon, s * epsilon);
                    let (cosh, sinh) = laplace(w.0, w.1);
                    let half = 0.5 * epsilon / (w.0 * w.0 + w.1 * w.1);
                    // cosh w + ε/2·sinh w·w̄/|w|²
                    (cosh.0 + half * (sinh.0 * w.0 + sinh.1 * w.1), cosh.1 + half * (sinh.1 * w.0 - sinh.0 * w.1))
                };
                let norm = at(0.0).0;
                let ratio = |k: usize| {
                    let v = at(k as f64 * step);
                    (v.0 / norm, v.1 / norm)
                };
                Spectrum {
                    ratios: (0..count).map(ratio).collect(),
                    fixed: 40.0 + 8.0 * (theta + 1.0) * epsilon,
                    growing: 8.0 * epsilon,
                }
            }
        }
    }
}

impl Losses {
    /// ln E[e^(θ·loss)].
    pub(super) fn log_moment(&self, theta: f64) -> f64 {
        let top = self.top(theta);
        let sum: f64 = self.loss.iter().zip(&self.log_mass).map(|(l, p)| libm::exp(p + theta * l - top)).sum();
        top + libm::log(sum)
    }

    /// As [`Law::spectrum`].
    pub(super) fn spectrum(&self, theta: f64, step: f64, count: usize) -> Spectrum {
        let norm = self.log_moment(theta);
        let tilted: Vec<f64> =
            self.loss.iter().zip(&self.log_mass).map(|(l, p)| libm::exp(p + theta * l - norm)).collect();
        let mean = |f: &dyn Fn(usize) -> f64| tilted.iter().enumerate().map(|(i, w)| w * f(i)).sum::<f64>();
        let exponents = mean(&|i| self.log_mass[i].abs() + (theta * self.loss[i]).abs()) + norm.abs();
        let phases = mean(&|i| self.loss[i].abs());
        Spectrum {
            fixed: 4.0 * exponents + (1.0 + theta) * self.blur + 5.0 * BLOCK as f64 + 0.25 * tilted.len() as f64 + 64.0,
            growing: 4.0 * phases + self.blur,
            ratios: turns(&tilted, &self.loss, step, count),
        }
    }

    /// Those up to `cut`, and those above it.
    pub(super) fn split(&self, cut: f64) -> (Self, Option<Self>) {
        let part = |above: bool| {
            let (loss, log_mass) = self.loss.iter().zip(&self.log_mass).filter(|(l, _)| (**l > cut) == above).unzip();
            Self { loss, log_mass, ..*self }
        };
        let above = part(true);
        (part(false), (!above.loss.is_empty()).then_some(above))
    }

    /// The variance that connecting dots added, tilted by θ, of losses up to `most`.
    pub(super) fn gap(&self, theta: f64, most: f64) -> f64 {
        if !self.connected || self.loss.len() < 3 {
            return 0.0;
        }
        let seen = self.loss.partition_point(|l| *l <= most).max(3).min(self.loss.len());
        let top = self.top(theta);
        let (mut all, mut sum) = (0.0, 0.0);
        for (l, p) in self.loss[..seen].windows(3).zip(&self.log_mass[1..]) {
            let w = libm::exp(p + theta * l[1] - top);
            let width = 0.5 * (l[2] - l[0]);
            all += w;
            sum += w * width * width / 6.0;
        }
        if all > 0.0 { sum / all } else { 0.0 }
    }

    /// The largest exponent.
    fn top(&self, theta: f64) -> f64 {
        self.loss.iter().zip(&self.log_mass).map(|(l, p)| p + theta * l).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// e^−a·cosh(a + ib) and e^−a·sinh(a + ib), a ≥ 0.
fn laplace(a: f64, b: f64) -> ((f64, f64), (f64, f64)) {
    let (less, more) = (-0.5 * libm::expm1(-2.0 * a), 0.5 * (1.0 + libm::exp(-2.0 * a)));
    let (sin, cos) = libm::sincos(b);
    ((more * cos, less * sin), (less * cos, more * sin))
}

/// Σ wᵢ·e^(i·k·step·ℓᵢ) for k < `count`.
fn turns(weights: &[f64], losses: &[f64], step: f64, count: usize) -> Vec<(f64, f64)> {
    const LANES: usize = 4;
    let n = weights.len().next_multiple_of(LANES);
    let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
    let (mut cos, mut sin) = (vec![0.0; n], vec![0.0; n]);
    for (i, l) in losses.iter().enumerate() {
        (sin[i], cos[i]) = libm::sincos(step * l);
    }
    let mut out = Vec::with_capacity(count);
    for k in 0..count {
        if k % BLOCK == 0 {
            for (i, (w, l)) in weights.iter().zip(losses).enumerate() {
                let (s, c) = libm::sincos(k as f64 * step * l);
                (re[i], im[i]) = (w * c, w * s);
            }
        }
        let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
        let turn = cos.chunks_exact(LANES).zip(sin.chunks_exact(LANES));
        for ((x, y), (c, s)) in re.chunks_exact_mut(LANES).zip(im.chunks_exact_mut(LANES)).zip(turn) {
            for j in 0..LANES {
                a[j] += x[j];
                b[j] += y[j];
                let (u, v) = (x[j] * c[j] - y[j] * s[j], x[j] * s[j] + y[j] * c[j]);
                (x[j], y[j]) = (u, v);
            }
        }
        out.push((a.iter().sum(), b.iter().sum()));
    }
    out
}
