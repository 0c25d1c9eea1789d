//! `manifest.json`: all that is needed to repeat a run and to read its results; `datapackage.json` (Data Package v2):
//! what validators of tabular data need.

use super::{Context, csv};
use crate::error::{Error, Result};
use crate::evaluate::Row;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io;
use std::path::Path;

/// Name of the manifest in a run folder: a folder that has one is whole.
pub const FILE: &str = "manifest.json";

/// All that is needed to repeat a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of pretick.
    pub pretick_version: String,
    /// Version of the layout of draws.
    pub rng_version: u32,
    /// Identifies the run: same scenario, data and version, same id.
    pub run_id: String,
    /// The scenario as given.
    pub scenario_text: String,
    /// SHA-256 of `scenario_text`, hexadecimal.
    pub scenario_sha256: String,
    /// Every parameter with its effective value, as TOML.
    pub effective_scenario: String,
    /// Seed.
    pub seed: u64,
    /// Command line.
    pub command: Vec<String>,
    /// Seconds a stage.
    pub timings: Vec<Timing>,
    /// Every release with its sensitivity, scale and cost.
    pub ledger: Value,
    /// The file of real histories, if any.
    pub data: Option<DataFile>,
    /// Where noise comes from: `seeded` or `opendp`.
    pub noise: String,
    /// What the report must know of the run.
    pub context: Context,
    /// Files of the folder; filled in when it is written.
    #[serde(default)]
    pub files: Vec<Written>,
    /// Remarks (pictures left out, convergence).
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Wall time of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Stage.
    pub stage: String,
    /// Seconds.
    pub seconds: f64,
}

/// A file of real histories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path as given in the scenario.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// A file written to the run folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Path inside the folder, with `/`.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Counts and hashes what passes.
pub struct Hashed<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: io::Write> Hashed<W> {
    /// Passes everything on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// Where it passes on to.
    pub const fn inner(&self) -> &W {
        &self.inner
    }

    /// Number of bytes, and their SHA-256 in hexadecimal.
    pub fn finish(self) -> (u64, String) {
        (self.bytes, hex(&self.hash.finalize()))
    }
}

impl<W: io::Write> io::Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..n).unwrap_or(bytes));
        self.bytes += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

impl Manifest {
    /// Reads the manifest of a run folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        serde_json::from_str(&text).map_err(|e| Error::Data {
            file: path.display().to_string(),
            line: e.line() as u64,
            column: format!("character {}", e.column()),
            message: e.to_string(),
        })
    }
}

