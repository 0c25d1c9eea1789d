//! Pictures: SVG by plotters, PNG by resvg, both with the bundled DejaVu Sans.
//!
//! | file | question |
//! |---|---|
//! | `tradeoff-auc`, `tradeoff-profit_per_applicant` | What does a smaller ε cost? One panel a kind of guarantee |
//! | `consent-anatomy` | Who shares, and would they if asked? |
//! | `file-depth` | What changes for people without a file? |
//! | `winners-losers` | Who wins and who loses against the reference arm, by income? |
//! | `calibration` | Do predicted defaults come true? |
//! | `leakage-auc`, `leakage-profit_per_applicant` | What do accuracy and profit cost in measured privacy? |
//! | `leakage-parts` | What gives people away: their own record, or others'? |
//! | `externality` | What do sharers say about those who refused? |
//! | `sweep-<key>` | How do the results depend on a parameter? |
//! | `audit` | What does each arm claim, and what have attacks shown of it? (`pretick audit --out`) |
//! | `story-<person>` | What did one person live through, and what did each arm make of it? (`pretick story`) |
//!
//! A picture whose rows are missing is left out with a note. One arm has one colour and symbol everywhere
//! ([`palette`](super::palette)). Arms with several ε appear outside the trade-off at the one nearest to 1, and their
//! label says so.

mod anatomy;
pub mod audit;
pub(super) mod bounds;
mod calibration;
pub(super) mod canvas;
mod deciles;
mod depth;
mod externality;
pub(super) mod figure;
mod leakage;
mod leakage_parts;
pub(super) mod marks;
mod multiples;
mod raster;
pub(super) mod scale;
pub mod story;
mod sweep;
mod tradeoff;

pub use raster::png;

use super::palette::{Style, style_of};
use super::table::{epsilon_text, grouped};
use super::{Context, Kind, SIMULATED, Summaries, Summary};
use crate::error::Result;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// File name without ending.
    pub name: String,
    /// The title drawn on it.
    pub title: String,
    /// SVG text.
    pub svg: String,
}

/// Draws every picture that the rows allow; says in words which were left out.
pub fn draw_all(all: &Summaries, context: &Context) -> Result<(Vec<Plot>, Vec<String>)> {
    let mut drawn = Vec::new();
    let mut notes = Vec::new();
    let mut keep = |name: &str, plot: Option<Plot>, missing: &str| match plot {
        Some(plot) => drawn.push(plot),
        None => notes.push(format!("picture {name} left out: no rows of {missing}")),
    };
    for metric in ["auc", "profit_per_applicant"] {
        keep(
            &format!("tradeoff-{metric}"),
            tradeoff::draw(all, context, metric)?,
            &format!("{metric} for an arm under DP"),
        );
    }
    keep("consent-anatomy", anatomy::draw(all, context)?, "share_rate");
    keep("file-depth", depth::draw(all, context)?, "approval_rate or auc for more than one file depth");
    keep("winners-losers", deciles::draw(all, context)?, "winners and losers by decile");
    keep("calibration", calibration::draw(all, context)?, "calibration_predicted and calibration_observed");
    if super::leakage::measured(all) {
        for metric in ["auc", "profit_per_applicant"] {
            let plot = leakage::draw(all, context, metric)?;
            keep(&format!("leakage-{metric}"), plot, &format!("{metric} of an arm that was attacked"));
        }
        keep("leakage-parts", leakage_parts::draw(all, context)?, "risks");
    }
    if all.has_metric("attack.nonsharer.quality_explained") {
        keep("externality", externality::draw(all, context)?, "two arms with sharers and non-sharers");
    }
    for key in 0..context.sweep_keys.len() {
        let name = format!("sweep-{}", super::manifest::slug(&context.sweep_keys[key]));
        keep(&name, sweep::draw(all, context, key)?, "two sweep values of one metric");
    }
    Ok((drawn, notes))
}

/// An arm at one ε, with its look.
struct Pick<'a> {
    arm: &'a str,
    /// The name as it is drawn.
    name: String,
    epsilon: Option<f64>,
    style: Style,
    kind: Option<Kind>,
    asked: bool,
}

impl Pick<'_> {
    /// `ε = 1, central, (ε, δ)`; empty for arms without DP.
    fn detail(&self) -> String {
        match (self.epsilon, self.kind) {
            (Some(e), Some(kind)) => format!("ε = {}, {}", epsilon_text(e), kind.label()),
            (Some(e), None) => format!("ε = {}", epsilon_text(e)),
            (None, _) => String::new(),
        }
    }
}

