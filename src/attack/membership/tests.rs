//! α = 1e-6 a test unless it says otherwise: [`Z`] standard errors, two-sided.

use super::*;
use crate::consent::Choices;
use crate::disclosure::{CohortAggregatesParams, Halves, RandomisedResponseParams, Shown, TrainedInsideParams};
use crate::lending::{LenderParams, ScorerChoice};
use crate::population::{
    ApplicantsParams, HistoriesParams, Loadings, OutcomeParams, People, PopulationParams, simulate,
};
use crate::privacy::NoiseMode;
use crate::rng::{Purpose, Streams};
use crate::stats::logistic;
use crate::view::{Column, Frame};
use std::sync::Arc;

pub(super) const Z: f64 = 4.9;

pub(super) fn people(n: usize) -> Vec<Entity> {
    (0..n as u64).map(Entity::Person).collect()
}

/// AUC and true-positive rate at .1 % of scores.
pub(super) fn figures(scores: &[f64], game: &Game) -> [f64; 2] {
    let outcome = Outcome::of(scores, game);
    [outcome.auc, outcome.at(0.001).map_or(f64::NAN, |r| r.value)]
}

pub(super) fn game(persons: usize, shadows: usize) -> Game {
    Game::new(&people(persons), shadows, Streams::new(11, 0), 1)
}

pub(super) fn normal(i: usize, month: usize) -> f64 {
    Streams::new(3, 1).normal(Entity::Person(i as u64), month as u16, Purpose::Outcome)
}

/// A scorer that takes no notice of its members: a person's own level and fresh noise.
pub(super) fn deaf(n: usize) -> impl Fn(usize, &[u32]) -> Result<Vec<f64>> + Sync {
    move |shadow, _| Ok((0..n).map(|i| logistic(2.0 * normal(i, 0) - 2.0 + normal(i, 1 + shadow))).collect())
}

/// Whether an AUC of one half is within its own error of these scores.
pub(super) fn like_a_coin(scores: &[f64], game: &Game) -> bool {
    let o = Outcome::of(scores, game);
    (o.auc - 0.5).abs() <= Z * o.auc_error
}

#[test]
fn everybody_is_in_half_of_the_models_whoever_else_plays() {
    for (n, asked, shadows) in [(40, 8, 8), (40, 9, 8), (7, 64, 64), (3, 150, 150)] {
        let g = game(n, asked);
        assert_eq!((g.persons(), g.shadows()), (n, shadows));
        for i in 0..n {
            assert!((0..shadows / 2).all(|p| g.member()[2 * p * n + i] != g.member()[(2 * p + 1) * n + i]));
        }
    }
    let (few, many) = (game(20, 64), game(500, 64));
    assert!((0..64).all(|s| few.member()[s * 20..][..20] == many.member()[s * 500..][..20]));
    // Members of one model, and those that it shares with another, are as many as coins would give: 250 ± 5.6·√125 and 125 ± 5.6·√94.
    let shared =
        |s: usize, t: usize| (0..500).filter(|i| many.member()[s * 500 + i] && many.member()[t * 500 + i]).count();
    for s in (0..64).step_by(2) {
        assert!(shared(s, s).abs_diff(250) < 63 && many.members(s).len() == shared(s, s));
        assert!((0..s).all(|t| shared(s, t).abs_diff(125) < 55));
    }
    assert_ne!(few, Game::new(&people(20), 64, Streams::new(11, 0), 2));
}

/// Λ in its own words: for each score, means and squares over the models of the other pairs, gathered anew.
fn textbook(phi: &[f64], member: &[bool], n: usize) -> Vec<f64> {
    let shadows = phi.len() / n;
    let one = |at: usize| {
        let (s, i) = (at / n, at % n);
        let side = |want: bool| -> Vec<f64> {
            (0..shadows).filter(|t| t / 2 != s / 2 && member[t * n + i] == want).map(|t| phi[t * n + i]).collect()
        };
        let (out, inside) = (side(false), side(true));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let squares = |v: &[f64]| v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>();
        let variance = (squares(&out) + squares(&inside)) / (out.len() + inside.len() - 2) as f64;
        ((phi[at] - mean(&out)).powi(2) - (phi[at] - mean(&inside)).powi(2)) / (2.0 * variance)
    };
    (0..phi.len()).map(one).collect()
}

