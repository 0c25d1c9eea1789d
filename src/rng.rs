//! Keyed randomness: every draw is a pure function of (seed, replication, entity, month, purpose).
//!
//! The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
//! a counter-based function: nothing is stored, nothing is consumed, and no draw depends on the order of work.
//! Two arms that ask the same question of the same person get the same luck, which is what makes small paired
//! differences visible.
//!
//! Layout, frozen as [`RNG_VERSION`]:
//!
//! ```text
//! key     = mix(seed, replication)                     64 bits
//! counter = [ id low | entity:8 id high:24 | month:16 purpose:16 | block ]
//! ```
//!
//! Noise of a *real* private release never comes from here: a seed can be guessed. It comes from the operating system
//! (`privacy::system`).

use rand::TryRng;
use std::convert::Infallible;

/// Version of the counter layout and of every purpose number; part of a run's identity.
pub const RNG_VERSION: u32 = 1;

pub(crate) const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(crate) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
/// Rounds of Philox4x32-10.
pub(crate) const ROUNDS: usize = 10;

/// What a draw is for. Numbers are part of [`RNG_VERSION`]: add at the end, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Purpose {
    /// Latent quality, of a person, a community or a district.
    Quality = 1,
    /// Group, file depth, segment membership, income, activity.
    Attributes = 2,
    /// Spending habits over the categories.
    Habits = 3,
    /// Monthly: liquidity, bureau transition, number of payments, bills.
    Month = 4,
    /// Monthly: amounts and utilisation.
    Amounts = 5,
    /// Monthly: split of spending over the categories.
    Categories = 6,
    /// The uniform that decides the outcome of a loan.
    Outcome = 7,
    /// Whether a person asks for a loan.
    Application = 8,
    /// Attitude segment.
    Segment = 9,
    /// Preference about sharing.
    Preference = 10,
    /// Whether the box is noticed.
    Notice = 11,
    /// Which half of the data a person belongs to.
    Split = 12,
    /// Lottery among equal scores at the cut-off.
    Lottery = 13,
    /// Resampling of persons (bootstrap).
    Bootstrap = 14,
    /// Noise of a simulated central release.
    CentralNoise = 15,
    /// Randomised response on a person's phone.
    LocalNoise = 16,
    /// The latent attitude's part that is independent of quality.
    Attitude = 17,
    /// A quality proxy for real histories.
    QualityProxy = 18,
    /// Whom an attack is tried on, and who is a member of its shadow models.
    Attack = 19,
    /// Canaries of an audit: who is inserted, and guesses.
    Audit = 20,
}

/// Whose draw it is; kept apart so that community 7 and person 7 never share luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A person by number.
    Person(u64),
    /// A community by number.
    Community(u64),
    /// A district by number.
    District(u64),
    /// Something national, or a release: numbered by the caller.
    Nation(u64),
}

impl Entity {
    /// Counter words 0 and 1.
    #[inline]
    pub(crate) fn words(self) -> [u32; 2] {
        let (tag, id) = match self {
            Entity::Person(id) => (0u32, id),
            Entity::Community(id) => (1, id),
            Entity::District(id) => (2, id),
            Entity::Nation(id) => (3, id),
        };
        [id as u32, tag << 24 | ((id >> 32) as u32 & 0x00FF_FFFF)]
    }
}

/// The draws of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    key: [u32; 2],
}

