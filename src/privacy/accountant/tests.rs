//! Against Google's dp_accounting, exact curves, opendp, and each other.

use super::*;
use crate::privacy::gdp::delta_of_mu;
use opendp::combinators::ConcentratedMeasure;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_laplace;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::L1Distance;

/// A row of the reference: mechanism, q, σ, steps, δ, ε by RDP, ε by PLD.
struct Row {
    event: Event,
    steps: u64,
    delta: f64,
    rdp: f64,
    pld: f64,
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let number = |i: usize| -> f64 { cells[i].parse().unwrap() };
    let (rate, sigma) = (number(1), number(2));
    let event = match cells[0] {
        "laplace" => Event::Laplace { epsilon: 1.0 / sigma },
        "gaussian" => Event::Gaussian { mu: 1.0 / sigma },
        _ => Event::SampledGaussian { rate, sigma },
    };
    Row { event, steps: number(3) as u64, delta: number(4), rdp: number(5), pld: number(6) }
}

/// Rows of dp_accounting's answers that stand here, so that this can fail without the file.
const PINNED: [&str; 6] = [
    "poisson_gaussian,0.001,0.7,100,1e-05,1.508878,0.30136059",
    "poisson_gaussian,0.001,2.0,10000,1e-05,0.2012723,0.17384698",
    "poisson_gaussian,0.01,1.0,1000,1e-05,2.1013665,1.8282436",
    "poisson_gaussian,0.1,2.0,100,1e-06,2.9141738,2.6750357",
    "gaussian,1.0,1.0,1,1e-05,4.7285071,4.3771781",
    "laplace,1.0,1.0,10,1e-05,9.9903345,9.9899623",
];

/// The orders that dp_accounting tries.
fn their_orders() -> Vec<f64> {
    let mut orders: Vec<f64> = (1..100).map(|x| 1.0 + f64::from(x) / 10.0).collect();
    orders.extend((11..64).map(f64::from));
    orders.extend([128.0, 256.0, 512.0, 1024.0]);
    orders
}

/// Whether RDP agrees at their orders to the digits of the table (7 or 8). PLD may
/// lie below theirs by what their grid adds: that it is not below the exact ε is what `exact.csv` is for.
fn check(line: &str) -> bool {
    let r = row(line);
    let c = Composition::of(r.event, r.steps).unwrap();
    let (rdp, pld) = (c.rdp(r.delta), c.pld(r.delta).unwrap());
    let at = |a: &f64| rdp::convert(*a, r.steps as f64 * rdp::renyi(&r.event, *a), r.delta);
    let same_orders = their_orders().iter().map(at).fold(f64::INFINITY, f64::min);
    let percent = |a: f64, b: f64| 100.0 * (a / b - 1.0);
    println!(
        "{line}: PLD {pld:.7} ({:+.5} %), RDP {rdp:.7} ({:+.4} %, {:+.5} % at their orders)",
        percent(pld, r.pld),
        percent(rdp, r.rdp),
        percent(same_orders, r.rdp)
    );
    // Theirs rounds each loss up to a grid, which adds up to 0.4 % over ten thousand events; ours may only lie lower by that.
    assert!(pld <= 1.0002 * r.pld && pld >= r.pld * (1.0 - 5e-3), "{line}: PLD {pld}");
    // More orders can only help, nothing valid lies below PLD.
    assert!(rdp <= r.rdp * (1.0 + 1e-6) && rdp >= pld * (1.0 - 1e-4), "{line}: RDP {rdp}");
    assert!(same_orders <= r.rdp * (1.0 + 1e-6), "{line}: RDP {same_orders} at their orders");
    same_orders >= r.rdp * (1.0 - 5e-6)
}

