//! Facts 11–13: what must come out by structure.

use super::{Fact, Finding, Kind, Rows, attacked_rows, rows, zip};
use crate::error::Result;
use crate::stats::Interval;

fn fact_11(broken: bool) -> Result<Vec<Finding>> {
    let gap = |rho: f64| -> Result<Vec<f64>> {
        let body = format!(
            "replications = 6\nreference = \"opt-in\"\n[population]\npersons = 32_000\n[consent]\nquality_correlation = {rho}\n[[arm]]\nname = \"opt-in\"\nform = {{ box = \"unticked\", notice = 0.4, friction = 0.5 }}\ndisclosure = \"raw\"\n"
        );
        Ok(rows(&body)?.get("opt-in", "nonsharer_quality_gap", "all"))
    };
    let size = if broken { 0.0 } else { 0.2 };
    let negated: Vec<f64> = gap(size)?.iter().map(|v| -v).collect();
    Ok(vec![
        Finding::positive("ρ = +.2: sharers are better, gap × −1", &negated, "sd of quality"),
        Finding::positive("ρ = −.2: non-sharers are better, gap", &gap(-size)?, "sd of quality"),
    ])
}

const DP_ARMS: &str = r#"
[[arm]]
name = "bureau-only"
disclosure = "none"
"#;

fn aggregates(cohort: &str, epsilon: &str, features: &str, grid: u32) -> String {
    format!(
        "[[arm]]\nname = \"dp-aggregates\"\ndisclosure = {{ cohort-aggregates = {{ cohort = \"{cohort}\", epsilon = {epsilon}, features = {features}, grid = {grid} }} }}\n"
    )
}

fn model(epsilon: &str) -> String {
    format!(
        "[[arm]]\nname = \"dp-model\"\ndisclosure = {{ trained-inside = {{ scorer = \"dp-logistic\", epsilon = {epsilon} }} }}\n"
    )
}

/// Least rise from first to last, in points of AUC: columns of mere noise cost a lender some .2, which less noise gives back.
const RISE: f64 = 1.0;

/// Adjacent steps may not fall significantly; from first to last there must be a rise.
fn order(what: &str, levels: &[Vec<f64>], out: &mut Vec<Finding>) {
    let points = |a: &[f64], b: &[f64]| zip(b, a, |y, x| 100.0 * (y - x));
    for (k, pair) in levels.windows(2).enumerate() {
        out.push(Finding::not_negative(&format!("{what}, step {}", k + 1), &points(&pair[0], &pair[1]), "pp of AUC"));
    }
    if let [first, .., last] = levels {
        out.push(Finding::above(&format!("{what}, first to last"), &points(first, last), RISE, "pp of AUC"));
    }
}

fn levels(rows: &Rows, arm: &str, epsilons: &[f64]) -> Vec<Vec<f64>> {
    epsilons.iter().map(|e| rows.at(arm, Some(*e), &[], "auc", "all")).collect()
}

const INFORMATIVE: &str = r#"["late_share_24m", "late_share_6m"]"#;

/// Metrics that say what ε, or the noise of it, was: they differ between 10⁹ and ∞ by definition.
const STATE_EPSILON: [&str; 3] = ["epsilon_spent", "attack.reconstruction.epsilon", "attack.reconstruction.noise"];

/// A population in which nothing that anybody sees tells who defaults: no model has anything to learn.
const MUTE: &str =
    "[histories]\ncalibrate = { auc = { bureau = 0.5, platform = 0.5, both = 0.5 } }\n[outcome]\nburden = 0.0\n";
/// Neighbours who are no more alike than strangers: what a cohort says of the others says nothing of the applicant.
const STRANGERS: &str = "correlation = { community = 0.0, district = 0.0 }\n";

/// The head of a scenario, ended by its `[population]`.
fn head(persons: u32, replications: u32) -> String {
    format!("replications = {replications}\n[population]\npersons = {persons}\n")
}

/// ε → ∞ through the noisy code path against the noiseless twin: every value of every metric. Broken: an ε at which the noise
/// is small (1 in 50 of a grid step for sums, 10⁻⁹ of the budget's unit for a model), but there.
fn noise_vanishes(broken: bool) -> Result<Finding> {
    let (aggregates_at, model_at) = if broken { ("[100.0]", "[1e9]") } else { ("[1e9]", "[1e18]") };
    let at = |sums: &str, fit: &str| {
        let arms = aggregates("community", sums, INFORMATIVE, 64) + &model(fit);
        attacked_rows(&format!("{}{DP_ARMS}{arms}", head(12_800, 2)))
    };
    let (noisy, clean) = (at(aggregates_at, model_at)?, at("[inf]", "[inf]")?);
    let mut different = 0.0;
    for (a, b) in noisy.0.iter().zip(&clean.0) {
        let stated = STATE_EPSILON.contains(&&*a.metric);
        different += f64::from(u8::from(!stated && a.value.to_bits() != b.value.to_bits()));
    }
    different += (noisy.0.len() as f64 - clean.0.len() as f64).abs();
    Ok(Finding {
        what: "values that differ between ε → ∞ and the noiseless twin".into(),
        target: "0".into(),
        got: Interval { mean: different, lo: different, hi: different },
        unit: "values",
        pass: different == 0.0,
        decisive: true,
    })
}

