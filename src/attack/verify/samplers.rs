//! Noise against its exact distribution.
//!
//! *Small scales*: Pearson's χ² over integers, each with its exact probability; cells are merged into the tails where
//! fewer than 8 are expected. *Large scales*: the Kolmogorov–Smirnov distance to the exact distribution function (its
//! p-value, by Kolmogorov's series, is that of continuous noise; at scales of 10⁴ the steps are far below what so
//! many draws resolve). *Randomised response*: χ² over the categories.
//!
//! Noise is drawn through the mechanisms themselves and compared with the scale that they enter into the ledger: from seeded
//! streams, and from the operating system as a release draws it. Of the latter the draws are new in each repetition and each run.

use super::Test;
use crate::error::Result;
use crate::privacy::{Family, IntegerGaussian, IntegerLaplace, Ledger, Noise, NoiseMode, RandomisedResponse};
use crate::rng::Streams;
use crate::stats::normal_cdf;

/// Draws a test.
const DRAWS: usize = 20_000;
/// Least number of draws expected in a cell.
const LEAST: f64 = 8.0;

/// Noise of an integer mechanism of sensitivity 8 at a budget that gives about `scale`; the scale entered, beside.
fn noise(family: Family, scale: f64, mode: NoiseMode, streams: Streams) -> Result<(Vec<i64>, f64)> {
    let (mut source, mut ledger) = (Noise::new(mode, streams, 1), Ledger::new());
    let mut values = vec![0i64; DRAWS];
    match family {
        Family::Laplace => {
            IntegerLaplace::calibrate(8, 8.0 / scale)?.release(&mut values, "test", &mut source, &mut ledger)?;
        }
        Family::Gaussian => {
            IntegerGaussian::calibrate(64, 32.0 / (scale * scale))?.release(
                &mut values,
                "test",
                &mut source,
                &mut ledger,
            )?;
        }
    }
    Ok((values, ledger.entries().first().map_or(0.0, |e| e.scale)))
}

/// P(X = k) for k in −reach ..= reach.
fn mass(family: Family, scale: f64, reach: i64) -> Vec<f64> {
    let weight = |k: i64| match family {
        Family::Laplace => libm::exp(-(k.abs() as f64) / scale),
        Family::Gaussian => libm::exp(-(k as f64 * k as f64) / (2.0 * scale * scale)),
    };
    let total = match family {
        Family::Laplace => 1.0 + 2.0 / libm::expm1(1.0 / scale),
        Family::Gaussian => {
            let far = (40.0 * scale) as i64 + 2;
            1.0 + 2.0 * (1..=far).map(weight).sum::<f64>()
        }
    };
    (-reach..=reach).map(|k| weight(k) / total).collect()
}

/// p-value of draws under the exact probabilities.
fn chi_square(values: &[i64], family: Family, scale: f64) -> f64 {
    let n = values.len() as f64;
    let widest = (12.0 * scale) as i64 + 2;
    let all = mass(family, scale, widest);
    let at = |k: i64| all[(k + widest) as usize];
    let reach = (1..widest).take_while(|k| n * at(*k) >= LEAST).last().unwrap_or(1);
    let mut seen = vec![0u64; 2 * reach as usize + 1];
    for x in values {
        seen[(x.clamp(&-reach, &reach) + reach) as usize] += 1;
    }
    let mut want: Vec<f64> = (-reach..=reach).map(|k| n * at(k)).collect();
    let tail = 0.5 * (n - want.iter().sum::<f64>());
    let last = want.len() - 1;
    want[0] += tail;
    want[last] += tail;
    pearson(&seen, &want)
}

/// p-value of counts under expected ones.
fn pearson(seen: &[u64], want: &[f64]) -> f64 {
    let square = seen.iter().zip(want).map(|(s, w)| (*s as f64 - w) * (*s as f64 - w) / w).sum::<f64>();
    upper_tail((want.len() - 1) as f64, square)
}

/// P(χ² with `df` degrees of freedom ≥ x).
pub(super) fn upper_tail(df: f64, x: f64) -> f64 {
    upper_gamma(0.5 * df, 0.5 * x)
}

