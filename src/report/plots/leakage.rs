//! Measured leakage × what it buys: all regimes on one axis, with or without an ε.

use super::bounds::{Bounded, RISK, arrows, bounded, possible};
use super::canvas::{Canvas, GREY, Rgb, font};
use super::figure::{Words, figure, floor_line, grid_x, grid_y, labels_x, name_of};
use super::marks::Sample;
use super::scale::{Axis, Rect, tick_text, ticks};
use super::{Plot, attacked_in, caption};
use crate::error::Result;
use crate::report::leakage::{axis, compared, headline, insider, measured, nothing_to_attack};
use crate::report::metric::{Metric, metric};
use crate::report::palette::{Style, Symbol, ink, style_of};
use crate::report::table::epsilon_text;
use crate::report::{ArmInfo, Context, Guarantee, Summaries};
use crate::stats::Interval;
use std::fmt::Write as _;

const HEIGHT: f64 = 470.0;
const ROW: f64 = 37.0;

/// One arm at one ε.
struct Point {
    epsilon: Option<f64>,
    leakage: Interval,
    value: Interval,
    /// Of the most exposed, and by an insider.
    worst: [Option<Interval>; 2],
}

/// One arm.
struct Curve {
    name: String,
    detail: String,
    style: Style,
    points: Vec<Point>,
}

pub fn draw(all: &Summaries, context: &Context, name: &str) -> Result<Option<Plot>> {
    let Some(metric) = metric(name) else { return Ok(None) };
    if !measured(all) {
        return Ok(None);
    }
    let curves = collect(all, context, metric)?;
    if curves.iter().all(|c| c.points.is_empty()) {
        return Ok(None);
    }
    let of = |which: &dyn Fn(&Point) -> Interval| -> Vec<Interval> {
        curves.iter().flat_map(|c| &c.points).map(which).collect()
    };
    let worst = curves.iter().filter_map(|c| c.points.last()).flat_map(|p| p.worst).flatten();
    let leakages: Vec<Interval> = of(&|p| p.leakage).into_iter().chain(worst).collect();
    let across = bounded(&leakages, &[0.0], RISK, 0.04);
    let upwards = bounded(&of(&|p| p.value), &[], possible(metric), 0.06);
    let cut = arrows(across.cut || upwards.cut);
    let words = Words {
        name: format!("leakage-{name}"),
        title: match name {
            "auc" => "What does accuracy cost in privacy, measured?".to_owned(),
            _ => format!("What does {} cost in privacy, measured?", metric.label),
        },
        subtitle: format!(
            "Of every arm the same is asked: {}. Along an arm's line ε grows with the symbol. Up and to the left is better.",
            compared(all).map_or("", |t| t.1)
        ),
        caption: caption(all, context, &format!("{}{cut}", explained(all, context)), None),
    };
    let label = metric.axis();
    figure(words, HEIGHT.max(ROW * (curves.len() + WORST.len()) as f64 + 60.0), |canvas, body| {
        panel(canvas, body, &label, &curves, [across, upwards])
    })
    .map(Some)
}

