//! The self-test: are the mechanisms what their ledger entries say, and would these tests notice if they were not?
//!
//! - [`samplers`]: the noise of every mechanism, through its production path, against its exact distribution;
//! - [`low_bits`]: whether the last bits of what is released give the input away, as those of naive floating-point noise do;
//! - [`faults`]: seven mechanisms with one mistake each, by the audit's own attack.
//!
//! Level 1e-6 a test. A test that never fails tests nothing, so each has a broken twin, and [`Power`] says in how
//! many of so many repetitions it was noticed; a test that fails too often is none either, so the sound mechanisms go
//! through as many repetitions at the level .01, at which one in a hundred must fail.

pub mod faults;
pub mod low_bits;
pub mod samplers;

pub use faults::Fault;

use crate::error::Result;
use crate::rng::Streams;
use rayon::prelude::*;

/// Level of each test.
pub const LEVEL: f64 = 1e-6;
/// Level at which false alarms are counted.
pub const CALIBRATION: f64 = 0.01;

/// How a test fared in repetitions with fresh luck.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Power {
    /// What was tested.
    pub name: String,
    /// Whether it is broken on purpose.
    pub broken: bool,
    /// Repetitions.
    pub repetitions: u32,
    /// Of these, rejected at [`LEVEL`]: all of the broken, none of the sound.
    pub rejected: u32,
    /// Of these, rejected at [`CALIBRATION`]: one in a hundred of the sound.
    pub at_one_percent: u32,
}

impl Power {
    fn of(name: String, broken: bool, repetitions: u32, p: impl Fn(Streams) -> Result<f64> + Sync) -> Result<Self> {
        let seed = name.bytes().fold(SEED, |h, b| crate::rng::mix(h ^ u64::from(b)));
        let values: Vec<f64> =
            (0..repetitions).into_par_iter().map(|r| p(Streams::new(seed, r))).collect::<Result<_>>()?;
        let below = |level: f64| values.iter().filter(|p| **p < level).count() as u32;
        Ok(Self { name, broken, repetitions, rejected: below(LEVEL), at_one_percent: below(CALIBRATION) })
    }

    /// The sound pass, and more often than not the broken do not.
    pub fn as_it_must(&self) -> bool {
        if self.broken { 2 * self.rejected > self.repetitions } else { self.rejected == 0 }
    }
}

const SEED: u64 = 0x5e1f_7e57;

/// All tests, each in so many repetitions.
pub fn self_test(repetitions: u32, heard: &(dyn Fn(usize, usize) + Sync)) -> Result<Vec<Power>> {
    let tests: Vec<Test> = samplers::tests().into_iter().chain(low_bits::tests()).chain(faults::tests()).collect();
    let mut out = Vec::with_capacity(tests.len());
    for (i, test) in tests.iter().enumerate() {
        out.push(Power::of(test.name.clone(), test.broken, repetitions, &*test.p)?);
        heard(i + 1, tests.len());
    }
    Ok(out)
}

/// A p-value by the luck of its streams.
pub(crate) struct Test {
    pub name: String,
    pub broken: bool,
    pub p: Box<dyn Fn(Streams) -> Result<f64> + Send + Sync>,
}

impl Test {
    pub(crate) fn new(
        name: impl Into<String>,
        broken: bool,
        p: impl Fn(Streams) -> Result<f64> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), broken, p: Box::new(p) }
    }
}