/// What more ε is worth: to cohort statistics because neighbours are alike, to a model because histories tell who defaults.
fn in_epsilon(broken: bool, out: &mut Vec<Finding>) -> Result<()> {
    let (epsilons, list) = ([0.1, 1.0, 8.0], "[0.1, 1.0, 8.0]");
    let (strangers, mute) = if broken { (STRANGERS, MUTE) } else { ("", "") };
    let cohorts = aggregates("community", list, INFORMATIVE, 64);
    let sums = rows(&format!("{}{strangers}{DP_ARMS}{cohorts}", head(32_000, 10)))?;
    order("dp-aggregates in ε (own record left out)", &levels(&sums, "dp-aggregates-others", &epsilons), out);
    let fits = rows(&format!("{}{mute}{DP_ARMS}{}", head(32_000, 10), model(list)))?;
    order("dp-model in ε", &levels(&fits, "dp-model", &epsilons), out);
    Ok(())
}

/// What more persons are worth to a model. Broken: no more of them have a loan to learn from.
fn in_persons(broken: bool, out: &mut Vec<Finding>) -> Result<()> {
    let mut by_n = Vec::new();
    for persons in [4_000, 16_000, 64_000] {
        let rate = 4_000.0 / f64::from(persons);
        let applicants =
            if broken { format!("[applicants]\nrate = {rate}\nneed_slope = 0.0\n") } else { String::new() };
        let body = format!("{}{applicants}{DP_ARMS}{}", head(persons, 10), model("[1.0]"));
        by_n.push(levels(&rows(&body)?, "dp-model", &[1.0]).remove(0));
    }
    order("dp-model in n", &by_n, out);
    Ok(())
}

/// What larger cohorts are worth at an ε where noise matters: their noise is spread over more members, who are alike.
fn in_cohort_size(broken: bool, out: &mut Vec<Finding>) -> Result<()> {
    let strangers = if broken { STRANGERS } else { "" };
    let mut by_size = Vec::new();
    for size in [16, 64, 256] {
        let body = format!(
            "{}community_size = {size}\n{strangers}{DP_ARMS}{}",
            head(64_000, 10),
            aggregates("community", "[0.25]", INFORMATIVE, 64)
        );
        by_size.push(rows(&body)?.at("dp-aggregates-others", Some(0.25), &[], "auc", "all"));
    }
    order("dp-aggregates in cohort size (ε = .25, own record left out)", &by_size, out);
    Ok(())
}

fn fact_12(broken: bool) -> Result<Vec<Finding>> {
    let mut out = vec![noise_vanishes(broken)?];
    in_epsilon(broken, &mut out)?;
    in_persons(broken, &mut out)?;
    in_cohort_size(broken, &mut out)?;
    Ok(out)
}

fn fact_13(broken: bool) -> Result<Vec<Finding>> {
    let correlation = if broken { 0.2 } else { 0.0 };
    let body = format!(
        "replications = 20\n[population]\npersons = 100_000\ncorrelation = {{ community = {correlation}, district = 0.0 }}\n{DP_ARMS}{}",
        aggregates("community", "[inf]", INFORMATIVE, 64)
    );
    let rows = rows(&body)?;
    let others = rows.at("dp-aggregates-others", Some(f64::INFINITY), &[], "auc", "all");
    let lift = zip(&others, &rows.get("bureau-only", "auc", "all"), |a, b| 100.0 * (a - b));
    Ok(vec![Finding::equivalent("lift over the floor, own record left out, no noise", &lift, 0.2, "pp of AUC")])
}

pub(super) fn facts() -> Vec<Fact> {
    let fact =
        |number, name, source, twin, measure| Fact { number, name, kind: Kind::Structural, source, twin, measure };
    vec![
        fact(11, "selection has the sign of ρ", "structure", "consent.quality_correlation = 0", fact_11),
        fact(
            12,
            "noise costs, data pay",
            "structure",
            "noise that is still there; neighbours who are strangers; histories that say nothing; persons without a loan to learn from",
            fact_12,
        ),
        fact(13, "no correlation, no worth of cohorts", "structure", "population.correlation.community = .2", fact_13),
    ]
}
