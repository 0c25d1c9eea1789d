//! Tables written by hand, and the Taiwanese one where it is present.

use super::*;
use crate::document::{Node, render};
use crate::params::{About, Field, Meta, any};
use proptest::prelude::*;

pub(super) const NONE: About = About { doc: "", unit: "", bounds: any(), source: "" };

const MAP: &str = r#"outcome = "bad"
id = "id"
group = { column = "sex", names = { "1" = "male", "2" = "female" } }
cohort = [{ column = "school", values = [1, 2] }, { column = "age", from = 20, to = 50, width = 10 }]
lender_sees = ["age", "limit"]
needs_consent = ["pay1..2"]
income = { column = "limit", cuts = [10, 20, 30, 40, 50, 60, 70, 80, 90] }
features = [
    { columns = "age", bounds = [18, 90] },
    { columns = "limit", transform = "signed-log", bounds = [0, 1000], knots = [100] },
    { columns = "pay1..2", bounds = [-2, 8], steps = [1, 2] },
]
"#;

const DATA: &str = "id,sex,school,age,limit,pay1,pay2,bad\n\
    a,1,1,25,100,0,0,0\n\
    b,2,2,35,50,2,1,1\n\
    c,2,9,19,5,-1,0,0\n\
    d,1,1,71,2000,9,8,1\n";

pub(super) fn read_map(text: &str) -> std::result::Result<TableParams, String> {
    let mut problems = Vec::new();
    let node = Node::parse("s.toml", text).map_err(|p| render(&p))?;
    let map = TableParams::read(&node, "", &NONE, &mut problems);
    if problems.is_empty() { map.ok_or_else(String::new) } else { Err(render(&problems)) }
}

fn map() -> TableParams {
    read_map(MAP).unwrap()
}

fn table(data: &str) -> Table {
    Table::from_csv("d.csv", data.as_bytes(), &map(), false).unwrap()
}

fn refused(data: &str) -> String {
    Table::from_csv("d.csv", data.as_bytes(), &map(), false).unwrap_err().to_string()
}

