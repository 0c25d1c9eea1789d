//! The search for three loadings that reach three AUCs: Newton steps inside a box.
//!
//! ```text
//! step      J·s = f, by Cramer's rule; where that lowers nothing  (JᵀJ + λ·tr(JᵀJ)·I)·s = Jᵀf  with growing λ
//! J         by differences at the start, then by Broyden's updates; measured anew where a step lowers nothing
//! ```
//!
//! Unknowns are logarithms, so that loadings stay positive, and never leave the box: beyond it a loading no longer changes
//! what comes out, and the search would be lost there. An unknown at the box's edge that wants to leave is held, and the others
//! go on. Only steps that lower Σf² are taken: where no loadings reach the targets, the search ends at the nearest that do.

use crate::error::Result;
use crate::population::Loadings;

/// Ends of each unknown: loadings from .0025 to 7.4.
const BOX: (f64, f64) = (-6.0, 2.0);
/// Most trials of one search, without those that measure J.
const TRIALS: usize = 40;
/// Longest step of an unknown.
const LONGEST: f64 = 0.5;
/// By how much an unknown is moved to measure J.
const ASIDE: f64 = 0.1;
/// What λ leads to.
const DAMPING: Damping = Damping { first: 1e-3, measure: 0.1, last: 10.0 };
/// What of Σf² must have gone since J was measured last, for it to be worth measuring again: at least a fiftieth.
const ENOUGH: f64 = 0.98;
/// Determinant of J up to which it is not solved as it is.
const SINGULAR: f64 = 1e-12;

/// Three numbers: unknowns or misses.
pub(super) type Three = [f64; 3];
/// What is missed at some unknowns.
pub(super) type Miss<'a> = dyn Fn(&Three) -> Result<Three> + 'a;

/// λ of the first damped step, λ at which J is measured anew, and the largest: steps are then too short to go on.
struct Damping {
    first: f64,
    measure: f64,
    last: f64,
}

/// Where a search stands.
pub(super) struct Search {
    /// The best unknowns so far.
    pub x: Three,
    /// The misses there.
    pub f: Three,
    jacobian: [Three; 3],
    /// Whether the Jacobian was measured at x.
    measured: bool,
}

impl Search {
    /// Starts at `x`.
    pub fn new(x: Three, miss: &Miss<'_>) -> Result<Self> {
        let f = miss(&x)?;
        Ok(Self { x, f, jacobian: jacobian(miss, &x, &f)?, measured: true })
    }

    /// Goes on from the same unknowns and Jacobian with another miss.
    pub fn restart(&mut self, miss: &Miss<'_>) -> Result<()> {
        self.f = miss(&self.x)?;
        self.measured = false;
        Ok(())
    }

    /// Largest miss; infinite where one is undefined.
    pub fn error(&self) -> f64 {
        self.f.iter().fold(0.0, |m: f64, v| if v.is_nan() { f64::INFINITY } else { m.max(v.abs()) })
    }

    /// Searches until the largest miss is below `tolerance` or no step helps.
    pub fn run(&mut self, miss: &Miss<'_>, tolerance: f64) -> Result<()> {
        let mut damping = 0.0;
        let mut at_measure = f64::INFINITY;
        for _ in 0..TRIALS {
            if self.error() < tolerance {
                break;
            }
            let better = match self.next(damping) {
                Some(next) => Some((next, miss(&next)?)).filter(|(_, f)| squares(f) < squares(&self.f)),
                None => None,
            };
            if let Some((next, f)) = better {
                self.learn(&next, &f);
                (self.x, self.f) = (next, f);
                damping = if damping > DAMPING.first { 0.25 * damping } else { 0.0 };
            } else if damping < DAMPING.measure || self.measured {
                damping = (10.0 * damping).max(DAMPING.first);
            } else {
                if squares(&self.f) > ENOUGH * at_measure {
                    break;
                }
                at_measure = squares(&self.f);
                self.jacobian = jacobian(miss, &self.x, &self.f)?;
                (self.measured, damping) = (true, DAMPING.first);
            }
            if damping > DAMPING.last {
                break;
            }
        }
        Ok(())
    }

    /// Where the next trial goes; `None` where the Jacobian says nothing.
    fn next(&self, damping: f64) -> Option<Three> {
        let mut held = [false; 3];
        loop {
            let step = if damping == 0.0 && held == [false; 3] {
                solve3(&self.jacobian, &self.f, SINGULAR)?
            } else {
                damped(&self.jacobian, &self.f, damping, held)?
            };
            let longest = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
            let shorter = (LONGEST / longest.max(1e-12)).min(1.0);
            let leaves = |i: usize| (self.x[i] <= BOX.0 && step[i] > 0.0) || (self.x[i] >= BOX.1 && step[i] < 0.0);
            match (0..3).find(|i| !held[*i] && leaves(*i)) {
                Some(i) => held[i] = true,
                None => return Some([0, 1, 2].map(|i| (self.x[i] - shorter * step[i]).clamp(BOX.0, BOX.1))),
            }
        }
    }

