//! Persons as rows of small integers of bounded norm, and exact sums over them.
//!
//! Everything that a release adds up is a sum over persons of products of these integers: exact, hence the same bits
//! in any order, and with a sensitivity that is a whole number and holds after rounding.

use crate::scoring::expand::Design;
use crate::scoring::lanes::{CHUNK, Values, probabilities_of};
use multiversion::multiversion;

/// Rows worked on at once. 256 · 2²² = 2³⁰: see [`gradient_block`].
pub(in crate::scoring) const BLOCK: usize = 256;

/// Rows whose sums are formed together in a whitening.
const LANES: usize = 32;

/// Largest norm of a row, in units of the grid.
pub(in crate::scoring) const MAX_NORM: i32 = 1 << 10;

/// Largest residual in units of its grid: 2¹².
pub(in crate::scoring) const MAX_RESIDUAL_BITS: u32 = 12;

/// A map from a row x = (1, x₁ … x_d) of a design to integers z with ‖z‖₂ ≤ `norm`:
///
/// ```text
/// φ = A·(x₁.. − c)                        A lower triangular, c a centre (both public or released)
/// z₀ = constant,  z = trunc(φ · unit · min(1, b/‖φ·unit‖)),  b² = norm² − z₀²
/// ```
///
/// trunc goes towards zero, so rounding cannot raise the norm; a last check in integers makes the bound hold whatever
/// the floats did.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(in crate::scoring) struct RowMap {
    /// Grid units to 1.
    pub unit: f32,
    /// z₀.
    pub constant: i16,
    /// The norm bound, at most [`MAX_NORM`] and more than `constant`.
    pub norm: i32,
    /// c.
    pub centre: Vec<f32>,
    /// A, row after row of the lower triangle; empty for the identity.
    pub a: Vec<f32>,
}

/// Integer rows, block after block, in each block column after column, padded with rows of zeros.
pub(in crate::scoring) struct Rows {
    persons: usize,
    /// Number of columns, the constant included.
    pub width: usize,
    data: Vec<i16>,
}

impl RowMap {
    /// Coefficients of (1, φ) as coefficients of the integer rows.
    pub fn in_units(&self, theta: &[f64]) -> Vec<f32> {
        let unit = |j: usize| if j == 0 { f64::from(self.constant) } else { f64::from(self.unit) };
        theta.iter().enumerate().map(|(j, t)| (t / unit(j)) as f32).collect()
    }

