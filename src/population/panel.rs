//! Monthly rows, for tables and for one person's story.

use super::kernel::{MonthLanes, MonthSink, simulate_block};
use super::lanes::LANES;
use super::model::Model;
use super::platform::CATEGORIES;
use crate::rng::Streams;

/// One person in one month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MonthRow {
    /// Person.
    pub person: u64,
    /// Month, from 0; the decision comes after the last.
    pub month: u16,
    /// Liquidity stress ℓ.
    pub liquidity: f32,
    /// Bureau state 0 … 3 = current, 30, 60, 90+ days past due; `None` without an account.
    pub state: Option<u8>,
    /// Share of the credit line in use; 0 without an account.
    pub utilisation: f32,
    /// Number of payments.
    pub payments: u32,
    /// Their sum, yuan.
    pub spend: f32,
    /// The sum by category, in the order of [`CATEGORIES`].
    pub categories: [f32; CATEGORIES.len()],
    /// Bills due.
    pub due: u8,
    /// Bills paid late.
    pub late: u8,
}

/// Collects the months of one block.
#[derive(Clone, Debug, Default)]
pub struct PanelSink {
    months: Vec<MonthLanes>,
}

impl PanelSink {
    /// The rows of the lane's person, month after month.
    pub fn rows(&self, person: u64, lane: usize) -> impl Iterator<Item = MonthRow> + '_ {
        self.months.iter().enumerate().map(move |(t, m)| MonthRow {
            person,
            month: t as u16,
            liquidity: m.liquidity[lane],
            state: (m.observed[lane] > 0.5).then_some(m.state[lane] as u8),
            utilisation: m.utilisation[lane],
            payments: m.payments[lane] as u32,
            spend: m.spend[lane],
            categories: std::array::from_fn(|k| m.categories[k][lane]),
            due: m.due[lane] as u8,
            late: m.late[lane] as u8,
        })
    }
}

impl MonthSink for PanelSink {
    fn month(&mut self, _: usize, lanes: &MonthLanes) {
        self.months.push(lanes.clone());
    }
}

impl Model {
    /// The monthly rows of persons `first .. first + persons`, person after person.
    pub fn panel(&self, streams: Streams, first: u64, persons: usize) -> Vec<MonthRow> {
        let mut rows = Vec::with_capacity(persons * self.months);
        for block in (0..persons).step_by(LANES) {
            let mut sink = PanelSink::default();
            let start = first + block as u64;
            simulate_block(self, streams, start, &mut sink);
            for lane in 0..LANES.min(persons - block) {
                rows.extend(sink.rows(start + lane as u64, lane));
            }
        }
        rows
    }
}
