//! Approval and accuracy by file depth: a dot and an interval for each arm, small multiples.

use super::figure::{Words, figure};
use super::multiples::{Block, Column, stack};
use super::{Plot, caption, picks};
use crate::error::Result;
use crate::report::metric::metric;
use crate::report::{Context, Summaries};

const GROUPS: [(&str, &str); 3] = [("file=none", "no file"), ("file=thin", "thin file"), ("file=thick", "thick file")];

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let picks = picks(all, context);
    let block = |name: &str| {
        let metric = metric(name)?;
        let column =
            |(group, label): (&str, &str)| Column { label: label.into(), metric: name.into(), group: group.into() };
        let block = Block {
            title: String::new(),
            columns: GROUPS.into_iter().map(column).collect(),
            axis: metric.axis(),
            factor: metric.factor,
            reference: true,
            zero: false,
        };
        block.has_values(all, context, &picks).then_some(block)
    };
    let blocks: Vec<Block> = ["approval_rate", "auc"].into_iter().filter_map(block).collect();
    if blocks.is_empty() {
        return Ok(None);
    }
    let reference = &context.reference;
    let words = Words {
        name: "file-depth".to_owned(),
        title: "What changes for people without a file?".to_owned(),
        subtitle: format!("Dots: arms, with intervals. Dashed line: {reference}."),
        caption: caption(
            all,
            context,
            "Intervals are of each arm by itself: paired differences stand in summary.csv.",
            None,
        ),
    };
    let height = blocks.iter().map(|b| b.height(picks.len())).sum::<f64>() - 8.0;
    figure(words, height, |canvas, body| stack(canvas, body, &blocks, all, context, &picks)).map(Some)
}
