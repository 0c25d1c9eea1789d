//! The scorecard as tables: a line a bin, a line a column.

use super::model::Card;
use super::points::Points;
use crate::scoring::binning::{Bin, Place, Quality, Strength};
use crate::view::Column;
use serde::Serialize;

/// One bin of one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinRow {
    /// Column; `(base)` for the base points.
    pub column: String,
    /// The bin in words, e.g. `[1, 2)`.
    pub bin: String,
    /// Training persons.
    pub persons: u64,
    /// Their share of all.
    pub share: f64,
    /// Of these, defaulted.
    pub bads: u64,
    /// Of these, paid.
    pub goods: u64,
    /// Default rate; NaN for an empty bin.
    pub rate: f64,
    /// Weight of evidence; larger is safer.
    pub woe: f64,
    /// The bin's part of the column's IV.
    pub iv: f64,
    /// What the bin adds to the log-odds of default.
    pub log_odds: f64,
    /// Its points.
    pub points: f64,
    /// Its points, rounded.
    pub whole: i64,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnRow {
    /// Column.
    pub column: String,
    /// Ordinary bins.
    pub bins: u64,
    /// How the default rate moves over them.
    pub trend: &'static str,
    /// Training persons whose value was missing.
    pub missing: u64,
    /// Information value.
    pub iv: f64,
    /// The IV in words.
    pub strength: &'static str,
    /// Jensen–Shannon divergence, bits.
    pub js: f64,
    /// Gini of the column alone.
    pub gini: f64,
    /// β.
    pub coefficient: f64,
    /// Its standard error; NaN where there is none.
    pub error: f64,
    /// `used` (and whether its sign is wrong), or why not.
    pub note: String,
}

/// How numbers of a column are shown: by the column's name, as the file has them (a transform undone).
pub type Shown<'a> = &'a dyn Fn(&str, f32) -> f64;

/// Numbers as the scorecard has them.
pub fn as_is(_: &str, x: f32) -> f64 {
    f64::from(x)
}

/// A bin in words.
pub fn label(column: &Column, place: &Place, shown: Shown<'_>) -> String {
    let number = |x: f32| {
        let v = shown(&column.name, x);
        if v == f64::from(x) { format!("{x}") } else { format!("{v}") }
    };
    match place {
        Place::Range { from: None, below: None } => "any".into(),
        Place::Range { from: None, below: Some(b) } => format!("< {}", number(*b)),
        Place::Range { from: Some(a), below: None } => format!(">= {}", number(*a)),
        Place::Range { from: Some(a), below: Some(b) } => format!("[{}, {})", number(*a), number(*b)),
        Place::Levels(levels) => {
            let name = |l: &u32| column.levels.get(*l as usize).map_or("(not listed)", String::as_str);
            levels.iter().map(name).collect::<Vec<_>>().join(" | ")
        }
        Place::Unseen => "(unseen)".into(),
        Place::Special(v) => format!("= {}", number(*v)),
        Place::Missing => "(missing)".into(),
    }
}

/// Every bin of every column that is used, after the base points where these stand alone.
pub fn bins(points: &Points<'_>, persons: u64, bads: u64, shown: Shown<'_>) -> Vec<BinRow> {
    let goods = (persons - bads) as f64;
    let all = |rate| BinRow {
        column: "(base)".into(),
        bin: "(everybody)".into(),
        persons,
        share: 1.0,
        bads,
        goods: persons - bads,
        rate,
        woe: 0.0,
        iv: 0.0,
        log_odds: 0.0,
        points: points.base(),
        whole: libm::round(points.base()) as i64,
    };
    let mut out = vec![all(bads as f64 / persons.max(1) as f64)];
    for c in points.columns() {
        let row = |(k, bin): (usize, &Bin)| {
            let (g, b) = (f64::from(bin.persons - bin.bads), f64::from(bin.bads));
            BinRow {
                column: c.card.column.name.clone(),
                bin: label(&c.card.column, &bin.place, shown),
                persons: u64::from(bin.persons),
                share: f64::from(bin.persons) / persons.max(1) as f64,
                bads: u64::from(bin.bads),
                goods: u64::from(bin.persons - bin.bads),
                rate: bin.rate(),
                woe: bin.woe,
                iv: (g / goods - b / bads as f64) * bin.woe,
                log_odds: c.card.log_odds[k],
                points: c.points[k],
                whole: libm::round(c.points[k]) as i64,
            }
        };
        out.extend(c.card.bins.iter().enumerate().map(row));
    }
    out
}

/// Note of a column that is used although its sign is wrong ([`Card::is_turned`]).
pub const TURNED: &str = "used, wrong sign: no reasons";
/// Note of a column that `wrong_sign` leaves out.
pub const DROPPED: &str = "left out, wrong sign: others say the same";

/// What a reader must know of a column that is used.
fn told(card: &Card) -> String {
    if card.is_turned() { TURNED.into() } else { "used".into() }
}

/// Every column, used or not, by falling IV.
pub fn columns(cards: &[Card]) -> Vec<ColumnRow> {
    let row = |card: &Card| {
        let Quality { iv, js, gini } = card.bins.quality();
        ColumnRow {
            column: card.column.name.clone(),
            bins: card.bins.iter().filter(|b| b.is_ordinary()).count() as u64,
            trend: card.bins.trend(),
            missing: card.bins.iter().filter(|b| b.place == Place::Missing).map(|b| u64::from(b.persons)).sum(),
            iv,
            strength: Strength::of(iv).word(),
            js,
            gini,
            coefficient: card.coefficient,
            error: card.error.unwrap_or(f64::NAN),
            note: card.note.clone().unwrap_or_else(|| told(card)),
        }
    };
    let mut rows: Vec<ColumnRow> = cards.iter().map(row).collect();
    rows.sort_by(|a, b| b.iv.total_cmp(&a.iv));
    rows
}
