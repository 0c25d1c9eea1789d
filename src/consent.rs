//! Who shares what, knowingly or not.
//!
//! Preference in log-odds, every term but α centred at 0:
//!
//! ```text
//! V = α_segment + β·benefit + τ·trust − κ·shock + π·(share of peers who chose to share − its expected mean)
//! ```
//!
//! One uniform u a person decides under every form (potential outcomes under common luck): a person says yes where
//! logit(u) < V. The form shifts V and may decide in the person's place:
//!
//! ```text
//! pre-ticked     P(share) = a·σ(V + f) + (1 − a)
//! unticked       P(share) = a·σ(V − f)
//! active choice  P(share) = σ(V), or σ(V + φ) where the refusal is hidden one click deeper
//! ```
//!
//! A person's *preference* is what the same uniform gives under an active choice with active-choice peers, so that
//! peers' inattention never counts as persuasion. Peers are the members of one community; choices settle over
//! `consent.rounds` months. The shock is a static input here: its course over months, revocation and churn belong to
//! the dynamics that come later and will add months to [`Choices`].
//!
//! Limits: segments are a heterogeneity prior (Westin/Harris) whose predictive value is disputed.

use crate::document::{Node, Problem, Value};
use crate::params::{About, Field, Meta, any, between, refuse};
use crate::population::People;
use crate::rng::{Entity, Purpose, Streams};
use crate::stats::{logistic, logit, normal_cdf, root_increasing};
use rayon::prelude::*;

crate::params! {
    /// Population shares of the attitude segments; they sum to 1.
    pub struct Segments {
        /// Refuse unless there is a strong reason.
        pub fundamentalist: f64 = 0.26, "share of persons", between(0.0, 1.0), "Westin/Harris surveys; predictive value disputed";
        /// Weigh benefit and risk.
        pub pragmatist: f64 = 0.64, "share of persons", between(0.0, 1.0), "Westin/Harris surveys; predictive value disputed";
        /// Share readily.
        pub unconcerned: f64 = 0.10, "share of persons", between(0.0, 1.0), "Westin/Harris surveys; predictive value disputed";
    }
}

crate::params! {
    /// Share of each segment that says yes under an active choice, with no benefit and no shock: σ(α).
    pub struct WouldShare {
        /// Fundamentalists who say yes.
        pub fundamentalist: f64 = 0.12, "share of the segment", between(0.001, 0.999), "odds ratio 5.6 between segments in a simulated card application (Malheiros et al.); levels assumed, ±.10";
        /// Pragmatists who say yes.
        pub pragmatist: f64 = 0.43, "share of the segment", between(0.001, 0.999), "odds ratio 5.6 between segments in a simulated card application (Malheiros et al.); levels assumed, ±.10";
        /// Unconcerned who say yes.
        pub unconcerned: f64 = 0.80, "share of the segment", between(0.001, 0.999), "odds ratio 5.6 between segments in a simulated card application (Malheiros et al.); levels assumed, ±.10";
    }
}

crate::params! {
    /// Attitudes and what moves them.
    pub struct ConsentParams {
        /// Attitude segments.
        pub segments: Segments = Segments::default();
        /// Who would say yes if asked plainly.
        pub would_share: WouldShare = WouldShare::default();
        /// Shifts everybody's attitude; 0 keeps the segments' levels.
        pub attitude_shift: f64 = 0.0, "log-odds", between(-5.0, 5.0), "input of fact 4 (a population at 53 %)";
        /// Perceived benefit of sharing, centred at 0.
        pub benefit: f64 = 0.0, "standard units", between(-5.0, 5.0), "input";
        /// β: weight of the benefit.
        pub benefit_weight: f64 = 1.0, "log-odds per unit", between(0.0, 5.0), "assumed";
        /// Trust in the platform, centred at 0.
        pub trust: f64 = 0.0, "standard units", between(-5.0, 5.0), "input";
        /// τ: weight of trust.
        pub trust_weight: f64 = 1.0, "log-odds per unit", between(0.0, 5.0), "assumed";
        /// How much of the full shock (risks explained, scandal) people feel.
        pub shock: f64 = 0.0, "share of the full shock", between(0.0, 1.0), "input";
        /// κ: effect of the full shock; solved if absent, so that a population at 53 % falls to 29 %.
        pub shock_effect: Option<f64> = None, "log-odds", between(0.0, 5.0), "solved: support 53 % → 29 % once risks are explained";
        /// π: weight of peers who chose to share.
        pub peer_weight: f64 = 0.5, "log-odds per unit share", between(0.0, 1.5), "assumed";
        /// Months of looking at one's peers before the choice counts.
        pub rounds: u32 = 3, "months", between(0.0, 24.0), "assumed; settles after two";
        /// φ: push of a refusal that is hidden one click deeper.
        pub hidden_refusal_push: f64 = 1.1, "log-odds", between(0.0, 3.0), "hiding the refusal adds 22–23 pp (Nouwens et al. 2020); plausible .8–1.3";
        /// ρ: correlation of the attitude with repayment quality. The literature disagrees on the sign: sweep it.
        pub quality_correlation: f64 = 0.0, "correlation", between(-0.9, 0.9), "assumed 0; mandatory sensitivity analysis over −.2…+.2";
    }
}