/// dp_accounting lies above where the best order is a fraction and σ below 1: its series for fractions gives more there than the
/// integral it stands for, with which ours agrees ([`orders_between_whole_numbers_agree_with_the_integral`]).
#[test]
fn agrees_with_dp_accounting() {
    assert!(PINNED.iter().all(|line| check(line)), "RDP");
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/dp_accounting_reference.csv");
    #[allow(clippy::disallowed_methods, reason = "a test finds its data")]
    let path = std::env::var("PRETICK_ACCOUNTING").unwrap_or_else(|_| beside.to_owned());
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no reference table (set PRETICK_ACCOUNTING)");
        return;
    };
    let agree: Vec<bool> = text.lines().skip(1).map(check).collect();
    println!("RDP agrees in {} of {} rows", agree.iter().filter(|a| **a).count(), agree.len());
    assert!(agree.iter().filter(|a| **a).count() * 4 >= agree.len() * 3);
}

/// ln A_α by 30-digit quadrature (mpmath).
#[test]
fn orders_between_whole_numbers_agree_with_the_integral() {
    for (rate, sigma, alpha, exact) in [
        (0.1, 0.7, 1.1, 0.00228892662850749),
        (0.1, 0.7, 1.5, 0.01847463660926),
        (0.01, 0.7, 2.5, 0.00136480379442672),
        (0.01, 0.7, 3.1, 0.0027224500231484),
        (0.001, 1.0, 7.3, 4.00923245182428e-5),
        (0.01, 2.0, 33.7, 0.0174298283264528),
        (0.1, 1.0, 4.0, 0.176017820880242),
    ] {
        let ours = rdp::renyi(&Event::SampledGaussian { rate, sigma }, alpha) * (alpha - 1.0);
        assert!(
            ours >= exact && ours - exact < 2e-13 + 1e-9 * exact,
            "q {rate}, σ {sigma}, α {alpha}: {ours} and {exact}"
        );
    }
}

/// Many Gaussians by grid and transform, without the shortcut through μ; δ far below the rounding of an untilted transform.
#[test]
fn the_transform_finds_the_exact_gaussian_even_at_tiny_deltas() {
    for (mu, steps) in [(1.0, 1), (0.1, 100), (0.02, 2_500), (3.0, 4)] {
        let c = Composition::of(Event::Gaussian { mu }, steps).unwrap();
        for delta in [1e-3, 1e-6, 1e-12] {
            let exact = epsilon_of_mu(mu * (steps as f64).sqrt(), delta);
            let ours = pld::epsilon(&c, delta).unwrap().epsilon;
            println!("μ {mu} × {steps}, δ {delta}: {:+.6} %", 100.0 * (ours / exact - 1.0));
            // `epsilon_of_mu` is itself rounded outwards by some 10⁻¹².
            assert!(
                ours >= exact * (1.0 - 4e-12) && ours < exact * 1.0005,
                "μ {mu} × {steps}, δ {delta}: {ours} against {exact}"
            );
            let back = pld::delta(&c, ours).unwrap();
            assert!((back / delta - 1.0).abs() < 1e-3, "{back}");
            // 40 digits say 7.2384944201788584 for the first μ.
            assert!(mu < 1.0 || steps > 1 || delta > 1e-12 || ours >= 7.238_494_420_178_858);
            // The twin: one event uncounted lies below.
            let less = Composition::of(Event::Gaussian { mu }, steps - 1).unwrap();
            assert!(steps == 1 || pld::epsilon(&less, delta).unwrap().epsilon < exact);
        }
    }
}

