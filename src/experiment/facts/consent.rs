//! Facts 1–4, 7–9: forms and the shock.

use super::{Fact, Finding, Kind, rows, zip};
use crate::consent::ConsentParams;
use crate::error::Result;
use crate::stats::logit;
use std::fmt::Write as _;

/// A population large enough that a share's standard error over replications is below .2 pp; histories are short, since
/// these facts do not read them.
fn forms(consent: &str, arms: &[(&str, &str)]) -> String {
    let mut text = format!(
        "replications = 6\nreference = \"{}\"\n[population]\npersons = 32_000\n[consent]\n{consent}\n",
        arms[0].0
    );
    for (name, form) in arms {
        let _ = write!(text, "[[arm]]\nname = \"{name}\"\nform = {form}\ndisclosure = \"raw\"\n");
    }
    text
}

fn share(consent: &str, arms: &[(&str, &str)]) -> Result<Vec<Vec<f64>>> {
    let rows = rows(&forms(consent, arms))?;
    Ok(arms.iter().map(|(name, _)| rows.get(name, "share_rate", "all")).collect())
}

const OPT_IN: &str = "{ box = \"unticked\", notice = 0.40, friction = 0.5 }";
const VISIBLE: &str = "{ box = \"pre-ticked\", notice = 0.40, friction = 0.5 }";
const HIDDEN: &str = "{ box = \"pre-ticked\", notice = 0.05, friction = 0.5 }";
const ACTIVE: &str = "{ box = \"active\" }";

fn effect(pre: f64, un: f64) -> f64 {
    (logit(pre) - logit(un)) * 3f64.sqrt() / std::f64::consts::PI
}

fn points(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| 100.0 * v).collect()
}

fn fact_1(broken: bool) -> Result<Vec<Finding>> {
    let (visible, plain) = if broken {
        (
            "{ box = \"pre-ticked\", notice = 0.9, friction = 0.1 }",
            "{ box = \"unticked\", notice = 0.9, friction = 0.1 }",
        )
    } else {
        (VISIBLE, OPT_IN)
    };
    let s = share("", &[("un", plain), ("pre", visible)])?;
    let mild_notice = if broken { 0.95 } else { 0.71 };
    let m = share(
        "",
        &[
            ("un", &format!("{{ box = \"unticked\", notice = {mild_notice}, friction = 0 }}")),
            ("pre", &format!("{{ box = \"pre-ticked\", notice = {mild_notice}, friction = 0 }}")),
        ],
    )?;
    Ok(vec![
        Finding::within("single study: d, visible pre-ticked vs opt-in", &zip(&s[1], &s[0], effect), 1.59, 2.09, "d"),
        Finding::within("meta-analysis of 58 studies: d (a = .71, f = 0)", &zip(&m[1], &m[0], effect), 0.53, 0.83, "d"),
    ])
}

fn fact_2(broken: bool) -> Result<Vec<Finding>> {
    let opt_in = if broken { "{ box = \"unticked\", notice = 0.95, friction = 0.5 }" } else { OPT_IN };
    let s = share("", &[("un", opt_in), ("active", ACTIVE)])?;
    let gap = points(&zip(&s[1], &s[0], |a, b| a - b));
    Ok(vec![Finding::within("active choice − opt-in", &gap, 23.0, 33.0, "pp")])
}

fn fact_3(broken: bool) -> Result<Vec<Finding>> {
    let push = if broken { "hidden_refusal_push = 0.4" } else { "" };
    let s = share(push, &[("plain", ACTIVE), ("hidden", "{ box = \"active\", refusal_hidden = true }")])?;
    let gap = points(&zip(&s[1], &s[0], |a, b| a - b));
    Ok(vec![Finding::within("hiding the refusal", &gap, 19.5, 25.5, "pp")])
}

