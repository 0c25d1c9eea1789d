//! A scorer of one's own: any program that reads a table and writes PDs.
//!
//! **Protocol 1.** pretick starts the program, without a shell, once to fit and once for each table to score:
//!
//! | call | standard input | standard output |
//! |---|---|---|
//! | `PROGRAM ARGS… fit FOLDER` | training rows, the outcome in the last column `label` (1 = default) | read and dropped |
//! | `PROGRAM ARGS… score FOLDER` | rows | a column `pd`: one number in [0, 1] a row, in the order of the rows |
//!
//! FOLDER is an empty folder of this model alone, the same for its fit and its scores, removed afterwards (by the next pretick
//! where this one was killed): `fit` leaves
//! there what `score` needs. pretick puts `columns.json` into it: what is publicly known of each column (bounds, steps,
//! knots, levels of a category, special values, trend). Tables are CSV with a header, or an Arrow IPC stream
//! (`lender.command.format`, also in the environment variable `PRETICK_FORMAT`; `PRETICK_PROTOCOL` is 1). Numbers are
//! the shortest decimals that read back to the same bits: 32-bit going out, 64-bit coming back. A missing value is an
//! empty field. Exit status 0 is success; standard error is quoted when something goes wrong.
//!
//! **What it sees** is what every scorer here sees: the columns of the [`LenderView`], with unshared values imputed from
//! what the lender always has ([`Imputer`]), and the column `refused` only where `lender.refusal_is_a_feature` allows
//! it. Neither a person's id nor the truth, nor outcomes of the rows to be scored.
//!
//! **What can go wrong** (it is not found, fails, crashes, hangs, answers nonsense) becomes an [`Error::Scorer`] in words,
//! and a run goes on without the arm. A call whose time is up is killed with everything that it started; so is one whose pretick
//! ends, however it ends.
//!
//! Limits: the program is trusted once it is allowed ([`allow`]): it runs with the user's rights, nothing isolates it, and a
//! program that moves into a session of its own escapes the kill. Its randomness is its own: only a program
//! that always gives the same answer keeps a run repeatable. It earns no privacy guarantee: what it is shown is released.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(unix)]
mod group;
mod permission;
#[cfg(unix)]
mod process;
mod table;
#[cfg(all(test, unix))]
mod tests;

pub use permission::{allow, interrupt, permitted};
pub use table::{LABEL, PD};

use super::impute::Imputer;
use super::{Fitted, Scorer};
use crate::disk::make_private_folder;
use crate::disk::temporary::{Temporary, remove_left};
use crate::error::{Error, Result};
use crate::params::{above, any, between};
use crate::privacy::Ledger;
use crate::view::{Frame, LenderView};
use std::io::{self, Write};
use std::sync::Once;

crate::choice! {
    /// How tables cross.
    pub enum TableFormat {
        /// Comma-separated values with a header.
        Csv => "csv",
        /// Arrow IPC stream; needs `cargo build --features arrow`.
        Arrow => "arrow",
    }
}

crate::params! {
    /// A program that scores. It is started only with `--allow-commands`.
    pub struct CommandParams {
        /// The program: a name that is looked up on the PATH, or a path from the folder that pretick is started in.
        pub program: String = String::new(), "", any(), "the scenario's choice";
        /// What follows the program's name, before `fit FOLDER` and `score FOLDER`; no shell reads it.
        pub args: Vec<String> = Vec::new(), "", any(), "the scenario's choice";
        /// How tables cross.
        pub format: TableFormat = TableFormat::Csv, "", any(), "every language reads it";
        /// How long one fit may take; then it is killed and the arm is left out.
        pub fit_timeout: f64 = 300.0, "seconds", above(0.0, 604_800.0), "assumed: patience";
        /// How long scoring one table may take.
        pub score_timeout: f64 = 60.0, "seconds", above(0.0, 604_800.0), "assumed: patience";
        /// Most address space of the program, on Linux; none: as much as there is.
        pub memory: Option<u64> = None, "MiB", between(1.0, 1e9), "no limit unless the scenario sets one";
    }
}

/// A scorer behind a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    /// Its parameters.
    pub params: CommandParams,
}

/// What the program learnt, in its folder.
#[derive(Debug)]
pub struct CommandModel {
    params: CommandParams,
    imputer: Imputer,
    folder: Temporary,
}

impl CommandParams {
    /// The program and its arguments as one would type them.
    pub fn line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        words
            .map(|w| if w.contains(char::is_whitespace) { format!("{w:?}") } else { w.clone() })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether this build of pretick has the format.
    pub fn check_format(&self) -> Result<()> {
        if self.format == TableFormat::Arrow && cfg!(not(feature = "arrow")) {
            let message = "lender.command.format = \"arrow\": this pretick is built without Arrow: cargo build --features arrow, or take \"csv\"";
            return Err(Error::Other(message.into()));
        }
        Ok(())
    }
}

impl Command {
    /// With these parameters.
    pub fn new(params: CommandParams) -> Self {
        Self { params }
    }