/// One event of each discrete kind, and Laplace, against δ(ε) summed or written out.
#[test]
fn single_events_have_their_exact_curves() {
    let curve = |event, exact: &dyn Fn(f64) -> f64, to: f64| {
        let c = Composition::of(event, 1).unwrap();
        for i in 0..12 {
            let epsilon = to * f64::from(i) / 12.0;
            let (ours, exact) = (c.pld_delta(epsilon).unwrap(), exact(epsilon));
            assert!(
                ours >= exact * (1.0 - 1e-9) && ours <= exact * 1.002 + 1e-12,
                "{event:?} at {epsilon}: {ours} {exact}"
            );
        }
    };
    curve(Event::Laplace { epsilon: 1.3 }, &|e| -f64::exp_m1(0.5 * (e - 1.3)), 1.3);
    curve(Event::Pure { epsilon: 0.7 }, &|e| (0.7f64.exp() - e.exp()) / (1.0 + 0.7f64.exp()), 0.7);
    let (s, a) = (2.5f64, 3i64);
    let pmf = |k: i64| (-(k.abs() as f64) / s).exp() * (1.0 - (-1.0 / s).exp()) / (1.0 + (-1.0 / s).exp());
    let sum = |e: f64| (-200..=200).map(|k| (pmf(k) - e.exp() * pmf(k - a)).max(0.0)).sum::<f64>();
    curve(Event::DiscreteLaplace { shift: 3, scale: s }, &sum, 1.2);
    let (s, a) = (4.0f64, 2i64);
    let z: f64 = (-200..=200i64).map(|k| (-((k * k) as f64) / (2.0 * s * s)).exp()).sum();
    let pmf = |k: i64| (-((k * k) as f64) / (2.0 * s * s)).exp() / z;
    let sum = |e: f64| (-150..=150).map(|k| (pmf(k) - e.exp() * pmf(k - a)).max(0.0)).sum::<f64>();
    curve(Event::DiscreteGaussian { shift: 2, sigma: s }, &sum, 2.0);
}

/// Events of different kinds together: no dearer than by any other rule, no cheaper than each part alone.
#[test]
fn unlike_events_compose() {
    let mut c = Composition::new();
    let parts = [
        (Event::SampledGaussian { rate: 0.02, sigma: 1.1 }, 500),
        (Event::Laplace { epsilon: 0.1 }, 5),
        (Event::Gaussian { mu: 0.2 }, 4),
        (Event::DiscreteGaussian { shift: 3, sigma: 12.0 }, 2),
        (Event::Pure { epsilon: 0.05 }, 3),
    ];
    for (e, n) in parts {
        c.add(e, n).unwrap();
    }
    let all = c.side_by_side(1e-6);
    println!("{all:?}");
    let pld = all.pld.unwrap();
    assert!(all.zcdp.is_none() && all.gdp.is_none(), "sampling has no μ");
    assert!(pld < all.rdp && all.rdp < all.basic && all.best() == pld);
    for (e, n) in parts {
        assert!(Composition::of(e, n).unwrap().pld(1e-6).unwrap() < pld, "{e:?} is free");
    }
    // ρ alone has no distribution; all else still holds.
    c.add(Event::Zcdp { rho: 0.01 }, 1).unwrap();
    assert!(c.pld(1e-6).is_none() && c.rdp(1e-6) > all.rdp);
    assert_eq!(Composition::new().side_by_side(1e-6).best(), 0.0);
}

/// ε-DP as a μ: the claim, at many ε, against randomised response.
#[test]
fn pure_events_are_covered_by_their_mu() {
    for epsilon in [0.01, 0.5, 2.0, 8.0] {
        let mu = mu_of_pure(epsilon);
        for i in 0..50 {
            let e = epsilon * f64::from(i) / 50.0;
            let exact = (epsilon.exp() - e.exp()) / (1.0 + epsilon.exp());
            assert!(delta_of_mu(mu, e) >= exact * (1.0 - 1e-9), "ε {epsilon} at {e}");
        }
        // The twin: one per cent less is not enough where the curves touch.
        let touch = (epsilon.exp() - 1.0) / (1.0 + epsilon.exp());
        assert!(delta_of_mu(0.99 * mu, 0.0) < touch);
    }
}

