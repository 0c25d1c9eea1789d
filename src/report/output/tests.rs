use super::own::{BENCH, RUN};
use super::*;
use crate::disk::faults::{self, Fault};
use crate::error::{Error, Result};
use serde_json::json;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder to work in.
struct House(TempDir);

impl House {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// All names, hidden ones included.
    fn names(&self) -> Vec<String> {
        entries(self.0.path())
    }

    fn folder(&self, id: &str, overwrite: Overwrite) -> Result<Vec<String>> {
        let target = FolderTarget::check(&self.at("out"), RUN, Some(id), overwrite)?;
        let mut notes = target.notes().to_vec();
        let mut folder = target.begin()?;
        folder.write_bytes("a.csv", id.as_bytes())?;
        folder.write_bytes("plots/b.svg", id.as_bytes())?;
        notes.extend(folder.finish(json!({ "run_id": id }))?.1);
        Ok(notes)
    }

    /// The identity of the result, which must be whole.
    fn result(&self) -> Option<String> {
        let out = self.at("out");
        if !out.exists() {
            return None;
        }
        assert_eq!(entries(&out), ["a.csv", "manifest.json", "plots"]);
        let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
        assert_eq!(read("a.csv"), read("plots/b.svg"));
        let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
        assert_eq!(manifest["run_id"], read("a.csv"));
        assert_eq!(manifest["files"].as_array().unwrap().len(), 2);
        Some(read("a.csv"))
    }

