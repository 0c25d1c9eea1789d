use super::persons::tests::persons;
use super::*;
use crate::disk::faults::{self, Fault};
use crate::experiment::release::Asked;
use crate::privacy::{Cost, Entry, IntegerLaplace, Ledger, Neighbouring, Noise, Trust, mu_of_epsilon};
use std::fs;
use std::path::{Path, PathBuf};

fn entry(cost: Cost) -> Entry {
    Entry {
        query: "a model".into(),
        unit: "person, all months".into(),
        neighbouring: Neighbouring::AddRemove,
        trust: Trust::Central,
        mechanism: "made up".into(),
        norm: "L2".into(),
        sensitivity: 1.0,
        scale: 2.0,
        cost,
        partition: None,
    }
}

fn release(cost: Cost, delta: Option<f64>) -> Release {
    let mut ledger = Ledger::new();
    ledger.enter(entry(cost));
    Release {
        arm: "dp-model".into(),
        mechanism: "dp-logistic".into(),
        budget: Asked { epsilon: 1.0, delta },
        product: Product::Model(serde_json::json!({"theta": [0.5]})),
        ledger,
        notes: Vec::new(),
        quality: None,
    }
}

fn gaussian() -> Release {
    let mu = mu_of_epsilon(1.0, 1e-6);
    release(Cost::Gaussian { rho: 0.5 * mu * mu, mu }, Some(1e-6))
}

fn added(mut ledger: PublicLedger, one: &Release, id: &str) -> PublicLedger {
    ledger.add(one, id.into());
    ledger
}

/// Writes a ledger and reads it back.
fn through_a_file(ledger: &PublicLedger) -> PublicLedger {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(LEDGER);
    fs::write(&path, serde_json::to_string(ledger).unwrap()).unwrap();
    PublicLedger::read(&path).unwrap()
}

#[test]
fn ledgers_are_read_back_and_add_up_by_the_best_accountant() {
    let first = through_a_file(&added(PublicLedger::empty(), &gaussian(), "one"));
    assert!((first.spent().epsilon - 1.0).abs() < 1e-6 && first.spent().delta == 1e-6);
    let second = through_a_file(&added(first, &gaussian(), "two"));
    let spent = second.spent();
    assert!(spent.epsilon > 1.3 && spent.epsilon < 1.5 && spent.delta == 2e-6, "√2-fold μ, not the sum: {spent:?}");
    let third = through_a_file(&added(second, &release(Cost::Pure(0.3), None), "three"));
    let mixed = third.spent();
    assert!(mixed.epsilon > spent.epsilon && mixed.epsilon < spent.epsilon + 0.3 && mixed.delta == 2e-6, "{mixed:?}");
    let written = files(&gaussian(), &third).unwrap();
    assert_eq!(written.iter().map(|f| f.0).collect::<Vec<_>>(), ["model.json", "ledger.json", "STATEMENT.md"]);
}

