//! What the numbers that are seen of others (histories of sharers, reports, scores) say of their neighbours.
//!
//! ```text
//! m = Σ_{seen j ≠ i of the community} (yⱼ − ȳ) / (k + λ)      k of them are seen, ȳ the mean over all that are seen,
//!                                                            λ = σ²_within/σ²_between by moments
//! ```
//!
//! and the same of the district, the person's own community left out. A person's own number is in neither, whether it is seen
//! or not; nor is that of a copy.

use crate::population::People;

/// What others nearby say of each person, without the person.
pub(super) struct Nearby {
    /// Of the person's community.
    pub community: Vec<f64>,
    /// Of the person's district, the own community left out.
    pub district: Vec<f64>,
}

/// Sum over those who are seen of y − ȳ, of its square, and their number.
#[derive(Clone, Copy, Default)]
struct Sum {
    total: f64,
    squares: f64,
    n: f64,
}

impl Nearby {
    /// Of everybody; `y` holds one value a person, read only where `seen`.
    pub fn of(people: &People, y: &[f64], seen: &[bool]) -> Self {
        let all: f64 = y.iter().zip(seen).filter(|x| *x.1).map(|x| x.0).sum();
        let mean = all / seen.iter().filter(|s| **s).count().max(1) as f64;
        let mut communities = vec![Sum::default(); people.communities as usize];
        let mut districts = vec![Sum::default(); people.districts as usize];
        for i in (0..y.len()).filter(|i| seen[*i]) {
            let d = y[i] - mean;
            for sum in [&mut communities[people.community[i] as usize], &mut districts[people.district[i] as usize]] {
                sum.total += d;
                sum.squares += d * d;
                sum.n += 1.0;
            }
        }
        let (near, far) = (shrinkage(&communities), shrinkage(&districts));
        let copies = people.copies();
        let mut out = Self { community: Vec::with_capacity(y.len()), district: Vec::with_capacity(y.len()) };
        for i in 0..y.len() {
            let c = communities[people.community[i] as usize];
            let own = if seen[i] { copies[i] as f64 } else { 0.0 };
            out.community.push((c.total - own * (y[i] - mean)) / ((c.n - own).max(0.0) + near));
            let d = districts[people.district[i] as usize];
            out.district.push((d.total - c.total) / ((d.n - c.n).max(0.0) + far));
        }
        out
    }
}

/// λ = σ²_within/σ²_between by the moments of a one-way analysis of variance; large where groups do not differ.
fn shrinkage(groups: &[Sum]) -> f64 {
    const MOST: f64 = 1e6;
    let used: Vec<&Sum> = groups.iter().filter(|g| g.n > 0.0).collect();
    let (n, k) = (used.iter().map(|g| g.n).sum::<f64>(), used.len() as f64);
    if n <= k || k < 2.0 {
        return MOST;
    }
    let between: f64 = used.iter().map(|g| g.total * g.total / g.n).sum();
    let within = (used.iter().map(|g| g.squares).sum::<f64>() - between) / (n - k);
    let size = (n - used.iter().map(|g| g.n * g.n).sum::<f64>() / n) / (k - 1.0);
    let excess = (between / (k - 1.0) - within) / size;
    if excess > 0.0 { (within / excess).min(MOST) } else { MOST }
}

#[cfg(test)]
mod tests {
    use super::super::test_world::world;
    use super::*;
    use crate::consent::{Form, FormParams, TickBox};

    /// The oracle recomputes each mean from all others; a person's own value moves nothing of its own.
    #[test]
    fn nobody_is_their_own_neighbour() {
        let form = Form::Shown(FormParams { r#box: TickBox::Active, ..FormParams::default() });
        let world = world(6_400, 0.3, 0.1, &form);
        let (people, shares) = (&world.people, &world.choices.shares);
        let y: Vec<f64> = people.quality.iter().map(|q| f64::from(*q)).collect();
        let nearby = Nearby::of(people, &y, shares);
        let sharers: Vec<usize> = (0..y.len()).filter(|i| shares[*i]).collect();
        let mean = sharers.iter().map(|i| y[*i]).sum::<f64>() / sharers.len() as f64;
        let ratio = |i: usize| {
            let peers = sharers.iter().filter(|j| people.community[**j] == people.community[i] && **j != i);
            let (sum, k) = peers.fold((0.0, 0.0), |(s, k), j| (s + y[*j] - mean, k + 1.0));
            (sum, k, nearby.community[i])
        };
        // λ is the same for all: it follows from one person and must explain every other.
        let (sum, k, m) = ratio(0);
        let lambda = sum / m - k;
        for i in (0..6_400).step_by(97) {
            let (sum, k, m) = ratio(i);
            assert!((m - sum / (k + lambda)).abs() < 1e-9, "person {i}");
        }
        // ρ_c + ρ_d = .4 within one community: λ ≈ .6/.4 against the nation.
        assert!((1.0..2.2).contains(&lambda), "{lambda}");
    }
}
