//! Inner loops over a block of rows, column after column, dispatched to AVX-512, AVX2 or the baseline.
//!
//! Each f32 is a product followed by an addition, never fused, in the order of the columns: the bits are the same on
//! every processor. Sums of integers are exact.

use super::rows::BLOCK;
use multiversion::multiversion;

/// Columns that are formed together, so that what is loaded serves all of them.
const TILE: usize = 4;

/// Rows whose sums stay in registers.
const LANES: usize = 32;

/// A lower triangular matrix in tiles of [`TILE`] rows, column after column, filled up with zeros.
pub(super) struct Tiles {
    d: usize,
    packed: Vec<[f32; TILE]>,
}

impl Tiles {
    /// From row after row of the triangle; empty for the identity.
    pub fn new(a: &[f32], d: usize) -> Self {
        let mut packed = Vec::new();
        if !a.is_empty() {
            for first in (0..d).step_by(TILE) {
                let entry = |i: usize, k: usize| if i < d && k <= i { a[i * (i + 1) / 2 + k] } else { 0.0 };
                let column = |k: usize| std::array::from_fn(|q| entry(first + q, k));
                packed.extend((0..d.min(first + TILE)).map(column));
            }
        }
        Self { d, packed }
    }

    /// A·x for a block.
    pub fn product(&self, x: &[f32], out: &mut [f32]) {
        product(self.d, &self.packed, x, out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn product(d: usize, packed: &[[f32; TILE]], x: &[f32], out: &mut [f32]) {
    for first in (0..BLOCK).step_by(LANES) {
        let mut at = 0;
        for row in (0..d).step_by(TILE) {
            let inner = d.min(row + TILE);
            let (mut s0, mut s1, mut s2, mut s3) = ([0f32; LANES], [0f32; LANES], [0f32; LANES], [0f32; LANES]);
            for (w, column) in packed[at..at + inner].iter().zip(x.chunks_exact(BLOCK)) {
                let from = &column[first..first + LANES];
                for l in 0..LANES {
                    s0[l] += w[0] * from[l];
                    s1[l] += w[1] * from[l];
                    s2[l] += w[2] * from[l];
                    s3[l] += w[3] * from[l];
                }
            }
            at += inner;
            for (q, s) in [s0, s1, s2, s3].iter().enumerate().take(inner - row) {
                out[(row + q) * BLOCK + first..][..LANES].copy_from_slice(s);
            }
        }
    }
}

/// (x − c)·unit; what is beyond the last row is as x = 0.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn centred(from: &[f32], c: f32, unit: f32, to: &mut [f32]) {
    for (y, x) in to.iter_mut().zip(from) {
        *y = (x - c) * unit;
    }
    to[from.len()..].fill(-c * unit);
}

/// Rows `phi` as integers towards zero, clipped so that with the constant their norm is at most `norm`, whatever the floats do.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn clipped(phi: &[f32], (norm, constant): (i32, i32), z: &mut [i16]) {
    let mut scale = [0f32; BLOCK];
    for column in phi.chunks_exact(BLOCK) {
        for l in 0..BLOCK {
            scale[l] += column[l] * column[l];
        }
    }
    let bound = ((norm * norm - constant * constant).max(0) as f32).sqrt() * (1.0 - 1e-5);
    for s in &mut scale {
        *s = if *s > bound * bound { bound / s.sqrt() } else { 1.0 };
    }
    let mut total = [constant * constant; BLOCK];
    for (from, to) in phi.chunks_exact(BLOCK).zip(z.chunks_exact_mut(BLOCK)) {
        for l in 0..BLOCK {
            let v = whole(from[l] * scale[l]);
            to[l] = v as i16;
            total[l] = total[l].saturating_add(v * v);
        }
    }
    if total.iter().any(|t| *t > norm * norm) {
        for column in z.chunks_exact_mut(BLOCK) {
            for l in 0..BLOCK {
                if total[l] > norm * norm {
                    column[l] = 0;
                }
            }
        }
    }
}

/// trunc(v), within ±2¹¹; NaN becomes 2¹¹, which no bound allows. A cast would check for what cannot be, lane by lane.
#[inline(always)]
#[allow(clippy::inline_always)]
fn whole(v: f32) -> i32 {
    // 2²³: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 8_388_608.0;
    let size = if v.abs() < 2048.0 { v.abs() } else { 2048.0 };
    let near = size + ROUND;
    let below = if near - ROUND > size { near - 1.0 } else { near };
    let size = (below.to_bits() & 0xFFFF).cast_signed();
    if v < 0.0 { -size } else { size }
}

/// |zⱼ| ≤ 2¹¹, so that 256 squares stay within 2³⁰: i32 cannot overflow.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn sums(z: &[i16], bits: u32, sums: &mut [i64], squares: &mut [i64]) {
    for ((column, sum), square) in z.chunks_exact(BLOCK).zip(sums).zip(squares) {
        let (mut s, mut q) = (0i32, 0i32);
        for v in column {
            let v = i32::from(*v);
            s += v;
            q += (v * v) >> bits;
        }
        *sum += i64::from(s);
        *square += i64::from(q);
    }
}

