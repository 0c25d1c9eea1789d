//! What decisions do: credit, profit, fairness, winners and losers, and where the sign flips as the cut-off moves.
//!
//! **A lottery is not a winner.** Where many share the score at the cut-off, who is approved is drawn by lot. Winners and
//! losers are therefore counted on *chances* before any ticket is drawn: `winners` had chance 0 in the reference arm and have
//! 1, `losers` the reverse: a score decided in both arms. Wherever a lot decides in one of them, what the chance rises or
//! falls by stands apart in `winners_by_lot` and `losers_by_lot`. An independent redraw of the lottery changes no chance, so
//! that it makes nobody win or lose. `approval_change` is the net: winners + winners_by_lot − losers − losers_by_lot.

use super::{Emit, Groups, Judged};
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
    /// Approved at the fixed approval rate, whatever the lender's rule is.
    pub at_rate: &'a [bool],
    /// Chance to be approved before a lottery ticket is drawn.
    pub chance: &'a [f64],
    /// The same in the reference arm; `None` where its scorer failed: then nobody wins or loses against it.
    pub reference: Option<&'a [f64]>,
    /// Outcome (true = default).
    pub bad: &'a [bool],
}

pub(super) fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { f64::NAN } else { a as f64 / b as f64 }
}

/// Integer counts of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    n: u64,
    bad: u64,
    approved: u64,
    approved_bad: u64,
}

impl Counts {
    pub(super) fn over(d: &Decisions<'_>, members: &[u32]) -> Self {
        let mut c = Self::default();
        for &p in members {
            let p = p as usize;
            let (yes, bad) = (d.approved[p], d.bad[p]);
            c.n += 1;
            c.bad += u64::from(bad);
            c.approved += u64::from(yes);
            c.approved_bad += u64::from(yes && bad);
        }
        c
    }

    pub(super) fn approval_rate(&self) -> f64 {
        ratio(self.approved, self.n)
    }

    pub(super) fn good_approved(&self) -> f64 {
        ratio(self.approved - self.approved_bad, self.n - self.bad)
    }
}

/// Adds credit, profit, welfare, fairness and winners/losers metrics.
pub fn credit_metrics(
    lender: &LenderParams,
    people: &People,
    d: &Decisions<'_>,
    groups: &Groups,
    judged: &Judged,
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
        swaps(d, name, members, emit);
    }
    judged.compare(people, d, groups, emit);
    cutoff_sweep(lender, people, d, groups, emit);
    scale(&Scale::new(&lender.scale)?, d, groups, emit);
    Ok(())
}

/// Who wins and loses against the reference arm by a score, and what lots move; the share of approvals that are drawn.
fn swaps(d: &Decisions<'_>, name: &Arc<str>, members: &[u32], emit: &mut Emit) {
    let n = members.len() as f64;
    let by_lot = |chance: f64| chance > 0.0 && chance < 1.0;
    let (mut all, mut drawn) = (0.0, 0.0);
    for &p in members {
        let chance = d.chance[p as usize];
        all += chance;
        drawn += if by_lot(chance) { chance } else { 0.0 };
    }
    emit.add("approved_by_lot", name, if all > 0.0 { drawn / all } else { f64::NAN });
    let Some(reference) = d.reference else { return };
    let (mut won, mut lost, mut up, mut down) = (0u64, 0u64, 0.0, 0.0);
    for &p in members {
        let (now, then) = (d.chance[p as usize], reference[p as usize]);
        if by_lot(now) || by_lot(then) {
            up += (now - then).max(0.0);
            down += (then - now).max(0.0);
        } else {
            won += u64::from(now > then);
            lost += u64::from(now < then);
        }
    }
    let (won, lost) = (won as f64, lost as f64);
    for (metric, sum) in [
        ("winners", won),
        ("losers", lost),
        ("winners_by_lot", up),
        ("losers_by_lot", down),
        ("approval_change", won + up - lost - down),
    ] {
        emit.add(metric, name, sum / n);
    }
}

/// Approval of each file depth and profit of all, at a list of PD cut-offs, at the fixed approval rate and at the lender's own
/// break-even: the cut-off decides what an arm does, and shows where the sign of its effect flips.
fn cutoff_sweep(lender: &LenderParams, people: &People, d: &Decisions<'_>, groups: &Groups, emit: &mut Emit) {
    let all = groups.members("all");
    let economics = lender.economics();
    for &cutoff in &lender.cutoff_sweep {
        at_cutoff(economics, people, d, all, &format!("pd_cutoff={cutoff}"), &|p| d.pd[p] < cutoff, emit);
    }
    at_cutoff(economics, people, d, all, AT_RATE, &|p| d.at_rate[p], emit);
    let limit = lender.break_even();
    at_cutoff(economics, people, d, all, AT_BREAK_EVEN, &|p| d.pd[p] < limit, emit);
}

/// Group of what is counted at the fixed approval rate.
pub const AT_RATE: &str = "cutoff=approval-rate";
/// Group of what is counted at the lender's break-even.
pub const AT_BREAK_EVEN: &str = "cutoff=break-even";

fn at_cutoff(
    (margin, lgd): (f64, f64),
    people: &People,
    d: &Decisions<'_>,
    all: &[u32],
    rule: &str,
    approves: &dyn Fn(usize) -> bool,
    emit: &mut Emit,
) {
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
        if approves(p) {
            approved[file] += 1;
            if d.bad[p] { lost += 1 } else { repaid += 1 }
        }
    }
    for (file, word) in ["none", "thin", "thick"].into_iter().enumerate() {
        if n[file] > 0 {
            let name: Arc<str> = Arc::from(format!("file={word};{rule}"));
            emit.add("approval_at_cutoff", &name, ratio(approved[file], n[file]));
        }
    }
    let name: Arc<str> = Arc::from(rule);
    emit.add("approval_at_cutoff", &name, ratio(approved.iter().sum(), n.iter().sum()));
    let profit = (margin * repaid as f64 - lgd * lost as f64) / all.len().max(1) as f64;
    emit.add("profit_at_cutoff", &name, profit);
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