/// Γ(a, x)/Γ(a): the series below x = a + 1, Lentz's continued fraction above.
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > 1e-17 * sum {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return (1.0 - front * sum).max(0.0);
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut f = d;
    for i in 1..1_000 {
        let k = f64::from(i);
        let step = -k * (k - a);
        b += 2.0;
        d = 1.0 / (step * d + b);
        c = b + step / c;
        f *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * f
}

/// p-value of the largest distance between the draws' distribution function and the exact one.
fn kolmogorov(values: &[i64], family: Family, scale: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let below = |k: i64| {
        // Half a step to the right: the exact function of integers, up to terms of 1/scale².
        let x = (k as f64 + 0.5) / scale;
        match family {
            Family::Laplace if x < 0.0 => 0.5 * libm::exp(x),
            Family::Laplace => 1.0 - 0.5 * libm::exp(-x),
            Family::Gaussian => normal_cdf(x),
        }
    };
    let n = sorted.len() as f64;
    let far = |(i, k): (usize, &i64)| (below(*k) - i as f64 / n).abs().max((below(*k) - (i + 1) as f64 / n).abs());
    let d = sorted.iter().enumerate().map(far).fold(0.0, f64::max);
    let t = d * (libm::sqrt(n) + 0.12 + 0.11 / libm::sqrt(n));
    let term = |k: i32| {
        let k = f64::from(k);
        2.0 * libm::exp(-2.0 * k * k * t * t)
    };
    (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>().clamp(0.0, 1.0)
}

/// p-value of reports of category 1 by `DRAWS` persons, under probability `told` of the truth.
fn reports(
    (categories, epsilon): (u8, f64),
    (mode, streams): (NoiseMode, Streams),
    told: impl Fn(f64) -> f64,
) -> Result<f64> {
    let rr = RandomisedResponse::calibrate(categories, epsilon)?;
    let mut seen = vec![0u64; usize::from(categories)];
    let mut said = vec![1u8; DRAWS];
    rr.release(&mut said, 0, 0, "test", &Noise::new(mode, streams, 1), &mut Ledger::new())?;
    for category in said {
        seen[usize::from(category)] += 1;
    }
    let truth = told(rr.truth());
    let lie = (1.0 - truth) / f64::from(categories - 1);
    let want: Vec<f64> = (0..categories).map(|c| DRAWS as f64 * if c == 1 { truth } else { lie }).collect();
    Ok(pearson(&seen, &want))
}

/// The sources of noise that are tested, and how they are called.
const SOURCES: [(NoiseMode, &str); 2] = [(NoiseMode::Seeded, ""), (NoiseMode::System, ", from the operating system")];

/// Every sampler on every source, and twins that are compared with a slightly wrong distribution.
pub(super) fn tests() -> Vec<Test> {
    let mut out = Vec::new();
    for (mode, of) in SOURCES {
        for (family, word) in [(Family::Laplace, "discrete Laplace"), (Family::Gaussian, "discrete Gaussian")] {
            for scale in [0.4, 1.0, 3.7, 12.5, 40.0] {
                out.push(Test::new(format!("{word}, scale {scale}{of} (χ²)"), false, move |s| {
                    let (values, entered) = noise(family, scale, mode, s)?;
                    Ok(chi_square(&values, family, entered))
                }));
            }
            out.push(Test::new(format!("{word}, scale 10,000{of} (KS)"), false, move |s| {
                let (values, entered) = noise(family, 1e4, mode, s)?;
                Ok(kolmogorov(&values, family, entered))
            }));
        }
        for (categories, epsilon) in [(2, 0.5), (4, 1.0), (7, 2.0)] {
            let name = format!("randomised response, {categories} categories, ε = {epsilon}{of} (χ²)");
            out.push(Test::new(name, false, move |s| reports((categories, epsilon), (mode, s), |truth| truth)));
        }
    }
    out.extend(twins());
    out
}

fn twins() -> Vec<Test> {
    let mut out = Vec::new();
    let seeded = NoiseMode::Seeded;
    for (family, word) in [(Family::Laplace, "discrete Laplace"), (Family::Gaussian, "discrete Gaussian")] {
        out.push(Test::new(format!("{word}, scale 3.7, one in ten draws with its sign lost (χ²)"), true, move |s| {
            let (mut values, entered) = noise(family, 3.7, seeded, s)?;
            values.iter_mut().step_by(10).for_each(|v| *v = v.abs());
            Ok(chi_square(&values, family, entered))
        }));
        out.push(Test::new(format!("{word}, scale 10,000 entered as a tenth more (KS)"), true, move |s| {
            let (values, entered) = noise(family, 1e4, seeded, s)?;
            Ok(kolmogorov(&values, family, 1.1 * entered))
        }));
    }
    let name = "randomised response, 4 categories, a lie that may be the truth (χ²)";
    out.push(Test::new(name, true, move |s| reports((4, 1.0), (seeded, s), |truth| truth + (1.0 - truth) / 4.0)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published quantiles of χ²: 3.841 (1), 18.307 (10), 124.342 (100) at 5 %; 10.828 (1) at .1 %.
    #[test]
    fn tails_of_chi_square_match_the_tables() {
        for (df, x, p) in
            [(1.0, 3.841459, 0.05), (10.0, 18.307038, 0.05), (100.0, 124.342113, 0.05), (1.0, 10.827566, 1e-3)]
        {
            assert!((upper_gamma(df / 2.0, x / 2.0) / p - 1.0).abs() < 1e-6, "{df}");
        }
        assert!((upper_gamma(5.0, 1.0) - 0.996_340_153).abs() < 1e-8);
    }

    #[test]
    fn probabilities_add_up() {
        for (family, scale) in [(Family::Laplace, 2.0), (Family::Gaussian, 0.4), (Family::Gaussian, 6.0)] {
            assert!((mass(family, scale, 100).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
