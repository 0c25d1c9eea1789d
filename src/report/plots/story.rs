//! One person: months in strips, and one line an arm for what came of it.

use super::canvas::{AXIS, Canvas, DARK, GREY, GRID, Rgb, WHITE, font};
use super::figure::{Words, figure, floor_line, grid_y, labels_x};
use super::scale::{Axis, Rect, range, ticks};
use super::{Plot, epsilon_text, grouped};
use crate::consent::Form;
use crate::error::Result;
use crate::experiment::story::{ArmStory, Half, Story};
use crate::population::{FileDepth, MonthRow};
use crate::report::Context;
use crate::report::palette::{ink, style_of, tint};

/// Current, 30, 60, 90+ days past due: one hue, darker is worse.
const STATES: [(Rgb, &str); 4] =
    [((226, 236, 245), "current"), ((253, 190, 133), "30"), ((230, 85, 13), "60"), ((122, 28, 2), "90+ days late")];
const LATE: Rgb = (213, 94, 0);
const ON_TIME: Rgb = (158, 188, 214);
const SPEND: Rgb = (88, 110, 138);
const STRESS: Rgb = (117, 78, 140);

/// Height of a strip's head.
const HEAD: f64 = 26.0;
const STRIPS: [f64; 4] = [26.0, 58.0, 92.0, 92.0];
const GAP: f64 = 16.0;
const ARM: f64 = 42.0;

/// Draws the story; `None` without months.
pub fn draw(story: &Story, context: &Context) -> Result<Option<Plot>> {
    if story.months.is_empty() {
        return Ok(None);
    }
    let words = Words {
        name: format!("story-{}", story.person),
        title: title(story),
        subtitle: subtitle(story),
        caption: caption(story, context),
    };
    let left = STRIPS.iter().sum::<f64>() + (HEAD + GAP) * STRIPS.len() as f64 + 30.0;
    let right = 58.0 + ARM * story.arms.len() as f64;
    figure(words, left.max(right), |canvas, body| {
        let split = body.x0 + 548.0;
        strips(canvas, Rect { x1: split, ..body }, &story.months)?;
        arms(canvas, Rect { x0: split + 34.0, ..body }, story, context)
    })
    .map(Some)
}

fn title(s: &Story) -> String {
    let decided = s.arms.iter().filter_map(|a| a.decision.as_ref());
    let (granted, all) = decided.fold((0, 0), |(yes, n), d| (yes + usize::from(d.approved), n + 1));
    let fate = if s.default { "would default" } else { "would repay" };
    match (s.half, s.applicant) {
        (Half::Scored, true) => match granted {
            0 => format!("Person {} {fate}, and is refused under all {all} arms", s.person),
            n if n == all => format!("Person {} {fate}, and is approved under all {all} arms", s.person),
            n => format!("Person {} {fate}, and is approved under {n} of {all} arms", s.person),
        },
        (Half::Scored, false) => format!("Person {} asks for no loan", s.person),
        _ => format!("Person {} is one of those the models learn from", s.person),
    }
}

fn subtitle(s: &Story) -> String {
    let file = match s.file {
        FileDepth::None => "no bureau file",
        FileDepth::Thin => "a thin bureau file",
        FileDepth::Thick => "a full bureau file",
    };
    let wants = if s.prefers { "would share if asked plainly" } else { "would not share if asked plainly" };
    let risk = s.pd.map_or_else(String::new, |p| format!(" True risk of default: {:.1} %.", 100.0 * p));
    format!("Income decile {} of 10, {file}, group {}; {wants}.{risk}", s.decile, s.group)
}

fn caption(s: &Story, context: &Context) -> String {
    let mut parts = vec![format!(
        "{}: person {} of {}, replication {}, seed {}.",
        context.title,
        s.person,
        grouped(s.persons),
        s.replication,
        context.seed
    )];
    let silent: Vec<&str> =
        s.arms.iter().filter(|a| !matches!(a.form, Form::Shown(_))).map(|a| a.name.as_str()).collect();
    if !silent.is_empty() {
        parts.push(format!("asked: no — {}.", silent.join(", ")));
    }
    if s.arms.iter().filter_map(|a| a.decision.as_ref()).any(|d| d.by_lot) {
        parts.push("By lot: more people with the very same score than loans.".to_owned());
    }
    parts.push(
        "Liquidity stress and true risk belong to the simulation: no lender sees them. All arms meet the same person with \
         the same luck."
            .to_owned(),
    );
    parts.join(" ")
}

