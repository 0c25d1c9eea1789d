//! Attribute inference: how well the lender can tell a person's sensitive spending, late payments or income from what an arm
//! shows it.
//!
//! *Threat model.* The lender (or whoever bought its data) holds the bureau file of everybody and whatever the arm shows: raw
//! histories of those who share, noisy statistics of a person's cohort, randomised reports, a score; and what the histories,
//! reports or scores of others say of their neighbours. From a survey it knows the attribute of `auxiliary`
//! other persons, and learns from them, by logistic regression on public expansions, how what it sees goes with the attribute; a
//! history that shows the attribute is simply read. The attribute is a yes or no: above the population's median or not.
//!
//! - baseline: the bureau file alone (imputation);
//! - control: the arm, but the person's own record kept out of it: not shared, left out of the cohort sum, not reported, not scored;
//!   or the bureau file alone where that guesses better, for nobody is worse off for knowing more;
//! - attack: the arm as it is, whether the person shares or not.
//!
//! The attacker reads what is certain and says yes to those others that look most like it, to as many as the survey's share of
//! yes, or says the same of all of them, whichever does better; success = share of targets told right. Where next to nothing is
//! left to learn (a control above .95: a limit that the lender sees anyway) there is no risk to speak of, and no row. A person who does not share is attacked like all others, so the risk of raw sharing is
//! about the share of persons whose history flows.
//!
//! For a model trained inside the platform the score is computed from the applicant's own record: this attack measures what
//! the score gives away at *scoring* time, which the ε of the training data does not cover.
//!
//! Limits: one survey of one size; a stronger learner might do better. With the applicant's bureau file left as it is, only what
//! the platform adds is counted.

use super::exposed::of_most_exposed;
use super::nearby::Nearby;
use super::scene::column;
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
        pub auxiliary: u32 = 4_000, "persons", between(10.0, 1e7), "assumed";
        /// The sensitive column, of those that need consent; empty: the sensitive spending category, or the table's first column.
        pub attribute_column: String = String::new(), "", any(), "the category that the model marks as sensitive";
        /// The column that says how late a person pays; empty: the share of bills paid late, or the table's first column.
        pub lateness_column: String = String::new(), "", any(), "the feature that says most of repayment";
    }
}

/// Keeps the samples of this attack apart from those of others.
const SALT: u16 = 1;

/// The columns of synthetic histories that are the sensitive trait and the late payments.
const MARKED: [&str; 2] = ["share_sensitive", "late_share"];

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

/// Adds `attack.attribute.*` (the sensitive column), `attack.lateness.*` and `attack.income.*`: `accuracy`, `auc`, `risk`,
/// `similarity`, `risk_exposed` ([`exposed`](super::exposed)).
pub fn measure(params: &AttributeParams, targets: usize, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    let (auxiliary, targets) = scene.samples(params.auxiliary as usize, targets, SALT);
    if targets.is_empty() || auxiliary.is_empty() {
        return Ok(());
    }
    let seen = Seen::of(params, scene, &auxiliary, &targets)?;
    let secrets = [
        above_median("attribute", &params.attribute_column, MARKED[0], scene)?,
        above_median("lateness", &params.lateness_column, MARKED[1], scene)?,
        income(scene),
    ];
    let mut asked: Vec<&str> = Vec::new();
    for secret in secrets.into_iter().flatten() {
        if let Some(column) = secret.column {
            if asked.contains(&column) {
                // A table that names neither column: the same question again.
                continue;
            }
            asked.push(column);
            if !MARKED.contains(&column) {
                let word = if secret.name == "attribute" { "sensitive trait" } else { "late payments" };
                emit.note(format!(
                    "attacks: \"{word}\" is `{column}` above its median (attack.attribute.{}_column)",
                    secret.name
                ));
            }
        }
        let of = |positions: &[u32]| -> Vec<bool> {
            scene.persons(positions).iter().map(|i| secret.truth[*i as usize]).collect()
        };
        let (known, truth) = (of(&auxiliary), of(&targets));
        if known.iter().all(|k| *k == known[0]) {
            continue;
        }
        let share = known.iter().filter(|k| **k).count() as f64 / known.len() as f64;
        let guess = seen.guesses(&secret, known)?;
        let rate = |p: &[f64]| told_right(p, &truth, share);
        let measured = |f: &dyn Fn(&[f64]) -> f64| Measured {
            attack: f(&guess.attack),
            baseline: f(&guess.baseline),
            control: f64::max(f(&guess.control), f(&guess.baseline)),
        };
        let accuracy = measured(&rate);
        accuracy.add(secret.name, "accuracy", emit);
        measured(&|p| Roc::new(p, &truth).auc()).add(secret.name, "auc", emit);
        accuracy.add_risk(secret.name, emit);
        if let Some(exposed) = of_most_exposed(&guess.attack, [&guess.control, &guess.baseline], &truth) {
            exposed.add_risk_of("risk_exposed", secret.name, emit);
        }
    }
    Ok(())
}

