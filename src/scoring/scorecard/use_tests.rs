//! What is done with a fitted scorecard: points, reasons, files, SQL, cutoffs, calibration.

use super::super::logistic::tests::view;
use super::calibration::calibration;
use super::cutoffs::{cutoffs, gains};
use super::tests::{SPECIAL, exact, odd_view};
use super::*;
use crate::scoring::binning::Place;
use crate::scoring::scale::{Scale, ScaleParams};
use crate::stats::logistic;

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

fn input<'a>(relation: &'a str, id: &'a str) -> sql::Input<'a> {
    sql::Input { with: "", relation, id, no_score: "", least: &table::as_is, code: &table::as_is }
}

/// optbinning #187: SQL. The query is read back by hand: first WHEN that holds.
#[test]
fn the_sql_names_every_bin_once_in_the_order_of_assignment() {
    let v = odd_view(4000);
    let model = Scorecard::default().learn(&v).unwrap();
    let points = Points::new(&model, &ScaleParams::default(), &PointsParams::default()).unwrap();
    let text = sql::query(&points, &input("applicants", "id"), false);
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
            let holds = if l.starts_with("WHEN p.\"late\" IS NULL") {
                late.is_nan()
            } else if l.starts_with("WHEN p.\"late\" = ") {
                number(" = ") == Some(late)
            } else if l.starts_with("WHEN p.\"late\" >= ") {
                late >= number(" >= ").unwrap()
            } else {
                l.starts_with("WHEN p.\"job\" IN") && l.contains(if job == 0.0 { "'clerk'" } else { "'it''s'" })
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
    // A level that is listed and was not seen has its own line, where "not listed" was seen.
    let mut odd = odd_view(4000);
    odd.always.column_mut(1).iter_mut().step_by(7).for_each(|x| *x = 3.0);
    let model = Scorecard::default().learn(&odd).unwrap();
    let points = Points::new(&model, &ScaleParams::default(), &PointsParams::default()).unwrap();
    let job = &points.columns().iter().find(|c| c.card.column.name == "job").unwrap();
    let of = |level: u32| {
        let holds =
            |p: &Place| matches!(p, Place::Levels(l) if l.contains(&level)) || (level == 2 && *p == Place::Unseen);
        job.points[job.card.bins.iter().position(|b| holds(&b.place)).unwrap()]
    };
    let text = sql::query(&points, &input("t", ""), false);
    assert!(
        text.contains(&format!("IN ('none') THEN {:?}", of(2))) && text.contains(&format!("ELSE {:?} END", of(3))),
        "{text}"
    );
    let whole = sql::query(&points, &input("a\"b", ""), true);
    let rounded = whole.split(" THEN ").skip(1).all(|t| t.split_whitespace().next().unwrap().parse::<i64>().is_ok());
    assert!(whole.ends_with("FROM \"a\"\"b\" AS p) AS s\n") && rounded, "{whole}");
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
