//! What few shadow models find, with pooling and without.

use super::tests::{Z, deaf, game, like_a_coin, normal, people};
use super::{Game, Outcome, PerPerson, lira, shrunk_lira};
use crate::rng::{Entity, Purpose, Streams};
use crate::scoring::{Logistic, LogisticParams, Scorer};
use crate::stats::logistic;
use crate::view::{Column, Frame, LenderView};

type Statistic = fn(&[f64], &Game) -> Vec<f64>;

/// AUC by all models, and the mean AUC by 8 of them at a time: of the same persons in the same models.
pub(super) fn many_and_few(phi: &[f64], game: &Game, statistic: Statistic) -> [f64; 2] {
    let auc = |models: std::ops::Range<usize>| {
        let part = game.part(models.clone());
        let n = game.persons();
        Outcome::of(&statistic(&phi[models.start * n..models.end * n], &part), &part).auc
    };
    let blocks = game.shadows() / 8;
    [auc(0..game.shadows()), (0..blocks).map(|b| auc(8 * b..8 * b + 8)).sum::<f64>() / blocks as f64]
}

/// 8 shadow models find within .005 of what 64 find, by 4.9 standard errors over pools, and no less than 64 find of each
/// person alone. Without pooling they fall short by more: the fault that this catches.
pub(super) fn eight_are_as_good(what: &str, pools: &[(Vec<f64>, Game)]) {
    let count = pools.len() as f64;
    let mean = |found: &[[f64; 2]], k: usize| found.iter().map(|f| f[k]).sum::<f64>() / count;
    let by = |statistic: Statistic| -> ([f64; 2], f64, f64) {
        let found: Vec<_> = pools.iter().map(|(phi, game)| many_and_few(phi, game, statistic)).collect();
        let (many, few) = (mean(&found, 0), mean(&found, 1));
        let squares: f64 = found.iter().map(|f| (f[0] - f[1] - many + few).powi(2)).sum();
        ([many, few], many - few, libm::sqrt(squares / (count - 1.0) / count))
    };
    let ((pooled, gap, error), (alone, gap_alone, _)) = (by(shrunk_lira), by(lira));
    println!("{what}: 64 and 8 shadows {pooled:.4?}, apart {gap:.4} ± {error:.4}; each person alone {alone:.4?}");
    assert!(gap.abs() + Z * error < 0.005, "{what}: {gap} ± {error}");
    assert!(pooled[1] > alone[0] - 0.005 && pooled[0] > alone[0] - 0.001, "{what}: {pooled:?}, alone {alone:?}");
    assert!(gap_alone > 0.01, "{what}: the twin passes, {alone:?}");
}

/// Persons whose outcome depends on 3 of `width` columns, scored by a logistic regression of all on half of them.
fn overfitted(persons: usize, width: usize, pool: u32) -> (Vec<f64>, Game) {
    let streams = Streams::new(77, pool);
    let who = |i: usize| Entity::Person(i as u64);
    let columns: Vec<Column> = (0..width).map(|j| Column::new(&format!("x{j}"), -10.0, 10.0)).collect();
    let mut x = Frame::zeros(columns, persons);
    for j in 0..width {
        let column = x.column_mut(j).iter_mut().enumerate();
        column.for_each(|(i, x)| *x = streams.normal(who(i), j as u16, Purpose::Outcome) as f32);
    }
    let log_odds = |i: usize| 0.5 * (0..3).map(|j| f64::from(x.column(j)[i])).sum::<f64>() - 1.2;
    let bad: Vec<bool> =
        (0..persons).map(|i| streams.uniform(who(i), 900, Purpose::Outcome) < logistic(log_odds(i))).collect();
    let view = |rows: &[u32], labels: bool| LenderView {
        always: x.select(rows),
        more: Frame::zeros(Vec::new(), rows.len()),
        known: vec![false; rows.len()],
        refusal_is_a_feature: false,
        labels: labels.then(|| rows.iter().map(|i| bad[*i as usize]).collect()),
    };
    let everybody: Vec<u32> = (0..persons as u32).collect();
    let game = Game::new(&people(persons), 64, streams, 1);
    let scorer = Logistic::new(LogisticParams { ridge: 0.1 });
    let fit = |_: usize, members: &[u32]| {
        scorer.fit(&view(members, true), &mut crate::privacy::Ledger::new())?.score(&view(&everybody, false))
    };
    (game.play(&bad, fit).unwrap(), game)
}

#[test]
fn eight_shadows_find_what_64_find_of_an_overfitted_scorer() {
    let pools: Vec<_> = (0..4).map(|pool| overfitted(400, 40, pool)).collect();
    eight_are_as_good("overfitted logistic", &pools);
}

