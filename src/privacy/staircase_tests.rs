use super::super::chi2::{critical, gaussian_pmf, standardised, statistic};
use super::*;
use crate::rng::{Draws, Entity, Purpose, Streams, mix};
use crate::stats::normal_cdf;
use rand::Rng;

fn draws(seed: u64) -> Draws {
    Streams::new(seed, 0).draws(Entity::Nation(2), 0, Purpose::CentralNoise)
}

fn sample(seed: u64, scale: f64, n: usize) -> Vec<i64> {
    let (mut d, scale) = (draws(seed), Scale::at_least(scale).unwrap());
    (0..n)
        .map(|_| {
            let Ok(x) = draw(&mut d, scale);
            x
        })
        .collect()
}

/// What the proof needs of the table: whole weights over the staircase that fill 2³², and columns that add up to them.
#[test]
fn the_table_is_a_staircase_above_the_curve_and_columns_hold_what_they_should() {
    let (weights, table) = (weights(), table());
    assert_eq!(weights.iter().map(|w| u64::from(*w)).sum::<u64>(), 1 << 32);
    for (k, w) in weights.iter().enumerate().take(STEPS - 1) {
        let least = f64::from(HEIGHT) * libm::exp(-((k * k) as f64) / 512.0);
        assert!(f64::from(*w) > least * (1.0 + 1e-13), "{k}");
        assert!(k == 0 || f64::from(*w) < least + 2.0, "{k}");
    }
    // Beyond the table, in logarithms: a weight of 2^−(q+1).
    let left = |q: f64| libm::log(f64::from(HEIGHT)) - (255.0 + q) * (255.0 + q) / 512.0;
    assert!((0..1000).map(f64::from).all(|q| left(q) < -(q + 1.0) * std::f64::consts::LN_2));
    let mut got = [0u64; STEPS];
    for (column, t) in table.iter().enumerate() {
        assert!(t.own <= 1 << 24);
        got[column] += u64::from(t.own);
        got[usize::from(t.other)] += (1 << 24) - u64::from(t.own);
    }
    assert!(got.iter().zip(weights).all(|(g, w)| *g == u64::from(w)));
}

/// α = 1e-6 each. Catches a scale off by 1.5 % and a bias of sign, as for the other sampler (both below); small scales
/// have an exact table to compare with, and the staircase is right, if slow, for these as well.
#[test]
fn draws_follow_the_exact_pmf() {
    for (seed, scale) in [(1, 0.4), (2, 1.0), (3, 3.7), (4, 12.5), (5, 17.3)] {
        let x = sample(seed, scale, 1_000_000);
        assert!(statistic(&x, |k| gaussian_pmf(scale, k)) < critical(), "{scale}");
        assert!(statistic(&x, |k| gaussian_pmf(1.015 * scale.max(1.0), k)) > critical(), "{scale}: the twin");
    }
    let mut biased = sample(6, 4.0, 1_000_000);
    biased.iter_mut().step_by(80).for_each(|x| *x = x.abs());
    assert!(statistic(&biased, |k| gaussian_pmf(4.0, k)) > critical());
}

/// χ² of Φ((x + ½)/s) in 200 equal cells, and of the place of |x| within its step in 64: where the staircase would show.
fn shape(x: &[i64], scale: f64) -> [f64; 2] {
    let wide = scale / f64::from(PER_SCALE);
    let places: [Vec<usize>; 2] = [
        x.iter().map(|x| (200.0 * normal_cdf((*x as f64 + 0.5) / scale)) as usize).collect(),
        x.iter().map(|x| (64.0 * (x.unsigned_abs() as f64 / wide).fract()) as usize).collect(),
    ];
    let want: Vec<f64> = {
        // P(place) within a step, over all steps: the density is smooth there, one point a cell is enough.
        let cell = |c: usize| {
            (0..200).map(move |k| libm::exp(-libm::pow((f64::from(k) + (c as f64 + 0.5) / 64.0) / 16.0, 2.0) / 2.0))
        };
        let mass: Vec<f64> = (0..64).map(|c| cell(c).sum()).collect();
        let all: f64 = mass.iter().sum();
        mass.iter().map(|m| m / all).collect()
    };
    let chi2 = |places: &[usize], want: &[f64]| {
        let mut seen = vec![0.0; want.len()];
        for p in places {
            seen[(*p).min(want.len() - 1)] += 1.0;
        }
        let n = places.len() as f64;
        let sum: f64 = seen.iter().zip(want).map(|(s, w)| (s - n * w) * (s - n * w) / (n * w)).sum();
        standardised(sum, (want.len() - 1) as f64)
    };
    [chi2(&places[0], &[1.0 / 200.0; 200]), chi2(&places[1], &want)]
}