#[test]
fn the_ratio_is_the_textbooks() {
    for (n, shadows) in [(5, 8), (30, 12), (3, 64)] {
        let g = game(n, shadows);
        let phi = g.play(&vec![false; n], deaf(n)).unwrap();
        for (a, b) in lira(&phi, &g).iter().zip(textbook(&phi, g.member(), n)) {
            assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} against {b}");
        }
    }
    assert!(lira(&[], &game(0, 8)).is_empty());
    assert!(lira(&[0.3; 32], &game(4, 8)).iter().all(|l| *l == 0.0), "no luck, no ratio");
}

/// Also where luck has heavy tails and is shared by all persons. The twin leaves out the victim alone: with 8 models its side's
/// mean of 3 is off more than the other's of 4.
#[test]
fn a_scorer_that_takes_no_notice_is_a_coin() {
    for (n, shadows) in [(20_000, 8), (1_000, 64)] {
        let g = game(n, shadows);
        let phi = g.play(&vec![false; n], deaf(n)).unwrap();
        assert!(like_a_coin(&lira(&phi, &g), &g));
        assert!(like_a_coin(&phi, &g));
        let wild: Vec<f64> =
            phi.iter().enumerate().map(|(at, x)| x.powi(3) + 5.0 * normal(at / n, 900).powi(3)).collect();
        assert!(like_a_coin(&lira(&wild, &g), &g));
    }
    let (n, shadows) = (20_000, 8);
    let g = game(n, shadows);
    let phi = g.play(&vec![false; n], deaf(n)).unwrap();
    let alone = |at: usize| {
        let from_others = |want: bool| -> f64 {
            let of = (0..shadows).filter(|t| *t != at / n && g.member()[t * n + at % n] == want);
            let of: Vec<f64> = of.map(|t| phi[t * n + at % n]).collect();
            (phi[at] - of.iter().sum::<f64>() / of.len() as f64).powi(2)
        };
        from_others(false) - from_others(true)
    };
    let alone: Vec<f64> = (0..phi.len()).map(alone).collect();
    assert!(!like_a_coin(&alone, &g) && Outcome::of(&alone, &g).auc < 0.5);
}

#[test]
fn a_lookup_table_is_seen_through_and_permuted_members_are_not() {
    let (n, shadows) = (500, 64);
    let g = game(n, shadows);
    let outcome: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
    let remembers = |shadow: usize, members: &[u32]| {
        let mut pd: Vec<f64> = (0..n).map(|i| logistic(normal(i, 1 + shadow))).collect();
        for m in members {
            pd[*m as usize] = if outcome[*m as usize] { 0.9999 } else { 0.0001 };
        }
        Ok(pd)
    };
    let phi = g.play(&outcome, remembers).unwrap();
    for statistic in [lira, shrunk_lira] {
        let o = Outcome::of(&statistic(&phi, &g), &g);
        assert!(o.auc > 0.999 && o.advantage > 0.99 && o.accuracy > 0.99 && o.at(0.001).unwrap().value > 0.99);
    }
    assert!(Outcome::of(&phi, &g).auc > 0.999);
    let permuted = Game::new(&people(n), shadows, Streams::new(11, 0), 2);
    assert!(like_a_coin(&lira(&phi, &permuted), &permuted));
    assert!(like_a_coin(&shrunk_lira(&phi, &permuted), &permuted));
    assert!(like_a_coin(&phi, &permuted));
}

