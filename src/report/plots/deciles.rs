//! Winners and losers by income decile against the reference arm, by a score that decides in both arms; hatched, what a lot
//! decides in one of them; a mark for the net change. In a table of real persons a column that the scenario names stands in
//! for income, cut where the scenario says.

use super::bounds::{arrows, bounded};
use super::canvas::{AXIS, Canvas, DARK, GREY, WHITE, font};
use super::figure::{Words, figure, grid_y, labels_x};
use super::scale::{Axis, Rect, ticks};
use super::{Pick, Plot, caption, left_out, of, picks};
use crate::error::Result;
use crate::report::palette::{ink, tint};
use crate::report::{Context, Summaries};
use crate::stats::Interval;

const COLUMNS: usize = 3;
const PANEL: f64 = 192.0;

/// One decile, in percent.
#[derive(Clone, Copy, Debug)]
struct Bar {
    /// By a score that decides in both arms: (won, lost).
    by_score: (f64, f64),
    /// Where a lot decides: (won, lost).
    by_lot: (f64, f64),
    net: Interval,
}

impl Bar {
    fn new(all: &Summaries, context: &Context, pick: &Pick, decile: usize) -> Option<Self> {
        let group = format!("decile={decile}");
        let at = |metric| of(all, context, pick, metric, &group).map(|s| s.value);
        let share = |metric| at(metric).map_or(0.0, |v| 100.0 * v.mean.max(0.0));
        let by_score = (100.0 * at("winners")?.mean.max(0.0), share("losers"));
        let by_lot = (share("winners_by_lot"), share("losers_by_lot"));
        let plain = by_score.0 + by_lot.0 - by_score.1 - by_lot.1;
        let net = at("approval_change").map_or(Interval { mean: plain, lo: f64::NAN, hi: f64::NAN }, |v| Interval {
            mean: 100.0 * v.mean,
            lo: 100.0 * v.lo,
            hi: 100.0 * v.hi,
        });
        Some(Self { by_score, by_lot, net })
    }
}

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let bars = |p: &Pick| -> Vec<Option<Bar>> { (1..=10).map(|d| Bar::new(all, context, p, d)).collect() };
    let panels: Vec<(Pick<'_>, Vec<Option<Bar>>)> = picks(all, context)
        .into_iter()
        .filter(|p| p.arm != context.reference)
        .map(|p| {
            let data = bars(&p);
            (p, data)
        })
        .filter(|p| p.1.iter().any(Option::is_some))
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let each = || panels.iter().flat_map(|p| &p.1).flatten();
    let ends: Vec<f64> = each().flat_map(|b| [b.by_score.0 + b.by_lot.0, -b.by_score.1 - b.by_lot.1, 0.0]).collect();
    let axis = bounded(&each().map(|b| b.net).collect::<Vec<_>>(), &ends, (-100.0, 100.0), 0.06);
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
    let whiskers = if context.replications > 1 { " Whiskers: intervals of the net change." } else { "" };
    let lot = "Hatched: chances that rise or fall where a lot decides among equal scores, in one of the two arms; nobody wins by another \
               draw of a lot.";
    let words = Words {
        name: "winners-losers".to_owned(),
        title: format!("Who wins and who loses credit against {reference}, by {by}?"),
        subtitle: format!(
            "Up: approved by score here and refused in {reference}. Down (pale): the reverse. Diamond: net change of approvals."
        ),
        caption: caption(
            all,
            context,
            &format!("{lot}{whiskers}{}{}", arrows(axis.cut), left_out(all, context, "decile=")),
            None,
        ),
    };
    let rows = panels.len().div_ceil(COLUMNS);
    figure(words, PANEL * rows as f64 + 22.0, |canvas, body| {
        let area = Rect { x0: body.x0 + 58.0, y0: body.y0, x1: body.x1, y1: body.y1 - 22.0 };
        canvas.text_upwards(body.x0 + 9.0, area.middle_y(), whose, font(13.0).middle())?;
        for (i, (pick, bars)) in panels.iter().enumerate() {
            let cell = area.cell((i / COLUMNS, rows), (i % COLUMNS, COLUMNS), (20.0, 0.0));
            panel(canvas, cell, pick, bars, y_range, i % COLUMNS == 0)?;
        }
        let x = area.middle_x();
        canvas.text(x, body.y1 - 8.0, groups, font(13.0).middle())
    })
    .map(Some)
}

fn panel(
    canvas: &Canvas<'_>,
    cell: Rect,
    pick: &Pick<'_>,
    bars: &[Option<Bar>],
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
    for (d, bar) in (1_u32..).map(f64::from).zip(bars) {
        let Some(bar) = bar else { continue };
        let middle = x.at(d);
        let between = |from: f64, to: f64| {
            let (a, b) = (y.at(from), y.at(to));
            Rect { x0: middle - half, y0: a.min(b), x1: middle + half, y1: a.max(b) }
        };
        for (score, lot, sign, shade) in
            [(bar.by_score.0, bar.by_lot.0, 1.0, 1.0), (bar.by_score.1, bar.by_lot.1, -1.0, 0.38)]
        {
            let solid = between(0.0, sign * score);
            canvas.rect(solid, tint(rgb, shade))?;
            canvas.outline(solid, rgb, 0.8)?;
            if lot > 0.0 {
                let drawn = between(sign * score, sign * (score + lot));
                canvas.hatch(drawn, tint(rgb, 0.6))?;
                canvas.outline(drawn, tint(rgb, 0.6), 0.8)?;
            }
        }
        canvas.whisker_on_bar(middle, y.stretch(bar.net), 2.5, DARK)?;
        let at = y.at(bar.net.mean);
        for (size, colour) in [(4.6, WHITE), (3.2, DARK)] {
            let corners = [(middle, at - size), (middle + size, at), (middle, at + size), (middle - size, at)];
            canvas.polygon(&corners, colour, 1.0)?;
        }
    }
    canvas.path(&[(r.x0, y.at(0.0)), (r.x1, y.at(0.0))], AXIS, 1.2)?;
    labels_x(canvas, r, &(1..=10).map(|d| (x.at(f64::from(d)), d.to_string())).collect::<Vec<_>>())
}
