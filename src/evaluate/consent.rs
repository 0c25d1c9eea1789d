//! Who shares, who knows it, and what leaves the platform.

use super::{Emit, file_word};
use crate::consent::{Attitudes, Choices, SEGMENT_NAMES};
use crate::population::{FileDepth, People};
use std::sync::Arc;

/// What an arm exposes, besides the choices.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsentFacts {
    /// Person-attribute-months of raw platform history that a flowing history hands to the lender.
    pub attribute_months: f64,
    /// Recipients of raw histories.
    pub recipients: f64,
    /// Scores or randomised reports about a person that the lender receives.
    pub answers: f64,
    /// Person-attribute-months of bureau data (and labels) that enter the platform.
    pub into_platform: f64,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    n: u64,
    shares: u64,
    noticed: u64,
    effective: u64,
    inattentive_willing: u64,
    regret: u64,
    prefers: u64,
}

/// Adds share_rate and its parts (by all, file, group, segment), exposure, and the quality gap of sharers.
///
/// effective_consent = shares ∧ noticed ∧ prefers; involuntary_willing = shares ∧ ¬noticed ∧ prefers;
/// regret = shares ∧ ¬prefers; involuntary_share = share_rate − effective_consent. All are shares of *all* persons who are
/// `counted`.
pub fn consent_metrics(
    people: &People,
    attitudes: &Attitudes,
    choices: &Choices,
    facts: ConsentFacts,
    counted: impl Fn(usize) -> bool,
    emit: &mut Emit,
) {
    let mut names: Vec<Arc<str>> = vec![Arc::from("all")];
    for file in [FileDepth::None, FileDepth::Thin, FileDepth::Thick] {
        names.push(Arc::from(format!("file={}", file_word(file))));
    }
    names.extend(SEGMENT_NAMES.iter().map(|s| Arc::from(format!("segment={s}"))));
    let first_group = names.len();
    names.extend(people.group_names.iter().map(|g| Arc::from(format!("group={g}"))));
    let mut counts = vec![Counts::default(); names.len()];
    for i in (0..choices.shares.len()).filter(|i| counted(*i)) {
        let (s, seen, wants) = (choices.shares[i], choices.noticed[i], attitudes.prefers[i]);
        let groups = [
            0,
            1 + people.file[i] as usize,
            4 + usize::from(attitudes.segment[i]),
            first_group + usize::from(people.group[i]),
        ];
        for g in groups {
            if let Some(c) = counts.get_mut(g) {
                c.n += 1;
                c.shares += u64::from(s);
                c.noticed += u64::from(seen);
                c.prefers += u64::from(wants);
                c.effective += u64::from(s && seen && wants);
                c.inattentive_willing += u64::from(s && !seen && wants);
                c.regret += u64::from(s && !wants);
            }
        }
    }
    for (name, c) in names.iter().zip(&counts).filter(|(_, c)| c.n > 0) {
        let share = |k: u64| k as f64 / c.n as f64;
        emit.add("share_rate", name, share(c.shares));
        emit.add("noticed", name, share(c.noticed));
        emit.add("would_share_if_asked", name, share(c.prefers));
        emit.add("effective_consent", name, share(c.effective));
        emit.add("involuntary_willing", name, share(c.inattentive_willing));
        emit.add("involuntary_share", name, share(c.shares - c.effective));
        emit.add("regret", name, share(c.regret));
        emit.add("exposure", name, share(c.shares) * facts.attribute_months);
    }
    let all = &names[0];
    emit.add("recipients", all, facts.recipients);
    emit.add("answers_per_person", all, facts.answers);
    emit.add("exposure_into_platform", all, facts.into_platform);
    emit.add("nonsharer_quality_gap", all, nonsharer_quality_gap(people, choices, &counted));
}

/// Mean latent quality of non-sharers minus that of sharers, by fixed-point sums; NaN where one side is empty.
fn nonsharer_quality_gap(people: &People, choices: &Choices, counted: impl Fn(usize) -> bool) -> f64 {
    let (mut sums, mut n) = ([0i64; 2], [0u64; 2]);
    for (i, (q, s)) in people.quality.iter().zip(&choices.shares).enumerate() {
        if !counted(i) {
            continue;
        }
        sums[usize::from(*s)] += libm::round(f64::from(*q) * 1_048_576.0) as i64;
        n[usize::from(*s)] += 1;
    }
    let mean = |k: usize| if n[k] == 0 { f64::NAN } else { sums[k] as f64 / 1_048_576.0 / n[k] as f64 };
    mean(0) - mean(1)
}
