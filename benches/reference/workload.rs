//! The reduced workload: what is stored of a person, and how the population is cut for threads.
//!
//! ```text
//! η = 2.2 + 0.8·s + 0.5·ε − penalty(state);  pays with probability σ(η);  state −1 if paid, +1 if missed, within 0 … 3
//! ```

/// Persons.
pub const PERSONS: usize = 1 << 18;
/// Months, an even number: two share a Philox block.
pub const MONTHS: usize = 36;
/// Log-odds by which each state of delinquency lowers the chance to pay.
pub const PENALTY: [f32; 4] = [0.0, 0.9, 1.6, 2.2];
const PART: usize = 1 << 14;

/// Persons in states 1, 2, 3, by month.
pub type Counts = [[u64; 3]; MONTHS];

/// 9 bytes a person.
pub struct People {
    quality: Vec<f32>,
    state: Vec<u8>,
    paid: Vec<u16>,
    missed: Vec<u16>,
}

/// Consecutive persons; a multiple of sixteen.
pub struct Part<'a> {
    /// Number of the first.
    pub first: u64,
    /// Standard normal quality s.
    pub quality: &'a [f32],
    /// State of delinquency.
    pub state: &'a mut [u8],
    /// Months paid.
    pub paid: &'a mut [u16],
    /// Months missed.
    pub missed: &'a mut [u16],
}

impl People {
    /// Everybody current, qualities at the normal's quantiles in a scattered order.
    pub fn new() -> Self {
        let quality = (0..PERSONS)
            .map(|i| {
                let scattered = (i * 40_503) % PERSONS;
                pretick::stats::normal_quantile((scattered as f64 + 0.5) / PERSONS as f64) as f32
            })
            .collect();
        Self { quality, state: vec![0; PERSONS], paid: vec![0; PERSONS], missed: vec![0; PERSONS] }
    }

    /// The population, cut.
    pub fn parts(&mut self) -> Vec<Part<'_>> {
        let people = self.quality.chunks(PART).zip(self.state.chunks_mut(PART));
        let months = self.paid.chunks_mut(PART).zip(self.missed.chunks_mut(PART));
        people
            .zip(months)
            .enumerate()
            .map(|(i, ((quality, state), (paid, missed)))| Part {
                first: (i * PART) as u64,
                quality,
                state,
                paid,
                missed,
            })
            .collect()
    }
}
