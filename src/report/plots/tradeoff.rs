//! What a smaller ε costs: one panel a kind of guarantee, arms without DP as labelled bands across all panels.

use super::bounds::{Bounded, bounded, possible};
use super::canvas::{Canvas, GREY, Rgb, font, line_height};
use super::figure::{Words, figure, floor_line, grid_y, labels_x, name_of, ribbon};
use super::marks::Sample;
use super::scale::{Axis, Rect, apart, tick_text, ticks};
use super::{Plot, caption};
use crate::error::Result;
use crate::report::metric::{Metric, metric};
use crate::report::palette::{Style, Symbol, ink, style_of};
use crate::report::table::epsilon_text;
use crate::report::{ArmInfo, Context, Guarantee, Kind, Summaries};
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
    let mut extra: Vec<String> = context
        .arms
        .iter()
        .filter(|a| lines.iter().any(|l| l.arm == a.name))
        .filter_map(|a| Some(format!("{}: {}.", a.name, remarks(a)?)))
        .collect();
    let axis = axis_of(metric, &lines, &bands);
    if axis.cut {
        extra.push("Bands that end at the edge go on: the axis ends near what is possible.".to_owned());
    }
    let extra = extra.join(" ");
    let words = Words {
        name: format!("tradeoff-{name}"),
        title,
        subtitle: format!("Lines: arms under differential privacy. Horizontal bands: arms without it.{only}"),
        caption: caption(all, context, &extra, None),
    };
    figure(words, HEIGHT, |canvas, body| panels(canvas, body, (metric, axis), &kinds, &lines, &bands)).map(Some)
}

/// What must be said of an arm's ε.
fn remarks(arm: &ArmInfo) -> Option<String> {
    let mut parts = Vec::new();
    if let Guarantee::CentralApprox { delta } = arm.guarantee {
        parts.push(format!("δ = {delta:e}"));
    }
    if arm.training_only {
        parts.push("ε covers the training data, not the applicant's own record at scoring time".to_owned());
    }
    if arm.own_left_out {
        parts.push(crate::report::COUNTERFACTUAL.to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn axis_of(metric: &Metric, lines: &[Line<'_>], bands: &[Band]) -> Bounded {
    let intervals = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).chain(bands.iter().map(|b| b.value));
    bounded(&intervals.collect::<Vec<_>>(), &[], possible(metric), 0.06)
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
    (metric, axis): (&Metric, Bounded),
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
    let y_range = axis.range;
    let y = Axis::linear(y_range, area.y1, area.y0);
    let (marks, mark_decimals) = ticks(y_range, 6);
    canvas.text_upwards(body.x0 + 9.0, area.middle_y(), &metric.axis(), font(13.0).middle())?;
    for (i, kind) in kinds.iter().enumerate() {
        let r = area.cell((0, 1), (i, kinds.len()), (26.0, 0.0));
        let own: Vec<&Line<'_>> = lines.iter().filter(|l| l.kind == *kind).collect();
        canvas.text(r.x0, body.y0 + 10.0, kind.label(), font(14.0).bold())?;
        for (row, line) in own.iter().enumerate() {
            let name = font(13.0).cut(line.arm, r.width() - 28.0)?;
            let at = (r.x0, body.y0 + 30.0 + 19.0 * row as f64);
            canvas.legend(at, &name, line.style, Sample::Line, font(13.0))?;
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
        canvas.legend((area.x1 + 18.0, *place), text, band.style, Sample::Line, label_font)?;
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
        let points: Vec<_> = line.points.iter().map(|(e, v)| (*e, at(*e), *v)).collect();
        let joined = points.iter().filter(|p| p.0.is_finite());
        let joined: Vec<_> = joined.map(|(_, x, v)| (*x, y.at(v.mean), y.at(v.lo), y.at(v.hi))).collect();
        ribbon(canvas, &joined, line.style)?;
        for (e, x, v) in points {
            if joined.len() < 2 || e.is_infinite() {
                canvas.whisker(x + aside, y.stretch(v), 4.0, ink(rgb))?;
                canvas.symbol(x + aside, y.at(v.mean), 4.5, line.style)?;
            } else {
                canvas.symbol(x, y.at(v.mean), 4.5, line.style)?;
            }
        }
    }
    labels_x(canvas, r, &epsilons.iter().map(|e| (at(*e), epsilon_text(*e))).collect::<Vec<_>>())
}

const GRID_DARK: Rgb = (170, 170, 170);
