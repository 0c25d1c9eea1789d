//! `pretick account`: what a budget buys in noise, and what noise costs, side by side by every accountant.

use super::say;
use crate::error::{Error, Result};
use crate::privacy::{Accountant, Budget, Composition, Event, rounded_down, rounded_up};
use std::fmt::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(override_usage = "pretick account --epsilon E --delta D [--steps N] [--sampling RATE]\n       \
    pretick account --sigma S | --laplace SCALE --delta D [--steps N] [--sampling RATE]")]
pub(super) struct AccountArgs {
    /// A budget: how much noise does it ask for?
    #[arg(long, conflicts_with_all = ["sigma", "laplace"], required_unless_present_any = ["sigma", "laplace"])]
    epsilon: Option<f64>,
    /// δ of the answer
    #[arg(long)]
    delta: f64,
    /// Noise: standard deviation of a Gaussian, per unit of L2 sensitivity
    #[arg(long)]
    sigma: Option<f64>,
    /// Noise: scale of a Laplace, per unit of L1 sensitivity; together with --sigma both are released in every step
    #[arg(long, value_name = "SCALE")]
    laplace: Option<f64>,
    /// Number of releases
    #[arg(long, default_value_t = 1)]
    steps: u64,
    /// Probability with which each person is in the sample of a release, drawn anew for each (Poisson sampling); with both --sigma
    /// and --laplace, of the Gaussian release
    #[arg(long, value_name = "RATE", default_value_t = 1.0)]
    sampling: f64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Noise and rates that are accounted for: beyond, either nothing or all is given away.
const NOISE: std::ops::RangeInclusive<f64> = 1e-6..=1e12;
const LEAST_RATE: f64 = 1e-12;
/// Budgets that noise is looked for: beyond, it would lie outside [`NOISE`].
const BUDGETS: std::ops::RangeInclusive<f64> = 1e-9..=1e6;
/// Least δ: that of the accountants' smallest tails.
const LEAST_DELTA: f64 = 1e-250;

/// Most releases that are accounted for: beyond, sums of a billionth lose digits.
const MOST_STEPS: u64 = 1_000_000_000;

pub(super) fn account(args: &AccountArgs) -> Result<ExitCode> {
    if !(1..=MOST_STEPS).contains(&args.steps) {
        return Err(Error::Other(format!("--steps is {}, allowed is 1 to {MOST_STEPS}", args.steps)));
    }
    if !(args.delta > 0.0 && args.delta < 1.0) {
        return Err(Error::Other(format!("--delta is {}, allowed is more than 0, less than 1", args.delta)));
    }
    if args.delta < LEAST_DELTA {
        return Err(Error::Other(format!(
            "--delta is {:e}, allowed is {LEAST_DELTA:e} or more, less than 1",
            args.delta
        )));
    }
    if args.sampling > 0.0 && args.sampling < LEAST_RATE {
        return Err(Error::Other(format!("--sampling is {:e}, allowed is {LEAST_RATE:e} to 1", args.sampling)));
    }
    if !(args.sampling > 0.0 && args.sampling <= 1.0) {
        return Err(Error::Other(format!("--sampling is {}, allowed is more than 0, at most 1", args.sampling)));
    }
    match args.epsilon {
        Some(epsilon) => budget(args, Budget::new(epsilon, args.delta)?),
        None => cost(args),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// JSON knows no infinity.
fn number(v: Option<f64>) -> serde_json::Value {
    match v {
        Some(v) if v.is_finite() => serde_json::json!(v),
        Some(_) => serde_json::json!("infinite"),
        None => serde_json::Value::Null,
    }
}

/// μ, ρ and σ of a budget that is split evenly over 1, 2, 5, … releases.
fn budget(args: &AccountArgs, budget: Budget) -> Result<()> {
    if budget.epsilon == f64::INFINITY {
        return Err(Error::Other("--epsilon is infinite: no noise is asked for".into()));
    }
    if !BUDGETS.contains(&budget.epsilon) {
        let (low, high) = (BUDGETS.start(), BUDGETS.end());
        return Err(Error::Other(format!("--epsilon is {:e}, allowed is {low:e} to {high:e}", budget.epsilon)));
    }
    let (epsilon, delta) = (budget.epsilon, budget.delta);
    let (mu, rho) = (budget.mu(), budget.rho());
    let mut steps: Vec<u64> = if args.steps == 1 { vec![1, 2, 5, 10, 20, 50, 100] } else { vec![1, args.steps] };
    steps.dedup();
    let root = |n: u64| libm::sqrt(n as f64);
    let mut rows = Vec::new();
    for n in steps {
        let sampled = if args.sampling < 1.0 {
            let by = |a: Accountant| a.sigma(epsilon, delta, n, args.sampling);
            Some((by(Accountant::Rdp)?, by(Accountant::Pld)?))
        } else {
            None
        };
        // (releases, μ and ρ of each, σ by GDP and by zCDP, Laplace scale, σ of samples by RDP and PLD)
        rows.push((
            n,
            mu / root(n),
            rho / n as f64,
            root(n) / mu,
            root(n) / libm::sqrt(2.0 * rho),
            n as f64 / epsilon,
            sampled,
        ));
    }
    if args.json {
        let rows: Vec<serde_json::Value> = rows
            .iter()
            .map(|r| {
                serde_json::json!({
                    "releases": r.0, "mu": r.1, "rho": r.2, "sigma_gdp": r.3, "sigma_zcdp": r.4, "laplace_scale": r.5,
                    "sampling": args.sampling,
                    "sigma_sampled_rdp": r.6.map(|s| s.0), "sigma_sampled_pld": r.6.map(|s| s.1),
                })
            })
            .collect();
        let all = serde_json::json!({"epsilon": epsilon, "delta": delta, "mu": mu, "rho": rho, "releases": rows});
        return say(&format!("{all:#}"));
    }
    let mut out = format!(
        "ε = {epsilon}, δ = {delta}: μ = {} (GDP, exact), ρ = {} (zCDP)\n\nNoise per unit of sensitivity, the budget split evenly:\n\n",
        rounded_down(mu, 6),
        rounded_down(rho, 6)
    );
    let head = ["releases", "μ of each", "ρ of each", "σ by GDP", "σ by zCDP", "Laplace, δ = 0"];
    let sampled = ["σ of samples, RDP", "σ of samples, PLD"];
    let wide = if args.sampling < 1.0 { &sampled[..] } else { &[] };
    line(&mut out, head.iter().chain(wide).map(|h| (*h).to_owned()));
    for r in rows {
        // What may be spent is rounded down, noise up.
        let spent = [r.1, r.2].map(|v| short(v, rounded_down));
        let noise = [r.3, r.4, r.5].into_iter().chain(r.6.map(|s| [s.0, s.1]).into_iter().flatten());
        let cells = spent.into_iter().chain(noise.map(|v| short(v, rounded_up)));
        line(&mut out, std::iter::once(r.0.to_string()).chain(cells));
    }
    out.push_str(
        "\nσ is for real numbers, or for integers whose σ is some 10 or more: what a coarser grid of integers costs is in the ledger.\n",
    );
    say(&out)
}

/// ε of the noise that the flags describe.
fn cost(args: &AccountArgs) -> Result<()> {
    for (flag, value) in [("--sigma", args.sigma), ("--laplace", args.laplace)] {
        if let Some(value) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
            return Err(Error::Other(format!("{flag} is {value}, allowed is noise above 0")));
        }
        if let Some(value) = value.filter(|v| !NOISE.contains(v)) {
            let (low, high) = (NOISE.start(), NOISE.end());
            return Err(Error::Other(format!("{flag} is {value:e}, allowed is {low:e} to {high:e}")));
        }
    }
    let mut all = Composition::new();
    if let Some(sigma) = args.sigma {
        let event = if args.sampling == 1.0 {
            Event::Gaussian { mu: 1.0 / sigma }
        } else {
            Event::SampledGaussian { rate: args.sampling, sigma }
        };
        all.add(event, args.steps)?;
    }
    if let Some(scale) = args.laplace {
        let epsilon = 1.0 / scale;
        let sampled = args.sampling < 1.0 && args.sigma.is_none();
        let event =
            if sampled { Event::SampledLaplace { rate: args.sampling, epsilon } } else { Event::Laplace { epsilon } };
        all.add(event, args.steps)?;
    }
    let table = all.side_by_side(args.delta);
    let best = table.best();
    if args.json {
        let named = table.rows().map(|(name, value)| (name.to_owned(), number(value)));
        let epsilon: serde_json::Map<String, serde_json::Value> = named.into_iter().collect();
        let all = serde_json::json!({"delta": args.delta, "steps": args.steps, "sampling": args.sampling,
            "sigma": args.sigma, "laplace": args.laplace, "epsilon": epsilon, "best": number(Some(best)),
            "pld_note": table.pld_note.map(|r| r.to_string())});
        return say(&format!("{all:#}"));
    }
    let mut out = format!("ε at δ = {}, {} release(s), add or remove one person:\n\n", args.delta, args.steps);
    let mut marked = false;
    for (name, value) in table.rows() {
        let text = value.map_or_else(|| "does not apply".to_owned(), |v| rounded_up(v, 6));
        let mark = if value == Some(best) && !marked { "  ← the total: every row is a valid bound" } else { "" };
        marked |= !mark.is_empty();
        let _ = writeln!(out, "  {name:18} {text:>16}{mark}");
    }
    if let Some(reason) = table.pld_note {
        let _ = writeln!(out, "\nAbout PLD: {reason}. The other rows hold all the same.");
    }
    say(&out)
}

fn short(v: f64, rounded: fn(f64, usize) -> String) -> String {
    if (0.001..1e6).contains(&v) || !v.is_finite() || v <= 0.0 {
        return rounded(v, 5);
    }
    let exponent = libm::floor(libm::log10(v));
    format!("{}e{exponent}", rounded(v / libm::pow(10.0, exponent), 4))
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, cell) in cells.enumerate() {
        let _ = if i == 0 { write!(out, "{cell:>8}") } else { write!(out, "  {cell:>14}") };
    }
    out.push('\n');
}
