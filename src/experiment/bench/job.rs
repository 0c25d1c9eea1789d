//! One fit: its scores, its metrics, what it cost.

use super::contender::{Contender, Kind};
use super::sample::Parts;
use super::{Done, Plan, Releases};
use crate::disclosure::exact_records;
use crate::error::{Error, Result};
use crate::evaluate::{calibration_slope, losses, ranking};
use crate::lending::LenderParams;
use crate::privacy::accountant::SideBySide;
use crate::privacy::{Budget, Ledger, Noise, NoiseMode};
use crate::rng::{Streams, mix};
use crate::scoring::dp_quality::{Estimated, Quality};
use crate::scoring::{Scorer, dp_scorer};
use std::sync::Arc;

/// What a stretch of work took.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Wall time.
    pub seconds: f64,
    /// Time of all processors together; NaN where the system does not say.
    pub cpu_seconds: f64,
    /// By how much the peak of resident memory grew, in MB (10⁶ bytes); NaN where the system does not say.
    pub peak_memory_mb: f64,
}

/// Reads the clock: only the command line may.
pub trait Meter: Sync {
    /// Runs `work` and says what it took.
    fn measure(&self, work: &mut dyn FnMut()) -> Usage;
}

/// One fit to be done.
#[derive(Clone, Debug)]
pub struct Job {
    /// Position of the scorer in the list.
    pub scorer: usize,
    /// ε; `None` for a scorer without privacy.
    pub epsilon: Option<f64>,
    /// Seed, from 0.
    pub seed: u32,
    /// Fold, from 0.
    pub fold: u32,
}

/// Everything that the jobs of a fold share.
pub struct Stand<'a> {
    /// The lender's parameters.
    pub lender: &'a LenderParams,
    /// The plan.
    pub plan: &'a Plan,
    /// The views.
    pub parts: &'a Parts,
    /// Streams of the seed.
    pub streams: Streams,
    /// The clock; `None` leaves all that is measured by it out.
    pub meter: Option<&'a dyn Meter>,
}

/// Does a job. A fit that fails is a result, too: `failed` = 1 and the reason. The only error is an interruption.
pub fn attend(contender: &Contender, job: &Job, stand: &Stand<'_>) -> Result<Done> {
    let name: Arc<str> = Arc::from(contender.name.as_str());
    let mut done = Done {
        scorer: name,
        epsilon: job.epsilon,
        seed: job.seed,
        fold: job.fold,
        values: Vec::new(),
        notes: Vec::new(),
        failure: None,
        releases: None,
    };
    let mut ledger = Ledger::new();
    let result = match &contender.kind {
        Kind::Lender(choice) => {
            if choice.learns() {
                ledger.enter(exact_records(stand.parts.lender_train.rows()));
            }
            let scorer = stand.lender.scorer_of(choice);
            fit_and_score(&*scorer, &stand.parts.lender_train, &stand.parts.lender_test, &mut ledger, stand)
        }
        Kind::Private(choice, params) => {
            let noise = Noise::new(NoiseMode::Seeded, stand.streams, release(&contender.name, job));
            Budget::new(job.epsilon.unwrap_or(f64::INFINITY), stand.plan.delta).and_then(|budget| {
                let scorer = dp_scorer(choice, params, budget, noise);
                fit_and_score(&*scorer, &stand.parts.platform_train, &stand.parts.platform_test, &mut ledger, stand)
            })
        }
    };
    let spent = ledger.spent(stand.plan.delta);
    let measured = result.and_then(|found| metrics(&found, stand.parts).map(|values| (found, values)));
    match measured {
        Ok((found, values)) => {
            done.values = values;
            done.values.push(("epsilon_spent".into(), spent.epsilon));
            done.values.push(("delta_spent".into(), spent.delta));
            done.values.extend(found.usage);
            done.values.extend(found.quality);
            done.notes = found.notes;
            if !contender.learns() {
                done.values.iter_mut().filter(|(name, _)| **name == *"persons_train").for_each(|(_, n)| *n = 0.0);
            }
        }
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(e) => {
            done.values = vec![("failed".into(), 1.0)];
            done.failure = Some(e.to_string());
        }
    }
    if job.seed == 0 && job.fold == 0 && contender.is_private() {
        let releases = Releases {
            scorer: contender.name.clone(),
            epsilon: job.epsilon,
            epsilon_spent: spent.epsilon,
            delta_spent: spent.delta,
            accountants: side_by_side(&ledger, stand.plan.delta),
            entries: ledger.entries().to_vec(),
        };
        done.releases = serde_json::to_value(releases).ok();
    }
    Ok(done)
}

/// What a fit left.
struct Found {
    pd: Vec<f64>,
    train: usize,
    usage: Vec<(Arc<str>, f64)>,
    notes: Vec<String>,
    quality: Vec<(Arc<str>, f64)>,
}

