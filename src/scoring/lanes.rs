//! Inner loops over rows: eight lanes of f64 that the compiler vectorises, dispatched to AVX-512, AVX2 or the baseline.
//!
//! Every lane is an IEEE multiplication followed by an addition, never fused, and the lanes are added in a fixed order:
//! the bits are the same on every processor. exp and ln are polynomials for the same reason and for speed:
//!
//! ```text
//! e⁻ᵃ      = 2ⁿ·eʳ, r = −a − n·ln 2 in ±(ln 2)/2, Taylor to r¹³           relative error < 5e-16
//! ln(1+t)  = 2·artanh(t/(2+t)), 16 terms, t in [0, 1]                      relative error < 5e-16
//! ```

use super::expand::Design;
use std::ops::Range;

/// Rows that are worked on at once: small enough for the first caches.
pub const CHUNK: usize = 512;
const LANES: usize = 8;

/// One value for each row of a chunk.
pub type Values = [f64; CHUNK];

/// Largest |log-odds| of a prediction: PDs stay within [1e-13, 1 − 1e-13], so that a log-loss is finite.
const LARGEST_LOGIT: f64 = 30.0;

/// A chunk of a design, as f64, column after column; rows beyond the chunk's end are 0 in every column.
pub struct Chunk {
    width: usize,
    columns: Vec<f64>,
}

impl Chunk {
    /// Room for a chunk of `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, columns: vec![0.0; width * CHUNK] }
    }

    /// Column `j`.
    pub fn column(&self, j: usize) -> &[f64] {
        &self.columns[j * CHUNK..(j + 1) * CHUNK]
    }

    /// Takes rows of `design` into the columns from `at` on.
    pub fn load(&mut self, design: &Design, rows: &Range<usize>, at: usize) {
        for (j, to) in self.columns.chunks_exact_mut(CHUNK).skip(at).take(design.width()).enumerate() {
            widen(&design.column(j)[rows.clone()], to);
        }
    }

    /// Takes these rows of `design`, at most [`CHUNK`], in their order.
    pub fn gather(&mut self, design: &Design, rows: &[u32]) {
        for (j, to) in self.columns.chunks_exact_mut(CHUNK).enumerate() {
            let from = design.column(j);
            to.iter_mut().zip(rows).for_each(|(to, i)| *to = f64::from(from[*i as usize]));
            to[rows.len()..].fill(0.0);
        }
    }

    /// Sets `eta` to the linear predictor Σ βⱼ·xⱼ.
    pub fn combine(&self, beta: &[f64], eta: &mut Values) {
        eta.fill(0.0);
        for (column, b) in self.columns.chunks_exact(CHUNK).zip(beta) {
            add_scaled(column, *b, eta);
        }
    }

    /// Adds `left`·xⱼ to `sums[j − from]` for every column j ≥ `from`.
    pub fn add_products(&self, left: &Values, from: usize, sums: &mut [f64]) {
        products(left, &self.columns[from * CHUNK..], sums);
    }

    /// Adds Σ wᵢ·xⱼ·xₖ over the rows for j < `outer` and j ≤ k < width, row after row of the upper triangle.
    pub fn add_gram(&self, weights: &Values, outer: usize, sums: &mut [f64]) {
        let mut left = [0.0; CHUNK];
        let mut at = 0;
        for j in 0..outer {
            multiply(self.column(j), weights, &mut left);
            let pairs = self.width - j;
            self.add_products(&left, j, &mut sums[at..at + pairs]);
            at += pairs;
        }
    }
}

/// For each row, from the linear predictor and the label: residual y − p, weight p·(1−p), loss −ln P(y).
pub struct Linked {
    /// y − p.
    pub residual: Values,
    /// p·(1 − p).
    pub weight: Values,
    /// −ln P(y).
    pub loss: Values,
}

impl Linked {
    /// Zeros.
    pub fn new() -> Self {
        Self { residual: [0.0; CHUNK], weight: [0.0; CHUNK], loss: [0.0; CHUNK] }
    }