#[test]
fn a_file_that_is_no_ledger_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ledger.json");
    for (text, words) in [
        ("{", "EOF"),
        (r#"{"format":"other","releases":[],"total":{"epsilon":0,"delta":0}}"#, "expected pretick-release-ledger-1"),
        (r#"{"releases":[]}"#, "missing field"),
    ] {
        fs::write(&path, text).unwrap();
        let message = PublicLedger::read(&path).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

/// A folder with data, and what a release does in it.
struct House {
    dir: tempfile::TempDir,
}

const BUDGET: Asked = Asked { epsilon: 1.0, delta: Some(1e-6) };

/// A release that draws.
fn drawn(mut noise: Noise) -> Result<Release> {
    IntegerLaplace::calibrate(1, 0.5)?.release(&mut [7], "q", &mut noise, &mut Ledger::new())?;
    Ok(gaussian())
}

impl House {
    fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(house.at("people.csv"), "whoever").unwrap();
        house
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn registers(&self, data: &str) -> Result<Registers> {
        Registers::open(&self.at(data), None)
    }

    /// One release about the same fifty persons.
    fn release(&self, data: &str, out: &str, add_to: Option<&Path>) -> Result<Done> {
        self.release_by(data, out, add_to, drawn, &|| false)
    }

    fn release_by(
        &self,
        data: &str,
        out: &str,
        add_to: Option<&Path>,
        draw: impl FnOnce(Noise) -> Result<Release>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Done> {
        let earlier = add_to.map(|f| PublicLedger::read(&f.join(LEDGER))).transpose()?;
        let mut registers = self.registers(data)?;
        let people = persons(0..50, true);
        let cut_off = registers.check(&people, earlier.as_ref())?;
        let order = Order { out: &self.at(out), arm: "dp-model", budget: BUDGET };
        perform(order, &mut registers, people, (earlier.unwrap_or_else(PublicLedger::empty), &cut_off), draw, stop)
    }

    /// (state, ε) of each entry.
    fn entries(&self) -> Vec<(String, f64)> {
        let Ok(text) = fs::read_to_string(self.at("pretick-releases.json")) else { return Vec::new() };
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of = |r: &serde_json::Value| (r["state"].as_str().unwrap().to_owned(), r["epsilon"].as_f64().unwrap());
        file["releases"].as_array().unwrap().iter().map(of).collect()
    }

    /// Folders in which noisy files, or parts of them, can be read.
    fn readable(&self) -> Vec<String> {
        let holds = |name: &String| draft::holds_something(&self.at(name)) && self.at(name).is_dir();
        self.names().into_iter().filter(holds).collect()
    }
}

#[test]
fn a_release_is_entered_published_and_added_to() {
    let house = House::new();
    let done = house.release("people.csv", "one", None).unwrap();
    assert!(done.notes.is_empty(), "{:?}", done.notes);
    assert_eq!(house.names(), ["one", "people.csv", "pretick-releases.json"]);
    let one = house.at("one");
    let own = PublicLedger::read(&one.join(LEDGER)).unwrap();
    assert_eq!(house.entries(), [("published".to_owned(), own.costs()[0].1)]);
    let message = house.release("people.csv", "one", None).unwrap_err().to_string();
    assert!(message.contains("--add-to"), "{message}");
    let message = house.release("people.csv", "one", Some(&one)).unwrap_err().to_string();
    assert!(message.contains("never replaced"), "{message}");
    fs::create_dir(house.at("two")).unwrap();
    let done = house.release("people.csv", "two", Some(&one)).unwrap();
    assert_eq!(done.ledger.releases.len(), 2);
    assert_eq!(house.entries().len(), 2);
    // The first ledger alone does not do for a third; nor does one that says less than was spent.
    let message = house.release("people.csv", "three", Some(&one)).unwrap_err().to_string();
    assert!(message.contains("does not list release"), "{message}");
    let less = added(PublicLedger::empty(), &release(Cost::Pure(0.01), None), own.costs()[0].0);
    let registers = house.registers("people.csv").unwrap();
    let message = registers.check(&persons(0..50, true), Some(&less)).unwrap_err().to_string();
    assert!(message.contains("the register") && message.contains("says ε = "), "{message}");
    assert!(registers.check(&persons(60..90, true), None).unwrap().is_empty(), "others");
    let message = house.registers("people.csv").unwrap_err().to_string();
    assert!(message.contains("under way"), "{message}");
}

/// The heart of the matter: whatever step a release ends or fails at, what can be read is in the register, the next release counts it,
/// and a step that fails before the draw costs nothing.
#[test]
fn what_can_be_read_has_been_paid_for_at_every_step() {
    for fault in [Fault::Kill, Fault::Error] {
        for out in ["one", "made-before"] {
            let mut seen = [0; 3];
            for at in 0.. {
                let house = House::new();
                if out == "made-before" {
                    fs::create_dir(house.at(out)).unwrap();
                }
                faults::plan(at, fault);
                let asked = std::cell::Cell::new(false);
                let draw = |noise| {
                    // Before a draw the entry is on the disk.
                    assert_eq!(house.entries(), [("begun".to_owned(), 1.0)]);
                    asked.set(true);
                    drawn(noise)
                };
                let done = house.release_by("people.csv", out, None, draw, &|| false);
                if !faults::over() {
                    assert!(done.is_ok() && at > 20, "{at} steps");
                    break;
                }
                let (readable, entries) = (house.readable(), house.entries());
                let context = format!("{fault:?} at step {at}: {readable:?} {entries:?} {done:?}");
                assert!(readable.len() <= entries.len(), "{context}");
                assert!(!asked.get() || entries.len() == 1, "{context}");
                let published = draft::holds_something(&house.at(out));
                assert_eq!(published && fault == Fault::Error, done.is_ok() && fault == Fault::Error, "{context}");
                if fault == Fault::Error && !asked.get() {
                    assert!(
                        entries.is_empty() && readable.is_empty(),
                        "what fails before the draw costs nothing: {context}"
                    );
                }
                if let (Err(e), true) = (&done, asked.get() && fault == Fault::Error) {
                    assert!(e.to_string().contains("stay spent") && readable.is_empty(), "{context}");
                }
                // The next release counts it: by the ledger that was published, or by itself.
                if published {
                    let message = house.release("people.csv", "next", None).unwrap_err().to_string();
                    assert!(message.contains("--add-to"), "{context}: {message}");
                    let next = house.release("people.csv", "next", Some(&house.at(out))).unwrap();
                    assert_eq!(next.ledger.releases.len(), 2, "{context}");
                    assert!(!next.ledger.releases[0].cut_off, "{context}");
                } else {
                    // In the place of what was cut off.
                    let next = house.release("people.csv", out, None).unwrap_or_else(|e| panic!("{context}: {e}"));
                    assert_eq!(next.ledger.releases.len(), 1 + entries.len(), "{context}");
                    if !entries.is_empty() {
                        assert!(next.ledger.releases[0].cut_off, "{context}");
                        assert!((next.ledger.spent().epsilon - 2.0).abs() < 1e-3, "{context}");
                        assert_eq!(next.ledger.spent().delta, 2e-6);
                        assert!(fs::read_to_string(next.folder.join("STATEMENT.md")).unwrap().contains("cut off"));
                        // The third adds up all of them.
                        let third = house.release("people.csv", "third", Some(&next.folder)).unwrap();
                        assert_eq!(third.ledger.releases.len(), 3, "{context}");
                    }
                }
                seen[usize::from(asked.get()) + usize::from(published)] += 1;
                assert!(!house.names().iter().any(|n| n.starts_with(".pretick")), "{context}: {:?}", house.names());
            }
            assert!(seen.iter().all(|n| *n > 0), "before the draw, after it, and published: {seen:?}");
        }
    }
}

#[test]
fn a_fit_that_fails_before_its_draw_costs_nothing_and_one_that_fails_after_it_does() {
    let house = House::new();
    let failed = |_: Noise| Err(Error::Fit("no such column".into()));
    let message = house.release_by("people.csv", "one", None, failed, &|| false).unwrap_err().to_string();
    assert_eq!(message, "cannot fit: no such column");
    assert_eq!(house.names(), ["people.csv"]);
    let late = |noise: Noise| drawn(noise).and(Err(Error::Fit("too late".into())));
    let message = house.release_by("people.csv", "one", None, late, &|| false).unwrap_err().to_string();
    assert!(message.contains("too late") && message.contains("ε = 1, δ = 0.000001 stay spent"), "{message}");
    assert_eq!(house.entries(), [("begun".to_owned(), 1.0)]);
    // So does a release that the user stops; before the draw it costs nothing.
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) == 1;
    let message = house.release_by("people.csv", "one", None, drawn, &stop).unwrap_err().to_string();
    assert!(message.contains("interrupted") && house.entries().len() == 2, "{message}");
    assert!(matches!(house.release_by("people.csv", "one", None, drawn, &|| true), Err(Error::Interrupted)));
    assert_eq!((house.entries().len(), house.readable()), (2, Vec::<String>::new()));
}

/// An unfinished release that no register knows is not written over, nor counted as nothing.
#[test]
fn leftovers_that_nobody_knows_are_named() {
    let house = House::new();
    fs::create_dir(house.at(".one.tmp-release-1-0")).unwrap();
    house.release("people.csv", "one", None).unwrap();
    assert!(!house.at(".one.tmp-release-1-0").exists(), "empty");
    fs::create_dir(house.at(".two.tmp-release-2-0")).unwrap();
    fs::write(house.at(".two.tmp-release-2-0/model.json"), "{}").unwrap();
    let message = house.release("people.csv", "two", Some(&house.at("one"))).unwrap_err().to_string();
    assert!(message.contains(".two.tmp-release-2-0") && message.contains("has to be counted"), "{message}");
    assert_eq!(house.entries().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_is_the_file_that_it_stands_for() {
    use std::os::unix::fs::symlink;
    let house = House::new();
    for folder in ["work", "mid", "far"] {
        fs::create_dir(house.at(folder)).unwrap();
    }
    symlink("../people.csv", house.at("mid/data.csv")).unwrap();
    symlink("../mid/data.csv", house.at("work/data.csv")).unwrap();
    symlink("work", house.at("linked-folder")).unwrap();
    fs::write(house.at("mid/copy.csv"), "whoever").unwrap();
    fs::write(house.at("far/copy.csv"), "whoever").unwrap();
    let paths = house.registers("work/data.csv").unwrap().paths().iter().map(|p| p.to_path_buf()).collect::<Vec<_>>();
    let real = fs::canonicalize(house.dir.path()).unwrap();
    let expected = ["", "work", "mid"].map(|f| real.join(f).join("pretick-releases.json"));
    assert_eq!(paths, expected, "the file's first");
    // By a link, then by the file, another link, a linked folder, and a copy that lies beside a link.
    house.release("work/data.csv", "one", None).unwrap();
    for data in ["people.csv", "mid/data.csv", "linked-folder/data.csv", "mid/copy.csv"] {
        let message = house.release(data, "two", None).unwrap_err().to_string();
        assert!(message.contains("--add-to"), "{data}: {message}");
    }
    house.release("far/copy.csv", "two", None).unwrap();
    // A link to a register is that register.
    symlink("../pretick-releases.json", house.at("far/register.json")).unwrap();
    let one = Registers::open(&house.at("people.csv"), Some(&house.at("far/register.json"))).unwrap();
    assert!(house.registers("people.csv").unwrap_err().to_string().contains("under way"));
    assert!(one.check(&persons(0..50, true), None).is_err());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_needs_a_register_with_a_name() {
    let message = Registers::open(Path::new("/dev/null"), None).unwrap_err().to_string();
    assert!(message.contains("--register FILE") && message.contains("/dev/null"), "{message}");
}

#[test]
fn a_register_is_read_as_it_was_or_not_at_all() {
    let house = House::new();
    let path = house.at("pretick-releases.json");
    for (text, words) in [
        ("{}", "is not a register"),
        (r#"{"format":"pretick-releases-9","notice":"","releases":[]}"#, "expected pretick-releases-2"),
    ] {
        fs::write(&path, text).unwrap();
        let message = house.registers("people.csv").unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    // As it was written before there were states: every entry is a published release.
    fs::remove_file(&path).unwrap();
    house.release("people.csv", "one", None).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    file["format"] = "pretick-releases-1".into();
    let entry = file["releases"][0].as_object_mut().unwrap();
    for key in ["state", "arm", "unfinished"] {
        entry.remove(key);
    }
    entry["persons"].as_object_mut().unwrap().remove("complete");
    fs::write(&path, file.to_string()).unwrap();
    fs::rename(house.at("one"), house.at("moved")).unwrap();
    let message = house.release("people.csv", "two", None).unwrap_err().to_string();
    assert!(message.contains("--add-to") && message.contains("was moved"), "{message}");
    house.release("people.csv", "two", Some(&house.at("moved"))).unwrap();
    assert_eq!(house.entries().len(), 2);
    assert_eq!(house.names().iter().filter(|n| n.contains(".lock")).count(), 0, "no lock is left");
}
