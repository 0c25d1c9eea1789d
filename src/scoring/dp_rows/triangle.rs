//! Lower triangular matrices: inverse and product, row by row, in an order of additions that is the same on every machine.

use multiversion::multiversion;
use ndarray::Array2;

/// L⁻¹ of a lower triangular L.
pub(in crate::scoring) fn inverse(l: &Array2<f64>) -> Array2<f64> {
    let d = l.nrows();
    let l: Vec<f64> = l.iter().copied().collect();
    let mut out = vec![0.0; d * d];
    invert(d, &l, &mut out);
    Array2::from_shape_fn((d, d), |(i, j)| out[i * d + j])
}

/// V·L of a lower triangular L.
pub(super) fn times(v: &Array2<f64>, l: &Array2<f64>) -> Array2<f64> {
    let d = l.nrows();
    let (v, l): (Vec<f64>, Vec<f64>) = (v.iter().copied().collect(), l.iter().copied().collect());
    let mut out = vec![0.0; d * d];
    multiply(d, &v, &l, &mut out);
    Array2::from_shape_fn((d, d), |(i, j)| out[i * d + j])
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn invert(d: usize, l: &[f64], out: &mut [f64]) {
    for i in 0..d {
        let (done, rest) = out.split_at_mut(i * d);
        let own = &mut rest[..=i];
        for (k, row) in done.chunks_exact(d).enumerate() {
            let weight = l[i * d + k];
            for (o, r) in own.iter_mut().zip(&row[..=k]) {
                *o -= weight * r;
            }
        }
        own[i] = 1.0;
        for o in own {
            *o /= l[i * d + i];
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn multiply(d: usize, v: &[f64], l: &[f64], out: &mut [f64]) {
    for (v, out) in v.chunks_exact(d.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
        for (k, (weight, row)) in v.iter().zip(l.chunks_exact(d.max(1))).enumerate() {
            for (o, r) in out.iter_mut().zip(&row[..=k]) {
                *o += weight * r;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_of_a_triangle_times_it_is_one() {
        let l = ndarray::arr2(&[[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [-1.0, 0.25, 3.0]]);
        for product in [inverse(&l).dot(&l), times(&inverse(&l), &l)] {
            for ((i, j), v) in product.indexed_iter() {
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
        let full = ndarray::arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
        assert!((times(&full, &l) - full.dot(&l)).iter().all(|v| v.abs() < 1e-14));
        assert_eq!(inverse(&Array2::zeros((0, 0))).len(), 0);
    }
}
