//! Facts 5, 6, 10: default by score band, delinquency, the worth of platform history.

use super::{Fact, Finding, Kind, SEED, rows, scenario, zip};
use crate::error::Result;
use crate::experiment::{Histories, World, loadings_for};
use crate::population::FileDepth;

/// Two-year default of new accounts by band, % (Federal Reserve 2007).
const BANDS: [(&str, f64); 7] = [
    ("100-519", 41.0),
    ("520-559", 28.4),
    ("560-599", 22.5),
    ("600-639", 15.8),
    ("640-679", 8.9),
    ("680-719", 4.4),
    ("720-1200", 1.0),
];

fn fact_5(broken: bool) -> Result<Vec<Finding>> {
    // Whole population with files, 24 months, a score whose odds double every 45 points. Broken: odds of 10 stand 47 points
    // higher, so that every band is of worse payers.
    let base = if broken { 690 } else { 643 };
    let body = format!(
        "{}pdo = 45\nbase_score = {base}\n[[arm]]\nname = \"bureau-only\"\ndisclosure = \"none\"\n",
        include_str!("fact-5.toml")
    );
    let rows = rows(&body)?;
    Ok(BANDS
        .iter()
        .map(|(band, want)| {
            let got: Vec<f64> = rows
                .get("bureau-only", "score_band_default", &format!("band={band}"))
                .iter()
                .map(|v| 100.0 * v)
                .collect();
            let slack = if *band == "720-1200" { 0.5 } else { 0.25 * want };
            Finding::within(&format!("default in 24 months, {band}"), &got, want - slack, want + slack, "%")
        })
        .collect())
}

fn fact_6(broken: bool) -> Result<Vec<Finding>> {
    let hazard = if broken {
        "[histories]\nsource = { synthetic = { bureau = { ever_90_in_24_months = 0.15 } } }\n"
    } else {
        ""
    };
    let loaded = scenario(&format!("replications = 6\n[population]\npersons = 64_000\n{hazard}"))?;
    let s = &loaded.scenario;
    let loadings = loadings_for(s, &mut Vec::new())?;
    let mut got = Vec::new();
    for replication in 0..s.replications {
        let world = World::new(s, &Histories::Synthetic, &loadings, replication)?;
        let column = world.people.bureau.index("ever_90_24m").map_or(&[][..], |j| world.people.bureau.column(j));
        let thick = |i: &usize| world.people.file[*i] == FileDepth::Thick;
        let n = (0..column.len()).filter(thick).count();
        let late = (0..column.len()).filter(thick).filter(|i| column[*i] > 0.5).count();
        got.push(100.0 * late as f64 / n as f64);
    }
    debug_assert_eq!(s.seed, SEED);
    Ok(vec![Finding::within("90+ days past due within 24 months", &got, 6.9, 8.9, "%")])
}

/// Floor and ceiling over a population with these file depths.
fn lifts(replications: u32, file: &str, extra: &str) -> Result<impl Fn(&str) -> Vec<f64>> {
    let body = format!(
        "replications = {replications}\n[population]\npersons = 100_000\nfile = {file}\n{extra}\n[[arm]]\nname = \"bureau-only\"\ndisclosure = \"none\"\n[[arm]]\nname = \"full-sharing\"\nform = \"mandatory\"\ndisclosure = \"raw\"\n"
    );
    let rows = rows(&body)?;
    Ok(move |group: &str| {
        let (a, b) = (rows.get("full-sharing", "auc", group), rows.get("bureau-only", "auc", group));
        zip(&a, &b, |x, y| 100.0 * (x - y))
    })
}

fn fact_10(broken: bool) -> Result<Vec<Finding>> {
    let weak = "[histories]\ncalibrate = { auc = { bureau = 0.683, platform = 0.62, both = 0.70 } }";
    let alike = "[histories]\nsource = { synthetic = { bureau = { thin_months = 24 } } }";
    let level = lifts(8, "{ none = 0.57, thin = 0.13, thick = 0.30 }", if broken { weak } else { "" })?;
    // As many thin files as thick ones, so that the order is not lost in the noise of the few.
    let order = lifts(
        24,
        "{ none = 0.0, thin = 0.5, thick = 0.5 }\ngroup = { file_gap = 0.0 }",
        if broken { alike } else { "" },
    )?;
    let order = zip(&order("file=thin"), &order("file=thick"), |thin, thick| thin - thick);
    Ok(vec![
        Finding::within("AUC lift, applicants with a file", &level("file=any"), 3.0, 7.0, "pp"),
        Finding::positive("lift of thin files − lift of thick files", &order, "pp"),
    ])
}

pub(super) fn facts() -> Vec<Fact> {
    let fact = |number, name, kind, source, twin, measure| Fact { number, name, kind, source, twin, measure };
    vec![
        fact(
            5,
            "default by score band",
            Kind::Calibrated,
            "Federal Reserve, report to the Congress on credit scoring (2007)",
            "lender.scale.base_score = 690",
            fact_5,
        ),
        fact(
            6,
            "serious delinquency",
            Kind::Calibrated,
            "7.9 ± 1 % of new accounts 90+ dpd within 24 months",
            "ever_90_in_24_months = .15",
            fact_6,
        ),
        fact(
            10,
            "worth of platform history",
            Kind::Structural,
            "Berg, Burg, Gombović & Puri (2020); level calibrated, order structural",
            "platform AUC = .62, thin_months = 24",
            fact_10,
        ),
    ]
}