fn strips(canvas: &Canvas<'_>, area: Rect, months: &[MonthRow]) -> Result<()> {
    let (x0, x1) = (area.x0 + 46.0, area.x1);
    let width = (x1 - x0) / months.len() as f64;
    let mut top = area.y0;
    let mut next = |height: f64| {
        let r = Rect { x0, y0: top + HEAD, x1, y1: top + HEAD + height };
        top = r.y1 + GAP;
        r
    };
    let rects = STRIPS.map(&mut next);
    bureau(canvas, rects[0], width, months)?;
    bills(canvas, rects[1], width, months)?;
    spend(canvas, rects[2], width, months)?;
    stress(canvas, rects[3], width, months)?;
    let bottom = rects[3];
    let step = [1, 2, 3, 6, 12].into_iter().find(|s| months.len() / s <= 12).unwrap_or(24);
    let labels: Vec<(f64, String)> = (1..=months.len())
        .filter(|m| *m == 1 || m % step == 0)
        .map(|m| (middle(bottom, width, m - 1), m.to_string()))
        .collect();
    labels_x(canvas, bottom, &labels)?;
    canvas.text(bottom.middle_x(), bottom.y1 + 32.0, "month; the decision follows the last", font(13.0).middle())
}

fn middle(r: Rect, width: f64, month: usize) -> f64 {
    r.x0 + width * (month as f64 + 0.5)
}

/// A cell of a month, with a hair of white between neighbours.
fn cell(r: Rect, width: f64, month: usize) -> Rect {
    let pad = (width * 0.08).min(1.5);
    let x0 = r.x0 + width * month as f64;
    Rect { x0: x0 + pad, x1: x0 + width - pad, ..r }
}

/// A strip's head, with swatches that end at its right.
fn head(canvas: &Canvas<'_>, r: Rect, text: &str, swatches: &[(Option<Rgb>, &str)]) -> Result<()> {
    let y = r.y0 - 14.0;
    canvas.text(r.x0, y, text, font(13.0).bold())?;
    let small = font(12.0).rgb(GREY);
    let mut x = r.x1;
    for (rgb, label) in swatches.iter().rev() {
        x -= small.width(label)?;
        canvas.text(x, y, label, small)?;
        let box_ = Rect { x0: x - 17.0, y0: y - 6.0, x1: x - 5.0, y1: y + 6.0 };
        match rgb {
            Some(rgb) => canvas.rect(box_, *rgb)?,
            None => canvas.outline(box_, AXIS, 1.0)?,
        }
        x -= 31.0;
    }
    Ok(())
}

fn bureau(canvas: &Canvas<'_>, r: Rect, width: f64, months: &[MonthRow]) -> Result<()> {
    let legend: Vec<(Option<Rgb>, &str)> =
        STATES.iter().map(|(rgb, label)| (Some(*rgb), *label)).chain([(None, "no account")]).collect();
    head(canvas, r, "Credit bureau", &legend)?;
    for (i, m) in months.iter().enumerate() {
        let c = cell(r, width, i);
        match m.state {
            Some(s) => canvas.rect(c, STATES[usize::from(s.min(3))].0)?,
            None => canvas.outline(c, GRID, 1.0)?,
        }
    }
    Ok(())
}

fn bills(canvas: &Canvas<'_>, r: Rect, width: f64, months: &[MonthRow]) -> Result<()> {
    head(canvas, r, "Bills", &[(Some(LATE), "paid late"), (Some(ON_TIME), "paid on time")])?;
    let most = months.iter().map(|m| m.due).max().unwrap_or(0).max(4);
    let height = r.height() / f64::from(most);
    for (i, m) in months.iter().enumerate() {
        let c = cell(r, width, i);
        for k in 0..m.due {
            let y1 = r.y1 - height * f64::from(k);
            let one = Rect { y0: y1 - height + 1.5, y1, ..c };
            canvas.rect(one, if k < m.late { LATE } else { ON_TIME })?;
        }
    }
    if months.iter().all(|m| m.due == 0) {
        canvas.text(r.middle_x(), r.middle_y(), "no bill runs through the platform", font(12.0).rgb(GREY).middle())?;
    }
    floor_line(canvas, r)
}

