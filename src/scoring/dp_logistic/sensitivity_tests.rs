//! One more person, whoever it is, changes no release by more than the ledger says.

use super::train::fit;
use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::dp_rows::descent::gradient_mechanism;
use crate::scoring::dp_rows::moments;
use crate::scoring::dp_rows::rows::MAX_NORM;
use crate::scoring::dp_rows::sums::{sums, sums_sensitivity};
use crate::scoring::expand::{Design, Trends};

/// A grid of 128 units to 1.
const BITS: u32 = 7;

/// A design of one row.
fn person(x: &[f32]) -> Design {
    let mut design = Design::new(1, x.len() + 1);
    for (j, v) in x.iter().enumerate() {
        design.column_mut(j + 1)[0] = *v;
    }
    design
}

/// Corners, single coordinates, small and random rows: all within [−1, 1].
fn extremes(d: usize) -> Vec<Vec<f32>> {
    let mut rows = vec![vec![1.0; d], vec![-1.0; d], vec![0.0; d], vec![0.003; d]];
    rows.push((0..d).map(|j| if j % 2 == 0 { 1.0 } else { -1.0 }).collect());
    rows.extend((0..d).map(|k| (0..d).map(|j| f32::from(u8::from(j == k))).collect()));
    rows.extend((0..40u64).map(|i| {
        (0..d as u64).map(|j| (crate::rng::mix(i * 1000 + j) >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }));
    rows
}

fn norm(v: &[i64]) -> f64 {
    v.iter().map(|v| (*v as f64).powi(2)).sum::<f64>().sqrt()
}

/// A clipped map like the gradients', with a whitening that stretches some directions a hundredfold.
fn stretched(d: usize) -> RowMap {
    let a = (0..d).flat_map(|i| (0..=i).map(move |j| if i == j { 100.0 / (i + 1) as f32 } else { 0.5 })).collect();
    RowMap { unit: 300.0, constant: 300, norm: MAX_NORM, centre: vec![0.1; d], a }
}

/// As `stretched`, but with a bound that never bites: the twin without a clip.
fn unclipped(d: usize) -> RowMap {
    RowMap { norm: 30_000, ..stretched(d) }
}

#[test]
fn no_row_is_longer_than_its_bound_and_without_the_clip_some_are() {
    let d = 12;
    let longest = |map: &RowMap| extremes(d).iter().map(|x| norm(&map.sums(&person(x), 0)[..=d])).fold(0.0, f64::max);
    let clipped = longest(&stretched(d));
    assert!(clipped <= f64::from(MAX_NORM) && clipped > 0.98 * f64::from(MAX_NORM), "{clipped}");
    assert!(longest(&unclipped(d)) > 1.5 * f64::from(MAX_NORM));
}

/// Catches an omitted clip, a sensitivity without √d (per coordinate instead of jointly), and half the sensitivity.
#[test]
fn a_persons_part_in_each_release_is_within_the_stated_sensitivity() {
    let d = 12;
    for (map, holds) in [(stretched(d), true), (unclipped(d), false)] {
        let (mut sums, mut second, mut gradient, mut coordinate) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
        for x in extremes(d) {
            let rows = map.apply(&person(&x));
            for y in [false, true] {
                second = second.max(norm(&moments::joint(&map, &person(&x), &[y])));
                let g = rows.gradient(&[y], &vec![if y { -1.0 } else { 1.0 }; d + 1], 12);
                gradient = gradient.max(norm(&g));
                coordinate = g[1..].iter().map(|v| *v as f64).fold(coordinate, f64::max);
            }
        }
        let plain = RowMap {
            unit: 128.0,
            constant: 100,
            norm: if holds { 400 } else { 30_000 },
            centre: vec![0.0; d],
            a: vec![],
        };
        for x in extremes(d) {
            sums = sums.max(norm(&plain.sums(&person(&x), BITS)));
        }
        let squares = u64::from(MAX_NORM.unsigned_abs()).pow(2);
        let bounds =
            [(sums, sums_sensitivity(400, 100)), (second, moments::sensitivity(squares)), (gradient, squares << 24)];
        for (part, squared) in bounds {
            let bound = (squared as f64).sqrt();
            assert_eq!(part <= bound, holds, "{part} {bound}");
            // Not generous either: half of it, or the largest coordinate in place of the norm, would be too little.
            assert!(part > 0.5 * bound, "{part} {bound}");
        }
        assert!(!holds || coordinate < 0.99 * gradient);
    }
}

/// Whatever stands in a row (a design has entries in [−1, 1]; a later map may stretch them without end), the bounds hold.
#[test]
fn no_value_passes_the_bounds() {
    let d = 5;
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e30, -1e-30, 1.0];
    let rows: Vec<Vec<f32>> =
        (0..4096usize).map(|i| (0..d).map(|j| wild[(i >> (3 * j)) % 8 % wild.len()]).collect()).collect();
    let squares = u64::from(MAX_NORM.unsigned_abs()).pow(2);
    for stretch in [1.0, 1e30, f32::INFINITY, f32::NAN] {
        let a = stretched(d).a.iter().map(|v| v * stretch).collect();
        let map = RowMap { a, ..stretched(d) };
        for x in &rows {
            let rows = map.apply(&person(x));
            assert!(norm(&map.sums(&person(x), 0)[..=d]) <= f64::from(MAX_NORM), "{x:?}");
            for y in [false, true] {
                let part = norm(&moments::joint(&map, &person(x), &[y]));
                assert!(part.powi(2) <= moments::sensitivity(squares) as f64);
            }
            for theta in [1.0, f32::NAN, f32::INFINITY] {
                let g = norm(&rows.gradient(&[false], &vec![theta; d + 1], 12));
                assert!(g <= (f64::from(MAX_NORM) * 4096.0), "{x:?} {theta}: {g}");
            }
        }
    }
    // Any value in any column, through the public design, into the sums.
    let late = crate::view::Column::new("late", -1.0, 8.0).with_steps(&[1.0]).with_knots(&[2.0]).with_special(&[-2.0]);
    let columns = vec![
        crate::view::Column { pairs: vec!["all".into(), "flat".into()], ..late.with_missing() },
        crate::view::Column::new("all", f32::MIN, f32::MAX).with_knots(&[0.0]),
        crate::view::Column::new("flat", 3.0, 3.0).with_knots(&[3.0]),
        crate::view::Column::new("turned", 5.0, -5.0),
        crate::view::Column::category("c", &["a", "b"]),
    ];
    let plain = |d| RowMap { unit: 128.0, constant: 100, norm: 400, centre: vec![0.0; d], a: Vec::new() };
    for i in 0..8usize.pow(5) {
        let mut frame = Frame::zeros(columns.clone(), 1);
        (0..5).for_each(|j| frame.column_mut(j)[0] = wild[(i >> (3 * j)) % 8]);
        let design = Expansion::new(&columns).design(&frame);
        let part = norm(&plain(design.width() - 1).sums(&design, BITS));
        assert!(part.powi(2) <= sums_sensitivity(400, 100) as f64, "{part}");
    }
}

/// Beyond, z₀ would not fit into 16 bits and the stated sensitivity would be that of another z₀.
#[test]
fn designs_too_wide_for_the_grid_are_refused() {
    let (mut noise, mut ledger) = (Noise::new(NoiseMode::Seeded, Streams::new(3, 0), 1), Ledger::new());
    let mut source = Source { noise: &mut noise, ledger: &mut ledger };
    let mut refused = |width| sums(1.0, &Design::new(1, width), 1.0, &mut source).err().map(|e| e.to_string());
    assert!(refused(20_001).unwrap().contains("fewer levels"));
    assert!(refused(20_000).is_none());
    let entry = &ledger.entries()[0];
    assert!(entry.sensitivity < f64::from(i16::MAX) && entry.sensitivity > 128.0 * 20_000f64.sqrt() * 0.99);
}

/// Every release is entered with the noise that its sensitivity and cost call for.
#[test]
fn the_noise_entered_is_that_of_sensitivity_and_cost() {
    let (design, labels) = (person(&[0.5; 6]), [true]);
    let p = DpLogisticParams::default();
    for epsilon in [0.02, 1.0, 8.0] {
        let mut ledger = Ledger::new();
        let mut noise = Noise::new(NoiseMode::Seeded, Streams::new(3, 0), 1);
        let mu = mu_of_epsilon(epsilon, 1e-6);
        fit(&p, &design, &Trends::same(6), &labels, mu, &mut Source { noise: &mut noise, ledger: &mut ledger })
            .unwrap();
        for e in ledger.entries() {
            let rho = e.cost.rho();
            assert!((e.scale * (2.0 * rho).sqrt() / e.sensitivity - 1.0).abs() < 1e-6, "{e:?}");
        }
    }
}

/// The residuals' grid coarsens with the noise, and the sensitivity with the grid.
#[test]
fn small_budgets_coarsen_the_grid() {
    let bits: Vec<u32> = [f64::INFINITY, 4e-2, 4e-4, 4e-5].map(|mu| gradient_mechanism(mu).unwrap().1).to_vec();
    assert_eq!(bits[..2], [12, 12]);
    assert!(bits[2] < 12 && bits[3] < bits[2], "{bits:?}");
}
