//! Speed of the population kernel, in person-months a second.
//!
//! `reduced`: one normal shock, one logistic pay/miss draw, a delinquency step and counters a person-month, written with
//! pretick's lanes, beside a hand-written AVX2 kernel of the same workload (`reference`). Machines are noisy: quote the
//! ratio of two numbers from one sitting. `full`: the model of `population::kernel` with all its features.
//!
//! ```text
//! cargo bench --bench kernel
//! ```

#![allow(missing_docs, clippy::unwrap_used, clippy::inline_always)]

#[cfg(target_arch = "x86_64")]
#[path = "reference/avx2.rs"]
mod avx2;
#[path = "reference/workload.rs"]
mod workload;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pretick::population::features::FeatureSink;
use pretick::population::lanes::{Ids, LANES, exp, max, min, normals, unit};
use pretick::population::{
    ApplicantsParams, HistoriesParams, Loadings, Model, OutcomeParams, PopulationParams, simulate_block,
};
use pretick::rng::{Purpose, Streams};
use rayon::prelude::*;
use std::hint::black_box;
use workload::{Counts, MONTHS, PENALTY, PERSONS, Part, People};

/// The reduced workload on pretick's lanes: two months a Philox block, as in the reference.
#[multiversion::multiversion(targets(
    "x86_64+avx2+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+bmi1+bmi2",
    "x86_64+avx2+bmi1+bmi2"
))]
fn lanes_kernel(part: &mut Part, streams: Streams) -> Counts {
    let mut totals = [[[0u32; LANES]; 3]; MONTHS];
    for block in 0..part.quality.len() / LANES {
        let at = block * LANES;
        let ids = Ids::persons(part.first + at as u64);
        let (mut base, mut state, mut paid) = ([0.0f32; LANES], [0.0f32; LANES], [0u32; LANES]);
        for l in 0..LANES {
            base[l] = 2.2 + 0.8 * part.quality[at + l];
            state[l] = f32::from(part.state[at + l]);
        }
        for pair in 0..MONTHS / 2 {
            let words = ids.block(streams, pair as u16, Purpose::Month, 0);
            let shocks = [normals(&words[0]), normals(&words[1])];
            for half in 0..2 {
                let total = &mut totals[2 * pair + half];
                for l in 0..LANES {
                    let s = state[l];
                    let penalty = if s > 0.5 { PENALTY[1] } else { 0.0 };
                    let penalty = if s > 1.5 { PENALTY[2] } else { penalty };
                    let penalty = if s > 2.5 { PENALTY[3] } else { penalty };
                    let eta = base[l] + 0.5 * shocks[half][l] - penalty;
                    let pays = unit(words[2 + half][l]) * (1.0 + exp(-eta)) < 1.0;
                    let next = if pays { max(s - 1.0, 0.0) } else { min(s + 1.0, 3.0) };
                    state[l] = next;
                    paid[l] += u32::from(pays);
                    total[0][l] += u32::from(next == 1.0);
                    total[1][l] += u32::from(next == 2.0);
                    total[2][l] += u32::from(next == 3.0);
                }
            }
        }
        for l in 0..LANES {
            part.state[at + l] = state[l] as u8;
            part.paid[at + l] = part.paid[at + l].wrapping_add(paid[l] as u16);
            part.missed[at + l] = part.missed[at + l].wrapping_add((MONTHS as u32 - paid[l]) as u16);
        }
    }
    totals.map(|month| month.map(|lanes| lanes.iter().map(|x| u64::from(*x)).sum()))
}

fn run(people: &mut People, kernel: impl Fn(&mut Part) -> Counts + Sync) -> Counts {
    let parts: Vec<Counts> = people.parts().into_par_iter().map(|mut part| kernel(&mut part)).collect();
    let mut sum: Counts = [[0; 3]; MONTHS];
    for part in parts {
        for (to, from) in sum.iter_mut().flatten().zip(part.iter().flatten()) {
            *to += from;
        }
    }
    sum
}

/// Both kernels must describe the same world before their speeds are compared.
fn same_world(a: &Counts, b: &Counts) {
    for (x, y) in a[MONTHS - 1].iter().zip(&b[MONTHS - 1]) {
        let (x, y) = (*x as f64, *y as f64);
        assert!((x - y).abs() < 8.0 * (x + y).sqrt(), "the kernels disagree: {x} and {y} persons in a state");
    }
}

fn reduced(c: &mut Criterion) {
    let streams = Streams::new(1, 0);
    let mut group = c.benchmark_group("reduced");
    group.throughput(Throughput::Elements((PERSONS * MONTHS) as u64)).sample_size(20);
    let ours = run(&mut People::new(), |part| lanes_kernel(part, streams));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = avx2::kernel() {
            same_world(&ours, &run(&mut People::new(), |part| kernel(part, [1, 0])));
            group.bench_function(BenchmarkId::new("reference AVX2", threads), |b| {
                let mut people = People::new();
                b.iter(|| pool.install(|| black_box(run(&mut people, |part| kernel(part, [1, 0])))));
            });
        } else {
            eprintln!("this processor has no AVX2: no reference");
        }
        group.bench_function(BenchmarkId::new("lanes", threads), |b| {
            let mut people = People::new();
            b.iter(|| pool.install(|| black_box(run(&mut people, |part| lanes_kernel(part, streams)))));
        });
    }
    group.finish();
}

fn full(c: &mut Criterion) {
    let streams = Streams::new(1, 0);
    let model = Model::new(
        &PopulationParams::default(),
        &HistoriesParams::default(),
        &OutcomeParams::default(),
        &ApplicantsParams::default(),
        &Loadings::default(),
    )
    .unwrap();
    let months = model.months();
    let persons = 1 << 16;
    let mut group = c.benchmark_group("full");
    group.throughput(Throughput::Elements((persons * months) as u64)).sample_size(20);
    group.bench_function("features of a block", |b| {
        b.iter(|| {
            let mut defaults = 0u32;
            for first in (0..persons as u64).step_by(LANES) {
                let mut sink = FeatureSink::new(months);
                let block = simulate_block(&model, streams, first, &mut sink);
                defaults += block.default.iter().map(|d| u32::from(*d)).sum::<u32>();
                black_box((sink.bureau(&block.person), sink.platform()));
            }
            defaults
        });
    });
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        group.bench_function(BenchmarkId::new("people kept", threads), |b| {
            b.iter(|| pool.install(|| black_box(model.people(streams, 0, persons).unwrap())));
        });
    }
    group.finish();
}

criterion_group!(benches, reduced, full);
criterion_main!(benches);
