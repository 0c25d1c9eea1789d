//! Tests of the whole population: bits that must not move, and numbers that must come out.
//!
//! Statistical tests use α = 1e-6 (4.9 standard errors) and fixed seeds; each names the fault it would catch.

use super::features::{FeatureSink, SHORT, bureau_columns, platform_columns};
use super::kernel::simulate_block_baseline;
use super::lanes::ln;
use super::platform::{CATEGORIES, SENSITIVE};
use super::*;
use crate::rng::Streams;

const SIGMAS: f64 = 4.9;

fn synthetic(h: &mut HistoriesParams) -> &mut SyntheticParams {
    let Source::Synthetic(s) = &mut h.source else { panic!("synthetic by default") };
    s
}

fn model(change: impl FnOnce(&mut PopulationParams, &mut HistoriesParams, &mut Loadings)) -> Model {
    let (mut p, mut h, mut l) = (PopulationParams::default(), HistoriesParams::default(), Loadings::default());
    change(&mut p, &mut h, &mut l);
    Model::new(&p, &h, &OutcomeParams::default(), &ApplicantsParams::default(), &l).unwrap()
}

fn streams() -> Streams {
    Streams::new(20_180_103, 0)
}

fn bits(v: &[f32]) -> Vec<u32> {
    v.iter().map(|x| x.to_bits()).collect()
}

/// Everything kept of persons `from .. to`, as bits.
fn kept(p: &People, from: usize, to: usize) -> Vec<Vec<u32>> {
    let mut out = vec![bits(&p.quality[from..to]), bits(&p.pd[from..to])];
    out.push(p.community[from..to].to_vec());
    out.push(p.district[from..to].to_vec());
    out.push((from..to).map(|i| u32::from(p.group[i]) << 8 | p.file[i] as u32).collect());
    out.push((from..to).map(|i| u32::from(p.decile[i])).collect());
    out.push(
        (from..to)
            .map(|i| u32::from(p.applicant[i]) * 4 + u32::from(p.active[i]) * 2 + u32::from(p.default[i]))
            .collect(),
    );
    for f in [&p.bureau, &p.platform] {
        out.extend((0..f.width()).map(|j| bits(&f.column(j)[from..to])));
    }
    out
}

#[test]
fn every_processor_gives_the_same_bits() {
    let m = model(|_, _, _| ());
    for first in [0, 1_000, 77_777_777] {
        let (mut a, mut b) = (FeatureSink::new(m.months()), FeatureSink::new(m.months()));
        let x = simulate_block(&m, streams(), first, &mut a);
        let y = simulate_block_baseline(&m, streams(), first, &mut b);
        assert_eq!(x.pd.map(f32::to_bits), y.pd.map(f32::to_bits));
        assert_eq!(a.platform().map(|c| c.map(f32::to_bits)), b.platform().map(|c| c.map(f32::to_bits)));
        assert_eq!(a.bureau(&x.person).map(|c| c.map(f32::to_bits)), b.bureau(&y.person).map(|c| c.map(f32::to_bits)));
    }
}

#[test]
fn threads_ranges_and_neighbours_change_nobody() {
    let m = model(|_, _, _| ());
    let n = 10_000;
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let whole = pool(1).install(|| m.people(streams(), 0, n).unwrap());
    let parallel = pool(3).install(|| m.people(streams(), 0, n).unwrap());
    assert_eq!(kept(&whole, 0, n), kept(&parallel, 0, n));
    for (from, to) in [(0, 1), (7, 23), (4_095, 8_200), (9_999, 10_000)] {
        let part = m.people(streams(), from as u64, to - from).unwrap();
        assert_eq!(kept(&part, 0, to - from), kept(&whole, from, to), "{from}..{to}");
    }
    // One more person, and a population said to be larger, change nobody.
    let more = model(|p, _, _| p.persons += 1_000_000).people(streams(), 0, n + 1).unwrap();
    assert_eq!(kept(&more, 0, n), kept(&whole, 0, n));
    assert!(m.people(streams(), 5, 0).unwrap().is_empty());
}

