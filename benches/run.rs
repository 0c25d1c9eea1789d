//! What a run is made of: one replication of histories, consent, aggregation, and one whole arm (choices → disclosure →
//! fit → scores → decisions → rows), on the default scenario with 100,000 persons.
//!
//! The kernel has a bench of its own (`kernel`), and so have the scorers (`scoring`).
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pretick::consent::{Attitudes, Form, FormParams};
use pretick::evaluate::{Emit, Judged};
use pretick::experiment::{Histories, World, arm_points, evaluate_arm, loadings_for, score_arm};
use pretick::privacy::NoiseMode;
use pretick::scenario::Loaded;
use std::sync::Arc;

fn bench(c: &mut Criterion) {
    let loaded = Loaded::from_toml("default", "", &[]).unwrap();
    let s = &loaded.scenario;
    let loadings = loadings_for(s, &mut Vec::new()).unwrap();
    let world = World::new(s, &Histories::Synthetic, &loadings, 0).unwrap();
    let persons = world.people.len() as u64;
    let judged = Judged::of(&world.people, &world.attitudes.segment, &[]);

    let mut group = c.benchmark_group("run");
    group.sample_size(10).throughput(Throughput::Elements(persons));
    group.bench_function("one replication before any arm", |b| {
        b.iter(|| World::new(s, &Histories::Synthetic, &loadings, 1).unwrap());
    });
    group.bench_function("attitudes", |b| b.iter(|| Attitudes::draw(&s.consent, &world.people, world.streams)));
    let form = Form::Shown(FormParams::default());
    group.bench_function("choices under one form", |b| b.iter(|| world.attitudes.choose(&s.consent, &form)));
    for name in ["bureau-only", "opt-in", "dp-aggregates", "dp-model", "local-dp", "full-sharing"] {
        let points = arm_points(s);
        let near_one = |p: &&pretick::experiment::ArmPoint| p.name == name && p.epsilon.is_none_or(|e| e == 1.0);
        let point = points.iter().find(near_one).unwrap();
        group.bench_function(format!("arm {name}: choices, disclosure, fit, scores, decisions"), |b| {
            b.iter(|| score_arm(s, &world, point, NoiseMode::Seeded).unwrap());
        });
        let scored = score_arm(s, &world, point, NoiseMode::Seeded).unwrap();
        let emit = || Emit {
            arm: Arc::from(name),
            epsilon: point.epsilon,
            sweep: Arc::from(Vec::new()),
            replication: 0,
            rows: Vec::new(),
            notes: Vec::new(),
        };
        group.bench_function(format!("arm {name}: metrics"), |b| {
            b.iter_batched(
                emit,
                |mut emit| evaluate_arm(s, &world, point, &scored, Some(&scored.pd), &judged, &mut emit).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
