//! Speed of the scorers without privacy: 50,000 persons on one thread.

use criterion::{Criterion, criterion_group, criterion_main};
use pretick::privacy::Ledger;
use pretick::rng::{Entity, Purpose, Streams};
use pretick::scoring::expand::Expansion;
use pretick::scoring::impute::Imputer;
use pretick::scoring::logistic::{Logistic, LogisticParams};
use pretick::scoring::newton::newton;
use pretick::scoring::scorecard::{Scorecard, ScorecardParams};
use pretick::scoring::{Boosting, Scorer};
use pretick::stats::logistic;
use pretick::view::{Column, Frame, LenderView};
use std::hint::black_box;

const ROWS: usize = 50_000;

fn frame(name: &str, width: usize, streams: Streams) -> Frame {
    let columns: Vec<Column> = (0..width).map(|j| Column::new(&format!("{name}{j}"), -4.0, 4.0)).collect();
    let mut out = Frame::zeros(columns, ROWS);
    for j in 0..width {
        for (i, x) in out.column_mut(j).iter_mut().enumerate() {
            *x = streams.normal(Entity::Person(i as u64), j as u16, Purpose::Month) as f32;
        }
    }
    out
}

fn view(always: usize, more: usize) -> LenderView {
    let streams = Streams::new(1, 0);
    let (always, more) = (frame("always", always, streams), frame("more", more, Streams::new(2, 0)));
    let person = |i: usize| Entity::Person(i as u64);
    let known = (0..ROWS).map(|i| streams.uniform(person(i), 0, Purpose::Notice) < 0.3).collect();
    let labels = (0..ROWS).map(|i| {
        let x = |j: usize| f64::from(always.column(j)[i]);
        streams.uniform(person(i), 0, Purpose::Outcome) < logistic(x(0) + 0.5 * x(1) - 0.5 * x(2) - 2.5)
    });
    let labels = Some(labels.collect());
    LenderView { always, more, known, refusal_is_a_feature: false, labels }
}

fn scoring(c: &mut Criterion) {
    // One thread; a second call (in the same process) finds it set.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let plain = view(24, 0);
    let expansion = Expansion::new(plain.always.columns());
    let design = expansion.design(&plain.always);
    let labels = plain.labels.clone().unwrap_or_default();
    c.bench_function("design 50,000 x 25", |b| b.iter(|| black_box(expansion.design(&plain.always))));
    c.bench_function("newton 50,000 x 25", |b| b.iter(|| black_box(newton(&design, &labels, 1.0, None))));
    let logistic = Logistic::new(LogisticParams::default());
    let scorecard = Scorecard::new(ScorecardParams::default());
    let boosting = Boosting::default();
    let scorers: [(&str, &dyn Scorer<LenderView>); 3] =
        [("logistic", &logistic), ("scorecard", &scorecard), ("boosting", &boosting)];
    for (name, scorer) in scorers {
        c.bench_function(&format!("{name} fit 50,000 x 25"), |b| {
            b.iter(|| black_box(scorer.fit(&plain, &mut Ledger::new())));
        });
        let Ok(fitted) = scorer.fit(&plain, &mut Ledger::new()) else { continue };
        c.bench_function(&format!("{name} score 50,000 x 25"), |b| b.iter(|| black_box(fitted.score(&plain))));
    }
    let partly = view(10, 12);
    c.bench_function("impute 50,000 x 10 x 12", |b| {
        b.iter(|| black_box(Imputer::fit(&partly).map(|imputer| imputer.complete(&partly))));
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20).without_plots(); targets = scoring }
criterion_main!(benches);