#[test]
fn the_platform_moves_nothing_at_the_bureau() {
    let a = model(|_, _, _| ()).people(streams(), 0, 500).unwrap();
    let b = model(|_, h, l| {
        l.platform = 2.0;
        synthetic(h).platform.late = 0.3;
    })
    .people(streams(), 0, 500)
    .unwrap();
    assert_eq!(a.bureau, b.bureau);
    assert_eq!(a.default, b.default);
    assert_ne!(a.platform, b.platform);
}

#[test]
fn a_crisis_in_month_12_leaves_the_months_before_unchanged() {
    let calm = model(|_, _, _| ());
    let stress: Vec<f64> = (0..24).map(|t| if t < 12 { 1.0 } else { 3.0 }).collect();
    let no_op = calm.clone().with_stress(&[1.0; 24]);
    let crisis = calm.clone().with_stress(&stress);
    let (a, b) = (calm.panel(streams(), 100, 400), crisis.panel(streams(), 100, 400));
    assert_eq!(a, no_op.panel(streams(), 100, 400));
    let mut later = [0u32; 2];
    for (x, y) in a.iter().zip(&b) {
        if x.month < 12 {
            assert_eq!(x, y);
        } else {
            // Common luck: a crisis never pays a bill.
            assert!(y.late >= x.late && y.liquidity == x.liquidity && y.spend == x.spend);
            later[0] += u32::from(x.late);
            later[1] += u32::from(y.late);
        }
    }
    assert!(later[1] > 2 * later[0], "{later:?}");
}

/// The columns again, from one person's rows, one number at a time.
fn naive(rows: &[MonthRow], file: FileDepth) -> Vec<f32> {
    let months = rows.len();
    let recent = &rows[months - SHORT..];
    let state = |r: &MonthRow| f32::from(r.state.unwrap_or(0));
    let worst = |r: &[MonthRow]| r.iter().map(state).fold(0.0, f32::max);
    let late_share = |r: &[MonthRow]| {
        let due: u32 = r.iter().map(|m| u32::from(m.due)).sum();
        let late: u32 = r.iter().map(|m| u32::from(m.late)).sum();
        late as f32 / due.max(1) as f32
    };
    let mut utilisation = 0.0;
    let (mut spend, mut squares, mut categories) = (0.0f32, 0.0f32, [0.0f32; CATEGORIES.len()]);
    for r in rows {
        utilisation += r.utilisation;
        spend += r.spend;
        squares += r.spend * r.spend;
        for k in 0..CATEGORIES.len() {
            categories[k] += r.categories[k];
        }
    }
    let open = rows.iter().filter(|r| r.state.is_some()).count();
    let yes = |b: bool| if b { 1.0 } else { 0.0 };
    let mean = spend / months as f32;
    let sd = (squares / months as f32 - mean * mean).max(0.0).sqrt();
    let share = |k: usize| categories[k] / spend.max(1e-9);
    vec![
        yes(file == FileDepth::Thin),
        yes(file == FileDepth::Thick),
        rows.iter().filter(|r| state(r) >= 1.0).count() as f32,
        worst(rows),
        worst(recent),
        yes(rows.iter().any(|r| r.state == Some(3))),
        utilisation / open.max(1) as f32,
        rows[months - 1].utilisation,
        late_share(rows),
        late_share(recent),
        f32::from(rows[months - 1].late),
        ln(1.0 + rows.iter().map(|r| r.payments).sum::<u32>() as f32),
        ln(1.0 + spend),
        (sd / mean.max(1e-9)).min(3.0),
        rows.iter().filter(|r| r.payments == 0).count() as f32,
        share(SENSITIVE),
        share(0),
        share(1),
        share(4),
        share(5),
    ]
}

#[test]
fn features_are_what_the_monthly_rows_say() {
    for months in [24, 13] {
        let m = model(|_, h, _| synthetic(h).months = months);
        let people = m.people(streams(), 64, 300).unwrap();
        let panel = m.panel(streams(), 64, 300);
        for (i, rows) in panel.chunks(months as usize).enumerate() {
            let got: Vec<f32> = [&people.bureau, &people.platform]
                .iter()
                .flat_map(|f| (0..f.width()).map(|j| f.column(j)[i]).collect::<Vec<_>>())
                .collect();
            assert_eq!(bits(&got), bits(&naive(rows, people.file[i])), "person {i}");
        }
    }
}