/// The error that is stated is the one that is seen: over 300 pools (AUC − ½)/error is standard normal, its variance
/// within 4.9 standard errors, also where all scores of a person agree. The twin takes each score for a draw of its own.
#[test]
fn errors_are_those_of_persons_drawn() {
    let (n, shadows) = (200, 16);
    let (mut square, mut naive) = (0.0, 0.0);
    for pool in 0..300 {
        let g = Game::new(&people(n), shadows, Streams::new(5, pool), 1);
        // A person's own liking for being found, the same in all models.
        let liking = |i: usize| Streams::new(6, pool).normal(Entity::Person(i as u64), 0, Purpose::Outcome);
        let score =
            |at: usize| liking(at % n) * if g.member()[at] { 1.0 } else { -1.0 } + 0.1 * normal(at, pool as usize);
        let scores: Vec<f64> = (0..n * shadows).map(score).collect();
        let o = Outcome::of(&scores, &g);
        let half = (n * shadows / 2) as f64;
        square += ((o.auc - 0.5) / o.auc_error).powi(2) / 300.0;
        naive += (o.auc - 0.5).powi(2) * 12.0 * half * half / (2.0 * half + 1.0) / 300.0;
    }
    let bound = Z * (2.0f64 / 300.0).sqrt();
    assert!((square - 1.0).abs() < bound, "{square}");
    assert!((naive - 1.0).abs() > bound, "{naive}");
}

#[test]
fn hits_are_counted_where_there_are_enough_scores_and_their_interval_is_that_of_persons() {
    let g = game(100, 64);
    // One person in ten is always found, the others never.
    let found = |at: usize| f64::from(u8::from(at % 100 < 10 && g.member()[at])) + 1e-6 * coin(at);
    let o = Outcome::of(&(0..6_400).map(found).collect::<Vec<f64>>(), &g);
    assert_eq!(o.at(0.001), Err((3_200, 10_000)));
    let rate = o.at(0.01).unwrap();
    let persons = crate::stats::binomial::clopper_pearson(11, 100, 0.05);
    assert!(
        (rate.value - 0.11).abs() < 0.01 && (rate.lo - persons.0).abs() < 0.02 && (rate.hi - persons.1).abs() < 0.02
    );
}

fn coin(i: usize) -> f64 {
    Streams::new(3, 2).uniform(Entity::Person(i as u64), 0, Purpose::Outcome)
}

/// The best threshold of a coin's scores looks better than a coin; counted on the other half it does not.
#[test]
fn luck_does_not_flatter_the_accuracy() {
    let g = game(50, 8);
    let o = Outcome::of(&(0..400).map(coin).collect::<Vec<f64>>(), &g);
    // 400 guesses: 4.9 standard errors of .025.
    assert!((o.accuracy - 0.5).abs() < 0.1225, "{}", o.accuracy);
    assert!(o.advantage > 0.0);
    let mean = (0..400u32).map(|k| {
        let g = Game::new(&people(50), 8, Streams::new(12, k), 1);
        let scores: Vec<f64> = (0..400).map(|at| coin(at + 400 * k as usize)).collect();
        let o = Outcome::of(&scores, &g);
        (o.accuracy, 0.5 + 0.5 * o.advantage)
    });
    let (accuracy, flattered) = mean.fold((0.0, 0.0), |a, b| (a.0 + b.0 / 400.0, a.1 + b.1 / 400.0));
    // 400 times 400 guesses; the error of each is at most doubled by the common threshold.
    assert!((accuracy - 0.5).abs() < Z * 2.0 * 0.025 / 20.0, "{accuracy}");
    assert!(flattered > 0.51, "{flattered}");
}

/// A small world for whole arms.
struct Stage {
    people: People,
    halves: Halves,
    choices: Choices,
    lender: LenderParams,
}

impl Stage {
    fn new(n: usize) -> Self {
        let population = PopulationParams { persons: n as u64, ..PopulationParams::default() };
        let outcome = OutcomeParams { base_default_rate: 0.2, ..OutcomeParams::default() };
        let applicants = ApplicantsParams::default();
        let (histories, loadings) = (HistoriesParams::default(), Loadings::default());
        let people =
            simulate(&population, &histories, &outcome, &applicants, &loadings, Streams::new(1, 0), 0, n).unwrap();
        let halves = Halves { train: Vec::new(), score: (0..n as u32).collect() };
        let choices = Choices { noticed: vec![true; n], shares: (0..n).map(|i| i % 2 == 0).collect() };
        Self { people, halves, choices, lender: LenderParams::default() }
    }