crate::choice! {
    /// The state of the box when the form is shown.
    pub enum TickBox {
        /// Already ticked: doing nothing shares.
        PreTicked => "pre-ticked",
        /// Empty: doing nothing does not share.
        Unticked => "unticked",
        /// No default: one must choose.
        Active => "active",
    }
}

crate::params! {
    /// A consent form.
    pub struct FormParams {
        /// State of the box.
        pub r#box: TickBox = TickBox::Unticked, "", any(), "the scenario's question";
        /// a: probability that a person notices the box.
        pub notice: f64 = 0.40, "probability", between(0.0, 1.0), "visible box .40 (.2–.7), calibrated to fact 1; hidden box .05 (.01–.15): 74 % skip a policy, 98 % miss its traps (Obar & Oeldorf-Hirsch)";
        /// f: effort of changing the box.
        pub friction: f64 = 0.5, "log-odds", between(0.0, 2.0), "calibrated to fact 1; plausible 0–1";
        /// Whether the refusal is hidden one click deeper (active choice only).
        pub refusal_hidden: bool = false, "", any(), "the scenario's question";
    }
}

/// What an arm asks of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// Nobody is asked.
    Nobody,
    /// Everybody's history is taken.
    Mandatory,
    /// A form is shown.
    Shown(FormParams),
}

impl Field for Form {
    fn read(node: &Node, key: &str, about: &About, problems: &mut Vec<Problem>) -> Option<Self> {
        match &node.value {
            Value::Text(word) if word == "none" => Some(Self::Nobody),
            Value::Text(word) if word == "mandatory" => Some(Self::Mandatory),
            Value::Text(word) => {
                let words = ["none", "mandatory"];
                let message = format!("`{word}` is not a form");
                let help = crate::document::suggest(word, words.into_iter()).or_else(|| {
                    Some("\"none\", \"mandatory\" or a table like { box = \"unticked\", notice = 0.4 }".into())
                });
                refuse(node, key, message, help, problems);
                None
            }
            _ => FormParams::read(node, key, about, problems).map(Self::Shown),
        }
    }
    fn write(&self) -> toml::Value {
        match self {
            Self::Nobody => toml::Value::String("none".into()),
            Self::Mandatory => toml::Value::String("mandatory".into()),
            Self::Shown(form) => form.write(),
        }
    }
    fn meta(_: &Self, key: &str, about: &About, out: &mut Vec<Meta>) {
        out.push(Meta {
            key: key.to_owned(),
            doc: about.doc.trim().to_owned(),
            unit: String::new(),
            default: "\"none\"".into(),
            range: "\"none\", \"mandatory\" or a table with the keys below".into(),
            source: about.source.to_owned(),
        });
        FormParams::meta(&FormParams::default(), key, about, out);
    }
}

impl ConsentParams {
    fn weights(&self) -> [f64; 3] {
        let w = [self.segments.fundamentalist, self.segments.pragmatist, self.segments.unconcerned];
        let total: f64 = w.iter().sum();
        w.map(|x| if total > 0.0 { x / total } else { 1.0 / 3.0 })
    }

    fn alphas(&self) -> [f64; 3] {
        let w = &self.would_share;
        [w.fundamentalist, w.pragmatist, w.unconcerned].map(logit)
    }

    /// Share that says yes, σ averaged over the segments, when V is shifted by `shift`.
    pub fn mean_yes(&self, shift: f64) -> f64 {
        self.weights().iter().zip(self.alphas()).map(|(w, alpha)| w * logistic(alpha + shift)).sum()
    }

    /// The shift that brings an active choice to `share`.
    pub fn shift_for(&self, share: f64) -> f64 {
        root_increasing(-20.0, 20.0, |s| self.mean_yes(s) - share)
    }

    /// κ: given, or solved so that a population whose active choice stands at 53 % falls to 29 % (fact 4).
    pub fn kappa(&self) -> f64 {
        self.shock_effect.unwrap_or_else(|| self.shift_for(0.53) - self.shift_for(0.29))
    }

    /// Everything in V that is the same for all persons.
    fn national(&self) -> f64 {
        self.attitude_shift + self.benefit_weight * self.benefit + self.trust_weight * self.trust
            - self.kappa() * self.shock
    }
}

