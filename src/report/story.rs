//! One person's story in plain sentences. Months count from 1 here; the decision comes after the last.

mod arms;

use super::table::grouped;
use crate::experiment::story::{Half, Story};
use crate::population::platform::CATEGORIES;
use crate::population::{FileDepth, MonthRow};
use crate::scenario::Scenario;

/// Widest line, in characters.
const WIDTH: usize = 100;

/// The whole story; `cohort` names a real person's cohort.
pub fn tell(story: &Story, scenario: &Scenario, cohort: Option<&str>) -> String {
    let mut out = format!(
        "Person {} of {} (replication {}, seed {})\n",
        story.person, scenario.name, story.replication, scenario.seed
    );
    let mut section = |head: &str, text: String| {
        if !text.is_empty() {
            out.push_str(&["\n", head, "\n", &wrapped(&text)].concat());
        }
    };
    section("Who they are", who(story, cohort));
    section("How their months went", months(story, scenario.population.activity.median));
    section("What they want", wishes(story));
    section("At the decision", decision(story, scenario));
    for (head, text) in arms::all(story) {
        section(&head, text);
    }
    section("What differs, and why", arms::differences(story));
    section("How it ends", arms::end(story, scenario));
    if story.origin.is_some() {
        section("Beware", format!("A real person's record. {}.", super::SIMULATED));
    }
    out
}

fn who(s: &Story, cohort: Option<&str>) -> String {
    let mut parts = vec![format!("One of {} people.", grouped(s.persons))];
    if let Some(row) = s.origin {
        parts.push(format!("Person {} of the table.", row + 1));
    }
    parts.push(match s.decile {
        0 => "Income: unknown.".to_owned(),
        1 => "Income: in the lowest tenth of the population.".to_owned(),
        10 => "Income: in the highest tenth of the population.".to_owned(),
        d => format!("Income: in the {} tenth from below.", ordinal(u64::from(d))),
    });
    parts.push(match s.file {
        FileDepth::None => "The credit bureau has no file on them.".to_owned(),
        FileDepth::Thin => "The credit bureau has a thin file: a few months only.".to_owned(),
        FileDepth::Thick => "The credit bureau has a full file on them.".to_owned(),
    });
    parts.push(format!("Group: {}.", s.group));
    parts.push(match cohort {
        Some(name) => format!("Cohort: {name}, {} people.", grouped(s.members as u64)),
        None => format!(
            "They live in community {} of district {}, among {} neighbours.",
            s.community,
            s.district,
            s.members.saturating_sub(1)
        ),
    });
    parts.join(" ")
}

fn months(s: &Story, usual: f64) -> String {
    if s.months.is_empty() {
        return "Unknown here: what the columns of a real table mean month by month is known to its code book, not to \
                pretick. So this story has words but no picture."
            .to_owned();
    }
    [platform(&s.months, usual), bills(&s.months), bureau(&s.months), strain(&s.months)].join("\n")
}

fn platform(months: &[MonthRow], usual: f64) -> String {
    let payments: u64 = months.iter().map(|m| u64::from(m.payments)).sum();
    if payments == 0 {
        return format!("In {} months they never paid through the platform.", months.len());
    }
    let spend: f64 = months.iter().map(|m| f64::from(m.spend)).sum();
    let a_month = payments as f64 / months.len() as f64;
    let user = match a_month / usual {
        r if r > 2.0 => "a heavy user of the platform",
        r if r < 0.5 => "a light user of the platform",
        _ => "an average user of the platform",
    };
    let mut shares: Vec<(f64, &str)> = CATEGORIES
        .iter()
        .enumerate()
        .map(|(k, (name, _))| (months.iter().map(|m| f64::from(m.categories[k])).sum::<f64>() / spend, *name))
        .collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let named = |k: usize| format!("{} ({:.0} %)", shares[k].1.replace('_', " "), 100.0 * shares[k].0);
    let empty = months.iter().filter(|m| m.payments == 0).count();
    let gaps = match empty {
        0 => String::new(),
        1 => ", with one month of silence".to_owned(),
        n => format!(", with {n} months of silence"),
    };
    format!(
        "In {} months they paid {} times through the platform, {} a month{gaps}: {user}. They spent {} yuan, most of \
         it on {} and {}.",
        months.len(),
        grouped(payments),
        if a_month < 10.0 { format!("{a_month:.1}") } else { format!("{a_month:.0}") },
        grouped(spend.round() as u64),
        named(0),
        named(1)
    )
}

