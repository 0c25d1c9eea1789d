//! Pictures of a bench: AUC against ε, its paired difference to the reference against ε, and AUC against what a fit costs
//! in time.
//!
//! One scorer, one colour and symbol in all (Okabe–Ito, as for arms); names stand outside the data, beside the end of
//! their line or band.

use super::About;
use super::cells::Cells;
use super::compare::differences;
use super::inference::Estimate;
use crate::error::Result;
use crate::report::SIMULATED;
use crate::report::palette::{Style, Symbol, ink};
use crate::report::plots::Plot;
use crate::report::plots::bounds::{Bounded, arrows, bounded};
use crate::report::plots::canvas::{AXIS, Canvas, font, line_height};
use crate::report::plots::figure::{Words, figure, floor_line, grid_x, grid_y, labels_x, name_of};
use crate::report::plots::marks::Sample;
use crate::report::plots::scale::{Axis, Rect, Stretch, apart, tick_text, ticks};
use crate::report::table::epsilon_text;
use crate::stats::Interval;

const HEIGHT: f64 = 430.0;
/// What an AUC can be.
const AUC: (f64, f64) = (0.0, 1.0);
/// What a difference of two can be.
const GAIN: (f64, f64) = (-1.0, 1.0);
const LABEL_GAP: f64 = 17.0;