    fn scene<'a>(&'a self, disclosure: &'a Disclosure, epsilon: Option<f64>) -> Scene<'a> {
        Scene {
            people: &self.people,
            halves: &self.halves,
            choices: &self.choices,
            pd: &[],
            disclosure,
            third_parties: 1,
            lender: &self.lender,
            epsilon,
            streams: Streams::new(4, 0),
            noise: NoiseMode::Seeded,
            release: 3 << 32 | 1,
        }
    }

    /// Rows and notes of one arm.
    fn measured(&self, disclosure: &Disclosure, epsilon: Option<f64>, members: u32, shadows: u32) -> Emit {
        let mut emit = Emit {
            arm: Arc::from("arm"),
            epsilon,
            sweep: Arc::from([]),
            replication: 0,
            rows: Vec::new(),
            notes: Vec::new(),
        };
        measure(&MembershipParams { members, shadows }, &self.scene(disclosure, epsilon), &mut emit).unwrap();
        emit
    }
}

fn value(emit: &Emit, metric: &str) -> f64 {
    emit.rows.iter().find(|r| *r.metric == *metric).map_or(f64::NAN, |r| r.value)
}

fn trained_inside() -> Disclosure {
    Disclosure::TrainedInside(TrainedInsideParams::default())
}

fn sums(delta: f64) -> Disclosure {
    Disclosure::CohortAggregates(CohortAggregatesParams { delta, ..CohortAggregatesParams::default() })
}

fn reports() -> Disclosure {
    Disclosure::RandomisedResponse(RandomisedResponseParams::default())
}

#[test]
fn every_arm_that_releases_has_rows_and_its_controls_are_coins() {
    let stage = Stage::new(2_000);
    for (arm, epsilon) in [
        (Disclosure::Raw, None),
        (trained_inside(), Some(1e3)),
        (sums(0.0), Some(1e3)),
        (sums(1e-6), Some(1e3)),
        (reports(), Some(8.0)),
    ] {
        let emit = stage.measured(&arm, epsilon, 200, 64);
        // 400 controls with 64 scores, by the error of independent scores: widened by half for what they share.
        let error = 1.5 * Z * 0.0036;
        let name = if matches!(arm, Disclosure::RandomisedResponse(_)) { "report" } else { "membership" };
        let value = |emit: &Emit, metric: &str| value(emit, &metric.replace("membership.", &format!("{name}.")));
        let control = value(&emit, "attack.membership.auc.control");
        assert!((control - 0.5).abs() < error, "{} {control}", arm.word());
        let person = value(&emit, "attack.membership.auc_person");
        let (lo, hi) =
            (value(&emit, "attack.membership.auc_person.lo"), value(&emit, "attack.membership.auc_person.hi"));
        // 400 controls with 32 comparisons: a standard error of .0044.
        let nothing = value(&emit, "attack.membership.auc_person.control");
        assert!(
            lo <= person && person <= hi && (nothing - 0.5).abs() < Z * 0.0044,
            "{} {person} {nothing}",
            arm.word()
        );
        assert!(lo > 0.5 && value(&emit, "attack.membership.auc_person.baseline") == 0.5, "{} {lo}", arm.word());
        let (auc, risk) = (value(&emit, "attack.membership.auc"), value(&emit, "attack.membership.risk"));
        assert!(auc > 0.5 + error && risk > 0.0, "{} {auc} {risk}", arm.word());
        assert!(value(&emit, "attack.membership.tpr_at_0.01.lo") <= value(&emit, "attack.membership.tpr_at_0.01"));
        assert_eq!(value(&emit, "attack.membership.tpr_at_0.01.baseline"), 0.01);
        let scorer = matches!(arm, Disclosure::Raw | Disclosure::TrainedInside(_));
        assert_eq!(value(&emit, "attack.membership_loss.auc").is_nan(), !scorer);
        assert_eq!(
            value(&emit, "attack.membership_worst.auc").is_nan(),
            !matches!(arm, Disclosure::CohortAggregates(_))
        );
        // 200·64 = 12,800 scores of non-members: enough for .1 %.
        assert!(emit.notes.is_empty() && !value(&emit, "attack.membership.tpr_at_0.001").is_nan());
    }
    assert!(stage.measured(&Disclosure::Nothing, None, 200, 64).rows.is_empty());
}

