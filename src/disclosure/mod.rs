//! (histories, consent, privacy) → what one arm shows the lender.
//!
//! | disclosure | guarantee |
//! |---|---|
//! | `none`, `raw` | none: what is shared is known exactly |
//! | `cohort-aggregates` | ε-DP (or (ε, δ) with Gaussian noise), central: add or remove one person, all months |
//! | `trained-inside` | (ε, δ)-DP of the *training data*, central; the applicant's own record is not protected at scoring: each score reveals a function of it |
//! | `randomised-response` | ε-DP, local: replace one person's record, all features and months |
//!
//! ε counts what the platform releases. The bureau file, which every arm shows the lender, costs nothing here because it
//! is the same everywhere, not because it is private.
//!
//! A second window or another month composes sequentially; every release is entered in the ledger.

mod aggregates;
mod local;

pub use aggregates::{Cohort, CohortAggregatesParams, CohortNoise, CohortSums, cohort_sums};
pub use local::{Held, RandomisedResponseParams};

use crate::consent::Choices;
use crate::error::Result;
use crate::params::above;
use crate::population::People;
use crate::privacy::{Budget, Cost, Entry, Ledger, Neighbouring, Noise, NoiseMode, Trust};
use crate::rng::Streams;
use crate::scoring::{DpChoice, DpParams, dp_scorer};
use crate::view::{Frame, LenderView, PlatformView};

/// The values of ε that DP arms are swept over by default.
pub const EPSILONS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

crate::params! {
    /// A model trained under DP inside the platform; the lender receives scores.
    pub struct TrainedInsideParams {
        /// The DP scorer.
        pub scorer: DpChoice = DpChoice::Logistic, "", crate::params::any(), "the scenario's choice";
        /// Total privacy loss of the training data, add or remove one person.
        pub epsilon: Vec<f64> = EPSILONS.to_vec(), "ε, smaller = more private", above(0.0, f64::INFINITY), "swept";
        /// δ of the guarantee; below 1/persons.
        pub delta: f64 = 1e-6, "probability", above(0.0, 0.01), "assumed: below 1/persons";
        /// The training algorithms' public constants.
        pub training: DpParams = DpParams::default();
    }
}

crate::choice! {
    /// What an arm shows.
    pub enum Disclosure {
        /// Nothing beyond the bureau file.
        Nothing => "none",
        /// The raw history of those whose history flows under the form.
        Raw => "raw",
        /// Noisy statistics per cohort over all users, joined to applicants.
        CohortAggregates(CohortAggregatesParams = CohortAggregatesParams::default()) => "cohort-aggregates",
        /// Scores of a model trained under DP inside the platform.
        TrainedInside(TrainedInsideParams = TrainedInsideParams::default()) => "trained-inside",
        /// Features randomised on each phone.
        RandomisedResponse(RandomisedResponseParams = RandomisedResponseParams::default()) => "randomised-response",
    }
}

impl Disclosure {
    /// The values of ε that the arm is run at; one `None` where it has none.
    pub fn epsilons(&self) -> Vec<Option<f64>> {
        let list = match self {
            Self::Nothing | Self::Raw => return vec![None],
            Self::CohortAggregates(p) => &p.epsilon,
            Self::TrainedInside(p) => &p.epsilon,
            Self::RandomisedResponse(p) => &p.epsilon,
        };
        list.iter().copied().map(Some).collect()
    }

    /// The columns that the scenario names; empty: the defaults, or all.
    pub fn features(&self) -> &[String] {
        match self {
            Self::CohortAggregates(p) => &p.features,
            Self::RandomisedResponse(p) => &p.features,
            _ => &[],
        }
    }

    /// δ of the arm's guarantee.
    pub fn delta(&self) -> f64 {
        match self {
            Self::CohortAggregates(p) => p.delta,
            Self::TrainedInside(p) => p.delta,
            _ => 0.0,
        }
    }
}

