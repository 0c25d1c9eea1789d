//! Tables that are opened for a release: no record decides whether they are read, nor about others.

use super::tests::read_map;
use super::*;

const MAP: &str = r#"outcome = "bad"
id = "id"
cohort = [{ column = "school", values = [1, 2] }, { column = "age", from = 20, to = 50, width = 10 }]
lender_sees = ["age", "limit"]
needs_consent = ["late", "job"]
features = [
    { columns = "age", bounds = [18, 90] },
    { columns = "limit", transform = "signed-log", bounds = [0, 1000] },
    { columns = "late", bounds = [0, 6], missing = true },
    { columns = "job", levels = ["a", "b"] },
]
"#;

const HEADER: &str = "id,school,age,limit,late,job,note,bad\n";
const FIRST: &str = "p,1,25,100,1,a,fine,0\n";
const LAST: &str = "q,2,35,50,2,b,fine,1\n";

fn open(text: &str) -> Result<Table> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("d.csv");
    std::fs::write(&path, text).unwrap();
    Table::open_for_release(&path, &read_map(MAP).unwrap())
}

fn around(rows: &str) -> Table {
    open(&format!("{HEADER}{FIRST}{rows}{LAST}")).unwrap()
}

/// (cohort, default, age, limit, late, job) of one id.
fn person(table: &Table, id: &str) -> (u32, bool, f32, f32, f32, f32) {
    let at = table.places().iter().position(|p| p.1 == id).unwrap();
    let people = table.people(Streams::new(0, 0), false);
    let [age, limit] = [0, 1].map(|j| people.bureau.column(j)[at]);
    let [late, job] = [0, 1].map(|j| people.platform.column(j)[at]);
    (people.community[at], people.default[at], age, limit, late, job)
}

#[test]
fn a_field_that_cannot_be_read_has_a_public_default() {
    let middle = 0.5 * libm::log1p(1000.0) as f32;
    for (row, want) in [
        ("r,1,25,100,1,a,x,1", (0, true, 25.0, libm::log1p(100.0) as f32, 1.0, 0.0)),
        ("r,1,25,100,1,a,x,maybe", (0, false, 25.0, libm::log1p(100.0) as f32, 1.0, 0.0)),
        ("r,1,old,100,1,a,x,1", (0, true, 54.0, libm::log1p(100.0) as f32, 1.0, 0.0)),
        ("r,,25,inf,many,,x,1", (6, true, 25.0, middle, f32::NAN, 2.0)),
    ] {
        let table = around(&format!("{row}\n"));
        let got = person(&table, "r");
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5 || a.is_nan() && b.is_nan();
        assert!(got.0 == want.0 && got.1 == want.1 && near(got.2, want.2) && near(got.3, want.3), "{row}: {got:?}");
        assert!(near(got.4, want.4) && near(got.5, want.5), "{row}: {got:?}");
        assert_eq!(table.persons(), 3);
        let noted = table.notes().iter().any(|n| n.contains("1 rows have fields that cannot be read"));
        assert_eq!(noted, row != "r,1,25,100,1,a,x,1", "{row}: {:?}", table.notes());
    }
    // Nothing of such a row is known, and neither of two without an id is taken for the other.
    let table = around("r,1\n,1,25,100,1,a,x,1\n,1,25,100,1,a,x,1\n");
    assert_eq!(table.persons(), 5);
    assert_eq!(table.places().iter().filter(|p| p.1.is_empty()).count(), 3);
    // Structure is public: columns, and that an id is one person.
    assert!(open("id,school\nr,1\n").is_err() && open(HEADER).is_err());
    let message = open(&format!("{HEADER}{FIRST}{FIRST}")).unwrap_err().to_string();
    assert!(message.contains("is the id of line 2 as well") && !message.contains("skip"), "{message}");
}

/// The others are the same whatever one person's record is.
#[test]
fn no_record_takes_in_another() {
    for row in [
        "r,1,25,100,1,a,\"open,1\n",
        "r,1,25,100,1,a,open,\"1\n",
        "\"r,1,25,100,1,a,open,1\n",
        "r,1,25,100,1,a,\"one\"quote\",1\n",
        "r,1,25,100,1,a,\"a note\nof two lines\",1\n",
        "r,1,25,100,1,a,\"a note\r\n\r\nof three lines\",1\r\n",
        "r\n",
        ",,,,,,,,,,,,\n",
        "\u{fffd},1,25,100,1,a,x,1\n",
    ] {
        let table = around(row);
        let what = format!("{row:?}: {} persons, {:?}", table.persons(), table.notes());
        assert_eq!(table.persons(), 3, "{what}");
        assert_eq!(table.row_hashes().len(), 3, "{what}");
        assert_eq!(person(&table, "p").2, 25.0, "{what}");
        assert_eq!(person(&table, "q"), (4, true, 35.0, libm::log1p(50.0) as f32, 2.0, 1.0), "{what}");
    }
    // A note of two lines is one record, and is read.
    assert!(person(&around("r,1,25,100,1,a,\"two\nlines\",1\n"), "r").1);
    // Lines keep their numbers behind an open quote.
    let table = around("r,1,25,100,1,a,\"open,1\ns,1,old,100,1,a,x,1\n");
    let note = table.notes().iter().find(|n| n.contains("cannot be read")).unwrap();
    assert!(note.contains("line 3: (row)") && note.contains("line 4: age"), "{note}");
    // Many open quotes take no longer than as many lines.
    let many = "r,1,25,100,1,a,\"open,1\n".repeat(20_000);
    assert_eq!(open(&format!("{HEADER}{FIRST}{}", many.replace("r,1", ",1"))).unwrap().persons(), 20_001);
    // Nor do lines that close a quote and open another.
    let many = ",1,25,100,1,a\"b,\"open,1\n".repeat(20_000);
    assert_eq!(open(&format!("{HEADER}{FIRST}{many}")).unwrap().persons(), 20_001);
    // Carriage returns alone end lines as well.
    assert_eq!(open(&format!("{HEADER}{FIRST}{LAST}").replace('\n', "\r")).unwrap().persons(), 2);
}
