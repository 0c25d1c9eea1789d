//! Which trees, how many, how far apart their log-odds: settled on training persons who are held out.
//!
//! 1. At most `compared` persons take part, `held_out` of them are held out. Who is decided by a hash of what is known of a person
//!    and not by the order of the rows. Where most persons differ, up to [`COPIES`] who do not count as one person entered
//!    more than once and stay together: a copy on the other side would reward learning by heart.
//! 2. Trees as the parameters say are grown on the rest and tested on the held out after each tree, until [`PATIENCE`] trees have brought
//!    nothing. If more and more trees kept helping, there is much to learn and the next step is left out.
//! 3. Stricter trees as well. They are preferred unless the held out are clearly against them: by more than one standard
//!    error of the mean difference of the log-loss (the rule of Breiman et al. 1984, 3.4.3).
//! 4. Spread: the slope of the held-out outcomes on the log-odds, drawn towards 1 where few are held out.
//! 5. The chosen trees are grown on everybody, more of them as there are more persons.

use super::BoostingParams;
use super::bins::Binned;
use super::grow::Persons;
use super::tree::{Forest, LogOdds, Tree};
use crate::error::Result;
use crate::rng::mix;
use crate::scoring::lanes::{CHUNK, Linked};
use crate::view::Frame;

/// Trees that bring nothing before growing stops.
const PATIENCE: usize = 10;
/// Fewest trees to choose.
const FEWEST: usize = 10;
/// Fewest held-out persons of each outcome; with fewer there is nothing to compare and stricter trees are taken.
const LEAST_HELD: usize = 10;
/// Most copies of one person.
const COPIES: usize = 8;
/// Standard deviation around 1 of the slope before any data: half of the tables of 200 to 1,000 persons lie within.
const SLOPE_SD: f64 = 0.25;
/// Bounds of the spread.
const SPREAD: (f64, f64) = (0.25, 4.0);
const NEWTON_ROUNDS: usize = 30;

impl Forest {
    /// Fits the trees that suit the table; as the parameters say where `held_out` is 0.
    pub fn learn(frame: &Frame, labels: &[bool], params: &BoostingParams) -> Result<Self> {
        let everybody = Persons::new(frame, labels, params)?;
        let choice = if params.held_out > 0.0 {
            Parts::new(frame, labels, params)
                .map_or_else(|| strict(params).into(), |parts| choose(&everybody, &parts, params))
        } else {
            params.clone().into()
        };
        Ok(everybody.grow(&choice.params, &mut |_| true).finish(&everybody, choice.spread))
    }
}

/// What is grown on everybody.
struct Choice {
    params: BoostingParams,
    spread: f64,
}

impl From<BoostingParams> for Choice {
    fn from(params: BoostingParams) -> Self {
        Self { params, spread: 1.0 }
    }
}

/// Trees whose splits must gain more than noise.
fn strict(params: &BoostingParams) -> BoostingParams {
    let (l2, least_gain) = (params.l2.max(params.strict_l2), params.least_gain.max(params.strict_gain));
    BoostingParams { l2, least_gain, ..params.clone() }
}

fn choose(everybody: &Persons, parts: &Parts, params: &BoostingParams) -> Choice {
    let (learn, held) = (everybody.select(&parts.learn), everybody.select(&parts.held));
    let tried = |params: &BoostingParams| {
        let mut trial = Trial::new(&held.binned, &held.labels, learn.base());
        learn.grow(params, &mut |tree| trial.add(tree));
        trial
    };
    let full = tried(params);
    let mut chosen = (params.clone(), full);
    if chosen.1.stopped || (chosen.1.trees as u32) < params.trees {
        let strict = strict(params);
        let trial = tried(&strict);
        if !chosen.1.is_clearly_better(&trial) {
            chosen = (strict, trial);
        }
    }
    let (mut params, trial) = chosen;
    let more = everybody.labels.len() as f64 / learn.labels.len() as f64;
    params.trees = (libm::ceil(trial.best_trees as f64 * more) as u32).min(params.trees);
    Choice { spread: slope(&trial.best, &held.labels), params }
}

/// Trees as the held out see them.
struct Trial<'a> {
    held: &'a Binned,
    labels: &'a [bool],
    eta: Vec<LogOdds>,
    trees: usize,
    /// Whether growing stopped because nothing was gained.
    stopped: bool,
    best_trees: usize,
    best_loss: f64,
    best: Vec<f64>,
}

impl<'a> Trial<'a> {
    fn new(held: &'a Binned, labels: &'a [bool], base: LogOdds) -> Self {
        let eta = vec![base; labels.len()];
        let best = eta.iter().map(|eta| eta.value()).collect();
        Self { held, labels, eta, trees: 0, stopped: false, best_trees: 0, best_loss: f64::INFINITY, best }
    }

    /// One more tree; whether to go on.
    fn add(&mut self, tree: &Tree) -> bool {
        self.eta.iter_mut().enumerate().for_each(|(row, eta)| eta.add(tree.value(self.held, row)));
        self.trees += 1;
        let eta: Vec<f64> = self.eta.iter().map(|eta| eta.value()).collect();
        let loss = losses(&eta, self.labels).iter().sum();
        if self.trees <= FEWEST || loss < self.best_loss {
            (self.best_trees, self.best_loss, self.best) = (self.trees, loss, eta);
        }
        self.stopped = self.trees >= self.best_trees + PATIENCE;
        !self.stopped
    }

