//! Where values go: rectangles, axes, ticks, labels pushed apart.

use crate::stats::Interval;

/// A rectangle in pixels, y downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left.
    pub x0: f64,
    /// Top.
    pub y0: f64,
    /// Right.
    pub x1: f64,
    /// Bottom.
    pub y1: f64,
}

impl Rect {
    /// Width.
    pub fn width(self) -> f64 {
        self.x1 - self.x0
    }
    /// Height.
    pub fn height(self) -> f64 {
        self.y1 - self.y0
    }
    /// x of the middle.
    pub fn middle_x(self) -> f64 {
        f64::midpoint(self.x0, self.x1)
    }
    /// y of the middle.
    pub fn middle_y(self) -> f64 {
        f64::midpoint(self.y0, self.y1)
    }
    /// Cell (row, column) of a grid with gaps.
    pub fn cell(self, (row, rows): (usize, usize), (column, columns): (usize, usize), gap: (f64, f64)) -> Self {
        let w = (self.width() - gap.0 * (columns - 1) as f64) / columns as f64;
        let h = (self.height() - gap.1 * (rows - 1) as f64) / rows as f64;
        let (x0, y0) = (self.x0 + column as f64 * (w + gap.0), self.y0 + row as f64 * (h + gap.1));
        Self { x0, y0, x1: x0 + w, y1: y0 + h }
    }
}

/// A scale from values to pixels.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    lo: f64,
    hi: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// Linear: `lo` at pixel `from`, `hi` at pixel `to`.
    pub fn linear((lo, hi): (f64, f64), from: f64, to: f64) -> Self {
        Self { lo, hi, from, to, log: false }
    }

    /// Logarithmic; `lo` > 0.
    pub fn log((lo, hi): (f64, f64), from: f64, to: f64) -> Self {
        Self { lo: libm::log(lo), hi: libm::log(hi), from, to, log: true }
    }

    /// Pixel of a value; values outside stop at the ends.
    pub fn at(&self, v: f64) -> f64 {
        if v.is_nan() {
            return v;
        }
        let v = if self.log { libm::log(v.max(f64::MIN_POSITIVE)) } else { v };
        let t = if self.hi > self.lo { (v - self.lo) / (self.hi - self.lo) } else { 0.5 };
        self.from + (self.to - self.from) * t.clamp(0.0, 1.0)
    }

    /// Pixels of an interval, and which of its ends go on beyond the axis.
    pub fn stretch(&self, interval: Interval) -> Stretch {
        let slack = 1e-9 * (self.hi - self.lo);
        let beyond = |v: f64| {
            let v = if self.log && v <= 0.0 {
                f64::NEG_INFINITY
            } else if self.log {
                libm::log(v)
            } else {
                v
            };
            v < self.lo - slack || v > self.hi + slack
        };
        let ends = [interval.lo, interval.hi];
        Stretch { ends: ends.map(|v| self.at(v)), goes_on: ends.map(beyond) }
    }
}

/// An interval on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Pixels of its lower and its upper end; undefined where the interval is.
    pub ends: [f64; 2],
    /// Whether it goes on there.
    pub goes_on: [bool; 2],
}

/// Least and greatest finite value, with a margin; a range around a single value.
pub fn range(values: impl IntoIterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (lo, hi) = values
        .into_iter()
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let pad = if hi > lo { margin * (hi - lo) } else { (0.05 * lo.abs()).max(1e-3) };
    (lo - pad, hi + pad)
}