    /// Computes all three.
    pub fn compute(&mut self, eta: &Values, labels: &Values) {
        link(eta, labels, self);
    }
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn widen(from: &[f32], to: &mut [f64]) {
    for (y, x) in to.iter_mut().zip(from) {
        *y = f64::from(*x);
    }
    to[from.len()..].fill(0.0);
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn add_scaled(column: &[f64], scale: f64, sum: &mut Values) {
    for (s, x) in sum.iter_mut().zip(column) {
        *s += scale * x;
    }
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn multiply(a: &[f64], b: &Values, out: &mut Values) {
    for ((o, x), y) in out.iter_mut().zip(a).zip(b) {
        *o = x * y;
    }
}

/// Four columns at a time: loads of `left` are shared and the additions of one column do not wait for each other.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn products(left: &Values, columns: &[f64], sums: &mut [f64]) {
    let (left, _) = left.as_chunks::<LANES>();
    let (fours, rest) = sums.as_chunks_mut::<4>();
    let (blocks, tail) = columns.split_at(fours.len() * 4 * CHUNK);
    for (four, block) in fours.iter_mut().zip(blocks.chunks_exact(4 * CHUNK)) {
        let (c0, others) = block.split_at(CHUNK);
        let (c1, others) = others.split_at(CHUNK);
        let (c2, c3) = others.split_at(CHUNK);
        let rows = c0.as_chunks::<LANES>().0.iter().zip(c1.as_chunks::<LANES>().0);
        let rows = rows.zip(c2.as_chunks::<LANES>().0.iter().zip(c3.as_chunks::<LANES>().0));
        let (mut a0, mut a1, mut a2, mut a3) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for (l, ((x0, x1), (x2, x3))) in left.iter().zip(rows) {
            for k in 0..LANES {
                a0[k] += l[k] * x0[k];
                a1[k] += l[k] * x1[k];
                a2[k] += l[k] * x2[k];
                a3[k] += l[k] * x3[k];
            }
        }
        for (sum, lanes) in four.iter_mut().zip([a0, a1, a2, a3]) {
            *sum += add_lanes(lanes);
        }
    }
    for (sum, column) in rest.iter_mut().zip(tail.chunks_exact(CHUNK)) {
        let mut a = [0.0; LANES];
        for (l, x) in left.iter().zip(column.as_chunks::<LANES>().0) {
            for k in 0..LANES {
                a[k] += l[k] * x[k];
            }
        }
        *sum += add_lanes(a);
    }
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn add_lanes(a: [f64; LANES]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn link(eta: &Values, labels: &Values, out: &mut Linked) {
    for i in 0..CHUNK {
        let e = exp_minus(eta[i].abs());
        let inverse = 1.0 / (1.0 + e);
        let p = if eta[i] >= 0.0 { inverse } else { e * inverse };
        out.residual[i] = labels[i] - p;
        out.weight[i] = e * inverse * inverse;
        let wrong = if eta[i] >= 0.0 { 1.0 - labels[i] } else { labels[i] };
        out.loss[i] = ln_one_plus(e) + wrong * eta[i].abs();
    }
}

/// PD of each row: σ(Σ βⱼ·xⱼ), within [1e-13, 1 − 1e-13].
pub fn probabilities(design: &Design, beta: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; design.rows()];
    let mut chunk = Chunk::new(design.width());
    let mut eta = [0.0; CHUNK];
    for (c, to) in out.chunks_mut(CHUNK).enumerate() {
        chunk.load(design, &(c * CHUNK..c * CHUNK + to.len()), 0);
        chunk.combine(beta, &mut eta);
        sigmoid(&eta, to);
    }
    out
}

/// σ of log-odds, for as many as `out` holds (at most a chunk), within [1e-13, 1 − 1e-13].
pub fn probabilities_of(eta: &Values, out: &mut [f64]) {
    sigmoid(eta, out);
}

/// PD of each log-odds, within [1e-13, 1 − 1e-13].
pub fn sigmoids(eta: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; eta.len()];
    let mut room = [0.0; CHUNK];
    for (to, from) in out.chunks_mut(CHUNK).zip(eta.chunks(CHUNK)) {
        room[..from.len()].copy_from_slice(from);
        sigmoid(&room, to);
    }
    out
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn sigmoid(eta: &Values, out: &mut [f64]) {
    for (p, eta) in out.iter_mut().zip(eta) {
        let a = eta.abs();
        let e = exp_minus(if a < LARGEST_LOGIT { a } else { LARGEST_LOGIT });
        let inverse = 1.0 / (1.0 + e);
        *p = if *eta >= 0.0 { inverse } else { e * inverse };
    }
}

/// e⁻ᵃ for a ≥ 0; beyond 708 as at 708.
#[inline(always)]
#[allow(clippy::inline_always)]
fn exp_minus(a: f64) -> f64 {
    // 1.5·2⁵²: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f64 = 6755399441055744.0;
    const LN2_HIGH: f64 = 6.93147180369123816490e-01;
    const LN2_LOW: f64 = 1.90821492927058770002e-10;
    const INVERSE_FACTORIALS: [f64; 14] = [
        1.0 / 6227020800.0,
        1.0 / 479001600.0,
        1.0 / 39916800.0,
        1.0 / 3628800.0,
        1.0 / 362880.0,
        1.0 / 40320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = if a < 708.0 { -a } else { -708.0 };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut sum = INVERSE_FACTORIALS[0];
    for c in &INVERSE_FACTORIALS[1..] {
        sum = sum * r + c;
    }
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// ln(1 + t) for t in [0, 1].
#[inline(always)]
#[allow(clippy::inline_always)]
fn ln_one_plus(t: f64) -> f64 {
    let s = t / (2.0 + t);
    let s2 = s * s;
    let mut sum = 1.0 / 31.0;
    for k in 1..16u32 {
        sum = sum * s2 + 1.0 / f64::from(31 - 2 * k);
    }
    2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(got: f64, want: f64) -> f64 {
        ((got - want) / want).abs()
    }

    #[test]
    fn polynomials_agree_with_libm() {
        for i in 0..70_000 {
            let a = f64::from(i) * 0.0101;
            assert!(relative(exp_minus(a), libm::exp(-a)) < 5e-16, "{a}");
            let t = f64::from(i + 1) / 70_000.0;
            assert!(relative(ln_one_plus(t), libm::log1p(t)) < 5e-16, "{t}");
        }
        assert_eq!(exp_minus(0.0), 1.0);
        assert_eq!(exp_minus(1e300), exp_minus(708.0));
    }

    #[test]
    fn links_agree_with_their_formulas_over_all_log_odds() {
        let eta: Values = std::array::from_fn(|i| (i as f64 - 256.0) * 2.5);
        let mut out = Linked::new();
        for y in [0.0, 1.0] {
            out.compute(&eta, &[y; CHUNK]);
            for (i, &eta) in eta.iter().enumerate() {
                let p = crate::stats::logistic(eta);
                assert!((out.residual[i] - (y - p)).abs() < 1e-15);
                assert!((out.weight[i] - p * (1.0 - p)).abs() < 1e-15);
                let sign = if y == 1.0 { -eta } else { eta };
                let want = if sign > 0.0 { sign + libm::log1p(libm::exp(-sign)) } else { libm::log1p(libm::exp(sign)) };
                assert!((out.loss[i] - want).abs() < 1e-12 * want.max(1.0), "{eta} {y}");
            }
        }
    }

    #[test]
    fn products_agree_with_naive_sums() {
        for width in 1..11 {
            let mut chunk = Chunk::new(width);
            for (i, v) in chunk.columns.iter_mut().enumerate() {
                *v = libm::sin(i as f64);
            }
            let weights: Values = std::array::from_fn(|i| libm::cos(i as f64));
            let outer = width.div_ceil(2);
            let pairs: Vec<(usize, usize)> = (0..outer).flat_map(|j| (j..width).map(move |k| (j, k))).collect();
            let mut sums = vec![0.5; pairs.len()];
            chunk.add_gram(&weights, outer, &mut sums);
            for ((j, k), sum) in pairs.into_iter().zip(sums) {
                let naive: f64 = (0..CHUNK).map(|i| weights[i] * chunk.column(j)[i] * chunk.column(k)[i]).sum();
                assert!((sum - 0.5 - naive).abs() < 1e-11, "{width} {j} {k}");
            }
        }
    }
}
