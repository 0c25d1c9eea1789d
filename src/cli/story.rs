//! `pretick story`: one person's way through a replication.

use super::input::{DataArgs, OneArgs, histories, may_score, people_fit_in_memory};
use super::{complain, remark, say};
use crate::error::{Error, Result};
use crate::experiment::story::{check, story};
use crate::experiment::{Histories, loadings_for};
use crate::population::Loadings;
use crate::report::Overwrite;
use crate::report::output::{FileTarget, write_whole};
use crate::report::plots::{self, png};
use crate::report::story::tell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct StoryArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Whose story: a number from 0
    #[arg(long, value_name = "N")]
    person: u64,
    /// Picture to write: .svg or .png [default: both, story-N.svg and story-N.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace another picture of that name; the same one may always be written again
    #[arg(long)]
    force: bool,
    /// Threads; 0 takes one per core
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    pub(super) threads: usize,
}

pub(super) fn story_of(args: &StoryArgs) -> Result<ExitCode> {
    let loaded = args.one.load()?;
    may_score(&loaded)?;
    let s = &loaded.scenario;
    let (source, _) = histories(&loaded, &args.data)?;
    people_fit_in_memory(&loaded, &source)?;
    check(s, &source, args.person)?;
    let targets = targets(args)?;
    let loadings = match source {
        Histories::Synthetic => loadings_for(s, &mut Vec::new()).map_err(|e| loaded.locate(e))?,
        Histories::Table(_) => Loadings::default(),
    };
    let told = story(s, &source, &loadings, args.one.replication, args.person)?;
    let cohort = match &source {
        Histories::Table(table) => Some(table.cohort_name(told.community)),
        Histories::Synthetic => None,
    };
    say(&tell(&told, s, cohort.as_deref()))?;
    if !loaded.sweep.is_empty() {
        complain("note: the scenario's sweep is left out; lay a point over it with --set");
    }
    match plots::story::draw(&told, &super::context::context(&loaded, &source))? {
        Some(plot) => {
            for (path, ending, target) in targets {
                let bytes = if ending == Ending::Svg { plot.svg.clone().into_bytes() } else { png(&plot.svg)? };
                write_whole(target, &bytes)?;
                complain(&format!("wrote {}", path.display()));
            }
        }
        None => complain("note: no picture, because the months of real histories are not known"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The pictures' places.
fn targets(args: &StoryArgs) -> Result<Vec<(PathBuf, Ending, FileTarget)>> {
    let paths = match &args.out {
        Some(path) => vec![path.clone()],
        None => ["svg", "png"].map(|ending| PathBuf::from(format!("story-{}.{ending}", args.person))).into(),
    };
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Same };
    let look = |path: PathBuf| {
        let (ending, target) = (ending(&path)?, FileTarget::check(&path, overwrite)?);
        remark(target.notes());
        Ok((path, ending, target))
    };
    paths.into_iter().map(look).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Svg,
    Png,
}

fn ending(path: &Path) -> Result<Ending> {
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(Ending::Svg),
        Some("png") => Ok(Ending::Png),
        _ => Err(Error::Other(format!("{}: the picture must end in .svg or .png", path.display()))),
    }
}