/// What a reader must know of the axis.
fn explained(all: &Summaries, context: &Context) -> String {
    let present = all.arms();
    let names = |of: &dyn Fn(&ArmInfo) -> bool| {
        let arms = context.arms.iter().filter(|a| present.contains(&a.name.as_str()) && !a.own_left_out && of(a));
        arms.map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut out = "Leakage: success with the person's own record less success without it, the mean over persons; of three traits the one \
                   of which most is learned on average. The worst case, at an arm's largest ε: the hundredth of persons whose record \
                   tells most, and an insider, who asks whether a person is in the sums and knows all others there, or whose report \
                   it is and knows the record."
        .to_owned();
    let raw = names(&|a| a.guarantee == Guarantee::Raw);
    if !raw.is_empty() {
        let _ = write!(out, " {raw}: about the share of persons whose history flows, who are known exactly.");
    }
    let inside = names(&|a| a.training_only);
    if !inside.is_empty() {
        let _ = write!(
            out,
            " {inside}: what the applicant's score gives away, which the ε of the training data does not cover."
        );
    }
    out.push_str(" Others' records give away something too (leakage-parts). Not refuted by these attacks is not safe.");
    out.push_str(&attacked_in(all));
    out
}

fn collect(all: &Summaries, context: &Context, metric: &Metric) -> Result<Vec<Curve>> {
    let base = all.base(context);
    let scaled = |i: Interval, f: f64| Interval { mean: i.mean * f, lo: i.lo * f, hi: i.hi * f };
    let mut curves = Vec::new();
    for arm in all.arms() {
        if context.arm(arm).is_some_and(|a| a.own_left_out) {
            continue;
        }
        let mut points = Vec::new();
        for epsilon in all.epsilons(arm) {
            let Some(s) = all.get(arm, epsilon, base, metric.name, "all").filter(|s| s.value.mean.is_finite()) else {
                continue;
            };
            let value = scaled(s.value, metric.factor);
            if let Some(h) = headline(all, arm, epsilon, base) {
                let worst = [h.exposed, insider(all, arm, epsilon, base)].map(|i| i.map(|i| scaled(i, 100.0)));
                points.push(Point { epsilon, leakage: scaled(h.risk, 100.0), value, worst });
            } else if nothing_to_attack(all, arm) {
                let zero = Interval { mean: 0.0, lo: f64::NAN, hi: f64::NAN };
                points.push(Point { epsilon, leakage: zero, value, worst: [None; 2] });
            }
        }
        let epsilons: Vec<f64> = points.iter().filter_map(|p| p.epsilon).collect();
        let mut detail = if nothing_to_attack(all, arm) { "nothing to attack".to_owned() } else { String::new() };
        if let [first, .., last] = epsilons[..] {
            let _ = write!(detail, "ε = {} … {}", epsilon_text(first), epsilon_text(last));
        } else if let [only] = epsilons[..] {
            let _ = write!(detail, "ε = {}", epsilon_text(only));
        }
        if !points.is_empty() {
            curves.push(Curve { name: name_of(arm)?, detail, style: marked(style_of(arm, context)), points });
        }
    }
    Ok(curves)
}

fn panel(canvas: &Canvas<'_>, body: Rect, label: &str, curves: &[Curve], axes: [Bounded; 2]) -> Result<()> {
    let (name_font, detail_font) = (font(13.0), font(11.0).rgb(GREY));
    let mut widest: f64 = 0.0;
    for words in WORST {
        widest = widest.max(name_font.width(words)?);
    }
    for curve in curves {
        widest = widest.max(name_font.width(&curve.name)?).max(detail_font.width(&curve.detail)?);
    }
    let area = Rect { x0: body.x0 + 66.0, y0: body.y0 + 8.0, x1: body.x1 - widest - 56.0, y1: body.y1 - 50.0 };
    let [x_range, y_range] = axes.map(|a| a.range);
    let (x, y) = (Axis::linear(x_range, area.x0, area.x1), Axis::linear(y_range, area.y1, area.y0));
    let (x_marks, x_decimals) = ticks(x_range, 7);
    let (y_marks, y_decimals) = ticks(y_range, 6);
    grid_y(canvas, area, &y, &y_marks, Some(y_decimals))?;
    grid_x(canvas, area, &x, &x_marks)?;
    labels_x(canvas, area, &x_marks.iter().map(|v| (x.at(*v), tick_text(*v, x_decimals))).collect::<Vec<_>>())?;
    canvas.text_upwards(body.x0 + 9.0, area.middle_y(), label, font(13.0).middle())?;
    canvas.text(area.middle_x(), area.y1 + 34.0, &axis(), font(13.0).middle())?;
    for curve in curves {
        worst_case(canvas, &x, &y, curve)?;
    }
    for (row, curve) in curves.iter().enumerate() {
        let rgb = ink(curve.style.rgb);
        let line: Vec<(f64, f64)> = curve.points.iter().map(|p| (x.at(p.leakage.mean), y.at(p.value.mean))).collect();
        if line.len() > 1 {
            canvas.path(&line, curve.style.rgb, 1.4)?;
        }
        let last = curve.points.len().saturating_sub(1).max(1) as f64;
        for (i, (point, at)) in curve.points.iter().zip(&line).enumerate() {
            canvas.whisker_across(x.stretch(point.leakage), at.1, 3.0, rgb)?;
            canvas.whisker(at.0, y.stretch(point.value), 3.0, rgb)?;
            let size = if curve.points.len() > 1 { 2.6 + 3.6 * i as f64 / last } else { 5.5 };
            canvas.symbol(at.0, at.1, size, curve.style)?;
        }
        let top = area.y0 + 8.0 + ROW * row as f64;
        let sample = if curve.points.len() > 1 { Sample::Line } else { Sample::Mark };
        canvas.legend((area.x1 + 20.0, top), &curve.name, curve.style, sample, name_font)?;
        canvas.text(area.x1 + 48.0, top + 16.0, &curve.detail, detail_font)?;
    }
    let shown = |k: usize| curves.iter().filter_map(|c| c.points.last()).any(|p| p.worst[k].is_some());
    for (row, k) in (curves.len()..).zip((0..WORST.len()).filter(|k| shown(*k))) {
        let top = area.y0 + 8.0 + ROW * row as f64;
        hollow(canvas, (area.x1 + 31.0, top), k, GREY)?;
        canvas.text(area.x1 + 48.0, top, WORST[k], name_font)?;
        canvas.text(area.x1 + 48.0, top + 16.0, "at the largest ε", detail_font)?;
    }
    floor_line(canvas, area)
}

/// The worst case, in words.
const WORST: [&str; 2] = ["the most exposed 1 %", "an insider"];

/// The worst case at an arm's largest ε, joined to its mean by dashes.
fn worst_case(canvas: &Canvas<'_>, x: &Axis, y: &Axis, curve: &Curve) -> Result<()> {
    let (Some(point), rgb) = (curve.points.last(), ink(curve.style.rgb)) else { return Ok(()) };
    let (from, height) = (x.at(point.leakage.mean), y.at(point.value.mean));
    for (k, interval) in (0..).zip(point.worst).filter_map(|(k, i)| Some((k, i?))) {
        let at = x.at(interval.mean);
        if (at - from).abs() > 12.0 {
            canvas.dashed((from, height), (at, height), curve.style.rgb, 0.9)?;
        }
        canvas.whisker_across(x.stretch(interval), height, 2.0, rgb)?;
        hollow(canvas, (at, height), k, rgb)?;
    }
    Ok(())
}

/// The mark of a worst case: a square for the most exposed, a diamond for an insider.
fn hollow(canvas: &Canvas<'_>, (x, y): (f64, f64), k: usize, rgb: Rgb) -> Result<()> {
    let r = 4.5;
    let corners = match k {
        0 => [(-r, -r), (r, -r), (r, r), (-r, r)],
        _ => [(-1.4 * r, 0.0), (0.0, -1.4 * r), (1.4 * r, 0.0), (0.0, 1.4 * r)],
    };
    let outline: Vec<(f64, f64)> = corners.iter().chain(&corners[..1]).map(|c| (x + c.0, y + c.1)).collect();
    canvas.path(&outline, rgb, 1.4)
}

/// The floor and the ceiling, dashed lines elsewhere, are hollow circles: a bar would drown in its whisker.
fn marked(style: Style) -> Style {
    if style.symbol == Symbol::Dashed { Style { symbol: Symbol::CircleHollow, ..style } } else { style }
}
