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

/// Adjacent steps may not fall significantly; from first to last there must be a rise.
fn order(what: &str, levels: &[Vec<f64>], out: &mut Vec<Finding>) {
    let points = |a: &[f64], b: &[f64]| zip(b, a, |y, x| 100.0 * (y - x));
    for (k, pair) in levels.windows(2).enumerate() {
        out.push(Finding::not_negative(&format!("{what}, step {}", k + 1), &points(&pair[0], &pair[1]), "pp of AUC"));
    }
    if let [first, .., last] = levels {
        out.push(Finding::positive(&format!("{what}, first to last"), &points(first, last), "pp of AUC"));
    }
}

fn levels(rows: &Rows, arm: &str, epsilons: &[f64]) -> Vec<Vec<f64>> {
    epsilons.iter().map(|e| rows.at(arm, Some(*e), &[], "auc", "all")).collect()
}

const INFORMATIVE: &str = r#"["late_share_24m", "late_share_6m"]"#;

/// Metrics that say what ε, or the noise of it, was: they differ between 10⁹ and ∞ by definition.
const STATE_EPSILON: [&str; 3] = ["epsilon_spent", "attack.reconstruction.epsilon", "attack.reconstruction.noise"];

fn fact_12(broken: bool) -> Result<Vec<Finding>> {
    let mut out = Vec::new();
    // ε → ∞ through the noisy code path against the noiseless twin: every value of every metric.
    let head =
        |persons: u32, replications: u32| format!("replications = {replications}\n[population]\npersons = {persons}\n");
    let (aggregates_at, model_at) = if broken { ("[8.0]", "[8.0]") } else { ("[1e9]", "[1e18]") };
    let noisy = attacked_rows(&format!(
        "{}{DP_ARMS}{}{}",
        head(12_800, 2),
        aggregates("community", aggregates_at, INFORMATIVE, 64),
        model(model_at)
    ))?;
    let clean = attacked_rows(&format!(
        "{}{DP_ARMS}{}{}",
        head(12_800, 2),
        aggregates("community", "[inf]", INFORMATIVE, 64),
        model("[inf]")
    ))?;
    let mut different = 0.0;
    for (a, b) in noisy.0.iter().zip(&clean.0) {
        let stated = STATE_EPSILON.contains(&&*a.metric);
        different += f64::from(u8::from(!stated && a.value.to_bits() != b.value.to_bits()));
    }
    different += (noisy.0.len() as f64 - clean.0.len() as f64).abs();
    out.push(Finding {
        what: "values that differ between ε → ∞ and the noiseless twin".into(),
        target: "0".into(),
        got: Interval { mean: different, lo: different, hi: different },
        unit: "values",
        pass: different == 0.0,
    });
    // Utility in ε. Broken: a mechanism whose noise does not know ε, so that every ε gets the noise of 1.
    let (epsilons, list) =
        if broken { ([0.98, 1.0, 1.02], "[0.98, 1.0, 1.02]") } else { ([0.1, 1.0, 8.0], "[0.1, 1.0, 8.0]") };
    let swept = rows(&format!(
        "{}{DP_ARMS}{}{}",
        head(32_000, 10),
        aggregates("community", list, INFORMATIVE, 64),
        model(list)
    ))?;
    order("dp-aggregates in ε", &levels(&swept, "dp-aggregates", &epsilons), &mut out);
    order("dp-model in ε", &levels(&swept, "dp-model", &epsilons), &mut out);
    // dp-model in n. Broken: more persons, but no more of them who have a loan to learn from.
    let mut by_n = Vec::new();
    for persons in [4_000, 16_000, 64_000] {
        let rate = if broken { 4_000.0 / f64::from(persons) } else { 1.0 };
        let applicants =
            if broken { format!("[applicants]\nrate = {rate}\nneed_slope = 0.0\n") } else { String::new() };
        let body = format!("{}{applicants}{DP_ARMS}{}", head(persons, 10), model("[1.0]"));
        by_n.push(levels(&rows(&body)?, "dp-model", &[1.0]).remove(0));
    }
    order("dp-model in n", &by_n, &mut out);
    // dp-aggregates in cohort size, at an ε where noise matters. Broken: noise that grows with the cohort, as if its
    // sensitivity were that of a sum over everybody.
    let mut by_size = Vec::new();
    for size in [16, 64, 256] {
        let epsilon = if broken { 0.25 * 16.0 / f64::from(size) } else { 0.25 };
        let body = format!(
            "{}community_size = {size}\n{DP_ARMS}{}",
            head(64_000, 10),
            aggregates("community", &format!("[{epsilon}]"), INFORMATIVE, 64)
        );
        by_size.push(rows(&body)?.at("dp-aggregates-others", Some(epsilon), &[], "auc", "all"));
    }
    order("dp-aggregates in cohort size (ε = .25, own record left out)", &by_size, &mut out);
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
            "noise that stays at ε = ∞, does not know ε, grows with the cohort; persons without a loan to learn from",
            fact_12,
        ),
        fact(13, "no correlation, no worth of cohorts", "structure", "population.correlation.community = .2", fact_13),
    ]
}