    /// The integer rows of a design of `1 + centre.len()` columns.
    pub fn apply(&self, design: &Design) -> Rows {
        let (rows, width) = (design.rows(), design.width());
        let mut data = vec![0i16; rows.div_ceil(BLOCK) * BLOCK * width];
        let mut x = vec![0f32; BLOCK * width];
        let mut phi = vec![0f32; BLOCK * width];
        for (b, block) in data.chunks_exact_mut(BLOCK * width).enumerate() {
            let (first, last) = (b * BLOCK, rows.min((b + 1) * BLOCK));
            x.fill(0.0);
            for j in 1..width {
                x[j * BLOCK..][..last - first].copy_from_slice(&design.column(j)[first..last]);
            }
            map_block(self, &mut x, &mut phi, block);
            block[..last - first].fill(self.constant);
            for column in block.chunks_exact_mut(BLOCK) {
                column[last - first..].fill(0);
            }
        }
        Rows { persons: rows, width, data }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn map_block(map: &RowMap, x: &mut [f32], phi: &mut [f32], z: &mut [i16]) {
    let RowMap { unit, constant, norm, centre, a } = map;
    let (unit, norm) = (*unit, *norm);
    let constant = i32::from(*constant);
    let mut squares = [0f32; BLOCK];
    let mut at = 0;
    for (j, c) in centre.iter().enumerate() {
        let out = &mut phi[(j + 1) * BLOCK..(j + 2) * BLOCK];
        let own = &mut x[(j + 1) * BLOCK..(j + 2) * BLOCK];
        for l in 0..BLOCK {
            own[l] -= c;
        }
        if a.is_empty() {
            for l in 0..BLOCK {
                out[l] = own[l] * unit;
            }
        } else {
            // A few lanes at a time, so that their sums stay in registers.
            for first in (0..BLOCK).step_by(LANES) {
                let mut sums = [0f32; LANES];
                for (k, weight) in a[at..=at + j].iter().enumerate() {
                    let from = &x[(k + 1) * BLOCK + first..][..LANES];
                    let weight = weight * unit;
                    for l in 0..LANES {
                        sums[l] += weight * from[l];
                    }
                }
                out[first..first + LANES].copy_from_slice(&sums);
            }
            at += j + 1;
        }
        for l in 0..BLOCK {
            squares[l] += out[l] * out[l];
        }
    }
    let bound = ((norm * norm - constant * constant).max(0) as f32).sqrt() * (1.0 - 1e-5);
    for s in &mut squares {
        *s = if *s > bound * bound { bound / s.sqrt() } else { 1.0 };
    }
    let mut total = [constant * constant; BLOCK];
    for j in 1..=centre.len() {
        let (from, to) = (&phi[j * BLOCK..(j + 1) * BLOCK], &mut z[j * BLOCK..(j + 1) * BLOCK]);
        for l in 0..BLOCK {
            // Within ±2¹⁰ by the clip; NaN becomes 0.
            let v = (from[l] * squares[l]).clamp(-2048.0, 2048.0) as i32;
            to[l] = v as i16;
            total[l] = total[l].saturating_add(v * v);
        }
    }
    if total.iter().any(|t| *t > norm * norm) {
        for j in 1..=centre.len() {
            for l in 0..BLOCK {
                if total[l] > norm * norm {
                    z[j * BLOCK + l] = 0;
                }
            }
        }
    }
}

impl Rows {
    fn blocks(&self) -> impl Iterator<Item = (usize, &[i16])> {
        self.data.chunks_exact(BLOCK * self.width).enumerate().map(|(b, z)| (b * BLOCK, z))
    }

    /// Σ zⱼ over the persons for j ≥ 0, then Σ ⌊zⱼ²/unit⌋ for j ≥ 1.
    pub fn sums(&self, unit: i16) -> Vec<i64> {
        let mut sums = vec![0i64; 2 * self.width - 1];
        for (_, z) in self.blocks() {
            for (j, column) in z.chunks_exact(BLOCK).enumerate() {
                sums[j] += column.iter().map(|v| i64::from(*v)).sum::<i64>();
                if j > 0 {
                    let square = |v: &i16| i64::from(i32::from(*v) * i32::from(*v) / i32::from(unit));
                    sums[self.width + j - 1] += column.iter().map(square).sum::<i64>();
                }
            }
        }
        sums
    }

    /// Σ zᵢzⱼ over the persons for i ≤ j, row after row of the upper triangle, and Σ y·zⱼ.
    pub fn moments(&self, labels: &[bool]) -> (Vec<i64>, Vec<i64>) {
        let mut gram = vec![0i64; self.width * (self.width + 1) / 2];
        let mut cross = vec![0i64; self.width];
        let mut y = [0i16; BLOCK];
        for (first, z) in self.blocks() {
            fill_labels(&labels[first..], &mut y);
            moments_block(z, &y, &mut gram, &mut cross);
        }
        (gram, cross)
    }

    /// Σ r·zⱼ over the persons, r = round((σ(θ·z) − y)·2^bits) in ±2^bits.
    pub fn gradient(&self, labels: &[bool], theta: &[f32], bits: u32) -> Vec<i64> {
        let mut sums = vec![0i64; self.width];
        let (mut y, mut logits, mut residuals) = ([0i16; BLOCK], [0f32; BLOCK], [0i16; BLOCK]);
        let (mut eta, mut pd): (Values, _) = ([0.0; CHUNK], [0.0; BLOCK]);
        for (first, z) in self.blocks() {
            fill_labels(&labels[first..], &mut y);
            logits_block(z, theta, &mut logits);
            let one = f64::from(1u32 << bits.min(MAX_RESIDUAL_BITS));
            eta.iter_mut().zip(&logits).for_each(|(e, z)| *e = f64::from(*z));
            probabilities_of(&eta, &mut pd);
            for l in 0..BLOCK {
                residuals[l] = libm::rint((pd[l] - f64::from(y[l])) * one) as i16;
            }
            gradient_block(z, &residuals, &mut sums);
        }
        sums
    }

    /// θ·z of every person.
    pub fn logits(&self, theta: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.persons + BLOCK);
        let mut logits = [0f32; BLOCK];
        for (_, z) in self.blocks() {
            logits_block(z, theta, &mut logits);
            out.extend_from_slice(&logits);
        }
        out.truncate(self.persons);
        out
    }
}

fn fill_labels(labels: &[bool], y: &mut [i16; BLOCK]) {
    y.fill(0);
    for (y, label) in y.iter_mut().zip(labels) {
        *y = i16::from(*label);
    }
}

/// |zᵢzⱼ| ≤ 2²⁰ (norm at most 2¹⁰), so 256 rows stay within 2²⁸ < 2³¹: i32 cannot overflow.
#[multiversion(targets("x86_64+avx2"))]
fn moments_block(z: &[i16], y: &[i16; BLOCK], gram: &mut [i64], cross: &mut [i64]) {
    let dot = |a: &[i16], b: &[i16]| -> i32 { (0..BLOCK).map(|l| i32::from(a[l]) * i32::from(b[l])).sum() };
    let mut at = 0;
    for (i, left) in z.chunks_exact(BLOCK).enumerate() {
        for right in z[i * BLOCK..].chunks_exact(BLOCK) {
            gram[at] += i64::from(dot(left, right));
            at += 1;
        }
        cross[i] += i64::from(dot(left, y));
    }
}

/// |r·zⱼ| ≤ 2¹²·2¹⁰ = 2²², so 256 rows stay within 2³⁰ < 2³¹: i32 cannot overflow.
#[multiversion(targets("x86_64+avx2"))]
fn gradient_block(z: &[i16], residuals: &[i16; BLOCK], sums: &mut [i64]) {
    for (sum, column) in sums.iter_mut().zip(z.chunks_exact(BLOCK)) {
        let part: i32 = (0..BLOCK).map(|l| i32::from(column[l]) * i32::from(residuals[l])).sum();
        *sum += i64::from(part);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn logits_block(z: &[i16], theta: &[f32], logits: &mut [f32; BLOCK]) {
    logits.fill(0.0);
    for (t, column) in theta.iter().zip(z.chunks_exact(BLOCK)) {
        for l in 0..BLOCK {
            logits[l] += t * f32::from(column[l]);
        }
    }
}
