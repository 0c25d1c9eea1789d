//! `pretick story`: one person's way through a replication.

use super::input::{DataArgs, OneArgs, histories, may_score};
use super::{complain, say, with_threads};
use crate::error::{Error, Result};
use crate::experiment::story::{check, story};
use crate::experiment::{Histories, loadings_for};
use crate::population::Loadings;
use crate::report::Overwrite;
use crate::report::file::write_whole;
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
    /// Picture to write or replace: .svg or .png [default: both, story-N.svg and story-N.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Threads; 0 takes one per core
    #[arg(long, default_value_t = 0, value_parser = super::thread_count)]
    threads: usize,
}

pub(super) fn story_of(args: &StoryArgs) -> Result<ExitCode> {
    let loaded = args.one.load()?;
    may_score(&loaded)?;
    let s = &loaded.scenario;
    let (source, _) = histories(&loaded, &args.data)?;
    check(s, &source, args.person)?;
    let targets = match &args.out {
        Some(path) => vec![path.clone()],
        None => ["svg", "png"].map(|ending| PathBuf::from(format!("story-{}.{ending}", args.person))).into(),
    };
    for path in &targets {
        ending(path)?;
    }
    let told = with_threads(args.threads, || {
        let loadings = match source {
            Histories::Synthetic => loadings_for(s, &mut Vec::new()).map_err(|e| loaded.locate(e))?,
            Histories::Table(_) => Loadings::default(),
        };
        story(s, &source, &loadings, args.one.replication, args.person)
    })?;
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
            for path in &targets {
                let bytes = if ending(path)? == Ending::Svg { plot.svg.clone().into_bytes() } else { png(&plot.svg)? };
                write_whole(path, &bytes, Overwrite::Replace)?;
                complain(&format!("wrote {}", path.display()));
            }
        }
        None => complain("note: no picture, because the months of real histories are not known"),
    }
    Ok(ExitCode::SUCCESS)
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
