//! One golden run: a change of these numbers is a change of the model, of the layout of draws or of a fault, and must be
//! meant. Draws, sums and `libm` give the same bits on every processor; the tolerance covers a last digit.
//!
//! To renew after a change that is meant: `pretick run scenarios/annual-bill-2018.toml --persons 4000 --replications 2
//! --seed 11`, and read the rows of replication 1.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;
use std::fs;

const GOLDEN: &[(&str, f64)] = &[
    ("bureau-only,,1,auc,all", 0.577_771_427_550_855_6),
    ("bureau-only,,1,profit_per_applicant,all", 0.060_214_614_205_416_45),
    ("opt-in,,1,auc,all", 0.604_994_552_695_969),
    ("opt-in,,1,share_rate,all", 0.11175),
    ("default-sharing,,1,auc,all", 0.698_634_601_989_605_6),
    ("default-sharing,,1,share_rate,all", 0.97175),
    ("dp-aggregates,1,1,auc,all", 0.650_801_021_592_756),
    ("dp-aggregates-others,1,1,auc,all", 0.646_827_168_652_104_8),
    ("dp-model,1,1,auc,all", 0.580_066_439_249_165),
    ("local-dp,1,1,auc,all", 0.540_274_329_803_004),
    ("full-sharing,,1,auc,all", 0.702_389_669_768_355_6),
];

#[test]
fn the_golden_run_has_not_moved() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    Command::cargo_bin("pretick")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "scenarios/annual-bill-2018.toml", "--persons", "4000", "--replications", "2", "--seed", "11"])
        .args(["--no-plots", "--quiet", "--out"])
        .arg(&out)
        .assert()
        .success();
    let text = fs::read_to_string(out.join("results.csv")).unwrap();
    for (key, want) in GOLDEN {
        let line = text.lines().find(|l| l.starts_with(&format!("{key},"))).unwrap();
        let got: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
        assert!((got - want).abs() < 1e-9, "{key}: {got} for {want}");
    }
}
