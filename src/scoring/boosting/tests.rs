use super::super::logistic::tests::{keeps_its_promises, view};
use super::*;
use crate::rng::{Entity, Purpose, Streams};
use crate::stats::{logistic, logit};
use crate::view::{Column, Frame, Trend};
use proptest::prelude::*;

fn few(trees: u32, leaves: u32) -> BoostingParams {
    BoostingParams { trees, leaves, learning_rate: 0.3, ..BoostingParams::default() }
}

fn frame(columns: Vec<Column>, rows: &[Vec<f32>]) -> Frame {
    let mut out = Frame::zeros(columns, rows.len());
    for (i, row) in rows.iter().enumerate() {
        row.iter().enumerate().for_each(|(j, x)| out.column_mut(j)[i] = *x);
    }
    out
}

/// Normal columns and labels from a product of the first two.
fn crossed(rows: usize, width: usize) -> (Frame, Vec<bool>) {
    let streams = Streams::new(3, 0);
    let person = |i: usize| Entity::Person(i as u64);
    let row = |i: usize| (0..width as u16).map(|j| streams.normal(person(i), j, Purpose::Month) as f32).collect();
    let values: Vec<Vec<f32>> = (0..rows).map(row).collect();
    let bad = |i: usize| {
        let eta = 2.0 * f64::from(values[i][0] * values[i][1]) - 1.0;
        streams.uniform(person(i), 0, Purpose::Outcome) < logistic(eta)
    };
    let columns = (0..width).map(|j| Column::new(&format!("x{j}"), -3.0, 3.0)).collect();
    let labels = (0..rows).map(bad).collect();
    (frame(columns, &values), labels)
}

#[test]
fn boosted_trees_keep_their_promises() {
    keeps_its_promises(&Boosting::new(BoostingParams { trees: 20, ..BoostingParams::default() }));
}

/// The textbook: every threshold between two neighbouring values, sums in f64, the leaf that gains most is split next.
mod textbook {
    pub struct Rules {
        pub trees: usize,
        pub leaves: usize,
        pub rate: f64,
        pub least: usize,
        pub l2: f64,
    }

    struct Best {
        gain: f64,
        left: Vec<usize>,
        right: Vec<usize>,
    }

    fn sums(rows: &[usize], g: &[f64], h: &[f64]) -> (f64, f64) {
        (rows.iter().map(|i| g[*i]).sum(), rows.iter().map(|i| h[*i]).sum())
    }

    fn best(x: &[Vec<f32>], rows: &[usize], g: &[f64], h: &[f64], rules: &Rules) -> Option<Best> {
        let score = |rows: &[usize]| {
            let (g, h) = sums(rows, g, h);
            g * g / (h + rules.l2)
        };
        let mut out: Option<Best> = None;
        for j in 0..x[0].len() {
            for &at in rows {
                let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|i| x[**i][j] <= x[at][j]);
                if left.len() < rules.least || right.len() < rules.least {
                    continue;
                }
                let gain = score(&left) + score(&right) - score(rows);
                if gain > out.as_ref().map_or(1e-9, |b| b.gain + 1e-9) {
                    out = Some(Best { gain, left, right });
                }
            }
        }
        out
    }

    /// Log-odds of the training rows.
    pub fn boost(x: &[Vec<f32>], y: &[bool], rules: &Rules) -> Vec<f64> {
        let bads = y.iter().filter(|y| **y).count() as f64;
        let mut eta = vec![(bads / (y.len() as f64 - bads)).ln(); y.len()];
        for _ in 0..rules.trees {
            let p: Vec<f64> = eta.iter().map(|e| 1.0 / (1.0 + (-e).exp())).collect();
            let g: Vec<f64> = p.iter().zip(y).map(|(p, y)| p - f64::from(u8::from(*y))).collect();
            let h: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
            let mut leaves: Vec<Vec<usize>> = vec![(0..y.len()).collect()];
            while leaves.len() < rules.leaves {
                let found = leaves.iter().enumerate().filter_map(|(k, rows)| Some((k, best(x, rows, &g, &h, rules)?)));
                let Some((k, split)) = found.max_by(|a, b| a.1.gain.total_cmp(&b.1.gain)) else { break };
                leaves.swap_remove(k);
                leaves.extend([split.left, split.right]);
            }
            for rows in leaves {
                let (g, h) = sums(&rows, &g, &h);
                for i in rows {
                    eta[i] -= rules.rate * g / (h + rules.l2);
                }
            }
        }
        eta
    }
}

