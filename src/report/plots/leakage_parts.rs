//! What is learned of a person, taken apart: from the person's own record, which DP bounds, and from the records of others,
//! which no ε of the person bounds.

use super::bounds::{RISK, arrows};
use super::figure::{Words, figure};
use super::multiples::{Block, Column, stack};
use super::{Pick, Plot, attacked, attacked_in, caption, picks_at, with_intervals};
use crate::error::Result;
use crate::report::leakage::{QUESTIONS, TRAITS, axis, measured, nothing_to_attack, present};
use crate::report::{Context, Summaries};
use std::fmt::Write as _;

/// Values of ε that stand for an arm that has many.
const EPSILONS: [f64; 3] = [0.1, 1.0, 8.0];

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    if !measured(all) {
        return Ok(None);
    }
    let picks: Vec<Pick<'_>> =
        picks_at(all, context, &EPSILONS).into_iter().filter(|p| attacked(all, context, p)).collect();
    let block = |title: &str, attacks: &[(&str, &'static str)], statistic: &str, axis: String| {
        let column = |(label, metric): (&str, String)| Column { label: label.to_owned(), metric, group: "all".into() };
        let columns: Vec<Column> = present(all, attacks, statistic).into_iter().map(column).collect();
        let block = Block {
            title: title.to_owned(),
            columns,
            axis,
            factor: 100.0,
            possible: RISK,
            reference: false,
            zero: true,
        };
        block.has_values(all, context, &picks).then_some(block)
    };
    let similarity = "learned, % of what was left to learn without the release (0 = nothing)";
    let other = "success less success by luck, % of what was left (0 = no better than luck)";
    let blocks: Vec<Block> = [
        block("From the person's own record: with it, less without it", &TRAITS, "risk", axis()),
        block("From others' records alone: the own record kept out", &TRAITS, "similarity", similarity.to_owned()),
        block(
            "Other questions: each of its own kind, not to be compared between columns",
            &QUESTIONS,
            "risk",
            other.to_owned(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if blocks.is_empty() {
        return Ok(None);
    }
    let floor: Vec<&str> =
        all.arms().into_iter().filter(|a| nothing_to_attack(all, a) && !a.ends_with("-others")).collect();
    let mut extra = "The ε of a central arm speaks of the persons in the released data. Where a model trained inside scores an \
                     applicant, the score is made of the applicant's own record and its ε does not cover that. No ε is meant to \
                     bound the second block. Arms that collect few columns give little away of the others. Membership: in a scorer \
                     trained on some hundred persons, of sums in the sums themselves; an insider knows all other members."
        .to_owned();
    if !floor.is_empty() {
        let _ = write!(extra, " Nothing to attack: {}.", floor.join(", "));
    }
    let cut = arrows(blocks.iter().any(|b| b.bounded(all, context, &picks).cut));
    let words = Words {
        name: "leakage-parts".to_owned(),
        title: "What gives people away: their own record, or their neighbours?".to_owned(),
        subtitle: format!(
            "Columns: what the attacker wants to know. Dots: arms{}; each block has its own scale.",
            with_intervals(context)
        ),
        caption: caption(all, context, &format!("{extra}{}{cut}", attacked_in(all)), None),
    };
    let height = blocks.iter().map(|b| b.height(picks.len())).sum::<f64>() - 8.0;
    figure(words, height, |canvas, body| stack(canvas, body, &blocks, all, context, &picks)).map(Some)
}
