//! `randomised-response`: each phone reports a few features, each drawn through k-ary randomised response.
//!
//! A feature over its window (24 months, 6 months, the last month) is put into one of `bins` public bins, cut at some of
//! the column's public break points (at equal widths where it has too few), or into one more category "no activity" (a
//! special or missing value of a column that has such goes there as well), so that missingness is protected too. A person sends d reports
//! (features × windows), each ε/d-DP; together they are ε-DP locally, replace one record (basic composition).
//! Coins are keyed by person and report alone: all values of ε and all such arms of a run share them (common luck, for
//! paired differences), so that their reports must never be held side by side as if they composed.
//! The lender reads a report as its posterior mean bin under the public channel and the *estimated* shares of the bins
//! (post-processing: it sees reports alone).

use super::Request;
use super::aggregates::chosen;
use crate::error::{Error, Result};
use crate::params::{above, any, between};
use crate::population::People;
use crate::privacy::{Ledger, RandomisedResponse};
use crate::view::{Column, Frame};

crate::params! {
    /// Features randomised on each phone.
    pub struct RandomisedResponseParams {
        /// Reported features (each over its own window of months); empty takes the defaults of the source of histories.
        pub features: Vec<String> = Vec::new(), "column names", any(), "assumed: the two windows of late payments carry most of the signal";
        /// Bins of a feature, besides "no activity".
        pub bins: u32 = 3, "bins", between(2.0, 64.0), "assumed: few bins, little noise";
        /// The person's total, split evenly over the reports.
        pub epsilon: Vec<f64> = super::EPSILONS.to_vec(), "ε, smaller = more private", above(0.0, f64::INFINITY), "swept";
    }
}

/// Most reports of a person: their numbers leave one byte for them, the other for the arm.
const MOST_REPORTS: usize = 256;

impl RandomisedResponseParams {
    /// Reports that a person with these platform columns sends; 0 where the features are misnamed.
    pub fn reports(&self, platform: &Frame) -> f64 {
        chosen(&self.features, platform, "").map_or(0.0, |c| c.len() as f64)
    }
}

/// What the phones hold, before they report.
#[derive(Clone, Debug)]
pub struct Held {
    /// Positions of the reported columns.
    pub columns: Vec<usize>,
    /// Of each column, the category of each person.
    pub categories: Vec<Vec<u8>>,
    /// The channel of every report.
    pub mechanism: RandomisedResponse,
    /// Of each column, the cuts between its bins.
    cuts: Vec<Vec<f32>>,
}

impl Held {
    /// What all people hold, with the channel that makes all reports of one person cost `epsilon`.
    pub fn of(params: &RandomisedResponseParams, people: &People, epsilon: f64) -> Result<Self> {
        let frame = &people.platform;
        let columns = chosen(&params.features, frame, "disclosure.randomised-response.features")?;
        if columns.len() > MOST_REPORTS {
            return Err(Error::Privacy(format!(
                "randomised-response of {} features: at most {MOST_REPORTS}, or two reports of a person would share a coin",
                columns.len()
            )));
        }
        let mechanism = RandomisedResponse::calibrate(params.bins as u8 + 1, epsilon / columns.len().max(1) as f64)?;
        let cuts: Vec<Vec<f32>> = columns.iter().map(|&j| cuts(&frame.columns()[j], params.bins as usize)).collect();
        let categories = columns.iter().zip(&cuts).map(|(&j, cuts)| categories(people, j, cuts)).collect();
        Ok(Self { columns, categories, mechanism, cuts })
    }
}

/// The bin of each person's value of column j; behind the last bin, no activity.
fn categories(people: &People, j: usize, cuts: &[f32]) -> Vec<u8> {
    let c = &people.platform.columns()[j];
    let bin = |x: f32| cuts.iter().filter(|cut| x >= **cut).count() as u8;
    let category = |(i, x): (usize, &f32)| {
        let no_quantity = c.is_special(*x) || (c.missing && x.is_nan());
        let active = people.active.get(i).copied().unwrap_or(true);
        if no_quantity || !active { cuts.len() as u8 + 1 } else { bin(*x) }
    };
    people.platform.column(j).iter().enumerate().map(category).collect()
}

/// One frame row a person: what the lender makes of the person's reports.
pub(super) fn release(params: &RandomisedResponseParams, request: &Request<'_>, ledger: &mut Ledger) -> Result<Frame> {
    let frame = &request.people.platform;
    let Held { columns, categories, mechanism, cuts } =
        Held::of(params, request.people, request.epsilon.unwrap_or(f64::INFINITY))?;
    let released: Vec<Column> = columns
        .iter()
        .map(|&j| {
            let c = &frame.columns()[j];
            Column::new(&format!("reported_{}", c.name), c.lo, c.hi)
        })
        .collect();
    let mut out = Frame::zeros(released, frame.rows());
    for (k, (mut reports, cuts)) in categories.into_iter().zip(&cuts).enumerate() {
        let c = &frame.columns()[columns[k]];
        let query = format!("{} in {} bins or no activity, on each phone", c.name, params.bins);
        // Numbered over arms too: two local arms never share a coin.
        let report = ((request.release >> 32) << 8) as u16 | k as u16;
        mechanism.release(&mut reports, request.people.first, report, &query, &request.noise(), ledger)?;
        let reading = posterior_means(&reports, cuts, mechanism.truth(), c);
        for (v, r) in out.column_mut(k).iter_mut().zip(&reports) {
            *v = reading[*r as usize];
        }
    }
    Ok(out)
}

