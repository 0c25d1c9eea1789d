//! The protocol, and everything that goes wrong with programs. The programs are `sh` and Python scripts of a few lines; tests
//! that need Python say so when there is none.

use super::*;
use crate::view::Column;
#[cfg(feature = "arrow")]
use std::sync::Arc;
use std::time::Duration;

/// Rows with awkward numbers in an `always` column and one shared column that nobody else shares.
fn view(rows: usize) -> LenderView {
    let odd = [0.1f32, -0.0, 1.0 / 3.0, f32::MIN_POSITIVE, 16_777_216.0, -7.25e-12, 6.02e23, 3.0];
    let mut always = Frame::zeros(vec![Column::new("late, ever", -1.0, 1.0), Column::new("used", 0.0, 9.0)], rows);
    let mut more = Frame::zeros(vec![Column::new("bills", 0.0, 10.0)], rows);
    for i in 0..rows {
        always.column_mut(0)[i] = odd[i % odd.len()];
        always.column_mut(1)[i] = if i % 7 == 3 { f32::NAN } else { i as f32 };
        more.column_mut(0)[i] = (i % 10) as f32;
    }
    let known: Vec<bool> = (0..rows).map(|i| i % 3 == 0).collect();
    more.column_mut(0).iter_mut().zip(&known).for_each(|(x, k)| *x *= f32::from(u8::from(*k)));
    let labels = Some((0..rows).map(|i| i % 4 == 1).collect());
    LenderView { always, more, known, refusal_is_a_feature: false, labels }
}

fn scorer(program: &str, args: &[&str]) -> Command {
    allow();
    let args = args.iter().map(|a| (*a).to_owned()).collect();
    Command::new(CommandParams { program: program.into(), args, ..CommandParams::default() })
}

/// A shell script; `$1` is `fit` or `score`, `$2` the folder.
fn sh(script: &str) -> Command {
    scorer("sh", &["-c", script, "scorer"])
}

fn scores(scorer: &Command, v: &LenderView) -> Result<Vec<f64>> {
    scorer.fit(v, &mut Ledger::new())?.score(v)
}

/// The message of the failure, which is always the kind that a run survives.
fn wrong(scorer: &Command, rows: usize) -> String {
    match scores(scorer, &view(rows)) {
        Err(Error::Scorer(message)) => message,
        other => panic!("a scorer's failure was expected, got {other:?}"),
    }
}

fn holds(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in:\n{message}");
    }
}

/// `score` answers with these lines, whatever it is asked.
fn answers(lines: &str) -> Command {
    sh(&format!("cat > /dev/null; [ $1 = fit ] || printf '{lines}'"))
}

fn no_python() -> bool {
    let none = std::process::Command::new("python3").arg("-c").arg("").status().is_err();
    if none {
        println!("skipped: there is no python3");
    }
    none
}

const PYTHON_ECHO: &str = r#"
import csv, json, struct, sys
rows = list(csv.reader(sys.stdin))
names = [c["name"] for c in json.load(open(sys.argv[2] + "/columns.json"))]
if sys.argv[1] == "fit":
    assert rows[0] == names + ["label"], rows[0]
    assert all(r[-1] == str(int(k % 4 == 1)) for k, r in enumerate(rows[1:]))
    open(sys.argv[2] + "/seen", "w").write(str(len(rows)))
else:
    assert rows[0] == names, rows[0]
    assert open(sys.argv[2] + "/seen").read() == str(len(rows))
    print("pd")
    for k, r in enumerate(rows[1:]):
        assert (r[1] == "") == (k % 7 == 3)
        bits = struct.unpack("<I", struct.pack("<f", float(r[0])))[0]
        print(bits / 2**32)
"#;