/// |zᵢzⱼ| ≤ 2²² (both at most 2¹¹), so 256 rows stay within 2³⁰ < 2³¹: i32 cannot overflow.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn products(z: &[i16], gram: &mut [i64]) {
    let (columns, _) = z.as_chunks::<BLOCK>();
    let mut rest = gram;
    for (i, left) in columns.iter().enumerate() {
        let (sums, after) = rest.split_at_mut(columns.len() - i);
        rest = after;
        dots(left, &columns[i..], sums);
    }
}

/// Adds left·right to each sum.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn dots(left: &[i16; BLOCK], right: &[[i16; BLOCK]], sums: &mut [i64]) {
    let (tiles, tail) = right.as_chunks::<TILE>();
    let (four, rest) = sums.as_chunks_mut::<TILE>();
    for ([c0, c1, c2, c3], sums) in tiles.iter().zip(four) {
        let (mut s0, mut s1, mut s2, mut s3) = (0i32, 0i32, 0i32, 0i32);
        for l in 0..BLOCK {
            let x = i32::from(left[l]);
            s0 += x * i32::from(c0[l]);
            s1 += x * i32::from(c1[l]);
            s2 += x * i32::from(c2[l]);
            s3 += x * i32::from(c3[l]);
        }
        sums.iter_mut().zip([s0, s1, s2, s3]).for_each(|(sum, s)| *sum += i64::from(s));
    }
    for (column, sum) in tail.iter().zip(rest) {
        *sum += i64::from((0..BLOCK).map(|l| i32::from(left[l]) * i32::from(column[l])).sum::<i32>());
    }
}

/// |r·zⱼ| ≤ 2¹²·2¹⁰ = 2²², so 256 rows stay within 2³⁰ < 2³¹: i32 cannot overflow.
pub(super) fn gradient(z: &[i16], residuals: &[i16; BLOCK], sums: &mut [i64]) {
    dots(residuals, z.as_chunks::<BLOCK>().0, sums);
}

/// round((p − y)·one).
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn residuals(pd: &[f64; BLOCK], y: &[i16; BLOCK], one: f64, out: &mut [i16; BLOCK]) {
    // 1.5·2⁵²: adding it rounds to the nearest whole number, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    for l in 0..BLOCK {
        let r = (pd[l] - f64::from(y[l])) * one + ROUND;
        out[l] = r.to_bits() as i16;
    }
}

/// θ·z.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn logits(z: &[i16], theta: &[f32], out: &mut [f32; BLOCK]) {
    for (first, out) in (0..BLOCK).step_by(LANES).zip(out.chunks_exact_mut(LANES)) {
        let mut sums = [0f32; LANES];
        for (t, column) in theta.iter().zip(z.chunks_exact(BLOCK)) {
            let from = &column[first..first + LANES];
            for l in 0..LANES {
                sums[l] += t * f32::from(from[l]);
            }
        }
        out.copy_from_slice(&sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_truncated_ones() {
        for i in -40_000..40_000 {
            let v = i as f32 * 0.06;
            assert_eq!(whole(v), v.clamp(-2048.0, 2048.0) as i32, "{v}");
        }
        for v in [0.999_999_94, -0.999_999_94, 1.0, -1.0, 2047.9999, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(whole(v), v.clamp(-2048.0, 2048.0) as i32, "{v}");
        }
        assert_eq!(whole(f32::NAN), 2048);
    }

    /// Against sums by hand, for widths with and without a remainder.
    #[test]
    fn tiles_and_sums_agree_with_naive_ones() {
        for d in [1, 3, 4, 9] {
            let a: Vec<f32> = (0..d * (d + 1) / 2).map(|i| libm::sinf(i as f32)).collect();
            let x: Vec<f32> = (0..d * BLOCK).map(|i| libm::cosf(i as f32)).collect();
            let mut got = vec![0.0; d * BLOCK];
            Tiles::new(&a, d).product(&x, &mut got);
            for (i, l) in (0..d).flat_map(|i| [0, 37, BLOCK - 1].map(|l| (i, l))) {
                let want: f32 = (0..=i).map(|k| a[i * (i + 1) / 2 + k] * x[k * BLOCK + l]).sum();
                assert!((got[i * BLOCK + l] - want).abs() < 1e-5);
            }
            let z: Vec<i16> = (0..d * BLOCK).map(|i| (i * 37 % 2049) as u16).map(|v| v.cast_signed() - 1024).collect();
            let mut gram = vec![1i64; d * (d + 1) / 2];
            products(&z, &mut gram);
            let dot = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>();
            let column = |j: usize| &z[j * BLOCK..(j + 1) * BLOCK];
            let pairs = (0..d).flat_map(|i| (i..d).map(move |j| (i, j)));
            assert!(pairs.zip(gram).all(|((i, j), sum)| sum == 1 + dot(column(i), column(j))));
        }
    }

    #[test]
    fn residuals_round_to_the_nearest() {
        let pd: [f64; BLOCK] = std::array::from_fn(|l| l as f64 / 255.0);
        for y in [0i16, 1] {
            let mut out = [0; BLOCK];
            residuals(&pd, &[y; BLOCK], 4096.0, &mut out);
            let want = |l: usize| libm::rint((pd[l] - f64::from(y)) * 4096.0) as i16;
            assert!((0..BLOCK).all(|l| out[l] == want(l)));
        }
    }
}