/// The two halves of a replication, in the order of their rows.
#[derive(Clone, Debug)]
pub struct Halves {
    /// Persons (positions in [`People`]) whose outcomes train the scorer.
    pub train: Vec<u32>,
    /// Persons who are scored.
    pub score: Vec<u32>,
}

/// What the lender receives: a view to learn from and a view to score, or finished scores.
pub enum Shown {
    /// Two views, the first with labels.
    Views(Box<(LenderView, LenderView)>),
    /// PDs of the scored half, from inside the platform.
    Scores(Vec<f64>),
}

/// Everything a disclosure works from.
pub struct Request<'a> {
    /// The truth.
    pub people: &'a People,
    /// The halves.
    pub halves: &'a Halves,
    /// What the form made of people.
    pub choices: &'a Choices,
    /// `lender.refusal_is_a_feature`.
    pub refusal_is_a_feature: bool,
    /// ε of this point.
    pub epsilon: Option<f64>,
    /// Leave the applicant's own record out of the cohort sums (a simulator's counterfactual).
    pub without_own_record: bool,
    /// Streams of the replication.
    pub streams: Streams,
    /// Where noise comes from.
    pub noise: NoiseMode,
    /// Number that keys this release's noise.
    pub release: u64,
}

impl Request<'_> {
    fn labels(&self) -> Vec<bool> {
        self.halves.train.iter().map(|&i| self.people.default[i as usize]).collect()
    }

    fn noise(&self) -> Noise {
        Noise::new(self.noise, self.streams, self.release)
    }

    /// Views in which `more` is known for everybody: a released frame, one row a person.
    fn released(&self, more: &Frame) -> Shown {
        let view = |rows: &[u32], labels| LenderView {
            always: self.people.bureau.select(rows),
            more: more.select(rows),
            known: vec![true; rows.len()],
            refusal_is_a_feature: false,
            labels,
        };
        let train = view(&self.halves.train, Some(self.labels()));
        Shown::Views(Box::new((train, view(&self.halves.score, None))))
    }
}

/// Makes the views (or scores) of one arm at one ε; every release goes through the ledger.
pub fn disclose(disclosure: &Disclosure, request: &Request<'_>, ledger: &mut Ledger) -> Result<Shown> {
    match disclosure {
        Disclosure::Nothing => Ok(request.released(&Frame::zeros(Vec::new(), request.people.default.len()))),
        Disclosure::Raw => {
            ledger.enter(exact_records(request.choices.shares.iter().filter(|s| **s).count()));
            Ok(raw(request))
        }
        Disclosure::CohortAggregates(params) => {
            aggregates::release(params, request, ledger).map(|more| request.released(&more))
        }
        Disclosure::TrainedInside(params) => trained_inside(params, request, ledger).map(Shown::Scores),
        Disclosure::RandomisedResponse(params) => {
            local::release(params, request, ledger).map(|more| request.released(&more))
        }
    }
}

/// Raw sharing is a release too: the exact records of so many persons, at infinite cost.
pub fn exact_records(sharers: usize) -> Entry {
    Entry {
        query: format!("raw histories of {sharers} persons"),
        unit: "person, all months".into(),
        neighbouring: Neighbouring::AddRemove,
        trust: Trust::Central,
        mechanism: "none: exact records".into(),
        norm: "discrete".into(),
        sensitivity: 1.0,
        scale: 0.0,
        cost: Cost::Pure(f64::INFINITY),
        partition: None,
    }
}

/// Raw histories of those who share; the rows of the others hold zeros.
fn raw(request: &Request<'_>) -> Shown {
    let view = |rows: &[u32], labels| {
        let known: Vec<bool> = rows.iter().map(|&i| request.choices.shares[i as usize]).collect();
        let mut more = request.people.platform.select(rows);
        for j in 0..more.width() {
            for (v, k) in more.column_mut(j).iter_mut().zip(&known) {
                if !*k {
                    *v = 0.0;
                }
            }
        }
        LenderView {
            always: request.people.bureau.select(rows),
            more,
            known,
            refusal_is_a_feature: request.refusal_is_a_feature,
            labels,
        }
    };
    let train = view(&request.halves.train, Some(request.labels()));
    Shown::Views(Box::new((train, view(&request.halves.score, None))))
}

