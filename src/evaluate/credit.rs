//! What decisions do: credit, profit, fairness, winners and losers, and where the sign flips as the cut-off moves.

use super::{Emit, Groups};
use crate::error::Result;
use crate::lending::LenderParams;
use crate::population::{FileDepth, People};
use crate::scoring::Scale;
use std::sync::Arc;

/// Decisions about the scored half, position by position.
pub struct Decisions<'a> {
    /// Persons (positions in [`People`]).
    pub scored: &'a [u32],
    /// PD given by the arm's scorer.
    pub pd: &'a [f64],
    /// Approved.
    pub approved: &'a [bool],
    /// Approved in the reference arm; `None` where its scorer failed: then nobody wins or loses against it.
    pub reference: Option<&'a [bool]>,
    /// Outcome (true = default).
    pub bad: &'a [bool],
}

fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { f64::NAN } else { a as f64 / b as f64 }
}

/// Integer counts of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    n: u64,
    bad: u64,
    approved: u64,
    approved_bad: u64,
    won: u64,
    lost: u64,
}

impl Counts {
    fn over(d: &Decisions<'_>, members: &[u32]) -> Self {
        let mut c = Self::default();
        for &p in members {
            let p = p as usize;
            let (yes, bad) = (d.approved[p], d.bad[p]);
            let was = d.reference.map_or(yes, |r| r[p]);
            c.n += 1;
            c.bad += u64::from(bad);
            c.approved += u64::from(yes);
            c.approved_bad += u64::from(yes && bad);
            c.won += u64::from(yes && !was);
            c.lost += u64::from(!yes && was);
        }
        c
    }

    fn good_approved(&self) -> f64 {
        ratio(self.approved - self.approved_bad, self.n - self.bad)
    }
}

/// Adds credit, profit, welfare, fairness and winners/losers metrics.
pub fn credit_metrics(
    lender: &LenderParams,
    people: &People,
    d: &Decisions<'_>,
    groups: &Groups,
    emit: &mut Emit,
) -> Result<()> {
    let (margin, lgd) = lender.economics();
    for (name, members) in &groups.list {
        let c = Counts::over(d, members);
        let n = c.n as f64;
        let (repaid, lost) = ((c.approved - c.approved_bad) as f64, c.approved_bad as f64);
        emit.add("approval_rate", name, ratio(c.approved, c.n));
        emit.add("default_rate", name, ratio(c.bad, c.n));
        emit.add("default_rate_approved", name, ratio(c.approved_bad, c.approved));
        emit.add("false_decline_rate", name, 1.0 - c.good_approved());
        emit.add("profit_per_applicant", name, (margin * repaid - lgd * lost) / n);
        emit.add(
            "borrower_surplus",
            name,
            (lender.loan.borrower_value * repaid - lender.loan.borrower_default_cost * lost) / n,
        );
        if d.reference.is_some() {
            emit.add("winners", name, ratio(c.won, c.n));
            emit.add("losers", name, ratio(c.lost, c.n));
        }
    }
    fairness(people, d, groups, emit);
    cutoff_sweep(lender, people, d, groups, emit);
    scale(&Scale::new(&lender.scale)?, d, groups, emit);
    Ok(())
}

/// Adverse impact ratio (lowest over highest approval rate of a group; 0.8 is the line) and TPR gap, last group − first.
/// The ratio is at most 1 whoever is worse off, and noise alone keeps it below 1: `approval_rate` by group has the sign.
fn fairness(people: &People, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
    let all: Arc<str> = Arc::from("all");
    let counts: Vec<Counts> =
        people.group_names.iter().map(|g| Counts::over(d, groups.members(&format!("group={g}")))).collect();
    let rates: Vec<f64> = counts.iter().map(|c| ratio(c.approved, c.n)).filter(|r| r.is_finite()).collect();
    let goods: Vec<f64> = counts.iter().map(Counts::good_approved).filter(|r| r.is_finite()).collect();
    if rates.len() < 2 {
        return;
    }
    let most = rates.iter().copied().fold(f64::MIN, f64::max);
    let least = rates.iter().copied().fold(f64::MAX, f64::min);
    emit.add("adverse_impact_ratio", &all, if most > 0.0 { least / most } else { f64::NAN });
    if let [first, .., last] = goods[..] {
        emit.add("tpr_gap", &all, last - first);
    }
}

/// Approval of each file depth and profit of all at a list of PD cut-offs: shows where the sign of an arm's effect on
/// people without a file flips.
fn cutoff_sweep(lender: &LenderParams, people: &People, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
    let (margin, lgd) = lender.economics();
    let all = groups.members("all");
    for &cutoff in &lender.cutoff_sweep {
        let (mut n, mut approved) = ([0u64; 3], [0u64; 3]);
        let (mut repaid, mut lost) = (0u64, 0u64);
        for &p in all {
            let p = p as usize;
            let file = match people.file[d.scored[p] as usize] {
                FileDepth::None => 0,
                FileDepth::Thin => 1,
                FileDepth::Thick => 2,
            };
            n[file] += 1;
            if d.pd[p] < cutoff {
                approved[file] += 1;
                if d.bad[p] { lost += 1 } else { repaid += 1 }
            }
        }
        for (file, word) in ["none", "thin", "thick"].into_iter().enumerate() {
            if n[file] > 0 {
                let name: Arc<str> = Arc::from(format!("file={word};pd_cutoff={cutoff}"));
                emit.add("approval_at_cutoff", &name, ratio(approved[file], n[file]));
            }
        }
        let name: Arc<str> = Arc::from(format!("pd_cutoff={cutoff}"));
        emit.add("approval_at_cutoff", &name, ratio(approved.iter().sum(), n.iter().sum()));
        let profit = (margin * repaid as f64 - lgd * lost as f64) / all.len().max(1) as f64;
        emit.add("profit_at_cutoff", &name, profit);
    }
}

/// Mean score on the scale, and share and default rate of each of its bands.
fn scale(scale: &Scale, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
    let all: Arc<str> = Arc::from("all");
    let members = groups.members("all");
    let names = scale.band_names();
    let (mut n, mut bad) = (vec![0u64; names.len()], vec![0u64; names.len()]);
    let mut points = 0i64;
    for &p in members {
        let score = libm::round(scale.score(d.pd[p as usize]));
        points += score as i64;
        let band = scale.band(score);
        n[band] += 1;
        bad[band] += u64::from(d.bad[p as usize]);
    }
    emit.add("score_mean", &all, points as f64 / members.len().max(1) as f64);
    for (k, name) in names.iter().enumerate() {
        let name: Arc<str> = Arc::from(format!("band={}", name.replace('–', "-")));
        emit.add("score_band_share", &name, ratio(n[k], members.len() as u64));
        emit.add("score_band_default", &name, ratio(bad[k], n[k]));
    }
}
