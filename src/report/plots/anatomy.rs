//! Consent anatomy: of those who share, who meant to?
//!
//! Effective = shares, noticed and prefers to; inattentive but willing = shares, did not notice, prefers to;
//! would refuse = shares, prefers not to. The three add up to the share rate.

use super::canvas::{Canvas, DARK, GREY, Rgb, WHITE, font};
use super::figure::{Words, figure, floor_line, grid_x, labels_x};
use super::scale::{Axis, Rect, tick_text};
use super::{Pick, Plot, caption, of, picks};
use crate::error::Result;
use crate::report::palette::{ink, tint};
use crate::report::{Context, Guarantee, Summaries};
use crate::stats::Interval;

const ROW: f64 = 36.0;
const NEUTRAL: Rgb = (85, 85, 85);
const PARTS: [(Part, &str); 3] = [
    (Part::Effective, "effective: noticed the box and prefers to share"),
    (Part::Willing, "inattentive, but willing"),
    (Part::Refuse, "would refuse if asked"),
];

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Effective,
    Willing,
    Refuse,
}

struct Bar<'a> {
    pick: Pick<'a>,
    total: Option<Interval>,
    parts: [f64; 3],
}

pub fn draw(all: &Summaries, context: &Context) -> Result<Option<Plot>> {
    let value = |pick: &Pick, name| of(all, context, pick, name, "all").map(|s| s.value);
    let bars: Vec<Bar<'_>> = picks(all, context)
        .into_iter()
        .map(|pick| {
            let total = value(&pick, "share_rate");
            let part = |name| value(&pick, name).map_or(f64::NAN, |v| v.mean);
            let (effective, refuse) = (part("effective_consent"), part("regret"));
            let willing = value(&pick, "involuntary_willing")
                .map_or_else(|| total.map_or(f64::NAN, |t| (t.mean - effective - refuse).max(0.0)), |v| v.mean);
            Bar { pick, total, parts: [effective, willing, refuse] }
        })
        .collect();
    if bars.iter().all(|b| !b.pick.asked || b.total.is_none()) {
        return Ok(None);
    }
    let most = bars
        .iter()
        .filter(|b| b.pick.asked)
        .filter_map(|b| Some((b, b.total?.mean)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(b, share)| *share > 0.0 && b.parts[2].is_finite());
    let finding = most.map_or_else(String::new, |(b, share)| {
        format!(
            "With {} {:.0} % share; {:.0} % of these would refuse if asked. ",
            b.pick.arm,
            100.0 * share,
            100.0 * b.parts[2] / share
        )
    });
    let whiskers = if context.replications > 1 { "Whiskers: interval of the share rate. " } else { "" };
    let words = Words {
        name: "consent-anatomy".to_owned(),
        title: "Who shares, and would they share if asked?".to_owned(),
        subtitle: format!("{finding}Bars are split by what people noticed and prefer."),
        caption: caption(
            all,
            context,
            &format!("{whiskers}Preferences are inputs of the scenario, not findings."),
            None,
        ),
    };
    figure(words, 64.0 + ROW * bars.len() as f64 + 44.0, |canvas, body| rows(canvas, body, &bars, context)).map(Some)
}

fn rows(canvas: &Canvas<'_>, body: Rect, bars: &[Bar<'_>], context: &Context) -> Result<()> {
    let name_font = font(14.0);
    let mut left: f64 = 0.0;
    for bar in bars {
        left = left.max(name_font.width(&bar.pick.name)?);
    }
    let r = Rect { x0: body.x0 + left + 34.0, y0: body.y0 + 64.0, x1: body.x1 - 196.0, y1: body.y1 - 44.0 };
    legend(canvas, body)?;
    let x = Axis::linear((0.0, 100.0), r.x0, r.x1);
    let marks = [0.0, 20.0, 40.0, 60.0, 80.0, 100.0];
    grid_x(canvas, r, &x, &marks)?;
    labels_x(canvas, r, &marks.map(|v| (x.at(v), tick_text(v, 0))))?;
    canvas.text(r.middle_x(), r.y1 + 32.0, "share of persons, %", font(13.0).middle())?;
    let columns = [(r.x1 + 76.0, "share, %"), (body.x1, "of these would\nrefuse, %")];
    for (x, head) in columns {
        let lines: Vec<&str> = head.lines().collect();
        for (i, line) in lines.iter().rev().enumerate() {
            canvas.text(x, r.y0 - 10.0 - 15.0 * i as f64, line, font(12.0).rgb(GREY).end())?;
        }
    }
    for (i, bar) in bars.iter().enumerate() {
        let y = r.y0 + ROW * (i as f64 + 0.5);
        let name = font(14.0).rgb(ink(bar.pick.style.rgb));
        canvas.text(body.x0 + 24.0, y, &bar.pick.name, name)?;
        canvas.symbol(body.x0 + 10.0, y, 5.0, bar.pick.style)?;
        if bar.pick.asked {
            stacked(canvas, &x, y, bar)?;
            numbers(canvas, (columns[0].0, columns[1].0), y, bar)?;
        } else {
            not_asked(canvas, &x, y, bar, context)?;
        }
    }
    floor_line(canvas, r)
}

