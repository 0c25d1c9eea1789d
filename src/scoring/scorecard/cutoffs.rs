//! What a cutoff does, and how the scores rank: cutoff table, gains table.
//!
//! ```text
//! approved at c     score ≥ c
//! profit            (margin·goods approved − LGD·bads approved)/applicants
//! KS at c           |share of the goods below c − share of the bads below c|
//! lift of a tenth   its default rate / the default rate of all; tenth 1 has the lowest scores
//! ```
//!
//! Counts are integers, ties stand together: the order of the persons does not matter.

use crate::error::{Error, Result};
use serde::Serialize;

/// One cutoff.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CutoffRow {
    /// Least score that is approved.
    pub cutoff: f64,
    /// Share of applicants approved.
    pub approval_rate: f64,
    /// Default rate of the approved; NaN for none.
    pub bad_rate: f64,
    /// Share of all who paid that is declined.
    pub goods_declined: f64,
    /// Share of all who defaulted that is declined.
    pub bads_declined: f64,
    /// Distance of the two.
    pub ks: f64,
    /// A loan of one unit asked for.
    pub profit: f64,
    /// Whether no other cutoff of the table has more profit (the highest approval of equals).
    pub best: bool,
}

/// One tenth of the persons by score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GainsRow {
    /// From 1, the lowest scores.
    pub tenth: u32,
    /// Lowest and highest score in it.
    pub from: f64,
    /// Highest score in it.
    pub to: f64,
    /// Persons.
    pub persons: u64,
    /// Of these, defaulted.
    pub bads: u64,
    /// Default rate.
    pub rate: f64,
    /// Share of all defaults in this tenth and those below.
    pub bads_so_far: f64,
    /// Default rate over that of all.
    pub lift: f64,
}

/// Scores in increasing order with (persons, bads) at each.
fn runs(scores: &[f64], labels: &[bool]) -> Result<Vec<(f64, u64, u64)>> {
    if scores.len() != labels.len() || scores.is_empty() || scores.iter().any(|s| s.is_nan()) {
        let message = format!(
            "{} scores and {} outcomes: as many, at least one, and no NaN are needed",
            scores.len(),
            labels.len()
        );
        return Err(Error::Other(message));
    }
    let mut pairs: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let run = |r: &[(f64, bool)]| (r[0].0, r.len() as u64, r.iter().filter(|p| p.1).count() as u64);
    Ok(pairs.chunk_by(|a, b| a.0 == b.0).map(run).collect())
}

/// A cutoff at every multiple of `step` points from below the lowest score to above the highest.
pub fn cutoffs(scores: &[f64], labels: &[bool], step: f64, margin: f64, lgd: f64) -> Result<Vec<CutoffRow>> {
    let runs = runs(scores, labels)?;
    let (lowest, highest) = (runs[0].0, runs[runs.len() - 1].0);
    if step.is_nan() || step <= 0.0 || (highest - lowest) / step > 1e5 {
        return Err(Error::Other(format!(
            "a step of {step} points between cutoffs: allowed is more than 0, and at most 100,000 steps"
        )));
    }
    let persons: u64 = runs.iter().map(|r| r.1).sum();
    let bads: u64 = runs.iter().map(|r| r.2).sum();
    let goods = persons - bads;
    let share = |part: u64, all: u64| if all == 0 { f64::NAN } else { part as f64 / all as f64 };
    let (first, last) = (libm::floor(lowest / step) as i64, libm::floor(highest / step) as i64 + 1);
    let mut below = (0, 0);
    let mut next = runs.iter().peekable();
    let mut rows = Vec::new();
    for k in first..=last {
        let cutoff = k as f64 * step;
        while let Some(run) = next.next_if(|r| r.0 < cutoff) {
            below = (below.0 + run.1, below.1 + run.2);
        }
        let (approved, approved_bads) = (persons - below.0, bads - below.1);
        let earned = margin * (approved - approved_bads) as f64 - lgd * approved_bads as f64;
        let (g, b) = (share(below.0 - below.1, goods), share(below.1, bads));
        rows.push(CutoffRow {
            cutoff,
            approval_rate: share(approved, persons),
            bad_rate: share(approved_bads, approved),
            goods_declined: g,
            bads_declined: b,
            ks: (b - g).abs(),
            profit: earned / persons as f64,
            best: false,
        });
    }
    let most = rows.iter().map(|r| r.profit).fold(f64::NEG_INFINITY, f64::max);
    if let Some(best) = rows.iter_mut().find(|r| r.profit == most) {
        best.best = true;
    }
    Ok(rows)
}

/// Tenths by score, from the lowest; equal scores stay together.
pub fn gains(scores: &[f64], labels: &[bool]) -> Result<Vec<GainsRow>> {
    let runs = runs(scores, labels)?;
    let persons: u64 = runs.iter().map(|r| r.1).sum();
    let bads: u64 = runs.iter().map(|r| r.2).sum();
    let base = bads as f64 / persons as f64;
    let mut rows: Vec<GainsRow> = Vec::new();
    let mut so_far = (0u64, 0u64);
    for (score, n, b) in runs {
        // The tenth in which the middle of the run stands.
        let tenth = ((so_far.0 * 2 + n) * 5 / persons).min(9) as u32 + 1;
        so_far = (so_far.0 + n, so_far.1 + b);
        if rows.last().is_none_or(|r| r.tenth != tenth) {
            let (from, to) = (score, score);
            rows.push(GainsRow { tenth, from, to, persons: 0, bads: 0, rate: 0.0, bads_so_far: 0.0, lift: 0.0 });
        }
        if let Some(row) = rows.last_mut() {
            (row.to, row.persons, row.bads) = (score, row.persons + n, row.bads + b);
            row.rate = row.bads as f64 / row.persons as f64;
            row.bads_so_far = so_far.1 as f64 / bads as f64;
            row.lift = row.rate / base;
        }
    }
    Ok(rows)
}
