//! Approval and accuracy by file depth: a dot and an interval for each arm, small multiples.

use super::bounds::{arrows, possible};
use super::figure::{Words, figure};
use super::multiples::{Block, Column, stack};
use super::{Plot, caption, left_out, of, picks, with_intervals};
use crate::error::Result;
use crate::report::metric::metric;
use crate::report::{Context, Summaries};

const GROUPS: [(&str, &str); 3] = [("file=none", "no file"), ("file=thin", "thin file"), ("file=thick", "thick file")];

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let picks = picks(all, context);
    let block = |name: &str| {
        let metric = metric(name)?;
        let has = |group: &str| picks.iter().any(|p| of(all, context, p, name, group).is_some());
        let present: Vec<(&str, &str)> = GROUPS.into_iter().filter(|(group, _)| has(group)).collect();
        let column =
            |(group, label): (&str, &str)| Column { label: label.into(), metric: name.into(), group: group.into() };
        let block = Block {
            title: String::new(),
            columns: present.into_iter().map(column).collect(),
            axis: metric.axis(),
            factor: metric.factor,
            possible: possible(metric),
            reference: true,
            zero: false,
        };
        // One depth alone is no comparison: the other pictures show it.
        (block.columns.len() > 1).then_some(block)
    };
    let blocks: Vec<Block> = ["approval_rate", "auc"].into_iter().filter_map(block).collect();
    if blocks.is_empty() {
        return Ok(None);
    }
    let reference = &context.reference;
    let each = if context.replications > 1 { "Intervals are of each arm by itself: paired" } else { "Paired" };
    let cut = arrows(blocks.iter().any(|b| b.bounded(all, context, &picks).cut));
    let extra = format!("{each} differences stand in summary.csv.{cut}{}", left_out(all, context, "file="));
    let words = Words {
        name: "file-depth".to_owned(),
        title: "What changes for people without a file?".to_owned(),
        subtitle: format!("Dots: arms{}. Dashed line: {reference}.", with_intervals(context)),
        caption: caption(all, context, &extra, None),
    };
    let height = blocks.iter().map(|b| b.height(picks.len())).sum::<f64>() - 8.0;
    figure(words, height, |canvas, body| stack(canvas, body, &blocks, all, context, &picks)).map(Some)
}
