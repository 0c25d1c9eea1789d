//! What `pretick bench` writes and prints.
//!
//! | file | what |
//! |---|---|
//! | `bench.csv` | every value: `scorer,epsilon,seed,fold,metric,value` |
//! | `summary.csv` | means over the folds with 95 % intervals, and medians |
//! | `differences.csv` | paired differences to the reference scorer, with Holm's p-values |
//! | `splits.csv` | who was trained on and who tested, by row and id of the data file |
//! | `trends.csv` | what each declared trend costs the scorers that keep to it |
//! | `baseline.csv` | differences to an earlier bench (`--baseline`) |
//! | `plots/` | AUC against ε; AUC against fit time |
//! | `bench.json` | version, scenario, command, the ledger of one fold, failures, the files and their hashes |
//!
//! While it runs, finished fits stand in `bench.partial.jsonl` ([`checkpoint`]).

mod cells;
pub mod checkpoint;
pub mod compare;
pub mod csv;
pub mod folder;
pub mod inference;
mod plot;
mod remarks;
mod summary;
mod table;
mod trends;

pub use cells::{Cells, Entrant};
pub use compare::{Change, Difference, change, differences};
pub use csv::Row;
pub use inference::{Estimate, Replicates};
pub use plot::draw_all;
pub use remarks::remarks;
pub use summary::{write_differences, write_summary};
pub use table::{render, render_accountants, render_change};
pub use trends::{TrendCost, render_trends, trend_costs, write_trends};

/// What a report must know of the bench besides its rows.
#[derive(Clone, Debug, serde::Serialize)]
pub struct About {
    /// The scenario's name.
    pub title: String,
    /// Persons benched: of the table, or of each population.
    pub persons: u64,
    /// Seeds.
    pub seeds: u32,
    /// Folds a seed.
    pub folds: u32,
    /// δ of the DP scorers.
    pub delta: f64,
    /// The scenario's seed.
    pub seed: u64,
    /// What one value a fold stands for.
    pub replicates: Replicates,
    /// Whether the persons are real.
    pub real_data: bool,
    /// Scorer that differences are taken to.
    pub reference: String,
}

impl About {
    /// Persons, splits, δ and intervals in words.
    pub fn words(&self) -> String {
        let splits = match (self.replicates, self.folds) {
            (Replicates::Splits { .. }, 1) => format!("{} stratified splits", self.seeds),
            (Replicates::Splits { .. }, k) => format!("{} × {k} stratified folds", self.seeds),
            (Replicates::Populations, 1) => format!("{} populations, one stratified split each", self.seeds),
            (Replicates::Populations, k) => format!("{} populations, {k} stratified folds each", self.seeds),
        };
        let intervals =
            if self.seeds * self.folds < 2 { "one fold: no intervals".to_owned() } else { self.replicates.words() };
        format!(
            "{}: {} persons, {splits}, seed {}, δ = {:e}. {}{}.",
            self.title,
            super::table::grouped(self.persons),
            self.seed,
            self.delta,
            intervals.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default(),
            intervals.get(1..).unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod fake;