/// Every row's bits come back as its PD: catches rounded numbers, another order of rows, a lost row.
#[test]
fn rows_cross_in_order_and_bit_for_bit() {
    if no_python() {
        return;
    }
    let v = view(4001);
    let pd = scores(&scorer("python3", &["-c", PYTHON_ECHO]), &v).unwrap();
    let want: Vec<f64> = v.always.column(0).iter().map(|x| f64::from(x.to_bits()) / 4294967296.0).collect();
    assert_eq!(pd, want);
    assert_eq!(want[0].to_bits(), pd[0].to_bits());
}

/// The program sees what the other scorers see: imputed values, and the refusal only where it is allowed.
#[test]
fn the_refusal_is_not_shown_unless_it_is_a_feature() {
    // The shared column is the last; where it is unknown the raw view holds 0.
    let show = sh(
        "if [ $1 = fit ]; then cp /dev/stdin $2/t; else cat > /dev/null; echo pd; tail -n +2 $2/t | awk -F, '{print $3 / 10}'; fi",
    );
    let v = view(300);
    let pd = scores(&show, &v).unwrap();
    let frame = Imputer::fit(&v).unwrap().complete(&v);
    for i in 0..300 {
        assert!((pd[i] - f64::from(frame.column(2)[i]) / 10.0).abs() < 1e-6);
    }
    assert!((0..300).filter(|i| !v.known[*i]).all(|i| pd[i] > 0.0), "a zero would tell the refusal");
    let header = sh("if [ $1 = fit ]; then head -n 1 > $2/h; else cat > /dev/null; echo pd; cat $2/h; fi");
    holds(&wrong(&header, 8), &["line 2", "`\"late, ever\",used,bills,label`"]);
    let allowed = LenderView { refusal_is_a_feature: true, ..view(8) };
    let message = scores(&header, &allowed).unwrap_err().to_string();
    holds(&message, &["used,bills,refused,label"]);
}

#[test]
fn a_big_table_stops_nobody_whoever_reads_first() {
    let v = view(200_000);
    // Answers all before it reads anything, and complains at length: full pipes on every side.
    let eager = sh(
        "[ $1 = fit ] || { echo pd; yes 0.25 | head -n 200000; }; yes trouble | head -n 100000 >&2; cat > /dev/null",
    );
    assert_eq!(scores(&eager, &v).unwrap(), vec![0.25; 200_000]);
    // Does not read at all.
    assert_eq!(scores(&sh("[ $1 = fit ] || { echo pd; yes 0.5 | head -n 200000; }"), &v).unwrap(), vec![0.5; 200_000]);
}

#[test]
fn pds_are_read_to_the_bit_and_zero_has_no_sign() {
    let tiny = 0.1 + 0.2;
    let text = format!("pd\\n{tiny}\\n-0.0\\n1e-300\\n1\\n");
    let pd = scores(&answers(&text), &view(4)).unwrap();
    assert_eq!(pd.iter().map(|p| p.to_bits()).collect::<Vec<_>>(), [tiny, 0.0, 1e-300, 1.0].map(f64::to_bits));
    assert_eq!(scores(&answers("\"pd\"\\r\\n.5\\r\\n0.5\\r\\n\\r\\n"), &view(2)).unwrap(), [0.5, 0.5]);
}

#[test]
fn an_answer_that_is_no_pds_is_refused_with_its_place() {
    let four = |lines: &str| wrong(&answers(lines), 4);
    holds(&four("pd\\n.1\\n.2\\n.3\\n"), &["too few PDs: 4 rows were given, 3"]);
    holds(&four("pd\\n.1\\n.2\\n.3\\n.4\\n.5\\n"), &["too many PDs", "5 PDs came back"]);
    holds(&four("pd\\n.1\\n1.0000001\\n.3\\n.4\\n"), &["line 3", "`1.0000001`", "from 0 to 1", "sh -c"]);
    holds(&four("pd\\n.1\\n.2\\n-1e-9\\n.4\\n"), &["line 4", "`-1e-9`"]);
    for odd in ["nan", "inf", "high", "0.1;", "np.float64(0.1)", "0,1"] {
        holds(&four(&format!("pd\\n.1\\n.2\\n.3\\n{odd}\\n")), &["line 5", &format!("`{odd}`")]);
    }
    holds(&four("pd\\n.1\\n\\n.3\\n.4\\n"), &["line 3", "empty"]);
    holds(&four(".1\\n.2\\n.3\\n.4\\n"), &["first line", "`.1`", "expected `pd`"]);
    holds(&four("id,pd\\n1,.1\\n"), &["`id,pd`"]);
    holds(&four(""), &["first line of its answer is empty"]);
    holds(&four("\\377\\n"), &["no UTF-8"]);
    let message = four("pd\\n\\033[2Jx\\n");
    assert!(message.contains("line 2") && !message.contains('\u{1b}'), "{message}");
}