fn spend(canvas: &Canvas<'_>, r: Rect, width: f64, months: &[MonthRow]) -> Result<()> {
    head(canvas, r, "Spending through the platform, yuan a month", &[])?;
    let most = months.iter().map(|m| f64::from(m.spend)).fold(0.0, f64::max);
    if most <= 0.0 {
        canvas.text(r.middle_x(), r.middle_y(), "nothing", font(12.0).rgb(GREY).middle())?;
        return floor_line(canvas, r);
    }
    let y = Axis::linear((0.0, most * 1.02), r.y1, r.y0);
    let (marks, decimals) = ticks((0.0, most * 1.02), 3);
    for v in &marks {
        canvas.path(&[(r.x0, y.at(*v)), (r.x1, y.at(*v))], GRID, 1.0)?;
        let text = if decimals == 0 { grouped(*v as u64) } else { format!("{v:.decimals$}") };
        canvas.text(r.x0 - 6.0, y.at(*v), &text, font(12.0).rgb(GREY).end())?;
    }
    for (i, m) in months.iter().enumerate() {
        canvas.rect(Rect { y0: y.at(f64::from(m.spend)), y1: r.y1, ..cell(r, width, i) }, SPEND)?;
    }
    floor_line(canvas, r)
}

fn stress(canvas: &Canvas<'_>, r: Rect, width: f64, months: &[MonthRow]) -> Result<()> {
    head(canvas, r, "Liquidity stress: the truth behind it, seen by nobody", &[])?;
    let values: Vec<f64> = months.iter().map(|m| f64::from(m.liquidity)).collect();
    let (lo, hi) = range(values.iter().copied().chain([-1.0, 1.0]), 0.05);
    let y = Axis::linear((lo, hi), r.y1, r.y0);
    let (marks, decimals) = ticks((lo, hi), 3);
    grid_y(canvas, r, &y, &marks, Some(decimals))?;
    let zero = y.at(0.0);
    let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, v)| (middle(r, width, i), y.at(*v))).collect();
    // The strain above zero, shaded.
    let crossed = points.windows(2).filter(|w| (w[0].1 < zero) != (w[1].1 < zero)).map(|w| {
        let t = (zero - w[0].1) / (w[1].1 - w[0].1);
        (w[0].0 + t * (w[1].0 - w[0].0), zero)
    });
    let mut above: Vec<(f64, f64)> = points.iter().map(|p| (p.0, p.1.min(zero))).chain(crossed).collect();
    above.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ends = |p: Option<&(f64, f64)>| p.map(|p| (p.0, zero));
    let area: Vec<(f64, f64)> = ends(points.first()).into_iter().chain(above).chain(ends(points.last())).collect();
    canvas.polygon(&area, STRESS, 0.22)?;
    canvas.path(&[(r.x0, zero), (r.x1, zero)], AXIS, 1.0)?;
    canvas.path(&points, STRESS, 2.0)?;
    floor_line(canvas, r)
}

fn arms(canvas: &Canvas<'_>, area: Rect, story: &Story, context: &Context) -> Result<()> {
    let columns = [area.x0 + 182.0, area.x0 + 250.0, area.x1];
    let grey = font(12.0).rgb(GREY);
    canvas.text(area.x0, area.y0 + 12.0, "What each arm makes of it", font(13.0).bold())?;
    let y = area.y0 + 38.0;
    canvas.text(columns[0], y, "history flows", grey.middle())?;
    canvas.text(columns[1] + 20.0, y, "score", grey.end())?;
    canvas.text(columns[2], y, "loan", grey.end())?;
    canvas.path(&[(area.x0, y + 11.0), (area.x1, y + 11.0)], AXIS, 1.0)?;
    for (i, arm) in story.arms.iter().enumerate() {
        let top = area.y0 + 52.0 + ARM * i as f64;
        if i > 0 {
            canvas.path(&[(area.x0, top), (area.x1, top)], GRID, 1.0)?;
        }
        one_arm(canvas, (area.x0, top + ARM / 2.0), columns, (story, arm), context)?;
    }
    Ok(())
}

