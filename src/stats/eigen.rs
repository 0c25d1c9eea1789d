//! Eigenvalues of a symmetric matrix: Householder's tridiagonal form, then QL steps with implicit shifts. The same bits on
//! every machine.
//!
//! Source: Bowdler, Martin, Reinsch & Wilkinson, "The QR and QL algorithms for symmetric matrices", Numerische Mathematik 11
//! (1968), the procedures tred2 and tql2.

use multiversion::multiversion;
use ndarray::Array2;

/// QL steps for one eigenvalue after which it is left as it is; two suffice for most.
const STEPS: usize = 60;

/// Eigenvalues, and the eigenvectors as rows in the same order (not sorted), of the symmetric d × d matrix `a`.
///
/// Values that are not finite give values that are not finite.
pub fn symmetric(a: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    if n == 0 || a.iter().any(|v| !v.is_finite()) {
        return (vec![f64::NAN; n], Array2::eye(n));
    }
    let mut m = Tridiagonal { n, v: a.iter().copied().collect(), d: vec![0.0; n], e: vec![0.0; n] };
    m.reduce();
    m.accumulate();
    m.solve();
    let vectors = Array2::from_shape_fn((n, n), |(i, k)| m.v[i * n + k]);
    (m.d, vectors)
}

/// `v` row after row: first the matrix, in the end a vector a row.
struct Tridiagonal {
    n: usize,
    v: Vec<f64>,
    /// Diagonal.
    d: Vec<f64>,
    /// Beside the diagonal.
    e: Vec<f64>,
}

impl Tridiagonal {
    /// Householder's reflections, from the last row up.
    fn reduce(&mut self) {
        let Self { n, v, d, e } = self;
        let n = *n;
        for j in 0..n {
            d[j] = v[j * n + n - 1];
        }
        for i in (1..n).rev() {
            let scale: f64 = d[..i].iter().map(|x| x.abs()).sum();
            let mut h = 0.0;
            if scale == 0.0 {
                e[i] = d[i - 1];
                for j in 0..i {
                    d[j] = v[j * n + i - 1];
                    v[j * n + i] = 0.0;
                    v[i * n + j] = 0.0;
                }
            } else {
                for x in &mut d[..i] {
                    *x /= scale;
                    h += *x * *x;
                }
                let f = d[i - 1];
                let g = -libm::copysign(libm::sqrt(h), f);
                e[i] = scale * g;
                h -= f * g;
                d[i - 1] = f - g;
                reflect(&mut v[..], n, i, (&mut d[..], &mut e[..]), h);
            }
            d[i] = h;
        }
    }

    /// The product of the reflections.
    fn accumulate(&mut self) {
        let Self { n, v, d, e } = self;
        let n = *n;
        for i in 0..n - 1 {
            v[i * n + n - 1] = v[i * n + i];
            v[i * n + i] = 1.0;
            let h = d[i + 1];
            let (done, next) = v.split_at_mut((i + 1) * n);
            let next = &mut next[..=i];
            if h != 0.0 {
                for k in 0..=i {
                    d[k] = next[k] / h;
                }
                for row in done.chunks_exact_mut(n) {
                    project(&mut row[..=i], next, &d[..=i]);
                }
            }
            next.fill(0.0);
        }
        for j in 0..n {
            d[j] = v[j * n + n - 1];
            v[j * n + n - 1] = 0.0;
        }
        v[n * n - 1] = 1.0;
        e[0] = 0.0;
    }

    /// QL steps until nothing stands beside the diagonal.
    fn solve(&mut self) {
        let n = self.n;
        self.e.rotate_left(1);
        self.e[n - 1] = 0.0;
        let (mut shift, mut largest) = (0.0, 0.0f64);
        for l in 0..n {
            largest = largest.max(self.d[l].abs() + self.e[l].abs());
            let small = f64::EPSILON * largest;
            let m = (l..n).find(|m| self.e[*m].abs() <= small).unwrap_or(n - 1);
            for _ in 0..STEPS {
                if m == l || self.e[l].abs() <= small {
                    break;
                }
                shift += self.step(l, m);
            }
            self.d[l] += shift;
            self.e[l] = 0.0;
        }
    }