#[test]
fn little_epsilon_is_a_coin_and_much_is_not() {
    let stage = Stage::new(2_000);
    for arm in [trained_inside(), sums(0.0), sums(1e-6), reports()] {
        let name = if matches!(arm, Disclosure::RandomisedResponse(_)) { "report" } else { "membership" };
        let auc = |epsilon| value(&stage.measured(&arm, Some(epsilon), 100, 32), &format!("attack.{name}.auc"));
        let error = 1.5 * Z * 0.0073;
        // A fit on a hundred persons is drawn towards its prior by noise long before ε is small.
        let (little, much) = (auc(0.01), auc(1e5));
        assert!((little - 0.5).abs() < error, "{}: {little}", arm.word());
        assert!(much > 0.5 + 2.0 * error, "{}: {much}", arm.word());
    }
}

/// A person whose part is as large as the bound and one noisy number: the best attack gains exactly 1 − e^(−ε/2) by the
/// Laplace distribution. Half the noise, the twin, gains what 2ε allows.
#[test]
fn an_insider_learns_from_a_sum_what_epsilon_allows_and_all_of_it() {
    let mut stage = Stage::new(2_000);
    let mut platform = Frame::zeros(vec![Column::new("late_share_6m", 0.0, 1.0)], 2_000);
    platform.column_mut(0)[1000..].fill(1.0);
    stage.people.platform = platform;
    stage.people.cohort_sizes_public = true;
    let gain =
        |epsilon: f64| value(&stage.measured(&sums(0.0), Some(epsilon), 400, 64), "attack.membership_worst.advantage");
    for epsilon in [0.5, 1.0, 2.0f64] {
        let want = 1.0 - (-epsilon / 2.0).exp();
        // 51,200 scores; the largest difference of two distribution functions is off by less than 4.9·√(2/25,600)/2 + .005.
        let within = |gain: f64| (gain - want).abs() < 0.027;
        assert!(within(gain(epsilon)), "ε = {epsilon}: {} not {want}", gain(epsilon));
        assert!(!within(gain(2.0 * epsilon)));
    }
}

/// Same members, another shadow: other scores. The twin shares one draw of noise among all shadows, gives the same scores and
/// another AUC than what is reported.
#[test]
fn every_shadow_has_noise_of_its_own() {
    let stage = Stage::new(2_000);
    let arm = trained_inside();
    let scene = stage.scene(&arm, Some(16.0));
    let field = Field::of(&MembershipParams { members: 150, shadows: 16 }, &scene);
    let outcome: Vec<bool> = field.persons.iter().map(|i| stage.people.default[*i as usize]).collect();
    let scores = |members: &[u32], key: u64| {
        let halves = Halves { train: field.pick(members), score: field.persons.clone() };
        match scene.shown_again(&halves, false, key) {
            Ok(Shown::Scores(pd)) => Ok(pd),
            _ => Err(Error::Other("no scores".into())),
        }
    };
    let members = field.pool.members(0);
    let one = scores(&members, scorers::release(&scene, 0)).unwrap();
    assert_ne!(one, scores(&members, scorers::release(&scene, 1)).unwrap());
    assert_ne!(one, scores(&members, scene.release).unwrap());
    let auc = |key: &(dyn Fn(usize) -> u64 + Sync)| {
        let phi = field.pool.play(&outcome, |shadow, members| scores(members, key(shadow)));
        let (pool, _) = field.cut(&phi.unwrap());
        Outcome::of(&shrunk_lira(&pool, &field.pool), &field.pool).auc
    };
    let measured = value(&stage.measured(&arm, Some(16.0), 150, 16), "attack.membership.auc");
    assert_eq!(measured, auc(&|s| scorers::release(&scene, s)));
    assert_ne!(measured, auc(&|_| scene.release));
    let keys: std::collections::BTreeSet<u64> = (0..64).map(|s| scorers::release(&scene, s)).collect();
    assert!(keys.len() == 64 && !keys.contains(&scene.release));
}