/// What a release of the model would say of it, as values of the job.
fn said(quality: &Quality) -> Vec<(Arc<str>, f64)> {
    let all = [("auc", quality.auc), ("calibration", quality.calibration), ("log_loss_saved", quality.saved)];
    let ends = |(name, e): (&str, Option<Estimated>)| {
        let named = move |end: &str, v: f64| (Arc::from(format!("paid_{name}{end}")), v);
        e.map(|e| [named("", e.value), named("_lo", e.lo), named("_hi", e.hi)])
    };
    all.into_iter().filter_map(ends).flatten().collect()
}

fn fit_and_score<V: View>(
    scorer: &dyn Scorer<V>,
    train: &V,
    test: &V,
    ledger: &mut Ledger,
    stand: &Stand<'_>,
) -> Result<Found> {
    let mut usage = Vec::new();
    let missing = || Error::Other("the meter did not run the work".into());
    let mut fitted = None;
    let fit = timed(stand.meter, &mut || fitted = Some(scorer.fit(train, ledger)));
    let fitted = fitted.ok_or_else(missing)??;
    let mut scored = None;
    let score = timed(stand.meter, &mut || scored = Some(fitted.score(test)));
    let pd = scored.ok_or_else(missing)??;
    if pd.len() != test.persons() || pd.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Error::Other("the scorer gave values that are no probabilities, one a person".into()));
    }
    if let (Some(fit), Some(score)) = (fit, score) {
        usage.push(("fit_seconds".into(), fit.seconds));
        usage.push(("fit_cpu_seconds".into(), fit.cpu_seconds));
        usage.push(("score_persons_per_second".into(), test.persons() as f64 / score.seconds));
        usage.push(("peak_memory_mb".into(), fit.peak_memory_mb));
    }
    let quality = fitted.quality().map_or_else(Vec::new, said);
    Ok(Found { pd, train: train.persons(), usage, notes: fitted.notes(), quality })
}

fn timed(meter: Option<&dyn Meter>, work: &mut dyn FnMut()) -> Option<Usage> {
    if let Some(meter) = meter {
        Some(meter.measure(work))
    } else {
        work();
        None
    }
}

/// What both kinds of views have.
trait View {
    fn persons(&self) -> usize;
}

impl View for crate::view::LenderView {
    fn persons(&self) -> usize {
        self.rows()
    }
}

impl View for crate::view::PlatformView {
    fn persons(&self) -> usize {
        self.features.rows()
    }
}

/// Quality on the test part.
fn metrics(found: &Found, parts: &Parts) -> Result<Vec<(Arc<str>, f64)>> {
    let (pd, bad) = (&found.pd, &parts.bad);
    let everybody: Vec<u32> = (0..pd.len() as u32).collect();
    let (auc, ks) = ranking(pd, bad);
    let (brier, log_loss) = losses(pd, bad, &everybody)?;
    let rate = bad.iter().filter(|b| **b).count() as f64 / bad.len() as f64;
    let mean = pd.iter().sum::<f64>() / pd.len() as f64;
    Ok([
        ("auc", auc),
        ("ks", ks),
        ("brier", brier),
        ("log_loss", log_loss),
        ("calibration_slope", calibration_slope(pd, bad, &everybody)),
        ("calibration_in_the_large", mean - rate),
        ("persons_train", found.train as f64),
        ("persons_test", pd.len() as f64),
    ]
    .map(|(name, value)| (Arc::from(name), value))
    .to_vec())
}

/// The same entries by every accountant.
fn side_by_side(ledger: &Ledger, delta: f64) -> Vec<SideBySide> {
    let kinds = ledger.spent(delta).by_guarantee;
    kinds.iter().filter_map(|g| ledger.side_by_side(g.trust, g.neighbouring, delta)).collect()
}

/// Numbers the noise of a fit by scorer, ε and fold (the seed has streams of its own): who else takes part changes nothing.
fn release(name: &str, job: &Job) -> u64 {
    let text = name.bytes().fold(name.len() as u64, |h, b| mix(h ^ u64::from(b).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let epsilon = job.epsilon.unwrap_or(f64::INFINITY).to_bits();
    mix(mix(mix(text) ^ epsilon).wrapping_add(u64::from(job.fold) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_fits_share_noise() {
        let job = |epsilon, fold| Job { scorer: 0, epsilon, seed: 0, fold };
        let mut seen = std::collections::BTreeSet::new();
        for name in ["dp-logistic", "dp-scorecard", "auto"] {
            for epsilon in [0.1, 0.5, 1.0, f64::INFINITY] {
                for fold in 0..10 {
                    // The stream keeps 56 bits of the number.
                    assert!(seen.insert(release(name, &job(Some(epsilon), fold)) << 8));
                }
            }
        }
    }
}