fn one_arm(
    canvas: &Canvas<'_>,
    (x, y): (f64, f64),
    [flows, score, loan]: [f64; 3],
    (story, arm): (&Story, &ArmStory),
    context: &Context,
) -> Result<()> {
    let style = style_of(&arm.name, context);
    canvas.symbol(x + 7.0, y, 5.5, style)?;
    let name = font(13.0).bold().rgb(ink(style.rgb));
    canvas.text(x + 22.0, y - 8.0, &name.cut(&arm.name, 130.0)?, name)?;
    canvas.text(x + 22.0, y + 8.0, &font(11.0).cut(&detail(story, arm), 134.0)?, font(11.0).rgb(GREY))?;
    let dot = Rect { x0: flows - 7.0, y0: y - 7.0, x1: flows + 7.0, y1: y + 7.0 };
    if arm.shares {
        canvas.rect(dot, style.rgb)?;
        canvas.text(flows, y, "✓", font(12.0).bold().rgb(contrast(style.rgb)).middle())?;
    } else {
        canvas.outline(dot, tint(style.rgb, 0.7), 1.3)?;
    }
    let Some(d) = &arm.decision else {
        return canvas.text(loan, y, "not scored", font(12.0).rgb(GREY).end());
    };
    canvas.text(score + 20.0, y, &format!("{:.0}", d.score), font(13.0).end())?;
    match (story.applicant, d.approved) {
        (true, true) if d.by_lot => canvas.text(loan, y, "✓ by lot", font(13.0).bold().rgb(DARK).end()),
        (true, false) if d.by_lot => canvas.text(loan, y, "✗ by lot", font(13.0).rgb(GREY).end()),
        (false, _) => canvas.text(loan, y, "–", font(13.0).rgb(GREY).end()),
        (true, true) => canvas.text(loan, y, "✓ yes", font(13.0).bold().rgb(DARK).end()),
        (true, false) => canvas.text(loan, y, "✗ no", font(13.0).rgb(GREY).end()),
    }
}

/// What was asked and noticed; ε for arms under DP.
fn detail(story: &Story, arm: &ArmStory) -> String {
    if let Some(e) = arm.epsilon {
        return format!("not asked; ε = {}", epsilon_text(e));
    }
    match (&arm.form, arm.noticed) {
        (Form::Shown(_), false) => "box not noticed".to_owned(),
        (Form::Shown(_), true) if arm.shares && !story.prefers => "noticed; gives in".to_owned(),
        (Form::Shown(_), true) if arm.shares => "noticed; says yes".to_owned(),
        (Form::Shown(_), true) if story.prefers => "noticed; lets it be".to_owned(),
        (Form::Shown(_), true) => "noticed; says no".to_owned(),
        (Form::Mandatory, _) => "not asked; all do".to_owned(),
        (Form::Nobody, _) => "not asked".to_owned(),
    }
}

/// White or dark, whichever reads better on the colour.
fn contrast((r, g, b): Rgb) -> Rgb {
    let light = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if light > 150.0 { DARK } else { WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Histories;
    use crate::population::Loadings;
    use crate::report::fake;
    use crate::scenario::Loaded;

    #[test]
    fn a_story_is_drawn_whatever_happened() {
        let text = "replications = 1\n[population]\npersons = 600\nactivity = { median = 0.2, spread = 2.0 }\n";
        let s = Loaded::from_toml("s.toml", text, &[]).unwrap().scenario;
        let (mut silent, mut titles) = (0, std::collections::BTreeSet::new());
        for person in (0..600).step_by(37) {
            let mut story =
                crate::experiment::story::story(&s, &Histories::Synthetic, &Loadings::default(), 0, person).unwrap();
            silent += usize::from(story.months.iter().all(|m| m.payments == 0));
            let plot = draw(&story, &fake::context()).unwrap().unwrap();
            assert_eq!(plot.name, format!("story-{person}"));
            assert!(story.arms.iter().all(|a| plot.svg.contains(&a.name)) && !plot.svg.contains("NaN"));
            assert!(super::super::raster::tree(&plot.svg).is_ok());
            titles.insert(plot.title.split_whitespace().skip(2).collect::<Vec<_>>().join(" "));
            story.months.clear();
            assert!(draw(&story, &fake::context()).unwrap().is_none());
        }
        assert!(silent > 0 && titles.len() > 2, "{titles:?}");
    }
}
