//! `pretick new NAME`: a commented scenario to start from.

use super::say;
use crate::error::{Error, Result};
use crate::report::Overwrite;
use crate::report::output::{FileTarget, write_whole};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct NewArgs {
    /// Name of the scenario; NAME.toml is written
    name: String,
    /// Folder to write it in
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

/// The template; `{name}` is replaced.
pub(super) const TEMPLATE: &str = include_str!("template.toml");

pub(super) fn new(args: &NewArgs) -> Result<ExitCode> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if args.name.is_empty() || !args.name.chars().all(fits) {
        return Err(Error::Other(format!("`{}` cannot name a scenario: use letters, digits and dashes", args.name)));
    }
    let path = args.dir.join(format!("{}.toml", args.name));
    let text = TEMPLATE.replace("{name}", &args.name);
    if path.exists() {
        return Err(Error::Other(format!("{} exists: choose another name or --dir", path.display())));
    }
    write_whole(FileTarget::check(&path, Overwrite::Refuse)?, text.as_bytes())?;
    say(&format!("wrote {}\nnext: pretick check {0}, then pretick run {0}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
