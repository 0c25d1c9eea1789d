//! Small multiples: a row an arm, a panel a column, a dot and an interval in each.

use super::bounds::{Bounded, bounded};
use super::canvas::{AXIS, Canvas, GREY, font};
use super::figure::{floor_line, grid_x, labels_x};
use super::scale::{Axis, Rect, tick_text, ticks};
use super::{Pick, of};
use crate::error::Result;
use crate::report::palette::ink;
use crate::report::{Context, Summaries};
use crate::stats::Interval;

/// Height of a row.
const ROW: f64 = 21.0;

/// One panel.
pub struct Column {
    /// Words above it.
    pub label: String,
    /// Metric in the rows.
    pub metric: String,
    /// Group in the rows.
    pub group: String,
}

/// Panels that share a scale.
pub struct Block {
    /// Words above all panels; empty for none.
    pub title: String,
    /// The panels.
    pub columns: Vec<Column>,
    /// Label of the common axis.
    pub axis: String,
    /// Factor from values to what is written.
    pub factor: f64,
    /// What a value can be, as it is written.
    pub possible: (f64, f64),
    /// A dashed line at the reference arm's value.
    pub reference: bool,
    /// A line at 0.
    pub zero: bool,
}

impl Block {
    /// Height with so many rows.
    pub fn height(&self, rows: usize) -> f64 {
        self.head() + ROW * rows as f64 + 54.0
    }

    fn head(&self) -> f64 {
        if self.title.is_empty() { 30.0 } else { 54.0 }
    }

    /// Whether any pick has a value in any panel.
    pub fn has_values(&self, all: &Summaries, context: &Context, picks: &[Pick<'_>]) -> bool {
        self.columns.iter().any(|c| picks.iter().any(|p| of(all, context, p, &c.metric, &c.group).is_some()))
    }

    /// The axis that the panels share.
    pub fn bounded(&self, all: &Summaries, context: &Context, picks: &[Pick<'_>]) -> Bounded {
        let values =
            picks.iter().flat_map(|p| self.columns.iter().filter_map(|c| of(all, context, p, &c.metric, &c.group)));
        let values: Vec<Interval> = values.map(|s| self.written(s.value)).collect();
        bounded(&values, if self.zero { &[0.0] } else { &[] }, self.possible, 0.05)
    }

    fn written(&self, v: Interval) -> Interval {
        Interval { mean: v.mean * self.factor, lo: v.lo * self.factor, hi: v.hi * self.factor }
    }

    /// Names on the left, a panel a column.
    pub fn draw(
        &self,
        canvas: &Canvas<'_>,
        body: Rect,
        all: &Summaries,
        context: &Context,
        picks: &[Pick<'_>],
    ) -> Result<()> {
        let (name_font, detail_font) = (font(13.0), font(11.0).rgb(GREY));
        let mut left: f64 = 0.0;
        for pick in picks {
            left = left.max(name_font.width(&pick.name)? + 24.0 + detail_font.width(&pick.detail())? + 12.0);
        }
        let top = body.y0 + self.head();
        if !self.title.is_empty() {
            canvas.text(body.x0, body.y0 + 16.0, &self.title, font(14.0).bold())?;
        }
        let area = Rect { x0: body.x0 + left + 8.0, y0: top, x1: body.x1 - 6.0, y1: body.y1 - 54.0 };
        let y = |i: usize| area.y0 + ROW * (i as f64 + 0.5);
        let mut last = "";
        for (i, pick) in picks.iter().enumerate() {
            canvas.symbol(body.x0 + 8.0, y(i), 4.5, pick.style)?;
            // An arm at several ε is named once.
            if pick.arm != last {
                canvas.text(body.x0 + 20.0, y(i), &pick.name, name_font.rgb(ink(pick.style.rgb)))?;
            }
            last = pick.arm;
            let behind = body.x0 + 28.0 + name_font.width(&pick.name)?;
            canvas.text(behind, y(i), &pick.detail(), detail_font)?;
        }
        let x_range = self.bounded(all, context, picks).range;
        let (marks, decimals) = ticks(x_range, if self.columns.len() > 3 { 3 } else { 4 });
        for (column, panel) in self.columns.iter().enumerate() {
            let r = area.cell((0, 1), (column, self.columns.len()), (22.0, 0.0));
            let x = Axis::linear(x_range, r.x0, r.x1);
            canvas.text(
                r.x0,
                top - 14.0,
                &font(13.0).bold().cut(&panel.label, r.width() + 14.0)?,
                font(13.0).bold(),
            )?;
            grid_x(canvas, r, &x, &marks)?;
            labels_x(canvas, r, &marks.iter().map(|v| (x.at(*v), tick_text(*v, decimals))).collect::<Vec<_>>())?;
            if self.zero {
                canvas.path(&[(x.at(0.0), r.y0), (x.at(0.0), r.y1)], AXIS, 1.0)?;
            }
            let reference = picks.iter().find(|p| self.reference && p.arm == context.reference);
            if let Some(s) = reference.and_then(|p| of(all, context, p, &panel.metric, &panel.group)) {
                let at = x.at(s.value.mean * self.factor);
                canvas.dashed((at, r.y0), (at, r.y1), AXIS, 1.0)?;
            }
            for (i, pick) in picks.iter().enumerate() {
                if let Some(s) = of(all, context, pick, &panel.metric, &panel.group) {
                    let value = self.written(s.value);
                    canvas.whisker_across(x.stretch(value), y(i), 3.5, ink(pick.style.rgb))?;
                    canvas.symbol(x.at(value.mean), y(i), 4.2, pick.style)?;
                }
            }
            floor_line(canvas, r)?;
        }
        canvas.text(area.middle_x(), area.y1 + 32.0, &self.axis, font(13.0).middle())
    }
}

/// Draws blocks one below the other.
pub fn stack(
    canvas: &Canvas<'_>,
    body: Rect,
    blocks: &[Block],
    all: &Summaries,
    context: &Context,
    picks: &[Pick<'_>],
) -> Result<()> {
    let mut top = body.y0;
    for block in blocks {
        let bottom = top + block.height(picks.len());
        block.draw(canvas, Rect { x0: body.x0, y0: top, x1: body.x1, y1: bottom }, all, context, picks)?;
        top = bottom;
    }
    Ok(())
}
