//! # pretick: what a ticked box costs and gives
//!
//! A payments platform knows how people pay; a credit scorer wants that knowledge; between them stands a consent form. pretick
//! simulates a population with payment histories and consent choices (or reads real histories) and compares what **opt-in
//! sharing**, **default (pre-ticked) sharing** and **differentially private aggregation** cost and give: in accuracy, in credit
//! for people without a file, in profit, in fairness, and in privacy. Every arm meets the same people with the same luck.
//!
//! ## A run, phase by phase
//!
//! ```text
//! scenario text ──► Scenario ──► for each sweep point and replication:
//!                                   histories   (population)   truth: People
//!                                   attitudes   (consent)      who would say yes
//!                                   for each arm and ε:
//!                                     choices     (consent)      who shares, knowingly or not
//!                                     disclosure  (disclosure)   LenderView; every release enters the Ledger
//!                                     scores      (scoring)      PD of each applicant
//!                                     decisions   (lending)      approved or not
//!                                     metrics     (evaluate)     Rows
//!                                     attacks     (attack)       Rows: what is learned of persons
//!              Rows ──► table, CSV, Parquet, plots (report)
//! ```
//!
//! [`experiment::run`] is this picture as code; its doc numbers the stages.
//!
//! ## Floors
//!
//! Each module imports only from floors below its own; `tests/architecture.rs` keeps it so.
//!
//! | floor | modules |
//! |---|---|
//! | command line | [`cli`]: the only place that prints, reads the clock or the environment |
//! | reports | [`report`]: rows → files, tables and plots |
//! | experiments | [`experiment`]: arms × replications × sweep points; calibration; stylised facts |
//! | scenarios | [`scenario`]: TOML → checked [`scenario::Scenario`]; presets |
//! | attacks | [`attack`]: what an arm lets others learn of persons, measured → rows |
//! | evaluation | [`evaluate`]: truth and decisions → rows |
//! | lending | [`lending`]: approve, earn, lose |
//! | disclosure | [`disclosure`]: what one arm shows the lender |
//! | scoring | [`scoring`]: logistic, scorecard, boosted trees; DP scorers ([`scoring::dp`]); programs and ONNX models of one's own |
//! | privacy | [`privacy`]: mechanisms, accountant, ledger |
//! | consent | [`consent`]: who shares what, knowingly or not |
//! | people | [`population`]: histories and outcomes, synthetic or from a table |
//! | view | [`view`]: all that a lender may see |
//! | ground | [`rng`], [`stats`], [`params`](mod@params), [`document`], [`disk`], [`error`] |
//!
//! **The wall.** Truth ([`population::People`]) and view ([`view::LenderView`]) are different types, and [`scoring`] cannot
//! import the truth: a scorer cannot cheat by accident.
//!
//! ## Decisions
//!
//! *Why do results not depend on threads?* Draws are pure functions of (seed, replication, entity, month, purpose)
//! ([`rng`]), and sums over persons are integers or [`stats::FixedSum`]s, which merge in any order to the same bits.
//!
//! *Where does a parameter live?* In the module that reads it, once, with its doc, unit, default, range and source
//! ([`params!`]). Its dotted TOML key is its one name: in scenario files, `--set`, sweeps, rows, axes and `pretick explain`.
//!
//! *Who says what privacy costs?* opendp's privacy maps. The noise of a simulation is drawn from seeded exact samplers of the
//! same distributions ([`privacy::sample`]), so that a run can be repeated; the total of a run comes from its
//! [`privacy::Ledger`] alone, by the least valid bound of the [`privacy::accountant`]s. Simulated ε is not earned ε: see
//! [`privacy`]; [`experiment::release`] earns it, by the same samplers on the operating system's randomness ([`privacy::system`]).
//!
//! *What is left room for?* Months as an axis of consent and disclosure ([`consent::Choices`]), rival DP scorers
//! ([`scoring::Scorer`]), shards ([`stats::FixedSum`], [`population::simulate`] over any
//! range of persons).

pub mod attack;
pub mod cli;
pub mod consent;
pub mod disclosure;
pub mod disk;
pub mod document;
pub mod error;
pub mod evaluate;
pub mod experiment;
pub mod lending;
pub mod params;
pub mod population;
pub mod privacy;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod scoring;
pub mod stats;
pub mod view;
