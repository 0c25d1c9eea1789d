//! The column map as SQL: from a table as it stands in a database to the values that a scorecard's bins are cut in.
//!
//! Common table expressions, one after the other, each read by the next:
//!
//! ```text
//! given       fields as numbers or texts; NULL where the map says missing, or where the field is NULL or empty
//! known       missing numbers as NULL, quantities clamped to their bounds, codes as they are
//! computed_k  the formulas of derived columns that read derived columns k − 1 deep
//! derived_k   the same clamped to their bounds, or their `otherwise`
//! ```
//!
//! Every name stands behind its table's alias: SQLite takes an unknown name in double quotes alone for a text, but not with
//! an alias. Quantities are before their transform, which is monotone: [`TableParams::least_value`] moves cut points instead.
//! A NULL in a column that cannot be missing sets `(no score)` to 1, as `score` refuses such a row.
//!
//! Standard SQL, tried with SQLite: all rows of the Taiwan table have the scores of `score` to 10⁻¹². Limits: a text that is no number is refused by most databases, and read as 0 by SQLite;
//! a number that is a level must be written as 2 or 2.0.

use super::derived::{Formula, Recipe};
use super::fields::Code;
use super::map::{TableParams, Transform};
use super::plan::Plan;
use super::wanted::Wanted;
use std::fmt::Write;

/// The name of the column that is 1 where a row cannot be scored.
const NO_SCORE: &str = "(no score)";

/// Common table expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlSource {
    /// Comments and `WITH …`.
    pub with: String,
    /// The last of the expressions: it has the columns that were asked for, and the id.
    pub relation: String,
    /// The column that is 1 where a row cannot be scored.
    pub no_score: String,
}

impl TableParams {
    /// The columns of these names, from `table`; the columns they are derived from, and no others, must exist there.
    pub fn sql_source(&self, table: &str, names: &[&str]) -> SqlSource {
        let features = Plan::new(&self.keys).map_or_else(|_| Vec::new(), |plan| plan.features);
        let needed = needed(&features, names);
        let files: Vec<&Wanted> =
            features.iter().zip(&needed).filter(|(w, n)| **n && w.recipe.is_none()).map(|f| f.0).collect();
        let mut with = head(table, &self.keys.id, &files);
        let id = |alias: &str| {
            if self.keys.id.is_empty() { String::new() } else { format!("{alias}.{0} AS {0}, ", name(&self.keys.id)) }
        };
        let given: Vec<String> = files.iter().map(|w| given(w)).collect();
        let _ = write!(
            with,
            "WITH \"given\" AS (\n  SELECT {}{}\n  FROM {} AS t\n)",
            id("t"),
            given.join(",\n    "),
            name(table)
        );
        let mut known: Vec<String> = files.iter().flat_map(|w| known(w)).collect();
        known.push(no_score(&files));
        let _ =
            write!(with, ", \"known\" AS (\n  SELECT {}{}\n  FROM \"given\" AS g\n)", id("g"), known.join(",\n    "));
        let depth = depths(&features);
        let mut relation = "known".to_owned();
        for level in 1..=depth.iter().copied().max().unwrap_or(0) {
            let here = || features.iter().enumerate().filter(|(i, _)| needed[*i] && depth[*i] == level).map(|(_, w)| w);
            let computed: Vec<String> = here().filter_map(|w| computed(w, &features)).collect();
            if computed.is_empty() {
                continue;
            }
            let _ = write!(
                with,
                ", \"computed_{level}\" AS (\n  SELECT k.*, {}\n  FROM \"{relation}\" AS k\n)",
                computed.join(",\n    ")
            );
            let derived: Vec<String> = here().map(derived).collect();
            let _ = write!(
                with,
                ", \"derived_{level}\" AS (\n  SELECT c.*, {}\n  FROM \"computed_{level}\" AS c\n)",
                derived.join(",\n    ")
            );
            relation = format!("derived_{level}");
        }
        with.push('\n');
        SqlSource { with, relation, no_score: NO_SCORE.to_owned() }
    }

    /// The least value of a column before its transform that scorers see at or above `x`: where the 32 bits that they see
    /// begin. For a count, or a field of the file that is not transformed, it is the value itself where six digits say it.
    pub fn least_value(&self) -> impl Fn(&str, f32) -> f64 {
        let features = Plan::new(&self.keys).map_or_else(|_| Vec::new(), |plan| plan.features);
        let shown = self.untransformed();
        move |name, x| {
            let value = shown(name, x);
            let Some(wanted) = features.iter().find(|w| w.name == name) else { return value };
            let counts = wanted.recipe.as_ref().is_none_or(|r| matches!(r.formula, Formula::CountAtLeast(_)));
            let short =
                format!("{value:e}").chars().take_while(|c| *c != 'e').filter(char::is_ascii_digit).count() <= 6;
            if counts && short && wanted.transform == Transform::Linear {
                return value;
            }
            least(value, |v| wanted.transform.apply(v) as f32 >= x)
        }
    }
}

