//! What a smaller ε costs: one panel a kind of guarantee, arms without DP as labelled bands across all panels.

use super::canvas::{Canvas, GREY, Rgb, font, line_height};
use super::figure::{Words, figure, floor_line, grid_y, labels_x, name_of, ribbon};
use super::scale::{Axis, Rect, apart, range, tick_text, ticks};
use super::{Plot, caption};
use crate::error::Result;
use crate::report::metric::{Metric, metric};
use crate::report::palette::{Style, Symbol, ink, style_of};
use crate::report::table::epsilon_text;
use crate::report::{Context, Kind, Summaries};
use crate::stats::Interval;

/// An arm under DP: its values over ε.
struct Line<'a> {
    arm: &'a str,
    kind: Kind,
    style: Style,
    points: Vec<(f64, Interval)>,
}

/// An arm without DP: one value.
struct Band {
    name: String,
    style: Style,
    value: Interval,
}

const HEIGHT: f64 = 430.0;
const LABEL_GAP: f64 = 17.0;

pub fn draw(all: &Summaries, context: &Context, name: &str) -> Result<Option<Plot>> {
    let Some(metric) = metric(name) else { return Ok(None) };
    let (lines, bands) = collect(all, context, metric)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|k| lines.iter().any(|l| l.kind == *k)).collect();
    let title = match name {
        "auc" => "How much accuracy does a smaller ε cost?".to_owned(),
        "profit_per_applicant" => "How much profit does a smaller ε cost the lender?".to_owned(),
        _ => format!("How does ε change the {}?", metric.label),
    };
    let only = if kinds.len() > 1 { " ε of different panels cannot be compared." } else { "" };
    let deltas: Vec<String> = context
        .arms
        .iter()
        .filter(|a| lines.iter().any(|l| l.arm == a.name))
        .filter_map(|a| match a.guarantee {
            crate::report::Guarantee::CentralApprox { delta } => Some(format!("{}: δ = {delta:e}.", a.name)),
            _ => None,
        })
        .collect();
    let training: Vec<String> = context
        .arms
        .iter()
        .filter(|a| a.training_only && lines.iter().any(|l| l.arm == a.name))
        .map(|a| format!("{}: ε covers the training data, not the applicant's own record at scoring time.", a.name))
        .collect();
    let left_out: Vec<String> = context
        .arms
        .iter()
        .filter(|a| a.own_left_out && lines.iter().any(|l| l.arm == a.name))
        .map(|a| format!("{}: {}.", a.name, crate::report::COUNTERFACTUAL))
        .collect();
    let extra = [deltas, training, left_out].concat().join(" ");
    let words = Words {
        name: format!("tradeoff-{name}"),
        title,
        subtitle: format!("Lines: arms under differential privacy. Horizontal bands: arms without it.{only}"),
        caption: caption(all, context, &extra, None),
    };
    figure(words, HEIGHT, |canvas, body| panels(canvas, body, metric, &kinds, &lines, &bands)).map(Some)
}

fn collect<'a>(all: &'a Summaries, context: &Context, metric: &Metric) -> Result<(Vec<Line<'a>>, Vec<Band>)> {
    let scaled =
        |i: Interval| Interval { mean: i.mean * metric.factor, lo: i.lo * metric.factor, hi: i.hi * metric.factor };
    let value = |arm, epsilon| {
        let s = all.get(arm, epsilon, all.base(context), metric.name, "all")?;
        s.value.mean.is_finite().then(|| scaled(s.value))
    };
    let (mut lines, mut bands) = (Vec::new(), Vec::new());
    for arm in all.arms() {
        let style = style_of(arm, context);
        if let Some(kind) = context.arm(arm).and_then(|a| a.guarantee.kind()) {
            let epsilons = all.epsilons(arm).into_iter().flatten().filter(|e| *e > 0.0);
            let points: Vec<_> = epsilons.filter_map(|e| Some((e, value(arm, Some(e))?))).collect();
            if !points.is_empty() {
                lines.push(Line { arm, kind, style, points });
            }
        } else if let Some(value) = all.epsilons(arm).first().and_then(|e| value(arm, *e)) {
            bands.push(Band { name: name_of(arm)?, style, value });
        }
    }
    Ok((lines, bands))
}

