//! The walls of the house: every file imports only from floors below its own.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; modules of one line may not import each other unless they are the same module.
const FLOORS: &[&[&str]] = &[
    &["units", "rng", "stats", "error", "disk", "document", "params"],
    &["view"],
    &["population"],
    &["consent"],
    &["privacy"],
    &["scoring"],
    &["disclosure"],
    &["lending"],
    &["evaluate"],
    &["attack"],
    &["scenario"],
    &["experiment"],
    &["report"],
    &["cli"],
];

/// A scorer sees a view and nothing of the truth.
const FORBIDDEN: &[(&str, &[&str])] =
    &[("scoring", &["population", "consent"]), ("privacy", &["population", "consent"])];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|f| f.contains(&module))
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// (own module, imported module, file) of every `crate::` path, also inside `use crate::{…}`.
fn imports() -> Vec<(String, String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut out = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        let own = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if own == "lib" || own == "main" {
            continue;
        }
        let text: String = fs::read_to_string(&file)
            .unwrap()
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (at, _) in text.match_indices("crate::") {
            if text[..at].ends_with('$') {
                continue;
            }
            let rest = &text[at + "crate::".len()..];
            assert!(!rest.starts_with('{'), "{}: name each module in a `use` of its own", file.display());
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            out.push((own.clone(), name, file.clone()));
        }
    }
    out
}

#[test]
fn imports_point_downwards() {
    let all = imports();
    assert!(all.len() > 100, "the reader of imports is broken: {} found", all.len());
    for (own, name, file) in all {
        if own == name || matches!(name.as_str(), "params" | "choice") {
            continue;
        }
        let (Some(from), Some(to)) = (floor(&own), floor(&name)) else {
            panic!("{}: `{own}` or `{name}` has no floor", file.display());
        };
        assert!(to < from || from == 0 && to == 0, "{}: {own} imports {name}, which is not below it", file.display());
        for (scorer, walls) in FORBIDDEN {
            assert!(own != *scorer || !walls.contains(&name.as_str()), "{}: the wall of {own}", file.display());
        }
    }
}

/// The operating system's randomness has one door, and the files that go through it are known: releases, and tests of their path.
#[test]
fn randomness_of_the_system_has_one_door() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let of = |words: &[&str]| -> Vec<String> {
        let says = |f: &&PathBuf| {
            let text = fs::read_to_string(f).unwrap();
            let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
            code.map(str::to_owned).any(|l| words.iter().any(|w| l.contains(w)))
        };
        let mut names: Vec<String> = files
            .iter()
            .filter(says)
            .map(|f| f.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"))
            .collect();
        names.retain(|n| !n.contains("tests"));
        names.sort();
        names
    };
    assert_eq!(of(&["getrandom::", "OsRng", "SysRng", "thread_rng", "rand::rng()"]), ["privacy/system.rs"]);
    let may = [
        "attack/verify/low_bits.rs",
        "attack/verify/samplers.rs",
        "cli/audit.rs",
        "privacy/mechanism.rs",
        "privacy/randomised_response.rs",
    ];
    assert_eq!(of(&["NoiseMode::System"]), may);
    assert_eq!(of(&["of_a_release()"]), ["privacy/mechanism.rs", "report/release/perform.rs"]);
}
