//! A trained model in an ONNX file as a scorer.
//!
//! The model is finished: `fit` learns the imputation of unshared columns ([`impute`](super::impute)) and nothing else, checks the
//! model's inputs and outputs against the view's columns, and scores one row as a trial. Scores are the model's.
//!
//! **Inputs.** Either one matrix, rows × columns, whose columns are those of `lender.onnx.columns` in that order (empty: all
//! of the view, in the view's order: what the lender always sees, then what the arm adds, then `refused` where that is
//! allowed), or one input a column, named after it, rows × 1. Elements are `float` or `double`; a missing value is NaN.
//!
//! **Output.** A tensor of `float` or `double`: one PD a row, or a row of class probabilities, of which
//! `lender.onnx.class` is the default's. A list of maps (scikit-learn's ZipMap) is refused with the advice to leave it
//! out. A PD must lie in [0, 1]; what a `float` misses by its rounding (10⁻⁶) is forgiven.
//!
//! A model that does not fit an arm's columns, or cannot be read, is an [`Error::Scorer`]: a
//! run leaves the arm out and goes on.
//!
//! **Runtime.** Models run in Microsoft's ONNX Runtime, a shared library that is found when it is needed
//! ([`use_runtime`]), on one thread a table. Needs `cargo build --features onnx`. Why this one: models of scikit-learn,
//! LightGBM and XGBoost consist of operators of `ai.onnx.ml` (Scaler, LinearClassifier, TreeEnsembleClassifier,
//! Normalizer, ZipMap), and the pure-Rust runtimes lack them: rten 0.27 and candle 0.11 all, tract 0.23 Scaler and ZipMap.
//!
//! Limits: bits of a score may differ between processors and versions of the runtime. A model is data, but the runtime
//! that reads it is no sandbox: score with models that you trust.

#[cfg(any(feature = "onnx", test))]
mod plan;
#[cfg(feature = "onnx")]
mod runtime;
#[cfg(all(test, feature = "onnx"))]
mod tests;

#[cfg(feature = "onnx")]
use super::impute::Imputer;
use super::{Fitted, Scorer};
use crate::error::{Error, Result};
use crate::params::{any, between};
use crate::privacy::Ledger;
use crate::view::LenderView;
use std::path::PathBuf;
use std::sync::OnceLock;

crate::params! {
    /// A trained model in an ONNX file.
    pub struct OnnxParams {
        /// The model's file, from the folder that pretick is started in.
        pub path: String = String::new(), "", any(), "the scenario's choice";
        /// Columns of the view in the order of the model's input; empty: all, in the view's order.
        pub columns: Vec<String> = Vec::new(), "", any(), "the model";
        /// Name of the output that holds the PDs; empty: the only one that can, or `probabilities`.
        pub output: String = String::new(), "", any(), "the model";
        /// Which column of the output is the probability of default, where it has several.
        pub class: u32 = 1, "column, from 0", between(0.0, 1e6), "scikit-learn's order of the classes 0 and 1";
    }
}

/// A scorer that is an ONNX model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Onnx {
    /// Its parameters.
    pub params: OnnxParams,
}

static RUNTIME: OnceLock<PathBuf> = OnceLock::new();

/// Names the shared library of ONNX Runtime, before the first model is read; else the system looks for it by its usual
/// name. A library is code: no scenario can name it.
pub fn use_runtime(library: PathBuf) {
    // Whoever names it first decides: it is loaded once in a process.
    let _ = RUNTIME.set(library);
}

/// Whether this build of pretick runs ONNX models.
pub fn built_in() -> Result<()> {
    if cfg!(feature = "onnx") { Ok(()) } else { Err(absent()) }
}

fn absent() -> Error {
    let message = "lender.scorer = \"onnx\": this pretick is built without ONNX: cargo build --features onnx";
    Error::Other(message.into())
}

impl Onnx {
    /// With these parameters.
    pub fn new(params: OnnxParams) -> Self {
        Self { params }
    }
}

#[cfg(not(feature = "onnx"))]
impl Scorer<LenderView> for Onnx {
    fn fit(&self, _: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Err(absent())
    }
}

#[cfg(feature = "onnx")]
mod fitted {
    use super::{Error, Fitted, Imputer, Ledger, LenderView, Onnx, Result, Scorer, runtime};

    /// A model that fits the view.
    struct OnnxModel {
        imputer: Imputer,
        model: runtime::Model,
    }

    impl Scorer<LenderView> for Onnx {
        fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
            let imputer = Imputer::fit(view)?;
            let frame = imputer.complete(view);
            let wrong = |what: String| Error::Scorer(format!("{}: {what}", self.params.path));
            let model = runtime::Model::open(&self.params, frame.columns()).map_err(wrong)?;
            if frame.rows() > 0 {
                model.score(&frame.select(&[0])).map_err(wrong)?;
            }
            Ok(Box::new(OnnxModel { imputer, model }))
        }
    }

    impl Fitted<LenderView> for OnnxModel {
        fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
            self.imputer.check(view)?;
            let pds = self.model.score(&self.imputer.complete(view));
            pds.map_err(|what| Error::Scorer(format!("{}: {what}", self.model.path())))
        }
    }
}
