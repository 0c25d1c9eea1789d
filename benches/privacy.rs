//! Speed of the private parts: exact samplers beside opendp's, a release of cohort sums, randomised response, the DP scorer.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pretick::experiment::{Histories, World, loadings_for};
use pretick::privacy::{
    Budget, Composition, Event, IntegerGaussian, IntegerLaplace, Ledger, Noise, NoiseMode, RandomisedResponse,
};
use pretick::rng::Streams;
use pretick::scenario::Loaded;
use pretick::scoring::{DpLogistic, DpLogisticParams, Scorer};
use pretick::view::PlatformView;

fn bench(c: &mut Criterion) {
    let noise = |mode| Noise::new(mode, Streams::new(1, 0), 1);
    let mut group = c.benchmark_group("release of 5,000 sums");
    group.sample_size(20).throughput(Throughput::Elements(5_000));
    for (name, mode) in [("seeded", NoiseMode::Seeded), ("system", NoiseMode::System), ("opendp", NoiseMode::Opendp)] {
        let laplace = IntegerLaplace::calibrate(128, 1.0).unwrap();
        let gaussian = IntegerGaussian::calibrate(128 * 128, 0.1).unwrap();
        let mut values = vec![0i64; 5_000];
        group.bench_function(format!("discrete Laplace, {name}"), |b| {
            b.iter(|| laplace.release(&mut values, "q", &mut noise(mode), &mut Ledger::new()).unwrap());
        });
        group.bench_function(format!("discrete Gaussian, {name}"), |b| {
            b.iter(|| gaussian.release(&mut values, "q", &mut noise(mode), &mut Ledger::new()).unwrap());
        });
    }
    group.finish();

    let mut group = c.benchmark_group("randomised response");
    group.sample_size(20).throughput(Throughput::Elements(100_000));
    let mechanism = RandomisedResponse::calibrate(4, 1.0).unwrap();
    let mut categories = vec![1u8; 100_000];
    group.bench_function("100,000 persons, one report", |b| {
        let noise = noise(NoiseMode::Seeded);
        b.iter(|| mechanism.release(&mut categories, 0, 0, "q", &noise, &mut Ledger::new()).unwrap());
    });
    group.finish();

    let mut group = c.benchmark_group("ε of 10⁶ events");
    group.sample_size(20);
    for (name, event) in [
        ("sampled Gaussian, q = 1e-3, σ = 1", Event::SampledGaussian { rate: 1e-3, sigma: 1.0 }),
        ("sampled Gaussian, q = 1e-4, σ = 1", Event::SampledGaussian { rate: 1e-4, sigma: 1.0 }),
        ("Laplace, ε = 0.001", Event::Laplace { epsilon: 1e-3 }),
    ] {
        let all = Composition::of(event, 1_000_000).unwrap();
        group.bench_function(name, |b| b.iter(|| all.pld(1e-6).unwrap()));
    }
    group.finish();

    let loaded = Loaded::from_toml("default", "", &[]).unwrap();
    let loadings = loadings_for(&loaded.scenario, &mut Vec::new()).unwrap();
    let world = World::new(&loaded.scenario, &Histories::Synthetic, &loadings, 0).unwrap();
    let train = &world.halves.train;
    for (name, persons) in
        [("dp-logistic, half of 100,000 persons", train.len()), ("dp-logistic, 1,000 persons", 1_000)]
    {
        let train = &train[..persons];
        let view = PlatformView {
            features: world.people.bureau.select(train).beside(&world.people.platform.select(train)),
            labels: Some(train.iter().map(|i| world.people.default[*i as usize]).collect()),
        };
        let mut group = c.benchmark_group("fit");
        group.sample_size(10).throughput(Throughput::Elements(train.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let scorer = DpLogistic {
                    params: DpLogisticParams::default(),
                    budget: Budget { epsilon: 1.0, delta: 1e-6 },
                    noise: noise(NoiseMode::Seeded),
                };
                scorer.fit(&view, &mut Ledger::new()).unwrap()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
