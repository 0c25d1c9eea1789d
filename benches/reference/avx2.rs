//! The yardstick: the reduced workload by hand in AVX2 and FMA intrinsics, Philox4x32-10 and Box–Muller pairs.
//!
//! It may do what the library may not: fused multiply-adds, two normals from one logarithm, unsafe loads and stores.

#![allow(unsafe_code, reason = "intrinsics are the point of a yardstick; nothing in the library uses them")]
#![allow(clippy::cast_possible_wrap)]

use crate::workload::{Counts, MONTHS, PENALTY, Part};
use std::arch::x86_64::{
    __m256, __m256i, _CMP_LT_OQ, _mm_loadl_epi64, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256,
    _mm256_blend_epi32, _mm256_blendv_epi8, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps,
    _mm256_cmpeq_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32, _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_loadu_ps,
    _mm256_max_epi32, _mm256_min_epi32, _mm256_mul_epu32, _mm256_mul_ps, _mm256_or_si256, _mm256_permutevar_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32, _mm256_setr_ps, _mm256_setzero_ps, _mm256_setzero_si256,
    _mm256_slli_epi32, _mm256_slli_epi64, _mm256_sqrt_ps, _mm256_srai_epi32, _mm256_srli_epi32, _mm256_srli_epi64,
    _mm256_storeu_si256, _mm256_sub_epi32, _mm256_sub_ps, _mm256_xor_ps, _mm256_xor_si256,
};

/// Persons of a vector, and of the pair of vectors that hides latency.
const WIDTH: usize = 8;
const PAIR: usize = 2;

/// The kernel, where the processor can run it.
pub fn kernel() -> Option<fn(&mut Part, [u32; 2]) -> Counts> {
    let able = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    // SAFETY: both features were detected.
    able.then_some(|part, key| unsafe { simulate(part, key) })
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn int(x: u32) -> __m256i {
    _mm256_set1_epi32(x as i32)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn real(x: f32) -> __m256 {
    _mm256_set1_ps(x)
}

/// c₀·xⁿ + … + cₙ.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn polynomial<const N: usize>(x: __m256, coefficients: [f32; N]) -> __m256 {
    let mut sum = real(coefficients[0]);
    for c in &coefficients[1..] {
        sum = _mm256_fmadd_ps(sum, x, real(*c));
    }
    sum
}

/// Low and high halves of eight 32 × 32 bit products, from the products of even and odd elements.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn wide_product(x: __m256i, by: __m256i) -> (__m256i, __m256i) {
    const ODD: i32 = 0xAA;
    let even = _mm256_mul_epu32(x, by);
    let odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), by);
    let low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), ODD);
    let high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, ODD);
    (low, high)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn philox(counter: [__m256i; 4], key: [u32; 2]) -> [__m256i; 4] {
    let [mut x0, mut x1, mut x2, mut x3] = counter;
    let [mut k0, mut k1] = key;
    let (by0, by1) = (int(0xD251_1F53), int(0xCD9E_8D57));
    for _ in 0..10 {
        let (low0, high0) = wide_product(x0, by0);
        let (low1, high1) = wide_product(x2, by1);
        x0 = _mm256_xor_si256(_mm256_xor_si256(high1, x1), int(k0));
        x2 = _mm256_xor_si256(_mm256_xor_si256(high0, x3), int(k1));
        (x1, x3) = (low1, low0);
        (k0, k1) = (k0.wrapping_add(0x9E37_79B9), k1.wrapping_add(0xBB67_AE85));
    }
    [x0, x1, x2, x3]
}

/// Uniforms in (0, 1) on 23 bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn unit(words: __m256i) -> __m256 {
    let bits = _mm256_or_si256(_mm256_srli_epi32(words, 9), int(0x3F80_0000));
    _mm256_sub_ps(_mm256_castsi256_ps(bits), real(1.0 - 5.960_464_5e-8))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn exp(x: __m256) -> __m256 {
    let shifted = _mm256_fmadd_ps(x, real(std::f32::consts::LOG2_E), real(12_582_912.0));
    let n = _mm256_sub_ps(shifted, real(12_582_912.0));
    let r = _mm256_fmadd_ps(n, real(2.121_944_4e-4), _mm256_fnmadd_ps(n, real(0.693_359_375), x));
    let p = polynomial(r, [8.333_451_907_3e-3, 4.166_579_589_4e-2, 1.666_666_545_9e-1, 5.000_000_120_1e-1]);
    let y = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), _mm256_add_ps(r, real(1.0)));
    let exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(y), exponent))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn ln(x: __m256) -> __m256 {
    let sqrt_half = int(0x3F35_04F3);
    let t = _mm256_sub_epi32(_mm256_castps_si256(x), sqrt_half);
    let e = _mm256_cvtepi32_ps(_mm256_srai_epi32(t, 23));
    let mantissa = _mm256_add_epi32(_mm256_and_si256(t, int(0x007F_FFFF)), sqrt_half);
    let m = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), real(1.0));
    let p = polynomial(
        m,
        [
            7.037_683_629_2e-2,
            -1.151_461_031_0e-1,
            1.167_699_874_0e-1,
            -1.242_014_084_6e-1,
            1.424_932_278_7e-1,
            -1.666_805_766_5e-1,
            2.000_071_476_5e-1,
            -2.499_999_399_3e-1,
            3.333_333_117_4e-1,
        ],
    );
    let m2 = _mm256_mul_ps(m, m);
    let y = _mm256_fmadd_ps(_mm256_mul_ps(p, m), m2, _mm256_mul_ps(real(-0.5), m2));
    _mm256_fmadd_ps(e, real(std::f32::consts::LN_2), _mm256_add_ps(m, y))
}

