//! Attribute inference: how well the lender can tell a person's sensitive spending, or income, from what an arm shows it.
//!
//! *Threat model.* The lender (or whoever bought its data) holds the bureau file of everybody and whatever the arm shows: raw
//! histories of those who share, noisy statistics of a person's cohort, randomised reports, a score. From a survey it knows the
//! attribute of `auxiliary` other persons, and learns from them, by logistic regression on public expansions, how what it sees
//! goes with the attribute; a history that shows the attribute is simply read. The attribute is a yes or no: above the
//! population's median or not.
//!
//! - baseline: the bureau file alone (imputation);
//! - control: the arm, but the person's own record kept out of it: not shared, left out of the cohort sum, not reported, not scored;
//! - attack: the arm as it is, whether the person shares or not.
//!
//! success = share of targets told right. A person who does not share is attacked like all others, so the risk of raw sharing is
//! about the share of persons whose history flows.
//!
//! For a model trained inside the platform the score is computed from the applicant's own record: this attack measures what
//! the score gives away at *scoring* time, which the ε of the training data does not cover.
//!
//! Limits: one survey of one size; a stronger learner might do better. With the applicant's bureau file left as it is, only what
//! the platform adds is counted.

use super::{Measured, Scene};
use crate::disclosure::{Disclosure, Halves, Shown};
use crate::error::{Error, Result};
use crate::evaluate::Emit;
use crate::params::{any, between};
use crate::privacy::Ledger;
use crate::scoring::{Fitted, Logistic, Scorer};
use crate::stats::logit;
use crate::stats::roc::Roc;
use crate::view::{Column, Frame, LenderView};

crate::params! {
    /// Attribute inference.
    pub struct AttributeParams {
        /// Persons whose attribute the attacker knows from a survey.
        pub auxiliary: u32 = 2_000, "persons", between(10.0, 1e7), "assumed";
        /// The sensitive column, of those that need consent; empty: the sensitive spending category, or the table's first column.
        pub column: String = String::new(), "", any(), "the category that the model marks as sensitive";
    }
}

/// Keeps the samples of this attack apart from those of others.
const SALT: u16 = 1;

/// What the attacker wants to know of each person: yes or no.
struct Secret<'a> {
    /// Name in the rows.
    name: &'static str,
    /// The column that shows it in a raw history.
    column: Option<&'a str>,
    /// Above it the answer is yes.
    threshold: f32,
    /// Of every person.
    truth: Vec<bool>,
}

/// Adds `attack.attribute.*` (the sensitive column) and `attack.income.*`: `accuracy`, `auc`, `risk`, `similarity`.
pub fn measure(params: &AttributeParams, targets: usize, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let (auxiliary, targets) = scene.samples(params.auxiliary as usize, targets, SALT);
    if targets.is_empty() || auxiliary.is_empty() {
        return Ok(());
    }
    let seen = Seen::of(scene, &auxiliary, &targets)?;
    for secret in [sensitive(params, scene)?, income(scene)].into_iter().flatten() {
        let of = |positions: &[u32]| -> Vec<bool> {
            scene.persons(positions).iter().map(|i| secret.truth[*i as usize]).collect()
        };
        let (known, truth) = (of(&auxiliary), of(&targets));
        if known.iter().all(|k| *k == known[0]) {
            continue;
        }
        let guess = seen.guesses(&secret, known)?;
        let rate = |p: &[f64]| p.iter().zip(&truth).filter(|(p, t)| (**p > 0.5) == **t).count() as f64 / p.len() as f64;
        let measured = |f: &dyn Fn(&[f64]) -> f64| Measured {
            attack: f(&guess.attack),
            baseline: f(&guess.baseline),
            control: f(&guess.control),
        };
        let accuracy = measured(&rate);
        accuracy.add(secret.name, "accuracy", emit);
        measured(&|p| Roc::new(p, &truth).auc()).add(secret.name, "auc", emit);
        accuracy.add_risk(secret.name, emit);
    }
    Ok(())
}

/// The sensitive column above its median; none where nobody or everybody is.
fn sensitive<'a>(params: &'a AttributeParams, scene: &Scene<'a>) -> Result<Option<Secret<'a>>> {
    let frame = &scene.people.platform;
    let named = |name: &str| {
        frame.index(name).ok_or_else(|| {
            let known: Vec<&str> = frame.columns().iter().map(|c| c.name.as_str()).collect();
            Error::Other(format!("attack.attribute.column: there is no column `{name}`; known: {}", known.join(", ")))
        })
    };
    let marked = || frame.columns().iter().position(|c| c.name.starts_with("share_sensitive")).unwrap_or(0);
    let j = if params.column.is_empty() { marked() } else { named(&params.column)? };
    if frame.width() == 0 {
        return Ok(None);
    }
    let values = frame.column(j);
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(&median) = sorted.get(sorted.len() / 2) else { return Ok(None) };
    let truth = values.iter().map(|v| *v > median).collect();
    Ok(Some(Secret { name: "attribute", column: Some(&frame.columns()[j].name), threshold: median, truth }))
}

