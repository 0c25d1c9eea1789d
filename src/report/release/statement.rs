//! `STATEMENT.md`: what a release protects and what it does not, for people who were in the data.

use super::PublicLedger;
use crate::experiment::release::{Product, Release};
use crate::scoring::dp_quality::Quality;
use std::fmt::Write as _;

/// e^ε in words, never rounded down.
fn factor(epsilon: f64) -> String {
    let f = libm::exp(epsilon);
    match f {
        _ if f < 1.01 => format!("{:.6}", (f * 1e6).ceil() / 1e6),
        _ if f < 1000.0 => format!("{:.2}", (f * 100.0).ceil() / 100.0),
        _ if f.is_finite() => format!("10^{}, which protects nobody", libm::log10(f).ceil()),
        _ => "more than any number, which protects nobody".to_owned(),
    }
}

/// ε in words, never rounded down.
fn upwards(epsilon: f64) -> String {
    if epsilon >= 1e-3 || epsilon == 0.0 {
        return format!("{:.6}", (epsilon * 1e6).ceil() / 1e6);
    }
    let unit = libm::pow(10.0, libm::floor(libm::log10(epsilon)) - 3.0);
    format!("{:.3e}", (epsilon / unit).ceil() * unit)
}

/// How good a model is, by what was paid for.
fn quality(out: &mut String, release: &Release) {
    let Some(quality) = &release.quality else { return };
    let _ = writeln!(out, "## How good it is\n");
    for warning in quality.warnings() {
        let _ = writeln!(out, "**{warning}.**\n");
    }
    let words = quality.words();
    for sentence in &words {
        let _ = writeln!(out, "- {sentence}");
    }
    let _ = writeln!(
        out,
        "{}These numbers come from counts of goods and bads by score that were released with noise of {:.1} persons each, for {:.1} % of the budget (a share of μ²). They are of the persons that the model learnt from; on others it can be worse, and was not tried.\n",
        if words.is_empty() { "Nothing can be said of it. " } else { "\n" },
        quality.noise,
        100.0 * quality.share
    );
}

pub(super) fn text(release: &Release, ledger: &PublicLedger) -> String {
    let (spent, last) = (ledger.spent(), ledger.releases.last());
    let mut out = String::from("# What this release protects, and what it does not\n\n");
    let what = match &release.product {
        Product::Cohorts(sums, _) => format!(
            "A table of {} cohorts: for each, a noisy number of members and noisy sums of {} columns. The cohorts were fixed beforehand; empty ones are listed too.",
            sums.cohorts,
            sums.columns.len()
        ),
        Product::Model(_) => format!(
            "A scoring model ({}), trained once on everybody's record and outcome. Its coefficients are what is released.",
            release.mechanism
        ),
    };
    let _ = writeln!(out, "## What was released\n\n{what}\n");
    let warned = release.quality.as_ref().map_or_else(Vec::new, Quality::warnings);
    for note in release.notes.iter().filter(|n| !warned.contains(n)) {
        let _ = writeln!(out, "Note: {note}.\n");
    }
    quality(&mut out, release);
    let own = last.map_or((0.0, 0.0), |r| (r.epsilon, r.delta));
    let _ = writeln!(out, "## The promise\n");
    let _ = writeln!(
        out,
        "Take any person, and imagine the data with and without all that is known of that person. Whatever somebody who reads this release looks for in it, the chance of finding it differs between the two by a factor of at most {} (ε = {}){}.\n",
        factor(own.0),
        upwards(own.0),
        if own.1 > 0.0 { format!(", and {} on top (δ)", own.1) } else { String::new() }
    );
    let _ = writeln!(
        out,
        "- Unit of privacy: one person, with all months. One row of the data is one person.\n\
         - Neighbouring data: one person added or removed. Replacing one person by another is at most twice ε, and 1 + e^ε times δ.\n\
         - The number of persons is protected as well: it appears nowhere but with noise.\n\
         - A field that could not be read counts as a value that was fixed before the data were opened, so that one malformed record does not decide whether there is a release.\n\
         - Noise: exact integer noise, drawn once, from random words that pretick asks of the operating system and of nothing else. pretick has no seed here, so that the noise cannot be subtracted or repeated. What each noise costs is said by opendp's privacy maps.\n\
         - Trust: whoever holds the data is trusted with all of it, as are those who ran this command. The promise is about readers of what came out.\n"
    );
    let _ = writeln!(out, "## All releases about these persons so far\n");
    let _ = writeln!(out, "| release | mechanism | ε | δ |\n|---|---|---|---|");
    for r in &ledger.releases {
        let _ = writeln!(out, "| {} | {} | {} | {} |", r.id, r.mechanism, upwards(r.epsilon), super::in_words(r.delta));
    }
    let _ = writeln!(out, "| **total** | | **{}** | **{}** |\n", upwards(spent.epsilon), super::in_words(spent.delta));
    if ledger.releases.iter().any(|r| r.cut_off) {
        out.push_str(
            "A release that was cut off was begun and never published. Its noise may have been drawn and read by somebody, so that all that was set aside for it counts.\n\n",
        );
    }
    let _ = writeln!(
        out,
        "Releases add up: the promise that counts is the total's, a factor of {}. It covers the releases in this list and no others; whoever publishes more about the same persons has to add to it.\n",
        factor(spent.epsilon)
    );
    if spent.epsilon > 10.0 {
        out.push_str("With a total this large the promise rules out very little; it should not be called private.\n\n");
    }
    out.push_str("## What is not protected\n\n");
    if let Product::Model(_) = release.product {
        out.push_str(
            "- The record of a person who is *scored*. The promise covers those the model was trained on. A score is a function of the applicant's own record and reveals it to whoever receives the score, at any ε.\n",
        );
    } else {
        out.push_str(
            "- What a cohort says about its members. Whoever is judged by the averages of a cohort is judged by others; that is inference, and no ε prevents it.\n",
        );
    }
    out.push_str(
        "- What can be inferred about a person from others. If the release shows that people with late bills default, it shows so of a person with late bills who was not in the data.\n\
         - Facts that a person's presence is not needed for: the columns, bounds, break points and cohorts are public by assumption. Had somebody chosen them, or the settings of the mechanism, by looking at the data, that would not be covered.\n\
         - Several rows of one person, or persons who are in other data sets as well: what is promised is promised a row.\n\
         - What else leaves the building: the terminal's output, error messages, running times and the register beside the data are for the inside and are not covered.\n\
         - δ is a chance of failure: it has to be far below one over the number of persons to mean anything.\n\n",
    );
    let _ = writeln!(
        out,
        "The entries behind these numbers, with sensitivities and scales of noise, are in `{}`. They can be added up again by anybody.",
        super::LEDGER
    );
    out
}
