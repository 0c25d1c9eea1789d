//! Intervals and legends: a legend shows of an arm what the picture draws of it.

use super::canvas::{Canvas, Font, Rgb, WHITE};
use super::scale::Stretch;
use crate::error::Result;
use crate::report::palette::{Style, Symbol, ink};

/// What a legend shows of an arm: what the picture draws of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A line with its marker; dashes alone where the marker is a dashed line.
    Line,
    /// A line with its marker, which is a bar on dashes where the marker is a dashed line.
    Marked,
    /// The marker alone.
    Mark,
    /// Dashes without a marker.
    Level,
}

impl Canvas<'_> {
    /// A vertical interval: caps, or arrows where it goes on; nothing where it is undefined.
    pub fn whisker(&self, x: f64, interval: Stretch, cap: f64, rgb: Rgb) -> Result<()> {
        strokes(interval, cap).iter().try_for_each(|s| {
            let at: Vec<_> = s.iter().map(|(along, aside)| (x + aside, *along)).collect();
            self.path(&at, rgb, 1.3)
        })
    }

    /// A vertical interval that is seen on any ground.
    pub fn whisker_on_bar(&self, x: f64, interval: Stretch, cap: f64, rgb: Rgb) -> Result<()> {
        for s in strokes(interval, cap) {
            let at: Vec<_> = s.iter().map(|(along, aside)| (x + aside, *along)).collect();
            self.path(&at, WHITE, 3.2)?;
        }
        self.whisker(x, interval, cap, rgb)
    }

    /// A horizontal interval, as [`whisker`](Self::whisker).
    pub fn whisker_across(&self, interval: Stretch, y: f64, cap: f64, rgb: Rgb) -> Result<()> {
        strokes(interval, cap).iter().try_for_each(|s| {
            let at: Vec<_> = s.iter().map(|(along, aside)| (*along, y + aside)).collect();
            self.path(&at, rgb, 1.3)
        })
    }

    /// What a legend shows, 22 pixels wide.
    fn sample(&self, x: f64, y: f64, style: Style, sample: Sample) -> Result<()> {
        let dashed = sample == Sample::Level || style.symbol == Symbol::Dashed;
        match sample {
            Sample::Mark => {}
            _ if dashed => self.dashed((x, y), (x + 22.0, y), style.rgb, 2.2)?,
            _ => self.path(&[(x, y), (x + 22.0, y)], style.rgb, 2.0)?,
        }
        let marked = match sample {
            Sample::Mark | Sample::Marked => true,
            Sample::Line => style.symbol != Symbol::Dashed,
            Sample::Level => false,
        };
        if marked { self.symbol(x + 11.0, y, 4.5, style) } else { Ok(()) }
    }

    /// Sample and name of an arm, from (x, y); gives the x behind it.
    pub fn legend(&self, (x, y): (f64, f64), name: &str, style: Style, sample: Sample, font: Font) -> Result<f64> {
        self.sample(x, y, style, sample)?;
        let font = font.rgb(ink(style.rgb));
        self.text(x + 28.0, y, name, font)?;
        Ok(x + 28.0 + font.width(name)?)
    }
}

/// Lines of an interval as (along it, across it): the stretch, and at each end a cap or an arrow's head.
fn strokes(interval: Stretch, cap: f64) -> Vec<Vec<(f64, f64)>> {
    let [a, b] = interval.ends;
    if a.is_nan() || b.is_nan() {
        return Vec::new();
    }
    let mut out = vec![vec![(a, 0.0), (b, 0.0)]];
    for (end, other, goes_on) in [(a, b, interval.goes_on[0]), (b, a, interval.goes_on[1])] {
        // The head lies inside: its point is the end.
        let back = if goes_on { (cap + 2.0).copysign(other - end) } else { 0.0 };
        let half = if goes_on { cap + 0.5 } else { cap };
        let head = if goes_on { vec![(end, 0.0)] } else { Vec::new() };
        out.push([vec![(end + back, -half)], head, vec![(end + back, half)]].concat());
    }
    out
}
