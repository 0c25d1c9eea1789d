//! `pretick audit`: lower bounds on ε beside what the ledger claims.

use super::input::{DataArgs, fit_in_memory, histories, load};
use super::progress::Progress;
use super::{command_line, complain, remark, say};
use crate::attack::verify::{Power, low_bits, self_test};
use crate::error::{Error, Result};
use crate::experiment::Observer;
use crate::experiment::audit::{Asked, Point, Report, audit as run, ready};
use crate::experiment::{Histories, loadings_for};
use crate::population::Loadings;
use crate::privacy::{Neighbouring, NoiseMode, Trust, rounded_up};
use crate::report::Overwrite;
use crate::report::manifest::sha256;
use crate::report::output::{AUDIT, FolderTarget};
use crate::report::plots;
use crate::report::table::plain;
use crate::scenario::Loaded;
use comfy_table::Cell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit status: 0 where no claim was refuted, 1 where one was (or the audit failed), 2 for usage and invalid scenarios.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct AuditArgs {
    /// Scenario file (TOML)
    #[arg(required_unless_present = "self_test")]
    scenario: Option<PathBuf>,
    /// Audit no scenario, but the tests themselves: samplers, last bits, and seven broken mechanisms that must be caught
    #[arg(long, conflicts_with_all = ["scenario", "data", "arms", "epsilon", "trials", "canaries", "set", "out"])]
    self_test: bool,
    /// How often each test of --self-test is repeated with fresh luck
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000), requires = "self_test")]
    repetitions: u32,
    #[command(flatten)]
    data: DataArgs,
    /// Audit this arm only; repeatable [default: all that make releases under differential privacy]
    #[arg(long = "arm", value_name = "NAME")]
    arms: Vec<String>,
    /// Audit at these values of ε only, e.g. --epsilon 1,4
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    epsilon: Vec<f64>,
    /// Runs with the canary, and as many without [default: 20000 of sums and reports, 4000 of models]
    #[arg(long, value_name = "N")]
    trials: Option<u32>,
    /// Canaries of the one-run audit [default: 100000 of sums and reports, 10000 of models]
    #[arg(long, value_name = "M")]
    canaries: Option<u32>,
    /// All bounds of the table hold together with confidence 1 − ALPHA
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// Noise of what is audited: seeded (repeatable), or system (the path of `pretick release`: the operating system's randomness)
    #[arg(long, value_enum, default_value_t = NoiseArg::Seeded)]
    noise: NoiseArg,
    /// Override a parameter, e.g. --set arm.dp-model.disclosure.trained-inside.epsilon=[1]; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Override the seed
    #[arg(long)]
    seed: Option<u64>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Also write audit.json, audit.csv and a picture into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the result of another audit in that folder
    #[arg(long)]
    force: bool,
    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
    /// Threads; 0 takes one per core
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum NoiseArg {
    Seeded,
    System,
}

const FILES: [&str; 4] = ["audit.json", "audit.csv", "audit.svg", "audit.png"];

pub(super) fn audit(args: &AuditArgs) -> Result<ExitCode> {
    let Some(scenario) = args.scenario.as_ref().filter(|_| !args.self_test) else { return verify(args) };
    let loaded = load(scenario, &args.set, &[("seed", args.seed)])?;
    let asked = Asked {
        arms: args.arms.clone(),
        epsilons: args.epsilon.clone(),
        runs: args.trials,
        canaries: args.canaries,
        alpha: args.alpha,
        noise: match args.noise {
            NoiseArg::Seeded => NoiseMode::Seeded,
            NoiseArg::System => NoiseMode::System,
        },
    };
    ready(&loaded.scenario, &asked)?;
    let overwrite = Overwrite::by(args.force);
    let target = args.out.as_ref().map(|out| FolderTarget::check(out, AUDIT, None, overwrite)).transpose()?;
    remark(target.as_ref().map_or(&[], FolderTarget::notes));
    let (source, notes) = histories(&loaded, &args.data)?;
    fit_in_memory(&loaded, &source, 1)?;
    for note in notes {
        complain(&format!("note: {note}"));
    }
    if !loaded.sweep.is_empty() {
        complain("note: the scenario's sweep is left out; lay a point over it with --set");
    }
    let progress = Progress::shown(args.quiet, "arms audited");
    let s = &loaded.scenario;
    let loadings = match source {
        Histories::Synthetic => loadings_for(s, &mut Vec::new()).map_err(|e| loaded.locate(e))?,
        Histories::Table(_) => Loadings::default(),
    };
    let report = run(s, &source, &loadings, &asked, &progress)?;
    progress.bar.finish_and_clear();
    let json = serde_json::to_string_pretty(&report).map_err(|e| Error::Other(e.to_string()))?;
    // Told before it is written: what cannot be written is not lost.
    say(&if args.json { json.clone() } else { render(&report) })?;
    if let Some(target) = target {
        let plot = plots::audit::draw(&report, &s.name)?;
        let png = plots::png(&plot.svg)?;
        write(target, [json.as_bytes(), csv(&report).as_bytes(), plot.svg.as_bytes(), &png], &loaded)?;
    }
    Ok(ExitCode::from(u8::from(report.refuted())))
}