#[test]
fn agrees_with_the_textbook_where_every_value_has_a_bin() {
    for (l2, least, leaves) in [(0.0, 5, 4), (1.5, 20, 8), (0.0, 60, 31)] {
        let (frame, labels) = crossed(230, 3);
        let rows: Vec<Vec<f32>> = (0..230).map(|i| (0..3).map(|j| frame.column(j)[i]).collect()).collect();
        let rules = textbook::Rules { trees: 6, leaves: leaves as usize, rate: 0.3, least: least as usize, l2 };
        let mut want = textbook::boost(&rows, &labels, &rules);
        let params = BoostingParams { l2, least_persons: least, ..few(6, leaves) };
        let got: Vec<f64> =
            Forest::fit(&frame, &labels, &params).unwrap().score(&frame).iter().map(|p| logit(*p)).collect();
        // The textbook does not move the mean PD to the default rate: compare up to one number.
        let shift = got[0] - want[0];
        for w in &mut want {
            *w += shift;
        }
        assert!(shift.abs() < 0.05);
        assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-5), "{l2} {least}");
        assert!(want.iter().any(|w| (w - want[0]).abs() > 0.5), "the trees are not trivial");
    }
}

#[test]
fn the_model_is_blind_to_the_order_of_rows_and_threads() {
    let (frame, labels) = crossed(5000, 5);
    let fit = |frame: &Frame, labels: &[bool], threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Forest::fit(frame, labels, &few(15, 31)).unwrap())
    };
    let want = fit(&frame, &labels, 1);
    let shuffled: Vec<u32> = (0..5000u32).map(|i| i * 2741 % 5000).collect();
    let others: Vec<bool> = shuffled.iter().map(|i| labels[*i as usize]).collect();
    for threads in [1, 3] {
        assert_eq!(fit(&frame.select(&shuffled), &others, threads), want);
        assert_eq!(fit(&frame, &labels, threads), want);
    }
    let moved = want.score(&frame.select(&shuffled));
    let here = want.score(&frame);
    assert!(shuffled.iter().zip(&moved).all(|(i, p)| here[*i as usize] == *p));
}

/// Pinned bits: catches another exp, a fused multiplication or another rounding.
#[test]
fn every_processor_gives_the_same_bits() {
    let (frame, labels) = crossed(3000, 4);
    let pd = Forest::fit(&frame, &labels, &few(10, 16)).unwrap().score(&frame);
    let digest = pd.iter().fold(0u64, |h, p| crate::rng::mix(h ^ p.to_bits()));
    assert_eq!(digest, 5757850884382179107);
}

#[test]
fn interactions_are_learnt_and_noise_is_not_important() {
    let (frame, labels) = crossed(8000, 3);
    let forest = Forest::fit(&frame, &labels, &BoostingParams::default()).unwrap();
    let importance = forest.importance();
    assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(importance[0] > 0.3 && importance[1] > 0.3 && importance[2] < 0.15, "{importance:?}");
    let pd = forest.score(&self::frame(frame.columns().to_vec(), &[vec![2.0, 2.0, 0.0], vec![-2.0, 2.0, 0.0]]));
    assert!(pd[0] > 0.85 && pd[1] < 0.05, "{pd:?}");
}

#[test]
fn reasons_add_up_to_the_log_odds() {
    let v = view(3000, 0.5, true);
    let model = Boosting::new(few(30, 12)).learn(&v).unwrap();
    let (pd, reasons) = (model.score(&v).unwrap(), model.reasons(&v).unwrap());
    for (p, why) in pd.iter().zip(&reasons) {
        assert!((why.base + why.columns.iter().sum::<f64>() - logit(*p)).abs() < 1e-9);
    }
    let names: Vec<String> = model.importance().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["late", "used", "bills", "refused"]);
    // Late payers are told so.
    let worst = (0..3000).max_by(|a, b| v.always.column(0)[*a].total_cmp(&v.always.column(0)[*b])).unwrap();
    assert!(reasons[worst].columns[0] > 0.5, "{:?}", reasons[worst]);
    let other = LenderView { always: v.always.pick(&["used", "late"]), ..v };
    assert!(model.reasons(&other).is_err());
}

#[test]
fn a_model_written_as_json_reads_back_to_the_same_bits() {
    let v = view(2000, 0.4, false);
    let model = Boosting::new(few(10, 8)).learn(&v).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let back: BoostingModel = serde_json::from_str(&text).unwrap();
    assert_eq!(back, model);
    assert_eq!(back.score(&v).unwrap(), model.score(&v).unwrap());
}

