use super::*;
use crate::experiment::Histories;
use crate::experiment::story::story;
use crate::population::Loadings;
use crate::scenario::Loaded;

fn scenario() -> Scenario {
    let text = "replications = 1\n[population]\npersons = 1200\n[applicants]\nrate = 0.8\n";
    Loaded::from_toml("s.toml", text, &[]).unwrap().scenario
}

#[test]
fn every_story_is_told_in_lines_that_fit_and_says_what_the_flags_say() {
    let (s, loadings) = (scenario(), Loadings::default());
    let (mut flows, mut keeps, mut taught) = (0, 0, 0);
    for person in (0..1200).step_by(101) {
        let story = story(&s, &Histories::Synthetic, &loadings, 0, person).unwrap();
        let text = tell(&story, &s, None);
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf") && !text.contains("  ε"), "{text}");
        let count = |what: &str| text.matches(what).count();
        let decisions = || story.arms.iter().filter_map(|a| a.decision.as_ref());
        let granted = decisions().filter(|d| d.approved).count();
        assert_eq!(count("Approved."), granted, "{text}");
        let refused = if story.applicant { decisions().count() - granted } else { 0 };
        assert_eq!(count("Refused."), refused, "{text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let seen = story.arms.iter().filter(|a| a.seen()).count();
        let told = flat.matches("sees the bureau file and their payment history").count()
            + flat.matches("sees their payment history").count();
        assert_eq!(told, seen, "{text}");
        flows += seen;
        keeps += story.arms.iter().filter(|a| a.unseen()).count();
        taught += usize::from(story.half == Half::Trained);
    }
    assert!(flows > 0 && keeps > 0 && taught > 0);
}

#[test]
fn numbers_are_counted_in_words() {
    assert_eq!([1, 2, 3, 4, 11, 22].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 22nd");
    assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    assert_eq!((list(&["a"]), list(&[])), ("a".to_owned(), String::new()));
}
