//! One more person, whoever it is, changes no release by more than the ledger says.

use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::view::{Column, Frame};

/// Ordinary columns, a category, codes and missing values.
fn mixed() -> Vec<Column> {
    let late = Column { special: vec![-2.0], missing: true, ..Column::new("late", -1.0, 8.0).with_steps(&[0.0, 1.0]) };
    vec![late, Column::category("job", &["a", "b"]), Column::new("money", 0.0, 1e6), Column::new("flat", 1.0, 1.0)]
}

/// A frame of one person.
fn person(values: [f32; 4]) -> Frame {
    let mut frame = Frame::zeros(mixed(), 1);
    for (j, v) in values.into_iter().enumerate() {
        frame.column_mut(j)[0] = v;
    }
    frame
}

const EXTREMES: [f32; 9] = [0.0, 1.0, -2.0, 1e30, -1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.3];

/// Brute force over neighbours: whoever joins a crowd, the joint vector of counts moves by exactly √columns persons. Catches
/// half the sensitivity, a sensitivity of one column (a missing √d), a person counted twice in a column.
#[test]
fn one_person_more_moves_the_counts_by_the_stated_sensitivity() {
    let bins = PublicBins::new(&mixed(), 8);
    let joint = |frame: &Frame, labels: &[bool]| counts::joint(&bins, &bins.cells_of(frame), labels);
    let stated = counts::sensitivity(bins.width());
    let crowd = person([1.0, 0.0, 5e5, 1.0]);
    let before = joint(&crowd, &[true]);
    for a in EXTREMES {
        for b in EXTREMES {
            for label in [false, true] {
                let mut two = Frame::zeros(mixed(), 2);
                for (j, v) in [(0, 1.0), (1, 0.0), (2, 5e5), (3, 1.0)] {
                    two.column_mut(j)[0] = v;
                }
                for (j, v) in [(0, a), (1, b), (2, a), (3, b)] {
                    two.column_mut(j)[1] = v;
                }
                let after = joint(&two, &[true, label]);
                let moved: u64 = before.iter().zip(&after).map(|(x, y)| (y - x).unsigned_abs().pow(2)).sum();
                assert_eq!(moved, stated, "{a} {b} {label}");
            }
        }
    }
    assert!(stated > 2 * counts::sensitivity(1), "the twin of one column would be caught");
}

/// The bins of a wild table are those of a tame one: nothing is read off the data.
#[test]
fn bins_depend_on_no_record() {
    let fitted = |values: [f32; 4]| {
        let view = PlatformView { features: person(values), labels: Some(vec![true]) };
        scorer(f64::INFINITY).learn(&view, &mut Ledger::new()).unwrap()
    };
    let names = |m: &DpScorecardModel| m.table().into_iter().map(|t| t.0).collect::<Vec<_>>();
    let tame = fitted([0.0; 4]);
    for x in EXTREMES {
        assert_eq!(names(&tame), names(&fitted([x; 4])));
    }
}

fn scorer(epsilon: f64) -> DpScorecard {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(3, 0), 1);
    DpScorecard { params: DpScorecardParams::default(), budget: Budget { epsilon, delta: 1e-6 }, noise }
}

/// The counts' noise is as large as the ledger says: Var of 2,000 draws, chi-squared beyond its 1e-6 quantiles otherwise.
/// Half the noise would be refused.
#[test]
fn the_noise_of_the_counts_is_the_stated_one() {
    let columns: Vec<Column> = (0..250).map(|j| Column::new(&format!("c{j}"), 0.0, 1.0)).collect();
    let bins = PublicBins::new(&columns, 8);
    let (mut noise, mut ledger) = (Noise::new(NoiseMode::Seeded, Streams::new(4, 0), 1), Ledger::new());
    let mut source = Source { noise: &mut noise, ledger: &mut ledger };
    let cells = vec![Vec::new(); 250];
    let counts = counts::release(&bins, &cells, &[], (0.5, 0.1), &mut source).unwrap();
    let n = 2 * bins.cells();
    let square: f64 = counts.goods.iter().chain(&counts.bads).map(|c| c * c).sum::<f64>() / n as f64;
    let stated = libm::sqrt(250.0) / 0.5;
    // n = 4,000: the standard deviation of a variance is 2.2 %, 5 of them 11 %.
    let inside = |sigma: f64| (square / (sigma * sigma) - 1.0).abs() < 0.112;
    assert!(inside(stated), "{square} {}", stated * stated);
    assert!(!inside(2.0 * stated) && !inside(0.5 * stated), "the twins");
    assert!((counts.noise / stated - 1.0).abs() < 1e-3 && counts.persons < 5.0 * counts.persons_noise);
}
