//! Parameters of the population, its histories, the outcome and the applicants. Defaults are those of `china-2018`.

use super::features::platform_columns;
use super::people::{FileDepth, People};
use super::table::TableParams;
use crate::params::{above, any, between};

crate::params! {
    /// Intra-class correlations of the latent repayment quality; they must sum to less than 1.
    pub struct CorrelationParams {
        /// ρ_c: share of the variance of quality that lies between communities of one district.
        pub community: f64 = 0.15, "share of variance", between(0.0, 0.95), "assumed: makes cohort averages and friends informative; 0 must make them useless";
        /// ρ_d: share of the variance of quality that lies between districts.
        pub district: f64 = 0.05, "share of variance", between(0.0, 0.95), "assumed";
    }
}

crate::params! {
    /// Depth of the bureau file; the shares must sum to 1. Independent of quality, given the group.
    pub struct FileParams {
        /// No file at all.
        pub none: f64 = 0.57, "share of persons", between(0.0, 1.0), "china-2018: 880 M people covered, 380 M with a loan record; us-2020: .027 (CFPB, corrected 2025)";
        /// A file of a few months.
        pub thin: f64 = 0.13, "share of persons", between(0.0, 1.0), "split of thin and thick assumed; us-2020: .098 unscored (CFPB, corrected 2025)";
        /// A file over the whole window.
        pub thick: f64 = 0.30, "share of persons", between(0.0, 1.0), "the rest";
    }
}

crate::params! {
    /// The protected group and its gaps.
    pub struct GroupParams {
        /// Share of persons in the protected group.
        pub share: f64 = 0.3, "share of persons", between(0.0, 1.0), "assumed";
        /// Difference of mean log income, protected − majority.
        pub income_gap_log: f64 = -0.2, "log units", between(-2.0, 2.0), "assumed";
        /// Difference in the share with any file, protected − majority; the shares of `population.file` hold overall.
        pub file_gap: f64 = -0.1, "share of persons", between(-1.0, 1.0), "assumed";
    }
}

crate::params! {
    /// Monthly income, log-normal.
    pub struct IncomeParams {
        /// Median of the majority.
        pub median: f64 = 2_000.0, "yuan a month", above(0.0, 1e6), "about the median disposable income of 2018 (24,336 yuan a year, NBS)";
        /// Standard deviation of log income within a group.
        pub spread: f64 = 0.85, "log units", between(0.0, 2.0), "a Gini coefficient of .45 (NBS 2018: .468)";
    }
}

crate::params! {
    /// How much people use the platform: payments a month, log-normal over persons.
    pub struct ActivityParams {
        /// Payments a month of the median person.
        pub median: f64 = 12.0, "payments a month", above(0.0, 500.0), "assumed";
        /// Standard deviation of the log; some people hardly use it.
        pub spread: f64 = 1.0, "log units", between(0.0, 2.0), "assumed";
    }
}

crate::params! {
    /// People.
    pub struct PopulationParams {
        /// Number of persons.
        pub persons: u64 = 100_000, "persons", between(1.0, 1e10), "assumed";
        /// Consecutive persons that form a community: family, colleagues, friends.
        pub community_size: u32 = 64, "persons", between(1.0, 1e6), "assumed";
        /// Consecutive communities that form a district.
        pub district_communities: u32 = 50, "communities", between(1.0, 1e6), "assumed";
        /// How alike people are who live together.
        pub correlation: CorrelationParams = CorrelationParams::default();
        /// Bureau files.
        pub file: FileParams = FileParams::default();
        /// The protected group.
        pub group: GroupParams = GroupParams::default();
        /// Incomes.
        pub income: IncomeParams = IncomeParams::default();
        /// Correlation of log income with quality, within a group.
        pub income_quality_correlation: f64 = 0.3, "correlation", between(-1.0, 1.0), "assumed";
        /// Use of the platform.
        pub activity: ActivityParams = ActivityParams::default();
    }
}

crate::params! {
    /// Liquidity stress ℓ, an AR(1) of every person: ℓₜ = φ·ℓₜ₋₁ + √(1−φ²)·s·ε. It moves the bureau, the bills and the
    /// need for a loan at once.
    pub struct LiquidityParams {
        /// φ: persistence from month to month.
        pub persistence: f64 = 0.8, "correlation", between(0.0, 0.95), "assumed: a shock halves in three months";
        /// s: standard deviation of ℓ.
        pub spread: f64 = 0.5, "log-odds", between(0.0, 1.5), "assumed";
    }
}

