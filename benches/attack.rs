//! Speed of membership inference: LiRA with 64 shadow models of a logistic regression, n = 2,000, on one thread. The same
//! game as `benches/peers/lira.py`: the UCI table "default of credit card clients", 24 terms, ridge .1 (C = 10).
//!
//! The table is looked for in `PRETICK_TAIWAN`, then beside the repository; without it nothing is measured.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]
#![allow(clippy::disallowed_methods, reason = "a bench finds its data")]

use criterion::{Criterion, criterion_group, criterion_main};
use pretick::attack::membership::{Game, Outcome, lira};
use pretick::privacy::Ledger;
use pretick::rng::{Entity, Purpose, Streams};
use pretick::scoring::expand::Expansion;
use pretick::scoring::refit::Refits;
use pretick::scoring::{Logistic, LogisticParams, Scorer};
use pretick::view::{Column, Frame, LenderView};
use std::hint::black_box;

mod handmade;

const MEMBERS: usize = 2_000;
const SHADOWS: usize = 64;

/// The 24 terms and the outcomes.
fn table() -> Option<(Frame, Vec<bool>)> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/taiwan/default.csv");
    let path = std::env::var("PRETICK_TAIWAN").unwrap_or_else(|_| beside.to_owned());
    let mut reader = csv::Reader::from_path(path).ok()?;
    let names: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let rows: Vec<Vec<f32>> =
        reader.records().map(|r| r.unwrap().iter().map(|v| v.parse().unwrap()).collect()).collect();
    let raw = |name: &str| -> Vec<f32> {
        let j = names.iter().position(|n| n == name).unwrap();
        rows.iter().map(|r| r[j]).collect()
    };
    let (_, wide) = handmade::features(&raw);
    Some((wide, rows.iter().map(|r| r[24] == 1.0).collect()))
}

fn view(frame: &Frame, labels: Option<Vec<bool>>) -> LenderView {
    let rows = frame.rows();
    let more = Frame::zeros(Vec::new(), rows);
    LenderView { always: frame.clone(), more, known: vec![false; rows], refusal_is_a_feature: false, labels }
}

fn membership(c: &mut Criterion) {
    let Some((frame, bad)) = table() else {
        println!("skipped: no Taiwan table (set PRETICK_TAIWAN)");
        return;
    };
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let streams = Streams::new(1, 0);
    let mut order: Vec<u32> = (0..bad.len() as u32).collect();
    order.sort_by_key(|i| streams.block(Entity::Person(u64::from(*i)), 9, Purpose::Attack, 0));
    let pool = &order[..2 * MEMBERS];
    let (x, y): (Frame, Vec<bool>) = (frame.select(pool), pool.iter().map(|i| bad[*i as usize]).collect());
    let people: Vec<Entity> = (0..y.len() as u64).map(Entity::Person).collect();
    let (game, all) = (Game::new(&people, SHADOWS, streams, 1), view(&x, None));
    let logistic = Logistic::new(LogisticParams { ridge: 0.1 });
    let anew = |_, members: &[u32]| {
        let labels = members.iter().map(|m| y[*m as usize]).collect();
        logistic.fit(&view(&x.select(members), Some(labels)), &mut Ledger::new())?.score(&all)
    };
    let from_all = || {
        let design = Expansion::new(x.columns()).design(&x);
        let refits = Refits::new(&design, &y, 0.1).unwrap();
        game.play(&y, |_, members| refits.scores(members)).unwrap()
    };
    c.bench_function("membership: LiRA, 64 logistic regressions of 2,000", |b| {
        b.iter(|| black_box(lira(&from_all(), &game)));
    });
    c.bench_function("membership: the same, each fitted anew", |b| {
        b.iter(|| black_box(lira(&game.play(&y, anew).unwrap(), &game)));
    });
    let phi = from_all();
    c.bench_function("membership: LiRA alone", |b| b.iter(|| black_box(lira(&phi, &game))));
    println!("AUC {:.4}", Outcome::of(&lira(&phi, &game), &game).auc);
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20).without_plots(); targets = membership }
criterion_main!(benches);
