//! One arm, one colour and one symbol, in every picture.
//!
//! Colours: Okabe & Ito, "Color universal design" (2008), told apart with every common colour vision; its yellow is
//! darkened for lines on white. Arms that a scenario names itself take the spare styles in the context's order.

use super::Context;

/// A marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// No marker: a dashed line.
    Dashed,
    /// Filled circle.
    Circle,
    /// Filled triangle.
    Triangle,
    /// Triangle on its point.
    TriangleDown,
    /// Filled diamond.
    Diamond,
    /// Filled square.
    Square,
    /// Square outline.
    SquareHollow,
    /// Circle outline.
    CircleHollow,
    /// ×.
    Cross,
    /// +.
    Plus,
}

/// An arm's look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Red, green, blue.
    pub rgb: (u8, u8, u8),
    /// Marker.
    pub symbol: Symbol,
}

const fn style(rgb: u32, symbol: Symbol) -> Style {
    Style { rgb: ((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8), symbol }
}

const NAMED: [(&str, Style); 10] = [
    ("bureau-only", style(0x99_9999, Symbol::Dashed)),
    ("opt-in", style(0x00_72B2, Symbol::Circle)),
    ("default-visible", style(0xA8_9A00, Symbol::TriangleDown)),
    ("default-sharing", style(0xD5_5E00, Symbol::Triangle)),
    ("active-choice", style(0x56_B4E9, Symbol::Diamond)),
    ("dp-aggregates", style(0x00_9E73, Symbol::Square)),
    ("dp-aggregates-others", style(0x5F_C4A6, Symbol::SquareHollow)),
    ("dp-model", style(0xCC_79A7, Symbol::Cross)),
    ("local-dp", style(0xE6_9F00, Symbol::Plus)),
    ("full-sharing", style(0x00_0000, Symbol::Dashed)),
];

// Paul Tol's "muted", as far as it is distinct from the named styles.
const SPARE: [Style; 6] = [
    style(0x33_2288, Symbol::CircleHollow),
    style(0x88_2255, Symbol::Diamond),
    style(0x11_7733, Symbol::TriangleDown),
    style(0x66_1100, Symbol::SquareHollow),
    style(0x44_AA99, Symbol::Circle),
    style(0xAA_4499, Symbol::Triangle),
];

/// The style of an arm.
pub fn style_of(arm: &str, context: &Context) -> Style {
    let named = |name: &str| NAMED.iter().find(|(n, _)| *n == name).map(|(_, s)| *s);
    named(arm).unwrap_or_else(|| {
        let spare = context.arms.iter().filter(|a| named(&a.name).is_none()).position(|a| a.name == arm);
        SPARE[spare.unwrap_or(0) % SPARE.len()]
    })
}

/// A colour mixed with white; `share` 1 is the colour itself.
pub fn tint((r, g, b): (u8, u8, u8), share: f64) -> (u8, u8, u8) {
    let mix = |c: u8| (255.0 - (255.0 - f64::from(c)) * share).round() as u8;
    (mix(r), mix(g), mix(b))
}

/// A colour dark enough for text on white: contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3).
pub fn ink(rgb: (u8, u8, u8)) -> (u8, u8, u8) {
    let channel = |c: u8| {
        let v = f64::from(c) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { libm::pow((v + 0.055) / 1.055, 2.4) }
    };
    let mut rgb = rgb;
    while 1.05 / (0.2126 * channel(rgb.0) + 0.7152 * channel(rgb.1) + 0.0722 * channel(rgb.2) + 0.05) < 4.5 {
        rgb = (darker(rgb.0), darker(rgb.1), darker(rgb.2));
    }
    rgb
}

fn darker(c: u8) -> u8 {
    (f64::from(c) * 0.96) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fake;

    #[test]
    fn no_two_arms_look_alike() {
        let mut context = fake::context();
        let own = context.arms[1].clone();
        context.arms.extend((0..4).map(|i| crate::report::ArmInfo { name: format!("own-{i}"), ..own.clone() }));
        let styles: Vec<Style> = context.arms.iter().map(|a| style_of(&a.name, &context)).collect();
        for (i, a) in styles.iter().enumerate() {
            assert!(styles[..i].iter().all(|b| b.rgb != a.rgb));
        }
        assert_eq!(ink((0, 0, 0)), (0, 0, 0));
        assert_ne!(ink((255, 255, 255)), (255, 255, 255));
    }
}
