//! Names of metrics in words, with unit, direction and the way they are written.

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
}

const fn percent(name: &'static str, label: &'static str, short: &'static str, direction: &'static str) -> Metric {
    Metric { name, label, short, factor: 100.0, unit: "%", difference_unit: "pp", direction, decimals: 1 }
}

const fn plain(name: &'static str, label: &'static str, direction: &'static str, decimals: usize) -> Metric {
    Metric { name, label, short: label, factor: 1.0, unit: "", difference_unit: "", direction, decimals }
}

const PERSONS: &str = "larger = less private";

const METRICS: [Metric; 31] = [
    plain("auc", "AUC", "higher = better ranking of risks", 3),
    plain("auc_within_cohort", "AUC among people of one cohort", "higher = better ranking of neighbours", 3),
    plain("gini", "Gini", "higher = better ranking of risks", 3),
    plain("ks", "KS", "higher = better separation", 3),
    plain("brier", "Brier score", "lower = better", 4),
    plain("log_loss", "log loss", "lower = better", 4),
    plain("calibration_slope", "calibration slope", "1 = calibrated", 2),
    percent("approval_rate", "approval rate", "approved", "share of applicants"),
    Metric {
        decimals: 2,
        ..percent("default_rate_approved", "default rate of approved loans", "default of approved", "lower = better")
    },
    Metric {
        unit: "% of one loan",
        decimals: 2,
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
    percent(
        "attack.risk",
        "learned of a person from the own record",
        "learned",
        "of what was left to learn; larger = less private",
    ),
    percent(
        "attack.nonsharer.quality_explained",
        "variance of refusers' quality explained",
        "refusers explained",
        "larger = more learned",
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
    percent("attack.bill.gain", "posted bill: gain over guessing by district", "gain by bill", "larger = less private"),
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
    percent(
        "attack.singling_out.risk",
        "singling out beyond luck",
        "singling out",
        "of guesses; larger = less private",
    ),
    Metric { short: "ε spent", ..plain("epsilon_spent", "ε spent (from the ledger)", "smaller = more private", 2) },
];

/// What is known of a metric; an unknown one is written by its own name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.name == name)
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