/// bins − 1 increasing cuts: evenly chosen among the column's public break points, or equal widths.
fn cuts(column: &Column, bins: usize) -> Vec<f32> {
    let mut breaks: Vec<f32> = column.steps.iter().chain(&column.knots).copied().collect();
    breaks.sort_by(f32::total_cmp);
    breaks.dedup();
    if breaks.len() + 1 < bins {
        let width = (column.hi - column.lo) / bins as f32;
        return (1..bins).map(|k| column.lo + k as f32 * width).collect();
    }
    (1..bins).map(|k| breaks[(k * (breaks.len() + 1) / bins).max(1) - 1]).collect()
}

/// E[x | report]: Bayes with the channel (p for the truth, (1−p)/(k−1) for each other) and the bins' estimated shares.
fn posterior_means(reports: &[u8], cuts: &[f32], p: f64, column: &Column) -> Vec<f32> {
    let k = cuts.len() + 2;
    let other = (1.0 - p) / (k - 1) as f64;
    let mut seen = vec![0u64; k];
    for r in reports {
        seen[usize::from(*r)] += 1;
    }
    let n = reports.len().max(1) as f64;
    let mut share: Vec<f64> =
        seen.iter().map(|s| ((*s as f64 / n - other) / (p - other).max(1e-12)).max(1e-6)).collect();
    let total: f64 = share.iter().sum();
    for s in &mut share {
        *s /= total;
    }
    // "No activity" reads as the average person: it says nothing about paying late.
    let edge = |b: usize| f64::from(if b == 0 { column.lo } else { cuts.get(b - 1).copied().unwrap_or(column.hi) });
    let middle = |b: usize| 0.5 * (edge(b) + edge(b + 1));
    let active: f64 = share[..k - 1].iter().sum();
    let average: f64 = (0..k - 1).map(|b| share[b] * middle(b)).sum::<f64>() / active.max(1e-12);
    let value = |b: usize| if b == k - 1 { average } else { middle(b) };
    (0..k)
        .map(|r| {
            let weight = |b: usize| share[b] * if b == r { p } else { other };
            let norm: f64 = (0..k).map(weight).sum();
            ((0..k).map(|b| weight(b) * value(b)).sum::<f64>() / norm) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Choices;
    use crate::disclosure::Halves;
    use crate::population::People;
    use crate::privacy::NoiseMode;
    use crate::rng::Streams;

    /// Report 256 of arm 1 would have the number, and the coins, of report 0.
    #[test]
    fn more_reports_than_numbers_are_refused() {
        let names: Vec<String> = (0..=MOST_REPORTS).map(|k| format!("x{k}")).collect();
        let columns: Vec<Column> = names.iter().map(|n| Column::new(n, 0.0, 1.0)).collect();
        let people = People { platform: Frame::zeros(columns, 3), ..People::empty() };
        let made = |features: &[String]| {
            let request = Request {
                people: &people,
                halves: &Halves { train: Vec::new(), score: Vec::new() },
                choices: &Choices { noticed: Vec::new(), shares: Vec::new() },
                refusal_is_a_feature: false,
                epsilon: Some(1e3),
                without_own_record: false,
                streams: Streams::new(1, 0),
                noise: NoiseMode::Seeded,
                release: 1 << 32,
            };
            let params =
                RandomisedResponseParams { features: features.to_vec(), ..RandomisedResponseParams::default() };
            release(&params, &request, &mut Ledger::new())
        };
        assert!(made(&names[1..]).is_ok());
        assert!(made(&names).unwrap_err().to_string().contains("at most 256"));
    }

    #[test]
    fn bins_are_cut_at_public_break_points() {
        let column = Column::new("x", 0.0, 1.0).with_steps(&[0.001]).with_knots(&[0.05, 0.1, 0.2, 0.4]);
        assert_eq!(cuts(&column, 3), [0.05, 0.2]);
        assert_eq!(cuts(&column, 6), [0.001, 0.05, 0.1, 0.2, 0.4]);
        assert_eq!(cuts(&Column::new("x", 0.0, 4.0), 4), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_truthful_channel_reads_back_the_bins_and_a_useless_one_the_average() {
        let column = Column::new("x", 0.0, 3.0);
        let reports: Vec<u8> = (0..4000).map(|i| (i % 4) as u8).collect();
        let exact = posterior_means(&reports, &[1.0, 2.0], 1.0, &column);
        for (got, want) in exact.iter().zip([0.5, 1.5, 2.5, 1.5]) {
            assert!((got - want).abs() < 1e-3);
        }
        let useless = posterior_means(&reports, &[1.0, 2.0], 0.25, &column);
        assert!(useless.iter().all(|v| (v - useless[0]).abs() < 1e-6));
    }
}