/// The self-test: 1 where a sound mechanism is rejected or a broken one is not noticed.
fn verify(args: &AuditArgs) -> Result<ExitCode> {
    let progress = Progress::shown(args.quiet, "tests");
    let found = self_test(args.repetitions, &|done, total| progress.progress(done, total))?;
    progress.bar.finish_and_clear();
    if args.json {
        say(&serde_json::to_string_pretty(&found).map_err(|e| Error::Other(e.to_string()))?)?;
    } else {
        say(&powers(&found)?)?;
    }
    Ok(ExitCode::from(u8::from(found.iter().any(|p| !p.as_it_must()))))
}

fn powers(found: &[Power]) -> Result<String> {
    let mut out = String::new();
    for broken in [false, true] {
        let mut table = plain();
        let (title, last) =
            if broken { ("broken on purpose", "caught at 1e-6") } else { ("sound", "rejected at 1e-6") };
        table.set_header([title, last, "at .01", "of", ""]);
        for p in found.iter().filter(|p| p.broken == broken) {
            table.add_row([
                Cell::new(&p.name),
                Cell::new(p.rejected),
                Cell::new(p.at_one_percent),
                Cell::new(p.repetitions),
                Cell::new(if p.as_it_must() { "as it must" } else { "WRONG" }),
            ]);
        }
        out.push_str(&table.trim_fmt());
        out.push_str("\n\n");
    }
    let (naive, ours) = low_bits::shares(1)?;
    let _ = writeln!(
        out,
        "Inputs given away by the last bits: {:.0} % of naive floating-point Laplace noise, {:.0} % of ours.",
        100.0 * naive,
        100.0 * ours
    );
    out.push_str(
        "A test of the level 1e-6 rejects a sound mechanism once in a million; of the level .01, once in a hundred.\n",
    );
    Ok(out)
}

fn write(target: FolderTarget, contents: [&[u8]; 4], loaded: &Loaded) -> Result<()> {
    let mut out = target.begin()?;
    for (name, bytes) in FILES.iter().zip(contents) {
        out.write_bytes(name, bytes)?;
    }
    let (folder, notes) = out.finish(serde_json::json!({
        "audit_id": sha256(contents[0])[..16],
        "pretick_version": env!("CARGO_PKG_VERSION"),
        "command": command_line(),
        "scenario_sha256": sha256(loaded.text.as_bytes()),
        "effective_scenario": loaded.effective(),
    }))?;
    remark(&notes);
    complain(&format!("{}: {}", folder.display(), FILES.join(", ")));
    Ok(())
}

/// The only two verdicts there are.
fn verdict(refuted: bool) -> &'static str {
    if refuted { "REFUTED" } else { "not refuted by this attack" }
}

fn claim(p: &Point) -> String {
    let c = &p.claim;
    let relation = match c.relation {
        Neighbouring::AddRemove => "add/remove",
        Neighbouring::ReplaceOne => "replace",
    };
    if c.delta > 0.0 {
        format!("({}, {:.0e}), {relation}", rounded_up(c.epsilon, 3), c.delta)
    } else {
        format!("{}, {relation}", rounded_up(c.epsilon, 3))
    }
}