fn bills(months: &[MonthRow]) -> String {
    let due: u32 = months.iter().map(|m| u32::from(m.due)).sum();
    let late: u32 = months.iter().map(|m| u32::from(m.late)).sum();
    let fell = if due == 1 { "One bill fell due".to_owned() } else { format!("{due} bills fell due") };
    match (due, late) {
        (0, _) => "No bill of theirs runs through the platform.".to_owned(),
        (_, 0) => format!("{fell}, and not one was paid late."),
        (due, late) => {
            let recent: u32 = months.iter().rev().take(6).map(|m| u32::from(m.late)).sum();
            let half = match recent {
                0 => "none of them in the last six months".to_owned(),
                n if n == late => "all in the last six months".to_owned(),
                n => format!("{n} of them in the last six months"),
            };
            let many = if late == 1 { "1 was".to_owned() } else { format!("{late} were") };
            format!("{fell}; {many} paid late ({:.0} %), {half}.", 100.0 * f64::from(late) / f64::from(due))
        }
    }
}

fn bureau(months: &[MonthRow]) -> String {
    let states: Vec<(u16, u8)> = months.iter().filter_map(|m| Some((m.month + 1, m.state?))).collect();
    if states.is_empty() {
        return "The bureau saw nothing of this: they have no account with any lender.".to_owned();
    }
    let behind = states.iter().filter(|s| s.1 > 0).count();
    let watched = format!("The bureau watched {} of {} months", states.len(), months.len());
    let used: f64 = months.iter().filter(|m| m.state.is_some()).map(|m| f64::from(m.utilisation)).sum();
    let line = format!("On average {:.0} % of the credit line was in use.", 100.0 * used / states.len() as f64);
    let Some(worst) = states.iter().filter(|s| s.1 > 0).max_by_key(|s| (s.1, std::cmp::Reverse(s.0))) else {
        return format!("{watched} and never saw them behind with a repayment. {line}");
    };
    let days = ["", "30", "60", "90 or more"][usize::from(worst.1.min(3))];
    format!(
        "{watched} and found them behind in {behind}: at worst {days} days past due, first in month {}. {line}",
        worst.0
    )
}

fn strain(months: &[MonthRow]) -> String {
    let by = |a: &&MonthRow, b: &&MonthRow| a.liquidity.total_cmp(&b.liquidity);
    match (months.iter().max_by(by), months.iter().min_by(by)) {
        (Some(hard), Some(easy)) => format!(
            "Money was tightest in month {} and easiest in month {} (nobody but the simulator sees that).",
            hard.month + 1,
            easy.month + 1
        ),
        _ => String::new(),
    }
}

fn wishes(s: &Story) -> String {
    let kind = match s.segment {
        "fundamentalist" => "a privacy fundamentalist, who refuses unless there is a strong reason",
        "unconcerned" => "unconcerned, someone who shares readily",
        _ => "a pragmatist, who weighs benefit against risk",
    };
    let answer = if s.prefers { "yes, take my payment history" } else { "no, leave my payment history alone" };
    format!("In matters of data they are {kind}. Asked plainly, they say: “{answer}”.")
}

fn decision(s: &Story, scenario: &Scenario) -> String {
    let asks = if s.applicant { "They ask for a loan." } else { "They do not ask for a loan." };
    let scale = &scenario.lender.scale;
    let half = match (s.half, s.applicant) {
        (Half::Scored, true) => {
            return format!(
                "{asks} In this replication they are in the scored half, so each arm's lender scores them, from {:.0} (bad) to \
                 {:.0} (good), and decides.",
                scale.lowest, scale.highest
            );
        }
        (Half::Scored, false) => {
            "They are in the scored half, so each arm still gives them a score; a loan that nobody asks for is not granted."
        }
        (Half::Trained, _) => {
            "In this replication they are in the training half: the models learned from how their loan ended, so nobody \
             scores them here. Below stands what each form made of them; another --replication splits the people anew."
        }
        (Half::Aside, _) => {
            "They are in the training half, and without a loan there was nothing to learn from them: nobody scores them \
             here. Below stands what each form made of them; another --replication splits the people anew."
        }
    };
    format!("{asks} {half}")
}

/// 1st, 2nd, 3rd, 4th ….
fn ordinal(n: u64) -> String {
    let ending = match (n % 10, n % 100) {
        (1, t) if t != 11 => "st",
        (2, t) if t != 12 => "nd",
        (3, t) if t != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// Names as a list: a, b and c.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Paragraphs, indented and broken between words.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut length = 0;
        for word in paragraph.split(' ') {
            let width = word.chars().count();
            if length == 0 || length + 1 + width > WIDTH {
                out.push_str(if length == 0 { "  " } else { "\n  " });
                length = 2;
            } else {
                out.push(' ');
                length += 1;
            }
            out.push_str(word);
            length += width;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
