//! The scenario `taiwan-2005` on the real table, where it is present.

use super::*;
use crate::document::{Node, render};
use crate::params::{About, Field, any};
use crate::stats::{logistic, solve_spd};
use ndarray::Array2;

const SCENARIO: &str = include_str!("../../../scenarios/taiwan-2005.toml");

fn scenario() -> TableParams {
    let node = Node::parse("taiwan-2005.toml", SCENARIO).unwrap();
    let table = ["histories", "source", "table"].iter().fold(&node, |n, key| n.get(key).unwrap());
    let mut problems = Vec::new();
    let about = About { doc: "", unit: "", bounds: any(), source: "" };
    let params = TableParams::read(table, "histories.source.table", &about, &mut problems);
    assert!(problems.is_empty(), "{}", render(&problems));
    params.unwrap()
}

/// The table, or `None` with a message where this machine does not have it.
fn table() -> Option<Table> {
    #[allow(clippy::disallowed_methods)]
    let path = std::env::var_os("PRETICK_TAIWAN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/taiwan/default.csv"),
        std::path::PathBuf::from,
    );
    if !path.exists() {
        println!("skipped: no {}; set PRETICK_TAIWAN to the UCI table", path.display());
        return None;
    }
    Some(Table::open(&path, &scenario(), false).unwrap())
}

#[test]
fn the_scenarios_map_is_sound() {
    scenario();
}

#[test]
fn the_real_table_is_read() {
    let Some(table) = table() else { return };
    assert_eq!(table.persons(), 30_000);
    assert!((table.default_rate() - 0.2212).abs() < 1e-9);
    assert_eq!(table.cohorts(), 36);
    let people = table.people(Streams::new(1, 0), true);
    assert_eq!((people.bureau.width(), people.platform.width()), (5, 15));
    assert_eq!(people.group_names, ["male", "female"]);
    println!("{}", table.notes().join("\n"));
    let mut deciles = [0usize; 11];
    people.decile.iter().for_each(|d| deciles[usize::from(*d)] += 1);
    println!("{deciles:?}");
    assert!(deciles[0] == 0 && deciles[1..].iter().all(|n| *n > 600), "{deciles:?}");
}

/// Linear term, steps and hinges of every quantity, scaled to [−1, 1] by the public bounds, and an indicator of each code
/// and level; a constant in front.
fn design(frame: &Frame) -> Vec<Vec<f64>> {
    let mut out = vec![vec![1.0; frame.rows()]];
    let on = |holds: bool| f64::from(u8::from(holds));
    for (j, c) in frame.columns().iter().enumerate() {
        let values = frame.column(j);
        let codes: Vec<f32> =
            if c.is_category() { (0..c.levels.len()).map(|k| k as f32).collect() } else { c.special.clone() };
        out.extend(codes.iter().map(|code| values.iter().map(|x| on(x == code)).collect()));
        let (lo, hi) = (f64::from(c.lo), f64::from(c.hi));
        let mut of = |term: &dyn Fn(f64) -> f64| {
            out.push(values.iter().map(|x| c.quantity(*x).map_or(0.0, |x| term(f64::from(x)))).collect());
        };
        of(&|x| (2.0 * x - lo - hi) / (hi - lo));
        c.steps.iter().for_each(|t| of(&|x| on(x >= f64::from(*t))));
        c.knots.iter().map(|k| f64::from(*k)).for_each(|k| of(&|x| (x - k).max(0.0) / (hi - k)));
    }
    out
}

/// AUC on odd persons of a logistic regression (ridge 1, eight Newton steps) on even ones.
fn auc(frame: &Frame, default: &[bool]) -> f64 {
    let x = design(frame);
    let d = x.len();
    let mut beta = vec![0.0; d];
    for _ in 0..8 {
        let (mut hessian, mut gradient) = (Array2::<f64>::eye(d), beta.iter().map(|b: &f64| -b).collect::<Vec<_>>());
        for i in (0..default.len()).step_by(2) {
            let row: Vec<f64> = x.iter().map(|c| c[i]).collect();
            let p = logistic(row.iter().zip(&beta).map(|(a, b)| a * b).sum());
            for a in 0..d {
                gradient[a] += row[a] * (f64::from(default[i]) - p);
                let weighted = row[a] * p * (1.0 - p);
                for b in 0..=a {
                    hessian[[a, b]] += weighted * row[b];
                }
            }
        }
        let step = solve_spd(&hessian, &gradient).unwrap();
        beta.iter_mut().zip(step).for_each(|(b, s)| *b += s);
    }
    let score = |i: usize| x.iter().zip(&beta).map(|(c, b)| c[i] * b).sum::<f64>();
    let mut scored: Vec<(f64, bool)> = (1..default.len()).step_by(2).map(|i| (score(i), default[i])).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut good, mut concordant) = (0u64, 0u64);
    for (_, bad) in &scored {
        if *bad { concordant += good } else { good += 1 }
    }
    concordant as f64 / (good * (scored.len() as u64 - good)) as f64
}

/// Other people's figures for this table: limit and demographics .625 (boosted trees), all columns .769 (logistic on
/// repayment status one-hot) and .775 (logistic on hinges), raw columns .723. One split has standard error about .006.
#[test]
fn public_transforms_carry_the_tables_signal() {
    let Some(table) = table() else { return };
    let mut people = table.people(Streams::new(1, 0), false);
    // Persons stand by cohort: alternate ones are halves of every cohort.
    let lender = auc(&people.bureau, &people.default);
    let all = auc(&people.bureau.beside(&people.platform), &people.default);
    println!("lender sees {lender:.4}, all {all:.4}, {} terms", design(&people.platform).len());
    assert!((0.60..0.66).contains(&lender), "{lender}");
    assert!(all >= 0.77, "{all}");
    // Twin: without public break points, codes and derived columns the table's own are worth less.
    let listed = |c: &&Column| ["PAY", "BILL"].iter().any(|start| c.name.starts_with(start));
    let listed: Vec<Column> = people.platform.columns().iter().filter(listed).cloned().collect();
    let names: Vec<&str> = listed.iter().map(|c| c.name.as_str()).collect();
    people.platform = people.platform.pick(&names);
    let plain = |c: &Column| Column::new(&c.name, c.lo.min(-2.0), c.hi);
    let plain: Vec<Column> = listed.iter().map(plain).collect();
    let mut frame = Frame::zeros(plain, people.platform.rows());
    (0..frame.width()).for_each(|j| frame.column_mut(j).copy_from_slice(people.platform.column(j)));
    people.platform = frame;
    let raw = auc(&people.bureau.beside(&people.platform), &people.default);
    assert!(raw < 0.765, "{raw}");
}