fn panels(
    canvas: &Canvas<'_>,
    body: Rect,
    metric: &Metric,
    kinds: &[Kind],
    lines: &[Line<'_>],
    bands: &[Band],
) -> Result<()> {
    let label_font = font(13.0);
    let decimals = if metric.factor == 1.0 { 3 } else { 2 };
    let texts: Vec<String> =
        bands.iter().map(|b| format!("{} {}", b.name, tick_text(b.value.mean, decimals))).collect();
    let mut widest: f64 = 0.0;
    for text in &texts {
        widest = widest.max(label_font.width(text)? + 50.0);
    }
    let legend_rows = kinds.iter().map(|k| lines.iter().filter(|l| l.kind == *k).count()).max().unwrap_or(1);
    let head = 22.0 + 19.0 * legend_rows as f64 + 6.0;
    let area = Rect { x0: body.x0 + 66.0, y0: body.y0 + head, x1: body.x1 - widest, y1: body.y1 - 56.0 };
    let intervals = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).chain(bands.iter().map(|b| b.value));
    let y_range = range(intervals.flat_map(|i| [i.mean, i.lo, i.hi]), 0.06);
    let y = Axis::linear(y_range, area.y1, area.y0);
    let (marks, mark_decimals) = ticks(y_range, 6);
    canvas.text_upwards(body.x0 + 9.0, area.middle_y(), &metric.axis(), font(13.0).middle())?;
    for (i, kind) in kinds.iter().enumerate() {
        let r = area.cell((0, 1), (i, kinds.len()), (26.0, 0.0));
        let own: Vec<&Line<'_>> = lines.iter().filter(|l| l.kind == *kind).collect();
        canvas.text(r.x0, body.y0 + 10.0, kind.label(), font(14.0).bold())?;
        for (row, line) in own.iter().enumerate() {
            canvas.legend(
                r.x0,
                body.y0 + 30.0 + 19.0 * row as f64,
                &font(13.0).cut(line.arm, r.width() - 28.0)?,
                line.style,
                font(13.0),
            )?;
        }
        grid_y(canvas, r, &y, &marks, (i == 0).then_some(mark_decimals))?;
        for band in bands {
            let (lo, hi) = (y.at(band.value.lo), y.at(band.value.hi));
            if lo.is_finite() && hi.is_finite() {
                canvas.polygon(&[(r.x0, lo), (r.x1, lo), (r.x1, hi), (r.x0, hi)], band.style.rgb, 0.16)?;
            }
            level(canvas, (r.x0, r.x1), y.at(band.value.mean), band.style)?;
        }
        curves(canvas, r, &y, &own)?;
        floor_line(canvas, r)?;
        let middle = r.middle_x();
        canvas.text(middle, r.y1 + 32.0, "ε (smaller = more private)", font(13.0).middle())?;
        canvas.text(middle, r.y1 + 49.0, kind.neighbouring(), font(12.0).rgb(GREY).middle())?;
    }
    let wanted: Vec<f64> = bands.iter().map(|b| y.at(b.value.mean)).collect();
    let half = line_height(label_font) / 2.0;
    let places = apart(&wanted, LABEL_GAP, (area.y0 - head * 0.5, area.y1 - half));
    for (((band, text), at), place) in bands.iter().zip(&texts).zip(&wanted).zip(&places) {
        canvas.path(&[(area.x1 + 2.0, *at), (area.x1 + 16.0, *place)], band.style.rgb, 1.0)?;
        canvas.legend(area.x1 + 18.0, *place, text, band.style, label_font)?;
    }
    Ok(())
}

fn level(canvas: &Canvas<'_>, (x0, x1): (f64, f64), y: f64, style: Style) -> Result<()> {
    if style.symbol == Symbol::Dashed {
        canvas.dashed((x0, y), (x1, y), style.rgb, 1.8)
    } else {
        canvas.path(&[(x0, y), (x1, y)], style.rgb, 1.5)
    }
}

/// The lines of one panel over log ε; ε = ∞ stands apart on the right.
fn curves(canvas: &Canvas<'_>, r: Rect, y: &Axis, lines: &[&Line<'_>]) -> Result<()> {
    let mut epsilons: Vec<f64> = lines.iter().flat_map(|l| l.points.iter().map(|p| p.0)).collect();
    epsilons.sort_by(f64::total_cmp);
    epsilons.dedup();
    let finite: Vec<f64> = epsilons.iter().copied().filter(|e| e.is_finite()).collect();
    let infinite = finite.len() < epsilons.len();
    let right = if infinite && !finite.is_empty() { r.x1 - 46.0 } else { r.x1 - 14.0 };
    let ends = (finite.first().copied().unwrap_or(1.0), finite.last().copied().unwrap_or(1.0));
    let x = Axis::log(ends, r.x0 + 14.0, right);
    let at = |e: f64| if e.is_finite() { x.at(e) } else { r.x1 - 14.0 };
    if infinite && !finite.is_empty() {
        canvas.dashed((r.x1 - 30.0, r.y0), (r.x1 - 30.0, r.y1), GRID_DARK, 1.0)?;
    }
    for (i, line) in lines.iter().enumerate() {
        // Side by side where only markers stand.
        let aside = 11.0 * (i as f64 - (lines.len() - 1) as f64 / 2.0);
        let rgb = line.style.rgb;
        let points: Vec<_> =
            line.points.iter().map(|(e, v)| (*e, at(*e), y.at(v.mean), y.at(v.lo), y.at(v.hi))).collect();
        let joined: Vec<_> = points.iter().filter(|p| p.0.is_finite()).map(|p| (p.1, p.2, p.3, p.4)).collect();
        ribbon(canvas, &joined, line.style)?;
        for (e, x, y, lo, hi) in points {
            if joined.len() < 2 || e.is_infinite() {
                canvas.whisker(x + aside, (lo, hi), 4.0, ink(rgb))?;
                canvas.symbol(x + aside, y, 4.5, line.style)?;
            } else {
                canvas.symbol(x, y, 4.5, line.style)?;
            }
        }
    }
    labels_x(canvas, r, &epsilons.iter().map(|e| (at(*e), epsilon_text(*e))).collect::<Vec<_>>())
}

const GRID_DARK: Rgb = (170, 170, 170);
