//! Terms by hand, and any value in any column.

use super::*;
use proptest::prelude::*;

fn frame(columns: Vec<Column>, values: &[&[f32]]) -> Frame {
    let mut f = Frame::zeros(columns, values.first().map_or(0, |v| v.len()));
    for (j, v) in values.iter().enumerate() {
        f.column_mut(j).copy_from_slice(v);
    }
    f
}

#[test]
fn terms_are_as_documented() {
    let late = Column::new("late", -2.0, 6.0).with_steps(&[1.0, 2.0]).with_knots(&[4.0]);
    let f = frame(vec![late], &[&[-9.0, 0.0, 1.0, 5.0, 99.0, f32::NAN]]);
    let e = Expansion::new(f.columns());
    assert_eq!(e.names(), ["(constant)", "late", "late >= 1", "late >= 2", "max(0, late - 4)"]);
    let d = e.design(&f);
    assert_eq!(d.column(0), [1.0; 6]);
    assert_eq!(d.column(1), [-1.0, -0.5, -0.25, 0.75, 1.0, 0.0]);
    assert_eq!(d.column(2), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(d.column(3), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(d.column(4), [0.0, 0.0, 0.0, 0.5, 1.0, 0.0]);
}

#[test]
fn columns_without_extent_and_frames_without_rows_are_harmless() {
    let f = frame(vec![Column::new("flat", 2.0, 2.0).with_knots(&[2.0, 7.0])], &[&[1.0, 2.0, 3.0]]);
    let d = Expansion::new(f.columns()).design(&f);
    assert!((1..4).all(|j| d.column(j) == [0.0; 3]));
    let none = Frame::zeros(f.columns().to_vec(), 0);
    assert_eq!(Expansion::new(none.columns()).design(&none).rows(), 0);
    assert!(Expansion::new(f.columns()).check(&frame(vec![Column::new("x", 0.0, 1.0)], &[&[0.0]])).is_err());
}

#[test]
fn codes_levels_and_missing_values_have_terms_of_their_own() {
    let late = Column::new("late", 0.0, 4.0).with_steps(&[1.0]).with_knots(&[2.0]).with_special(&[-2.0, 3.0]);
    let home = Column::category("home", &["own", "rent"]);
    let f = frame(
        vec![late.clone().with_missing(), Column { missing: true, ..home.clone() }, late, home],
        &[
            &[-2.0, 3.0, 4.0, f32::NAN],
            &[0.0, 1.0, 2.0, f32::NAN],
            &[-2.0, 3.0, 4.0, f32::NAN],
            &[0.0, 1.0, 2.0, f32::NAN],
        ],
    );
    let e = Expansion::new(f.columns());
    let d = e.design(&f);
    let got: Vec<&[f32]> = (1..d.width()).map(|j| d.column(j)).collect();
    let lines: Vec<String> = e.names()[1..].iter().zip(got).map(|(n, c)| format!("{n}: {c:?}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    late: [0.0, 0.0, 1.0, 0.0]
    late >= 1: [0.0, 0.0, 1.0, 0.0]
    max(0, late - 2): [0.0, 0.0, 1.0, 0.0]
    late = -2: [1.0, 0.0, 0.0, 0.0]
    late = 3: [0.0, 1.0, 0.0, 0.0]
    late missing: [0.0, 0.0, 0.0, 1.0]
    home = own: [1.0, 0.0, 0.0, 0.0]
    home = rent: [0.0, 1.0, 0.0, 0.0]
    home missing: [0.0, 0.0, 0.0, 1.0]
    late: [0.0, 0.0, 1.0, 0.0]
    late >= 1: [0.0, 0.0, 1.0, 1.0]
    max(0, late - 2): [0.0, 0.0, 1.0, 0.0]
    late = -2: [1.0, 0.0, 0.0, 0.0]
    late = 3: [0.0, 1.0, 0.0, 0.0]
    home = own: [1.0, 0.0, 0.0, 0.0]
    home = rent: [0.0, 1.0, 0.0, 0.0]
    ");
}

#[test]
fn pairs_multiply_all_terms_once_and_absent_partners_are_passed_over() {
    let a = Column::new("a", -1.0, 1.0).with_steps(&[0.0]).with_pairs(&["b", "elsewhere", "a"]);
    let b = Column::category("b", &["x", "y"]).with_pairs(&["a"]);
    let f = frame(vec![a, Column::new("c", 0.0, 1.0), b], &[&[0.5, -0.5], &[1.0, 1.0], &[0.0, 1.0]]);
    let e = Expansion::new(f.columns());
    assert_eq!(e.names()[6..], ["a * b = x", "a * b = y", "a >= 0 * b = x", "a >= 0 * b = y"]);
    let d = e.design(&f);
    assert_eq!((d.width(), e.width()), (10, 10));
    assert_eq!([6, 7, 8, 9].map(|j| d.column(j)), [[0.5, 0.0], [0.0, -0.5], [1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(Expansion::new(&f.columns()[..2]).width(), 4);
}

/// Any value: of a quantity, a code, an index, none.
fn any_value() -> impl Strategy<Value = f32> {
    prop_oneof![-1e7f32..1e7, Just(-2.0), Just(0.0), Just(1.0), Just(f32::NAN), Just(f32::INFINITY)]
}

proptest! {
    #[test]
    fn every_entry_is_within_one_so_the_norm_bound_holds(
        lo in -1e6f32..1e6, span in 0f32..1e6, t in -1e6f32..2e6, k in -2e6f32..2e6, missing: bool,
        x in prop::collection::vec(any_value(), 1..40),
    ) {
        let c = Column { missing, ..Column::new("c", lo, lo + span).with_steps(&[t]).with_knots(&[k]) };
        let special = Column { name: "s".into(), ..c.clone() }.with_special(&[-2.0, 1.0, 1e30]);
        let level = Column { missing, ..Column::category("l", &["x", "y"]).with_pairs(&["c", "s"]) };
        let f = frame(vec![c, special, level], &[&x, &x, &x]);
        let e = Expansion::new(f.columns());
        let d = e.design(&f);
        prop_assert_eq!(d.width(), e.width());
        prop_assert_eq!(d.width(), e.names().len());
        for i in 0..d.rows() {
            let row: Vec<f64> = (0..d.width()).map(|j| f64::from(d.column(j)[i])).collect();
            prop_assert!(row.iter().all(|v| v.abs() <= 1.0));
            prop_assert!(row.iter().map(|v| v * v).sum::<f64>().sqrt() <= e.norm_bound() + 1e-12);
        }
    }
}
