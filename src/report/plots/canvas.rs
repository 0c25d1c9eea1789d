//! A canvas over plotters' SVG back end, in pixels with a tenth of a pixel as the grid.
//!
//! plotters draws on whole units and puts legends inside the data, so that the picture is drawn ten times as large with
//! plotters' elements and the view box brings it back; axes and labels are laid out here, by the font's own widths.

use super::scale::Rect;
use crate::error::{Error, Result};
use crate::report::palette::{Style, Symbol};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle, TextStyle,
};
use std::fmt::Write;
use std::sync::OnceLock;

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// Text.
pub const DARK: Rgb = (34, 34, 34);
/// Secondary text.
pub const GREY: Rgb = (89, 89, 89);
/// Grid lines.
pub const GRID: Rgb = (226, 226, 226);
/// Axes.
pub const AXIS: Rgb = (120, 120, 120);
/// Paper.
pub const WHITE: Rgb = (255, 255, 255);

/// Units in a pixel.
const UNITS: f64 = 10.0;
/// plotters divides every font size by this before writing it.
const FONT_FACTOR: f64 = 1.24;
/// plotters measures by the font's height; DejaVu Sans is 1.164 em high.
const FONT_HEIGHT: f64 = 1.164;
const FAMILY: &str = "sans-serif";

/// Where a text hangs on its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// How a text looks; it is centred vertically on its point.
#[derive(Clone, Copy, Debug)]
pub struct Font {
    /// Pixels per em.
    pub size: f64,
    /// Weight.
    pub bold: bool,
    /// Colour.
    pub rgb: Rgb,
    /// Horizontal anchor.
    pub anchor: Anchor,
}

/// A font with the text's colour, from its start.
pub const fn font(size: f64) -> Font {
    Font { size, bold: false, rgb: DARK, anchor: Anchor::Start }
}

impl Font {
    /// Bold.
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
    /// Coloured.
    pub const fn rgb(self, rgb: Rgb) -> Self {
        Self { rgb, ..self }
    }
    /// Centred.
    pub const fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }
    /// Ending at the point.
    pub const fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let horizontal = match self.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let (r, g, b) = self.rgb;
        // `FontDesc::style` keeps the glyphs of the weight it came from.
        FontDesc::new(FontFamily::Name(FAMILY), self.size * UNITS * FONT_FACTOR, weight)
            .color(&RGBColor(r, g, b))
            .pos(Pos::new(horizontal, VPos::Center))
    }

    /// Width of a text in pixels.
    pub fn width(self, text: &str) -> Result<f64> {
        register_fonts()?;
        let (low, high) = self.style().font.layout_box(text).map_err(|e| Error::Plot(e.to_string()))?;
        Ok(f64::from(high.0 - low.0) / UNITS * FONT_HEIGHT / FONT_FACTOR)
    }

    /// A text cut to `width` pixels, with an ellipsis if something is missing.
    pub fn cut(self, text: &str, width: f64) -> Result<String> {
        let mut kept = text.to_owned();
        let mut shown = kept.clone();
        while self.width(&shown)? > width && kept.pop().is_some() {
            shown = format!("{kept}…");
        }
        Ok(shown)
    }

    /// A text broken between words into lines of at most `width` pixels; line ends in it stay.
    pub fn wrap(self, text: &str, width: f64) -> Result<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        for paragraph in text.split('\n') {
            let mut first = true;
            for word in paragraph.split(' ') {
                match lines.last_mut() {
                    Some(line) if !first && self.width(&format!("{line} {word}"))? <= width => {
                        line.push(' ');
                        line.push_str(word);
                    }
                    _ => lines.push(self.cut(word, width)?),
                }
                first = false;
            }
        }
        Ok(lines)
    }
}

/// DejaVu Sans for plotters, once.
fn register_fonts() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = DONE.get_or_init(|| {
        let faces = [(FontStyle::Normal, dejavu::sans::regular()), (FontStyle::Bold, dejavu::sans::bold())];
        faces.into_iter().all(|(style, bytes)| plotters::style::register_font(FAMILY, style, bytes).is_ok())
    });
    if *done { Ok(()) } else { Err(Error::Plot("the bundled font cannot be read".to_owned())) }
}

