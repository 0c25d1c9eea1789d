//! Rows that look like a run, for the tests of this floor.

use super::{ArmInfo, Context, Guarantee, Rules};
use crate::evaluate::Row;
use crate::stats::{Spread, normal_quantile};
use std::sync::Arc;

/// Ten arms, no sweep.
pub fn context() -> Context {
    let arm = |name: &str, guarantee, asked| ArmInfo {
        name: name.to_owned(),
        guarantee,
        training_only: name == "dp-model",
        own_left_out: name == "dp-aggregates-others",
        asked,
    };
    Context {
        title: "annual-bill-2018".to_owned(),
        question: "What did the pre-ticked box of the 2018 annual bill change, for whom, and what would DP aggregation have done?".to_owned(),
        sweep_keys: Vec::new(),
        sweep_base: None,
        reference: "bureau-only".to_owned(),
        arms: vec![
            arm("bureau-only", Guarantee::None, false),
            arm("opt-in", Guarantee::Raw, true),
            arm("default-visible", Guarantee::Raw, true),
            arm("default-sharing", Guarantee::Raw, true),
            arm("active-choice", Guarantee::Raw, true),
            arm("dp-aggregates", Guarantee::CentralPure, false),
            arm("dp-aggregates-others", Guarantee::CentralPure, false),
            arm("dp-model", Guarantee::CentralApprox { delta: 1e-6 }, false),
            arm("local-dp", Guarantee::Local, false),
            arm("full-sharing", Guarantee::Raw, false),
        ],
        persons: 100_000,
        replications: 20,
        applicants_rate: 1.0,
        spread: Spread::Independent,
        seed: 20_180_103,
        real_data: false,
        rules: Some(Rules { approval_rate: 0.6, break_even: 1.0 / 6.0 }),
        too_small: Vec::new(),
    }
}

/// A sweep over the sign of selection and the size of a community.
pub fn swept() -> Context {
    Context {
        sweep_keys: vec!["consent.quality_correlation".to_owned(), "population.community_size".to_owned()],
        sweep_base: Some(vec!["0.0".to_owned(), "64".to_owned()]),
        ..context()
    }
}

/// A standard normal draw as a function of its keys.
fn normal(keys: &[u64]) -> f64 {
    let mut z = 0x9E37_79B9_7F4A_7C15_u64;
    for k in keys {
        z = crate::rng::mix(z ^ k.wrapping_mul(0xD134_2543_DE82_EF95));
    }
    normal_quantile(((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64)
}

/// How much of the platform's signal an arm uses at ε.
fn signal(arm: &str, epsilon: Option<f64>, shift: f64) -> f64 {
    let e = epsilon.unwrap_or(f64::INFINITY);
    let curve = |half: f64| if e.is_infinite() { 1.0 } else { e / (e + half) };
    match arm {
        "opt-in" => 0.10 + shift,
        "default-visible" => 0.77 - shift,
        "default-sharing" => 0.97,
        "active-choice" => 0.42 + shift,
        "dp-aggregates" => 0.58 * curve(0.8) - 0.02,
        "dp-aggregates-others" => 0.50 * curve(0.8) - 0.02,
        "dp-model" => 0.98 * curve(0.3) - 0.03,
        "local-dp" => 0.45 * curve(6.0) - 0.03,
        "full-sharing" => 1.0,
        _ => 0.0,
    }
}

/// Shares: effective, inattentive but willing, would refuse.
fn consent(arm: &str, shift: f64) -> [f64; 3] {
    match arm {
        "opt-in" => [0.111 + shift * 0.2, 0.0, 0.006],
        "default-visible" => [0.158, 0.234, 0.404 - shift * 0.3],
        "default-sharing" => [0.02, 0.371, 0.584],
        "active-choice" => [0.386 + shift, 0.0, 0.0],
        "full-sharing" => [0.0, 0.39, 0.61],
        _ => [0.0; 3],
    }
}

/// Rows of a run.
pub fn rows(context: &Context) -> Vec<Row> {
    let mut out = Vec::new();
    let points: Vec<Vec<String>> = if context.sweep_keys.is_empty() {
        vec![Vec::new()]
    } else {
        let mut points = Vec::new();
        for rho in ["-0.2", "0.0", "0.2"] {
            for size in ["16", "64", "256"] {
                points.push(vec![rho.to_owned(), size.to_owned()]);
            }
        }
        points
    };
    for point in points {
        let shift = point.first().map_or(0.0, |v| 0.25 * v.parse::<f64>().unwrap());
        let sweep: Arc<[String]> = Arc::from(point);
        for (a, arm) in context.arms.iter().enumerate() {
            let epsilons: Vec<Option<f64>> = match arm.guarantee {
                Guarantee::None | Guarantee::Raw => vec![None],
                Guarantee::Local => [0.5, 1.0, 2.0, 4.0, 8.0].into_iter().map(Some).collect(),
                _ => [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, f64::INFINITY].into_iter().map(Some).collect(),
            };
            for epsilon in epsilons {
                for replication in 0..context.replications {
                    let mut emit =
                        Emit { out: &mut out, arm: Arc::from(arm.name.as_str()), epsilon, sweep: &sweep, replication };
                    one(&mut emit, a as u64, signal(&arm.name, epsilon, shift), shift);
                }
            }
        }
    }
    out
}

struct Emit<'a> {
    out: &'a mut Vec<Row>,
    arm: Arc<str>,
    epsilon: Option<f64>,
    sweep: &'a Arc<[String]>,
    replication: u32,
}

impl Emit<'_> {
    fn row(&mut self, metric: &str, group: &str, value: f64) {
        self.out.push(Row {
            arm: Arc::clone(&self.arm),
            epsilon: self.epsilon,
            sweep: Arc::clone(self.sweep),
            replication: self.replication,
            metric: Arc::from(metric),
            group: Arc::from(group),
            value,
            influence: None,
        });
    }
}