/// What was not imputed is refitted from the fit on all: to the same scores as fitted anew.
#[test]
fn a_faster_fit_is_the_same_fit() {
    let mut stage = Stage::new(2_000);
    stage.choices.shares.fill(true);
    let scene = stage.scene(&Disclosure::Raw, None);
    let field = Field::of(&MembershipParams { members: 150, shadows: 8 }, &scene);
    let halves = Halves { train: Vec::new(), score: field.persons.clone() };
    let Ok(Shown::Views(views)) = scene.shown(&halves, false) else { unreachable!("views") };
    let outcome: Vec<bool> = field.persons.iter().map(|i| stage.people.default[*i as usize]).collect();
    let fast = scorers::raw_phi(&scene, &field, &views.1, &outcome).unwrap();
    // Not known of one control, so that all is fitted anew: of the others the history is as it was.
    let mut other = views.1.clone();
    let last = other.rows() - 1;
    other.known[last] = false;
    let anew = scorers::raw_phi(&scene, &field, &other, &outcome).unwrap();
    let n = field.persons.len();
    let off = fast.iter().zip(&anew).enumerate().filter(|(at, _)| at % n != last).map(|(_, (a, b))| (a - b).abs());
    let off = off.fold(0.0, f64::max);
    assert!(off > 0.0 && off < 1e-3, "{off}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let stage = Stage::new(800);
    for (arm, epsilon) in
        [(Disclosure::Raw, None), (trained_inside(), Some(2.0)), (sums(0.0), Some(1.0)), (reports(), Some(1.0))]
    {
        let rows = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| stage.measured(&arm, epsilon, 80, 8)).rows
        };
        assert_eq!(format!("{:?}", rows(1)), format!("{:?}", rows(3)));
    }
}

#[test]
fn what_is_left_out_is_said_once() {
    let mut stage = Stage::new(800);
    let emit = stage.measured(&Disclosure::Raw, None, 100, 8);
    assert!(value(&emit, "attack.membership.tpr_at_0.01").is_nan() && !value(&emit, "attack.membership.auc").is_nan());
    assert_eq!(emit.notes.len(), 2, "{:?}", emit.notes);
    assert!(emit.notes[0].contains("takes 10000 scores of non-members, there are 800"), "{}", emit.notes[0]);
    for scorer in [ScorerChoice::Command, ScorerChoice::Onnx] {
        stage.lender.scorer = scorer;
        let emit = stage.measured(&Disclosure::Raw, None, 100, 8);
        assert!(emit.rows.is_empty() && emit.notes.len() == 1 && emit.notes[0].contains("not fitted again"));
    }
    stage.lender.scorer = ScorerChoice::Logistic;
    stage.people.default.fill(false);
    let emit = stage.measured(&Disclosure::Raw, None, 100, 8);
    assert!(emit.rows.is_empty() && emit.notes[0].contains("both outcomes are needed"), "{:?}", emit.notes);
}

/// Copies of one person (a table resampled) would be IN and OUT at once.
#[test]
fn no_person_plays_twice() {
    let mut stage = Stage::new(800);
    stage.people.origin = (0..800).map(|i| i / 2).collect();
    let scene = stage.scene(&Disclosure::Raw, None);
    let field = Field::of(&MembershipParams { members: 500, shadows: 8 }, &scene);
    let mut who: Vec<u32> = field.persons.iter().map(|i| i / 2).collect();
    let n = who.len();
    who.sort_unstable();
    who.dedup();
    assert!(who.len() == n && n > 100 && field.pool.persons() * 2 == n);
}
