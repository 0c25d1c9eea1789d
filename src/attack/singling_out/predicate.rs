//! Predicates, and how many persons fulfil one: nobody, exactly one, or more.

use crate::view::Column;

/// Persons whose values say which condition is rare.
const SAMPLE: usize = 256;

/// A condition on one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Test {
    AtLeast(f32),
    AtMost(f32),
    Is(f32),
    Missing,
}

impl Test {
    /// What is said of a value x of a column whose median is known.
    pub fn of(column: &Column, x: f32, median: f32) -> Self {
        if x.is_nan() {
            Self::Missing
        } else if column.is_category() || column.is_special(x) {
            Self::Is(x)
        } else if x > median {
            Self::AtLeast(x)
        } else {
            Self::AtMost(x)
        }
    }

    fn holds(self, x: f32) -> bool {
        match self {
            Self::AtLeast(v) => x >= v,
            Self::AtMost(v) => x <= v,
            Self::Is(v) => x == v,
            Self::Missing => x.is_nan(),
        }
    }
}

/// Conditions on some columns that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Predicate(Vec<(usize, Test)>);

impl Predicate {
    pub fn new(tests: Vec<(usize, Test)>) -> Self {
        Self(tests)
    }
}

/// Values of some persons, column after column.
#[derive(Clone, Debug)]
pub(super) struct Persons(Vec<Vec<f32>>);

impl Persons {
    pub fn new(columns: Vec<Vec<f32>>) -> Self {
        Self(columns)
    }

    pub fn len(&self) -> usize {
        self.0.first().map_or(0, Vec::len)
    }

    pub fn value(&self, column: usize, person: usize) -> f32 {
        self.0[column][person]
    }

    /// Whether the predicate holds for exactly one person; looks no further than the second.
    pub fn exactly_one(&self, predicate: &Predicate) -> bool {
        let Some(((first, test), others)) = predicate.0.split_first() else { return self.len() == 1 };
        // A loop for each kind of condition: this is where the attack spends its time.
        match *test {
            Test::AtLeast(v) => self.one(*first, |x| x >= v, others),
            Test::AtMost(v) => self.one(*first, |x| x <= v, others),
            Test::Is(v) => self.one(*first, |x| x == v, others),
            Test::Missing => self.one(*first, f32::is_nan, others),
        }
    }

    #[inline]
    fn one(&self, first: usize, holds: impl Fn(f32) -> bool, others: &[(usize, Test)]) -> bool {
        let mut met = 0;
        for (i, x) in self.0[first].iter().enumerate() {
            if holds(*x) && others.iter().all(|(k, t)| t.holds(self.0[*k][i])) {
                met += 1;
                if met > 1 {
                    return false;
                }
            }
        }
        met == 1
    }

    /// The same predicate with the condition that fewest fulfil, of the first persons, in front: most are then out at once.
    pub fn rarest_first(&self, mut predicate: Predicate) -> Predicate {
        predicate.0.sort_by_cached_key(|(k, test)| self.0[*k].iter().take(SAMPLE).filter(|x| test.holds(**x)).count());
        predicate
    }

    /// The middle value; NaN where all are missing.
    pub fn median(&self, column: usize) -> f32 {
        let mut known: Vec<f32> = self.known(column).collect();
        let middle = known.len() / 2;
        if known.is_empty() { f32::NAN } else { *known.select_nth_unstable_by(middle, f32::total_cmp).1 }
    }

    /// Values that one person alone has, rising.
    pub fn alone(&self, column: usize) -> Vec<f32> {
        let mut known: Vec<f32> = self.known(column).collect();
        known.sort_unstable_by(f32::total_cmp);
        known.chunk_by(|a, b| a == b).filter(|run| run.len() == 1).map(|run| run[0]).collect()
    }

    pub fn least(&self, column: usize) -> f32 {
        self.known(column).fold(f32::INFINITY, f32::min)
    }

    pub fn largest(&self, column: usize) -> f32 {
        self.known(column).fold(f32::NEG_INFINITY, f32::max)
    }

    fn known(&self, column: usize) -> impl Iterator<Item = f32> + '_ {
        self.0[column].iter().copied().filter(|x| !x.is_nan())
    }
}