/// Scores of the scored half by a model trained under DP on the training half, inside the platform.
fn trained_inside(params: &TrainedInsideParams, request: &Request<'_>, ledger: &mut Ledger) -> Result<Vec<f64>> {
    let view = |rows: &[u32], labels| PlatformView {
        features: request.people.bureau.select(rows).beside(&request.people.platform.select(rows)),
        labels,
    };
    let budget = Budget::new(request.epsilon.unwrap_or(f64::INFINITY), params.delta)?;
    let scorer = dp_scorer(&params.scorer, &params.training, budget, request.noise());
    let fitted = scorer.fit(&view(&request.halves.train, Some(request.labels())), ledger)?;
    fitted.score(&view(&request.halves.score, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Attitudes, ConsentParams, Form};
    use crate::population::{ApplicantsParams, HistoriesParams, Loadings, OutcomeParams, PopulationParams, simulate};

    fn people(n: usize) -> People {
        let population = PopulationParams { persons: n as u64, ..PopulationParams::default() };
        let (histories, outcome, applicants) =
            (HistoriesParams::default(), OutcomeParams::default(), ApplicantsParams::default());
        simulate(&population, &histories, &outcome, &applicants, &Loadings::default(), Streams::new(1, 0), 0, n)
            .unwrap()
    }

    fn shown(disclosure: &Disclosure, form: &Form, epsilon: Option<f64>) -> (LenderView, LenderView, Ledger) {
        let people = people(640);
        let streams = Streams::new(1, 0);
        let consent = ConsentParams::default();
        let choices = Attitudes::draw(&consent, &people, streams).choose(&consent, form);
        let halves = Halves { train: (0..320).collect(), score: (320..640).collect() };
        let request = Request {
            people: &people,
            halves: &halves,
            choices: &choices,
            refusal_is_a_feature: false,
            epsilon,
            without_own_record: false,
            streams,
            noise: NoiseMode::Seeded,
            release: 7,
        };
        let mut ledger = Ledger::new();
        match disclose(disclosure, &request, &mut ledger).unwrap() {
            Shown::Views(views) => (views.0, views.1, ledger),
            Shown::Scores(_) => panic!("a view was expected"),
        }
    }

    #[test]
    fn without_consent_the_view_is_empty() {
        let (train, score, _) = shown(&Disclosure::Raw, &Form::Nobody, None);
        for view in [&train, &score] {
            assert!(view.known.iter().all(|k| !*k));
            assert!((0..view.more.width()).all(|j| view.more.column(j).iter().all(|v| *v == 0.0)));
        }
        assert!(train.labels.is_some() && score.labels.is_none(), "outcomes of the scored half never leave the truth");
        // The twin: everybody shares, and the same view is full.
        let (train, _, ledger) = shown(&Disclosure::Raw, &Form::Mandatory, None);
        assert!(train.known.iter().all(|k| *k) && train.more.column(0).iter().any(|v| *v > 0.0));
        assert_eq!(ledger.spent(0.0).epsilon, f64::INFINITY);
    }

    #[test]
    fn a_cohort_release_is_one_entry_whose_sensitivity_covers_every_feature() {
        let params = CohortAggregatesParams::default();
        let (grid, features) = (f64::from(params.grid), 2.0);
        let (train, _, ledger) = shown(&Disclosure::CohortAggregates(params), &Form::Nobody, Some(0.5));
        assert_eq!((train.more.width(), ledger.entries().len()), (2, 1));
        let entry = &ledger.entries()[0];
        assert_eq!(entry.sensitivity, features * grid, "d·K: half the bound or one feature would be {grid}");
        let spent = ledger.spent(0.0).epsilon;
        assert!(spent <= 0.5 && spent > 0.49, "{spent}");
    }
}
