//! Utility, what every DP scorer owes, the proof's bounds with their broken twins, and refusals.

use super::prior::{Axis, Evidence, posterior};
use super::train::{mechanism, part};
use super::*;
use crate::privacy::NoiseMode;
use crate::rng::Streams;
use crate::scoring::test_data::{
    auc, dp_promises, made_up, no_release_is_free, split, taiwan, taiwan_column, with_trends,
};
use crate::view::{Column, Frame};

fn scorer(epsilon: f64, seed: u32) -> DpBoosting {
    let noise = Noise::new(NoiseMode::Seeded, Streams::new(77, seed), 9);
    let (params, logistic) = (DpBoostingParams::default(), DpLogisticParams::default());
    DpBoosting { params, logistic, budget: Budget { epsilon, delta: 1e-5 }, noise }
}

fn fit_entered(view: &PlatformView, epsilon: f64, seed: u32, ledger: &mut Ledger) -> Box<dyn Fitted<PlatformView>> {
    scorer(epsilon, seed).fit(view, ledger).unwrap()
}

fn fit(view: &PlatformView, epsilon: f64, seed: u32) -> Box<dyn Fitted<PlatformView>> {
    fit_entered(view, epsilon, seed, &mut Ledger::new())
}

#[test]
fn the_model_keeps_the_promises_of_a_dp_scorer() {
    dp_promises(&fit_entered);
    let linear = 2 + DpLogisticParams::default().iterations;
    no_release_is_free(&fit_entered, (linear + DpBoostingParams::default().tables) as usize);
}

fn squared(g: i64, h: i64) -> i64 {
    g * g + h * h
}

/// Every PD on a fine grid and at both ends, where rounding bites, and both outcomes.
fn persons() -> impl Iterator<Item = (f64, f64)> {
    let ends = (0..400).map(|i| f64::from(i) * 2.5e-6);
    let grid = ends.clone().chain((0..=4000).map(|i| f64::from(i) / 4000.0)).chain(ends.map(|p| 1.0 - p));
    grid.flat_map(|p| [(1.0 - p, p * (1.0 - p)), (-p, p * (1.0 - p))])
}

/// Catches an omitted clip (the twin without it is too long), a sensitivity per number in place of the pair, and half of it.
#[test]
fn a_persons_part_is_within_the_stated_sensitivity_and_without_the_clip_some_are_not() {
    for bits in [2u32, 6, 12] {
        let bound = 1i64 << (2 * bits);
        let scale = (1i64 << bits) as f64;
        let parts: Vec<i64> = persons().map(|(r, w)| part(r, w, bits)).map(|(g, h)| squared(g, h)).collect();
        assert!(parts.iter().all(|s| *s <= bound));
        assert_eq!(parts.iter().max(), Some(&bound), "the bound is reached: less would be too little");
        let unclipped = |(r, w): (f64, f64)| ((r * scale).round() as i64, (3.0 * w * scale).round() as i64);
        assert!(persons().map(unclipped).any(|(g, h)| squared(g, h) > bound));
        // The clip takes no more than a rounding.
        for (r, w) in persons() {
            let ((g, h), (exact_g, exact_h)) = (part(r, w, bits), unclipped((r, w)));
            assert!(
                (g - exact_g).abs() <= 1 && (exact_h - h) as f64 <= 2.0 + 0.1 * scale * f64::from(u8::from(bits == 2))
            );
        }
        // Alone, a gradient is shorter than the pair for some: the Hessian is not free where the gradient is small.
        assert!(persons().map(|(r, w)| part(r, w, bits)).any(|(g, h)| squared(g, h) > 2 * g * g && h > 0));
    }
}

/// Whatever the floats did, the bound is in integers.
#[test]
fn residuals_that_are_no_residuals_keep_the_bound() {
    let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0 + 1e-3, -1.7, 1e300, f64::MIN];
    for bits in [2u32, 12] {
        for r in wild {
            for w in wild.into_iter().chain([0.25]) {
                let (g, h) = part(r, w, bits);
                assert!(g.abs() <= 1 << bits && h.abs() <= 1 << bits && squared(g, h) <= 1 << (2 * bits), "{r} {w}");
            }
        }
    }
}