/// Four tests at α = 1e-6. The twins: every draw kept (a staircase instead of a curve), and a scale off by 1 %.
#[test]
fn large_scales_have_the_right_shape() {
    for (seed, scale) in [(11, 3.1e5), (12, 1.7e9)] {
        let x = sample(seed, scale, 1_000_000);
        assert!(shape(&x, scale).iter().all(|s| *s < critical()), "{scale}: {:?}", shape(&x, scale));
        assert!(shape(&x, 1.01 * scale)[0] > critical());
    }
    let (mut d, table, wide) = (draws(13), table(), 20_000);
    let everything: Vec<i64> = (0..1_000_000)
        .map(|_| {
            let word = d.next_u32();
            let column = table[(word >> 24) as usize];
            let k = if word & 0x00FF_FFFF < column.own { i64::from(word >> 24) } else { i64::from(column.other) };
            let x = k * i64::from(wide) + i64::from(below32(&mut d, wide).unwrap());
            if d.next_u32() & 1 == 1 { -x } else { x }
        })
        .collect();
    assert!(shape(&everything, 320_000.0).iter().all(|s| *s > critical()));
}

/// Where the floating-point answer is taken it is that of whole numbers; next to the probability whole numbers alone decide, and
/// the share that they let through is what is left of it.
#[test]
fn floats_never_decide_what_whole_numbers_would_not() {
    let table = table();
    for i in 0..3_000u64 {
        let scale = Scale::at_least(16.0 * libm::exp((mix(i) % 1800) as f64 / 100.0)).unwrap();
        let k = mix(i + 5_000) % 80;
        let wide = u64::from(scale.numerator().div_ceil(PER_SCALE << scale.shift()));
        let x = k * wide + mix(i + 9_000) % wide;
        let per_scale = f64::from(1u32 << scale.shift()) / f64::from(scale.numerator());
        let (step, z) = (table[k as usize], x as f64 * per_scale);
        let p = libm::exp(-0.5 * z * z) * step.height;
        let near = [p - 2.0, p - 1.0, p, p + 1.0, (mix(i + 77) >> 33) as f64];
        for u in near.map(|u| u.clamp(0.0, 2_147_483_647.0) as u32) {
            let fast = kept(&mut draws(i), (x, scale), (step, false, 0), u, per_scale);
            let slow = exactly(&mut draws(i), u, (x, scale), step.weight, 0);
            assert_eq!(fast, slow, "{x} {scale:?} {u} {p}");
        }
    }
    // exp(−1/2) = .6065306597126334 of one step of height C at x = s: the uniform's first bits are those of the probability.
    let scale = Scale::at_least(1024.0).unwrap();
    let exact: f64 = 0.606_530_659_712_633_4 * 2_147_483_648.0;
    let mut d = draws(99);
    let through =
        (0..20_000).filter(|_| exactly(&mut d, exact as u32, (1024, scale), HEIGHT, 0).unwrap()).count() as f64;
    let (want, deviation) = (20_000.0 * exact.fract(), libm::sqrt(20_000.0 * 0.25));
    assert!((through - want).abs() < 5.0 * deviation, "{through} {want}");
}

/// Steps beyond the table: as good as never drawn, and right if they are.
#[test]
fn the_tail_is_decided_by_whole_numbers() {
    let scale = Scale::at_least(64.0).unwrap();
    let last = table()[STEPS - 1];
    for beyond in [0, 1, 7] {
        let x = (255 + beyond) * 4;
        assert!(!kept(&mut draws(1), (x, scale), (last, true, beyond), 1 << 20, 1.0 / 64.0).unwrap());
        // The same entry with x moved to where the probability is close to 1: C·exp(−x²/2s²)·2^(q+1) of the uniform's 0.
        assert!(kept(&mut draws(1), (0, scale), (last, true, beyond), 0, 1.0 / 64.0).unwrap());
    }
}