/// Persons with x in 0..100 and a PD by `pd(i, x)`.
fn ladder(pd: impl Fn(usize, f32) -> f64) -> (Vec<f32>, Vec<bool>) {
    let streams = Streams::new(8, 0);
    let values: Vec<f32> = (0..4000).map(|i| (i % 100) as f32).collect();
    let uniform = |i: usize| streams.uniform(Entity::Person(i as u64), 0, Purpose::Outcome);
    let labels = values.iter().enumerate().map(|(i, x)| uniform(i) < pd(i, *x)).collect();
    (values, labels)
}

#[test]
fn missing_values_and_codes_go_where_they_belong() {
    // Safe in the middle of a rising column: no threshold can part them.
    let pd = |_: usize, x: f32| if x == 40.0 || x == 60.0 { 0.02 } else { 0.1 + 0.008 * f64::from(x) };
    let (mut values, labels) = ladder(pd);
    values.iter_mut().filter(|x| **x == 60.0).for_each(|x| *x = f32::NAN);
    let column = Column { special: vec![40.0], missing: true, trend: Trend::Rising, ..Column::new("x", 0.0, 99.0) };
    let rows: Vec<Vec<f32>> = values.iter().map(|x| vec![*x]).collect();
    let forest = Forest::fit(&frame(vec![column.clone()], &rows), &labels, &few(40, 8)).unwrap();
    let asked = [f32::NAN, 40.0, 39.0, 41.0, 95.0, f32::INFINITY, f32::NEG_INFINITY, 0.0].map(|x| vec![x]);
    let got = forest.score(&frame(vec![column], &asked));
    assert!(got[0] < 0.1 && got[1] < 0.1 && got[2] > 0.25 && got[3] > 0.25 && got[4] > 0.7, "{got:?}");
    assert!(got[5] >= got[4] && got[6] == got[7]);
}

#[test]
fn levels_of_a_category_are_split_in_any_order() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let pd = |_: usize, x: f32| if [1, 3, 4].contains(&(x as usize % 6)) { 0.7 } else { 0.1 };
    let (values, labels) = ladder(pd);
    let rows: Vec<Vec<f32>> = values.iter().map(|x| vec![(*x as usize % 6) as f32]).collect();
    let columns = vec![Column::category("job", &names)];
    let one_split = BoostingParams { trees: 30, leaves: 2, ..few(30, 2) };
    let forest = Forest::fit(&frame(columns.clone(), &rows), &labels, &one_split).unwrap();
    let asked: Vec<Vec<f32>> = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, f32::NAN].map(|x| vec![x]).to_vec();
    let got = forest.score(&frame(columns, &asked));
    for (level, p) in got[..6].iter().enumerate() {
        let want = if [1, 3, 4].contains(&level) { 0.7 } else { 0.1 };
        assert!((p - want).abs() < 0.06, "{level}: {p}");
    }
    // What was never seen scores as the larger side of each split does: it still has a PD.
    assert!(got[6..].iter().all(|p| (0.05..0.8).contains(p)) && got[6] == got[7]);
}

#[test]
fn columns_that_say_nothing_give_everybody_the_default_rate() {
    let labels: Vec<bool> = (0..200).map(|i| i % 4 == 0).collect();
    for x in [0.0, f32::NAN, f32::INFINITY] {
        let same = frame(vec![Column::new("x", 0.0, 1.0)], &vec![vec![x]; 200]);
        let forest = Forest::fit(&same, &labels, &BoostingParams::default()).unwrap();
        assert_eq!(forest.trees(), 0);
        assert!(forest.score(&same).iter().all(|p| (p - 0.25).abs() < 1e-9));
        assert_eq!(forest.importance(), [0.0]);
    }
    // Ten persons are too few for two leaves of twenty.
    let (ten, labels) = crossed(10, 2);
    let rate = labels.iter().filter(|y| **y).count() as f64 / 10.0;
    let pd = Forest::fit(&ten, &labels, &BoostingParams::default()).unwrap().score(&ten);
    assert!(pd.iter().all(|p| (p - rate).abs() < 1e-9));
    // No column at all.
    let none = Frame::zeros(Vec::new(), 10);
    assert!(Forest::fit(&none, &labels, &BoostingParams::default()).unwrap().score(&none).len() == 10);
}

