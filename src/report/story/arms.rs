//! What each arm made of the person, which arms differ, and how it ends.

use super::list;
use crate::consent::{Form, TickBox};
use crate::disclosure::Disclosure;
use crate::experiment::story::{ArmStory, Decision, Story};
use crate::population::FileDepth;
use crate::report::csv::number;
use crate::scenario::Scenario;

/// A head and a paragraph an arm.
pub(super) fn all(story: &Story) -> Vec<(String, String)> {
    story
        .arms
        .iter()
        .map(|arm| {
            let head = match arm.epsilon {
                Some(e) => format!("{} (ε = {})", arm.name, number(e)),
                None => arm.name.clone(),
            };
            let mut parts = vec![asked(story, arm), shown(story, arm)];
            parts.extend(arm.decision.as_ref().map(|d| decided(story, d)));
            (head, parts.join(" "))
        })
        .collect()
}

fn asked(s: &Story, arm: &ArmStory) -> String {
    let against = if arm.shares && !s.prefers { ", against what they want" } else { "" };
    let form = match &arm.form {
        Form::Nobody => return "Nobody is asked.".to_owned(),
        Form::Mandatory => return format!("Nobody is asked: everybody's history is handed over{against}."),
        Form::Shown(form) => form,
    };
    let (shown, seen) = match form.r#box {
        TickBox::PreTicked => ("The form comes with the box already ticked", arm.noticed),
        TickBox::Unticked => ("The form comes with an empty box", arm.noticed),
        TickBox::Active if form.refusal_hidden => {
            ("The form asks for an answer and hides the “no” one click deeper", true)
        }
        TickBox::Active => ("The form asks for a plain yes or no", true),
    };
    let active = matches!(form.r#box, TickBox::Active);
    let act = match (active, seen, arm.shares) {
        (true, _, true) => format!("they say yes{against}"),
        (true, _, false) => "they say no".to_owned(),
        (_, false, true) => format!("they do not notice it, so their history flows{against}"),
        (_, false, false) if s.prefers => {
            "they do not notice it, so nothing flows, though they would have said yes".into()
        }
        (_, false, false) => "they do not notice it, so nothing flows".to_owned(),
        (_, true, true) => format!("they notice it and share{against}"),
        (_, true, false) if s.prefers => "they notice it, but do not take the trouble to share".to_owned(),
        (_, true, false) => "they notice it and keep their history to themselves".to_owned(),
    };
    format!("{shown}; {act}.")
}

fn shown(s: &Story, arm: &ArmStory) -> String {
    let file = match s.file {
        FileDepth::None => "The lender sees that there is no bureau file, and nothing else",
        FileDepth::Thin => "The lender sees the thin bureau file alone",
        FileDepth::Thick => "The lender sees the bureau file alone",
    };
    let known = if s.file == FileDepth::None { "" } else { "the bureau file and " };
    match &arm.disclosure {
        Disclosure::Nothing => format!("{file}."),
        Disclosure::Raw if arm.shares && s.file == FileDepth::None => {
            "The lender sees their payment history, where the bureau has nothing to say.".to_owned()
        }
        Disclosure::Raw if arm.shares => "The lender sees the bureau file and their payment history.".to_owned(),
        Disclosure::Raw => format!("{file}; what is missing it guesses from people with the same file."),
        Disclosure::CohortAggregates(_) => format!(
            "The lender sees {known}noisy averages over the {} people around them: never their own record, though it is \
             one of those averaged.",
            s.members
        ),
        Disclosure::TrainedInside(_) => {
            "The lender sees only a score: the platform computes it from their whole record, with a model that was \
             trained under noise."
                .to_owned()
        }
        Disclosure::RandomisedResponse(_) => {
            format!(
                "The lender sees {known}what their phone reports: answers that the phone itself makes random, so that none \
                 is proof; they count in the score all the same."
            )
        }
    }
}

fn decided(s: &Story, d: &Decision) -> String {
    let put = format!("It puts the risk of default at {}: score {:.0}", percent(d.pd), d.score);
    let line = if d.line.is_finite() { format!("; the line is drawn at {}", percent(d.line)) } else { String::new() };
    match (s.applicant, d.approved) {
        (false, _) => format!("{put}. There is no loan to decide on."),
        (true, approved) if d.by_lot => format!(
            "{put}, exactly on the line, and there are too few loans for all who stand there. The lot falls: {}.",
            if approved { "Approved" } else { "Refused" }
        ),
        (true, true) => format!("{put}{line}. Approved."),
        (true, false) => format!("{put}{line}. Refused."),
    }
}

/// Two significant digits, at least.
fn percent(p: f64) -> String {
    let p = 100.0 * p;
    if p < 1.0 { format!("{p:.2} %") } else { format!("{p:.1} %") }
}

fn names<'a>(arms: &[&'a ArmStory]) -> Vec<&'a str> {
    arms.iter().map(|a| a.name.as_str()).collect()
}

/// Which arms differ, in sharing and in the decision, and why.
pub(super) fn differences(s: &Story) -> String {
    [sharing(s), decisions(s), reasons(s)].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n")
}

