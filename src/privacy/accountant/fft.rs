//! A radix-2 fast Fourier transform in f64; sine and cosine by `libm`, so the bits are the same on every machine.

/// A complex number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Complex {
    pub re: f64,
    pub im: f64,
}

impl Complex {
    pub(super) fn times(self, o: Self) -> Self {
        Self { re: self.re * o.re - self.im * o.im, im: self.re * o.im + self.im * o.re }
    }

    /// The n-th power, by repeated squaring.
    pub(super) fn power(self, mut n: u64) -> Self {
        let (mut base, mut out) = (self, Self { re: 1.0, im: 0.0 });
        while n > 0 {
            if n & 1 == 1 {
                out = out.times(base);
            }
            base = base.times(base);
            n >>= 1;
        }
        out
    }
}

/// e^(−2πik/n) for k < n/2, n a power of two.
pub(super) fn roots(n: usize) -> Vec<Complex> {
    let angle = |k: usize| -2.0 * std::f64::consts::PI * k as f64 / n as f64;
    (0..n / 2).map(|k| Complex { re: libm::cos(angle(k)), im: libm::sin(angle(k)) }).collect()
}

/// Σ_j xⱼ·e^(−2πijk/n) for every k, in place; `x` has n entries, a power of two, and `roots` are [`roots`] of n.
pub(super) fn transform(x: &mut [Complex], roots: &[Complex]) {
    let n = x.len();
    if n < 2 {
        return;
    }
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            x.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let stride = n / (2 * half);
        for block in x.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), w) in low.iter_mut().zip(high).zip(roots.iter().step_by(stride)) {
                let turned = b.times(*w);
                *b = Complex { re: a.re - turned.re, im: a.im - turned.im };
                *a = Complex { re: a.re + turned.re, im: a.im + turned.im };
            }
        }
        half *= 2;
    }
}

/// The inverse of [`transform`].
pub(super) fn inverse(x: &mut [Complex], roots: &[Complex]) {
    transform(x, roots);
    let scale = 1.0 / x.len() as f64;
    for v in x.iter_mut() {
        *v = Complex { re: v.re * scale, im: v.im * scale };
    }
    if let Some((_, rest)) = x.split_first_mut() {
        rest.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sum_that_defines_it_and_is_inverted() {
        for n in [1usize, 2, 8, 64] {
            let x: Vec<Complex> =
                (0..n).map(|i| Complex { re: (i * i % 7) as f64, im: 0.25 * (i % 3) as f64 }).collect();
            let (mut y, w) = (x.clone(), roots(n));
            transform(&mut y, &w);
            for (k, y) in y.iter().enumerate() {
                let slow = x.iter().enumerate().fold(Complex::default(), |s, (j, x)| {
                    let a = -2.0 * std::f64::consts::PI * (j * k) as f64 / n as f64;
                    let t = x.times(Complex { re: a.cos(), im: a.sin() });
                    Complex { re: s.re + t.re, im: s.im + t.im }
                });
                assert!((slow.re - y.re).abs() < 1e-10 && (slow.im - y.im).abs() < 1e-10, "{n} {k}");
            }
            inverse(&mut y, &w);
            assert!(x.iter().zip(&y).all(|(a, b)| (a.re - b.re).abs() < 1e-12 && (a.im - b.im).abs() < 1e-12));
        }
        let z = Complex { re: 0.6, im: -0.8 }.power(5);
        assert!((z.re * z.re + z.im * z.im - 1.0).abs() < 1e-14 && (z.re + 0.07584).abs() < 1e-12, "{z:?}");
    }
}