    /// Fits, and keeps what was learnt visible.
    pub fn learn(&self, view: &LenderView) -> Result<CommandModel> {
        permitted(&self.params.line())?;
        self.params.check_format()?;
        let labels = labels(view)?;
        let imputer = Imputer::fit(view)?;
        let frame = imputer.complete(view);
        if frame.index(LABEL).is_some() {
            let message = format!("a column is called `{LABEL}`, the name of the outcome: rename it");
            return Err(Error::Scorer(message));
        }
        let folder = model_folder()?;
        let about = folder.path().join("columns.json");
        let text = format!("{:#}\n", table::public_knowledge(frame.columns()));
        std::fs::write(&about, text).map_err(Error::io("write", &about))?;
        let model = CommandModel { params: self.params.clone(), imputer, folder };
        model.call(frame, Some(labels))?;
        Ok(model)
    }
}

/// What names a model's folder; the numbers of the process and of the model follow.
const FOLDER: &str = "pretick-model-";

/// An empty folder that only this user can read; what dead processes left is removed before the first.
fn model_folder() -> Result<Temporary> {
    static SWEPT: Once = Once::new();
    let all = std::env::temp_dir();
    SWEPT.call_once(|| remove_left(&all, is_model_folder));
    let names = (0..MOST_MODELS).map(|n| all.join(format!("{FOLDER}{}-{n}", std::process::id())));
    let made = Temporary::create(names, make_private_folder);
    made.map(|(folder, ())| folder).map_err(Error::io("create a folder in", &all))
}

fn is_model_folder(name: &str) -> bool {
    let parts = name.strip_prefix(FOLDER).and_then(|rest| rest.split_once('-'));
    let numbers = |(process, model): (&str, &str)| process.parse::<u32>().is_ok() && model.parse::<u32>().is_ok();
    parts.is_some_and(numbers)
}

/// Most models of one process at a time.
const MOST_MODELS: u32 = 10_000;

/// Ends all programs that run, and lets no other begin: to be called by a process that ends at once after it.
pub fn kill_all() {
    #[cfg(unix)]
    group::kill_all();
}

/// The training view's outcomes, both of them.
fn labels(view: &LenderView) -> Result<Vec<bool>> {
    let labels = view.labels.as_deref().ok_or_else(|| Error::Fit("the training view has no labels".into()))?;
    let (rows, bad) = (view.rows(), labels.iter().filter(|y| **y).count());
    if rows == 0 {
        return Err(Error::Fit("the training view has no rows".into()));
    }
    if labels.len() != rows {
        return Err(Error::Fit(format!("{rows} rows but {} labels", labels.len())));
    }
    if bad == 0 || bad == rows {
        let which = if bad == 0 { "none" } else { "all" };
        return Err(Error::Fit(format!("{which} of the {rows} training rows defaulted: both outcomes are needed")));
    }
    Ok(labels.to_vec())
}

impl Scorer<LenderView> for Command {
    fn fit(&self, view: &LenderView, _: &mut Ledger) -> Result<Box<dyn Fitted<LenderView>>> {
        Ok(Box::new(self.learn(view)?))
    }
}

impl Fitted<LenderView> for CommandModel {
    fn score(&self, view: &LenderView) -> Result<Vec<f64>> {
        self.imputer.check(view)?;
        if view.rows() == 0 {
            return Ok(Vec::new());
        }
        self.call(self.imputer.complete(view), None)
    }
}

impl CommandModel {
    /// Fits (with labels) or scores.
    #[cfg(unix)]
    fn call(&self, frame: Frame, labels: Option<Vec<bool>>) -> Result<Vec<f64>> {
        let (p, rows) = (&self.params, frame.rows());
        let (verb, seconds, key) = match labels {
            Some(_) => ("fit", p.fit_timeout, "lender.command.fit_timeout"),
            None => ("score", p.score_timeout, "lender.command.score_timeout"),
        };
        let name = format!("{} {verb}", p.line());
        let answer = labels.is_none().then(|| table::longest_answer(rows));
        let memory = p.memory.map(|mib| mib.saturating_mul(1 << 20));
        let call = process::Call { name: &name, seconds, key, memory, answer };
        let mut command = std::process::Command::new(&p.program);
        command.args(&p.args).arg(verb).arg(self.folder.path());
        command.env("PRETICK_PROTOCOL", "1").env("PRETICK_FORMAT", p.format.word());
        let format = p.format.clone();
        let write = move |out: &mut dyn Write| write_table(&format, out, &frame, labels.as_deref());
        let said = process::call(&call, &mut command, write)?;
        if answer.is_none() {
            return Ok(Vec::new());
        }
        read_answer(&p.format, &said, rows).map_err(|wrong| Error::Scorer(format!("`{name}`: {wrong}")))
    }

    #[cfg(not(unix))]
    fn call(&self, _: Frame, _: Option<Vec<bool>>) -> Result<Vec<f64>> {
        Err(Error::Scorer("lender.scorer = \"command\" needs a Unix system (Linux, macOS, BSD)".into()))
    }
}

fn write_table(format: &TableFormat, out: &mut dyn Write, frame: &Frame, labels: Option<&[bool]>) -> io::Result<()> {
    match format {
        #[cfg(feature = "arrow")]
        TableFormat::Arrow => arrow::write(out, frame, labels),
        _ => table::write_csv(out, frame, labels),
    }
}

fn read_answer(format: &TableFormat, answer: &[u8], rows: usize) -> std::result::Result<Vec<f64>, String> {
    match format {
        #[cfg(feature = "arrow")]
        TableFormat::Arrow => arrow::read(answer, rows),
        _ => table::read_csv(answer, rows),
    }
}
