use super::super::linkage::fixture::{Fixture, emit, value};
use super::*;
use crate::disclosure::{CohortAggregatesParams, Disclosure};
use crate::population::People;
use crate::privacy::{Ledger, Noise, NoiseMode};
use crate::rng::{Entity, Purpose, Streams};

/// Persons in three districts with drawn totals (ties among them); a part of them share.
fn fixture(persons: usize, most: f64, share: f64) -> Fixture {
    let streams = Streams::new(23, 0);
    let draw = |i: usize, purpose| streams.uniform(Entity::Person(i as u64), 0, purpose);
    let amounts = (0..persons).map(|i| (most * draw(i, Purpose::Amounts)).floor()).collect();
    let mut fixture = Fixture::of(People {
        default: vec![false; persons],
        district: (0..persons).map(|i| (3 * i / persons) as u32).collect(),
        payments: Payments::new(1, amounts),
        ..People::empty()
    });
    fixture.choices.shares = (0..persons).map(|i| draw(i, Purpose::Preference) < share).collect();
    fixture
}

fn measured(fixture: &Fixture, leaderboard: Leaderboard, rounding: f64) -> Emit {
    let mut emit = emit();
    let params = BillParams { rounding: vec![rounding], leaderboard, ..BillParams::default() };
    measure(&params, &fixture.scene(), &mut emit).unwrap();
    emit
}

/// (unique, success) over all persons, by the definition: each row is tried on each screenshot.
fn naive(fixture: &Fixture, rounding: f64, step: Option<i64>) -> (f64, f64) {
    let (people, shares) = (&fixture.people, &fixture.choices.shares);
    let n = people.len();
    let total = |i: usize| people.payments.of(i)[0];
    let near = |i: usize| (0..n).filter(move |j| people.district[*j] == people.district[i]);
    let (mut unique, mut success) = (0.0, 0.0);
    for person in (0..n).filter(|i| shares[*i]) {
        let rank = 1 + near(person).filter(|j| total(*j) > total(person)).count() as i64;
        let fits = |row: &usize| {
            let least = 1 + near(*row).filter(|j| shares[*j] && total(*j) > total(*row)).count() as i64;
            let most = least + near(*row).filter(|j| !shares[*j]).count() as i64;
            let place = step.is_none_or(|m| (least..=most).any(|r| (r - 1) / m == (rank - 1) / m));
            place && (total(*row) / rounding).floor() == (total(person) / rounding).floor()
        };
        let candidates: Vec<usize> = near(person).filter(|j| shares[*j]).filter(fits).collect();
        assert!(candidates.contains(&person));
        unique += f64::from(u8::from(candidates.len() == 1));
        success += 1.0 / candidates.len() as f64;
    }
    (unique / n as f64, success / n as f64)
}

#[test]
fn candidates_are_those_that_trying_every_row_finds() {
    for share in [1.0, 0.9, 0.2] {
        let fixture = fixture(240, 300.0, share);
        for rounding in [1.0, 40.0, 1e6] {
            for step in [None, Some(1), Some(10)] {
                let board = step.map_or(Leaderboard::Hidden, |m| Leaderboard::Ranks(m as u32));
                let emit = measured(&fixture, board, rounding);
                let (unique, success) = naive(&fixture, rounding, step);
                let close = |name: &str, want: f64| {
                    let got = value(&emit, name, "all");
                    assert!((got - want).abs() < 1e-12, "{name} {share} {rounding} {step:?}: {got}, not {want}");
                };
                close("attack.bill.unique", unique);
                close("attack.bill.success", success);
            }
        }
    }
}

#[test]
fn an_exact_place_names_everybody_and_a_bare_district_nobody() {
    let mut fixture = fixture(300, 1e9, 1.0);
    let exact = measured(&fixture, Leaderboard::Ranks(1), 1e12);
    assert_eq!(value(&exact, "attack.bill.unique", "all"), 1.0);
    assert_eq!(value(&exact, "attack.bill.rank_error", "all"), 0.0);
    let bare = measured(&fixture, Leaderboard::Hidden, 1e12);
    assert_eq!(value(&bare, "attack.bill.unique", "all"), 0.0);
    assert!((value(&bare, "attack.bill.success", "all") - 0.01).abs() < 1e-12);
    assert!(value(&bare, "attack.bill.gain", "all").abs() < 1e-12, "nothing beyond the district");
    assert!(bare.rows.iter().all(|r| &*r.metric != "attack.bill.rank_error"), "no place, no error of it");
    fixture.disclosure = Disclosure::CohortAggregates(CohortAggregatesParams::default());
    assert!(measured(&fixture, Leaderboard::Ranks(1), 1.0).rows.is_empty(), "nothing to link");
}

