//! Names of metrics in words, with unit, direction, what they can be and the way they are written.

/// How a metric is labelled and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Name in the rows.
    pub name: &'static str,
    /// Words for axes and tables.
    pub label: &'static str,
    /// Short head of a table column.
    pub short: &'static str,
    /// Factor from the value to what is written (100 for percent).
    pub factor: f64,
    /// Unit of a level.
    pub unit: &'static str,
    /// Unit of a difference.
    pub difference_unit: &'static str,
    /// Direction in words.
    pub direction: &'static str,
    /// Decimals in tables.
    pub decimals: usize,
    /// Least and greatest value that is possible.
    pub range: (f64, f64),
}

/// A share.
const SHARE: (f64, f64) = (0.0, 1.0);
/// A difference of two shares, or a correlation.
const SIGNED: (f64, f64) = (-1.0, 1.0);
/// A loss, a count, an ε.
const NOT_NEGATIVE: (f64, f64) = (0.0, f64::INFINITY);
/// A share of what was left: none above all, and below none where chance did worse than its control.
const AT_MOST_ALL: (f64, f64) = (f64::NEG_INFINITY, 1.0);
/// Where nothing is impossible.
const ANYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

const fn percent(name: &'static str, label: &'static str, short: &'static str, direction: &'static str) -> Metric {
    Metric { name, label, short, factor: 100.0, unit: "%", difference_unit: "pp", direction, decimals: 1, range: SHARE }
}

const fn plain(name: &'static str, label: &'static str, direction: &'static str, decimals: usize) -> Metric {
    Metric {
        name,
        label,
        short: label,
        factor: 1.0,
        unit: "",
        difference_unit: "",
        direction,
        decimals,
        range: ANYTHING,
    }
}

const fn ranged(range: (f64, f64), metric: Metric) -> Metric {
    Metric { range, ..metric }
}

const PERSONS: &str = "larger = less private";

const METRICS: [Metric; 42] = [
    ranged(SHARE, plain("auc", "AUC", "higher = better ranking of risks", 3)),
    ranged(
        SHARE,
        plain("auc_within_cohort", "AUC among people of one cohort", "higher = better ranking of neighbours", 3),
    ),
    ranged(SIGNED, plain("gini", "Gini", "higher = better ranking of risks", 3)),
    ranged(SHARE, plain("ks", "KS", "higher = better separation", 3)),
    ranged(SHARE, plain("brier", "Brier score", "lower = better", 4)),
    ranged(NOT_NEGATIVE, plain("log_loss", "log loss", "lower = better", 4)),
    plain("calibration_slope", "calibration slope", "1 = calibrated", 2),
    percent("approval_rate", "approval rate", "approved", "share of applicants"),
    Metric {
        decimals: 2,
        ..percent("default_rate_approved", "default rate of approved loans", "default of approved", "lower = better")
    },
    Metric {
        unit: "% of one loan",
        decimals: 2,
        range: ANYTHING,
        ..percent("profit_per_applicant", "lender profit per applicant", "profit / applicant", "higher = better")
    },
    percent("share_rate", "share rate", "share rate", "share of persons"),
    percent("effective_consent", "effective consent", "effective consent", "shares, noticed and prefers to"),
    percent(
        "involuntary_willing",
        "inattentive, but willing",
        "inattentive, willing",
        "shares, did not notice, prefers to",
    ),
    percent("regret", "would refuse if asked", "would refuse", "shares, prefers not to"),
    ranged(
        AT_MOST_ALL,
        percent(
            "attack.risk",
            "learned of a person from the own record",
            "learned",
            "of what was left to learn; larger = less private",
        ),
    ),
    ranged(
        AT_MOST_ALL,
        percent(
            "attack.nonsharer.quality_explained",
            "variance of refusers' quality explained",
            "refusers explained",
            "larger = more learned",
        ),
    ),
    percent("attack.unicity.at_1", "told apart by the last month's payment", "by 1 payment", PERSONS),
    percent("attack.unicity.at_2", "told apart by the payments of 2 months", "by 2 payments", PERSONS),
    percent("attack.unicity.at_3", "told apart by the payments of 3 months", "by 3 payments", PERSONS),
    percent("attack.unicity.at_4", "told apart by the payments of 4 months", "by 4 payments", PERSONS),
    percent(
        "attack.unicity.at_4.to_1000",
        "told apart by the payments of 4 months, to thousands",
        "to thousands",
        PERSONS,
    ),
    percent("attack.bill.unique", "found by a posted bill", "found by bill", PERSONS),
    percent("attack.bill.success", "found by a posted bill, by a guess among candidates", "bill guessed", PERSONS),
    ranged(
        AT_MOST_ALL,
        percent(
            "attack.bill.gain",
            "posted bill: gain over guessing by district",
            "gain by bill",
            "larger = less private",
        ),
    ),
    percent("attack.bill.total_alone", "found by the posted total alone", "found by total", PERSONS),
    percent("attack.bill.rank_error", "error of a place, of the district", "error of a place", "smaller = more useful"),
    percent(
        "attack.reconstruction.accuracy",
        "bits back from many counts",
        "bits back",
        "50 % or the majority = nothing learned",
    ),
    percent(
        "attack.reconstruction.table",
        "bits told from the published table",
        "bits from table",
        "the majority = nothing learned",
    ),
    percent(
        "attack.singling_out.success",
        "guesses true of one person alone",
        "singled out",
        "of guesses; larger = less private",
    ),
    ranged(
        AT_MOST_ALL,
        percent(
            "attack.singling_out.risk",
            "singling out beyond luck",
            "singling out",
            "of guesses; larger = less private",
        ),
    ),
    Metric {
        range: SHARE,
        short: "by own scores",
        ..plain(
            "attack.membership.auc_person",
            "AUC of telling members apart, each person by their own shadow models",
            "0.5 = a coin; larger = less private",
            3,
        )
    },
    Metric {
        short: "ε spent",
        range: NOT_NEGATIVE,
        ..plain("epsilon_spent", "ε spent (from the ledger)", "smaller = more private", 2)
    },
    percent("winners", "win credit by their score", "winners", "refused in the reference arm, approved here"),
    percent("losers", "lose credit by their score", "losers", "approved in the reference arm, refused here"),
    percent("winners_by_lot", "chance of credit gained where a lot decides", "gain by lot", "in one of the two arms"),
    percent("losers_by_lot", "chance of credit lost where a lot decides", "lose by lot", "in one of the two arms"),
    ranged(SIGNED, percent("approval_change", "net change of approvals", "net change", "all chances together")),
    percent("approved_by_lot", "approvals drawn by lot among equal scores", "by lot", "share of approvals"),
    percent("approval_at_cutoff", "approved at a cut-off", "approved", "share of applicants"),
    Metric {
        unit: "% of one loan",
        decimals: 2,
        range: ANYTHING,
        ..percent("profit_at_cutoff", "lender profit per applicant at a cut-off", "profit", "higher = better")
    },
    ranged(
        SHARE,
        plain("adverse_impact_ratio", "adverse impact ratio", "lower over higher approval rate; 0.8 is the line", 3),
    ),
    ranged(
        SIGNED,
        percent("tpr_gap", "gap in approvals of good payers", "TPR gap", "the group named first − the other"),
    ),
];