/// The proof in the module's page: IN and OUT exchanged in all other pairs turns every Λ of a pair round. The twin takes an absolute value.
#[test]
fn the_ratio_is_odd_in_the_halves_of_the_others() {
    let (n, shadows) = (60, 10);
    let g = game(n, shadows);
    let phi = g.play(&vec![false; n], deaf(n)).unwrap();
    for pair in 0..shadows / 2 {
        let mut exchanged = phi.clone();
        for other in (0..shadows / 2).filter(|p| *p != pair) {
            exchanged[2 * other * n..2 * (other + 1) * n].rotate_left(n);
        }
        for statistic in [lira, shrunk_lira] {
            let of = |phi: &[f64]| statistic(phi, &g)[2 * pair * n..2 * (pair + 1) * n].to_vec();
            let turned = |a: f64, b: f64| (a + b).abs() <= 1e-7 * (1.0 + a.abs());
            let (a, b) = (of(&phi), of(&exchanged));
            assert!(a.iter().zip(&b).all(|(a, b)| turned(*a, *b)));
            assert!(!a.iter().zip(&b).all(|(a, b)| turned(a.abs(), b.abs())));
        }
    }
}

/// Also where luck has heavy tails and is shared by all persons.
#[test]
fn a_scorer_that_takes_no_notice_is_a_coin_to_pooling() {
    for (n, shadows) in [(20_000, 8), (1_000, 64)] {
        let g = game(n, shadows);
        let phi = g.play(&vec![false; n], deaf(n)).unwrap();
        let wild = phi.iter().enumerate().map(|(at, x)| x.powi(3) + 5.0 * normal(at / n, 900).powi(3)).collect();
        for phi in [phi, wild] {
            let scores = shrunk_lira(&phi, &g);
            assert!(like_a_coin(&scores, &g));
            let own = PerPerson::of(&scores, &g);
            assert!((own.auc - 0.5).abs() <= Z * own.error, "{own:?}");
        }
    }
    assert!(shrunk_lira(&[], &game(0, 8)).is_empty());
    assert!(shrunk_lira(&[0.3; 32], &game(4, 8)).iter().all(|l| *l == 0.0), "no luck, no ratio");
}

/// One person in two is moved by 2 s, the others not at all: no pooling knows who. With 64 models the person's own slope is
/// weighed in full; with 8 pooling costs nothing. Catches a ρ that stays at 0.
#[test]
fn slopes_of_their_own_are_found_where_models_are_many() {
    let n = 1_000;
    let g = game(n, 64);
    let moved = |i: usize| normal(i, 901) > 0.0;
    let phi: Vec<f64> = (0..64 * n)
        .map(|at| {
            let i = at % n;
            1.0 + 1.5 * normal(i, 0) + 0.5 * normal(i, 1 + at / n) + f64::from(u8::from(moved(i) && g.member()[at]))
        })
        .collect();
    let (pooled, alone) = (many_and_few(&phi, &g, shrunk_lira), many_and_few(&phi, &g, lira));
    assert!(pooled[0] > alone[0] - 0.003 && pooled[1] > alone[1] - 0.003, "{pooled:?}, alone {alone:?}");
}

/// Everybody is moved by one standard deviation of their luck, and persons differ by six: one threshold for all finds .55, a person's own
/// the .76 = Φ(1/√2) that a person's own scores hold. Permuted members are a coin to both.
#[test]
fn one_threshold_for_all_finds_less_than_each_persons_own() {
    let n = 1_000;
    let g = game(n, 64);
    let level = |at: usize| 3.0 * normal(at % n, 0) + 0.5 * normal(at % n, 1 + at / n);
    let scores: Vec<f64> = (0..64 * n).map(|at| level(at) + 0.5 * f64::from(u8::from(g.member()[at]))).collect();
    let (pooled, own) = (Outcome::of(&scores, &g), PerPerson::of(&scores, &g));
    assert!(pooled.auc_interval().1 < 0.6 && own.interval().0 > 0.7);
    // 32,000 comparisons, independent of each other.
    assert!((own.auc - crate::stats::normal_cdf(std::f64::consts::FRAC_1_SQRT_2)).abs() < Z * own.error, "{own:?}");
    assert!(own.error < 0.003, "{own:?}");
    let permuted = Game::new(&people(n), 64, Streams::new(11, 0), 2);
    let coin = PerPerson::of(&scores, &permuted);
    assert!((coin.auc - 0.5).abs() < Z * coin.error && coin.error > 0.0, "{coin:?}");
}
