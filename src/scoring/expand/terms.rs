//! One term of every person: loops that the compiler vectorises, dispatched to AVX-512, AVX2 or the baseline.

use super::{clamped, middle};
use crate::view::Column;
use multiversion::multiversion;

/// What stands for a value that is no quantity: a code, or a missing value where the column allows them.
const NONE: f32 = f32::NEG_INFINITY;

/// The quantities within the public bounds; NONE where a value is no quantity.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn quantity(column: &Column, from: &[f32], to: &mut [f32]) {
    let (lo, hi) = (column.lo, column.hi);
    let absent = if column.missing { NONE } else { middle(column) };
    for (y, &x) in to.iter_mut().zip(from) {
        *y = if x.is_nan() { absent } else { clamped(x, lo, hi, absent) };
    }
    for s in &column.special {
        for (y, x) in to.iter_mut().zip(from) {
            *y = if x == s { NONE } else { *y };
        }
    }
}

/// (x − mid)·scale, in [−1, 1]; 0 where there is no quantity.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn linear(value: &[f32], mid: f32, scale: f32, to: &mut [f32]) {
    for (y, &x) in to.iter_mut().zip(value) {
        let v = (x - mid) * scale;
        let v = if v < -1.0 { -1.0 } else { v };
        let v = if v > 1.0 { 1.0 } else { v };
        *y = if x == NONE { 0.0 } else { v };
    }
}

/// 1 from `t` on; 0 where there is no quantity.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn step(value: &[f32], t: f32, to: &mut [f32]) {
    for (y, &x) in to.iter_mut().zip(value) {
        *y = if x >= t && x != NONE { 1.0 } else { 0.0 };
    }
}

/// (x − k)·scale, in [0, 1]; 0 where there is no quantity.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn hinge(value: &[f32], k: f32, scale: f32, to: &mut [f32]) {
    for (y, &x) in to.iter_mut().zip(value) {
        let v = (x - k) * scale;
        let v = if v > 0.0 { v } else { 0.0 };
        *y = if v > 1.0 { 1.0 } else { v };
    }
}

/// 1 where a value is `s`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn equal(from: &[f32], s: f32, to: &mut [f32]) {
    for (y, &x) in to.iter_mut().zip(from) {
        *y = if x == s { 1.0 } else { 0.0 };
    }
}

/// 1 where a value is missing.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
pub(super) fn missing(from: &[f32], to: &mut [f32]) {
    for (y, x) in to.iter_mut().zip(from) {
        *y = if x.is_nan() { 1.0 } else { 0.0 };
    }
}
