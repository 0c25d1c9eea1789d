//! What declared trends cost: the same fit with a column's trend not enforced, on the same splits.
//!
//! A column map may declare that the PD rises or falls with a column. Scorecards and boosted trees keep to it, whether the
//! data agree or not. Here each declared trend is freed in turn, and all of them at once, and the AUC and the log-loss of
//! the test part are compared with those of the fit that keeps to all. Nothing of it is private.

use super::sample::Parts;
use super::{Bench, Contender, Done, Kind, Sample, splits};
use crate::error::{Error, Result};
use crate::evaluate::{losses, ranking};
use crate::experiment::Observer;
use crate::lending::ScorerChoice;
use crate::privacy::Ledger;
use crate::rng::Streams;
use crate::scoring::Scorer;
use crate::view::{Column, LenderView, Trend};
use rayon::prelude::*;
use std::sync::Arc;

/// What changed on one split when trends were not enforced.
#[derive(Clone, Debug, PartialEq)]
pub struct Freed {
    /// Scorer.
    pub scorer: Arc<str>,
    /// The column whose trend was freed, with that trend; `None`: all of them at once.
    pub column: Option<(String, Trend)>,
    /// Seed.
    pub seed: u32,
    /// Fold.
    pub fold: u32,
    /// AUC without less AUC with.
    pub auc: f64,
    /// Log-loss without less log-loss with.
    pub log_loss: f64,
}

/// One split as the lender sees it.
#[derive(Clone, Copy)]
pub struct Halves<'a> {
    /// Learnt from.
    pub train: &'a LenderView,
    /// Scored.
    pub test: &'a LenderView,
    /// Outcomes of those.
    pub bad: &'a [bool],
}

/// What is done on a fold, named by seed and number.
type Work<'a> = dyn FnMut((u32, u32), &Parts) -> Result<()> + 'a;

/// Makes the scorer that is fitted.
pub type Maker<'a> = dyn Fn() -> Box<dyn Scorer<LenderView>> + Sync + 'a;

/// Columns with a declared trend.
pub fn declared(view: &LenderView) -> Vec<(String, Trend)> {
    let all = view.always.columns().iter().chain(view.more.columns());
    all.filter(|c| is_declared(c)).map(|c| (c.name.clone(), c.trend)).collect()
}

fn is_declared(column: &Column) -> bool {
    matches!(column.trend, Trend::Rising | Trend::Falling)
}

/// Whether a scorer keeps to declared trends.
pub fn keeps_to_trends(choice: &ScorerChoice) -> bool {
    matches!(choice, ScorerChoice::Scorecard | ScorerChoice::Boosting)
}

/// The view with one column's trend free, or all.
fn without(view: &LenderView, name: Option<&str>) -> LenderView {
    let free = |c: &Column| {
        let freed = is_declared(c) && name.is_none_or(|name| c.name == name);
        if freed { c.clone().with_trend(Trend::Free) } else { c.clone() }
    };
    LenderView { always: view.always.redescribed(free), more: view.more.redescribed(free), ..view.clone() }
}

/// (AUC, log-loss) on the test part.
pub fn quality(scorer: &Maker<'_>, halves: Halves<'_>) -> Result<(f64, f64)> {
    let pd = scorer().fit(halves.train, &mut Ledger::new())?.score(halves.test)?;
    let everybody: Vec<u32> = (0..pd.len() as u32).collect();
    Ok((ranking(&pd, halves.bad).0, losses(&pd, halves.bad, &everybody)?.1))
}

/// What freeing all trends and each one changes on one split, against the `kept` (AUC, log-loss) of the fit that keeps to all. A fit
/// that fails has no value.
pub fn freed(
    name: &Arc<str>,
    scorer: &Maker<'_>,
    halves: Halves<'_>,
    kept: (f64, f64),
    (seed, fold): (u32, u32),
) -> Vec<Freed> {
    let columns = declared(halves.train);
    // One trend alone is all of them.
    let all = (columns.len() > 1).then_some(None);
    let wanted: Vec<Option<(String, Trend)>> = all.into_iter().chain(columns.into_iter().map(Some)).collect();
    let one = |column: &Option<(String, Trend)>| {
        let name_of = column.as_ref().map(|c| c.0.as_str());
        let (train, test) = (without(halves.train, name_of), without(halves.test, name_of));
        let (auc, log_loss) = quality(scorer, Halves { train: &train, test: &test, ..halves }).ok()?;
        let (auc, log_loss) = (auc - kept.0, log_loss - kept.1);
        Some(Freed { scorer: Arc::clone(name), column: column.clone(), seed, fold, auc, log_loss })
    };
    wanted.par_iter().filter_map(one).collect()
}

impl Bench<'_> {
    /// What declared trends cost on the first `most` splits, for the scorers that keep to them; `done` is what the bench gave.
    pub fn trend_costs(&self, done: &[Done], most: usize, observer: &dyn Observer) -> Result<Vec<Freed>> {
        let chosen: Vec<(&Contender, &ScorerChoice)> = self
            .contenders
            .iter()
            .filter_map(|c| match &c.kind {
                Kind::Lender(choice) if keeps_to_trends(choice) => Some((c, choice)),
                _ => None,
            })
            .collect();
        let mut out = Vec::new();
        if chosen.is_empty() || most == 0 {
            return Ok(out);
        }
        let folds = (0..self.plan.seeds).flat_map(|seed| (0..self.plan.folds).map(move |fold| (seed, fold))).take(most);
        let folds: Vec<(u32, u32)> = folds.collect();
        let work = folds.len() * chosen.len();
        self.each_fold(&folds, &mut |at, parts| {
            let halves = Halves { train: &parts.lender_train, test: &parts.lender_test, bad: &parts.bad };
            if declared(halves.train).is_empty() {
                return Ok(());
            }
            for (contender, choice) in &chosen {
                if observer.cancelled() {
                    return Err(Error::Interrupted);
                }
                let name: Arc<str> = Arc::from(contender.name.as_str());
                if let Some(kept) = kept(done, &name, at) {
                    out.extend(freed(&name, &|| self.scenario.lender.scorer_of(choice), halves, kept, at));
                }
            }
            Ok(())
        })?;
        observer.progress(work, work);
        out.sort_by_key(|f: &Freed| chosen.iter().position(|(c, _)| *c.name == *f.scorer));
        Ok(out)
    }

    /// Calls `work` on each of these folds, in order.
    fn each_fold(&self, folds: &[(u32, u32)], work: &mut Work<'_>) -> Result<()> {
        let loadings = self.loadings()?;
        let mut sample: Option<Sample> = None;
        for of_seed in folds.chunk_by(|a, b| a.0 == b.0) {
            let seed = of_seed[0].0;
            let streams = Streams::new(self.scenario.seed, seed);
            let persons = self.persons(&mut sample, &loadings, streams)?;
            let all = splits(&persons.bad, &persons.key, streams, self.plan.cut());
            for at in of_seed {
                if let Some(split) = all.get(at.1 as usize) {
                    work(*at, &Parts::new(persons, split))?;
                }
            }
        }
        Ok(())
    }
}

/// (AUC, log-loss) of a fit that keeps to all trends.
fn kept(done: &[Done], scorer: &str, (seed, fold): (u32, u32)) -> Option<(f64, f64)> {
    let fit = done.iter().find(|d| *d.scorer == *scorer && (d.seed, d.fold) == (seed, fold))?;
    let value = |name: &str| fit.values.iter().find(|(metric, _)| **metric == *name).map(|(_, v)| *v);
    value("auc").zip(value("log_loss"))
}
