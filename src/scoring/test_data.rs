//! Tables that the scorers' tests share: real card holders where the file is there, made-up persons everywhere.

use crate::privacy::Ledger;
use crate::rng::{Entity, Purpose, Streams};
use crate::scoring::Fitted;
use crate::stats::{logistic, logit};
use crate::view::{Column, Frame, PlatformView, Trend};

/// The UCI "default of credit card clients" table (CC BY 4.0), of it the columns that `column` describes; money goes
/// through sign(x)·ln(1 + |x|). `None` (and a message) without the file, which is looked for in `PRETICK_TAIWAN`, then
/// beside the repository.
pub(crate) fn taiwan(column: impl Fn(&str) -> Option<Column>) -> Option<(Frame, Vec<bool>)> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/taiwan/default.csv");
    #[allow(clippy::disallowed_methods, reason = "a test finds its data")]
    let path = std::env::var("PRETICK_TAIWAN").unwrap_or_else(|_| beside.to_owned());
    let Ok(mut reader) = csv::Reader::from_path(&path) else {
        println!("skipped: no Taiwan table (set PRETICK_TAIWAN)");
        return None;
    };
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<Vec<f32>> =
        reader.records().map(|r| r.unwrap().iter().map(|v| v.parse().unwrap()).collect()).collect();
    let kept: Vec<(usize, Column)> = (1..24).filter_map(|j| Some((j, column(&names[j])?))).collect();
    let mut frame = Frame::zeros(kept.iter().map(|k| k.1.clone()).collect::<Vec<_>>(), rows.len());
    for (to, (j, column)) in kept.iter().enumerate() {
        let money = column.name.contains("AMT") || column.name == "LIMIT_BAL";
        for (x, row) in frame.column_mut(to).iter_mut().zip(&rows) {
            *x = if money { row[*j].signum() * row[*j].abs().ln_1p() } else { row[*j] };
        }
    }
    Some((frame, rows.iter().map(|r| r[24] == 1.0).collect()))
}

/// Public bounds and break points by column name; money goes through sign(x)·ln(1 + |x|).
pub(crate) fn taiwan_column(name: &str) -> Column {
    if name.starts_with("PAY_AMT") {
        return Column::new(name, 0.0, 14.5).with_steps(&[0.1]).with_knots(&[6.0, 8.0, 10.0]);
    }
    match name {
        "LIMIT_BAL" => Column::new(name, 9.0, 14.0).with_knots(&[10.5, 11.5, 12.5]),
        "AGE" => Column::new(name, 20.0, 80.0).with_knots(&[30.0, 40.0]),
        "SEX" => Column::new(name, 1.0, 2.0),
        "EDUCATION" => Column::new(name, 0.0, 6.0).with_steps(&[1.0, 2.0, 3.0, 4.0]),
        "MARRIAGE" => Column::new(name, 0.0, 3.0).with_steps(&[1.0, 2.0, 3.0]),
        _ if name.starts_with("PAY_") => Column::new(name, -2.0, 8.0).with_steps(&[-1.0, 0.0, 1.0, 2.0, 3.0]),
        _ => Column::new(name, -13.0, 14.5).with_steps(&[0.1]).with_knots(&[6.0, 8.0, 10.0]),
    }
}