/// What is drawn on.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a picture of `width` × `height` pixels; `title` and `description` go to screen readers.
pub fn draw(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    content: impl FnOnce(&Canvas<'_>) -> Result<()>,
) -> Result<String> {
    register_fonts()?;
    let mut svg = String::new();
    {
        let size = ((width * UNITS).round() as u32, (height * UNITS).round() as u32);
        let canvas = Canvas { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
        canvas.rect(Rect { x0: 0.0, y0: 0.0, x1: width, y1: height }, WHITE)?;
        content(&canvas)?;
        canvas.area.present().map_err(|e| Error::Plot(e.to_string()))?;
    }
    Ok(finish(&svg, (width, height), title, description))
}

/// Size in pixels, title and description; texts without the line ends that plotters adds; centred on capitals' height.
fn finish(svg: &str, (width, height): (f64, f64), title: &str, description: &str) -> String {
    let mut out = String::with_capacity(svg.len() + 1024);
    let mut lines = svg.lines().peekable();
    if let Some(first) = lines.next() {
        let view = first.split_once("viewBox").map_or("", |(_, rest)| rest.trim_end_matches('>'));
        let _ = write!(
            out,
            "<svg width=\"{width}\" height=\"{height}\" viewBox{view} role=\"img\" aria-label=\"{title}\" \
             stroke-linejoin=\"round\">\n<title>{title}</title>\n<desc>{description}</desc>\n",
            title = escape(title),
            description = escape(description),
        );
    }
    while let Some(line) = lines.next() {
        if line.starts_with("<text") {
            let open = line
                .replace("dy=\"0.5ex\"", "dy=\"0.36em\"")
                .replace("font-family=\"sans-serif\"", "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
            let text = lines.next().unwrap_or("");
            let _ = writeln!(out, "{open}{text}</text>");
            lines.next_if(|l| *l == "</text>");
        } else {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

type Units = (i32, i32);

fn units(x: f64, y: f64) -> Units {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn colour((r, g, b): Rgb, alpha: f64) -> RGBAColor {
    RGBColor(r, g, b).mix(alpha)
}

fn stroke(rgb: Rgb, width: f64) -> ShapeStyle {
    colour(rgb, 1.0).stroke_width((width * UNITS).round() as u32)
}

impl<'a> Canvas<'a> {
    fn put<E>(&self, element: &E) -> Result<()>
    where
        for<'b> &'b E: PointCollection<'b, Units>,
        E: Drawable<SVGBackend<'a>>,
    {
        self.area.draw(element).map_err(|e| Error::Plot(e.to_string()))
    }

    /// Text, centred vertically on `y`.
    pub fn text(&self, x: f64, y: f64, text: &str, font: Font) -> Result<()> {
        self.put(&Text::new(text.to_owned(), units(x, y), font.style()))
    }

    /// Text that reads upwards, centred horizontally on `x`.
    pub fn text_upwards(&self, x: f64, y: f64, text: &str, font: Font) -> Result<()> {
        self.put(&Text::new(text.to_owned(), units(x, y), font.style().transform(FontTransform::Rotate270)))
    }

    /// Lines of text; gives the y below them.
    pub fn lines(&self, x: f64, y: f64, lines: &[String], font: Font) -> Result<f64> {
        let step = line_height(font);
        for (i, line) in lines.iter().enumerate() {
            self.text(x, y + step * (i as f64 + 0.5), line, font)?;
        }
        Ok(y + step * lines.len() as f64)
    }

    /// A filled rectangle.
    pub fn rect(&self, r: Rect, rgb: Rgb) -> Result<()> {
        self.put(&Rectangle::new([units(r.x0, r.y0), units(r.x1, r.y1)], colour(rgb, 1.0).filled()))
    }

    /// A line through points.
    pub fn path(&self, points: &[(f64, f64)], rgb: Rgb, width: f64) -> Result<()> {
        self.put(&PathElement::new(points.iter().map(|p| units(p.0, p.1)).collect::<Vec<_>>(), stroke(rgb, width)))
    }

    /// The outline of a rectangle.
    pub fn outline(&self, r: Rect, rgb: Rgb, width: f64) -> Result<()> {
        self.path(&[(r.x0, r.y0), (r.x1, r.y0), (r.x1, r.y1), (r.x0, r.y1), (r.x0, r.y0)], rgb, width)
    }

    /// A dashed straight line.
    pub fn dashed(&self, a: (f64, f64), b: (f64, f64), rgb: Rgb, width: f64) -> Result<()> {
        const ON: f64 = 6.0;
        const OFF: f64 = 4.0;
        let length = libm::hypot(b.0 - a.0, b.1 - a.1);
        let at = |s: f64| {
            let t = (s / length).min(1.0);
            (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
        };
        let dashes = if length > 0.0 { (length / (ON + OFF)).ceil() as usize } else { 0 };
        (0..dashes).map(|i| i as f64 * (ON + OFF)).try_for_each(|s| self.path(&[at(s), at(s + ON)], rgb, width))
    }

    /// A filled, translucent polygon.
    pub fn polygon(&self, points: &[(f64, f64)], rgb: Rgb, alpha: f64) -> Result<()> {
        self.put(&Polygon::new(points.iter().map(|p| units(p.0, p.1)).collect::<Vec<_>>(), colour(rgb, alpha)))
    }

    /// Diagonal hatching inside a rectangle.
    pub fn hatch(&self, r: Rect, rgb: Rgb) -> Result<()> {
        const STEP: f64 = 6.0;
        let (w, h) = (r.x1 - r.x0, r.y1 - r.y0);
        let mut s = STEP / 2.0;
        while s < w + h {
            // The line x − x0 + y1 − y = s, cut to the rectangle.
            let (from, to) = ((s - h).max(0.0), s.min(w));
            self.path(&[(r.x0 + from, r.y1 - (s - from)), (r.x0 + to, r.y1 - (s - to))], rgb, 1.3)?;
            s += STEP;
        }
        Ok(())
    }

    /// An arm's marker of radius `r`; arms that are dashed lines get a bar.
    pub fn symbol(&self, x: f64, y: f64, r: f64, style: Style) -> Result<()> {
        let rgb = style.rgb;
        let filled = |points: &[(f64, f64)]| {
            let at: Vec<_> = points.iter().map(|p| (x + r * p.0, y + r * p.1)).collect();
            self.polygon(&at, rgb, 1.0)
        };
        let cross = |a: (f64, f64)| self.path(&[(x - r * a.0, y - r * a.1), (x + r * a.0, y + r * a.1)], rgb, 2.2);
        let square = |k: f64| Rect { x0: x - k * r, y0: y - k * r, x1: x + k * r, y1: y + k * r };
        match style.symbol {
            Symbol::Dashed => {
                self.rect(Rect { x0: x - 0.45 * r, y0: y - 1.2 * r, x1: x + 0.45 * r, y1: y + 1.2 * r }, rgb)
            }
            Symbol::Circle => {
                self.put(&Circle::new(units(x, y), (r * UNITS).round() as u32, colour(rgb, 1.0).filled()))
            }
            Symbol::CircleHollow => {
                self.put(&Circle::new(units(x, y), (r * UNITS).round() as u32, colour(WHITE, 1.0).filled()))?;
                self.put(&Circle::new(units(x, y), (r * 0.85 * UNITS).round() as u32, stroke(rgb, 2.0)))
            }
            Symbol::Triangle => filled(&[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)]),
            Symbol::TriangleDown => filled(&[(0.0, 1.15), (1.1, -0.85), (-1.1, -0.85)]),
            Symbol::Diamond => filled(&[(0.0, -1.25), (1.05, 0.0), (0.0, 1.25), (-1.05, 0.0)]),
            Symbol::Square => self.rect(square(0.92), rgb),
            Symbol::SquareHollow => {
                self.rect(square(0.85), WHITE)?;
                self.outline(square(0.85), rgb, 2.0)
            }
            Symbol::Cross => cross((0.9, 0.9)).and_then(|()| cross((0.9, -0.9))),
            Symbol::Plus => cross((1.15, 0.0)).and_then(|()| cross((0.0, 1.15))),
        }
    }
}

/// Height of a line of text.
pub fn line_height(font: Font) -> f64 {
    font.size * 1.32
}
