use super::*;
use proptest::prelude::*;

/// Every partition of m pre-bins: a bit for each gap.
fn all(counts: &[Count]) -> impl Iterator<Item = Vec<Range<usize>>> {
    let m = counts.len();
    (0u32..1 << (m - 1)).map(move |cuts| {
        let mut ends: Vec<usize> = (1..m).filter(|i| cuts >> (i - 1) & 1 == 1).collect();
        ends.push(m);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends.iter().copied()).map(|(a, b)| a..b).collect()
    })
}

fn sum(counts: &[Count], bin: &Range<usize>) -> Count {
    let mut out = Count::default();
    counts[bin.clone()].iter().for_each(|c| out.add(*c));
    out
}

/// The rules in their own words.
fn allowed(counts: &[Count], bins: &[Range<usize>], shape: Shape, limits: &Limits) -> bool {
    let sums: Vec<Count> = bins.iter().map(|b| sum(counts, b)).collect();
    let sizes = sums.iter().all(|c| {
        c.persons > 0 && c.persons >= limits.persons && c.bads >= limits.bads && c.persons - c.bads >= limits.goods
    });
    let rates: Vec<f64> = sums.iter().map(|c| f64::from(c.bads) / f64::from(c.persons)).collect();
    let signs: Vec<i8> = rates.windows(2).map(|w| (w[1] - w[0]).signum() as i8 * i8::from(w[1] != w[0])).collect();
    let turns = signs.windows(2).filter(|w| w[0] != w[1]).count();
    let shaped = match shape {
        Shape::Rising => signs.iter().all(|s| *s == 1),
        Shape::Falling => signs.iter().all(|s| *s == -1),
        Shape::Peak => turns == 0 || turns == 1 && signs[0] == 1,
        Shape::Valley => turns == 0 || turns == 1 && signs[0] == -1,
        Shape::Free => true,
    };
    let pairs = sums.windows(2).zip(rates.windows(2)).all(|(c, r)| {
        let (n, m) = (f64::from(c[0].persons), f64::from(c[1].persons));
        let p = f64::from(c[0].bads + c[1].bads) / (n + m);
        let z = (r[0] - r[1]).powi(2) / (p * (1.0 - p) * (1.0 / n + 1.0 / m));
        (r[0] - r[1]).abs() >= limits.gap && (limits.z_squared <= 0.0 || z >= limits.z_squared)
    });
    sizes && shaped && pairs && signs.iter().all(|s| *s != 0) && bins.len() <= limits.bins
}

/// Deviance explained beyond the base rate: grows with every cut, so the rules must bind.
fn gain(all: Count) -> impl Fn(Count) -> f64 {
    let base = f64::from(all.bads) / f64::from(all.persons);
    move |c| {
        let term = |k: u32, p: f64| {
            if k == 0 { 0.0 } else { f64::from(k) * libm::log(f64::from(k) / f64::from(c.persons) / p) }
        };
        term(c.bads, base) + term(c.persons - c.bads, 1.0 - base)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Against all 2^(m−1) partitions. Catches a wrong order of the recursion, a phase that is forgotten, a limit on
    /// the number of bins that is applied greedily.
    #[test]
    fn the_answer_is_the_best_of_all_partitions(
        raw in prop::collection::vec((1u32..12, 0u32..12), 1..11),
        shape in prop::sample::select(vec![Shape::Rising, Shape::Falling, Shape::Peak, Shape::Valley, Shape::Free]),
        persons in 0u32..15, bads in 0u32..4, goods in 0u32..4, bins in 1usize..7,
        gap in prop::sample::select(vec![0.0, 0.05, 0.2]), p in prop::sample::select(vec![1.0, 0.5, 0.1]),
    ) {
        let counts: Vec<Count> = raw.iter().map(|(n, b)| Count { persons: *n, bads: (*b).min(*n) }).collect();
        let limits = Limits { persons, bads, goods, bins, gap, z_squared: Limits::z_squared_of(p) };
        let f = gain(sum(&counts, &(0..counts.len())));
        let value = |bins: &[Range<usize>]| bins.iter().map(|b| f(sum(&counts, b))).sum::<f64>();
        let want = all(&counts).filter(|b| allowed(&counts, b, shape, &limits)).map(|b| value(&b)).reduce(f64::max);
        let got = best(&counts, shape, &limits, &f);
        prop_assert_eq!(got.is_some(), want.is_some());
        if let (Some(got), Some(want)) = (got, want) {
            prop_assert!(allowed(&counts, &got.bins, shape, &limits), "{got:?}");
            prop_assert!((got.value - want).abs() < 1e-9 && (value(&got.bins) - want).abs() < 1e-9, "{got:?} {want}");
        }
    }
}

#[test]
fn a_table_small_enough_for_a_pencil() {
    // Rates .1 .5 .4 .9: the middle must join. With two bins, the explained deviance of 30|10 is 5.33, that of 10|30 4.24.
    let counts = [(10, 1), (10, 5), (10, 4), (10, 9)].map(|(persons, bads)| Count { persons, bads });
    let limits = Limits { persons: 1, bads: 0, goods: 0, bins: 3, gap: 0.0, z_squared: 0.0 };
    let f = gain(Count { persons: 40, bads: 19 });
    assert_eq!(best(&counts, Shape::Rising, &limits, &f).unwrap().bins, [0..1, 1..3, 3..4]);
    assert_eq!(best(&counts, Shape::Falling, &limits, &f).unwrap().bins.len(), 1);
    let two = Limits { bins: 2, ..limits };
    assert_eq!(best(&counts, Shape::Rising, &two, &f).unwrap().bins, [0..3, 3..4]);
    assert!(best(&counts, Shape::Rising, &Limits { persons: 41, ..limits }, &f).is_none());
    assert!(best(&[], Shape::Free, &limits, &f).is_none());
}
