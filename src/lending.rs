//! Approve, earn, lose: what a lender does with scores, and what that is worth to it and to borrowers.
//!
//! A loan of one unit earns `margin` if repaid and loses `loss_given_default` if not, so a profit cut-off approves
//! PD < margin/(margin + LGD). Equal scores at the cut-off of a fixed approval rate are settled by a lottery that is
//! keyed by person: the same luck in every arm. Labels of people who were never financed are known only to a
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

crate::choice! {
    /// Whom the lender approves.
    pub enum Cutoff {
        /// The best share of applicants.
        ApprovalRate(f64 = 0.6, "share of applicants", between(0.0, 1.0), "assumed; profit is given beside it and the cut-off is swept") => "approval_rate",
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
        pub cutoff: Cutoff = Cutoff::ApprovalRate(0.6), "", any(), "the scenario's choice";
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
    match &params.cutoff {
        Cutoff::Profit(_) => {
            let limit = params.break_even();
            pd.iter().zip(applicant).map(|(p, a)| *a && *p < limit).collect()
        }
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
}