/// What a person brings to any form: drawn once, the same in every arm.
#[derive(Clone, Debug)]
pub struct Attitudes {
    /// Segment: 0 fundamentalist, 1 pragmatist, 2 unconcerned.
    pub segment: Vec<u8>,
    /// logit(u): says yes where this lies below V.
    threshold: Vec<f64>,
    /// Uniform that decides whether a box is noticed.
    notice: Vec<f64>,
    /// Says yes when asked plainly, among peers who are asked plainly.
    pub prefers: Vec<bool>,
    community: Vec<u32>,
}

/// What one form makes of the attitudes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Saw the box.
    pub noticed: Vec<bool>,
    /// History flows.
    pub shares: Vec<bool>,
}

/// Names of the segments, in the order of [`Attitudes::segment`].
pub const SEGMENT_NAMES: [&str; 3] = ["fundamentalist", "pragmatist", "unconcerned"];

impl Attitudes {
    /// Draws attitudes for `people`; communities must be runs of equal numbers.
    pub fn draw(params: &ConsentParams, people: &People, streams: Streams) -> Self {
        let n = people.default.len();
        let [first, second, _] = params.weights();
        let rho = params.quality_correlation;
        let own = libm::sqrt(1.0 - rho * rho);
        let drawn: Vec<(u8, f64, f64)> = (0..n)
            .into_par_iter()
            .with_min_len(4096)
            .map(|i| {
                let who = Entity::Person(people.first + i as u64);
                let s = streams.uniform(who, 0, Purpose::Segment);
                let segment = u8::from(s >= first) + u8::from(s >= first + second);
                // A good quality lowers u where ρ > 0: u = 1 − Φ(ρz + √(1−ρ²)·e) = Φ(−…).
                let g = rho * f64::from(people.quality[i]) + own * streams.normal(who, 0, Purpose::Attitude);
                let u = normal_cdf(-g).clamp(1e-300, 1.0 - 1e-16);
                (segment, logit(u), streams.uniform(who, 0, Purpose::Notice))
            })
            .collect();
        let mut attitudes = Self {
            segment: drawn.iter().map(|d| d.0).collect(),
            threshold: drawn.iter().map(|d| d.1).collect(),
            notice: drawn.iter().map(|d| d.2).collect(),
            prefers: Vec::new(),
            community: people.community.clone(),
        };
        let plain = FormParams { r#box: TickBox::Active, ..FormParams::default() };
        attitudes.prefers = attitudes.choose(params, &Form::Shown(plain)).shares;
        attitudes
    }

    /// What everybody does under a form.
    pub fn choose(&self, params: &ConsentParams, form: &Form) -> Choices {
        let n = self.segment.len();
        let form = match form {
            Form::Nobody => return Choices { noticed: vec![false; n], shares: vec![false; n] },
            Form::Mandatory => return Choices { noticed: vec![false; n], shares: vec![true; n] },
            Form::Shown(form) => form,
        };
        let (attention, push) = match form.r#box {
            TickBox::PreTicked => (form.notice, form.friction),
            TickBox::Unticked => (form.notice, -form.friction),
            TickBox::Active => (1.0, if form.refusal_hidden { params.hidden_refusal_push } else { 0.0 }),
        };
        let shift = params.national() + push;
        let expected = attention * params.mean_yes(shift);
        let noticed: Vec<bool> = self.notice.iter().map(|u| *u < attention).collect();
        let level = params.alphas().map(|alpha| alpha + shift);
        let mut chose: Vec<bool> =
            (0..n).map(|i| noticed[i] && self.threshold[i] < level[usize::from(self.segment[i])]).collect();
        if params.peer_weight > 0.0 {
            for _ in 0..params.rounds {
                chose = self.after_a_month_of_peers(params.peer_weight, expected, &level, &noticed, &chose);
            }
        }
        let by_default = matches!(form.r#box, TickBox::PreTicked);
        let shares = chose.iter().zip(&noticed).map(|(yes, seen)| *yes || (by_default && !*seen)).collect();
        Choices { noticed, shares }
    }

    /// One month: everybody looks at what the others of the community chose, self excluded.
    fn after_a_month_of_peers(
        &self,
        weight: f64,
        expected: f64,
        level: &[f64; 3],
        noticed: &[bool],
        chose: &[bool],
    ) -> Vec<bool> {
        let mut next = vec![false; chose.len()];
        let mut start = 0;
        while start < chose.len() {
            let end = start + self.community[start..].iter().take_while(|c| **c == self.community[start]).count();
            let yes: usize = chose[start..end].iter().filter(|y| **y).count();
            let peers = end - start - 1;
            for i in start..end {
                let pull = if peers == 0 {
                    0.0
                } else {
                    weight * ((yes - usize::from(chose[i])) as f64 / peers as f64 - expected)
                };
                next[i] = noticed[i] && self.threshold[i] < level[usize::from(self.segment[i])] + pull;
            }
            start = end;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(n: usize) -> People {
        let streams = Streams::new(3, 0);
        People {
            quality: (0..n).map(|i| streams.normal(Entity::Person(i as u64), 0, Purpose::Quality) as f32).collect(),
            community: (0..n).map(|i| (i / 64) as u32).collect(),
            default: vec![false; n],
            ..People::empty()
        }
    }

    fn rate(v: &[bool]) -> f64 {
        v.iter().filter(|x| **x).count() as f64 / v.len() as f64
    }

    fn form(tick: TickBox, notice: f64) -> Form {
        Form::Shown(FormParams { r#box: tick, notice, ..FormParams::default() })
    }

    /// n = 200,000: the standard error of a rate is below .0012, so ±.006 is 5 σ (α < 1e-6); a friction of the wrong
    /// sign moves opt-in by .09, an omitted attention by .17.
    #[test]
    fn forms_give_the_closed_form_rates() {
        let params = ConsentParams { peer_weight: 0.0, ..ConsentParams::default() };
        let a = Attitudes::draw(&params, &people(200_000), Streams::new(1, 0));
        for (f, want) in [
            (form(TickBox::Unticked, 0.4), 0.4 * params.mean_yes(-0.5)),
            (form(TickBox::PreTicked, 0.4), 0.4 * params.mean_yes(0.5) + 0.6),
            (form(TickBox::PreTicked, 0.05), 0.05 * params.mean_yes(0.5) + 0.95),
            (form(TickBox::Active, 0.4), params.mean_yes(0.0)),
        ] {
            let got = rate(&a.choose(&params, &f).shares);
            assert!((got - want).abs() < 0.006, "{f:?}: {got} for {want}");
        }
        assert!((params.mean_yes(0.0) - 0.386).abs() < 0.001);
    }

    #[test]
    fn peers_spread_choices_without_moving_their_mean() {
        let params = ConsentParams { peer_weight: 1.5, ..ConsentParams::default() };
        let alone = ConsentParams { peer_weight: 0.0, ..params.clone() };
        let folk = people(64 * 3000);
        let active = form(TickBox::Active, 1.0);
        let spread = |p: &ConsentParams| {
            let shares = Attitudes::draw(p, &folk, Streams::new(5, 0)).choose(p, &active).shares;
            let means: Vec<f64> = shares.chunks(64).map(rate).collect();
            let mean = means.iter().sum::<f64>() / 3000.0;
            (mean, means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 3000.0)
        };
        let ((mean, variance), (mean_alone, variance_alone)) = (spread(&params), spread(&alone));
        assert!((mean - mean_alone).abs() < 0.01);
        assert!(variance > 1.2 * variance_alone, "{variance} {variance_alone}");
    }

    #[test]
    fn a_correlation_with_quality_has_its_sign() {
        let folk = people(100_000);
        for rho in [-0.2, 0.2] {
            let params = ConsentParams { quality_correlation: rho, ..ConsentParams::default() };
            let a = Attitudes::draw(&params, &folk, Streams::new(1, 0));
            let mean = |want: bool| {
                let (mut sum, mut count) = (0.0, 0.0);
                for (q, _) in folk.quality.iter().zip(&a.prefers).filter(|(_, p)| **p == want) {
                    sum += f64::from(*q);
                    count += 1.0;
                }
                sum / count
            };
            assert!((mean(true) - mean(false)) * rho > 0.02, "{rho}");
        }
    }

    #[test]
    fn the_shock_takes_53_to_29_percent() {
        let params = ConsentParams::default();
        let shift = params.shift_for(0.53);
        assert!((params.mean_yes(shift - params.kappa()) - 0.29).abs() < 1e-9);
        assert!((1.0..1.5).contains(&params.kappa()), "{}", params.kappa());
    }

    #[test]
    fn whoever_does_not_notice_keeps_the_default() {
        let params = ConsentParams::default();
        let a = Attitudes::draw(&params, &people(6400), Streams::new(1, 0));
        let blind = a.choose(&params, &form(TickBox::PreTicked, 0.0));
        assert!(blind.shares.iter().all(|s| *s) && blind.noticed.iter().all(|s| !*s));
        assert!(a.choose(&params, &form(TickBox::Unticked, 0.0)).shares.iter().all(|s| !*s));
        assert!(a.choose(&params, &Form::Nobody).shares.iter().all(|s| !*s));
    }
}