/// Round values inside a range, some `wanted` of them, and the decimals that they need.
pub fn ticks((lo, hi): (f64, f64), wanted: usize) -> (Vec<f64>, usize) {
    let raw = (hi - lo) / wanted.max(1) as f64;
    if !(raw.is_finite() && raw > 0.0) {
        return (Vec::new(), 0);
    }
    let power = libm::floor(libm::log10(raw));
    let unit = libm::pow(10.0, power);
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .min_by(|a, b| (a * unit / raw - raw / (a * unit)).abs().total_cmp(&(b * unit / raw - raw / (b * unit)).abs()))
        .unwrap_or(1.0);
    let decimals = (-power).max(0.0) as usize + usize::from(step == 2.5 && power <= 0.0);
    let step = step * unit;
    let first = libm::ceil(lo / step - 1e-9);
    let count = (libm::floor(hi / step + 1e-9) - first) as usize;
    let values = (0..=count).map(|i| (first + i as f64) * step).map(|v| if v.abs() < step * 1e-9 { 0.0 } else { v });
    (values.collect(), decimals)
}

/// A tick's text, with a true minus.
pub fn tick_text(v: f64, decimals: usize) -> String {
    format!("{v:.decimals$}").replace('-', "−")
}

/// Positions at least `gap` apart within [lo, hi], moved as little as possible (least squares, order kept).
///
/// With yᵢ sorted and zᵢ = yᵢ − i·gap the best non-decreasing fit of z (pool adjacent violators) is the answer.
pub fn apart(wanted: &[f64], gap: f64, (lo, hi): (f64, f64)) -> Vec<f64> {
    let n = wanted.len();
    let gap = if n > 1 { gap.min((hi - lo) / (n - 1) as f64) } else { gap };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, place) in order.iter().enumerate() {
        blocks.push((wanted[*place] - i as f64 * gap, 1));
        while let [.., (a, m), (b, k)] = blocks[..] {
            if a <= b {
                break;
            }
            let count = m + k;
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * m as f64 + b * k as f64) / count as f64, count));
        }
    }
    let last = hi - n.saturating_sub(1) as f64 * gap;
    let fitted = blocks.iter().flat_map(|(v, count)| std::iter::repeat_n(v.clamp(lo, last.max(lo)), *count));
    let mut out = vec![0.0; n];
    for (i, (place, v)) in order.iter().zip(fitted).enumerate() {
        out[*place] = v + i as f64 * gap;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks((0.0, 1.0), 5), (vec![0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0], 1));
        let (t, d) = ticks((0.6805, 0.738), 5);
        assert_eq!((t.len(), d), (5, 2), "{t:?}");
        assert_eq!(ticks((1.0, 1.0), 5).0.len(), 0);
        assert_eq!(tick_text(-0.25, 2), "−0.25");
        assert_eq!(ticks((0.0, 2500.0), 5), (vec![0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0], 0));
    }

    #[test]
    fn labels_that_are_apart_stay() {
        assert_eq!(apart(&[10.0, 50.0, 30.0], 10.0, (0.0, 100.0)), [10.0, 50.0, 30.0]);
        assert_eq!(apart(&[10.0, 10.0], 10.0, (0.0, 100.0)), [5.0, 15.0]);
        assert_eq!(apart(&[0.0, 0.0], 10.0, (0.0, 100.0)), [0.0, 10.0]);
    }

    proptest! {
        #[test]
        fn labels_are_pushed_apart_and_stay_inside(wanted in prop::collection::vec(0.0..300.0, 0..12)) {
            let mut got = apart(&wanted, 14.0, (0.0, 300.0));
            got.sort_by(f64::total_cmp);
            prop_assert!(got.windows(2).all(|w| w[1] - w[0] > 14.0 - 1e-6));
            prop_assert!(got.iter().all(|v| (-1e-6..=300.0 + 1e-6).contains(v)));
        }
    }

    #[test]
    fn an_axis_stops_at_its_ends() {
        let axis = Axis::log((0.1, 10.0), 0.0, 100.0);
        assert!((axis.at(1.0) - 50.0).abs() < 1e-9);
        assert_eq!(axis.at(0.0), 0.0);
        assert!(axis.at(f64::NAN).is_nan());
        assert_eq!(Axis::linear((3.0, 3.0), 0.0, 100.0).at(3.0), 50.0);
    }
}
