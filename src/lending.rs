//! Approve, earn, lose: what a lender does with scores, and what that is worth to it and to borrowers.
//!
//! A loan of one unit earns `margin` if repaid and loses `loss_given_default` if not, so a profit cut-off approves
//! PD < margin/(margin + LGD). Equal scores at the cut-off of a fixed approval rate are settled by a lottery that is
//! keyed by person: the same luck in every arm. What a score decides and what the lottery does are told apart
//! ([`chances`]): who was approved by lot has won nothing from the lender. Labels of people who were never financed are known only to a
//! simulator: every result is an upper bound until selective labels are modelled.

use crate::error::Result;
use crate::params::{above, any, between};
use crate::scoring::command::permitted;
use crate::scoring::onnx;
use crate::scoring::{
    Boosting, BoostingParams, Command, CommandParams, Logistic, LogisticParams, Onnx, OnnxParams, PublicTrends,
    PublicTrendsParams, ScaleParams, Scorecard, ScorecardParams, Scorer,
};
use crate::view::LenderView;

crate::params! {
    /// What a loan of one unit is worth.
    pub struct LoanParams {
        /// Earned on a loan that is repaid.
        pub margin: f64 = 0.12, "share of the loan", between(0.0, 1.0), "assumed; the output sweeps the cut-off";
        /// Lost on a loan that is not.
        pub loss_given_default: f64 = 0.60, "share of the loan", above(0.0, 1.0), "assumed; the output sweeps the cut-off";
        /// What a repaid loan is worth to the borrower beyond its price.
        pub borrower_value: f64 = 0.10, "share of the loan", between(0.0, 10.0), "assumed";
        /// What a default costs the borrower.
        pub borrower_default_cost: f64 = 0.30, "share of the loan", between(0.0, 10.0), "assumed";
    }
}

crate::params! {
    /// A cut-off where expected profit turns positive; absent values are those of `lender.loan`.
    pub struct ProfitParams {
        /// Earned on a loan that is repaid.
        pub margin: Option<f64> = None, "share of the loan", between(0.0, 1.0), "lender.loan.margin";
        /// Lost on a loan that is not.
        pub loss_given_default: Option<f64> = None, "share of the loan", above(0.0, 1.0), "lender.loan.loss_given_default";
    }
}

/// Share of applicants that a lender approves where the scenario does not say.
const DEFAULT_RATE: f64 = 0.6;

crate::choice! {
    /// Whom the lender approves.
    pub enum Cutoff {
        /// The best share of applicants.
        ApprovalRate(f64 = DEFAULT_RATE, "share of applicants", between(0.0, 1.0), "assumed; profit is given beside it and the cut-off is swept") => "approval_rate",
        /// Everybody whose expected profit is positive.
        Profit(ProfitParams = ProfitParams::default()) => "profit",
    }
}

crate::choice! {
    /// How the lender scores.
    pub enum ScorerChoice {
        /// Logistic regression on public expansions of the features.
        Logistic => "logistic",
        /// Weight-of-evidence scorecard with monotone bins.
        Scorecard => "scorecard",
        /// A program of one's own, `lender.command`; needs --allow-commands.
        Command => "command",
        /// A trained model in an ONNX file, `lender.onnx`; needs a build with --features onnx.
        Onnx => "onnx",
        /// Gradient-boosted trees on histograms.
        Boosting => "boosting",
        /// The directions that the columns' authors declared, nothing learnt: what a scorer has to beat.
        PublicTrends => "public-trends",
    }
}

crate::params! {
    /// The lender.
    pub struct LenderParams {
        /// Scorer trained on the training half.
        pub scorer: ScorerChoice = ScorerChoice::Logistic, "", any(), "the scenario's choice";
        /// Whom it approves.
        pub cutoff: Cutoff = Cutoff::ApprovalRate(DEFAULT_RATE), "", any(), "the scenario's choice";
        /// Whether a refusal to share may count against (or for) a person. A missing-indicator *is* the refusal.
        pub refusal_is_a_feature: bool = false, "", any(), "policy switch";
        /// What a loan is worth.
        pub loan: LoanParams = LoanParams::default();
        /// PD cut-offs at which approvals are reported besides the rule above.
        pub cutoff_sweep: Vec<f64> = vec![0.01, 0.02, 0.03, 0.04, 0.06, 0.10, 0.1667], "PD", above(0.0, 1.0), "margin .12 / LGD .60 is PD .1667, .05/.75 is .0625";
        /// Logistic regression.
        pub logistic: LogisticParams = LogisticParams::default();
        /// Scorecard.
        pub scorecard: ScorecardParams = ScorecardParams::default();
        /// A program that scores.
        pub command: CommandParams = CommandParams::default();
        /// A trained model.
        pub onnx: OnnxParams = OnnxParams::default();
        /// Gradient-boosted trees.
        pub boosting: BoostingParams = BoostingParams::default();
        /// A score from the columns' public trends alone.
        pub public_trends: PublicTrendsParams = PublicTrendsParams::default();
        /// The 350–950 scale.
        pub scale: ScaleParams = ScaleParams::default();
    }
}