    /// Broyden's update of the Jacobian by what a trial showed.
    fn learn(&mut self, next: &Three, f: &Three) {
        let dx = [0, 1, 2].map(|j| next[j] - self.x[j]);
        let length = dx.iter().map(|d| d * d).sum::<f64>();
        for i in 0..3 {
            let predicted: f64 = (0..3).map(|j| self.jacobian[i][j] * dx[j]).sum();
            for j in 0..3 {
                self.jacobian[i][j] += (f[i] - self.f[i] - predicted) * dx[j] / length;
            }
        }
        self.measured = false;
    }
}

/// The unknowns (bureau, platform, outcome) of loadings.
pub(super) fn to_log(l: &Loadings) -> Three {
    [l.bureau, l.platform, l.outcome].map(libm::log)
}

/// The loadings of unknowns.
pub(super) fn from_log(x: &Three) -> Loadings {
    let [bureau, platform, outcome] = x.map(libm::exp);
    Loadings { outcome, bureau, platform }
}

/// Σf²; infinite where a miss is undefined.
fn squares(f: &Three) -> f64 {
    let sum: f64 = f.iter().map(|v| v * v).sum();
    if sum.is_nan() { f64::INFINITY } else { sum }
}

/// Differences of the misses, each unknown moved towards the inside of the box.
fn jacobian(miss: &Miss<'_>, x: &Three, f: &Three) -> Result<[Three; 3]> {
    let mut out = [[0.0; 3]; 3];
    for j in 0..3 {
        let aside = if x[j] + ASIDE <= BOX.1 { ASIDE } else { -ASIDE };
        let mut moved = *x;
        moved[j] += aside;
        let g = miss(&moved)?;
        for i in 0..3 {
            out[i][j] = (g[i] - f[i]) / aside;
        }
    }
    Ok(out)
}

/// (JᵀJ + λ·tr(JᵀJ)·I)·s = Jᵀf over the unknowns that are not held; held ones do not move.
fn damped(j: &[Three; 3], f: &Three, damping: f64, held: [bool; 3]) -> Option<Three> {
    let mut a = [[0.0; 3]; 3];
    let mut b = [0.0; 3];
    for r in 0..3 {
        if held[r] {
            a[r][r] = 1.0;
            continue;
        }
        b[r] = (0..3).map(|k| j[k][r] * f[k]).sum();
        for c in (0..3).filter(|c| !held[*c]) {
            a[r][c] = (0..3).map(|k| j[k][r] * j[k][c]).sum();
        }
    }
    let trace: f64 = (0..3).filter(|r| !held[*r]).map(|r| a[r][r]).sum();
    for r in (0..3).filter(|r| !held[*r]) {
        a[r][r] += damping * trace;
    }
    solve3(&a, &b, 0.0)
}

/// Cramer's rule; `None` where the determinant is not above `least`.
fn solve3(a: &[Three; 3], b: &Three, least: f64) -> Option<Three> {
    let det = |m: &[Three; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let d = det(a);
    if d.is_nan() || d.abs() <= least {
        return None;
    }
    let mut x = [0.0; 3];
    for (j, out) in x.iter_mut().enumerate() {
        let mut m = *a;
        for i in 0..3 {
            m[i][j] = b[i];
        }
        *out = det(&m) / d;
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cramer_solves() {
        let x = solve3(&[[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 1.0]], &[4.0, 9.0, 4.0], 0.0).unwrap();
        assert!((2.0 * x[0] + x[1] - 4.0).abs() < 1e-12 && (x[0] + x[2] - 4.0).abs() < 1e-12);
        assert!(solve3(&[[1.0, 2.0, 3.0]; 3], &[1.0; 3], 0.0).is_none());
    }

    /// Signals that saturate, as AUCs do: the first full step from the start leaves the box.
    fn saturating(goal: Three) -> impl Fn(&Three) -> Result<Three> {
        move |x: &Three| {
            let [a, b, c] = x.map(libm::exp);
            let rise = |v: f64| v / (1.0 + v);
            let got = [rise(a * c), rise(b * c), rise((a + b) * c * c)];
            Ok([0, 1, 2].map(|i| got[i] - goal[i]))
        }
    }

    #[test]
    fn a_start_far_away_is_no_hindrance() {
        let goal = saturating([0.0; 3])(&[-0.5, -1.0, 0.5]).unwrap();
        for start in [[0.0, 0.0, 0.0], [-3.0, -3.0, 1.9], [1.9, 1.9, -3.0], [2.0, 2.0, 2.0]] {
            let miss = saturating(goal);
            let mut search = Search::new(start, &miss).unwrap();
            search.run(&miss, 1e-9).unwrap();
            assert!(search.error() < 1e-9, "{start:?}: {:?}", search.f);
        }
    }

    #[test]
    fn where_nothing_reaches_the_search_ends_near_and_in_the_box() {
        let miss = saturating([0.2, 0.9, 0.1]);
        let mut search = Search::new([0.0; 3], &miss).unwrap();
        search.run(&miss, 1e-9).unwrap();
        assert!(search.error() > 0.1 && search.x.iter().all(|v| (BOX.0..=BOX.1).contains(v)), "{:?}", search.x);
        let undefined = |_: &Three| Ok([f64::NAN; 3]);
        let mut search = Search::new([0.0; 3], &undefined).unwrap();
        search.run(&undefined, 1e-9).unwrap();
        assert_eq!(search.error(), f64::INFINITY);
    }
}