const fn style(rgb: u32, symbol: Symbol) -> Style {
    Style { rgb: ((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8), symbol }
}

/// Scorers of pretick itself; others take the spare styles in their order.
const NAMED: [(&str, Style); 11] = [
    ("logistic", style(0x00_0000, Symbol::Dashed)),
    ("scorecard", style(0x99_9999, Symbol::Dashed)),
    ("boosting", style(0xA8_9A00, Symbol::Dashed)),
    ("onnx", style(0x88_2255, Symbol::Dashed)),
    ("command", style(0x11_7733, Symbol::Dashed)),
    ("dp-logistic", style(0x00_72B2, Symbol::Circle)),
    ("dp-scorecard", style(0xD5_5E00, Symbol::Triangle)),
    ("dp-adassp", style(0x00_9E73, Symbol::Square)),
    ("dp-ebm", style(0xCC_79A7, Symbol::Cross)),
    ("dp-boosting", style(0xE6_9F00, Symbol::Plus)),
    ("auto", style(0x56_B4E9, Symbol::Diamond)),
];

const SPARE: [Style; 4] = [
    style(0x33_2288, Symbol::CircleHollow),
    style(0x88_2255, Symbol::TriangleDown),
    style(0x66_1100, Symbol::SquareHollow),
    style(0x44_AA99, Symbol::Diamond),
];

fn style_of(scorer: &str, cells: &Cells) -> Style {
    let named = |name: &str| NAMED.iter().find(|(n, _)| *n == name).map(|n| n.1);
    named(scorer).unwrap_or_else(|| {
        let spare = cells.scorers().into_iter().filter(|s| named(s).is_none()).position(|s| s == scorer);
        SPARE[spare.unwrap_or(0) % SPARE.len()]
    })
}

/// Every picture that the rows allow, and which were left out.
pub fn draw_all(cells: &Cells, about: &About) -> Result<(Vec<Plot>, Vec<String>)> {
    let (mut drawn, mut notes) = (Vec::new(), Vec::new());
    let mut keep = |name: &str, plot: Option<Plot>, missing: &str| match plot {
        Some(plot) => drawn.push(plot),
        None => notes.push(format!("picture {name} left out: {missing}")),
    };
    keep("bench-auc", values(cells, about)?, "no AUC of a DP scorer");
    keep("bench-difference", gains(cells, about)?, "no AUC of a DP scorer beside that of the reference");
    keep("bench-time", times(cells, about)?, "no AUC with a fit time");
    Ok((drawn, notes))
}

/// A scorer with its values over ε; one value without ε for a scorer without privacy.
struct Series {
    name: String,
    style: Style,
    points: Vec<(Option<f64>, Estimate)>,
}

const fn interval(e: &Estimate) -> Interval {
    Interval { mean: e.mean, lo: e.lo, hi: e.hi }
}

/// The vertical axis of all points.
fn axis_of(all: &[Series], possible: (f64, f64)) -> Bounded {
    let values: Vec<Interval> = all.iter().flat_map(|s| s.points.iter().map(|p| interval(&p.1))).collect();
    bounded(&values, &[], possible, 0.06)
}

fn series(cells: &Cells, about: &About) -> Result<Vec<Series>> {
    let mut out = Vec::new();
    for scorer in cells.scorers() {
        let value = |i: usize| (cells.entrants[i].epsilon, cells.estimate(i, "auc", about.replicates));
        let mut points: Vec<_> = cells.of(scorer).map(value).filter(|p| p.1.mean.is_finite()).collect();
        points.sort_by(|a, b| a.0.unwrap_or(0.0).total_cmp(&b.0.unwrap_or(0.0)));
        if !points.is_empty() {
            out.push(Series { name: name_of(scorer)?, style: style_of(scorer, cells), points });
        }
    }
    Ok(out)
}

fn caption(about: &About, axis: Bounded) -> String {
    let simulated = if about.real_data { format!(" S{}.", SIMULATED.trim_start_matches('s')) } else { String::new() };
    format!("{}{simulated}{}", about.words(), arrows(axis.cut))
}

/// AUC against ε.
fn values(cells: &Cells, about: &About) -> Result<Option<Plot>> {
    let all = series(cells, about)?;
    let axis = axis_of(&all, AUC);
    let words = Words {
        name: "bench-auc".into(),
        title: "Which scorer is most accurate at which ε?".into(),
        subtitle: "Lines: scorers trained under differential privacy. Horizontal bands: scorers without it.".into(),
        caption: caption(about, axis),
    };
    over_epsilon(words, "AUC (larger is better)", (&all, axis), &|v| tick_text(v, 3))
}

/// Paired difference of AUC to the reference against ε.
fn gains(cells: &Cells, about: &About) -> Result<Option<Plot>> {
    let paired = differences(cells, &about.reference, about.replicates);
    let mut all = Vec::new();
    for scorer in cells.scorers() {
        let own = paired.iter().filter(|d| d.metric == "auc" && *d.entrant.scorer == *scorer);
        let mut points: Vec<_> = own
            .map(|d| (d.entrant.epsilon.or(d.reference.epsilon), d.estimate))
            .filter(|p| p.1.mean.is_finite())
            .collect();
        points.sort_by(|a, b| a.0.unwrap_or(0.0).total_cmp(&b.0.unwrap_or(0.0)));
        if !points.is_empty() {
            all.push(Series { name: name_of(scorer)?, style: style_of(scorer, cells), points });
        }
    }
    let axis = axis_of(&all, GAIN);
    let words = Words {
        name: "bench-difference".into(),
        title: format!("Who beats {}, and by how much?", about.reference),
        subtitle: "Paired differences on the same splits. Intervals as they are: differences.csv has p-values adjusted for their number.".into(),
        caption: caption(about, axis),
    };
    let label = format!("AUC less that of {} (larger is better)", about.reference);
    let signed = |v: f64| format!("{}{}", if v > 0.0 { "+" } else { "" }, tick_text(v, 4));
    over_epsilon(words, &label, (&all, axis), &signed)
}

fn over_epsilon(
    words: Words,
    label: &str,
    (all, axis): (&[Series], Bounded),
    text: &dyn Fn(f64) -> String,
) -> Result<Option<Plot>> {
    let mut epsilons: Vec<f64> = all.iter().flat_map(|s| s.points.iter().filter_map(|p| p.0)).collect();
    epsilons.sort_by(f64::total_cmp);
    epsilons.dedup();
    if epsilons.is_empty() {
        return Ok(None);
    }
    figure(words, HEIGHT, |canvas, body| panel(canvas, body, label, (all, axis), &epsilons, text)).map(Some)
}

/// Space for labels of this width on the right of a body.
fn area_of(body: Rect, labels: &[String]) -> Result<Rect> {
    let mut widest: f64 = 0.0;
    for text in labels {
        widest = widest.max(font(13.0).width(text)? + 50.0);
    }
    Ok(Rect { x0: body.x0 + 78.0, y0: body.y0 + 10.0, x1: body.x1 - widest, y1: body.y1 - 44.0 })
}

/// The vertical axis with its grid.
fn vertical(canvas: &Canvas<'_>, body: Rect, area: Rect, label: &str, axis: Bounded) -> Result<Axis> {
    let span = axis.range;
    let y = Axis::linear(span, area.y1, area.y0);
    let (marks, decimals) = ticks(span, 6);
    canvas.text_upwards(body.x0 + 9.0, area.middle_y(), label, font(13.0).middle())?;
    grid_y(canvas, area, &y, &marks, Some(decimals))?;
    Ok(y)
}

/// Names on the right, level with where their lines end, pushed apart; led there unless a mark alone stands there.
fn names(
    canvas: &Canvas<'_>,
    area: Rect,
    labels: &[String],
    all: &[Series],
    ends: &[(f64, f64)],
    samples: &dyn Fn(&Series) -> Sample,
) -> Result<()> {
    let half = line_height(font(13.0)) / 2.0;
    let wanted: Vec<f64> = ends.iter().map(|e| e.1).collect();
    let places = apart(&wanted, LABEL_GAP, (area.y0 + half, area.y1 - half));
    for (((label, s), end), place) in labels.iter().zip(all).zip(ends).zip(&places) {
        let sample = samples(s);
        if sample != Sample::Mark {
            canvas.path(&[(end.0 + 6.0, end.1), (area.x1 + 16.0, *place)], s.style.rgb, 0.8)?;
        }
        canvas.legend((area.x1 + 18.0, *place), label, s.style, sample, font(13.0))?;
    }
    Ok(())
}

fn panel(
    canvas: &Canvas<'_>,
    body: Rect,
    label: &str,
    (all, axis): (&[Series], Bounded),
    epsilons: &[f64],
    text: &dyn Fn(f64) -> String,
) -> Result<()> {
    let labels: Vec<String> = all
        .iter()
        .map(|s| match s.points.last() {
            Some((_, e)) => format!("{} {}", s.name, text(e.mean)),
            None => s.name.clone(),
        })
        .collect();
    let area = area_of(body, &labels)?;
    let y = vertical(canvas, body, area, label, axis)?;
    let finite: Vec<f64> = epsilons.iter().copied().filter(|e| e.is_finite()).collect();
    let infinite = finite.len() < epsilons.len();
    let inset = 26.0;
    let right = if infinite && !finite.is_empty() { area.x1 - 70.0 } else { area.x1 - inset };
    let ends = (finite.first().copied().unwrap_or(1.0), finite.last().copied().unwrap_or(1.0));
    let x = Axis::log(ends, area.x0 + inset, right);
    let at = |e: f64| if e.is_finite() { x.at(e) } else { area.x1 - inset };
    if all.iter().flat_map(|s| &s.points).any(|p| p.1.mean < 0.0 || p.1.lo < 0.0) {
        canvas.path(&[(area.x0, y.at(0.0)), (area.x1, y.at(0.0))], AXIS, 1.2)?;
    }
    let lines = all.iter().filter(|s| s.points.iter().all(|p| p.0.is_some())).count();
    let (mut tips, mut line) = (Vec::new(), 0usize);
    for s in all {
        let rgb = s.style.rgb;
        let Some((first, value)) = s.points.first() else { continue };
        if first.is_none() {
            let (lo, hi) = (y.at(value.lo), y.at(value.hi));
            if lo.is_finite() && hi.is_finite() {
                canvas.polygon(&[(area.x0, lo), (area.x1, lo), (area.x1, hi), (area.x0, hi)], rgb, 0.10)?;
            }
            canvas.dashed((area.x0, y.at(value.mean)), (area.x1, y.at(value.mean)), rgb, 1.8)?;
            tips.push((area.x1 - 4.0, y.at(value.mean)));
            continue;
        }
        // Side by side, so that no interval hides another.
        let aside = 7.0 * (line as f64 - (lines.max(1) - 1) as f64 / 2.0);
        line += 1;
        let points: Vec<(f64, f64, f64, Stretch)> = s
            .points
            .iter()
            .filter_map(|(e, v)| Some((e.as_ref().copied()?, v)))
            .map(|(e, v)| (e, at(e) + aside, y.at(v.mean), y.stretch(interval(v))))
            .collect();
        let joined: Vec<(f64, f64)> = points.iter().filter(|p| p.0.is_finite()).map(|p| (p.1, p.2)).collect();
        if s.style.symbol == Symbol::Dashed {
            joined.windows(2).try_for_each(|w| canvas.dashed(w[0], w[1], rgb, 2.0))?;
        } else if joined.len() > 1 {
            canvas.path(&joined, rgb, 2.0)?;
        }
        for (_, px, py, interval) in &points {
            canvas.whisker(*px, *interval, 3.0, ink(rgb))?;
            canvas.symbol(*px, *py, 4.5, s.style)?;
        }
        tips.push(points.last().map_or((area.x1, area.y1), |p| (p.1, p.2)));
    }
    floor_line(canvas, area)?;
    labels_x(canvas, area, &epsilons.iter().map(|e| (at(*e), epsilon_text(*e))).collect::<Vec<_>>())?;
    let under = "ε of the training data (smaller = more private; add or remove one person)";
    canvas.text(area.middle_x(), area.y1 + 34.0, under, font(13.0).middle())?;
    let sample = |s: &Series| if s.points.iter().any(|p| p.0.is_some()) { Sample::Marked } else { Sample::Level };
    names(canvas, area, &labels, all, &tips, &sample)
}

/// Each scorer at the ε nearest to 1, by the CPU time of its fit.
fn times(cells: &Cells, about: &About) -> Result<Option<Plot>> {
    let (mut all, mut seconds) = (Vec::new(), Vec::new());
    for scorer in cells.scorers() {
        let off = |i: &usize| cells.entrants[*i].epsilon.map_or(0.0, |e| libm::log(e).abs());
        let Some(i) = cells.of(scorer).min_by(|a, b| off(a).total_cmp(&off(b))) else { continue };
        let (time, value) = (cells.median(i, "fit_cpu_seconds"), cells.estimate(i, "auc", about.replicates));
        if time > 0.0 && value.mean.is_finite() {
            let epsilon = cells.entrants[i].epsilon;
            let at = epsilon.map_or_else(String::new, |e| format!(", ε = {}", epsilon_text(e)));
            let name = format!("{}{at}", name_of(scorer)?);
            all.push(Series { name, style: style_of(scorer, cells), points: vec![(epsilon, value)] });
            seconds.push(time);
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let axis = axis_of(&all, AUC);
    let words = Words {
        name: "bench-time".into(),
        title: "What does accuracy cost in time?".into(),
        subtitle: "Each scorer once: those under differential privacy at the ε nearest to 1.".into(),
        caption: format!("Fit time: median over the folds. {}", caption(about, axis)),
    };
    figure(words, HEIGHT, |canvas, body| {
        let labels: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
        let area = area_of(body, &labels)?;
        let y = vertical(canvas, body, area, "AUC (larger is better)", axis)?;
        let decades = |t: f64| libm::log10(t);
        let lo = seconds.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = seconds.iter().copied().fold(0.0, f64::max);
        let span = (libm::pow(10.0, libm::floor(decades(lo))), libm::pow(10.0, libm::floor(decades(hi)) + 1.0));
        let x = Axis::log(span, area.x0 + 6.0, area.x1 - 6.0);
        let first = libm::floor(decades(lo)) as i32;
        let powers = first..=decades(span.1).round() as i32;
        let marks: Vec<(f64, String)> = powers.map(|d| (libm::pow(10.0, f64::from(d)), seconds_text(d))).collect();
        grid_x(canvas, area, &x, &marks.iter().map(|m| m.0).collect::<Vec<_>>())?;
        let mut tips = Vec::new();
        for (s, time) in all.iter().zip(&seconds) {
            let (v, px) = (s.points[0].1, x.at(*time));
            canvas.whisker(px, y.stretch(interval(&v)), 4.0, ink(s.style.rgb))?;
            canvas.symbol(px, y.at(v.mean), 5.0, s.style)?;
            tips.push((px, y.at(v.mean)));
        }
        floor_line(canvas, area)?;
        labels_x(canvas, area, &marks.into_iter().map(|(v, text)| (x.at(v), text)).collect::<Vec<_>>())?;
        canvas.text(area.middle_x(), area.y1 + 34.0, "CPU time of one fit (smaller is better)", font(13.0).middle())?;
        names(canvas, area, &labels, &all, &tips, &|_| Sample::Mark)
    })
    .map(Some)
}

/// 10ᵖ seconds in digits: as a floating-point number, a power is not always round.
fn seconds_text(p: i32) -> String {
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    if p < 0 { format!("0.{}1 s", zeros(-p - 1)) } else { format!("1{} s", zeros(p)) }
}

#[cfg(test)]
mod tests;