impl LenderParams {
    /// The scorer of that name with the lender's parameters for it.
    pub fn scorer_of(&self, choice: &ScorerChoice) -> Box<dyn Scorer<LenderView>> {
        match choice {
            ScorerChoice::Logistic => Box::new(Logistic::new(self.logistic.clone())),
            ScorerChoice::Scorecard => Box::new(Scorecard::new(self.scorecard.clone())),
            ScorerChoice::Boosting => Box::new(Boosting::new(self.boosting.clone())),
            ScorerChoice::Command => Box::new(Command::new(self.command.clone())),
            ScorerChoice::Onnx => Box::new(Onnx::new(self.onnx.clone())),
            ScorerChoice::PublicTrends => Box::new(PublicTrends::new(self.public_trends.clone())),
        }
    }

    /// Whether this process can use the scorer of that name: a program must be allowed, a format built in.
    pub fn may_score(&self, choice: &ScorerChoice) -> Result<()> {
        match choice {
            ScorerChoice::Command => permitted(&self.command.line()).and_then(|()| self.command.check_format()),
            ScorerChoice::Onnx => onnx::built_in(),
            ScorerChoice::Logistic | ScorerChoice::Scorecard | ScorerChoice::Boosting | ScorerChoice::PublicTrends => {
                Ok(())
            }
        }
    }

    /// (margin, loss given default) that decide and that profit is counted with.
    pub fn economics(&self) -> (f64, f64) {
        let (mut margin, mut lgd) = (self.loan.margin, self.loan.loss_given_default);
        if let Cutoff::Profit(p) = &self.cutoff {
            margin = p.margin.unwrap_or(margin);
            lgd = p.loss_given_default.unwrap_or(lgd);
        }
        (margin, lgd)
    }

    /// Share of applicants that the lender approves; where it approves by profit, the share that it would by default.
    pub fn approval_rate(&self) -> f64 {
        match &self.cutoff {
            Cutoff::ApprovalRate(rate) => *rate,
            Cutoff::Profit(_) => DEFAULT_RATE,
        }
    }

    /// PD below which a loan is profitable.
    pub fn break_even(&self) -> f64 {
        let (margin, lgd) = self.economics();
        margin / (margin + lgd)
    }
}

impl ScorerChoice {
    /// Whether it reads the persons it is fitted on.
    pub fn learns(&self) -> bool {
        !matches!(self, Self::PublicTrends)
    }
}

/// Who is approved: `pd[i]` with lottery ticket `lottery[i]`, only among `applicant[i]`.
pub fn approve(params: &LenderParams, pd: &[f64], lottery: &[u64], applicant: &[bool]) -> Vec<bool> {
    approve_by(&params.cutoff, params.break_even(), pd, lottery, applicant)
}

/// Who is approved under a rule of one's choice; `break_even` is the PD below which a profit rule approves.
pub fn approve_by(cutoff: &Cutoff, break_even: f64, pd: &[f64], lottery: &[u64], applicant: &[bool]) -> Vec<bool> {
    match cutoff {
        Cutoff::Profit(_) => pd.iter().zip(applicant).map(|(p, a)| *a && *p < break_even).collect(),
        Cutoff::ApprovalRate(rate) => {
            let mut order: Vec<u32> = (0..pd.len() as u32).filter(|i| applicant[*i as usize]).collect();
            let places = libm::round(rate * order.len() as f64) as usize;
            if places >= order.len() {
                return applicant.to_vec();
            }
            let rank = |i: &u32| (pd[*i as usize].to_bits(), lottery[*i as usize], *i);
            let mut approved = vec![false; pd.len()];
            if places > 0 {
                // PD ≥ 0, so the bits order as the numbers do.
                order.select_nth_unstable_by_key(places - 1, rank);
                order[..places].iter().for_each(|i| approved[*i as usize] = true);
            }
            approved
        }
    }
}