/// Two normals by Box–Muller. Of the angle's word, bits 31 and 30 choose the quadrant, the rest an angle in ±π/4.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn normal_pair(radius: __m256i, angle: __m256i) -> [__m256; 2] {
    let r = _mm256_sqrt_ps(_mm256_mul_ps(real(-2.0), ln(unit(radius))));
    let within = _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(angle, 2), 8));
    let t = _mm256_mul_ps(within, real(std::f32::consts::FRAC_PI_4 / 8_388_608.0));
    let t2 = _mm256_mul_ps(t, t);
    let s = polynomial(t2, [-1.951_529_589_1e-4, 8.332_160_873_6e-3, -1.666_665_461_1e-1]);
    let s = _mm256_fmadd_ps(_mm256_mul_ps(s, t2), t, t);
    let c = polynomial(t2, [2.443_315_711_8e-5, -1.388_731_625_5e-3, 4.166_664_568_3e-2]);
    let c = _mm256_fmadd_ps(_mm256_mul_ps(t2, t2), c, _mm256_fnmadd_ps(real(0.5), t2, real(1.0)));
    let next_bit = _mm256_slli_epi32(angle, 1);
    let swap = _mm256_castsi256_ps(next_bit);
    let (sin, cos) = (_mm256_blendv_ps(s, c, swap), _mm256_blendv_ps(c, s, swap));
    let sign = int(0x8000_0000);
    let sin_sign = _mm256_castsi256_ps(_mm256_and_si256(angle, sign));
    let cos_sign = _mm256_castsi256_ps(_mm256_and_si256(_mm256_xor_si256(angle, next_bit), sign));
    [_mm256_mul_ps(r, _mm256_xor_ps(sin, sin_sign)), _mm256_mul_ps(r, _mm256_xor_ps(cos, cos_sign))]
}

/// Eight persons.
#[derive(Clone, Copy)]
struct Eight {
    /// 2.2 + 0.8·s.
    base: __m256,
    state: __m256i,
    paid: __m256i,
    id: __m256i,
}

/// One month of eight persons.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn month(p: &mut Eight, shock: __m256, luck: __m256i, totals: &mut [__m256i; 3]) {
    let [a, b, c, d] = PENALTY;
    let table = _mm256_setr_ps(a, b, c, d, a, b, c, d);
    let penalty = _mm256_permutevar_ps(table, p.state);
    let eta = _mm256_sub_ps(_mm256_fmadd_ps(real(0.5), shock, p.base), penalty);
    let u = unit(luck);
    let odds = _mm256_fmadd_ps(u, exp(_mm256_sub_ps(_mm256_setzero_ps(), eta)), u);
    let pays = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LT_OQ>(odds, real(1.0)));
    let down = _mm256_max_epi32(_mm256_sub_epi32(p.state, int(1)), _mm256_setzero_si256());
    let up = _mm256_min_epi32(_mm256_add_epi32(p.state, int(1)), int(3));
    p.state = _mm256_blendv_epi8(up, down, pays);
    p.paid = _mm256_sub_epi32(p.paid, pays);
    for (k, total) in totals.iter_mut().enumerate() {
        *total = _mm256_sub_epi32(*total, _mm256_cmpeq_epi32(p.state, int(k as u32 + 1)));
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(x: __m256i) -> [u32; WIDTH] {
    let mut out = [0; WIDTH];
    // SAFETY: `out` holds the 32 bytes that are written, without any alignment.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), x) };
    out
}

#[target_feature(enable = "avx2,fma")]
fn simulate(part: &mut Part, key: [u32; 2]) -> Counts {
    let zero = _mm256_setzero_si256();
    let mut totals = [[zero; 3]; MONTHS];
    let iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for start in (0..part.quality.len()).step_by(PAIR * WIDTH) {
        let mut people = [Eight { base: real(0.0), state: zero, paid: zero, id: zero }; PAIR];
        for (h, p) in people.iter_mut().enumerate() {
            let at = start + h * WIDTH;
            let (quality, state) = (&part.quality[at..at + WIDTH], &part.state[at..at + WIDTH]);
            // SAFETY: each slice holds eight values; no alignment is needed.
            let (quality, state) =
                unsafe { (_mm256_loadu_ps(quality.as_ptr()), _mm_loadl_epi64(state.as_ptr().cast())) };
            p.base = _mm256_fmadd_ps(real(0.8), quality, real(2.2));
            p.state = _mm256_cvtepu8_epi32(state);
            p.id = _mm256_add_epi32(int(part.first as u32 + at as u32), iota);
        }
        for pair in 0..MONTHS / 2 {
            for p in &mut people {
                let words = philox([p.id, zero, int(pair as u32), int(1)], key);
                let shocks = normal_pair(words[0], words[1]);
                month(p, shocks[0], words[2], &mut totals[2 * pair]);
                month(p, shocks[1], words[3], &mut totals[2 * pair + 1]);
            }
        }
        for (h, p) in people.iter().enumerate() {
            let at = start + h * WIDTH;
            let (state, paid) = (store(p.state), store(p.paid));
            for l in 0..WIDTH {
                part.state[at + l] = state[l] as u8;
                part.paid[at + l] = part.paid[at + l].wrapping_add(paid[l] as u16);
                part.missed[at + l] = part.missed[at + l].wrapping_add((MONTHS as u32 - paid[l]) as u16);
            }
        }
    }
    totals.map(|month| month.map(|x| store(x).iter().map(|v| u64::from(*v)).sum()))
}
