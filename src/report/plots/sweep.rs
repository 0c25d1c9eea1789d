//! Metrics against one sweep key, one line an arm; the other keys stay at their base value.

use super::bounds::{Bounded, arrows, bounded, possible, possible_difference};
use super::canvas::{AXIS, Canvas, GREY, font};
use super::figure::{self, Words, figure, floor_line, grid_y, labels_x, ribbon};
use super::marks::Sample;
use super::scale::{Axis, Rect, range, ticks};
use super::{Pick, Plot, caption, picks, with_intervals};
use crate::error::Result;
use crate::report::manifest::slug;
use crate::report::metric::{Metric, metric};
use crate::report::palette::ink;
use crate::report::{Context, Summaries};
use crate::stats::Interval;

const HEIGHT: f64 = 330.0;
/// Between the lines of a label.
const LINE: f64 = 14.0;

/// What is drawn: metric, group, whether as difference to the reference, words for the group.
const PANELS: [(&str, &str, bool, &str); 3] = [
    ("share_rate", "all", false, ""),
    ("auc", "all", true, ""),
    ("approval_rate", "file=none", true, " of people without a file"),
];

/// The same for keys of an attack, which move that attack alone.
const BILL: [(&str, &str, bool, &str); 3] = [
    ("attack.bill.unique", "all", false, ""),
    ("attack.bill.success", "all", false, ""),
    ("attack.bill.rank_error", "all", false, ""),
];
const LINKAGE: [(&str, &str, bool, &str); 3] = [
    ("attack.unicity.at_1", "all", false, ""),
    ("attack.unicity.at_2", "all", false, ""),
    ("attack.unicity.at_4", "all", false, ""),
];

fn panels_of(key: &str) -> &'static [(&'static str, &'static str, bool, &'static str)] {
    match key {
        _ if key.starts_with("attack.bill.") => &BILL,
        _ if key.starts_with("attack.linkage.") => &LINKAGE,
        _ => &PANELS,
    }
}

/// One panel: its words and, for each pick, one value a sweep point.
struct Panel {
    axis: String,
    zero: bool,
    lines: Vec<Vec<Option<Interval>>>,
    bounded: Bounded,
}

