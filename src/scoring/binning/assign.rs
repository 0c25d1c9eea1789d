//! Which bin a value belongs to: the one place that decides it, for fitting, scoring, points, reasons and monitoring.

use super::super::lanes::CHUNK;
use super::counts::level;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a bin holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Values from `from` (included; none: −∞) to `below` (excluded; none: +∞, included).
    Range {
        /// Lower end.
        from: Option<f32>,
        /// Upper end.
        below: Option<f32>,
    },
    /// Levels of a category by index; the number of its levels stands for any level that is not listed.
    Levels(Vec<u32>),
    /// Levels that training did not have.
    Unseen,
    /// One special value.
    Special(f32),
    /// No value.
    Missing,
}

/// One bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// What it holds.
    pub place: Place,
    /// Training persons.
    pub persons: u32,
    /// Of these, defaulted.
    pub bads: u32,
    /// Weight of evidence, an f32; larger is safer.
    pub woe: f64,
}

impl Bin {
    /// Default rate of the training persons; NaN for an empty bin.
    pub fn rate(&self) -> f64 {
        if self.persons == 0 { f64::NAN } else { f64::from(self.bads) / f64::from(self.persons) }
    }

    /// Whether it stands in the order of the others (a range, or levels).
    pub fn is_ordinary(&self) -> bool {
        matches!(self.place, Place::Range { .. } | Place::Levels(_))
    }
}

/// The bins of one column: ranges in order (or groups of levels by rising default rate, then the unseen), special values,
/// missing. Every value has exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Bins {
    all: Vec<Bin>,
    levels: usize,
    /// Lower ends of the second, third, … range.
    edges: Vec<f32>,
    /// Bin of each level, the not listed last; empty for a quantity.
    of_level: Vec<u16>,
    /// Special values and their bins.
    special: Vec<(f32, u16)>,
    missing: u16,
}

impl<'a> IntoIterator for &'a Bins {
    type Item = &'a Bin;
    type IntoIter = std::slice::Iter<'a, Bin>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Bins as they stand in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    levels: usize,
    bins: Vec<Bin>,
}

impl From<Bins> for Written {
    fn from(b: Bins) -> Self {
        Self { levels: b.levels, bins: b.all }
    }
}

impl TryFrom<Written> for Bins {
    type Error = Error;

    fn try_from(w: Written) -> Result<Self> {
        let refuse = |what: &str| Err(Error::Other(format!("bins that cannot be used: {what}")));
        if w.bins.len() > usize::from(u16::MAX) || w.levels > 1_000_000 {
            return refuse("too many");
        }
        if w.bins.iter().any(|b| !b.woe.is_finite() || b.woe != f64::from(b.woe as f32) || b.bads > b.persons) {
            return refuse("a WoE that is no f32, or more defaults than persons");
        }
        let (ranges, levels): (Vec<_>, Vec<_>) = (ranges(&w.bins), listed(&w.bins));
        let joined = ranges.windows(2).all(|p| p[0].1.is_some() && p[0].1 == p[1].0);
        let increasing =
            ranges.iter().all(|(a, b)| a.is_none_or(f32::is_finite) && a.zip(*b).is_none_or(|(a, b)| a < b));
        let open = ranges.first().is_none_or(|r| r.0.is_none()) && ranges.last().is_none_or(|r| r.1.is_none());
        if !joined || !increasing || !open || ranges.is_empty() != (w.levels > 0) {
            return refuse(
                "ranges must increase and join, from an open end to an open end, and only a quantity has them",
            );
        }
        let mut sorted = levels.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() != levels.len() || levels.iter().any(|l| w.levels == 0 || *l as usize > w.levels) {
            return refuse("a level stands twice or does not exist");
        }
        let count = |what: fn(&Place) -> bool| w.bins.iter().filter(|b| what(&b.place)).count();
        if count(|p| *p == Place::Missing) != 1 || count(|p| *p == Place::Unseen) != usize::from(w.levels > 0) {
            return refuse("one bin for missing values, and for a category one for unseen levels, are needed");
        }
        Ok(Self::new(w.bins, w.levels))
    }
}

fn ranges(bins: &[Bin]) -> Vec<(Option<f32>, Option<f32>)> {
    let range = |b: &Bin| if let Place::Range { from, below } = b.place { Some((from, below)) } else { None };
    bins.iter().filter_map(range).collect()
}

fn listed(bins: &[Bin]) -> Vec<u32> {
    let levels = |b: &Bin| if let Place::Levels(l) = &b.place { Some(l.clone()) } else { None };
    bins.iter().filter_map(levels).flatten().collect()
}

impl Bins {
    /// Ranges (or levels) come first.
    pub(super) fn new(bins: Vec<Bin>, levels: usize) -> Self {
        let find = |place: &Place| bins.iter().position(|b| b.place == *place).unwrap_or(0) as u16;
        let edges = ranges(&bins).iter().filter_map(|r| r.0).collect();
        let mut of_level = if levels == 0 { Vec::new() } else { vec![find(&Place::Unseen); levels + 1] };
        let mut special = Vec::new();
        for (k, bin) in (0u16..).zip(&bins) {
            match &bin.place {
                Place::Levels(l) => l.iter().for_each(|l| of_level[*l as usize] = k),
                Place::Special(value) => special.push((*value, k)),
                _ => {}
            }
        }
        let missing = find(&Place::Missing);
        Self { all: bins, levels, edges, of_level, special, missing }
    }

    /// The bins in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Bin> {
        self.all.iter()
    }

    /// Number of levels of a category, 0 for a quantity.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// Index of the bin of each value.
    pub fn assign(&self, values: &[f32], out: &mut [u16]) {
        if self.of_level.is_empty() {
            for (out, values) in out.chunks_mut(CHUNK).zip(values.chunks(CHUNK)) {
                out.fill(0);
                for edge in &self.edges {
                    out.iter_mut().zip(values).for_each(|(k, x)| *k += u16::from(*x >= *edge));
                }
            }
        } else {
            out.iter_mut().zip(values).for_each(|(k, x)| *k = self.of_level[level(*x, self.levels)]);
        }
        for (special, bin) in &self.special {
            out.iter_mut().zip(values).for_each(|(k, x)| *k = if x == special { *bin } else { *k });
        }
        out.iter_mut().zip(values).for_each(|(k, x)| *k = if x.is_nan() { self.missing } else { *k });
    }

    /// Information value of the ordinary, special and missing bins, ≥ 0 but for rounding.
    pub fn iv(&self) -> f64 {
        self.quality().iv
    }
}
