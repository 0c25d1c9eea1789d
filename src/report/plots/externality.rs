//! What sharers say about those who refused, against how many share; a line for each value of a swept correlation.

use super::bounds::{arrows, bounded, possible};
use super::canvas::{Canvas, DARK, GREY, font};
use super::figure::{Words, figure, floor_line, grid_y, labels_x};
use super::marks::Sample;
use super::scale::{Axis, Rect, apart, tick_text, ticks};
use super::{Plot, attacked_in, caption};
use crate::error::Result;
use crate::report::metric::metric;
use crate::report::palette::{Style, ink, style_of};
use crate::report::{Context, Summaries};
use crate::stats::Interval;

const HEIGHT: f64 = 400.0;
/// What is drawn.
const METRIC: &str = "attack.nonsharer.quality_explained";
/// The key whose values are told apart.
const KEY: &str = "population.correlation.community";

/// Arms at one sweep point, by share rate.
struct Line {
    label: String,
    points: Vec<(f64, Interval, Style)>,
    baseline: f64,
}

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let Some(metric) = metric(METRIC) else { return Ok(None) };
    let key = context.sweep_keys.iter().position(|k| k == KEY);
    let base = all.base(context);
    let varies = |point: &[String]| point.iter().zip(base).enumerate().all(|(i, (a, b))| Some(i) == key || a == b);
    let mut lines: Vec<Line> = Vec::new();
    for point in all.sweeps().iter().filter(|p| varies(p)) {
        let mut points = Vec::new();
        let mut baselines = Vec::new();
        for arm in all.arms() {
            let get = |m: &str| all.get(arm, None, point, m, "all").filter(|s| s.value.mean.is_finite());
            if let (Some(share), Some(s)) = (get("share_rate"), get(METRIC)) {
                let f = metric.factor;
                let value = Interval { mean: s.value.mean * f, lo: s.value.lo * f, hi: s.value.hi * f };
                points.push((share.value.mean * 100.0, value, style_of(arm, context)));
                baselines.extend(get(&format!("{METRIC}.baseline")).map(|b| b.value.mean * f));
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let baseline = baselines.iter().sum::<f64>() / baselines.len().max(1) as f64;
        let label = key.and_then(|k| point.get(k)).map_or_else(String::new, |v| format!("ρ_c = {v}"));
        if points.len() > 1 {
            lines.push(Line { label, points, baseline });
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let arms: Vec<(&str, Style)> = all
        .arms()
        .into_iter()
        .filter(|a| all.get(a, None, base, METRIC, "all").is_some_and(|s| s.value.mean.is_finite()))
        .map(|a| (a, style_of(a, context)))
        .collect();
    let bound = match (context.real_data, key) {
        (true, _) => "",
        (false, Some(_)) => {
            " Neighbours add at most the share of latent quality that community (ρ_c) and district explain."
        }
        (false, None) => " Neighbours add at most the share of latent quality that community and district explain.",
    };
    let values: Vec<Interval> = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).collect();
    let floors: Vec<f64> = lines.iter().map(|l| l.baseline).chain([0.0]).collect();
    let axis = bounded(&values, &floors, possible(metric), 0.05);
    let extra = format!(
        "Squared correlation of the lender's guess with the latent quality of those who refused: other people in each arm. Dashed: \
         from the bureau file alone.{bound} A refuser's own choice does not bound this, nor does an ε: the record is not in the data."
    );
    let words = Words {
        name: "externality".to_owned(),
        title: "What do those who share say about those who refused?".to_owned(),
        subtitle: "Each symbol is an arm at its share rate; the lender learns from sharers how their neighbours pay."
            .to_owned(),
        caption: caption(all, context, &format!("{extra}{}{}", attacked_in(all), arrows(axis.cut)), key),
    };
    figure(words, HEIGHT, |canvas, body| panel(canvas, body, &metric.axis(), axis.range, &lines, &arms)).map(Some)
}

fn panel(
    canvas: &Canvas<'_>,
    body: Rect,
    label: &str,
    y_range: (f64, f64),
    lines: &[Line],
    arms: &[(&str, Style)],
) -> Result<()> {
    let mut x = body.x0;
    for (arm, style) in arms {
        let name = font(13.0).cut(arm, 170.0)?;
        x = canvas.legend((x, body.y0 + 10.0), &name, *style, Sample::Mark, font(13.0))? + 22.0;
    }
    let area = Rect { x0: body.x0 + 44.0, y0: body.y0 + 62.0, x1: body.x1 - 124.0, y1: body.y1 - 48.0 };
    let (x, y) = (Axis::linear((0.0, 103.0), area.x0, area.x1), Axis::linear(y_range, area.y1, area.y0));
    let (marks, decimals) = ticks(y_range, 6);
    grid_y(canvas, area, &y, &marks, Some(decimals))?;
    let shares = [0.0, 20.0, 40.0, 60.0, 80.0, 100.0];
    labels_x(canvas, area, &shares.map(|v| (x.at(v), tick_text(v, 0))))?;
    canvas.text(body.x0, body.y0 + 40.0, label, font(12.0).bold())?;
    canvas.text(area.middle_x(), area.y1 + 34.0, "share rate, % of persons", font(13.0).middle())?;
    let wanted: Vec<f64> = lines.iter().map(|l| l.points.last().map_or(0.0, |p| y.at(p.1.mean))).collect();
    // Beside the lowest of the dashed lines; all labels stand in the margin.
    let floor = lines.iter().map(|l| y.at(l.baseline)).reduce(f64::max).unwrap_or(area.y1);
    let labelled = lines.iter().zip(&wanted).filter(|(l, _)| !l.label.is_empty());
    let mut labels: Vec<(&str, f64)> = labelled.map(|(l, end)| (l.label.as_str(), *end)).collect();
    labels.push(("bureau file alone", floor));
    let places = apart(&labels.iter().map(|l| l.1).collect::<Vec<_>>(), 17.0, (area.y0, area.y1));
    for line in lines {
        let path: Vec<(f64, f64)> = line.points.iter().map(|p| (x.at(p.0), y.at(p.1.mean))).collect();
        canvas.path(&path, GREY, 1.2)?;
        let floor = y.at(line.baseline);
        canvas.dashed((area.x0, floor), (area.x1, floor), GREY, 1.0)?;
        for ((_, value, style), at) in line.points.iter().zip(&path) {
            canvas.whisker(at.0, y.stretch(*value), 3.0, ink(style.rgb))?;
            canvas.symbol(at.0, at.1, 5.0, *style)?;
        }
    }
    for ((text, end), place) in labels.iter().zip(&places) {
        canvas.path(&[(area.x1 + 2.0, *end), (area.x1 + 12.0, *place)], GREY, 1.0)?;
        canvas.text(area.x1 + 15.0, *place, text, font(12.0).rgb(DARK))?;
    }
    floor_line(canvas, area)
}