pub fn draw(all: &Summaries, context: &Context, key: usize) -> Result<Option<Plot>> {
    let base = all.base(context);
    let same = |point: &[String]| point.iter().zip(base).enumerate().all(|(i, (a, b))| i == key || a == b);
    let mut points: Vec<&[String]> = all.sweeps().iter().map(|s| &**s).filter(|s| s.len() > key && same(s)).collect();
    let number = |s: &[String]| s[key].parse::<f64>().ok().filter(|v| v.is_finite());
    let numeric = points.iter().all(|s| number(s).is_some());
    if numeric {
        points.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
    if points.len() < 2 {
        return Ok(None);
    }
    let picks = picks(all, context);
    let name = &context.sweep_keys[key];
    let panels = panels_of(name).iter().filter_map(|p| panel_of(all, context, &picks, &points, p));
    let panels: Vec<Panel> = panels.collect();
    if panels.is_empty() {
        return Ok(None);
    }
    // What lies between two words is nothing: no line joins them.
    let look = if numeric { "One line an arm" } else { "One mark an arm, side by side" };
    let paired = if panels.iter().any(|p| p.zero) {
        format!(" Differences are paired with {}.", context.reference)
    } else {
        String::new()
    };
    let cut = arrows(panels.iter().any(|p| p.bounded.cut));
    let words = Words {
        name: format!("sweep-{}", slug(name)),
        title: format!("What if {name} were different?"),
        subtitle: format!("{look}{}.{paired}", with_intervals(context)),
        caption: caption(all, context, cut.trim_start(), Some(key)),
    };
    // Values that grow by factors stand on a log axis.
    let log = numeric && {
        let value = |s: Option<&&[String]>| s.and_then(|s| number(s)).unwrap_or(0.0);
        let (first, last) = (value(points.first()), value(points.last()));
        first > 0.0 && last / first >= 8.0
    };
    let place = |i: usize, s: &[String]| match number(s) {
        Some(v) if log => libm::log(v),
        Some(v) if numeric => v,
        _ => i as f64,
    };
    let places: Vec<f64> = points.iter().enumerate().map(|(i, s)| place(i, s)).collect();
    let axis = if log { format!("{name} (log scale)") } else { name.clone() };
    let shown: Vec<&Pick<'_>> = picks
        .iter()
        .enumerate()
        .filter(|(i, _)| panels.iter().any(|p| p.lines[*i].iter().any(Option::is_some)))
        .map(|p| p.1)
        .collect();
    let mut labels = Vec::new();
    for point in &points {
        let text = point[key].replace('-', if numeric { "−" } else { "-" });
        let lines = if numeric { vec![text] } else { lines_of(&text) };
        labels.push(lines.iter().map(|l| font(figure::TICK).cut(l, 110.0)).collect::<Result<Vec<String>>>()?);
    }
    let lower = LINE * (labels.iter().map(Vec::len).max().unwrap_or(1) - 1) as f64;
    let rows = legend_rows(&shown)?;
    let top = 24.0 * rows.len() as f64 + 34.0;
    figure(words, top + HEIGHT + lower, |canvas, body| {
        for (i, row) in rows.iter().enumerate() {
            for (x, pick) in row {
                let y = body.y0 + 10.0 + 24.0 * i as f64;
                let sample = if numeric { Sample::Marked } else { Sample::Mark };
                let end = canvas.legend((body.x0 + x, y), &pick.name, pick.style, sample, font(13.0))?;
                canvas.text(end + 7.0, y, &pick.detail(), font(11.0).rgb(GREY))?;
            }
        }
        let area = Rect { x0: body.x0 + 52.0, y0: body.y0 + top, x1: body.x1 - 10.0, y1: body.y1 - 44.0 - lower };
        for (i, panel) in panels.iter().enumerate() {
            let r = area.cell((0, 1), (i, panels.len()), (66.0, 0.0));
            draw_panel(canvas, r, panel, &picks, (&places, numeric), &labels)?;
            let title = font(13.0).cut(&axis, r.width() + 50.0)?;
            canvas.text(r.middle_x(), r.y1 + 34.0 + lower, &title, font(13.0).middle())?;
        }
        Ok(())
    })
    .map(Some)
}

fn panel_of(
    all: &Summaries,
    context: &Context,
    picks: &[Pick<'_>],
    points: &[&[String]],
    (name, group, difference, words): &(&str, &str, bool, &str),
) -> Option<Panel> {
    let metric: &Metric = metric(name)?;
    let value = |pick: &Pick, point: &[String]| {
        let s = all.get(pick.arm, pick.epsilon, point, name, group)?;
        let v = if *difference { s.difference? } else { s.value };
        let f = metric.factor;
        v.mean.is_finite().then_some(Interval { mean: v.mean * f, lo: v.lo * f, hi: v.hi * f })
    };
    // The share rate of arms that ask nobody says nothing.
    let drawn = |pick: &&Pick| *name != "share_rate" || pick.asked;
    let lines: Vec<Vec<Option<Interval>>> = picks
        .iter()
        .map(|pick| points.iter().map(|p| if drawn(&pick) { value(pick, p) } else { None }).collect())
        .collect();
    let most = lines.iter().map(|l| l.iter().flatten().count()).max().unwrap_or(0);
    let axis = if *difference { metric.difference_axis(words, &context.reference) } else { metric.axis() };
    let limits = if *difference { possible_difference(metric) } else { possible(metric) };
    let values: Vec<Interval> = lines.iter().flatten().flatten().copied().collect();
    let bounded = bounded(&values, if *difference { &[0.0] } else { &[] }, limits, 0.05);
    (most >= 2).then_some(Panel { axis, zero: *difference, lines, bounded })
}

/// A value that is a word or a table, `{ noisy = { epsilon = 1 } }`, as lines of one word.
fn lines_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "{}=,".contains(c)).filter(|w| !w.is_empty());
    let lines: Vec<String> = words.take(4).map(|w| w.replace("epsilon", "ε")).collect();
    if lines.is_empty() { vec![text.to_owned()] } else { lines }
}

