//! The points table as SQL, for scoring inside a database.
//!
//! One expression a column, `CASE WHEN … THEN points … END`, summed with the base points: the exact points, or the whole
//! ones. A bin is chosen as [`Bins::assign`](crate::scoring::binning::Bins::assign) does: NULL is missing, then special values, then ranges by
//! their lower ends from the top, or levels by name; what no line names is unseen. Numbers are compared as the scorecard has
//! them, through `shown` as the file has them. Derived columns stand under their own names: the query's author computes them.

use super::points::Points;
use super::table::Shown;
use crate::scoring::binning::Place;
use std::fmt::Write;

/// A query that gives `score` for each row of `table`; `id` is selected beside it where it is not empty.
pub fn query(points: &Points<'_>, table: &str, id: &str, whole: bool, shown: Shown<'_>) -> String {
    let number = |v: f64| if whole { format!("{}", libm::round(v) as i64) } else { format!("{v:?}") };
    let mut out = String::from("SELECT\n");
    if !id.is_empty() {
        let _ = writeln!(out, "  {},", name(id));
    }
    let _ = write!(out, "  {}", number(points.base()));
    for c in points.columns() {
        let column = name(&c.card.column.name);
        let same = |v: f32| format!("{column} = {}", shown(&c.card.column.name, v));
        let mut lines = Vec::new();
        let mut otherwise = None;
        let bins: Vec<_> = c.card.bins.iter().zip(&c.points).collect();
        for (bin, points) in &bins {
            match &bin.place {
                Place::Missing => lines.push((0, format!("{column} IS NULL"), **points)),
                Place::Special(v) => lines.push((1, same(*v), **points)),
                _ => {}
            }
        }
        // Ranges from the top: the first lower end that is reached.
        for (bin, points) in bins.iter().rev() {
            match &bin.place {
                Place::Range { from: Some(from), .. } => {
                    lines.push((2, format!("{column} >= {}", shown(&c.card.column.name, *from)), **points));
                }
                Place::Levels(levels) => {
                    let listed = levels.iter().filter_map(|l| c.card.column.levels.get(*l as usize));
                    let listed: Vec<String> = listed.map(|l| format!("'{}'", l.replace('\'', "''"))).collect();
                    if !listed.is_empty() {
                        lines.push((2, format!("{column} IN ({})", listed.join(", ")), **points));
                    }
                    if levels.iter().any(|l| *l as usize >= c.card.column.levels.len()) {
                        otherwise = Some(**points);
                    }
                }
                Place::Range { from: None, .. } | Place::Unseen if otherwise.is_none() => otherwise = Some(**points),
                _ => {}
            }
        }
        lines.sort_by_key(|l| l.0);
        out.push_str("\n  + CASE");
        for (_, when, points) in lines {
            let _ = write!(out, "\n      WHEN {when} THEN {}", number(points));
        }
        let _ = write!(out, "\n      ELSE {} END", number(otherwise.unwrap_or(0.0)));
    }
    let _ = write!(out, "\n  AS score\nFROM {}\n", name(table));
    out
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
