//! What a reader of a bench should know besides its numbers.

use crate::experiment::bench::{Done, Plan};
use std::collections::BTreeMap;

/// Most notes of fitted models that are told.
const MOST_NOTES: usize = 12;

/// What a reader of the results should know: fits that failed, a δ that protects nobody.
pub fn remarks(done: &[Done], plan: &Plan, persons: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let failed: Vec<&Done> = done.iter().filter(|d| d.failure.is_some()).collect();
    if let Some(first) = failed.first() {
        let at = first.epsilon.map_or_else(String::new, |e| format!(" at ε = {e}"));
        notes.push(format!(
            "{} of {} fits failed; first: {}{at}, seed {}, fold {}: {}",
            failed.len(),
            done.len(),
            first.scorer,
            first.seed,
            first.fold,
            first.failure.as_deref().unwrap_or_default()
        ));
    }
    let told = alike(done);
    let many = told.len().saturating_sub(MOST_NOTES);
    notes.extend(told.into_iter().take(MOST_NOTES));
    if many > 0 {
        notes.push(format!("and {many} more notes of fitted models"));
    }
    if done.iter().any(|d| d.epsilon.is_some()) && plan.delta * persons as f64 >= 1.0 {
        notes.push(format!("δ = {:e} is not below 1/persons ({persons}): it may give whole persons away", plan.delta));
    }
    notes
}

/// Notes of the fits, each once with how many have it: what differs in numbers alone is one note.
fn alike(done: &[Done]) -> Vec<String> {
    // Of each scorer, ε and wording: its place, the first text, how many fits, and whether all have the same numbers.
    let mut told: BTreeMap<(String, String), (usize, String, usize, bool)> = BTreeMap::new();
    for d in done {
        let at = d.epsilon.map_or_else(String::new, |e| format!(" at ε = {e}"));
        for note in &d.notes {
            let key = (format!("{}{at}", d.scorer), note.chars().filter(|c| !c.is_ascii_digit()).collect());
            let place = told.len();
            let text = format!("{}: {note}", key.0);
            let entry = told.entry(key).or_insert((place, text.clone(), 0, true));
            entry.2 += 1;
            entry.3 &= entry.1 == text;
        }
    }
    let mut told: Vec<_> = told.into_values().collect();
    told.sort_unstable();
    let of = |(_, text, n, same): (usize, String, usize, bool)| {
        format!("{text} ({n} of the fits{})", if same { "" } else { ", each with numbers of its own" })
    };
    told.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_that_differ_in_numbers_alone_are_told_once() {
        let done = |scorer: &str, epsilon, note: &str| Done {
            scorer: scorer.into(),
            epsilon: Some(epsilon),
            seed: 0,
            fold: 0,
            values: Vec::new(),
            notes: vec![note.to_owned()],
            failure: None,
            releases: None,
        };
        let all = [
            done("b", 2.0, "chose x: 1025 persons"),
            done("a", 1.0, "noise swamped the data"),
            done("b", 2.0, "chose x: 989 persons"),
            done("b", 2.0, "chose y: 989 persons"),
            done("b", 0.5, "chose x: 989 persons"),
            done("a", 1.0, "noise swamped the data"),
        ];
        let want = [
            "b at ε = 2: chose x: 1025 persons (2 of the fits, each with numbers of its own)",
            "a at ε = 1: noise swamped the data (2 of the fits)",
            "b at ε = 2: chose y: 989 persons (1 of the fits)",
            "b at ε = 0.5: chose x: 989 persons (1 of the fits)",
        ];
        assert_eq!(alike(&all), want);
    }
}
