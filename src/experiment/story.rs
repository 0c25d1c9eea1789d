//! One person's way through a replication: the same world and the same decisions as in a run, looked at closely.

use super::{ArmPoint, Histories, World, arm_points, score_arm};
use crate::consent::{Form, SEGMENT_NAMES};
use crate::disclosure::Disclosure;
use crate::error::{Error, Result};
use crate::lending::Cutoff;
use crate::population::{FileDepth, Loadings, Model, MonthRow};
use crate::privacy::NoiseMode;
use crate::scenario::Scenario;
use crate::scoring::Scale;

/// Where a person stands when the lender learns and scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// In the scored half.
    Scored,
    /// A borrower of the training half: the models learn from this person.
    Trained,
    /// In the training half without a loan to learn from.
    Aside,
}

/// A score and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// PD that the lender believed.
    pub pd: f64,
    /// The same on the 350–950 scale.
    pub score: f64,
    /// Whether the loan was granted.
    pub approved: bool,
    /// The highest PD that was granted a loan under this arm; NaN where nobody was.
    pub line: f64,
    /// Others with the very same PD were treated otherwise: a lot decided.
    pub by_lot: bool,
}

/// What one arm made of the person.
#[derive(Clone, Debug)]
pub struct ArmStory {
    /// The arm's name.
    pub name: String,
    /// ε, the nearest to 1 that the scenario has.
    pub epsilon: Option<f64>,
    /// What the person was asked.
    pub form: Form,
    /// What the lender got.
    pub disclosure: Disclosure,
    /// Saw the box.
    pub noticed: bool,
    /// The history flows.
    pub shares: bool,
    /// In the scored half only.
    pub decision: Option<Decision>,
}

impl ArmStory {
    /// Whether the lender reads this very person's payment history.
    pub fn seen(&self) -> bool {
        self.shares && matches!(self.disclosure, Disclosure::Raw)
    }

    /// Whether the lender learns nothing from the platform about this person or the community.
    pub fn unseen(&self) -> bool {
        match self.disclosure {
            Disclosure::Nothing => true,
            Disclosure::Raw => !self.shares,
            _ => false,
        }
    }
}

/// One person in one replication.
#[derive(Clone, Debug)]
pub struct Story {
    /// Number of the person; for real histories the place in the table.
    pub person: u64,
    /// Persons in the world.
    pub persons: u64,
    /// Replication.
    pub replication: u32,
    /// Month by month; empty for real histories.
    pub months: Vec<MonthRow>,
    /// Bureau file.
    pub file: FileDepth,
    /// Name of the group.
    pub group: String,
    /// Income decile; 0 = unknown.
    pub decile: u8,
    /// Community (a cohort for real histories).
    pub community: u32,
    /// Its members.
    pub members: usize,
    /// District.
    pub district: u32,
    /// Row of the table that this person is a copy of, from 0; `None` for synthetic people.
    pub origin: Option<u32>,
    /// Attitude segment.
    pub segment: &'static str,
    /// Says yes when asked plainly.
    pub prefers: bool,
    /// Whether the person asks for a loan.
    pub applicant: bool,
    /// True PD; `None` for real histories.
    pub pd: Option<f32>,
    /// Outcome of a loan.
    pub default: bool,
    /// Training or scored half.
    pub half: Half,
    /// The arms, in the scenario's order.
    pub arms: Vec<ArmStory>,
}

/// The story of a person; refuses a number outside the world, before simulating it.
pub fn story(
    scenario: &Scenario,
    histories: &Histories,
    loadings: &Loadings,
    replication: u32,
    person: u64,
) -> Result<Story> {
    check(scenario, histories, person)?;
    let world = World::new(scenario, histories, loadings, replication)?;
    of_world(scenario, histories, loadings, &world, replication, person)
}

/// Refuses a number outside the world.
pub fn check(scenario: &Scenario, histories: &Histories, person: u64) -> Result<()> {
    let persons = histories.persons(scenario);
    if person < persons {
        return Ok(());
    }
    Err(Error::Other(format!("there is no person {person}: this world has persons 0 to {}", persons.saturating_sub(1))))
}

fn of_world(
    scenario: &Scenario,
    histories: &Histories,
    loadings: &Loadings,
    world: &World,
    replication: u32,
    person: u64,
) -> Result<Story> {
    let people = &world.people;
    let i = person as usize;
    let place = world.halves.score.iter().position(|s| *s as usize == i);
    let half = match place {
        Some(_) => Half::Scored,
        None if world.halves.train.iter().any(|t| *t as usize == i) => Half::Trained,
        None => Half::Aside,
    };
    let months = match histories {
        Histories::Synthetic => {
            let s = scenario;
            Model::new(&s.population, &s.histories, &s.outcome, &s.applicants, loadings)?.panel(
                world.streams,
                person,
                1,
            )
        }
        Histories::Table(_) => Vec::new(),
    };
    let community = people.community[i];
    Ok(Story {
        person,
        persons: people.len() as u64,
        replication,
        months,
        file: people.file[i],
        group: people.group_names.get(usize::from(people.group[i])).cloned().unwrap_or_default(),
        decile: people.decile[i],
        community,
        members: people.community.iter().filter(|c| **c == community).count(),
        district: people.district[i],
        origin: people.origin.get(i).copied(),
        segment: SEGMENT_NAMES[usize::from(world.attitudes.segment[i])],
        prefers: world.attitudes.prefers[i],
        applicant: people.applicant[i],
        pd: people.pd.get(i).copied(),
        default: people.default[i],
        half,
        arms: points(scenario)
            .into_iter()
            .map(|point| arm_story(scenario, world, &point, i, place))
            .collect::<Result<_>>()?,
    })
}

