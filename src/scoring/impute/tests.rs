//! Known regressions, likeliest kinds, refused views.

use super::*;
use crate::rng::{Entity, Purpose, Streams};

/// Two columns always seen, two shared: 1 + x₀ − 2·x₁ with a little noise, and pure noise; some 30 % known.
fn view(rows: usize, share: f64) -> LenderView {
    let streams = Streams::new(5, 0);
    let column = |name: &str| Column::new(name, -6.0, 6.0);
    let mut always = Frame::zeros(vec![column("a").with_knots(&[0.0]), column("b")], rows);
    let mut more = Frame::zeros(vec![Column::new("c", -20.0, 30.0), column("d")], rows);
    let normal = |i: usize, m| streams.normal(Entity::Person(i as u64), m, Purpose::Month) as f32;
    for i in 0..rows {
        let (a, b) = (normal(i, 0), normal(i, 1));
        always.column_mut(0)[i] = a;
        always.column_mut(1)[i] = b;
        more.column_mut(0)[i] = 1.0 + a - 2.0 * b + 0.1 * normal(i, 2);
        more.column_mut(1)[i] = normal(i, 3);
    }
    let known: Vec<bool> =
        (0..rows).map(|i| streams.uniform(Entity::Person(i as u64), 0, Purpose::Notice) < share).collect();
    for j in 0..2 {
        more.column_mut(j).iter_mut().zip(&known).for_each(|(x, known)| *x *= f32::from(u8::from(*known)));
    }
    LenderView { always, more, known, refusal_is_a_feature: false, labels: None }
}

#[test]
fn unknown_rows_get_the_regression_and_known_rows_stay() {
    let v = view(20_000, 0.3);
    let done = Imputer::fit(&v).unwrap().complete(&v);
    assert_eq!(done.width(), 4);
    for i in 0..v.rows() {
        if v.known[i] {
            assert_eq!(done.column(2)[i], v.more.column(0)[i]);
        } else {
            let want = 1.0 + v.always.column(0)[i] - 2.0 * v.always.column(1)[i];
            assert!((done.column(2)[i] - want).abs() < 0.1 && done.column(3)[i].abs() < 0.2);
        }
    }
}

#[test]
fn agrees_with_textbook_normal_equations() {
    let v = view(500, 0.5);
    let got = Imputer::fit(&v).unwrap();
    let design = got.always.design(&v.always);
    for (j, column) in v.more.columns().iter().enumerate() {
        let mut gram = ndarray::Array2::<f64>::zeros((4, 4));
        let mut right = vec![0.0; 4];
        for i in (0..v.rows()).filter(|i| v.known[*i]) {
            let y = 2.0 * f64::from(v.more.column(j)[i] - column.lo) / f64::from(column.hi - column.lo) - 1.0;
            for a in 0..4 {
                right[a] += f64::from(design.column(a)[i]) * y;
                for b in 0..4 {
                    gram[[a, b]] += f64::from(design.column(a)[i]) * f64::from(design.column(b)[i]);
                }
            }
        }
        (1..4).for_each(|a| gram[[a, a]] += RIDGE);
        let want = crate::stats::solve_spd(&gram, &right).unwrap();
        assert!(got.coefficients[j].iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-6));
    }
}

#[test]
fn nobody_known_gives_mid_points_and_everybody_known_changes_nothing() {
    let none = view(100, 0.0);
    let done = Imputer::fit(&none).unwrap().complete(&none);
    assert!(done.column(2).iter().all(|x| *x == 5.0) && done.column(3).iter().all(|x| *x == 0.0));
    let all = view(100, 1.1);
    let imputer = Imputer::fit(&all).unwrap();
    assert_eq!(imputer.complete(&all), all.always.beside(&all.more));
    // What was learnt where all are known still completes a view where nobody is.
    let done = imputer.complete(&none);
    assert!((0..100).all(|i| (done.column(2)[i] - all.more.column(0)[i]).abs() < 2.0));
}

/// 3,000 persons own, rent or neither by a coin that x loads; the amount is a code for a third, missing for a few.
#[test]
fn the_likeliest_kind_is_imputed_and_a_quantity_is_the_mean_of_those_who_have_one() {
    let rows = 3000;
    let x: Vec<f32> = (0..rows).map(|i| (i % 3) as f32 - 1.0).collect();
    let mut always = Frame::zeros(vec![Column::new("x", -1.0, 1.0).with_steps(&[0.0, 1.0])], rows);
    always.column_mut(0).copy_from_slice(&x);
    let home = Column { missing: true, ..Column::category("home", &["own", "rent"]) };
    let amount = Column::new("amount", 0.0, 100.0).with_special(&[-9.0]).with_missing();
    let mut more = Frame::zeros(vec![home, amount], rows);
    for i in 0..rows {
        // Nine in ten have the kind of their x, the others the next one.
        let kind = (i % 3 + usize::from(i / 3 % 10 == 0)) % 3;
        more.column_mut(0)[i] = [1.0, 2.0, f32::NAN][kind];
        more.column_mut(1)[i] = [-9.0, f32::NAN, 40.0 + (i % 2) as f32][kind];
    }
    let known = (0..rows).map(|i| i < 2700).collect();
    let v = LenderView { always, more, known, refusal_is_a_feature: false, labels: None };
    let done = Imputer::fit(&v).unwrap().complete(&v);
    let (home, amount) = (&done.column(1)[2700..], &done.column(2)[2700..]);
    for i in 0..300 {
        match i % 3 {
            0 => assert!(home[i] == 1.0 && amount[i] == -9.0),
            1 => assert!(home[i] == 2.0 && amount[i].is_nan()),
            _ => assert!(home[i].is_nan() && (amount[i] - 40.5).abs() < 0.5, "{}", amount[i]),
        }
    }
    let none = LenderView { known: vec![false; rows], ..v };
    let done = Imputer::fit(&none).unwrap().complete(&none);
    assert_eq!((done.column(1)[5], done.column(2)[5]), (2.0, 50.0));
}

#[test]
fn one_known_row_stays_within_the_public_bounds() {
    let mut v = view(50, 0.0);
    v.known[7] = true;
    v.more.column_mut(0)[7] = 1e9;
    let done = Imputer::fit(&v).unwrap().complete(&v);
    let unknown = |i: &usize| *i != 7;
    assert!((0..50).filter(unknown).all(|i| (-20.0..=30.0).contains(&done.column(2)[i])));
}

#[test]
fn the_refusal_is_a_column_only_where_the_lender_may_use_it() {
    let mut v = view(100, 0.5);
    assert!(Imputer::fit(&v).unwrap().complete(&v).index(REFUSED).is_none());
    v.refusal_is_a_feature = true;
    let done = Imputer::fit(&v).unwrap().complete(&v);
    assert!((0..100).all(|i| (done.column(4)[i] == 1.0) != v.known[i]));
}

#[test]
fn other_columns_and_other_lengths_are_refused() {
    let v = view(10, 0.5);
    let imputer = Imputer::fit(&v).unwrap();
    let mut other = v.clone();
    other.more = v.more.pick(&["d", "c"]);
    assert!(imputer.check(&v).is_ok() && imputer.check(&other).is_err());
    other = v.clone();
    other.known.pop();
    assert!(imputer.check(&other).is_err() && Imputer::fit(&other).is_err());
}
