use super::*;
use crate::privacy::gdp::delta_of_mu;

/// Weights exp(−k²/2σ²) for |k| ≤ 45σ: what is left out is below 1e-400.
fn mass(sigma: f64) -> (i64, f64) {
    let reach = (45.0 * sigma).ceil() as i64;
    (reach, (-reach..=reach).map(|k| weight(sigma, k as f64 * k as f64)).sum())
}

fn weight(sigma: f64, square: f64) -> f64 {
    (-square / (2.0 * sigma * sigma)).exp()
}

/// δ(ε) of telling D from D + a, by summing the positive part of P − e^ε·Q over ℤ.
fn exact(sigma: f64, a: i64, epsilon: f64) -> f64 {
    let (reach, z) = mass(sigma);
    let part = |k: i64| {
        let loss = (a * a - 2 * a * k) as f64 / (2.0 * sigma * sigma);
        if loss > epsilon { weight(sigma, (k * k) as f64) / z * -(epsilon - loss).exp_m1() } else { 0.0 }
    };
    (-reach..=reach).map(part).sum()
}

/// The same over ℤ².
fn exact_plane(sigma: f64, a: [i64; 2], epsilon: f64) -> f64 {
    let (reach, z) = ((12.0 * sigma) as i64, mass(sigma).1);
    let mut delta = 0.0;
    for x in -reach..=reach {
        for y in -reach..=reach {
            let loss = (a[0] * a[0] + a[1] * a[1] - 2 * (a[0] * x + a[1] * y)) as f64 / (2.0 * sigma * sigma);
            if loss > epsilon {
                delta += weight(sigma, (x * x + y * y) as f64) / (z * z) * -(epsilon - loss).exp_m1();
            }
        }
    }
    delta
}

/// Values of ε at, and between, the corners of the curve, up to where δ leaves what f64 sums resolve.
fn epsilons(sigma: f64, a: i64) -> Vec<f64> {
    let step = a as f64 / (sigma * sigma);
    let mut all: Vec<f64> = (0..400).map(|i| f64::from(i) * step / 8.0).collect();
    let mu = a as f64 / sigma;
    all.extend((1..60).map(|i| f64::from(i) / 60.0 * mu * (0.5 * mu + 6.0)));
    all
}

/// The largest (exact δ)/(claimed δ) of telling D from D + a, where the exact δ is above 1e-12.
fn worst(sigma: f64, a: i64, mu: f64) -> f64 {
    epsilons(sigma, a)
        .into_iter()
        .map(|e| (exact(sigma, a, e), delta_of_mu(mu, e)))
        .filter(|(exact, _)| *exact > 1e-12)
        .map(|(exact, claimed)| exact / claimed)
        .fold(0.0, f64::max)
}

#[test]
fn the_claim_is_never_below_the_exact_curve() {
    for sigma in [2.1, 3.0, 4.5, 8.0, 20.0] {
        for a in [1, 2, 3, 7, 20] {
            let mu = mu_of_scale(a as f64, sigma);
            let ratio = worst(sigma, a, mu);
            println!("σ {sigma}, shift {a}: μ {mu:.4}, exact δ at most {ratio:.4} of the claim");
            assert!(ratio <= 1.0 + 1e-9, "σ {sigma}, shift {a}: {ratio}");
            // And not far above: at σ = 20 little of the claim is given away.
            assert!(sigma < 20.0 || ratio > 0.97, "{ratio}");
            // Twins: noise of half the scale, and a claim that forgets the grid, are caught.
            assert!(worst(0.5 * sigma, a, mu) > 1.01, "half the noise passes");
            assert!(sigma > 3.0 || a > 1 || worst(sigma, a, a as f64 / sigma) > 1.0 + 1e-6, "no grid at σ {sigma}");
        }
    }
}