#[test]
fn separable_data_stays_finite() {
    let rows: Vec<Vec<f32>> = (0..400).map(|i| vec![i as f32]).collect();
    let labels: Vec<bool> = (0..400).map(|i| i >= 200).collect();
    let x = frame(vec![Column::new("x", 0.0, 400.0)], &rows);
    let pd = Forest::fit(&x, &labels, &BoostingParams { trees: 1000, ..BoostingParams::default() }).unwrap().score(&x);
    assert!(pd[..200].iter().all(|p| *p > 0.0 && *p < 1e-3) && pd[200..].iter().all(|p| *p < 1.0 && *p > 0.999));
}

#[test]
fn one_class_or_other_lengths_are_refused_in_words() {
    let (x, mut labels) = crossed(50, 2);
    let fit = |labels: &[bool]| Forest::fit(&x, labels, &BoostingParams::default()).unwrap_err().to_string();
    assert!(fit(&[true; 50]).contains("both classes are needed"));
    labels.pop();
    assert!(fit(&labels).contains("50 rows with 49 labels"));
}

/// Largest fall of the PD of any row as column 0 rises over all its values.
fn largest_fall(forest: &Forest, x: &Frame, rows: &[Vec<f32>]) -> f64 {
    let mut worst = 0.0f64;
    for row in rows.iter().take(60) {
        let steps: Vec<Vec<f32>> = (-12..=12).map(|v| [&[v as f32], &row[1..]].concat()).collect();
        let pd = forest.score(&frame(x.columns().to_vec(), &steps));
        pd.windows(2).for_each(|w| worst = worst.max(w[0] - w[1]));
    }
    worst
}

#[test]
fn without_a_trend_the_monotone_test_would_fail() {
    let (x, rows, labels) = wavy(&[0; 300]);
    let free = Forest::fit(&x(Trend::Free), &labels, &few(20, 16)).unwrap();
    assert!(largest_fall(&free, &x(Trend::Free), &rows) > 0.1);
}

/// A column that mostly raises the PD but waves, beside two that interact with it.
fn wavy(noise: &[u8]) -> (impl Fn(Trend) -> Frame, Vec<Vec<f32>>, Vec<bool>) {
    let streams = Streams::new(4, noise.len() as u32);
    let draw = |i: usize, m| streams.uniform(Entity::Person(i as u64), m, Purpose::Month);
    let whole = |i: usize, m| (draw(i, m) * 21.0) as f32 - 10.0;
    let row = |i: usize| {
        vec![if noise[i].is_multiple_of(13) && noise[i] > 0 { f32::NAN } else { whole(i, 0) }, whole(i, 1), whole(i, 2)]
    };
    let rows: Vec<Vec<f32>> = (0..noise.len()).map(row).collect();
    let bad = |i: usize| {
        let [a, b, c] = [0, 1, 2].map(|m| f64::from(whole(i, m)));
        let eta = 0.1 * a + 2.0 * libm::sin(a) + 0.03 * b * c + f64::from(noise[i]) / 255.0;
        draw(i, 3) < logistic(eta)
    };
    let labels = (0..noise.len()).map(bad).collect();
    let copy = rows.clone();
    let frame_of = move |trend| {
        let first = Column { trend, ..Column::new("x", -10.0, 10.0) };
        frame(vec![first, Column::new("b", -10.0, 10.0), Column::new("c", -10.0, 10.0)], &copy)
    };
    (frame_of, rows, labels)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_trend_holds_for_every_person(
        noise in prop::collection::vec(any::<u8>(), 120..500), leaves in 2u32..24, least in 1u32..12, l2 in 0.0f64..3.0,
    ) {
        let (x, rows, labels) = wavy(&noise);
        prop_assume!(labels.contains(&true) && labels.contains(&false));
        let params = BoostingParams { l2, least_persons: least, ..few(12, leaves) };
        let rising = Forest::fit(&x(Trend::Rising), &labels, &params).unwrap();
        prop_assert!(largest_fall(&rising, &x(Trend::Rising), &rows) == 0.0);
        // Falling is rising of the other outcome.
        let other: Vec<bool> = labels.iter().map(|y| !y).collect();
        let falling = Forest::fit(&x(Trend::Falling), &other, &params).unwrap();
        let up = |forest: &Forest| rows.iter().take(20).any(|row| {
            let steps: Vec<Vec<f32>> = (-12..=12).map(|v| [&[v as f32], &row[1..]].concat()).collect();
            forest.score(&frame(x(Trend::Free).columns().to_vec(), &steps)).windows(2).any(|w| w[1] > w[0])
        });
        prop_assert!(!up(&falling));
    }
}