#[test]
fn blurring_the_total_or_the_place_never_helps_the_attacker() {
    let fixture = fixture(600, 3_000.0, 0.97);
    let success =
        |step, rounding| value(&measured(&fixture, Leaderboard::Ranks(step), rounding), "attack.bill.success", "all");
    let by_total = [1.0, 10.0, 100.0, 1_000.0].map(|r| success(20, r));
    let by_place = [1, 10, 100, 1_000].map(|m| success(m, 100.0));
    for falling in [by_total, by_place] {
        assert!(falling.windows(2).all(|w| w[0] >= w[1]), "{falling:?}");
        assert!(falling[0] > falling[3]);
    }
}

#[test]
fn copies_of_a_person_are_one_bill() {
    let rows: [&[f64]; 4] = [&[10.0], &[10.0], &[20.0], &[20.0]];
    let mut fixture = Fixture::paying(&rows);
    let unique = |f: &Fixture| value(&measured(f, Leaderboard::Hidden, 1.0), "attack.bill.unique", "all");
    assert_eq!(unique(&fixture), 0.0);
    fixture.people.origin = vec![0, 0, 1, 1];
    assert_eq!(unique(&fixture), 1.0);
}

#[test]
fn a_noisy_board_tells_no_more_than_the_bin() {
    let fixture = fixture(900, 1e6, 1.0);
    let noisy = |epsilon, bins| {
        let params = NoisyBoardParams { epsilon, bins, lowest: 500_000.0, ..NoisyBoardParams::default() };
        measured(&fixture, Leaderboard::Noisy(params), 1e12)
    };
    // Nothing but the place is shown: two bins of some 150 persons each hold nobody apart.
    assert_eq!(value(&noisy(1.0, 2), "attack.bill.unique", "all"), 0.0);
    let success = |bins| value(&noisy(f64::INFINITY, bins), "attack.bill.success", "all");
    assert!(success(2) <= 6.0 / 900.0 + 1e-12 && success(200) > success(2));
    let spent = value(&noisy(0.5, 20), "attack.bill.board_epsilon", "all");
    assert!(spent <= 0.5 && spent > 0.499, "{spent}");
    // What the board is worth falls with ε; the same seed gives the same board.
    let error = |epsilon| value(&noisy(epsilon, 20), "attack.bill.rank_error", "all");
    assert!(error(0.01) > error(f64::INFINITY));
    assert_eq!(error(0.3).to_bits(), error(0.3).to_bits());
}

/// Level 1e-6: of 3 × 400 counts, each with Laplace noise of scale 1/ε = 50 (variance 5,000, 0 in mean), the mean square is
/// within six standard errors (√5·5,000/√1200) of 5,000. Half the noise would give 1,250.
#[test]
fn the_board_has_the_noise_that_one_count_of_one_person_needs() {
    let bills: Vec<Bill> = (0..3).flat_map(|d| vec![Bill { district: d, total: 5.0, shares: true }; 4_000]).collect();
    let edges = board::edges(&NoisyBoardParams { bins: 400, ..NoisyBoardParams::default() }).unwrap();
    let counted = |bills: &[Bill], epsilon| {
        let mut noise = Noise::new(NoiseMode::Seeded, Streams::new(2, 0), 9);
        board::noisy_counts(epsilon, &edges, bills, &mut noise, &mut Ledger::new()).unwrap()
    };
    let (counts, mut squares) = (counted(&bills, 0.02), 0.0);
    for (at, count) in counts.iter().enumerate() {
        let true_count = if at % 400 == 0 { 4_000 } else { 0 };
        squares += (count - true_count).pow(2) as f64;
    }
    let mean = squares / counts.len() as f64;
    assert!((mean - 5_000.0).abs() < 6.0 * 5_000.0 * libm::sqrt(5.0 / 1_200.0), "{mean}");
    // One person more changes one count by one: the L1 sensitivity that is paid for.
    let (with, without) = (counted(&bills, f64::INFINITY), counted(&bills[1..], f64::INFINITY));
    assert_eq!(with.iter().zip(&without).map(|(a, b)| (a - b).abs()).sum::<i64>(), 1);
}

#[test]
fn edges_that_do_not_rise_are_refused_in_words() {
    let params = NoisyBoardParams { lowest: 100.0, highest: 50.0, ..NoisyBoardParams::default() };
    let mut emit = emit();
    let params = BillParams { leaderboard: Leaderboard::Noisy(params), ..BillParams::default() };
    let error = measure(&params, &fixture(30, 10.0, 1.0).scene(), &mut emit).unwrap_err().to_string();
    assert!(error.contains("attack.bill.leaderboard.noisy.highest") && error.contains("50"), "{error}");
}
