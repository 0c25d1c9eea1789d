//! Random sets of persons, the counts over them, and the persons' bits back from the counts.

use rand::Rng;

/// m sets of n persons, each person in each with probability 1/2.
#[derive(Clone, Debug)]
pub struct Sets {
    persons: usize,
    /// Members of each set, rising.
    members: Vec<Vec<u32>>,
}

/// Steps of the conjugate gradients, at most; some 30 reach the last bit for m = 4n.
const STEPS: usize = 300;

impl Sets {
    /// Draws the sets.
    pub fn draw(sets: usize, persons: usize, draws: &mut impl Rng) -> Self {
        let mut one = || {
            let mut members = Vec::with_capacity(persons / 2 + persons / 8);
            for first in (0..persons as u32).step_by(64) {
                let word = draws.next_u64();
                let here = 64.min(persons as u32 - first);
                members.extend((0..here).filter(|k| word >> k & 1 == 1).map(|k| first + k));
            }
            members
        };
        Self { persons, members: (0..sets).map(|_| one()).collect() }
    }

    /// How many members of each set have a 1.
    pub fn counts(&self, bits: &[bool]) -> Vec<i64> {
        self.members.iter().map(|set| set.iter().filter(|i| bits[**i as usize]).count() as i64).collect()
    }

    /// Sets that the person in most of them is in (1 at least): known from the sets alone.
    pub fn most_per_person(&self) -> u64 {
        let mut sets = vec![0u64; self.persons];
        self.members.iter().flatten().for_each(|i| sets[*i as usize] += 1);
        sets.into_iter().max().unwrap_or(0).max(1)
    }

    /// x that minimises |y − A·x|² + λ·|x − p|²; `answers` holds y, one a set. λ = 0 is least squares.
    pub fn solve(&self, answers: &[f64], p: f64, lambda: f64) -> Vec<f64> {
        let mut x = vec![p; self.persons];
        let off: Vec<f64> = answers.iter().zip(self.times(&x)).map(|(y, ax)| y - ax).collect();
        let mut residual = self.transposed_times(&off);
        let mut direction = residual.clone();
        let mut square = dot(&residual, &residual);
        let enough = 1e-24 * square;
        for _ in 0..STEPS {
            if square <= enough || square == 0.0 {
                break;
            }
            let mut image = self.transposed_times(&self.times(&direction));
            image.iter_mut().zip(&direction).for_each(|(v, d)| *v += lambda * d);
            let step = square / dot(&direction, &image);
            x.iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
            residual.iter_mut().zip(&image).for_each(|(r, v)| *r -= step * v);
            let next = dot(&residual, &residual);
            let keep = next / square;
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + keep * *d);
            square = next;
        }
        x
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        self.members.iter().map(|set| set.iter().map(|i| x[*i as usize]).sum()).collect()
    }

    fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.persons];
        for (set, y) in self.members.iter().zip(y) {
            set.iter().for_each(|i| out[*i as usize] += y);
        }
        out
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
