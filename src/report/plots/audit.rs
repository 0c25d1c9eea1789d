//! What each arm claims and what attacks have shown of it: a bar to each lower bound, a stroke at the claim.

use super::Plot;
use super::canvas::{AXIS, Canvas, DARK, GREY, Rgb, font};
use super::figure::{Words, figure, floor_line, grid_x, labels_x};
use super::scale::{Axis, Rect, tick_text, ticks};
use crate::error::Result;
use crate::experiment::audit::{Point, Report};

const ROW: f64 = 22.0;
/// A bound.
const BLUE: Rgb = (0, 114, 178);
/// A bound above its claim.
const RED: Rgb = (213, 94, 0);

/// Draws an audit of the scenario `title`.
pub fn draw(report: &Report, title: &str) -> Result<Plot> {
    let rows: usize = report.points.iter().map(|p| p.audited.findings.len()).sum();
    let refuted = report.points.iter().filter(|p| p.refuted()).count();
    let words = Words {
        name: "audit".to_owned(),
        title: match refuted {
            0 => "No claim is refuted by these attacks".to_owned(),
            1 => "One claim is REFUTED".to_owned(),
            _ => format!("{refuted} claims are REFUTED"),
        },
        subtitle: "Bars: the least ε that attacks have shown, by method. Strokes: what the ledger claims.".to_owned(),
        caption: format!(
            "{title}: all {} bounds hold together with confidence {}. The ceiling is the largest bound that as many trials could have \
             shown. A bound below the claim proves nothing: another attack may do better. \"Gaussian μ\" bounds μ of a \
             Gaussian claim; its ε is what that μ means at the claim's δ.",
            report.bounds,
            1.0 - report.alpha
        ),
    };
    figure(words, 30.0 + ROW * rows as f64 + 54.0, |canvas, body| rows_of(canvas, body, report))
}

fn rows_of(canvas: &Canvas<'_>, body: Rect, report: &Report) -> Result<()> {
    let method_font = font(12.0).rgb(GREY);
    let names = report.points.iter().map(named).collect::<Result<Vec<String>>>()?;
    let mut methods: f64 = 0.0;
    for name in &names {
        methods = methods.max(font(13.0).width(name)?);
    }
    let methods = body.x0 + methods + 18.0;
    let mut left: f64 = 0.0;
    for finding in report.points.iter().flat_map(|p| &p.audited.findings) {
        left = left.max(method_font.width(finding.method.word())?);
    }
    let area = Rect { x0: methods + left + 12.0, y0: body.y0 + 30.0, x1: body.x1 - 170.0, y1: body.y1 - 54.0 };
    let all = || report.points.iter().flat_map(|p| p.audited.findings.iter().map(|f| f.bound).chain([p.claim.epsilon]));
    let most = 1.08 * all().filter(|v| v.is_finite()).fold(0.1, f64::max);
    let x = Axis::linear((0.0, most), area.x0, area.x1);
    let (marks, decimals) = ticks((0.0, most), 6);
    grid_x(canvas, area, &x, &marks)?;
    labels_x(canvas, area, &marks.iter().map(|v| (x.at(*v), tick_text(*v, decimals))).collect::<Vec<_>>())?;
    for (at, head) in [(area.x1 + 14.0, "ceiling"), (area.x1 + 84.0, "trials")] {
        canvas.text(at, body.y0 + 16.0, head, font(12.0).bold())?;
    }
    let mut row = 0;
    for (point, name) in report.points.iter().zip(&names) {
        for (i, finding) in point.audited.findings.iter().enumerate() {
            let y = area.y0 + ROW * (f64::from(row) + 0.5);
            row += 1;
            if i == 0 {
                canvas.text(body.x0, y, name, font(13.0))?;
            }
            canvas.text(methods, y, finding.method.word(), method_font)?;
            let above = finding.bound > point.claim.epsilon;
            let end = x.at(finding.bound);
            canvas.rect(
                Rect { x0: area.x0, y0: y - 5.0, x1: end.max(area.x0 + 1.0), y1: y + 5.0 },
                if above { RED } else { BLUE },
            )?;
            let claim = x.at(point.claim.epsilon);
            canvas.path(&[(claim, y - 9.0), (claim, y + 9.0)], DARK, 2.5)?;
            canvas.text(area.x1 + 14.0, y, &tick_text(finding.ceiling, 2), method_font)?;
            canvas.text(area.x1 + 84.0, y, &crate::report::table::grouped(finding.trials), method_font)?;
        }
        let y = area.y0 + ROW * f64::from(row);
        canvas.path(&[(body.x0, y), (body.x1, y)], AXIS, 0.5)?;
    }
    floor_line(canvas, area)?;
    canvas.text(area.middle_x(), area.y1 + 34.0, "ε (smaller = more private)", font(13.0).middle())
}

/// The arm's name with its ε.
fn named(point: &Point) -> Result<String> {
    let e = crate::report::table::epsilon_text(point.epsilon);
    Ok(format!("{}, ε = {e}", font(13.0).cut(&point.arm, 260.0)?))
}
