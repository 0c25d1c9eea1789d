//! The operating system's randomness: the one source of the noise of a real release.
//!
//! Every word comes from `getrandom` (Linux: getrandom(2), or /dev/urandom on kernels without it; elsewhere what that crate names)
//! and from nothing else. No generator of the process stands in between, so that there is no seed that could be kept, guessed or
//! published, and the number of distinct outputs has no bound but the operating system's own. Words are asked for `WORDS` at a time,
//! handed out once, and forgotten when they are.
//!
//! *Failure.* An operating system that gives no randomness is an [`Error`], at the word that was not given: a sampler that meets it
//! has no result. [`System::ready`] asks beforehand, so that nothing is paid for a release that cannot be drawn.
//!
//! This is the only file that may name `getrandom` (`clippy.toml`, `tests/architecture.rs`); simulations draw from
//! [`Streams`](crate::rng::Streams).

use crate::error::{Error, Result};
use rand::TryRng;

/// Words asked for at a time; getrandom(2) gives up to 256 bytes whole and never late.
const WORDS: usize = 64;

/// Words of the operating system. Not `Clone`: two copies would hand out the same words.
pub struct System {
    bytes: [u8; 4 * WORDS],
    /// Words handed out of `bytes`.
    used: usize,
    fill: fn(&mut [u8]) -> Result<()>,
}

impl System {
    /// A source. Nothing is asked for yet.
    pub fn new() -> Self {
        Self { bytes: [0; 4 * WORDS], used: WORDS, fill: from_the_system }
    }

    /// Asks for a word and forgets it: whether there is any randomness.
    pub fn ready() -> Result<()> {
        Self::new().try_next_u32().map(|_| ())
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for System {
    /// Never the words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
fn from_the_system(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| {
        Error::Privacy(format!(
            "the operating system gives no randomness ({e}): without it nothing can be released, and no other source is taken"
        ))
    })
}

impl TryRng for System {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        if self.used == WORDS {
            (self.fill)(&mut self.bytes)?;
            self.used = 0;
        }
        let at = 4 * self.used;
        self.used += 1;
        let word = self.bytes.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()).unwrap_or_default();
        self.bytes[at..at + 4].fill(0);
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        let low = self.try_next_u32()?;
        Ok(u64::from(low) | u64::from(self.try_next_u32()?) << 32)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<()> {
        for chunk in dst.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{Scale, sample};
    use std::collections::BTreeSet;

    fn nothing(_: &mut [u8]) -> Result<()> {
        Err(Error::Privacy("no randomness".into()))
    }

    /// Catches a source that starts alike, repeats its buffer or hands out a word twice. 4,000 words of 32 bits all differ but for
    /// some .002 pairs; of 64 bits with a probability of 1 − 5·10⁻¹³.
    #[test]
    fn no_two_sources_and_no_two_buffers_are_alike() {
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let mut source = System::new();
            (0..200).for_each(|_| assert!(seen.insert(source.try_next_u64().unwrap())));
        }
        let mut bytes = [0u8; 37];
        System::new().try_fill_bytes(&mut bytes).unwrap();
        assert!(bytes.iter().filter(|b| **b == 0).count() < 12, "{bytes:?}");
    }

    /// Each bit of 64,000 words is set in half of them; six standard errors and a little, 1e-6 over all 32 bits.
    #[test]
    fn every_bit_is_fair() {
        let mut source = System::new();
        let words: Vec<u32> = (0..64_000).map(|_| source.try_next_u32().unwrap()).collect();
        for bit in 0..32 {
            let set = words.iter().filter(|w| **w >> bit & 1 == 1).count() as f64;
            assert!((set - 32_000.0).abs() < 6.0 * 126.5, "bit {bit}: {set}");
        }
    }

    #[test]
    fn what_was_handed_out_is_forgotten_and_a_failure_is_no_draw() {
        let mut source = System::new();
        (0..10).for_each(|_| _ = source.try_next_u32().unwrap());
        assert!(source.bytes[..40].iter().all(|b| *b == 0) && source.bytes[40..].iter().any(|b| *b != 0));
        assert_eq!(format!("{source:?}"), "System");
        // In the middle of a buffer's worth, or at the first word.
        source.fill = nothing;
        let failed =
            (0..1_000).map(|_| sample::gaussian(&mut source, Scale::at_least(3.0).unwrap())).find_map(Result::err);
        assert!(failed.is_some_and(|e| e.to_string().contains("no randomness")));
        let mut none = System { fill: nothing, ..System::new() };
        assert!(sample::laplace(&mut none, Scale::at_least(100.0).unwrap()).is_err());
        System::ready().unwrap();
    }
}
