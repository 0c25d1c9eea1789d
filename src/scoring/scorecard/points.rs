//! Points: the log-odds of a scorecard on the score scale, bin by bin, and the reasons for a decision.
//!
//! ```text
//! factor = PDO/ln 2,  offset = base score − factor·ln(base odds)            (super::super::scale)
//! points of a bin     −factor·(what the bin adds to the log-odds of default)
//! base points         offset − factor·β₀
//! score               base points + Σ points, clamped to the scale = the scale applied to the PD
//! ```
//!
//! The base points are a line of their own, or spread over the k columns in equal parts (`base = "spread"`). Whole points
//! are the points of each line of the table rounded, and add up to a whole score that is at most (k + 1)/2 points off.
//!
//! **Reasons.** Points lost in a column: those of its best bin (or the mean of the training persons, `reference = "average"`)
//! minus those of the person's bin. The columns with the largest losses are the reasons, at most `reasons` of them, only
//! losses above 0, ties in the order of the columns. A column of the wrong sign ([`Card::is_turned`]) gives none: its table says
//! that the bin pays better than others, its points say the opposite, and nobody could tell a refused person both. Both references are methods that the Official Interpretation of
//! Regulation B, 12 CFR 1002.9(b)(2), leaves to the creditor: average is named there, best is what FICO's reason codes do.

use super::model::{Card, ScorecardModel};
use crate::error::{Error, Result};
use crate::params::{any, between};
use crate::scoring::lanes::sigmoids;
use crate::scoring::scale::{Scale, ScaleParams};
use crate::view::LenderView;

crate::choice! {
    /// Where the points of the intercept stand.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum BasePoints {
        /// In a line of their own.
        Own => "own",
        /// In equal parts in every column's points.
        Spread => "spread",
    }
}

crate::choice! {
    /// What points are lost against.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Reference {
        /// The column's best bin that training persons are in.
        Best => "best",
        /// The mean of the training persons' points in the column.
        Average => "average",
    }
}

crate::params! {
    /// How points are shown and reasons are found.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct PointsParams {
        /// Where the points of the intercept stand.
        pub base: BasePoints = BasePoints::Own, "", any(), "practice";
        /// What points are lost against.
        pub reference: Reference = Reference::Best, "", any(), "practice; see scorecard::points";
        /// Most reasons for a decision.
        pub reasons: u32 = 4, "reasons", between(0.0, 1000.0), "12 CFR 1002.9(b)(2), Official Interpretation: more than four are not likely to help";
    }
}

/// A scorecard on a scale.
#[derive(Clone, Debug)]
pub struct Points<'a> {
    model: &'a ScorecardModel,
    scale: Scale,
    params: PointsParams,
    base: f64,
    columns: Vec<ColumnPoints<'a>>,
}

/// One column's points.
#[derive(Clone, Debug)]
pub struct ColumnPoints<'a> {
    /// Its place among the model's cards.
    pub index: usize,
    /// The card.
    pub card: &'a Card,
    /// Points of each bin.
    pub points: Vec<f64>,
    /// What points are lost against.
    pub reference: f64,
}

/// Why a person scored less.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason<'a> {
    /// The column.
    pub column: &'a str,
    /// The person's bin: index among the column's bins.
    pub bin: usize,
    /// Points lost in it, above 0.
    pub lost: f64,
}

/// A scored person.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<'a> {
    /// Probability of default.
    pub pd: f64,
    /// Score, clamped to the scale.
    pub score: f64,
    /// Sum of the whole points of the table, not clamped.
    pub whole: i64,
    /// Reasons, the largest loss first.
    pub reasons: Vec<Reason<'a>>,
}

impl<'a> Points<'a> {
    /// Puts a model on a scale.
    pub fn new(model: &'a ScorecardModel, scale: &ScaleParams, params: &PointsParams) -> Result<Self> {
        let scale = Scale::new(scale)?;
        let own = scale.offset() - scale.factor() * model.intercept();
        let used = model.used().count().max(1) as f64;
        let spread = params.base == BasePoints::Spread && model.used().count() > 0;
        let (base, part) = if spread { (0.0, own / used) } else { (own, 0.0) };
        let column = |(index, card): (usize, &'a Card)| {
            let points: Vec<f64> = card.log_odds.iter().map(|v| part - scale.factor() * v).collect();
            let seen = || points.iter().zip(card.bins.iter()).filter(|(_, b)| b.persons > 0);
            let persons: f64 = seen().map(|(_, b)| f64::from(b.persons)).sum();
            let reference = match params.reference {
                Reference::Best => seen().map(|(p, _)| *p).fold(f64::NEG_INFINITY, f64::max),
                Reference::Average => seen().map(|(p, b)| p * f64::from(b.persons)).sum::<f64>() / persons.max(1.0),
            };
            ColumnPoints { index, card, points, reference }
        };
        let columns = model.used().map(column).collect();
        Ok(Self { model, scale, params: params.clone(), base, columns })
    }

    /// Base points: 0 where they are spread.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// The columns that are used, with their points.
    pub fn columns(&self) -> &[ColumnPoints<'a>] {
        &self.columns
    }

    /// The scale.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// PD, score and reasons of each person.
    pub fn decide(&self, view: &LenderView) -> Result<Vec<Decision<'a>>> {
        let assigned = self.model.assign(view)?;
        let eta = self.model.log_odds(&assigned);
        let pd = sigmoids(&eta);
        let whole = |points: f64| libm::round(points) as i64;
        let decision = |i: usize| {
            let bins = || self.columns.iter().map(|c| (c, usize::from(assigned.column(c.index)[i])));
            let mut reasons: Vec<Reason<'a>> = bins()
                .filter(|(c, _)| !c.card.is_turned())
                .map(|(c, bin)| Reason { column: &c.card.column.name, bin, lost: c.reference - c.points[bin] })
                .filter(|r| r.lost > 0.0)
                .collect();
            // Stable: ties stay in the order of the columns.
            reasons.sort_by(|a, b| b.lost.total_cmp(&a.lost));
            reasons.truncate(self.params.reasons as usize);
            Decision {
                pd: pd[i],
                score: self.scale.score_of_log_odds(eta[i]),
                whole: whole(self.base) + bins().map(|(c, bin)| whole(c.points[bin])).sum::<i64>(),
                reasons,
            }
        };
        Ok((0..assigned.rows()).map(decision).collect())
    }

    /// A reason in words: column, bin, points lost.
    pub fn words(&self, reason: &Reason<'_>, label: &dyn Fn(&Card, usize) -> String) -> Result<String> {
        let column = self.columns.iter().find(|c| c.card.column.name == reason.column);
        let column = column.ok_or_else(|| Error::Other(format!("{} is no column of the scorecard", reason.column)))?;
        Ok(format!("{}: {} (-{:.0})", reason.column, label(column.card, reason.bin), reason.lost))
    }
}