/// The least value near `value`, for which it holds, where it holds; by halving down to neighbouring numbers.
fn least(value: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut without, mut with) = (value - value.abs().max(1e-30) * 1e-3, value);
    loop {
        let middle = without + (with - without) / 2.0;
        if middle <= without || middle >= with {
            return with;
        }
        if holds(middle) {
            with = middle;
        } else {
            without = middle;
        }
    }
}

/// Which features the named ones are computed from, themselves among them.
fn needed(features: &[Wanted], names: &[&str]) -> Vec<bool> {
    let mut needed: Vec<bool> = features.iter().map(|w| names.contains(&w.name.as_str())).collect();
    for (i, wanted) in features.iter().enumerate().rev() {
        if needed[i] {
            wanted.recipe.iter().flat_map(|r| &r.inputs).for_each(|j| needed[*j] = true);
        }
    }
    needed
}

/// How many formulas stand between a feature and the file.
fn depths(features: &[Wanted]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for wanted in features {
        let deepest = wanted.recipe.as_ref().map(|r| r.inputs.iter().map(|j| out[*j]).max().unwrap_or(0));
        out.push(deepest.map_or(0, |d| d + 1));
    }
    out
}

fn head(table: &str, id: &str, files: &[&Wanted]) -> String {
    let line = |text: String| format!("-- {}\n", text.replace(['\n', '\r'], " "));
    let columns: Vec<&str> =
        (!id.is_empty()).then_some(id).into_iter().chain(files.iter().map(|w| w.name.as_str())).collect();
    line(format!(
        "Reads these columns of {}, which must exist as in the file of the fit: {}.",
        name(table),
        columns.join(", ")
    )) + &line(
        "Derived columns are computed here. A row with nothing in a column that cannot be missing has the score NULL."
            .into(),
    ) + &line("Cut points are where the scorecard's 32-bit numbers begin: 49999.97… may stand for 50000.".into())
        + &line("Where the database has it, AS MATERIALIZED ( instead of AS ( is faster: SQLite, PostgreSQL.".into())
}

/// A field as a number or a text, NULL where it is missing.
fn given(w: &Wanted) -> String {
    let field = format!("t.{}", name(&w.name));
    let text = format!("TRIM(CAST({field} AS VARCHAR(255)))");
    let category = !w.levels.is_empty();
    let mut absent = vec![quoted("")];
    // Missing numbers of a quantity are compared as numbers, later.
    let texts = w.absent.iter().filter(|a| !a.text().is_empty() && (category || number_of(a).is_none()));
    absent.extend(texts.flat_map(|a| forms(a.text())).map(|t| quoted(&t)));
    let value = if category { text.clone() } else { format!("CAST({field} AS DOUBLE PRECISION)") };
    format!(
        "CASE WHEN {field} IS NULL OR {text} IN ({}) THEN NULL ELSE {value} END AS {}",
        absent.join(", "),
        name(&w.name)
    )
}

/// The texts of a level: a whole number may be written with a decimal.
fn forms(text: &str) -> Vec<String> {
    let decimal = text.parse::<i64>().is_ok().then(|| format!("{text}.0"));
    std::iter::once(text.to_owned()).chain(decimal).collect()
}

/// A field in its bounds, and beside it, where it has codes and formulas may read it, the quantity alone.
fn known(w: &Wanted) -> Vec<String> {
    let field = format!("g.{}", name(&w.name));
    if !w.levels.is_empty() {
        return vec![format!("{field} AS {}", name(&w.name))];
    }
    let list = |v: &[f64]| v.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", ");
    let absent: Vec<f64> = w.absent.iter().filter_map(number_of).collect();
    let missing =
        if absent.is_empty() { String::new() } else { format!("WHEN {field} IN ({}) THEN NULL ", list(&absent)) };
    let [lo, hi] = w.bounds;
    let clamped = format!("WHEN {field} < {lo:?} THEN {lo:?} WHEN {field} > {hi:?} THEN {hi:?} ELSE {field} END");
    if w.special.is_empty() {
        return vec![format!("CASE {missing}{clamped} AS {}", name(&w.name))];
    }
    let codes = format!("WHEN {field} IN ({}) THEN", list(&w.special));
    vec![
        format!("CASE {missing}{codes} {field} {clamped} AS {}", name(&w.name)),
        format!("CASE {missing}{codes} NULL {clamped} AS {}", name(&quantity(w))),
    ]
}