#[test]
fn failures_quote_the_last_words() {
    let message = wrong(&sh("cat > /dev/null; for k in $(seq 99); do echo line $k >&2; done; exit 3"), 8);
    holds(&message, &["scorer fit` failed (exit status: 3)", "its last words", "line 92", "line 99"]);
    assert!(!message.contains("line 91"), "{message}");
    holds(&wrong(&sh("[ $1 = fit ] || { echo boom >&2; exit 1; }"), 8), &["scorer score` failed", "boom"]);
    // A broken pipe on the way in: the end status is what counts.
    holds(&wrong(&sh("exec <&-; exit 7"), 100_000), &["exit status: 7"]);
    holds(&wrong(&sh("kill -SEGV $$"), 8), &["signal: 11"]);
    holds(&wrong(&sh("kill -KILL $$"), 8), &["signal: 9"]);
}

#[test]
fn what_cannot_be_started_is_named() {
    holds(&wrong(&scorer("no-such-program-here", &["x"]), 8), &["cannot start `no-such-program-here x fit`", "PATH"]);
    holds(&wrong(&scorer("/", &[]), 8), &["cannot start", "lender.command.program"]);
    holds(&wrong(&scorer("", &[]), 8), &["cannot start"]);
    holds(&wrong(&scorer("a\0b", &[]), 8), &["cannot start"]);
}

fn limited(script: &str, seconds: f64) -> Command {
    let mut scorer = sh(script);
    scorer.params.fit_timeout = seconds;
    scorer.params.score_timeout = seconds;
    scorer
}

/// Whether a process of this id is alive (and no zombie).
#[cfg(target_os = "linux")]
fn alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "))
}