    fn file(&self, text: &str, overwrite: Overwrite) -> Result<Vec<String>> {
        let target = FileTarget::check(&self.at("out"), overwrite)?;
        let notes = target.notes().to_vec();
        write_whole(target, text.as_bytes())?;
        Ok(notes)
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The heart of the matter: whatever step ends the process or fails, the place holds the old result or the new one, whole; and the next
/// command finds its way, with nothing left beside it.
#[test]
fn a_folder_is_old_or_new_at_every_step() {
    for (fault, plain, before) in [
        (Fault::Kill, false, Some("old")),
        (Fault::Kill, true, Some("old")),
        (Fault::Error, false, Some("old")),
        (Fault::Error, true, Some("old")),
        (Fault::Kill, false, None),
        (Fault::Error, true, None),
    ] {
        let mut seen = [0; 3];
        for at in 0.. {
            let house = House::new();
            if let Some(old) = before {
                house.folder(old, Overwrite::Refuse).unwrap();
            }
            faults::plain_renames(plain);
            faults::plan(at, fault);
            let done = house.folder("new", Overwrite::Replace);
            if !faults::over() {
                assert!(done.is_ok() && at > 10, "{at} steps");
                break;
            }
            let context = format!("{fault:?} at step {at}, plain {plain}: {:?} {done:?}", house.names());
            let found = house.result();
            seen[usize::from(found.is_some()) + usize::from(found.as_deref() == Some("new"))] += 1;
            assert!(done.is_err() || found.as_deref() == Some("new"), "{context}");
            if fault == Fault::Error {
                // What fails is taken back.
                assert!(found.is_some() || before.is_none(), "{context}");
                assert!(done.is_ok() || house.names().iter().all(|n| n == "out"), "{context}");
            }
            // A command that may not replace anything brings the old one back, and removes the rest.
            let looked = FolderTarget::check(&house.at("out"), RUN, Some("other"), Overwrite::Refuse);
            let found = house.result();
            assert!(found.is_some() || before.is_none() && looked.is_ok(), "{context}");
            assert!(house.names().iter().all(|n| n == "out"), "{context}: {:?}", house.names());
            house.folder("last", Overwrite::Replace).unwrap();
            assert_eq!((house.result().as_deref(), house.names().len()), (Some("last"), 1), "{context}");
        }
        // Two renames have a moment without a result, an exchange has none.
        assert_eq!(
            seen[0] > 0,
            before.is_none() || plain && fault == Fault::Kill,
            "{fault:?} {plain} {before:?}: {seen:?}"
        );
        assert!(seen[2] > 0 || before.is_none() && fault == Fault::Error, "{seen:?}");
        faults::plain_renames(false);
    }
}

#[test]
fn a_file_is_old_or_new_at_every_step() {
    for (fault, before) in [(Fault::Kill, true), (Fault::Error, true), (Fault::Kill, false), (Fault::Error, false)] {
        for at in 0.. {
            let house = House::new();
            if before {
                house.file("old", Overwrite::Refuse).unwrap();
            }
            let overwrite = if before { Overwrite::Replace } else { Overwrite::Refuse };
            faults::plan(at, fault);
            let done = house.file("new", overwrite);
            if !faults::over() {
                assert!(done.is_ok() && at > 4, "{at} steps");
                break;
            }
            let found = fs::read_to_string(house.at("out")).ok();
            let context = format!("{fault:?} at step {at}: {:?} {found:?} {done:?}", house.names());
            assert!(found.as_deref() == Some("new") || done.is_err() && found.is_some() == before, "{context}");
            assert!(fault == Fault::Kill || house.names().len() <= 1, "{context}");
            let is_left = house.names().iter().any(|n| n.starts_with(".out.tmp-"));
            let notes = house.file("last", Overwrite::Replace).unwrap();
            assert_eq!(
                (fs::read_to_string(house.at("out")).unwrap(), house.names().len()),
                ("last".into(), 1),
                "{context}"
            );
            assert_eq!(notes.is_empty(), !is_left, "{context}: {notes:?}");
        }
    }
}

#[test]
fn what_is_put_back_counts_as_being_there() {
    let house = House::new();
    house.folder("old", Overwrite::Refuse).unwrap();
    fs::rename(house.at("out"), house.at(".out.tmp-1-0.old")).unwrap();
    fs::create_dir(house.at(".out.tmp-1-0")).unwrap();
    let message = house.folder("new", Overwrite::Refuse).unwrap_err().to_string();
    assert!(message.contains("another `pretick run`"), "{message}");
    assert_eq!((house.result().as_deref(), house.names().len()), (Some("old"), 1));
    fs::rename(house.at("out"), house.at(".out.tmp-1-0.old")).unwrap();
    let notes = house.folder("old", Overwrite::Refuse).unwrap();
    assert!(notes[0].contains("put back"), "{notes:?}");
    // Where something else has come into its place, the old one is named.
    fs::rename(house.at("out"), house.at(".out.tmp-1-0.old")).unwrap();
    fs::create_dir(house.at(".out.tmp-1-0")).unwrap();
    fs::create_dir(house.at("out")).unwrap();
    for _ in 0..2 {
        let notes = house.folder("new", Overwrite::Refuse).unwrap();
        assert!(notes[0].contains(".out.tmp-1-0.old") && notes[0].contains("earlier result"), "{notes:?}");
    }
    assert_eq!(house.names().len(), 3);
}

#[test]
fn only_what_is_left_of_this_target_by_the_dead_is_removed() {
    let house = House::new();
    for mine in [
        ".out.tmp-notes",
        ".out.tmp-1-0.bak",
        ".out.tmp-release-1-0",
        ".out2.tmp-1-0",
        ".out.tmp-1-0.tmp-2-0",
        "out.tmp-1-0",
    ] {
        fs::create_dir(house.at(mine)).unwrap();
    }
    // A folder's leftovers are folders, and hold nothing but the result.
    fs::write(house.at(".out.tmp-3-0"), "a file").unwrap();
    fs::create_dir(house.at(".out.tmp-4-0")).unwrap();
    fs::write(house.at(".out.tmp-4-0/manifest.json"), r#"{"run_id": "r", "files": []}"#).unwrap();
    fs::write(house.at(".out.tmp-4-0/thesis.tex"), "years of work").unwrap();
    let at_work = FolderTarget::check(&house.at("out"), RUN, Some("r"), Overwrite::Refuse).unwrap().begin().unwrap();
    let before = house.names();
    fs::create_dir(house.at(".out.tmp-5-0")).unwrap();
    fs::write(house.at(".out.tmp-5-0/results.csv"), "half").unwrap();
    let target = FolderTarget::check(&house.at("out"), RUN, Some("r"), Overwrite::Refuse).unwrap();
    assert_eq!(house.names(), before);
    assert!(target.notes().iter().any(|n| n.contains("removed") && n.contains(".out.tmp-5-0")), "{:?}", target.notes());
    assert!(
        target.notes().iter().any(|n| n.contains("not removed") && n.contains(".out.tmp-4-0")),
        "{:?}",
        target.notes()
    );
    drop(at_work);
}

#[test]
fn what_is_not_part_of_the_result_is_never_lost() {
    let house = House::new();
    house.folder("r", Overwrite::Refuse).unwrap();
    // The same again is the same.
    house.folder("r", Overwrite::Refuse).unwrap();
    let refused = |mine: &str| {
        for (id, overwrite) in [("r", Overwrite::Refuse), ("r", Overwrite::Replace), ("s", Overwrite::Replace)] {
            let message = house.folder(id, overwrite).unwrap_err().to_string();
            assert!(message.contains(mine) && message.contains("would be lost"), "{message}");
        }
    };
    for mine in ["notes.md", "plots/mine.svg"] {
        let path = house.at("out").join(mine);
        fs::write(&path, "mine").unwrap();
        refused(mine);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_file(path).unwrap();
    }
    fs::create_dir(house.at("out/figures")).unwrap();
    refused("figures/");
    fs::remove_dir(house.at("out/figures")).unwrap();
    // What was edited is replaced only on request; what was removed is missed by nobody.
    fs::write(house.at("out/a.csv"), "s").unwrap();
    let message = house.folder("r", Overwrite::Refuse).unwrap_err().to_string();
    assert!(message.contains("a.csv was changed") && message.contains("--force"), "{message}");
    house.folder("r", Overwrite::Replace).unwrap();
    fs::remove_file(house.at("out/a.csv")).unwrap();
    fs::write(house.at("out/.DS_Store"), "").unwrap();
    house.folder("r", Overwrite::Refuse).unwrap();
    assert_eq!(house.result().as_deref(), Some("r"));
}

#[test]
fn what_comes_into_the_folder_at_the_last_moment_is_not_lost() {
    for plain in [false, true] {
        let house = House::new();
        house.folder("r", Overwrite::Refuse).unwrap();
        let target = FolderTarget::check(&house.at("out"), RUN, Some("r"), Overwrite::Replace).unwrap();
        let folder = target.begin().unwrap();
        faults::plain_renames(plain);
        fs::write(house.at("out/late.md"), "mine").unwrap();
        assert!(folder.finish(json!({ "run_id": "r" })).is_err());
        faults::plain_renames(false);
        assert_eq!((house.names(), house.at("out/late.md").exists()), (vec!["out".to_owned()], true));
    }
}

#[test]
fn a_folder_of_another_kind_is_never_touched() {
    let house = House::new();
    house.folder("r", Overwrite::Refuse).unwrap();
    let message = FolderTarget::check(&house.at("out"), BENCH, None, Overwrite::Replace).unwrap_err().to_string();
    assert!(message.contains("holds the result of `pretick run`"), "{message}");
    fs::write(house.at("thesis.tex"), "years of work").unwrap();
    let message = FolderTarget::check(&house.at("."), RUN, None, Overwrite::Replace).unwrap_err().to_string();
    assert!(message.contains("not be replaced"), "{message}");
    assert_eq!(house.names(), ["out", "thesis.tex"]);
    // What a bench has begun is a bench's.
    fs::create_dir(house.at("begun")).unwrap();
    fs::write(house.at("begun/bench.partial.jsonl"), "").unwrap();
    FolderTarget::check(&house.at("begun"), BENCH, None, Overwrite::Refuse).unwrap();
    assert!(FolderTarget::check(&house.at("begun"), RUN, None, Overwrite::Replace).is_err());
}

#[test]
fn an_error_leaves_nothing_behind_and_names_the_file() {
    let house = House::new();
    let target = FolderTarget::check(&house.at("deep/er/out"), RUN, None, Overwrite::Refuse).unwrap();
    let mut folder = target.begin().unwrap();
    folder.write_bytes("a.csv", b"1").unwrap();
    let full = |_: &mut dyn WriteSend| Err(io::Error::from(io::ErrorKind::StorageFull));
    let message = folder.write("plots/b.csv", full).unwrap_err().to_string();
    assert!(message.contains("out/plots/b.csv") && message.contains("no storage space"), "{message}");
    drop(folder);
    assert!(house.names().is_empty());
}

#[test]
fn an_unusable_place_is_named() {
    let house = House::new();
    fs::write(house.at("file"), "").unwrap();
    for target in [house.at("file"), house.at("file/below")] {
        let message = FolderTarget::check(&target, RUN, None, Overwrite::Replace).unwrap_err().to_string();
        assert!(message.contains("file"), "{message}");
    }
    assert!(FolderTarget::check(Path::new("/"), RUN, None, Overwrite::Replace).is_err());
    assert!(FileTarget::check(&house.at("no/file"), Overwrite::Refuse).unwrap_err().to_string().contains("no folder"));
    assert!(FileTarget::check(&house.at("."), Overwrite::Replace).is_err());
    // A name as long as the system allows.
    let long = house.at(&"ä".repeat(127));
    write_whole(FileTarget::check(&long, Overwrite::Refuse).unwrap(), b"1").unwrap();
    assert_eq!(house.names().len(), 2);
}

#[test]
fn a_file_is_not_replaced_by_accident() {
    let house = House::new();
    house.file("one", Overwrite::Refuse).unwrap();
    let message = house.file("two", Overwrite::Refuse).unwrap_err().to_string();
    assert!(message.contains("--force"), "{message}");
    house.file("one", Overwrite::Same).unwrap();
    assert!(house.file("two", Overwrite::Same).unwrap_err().to_string().contains("--force"));
    house.file("two", Overwrite::Replace).unwrap();
    // Somebody else's file that came up meanwhile stays.
    let file = FileTarget::check(&house.at("late"), Overwrite::Refuse).unwrap().begin().unwrap();
    fs::write(house.at("late"), "theirs").unwrap();
    assert!(file.finish().is_err());
    assert_eq!((fs::read_to_string(house.at("late")).unwrap(), house.names().len()), ("theirs".into(), 2));
    // What the command reads is no place for what it writes.
    let target = FileTarget::check(&house.at("late"), Overwrite::Replace).unwrap();
    assert!(target.is_none_of(&[&house.at("./late")]).unwrap_err().to_string().contains("would be lost"));
    target.is_none_of(&[&house.at("out"), &house.at("none")]).unwrap();
}

#[cfg(unix)]
#[test]
fn links_and_special_files_stay_what_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let house = House::new();
    symlink("real", house.at("link")).unwrap();
    let put = |name: &str, text: &str, overwrite| -> Result<()> {
        let mut file = FileTarget::check(&house.at(name), overwrite)?.begin()?;
        file.write_all(text.as_bytes()).map_err(Error::io("write", Path::new(name)))?;
        file.finish().map(drop)
    };
    // A link to nothing: its target is made. Then it is there.
    put("link", "one", Overwrite::Refuse).unwrap();
    assert!(put("link", "two", Overwrite::Refuse).is_err());
    fs::set_permissions(house.at("real"), fs::Permissions::from_mode(0o600)).unwrap();
    put("link", "two", Overwrite::Replace).unwrap();
    assert!(fs::symlink_metadata(house.at("link")).unwrap().is_symlink());
    let real = fs::metadata(house.at("real")).unwrap();
    assert_eq!(
        (fs::read_to_string(house.at("real")).unwrap(), real.permissions().mode() & 0o777),
        ("two".into(), 0o600)
    );
    // A pipe is written to.
    let pipe = house.at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    put("pipe", "through", Overwrite::Refuse).unwrap();
    assert_eq!(
        (reader.join().unwrap().as_str(), house.names()),
        ("through", ["link", "pipe", "real"].map(str::to_owned).to_vec())
    );
    // A folder behind a link.
    fs::create_dir(house.at("far")).unwrap();
    symlink("far", house.at("out")).unwrap();
    house.folder("r", Overwrite::Refuse).unwrap();
    house.folder("s", Overwrite::Replace).unwrap();
    assert!(fs::symlink_metadata(house.at("out")).unwrap().is_symlink() && house.result().as_deref() == Some("s"));
    assert!(!house.names().iter().any(|n| n.starts_with('.')));
}
