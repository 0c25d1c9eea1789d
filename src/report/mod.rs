//! Rows → files and pictures.
//!
//! Everything here starts from `&[Row]` and a [`Context`]; nothing simulates, prints or reads the clock.
//!
//! | module | gives |
//! |---|---|
//! | [`summary`] | means with 95 % intervals, paired differences to the reference arm |
//! | [`csv`], [`parquet`] | `results.csv`, `summary.csv`, `results.parquet` |
//! | [`manifest`] | `manifest.json`, `datapackage.json` |
//! | [`output`] | a file or a folder, whole or not there at all: what every command writes through |
//! | [`run`] | the folder of a run |
//! | [`histories`] | monthly rows of `pretick generate` |
//! | [`plots`] | SVG and PNG pictures |
//! | [`bench`](mod@bench) | what `pretick bench` writes and prints |
//! | [`exposure`] | the terminal's table of what leaves the platform and what attacks learn |
//! | [`interval`] | 95 % intervals: what replications average out, and what they do not |
//! | [`leakage`] | the rule for the headline of an arm's measured leakage |
//! | [`release`] | what a real release publishes, and the register that stays inside |
//! | [`story`] | one person's way through a replication, in words |
//! | [`swaps`] | the terminal's table of who gains and loses credit, and what a lot moves |
//! | [`sweep`] | the terminal's table of what a sweep changes in what attacks learn |
//! | [`table`], [`cutoffs`] | the terminal's tables; where the sign of an arm's effect flips |

pub mod bench;
pub mod csv;
pub mod cutoffs;
pub mod exposure;
pub mod histories;
pub mod interval;
pub mod leakage;
pub mod manifest;
pub mod metric;
pub mod output;
pub mod palette;
pub mod parquet;
pub mod plots;
pub mod release;
pub mod run;
pub mod story;
pub mod summary;
pub mod swaps;
pub mod sweep;
pub mod table;

pub use manifest::Manifest;
pub use output::Overwrite;
pub use run::write_run;
pub use summary::{Summaries, Summary};

use crate::evaluate::{TooSmall, named};
use crate::stats::Spread;

/// What an arm promises. Two kinds never share one unlabelled ε axis.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// Nothing beyond what the lender sees anyway is disclosed.
    None,
    /// Raw histories: no bound (ε = ∞).
    Raw,
    /// ε-DP by a trusted platform; neighbouring = one person added or removed, all months.
    CentralPure,
    /// (ε, δ)-DP by a trusted platform; neighbouring as for [`Guarantee::CentralPure`].
    CentralApprox {
        /// δ.
        delta: f64,
    },
    /// ε-DP on each phone, nobody trusted; neighbouring = one person's record replaced.
    Local,
}

/// Kind of a DP guarantee, δ aside: one panel each in the trade-off picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Central, ε.
    CentralPure,
    /// Central, (ε, δ).
    CentralApprox,
    /// Local, ε.
    Local,
}

impl Kind {
    /// All kinds, in the order of the panels.
    pub const ALL: [Self; 3] = [Self::CentralPure, Self::CentralApprox, Self::Local];

    /// Two or three words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::CentralPure => "central, pure ε",
            Self::CentralApprox => "central, (ε, δ)",
            Self::Local => "local ε",
        }
    }

    /// The neighbouring relation in words.
    pub const fn neighbouring(self) -> &'static str {
        match self {
            Self::CentralPure | Self::CentralApprox => "add or remove one person",
            Self::Local => "replace one person's record",
        }
    }
}

impl Guarantee {
    /// The DP kind; `None` for arms without DP.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::None | Self::Raw => None,
            Self::CentralPure => Some(Kind::CentralPure),
            Self::CentralApprox { .. } => Some(Kind::CentralApprox),
            Self::Local => Some(Kind::Local),
        }
    }

    /// The guarantee in a sentence; `training_only` as in [`ArmInfo`].
    pub fn words(self, training_only: bool) -> String {
        let mut words = match self {
            Self::None => "nothing beyond what the lender sees anyway".to_owned(),
            Self::Raw => "raw histories: no DP guarantee (ε = ∞)".to_owned(),
            Self::CentralPure => "ε-DP, central: the platform is trusted; one person's record added or removed (who belongs to a community of public size is itself public)".to_owned(),
            Self::CentralApprox { delta } => {
                format!("(ε, δ)-DP with δ = {delta:e}, central: the platform is trusted; one person added or removed")
            }
            Self::Local => {
                "ε-DP, local: nobody is trusted; one person's record replaced, ε over all features and months"
                    .to_owned()
            }
        };
        if training_only {
            words.push_str("; protects the training data only, not the applicant's own record at scoring time");
        }
        words
    }
}

