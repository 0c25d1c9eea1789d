//! Approval and accuracy by file depth: a dot and an interval for each arm, small multiples.

use super::canvas::{AXIS, Canvas, GREY, font};
use super::figure::{Words, figure, floor_line, grid_x, labels_x};
use super::scale::{Axis, Rect, range, tick_text, ticks};
use super::{Pick, Plot, caption, of, picks};
use crate::error::Result;
use crate::report::metric::{Metric, metric};
use crate::report::palette::ink;
use crate::report::{Context, Summaries};

const GROUPS: [(&str, &str); 3] = [("file=none", "no file"), ("file=thin", "thin file"), ("file=thick", "thick file")];
const ROW: f64 = 21.0;

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let picks = picks(all, context);
    let metrics: Vec<&Metric> = ["approval_rate", "auc"]
        .into_iter()
        .filter(|m| GROUPS.iter().any(|g| picks.iter().any(|p| of(all, context, p, m, g.0).is_some())))
        .filter_map(metric)
        .collect();
    if metrics.is_empty() {
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
    let block = 30.0 + ROW * picks.len() as f64 + 54.0;
    let mut ranges = Vec::new();
    for metric in &metrics {
        let values =
            picks.iter().flat_map(|p| GROUPS.iter().filter_map(move |g| of(all, context, p, metric.name, g.0)));
        ranges
            .push(range(values.flat_map(|s| [s.value.mean, s.value.lo, s.value.hi]).map(|v| v * metric.factor), 0.05));
    }
    let height = block * metrics.len() as f64 - 8.0;
    figure(words, height, |canvas, body| {
        for (row, (metric, range)) in metrics.iter().zip(&ranges).enumerate() {
            let top = body.y0 + block * row as f64;
            let area = Rect { x0: body.x0, y0: top, x1: body.x1, y1: top + block };
            multiples(canvas, area, all, context, &picks, metric, *range)?;
        }
        Ok(())
    })
    .map(Some)
}

/// Names on the left, a panel a file depth.
fn multiples(
    canvas: &Canvas<'_>,
    body: Rect,
    all: &Summaries,
    context: &Context,
    picks: &[Pick<'_>],
    metric: &Metric,
    x_range: (f64, f64),
) -> Result<()> {
    let (name_font, detail_font) = (font(13.0), font(11.0).rgb(GREY));
    let mut left: f64 = 0.0;
    for pick in picks {
        left = left.max(name_font.width(&pick.name)? + 24.0 + detail_font.width(&pick.detail())? + 12.0);
    }
    let area = Rect { x0: body.x0 + left + 8.0, y0: body.y0 + 30.0, x1: body.x1 - 6.0, y1: body.y1 - 54.0 };
    let y = |i: usize| area.y0 + ROW * (i as f64 + 0.5);
    for (i, pick) in picks.iter().enumerate() {
        canvas.symbol(body.x0 + 8.0, y(i), 4.5, pick.style)?;
        canvas.text(body.x0 + 20.0, y(i), &pick.name, name_font.rgb(ink(pick.style.rgb)))?;
        let behind = body.x0 + 28.0 + name_font.width(&pick.name)?;
        canvas.text(behind, y(i), &pick.detail(), detail_font)?;
    }
    let (marks, decimals) = ticks(x_range, 4);
    for (column, (group, label)) in GROUPS.into_iter().enumerate() {
        let r = area.cell((0, 1), (column, GROUPS.len()), (22.0, 0.0));
        let x = Axis::linear(x_range, r.x0, r.x1);
        canvas.text(r.x0, body.y0 + 16.0, label, font(14.0).bold())?;
        grid_x(canvas, r, &x, &marks)?;
        labels_x(canvas, r, &marks.iter().map(|v| (x.at(*v), tick_text(*v, decimals))).collect::<Vec<_>>())?;
        let reference = picks.iter().find(|p| p.arm == context.reference);
        if let Some(s) = reference.and_then(|p| of(all, context, p, metric.name, group)) {
            let at = x.at(s.value.mean * metric.factor);
            canvas.dashed((at, r.y0), (at, r.y1), AXIS, 1.0)?;
        }
        for (i, pick) in picks.iter().enumerate() {
            if let Some(s) = of(all, context, pick, metric.name, group) {
                let at = |v: f64| x.at(v * metric.factor);
                canvas.whisker_across((at(s.value.lo), at(s.value.hi)), y(i), 3.5, ink(pick.style.rgb))?;
                canvas.symbol(at(s.value.mean), y(i), 4.2, pick.style)?;
            }
        }
        floor_line(canvas, r)?;
    }
    canvas.text(area.middle_x(), area.y1 + 32.0, &metric.axis(), font(13.0).middle())
}
