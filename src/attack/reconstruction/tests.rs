use super::super::linkage::fixture::{Fixture, emit, value};
use super::*;
use crate::population::{ApplicantsParams, HistoriesParams, Loadings, OutcomeParams, PopulationParams, simulate};
use crate::privacy::NoiseMode;
use crate::rng::{Draws, Streams};
use ndarray::Array2;

const N: usize = 400;

fn draws(i: u64) -> Draws {
    Streams::new(41, 0).draws(Entity::Nation(i), 0, Purpose::Attack)
}

/// 400 bits, 22 % ones.
fn bits(repeat: u64) -> Vec<bool> {
    let streams = Streams::new(42, repeat as u32);
    (0..N as u64).map(|i| streams.uniform(Entity::Person(i), 0, Purpose::Attack) < 0.22).collect()
}

/// Mean share of bits told right from m = 4n counts with normal noise of σ = c·√n.
fn told(c: f64, lambda: f64) -> f64 {
    let runs = 12;
    let one = |repeat: u64| {
        let (truth, streams) = (bits(repeat), Streams::new(43, repeat as u32));
        let sets = Sets::draw(4 * N, N, &mut draws(repeat));
        let sigma = c * libm::sqrt(N as f64);
        let noisy = |(i, count): (usize, i64)| {
            count as f64 + sigma * streams.normal(Entity::Person(i as u64), 1, Purpose::Attack)
        };
        let y: Vec<f64> = sets.counts(&truth).into_iter().enumerate().map(noisy).collect();
        let guess: Vec<bool> = sets.solve(&y, 0.22, lambda * sigma * sigma).iter().map(|x| *x > 0.5).collect();
        accuracy(&guess, &truth)
    };
    (0..runs).map(one).sum::<f64>() / runs as f64
}

/// Least squares: 100, 95, 80 and 66 % at σ = .1, .25, .5 and 1 √n (measured with numpy), all within 3 points. Over 12 × 400 bits the
/// standard error is at most .7 points: false alarms below 1e-4, the same bits in every run.
#[test]
fn bits_come_back_as_far_as_the_noise_is_small_against_the_root_of_n() {
    for (c, want) in [(0.1, 1.0), (0.25, 0.95), (0.5, 0.80), (1.0, 0.66)] {
        let got = told(c, 0.0);
        println!("sigma = {c} root n: {:.1} %, want {:.0} %", 100.0 * got, 100.0 * want);
        assert!((got - want).abs() < 0.03, "σ = {c}·√n: {got}, not {want}");
    }
    let zeros: f64 = (0..12).map(|r| accuracy(&[false; N], &bits(r))).sum::<f64>() / 12.0;
    assert!((zeros - 0.78).abs() < 0.03, "{zeros}");
    // Who knows the noise and the share of ones does no worse than zeros, where least squares does.
    let (wise, plain) = (told(1.0, 1.0 / (0.22 * 0.78)), told(1.0, 0.0));
    assert!(wise > zeros - 0.005 && plain < zeros - 0.05, "{wise} {plain} {zeros}");
}

#[test]
fn conjugate_gradients_solve_the_normal_equations() {
    let (n, m, p, lambda) = (30, 90, 0.3, 2.5);
    let sets = Sets::draw(m, n, &mut draws(1));
    let unit = |j: usize| (0..n).map(|i| i == j).collect::<Vec<bool>>();
    let mut a = Array2::<f64>::zeros((m, n));
    for j in 0..n {
        sets.counts(&unit(j)).iter().enumerate().for_each(|(i, c)| a[[i, j]] = *c as f64);
    }
    let y: Vec<f64> = (0..m).map(|i| libm::sin(i as f64) * 9.0).collect();
    let centred: Vec<f64> = (0..m).map(|i| y[i] - p * a.row(i).sum()).collect();
    let gram = a.t().dot(&a) + lambda * Array2::<f64>::eye(n);
    let right: Vec<f64> = (0..n).map(|j| (0..m).map(|i| a[[i, j]] * centred[i]).sum()).collect();
    let want = crate::stats::solve_spd(&gram, &right).unwrap();
    for (got, want) in sets.solve(&y, p, lambda).iter().zip(want) {
        assert!((got - (p + want)).abs() < 1e-8, "{got} {}", p + want);
    }
    let heaviest = (0..n).map(|j| a.column(j).sum() as u64).max().unwrap();
    assert_eq!(sets.most_per_person(), heaviest);
}

