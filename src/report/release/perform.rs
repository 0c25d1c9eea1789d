//! One release in the only order in which nothing can be read that has not been paid for.
//!
//! | step | on the disk | if the process ends, or fails, here |
//! |---|---|---|
//! | ask the system for randomness | nothing | nothing was spent |
//! | make the temporary folder | an empty folder | nothing was spent; the folder is removed by the next release into this place |
//! | enter as begun, with all of (ε, δ); sync file and folder | the entry | entered: a crash counts as spent; a failure takes it back |
//! | draw | nothing new | spent, unless it failed before it asked for noise |
//! | write and sync the public files | the temporary folder | spent; the next release names what is left |
//! | rename the folder into its place, sync | the public folder | published and paid for |
//! | mark the entry as published | the mark | published and paid for: the folder's ledger says so |
//!
//! The charge is the budget that was asked for, as a whole: further queries within it, such as an estimate of quality, need
//! nothing here but their entries in the release's ledger.

use super::draft::{self, leftovers};
use super::persons::Persons;
use super::register::{Known, State};
use super::registers::{CutOff, Registers};
use super::{PublicLedger, files};
use crate::error::{Error, Result};
use crate::experiment::release::{Asked, Release};
use crate::privacy::{Noise, System};
use crate::report::output::Draft;
use rand::TryRng;
use std::path::{Path, PathBuf};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The folder to be published.
    pub out: &'a Path,
    /// The arm's name.
    pub arm: &'a str,
    /// The whole budget.
    pub budget: Asked,
}

/// What was published.
#[derive(Debug)]
pub struct Done {
    /// Where it stands.
    pub folder: PathBuf,
    /// What was released.
    pub release: Release,
    /// All releases, this one last.
    pub ledger: PublicLedger,
    /// What those inside should know of the disk.
    pub notes: Vec<String>,
}

/// Runs a release. `draw` is called once, with the source of its noise, after it has been paid for; `stop` says whether the user
/// asked to stop.
pub fn perform(
    order: Order<'_>,
    registers: &mut Registers,
    persons: Persons,
    (earlier, cut_off): (PublicLedger, &[CutOff]),
    draw: impl FnOnce(Noise) -> Result<Release>,
    stop: &dyn Fn() -> bool,
) -> Result<Done> {
    System::ready()?;
    let id = name()?;
    known_leftovers(order.out, registers)?;
    let draft = draft::begin(order.out)?;
    if stop() {
        return Err(Error::Interrupted);
    }
    registers.begin(&Known {
        id: id.clone(),
        folder: draft.target().display().to_string(),
        epsilon: order.budget.epsilon,
        delta: order.budget.delta.unwrap_or(0.0),
        state: State::Begun,
        arm: order.arm.to_owned(),
        unfinished: draft.temporary().display().to_string(),
        persons,
    })?;
    let noise = Noise::of_a_release();
    let release = match draw(noise.clone()) {
        Err(e) if !noise.may_have_drawn() => {
            registers.take_back().map_err(|again| spent(&format!("{e}; {again}"), &id, order, registers))?;
            return Err(e);
        }
        drawn => drawn.map_err(|e| spent(&e.to_string(), &id, order, registers))?,
    };
    let mut ledger = earlier;
    for lost in cut_off {
        ledger.add_cut_off(&lost.known);
    }
    ledger.add(&release, id.clone());
    let published = if stop() { Err(Error::Other("interrupted".into())) } else { publish(draft, &release, &ledger) };
    let (folder, mut notes) = published.map_err(|e| spent(&e.to_string(), &id, order, registers))?;
    let own = ledger.costs().last().map_or((0.0, 0.0), |c| (c.1, c.2));
    if let Err(e) = registers.published(own) {
        notes.push(format!(
            "the release is published and paid for, but its entry could not be marked as published: {e}"
        ));
    }
    Ok(Done { folder, release, ledger, notes })
}

/// The name of a release: random, so that it says nothing and is there before the draw.
fn name() -> Result<String> {
    System::new().try_next_u64().map(|n| format!("{n:016x}"))
}

/// Refuses to write beside an unfinished release that no register here knows: it may be a release that nobody counted.
fn known_leftovers(out: &Path, registers: &Registers) -> Result<()> {
    match leftovers(out)?.iter().find(|folder| !registers.know(folder)) {
        None => Ok(()),
        Some(folder) => Err(Error::Other(format!(
            "{} is left of a release that was cut off and that is not in {}: if it is about these people it has to be counted. Give the \
             register that lists it with --register; a folder whose files nobody has read may be removed",
            folder.display(),
            registers.main()
        ))),
    }
}

fn publish(draft: Draft, release: &Release, ledger: &PublicLedger) -> Result<(PathBuf, Vec<String>)> {
    for (name, bytes) in files(release, ledger)? {
        draft.write(name, |out| out.write_all(&bytes))?;
    }
    let folder = draft.target().to_owned();
    Ok((folder, draft::publish(draft)?))
}

/// What went wrong after noise may have been drawn.
fn spent(what: &str, id: &str, order: Order<'_>, registers: &Registers) -> Error {
    let delta = order.budget.delta.map_or_else(String::new, |d| format!(", δ = {d}"));
    Error::Other(format!(
        "{what}\n  nothing was published, but noise may have been drawn: ε = {}{delta} stay spent, as release {id} in {}. The next release \
         about these people counts them by itself",
        order.budget.epsilon,
        registers.main()
    ))
}
