//! GELU and softmax.

use super::{LANES, ROUND, add_lanes};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use core::arch::wasm32::{
    f32x4_add as add, f32x4_div, f32x4_mul as mul, f32x4_pmax, f32x4_pmin, f32x4_splat as splat, f32x4_sub as sub,
    i32x4_add, i32x4_shl, i32x4_splat, v128, v128_and, v128_load, v128_or, v128_store,
};

/// `x = x * Phi(x)` in place, Phi being the normal distribution (Hendrycks and Gimpel, 2016; the exact form, not the one with tanh).
pub(crate) fn gelu(values: &mut [f32]) {
    let (chunks, rest) = values.as_chunks_mut::<LANES>();
    for chunk in chunks {
        gelu_of_lanes(chunk);
    }
    for x in rest {
        *x = gelu_of(*x);
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
fn gelu_of_lanes(values: &mut [f32; LANES]) {
    for x in values {
        *x = gelu_of(*x);
    }
}

/// The same steps in vectors: the compiler bounds by comparing and selecting, where there are instructions for it.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn gelu_of_lanes(values: &mut [f32; LANES]) {
    for half in values.as_chunks_mut::<4>().0 {
        // SAFETY: four values are read and written; neither needs alignment.
        unsafe {
            let x = v128_load(half.as_ptr().cast());
            let bounded = mul(x, splat(core::f32::consts::FRAC_1_SQRT_2));
            let bounded = f32x4_pmin(f32x4_pmax(bounded, splat(-4.0)), splat(4.0));
            let s = mul(bounded, bounded);
            let polynomial = |coefficients: &[f32]| {
                let mut sum = splat(coefficients[0]);
                for c in &coefficients[1..] {
                    sum = add(mul(sum, s), splat(*c));
                }
                sum
            };
            let erf = f32x4_div(mul(bounded, polynomial(&ERF_OVER)), polynomial(&ERF_UNDER));
            v128_store(half.as_mut_ptr().cast(), mul(mul(splat(0.5), x), add(splat(1.0), erf)));
        }
    }
}

#[inline(always)]
fn gelu_of(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * core::f32::consts::FRAC_1_SQRT_2))
}

/// The error function as a ratio of two minimax polynomials on `-4..=4`, beyond which it is 1 in f32. Off by less than 4e-7.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let polynomial = |c: &[f32]| c[1..].iter().fold(c[0], |sum, c| sum * s + c);
    x * polynomial(&ERF_OVER) / polynomial(&ERF_UNDER)
}

/// Coefficients, those of the highest powers first.
const ERF_OVER: [f32; 7] =
    [-2.726_142_4e-10, 2.770_681_4e-8, -2.101_024_e-6, -5.692_506_3e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2];
const ERF_UNDER: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];

/// Turns scores into weights that add up to 1: `exp(scale * x)`, normalized, in place. `scale` is above 0.
pub(crate) fn softmax(scores: &mut [f32], scale: f32) {
    let max = max_of(scores) * scale;
    let mut sums = [0.0; LANES];
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks.iter_mut() {
        exp_of_scaled(chunk, scale, max);
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += *x;
        }
    }
    let mut sum = add_lanes(sums);
    for x in rest.iter_mut() {
        *x = exp_of_negative(*x * scale - max);
        sum += *x;
    }
    let factor = 1.0 / sum;
    for x in scores {
        *x *= factor;
    }
}

/// `exp(scale * x - max)`, none of them above 1.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
fn exp_of_scaled(values: &mut [f32; LANES], scale: f32, max: f32) {
    for x in values {
        *x = exp_of_negative(*x * scale - max);
    }
}

/// The same steps in vectors, which the compiler does not make of them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn exp_of_scaled(values: &mut [f32; LANES], scale: f32, max: f32) {
    for half in values.as_chunks_mut::<4>().0 {
        // SAFETY: four values are read and written; neither needs alignment.
        unsafe { v128_store(half.as_mut_ptr().cast(), exp_of_four(v128_load(half.as_ptr().cast()), scale, max)) };
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "ln 2 in two parts")]
fn exp_of_four(x: v128, scale: f32, max: f32) -> v128 {
    let x = sub(mul(x, splat(scale)), splat(max));
    let x = f32x4_pmax(x, splat(-87.0));
    let rounded = add(mul(x, splat(core::f32::consts::LOG2_E)), splat(ROUND));
    let n = sub(rounded, splat(ROUND));
    let r = add(sub(x, mul(n, splat(0.693_359_375))), mul(n, splat(2.121_944_4e-4)));
    let mut p = splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = add(mul(p, r), splat(c));
    }
    let p = add(add(mul(p, mul(r, r)), r), splat(1.0));
    let power = i32x4_add(i32x4_shl(rounded, 23), i32x4_splat(127 << 23));
    mul(p, power)
}

