//! Cohorts of a table: cells that the scenario enumerates in public, never read off the data.

use super::fields::{Code, CohortKey};

/// Most cells that a cohort key may have: a release has this many vectors.
pub(super) const MOST_COHORTS: u64 = 65_536;

/// Number of cells of one part.
pub(super) fn width_of(part: &CohortKey) -> u32 {
    match part {
        CohortKey::Values(cells) => cells.values.len() as u32 + 1,
        CohortKey::Bands(cells) => libm::ceil((cells.to - cells.from) / cells.width).clamp(1.0, 1e9) as u32,
    }
}

/// The publicly enumerated cohorts: the cells of every part, crossed; the last part runs fastest.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    parts: Vec<CohortKey>,
}

impl Cells {
    /// The cells of these parts.
    pub fn new(parts: &[CohortKey]) -> Self {
        Self { parts: parts.to_vec() }
    }

    /// The parts of the key.
    pub fn parts(&self) -> &[CohortKey] {
        &self.parts
    }

    /// Number of cells, people in them or not.
    pub fn count(&self) -> u32 {
        self.parts.iter().map(width_of).product()
    }

    /// Cell of a value within one part, and whether it lay outside the cells that are listed.
    pub fn place(part: &CohortKey, text: &str) -> Option<(u32, bool)> {
        match part {
            CohortKey::Values(cells) => {
                let code = Code::new(text);
                let found = cells.values.iter().position(|v| *v == code);
                Some((found.unwrap_or(cells.values.len()) as u32, found.is_none()))
            }
            CohortKey::Bands(cells) => {
                let x = text.trim().parse::<f64>().ok().filter(|x| x.is_finite())?;
                let last = width_of(part) - 1;
                let band = libm::floor((x - cells.from) / cells.width).clamp(0.0, f64::from(last)) as u32;
                Some((band, x < cells.from || x >= cells.to))
            }
        }
    }

    /// The cell of a field that cannot be read: "other", or the first band.
    pub fn unreadable(part: &CohortKey) -> (u32, bool) {
        match part {
            CohortKey::Values(cells) => (cells.values.len() as u32, true),
            CohortKey::Bands(_) => (0, true),
        }
    }

    /// The cohort of one cell a part.
    pub fn combine(&self, cells: impl Iterator<Item = u32>) -> u32 {
        self.parts.iter().zip(cells).fold(0, |n, (part, cell)| n * width_of(part) + cell)
    }

    /// A cohort in words, e.g. `EDUCATION=2, AGE 30..40`.
    pub fn name(&self, mut cohort: u32) -> String {
        let mut words: Vec<String> = Vec::new();
        for part in self.parts.iter().rev() {
            let (cell, column) = (cohort % width_of(part), part.column());
            cohort /= width_of(part);
            words.push(match part {
                CohortKey::Values(cells) => {
                    format!("{column}={}", cells.values.get(cell as usize).map_or("other", Code::text))
                }
                CohortKey::Bands(cells) => {
                    let lo = cells.from + f64::from(cell) * cells.width;
                    format!("{column} {lo}..{}", (lo + cells.width).min(cells.to))
                }
            });
        }
        words.reverse();
        if words.is_empty() { "everyone".to_owned() } else { words.join(", ") }
    }
}