/// What follows `dots: arms`, `bars` …, where there are intervals.
fn with_intervals(context: &Context) -> &'static str {
    if context.replications > 1 { ", with intervals" } else { "" }
}

/// Every arm once, at the ε nearest to 1.
fn picks<'a>(all: &'a Summaries, context: &Context) -> Vec<Pick<'a>> {
    picks_at(all, context, &[1.0])
}

/// Every arm at the values of ε nearest to some, each once.
fn picks_at<'a>(all: &'a Summaries, context: &Context, wanted: &[f64]) -> Vec<Pick<'a>> {
    let mut out = Vec::new();
    for arm in all.arms() {
        let info = context.arm(arm);
        let Ok(name) = figure::name_of(arm) else { continue };
        let mut epsilons: Vec<Option<f64>> = wanted.iter().filter_map(|e| all.nearest_epsilon(arm, *e)).collect();
        epsilons.dedup();
        out.extend(epsilons.into_iter().map(|epsilon| Pick {
            arm,
            name: name.clone(),
            epsilon,
            style: style_of(arm, context),
            kind: info.and_then(|i| i.guarantee.kind()),
            asked: info.is_none_or(|i| i.asked),
        }));
    }
    out
}

/// Whether any attack on the pick was measured.
fn attacked(all: &Summaries, context: &Context, pick: &Pick) -> bool {
    super::leakage::headline(all, pick.arm, pick.epsilon, all.base(context)).is_some()
}

/// In how many replications arms were attacked, where these are not all.
fn attacked_in(all: &Summaries) -> String {
    let of = |attacks: bool| {
        all.rows()
            .iter()
            .filter(|s| s.metric.starts_with("attack.") == attacks)
            .map(|s| s.replications)
            .max()
            .unwrap_or(0)
    };
    if of(true) < of(false) {
        format!(" Attacks: the first {} of the replications below.", of(true))
    } else {
        String::new()
    }
}

/// One summary of a pick at the base sweep point, if its mean is defined.
fn of<'a>(all: &'a Summaries, context: &Context, pick: &Pick, metric: &str, group: &str) -> Option<&'a Summary> {
    all.get(pick.arm, pick.epsilon, all.base(context), metric, group).filter(|s| s.value.mean.is_finite())
}

/// Which groups of a kind are not drawn because they are too small to judge, as the end of a caption; empty if all are.
fn left_out(all: &Summaries, context: &Context, kind: &str) -> String {
    let words = context.left_out(kind, all.base(context));
    if words.is_empty() { words } else { format!(" {words}") }
}

/// What every caption says: n, replications, intervals, applicants, sweep point, who is not asked, real data. `swept` is the key
/// that varies along the axis.
fn caption(all: &Summaries, context: &Context, extra: &str, swept: Option<usize>) -> String {
    let mut parts = Vec::new();
    let replications = if context.replications == 1 { "replication" } else { "replications" };
    parts.push(format!(
        "{}: {} persons, {}, {} {replications}, seed {}.",
        context.title,
        grouped(context.persons),
        context.applicants(),
        context.replications,
        context.seed
    ));
    let intervals = context.intervals();
    let mut letters = intervals.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    parts.push(format!("{capital}{}.", letters.as_str()));
    let keys = context.sweep_keys.iter().zip(all.base(context)).enumerate().filter(|(i, _)| Some(*i) != swept);
    let pairs: Vec<String> = keys.map(|(_, (k, v))| format!("{k} = {v}")).collect();
    if !pairs.is_empty() {
        parts.push(format!("At {}.", pairs.join(", ")));
    }
    let present = all.arms();
    let silent: Vec<&str> = context
        .arms
        .iter()
        .filter(|a| !a.asked && present.contains(&a.name.as_str()))
        .map(|a| a.name.as_str())
        .collect();
    if !silent.is_empty() {
        parts.push(format!("asked: no — {}.", silent.join(", ")));
    }
    if context.real_data {
        let mut letters = SIMULATED.chars();
        let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        parts.push(format!("{capital}{}.", letters.as_str()));
    }
    if extra.is_empty() { parts.join(" ") } else { format!("{extra}\n{}", parts.join(" ")) }
}

#[cfg(test)]
mod tests;