fn one(emit: &mut Emit<'_>, a: u64, signal: f64, shift: f64) {
    let r = u64::from(emit.replication);
    let key = a * 100 + emit.epsilon.map_or(0, |e| (e * 8.0) as u64 % 97);
    let luck = normal(&[r, 1]);
    let own = |i: u64| normal(&[r, i, key]);
    for (i, (group, floor, gain)) in
        [("all", 0.683, 0.053), ("file=none", 0.552, 0.118), ("file=thin", 0.634, 0.083), ("file=thick", 0.702, 0.036)]
            .into_iter()
            .enumerate()
    {
        let i = i as u64;
        emit.row("auc", group, floor + gain * signal + 0.004 * luck + 0.0012 * own(10 + i));
    }
    emit.row("approved_by_lot", "all", if &*emit.arm == "bureau-only" { 0.55 } else { 0.0 });
    cutoffs(emit, signal, &own);
    let aggregates = emit.arm.starts_with("dp-aggregates");
    emit.row("auc_within_cohort", "all", 0.65 + if aggregates { 0.0 } else { 0.05 * signal } + 0.0012 * own(15));
    emit.row("approval_rate", "all", 0.6);
    for (i, (group, level, gain)) in
        [("file=none", 0.48, 0.09), ("file=thin", 0.62, 0.04), ("file=thick", 0.81, -0.12)].into_iter().enumerate()
    {
        emit.row("approval_rate", group, level + gain * signal + 0.003 * luck + 0.001 * own(20 + i as u64));
    }
    emit.row("default_rate_approved", "all", 0.0235 - 0.004 * signal + 0.0003 * luck + 0.0001 * own(30));
    emit.row("profit_per_applicant", "all", 0.0562 + 0.0022 * signal + 0.0004 * luck + 0.00012 * own(31));
    let [effective, willing, regret] = consent(&emit.arm.clone(), shift);
    let wobble = if effective + willing + regret > 0.0 { 0.004 * own(40) } else { 0.0 };
    emit.row("share_rate", "all", effective + willing + regret + wobble);
    emit.row("effective_consent", "all", effective + 0.3 * wobble);
    emit.row("involuntary_willing", "all", willing + 0.3 * wobble);
    emit.row("regret", "all", regret + 0.4 * wobble);
    let without = if &*emit.arm == "bureau-only" { 0.0 } else { f64::INFINITY };
    let left_out = emit.arm.ends_with("-others");
    emit.row("epsilon_spent", "all", if left_out { f64::INFINITY } else { emit.epsilon.unwrap_or(without) });
    attacks(emit, signal, effective + willing + regret, &own);
    if &*emit.arm != "bureau-only" {
        for decile in 1..=10_u32 {
            let tilt = (f64::from(decile) - 5.5) / 4.5;
            let group = format!("decile={decile}");
            let swap = 0.01 + 0.09 * signal;
            emit.row("winners", &group, swap * (1.0 - 0.35 * tilt) + 0.003 * own(50 + u64::from(decile)));
            emit.row("losers", &group, swap * (1.0 + 0.30 * tilt) + 0.003 * own(70 + u64::from(decile)));
            let (up, down) = (0.3 * swap * (1.0 - tilt), 0.3 * swap * (1.0 + tilt));
            emit.row("winners_by_lot", &group, up);
            emit.row("losers_by_lot", &group, down);
            emit.row("approval_change", &group, -0.65 * swap * tilt + up - down + 0.003 * own(80 + u64::from(decile)));
        }
        for (metric, value) in [("winners", 0.06), ("losers", 0.055), ("winners_by_lot", 0.03), ("losers_by_lot", 0.03)]
        {
            emit.row(metric, "all", value * signal);
        }
        emit.row("approval_change", "all", 0.005 * signal + 0.001 * own(90));
    }
    for bin in 1..=10_u32 {
        let p = 0.002 * libm::pow(1.62, f64::from(bin - 1)) * (1.0 + 0.4 * signal * (f64::from(bin) - 5.5) / 5.0);
        let group = format!("bin={bin:02}");
        emit.row("calibration_predicted", &group, p);
        let observed = p * (1.0 + 0.08 * (1.0 - signal)) + 0.03 * libm::sqrt(p) * 0.2 * own(90 + u64::from(bin));
        emit.row("calibration_observed", &group, observed.max(0.0));
    }
}