/// The descriptor of the tables among `files`.
pub fn data_package(manifest: &Manifest, rows: &[Row]) -> Value {
    let context = &manifest.context;
    let describe = |name: &str| match name {
        "arm" => "arm of the scenario",
        "epsilon" => {
            "ε of the arm's release; empty: none, inf: the noiseless twin; its meaning is the arm's guarantee, see manifest.json"
        }
        "replication" => "replication, from 0",
        "replications" => "replications with a defined value",
        "metric" => "what was measured",
        "group" => "on whom: all, file=none, decile=3, …",
        "value" => "the measured value; empty: undefined",
        "mean" => "mean over replications",
        "lo" => "lower end of the 95 % interval",
        "hi" => "upper end of the 95 % interval",
        "reference" => "arm that the difference is taken to",
        "diff" => "mean paired difference to the reference arm",
        "diff_lo" => "lower end of its 95 % interval",
        "diff_hi" => "upper end of its 95 % interval",
        _ => "value of this scenario key",
    };
    // Table Schema knows INF, not inf: with an infinite ε the column is text.
    let infinite = rows.iter().any(|r| r.epsilon.is_some_and(f64::is_infinite));
    let kind = |name: &str| match name {
        "epsilon" if !infinite => "number",
        "value" | "mean" | "lo" | "hi" | "diff" | "diff_lo" | "diff_hi" => "number",
        "replication" | "replications" => "integer",
        _ => "string",
    };
    let schema = |columns: &[String]| {
        let fields: Vec<Value> =
            columns.iter().map(|c| json!({ "name": c, "type": kind(c), "description": describe(c) })).collect();
        json!({ "$schema": "https://datapackage.org/profiles/2.0/tableschema.json", "fields": fields, "missingValues": [""] })
    };
    let results = csv::columns(&context.sweep_keys);
    let summary = csv::summary_columns(&context.sweep_keys);
    let resources: Vec<Value> = manifest
        .files
        .iter()
        .filter_map(|f| {
            let (columns, format, media) = match f.path.as_str() {
                "results.csv" => (&results, "csv", "text/csv"),
                "summary.csv" => (&summary, "csv", "text/csv"),
                "results.parquet" => (&results, "parquet", "application/vnd.apache.parquet"),
                _ => return None,
            };
            let mut resource = json!({
                "$schema": "https://datapackage.org/profiles/2.0/dataresource.json",
                "name": f.path.replace('.', "-"),
                "path": f.path,
                "format": format,
                "mediatype": media,
                "bytes": f.bytes,
                "hash": format!("sha256:{}", f.sha256),
            });
            if format == "csv" {
                resource["type"] = json!("table");
                resource["encoding"] = json!("utf-8");
                resource["schema"] = schema(columns);
            }
            Some(resource)
        })
        .collect();
    let note = if context.real_data { format!(" {}.", super::SIMULATED) } else { String::new() };
    json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": slug(&context.title),
        "title": context.title,
        "description": format!("{}{note}", context.question),
        "version": manifest.pretick_version,
        "resources": resources,
    })
}

/// Lower-case letters, digits and hyphens.
pub fn slug(text: &str) -> String {
    let mapped: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = mapped.split('-').filter(|p| !p.is_empty()).collect();
    if parts.is_empty() { "run".to_owned() } else { parts.join("-") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::report::fake;

    pub(crate) fn manifest(run_id: &str, context: Context) -> Manifest {
        Manifest {
            pretick_version: env!("CARGO_PKG_VERSION").to_owned(),
            rng_version: crate::rng::RNG_VERSION,
            run_id: run_id.to_owned(),
            scenario_text: "seed = 1\n".to_owned(),
            scenario_sha256: sha256(b"seed = 1\n"),
            effective_scenario: "seed = 1\n".to_owned(),
            seed: context.seed,
            command: vec!["pretick".to_owned(), "run".to_owned()],
            timings: vec![Timing { stage: "simulate".to_owned(), seconds: 0.125 }],
            ledger: json!([]),
            data: None,
            noise: "seeded".to_owned(),
            context,
            files: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn sha256_of_the_empty_text() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(slug("Annual bill, 2018!"), "annual-bill-2018");
        assert_eq!(slug("é"), "run");
    }

    #[test]
    fn a_manifest_reads_back() {
        let m = manifest("r1", fake::swept());
        let text = serde_json::to_string_pretty(&m).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), m);
    }

    #[test]
    fn the_package_lists_only_tables_and_an_infinite_epsilon_is_text() {
        let context = Context { replications: 1, ..fake::context() };
        let rows = fake::rows(&context);
        let mut m = manifest("r1", context);
        let file = |path: &str| Written { path: path.to_owned(), bytes: 1, sha256: "0".to_owned() };
        m.files = vec![file("results.csv"), file("plots/a.svg")];
        let package = data_package(&m, &rows);
        assert_eq!(package["resources"].as_array().unwrap().len(), 1);
        assert_eq!(package["resources"][0]["schema"]["fields"][1]["type"], "string");
        let finite: Vec<Row> = rows.into_iter().filter(|r| r.epsilon.is_none_or(f64::is_finite)).collect();
        assert_eq!(data_package(&m, &finite)["resources"][0]["schema"]["fields"][1]["type"], "number");
    }
}