crate::params! {
    /// The bureau account: a monthly chain current → 30 → 60 → 90+ days past due, and the use of the credit line.
    pub struct BureauParams {
        /// Mean hazard current → 30, before the intercept that makes fact 6 hold.
        pub entry: f64 = 0.0285, "probability a month", above(0.0, 0.5), "roll rates of consumer credit; chain of fact 6";
        /// 30 → 60.
        pub roll_60: f64 = 0.20, "probability a month", between(0.0, 1.0), "roll rates of consumer credit; chain of fact 6";
        /// 30 → current.
        pub cure_30: f64 = 0.70, "probability a month", between(0.0, 1.0), "roll rates of consumer credit; chain of fact 6";
        /// 60 → 90+.
        pub roll_90: f64 = 0.55, "probability a month", between(0.0, 1.0), "roll rates of consumer credit; chain of fact 6";
        /// 60 → current.
        pub cure_60: f64 = 0.35, "probability a month", between(0.0, 1.0), "roll rates of consumer credit; chain of fact 6";
        /// 90+ → current.
        pub cure_90: f64 = 0.05, "probability a month", between(0.0, 1.0), "assumed; does not touch fact 6";
        /// Share of thick files that reach 90+ within 24 months from a fresh start; the intercept is solved for it.
        pub ever_90_in_24_months: f64 = 0.079, "share of thick files", above(0.0, 0.9), "fact 6: 7.9 ± 1 %";
        /// Months that a thin file covers, the last ones; its chain starts current when the file is opened.
        pub thin_months: u32 = 6, "months", between(1.0, 24.0), "assumed";
        /// Log-odds of the share of the credit line in use, for a person of average quality.
        pub utilisation: f64 = -0.5, "log-odds", between(-5.0, 5.0), "assumed: 38 %";
        /// Lasting taste for credit that has nothing to do with quality.
        pub utilisation_taste: f64 = 1.0, "log-odds (sd over persons)", between(0.0, 5.0), "assumed: keeps the signal from being read off exactly in long files";
        /// Monthly noise of utilisation.
        pub utilisation_noise: f64 = 0.7, "log-odds (sd over months)", between(0.0, 5.0), "assumed";
    }
}

crate::params! {
    /// What the platform sees: payments, spending in eight categories, bills.
    pub struct PlatformParams {
        /// Mean payment as a share of monthly income.
        pub ticket: f64 = 0.015, "share of monthly income", above(0.0, 1.0), "assumed: the median person pays 18 % of income there";
        /// Spread of one payment's log amount.
        pub ticket_spread: f64 = 0.9, "log units", between(0.0, 2.0), "assumed";
        /// Most bills a month are paid through the platform by its heaviest users; q = limit·λ/(λ + half).
        pub bills_limit: f64 = 0.75, "probability of each of four bills", between(0.0, 0.99), "assumed";
        /// Payments a month at which half of the limit is reached.
        pub bills_half: f64 = 4.0, "payments a month", above(0.0, 100.0), "assumed";
        /// Probability that a bill is paid late, for a person of average quality and liquidity.
        pub late: f64 = 0.08, "probability", above(0.0, 0.9), "assumed";
        /// Lasting forgetfulness that has nothing to do with quality.
        pub forgetfulness: f64 = 0.5, "log-odds (sd over persons)", between(0.0, 5.0), "assumed";
        /// Spread of personal habits around the common shares of the categories.
        pub habits: f64 = 0.5, "log units", between(0.0, 2.0), "assumed";
    }
}

crate::params! {
    /// Simulated histories.
    pub struct SyntheticParams {
        /// Months before the decision.
        pub months: u32 = 24, "months", between(12.0, 120.0), "model: two years";
        /// Liquidity stress.
        pub liquidity: LiquidityParams = LiquidityParams::default();
        /// The credit bureau.
        pub bureau: BureauParams = BureauParams::default();
        /// The payments platform.
        pub platform: PlatformParams = PlatformParams::default();
    }
}

crate::choice! {
    /// Where histories come from.
    pub enum Source {
        /// Simulated.
        Synthetic(SyntheticParams = SyntheticParams::default()) => "synthetic",
        /// A table of real histories, read through a column map (`--data FILE`).
        Table(TableParams = TableParams::default()) => "table",
    }
}