fn no_score(files: &[&Wanted]) -> String {
    let never = files.iter().filter(|w| w.absent.is_empty()).map(|w| format!("g.{} IS NULL", name(&w.name)));
    let never: Vec<String> = never.collect();
    if never.is_empty() {
        return format!("0 AS {}", name(NO_SCORE));
    }
    format!("CASE WHEN {} THEN 1 ELSE 0 END AS {}", never.join(" OR "), name(NO_SCORE))
}

/// The column that has the quantities of a feature and none of its codes.
fn quantity(w: &Wanted) -> String {
    if w.special.is_empty() { w.name.clone() } else { format!("{} (quantity)", w.name) }
}

fn computed(w: &Wanted, features: &[Wanted]) -> Option<String> {
    let recipe = w.recipe.as_ref()?;
    let inputs: Vec<String> = recipe.inputs.iter().map(|i| format!("k.{}", name(&quantity(&features[*i])))).collect();
    Some(format!("{} AS {}", formula(recipe, &inputs), name(&format!("{} (computed)", w.name))))
}

/// The formula over its quantities; NULL where there is nothing to compute from.
fn formula(recipe: &Recipe, inputs: &[String]) -> String {
    let any = |value: String| match inputs {
        [one] => format!("CASE WHEN {one} IS NULL THEN NULL ELSE {value} END"),
        all => format!("CASE WHEN COALESCE({}) IS NULL THEN NULL ELSE {value} END", all.join(", ")),
    };
    let sum_of = |part: &dyn Fn(&String) -> String| inputs.iter().map(part).collect::<Vec<_>>().join(" + ");
    let extreme = |which: &str| match inputs {
        [one] => one.clone(),
        all => {
            let rows: Vec<String> = all.iter().map(|x| format!("SELECT {x} AS v")).collect();
            format!("(SELECT {which}(m.v) FROM ({}) AS m)", rows.join(" UNION ALL "))
        }
    };
    let sum = || sum_of(&|x| format!("COALESCE({x}, 0)"));
    match (recipe.formula, inputs) {
        (Formula::Ratio, [a, b]) => format!("CASE WHEN {b} > 0 THEN {a} / {b} END"),
        (Formula::Difference, [a, b]) => format!("{a} - {b}"),
        (Formula::Product, [a, b]) => format!("{a} * {b}"),
        (Formula::Max, _) => extreme("MAX"),
        (Formula::Min, _) => extreme("MIN"),
        (Formula::Mean, _) => {
            any(format!("({}) / ({})", sum(), sum_of(&|x| format!("CASE WHEN {x} IS NULL THEN 0 ELSE 1 END"))))
        }
        (Formula::CountAtLeast(t), _) => {
            let count = sum_of(&|x| format!("CASE WHEN {x} >= {t:?} THEN 1 ELSE 0 END"));
            any(format!("CAST({count} AS DOUBLE PRECISION)"))
        }
        _ => any(sum()),
    }
}

fn derived(w: &Wanted) -> String {
    let value = format!("c.{}", name(&format!("{} (computed)", w.name)));
    let [lo, hi] = w.bounds;
    let otherwise = w.recipe.as_ref().and_then(|r| r.otherwise);
    let missing = otherwise.map_or_else(String::new, |o| format!("WHEN {value} IS NULL THEN {o:?} "));
    format!(
        "CASE {missing}WHEN {value} < {lo:?} THEN {lo:?} WHEN {value} > {hi:?} THEN {hi:?} ELSE {value} END AS {}",
        name(&w.name)
    )
}

fn number_of(code: &Code) -> Option<f64> {
    code.text().parse::<f64>().ok().filter(|v| v.is_finite())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number found reaches the cut point as scorers see it, and its neighbour below does not.
    #[test]
    fn the_least_value_is_the_edge_of_what_scorers_see() {
        for transform in [Transform::Linear, Transform::SignedLog] {
            for value in [0.28716666, 50_000.0, -0.0335, 2.631579e-6, 3.0, 0.0, -12.0] {
                let x = transform.apply(value) as f32;
                let seen = |v: f64| transform.apply(v) as f32;
                let found = least(value, |v| seen(v) >= x);
                assert!(seen(found) >= x && seen(found.next_down()) < x, "{value}: {found}");
                assert!((found - value).abs() <= value.abs() * 1e-4 + 1e-30, "{value}: {found}");
            }
        }
    }
}