/// `exp(scale * x)`, the largest of them becoming `limit`, as integers, those of the first half of `scores` beside those of the second; their sum.
/// There are whole lanes of scores.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) fn exp_pairs(scores: &[f32], scale: f32, limit: f32, out: &mut [u32]) -> i32 {
    let max = max_of(scores) * scale;
    let (low, high) = scores.split_at(out.len());
    let mut sum = 0;
    for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
        let [low, high] = [low, high].map(|x| (exp_of_negative(x * scale - max) * limit + ROUND).to_bits() & 0xFFFF);
        // At most 8191 each.
        sum += (low + high).cast_signed();
        *out = low | (high << 16);
    }
    sum
}

/// The same in vectors.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) fn exp_pairs(scores: &[f32], scale: f32, limit: f32, out: &mut [u32]) -> i32 {
    assert!(out.len().is_multiple_of(4) && scores.len() == 2 * out.len());
    let max = max_of(scores) * scale;
    let low_bits = i32x4_splat(0xFFFF);
    let mut sums = i32x4_splat(0);
    for i in (0..out.len()).step_by(4) {
        // SAFETY: four values of each half are read, and four pairs written; none needs alignment.
        unsafe {
            let integers = |from: *const f32| {
                let exp = exp_of_four(v128_load(from.cast()), scale, max);
                v128_and(add(mul(exp, splat(limit)), splat(ROUND)), low_bits)
            };
            let (low, high) = (integers(scores.as_ptr().add(i)), integers(scores.as_ptr().add(out.len() + i)));
            sums = i32x4_add(sums, i32x4_add(low, high));
            v128_store(out.as_mut_ptr().add(i).cast(), v128_or(low, i32x4_shl(high, 16)));
        }
    }
    super::tiles::add(sums)
}

fn max_of(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (max, x) in lanes.iter_mut().zip(chunk) {
            // Not f32::max: its care for NaN costs several instructions.
            *max = if *x > *max { *x } else { *max };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// `exp(x)` for `x <= 0`, to 2 units in the last place; 1e-38 and less become about 1e-38. Cephes' range reduction and polynomial.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "ln 2 in two parts")]
fn exp_of_negative(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * core::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 0.166_666_65;
    p = p * r + 0.5;
    let p = p * (r * r) + r + 1.0;
    // 2^n: n goes from the low bits of the rounded value into the exponent.
    p * f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gelu_is_off_by_less_than_a_millionth_of_its_input(x in -30.0_f32..30.0) {
            let exact = 0.5 * f64::from(x) * (1.0 + libm::erf(f64::from(x) / core::f64::consts::SQRT_2));
            let found = f64::from(gelu_of(x));
            prop_assert!((found - exact).abs() <= 2.5e-7 * f64::from(x).abs().max(1.0), "{x}: {found}, expected {exact}");
        }

        #[test]
        fn exp_is_exact_to_a_few_units(x in -86.0_f32..0.0) {
            let exact = libm::exp(f64::from(x));
            prop_assert!((f64::from(exp_of_negative(x)) - exact).abs() <= 3e-7 * exact);
        }

        #[test]
        fn softmax_equals_the_naive_one(mut scores in prop::collection::vec(-50.0_f32..50.0, 1..70)) {
            let exact: Vec<f64> = scores.iter().map(|x| libm::exp(f64::from(*x) * 0.25)).collect();
            let sum: f64 = exact.iter().sum();
            softmax(&mut scores, 0.25);
            for (found, exact) in scores.iter().zip(exact) {
                prop_assert!((f64::from(*found) - exact / sum).abs() < 2e-6);
            }
        }
    }

    #[test]
    fn softmax_of_far_apart_scores_is_finite() {
        let mut scores = [0.0, -1e30, f32::MIN];
        softmax(&mut scores, 1.0);
        assert!((scores[0] - 1.0).abs() < 1e-6 && scores[1] < 1e-30 && scores[2] < 1e-30);
    }
}
