//! ONNX Runtime: reads a model and runs it, some thousand rows at a time.

use super::plan::{Element, Input, Kind, Plan, Port, place, plan};
use super::{OnnxParams, RUNTIME};
use crate::view::{Column, Frame};
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, Tensor, TensorElementType, ValueType};
use std::path::Path;
use std::sync::Mutex;

/// Rows of one call.
const BATCH: usize = 8192;
/// What the rounding of a `float` may add to a probability.
const ROUNDING: f64 = 1e-6;

/// A model with the way through it.
pub(super) struct Model {
    path: String,
    session: Mutex<Session>,
    plan: Plan,
}

/// Loads the library, once in a process.
pub(super) fn load() -> Result<(), String> {
    let name = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
    let library = RUNTIME.get().map_or(Path::new(name), |p| p.as_path());
    let runtime = ort::init_from(library).map_err(|e| {
        format!(
            "ONNX Runtime is not there: {e}; install it (pip install onnxruntime) and give its library in the environment variable ORT_DYLIB_PATH (docs/bring-your-own.md)"
        )
    })?;
    runtime.with_telemetry(false).commit();
    Ok(())
}

impl Model {
    /// Reads a model and finds the way of these columns through it.
    pub(super) fn open(params: &OnnxParams, columns: &[Column]) -> Result<Self, String> {
        let bytes = std::fs::read(&params.path).map_err(|e| format!("the model cannot be read: {e}"))?;
        load()?;
        let session = session(&bytes).map_err(|e| format!("ONNX Runtime does not take the model: {e}"))?;
        let view: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let ports = |outlets: &[Outlet]| outlets.iter().map(port).collect::<Vec<_>>();
        let plan = plan(params, &ports(session.inputs()), &ports(session.outputs()), &view)?;
        Ok(Self { path: params.path.clone(), session: Mutex::new(session), plan })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// PD of each row; the columns are those the model was opened for.
    pub(super) fn score(&self, frame: &Frame) -> Result<Vec<f64>, String> {
        let mut pds = Vec::with_capacity(frame.rows());
        let mut session = self.session.lock().map_err(|_| "an earlier call of the model broke off".to_owned())?;
        for start in (0..frame.rows()).step_by(BATCH) {
            let rows = start..(start + BATCH).min(frame.rows());
            let inputs = self
                .plan
                .inputs
                .iter()
                .map(|input| Ok((input.name.as_str(), tensor(input, frame, rows.clone())?)))
                .collect::<ort::Result<Vec<_>>>()
                .map_err(|e| format!("the table cannot be given to the model: {e}"))?;
            let outputs = session.run(inputs).map_err(|e| format!("the model failed on rows {rows:?}: {e}"))?;
            let Some(output) = outputs.get(&self.plan.output) else {
                return Err(format!("the model gave no output `{}`", self.plan.output));
            };
            let (shape, values) = match output.try_extract_tensor::<f32>() {
                Ok((shape, values)) => (shape, values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()),
                Err(_) => match output.try_extract_tensor::<f64>() {
                    Ok((shape, values)) => (shape, values.to_vec()),
                    Err(e) => return Err(format!("the output `{}` cannot be read: {e}", self.plan.output)),
                },
            };
            let (step, at) = place(shape, rows.len(), self.plan.class)?;
            for (row, v) in rows.zip(values.iter().skip(at).step_by(step)) {
                pds.push(probability(*v).ok_or_else(|| {
                    format!(
                        "the output `{}` of row {} is {v}, which is no PD: a number from 0 to 1; is it a logit, or another class (lender.onnx.class)?",
                        self.plan.output,
                        row + 1
                    )
                })?);
            }
        }
        Ok(pds)
    }
}

fn probability(v: f64) -> Option<f64> {
    (-ROUNDING..=1.0 + ROUNDING).contains(&v).then(|| v.clamp(0.0, 1.0) + 0.0)
}

fn session(bytes: &[u8]) -> ort::Result<Session> {
    let builder = Session::builder()?.with_intra_threads(1)?.with_log_level(ort::logging::LogLevel::Fatal)?;
    let mut builder = builder;
    builder.commit_from_memory(bytes)
}

fn port(outlet: &Outlet) -> Port {
    let words =
        |ty: &TensorElementType, shape: &[i64]| Kind::Other(format!("{} {shape:?}", format!("{ty:?}").to_lowercase()));
    let kind = match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
            Kind::Numbers(Element::Float, shape.to_vec())
        }
        ValueType::Tensor { ty: TensorElementType::Float64, shape, .. } => {
            Kind::Numbers(Element::Double, shape.to_vec())
        }
        ValueType::Tensor { ty, shape, .. } => words(ty, shape),
        ValueType::Sequence(inner) if matches!(**inner, ValueType::Map { .. }) => Kind::Maps,
        ValueType::Sequence(_) => Kind::Other("a list".into()),
        ValueType::Map { .. } => Kind::Maps,
        ValueType::Optional(_) => Kind::Other("optional".into()),
    };
    Port { name: outlet.name().to_owned(), kind }
}

/// The columns of some rows, row after row.
fn tensor(input: &Input, frame: &Frame, rows: std::ops::Range<usize>) -> ort::Result<SessionInputValue<'static>> {
    let columns: Vec<&[f32]> = input.columns.iter().map(|j| frame.column(*j)).collect();
    let shape: Vec<usize> = if input.flat { vec![rows.len()] } else { vec![rows.len(), columns.len()] };
    let cells = rows.flat_map(|row| columns.iter().map(move |c| c[row]));
    Ok(match input.element {
        Element::Float => Tensor::from_array((shape, cells.collect::<Vec<f32>>()))?.into(),
        Element::Double => Tensor::from_array((shape, cells.map(f64::from).collect::<Vec<f64>>()))?.into(),
    })
}