/// A person who joins changes the counts of the sets they are in by 1 each: what the noise is calibrated to.
#[test]
fn the_noise_pays_for_every_count_that_a_person_is_in() {
    let sets = Sets::draw(4 * N, N, &mut draws(7));
    let (mut without, mut change) = (bits(0), (0, 0));
    for i in 0..N {
        let before = std::mem::replace(&mut without[i], false);
        let low = sets.counts(&without);
        without[i] = true;
        let moved: Vec<i64> = sets.counts(&without).iter().zip(&low).map(|(a, b)| (a - b).abs()).collect();
        change = change.max((moved.iter().sum::<i64>(), moved.iter().map(|v| v * v).sum()));
        without[i] = before;
    }
    let most = sets.most_per_person();
    assert_eq!(change, (most.cast_signed(), most.cast_signed()), "L1, and L2 squared");
    for delta in [0.0, 1e-6] {
        let mut ledger = Ledger::new();
        let mut noise = Noise::new(NoiseMode::Seeded, Streams::new(8, 0), 5);
        let exact = sets.counts(&without);
        let mut counts = exact.clone();
        let deviation = add_noise(&mut counts, most, 2.0, delta, &mut noise, &mut ledger).unwrap();
        let spent = ledger.spent(delta).epsilon;
        assert!(ledger.entries().len() == 1 && spent <= 2.0 + 1e-9 && spent > 1.9, "{spent}");
        // False alarm below 1e-6: the mean square of 1,600 draws within six standard errors (√5/√1600 at most) of the variance.
        let square = counts.iter().zip(&exact).map(|(a, b)| ((a - b) as f64).powi(2)).sum::<f64>() / exact.len() as f64;
        assert!(
            (square / (deviation * deviation) - 1.0).abs() < 6.0 * libm::sqrt(5.0 / 1_600.0),
            "{square} {deviation}"
        );
    }
}

#[test]
fn a_cut_is_the_best_of_all_cuts() {
    let values = [0.1, 0.2, 0.2, 0.4, 0.5, 0.9];
    let bits = [false, true, false, true, false, true];
    let right = |cut: f32| values.iter().zip(&bits).filter(|(x, b)| (**x > cut) == **b).count();
    let best = values.iter().map(|c| right(*c)).chain([right(-1.0)]).max().unwrap();
    assert_eq!(right(best_cut(&values, &bits)), best);
    assert_eq!(best_cut(&values, &[true; 6]), f32::NEG_INFINITY);
}

fn fixture(delta: f64, epsilon: f64) -> Fixture {
    let population = PopulationParams { persons: 3_200, ..PopulationParams::default() };
    let (histories, outcome) = (HistoriesParams::default(), OutcomeParams::default());
    let (applicants, loadings) = (ApplicantsParams::default(), Loadings { platform: 0.8, ..Loadings::default() });
    let streams = Streams::new(6, 0);
    let people = simulate(&population, &histories, &outcome, &applicants, &loadings, streams, 0, 3_200).unwrap();
    let mut fixture = Fixture::of(people);
    fixture.disclosure = Disclosure::CohortAggregates(CohortAggregatesParams { delta, ..Default::default() });
    fixture.epsilon = Some(epsilon);
    fixture
}

fn measured(fixture: &Fixture) -> Emit {
    let mut emit = emit();
    measure(&ReconstructionParams::default(), 1_000, &fixture.scene(), &mut emit).unwrap();
    emit
}

#[test]
fn an_arm_gives_the_bits_away_only_without_noise() {
    for delta in [0.0, 1e-6] {
        let noisy = measured(&fixture(delta, 1.0));
        let of = |name: &str| value(&noisy, &format!("attack.reconstruction.{name}"), "all");
        assert_eq!(of("noiseless"), 1.0);
        let (told, zeros) = (of("accuracy"), of("accuracy.baseline"));
        assert!(told < zeros + 0.05 && told > zeros - 0.08, "{told} {zeros}");
        assert!(of("epsilon") <= 1.0 + 1e-9 && of("noise") > 1.0, "{} {}", of("epsilon"), of("noise"));
        assert!(of("table") > 0.5 && of("table.control") > 0.5);
    }
    let free = measured(&fixture(0.0, f64::INFINITY));
    assert_eq!(value(&free, "attack.reconstruction.accuracy", "all"), 1.0);
}

#[test]
fn the_same_bits_twice_and_none_from_other_arms() {
    let mut fixture = fixture(0.0, 4.0);
    assert_eq!(measured(&fixture).rows, measured(&fixture).rows);
    fixture.disclosure = Disclosure::Raw;
    assert!(measured(&fixture).rows.is_empty());
}
