//! `pretick explain KEY`: meaning, unit, default, range and source of any parameter.

use super::say;
use crate::document::suggest;
use crate::error::{Error, Result};
use crate::params::Meta;
use crate::scenario::parameters;
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// Dotted key, or the beginning of one; without it, all keys are listed
    key: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(args: &ExplainArgs) -> Result<ExitCode> {
    let all = parameters();
    let wanted = args.key.as_deref().unwrap_or("");
    let found = matching(&all, wanted);
    if found.is_empty() {
        let last = |k: &str| k.rsplit('.').next().unwrap_or(k).to_owned();
        let help = suggest(wanted, all.iter().map(|m| m.key.as_str())).or_else(|| {
            all.iter().find(|m| last(&m.key) == last(wanted)).map(|m| format!("did you mean `{}`?", m.key))
        });
        let help = help.unwrap_or_else(|| "`pretick explain` lists all of them".to_owned());
        return Err(Error::Other(format!("there is no parameter `{wanted}`; {help}")));
    }
    if args.json {
        let text = serde_json::to_string_pretty(&found).map_err(|e| Error::Other(e.to_string()))?;
        say(&text)?;
    } else if args.key.is_none() {
        let width = all.iter().map(|m| m.key.len()).max().unwrap_or(0).min(64);
        let mut out = String::new();
        for m in &found {
            let first = m.doc.lines().next().unwrap_or("");
            let _ = writeln!(out, "{:width$}  {first}", m.key);
        }
        say(&out)?;
    } else {
        say(&found.iter().map(|m| describe(m)).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The parameter, everything below it, or (for `arm.opt-in.form.notice`) the arm's key.
fn matching<'a>(all: &'a [Meta], wanted: &str) -> Vec<&'a Meta> {
    let generic = match wanted.strip_prefix("arm.").and_then(|rest| rest.split_once('.')) {
        Some((_, rest)) => format!("arm.NAME.{rest}"),
        None if wanted == "arm" || wanted.starts_with("arm.") => "arm.NAME".to_owned(),
        None => wanted.to_owned(),
    };
    let exact: Vec<&Meta> = all.iter().filter(|m| m.key == generic).collect();
    let below = format!("{generic}.");
    let rest = all.iter().filter(|m| wanted.is_empty() || m.key.starts_with(&below));
    exact.into_iter().chain(rest).collect()
}

fn describe(m: &Meta) -> String {
    let mut out = format!("{}\n", m.key);
    for line in m.doc.lines() {
        let _ = writeln!(out, "    {}", line.trim());
    }
    for (label, text) in [("unit", &m.unit), ("default", &m.default), ("range", &m.range), ("source", &m.source)] {
        if !text.is_empty() {
            let _ = writeln!(out, "    {label:8} {text}");
        }
    }
    out
}