/// Columns that a lender would derive from those of [`taiwan_column`], by public formulas: delays over the months, use of the
/// limit, share of bills paid.
pub(crate) fn with_derived(frame: &Frame) -> Frame {
    let of = |name: &str| frame.column(frame.index(name).unwrap());
    let months = |stem: &str, names: [&str; 6]| names.map(|m| of(&format!("{stem}{m}")));
    let late = months("PAY_", ["0", "2", "3", "4", "5", "6"]);
    let six = ["1", "2", "3", "4", "5", "6"];
    let (bills, paid, limit) = (months("BILL_AMT", six), months("PAY_AMT", six), of("LIMIT_BAL"));
    let money = |x: f32| x.signum() * x.abs().exp_m1();
    let total = |columns: &[&[f32]; 6], i: usize| columns.iter().map(|c| money(c[i])).sum::<f32>();
    let count = |least: f32, i: usize| late.iter().filter(|c| c[i] >= least).count() as f32;
    let use_of = [0.0001, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
    let columns = vec![
        Column::new("worst delay", -2.0, 8.0).with_steps(&[-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        Column::new("months late", 0.0, 6.0).with_steps(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        Column::new("months very late", 0.0, 6.0).with_steps(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        Column::new("worst delay of 3", -2.0, 8.0).with_steps(&[-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]),
        Column::new("use of limit", 0.0, 1.5).with_steps(&use_of),
        Column::new("mean use of limit", 0.0, 1.5).with_steps(&use_of),
        Column::new("share of bills paid", 0.0, 1.5).with_steps(&[0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 0.9, 1.1]),
        Column::new("paid by limit", 0.0, 0.3).with_steps(&[0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2]),
    ];
    let mut out = Frame::zeros(columns, frame.rows());
    for i in 0..frame.rows() {
        let worst = |months: usize| late[..months].iter().map(|c| c[i]).fold(f32::NEG_INFINITY, f32::max);
        let (bill, pay, limit) = (total(&bills, i), total(&paid, i), money(limit[i]));
        let values = [
            worst(6),
            count(1.0, i),
            count(2.0, i),
            worst(3),
            money(bills[0][i]) / limit,
            bill / 6.0 / limit,
            pay / bill.max(1.0),
            pay / 6.0 / limit,
        ];
        for (j, v) in values.into_iter().enumerate() {
            out.column_mut(j)[i] = v;
        }
    }
    frame.beside(&out)
}

/// The same table with what every lender knows: PD rises with delay and use of the limit, and falls with the limit and with
/// what is paid.
pub(crate) fn with_trends(frame: &Frame) -> Frame {
    let trend = |name: &str| match name {
        "LIMIT_BAL" | "share of bills paid" | "paid by limit" => Trend::Falling,
        _ if name.starts_with("PAY_AMT") => Trend::Falling,
        _ if name.starts_with("PAY_") || name.contains("delay") || name.contains("late") => Trend::Rising,
        _ if name.contains("use of limit") => Trend::Rising,
        _ => Trend::Auto,
    };
    let known = |c: &Column| Column { trend: trend(&c.name), ..c.clone() };
    let mut out = Frame::zeros(frame.columns().iter().map(known).collect::<Vec<_>>(), frame.rows());
    (0..frame.width()).for_each(|j| out.column_mut(j).copy_from_slice(frame.column(j)));
    out
}

/// Area under the ROC curve, ties counted half.
pub(crate) fn auc(scores: &[f64], labels: &[bool]) -> f64 {
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut goods, mut area, mut bads) = (0.0, 0.0, 0.0);
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        let bad = tie.iter().filter(|t| t.1).count() as f64;
        let good = tie.len() as f64 - bad;
        area += bad * (goods + 0.5 * good);
        (goods, bads) = (goods + good, bads + bad);
    }
    area / (goods * bads)
}

/// Persons whose uniform is below `share`, and the others.
pub(crate) fn split(frame: &Frame, labels: &[bool], share: f64, seed: u32) -> (PlatformView, PlatformView) {
    let streams = Streams::new(5, seed);
    let part = |first: bool| {
        let inside = |i: &u32| (streams.uniform(Entity::Person(u64::from(*i)), 0, Purpose::Split) < share) == first;
        let rows: Vec<u32> = (0..frame.rows() as u32).filter(inside).collect();
        let labels = rows.iter().map(|i| labels[*i as usize]).collect();
        PlatformView { features: frame.select(&rows), labels: Some(labels) }
    };
    (part(true), part(false))
}

/// A made-up table of `n` persons: 4 normal, 3 rare indicators, 3 skewed features; about `rate` default.
pub(crate) fn made_up(n: usize, intercept: f64, seed: u64) -> (Frame, Vec<bool>, Vec<f64>) {
    let streams = Streams::new(seed, 1);
    let columns: Vec<Column> = (0..10)
        .map(|j| match j {
            0..4 => Column::new(&format!("normal {j}"), -4.0, 4.0),
            4..7 => Column::new(&format!("rare {j}"), 0.0, 1.0),
            _ => Column::new(&format!("skewed {j}"), 0.0, 8.0).with_knots(&[1.0, 3.0]),
        })
        .collect();
    let mut frame = Frame::zeros(columns, n);
    let mut logits = vec![intercept; n];
    for j in 0..10u16 {
        for (i, (x, logit)) in frame.column_mut(usize::from(j)).iter_mut().zip(&mut logits).enumerate() {
            let who = Entity::Person(i as u64);
            let u = streams.uniform(who, j, Purpose::Attributes);
            let v = match j {
                0..4 => crate::stats::normal_quantile(u),
                4..7 => f64::from(u8::from(u < 0.02)),
                _ => -u.ln(),
            };
            *x = v as f32;
            *logit += v * [0.5, -0.4, 0.3, 0.0, 2.0, 1.5, 0.0, 0.4, -0.5, 0.0][usize::from(j)];
        }
    }
    let draw = |i: usize| streams.uniform(Entity::Person(i as u64), 0, Purpose::Outcome) < logistic(logits[i]);
    let labels = (0..n).map(draw).collect();
    (frame, labels, logits)
}

/// A DP scorer fitted on a view at an ε (δ = 1e-5) with the noise of a seed.
pub(crate) type Fit<'a> = &'a dyn Fn(&PlatformView, f64, u32, &mut Ledger) -> Box<dyn Fitted<PlatformView>>;

fn scores(fit: Fit, train: &PlatformView, epsilon: f64, seed: u32, test: &PlatformView) -> Vec<f64> {
    let mut ledger = Ledger::new();
    let fitted = fit(train, epsilon, seed, &mut ledger);
    let spent = ledger.spent(1e-5).epsilon;
    assert!(spent <= epsilon, "spent {spent}, more than {epsilon}");
    // Also where noise ends the fit early: what a fit costs is no function of its noise.
    assert!(epsilon > 100.0 || spent > 0.99 * epsilon, "spent {spent} of {epsilon}");
    fitted.score(test).unwrap()
}

/// AUC on all others of a fit on `n` persons, mean over `seeds` draws of them.
pub(crate) fn small_data(fit: Fit, frame: &Frame, labels: &[bool], (n, seeds): (usize, u32), epsilon: f64) -> f64 {
    let one = |seed| {
        let (train, test) = split(frame, labels, n as f64 / frame.rows() as f64, seed);
        auc(&scores(fit, &train, epsilon, seed, &test), test.labels.as_deref().unwrap())
    };
    (100..100 + seeds).map(one).sum::<f64>() / f64::from(seeds)
}

/// AUC on the test fifth, mean over the split and noise seeds 100 to 104.
pub(crate) fn five_splits(fit: Fit, frame: &Frame, labels: &[bool], epsilon: f64) -> f64 {
    let one = |seed| {
        let (train, test) = split(frame, labels, 0.8, seed);
        auc(&scores(fit, &train, epsilon, seed, &test), test.labels.as_deref().unwrap())
    };
    (100..105).map(one).sum::<f64>() / 5.0
}

/// What every DP scorer owes: repeatable fits, a noiseless twin that ε → ∞ ends in, no eye for the order of the rows or for
/// values beyond the public bounds, and a usable score where there is next to nothing to learn from.
pub(crate) fn dp_promises(fit: Fit) {
    rows_have_no_order(fit);
    bounds_are_public(fit);
    odd_tables_are_scored(fit);
}

fn rows_have_no_order(fit: Fit) {
    let (frame, labels, _) = made_up(3_000, -1.5, 3);
    let view = PlatformView { features: frame.clone(), labels: Some(labels.clone()) };
    let order: Vec<u32> = (0..3_000u32).map(|i| (i * 7 + 11) % 3_000).collect();
    let turned = PlatformView {
        features: frame.select(&order),
        labels: Some(order.iter().map(|i| labels[*i as usize]).collect()),
    };
    let alone = PlatformView { features: frame.select(&[17]), labels: None };
    for epsilon in [1.0, f64::INFINITY] {
        let all = scores(fit, &view, epsilon, 1, &view);
        assert_eq!(all, scores(fit, &turned, epsilon, 1, &view));
        assert_eq!(scores(fit, &view, epsilon, 1, &alone), [all[17]]);
    }
    let twin = scores(fit, &view, f64::INFINITY, 1, &view);
    assert_eq!(twin, scores(fit, &view, f64::INFINITY, 2, &view), "the noiseless twin has no luck");
    assert_eq!(twin, scores(fit, &view, 1e18, 1, &view), "ε → ∞ ends in the noiseless twin, bit for bit");
    assert_ne!(scores(fit, &view, 1.0, 1, &view), scores(fit, &view, 1.0, 2, &view));
}

fn bounds_are_public(fit: Fit) {
    let (frame, labels, _) = made_up(2_000, -1.5, 4);
    let with = |scale: f32| {
        let mut features = frame.clone();
        for i in (0..2_000).step_by(3) {
            features.column_mut(0)[i] = 4.0 * scale;
            features.column_mut(7)[i] = 8.0 * scale;
        }
        let view = PlatformView { features, labels: Some(labels.clone()) };
        scores(fit, &view, 1.0, 1, &view)
    };
    assert_eq!(with(1.0), with(f32::INFINITY), "values beyond the bounds count as the bound, however far");
    assert_ne!(with(1.0), with(0.5), "the twin: inside the bounds a value counts");
}

fn odd_tables_are_scored(fit: Fit) {
    let (frame, labels, _) = made_up(40, -1.5, 5);
    let flat = vec![Column::new("flat", 1.0, 1.0), Column { missing: true, ..Column::new("gone", 0.0, 1.0) }];
    let mut empty = Frame::zeros(flat, 40);
    empty.column_mut(0).fill(1.0);
    empty.column_mut(1).fill(f32::NAN);
    let twice = frame.pick(&["normal 0"]);
    let twice = (0..5).fold(twice.clone(), |all, _| all.beside(&twice));
    let separable: Vec<bool> = frame.column(0).iter().map(|x| *x > 0.0).collect();
    for labels in [labels, vec![true; 40], vec![false; 40], separable] {
        for frame in [&frame, &empty, &twice, &frame.select(&[3; 10]), &frame.select(&[])] {
            let view = PlatformView { features: frame.clone(), labels: Some(labels[..frame.rows()].to_vec()) };
            for epsilon in [1e-3, 0.1, 1.0, f64::INFINITY] {
                assert!(scores(fit, &view, epsilon, 2, &view).iter().all(|p| *p > 0.0 && *p < 1.0));
            }
        }
    }
    let view = PlatformView { features: frame, labels: Some(vec![true; 40]) };
    let notes = |epsilon| fit(&view, epsilon, 2, &mut Ledger::new()).notes().join(" ");
    assert!(notes(1e-3).contains("noise swamp") && !notes(f64::INFINITY).contains("swamp"));
    let p = scores(fit, &view, 1e-3, 2, &view);
    assert!(p.iter().all(|x| *x == p[0]), "the prior and nothing else");
}

/// One release that is not entered leaves a total that is short of what was asked. There are `least` of them, and more where a fit
/// takes more steps because noise is negligible.
pub(crate) fn no_release_is_free(fit: Fit, least: usize) {
    let (frame, labels, _) = made_up(20_000, -1.5, 1);
    let view = PlatformView { features: frame, labels: Some(labels) };
    for epsilon in [0.1, 1.0, 8.0] {
        let mut ledger = Ledger::new();
        fit(&view, epsilon, 1, &mut ledger);
        let releases = ledger.entries().len();
        assert!(releases >= least && releases <= 3 * least, "{releases}");
        let spent = ledger.spent(1e-5).epsilon;
        assert!(spent <= epsilon && spent > 0.9999 * epsilon, "{spent} of {epsilon}");
        for i in [0, releases / 2, releases - 1] {
            let mut cut = Ledger::new();
            ledger.entries().iter().enumerate().filter(|(j, _)| *j != i).for_each(|(_, e)| cut.enter(e.clone()));
            assert!(cut.spent(1e-5).epsilon < 0.9999 * epsilon, "release {i} costs nothing");
        }
    }
}

/// Slope of the logistic regression of outcomes on the log-odds of scores: 1 is calibrated, less is too sure of itself.
pub(crate) fn calibration(pd: &[f64], labels: &[bool]) -> f64 {
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..20 {
        let (mut g, mut h) = ([0.0; 2], [1e-9, 0.0, 1e-9]);
        for (pd, bad) in pd.iter().zip(labels) {
            let z = logit(*pd);
            let p = logistic(a + b * z);
            let (r, w) = (f64::from(u8::from(*bad)) - p, p * (1.0 - p));
            g = [g[0] + r, g[1] + r * z];
            h = [h[0] + w, h[1] + w * z, h[2] + w * z * z];
        }
        let det = h[0] * h[2] - h[1] * h[1];
        a += (h[2] * g[0] - h[1] * g[1]) / det;
        b += (h[0] * g[1] - h[1] * g[0]) / det;
    }
    b
}
