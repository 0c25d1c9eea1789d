//! What is kept of persons: attributes, features, outcomes.

use super::payments::Payments;
use crate::view::Frame;

/// Depth of a person's file at the credit bureau.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FileDepth {
    /// No file.
    None = 0,
    /// A file of a few months.
    Thin = 1,
    /// A file over the whole window.
    Thick = 2,
}

/// All that is kept of persons `first .. first + len`; truth, never seen by a scorer.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// Number of the first person.
    pub first: u64,
    /// Latent quality z (synthetic) or a proxy (real histories).
    pub quality: Vec<f32>,
    /// Index into `group_names`.
    pub group: Vec<u8>,
    /// Names of the groups.
    pub group_names: Vec<String>,
    /// Depth of the bureau file.
    pub file: Vec<FileDepth>,
    /// Income decile 1..=10; 0 = unknown.
    pub decile: Vec<u8>,
    /// Whether the person asks for a loan.
    pub applicant: Vec<bool>,
    /// Whether the platform holds any payment or bill of the person; empty = of everybody.
    pub active: Vec<bool>,
    /// True probability of default; empty for real histories.
    pub pd: Vec<f32>,
    /// Outcome: true = default.
    pub default: Vec<bool>,
    /// Community; for real histories the public cohort index.
    pub community: Vec<u32>,
    /// District; for real histories the public cohort index.
    pub district: Vec<u32>,
    /// Number of publicly enumerated communities.
    pub communities: u32,
    /// Number of publicly enumerated districts.
    pub districts: u32,
    /// Whether the sizes of the cohorts are public by construction.
    pub cohort_sizes_public: bool,
    /// The original person: copies in a bootstrap share it, and share a half. Empty = everybody is an original.
    pub origin: Vec<u32>,
    /// Attribute-months of raw platform history that sharing exposes, a person.
    pub attribute_months: f64,
    /// Attribute-months of the bureau file, a person with a thick file.
    pub bureau_attribute_months: f64,
    /// Monthly payments of the first persons, where something needs them; empty otherwise.
    pub payments: Payments,
    /// What the lender always sees.
    pub bureau: Frame,
    /// What needs consent.
    pub platform: Frame,
}

impl People {
    /// Nobody.
    pub fn empty() -> Self {
        Self {
            first: 0,
            quality: Vec::new(),
            group: Vec::new(),
            group_names: Vec::new(),
            file: Vec::new(),
            decile: Vec::new(),
            applicant: Vec::new(),
            active: Vec::new(),
            pd: Vec::new(),
            default: Vec::new(),
            community: Vec::new(),
            district: Vec::new(),
            communities: 0,
            districts: 0,
            cohort_sizes_public: true,
            origin: Vec::new(),
            attribute_months: 0.0,
            bureau_attribute_months: 0.0,
            payments: Payments::default(),
            bureau: Frame::zeros(Vec::new(), 0),
            platform: Frame::zeros(Vec::new(), 0),
        }
    }

    /// How many copies of each person there are, itself included; copies (of a bootstrap) stand together. 1 where nobody is a
    /// copy.
    pub fn copies(&self) -> Vec<i64> {
        if self.origin.is_empty() {
            return vec![1; self.len()];
        }
        self.origin
            .chunk_by(|a, b| a == b)
            .flat_map(|run| std::iter::repeat_n(i64::try_from(run.len()).unwrap_or(i64::MAX), run.len()))
            .collect()
    }

    /// Number of persons.
    pub fn len(&self) -> usize {
        self.default.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.default.is_empty()
    }
}