fn render(report: &Report) -> String {
    let mut table = plain();
    table.set_header([
        "arm",
        "claim: ε (or ε, δ)",
        "method",
        "trials",
        "μ is at\nleast",
        "ε is at\nleast",
        "ceiling",
        "verdict",
    ]);
    for p in &report.points {
        for (i, f) in p.audited.findings.iter().enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            table.add_row([
                Cell::new(first(p.arm.clone())),
                Cell::new(first(claim(p))),
                Cell::new(f.method.word()),
                Cell::new(f.trials),
                Cell::new(f.mu.map_or_else(String::new, |mu| format!("{mu:.3}"))),
                Cell::new(format!("{:.3}", f.bound)),
                Cell::new(format!("{:.2}", f.ceiling)),
                Cell::new(verdict(f.bound > p.claim.epsilon)),
            ]);
        }
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i > 0 { 2 } else { 0 }, 0));
    }
    let mut out = table.trim_fmt();
    out.push('\n');
    for p in &report.points {
        if p.audited.leak {
            let _ = writeln!(
                out,
                "{}: REFUTED: what it hands out depends on the data by more than the released numbers",
                p.arm
            );
        }
        if p.audited.uncounted {
            let _ = writeln!(out, "{}: REFUTED: a release is not in the ledger", p.arm);
        }
    }
    if report.points.iter().any(|p| !p.refuted() && p.claim.trust == Trust::Central) {
        out.push_str(
            "\nWhere not said otherwise, what an arm hands out was the same for both data sets whenever the released numbers were,\n\
             and every release was in the ledger.",
        );
    }
    let _ = write!(
        out,
        "\nAll {} bounds hold together with confidence {}: each with {:.4}. The ceiling is the largest bound that as many\n\
         trials could have shown. Where μ stands, the bound is on μ of a Gaussian claim, and ε is what that μ means at the claim's\n\
         δ: it holds where the ledger claims Gaussian noise alone.\n\
         A bound below the claim proves nothing: another attack may do better.\n",
        report.bounds,
        1.0 - report.alpha,
        1.0 - report.alpha / f64::from(report.bounds)
    );
    out
}

fn csv(report: &Report) -> String {
    let mut out = String::from("arm,epsilon,delta,claim,method,bounds,trials,bound,ceiling,mu,refuted\n");
    for p in &report.points {
        for f in &p.audited.findings {
            let method =
                serde_json::to_value(f.method).ok().and_then(|m| m.as_str().map(str::to_owned)).unwrap_or_default();
            let refuted = f.bound > p.claim.epsilon || p.audited.leak || p.audited.uncounted;
            let name =
                if p.arm.contains([',', '"']) { format!("\"{}\"", p.arm.replace('"', "\"\"")) } else { p.arm.clone() };
            let _ = writeln!(
                out,
                "{name},{},{},{},{method},{},{},{},{},{},{refuted}",
                p.epsilon,
                p.claim.delta,
                p.claim.epsilon,
                f.method.bounds(),
                f.trials,
                f.bound,
                f.ceiling,
                f.mu.map_or_else(String::new, |mu| mu.to_string()),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::audit::{Audited, Claim, Finding, Method};

    fn report(bound: f64, leak: bool) -> Report {
        let claim = Claim {
            epsilon: 1.0,
            delta: 1e-6,
            mu: Some(0.2),
            relation: Neighbouring::AddRemove,
            trust: Trust::Central,
        };
        let finding =
            Finding { method: Method::GaussianMu, canary: "c".into(), trials: 100, bound, ceiling: 5.0, mu: Some(0.1) };
        let audited = Audited { findings: vec![finding], leak, uncounted: leak };
        let point = Point { arm: "dp, \"mine\"".into(), epsilon: 1.0, claim, audited };
        Report { alpha: 0.05, bounds: 1, points: vec![point] }
    }

    #[test]
    fn a_refuted_claim_is_said_in_capitals_and_nothing_is_called_safe() {
        for (report, words) in [(report(1.5, false), "REFUTED"), (report(0.5, false), "not refuted by this attack")] {
            let text = render(&report);
            assert!(text.contains(words) && text.contains("(1.000, 1e-6), add/remove"), "{text}");
            assert!(!text.contains("safe") && !text.contains("secure"), "{text}");
        }
        let text = render(&report(0.5, true));
        assert!(text.contains("depends on the data by more") && text.contains("not in the ledger"), "{text}");
        assert!(!render(&report(0.5, false)).contains("REFUTED"));
    }

    #[test]
    fn the_picture_says_what_is_refuted_and_fits() {
        for (report, title) in
            [(report(1.5, false), "One claim is REFUTED"), (report(0.5, false), "No claim is refuted")]
        {
            let plot = plots::audit::draw(&report, "audit").unwrap();
            assert!(plot.title.starts_with(title) && !plot.svg.contains("NaN"), "{}", plot.title);
            assert!(plots::png(&plot.svg).unwrap().len() > 1000);
        }
    }

    #[test]
    fn the_csv_quotes_names_and_says_what_is_refuted() {
        let text = csv(&report(1.5, false));
        assert_eq!(
            text.lines().nth(1).unwrap(),
            "\"dp, \"\"mine\"\"\",1,0.000001,1,gaussian-mu,gaussian-mu,100,1.5,5,0.1,true"
        );
    }
}