#[test]
fn two_coordinates_are_covered_by_the_norm() {
    for (sigma, a) in [(3.0, [1, 1]), (8.0, [3, 4]), (5.0, [1, 2])] {
        let l2 = f64::sqrt((a[0] * a[0] + a[1] * a[1]) as f64);
        let mu = mu_of_scale(l2, sigma);
        for i in 0..40 {
            let e = f64::from(i) / 40.0 * mu * (0.5 * mu + 5.0);
            let (exact, claimed) = (exact_plane(sigma, a, e), delta_of_mu(mu, e));
            assert!(exact <= claimed * (1.0 + 1e-9), "σ {sigma}, {a:?}, ε {e}: {exact} above {claimed}");
            // The twin: a claim for the larger coordinate alone.
            let alone = mu_of_scale(a[1] as f64, sigma);
            assert!(i != 20 || exact > delta_of_mu(alone, e), "the norm does not matter");
        }
    }
}

/// δ(ε) of two releases in a row: σ and shift of the second hang on whether the first answer is even.
fn adaptive(first: (f64, i64), second: [(f64, i64); 2], epsilon: f64) -> f64 {
    let (sigma, a) = first;
    let (reach, z) = mass(sigma);
    let after = |k: i64| {
        let (sigma2, a2) = second[k.rem_euclid(2) as usize];
        let loss = (a * a - 2 * a * k) as f64 / (2.0 * sigma * sigma);
        weight(sigma, (k * k) as f64) / z * exact(sigma2, a2, epsilon - loss)
    };
    (-reach..=reach).map(after).sum()
}

/// A coarse and a fine grid, the choice between two second releases made by the first answer: μ² add, with the larger of the two.
#[test]
fn adaptive_releases_on_both_grids_compose() {
    for (first, second) in
        [((0.5, 1), [(5.0, 3), (0.9, 1)]), ((3.0, 2), [(0.6, 1), (4.8, 8)]), ((0.4, 1), [(0.4, 1), (8.0, 5)])]
    {
        let mu = |(sigma, a): (f64, i64)| mu_of_scale(a as f64, sigma);
        let plain = |(sigma, a): (f64, i64)| a as f64 / sigma;
        let total = |mu: &dyn Fn((f64, i64)) -> f64| mu(first).hypot(mu(second[0]).max(mu(second[1])));
        let (claim, twin) = (total(&mu), total(&plain));
        let mut caught = false;
        for i in 0..60 {
            let e = f64::from(i) / 60.0 * claim * (0.5 * claim + 5.0);
            let delta = adaptive(first, second, e);
            assert!(delta <= delta_of_mu(claim, e) * (1.0 + 1e-9) + 1e-15, "{first:?} {second:?} {e}: {delta}");
            caught |= delta > 1e-12 && delta > 1.01 * delta_of_mu(twin, e);
        }
        assert!(caught, "{first:?}: claims that forget the grids pass");
    }
}

/// Below the grid 2Δ/σ holds for every σ; Δ/σ would not.
#[test]
fn coarse_grids_are_covered_too() {
    for sigma in [0.2, 0.35, 0.5, 0.8, 1.2, 1.9, 2.3] {
        for a in [1, 2, 5] {
            let (tight, claim) = ((a + 1) as f64 / sigma, mu_of_scale(a as f64, sigma));
            let ratios = (worst(sigma, a, tight), worst(sigma, a, claim));
            println!("σ {sigma}, shift {a}: μ {tight:.4} and {claim:.4}, {ratios:?}");
            assert!(ratios.0 <= 1.0 + 1e-9 && ratios.1 <= 1.0 + 1e-9, "σ {sigma}, shift {a}: {ratios:?}");
        }
    }
    assert!(worst(0.35, 1, 1.0 / 0.35) > 1.0 + 1e-3, "a claim that forgets the grid passes");
}

#[test]
fn the_scale_and_its_cost_invert_each_other_and_fall_to_nothing() {
    for l2 in [1.0, 7.5, 65_536.0] {
        for mu in [1e-4, 0.1, 1.0, 30.0, 1e5, 1e12] {
            let sigma = least_scale(l2, mu);
            assert!((mu_of_scale(l2, sigma) / mu - 1.0).abs() < 1e-12);
            assert!(mu_of_scale(l2, sigma * 1.001) < mu_of_scale(l2, sigma));
        }
    }
    assert!(least_scale(1.0, 1e12) < 1e-11);
    assert_eq!(mu_of_scale(1.0, 0.0), f64::INFINITY);
}