/// The chance of each person to be approved, before any ticket is drawn: 1 and 0 where the score decides, places over
/// persons where several share the score at the cut-off.
pub fn chances(params: &LenderParams, pd: &[f64], applicant: &[bool]) -> Vec<f64> {
    let approved = approve(params, pd, &vec![0; pd.len()], applicant);
    let mut chance: Vec<f64> = approved.iter().map(|a| f64::from(u8::from(*a))).collect();
    if !matches!(params.cutoff, Cutoff::ApprovalRate(_)) {
        return chance;
    }
    let worst = pd.iter().zip(&approved).filter(|(_, a)| **a).map(|(p, _)| p.to_bits()).max();
    let at = |i: &usize| applicant[*i] && Some(pd[*i].to_bits()) == worst;
    let tied: Vec<usize> = (0..pd.len()).filter(at).collect();
    let places = tied.iter().filter(|i| approved[**i]).count();
    for i in &tied {
        chance[*i] = places as f64 / tied.len() as f64;
    }
    chance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_rate_is_met_exactly_and_ties_are_settled_by_lot() {
        let params = LenderParams::default();
        let lottery: Vec<u64> = (0..1000).map(crate::rng::mix).collect();
        let approved = approve(&params, &[0.05; 1000], &lottery, &[true; 1000]);
        assert_eq!(approved.iter().filter(|a| **a).count(), 600);
        let lucky = |i: &usize| approved[*i];
        let worst_winner = (0..1000).filter(lucky).map(|i| lottery[i]).max();
        let best_loser = (0..1000).filter(|i| !lucky(i)).map(|i| lottery[i]).min();
        assert!(worst_winner < best_loser);
    }

    #[test]
    fn the_better_score_is_approved_first_and_only_applicants_are() {
        let params = LenderParams { cutoff: Cutoff::ApprovalRate(0.5), ..LenderParams::default() };
        let approved = approve(&params, &[0.4, 0.1, 0.3, 0.2, 0.0], &[0; 5], &[true, true, true, true, false]);
        assert_eq!(approved, [false, true, false, true, false]);
    }

    #[test]
    fn a_profit_cutoff_is_the_break_even_pd() {
        let params = LenderParams { cutoff: Cutoff::Profit(ProfitParams::default()), ..LenderParams::default() };
        assert!((params.break_even() - 0.12 / 0.72).abs() < 1e-12);
        assert_eq!(approve(&params, &[0.1666, 0.1667], &[0, 0], &[true, true]), [true, false]);
        let strict = ProfitParams { margin: Some(0.05), loss_given_default: Some(0.75) };
        let strict = LenderParams { cutoff: Cutoff::Profit(strict), ..LenderParams::default() };
        assert!((strict.break_even() - 0.0625).abs() < 1e-12);
    }

    #[test]
    fn a_chance_is_what_many_lotteries_give() {
        let params = LenderParams { cutoff: Cutoff::ApprovalRate(0.5), ..LenderParams::default() };
        let pd = [0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 0.0, 0.2];
        let applicant = [true, true, true, true, true, true, false, true];
        let chance = chances(&params, &pd, &applicant);
        // Seven apply, four places: one for the best, three for the five at 0.2.
        assert_eq!(chance, [1.0, 0.6, 0.6, 0.6, 0.6, 0.0, 0.0, 0.6]);
        // Standard error of a share of .6 in 4,000 lotteries is .0077: ±.04 is 5 σ (α < 1e-6).
        let (mut drawn, n) = ([0u32; 8], 4000u64);
        for luck in 0..n {
            let lottery: Vec<u64> = (0..8).map(|i| crate::rng::mix(luck * 8 + i)).collect();
            let approved = approve(&params, &pd, &lottery, &applicant);
            drawn.iter_mut().zip(approved).for_each(|(d, a)| *d += u32::from(a));
        }
        assert!(drawn.iter().zip(&chance).all(|(d, c)| (f64::from(*d) / n as f64 - c).abs() < 0.04), "{drawn:?}");
        // Distinct scores leave nothing to the lot.
        assert!(chances(&params, &[0.1, 0.2, 0.3], &[true; 3]).iter().all(|c| *c == 0.0 || *c == 1.0));
        let all = LenderParams { cutoff: Cutoff::ApprovalRate(1.0), ..LenderParams::default() };
        assert_eq!(chances(&all, &[0.2, 0.2], &[true, false]), [1.0, 0.0]);
    }
}