fn sharing(s: &Story) -> String {
    let asked: Vec<&ArmStory> = s.arms.iter().filter(|a| matches!(a.form, Form::Shown(_))).collect();
    let (yes, no): (Vec<&ArmStory>, Vec<&ArmStory>) = asked.iter().partition(|a| a.shares);
    match (yes.len(), no.len()) {
        (0, 0) => String::new(),
        (_, 0) => "Every form gets their history.".to_owned(),
        (0, _) => "No form gets their history.".to_owned(),
        _ => {
            let unseen: Vec<&ArmStory> = yes.iter().copied().filter(|a| !a.noticed).collect();
            let why = if unseen.is_empty() {
                "They read both kinds of form: effort and friends make the difference.".to_owned()
            } else {
                format!(
                    "Same person, same mind: where a box goes unnoticed, whoever ticked it beforehand decides ({}).",
                    list(&names(&unseen))
                )
            };
            format!("Their history flows under {}, but not under {}. {why}", list(&names(&yes)), list(&names(&no)))
        }
    }
}

fn decisions(s: &Story) -> String {
    if !s.applicant {
        return String::new();
    }
    let decided: Vec<&ArmStory> = s.arms.iter().filter(|a| a.decision.is_some()).collect();
    let (yes, no): (Vec<&ArmStory>, Vec<&ArmStory>) =
        decided.iter().partition(|a| a.decision.as_ref().is_some_and(|d| d.approved));
    match (yes.len(), no.len()) {
        (0, 0) => String::new(),
        (n, 0) => format!("All {n} arms approve the loan."),
        (0, n) => format!("All {n} arms refuse the loan."),
        _ => format!("Approved under {}; refused under {}.", list(&names(&yes)), list(&names(&no))),
    }
}

fn reasons(s: &Story) -> String {
    let pd = |keep: fn(&ArmStory) -> bool| -> Option<f64> {
        let list: Vec<f64> =
            s.arms.iter().filter(|a| keep(a)).filter_map(|a| a.decision.as_ref().map(|d| d.pd)).collect();
        (!list.is_empty()).then(|| list.iter().sum::<f64>() / list.len() as f64)
    };
    let mut parts = Vec::new();
    if let (Some(seen), Some(unseen)) = (pd(ArmStory::seen), pd(ArmStory::unseen)) {
        let verdict = match seen / unseen {
            r if r < 0.9 => "their payment history speaks for them",
            r if r > 1.1 => "their payment history speaks against them",
            _ => "their payment history tells the lender little that it did not know",
        };
        parts.push(format!(
            "Lenders that read their history put the risk at about {}, lenders that do not at about {}: {verdict}.",
            percent(seen),
            percent(unseen)
        ));
    }
    let blind: Vec<&Decision> = s.arms.iter().filter(|a| a.unseen()).filter_map(|a| a.decision.as_ref()).collect();
    if blind.iter().any(|d| d.approved) && blind.iter().any(|d| !d.approved) && s.applicant {
        parts.push(
            "Even where nothing new is known of them the answers differ: other people's histories move the line, and the \
             guess for those who stay silent."
                .to_owned(),
        );
    }
    if s.arms.iter().filter_map(|a| a.decision.as_ref()).any(|d| d.by_lot) {
        parts.push("Where many people look alike to the lender, a lot decides: the same lot in every arm.".to_owned());
    }
    parts.join(" ")
}

/// The truth, and what the loan did under each arm.
pub(super) fn end(s: &Story, scenario: &Scenario) -> String {
    let truth = match s.pd {
        Some(pd) => format!("What no lender sees: their true risk of default is {}. ", percent(f64::from(pd))),
        None => String::new(),
    };
    let (does, would) = if s.default { ("defaults", "would default") } else { ("is repaid", "would be repaid") };
    let granted: Vec<&ArmStory> = s.arms.iter().filter(|a| a.decision.as_ref().is_some_and(|d| d.approved)).collect();
    let scored = s.arms.iter().any(|a| a.decision.is_some());
    let (margin, loss) = scenario.lender.economics();
    let fate = if !s.applicant {
        format!("They ask for no loan; one {would}.")
    } else if !scored {
        format!("Their loan {does}, and the models have learned from it.")
    } else if granted.is_empty() && s.default {
        "The loan would have defaulted: every arm was right to refuse.".to_owned()
    } else if granted.is_empty() {
        format!(
            "The loan would have been repaid: every arm turned a good borrower away, and {} of it as income.",
            percent(margin)
        )
    } else {
        let all = granted.len() == s.arms.len();
        let under = if all { "under every arm".to_owned() } else { format!("under {}", list(&names(&granted))) };
        let worth = if s.default {
            format!("the lender loses {} of it", percent(loss))
        } else {
            format!("the lender earns {} of it", percent(margin))
        };
        let others = match (all, s.default) {
            (true, _) => "",
            (false, true) => " The arms that refused were right this time.",
            (false, false) => " The arms that refused turned a good borrower away.",
        };
        format!("Granted {under}, the loan {does}, and {worth}.{others}")
    };
    format!("{truth}{fate}")
}
