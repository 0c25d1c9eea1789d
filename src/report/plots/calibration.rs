//! Calibration: observed default rate against mean predicted PD in ten bins of the score, both on log axes.

use super::canvas::{AXIS, Canvas, GREY, font};
use super::figure::{TICK, Words, figure, grid_x, grid_y, labels_x};
use super::scale::{Axis, Rect, range};
use super::{Pick, Plot, caption, of, picks};
use crate::error::Result;
use crate::report::palette::ink;
use crate::report::{Context, Summaries};
use crate::stats::Interval;

const COLUMNS: usize = 4;
const PANEL: f64 = 232.0;

/// Predicted PD and observed rate of one bin, in percent.
type Point = (f64, Interval);

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let points = |pick: &Pick| -> Vec<Point> {
        let at = |metric, bin: u32| of(all, context, pick, metric, &format!("bin={bin:02}")).map(|s| s.value);
        let percent = |v: Interval| Interval { mean: 100.0 * v.mean, lo: 100.0 * v.lo, hi: 100.0 * v.hi };
        (1..=10)
            .filter_map(|bin| {
                Some((100.0 * at("calibration_predicted", bin)?.mean, percent(at("calibration_observed", bin)?)))
            })
            .filter(|p| p.0 > 0.0)
            .collect()
    };
    let panels: Vec<(Pick<'_>, Vec<Point>)> = picks(all, context)
        .into_iter()
        .map(|p| {
            let data = points(&p);
            (p, data)
        })
        .filter(|p| !p.1.is_empty())
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let values = panels.iter().flat_map(|p| &p.1).flat_map(|(x, v)| [*x, v.mean, v.hi]);
    let (lo, hi) = range(values.filter(|v| *v > 0.0).map(libm::log), 0.03);
    let ends = (libm::exp(lo), libm::exp(hi).min(110.0));
    let axis = Axis::log(ends, 0.0, 1.0);
    let observed = || panels.iter().flat_map(|p| &p.1).map(|p| p.1);
    let mut explained = Vec::new();
    if context.replications > 1 {
        explained.push("Bars: intervals of the observed rate.");
    }
    if observed().any(|v| v.mean >= ends.0 && axis.stretch(v).goes_on.contains(&true)) {
        explained.push("Arrows: the interval goes on beyond the axis; 0 has no place on a log scale.");
    }
    if observed().any(|v| v.mean < ends.0) {
        explained.push("A flat mark on the floor: no default observed, or below the axis.");
    }
    let words = Words {
        name: "calibration".to_owned(),
        title: "Do predicted defaults come true?".to_owned(),
        subtitle: "Points: tenths of the scored applicants. On the dashed diagonal the prediction is right; above it \
                   the lender underestimates the risk."
            .to_owned(),
        caption: caption(all, context, &explained.join(" "), None),
    };
    let rows = panels.len().div_ceil(COLUMNS);
    figure(words, PANEL * rows as f64 + 22.0, |canvas, body| {
        let area = Rect { x0: body.x0 + 60.0, y0: body.y0, x1: body.x1, y1: body.y1 - 22.0 };
        let label = "observed default rate, % (log scale)";
        canvas.text_upwards(body.x0 + 9.0, area.middle_y(), label, font(13.0).middle())?;
        for (i, (pick, points)) in panels.iter().enumerate() {
            let cell = area.cell((i / COLUMNS, rows), (i % COLUMNS, COLUMNS), (18.0, 0.0));
            panel(canvas, cell, pick, points, ends, i % COLUMNS == 0)?;
        }
        let x = area.middle_x();
        canvas.text(x, body.y1 - 8.0, "mean predicted PD of the bin, % (log scale)", font(13.0).middle())
    })
    .map(Some)
}

/// 1, 2, 5 × powers of ten inside the range; decades only if there are many.
fn log_ticks((lo, hi): (f64, f64)) -> Vec<f64> {
    let fine = libm::log10(hi / lo) < 3.2;
    let mantissas: &[f64] = if fine { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let first = libm::floor(libm::log10(lo)) as i32;
    (first..=first + 12)
        .flat_map(|p| mantissas.iter().map(move |m| m * libm::pow(10.0, f64::from(p))))
        .filter(|v| (lo..=hi).contains(v))
        .collect()
}

fn panel(
    canvas: &Canvas<'_>,
    cell: Rect,
    pick: &Pick<'_>,
    points: &[Point],
    ends: (f64, f64),
    first: bool,
) -> Result<()> {
    let r = Rect { x0: cell.x0, y0: cell.y0 + 40.0, x1: cell.x1, y1: cell.y1 - 32.0 };
    let rgb = pick.style.rgb;
    canvas.symbol(r.x0 + 7.0, cell.y0 + 12.0, 4.5, pick.style)?;
    canvas.text(r.x0 + 18.0, cell.y0 + 12.0, &pick.name, font(13.0).bold().rgb(ink(rgb)))?;
    canvas.text(r.x0 + 18.0, cell.y0 + 28.0, &pick.detail(), font(11.0).rgb(GREY))?;
    let (x, y) = (Axis::log(ends, r.x0, r.x1), Axis::log(ends, r.y1, r.y0));
    let marks = log_ticks(ends);
    grid_x(canvas, r, &x, &marks)?;
    grid_y(canvas, r, &y, &marks, None)?;
    canvas.outline(r, (200, 200, 200), 0.8)?;
    canvas.dashed((r.x0, r.y1), (r.x1, r.y0), AXIS, 1.0)?;
    let text = |v: f64| crate::report::csv::number((v * 1e6).round() / 1e6);
    labels_x(canvas, r, &marks.iter().map(|v| (x.at(*v), text(*v))).collect::<Vec<_>>())?;
    if first {
        for v in &marks {
            canvas.text(r.x0 - 6.0, y.at(*v), &text(*v), font(TICK).rgb(GREY).end())?;
        }
    }
    let inside: Vec<(f64, f64)> =
        points.iter().filter(|p| p.1.mean >= ends.0).map(|p| (x.at(p.0), y.at(p.1.mean))).collect();
    canvas.path(&inside, rgb, 1.2)?;
    for (predicted, observed) in points {
        let at = x.at(*predicted);
        if observed.mean < ends.0 {
            canvas.rect(Rect { x0: at - 4.5, y0: r.y1 - 4.0, x1: at + 4.5, y1: r.y1 }, rgb)?;
        } else {
            canvas.whisker(at, y.stretch(*observed), 2.5, ink(rgb))?;
            canvas.symbol(at, y.at(observed.mean), 3.6, pick.style)?;
        }
    }
    Ok(())
}
