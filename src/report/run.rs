//! The folder of a run: tables, pictures, descriptor, manifest.

use super::manifest::{self, Manifest};
use super::output::FolderTarget;
use super::{Summaries, csv, parquet, plots};
use crate::error::{Error, Result};
use crate::evaluate::Row;
use std::path::PathBuf;

/// Writes a whole run. Gives its place and what should be known of the disk; `manifest.files` is completed, and `manifest.notes` by
/// the pictures that were left out.
pub fn write_run(
    target: FolderTarget,
    manifest: &mut Manifest,
    rows: &[Row],
    pictures: bool,
) -> Result<(PathBuf, Vec<String>)> {
    let context = manifest.context.clone();
    let mut folder = target.begin()?;
    let keys = &context.sweep_keys;
    if context.real_data {
        // The tables' columns are a contract and have no room for it.
        folder.write_bytes("NOTICE.txt", format!("{}\n", super::SIMULATED).as_bytes())?;
    }
    folder.write("results.csv", |out| csv::write_results(out, rows, keys))?;
    let all = Summaries::new(rows, &context);
    folder.write("summary.csv", |out| csv::write_summary(out, &all, &context))?;
    let mut metadata = vec![
        ("pretick.version", manifest.pretick_version.clone()),
        ("pretick.run_id", manifest.run_id.clone()),
        ("pretick.scenario_sha256", manifest.scenario_sha256.clone()),
    ];
    if context.real_data {
        metadata.push(("pretick.warning", super::SIMULATED.to_owned()));
        manifest.notes.push(super::SIMULATED.to_owned());
    }
    folder.write("results.parquet", |out| parquet::write_results(out, rows, keys, &metadata))?;
    folder.write_bytes("scenario.toml", manifest.scenario_text.as_bytes())?;
    folder.write_bytes("scenario.effective.toml", manifest.effective_scenario.as_bytes())?;
    if pictures {
        let (drawn, left_out) = plots::draw_all(&all, &context)?;
        for plot in &drawn {
            folder.write_bytes(&format!("plots/{}.svg", plot.name), plot.svg.as_bytes())?;
            folder.write_bytes(&format!("plots/{}.png", plot.name), &plots::png(&plot.svg)?)?;
        }
        manifest.notes.extend(left_out);
    }
    manifest.files = folder.files().to_vec();
    let json = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
    let package = manifest::data_package(manifest, rows);
    manifest.files.push(folder.write_bytes("datapackage.json", &json(&package))?);
    let value = serde_json::to_value(&*manifest).map_err(|e| Error::Other(format!("{}: {e}", manifest::FILE)))?;
    folder.finish(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::manifest::tests::manifest;
    use crate::report::output::RUN;
    use crate::report::{Context, Overwrite, fake};
    use std::fs;
    use std::path::Path;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn run(target: &Path, id: &str, overwrite: Overwrite, real_data: bool) -> Result<(PathBuf, Vec<String>)> {
        let context = Context { replications: 2, real_data, ..fake::context() };
        let rows = fake::rows(&context);
        let target = FolderTarget::check(target, RUN, Some(id), overwrite)?;
        write_run(target, &mut manifest(id, context), &rows, false)
    }

    #[test]
    fn a_run_folder_is_whole_and_describes_itself() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/result");
        let (folder, notes) = run(&target, "r1", Overwrite::Refuse, false).unwrap();
        assert!(notes.is_empty());
        assert_eq!(entries(&home.path().join("deep")), ["result"]);
        let read = Manifest::read(&folder).unwrap();
        for file in &read.files {
            let bytes = fs::read(folder.join(&file.path)).unwrap();
            assert_eq!((file.bytes, &file.sha256), (bytes.len() as u64, &manifest::sha256(&bytes)));
        }
        assert_eq!(entries(&folder).len(), read.files.len() + 1);
    }

    /// Every file that can carry words says so; a CSV cannot, its descriptor does.
    #[test]
    fn files_on_real_data_say_that_nothing_is_safe_to_publish() {
        let home = tempfile::tempdir().unwrap();
        for (name, real_data) in [("real", true), ("synthetic", false)] {
            let target = home.path().join(name);
            run(&target, "r1", Overwrite::Refuse, real_data).unwrap();
            for file in ["manifest.json", "datapackage.json", "results.parquet"] {
                let bytes = fs::read(target.join(file)).unwrap();
                let said =
                    bytes.windows(super::super::SIMULATED.len()).any(|w| w == super::super::SIMULATED.as_bytes());
                assert_eq!(said, real_data, "{file}");
            }
        }
    }

    #[test]
    fn another_run_s_result_is_replaced_only_on_request() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("result");
        run(&target, "r1", Overwrite::Refuse, false).unwrap();
        run(&target, "r1", Overwrite::Refuse, false).unwrap();
        let message = run(&target, "r2", Overwrite::Refuse, false).unwrap_err().to_string();
        assert!(message.contains("--out") && message.contains("--force"), "{message}");
        assert_eq!(Manifest::read(&target).unwrap().run_id, "r1");
        run(&target, "r2", Overwrite::Replace, false).unwrap();
        assert_eq!(Manifest::read(&target).unwrap().run_id, "r2");
        assert_eq!(entries(home.path()), ["result"]);
    }
}
