//! What intervals of a run on one table are worth, and that `run` and `bench` say the same of one table. The long study, with its
//! method in docs/intervals.md, is `cargo bench --bench coverage`.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

#[path = "coverage/study.rs"]
mod study;

use pretick::experiment::bench::{Bench, Plan, contenders};
use pretick::experiment::{self, Silent};
use pretick::privacy::NoiseMode;
use pretick::scenario::Loaded;
use pretick::stats::Spread;
use study::{Coverage, Held, Study};

const SMALL: Study =
    Study { tables: 16, persons: 400, replications: 6, epsilons: "[2]", all_arms: false, spread: Spread::Resampled };

fn share(coverage: &Coverage) -> [f64; 2] {
    [&coverage.levels, &coverage.differences].map(|m| Coverage::by(m, |_| String::new())[""].share())
}

/// 16 tables, some 30 intervals each of levels and of differences, which hang together: taken for no more than 5 that are
/// independent, the standard error of a coverage of .95 is .024, so .83 is 5 σ (α < 1e-6). Its twin takes the replications for
/// populations of their own, so that nothing stands for who is in the table.
#[test]
fn intervals_hold_what_other_tables_say() {
    let [levels, differences] = share(&SMALL.run());
    assert!(levels > 0.83 && differences > 0.83, "{levels} {differences}");
    let [levels, differences] = share(&Study { spread: Spread::Independent, ..SMALL }.run());
    assert!(levels < 0.83 && differences < 0.83, "the twin: {levels} {differences}");
}

/// The price of privacy, AUC of the private scorer minus that of the other, on one table of 2,000: the same splits, so that
/// the scorer without privacy has the same AUC to the last bit; the noise is drawn anew, so that the prices differ by no more than
/// their own standard errors (5 σ, α < 1e-6). The fault it would catch: persons drawn twice, whose copies only the scorer without
/// privacy overfits on; there the price was +.0127 where it is −.0055.
#[test]
fn run_and_bench_agree_on_the_price_of_privacy() {
    let study = Study { persons: 2_000, replications: 8, epsilons: "[1]", ..SMALL };
    let loaded = Loaded::from_toml("table.toml", &study.toml(0), &[]).unwrap();
    let histories = study.table(&loaded, 0);
    let results = experiment::run(&loaded, &histories, NoiseMode::Seeded, &Silent).unwrap();
    let of_run = |arm: &str| -> Vec<f64> {
        let rows = results.rows.iter().filter(|r| &*r.arm == arm && &*r.metric == "auc" && &*r.group == "all");
        rows.map(|r| r.value).collect()
    };
    let plan = Plan { epsilons: vec![1.0], delta: 1e-6, seeds: 8, folds: 1, test_share: 0.5, train: None };
    let contenders = contenders(&loaded.scenario, &["logistic".into(), "dp-logistic".into()]).unwrap();
    let bench = Bench { scenario: &loaded.scenario, histories: &histories, plan: &plan, contenders: &contenders };
    let done = bench.run(None, &[], &|_| Ok(()), &Silent).unwrap();
    let of_bench = |scorer: &str| -> Vec<f64> {
        let of = done.iter().filter(|d| &*d.scorer == scorer);
        of.flat_map(|d| d.values.iter().filter(|v| &*v.0 == "auc").map(|v| v.1)).collect()
    };
    let (plain, private) = (of_run("full-sharing"), of_run("dp-model"));
    assert_eq!(plain, of_bench("logistic"), "the same persons learn and are tested");
    let price = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let [run, bench] = [price(&private, &plain), price(&of_bench("dp-logistic"), &of_bench("logistic"))];
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let error = |v: &[f64]| v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / (v.len() * (v.len() - 1)) as f64;
    let apart = (mean(&run) - mean(&bench)).abs();
    assert!(apart < 5.0 * (error(&run) + error(&bench)).sqrt(), "{} {}", mean(&run), mean(&bench));
    assert!(mean(&run) < 0.0, "privacy is not profitable: {}", mean(&run));
    let _ = Held::default().share();
}