#[test]
fn months_hold_together() {
    let m = model(|_, _, _| ());
    let people = m.people(streams(), 0, 2_000).unwrap();
    for (i, rows) in m.panel(streams(), 0, 2_000).chunks(24).enumerate() {
        let open = rows.iter().filter(|r| r.state.is_some()).count();
        assert_eq!(open, [0, 6, 24][people.file[i] as usize]);
        for r in rows {
            let sum: f32 = r.categories.iter().sum();
            assert!((sum - r.spend).abs() <= 1e-5 * r.spend && r.late <= r.due && r.due <= 4);
            assert!((r.payments == 0) == (r.spend == 0.0) && r.spend.is_finite());
            assert!((0.0..=1.0).contains(&r.utilisation));
        }
    }
}

#[test]
fn columns_stay_inside_their_public_bounds() {
    let people = model(|_, _, _| ()).people(streams(), 0, 20_000).unwrap();
    assert_eq!(people.bureau.columns(), bureau_columns(24));
    assert_eq!(people.platform.columns(), platform_columns(24));
    for f in [&people.bureau, &people.platform] {
        for (j, c) in f.columns().iter().enumerate() {
            let values = f.column(j);
            let outside = values.iter().filter(|v| !(c.lo..=c.hi).contains(*v)).count();
            assert!(outside <= 20, "{}: {outside} of 20000 outside {}..{}", c.name, c.lo, c.hi);
            assert!(values.iter().any(|v| *v != values[0]), "{} is constant", c.name);
            assert!(c.steps.iter().chain(&c.knots).all(|t| *t > c.lo && *t < c.hi));
        }
    }
}

/// Whether a share differs from `want` by more than chance at α.
fn off(hits: usize, n: usize, want: f64) -> bool {
    let n = n as f64;
    (hits as f64 / n - want).abs() > SIGMAS * libm::sqrt(want * (1.0 - want) / n)
}

/// Catches an intercept solved for another chain than the simulated one; the twin is the chain without intercept.
#[test]
fn fact_6_holds_for_any_loading() {
    let n = 40_000;
    for (loading, spread) in [(0.3, 0.5), (1.5, 0.8)] {
        let m = model(|p, h, l| {
            p.file = FileParams { none: 0.0, thin: 0.0, thick: 1.0 };
            p.correlation = CorrelationParams { community: 0.0, district: 0.0 };
            p.group.file_gap = 0.0;
            synthetic(h).liquidity.spread = spread;
            l.bureau = loading;
        });
        let people = m.people(streams(), 0, n).unwrap();
        let ever = people.bureau.index("ever_90_24m").unwrap();
        let hits = people.bureau.column(ever).iter().filter(|x| **x > 0.5).count();
        assert!(!off(hits, n, 0.079), "loading {loading}: {hits} of {n}");
    }
    let liquidity = LiquidityParams { spread: 0.8, ..LiquidityParams::default() };
    let broken = intercept::ever_90(&BureauParams::default(), &liquidity, 1.5, 0.0);
    assert!(off((broken * n as f64) as usize, n, 0.079), "without an intercept {broken}");
}

/// Catches cut points read off the wrong mixture, gaps that move the overall shares, and an outcome off its base rate.
#[test]
fn shares_come_out_as_asked() {
    let n = 100_000;
    let people = model(|p, _, _| p.correlation = CorrelationParams { community: 0.0, district: 0.0 })
        .people(streams(), 0, n)
        .unwrap();
    let count = |f: &dyn Fn(usize) -> bool| (0..n).filter(|i| f(*i)).count();
    for (depth, want) in [(FileDepth::None, 0.57), (FileDepth::Thin, 0.13), (FileDepth::Thick, 0.30)] {
        assert!(!off(count(&|i| people.file[i] == depth), n, want), "{depth:?}");
    }
    for decile in 1..=10 {
        assert!(!off(count(&|i| people.decile[i] == decile), n, 0.1), "decile {decile}");
    }
    assert!(!off(count(&|i| people.group[i] == 1), n, 0.3));
    assert!(!off(count(&|i| people.default[i]), n, 0.036));
    let group = |g: u8| {
        let members = count(&|i| people.group[i] == g);
        count(&|i| people.group[i] == g && people.file[i] != FileDepth::None) as f64 / members as f64
    };
    assert!((group(1) - group(0) + 0.1).abs() < 0.02);
    // The twin: a base rate of 4.2 % would be noticed.
    assert!(off(count(&|i| people.default[i]), n, 0.042));
}

