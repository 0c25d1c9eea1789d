//! A fitted scorecard: the one path from a row to its bins and its PD.

use crate::error::{Error, Result};
use crate::scoring::Fitted;
use crate::scoring::binning::Bins;
use crate::scoring::expand::same_columns;
use crate::scoring::impute::Imputer;
use crate::scoring::lanes::sigmoids;
use crate::view::{Column, Frame, LenderView};
use serde::{Deserialize, Serialize};

/// One column with its bins and its part in the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The column.
    pub column: Column,
    /// Its bins.
    pub bins: Bins,
    /// β: log-odds of default per unit of WoE; near −1 where columns are independent, 0 where the column is left out.
    pub coefficient: f64,
    /// Standard error of β.
    pub error: Option<f64>,
    /// Log-odds of default that each bin adds: β·WoE, or what `weights = "bins"` made of it; zeros where left out.
    pub log_odds: Vec<f64>,
    /// Why the column is left out; `None` where it is used.
    pub note: Option<String>,
}

impl Card {
    /// Whether the column is part of the score.
    pub fn is_used(&self) -> bool {
        self.note.is_none()
    }

    /// Whether its bins count the other way round than their own default rates say: β has the wrong sign.
    pub fn is_turned(&self) -> bool {
        self.is_used() && self.coefficient > 0.0
    }
}

/// A fitted scorecard. Written and read as JSON by serde, to the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ScorecardModel {
    imputer: Imputer,
    intercept: f64,
    intercept_error: Option<f64>,
    persons: u64,
    bads: u64,
    cards: Vec<Card>,
}

/// The model as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    intercept: f64,
    intercept_error: Option<f64>,
    /// Training persons, and how many of them defaulted.
    persons: u64,
    bads: u64,
    columns: Vec<Card>,
    imputer: Imputer,
}

impl From<ScorecardModel> for Written {
    fn from(m: ScorecardModel) -> Self {
        let ScorecardModel { imputer, intercept, intercept_error, persons, bads, cards } = m;
        Self { imputer, intercept, intercept_error, persons, bads, columns: cards }
    }
}

impl TryFrom<Written> for ScorecardModel {
    type Error = Error;

    fn try_from(w: Written) -> Result<Self> {
        let refuse = |what: String| Err(Error::Other(format!("a scorecard that cannot be used: {what}")));
        if !w.intercept.is_finite() {
            return refuse(format!("the intercept is {}", w.intercept));
        }
        for card in &w.columns {
            let name = &card.column.name;
            if !card.coefficient.is_finite() {
                return refuse(format!("the coefficient of {name} is {}", card.coefficient));
            }
            if card.log_odds.len() != card.bins.iter().len() || card.log_odds.iter().any(|v| !v.is_finite()) {
                return refuse(format!(
                    "{name} has {} bins and {} log-odds",
                    card.bins.iter().len(),
                    card.log_odds.len()
                ));
            }
            if card.bins.levels() != card.column.levels.len() {
                return refuse(format!(
                    "{name} has {} levels, its bins {}",
                    card.column.levels.len(),
                    card.bins.levels()
                ));
            }
        }
        if !w.imputer.is_sound() {
            return refuse("the imputation does not fit its columns".into());
        }
        let columns: Vec<Column> = w.columns.iter().map(|c| c.column.clone()).collect();
        same_columns(&w.imputer.completed(), &columns)?;
        let Written { imputer, intercept, intercept_error, persons, bads, columns: cards } = w;
        Ok(Self { imputer, intercept, intercept_error, persons, bads, cards })
    }
}

/// The bin of every person in every column, column after column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    rows: usize,
    bins: Vec<u16>,
}

impl Assigned {
    /// `frame` has the cards' columns in their order.
    pub(super) fn of(cards: &[Card], frame: &Frame) -> Self {
        let rows = frame.rows();
        let mut bins = vec![0; rows * cards.len()];
        if rows > 0 {
            for (j, (card, to)) in cards.iter().zip(bins.chunks_exact_mut(rows)).enumerate() {
                card.bins.assign(frame.column(j), to);
            }
        }
        Self { rows, bins }
    }

    /// Number of persons.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Index of each person's bin in column `j` of [`ScorecardModel::cards`].
    pub fn column(&self, j: usize) -> &[u16] {
        &self.bins[j * self.rows..(j + 1) * self.rows]
    }
}

impl ScorecardModel {
    pub(super) fn new(imputer: Imputer, intercept: f64, error: Option<f64>, cards: Vec<Card>, labels: &[bool]) -> Self {
        let bads = labels.iter().filter(|y| **y).count() as u64;
        Self { imputer, intercept, intercept_error: error, persons: labels.len() as u64, bads, cards }
    }

    /// All columns, used or left out, in the order of the view: always seen, then shared.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Index into [`ScorecardModel::cards`] and the card, of the columns that are used.
    pub fn used(&self) -> impl Iterator<Item = (usize, &Card)> {
        self.cards.iter().enumerate().filter(|(_, card)| card.is_used())
    }

    /// β₀: log-odds of default of a person at WoE 0 in every column.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Training persons, and how many of them defaulted.
    pub fn trained_on(&self) -> (u64, u64) {
        (self.persons, self.bads)
    }

    /// Name and coefficient on the WoE of each column that is used, the constant first.
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        let used = self.used().map(|(_, card)| (card.column.name.clone(), card.coefficient));
        std::iter::once(("(constant)".to_owned(), self.intercept)).chain(used).collect()
    }

    /// The bin of every person in every column.
    pub fn assign(&self, view: &LenderView) -> Result<Assigned> {
        self.imputer.check(view)?;
        let frame = self.imputer.complete(view);
        let columns: Vec<Column> = self.cards.iter().map(|c| c.column.clone()).collect();
        same_columns(&columns, frame.columns())?;
        Ok(Assigned::of(&self.cards, &frame))
    }

    /// Log-odds of default of each person from the bins: β₀ plus what each bin adds, in the order of the columns.
    pub fn log_odds(&self, assigned: &Assigned) -> Vec<f64> {
        let mut eta = vec![self.intercept; assigned.rows()];
        for (j, card) in self.used() {
            for (eta, bin) in eta.iter_mut().zip(assigned.column(j)) {
                *eta += card.log_odds[usize::from(*bin)];
            }
        }
        eta
    }
}

impl Fitted<LenderView> for ScorecardModel {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        Ok(sigmoids(&self.log_odds(&self.assign(view)?)))
    }
}