fn legend(canvas: &Canvas<'_>, body: Rect) -> Result<()> {
    let text = font(13.0);
    let mut at = body.x0;
    for (part, label) in PARTS {
        let swatch = Rect { x0: at, y0: body.y0 + 3.0, x1: at + 26.0, y1: body.y0 + 19.0 };
        fill(canvas, swatch, part, NEUTRAL)?;
        canvas.text(at + 33.0, body.y0 + 11.0, label, text)?;
        at += 33.0 + text.width(label)? + 24.0;
    }
    Ok(())
}

fn fill(canvas: &Canvas<'_>, r: Rect, part: Part, rgb: Rgb) -> Result<()> {
    match part {
        Part::Effective => canvas.rect(r, rgb)?,
        Part::Willing => canvas.rect(r, tint(rgb, 0.38))?,
        Part::Refuse => canvas.hatch(r, rgb)?,
    }
    canvas.outline(r, rgb, 1.0)
}

fn stacked(canvas: &Canvas<'_>, x: &Axis, y: f64, bar: &Bar<'_>) -> Result<()> {
    let (top, bottom) = (y - ROW * 0.32, y + ROW * 0.32);
    let rgb = bar.pick.style.rgb;
    let text = font(12.0).middle();
    let mut from = 0.0;
    for ((part, _), share) in PARTS.into_iter().zip(bar.parts) {
        let share = 100.0 * share;
        if share.is_nan() || share <= 0.0 {
            continue;
        }
        let r = Rect { x0: x.at(from), y0: top, x1: x.at(from + share), y1: bottom };
        fill(canvas, r, part, rgb)?;
        let label = format!("{share:.1}");
        let width = text.width(&label)?;
        if r.width() > width + 12.0 {
            let middle = r.middle_x();
            let light =
                Rect { x0: middle - width / 2.0 - 4.0, y0: y - 8.0, x1: middle + width / 2.0 + 4.0, y1: y + 8.0 };
            canvas.rect(light, WHITE)?;
            canvas.text(middle, y, &label, text)?;
        }
        from += share;
    }
    let Some(t) = bar.total else { return Ok(()) };
    let whisker = x.stretch(Interval { mean: 100.0 * t.mean, lo: 100.0 * t.lo, hi: 100.0 * t.hi });
    canvas.whisker_across(whisker, y, 5.0, DARK)
}

fn numbers(canvas: &Canvas<'_>, (first, second): (f64, f64), y: f64, bar: &Bar<'_>) -> Result<()> {
    let Some(total) = bar.total else { return Ok(()) };
    let text = font(13.0).end();
    canvas.text(first, y, &format!("{:.1}", 100.0 * total.mean), text)?;
    let refuse = bar.parts[2] / total.mean;
    if refuse.is_finite() { canvas.text(second, y, &format!("{:.0}", 100.0 * refuse), text) } else { Ok(()) }
}

fn not_asked(canvas: &Canvas<'_>, x: &Axis, y: f64, bar: &Bar<'_>, context: &Context) -> Result<()> {
    let what = match context.arm(bar.pick.arm).map(|a| (a.guarantee, a.training_only)) {
        Some((Guarantee::None, _)) => "asked: no (nothing is shared)",
        Some((Guarantee::Raw, _)) => "asked: no (everybody's raw history is handed over)",
        Some((Guarantee::Local, _)) => "asked: no (every phone sends randomised answers)",
        Some((_, true)) => "asked: no (the model learns from everybody's history)",
        Some(_) => "asked: no (everybody is counted in the noisy statistics)",
        None => "asked: no",
    };
    let share = bar.total.map_or(0.0, |t| 100.0 * t.mean);
    let mut from = x.at(0.0) + 8.0;
    if share > 0.5 {
        let r = Rect { x0: x.at(0.0), y0: y - ROW * 0.32, x1: x.at(share), y1: y + ROW * 0.32 };
        canvas.outline(r, bar.pick.style.rgb, 1.0)?;
        if r.width() < font(13.0).width(what)? + 16.0 {
            from = r.x1 + 8.0;
        }
    }
    let width = font(13.0).width(what)?;
    canvas.rect(Rect { x0: from - 4.0, y0: y - 9.0, x1: from + width + 4.0, y1: y + 9.0 }, WHITE)?;
    canvas.text(from, y, what, font(13.0).rgb(GREY))
}