/// A column that needs consent, above its median; none where there is no such column.
fn above_median<'a>(name: &'static str, wanted: &str, marked: &str, scene: &Scene<'a>) -> Result<Option<Secret<'a>>> {
    let frame = &scene.people.platform;
    let key = format!("attack.attribute.{name}_column");
    let Some(j) = column(wanted, frame, &key, marked)? else { return Ok(None) };
    let values = frame.column(j);
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(&threshold) = sorted.get(sorted.len() / 2) else { return Ok(None) };
    let truth = values.iter().map(|v| *v > threshold).collect();
    Ok(Some(Secret { name, column: Some(&frame.columns()[j].name), threshold, truth }))
}

/// Income in the upper five deciles; none where no income is known.
fn income<'a>(scene: &Scene<'a>) -> Option<Secret<'a>> {
    let decile = &scene.people.decile;
    let truth: Vec<bool> = decile.iter().map(|d| *d > 5).collect();
    (decile.iter().any(|d| *d > 0)).then_some(Secret { name: "income", column: None, threshold: 5.0, truth })
}

/// Share of targets told right by the better of two rules. The attacker reads what is certain (0 or 1) and says yes to that
/// `share` of the others whose P(yes) is highest, or says of all others what is commoner. A lottery settles ties; its expectation
/// is returned, so that a block of equal guesses does not turn over as a whole.
fn told_right(p: &[f64], truth: &[bool], share: f64) -> f64 {
    let certain = |p: f64| p <= 0.0 || p >= 1.0;
    let read = p.iter().zip(truth).filter(|(p, t)| certain(**p) && (**p >= 1.0) == **t).count() as f64;
    let mut order: Vec<(f64, bool)> = p.iter().copied().zip(truth.iter().copied()).filter(|g| !certain(g.0)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut left, mut right) = (libm::round(share * order.len() as f64), 0.0);
    let yes = order.iter().filter(|g| g.1).count();
    let same = if share > 0.5 { yes } else { order.len() - yes } as f64;
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        let (size, hits) = (tie.len() as f64, tie.iter().filter(|t| t.1).count() as f64);
        let said = (left / size).clamp(0.0, 1.0);
        right += hits * said + (size - hits) * (1.0 - said);
        left -= size * said;
    }
    (read + f64::max(right, same)) / p.len().max(1) as f64
}

