//! Finite numbers as whole numbers in the same order.

/// An order-preserving map of a number; −0 counts as 0, infinities as the largest finite numbers.
pub(super) fn key(x: f32) -> u32 {
    let bits = (x.clamp(f32::MIN, f32::MAX) + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Its inverse.
pub(super) fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}
