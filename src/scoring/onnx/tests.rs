//! Tiny models (`models/make.py`) through the real runtime: `ORT_DYLIB_PATH=… cargo test --features onnx onnx`. Without the library
//! the tests say so and pass.

use super::*;
use crate::stats::logistic;
use crate::view::{Column, Frame};

#[allow(clippy::disallowed_methods, reason = "tests may look for the library")]
fn no_runtime() -> bool {
    if let Ok(path) = std::env::var("ORT_DYLIB_PATH") {
        use_runtime(path.into());
    }
    let missing = runtime::load().err();
    if let Some(why) = &missing {
        println!("skipped: {why}");
    }
    missing.is_some()
}

/// Columns late and used that the lender always has, and bills, which all share.
fn view(rows: usize) -> LenderView {
    let column = |name: &str| Column::new(name, -2.0, 2.0);
    let mut always = Frame::zeros(vec![column("late"), column("used")], rows);
    let mut more = Frame::zeros(vec![column("bills")], rows);
    for i in 0..rows {
        always.column_mut(0)[i] = (i % 5) as f32 - 1.0;
        always.column_mut(1)[i] = (i % 3) as f32;
        more.column_mut(0)[i] = (i % 7) as f32 / 3.0 - 1.0;
    }
    LenderView { always, more, known: vec![true; rows], refusal_is_a_feature: false, labels: None }
}

fn model(name: &str) -> Onnx {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scoring/onnx/models/");
    Onnx::new(OnnxParams { path: format!("{path}{name}.onnx"), ..OnnxParams::default() })
}

fn scores(onnx: &Onnx, v: &LenderView) -> Result<Vec<f64>> {
    onnx.fit(v, &mut Ledger::new())?.score(v)
}

fn wrong(onnx: &Onnx, v: &LenderView, parts: &[&str]) {
    match scores(onnx, v) {
        Err(Error::Scorer(message)) => {
            for part in parts {
                assert!(message.contains(part), "no {part:?} in {message}");
            }
        }
        other => panic!("a scorer's failure was expected, got {other:?}"),
    }
}

/// More rows than one call of the model takes, against the formula in `make.py`.
#[test]
fn a_scikit_learn_pipeline_gives_the_pds_of_its_formula() {
    if no_runtime() {
        return;
    }
    let v = view(20_001);
    let pd = scores(&model("logistic"), &v).unwrap();
    assert_eq!(pd.len(), 20_001);
    for i in 0..pd.len() {
        let x = [v.always.column(0)[i], v.always.column(1)[i], v.more.column(0)[i]].map(f64::from);
        let want = logistic(0.5 + (x[0] - 1.0) / 2.0 - (x[1] + 1.0) + 2.0 * x[2]);
        assert!((pd[i] - want).abs() < 1e-6, "row {i}: {} for {want}", pd[i]);
    }
    // Another order of columns is another score.
    let mut turned = model("logistic");
    turned.params.columns = ["used", "late", "bills"].map(str::to_owned).to_vec();
    let pd = scores(&turned, &v).unwrap();
    let x = [v.always.column(1)[1], v.always.column(0)[1], v.more.column(0)[1]].map(f64::from);
    assert!((pd[1] - logistic(0.5 + (x[0] - 1.0) / 2.0 - (x[1] + 1.0) + 2.0 * x[2])).abs() < 1e-6);
}

#[test]
fn trees_and_named_inputs_score() {
    if no_runtime() {
        return;
    }
    let v = view(100);
    let pd = scores(&model("trees"), &v).unwrap();
    for i in 0..100 {
        let (late, bills) = (v.always.column(0)[i], v.more.column(0)[i]);
        let want = if late <= 1.0 { 0.2 } else { 0.6 } + if bills <= 0.0 { 0.1 } else { 0.3 };
        assert!((pd[i] - want).abs() < 1e-6);
    }
    let pd = scores(&model("named"), &v).unwrap();
    let want = |i: usize| logistic(f64::from(v.always.column(0)[i]) - f64::from(v.more.column(0)[i]));
    assert!((0..100).all(|i| (pd[i] - want(i)).abs() < 1e-12), "doubles in, doubles out");
    // Unshared values are imputed as everywhere.
    let mut some = v.clone();
    some.known.iter_mut().step_by(2).for_each(|k| *k = false);
    some.more.column_mut(0).iter_mut().step_by(2).for_each(|x| *x = 0.0);
    let bills = Imputer::fit(&some).unwrap().complete(&some).column(2)[4];
    let pd = scores(&model("named"), &some).unwrap();
    assert!(bills != 0.0 && (pd[4] - logistic(f64::from(some.always.column(0)[4]) - f64::from(bills))).abs() < 1e-12);
}

#[test]
fn what_does_not_fit_is_said() {
    if no_runtime() {
        return;
    }
    let v = view(50);
    wrong(&model("zipmap"), &v, &["zipmap.onnx", "`output_probability`", "zipmap"]);
    wrong(&model("logit"), &v, &["`logit` of row", "no PD", "logit"]);
    wrong(&model("nothing"), &v, &["cannot be read"]);
    let bureau = LenderView { more: Frame::zeros(Vec::new(), 50), ..v.clone() };
    wrong(&model("logistic"), &bureau, &["takes 3 columns, got 2: `late`, `used`"]);
    wrong(&model("named"), &bureau, &["`late`, `bills`", "named after each column"]);
    let mut other = model("logistic");
    other.params.class = 2;
    wrong(&other, &v, &["[1, 2] for 1 rows", "lender.onnx.class"]);
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.onnx");
    std::fs::write(&broken, b"no model").unwrap();
    other.params.path = broken.display().to_string();
    wrong(&other, &v, &["broken.onnx", "does not take the model"]);
    let fitted = model("logistic").fit(&v, &mut Ledger::new()).unwrap();
    assert!(fitted.score(&bureau).is_err());
    assert_eq!(fitted.score(&view(0)).unwrap(), [0.0; 0]);
}