#[test]
fn communities_are_alike_only_if_asked() {
    let icc = |community: f64| {
        let people = model(|p, _, _| p.correlation = CorrelationParams { community, district: 0.0 })
            .people(streams(), 0, 64_000)
            .unwrap();
        let means: Vec<f64> =
            people.quality.chunks(64).map(|c| c.iter().map(|z| f64::from(*z)).sum::<f64>() / 64.0).collect();
        // Var(mean) = ρ + (1−ρ)/64.
        (means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64 - 1.0 / 64.0) * 64.0 / 63.0
    };
    assert!((icc(0.15) - 0.15).abs() < SIGMAS * 0.16 * 1.5 / 31.0);
    assert!(icc(0.0).abs() < SIGMAS * 0.016 * 1.5 / 31.0);
}

/// AUC of a score against true PDs: every person bad with weight PD and good with weight 1 − PD.
fn auc(score: &[f64], pd: &[f32]) -> f64 {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
    let (mut good, mut bad, mut pairs) = (0.0, 0.0, 0.0);
    for i in order {
        let p = f64::from(pd[i]);
        pairs += p * good;
        good += 1.0 - p;
        bad += p;
    }
    pairs / (good * bad)
}

#[test]
fn a_strong_bureau_ranks_defaults_well_enough_for_fact_5() {
    let people = model(|p, _, l| {
        p.file = FileParams { none: 0.0, thin: 0.0, thick: 1.0 };
        p.group.file_gap = 0.0;
        *l = Loadings { outcome: 2.5, bureau: 2.5, platform: 0.5 };
    })
    .people(streams(), 0, 20_000)
    .unwrap();
    let mean = people.bureau.column(people.bureau.index("utilisation_mean_24m").unwrap());
    let score: Vec<f64> = mean.iter().map(|u| f64::from(*u)).collect();
    let reached = auc(&score, &people.pd);
    assert!(reached > 0.87, "{reached}");
}

#[test]
fn impossible_worlds_are_refused() {
    let new = |p: &PopulationParams, l: &Loadings| {
        Model::new(p, &HistoriesParams::default(), &OutcomeParams::default(), &ApplicantsParams::default(), l)
    };
    let p = PopulationParams::default();
    let l = Loadings::default();
    assert!(new(&p, &l).is_ok());
    assert!(new(&PopulationParams { file: FileParams { none: 0.5, ..p.file.clone() }, ..p.clone() }, &l).is_err());
    let wide = GroupParams { file_gap: -0.9, ..p.group.clone() };
    assert!(new(&PopulationParams { group: wide, ..p.clone() }, &l).is_err());
    let alike = CorrelationParams { community: 0.6, district: 0.4 };
    assert!(new(&PopulationParams { correlation: alike, ..p.clone() }, &l).is_err());
    assert!(new(&p, &Loadings { bureau: f64::NAN, ..l }).is_err());
}

#[test]
fn applicants_come_at_the_rate_and_under_stress() {
    let ask = ApplicantsParams { rate: 0.2, need_slope: 1.5 };
    let (p, h, l) = (PopulationParams::default(), HistoriesParams::default(), Loadings::default());
    let m = Model::new(&p, &h, &OutcomeParams::default(), &ask, &l).unwrap();
    let n = 20_000;
    let people = m.people(streams(), 0, n).unwrap();
    assert!(!off(people.applicant.iter().filter(|a| **a).count(), n, 0.2));
    let last: Vec<f32> = m.panel(streams(), 0, 2_000).chunks(24).map(|r| r[23].liquidity).collect();
    let mean = |yes: bool| {
        let of: Vec<f32> = (0..2_000).filter(|i| people.applicant[*i] == yes).map(|i| last[i]).collect();
        of.iter().sum::<f32>() / of.len() as f32
    };
    assert!(mean(true) > mean(false) + 0.3);
}
