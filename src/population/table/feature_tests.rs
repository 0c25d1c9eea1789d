//! Categories, codes, missing values, derived columns, interactions, files without a header.

use super::tests::{NONE, read_map};
use super::*;
use crate::params::{Field, Meta};
use proptest::prelude::*;

const MAP: &str = r#"outcome = "y"
defaulted = 2
paid = ["1", "good"]
lender_sees = ["home", "limit"]
needs_consent = ["pay1..2", "bill"]
features = [
    { columns = "home", levels = ["own", 3, "rent"], missing = ["?", ""] },
    { columns = "limit", transform = "signed-log", bounds = [0, 1000], trend = "falling" },
    { columns = "pay1..2", bounds = [0, 8], steps = [1, 2], special = [-2, -1], missing = true, trend = "rising" },
    { columns = "bill", bounds = [-100, 500], missing = -999 },
]
derived = [
    { name = "used", ratio = ["bill", "limit"], bounds = [-0.5, 1.5], knots = [1] },
    { name = "worst", max = "pay1..2", bounds = [0, 8], steps = [1], otherwise = 0, trend = "rising" },
    { name = "late", count_at_least = { columns = ["pay1..2", "worst"], threshold = 1 }, bounds = [0, 3] },
    { name = "twice", sum = ["limit"], bounds = [0, 500], transform = "signed-log" },
]
interactions = [["worst", "used"], ["home", "pay1..2"], ["used", "worst"]]
"#;

const DATA: &str = "home,limit,pay1,pay2,bill,y\n\
    own,100,0,2,50,1\n\
    3.0,0,-2,-1,500,good\n\
    ?,2000,,-2,-999,2\n\
    boat,40,-1,9,-300,2\n\
    ,1,1,1,900,1\n";

fn people(data: &str) -> People {
    Table::from_csv("d.csv", data.as_bytes(), &read_map(MAP).unwrap(), false).unwrap().people(Streams::new(1, 0), false)
}