#[test]
fn sigmas_are_the_least_that_will_do() {
    for (accountant, rate) in
        [(Accountant::Gdp, 1.0), (Accountant::Zcdp, 1.0), (Accountant::Rdp, 0.01), (Accountant::Pld, 0.01)]
    {
        let sigma = accountant.sigma(1.0, 1e-5, 200, rate).unwrap();
        let cost =
            |sigma| accountant.epsilon(&Composition::of(Event::SampledGaussian { rate, sigma }, 200).unwrap(), 1e-5);
        println!("{accountant:?}: σ {sigma}");
        assert!(cost(sigma) <= 1.0 && cost(sigma * 0.999) > 1.0, "{accountant:?}: {sigma}");
    }
    assert!(Accountant::Gdp.sigma(1.0, 1e-5, 1, 0.5).is_err(), "no μ for a sample");
    assert!(Accountant::Gdp.sigma(0.0, 1e-5, 1, 1.0).is_err() && Accountant::Gdp.sigma(1.0, 0.0, 1, 1.0).is_err());
}

/// opendp's map of the discrete Laplace is ours, rounded outwards; its zCDP curve is compared in [`zcdp`].
#[test]
fn opendp_states_the_same_pure_cost() {
    for (shift, scale) in [(1u32, 1.0), (7, 3.5), (100, 1234.5)] {
        let m =
            make_laplace(VectorDomain::new(AtomDomain::<i64>::default()), L1Distance::<i64>::default(), scale, None)
                .unwrap();
        let theirs = m.map(&i64::from(shift)).unwrap();
        let ours = Event::DiscreteLaplace { shift, scale }.pure().unwrap();
        assert!(theirs >= ours && theirs < ours * (1.0 + 1e-12));
    }
    for sigma in [0.8, 5.0] {
        let rho = Event::Gaussian { mu: 1.0 / sigma }.rho().unwrap();
        let theirs = ZeroConcentratedDivergence::convert(rho).unwrap().epsilon(1e-6).unwrap();
        let c = Composition::of(Event::Gaussian { mu: 1.0 / sigma }, 1).unwrap();
        assert!((c.zcdp(1e-6).unwrap() / theirs - 1.0).abs() < 1e-6 && c.gdp(1e-6).unwrap() < theirs);
        assert!((c.rdp(1e-6) / theirs - 1.0).abs() < 1e-3);
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    for event in [
        Event::Pure { epsilon: 0.0 },
        Event::Zcdp { rho: f64::NAN },
        Event::Gaussian { mu: -1.0 },
        Event::SampledGaussian { rate: 0.0, sigma: 1.0 },
        Event::SampledGaussian { rate: 1.5, sigma: 1.0 },
        Event::DiscreteLaplace { shift: 0, scale: 1.0 },
    ] {
        assert!(Composition::of(event, 1).unwrap_err().to_string().starts_with("privacy: "), "{event:?}");
    }
    // No noise: infinite, not a crash.
    let c = Composition::of(Event::Pure { epsilon: f64::INFINITY }, 1).unwrap();
    assert_eq!(c.side_by_side(1e-6).best(), f64::INFINITY);
    // Next to none: whoever is sampled gives all away, about 1/2σ² a time; δ = 1e-6 allows for four times in ten.
    for sigma in [0.2, 0.01, 1e-4, 1e-6] {
        let c = Composition::of(Event::SampledGaussian { rate: 0.01, sigma }, 10).unwrap();
        let all = c.side_by_side(1e-6);
        let given_away = epsilon_of_mu(1.0 / sigma, 1e-4);
        println!("σ {sigma}: {given_away:.4e} {all:?}");
        assert!(all.best() > 0.8 * given_away, "σ {sigma}: {all:?}");
        assert!(all.pld.is_none_or(|e| e < 4.5 * given_away), "σ {sigma}: {all:?}");
    }
}

/// A row of `exact.csv`: what is composed, how often, δ, the exact ε, and how far two computations of it differ.
fn exact_row(line: &str) -> (Event, u64, f64, f64, f64) {
    let cells: Vec<&str> = line.split(',').collect();
    let number = |i: usize| -> f64 { cells[i].parse().unwrap() };
    let (rate, scale) = (number(1), number(2));
    let event = match cells[0] {
        "gaussian" if rate == 1.0 => Event::Gaussian { mu: 1.0 / scale },
        "gaussian" => Event::SampledGaussian { rate, sigma: scale },
        "laplace" if rate == 1.0 => Event::Laplace { epsilon: 1.0 / scale },
        "laplace" => Event::SampledLaplace { rate, epsilon: 1.0 / scale },
        "pure" => Event::Pure { epsilon: scale },
        "discrete_laplace" => Event::DiscreteLaplace { shift: rate as u32, scale },
        "discrete_gaussian" => Event::DiscreteGaussian { shift: rate as u32, sigma: scale },
        other => panic!("{other}"),
    };
    (event, number(3) as u64, number(4), number(5), number(6))
}

/// The claim of the module: 422 exact values, δ down to 1e-15, rates down to 1e-7, up to a million events. They were computed by
/// `tests/accounting/exact.py`, in a way that shares no step with the program; `doubt` is what they are known to.
#[test]
fn exact_values_are_met_from_above() {
    let text = include_str!("../../../tests/accounting/exact.csv");
    let rows: Vec<_> = text.lines().skip(1).map(|l| (l, exact_row(l))).collect();
    assert_eq!(rows.len(), 422);
    let (mut worst, mut coarse, mut out) = (0.0f64, 0, Vec::new());
    for (line, (event, times, delta, exact, doubt)) in rows {
        let c = Composition::of(event, times).unwrap();
        let (pld, note) = c.pld_stated(delta);
        let excess = pld.map_or(f64::NAN, |e| e / exact - 1.0);
        let most = match note {
            None => 0.01,
            // A bound that says of itself that it is not a close one.
            Some(Reason::Coarse) => 0.03,
            Some(_) => f64::NAN,
        };
        coarse += u32::from(note == Some(Reason::Coarse));
        worst = worst.max(if note.is_none() { excess } else { 0.0 });
        if excess > 0.002 {
            println!("{line}: {:+.3} %, {note:?}", 100.0 * excess);
        }
        if !(excess <= most && excess >= -doubt - 1e-9) {
            out.push(format!("{line}: {pld:?} ({:+.5} %), {note:?}", 100.0 * excess));
        }
        // Every other bound is one, too.
        let all = c.side_by_side(delta);
        let others = [Some(all.basic), all.zcdp, Some(all.rdp), all.gdp];
        if others.into_iter().flatten().any(|e| e < exact * (1.0 - doubt - 1e-9)) {
            out.push(format!("{line}: {all:?}"));
        }
    }
    println!("furthest above: {:.4} %; {coarse} said to be coarse", 100.0 * worst);
    assert!(out.is_empty(), "{out:#?}");
    assert!(coarse <= 5, "{coarse} said to be coarse");
}

/// Where PLD has no close answer it says so, and the least valid bound stands.
#[test]
fn what_cannot_be_computed_has_a_name() {
    let rho = Composition::of(Event::Zcdp { rho: 0.1 }, 3).unwrap().side_by_side(1e-6);
    assert_eq!((rho.pld, rho.pld_note), (None, Some(Reason::Concentrated)));
    let bare = Composition::of(Event::SampledGaussian { rate: 0.1, sigma: 1e-4 }, 3).unwrap().side_by_side(1e-6);
    assert_eq!((bare.pld, bare.pld_note), (None, Some(Reason::Sigma)));
    assert!(bare.best().is_finite() && rho.best().is_finite());
    let one = Composition::of(Event::SampledGaussian { rate: 0.01, sigma: 1.0 }, 1000).unwrap().side_by_side(1e-5);
    assert_eq!(one.pld_note, None);
}

#[test]
fn printed_numbers_err_to_the_safe_side() {
    for (v, places, up, down) in [
        (0.12341, 4, "0.1235", "0.1234"),
        (0.12349, 4, "0.1235", "0.1234"),
        (1.0, 3, "1.000", "1.000"),
        (9.99999, 2, "10.00", "9.99"),
        (f64::INFINITY, 2, "inf", "inf"),
    ] {
        assert_eq!((rounded_up(v, places).as_str(), rounded_down(v, places).as_str()), (up, down));
    }
}
