use super::super::linkage::fixture::{Fixture, emit, value};
use super::*;
use crate::disclosure::{CohortAggregatesParams, RandomisedResponseParams};
use crate::population::People;
use crate::rng::Streams;
use crate::view::Frame;

/// Persons with `width` drawn columns on [0, 1]; a share of them shares.
fn fixture(persons: usize, width: usize, share: f64) -> Fixture {
    let streams = Streams::new(51, 0);
    let columns: Vec<Column> = (0..width).map(|j| Column::new(&format!("x{j}"), 0.0, 1.0)).collect();
    let mut platform = Frame::zeros(columns, persons);
    for j in 0..width {
        for (i, x) in platform.column_mut(j).iter_mut().enumerate() {
            *x = streams.uniform(Entity::Person(i as u64), j as u16, Purpose::Amounts) as f32;
        }
    }
    let mut fixture = Fixture::of(People {
        default: vec![false; persons],
        applicant: vec![true; persons],
        bureau: Frame::zeros(Vec::new(), persons),
        platform,
        ..People::empty()
    });
    let shares = |i: usize| streams.uniform(Entity::Person(i as u64), 0, Purpose::Preference) < share;
    fixture.choices.shares = (0..persons).map(shares).collect();
    fixture
}

fn measured(fixture: &Fixture) -> Emit {
    let mut emit = emit();
    measure(&SinglingOutParams::default(), &fixture.scene(), &mut emit).unwrap();
    emit
}

fn of(emit: &Emit, name: &str) -> f64 {
    value(emit, &format!("attack.singling_out.{name}"), "all")
}

#[test]
fn predicates_are_counted_as_by_hand() {
    let persons = Persons::new(vec![vec![1.0, 2.0, 2.0, f32::NAN], vec![0.0, 0.0, 1.0, 1.0]]);
    for (tests, want) in [
        (vec![(0, Test::AtMost(1.0))], true),
        (vec![(0, Test::AtLeast(2.0))], false),
        (vec![(0, Test::AtLeast(2.0)), (1, Test::Is(1.0))], true),
        (vec![(0, Test::AtLeast(3.0))], false),
        (vec![(0, Test::Missing)], true),
        (vec![(1, Test::Is(0.0))], false),
    ] {
        assert_eq!(persons.exactly_one(&Predicate::new(tests.clone())), want, "{tests:?}");
    }
    assert_eq!((persons.alone(0), persons.median(0), persons.least(0), persons.largest(0)), (vec![1.0], 2.0, 1.0, 2.0));
    // The order of conditions changes nothing but the time; the rarest comes first.
    let both = Predicate::new(vec![(1, Test::Is(1.0)), (0, Test::AtMost(1.0))]);
    let sorted = persons.rarest_first(both.clone());
    assert_eq!(sorted, Predicate::new(vec![(0, Test::AtMost(1.0)), (1, Test::Is(1.0))]));
    assert_eq!(persons.exactly_one(&sorted), persons.exactly_one(&both));
    let code = Column::new("x", 0.0, 8.0).with_special(&[-1.0]);
    assert_eq!(Test::of(&code, -1.0, 2.0), Test::Is(-1.0));
    assert_eq!(Test::of(&code, 3.0, 2.0), Test::AtLeast(3.0));
    assert_eq!(Test::of(&code, 2.0, 2.0), Test::AtMost(2.0));
    assert_eq!(Test::of(&code, f32::NAN, 2.0), Test::Missing);
}

#[test]
fn a_table_of_everybody_singles_out_and_a_control_says_what_is_luck() {
    let everybody = measured(&fixture(4_000, 6, 1.0));
    assert_eq!((of(&everybody, "success"), of(&everybody, "univariate")), (1.0, 1.0));
    // True of one of 2,000: of as many others, true of exactly one by luck, about e⁻¹.
    let control = of(&everybody, "success.control");
    assert!(control > 0.2 && control < 0.5, "{control}");
    assert!(of(&everybody, "univariate.control") < 0.1);
    assert_eq!(of(&everybody, "risk"), 1.0);
    assert!(of(&everybody, "success.baseline") < 0.2);
    // Of few who share: a predicate true of one of them is true of others as well.
    let few = measured(&fixture(4_000, 6, 0.1));
    let success = of(&few, "success");
    assert!(success < 0.6 && of(&few, "risk") < 0.6, "{success}");
    assert!(of(&few, "success.low") < success && success < of(&few, "success.high"));
}

#[test]
fn copies_of_a_person_hide_nobody() {
    let mut fixture = fixture(3_000, 6, 1.0);
    let twice: Vec<u32> = (0..3_000).map(|i| i / 2).collect();
    fixture.people.platform = fixture.people.platform.select(&twice);
    fixture.halves.train = (0..1_500).collect();
    fixture.halves.score = (1_500..3_000).collect();
    assert_eq!(of(&measured(&fixture), "success"), 0.0, "twins: nobody is alone");
    fixture.people.origin = twice;
    assert_eq!(of(&measured(&fixture), "success"), 1.0);
}

#[test]
fn reports_single_out_nobody_and_sums_have_no_records() {
    let mut fixture = fixture(4_000, 2, 1.0);
    let features = vec!["x0".to_owned(), "x1".to_owned()];
    fixture.disclosure = Disclosure::RandomisedResponse(RandomisedResponseParams { features, ..Default::default() });
    fixture.epsilon = Some(1.0);
    let reports = measured(&fixture);
    assert_eq!((of(&reports, "success"), of(&reports, "risk")), (0.0, 0.0), "thousands share each report");
    assert_eq!(measured(&fixture).rows, reports.rows);
    fixture.disclosure = Disclosure::CohortAggregates(CohortAggregatesParams::default());
    assert!(measured(&fixture).rows.is_empty());
    fixture.disclosure = Disclosure::Raw;
    fixture.choices.shares.fill(false);
    assert!(measured(&fixture).rows.is_empty());
}