#[test]
fn levels_codes_missing_values_and_formulas_become_columns() {
    let table = Table::from_csv("d.csv", DATA.as_bytes(), &read_map(MAP).unwrap(), false).unwrap();
    let people = table.people(Streams::new(1, 0), false);
    assert_eq!(people.default, [false, false, true, true, false]);
    let log = |x: f64| libm::log1p(x) as f32;
    let show = |f: &Frame| -> Vec<String> {
        (0..f.width()).map(|j| format!("{}: {:?}", f.columns()[j].name, f.column(j))).collect()
    };
    assert_eq!(people.bureau.column(1), [100.0, 0.0, 1000.0, 40.0, 1.0].map(log));
    assert_eq!(people.bureau.column(2), [100.0, 0.0, 500.0, 40.0, 1.0].map(log));
    insta::assert_snapshot!([show(&people.bureau.pick(&["home"])), show(&people.platform)].concat().join("\n"), @r"
    home: [0.0, 1.0, NaN, 3.0, NaN]
    pay1: [0.0, -2.0, NaN, -1.0, 1.0]
    pay2: [2.0, -1.0, -2.0, 8.0, 1.0]
    bill: [50.0, 500.0, NaN, -100.0, 500.0]
    used: [0.5, NaN, NaN, -0.5, 1.5]
    worst: [2.0, 0.0, 0.0, 8.0, 1.0]
    late: [2.0, 0.0, 0.0, 2.0, 3.0]
    ");
    assert_eq!((people.bureau_attribute_months, people.attribute_months), (2.0, 3.0));
    insta::assert_snapshot!(table.notes()[..3].join("\n"), @r"
    values clamped to the public bounds: limit 1, pay2 1, bill 2, used 2, twice 1
    levels that are not listed, all indicators 0: home 1
    missing values: home 2, pay1 1, bill 1, used 2
    ");
    let column = |name| {
        let all = people.bureau.beside(&people.platform);
        all.columns()[all.index(name).unwrap()].clone()
    };
    assert_eq!(column("home").levels, ["own", "3", "rent"]);
    assert_eq!((column("pay1").special, column("pay1").trend), (vec![-2.0, -1.0], crate::view::Trend::Rising));
    // Only what may be without a value says so: a count over a column that always has one, a sum of one, never are.
    let missing = ["home", "limit", "pay1", "bill", "used", "worst", "late", "twice"].map(|n| column(n).missing);
    assert_eq!(missing, [true, false, true, true, true, false, false, false]);
    assert_eq!(
        (column("used").pairs, column("home").pairs),
        (vec!["worst".into()], vec!["pay1".into(), "pay2".into()])
    );
}

#[test]
fn a_file_without_a_header_gives_what_the_same_file_with_one_gives() {
    let map =
        read_map(&format!("columns = [\"home\", \"limit\", \"pay1..2\", \"bill\", \"y\"]\ndelimiter = \" \"\n{MAP}"));
    let body = DATA.split_once('\n').unwrap().1.replace(',', " ");
    let bare = Table::from_csv("d.csv", body.as_bytes(), &map.unwrap(), false).unwrap();
    let (a, b) = (bare.people(Streams::new(1, 0), false), people(DATA));
    assert_eq!(a.default, b.default);
    assert_eq!(format!("{:?}{:?}", a.bureau, a.platform), format!("{:?}{:?}", b.bureau, b.platform));
}

#[test]
fn what_is_written_reads_back() {
    let map = read_map(MAP).unwrap();
    assert_eq!(read_map(&toml::to_string(&map.write()).unwrap()).unwrap(), map);
    let mut out: Vec<Meta> = Vec::new();
    TableParams::meta(&TableParams::default(), "t", &NONE, &mut out);
    for key in ["t.features.levels", "t.derived.ratio", "t.derived.count_at_least.threshold", "t.interactions"] {
        assert!(out.iter().any(|m| m.key == key && m.doc.len() > 10), "{key}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "one table of faults")]
fn faulty_features_formulas_and_pairs_are_refused_with_their_places() {
    let with = |from: &str, to: &str| {
        assert!(MAP.contains(from), "{from}");
        read_map(&MAP.replacen(from, to, 1)).expect_err(to)
    };
    let cases = [
        with("defaulted = 2", "defaulted = [1, 2]"),
        with("levels = [\"own\", 3", "trend = \"rising\", levels = [\"own\", \"own\""),
        with("missing = [\"?\", \"\"]", "missing = [\"own\"]"),
        with("special = [-2, -1]", "special = [-2, 0]"),
        with("missing = true", "missing = {}"),
        with("ratio = [\"bill\", \"limit\"]", "ratio = [\"bill\", \"limit\"], max = [\"bill\"]"),
        with("ratio = [\"bill\", \"limit\"]", "ratio = [\"bill\"]"),
        with("ratio = [\"bill\", \"limit\"]", "ratio = [\"bil\", \"home\"]"),
        with("ratio = [\"bill\", \"limit\"], ", ""),
        with("\"pay1..2\", \"worst\"]", "\"pay1..2\", \"late\"]"),
        with("name = \"worst\"", "name = \"pay2\""),
        with("name = \"worst\"", "name = \"y\""),
        with("otherwise = 0", "otherwise = -1"),
        with("[\"used\", \"worst\"]", "[\"used\"]"),
        with("[\"used\", \"worst\"]", "[\"used\", \"used\"]"),
        with("[\"used\", \"worst\"]", "[\"used\", \"worse\"]"),
    ];
    insta::assert_snapshot!(cases.join("\n\n"), @r#"
    s.toml:3:8: `paid`: "1" means default as well
      |
    3 | paid = ["1", "good"]
      |        ^^^^^^^^^^^^^

    s.toml:7:52: `features[1].levels`: "own" is given twice
      |
    7 |     { columns = "home", trend = "rising", levels = ["own", "own", "rent"], missing = ["?", ""] },
      |                                                    ^^^^^^^^^^^^^^^^^^^^^^

    s.toml:7:33: `features[1].trend`: does not go with levels
      |
    7 |     { columns = "home", trend = "rising", levels = ["own", "own", "rent"], missing = ["?", ""] },
      |                                 ^^^^^^^^
      = help: a category has levels and no order: take out levels, or trend

    s.toml:7:64: `features[1].missing`: "own" is a level as well
      |
    7 |     { columns = "home", levels = ["own", 3, "rent"], missing = ["own"] },
      |                                                                ^^^^^^^

    s.toml:9:71: `features[3].special`: 0 is a bound as well
      |
    9 |     { columns = "pay1..2", bounds = [0, 8], steps = [1, 2], special = [-2, 0], missing = true, trend = "rising" },
      |                                                                       ^^^^^^^
      = help: bounds are of the quantity alone: a value that is clamped to this bound would pass for the code

    s.toml:9:91: `features[3].missing`: expected a code (a number or a text), got a table
      |
    9 | …= [1, 2], special = [-2, -1], missing = {}, trend = "rising" },
      |                                          ^^

    s.toml:13:5: `derived[1]`: 2 formulas are given, a derived column has one
       |
    13 |     { name = "used", ratio = ["bill", "limit"], max = ["bill"], bounds = [-0.5, 1.5], knots = [1] },
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: one of ratio, difference, product, max, min, sum, mean, count_at_least

    s.toml:13:30: `derived[1].ratio`: 1 columns, `ratio` is of two
       |
    13 |     { name = "used", ratio = ["bill"], bounds = [-0.5, 1.5], knots = [1] },
       |                              ^^^^^^^^
       = help: ratio = ["A", "B"]

    s.toml:13:30: `derived[1].ratio`: there is no column `bil`
       |
    13 |     { name = "used", ratio = ["bil", "home"], bounds = [-0.5, 1.5], knots = [1] },
       |                              ^^^^^^^^^^^^^^^
       = help: did you mean `bill`?

    s.toml:13:30: `derived[1].ratio`: `home` is a category: there is nothing to compute with
       |
    13 |     { name = "used", ratio = ["bil", "home"], bounds = [-0.5, 1.5], knots = [1] },
       |                              ^^^^^^^^^^^^^^^

    s.toml:13:5: `derived[1]`: 0 formulas are given, a derived column has one
       |
    13 |     { name = "used", bounds = [-0.5, 1.5], knots = [1] },
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: one of ratio, difference, product, max, min, sum, mean, count_at_least

    s.toml:15:51: `derived[3].count_at_least.columns`: there is no column `late`
       |
    15 |     { name = "late", count_at_least = { columns = ["pay1..2", "late"], threshold = 1 }, bounds = [0, 3] },
       |                                                   ^^^^^^^^^^^^^^^^^^^
       = help: name a column of lender_sees or needs_consent, or a derived one that stands before

    s.toml:14:14: `derived[2].name`: there is a column `pay2` already
       |
    14 |     { name = "pay2", max = "pay1..2", bounds = [0, 8], steps = [1], otherwise = 0, trend = "rising" },
       |              ^^^^^^

    s.toml:14:14: `derived[2].name`: `y` is the outcome or the id
       |
    14 |     { name = "y", max = "pay1..2", bounds = [0, 8], steps = [1], otherwise = 0, trend = "rising" },
       |              ^^^

    s.toml:14:82: `derived[2].otherwise`: -1 is outside the bounds 0 to 8
       |
    14 | …unds = [0, 8], steps = [1], otherwise = -1, trend = "rising" },
       |                                          ^^
       = help: leave it out: missing is a value of its own

    s.toml:18:57: `interactions[3]`: 1 name(s), an interaction is a pair of columns
       |
    18 | interactions = [["worst", "used"], ["home", "pay1..2"], ["used"]]
       |                                                         ^^^^^^^^
       = help: interactions = [["A", "B"], ["A", "C1..3"]]

    s.toml:18:57: `interactions[3]`: `used` with itself
       |
    18 | interactions = [["worst", "used"], ["home", "pay1..2"], ["used", "used"]]
       |                                                         ^^^^^^^^^^^^^^^^

    s.toml:18:57: `interactions[3]`: there is no column `worse`
       |
    18 | interactions = [["worst", "used"], ["home", "pay1..2"], ["used", "worse"]]
       |                                                         ^^^^^^^^^^^^^^^^^
       = help: did you mean `worst`?
    "#);
}

/// The formulas once more, in other words, over plain numbers.
fn naive(row: [f64; 2], limit: f64) -> [Option<f64>; 8] {
    let [a, b] = row;
    [
        (limit > 0.0).then(|| a / limit),
        Some(a - b),
        Some(a * b),
        Some(if a > b { a } else { b }),
        Some(if a < b { a } else { b }),
        Some(a + b),
        Some(0.5 * (a + b)),
        Some(f64::from(u8::from(a >= 3.0)) + f64::from(u8::from(b >= 3.0))),
    ]
}

proptest! {
    /// Whatever stands in the row: each formula says what the naive one says, within its bounds, and nobody else's row
    /// enters it.
    #[test]
    fn formulas_agree_with_naive_ones_and_stay_within_their_bounds(
        rows in proptest::collection::vec((-50.0..50.0f64, -50.0..50.0f64, -2.0..60.0f64), 3..20),
    ) {
        let map = read_map(
            r#"outcome = "y"
            lender_sees = ["l"]
            needs_consent = ["a", "b"]
            features = [{ columns = ["a", "b"], bounds = [-20, 20] }, { columns = "l", bounds = [0, 30] }]
            derived = [
                { name = "r", ratio = ["a", "l"], bounds = [-5, 5] },
                { name = "d", difference = ["a", "b"], bounds = [-30, 5] },
                { name = "p", product = ["a", "b"], bounds = [-100, 300] },
                { name = "hi", max = ["a", "b"], bounds = [-5, 25] },
                { name = "lo", min = ["a", "b"], bounds = [-5, 25] },
                { name = "s", sum = ["a", "b"], bounds = [-40, 10] },
                { name = "m", mean = ["a", "b"], bounds = [-40, 10] },
                { name = "n", count_at_least = { columns = ["a", "b"], threshold = 3 }, bounds = [0, 2] },
            ]"#,
        ).unwrap();
        let text = |rows: &[(f64, f64, f64)]| {
            let line = |(i, r): (usize, &(f64, f64, f64))| format!("{},{},{},{}\n", r.0, r.1, r.2, i % 2);
            format!("a,b,l,y\n{}", rows.iter().enumerate().map(line).collect::<String>())
        };
        let read = |rows: &[(f64, f64, f64)]| {
            let table = Table::from_csv("d.csv", text(rows).as_bytes(), &map, false).unwrap();
            table.people(Streams::new(1, 0), false).platform
        };
        let all = read(&rows);
        for (i, (a, b, l)) in rows.iter().enumerate() {
            let want = naive([a.clamp(-20.0, 20.0), b.clamp(-20.0, 20.0)], l.clamp(0.0, 30.0));
            for (j, want) in want.into_iter().enumerate() {
                let (got, column) = (all.column(2 + j)[i], &all.columns()[2 + j]);
                match want {
                    None => prop_assert!(got.is_nan() && column.missing),
                    Some(w) => prop_assert_eq!(got, (w as f32).clamp(column.lo, column.hi)),
                }
            }
        }
        let two = read(&rows[..2]);
        for j in 0..two.width() {
            let bits = |f: &Frame| f.column(j)[..2].iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&two), bits(&all));
        }
    }
}