crate::choice! {
    /// The persons to whom the target AUCs belong.
    pub enum Pool {
        /// Everybody.
        Everyone => "everyone",
        /// Those who ask for a loan.
        Applicants => "applicants",
        /// Those who ask for a loan and have a bureau file, thin or thick.
        ApplicantsWithFile => "applicants-with-file",
    }
}

impl Pool {
    /// Whether person `i` of `people` belongs to the pool.
    pub fn holds(&self, people: &People, i: usize) -> bool {
        match self {
            Self::Everyone => true,
            Self::Applicants => people.applicant[i],
            Self::ApplicantsWithFile => people.applicant[i] && people.file[i] != FileDepth::None,
        }
    }
}

crate::params! {
    /// Target AUCs against the outcome.
    pub struct AucTargets {
        /// Bureau columns alone.
        pub bureau: f64 = 0.683, "AUC", between(0.5, 0.99), "Berg, Burg, Gombović, Puri 2020";
        /// Platform columns alone.
        pub platform: f64 = 0.696, "AUC", between(0.5, 0.99), "Berg, Burg, Gombović, Puri 2020 (digital footprint)";
        /// Both.
        pub both: f64 = 0.736, "AUC", between(0.5, 0.99), "Berg, Burg, Gombović, Puri 2020; needs an outcome slope of at least 1.6";
    }
}

crate::params! {
    /// What the loadings are calibrated to.
    pub struct CalibrateParams {
        /// Pool that the targets belong to.
        pub pool: Pool = Pool::ApplicantsWithFile, "", any(), "Berg et al.: one shop's customers with a bureau score";
        /// The targets.
        pub auc: AucTargets = AucTargets::default();
    }
}

crate::params! {
    /// Payment histories.
    pub struct HistoriesParams {
        /// Where they come from.
        pub source: Source = Source::Synthetic(SyntheticParams::default()), "", any(), "the scenario's choice";
        /// Strength of their signals.
        pub calibrate: CalibrateParams = CalibrateParams::default();
    }
}

impl HistoriesParams {
    /// Names of the platform columns, which need consent: known before any history is.
    pub fn platform_columns(&self) -> Vec<String> {
        match &self.source {
            Source::Synthetic(s) => platform_columns(s.months as usize).into_iter().map(|c| c.name).collect(),
            Source::Table(map) => map.needs_consent(),
        }
    }
}

crate::params! {
    /// What happens to a loan: logit PD = a − b·z + burden, with a solved so that the mean PD is the base rate.
    pub struct OutcomeParams {
        /// Horizon of the outcome; a label: the base rate belongs to it.
        pub months: u32 = 12, "months", between(1.0, 120.0), "model: default within a year";
        /// Mean PD of everybody.
        pub base_default_rate: f64 = 0.036, "probability", between(0.0005, 0.5), "what the chain of fact 6 gives in 12 months";
        /// Burden of one and the same loan: added log-odds for each log unit of income below the median.
        pub burden: f64 = 0.1, "log-odds per log unit of income", between(0.0, 3.0), "assumed";
    }
}

crate::params! {
    /// Who asks for a loan in the decision month: logit P = c + slope·ℓ/s with c solved so that the mean is the rate.
    pub struct ApplicantsParams {
        /// Share of persons who ask; 1 means everybody, whatever the slope.
        pub rate: f64 = 1.0, "share of persons", above(0.0, 1.0), "everybody: metrics are about people, not about who asks";
        /// Need grows with liquidity stress.
        pub need_slope: f64 = 0.0, "log-odds per standard deviation", between(-5.0, 5.0), "assumed none";
    }
}

/// How strongly quality shows: found by the `calibrate` step. The defaults come within .003 of the default targets
/// (AUC .685, .697, .738 among persons with a file), a good place to start from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Loadings {
    /// b of logit PD = a − b·z + burden.
    pub outcome: f64,
    /// Quality in the bureau: log hazard of entry, and log-odds of utilisation.
    pub bureau: f64,
    /// Quality in the platform: log-odds of a late bill.
    pub platform: f64,
}

impl Default for Loadings {
    fn default() -> Self {
        Self { outcome: 1.8, bureau: 0.43, platform: 0.31 }
    }
}
