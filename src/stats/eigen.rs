//! Eigenvalues of a symmetric matrix, by cyclic Jacobi rotations: simple, accurate, the same bits on every machine.

use ndarray::Array2;

/// Sweeps after which rotation stops; some 8 suffice for a hundred rows.
const SWEEPS: usize = 40;

/// Eigenvalues, and the eigenvectors as rows in the same order (not sorted), of the symmetric d × d matrix `a`.
///
/// Values that are not finite give values that are not finite.
pub fn symmetric(a: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let d = a.nrows();
    let (mut a, mut v) = (a.clone(), Array2::eye(d));
    let total: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|p| a[p] * a[p]).sum();
        if off.is_nan() || off <= 1e-26 * total {
            break;
        }
        for p in 0..d {
            for q in p + 1..d {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    (a.diag().to_vec(), v)
}

/// Makes a[p, q] zero.
fn rotate(a: &mut Array2<f64>, v: &mut Array2<f64>, p: usize, q: usize) {
    let x = a[[p, q]];
    if x == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * x);
    let t = libm::copysign(1.0, theta) / (theta.abs() + libm::sqrt(theta * theta + 1.0));
    let c = 1.0 / libm::sqrt(t * t + 1.0);
    let s = t * c;
    let d = a.nrows();
    for k in 0..d {
        let (kp, kq) = (a[[p, k]], a[[q, k]]);
        a[[p, k]] = c * kp - s * kq;
        a[[q, k]] = s * kp + c * kq;
        let (vp, vq) = (v[[p, k]], v[[q, k]]);
        v[[p, k]] = c * vp - s * vq;
        v[[q, k]] = s * vp + c * vq;
    }
    for k in 0..d {
        let (kp, kq) = (a[[k, p]], a[[k, q]]);
        a[[k, p]] = c * kp - s * kq;
        a[[k, q]] = s * kp + c * kq;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_values_rebuild_the_matrix() {
        let d = 23;
        let half = Array2::from_shape_fn((d, d), |(i, j)| libm::sin((i * 31 + j * 17) as f64));
        let a = &half + &half.t();
        let (values, vectors) = symmetric(&a);
        let scaled = Array2::from_shape_fn((d, d), |(i, j)| values[i] * vectors[[i, j]]);
        let rebuilt = vectors.t().dot(&scaled);
        assert!(rebuilt.iter().zip(&a).all(|(x, y)| (x - y).abs() < 1e-11));
        let unit = vectors.dot(&vectors.t());
        assert!(unit.indexed_iter().all(|((i, j), x)| (x - f64::from(u8::from(i == j))).abs() < 1e-12));
    }

    #[test]
    fn small_and_odd_matrices() {
        assert_eq!(symmetric(&ndarray::arr2(&[[3.0]])).0, [3.0]);
        let (mut values, _) = symmetric(&ndarray::arr2(&[[2.0, 1.0], [1.0, 2.0]]));
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
        assert!(symmetric(&ndarray::arr2(&[[f64::NAN, 1.0], [1.0, 2.0]])).0.iter().any(|v| v.is_nan()));
    }
}