fn fact_4(broken: bool) -> Result<Vec<Finding>> {
    // Broken: attitudes as they are without the survey, and a shock that leaves them alone.
    let shift = if broken { 0.0 } else { ConsentParams::default().shift_for(0.53) };
    let effect = if broken { "\nshock_effect = 0.0" } else { "" };
    let calm = share(&format!("attitude_shift = {shift}"), &[("active", ACTIVE)])?;
    let shocked = share(&format!("attitude_shift = {shift}\nshock = 1.0{effect}"), &[("active", ACTIVE)])?;
    Ok(vec![
        Finding::within("support before", &points(&calm[0]), 50.0, 56.0, "%"),
        Finding::within("support after the full shock", &points(&shocked[0]), 26.0, 32.0, "%"),
    ])
}

fn fact_7(broken: bool) -> Result<Vec<Finding>> {
    let form = if broken { "{ box = \"unticked\", notice = 0.9, friction = 0.5 }" } else { OPT_IN };
    let s = share("", &[("un", form)])?;
    Ok(vec![Finding::within("opt-in rate", &points(&s[0]), 5.0, 15.0, "%")])
}

fn fact_8(broken: bool) -> Result<Vec<Finding>> {
    let form = if broken { VISIBLE } else { HIDDEN };
    let would = if broken { "would_share = { fundamentalist = 0.5, pragmatist = 0.8, unconcerned = 0.9 }" } else { "" };
    let rows = rows(&forms(would, &[("hidden", form)]))?;
    let shares = rows.get("hidden", "share_rate", "all");
    let regret = rows.get("hidden", "regret", "all");
    Ok(vec![
        Finding::within("hidden pre-ticked rate", &points(&shares), 95.0, 100.0, "%"),
        Finding::within(
            "of these, would refuse if asked",
            &points(&zip(&regret, &shares, |r, s| r / s)),
            50.0,
            70.0,
            "%",
        ),
    ])
}

fn fact_9(broken: bool) -> Result<Vec<Finding>> {
    let form = if broken { "{ box = \"pre-ticked\", notice = 0.6, friction = 0.5 }" } else { HIDDEN };
    let calm = share("", &[("hidden", form)])?;
    let shocked = share("shock = 1.0", &[("hidden", form)])?;
    let moved = points(&zip(&calm[0], &shocked[0], |a, b| (a - b).abs()));
    Ok(vec![Finding::within("full shock moves the hidden-box rate by", &moved, 0.0, 2.0, "pp")])
}

pub(super) fn facts() -> Vec<Fact> {
    let fact = |number, name, kind, source, twin, measure| Fact { number, name, kind, source, twin, measure };
    vec![
        fact(
            1,
            "default effect",
            Kind::Calibrated,
            "Johnson, Bellman & Lohse (2002); Jachimowicz et al. (2019), 58 studies",
            "notice = .9/.95",
            fact_1,
        ),
        fact(
            2,
            "active choice",
            Kind::Calibrated,
            "Carroll, Choi, Laibson, Madrian & Metrick (2009)",
            "notice = .95",
            fact_2,
        ),
        fact(
            3,
            "hidden refusal",
            Kind::Calibrated,
            "Nouwens et al. (2020)",
            "consent.hidden_refusal_push = .4",
            fact_3,
        ),
        fact(
            4,
            "shock",
            Kind::Calibrated,
            "survey: support 53 % → 29 % once risks are explained",
            "consent.attitude_shift = 0, consent.shock_effect = 0",
            fact_4,
        ),
        fact(7, "opt-in rate", Kind::Implied, "model inputs", "notice = .9", fact_7),
        fact(
            8,
            "hidden box",
            Kind::Implied,
            "model inputs (restates the assumed attitudes: 51–71 % over their range)",
            "visible box, willing public",
            fact_8,
        ),
        fact(
            9,
            "shock at the hidden box",
            Kind::Implied,
            "outrage works through revocation, not entry",
            "notice = .6",
            fact_9,
        ),
    ]
}
