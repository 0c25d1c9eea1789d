//! Log-odds of the bins: first one coefficient a column, then, if wanted, each bin its own.

use super::model::{Assigned, Card};
use super::solve::{Parameter, Problem};
use super::table::DROPPED;
use super::{ScorecardParams, Weights, WrongSign};
use crate::error::Result;
use crate::view::{Column, Trend};

/// Bins of the used columns, numbered through.
struct Numbered {
    /// (column, number of its first bin).
    columns: Vec<(usize, usize)>,
    bins: usize,
}

impl Numbered {
    fn of(cards: &[Card]) -> Self {
        let mut out = Self { columns: Vec::new(), bins: 0 };
        for (j, card) in cards.iter().enumerate().filter(|(_, card)| card.is_used()) {
            out.columns.push((j, out.bins));
            out.bins += card.bins.iter().len();
        }
        out
    }
}

/// Fills in coefficients and log-odds, notes the columns that are left out; gives the intercept and its standard error.
pub(super) fn fit(
    params: &ScorecardParams,
    cards: &mut [Card],
    assigned: &Assigned,
    labels: &[bool],
) -> Result<(f64, Option<f64>)> {
    let numbered = Numbered::of(cards);
    // −1 where β ≤ 0 is asked for.
    let sign = |column: &Column| match params.wrong_sign {
        WrongSign::Drop => -1,
        WrongSign::DropPublic if matches!(column.trend, Trend::Rising | Trend::Falling) => -1,
        WrongSign::DropPublic | WrongSign::Keep => 0,
    };
    let parameters = numbered.columns.iter().map(|(j, first)| Parameter {
        bins: (*first..).zip(cards[*j].bins.iter()).map(|(k, b)| (k, b.woe)).collect(),
        sign: sign(&cards[*j].column),
        centre: 0.0,
        ridge: params.ridge,
    });
    let problem = Problem {
        parameters: parameters.collect(),
        assigned,
        base: vec![0.0; numbered.bins],
        columns: numbered.columns.clone(),
        bins: numbered.bins,
        labels,
    };
    let answer = problem.solve(vec![0.0; numbered.columns.len()])?;
    for (k, (j, _)) in numbered.columns.iter().enumerate() {
        let (card, beta) = (&mut cards[*j], answer.theta[k]);
        if beta == 0.0 {
            card.note = Some(DROPPED.into());
        }
        (card.coefficient, card.error) = (beta, answer.errors[1 + k]);
        card.log_odds.iter_mut().zip(card.bins.iter()).for_each(|(v, b)| *v = beta * b.woe);
    }
    match params.weights {
        Weights::Woe => Ok((answer.intercept, answer.errors[0])),
        Weights::Bins => bin_by_bin(params.bin_ridge, cards, assigned, labels),
    }
}

/// Each bin its own log-odds, shrunk to those that the cards have.
fn bin_by_bin(ridge: f64, cards: &mut [Card], assigned: &Assigned, labels: &[bool]) -> Result<(f64, Option<f64>)> {
    let numbered = Numbered::of(cards);
    let mut base = vec![0.0; numbered.bins];
    let mut parameters = Vec::new();
    for (j, first) in &numbered.columns {
        let card = &cards[*j];
        let ordinary = card.bins.iter().filter(|b| b.is_ordinary()).count();
        base[*first..first + ordinary].fill(card.log_odds[0]);
        for (k, _) in card.bins.iter().enumerate().skip(1).filter(|(_, b)| b.persons > 0) {
            let (bins, centre, sign) = if k < ordinary {
                // The step from the bin before lifts this bin and all after it.
                let step = card.log_odds[k] - card.log_odds[k - 1];
                (
                    (k..ordinary).map(|k| (first + k, 1.0)).collect(),
                    step,
                    if step == 0.0 { 0 } else { step.signum() as i8 },
                )
            } else {
                (vec![(first + k, 1.0)], card.log_odds[k], 0)
            };
            parameters.push(Parameter { bins, sign, centre, ridge });
        }
    }
    let start: Vec<f64> = parameters.iter().map(|p| p.centre).collect();
    let columns = numbered.columns.clone();
    let problem = Problem { assigned, columns, bins: numbered.bins, labels, base, parameters };
    let answer = problem.solve(start)?;
    let values = problem.values(&answer.theta);
    for (j, first) in &numbered.columns {
        let bins = cards[*j].bins.iter().len();
        cards[*j].log_odds.copy_from_slice(&values[*first..first + bins]);
    }
    Ok((answer.intercept, answer.errors[0]))
}