/// Income in the upper five deciles; none where no income is known.
fn income<'a>(scene: &Scene<'a>) -> Option<Secret<'a>> {
    let decile = &scene.people.decile;
    let truth: Vec<bool> = decile.iter().map(|d| *d > 5).collect();
    (decile.iter().any(|d| *d > 0)).then_some(Secret { name: "income", column: None, threshold: 5.0, truth })
}

/// What the attacker sees of the auxiliary persons and of the targets.
struct Seen {
    auxiliary: LenderView,
    attack: LenderView,
    control: LenderView,
    baseline: LenderView,
    /// Whether a column of a history that is seen is the truth.
    exact: bool,
}

/// P(yes) of each target.
struct Guesses {
    attack: Vec<f64>,
    baseline: Vec<f64>,
    control: Vec<f64>,
}

impl Seen {
    fn of(scene: &Scene<'_>, auxiliary: &[u32], targets: &[u32]) -> Result<Self> {
        let halves = Halves { train: scene.persons(auxiliary), score: scene.persons(targets) };
        let (auxiliary, attack) = if matches!(scene.disclosure, Disclosure::TrainedInside(_)) {
            (scores(scene, auxiliary), scores(scene, targets))
        } else {
            views(scene, &halves, false)?
        };
        let control = if matches!(scene.disclosure, Disclosure::CohortAggregates(_)) {
            views(scene, &halves, true)?.1
        } else {
            hidden(&attack)
        };
        let nothing = Frame::zeros(Vec::new(), attack.rows());
        let baseline = LenderView { more: nothing, known: vec![false; attack.rows()], ..attack.clone() };
        let exact = matches!(scene.disclosure, Disclosure::Raw);
        Ok(Self { auxiliary, attack, control, baseline, exact })
    }

    /// Learns from the auxiliary persons, whose secret is `known`, and guesses that of the targets.
    fn guesses(&self, secret: &Secret<'_>, known: Vec<bool>) -> Result<Guesses> {
        let mut auxiliary = LenderView { labels: Some(known), ..self.auxiliary.clone() };
        let learnt = learn(&auxiliary)?;
        let mut attack = learnt.score(&self.attack)?;
        if let Some(j) = secret.column.filter(|_| self.exact).and_then(|name| self.attack.more.index(name)) {
            let column = self.attack.more.column(j);
            for ((p, x), seen) in attack.iter_mut().zip(column).zip(&self.attack.known) {
                if *seen {
                    *p = f64::from(u8::from(*x > secret.threshold));
                }
            }
        }
        let control = learnt.score(&self.control)?;
        auxiliary.more = Frame::zeros(Vec::new(), auxiliary.rows());
        auxiliary.known.fill(false);
        let baseline = learn(&auxiliary)?.score(&self.baseline)?;
        Ok(Guesses { attack, baseline, control })
    }
}

fn learn(view: &LenderView) -> Result<Box<dyn Fitted<LenderView>>> {
    Logistic::default().fit(view, &mut Ledger::new())
}

/// The arm's views of two sets of persons.
fn views(scene: &Scene<'_>, halves: &Halves, without_own_record: bool) -> Result<(LenderView, LenderView)> {
    match scene.shown(halves, without_own_record)? {
        Shown::Views(views) => Ok(*views),
        Shown::Scores(_) => Err(Error::Other("an arm that shows scores has no views".into())),
    }
}

/// The same persons, but their records did not take part.
fn hidden(view: &LenderView) -> LenderView {
    let mut out = view.clone();
    out.known.fill(false);
    (0..out.more.width()).for_each(|j| out.more.column_mut(j).fill(0.0));
    out
}

/// The bureau file and the score that the platform hands out.
fn scores(scene: &Scene<'_>, positions: &[u32]) -> LenderView {
    let column = Column::new("score", -10.0, 5.0).with_knots(&[-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
    let mut more = Frame::zeros(vec![column], positions.len());
    for (x, at) in more.column_mut(0).iter_mut().zip(positions) {
        *x = logit(scene.pd[*at as usize].clamp(1e-9, 1.0 - 1e-9)) as f32;
    }
    LenderView {
        always: scene.people.bureau.select(&scene.persons(positions)),
        more,
        known: vec![true; positions.len()],
        refusal_is_a_feature: false,
        labels: None,
    }
}