/// One more person changes a release in one cell alone, whoever it is: the sum over cells is the person's part.
#[test]
fn one_more_person_changes_the_releases_by_their_part_alone() {
    let (frame, labels, _) = made_up(400, -1.5, 2);
    let mut few =
        DpBoosting { params: DpBoostingParams { tables: 4, ..DpBoostingParams::default() }, ..scorer(1e9, 0) };
    few.budget.epsilon = f64::INFINITY;
    let level = |rows: &[u32]| {
        let labels = rows.iter().map(|i| labels[*i as usize]).collect();
        few.learn(&PlatformView { features: frame.select(rows), labels: Some(labels) }, &mut Ledger::new()).unwrap()
    };
    let rows: Vec<u32> = (0..400).collect();
    let (all, without) = (level(&rows), level(&rows[1..]));
    // The base rate's Newton steps move by what one person of 400 can move them, and no more.
    let moved = (all.trained.base - without.trained.base).abs();
    assert!(moved > 0.0 && moved < 2.0 / (400.0 * 0.09), "{moved}");
}

/// Every release is entered with the noise that its sensitivity and cost call for, whatever the number of tables.
#[test]
fn the_noise_entered_is_that_of_sensitivity_and_cost() {
    let (frame, labels, _) = made_up(50, -1.5, 1);
    let view = PlatformView { features: frame, labels: Some(labels) };
    for (epsilon, tables) in [(0.02, 100), (1.0, 30), (8.0, 100)] {
        let mut ledger = Ledger::new();
        let params = DpBoostingParams { tables, ..DpBoostingParams::default() };
        DpBoosting { params, ..scorer(epsilon, 0) }.fit(&view, &mut ledger).unwrap();
        let boosted = || ledger.entries().iter().filter(|e| e.query.starts_with("boosted table"));
        assert_eq!(boosted().count(), tables as usize);
        let spent = ledger.spent(1e-5).epsilon;
        assert!(spent <= epsilon && spent > 0.9995 * epsilon, "{spent} of {epsilon}");
        for e in boosted() {
            let bits = e.sensitivity.log2();
            assert!(bits.fract() == 0.0 && bits <= 12.0, "{e:?}");
        }
        for e in ledger.entries() {
            assert!((e.scale * (2.0 * e.cost.rho()).sqrt() / e.sensitivity - 1.0).abs() < 1e-6, "{e:?}");
        }
    }
}

/// With one person the sums are all but 0, so that what a table gets is noise: its spread is the ledger's. False alarm below
/// 1e-6 (|z| > 5.5 for a χ² of 40,000 draws); half the noise would be at z = −106.
#[test]
fn the_noise_is_as_large_as_the_ledger_says() {
    let (m, bits) = mechanism(0.05).unwrap();
    let mut noise = Noise::new(NoiseMode::Seeded, Streams::new(5, 0), 3);
    let mut values = vec![0i64; 40_000];
    let mut ledger = Ledger::new();
    m.release(&mut values, "test", &mut noise, &mut ledger).unwrap();
    let mean_square = values.iter().map(|v| (*v as f64).powi(2)).sum::<f64>() / 40_000.0;
    let said = ledger.entries()[0].scale;
    let z = |scale: f64| (mean_square / (scale * scale) - 1.0) * (40_000.0f64 / 2.0).sqrt();
    assert!(z(said).abs() < 5.5, "{}", z(said));
    assert!(z(2.0 * said) < -100.0);
    // μ = Δ/σ up to the grid's slack.
    assert!((said * 0.05 / f64::from(1u32 << bits) - 1.0).abs() < 1e-3);
}

#[test]
fn small_budgets_coarsen_the_grid() {
    let bits: Vec<u32> = [f64::INFINITY, 4e-2, 1e-7].map(|mu| mechanism(mu).unwrap().1).to_vec();
    assert_eq!(bits[..2], [12, 12]);
    assert!(bits[2] < 12);
}

