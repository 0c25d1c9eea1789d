//! `pretick validate`: the stylised facts, and with `--twins` their broken twins.

use super::{complain, say};
use crate::error::{Error, Result};
use crate::experiment::facts::{Fact, Finding, Kind, facts};
use crate::report::table::plain;
use comfy_table::Cell;
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ValidateArgs {
    /// Only these facts, e.g. --fact 5 --fact 6
    #[arg(long, value_name = "NUMBER")]
    fact: Vec<u32>,
    /// Also run every fact's twin, a model with a broken part, which must fail
    #[arg(long)]
    twins: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Threads; 0 takes one per core
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
}

#[derive(serde::Serialize)]
struct Line {
    fact: u32,
    name: &'static str,
    kind: Kind,
    evidence: &'static str,
    predicts_unseen_data: bool,
    source: &'static str,
    twin: Option<&'static str>,
    #[serde(flatten)]
    finding: Finding,
}

pub(super) fn validate(args: &ValidateArgs) -> Result<ExitCode> {
    let all = facts();
    let last = all.iter().map(|f| f.number).max().unwrap_or(0);
    if let Some(unknown) = args.fact.iter().find(|n| all.iter().all(|f| f.number != **n)) {
        return Err(Error::Other(format!("there is no fact {unknown}; they are numbered 1 to {last}")));
    }
    let chosen: Vec<_> = all.into_iter().filter(|f| args.fact.is_empty() || args.fact.contains(&f.number)).collect();
    let (mut lines, mut failed) = (Vec::new(), 0usize);
    for fact in &chosen {
        let found = (fact.measure)(false)?;
        failed += usize::from(found.iter().any(|f| !f.pass));
        let twin = if args.twins { (fact.measure)(true)? } else { Vec::new() };
        let blind: Vec<&str> = twin.iter().filter(|f| f.decisive && f.pass).map(|f| f.what.as_str()).collect();
        if !blind.is_empty() {
            complain(&format!(
                "fact {}: its twin ({}) passes where it must fail, so that this tests nothing: {}",
                fact.number,
                fact.twin,
                blind.join("; ")
            ));
            failed += 1;
        }
        let line = |finding, twin| Line {
            fact: fact.number,
            name: fact.name,
            kind: fact.kind,
            evidence: fact.kind.words(),
            predicts_unseen_data: fact.kind.predicts(),
            source: fact.source,
            twin,
            finding,
        };
        lines.extend(found.into_iter().map(|f| line(f, None)));
        lines.extend(twin.into_iter().map(|f| line(f, Some(fact.twin))));
    }
    if args.json {
        say(&serde_json::to_string_pretty(&lines).map_err(|e| Error::Other(e.to_string()))?)?;
    } else {
        say(&render(&lines))?;
        say(&format!("{} of {} facts hold", chosen.len() - failed.min(chosen.len()), chosen.len()))?;
        say(&evidence(&chosen))?;
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// What the facts are evidence of.
fn evidence(chosen: &[Fact]) -> String {
    let count = |kind: Kind| chosen.iter().filter(|f| f.kind == kind).count();
    let unseen = chosen.iter().filter(|f| f.kind.predicts()).count();
    format!(
        "{unseen} of {} predict unseen data: {} calibrated (a parameter was chosen to meet it), {} restated input (it follows from \
         what was put in),\n{} structure (it must come out if the code is right). They find faults of the model and are no evidence \
         that the world is like it.",
        chosen.len(),
        count(Kind::Calibrated),
        count(Kind::Implied),
        count(Kind::Structural)
    )
}

fn render(lines: &[Line]) -> String {
    let mut table = plain();
    table.set_header(["#", "fact", "target", "got [95 %]", "", "kind"]);
    for l in lines {
        let f = &l.finding;
        let digits = if f.unit == "values" { 0 } else { 2 };
        let got = if f.got.lo.is_finite() && f.got.lo < f.got.hi {
            format!("{:.digits$} [{:.digits$}, {:.digits$}]", f.got.mean, f.got.lo, f.got.hi)
        } else {
            format!("{:.digits$}", f.got.mean)
        };
        let what = if l.twin.is_some() { format!("  twin: {}", f.what) } else { f.what.clone() };
        let verdict = match (f.pass, l.twin.is_some()) {
            (true, false) => "pass",
            (false, false) => "FAIL",
            (true, true) if f.decisive => "twin passes",
            (true, true) => "",
            (false, true) => "fails, as it must",
        };
        table.add_row([
            Cell::new(l.fact),
            Cell::new(what),
            Cell::new(format!("{} {}", f.target, f.unit)),
            Cell::new(got),
            Cell::new(verdict),
            Cell::new(l.evidence),
        ]);
    }
    let mut out = table.trim_fmt();
    let mut last = 0;
    for l in lines.iter().filter(|l| l.twin.is_some()) {
        if l.fact != last {
            let _ = write!(out, "\ntwin of {}: {}", l.fact, l.twin.unwrap_or_default());
            last = l.fact;
        }
    }
    last = 0;
    for l in lines {
        if l.fact != last {
            let _ = write!(out, "\nsource of {} ({}): {}", l.fact, l.name, l.source);
            last = l.fact;
        }
    }
    out
}
