//! The monthly loop: sixteen persons, all their months, one pass.
//!
//! Stages of a month, in this order:
//!
//! 1. liquidity: ℓₜ = φ·ℓₜ₋₁ + √(1−φ²)·s·ε (the first month draws from the stationary law)
//! 2. bureau: the chain moves, the credit line is used
//! 3. payments: how many, how much, on what
//! 4. bills: due, late
//! 5. the [`MonthSink`] takes the month: features, a panel, or nothing
//!
//! After the last month comes the decision: who asks for a loan, and what would become of it.
//!
//! Draws of a person and month, three Philox blocks: `Month` = (liquidity, chain, payments, bills late), `Amounts` =
//! (amount, utilisation, bills due, unused), `Categories` = eight halves of words. Nothing is allocated.

use super::lanes::{F32s, Ids, LANES, flag, lanes, logistic, normals, unit};
use super::model::Model;
use super::person::PersonLanes;
use super::platform::{CATEGORIES, categories};
use crate::rng::{Purpose, Streams};

/// One month of sixteen persons. Counts are whole numbers in f32.
#[derive(Clone, Debug)]
pub struct MonthLanes {
    /// Liquidity stress ℓ.
    pub liquidity: F32s,
    /// 1 where the bureau has an account.
    pub observed: F32s,
    /// 0 current, 1, 2, 3 = 30, 60, 90+ days past due; 0 without an account.
    pub state: F32s,
    /// Share of the credit line in use; 0 without an account.
    pub utilisation: F32s,
    /// Number of payments.
    pub payments: F32s,
    /// Their sum, yuan.
    pub spend: F32s,
    /// The sum by category.
    pub categories: [F32s; CATEGORIES.len()],
    /// Bills due, 0 … 4.
    pub due: F32s,
    /// Bills paid late.
    pub late: F32s,
}

/// Takes the months of a block as they happen, t = 0, 1, ….
pub trait MonthSink {
    /// Month `t` of the block's sixteen persons.
    fn month(&mut self, t: usize, lanes: &MonthLanes);
}

/// What is true of sixteen persons at the decision.
#[derive(Clone, Debug)]
pub struct Block {
    /// Who they are.
    pub person: PersonLanes,
    /// Whether they ask for a loan.
    pub applicant: [bool; LANES],
    /// Probability of default.
    pub pd: F32s,
    /// Outcome: true = default.
    pub default: [bool; LANES],
}

/// Simulates persons `first .. first + 16` over all months; the one door to the loop.
///
/// Compiled for AVX-512, AVX2 and the baseline and chosen at run time, with the same bits in all.
#[multiversion::multiversion(targets(
    "x86_64+avx2+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+bmi1+bmi2",
    "x86_64+avx2+bmi1+bmi2"
))]
pub fn simulate_block<S: MonthSink>(model: &Model, streams: Streams, first: u64, sink: &mut S) -> Block {
    months_of_block(model, streams, first, sink)
}

/// [`simulate_block`] without dispatch: what a processor without AVX2 runs, and the oracle of the dispatch.
pub fn simulate_block_baseline<S: MonthSink>(model: &Model, streams: Streams, first: u64, sink: &mut S) -> Block {
    months_of_block(model, streams, first, sink)
}

#[inline(always)]
fn months_of_block<S: MonthSink>(model: &Model, streams: Streams, first: u64, sink: &mut S) -> Block {
    let ids = Ids::persons(first);
    let person = model.person.draw(streams, first);
    let account = model.bureau.open(&person);
    let user = model.platform.open(&person);
    let (mut liquidity, mut state) = ([0.0; LANES], [0.0; LANES]);
    for t in 0..model.months {
        let month = ids.block(streams, t as u16, Purpose::Month, 0);
        let amounts = ids.block(streams, t as u16, Purpose::Amounts, 0);
        let split = ids.block(streams, t as u16, Purpose::Categories, 0);
        let stress = model.log_stress[t];

        let shock = normals(&month[0]);
        let (keep, scale) =
            if t == 0 { (0.0, model.liquidity.spread) } else { (model.liquidity.persistence, model.liquidity.shock) };
        for l in 0..LANES {
            liquidity[l] = keep * liquidity[l] + scale * shock[l];
        }

        let observed = account.observed(t);
        let chance = lanes(|l| unit(month[1][l]));
        model.bureau.step(&account, &observed, &mut state, &chance, &liquidity, stress);
        let noise = normals(&amounts[1]);
        let utilisation = model.bureau.utilisation(&account, &observed, &noise, &liquidity);

        let payments = user.payments(&month[2]);
        let spend = model.platform.spend(&user, &payments, &normals(&amounts[0]));
        let categories = categories(&person.habits, &spend, &split);
        let (due, late) = user.bills(&amounts[2], &month[3], &liquidity, stress);

        sink.month(t, &MonthLanes { liquidity, observed, state, utilisation, payments, spend, categories, due, late });
    }
    decide(model, &ids, streams, person, &liquidity)
}

/// Applications and outcomes. The outcome's uniform is drawn whether or not anybody asks: all arms share it.
#[inline(always)]
fn decide(model: &Model, ids: &Ids, streams: Streams, person: PersonLanes, liquidity: &F32s) -> Block {
    let apply = ids.block(streams, 0, Purpose::Application, 0);
    let luck = ids.block(streams, 0, Purpose::Outcome, 0);
    let (application, outcome) = (&model.application, &model.outcome);
    let wants = lanes(|l| flag(unit(apply[0][l]) < logistic(application.intercept + application.slope * liquidity[l])));
    let pd = lanes(|l| {
        logistic(outcome.intercept - outcome.slope * person.quality[l] - outcome.burden * person.log_income[l])
    });
    let bad = lanes(|l| flag(unit(luck[0][l]) < pd[l]));
    Block { applicant: wants.map(|w| w > 0.5), pd, default: bad.map(|b| b > 0.5), person }
}