/// What a report must know of an arm.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ArmInfo {
    /// Name, as in the rows.
    pub name: String,
    /// What is promised.
    pub guarantee: Guarantee,
    /// Whether the guarantee covers the training data only (a model trained inside the platform).
    #[serde(default)]
    pub training_only: bool,
    /// Whether the simulator subtracts the applicant's own record exactly: a counterfactual without any guarantee.
    #[serde(default)]
    pub own_left_out: bool,
    /// Whether anybody is asked. Every output says "asked: no" where not.
    pub asked: bool,
}

/// What a report must know of the run besides its rows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Context {
    /// The scenario's name.
    pub title: String,
    /// The scenario's question.
    pub question: String,
    /// Dotted sweep keys, in the order of [`Row::sweep`](crate::evaluate::Row::sweep).
    pub sweep_keys: Vec<String>,
    /// The sweep point of the pictures without a sweep axis; `None`: the first point in the rows.
    #[serde(default)]
    pub sweep_base: Option<Vec<String>>,
    /// The arm that differences are taken to.
    pub reference: String,
    /// Arms, in the scenario's order.
    pub arms: Vec<ArmInfo>,
    /// Persons in one replication.
    pub persons: u64,
    /// Replications.
    pub replications: u32,
    /// Share of persons that apply.
    pub applicants_rate: f64,
    /// What the spread over replications means.
    pub spread: Spread,
    /// Seed.
    pub seed: u64,
    /// Whether the histories are real: outputs then say that nothing in them is safe to publish as DP.
    pub real_data: bool,
    /// The lender's two rules, which the answer is given at; `None` in results of older versions.
    #[serde(default)]
    pub rules: Option<Rules>,
    /// Groups that are too small to judge: tables, plots and summaries leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_small: Vec<TooSmall>,
}

/// Whom a lender approves, by either rule.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rules {
    /// Share of applicants at the fixed rate.
    pub approval_rate: f64,
    /// PD below which a loan is profitable.
    pub break_even: f64,
}

/// What every output on real data says.
pub const SIMULATED: &str = "simulated: nothing here is safe to publish as DP";

/// What is said of an arm that leaves the applicant's own record out.
pub const COUNTERFACTUAL: &str =
    "the simulator leaves the applicant's own record out: a counterfactual without any guarantee";

impl ArmInfo {
    /// The guarantee in a sentence.
    pub fn words(&self) -> String {
        if self.own_left_out { COUNTERFACTUAL.to_owned() } else { self.guarantee.words(self.training_only) }
    }

    /// Whether everybody's history is used without a form: then nobody's share rate or regret is counted.
    pub fn uses_all_unasked(&self) -> bool {
        !self.asked && self.guarantee.kind().is_some()
    }
}

impl Context {
    /// What is known of an arm.
    pub fn arm(&self, name: &str) -> Option<&ArmInfo> {
        self.arms.iter().find(|a| a.name == name)
    }

    /// The applicants in words.
    pub fn applicants(&self) -> String {
        if self.applicants_rate >= 1.0 {
            "everyone applies".to_owned()
        } else {
            let percent = (1e5 * self.applicants_rate).round() / 1e3;
            format!("{} % of persons apply", csv::number(percent))
        }
    }

    /// The groups of a kind (`decile=`) that are left out at a sweep point because they are too small, in words; empty if none is.
    pub fn left_out(&self, kind: &str, point: &[String]) -> String {
        let here = self.too_small.iter().filter(|t| t.sweep == point && t.group.starts_with(kind));
        named(here).map_or_else(String::new, |text| {
            let mut letters = text.chars();
            let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{capital}{}.", letters.as_str())
        })
    }

    /// What a reader must know where replications are few; empty where they are not.
    pub fn few(&self) -> String {
        let fewest = interval::FEWEST;
        match self.replications {
            0 | 1 => format!(
                "One replication has no interval: any difference may be luck, so nothing is said of signs. Take at least {fewest}."
            ),
            r if r < fewest => format!(
                "{r} replications are few: the intervals are wide, their width is itself uncertain, and nothing is said of signs. \
                 Take at least {fewest}."
            ),
            _ => String::new(),
        }
    }

    /// The intervals in words.
    pub fn intervals(&self) -> String {
        match (self.replications, self.spread) {
            (0 | 1, _) => "one replication: no intervals".to_owned(),
            (r, Spread::Independent) => {
                format!("95 % t-intervals of the mean over {r} replications (independent populations)")
            }
            (r, Spread::Resampled) => {
                format!(
                    "95 % intervals from {r} splits of one table: who is in it, and what {r} repeats do not average out"
                )
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod fake;
