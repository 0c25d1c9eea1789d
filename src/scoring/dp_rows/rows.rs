//! Persons as rows of small integers of bounded norm, and exact sums over them.
//!
//! Everything that a release adds up is a sum over persons of products of these integers: exact, hence the same bits
//! in any order, and with a sensitivity that is a whole number and holds after rounding.
//!
//! Rows are made a block at a time; the sums and the moments are formed while a block is in the first caches, and only the
//! gradients, which read every row again and again, keep the rows ([`Rows`]).

use super::blocks;
use crate::scoring::expand::Design;
use crate::scoring::lanes::{CHUNK, Values, probabilities_of};

/// Rows worked on at once. 256 · 2²² = 2³⁰: see [`blocks::gradient`].
pub(in crate::scoring) const BLOCK: usize = 256;

/// Blocks that are read from a design together: a page of a column at a time.
const GROUP: usize = 4;

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

    /// Gives `visit` the integer rows of a design of `1 + centre.len()` columns, block after block, with the number of the
    /// block's first row.
    fn visit(&self, design: &Design, mut visit: impl FnMut(usize, &[i16])) {
        let width = design.width();
        let tiles = blocks::Tiles::new(&self.a, self.centre.len());
        let mut group = vec![0f32; GROUP * BLOCK * width];
        let (mut phi, mut z) = (vec![0f32; BLOCK * width], vec![0i16; BLOCK * width]);
        for start in (0..design.rows()).step_by(GROUP * BLOCK) {
            let end = design.rows().min(start + GROUP * BLOCK);
            for (j, c) in self.centre.iter().enumerate() {
                let parts = design.column(j + 1)[start..end].chunks(BLOCK);
                for (from, x) in parts.zip(group.chunks_exact_mut(BLOCK * width)) {
                    blocks::centred(from, *c, self.unit, &mut x[(j + 1) * BLOCK..(j + 2) * BLOCK]);
                }
            }
            for (first, x) in (start..end).step_by(BLOCK).zip(group.chunks_exact(BLOCK * width)) {
                let bound = (self.norm, i32::from(self.constant));
                if self.a.is_empty() {
                    blocks::clipped(&x[BLOCK..], bound, &mut z[BLOCK..]);
                } else {
                    tiles.product(&x[BLOCK..], &mut phi[BLOCK..]);
                    blocks::clipped(&phi[BLOCK..], bound, &mut z[BLOCK..]);
                }
                z[..BLOCK].fill(self.constant);
                let filled = end - first;
                if filled < BLOCK {
                    z.chunks_exact_mut(BLOCK).for_each(|column| column[filled..].fill(0));
                }
                visit(first, &z);
            }
        }
    }

    /// The integer rows of a design of `1 + centre.len()` columns.
    pub fn apply(&self, design: &Design) -> Rows {
        let (persons, width) = (design.rows(), design.width());
        let mut data = Vec::with_capacity(persons.div_ceil(BLOCK) * BLOCK * width);
        self.visit(design, |_, z| data.extend_from_slice(z));
        Rows { persons, width, data }
    }

    /// Σ zⱼ over the persons for j ≥ 0, then Σ ⌊zⱼ²/2^bits⌋ for j ≥ 1.
    pub fn sums(&self, design: &Design, bits: u32) -> Vec<i64> {
        let width = design.width();
        let (mut sums, mut squares) = (vec![0i64; width], vec![0i64; width]);
        self.visit(design, |_, z| blocks::sums(z, bits, &mut sums, &mut squares));
        sums.extend_from_slice(&squares[1..]);
        sums
    }

    /// Σ zᵢzⱼ over the persons for i ≤ j, row after row of the upper triangle.
    pub fn products(&self, design: &Design) -> Vec<i64> {
        let width = design.width();
        let mut gram = vec![0i64; width * (width + 1) / 2];
        self.visit(design, |_, z| blocks::products(z, &mut gram));
        gram
    }
}

impl Rows {
    fn blocks(&self) -> impl Iterator<Item = (usize, &[i16])> {
        self.data.chunks_exact(BLOCK * self.width).enumerate().map(|(b, z)| (b * BLOCK, z))
    }

    /// Σ r·zⱼ over the persons, r = round((σ(θ·z) − y)·2^bits) in ±2^bits.
    pub fn gradient(&self, labels: &[bool], theta: &[f32], bits: u32) -> Vec<i64> {
        let one = f64::from(1u32 << bits.min(MAX_RESIDUAL_BITS));
        let mut sums = vec![0i64; self.width];
        let (mut y, mut logits, mut residuals) = ([0i16; BLOCK], [0f32; BLOCK], [0i16; BLOCK]);
        let (mut eta, mut pd): (Values, _) = ([0.0; CHUNK], [0.0; BLOCK]);
        for (first, z) in self.blocks() {
            fill_labels(&labels[first..], &mut y);
            blocks::logits(z, theta, &mut logits);
            eta.iter_mut().zip(&logits).for_each(|(e, z)| *e = f64::from(*z));
            probabilities_of(&eta, &mut pd);
            blocks::residuals(&pd, &y, one, &mut residuals);
            blocks::gradient(z, &residuals, &mut sums);
        }
        sums
    }

    /// θ·z of every person.
    pub fn logits(&self, theta: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.persons + BLOCK);
        let mut logits = [0f32; BLOCK];
        for (_, z) in self.blocks() {
            blocks::logits(z, theta, &mut logits);
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
