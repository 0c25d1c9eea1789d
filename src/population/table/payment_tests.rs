//! Monthly payments of a table, for linkage.

use super::tests::read_map;
use super::*;

fn map(payments: &str) -> String {
    format!(
        r#"outcome = "y"
lender_sees = ["home", "limit"]
needs_consent = ["pay1..3", "kind"]
monthly_payments = {payments}
features = [
    {{ columns = "home", levels = ["own", "rent"] }},
    {{ columns = "limit", bounds = [0, 1000] }},
    {{ columns = "pay1..3", transform = "signed-log", bounds = [0, 500], special = -1, missing = true }},
    {{ columns = "kind", levels = ["a", "b"] }},
]
"#
    )
}

const DATA: &str = "home,limit,pay1,pay2,pay3,kind,y\n\
    own,100,1,20.25,,a,1\n\
    rent,50,900,-1,7,b,0\n";

#[test]
fn amounts_are_those_of_the_file_neither_clamped_nor_transformed() {
    let params = read_map(&map(r#"["pay1..2", "pay3"]"#)).unwrap();
    let table = Table::from_csv("d.csv", DATA.as_bytes(), &params, false).unwrap();
    let payments = table.people(Streams::new(1, 0), false).payments;
    assert_eq!((payments.len(), payments.months()), (2, 3));
    assert!(payments.of(0)[..2] == [1.0, 20.25] && payments.of(0)[2].is_nan(), "{payments:?}");
    assert_eq!(payments.of(1), [900.0, -1.0, 7.0], "beyond the bounds, and a code as it stands");
    // A bootstrap draws them with the persons.
    let drawn = table.people(Streams::new(1, 0), true);
    for (i, origin) in drawn.origin.iter().enumerate() {
        assert_eq!(drawn.payments.of(i)[0], [1.0, 900.0][*origin as usize]);
    }
    let none = read_map(&map("[]")).unwrap();
    let table = Table::from_csv("d.csv", DATA.as_bytes(), &none, false).unwrap();
    assert!(table.people(Streams::new(1, 0), true).payments.is_empty());
}

#[test]
fn what_is_no_amount_that_flows_with_consent_is_refused_by_name() {
    for (payments, want) in [
        (r#"["limit"]"#, "`limit` is no quantity in needs_consent"),
        (r#"["kind"]"#, "`kind` is no quantity in needs_consent"),
        (r#"["pay1", "pay1..2"]"#, "`pay1` is named twice"),
        (r#"["pay3..pay1"]"#, "runs backwards"),
    ] {
        let message = read_map(&map(payments)).unwrap_err();
        assert!(message.contains(want) && message.contains("monthly_payments"), "{payments}: {message}");
    }
}