/// Approvals and profit at cut-offs: strict lenders approve more of those without a file, lenient ones fewer.
fn cutoffs(emit: &mut Emit<'_>, signal: f64, own: &dyn Fn(u64) -> f64) {
    for (i, cutoff) in [0.01, 0.04, 0.1667].into_iter().enumerate() {
        let level = 0.2 + 0.3 * i as f64;
        let tilt = 0.1 * signal * (1.0 - i as f64);
        let approved = level + tilt + 0.002 * own(150 + i as u64);
        emit.row("approval_at_cutoff", &format!("file=none;pd_cutoff={cutoff}"), approved);
        emit.row("profit_at_cutoff", &format!("pd_cutoff={cutoff}"), 0.02 * level + 0.004 * signal + 0.0002 * own(153));
    }
    for (i, (rule, level)) in [("approval-rate", 0.6), ("break-even", 0.9)].into_iter().enumerate() {
        let own = own(160 + i as u64);
        emit.row("approval_at_cutoff", &format!("cutoff={rule}"), level);
        emit.row("approval_at_cutoff", &format!("file=none;cutoff={rule}"), level - 0.1 + 0.05 * signal + 0.002 * own);
        emit.row("profit_at_cutoff", &format!("cutoff={rule}"), 0.05 + 0.002 * signal + 0.0002 * own);
    }
}

/// What attacks learned; nothing of the floor and of the arm that leaves the own record out.
fn attacks(emit: &mut Emit<'_>, signal: f64, share: f64, own: &dyn Fn(u64) -> f64) {
    let arm = Arc::clone(&emit.arm);
    if &*arm == "bureau-only" || arm.ends_with("-others") {
        return;
    }
    let (own_record, others) = match &*arm {
        "dp-aggregates" => (0.04 * signal, 0.08 * signal),
        "dp-model" => (0.45, 0.01),
        "local-dp" => (0.3 * signal, 0.0),
        _ => (share, 0.02 * share),
    };
    for (i, (name, part)) in [("attribute", 1.0), ("lateness", 0.97), ("income", 0.8)].into_iter().enumerate() {
        let i = i as u64;
        emit.row(&format!("attack.{name}.risk"), "all", own_record * part + 0.01 * own(110 + i));
        let exposed = if own_record > 0.0 && &*arm != "dp-aggregates" { 0.98 } else { 0.1 };
        emit.row(&format!("attack.{name}.risk_exposed"), "all", exposed + 0.01 * own(115 + i));
        emit.row(&format!("attack.{name}.similarity"), "all", others * part + 0.01 * own(120 + i));
    }
    match &*arm {
        "dp-aggregates" => emit.row("attack.membership_worst.risk", "all", 0.9 * signal + 0.01 * own(140)),
        "local-dp" => emit.row("attack.report.risk", "all", 0.7 * signal + 0.01 * own(141)),
        _ => emit.row("attack.membership.risk", "all", 0.02 + 0.005 * own(142)),
    }
    if share > 0.0 && share < 0.995 {
        emit.row("attack.nonsharer.quality_explained", "all", 0.07 + 0.09 * libm::sqrt(share) + 0.002 * own(130));
        emit.row("attack.nonsharer.quality_explained.baseline", "all", 0.07 + 0.001 * own(131));
    }
}
