//! Winners and losers by income decile against the reference arm: approved here and not there, and the reverse. In a table of
//! real persons a column that the scenario names stands in for income, cut where the scenario says.

use super::bounds::{arrows, bounded};
use super::canvas::{AXIS, Canvas, DARK, GREY, font};
use super::figure::{Words, figure, grid_y, labels_x};
use super::scale::{Axis, Rect, ticks};
use super::{Pick, Plot, caption, of, picks};
use crate::error::Result;
use crate::report::palette::{ink, tint};
use crate::report::{Context, Summaries, Summary};
use crate::stats::Interval;

const COLUMNS: usize = 3;
const PANEL: f64 = 192.0;

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let group = |d: usize| format!("decile={d}");
    let has = |p: &Pick| (1..=10).any(|d| of(all, context, p, "winners", &group(d)).is_some());
    let panels: Vec<Pick<'_>> =
        picks(all, context).into_iter().filter(|p| p.arm != context.reference && has(p)).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let bars = |pick: &Pick| -> Vec<(Option<&Summary>, Option<&Summary>)> {
        let at = |metric, d| of(all, context, pick, metric, &group(d));
        (1..=10).map(|d| (at("winners", d), at("losers", d))).collect()
    };
    let data: Vec<_> = panels.iter().map(bars).collect();
    let up = data.iter().flatten().filter_map(|b| b.0).map(|s| share(s, 1.0));
    let down = data.iter().flatten().filter_map(|b| b.1).map(|s| share(s, -1.0));
    let values: Vec<Interval> = up.chain(down).collect();
    let axis = bounded(&values, &[0.0], (-100.0, 100.0), 0.06);
    let y_range = axis.range;
    let reference = &context.reference;
    let (by, groups, whose) = if context.real_data {
        (
            "the table's column for income",
            "group of the applicant by that column, cut where the scenario says (1 = lowest)",
            "share of the group's applicants, %",
        )
    } else {
        ("income", "income decile of the applicant (1 = lowest income)", "share of the decile's applicants, %")
    };
    let whiskers = if context.replications > 1 { "Whiskers: intervals, from 0 where they reach below it." } else { "" };
    let words = Words {
        name: "winners-losers".to_owned(),
        title: format!("Who wins and who loses credit against {reference}, by {by}?"),
        subtitle: format!(
            "Up: approved here and not in {reference}. Down (pale): approved in {reference} and not here."
        ),
        caption: caption(all, context, &format!("{whiskers}{}", arrows(axis.cut)), None),
    };
    let rows = panels.len().div_ceil(COLUMNS);
    figure(words, PANEL * rows as f64 + 22.0, |canvas, body| {
        let area = Rect { x0: body.x0 + 58.0, y0: body.y0, x1: body.x1, y1: body.y1 - 22.0 };
        canvas.text_upwards(body.x0 + 9.0, area.middle_y(), whose, font(13.0).middle())?;
        for (i, (pick, bars)) in panels.iter().zip(&data).enumerate() {
            let cell = area.cell((i / COLUMNS, rows), (i % COLUMNS, COLUMNS), (20.0, 0.0));
            panel(canvas, cell, pick, bars, y_range, i % COLUMNS == 0)?;
        }
        let x = area.middle_x();
        canvas.text(x, body.y1 - 8.0, groups, font(13.0).middle())
    })
    .map(Some)
}

/// A share in percent, upwards or downwards; nobody can win less than nothing.
fn share(s: &Summary, sign: f64) -> Interval {
    let at = |v: f64| if v.is_nan() { v } else { sign * 100.0 * v.max(0.0) };
    let (lo, hi) = (at(s.value.lo), at(s.value.hi));
    Interval {
        mean: sign * 100.0 * s.value.mean,
        lo: if sign < 0.0 { hi } else { lo },
        hi: if sign < 0.0 { lo } else { hi },
    }
}

fn panel(
    canvas: &Canvas<'_>,
    cell: Rect,
    pick: &Pick<'_>,
    bars: &[(Option<&Summary>, Option<&Summary>)],
    y_range: (f64, f64),
    first: bool,
) -> Result<()> {
    let r = Rect { x0: cell.x0, y0: cell.y0 + 42.0, x1: cell.x1, y1: cell.y1 - 30.0 };
    let rgb = pick.style.rgb;
    let name = font(13.0).bold().rgb(ink(rgb));
    canvas.symbol(r.x0 + 7.0, cell.y0 + 14.0, 4.5, pick.style)?;
    canvas.text(r.x0 + 18.0, cell.y0 + 14.0, &pick.name, name)?;
    canvas.text(r.x0 + 18.0, cell.y0 + 30.0, &pick.detail(), font(11.0).rgb(GREY))?;
    let y = Axis::linear(y_range, r.y1, r.y0);
    let (marks, decimals) = ticks(y_range, 5);
    // Both directions count persons: no minus on the labels.
    grid_y(canvas, r, &y, &marks, None)?;
    if first {
        for v in &marks {
            canvas.text(r.x0 - 6.0, y.at(*v), &format!("{:.decimals$}", v.abs()), font(12.0).rgb(GREY).end())?;
        }
    }
    let x = Axis::linear((0.5, 10.5), r.x0, r.x1);
    let half = r.width() / 10.0 * 0.34;
    for (d, (winners, losers)) in (1_u32..).map(f64::from).zip(bars) {
        let middle = x.at(d);
        for (summary, sign, shade) in [(winners, 1.0, 1.0), (losers, -1.0, 0.38)] {
            let Some(s) = summary else { continue };
            let value = share(s, sign);
            let (a, b) = (y.at(value.mean), y.at(0.0));
            let bar = Rect { x0: middle - half, y0: a.min(b), x1: middle + half, y1: a.max(b) };
            canvas.rect(bar, tint(rgb, shade))?;
            canvas.outline(bar, rgb, 0.8)?;
            canvas.whisker_on_bar(middle, y.stretch(value), 2.5, DARK)?;
        }
    }
    canvas.path(&[(r.x0, y.at(0.0)), (r.x1, y.at(0.0))], AXIS, 1.2)?;
    labels_x(canvas, r, &(1..=10).map(|d| (x.at(f64::from(d)), d.to_string())).collect::<Vec<_>>())
}