#[test]
fn a_table_becomes_people() {
    let table = table(DATA);
    let people = table.people(Streams::new(1, 0), false);
    // By cohort: (1, 20..30) a; (1, 40..50) d; (2, 30..40) b; (other, 20..30) c.
    assert_eq!(people.community, [0, 2, 4, 6]);
    assert_eq!(people.communities, 9);
    assert_eq!(table.cohort_name(6), "school=other, age 20..30");
    assert_eq!(people.default, [false, true, true, false]);
    assert_eq!(people.group, [0, 0, 1, 1]);
    assert_eq!(people.group_names, ["male", "female"]);
    assert_eq!(people.decile, [10, 10, 6, 1]);
    assert_eq!(people.file, [FileDepth::Thick; 4]);
    assert_eq!(people.origin, [0, 1, 2, 3]);
    assert_eq!(people.bureau.column(0), [25.0, 71.0, 35.0, 19.0]);
    let log = |x: f64| libm::log1p(x) as f32;
    assert_eq!(people.bureau.column(1), [log(100.0), log(1000.0), log(50.0), log(5.0)]);
    assert_eq!(people.bureau.columns()[1].knots, [log(100.0)]);
    assert_eq!(people.platform.column(0), [0.0, 8.0, 2.0, -1.0]);
    assert_eq!(people.platform.columns()[1].steps, [1.0, 2.0]);
    assert_eq!(table.sha256(), "81377fe06849ef2a39441d50c29104ad4e10676841b04ce13920f8d1a22a89a0");
    insta::assert_snapshot!(table.notes().join("\n"), @r"
    values clamped to the public bounds: limit 1, pay1 1
    values outside the public cells of school, now in the cell `other`: 1
    values outside the public cells of age, now in the edge cells: 2
    9 of 9 cohorts have fewer than 10 persons
    ");
}

#[test]
fn byte_order_marks_crlf_quotes_blanks_and_empty_lines_change_nothing() {
    let plain = table(DATA).people(Streams::new(1, 0), true);
    let mut odd = DATA
        .replace("id,sex", "\"id\", sex ")
        .replace("a,1,1,25", "\"a\", 1.0 ,+1,\"2.5e1\"")
        .replace('\n', "\r\n\r\n");
    odd.insert(0, '\u{feff}');
    let odd = table(&odd).people(Streams::new(1, 0), true);
    assert_eq!((plain.quality, plain.bureau, plain.origin), (odd.quality, odd.bureau, odd.origin));
}

#[test]
fn malformed_data_is_reported_with_file_line_column_and_value() {
    let with = |from: &str, to: &str| refused(&DATA.replacen(from, to, 1));
    let row = "b,2,2,35,50,2,1,1";
    let cases = [
        with(row, "b,2,2,35,50,two,1,1"),
        with(row, "b,2,2,35,50,NaN,1,1"),
        with(row, "b,2,2,35,-inf,2,1,1"),
        with(row, "b,2,2,35,,2,1,1"),
        with(row, "b,2,2,35,50,2,1,2"),
        with(row, "b,3,2,35,50,2,1,1"),
        with(row, "b,2,2,old,50,2,1,1"),
        with(row, "b,2,2,35,50,2,1"),
        with(row, "\"b,2,2,35,50,2,1,1"),
        with(row, "a,2,2,35,50,2,1,1"),
        with(row, "b,2,2,35,\"1,000\",2,1,1\nx\ny"),
        with("pay2", "pay_2"),
        with("limit,pay1,pay2", "limt,p1,p2"),
        with("pay2", "pay1"),
        with("id,sex", "X1,X2,X3,X4,X5,X6,X7,X8\nid,sex"),
        refused(&DATA.replace(',', ";")),
        refused(""),
        refused("\n\n"),
        refused("id,sex,school,age,limit,pay1,pay2,bad\n"),
        refused(&DATA.replace(",1\n", ",0\n")),
    ];
    insta::assert_snapshot!(cases.join("\n"), @r#"
    d.csv:3: pay1: "two" is not a number
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: pay1: "NaN" is not a finite number; if that means missing, say missing = ["NaN"] in its feature
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: limit: "-inf" is not a finite number
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: limit: the field is empty; if that means missing, say missing = true in its feature
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: bad: "2" is not an outcome: 1 = default, 0 = paid
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: sex: "3" is not a group; the map names 1, 2
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: age: "old" is not a number
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: (row): 7 fields, the header has 8
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: (row): 1 fields, the header has 8; is a quote left open?
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: id: "a" is the id of line 2 as well
      (the first malformed row; --skip-bad-rows counts them and goes on)
    d.csv:3: limit: "1,000" is not a number
      (the first malformed row; 3 rows are malformed in all; --skip-bad-rows counts them and goes on)
    d.csv:1: pay2: histories.source.table.needs_consent names this column, the file does not have it; did you mean `pay_2`?
    d.csv:1: limit: histories.source.table.income names this column, the file does not have it; did you mean `limt`?
      missing as well: pay1, pay2
    d.csv:1: pay1: the header has this column twice
    d.csv:1: bad: histories.source.table.outcome names this column, the file does not have it; its columns are X1, X2, X3, X4, X5, X6, X7, X8
      missing as well: id, sex, limit, school, age, pay1, pay2
      line 2 has every mapped column: set histories.source.table.header_line = 2
    d.csv:1: bad: histories.source.table.outcome names this column, the file does not have it; the header is one field of 37 characters: is the delimiter ';'? Set histories.source.table.delimiter
      missing as well: id, sex, limit, school, age, pay1, pay2
    d.csv:1: (header): the file has no header: it is empty up to here
    d.csv:1: (header): the file has no header: it is empty up to here
    d.csv:1: (rows): the file has a header and no rows
    d.csv:1: bad: all 4 outcomes are 0: a score needs persons who defaulted and persons who paid
    "#);
}

#[test]
fn bad_rows_are_counted_where_the_user_says_so() {
    let data = format!("{DATA}e,1,1,30,40,x,0,0\na,1,1,30,40,0,0,0\n\u{0},,\n");
    let table = Table::from_csv("d.csv", data.as_bytes(), &map(), true).unwrap();
    assert_eq!((table.persons(), table.skipped().rows), (4, 3));
    insta::assert_snapshot!(table.skipped().first.join("\n"), @r#"
    line 6: pay1: "x" is not a number
    line 7: id: "a" is the id of line 2 as well
    line 8: (row): 3 fields, the header has 8
    "#);
    let all = Table::from_csv("d.csv", DATA.replace(",1\n", ",7\n").replace(",0\n", ",\n").as_bytes(), &map(), true);
    insta::assert_snapshot!(all.unwrap_err(), @r"
    d.csv:2: bad: the field is empty
      (all 4 rows are malformed, this is the first)
    ");
}

#[test]
fn lines_are_counted_over_blank_ones_and_quoted_breaks() {
    for (before, line) in [("", 6), ("\n\n", 8), ("\r\n", 7), ("\"e\nf\",1,1,30,40,0,0,0\n", 8)] {
        let error = refused(&format!("{DATA}{before}g,1,1,30,40,x,0,0\n"));
        assert!(error.starts_with(&format!("d.csv:{line}: pay1")), "{before:?}: {error}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_a_malformed_row() {
    let mut data = DATA.as_bytes().to_vec();
    data.extend(b"e,1,1,30,40,\xff,0,0\n");
    insta::assert_snapshot!(Table::from_csv("d.csv", &data, &map(), false).unwrap_err(), @r#"
    d.csv:6: pay1: "�" is not UTF-8
      (the first malformed row; --skip-bad-rows counts them and goes on)
    "#);
    assert_eq!(Table::from_csv("d.csv", &data, &map(), true).unwrap().skipped().rows, 1);
}

#[test]
#[allow(clippy::too_many_lines, reason = "one table of faults")]
fn a_faulty_map_is_refused_with_its_places() {
    let with = |from: &str, to: &str| {
        assert!(MAP.contains(from), "{from}");
        read_map(&MAP.replacen(from, to, 1)).expect_err(to)
    };
    let cases = [
        with("needs_consent", "needs_consnt"),
        with("\"pay1..2\"]", "\"pay2..1\", \"id\", \"age\"]"),
        with("bounds = [18, 90]", "bound = [18, 90]"),
        with("bounds = [18, 90]", "bounds = [90]"),
        with("{ columns = \"age\", bounds = [18, 90] },", ""),
        with("columns = \"age\"", "columns = \"agee\""),
        with("steps = [1, 2]", "steps = [2, 1, 9]"),
        with("signed-log", "log"),
        with("values = [1, 2]", "values = [1]"),
        with("values = [1, 2]", "vals = [1, 2]"),
        with("{ column = \"school\", values = [1, 2] }", "\"school\""),
        with("to = 50", "to = 30"),
        with("column = \"school\"", "column = \"pay1\""),
        with("\"2\" = \"female\"", "\"1.0\" = \"female\""),
        with("80, 90]", "80]"),
        with("outcome = \"bad\"", ""),
    ];
    insta::assert_snapshot!(cases.join("\n\n"), @r#"
    s.toml:6:1: `needs_consnt`: unknown key
      |
    6 | needs_consnt = ["pay1..2"]
      | ^^^^^^^^^^^^
      = help: did you mean `needs_consent`?

    s.toml:6:18: `needs_consent[1]`: `pay2..1` runs backwards: write pay1..2
      |
    6 | needs_consent = ["pay2..1", "id", "age"]
      |                  ^^^^^^^^^

    s.toml:6:29: `needs_consent[2]`: `id` is the id
      |
    6 | needs_consent = ["pay2..1", "id", "age"]
      |                             ^^^^
      = help: a score that reads it would know the answer

    s.toml:6:35: `needs_consent[3]`: `age` is in lender_sees as well
      |
    6 | needs_consent = ["pay2..1", "id", "age"]
      |                                   ^^^^^
      = help: a column is either always seen or needs consent: take it out of one list

    s.toml:9:24: `features[1].bound`: unknown key
      |
    9 |     { columns = "age", bound = [18, 90] },
      |                        ^^^^^
      = help: did you mean `bounds`?

    s.toml:9:33: `features[1].bounds`: [90.0] is not [lowest, highest]
      |
    9 |     { columns = "age", bounds = [90] },
      |                                 ^^^^
      = help: public bounds, known before the data is opened; what lies outside is clamped and counted

    s.toml:5:16: `lender_sees[1]`: `age` has no public bounds
      |
    5 | lender_sees = ["age", "limit"]
      |                ^^^^^
      = help: add { columns = "age", bounds = [lowest, highest] } to features

    s.toml:9:17: `features[1].columns`: `agee` is neither in lender_sees nor in needs_consent
      |
    9 |     { columns = "agee", bounds = [18, 90] },
      |                 ^^^^^^
      = help: did you mean `age`?

    s.toml:11:54: `features[3].steps`: 1 does not come after 2: the values must increase
       |
    11 |     { columns = "pay1..2", bounds = [-2, 8], steps = [2, 1, 9] },
       |                                                      ^^^^^^^^^

    s.toml:11:54: `features[3].steps`: 9 separates nobody: the bounds are -2 to 8
       |
    11 |     { columns = "pay1..2", bounds = [-2, 8], steps = [2, 1, 9] },
       |                                                      ^^^^^^^^^

    s.toml:10:38: `features[2].transform`: `log` is not one of linear, signed-log
       |
    10 |     { columns = "limit", transform = "log", bounds = [0, 1000], knots = [100] },
       |                                      ^^^^^

    s.toml:4:11: `cohort[1]`: 1 public value(s) of `school`: one cohort cannot be compared
      |
    4 | cohort = [{ column = "school", values = [1] }, { column = "age", from = 20, to = 50, width = 10 }]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: list at least two values

    s.toml:4:32: `cohort[1].vals`: unknown key
      |
    4 | cohort = [{ column = "school", vals = [1, 2] }, { column = "age", from = 20, to = 50, width = 10 }]
      |                                ^^^^
      = help: did you mean `values`?

    s.toml:4:11: `cohort[1]`: expected a table of publicly enumerated cells, got text
      |
    4 | cohort = ["school", { column = "age", from = 20, to = 50, width = 10 }]
      |           ^^^^^^^^
      = help: write { column = "AGE", from = 20, to = 70, width = 10 } or { column = "EDUCATION", values = [1, 2, 3] }

    s.toml:4:51: `cohort[2]`: 20 to 30 by 10 is one band of `age`: one cohort cannot be compared
      |
    4 | cohort = [{ column = "school", values = [1, 2] }, { column = "age", from = 20, to = 30, width = 10 }]
      |                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: at least two bands: raise `to` or lower `width`

    s.toml:4:11: `cohort[1]`: `pay1` needs consent and cannot be a cohort key
      |
    4 | cohort = [{ column = "pay1", values = [1, 2] }, { column = "age", from = 20, to = 50, width = 10 }]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: the lender joins released statistics by cohort, so it must know everybody's

    s.toml:3:9: `group`: the code 1 is given twice
      |
    3 | group = { column = "sex", names = { "1" = "male", "1.0" = "female" } }
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    s.toml:7:37: `income.cuts`: 8 cut points, ten deciles need nine
      |
    7 | income = { column = "limit", cuts = [10, 20, 30, 40, 50, 60, 70, 80] }
      |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    s.toml:1:1: `outcome`: no column is named
      |
    1 | 
      | ^
      = help: name the column whose 1 means default, for example outcome = "default"
    "#);
}

#[test]
fn a_map_that_was_never_filled_is_an_error() {
    let error = Table::from_csv("d.csv", DATA.as_bytes(), &TableParams::default(), false).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    `histories.source.table.outcome`: no column is named
      help: name the column whose 1 means default, for example outcome = "default"

    `histories.source.table.lender_sees`: no column is named
      help: for example lender_sees = ["BALANCE", "PAY_2..PAY_6"]

    `histories.source.table.needs_consent`: no column is named
      help: for example needs_consent = ["BALANCE", "PAY_2..PAY_6"]
    "#);
}

#[test]
fn what_is_written_reads_back_and_every_key_is_explained() {
    let text = toml::to_string(&map().write()).unwrap();
    assert_eq!(read_map(&text).unwrap(), map());
    let mut out: Vec<Meta> = Vec::new();
    TableParams::meta(&TableParams::default(), "t", &NONE, &mut out);
    assert!(out.iter().all(|m| !m.doc.is_empty() || !m.source.is_empty()));
    let keys: Vec<&str> = out.iter().map(|m| m.key.as_str()).collect();
    insta::assert_snapshot!(keys.join(" "), @r"t.outcome t.defaulted t.paid t.id t.group.column t.group.names t.group.values t.cohort t.cohort.column t.cohort.values t.cohort.from t.cohort.to t.cohort.width t.lender_sees t.needs_consent t.monthly_payments t.features t.features.columns t.features.transform t.features.bounds t.features.steps t.features.knots t.features.levels t.features.special t.features.missing t.features.trend t.features.input_only t.derived t.derived.name t.derived.ratio t.derived.difference t.derived.product t.derived.max t.derived.min t.derived.sum t.derived.mean t.derived.count_at_least.columns t.derived.count_at_least.threshold t.derived.bounds t.derived.transform t.derived.steps t.derived.knots t.derived.trend t.derived.input_only t.derived.otherwise t.interactions t.income.column t.income.cuts t.file.column t.file.none t.file.thin t.proxy_correlation t.columns t.header_line t.delimiter");
}

#[test]
fn groups_may_be_a_column_alone_or_absent() {
    let line = "group = { column = \"sex\", names = { \"1\" = \"male\", \"2\" = \"female\" } }";
    let names = |group: &str, data: &str| {
        let map = read_map(&MAP.replace(line, group)).unwrap();
        Table::from_csv("d.csv", data.as_bytes(), &map, false).map(|t| t.people(Streams::new(0, 0), false))
    };
    let people = names("group = \"sex\"", DATA).unwrap();
    assert_eq!((people.group_names, people.group), (vec!["sex=1".into(), "sex=2".into()], vec![0, 0, 1, 1]));
    let people = names("group = { column = \"sex\", values = [2, 1] }", DATA).unwrap();
    assert_eq!((people.group_names, people.group), (vec!["sex=2".into(), "sex=1".into()], vec![1, 1, 0, 0]));
    assert_eq!(names("", DATA).unwrap().group_names, ["everyone"]);
    let rows: String = (0..13).map(|i| format!("x{i},{i},1,30,40,0,0,0\n")).collect();
    insta::assert_snapshot!(names("group = \"sex\"", &(DATA.to_owned() + &rows)).unwrap_err(), @r"d.csv:18: sex: more than 12 groups: name those that matter in histories.source.table.group.names");
}

#[test]
fn without_a_cohort_key_everybody_is_in_one_cohort() {
    let map = read_map(&MAP.lines().filter(|l| !l.starts_with("cohort")).collect::<Vec<_>>().join("\n")).unwrap();
    let table = Table::from_csv("d.csv", DATA.as_bytes(), &map, false).unwrap();
    assert_eq!((table.cohorts(), table.cohort_name(0).as_str()), (1, "everyone"));
}

#[test]
fn a_file_column_gives_depths() {
    let map = read_map(&format!("{MAP}file = {{ column = \"sex\", none = [2] }}\n")).unwrap();
    let people = Table::from_csv("d.csv", DATA.as_bytes(), &map, false).unwrap().people(Streams::new(0, 0), false);
    assert_eq!(people.file, [FileDepth::Thick, FileDepth::Thick, FileDepth::None, FileDepth::None]);
}

fn many(n: usize) -> Vec<String> {
    let row = |i: usize| {
        format!(
            "{},{},{},{},{},{},{},{}",
            i,
            1 + i % 2,
            i % 4,
            20 + i % 41,
            i % 97,
            i % 5,
            i % 3,
            u8::from(i.is_multiple_of(5))
        )
    };
    (0..n).map(row).collect()
}

fn with_header(rows: &[String]) -> String {
    format!("id,sex,school,age,limit,pay1,pay2,bad\n{}\n", rows.join("\n"))
}

proptest! {
    #[test]
    fn the_order_of_the_rows_changes_nothing(rows in Just(many(60)).prop_shuffle(), seed: u64) {
        let (a, b) = (table(&with_header(&many(60))), table(&with_header(&rows)));
        let (a, b) = (a.people(Streams::new(seed, 3), true), b.people(Streams::new(seed, 3), true));
        prop_assert_eq!((a.bureau, a.platform, a.quality, a.origin), (b.bureau, b.platform, b.quality, b.origin));
        prop_assert_eq!((a.default, a.group, a.decile, a.community), (b.default, b.group, b.decile, b.community));
    }

    /// Whatever the bytes, an error or a table: no panic.
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any_byte(), 0..200), skip: bool) {
        let with_header = [DATA.as_bytes(), &bytes].concat();
        let _ = Table::from_csv("d.csv", &bytes, &map(), skip);
        let _ = Table::from_csv("d.csv", &with_header, &map(), skip);
    }
}

fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b','), Just(b'\n'), Just(b'"'), Just(b'1'), Just(b'e'), proptest::num::u8::ANY]
}

/// n = 20,000 draws from as many rows: the share of rows drawn at least once is 1 − 1/e with standard error
/// √(e⁻¹(1 − 2e⁻¹)/n) = .0022, so ±.011 is 5 σ (α < 1e-6). Twins that must fail: no resampling (1.0), half the table (.316).
#[test]
fn a_bootstrap_draws_persons_with_replacement() {
    let table = table(&with_header(&many(20_000)));
    let people = table.people(Streams::new(5, 1), true);
    let share = |origin: &[u32]| {
        let mut seen = origin.to_vec();
        seen.dedup();
        seen.len() as f64 / origin.len() as f64
    };
    let holds = |s: f64| (s - 0.632_12).abs() < 0.011;
    assert!(holds(share(&people.origin)), "{}", share(&people.origin));
    assert!(!holds(share(&table.people(Streams::new(5, 1), false).origin)));
    assert!(!holds(share(&people.origin.iter().map(|i| i / 2).collect::<Vec<_>>())));
    assert_ne!(people.origin, table.people(Streams::new(5, 2), true).origin);
    // Copies are the same person in everything.
    let plain = table.people(Streams::new(5, 1), false);
    for (slot, &row) in people.origin.iter().enumerate() {
        assert_eq!(people.quality[slot].to_bits(), plain.quality[row as usize].to_bits());
        assert_eq!(people.bureau.column(1)[slot], plain.bureau.column(1)[row as usize]);
    }
}

/// n = 20,000: standard errors are .007 (mean, correlation) and .005 × √2 (variance), so ±.036 is 5 σ (α < 1e-6).
/// Twin that must fail: the sign of r turned around.
#[test]
fn the_quality_proxy_is_a_standard_score_that_goes_with_repayment() {
    let table = table(&with_header(&many(20_000)));
    let people = table.people(Streams::new(7, 0), false);
    let n = people.quality.len() as f64;
    let z = |i: usize| f64::from(people.quality[i]);
    let y = |i: usize| (f64::from(people.default[i]) - 0.2) / 0.4;
    let mean = |f: &dyn Fn(usize) -> f64| (0..people.quality.len()).map(f).sum::<f64>() / n;
    assert!(mean(&z).abs() < 0.036);
    assert!((mean(&|i| z(i) * z(i)) - 1.0).abs() < 0.05);
    let holds = |r: f64| (r + 0.3).abs() < 0.036;
    assert!(holds(mean(&|i| z(i) * y(i))));
    assert!(!holds(mean(&|i| -z(i) * y(i))));
}

#[test]
fn parquet_gives_what_csv_gives() {
    use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type};
    use parquet::file::writer::SerializedFileWriter;
    let schema =
        "message t { required binary id (UTF8); required int32 sex; required int32 school; required double age;
        required double limit; required int32 pay1; required int32 pay2; required boolean bad; }";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, std::sync::Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    macro_rules! column {
        ($type:ty, $values:expr) => {{
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<$type>().write_batch(&$values, None, None).unwrap();
            column.close().unwrap();
        }};
    }
    column!(ByteArrayType, ["a".into(), "b".into(), "c".into(), "d".into()]);
    column!(Int32Type, [1, 2, 2, 1]);
    column!(Int32Type, [1, 2, 9, 1]);
    column!(DoubleType, [25.0, 35.0, 19.0, 71.0]);
    column!(DoubleType, [100.0, 50.0, 5.0, 2000.0]);
    column!(Int32Type, [0, 2, -1, 9]);
    column!(Int32Type, [0, 1, 0, 8]);
    column!(BoolType, [false, true, false, true]);
    group.close().unwrap();
    writer.close().unwrap();
    let (a, b) = (Table::open(&path, &map(), false).unwrap(), table(DATA));
    let (a, b) = (a.people(Streams::new(1, 0), false), b.people(Streams::new(1, 0), false));
    assert_eq!((a.bureau, a.platform, a.quality, a.default), (b.bureau, b.platform, b.quality, b.default));
    std::fs::write(&path, "PAR1 no PAR1").unwrap();
    assert!(Table::open(&path, &map(), false).is_err());
    assert!(Table::open(&folder.path().join("none.csv"), &map(), false).is_err());
}