/// Every arm once, at the ε nearest to 1 on a log scale; without the counterfactual twins.
fn points(scenario: &Scenario) -> Vec<ArmPoint> {
    let mut kept: Vec<ArmPoint> = Vec::new();
    let distance = |p: &ArmPoint| p.epsilon.map_or(0.0, |e| libm::log(e).abs());
    for point in arm_points(scenario).into_iter().filter(|p| !p.without_own_record) {
        match kept.last_mut() {
            Some(last) if last.arm == point.arm => {
                if distance(&point) < distance(last) {
                    *last = point;
                }
            }
            _ => kept.push(point),
        }
    }
    kept
}

fn arm_story(scenario: &Scenario, world: &World, point: &ArmPoint, i: usize, place: Option<usize>) -> Result<ArmStory> {
    let arm = &scenario.arm[point.arm];
    let (choices, decision) = match place {
        None => (world.attitudes.choose(&scenario.consent, &arm.form), None),
        Some(at) => {
            let scored = score_arm(scenario, world, point, NoiseMode::Seeded)?;
            let pd = scored.pd[at];
            let granted = scored.pd.iter().zip(&scored.approved).filter(|(_, a)| **a).map(|(p, _)| *p);
            let line = match scenario.lender.cutoff {
                Cutoff::Profit(_) => scenario.lender.break_even(),
                Cutoff::ApprovalRate(_) => granted.fold(f64::NAN, f64::max),
            };
            let same = |i: &usize| scored.pd[*i] == pd && world.applicant[*i];
            let by_lot = world.applicant[at]
                && (0..scored.pd.len()).filter(same).any(|i| scored.approved[i] != scored.approved[at]);
            let score = Scale::new(&scenario.lender.scale)?.score(pd);
            (scored.choices, Some(Decision { pd, score, approved: scored.approved[at], line, by_lot }))
        }
    };
    Ok(ArmStory {
        name: point.name.clone(),
        epsilon: point.epsilon,
        form: arm.form.clone(),
        disclosure: arm.disclosure.clone(),
        noticed: choices.noticed[i],
        shares: choices.shares[i],
        decision,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Loaded;

    fn scenario() -> Scenario {
        let text = "replications = 1\n[population]\npersons = 1500\n[applicants]\nrate = 0.8\n";
        Loaded::from_toml("s.toml", text, &[]).unwrap().scenario
    }

    /// A run's decisions are those of `World::new` and `score_arm`; the story must tell the same ones, whoever it is about.
    #[test]
    fn a_story_tells_the_decisions_of_the_run() {
        let (s, histories, loadings) = (scenario(), Histories::Synthetic, Loadings::default());
        let world = World::new(&s, &histories, &loadings, 1).unwrap();
        let scored: Vec<_> = arm_points(&s)
            .into_iter()
            .filter(|p| !p.without_own_record && p.epsilon.is_none_or(|e| e == 1.0))
            .map(|p| (p.name.clone(), score_arm(&s, &world, &p, NoiseMode::Seeded).unwrap()))
            .collect();
        assert_eq!(scored.len(), s.arm.len());
        let (mut granted, mut refused) = (0, 0);
        for at in [0, 1, 2, 50, 333, 600] {
            let person = u64::from(world.halves.score[at]);
            let story = story(&s, &histories, &loadings, 1, person).unwrap();
            assert_eq!((story.half, story.months.len()), (Half::Scored, 24));
            for (arm, (name, run)) in story.arms.iter().zip(&scored) {
                let decision = arm.decision.as_ref().unwrap();
                assert_eq!((&arm.name, decision.approved, decision.pd), (name, run.approved[at], run.pd[at]));
                assert_eq!(arm.shares, run.choices.shares[person as usize]);
                if story.applicant {
                    assert!(decision.approved == (decision.pd <= decision.line) || decision.by_lot);
                    assert!(!decision.by_lot || decision.pd == decision.line);
                }
                granted += usize::from(decision.approved);
                refused += usize::from(!decision.approved);
            }
        }
        assert!(granted > 0 && refused > 0);
    }

    #[test]
    fn who_is_not_scored_and_who_is_not_there() {
        let (s, histories, loadings) = (scenario(), Histories::Synthetic, Loadings::default());
        let world = World::new(&s, &histories, &loadings, 0).unwrap();
        let trained = story(&s, &histories, &loadings, 0, u64::from(world.halves.train[7])).unwrap();
        assert_eq!(trained.half, Half::Trained);
        assert!(trained.arms.iter().all(|a| a.decision.is_none()));
        let message = story(&s, &histories, &loadings, 0, 1500).unwrap_err().to_string();
        assert_eq!(message, "there is no person 1500: this world has persons 0 to 1499");
    }
}