    /// Whether the log-loss is lower by more than a standard error of the mean difference.
    fn is_clearly_better(&self, other: &Self) -> bool {
        let (mine, others) = (losses(&self.best, self.labels), losses(&other.best, self.labels));
        let n = mine.len() as f64;
        let gains: Vec<f64> = mine.iter().zip(&others).map(|(m, o)| o - m).collect();
        let mean = gains.iter().sum::<f64>() / n;
        let variance = gains.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / (n - 1.0);
        mean > libm::sqrt(variance / n)
    }
}

/// Log-loss of each person.
fn losses(eta: &[f64], labels: &[bool]) -> Vec<f64> {
    let (mut linked, mut out) = (Linked::new(), Vec::with_capacity(eta.len()));
    each_chunk(eta, labels, &mut linked, |linked, persons| out.extend_from_slice(&linked.loss[..persons]));
    out
}

fn each_chunk(eta: &[f64], labels: &[bool], linked: &mut Linked, mut then: impl FnMut(&Linked, usize)) {
    for (eta, labels) in eta.chunks(CHUNK).zip(labels.chunks(CHUNK)) {
        let (mut log_odds, mut bad) = ([0.0; CHUNK], [0.0; CHUNK]);
        log_odds[..eta.len()].copy_from_slice(eta);
        bad.iter_mut().zip(labels).for_each(|(to, y)| *to = f64::from(u8::from(*y)));
        linked.compute(&log_odds, &bad);
        then(linked, eta.len());
    }
}

/// Slope of the outcomes on the log-odds: the maximum of the likelihood times a normal prior around 1.
fn slope(eta: &[f64], labels: &[bool]) -> f64 {
    let mean = eta.iter().sum::<f64>() / eta.len() as f64;
    let centred: Vec<f64> = eta.iter().map(|eta| eta - mean).collect();
    let (mut level, mut slope, mut linked) = (mean, 1.0, Linked::new());
    let precision = 1.0 / (SLOPE_SD * SLOPE_SD);
    for _ in 0..NEWTON_ROUNDS {
        let predicted: Vec<f64> = centred.iter().map(|x| level + slope * x).collect();
        let (mut g, mut k) = (0.0, -precision * (slope - 1.0));
        let (mut h, mut hx, mut hxx) = (0.0, 0.0, precision);
        let mut rest = centred.as_slice();
        each_chunk(&predicted, labels, &mut linked, |linked, persons| {
            let (here, after) = rest.split_at(persons);
            for ((x, r), w) in here.iter().zip(&linked.residual).zip(&linked.weight) {
                g += r;
                k += r * x;
                h += w;
                hx += w * x;
                hxx += w * x * x;
            }
            rest = after;
        });
        let determinant = h * hxx - hx * hx;
        if determinant <= 0.0 {
            break;
        }
        let step = ((h * k - hx * g) / determinant).clamp(-0.5, 0.5);
        level += ((hxx * g - hx * k) / determinant).clamp(-1.0, 1.0);
        slope = (slope + step).clamp(SPREAD.0, SPREAD.1);
        if step.abs() < 1e-9 {
            break;
        }
    }
    slope
}

/// Rows that are learnt from and rows that are held out, each in an order that does not depend on that of the rows.
struct Parts {
    learn: Vec<u32>,
    held: Vec<u32>,
}

impl Parts {
    /// `None` where too few of one outcome would be held out.
    fn new(frame: &Frame, labels: &[bool], params: &BoostingParams) -> Option<Self> {
        let hashes = hashes(frame);
        let mut order: Vec<(u64, bool, u32)> =
            hashes.iter().zip(labels).zip(0..).map(|((hash, bad), row)| (*hash, *bad, row)).collect();
        order.sort_unstable();
        let distinct = order.chunk_by(|a, b| a.0 == b.0).count();
        let together = 2 * distinct >= order.len();
        let (mut parts, mut place) = (Self { learn: Vec::new(), held: Vec::new() }, 0.0);
        let alike = order.chunk_by(|a, b| a.0 == b.0);
        let units =
            alike.flat_map(|group| group.chunks(if together && group.len() <= COPIES { group.len() } else { 1 }));
        for unit in units {
            if parts.learn.len() + parts.held.len() >= params.compared as usize {
                break;
            }
            let before = libm::floor(place * params.held_out);
            place += 1.0;
            let held = libm::floor(place * params.held_out) > before;
            let part = if held { &mut parts.held } else { &mut parts.learn };
            part.extend(unit.iter().map(|(_, _, row)| *row));
        }
        let count = |rows: &[u32], bad: bool| rows.iter().filter(|i| labels[**i as usize] == bad).count();
        let enough = |bad| count(&parts.held, bad) >= LEAST_HELD && count(&parts.learn, bad) > 0;
        (enough(true) && enough(false)).then_some(parts)
    }
}

/// A hash of what is known of each person.
fn hashes(frame: &Frame) -> Vec<u64> {
    let mut out = vec![0u64; frame.rows()];
    for j in 0..frame.columns().len() {
        for (hash, x) in out.iter_mut().zip(frame.column(j)) {
            // All NaNs are one value, and so are both zeros.
            let bits = if x.is_nan() { u32::MAX } else { (x + 0.0).to_bits() };
            *hash = mix(*hash ^ u64::from(bits)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        }
    }
    out
}