impl Streams {
    /// The streams of replication `replication` of a run with seed `seed`.
    pub fn new(seed: u64, replication: u32) -> Self {
        let mixed = mix(mix(seed).wrapping_add(u64::from(replication).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        Self { key: [mixed as u32, (mixed >> 32) as u32] }
    }

    /// The Philox key, for the lane kernel.
    pub(crate) fn key(self) -> [u32; 2] {
        self.key
    }

    /// Four independent 32-bit words.
    #[inline]
    pub fn block(self, who: Entity, month: u16, purpose: Purpose, block: u32) -> [u32; 4] {
        let [a, b] = who.words();
        philox4x32([a, b, counter_word2(month, purpose), block], self.key)
    }

    /// One uniform in the open interval (0, 1), on 52 bits.
    #[inline]
    pub fn uniform(self, who: Entity, month: u16, purpose: Purpose) -> f64 {
        let w = self.block(who, month, purpose, 0);
        unit_open(u64::from(w[0]) | u64::from(w[1]) << 32)
    }

    /// One standard normal by inverse CDF: monotone in the uniform, one block a draw.
    #[inline]
    pub fn normal(self, who: Entity, month: u16, purpose: Purpose) -> f64 {
        crate::stats::normal_quantile(self.uniform(who, month, purpose))
    }

    /// A generator for `rand` distributions and for samplers that need an unknown number of words.
    pub fn draws(self, who: Entity, month: u16, purpose: Purpose) -> Draws {
        let [a, b] = who.words();
        Draws { counter: [a, b, counter_word2(month, purpose), 0], key: self.key, words: [0; 4], used: 4 }
    }
}

/// Counter word 2: month and purpose.
#[inline]
pub(crate) const fn counter_word2(month: u16, purpose: Purpose) -> u32 {
    (month as u32) << 16 | purpose as u32
}

/// A sequential view of the blocks of one (entity, month, purpose); implements `rand`'s traits.
#[derive(Clone, Debug)]
pub struct Draws {
    counter: [u32; 4],
    key: [u32; 2],
    words: [u32; 4],
    used: usize,
}

impl TryRng for Draws {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        if self.used == 4 {
            self.words = philox4x32(self.counter, self.key);
            self.counter[3] = self.counter[3].wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        Ok(self.words[self.used - 1])
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = self.try_next_u32()?;
        Ok(u64::from(low) | u64::from(self.try_next_u32()?) << 32)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// A uniform in the open interval (0, 1) from 64 random bits: 52 bits and half a step (with 53 the half step
/// above the largest would round to 1).
#[inline]
pub fn unit_open(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
}

/// SplitMix64's finaliser: a bijection of 64 bits.
#[inline]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Philox4x32-10: a keyed bijection of 128-bit counters.
#[inline]
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut x0, mut x1, mut x2, mut x3] = counter;
    let mut k = key;
    for round in 0..ROUNDS {
        if round > 0 {
            k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
        }
        let p0 = u64::from(x0) * u64::from(MULTIPLIER[0]);
        let p1 = u64::from(x2) * u64::from(MULTIPLIER[1]);
        let (y0, y2) = ((p1 >> 32) as u32 ^ x1 ^ k[0], (p0 >> 32) as u32 ^ x3 ^ k[1]);
        (x0, x1, x2, x3) = (y0, p1 as u32, y2, p0 as u32);
    }
    [x0, x1, x2, x3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    /// Known answers of Random123 (kat_vectors, philox4x32 10).
    #[test]
    fn philox_gives_the_published_answers() {
        let all = u32::MAX;
        for (counter, key, want) in [
            ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
            ([all; 4], [all; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
            (
                [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
                [0xa4093822, 0x299f31d0],
                [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
            ),
        ] {
            assert_eq!(philox4x32(counter, key), want);
        }
    }

    #[test]
    fn philox_agrees_with_an_independent_implementation() {
        for i in 0..1000u32 {
            let (c, k) = ([i, i ^ 7, mix(u64::from(i)) as u32, !i], [i.wrapping_mul(77), 3]);
            assert_eq!(philox4x32(c, k), rand_philox::philox4x32_10(c, k));
        }
    }

    #[test]
    fn a_draw_depends_on_each_part_of_its_key_and_on_nothing_else() {
        let s = Streams::new(1, 0);
        let base = s.block(Entity::Person(5), 3, Purpose::Month, 0);
        assert_eq!(base, s.block(Entity::Person(5), 3, Purpose::Month, 0));
        for other in [
            Streams::new(2, 0).block(Entity::Person(5), 3, Purpose::Month, 0),
            Streams::new(1, 1).block(Entity::Person(5), 3, Purpose::Month, 0),
            s.block(Entity::Person(6), 3, Purpose::Month, 0),
            s.block(Entity::Community(5), 3, Purpose::Month, 0),
            s.block(Entity::Person(5 + (1 << 32)), 3, Purpose::Month, 0),
            s.block(Entity::Person(5), 4, Purpose::Month, 0),
            s.block(Entity::Person(5), 3, Purpose::Amounts, 0),
            s.block(Entity::Person(5), 3, Purpose::Month, 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_sequence_of_draws_reads_the_blocks_in_order() {
        let s = Streams::new(9, 2);
        let mut draws = s.draws(Entity::Nation(4), 1, Purpose::CentralNoise);
        let first = s.block(Entity::Nation(4), 1, Purpose::CentralNoise, 0);
        let second = s.block(Entity::Nation(4), 1, Purpose::CentralNoise, 1);
        let read: Vec<u32> = (0..8).map(|_| draws.next_u32()).collect();
        assert_eq!(read, [first, second].concat());
    }

    #[test]
    fn uniforms_stay_inside_the_open_interval() {
        assert!(unit_open(0) > 0.0);
        assert!(unit_open(u64::MAX) < 1.0);
    }
}
