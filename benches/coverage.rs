//! Coverage of the 95 % intervals of a run on one table: `cargo bench --bench coverage [TABLES [PERSONS [REPLICATIONS]]]`. The last
//! figures belong in docs/intervals.md. One minute and a half on two cores.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench fails where it breaks")]

#[path = "../tests/coverage/study.rs"]
mod study;

use pretick::stats::Spread;
use study::{Coverage, Study};

fn main() {
    let numbers: Vec<u32> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let number = |i: usize, default: u32| numbers.get(i).copied().unwrap_or(default);
    let study = Study {
        tables: number(0, 40),
        persons: u64::from(number(1, 1_000)),
        replications: number(2, 10),
        epsilons: "[0.5, 2]",
        all_arms: true,
        spread: Spread::Resampled,
    };
    let coverage = study.run();
    println!(
        "{} disjoint tables of {} persons, {} replications each: % of 95 % intervals that hold the mean of all tables, and their mean \
         half-width over the spread between tables (1.96 is just right)",
        study.tables, study.persons, study.replications
    );
    for (what, map) in [("levels", &coverage.levels), ("paired differences", &coverage.differences)] {
        for (title, groups) in [
            ("by arm", Coverage::by(map, |k| k.0.clone())),
            ("by metric", Coverage::by(map, |k| format!("{} {}", k.1, k.2))),
            ("all", Coverage::by(map, |_| "all".into())),
        ] {
            println!("\n{what}, {title}");
            for (name, held) in groups {
                println!(
                    "  {name:<42} {:5.1} %  {:5.2}  of {}",
                    100.0 * held.share(),
                    held.widths / f64::from(held.of),
                    held.of
                );
            }
        }
    }
}