/// A table of two columns whose product alone matters.
fn crossed(n: usize, seed: u64) -> (Frame, Vec<bool>) {
    let (frame, _, _) = made_up(n, -1.5, seed);
    let streams = Streams::new(seed, 9);
    let bad = |i: usize| {
        let who = crate::rng::Entity::Person(i as u64);
        let eta = 1.5 * f64::from(frame.column(0)[i] * frame.column(1)[i]) - 1.5;
        streams.uniform(who, 0, crate::rng::Purpose::Outcome) < logistic(eta)
    };
    let labels = (0..n).map(bad).collect();
    (frame, labels)
}

#[test]
fn interactions_are_learnt_under_noise_and_columns_that_matter_are_found() {
    let (frame, labels) = crossed(30_000, 3);
    let (train, test) = split(&frame, &labels, 0.7, 1);
    let mut reached = Vec::new();
    for epsilon in [f64::INFINITY, 2.0] {
        let model = scorer(epsilon, 1).learn(&train, &mut Ledger::new()).unwrap();
        reached.push(auc(&model.score(&test).unwrap(), test.labels.as_deref().unwrap()));
        let importance = model.importance();
        assert!((importance.iter().map(|i| i.1).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    // What an additive scorer reaches without any noise is what a coin does.
    let linear = DpLogistic {
        params: DpLogisticParams::default(),
        budget: scorer(f64::INFINITY, 1).budget,
        noise: scorer(1.0, 1).noise,
    };
    let additive = linear.fit(&train, &mut Ledger::new()).unwrap().score(&test).unwrap();
    let additive = auc(&additive, test.labels.as_deref().unwrap());
    println!("AUC {reached:.4?}, additive {additive:.4}");
    assert!(additive < 0.54 && reached[1] > additive + 0.1 && reached[0] > reached[1] + 0.05, "{reached:?} {additive}");
}

/// The noiseless logits of `made_up` reach what can be reached.
#[test]
fn made_up_persons_are_scored_almost_as_well_with_noise_as_without() {
    let (frame, labels, logits) = made_up(30_000, -1.5, 1);
    let best = auc(&logits, &labels);
    let rate = labels.iter().filter(|y| **y).count() as f64 / labels.len() as f64;
    let (train, _) = split(&frame, &labels, 2.0, 0);
    for (epsilon, loss) in [(f64::INFINITY, 0.015), (2.0, 0.02), (0.5, 0.05)] {
        let p = fit(&train, epsilon, 0).score(&train).unwrap();
        let (reached, mean) = (auc(&p, &labels), p.iter().sum::<f64>() / p.len() as f64);
        println!("ε = {epsilon}: AUC {reached:.4} of {best:.4}, mean PD {mean:.4} of {rate:.4}");
        assert!(best - reached < loss && (mean / rate - 1.0).abs() < 0.1, "{epsilon}");
    }
}

/// Sums are exact: on other threads the same bits, noise included.
#[test]
fn threads_change_nothing() {
    let (frame, labels, _) = made_up(9_000, -1.5, 3);
    let view = PlatformView { features: frame, labels: Some(labels) };
    for epsilon in [1.0, f64::INFINITY] {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| scorer(epsilon, 1).learn(&view, &mut Ledger::new()).unwrap().trained)
        };
        assert_eq!(on(1), on(3));
    }
}

#[test]
fn the_tables_add_up_to_the_score() {
    let (frame, labels, _) = made_up(3_000, -1.5, 8);
    let view = PlatformView { features: frame, labels: Some(labels) };
    let model = scorer(2.0, 0).learn(&view, &mut Ledger::new()).unwrap();
    let (shift, cells) = model.tables();
    let start = model.start.log_odds(&view.features);
    assert_eq!(cells.iter().map(|c| c.table).max(), Some(47), "48 tables and two for the level");
    let names: Vec<&str> = view.features.columns().iter().map(|c| c.name.as_str()).collect();
    assert!(cells.iter().all(|c| names.iter().filter(|n| c.persons.contains(**n)).count() == 2), "{:?}", cells[0]);
    let pd = model.score(&view).unwrap();
    for row in 0..20 {
        let holds = |words: &str| {
            words.split(" and ").all(|part| {
                let j = names.iter().position(|n| part.starts_with(n)).unwrap();
                let (bins, _) = model.bins.iter().nth(j).unwrap();
                bins.name(bins.cell(view.features.column(j)[row])) == part
            })
        };
        let eta: f64 = start[row] + shift + cells.iter().filter(|c| holds(&c.persons)).map(|c| c.log_odds).sum::<f64>();
        assert!((logistic(eta) - pd[row]).abs() < 1e-9);
    }
}

#[test]
fn categories_codes_missing_values_and_constant_columns_are_taken() {
    let (_, labels, _) = made_up(2_000, -1.5, 6);
    let columns = vec![
        Column::category("job", &["a", "b", "c"]),
        Column { special: vec![-2.0], missing: true, ..Column::new("late", 0.0, 8.0).with_steps(&[1.0]) },
        Column::new("flat", 3.0, 3.0),
    ];
    let mut frame = Frame::zeros(columns, 2_000);
    for (i, bad) in labels.iter().enumerate() {
        frame.column_mut(0)[i] = (i % 5) as f32;
        frame.column_mut(1)[i] = if *bad { f32::NAN } else { [-2.0, 0.0, 2.0][i % 3] };
        frame.column_mut(2)[i] = 3.0;
    }
    let view = PlatformView { features: frame, labels: Some(labels.clone()) };
    let p = fit(&view, 8.0, 0).score(&view).unwrap();
    assert!(auc(&p, &labels) > 0.99);
    let one = PlatformView { features: view.features.pick(&["late"]), labels: Some(labels.clone()) };
    assert!(auc(&fit(&one, 8.0, 0).score(&one).unwrap(), &labels) > 0.99, "one column alone");
}

/// Tables of noise, from an assumed rate and no linear part, move log-odds by less than the expected spread.
#[test]
fn noise_moves_little_where_there_is_no_linear_part() {
    let (frame, labels, _) = made_up(40, -1.5, 5);
    for labels in [labels, vec![true; 40], vec![false; 40]] {
        let view = PlatformView { features: frame.clone(), labels: Some(labels) };
        let bare = DpBoostingParams { linear_share: 0.0, ..DpBoostingParams::default() };
        let alone = DpBoosting { params: bare, ..scorer(1e-4, 2) }.fit(&view, &mut Ledger::new()).unwrap();
        let p = alone.score(&view).unwrap();
        assert!(p.iter().all(|p| (logit(*p) - logit(0.1)).abs() < 0.5), "{p:?}");
    }
}

/// Where noise swamps the linear part, public trends are left, and tables of noise do not outvote them: no fit of 20 ranks
/// backwards. Where noise could take the trends away, tables of noise ranked alone: AUC .37 on 1,000 persons of the Taiwan table.
#[test]
fn where_noise_swamps_the_data_no_fit_ranks_backwards() {
    let (frame, labels, _) = made_up(20_000, -1.5, 3);
    let trend = |c: &Column| match c.name.as_str() {
        "normal 0" | "normal 2" => c.clone().rising(),
        "normal 1" => c.clone().falling(),
        _ => c.clone(),
    };
    let mut known = Frame::zeros(frame.columns().iter().map(trend).collect::<Vec<_>>(), frame.rows());
    (0..frame.width()).for_each(|j| known.column_mut(j).copy_from_slice(frame.column(j)));
    let mut said = 0;
    // Of 300 persons the number itself is lost in noise, of 1,000 it is not.
    for (seed, share) in (0..20).map(|seed| (seed, if seed < 5 { 0.015 } else { 0.05 })) {
        let (train, test) = split(&known, &labels, share, seed);
        let model = scorer(0.5, seed).learn(&train, &mut Ledger::new()).unwrap();
        let reached = auc(&model.score(&test).unwrap(), test.labels.as_deref().unwrap());
        println!("seed {seed}: AUC {reached:.4}, {:?}", model.start.leaning());
        assert!(reached > 0.5, "seed {seed}: {reached}");
        said += model.notes().len();
    }
    assert!(said >= 15, "{said} of 20 fits are swamped");
}

/// The same on the Taiwan table: 1,000 persons, five seeds.
#[test]
fn small_tables_of_card_holders_are_never_ranked_backwards() {
    let Some((raw, labels)) = taiwan(|name| Some(taiwan_column(name))) else { return };
    let frame = with_trends(&raw);
    for epsilon in [0.5, 1.0] {
        let one = |seed| {
            let (train, test) = split(&frame, &labels, 1.0 / 30.0, seed);
            auc(&fit(&train, epsilon, seed).score(&test).unwrap(), test.labels.as_deref().unwrap())
        };
        let aucs: Vec<f64> = (100..105).map(one).collect();
        println!("boosting, n = 1,000, ε = {epsilon}: {aucs:.4?}");
        assert!(aucs.iter().all(|a| *a > 0.55), "{aucs:?}");
    }
}

/// The posterior's own arithmetic: more noise, less movement.
#[test]
fn more_noise_moves_less() {
    let axes = Axis::all(&PublicBins::new(&[Column::new("x", 0.0, 1.0)], 5));
    let at = |noise: f64| {
        let evidence = Evidence { gradient: vec![9.0, 2.0, 0.0, -3.0, -8.0], hessian: vec![20.0; 5], noise };
        posterior(&[&axes[0]], &evidence, 1.0).iter().map(|w| w * w).sum::<f64>()
    };
    let moved = [0.0, 10.0, 100.0, 1e4].map(at);
    assert!(moved.windows(2).all(|m| m[1] < m[0]) && moved[3] < 1e-2, "{moved:?}");
}

/// opendp's own draws cost the same and, without a seed, differ from fit to fit.
#[test]
fn opendps_own_noise_fits_at_the_same_cost() {
    let (frame, labels, _) = made_up(1_000, -1.5, 7);
    let view = PlatformView { features: frame, labels: Some(labels) };
    let few = |noise| DpBoosting {
        params: DpBoostingParams { tables: 6, ..DpBoostingParams::default() },
        noise,
        ..scorer(1.0, 0)
    };
    let (mut ours, mut theirs) = (Ledger::new(), Ledger::new());
    few(scorer(1.0, 0).noise).fit(&view, &mut ours).unwrap();
    let unseeded = few(Noise::new(NoiseMode::Opendp, Streams::new(1, 0), 0));
    let scores = [0, 1].map(|_| unseeded.fit(&view, &mut theirs).unwrap().score(&view).unwrap());
    assert_ne!(scores[0], scores[1]);
    // Which columns are crossed later depends on the noise, the cost does not.
    let costs = |l: &Ledger| l.entries().iter().map(|e| (e.scale, e.sensitivity, e.cost.rho())).collect::<Vec<_>>();
    assert_eq!(costs(&ours), costs(&theirs)[..ours.entries().len()]);
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let (frame, labels, _) = made_up(100, -1.5, 6);
    let view = |labels| PlatformView { features: frame.clone(), labels };
    let error = |s: DpBoosting, v| s.fit(&v, &mut Ledger::new()).err().unwrap().to_string();
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(error(scorer(bad, 0), view(Some(labels.clone()))).starts_with("privacy: epsilon is"));
    }
    assert!(error(scorer(1.0, 0), view(None)).contains("no outcomes"));
    assert!(error(scorer(1.0, 0), view(Some(vec![true]))).contains("1 outcomes for 100 persons"));
    let bare = PlatformView { features: Frame::zeros(Vec::new(), 100), labels: Some(labels.clone()) };
    assert!(error(scorer(1.0, 0), bare).contains("no features"));
    let other = PlatformView { features: frame.pick(&["rare 4"]), labels: None };
    assert!(fit(&view(Some(labels)), 1.0, 0).score(&other).is_err());
}
