//! The features that `benches/peers/handmade.py` makes of the UCI table "default of credit card clients": shared by the bench
//! and by the tests on real data. The including module has `Column` and `Frame` in scope.

use super::{Column, Frame};

/// A column's values by its name, as in the file.
type Raw<'a> = &'a dyn Fn(&str) -> Vec<f32>;

/// A feature before its terms: name, bounds, steps, knots, whether a linear model takes it as it is, values.
struct Made {
    name: &'static str,
    bounds: (f32, f32),
    steps: &'static [f32],
    knots: &'static [f32],
    linear: bool,
    values: Vec<f32>,
}

/// 17 features, and the 24 terms between 0 and 1 that a linear model is given.
pub(crate) fn features(raw: Raw<'_>) -> (Frame, Frame) {
    let made = made(raw);
    let rows = made[0].values.len();
    let column = |m: &Made| Column::new(m.name, m.bounds.0, m.bounds.1);
    let mut plain = Frame::zeros(made.iter().map(column).collect::<Vec<_>>(), rows);
    for (j, m) in made.iter().enumerate() {
        plain.column_mut(j).copy_from_slice(&m.values);
    }
    let terms: Vec<Vec<f32>> = made.iter().flat_map(terms).collect();
    // Bounds that leave a value as it is: (2x − lo − hi)/(hi − lo) = x.
    let columns: Vec<Column> = (0..terms.len()).map(|j| Column::new(&format!("term {j}"), -1.0, 1.0)).collect();
    let mut wide = Frame::zeros(columns, rows);
    for (j, term) in terms.iter().enumerate() {
        wide.column_mut(j).copy_from_slice(term);
    }
    (plain, wide)
}

/// The terms of one feature: (x − lo)/(hi − lo) where it is linear, x ≥ step, max(0, x − knot)/(hi − knot).
fn terms(m: &Made) -> Vec<Vec<f32>> {
    let (lo, hi) = m.bounds;
    let each = |f: &dyn Fn(f32) -> f32| -> Vec<f32> { m.values.iter().map(|x| f(*x)).collect() };
    let linear = m.linear.then(|| each(&|x| (x - lo) / (hi - lo)));
    let steps = m.steps.iter().map(|t| each(&|x| f32::from(u8::from(x >= *t))));
    let knots = m.knots.iter().map(|k| each(&|x| (x - k).max(0.0) / (hi - k)));
    linear.into_iter().chain(steps).chain(knots).collect()
}

fn made(raw: Raw<'_>) -> Vec<Made> {
    let six = |stem: &str, months: [&str; 6]| months.map(|m| raw(&format!("{stem}{m}")));
    let status = six("PAY_", ["0", "2", "3", "4", "5", "6"]).map(|c| of(&c, |x| x.clamp(-2.0, 8.0)));
    let paid = six("PAY_AMT", ["1", "2", "3", "4", "5", "6"]).map(|c| of(&c, |x| x.clamp(0.0, 1e6)));
    let bills = six("BILL_AMT", ["1", "2", "3", "4", "5", "6"]);
    let limit = of(&raw("LIMIT_BAL"), |x| x.clamp(1e4, 1e6));
    let log_paid = paid.clone().map(|c| of(&c, f32::ln_1p));
    let rows = limit.len();
    let over = |columns: &[Vec<f32>; 6], f: &dyn Fn([f32; 6]) -> f32| -> Vec<f32> {
        (0..rows).map(|i| f(std::array::from_fn(|m| columns[m][i]))).collect()
    };
    let count =
        |columns: &[Vec<f32>; 6], f: fn(f32) -> bool| over(columns, &|x| x.iter().filter(|v| f(**v)).count() as f32);
    let mean = |x: [f32; 6]| x.iter().sum::<f32>() / 6.0;
    let ratio = |a: &[f32], b: &[f32]| -> Vec<f32> { a.iter().zip(b).map(|(a, b)| a / b).collect() };
    let worst = over(&status, &|x| x.into_iter().fold(-2.0, f32::max));
    let short = |c: &[f32]| of(c, |x| x.clamp(-2.0, 4.0));
    let owed = of(&bills[1], |x| x.max(1.0));
    let most = 1e6f32.ln_1p();
    let feature = |name, bounds, steps, knots, linear, values| Made { name, bounds, steps, knots, linear, values };
    vec![
        feature("status 1", (-2.0, 4.0), &[1.0, 2.0, 3.0], &[], false, short(&status[0])),
        feature("status 2", (-2.0, 4.0), &[2.0], &[], false, short(&status[1])),
        feature("status 3", (-2.0, 4.0), &[2.0], &[], false, short(&status[2])),
        feature("worst status", (-2.0, 4.0), &[1.0, 2.0, 3.0], &[], true, short(&worst)),
        feature("months late", (0.0, 6.0), &[1.0], &[2.0], true, count(&status, |x| x >= 1.0)),
        feature("months two late", (0.0, 6.0), &[1.0], &[2.0], false, count(&status, |x| x >= 2.0)),
        feature("log limit", (1e4f32.ln(), 1e6f32.ln()), &[], &[11.5], true, of(&limit, f32::ln)),
        feature("use of limit", (0.0, 1.2), &[], &[0.5], false, of(&ratio(&bills[0], &limit), |x| x.clamp(0.0, 1.2))),
        feature(
            "mean use of limit",
            (0.0, 1.2),
            &[],
            &[],
            true,
            of(&ratio(&over(&bills, &mean), &limit), |x| x.clamp(0.0, 1.2)),
        ),
        feature("log payment 1", (0.0, most), &[], &[8.0], false, log_paid[0].clone()),
        feature("log payment 2", (0.0, most), &[], &[8.0], false, log_paid[1].clone()),
        feature("mean log payment", (0.0, most), &[], &[7.0], true, over(&log_paid, &mean)),
        feature("months unpaid", (0.0, 6.0), &[], &[], true, count(&paid, |x| x <= 0.0)),
        feature("share paid", (0.0, 1.0), &[], &[], true, of(&ratio(&paid[0], &owed), |x| x.clamp(0.0, 1.0))),
        feature("age", (20.0, 80.0), &[], &[], false, of(&raw("AGE"), |x| x.clamp(20.0, 80.0))),
        feature(
            "school or university",
            (0.0, 1.0),
            &[],
            &[],
            false,
            of(&raw("EDUCATION"), |x| f32::from(u8::from((1.0..=3.0).contains(&x)))),
        ),
        feature("single", (0.0, 1.0), &[], &[], false, of(&raw("MARRIAGE"), |x| f32::from(u8::from(x == 2.0)))),
    ]
}

fn of(values: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
    values.iter().map(|x| f(*x)).collect()
}