    /// One implicit QL step on rows l..=m; returns the shift.
    fn step(&mut self, l: usize, m: usize) -> f64 {
        let Self { n, v, d, e } = self;
        let g = d[l];
        let p = (d[l + 1] - g) / (2.0 * e[l]);
        let r = libm::copysign(libm::hypot(p, 1.0), p);
        d[l] = e[l] / (p + r);
        d[l + 1] = e[l] * (p + r);
        let next = d[l + 1];
        let shift = g - d[l];
        d[l + 2..].iter_mut().for_each(|x| *x -= shift);
        let (mut p, mut c, mut s) = (d[m], 1.0, 0.0);
        let (mut c2, mut c3, mut s2) = (1.0, 1.0, 0.0);
        let beside = e[l + 1];
        for i in (l..m).rev() {
            (c3, c2, s2) = (c2, c, s);
            let (g, h) = (c * e[i], c * p);
            let r = length(p, e[i]);
            e[i + 1] = s * r;
            (s, c) = (e[i] / r, p / r);
            p = c * d[i] - s * g;
            d[i + 1] = h + s * (c * g + s * d[i]);
            let (upper, lower) = v.split_at_mut((i + 1) * *n);
            rotate(&mut upper[i * *n..], &mut lower[..*n], s, c);
        }
        let p = -s * s2 * c3 * beside * e[l] / next;
        e[l] = s * p;
        d[l] = c * p;
        shift
    }
}

/// One reflection of the leading i × i block by the vector in `d`, of half squared length `h`; leaves the next row in `d`.
fn reflect(v: &mut [f64], n: usize, i: usize, (d, e): (&mut [f64], &mut [f64]), h: f64) {
    e[..i].fill(0.0);
    for j in 0..i {
        let f = d[j];
        v[i * n + j] = f;
        let row = &v[j * n..j * n + i];
        let beside = apply(&row[j + 1..], &d[j + 1..i], f, &mut e[j + 1..i]);
        e[j] += row[j] * f + beside;
    }
    let mut f = 0.0;
    for j in 0..i {
        e[j] /= h;
        f += e[j] * d[j];
    }
    let half = f / (h + h);
    for j in 0..i {
        e[j] -= half * d[j];
    }
    for j in 0..i {
        let (f, g) = (d[j], e[j]);
        let row = &mut v[j * n..j * n + i];
        subtract(&mut row[j..], (f, &e[j..i]), (g, &d[j..i]));
        d[j] = row[i - 1];
        v[j * n + i] = 0.0;
    }
}

/// √(a² + b²), by way of `hypot` only where the squares are no ordinary numbers.
fn length(a: f64, b: f64) -> f64 {
    let square = a * a + b * b;
    if square > 1e-280 && square < 1e280 { libm::sqrt(square) } else { libm::hypot(a, b) }
}

/// Lanes whose sums do not wait for each other, added in a fixed order.
const LANES: usize = 8;

#[inline(always)]
#[allow(clippy::inline_always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut s = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            s[l] += a[l] * b[l];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])) + rest
}

/// x −= (x·a)·b.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn project(x: &mut [f64], a: &[f64], b: &[f64]) {
    let g = dot(x, a);
    for (x, b) in x.iter_mut().zip(b) {
        *x -= g * b;
    }
}

/// e += row·f; returns row·d.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn apply(row: &[f64], d: &[f64], f: f64, e: &mut [f64]) -> f64 {
    for (e, x) in e.iter_mut().zip(row) {
        *e += x * f;
    }
    dot(row, d)
}

/// row −= f·e + g·d.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn subtract(row: &mut [f64], (f, e): (f64, &[f64]), (g, d): (f64, &[f64])) {
    for ((x, e), d) in row.iter_mut().zip(e).zip(d) {
        *x -= f * e + g * d;
    }
}

/// The rotation of two rows by sine and cosine.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
fn rotate(upper: &mut [f64], lower: &mut [f64], s: f64, c: f64) {
    for (x, y) in upper.iter_mut().zip(lower) {
        let h = *y;
        *y = s * *x + c * h;
        *x = c * *x - s * h;
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
        let (values, vectors) = symmetric(&Array2::eye(5));
        assert!(values == [1.0; 5] && vectors == Array2::<f64>::eye(5));
        assert_eq!(symmetric(&Array2::zeros((3, 3))).0, [0.0; 3]);
        let (mut values, _) = symmetric(&ndarray::arr2(&[[2.0, 1.0], [1.0, 2.0]]));
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
        assert!(symmetric(&ndarray::arr2(&[[f64::NAN, 1.0], [1.0, 2.0]])).0.iter().all(|v| v.is_nan()));
    }
}