#[cfg(target_os = "linux")]
fn dies(file: &std::path::Path) {
    let pid = std::fs::read_to_string(file).expect("the program wrote its id");
    for _ in 0..100 {
        if !alive(pid.trim()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("process {pid} is still there");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let home = tempfile::tempdir().unwrap();
    let (own, child) = (home.path().join("own"), home.path().join("child"));
    let (o, c) = (own.display(), child.display());
    let script = format!("echo $$ > {o}; sleep 1000 & echo $! > {c}; echo waiting >&2; wait");
    let message = wrong(&limited(&script, 3.0), 8);
    holds(&message, &["fit` did not end within 3 s (lender.command.fit_timeout)", "killed", "waiting"]);
    dies(&own);
    dies(&child);
    let script = format!("[ $1 = fit ] || {{ trap '' TERM INT; echo $$ > {o}; while :; do :; done; }}");
    holds(&wrong(&limited(&script, 3.0), 8), &["score` did not end within 3 s (lender.command.score_timeout)"]);
    dies(&own);
}

/// What a program leaves running neither keeps pretick waiting nor lives on.
#[cfg(target_os = "linux")]
#[test]
fn a_child_that_is_left_behind_is_ended() {
    let home = tempfile::tempdir().unwrap();
    let child = home.path().join("child");
    let script = format!("sleep 1000 & echo $! > {}; cat > /dev/null; [ $1 = fit ] || echo pd", child.display());
    holds(&wrong(&limited(&script, 60.0), 3), &["too few PDs: 3 rows"]);
    dies(&child);
}

/// One that moves into a session of its own cannot be found, but is not waited for either.
#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_keeps_the_output_open_is_reported() {
    if std::process::Command::new("setsid").arg("true").status().is_err() {
        println!("skipped: there is no setsid");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let there = home.path().join("there").display().to_string();
    // It ends when the daemon has its own session.
    let script = format!(
        "[ $1 = fit ] || {{ setsid sh -c 'touch {there}; sleep 20' & while [ ! -e {there} ]; do sleep 0.02; done; }}"
    );
    let daemon = limited(&script, 3.0);
    holds(&wrong(&daemon, 8), &["kept its output open for 3 s (lender.command.score_timeout)"]);
}

#[test]
fn an_endless_answer_is_cut() {
    holds(&wrong(&sh("[ $1 = fit ] || yes 0.5"), 8), &["printed more than 66048 bytes", "killed"]);
    // While it fits, what it prints is dropped; endless complaints do not fill the memory either.
    let chatty = sh(
        "if [ $1 = fit ]; then yes | head -c 5000000; else yes | head -c 5000000 >&2; echo pd; echo .5; echo .5; fi",
    );
    assert_eq!(scores(&chatty, &view(2)).unwrap(), [0.5, 0.5]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_can_be_limited() {
    if no_python() {
        return;
    }
    // Waits for its input, by when the limit holds.
    let hungry = "import sys; sys.stdin.read(); b = bytearray(600 << 20); print('pd'); print(.5); print(.5)";
    let mut scorer = scorer("python3", &["-c", hungry]);
    assert_eq!(scores(&scorer, &view(2)).unwrap(), [0.5, 0.5]);
    scorer.params.memory = Some(400);
    holds(&wrong(&scorer, 2), &["exit status: 1", "MemoryError"]);
}

#[test]
fn views_that_nothing_can_be_learnt_from_start_nothing() {
    let s = sh("exit 9");
    for v in [
        LenderView { labels: None, ..view(8) },
        LenderView { labels: Some(vec![false; 8]), ..view(8) },
        LenderView { labels: Some(vec![true; 3]), ..view(8) },
        view(0),
    ] {
        assert!(matches!(s.fit(&v, &mut Ledger::new()), Err(Error::Fit(_))));
    }
    let mut labelled = view(8);
    labelled.more = Frame::zeros(vec![Column::new(LABEL, 0.0, 1.0)], 8);
    holds(&s.fit(&labelled, &mut Ledger::new()).err().unwrap().to_string(), &["a column is called `label`"]);
    let fitted = answers("pd\\n").learn(&view(8)).unwrap();
    assert_eq!(fitted.score(&LenderView { labels: None, ..view(0) }).unwrap(), [0.0; 0]);
    let other = LenderView { always: view(8).always.pick(&["used"]), ..view(8) };
    assert!(fitted.score(&other).is_err());
}

#[test]
fn every_model_has_a_folder_of_its_own_that_does_not_stay() {
    let learn = |script: &str| sh(script).learn(&view(8)).unwrap();
    let (one, two) = (learn("echo 0.25 > $2/m"), learn("echo 0.75 > $2/m"));
    let (a, b) = (one.folder.path().to_owned(), two.folder.path().to_owned());
    let model = |p: &std::path::Path| std::fs::read_to_string(p.join("m")).unwrap();
    assert_eq!((model(&a).as_str(), model(&b).as_str()), ("0.25\n", "0.75\n"));
    drop((one, two));
    assert!(!a.exists() && !b.exists());
}

#[cfg(not(feature = "arrow"))]
#[test]
fn arrow_that_is_not_built_in_says_how_to_get_it() {
    let mut s = sh("exit 0");
    s.params.format = TableFormat::Arrow;
    holds(&s.fit(&view(8), &mut Ledger::new()).err().unwrap().to_string(), &["--features arrow"]);
}

/// The example that needs Python alone: bins of the first column, so its PDs are the bins' smoothed default rates.
#[test]
fn the_smallest_example_scores() {
    if no_python() {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/baserate_scorer.py");
    let v = crate::scoring::logistic::tests::view(3000, 0.4, false);
    let pd = scores(&scorer("python3", &[path]), &v).unwrap();
    let mut levels: Vec<u64> = pd.iter().map(|p| p.to_bits()).collect();
    levels.sort_unstable();
    levels.dedup();
    assert_eq!(levels.len(), 5);
    let bads = v.labels.iter().flatten().filter(|y| **y).count() as f64;
    assert!((pd.iter().sum::<f64>() / bads - 1.0).abs() < 0.01);
}

#[cfg(feature = "arrow")]
mod arrow_streams {
    #![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

    use super::*;
    use crate::scoring::command::arrow;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, UInt8Type};
    use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, RecordBatch, StringArray};
    use arrow_ipc::{reader::StreamReader, writer::StreamWriter};

    fn stream(name: &str, column: ArrayRef) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap();
        let mut out = Vec::new();
        let mut writer = StreamWriter::try_new(&mut out, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        drop(writer);
        out
    }

    #[test]
    fn tables_cross_bit_for_bit() {
        let v = view(70_000);
        let mut bytes = Vec::new();
        arrow::write(&mut bytes, &v.always, v.labels.as_deref()).unwrap();
        let mut row = 0;
        for batch in StreamReader::try_new(bytes.as_slice(), None).unwrap() {
            let batch = batch.unwrap();
            let (late, used) = (batch.column(0).as_primitive::<Float32Type>(), batch.column(1));
            let label = batch.column_by_name(LABEL).unwrap().as_primitive::<UInt8Type>();
            for i in 0..batch.num_rows() {
                assert_eq!(late.value(i).to_bits(), v.always.column(0)[row].to_bits());
                assert_eq!(used.is_null(i), v.always.column(1)[row].is_nan());
                assert_eq!(label.value(i) == 1, row % 4 == 1);
                row += 1;
            }
        }
        assert_eq!(row, 70_000);
    }

    #[test]
    fn answers_are_read_or_refused_with_their_place() {
        let pds = |v: Vec<Option<f64>>| stream(PD, Arc::new(Float64Array::from(v)));
        let tiny = 0.1 + 0.2;
        assert_eq!(arrow::read(&pds(vec![Some(tiny), Some(0.0)]), 2).unwrap(), [tiny, 0.0]);
        let float: ArrayRef = Arc::new(Float32Array::from(vec![0.25]));
        assert_eq!(arrow::read(&stream(PD, float.clone()), 1).unwrap(), [0.25]);
        let message = |bytes: &[u8], rows| arrow::read(bytes, rows).unwrap_err();
        holds(&message(&pds(vec![Some(0.5), Some(1.5)]), 2), &["row 2", "is 1.5"]);
        holds(&message(&pds(vec![None]), 1), &["row 1", "null"]);
        holds(&message(&pds(vec![Some(f64::NAN)]), 1), &["NaN"]);
        holds(&message(&pds(vec![Some(0.5)]), 2), &["too few PDs"]);
        holds(&message(&stream("score", float), 1), &["score", "expected one, `pd`"]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["0.5"]));
        holds(&message(&stream(PD, texts), 1), &["Utf8", "float64"]);
        holds(&message(b"pd\n0.5\n", 1), &["no Arrow IPC stream"]);
        assert!(arrow::read(b"", 1).is_err());
    }

    /// Whatever a broken program sends is an error, never a panic: cut anywhere, or one byte changed.
    #[test]
    fn damaged_answers_do_not_panic() {
        let whole = stream(PD, Arc::new(Float64Array::from(vec![0.5; 9])));
        for cut in 0..whole.len() {
            assert!(cut + 8 >= whole.len() || arrow::read(&whole[..cut], 9).is_err(), "cut at {cut}");
            for byte in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[cut] = byte;
                let _ = arrow::read(&damaged, 9);
            }
        }
    }
}