/// Legend entries in rows that fit, with their x.
fn legend_rows<'p, 'a>(picks: &[&'p Pick<'a>]) -> Result<Vec<Vec<(f64, &'p Pick<'a>)>>> {
    let width = figure::WIDTH - 2.0 * figure::MARGIN;
    let mut rows: Vec<Vec<(f64, &Pick<'_>)>> = vec![Vec::new()];
    let mut x = 0.0;
    for pick in picks {
        let own = 28.0 + font(13.0).width(&pick.name)? + 7.0 + font(11.0).width(&pick.detail())?;
        if x > 0.0 && x + own > width {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, pick));
        }
        x += own + 18.0;
    }
    Ok(rows)
}

fn draw_panel(
    canvas: &Canvas<'_>,
    r: Rect,
    panel: &Panel,
    picks: &[Pick<'_>],
    (places, joined): (&[f64], bool),
    labels: &[Vec<String>],
) -> Result<()> {
    let y_range = panel.bounded.range;
    let y = Axis::linear(y_range, r.y1, r.y0);
    let x = Axis::linear(range(places.iter().copied(), 0.06), r.x0, r.x1);
    let (marks, decimals) = ticks(y_range, 6);
    grid_y(canvas, r, &y, &marks, Some(decimals))?;
    for (line, text) in font(12.0).bold().wrap(&panel.axis, r.width() + 44.0)?.iter().rev().enumerate() {
        canvas.text(r.x0 - 44.0, r.y0 - 14.0 - 15.0 * line as f64, text, font(12.0).bold())?;
    }
    if panel.zero {
        canvas.path(&[(r.x0, y.at(0.0)), (r.x1, y.at(0.0))], AXIS, 1.0)?;
    }
    let shown = || panel.lines.iter().zip(picks).filter(|(line, _)| line.iter().any(Option::is_some));
    let step = (0.6 * r.width() / places.len() as f64 / shown().count().max(1) as f64).min(9.0);
    let first = -step * (shown().count().max(1) - 1) as f64 / 2.0;
    for (i, (line, pick)) in shown().enumerate() {
        let aside = if joined { 0.0 } else { first + step * i as f64 };
        let points = line.iter().zip(places).map(|(v, place)| (x.at(*place) + aside, *v));
        let points: Vec<(f64, Option<Interval>)> = points.collect();
        if joined {
            let at = |v: Option<Interval>, of: fn(Interval) -> f64| v.map_or(f64::NAN, |v| y.at(of(v)));
            let line = points.iter().map(|(x, v)| (*x, at(*v, |v| v.mean), at(*v, |v| v.lo), at(*v, |v| v.hi)));
            ribbon(canvas, &line.collect::<Vec<_>>(), pick.style)?;
        }
        for (x, v) in points.into_iter().filter_map(|(x, v)| Some((x, v?))) {
            canvas.whisker(x, y.stretch(v), 3.0, ink(pick.style.rgb))?;
            canvas.symbol(x, y.at(v.mean), 4.0, pick.style)?;
        }
    }
    floor_line(canvas, r)?;
    let first = labels.iter().map(|l| l.first().cloned().unwrap_or_default());
    labels_x(canvas, r, &places.iter().map(|p| x.at(*p)).zip(first).collect::<Vec<_>>())?;
    for (place, lines) in places.iter().zip(labels) {
        for (k, text) in lines.iter().enumerate().skip(1) {
            canvas.text(x.at(*place), r.y1 + 13.0 + LINE * k as f64, text, font(figure::TICK).rgb(GREY).middle())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_table_is_read_word_by_word() {
        assert_eq!(lines_of("{ noisy = { epsilon = 0.1 } }"), ["noisy", "ε", "0.1"]);
        assert_eq!(lines_of("none"), ["none"]);
        assert_eq!(lines_of("{}"), ["{}"]);
    }
}