/// What is known of a metric; an unknown one is written by its own name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.name == name)
}

/// What the metric of this name can be: least and greatest value.
pub fn possible(name: &str) -> (f64, f64) {
    if let Some(metric) = metric(name) {
        return metric.range;
    }
    match name {
        "default_rate"
        | "false_decline_rate"
        | "noticed"
        | "would_share_if_asked"
        | "involuntary_share"
        | "score_band_share"
        | "score_band_default"
        | "calibration_predicted"
        | "calibration_observed"
        | "delta_spent" => SHARE,
        "exposure" | "recipients" | "answers_per_person" | "exposure_into_platform" => NOT_NEGATIVE,
        _ => name.strip_prefix("attack.").map_or(ANYTHING, possible_attack),
    }
}

/// What attacks measure: shares, but for what is counted from a control, for ε and for errors in their own units.
fn possible_attack(name: &str) -> (f64, f64) {
    let mut parts = name.split('.').rev().filter(|p| !matches!(*p, "baseline" | "control"));
    match parts.next().unwrap_or_default() {
        "epsilon" | "board_epsilon" | "noise" => NOT_NEGATIVE,
        "accuracy" | "auc" | "auc_person" | "success" | "unique" | "table" | "univariate" | "total_alone" | "high"
        | "low" | "rank_error" | "persons" => SHARE,
        _ => AT_MOST_ALL,
    }
}

/// What a difference of two values of this metric can be.
pub fn possible_difference(name: &str) -> (f64, f64) {
    let (lo, hi) = possible(name);
    (lo - hi, hi - lo)
}

impl Metric {
    /// Axis label: words, unit, direction.
    pub fn axis(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(", {}", self.unit) };
        format!("{}{unit} ({})", self.label, self.direction)
    }

    /// Axis label of a difference to a reference arm; `whom` follows the label, e.g. ` of people without a file`.
    pub fn difference_axis(&self, whom: &str, reference: &str) -> String {
        let unit = if self.difference_unit.is_empty() { String::new() } else { format!(", {}", self.difference_unit) };
        format!("{}{whom}: difference to {reference}{unit}", self.label)
    }
}
