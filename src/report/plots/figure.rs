//! What pictures share: title, subtitle and caption around a body; panels with axes.

use super::Plot;
use super::canvas::{AXIS, Canvas, GREY, GRID, draw, font, line_height};
use super::scale::{Axis, Rect, tick_text};
use crate::error::Result;
use crate::report::palette::{Style, Symbol};

/// Width of every picture in pixels.
pub const WIDTH: f64 = 960.0;
/// Margin around everything.
pub const MARGIN: f64 = 18.0;

/// Words around a picture.
pub struct Words {
    /// File name without ending.
    pub name: String,
    /// The question or finding.
    pub title: String,
    /// How to read it.
    pub subtitle: String,
    /// n, replications, intervals.
    pub caption: String,
}

/// Draws a picture whose body is `height` pixels high.
pub fn figure(words: Words, height: f64, body: impl FnOnce(&Canvas<'_>, Rect) -> Result<()>) -> Result<Plot> {
    let (title_font, subtitle_font, caption_font) = (font(20.0).bold(), font(14.0).rgb(GREY), font(12.0).rgb(GREY));
    let width = WIDTH - 2.0 * MARGIN;
    let title = title_font.wrap(&words.title, width)?;
    let subtitle = subtitle_font.wrap(&words.subtitle, width)?;
    let caption = caption_font.wrap(&words.caption, width)?;
    let top = MARGIN
        + line_height(title_font) * title.len() as f64
        + 4.0
        + line_height(subtitle_font) * subtitle.len() as f64
        + 12.0;
    let bottom = top + height;
    let total = (bottom + 12.0 + line_height(caption_font) * caption.len() as f64 + MARGIN * 0.7).ceil();
    let description = format!("{} {}", words.subtitle, words.caption.replace('\n', " "));
    let svg = draw((WIDTH, total), &words.title, &description, |canvas| {
        let y = canvas.lines(MARGIN, MARGIN, &title, title_font)?;
        canvas.lines(MARGIN, y + 4.0, &subtitle, subtitle_font)?;
        body(canvas, Rect { x0: MARGIN, y0: top, x1: WIDTH - MARGIN, y1: bottom })?;
        canvas.lines(MARGIN, bottom + 12.0, &caption, caption_font).map(|_| ())
    })?;
    Ok(Plot { name: words.name, title: words.title, svg })
}

/// Longest arm name that is drawn, in pixels; longer ones are cut.
pub const NAME: f64 = 190.0;

/// An arm's name as it is drawn.
pub fn name_of(arm: &str) -> Result<String> {
    font(14.0).bold().cut(arm, NAME)
}

/// Size of tick labels.
pub const TICK: f64 = 12.0;

/// Horizontal grid lines with labels on the left (if wanted).
pub fn grid_y(canvas: &Canvas<'_>, r: Rect, axis: &Axis, ticks: &[f64], decimals: Option<usize>) -> Result<()> {
    for v in ticks {
        let y = axis.at(*v);
        canvas.path(&[(r.x0, y), (r.x1, y)], GRID, 1.0)?;
        if let Some(decimals) = decimals {
            canvas.text(r.x0 - 6.0, y, &tick_text(*v, decimals), font(TICK).rgb(GREY).end())?;
        }
    }
    Ok(())
}

/// Vertical grid lines.
pub fn grid_x(canvas: &Canvas<'_>, r: Rect, axis: &Axis, ticks: &[f64]) -> Result<()> {
    ticks.iter().map(|v| axis.at(*v)).try_for_each(|x| canvas.path(&[(x, r.y0), (x, r.y1)], GRID, 1.0))
}

/// Labels under a panel; those that would touch their left neighbour are left out.
pub fn labels_x(canvas: &Canvas<'_>, r: Rect, labels: &[(f64, String)]) -> Result<()> {
    let font = font(TICK).rgb(GREY).middle();
    let mut free = f64::NEG_INFINITY;
    for (x, text) in labels {
        let half = font.width(text)? / 2.0;
        canvas.path(&[(*x, r.y1), (*x, r.y1 + 4.0)], AXIS, 1.0)?;
        if x - half >= free {
            canvas.text(*x, r.y1 + 13.0, text, font)?;
            free = x + half + 5.0;
        }
    }
    Ok(())
}

/// The line under a panel.
pub fn floor_line(canvas: &Canvas<'_>, r: Rect) -> Result<()> {
    canvas.path(&[(r.x0, r.y1), (r.x1, r.y1)], AXIS, 1.0)
}

/// A line with its ribbon; both stop where values or intervals are undefined. Points are (x, y, lower y, upper y).
pub fn ribbon(canvas: &Canvas<'_>, points: &[(f64, f64, f64, f64)], style: Style) -> Result<()> {
    let rgb = style.rgb;
    for run in points.chunk_by(|a, b| [a, b].iter().all(|p| p.2.is_finite() && p.3.is_finite())) {
        if run.len() > 1 {
            let upper = run.iter().map(|p| (p.0, p.3));
            let lower = run.iter().rev().map(|p| (p.0, p.2));
            canvas.polygon(&upper.chain(lower).collect::<Vec<_>>(), rgb, 0.18)?;
        }
    }
    for run in points.chunk_by(|a, b| a.1.is_finite() && b.1.is_finite()) {
        if run.len() > 1 {
            let line: Vec<(f64, f64)> = run.iter().map(|p| (p.0, p.1)).collect();
            if style.symbol == Symbol::Dashed {
                line.windows(2).try_for_each(|w| canvas.dashed(w[0], w[1], rgb, 2.0))?;
            } else {
                canvas.path(&line, rgb, 2.0)?;
            }
        }
    }
    Ok(())
}