/// What the attacker sees of the auxiliary persons and of the targets.
struct Seen {
    auxiliary: LenderView,
    attack: LenderView,
    control: LenderView,
    baseline: LenderView,
    /// The auxiliary persons' bureau file.
    bureau: Frame,
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
    fn of(params: &AttributeParams, scene: &Scene<'_>, auxiliary: &[u32], targets: &[u32]) -> Result<Self> {
        let halves = Halves { train: scene.persons(auxiliary), score: scene.persons(targets) };
        let (auxiliary, attack) = if matches!(scene.disclosure, Disclosure::TrainedInside(_)) {
            (scores(scene, auxiliary), scores(scene, targets))
        } else {
            views(scene, &halves, false)?
        };
        let peers = peers(params, scene)?;
        let beside = |view: LenderView, persons: &[u32]| LenderView {
            always: view.always.beside(&peers.select(persons)),
            ..view
        };
        let bureau = attack.always.clone();
        let (auxiliary, attack) = (beside(auxiliary, &halves.train), beside(attack, &halves.score));
        let control = if matches!(scene.disclosure, Disclosure::CohortAggregates(_)) {
            views(scene, &halves, true)?.1
        } else {
            hidden(&attack)
        };
        let nothing = Frame::zeros(Vec::new(), attack.rows());
        let known = vec![false; attack.rows()];
        let baseline = LenderView { always: bureau, more: nothing, known, ..attack.clone() };
        let exact = matches!(scene.disclosure, Disclosure::Raw);
        let bureau = scene.people.bureau.select(&halves.train);
        Ok(Self { auxiliary, attack, control, baseline, bureau, exact })
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
        auxiliary.always = self.bureau.clone();
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

/// One number a person that the lender sees of some: its name, its values, of whom.
struct Number {
    name: String,
    values: Vec<f64>,
    seen: Vec<bool>,
    width: f32,
}

/// What the arm shows of others, by community and district, without the person's own: of sharers the sensitive column and
/// lateness, of everybody the reports, of the scored half the scores. Cohort sums are of neighbours already.
fn peers(params: &AttributeParams, scene: &Scene<'_>) -> Result<Frame> {
    let persons = scene.people.len();
    let mut out: Vec<(Column, Vec<f64>)> = Vec::new();
    for shown in shown_of_others(params, scene)? {
        let nearby = Nearby::of(scene.people, &shown.values, &shown.seen);
        for (place, mean) in [("community", nearby.community), ("district", nearby.district)] {
            let name = format!("peers_{}_{place}", shown.name);
            out.push((Column::new(&name, -shown.width, shown.width).with_knots(&[0.0]), mean));
        }
    }
    let (columns, values): (Vec<Column>, Vec<Vec<f64>>) = out.into_iter().unzip();
    let mut frame = Frame::zeros(columns, persons);
    for (to, from) in frame.columns_mut().zip(&values) {
        to.iter_mut().zip(from).for_each(|(x, v)| *x = *v as f32);
    }
    Ok(frame)
}

fn shown_of_others(params: &AttributeParams, scene: &Scene<'_>) -> Result<Vec<Number>> {
    let (people, persons) = (scene.people, scene.people.len());
    let of = |frame: &Frame, j: usize, seen: Vec<bool>| {
        let column = &frame.columns()[j];
        let values = frame.column(j).iter().map(|x| if x.is_nan() { 0.0 } else { f64::from(*x) }).collect();
        Number { name: column.name.clone(), values, seen, width: column.hi - column.lo }
    };
    match scene.disclosure {
        Disclosure::Raw => {
            let mut out = Vec::new();
            for (key, wanted, marked) in [
                ("attribute", &params.attribute_column, "share_sensitive"),
                ("lateness", &params.lateness_column, "late_share"),
            ] {
                let key = format!("attack.attribute.{key}_column");
                if let Some(j) = column(wanted, &people.platform, &key, marked)? {
                    out.push(of(&people.platform, j, scene.choices.shares.clone()));
                }
            }
            Ok(out)
        }
        Disclosure::RandomisedResponse(_) => {
            let everybody = Halves { train: (0..persons as u32).collect(), score: Vec::new() };
            let reports = views(scene, &everybody, false)?.0.more;
            Ok((0..reports.width()).map(|j| of(&reports, j, vec![true; persons])).collect())
        }
        Disclosure::TrainedInside(_) => {
            let (mut values, mut seen) = (vec![0.0; persons], vec![false; persons]);
            for (i, pd) in scene.halves.score.iter().zip(scene.pd) {
                values[*i as usize] = logit(pd.clamp(1e-9, 1.0 - 1e-9));
                seen[*i as usize] = true;
            }
            Ok(vec![Number { name: "score".into(), values, seen, width: 10.0 }])
        }
        Disclosure::Nothing | Disclosure::CohortAggregates(_) => Ok(Vec::new()),
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
pub(super) fn scores(scene: &Scene<'_>, positions: &[u32]) -> LenderView {
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

#[cfg(test)]
mod tests {
    use super::super::test_world::{World, emit, value, world};
    use super::*;
    use crate::consent::Form;
    use crate::disclosure::CohortAggregatesParams;
    use crate::evaluate::Row;

    fn rows(world: &World, disclosure: &Disclosure, epsilon: Option<f64>, pd: &[f64]) -> Vec<Row> {
        let mut out = emit();
        measure(&AttributeParams::default(), 4_000, &world.scene(disclosure, epsilon, pd), &mut out).unwrap();
        out.rows
    }

    /// Against all ways of settling the ties.
    #[test]
    fn ties_count_by_the_expectation_of_a_lottery() {
        let truth = [true, false, true, true, false, false];
        let p = [0.9, 0.5, 0.5, 0.5, 0.5, 0.1];
        // Two more of the four that tie are told yes: six ways.
        let mut mean = 0.0;
        for a in 1..5 {
            for b in a + 1..5 {
                let said = |i: usize| i == 0 || i == a || i == b;
                mean += (0..6).filter(|i| said(*i) == truth[*i]).count() as f64 / 6.0 / 6.0;
            }
        }
        assert!((told_right(&p, &truth, 0.5) - mean).abs() < 1e-12);
        assert_eq!(told_right(&p, &truth, 0.0), 0.5);
        // Ranked the wrong way round, saying no to all is better than two guesses of ten.
        let rare = [false, false, false, false, false, false, false, false, true, true];
        let turned: Vec<f64> = (0..10).map(|i| 0.3 - 0.02 * f64::from(i)).collect();
        assert_eq!(told_right(&turned, &rare, 0.2), 0.8);
        assert_eq!(told_right(&[0.9, 0.1], &[true, false], 0.5), 1.0);
        assert_eq!(told_right(&[1.0, 1.0, 0.0], &[true, true, false], 0.1), 1.0, "what is certain needs no share");
    }

    #[test]
    fn a_history_that_is_shared_is_read() {
        let rows = rows(&world(6_400, 0.15, 0.05, &Form::Mandatory), &Disclosure::Raw, None, &[]);
        for name in ["attribute", "lateness"] {
            assert_eq!(value(&rows, &format!("attack.{name}.accuracy")), 1.0);
            assert_eq!(value(&rows, &format!("attack.{name}.risk")), 1.0);
        }
        let income = value(&rows, "attack.income.accuracy");
        assert!((0.8..1.0).contains(&income), "income is inferred from spending, not read: {income}");
    }

    /// Without correlation neighbours say nothing: control and baseline are two guesses without knowledge, whose difference on
    /// 3,000 targets has a standard error below .013: |similarity| < .13 at 5 σ (α < 1e-6). With ρ_c = .9 and exact sums it is
    /// above .15.
    #[test]
    fn similarity_needs_a_correlation() {
        let params = CohortAggregatesParams::default();
        let arm = Disclosure::CohortAggregates(params);
        let similarity = |rho| {
            let rows = rows(&world(9_600, rho, 0.0, &Form::Nobody), &arm, Some(f64::INFINITY), &[]);
            value(&rows, "attack.lateness.similarity")
        };
        let (none, much) = (similarity(0.0), similarity(0.9));
        assert!(none.abs() < 0.13, "{none}");
        assert!(much > 0.15, "{much}");
    }

    /// A score that is the attribute itself gives it away; a score without any does not.
    #[test]
    fn a_score_gives_away_what_it_is_made_of() {
        let world = world(6_400, 0.0, 0.0, &Form::Nobody);
        let j = world.people.platform.index("late_share_24m").unwrap();
        let late = world.people.platform.column(j);
        let pd: Vec<f64> = world.halves.score.iter().map(|i| 0.01 + 0.5 * f64::from(late[*i as usize])).collect();
        let arm = Disclosure::TrainedInside(crate::disclosure::TrainedInsideParams::default());
        let risk = |pd: &[f64]| value(&rows(&world, &arm, Some(0.1), pd), "attack.lateness.risk");
        assert!(risk(&pd) > 0.9);
        assert!(risk(&vec![0.03; pd.len()]).abs() < 0.05);
    }

    #[test]
    fn an_unknown_column_is_named() {
        let world = world(640, 0.0, 0.0, &Form::Mandatory);
        let params = AttributeParams { attribute_column: "share_sensitiv".into(), ..AttributeParams::default() };
        let error = measure(&params, 100, &world.scene(&Disclosure::Raw, None, &[]), &mut emit()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("attack.attribute.attribute_column") && text.contains("share_sensitive_24m"), "{text}");
    }
}
